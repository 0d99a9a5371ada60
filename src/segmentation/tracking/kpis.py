"""KPIs by segment: numerator, denominator, rate with interval, shrunk rate, and whether the target is met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..messaging.rates import order_segments, say_per_cent, say_share, withhold_small
from ..qualitative.intervals import wilson_interval
from ..study import Study
from ..words import join_words, source_words
from .declared import UNITS, Kpi, load_kpis
from .numbers import shrink_rates

__all__ = ["KPI_COLUMNS", "describe_kpis", "measure_kpis", "tabulate_kpis"]

KPI_COLUMNS = (
    "kpi", "label", "segment", "counted", "numerator", "denominator", "rate", "lower", "upper", "shrunk", "target",
    "direction", "met", "events_missing", "formed",
    "withheld",
)  # fmt: skip


def measure_kpis(
    data: Dataset,
    study: Study,
    membership: pd.DataFrame,
    kpis: Sequence[Kpi] | None = None,
    *,
    events: Any = None,
    min_cell: int = 10,
) -> pd.DataFrame:
    """Measure every KPI in the dataset's period, by segment.

    Parameters
    ----------
    data : Dataset
        Tables ``events`` and ``deals`` as far as the KPIs need them; ``data.period`` is the period, start included,
        end not.
    study : Study
    membership : pandas.DataFrame
        Index unit id, column ``segment``. Units without a segment are not counted.
    kpis : sequence of Kpi, optional
        As ``load_kpis`` returns them; default: those the study names.
    events : ibis Table, optional
        Events where they live; they are aggregated there. Default: the dataset's table.
    min_cell : int
        Rows with fewer units are withheld.

    Returns
    -------
    pandas.DataFrame
        One row a KPI and segment (and "all"), columns ``KPI_COLUMNS``: counted (what units are called, or "deals"), numerator,
        denominator, rate with 95 % Wilson interval, shrunk (rate pulled towards all segments' rate as far as a small
        base asks), target, met ("met", "not met", "cannot tell": the interval holds the target, "no target", "nothing
        to count", "withheld"), events_missing (declared events that occur nowhere in the data), formed (True where the KPI
        counts events that base variables count too, so that segments differ in it by construction). KPIs whose source is
        absent have denominators of 0.

    Raises
    ------
    ParameterError
        If ``membership`` has no column ``segment``.
    """
    if "segment" not in membership.columns:
        raise ParameterError(f"membership needs the column 'segment'; got {', '.join(map(str, membership.columns))}")
    kpis = load_kpis(study) if kpis is None else kpis
    segments = membership["segment"].dropna().astype(str)
    events = data.tables.get("events") if events is None else events
    did = _units_by_event(events, data, study, kpis)
    parts = []
    for kpi in kpis:
        if kpi.source == "events":
            counts, missing = _count_events(kpi, segments, did if events is not None else None, study.units)
        else:
            counts, missing = _count_deals(kpi, segments, data, study), ""
        parts.append(_rate_rows(kpi, counts, missing).assign(formed=_formed(kpi, study)))
    columns = [column for column in KPI_COLUMNS if column != "withheld"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    hide = ["numerator", "rate", "lower", "upper", "shrunk"]
    table = withhold_small(table, base="denominator", by=["kpi"], hide=hide, min_cell=min_cell)
    table.loc[table["withheld"], "met"] = "withheld"
    return table[list(KPI_COLUMNS)]


def _formed(kpi: Kpi, study: Study) -> bool:
    counted = {event for variable in study.base for event in variable.events}
    return kpi.source == "events" and not counted.isdisjoint(kpi.numerator)


def _units_by_event(events: Any, data: Dataset, study: Study, kpis: Sequence[Kpi]) -> dict[str, set[str]]:
    """Units that had each declared event in the period; an event that occurs nowhere, in no period, is not a key."""
    wanted = sorted({name for kpi in kpis if kpi.source == "events" for part in (kpi.numerator, kpi.denominator)
                     if not isinstance(part, str) for name in part})  # fmt: skip
    if events is None or not wanted:
        return {}
    start, end = data.period.start, data.period.end
    if isinstance(events, pd.DataFrame):
        chosen = events.loc[events["event"].isin(wanted), [study.unit, "event", "timestamp"]]
        known = set(chosen["event"])
        pairs = chosen.loc[
            chosen["timestamp"].between(start, end, inclusive="left"), [study.unit, "event"]
        ].drop_duplicates()
    else:
        chosen = events.filter(events.event.isin(wanted))
        known = set(chosen.select("event").distinct().to_pandas()["event"])
        inside = chosen.filter(chosen.timestamp >= start.to_pydatetime(), chosen.timestamp < end.to_pydatetime())
        pairs = inside.select(study.unit, "event").distinct().to_pandas()
    pairs = pairs.dropna()
    by_event = {str(name): set(rows[study.unit].astype(str)) for name, rows in pairs.groupby("event", observed=True)}
    return {name: by_event.get(name, set()) for name in wanted if name in known}


def _count_events(
    kpi: Kpi, segments: pd.Series, did: dict[str, set[str]] | None, units: str
) -> tuple[pd.DataFrame, str]:
    if did is None:
        return _counts(segments, pd.Index([]), pd.Index([]), units), ""
    named = [*kpi.numerator, *(() if kpi.denominator == UNITS else kpi.denominator)]
    missing = ", ".join(sorted({name for name in named if name not in did}))
    base = segments.index
    if kpi.denominator != UNITS:
        base = base[base.isin(set().union(*(did.get(name, set()) for name in kpi.denominator)))]
    done = base[base.isin(set().union(*(did.get(name, set()) for name in kpi.numerator)))]
    return _counts(segments, base, done, units), missing


def _count_deals(kpi: Kpi, segments: pd.Series, data: Dataset, study: Study) -> pd.DataFrame:
    deals = data.tables.get("deals")
    if deals is None or not {study.unit, "closed_at", "won"} <= set(deals.columns):
        return _counts(segments, pd.Index([]), pd.Index([]), "deals")
    inside = deals["closed_at"].ge(data.period.start) & deals["closed_at"].lt(data.period.end) & deals["won"].notna()
    closed = deals.loc[inside, [study.unit, "won"]]
    closed = closed[closed[study.unit].isin(segments.index)]
    segment = segments.reindex(closed[study.unit])
    segment.index = closed.index
    return _counts(
        segment, closed.index, closed.index[closed["won"].astype(bool)], "deals", names=order_segments(segments)
    )


def _counts(
    segments: pd.Series, base: pd.Index, done: pd.Index, counted: str, names: list[str] | None = None
) -> pd.DataFrame:
    names = order_segments(segments.dropna()) if names is None else names
    n = segments.reindex(base).value_counts().reindex(names, fill_value=0)
    k = segments.reindex(done).value_counts().reindex(names, fill_value=0)
    frame = pd.DataFrame({"segment": names, "numerator": k.to_numpy(int), "denominator": n.to_numpy(int)})
    total = pd.DataFrame({"segment": ["all"], "numerator": [len(done)], "denominator": [len(base)]})
    return pd.concat([frame, total], ignore_index=True).assign(counted=counted)


def _rate_rows(kpi: Kpi, counts: pd.DataFrame, missing: str) -> pd.DataFrame:
    rows = counts.assign(kpi=kpi.id, label=kpi.label, direction=kpi.direction, events_missing=missing)
    k, n = rows["numerator"].to_numpy(), rows["denominator"].to_numpy()
    rows["rate"] = np.divide(k, n, out=np.full(len(n), np.nan), where=n > 0)
    ends = [wilson_interval(int(a), int(b)) for a, b in zip(k, n, strict=True)]
    rows["lower"], rows["upper"] = [end[0] for end in ends], [end[1] for end in ends]
    rows["shrunk"] = [*shrink_rates(k[:-1], n[:-1]), rows["rate"].iloc[-1]]
    rows["target"] = [kpi.target_of(segment) for segment in rows["segment"]]
    rows["target"] = rows["target"].astype(float)
    rows["met"] = [_judge(r.lower, r.upper, r.target, r.denominator, kpi.direction) for r in rows.itertuples()]
    counts_as_float = {"numerator": rows["numerator"].astype(float)}
    return rows.assign(**counts_as_float)


def _judge(lower: float, upper: float, target: float, n: int, direction: str) -> str:
    """Whether the whole interval lies on the right side of the target."""
    if not n:
        return "nothing to count"
    if np.isnan(target):
        return "no target"
    if direction == "at_most":
        lower, upper, target = -upper, -lower, -target
    return "met" if lower >= target else "not met" if upper < target else "cannot tell"


def describe_kpis(table: pd.DataFrame, period: object) -> Reading | Callout:
    """Which targets are met, missed or open, in plain sentences.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``measure_kpis`` returns it.
    period : Period or str
        Named in the text.

    Returns
    -------
    Reading or Callout
    """
    if table.empty:
        return Callout(
            "absent",
            "This study follows no KPIs.",
            "A KPI is a share with a target, for instance deals won of deals closed.",
        )
    paragraphs = [
        "A KPI is a share that the team follows. Its 95 % interval is the range that the true share may plausibly have, given "
        "how few or many were counted. A target counts as met or missed only when the whole interval lies on one side of it."
        f"{_say_luck(table)}"
    ]
    for _, rows in table.groupby("kpi", sort=False):
        paragraphs.append(_describe_kpi(rows, period))
    formed = table[table["formed"].astype(bool) & (table["segment"] != "all")].drop_duplicates("kpi")["label"]
    if len(formed):
        every = len(formed) == table["kpi"].nunique() > 1
        named = f"All {len(formed)} KPIs" if every else join_words([f"“{label}”" for label in formed])
        paragraphs.append(
            f"{named} {'counts' if len(formed) == 1 else 'count'} events that formed the segments, so that segments differ in "
            f"{'it' if len(formed) == 1 else 'them'} by construction: compare a segment with its own past, not with the others."
        )
    return Reading(paragraphs)


def _say_luck(table: pd.DataFrame) -> str:
    """What to expect by chance when many targets are judged, each by its own interval."""
    judged = int(table["met"].isin(["met", "not met", "cannot tell"]).sum())
    if judged < 10:
        return ""
    lucky = max(1, round(0.05 * judged))
    return (
        f" {judged} targets are judged, each by itself; were every share exactly at its target, about {lucky} would still be "
        "called met or missed by chance."
    )


def _describe_kpi(rows: pd.DataFrame, period: object) -> str:
    total = rows[rows["segment"] == "all"].iloc[0]
    label = str(total["label"]).rstrip(".")
    if not total["denominator"]:
        return f"{label}: nothing to count in {period}."
    if total["withheld"]:
        return f"{label}: withheld, fewer {total['counted']} than may be published."
    text = f"{label}, {period}: {say_share(total['numerator'], total['denominator'])} of the {total['counted']}"
    text += f" (95 % interval {say_per_cent(total['lower'])} to {say_per_cent(total['upper'])})."
    inner = rows[rows["segment"] != "all"]
    for word, phrase in (("met", "Target met"), ("not met", "Target missed"), ("cannot tell", "Cannot tell yet")):
        hits = rows.loc[rows["met"] == word, "segment"]
        if len(hits):
            where = [f"in {join_words(hits[hits != 'all'])}"] if (hits != "all").any() else []
            where += ["over everybody"] if (hits == "all").any() else []
            text += f" {phrase} {' and '.join(where)}"
            text += (
                f" ({'the interval holds' if len(hits) == 1 else 'the intervals hold'} the target)."
                if word == "cannot tell"
                else "."
            )
    small = inner[inner["withheld"].astype(bool)]
    text += f" Withheld for too few {total['counted']}: {join_words(small['segment'])}." if len(small) else ""
    missing = total["events_missing"]
    return f"{text} These declared events occur nowhere in the data: {missing}." if missing else text


def tabulate_kpis(table: pd.DataFrame, *, source: str = "") -> Table:
    """Table of KPIs by segment with their targets.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``measure_kpis`` returns it.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    names = {
        "label": "KPI", "segment": "Segment", "numerator": "Count", "denominator": "n", "rate": "Share",
        "lower": "from",
        "upper": "to", "shrunk": "Shrunk", "target": "Target", "met": "Verdict",
    }  # fmt: skip
    frame = table[list(names)].rename(columns=names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    most = table["direction"] == "at_most"
    frame["Target"] = [
        None if np.isnan(t) else f"{'at most' if m else 'at least'} {t:.0%}"
        for t, m in zip(table["target"], most, strict=True)
    ]
    formats = {"Count": ",.0f", "n": ",.0f", "Share": ".1%", "from": ".1%", "to": ".1%", "Shrunk": ".1%"}
    note = (
        "from, to: 95 % interval of the share. Shrunk: the share pulled towards that of all segments, the more the smaller n is; "
        "a better guess for the next quarter where n is small. A dash is withheld or has nothing to count."
    )
    tail = source_words(source)
    return Table(frame, f"KPIs by segment against their targets.{tail}", formats, note)
