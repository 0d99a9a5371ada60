"""The search for the best k-means partition, and how sure one can be that it is the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ParameterError
from .inputs import check_count, distinct_rows, spawn_seeds

__all__ = ["Search", "adjusted_rand", "fit_weighted", "map_threads", "nearest_centres", "search_kmeans", "warm"]

SAME = 1e-6  # two sums of squares nearer than this, relatively, are the same optimum
NEAR = 1e-3
HITS = 5
PATIENCE = 20
THREADS = 2


@dataclass(frozen=True)
class Search:
    """The best partition found and the facts that tell whether a better one may have been missed.

    Attributes
    ----------
    segments : int
        Number of segments, k.
    centres : ndarray of shape (k, n_variables)
        Weighted means of the segments, the largest segment first.
    labels : ndarray of shape (n_units,)
        Segment of each unit, 0 to k - 1.
    sizes : ndarray of shape (k,)
        Units a segment (unweighted).
    within_ss, total_ss : float
        Weighted sum of squared distances to the segment's centre, and to the overall mean.
    hits : int
        Starts that reached the best sum of squares (within 1e-6 of it, relatively).
    near : int
        Starts that came within 0.1 % of it: where answers are yes or no, many optima differ by one or two units.
    starts : int
        Random starts used.
    runner_up_gap : float
        How much worse the second-best optimum is, as a share of the best; NaN if every start reached the best.
    """

    segments: int
    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    within_ss: float
    total_ss: float
    hits: int
    near: int
    starts: int
    runner_up_gap: float


def search_kmeans(
    values: np.ndarray, segments: int, *, starts: int = 50, random_state: int, weights: np.ndarray | None = None
) -> Search:
    """Look for the partition with the smallest within-segment sum of squares until it has been found often.

    Starts go on in rounds of ``starts`` until the best has been reached 5 times, for at most 20 rounds: a best optimum seen
    once is a lucky find, and a better one may be left. The order of units does not matter.

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
        Finite numbers, usually z-scores.
    segments : int
        k, at least 1 and at most the number of distinct rows.
    starts : int
        Random starts a round.
    random_state : int
    weights : ndarray of shape (n_units,), optional
        Positive weights; a unit of weight 2 counts as two units. Default: 1 each.

    Returns
    -------
    Search

    Raises
    ------
    ParameterError
        If the numbers are not finite, weights not positive, or there are fewer distinct rows than segments.

    Notes
    -----
    Greedy k-means++ (Arthur and Vassilvitskii 2007), Lloyd's algorithm, then Hartigan's moves of single units. On
    the published fast-food case with 4 segments one random start of Lloyd's algorithm in six comes near the best optimum, so the
    usual ten starts miss it one time in six.

    Examples
    --------
    >>> found = search_kmeans(np.array([[0.0], [1.0], [9.0], [10.0], [11.0]]), 2, random_state=1)
    >>> found.centres.tolist(), found.labels.tolist(), found.within_ss
    ([[10.0], [0.5]], [1, 1, 0, 0, 0], 2.5)
    """
    values = _check_matrix(values)
    k = check_count(segments, low=1)
    starts = check_count(starts, name="starts", low=1)
    rows = distinct_rows(values)
    if k > len(rows.values):
        raise ParameterError(
            f"{k} segments need at least {k} different rows; there are {len(rows.values)} in {len(values)}"
        )
    weight = rows.counts.astype(float) if weights is None else _collapse_weights(weights, rows.place, len(rows.values))
    within, centres = _search_rounds(rows.values, weight, k, starts, random_state)
    best = within.min()
    others = within[within > best * (1 + SAME)]
    labels = nearest_centres(rows.values, centres)
    centres, labels = _order_segments(rows.values, weight, labels, k)
    unit_labels = labels[rows.place]
    mean = np.average(rows.values, axis=0, weights=weight)
    return Search(
        segments=k,
        centres=centres,
        labels=unit_labels,
        sizes=np.bincount(unit_labels, minlength=k),
        within_ss=float(weight @ ((rows.values - centres[labels]) ** 2).sum(axis=1)),
        total_ss=float(weight @ ((rows.values - mean) ** 2).sum(axis=1)),
        hits=int((within <= best * (1 + SAME)).sum()),
        near=int((within <= best * (1 + NEAR)).sum()),
        starts=int(within.size),
        runner_up_gap=float(others.min() / best - 1) if others.size and best > 0 else float("nan"),
    )


def fit_weighted(
    padded: np.ndarray, weight: np.ndarray, k: int, seeds: np.ndarray, *, polish: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The compiled loop: within-segment sum of squares of each start, and centres of the best (padded width).

    Rows of weight 0 must be left out by the caller. ``polish`` moves single rows after Lloyd's algorithm has ended.
    """
    from ._kernel import run_starts

    return run_starts(padded, weight, k, seeds, polish)


def pad(values: np.ndarray) -> np.ndarray:
    """Rows as columns, variables padded with zeros to a multiple of 4, as the compiled loop reads them."""
    n, p = values.shape
    padded = np.zeros((-(-p // 4) * 4, n))
    padded[:p] = values.T
    return padded


def nearest_centres(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Index of the nearest centre of each row; the first of equally near ones.

    Examples
    --------
    >>> nearest_centres(np.array([[0.0], [4.0]]), np.array([[5.0], [1.0]])).tolist()
    [1, 0]
    """
    return np.argmin(0.5 * (centres**2).sum(axis=1) - values @ centres.T, axis=1)


def adjusted_rand(table: np.ndarray) -> float:
    """Adjusted Rand index of two partitions from their table of counts: 1 the same, about 0 unrelated.

    Parameters
    ----------
    table : ndarray of shape (k_first, k_second)
        Units in segment i of the first and j of the second partition.

    Returns
    -------
    float
        Hubert and Arabie (1985), as scikit-learn's ``adjusted_rand_score``.

    Examples
    --------
    >>> adjusted_rand(np.array([[2, 0], [0, 3]]))
    1.0
    >>> round(adjusted_rand(np.array([[1, 1], [1, 1]])), 3)
    -0.5
    """
    table = np.asarray(table, dtype=float)

    def chosen(counts: np.ndarray) -> float:
        return float((counts * (counts - 1)).sum() / 2)

    both, first, second = chosen(table), chosen(table.sum(axis=1)), chosen(table.sum(axis=0))
    pairs = chosen(np.array([table.sum()]))
    if pairs == 0:
        return 1.0
    expected, middle = first * second / pairs, (first + second) / 2
    return 1.0 if middle == expected else (both - expected) / (middle - expected)


def map_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Results in the order of the items, computed on two threads; the compiled loop releases the interpreter's lock."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))


def warm() -> None:
    """Compile the loop and the map into numba's cache on disk (once, about 25 s); later processes load them in seconds."""
    from .embedding import warm_map

    fit_weighted(pad(np.arange(8.0).reshape(4, 2)), np.ones(4), 2, np.zeros(1, np.uint32))
    warm_map()


def _search_rounds(
    values: np.ndarray, weight: np.ndarray, k: int, starts: int, random_state: int
) -> tuple[np.ndarray, np.ndarray]:
    padded, seeds = pad(values), spawn_seeds(random_state, "search", k, size=starts * PATIENCE)
    within = np.empty(0)
    best, centres = np.inf, np.empty(0)
    for round_seeds in np.split(seeds, PATIENCE):
        parts = [part for part in np.array_split(round_seeds, THREADS) if part.size]
        for part_within, part_centres in map_threads(
            lambda part: fit_weighted(padded, weight, k, part, polish=True), parts
        ):
            within = np.concatenate([within, part_within])
            if part_within.min() < best:
                best, centres = part_within.min(), part_centres[:, : values.shape[1]]
        if (within <= best * (1 + SAME)).sum() >= min(HITS, starts * PATIENCE):
            break
    return within, centres


def _order_segments(
    values: np.ndarray, weight: np.ndarray, labels: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Exact weighted means and labels, the heaviest segment first; equals by their centres."""
    indicator = np.zeros((k, len(values)))
    indicator[labels, np.arange(len(values))] = weight
    mass = indicator.sum(axis=1)
    used = mass > 0
    centres = np.zeros((k, values.shape[1]))
    centres[used] = indicator[used] @ values / mass[used, None]
    order = np.lexsort((*np.round(centres.T[::-1], 9), -np.round(mass, 9)))
    place = np.empty(k, int)
    place[order] = np.arange(k)
    return centres[order], place[labels]


def _check_matrix(values: np.ndarray) -> np.ndarray:
    values = np.ascontiguousarray(values, dtype=float)
    if values.ndim != 2 or 0 in values.shape:
        raise ParameterError(f"values must be a matrix of units x variables; got shape {values.shape}")
    if not np.isfinite(values).all():
        rows = np.flatnonzero(~np.isfinite(values).all(axis=1))
        raise ParameterError(f"values must be finite; {len(rows)} of {len(values)} rows are not (first: row {rows[0]})")
    return values


def _collapse_weights(weights: np.ndarray, place: np.ndarray, distinct: int) -> np.ndarray:
    weights = np.asarray(weights, dtype=float)
    if weights.shape != place.shape:
        raise ParameterError(f"weights must be one number a unit; got shape {weights.shape} for {len(place)} units")
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ParameterError(f"weights must be positive and finite; the smallest is {weights.min()!r}")
    return np.bincount(place, weights=weights, minlength=distinct)
