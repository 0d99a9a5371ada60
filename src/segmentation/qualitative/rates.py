"""How often a theme comes up, segment against the others, with people and not remarks shuffled between segments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words
from .coded import CodedInterviews
from .intervals import adjust_p_values

__all__ = ["ThemeRates", "compare_theme_rates", "describe_theme_rates", "tabulate_theme_rates"]

COLUMNS = ["code", "name", "segment", "n", "rate", "rest_n", "rest_rate", "difference", "p", "q"]
PER = 10  # turns a rate is told in


@dataclass(frozen=True)
class ThemeRates:
    """How often people of a segment come back to a theme.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a code and segment: code, name, segment, n people, rate (mean over people of the share of their turns with the code),
        rest_n, rest_rate (all other segments), difference, p (people permuted between segments), q (Benjamini-Hochberg over all rows).
    n_people : int
    draws, random_state : int
    alpha : float
    source : str
    """

    table: pd.DataFrame
    n_people: int
    draws: int
    random_state: int
    alpha: float = 0.05
    source: str = ""


def compare_theme_rates(
    coded: CodedInterviews, *, draws: int = 10_000, alpha: float = 0.05, random_state: int
) -> ThemeRates:
    """Compare how often each theme comes up in each segment and in all others.

    Parameters
    ----------
    coded : CodedInterviews
    draws : int
        Shuffles of people, at least 100; fewer people are looked at in every way there is.
    alpha : float
        False discovery rate.
    random_state : int

    Returns
    -------
    ThemeRates
        Empty if nothing was coded. A turn has a code if every coder of the interview gave it there.

    Raises
    ------
    ParameterError
        If draws or alpha are out of range.

    Notes
    -----
    The unit is the person: one rate each, whatever they talked. Shuffling remarks instead would take one person's habit for the
    segment's. How often this finds something where nothing is stands in docs/interviews.md.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(compare_theme_rates(nobody, random_state=1).table)
    0
    """
    if draws < 100 or not 0 < alpha < 1:
        raise ParameterError(f"need at least 100 draws and alpha between 0 and 1; got {draws}, {alpha}")
    placed = coded.people["segment"].dropna().astype(str) if len(coded.people) else pd.Series(dtype=str)
    rates = person_rates(coded).reindex(placed.index)
    placed, rates = placed[rates.notna().all(axis=1)], rates.dropna()
    rows = []
    for segment in coded.segments if len(coded.codings) else ():
        inside = (placed == segment).to_numpy()
        n, rest = int(inside.sum()), int((~inside).sum())
        p = _permute(rates.to_numpy(float), n, inside, draws, random_state)
        for place, code in enumerate(rates.columns):
            own = float(rates.loc[inside, code].mean()) if n else math.nan
            other = float(rates.loc[~inside, code].mean()) if rest else math.nan
            rows.append((code, coded.codes.at[code, "name"], segment, n, own, rest, other, own - other, p[place]))
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    table["q"] = adjust_p_values(table["p"])
    return ThemeRates(table, len(placed), draws, random_state, alpha, coded.source)


def person_rates(coded: CodedInterviews) -> pd.DataFrame:
    """Share of each person's turns with each code; a turn has it if every coder of the interview gave it there.

    Parameters
    ----------
    coded : CodedInterviews

    Returns
    -------
    pandas.DataFrame
        Index participant, one column a code; missing where nothing was said.
    """
    spoken = coded.turns[coded.turns["role"] == "participant"].groupby("participant").size()
    spoken = spoken.set_axis(spoken.index.astype(str)).reindex(coded.people.index.astype(str))
    needed = coded.marks.groupby("source_id")["coder"].nunique()
    given = (
        coded.counted.groupby(["participant", "source_id", "turn", "code_id"], observed=True)["coder"]
        .nunique()
        .reset_index()
    )
    agreed = given[given["coder"].to_numpy() >= given["source_id"].map(needed).to_numpy()]
    counts = agreed.groupby(["participant", "code_id"], observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(index=spoken.index, columns=coded.leaves, fill_value=0)
    return counts.div(spoken.astype(float), axis=0)


def _permute(rates: np.ndarray, n: int, inside: np.ndarray, draws: int, random_state: int) -> np.ndarray:
    """Two-sided p of the difference of means for every code; every split is looked at where there are few."""
    people = len(rates)
    if not 0 < n < people:
        return np.full(rates.shape[1], math.nan)
    total = rates.sum(axis=0)

    def gap(chosen: np.ndarray) -> np.ndarray:
        sums = chosen @ rates
        return np.abs(sums / n - (total - sums) / (people - n))

    observed = gap(inside[None].astype(float))[0]
    if math.comb(people, n) <= draws:
        splits = np.zeros((math.comb(people, n), people))
        for row, members in enumerate(combinations(range(people), n)):
            splits[row, list(members)] = 1
        return np.asarray((gap(splits) >= observed - 1e-12).mean(axis=0))
    random = np.random.default_rng(random_state)
    shuffled = np.argsort(random.random((draws, people)), axis=1) < n
    return np.asarray((1 + (gap(shuffled.astype(float)) >= observed - 1e-12).sum(axis=0)) / (1 + draws))


def describe_theme_rates(found: ThemeRates) -> Reading | Callout:
    """Which themes people of a segment come back to more or less often than others.

    Examples
    --------
    >>> describe_theme_rates(ThemeRates(pd.DataFrame(columns=COLUMNS), 0, 100, 1)).kind
    'absent'
    """
    table = found.table[found.table["p"].notna()]
    if table.empty:
        return Callout(
            "absent", "How often themes come up cannot be compared: nothing was coded, or nobody is in a known segment."
        )
    kept = table[table["q"] <= found.alpha].sort_values("q", kind="stable")
    text = (
        f"Having a theme at all is one thing, coming back to it another: for each person, the share of their turns with the theme. "
        f"{count_words(found.n_people, 'person', 'people')} were shuffled between segments, each with everything they said, in "
        f"{count_words(len(table), 'comparison')}. "
    )
    if kept.empty:
        near = table.sort_values("p", kind="stable").iloc[0]
        return Reading(
            [f"{text}None holds up after false discovery control (limit {found.alpha:g}); the nearest is {_say(near)}."]
        )
    listed = "; ".join(_say(row) for _, row in kept.head(4).iterrows())
    more = f" and {len(kept) - 4} more" if len(kept) > 4 else ""
    return Reading(
        [f"{text}{len(kept)} {'holds' if len(kept) == 1 else 'hold'} up (q at most {found.alpha:g}): {listed}{more}."]
    )


def _say(row: pd.Series) -> str:
    return (
        f"“{row['name']}” in {row['segment']}, {PER * row['rate']:.1f} of {PER} turns against {PER * row['rest_rate']:.1f} elsewhere "
        f"(n = {row['n']} and {row['rest_n']}, q = {row['q']:.3f})"
    )


def tabulate_theme_rates(found: ThemeRates) -> Table:
    """Turns with each theme per ten turns of a person, by segment.

    Examples
    --------
    >>> list(tabulate_theme_rates(ThemeRates(pd.DataFrame(columns=COLUMNS), 0, 100, 1)).frame.columns)
    ['Theme']
    """
    rows = []
    for _, part in found.table.groupby("code", sort=False):
        row: dict[str, object] = {"Theme": part["name"].iloc[0]}
        row |= {
            cell.segment: f"{PER * cell.rate:.1f}{'★' * (cell.q <= found.alpha)}" if cell.n else "–"
            for cell in part.itertuples()
        }
        lowest = part.sort_values("p", kind="stable").iloc[0]
        rows.append(row | {"Smallest p": lowest["p"], "Its q": lowest["q"], "In": lowest["segment"]})
    frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=["Theme"])
    segments = join_words(f"{row.segment} {row.n}" for row in found.table.drop_duplicates("segment").itertuples())
    caption = (
        f"Turns with each theme in {PER} turns of a person, mean over people; n = {found.n_people} ({segments}). People permuted between "
        f"segments, {found.draws:,d} times, seed {found.random_state}. {found.source}"
    )
    note = f"★: q at most {found.alpha:g} over all comparisons. A turn has a theme if every coder of the interview gave it there."
    return Table(frame, caption.strip(), {"Smallest p": "p", "Its q": "p"}, note)
