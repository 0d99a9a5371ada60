"""A small spreadsheet: works out the formulas of a workbook, and knows nothing of how they were written."""

from __future__ import annotations

import math
import re
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, range_boundaries

TOKENS = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?)|(?P<range>(?:\w+!)?\$?[A-Z]{1,3}\$?\d+:\$?[A-Z]{1,3}\$?\d+)
    |(?P<cell>(?:\w+!)?\$?[A-Z]{1,3}\$?\d+)|(?P<name>[A-Z]+)(?=\()|(?P<sign><=|>=|<>|[-+*/(),=<>])""",
    re.X,
)


class Sheets:
    """Values of cells, formulas worked out when asked for; ``answers`` stand in cells as if typed."""

    def __init__(self, book: Workbook, answers: dict[str, Any]) -> None:
        self.book, self.known = book, {("Questions", cell): value for cell, value in answers.items()}

    def value(self, sheet: str, cell: str) -> Any:
        key = (sheet, cell)
        if key not in self.known:
            held = self.book[sheet][cell]
            self.known[key] = self.work_out(held.value[1:], sheet) if held.data_type == "f" else held.value
        return self.known[key]

    def work_out(self, formula: str, sheet: str) -> Any:
        parts, end = [], 0
        while end < len(formula):
            found = TOKENS.match(formula, end)
            assert found, f"{formula[end : end + 30]!r} is not a formula this reader knows"
            parts.append(self._translate(found, sheet))
            end = found.end()
        return eval("".join(parts), {"__builtins__": {}}, {**FUNCTIONS, "cell": self.value, "cells": self.cells})

    def cells(self, sheet: str, area: str) -> list[Any]:
        left, top, right, bottom = range_boundaries(area)
        names = [f"{get_column_letter(c)}{r}" for r in range(top, bottom + 1) for c in range(left, right + 1)]
        return [self.value(sheet, name) for name in names]

    @staticmethod
    def _translate(found: re.Match[str], sheet: str) -> str:
        word = found.group().replace("$", "") if found.lastgroup in ("cell", "range") else found.group()
        if found.lastgroup in ("cell", "range"):
            place, _, rest = word.rpartition("!")
            return f"{'cell' if found.lastgroup == 'cell' else 'cells'}({place or sheet!r}, {rest!r})"
        if found.lastgroup == "text":
            return repr(word[1:-1].replace('""', '"'))
        if found.lastgroup == "number":
            return repr(float(word))
        return {"=": "==", "<>": "!=", "IF": "IF_"}.get(word, word)


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _flat(values: tuple[Any, ...]) -> list[float]:
    listed = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [float(item) for item in listed if isinstance(item, (int, float))]


FUNCTIONS = {
    "IF_": lambda test, yes, no: yes if test else no,
    "EXACT": lambda one, other: _text(one) == _text(other),
    "SUM": lambda *values: sum(_flat(values)),
    "MAX": lambda *values: max(_flat(values), default=0.0),
    "MIN": lambda *values: min(_flat(values), default=0.0),
    "LN": math.log,
    "SQRT": math.sqrt,
    "EXP": math.exp,
    "ISNUMBER": lambda value: isinstance(value, (int, float)),
    "ISBLANK": lambda value: value is None,
    "INDEX": lambda values, place: values[int(place) - 1],
    "MATCH": lambda value, values, _: values.index(value) + 1,
    "COUNTIF": lambda values, word: float(sum(value == word for value in values)),
}
