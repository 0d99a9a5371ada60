"""A frozen plan stays as it was frozen; answers are counted and what they bend is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.activation.safe import make_safe
from segmentation.errors import DataContractError
from segmentation.qualitative import describe_fieldwork, plan_interviews, tabulate_fieldwork, tabulate_refusals
from segmentation.qualitative.fieldwork import measure_fieldwork, plan_sheet, stamp_of
from segmentation.sources.example import tiny_study
from segmentation.tracking import read_interview_plan


@pytest.fixture
def study():
    plain = tiny_study()
    first = plain.variables[0]
    size = first.model_copy(update={"name": "employees", "role": "descriptor", "label": "number of employees"})
    choices = plain.choices.model_copy(update={"min_cell": 3})
    return plain.model_copy(update={"unit": "company_id", "variables": (*plain.variables, size), "choices": choices})


@pytest.fixture
def plan():
    random = np.random.default_rng(1)
    place = np.concatenate([random.normal(0, 1, 40), random.normal(10, 1, 40)])
    encoded = pd.DataFrame({"a": place}, index=[f"u{i:02d}" for i in range(80)])
    names = np.where(place < 5, "S1", "S2")
    membership = pd.DataFrame(
        {"segment": names, "second": np.where(place < 5, "S2", "S1"), "margin": 0.5}, index=encoded.index
    )
    return encoded, membership, plan_interviews(encoded, membership, per_segment=6, reserves=1)


def freeze(plan, folder, **changes):
    sheet = plan_sheet(plan, "company_id").map(make_safe)
    sheet["frozen"] = f"2026Q1 {stamp_of(sheet, 'company_id')}"
    for column, values in changes.items():
        sheet.loc[list(range(len(values))), column] = values
    file = folder / "interview_plan.csv"
    sheet.to_csv(file, index=False)
    return file


def test_read_interview_plan_of_the_export_is_accepted_with_answers(plan, tmp_path):
    _, membership, made = plan
    file = freeze(made, tmp_path, answer=["came", "refused"], answered_on=["2026-04-02", "2026-04-03"])
    sheet = read_interview_plan(file, unit="company_id", units=set(membership.index))
    assert len(sheet) == 24 and sheet["answer"].tolist()[:3] == ["came", "refused", ""]
    assert sheet["answered_on"].iloc[0] == pd.Timestamp("2026-04-02")


def test_read_interview_plan_that_was_changed_is_refused(plan, tmp_path):
    file = freeze(plan[2], tmp_path)
    file.write_text(file.read_text().replace(",core,", ",deviant,", 1))
    with pytest.raises(DataContractError, match="rows were changed, added or removed after the plan was frozen"):
        read_interview_plan(file, unit="company_id")
    lines = freeze(plan[2], tmp_path).read_text().splitlines()
    file.write_text("\n".join(lines[:-1]))
    with pytest.raises(DataContractError, match="freeze a new plan under a new name"):
        read_interview_plan(file, unit="company_id")


def test_read_interview_plan_names_every_problem_of_the_log(plan, tmp_path):
    file = freeze(
        plan[2], tmp_path, answer=["cam", "refused", "", "no show", "came"],
        answered_on=["2026-04-02", "", "2026-04-03", "4 April", "2026-04-05"],
    )  # fmt: skip
    with pytest.raises(DataContractError, match="5 problems in the input") as caught:
        read_interview_plan(
            file, unit="company_id", units={f"u{i:02d}" for i in range(80)} - {pd.read_csv(file)["company_id"][4]}
        )
    text = str(caught.value)
    assert (
        "row 2, column 'answer': not known here; got 'cam'; allowed: came, refused, no show, no answer. Did you mean 'came'?"
        in text
    )
    assert (
        "row 3, column 'answered_on': an answer needs its date" in text
        and "row 4, column 'answer': a date needs its answer" in text
    )
    assert (
        "row 5, column 'answered_on': not a date; got '4 April'" in text
        and "row 6, column 'company_id': no such company_id" in text
    )


def test_read_interview_plan_missing_column_and_two_plans_in_one(plan, tmp_path):
    file = freeze(plan[2], tmp_path)
    pd.read_csv(file, dtype=str).drop(columns="answer").to_csv(file, index=False)
    with pytest.raises(DataContractError, match="column 'answer': column is missing"):
        read_interview_plan(file, unit="company_id")
    with pytest.raises(DataContractError, match="every row must carry the one stamp"):
        read_interview_plan(freeze(plan[2], tmp_path, frozen=["2025Q4 000000000000"]), unit="company_id")


def test_measure_fieldwork_counts_by_hand(plan, tmp_path, study):
    encoded, membership, made = plan
    # The first twelve rows are S1 (six asked, six reserves). Four came, two refused, one did not show up, one did not answer.
    answers = ["came"] * 4 + ["refused"] * 2 + ["no show", "no answer"]
    sheet = read_interview_plan(
        freeze(made, tmp_path, answer=answers, answered_on=["2026-04-02"] * 8), unit="company_id"
    )
    features = pd.DataFrame({"employees": 10.0}, index=encoded.index)
    features.loc[sheet["company_id"].iloc[:4], "employees"] = [50.0, 52.0, 54.0, 56.0]
    today = membership.copy()
    today.loc[sheet["company_id"].iloc[0], "segment"] = "S2"
    today = today.drop(sheet["company_id"].iloc[1])
    work = measure_fieldwork(
        sheet, study, features, today, interviewed=frozenset(sheet["company_id"].iloc[:3]) | {"u99"}, fresh=made
    )
    row = work.quotas.iloc[0]
    assert (row["wanted"], row["invited"], row["came"], row["refused"], row["no show"], row["no answer"]) == (
        6,
        8,
        4,
        2,
        1,
        1,
    )
    assert (
        row["short"] == 2
        and row["rate"] == 0.5
        and (row["lower"], row["upper"]) == pytest.approx((0.2152, 0.7848), abs=1e-4)
    )
    assert (work.same, work.moved, work.gone, work.again) == (22, 1, 1, 24)
    assert work.silent == (sheet["company_id"].iloc[3],) and work.unplanned == ("u99",)
    bend = work.bends.iloc[0]
    assert (bend["variable"], bend["came"], bend["others"]) == (
        "number of employees",
        pytest.approx(53),
        pytest.approx(10),
    )
    assert bend["bends"] and tabulate_refusals(work).frame["n"].iloc[0] == "4 and 4"
    text = str(describe_fieldwork(work))
    assert "8 were invited and 4 came: 50 %" in text and "number of employees (53.0 against 10.0" in text
    assert "The quota was not reached in S1 (4 of 6) and S2 (0 of 6)" in text and "1 in another and 1 in none" in text
    assert tabulate_fieldwork(work).frame["Came of invited"].tolist() == ["50 %", "–"]


def test_describe_fieldwork_explains_more_interviews_than_came(plan, tmp_path, study):
    encoded, membership, made = plan
    sheet = read_interview_plan(
        freeze(made, tmp_path, answer=["came"] * 3, answered_on=["2026-04-02"] * 3), unit="company_id"
    )
    one, two, three = sheet["company_id"].iloc[:3]
    features = pd.DataFrame({"employees": 10.0}, index=encoded.index)

    def told(*units):
        return str(describe_fieldwork(measure_fieldwork(sheet, study, features, membership, interviewed=units)))

    assert "interviewed and" not in told(one, two, three)  # as many as came: nothing to explain
    text = told(one, two, two, three, three, "u99", None)
    assert (
        f"7 people were interviewed and 3 came by the plan. They are one each of 3 {study.units} in the plan, 2 further people of the "
        f"same {study.units}, whom the plan does not count, 1 of {study.units} outside the plan and 1 whose place is not known."
    ) in text
    assert f"1 further person of the same {study.units}" in told(one, two, three, three)


def test_measure_fieldwork_few_people_are_not_compared(plan, tmp_path, study):
    encoded, membership, made = plan
    sheet = read_interview_plan(
        freeze(made, tmp_path, answer=["came", "refused"], answered_on=["2026-04-02"] * 2), unit="company_id"
    )
    work = measure_fieldwork(
        sheet, study, pd.DataFrame({"employees": range(80)}, index=encoded.index, dtype=float), membership
    )
    assert work.bends["came"].isna().all() and "too few to compare them" in str(describe_fieldwork(work))


def test_measure_fieldwork_nobody_invited_and_no_plan(plan, tmp_path, study):
    encoded, membership, made = plan
    sheet = read_interview_plan(freeze(made, tmp_path), unit="company_id")
    assert "Nobody has been invited yet" in str(
        describe_fieldwork(measure_fieldwork(sheet, study, encoded, membership))
    )
    nothing = measure_fieldwork(None, study, encoded, membership)
    assert describe_fieldwork(nothing).kind == "absent" and tabulate_fieldwork(nothing).frame.empty
    assert read_interview_plan(tiny_study()) is None
