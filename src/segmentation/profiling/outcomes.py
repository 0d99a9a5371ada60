"""Attributes tied to customer outcomes: which variables tell churn, wins or value of people not looked at, and what segments add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import ParameterError, nearest_word
from ..features import FeatureTable, effective_base
from ..features.leaks import screen_columns
from ..study import Study, Variable
from .everybody import Everybody, gather
from .folds import Block, choose_folds, cross_validate

__all__ = ["MODELS", "OutcomePrediction", "predict_outcome", "predict_outcomes"]

MODELS = ("segments", "variables", "both")
FEW = 10  # events, or units without one, below which nothing is fitted
MOST = 50_000  # units beyond which a random part is used
ALMOST_PERFECT = 0.98  # rank correlation with a numeric outcome, as for the area under the curve of a yes/no one


@dataclass(frozen=True)
class OutcomePrediction:
    """How well an outcome can be told out of sample, by what, and what segments add.

    Attributes
    ----------
    outcome : str
    measure : str
        "AUC" (yes/no: the chance that somebody with the outcome is ranked above somebody without; .5 is guessing) or "R squared"
        (numbers: share of the variation explained; 0 is guessing).
    n, events : int
        Units with the outcome known, and (yes/no) with the outcome; events is -1 for numbers.
    effective : float
        Effective base (n without weights).
    folds, repeats : int
        Of the cross-validation; 0 where nothing was fitted.
    scores : pandas.DataFrame
        Index model (``MODELS``); estimate, lower, upper.
    gains : pandas.DataFrame
        Index "segments beyond variables", "variables beyond segments"; estimate, lower, upper: differences of the measure.
    importance : pandas.DataFrame
        Index variable; estimate, lower, upper: by how much the measure falls on units held out when the variable is shuffled among them,
        in the model of variables alone; p (two-sided, from the corrected t of the folds), q (Benjamini and Hochberg's false discovery rate
        over the variables of this outcome); direction: "higher" or "lower" values go with more of the outcome, "" for names.
    left_out : Mapping of str to str
        Variable to the reason it is not used.
    reason : str
        Why nothing was fitted; "" if it was.
    formed_by_outcome : bool
        The segments were made to differ in this outcome, so that they cannot be judged by it.
    sampled_from : int
        Units there are, if a random part was used; 0 otherwise.
    """

    outcome: str
    measure: str
    n: int
    events: int
    effective: float
    folds: int = 0
    repeats: int = 0
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    gains: pd.DataFrame = field(default_factory=pd.DataFrame)
    importance: pd.DataFrame = field(default_factory=pd.DataFrame)
    left_out: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    formed_by_outcome: bool = False
    sampled_from: int = 0

    def shown(self, alpha: float) -> pd.Series:
        """Whether each variable is shown to matter: shuffling it costs something, and q is at most ``alpha``."""
        if self.importance.empty:
            return pd.Series(dtype=bool)
        return (self.importance["estimate"] > 0) & (self.importance["q"] <= alpha)


def predict_outcomes(
    features: FeatureTable | pd.DataFrame, membership: pd.DataFrame | pd.Series, study: Study, *, repeats: int = 10
) -> tuple[OutcomePrediction, ...]:
    """``predict_outcome`` for every outcome of the study that is yes/no or a number.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
    membership : pandas.DataFrame or pandas.Series
    study : Study
    repeats : int

    Returns
    -------
    tuple of OutcomePrediction
        Empty for a study without outcomes.
    """
    names = [v.name for v in study.variables if v.role == "outcome" and v.level != "nominal"]
    return tuple(predict_outcome(features, membership, study, name, repeats=repeats) for name in names)


def predict_outcome(
    features: FeatureTable | pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    study: Study,
    outcome: str,
    *,
    repeats: int = 10,
) -> OutcomePrediction:
    """Tell an outcome of people held out from variables, from segments, and from both.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit; one column a study variable.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``. Units without a segment are left out.
    study : Study
        All its variables but outcomes and the weight may predict.
    outcome : str
        A yes/no, numeric or ordinal variable that did not form the segments.
    repeats : int
        Of five-fold cross-validation, stratified by a yes/no outcome; fewer with many units (at least one).

    Returns
    -------
    OutcomePrediction
        Nothing is fitted, and the reason given, with fewer than 10 units on either side of a yes/no outcome, or a constant outcome.

    Raises
    ------
    ParameterError
        If the outcome is a base variable, a weight, a name or unknown.
    DataContractError
        If the study's weights are negative, infinite or all zero.

    Notes
    -----
    Regularised regression (``fit_ridge``), everything learned inside the fold: means for missing values, scales, penalty. Variables
    that tell the outcome almost perfectly (``features.leaks``) are left out and named. Intervals: Nadeau and Bengio (2003), Inference
    for the generalization error, Machine Learning 52: folds share units, so the variance over folds is multiplied by
    1 / (number of folds) + (units held out) / (units fitted on); differences are paired by fold.
    """
    variable = _outcome(study, outcome)
    everybody = gather(features, membership, study)
    binary = variable.level == "binary"
    known = everybody.values[outcome].notna().to_numpy()
    target = everybody.values[outcome].to_numpy(float)[known]
    events = int((target == 1).sum()) if binary else -1
    weights = everybody.weights[known]
    start = {
        "outcome": outcome, "measure": "AUC" if binary else "R squared", "n": int(known.sum()), "events": events,
        "effective": effective_base(weights), "formed_by_outcome": study.segmentation.outcome == outcome,
    }  # fmt: skip
    reason = _why_not(target, events, binary, study)
    if reason:
        return OutcomePrediction(**start, reason=reason)
    chosen = choose_units(target, MOST, study.choices.random_state)
    sampled = len(target) if len(chosen) < len(target) else 0
    places = np.flatnonzero(known)[chosen]
    part = Everybody(
        everybody.values.iloc[places], everybody.codes[places], everybody.segments, everybody.weights[places]
    )
    columns, left_out = _predictors(part, study, outcome)
    target = _transformed(target[chosen], variable)
    folds = choose_folds(
        target, binary, repeats=max(1, min(repeats, 200_000 // len(target))), seed=study.choices.random_state
    )
    blocks = [Block.of(part.values[name], study.variable(name), study.choices.min_cell) for name in columns]
    segment = Block("", part.onehot, scale=False, direction=False)
    scores, gains, importance = cross_validate(
        blocks,
        segment,
        target,
        part.weights / part.weights.mean(),
        folds,
        binary=binary,
        seed=study.choices.random_state,
    )
    return OutcomePrediction(
        **start, folds=folds.folds, repeats=folds.repeats, scores=scores, gains=gains, importance=importance,
        left_out=left_out, sampled_from=sampled,
    )  # fmt: skip


def choose_units(target: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Positions of a random part of ``most`` units, in order; all of fewer."""
    if len(target) <= most:
        return np.arange(len(target))
    return np.sort(np.random.default_rng(seed).choice(len(target), most, replace=False))


def _outcome(study: Study, name: str) -> Variable:
    known = [variable.name for variable in study.variables]
    if name not in known:
        raise ParameterError(f"no variable {name!r} in the study. {nearest_word(name, known)}".strip())
    if name in study.segmentation.base:
        raise ParameterError(
            f"{name} formed the segments, so they tell it by construction; take it out of base, or choose another outcome"
        )
    if name == study.weight:
        raise ParameterError(f"{name} is the weight of this study, not an outcome")
    variable = study.variable(name)
    if variable.level == "nominal":
        raise ParameterError(f"{name} is a name (level: nominal); an outcome must be yes/no, ordinal or numeric")
    return variable


def _why_not(target: np.ndarray, events: int, binary: bool, study: Study) -> str:
    n, units = len(target), study.units
    if binary and min(events, n - events) < FEW:
        side = "with it" if events <= n - events else "without it"
        return f"{min(events, n - events):,} of {n:,} {units} are {side}, and at least {FEW} are needed"
    if not binary and n < max(2 * FEW, study.choices.min_cell):
        return f"it is known of {n:,} {units}, and at least {2 * FEW} are needed"
    if n and target.min() == target.max():
        return f"all {n:,} {units} have the same value"
    return ""


def _predictors(everybody: Everybody, study: Study, outcome: str) -> tuple[list[str], dict[str, str]]:
    target = everybody.values[outcome]
    candidates = [
        v for v in study.variables if v.role not in ("outcome", "weight") and v.name not in (outcome, study.weight)
    ]
    left_out = {v.name: "an outcome itself" for v in study.variables if v.role == "outcome" and v.name != outcome}
    columns = {v.name: everybody.values[v.name] for v in candidates}
    leaks = set(screen_columns(columns, target)["column"])
    names = []
    for variable in candidates:
        column = columns[variable.name]
        if column.notna().sum() < FEW or column.nunique() < 2:
            left_out[variable.name] = "too few different values"
        elif variable.name in leaks or _almost_same(column, target, variable):
            left_out[variable.name] = "tells the outcome almost perfectly, so it may have been written after it"
        else:
            names.append(variable.name)
    return names, left_out


def _almost_same(column: pd.Series, target: pd.Series, variable: Variable) -> bool:
    """Whether a number orders units almost exactly as a numeric outcome does."""
    if variable.level == "nominal" or target.nunique() <= 2:
        return False
    both = pd.DataFrame({"a": column.astype(float), "b": target.astype(float)}).dropna().rank()
    if len(both) < FEW or both.nunique().min() < 2:
        return False
    return bool(abs(both["a"].corr(both["b"])) >= ALMOST_PERFECT)


def _transformed(values: np.ndarray, variable: Variable) -> np.ndarray:
    """The outcome on the scale the study declares for it."""
    if variable.transform == "log1p" and (values >= 0).all():
        return np.log1p(values)
    return np.sqrt(values) if variable.transform == "sqrt" and (values >= 0).all() else values
