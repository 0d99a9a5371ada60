"""Density: segments are crowds with emptier space between them; who is in no crowd is in no segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..kmeans import search_kmeans
from .base import EVERYBODY, Method, Rows

__all__ = ["Density"]

SMALLEST_SHARE, SMALLEST = 0.04, 10
MEMBERS_EACH, MOST_POINTS = 5, 30  # at least so many units behind each stored point, and at most so many points a crowd
REACH = 0.95  # share of a crowd's own members that its limit takes in


class Density(Method):
    """HDBSCAN (Campello, Moulavi and Sander 2013); the number of segments comes out of it.

    What is kept of a crowd is no unit's data but up to 30 points, each the mean of some 5 members or more, and a limit: the distance to the
    nearest point within which 95 % of its own members lie. A new unit is in the crowd whose point is nearest in terms of that
    crowd's limit, if it is within the limit; otherwise it is in no segment.
    """

    name: ClassVar[str] = "hdbscan"
    weights: ClassVar[bool] = False
    numbers: ClassVar = "found"

    def fit(
        self, rows: Rows, segments: int, *, starts: int, random_state: int, like: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model: variables, components, points (a list a crowd), limits; or everybody, where there are no crowds."""
        import hdbscan

        n = len(rows.values)
        smallest = max(SMALLEST, round(SMALLEST_SHARE * n))
        labels = np.full(n, -1)
        if n >= 2 * smallest:
            finder = hdbscan.HDBSCAN(min_cluster_size=smallest, min_samples=min(10, smallest), core_dist_n_jobs=1)
            labels = finder.fit_predict(rows.values)
        crowds = int(labels.max()) + 1
        facts = {"smallest": smallest, "noise": float((labels < 0).mean()), "found": crowds}
        if crowds == 0:
            return {**EVERYBODY, "variables": list(rows.names), "components": 1}, facts
        points, limits = [], []
        for crowd in range(crowds):
            own = rows.values[labels == crowd]
            wanted = int(np.clip(len(own) // MEMBERS_EACH, 1, MOST_POINTS))
            wanted = min(wanted, len(np.unique(own, axis=0)))
            found = search_kmeans(own, wanted, starts=1, random_state=random_state).centres
            points.append(found.tolist())
            limits.append(max(float(np.quantile(_distance(own, found), REACH)), 1e-9))
        model = {"variables": list(rows.names), "components": crowds, "points": points, "limits": limits}
        placed = self.place(model, rows.values)
        again = np.where(placed.max(axis=1) > 0, placed.argmax(axis=1), -1)
        return model, {**facts, "kept": float((again == labels).mean())}

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """Strength exp(-(d/limit)^2) of each crowd whose limit is kept, as shares; zeros outside all; NaN without any variable."""
        scaled = np.column_stack(
            [
                _distance(values, np.array(points, float)) / limit
                for points, limit in zip(model["points"], model["limits"], strict=True)
            ]
        )
        strength = np.where(scaled <= 1 + 1e-12, np.exp(-(scaled**2)), 0.0)
        total = strength.sum(axis=1, keepdims=True)
        found = strength / np.where(total > 0, total, 1.0)
        return np.where(np.isnan(values).all(axis=1)[:, None], np.nan, found)


def _distance(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Root mean square difference to the nearest point, over the variables a unit has."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    squares = (filled**2).sum(axis=1)[:, None] - 2 * filled @ points.T + known @ (points**2).T
    return np.sqrt(np.maximum(squares.min(axis=1), 0.0) / np.maximum(known.sum(axis=1), 1))
