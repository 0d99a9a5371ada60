"""How far two partitions of the same units agree, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..study import Choices
from .kmeans import adjusted_rand

__all__ = ["Agreement", "compare_partitions", "read_agreement"]

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
