"""Small CSV files that the team writes by hand, read as text with every breach of their layout collected."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..study import Study, read_yaml

__all__ = ["find_path", "parse_dates", "read_listed", "read_rows"]

SIZE_LIMIT = 50_000_000  # bytes; these files are written by people


def find_path(source: Study | str | Path, key: str) -> Path | None:
    """File that a study names under a key, None when it names none; a path is returned as it is."""
    if not isinstance(source, Study):
        return Path(source)
    named = getattr(source, key)
    return None if named is None else source.resolve(named)


def read_rows(path: Path, columns: Sequence[str], *, extra: bool = False) -> tuple[pd.DataFrame, list[Violation]]:
    """Read a CSV file as text, one column an item of ``columns``.

    Parameters
    ----------
    path : Path
        UTF-8 (a byte-order mark is fine), comma-separated, with a header row.
    columns : sequence of str
        Columns the file must have.
    extra : bool
        Whether further columns are left alone (they are not returned) instead of being a violation.

    Returns
    -------
    DataFrame, list of Violation
        Text cells stripped and in Unicode normal form C, empty as "", indexed by the row of the file as a spreadsheet
        counts it (the header is row 1); and what is wrong with single rows.

    Raises
    ------
    DataContractError
        If the file cannot be read as a table at all: missing, empty, not UTF-8, too large, columns missing.
    """
    name = path.name
    lines = _lines(path)
    header = [cell.strip() for cell in lines[0]] if lines else []
    if not any(header):
        raise DataContractError(
            [Violation("the file is empty", name, fix=f"Its first row names the columns: {','.join(columns)}")]
        )
    broken = [
        Violation("column is missing", name, 1, c, fix=nearest_word(c, [h for h in header if h not in columns]))
        for c in columns
        if c not in header
    ]  # fmt: skip
    broken += [
        Violation("column stands twice", name, 1, c) for c in sorted({h for h in header if h and header.count(h) > 1})
    ]
    if not extra:
        unknown = [h for h in header if h not in columns]
        broken += [
            Violation("unknown column", name, 1, h, fix=nearest_word(h, columns) or "Take it out") for h in unknown
        ]
    if broken:
        raise DataContractError(broken)
    violations, rows, numbers = [], [], []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            fix = "Quote cells that hold a comma"
            violations.append(Violation(f"row has {len(cells)} cells, the header {len(header)}", name, number, fix=fix))
            continue
        rows.append([unicodedata.normalize("NFC", cell.strip()) for cell in cells])
        numbers.append(number)
    frame = pd.DataFrame(rows, columns=header, index=pd.Index(numbers, name="row", dtype="int64"), dtype="str")
    return frame[list(columns)], violations


def read_listed(path: Path, columns: Sequence[str]) -> tuple[pd.DataFrame, list[Violation]]:
    """Read a YAML file with a list of rows as the same text that ``read_rows`` makes of a CSV file.

    Parameters
    ----------
    path : Path
        A list, or a mapping whose only key holds one. Each item names columns; those it leaves out are empty. A list of
        words becomes one cell with semicolons.
    columns : sequence of str

    Returns
    -------
    DataFrame, list of Violation
        As ``read_rows``, indexed by the line of the file where an item begins.

    Raises
    ------
    DataContractError
        If the file is missing, not strict YAML, or not a list.
    """
    name = path.name
    if not path.is_file():
        raise DataContractError(
            [Violation("no such file", name, fix="Check the path; it is relative to the study file")]
        )
    content, lines = read_yaml(path)
    place: tuple[str, ...] = ()
    if isinstance(content, dict) and len(content) == 1:
        key = next(iter(content))
        content, place = content[key], (key,)
    if not isinstance(content, list) or not content:
        raise DataContractError([Violation("not a list of rows", name, fix="Begin each row with a dash")])
    violations, rows, numbers = [], [], []
    for position, item in enumerate(content):
        line = lines.get((*place, position), position + 1)
        if not isinstance(item, dict):
            violations.append(Violation("not a row", name, line, value=item, fix="Write column: text"))
            continue
        for key, value in item.items():
            where = lines.get((*place, position, key), line)
            if key not in columns:
                hint = nearest_word(key, columns) or "Take it out"
                violations.append(Violation("unknown column", name, where, str(key), fix=hint))
            elif isinstance(value, dict):
                violations.append(Violation("not a text", name, where, str(key), fix="Write it in one line"))
        rows.append([_cell(item.get(column)) for column in columns])
        numbers.append(line)
    index = pd.Index(numbers, name="row", dtype="int64")
    return pd.DataFrame(rows, columns=list(columns), index=index, dtype="str"), violations


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ";".join(_cell(item) for item in value)
    text = "" if value is None else "yes" if value is True else "no" if value is False else str(value)
    return unicodedata.normalize("NFC", text.strip())


def _lines(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise DataContractError(
            [Violation("no such file", path.name, fix="Check the path; it is relative to the study file")]
        )
    raw = path.read_bytes()
    if len(raw) > SIZE_LIMIT:
        raise DataContractError(
            [Violation(f"a file written by hand may have {SIZE_LIMIT:,d} bytes", path.name, value=len(raw))]
        )
    try:
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise DataContractError(
            [Violation(f"not UTF-8 text: {error}", path.name, fix="Save it as CSV UTF-8")]
        ) from None
    except csv.Error as error:
        raise DataContractError([Violation(f"not a valid CSV file: {error}", path.name)]) from None


def parse_dates(values: pd.Series, file: str, *, required: bool = True) -> tuple[pd.Series, list[Violation]]:
    """ISO dates or date-times as naive UTC time stamps; what is not one is a violation with its row.

    Parameters
    ----------
    values : pandas.Series
        Text indexed by row number; its name is the column.
    file : str
        Name for the messages.
    required : bool
        Whether an empty cell is a violation.

    Returns
    -------
    Series of datetime64, list of Violation
    """
    parsed = pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]", name=values.name)
    violations = []
    for row, text in values.items():
        if not text:
            if required:
                violations.append(
                    Violation("date is missing", file, row, str(values.name), fix="Write it as 2026-07-06")
                )
            continue
        try:
            stamp = pd.Timestamp(text) if text[:4].isdigit() and text[4:5] == "-" else None
        except ValueError:
            stamp = None
        if stamp is None or stamp is pd.NaT:
            allowed = "ISO dates such as 2026-07-06 or 2026-07-06T09:30:00"
            violations.append(Violation("not a date", file, row, str(values.name), text, allowed))
            continue
        parsed[row] = stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp
    return parsed, violations
