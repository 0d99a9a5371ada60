"""What one source is being read into: its violations, the rows it lost and why, and what a reader should know."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..dataset import SourceAccount
from ..errors import Violation
from ..period import Period
from ..study import Source, Study

__all__ = ["Job", "Listed", "Unreadable"]

SHOWN = 5  # rows named in one violation; the count says how many there are


class Unreadable(Exception):
    """A file that cannot be read at all, with what is wrong and what to do; becomes a violation of its source."""

    def __init__(self, message: str, fix: str = "", row: int | None = None, value: Any = None):
        self.message, self.fix, self.row, self.value = message, fix, row, value
        super().__init__(message)


class Listed(Unreadable):
    """A file that cannot be read and whose violations are in the job already."""

    def __init__(self) -> None:
        super().__init__("listed")


@dataclass
class Job:
    """One source while it is read. Readers add to it; nothing is raised before every source was looked at."""

    study: Study
    name: str
    period: Period
    violations: list[Violation] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    unmapped: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    identifiers: set[str] = field(default_factory=set)
    rows_in: int = 0

    @property
    def source(self) -> Source:
        return self.study.sources[self.name]

    def files(self) -> list[Path]:
        """Files the source names, each once; a pattern that matches nothing is a violation."""
        found: dict[Path, None] = {}
        for pattern in self.source.paths:
            matches = [path for path in self.study.expand(pattern) if path.is_file()]
            if not matches:
                fix = "Check the path; it is relative to the study file"
                self.violations.append(Violation("no such file", pattern, column=f"sources.{self.name}.path", fix=fix))
            found.update(dict.fromkeys(matches))
        return list(found)

    def label(self, path: Path) -> str:
        """Path as a reader knows it: relative to the study."""
        try:
            return path.relative_to(self.study.folder).as_posix()
        except ValueError:
            return path.name

    @contextmanager
    def guard(self, path: Path) -> Iterator[None]:
        """Turn a file that cannot be read into a violation and go on with the next."""
        try:
            yield
        except Listed:
            return
        except Unreadable as error:
            self.bad(error.message, self.label(path), row=error.row, value=error.value, fix=error.fix)
        except PermissionError:
            self.bad("may not be read", self.label(path), fix="Give yourself permission to read it")

    def bad(self, message: str, file: str = "", **place: Any) -> None:
        """Add a violation."""
        self.violations.append(Violation(message, file or self.name, **place))

    def bad_rows(
        self,
        values: pd.Series,
        message: str,
        file: str,
        *,
        column: str,
        allowed: str = "",
        fix: str = "",
        of: int | None = None,
    ) -> None:
        """Add one violation for all wrong values of a column; ``values`` is indexed by row of the file."""
        rows = ", ".join(str(row) for row in values.index[:SHOWN])
        more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        total = f" of {of}" if of is not None else ""
        word = "row" if len(values) == 1 else "rows"
        self.violations.append(
            Violation(
                f"{len(values)}{total} {message} ({word} {rows}{more})",
                file,
                int(values.index[0]),
                column,
                _plain(values.iloc[0]),
                allowed,
                fix,
            )
        )

    def note(self, text: str) -> None:
        """Add a sentence for the account, once."""
        if text not in self.notes:
            self.notes.append(text)

    def identify(self, values: Iterable[Any]) -> None:
        """Remember names, e-mails and phones (three characters or more) for redaction."""
        for value in values:
            text = "" if value is None or value is pd.NA else " ".join(str(value).split())
            if len(text) >= 3 and text != "nan":
                self.identifiers.add(text)

    def account(self, rows_out: int, files: Sequence[Path] = (), digest: str = "") -> SourceAccount:
        """The source's line of the account."""
        return SourceAccount(
            self.name,
            tuple(self.label(path) for path in files) or (f"table {self.source.table}",),
            digest or _digest(files),
            self.rows_in,
            rows_out,
            {reason: count for reason, count in self.dropped.items() if count},
            tuple(self.unmapped),
            tuple(self.notes),
        )


def _digest(files: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else str(value)
