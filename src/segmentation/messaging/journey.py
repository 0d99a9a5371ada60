"""How far the units of each segment got on the journey the study declares, measured from events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..qualitative.intervals import wilson_interval
from ..study import Study
from ..words import source_words
from .rates import order_segments, say_share, withhold_small

__all__ = ["JOURNEY_COLUMNS", "describe_journey", "format_mermaid", "map_journey", "tabulate_journey"]

JOURNEY_COLUMNS = (
    "segment", "stage", "position", "n", "reached", "share", "lower", "upper", "previous", "converted", "conversion",
    "conversion_lower", "conversion_upper", "median_days", "out_of_order", "channels", "events_missing", "withheld",
)  # fmt: skip
_HIDE = [
    "reached", "share", "lower", "upper", "converted", "conversion", "conversion_lower", "conversion_upper",
    "median_days", "out_of_order", "channels",
]  # fmt: skip


def map_journey(data: Any, study: Study, membership: pd.DataFrame, *, min_cell: int = 10) -> pd.DataFrame:
    """Count who reached each stage of the journey, by segment.

    A unit reaches a stage when one of the stage's events is on record for it before the period's end. Stages need not
    be passed in order: who reached a stage without the one before is counted in the stage but not in its conversion.

    Parameters
    ----------
    data : Dataset, pandas.DataFrame or ibis Table
        The events (columns: unit id, event, timestamp, channel), or a dataset that holds them. An Ibis table is
        aggregated where it lives; only first times come back.
    study : Study
        ``study.journeys`` names the stages in order, each with the events that mark it.
    membership : pandas.DataFrame
        Index unit id, column ``segment``; units without a segment are not counted.
    min_cell : int
        Segments with fewer units are withheld.

    Returns
    -------
    pandas.DataFrame
        One row a segment (and "all") and stage, columns ``JOURNEY_COLUMNS``: n (units in the segment), reached, share
        (0 to 1) with its 95 % Wilson interval, previous (units that reached the stage before), converted (those of them
        that reached this one too), conversion with interval, median_days between the first times of the two stages
        where this one came later, out_of_order (units where it came first), channels (most used first, with units),
        events_missing (declared events that occur nowhere). Empty with the same columns when the study declares no
        journey or has no events.

    Raises
    ------
    ParameterError
        If ``membership`` has no column ``segment`` or the events lack a column.
    """
    if "segment" not in membership.columns:
        raise ParameterError(f"membership needs the column 'segment'; got {', '.join(map(str, membership.columns))}")
    events = data.tables.get("events") if isinstance(data, Dataset) else data
    if events is None or not study.journeys:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in JOURNEY_COLUMNS})
    first = _first_times(events, study)
    segments = membership["segment"].dropna().astype(str)
    groups = {name: segments.index[segments == name] for name in order_segments(segments)} | {"all": segments.index}
    rows = []
    for segment, units in groups.items():
        rows += _segment_rows(segment, units, first[first["unit"].isin(units)], study)
    table = pd.DataFrame(rows)
    seen = set(first["event"])
    missing = {s: ", ".join(sorted(set(events) - seen)) for s, events in study.journeys.items()}
    table["events_missing"] = table["stage"].map(missing)
    table = withhold_small(table, base="n", by=["stage"], hide=_HIDE, min_cell=min_cell)
    return table[list(JOURNEY_COLUMNS)]


def _first_times(events: Any, study: Study) -> pd.DataFrame:
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


def _segment_rows(segment: str, units: pd.Index, first: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before: pd.Series | None = None
    for position, (stage, names) in enumerate(study.journeys.items()):
        here = first[first["event"].isin(names)]
        times = here.groupby("unit")["first"].min()
        lower, upper = wilson_interval(len(times), len(units))
        row = {
            "segment": segment, "stage": stage, "position": position, "n": len(units), "reached": len(times),
            "share": len(times) / len(units) if len(units) else np.nan, "lower": lower, "upper": upper,
            "channels": _channels(here), **_conversion(before, times),
        }  # fmt: skip
        rows.append(row)
        before = times
    return rows


def _conversion(before: pd.Series | None, times: pd.Series) -> dict[str, Any]:
    names = (
        "previous",
        "converted",
        "conversion",
        "conversion_lower",
        "conversion_upper",
        "median_days",
        "out_of_order",
    )
    if before is None:
        return dict.fromkeys(names, np.nan)
    both = before.index.intersection(times.index)
    days = (times[both] - before[both]).dt.total_seconds() / 86_400
    lower, upper = wilson_interval(len(both), len(before))
    share = len(both) / len(before) if len(before) else np.nan
    later = days[days >= 0]
    median = float(later.median()) if len(later) else np.nan
    return dict(zip(names, (len(before), len(both), share, lower, upper, median, int((days < 0).sum())), strict=True))


def _channels(events: pd.DataFrame) -> str:
    """Three most used channels with the units that came through them."""
    used = events.dropna(subset=["channel"]).groupby("channel", observed=True)["unit"].nunique()
    order = sorted(used.items(), key=lambda item: (-item[1], str(item[0])))[:3]
    return ", ".join(f"{channel} ({count})" for channel, count in order)


def describe_journey(journeys: pd.DataFrame, study: Study) -> Reading | Callout:
    """Where each segment falls off, in plain sentences.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    study : Study
        For what units are called.

    Returns
    -------
    Reading or Callout
        A callout of kind "absent" when there is no journey to read.
    """
    if journeys.empty:
        return Callout(
            "absent", "This study has no journey to measure.", "It declares no stages, or has no events to see them in."
        )
    everybody = journeys[journeys["segment"] == "all"].sort_values("position")
    shown = everybody[~everybody["withheld"].astype(bool)]
    if shown.empty or not shown["n"].max():
        return Callout("absent", "No journey can be shown.", f"Too few {study.units} are in a segment.")
    words = ", ".join(f"{_words(r.stage)} {say_share(r.reached, r.n)}" for r in shown.itertuples())
    paragraphs = [
        "A stage counts as reached when at least one of its events is on record. "
        f"Of all {study.units} in a segment: {words}."
    ]
    paragraphs += _describe_drops(journeys)
    missing = everybody[everybody["events_missing"] != ""]
    if len(missing):
        listed = "; ".join(f"{_words(r.stage)}: {r.events_missing}" for r in missing.itertuples())
        paragraphs.append(
            f"Declared events that occur nowhere in the data, so that their stage may look too empty – {listed}."
        )
    paragraphs.append(
        "This shows what was done, not why. A short time in the product also leaves less time to reach late stages."
    )
    return Reading(paragraphs)


def _describe_drops(journeys: pd.DataFrame) -> list[str]:
    """One sentence a segment on its weakest step, where there is one with enough units before it."""
    sentences = []
    # a stage nobody at all reached says that its events are not recorded, not that everybody stopped there
    seen = journeys.loc[(journeys["segment"] == "all") & (journeys["reached"].fillna(0) > 0), "stage"]
    for segment, rows in journeys[journeys["segment"] != "all"].groupby("segment", sort=False):
        if rows["withheld"].astype(bool).any():
            sentences.append(f"{segment} is withheld: too few units to publish.")
            continue
        steps = rows[(rows["previous"].fillna(0) >= 10) & rows["stage"].isin(seen)]
        if steps.empty:
            sentences.append(f"{segment}: not enough units reached any stage to say where it falls off.")
            continue
        worst = steps.loc[steps["conversion"].astype(float).idxmin()]
        stages = rows.set_index("position")["stage"]
        before = _words(stages[worst["position"] - 1])
        sentences.append(
            f"{segment} loses most on the way from {before} to {_words(worst['stage'])}: "
            f"{say_share(worst['converted'], worst['previous'])} go on "
            f"(95 % interval {worst['conversion_lower']:.0%} to {worst['conversion_upper']:.0%})."
        )
    return [" ".join(sentences)] if sentences else []


def tabulate_journey(journeys: pd.DataFrame, *, source: str = "") -> Table:
    """Table of reach and conversion by segment and stage.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    names = {
        "segment": "Segment", "stage": "Stage", "n": "n", "reached": "Reached", "share": "Share", "lower": "from",
        "upper": "to", "conversion": "Of those before", "median_days": "Median days since the stage before",
        "channels": "Channels (units)",
    }  # fmt: skip
    frame = journeys[list(names)].rename(columns=names)
    frame["Stage"] = frame["Stage"].map(_words) if len(frame) else frame["Stage"]
    formats = {"n": ",.0f", "Reached": ",.0f", "Share": ".0%", "from": ".0%", "to": ".0%", "Of those before": ".0%"}
    caption = "Stages of the journey by segment: units that reached each, with 95 % interval." + source_words(source)
    note = (
        "Of those before: share of those at the stage before that reached this one too. A dash: withheld or undefined."
    )
    frame["Channels (units)"] = [
        str(words).replace("_", " ") if isinstance(words, str) else words for words in frame["Channels (units)"]
    ]
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    return Table(frame, caption, formats | {"Median days since the stage before": ",.0f"}, note)


def format_mermaid(journeys: pd.DataFrame, *, title: str = "Journey by segment") -> str:
    """Write the measured journey as a Mermaid ``journey`` diagram.

    The score of 1 to 5 that Mermaid draws as a face is here only the share that reached the stage (1: nobody, 5: all).

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    title : str
        Any text; characters with a meaning in the grammar are replaced.

    Returns
    -------
    str
        Text of an ``.mmd`` file, ending in a newline.

    Examples
    --------
    >>> rows = {"segment": ["S1"], "stage": ["try"], "position": [0], "n": [50], "reached": [25], "share": [0.5]}
    >>> print(format_mermaid(pd.DataFrame(rows).assign(withheld=False), title="Pay: now; #1"))
    journey
        title Pay now 1
        accTitle: Pay now 1
        accDescr: Share of units that reached each stage, by segment. Score 1 is nobody and 5 is everybody.
        section Try
          S1 50 percent of 50: 3: S1
    <BLANKLINE>
    """
    name = _safe_name(title)
    lines = [
        "journey", f"    title {name}", f"    accTitle: {name}",
        "    accDescr: Share of units that reached each stage, by segment. Score 1 is nobody and 5 is everybody.",
    ]  # fmt: skip
    rows = journeys[(journeys["segment"] != "all") & ~journeys["withheld"].astype(bool)].sort_values(
        ["position", "segment"]
    )
    for _, stage in rows.groupby("position", sort=True):
        lines.append(f"    section {_safe_name(_words(stage['stage'].iloc[0]).capitalize())}")
        for row in stage.dropna(subset=["share"]).itertuples():
            segment = _safe_name(row.segment)
            lines.append(
                f"      {segment} {100 * row.share:.0f} percent of {int(row.n)}: {1 + round(4 * row.share)}: {segment}"
            )
    return "\n".join(lines) + "\n"


def _safe_name(text: object) -> str:
    """Text without what Mermaid's journey grammar or HTML reads as more than text."""
    kept = "".join(
        " " if character in '#:;,%{}<>`"\\' or not character.isprintable() else character for character in str(text)
    )
    kept = " ".join(kept.split())
    return f"- {kept}" if kept.lower().startswith(("title", "section", "acctitle", "accdescr")) else kept or "unnamed"


def _words(stage: object) -> str:
    return str(stage).replace("_", " ")
