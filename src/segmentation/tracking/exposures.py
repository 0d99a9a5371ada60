"""The two files of an experiment: who was in which arm, and who did what was hoped for; refused where they cannot both be true."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..messaging.rows import parse_dates, read_rows
from .registration import Experiment

__all__ = ["check_exposures", "read_exposures"]

LISTED = 20  # problems of one kind named one by one; the rest is counted


def read_exposures(experiment: Experiment, *, unit: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read who was in which arm and who did what was hoped for.

    Parameters
    ----------
    experiment : Experiment
        Names the two files, CSV or Parquet.
    unit : str
        Header of the unit id where the experiment names none.

    Returns
    -------
    DataFrame, DataFrame
        Assignment (unit, arm, assigned_at; exposed_at, cluster, channel, persona, covariate where there are such columns) and outcomes
        (unit, outcome, occurred_at, and the columns that the metric adds up) of this experiment.

    Raises
    ------
    DataContractError
        With every violation of both files: file or column missing, empty, an arm or persona that was not declared, what is not a
        date or number, a unit in two arms, an outcome before assignment or exposure, a negative denominator.
    """
    name = experiment.unit or unit
    broken: list[Violation] = []
    tables = []
    columns = {
        "unit": name,
        "cluster": experiment.cluster,
        "channel": experiment.channel,
        "persona": experiment.persona,
    }
    wanted = {key: header for key, header in columns.items() if header is not None}
    for path, need, optional in (
        (experiment.assignment, [*wanted.values(), "arm", "assigned_at"], ["exposed_at", experiment.covariate]),
        (experiment.outcomes, [name, "outcome", "occurred_at", *experiment.summed], []),
    ):
        try:
            table, more = _read_table(path, list(dict.fromkeys(need)), [c for c in optional if c], experiment)
            tables.append(table)
            broken += more
        except DataContractError as error:
            broken += error.violations
    if len(tables) < 2:
        raise DataContractError(broken)
    assignment, outcomes = tables
    assignment = assignment.assign(**{key: assignment[header] for key, header in wanted.items()})
    if experiment.covariate in assignment.columns:
        assignment["covariate"] = assignment[experiment.covariate]
    outcomes = outcomes.assign(unit=outcomes[name])
    broken += _check_words(experiment, assignment, outcomes)
    broken += check_exposures(experiment, assignment, outcomes)
    if broken:
        raise DataContractError(broken)
    keep = ["unit", "arm", "assigned_at", "exposed_at", "cluster", "channel", "persona", "covariate"]
    kept = assignment[[column for column in keep if column in assignment.columns]]
    return kept, outcomes[["unit", "outcome", "occurred_at", *dict.fromkeys(experiment.summed)]]


def _check_words(experiment: Experiment, assignment: pd.DataFrame, outcomes: pd.DataFrame) -> list[Violation]:
    """Arms, personas and outcomes that nobody declared."""
    broken, file = [], experiment.assignment.name
    for arm, rows in assignment.groupby("arm"):
        if arm and arm not in experiment.arms:
            fix = nearest_word(arm, experiment.arms)
            what = f"no such arm ({len(rows)} rows)"
            broken.append(Violation(what, file, int(rows.index[0]), "arm", arm, ", ".join(experiment.arms), fix))
    if "persona" in assignment.columns and experiment.people:
        for name, rows in assignment[assignment["persona"] != ""].groupby("persona"):
            if name not in experiment.people:
                what, allowed = f"no such persona ({len(rows)} rows)", ", ".join(experiment.people)
                fix, column = nearest_word(name, experiment.people), experiment.persona
                broken.append(Violation(what, file, int(rows.index[0]), column, name, allowed, fix))
    if assignment.empty:
        broken.append(Violation(f"no row of experiment {experiment.id!r}", file, column="experiment_id"))
    known = set(outcomes["outcome"])
    if known and experiment.outcome not in known:
        what = f"outcome {experiment.outcome!r} does not occur for experiment {experiment.id!r}"
        hint = nearest_word(experiment.outcome, known)
        broken.append(Violation(what, experiment.outcomes.name, None, "outcome", None, ", ".join(sorted(known)), hint))
    return broken


def check_exposures(experiment: Experiment, assignment: pd.DataFrame, outcomes: pd.DataFrame) -> list[Violation]:
    """What cannot be true of an experiment, whatever came out.

    Parameters
    ----------
    experiment : Experiment
    assignment, outcomes : pandas.DataFrame
        As ``read_exposures`` returns them; the index is the row named in messages.

    Returns
    -------
    list of Violation
        A unit (or cluster) in two arms, a unit in two clusters or personas, an outcome before the unit was assigned or exposed, a negative
        denominator.
    """
    file, other = experiment.assignment.name, experiment.outcomes.name
    broken = _in_two(assignment, "unit", "arm", file)
    if "cluster" in assignment.columns:
        broken += _in_two(assignment, "cluster", "arm", file) + _in_two(assignment, "unit", "cluster", file)
    if "persona" in assignment.columns:
        broken += _in_two(assignment, "unit", "persona", file)
    counted = outcomes[outcomes["outcome"] == experiment.outcome]
    for column, what in (
        ("assigned_at", "outcome lies before the assignment"),
        ("exposed_at", "exposure after outcome"),
    ):
        if column in assignment.columns:
            first = assignment.dropna(subset=[column]).groupby("unit")[column].min()
            start = first.reindex(counted["unit"]).to_numpy()
            late = counted[(counted["occurred_at"].to_numpy() < start)]
            when = dict(zip(late.index, start[counted["occurred_at"].to_numpy() < start], strict=True))
            broken += _few(
                [
                    Violation(
                        what, other, int(row), "occurred_at", str(late.at[row, "occurred_at"]),
                        f"on or after {column} {pd.Timestamp(when[row])}",
                        "What was done before cannot come from the experiment: check the clocks, or take the row out",
                    )
                    for row in late.index
                ]
            )  # fmt: skip
    if experiment.metric == "ratio" and experiment.denominator in counted.columns:
        column = str(experiment.denominator)
        values = pd.to_numeric(counted[column], errors="coerce")
        broken += _few(
            [
                Violation(
                    "a denominator must not be negative", other, int(row), column, float(values[row]), "0 or more"
                )
                for row in values.index[values < 0]
            ]
        )
    return broken


def _in_two(assignment: pd.DataFrame, what: str, where: str, file: str) -> list[Violation]:
    pairs = assignment[[what, where]].drop_duplicates()
    found = []
    for name, rows in pairs[pairs.duplicated(what, keep=False)].groupby(what, sort=True):
        places = ", ".join(f"{value} (row {row})" for row, value in rows[where].items())
        fix = f"A {what} belongs to one {where}: find out which is true, or take the {what} out of both"
        found.append(Violation(f"{what} in two {where}s: {places}", file, int(rows.index[1]), what, str(name), "", fix))
    return _few(found)


def _few(found: list[Violation]) -> list[Violation]:
    if len(found) <= LISTED:
        return found
    last = found[LISTED - 1]
    more = Violation(f"and {len(found) - LISTED:,d} more rows like this", last.file, column=last.column)
    return [*found[:LISTED], more]


def _read_table(
    path: Path, columns: Sequence[str], optional: Sequence[str], experiment: Experiment
) -> tuple[pd.DataFrame, list[Violation]]:
    headers = _headers(path)
    wanted = ["experiment_id", *columns, *(c for c in optional if c in headers and c not in columns)]
    if path.suffix == ".parquet":
        table, violations = _read_parquet(path, wanted, headers), []
    else:
        table, violations = read_rows(path, wanted, extra=True)
    table = table[table["experiment_id"].astype(str) == experiment.id]
    numbers = {*experiment.summed, experiment.covariate}
    for column in wanted:
        if column.endswith("_at") and column in ("assigned_at", "occurred_at", "exposed_at"):
            if not pd.api.types.is_datetime64_any_dtype(table[column].dtype):
                text = table[column].astype(object).where(table[column].notna(), "").astype(str)
                dates, broken = parse_dates(text, path.name, required=column != "exposed_at")
                table, violations = table.assign(**{column: dates}), violations + broken
        elif column in numbers:
            table, broken = _as_numbers(table, column, path.name, required=column in experiment.summed)
            violations += broken
        else:
            text = table[column].astype(object).where(table[column].notna(), "").astype(str)
            empty = text.index[text == ""] if column != experiment.persona else ()  # a unit may be of no persona
            violations += [Violation("cell is empty", path.name, int(row), column) for row in empty]
            table = table.assign(**{column: text.astype("str")})
    return table, violations


def _as_numbers(table: pd.DataFrame, column: str, file: str, *, required: bool) -> tuple[pd.DataFrame, list[Violation]]:
    blank = table[column].isna() | (table[column].astype(str) == "")
    values = pd.to_numeric(table[column].where(~blank), errors="coerce").astype(float)
    wrong = (values.isna() | np.isinf(values)) & (~blank | required)
    broken = [
        Violation("not a number", file, int(row), column, str(table.at[row, column]), "a number such as 12.5")
        for row in table.index[wrong]
    ]
    return table.assign(**{column: values}), _few(broken)


def _headers(path: Path) -> list[str]:
    """Headers of a file; none where it cannot be read, which is said when it is."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        try:
            return list(pq.read_schema(path).names)
        except (OSError, ValueError) as error:
            raise DataContractError([Violation(f"not a readable Parquet file: {error}", path.name)]) from None
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [cell.strip() for cell in next(csv.reader(stream), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _read_parquet(path: Path, columns: Sequence[str], headers: Sequence[str]) -> pd.DataFrame:
    missing = [column for column in columns if column not in headers]
    if missing:
        raise DataContractError(
            [Violation("column is missing", path.name, None, c, fix=nearest_word(c, headers)) for c in missing]
        )
    return pd.read_parquet(path, columns=list(columns)).reset_index(drop=True)
