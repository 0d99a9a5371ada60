"""KPIs by segment: numerator, denominator, rate with interval, shrunk rate, and whether the target is met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..errors import ParameterError
from ..messaging.rates import withhold_small
from ..qualitative.intervals import wilson_interval
from ..study import Study
from .declared import Kpi, load_kpis
from .kpi_counts import count_companies, count_deals, count_events, units_by_event
from .numbers import chance_of_target, shrink_rates

__all__ = ["KPI_COLUMNS", "measure_kpis"]

KPI_COLUMNS = (
    "kpi", "label", "segment", "counted", "numerator", "denominator", "rate", "lower", "upper", "shrunk", "target",
    "direction", "met", "chance", "goal", "events_missing", "formed", "withheld",
)  # fmt: skip


def measure_kpis(
    data: Dataset,
    study: Study,
    membership: pd.DataFrame,
    kpis: Sequence[Kpi] | None = None,
    *,
    events: Any = None,
    history: pd.DataFrame | None = None,
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
    history : pandas.DataFrame, optional
        As ``measure_kpi_history`` returns it: goals set as a step from last quarter (``raise_by``) start from its shrunk shares.
    min_cell : int
        Rows with fewer units are withheld.

    Returns
    -------
    pandas.DataFrame
        One row a KPI and segment (and "all"), columns ``KPI_COLUMNS``: counted (what units are called, or "deals"), numerator,
        denominator, rate with 95 % Wilson interval, shrunk (rate pulled towards all segments' rate as far as a small
        base asks), target, met ("met", "not met", "cannot tell": the interval holds the target, "no target", "nothing
        to count": nobody there, or nothing hoped for was ever recorded, "withheld"), events_missing (declared events that occur nowhere in
        the data), formed (True where the KPI
        counts events that base variables count too, so that segments differ in it by construction). KPIs whose source is
        absent have denominators of 0.

    Raises
    ------
    ParameterError
        If ``membership`` has no column ``segment``.
    DataContractError
        If a KPI counts columns of companies that are not there, hold no counts or are negative; all violations at once.
    """
    if "segment" not in membership.columns:
        raise ParameterError(f"membership needs the column 'segment'; got {', '.join(map(str, membership.columns))}")
    kpis = load_kpis(study) if kpis is None else kpis
    segments = membership["segment"].dropna().astype(str)
    events = data.tables.get("events") if events is None else events
    did = units_by_event(events, data, study, kpis)
    parts = []
    for kpi in kpis:
        missing = ""
        if kpi.source == "events":
            counts, missing = count_events(kpi, segments, did if events is not None else None, study.units)
        elif kpi.source == "deals":
            counts = count_deals(kpi, segments, data, study)
        else:
            counts = count_companies(kpi, segments, data, study)
        rows = _rate_rows(kpi, counts, missing, _last(history, kpi, data)).assign(formed=_formed(kpi, study))
        unheard = bool(missing) and set(kpi.numerator) <= set(missing.split(", "))
        if unheard and kpi.direction != "at_most":  # nobody ever did it, or nobody records it: that is no target missed
            rows = rows.assign(met="nothing to count", chance=np.nan)
        parts.append(rows)
    columns = [*(column for column in KPI_COLUMNS if column != "withheld"), "base"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    hide = ["numerator", "rate", "lower", "upper", "shrunk", "chance"]
    table = withhold_small(table, base="base", by=["kpi"], hide=hide, min_cell=min_cell)
    table.loc[table["withheld"], "met"] = "withheld"
    return table[list(KPI_COLUMNS)]


def _formed(kpi: Kpi, study: Study) -> bool:
    counted = {event for variable in study.base for event in variable.events}
    return kpi.source == "events" and not counted.isdisjoint(kpi.numerator)


def _last(history: pd.DataFrame | None, kpi: Kpi, data: Dataset) -> pd.Series:
    """Last quarter's shrunk share by segment, where it is known."""
    if history is None or not len(history):
        return pd.Series(dtype=float)
    rows = history[(history["kpi"] == kpi.id) & (history["period"] == str(data.period.previous))]
    return rows.set_index("segment")["shrunk"].astype(float).dropna()


def _rate_rows(kpi: Kpi, counts: pd.DataFrame, missing: str, last: pd.Series) -> pd.DataFrame:
    rows = counts.assign(kpi=kpi.id, label=kpi.label, direction=kpi.direction, events_missing=missing)
    rows["base"] = counts["base"] if "base" in counts else counts["denominator"]
    worth = counts["effective"] if "effective" in counts else counts["denominator"]
    share = worth / counts["denominator"].where(counts["denominator"] > 0)
    k, n = (rows["numerator"] * share.fillna(0)).to_numpy(float), worth.to_numpy(float)
    rows["rate"] = np.divide(k, n, out=np.full(len(n), np.nan), where=n > 0)
    ends = [wilson_interval(a, b) for a, b in zip(k, n, strict=True)]
    rows["lower"], rows["upper"] = [end[0] for end in ends], [end[1] for end in ends]
    rows["shrunk"] = [*shrink_rates(k[:-1], n[:-1]), rows["rate"].iloc[-1]]
    rows["target"] = pd.Series(
        [_target(kpi, segment, last) for segment in rows["segment"]], index=rows.index, dtype=float
    )
    rows["goal"] = _goal_words(kpi)
    most = kpi.direction == "at_most"
    inner = chance_of_target(k[:-1], n[:-1], rows["target"].to_numpy()[:-1], at_most=most)
    rows["chance"] = [*inner, *chance_of_target(k[-1:], n[-1:], rows["target"].to_numpy()[-1:], at_most=most)]
    rows["met"] = [_judge(r.lower, r.upper, r.target, r.denominator, kpi.direction) for r in rows.itertuples()]
    return rows.assign(numerator=rows["numerator"].astype(float))


def _target(kpi: Kpi, segment: str, last: pd.Series) -> float | None:
    if kpi.raise_by is None:
        return kpi.target_of(segment)
    return min(1.0, max(0.0, last[segment] + kpi.raise_by)) if segment in last.index else None


def _goal_words(kpi: Kpi) -> str:
    if kpi.raise_by is None:
        return "" if kpi.target is None else "set"
    return f"last quarter's shrunk share {100 * kpi.raise_by:+g} points"


def _judge(lower: float, upper: float, target: float, n: int, direction: str) -> str:
    """Whether the whole interval lies on the right side of the target."""
    if not n:
        return "nothing to count"
    if np.isnan(target):
        return "no target"
    if direction == "at_most":
        lower, upper, target = -upper, -lower, -target
    return "met" if lower >= target else "not met" if upper < target else "cannot tell"
