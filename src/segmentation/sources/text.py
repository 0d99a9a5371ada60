"""Bytes to text and text to records: the encoding is declared or UTF-8, and every record has as many fields as the header."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from .job import Job, Unreadable

__all__ = ["Records", "decode_text", "normal", "read_records", "slug"]

BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def normal(text: object) -> str:
    """An id as compared everywhere: composed (NFC) and without surrounding blanks.

    Examples
    --------
    >>> normal(" Zoe\\u0308 ") == "Zo\\u00eb"
    True
    """
    return unicodedata.normalize("NFC", str(text)).strip()


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    """Text of a file, without byte-order mark.

    Raises
    ------
    Unreadable
        If the bytes are not in the declared encoding; names byte and row and says how to declare another. Also if another
        encoding is declared for bytes that are UTF-8, which would turn every accent into two wrong letters.
    """
    plain = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    if plain and data.startswith(BYTE_ORDER_MARKS):
        raise Unreadable(
            "this is UTF-16, not UTF-8", "Declare `encoding: utf-16` for this source, or save it as UTF-8", 1
        )
    if not plain and _is_utf8_beyond_ascii(data):
        raise Unreadable(f"declared {encoding}, but the bytes are UTF-8", "Take `encoding` out of this source")
    try:
        text = data.decode("utf-8-sig" if plain else encoding)
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        byte = f"byte 0x{data[error.start]:02X}"
        fix = "If it comes from an older program, declare `encoding: latin-1` for this source, or save it as UTF-8"
        raise Unreadable(f"{byte} in row {row} is not {encoding.upper()} text", fix, row, byte) from None
    except LookupError:
        raise Unreadable("no such encoding", "Use utf-8, utf-16, latin-1 or cp1252", value=encoding) from None
    if "\x00" in text:
        fix = "It is not a text file, or UTF-16 without a mark (declare `encoding: utf-16-le`)"
        raise Unreadable("holds NUL characters", fix, text[: text.index("\x00")].count("\n") + 1)
    if not text.strip():
        raise Unreadable("the file is empty", "Export it again, or leave the source out of the study")
    return text


def _is_utf8_beyond_ascii(data: bytes) -> bool:
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class Records:
    """Header rows and records of a delimited file; ``frame`` has positions as columns and row numbers as index."""

    header: list[list[str]]
    frame: pd.DataFrame


def read_records(text: str, job: Job, file: str, header_rows: int = 1) -> Records:
    """Records as text, nothing guessed: ``00123`` stays, ``NA`` stays, only blank fields are missing.

    Row numbers count records from 1 (the header), as a spreadsheet shows them. Records with too few or too many fields and
    a quotation mark that never closes are violations.
    """
    delimiter = job.source.delimiter
    if file.lower().endswith((".tsv", ".tab")) and delimiter == ",":
        delimiter = "\t"
    if text.count('"') % 2:
        fix = 'The file is cut off, or holds a lone " (write it twice inside quotes)'
        raise Unreadable("a quotation mark never closes", fix, _row_of_open_quote(text, delimiter))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = []
    for _ in range(header_rows):
        header.append(next(reader, []))
    width = len(header[0])
    other = [mark for mark in ";\t,|" if mark != delimiter and header[0] and header[0][0].count(mark) >= 1]
    if width == 1 and other:
        fix = f"Declare `delimiter: {other[0]!r}` for this source"
        raise Unreadable(f"the header has one column with {other[0]!r} in it", fix, 1, header[0][0][:80])
    frame, ragged = _read_arrow(text, delimiter, width, header_rows)
    for number, fields in ragged[:5]:
        fix = "A delimiter inside a field needs quotation marks around the field"
        job.bad(f"{fields} fields where the header has {width}", file, row=number, fix=fix)
    if len(ragged) > 5:
        job.bad(f"{len(ragged) - 5} more rows have another number of fields than the header", file)
    return Records([[cell.strip() for cell in row] for row in header], frame)


def _read_arrow(text: str, delimiter: str, width: int, header_rows: int) -> tuple[pd.DataFrame, list[tuple[int, int]]]:
    ragged: list[tuple[int, int]] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    data = text.encode("utf-8")
    names = [str(position) for position in range(width)]
    table = pa.csv.read_csv(
        io.BytesIO(data),
        pa.csv.ReadOptions(column_names=names, use_threads=False, block_size=min(max(len(data) + 1, 1 << 20), 1 << 30)),
        pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip, ignore_empty_lines=False
        ),
        pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    columns = [pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column) for column in columns]
    frame = pa.table(columns, names=names).to_pandas()
    bad = {number for number, _ in ragged}
    frame.index = pd.Index([n for n in range(1, len(frame) + len(bad) + 1) if n not in bad], name="row")
    blank = frame.isna().all(axis=1)
    return frame[~blank & (frame.index > header_rows)], ragged


def _row_of_open_quote(text: str, delimiter: str) -> int | None:
    rows = 0
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows += 1
    except csv.Error:
        return rows + 1
    return None


def slug(name: str) -> str:
    """A name as an id: lower case, words joined by underscores.

    Examples
    --------
    >>> slug("Late delivery"), slug("Coke::diet Coke")
    ('late_delivery', 'coke_diet_coke')
    """
    return re.sub(r"[^\w]+", "_", unicodedata.normalize("NFC", name).casefold()).strip("_")
