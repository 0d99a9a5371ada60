"""Expectation and maximisation for mixtures of linear regressions, many starts, and standard errors from the likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Mixed", "fit_classes", "standard_errors"]

SHORT, LONG = 30, 2000  # iterations of every start, and of those that are followed to the end
FOLLOWED = 5
CLOSE = 1e-9  # gain of the log-likelihood for one unit at which a run has arrived
SAME = 0.01  # of the log-likelihood: two runs found the same
THINNEST = (
    0.05  # of the outcome's standard deviation: a class around a line more exactly than this is an accident of ties
)


@dataclass(frozen=True)
class Mixed:
    """One fit: beta of shape (n_classes, n_columns), sigma and priors of shape (n_classes,), posterior of shape (n_units, n_classes)."""

    beta: np.ndarray
    sigma: np.ndarray
    priors: np.ndarray
    posterior: np.ndarray
    loglik: float
    n: int
    hits: int = 1
    starts: int = 1

    @property
    def df(self) -> int:
        return self.beta.size + len(self.sigma) + len(self.priors) - 1

    @property
    def bic(self) -> float:
        return -2 * self.loglik + self.df * float(np.log(self.n))

    @property
    def entropy(self) -> float:
        """Relative: 1 where everybody is certain of a class, 0 where nobody is; 1 for one class."""
        if len(self.priors) == 1:
            return 1.0
        chance = np.clip(self.posterior, 1e-300, 1)
        return float(1 + (chance * np.log(chance)).sum() / (self.n * np.log(len(self.priors))))

    def ordered(self) -> Mixed:
        """The same with the largest class first."""
        order = np.argsort(-self.priors, kind="stable")
        return replace(
            self,
            beta=self.beta[order],
            sigma=self.sigma[order],
            priors=self.priors[order],
            posterior=self.posterior[:, order],
        )


def fit_classes(
    design: np.ndarray, target: np.ndarray, weights: np.ndarray, classes: int, *, starts: int, rng: np.random.Generator
) -> Mixed | None:
    """Best of many starts; the most promising are followed to the end.

    Parameters
    ----------
    design : ndarray of shape (n_units, n_columns)
        The constant is its first column.
    target, weights : ndarray of shape (n_units,)
        Weights have a mean of 1.
    classes, starts : int
    rng : numpy.random.Generator

    Returns
    -------
    Mixed or None
        None if in every start a class died out (fewer units than coefficients) or closed in on single points.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # thousands of small systems: threads cost more than they win
        if classes == 1:
            return _run(design, target, weights, np.ones((len(target), 1)), LONG)
        short = [_run(design, target, weights, _start(design, target, classes, rng), SHORT) for _ in range(starts)]
        alive = sorted((run for run in short if run is not None), key=lambda run: -run.loglik)
        long: list[Mixed] = []
        for run in alive:
            done = _run(design, target, weights, run.posterior, LONG)
            long += [done] if done is not None else []
            if len(long) == FOLLOWED:
                break
    if not long:
        return None
    best = max(long, key=lambda run: run.loglik)
    hits = sum(run.loglik > best.loglik - SAME for run in long)
    return replace(best, hits=hits, starts=len(long))


def _start(design: np.ndarray, target: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Chances from lines through random small parts of the units."""
    few = min(len(target), 3 * design.shape[1])
    off = np.empty((len(target), classes))
    for k in range(classes):
        part = rng.choice(len(target), few, replace=False)
        off[:, k] = (target - design @ np.linalg.lstsq(design[part], target[part], rcond=None)[0]) ** 2
    log = -off / (2 * max(np.median(off.min(axis=1)), 1e-12))
    chance = np.exp(log - log.max(axis=1, keepdims=True))
    return 0.9 * chance / chance.sum(axis=1, keepdims=True) + 0.1 / classes


def _run(design: np.ndarray, target: np.ndarray, weights: np.ndarray, posterior: np.ndarray, most: int) -> Mixed | None:
    n, least, floor = len(target), design.shape[1] + 1, THINNEST * target.std()
    before, loglik = -np.inf, -np.inf
    for _ in range(most):
        heavy = posterior * weights[:, None]
        size = heavy.sum(axis=0)
        if size.min() < least:
            return None
        try:
            beta = np.stack([_line(design, target, part) for part in heavy.T])
        except np.linalg.LinAlgError:
            return None
        off = target[:, None] - design @ beta.T
        sigma = np.sqrt((heavy * off**2).sum(axis=0) / size)
        if sigma.min() < floor:
            return None
        priors = size / size.sum()
        log = np.log(priors) - np.log(sigma) - 0.5 * np.log(2 * np.pi) - 0.5 * (off / sigma) ** 2
        top = log.max(axis=1)
        total = top + np.log(np.exp(log - top[:, None]).sum(axis=1))
        posterior = np.exp(log - total[:, None])
        before, loglik = loglik, float(weights @ total)
        if loglik - before < CLOSE * n:
            break
    return Mixed(beta, sigma, priors, posterior, loglik, n)


def _line(design: np.ndarray, target: np.ndarray, heavy: np.ndarray) -> np.ndarray:
    scaled = design * heavy[:, None]
    return np.linalg.solve(scaled.T @ design, scaled.T @ target)


def standard_errors(fit: Mixed, design: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Standard errors of the coefficients, shape (n_classes, n_columns); NaN where the likelihood is flat.

    Notes
    -----
    The inverse of the observed information: second derivatives of the log-likelihood, by central differences of its exact first
    derivatives. With weights the sandwich, in which each unit's score is multiplied by its weight.
    """
    k, p = fit.beta.shape
    middle = np.concatenate([fit.beta.ravel(), np.log(fit.sigma), np.log(fit.priors[1:] / fit.priors[0])])
    step = 1e-4 * np.maximum(np.abs(middle), 0.1)
    information = np.empty((len(middle), len(middle)))
    for j in range(len(middle)):
        shift = np.zeros(len(middle))
        shift[j] = step[j]
        up, down = (weights @ _scores(middle + way * shift, k, p, design, target) for way in (1, -1))
        information[j] = -(up - down) / (2 * step[j])
    information = (information + information.T) / 2
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return np.full((k, p), np.nan)
    if (weights != 1.0).any():
        scores = weights[:, None] * _scores(middle, k, p, design, target)
        inverse = inverse @ (scores.T @ scores) @ inverse
    variance = np.diag(inverse)[: k * p]
    return np.sqrt(np.where(variance > 0, variance, np.nan)).reshape(k, p)


def _scores(parameters: np.ndarray, k: int, p: int, design: np.ndarray, target: np.ndarray) -> np.ndarray:
    """First derivatives of each unit's log-likelihood, shape (n_units, n_parameters)."""
    beta = parameters[: k * p].reshape(k, p)
    sigma = np.exp(parameters[k * p : k * p + k])
    logit = np.append(0.0, parameters[k * p + k :])
    priors = np.exp(logit - logit.max())
    priors /= priors.sum()
    off = target[:, None] - design @ beta.T
    log = np.log(priors) - np.log(sigma) - 0.5 * (off / sigma) ** 2
    chance = np.exp(log - log.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    slopes = (chance * off / sigma**2)[:, :, None] * design[:, None, :]
    return np.hstack([slopes.reshape(len(target), k * p), chance * ((off / sigma) ** 2 - 1), (chance - priors)[:, 1:]])
