"""The feature table: one row a unit, one column a study variable, and the account of who is not in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..dataset import Dataset
from ..errors import ParameterError, nearest_word
from ..period import Period

__all__ = ["FeatureTable", "feature_values", "source_files"]


@dataclass(frozen=True)
class FeatureTable:
    """Variables of a study for one quarter, in their natural units; scaling is the encoder's business.

    Attributes
    ----------
    study : str
        Name of the study.
    unit : str
        Name of the unit id.
    period : Period or None
        Quarter the behaviour was counted in; None for the table without rows that stands for a missing earlier quarter.
    values : pandas.DataFrame of shape (n_units, n_variables)
        Index: unit id. One column a study variable in the study's order: float (ordinal variables as 1 for the lowest
        level, 2 for the next ...; binary ones as 0 and 1) or str (nominal). Missing is NaN. Duplicate accounts are
        not in it.
    flags : pandas.DataFrame of shape (n_known_units, 2)
        Index: unit id, duplicates too. Columns ``careless`` (the latest answer to the survey is not believed, so survey
        variables are missing) and ``duplicate`` (another account of the same organisation is kept instead).
    counts : mapping of str to int
        Units and answers left out, by reason, and ``units``, the rows of ``values``.
    notes : tuple of str
        Decisions a reader should know of, a sentence each.
    source : str
        Files and digests for captions.
    ageing : tuple of str
        Variables that grow by themselves from quarter to quarter (time since the first event), so that a change is no news.
    """

    study: str
    unit: str
    period: Period | None
    values: pd.DataFrame
    flags: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: str = ""
    ageing: tuple[str, ...] = ()


def feature_values(features: FeatureTable | pd.DataFrame, needed: Iterable[str] = ()) -> pd.DataFrame:
    """Values of a feature table, or the frame itself, after checking that it has the columns needed.

    Raises
    ------
    ParameterError
        If the unit ids repeat, a column stands twice or a needed column is missing; the message offers the nearest
        name.
    """
    values = features.values if isinstance(features, FeatureTable) else features
    if not values.index.is_unique:
        twice = values.index[values.index.duplicated()].unique()
        raise ParameterError(f"unit ids must be unique; {len(twice)} stand more than once, for instance {twice[0]!r}")
    if not values.columns.is_unique:
        twice = values.columns[values.columns.duplicated()].unique()
        raise ParameterError(f"columns must be unique; standing twice: {', '.join(map(str, twice))}")
    lacking = [name for name in needed if name not in values.columns]
    if lacking:
        hints = " ".join(filter(None, (nearest_word(name, values.columns) for name in lacking)))
        raise ParameterError(f"the features lack {', '.join(map(repr, lacking))}. {hints}".strip())
    return values


def source_files(data: Dataset, source: str) -> str:
    """Files of a source as the study names them, for error messages; the source's name if there is no account of it."""
    for account in data.accounts:
        if account.source == source:
            return ", ".join(account.files) or source
    return source
