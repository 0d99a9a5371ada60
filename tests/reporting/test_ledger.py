"""The ledger only grows: nothing of another study, nothing out of order, nothing overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.period import Period
from segmentation.reporting.ledger import check_ledger, enter_ledger, list_ledger
from segmentation.reporting.runner import run_report
from segmentation.study import Study
from segmentation.workspace import Workspace

STUDY = {
    "study": "toy", "unit": "account_id", "sources": {"e": {"path": "e.csv", "format": "table"}},
    "variables": [{"name": name, "from": "e", "kind": "behavioural", "role": "base"} for name in ("a", "b")],
    "segmentations": {"main": {"base": ["a", "b"]}},
}  # fmt: skip


def _study(**changes) -> Study:
    return Study.model_validate({**STUDY, **changes})


def _enter(root: Path, period: str, segment: str = "S1", study: Study | None = None) -> None:
    study = study or _study()
    work = Workspace(study, Period.parse(period), "02_segments", root / ".work" / period)
    work.write("membership", pd.DataFrame({"segment": [segment]}, index=["A1"]))
    work.write_json("solution", {"solution": {"name": study.study, "segments": [segment]}})
    enter_ledger(study, Period.parse(period), work.folder, root)


def _bytes(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted((root / "ledger").rglob("*")) if p.is_file()}


def test_enter_ledger_in_order_grows_and_says_whose_it_is(tmp_path):
    _enter(tmp_path, "2026Q1")
    first = _bytes(tmp_path)
    _enter(tmp_path, "2026Q2", "S2")
    assert [str(period) for period in list_ledger(tmp_path)] == ["2026Q1", "2026Q2"]
    assert json.loads((tmp_path / "ledger/about.json").read_text()) == {"study": "toy", "unit": "account_id"}
    assert first.items() <= _bytes(tmp_path).items()


def test_enter_ledger_latest_entry_that_changes_is_kept_beside_the_new_one(tmp_path):
    _enter(tmp_path, "2026Q1")
    old = (tmp_path / "ledger/period=2026Q1/results/membership.parquet").read_bytes()
    _enter(tmp_path, "2026Q1", "S9")
    assert (tmp_path / "ledger/period=2026Q1/superseded-1/membership.parquet").read_bytes() == old


def test_enter_ledger_entry_that_later_quarters_build_on_is_never_changed(tmp_path):
    _enter(tmp_path, "2026Q1")
    _enter(tmp_path, "2026Q2")
    before = _bytes(tmp_path)
    _enter(tmp_path, "2026Q1")
    assert _bytes(tmp_path) == before
    with pytest.raises(
        DataContractError, match=r"period=2026Q1.*later quarters build on it; got '2026Q1'.*2026Q2 stands on the entry"
    ):
        _enter(tmp_path, "2026Q1", "S9")
    assert _bytes(tmp_path) == before


def test_check_ledger_quarter_out_of_order_is_refused(tmp_path):
    _enter(tmp_path, "2026Q2")
    before = _bytes(tmp_path)
    with pytest.raises(
        DataContractError,
        match=r"comes before one that is already in the ledger; got '2026Q1'; allowed: 2026Q2 or later",
    ):
        _enter(tmp_path, "2026Q1")
    assert _bytes(tmp_path) == before
    check_ledger(_study(), Period.parse("2026Q3"), tmp_path)


def test_check_ledger_of_another_study_names_every_file(tmp_path):
    _enter(tmp_path, "2026Q1")
    _enter(tmp_path, "2026Q2")
    with pytest.raises(DataContractError) as caught:
        check_ledger(_study(study="other", unit="household"), Period.parse("2026Q3"), tmp_path)
    said = str(caught.value)
    assert "4 problems" in said and "column 'unit'" in said and "got 'toy'; allowed: 'other'" in said
    assert said.count("solution.json") == 2 and "another name than 'other'" in said


def test_check_ledger_unreadable_about_is_not_taken_for_ours(tmp_path):
    _enter(tmp_path, "2026Q1")
    (tmp_path / "ledger/about.json").write_text("{")
    with pytest.raises(DataContractError, match="the ledger is of another study"):
        check_ledger(_study(), Period.parse("2026Q2"), tmp_path)


def test_run_report_out_of_order_runs_nothing(line):
    folder = line / "reports/tiny/ledger/period=2026Q4/results"
    folder.mkdir(parents=True)
    with pytest.raises(DataContractError, match="comes before one that is already in the ledger; got '2026Q3'"):
        run_report("study.yaml", "2026Q3", reports=line / "reports")
    assert not (line / "reports/tiny/.work").exists()
