"""Errors that name the file, the place, the value, what is allowed and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "DataContractError",
    "LockedError",
    "ParameterError",
    "SegmentationError",
    "StageError",
    "StudyError",
    "Violation",
    "nearest_word",
]


class SegmentationError(Exception):
    """Base of every error this package raises on purpose."""


class ParameterError(SegmentationError, ValueError):
    """A function or notebook was given a value it does not take."""


class LockedError(SegmentationError):
    """Another run is writing the same report."""


class StageError(SegmentationError):
    """A stage of the line failed; the failed notebook is kept beside the message."""


@dataclass(frozen=True)
class Violation:
    """One thing wrong with one input: where, what, what is allowed, what to do."""

    message: str
    file: str = ""
    row: int | str | None = None
    column: str | None = None
    value: Any = None
    allowed: str = ""
    fix: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = []
        if self.file:
            place.append(str(self.file))
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column:
            place.append(f"column {self.column!r}")
        text = f"{', '.join(place)}: {self.message}" if place else self.message
        if self.value is not None:
            text += f"; got {self.value!r}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.fix:
            text += f". {self.fix}"
        return text


class DataContractError(SegmentationError, ValueError):
    """Input breaks its contract; ``violations`` holds every breach found, not the first.

    Parameters
    ----------
    violations : iterable of Violation
        At least one.

    Examples
    --------
    >>> error = DataContractError([Violation("3 values outside 1 to 5", file="survey.csv", column="q7")])
    >>> print(error)
    1 problem in the input:
      - survey.csv, column 'q7': 3 values outside 1 to 5
    """

    headline = "in the input"

    def __init__(self, violations: Iterable[Violation]):
        self.violations = tuple(violations)
        many = "" if len(self.violations) == 1 else "s"
        lines = "\n".join(f"  - {violation}" for violation in self.violations)
        super().__init__(f"{len(self.violations)} problem{many} {self.headline}:\n{lines}")


class StudyError(DataContractError):
    """The study file, or a file it names, is not what the suite can run."""

    headline = "in the study"


def nearest_word(word: object, allowed: Iterable[object]) -> str:
    """Sentence that offers the nearest allowed word, or nothing.

    Examples
    --------
    >>> nearest_word("kmean", ["kmeans", "hdbscan"])
    "Did you mean 'kmeans'?"
    >>> nearest_word("zzz", ["kmeans"])
    ''
    """
    close = difflib.get_close_matches(str(word), [str(option) for option in allowed], n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""
