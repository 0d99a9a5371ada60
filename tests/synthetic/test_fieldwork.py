"""The sample's frozen plan: everybody interviewed came, and the rows are those that were frozen."""

from __future__ import annotations

import pandas as pd

from segmentation.tracking import read_interview_plan


def test_interview_plan_of_the_sample_holds_every_interviewee(committed):
    sheet = read_interview_plan(committed / "interview_plan.csv", unit="company_id")
    people = pd.read_csv(committed / "interviews" / "interviewees.csv", dtype=str)
    assert set(sheet.loc[sheet["answer"] == "came", "company_id"]) == set(people["company_id"])
    assert (sheet["answer"] == "refused").any() and (sheet["answer"] == "").any()
