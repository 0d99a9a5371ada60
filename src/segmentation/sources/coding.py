"""Codebooks and codings of any program joined into the canonical tables ``codes`` and ``codings``."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .job import Job
from .text import slug

__all__ = [
    "CODINGS",
    "ENDINGS",
    "NOBODY",
    "Project",
    "build_tables",
    "code_colour",
    "code_ids",
    "code_table",
    "document_id",
    "dotted_parent",
    "name_coders",
]

ANONYMOUS = re.compile(r"(?i)(coder|rater|analyst|user)[ _-]?\w{1,3}")
CODES = ["name", "parent", "description"]
COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
CODINGS = ["source_id", "start", "end", "code_id", "coder", "quote"]
ENDINGS = re.compile(r"\.(docx?|txt|vtt|srt|rtf|odt|pdf|md|html?|mp[34]|m4a|wav|mov)$", re.IGNORECASE)
NOBODY = ""  # coder of a file that names none


@dataclass
class Project:
    """What one file holds, before it is joined with others.

    Attributes
    ----------
    codes : dict
        Key of the program (GUID, number, path) to ``{name, parent, description}`` and, where it has one, ``colour`` (#RRGGBB); parent
        is another key or ''.
    users : dict
        Key of the program to the coder's name.
    texts : dict
        source_id to text, newlines as \\n.
    selections : list of dict
        source_id, code and user (keys as above), span (start, end) in the text, or None where it has none.
    memos : list of dict
        kind, source_id, span, code, user as above (empty where a memo is not about them) and text.
    """

    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    selections: list[dict[str, Any]] = field(default_factory=list)
    memos: list[dict[str, Any]] = field(default_factory=list)


def document_id(name: str) -> str:
    """Id of a text: its name in the program without the ending of its file.

    Examples
    --------
    >>> document_id("P01.docx"), document_id("P01")
    ('P01', 'P01')
    """
    return ENDINGS.sub("", name)


def build_tables(projects: Mapping[str, Project], job: Job) -> dict[str, pd.DataFrame]:
    """Tables ``codes``, ``codings`` and, privately, ``_coded_texts`` (index source_id; text, file) for linking.

    Parameters
    ----------
    projects : mapping of str to Project
        By label of the file. Files of one source share their codebook and their coders.
    job : Job
        Takes codings of unknown codes as violations and counts those that stand twice.

    Returns
    -------
    dict of str to pandas.DataFrame
        Only ``codes`` if there are neither texts nor selections. Coders still have their names; ``name_coders`` hides them.
    """
    ids = code_ids(projects, job)
    tables = {"codes": code_table(projects, ids)}
    if not any(project.selections or project.texts for project in projects.values()):
        job.rows_in += len(tables["codes"])
        return tables
    rows, texts, coders = [], {}, {}
    for label, project in projects.items():
        rows += _coding_rows(project, label, ids, coders, job)
        for source_id, text in project.texts.items():
            texts.setdefault(source_id, {"source_id": source_id, "text": text, "file": label})
    codings = pd.DataFrame(rows, columns=CODINGS).astype({"start": "int64", "end": "int64"})
    repeated = codings.duplicated()
    job.dropped["the same coding twice"] += int(repeated.sum())
    tables["codings"] = codings[~repeated].reset_index(drop=True)
    tables["codings"].attrs["coders"] = list(coders)
    tables["_coded_texts"] = pd.DataFrame(list(texts.values()), columns=["source_id", "text", "file"]).set_index(
        "source_id"
    )
    return tables


def dotted_parent(path: str, known: Container[str]) -> str:
    """The longest beginning of a dotted path that is a code itself, or ''.

    Examples
    --------
    >>> dotted_parent("price.offer.voucher", {"price", "late"}), dotted_parent("late", {"late"})
    ('price', '')
    """
    while "." in path:
        path = path.rpartition(".")[0]
        if path in known:
            return path
    return ""


def code_ids(projects: Mapping[str, Project], job: Job) -> dict[tuple[str, str], str]:
    """Code id of every code, by file and key: the slug of its name, with its parent's where two names are alike."""
    paths: dict[str, list[tuple[str, ...]]] = {}
    where: dict[tuple[str, str], tuple[str, ...]] = {}
    for label, project in projects.items():
        for key in project.codes:
            path = _code_path(project, key)
            where[label, key] = path
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
                above = path[-2] if len(path) > 1 else "no parent"
                job.note(f"two codes are called {path[-1]!r}; the one under {above!r} is {wanted}")
            ids[path] = wanted
    return {place: ids[path] for place, path in where.items()}


def _code_path(project: Project, key: str) -> tuple[str, ...]:
    """Names from the root to the code; stops where parents go in a circle or are missing."""
    path: list[str] = []
    seen: set[str] = set()
    while key and key not in seen and key in project.codes:
        seen.add(key)
        path.insert(0, project.codes[key]["name"])
        key = project.codes[key]["parent"]
    return tuple(path)


def code_table(projects: Mapping[str, Project], ids: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Table ``codes`` (index code_id; name, parent, description, and colour if any code has one), first meaning of a code kept."""
    rows: dict[str, dict[str, Any]] = {}
    for label, project in projects.items():
        for key, code in project.codes.items():
            parent = ids.get((label, code["parent"]))
            row = {
                "name": code["name"],
                "parent": parent,
                "description": code["description"],
                "colour": code.get("colour", ""),
            }
            known = rows.setdefault(ids[label, key], row)
            known |= {name: known[name] or row[name] for name in ("description", "colour")}
    columns = [*CODES, "colour"] if any(row["colour"] for row in rows.values()) else CODES
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[*CODES, "colour"])[columns]
    table.index.name = "code_id"
    return table.astype(dict.fromkeys(columns, "str"))


def code_colour(written: object) -> str:
    """A colour as ``#RRGGBB``; empty for anything else.

    Examples
    --------
    >>> [code_colour(written) for written in ("#0f0", "#0A6EBD", "red", None)]
    ['#00FF00', '#0A6EBD', '', '']
    """
    word = str(written or "").strip()
    if not COLOUR.fullmatch(word):
        return ""
    return f"#{word[1:] if len(word) == 7 else ''.join(sign * 2 for sign in word[1:])}".upper()


def _coding_rows(
    project: Project, label: str, ids: Mapping[tuple[str, str], str], coders: dict[str, None], job: Job
) -> list[dict[str, Any]]:
    active = {row["user"] for row in project.selections}
    coders.update({name or key: None for key, name in project.users.items() if key in active})
    rows = []
    for row in project.selections:
        code = ids.get((label, row["code"]))
        if code is None:
            fix = "Export again"
            job.bad("a coding refers to a code that is not in the codebook", label, value=row["code"], fix=fix)
            continue
        if row["span"] is None:
            continue
        start, end = row["span"]
        coder = project.users.get(row["user"], "") or row["user"] or NOBODY
        coders[coder] = None
        quote = project.texts[row["source_id"]][start:end]
        rows.append(dict(zip(CODINGS, (row["source_id"], start, end, code, coder, quote), strict=True)))
    return rows


def name_coders(names: Iterable[str], shown: dict[tuple[str, str], str], job: Job) -> dict[str, str]:
    """What is shown for each coder of a source: ``coder 1`` ... in order of appearance; a name that is no person's is kept.

    Parameters
    ----------
    names : iterable of str
        As the program has them; '' for a file that names none.
    shown : dict
        What was shown for coders of the sources before, changed in place: one person is one coder in the whole study,
        an unnamed one is another in every source.
    job : Job
        Takes the names for redaction.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> name_coders(["Coder B", "x@example.org"], {}, Job(None, "codings", None))
    {'Coder B': 'Coder B', 'x@example.org': 'coder 1'}
    """
    found = {}
    for name in names:
        key = (job.name, NOBODY) if name == NOBODY else ("", name)
        if key not in shown:
            if name and ANONYMOUS.fullmatch(name):
                shown[key] = name
            else:
                number = 1
                while f"coder {number}" in shown.values():
                    number += 1
                shown[key] = f"coder {number}"
                if " " in name or "@" in name:
                    job.identify([name])
        found[name] = shown[key]
    return found
