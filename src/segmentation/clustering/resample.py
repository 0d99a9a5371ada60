"""Bootstrap samples of units, and how much of a partition comes back in them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..study import Choices
from .inputs import DistinctRows, spawn_seeds
from .kmeans import Search, adjusted_rand, fit_weighted, map_threads, nearest_centres, pad

__all__ = ["best_overlap", "cross_table", "resample", "starts_needed"]

FEWEST_STARTS, MOST_STARTS, MISS = 5, 20, 0.01


def starts_needed(search: Search) -> int:
    rate = min(search.near / search.starts, 0.999)
    return int(np.clip(np.ceil(np.log(MISS) / np.log1p(-rate)), FEWEST_STARTS, MOST_STARTS))


def resample(
    rows: DistinctRows, searches: Mapping[int, Search], starts: Mapping[int, int], choices: Choices
) -> dict[int, tuple[np.ndarray, np.ndarray, int]]:
    """For each k: agreement of each pair, overlap of each segment in each sample (pairs * 2, k), pairs that lost a segment."""
    padded, n = pad(rows.values), int(rows.counts.sum())
    first = np.unique(rows.place, return_index=True)[1]
    reference = {k: search.labels[first] for k, search in searches.items()}

    def draw(pair: int) -> dict[int, tuple[float, np.ndarray, bool]]:
        random = np.random.default_rng(spawn_seeds(choices.random_state, "pairs", pair, size=4))
        seeds = random.integers(2**32, size=(2, max(starts.values())), dtype=np.uint32)
        samples = [random.multinomial(n, rows.counts / n).astype(float) for _ in range(2)]
        kept = [np.flatnonzero(sample) for sample in samples]
        columns = [np.ascontiguousarray(padded[:, chosen]) for chosen in kept]
        found = {}
        for k in searches:
            labels = []
            for i in range(2):
                centres = fit_weighted(columns[i], samples[i][kept[i]], k, seeds[i, : starts[k]])[1]
                labels.append(nearest_centres(rows.values, centres[:, : rows.values.shape[1]]))
            overlaps = np.array([best_overlap(cross_table(reference[k], label, rows.counts, k)) for label in labels])
            lost = any(len(np.unique(label)) < k for label in labels)
            found[k] = (adjusted_rand(cross_table(*labels, rows.counts, k)), overlaps, lost)
        return found

    draws = map_threads(draw, range(choices.pairs))
    return {
        k: (
            np.array([found[k][0] for found in draws]),
            np.concatenate([found[k][1] for found in draws]),
            sum(found[k][2] for found in draws),
        )
        for k in searches
    }


def cross_table(first: np.ndarray, second: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(first * k + second, weights=counts, minlength=k * k).reshape(k, k)


def best_overlap(table: np.ndarray) -> np.ndarray:
    """Best Jaccard similarity of each row's segment with any column's."""
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return (table / np.where(union > 0, union, 1.0)).max(axis=1)
