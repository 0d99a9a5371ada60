"""k-means behind the common interface; the line itself uses the compiled search with its own resampling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..kmeans import search_kmeans
from .base import Method, Rows, spherical_probabilities

__all__ = ["KMeans", "place_by_centres"]


class KMeans(Method):
    """Centres that leave the smallest sum of squares within segments."""

    name: ClassVar[str] = "kmeans"

    def fit(
        self, rows: Rows, segments: int, *, starts: int, random_state: int, like: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model: variables, components, centres, variance."""
        found = search_kmeans(
            rows.values,
            segments,
            starts=starts,
            random_state=random_state,
            weights=rows.weights if rows.weighted else None,
        )
        gap = found.runner_up_gap
        facts = {
            "hits": found.hits,
            "near": found.near,
            "starts": found.starts,
            "runner_up_gap": None if np.isnan(gap) else gap,
        }
        variance = found.within_ss / (float(rows.weights.sum()) * rows.values.shape[1])
        return {
            "variables": list(rows.names),
            "components": segments,
            "centres": found.centres.tolist(),
            "variance": float(variance),
        }, facts

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """By equal round clouds around the centres, over the variables a unit has."""
        return place_by_centres(model, values)


def place_by_centres(model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities by centres and pooled variance; NaN for a unit without any variable.

    Examples
    --------
    >>> model = {"centres": [[0.0], [2.0]], "variance": 1.0}
    >>> place_by_centres(model, np.array([[1.0], [0.0], [np.nan]])).round(3).tolist()
    [[0.5, 0.5], [0.881, 0.119], [nan, nan]]
    """
    centres = np.array(model["centres"], dtype=float)
    squares = np.where(np.isnan(values)[:, None, :], 0.0, (values[:, None, :] - centres) ** 2).sum(axis=2)
    found = spherical_probabilities(squares, float(model["variance"]))
    return np.where(np.isnan(values).all(axis=1)[:, None], np.nan, found)
