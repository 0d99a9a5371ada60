"""SQLite files from outside, opened read-only with limits: nothing is created, changed, executed or followed from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from .job import Job, Listed, Unreadable
from .safety import DOCUMENT_LIMIT, TEXT_LIMIT

__all__ = ["open_database", "rows_of"]

MAGIC = b"SQLite format 3\x00"
CELL_LIMIT = TEXT_LIMIT + 1_000_000  # bytes of one row: a text and what stands beside it
ROW_LIMIT = 2_000_000  # rows of one table
STEPS = 10_000  # of the engine between two looks at the budget
STEP_LIMIT = 200_000_000  # steps of the engine for one file: seconds, not hours


@contextmanager
def open_database(path: Path, needed: Mapping[str, Sequence[str]], job: Job, fix: str) -> Iterator[sqlite3.Connection]:
    """Connection to a database that is a plain file with the tables and columns of the program that wrote it.

    Parameters
    ----------
    path : Path
    needed : mapping of str to sequence of str
        Table to columns; every one that is missing is a violation of its own.
    job : Job
    fix : str
        What to do with a file of another kind.

    Yields
    ------
    sqlite3.Connection
        Read-only and immutable: no lock, no journal, no temporary file beside it.

    Raises
    ------
    Unreadable
        If it is empty, too large, no database, damaged, still open in the program (changes lie in a file beside it), or lacks tables.

    Examples
    --------
    >>> import tempfile
    >>> from segmentation.sources.example import tiny_study
    >>> path = Path(tempfile.mkdtemp()) / "data.qda"
    >>> _ = path.write_text("not a database")
    >>> with open_database(path, {}, Job(tiny_study(), "events", None), "Copy it again"):
    ...     pass
    Traceback (most recent call last):
    segmentation.sources.job.Unreadable: not an SQLite database
    """
    _check_file(path, fix)
    connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL_LIMIT)
        connection.set_progress_handler(_budget(), STEPS)
        for setting in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            connection.execute(f"PRAGMA {setting}")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise Unreadable("the database is damaged", "Copy it again from the program's project")
        _check_tables(connection, needed, job, job.label(path), fix)
        yield connection
    except sqlite3.DataError:
        words = f"a text is larger than {TEXT_LIMIT:,} bytes, the most this reader takes"
        raise Unreadable(words, "Split it in the program and copy the project again") from None
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError, OverflowError) as error:
        raise Unreadable(f"the database cannot be read: {error}", "It is cut off or damaged; copy it again") from None
    finally:
        connection.close()


def _check_file(path: Path, fix: str) -> None:
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("the file is empty", fix)
    if size > DOCUMENT_LIMIT:
        raise Unreadable(f"larger than {DOCUMENT_LIMIT:,} bytes, the most this reader takes", fix, value=size)
    with path.open("rb") as stream:
        head = stream.read(100)
    if not head.startswith(MAGIC):
        raise Unreadable("not an SQLite database", fix)
    page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    if head[24:28] == head[92:96] and size < (65536 if page == 1 else page) * pages:
        raise Unreadable("the database is cut off", "Copy it again", value=f"{size:,} bytes")
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise Unreadable(
                f"changes that are not in the file lie in {beside.name}", "Close the program, then copy the project"
            )


def _budget() -> object:
    """Handler that stops a query after ``STEP_LIMIT`` steps, whatever the file makes of it."""
    spent = iter(range(STEP_LIMIT // STEPS))
    return lambda: next(spent, None) is None


def _check_tables(
    connection: sqlite3.Connection, needed: Mapping[str, Sequence[str]], job: Job, label: str, fix: str
) -> None:
    """Plain tables only: a view or a virtual table of that name would run what the file says."""
    kinds = {
        str(name): (kind, str(words).upper().startswith("CREATE VIRTUAL"))
        for name, kind, words in connection.execute("select name, type, sql from sqlite_master")
    }
    before = len(job.violations)
    for table, columns in needed.items():
        if table not in kinds:
            job.bad("the table is missing", label, value=table, allowed=", ".join(needed), fix=fix)
        elif kinds[table] != ("table", False):
            job.bad("is no plain table, and is refused", label, value=table, fix="Do not trust this file")
        else:
            present = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
            for column in columns:
                if column not in present:
                    job.bad(f"the table {table} has no such column", label, column=column, fix=fix)
    if len(job.violations) > before:
        raise Listed


def rows_of(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> list[tuple]:
    """Rows of a table in the order of the file.

    Raises
    ------
    Unreadable
        If it has more than ``ROW_LIMIT`` rows.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(f'select {names} from "{table}" order by rowid').fetchmany(ROW_LIMIT + 1)
    if len(rows) > ROW_LIMIT:
        raise Unreadable(f"the table {table} has more than {ROW_LIMIT:,} rows", "Split the project")
    return rows
