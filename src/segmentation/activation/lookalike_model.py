"""How a ranking is learned and what it is worth: bagged logistic regressions, a one-rule baseline, recovery, separability."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..features.leaks import area_under_curve

__all__ = ["bag_scores", "find_rule", "measure_recovery", "measure_separation", "recovery_at"]

BAGS = 20
RARE = 10  # units below which a name is not a column of its own


def bag_scores(values: pd.DataFrame, seed: np.ndarray, random_state: int) -> np.ndarray:
    """Scores of units that are no seeds."""
    from sklearn.linear_model import LogisticRegression

    rows = _columns(values)
    seeds, pool = rows[seed], rows[~seed]
    rng = np.random.default_rng(random_state)
    total, times = np.zeros(len(pool)), np.zeros(len(pool))
    for _ in range(BAGS):
        drawn = rng.integers(0, len(pool), size=min(len(seeds), len(pool)))
        model = LogisticRegression(C=1.0, max_iter=500)
        model.fit(np.vstack([seeds, pool[drawn]]), np.r_[np.ones(len(seeds)), np.zeros(len(drawn))])
        unseen = np.ones(len(pool), dtype=bool)
        unseen[drawn] = False
        scores = model.decision_function(pool)
        total += np.where(unseen, scores, 0.0)
        times += unseen
    return np.where(times > 0, total / np.maximum(times, 1), scores)


def find_rule(values: pd.DataFrame, seed: np.ndarray, random_state: int) -> tuple[str, bool, np.ndarray]:
    """The variable that alone tells seeds best, and the pool's ranking by it; ties are broken by lot, missing comes last."""
    best, found = 0.0, ("", True)
    for name in values.columns[[pd.api.types.is_numeric_dtype(kind) for kind in values.dtypes]]:
        known = values[name].notna().to_numpy()
        if known[seed].sum() and known[~seed].sum():
            auc = area_under_curve(values[name].to_numpy(float)[known], seed[known])
            if abs(auc - 0.5) > best:
                best, found = abs(auc - 0.5), (name, auc >= 0.5)
    lots = np.random.default_rng(random_state).random(int((~seed).sum()))
    if not found[0]:
        return "", True, lots
    column = values[found[0]].to_numpy(float)[~seed] * (1 if found[1] else -1)
    order = np.lexsort((lots, np.where(np.isnan(column), -np.inf, column)))
    place = np.empty(len(order))
    place[order] = np.arange(len(order))
    return found[0], found[1], place


def recovery_at(score: np.ndarray, hidden: np.ndarray, k: int) -> float:
    """Share of hidden units among the k with the highest score.

    Examples
    --------
    >>> recovery_at(np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, False, True, False]), 2)
    0.5
    """
    return float(hidden[np.argsort(-score, kind="stable")[:k]].sum() / hidden.sum())


def measure_recovery(
    score: np.ndarray, rule: np.ndarray, hidden: np.ndarray, bands: tuple[float, ...], chance: tuple[int, int]
) -> pd.DataFrame:
    """Hidden units among the first of each band by the ranking, by the rule and by lot; chance is draws and random state."""
    draws, random_state = chance
    count = int(hidden.sum())
    drawn = np.random.default_rng(random_state).integers(0, count, size=(draws, count))
    rows = []
    for band in bands:
        k = int(np.ceil(band * len(score)))
        tops = []
        for ranked in (score, rule):
            top = np.zeros(len(score), dtype=bool)
            top[np.argsort(-ranked, kind="stable")[:k]] = True
            tops.append(top[hidden].astype(float))
        model, one, lot = tops[0], tops[1], k / len(score)
        row = {"band": band, "k": k, "model": model.mean(), "rule": one.mean(), "chance": lot}
        for name, values in (("model", model), ("over_rule", model - one), ("over_chance", model - lot)):
            row[name] = values.mean()
            row[f"{name}_lower"], row[f"{name}_upper"] = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        rows.append(row)
    return pd.DataFrame(rows)


def measure_separation(values: pd.DataFrame, seed: np.ndarray) -> tuple[float, float]:
    """Area under the curve of seeds against the rest by five-fold prediction, and Elkan and Noto's share among the rest."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    model, folds = LogisticRegression(max_iter=500), StratifiedKFold(5, shuffle=True, random_state=0)
    chances = cross_val_predict(model, _columns(values), seed, cv=folds, method="predict_proba")[:, 1]
    labelled = float(chances[seed].mean())  # c = P(labelled | like a seed), the mean over labelled ones
    odds = (1 - labelled) / labelled * chances[~seed] / np.maximum(1 - chances[~seed], 1e-9)
    return area_under_curve(chances, seed), float(np.minimum(odds, 1.0).mean())


def _columns(values: pd.DataFrame) -> np.ndarray:
    """z-scores with a column for missing; names as columns of zeros and ones."""
    made = []
    for name in values:
        column = values[name]
        if pd.api.types.is_numeric_dtype(column.dtype):
            numbers = column.to_numpy(float)
            known = ~np.isnan(numbers)
            spread = numbers[known].std() if known.any() else 0.0
            if spread > 0:
                made.append(np.where(known, (numbers - numbers[known].mean()) / spread, 0.0).clip(-5, 5))
            if 0 < known.sum() < len(known):
                made.append((~known).astype(float))
        else:
            counts = column.value_counts()
            made += [(column == level).fillna(False).to_numpy(float) for level in sorted(counts.index[counts >= RARE])]
    return np.column_stack(made) if made else np.zeros((len(values), 1))
