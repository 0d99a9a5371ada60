"""SQL literals and names, quoted so that no value from outside can end its own quotes."""

from __future__ import annotations

import math

from .errors import ParameterError


def sql_number(value: float | None) -> str:
    """A literal DuckDB reads as DOUBLE, in parentheses so that a minus sign cannot join an operator to a comment.

    >>> sql_number(-2)
    '(-2.0e0)'
    """
    if value is None or not math.isfinite(value):
        raise ParameterError(f"numbers of a solution must be finite; got {value!r}")
    text = repr(float(value))
    return f"({text if 'e' in text else text + 'e0'})"


def sql_name(identifier: object) -> str:
    """
    >>> sql_name('a"b')
    '"a""b"'
    """
    text = str(identifier)
    if not text or "\0" in text:
        raise ParameterError(f"not a name of a table or column: {text!r}")
    return '"' + text.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """
    >>> sql_text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"
