"""What the page asks of this room, on a study that has everything and on one that has nothing of it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.activation import (
    describe_audiences,
    describe_closeness,
    describe_keeping,
    describe_membership_history,
    describe_upsert,
    export_lookalikes,
    gather_audiences,
    list_audiences,
    measure_closeness,
    measure_flicker,
    membership_history,
    rank_lookalikes,
    tabulate_closeness,
    tabulate_keeping,
)
from segmentation.activation.export import export_segments
from segmentation.activation.lookalike import Ranked
from segmentation.activation.safe import restore_text
from segmentation.dataset import Dataset
from segmentation.display import Reading
from segmentation.errors import DataContractError
from segmentation.figures.activation import plot_recovery
from segmentation.figures.exhibit import Exhibit
from segmentation.period import Period
from segmentation.study.activation import Activation
from segmentation.workspace import Workspace

from .test_lookalike import QUARTER, make_study, plant


@pytest.fixture
def run(clouds, tmp_path) -> Workspace:
    """A run folder in which 02_segments is done; nothing of activation is declared."""
    found = Workspace(clouds.study, Period.parse("2026Q3"), "07_activation", tmp_path / "reports/clouds/.work/2026Q3")
    found.results.mkdir(parents=True)
    found.write("membership", clouds.membership)
    found.write_json("solution", {"solution": clouds.solution.to_dict(), "encoder": clouds.encoder.to_dict()})
    return found


@pytest.fixture
def data(clouds) -> Dataset:
    return Dataset("clouds", "unit_id", Period.parse("2026Q3"), {}, ())


def test_export_segments_a_broken_writer_puts_nothing_in_place(run, clouds, monkeypatch):
    monkeypatch.setattr("segmentation.activation.export.format_salesforce", lambda *a, **k: b"Id,Segment\r\n")
    with pytest.raises(DataContractError, match=r"segments_salesforce\.csv: header is not the platform's"):
        export_segments(run, clouds.membership)
    assert not (run.results / "exports").exists()


def enter(run: Workspace, period: str, membership: pd.DataFrame, name: str = "clouds") -> None:
    entry = Workspace(run.study, Period.parse(period), "ledger", run.ledger / f"period={period}")
    entry.results.mkdir(parents=True)
    entry.write("membership", membership)
    entry.write_json("solution", {"solution": {**run.read_json("solution")["solution"], "name": name}})


def test_nothing_declared_is_absent_and_no_error(clouds, run, data):
    audiences = gather_audiences(run, data, clouds.membership)
    assert not audiences.has_people and audiences.plan.empty and len(audiences.holdout) == len(clouds.people)
    assert rank_lookalikes(run, data, clouds.people, clouds.people) is None
    export_lookalikes(run, None, audiences)
    assert not (run.results / "exports").exists()
    assert measure_flicker(run, clouds.people.iloc[:0], clouds.people, clouds.membership) is None
    assert describe_keeping(None, clouds.study).kind == "absent" and tabulate_keeping(None, clouds.study).frame.empty
    assert isinstance(plot_recovery(None), Reading)
    history = membership_history(run, clouds.membership)
    assert set(history["event"]) == {"entered"} and describe_membership_history(history).kind == "absent"


def test_nobody_in_a_segment_is_absent_everywhere(clouds, run, data):
    nobody = clouds.membership.assign(segment=None)
    close = measure_closeness(run, clouds.people, nobody)
    assert describe_closeness(close, clouds.study).kind == "absent" and tabulate_closeness(close).frame.empty
    keeping = measure_flicker(run, clouds.people, clouds.people, nobody)
    assert (
        describe_keeping(keeping, clouds.study).kind == "absent" and tabulate_keeping(keeping, clouds.study).frame.empty
    )
    assert "held out" not in str(describe_audiences(gather_audiences(run, data, nobody), clouds.study))


def test_measure_closeness_and_its_words(clouds, run):
    close = measure_closeness(run, clouds.people, clouds.membership)
    told = str(describe_closeness(close, clouds.study))
    assert "of 270 accounts in a segment are near nobody" in told and "By this rule about 1%" in told
    table = tabulate_closeness(close).frame
    assert table["segment"].tolist() == ["S1", "S2", "S3"] and table["n"].tolist() == ["120", "90", "60"]


def test_measure_flicker_lays_one_solution_over_both_quarters(clouds, run):
    moved = clouds.people.copy()
    moved.iloc[:12] = clouds.people.iloc[150:162].to_numpy()
    keeping = measure_flicker(run, moved, clouds.people, clouds.membership)
    assert keeping.set_index("margin").at[0.0, "moved"] == 12 and keeping["units"].eq(270).all()
    assert "12 would change their segment" in str(describe_keeping(keeping, clouds.study))
    assert "0.1 (the study asks this)" in tabulate_keeping(keeping, clouds.study).frame["margin asked"].tolist()


def test_export_segments_files_and_their_formats(clouds, run):
    held = pd.Series(False, index=clouds.membership.index)
    held.iloc[0] = True
    rows = export_segments(run, clouds.membership, held)
    folder = run.results / "exports"
    assert sorted(p.name for p in folder.iterdir()) == [
        "assign_segments.sql", "posthog_S1.csv", "posthog_S2.csv", "posthog_S3.csv", "segments_hubspot.csv", "segments_identify.jsonl",
        "segments_salesforce.csv",
    ]  # fmt: skip
    table = list(csv.DictReader(io.StringIO((folder / "segments_hubspot.csv").read_bytes().decode(), newline="")))
    assert len(rows) == len(table) == 270 and [row["Segment holdout"] for row in table[:2]] == ["true", "false"]
    cohort = (folder / "posthog_S1.csv").read_bytes().decode().split("\r\n")
    assert (
        cohort[0] == "distinct_id" and restore_text(cohort[1]) == "A0001" and len(cohort) == 121
    )  # one held out, one line end


def test_export_segments_suppressed_units_and_people_are_in_no_file(clouds, run, tmp_path):
    listed = tmp_path / "objections.csv"
    listed.write_text("unit,id\nA0001,\n,U7\n")
    study = run.study.model_copy(update={"folder": tmp_path, "activation": Activation(suppression="objections.csv")})
    quiet = replace(run, study=study)
    users = pd.DataFrame({"user_id": ["U1", "U7"], study.unit: ["A0001", "A0002"]})
    rows = export_segments(quiet, clouds.membership, None, users)
    folder = quiet.results / "exports"
    assert len(rows) == 269
    for path in folder.iterdir():
        text = path.read_text()
        assert "A0001" not in text and "U7" not in text, path.name
    assert "1 on the suppression list is in no file" in str(describe_upsert(rows, clouds.membership, units="accounts"))


def test_membership_history_says_who_moved_when_and_why(clouds, run):
    first, second = clouds.membership.copy(), clouds.membership.copy()
    first = first.drop(index=["A0003"])
    first.loc["A0000", "segment"] = "S2"
    first.loc["A0001", ["segment", "basis"]] = ["S2", "placed"]
    second = second.drop(index=["A0002"])
    now = clouds.membership.assign(kept=clouds.membership.index == "A0005")
    enter(run, "2026Q1", first)
    enter(run, "2026Q2", second)
    enter(run, "2026Q4", second)  # a later quarter is not the past
    found = membership_history(run, now)
    assert sorted(found["period"].unique()) == ["2026Q1", "2026Q2", "2026Q3"]
    told = found.set_index(["unit", "period"])
    assert told.loc[("A0000", "2026Q2"), ["before", "segment", "event"]].tolist() == [
        "S2",
        now.at["A0000", "segment"],
        "moved",
    ]
    assert told.at[("A0000", "2026Q2"), "why"].startswith("nearer to")
    assert told.at[("A0001", "2026Q2"), "why"] == "other variables are known: placed before, fitted now"
    assert told.loc[("A0002", "2026Q2"), ["event", "why"]].tolist() == ["left", "no longer in the data"]
    assert told.at[("A0002", "2026Q3"), "event"] == "returned" and told.at[("A0003", "2026Q2"), "event"] == "entered"
    assert told.at[("A0005", "2026Q3"), "why"].endswith("is nearer, but not by the margin asked")
    assert "over 3 quarters, from 2026Q1 to 2026Q3" in str(describe_membership_history(found, units="accounts"))


def test_membership_history_with_a_ledger_of_another_study_is_refused(clouds, run):
    enter(run, "2026Q2", clouds.membership, name="other")
    with pytest.raises(DataContractError, match="the ledger is of another study; got 'other'; allowed: clouds"):
        membership_history(run, clouds.membership)


@pytest.fixture(scope="module")
def ranked() -> Ranked:
    from segmentation.activation.lookalike import find_lookalikes

    values, times = plant({"a": 1.2, "b": -1.2, "c": 1.2})
    return find_lookalikes(values, values, times, make_study(bands=(0.05, 0.2)), QUARTER)


def test_rank_lookalikes_reads_seeds_from_events(run):
    values, times = plant({"a": 1.2, "b": -1.2, "c": 1.2})
    events = pd.DataFrame({"unit_id": times.index, "event": "webinar", "timestamp": times.to_numpy()})
    study = make_study(bands=(0.05, 0.2))
    other = Workspace(study, QUARTER, "07_activation", run.folder)
    found = rank_lookalikes(other, Dataset("clouds", "unit_id", QUARTER, {"events": events}, ()), values, values)
    assert found.verdict == "beats the rule" and found.hidden == (times > QUARTER.start).sum()


def test_export_lookalikes_only_if_it_beats_chance(clouds, run, data, ranked):
    from dataclasses import replace

    audiences = gather_audiences(run, data, clouds.membership)
    export_lookalikes(run, replace(ranked, verdict="beats nothing"), audiences)
    assert not (run.results / "exports" / "lookalikes.csv").exists()
    export_lookalikes(run, ranked, audiences)
    rows = list(
        csv.DictReader(io.StringIO((run.results / "exports" / "lookalikes.csv").read_bytes().decode(), newline=""))
    )
    assert [row["place"] for row in rows[:2]] == ["1", "2"] and len(rows) == int(np.ceil(0.2 * len(ranked.ranking)))


def test_plot_recovery_draws_what_the_table_says(ranked):
    exhibit = plot_recovery(ranked, units="accounts", source="study s")
    assert isinstance(exhibit, Exhibit) and len(exhibit.figure.data) == 3
    assert list(exhibit.figure.data[0].y) == ranked.recovery["model"].tolist()
    assert (
        f"{ranked.recovery['model'].iloc[-1]:.0%} of the later ones" in exhibit.alt
        and f"n = {ranked.hidden}" in exhibit.caption
    )


def test_list_audiences_names_those_with_members(clouds, run, ranked):
    close = measure_closeness(run, clouds.people, clouds.membership)
    found = list_audiences(clouds.membership, ranked, close)
    assert list(found)[:3] == ["S1", "S2", "S3"] and len(found["lookalikes"]) == int(np.ceil(0.2 * len(ranked.ranking)))
    assert len(found["S1"]) == 120 and all(len(units) for units in found.values())
