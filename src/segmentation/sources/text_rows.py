"""Texts that come one a row: support tickets, notes of sales calls, open answers of a survey, reviews.

They become transcripts in which nobody but the participant speaks, so that the same coding and the same measures apply. All texts
of one author are one transcript with a turn for each: the person is the unit of the measures, not the ticket.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from .columns import collect_identifiers, digest12, header_key, is_personal, missing_column
from .dates import parse_dates
from .frames import Raw, raw_tables
from .job import Job
from .qualtrics import PREVIEW
from .quotes import join_pieces
from .transcripts import TURN_COLUMNS, answer_rows
from .values import as_booleans, as_ids, as_texts, as_words, check_unique

__all__ = ["SYNONYMS", "read_texts"]

SYNONYMS = {
    "id": ("ticket id", "case number", "case id", "note id", "call id", "activity id", "engagement id", "responseid", "response id",
           "review id", "record id", "message id", "id"),
    "text": ("ticket description", "description", "body", "note body", "call notes", "note", "notes", "message", "comment", "review",
             "verbatim", "answer", "content", "text"),
    "date": ("created at", "created", "create date", "created date", "activity date", "call date", "recordeddate", "recorded date", "date"),
    "author": ("author id", "requester id", "contact id", "user id", "respondent id", "requester", "author"),
    "channel": ("channel", "ticket channel", "source", "type", "activity type"),
    "consent": ("consent", "may be quoted"),
}  # fmt: skip
"""Canonical column to headers, the likeliest first; compared without case, accents and punctuation. As of 2026-11."""
NEEDED = ("id", "text")
COLUMNS = ["id", "author", "unit", "date", "channel", "consent", "pieces", "file", "row"]


def read_texts(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Tables ``turns`` and ``transcripts``; for linking ``_people`` and ``_passages`` (each text by its own id).

    Parameters
    ----------
    job : Job
        ``unit`` names the column of the unit id; ``columns`` may name id, text (several open questions separated by a vertical bar: a
        turn each), date, author, channel, consent. Rows dated after the period are counted as dropped.
    files : list of Path
        Tables, among them Qualtrics exports with three header rows, whose previews are dropped.

    Returns
    -------
    dict of str to pandas.DataFrame
        The id of a transcript is the author's where there is one (a digest unless the column holds ids), else the text's own. Nobody
        is quoted who did not consent in a column of that name.

    Raises
    ------
    DataContractError
        By ``read_sources``, with every violation: missing columns, rows without id, ids that stand twice, dates that are none.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> read_texts(Job(tiny_study(), "events", None), [])
    {}
    """
    parts = [part for raw in raw_tables(job, files) if (part := _read_part(raw, job)) is not None]
    if not parts:
        return {}
    table = pd.concat(parts, ignore_index=True)
    check_unique(table.rename(columns={"file": "_file", "row": "_row"}), "id", job, "text id")
    table = table[~_drop(table["date"] >= job.period.end, "written after the period", job)]
    table = table[~_drop(table["pieces"].map(len) == 0, "text is blank", job)]
    table = table.drop_duplicates("id")
    if table["author"].isna().all():
        _note_repeated(table, job)
    elif table["author"].isna().any():
        job.note(f"{int(table['author'].isna().sum())} texts name no author, and each counts as a person of its own")
    return _tables(table, job)


def _drop(mask: pd.Series, reason: str, job: Job) -> pd.Series:
    job.dropped[reason] += int(mask.sum())
    return mask


def _read_part(raw: Raw, job: Job) -> pd.DataFrame | None:
    """One file as a table with the columns ``COLUMNS``; None if it lacks what is needed."""
    raw = _without_header_rows(raw, job)
    found = _match(raw, job)
    if not all(found.get(name) for name in NEEDED):
        return None
    frame, label = raw.frame, raw.label
    used = [header for headers in found.values() for header in headers]
    job.unmapped.update(dict.fromkeys(h for h in raw.headers if h not in used and not is_personal(h)))
    job.note(f"{label}: " + "; ".join(f"{name} = {', '.join(headers)}" for name, headers in found.items()))
    collect_identifiers(job, Raw(label, frame[[h for h in raw.headers if h not in used or is_personal(h)]]))
    part = pd.DataFrame(index=frame.index)
    part["id"] = as_ids(frame[found["id"][0]], job, label, found["id"][0])
    if part["id"].isna().any():
        missing = part["id"][part["id"].isna()]
        job.bad_rows(
            missing.fillna(""), "rows have no id", label, column=found["id"][0], fix="Give each text its own id"
        )
    part["unit"] = as_ids(frame[found["unit"][0]], job, label, found["unit"][0]) if "unit" in found else None
    part["author"] = _authors(frame[found["author"][0]], found["author"][0], job, label) if "author" in found else None
    part["date"] = parse_dates(frame[found["date"][0]], job, label, found["date"][0]) if "date" in found else pd.NaT
    part["channel"] = as_words(frame[found["channel"][0]]) if "channel" in found else None
    consent = as_booleans(frame[found["consent"][0]], job, label, found["consent"][0]) if "consent" in found else None
    part["consent"] = False if consent is None else consent.fillna(False).astype(bool)
    words = [as_texts(frame[header], job, label, header) for header in found["text"]]
    part["pieces"] = [[_plain(column[row]) for column in words if pd.notna(column[row])] for row in frame.index]
    return part[part["id"].notna()].assign(file=label, row=part.index[part["id"].notna()])


def _plain(words: str) -> str:
    return words.replace("\r\n", "\n").replace("\r", "\n")


def _match(raw: Raw, job: Job) -> dict[str, list[str]]:
    """Headers by canonical column: declared in the study, else by ``SYNONYMS``; what is needed and not there is a violation."""
    by_key = {header_key(header): header for header in reversed(raw.headers)}
    found = {name: [by_key[key] for key in keys if key in by_key][:1] for name, keys in SYNONYMS.items()}
    asked = {name: words.split("|") if name == "text" else [words] for name, words in job.source.columns.items()}
    unit = job.source.unit or (job.study.unit if job.study.unit in raw.headers else "")
    for name, words in {**asked, **({"unit": [unit]} if unit else {})}.items():
        if name not in (*SYNONYMS, "unit"):
            job.bad("no such column of texts", f"sources.{job.name}.columns", value=name, allowed=", ".join(SYNONYMS))
            continue
        found[name] = []
        for word in map(str.strip, words):
            match = word if word in raw.headers else by_key.get(header_key(word))
            if match is None:
                missing_column(
                    job, raw, word, f"named as sources.{job.name}.{'unit' if name == 'unit' else f'columns.{name}'}"
                )
            else:
                found[name].append(match)
    for name in NEEDED:
        if not found[name] and name not in asked:
            allowed = ", ".join(SYNONYMS[name])
            fix = f"Declare `columns: {{{name}: <header>}}`"
            words = ", ".join(raw.headers[:20])
            job.bad(f"no column holds the {name}", raw.label, row=1, value=words, allowed=allowed, fix=fix)
    for header in sorted({h for headers in found.values() for h in headers} & set(raw.doubled)):
        job.bad("stands twice in the header", raw.label, row=1, column=header, fix="Rename or delete one of the two")
    return {name: headers for name, headers in found.items() if headers}


def _without_header_rows(raw: Raw, job: Job) -> Raw:
    """A Qualtrics export without its two further header rows and its previews."""
    if len(raw.frame) < 2 or not _is_import_id(raw.frame.iloc[1, 0]):
        return raw
    frame = raw.frame.iloc[2:]
    job.rows_in -= 2
    status = next((header for header in raw.headers if header_key(header) == "status"), None)
    if status is not None:
        frame = frame[~_drop(as_words(frame[status]).str.casefold().isin(PREVIEW), "preview or test", job)]
    return Raw(raw.label, frame, raw.doubled)


def _is_import_id(cell: Any) -> bool:
    try:
        return "ImportId" in json.loads(str(cell))
    except (ValueError, TypeError):
        return False


def _authors(values: pd.Series, header: str, job: Job, label: str) -> pd.Series:
    """Ids as they are; names and addresses as a digest that tells authors apart and nothing else."""
    ids = as_ids(values, job, label, header)
    if header_key(header).endswith("id") and not ids.dropna().str.contains("@| ").any():
        return ids
    job.identify(values.dropna())
    return ids.map(lambda name: f"author {digest12(name.casefold())}", na_action="ignore")


def _note_repeated(table: pd.DataFrame, job: Job) -> None:
    repeated = int((table["unit"].value_counts() > 1).sum()) if table["unit"].notna().any() else 0
    if repeated:
        job.note(
            f"{repeated} {job.study.unit} have several texts and no author is named, so each text counts as a person of its own. "
            "Declare `columns: {author: <header>}` if one person wrote several"
        )


def _tables(table: pd.DataFrame, job: Job) -> dict[str, pd.DataFrame]:
    """One transcript a person, in the order of dates where they are known."""
    table = table.assign(person=table["author"].fillna(table["id"]).astype("str"))
    turns, transcripts, people, passages = [], [], [], []
    for person, part in table.sort_values("date", kind="stable").groupby("person", sort=False):
        pieces = [piece for row in part["pieces"] for piece in row]
        text, spans = join_pieces(pieces)
        turns += answer_rows(person, text, spans)
        transcripts.append({"source_id": person, "text": text, "file": part["file"].iloc[0]})
        position = 0
        for name, row in zip(part["id"], part["pieces"], strict=True):
            own = spans[position : position + len(row)]
            passages.append({"id": name, "source_id": person, "start": own[0][0], "end": own[-1][1]})
            position += len(row)
        people.append(_person(person, part, job))
    result = {
        "turns": pd.DataFrame(turns, columns=TURN_COLUMNS),
        "transcripts": pd.DataFrame(transcripts, columns=["source_id", "text", "file"]).set_index("source_id"),
    }
    if people:
        result["_people"] = pd.DataFrame(people).set_index("participant")
        result["_passages"] = pd.DataFrame(passages).set_index("id")
    return result


def _person(person: str, part: pd.DataFrame, job: Job) -> dict[str, Any]:
    units = part["unit"].dropna().unique()
    if len(units) > 1:
        files, rows = part["file"].iloc[0], ", ".join(map(str, part["row"].head(5)))
        fix = "Correct the unit ids, or take `author` out of the source"
        job.bad(
            f"one author belongs to {len(units)} units (rows {rows})",
            files,
            column=job.study.unit,
            value=person,
            fix=fix,
        )
    channels = ", ".join(part["channel"].dropna().unique())
    known = {
        job.study.unit: units[0] if len(units) else None,
        "interviewed_at": part["date"].iloc[0],
        "channel": channels or None,
    }
    return {"participant": person, "source_id": person, "consent": bool(part["consent"].all()), **known}
