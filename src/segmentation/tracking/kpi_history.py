"""KPIs over the quarters, by who was in which segment then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ..clustering import assign_segments, recall_solution
from ..dataset import Dataset
from ..features import build_features_before
from ..period import Period
from ..sources import canonical_table, list_periods, read_sources
from ..study import Study
from ..workspace import Workspace
from .declared import Kpi, load_kpis
from .kpis import measure_kpis

__all__ = ["HISTORY_COLUMNS", "measure_kpi_history"]

HISTORY_COLUMNS = ("period", "kpi", "label", "segment", "numerator", "denominator", "rate", "shrunk", "basis")
QUARTERS = 6  # looked back at, with the one reported
ACTIVE = 0.5


def measure_kpi_history(
    run: Workspace,
    data: Dataset,
    membership: pd.DataFrame,
    before: pd.DataFrame | None = None,
    *,
    kpis: Sequence[Kpi] | None = None,
    min_cell: int = 10,
) -> pd.DataFrame:
    """Every KPI of events and deals in each quarter up to this one, up to six.

    Parameters
    ----------
    run : Workspace
        Its ledger tells who was in which segment in earlier quarters.
    data : Dataset
        As read for this quarter; earlier events and deals are in it.
    membership, before : pandas.DataFrame
        This quarter's membership and last quarter's, by the same solution. A quarter that the ledger does not know is scored now, with
        this quarter's solution and that quarter's data.
    kpis : sequence of Kpi, optional
        Default: those the study names. KPIs of companies have no past: the table shows them as they are now.
    min_cell : int

    Returns
    -------
    pandas.DataFrame
        Columns ``HISTORY_COLUMNS``: one row a quarter, KPI and segment (and "all"); numerator, rate and shrunk are missing where
        withheld; basis is "this quarter", "last quarter", "ledger" or "reckoned".
    """
    kpis = [kpi for kpi in (load_kpis(run.study) if kpis is None else kpis) if kpi.source != "companies"]
    if not kpis:
        return pd.DataFrame(columns=list(HISTORY_COLUMNS))
    parts = []
    for period in _active_quarters(run, data):
        members, basis = _members(run, period, membership, before)
        if not len(members) or not members["segment"].notna().any():
            continue
        table = measure_kpis(replace(data, period=period), run.study, members, kpis, min_cell=min_cell)
        parts.append(table.assign(period=str(period), basis=basis)[list(HISTORY_COLUMNS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(HISTORY_COLUMNS))


def _active_quarters(run: Workspace, data: Dataset) -> list[Period]:
    """Quarters up to this one with at least half as many active units: before that, a study's events are only its sign-ups."""
    known = [period for period in list_periods(run.study) if period <= run.period][-QUARTERS:]
    events = data.tables.get("events")
    if events is None:
        return known
    active = {
        period: events.loc[events["timestamp"].between(period.start, period.end, inclusive="left"), data.unit].nunique()
        for period in known
    }
    return [period for period in known if active[period] >= ACTIVE * active.get(run.period, 0)]


def _members(
    run: Workspace, period: Period, now: pd.DataFrame, before: pd.DataFrame | None
) -> tuple[pd.DataFrame, str]:
    if period == run.period:
        return now, "this quarter"
    if period == run.period.previous and before is not None and len(before):
        return before, "last quarter"
    entry = Workspace(run.study, period, "ledger", run.ledger / f"period={period}")
    if entry.has("membership"):
        return entry.read("membership"), "ledger"
    if not run.has("solution"):
        return pd.DataFrame({"segment": []}), "none"
    solution, encoder = recall_solution(run)
    features = build_features_before(_read_for_features(run.study, period), run.study).values
    return assign_segments(solution, encoder.encode(features.reindex(columns=list(encoder.names)))), "reckoned"


def _read_for_features(study: Study, period: Period) -> Dataset:
    """What variables are measured on, and who is known: placing the units of an earlier quarter asks for no transcripts or deals."""
    needed = {variable.source for variable in study.variables}
    needed |= {name for name in study.sources if canonical_table(study, name) in ("companies", "events")}
    return read_sources(study, period, only=tuple(sorted(needed)))
