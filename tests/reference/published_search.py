"""The search that the published figures come from, for many samples at once: ten starts at rows drawn at random.

flexclust (Lloyd's algorithm) and stats::kmeans (Hartigan and Wong's) begin at k different rows, each as likely. The
library's own search begins at rows far apart from each other and finds the best optimum more often, so that its repeats agree
more; with this one the published stability is met.
"""

from __future__ import annotations

import numpy as np


def search_samples(
    values: np.ndarray, weights: np.ndarray, k: int, *, starts: int = 10, seed: int, moves: bool = False
) -> np.ndarray:
    """Centres of the best of some random starts for each sample: (n_samples, k, n_variables).

    ``values`` (n_rows, n_variables) are distinct rows, ``weights`` (n_samples, n_rows) how many units of a sample have each.
    """
    random = np.random.default_rng(seed)
    mass = np.repeat(weights, starts, axis=0)
    keys = np.where(mass > 0, random.uniform(size=mass.shape), -1.0)
    centres = values[np.argsort(-keys, axis=1)[:, :k]]
    labels = (_hartigan_wong if moves else _lloyd)(values, mass, centres)
    within = (mass * np.take_along_axis(_distances(values, centres), labels[:, :, None], axis=2)[:, :, 0]).sum(axis=1)
    best = within.reshape(-1, starts).argmin(axis=1)
    return centres.reshape(-1, starts, k, values.shape[1])[np.arange(len(weights)), best]


def _distances(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances (n_runs, n_rows, k)."""
    square = (values**2).sum(axis=1)[None, :, None] + (centres**2).sum(axis=2)[:, None, :]
    return np.maximum(square - 2 * (values @ centres.transpose(0, 2, 1)), 0.0)


def _totals(values: np.ndarray, mass: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    member = (labels[:, :, None] == np.arange(k)) * mass[:, :, None]
    return member.sum(axis=1), member.transpose(0, 2, 1) @ values


def _lloyd(values: np.ndarray, mass: np.ndarray, centres: np.ndarray) -> np.ndarray:
    labels = np.full(mass.shape, -1)
    active = np.arange(len(mass))
    while len(active):
        new = _distances(values, centres[active]).argmin(axis=2)
        moved = (new != labels[active]).any(axis=1)
        labels[active] = new
        active = active[moved]
        total, sums = _totals(values, mass[active], labels[active], centres.shape[1])
        means = sums / np.where(total > 0, total, 1)[:, :, None]
        centres[active] = np.where(total[:, :, None] > 0, means, centres[active])
    return labels


def _hartigan_wong(values: np.ndarray, mass: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """From the first assignment on, row by row: to where one unit of it lowers the sum of squares most, until none does."""
    labels = _distances(values, centres).argmin(axis=2)
    total, sums = _totals(values, mass, labels, centres.shape[1])
    runs, moved = np.arange(len(mass)), True
    while moved:
        moved = False
        for row, value in enumerate(values):
            mean = sums / np.where(total > 0, total, 1)[:, :, None]
            distance = np.where(total > 0, ((value - mean) ** 2).sum(axis=2), np.inf)
            own, weight = labels[:, row], mass[:, row]
            cost = distance * (total / (total + 1.0))
            left = total[runs, own]
            loss = np.where(left > weight, distance[runs, own] * left / np.maximum(left - 1.0, 1e-9), -np.inf)
            cost[runs, own] = np.inf
            target = cost.argmin(axis=1)
            chosen = np.flatnonzero((weight > 0) & (cost[runs, target] < loss * (1 - 1e-9)))
            if len(chosen):
                moved = True
                for segment, sign in ((own[chosen], -1.0), (target[chosen], 1.0)):
                    total[chosen, segment] += sign * weight[chosen]
                    sums[chosen, segment] += sign * weight[chosen, None] * value
                labels[chosen, row] = target[chosen]
    centres[:] = sums / np.where(total > 0, total, 1)[:, :, None]
    return labels
