"""How far two partitions of the same units agree, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..study import Choices
from .kmeans import adjusted_rand

__all__ = ["Agreement", "compare_partitions", "match_labels", "measure_overlaps", "read_agreement"]

SAME, MUCH, PART = 0.80, 0.60, 0.40


@dataclass(frozen=True)
class Agreement:
    """Adjusted Rand index of two partitions: 1 the same division, 0 what chance gives.

    Attributes
    ----------
    value, lower, upper : float
        Index and its 95 % bootstrap interval over units; NaN below two units in both.
    n : int
        Units in both partitions.
    table : pandas.DataFrame
        Units by segment of the first (rows) and of the second (columns).
    """

    value: float
    lower: float
    upper: float
    n: int
    table: pd.DataFrame


def compare_partitions(first: pd.Series, second: pd.Series, *, choices: Choices) -> Agreement:
    """Agreement of two partitions over the units that are in both.

    Parameters
    ----------
    first, second : pandas.Series
        Segment by unit; missing where a unit is in none.
    choices : Choices
        ``draws`` and ``random_state`` are used.

    Returns
    -------
    Agreement

    Notes
    -----
    Hubert and Arabie (1985). The interval draws units with replacement and leaves both partitions as they are: it tells how exactly
    these units show the agreement of these two partitions, not how either would change with other units.

    Examples
    --------
    >>> one = pd.Series(["A", "A", "B", "B"], index=list("wxyz"))
    >>> compare_partitions(one, one.map({"A": "S2", "B": "S1"}), choices=Choices()).value
    1.0
    """
    both = pd.DataFrame({"first": first, "second": second}).dropna().astype(str)
    table = pd.crosstab(both["first"], both["second"])
    nothing = float("nan")
    if len(both) < 2:
        return Agreement(nothing, nothing, nothing, len(both), table)
    counts = table.to_numpy(float)
    random = np.random.default_rng(choices.random_state)
    drawn = random.multinomial(len(both), counts.ravel() / counts.sum(), size=choices.draws)
    low, high = np.quantile(rand_indices(drawn.reshape(-1, *counts.shape)), [0.025, 0.975])
    value = adjusted_rand(counts)
    return Agreement(value, min(float(low), value), max(float(high), value), len(both), table)


def measure_overlaps(table: pd.DataFrame) -> pd.Series:
    """Jaccard overlap of each segment (row) with its best counterpart (column): units in both, as a share of those in either.

    Parameters
    ----------
    table : pandas.DataFrame
        Units by segment of one partition (rows) and of another (columns), as ``Agreement.table``.

    Returns
    -------
    pandas.Series
        Index: segment of the rows; 0 to 1. Hennig (2007) reads less than 0.60 as a segment that does not come back.

    Examples
    --------
    >>> measure_overlaps(pd.DataFrame({"a": [6, 2], "b": [0, 2]}, index=["S1", "S2"])).tolist()
    [0.75, 0.5]
    """
    counts = table.to_numpy(float)
    union = counts.sum(axis=1, keepdims=True) + counts.sum(axis=0, keepdims=True) - counts
    shares = np.divide(counts, union, out=np.zeros_like(counts), where=union > 0)
    return pd.Series(shares.max(axis=1, initial=0.0), index=table.index, name="overlap")


def match_labels(published: pd.Series, labels: pd.Series) -> pd.Series:
    """Labels renamed to the published ids they share most units with, one to one.

    Parameters
    ----------
    published, labels : pandas.Series
        Segment by unit.

    Returns
    -------
    pandas.Series
        ``labels`` with new names. A segment that shares nobody with the id left for it, or that is one too many, is called "other 1",
        "other 2" and so on.

    Notes
    -----
    The pairs are those in which most units keep their id (Hungarian method).

    Examples
    --------
    >>> one = pd.Series(["S1", "S1", "S2", "S2", "S2"])
    >>> match_labels(one, pd.Series(["S2", "S2", "S1", "S1", "S2"])).tolist()
    ['S1', 'S1', 'S2', 'S2', 'S1']
    """
    from scipy.optimize import linear_sum_assignment

    both = pd.DataFrame({"published": published, "labels": labels}).dropna().astype(str)
    table = pd.crosstab(both["published"], both["labels"])
    counts = table.to_numpy()
    pairs = zip(*linear_sum_assignment(-counts), strict=True)
    names = {table.columns[j]: table.index[i] for i, j in pairs if counts[i, j] > 0}
    rest = [name for name in sorted(labels.dropna().astype(str).unique()) if name not in names]
    names |= {name: f"other {place}" for place, name in enumerate(rest, start=1)}
    return labels.map(names, na_action="ignore")


def rand_indices(tables: np.ndarray) -> np.ndarray:
    """Adjusted Rand indices of many tables of counts, shape (..., rows, columns).

    Examples
    --------
    >>> rand_indices(np.array([[[2, 0], [0, 3]], [[1, 1], [1, 1]]])).round(3).tolist()
    [1.0, -0.5]
    """

    def pairs(counts: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        return (counts * (counts - 1.0) / 2).sum(axis=axes)

    both = pairs(tables, (-2, -1))
    first, second = pairs(tables.sum(axis=-1), (-1,)), pairs(tables.sum(axis=-2), (-1,))
    total = tables.sum(axis=(-2, -1)).astype(float)
    expected = first * second / np.maximum(total * (total - 1) / 2, 1)
    room = (first + second) / 2 - expected
    return np.divide(both - expected, room, out=np.ones_like(room), where=np.abs(room) > 1e-12)


def read_agreement(value: float) -> str:
    """An agreement in words.

    Examples
    --------
    >>> [read_agreement(value) for value in (0.93, 0.7, 0.5, 0.1)]
    ['the same segments', 'much the same, borders move', 'partly the same', 'another segmentation']
    """
    if np.isnan(value):
        return "not enough data"
    if value >= SAME:
        return "the same segments"
    return (
        "much the same, borders move"
        if value >= MUCH
        else "partly the same"
        if value >= PART
        else "another segmentation"
    )
