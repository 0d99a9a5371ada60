"""The frozen plan of interviews, read back with what became of each person."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..messaging.rows import find_path, parse_dates, read_rows
from ..qualitative.fieldwork import ANSWERS, LOGGED, stamp_of
from ..qualitative.sampling import COLUMNS, SLOTS
from ..study import Study

__all__ = ["read_interview_plan"]


def read_interview_plan(
    source: Study | str | Path, *, unit: str | None = None, units: Collection[str] | None = None
) -> pd.DataFrame | None:
    """Read and check the plan of interviews that was frozen before fieldwork.

    Parameters
    ----------
    source : Study, str or Path
        CSV as ``exports/interview_plan.csv`` writes it, or the study that names it.
    unit : str, optional
        Name of the unit's column; of the study by default.
    units : collection of str, optional
        Units that exist; not checked when not given.

    Returns
    -------
    pandas.DataFrame or None
        Text cells, answered_on as a date; None when the study names no plan.

    Raises
    ------
    DataContractError
        With every violation: layout, unknown answers, dates, a person twice, an answer without a date, and rows that are no longer
        those that were frozen.
    """
    file = find_path(source, "interview_plan")
    if file is None:
        return None
    name = unit or (source.unit if isinstance(source, Study) else "unit")
    columns = [name if column == "unit" else column for column in COLUMNS]
    rows, found = read_rows(file, [*columns, *LOGGED])
    dates, broken = parse_dates(rows["answered_on"], file.name, required=False)
    found += broken
    allowed = {"answer": ("", *ANSWERS), "stands": ("asked", "reserve"), "slot": tuple(SLOTS)}
    for column, words in allowed.items():
        for row, word in rows.loc[~rows[column].isin(words), column].items():
            hint = nearest_word(word, words) or "Leave it empty until there is an answer" * (column == "answer")
            found.append(
                Violation("not known here", file.name, row, column, word, ", ".join(w for w in words if w), hint)
            )
    for row in rows.index[(rows["answer"] != "") & (rows["answered_on"] == "")]:
        found.append(Violation("an answer needs its date", file.name, row, "answered_on", fix="Write it as 2026-07-06"))
    for row in rows.index[(rows["answer"] == "") & (rows["answered_on"] != "")]:
        found.append(Violation("a date needs its answer", file.name, row, "answer", None, ", ".join(ANSWERS)))
    for row in rows.index[rows[name].duplicated()]:
        found.append(Violation("stands twice in the plan", file.name, row, name, rows.at[row, name]))
    if units is not None:
        for row, word in rows.loc[~rows[name].isin(list(units)), name].items():
            found.append(
                Violation(f"no such {name} in this study", file.name, row, name, word, "", nearest_word(word, units))
            )
    found += _check_stamp(rows, name, file.name)
    if found:
        raise DataContractError(found)
    return rows.assign(answered_on=dates)


def _check_stamp(rows: pd.DataFrame, unit: str, file: str) -> list[Violation]:
    """Whether the planned rows are still those that were frozen."""
    if rows.empty:
        return [Violation("the plan has no rows", file, fix="Save exports/interview_plan.csv of the run that made it")]
    stamps = list(rows["frozen"].unique())
    if len(stamps) > 1 or not stamps[0]:
        message = "every row must carry the one stamp it was frozen with"
        return [
            Violation(
                message, file, None, "frozen", ", ".join(map(repr, stamps[:4])), fix="Copy the column from the export"
            )
        ]
    stamp = stamp_of(rows, unit)
    if stamps[0].split()[-1] == stamp:
        return []
    fix = "Undo the change (only answer and answered_on may be filled in), or freeze a new plan under a new name"
    return [
        Violation(
            "rows were changed, added or removed after the plan was frozen",
            file,
            None,
            "frozen",
            stamps[0],
            f"{stamp} for these rows",
            fix,
        )
    ]
