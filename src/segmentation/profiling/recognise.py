"""Can members of a segment be told from what is known before anybody talks to them?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..study import Study, Variable
from .everybody import Everybody
from .intervals import bootstrap_weights

__all__ = ["known_before", "recognise_segments", "weighted_auc"]

BEFORE = ("demographic", "geographic", "firmographic", "technographic")
SURVEY_MEASURES = ("mean", "top2")
FOLDS, FEWEST = 5, 20


def known_before(study: Study) -> tuple[Variable, ...]:
    """Descriptors known before contact: those the scorecard names, else the descriptors of the kinds that registers hold."""
    named = study.scorecard.known_before
    if named:
        return tuple(v for v in study.descriptors if v.name in named)
    return tuple(
        v for v in study.descriptors if v.kind in BEFORE and v.role != "outcome" and v.measure not in SURVEY_MEASURES
    )


def recognise_segments(everybody: Everybody, study: Study) -> pd.DataFrame | None:
    """How well a classifier that sees descriptors only tells each segment, on units it has not seen.

    Parameters
    ----------
    everybody : Everybody
    study : Study
        ``scorecard.known_before`` names the descriptors; ``choices.draws`` and ``random_state`` are used.

    Returns
    -------
    pandas.DataFrame or None
        Index segment; auc with lower and upper (95 % of resamples of units), lift (members among the units called most likely, as many as
        the segment has, against taking them blindly), base (share of the segment). None without descriptors, with one segment, or where a
        segment has fewer than 20 units: with fewer, a fold holds hardly any.

    Notes
    -----
    Multinomial logistic regression with a quadratic penalty, 5-fold cross-validation within segments, everything (filling, scaling, levels)
    learned in the other folds. AUC (area under the curve): chance that a member gets a higher score than somebody else; 0.5 is
    guessing. The interval holds the fitted classifiers and draws units.
    """
    variables = known_before(study)
    if not variables or len(everybody.segments) < 2 or everybody.sizes.min() < FEWEST:
        return None
    scores = _score_out_of_fold(everybody, variables, study)
    found = pd.DataFrame(index=pd.Index(everybody.segments, name="segment"))
    member = everybody.onehot.astype(bool)
    blocks = list(bootstrap_weights(len(scores), study.choices.draws, study.choices.random_state))
    for place, segment in enumerate(everybody.segments):
        score, mine = scores[:, place], member[:, place]
        drawn = np.concatenate([weighted_auc(score, mine, block * everybody.weights) for block in blocks])
        found.loc[segment, "auc"] = weighted_auc(score, mine, everybody.weights[None])[0]
        found.loc[segment, ["lower", "upper"]] = np.nanquantile(drawn, [0.025, 0.975])
        base = float(everybody.weights @ mine / everybody.weights.sum())
        order = np.argsort(-score, kind="stable")
        chosen = order[np.cumsum(everybody.weights[order]) <= base * everybody.weights.sum() + 1e-9]
        hit = everybody.weights[chosen] @ mine[chosen] / everybody.weights[chosen].sum() if len(chosen) else np.nan
        found.loc[segment, ["lift", "base"]] = [hit / base, base]
    return found


def weighted_auc(scores: np.ndarray, member: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the curve of many weightings of the same units; ties count half.

    Parameters
    ----------
    scores : ndarray of shape (n_units,)
    member : ndarray of bool, shape (n_units,)
    weights : ndarray of shape (n_draws, n_units)

    Returns
    -------
    ndarray of shape (n_draws,)
        NaN where a draw has no member or nobody else.

    Examples
    --------
    >>> weighted_auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True]), np.ones((1, 4))).tolist()
    [0.875]
    """
    order = np.argsort(scores, kind="stable")
    ordered, mine, weights = scores[order], member[order], weights[:, order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    inside = np.add.reduceat(weights * mine, first, axis=1)
    outside = np.add.reduceat(weights * ~mine, first, axis=1)
    below = np.cumsum(outside, axis=1) - outside / 2
    pairs = inside.sum(axis=1) * outside.sum(axis=1)
    return np.divide((inside * below).sum(axis=1), pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _score_out_of_fold(everybody: Everybody, variables: tuple[Variable, ...], study: Study) -> np.ndarray:
    """Probability of each segment for each unit, by a classifier fitted without it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    scores = np.zeros((len(everybody.values), len(everybody.segments)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=study.choices.random_state)
    for train, test in folds.split(scores, everybody.codes):
        design = _design(everybody, variables, train, study.choices.min_cell)
        model = LogisticRegression(solver="newton-cholesky", max_iter=200)
        model.fit(design[train], everybody.codes[train], sample_weight=everybody.weights[train])
        scores[test] = model.predict_proba(design[test])
    return scores


def _design(everybody: Everybody, variables: tuple[Variable, ...], train: np.ndarray, min_cell: int) -> np.ndarray:
    """Columns for the classifier, learned from the training units: numbers scaled, gaps filled and marked, a column a level."""
    columns = []
    for variable in variables:
        column = everybody.values[variable.name]
        if variable.level == "nominal" and variable.measure == "value":
            counts = column.iloc[train].dropna().astype(str).value_counts()
            columns += [(column == name).to_numpy(float) for name in sorted(counts.index[counts >= min_cell])]
            continue
        numbers = column.to_numpy(float, na_value=np.nan)
        numbers = np.log1p(numbers) if variable.transform == "log1p" else numbers
        seen = numbers[train]
        if np.isnan(seen).all() or np.nanstd(seen) == 0:
            continue
        scaled = (numbers - np.nanmean(seen)) / np.nanstd(seen)
        columns += [np.nan_to_num(scaled, nan=0.0), np.isnan(scaled).astype(float)]
    return np.column_stack([np.zeros(len(everybody.values)), *columns])
