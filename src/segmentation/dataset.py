"""Canonical tables that met their contracts, and the account of every row that did not make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from .errors import ParameterError, nearest_word
from .period import Period

__all__ = ["Dataset", "SourceAccount"]


@dataclass(frozen=True)
class SourceAccount:
    """Where a table came from and what happened to its rows.

    Attributes
    ----------
    source : str
        Name of the source in the study file.
    files : tuple of str
        Paths as written in the study, relative to it.
    sha256 : str
        Digest of the files' bytes, in order.
    rows_in, rows_out : int
        Records read, records in the canonical table.
    dropped : mapping of str to int
        Reason to number of rows; ``rows_in - rows_out`` equals its sum.
    unmapped : tuple of str
        Columns of the file that no canonical column or declared variable uses.
    notes : tuple of str
        What a reader should know (a dialect detected, an offset convention chosen).
    """

    source: str
    files: tuple[str, ...]
    sha256: str
    rows_in: int
    rows_out: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def files_words(self) -> str:
        """Files for a sentence: all of up to three, else the first and how many more."""
        if len(self.files) <= 3:
            return ", ".join(self.files)
        return f"{self.files[0]} and {len(self.files) - 1} more files"


@dataclass(frozen=True)
class Dataset:
    """The canonical tables of a study for one period.

    Attributes
    ----------
    study : str
        Name of the study.
    unit : str
        Name of the unit id, which is a column (or the index) of every table that is about units.
    period : Period
        Quarter the tables were read for; events after its end are not in here.
    tables : mapping of str to pandas.DataFrame
        Canonical name (``companies``, ``events``, ``survey`` ...) to table. Personal data are not in them.
    accounts : tuple of SourceAccount
        One a source.
    identifiers : frozenset of str
        Names, e-mails and phones found in the inputs: known only in memory, to redact quotes and to scan what is published.
    """

    study: str
    unit: str
    period: Period
    tables: Mapping[str, pd.DataFrame]
    accounts: tuple[SourceAccount, ...]
    identifiers: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.tables

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Table by name.

        Raises
        ------
        ParameterError
            If this study has no such table; the message lists those it has.
        """
        if name not in self.tables:
            have = ", ".join(sorted(self.tables)) or "none"
            raise ParameterError(
                f"no table {name!r} in study {self.study!r}; it has: {have}. {nearest_word(name, self.tables)}".strip()
            )
        return self.tables[name]

    def caption(self, *sources: str) -> str:
        """Source line for captions: files and the first eight digits of their digest."""
        chosen = [a for a in self.accounts if not sources or a.source in sources]
        return "; ".join(f"{a.files_words} (sha256 {a.sha256[:8]})" for a in chosen)
