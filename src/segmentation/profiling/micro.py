"""Micro-segments: parts inside a segment, offered only where the data show them and they come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..clustering.selection import STABLE_JACCARD, compare_solutions
from ..clustering.solution import assign_segments, fit_segments, natural_order
from ..clustering.structure import StructureTest, measure_structure
from ..display import Reading, Table
from ..errors import ParameterError
from ..study import Choices
from ..words import count_words, few_words, join_words, source_words

__all__ = ["MicroSegments", "describe_micro_segments", "find_micro_segments", "tabulate_micro_segments"]

PARTS = range(2, 5)
LEAST_PART = 50
SHOWN = 2


@dataclass(frozen=True)
class MicroSegments:
    """What was found inside each segment.

    Attributes
    ----------
    table : pandas.DataFrame
        Index segment; n (members), complete (with every base variable), p (structure test on them), p_holm (Holm over the segments
        tested), parts (stable parts offered, 0 if none), jaccard (overlap in resamples of the least stable part; NaN if not
        compared), result ("stable parts", "no structure", "not stable", "too small"), reason (a phrase).
    membership : pandas.Series
        Index unit; "S1.a" where the segment has stable parts, the segment's own id where it has none, <NA> without a segment.
    means : pandas.DataFrame
        Index micro-segment; columns n and one a base variable: mean less that of the segment, in standard deviations between all units.
    alpha : float
    least : int
        Fewest units of a part.
    """

    table: pd.DataFrame
    membership: pd.Series
    means: pd.DataFrame
    alpha: float
    least: int


def find_micro_segments(
    encoded: pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    choices: Choices,
    *,
    parts: Sequence[int] = PARTS,
    least: int = LEAST_PART,
    names: Sequence[str] = (),
) -> MicroSegments:
    """Look inside every segment for parts that are there and come back.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``.
    choices : Choices
        ``references``, ``pairs``, ``starts``, ``alpha`` and ``random_state`` are used.
    parts : range or sequence of int
        Numbers of parts tried in each segment.
    least : int
        Fewest complete units of a part; a segment with fewer than twice as many is not looked into.
    names : sequence of str
        Nominal base variables (codes), which are left out: distances between names mean nothing.

    Returns
    -------
    MicroSegments

    Raises
    ------
    ParameterError
        If nobody has a segment, or no base variable is a number.

    Notes
    -----
    The structure test of ``measure_structure`` on the complete members of each segment, Holm-corrected over the segments tested; where
    it rejects, partitions are compared by ``compare_solutions``, and one is offered only if every part comes back in resamples (mean
    Jaccard of at least 0.75, adjusted Rand index of at least 0.80) and has ``least`` units. Variables are scaled by the spread inside
    the segment, as the test does: what sets the segment apart from others must not decide how it is divided. The borders that cut a
    segment out of the market are part of its shape; in 100 normal and 100 five-point rating samples of one population (n = 1,000, 6
    variables with one factor) cut into four by k-means, no part was offered.
    """
    segment = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    segment = segment.reindex(encoded.index)
    if segment.notna().sum() == 0:
        raise ParameterError("nobody has a segment, so there is nothing to look into")
    table = encoded[[column for column in encoded.columns if column not in set(names)]]
    if not table.shape[1]:
        raise ParameterError("no base variable is a number, so distances inside a segment mean nothing")
    ids = natural_order(segment.dropna().unique())
    rows = {name: _inside(table, segment, name) for name in ids}
    tested = {
        name: measure_structure(own, list(parts), references=choices.references, random_state=choices.random_state)
        for name, own in rows.items()
        if len(own.dropna()) >= 2 * least and own.shape[1] >= 2
    }
    holm = _holm({name: test.p for name, test in tested.items() if not np.isnan(test.p)})
    found = {
        name: _split(rows[name], tested[name], choices, parts, least)
        for name in ids
        if holm.get(name, np.inf) <= choices.alpha
    }
    places = segment.astype(object).where(segment.notna(), None)
    means = []
    for name, (_, parts_of) in found.items():
        if parts_of is not None:
            parts_of = parts_of.map(
                {f"S{i + 1}": f"{name}.{letter}" for i, letter in enumerate("abcdefghijklmnopqrst")}
            )
            places.loc[parts_of.index] = parts_of
            means.append(_means_of(table, segment == name, parts_of))
    summary = pd.DataFrame([_row(name, rows[name], tested, holm, found, least) for name in ids]).set_index("segment")
    empty = pd.DataFrame(columns=["n", *map(str, table.columns)], index=pd.Index([], name="micro_segment"))
    return MicroSegments(
        table=summary,
        membership=pd.Series(pd.array(places, dtype="str"), index=encoded.index, name="micro_segment"),
        means=pd.concat(means) if means else empty,
        alpha=choices.alpha,
        least=least,
    )


def tabulate_micro_segments(
    micro: MicroSegments, *, units: str = "units", source: str = "", min_cell: int = 10
) -> Table:
    """What was tried inside each segment and what came of it."""
    table = micro.table.reset_index()
    shown = table[["segment", "n", "complete", "p_holm", "jaccard", "parts", "reason"]].rename(
        columns={"p_holm": "p (Holm)", "jaccard": "least stable part", "parts": "stable parts", "reason": "reading"}
    )
    for column in ("n", "complete"):
        shown[column] = [few_words(int(n), min_cell) for n in shown[column]]
    caption = (
        f"Parts inside segments: structure test and stability. n = {int(table['n'].sum()):,} {units} in segments, tested on the complete "
        f"ones.{source_words(source)}"
    )
    note = (
        "p: chance of parts at least as tight if the segment were one evenly correlated crowd, corrected for the number of segments. "
        f"Least stable part: overlap (Jaccard) in resamples, {STABLE_JACCARD:.2f} wanted."
    )
    return Table(shown, caption, {"p (Holm)": "p", "least stable part": ".2f"}, note)


def describe_micro_segments(
    micro: MicroSegments, *, units: str = "units", labels: Mapping[str, str] | None = None
) -> Reading:
    """Which segments hold stable parts, and which do not."""
    lead = (
        "A part inside a segment is offered only if the members are not one evenly correlated crowd (the test used for the whole "
        f"market, corrected for the number of segments), every part comes back in resamples, and each has at least {micro.least} {units}."
    )
    table, said = micro.table, []
    for segment in table.index[table["result"] == "stable parts"]:
        own = micro.means[[str(name).startswith(f"{segment}.") for name in micro.means.index]]
        said.append(
            f"{segment} holds {count_words(len(own), 'stable part')}: "
            f"{join_words(_part(name, row, labels or {}, units) for name, row in own.iterrows())}."
        )
    none = [name for name in table.index if table.at[name, "result"] in ("no structure", "not stable")]
    small = [name for name in table.index if table.at[name, "result"] == "too small"]
    if none:
        said.append(f"No stable parts within {join_words(none, last='or')}.")
    if small:
        said.append(
            f"Too few {units} with every base variable to look into {join_words(small)} (fewer than {2 * micro.least})."
        )
    return Reading([lead, " ".join(said)])


def _inside(table: pd.DataFrame, segment: pd.Series, name: str) -> pd.DataFrame:
    """Members of one segment by variables that vary among the complete ones, scaled by these."""
    own = table[(segment == name).to_numpy()]
    complete = own.dropna()
    own = own[[column for column in own.columns if complete[column].nunique() > 1]]
    return (own - complete[own.columns].mean()) / complete[own.columns].std(ddof=0)


def _holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's correction.

    Examples
    --------
    >>> _holm({"S1": 0.01, "S2": 0.2, "S3": 0.03})
    {'S1': 0.03, 'S3': 0.06, 'S2': 0.2}
    """
    ordered = sorted(p, key=lambda name: p[name])
    reached, found = 0.0, {}
    for place, name in enumerate(ordered):
        reached = max(reached, (len(ordered) - place) * p[name])
        found[name] = round(min(reached, 1.0), 12)
    return found


def _split(
    own: pd.DataFrame, test: StructureTest, choices: Choices, parts: Sequence[int], least: int
) -> tuple[float, pd.Series | None]:
    """Overlap of the least stable part of the best partition, and who is in which part if it may be offered."""
    choices = choices.model_copy(update={"min_cell": least})
    comparison = compare_solutions(own, list(parts), choices=choices, structure=test)
    k = comparison.recommended
    row = comparison.table.loc[k]
    stable = comparison.recommendation.rule == "stable" and row["smallest_n"] >= least
    if not stable or row["jaccard_min"] < STABLE_JACCARD:
        return float(row["jaccard_min"]), None
    solution = fit_segments(own, k, choices=choices, search=comparison.searches[k])
    placed = assign_segments(solution, own)["segment"].dropna()
    return float(row["jaccard_min"]), placed


def _means_of(table: pd.DataFrame, members: pd.Series, parts: pd.Series) -> pd.DataFrame:
    means = table.loc[parts.index].groupby(parts).mean() - table[members.to_numpy()].mean()
    means.insert(0, "n", parts.value_counts().reindex(means.index))
    return means.rename_axis("micro_segment")


def _row(
    name: str,
    own: pd.DataFrame,
    tested: Mapping[str, StructureTest],
    holm: Mapping[str, float],
    found: Mapping[str, tuple[float, pd.Series | None]],
    least: int,
) -> dict[str, object]:
    complete = len(own.dropna())
    row: dict[str, object] = {"segment": name, "n": len(own), "complete": complete, "p": np.nan, "p_holm": np.nan}
    row |= {"parts": 0, "jaccard": np.nan}
    if name not in holm:
        why = f"fewer than {2 * least} complete" if complete < 2 * least else "hardly any variable varies inside"
        return row | {"result": "too small", "reason": f"too small to look into ({why})"}
    row |= {"p": tested[name].p, "p_holm": holm[name]}
    if name not in found:
        return row | {
            "result": "no structure",
            "reason": f"no stable parts within {name}: one evenly correlated crowd is not ruled out",
        }
    jaccard, parts = found[name]
    row["jaccard"] = jaccard
    if parts is None:
        reason = f"no stable parts within {name}: not one even crowd, but no large enough parts come back"
        return row | {"result": "not stable", "reason": reason}
    row["parts"] = parts.nunique()
    return row | {"result": "stable parts", "reason": f"{count_words(int(row['parts']), 'part')} that come back"}


def _part(name: str, row: pd.Series, labels: Mapping[str, str], units: str) -> str:
    means = row.drop("n").astype(float)
    top = means.reindex(means.abs().sort_values(ascending=False, kind="stable").index)[:SHOWN]
    said = join_words(f"{labels.get(variable, variable)} {value:+.1f}" for variable, value in top.items())
    return f"{name} ({int(row['n']):,} {units}; {said} standard deviations from the segment's mean)"
