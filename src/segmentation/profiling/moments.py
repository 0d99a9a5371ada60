"""Means of many variables in all segments at once, and the same in resamples of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..study import Study
from .everybody import Everybody
from .intervals import bootstrap_weights

__all__ = ["Moments", "draw_limits", "measure_moments", "numbers_of", "resample_means"]


@dataclass(frozen=True)
class Moments:
    """Mean, its linearised standard error, standard deviation between units, units and effective base.

    Each of shape (n_segments, n_variables); mean NaN in an empty segment, error and sd NaN below two units.
    """

    mean: np.ndarray
    error: np.ndarray
    sd: np.ndarray
    n: np.ndarray
    effective: np.ndarray


def numbers_of(everybody: Everybody, names: Sequence[str]) -> np.ndarray:
    """Variables as float64, shape (n_units, len(names)), NaN missing."""
    return everybody.values[list(names)].to_numpy(float, na_value=np.nan)


def measure_moments(values: np.ndarray, weights: np.ndarray, member: np.ndarray) -> Moments:
    """Weighted moments of every column in every segment, each over the units that have a value.

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
        NaN where a unit has no value.
    weights : ndarray of shape (n_units,)
    member : ndarray of shape (n_units, n_segments)

    Notes
    -----
    As ``weighted_moments``, for tables with gaps: variance of the mean n / (n - 1) sum w^2 (y - mean)^2 / (sum w)^2.

    Examples
    --------
    >>> found = measure_moments(np.array([[1.0], [3.0], [np.nan]]), np.ones(3), np.ones((3, 1)))
    >>> float(found.mean[0, 0]), float(found.error[0, 0]), int(found.n[0, 0])
    (2.0, 1.0, 2)
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    shares, squares = member * weights[:, None], member * (weights**2)[:, None]
    total, total_squares, n = shares.T @ known, squares.T @ known, member.T @ known
    safe = np.where(total > 0, total, 1.0)
    mean = np.where(total > 0, shares.T @ filled / safe, np.nan)
    effective = np.divide(total**2, total_squares, out=np.zeros_like(total), where=total_squares > 0)
    more = np.divide(n, n - 1, out=np.full(n.shape, np.nan), where=n > 1)
    error, sd = np.empty_like(mean), np.empty_like(mean)
    for place in range(member.shape[1]):  # two passes: exact for large values
        off = np.where(known, filled - np.where(total[place] > 0, mean[place], 0.0), 0.0) ** 2
        error[place] = np.sqrt(more[place] * (squares[:, place] @ off)) / safe[place]
        sd[place] = np.sqrt(more[place] * (shares[:, place] @ off) / safe[place])
    return Moments(mean, error, sd, n, effective)


def resample_means(everybody: Everybody, values: np.ndarray, study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segment means, their weighted bases and sizes in bootstrap samples; units are drawn with equal chance and keep their weight.

    Parameters
    ----------
    everybody : Everybody
    values : ndarray of shape (n_units, n_variables)
    study : Study
        ``choices.draws`` and ``random_state`` are used.

    Returns
    -------
    (ndarray of shape (n_draws, n_segments, n_variables), the same, ndarray of shape (n_draws, n_segments))
        Means (NaN where nobody was drawn), the weights they rest on, and weighted sizes.
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0) * everybody.weights[:, None]
    counted = known * everybody.weights[:, None]
    places = [np.flatnonzero(everybody.codes == code) for code in range(len(everybody.segments))]
    means, bases, sizes = [], [], []
    for drawn in bootstrap_weights(len(values), study.choices.draws, study.choices.random_state):
        sums = np.stack([drawn[:, place] @ filled[place] for place in places], axis=1)
        counts = np.stack([drawn[:, place] @ counted[place] for place in places], axis=1)
        means.append(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
        bases.append(counts)
        sizes.append(np.stack([drawn[:, place] @ everybody.weights[place] for place in places], axis=1))
    return np.concatenate(means), np.concatenate(bases), np.concatenate(sizes)


def draw_limits(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """2.5 and 97.5 % points of each column over draws (rows), draws without a value left out; NaN where none has one.

    Examples
    --------
    >>> low, high = draw_limits(np.array([[1.0, np.nan], [3.0, np.nan]]))
    >>> low.tolist(), high.tolist()
    ([1.05, nan], [2.95, nan])
    """
    limits = np.full((2, drawn.shape[1]), np.nan)
    for column, values in enumerate(drawn.T):
        known = values[~np.isnan(values)]
        if len(known):
            limits[:, column] = np.quantile(known, [0.025, 0.975])
    return limits[0], limits[1]
