"""Effect sizes and the control of false discoveries, shared by everything that compares."""

from __future__ import annotations

import numpy as np

__all__ = ["adjust_fdr", "bergsma_v", "chi_squared", "standardised_difference"]


def chi_squared(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's chi-squared of many tables of counts, empty rows and columns left out.

    Parameters
    ----------
    tables : ndarray of shape (..., n_rows, n_columns)

    Returns
    -------
    (ndarray, ndarray) of shape (...)
        Statistic and degrees of freedom.

    Examples
    --------
    >>> statistic, freedom = chi_squared(np.array([[10.0, 20.0], [20.0, 10.0]]))
    >>> round(float(statistic), 4), int(freedom)
    (6.6667, 1)
    """
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    total = rows.sum(axis=-1)
    expected = rows[..., :, None] * columns[..., None, :] / np.maximum(total, 1)[..., None, None]
    parts = np.divide((tables - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
    freedom = ((rows > 0).sum(axis=-1) - 1) * ((columns > 0).sum(axis=-1) - 1)
    return parts.sum(axis=(-2, -1)), np.maximum(freedom, 0)


def bergsma_v(tables: np.ndarray, *, noise: float = 1.0) -> np.ndarray:
    """Bias-corrected Cramer's V: 0 no association, 1 the one name determines the other.

    Parameters
    ----------
    tables : ndarray of shape (..., n_rows, n_columns)
        Counts.
    noise : float
        How many times the chance part of phi squared, (r - 1)(c - 1) / (n - 1), is taken off. 1 for data; 2 for
        bootstrap draws, which carry the chance of the data and that of drawing.

    Returns
    -------
    ndarray of shape (...)
        NaN where a table has a single row or column.

    Notes
    -----
    Bergsma (2013), A bias-correction for Cramer's V and Tschuprow's T, Journal of the Korean Statistical Society 42.

    Examples
    --------
    >>> float(bergsma_v(np.array([[10.0, 0.0], [0.0, 10.0]])))
    1.0
    """
    statistic, freedom = chi_squared(tables)
    n = tables.sum(axis=(-2, -1))
    r, c = (tables.sum(axis=-1) > 0).sum(axis=-1), (tables.sum(axis=-2) > 0).sum(axis=-1)
    room = np.maximum(n - 1, 1)
    phi = np.maximum(0.0, statistic / np.maximum(n, 1) - noise * freedom / room)
    least = np.minimum(r - (r - 1) ** 2 / room, c - (c - 1) ** 2 / room) - 1
    ratio = np.divide(phi, least, out=np.full(np.shape(phi), np.nan), where=least > 0)
    return np.sqrt(np.minimum(ratio, 1.0))


def standardised_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Difference of two means in pooled standard deviations; NaN if a sample is empty, 0 if neither varies and both
    agree.

    Examples
    --------
    >>> standardised_difference(np.array([1.0, 3.0]), np.array([0.0, 2.0]))
    1.0
    """
    if not len(first) or not len(second):
        return float("nan")
    spread = float(np.sqrt((first.var() + second.var()) / 2))
    difference = float(first.mean() - second.mean())
    if spread == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return difference / spread


def adjust_fdr(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's q: the share of false discoveries if everything up to this p is called one; NaN stays
    NaN.

    Examples
    --------
    >>> adjust_fdr(np.array([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = ~np.isnan(p)
    if known.any():
        adjusted[known] = false_discovery_control(p[known])
    return adjusted
