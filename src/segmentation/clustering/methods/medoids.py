"""Medoids on Gower's dissimilarity: real units stand for their segments, and numbers and names count side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..inputs import spawn_seeds
from .base import Method, Rows

__all__ = ["Medoids", "gower", "swap_medoids"]

MOST_ROWS = 2000  # more different rows than this: medoids are sought among as many, drawn at random
MOST_STARTS = 10
MOST_PASSES = 50


class Medoids(Method):
    """The k units from which everybody is least dissimilar in sum."""

    name: ClassVar[str] = "medoids"
    missing: ClassVar[bool] = True

    def fit_all(
        self,
        rows: Rows,
        numbers: Sequence[int],
        *,
        starts: int,
        random_state: int,
        like: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
        """One table of dissimilarities for every number.

        Model: variables, components, medoids (None for a missing value), ranges, named.
        """
        values, weights = _distinct(rows, random_state)
        named = np.array([level in ("nominal", "binary") for level in rows.levels])
        first = None if not like else next(iter(like.values()))
        ranges = _ranges(values, named) if first is None else np.array(first["ranges"], float)
        table = gower(values, values, ranges, named)
        able = _candidates(values, max(numbers))
        found = {}
        for k in numbers:
            chosen, facts = _search(table, weights, able, k, min(starts, MOST_STARTS), random_state)
            medoids = [[None if np.isnan(x) else float(x) for x in values[i]] for i in chosen]
            model = {
                "variables": list(rows.names),
                "components": k,
                "medoids": medoids,
                "ranges": ranges.tolist(),
                "named": named.tolist(),
            }
            found[k] = (model, {**facts, "sought_among": len(values)})
        return found

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """Shares of 1 over the dissimilarity from each medoid, over the variables both have; NaN without any."""
        apart = gower(values, _filled(model["medoids"]), np.array(model["ranges"], float), np.array(model["named"]))
        nearest = apart.min(axis=1, keepdims=True)
        at_one = nearest <= 1e-12
        safe = np.where(apart > 0, apart, 1.0)
        near = np.where(at_one, (apart <= 1e-12).astype(float), 1 / safe)
        found = near / near.sum(axis=1, keepdims=True)
        return np.where(np.isnan(values).all(axis=1)[:, None], np.nan, found)


def gower(one: np.ndarray, other: np.ndarray, ranges: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Gower's dissimilarity (1971) between two sets of units.

    Parameters
    ----------
    one, other : ndarray of shape (n, n_variables), (m, n_variables)
        NaN where missing.
    ranges : ndarray of shape (n_variables,)
        Largest less smallest value of each number; differences count as shares of it, at most 1.
    named : ndarray of shape (n_variables,)
        True where values are names: 0 if the same, 1 if not.

    Returns
    -------
    ndarray of shape (n, m)
        Mean over the variables that both have, 0 to 1; 1 where they have none in common.

    Examples
    --------
    >>> gower(np.array([[0.0, 2.0]]), np.array([[5.0, 2.0], [np.nan, 1.0]]), np.array([10.0, 1.0]), np.array([False, True]))
    array([[0.25, 1.  ]])
    """
    total, shared = np.zeros((len(one), len(other))), np.zeros((len(one), len(other)))
    for column in range(one.shape[1]):
        a, b = one[:, column][:, None], other[:, column][None, :]
        known = ~np.isnan(a) & ~np.isnan(b)
        apart = (a != b).astype(float) if named[column] else np.minimum(np.abs(a - b) / ranges[column], 1.0)
        total += np.where(known, apart, 0.0)
        shared += known
    return np.where(shared > 0, total / np.maximum(shared, 1), 1.0)


def swap_medoids(
    table: np.ndarray, weights: np.ndarray, chosen: Sequence[int], able: np.ndarray | None = None
) -> tuple[list[int], float]:
    """Exchange medoids for other rows as long as the weighted sum of dissimilarities falls.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_rows)
    weights : ndarray of shape (n_rows,)
    chosen : sequence of int
        Different rows to begin with.
    able : ndarray of int, optional
        Rows that may become medoids; default: all.

    Returns
    -------
    tuple of list of int, float
        Medoids and the sum.

    Notes
    -----
    The eager swaps of FasterPAM (Schubert and Rousseeuw 2021): for each row the best exchange with any medoid is found in one pass.

    Examples
    --------
    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 9.0, 10.0], [0.0, 1.0, 9.0, 10.0]))
    >>> swap_medoids(line, np.ones(4), [0, 1])
    ([2, 1], 2.0)
    """
    chosen, k = list(chosen), len(chosen)
    able = np.arange(len(table)) if able is None else able
    n, since = len(able), 0
    nearest, first, second = _two_nearest(table, chosen)
    removal = np.bincount(nearest, weights=weights * (second - first), minlength=k)
    for candidate in range(n * MOST_PASSES):
        row = int(able[candidate % n])
        if since == n:
            break
        since += 1
        if row in chosen:
            continue
        apart = table[row]
        gain = apart - first
        closer = gain < 0
        between = ~closer & (apart < second)
        change = removal + np.bincount(
            nearest,
            weights=weights * np.where(closer, first - second, np.where(between, apart - second, 0.0)),
            minlength=k,
        )
        best = int(change.argmin())
        if change[best] + float(weights[closer] @ gain[closer]) < -1e-9:
            chosen[best] = row
            nearest, first, second = _two_nearest(table, chosen)
            removal = np.bincount(nearest, weights=weights * (second - first), minlength=k)
            since = 0
    return chosen, float(weights @ first)


def _two_nearest(table: np.ndarray, chosen: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest medoid of each row, how far it is, and how far the next."""
    apart = table[list(chosen)]
    nearest = apart.argmin(axis=0)
    first = apart[nearest, np.arange(table.shape[1])]
    if len(chosen) == 1:
        return nearest, first, np.full(table.shape[1], table.max() + 1)
    rest = apart.copy()
    rest[nearest, np.arange(table.shape[1])] = np.inf
    return nearest, first, rest.min(axis=0)


def _search(
    table: np.ndarray, weights: np.ndarray, able: np.ndarray, k: int, starts: int, random_state: int
) -> tuple[list[int], dict[str, Any]]:
    """The best of several starts, each seeded far apart (k-means++ on dissimilarities)."""
    results = []
    mass = np.zeros(len(table))
    mass[able] = weights[able]
    for seed in spawn_seeds(random_state, "medoids", k, size=starts):
        random = np.random.default_rng(seed)
        chosen = [int(random.choice(len(table), p=mass / mass.sum()))]
        while len(chosen) < k:
            chance = mass * table[chosen].min(axis=0)
            if not chance.sum() > 0:
                chance = np.where(np.isin(np.arange(len(table)), chosen), 0.0, mass)
            chosen.append(int(random.choice(len(table), p=chance / chance.sum())))
        results.append(swap_medoids(table, weights, chosen, able))
        best = min(total for _, total in results)
        if sum(total <= best * (1 + 1e-9) for _, total in results) >= 5:
            break
    totals = np.array([total for _, total in results])
    others = totals[totals > totals.min() * (1 + 1e-9)]
    gap = float(others.min() / totals.min() - 1) if others.size and totals.min() > 0 else None
    chosen = min(results, key=lambda result: result[1])[0]
    return sorted(chosen), {
        "hits": int((totals <= totals.min() * (1 + 1e-9)).sum()),
        "near": int((totals <= totals.min() * 1.001).sum()),
        "starts": len(totals),
        "runner_up_gap": gap,
        "dissimilarity": float(totals.min() / weights.sum()),
    }


def _distinct(rows: Rows, random_state: int) -> tuple[np.ndarray, np.ndarray]:
    marked = np.where(np.isnan(rows.values), np.inf, rows.values)
    found, place = np.unique(marked, axis=0, return_inverse=True)
    weights = np.bincount(place.reshape(-1), weights=rows.weights, minlength=len(found))
    values = np.where(np.isinf(found), np.nan, found)
    if len(values) <= MOST_ROWS:
        return values, weights
    random = np.random.default_rng(spawn_seeds(random_state, "medoids rows", size=1)[0])
    kept = np.sort(random.choice(len(values), MOST_ROWS, replace=False, p=weights / weights.sum()))
    return values[kept], np.ones(MOST_ROWS)


def _ranges(values: np.ndarray, named: np.ndarray) -> np.ndarray:
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    return np.where(named | (high <= low), 1.0, high - low)


def _filled(medoids: Sequence[Sequence[float | None]]) -> np.ndarray:
    return np.array(medoids, dtype=float)


def _candidates(values: np.ndarray, k: int) -> np.ndarray:
    """Rows that may be medoids: those without a missing value, since what a unit lacks cannot be unlike others; all if too few."""
    complete = np.flatnonzero(~np.isnan(values).any(axis=1))
    return complete if len(complete) >= k else np.arange(len(values))
