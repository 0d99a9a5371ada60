"""Repeated cross-validation of variables, segments and both, on the same folds, with intervals that know folds share units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..features import adjust_fdr
from ..study import Variable
from .everybody import levels_of
from .ridge import RidgeFit, area_by_column, explained, fit_ridge

__all__ = ["Block", "Folds", "choose_folds", "corrected_interval", "corrected_p", "cross_validate"]

FOLDS = 5
SHUFFLES = 5  # of each variable in each fold


@dataclass(frozen=True)
class Block:
    """Columns of one variable; names become one column a level.

    Attributes
    ----------
    name : str
    columns : ndarray of shape (n_units, n_columns)
        NaN where missing.
    scale : bool
        Whether a fold's standard deviation divides them.
    direction : bool
        Whether higher has a meaning.
    """

    name: str
    columns: np.ndarray
    scale: bool = True
    direction: bool = True

    @classmethod
    def of(cls, column: pd.Series, variable: Variable, min_cell: int) -> Block:
        """Columns of a variable; levels of fewer than ``min_cell`` units are counted together."""
        if variable.level == "nominal":
            codes, names = levels_of(column, variable, min_cell)
            return cls(
                variable.name, (codes[:, None] == np.arange(len(names))).astype(float), scale=False, direction=False
            )
        values = column.to_numpy(float)
        if variable.transform != "none" and not (values < 0).any():
            values = np.log1p(values) if variable.transform == "log1p" else np.sqrt(values)
        return cls(variable.name, values[:, None])


@dataclass(frozen=True)
class Folds:
    """Which fold each unit is held out in, a row a repeat."""

    places: np.ndarray  # repeats x units
    folds: int

    @property
    def repeats(self) -> int:
        return len(self.places)


def choose_folds(target: np.ndarray, binary: bool, *, repeats: int, seed: int) -> Folds:
    """Random folds of equal size; with a yes/no outcome each has its part of both sides."""
    rng = np.random.default_rng(seed)
    places = np.empty((repeats, len(target)), dtype=int)
    for row in places:
        for side in (target == 1, target != 1) if binary else (np.ones(len(target), bool),):
            row[side] = (rng.permutation(side.sum()) + rng.integers(FOLDS)) % FOLDS
    return Folds(places, FOLDS)


def cross_validate(
    blocks: Sequence[Block],
    segment: Block,
    target: np.ndarray,
    weights: np.ndarray,
    folds: Folds,
    *,
    binary: bool,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Scores of three models, gains and permutation importance, as ``OutcomePrediction`` has them.

    In one thread: hundreds of small fits lose more by handing work to threads than they win.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _cross_validate(blocks, segment, target, weights, folds, binary, seed)


def _cross_validate(
    blocks: Sequence[Block],
    segment: Block,
    target: np.ndarray,
    weights: np.ndarray,
    folds: Folds,
    binary: bool,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng([seed, 1])
    found: list[list[float]] = []
    falls: list[np.ndarray] = []
    signs: list[np.ndarray] = []
    for row in folds.places:
        for fold in range(folds.folds):
            held = row == fold
            train = ~held
            own = [_scaled(block, train, weights) for block in blocks]
            member = [_scaled(segment, train, weights)]
            fits = [_fit(part, target, weights, train, binary) for part in (member, own, member + own)]
            judge = _Judge(
                target[held], weights[held], binary, float(np.average(target[train], weights=weights[train]))
            )
            found.append(
                [judge(_stack(part, held) @ fit.coefficients + fit.constant)
                 for part, fit in zip((member, own, member + own), fits, strict=True)]
            )  # fmt: skip
            fall, sign = _shuffle(own, fits[1], held, judge, found[-1][1], rng)
            falls.append(fall)
            signs.append(sign)
    share = 1 / (folds.folds - 1)  # units held out for one fitted on
    values = np.array(found)
    scores = corrected_interval(values, share, index=["segments", "variables", "both"], name="model").clip(upper=1.0)
    scores = scores.clip(lower=0.0) if binary else scores
    differences = np.column_stack([values[:, 2] - values[:, 1], values[:, 2] - values[:, 0]])
    gains = corrected_interval(
        differences, share, index=["segments beyond variables", "variables beyond segments"], name="gain"
    )
    losses = np.array(falls).reshape(len(values), len(blocks))
    importance = corrected_interval(losses, share, index=[block.name for block in blocks], name="variable")
    p = corrected_p(losses, share)
    importance = importance.assign(p=p, q=adjust_fdr(p))
    mean = np.array(signs).reshape(len(values), len(blocks)).mean(axis=0)
    words = ["" if not b.direction else "higher" if sign > 0 else "lower" for b, sign in zip(blocks, mean, strict=True)]
    importance = importance.assign(direction=words).sort_values("estimate", ascending=False, kind="stable")
    return scores, gains, importance


def corrected_interval(values: np.ndarray, share: float, *, index: list[str], name: str) -> pd.DataFrame:
    """Mean over folds with Nadeau and Bengio's 95 % interval.

    Parameters
    ----------
    values : ndarray of shape (n_folds_in_all, n_quantities)
    share : float
        Units held out for one fitted on.
    index : list of str
    name : str

    Examples
    --------
    >>> corrected_interval(np.array([[0.6], [0.7], [0.8]]), 0.25, index=["a"], name="x").round(3).loc["a"].tolist()
    [0.7, 0.371, 1.029]
    """
    from scipy.stats import t

    n = len(values)
    middle = values.mean(axis=0) if values.size else np.full(values.shape[1], np.nan)
    spread = values.var(axis=0, ddof=1) if n > 1 else np.full(values.shape[1], np.nan)
    half = t.ppf(0.975, max(n - 1, 1)) * np.sqrt((1 / max(n, 1) + share) * spread)
    return pd.DataFrame(
        {"estimate": middle, "lower": middle - half, "upper": middle + half}, index=pd.Index(index, name=name)
    )


def corrected_p(values: np.ndarray, share: float) -> np.ndarray:
    """Two-sided p of a mean of 0 over folds, from Nadeau and Bengio's corrected t.

    Parameters
    ----------
    values : ndarray of shape (n_folds_in_all, n_quantities)
    share : float
        Units held out for one fitted on.

    Returns
    -------
    ndarray of shape (n_quantities,)
        NaN with a single fold; 1 where every fold gives exactly 0.

    Examples
    --------
    By hand: mean 0.7, variance 0.01, t = 0.7 / sqrt((1/3 + 1/4) * 0.01) = 9.165 with 2 degrees of freedom.

    >>> corrected_p(np.array([[0.6, 0.0], [0.7, 0.0], [0.8, 0.0]]), 0.25).round(4).tolist()
    [0.0117, 1.0]
    """
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return np.full(values.shape[1], np.nan)
    middle, error = values.mean(axis=0), np.sqrt((1 / n + share) * values.var(axis=0, ddof=1))
    none = np.where(middle == 0, 0.0, np.inf)
    ratio = np.divide(np.abs(middle), error, out=none, where=error > 0)
    return 2 * t.sf(ratio, n - 1)


@dataclass(frozen=True)
class _Judge:
    """The measure on units held out."""

    target: np.ndarray
    weights: np.ndarray
    binary: bool
    middle: float

    def __call__(self, predicted: np.ndarray) -> float:
        return float(self.columns(predicted[:, None])[0])

    def columns(self, predicted: np.ndarray) -> np.ndarray:
        if self.binary:
            return area_by_column(predicted, self.target, self.weights)
        return explained(predicted, self.target, self.weights, self.middle)


def _scaled(block: Block, train: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Columns less the fold's mean, divided by its standard deviation, 0 where missing; learned from ``train`` alone."""
    seen = ~np.isnan(block.columns) & train[:, None]
    heavy = weights[:, None] * seen
    total = np.where(seen.any(axis=0), heavy.sum(axis=0), 1.0)
    filled = np.where(np.isnan(block.columns), 0.0, block.columns)
    mean = (heavy * filled).sum(axis=0) / total
    off = np.where(np.isnan(block.columns), 0.0, block.columns - mean)
    if not block.scale:
        return off
    spread = np.sqrt((heavy * off**2).sum(axis=0) / total)
    return off / np.where(spread > 1e-12, spread, 1.0)


def _stack(parts: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    return np.hstack([part[rows] for part in parts]) if parts else np.empty((int(rows.sum()), 0))


def _fit(
    parts: Sequence[np.ndarray], target: np.ndarray, weights: np.ndarray, train: np.ndarray, binary: bool
) -> RidgeFit:
    columns = _stack(parts, train)
    heavy = weights[train] / weights[train].mean()
    if not columns.shape[1]:
        middle = float(np.average(target[train], weights=heavy))
        return RidgeFit(np.empty(0), 0.0 if binary else middle, 0.0)
    return fit_ridge(columns, target[train], heavy, binary=binary)


def _shuffle(
    parts: Sequence[np.ndarray],
    fit: RidgeFit,
    held: np.ndarray,
    judge: _Judge,
    score: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """By how much the score falls when each variable is shuffled among units held out; and its first coefficient."""
    if not parts:
        return np.empty(0), np.empty(0)
    n = int(held.sum())
    predicted = _stack(parts, held) @ fit.coefficients + fit.constant
    orders = np.stack([rng.permutation(n) for _ in range(SHUFFLES)], axis=1)
    columns, signs, at = [], [], 0
    for part in parts:
        own = part[held] @ fit.coefficients[at : at + part.shape[1]]
        columns.append(predicted[:, None] - own[:, None] + own[orders])
        signs.append(fit.coefficients[at])
        at += part.shape[1]
    drawn = judge.columns(np.hstack(columns)).reshape(len(parts), SHUFFLES)
    return score - drawn.mean(axis=1), np.array(signs)
