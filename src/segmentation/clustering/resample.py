"""Bootstrap samples of units, and how much of a partition comes back in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError
from ..study import Choices
from .inputs import DistinctRows, spawn_seeds
from .kmeans import Search, adjusted_rand
from .packed import Rows, Sample, map_threads

__all__ = ["Draws", "best_overlap", "cross_table", "resample", "starts_needed"]

FEWEST_STARTS, MOST_STARTS, MISS = 5, 20, 0.01


@dataclass(frozen=True)
class Draws:
    """Units that share a row and a weight are one group; a bootstrap sample is a number of units a group.

    Attributes
    ----------
    place : ndarray of shape (n_groups,)
        Distinct row of each group.
    weight : ndarray of shape (n_groups,)
        Weight of each of its units; their mean over all units is 1.
    sizes : ndarray of shape (n_groups,)
        Units a group.
    rows : int
        Number of distinct rows.
    """

    place: np.ndarray
    weight: np.ndarray
    sizes: np.ndarray
    rows: int

    @classmethod
    def of(cls, rows: DistinctRows, weights: np.ndarray | None = None) -> Draws:
        """Groups of the units of ``rows``; equal weights are the same as none.

        Raises
        ------
        ParameterError
            If weights are not one positive number a unit.
        """
        distinct = len(rows.values)
        everybody = cls(np.arange(distinct), np.ones(distinct), rows.counts, distinct)
        if weights is None:
            return everybody
        weights = np.asarray(weights, dtype=float)
        if weights.shape != rows.place.shape:
            raise ParameterError(
                f"weights must be one number a unit; got shape {weights.shape} for {len(rows.place)} units"
            )
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise ParameterError(f"weights must be positive and finite; the smallest is {weights.min()!r}")
        if weights.min() == weights.max():
            return everybody
        order = np.lexsort((weights, rows.place))
        place, weight = rows.place[order], weights[order]
        new = np.concatenate([[True], (np.diff(place) != 0) | (np.diff(weight) != 0)])
        sizes = np.diff(np.append(np.flatnonzero(new), len(place)))
        return cls(place[new], weight[new] / weight.mean(), sizes, distinct)

    @property
    def mass(self) -> np.ndarray:
        """Weight of all units of each distinct row, shape (rows,)."""
        return np.bincount(self.place, weights=self.weight * self.sizes, minlength=self.rows)

    def sample(self, random: np.random.Generator) -> np.ndarray:
        """Weight of each distinct row in a bootstrap sample: units are drawn with equal chance, each keeps its weight."""
        n = int(self.sizes.sum())
        if 2 * len(self.sizes) < n:
            drawn = random.multinomial(n, self.sizes / n)
        else:
            units = np.repeat(np.arange(len(self.sizes)), self.sizes)
            drawn = np.bincount(units[random.integers(n, size=n)], minlength=len(self.sizes))
        return np.bincount(self.place, weights=self.weight * drawn, minlength=self.rows)


def starts_needed(search: Search) -> int:
    rate = min(search.near / search.starts, 0.999)
    return int(np.clip(np.ceil(np.log(MISS) / np.log1p(-rate)), FEWEST_STARTS, MOST_STARTS))


def resample(
    rows: DistinctRows,
    searches: Mapping[int, Search],
    starts: Mapping[int, int],
    choices: Choices,
    *,
    weights: np.ndarray | None = None,
) -> dict[int, tuple[np.ndarray, np.ndarray, int]]:
    """How much of each partition comes back in bootstrap samples of units.

    Parameters
    ----------
    rows : DistinctRows
    searches : Mapping of int to Search
        Best partition of all units by number of segments.
    starts : Mapping of int to int
        Random starts a sample, by number of segments.
    choices : Choices
        ``pairs`` and ``random_state`` are used.
    weights : ndarray of shape (n_units,), optional
        Positive weights in the order of the units. Units are drawn with equal chance, each keeps its weight, and agreement and
        overlap count weights.

    Returns
    -------
    dict
        For each k: agreement of each pair (adjusted Rand index), overlap of each segment in each sample (pairs * 2, k), pairs
        that lost a segment.

    Raises
    ------
    ParameterError
        If weights are not one positive number a unit.

    Notes
    -----
    A sample is the same distinct rows with other weights; no row is copied. Samples of more than 8,192 distinct rows are searched
    on 4,096 of them, drawn at random, from twice as many starts (see ``Sample``). ``starts`` are those of a smaller sample.
    """
    draws = Draws.of(rows, weights)
    mass = draws.mass
    packed = Rows.of(rows.values, mass)
    whole = packed.pack(mass)
    first = np.empty(len(rows.values), np.int64)
    first[rows.place[::-1]] = np.arange(len(rows.place))[::-1]
    reference = {k: search.labels[first] for k, search in searches.items()}

    def draw(pair: int) -> dict[int, tuple[float, np.ndarray, bool]]:
        random = np.random.default_rng(spawn_seeds(choices.random_state, "pairs", pair, size=4))
        seeds = random.integers(2**32, size=(2, Sample.seeds(max(starts.values()))), dtype=np.uint32)
        labels: dict[int, list[np.ndarray]] = {k: [] for k in searches}
        for i in range(2):
            sample = Sample.of(packed, draws.sample(random), random)
            for k in searches:
                labels[k].append(whole.label(sample.search(k, seeds[i, : Sample.seeds(starts[k])])[1]))
            del sample
        found = {}
        for k, both in labels.items():
            overlaps = np.array([best_overlap(cross_table(reference[k], label, mass, k)) for label in both])
            lost = any(len(np.unique(label)) < k for label in both)
            found[k] = (adjusted_rand(cross_table(*both, mass, k)), overlaps, lost)
        return found

    found = map_threads(draw, range(choices.pairs))
    return {
        k: (
            np.array([one[k][0] for one in found]),
            np.concatenate([one[k][1] for one in found]),
            sum(one[k][2] for one in found),
        )
        for k in searches
    }


def cross_table(first: np.ndarray, second: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(first * k + second, weights=counts, minlength=k * k).reshape(k, k)


def best_overlap(table: np.ndarray) -> np.ndarray:
    """Best Jaccard similarity of each row's segment with any column's."""
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return (table / np.where(union > 0, union, 1.0)).max(axis=1)
