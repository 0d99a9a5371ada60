"""Ward's tree of merges, with weights: the two segments whose union costs least are joined until k are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..inputs import spawn_seeds
from .base import Method, Rows
from .kmeans import place_by_centres

__all__ = ["Ward", "ward_merges"]

MOST_ROWS = 3000  # more different rows than this: the tree is grown on as many, drawn at random


class Ward(Method):
    """Segments of a tree of merges, cut at k; everybody is then placed by the nearest centre."""

    name: ClassVar[str] = "ward"

    def fit(
        self, rows: Rows, segments: int, *, starts: int, random_state: int, like: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model: variables, components, centres, variance."""
        return self.fit_all(rows, [segments], starts=starts, random_state=random_state)[segments]

    def fit_all(
        self,
        rows: Rows,
        numbers: Sequence[int],
        *,
        starts: int,
        random_state: int,
        like: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
        """One tree, cut at every number."""
        values, place = np.unique(rows.values, axis=0, return_inverse=True)
        weights = np.bincount(place.reshape(-1), weights=rows.weights)
        if len(values) > MOST_ROWS:
            seed = spawn_seeds(random_state, "ward", size=1)[0]
            kept = np.sort(
                np.random.default_rng(seed).choice(len(values), MOST_ROWS, replace=False, p=weights / weights.sum())
            )
            values, weights = values[kept], np.ones(MOST_ROWS)
        merges = ward_merges(values, weights)
        found = {}
        for k in numbers:
            labels = _cut(merges, len(values), k)
            mass = np.bincount(labels, weights=weights)
            centres = np.stack([np.bincount(labels, weights=weights * column) / mass for column in values.T], axis=1)
            variance = float(weights @ ((values - centres[labels]) ** 2).sum(axis=1) / weights.sum() / values.shape[1])
            model = {
                "variables": list(rows.names),
                "components": k,
                "centres": centres.tolist(),
                "variance": variance,
            }
            nearest = np.nan_to_num(self.place(model, values)).argmax(axis=1)
            found[k] = (model, {"kept": float(weights @ (nearest == labels) / weights.sum()), "grown_on": len(values)})
        return found

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """By equal round clouds around the centres, over the variables a unit has."""
        return place_by_centres(model, values)


def ward_merges(values: np.ndarray, weights: np.ndarray) -> list[tuple[int, int, float]]:
    """All merges, cheapest first, by chains of nearest neighbours.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_variables)
    weights : ndarray of shape (n_rows,)
        A row of weight 2 counts as two units.

    Returns
    -------
    list of tuple of int, int, float
        A row of either side (any member stands for its segment), and by how much the merge raises the sum of squares.

    Notes
    -----
    Ward (1963); nearest-neighbour chains (Murtagh 1983) give the same tree as the greedy order, since the cost cannot fall. Nothing
    but centres is kept, so that memory grows with the rows and not with their square.

    Examples
    --------
    >>> ward_merges(np.array([[0.0], [1.0], [5.0]]), np.ones(3))
    [(0, 1, 0.5), (0, 2, 13.5)]
    """
    centres, mass = values.astype(float).copy(), weights.astype(float).copy()
    active = np.ones(len(values), dtype=bool)
    chain: list[int] = []
    merges: list[tuple[int, int, float]] = []
    while len(merges) < len(values) - 1:
        if not chain:
            chain.append(int(np.flatnonzero(active)[0]))
        tip = chain[-1]
        others = np.flatnonzero(active)
        cost = ((centres[others] - centres[tip]) ** 2).sum(axis=1) * (
            mass[others] * mass[tip] / (mass[others] + mass[tip])
        )
        cost[others == tip] = np.inf
        best = int(cost.argmin())
        nearest, lowest = int(others[best]), float(cost[best])
        if len(chain) > 1:
            before = float(cost[np.searchsorted(others, chain[-2])])
            if before <= lowest:
                nearest, lowest = chain[-2], before
        if len(chain) > 1 and nearest == chain[-2]:
            one, other = min(tip, nearest), max(tip, nearest)
            total = mass[one] + mass[other]
            centres[one] = (centres[one] * mass[one] + centres[other] * mass[other]) / total
            mass[one], active[other] = total, False
            merges.append((one, other, lowest))
            del chain[-2:]
        else:
            chain.append(nearest)
    return sorted(merges, key=lambda merge: merge[2])


def _cut(merges: list[tuple[int, int, float]], n: int, k: int) -> np.ndarray:
    """Labels after the cheapest n - k merges."""
    parent = np.arange(n)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    for one, other, _ in merges[: n - k]:
        parent[root(other)] = root(one)
    return np.unique([root(i) for i in range(n)], return_inverse=True)[1].reshape(-1)
