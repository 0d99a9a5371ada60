"""Decisions made on the bench, honoured by the line: the notebook is run as it stands, before and after somebody decided."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from segmentation.clustering.decided import revise_decisions, segment_names
from segmentation.clustering.decisions import load_decisions, save_decisions
from segmentation.clustering.solution import Solution
from segmentation.reporting.kernel import execute_notebook
from segmentation.workspace import Workspace, open_workspace

from ..conftest import PROJECT
from .tiny import write_tiny_study

PERIOD = "2026Q2"


def run_stage(folder: Path, stage: str) -> Workspace:
    """Run one notebook of the line on the tiny study; returns what it left."""
    parameters = {"study": str(folder / "study.yaml"), "period": PERIOD, "run_folder": str(folder / "run")}
    error = execute_notebook(PROJECT / f"notebooks/{stage}.ipynb", folder / f"{stage}.ipynb", parameters)
    assert error is None, error
    return open_workspace(stage, **parameters)


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_tiny_study(tmp_path / "tiny")


def test_the_line_honours_names_and_merges_and_reports_what_it_cannot(tiny):
    run_stage(tiny, "01_data")
    before = run_stage(tiny, "02_segments")
    found = before.read("membership")
    solution = Solution.from_dict(before.read_json("solution")["solution"])
    one, into, part = solution.segments
    decisions = load_decisions(before.study)
    decided = revise_decisions(
        decisions.about(),
        solution,
        period=PERIOD,
        named={one: ("<b>Planners</b>", "")},
        merged={part: (into, "nobody can tell them apart")},
        by="Ana",
    )
    decided["segments"]["S99"] = {"name": "Gone"}
    save_decisions(decisions, decided)
    after = run_stage(tiny, "02_segments")
    membership = after.read("membership")
    pd.testing.assert_series_equal(membership["unmerged"], found["segment"], check_names=False)
    assert set(membership["segment"].dropna()) == {one, into}
    assert after.read_json("solution")["solution"]["merged"] == {part: into}
    assert segment_names(after) == {one: "<b>Planners</b>"}
    profile = after.read("profile")
    assert set(profile["segment"]) == {one, into}
    page = (tiny / "02_segments.ipynb").read_text("utf-8")
    assert "There is no segment S99 this quarter." in page and f"{part} counts as part of {into}." in page
