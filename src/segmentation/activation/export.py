"""Segments into the tools: a file for the CRM and the rule as SQL, under the run's exports."""

from __future__ import annotations

import pandas as pd

from ..workspace import Workspace
from .sql import format_assignment_sql
from .upsert import write_upsert

__all__ = ["export_segments"]


def export_segments(run: Workspace, membership: pd.DataFrame) -> pd.DataFrame:
    """Write ``exports/segments_hubspot.csv`` and ``exports/assign_segments.sql``.

    Parameters
    ----------
    run : Workspace
    membership : pandas.DataFrame
        Index unit; columns as ``assign_segments`` gives them.

    Returns
    -------
    pandas.DataFrame
        The rows of the file for the CRM.
    """
    file = "exports/segments_hubspot.csv"
    (run.results / "exports").mkdir(exist_ok=True)
    rows = write_upsert(membership, run.results / file, period=run.period)
    run.adopt(file)
    learned = run.read_json("solution")
    sql = format_assignment_sql(learned["solution"], learned["encoder"], "features", unit=run.study.unit)
    run.write_text("exports/assign_segments.sql", sql)
    return rows
