"""Qualtrics exports: three header rows joined on ImportId (or the older two), previews dropped and counted, no personal columns."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from ..errors import nearest_word
from ..period import Period
from ..study import Variable
from .columns import collect_identifiers, header_key, is_personal
from .dates import parse_dates
from .frames import Raw
from .hubspot import as_declared
from .job import Job, Unreadable
from .safety import read_bytes
from .text import decode_text, read_records
from .values import as_ids, as_numbers, as_words, check_unique

__all__ = ["read_qualtrics"]

SYSTEM = {
    "response_id": ("_recordid", "responseid", "response id"),
    "recorded_at": ("recordeddate", "recorded date", "enddate", "end date"),
    "status": ("status", "response type"),
    "seconds": ("duration", "duration in seconds"),
    "external": ("externaldatareference", "externalreference", "external data reference"),
}
OTHER = ("startdate", "enddate", "progress", "finished", "userlanguage", "distributionchannel", "responseset", "name")
PREVIEW = ("1", "2", "survey preview", "survey test", "preview", "test")
SEEN_UNANSWERED = ("-99", "-99.0")


@dataclass(frozen=True)
class Wave:
    """One file: its data by column position, and what the header rows say about each column."""

    raw: Raw
    fields: list[str]
    imports: list[str]  # ImportId, '' in an export that has none
    zone: str
    words: list[str]  # what was asked
    used: set[int] = field(default_factory=set)  # positions that became a column

    def position(self, word: str, import_id: str = "") -> int | None:
        """Column of an item: by the ImportId it is known under, else by ImportId or field name as written."""
        for names, wanted in ((self.imports, import_id), (self.imports, word), (self.fields, word)):
            if wanted and wanted in names:
                return names.index(wanted)
        return None


def read_qualtrics(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Table ``survey`` indexed by response id; one column for each item that a variable of the study names.

    Its ``attrs["questions"]`` holds the words of each item as the last file that asked it has them.
    """
    waves = []
    for path in files:
        with job.guard(path):
            waves.append(_read_wave(path, job))
    if not waves:
        return {}
    items = _items(job, waves)
    known: dict[str, str] = {}
    parts = [_canonical(job, wave, items, known) for wave in waves]
    for wave in waves:
        for position, name in enumerate(wave.fields):
            system = header_key(wave.imports[position] or name) in OTHER or header_key(name) in OTHER
            if position not in wave.used and not system and not is_personal(name):
                job.unmapped.setdefault(name)
    table = pd.concat(parts, ignore_index=True)
    check_unique(table, "response_id", job, "response id")
    late = table["recorded_at"] >= job.period.end
    job.dropped["recorded after the period"] += int(late.sum())
    table = table[~late & table["recorded_at"].notna()].drop(columns=["_file", "_row"])
    nameless = int(table[job.study.unit].isna().sum())
    if nameless:
        job.note(f"{nameless} of {len(table)} answers name no {job.study.unit} and count for no unit")
    table = table.set_index("response_id")
    table.attrs["questions"] = {item: words for item in items if (words := _asked(job, waves, item, known))}
    return {"survey": table}


def _asked(job: Job, waves: list[Wave], item: str, known: dict[str, str]) -> str:
    """Words of an item, on one line."""
    for wave in reversed(waves):
        position = wave.position(job.source.columns.get(item, item), known.get(item, ""))
        if position is not None:
            return " ".join(wave.words[position].split())
    return ""


def _read_wave(path: Path, job: Job) -> Wave:
    label = job.label(path)
    records = read_records(decode_text(read_bytes(path), job.source.encoding), job, label, header_rows=3)
    fields, second, third = records.header
    imports, zone, frame = _imports(third), "", records.frame
    if imports is None:
        # the older export: two header rows, V1.. above the words
        frame = read_records(decode_text(read_bytes(path), job.source.encoding), job, label, header_rows=2).frame
        imports, fields = [""] * len(fields), _legacy_fields(fields, second)
        job.note(f"{label} has two header rows and no ImportIds; columns are matched by name")
    else:
        zone = next((item.get("timeZone", "") for item in map(json.loads, third) if "timeZone" in item), "")
    if not len(frame):
        raise Unreadable("has header rows but no answers", "Export it again, or leave it out of the study")
    job.rows_in += len(frame)
    return Wave(Raw(label, frame), fields, imports, zone, second)


def _imports(row: list[str]) -> list[str] | None:
    found = []
    for cell in row:
        try:
            item = json.loads(cell)
        except ValueError:
            return None
        if not isinstance(item, dict) or "ImportId" not in item:
            return None
        found.append(str(item["ImportId"]))
    return found or None


def _legacy_fields(first: list[str], second: list[str]) -> list[str]:
    known = {word for words in SYSTEM.values() for word in words} | set(OTHER)
    return [
        label if header_key(label) in known or is_personal(label) else field
        for field, label in zip(first, [*second, *[""] * len(first)], strict=False)
    ]


def _items(job: Job, waves: list[Wave]) -> dict[str, Variable]:
    """Items the study's variables name, patterns resolved against the headers."""
    found: dict[str, Variable] = {}
    names = list(dict.fromkeys(name for wave in waves for name in (*wave.fields, *filter(None, wave.imports))))
    for variable in job.study.variables:
        if variable.source != job.name:
            continue
        words = variable.items or ((variable.column or variable.name,) if variable.measure == "value" else ())
        for word in words:
            matches = (
                [word] if word in names else fnmatch.filter(names, word) if any(mark in word for mark in "*?[") else []
            )
            if not matches and word in job.source.columns:
                matches = [word]
            if not matches:
                job.bad(
                    f"no such survey item (of variable {variable.name!r})", waves[0].raw.label, row=1, column=word,
                    allowed=", ".join(f for f in waves[0].fields if not is_personal(f))[:600], fix=nearest_word(word, names),
                )  # fmt: skip
            for match in matches:
                found.setdefault(match, variable)
    return found


def _canonical(job: Job, wave: Wave, items: dict[str, Variable], known: dict[str, str]) -> pd.DataFrame:
    label, raw = wave.raw.label, wave.raw.frame
    named = raw.set_axis([f"{position}" for position in range(raw.shape[1])], axis=1)
    system = {name: _system(wave, words) for name, words in SYSTEM.items()}
    _collect(job, wave)
    status = system["status"]
    previews = pd.Series(False, index=raw.index)
    if status is not None:
        previews = as_words(named[str(status)]).str.lower().isin(PREVIEW)
        job.dropped["preview or test response"] += int(previews.sum())
    named = named[~previews]
    part = pd.DataFrame(index=named.index)
    part["response_id"] = _required(job, wave, system["response_id"], "ResponseId", named, as_ids)
    part[job.study.unit] = _unit(job, wave, system["external"], named)
    part["recorded_at"] = _recorded(job, wave, system["recorded_at"], named)
    part["wave"] = (
        part["recorded_at"].map(lambda t: str(Period(t.year, (t.month + 2) // 3)), na_action="ignore").astype("str")
    )
    seconds = system["seconds"]
    part["seconds"] = (
        float("nan") if seconds is None else as_numbers(named[str(seconds)], job, label, wave.fields[seconds])
    )
    wave.used.update(position for position in system.values() if position is not None)
    answers = {}
    for word, variable in items.items():
        position = _find_item(job, wave, word, known)
        if position is not None:
            wave.used.add(position)
            answers[word] = _answer(job, wave, position, variable, named)
        else:
            answers[word] = pd.Series(float("nan"), index=named.index)
    return pd.concat([part, pd.DataFrame(answers, index=named.index)], axis=1).assign(_file=label, _row=named.index)


def _system(wave: Wave, words: tuple[str, ...]) -> int | None:
    for word in words:
        for names in (wave.imports, wave.fields):
            for position, name in enumerate(names):
                if name and word in (name.lower(), header_key(name)):
                    return position
    return None


def _collect(job: Job, wave: Wave) -> None:
    names = [
        wave.imports[n] if wave.imports[n].startswith("recipient") else field for n, field in enumerate(wave.fields)
    ]
    collect_identifiers(job, Raw(wave.raw.label, wave.raw.frame.set_axis(_distinct(names), axis=1)))


def _distinct(names: list[str]) -> list[str]:
    return [name if names.index(name) == n else f"{name} #{n}" for n, name in enumerate(names)]


def _required(
    job: Job, wave: Wave, position: int | None, what: str, named: pd.DataFrame, convert: Callable[..., pd.Series]
) -> pd.Series:
    if position is None:
        job.bad(
            f"no column {what}", wave.raw.label, row=1, allowed=", ".join(wave.fields[:30]), fix="Export all fields"
        )
        return pd.Series(pd.NA, index=named.index, dtype="str")
    values = convert(named[str(position)], job, wave.raw.label, wave.fields[position])
    blank = named[str(position)].isna()
    if blank.any():
        job.bad_rows(
            named[str(position)][blank].fillna(""),
            f"answers have no {what}",
            wave.raw.label,
            column=wave.fields[position],
        )
    return values


def _recorded(job: Job, wave: Wave, position: int | None, named: pd.DataFrame) -> pd.Series:
    found = _required(job, wave, position, "RecordedDate", named, partial(parse_dates, time_zone=wave.zone))
    return found if position is not None else pd.Series(pd.NaT, index=named.index, dtype="datetime64[us]")


def _unit(job: Job, wave: Wave, external: int | None, named: pd.DataFrame) -> pd.Series:
    wanted = job.source.unit or job.source.columns.get(job.study.unit)
    position = wave.position(wanted or job.study.unit)
    if position is None and wanted is None:
        position = external
    if position is None:
        hint = nearest_word(wanted or job.study.unit, wave.fields)
        fix = hint or f"Declare `unit: <header>` for source {job.name}"
        message = (
            "no column holds the unit id" if wanted is None else f"no such column (named as sources.{job.name}.unit)"
        )
        job.bad(message, wave.raw.label, row=1, column=wanted, allowed=", ".join(wave.fields[:30]), fix=fix)
        return pd.Series(pd.NA, index=named.index, dtype="str")
    wave.used.add(position)
    return as_ids(named[str(position)], job, wave.raw.label, wave.fields[position])


def _find_item(job: Job, wave: Wave, word: str, known: dict[str, str]) -> int | None:
    """Position of an item; ``known`` holds the ImportId under which an earlier file had it."""
    header = job.source.columns.get(word, word)
    if word in known:
        position = wave.position("", known[word])
        if position is None and header in wave.fields:
            other = wave.imports[wave.fields.index(header)]
            if not other:
                return wave.fields.index(header)
            fix = "Declare the item by its ImportId, or give the waves to two sources"
            job.bad(
                f"is {other} here and {known[word]} in an earlier file", wave.raw.label, row=3, column=header, fix=fix
            )
            return None
        if position is not None and wave.fields[position] != header and header != known[word]:
            job.note(
                f"{word} is the column {wave.fields[position]!r} of {wave.raw.label} (same ImportId {known[word]})"
            )
    else:
        position = wave.position(header)
        if position is not None and wave.imports[position]:
            known[word] = wave.imports[position]
    if position is None:
        job.note(f"{wave.raw.label} did not ask {word}")
    return position


def _answer(job: Job, wave: Wave, position: int, variable: Variable, named: pd.DataFrame) -> pd.Series:
    label, header = wave.raw.label, wave.fields[position]
    values = named[str(position)]
    values = values.where(~values.isin(SEEN_UNANSWERED))
    if not (variable.items or variable.level == "numeric"):
        return as_declared(values, variable, job, label, header)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = values[values.notna() & numbers.isna()]
    known = int(values.notna().sum())
    if len(wrong):
        fix = "Export with 'Use numeric values' instead of 'Use choice text'"
        job.bad_rows(
            wrong,
            "answers are text where numbers were declared",
            label,
            column=header,
            allowed="numbers",
            fix=fix,
            of=known,
        )
    elif variable.scale:
        low, high = variable.scale
        outside = values[(numbers < low) | (numbers > high)]
        if len(outside):
            fix = f"Correct the scale of {variable.name}, or the recoding of the question"
            words = f"answers outside {low:g} to {high:g}"
            job.bad_rows(outside, words, label, column=header, allowed=f"{low:g} to {high:g}", fix=fix, of=known)
    return numbers
