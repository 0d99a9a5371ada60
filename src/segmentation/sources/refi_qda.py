"""REFI-QDA projects (.qdpx) and codebooks (.qdc) of any program: codes, codings with their quote, and the texts coded.

Programs count offsets differently (code points or UTF-16 units, CRLF as one or two, end included or not); which way a project
counts is found by scoring all eight on its own quotes and on edges inside words, and reported. Our own files need no scoring.
"""

from __future__ import annotations

import re
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from .coding import Project, build_tables, code_colour, code_ids, document_id
from .job import Job, Unreadable
from .memos import memo_table
from .offsets import Convention, Marked, choose_convention, locate_all, misplaced
from .safety import DOCUMENT_LIMIT, TEXT_LIMIT, open_archive, parse_xml, read_bytes, read_member
from .text import BYTE_ORDER_MARKS, decode_text, normal

__all__ = ["read_refi"]

OURS = "segmentation"  # origin of the files that ``write_qdpx`` writes: code points, end excluded


def read_refi(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Tables ``codes``, ``codings`` and, privately, ``_coded_texts`` (index source_id; text, file) and ``_memos`` for linking."""
    projects: dict[str, Project] = {}
    for path in files:
        with job.guard(path):
            if path.suffix.lower() == ".qdc":
                projects[job.label(path)] = _read_codebook(path, job)
            elif path.suffix.lower() == ".qdpx":
                projects[job.label(path)] = _read_project(path, job)
            else:
                raise Unreadable(
                    f"{path.suffix!r} is not REFI-QDA", "Export as REFI-QDA project (.qdpx) or codebook (.qdc)"
                )
    if not projects:
        return {}
    tables = build_tables(projects, job)
    if any(project.memos for project in projects.values()):
        tables["_memos"] = memo_table(projects, code_ids(projects, job), job)
    return tables


def _name(element: Any) -> str:
    return _local(element.tag)


@lru_cache(maxsize=1024)
def _local(tag: object) -> str:
    return str(tag).rsplit("}", 1)[-1]


def _children(element: Any, *names: str) -> list[Any]:
    return [child for child in element if _local(child.tag) in names]


def _guid(text: str | None) -> str:
    return (text or "").strip().strip("{}").lower()


def _note_refs(*elements: Any) -> list[str]:
    """GUIDs of the notes these elements refer to, each once."""
    return list(
        dict.fromkeys(_guid(ref.get("targetGUID")) for element in elements for ref in _children(element, "NoteRef"))
    )


def _describe(element: Any) -> str:
    return " ".join((child.text or "").strip() for child in _children(element, "Description")).strip()


def _read_codebook(path: Path, job: Job) -> Project:
    root = parse_xml(read_bytes(path, DOCUMENT_LIMIT), "the codebook")
    if _name(root) != "CodeBook":
        raise Unreadable("not a REFI-QDA codebook", "Its first element must be CodeBook", value=_name(root))
    return Project(codes=_read_codes(root))


def _read_codes(book: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}

    def walk(element: Any, parent: str) -> None:
        for code in _children(element, "Code"):
            guid = _guid(code.get("guid"))
            guid = (
                guid if guid and guid not in found else f"code {len(found) + 1}"
            )  # no coding can mean the second of two
            name = normal(code.get("name") or "") or f"code {guid[:8]}"
            told = {"description": _describe(code), "colour": code_colour(code.get("color"))}
            found[guid] = {"name": name, "parent": parent, **told, "notes": _note_refs(code)}
            walk(code, guid)

    for codes in _children(book, "Codes"):
        walk(codes, "")
    return found


def _read_project(path: Path, job: Job) -> Project:
    with open_archive(read_bytes(path, DOCUMENT_LIMIT)) as archive:
        names = {name: name.replace("\\", "/") for name in archive.namelist() if "__MACOSX" not in name}
        every = [name for name, path in names.items() if path.lower().endswith(".qde")]
        qde = [name for name in every if "/" not in names[name]] or every  # packed again with its folder
        if len(qde) != 1:
            fix = "A .qdpx holds exactly one project file (*.qde)"
            raise Unreadable(f"{len(qde)} project files in the archive", fix)
        root = parse_xml(read_member(archive, qde[0]), qde[0])
        if _name(root) != "Project":
            raise Unreadable("not a REFI-QDA project", "Its first element must be Project", value=_name(root))
        project = Project()
        for part in root:
            if _name(part) == "Users":
                users = _children(part, "User")
                project.users = {_guid(u.get("guid")): normal(u.get("name") or u.get("id") or "") for u in users}
            elif _name(part) == "CodeBook":
                project.codes = _read_codes(part)
        texts = Texts(archive, names[qde[0]].rpartition("/")[0])
        raw = _read_sources(root, texts, project, job, job.label(path))
        notes = {_guid(note.get("guid")): note for part in _children(root, "Notes") for note in _children(part, "Note")}
        _read_memos(notes, texts, project, job, job.label(path))
    _place(project, raw, job, job.label(path), ours=root.get("origin") == OURS)
    return project


def _read_memos(notes: dict[str, Any], archive: Texts, project: Project, job: Job, label: str) -> None:
    """Texts and writers of the memos; a note that no code, text or passage refers to is one on the project."""
    project.memos += [_memo("code", note, code=guid) for guid, code in project.codes.items() for note in code["notes"]]
    placed = {memo["note"] for memo in project.memos}
    project.memos += [_memo("project", guid) for guid in notes if guid not in placed]
    read = []
    for memo in project.memos:
        note = notes.get(memo["note"])
        text = "" if note is None else _note_text(note, archive)
        if text.strip():
            read.append({**memo, "text": text, "user": memo["user"] or _guid(note.get("creatingUser"))})
    if len(read) < len(project.memos):
        job.note(f"memos of {label} without a text that can be read: {len(project.memos) - len(read)}")
    project.memos = read


def _memo(kind: str, note: str, *, source_id: str = "", code: str = "", user: str = "", **place: Any) -> dict[str, Any]:
    return {"kind": kind, "note": note, "source_id": source_id, "code": code, "user": user, "span": None, **place}


def _note_text(note: Any, archive: Texts) -> str:
    inline, path = _children(note, "PlainTextContent"), note.get("plainTextPath") or ""
    if inline:
        text = inline[0].text or ""
        return text if len(text) <= TEXT_LIMIT else ""
    data = archive.read(path) if path.startswith(("internal://", "relative://")) else None
    if data is None or len(data) > TEXT_LIMIT:
        return _describe(note)
    try:
        return decode_text(data, "utf-16" if data.startswith(BYTE_ORDER_MARKS) else "utf-8") if data.strip() else ""
    except Unreadable:
        return ""


class Texts:
    """Text files of an archive, found by path whatever its case, its folder or the braces of its GUID."""

    def __init__(self, archive: zipfile.ZipFile, folder: str):
        self.archive = archive
        self.members = {_member_key(name): name for name in archive.namelist()}
        self.folder = _member_key(folder + "/") if folder else ""

    def read(self, path: str) -> bytes | None:
        """Bytes of the file that ``plainTextPath`` means, None if it is not in the archive."""
        key = _member_key(re.sub(r"^(internal|relative):/+", "", path)).removeprefix("sources/")
        name = self.members.get(f"{self.folder}sources/{key}")
        return None if name is None else read_member(self.archive, name)


def _member_key(name: str) -> str:
    return name.replace("\\", "/").replace("{", "").replace("}", "").casefold()


def _read_sources(root: Any, archive: Texts, project: Project, job: Job, label: str) -> dict[str, str]:
    """Texts as stored (CRLF kept) by source id; their selections go to the project, other codings are counted."""
    texts: dict[str, str] = {}
    others = 0
    for source in (source for sources in _children(root, "Sources") for source in sources):
        codings = sum(_name(element) == "Coding" for element in source.iter())
        before = len(project.selections)
        written, selections = _text_of(source)
        if written is None:
            others += 1
        else:
            name = normal(source.get("name") or _guid(source.get("guid")))
            source_id = document_id(name)
            if source_id in texts:
                job.bad("two texts have this name", label, value=name, fix="Rename one in the program and export again")
                continue
            text = _stored_text(written, name, archive, job, label)
            if text is None:
                continue
            texts[source_id] = text
            project.memos += [_memo("source", note, source_id=source_id) for note in _note_refs(source, written)]
            for selection, first, last in selections:
                _read_selection(selection, source_id, (first, last), project)
        left = max(codings - (len(project.selections) - before), 0)
        job.rows_in += left
        whole = written is source
        job.dropped["coding of a whole text or of no code" if whole else "coding of a picture, PDF or recording"] += (
            left
        )
    if others:
        job.note(f"{others} sources of {label} are not text and are not read")
    return texts


def _text_of(source: Any) -> tuple[Any, list[tuple[Any, str | None, str | None]]]:
    """Element that holds the text of a source, and its selections with their positions; None for a source without coded text.

    Besides texts: the text beside a PDF, and the transcript of a recording, whose selections go from one time mark to another.
    """
    for written in [source] if _name(source) == "TextSource" else _children(source, "Representation", "Transcript"):
        marks = {_guid(mark.get("guid")): mark.get("position") for mark in _children(written, "SyncPoint")}
        selections = [
            (selection, selection.get("startPosition"), selection.get("endPosition"))
            for selection in _children(written, "PlainTextSelection")
        ] + [
            (
                selection,
                marks.get(_guid(selection.get("fromSyncPoint"))),
                marks.get(_guid(selection.get("toSyncPoint"))),
            )
            for selection in _children(written, "TranscriptSelection")
        ]
        if written is source or any(_children(selection, "Coding") for selection, *_ in selections):
            return written, selections
    return None, []


def _stored_text(written: Any, name: str, archive: Texts, job: Job, label: str) -> str | None:
    inline = _children(written, "PlainTextContent")
    path = written.get("plainTextPath")
    large = f"the text of source {name!r} is larger than {TEXT_LIMIT:,} bytes, the most this reader takes"
    if inline:
        content = inline[0].text or ""
        if len(content) > TEXT_LIMIT:
            job.bad(large, label, value=len(content), fix="Split it")
            return None
        return content
    fix = "Export the project again with its texts (sources) included"
    if not path:
        message = f"the text of source {name!r} is missing: it has neither plainTextPath nor PlainTextContent"
        job.bad(message, label, fix=fix)
        return None
    if not path.startswith(("internal://", "relative://")):
        value = path.split("://")[0] + "://..."
        job.bad(f"the text of source {name!r} lies outside the project", label, value=value, fix=fix)
        return None
    data = archive.read(path)
    if data is None:
        job.bad(f"the text of source {name!r} is missing from the archive", label, value=path, fix=fix)
        return None
    if len(data) > TEXT_LIMIT:
        job.bad(large, label, value=len(data), fix="Split it")
        return None
    try:
        encoding = "utf-16" if data.startswith(BYTE_ORDER_MARKS) else "utf-8"
        return decode_text(data, encoding) if data.strip(b"\xef\xbb\xbf \r\n\t") else ""
    except Unreadable as error:
        job.bad(f"the text of source {name!r}: {error.message}", label, fix="Export the project again")
        return None


def _read_selection(selection: Any, source_id: str, positions: tuple[str | None, str | None], project: Project) -> None:
    codings = [coding for coding in _children(selection, "Coding") if _children(coding, "CodeRef")]
    project.memos += [
        _memo(
            "coding" if coding is not None else "passage", note, source_id=source_id,
            code="" if coding is None else _guid(_children(coding, "CodeRef")[0].get("targetGUID")),
            user="" if coding is None else _guid(coding.get("creatingUser") or selection.get("creatingUser")),
            first=positions[0], last=positions[1],
        )
        for element, coding in [(selection, codings[0] if len(codings) == 1 else None), *zip(codings, codings, strict=True)]
        for note in _note_refs(element)
    ]  # fmt: skip
    for coding in _children(selection, "Coding"):
        for ref in _children(coding, "CodeRef")[:1]:
            project.selections.append(
                {
                    "source_id": source_id,
                    "guid": _guid(selection.get("guid")),
                    "first": positions[0],
                    "last": positions[1],
                    "name": selection.get("name") or "",
                    "description": _describe(selection),
                    "code": _guid(ref.get("targetGUID")),
                    "user": _guid(coding.get("creatingUser") or selection.get("creatingUser")),
                }
            )


def _place_memos(project: Project, raw: dict[str, str], convention: Convention) -> None:
    """Places of memos as of codings; one whose place is no pair of numbers, or outside its text, stays without."""
    told = []
    for memo in project.memos:
        try:
            told.append((memo, Marked(memo["source_id"], int(memo["first"]), int(memo["last"]))))
        except (KeyError, TypeError, ValueError):
            continue
    for (memo, _), span in zip(told, locate_all(raw, [mark for _, mark in told], convention), strict=True):
        memo["span"] = span


def _place(project: Project, raw: dict[str, str], job: Job, label: str, *, ours: bool = False) -> None:
    """Offsets of all selections as code points of the texts with plain newlines, end excluded."""
    job.rows_in += len(project.selections)
    marked = []
    for row in project.selections:
        try:
            marked.append(
                Marked(row["source_id"], int(row["first"]), int(row["last"]), row["name"], row["description"])
            )
        except (TypeError, ValueError):
            job.bad(
                "a coding has no whole numbers as positions", label, value=row["guid"], fix="Export the project again"
            )
            marked.append(Marked(row["source_id"], 0, 0, "", ""))
    convention, sentence = (
        (Convention(), f"{Convention()}, as this program writes") if ours else choose_convention(raw, marked)
    )
    spans = locate_all(raw, marked, convention)
    if marked:
        job.note(f"{label}: {sentence}")
    wrong = misplaced(raw, marked, spans)
    if wrong:
        shown = "; ".join(wrong[:3])
        job.note(
            f"{label}: the words kept with {len(wrong)} codings are not those at their place, look at them: {shown}"
        )
    project.texts = {source_id: text.replace("\r\n", "\n").replace("\r", "\n") for source_id, text in raw.items()}
    _place_memos(project, raw, convention)
    outside = []
    for row, span in zip(project.selections, spans, strict=True):
        row["span"] = span
        if row["span"] is None:
            outside.append(row)
    for row in outside[:5]:
        words = f"a coding of {row['source_id']!r} lies outside its text ({row['first']} to {row['last']})"
        job.bad(words, label, value=row["guid"], fix="Export the project again")
    if len(outside) > 5:
        job.bad(f"{len(outside) - 5} more codings lie outside their text", label)
