"""REFI-QDA projects (.qdpx) and codebooks (.qdc) of any program: codes, codings with their quote, and the texts coded.

Programs count offsets differently (code points or UTF-16 units, CRLF as one or two, end included or not); which way a project
counts is found by scoring all eight on its own quotes and on edges inside words, and reported. Our own files need no scoring.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from .coding import Project, build_tables, document_id
from .job import Job, Unreadable
from .offsets import Convention, Marked, choose_convention, locate_all, misplaced
from .safety import DOCUMENT_LIMIT, TEXT_LIMIT, open_archive, parse_xml, read_bytes, read_member
from .text import BYTE_ORDER_MARKS, decode_text, normal

__all__ = ["read_refi"]

OURS = "segmentation"  # origin of the files that ``write_qdpx`` writes: code points, end excluded


def read_refi(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Tables ``codes``, ``codings`` and, privately, ``_coded_texts`` (index source_id; text, file) for linking."""
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
    return build_tables(projects, job) if projects else {}


def _name(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _children(element: Any, *names: str) -> list[Any]:
    return [child for child in element if _name(child) in names]


def _guid(text: str | None) -> str:
    return (text or "").strip().strip("{}").lower()


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
            found[guid] = {"name": name, "parent": parent, "description": _describe(code)}
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
    _place(project, raw, job, job.label(path), ours=root.get("origin") == OURS)
    memos = sum(len(part) for part in root if _name(part) == "Notes")
    if memos:
        job.note(f"{job.label(path)}: memos are not read; it holds {memos}")
    return project


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
