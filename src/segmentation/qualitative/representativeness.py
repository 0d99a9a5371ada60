"""Do the people interviewed resemble the customers they speak for?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..errors import ParameterError
from ..words import count_words, join_words, percent_words
from .coded import CodedInterviews
from .intervals import multinomial_test

__all__ = ["Representativeness", "compare_interviewees", "describe_interviewees", "tabulate_interviewees"]

COLUMNS = ["variable", "label", "level", "n", "base", "interviewees", "everybody", "difference", "flagged"]
MIX = ["segment", "interviewees", "base", "share_interviewees", "share_base", "expected"]
MOST_LEVELS = 20


@dataclass(frozen=True)
class Representativeness:
    """Interviewees against the customer base.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a numeric variable, or a level of a variable of words: variable, label, level ("" for numbers), n (interviewees
        with a value), base (units with a value), interviewees, everybody (mean, or share with the level), difference
        (standardised: difference over the base's standard deviation), flagged.
    mix : pandas.DataFrame
        One row a segment: segment, interviewees, base (units), share_interviewees, share_base, expected (interviewees, if they
        had been drawn by lot).
    mix_p : float
        Exact multinomial test of the mix; NaN where there is none.
    n : int
        Interviewees found among the units.
    unmatched : tuple of str
        Participants whose unit is not among the units, or not known.
    skipped : tuple of str
        Variables of more than 20 words, or without any variation, which are not compared.
    threshold : float
    source : str
    """

    table: pd.DataFrame
    mix: pd.DataFrame
    mix_p: float
    n: int
    unmatched: tuple[str, ...]
    skipped: tuple[str, ...]
    threshold: float = 0.25
    source: str = ""


def compare_interviewees(
    coded: CodedInterviews,
    features: pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    *,
    threshold: float = 0.25,
    labels: Mapping[str, str] | None = None,
) -> Representativeness:
    """Compare interviewees with all units, variable by variable and by segment.

    Several interviewees of one unit count it as often as they are.

    Parameters
    ----------
    coded : CodedInterviews
    features : pandas.DataFrame
        Index unit; one column a variable, numbers or words.
    membership : pandas.DataFrame or pandas.Series
        Index unit; column (or values) segment.
    threshold : float
        Standardised differences larger than this are flagged.
    labels : mapping of str to str, optional
        Variable to words for a reader.

    Returns
    -------
    Representativeness

    Raises
    ------
    ParameterError
        If the threshold is not above 0.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> compare_interviewees(nobody, pd.DataFrame({"x": [1.0]}, index=["a"]), pd.Series(["S1"], index=["a"])).n
    0
    """
    if not threshold > 0:
        raise ParameterError(f"threshold must be above 0; got {threshold}")
    units = coded.people[coded.unit].astype("string")
    base = features.set_axis(features.index.astype(str))
    matched = units.isin(base.index).fillna(False).astype(bool)
    theirs = base.loc[units[matched].astype(str)]
    rows: list[tuple[object, ...]] = []
    skipped: list[str] = []
    for name in base.columns if len(theirs) else []:
        found = _compare(str(name), theirs[name], base[name])
        rows += found
        skipped += [] if found else [str(name)]
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c not in ("label", "flagged")])
    table["label"] = [(labels or {}).get(name, name.replace("_", " ")) for name in table["variable"]]
    table["flagged"] = table["difference"].astype(float).abs() > threshold
    mix, p = _mix(coded, membership)
    unmatched = tuple(coded.people.index[~matched])
    return Representativeness(
        table[COLUMNS], mix, p, int(matched.sum()), unmatched, tuple(skipped), threshold, coded.source
    )


def _compare(name: str, theirs: pd.Series, everybody: pd.Series) -> list[tuple[object, ...]]:
    theirs, everybody = theirs.dropna(), everybody.dropna()
    n, base = len(theirs), len(everybody)
    if not n:
        return []
    if pd.api.types.is_numeric_dtype(everybody.dtype) or pd.api.types.is_bool_dtype(everybody.dtype):
        values = everybody.astype(float)
        spread = float(values.std(ddof=0))
        if not spread > 1e-12 * max(1.0, abs(float(values.mean()))):
            return []
        mean, mean_base = float(theirs.astype(float).mean()), float(values.mean())
        return [(name, "", n, base, mean, mean_base, (mean - mean_base) / spread)]
    levels = sorted(everybody.astype(str).unique())
    if not 2 <= len(levels) <= MOST_LEVELS:
        return []
    rows: list[tuple[object, ...]] = []
    for level in levels:
        share, share_base = float((theirs.astype(str) == level).mean()), float((everybody.astype(str) == level).mean())
        spread = math.sqrt(share_base * (1 - share_base))
        rows.append((name, level, n, base, share, share_base, (share - share_base) / spread))
    return rows


def _mix(coded: CodedInterviews, membership: pd.DataFrame | pd.Series) -> tuple[pd.DataFrame, float]:
    column = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    sizes = column.dropna().astype(str).value_counts().sort_index()
    asked = coded.people["segment"].dropna().astype(str).value_counts().reindex(sizes.index, fill_value=0).astype(int)
    n = int(asked.sum())
    shares = sizes / sizes.sum()
    mix = pd.DataFrame(
        {
            "segment": sizes.index.astype(str),
            "interviewees": asked.to_numpy(),
            "base": sizes.to_numpy(),
            "share_interviewees": (asked / n if n else asked * math.nan).to_numpy(dtype=float),
            "share_base": shares.to_numpy(dtype=float),
            "expected": (shares * n).to_numpy(dtype=float),
        }
    )[MIX]
    return mix, multinomial_test(asked.tolist(), shares.tolist()) if n and len(sizes) > 1 else math.nan


def describe_interviewees(result: Representativeness) -> Reading | Callout:
    """Where interviewees differ from the customer base, in plain words.

    Parameters
    ----------
    result : Representativeness

    Returns
    -------
    Reading or Callout
        Absent without interviewees among the units.

    Examples
    --------
    >>> nothing = Representativeness(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=MIX), math.nan, 0, (), ())
    >>> describe_interviewees(nothing).kind
    'absent'
    """
    if not result.n:
        if not result.unmatched:
            return Callout("absent", "Nobody was interviewed, so nobody can be compared with the customers.")
        text = "Their unit id is missing or not among the customers, so nobody can say whom they stand for."
        return Callout("caution", "None of the interviewees can be linked to a customer.", text)
    paragraphs = [_mix_words(result), _difference_words(result)]
    if result.unmatched:
        linked = (
            "is not linked to a customer and is"
            if len(result.unmatched) == 1
            else "are not linked to a customer and are"
        )
        paragraphs.append(f"{join_words(result.unmatched)} {linked} left out of this comparison.")
    return Reading([text for text in paragraphs if text])


def _mix_words(result: Representativeness) -> str:
    mix = result.mix
    text = f"{count_words(result.n, 'interviewee')} can be linked to {count_words(int(mix['base'].sum()), 'customer')} in a segment."
    if not pd.isna(result.mix_p):
        shown = format_p(result.mix_p)
        odds = f"(exact test, p {shown if shown[0] in '<>' else f'= {shown}'})"
        plain = (
            "is one that drawing by lot could well have given"
            if result.mix_p >= 0.05
            else "is not what drawing by lot would give"
        )
        text += f" Their mix of segments {plain} {odds}. Interviewees are often chosen on purpose, so that is a fact and not a fault."
    silent = mix.loc[mix["interviewees"] == 0, ["segment", "share_base"]]
    for row in silent.itertuples(index=False):
        text += f" Nobody was interviewed from {row.segment}, which is {percent_words(row.share_base)} of customers."
    return text


def _difference_words(result: Representativeness) -> str:
    table = result.table
    if table.empty:
        return "No variable could be compared."
    flagged = table[table["flagged"]].sort_values("difference", key=abs, ascending=False)
    z = result.threshold * math.sqrt(result.n)
    by_chance = math.erfc(z / math.sqrt(2))
    text = (
        "A standardised difference is the distance between the interviewees' mean and everybody's in units of how "
        "much customers vary; "
        f"more than {result.threshold:g} is flagged: {len(flagged)} of {len(table)} comparisons. With "
        f"{count_words(result.n, 'person', 'people')} "
        f"drawn by pure lot about {percent_words(by_chance)} of comparisons would be flagged too, so a few flags mean "
        "little."
    )
    if len(flagged):
        first = flagged.head(3).itertuples(index=False)
        named = [f"{row.label}{f' = {row.level}' if row.level else ''} ({row.difference:+.2f})" for row in first]
        text += f" The largest: {join_words(named)}."
    return text


def tabulate_interviewees(result: Representativeness, *, most: int = 20) -> Table:
    """The largest differences between interviewees and the customer base.

    Parameters
    ----------
    result : Representativeness
    most : int
        Rows shown, largest differences first.

    Returns
    -------
    Table
        Variable, Interviewees, Everybody, Difference, Flag, n.

    Examples
    --------
    >>> nothing = Representativeness(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=MIX), math.nan, 0, (), ())
    >>> list(tabulate_interviewees(nothing).frame.columns)
    ['Variable', 'Interviewees', 'Everybody', 'Standardised difference', 'Flag', 'n']
    """
    order = result.table["difference"].astype(float).abs().sort_values(ascending=False, kind="stable").index
    table = result.table.loc[order].head(most)
    words = [
        f"{label} = {level}" if level else label for label, level in zip(table["label"], table["level"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Variable": words,
            "Interviewees": table["interviewees"].astype(float).to_numpy(),
            "Everybody": table["everybody"].astype(float).to_numpy(),
            "Standardised difference": table["difference"].astype(float).to_numpy(),
            "Flag": np.where(table["flagged"].astype(bool), "differs", ""),
            "n": table["n"].astype(int).to_numpy(),
        }
    )
    left = len(result.table) - len(table)
    note = f"{left} smaller differences are not shown. " if left > 0 else ""
    note += (
        f"Not compared (no variation, or too many different words): {join_words(result.skipped)}."
        if result.skipped
        else ""
    )
    caption = (
        f"Interviewees (n = {result.n}) against all customers: means, or shares for words. Flagged above "
        f"{result.threshold:g}. "
        f"{result.source}"
    )
    return Table(frame, caption.strip(), {"Standardised difference": "+.2f"}, note.strip())
