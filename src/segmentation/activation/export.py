"""What leaves the run as files: segments for the CRM, the rule as SQL, the plan of interviews."""

from __future__ import annotations

import pandas as pd

from ..qualitative import SamplingPlan
from ..qualitative.fieldwork import plan_sheet, stamp_of
from ..sources.people import read_suppression
from ..workspace import Workspace
from .reread import check_file, check_table
from .safe import make_safe
from .sql import format_assignment_sql
from .upsert import format_hubspot, list_upsert
from .writers import format_posthog, format_salesforce, format_segment_calls

__all__ = ["export_plan", "export_segments"]


def export_segments(
    run: Workspace, membership: pd.DataFrame, holdout: pd.Series | None = None, users: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Write the exports that need no address: upserts for HubSpot and Salesforce, traits for Segment and RudderStack, a cohort a
    segment for PostHog, and the rule as SQL. Units and people on the study's suppression list are in none of them. Every file is read
    back by its platform's rules before the first is put in place.

    Parameters
    ----------
    run : Workspace
    membership : pandas.DataFrame
        Index unit; columns as ``assign_segments`` gives them.
    holdout : pandas.Series, optional
        True for units held out, by unit; cohorts leave them out, the other files say so in a column.
    users : pandas.DataFrame, optional
        Columns user_id and the unit's name; without it the unit is the user.

    Returns
    -------
    pandas.DataFrame
        The rows of the file for the CRM.

    Raises
    ------
    DataContractError
        If a file is not what its platform takes; none is written then.
    """
    unit, spared = run.study.unit, read_suppression(run.study)
    membership = membership[~membership.index.astype(str).isin(spared.units)]
    users = users[~users["user_id"].astype(str).isin(spared.people)] if users is not None else None
    rows = list_upsert(membership, period=run.period, holdout=holdout)
    held = pd.Series(dtype=bool) if holdout is None else holdout
    given = {"unit": unit, "holdout": held}
    ready = membership.set_axis(membership.index.astype(str), axis=0)
    made = {
        "segments_hubspot.csv": ("hubspot", format_hubspot(rows)),
        "segments_salesforce.csv": ("salesforce", format_salesforce(ready, period=run.period, holdout=held)),
        "segments_identify.jsonl": (
            "segment",
            format_segment_calls(ready, users, study=run.study.study, period=run.period, **given),
        ),
    }
    for name, content in format_posthog(ready, users, **given).items():
        made[f"posthog_{name}.csv"] = ("posthog", content)
    for name, (platform, content) in made.items():
        check_file(platform, content, name)
    for name, (_, content) in made.items():
        run.write_text(f"exports/{name}", content.decode())
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
    text = sheet.to_csv(index=False, lineterminator="\n")
    run.write_text("exports/interview_plan.csv", check_table(text, sheet.columns, "interview_plan.csv"))
    return plan
