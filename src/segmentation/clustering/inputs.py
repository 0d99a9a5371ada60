"""What clustering takes: z-scores of base variables, one row a unit. Checked whole, never repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from ..errors import DataContractError, ParameterError, Violation

__all__ = [
    "DistinctRows",
    "check_count",
    "check_encoded",
    "complete_rows",
    "distinct_rows",
    "lexical_order",
    "spawn_seeds",
]

T = TypeVar("T")
FEW, CHUNK = 512, 1 << 16


@dataclass(frozen=True)
class DistinctRows:
    """Distinct rows of a matrix in lexical order, so that the order of units cannot matter.

    Attributes
    ----------
    values : ndarray of shape (n_distinct, n_variables)
    counts : ndarray of shape (n_distinct,)
        How many units have each row.
    place : ndarray of shape (n_units,)
        Row of ``values`` that each unit has.
    """

    values: np.ndarray
    counts: np.ndarray
    place: np.ndarray


def distinct_rows(values: np.ndarray) -> DistinctRows:
    """Collapse equal rows; a bootstrap sample is then the same rows with other weights.

    Examples
    --------
    >>> rows = distinct_rows(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    >>> rows.values.tolist(), rows.counts.tolist(), rows.place.tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [1, 2], [1, 0, 1])
    """
    if len(values) <= FEW:
        found, place, counts = np.unique(values + 0.0, axis=0, return_inverse=True, return_counts=True)
        return DistinctRows(np.ascontiguousarray(found), counts, place.reshape(-1))
    order = np.argsort(values[:, 0] + 0.0)
    if (np.diff(values[order, 0]) > 0).all():  # one continuous column is enough
        place = np.empty(len(values), np.int64)
        place[order] = np.arange(len(values))
        return DistinctRows(values[order] + 0.0, np.ones(len(values), np.int64), place)
    hashes = _hash_rows(values)
    order = np.argsort(hashes)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(hashes[order]) != 0]))
    counts = np.diff(np.append(starts, len(values)))
    place = np.empty(len(values), np.int64)
    place[order] = np.repeat(np.arange(len(starts)), counts)
    found = values[order[starts]] + 0.0
    repeats = np.delete(order, starts)
    for low in range(0, len(repeats), CHUNK):
        piece = repeats[low : low + CHUNK]
        if not (values[piece] == found[place[piece]]).all():  # two rows with one hash: about once in 10 million tables
            found, place, counts = np.unique(values + 0.0, axis=0, return_inverse=True, return_counts=True)
            return DistinctRows(np.ascontiguousarray(found), counts, place.reshape(-1))
    order = lexical_order(found)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return DistinctRows(found[order], counts[order], rank[place])


def lexical_order(values: np.ndarray) -> np.ndarray:
    """Row numbers by the first column, equals by the second, and so on; later columns are looked at only where rows are equal so far.

    Examples
    --------
    >>> lexical_order(np.array([[1.0, 2.0], [0.0, 9.0], [1.0, 1.0]])).tolist()
    [1, 2, 0]
    """
    order = np.argsort(values[:, 0], kind="stable")
    sorted_column = values[order, 0]
    tied = np.concatenate([[False], sorted_column[1:] == sorted_column[:-1]])
    for column in values.T[1:]:
        if not tied.any():
            break
        places = np.flatnonzero(tied | np.append(tied[1:], False))
        group = np.cumsum(~tied)[places]
        order[places] = order[places][np.lexsort((column[order[places]], group))]
        sorted_column = column[order]
        tied[1:] &= sorted_column[1:] == sorted_column[:-1]
    return order


def _hash_rows(values: np.ndarray) -> np.ndarray:
    """A 64-bit number for each row that depends on every bit of it (0.0 and -0.0 are one)."""
    hashes = np.empty(len(values), np.uint64)
    for low in range(0, len(values), CHUNK):
        bits = np.ascontiguousarray((values[low : low + CHUNK] + 0.0).T).view(np.uint64)
        mixed = np.zeros(bits.shape[1], np.uint64)
        for column in bits:
            mixed ^= column
            mixed *= np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(32)
            mixed *= np.uint64(0xD6E8FEB86659FD93)
            mixed ^= mixed >> np.uint64(29)
        hashes[low : low + CHUNK] = mixed
    return hashes


def check_encoded(encoded: pd.DataFrame, *, name: str = "encoded") -> None:
    """Refuse a table that is not z-scores by unit.

    Parameters
    ----------
    encoded : pandas.DataFrame
        Index of units without repeats, numeric columns without repeats, NaN where a unit lacks a variable.
    name : str
        What the table is called in the message.

    Raises
    ------
    ParameterError
        If it is not a DataFrame with columns.
    DataContractError
        With every column that is not numeric or holds an infinity, every repeated column or unit.
    """
    if not isinstance(encoded, pd.DataFrame):
        raise ParameterError(f"{name} must be a DataFrame of base variables by unit; got {type(encoded).__name__}")
    if encoded.shape[1] == 0:
        raise ParameterError(f"{name} has no column; at least one base variable is needed")
    found = [
        Violation("column stands twice", name, column=str(column), fix="Name each base variable once")
        for column in encoded.columns[encoded.columns.duplicated()].unique()
    ]
    repeated = encoded.index[encoded.index.duplicated()].unique()
    if len(repeated):
        shown = ", ".join(str(unit) for unit in repeated[:5])
        found.append(Violation(f"{len(repeated)} units stand twice", name, value=shown, fix="One row a unit"))
    for position, column in enumerate(encoded.columns):
        values = encoded.iloc[:, position]
        if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
            found.append(
                Violation("not numeric", name, column=str(column), value=str(values.dtype), allowed="z-scores")
            )
        elif np.isinf(values.to_numpy(float, na_value=np.nan)).any():
            rows = values.index[np.isinf(values.to_numpy(float, na_value=np.nan))]
            found.append(Violation(f"{len(rows)} infinite values", name, row=str(rows[0]), column=str(column)))
    if found:
        raise DataContractError(found)


def complete_rows(encoded: pd.DataFrame, *, segments: int = 1) -> pd.DataFrame:
    """Units with every base variable, as float64; solutions are fitted on these.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    segments : int
        Number of segments wanted, for the check that there are enough distinct units.

    Returns
    -------
    pandas.DataFrame
        Rows without a missing value, their order kept; columns by name.

    Raises
    ------
    ParameterError
        If no unit is complete, or fewer distinct units than segments are left.
    DataContractError
        With every column that is constant over the complete rows; or see ``check_encoded``.

    Examples
    --------
    >>> complete_rows(pd.DataFrame({"a": [1.0, 2.0, None], "b": [0.0, 1.0, 2.0]}, index=["u", "v", "w"]))
         a    b
    u  1.0  0.0
    v  2.0  1.0
    """
    check_encoded(encoded)
    rows = encoded[sorted(encoded.columns, key=str)].astype(float).dropna()  # the order of columns must not matter
    if rows.empty:
        missing = ", ".join(f"{column} ({count})" for column, count in encoded.isna().sum().items() if count)
        raise ParameterError(
            f"none of the {len(encoded)} units has every base variable; missing values by variable: {missing or '-'}"
        )
    if len(rows) > 1:
        constant = [column for column in rows.columns if rows[column].min() == rows[column].max()]
        if constant:
            fix = "Take it out of the base: a variable that does not vary cannot form segments"
            raise DataContractError(
                Violation(
                    f"constant over the {len(rows)} complete rows",
                    "encoded",
                    None,
                    str(column),
                    float(rows[column].iloc[0]),
                    "",
                    fix,
                )
                for column in constant
            )
    distinct = len(np.unique(rows.iloc[: 20 * segments].to_numpy(), axis=0))  # as good as always enough
    if segments > distinct:
        distinct = len(distinct_rows(rows.to_numpy()).values)
    if segments > distinct:
        raise ParameterError(
            f"{segments} segments need at least {segments} different units; "
            f"there are {distinct} different rows among {len(rows)} complete units. Ask for fewer segments, or bring more units"
        )
    return rows


def check_count(segments: object, *, name: str = "segments", low: int = 2) -> int:
    """A whole number of segments of at least ``low``.

    Raises
    ------
    ParameterError
        If it is not one.
    """
    if isinstance(segments, bool) or not isinstance(segments, (int, np.integer)) or segments < low:
        raise ParameterError(f"{name} must be a whole number of at least {low}; got {segments!r}")
    return int(segments)


def spawn_seeds(random_state: int, purpose: str, *keys: int, size: int) -> np.ndarray:
    """Seeds for one purpose that no other purpose shares, uint32 of shape (size,).

    A longer request begins with the shorter one's seeds.
    """
    words = [int(random_state), *purpose.encode(), *(int(key) for key in keys)]
    return np.random.SeedSequence(words).generate_state(size, np.uint32)
