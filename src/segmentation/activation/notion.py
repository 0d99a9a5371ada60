"""Personas for Notion: a CSV that becomes a database, and a zip of the same with a page each; the same bytes for the same content."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Any

from ..personas import CheckedPersonas, PersonaHistory, persona_sheets
from ..workspace import Workspace
from .safe import make_safe

__all__ = ["notion_pages", "notion_rows", "write_notion"]

COLUMNS = (
    "Name", "Record", "Supersedes", "persona_id", "Segment", "Segment size", "Role", "Evidence grade", "Standing", "Quarter", "Job",
    "First pain", "Claims that stand", "Assumptions", "To repair", "Prediction",
)  # fmt: skip
HOW = """How to bring this into Notion

Import the zip, or the CSV beside it, once a quarter (Settings, Import). Notion never updates a page it has imported: a second
import, or "Merge with CSV", adds pages. So that nothing stands twice,

- each file holds one quarter, and its name says which;
- "Record" is the persona's id and the quarter; no two rows of any two files share it, so a page that was imported twice shows
  as two equal Records and one of them can be deleted;
- "Supersedes" names the Record of the quarter before that this one replaces: filter a view by "Quarter is {quarter}" to see
  each persona once.
"""
MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~$])")
STAMP = (1980, 1, 1, 0, 0, 0)


def notion_rows(checked: CheckedPersonas, period: str, history: PersonaHistory | None = None) -> list[dict[str, str]]:
    """One row a persona that is not retired; no cell can run as a formula.

    Parameters
    ----------
    checked : CheckedPersonas
    period : str
        Quarter of the report.
    history : PersonaHistory, optional
        To know which record of the quarter before is replaced.

    Returns
    -------
    list of dict
        Keys ``COLUMNS``. Record is unique over all quarters.

    Examples
    --------
    >>> from segmentation.personas import Findings, Persona, check_personas
    >>> dana = Persona(persona_id="s1-dana", name="=Dana", segment="S1")
    >>> row = notion_rows(check_personas((dana,), Findings()), "2026Q3")[0]
    >>> row["Name"], row["Record"], row["Supersedes"]
    ("'=Dana", 's1-dana 2026Q3', '')
    """
    return _rows(persona_sheets(checked), period, history)


def _rows(sheets: list[dict[str, Any]], period: str, history: PersonaHistory | None) -> list[dict[str, str]]:
    published: set[str] = set()
    if history is not None and history.before and not history.reckoned:
        published = set(history.claims.loc[history.claims["period"] == history.before, "persona_id"])
    rows = []
    for sheet in sheets:
        pains = next((section["claims"] for section in sheet["sections"] if section["key"] == "pains"), [])
        size, who = sheet["segment_size"], sheet["persona_id"]
        before = history.before if history is not None and who in published else ""
        cells = (
            sheet["name"], f"{who} {period}", f"{who} {before}" if before else "", who, sheet["segment_id"],
            size["text"] if size else "", sheet["role"] or "", sheet["grade"], sheet["status"], period,
            sheet["jtbd"][0]["text"] if sheet["jtbd"] else "", pains[0]["text"] if pains else "", sheet["counts"]["ok"],
            sheet["counts"]["assumption"], sheet["counts"]["stale"] + sheet["counts"]["broken"],
            sheet["prediction"]["text"] if sheet["prediction"] else "",
        )  # fmt: skip
        rows.append({name: make_safe(cell) for name, cell in zip(COLUMNS, cells, strict=True)})
    return rows


def notion_pages(checked: CheckedPersonas, period: str, history: PersonaHistory | None = None) -> dict[str, str]:
    r"""A Markdown page for each row: properties first, then claims with their evidence.

    Parameters
    ----------
    checked : CheckedPersonas
    period : str
    history : PersonaHistory, optional

    Returns
    -------
    dict of str to str
        File name (the persona's name and an id of 32 digits that follows from Record, as in Notion's own exports) to text.

    Examples
    --------
    >>> from segmentation.personas import Findings, Persona, check_personas
    >>> dana = Persona(persona_id="s1-dana", name="Dana", segment="S1", pains=["Waits *long*"])
    >>> name, text = next(iter(notion_pages(check_personas((dana,), Findings()), "2026Q3").items()))
    >>> print(name[:5], text.splitlines()[-1])
    Dana  - Waits \*long\* (assumption) No evidence: this is what the team believes.
    """
    return _pages(persona_sheets(checked, history), period, history)


def _pages(sheets: list[dict[str, Any]], period: str, history: PersonaHistory | None) -> dict[str, str]:
    found = {}
    for row, sheet in zip(_rows(sheets, period, history), sheets, strict=True):
        lines = [f"# {_plain(sheet['name'])}", ""]
        lines += [f"{name}: {_plain(row[name])}" for name in COLUMNS[1:] if row[name]]
        sections = [{"title": "The job", "claims": sheet["jtbd"]}, *sheet["sections"]]
        for section in sections:
            if section["claims"]:
                lines += ["", f"## {section['title']}", "", *(_claim(claim) for claim in section["claims"])]
        if sheet["quotes"]:
            lines += ["", "## In their own words", ""]
            lines += [f"> {_plain(quote['text'])} ({_plain(quote['locator'])})" for quote in sheet["quotes"]]
        found[f"{_file_name(sheet['name'])} {_id_of(row['Record'])}.md"] = "\n".join(lines) + "\n"
    return found


def write_notion(run: Workspace, checked: CheckedPersonas, history: PersonaHistory | None = None) -> list[str]:
    """Write ``exports/notion/personas-<quarter>.csv`` and ``personas-<quarter>-pages.zip``.

    Parameters
    ----------
    run : Workspace
    checked : CheckedPersonas
    history : PersonaHistory, optional

    Returns
    -------
    list of str
        Files written, below ``exports``; none without personas.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    if not checked.personas:
        return []
    period, sheets = str(run.period), persona_sheets(checked, history)
    table = _csv(_rows(sheets, period, history))
    folder = f"Personas {period} {_id_of(f'{run.study.study} {period}')}"
    content = {f"{folder}.csv": table, "How to import.txt": HOW.format(quarter=period)}
    content |= {f"{folder}/{name}": text for name, text in _pages(sheets, period, history).items()}
    run.write_text(f"exports/notion/personas-{period}.csv", table)
    file = f"exports/notion/personas-{period}-pages.zip"
    _write_zip(run.results / file, content)
    run.adopt(file)
    return [f"notion/personas-{period}.csv", f"notion/personas-{period}-pages.zip"]


def _csv(rows: list[dict[str, str]]) -> str:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()


def _write_zip(path: Path, content: dict[str, str]) -> None:
    """The same bytes for the same content: names in order, no clock, no owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            book.writestr(entry, content[name].encode())


def _claim(claim: dict[str, Any]) -> str:
    standing = {"ok": "stands", "stale": "no longer shown", "broken": "points to nothing"}.get(
        claim["status"], "assumption"
    )
    return f"- {_plain(claim['text'])} ({standing}) {_plain(claim['evidence'])}"


def _plain(text: object) -> str:
    """Words that Markdown shows as they are, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(str(text).split()))


def _file_name(name: str) -> str:
    return re.sub(r"[^\w .-]+", "-", name).strip(" .-") or "persona"


def _id_of(record: str) -> str:
    return hashlib.sha256(record.encode()).hexdigest()[:32]
