"""New people from a file, by the published solution."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from segmentation.activation.newcomers import assign_people, describe_assigned, read_people, write_assigned
from segmentation.activation.published import open_published, recall_ledger
from segmentation.activation.reach import learn_reach, segment_distances
from segmentation.errors import DataContractError, ParameterError
from segmentation.period import Period
from segmentation.workspace import Workspace

GOOD = "unit_id,need,days,part\nN1,2.1,11,0.21\nN2,7.9,,0.8\nN3,,,\n"


@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "new.csv"):
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return write


@pytest.fixture
def reports(clouds, tmp_path):
    """A published report of the clouds, as far as assigning needs it, with an earlier entry in the ledger."""
    root = tmp_path / "reports" / "clouds"
    for folder in (root / "2026Q3", root / "ledger" / "period=2026Q2"):
        run = Workspace(clouds.study, Period.parse("2026Q3"), "02_segments", folder)
        run.results.mkdir(parents=True)
        run.write("membership", clouds.membership)
        run.write("features", clouds.people)
        run.write_json("solution", {"solution": clouds.solution.to_dict(), "encoder": clouds.encoder.to_dict()})
    (root / "2026Q3" / "manifest.json").write_text(json.dumps({"study": "clouds"}))
    return root


def test_read_people_csv_and_parquet_agree(clouds, file, tmp_path):
    found = read_people(file(GOOD), clouds.study, clouds.encoder)
    assert found.index.tolist() == ["N1", "N2", "N3"] and found.loc["N1"].tolist() == [2.1, 11.0, 0.21]
    assert found.loc["N3"].isna().all() and pd.isna(found.at["N2", "days"])
    found.reset_index().to_parquet(tmp_path / "new.parquet")
    pd.testing.assert_frame_equal(read_people(tmp_path / "new.parquet", clouds.study, clouds.encoder), found)


def test_read_people_number_ids_are_text(clouds, tmp_path):
    table = pd.DataFrame({"unit_id": [7, 12], "need": [1.0, 2.0], "days": [3, 4], "part": [0.1, 0.2]})
    table.to_parquet(tmp_path / "n.parquet")
    assert read_people(tmp_path / "n.parquet", clouds.study, clouds.encoder).index.tolist() == ["7", "12"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit_id,need,dayz,part\nN1,1,2,0.1\n", r"row 1, column 'days': this column is missing. Is it 'dayz'\?"),
        ("unit_id,need,days,part,Email\nN1,1,2,0.1,x\n", "column 'Email': the solution does not use this column.*--ignore-others"),
        ("need,days,part\n1,2,0.1\n", "column 'unit_id': this column is missing"),
        ("unit_id,need,days,part,need\nN1,1,2,0.1,1\n", "column 'need': column stands twice"),
        ("unit_id,need,days,part\nN1,1,2,0.1\nN1,1,2,0.1\n", "row 2, 3, column 'unit_id': id stands more than once; got 'N1'"),
        ("unit_id,need,days,part\n,1,2,0.1\n", "row 2, column 'unit_id': 1 row without an id"),
        ("unit_id,need,days,part\nN1,many,2,0.1\n", "row 2, column 'need': not a number; got 'many'"),
        ("unit_id,need,days,part\nN1,inf,2,0.1\n", "row 2, column 'need': not a finite number"),
        ("unit_id,need,days,part\nN1,1,-2,0.1\n", "row 2, column 'days': cannot be; got '-2'; allowed: 0 or more"),
        ("unit_id,need,days,part\nN1,1,2,1.1\n", "row 2, column 'part': cannot be; got '1.1'; allowed: 0 to 1"),
        ("unit_id,need,days,part\nN1,1,2\n", "row 2: 1 rows do not have 4 cells"),
        ("unit_id,need,days,part\n", "has a header but no rows"),
        ("", "is empty"),
    ],
)  # fmt: skip
def test_read_people_bad_file_says_where_and_what(clouds, file, text, message):
    with pytest.raises(DataContractError, match=message):
        read_people(file(text), clouds.study, clouds.encoder)


def test_read_people_all_problems_at_once(clouds, file):
    with pytest.raises(DataContractError) as caught:
        read_people(file("unit_id,need,days,part\nN1,x,-2,7\nN1,y,1,0.5\n"), clouds.study, clouds.encoder)
    assert len(caught.value.violations) == 4 and "2 values: not a number" in str(caught.value)


def test_read_people_other_columns_may_be_ignored(clouds, file):
    text = "unit_id,need,days,part,Email\nN1,1,2,0.1,x\n"
    assert list(read_people(file(text), clouds.study, clouds.encoder, ignore_others=True)) == ["need", "days", "part"]


@pytest.mark.parametrize(("name", "message"), [("no.csv", "no such file"), ("new.xlsx", "ends? in '.xlsx'")])
def test_read_people_not_a_table(clouds, file, name, message):
    if name != "no.csv":
        file("x", name)
    with pytest.raises(DataContractError, match=message):
        read_people(file("").with_name(name), clouds.study, clouds.encoder)


def test_assign_people_then_file_reads_back(clouds, file, tmp_path):
    people = read_people(file(GOOD), clouds.study, clouds.encoder)
    reach = learn_reach(segment_distances(clouds.solution, clouds.encoded), clouds.membership)
    placed = assign_people(clouds.solution, clouds.encoder, people, reach)
    assert placed.membership["basis"].tolist() == ["fitted", "placed", "unplaced"]
    assert placed.membership["segment"].isna().tolist() == [False, False, True]
    write_assigned(placed, tmp_path / "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline="")))
    assert [row["unit_id"] for row in rows] == ["N1", "N2", "N3"] and rows[0]["near_nobody"] == "false"
    assert float(rows[0]["probability"]) > 0.99 and rows[2]["segment"] == ""
    write_assigned(placed, tmp_path / "out.parquet")
    back = pd.read_parquet(tmp_path / "out.parquet").set_index("unit_id")
    assert back["segment"].equals(placed.membership["segment"].astype(back["segment"].dtype))
    said = "\n".join(describe_assigned(placed, units="accounts"))
    assert "3 accounts read" in said and "99% of its members" in said


def test_write_assigned_other_ending_writes_nothing(clouds, file, tmp_path):
    people = read_people(file(GOOD), clouds.study, clouds.encoder)
    reach = learn_reach(segment_distances(clouds.solution, clouds.encoded), clouds.membership)
    with pytest.raises(ParameterError, match=r"must end in \.csv or \.parquet; got out\.xlsx"):
        write_assigned(assign_people(clouds.solution, clouds.encoder, people, reach), tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()


def test_open_published_gives_the_frozen_solution(clouds, reports):
    frozen = open_published(clouds.study, None, reports)
    assert str(frozen.period) == "2026Q3" and frozen.solution.to_dict() == clouds.solution.to_dict()
    assert frozen.reach.members.sum() == len(clouds.people)


def test_open_published_of_another_study_is_refused(clouds, reports):
    (reports / "2026Q3" / "manifest.json").write_text(json.dumps({"study": "other"}))
    with pytest.raises(DataContractError, match="the report is of another study; got 'other'; allowed: clouds"):
        open_published(clouds.study, "2026Q3", reports)


def test_open_published_of_other_base_variables_is_refused(clouds, reports):
    fewer = {"main": clouds.study.segmentation.model_copy(update={"base": ("need", "days")})}
    study = clouds.study.model_copy(update={"segmentations": fewer})
    with pytest.raises(
        DataContractError, match="column 'part': the solution was formed on a variable the study does not have"
    ):
        open_published(study, "2026Q3", reports)


def test_open_published_changed_bytes_are_refused(clouds, reports):
    file = reports / "2026Q3" / "results" / "solution.json"
    file.write_text(file.read_text().replace("clouds", "cloudz"))
    with pytest.raises(DataContractError, match="its bytes are not those that were written"):
        open_published(clouds.study, "2026Q3", reports)


@pytest.mark.parametrize(
    ("period", "message"), [("2026Q1", "has no report for 2026Q1; there are 2026Q3"), ("Q3", "must be a quarter")]
)
def test_open_published_of_no_such_period(clouds, reports, period, message):
    with pytest.raises(ParameterError, match=message):
        open_published(clouds.study, period, reports)


def test_recall_ledger_gives_last_members(clouds, reports):
    found = recall_ledger(clouds.study, reports, "2026Q2", Period.parse("2026Q3"), clouds.solution)
    assert found.equals(clouds.membership["segment"].dropna().astype(str))


@pytest.mark.parametrize("period", ["2026Q3", "2027Q1"])
def test_recall_ledger_period_out_of_order(clouds, reports, period):
    with pytest.raises(
        DataContractError, match=rf"period out of order; got '{period}'; allowed: before 2026Q3; the ledger has 2026Q2"
    ):
        recall_ledger(clouds.study, reports, period, Period.parse("2026Q3"), clouds.solution)


def test_recall_ledger_without_that_period(clouds, reports):
    with pytest.raises(ParameterError, match="has no entry for 2025Q4; it has 2026Q2"):
        recall_ledger(clouds.study, reports, "2025Q4", Period.parse("2026Q3"), clouds.solution)


def test_recall_ledger_of_another_study(clouds, reports):
    entry = Workspace(clouds.study, Period.parse("2026Q2"), "02_segments", reports / "ledger" / "period=2026Q2")
    other = {**clouds.solution.to_dict(), "name": "other"}
    entry.write_json("solution", {"solution": other, "encoder": clouds.encoder.to_dict()})
    with pytest.raises(DataContractError, match="it is of another study; got 'other'; allowed: clouds"):
        recall_ledger(clouds.study, reports, "2026Q2", Period.parse("2026Q3"), clouds.solution)


def test_recall_ledger_with_segments_never_given_here(clouds, reports):
    entry = Workspace(clouds.study, Period.parse("2026Q2"), "02_segments", reports / "ledger" / "period=2026Q2")
    entry.write("membership", clouds.membership.assign(segment=clouds.membership["segment"].replace("S1", "S77")))
    with pytest.raises(DataContractError, match="its segments S77 were never given here"):
        recall_ledger(clouds.study, reports, "2026Q2", Period.parse("2026Q3"), clouds.solution)
