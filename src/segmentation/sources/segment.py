"""Segment and RudderStack calls: ``tracks`` from a warehouse or as raw JSON, and ``identifies``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .columns import Columns, collect_identifiers, find_columns
from .dates import parse_dates
from .frames import Raw, raw_tables
from .job import Job
from .values import as_ids, as_numbers, as_words

__all__ = ["EVENT_ALIASES", "GROUP", "read_event_frame", "read_identities"]

GROUP = ("context group id", "group id")
EVENT_ALIASES = {
    "message_id": ("id", "message id", "messageid"),
    "user_id": ("user id", "userid"),
    "event": ("event",),
    "event_text": ("event text",),
    "timestamp": ("timestamp",),
    "channel": ("context campaign medium",),
    "channel_property": ("channel", "properties channel"),
    "value": ("revenue",),
    "value_property": ("value",),
    "call_type": ("call type",),
}
TRACK = ("track", "tracks")


def unit_aliases(job: Job) -> tuple[str, ...]:
    """Headers that hold the unit where the study names none: its own name, or the group of a B2B call."""
    own = job.study.unit.replace("_", " ")
    return (own, "userid") if own == "user id" else (own, *GROUP)


def read_event_frame(job: Job, files: list[Path]) -> pd.DataFrame:
    """Events of files in the canonical columns plus ``message_id``; duplicates and rows without unit dropped and counted."""
    table = job.source.format == "table"
    parts = []
    for raw in raw_tables(job, files):
        aliases = {} if table else EVENT_ALIASES
        columns = find_columns(job, raw, {**aliases, job.study.unit: unit_aliases(job)})
        if not table:
            collect_identifiers(job, raw)
        part = _event_part(job, columns)
        if part is not None:
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True) if parts else _no_events(job.study.unit)
    known = frame["message_id"].notna()
    repeated = known & frame.duplicated("message_id")
    job.dropped["duplicate message id"] += int(repeated.sum())
    if not known.any() and len(frame):
        job.note("no message ids: repeated events cannot be told from events that happened twice")
    return frame[~repeated].reset_index(drop=True)


def _no_events(unit: str) -> pd.DataFrame:
    text = dict.fromkeys((unit, "user_id", "event", "channel", "message_id"), "str")
    return pd.DataFrame(
        {
            name: pd.Series(dtype=kind)
            for name, kind in {**text, "timestamp": "datetime64[us]", "value": "float64"}.items()
        }
    )


def _event_part(job: Job, columns: Columns) -> pd.DataFrame | None:
    unit, raw = job.study.unit, columns.raw
    asked = {**job.source.columns, **({unit: job.source.unit} if job.source.unit else {})}
    for name, what in ((unit, "unit id"), ("timestamp", "time stamp")):
        if name not in columns and name not in asked:
            allowed = ", ".join(raw.headers[:30])
            fix = (
                f"Declare `columns: {{{name}: <header>}}`"
                if name != unit
                else "Declare `unit: <header>` for this source"
            )
            job.bad(f"events with no {what}: no column holds it", raw.label, row=1, allowed=allowed, fix=fix)
    if unit not in columns or "timestamp" not in columns or ("event" in asked and "event" not in columns):
        return None
    keep = _tracks_only(job, columns)
    frame = raw.frame[keep]
    part = pd.DataFrame(index=frame.index)
    for name in (unit, "user_id", "message_id"):
        part[name] = (
            as_ids(frame[columns.header[name]], job, raw.label, columns.header[name])
            if name in columns
            else _blank(frame)
        )
    part["event"] = _event_names(job, columns, frame)
    header = columns.header["timestamp"]
    part["timestamp"] = parse_dates(frame[header], job, raw.label, header)
    part["channel"] = _first_of(columns, frame, "channel", "channel_property")
    part["value"] = _money(job, columns, frame)
    return _check_part(job, part, frame, columns)


def _blank(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.NA, index=frame.index, dtype="str")


def _tracks_only(job: Job, columns: Columns) -> pd.Series:
    kind = columns.get("call_type")
    if kind is None:
        return pd.Series(True, index=columns.raw.frame.index)
    words = as_words(kind).str.lower()
    tracks = words.isin(TRACK) | words.isna()
    job.dropped["not a track call"] += int((~tracks).sum())
    return tracks


def _event_names(job: Job, columns: Columns, frame: pd.DataFrame) -> pd.Series:
    if "event" in columns or "event_text" in columns:
        return _first_of(columns, frame, "event", "event_text")
    if job.source.format == "table":
        job.note(f"the table names no event; every row counts as the event {job.name!r}")
        return pd.Series(job.name, index=frame.index, dtype="str")
    fix = "Declare `columns: {event: <header>}`"
    job.bad("no column holds the event", columns.raw.label, row=1, allowed=", ".join(columns.raw.headers[:30]), fix=fix)
    return _blank(frame)


def _first_of(columns: Columns, frame: pd.DataFrame, *names: str) -> pd.Series:
    found = _blank(frame)
    for name in names:
        if name in columns:
            found = found.fillna(as_words(frame[columns.header[name]]))
    return found.astype("str")


def _money(job: Job, columns: Columns, frame: pd.DataFrame) -> pd.Series:
    found = pd.Series(float("nan"), index=frame.index)
    for name in ("value", "value_property"):
        if name in columns:
            header = columns.header[name]
            found = found.fillna(as_numbers(frame[header], job, columns.raw.label, header))
    return found


def _check_part(job: Job, part: pd.DataFrame, frame: pd.DataFrame, columns: Columns) -> pd.DataFrame | None:
    unit, label = job.study.unit, columns.raw.label
    timeless = frame[columns.header["timestamp"]].isna()
    if timeless.any():
        rows = pd.Series("", index=frame.index)[timeless]
        job.bad_rows(rows, "events have no time stamp", label, column=columns.header["timestamp"], of=len(frame))
    nameless = part["event"].isna()
    if nameless.any() and ("event" in columns or "event_text" in columns):
        column = columns.header.get("event", columns.header.get("event_text", ""))
        job.bad_rows(
            pd.Series("", index=part.index)[nameless], "events have no name", label, column=column, of=len(part)
        )
    nobody = part[unit].isna()
    if nobody.all() and len(part):
        fix = "Declare the header that holds it as `unit` of this source"
        job.bad_rows(
            pd.Series("", index=part.index),
            f"events with no {unit}",
            label,
            column=columns.header[unit],
            fix=fix,
            of=len(part),
        )
        return None
    job.dropped[f"no {unit}"] += int(nobody.sum())
    return part[~nobody]


def read_identities(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Table ``identities``: which user, and which anonymous device, belongs to which unit; one row a combination."""
    unit = job.study.unit
    parts = []
    for raw in raw_tables(job, files):
        aliases = {"user_id": ("user id", "userid"), "anonymous_id": ("anonymous id",), unit: unit_aliases(job)}
        columns = find_columns(job, raw, aliases)
        collect_identifiers(job, raw)
        parts.append(_identity_part(job, columns, raw))
    if not parts:
        return {}
    table = pd.concat(parts, ignore_index=True)
    known = table[unit].notna() & (table["user_id"].notna() | table["anonymous_id"].notna())
    job.dropped[f"no {unit} or no user"] += int((~known).sum())
    repeated = table[known].duplicated()
    job.dropped["repeated identify call"] += int(repeated.sum())
    return {"identities": table[known][~repeated].reset_index(drop=True)}


def _identity_part(job: Job, columns: Columns, raw: Raw) -> pd.DataFrame:
    unit = job.study.unit
    if unit not in columns and not job.source.unit and unit not in job.source.columns:
        fix = "Declare `unit: <header>` for this source"
        job.bad("no column holds the unit id", raw.label, row=1, allowed=", ".join(raw.headers[:30]), fix=fix)
    part = pd.DataFrame(index=raw.frame.index)
    for name in ("user_id", unit, "anonymous_id"):
        values = columns.get(name)
        part[name] = _blank(raw.frame) if values is None else as_ids(values, job, raw.label, columns.header[name])
    return part
