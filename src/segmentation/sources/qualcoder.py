"""QualCoder projects (``data.qda``, SQLite): texts, the tree of categories and codes, codings by coder, cases.

The REFI-QDA export of QualCoder loses which file belongs to which case; the project's own database has it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd

from .coding import Project, build_tables, code_colour, document_id
from .columns import header_key, is_personal
from .job import Job
from .offsets import Marked, choose_convention, locate_all
from .sqlite import open_database, rows_of
from .text import normal
from .turns import is_generic

__all__ = ["read_qualcoder"]

NEEDED = {
    "source": ("id", "name", "fulltext"),
    "code_name": ("cid", "name", "memo", "catid"),
    "code_cat": ("catid", "name", "memo", "supercatid"),
    "code_text": ("cid", "fid", "seltext", "pos0", "pos1", "owner"),
    "cases": ("caseid", "name"),
    "case_text": ("caseid", "fid", "pos0", "pos1"),
    "attribute": ("name", "attr_type", "value", "id"),
}
FIX = "Point `path` to data.qda inside the project's folder (....qda/data.qda)"
CORRECT = "Open the project in QualCoder, correct or delete the coding, and copy data.qda again"


def read_qualcoder(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Tables ``codes``, ``codings``, and for linking ``_coded_texts`` and ``_people`` (the cases).

    Parameters
    ----------
    job : Job
    files : list of Path
        ``data.qda`` of one project or of several with the same codebook.

    Returns
    -------
    dict of str to pandas.DataFrame
        Categories are codes that hold others; memos of codes are their description. Every coding's words are held against the
        text; a case without blanks in its name is the participant of its file, any other becomes ``case 1`` ...

    Raises
    ------
    DataContractError
        By ``read_sources``, with every violation: file or table that cannot be read, coding outside its text or of other words,
        code or text that is not there.

    Examples
    --------
    See tests/sources/test_qualcoder.py: a project takes more lines than an example should have.
    """
    projects: dict[str, Project] = {}
    people: list[dict[str, Any]] = []
    for path in files:
        with job.guard(path), open_database(path, NEEDED, job, FIX) as connection:
            label = job.label(path)
            project = Project(codes=_read_codes(connection))
            raw: dict[str, str] = {}
            names = _read_texts(connection, raw, job, label)
            _read_codings(connection, project, names, raw, job, label)
            project.texts = {name: text.replace("\r\n", "\n").replace("\r", "\n") for name, text in raw.items()}
            _count_other(connection, names, job, label)
            people += _read_cases(connection, names, project, job, label)
            projects[label] = project
    if not projects:
        return {}
    tables = build_tables(projects, job)
    if people:
        tables["_people"] = pd.DataFrame(people).drop_duplicates("participant").set_index("participant")
    return tables


def _text(value: object) -> str:
    return normal(value) if value is not None else ""


def _key(kind: str, number: object) -> str:
    return f"{kind} {number}" if number is not None else ""


def _read_codes(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Categories and codes of one tree; a code may stand under another code (``supercid``) or in a category."""
    found: dict[str, dict[str, Any]] = {}
    for number, name, memo, above in rows_of(connection, "code_cat", NEEDED["code_cat"]):
        row = {
            "name": _text(name) or f"category {number}",
            "parent": _key("category", above),
            "description": _text(memo),
        }
        found[_key("category", number)] = row
    has = {row[1] for row in connection.execute("PRAGMA table_info(code_name)")}
    more = [name for name in ("supercid", "color") if name in has]
    for number, name, memo, category, *rest in rows_of(
        connection, "code_name", ("cid", "name", "memo", "catid", *more)
    ):
        also = dict(zip(more, rest, strict=True))
        parent = _key("code", also.get("supercid")) or _key("category", category)
        row = {"name": _text(name) or f"code {number}", "parent": parent, "description": _text(memo)}
        found[_key("code", number)] = row | {"colour": code_colour(also.get("color"))}
    return found


def _read_texts(connection: sqlite3.Connection, raw: dict[str, str], job: Job, label: str) -> dict[Any, str]:
    """Texts as stored into ``raw``; returns source_id by number, also of files that have no text ('')."""
    names: dict[Any, str] = {}
    for number, name, text in rows_of(connection, "source", NEEDED["source"]):
        source_id = document_id(_text(name) or f"source {number}")
        if not isinstance(text, str) or not text.strip("\ufeff \r\n\t"):
            names[number] = ""
        elif source_id in raw:
            fix = "Rename one in the program: names without ending are the ids of texts"
            job.bad("two texts have this name", label, value=source_id, fix=fix)
        else:
            raw[source_id], names[number] = text.removeprefix("\ufeff"), source_id
    return names


def _read_codings(
    connection: sqlite3.Connection,
    project: Project,
    names: dict[Any, str],
    raw: dict[str, str],
    job: Job,
    label: str,
) -> None:
    """Codings into the project; how their positions count is found from the words kept with them."""
    marked, rows = [], []
    for position, (code, file, words, start, end, owner) in enumerate(
        rows_of(connection, "code_text", NEEDED["code_text"]), start=1
    ):
        job.rows_in += 1
        source_id = names.get(file)
        place = {"row": position, "fix": CORRECT}
        if not source_id:
            job.bad("a coding of a text that is not there", label, column="code_text.fid", value=file, **place)
        elif not isinstance(start, int) or not isinstance(end, int):
            job.bad(
                "positions are not whole numbers", label, column="code_text.pos0", value=f"{start} to {end}", **place
            )
        else:
            project.users.setdefault(_text(owner), _text(owner))
            marked.append(Marked(source_id, start, end, words if isinstance(words, str) else ""))
            rows.append((position, _key("code", code), _text(owner)))
    convention, sentence = choose_convention(raw, marked)
    if marked:
        job.note(f"{label}: {sentence}")
    for (position, code, owner), mark, span in zip(rows, marked, locate_all(raw, marked, convention), strict=True):
        selection = {"source_id": mark.source_id, "code": code, "user": owner}
        checked = _checked(raw[mark.source_id], mark, span, job, label, position)
        project.selections.append({**selection, "span": checked})


def _checked(
    raw: str, mark: Marked, span: tuple[int, int] | None, job: Job, label: str, row: int
) -> tuple[int, int] | None:
    """The span if it lies in the text and holds the words kept with it, else None and a violation."""
    place = f"{mark.first} to {mark.last}"
    if span is None:
        message = f"a coding lies outside its text {mark.source_id!r}, or is empty"
        job.bad(message, label, row=row, column="code_text.pos0", value=place, fix=CORRECT)
        return None
    found = raw.replace("\r\n", "\n").replace("\r", "\n")[slice(*span)]
    if mark.name and "".join(mark.name.split()) != "".join(found.split()):
        message = f"the words at {place} of {mark.source_id!r} are {found[:60]!r}, not those that were coded"
        job.bad(message, label, row=row, column="code_text.seltext", value=mark.name[:60], fix=CORRECT)
        return None
    return span


def _count_other(connection: sqlite3.Connection, names: dict[Any, str], job: Job, label: str) -> None:
    """Codings that are not of text, and files without text, are counted."""
    tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    for table in sorted(tables & {"code_image", "code_av"}):
        (count,) = connection.execute(f'select count(*) from "{table}"').fetchone()
        job.rows_in += count
        job.dropped["coding of a picture, PDF or recording"] += count
    empty = sum(not name for name in names.values())
    if empty:
        job.note(f"{empty} sources of {label} are not text and are not read")


def _read_cases(
    connection: sqlite3.Connection, names: dict[Any, str], project: Project, job: Job, label: str
) -> list[dict[str, Any]]:
    """Rows of people: one a case and text, with the case's attributes."""
    cases = dict(rows_of(connection, "cases", NEEDED["cases"]))
    shown = _case_ids(cases, job)
    about = _attributes(connection, job)
    texts: dict[Any, list[str]] = {}
    for case, file, *_ in rows_of(connection, "case_text", NEEDED["case_text"]):
        if case in shown and names.get(file) and names[file] not in texts.setdefault(case, []):
            texts[case].append(names[file])
    several = [case for case, sources in texts.items() if len(sources) > 1]
    if several:
        named = ", ".join(shown[case] for case in several[:10])
        job.note(
            f"{label}: {len(several)} cases have several texts, and each text counts as a person of its own: {named}"
        )
    alone = [shown[case] for case in cases if not texts.get(case)]
    if alone:
        job.note(f"{label}: {len(alone)} cases have no text: {', '.join(alone[:10])}")
    left = sorted(set(project.texts) - {source for sources in texts.values() for source in sources})
    if left and cases:
        job.note(f"{label}: {len(left)} texts belong to no case: {', '.join(left[:10])}")
    rows = []
    for case, sources in texts.items():
        for source in sources:
            participant = shown[case] if len(sources) == 1 else source
            rows.append({"participant": participant, "source_id": source, **about.get(case, {})})
    return rows + [{"participant": source, "source_id": source} for source in left if cases]


def _case_ids(cases: dict[Any, object], job: Job) -> dict[Any, str]:
    """Names of cases, those that may be a person's replaced by a number."""
    shown = {}
    for number, name in cases.items():
        word = _text(name)
        if word and (is_generic(word) or any(c.isdigit() for c in word)):
            shown[number] = word
        else:
            job.identify([word])
            shown[number] = f"case {number}"
    return shown


def _attributes(connection: sqlite3.Connection, job: Job) -> dict[Any, dict[str, str]]:
    """Attributes of cases by case; the one called like the study's unit becomes it, personal ones are not kept."""
    unit = job.study.unit
    wanted = header_key(job.source.unit or unit)
    found: dict[Any, dict[str, str]] = {}
    hidden: dict[str, None] = {}
    for name, kind, value, case in rows_of(connection, "attribute", NEEDED["attribute"]):
        word = _text(name)
        if kind != "case" or value is None or not _text(value):
            continue
        if is_personal(word):
            hidden.setdefault(word)
            job.identify([value])
        elif header_key(word) == wanted:
            found.setdefault(case, {})[unit] = _text(value)
        elif header_key(word) not in ("participant", "source id", "segment"):
            found.setdefault(case, {})[word] = _text(value)
    if hidden:
        job.note(f"personal attributes not kept: {', '.join(hidden)}")
    return found
