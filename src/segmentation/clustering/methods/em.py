"""Expectation-maximisation for mixtures of independent columns, many starts at once, over what each unit has answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ParameterError

__all__ = ["Design", "Mixture", "build_design", "emission", "first_guesses", "run_em"]

TINY = 1e-15  # no answer is impossible; StepMix's limit
FLOOR = 0.01  # a variance within a class never falls below this share of the variable's variance
MOST_ITERATIONS = 1000
SETTLED = 1e-9  # gain in mean log-likelihood a step at which a start has converged
UNSEEN = 1e-6


@dataclass(frozen=True)
class Design:
    """Units as columns that a mixture multiplies: indicators of answers, then numbers.

    Attributes
    ----------
    marks : ndarray of shape (n_rows, n_answers)
        1 where a unit gave the answer, 0 elsewhere and everywhere for a variable it lacks.
    owner : ndarray of shape (n_answers,)
        Variable (of those with answers) that each column is an answer of.
    numbers, known : ndarray of shape (n_rows, n_numbers)
        Values with 0 for missing, and 1 where there is one.
    floor : ndarray of shape (n_numbers,)
        Smallest variance.
    weights : ndarray of shape (n_rows,)
    """

    marks: np.ndarray
    owner: np.ndarray
    numbers: np.ndarray
    known: np.ndarray
    floor: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Mixture:
    """Parameters of several mixtures of the same shape.

    Attributes
    ----------
    shares : ndarray of shape (n_starts, k)
    chances : ndarray of shape (n_starts, k, n_answers)
        Chance of each answer.
    means, variances : ndarray of shape (n_starts, k, n_numbers)
    """

    shares: np.ndarray
    chances: np.ndarray
    means: np.ndarray
    variances: np.ndarray


def build_design(values: np.ndarray, answers: Sequence[Sequence[float] | None], weights: np.ndarray) -> Design:
    """Indicators and numbers of encoded values.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_variables)
        NaN where a unit lacks a variable.
    answers : sequence of (sequence of float or None)
        For each variable the encoded values it can take, or None for a number. Other values count as missing.
    weights : ndarray of shape (n_rows,)

    Examples
    --------
    >>> design = build_design(np.array([[0.0, 1.5], [1.0, np.nan]]), [[0.0, 1.0], None], np.ones(2))
    >>> design.marks.tolist(), design.numbers.tolist(), design.known.tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [[1.5], [0.0]], [[1.0], [0.0]])
    """
    named = [j for j, found in enumerate(answers) if found is not None]
    plain = [j for j, found in enumerate(answers) if found is None]
    marks = [np.abs(values[:, [j]] - np.array(answers[j], float)) < UNSEEN for j in named]
    owner = np.repeat(np.arange(len(named)), [block.shape[1] for block in marks])
    known = ~np.isnan(values[:, plain])
    numbers = np.where(known, values[:, plain], 0.0)
    mass = np.maximum(weights @ known, TINY)
    mean = weights @ numbers / mass
    variance = weights @ (known * (numbers - mean) ** 2) / mass
    return Design(
        marks=np.hstack([np.zeros((len(values), 0)), *marks]).astype(float),
        owner=owner,
        numbers=numbers,
        known=known.astype(float),
        floor=np.maximum(FLOOR * variance, 1e-9),
        weights=weights,
    )


def emission(design: Design, mixture: Mixture) -> np.ndarray:
    """Log of share times density, shape (n_rows, n_starts, k); a variable a unit lacks does not enter."""
    starts, k = mixture.shares.shape
    log_chances = np.log(np.clip(mixture.chances, TINY, 1 - TINY)).reshape(starts * k, -1)
    found = design.marks @ log_chances.T
    if design.numbers.shape[1]:
        precision = (1 / mixture.variances).reshape(starts * k, -1)
        means = mixture.means.reshape(starts * k, -1)
        constant = means**2 * precision + np.log(2 * np.pi / precision)
        found += -0.5 * (design.numbers**2 @ precision.T) + design.numbers @ (means * precision).T
        found += -0.5 * (design.known @ constant.T)
    return found.reshape(-1, starts, k) + np.log(mixture.shares)


def run_em(
    design: Design, mixture: Mixture | None, *, guesses: np.ndarray | None = None, iterations: int = MOST_ITERATIONS
) -> tuple[Mixture, np.ndarray, np.ndarray]:
    """Climb from every start to its optimum.

    Parameters
    ----------
    design : Design
    mixture : Mixture or None
        Parameters to start from; or None with ``guesses``.
    guesses : ndarray of shape (n_rows, n_starts, k), optional
        Memberships to start from.
    iterations : int
        Most steps.

    Returns
    -------
    tuple of Mixture, ndarray, ndarray
        Parameters, log-likelihood of each start, and whether it settled.
    """
    if mixture is None:
        if guesses is None:
            raise ParameterError("run_em needs a mixture or guesses to start from")
        mixture = _maximise(design, guesses)
    total, starts = design.weights.sum(), len(mixture.shares)
    best = np.full(starts, -np.inf)
    settled = np.zeros(starts, dtype=bool)
    for step in range(iterations + 1):
        active = np.flatnonzero(~settled)
        now = _some(mixture, active)
        joint = emission(design, now)
        top = joint.max(axis=2, keepdims=True)
        memberships = np.exp(joint - top)
        mass = memberships.sum(axis=2, keepdims=True)
        found = design.weights @ (np.log(mass) + top)[:, :, 0]
        done = found - best[active] < SETTLED * total
        best[active] = found
        settled[active[done]] = True
        if settled.all() or step == iterations:
            break
        going = ~done
        _put(mixture, active[going], _maximise(design, (memberships / mass)[:, going]))
    return mixture, best, settled


def first_guesses(design: Design, k: int, starts: int, random: np.random.Generator) -> np.ndarray:
    """Memberships to start from, shape (n_rows, starts, k): one half by nearness to k random rows, one half random."""
    n = len(design.weights)
    wide = np.hstack([design.marks, design.numbers])
    chance = design.weights / design.weights.sum()
    guesses = random.dirichlet(np.ones(k), size=(n, starts))
    for start in range(0, starts, 2):
        centres = wide[random.choice(n, size=k, replace=False, p=chance)]
        nearest = (0.5 * (centres**2).sum(axis=1) - wide @ centres.T).argmin(axis=1)
        guesses[:, start] = 0.1 / k
        guesses[np.arange(n), start, nearest] += 0.9
    return guesses


def stack(models: Sequence[Mixture]) -> Mixture:
    """Several mixtures as one."""
    return Mixture(*(np.concatenate([getattr(m, name) for m in models]) for name in Mixture.__dataclass_fields__))


def _maximise(design: Design, memberships: np.ndarray) -> Mixture:
    """Parameters with the highest likelihood for given memberships."""
    n, starts, k = memberships.shape
    weighted = (memberships * design.weights[:, None, None]).reshape(n, starts * k)
    shares = np.clip(weighted.sum(axis=0) / design.weights.sum(), TINY, 1 - TINY)
    counts = (design.marks.T @ weighted).T
    chances = counts
    if counts.shape[1]:
        edges = np.searchsorted(design.owner, np.arange(design.owner[-1] + 1))
        answered = np.add.reduceat(counts, edges, axis=1)[:, design.owner]
        chances = counts / np.maximum(answered, TINY)
    mass = np.maximum((design.known.T @ weighted).T, TINY)
    means = (design.numbers.T @ weighted).T / mass
    squares = (design.numbers.T**2 @ weighted).T / mass
    variances = np.maximum(squares - means**2, design.floor)
    shape = (starts, k, -1)
    return Mixture(shares.reshape(starts, k), chances.reshape(shape), means.reshape(shape), variances.reshape(shape))


def _some(mixture: Mixture, chosen: np.ndarray) -> Mixture:
    return Mixture(mixture.shares[chosen], mixture.chances[chosen], mixture.means[chosen], mixture.variances[chosen])


def _put(mixture: Mixture, chosen: np.ndarray, other: Mixture) -> None:
    for name in Mixture.__dataclass_fields__:
        getattr(mixture, name)[chosen] = getattr(other, name)


def mixture_of(model: Mapping[str, Any]) -> Mixture:
    """The mixture that a stored model describes, as one start."""
    columns = model["columns"]
    k = len(model["shares"])
    named = [np.array(c["chances"], float) for c in columns if "chances" in c]
    means = [np.array(c["means"], float)[:, None] for c in columns if "means" in c]
    variances = [np.array(c["variances"], float)[:, None] for c in columns if "means" in c]
    empty = np.zeros((k, 0))
    return Mixture(
        np.array(model["shares"], float)[None],
        np.hstack([empty, *named])[None],
        np.hstack([empty, *means])[None],
        np.hstack([empty, *variances])[None],
    )
