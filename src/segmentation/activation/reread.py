"""Files are read back by the rules of their format before they are put in place: a broken one is never written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ..errors import DataContractError, Violation
from ..sources.identifiers import EMAIL
from .platforms import load_platforms
from .safe import make_safe, restore_text

__all__ = ["MIRO_TEXT", "check_file", "check_table"]

HEX = r"[0-9a-f]{64}"
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
QUARTER = r"\d{4}Q[1-4]"
FLAG = r"true|false"
# platform -> column -> what a cell must be, and in words; a column that is not here may hold any text
_HASHED = (f"(?:{HEX})?", "a cell that must be hashed is not")
_NAMED, _MEASURED = (".+", "no segment"), (f"(?:{NUMBER})?", "not a number")
_DATED, _FLAGGED = (QUARTER, "not a quarter"), (FLAG, "neither true nor false")
CELLS: dict[str, dict[str, tuple[str, str]]] = {
    "google": dict.fromkeys(("Email", "Phone", "First Name", "Last Name"), _HASHED) | {"Country": ("(?:[a-z]{2})?", "not a country")},
    "meta": dict.fromkeys(("email", "phone", "fn", "ln", "country", "zip"), _HASHED),
    "linkedin": {"email": _HASHED},
    "marketo": {"email": (EMAIL.pattern, "no e-mail"), "segmentPeriod": _DATED},
    "hubspot": {"Segment": _NAMED, "Segment margin": _MEASURED, "Segment period": _DATED, "Segment holdout": _FLAGGED},
    "salesforce": {
        "Id": ("[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?", "no id of Salesforce"), "Segment__c": _NAMED, "Segment_Margin__c": _MEASURED,
        "Segment_Period__c": _DATED, "Segment_Holdout__c": _FLAGGED,
    },
}  # fmt: skip
MIRO_COLOURS = (
    "gray", "light_yellow", "yellow", "orange", "light_green", "green", "dark_green", "cyan", "light_pink", "pink", "violet", "red",
    "light_blue", "blue", "dark_blue", "black",
)  # fmt: skip
MIRO_TEXT = 6_000  # characters; shorter


def check_file(platform: str, content: bytes, name: str) -> int:
    """Read a file back by the platform's own rules.

    Parameters
    ----------
    platform : str
        A key of ``platforms.yaml``.
    content : bytes
    name : str
        For the message.

    Returns
    -------
    int
        Rows below the header, calls or items.

    Raises
    ------
    DataContractError
        If the header is another, a row has another number of cells, a cell is not what its column asks (hashed, a number, a quarter),
        the first cell is empty or stands twice, a cell would run in a spreadsheet, or there is more than the platform takes.
    """
    rules = load_platforms()["platforms"][platform]
    read: dict[str, Callable[[bytes, str, dict[str, Any]], tuple[int, list[Violation]]]] = {
        "segment": _check_calls,
        "miro": _check_items,
    }
    if platform in read:
        count, found = read[platform](content, name, rules)
    else:
        count, found = _check_rows(platform, content, name, rules)
    if found:
        raise DataContractError(found)
    return count


def check_table(content: str, columns: Sequence[str], name: str) -> str:
    """Read a table for people back: its header, as many cells a row, nothing that a spreadsheet would run.

    Parameters
    ----------
    content : str
        CSV.
    columns : sequence of str
    name : str
        For the message.

    Returns
    -------
    str
        The content, unchanged.

    Raises
    ------
    DataContractError
        With every row that is not so.

    Examples
    --------
    >>> check_table("a,b\\n1,2\\n", ("a", "b"), "x.csv")
    'a,b\\n1,2\\n'
    """
    rows = list(csv.reader(io.StringIO(content, newline="")))
    found = (
        [] if rows and rows[0] == list(columns) else [Violation("another header", name, 1, allowed=",".join(columns))]
    )
    found += _check_shape(rows, len(columns), name)
    if found:
        raise DataContractError(found)
    return content


def _check_shape(rows: list[list[str]], width: int, name: str) -> Iterator[Violation]:
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != width:
            yield Violation("another number of cells than the header", name, number)
        elif any(make_safe(cell) != cell and restore_text(cell) == cell for cell in row):
            yield Violation("a cell that a spreadsheet would run", name, number)


def _check_rows(platform: str, content: bytes, name: str, rules: dict[str, Any]) -> tuple[int, list[Violation]]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    headers = [rules["header"], *rules.get("or", [])]
    if not rows or rows[0] not in headers:
        return 0, [Violation("header is not the platform's", name, allowed=" or ".join(",".join(h) for h in headers))]
    found = list(_check_shape(rows, len(rows[0]), name))
    cells = [CELLS.get(platform, {}).get(column) for column in rows[0]]
    nobody = "no e-mail" if rows[0][0].lower() == "email" else "no id"
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(cells):
            continue
        if not row[0]:
            found.append(Violation(nobody, name, number))
            continue
        for column, cell, rule in zip(rows[0], row, cells, strict=True):
            if rule is not None and not re.fullmatch(rule[0], cell):
                found.append(Violation(rule[1], name, number, column))
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if row and row[0] and seen.setdefault(row[0], number) != number:
            shown = None if "@" in row[0] else row[0]  # an address is no business of a message; the rows find it
            found.append(Violation(f"stands twice, first in row {seen[row[0]]}", name, number, rows[0][0], shown))
    for limit, size, what in (("maximum", len(rows) - 1, "rows"), ("max_bytes", len(content), "bytes")):
        if size > rules.get(limit, size):
            found.append(Violation(f"the file has {size:,d} {what}", name, allowed=f"{rules[limit]:,d} or fewer"))
    return len(rows) - 1, found


def _check_calls(content: bytes, name: str, rules: dict[str, Any]) -> tuple[int, list[Violation]]:
    """Identify calls: a user, the traits where Segment and where RudderStack looks for them, a time, an id of its own."""
    found: list[Violation] = []
    seen: set[str] = set()
    # a text may hold what else ends a line, such as U+2028
    lines = content.decode("utf-8").removesuffix("\n").split("\n") if content else []
    for number, line in enumerate(lines, start=1):
        try:
            call = json.loads(line)
        except ValueError as problem:
            found.append(Violation(f"not JSON: {problem}", name, number))
            continue
        if not isinstance(call, dict):
            found.append(Violation("not an identify call of a user", name, number))
            continue
        if call.get("type") != "identify" or not isinstance(call.get("userId"), str) or not call["userId"]:
            found.append(Violation("not an identify call of a user", name, number))
        elif not call.get("traits") or call["traits"] != call.get("context", {}).get("traits"):
            found.append(Violation("traits are not in both places, traits and context.traits", name, number))
        elif not _is_time(call.get("timestamp")):
            found.append(Violation("not a time of ISO 8601", name, number, "timestamp", call.get("timestamp")))
        elif not 0 < len(call.get("messageId", "")) <= 100 or call["messageId"] in seen:
            found.append(Violation("the message has no id of its own", name, number))
        if len(line.encode()) > rules["max_bytes"]:
            found.append(Violation("the call is too long", name, number, allowed=f"{rules['max_bytes']:,d} bytes"))
        seen.add(str(call.get("messageId")))
    return len(lines), found


def _is_time(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


def _check_items(content: bytes, name: str, rules: dict[str, Any]) -> tuple[int, list[Violation]]:
    """Sticky notes as Miro's interface takes them: calls of at most twenty, known colours and shapes, text that is not markup."""
    try:
        batches = json.loads(content)
    except ValueError as problem:
        return 0, [Violation(f"not JSON: {problem}", name, getattr(problem, "lineno", None))]
    found, total = [], 0
    for number, batch in enumerate(batches, start=1):
        total += len(batch)
        if not 0 < len(batch) <= rules["maximum"]:
            found.append(Violation(f"a call of {len(batch)} items", name, number, allowed=f"1 to {rules['maximum']}"))
        for item in batch:
            text = item["data"]["content"]
            if item["type"] != "sticky_note" or item["data"]["shape"] not in ("square", "rectangle"):
                found.append(Violation("not a sticky note", name, number))
            if item["style"]["fillColor"] not in MIRO_COLOURS:
                allowed = ", ".join(MIRO_COLOURS)
                found.append(
                    Violation("no such colour", name, number, value=item["style"]["fillColor"], allowed=allowed)
                )
            if not 0 < len(text) < MIRO_TEXT or "<" in text:
                found.append(
                    Violation(
                        "text is empty, too long or markup", name, number, allowed=f"under {MIRO_TEXT:,d} characters"
                    )
                )
    return total, found
