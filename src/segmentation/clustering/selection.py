"""How many segments: stability of every candidate, and the rule that recommends one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..study import Choices
from .inputs import check_count, complete_rows, distinct_rows
from .kmeans import Search, search_kmeans
from .resample import resample, starts_needed
from .structure import StructureTest, measure_structure

__all__ = [
    "Comparison",
    "Recommendation",
    "compare_solutions",
    "describe_comparison",
    "recommend_segments",
    "tabulate_comparison",
    "tabulate_stability",
]

STABLE_JACCARD, PATTERN_JACCARD, STABLE_ARI = 0.75, 0.60, 0.80
TIE = 0.5


@dataclass(frozen=True)
class Recommendation:
    """The number of segments to work with and why.

    Attributes
    ----------
    segments : int
    rule : {"stable", "pattern", "least unstable"}
        Which step of the rule decided.
    reason : str
        A sentence.
    reasons : Mapping of int to str
        A phrase for every candidate.
    """

    segments: int
    rule: str
    reason: str
    reasons: Mapping[int, str]


@dataclass(frozen=True)
class Comparison:
    """Candidates side by side.

    Attributes
    ----------
    table : pandas.DataFrame
        Index k. Columns: within_ss, explained (share of the total sum of squares, 0 to 1), hits, near, starts,
        runner_up_gap (share), pair_starts (starts a bootstrap sample), ari_mean, ari_lower, ari_upper (2.5 and 97.5 %
        points over the pairs), jaccard_min (mean of the least stable segment), smallest_n, smallest_share, lost (pairs in
        which a segment vanished), excess (share by which segments are tighter than in data without segments; NaN if not
        tested), z (the same in standard deviations of those data), recommended (bool), reason.
    stability : pandas.DataFrame
        Index (k, segment), segment "S1" the largest. Columns n, jaccard (mean), lower, upper (2.5 and 97.5 % points over
        samples).
    draws : pandas.DataFrame
        Index pair, one column a k: adjusted Rand index of that pair.
    searches : Mapping of int to Search
    structure : StructureTest
    recommendation : Recommendation
    n, units : int
        Complete units compared; units given.
    pairs : int
    """

    table: pd.DataFrame
    stability: pd.DataFrame
    draws: pd.DataFrame
    searches: Mapping[int, Search]
    structure: StructureTest
    recommendation: Recommendation
    n: int
    units: int
    pairs: int

    @property
    def recommended(self) -> int:
        """Number of segments recommended."""
        return self.recommendation.segments

    @property
    def standing(self) -> str:
        """What the chosen number may be called: recommended, or only the least unstable of those compared."""
        return "least unstable" if self.recommendation.rule == "least unstable" else "recommended"


def compare_solutions(
    encoded: pd.DataFrame,
    segments: Sequence[int] = range(2, 9),
    *,
    choices: Choices,
    structure: StructureTest | None = None,
    pair_starts: int | None = None,
) -> Comparison:
    """Find the best partition for every number of segments and how well it comes back in resamples.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit; units with all of them are compared.
    segments : range or sequence of int
        Numbers of segments to compare, each at least 2.
    choices : Choices
        ``random_state``, ``starts``, ``pairs``, ``references`` and ``min_cell`` are used.
    structure : StructureTest, optional
        The test's result if it was measured before; measured here otherwise.
    pair_starts : int, optional
        Random starts for each bootstrap sample. Default: as many as find the neighbourhood of the optimum with 99 % chance,
        going by the search on all units; 5 to 20. Too few mix failure of the search into the stability.

    Returns
    -------
    Comparison

    Raises
    ------
    ParameterError
        If there are fewer different units than segments, or ``segments`` is empty.
    DataContractError
        If a variable is constant, or the table is not z-scores by unit.

    Notes
    -----
    Each pair: two bootstrap samples of units, a partition fitted on each, all units assigned by both, adjusted Rand index of
    the two assignments (``bootFlexclust``; Dolnicar and Leisch 2010). Per segment: Jaccard overlap of the segment of the full
    solution with the best-fitting segment of each sample's assignment of all units (``slswFlexclust``; Hennig 2007).
    """
    counts = sorted({check_count(k) for k in segments})
    if not counts:
        raise ParameterError("segments must name at least one number of segments, for instance range(2, 9)")
    rows = complete_rows(encoded, segments=counts[-1])
    if structure is None:
        structure = measure_structure(encoded, counts, references=choices.references, random_state=choices.random_state)
    values = rows.to_numpy()
    searches = {k: search_kmeans(values, k, starts=choices.starts, random_state=choices.random_state) for k in counts}
    starts = {k: pair_starts or starts_needed(searches[k]) for k in counts}
    resampled = resample(distinct_rows(values), searches, starts, choices)
    table = _table(searches, starts, resampled, structure)
    recommendation = recommend_segments(table, min_cell=choices.min_cell)
    table["recommended"] = table.index == recommendation.segments
    table["reason"] = pd.Series(recommendation.reasons).reindex(table.index)
    return Comparison(
        table=table,
        stability=_stability(searches, resampled),
        draws=pd.DataFrame({k: resampled[k][0] for k in counts}).rename_axis(index="pair", columns="k"),
        searches=searches,
        structure=structure,
        recommendation=recommendation,
        n=len(rows),
        units=len(encoded),
        pairs=choices.pairs,
    )


def recommend_segments(table: pd.DataFrame, *, min_cell: int = 10) -> Recommendation:
    """Choose among numbers of segments by a stated rule.

    Rule. Candidates whose smallest segment has fewer than ``min_cell`` units are out. Of those in which every segment comes back
    in resamples (mean Jaccard of the least stable at least 0.75) and the partition as a whole does (mean adjusted Rand index
    at least 0.80), take the one that is tighter than data without segments by most (largest excess); of those nearer to it than half a
    standard deviation of the references, the one that comes back best (sum of the two). If there is none: the same among those
    with Jaccard of at least 0.60 ("pattern"). If there is none of those either, the one that comes back best ("least unstable"),
    which is then a construction. Without excess, the largest of the stable numbers wins. Stability alone does not decide: two
    halves of one cloud are very stable.

    Parameters
    ----------
    table : pandas.DataFrame
        Index k; columns jaccard_min, ari_mean, excess, z, smallest_n, as ``Comparison.table`` has them.
    min_cell : int

    Returns
    -------
    Recommendation

    Examples
    --------
    >>> table = pd.DataFrame({"jaccard_min": [0.95, 0.9, 0.5], "ari_mean": [0.96, 0.9, 0.7], "excess": [0.03, 0.12, 0.13],
    ...                       "z": [6.0, 20.0, 21.0], "smallest_n": [90, 50, 20]}, index=[2, 3, 4])
    >>> recommend_segments(table).segments
    3
    """
    large = table["smallest_n"] >= min_cell
    steady = large & (table["ari_mean"] >= STABLE_ARI)
    stable, pattern = (table[steady & (table["jaccard_min"] >= limit)] for limit in (STABLE_JACCARD, PATTERN_JACCARD))
    rule, passing = ("stable", stable) if len(stable) else ("pattern", pattern)
    tested = bool(passing["excess"].notna().any())
    if passing.empty:
        rule, passing = "least unstable", table[large] if large.any() else table
        chosen = _most_stable(passing)
    else:
        chosen = _tightest(passing) if tested else int(passing.index.max())
    reasons = {int(k): _phrase(row, min_cell) for k, row in table.iterrows()}
    return Recommendation(chosen, rule, _reason(table.loc[chosen], chosen, rule, len(passing), tested), reasons)


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
        "that comes back best). Where no number is "
        "that stable, an overlap of 60 % is enough; where none is even that stable, the least unstable is used and called a construction."
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
        f"Partitions into {table.index.min()} to {table.index.max()} segments compared. "
        f"n = {comparison.n:,} {units} with every base variable; {comparison.pairs} pairs of bootstrap samples.{_source(source)}"
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
    if k not in comparison.searches:
        raise ParameterError(f"segments must be one of {', '.join(map(str, comparison.searches))}; got {segments!r}")
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
        f"in both, of those in either) with the best counterpart, 0 to 1. n = {comparison.n:,} {units}.{_source(source)}"
    )
    note = (
        "To come back is not to be real: two halves of one cloud overlap well too, and the fewer the segments the easier it is. The "
        "verdict above needs more than this column."
    )
    return Table(shown, caption, {"overlap": ".2f"}, note)


def _table(
    searches: Mapping[int, Search],
    starts: Mapping[int, int],
    resampled: Mapping[int, tuple[np.ndarray, np.ndarray, int]],
    structure: StructureTest,
) -> pd.DataFrame:
    rows = {}
    for k, search in searches.items():
        agreement, overlaps, lost = resampled[k]
        rows[k] = {
            "within_ss": search.within_ss,
            "explained": 1 - search.within_ss / search.total_ss,
            "hits": search.hits,
            "near": search.near,
            "starts": search.starts,
            "runner_up_gap": search.runner_up_gap,
            "pair_starts": starts[k],
            "ari_mean": agreement.mean(),
            "ari_lower": np.quantile(agreement, 0.025),
            "ari_upper": np.quantile(agreement, 0.975),
            "jaccard_min": overlaps.mean(axis=0).min(),
            "smallest_n": int(search.sizes.min()),
            "smallest_share": search.sizes.min() / search.sizes.sum(),
            "lost": lost,
            "excess": structure.drops["excess"].get(k, np.nan),
            "z": structure.drops["z"].get(k, np.nan),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("k")


def _stability(
    searches: Mapping[int, Search], resampled: Mapping[int, tuple[np.ndarray, np.ndarray, int]]
) -> pd.DataFrame:
    parts = {}
    for k, search in searches.items():
        overlaps = resampled[k][1]
        parts[k] = pd.DataFrame(
            {
                "n": search.sizes,
                "jaccard": overlaps.mean(axis=0),
                "lower": np.quantile(overlaps, 0.025, axis=0),
                "upper": np.quantile(overlaps, 0.975, axis=0),
            },
            index=pd.Index([f"S{i + 1}" for i in range(k)], name="segment"),
        )
    return pd.concat(parts, names=["k", "segment"])


def _phrase(row: pd.Series, min_cell: int) -> str:
    if row["smallest_n"] < min_cell:
        return f"smallest segment has {int(row['smallest_n'])} units, fewer than {min_cell}"
    if row["jaccard_min"] >= STABLE_JACCARD and row["ari_mean"] >= STABLE_ARI:
        return "every segment comes back"
    if row["jaccard_min"] >= PATTERN_JACCARD and row["ari_mean"] >= STABLE_ARI:
        return "a pattern that comes back, edges uncertain"
    return "does not come back reliably"


def _reason(row: pd.Series, k: int, rule: str, passing: int, tested: bool) -> str:
    if rule == "least unstable":
        return (
            f"No number of segments comes back reliably in resamples. {k} segments are the least unstable (agreement "
            f"{row['ari_mean']:.2f}), so they are a way of dividing the market that the team chooses, not one that the data show."
        )
    which = "the only number" if passing == 1 else f"one of {passing} numbers"
    how = (
        "at which every segment comes back in resamples"
        if rule == "stable"
        else "at which at least a pattern comes back in resamples"
    )
    if not tested:
        best = "" if passing == 1 else ", and the largest of them"
    elif passing == 1:
        best = ""
    else:
        best = f", and of those the best by the rule below: {_percent(row['excess'])} than data of the same kind without segments"
    return f"{k} segments are recommended: {which} compared {how}{best}."


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


def _most_stable(table: pd.DataFrame) -> int:
    return int((table["ari_mean"] + table["jaccard_min"]).idxmax())


def _tightest(table: pd.DataFrame) -> int:
    """Largest excess; of those that chance could have put first, the most stable."""
    best = table.loc[table["excess"].idxmax()]
    deviation = best["excess"] / best["z"] if best["z"] > 0 else 0.0
    return _most_stable(table[table["excess"] >= best["excess"] - TIE * deviation])


def _percent(share: float) -> str:
    return f"{share:.1%} tighter" if share >= 0 else f"{-share:.1%} looser, so no evidence for segments"


def _source(source: str) -> str:
    return f" Source: {source}." if source else ""
