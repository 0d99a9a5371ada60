"""Who was there in both of two quarters from end to end: only of those does a count mean the same in both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..sources import canonical_table
from ..study import Study

__all__ = ["there_throughout"]

CHANCE = 0.001  # that somebody who goes on is silent so long at the end of a quarter, given on how many days they were active
BELIEVED = 0.5  # where more than half would have come in the first of the two quarters, the records begin there


def there_throughout(data: Dataset, study: Study, units: pd.Index) -> pd.Series:
    """Whether a unit was there before last quarter began, was active in both quarters and did not leave in this one.

    Counts of a quarter in which somebody came or was gone are small for that reason alone, and look like those of another segment.

    Parameters
    ----------
    data : Dataset
        Of this quarter, with its events and those before.
    study : Study
    units : pandas.Index

    Returns
    -------
    pandas.Series of bool
        By unit; True for all where no base variable is counted from events, or no events were read. Who came is told by the later of
        the first event and the date a table of units gives (``created_at``); of each of the two only where it says so of at most
        half of the units. Who went is told by a silence at the end of this quarter that would be rarer than 1 in 1,000 if the days on
        which they were active lay anywhere in it; counted are the events that base variables name, where they name any.
    """
    counted = any(canonical_table(study, variable.source) == "events" for variable in study.base)
    events = data.tables.get("events")
    whole = pd.Series(True, index=units)
    if not counted or events is None or data.period is None:
        return whole
    last = data.period.previous
    inside = events["timestamp"] < data.period.end
    times = events.loc[inside, "timestamp"].groupby(events.loc[inside, data.unit].astype(str)).agg(["min"])["min"]
    for came in (times, *_created(data)):
        late = (came.reindex(units) >= last.start).to_numpy(bool, na_value=False)
        if late.mean() <= BELIEVED:
            whole &= ~late
    for period in (last, data.period):
        active = events.loc[events["timestamp"].between(period.start, period.end, inclusive="left"), data.unit]
        whole &= np.isin(units.astype(str), active.dropna().astype(str).unique())
    return whole & ~_went(data, study, events).reindex(units, fill_value=False).to_numpy(bool)


def _went(data: Dataset, study: Study, events: pd.DataFrame) -> pd.Series:
    """Whether a unit fell silent for good before the quarter's end."""
    period = data.period
    named = {name for variable in study.base for name in variable.events}
    here = events[events["timestamp"].between(period.start, period.end, inclusive="left") & events[data.unit].notna()]
    here = here[here["event"].isin(named)] if named else here
    by_unit = here["timestamp"].groupby(here[data.unit].astype(str))
    days = here["timestamp"].dt.floor("D").groupby(here[data.unit].astype(str)).nunique()
    passed = (by_unit.max() - period.start) / (period.end - period.start)
    return passed**days < CHANCE


def _created(data: Dataset) -> list[pd.Series]:
    tables = [table for table in data.tables.values() if table.index.name == data.unit and "created_at" in table]
    return [table["created_at"].set_axis(table.index.astype(str)) for table in tables]
