"""Filling gaps by draws from one multivariate normal: only to see whether the gaps matter, never for a published solution."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import ParameterError

__all__ = ["draw_missing", "learn_normal"]

ROUNDS, RIDGE, DONE = 200, 1e-3, 1e-4


def learn_normal(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of a normal population from rows with gaps, by expectation and maximisation.

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
        NaN where a value is missing; every variable known for somebody.

    Returns
    -------
    (ndarray of shape (n_variables,), ndarray of shape (n_variables, n_variables))

    Raises
    ------
    ParameterError
        If a variable is missing for everybody.

    Notes
    -----
    Dempster, Laird and Rubin (1977); assumes that whether a value is missing depends on nothing but the values that are known.

    Examples
    --------
    >>> mean, covariance = learn_normal(np.array([[0.0, 0.0], [2.0, 2.0], [1.0, np.nan]]))
    >>> mean.round(2).tolist()
    [1.0, 1.0]
    """
    known = ~np.isnan(values)
    if not known.any(axis=0).all():
        raise ParameterError("a variable is missing for every unit, so its gaps cannot be filled")
    mean, covariance = np.nanmean(values, axis=0), np.diag(np.nanvar(values, axis=0) + RIDGE)
    patterns = [(pattern, (known == pattern).all(axis=1)) for pattern in np.unique(known, axis=0)]
    for _ in range(ROUNDS):
        filled, extra = np.nan_to_num(values), np.zeros_like(covariance)
        for pattern, rows in patterns:
            if not pattern.all():
                expected, left = _conditional(values[rows], pattern, mean, covariance)
                filled[np.ix_(rows, ~pattern)] = expected
                extra[np.ix_(~pattern, ~pattern)] += rows.sum() * left
        before = np.vstack([mean, covariance])
        mean = filled.mean(axis=0)
        away = filled - mean
        covariance = (away.T @ away + extra) / len(values)
        if np.abs(np.vstack([mean, covariance]) - before).max() < DONE:
            break
    return mean, covariance


def draw_missing(encoded: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The table with every gap filled by a draw from what is likely given the values that are known.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores; NaN where a unit lacks a variable.
    random : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        A copy without gaps.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 1.0, 2.0, None]})
    >>> bool(draw_missing(table, np.random.default_rng(1)).notna().all(axis=None))
    True
    """
    values = encoded.to_numpy(float, copy=True)
    known = ~np.isnan(values)
    if known.all():
        return encoded.copy()
    mean, covariance = learn_normal(values)
    for pattern in np.unique(known, axis=0):
        rows = (known == pattern).all(axis=1)
        if pattern.all():
            continue
        expected, left = _conditional(values[rows], pattern, mean, covariance)
        spread = np.linalg.cholesky((left + left.T) / 2 + RIDGE**2 * np.eye(len(left)))
        values[np.ix_(rows, ~pattern)] = expected + random.standard_normal(expected.shape) @ spread.T
    return pd.DataFrame(values, index=encoded.index, columns=encoded.columns)


def _conditional(
    values: np.ndarray, pattern: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Expected missing values given the known ones, and what variance is left."""
    inside = covariance[np.ix_(pattern, pattern)] + RIDGE**2 * np.eye(int(pattern.sum()))
    across = covariance[np.ix_(~pattern, pattern)]
    slopes = np.linalg.solve(inside, across.T).T if pattern.any() else np.zeros_like(across)
    expected = mean[~pattern] + (values[:, pattern] - mean[pattern]) @ slopes.T
    return expected, covariance[np.ix_(~pattern, ~pattern)] - slopes @ across.T
