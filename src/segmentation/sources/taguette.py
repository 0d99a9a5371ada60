"""Taguette: the project's SQLite database, or its exports ``highlights.csv`` and ``codebook.csv`` (also as .xlsx).

The database has positions: bytes of UTF-8 in the HTML document without its tags. The exports have none, and no program of this
kind names the coder.
"""

from __future__ import annotations

import re
import sqlite3
from bisect import bisect_left
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd

from .coded_table import read_coded_table
from .coding import NOBODY, Project, build_tables, document_id, dotted_parent
from .job import Job, Unreadable
from .sqlite import open_database, rows_of
from .text import normal

__all__ = ["HtmlText", "read_taguette"]

NEEDED = {
    "projects": ("id", "name"),
    "documents": ("id", "name", "contents", "project_id"),
    "tags": ("id", "path", "description", "project_id"),
    "highlights": ("id", "document_id", "start_offset", "end_offset", "snippet"),
    "highlight_tags": ("highlight_id", "tag_id"),
}
FIX = "Point `path` to taguette.sqlite3, the file Taguette keeps its projects in, or to highlights.csv"
DATABASES = (".sqlite3", ".sqlite", ".db")
TABLES = (".csv", ".xlsx")
BLOCKS = re.compile(
    "address|article|aside|blockquote|br|d[dlt]|div|figcaption|figure|footer|h[1-6]|header|hr|li|main|ol|p|pre|section|table|td|th|tr|ul"
)


def read_taguette(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Tables ``codes`` and ``codings`` with the texts of a database, or ``_quotes`` of the exports, to be placed by their words.

    Parameters
    ----------
    job : Job
        ``columns: {coder: (file)}`` says that each file is another coder's; without it all are one unnamed coder's. ``table`` names
        the project of a database that holds several.
    files : list of Path
        Databases, or highlights and codebooks as .csv or .xlsx.

    Returns
    -------
    dict of str to pandas.DataFrame
        A tag ``price.discount`` stands under the tag ``price`` if there is one.

    Raises
    ------
    DataContractError
        By ``read_sources``, with every violation.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> read_taguette(Job(tiny_study(), "events", None), [])
    {}
    """
    endings = {path.suffix.lower() for path in files}
    if endings and endings <= set(TABLES):
        return read_coded_table(job, files)
    projects: dict[str, Project] = {}
    for path in files:
        with job.guard(path):
            if path.suffix.lower() not in DATABASES:
                what = "together with a database" if path.suffix.lower() in TABLES else "as Taguette's"
                fix = "Name databases in one source and .csv or .xlsx in another; a .qdc is format refi-qda"
                raise Unreadable(f"{path.suffix!r} is not read {what}", fix)
            with open_database(path, NEEDED, job, FIX) as connection:
                projects[job.label(path)] = _read_project(connection, path, job)
    return build_tables(projects, job) if projects else {}


def _read_project(connection: sqlite3.Connection, path: Path, job: Job) -> Project:
    label = job.label(path)
    number = _project_number(connection, job)
    project = Project(codes=_read_tags(connection, number))
    coder = path.stem if job.source.columns.get("coder") == "(file)" else NOBODY
    if not coder:
        job.note(
            "Taguette names no coder: all codings count as one coder's. `columns: {coder: (file)}` makes each file one coder's"
        )
    project.users = {coder: coder}
    pages = {}
    for document, name, contents, owner in rows_of(connection, "documents", NEEDED["documents"]):
        if owner == number:
            source_id = document_id(normal(name))
            if source_id in project.texts:
                job.bad("two documents have this name", label, value=source_id, fix="Rename one in Taguette")
                continue
            pages[document] = (source_id, page := HtmlText(str(contents)))
            project.texts[source_id] = page.text
    _read_highlights(connection, project, pages, coder, job, label)
    return project


def _project_number(connection: sqlite3.Connection, job: Job) -> Any:
    found = {normal(name): number for number, name in rows_of(connection, "projects", NEEDED["projects"])}
    wanted = job.source.table
    if wanted is None and len(found) == 1:
        return next(iter(found.values()))
    names = ", ".join(found) or "none"
    if wanted in found:
        return found[wanted]
    if wanted is None:
        raise Unreadable(f"the database holds {len(found)} projects", f"Name one as `table`: {names}")
    raise Unreadable("no such project in the database", f"It has: {names}", value=wanted)


def _read_tags(connection: sqlite3.Connection, project: Any) -> dict[str, dict[str, Any]]:
    tags = [row for row in rows_of(connection, "tags", NEEDED["tags"]) if row[3] == project]
    by_path = {normal(path): str(number) for number, path, *_ in tags}
    return {
        str(number): {
            "name": normal(path), "parent": by_path.get(dotted_parent(normal(path), by_path), ""),
            "description": normal(description or ""),
        }
        for number, path, description, _ in tags
    }  # fmt: skip


def _read_highlights(
    connection: sqlite3.Connection,
    project: Project,
    pages: dict[Any, tuple[str, HtmlText]],
    coder: str,
    job: Job,
    label: str,
) -> None:
    tags: dict[Any, list[str]] = {}
    for highlight, tag in rows_of(connection, "highlight_tags", NEEDED["highlight_tags"]):
        tags.setdefault(highlight, []).append(str(tag))
    documents = {number for (number,) in rows_of(connection, "documents", ("id",))}
    for number, document, start, end, snippet in rows_of(connection, "highlights", NEEDED["highlights"]):
        if document not in pages:
            if document not in documents:
                job.bad("a highlight of a document that is not there", label, value=number, fix="Delete it in Taguette")
            continue
        source_id, page = pages[document]
        given = [tag for tag in tags.get(number, []) if tag in project.codes]
        job.rows_in += max(len(given), 1)
        job.dropped["highlight without a tag"] += not given
        span = _checked(page, (number, start, end, snippet), source_id, job, label) if given else None
        project.selections += [{"source_id": source_id, "code": tag, "user": coder, "span": span} for tag in given]


def _checked(
    page: HtmlText, highlight: tuple[Any, Any, Any, Any], source_id: str, job: Job, label: str
) -> tuple[int, int] | None:
    """Span of a highlight (number, start, end, snippet) if its words are there, else None and a violation."""
    number, *offsets, snippet = highlight
    span = page.span(*offsets) if all(isinstance(offset, int) for offset in offsets) else None
    if span is None:
        message = f"highlight {number} lies outside the text of {source_id!r}"
        job.bad(message, label, value=f"{offsets[0]} to {offsets[1]}", fix="Highlight it again in Taguette")
        return None
    kept, found = HtmlText(str(snippet)).text, page.text[slice(*span)]
    if kept and "".join(kept.split()) != "".join(found.split()):
        message = (
            f"the words of highlight {number} are {found[:60]!r} in {source_id!r}, not those that were highlighted"
        )
        job.bad(message, label, value=kept[:60], fix="Highlight them again in Taguette")
        return None
    return span


class HtmlText(HTMLParser):
    """Plain text of an HTML document, a line for each block, and the byte at which each of its characters stood.

    Attributes
    ----------
    text : str
        Without tags, scripts and surrounding blanks of the document; entities are characters.

    Examples
    --------
    >>> page = HtmlText("<p>caf\\u00e9 &amp; bar</p><p>late</p>")
    >>> page.text.splitlines()[1], page.span(0, 5), page.span(11, 15)
    ('late', (0, 4), (11, 15))
    """

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._bytes: list[int] = []
        self._position = 0
        self._break = self._silent = False
        self.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
        self.close()
        whole = "".join(self._parts)
        self.text = whole.rstrip()
        self._bytes = [*self._bytes, self._position]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break |= bool(BLOCKS.fullmatch(tag))
        self._silent |= tag in ("script", "style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._break |= bool(BLOCKS.fullmatch(tag))
        self._silent &= tag not in ("script", "style", "title")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if not self._parts:
            data = data.lstrip()  # blanks before the first words are no part of a document's body
        if not data:
            return
        if self._break and self._parts and not self._parts[-1].endswith("\n") and not data.startswith("\n"):
            self._parts.append("\n")
            self._bytes.append(self._position)
        self._break = False
        self._parts.append(data)
        for character in data:
            self._bytes.append(self._position)
            self._position += len(character.encode("utf-8", "surrogatepass"))

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Code points between two bytes, None outside the text or for nothing but blanks."""
        if not 0 <= start < end <= self._position:
            return None
        first, last = bisect_left(self._bytes, start), bisect_left(self._bytes, end)
        if first > 0 and self._bytes[first] > start:
            first -= 1  # inside a character
        words = self.text[first:last]
        first += len(words) - len(words.lstrip())
        last = first + len(words.strip())
        return (first, last) if re.search(r"\S", words) else None
