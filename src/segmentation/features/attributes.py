"""Attributes: a column of any table about units, as number, yes/no, ordered level or name."""

from __future__ import annotations

import pandas as pd

from ..errors import Violation, nearest_word
from ..study import Variable
from .survey import plain_value, rows_words

__all__ = ["read_attribute", "rows_by_unit"]

YES = {"true", "yes", "y", "t", "1", "1.0"}
NO = {"false", "no", "n", "f", "0", "0.0"}
DATES = ("recorded_at", "closed_at", "timestamp", "created_at")


def rows_by_unit(
    table: pd.DataFrame, unit: str, name: str, file: str
) -> tuple[pd.DataFrame, list[Violation], list[str]]:
    """The one row a unit that counts: the only one, or the latest where a table has several.

    Returns
    -------
    (pandas.DataFrame, list of Violation, list of str)
        Rows indexed by unit (str); what is wrong; notes on what was chosen.
    """
    if table.index.name == unit:
        return table.set_axis(table.index.astype(str), axis=0), [], []
    if unit not in table.columns:
        fix = nearest_word(unit, table.columns) or f"Say which header holds the {unit} (unit: in the source)"
        return table.iloc[:0], [Violation(f"table {name!r} has no unit id", file, column=unit, fix=fix)], []
    rows = table[table[unit].notna()]
    ids = rows[unit].astype(str)
    several = int(ids.duplicated().groupby(ids).any().sum())
    date = next((column for column in DATES if column in rows.columns), None)
    if several and date is None:
        message = f"{several} units have several rows and there is no date to choose the latest by"
        return table.iloc[:0], [Violation(message, file, rows_words(rows.index[ids.duplicated()]), unit)], []
    notes = []
    if several:
        rows = rows.sort_values(date, na_position="first", kind="stable")
        notes = [f"{several} units have several rows in {name}; the latest by {date} counts."]
    kept = rows.set_axis(pd.Index(rows[unit].astype(str), name=unit), axis=0)
    return kept[~kept.index.duplicated(keep="last")], [], notes


def read_attribute(rows: pd.DataFrame, variable: Variable, file: str) -> tuple[pd.Series, list[Violation]]:
    """One column as the study declares it: float for numeric, binary (0, 1) and ordinal (1, 2, ...), str for nominal.

    Examples
    --------
    >>> size = Variable(
    ...     name="size", source="companies", kind="firmographic", level="ordinal", levels=("small", "large")
    ... )
    >>> read_attribute(pd.DataFrame({"size": ["large", None, "small"]}), size, "companies.csv")[0].tolist()
    [2.0, nan, 1.0]
    """
    column = variable.column or variable.name
    empty = pd.Series(float("nan"), index=rows.index)
    if column not in rows.columns:
        fix = nearest_word(column, rows.columns) or "Map it under columns: of the source"
        return empty, [Violation(f"no such column (variable {variable.name!r})", file, column=column, fix=fix)]
    values = rows[column]
    if variable.level == "nominal":
        return values.astype("str").where(values.notna()), []
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        message = f"variable {variable.name!r} is {variable.level}, but the column holds dates"
        return empty, [Violation(message, file, column=column, fix="Use a measure, or another column")]
    numbers, allowed = _as_numbers(values, variable)
    wrong = numbers.isna() & values.notna()
    violations = []
    if wrong.any():
        fix = nearest_word(values[wrong].iloc[0], variable.levels)
        message = f"{int(wrong.sum())} values of variable {variable.name!r} are not {variable.level}"
        violations.append(
            Violation(
                message, file, rows_words(rows.index[wrong]), column, plain_value(values[wrong].iloc[0]), allowed, fix
            )
        )
    if variable.scale is not None:
        outside = numbers.notna() & ~numbers.between(*variable.scale)
        if outside.any():
            message, scale = f"{int(outside.sum())} values outside the scale", "{:g} to {:g}".format(*variable.scale)
            violations.append(
                Violation(
                    message, file, rows_words(rows.index[outside]), column, plain_value(values[outside].iloc[0]), scale
                )
            )
    return numbers, violations


def _as_numbers(values: pd.Series, variable: Variable) -> tuple[pd.Series, str]:
    if variable.level == "ordinal":
        ranks = {level: float(rank) for rank, level in enumerate(variable.levels, start=1)}
        return values.astype("str").where(values.notna()).map(ranks).astype(float), ", ".join(variable.levels)
    if variable.level == "binary":
        words = values.astype("str").where(values.notna()).str.strip().str.lower()
        codes = {**dict.fromkeys(YES, 1.0), **dict.fromkeys(NO, 0.0)}
        return words.map(codes).astype(float), "yes, no, true, false, 1, 0"
    return pd.to_numeric(values, errors="coerce").astype(float), "a number"
