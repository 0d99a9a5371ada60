"""What leaves the run as files: segments for the CRM, the rule as SQL, the plan of interviews."""

from __future__ import annotations

import pandas as pd

from ..qualitative import SamplingPlan
from ..qualitative.fieldwork import plan_sheet, stamp_of
from ..workspace import Workspace
from .safe import make_safe
from .sql import format_assignment_sql
from .upsert import write_upsert

__all__ = ["export_plan", "export_segments"]


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
    method = learned["solution"].get("method", "kmeans")
    if method in ("kmeans", "ward"):
        sql = format_assignment_sql(learned["solution"], learned["encoder"], "features", unit=run.study.unit)
    else:
        sql = f"-- Segments of method {method} are placed by the library (assign_segments with solution.json), not by one query.\n"
    run.write_text("exports/assign_segments.sql", sql)
    return rows


def export_plan(run: Workspace, plan: SamplingPlan) -> SamplingPlan:
    """Write ``exports/interview_plan.csv``: whom to ask, in which order, why, and room to log the answer.

    Every row carries a stamp of the rows; saved beside the study file and named there as ``interview_plan``, the plan is frozen.

    Parameters
    ----------
    run : Workspace
    plan : SamplingPlan

    Returns
    -------
    SamplingPlan
        The plan, unchanged.
    """
    sheet = plan_sheet(plan, run.study.unit).map(make_safe)
    sheet["frozen"] = f"{run.period} {stamp_of(sheet, run.study.unit)}"
    run.write_text("exports/interview_plan.csv", sheet.to_csv(index=False, lineterminator="\n"))
    return plan
