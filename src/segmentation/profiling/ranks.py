"""Ranks of weighted units, and Kruskal and Wallis's statistic of them."""

from __future__ import annotations

import numpy as np

__all__ = ["kruskal_h", "weighted_ranks"]


def kruskal_h(values: np.ndarray, onehot: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kruskal and Wallis's H, corrected for ties, of weighted samples.

    Parameters
    ----------
    values : ndarray of shape (n_units,)
    onehot : ndarray of shape (n_units, n_segments)
    weights : ndarray of shape (n_draws, n_units)
        How often each unit counts; ones for the sample itself.

    Returns
    -------
    (ndarray, ndarray) of shape (n_draws,)
        H (0 where all values are equal) and its degrees of freedom.

    Examples
    --------
    >>> h, freedom = kruskal_h(np.array([1.0, 2, 3, 4]), np.eye(2)[[0, 0, 1, 1]], np.ones((1, 4)))
    >>> h.round(6).tolist(), freedom.tolist()
    ([2.4], [1])
    """
    order, tied, middle = _midranks(values, weights)
    member, weights = onehot[order], weights[:, order]
    ranks = (middle * weights) @ member
    sizes = weights @ member
    n = sizes.sum(axis=1)
    used = sizes > 0
    parts = np.divide(ranks**2, sizes, out=np.zeros_like(ranks), where=used).sum(axis=1)
    h = 12 / (n * (n + 1)) * parts - 3 * (n + 1)
    correction = 1 - (tied**3 - tied).sum(axis=1) / np.maximum(n**3 - n, 1)
    h = np.divide(h, correction, out=np.zeros_like(h), where=correction > 1e-12)
    return np.maximum(h, 0.0), used.sum(axis=1) - 1


def weighted_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mid-ranks where a unit of weight 2 takes two ranks; shape (n_draws, n_units), in the order of ``values``.

    Examples
    --------
    >>> weighted_ranks(np.array([5.0, 7.0, 7.0]), np.array([[2.0, 1.0, 1.0]])).tolist()
    [[1.5, 3.5, 3.5]]
    """
    order, _, middle = _midranks(values, weights)
    ranks = np.empty_like(middle)
    ranks[:, order] = middle
    return ranks


def _midranks(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of the values, weight of each group of equal ones, and mid-ranks in that order."""
    order = np.argsort(values, kind="stable")
    ordered, heavy = values[order], weights[:, order]
    fresh = np.append(True, ordered[1:] != ordered[:-1])
    tied = np.add.reduceat(heavy, np.flatnonzero(fresh), axis=1)
    middle = np.cumsum(tied, axis=1) - tied + (tied + 1) / 2
    return order, tied, middle[:, np.cumsum(fresh) - 1]
