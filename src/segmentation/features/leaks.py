"""Columns that know the outcome: written after it, or by it, and therefore no description of anybody."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..sources import canonical_table
from ..study import Study

__all__ = ["LEAK_COLUMNS", "count_screened", "screen_columns", "screen_leaks"]

LEAK_COLUMNS = ("column", "outcome", "reason", "auc", "filled_with", "filled_without", "n_with", "n_without")
ALMOST_PERFECT = 0.98  # area under the curve
LEAST = 5  # units on each side before anything is said
CHANCE = 0.001  # of an exclusive filling by luck, over all columns screened
NOT_SCREENED = ("domain_key",)


def screen_leaks(values: pd.DataFrame, data: Dataset, study: Study) -> pd.DataFrame:
    """Look for variables and unused columns that tell a yes/no outcome almost perfectly.

    Parameters
    ----------
    values : pandas.DataFrame
        Index: unit; the feature table.
    data : Dataset
        Columns of its tables with one row a unit are screened too, whether or not the study uses them.
    study : Study
        Its variables with role outcome and two values are the outcomes.

    Returns
    -------
    pandas.DataFrame
        One row a suspicion, columns ``LEAK_COLUMNS``: reason ``predicts`` (area under the curve, auc, of .98 or more:
        the chance that a unit with the outcome stands above one without, by values; by the outcome of the *other*
        units with the same name for nominal columns) or ``filled`` (the column is only filled for units with the
        outcome, or only for those without, which chance would not do); numbers of units with the outcome and without,
        all and filled.
    """
    found = []
    columns = _columns(values, data, study)
    for variable in study.variables:
        outcome = values[variable.name]
        if variable.role == "outcome":
            found.append(screen_columns(columns, outcome))
    found = [table for table in found if len(table)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(LEAK_COLUMNS))


def screen_columns(columns: Mapping[str, pd.Series], outcome: pd.Series) -> pd.DataFrame:
    """The same for one outcome and columns at hand.

    Parameters
    ----------
    columns : mapping of str to pandas.Series
        Index: unit.
    outcome : pandas.Series
        Index: unit; named. Nothing is said of an outcome that is not yes/no, or too rare or common.

    Returns
    -------
    pandas.DataFrame
        Columns ``LEAK_COLUMNS``.
    """
    found = []
    known = outcome.dropna()
    if set(known.unique()) <= {0.0, 1.0} and min(int((known == 1.0).sum()), int((known != 1.0).sum())) >= LEAST:
        hits = (known == 1.0).to_numpy(bool)
        for name, column in columns.items():
            row = _judge(column.reindex(known.index), hits, CHANCE / len(columns))
            if row:
                found.append({"column": name, "outcome": outcome.name, **row})
    return pd.DataFrame(found, columns=list(LEAK_COLUMNS))


def count_screened(values: pd.DataFrame, data: Dataset, study: Study) -> tuple[int, tuple[str, ...]]:
    """How many columns ``screen_leaks`` compares, and the outcomes that are too rare, too common or not yes/no to compare.

    Parameters
    ----------
    values : pandas.DataFrame
    data : Dataset
    study : Study

    Returns
    -------
    int, tuple of str
    """
    outcomes = {v.name: values[v.name].dropna() for v in study.variables if v.role == "outcome"}
    open_ones = [
        name
        for name, known in outcomes.items()
        if not set(known.unique()) <= {0.0, 1.0} or min(int((known == 1).sum()), int((known == 0).sum())) < LEAST
    ]
    return len(_columns(values, data, study)), tuple(open_ones)


def _columns(values: pd.DataFrame, data: Dataset, study: Study) -> dict[str, pd.Series]:
    columns = {v.name: values[v.name] for v in study.variables if v.role != "outcome"}
    used = {(canonical_table(study, v.source), v.column or v.name) for v in study.variables if v.measure == "value"}
    for name, table in data.tables.items():
        if table.index.name != study.unit or not table.index.is_unique:
            continue
        for column in table.columns:
            if (name, column) not in used and column not in NOT_SCREENED:
                columns[f"{name}.{column}"] = table[column].set_axis(table.index.astype(str), axis=0)
    return columns


def _judge(column: pd.Series, outcome: np.ndarray, chance: float) -> dict[str, object] | None:
    from scipy.stats import hypergeom

    filled = column.notna().to_numpy(bool)
    n_with, n_without = int(outcome.sum()), int((~outcome).sum())
    with_it, without = int((filled & outcome).sum()), int((filled & ~outcome).sum())
    row: dict[str, object] = {"filled_with": with_it, "filled_without": without, "n_with": n_with}
    row["n_without"] = n_without
    if min(with_it, without) == 0 and max(with_it, without) >= LEAST:
        side = n_with if with_it else n_without
        luck = hypergeom.pmf(with_it + without, n_with + n_without, side, with_it + without)
        return {**row, "reason": "filled", "auc": float("nan")} if luck < chance else None
    if min(with_it, without) < LEAST:
        return None
    score = _score(column[filled], outcome[filled])
    if score is None:
        return None
    auc = area_under_curve(score, outcome[filled])
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        auc = max(auc, 1 - auc)
    return {**row, "reason": "predicts", "auc": auc} if auc >= ALMOST_PERFECT else None


def _score(column: pd.Series, outcome: np.ndarray) -> np.ndarray | None:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.astype("int64").to_numpy(float)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(float, na_value=np.nan)
    try:
        codes, levels = pd.factorize(column)
    except TypeError:  # lists and the like
        return None
    if len(levels) > len(column) / 2:
        return None
    held, hits = np.bincount(codes), np.bincount(codes, weights=outcome)
    others = np.maximum(held[codes] - 1, 1)
    return np.where(held[codes] > 1, (hits[codes] - outcome) / others, outcome.mean())


def area_under_curve(score: np.ndarray, outcome: np.ndarray) -> float:
    """Chance that a unit with the outcome has the higher score, ties counted half.

    Examples
    --------
    >>> area_under_curve(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.875
    """
    from scipy.stats import rankdata

    n, m = int(outcome.sum()), int((~outcome).sum())
    return float((rankdata(score)[outcome].sum() - n * (n + 1) / 2) / (n * m))
