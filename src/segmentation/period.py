"""Quarters: the unit of time of every report."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from .errors import ParameterError

__all__ = ["Period"]


@dataclass(frozen=True, order=True)
class Period:
    """A calendar quarter, half open: ``start`` belongs to it, ``end`` does not.

    Examples
    --------
    >>> quarter = Period.parse("2026Q3")
    >>> quarter.start.isoformat(), quarter.end.isoformat()
    ('2026-07-01T00:00:00', '2026-10-01T00:00:00')
    >>> str(quarter.previous), str(Period.parse("2026Q1").previous)
    ('2026Q2', '2025Q4')
    """

    year: int
    quarter: int

    @classmethod
    def parse(cls, text: str | Period) -> Period:
        """Read ``2026Q3``.

        Raises
        ------
        ParameterError
            If the text is not a year, a Q and a number 1 to 4.
        """
        if isinstance(text, Period):
            return text
        match = re.fullmatch(r"(\d{4})Q([1-4])", str(text))
        if not match:
            raise ParameterError(f"period must be a quarter such as '2026Q3'; got {text!r}")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.quarter}"

    @property
    def start(self) -> pd.Timestamp:
        return pd.Timestamp(self.year, 3 * self.quarter - 2, 1)

    @property
    def end(self) -> pd.Timestamp:
        return self.next.start

    @property
    def previous(self) -> Period:
        return Period(self.year - 1, 4) if self.quarter == 1 else Period(self.year, self.quarter - 1)

    @property
    def next(self) -> Period:
        return Period(self.year + 1, 1) if self.quarter == 4 else Period(self.year, self.quarter + 1)
