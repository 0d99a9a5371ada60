"""REFI-QDA projects (.qdpx) and codebooks (.qdc) of any program: codes, codings with their quote, and the texts coded.

Programs count offsets differently (code points or UTF-16 units, CRLF as one or two, end included or not); which way a project
counts is found by scoring all eight on its own quotes and on edges inside words, and reported.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from .job import Job, Unreadable
from .offsets import Convention, Marked, choose_convention, locate
from .safety import DOCUMENT_LIMIT, open_archive, parse_xml, read_bytes, read_member
from .text import decode_text, normal, slug

__all__ = ["read_refi"]

ANONYMOUS = re.compile(r"(?i)(coder|rater|analyst|user)[ _-]?\w{1,3}")
CODINGS = ["source_id", "start", "end", "code_id", "coder", "quote"]
ENDINGS = re.compile(r"\.(docx?|txt|vtt|srt|rtf|odt|pdf|md|html?)$", re.IGNORECASE)


@dataclass
class Project:
    """What one file holds, before it is joined with others."""

    codes: dict[str, dict[str, Any]] = field(default_factory=dict)  # GUID -> code
    users: dict[str, str] = field(default_factory=dict)  # GUID -> name
    texts: dict[str, str] = field(default_factory=dict)  # source_id -> text, newlines as \n
    selections: list[dict[str, Any]] = field(default_factory=list)
    convention: Convention | None = None


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
    if not projects:
        return {}
    ids = _code_ids(projects, job)
    codes = _code_table(projects, ids)
    rows, texts = [], {}
    coders: dict[str, str] = {}
    for label, project in projects.items():
        rows += _coding_rows(project, label, ids, coders, job)
        for source_id, text in project.texts.items():
            texts.setdefault(source_id, {"source_id": source_id, "text": text, "file": label})
    tables = {"codes": codes}
    if any(project.selections or project.texts for project in projects.values()):
        codings = pd.DataFrame(rows, columns=CODINGS).astype({"start": "int64", "end": "int64"})
        repeated = codings.duplicated()
        job.dropped["the same coding twice"] += int(repeated.sum())
        tables["codings"] = codings[~repeated].reset_index(drop=True)
        tables["_coded_texts"] = pd.DataFrame(list(texts.values()), columns=["source_id", "text", "file"]).set_index(
            "source_id"
        )
    else:
        job.rows_in += len(codes)
    return tables


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
            name = normal(code.get("name") or "") or f"code {guid[:8]}"
            found[guid] = {"name": name, "parent": parent, "description": _describe(code)}
            walk(code, guid)

    for codes in _children(book, "Codes"):
        walk(codes, "")
    return found


def _read_project(path: Path, job: Job) -> Project:
    with open_archive(read_bytes(path, DOCUMENT_LIMIT)) as archive:
        qde = [
            name for name in archive.namelist() if name.lower().endswith(".qde") and "/" not in name.replace("\\", "/")
        ]
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
        raw = _read_sources(root, archive, project, job, job.label(path))
    _place(project, raw, job, job.label(path))
    return project


def _read_sources(root: Any, archive: zipfile.ZipFile, project: Project, job: Job, label: str) -> dict[str, str]:
    """Texts as stored (CRLF kept) by source id; their selections go to the project."""
    texts: dict[str, str] = {}
    members = {name.replace("\\", "/").casefold(): name for name in archive.namelist()}
    others = 0
    for sources in _children(root, "Sources"):
        for source in sources:
            codings = sum(len(_children(selection, "Coding")) for selection in source)
            if _name(source) != "TextSource":
                others += 1
                job.rows_in += codings
                job.dropped["coding of a picture, PDF or recording"] += codings
                continue
            name = normal(source.get("name") or _guid(source.get("guid")))
            source_id = ENDINGS.sub("", name)
            if source_id in texts:
                job.bad("two texts have this name", label, value=name, fix="Rename one in the program and export again")
                continue
            text = _stored_text(source, name, archive, members, job, label)
            if text is not None:
                texts[source_id] = text
                _read_selections(source, source_id, project)
    if others:
        job.note(f"{others} sources of {label} are not text and are not read")
    return texts


def _stored_text(
    source: Any, name: str, archive: zipfile.ZipFile, members: dict[str, str], job: Job, label: str
) -> str | None:
    inline = _children(source, "PlainTextContent")
    path = source.get("plainTextPath")
    if inline:
        return inline[0].text or ""
    fix = "Export the project again with its texts (sources) included"
    if not path:
        job.bad(
            f"the text of source {name!r} is missing: it has neither plainTextPath nor PlainTextContent", label, fix=fix
        )
        return None
    if not path.startswith("internal://"):
        job.bad(
            f"the text of source {name!r} lies outside the project",
            label,
            value=path.split("://")[0] + "://...",
            fix=fix,
        )
        return None
    member = members.get("sources/" + path.removeprefix("internal://").lstrip("/").replace("\\", "/").casefold())
    if member is None:
        job.bad(f"the text of source {name!r} is missing from the archive", label, value=path, fix=fix)
        return None
    data = read_member(archive, member)
    try:
        return decode_text(data, "utf-8") if data.strip(b"\xef\xbb\xbf \r\n\t") else ""
    except Unreadable as error:
        job.bad(f"the text of source {name!r}: {error.message}", label, fix="Export the project again")
        return None


def _read_selections(source: Any, source_id: str, project: Project) -> None:
    for selection in _children(source, "PlainTextSelection"):
        for coding in _children(selection, "Coding"):
            for ref in _children(coding, "CodeRef"):
                project.selections.append(
                    {
                        "source_id": source_id,
                        "guid": _guid(selection.get("guid")),
                        "first": selection.get("startPosition"),
                        "last": selection.get("endPosition"),
                        "name": selection.get("name") or "",
                        "description": _describe(selection),
                        "code": _guid(ref.get("targetGUID")),
                        "user": _guid(coding.get("creatingUser") or selection.get("creatingUser")),
                    }
                )


def _place(project: Project, raw: dict[str, str], job: Job, label: str) -> None:
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
    convention, sentence = choose_convention(raw, marked)
    project.convention = convention
    if marked:
        job.note(f"{label}: {sentence}")
    project.texts = {source_id: text.replace("\r\n", "\n").replace("\r", "\n") for source_id, text in raw.items()}
    outside = []
    for row, mark in zip(project.selections, marked, strict=True):
        row["span"] = locate(raw[mark.source_id], mark, convention)
        if row["span"] is None:
            outside.append(row)
    for row in outside[:5]:
        words = f"a coding of {row['source_id']!r} lies outside its text ({row['first']} to {row['last']})"
        job.bad(words, label, value=row["guid"], fix="Export the project again")
    if len(outside) > 5:
        job.bad(f"{len(outside) - 5} more codings lie outside their text", label)


def _code_ids(projects: dict[str, Project], job: Job) -> dict[tuple[str, str], str]:
    """Code id of every code, by file and GUID: the slug of its name, with its parent's where two names are alike."""
    paths: dict[str, list[tuple[str, ...]]] = {}
    where: dict[tuple[str, str], tuple[str, ...]] = {}
    for label, project in projects.items():
        for guid in project.codes:
            path = _code_path(project, guid)
            where[label, guid] = path
            same = paths.setdefault(slug(path[-1]) or "code", [])
            if path not in same:
                same.append(path)
    ids: dict[tuple[str, ...], str] = {}
    for name, same in paths.items():
        for path in same:
            wanted = name if path is same[0] else slug("_".join(path[-2:])) if len(path) > 1 else name
            number = 2
            while wanted in ids.values():
                wanted, number = f"{name}_{number}", number + 1
            if path is not same[0]:
                job.note(
                    f"two codes are called {path[-1]!r}; the one under {path[-2] if len(path) > 1 else 'no parent'!r} is {wanted}"
                )
            ids[path] = wanted
    return {place: ids[path] for place, path in where.items()}


def _code_path(project: Project, guid: str) -> tuple[str, ...]:
    code = project.codes[guid]
    return (*(_code_path(project, code["parent"]) if code["parent"] else ()), code["name"])


def _code_table(projects: dict[str, Project], ids: dict[tuple[str, str], str]) -> pd.DataFrame:
    rows: dict[str, dict[str, Any]] = {}
    for label, project in projects.items():
        for guid, code in project.codes.items():
            parent = ids.get((label, code["parent"]))
            row = {"name": code["name"], "parent": parent, "description": code["description"]}
            known = rows.setdefault(ids[label, guid], row)
            known["description"] = known["description"] or row["description"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["name", "parent", "description"])
    table.index.name = "code_id"
    return table.astype({"name": "str", "parent": "str", "description": "str"})


def _coding_rows(
    project: Project, label: str, ids: dict[tuple[str, str], str], coders: dict[str, str], job: Job
) -> list[dict[str, Any]]:
    active = {row["user"] for row in project.selections}
    for guid, name in project.users.items():
        if guid in active:
            _coder(name or guid, coders, job)
    rows = []
    for row in project.selections:
        code = ids.get((label, row["code"]))
        if code is None:
            job.bad(
                "a coding refers to a code that is not in the codebook", label, value=row["code"], fix="Export again"
            )
            continue
        if row["span"] is None:
            continue
        start, end = row["span"]
        coder = _coder(project.users.get(row["user"], "") or row["user"] or "nobody", coders, job)
        quote = project.texts[row["source_id"]][start:end]
        rows.append(dict(zip(CODINGS, (row["source_id"], start, end, code, coder, quote), strict=True)))
    return rows


def _coder(name: str, coders: dict[str, str], job: Job) -> str:
    """``coder 1`` ... in order of appearance; a name that is no person's is kept."""
    if name not in coders:
        if ANONYMOUS.fullmatch(name):
            coders[name] = name
        else:
            number = 1
            while f"coder {number}" in coders.values():
                number += 1
            coders[name] = f"coder {number}"
            if " " in name or "@" in name:
                job.identify([name])
    return coders[name]
