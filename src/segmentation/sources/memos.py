"""Memos that come with codings: what coders wrote about a project, a code, a text, a passage or a coding.

Read from REFI-QDA projects (notes, and the references to them) and written back by ``write_qdpx``. They are the coders' own words
about people: nothing of the line shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .coding import NOBODY, Project, name_coders
from .job import Job
from .offsets import SpanMover
from .places import Library

__all__ = ["MEMOS", "link_memos", "memo_table"]

MEMOS = ["kind", "source_id", "start", "end", "code_id", "coder", "text"]
"""kind is project, code, source, passage or coding; places are code points of the text, end excluded, missing where it has none."""


def memo_table(projects: Mapping[str, Project], ids: Mapping[tuple[str, str], str], job: Job) -> pd.DataFrame:
    """Memos of all files, codes by their id, coders by the name the program has.

    Parameters
    ----------
    projects : mapping of str to Project
        By label of the file.
    ids : mapping of (str, str) to str
        As ``code_ids`` gives them.
    job : Job
        Told how many memos are about something that is not there.

    Returns
    -------
    pandas.DataFrame
        ``MEMOS``.
    """
    rows: list[tuple[Any, ...]] = []
    lost = 0
    for label, project in projects.items():
        for memo in project.memos:
            code = ids.get((label, memo["code"]), "") if memo["code"] else ""
            start, end = memo["span"] or (None, None)
            if (memo["code"] and not code) or (memo["kind"] in ("passage", "coding") and start is None):
                lost += 1
                continue
            coder = project.users.get(memo["user"], "") or memo["user"] or NOBODY
            rows.append((memo["kind"], memo["source_id"], start, end, code, coder, memo["text"]))
    if lost:
        job.note(f"{lost} memos are about a code or a place that is not there and are not read")
    return pd.DataFrame(rows, columns=MEMOS).astype({"start": "float64", "end": "float64"})


def link_memos(
    tables: dict[str, pd.DataFrame],
    read: Mapping[str, pd.DataFrame],
    passages: pd.DataFrame | None,
    shown: dict[tuple[str, str], str],
    job: Job,
) -> None:
    """Move one source's memos onto the study's transcripts and give their writers the names of coders.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Canonical tables, codings linked; ``memos`` is added or grows.
    read : mapping of str to pandas.DataFrame
        With ``_memos`` and, where the file holds texts, ``_coded_texts``.
    passages : pandas.DataFrame or None
        Parts of transcripts that have ids of their own.
    shown : dict
        Coders known so far, see ``name_coders``.
    job : Job
        Told of memos on texts, or on words, that the study does not have.
    """
    memos, texts = read["_memos"], read.get("_coded_texts", pd.DataFrame())
    transcripts = tables.get("transcripts")
    library = Library(pd.DataFrame({"text": []}, dtype="str") if transcripts is None else transcripts, passages)
    codings = tables.get("codings")
    held = (
        set()
        if codings is None
        else set(codings[["source_id", "start", "end", "code_id", "coder"]].itertuples(index=False, name=None))
    )
    named = list(dict.fromkeys(memos.loc[(memos["coder"] != NOBODY) | (memos["kind"] == "coding"), "coder"]))
    coders = name_coders(named, shown, job)
    movers: dict[str, SpanMover] = {}
    rows, lost = [], 0
    for kind, name, start, end, code, coder, text in memos.itertuples(index=False, name=None):
        who = coders.get(coder, NOBODY)
        if not name:
            rows.append((kind, "", start, end, code, who, text))
            continue
        place = library.find(str(name))
        span = None
        if place is not None and kind != "source" and name in texts.index:
            own = library.texts[place.source_id][place.start : place.end]
            mover = movers.setdefault(name, SpanMover(texts.at[name, "text"], own))
            moved = mover.move((int(start), int(end)))
            span = None if moved is None else (place.start + moved[0], place.start + moved[1])
        if place is None or (kind != "source" and span is None):
            lost += 1
            continue
        first, last = span or (None, None)
        if kind == "coding" and (place.source_id, first, last, code, who) not in held:
            kind, code = "passage", ""  # the coding itself was left out: what it was about stays
        rows.append((kind, place.source_id, first, last, code, who, text))
    if lost:
        job.note(f"{lost} memos are on texts or words that the study does not have and are not read")
    found = pd.DataFrame(rows, columns=MEMOS).astype({"start": "float64", "end": "float64"})
    tables["memos"] = pd.concat([tables["memos"], found], ignore_index=True) if "memos" in tables else found
