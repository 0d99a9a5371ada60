"""Joins between sources: codings onto transcripts, people onto both. By id, never by similar names; misses are notes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from .coding import CODINGS, document_id, name_coders
from .job import Job
from .offsets import SpanMover
from .places import Library, Place
from .quotes import place_quotes
from .transcripts import TURN_COLUMNS, answer_rows, speaking_text, turn_rows

__all__ = ["PRIVATE", "link_codings", "link_interviewees", "link_people", "stack_codes"]

PRIVATE = ("_coded_texts", "_quotes", "_people", "_passages", "_memos")
"""What a reader hands over for linking beside its canonical tables.

``_coded_texts`` (index source_id; text, file, and optionally spans: a list of (start, end) where nobody but the participant speaks),
``_quotes`` (see quotes.py), ``_people`` (rows of interviewees), ``_passages`` (index id; source_id, start, end in a transcript),
``_memos`` (see memos.py).
"""
NO_TRANSCRIPTS = pd.DataFrame({"text": [], "file": []}, dtype="str").rename_axis("source_id")


def link_codings(
    tables: dict[str, pd.DataFrame],
    read: Mapping[str, pd.DataFrame],
    passages: pd.DataFrame | None,
    shown: dict[tuple[str, str], str],
    job: Job,
) -> None:
    """Move one source's codings onto the transcripts of the same name; texts only it has become transcripts themselves.

    A coding whose words are not in the transcript is a violation.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Canonical tables, changed in place.
    read : mapping of str to pandas.DataFrame
        What the source's reader made: ``_coded_texts`` with ``codings`` or ``_quotes``.
    passages : pandas.DataFrame or None
        Parts of transcripts that have ids of their own.
    shown : dict
        Coders of the sources before, see ``name_coders``.
    job : Job
    """
    transcripts = tables.get("transcripts", NO_TRANSCRIPTS)
    library = Library(transcripts, passages)
    coded = read["_coded_texts"]
    if "_quotes" in read:
        codings, coded = place_quotes(read["_quotes"], coded, library, job)
    else:
        codings = read["codings"]
    places = {name: place for name in coded.index if (place := library.find(str(name))) is not None}
    order = codings.attrs.get("coders", list(dict.fromkeys(codings["coder"])))
    coders = name_coders(order, shown, job)
    linked = codings if "_quotes" in read else _move(codings, coded, places, library, job)
    linked = linked.assign(coder=linked["coder"].map(coders))
    done = tables.get("codings")
    tables["codings"] = linked if done is None else pd.concat([done, linked], ignore_index=True)
    with_codings = set(codings["source_id"])
    used = {name: places[name].source_id if name in places else name for name in coded.index}
    _note_unmatched(transcripts, {used.get(name, name) for name in with_codings}, coded, places, job)
    every = transcripts.empty or "_quotes" in read  # answers that nobody gave a code are answers all the same
    own = [name for name in coded.index if name not in places and (every or name in with_codings)]
    _adopt(tables, coded.loc[own], transcripts, job)


def _move(
    codings: pd.DataFrame, coded: pd.DataFrame, places: Mapping[str, Place], library: Library, job: Job
) -> pd.DataFrame:
    rows: list[tuple] = []
    moved = 0
    for name, part in codings.groupby("source_id", sort=False):
        place = places.get(str(name))
        if place is None:
            rows += part.itertuples(name=None)
            continue
        text = library.texts[place.source_id]
        mover = SpanMover(
            coded.at[name, "text"], text[place.start : place.end]
        )  # of one text at a time: they are large
        for number, _, first, last, code, coder, quote in part[CODINGS].itertuples(name=None):
            span = mover.move((first, last))
            if span is None:
                fix = "Code the text that is in the transcripts, or take the transcript out of the study"
                message = f"a coding of {place.source_id} is not in its transcript"
                job.bad(message, job.name, value=quote[:80], fix=fix)
                continue
            moved += span != (first, last)
            start, end = place.start + span[0], place.start + span[1]
            rows.append((number, place.source_id, start, end, code, coder, text[start:end]))
    if moved:
        job.note(f"{moved} codings were moved onto transcripts that differ from the coded text in blanks or labels")
    table = pd.DataFrame([row[1:] for row in sorted(rows, key=lambda row: row[0])], columns=CODINGS)
    return table.astype({"start": "int64", "end": "int64"})


def _note_unmatched(
    transcripts: pd.DataFrame, done: set[str], coded: pd.DataFrame, places: Mapping[str, Place], job: Job
) -> None:
    """Texts without a partner, both ways."""
    if transcripts.empty:
        return
    uncoded = sorted(set(map(str, transcripts.index)) - done)
    if uncoded:
        job.note(f"{len(uncoded)} transcripts without codings: {', '.join(uncoded[:10])}")
    alone = sorted(str(name) for name in coded.index if name not in places)
    if alone:
        job.note(f"{len(alone)} coded texts without a transcript of that name: {', '.join(alone[:10])}")


def _adopt(tables: dict[str, pd.DataFrame], own: pd.DataFrame, transcripts: pd.DataFrame, job: Job) -> None:
    """Texts that only the coding project has: those with codings, and all of them where the study has no transcripts."""
    if own.empty:
        return
    rows = []
    for source_id, text in own["text"].items():
        spans = own.at[source_id, "spans"] if "spans" in own else None
        if spans is not None:
            rows += answer_rows(str(source_id), text, spans)
        else:
            rows += turn_rows(job, str(source_id), text, speaking_text(text, job))
    turns = pd.DataFrame(rows, columns=TURN_COLUMNS)
    tables["turns"] = pd.concat([tables["turns"], turns], ignore_index=True) if "turns" in tables else turns
    kept = own[["text", "file"]]
    tables["transcripts"] = kept if transcripts.empty else pd.concat([transcripts, kept])


def stack_codes(tables: dict[str, pd.DataFrame], codes: pd.DataFrame, job: Job) -> None:
    """Add the codebook of a further source: the same code id is the same code, and its first meaning is kept."""
    if "codes" not in tables:
        tables["codes"] = codes
        return
    known = tables["codes"]
    both = codes.index.intersection(known.index)
    parents = [code for code in both if _differ(known.at[code, "parent"], codes.at[code, "parent"])]
    if parents:
        job.note(f"{len(parents)} codes stand under another parent in an earlier source: {', '.join(parents[:10])}")
    merged = pd.concat([known, codes.drop(index=both)])
    blank = [code for code in both if not str(known.at[code, "description"]).strip()]
    merged.loc[blank, "description"] = codes.loc[blank, "description"]
    if "colour" in merged:
        given = codes["colour"] if "colour" in codes else pd.Series("", codes.index)
        own = merged["colour"].fillna("")
        merged["colour"] = own.where(own != "", given.reindex(merged.index)).fillna("").astype("str")
    tables["codes"] = merged


def _differ(first: object, second: object) -> bool:
    return pd.notna(first) and pd.notna(second) and first != second


def link_people(tables: dict[str, pd.DataFrame], people: pd.DataFrame, passages: pd.DataFrame | None, job: Job) -> None:
    """Add who stands behind texts that say so themselves; the table of interviewees, where the study has one, goes first.

    With the first such people every other transcript without a participant gets one of its own name, as in a study without
    a table of interviewees.
    """
    library = Library(tables.get("transcripts", NO_TRANSCRIPTS), passages)
    places = {name: library.find(name) for name in people["source_id"]}
    others = {name for name, place in places.items() if place and place.source_id.casefold() not in _spellings(name)}
    people = people[~people["source_id"].isin(others)]  # part of somebody's transcript, who is known there
    people = people.assign(source_id=[place.source_id if (place := places[n]) else n for n in people["source_id"]])
    known = tables.get("interviewees")
    if known is not None and "source_id" not in known:
        known = known.assign(source_id=known.index)
    taken = set() if known is None else set(known["source_id"].dropna())
    fresh = people[~people["source_id"].isin(taken)]
    if len(fresh) < len(people):
        job.note(f"{len(people) - len(fresh)} texts are attached to people by another source instead")
    if known is not None:
        double = fresh.index.intersection(known.index)
        for participant in double:
            fix = "Name its text as source_id of that person, or rename one of the two"
            job.bad("two people with one id", job.name, column="participant", value=participant, fix=fix)
        fresh = fresh.drop(index=double)
    parts = [part for part in (known, fresh) if part is not None and len(part)]
    if known is None:
        named = {*fresh["source_id"], *fresh.index}
        left = [name for name in library.texts if name not in named]
        if left:
            parts.append(pd.DataFrame({"source_id": left}, index=pd.Index(left, name="participant")))
    if parts:
        tables["interviewees"] = pd.concat(parts).rename_axis("participant")


def _spellings(name: str) -> tuple[str, str]:
    return name.casefold(), document_id(name).casefold()


def link_interviewees(tables: dict[str, pd.DataFrame], job: Job) -> None:
    """Note participants without transcript and transcripts without participant, and units that no other table knows."""
    people = tables["interviewees"]
    if "transcripts" in tables:
        texts, named = set(tables["transcripts"].index), set(people["source_id"].dropna())
        blank = people.index[people["source_id"].isna()]
        if len(blank):
            job.note(f"{len(blank)} interviewees name no transcript: {', '.join(map(str, blank[:10]))}")
        for missing, words in (
            (named - texts, "interviewees have no transcript"),
            (texts - named, "transcripts have no interviewee"),
        ):
            if missing:
                job.note(f"{len(missing)} {words}: {', '.join(sorted(missing)[:10])}")
    unit = job.study.unit
    if unit not in people:
        job.note(f"interviewees name no {unit}, so nothing they said can be told apart by segment")
        return
    nobody = people.index[people[unit].isna()]
    if len(nobody):
        job.note(f"{len(nobody)} interviewees name no {unit}: {', '.join(map(str, nobody[:10]))}")
    known: set[str] = set()
    for name in ("companies", "contacts", "survey", "events"):
        table = tables.get(name)
        if table is not None:
            known |= set(table.index if table.index.name == unit else table.get(unit, ()))
    strangers = people[unit].dropna()[lambda ids: ~ids.isin(known)] if known else people[unit].iloc[:0]
    if len(strangers):
        shown = ", ".join(map(str, strangers.index[:10]))
        job.note(f"{len(strangers)} interviewees belong to a {unit} that no other table has: {shown}")
