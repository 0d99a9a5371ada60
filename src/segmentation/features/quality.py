"""What came in, what it covers and what to be careful with, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..dataset import Dataset
from ..sources import canonical_table
from ..study import Study
from .build import build_features, find_duplicates
from .events import as_event_table
from .leaks import count_screened, screen_leaks
from .survey import SURVEY_MEASURES, latest_answers
from .table import FeatureTable, source_files

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["Quality", "assess_quality", "link_sources"]

FIRST = ("companies", "contacts", "deals", "events", "survey", "interviewees")
ONE_VALUE = 0.95  # share of units with the same value from which a variable says next to nothing
MOSTLY_MISSING = 0.8


@dataclass(frozen=True)
class Quality:
    """Tables about the input of one period.

    Attributes
    ----------
    units : int
        Units in the feature table.
    accounts : pandas.DataFrame
        One row a source: source, files, sha256, rows_in, rows_out, dropped, reasons, unmapped, notes.
    linkage : pandas.DataFrame
        One row an ordered pair of tables about units: source, other, n (units in source), linked (of these also in
        other), share, missing (n - linked).
    missing : pandas.DataFrame
        One row a variable: variable, role, source, n (units), missing, share.
    careless : pandas.DataFrame
        reason (straight_line, too_fast, any), n, base (responses), share. Empty without a survey.
    duplicates : pandas.DataFrame
        One row an account left out: unit, kept (the account of the same organisation that stays).
    leaks : pandas.DataFrame
        See ``screen_leaks``.
    weak : pandas.DataFrame
        Variables that say next to nothing: variable, role, n, reason (constant, one_value, names, missing), share.
    counts : mapping of str to int
    notes : tuple of str
    screened : tuple of int and tuple of str
        Columns compared with the outcomes, and outcomes that could not be (see ``count_screened``).
    """

    units: int
    accounts: pd.DataFrame
    linkage: pd.DataFrame
    missing: pd.DataFrame
    careless: pd.DataFrame
    duplicates: pd.DataFrame
    leaks: pd.DataFrame
    weak: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    screened: tuple[int, tuple[str, ...]] = (0, ())

    def to_dict(self) -> dict[str, Any]:
        """The main facts as JSON."""
        careless = {row.reason: {"n": int(row.n), "base": int(row.base)} for row in self.careless.itertuples()}
        leaks = self.leaks.astype(object).where(self.leaks.notna(), None).to_dict("records")
        return {
            "units": self.units,
            "rows_in": {row.source: int(row.rows_in) for row in self.accounts.itertuples()},
            "rows_out": {row.source: int(row.rows_out) for row in self.accounts.itertuples()},
            "careless": careless,
            "duplicates": len(self.duplicates),
            "leaks": leaks,
            "weak": sorted(self.weak["variable"].unique().tolist()),
            "counts": dict(self.counts),
            "notes": list(self.notes),
        }


def assess_quality(
    data: Dataset,
    study: Study,
    *,
    features: FeatureTable | None = None,
    events: pd.DataFrame | ir.Table | None = None,
) -> Quality:
    """Account for the rows and look for what would mislead.

    Parameters
    ----------
    data : Dataset
    study : Study
    features : FeatureTable, optional
        Built from the data if not given.
    events : pandas.DataFrame or ibis.Table, optional
        Events that are not in the dataset, for the linkage.

    Returns
    -------
    Quality
    """
    table = features if features is not None else build_features(data, study, events)
    kept = find_duplicates(data, study.unit)
    return Quality(
        units=len(table.values),
        accounts=_accounts(data),
        linkage=link_sources(data, study, events=events),
        missing=_missing(table.values, study),
        careless=_careless(data, study),
        duplicates=pd.DataFrame({"unit": kept.index.astype("str"), "kept": kept.to_numpy()}),
        leaks=screen_leaks(table.values, data, study),
        weak=_weak(table.values, study),
        screened=count_screened(table.values, data, study),
        counts=dict(table.counts),
        notes=table.notes,
    )


def link_sources(data: Dataset, study: Study, *, events: pd.DataFrame | ir.Table | None = None) -> pd.DataFrame:
    """Which units of each table are also in each other table; columns as ``Quality.linkage``."""
    units = {name: _units(table, study.unit) for name, table in data.tables.items()}
    if events is not None and "events" not in units:
        ids = as_event_table(events).select(study.unit).distinct().to_pyarrow().to_pandas()[study.unit].dropna()
        units["events"] = pd.Index(ids.astype(str))
    names = sorted((n for n, ids in units.items() if ids is not None), key=lambda n: (_place(n), n))
    rows = []
    for source in names:
        for other in names:
            if source != other:
                linked = int(units[source].isin(units[other]).sum())
                n = len(units[source])
                rows.append((source, other, n, linked, linked / n if n else float("nan"), n - linked))
    return pd.DataFrame(rows, columns=["source", "other", "n", "linked", "share", "missing"])


def _place(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _units(table: pd.DataFrame, unit: str) -> pd.Index | None:
    if table.index.name == unit:
        return pd.Index(table.index.astype(str)).unique()
    return pd.Index(table[unit].dropna().astype(str).unique()) if unit in table.columns else None


def _accounts(data: Dataset) -> pd.DataFrame:
    rows = [
        {
            "source": account.source,
            "files": account.files_words,
            "sha256": account.sha256,
            "rows_in": account.rows_in,
            "rows_out": account.rows_out,
            "dropped": sum(account.dropped.values()),
            "reasons": "; ".join(f"{n:,} {reason}" for reason, n in account.dropped.items() if n),
            "unmapped": ", ".join(account.unmapped),
            "notes": " ".join(account.notes),
        }
        for account in data.accounts
    ]
    names = ["source", "files", "sha256", "rows_in", "rows_out", "dropped", "reasons", "unmapped", "notes"]
    return pd.DataFrame(rows, columns=names)


def _missing(values: pd.DataFrame, study: Study) -> pd.DataFrame:
    rows = []
    for variable in study.variables:
        gaps = int(values[variable.name].isna().sum())
        share = gaps / len(values) if len(values) else float("nan")
        rows.append((variable.name, variable.role, variable.source, len(values), gaps, share))
    return pd.DataFrame(rows, columns=["variable", "role", "source", "n", "missing", "share"])


def _careless(data: Dataset, study: Study) -> pd.DataFrame:
    names = ["reason", "n", "base", "share"]
    sources = [v.source for v in study.variables if v.measure in SURVEY_MEASURES]
    if "survey" not in data or not any(canonical_table(study, source) == "survey" for source in sources):
        return pd.DataFrame(columns=names)
    flags = latest_answers(data["survey"], study, file=source_files(data, sources[0])).careless
    flags = flags.assign(any=flags.any(axis=1))
    base = len(flags)
    rows = [
        (reason, int(flags[reason].sum()), base, flags[reason].mean() if base else float("nan")) for reason in flags
    ]
    return pd.DataFrame(rows, columns=names)


def _weak(values: pd.DataFrame, study: Study) -> pd.DataFrame:
    rows = []
    for variable in study.variables:
        column = values[variable.name].dropna()
        absent = 1 - len(column) / len(values) if len(values) else 1.0
        if absent >= MOSTLY_MISSING:
            rows.append((variable.name, variable.role, len(column), "missing", absent))
        if column.empty:
            continue
        counts = column.value_counts()
        top = float(counts.iloc[0] / len(column))
        if len(counts) == 1:
            rows.append((variable.name, variable.role, len(column), "constant", 1.0))
        elif top >= ONE_VALUE:
            rows.append((variable.name, variable.role, len(column), "one_value", top))
        elif variable.level == "nominal" and len(counts) > len(column) / 2:
            rows.append((variable.name, variable.role, len(column), "names", len(counts) / len(column)))
    return pd.DataFrame(rows, columns=["variable", "role", "n", "reason", "share"])
