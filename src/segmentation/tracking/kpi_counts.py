"""Numerators and denominators of KPIs, counted in events, deals and companies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..errors import DataContractError, Violation, nearest_word
from ..messaging.rates import order_segments
from ..study import Study
from .declared import UNITS, Kpi

__all__ = ["count_companies", "count_deals", "count_events", "units_by_event"]


def units_by_event(events: Any, data: Dataset, study: Study, kpis: Sequence[Kpi]) -> dict[str, set[str]]:
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


def count_events(
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


def count_deals(kpi: Kpi, segments: pd.Series, data: Dataset, study: Study) -> pd.DataFrame:
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


def count_companies(kpi: Kpi, segments: pd.Series, data: Dataset, study: Study) -> pd.DataFrame:
    """Sums of two columns of the companies table by segment; the interval treats a unit's counts as going together.

    Raises
    ------
    DataContractError
        With every violation: columns that are not there or hold no numbers, negative counts, numerators above denominators.
    """
    table = data.tables.get("companies")
    if table is None:
        return _counts(segments, pd.Index([]), pd.Index([]), "counts")
    numerator, denominator = kpi.numerator[0], None if kpi.denominator == UNITS else kpi.denominator[0]
    wanted = [column for column in (numerator, denominator) if column is not None]
    unknown = [column for column in wanted if column not in table.columns]
    if unknown:
        have = ", ".join(sorted(map(str, table.columns)))
        raise DataContractError(
            Violation("no such column in companies", "kpis.yaml", kpi.id, "numerator" if c == numerator else "denominator", c, have,
                      nearest_word(c, table.columns) or "Map it under columns of the source in the study file")
            for c in unknown
        )  # fmt: skip
    values = pd.DataFrame({c: pd.to_numeric(table[c], errors="coerce") for c in wanted})
    values = values[values.index.isin(segments.index)]
    raw = table.loc[values.index]
    if denominator is None:
        values, denominator = values.assign(**{UNITS: 1.0}), UNITS
    violations = _wrong_counts(kpi, raw, values, numerator, denominator)
    if violations:
        raise DataContractError(violations)
    known = values.dropna()
    return _sum_by_segment(known[numerator], known[denominator], segments)


def _wrong_counts(
    kpi: Kpi, raw: pd.DataFrame, values: pd.DataFrame, numerator: str, denominator: str
) -> list[Violation]:
    file, found = f"companies (KPI {kpi.id})", []
    for column in dict.fromkeys((numerator, denominator)):
        if column in raw:
            for unit in values.index[values[column].isna() & raw[column].notna()]:
                found.append(
                    Violation("no number", file, str(unit), column, str(raw.at[unit, column]), "a count of 0 or more")
                )
        for unit in values.index[values[column] < 0]:
            role = "denominator" if column == denominator else "numerator"
            fix = "Correct it in the source, or leave the cell empty where nothing was counted"
            found.append(
                Violation(f"negative {role}", file, str(unit), column, float(values.at[unit, column]), "0 or more", fix)
            )
    for unit in values.index[(values[numerator] > values[denominator]) & (values[denominator] >= 0)]:
        words = f"at most {denominator} ({values.at[unit, denominator]:g})"
        fix = "A KPI is a share: the numerator counts part of what the denominator counts"
        found.append(
            Violation(
                "numerator above denominator", file, str(unit), numerator, float(values.at[unit, numerator]), words, fix
            )
        )
    return found


def _sum_by_segment(k: pd.Series, n: pd.Series, segments: pd.Series) -> pd.DataFrame:
    rows = []
    for name in [*order_segments(segments.dropna()), "all"]:
        units = segments.index if name == "all" else segments.index[segments == name]
        some = k.index[k.index.isin(units)]
        a, b = k.loc[some].to_numpy(float), n.loc[some].to_numpy(float)
        rows.append((name, a.sum(), b.sum(), _effective(a, b), len(some)))
    table = pd.DataFrame(rows, columns=["segment", "numerator", "denominator", "effective", "base"])
    return table.assign(counted="counts")


def _effective(k: np.ndarray, n: np.ndarray) -> float:
    """Independent counts the ratio is worth, units being drawn whole (ratio estimator's variance); at most the counts there are."""
    total, units = n.sum(), len(n)
    if total <= 0 or units < 2:
        return float(total)
    rate = k.sum() / total
    spread = ((k - rate * n) ** 2).sum() * units / (units - 1) / total**2
    if spread <= 0 or not 0 < rate < 1:
        return float(min(total, units))
    return float(min(total, rate * (1 - rate) / spread)) if math.isfinite(spread) else float(total)
