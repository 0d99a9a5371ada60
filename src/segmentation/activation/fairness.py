"""Whether segments and audiences are lopsided in attributes that are protected, or in what may stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..features.effects import bergsma_v
from ..profiling.intervals import wilson_interval
from ..study import Study
from ..words import count_words, few_words, join_words, range_words, source_words

__all__ = [
    "FairnessReport",
    "describe_fairness",
    "measure_fairness",
    "ratio_interval",
    "tabulate_association",
    "tabulate_fairness",
]

NEAR_NOBODY = "near nobody"  # no audience that anything is sent to, so no decision follows from its shares
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
CLEAR = 0.1  # Cramer's V below which an association is called weak (Cohen 1988: .1 small)


@dataclass(frozen=True)
class FairnessReport:
    """Shares of audiences by attribute, and how attributes, proxies and membership go together.

    Attributes
    ----------
    shares : pandas.DataFrame
        A row an audience, variable and level: audience, variable, role (protected, proxy), level, n (with that level), selected, rate,
        rate_lower, rate_upper, best (level with the highest rate), ratio (rate / rate of best), ratio_lower, ratio_upper, verdict
        ("highest", "below", "above", "cannot tell", "too few"). Where fewer than ``choices.min_cell`` of a level are in the audience,
        the ratio is the largest it can be (as if one fewer than ``min_cell`` were) and the verdict "below" or "too few" follows from it.
    association : pandas.DataFrame
        A row a pair: first, second, v, lower, upper, n. Membership is called "segment".
    unknown : Mapping of str to int
        Units whose attribute is missing, by variable.
    n : int
        Units looked at.
    """

    shares: pd.DataFrame
    association: pd.DataFrame
    unknown: Mapping[str, int]
    n: int


def ratio_interval(selected: float, n: float, best_selected: float, best_n: float) -> tuple[float, float, float]:
    """Ratio of two rates with its 95 % interval on the log scale.

    Half a unit is added everywhere where a count is 0 (Walter), else Katz's interval.

    Returns
    -------
    (float, float, float)
        Ratio, lower and upper limit.

    Notes
    -----
    Katz, Baptista, Azen and Pike (1978). The four fifths rule and its example (48 of 80 and 12 of 40) are of the Uniform Guidelines
    on Employee Selection Procedures (1978), questions and answers.

    Examples
    --------
    >>> [round(x, 3) for x in ratio_interval(12, 40, 48, 80)]
    [0.5, 0.301, 0.829]
    """
    if min(selected, best_selected) == 0:
        selected, n, best_selected, best_n = (x + 0.5 for x in (selected, n, best_selected, best_n))
    ratio = (selected / n) / (best_selected / best_n)
    error = np.sqrt(max(1 / selected - 1 / n + 1 / best_selected - 1 / best_n, 0.0))
    return ratio, float(ratio * np.exp(-1.959964 * error)), float(ratio * np.exp(1.959964 * error))


def measure_fairness(
    audiences: Mapping[str, pd.Index], segments: pd.Series, values: pd.DataFrame, study: Study
) -> FairnessReport | None:
    """Selection rates of every audience by protected attributes and their proxies.

    Parameters
    ----------
    audiences : mapping of str to pandas.Index
        Units of each audience.
    segments : pandas.Series
        Segment by unit, of everybody who could be in an audience; units without one are left out.
    values : pandas.DataFrame
        Features by unit.
    study : Study

    Returns
    -------
    FairnessReport or None
        None if the study declares no protected attribute. Levels with fewer than ``choices.min_cell`` units are "too few".

    Raises
    ------
    ParameterError
        If a declared variable is not among the features.
    """
    if study.fairness is None:
        return None
    names = {**dict.fromkeys(study.fairness.protected, "protected"), **dict.fromkeys(study.fairness.proxies, "proxy")}
    missing = [name for name in names if name not in values]
    if missing:
        raise ParameterError(f"the features lack {', '.join(missing)}, which fairness names")
    known = segments.dropna()
    levels = {name: _levels(values[name].reindex(known.index)) for name in names}
    rows = []
    for audience, units in audiences.items():
        inside = pd.Series(known.index.isin(units), index=known.index)
        for name, role in names.items():
            rows += _rates(audience, name, role, levels[name], inside, study)
    pairs = [("segment", known.astype(str), name, levels[name]) for name in names]
    pairs += [(p, levels[p], a, levels[a]) for p in study.fairness.proxies for a in study.fairness.protected]
    association = [_association(*pair, study) for pair in pairs]
    columns = [
        "audience", "variable", "role", "level", "n", "selected", "rate", "rate_lower", "rate_upper", "best", "ratio", "ratio_lower",
        "ratio_upper", "verdict",
    ]  # fmt: skip
    return FairnessReport(
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(association, columns=["first", "second", "v", "lower", "upper", "n"]),
        {name: int(column.isna().sum()) for name, column in levels.items()},
        len(known),
    )


def _levels(column: pd.Series) -> pd.Series:
    """Names as they are; numbers of more than five values in quarters of everybody."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(object).where(column.notna(), None)
    if column.nunique() <= 5:
        return column.map(lambda x: f"{x:g}", na_action="ignore").astype(object)
    cuts = np.unique(column.quantile([0.25, 0.5, 0.75]))
    place = np.searchsorted(cuts, column.to_numpy(float), side="left")
    words = QUARTERS if len(cuts) == 3 else tuple(f"part {n + 1} of {len(cuts) + 1}" for n in range(len(cuts) + 1))
    found = pd.Series([words[p] for p in place], index=column.index, dtype=object)
    return found.where(column.notna(), None)


def _rates(audience: str, name: str, role: str, levels: pd.Series, inside: pd.Series, study: Study) -> list[tuple]:
    counts = levels.groupby(levels).size()
    selected = inside.groupby(levels).sum().reindex(counts.index, fill_value=0)
    few = study.choices.min_cell
    if not (counts >= few).any() or not inside.any():
        return []
    rate = selected / counts
    told = (counts >= few) & (selected >= few)
    best = rate[told].idxmax() if told.any() else None
    low, high = wilson_interval(selected.to_numpy(float), counts.to_numpy(float))
    rows = []
    for place, level in enumerate(counts.index):
        ratio = lower = upper = float("nan")
        verdict = "too few"
        if level == best:
            verdict, ratio = "highest", 1.0
        elif best is not None and counts[level] >= few:
            most = selected[level] if told[level] else few - 1
            ratio, lower, upper = ratio_interval(most, counts[level], selected[best], counts[best])
            least = study.fairness.min_ratio
            verdict = "below" if upper < least else "above" if lower >= least else "cannot tell"
            lower = lower if told[level] else 0.0
            if not told[level] and verdict != "below":
                verdict, ratio, lower, upper = "too few", *[float("nan")] * 3
        facts = (int(counts[level]), int(selected[level]), float(rate[level]), float(low[place]), float(high[place]))
        rows.append(
            (audience, name, role, str(level), *facts, "" if best is None else str(best), ratio, lower, upper, verdict)
        )
    return rows


def _association(first: str, one: pd.Series, second: str, other: pd.Series, study: Study) -> tuple:
    """Bias-corrected Cramer's V with a bootstrap interval."""
    known = one.notna() & other.notna()
    table = pd.crosstab(one[known].astype(str), other[known].astype(str)).to_numpy(float)
    n = int(table.sum())
    if n < 2 or min(table.shape) < 2:
        return (first, second, float("nan"), float("nan"), float("nan"), n)
    rng = np.random.default_rng(study.choices.random_state)
    draws = rng.multinomial(n, (table / n).ravel(), size=study.choices.draws).reshape(-1, *table.shape).astype(float)
    low, high = np.nanquantile(bergsma_v(draws, noise=2.0), [0.025, 0.975])
    v = float(bergsma_v(table))
    return (first, second, v, float(min(low, v)), float(max(high, v)), n)


def tabulate_fairness(report: FairnessReport | None, study: Study, *, source: str = "", most: int = 8) -> Table:
    """Audiences and levels of protected attributes furthest below the highest rate.

    Parameters
    ----------
    report : FairnessReport or None
    study : Study
    source : str
    most : int
        Rows shown; the rest is in results/fairness.parquet.

    Returns
    -------
    Table
    """
    if report is None or report.shares.empty:
        return Table(pd.DataFrame(), "No attribute.", empty="")
    few = study.choices.min_cell
    shown = report.shares[report.shares["verdict"].isin(("below", "cannot tell"))]
    telling = report.association[
        report.association["second"].isin(study.fairness.protected) & (report.association["lower"] >= CLEAR)
    ]
    shown = shown[
        (shown["role"] == "protected") | ((shown["verdict"] == "below") & shown["variable"].isin(telling["first"]))
    ]
    order = shown["role"].map({"protected": 0, "proxy": 1}), shown["verdict"].map({"below": 0, "cannot tell": 1})
    shown = shown.assign(a=order[0], b=order[1]).sort_values(["a", "b", "ratio"], kind="stable").head(most)
    table = pd.DataFrame({
        "audience": shown["audience"],
        "attribute": [study.variable(name).words for name in shown["variable"]],
        "level": shown["level"],
        "n": [few_words(n, few) for n in shown["n"]],
        "in the audience": [
            f"{row.rate:.0%}" if row.selected >= few else f"under {few / row.n:.1%}" for row in shown.itertuples()
        ],
        "highest in": shown["best"],
        "ratio": [_ratio(row, study) for row in shown.itertuples()],
        "from": shown["ratio_lower"], "to": shown["ratio_upper"],
        "reading": shown["verdict"].map({"below": "under the limit", "cannot tell": "cannot be told"}),
    })  # fmt: skip
    caption = f"Levels that audiences take least of, protected attributes first. n = {report.n:,d} {study.units}.{source_words(source)}"
    note = (
        f"Ratio: share of the level that is in the audience, over that share where it is highest; limit {study.fairness.min_ratio:g} "
        f"(four fifths rule). From, to: 95 % interval. Of a level with fewer than {few} {study.units} in the audience the largest ratio it "
        "can have is given, and left out unless that lies under the limit. Left out too: proxies that do not tell a protected attribute."
    )
    formats = dict.fromkeys(("from", "to"), ".2f")
    return Table(table, caption, formats, note, empty="No level of any attribute lies under the limit, or may.")


def tabulate_association(report: FairnessReport | None, study: Study, *, source: str = "") -> Table:
    """How far segments and proxies tell protected attributes.

    Parameters
    ----------
    report : FairnessReport or None
    study : Study
    source : str

    Returns
    -------
    Table
    """
    if report is None or report.association.empty:
        return Table(pd.DataFrame(), "No attribute.", empty="")
    pairs = report.association
    table = pd.DataFrame({
        "this": [_words(name, study) for name in pairs["first"]], "tells": [_words(name, study) for name in pairs["second"]],
        "V": pairs["v"], "from": pairs["lower"], "to": pairs["upper"], "n": pairs["n"],
    })  # fmt: skip
    caption = (
        f"How well segments and proxies tell an attribute. n = up to {report.n:,d} {study.units}.{source_words(source)}"
    )
    note = "V: Cramer's V, corrected for chance; 0 tells nothing, 1 tells the attribute exactly. From, to: 95 % bootstrap interval."
    return Table(table, caption, dict.fromkeys(("V", "from", "to"), ".2f"), note)


def _words(name: str, study: Study) -> str:
    return "segment" if name == "segment" else study.variable(name).words


def describe_fairness(report: FairnessReport | None, study: Study) -> Reading | Callout:
    """Where audiences are lopsided, what stands in for what, and what may be done.

    Parameters
    ----------
    report : FairnessReport or None
    study : Study

    Returns
    -------
    Reading or Callout
    """
    if report is None:
        text = (
            "Name under fairness.protected the variables that law or the team protect (age, sex, origin, region), and under "
            "fairness.proxies those that may stand for them (postcode, language, price). Every audience is then held against them."
        )
        return Callout("absent", "No protected attribute is declared.", text)
    if not report.n:
        return Callout("absent", "Nobody is in a segment, so there is no audience to hold against an attribute.")
    protected = report.shares[report.shares["role"] == "protected"]
    withheld = int((protected["verdict"] == "too few").sum())
    below = protected[protected["verdict"] == "below"]
    tested = protected["verdict"].isin(("below", "above", "cannot tell")).sum()
    unsure = int((protected["verdict"] == "cannot tell").sum())
    limit = study.fairness.min_ratio
    lies = "lies" if len(below) == 1 else "lie"
    if len(below):
        named = [
            f"{row.audience} takes {_ratio(row, study)} times as large a part of “{row.level}” ({study.variable(row.variable).words}) as "
            f"of “{row.best}” (95 % interval {range_words((row.ratio_lower, row.ratio_upper))})"
           
            for row in below.sort_values("ratio").head(3).itertuples()
        ]  # fmt: skip
        first = (
            f"{len(below):,d} of {count_words(int(tested), 'comparison')} of audiences by protected attributes {lies} "
            f"under {limit:g} beyond doubt: {join_words(named)}."
        )
    elif tested:
        first = f"None of {count_words(int(tested), 'comparison')} of audiences by protected attributes lies under {limit:g} beyond doubt."
    else:
        first = "No comparison of audiences by protected attributes could be made."
    first += f" {unsure:,d} cannot be told from the numbers there are." if unsure else ""
    first += (
        f" {withheld:,d} more {'has' if withheld == 1 else 'have'} too few {study.units} to be judged or shown."
        if withheld
        else ""
    )
    pairs = report.association
    stand = [
        f"{'segments' if row.first == 'segment' else f'“{_words(row.first, study)}”'} for “{_words(row.second, study)}” (V "
        f"{row.v:.2f}, {range_words((row.lower, row.upper))})"
        for row in pairs[pairs["lower"] >= CLEAR].itertuples() if row.second in study.fairness.protected
    ]  # fmt: skip
    second = (
        f"These stand in for a protected attribute to some degree (Cramer's V, 0 none to 1 fully): {join_words(stand)}."
        if stand
        else f"Neither segments nor proxies tell a protected attribute beyond a weak association (Cramer's V, 0 to 1, of {CLEAR:g})."
    )
    return Reading([first, second, _advice(bool(len(below) or stand))])


def _ratio(row: object, study: Study) -> str:
    """The ratio, or the largest it can be where too few of the level are in the audience to say it."""
    least = "" if row.selected >= study.choices.min_cell else "at most "  # type: ignore[attr-defined]
    return f"{least}{row.ratio:.2f}"  # type: ignore[attr-defined]


def _advice(lopsided: bool) -> str:
    return (
        "A lopsided segment is no wrong by itself: needs may differ. It becomes one where a price, an offer or a refusal follows it. Ask "
        "whether a reason other than the attribute explains the difference; where none does, give everybody the offer, take the variable "
        "out of the base, or do not use this audience for it. Do not steer by hidden quotas without legal advice."
        if lopsided
        else "This says nothing about attributes that are not declared or not known; look again before an audience gets a price."
    )
