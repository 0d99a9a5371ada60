"""Quarter after quarter with a ledger: ids stay, the refit is a shadow, and what the six quarters of the sample gave is on record."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from segmentation.clustering.solution import Solution, assign_segments, fit_segments
from segmentation.features import build_features, fit_encoder
from segmentation.period import Period
from segmentation.reporting.kernel import execute_notebook
from segmentation.reporting.ledger import enter_ledger
from segmentation.sources import read_sources
from segmentation.study import load_study
from segmentation.workspace import Workspace, open_workspace

from ..conftest import PROJECT
from .tiny import write_tiny_study

RECORD = PROJECT / "benchmarks/results/six_quarters.json"
PLANTED = {"S1": "dispatch", "S2": "cash", "S3": "proof", "S4": "connect", "S5": "simple"}


@pytest.fixture(scope="module")
def record() -> dict:
    return json.loads(RECORD.read_text("utf-8"))


def test_six_quarters_keep_the_identity_of_every_segment(record):
    quarters = record["quarters"]
    assert [row["quarter"] for row in quarters] == ["2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    for row in quarters:
        assert {
            segment: found["planted"] for segment, found in row["segments"].items() if segment in PLANTED
        } == PLANTED


def test_six_quarters_find_the_sixth_segment_when_it_forms(record):
    assert [set(row["segments"]) - set(PLANTED) for row in record["quarters"]] == [set()] * 4 + [{"S6"}] * 2
    formed = record["quarters"][4]
    assert formed["taken"] == "accepted" and formed["states"] == {"survives": 5, "new": 1}
    assert formed["segments"]["S6"]["planted"] == "contracts" and formed["segments"]["S6"]["share"] > 0.8


def test_six_quarters_find_the_harmed_segment_and_no_other(record):
    verdicts = {segment: found["verdict"] for segment, found in record["campaign"].items()}
    assert verdicts == dict.fromkeys(("S2", "S3", "S5", "S6"), "no clear difference") | {"S1": "helped", "S4": "harmed"}


def test_six_quarters_tell_real_moves_from_noise_in_every_world(record):
    sample = [row["moves"] for row in record["quarters"][1:]]
    worlds = [sample, *record["worlds"].values()]
    every = [moves for world in worlds for moves in world]
    assert len(every) == 5 * len(worlds) >= 15
    held = [moves["lower"] <= moves["planted"] <= moves["upper"] for moves in every]
    assert all(held[:5]) and sum(held) >= 0.8 * len(
        held
    )  # a solution that cuts planted segments in parts overstates the rate
    assert all(moves["noise"] > moves["planted"] and moves["seen"] > 1.7 * moves["planted"] for moves in every)
    clear = sum(moves["clear"] for moves in every)
    assert sum(moves["precision"] * moves["clear"] for moves in every) / clear > 0.9  # as it promises
    assert all(moves["precision"] > 0.8 and moves["recall"] > 0.6 for moves in every)


def test_six_quarters_probabilities_of_moves_rise_with_the_truth(record):
    found = [row["real"] for row in record["calibration"]]
    assert found == sorted(found) and found[0] < 0.05 and found[-1] > 0.93


def _publish_first(folder: Path) -> Solution:
    """Last quarter as its report left it: a membership and a solution in the ledger."""
    study, period = load_study(folder), Period.parse("2026Q1")
    features = build_features(read_sources(study, period), study).values
    encoder = fit_encoder(features, study.base)
    encoded = encoder.encode(features)
    solution = fit_segments(encoded, 3, choices=study.choices, name=study.study)
    run = Workspace(study, period, "02_segments", folder / "reports/.work/2026Q1")
    run.write("membership", assign_segments(solution, encoded))
    run.write_json("solution", {"solution": solution.to_dict(), "encoder": encoder.to_dict()})
    enter_ledger(study, period, run.folder, folder / "reports")
    return solution


def _run(folder: Path, stage: str, period: str) -> Workspace:
    parameters = {
        "study": str(folder / "study.yaml"),
        "period": period,
        "run_folder": str(folder / "reports/.work" / period),
    }
    error = execute_notebook(PROJECT / f"notebooks/{stage}.ipynb", folder / f"{stage}.ipynb", parameters)
    assert error is None, error
    return open_workspace(stage, **parameters)


def test_second_quarter_is_scored_by_the_ledger_and_begins_with_what_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_tiny_study(tmp_path / "tiny")
    frozen = _publish_first(folder)
    for stage in ("01_data", "02_segments", "06_tracking", "08_since_last_quarter"):
        run = _run(folder, stage, "2026Q2")
    shadow = run.read_json("shadow")
    assert shadow["origin"] == "frozen" and {state["state"] for state in shadow["states"]} == {"survives"}
    pd.testing.assert_frame_equal(Solution.from_dict(run.read_json("solution")["solution"]).centres, frozen.centres)
    assert (run.read("identity")["state"] == "survives").all()
    moves = run.read("moves_noise").set_index("from").loc["all"]
    assert (
        moves["n"] == moves["clear"] == 15 and moves["real"] > 14.9
    )  # the fifteen accounts that change sides between the quarters
    assert run.read_json("summary_08_since_last_quarter")["first"]["text"].startswith("Since 2026Q1, ")
