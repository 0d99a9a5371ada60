"""The event log as an Ibis table: files are read, checked and held in one in-process DuckDB; databases stay where they are.

An event source is ``format: segment.tracks``, or ``format: table`` with ``as: events``.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataContractError, Violation
from ..period import Period
from ..study import Study
from .columns import find_columns
from .frames import Raw, connect
from .job import Job
from .segment import EVENT_ALIASES, read_event_frame, unit_aliases

if TYPE_CHECKING:
    import ibis

__all__ = [
    "EventLog",
    "event_sources",
    "has_quarter_before",
    "latest_period",
    "list_periods",
    "load_events",
    "open_events",
]

KEPT = 4  # event logs held in memory at a time


def event_sources(study: Study, only: tuple[str, ...] | None = None) -> list[str]:
    """Names of the sources that hold events."""
    return [
        name
        for name, source in study.sources.items()
        if (source.format == "segment.tracks" or (source.format == "table" and source.canonical == "events"))
        and (only is None or name in only)
    ]


@dataclass
class EventLog:
    """Events of one source, all periods: an Ibis table and what was found on the way."""

    table: Any  # ibis.Table, None if it could not be read
    job: Job
    files: list[Path] = field(default_factory=list)
    digest: str = ""


_LOGS: OrderedDict[str, EventLog] = OrderedDict()


@cache
def _backend() -> Any:
    """The one in-process DuckDB of this process, opened on first use."""
    import ibis

    return ibis.duckdb.connect()


def load_events(study: Study, name: str) -> EventLog:
    """Events of one source; the last few are remembered by the digest of their files."""
    job = Job(study, name, Period(1, 1))
    if job.source.connection:
        return _connected_log(job)
    files = job.files()
    total = hashlib.sha256()
    for path in files:
        total.update(path.read_bytes())
    digest = total.hexdigest()
    shape = (
        f"{study.folder}|{study.unit}|{name}|{job.source.model_dump_json()}|{[job.label(f) for f in files]}|{digest}"
    )
    key = hashlib.sha256(shape.encode()).hexdigest()[:24]
    if key not in _LOGS:
        frame = read_event_frame(job, files)
        _LOGS[key] = EventLog(_register(f"events_{key}", frame, study.unit), job, files, digest)
        while len(_LOGS) > KEPT:
            old, _ = _LOGS.popitem(last=False)
            _backend().con.execute(f'drop table if exists "events_{old}"')
    _LOGS.move_to_end(key)
    return _LOGS[key]


def _register(name: str, frame: pd.DataFrame, unit: str) -> Any:
    import pyarrow as pa

    text = [(column, pa.string()) for column in (unit, "user_id", "event")]
    schema = pa.schema([*text, ("timestamp", pa.timestamp("us")), ("channel", pa.string()), ("value", pa.float64())])
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    backend = _backend()
    # by hand: ibis 12's create_table sends DuckDB a statement that it does not parse
    backend.con.register("incoming_events", table)
    backend.con.execute(f'create or replace table "{name}" as select * from incoming_events')
    backend.con.unregister("incoming_events")
    return backend.table(name)


def _connected_log(job: Job) -> EventLog:
    with job.guard(Path(str(job.source.table))):
        return EventLog(_canonical_expression(connect(job), job), job)
    return EventLog(None, job)


def _canonical_expression(table: ibis.Table, job: Job) -> Any:
    """The same columns by expressions, for a table that stays in its database."""
    import ibis

    unit = job.study.unit
    label = f"table {job.source.table}"
    raw = Raw(label, pd.DataFrame(columns=list(table.columns)))
    aliases = EVENT_ALIASES if job.source.format == "segment.tracks" else {}
    columns = find_columns(job, raw, {**aliases, unit: unit_aliases(job)})
    asked = {**job.source.columns, **({unit: ""} if job.source.unit else {})}
    for name in (unit, "timestamp"):
        if name not in columns and name not in asked:
            job.bad(
                f"no column holds the {name}",
                label,
                allowed=", ".join(raw.headers[:30]),
                fix=f"Declare columns: {{{name}: ...}}",
            )
    if unit not in columns or "timestamp" not in columns:
        return None

    def text(*names: str) -> Any:
        found = [table[columns.header[name]].cast("string").nullif("") for name in names if name in columns]
        return ibis.coalesce(*found) if found else ibis.null("string")

    stamp = table[columns.header["timestamp"]]
    if stamp.type().is_timestamp() and stamp.type().timezone:
        stamp = stamp.cast("timestamp('UTC')")
    money = [table[columns.header[name]].cast("float64") for name in ("value", "value_property") if name in columns]
    events = text("event", "event_text") if "event" in columns or "event_text" in columns else ibis.literal(job.name)
    found = table.select(
        **{unit: text(unit), "user_id": text("user_id"), "event": events},
        timestamp=stamp.cast("timestamp"),
        channel=text("channel", "channel_property"),
        value=ibis.coalesce(*money) if money else ibis.null("float64"),
        message_id=text("message_id"),
    )
    return _without_duplicates(found, job)


def _without_duplicates(found: ibis.Table, job: Job) -> Any:
    import ibis

    unit = job.study.unit
    within = ibis.window(group_by=found.message_id, order_by=[found.timestamp, found.event])
    ranked = found.mutate(copy=ibis.row_number().over(within))
    first = ranked.filter(ranked.message_id.isnull() | (ranked.copy == 0))
    kept = first.filter(first[unit].notnull())
    rows, distinct, named = int(found.count().execute()), int(first.count().execute()), int(kept.count().execute())
    job.rows_in += rows
    job.dropped["duplicate message id"] += rows - distinct
    job.dropped[f"no {unit}"] += distinct - named
    timeless = int(kept.timestamp.isnull().sum().execute() or 0)
    if timeless:
        job.bad(f"{timeless} of {named} events have no time stamp", f"table {job.source.table}", column="timestamp")
    if rows and not named:
        job.bad(f"events with no {unit}: none of {rows} has one", f"table {job.source.table}", column=unit)
    return kept.drop("message_id", "copy")


def open_events(study: Study, period: str | Period) -> ibis.Table:
    """Events before the end of a period, as an Ibis table.

    Parameters
    ----------
    study : Study
    period : str or Period
        Quarter; events at or after its end are left out, earlier quarters are in.

    Returns
    -------
    ibis.Table
        Columns ``<unit>`` (str), ``user_id`` (str), ``event`` (str), ``timestamp`` (naive UTC), ``channel`` (str), ``value``
        (float, money). Each message id once. Over files it lives in one in-process DuckDB; over a connection in that database.

    Raises
    ------
    DataContractError
        With every violation of the event sources, or if the study has none.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> events = open_events(tiny_study(), "2026Q3")
    >>> events.columns
    ('company_id', 'user_id', 'event', 'timestamp', 'channel', 'value')
    >>> float(events.value.sum().execute())
    120.5
    """
    quarter = Period.parse(period)
    names = event_sources(study)
    if not names:
        raise DataContractError(
            [Violation("the study has no events", str(study.file), fix="Add a source with `as: events`")]
        )
    logs = [load_events(study, name) for name in names]
    violations = [violation for log in logs for violation in log.job.violations]
    if violations:
        raise DataContractError(violations)
    return _union(study, [log.table.filter(log.table.timestamp < quarter.end) for log in logs])


def _union(study: Study, tables: list[Any]) -> Any:
    if len(tables) == 1:
        return tables[0]
    homes = {id(table.get_backend()) for table in tables}
    if len(homes) > 1:  # engines cannot be joined; bring all into the local one
        frames = [table.to_pandas() for table in tables]
        name = "events_" + hashlib.sha256("|".join(str(table) for table in tables).encode()).hexdigest()[:24]
        return _register(name, pd.concat(frames, ignore_index=True), study.unit)
    import ibis

    return ibis.union(*tables)


def quarters_of(log: EventLog) -> Counter[Period]:
    """Quarters in which a log has events, and how many."""
    if log.table is None:
        return Counter()
    stamps = log.table.filter(log.table.timestamp.notnull())
    parts = stamps.group_by(year=stamps.timestamp.year(), quarter=stamps.timestamp.quarter()).agg(n=stamps.count())
    return Counter({Period(row["year"], row["quarter"]): row["n"] for row in parts.to_pyarrow().to_pylist()})


SLIVER = 0.1  # of the median quarter's events; a quarter with fewer holds strays or has only begun


def latest_period(study: Study) -> Period | None:
    """The last quarter that is more than a sliver: it has at least a tenth of the events of the median quarter.

    Stray time stamps (a clock in another zone, a test event in the future) would otherwise make the quarter that is reported.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Period or None
        None if the study has no events.

    Raises
    ------
    DataContractError
        With every violation of the event sources.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> str(latest_period(tiny_study()))
    '2026Q3'
    """
    counts = _count_quarters(study)
    if not counts:
        return None
    least = SLIVER * sorted(counts.values())[len(counts) // 2]
    return max(quarter for quarter, n in counts.items() if n >= least)


def has_quarter_before(study: Study, period: Period) -> bool:
    """Whether the quarter before is more than a sliver: it has at least a tenth of this quarter's events.

    Parameters
    ----------
    study : Study
    period : Period

    Returns
    -------
    bool

    Raises
    ------
    DataContractError
        With every violation of the event sources.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> has_quarter_before(tiny_study(), Period.parse("2026Q3")), has_quarter_before(tiny_study(), Period.parse("2026Q2"))
    (True, False)
    """
    counts = _count_quarters(study)
    return counts[period.previous] > 0 and counts[period.previous] >= SLIVER * counts[period]


def list_periods(study: Study) -> tuple[Period, ...]:
    """Quarters in which the study has events, earliest first; empty if it has no event source.

    Parameters
    ----------
    study : Study

    Returns
    -------
    tuple of Period
        Only quarters with at least one event, so a stray time stamp makes a quarter of its own.

    Raises
    ------
    DataContractError
        With every violation of the event sources.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> [str(period) for period in list_periods(tiny_study())]
    ['2026Q2', '2026Q3']
    """
    return tuple(sorted(_count_quarters(study)))


def _count_quarters(study: Study) -> Counter[Period]:
    logs = [load_events(study, name) for name in event_sources(study)]
    violations = [violation for log in logs for violation in log.job.violations]
    if violations:
        raise DataContractError(violations)
    return sum((quarters_of(log) for log in logs), Counter())
