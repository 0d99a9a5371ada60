"""Krippendorff's alpha, general: any number of coders, missing values, four levels of measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from ..errors import ParameterError, nearest_word

__all__ = ["Alpha", "Level", "alpha_of_coincidences", "krippendorff_alpha"]

Level = Literal["nominal", "ordinal", "interval", "ratio"]


@dataclass(frozen=True)
class Alpha:
    """Agreement beyond chance between coders.

    Attributes
    ----------
    value : float
        1 is full agreement, 0 what chance gives, below 0 systematic disagreement; NaN where undefined.
    reason : str
        Why it is undefined, or empty.
    units : int
        Units that at least two coders judged.
    values : int
        Different values found in those units.
    """

    value: float
    reason: str
    units: int
    values: int


def krippendorff_alpha(ratings: Any, level: Level = "nominal") -> Alpha:
    """Krippendorff's alpha of a table of judgements.

    Undefined, and said to be, when everybody gave one and the same value everywhere: without any variation nothing
    shows
    that the coders could have told two things apart.

    Parameters
    ----------
    ratings : array-like of shape (n_units, n_coders)
        One judgement a cell; NaN or None where a coder did not judge the unit. Units with fewer than two judgements are
        left out.
    level : {"nominal", "ordinal", "interval", "ratio"}
        How far apart two values are: just different; by the ranks between them; by their difference; by their ratio.

    Returns
    -------
    Alpha

    Raises
    ------
    ParameterError
        If the level is unknown, or values of a level other than nominal are not numbers.

    Notes
    -----
    alpha = 1 - Do/De over the coincidence matrix (Krippendorff, Content Analysis, 4th ed., ch. 12).

    Examples
    --------
    >>> result = krippendorff_alpha([["a", "b"], ["a", "a"], ["b", "b"]])
    >>> round(result.value, 4), result.units
    (0.4444, 3)
    >>> krippendorff_alpha([[1, 1], [1, 1]]).reason
    'only one value occurs: 1'
    """
    if level not in get_args(Level):
        hint = nearest_word(level, get_args(Level))
        raise ParameterError(f"level must be one of {', '.join(get_args(Level))}; got {level!r}. {hint}".strip())
    table = pd.DataFrame(ratings).astype(object)
    codes, values = pd.factorize(table.to_numpy().ravel(), sort=True, use_na_sentinel=True)
    counts = np.zeros((len(table), max(len(values), 1)))
    rows = np.repeat(np.arange(len(table)), table.shape[1])
    np.add.at(counts, (rows[codes >= 0], codes[codes >= 0]), 1)
    pairable = counts.sum(axis=1) >= 2
    occurring = counts[pairable].sum(axis=0) > 0
    units, found = int(pairable.sum()), int(occurring.sum())
    if not units:
        return Alpha(math.nan, "no unit was judged by two coders", 0, found)
    if found == 1:
        return Alpha(math.nan, f"only one value occurs: {np.asarray(values)[occurring[: len(values)]][0]}", units, 1)
    scale = np.arange(float(len(values))) if level == "nominal" else _numbers(values, level)
    together = coincidences(counts[pairable]).sum(axis=0)
    return Alpha(float(alpha_of_coincidences(together, scale, level)), "", units, found)


def coincidences(counts: np.ndarray) -> np.ndarray:
    """Coincidence matrix of each unit, shape (n_units, n_values, n_values), from counts of values by unit (each >= 2)."""
    within = counts[:, :, None] * counts[:, None, :]
    within -= counts[:, :, None] * np.eye(counts.shape[1])
    weighted: np.ndarray = within / (counts.sum(axis=1) - 1)[:, None, None]
    return weighted


def alpha_of_coincidences(together: np.ndarray, values: np.ndarray, level: Level = "nominal") -> np.ndarray:
    """Alpha of one or many coincidence matrices; NaN where only one value occurs.

    Parameters
    ----------
    together : ndarray of shape (..., n_values, n_values)
        Coincidences, as sums over units.
    values : ndarray of shape (n_values,)
        The values, sorted; used by the levels interval and ratio.
    level : {"nominal", "ordinal", "interval", "ratio"}

    Returns
    -------
    ndarray of shape (...)

    Raises
    ------
    ParameterError
        Never for the levels above.

    Examples
    --------
    >>> float(alpha_of_coincidences(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([0.0, 1.0])).round(4))
    0.4444
    """
    margins = together.sum(axis=-1)
    total = margins.sum(axis=-1)
    distance = _distance(margins, values, level)
    observed = (together * distance).sum(axis=(-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * distance).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha: np.ndarray = np.where(expected > 1e-12, 1 - (total - 1) * observed / expected, np.nan)
    return alpha


def _distance(margins: np.ndarray, values: np.ndarray, level: Level) -> np.ndarray:
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    first, second = values[:, None], values[None, :]
    if level == "interval":
        return np.asarray((first - second) ** 2)
    if level == "ratio":
        total = np.where(first + second == 0, 1.0, first + second)
        return np.asarray(((first - second) / total) ** 2)
    upto = margins.cumsum(axis=-1) - margins / 2  # ranks between c and k, each end counted half
    return np.asarray((upto[..., :, None] - upto[..., None, :]) ** 2)


def _numbers(values: Any, level: str) -> np.ndarray:
    try:
        return np.asarray([float(value) for value in values])
    except (TypeError, ValueError):
        raise ParameterError(f"level {level!r} needs numbers; got {list(values)[:3]!r}") from None
