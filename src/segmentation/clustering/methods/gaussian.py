"""A mixture of normals with full covariances: segments of any elliptical shape."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..inputs import spawn_seeds
from .base import Method, Rows
from .latent import describe_fit

__all__ = ["Gaussian"]

FLOOR = 0.01  # added to every variance: a heap of equal values would else be a segment of no width
MOST_STARTS = 10
MOST_ITERATIONS = 500
HITS = 3
SAME = 0.05  # two log-likelihoods nearer than this are the same optimum: the search stops at steps that small


class Gaussian(Method):
    """Normals with means and covariances of their own, by scikit-learn's EM."""

    name: ClassVar[str] = "gaussian"
    weights: ClassVar[bool] = False

    def fit(
        self, rows: Rows, segments: int, *, starts: int, random_state: int, like: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model: variables, components, shares, means, covariances."""
        values = np.repeat(
            rows.values, rows.weights.astype(int), axis=0
        )  # whole numbers: how often a sample drew a unit
        best, reached = None, []
        for seed in spawn_seeds(random_state, "gaussian", segments, size=min(starts, MOST_STARTS)):
            found = _climb(values, segments, int(seed % 2**31))
            reached.append(float(found.score(values)) * len(values))
            if best is None or reached[-1] == max(reached):
                best = found
            if sum(r >= max(reached) - SAME for r in reached) >= HITS:
                break
        assert best is not None
        p = values.shape[1]
        model = _model(rows, best)
        joint = _joint(model, values)
        parameters = segments - 1 + segments * (p + p * (p + 1) // 2)
        hits = sum(r >= max(reached) - SAME for r in reached)
        others = [r for r in reached if r < max(reached) - SAME]
        gap = (max(reached) - max(others)) / abs(max(reached)) if others else None
        return model, {
            **describe_fit(joint, np.ones(len(values)), parameters),
            "hits": hits,
            "near": hits,
            "starts": len(reached),
            "runner_up_gap": gap,
            "converged": bool(best.converged_),
        }

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """Bayes' rule with the normals of the variables a unit has; NaN without any."""
        joint = _joint(model, values)
        found = np.exp(joint - joint.max(axis=1, keepdims=True))
        found = found / found.sum(axis=1, keepdims=True)
        return np.where(np.isnan(values).all(axis=1)[:, None], np.nan, found)


def _climb(
    values: np.ndarray, segments: int, seed: int, *, iterations: int = MOST_ITERATIONS, **begin: np.ndarray
) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    mixture = GaussianMixture(
        segments,
        reg_covar=FLOOR,
        tol=1e-5,
        max_iter=iterations,
        init_params="k-means++",
        random_state=seed,
        **begin,
    )
    # Small matrices: more threads than one only wait for each other.
    with (
        threadpool_limits(1),
        warnings.catch_warnings(),
    ):  # that it did not settle is kept as a fact (converged) and printed
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(values)


def _model(rows: Rows, found: Any) -> dict[str, Any]:
    return {
        "variables": list(rows.names),
        "components": int(found.n_components),
        "shares": found.weights_.tolist(),
        "means": found.means_.tolist(),
        "covariances": found.covariances_.tolist(),
    }


def _joint(model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Log of share times density, by the variables each unit has."""
    shares, means = np.array(model["shares"], float), np.array(model["means"], float)
    covariances = np.array(model["covariances"], float)
    joint = np.tile(np.log(shares), (len(values), 1))
    patterns, place = np.unique(~np.isnan(values), axis=0, return_inverse=True)
    for position, known in enumerate(patterns):
        if not known.any():
            continue
        member = place.reshape(-1) == position
        for component in range(len(shares)):
            lower = np.linalg.cholesky(covariances[component][np.ix_(known, known)])
            scaled = np.linalg.solve(lower, (values[member][:, known] - means[component, known]).T)
            size = known.sum() * np.log(2 * np.pi) + 2 * np.log(np.diag(lower)).sum()
            joint[member, component] += -0.5 * (size + (scaled**2).sum(axis=0))
    return joint
