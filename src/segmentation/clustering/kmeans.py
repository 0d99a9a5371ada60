"""The search for the best k-means partition, and how sure one can be that it is the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError
from .inputs import check_count, distinct_rows, spawn_seeds
from .packed import Found, Packed, Rows, distinct_optima, map_threads, threads

__all__ = ["Search", "adjusted_rand", "fit_weighted", "map_threads", "nearest_centres", "search_kmeans", "warm"]

SAME = 1e-6  # two sums of squares nearer than this, relatively, are the same optimum
NEAR = 1e-3
HITS = 5
PATIENCE = 20  # rounds, where rows are few
FEW_ROWS = 2048  # up to here every start is polished; above, only those that come near the best
HOPE = 0.005
SEARCH_ROWS = 16384  # random starts run on at most so many distinct rows, drawn at random; the best go on with all
RACERS, LAPS = 4, 10
LOOSE = 1e-3
CHUNK = 1 << 16


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
    sample : int or None
        Distinct rows, drawn at random, on which the starts ran (hits, near and runner_up_gap speak of these; the best partitions
        went on with all rows); None if they ran on all.
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
    sample: int | None = None


def search_kmeans(
    values: np.ndarray, segments: int, *, starts: int = 50, random_state: int, weights: np.ndarray | None = None
) -> Search:
    """Look for the partition with the smallest within-segment sum of squares until it has been found often.

    Starts go on in rounds of ``starts`` until the best has been reached 5 times, for at most 20 rounds (100 where distinct rows
    are 300 or fewer, 10 of 16,384): a best optimum seen once is a lucky find, and a better one may be left. The order of units does not
    matter.

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
    usual ten starts miss it one time in six. Searched in float32; the partition that is kept is brought to a fixed point of
    Lloyd's algorithm in float64, and its sums are exact. Above 16,384 distinct rows the random starts run on a random sample of so
    many, and the four best different optima run on all rows: ten passes each, then the leader to the end.

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
    packed = Rows.of(rows.values, weight)
    found, sample = _search(packed, weight, k, starts, random_state)
    best = found.within.min()
    others = found.within[found.within > best * (1 + SAME)]
    centres = found.centres[found.best]
    if sample is not None:
        whole = packed.pack(weight)
        raced = whole.refine(distinct_optima(found, RACERS), passes=LAPS)
        centres = whole.refine(raced.centres[[raced.best]], polish=True).centres[0]
    centres, labels = _settle(rows.values, weight, centres)
    centres, labels = _order_segments(centres, labels, np.bincount(labels, weights=weight, minlength=k))
    unit_labels = labels[rows.place]
    return Search(
        segments=k,
        centres=centres,
        labels=unit_labels,
        sizes=np.bincount(unit_labels, minlength=k),
        within_ss=_spread(rows.values, weight, centres, labels),
        total_ss=_spread(rows.values, weight, np.average(rows.values, axis=0, weights=weight)[None], None),
        hits=int((found.within <= best * (1 + SAME)).sum()),
        near=int((found.within <= best * (1 + NEAR)).sum()),
        starts=int(found.within.size),
        runner_up_gap=float(others.min() / best - 1) if others.size and best > 0 else float("nan"),
        sample=sample,
    )


def fit_weighted(
    padded: np.ndarray, weight: np.ndarray, k: int, seeds: np.ndarray, *, polish: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Within-segment sum of squares of each start, and centres of the best (padded width).

    ``padded`` is what ``pad`` makes; rows of weight 0 must be left out by the caller. ``polish`` moves single rows after Lloyd's
    algorithm has ended.
    """
    found = Rows.of(padded.T, weight).pack(weight).search(k, seeds, polish=polish)
    return found.within, found.centres[found.best]


def pad(values: np.ndarray) -> np.ndarray:
    """Rows as columns, variables padded with zeros to a multiple of 4."""
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


def warm() -> None:
    """Compile the loops and the map into numba's cache on disk (once, about 30 s); later processes load them in seconds."""
    from .embedding import warm_map

    fit_weighted(pad(np.arange(8.0).reshape(4, 2)), np.ones(4), 2, np.zeros(1, np.uint32))
    warm_map()


def _search(rows: Rows, weight: np.ndarray, k: int, starts: int, random_state: int) -> tuple[Found, int | None]:
    """All starts, polished where they come near the best, and the number of rows if they ran on a sample."""
    index, sample = None, None
    if len(weight) > SEARCH_ROWS:
        random = np.random.default_rng(spawn_seeds(random_state, "sample", size=4))
        index = np.sort(random.choice(len(weight), SEARCH_ROWS, replace=False))
        weight, sample = weight[index], SEARCH_ROWS
    packed = rows.pack(weight, index)
    patience = _most_rounds(len(weight))
    seeds = spawn_seeds(random_state, "search", k, size=starts * patience)
    found = Found(np.empty(0), np.empty((0, k, len(rows.offset))))
    for round_seeds in np.split(seeds, patience):
        found = _join([found, _search_round(packed, k, round_seeds, found)])
        if (found.within <= found.within.min() * (1 + SAME)).sum() >= min(HITS, starts * patience):
            break
    return found, sample


def _most_rounds(rows: int) -> int:
    """Rounds until the search gives up: 100 of up to 300 rows, 20 of 1,500 to 8,192, 10 of 16,384."""
    return int(
        max(np.clip(20 * PATIENCE * 75 // rows, PATIENCE, 5 * PATIENCE) if rows <= 8192 else PATIENCE * 8192 // rows, 1)
    )


def _search_round(packed: Packed, k: int, seeds: np.ndarray, before: Found) -> Found:
    """One round of starts on all processors; how they are divided among them does not change any of them."""
    few = len(packed.index) <= FEW_ROWS
    parts = [part for part in np.array_split(seeds, threads()) if part.size]
    now = _join(map_threads(lambda part: packed.search(k, part, polish=few, least=0.0 if few else LOOSE), parts))
    if few:
        return now
    limit = min([now.within.min(), *before.within]) * (1 + HOPE)
    hopeful = np.flatnonzero(now.within <= limit)
    better = _join(map_threads(lambda start: packed.refine(now.centres[[start]], polish=True), hopeful))
    now.within[hopeful], now.centres[hopeful] = better.within, better.centres
    return now


def _join(parts: list[Found]) -> Found:
    return Found(np.concatenate([part.within for part in parts]), np.concatenate([part.centres for part in parts]))


def _settle(values: np.ndarray, weight: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd's algorithm in float64 from centres that float32 has found: exact means, and labels that are nearest to them."""
    k, labels = len(centres), np.empty(0, int)
    for _ in range(100):
        before, labels = labels, _label_exactly(values, centres)
        if np.array_equal(before, labels):
            break
        mass = np.bincount(labels, weights=weight, minlength=k)
        sums = np.column_stack([np.bincount(labels, weights=weight * column, minlength=k) for column in values.T])
        centres = np.where(mass[:, None] > 0, sums / np.where(mass > 0, mass, 1.0)[:, None], centres)
    return centres, labels


def _label_exactly(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    if len(values) <= CHUNK:
        return nearest_centres(values, centres)
    pieces = [values[low : low + CHUNK] for low in range(0, len(values), CHUNK)]
    return np.concatenate(map_threads(lambda piece: nearest_centres(piece, centres), pieces))


def _spread(values: np.ndarray, weight: np.ndarray, centres: np.ndarray, labels: np.ndarray | None) -> float:
    """Weighted sum of squared distances to the centre of each row's segment; no labels: to the only centre."""
    total = 0.0
    for low in range(0, len(values), CHUNK):
        piece = slice(low, low + CHUNK)
        centre = centres if labels is None else centres[labels[piece]]
        total += float(weight[piece] @ ((values[piece] - centre) ** 2).sum(axis=1))
    return total


def _order_segments(centres: np.ndarray, labels: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The heaviest segment first; equals by how far out they are (which no order of columns changes), then by their centres."""
    order = np.lexsort((*np.round(centres.T[::-1], 9), -np.round((centres**2).sum(axis=1), 9), -np.round(mass, 9)))
    place = np.empty(len(centres), int)
    place[order] = np.arange(len(centres))
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
    if distinct == len(place):
        found = np.empty(distinct)
        found[place] = weights
        return found
    order = np.lexsort((weights, place))  # sums must not depend on the order of units
    return np.bincount(place[order], weights=weights[order], minlength=distinct)
