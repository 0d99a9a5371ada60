"""Rules of thumb for "are there segments, and how many?", as they are commonly used, so that their error rates can be told.

Each returns the number of segments it names; 1 means that it says there are none.
"""

from __future__ import annotations

import numpy as np

from segmentation.clustering.inputs import spawn_seeds
from segmentation.clustering.kmeans import fit_weighted, nearest_centres, pad

GAP_REFERENCES = 20
SPLITS = 10
RULES: dict[str, str] = {
    "silhouette": "the k with the largest mean silhouette width, if that is above .25",
    "elbow": "the k farthest below the straight line from the within-sum of squares of 1 segment to that of the most (it cannot say none)",
    "gap": "gap statistic: the smallest k with gap(k) >= gap(k + 1) - s(k + 1), 20 references uniform in the box of the data",
    "strength": "prediction strength: the largest k with at least .80, mean of 10 halvings",
    "stability": "the k whose bootstrap repeats agree best, if their mean adjusted Rand index is at least .80",
}


def fit(values: np.ndarray, k: int, seed: int, starts: int = 5) -> tuple[np.ndarray, float, np.ndarray]:
    """Labels, within-segment sum of squares and centres of the best of some k-means starts."""
    within, centres = fit_weighted(pad(values), np.ones(len(values)), k, spawn_seeds(seed, "folk", k, size=starts))
    centres = np.ascontiguousarray(centres[:, : values.shape[1]])
    return nearest_centres(values, centres), float(within.min()), centres


def name_by_silhouette(values: np.ndarray, labels: dict[int, np.ndarray], limit: float = 0.25) -> int:
    from sklearn.metrics import pairwise_distances, silhouette_score

    distances = pairwise_distances(values)
    widths = {k: silhouette_score(distances, label, metric="precomputed") for k, label in labels.items()}
    best = max(widths, key=lambda k: widths[k])
    return best if widths[best] > limit else 1


def name_by_elbow(within: dict[int, float]) -> int:
    """``within`` from 1 segment on."""
    counts = np.array(sorted(within), float)
    curve = np.array([within[int(k)] for k in counts])
    x, y = (counts - counts[0]) / np.ptp(counts), (curve - curve[-1]) / (curve[0] - curve[-1])
    return int(counts[np.argmax(1 - x - y)])


def name_by_gap(values: np.ndarray, within: dict[int, float], seed: int) -> int:
    random = np.random.default_rng([seed, 2])
    low, high, counts = values.min(axis=0), values.max(axis=0), sorted(within)
    logs = np.empty((GAP_REFERENCES, len(counts)))
    for row in logs:
        reference = random.uniform(low, high, size=values.shape)
        row[:] = np.log([total_ss(reference) if k == 1 else fit(reference, k, seed, starts=2)[1] for k in counts])
    gap = logs.mean(axis=0) - np.log([within[k] for k in counts])
    slack = logs.std(axis=0) * np.sqrt(1 + 1 / GAP_REFERENCES)
    passing = np.flatnonzero(gap[:-1] >= gap[1:] - slack[1:])
    return counts[passing[0]] if len(passing) else counts[-1]


def name_by_strength(values: np.ndarray, counts: list[int], seed: int, limit: float = 0.8) -> int:
    """Tibshirani and Walther (2005)."""
    random = np.random.default_rng([seed, 3])
    strengths = dict.fromkeys(counts, 0.0)
    for _ in range(SPLITS):
        order = random.permutation(len(values))
        halves = values[order[: len(values) // 2]], values[order[len(values) // 2 :]]
        for k in counts:
            if min(len(np.unique(half, axis=0)) for half in halves) < k:
                continue
            fitted = [fit(half, k, seed, starts=3) for half in halves]
            both = [weakest(halves[i], fitted[i][0], fitted[1 - i][2], k) for i in (0, 1)]
            strengths[k] += float(np.mean(both)) / SPLITS
    strong = [k for k in counts if strengths[k] >= limit]
    return max(strong, default=1)


def weakest(values: np.ndarray, labels: np.ndarray, centres: np.ndarray, k: int) -> float:
    """Share of pairs of the worst segment that the other half's centres keep together."""
    predicted = nearest_centres(values, centres)
    table = np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)
    size = table.sum(axis=1)
    pairs = np.maximum(size * (size - 1), 1)
    return float(((table * (table - 1)).sum(axis=1) / pairs).min())


def total_ss(values: np.ndarray) -> float:
    return float(((values - values.mean(axis=0)) ** 2).sum())


def apply_rules(values: np.ndarray, counts: list[int], seed: int) -> dict[str, int]:
    """Number of segments each rule names; the elbow and the gap look one further, as they are used to."""
    fitted = {k: fit(values, k, seed, starts=10) for k in [*counts, counts[-1] + 1]}
    within = {1: total_ss(values), **{k: found[1] for k, found in fitted.items()}}
    return {
        "silhouette": name_by_silhouette(values, {k: fitted[k][0] for k in counts}),
        "elbow": name_by_elbow(within),
        "gap": name_by_gap(values, within, seed),
        "strength": name_by_strength(values, counts, seed),
    }
