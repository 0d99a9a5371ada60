"""Raw tables: CSV, TSV, Parquet, Excel, JSON lines or a database table as a frame with the file's own headers.

The index is the row of the file, so that every violation can name it. Cells of text files are text or missing.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import nearest_word
from .job import Job, Unreadable
from .safety import check_office_file, read_bytes
from .text import decode_text, read_records

__all__ = ["Raw", "connect", "flatten", "raw_tables"]

ENDINGS = ".csv, .tsv, .txt, .parquet, .xlsx, .json, .jsonl, .ndjson"
CALL_LIMIT = 20  # nesting of a JSON call


@dataclass(frozen=True)
class Raw:
    """One file (or database table) as read: ``headers`` in order, doubled ones listed in ``doubled``."""

    label: str
    frame: pd.DataFrame
    doubled: tuple[str, ...] = ()

    @property
    def headers(self) -> list[str]:
        return [str(name) for name in self.frame.columns]


def raw_tables(job: Job, files: Sequence[Path]) -> Iterator[Raw]:
    """Every file of the source as a raw table; those that cannot be read become violations.

    Rows are counted in ``job.rows_in``.
    """
    if job.source.connection:
        with job.guard(Path(str(job.source.table))):
            table = connect(job).to_pandas()
            table.index = pd.RangeIndex(1, len(table) + 1, name="row")
            yield _counted(job, Raw(f"table {job.source.table}", table))
        return
    for path in files:
        with job.guard(path):
            yield _counted(job, _read_file(path, job))


def _counted(job: Job, raw: Raw) -> Raw:
    job.rows_in += len(raw.frame)
    if not len(raw.frame):
        job.bad("has a header but no rows", raw.label, fix="Export it again, or leave the source out of the study")
    return raw


def _read_file(path: Path, job: Job) -> Raw:
    ending = path.suffix.lower()
    label = job.label(path)
    if ending in (".csv", ".tsv", ".tab", ".txt"):
        records = read_records(decode_text(read_bytes(path), job.source.encoding), job, label)
        return _with_headers(label, records.frame, records.header[0])
    if ending in (".parquet", ".pq"):
        return _read_parquet(path, label)
    if ending in (".xlsx", ".xlsm"):
        return _read_workbook(path, job)
    if ending in (".json", ".jsonl", ".ndjson"):
        return Raw(label, read_calls(decode_text(read_bytes(path), job.source.encoding), job, label))
    raise Unreadable(f"tables with the ending {ending!r} are not read", f"Export it as one of {ENDINGS}")


def _with_headers(label: str, frame: pd.DataFrame, headers: Sequence[str]) -> Raw:
    names: list[str] = []
    doubled: list[str] = []
    for position, header in enumerate(headers, start=1):
        name = header or f"column {position}"
        if name in names:
            doubled.append(name)
            name = f"{name} (column {position})"
        names.append(name)
    return Raw(label, frame.set_axis(names, axis=1), tuple(doubled))


def _read_parquet(path: Path, label: str) -> Raw:
    """A Parquet file; where its pages carry checksums they are verified."""
    data = read_bytes(path)
    try:
        table = pq.read_table(pa.BufferReader(data), page_checksum_verification=True)
        table.validate(full=True)
        for position, column in enumerate(table.schema):
            if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):  # text without the mark for it
                table = table.set_column(position, column.name, table.column(position).cast(pa.string()))
        frame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        reason = str(error).splitlines()[0][:160].rstrip(" .") if str(error) else type(error).__name__
        fix = "It is cut off or damaged; copy or export it again"
        raise Unreadable(f"not a whole Parquet file: {reason}", fix) from None
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return _with_headers(label, frame, [str(name) for name in frame.columns])


def _read_workbook(path: Path, job: Job) -> Raw:
    """One sheet of a workbook: the named one, or the only one."""
    from openpyxl import load_workbook

    data = check_office_file(path)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (KeyError, ValueError, OSError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable(f"not a workbook: {error}", "Save it again as .xlsx") from None
    sheets, wanted = book.sheetnames, job.source.table
    if wanted is None and len(sheets) > 1:
        raise Unreadable("the workbook has several sheets", f"Name one as `table`: {', '.join(sheets)}")
    if wanted is not None and wanted not in sheets:
        raise Unreadable("no such sheet", f"It has: {', '.join(sheets)}", value=wanted)
    rows = list(book[wanted or sheets[0]].iter_rows(values_only=True))
    if not rows:
        raise Unreadable("the sheet is empty", "Export it again, or leave the source out of the study")
    width = max((position + 1 for position, cell in enumerate(rows[0]) if cell is not None), default=0)
    headers = ["" if cell is None else str(cell).strip() for cell in rows[0][:width]]
    over = [number for number, row in enumerate(rows, 1) if any(cell is not None for cell in row[width:])]
    if over:
        job.bad(
            "cells to the right of the header's last column", job.label(path), row=over[0], fix="Give them a header"
        )
    body = {
        n: [_cell(c) for c in row[:width]] for n, row in enumerate(rows, 1) if n > 1 and any(c is not None for c in row)
    }
    frame = pd.DataFrame.from_dict(body, orient="index", columns=range(width))
    frame.index.name = "row"
    return _with_headers(job.label(path), frame, headers)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def read_calls(text: str, job: Job, label: str) -> pd.DataFrame:
    """Calls of raw JSON (one a line, a list, or a single object), nested keys joined as the warehouse does."""
    rows: dict[int, dict[str, Any]] = {}
    stripped = text.lstrip()
    whole = _whole(stripped)
    listed = whole if isinstance(whole, list) else [whole]
    calls = _lines(text, job, label) if whole is None else enumerate(listed, start=1)
    for number, call in calls:
        if not isinstance(call, dict):
            job.bad("not a JSON object", label, row=number, value=str(call)[:60])
            continue
        rows[number] = flatten(call)
    frame = pd.DataFrame.from_dict(rows, orient="index") if rows else pd.DataFrame()
    frame.index.name = "row"
    return frame


def _whole(text: str) -> Any:
    """The document if it is one JSON value, None if it is lines."""
    first = text.split("\n", 1)[0].strip()
    if first.startswith("{") and first.endswith("}") and "\n" in text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lines(text: str, job: Job, label: str) -> Iterator[tuple[int, Any]]:
    wrong = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            wrong += 1
            if wrong <= 5:
                fix = "One JSON object a line; the file may be cut off"
                job.bad(f"not JSON: {str(error)[:80]}", label, row=number, value=line.strip()[:60], fix=fix)
    if wrong > 5:
        job.bad(f"{wrong - 5} more lines are not JSON", label)


def flatten(call: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested call as one row with snake_case keys; ``properties`` and ``traits`` lose their prefix unless they clash.

    Examples
    --------
    >>> flatten({"userId": "u1", "context": {"groupId": "g1"}, "properties": {"revenue": 5}})
    {'user_id': 'u1', 'context_group_id': 'g1', 'revenue': 5}
    """
    row: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for key, value in call.items():
        name = prefix + re.sub(r"[^\w]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(key))).lower()
        if isinstance(value, dict) and depth < CALL_LIMIT:
            if not prefix and name in ("properties", "traits"):
                inner.update(flatten(value, "", depth + 1))
            else:
                row.update(flatten(value, f"{name}_", depth + 1))
        elif isinstance(value, (list, dict)):
            row[name] = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str):
            row[name] = value.strip() or None
        else:
            row[name] = value
    if not prefix and depth == 0:
        # what kind of call, and which library sent it (server, browser): not the event's own properties of these names
        for name, clear in (("type", "call_type"), ("action", "call_type"), ("channel", "library_channel")):
            if name in row:
                row[clear] = row.pop(name)
    for name, value in inner.items():
        row.setdefault(name, value)
    return row


def connect(job: Job) -> Any:
    """The source's database table as an Ibis table, opened read-only where the engine is DuckDB."""
    import ibis

    url = str(job.source.connection)
    scheme, _, rest = url.partition("://")
    try:
        if scheme == "duckdb":
            path = job.study.resolve(rest.split("?")[0])
            if not path.is_file():
                raise Unreadable(
                    "no such database", "Check the connection; it is relative to the study file", value=rest
                )
            backend = ibis.duckdb.connect(path, read_only=True)
        else:
            backend = ibis.connect(url)
        tables = _table_names(backend, scheme)
    except Unreadable:
        raise
    except Exception as error:  # every engine has its own classes; the URL may hold a password and is not printed
        raise Unreadable(
            f"the {scheme} database does not open: {type(error).__name__}", "Check the connection"
        ) from None
    if job.source.table not in tables:
        hint = nearest_word(job.source.table, tables) or f"It has: {', '.join(sorted(tables)[:20])}"
        raise Unreadable("no such table in the database", hint, value=job.source.table)
    return backend.table(job.source.table)


def _table_names(backend: Any, scheme: str) -> list[str]:
    if scheme != "duckdb":
        return list(backend.list_tables())
    # by hand: ibis 12's list_tables calls a method that DuckDB 2 no longer has
    backend.con.execute("set TimeZone = 'UTC'")
    return [row[0] for row in backend.con.execute("select table_name from information_schema.tables").fetchall()]
