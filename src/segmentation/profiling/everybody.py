"""Who is profiled: units with a segment, their segment as numbers, and each variable as numbers or levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..features import FeatureTable, feature_values, unit_weights
from ..study import Study, Variable

__all__ = ["OTHER", "Everybody", "even_weights", "gather", "levels_of"]

OTHER = "other"


@dataclass(frozen=True)
class Everybody:
    """Units with a segment.

    Attributes
    ----------
    values : pandas.DataFrame of shape (n_units, n_variables)
    codes : ndarray of shape (n_units,)
        Position of each unit's segment in ``segments``.
    segments : tuple of str
        Sorted segment ids.
    weights : ndarray of shape (n_units,)
        Mean 1; exactly 1 for everybody where the study has no weights or all are equal.
    """

    values: pd.DataFrame
    codes: np.ndarray
    segments: tuple[str, ...]
    weights: np.ndarray

    @property
    def onehot(self) -> np.ndarray:
        """Shape (n_units, n_segments): 1.0 where a unit is in a segment."""
        return np.eye(len(self.segments))[self.codes]

    @property
    def sizes(self) -> np.ndarray:
        return np.bincount(self.codes, minlength=len(self.segments))

    @property
    def shares(self) -> np.ndarray:
        """Shape (n_segments,): part of everybody, by weight."""
        return self.weights @ self.onehot / self.weights.sum()

    @property
    def weighted(self) -> bool:
        return bool((self.weights != 1.0).any())


def gather(features: FeatureTable | pd.DataFrame, membership: pd.DataFrame | pd.Series, study: Study) -> Everybody:
    """Put variables and segments of the same units side by side; units without a segment, or without weight, are left out.

    Raises
    ------
    ParameterError
        If units of the membership are not in the features, variables are missing or nobody has a segment.
    DataContractError
        If the study's weights are negative, infinite or all zero.
    """
    values = feature_values(features, [variable.name for variable in study.variables])
    if isinstance(membership, pd.DataFrame) and "segment" not in membership.columns:
        raise ParameterError(f"membership needs a column 'segment'; it has: {', '.join(map(str, membership.columns))}")
    segment = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    segment = segment.dropna()
    if segment.empty:
        raise ParameterError("nobody has a segment, so there is nothing to profile")
    if not segment.index.is_unique:
        raise ParameterError(f"membership has {int(segment.index.duplicated().sum())} unit ids more than once")
    strangers = segment.index.difference(values.index)
    if len(strangers):
        raise ParameterError(
            f"{len(strangers)} units of the membership are not in the features, for instance {strangers[0]!r}"
        )
    weights = even_weights(features, segment.index, study)
    segment = segment.loc[weights.index]
    if segment.empty:
        raise ParameterError("nobody with a segment has a weight, so there is nothing to profile")
    names = tuple(sorted(segment.astype(str).unique(), key=_by_number))
    codes = pd.Categorical(segment.astype(str), categories=list(names)).codes.astype(np.intp)
    return Everybody(values.loc[segment.index], codes, names, weights.to_numpy())


def even_weights(features: FeatureTable | pd.DataFrame, units: pd.Index, study: Study) -> pd.Series:
    """Weights of some units, scaled to a mean of 1 over them; units without a weight, or with one of 0, are not in it.

    Equal weights are exactly 1, so that they change nothing, not even the last digit.
    """
    given = unit_weights(features, study)
    if given is None:
        return pd.Series(1.0, index=units)
    weights = given.loc[units]
    weights = weights[weights > 0]
    if weights.empty or weights.min() == weights.max():
        return pd.Series(1.0, index=weights.index)
    return weights / weights.mean()


def levels_of(column: pd.Series, variable: Variable, min_cell: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Levels of a nominal or ordinal variable; names held by fewer than ``min_cell`` units are counted together.

    Returns
    -------
    (ndarray of shape (n_units,), tuple of str)
        Position of each unit's level, -1 where missing; level names, in their order or most frequent first, "other"
        last.

    Examples
    --------
    >>> trade = Variable(name="trade", source="companies", kind="firmographic", level="nominal")
    >>> codes, names = levels_of(pd.Series(["b", "a", "b", None, "c"]), trade, 2)
    >>> codes.tolist(), names
    ([0, 1, 0, -1, 1], ('b', 'other'))
    """
    if variable.level == "ordinal":
        codes = column.fillna(0).to_numpy(int) - 1
        return codes, variable.levels
    counts = column.dropna().astype(str).value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    named = [name for name in counts.index[counts >= min_cell] if name != OTHER]
    names = (*named, OTHER) if len(named) < len(counts) else tuple(named)
    places = {name: place for place, name in enumerate(names)}
    words = column.astype("str")
    codes = [-1 if gone else places.get(word, len(names) - 1) for word, gone in zip(words, column.isna(), strict=True)]
    return np.array(codes, dtype=int), names


def _by_number(segment: str) -> tuple[int, str]:
    digits = "".join(character for character in segment if character.isdigit())
    return (int(digits) if digits else 0, segment)
