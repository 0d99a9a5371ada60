"""The two files of an experiment: who was in which arm, and who did what was hoped for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..messaging.rows import parse_dates, read_rows
from .declared import Experiment

__all__ = ["read_exposures"]


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
        Assignment (unit, arm, assigned_at) and outcomes (unit, outcome, occurred_at) of this experiment.

    Raises
    ------
    DataContractError
        With every violation: file or column missing, empty, an arm that was not declared, what is not a date.
    """
    name = experiment.unit or unit
    assignment, broken = _read_table(
        experiment.assignment, ["experiment_id", name, "arm", "assigned_at"], experiment.id
    )
    outcomes, more = _read_table(experiment.outcomes, ["experiment_id", name, "outcome", "occurred_at"], experiment.id)
    broken += more
    file = experiment.assignment.name
    for arm, rows in assignment.groupby("arm"):
        if arm not in experiment.arms:
            fix = nearest_word(arm, experiment.arms)
            what = f"no such arm ({len(rows)} rows)"
            broken.append(Violation(what, file, int(rows.index[0]), "arm", arm, ", ".join(experiment.arms), fix))
    if assignment.empty and not broken:
        broken.append(Violation(f"no row of experiment {experiment.id!r}", file, column="experiment_id"))
    known = set(outcomes["outcome"])
    if known and experiment.outcome not in known:
        what = f"outcome {experiment.outcome!r} does not occur for experiment {experiment.id!r}"
        hint = nearest_word(experiment.outcome, known)
        broken.append(Violation(what, experiment.outcomes.name, None, "outcome", None, ", ".join(sorted(known)), hint))
    if broken:
        raise DataContractError(broken)
    return assignment.rename(columns={name: "unit"}).iloc[:, 1:], outcomes.rename(columns={name: "unit"}).iloc[:, 1:]


def _read_table(path: Path, columns: list[str], experiment: str) -> tuple[pd.DataFrame, list[Violation]]:
    date = columns[-1]
    if path.suffix == ".parquet":
        table, violations = _read_parquet(path, columns), []
        table = table[table["experiment_id"].astype(str) == experiment]
    else:
        table, violations = read_rows(path, columns, extra=True)
        table = table[table["experiment_id"] == experiment]
    if not pd.api.types.is_datetime64_any_dtype(table[date].dtype):
        dates, broken = parse_dates(table[date].astype(str), path.name)
        table, violations = table.assign(**{date: dates}), violations + broken
    for column in columns[1:-1]:
        blank = table.index[table[column].isna() | (table[column].astype(str) == "")]
        violations += [Violation("cell is empty", path.name, int(row), column) for row in blank]
    return table.assign(**{column: table[column].astype(str) for column in columns[:-1]}), violations


def _read_parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataContractError([Violation(f"not a readable Parquet file: {error}", path.name)]) from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        have = [str(column) for column in table.columns]
        raise DataContractError(
            [Violation("column is missing", path.name, None, c, fix=nearest_word(c, have)) for c in missing]
        )
    return table[columns].reset_index(drop=True)
