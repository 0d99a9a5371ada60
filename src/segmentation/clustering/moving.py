"""The model behind real moves: units that differ for good, answers and counts that wobble, and a few that change segment.

A unit's values in two quarters are its segment's mean, plus what sets it apart in both quarters, plus what is of one quarter only. Only the
last is noise of a move; taking the whole spread within a segment for noise, as a correction by one quarter's membership probabilities does,
would call nearly every move noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["MoveModel", "fit_moves"]

LEAST_WOBBLE = (
    0.01  # of a variable's variance within segments; without it a variable that stood still would outweigh all others
)
SOME = 1.0  # units' worth of belief, a segment, that its movers go where movers go
CLOSE = 1e-6  # gain in log-likelihood a unit at which the search ends
MOST_ROUNDS = 200


@dataclass(frozen=True)
class MoveModel:
    """What two quarters of the same units say about who changed segment.

    Attributes
    ----------
    centres : ndarray of shape (n_segments, n_variables)
    spread : ndarray of shape (2 * n_variables, 2 * n_variables)
        Covariance within segments, of the quarter before and the quarter now side by side.
    chances : ndarray of shape (n_segments, n_segments)
        Share of units by segment before (rows) and now (columns).
    posterior : ndarray of shape (n_units, n_segments, n_segments)
        The same for each unit, given what was seen of it.
    """

    centres: np.ndarray
    spread: np.ndarray
    chances: np.ndarray
    posterior: np.ndarray


def fit_moves(values: np.ndarray, centres: np.ndarray) -> MoveModel:
    """Fit the model by expectation and maximisation (EM), from the centres of a solution.

    Parameters
    ----------
    values : ndarray of shape (n_units, 2 * n_variables)
        Last quarter's values, then this quarter's; NaN where a unit has none, or where this quarter's is last quarter's answer again.
    centres : ndarray of shape (n_segments, n_variables)

    Returns
    -------
    MoveModel

    Notes
    -----
    A latent transition model with random intercepts (Muthen and Asparouhov 2022, Psychological Methods 27, 1-16), with normal variables:
    means by segment, one covariance W within a quarter and one L between quarters for all segments; W - L is the wobble. Chances of a
    move are drawn slightly towards those of all movers (a mover-stayer start), so that a flow nobody took is rare and not impossible.
    """
    n, k = len(values), len(centres)
    seen = list(_patterns(values))
    spread, centres = _start(values, centres), centres.copy()
    chances = np.full((k, k), 0.1 / max(1, k * (k - 1)))
    np.fill_diagonal(chances, 0.9 / k)
    last, posterior = -np.inf, np.zeros((n, k, k))
    for _ in range(MOST_ROUNDS):
        posterior, fit = _expect(values, seen, _pairs(centres), spread, chances)
        if fit - last < CLOSE * n:
            break
        last, chances = fit, _chances(posterior)
        spread, centres = _maximise(values, seen, posterior, centres, spread)
    return MoveModel(centres, spread, chances, posterior)


def _pairs(centres: np.ndarray) -> np.ndarray:
    k = len(centres)
    return np.hstack([np.repeat(centres, k, axis=0), np.tile(centres, (k, 1))])


def _patterns(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Units with the same gaps: their places, the columns they have and those they lack."""
    keys, which = np.unique(~np.isnan(values), axis=0, return_inverse=True)
    for number, key in enumerate(keys):
        yield np.flatnonzero(which.ravel() == number), np.flatnonzero(key), np.flatnonzero(~key)


def _start(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Half of a variable's variance around the nearest centres is lasting, half is not."""
    p = centres.shape[1]
    both = np.vstack([values[:, :p], values[:, p:]])
    gaps = both[:, None, :] - centres
    nearest = np.nan_to_num(gaps**2).sum(axis=2).argmin(axis=1)
    own = np.take_along_axis(gaps, nearest[:, None, None], axis=1)[:, 0]
    variance = np.diag(np.nan_to_num(np.nanvar(own, axis=0), nan=1.0) + LEAST_WOBBLE)
    return np.block([[variance, variance / 2], [variance / 2, variance]])


def _expect(
    values: np.ndarray, seen: list[tuple[np.ndarray, ...]], pairs: np.ndarray, spread: np.ndarray, chances: np.ndarray
) -> tuple[np.ndarray, float]:
    """Chance of every pair of segments for each unit, and the log-likelihood."""
    from scipy.linalg import solve_triangular

    k, logs = len(chances), np.zeros((len(values), len(pairs)))
    for rows, have, _ in seen:
        if not len(have):
            continue
        root = np.linalg.cholesky(spread[np.ix_(have, have)])
        x = solve_triangular(root, values[np.ix_(rows, have)].T, lower=True)
        m = solve_triangular(root, pairs[:, have].T, lower=True)
        squares = (x**2).sum(axis=0)[:, None] - 2 * x.T @ m + (m**2).sum(axis=0)
        logs[rows] = -0.5 * squares - np.log(np.diag(root)).sum() - 0.5 * len(have) * np.log(2 * np.pi)
    logs += np.log(np.maximum(chances, 1e-300)).ravel()
    top = logs.max(axis=1, keepdims=True)
    raised = np.exp(logs - top)
    total = raised.sum(axis=1, keepdims=True)
    return (raised / total).reshape(-1, k, k), float((top + np.log(total)).sum())


def _chances(posterior: np.ndarray) -> np.ndarray:
    counts = posterior.sum(axis=0)
    moved = counts * (1 - np.eye(len(counts)))
    rate = (moved.sum() + 0.05 * SOME) / (counts.sum() + SOME)
    where = np.tile(moved.sum(axis=0) + 1e-3, (len(counts), 1)) * (1 - np.eye(len(counts)))
    usual = rate * where / where.sum(axis=1, keepdims=True) + (1 - rate) * np.eye(len(counts))
    given = counts + SOME * usual
    start = counts.sum(axis=1, keepdims=True) / counts.sum()
    return start * given / given.sum(axis=1, keepdims=True)


def _maximise(
    values: np.ndarray,
    seen: list[tuple[np.ndarray, ...]],
    posterior: np.ndarray,
    centres: np.ndarray,
    spread: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance and means given the chances; what a unit lacks is filled by its expectation, with the doubt about it."""
    (k, p), pairs, weights = centres.shape, _pairs(centres), posterior.reshape(len(posterior), -1)
    squares, shifts = np.zeros_like(spread), np.zeros_like(pairs)
    for rows, have, lack in seen:
        if not len(have):
            squares += len(rows) * spread
            continue
        fill = np.zeros((len(have), 2 * p))
        fill[:, have] = np.eye(len(have))
        fill[:, lack] = np.linalg.solve(spread[np.ix_(have, have)], spread[np.ix_(have, lack)])
        x, m, w = values[np.ix_(rows, have)], pairs[:, have], weights[rows]
        cross = x.T @ (w @ m)
        inner = x.T @ x - cross - cross.T + m.T @ (w.sum(axis=0)[:, None] * m)
        squares += fill.T @ inner @ fill
        squares[np.ix_(lack, lack)] += len(rows) * (
            spread[np.ix_(lack, lack)] - spread[np.ix_(lack, have)] @ fill[:, lack]
        )
        shifts += (w.T @ x - w.sum(axis=0)[:, None] * m) @ fill
    counts = weights.sum(axis=0).reshape(k, k)
    shifts = shifts.reshape(k, k, 2 * p)
    moved = shifts[:, :, :p].sum(axis=1) + shifts[:, :, p:].sum(axis=0)
    members = counts.sum(axis=1) + counts.sum(axis=0)
    swap = np.r_[p : 2 * p, :p]
    found = (squares + squares[np.ix_(swap, swap)]) / (2 * len(values))
    found[np.diag_indices(2 * p)] *= 1 + LEAST_WOBBLE
    return found, centres + moved / np.maximum(members, 1.0)[:, None]
