"""What a published report leaves for the next quarter: written once, kept when it changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.period import Period
from segmentation.reporting.ledger import enter_ledger
from segmentation.study import Study
from segmentation.tracking import HYPOTHESIS_COLUMNS, recall_hypotheses
from segmentation.workspace import Workspace

STUDY = {
    "study": "toy", "unit": "company_id", "sources": {"events": {"path": "e.csv", "format": "segment.tracks"}},
    "variables": [{"name": name, "from": "events", "kind": "behavioural", "role": "base"} for name in "ab"],
    "segmentations": {"main": {"base": ["a", "b"]}},
}  # fmt: skip
Q3 = Period.parse("2026Q3")


@pytest.fixture
def run(tmp_path):
    study = Study.model_validate(STUDY)
    made = Workspace(study, Q3, "06_tracking", tmp_path / ".work" / "2026Q3")
    made.write("membership", pd.DataFrame({"segment": ["S1"]}, index=pd.Index(["c1"], name="company_id")))
    made.write_json("solution", {"solution": {"name": "toy", "segments": ["S1"]}})
    return made


def hypotheses(verdict: str) -> pd.DataFrame:
    numbers = dict.fromkeys(("size", "n_control", "n_arm", "lift", "lower", "upper"), np.nan)
    row = (
        dict.fromkeys(HYPOTHESIS_COLUMNS, "x")
        | numbers
        | {"study": "toy", "quarter": "2026Q3", "version": 1, "verdict": verdict}
    )
    return pd.DataFrame([row])


def test_enter_ledger_keeps_hypotheses_and_a_rerun_changes_nothing(run, tmp_path):
    run.write("hypotheses", hypotheses("supported"))
    for _ in range(2):
        enter_ledger(run.study, Q3, run.folder, tmp_path)
    folder = tmp_path / "ledger" / "period=2026Q3"
    assert not list(folder.glob("superseded-*"))
    later = Workspace(run.study, Period.parse("2026Q4"), "06_tracking", tmp_path / ".work" / "2026Q4")
    assert recall_hypotheses(later)["verdict"].tolist() == ["supported"]


def test_enter_ledger_keeps_the_old_log_beside_a_changed_one(run, tmp_path):
    for verdict in ("supported", "refuted"):
        run.write("hypotheses", hypotheses(verdict))
        enter_ledger(run.study, Q3, run.folder, tmp_path)
    old = pd.read_parquet(tmp_path / "ledger" / "period=2026Q3" / "superseded-1" / "hypotheses.parquet")
    assert old["verdict"].tolist() == ["supported"]


def test_enter_ledger_without_hypotheses_as_before(run, tmp_path):
    enter_ledger(run.study, Q3, run.folder, tmp_path)
    assert not (tmp_path / "ledger" / "period=2026Q3" / "results" / "hypotheses.parquet").exists()
