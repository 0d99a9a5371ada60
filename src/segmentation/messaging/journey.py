"""How far the units of each segment and persona got on the journey the study declares, measured from events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..errors import ParameterError
from ..qualitative.intervals import wilson_interval
from ..study import Study
from ..words import few_words
from .members import Members
from .rates import order_segments, withhold_small
from .waits import measure_wait

__all__ = ["JOURNEY_COLUMNS", "first_times", "group_units", "map_journey", "select_segments"]

JOURNEY_COLUMNS = (
    "segment", "persona_id", "stage", "position", "n", "reached", "share", "lower", "upper", "previous", "converted",
    "conversion", "conversion_lower", "conversion_upper", "skipped", "waiting", "median_days", "median_lower", "median_upper",
    "out_of_order", "last", "last_share", "last_lower", "last_upper", "channels", "events_missing", "withheld",
)  # fmt: skip
_HIDE = JOURNEY_COLUMNS[5:-2]  # what is counted: from reached to channels


def map_journey(
    data: Any,
    study: Study,
    membership: pd.DataFrame,
    *,
    members: Members | None = None,
    end: pd.Timestamp | None = None,
    min_cell: int = 10,
) -> pd.DataFrame:
    """Count who reached each stage of the journey, by segment and by persona, and how long it took.

    A unit reaches a stage when one of the stage's events is on record for it before the period's end. Stages need not
    be passed in order: who reached a stage without the one before is counted in the stage but not in its conversion, and who skipped a
    stage and reached a later one has gone on.
    Times between stages allow for units that are still on the way (``measure_wait``); a unit that left counts as not
    gone on, since it could have been seen to.

    Parameters
    ----------
    data : Dataset, pandas.DataFrame or ibis Table
        The events (columns: unit id, event, timestamp, channel), or a dataset that holds them. An Ibis table is
        aggregated where it lives; only first times come back.
    study : Study
        ``study.journeys`` names the stages in order, each with the events that mark it.
    membership : pandas.DataFrame
        Index unit id, column ``segment``; units without a segment are not counted.
    members : mapping, optional
        As ``match_personas`` returns it, for rows by persona.
    end : pandas.Timestamp, optional
        Until when units were watched; default: the end of the dataset's period, else the last event.
    min_cell : int
        Segments and personas with fewer units are withheld, and personas that leave fewer of their segment over.

    Returns
    -------
    pandas.DataFrame
        One row a segment (and persona, and "all") and stage, columns ``JOURNEY_COLUMNS``: persona_id ("" for rows of a
        whole segment), n (units), reached, share (0 to 1) with its 95 % Wilson interval, previous (units that reached
        the stage before), converted (those of them that went on: reached this one or a later one), conversion with interval, skipped
        (those of the converted that have this stage not on record), waiting (those that have not gone on so far), median_days until this
        stage or a later one with interval (NaN where fewer than half have gone on), out_of_order (units where this stage, or the later
        one they skipped it for, came first; no time is taken from them), last (units that got to this stage and to none after
        it so far) and its share of those who reached it with interval, channels (most used first, with units),
        events_missing (declared events that occur nowhere). Empty with the same columns when the study declares no
        journey or has no events.

    Raises
    ------
    ParameterError
        If ``membership`` has no column ``segment`` or the events lack a column.
    """
    groups = group_units(membership, members)
    events = data.tables.get("events") if isinstance(data, Dataset) else data
    if events is None or not study.journeys:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in JOURNEY_COLUMNS})
    first = first_times(events, study)
    if end is None:
        end = data.period.end if isinstance(data, Dataset) else first["first"].max()
    rows: list[dict[str, Any]] = []
    for (segment, persona), units in groups.items():
        rows += _group_rows((segment, persona), units, first[first["unit"].isin(units)], study, end, min_cell)
    table = pd.DataFrame(rows)
    seen = set(first["event"])
    missing = {s: ", ".join(sorted(set(events) - seen)) for s, events in study.journeys.items()}
    table["events_missing"] = table["stage"].map(missing)
    return _withhold(table, ["stage"], list(_HIDE), min_cell)[list(JOURNEY_COLUMNS)]


def select_segments(journeys: pd.DataFrame) -> pd.DataFrame:
    """Rows of whole segments (and "all"), without those of personas."""
    return journeys[journeys["persona_id"] == ""] if "persona_id" in journeys.columns else journeys


def group_units(membership: pd.DataFrame, members: Members | None) -> dict[tuple[str, str], pd.Index]:
    """(segment, persona or "") to unit ids: segments, their personas, everybody."""
    if "segment" not in membership.columns:
        raise ParameterError(f"membership needs the column 'segment'; got {', '.join(map(str, membership.columns))}")
    segments = membership["segment"].dropna().astype(str)
    groups = {(name, ""): segments.index[segments == name] for name in order_segments(segments)}
    for persona, (segment, units) in (members or {}).items():
        groups[(segment, persona)] = segments.index[segments.index.isin(units)]
    return groups | {("all", ""): segments.index}


def _withhold(table: pd.DataFrame, by: list[str], hide: list[str], min_cell: int) -> pd.DataFrame:
    """Segments by the rule for small cells; a persona also when it leaves too few of its segment over."""
    whole = withhold_small(select_segments(table), base="n", by=by, hide=hide, min_cell=min_cell)
    personas = table[table["persona_id"] != ""].copy()
    if personas.empty:
        return whole
    sizes = whole.drop_duplicates("segment").set_index("segment")
    rest = personas["segment"].map(sizes["n"]).fillna(0) - personas["n"]
    hidden = personas["segment"].map(sizes["withheld"]).fillna(True).astype(bool)
    personas["withheld"] = hidden | (personas["n"] < min_cell) | ((rest > 0) & (rest < min_cell))
    for column in hide:
        personas[column] = personas[column].where(~personas["withheld"])
    kinds = {column: "float64" for column in hide if column != "channels"}
    return pd.concat([whole.astype(kinds), personas.astype(kinds)]).sort_index()


def first_times(events: Any, study: Study) -> pd.DataFrame:
    """First time of every declared event by unit and channel: unit, event, channel, first."""
    wanted = sorted({event for names in study.journeys.values() for event in names})
    lacking = [c for c in (study.unit, "event", "timestamp", "channel") if c not in events.columns]
    if lacking:
        raise ParameterError(f"events need the columns {', '.join(lacking)}; got {', '.join(map(str, events.columns))}")
    keys = [study.unit, "event", "channel"]
    if isinstance(events, pd.DataFrame):
        chosen = events[events["event"].isin(wanted)]
        first = chosen.groupby(keys, dropna=False, observed=True)["timestamp"].min().reset_index(name="first")
    else:
        chosen = events.filter(events.event.isin(wanted))
        first = chosen.group_by(keys).aggregate(first=chosen.timestamp.min()).to_pandas()
    first = first.rename(columns={study.unit: "unit"}).dropna(subset=["unit", "first"])
    return first.assign(unit=first["unit"].astype(str), first=pd.to_datetime(first["first"]))


def _group_rows(
    group: tuple[str, str], units: pd.Index, first: pd.DataFrame, study: Study, end: pd.Timestamp, min_cell: int
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before: pd.Series | None = None
    stages = {
        stage: first[first["event"].isin(names)].groupby("unit")["first"].min()
        for stage, names in study.journeys.items()
    }
    for position, (stage, times) in enumerate(stages.items()):
        later = list(stages.values())[position + 1 :]
        beyond = set().union(*(set(series.index) for series in later))
        stopped = sum(unit not in beyond for unit in times.index)
        final = not later
        lower, upper = wilson_interval(len(times), len(units))
        last_lower, last_upper = (np.nan, np.nan) if final else wilson_interval(stopped, len(times))
        here = first[first["event"].isin(study.journeys[stage])]
        rows.append({
            "segment": group[0], "persona_id": group[1], "stage": stage, "position": position, "n": len(units),
            "reached": len(times), "share": len(times) / len(units) if len(units) else np.nan, "lower": lower, "upper": upper,
            "last": np.nan if final else stopped,
            "last_share": np.nan if final or not len(times) else stopped / len(times),
            "last_lower": last_lower, "last_upper": last_upper,
            "channels": _channels(here, min_cell), **_conversion(before, times, later, end),
        })  # fmt: skip
        before = times
    return rows


def _conversion(
    before: pd.Series | None, times: pd.Series, later: list[pd.Series], end: pd.Timestamp
) -> dict[str, Any]:
    """Of those at the stage before, who went on: to this stage or past it, to a later one."""
    names = (
        "previous", "converted", "conversion", "conversion_lower", "conversion_upper", "skipped", "waiting", "median_days",
        "median_lower", "median_upper", "out_of_order",
    )  # fmt: skip
    if before is None:
        return dict.fromkeys(names, np.nan)
    own = times.reindex(before.index)
    further = pd.DataFrame(
        {place: series.reindex(before.index) for place, series in enumerate(later)}, index=before.index
    )
    after = further.where(further.ge(before, axis=0))  # a later stage, once they were at the stage before
    since = after.min(axis=1) if later else own
    any_later = further.notna().any(axis=1)
    on = own.notna() | any_later
    reached = pd.concat([own, since], axis=1).min(axis=1)
    days = (reached.fillna(end) - before).dt.total_seconds() / 86_400
    early = on & (reached.isna() | (days < 0))
    watched = ~early & (days >= 0)
    wait = measure_wait(days[watched], on[watched])
    both = int(on.sum())
    lower, upper = wilson_interval(both, len(before))
    share = both / len(before) if len(before) else np.nan
    values = (
        len(before), both, share, lower, upper, int((on & own.isna()).sum()),
        len(before) - both, wait.median, wait.lower, wait.upper, int(early.sum()),
    )  # fmt: skip
    return dict(zip(names, values, strict=True))


def _channels(events: pd.DataFrame, min_cell: int) -> str:
    """Three most used channels with the units that came through them, small numbers not told."""
    used = events.dropna(subset=["channel"]).groupby("channel", observed=True)["unit"].nunique()
    order = sorted(used.items(), key=lambda item: (-item[1], str(item[0])))[:3]
    return ", ".join(f"{channel} ({few_words(int(count), min_cell)})" for channel, count in order)
