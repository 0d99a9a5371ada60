"""Behaviour from events: every measure of a study as one Ibis expression, whatever engine holds the events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import Violation, nearest_word
from ..period import Period
from ..study import Variable

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["EVENT_MEASURES", "as_event_table", "check_event_names", "measure_events"]

EVENT_MEASURES = ("recency", "active_days", "events", "share", "money", "trend", "tenure")
FILLED_WITH_ZERO = ("active_days", "events", "money", "trend")
SECONDS_PER_DAY = 86_400.0
NEAR_ENOUGH = 0.8  # difflib ratio above which an unseen event name is taken for a misspelling


def as_event_table(events: pd.DataFrame | ir.Table) -> ir.Table:
    """Events as an Ibis table; a data frame goes to the embedded engine with NaN as NULL."""
    import ibis
    import pyarrow as pa

    if not isinstance(events, pd.DataFrame):
        return events
    return ibis.memtable(pa.Table.from_pandas(events, preserve_index=False))


def measure_events(
    events: pd.DataFrame | ir.Table, variables: Sequence[Variable], *, unit: str, period: Period
) -> ir.Table:
    """Expression for the behaviour measures of each unit that has any event before the period's end.

    Nothing is computed until the expression is executed. Measures count within the quarter, except recency and
    tenure, which look at all events before its end. Events at or after the end are never seen.

    Parameters
    ----------
    events : pandas.DataFrame or ibis.Table
        Columns ``unit``, event, timestamp (naive UTC) and, for money, the value column. Rows without a unit are left
        out.
    variables : sequence of Variable
        Those whose measure is one of ``EVENT_MEASURES``; others are ignored. ``events`` of a variable narrows it to the
        events named.
    unit : str
        Name of the unit id.
    period : Period
        The quarter.

    Returns
    -------
    ibis.Table
        One row a unit: ``unit`` and one float column a variable. recency, tenure: days from the last, first event to
        the period's end. active_days: distinct UTC days with an event. events: number. share: named events among all
        of the unit's events in the quarter, NULL if it has fewer than ``min_events`` (1). money: sum of the value
        column. trend: natural log of
        (1 + events in the second half of the quarter) / (1 + events in the first half); 0 means unchanged.

    Examples
    --------
    >>> from segmentation.study import Variable
    >>> events = pd.DataFrame({
    ...     "company_id": ["A", "A", "A", "B"],
    ...     "event": ["Quote Sent", "Job Booked", "Job Booked", "Job Booked"],
    ...     "timestamp": pd.to_datetime(["2026-07-01T09", "2026-09-30T06", "2026-09-30T12", "2026-06-30T00"]),
    ... })
    >>> quotes = Variable(name="quotes", source="events", kind="behavioural", measure="share", events=("Quote Sent",))
    >>> days = Variable(name="days", source="events", kind="behavioural", measure="active_days")
    >>> last = Variable(name="last", source="events", kind="behavioural", measure="recency")
    >>> table = measure_events(events, [quotes, days, last], unit="company_id", period=Period.parse("2026Q3"))
    >>> print(table.order_by("company_id").to_pyarrow().to_pandas().round(2).to_string(index=False))
    company_id  quotes  days  last
             A    0.33   2.0   0.5
             B     NaN   0.0  93.0
    """
    import ibis

    table = as_event_table(events)
    end = ibis.timestamp(period.end.isoformat())
    before = table.filter((table["timestamp"] < end) & table[unit].notnull())
    columns = {v.name: _measure(before, v, period).cast("float64") for v in variables if v.measure in EVENT_MEASURES}
    return before.group_by(unit).aggregate(**columns) if columns else before.select(unit).distinct()


def _measure(before: ir.Table, variable: Variable, period: Period) -> ir.Value:
    import ibis

    time = before["timestamp"]
    end = ibis.timestamp(period.end.isoformat())
    inside = time >= ibis.timestamp(period.start.isoformat())
    named = before["event"].isin(list(variable.events)) if variable.events else ibis.literal(True)
    counted = inside & named if variable.events else inside
    if variable.measure in ("recency", "tenure"):
        where = named if variable.events else None
        edge = time.max(where=where) if variable.measure == "recency" else time.min(where=where)
        return (end.epoch_seconds() - edge.epoch_seconds()) / SECONDS_PER_DAY
    if variable.measure == "active_days":
        return time.truncate("D").nunique(where=counted)
    if variable.measure == "events":
        return before.count(where=counted)
    if variable.measure == "money":
        return before[variable.column or "value"].sum(where=counted).fill_null(0)
    if variable.measure == "share":
        all_events = before.count(where=inside)
        known = (all_events >= variable.min_events).ifelse(all_events, ibis.null("int64"))
        return before.count(where=counted).cast("float64") / known
    middle = period.start + (period.end - period.start) / 2
    late = time >= ibis.timestamp(middle.isoformat())
    second, first = before.count(where=counted & late), before.count(where=counted & ~late)
    return ((second + 1).cast("float64") / (first + 1)).ln()


def check_event_names(
    variables: Iterable[Variable], seen: Iterable[str], *, file: str
) -> tuple[list[Violation], list[str]]:
    """Event names of the study that never occur: misspelt ones as violations, possibly just unused ones as notes.

    A name is taken for misspelt if a name that does occur, and that the variable does not list, is near it, or if the
    variable would count nothing at all. Otherwise (a new product area before its launch) it is a note.
    """
    seen = {str(name) for name in seen}
    violations: list[Violation] = []
    notes: list[str] = []
    for variable in variables:
        unseen = [name for name in variable.events if name not in seen]
        others = seen.difference(variable.events)
        for name in unseen:
            near = nearest_word(name, others)
            if (near and _is_near(name, others)) or len(unseen) == len(variable.events):
                fix = near or "Take it out, or check how the tool writes it"
                violations.append(
                    Violation(
                        f"no such event (variable {variable.name!r})", file, None, "event", name, _some(seen), fix
                    )
                )
            else:
                notes.append(f"Event {name!r} of variable {variable.name!r} has not occurred by the end of the period.")
    return violations, notes


def _is_near(name: str, others: Iterable[str]) -> bool:
    import difflib

    return bool(difflib.get_close_matches(name, list(others), n=1, cutoff=NEAR_ENOUGH))


def _some(names: Iterable[str], limit: int = 12) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more
