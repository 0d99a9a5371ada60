"""From canonical tables to one row a unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..errors import DataContractError, Violation
from ..sources import canonical_table
from ..study import Study, Variable
from .attributes import read_attribute, rows_by_unit
from .events import EVENT_MEASURES, FILLED_WITH_ZERO, as_event_table, check_event_names, measure_events
from .screen import find_identical
from .survey import SURVEY_MEASURES, Answers, latest_answers, rows_words, score_items
from .table import FeatureTable, source_files

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["build_features", "build_features_before", "find_duplicates"]


@dataclass
class _Draft:
    """What the steps of one call collect."""

    columns: dict[str, pd.Series] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def build_features(
    data: Dataset, study: Study, events: pd.DataFrame | ir.Table | None = None, *, check_base: bool = True
) -> FeatureTable:
    """Measure every variable of the study for every known unit.

    Known are the units of tables that have one row a unit (companies), created before the period's end or active
    before it, and all units with events before it; a study with neither takes them from its survey, and one without a
    survey from the tables its variables are read from. Of several
    accounts with one ``domain_key`` the first created is kept. The latest answer of a unit to the survey counts; if
    it is careless, its survey variables are missing.

    Parameters
    ----------
    data : Dataset
        Canonical tables of the period.
    study : Study
    events : pandas.DataFrame or ibis.Table, optional
        Events, wherever they lie; default: the dataset's table, else the study's source opened through Ibis. Event
        names are checked against all of them, measures see only those before ``data.period.end``.
    check_base : bool
        Refuse base variables that are constant or missing everywhere. False for an earlier quarter that is only
        compared with (there may have been no survey yet).

    Returns
    -------
    FeatureTable
        Values in natural units, untransformed. Units without events in the quarter have 0 events, active days, money
        and trend, and a missing share. Counts of a binary variable are 1 if anything was counted, else 0.

    Raises
    ------
    DataContractError
        With every violation found: unknown column, event or item (nearest word offered), answers outside their scale
        (rows given), infinite values, values a transform cannot take, base variables that are
        constant, all missing or copies of each other.
    """
    draft = _Draft()
    if not check_base:
        _leave_out_absent(draft, data, study)
    table = _event_table(data, study, events)
    active = _add_events(draft, data, study, table, check_base)
    answers = _add_survey(draft, data, study)
    _add_attributes(draft, data, study, answers)
    if draft.violations:
        raise DataContractError(draft.violations)
    units = _known_units(draft, data, study, active, answers)
    duplicate = units.isin(find_duplicates(data, study.unit).index)
    careless = units.isin(answers.careless_units) if answers else np.zeros(len(units), dtype=bool)
    flags = pd.DataFrame({"careless": careless, "duplicate": duplicate}, index=units)
    values = _assemble(draft, study, units[~flags["duplicate"].to_numpy()])
    problems = _check_values(values, study, data, check_base)
    if problems:
        raise DataContractError(problems)
    counts = {"units": len(values), "duplicates": int(flags["duplicate"].sum()), **draft.counts}
    ageing = tuple(variable.name for variable in study.variables if variable.measure == "tenure")
    source = data.caption()
    return FeatureTable(study.study, study.unit, data.period, values, flags, counts, tuple(draft.notes), source, ageing)


def build_features_before(data: Dataset | None, study: Study) -> FeatureTable:
    """Features of an earlier quarter, only to be compared with: gaps that would stop this quarter's report are allowed.

    Parameters
    ----------
    data : Dataset or None
        Canonical tables of the earlier quarter; None if there is none.
    study : Study

    Returns
    -------
    FeatureTable
        As ``build_features``; without rows if there is no earlier quarter. Events of the study that had not occurred yet
        count 0, variables from a table that did not exist yet are missing, base variables may be constant.

    Raises
    ------
    DataContractError
        As ``build_features``, for what is wrong in the data that are there.
    """
    if data is not None:
        return build_features(data, study, check_base=False)
    units = pd.Index([], name=study.unit, dtype="str")
    names = {v.name: "str" if v.level == "nominal" and v.measure == "value" else "float64" for v in study.variables}
    values = pd.DataFrame({name: pd.Series(index=units, dtype=kind) for name, kind in names.items()}, index=units)
    flags = pd.DataFrame({"careless": False, "duplicate": False}, index=units, dtype=bool)
    return FeatureTable(study.study, study.unit, None, values, flags, {"units": 0}, ("There is no earlier quarter.",))


def find_duplicates(data: Dataset, unit: str) -> pd.Series:
    """Accounts left out because another account of the same organisation is kept.

    Two accounts are of one organisation if their ``domain_key`` is the same. The first by ``created_at``, then by id,
    is kept.

    Returns
    -------
    pandas.Series
        Index: unit left out; value: unit kept.
    """
    left_out: dict[str, str] = {}
    for table in data.tables.values():
        if table.index.name != unit or "domain_key" not in table.columns:
            continue
        dates = table["created_at"] if "created_at" in table.columns else pd.Series(pd.NaT, index=table.index)
        keys = pd.DataFrame({"key": table["domain_key"], "created": dates, "id": table.index.astype(str)})
        keys = keys[keys["key"].notna() & (keys["key"].astype(str).str.strip() != "")]
        keys = keys.sort_values(["created", "id"], na_position="last")
        first = keys.groupby("key")["id"].transform("first")
        left_out |= {one: kept for one, kept in zip(keys["id"], first, strict=True) if one != kept}
    return pd.Series(left_out, index=pd.Index(left_out, name=unit, dtype="str"), name="kept", dtype="str")


def _leave_out_absent(draft: _Draft, data: Dataset, study: Study) -> None:
    """An earlier quarter may lack a table (no survey yet): its variables are missing, and said to be."""
    for variable in study.variables:
        name = canonical_table(study, variable.source)
        if name != "events" and name not in data:
            draft.columns[variable.name] = pd.Series(dtype=float)
            draft.notes.append(f"Variable {variable.name!r} is missing: this period has no table {name!r}.")


def _event_table(data: Dataset, study: Study, events: pd.DataFrame | ir.Table | None) -> ir.Table | None:
    if events is None and "events" in data:
        events = data["events"]
    if events is None and any(canonical_table(study, source) == "events" for source in study.sources):
        from ..sources import open_events  # opened only where the dataset does not hold the events already

        events = open_events(study, data.period)
    return None if events is None else as_event_table(events)


def _add_events(draft: _Draft, data: Dataset, study: Study, table: ir.Table | None, check_names: bool) -> pd.Index:
    """Behaviour variables; returns the units that have any event."""
    variables = [v for v in study.variables if v.measure in EVENT_MEASURES]
    possible = []
    for variable in variables:
        file = source_files(data, variable.source)
        if canonical_table(study, variable.source) != "events" or table is None:
            message = f"measure: {variable.measure} of variable {variable.name!r} needs events"
            fix = "Take it from the source of events, or use measure: value"
            draft.violations.append(Violation(message, file, value=variable.source, fix=fix))
        elif variable.measure == "money" and (variable.column or "value") not in table.columns:
            message = f"no such column (variable {variable.name!r})"
            draft.violations.append(
                Violation(message, file, column=variable.column or "value", allowed=", ".join(table.columns))
            )
        else:
            possible.append(variable)
    if table is None:
        return pd.Index([], dtype="str")
    if check_names and any(variable.events for variable in possible):
        seen = table.select("event").distinct().to_pyarrow().to_pandas()["event"].dropna()
        violations, notes = check_event_names(possible, seen, file=source_files(data, possible[0].source))
        draft.violations += violations
        draft.notes += notes
    measured = measure_events(table, possible, unit=study.unit, period=data.period).to_pyarrow().to_pandas()
    measured = measured.set_axis(pd.Index(measured[study.unit].astype(str)), axis=0)
    draft.columns.update({v.name: measured[v.name] for v in possible})
    return measured.index


def _add_survey(draft: _Draft, data: Dataset, study: Study) -> Answers | None:
    names = {variable.source for variable in study.variables if canonical_table(study, variable.source) == "survey"}
    if "survey" not in data or not names:
        _refuse(draft, data, study, SURVEY_MEASURES)
        return None
    answers = latest_answers(data["survey"], study, file=source_files(data, min(names)))
    draft.violations += answers.violations
    draft.counts.update(answers.counts, careless_units=len(answers.careless_units))
    for variable in study.variables:
        if variable.measure not in SURVEY_MEASURES:
            continue
        if canonical_table(study, variable.source) != "survey":
            message = f"measure: {variable.measure} of variable {variable.name!r} needs a survey"
            draft.violations.append(Violation(message, source_files(data, variable.source), value=variable.source))
        elif variable.measure == "top2" and variable.centre == "respondent":
            message = f"centre: respondent of variable {variable.name!r} goes with measure: mean only"
            draft.violations.append(Violation(message, str(study.file), value="top2"))
        elif not answers.violations:
            draft.columns[variable.name] = score_items(answers, variable, study)
    return answers


def _refuse(draft: _Draft, data: Dataset, study: Study, measures: Iterable[str]) -> None:
    for variable in study.variables:
        if variable.measure in measures and variable.name not in draft.columns:
            message = f"measure: {variable.measure} of variable {variable.name!r} needs a survey, and there is none"
            draft.violations.append(Violation(message, source_files(data, variable.source), value=variable.source))


def _add_attributes(draft: _Draft, data: Dataset, study: Study, answers: Answers | None) -> None:
    ready: dict[str, pd.DataFrame | None] = {}
    for variable in (v for v in study.variables if v.measure == "value" and v.name not in draft.columns):
        name, file = canonical_table(study, variable.source), source_files(data, variable.source)
        if name not in data:
            have = ", ".join(sorted(data.tables))
            draft.violations.append(Violation(f"no table {name!r} (variable {variable.name!r})", file, allowed=have))
            continue
        if name not in ready:
            ready[name] = answers.believed if name == "survey" and answers else _rows(draft, data, study, name, file)
        rows = ready[name]
        if rows is not None:
            draft.columns[variable.name], violations = read_attribute(rows, variable, file)
            draft.violations += violations


def _rows(draft: _Draft, data: Dataset, study: Study, name: str, file: str) -> pd.DataFrame | None:
    rows, violations, notes = rows_by_unit(data[name], study.unit, name, file)
    draft.violations += violations
    draft.notes += notes
    return None if violations else rows


def _known_units(draft: _Draft, data: Dataset, study: Study, active: pd.Index, answers: Answers | None) -> pd.Index:
    known = pd.Index(active.astype(str))
    later = pd.Index([], dtype="str")
    for table in data.tables.values():
        if table.index.name == study.unit:
            ids = pd.Index(table.index.astype(str))
            made_later = np.zeros(len(ids), dtype=bool)
            if "created_at" in table.columns:
                made_later = (table["created_at"] >= data.period.end).to_numpy(bool, na_value=False)
            known, later = known.union(ids[~made_later]), later.union(ids[made_later])
    if known.empty and answers is not None:
        known = pd.Index(answers.latest.index)
    if known.empty:
        for name in {v.source for v in study.variables if v.measure == "value"} & set(data.tables):
            if study.unit in data[name].columns:
                known = known.union(pd.Index(data[name][study.unit].dropna().astype(str)))
    absent = later.difference(known)
    if len(absent):
        draft.counts["created_after_period"] = len(absent)
    return pd.Index(known.unique().sort_values(), name=study.unit, dtype="str")


def _assemble(draft: _Draft, study: Study, units: pd.Index) -> pd.DataFrame:
    columns = {}
    for variable in study.variables:
        column = draft.columns[variable.name].reindex(units)
        if variable.measure in FILLED_WITH_ZERO:
            column = column.fillna(0.0)
            column = (column > 0).astype(float) if variable.level == "binary" else column  # happened or not
        columns[variable.name] = (
            column if variable.level == "nominal" and variable.measure == "value" else column.astype(float)
        )
    return pd.DataFrame(columns, index=units)


def _check_values(values: pd.DataFrame, study: Study, data: Dataset, check_base: bool) -> list[Violation]:
    found: list[Violation] = []
    base = {name for part in study.segmentations.values() for name in part.base}
    for variable in study.variables:
        column, file = values[variable.name], source_files(data, variable.source)
        if pd.api.types.is_numeric_dtype(column.dtype):
            found += _check_numbers(column, variable, file)
        if variable.name in base and check_base:
            found += _check_base(column, variable, file)
    return found or (_check_copies(values, study) if check_base else [])


def _check_copies(values: pd.DataFrame, study: Study) -> list[Violation]:
    """Base variables that are another one again, perhaps in another unit of measurement."""
    fix = "Take one of the two out of the base of the segmentation: it would count twice in every distance"
    return [
        Violation(f"base variable is a copy of {first!r}", str(study.file), column=second, fix=fix)
        for part in study.segmentations
        for first, second in find_identical(values, study.select(part).base)
    ]


def _check_numbers(column: pd.Series, variable: Variable, file: str) -> list[Violation]:
    found = []
    infinite = pd.Series(np.isinf(column.to_numpy()), index=column.index)
    if infinite.any():
        rows = rows_words(column.index[infinite])
        found.append(
            Violation(f"{int(infinite.sum())} infinite values", file, rows, variable.name, fix="Correct the source")
        )
    negative = (column < 0) & ~infinite
    if variable.transform != "none" and negative.any():
        message = f"transform: {variable.transform} cannot take {int(negative.sum())} negative values"
        rows, value = rows_words(column.index[negative]), float(column[negative].iloc[0])
        found.append(Violation(message, file, rows, variable.name, value, "0 or more", "Use transform: none"))
    return found


def _check_base(column: pd.Series, variable: Variable, file: str) -> list[Violation]:
    fix = "Take it out of the base of the segmentation, or correct the source"
    if column.notna().sum() == 0:
        return [Violation("base variable is missing for every unit", file, column=variable.name, fix=fix)]
    if column.nunique() == 1:
        value = column.dropna().iloc[0]
        value = value if isinstance(value, str) else float(value)
        return [
            Violation(
                "base variable is constant, so it cannot tell segments apart", file, None, variable.name, value, "", fix
            )
        ]
    return []
