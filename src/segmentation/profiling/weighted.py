"""Estimates of weighted units: means, shares, their linearised errors, and how much unequal weights cost."""

from __future__ import annotations

import numpy as np

__all__ = [
    "effective_bases",
    "rank_design_effect",
    "share_bases",
    "table_design_effect",
    "weighted_moments",
]


def effective_bases(weights: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Kish's effective base of each column of ``member``: as many equally weighted units would tell as much.

    Parameters
    ----------
    weights : ndarray of shape (n_units,)
    member : ndarray of shape (n_units, n_segments)
        1.0 where a unit is in a segment.

    Returns
    -------
    ndarray of shape (n_segments,)
        0 for an empty segment. Equal weights give the number of units.

    Examples
    --------
    >>> effective_bases(np.array([1.0, 1.0, 2.0, 5.0]), np.eye(2)[[0, 0, 0, 1]]).round(3).tolist()
    [2.667, 1.0]
    """
    squares = weights**2 @ member
    return np.divide((weights @ member) ** 2, squares, out=np.zeros(len(squares)), where=squares > 0)


def weighted_moments(values: np.ndarray, weights: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weighted mean of each segment and its linearised (Taylor) standard error.

    Parameters
    ----------
    values, weights : ndarray of shape (n_units,)
    member : ndarray of shape (n_units, n_segments)

    Returns
    -------
    (ndarray, ndarray, ndarray) of shape (n_segments,)
        Mean (NaN in an empty segment), standard error (NaN below two units), effective base.

    Notes
    -----
    The mean is a ratio of two totals; its variance is n / (n - 1) sum w^2 (y - mean)^2 / (sum w)^2 with every unit drawn by itself.
    With equal weights that is the variance of the sample divided by n.

    Examples
    --------
    >>> mean, error, base = weighted_moments(np.array([1.0, 2, 3, 6]), np.ones(4), np.ones((4, 1)))
    >>> mean.tolist(), error.round(4).tolist(), base.tolist()
    ([3.0], [1.0801], [4.0])
    """
    n, total = member.sum(axis=0), weights @ member
    mean = np.divide((weights * values) @ member, total, out=np.full(len(n), np.nan), where=total > 0)
    off = (
        weights[:, None] * (values[:, None] - np.where(n > 0, mean, 0.0)) * member
    )  # two passes: exact for large values
    more = np.divide(n, n - 1, out=np.full(len(n), np.nan), where=n > 1)
    error = np.sqrt(more * (off**2).sum(axis=0)) / np.where(total > 0, total, np.nan)
    return mean, error, effective_bases(weights, member)


def share_bases(hits: np.ndarray, squares_hit: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Effective base of shares: the smaller of Kish's and that of the linearised variance.

    Kish's is too large where the trait goes with heavy weights, the linearised one is unreliable in few units. With the smaller
    of both, Wilson's interval covered 92 to 98 % where weights vary by up to 85 % of their mean and correlate with the trait at -.5
    to .5, and 90 % at worst where they vary by 150 %; with either alone as little as 83 % (benchmarks/interval_coverage.py).

    Parameters
    ----------
    hits, total : ndarray of shape (n_segments,)
        Sums of the weights of units with the trait, and of all.
    squares_hit, squares : ndarray of shape (n_segments,)
        Sums of squared weights.

    Examples
    --------
    >>> share_bases(np.array([20.0]), np.array([20.0]), np.array([50.0]), np.array([50.0])).round(6).tolist()
    [50.0]
    """
    kish = np.divide(total**2, squares, out=np.zeros(len(total)), where=squares > 0)
    share = np.divide(hits, total, out=np.zeros(len(total)), where=total > 0)
    variance = squares_hit * (1 - share) ** 2 + (squares - squares_hit) * share**2
    spread = share * (1 - share) * total**2
    linearised = np.divide(spread, variance, out=kish.copy(), where=(variance > 1e-300) & (spread > 1e-300))
    return np.minimum(kish, linearised)


def table_design_effect(cells: np.ndarray, weights: np.ndarray, shape: tuple[int, int]) -> tuple[float, float]:
    """Rao and Scott's correction of a weighted table's test of independence.

    Parameters
    ----------
    cells : ndarray of shape (n_units,)
        Position of each unit's cell in the table, row by row.
    weights : ndarray of shape (n_units,)
    shape : (int, int)
        Rows and columns of the table.

    Returns
    -------
    float, float
        Mean design effect, by which chi-squared (of proportions by weight, times the number of units) is divided, and the degrees
        of freedom that are left where design effects differ between directions (at most those of the table).

    Notes
    -----
    Rao and Scott (1984), On chi-squared tests for multiway contingency tables with cell proportions estimated from survey
    data, Annals of Statistics 12, second order: chi-squared is, without an association, a sum of squares of which each counts by an
    eigenvalue of the linearised covariance matrix of the departures from independence; it is compared with the chi-squared
    distribution that has the same mean and variance (Satterthwaite). Each unit is taken as drawn by itself.

    Examples
    --------
    >>> effect, freedom = table_design_effect(np.array([0, 1, 2, 3]), np.ones(4), (2, 2))
    >>> round(effect, 6), round(freedom, 6)
    (1.0, 1.0)
    """
    n, size = len(cells), shape[0] * shape[1]
    first = np.bincount(cells, weights=weights, minlength=size).reshape(shape) / weights.sum()
    second = np.bincount(cells, weights=weights**2, minlength=size).reshape(shape) / weights.sum() ** 2
    kept = np.ix_(first.sum(axis=1) > 0, first.sum(axis=0) > 0)
    first, second = first[kept], second[kept]
    table_freedom = (first.shape[0] - 1) * (first.shape[1] - 1)
    if table_freedom < 1:
        return 1.0, float(table_freedom)
    rows, columns = ((np.eye(len(part)) - part) / np.sqrt(part) for part in (first.sum(axis=1), first.sum(axis=0)))
    parts = np.einsum("ai,bj->abij", rows, columns).reshape(
        first.size, first.size
    )  # a unit of cell (a, b) on departure (i, j)
    covariance = n * (parts * second.reshape(-1, 1)).T @ parts
    mean, square = float(np.trace(covariance)), float((covariance**2).sum())
    return max(mean / table_freedom, 1e-9), min(mean**2 / square, float(table_freedom)) if square > 0 else float(
        table_freedom
    )


def rank_design_effect(ranks: np.ndarray, weights: np.ndarray, member: np.ndarray) -> float:
    """By how much weights inflate Kruskal and Wallis's H where segments do not differ: 1 with equal weights.

    Parameters
    ----------
    ranks : ndarray of shape (n_units,)
        Ranks of the values among all, by weight.
    weights : ndarray of shape (n_units,)
    member : ndarray of shape (n_units, n_segments)

    Notes
    -----
    The counterpart of Rao and Scott's correction: expectation of the weighted sum of squared differences of mean ranks under no
    difference, with linearised variances, over that of a simple random sample. Ranks by weight follow Lumley and Scott (2013),
    Two-sample rank tests under complex sampling, Biometrika 100.
    """
    used = member[:, member.sum(axis=0) > 0]
    if used.shape[1] < 2:
        return 1.0
    part = weights @ used / weights.sum()
    centre = weights @ ranks / weights.sum()
    off = (ranks - centre)[:, None] * used  # no difference between segments: everybody's mean rank is each segment's
    variance = weights**2 @ off**2 / (weights @ used) ** 2
    spread = weights @ (ranks - centre) ** 2 / weights.sum()
    if spread <= 0:
        return 1.0
    return max(float((part * (1 - part) * variance).sum() / spread * len(ranks) / (used.shape[1] - 1)), 1e-9)
