"""How many segments: every candidate searched and resampled, and the rule that recommends one; the words are in ``comparison``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..study import Choices
from .inputs import check_count, complete_rows, distinct_rows
from .kmeans import Search, search_kmeans
from .methods.base import levels_of, refuse_levels
from .resample import resample, starts_needed
from .structure import StructureTest, measure_structure

__all__ = [
    "Comparison",
    "Recommendation",
    "check_compared",
    "comparable_rows",
    "compare_solutions",
    "next_best",
    "recommend_segments",
]

STABLE_JACCARD, PATTERN_JACCARD, STABLE_ARI = 0.75, 0.60, 0.80
TIE = 0.5


@dataclass(frozen=True)
class Recommendation:
    """The number of segments to work with and why.

    Attributes
    ----------
    segments : int
    rule : {"stable", "pattern", "least unstable", "given", "outcome", "none found"}
        Which step of the rule decided; the last three with rules, a tree of an outcome, and where a method found no segments.
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
        tested), z (the same in standard deviations of those data), recommended (bool), reason. Weighted if ``weighted``, but for
        smallest_n.
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
    method : str
    weighted : bool
        Whether units count by their weights.
    mass : ndarray of shape (n,) or None
        Weight of each unit compared, in the order of ``labels``; None if all count alike.
    choice : AutoChoice or None
        What ``method: auto`` weighed, if it chose the method.
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
    method: str = "kmeans"
    weighted: bool = False
    choice: Any = None
    mass: np.ndarray | None = None

    @property
    def labels(self) -> dict[int, np.ndarray]:
        """Segment of each unit compared (0 is S1, -1 is in no segment) by number of segments."""
        return {k: np.asarray(search.labels) for k, search in self.searches.items()}

    @property
    def recommended(self) -> int:
        """Number of segments recommended."""
        return self.recommendation.segments

    @property
    def standing(self) -> str:
        """What the chosen number may be called: recommended, or only the least unstable of those compared."""
        return {
            "least unstable": "least unstable",
            "given": "given by the rules",
            "none found": "no segments found",
        }.get(self.recommendation.rule, "recommended")


def compare_solutions(
    encoded: pd.DataFrame,
    segments: Sequence[int] = range(2, 9),
    *,
    choices: Choices,
    weights: pd.Series | None = None,
    structure: StructureTest | None = None,
    pair_starts: int | None = None,
    method: str = "kmeans",
    levels: Mapping[str, str] | None = None,
    outcome: pd.Series | None = None,
    rules: Mapping[str, Any] | None = None,
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
    weights : pandas.Series, optional
        Positive weight by unit; units without one are left out. In a resample every unit keeps its weight.
    structure : StructureTest, optional
        The test's result if it was measured before; measured here otherwise.
    pair_starts : int, optional
        Random starts for each bootstrap sample. Default: as many as find the neighbourhood of the optimum with 99 % chance,
        going by the search on all units; 5 to 20. Too few mix failure of the search into the stability.
    method : str
        As the study names it; "auto" compares those that the levels admit and gives the comparison of the chosen one.
    levels, outcome, rules
        As ``fit_segments`` takes them.

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
    if method != "kmeans":
        from .methods import choose_method, compare_method

        given = {"choices": choices, "weights": weights, "levels": levels}
        if method == "auto":
            return choose_method(encoded, counts, structure=structure, **given).comparison
        return compare_method(method, encoded, counts, outcome=outcome, rules=rules, structure=structure, **given)
    if levels is not None:
        refuse_levels(method, levels_of(encoded, levels))
    rows, weight = comparable_rows(encoded, weights, segments=counts[-1])
    if structure is None:
        structure = measure_structure(
            rows,
            counts,
            references=choices.references,
            random_state=choices.random_state,
            weights=known_weights(rows, weight),
        )
    values = rows.to_numpy()
    searches = {
        k: search_kmeans(values, k, starts=choices.starts, random_state=choices.random_state, weights=weight)
        for k in counts
    }
    starts = {k: pair_starts or starts_needed(searches[k]) for k in counts}
    resampled = resample(distinct_rows(values), searches, starts, choices, weights=weight)
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
        weighted=weight is not None,
        mass=weight,
    )


def check_compared(comparison: Comparison, segments: object, *, name: str = "segments") -> int:
    """The number of segments, if it was compared.

    Raises
    ------
    ParameterError
        If it was not.
    """
    if segments not in comparison.searches:
        compared = ", ".join(map(str, comparison.searches))
        raise ParameterError(
            f"{name} must be one of {compared}, the numbers of segments that were compared "
            f"(segments: of the segmentation in the study file); got {segments!r}"
        )
    return int(segments)


def comparable_rows(
    encoded: pd.DataFrame, weights: pd.Series | None = None, *, segments: int = 1
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Units with every base variable and, where there are weights, a weight; and their weights, None if all count alike.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    weights : pandas.Series, optional
        By unit. NaN or 0: the unit is left out.
    segments : int
        Most segments wanted, for the check that there are enough different units.

    Returns
    -------
    tuple of pandas.DataFrame and ndarray of shape (n_rows,) or None

    Raises
    ------
    ParameterError
        If weights are negative, infinite, not by unit, or nobody has one.

    Examples
    --------
    >>> encoded = pd.DataFrame({"a": [1.0, 2.0, None]}, index=["u", "v", "w"])
    >>> comparable_rows(encoded, pd.Series({"u": 0.5, "v": 1.5}))[1].tolist()
    [0.5, 1.5]
    >>> comparable_rows(encoded, pd.Series({"u": 1.0, "v": 1.0}))[1] is None
    True
    """
    if weights is None:
        return complete_rows(encoded, segments=segments), None
    if not isinstance(weights, pd.Series):
        raise ParameterError(f"weights must be a Series by unit; got {type(weights).__name__}")
    known = weights.reindex(encoded.index).astype(float)
    if np.isinf(known).any() or (known < 0).any():
        raise ParameterError(
            f"weights must be finite and not negative; the smallest is {known.min():g}, the largest {known.max():g}"
        )
    known = known[known > 0]
    if known.empty:
        raise ParameterError(f"none of the {len(encoded)} units has a weight above 0")
    rows = complete_rows(encoded.loc[known.index], segments=segments)
    weight = known.loc[rows.index].to_numpy()
    return rows, None if (weight == 1).all() else weight


def recommend_segments(table: pd.DataFrame, *, min_cell: int = 10) -> Recommendation:
    """Choose among numbers of segments by a stated rule.

    Rule. Candidates whose smallest segment has fewer than ``min_cell`` units are out. Of those in which every segment comes back
    in resamples (mean Jaccard of the least stable at least 0.75) and the partition as a whole does (mean adjusted Rand index
    at least 0.80), take the one that is tighter than data without segments by most (largest excess); of those nearer to it than half a
    standard deviation of the references, the one that comes back best (sum of the two). Numbers that are not tighter (excess of 0 or
    less) are out unless none is; then the fewest are taken, since nothing speaks for more. If no number is stable: the same among those
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


def known_weights(rows: pd.DataFrame, weight: np.ndarray | None) -> pd.Series | None:
    """Weights by unit, as ``measure_structure`` takes them; None if all count alike."""
    return None if weight is None else pd.Series(weight, index=rows.index)


def next_best(comparison: Comparison, chosen: int | None = None, *, min_cell: int = 10) -> int | None:
    """The number the rule would recommend were the chosen one not there, or recommends if another was chosen; None if there is none."""
    k = comparison.recommended if chosen is None else chosen
    if k != comparison.recommended:
        return comparison.recommended
    others = comparison.table.drop(index=k)
    return recommend_segments(others, min_cell=min_cell).segments if len(others) else None


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
    elif passing > 1 and not row["excess"] > 0:
        best = (
            ", and the fewest of them, since none is tighter than data of the same kind without segments (these: "
            f"{_percent(row['excess'])})"
        )
    elif passing == 1:
        best = ""
    else:
        best = f", and of those the best by the rule below: {_percent(row['excess'])} than data of the same kind without segments"
    return f"{k} segments are recommended: {which} compared {how}{best}."


def _most_stable(table: pd.DataFrame) -> int:
    return int((table["ari_mean"] + table["jaccard_min"]).idxmax())


def _tightest(table: pd.DataFrame) -> int:
    """Largest excess; of those that chance could have put first, the most stable. The fewest if none is tighter than chance."""
    fewest, table = int(table.index.min()), table[table["excess"] > 0]
    if table.empty:
        return fewest
    best = table.loc[table["excess"].idxmax()]
    deviation = best["excess"] / best["z"] if best["z"] > 0 else 0.0
    return _most_stable(table[table["excess"] >= best["excess"] - TIE * deviation])


def _percent(share: float) -> str:
    return f"{share:.1%} tighter" if share > 0 else f"{abs(share):.1%} looser, so no evidence for segments"
