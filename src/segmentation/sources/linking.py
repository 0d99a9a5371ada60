"""Joins between sources: codings onto transcripts, interviewees onto both. By id, never by similar names; misses are notes."""

from __future__ import annotations

import pandas as pd

from .job import Job
from .offsets import move_span
from .transcripts import TURN_COLUMNS, speaking_text, turn_rows

__all__ = ["link_codings", "link_interviewees"]


def link_codings(tables: dict[str, pd.DataFrame], job: Job) -> None:
    """Move codings onto the transcripts of the same name; texts that only the project has become transcripts themselves.

    A coding whose words are not in the transcript is a violation.
    """
    coded = tables.pop("_coded_texts", None)
    if coded is None:
        return
    transcripts = tables.get("transcripts", pd.DataFrame(columns=["text", "file"]))
    codings = tables["codings"]
    names = {str(name).casefold(): str(name) for name in transcripts.index}
    used = {source_id: names.get(source_id.casefold(), source_id) for source_id in coded.index}
    rows, moved = [], 0
    for row in codings.itertuples(index=False):
        name, span = used[row.source_id], (row.start, row.end)
        if name in transcripts.index:
            text = transcripts.at[name, "text"]
            found = move_span(coded.at[row.source_id, "text"], text, span)
            if found is None:
                fix = "Code the text that is in the transcripts, or take the transcript out of the study"
                job.bad(f"a coding of {name} is not in its transcript", job.name, value=row.quote[:80], fix=fix)
                found = span
            moved += found != span
            rows.append(row._replace(source_id=name, start=found[0], end=found[1], quote=text[found[0] : found[1]]))
        else:
            rows.append(row)
    if rows:
        tables["codings"] = pd.DataFrame(rows).astype({"start": "int64", "end": "int64"})
    if moved:
        job.note(f"{moved} codings were moved onto transcripts that differ from the coded text in blanks or labels")
    _note_unmatched(transcripts, codings, used, job)
    _adopt(tables, coded, transcripts, used, set(codings["source_id"]), job)


def _note_unmatched(transcripts: pd.DataFrame, codings: pd.DataFrame, used: dict[str, str], job: Job) -> None:
    if transcripts.empty:
        return
    done = {used[source_id] for source_id in codings["source_id"]}
    uncoded = sorted(set(transcripts.index) - done)
    if uncoded:
        job.note(f"{len(uncoded)} transcripts without codings: {', '.join(uncoded[:10])}")
    alone = sorted(source_id for source_id, name in used.items() if name not in transcripts.index)
    if alone:
        job.note(f"{len(alone)} coded texts without a transcript of that name: {', '.join(alone[:10])}")


def _adopt(
    tables: dict[str, pd.DataFrame],
    coded: pd.DataFrame,
    transcripts: pd.DataFrame,
    used: dict[str, str],
    with_codings: set[str],
    job: Job,
) -> None:
    """Texts that only the coding project has: those with codings, and all of them where the study has no transcripts."""
    own = [s for s in coded.index if used[s] not in transcripts.index and (transcripts.empty or s in with_codings)]
    if not own:
        return
    rows = []
    for source_id in own:
        rows += turn_rows(job, source_id, coded.at[source_id, "text"], speaking_text(coded.at[source_id, "text"], job))
    turns = pd.DataFrame(rows, columns=TURN_COLUMNS)
    tables["turns"] = pd.concat([tables["turns"], turns], ignore_index=True) if "turns" in tables else turns
    kept = coded.loc[own]
    tables["transcripts"] = kept if transcripts.empty else pd.concat([transcripts, kept])


def link_interviewees(tables: dict[str, pd.DataFrame], job: Job) -> None:
    """Note participants without transcript and transcripts without participant, and units that no other table knows."""
    people = tables["interviewees"]
    if "transcripts" in tables:
        texts, named = set(tables["transcripts"].index), set(people["source_id"].dropna())
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
