"""Linear discriminant analysis from moments, for all answers or for those there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Moments", "classification_functions", "fit_moments", "score", "softmax"]

NEAREST_SINGULAR = 1e-3  # smallest eigenvalue of the within-segment correlation that is worked with


@dataclass(frozen=True)
class Moments:
    """What a linear discriminant needs to know of the people it learned from.

    Attributes
    ----------
    priors : ndarray of shape (n_segments,)
        Share of each segment.
    means : ndarray of shape (n_segments, n_columns)
    within : ndarray of shape (n_columns, n_columns)
        Pooled covariance within segments (divisor: total weight less the number of segments).
    sizes : ndarray of shape (n_segments,)
        Weight of each segment.
    ridge : float
        How much of the within-segment variances was added to them because columns nearly repeat each other; 0 where nothing was.
    """

    priors: np.ndarray
    means: np.ndarray
    within: np.ndarray
    sizes: np.ndarray
    ridge: float = 0.0


def fit_moments(values: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> Moments:
    """Shares, means and pooled covariance of segments.

    Parameters
    ----------
    values : ndarray of shape (n_people, n_columns)
        No missing values.
    labels : ndarray of int of shape (n_people,)
        0 to n_segments - 1, none of them empty.
    weights : ndarray of shape (n_people,), optional
        Positive; a weight of 2 counts as two people.

    Returns
    -------
    Moments

    Examples
    --------
    >>> learned = fit_moments(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    >>> learned.means.ravel().tolist(), learned.within.ravel().tolist(), learned.priors.tolist()
    ([1.0, 11.0], [2.0], [0.5, 0.5])
    """
    weights = np.ones(len(values)) if weights is None else weights
    member = np.zeros((len(values), int(labels.max()) + 1))
    member[np.arange(len(values)), labels] = weights
    sizes = member.sum(axis=0)
    means = (member.T @ values) / sizes[:, None]
    rest = values - means[labels]
    degrees = max(sizes.sum() - len(sizes), 1.0)
    within = (rest * weights[:, None]).T @ rest / degrees
    centre = weights @ values / weights.sum()
    total = weights @ (values - centre) ** 2 / weights.sum()
    variances = np.maximum(np.diag(within), NEAREST_SINGULAR * np.where(total > 0, total, 1.0))
    np.fill_diagonal(within, variances)
    scale = np.sqrt(variances)
    lowest = float(np.linalg.eigvalsh(within / np.outer(scale, scale))[0])
    ridge = max(0.0, (NEAREST_SINGULAR - lowest) / (1 - NEAREST_SINGULAR))
    within = (within + within.T) / 2 + ridge * np.diag(variances)
    return Moments(sizes / sizes.sum(), means, within, sizes, ridge)


def classification_functions(learned: Moments) -> np.ndarray:
    """Constant and coefficients of each segment: the largest of constant + coefficients' answers names the segment.

    Returns
    -------
    ndarray of shape (n_segments, 1 + n_columns)
        ``log prior - mean' W^-1 mean / 2`` and ``W^-1 mean``.

    Notes
    -----
    Fisher's classification functions, equal to those behind R's MASS::lda.

    Examples
    --------
    >>> learned = fit_moments(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    >>> classification_functions(learned).round(3).tolist()
    [[-0.943, 0.5], [-30.943, 5.5]]
    """
    slopes = np.linalg.solve(learned.within, learned.means.T).T
    constants = np.log(learned.priors) - 0.5 * (slopes * learned.means).sum(axis=1)
    return np.column_stack([constants, slopes])


def score(learned: Moments, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Probability of each segment from the columns known; with none of them known, the segments' shares.

    Parameters
    ----------
    learned : Moments
    values : ndarray of shape (n_people, n_columns)
    known : ndarray of bool of shape (n_people, n_columns)
        Columns that count; the others drop out of means and covariance, which is the discriminant of the known ones.

    Returns
    -------
    ndarray of shape (n_people, n_segments)

    Examples
    --------
    >>> learned = fit_moments(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    >>> score(learned, np.array([[6.0], [9.0]]), np.array([[True], [False]])).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    logs = np.tile(np.log(learned.priors), (len(values), 1))
    patterns, place = np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if not pattern.any():
            continue
        rows = np.flatnonzero(place.reshape(-1) == number)
        root = np.linalg.cholesky(learned.within[np.ix_(pattern, pattern)])
        away = values[rows][:, None, pattern] - learned.means[None][:, :, pattern]
        spread = np.linalg.solve(root, away.reshape(-1, int(pattern.sum())).T)
        logs[rows] -= 0.5 * (spread**2).sum(axis=0).reshape(len(rows), -1)
    return softmax(logs)


def softmax(logs: np.ndarray) -> np.ndarray:
    """Probabilities over the second axis from log scores."""
    shown = np.exp(logs - logs.max(axis=1, keepdims=True))
    return shown / shown.sum(axis=1, keepdims=True)
