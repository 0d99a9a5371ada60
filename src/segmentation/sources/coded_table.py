"""Coded segments as a table, long or wide: what MAXQDA, ATLAS.ti, Dovetail and Taguette export, and coding sheets of surveys.

They have no offsets that another program could use: segments are placed in the study's transcripts by their words (quotes.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from ..errors import nearest_word
from .coded_headers import FILE, Headers, match_headers
from .coding import NOBODY, Project, code_ids, code_table, document_id, dotted_parent
from .columns import collect_identifiers, header_key
from .frames import Raw, raw_tables
from .job import Job
from .quotes import QUOTES, join_pieces
from .text import normal
from .values import NO, YES, as_ids, as_texts, as_words

__all__ = ["read_coded_table", "split_codes"]

ABOVE = re.compile(r"\s*(?:->|>>|\\|>(?!\s*\d))\s*")  # Money > Price, Money\Price; "spend > 40" is one name
COMMAS = ("tags", "labels", "highlight tags")  # columns in which programs join with commas
TICKED = (*YES, "x", "✓")


@dataclass
class Sheet:
    """What the files of one source hold together."""

    codes: dict[tuple[str, ...], str] = field(default_factory=dict)  # path of names -> description
    listed: bool = False  # whether a codebook is among the files
    rows: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)  # document -> texts that were coded
    files: dict[str, str] = field(default_factory=dict)  # document -> file
    units: dict[str, str] = field(default_factory=dict)  # document -> unit


def read_coded_table(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Table ``codes``, and for linking ``_quotes``, ``_coded_texts`` (answers that stand in the table) and ``_people``.

    Parameters
    ----------
    job : Job
        ``columns`` declares headers that are not in ``coded_headers.SYNONYMS``; ``columns: {coder: (file)}`` makes each file one coder's.
    files : list of Path
        Tables of segments, coding sheets and codebooks in any order.

    Returns
    -------
    dict of str to pandas.DataFrame
        Codes stand under one another where names say so (``Money > Price``, levels, a column of parents, Taguette's dots).

    Raises
    ------
    DataContractError
        By ``read_sources``, with every violation: header that fits nothing, rows without document, codes that are not in the codebook.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> read_coded_table(Job(tiny_study(), "events", None), [])
    {}
    """
    sheet, matched = Sheet(), []
    for raw in raw_tables(job, files):
        with job.guard(Path(raw.label)):
            headers = match_headers(job, raw)
            job.note(f"{raw.label}: {headers}")
            matched.append((raw, headers))
            job.unmapped.update(dict.fromkeys(name for name in raw.headers if name not in headers.used))
            collect_identifiers(job, Raw(raw.label, raw.frame.drop(columns=list(dict.fromkeys(headers.used)))))
    for raw, headers in sorted(matched, key=lambda item: not item[1].codebook):
        if headers.codebook:
            _add_codebook(sheet, raw, headers, job)
        else:
            _add_segments(sheet, raw, headers, job)
    return _tables(sheet, job) if matched else {}


def _path(name: str, job: Job) -> tuple[str, ...]:
    """Names from the broadest to the code: ``Money > Price``; a tag of Taguette stays whole."""
    if job.source.format == "taguette":
        return (normal(name),)
    return tuple(part for part in map(normal, ABOVE.split(normal(name))) if part)


def _add_codebook(sheet: Sheet, raw: Raw, headers: Headers, job: Job) -> None:
    job.rows_in -= len(raw.frame)  # rows of codings are counted
    sheet.listed = True
    table = raw.frame.map(lambda cell: "" if pd.isna(cell) else str(cell))
    for row in table.index:
        path = _path(table.at[row, headers.codes[0]], job)
        above = _path(table.at[row, headers.parent], job) if headers.parent else ()
        description = table.at[row, headers.description].strip() if headers.description else ""
        if not path:
            job.bad(
                "a code without a name",
                raw.label,
                row=int(row),
                column=headers.codes[0],
                fix="Name it or take the row out",
            )
        else:
            _add_code(
                sheet, (*above, *path) if len(path) == 1 and job.source.format != "taguette" else path, description
            )


def _add_code(sheet: Sheet, path: tuple[str, ...], description: str = "") -> None:
    for length in range(1, len(path) + 1):
        sheet.codes.setdefault(path[:length], "")
    sheet.codes[path] = sheet.codes[path] or description


def _add_segments(sheet: Sheet, raw: Raw, headers: Headers, job: Job) -> None:
    label, column = raw.label, headers.document
    documents = as_ids(raw.frame[column], job, label, column)
    coded = _codes_by_row(raw, headers, job)
    cells = {name: _by_row(column) for name, column in _cells(raw, headers, job).items()}
    ids = _by_row(documents)
    wordless = []
    for row in raw.frame.index[documents.notna()]:
        document, given = document_id(ids[row]), coded[row]
        answer = "\n\n".join(cells[name][row] for name in headers.texts if cells[name][row])
        segment = (cells[headers.segment][row] if headers.segment else "") or answer
        within = _keep_answer(sheet, document, answer, label)
        if headers.unit and cells[headers.unit][row]:
            sheet.units.setdefault(document, cells[headers.unit][row])
        job.rows_in += max(len(given), 1) - 1
        if not given:
            job.dropped["segment or answer without a code"] += 1
        elif not segment and not headers.segment:
            wordless.append(row)
        elif not segment:
            job.dropped["coding without words (picture or recording)"] += len(given)
        else:
            place = {"document": document, "quote": segment, "within": within, "file": label, "row": int(row)}
            place |= {"coder": cells["coder"][row], "begin": cells["begin"][row]}
            sheet.rows += [{**place, "code": _known_code(sheet, path, row, label, job)} for path in given]
    _refuse_rows(documents[documents.isna()], "rows name no document", label, column, job)
    _refuse_rows(documents[wordless], "answers are empty but have codes", label, ", ".join(headers.texts), job)


def _by_row(column: pd.Series) -> dict[Any, Any]:
    """Cells by row: many of them one at a time, which a Series is slow at."""
    return dict(zip(column.index.tolist(), column.tolist(), strict=True))


def _cells(raw: Raw, headers: Headers, job: Job) -> dict[str, pd.Series]:
    """Words by header ('' where blank), and under their own names who coded and where the program says a segment begins."""
    frame = raw.frame
    cells = {
        name: as_texts(frame[name], job, raw.label, name).fillna("")
        for name in (headers.segment, *headers.texts)
        if name
    }
    own = PurePath(raw.label).stem if job.source.columns.get("coder") == FILE else NOBODY
    cells["coder"] = pd.Series(own, frame.index, dtype="str")
    if headers.coder:
        cells["coder"] = as_words(frame[headers.coder]).fillna(own)
    elif not own:
        hint = "`columns: {coder: (file)}` makes each file one coder's"
        job.note(f"{raw.label} names no coder: all codings count as one coder's. {hint}")
    begin = (
        pd.to_numeric(frame[headers.begin], errors="coerce") if headers.begin else pd.Series(float("nan"), frame.index)
    )
    cells["begin"] = begin.where(begin % 1 == 0)
    if headers.unit:
        cells[headers.unit] = as_ids(frame[headers.unit], job, raw.label, headers.unit).fillna("")
    return cells


def _refuse_rows(values: pd.Series, message: str, label: str, column: str, job: Job) -> None:
    if len(values):
        shown = values.astype("object").fillna("")
        job.bad_rows(shown, message, label, column=column, fix="Fill them in or take the rows out")


def _keep_answer(sheet: Sheet, document: str, answer: str, label: str) -> int | None:
    """Which of the document's answers this is; None where the table has no answers."""
    if not answer:
        return None
    answers = sheet.answers.setdefault(document, [])
    sheet.files.setdefault(document, label)
    if answer not in answers:
        answers.append(answer)
    return answers.index(answer)


def _codes_by_row(raw: Raw, headers: Headers, job: Job) -> dict[Any, list[tuple[str, ...]]]:
    """Paths of the codes of every row, each once."""
    found: dict[Any, dict[tuple[str, ...], None]] = {row: {} for row in raw.frame.index}
    for header in headers.codes:
        column = as_words(raw.frame[header])
        mark = separator(column.dropna().tolist(), header)
        if mark and mark != "\n":
            job.note(f"{raw.label}: several codes in a cell of {header!r} were split at {mark!r}")
        for row, cell in column.dropna().items():
            found[row].update({path: None for name in split_codes(cell, mark) if (path := _path(name, job))})
    if headers.levels:
        names = pd.DataFrame({header: as_words(raw.frame[header]) for header in headers.levels})
        for row in names.index:
            path = tuple(normal(name) for name in names.loc[row].dropna())
            found[row].update({path: None} if path else {})
    for header in headers.flags:
        marks = as_words(raw.frame[header]).str.casefold()
        wrong = marks[marks.notna() & ~marks.isin((*TICKED, *NO))]
        if len(wrong):
            allowed = "1, x, yes; 0, no or blank"
            job.bad_rows(wrong, "marks are neither yes nor no", raw.label, column=header, allowed=allowed)
        for row in marks.index[marks.isin(TICKED)]:
            found[row][_path(header, job)] = None
    return {row: list(paths) for row, paths in found.items()}


def separator(cells: list[str], header: str) -> str:
    """What a column joins several codes with: line ends, semicolons or bars; commas only where programs write them; '' if nothing."""
    plural = header_key(header).endswith("s")
    marks = ("\n", ";", "|", *((",",) if header_key(header) in COMMAS else ())) if plural else ("\n",)
    return next((mark for mark in marks if any(mark in cell for cell in cells)), "")


def split_codes(cell: str, mark: str) -> list[str]:
    """Names in a cell.

    Examples
    --------
    >>> split_codes("Price\\nLate delivery", "\\n"), split_codes("Price, value", "")
    (['Price', 'Late delivery'], ['Price, value'])
    """
    parts = cell.split(mark) if mark else [cell]
    return [part.strip() for part in parts if part.strip()]


def _known_code(sheet: Sheet, path: tuple[str, ...], row: Any, label: str, job: Job) -> tuple[str, ...]:
    """The codebook's code of that path, or the only one of that name; without a codebook the code is added."""
    if path in sheet.codes:
        return path
    ends = [known for known in sheet.codes if known[-len(path) :] == path]
    if len(ends) == 1:
        return ends[0]
    if sheet.listed:
        hint = nearest_word(path[-1], [known[-1] for known in sheet.codes]) or "Add it to the codebook"
        job.bad("a code that is not in the codebook", label, row=int(row), value=" > ".join(path), fix=hint)
    _add_code(sheet, path)
    return path


def _tables(sheet: Sheet, job: Job) -> dict[str, pd.DataFrame]:
    keys = {path: " > ".join(path) for path in sheet.codes}
    project = Project(
        codes={
            key: {"name": path[-1], "parent": _parent(path, sheet.codes, keys, job), "description": sheet.codes[path]}
            for path, key in keys.items()
        }
    )
    ids = code_ids({job.name: project}, job)
    tables = {"codes": code_table({job.name: project}, ids)}
    if not sheet.rows and not sheet.answers:
        job.rows_in = len(tables["codes"])
        return tables
    texts, spans = [], {}
    for document, answers in sheet.answers.items():
        text, spans[document] = join_pieces(answers)
        texts.append({"source_id": document, "text": text, "file": sheet.files[document], "spans": spans[document]})
    rows = [
        {**row, "code_id": ids[job.name, keys[row["code"]]],
         "within": None if row["within"] is None else spans[row["document"]][row["within"]]}
        for row in sheet.rows
    ]  # fmt: skip
    tables["_quotes"] = pd.DataFrame(rows, columns=QUOTES)
    tables["_coded_texts"] = pd.DataFrame(texts, columns=["source_id", "text", "file", "spans"]).set_index("source_id")
    known = dict.fromkeys([*sheet.answers, *sheet.units])
    if known:
        people = [{"participant": n, "source_id": n, job.study.unit: sheet.units.get(n)} for n in known]
        tables["_people"] = pd.DataFrame(people).set_index("participant")
    return tables


def _parent(
    path: tuple[str, ...], codes: Mapping[tuple[str, ...], str], keys: Mapping[tuple[str, ...], str], job: Job
) -> str:
    if len(path) > 1:
        return keys[path[:-1]]
    if job.source.format == "taguette":
        return dotted_parent(path[0], {known[0] for known in codes})
    return ""
