"""Cells to ids, numbers and yes/no; what does not fit is a violation with its rows."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from .job import Job
from .safety import TEXT_LIMIT
from .text import normal

__all__ = ["as_booleans", "as_id_lists", "as_ids", "as_numbers", "as_words", "check_unique", "looks_numeric"]

YES, NO = ("true", "yes", "y", "1", "t", "1.0"), ("false", "no", "n", "0", "f", "0.0")
NUMBER = r"[-+]?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?"


def as_ids(values: pd.Series, job: Job, file: str, column: str) -> pd.Series:
    """Ids as text: composed, trimmed, whole numbers without a point; a number too long to be exact is a violation."""
    if pd.api.types.is_float_dtype(values.dtype):
        broken = values[values.notna() & ((values % 1 != 0) | (values.abs() >= 2**53))]
        if len(broken):
            fix = "Store ids as text; as decimal numbers they lose digits"
            job.bad_rows(broken, "ids are decimal numbers", file, column=column, fix=fix)
        text = values.map(lambda value: str(int(value)), na_action="ignore")
    elif pd.api.types.is_integer_dtype(values.dtype):
        text = values.astype("str")
    else:
        text = values.map(normal, na_action="ignore")
    text = text.astype("str")
    return text.where(text.notna() & (text != ""))


def as_words(values: pd.Series) -> pd.Series:
    """Text as it stands, trimmed; blank is missing."""
    text = values.astype("object").where(values.notna()).map(lambda value: str(value).strip(), na_action="ignore")
    text = text.astype("str")
    return text.where(text != "")


def as_texts(values: pd.Series, job: Job, file: str, column: str) -> pd.Series:
    """As ``as_words``; a cell longer than the longest interview is a violation and counts as blank."""
    words = as_words(values)
    large = words.str.len() > TEXT_LIMIT
    if large.any():
        sizes = words[large].str.len().map("{:,} characters".format)
        job.bad_rows(
            sizes,
            "texts are too large",
            file,
            column=column,
            allowed=f"{TEXT_LIMIT:,}",
            fix="Give each conversation a row of its own",
        )
    return words.mask(large)


def as_numbers(values: pd.Series, job: Job, file: str, column: str) -> pd.Series:
    """Floats; text that is not a number in digits and a decimal point is a violation."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = values[values.notna() & ~np.isfinite(numbers)]
    if len(wrong):
        fix = "Write numbers with digits and a decimal point, without units or separators"
        allowed = "numbers such as 1200.50"
        job.bad_rows(
            wrong, "values are not numbers", file, column=column, allowed=allowed, fix=fix, of=int(values.notna().sum())
        )
    return numbers


def as_booleans(values: pd.Series, job: Job, file: str, column: str) -> pd.Series:
    """Yes and no as nullable booleans; other words are a violation."""
    words = as_words(values).str.lower()
    flags = pd.Series(pd.NA, index=values.index, dtype="boolean")
    flags[words.isin(YES)] = True
    flags[words.isin(NO)] = False
    wrong = words[words.notna() & flags.isna()]
    if len(wrong):
        job.bad_rows(wrong, "values are neither yes nor no", file, column=column, allowed="true/false, yes/no, 1/0")
    return flags


def as_id_lists(values: pd.Series) -> pd.Series:
    """``8001;8002`` as a list of ids; blank as an empty list."""
    return values.map(
        lambda cell: [] if pd.isna(cell) else [part for part in map(normal, re.split(r"[;,]", _whole(cell))) if part]
    ).astype("object")


def _whole(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def check_unique(frame: pd.DataFrame, key: str, job: Job, what: str) -> None:
    """Add a violation a file for ids that stand in several rows; needs the columns ``_file`` and ``_row``."""
    known = frame[frame[key].notna()]
    doubled = known[known.duplicated(key, keep=False)]
    if doubled.empty:
        return
    examples = []
    for value, rows in list(doubled.groupby(key, sort=False))[:5]:
        places = ", ".join(f"{row.row} of {row.file}" if _several(frame) else f"{row.row}" for row in _places(rows))
        examples.append(f"{value!r} in rows {places}")
    count = doubled[key].nunique()
    more = f" and {count - 5} more" if count > 5 else ""
    repeated = doubled[doubled.duplicated(key)].iloc[0]
    job.bad(
        f"{count} {what}{' stands' if count == 1 else 's stand'} in several rows: {'; '.join(examples)}{more}",
        repeated["_file"], row=int(repeated["_row"]), column=key, value=repeated[key], allowed="each id once",
        fix="Remove the repeated rows, or export again",
    )  # fmt: skip


def _several(frame: pd.DataFrame) -> bool:
    return frame["_file"].nunique() > 1


def _places(rows: pd.DataFrame) -> list[pd.Series]:
    named = rows[["_file", "_row"]].set_axis(["file", "row"], axis=1)
    return list(named.head(4).itertuples(index=False))


def looks_numeric(values: pd.Series) -> bool:
    """Whether every cell is a number that is the same when written back: no leading zeros, at most 15 digits."""
    known = values.dropna()
    if known.empty or not pd.api.types.is_string_dtype(known.dtype):
        return False
    return bool(known.str.fullmatch(NUMBER).all() and (known.str.len() <= 16).all())
