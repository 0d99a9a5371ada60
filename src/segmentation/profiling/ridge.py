"""Penalised regression, small and fast: logistic for yes/no outcomes, linear for numbers, the penalty chosen by AIC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["RidgeFit", "area_by_column", "explained", "fit_ridge"]

PENALTIES = (30.0, 8.0, 2.0, 0.5, 0.12, 0.03)  # per unit of information, largest first
STEPS = 25
TOLERANCE = 1e-3  # of a step; Newton's steps square the error, so what is left is about 1e-6


@dataclass(frozen=True)
class RidgeFit:
    """Coefficients of centred columns, the constant, and the penalty that was chosen."""

    coefficients: np.ndarray
    constant: float
    penalty: float

    def predict(self, columns: np.ndarray) -> np.ndarray:
        """Linear predictor: log odds of yes, or the expected value."""
        return columns @ self.coefficients + self.constant


def fit_ridge(columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray, *, binary: bool) -> RidgeFit:
    """Ridge regression over a path of penalties.

    Parameters
    ----------
    columns : ndarray of shape (n_units, n_columns)
        On comparable scales.
    outcome, weights : ndarray of shape (n_units,)
        Weights have a mean of 1.
    binary : bool
        Logistic regression; else linear.

    Returns
    -------
    RidgeFit
        With the penalty of lowest AIC (deviance plus twice the effective number of coefficients). Nothing outside the given units is
        looked at, so that a fit inside a fold knows that fold alone.

    Notes
    -----
    Hoerl and Kennard (1970); le Cessie and van Houwelingen (1992), Ridge estimators in logistic regression, Applied Statistics 41.

    Examples
    --------
    >>> x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    >>> fit_ridge(x, np.array([0.0, 2.0, 4.0, 6.0]), np.ones(4), binary=False).coefficients.round(1).tolist()
    [1.9]
    """
    best, lowest, start = None, np.inf, None
    middle = float(weights @ outcome / weights.sum())
    information = weights.sum() * (middle * (1 - middle) if binary else 1.0)
    solve = _logistic if binary else _linear
    for share in PENALTIES:
        fit, criterion, start = solve(columns, outcome, weights, share * information, start)
        if criterion < lowest:
            best, lowest = fit, criterion
        else:
            break  # AIC falls to its lowest and rises again
    assert best is not None
    return best


def _linear(
    columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray, penalty: float, start: np.ndarray | None
) -> tuple[RidgeFit, float, None]:
    total = weights.sum()
    centre, middle = weights @ columns / total, weights @ outcome / total
    x, y = columns - centre, outcome - middle
    gram = (x * weights[:, None]).T @ x
    inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
    beta = inverse @ ((x * weights[:, None]).T @ y)
    rest = float(weights @ (y - x @ beta) ** 2)
    criterion = total * np.log(max(rest, 1e-300) / total) + 2 * (np.trace(inverse @ gram) + 1)
    return RidgeFit(beta, float(middle - centre @ beta), penalty), float(criterion), None


def _logistic(
    columns: np.ndarray, outcome: np.ndarray, weights: np.ndarray, penalty: float, start: np.ndarray | None
) -> tuple[RidgeFit, float, np.ndarray]:
    x = np.column_stack([np.ones(len(columns)), columns])
    penalties = np.full(x.shape[1], penalty)
    penalties[0] = 0.0
    middle = np.clip(weights @ outcome / weights.sum(), 1e-9, 1 - 1e-9)
    beta = np.append(np.log(middle / (1 - middle)), np.zeros(columns.shape[1])) if start is None else start
    for _ in range(STEPS):
        chance = _chance(x @ beta)
        gram = (x * (weights * np.maximum(chance * (1 - chance), 1e-10))[:, None]).T @ x
        step = np.linalg.solve(gram + np.diag(penalties), x.T @ (weights * (outcome - chance)) - penalties * beta)
        beta = beta + step * min(
            1.0, 5.0 / max(np.abs(step).max(), 1e-12)
        )  # a bounded step: separated outcomes do not run off
        if np.abs(step).max() < TOLERANCE:
            break
    chance = np.clip(_chance(x @ beta), 1e-12, 1 - 1e-12)
    deviance = -2 * float(weights @ (outcome * np.log(chance) + (1 - outcome) * np.log(1 - chance)))
    gram = (x * (weights * chance * (1 - chance))[:, None]).T @ x
    used = float(np.trace(np.linalg.solve(gram + np.diag(penalties), gram)))
    return RidgeFit(beta[1:], float(beta[0]), penalty), deviance + 2 * used, beta


def _chance(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logit, -35, 35)))


def area_by_column(scores: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the curve of each column of scores: the chance that a unit with the outcome scores above one without, ties half.

    Parameters
    ----------
    scores : ndarray of shape (n_units, n_columns)
    outcome, weights : ndarray of shape (n_units,)
        Outcome 0 or 1, both present.

    Returns
    -------
    ndarray of shape (n_columns,)

    Examples
    --------
    >>> area_by_column(np.array([[1.0], [2.0], [2.0], [3.0]]), np.array([0.0, 0.0, 1.0, 1.0]), np.ones(4)).tolist()
    [0.875]
    """
    order = np.argsort(scores, axis=0, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=0)
    with_it, without = ((weights * part)[order] for part in (outcome, 1 - outcome))
    below = np.cumsum(without, axis=0)
    place = np.arange(len(scores))[:, None]
    fresh = np.vstack([np.ones((1, scores.shape[1]), bool), ordered[1:] != ordered[:-1]])
    first = np.maximum.accumulate(np.where(fresh, place, 0), axis=0)
    ends = np.vstack([fresh[1:], np.ones((1, scores.shape[1]), bool)])
    last = np.minimum.accumulate(np.where(ends, place, len(scores))[::-1], axis=0)[::-1]
    under = np.take_along_axis(below - without, first, axis=0)
    upto = np.take_along_axis(below, last, axis=0)
    return (with_it * (under + upto) / 2).sum(axis=0) / (with_it.sum(axis=0) * without.sum(axis=0))


def explained(predicted: np.ndarray, outcome: np.ndarray, weights: np.ndarray, middle: float) -> np.ndarray:
    """Share of the squared differences from ``middle`` (the mean of the units fitted on) that each column explains; below 0 if it is worse.

    Examples
    --------
    >>> explained(np.array([[1.0, 2.0], [3.0, 2.0]]), np.array([1.0, 3.0]), np.ones(2), 2.0).tolist()
    [1.0, 0.0]
    """
    around = float(weights @ (outcome - middle) ** 2)
    off = weights @ (outcome[:, None] - predicted) ** 2
    return 1 - off / around if around > 0 else np.full(predicted.shape[1], np.nan)
