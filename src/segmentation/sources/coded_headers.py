"""Headers under which programs and teams export coded segments, and which of them a file has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .columns import header_key, is_personal, missing_column
from .frames import Raw
from .job import Job, Listed

__all__ = ["FILE", "LAYOUTS", "SYNONYMS", "Headers", "match_headers"]

FILE = "(file)"  # `columns: {coder: (file)}`: each file is one coder's
LAYOUTS = (
    ("Dovetail highlights", "Highlight, Tags, Note title, Created by"),
    ("MAXQDA coded segments", "Document group, Document name, Code, Begin, End, Segment, Created by"),
    ("ATLAS.ti quotations", "ID, Document, Quotation Content, Codes, Created by"),
    ("Taguette highlights", "id, document, tag, content"),
    ("survey coding sheet", "ResponseId, <one question>, Code 1 ... Code 8"),
    ("answers with excerpts", "participant_id, full_response_text, code_level1 ... code_level3, coded_text_excerpt"),
    ("text chunks", "document ID, text_chunk, code_1, code_2"),
    ("codebook", "Code, Memo (or: tag, description)"),
)
"""Layouts the synonyms were made for, as of 2026-11; Dovetail's columns vary with the fields of a project."""
SYNONYMS = {
    "document": (
        "document", "document name", "document id", "doc id", "doc", "note title", "data title", "note", "source name", "source",
        "file name", "filename", "file", "transcript", "transcript id", "interview", "interview id", "dokumentname", "dokument",
        "participant id", "interviewee id", "respondent id", "responseid", "response id", "record id", "ticket id", "case id", "case",
    ),
    "segment": (
        "segment", "coded segment", "segments", "quotation content", "coded text excerpt", "highlight", "highlight text",
        "highlighted text", "quote", "quotation", "excerpt", "coded text", "text chunk", "chunk", "content", "passage",
    ),
    "text": ("full response text", "full text", "response text", "response", "answer", "verbatim", "open answer", "text"),
    "code": ("code", "codes", "tag", "tags", "code name", "highlight tags", "labels", "label", "codewort", "codes applied"),
    "coder": ("created by", "coder", "coded by", "annotator", "rater", "creator", "author", "erstellt von", "autor"),
    "begin": ("begin", "beginning", "start", "start position", "anfang", "paragraph"),
    "description": ("memo", "description", "definition", "code memo", "comment", "kommentar"),
    "parent": ("parent", "parent code", "category", "code group"),
}  # fmt: skip
"""Canonical column to headers, the likeliest first; compared without case, accents and punctuation. As of 2026-11."""
NUMBERED = re.compile(r"(?:code|tag|label)s? ?(\d{1,2})")
LEVELS = re.compile(r"(?:code )?level ?(\d)(?: code)?")
DECLARED = (*SYNONYMS, "flags", "interviewer")
SEVERAL = ("code", "flags", "text")


@dataclass(frozen=True)
class Headers:
    """Columns of one file by what they hold; '' or empty where it has none.

    ``codes`` hold one code a cell (or several where ``plural``), ``levels`` one name each from the broadest to the finest, ``flags``
    yes or no under the code's name.
    """

    document: str = ""
    segment: str = ""
    texts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    coder: str = ""
    begin: str = ""
    description: str = ""
    parent: str = ""
    unit: str = ""

    @property
    def codebook(self) -> bool:
        """Whether the file lists codes and codes nothing."""
        return bool(self.codes and not self.document and not self.segment and not self.texts)

    @property
    def used(self) -> list[str]:
        single = (self.document, self.segment, self.coder, self.begin, self.description, self.parent, self.unit)
        return [name for name in (*single, *self.texts, *self.codes, *self.levels, *self.flags) if name]

    def __str__(self) -> str:
        parts = []
        for name in (
            "document",
            "segment",
            "texts",
            "codes",
            "levels",
            "flags",
            "coder",
            "begin",
            "description",
            "unit",
        ):
            found = getattr(self, name)
            if found:
                headers = [found] if isinstance(found, str) else list(found)
                shown = headers if len(headers) < 4 else [headers[0], "...", headers[-1]]
                parts.append(f"{name} = {', '.join(shown)}")
        return "; ".join(parts)


def match_headers(job: Job, raw: Raw) -> Headers:
    """Which column of a file holds what: declared in the study, else by ``SYNONYMS``; never by position.

    In a file with a document and codes but neither segment nor answer, the one column that is left is the answer.

    Parameters
    ----------
    job : Job
        Its source's ``columns`` may name document, segment, text, code, flags, coder, begin, description, parent; several headers are
        separated by a vertical bar.
    raw : Raw

    Returns
    -------
    Headers

    Raises
    ------
    Unreadable
        If the header fits nothing known; every violation is in the job then.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentation.sources.example import tiny_study
    >>> raw = Raw("a.csv", pd.DataFrame(columns=["Document name", "Code", "Begin", "Segment", "Created by"]))
    >>> print(match_headers(Job(tiny_study(), "companies", None), raw))
    document = Document name; segment = Segment; codes = Code; coder = Created by; begin = Begin
    """
    before = len(job.violations)
    by_key = {header_key(header): header for header in reversed(raw.headers)}
    found = {name: _first(names, by_key) for name, names in SYNONYMS.items()}
    declared = _declared(job, raw, by_key)
    found.update({name: headers[0] for name, headers in declared.items() if name in SYNONYMS})
    numbered = _in_order(NUMBERED, raw)
    levels = tuple(declared.get("levels", ())) or _in_order(LEVELS, raw)
    codes = declared.get("code") or (numbered if numbered and not levels else [found["code"]] if found["code"] else [])
    unit = job.source.unit or (job.study.unit if job.study.unit in raw.headers else "")
    if unit and unit not in raw.headers:
        missing_column(job, raw, unit, f"named as sources.{job.name}.unit")
    headers = Headers(
        found["document"], found["segment"], tuple(declared.get("text") or ([found["text"]] if found["text"] else [])),
        tuple(codes), () if declared.get("code") else tuple(levels), tuple(declared.get("flags", ())), found["coder"], found["begin"],
        found["description"], found["parent"], unit,
    )  # fmt: skip
    headers = _with_answer(headers, raw)
    _refuse(headers, job, raw)
    if len(job.violations) > before:
        raise Listed
    return headers


def _first(names: tuple[str, ...], by_key: dict[str, str]) -> str:
    return next((by_key[name] for name in names if name in by_key), "")


def _in_order(pattern: re.Pattern[str], raw: Raw) -> list[str]:
    found = [(match, header) for header in raw.headers if (match := pattern.fullmatch(header_key(header)))]
    return [header for match, header in sorted(found, key=lambda item: int(item[0][1]))]


def _declared(job: Job, raw: Raw, by_key: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, words in job.source.columns.items():
        if (words == FILE and name == "coder") or name == "interviewer":
            continue
        if name not in DECLARED:
            job.bad(
                "no such column of coded segments",
                f"sources.{job.name}.columns",
                value=name,
                allowed=", ".join(DECLARED),
            )
            continue
        headers = [word.strip() for word in words.split("|")] if name in SEVERAL else [words]
        for header in headers:
            match = header if header in raw.headers else by_key.get(header_key(header))
            if match is None:
                missing_column(job, raw, header, f"named as sources.{job.name}.columns.{name}")
            else:
                found.setdefault(name, []).append(match)
    return found


def _with_answer(headers: Headers, raw: Raw) -> Headers:
    """The one column left over is the answer that was coded; blank headers and personal columns are none."""
    if (
        not headers.document
        or headers.segment
        or headers.texts
        or not (headers.codes or headers.levels or headers.flags)
    ):
        return headers
    left = [
        h for h in raw.headers if h not in headers.used and not is_personal(h) and not re.fullmatch(r"column \d+", h)
    ]
    return Headers(**{**vars(headers), "texts": (left[0],)}) if len(left) == 1 else headers


def _refuse(headers: Headers, job: Job, raw: Raw) -> None:
    for header in sorted(set(headers.used) & set(raw.doubled)):
        job.bad("stands twice in the header", raw.label, row=1, column=header, fix="Rename or delete one of the two")
    coded = headers.codes or headers.levels or headers.flags
    if headers.codebook and (headers.description or headers.parent):
        return
    there = {"document": headers.document, "code": coded, "segment": headers.segment or headers.texts}
    missing = [name for name, found in there.items() if not found]
    if missing:
        known = "; ".join(f"{program}: {columns}" for program, columns in LAYOUTS)
        fix = f"Declare what they are called, e.g. `columns: {{{missing[0]}: <header>}}`"
        if missing[0] == "code":
            fix += ", or `columns: {flags: Price|Late}` for a column of 0 and 1 a code"
        words = ", ".join(raw.headers[:20])
        job.bad(
            f"no column holds the {' or the '.join(missing)}", raw.label, row=1, value=words, allowed=known, fix=fix
        )
