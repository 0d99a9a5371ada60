"""How many segments, in words and tables: how surely the best was found, and what came back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..words import source_words, span_words
from .across import cross_labels
from .kmeans import Search, adjusted_rand
from .selection import PATTERN_JACCARD, STABLE_JACCARD, Comparison, check_compared

__all__ = [
    "compare_with_published",
    "describe_comparison",
    "describe_search",
    "tabulate_comparison",
    "tabulate_search",
    "tabulate_stability",
]

USUAL = 10  # random starts that common software makes
SAME = 1e-6


def describe_comparison(comparison: Comparison, *, units: str = "units") -> Reading:
    """What the comparison says, with the rule that was used.

    Parameters
    ----------
    comparison : Comparison
    units : str
        What units are called, plural.

    Returns
    -------
    Reading
    """
    if comparison.method != "kmeans":
        from .methods import describe_model_comparison

        return describe_model_comparison(comparison, units=units)
    table, chosen = comparison.table, comparison.recommendation
    row = table.loc[chosen.segments]
    found = (
        "Each number of segments was searched from many random starts, and the best partition kept. "
        f"For {chosen.segments} segments {_times(row['hits'])} of {int(row['starts']):,} starts ended in the very best partition "
        f"and {int(row['near']):,} within 0.1 % of it"
        f"{_doubt(row)}."
    )
    stable = (
        f"Then the {comparison.n:,} {units} with every base variable were drawn again with replacement {2 * comparison.pairs} times, "
        f"as if the study had been repeated. With {chosen.segments} segments, two such repeats agree on who belongs with whom to "
        f"{row['ari_mean']:.2f} on average (adjusted Rand index: 1 is full agreement, 0 is chance; 95 % of the pairs lie between "
        f"{_two(row['ari_lower'])} and {_two(row['ari_upper'])}), and the segment that comes back least well shares "
        f"{row['jaccard_min']:.0%} with its nearest counterpart (Jaccard overlap; below 60 % is not to be trusted)."
    )
    rule = (
        "The rule: of the numbers at which every segment comes back with an overlap of at least 75 % and two repeats agree to at least "
        "0.80, take the one whose segments are tighter, by most, than data of the same kind without segments (of near equals, the one "
        "that comes back best); if none of them is tighter, the fewest. Where no number is that stable, an overlap of 60 % is enough; "
        "where none is even that stable, the least unstable is used and called a construction."
    )
    return Reading([f"{chosen.reason} {found}", stable, rule])


def tabulate_comparison(comparison: Comparison, *, units: str = "units", source: str = "") -> Table:
    """The candidates for a reader, one row a number of segments."""
    table = comparison.table
    shown = pd.DataFrame(
        {
            "segments": table.index.astype(int),
            "variance explained": table["explained"],
            "best found": [
                f"{int(h):,} of {int(s):,} starts" for h, s in zip(table["hits"], table["starts"], strict=True)
            ],
            "agreement of repeats": table["ari_mean"],
            "95 % of repeats": [
                f"{_two(a)} to {_two(b)}" for a, b in zip(table["ari_lower"], table["ari_upper"], strict=True)
            ],
            "least stable segment": table["jaccard_min"],
            "smallest segment (n)": table["smallest_n"].astype(int),
            "tighter than without segments": table["excess"],
            "reading": [
                f"{comparison.standing + ': ' if r else ''}{why}"
                for r, why in zip(table["recommended"], table["reason"], strict=True)
            ],
        }
    ).reset_index(drop=True)
    formats = {
        "variance explained": ".0%",
        "agreement of repeats": ".2f",
        "least stable segment": ".2f",
        "tighter than without segments": ".1%",
    }
    caption = (
        f"Partitions into {span_words(table.index.min(), table.index.max(), 'segment')} compared. "
        f"n = {comparison.n:,} {units} with every base variable; {comparison.pairs} pairs of bootstrap samples.{source_words(source)}"
    )
    note = (
        "Agreement: mean adjusted Rand index of two repeats (1 full, 0 chance). Least stable segment: mean Jaccard overlap of "
        "the segment that comes back least well. Tighter: by how much the spread within segments is smaller than in data with the "
        "same columns and correlations but without segments."
    )
    return Table(shown, caption, formats, note)


def tabulate_stability(
    comparison: Comparison,
    *,
    segments: int | None = None,
    ids: Mapping[str, str] | None = None,
    units: str = "units",
    source: str = "",
) -> Table:
    """Overlap of every segment of one solution with its counterparts in resamples; default: the recommended one.

    ``ids`` renames segments of the fresh solution to the ids they were given after matching with last quarter (``Match.ids``).
    """
    k = comparison.recommended if segments is None else segments
    check_compared(comparison, k)
    rows = comparison.stability.loc[k]
    shown = pd.DataFrame(
        {
            "segment": [(ids or {}).get(name, name) for name in rows.index],
            "n": rows["n"].to_numpy(int),
            "overlap": rows["jaccard"].to_numpy(),
            "95 % of samples": [
                f"{low:.2f} to {high:.2f}" for low, high in zip(rows["lower"], rows["upper"], strict=True)
            ],
            "reading": [_read_jaccard(value) for value in rows["jaccard"]],
        }
    )
    caption = (
        f"How well each of {k} segments comes back in {2 * comparison.pairs} bootstrap samples. Overlap: mean Jaccard similarity (members "
        f"in both, of those in either) with the best counterpart, 0 to 1. n = {comparison.n:,} {units}.{source_words(source)}"
    )
    note = (
        "To come back is not to be real: two halves of one cloud overlap well too, and the fewer the segments the easier it is. The "
        "verdict above needs more than this column."
    )
    return Table(shown, caption, {"overlap": ".2f"}, note)


def tabulate_search(comparison: Comparison, *, units: str = "units", source: str = "") -> Table:
    """How surely the best partition was found, one row a number of segments."""
    table = comparison.table
    rate = (table["near"] / table["starts"]).astype(float)
    shown = pd.DataFrame(
        {
            "segments": table.index.astype(int),
            "random starts": table["starts"].astype(int),
            "reached the best": table["hits"].astype(int),
            "within 0.1 % of it": table["near"].astype(int),
            "next-best result worse by": table["runner_up_gap"].astype(float),
            f"{USUAL} such starts would miss it": ((1 - rate) ** USUAL).where(table["starts"] > 1),
            "reading": [_read_search(row) for _, row in table.iterrows()],
        }
    ).reset_index(drop=True)
    caption = (
        f"How surely the best partition into {span_words(table.index.min(), table.index.max(), 'segment')} was found. "
        f"n = {comparison.n:,} {units} with every base variable.{source_words(source)}"
    )
    note = (
        "Every start of the search ends in some partition that cannot be improved by small changes; only the best of them counts. "
        f"Starts go on until the best has come five times. The chance that {USUAL} such starts all end elsewhere is reckoned from the "
        "share that came within 0.1 %; plain starts, without the moves of single units that follow here, miss it more often."
    )
    formats = {"next-best result worse by": ".2%", f"{USUAL} such starts would miss it": ".0%"}
    return Table(shown, caption, formats, note)


def describe_search(comparison: Comparison) -> Reading:
    """Whether the search may have missed a better partition, and what fewer starts would have done."""
    table = comparison.table
    if (table["starts"] <= 1).all():
        return Reading(
            ["This method has no random starts: the same data always give the same segments, so no search can miss."]
        )
    rate = (table["near"] / table["starts"]).astype(float)
    rare = [int(k) for k in table.index[table["hits"] < 5]]
    chosen = comparison.recommended
    miss = (1 - rate[chosen]) ** USUAL
    text = (
        f"With {chosen} segments one start in {1 / rate[chosen]:.0f} ends within 0.1 % of the best partition"
        if rate[chosen] <= 0.5
        else f"With {chosen} segments {rate[chosen]:.0%} of the starts end within 0.1 % of the best partition"
    )
    text += f"; {USUAL} such starts would miss it {_chance(miss)}."
    if rare:
        which = ", ".join(map(str, rare))
        text += (
            f" With {which} segments the best was reached by fewer than five starts: a better partition may exist, and part of what looks "
            "unstable there may be the search."
        )
    return Reading([text])


def compare_with_published(
    search: Search,
    *,
    within_ss: float,
    labels: np.ndarray | None = None,
    what: str = "The published answer",
) -> Reading:
    """Whether somebody else's partition of the same data is the best one.

    Parameters
    ----------
    search : Search
        ``search_kmeans`` of the same data, not rescaled.
    within_ss : float
        Within-segment sum of squares of the other answer.
    labels : ndarray of shape (n_units,), optional
        Its segments, from 0, for the agreement with the best partition.
    what : str
        What the other answer is called, at the beginning of a sentence.

    Returns
    -------
    Reading

    Raises
    ------
    ParameterError
        If the sum of squares is not a positive number up to the total.

    Examples
    --------
    >>> from segmentation.clustering import search_kmeans
    >>> found = search_kmeans(np.array([[0.0], [1.0], [9.0], [10.0], [14.0]]), 2, random_state=1)
    >>> print(str(compare_with_published(found, within_ss=14.5)).split(". ")[0])
    The published answer is the best partition found: 2 segments with a spread within segments (sum of squares) of 14.50
    """
    if not 0 <= within_ss <= search.total_ss * (1 + SAME):
        raise ParameterError(
            f"within_ss must lie between 0 and the total sum of squares, {search.total_ss:.2f}; got {within_ss!r}. "
            "Search the data on the scale they were published on"
        )
    excess = within_ss / search.within_ss - 1 if search.within_ss > 0 else 0.0
    spread = f"{search.segments} segments with a spread within segments (sum of squares) of {within_ss:,.2f}"
    found = f"{search.near:,} of {search.starts:,} random starts ended within 0.1 % of the best"
    if abs(excess) <= SAME:
        text = f"{what} is the best partition found: {spread}. {found}."
    elif excess < 0:
        text = (
            f"{what} is better than the best partition found here: {spread}, against {search.within_ss:,.2f} here. The search missed it; "
            "use more starts."
        )
    else:
        text = (
            f"{what} is not the best partition of these data: {spread}, where the best found has {search.within_ss:,.2f}. It is a poor "
            f"optimum, {excess:.1%} worse, in which a search that stops too early gets stuck. Here {found}."
        )
    if labels is not None and excess > SAME:
        k = max(search.segments, int(np.max(labels)) + 1)
        table = cross_labels(np.asarray(labels), search.labels, shape=(k, k))
        text += (
            f" The two agree on who belongs with whom to {adjusted_rand(table):.2f} (adjusted Rand index: 1 is full agreement, 0 is "
            "chance), so profiles and decisions built on one need not hold for the other."
        )
    return Reading([text])


def _read_search(row: pd.Series) -> str:
    if row["starts"] <= 1:
        return "no random starts"
    if row["hits"] >= 5:
        return "found again and again"
    if row["near"] >= 5:
        return "found rarely, but nearly as good ones often"
    return "found rarely: a better one may exist"


def _chance(probability: float) -> str:
    if probability < 0.001:
        return "hardly ever"
    return (
        "always"
        if probability > 0.9995
        else f"{probability:.0%} of the time"
        if probability >= 0.01
        else f"{probability:.1%} of the time"
    )


def _doubt(row: pd.Series) -> str:
    if row["near"] >= 5:
        return ""
    return "; a better partition may have been missed"


def _two(value: float) -> str:
    """Two decimals, without a minus before zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def _times(count: float) -> str:
    return "none" if count == 0 else f"{int(count):,}"


def _read_jaccard(value: float) -> str:
    if value >= 0.85:
        return "highly stable"
    if value >= STABLE_JACCARD:
        return "stable"
    return "pattern only, edges uncertain" if value >= PATTERN_JACCARD else "do not rely on it"
