"""The runner: real kernels, resumed after a failure, locked, and never a half-written report."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from filelock import FileLock

from segmentation.errors import LockedError, ParameterError
from segmentation.period import Period
from segmentation.reporting import runner
from segmentation.reporting.publish import bundle_report
from segmentation.reporting.render import RenderError
from segmentation.reporting.runner import describe_failure, run_report
from segmentation.study import load_study

from .conftest import FIRST, SECOND, write_notebook

REPORT = "reports/tiny/2026Q3"


def run(line: Path, **options):
    events = []
    result = run_report("study.yaml", "2026Q3", reports=line / "reports", notify=events.append, **options)
    return result, [(event.stage, event.status) for event in events]


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_run_report_first_time_runs_all_and_publishes(line):
    result, events = run(line)
    assert events == [
        ("01_first", "started"),
        ("01_first", "done"),
        ("02_second", "started"),
        ("02_second", "done"),
        ("report", "started"),
        ("report", "done"),
    ]
    assert result.report == line / "reports/tiny/2026Q3"
    assert json.loads((result.report / "results/total.json").read_text()) == {"total": 3.0}
    names = {
        "index.html",
        "01_first.html",
        "02_second.html",
        "manifest.json",
        "assets/plotly.min.js",
        "notebooks/02_second.ipynb",
    }
    assert names <= set(files_of(result.report))


def test_run_report_again_reuses_every_stage(finished):
    before = files_of(finished / REPORT / "results")
    _, events = run(finished)
    assert [event for event in events if event[1] == "started"] == [("report", "started")]
    assert files_of(finished / REPORT / "results") == before


@pytest.mark.parametrize("touch", ["input", "notebook", "study", "result"])
def test_run_report_after_a_change_runs_what_depends_on_it(finished, touch):
    line = finished
    if touch == "input":
        with (line / "events.csv").open("a") as stream:
            stream.write("A3,a,2026-07-03T10:00:00\n")
    elif touch == "notebook":
        write_notebook(line / "notebooks/01_first.ipynb", "What came in?", FIRST + "\n")
    elif touch == "study":
        (line / "study.yaml").write_text((line / "study.yaml").read_text() + "choices: {random_state: 2}\n")
    else:
        (line / "reports/tiny/.work/2026Q3/results/numbers.parquet").write_bytes(b"changed")
    _, events = run(line)
    assert ("01_first", "started") in events


def test_run_report_failing_stage_keeps_report_and_resumes(finished):
    line, report = finished, finished / REPORT
    before = files_of(report)
    write_notebook(line / "notebooks/02_second.ipynb", "What is the total?", SECOND + "\n1 / 0")
    result, events = run(line)
    assert result.report is None and result.failed == ["02_second"] and not result.user_error
    assert ("01_first", "reused") in events and ("02_second", "failed") in events
    assert files_of(report) == before
    assert "ZeroDivisionError" in describe_failure(result)
    assert "ZeroDivisionError" in (line / "reports/tiny/.work/2026Q3/failed/02_second.ipynb").read_text()
    write_notebook(line / "notebooks/02_second.ipynb", "What is the total?", SECOND)
    _, events = run(line)
    assert ("01_first", "reused") in events and ("02_second", "done") in events
    assert not (line / "reports/tiny/.work/2026Q3/failed/02_second.ipynb").exists()


def test_run_report_failing_first_stage_blocks_the_second(line):
    write_notebook(line / "notebooks/01_first.ipynb", "What came in?", "raise ValueError('no')")
    result, events = run(line)
    assert ("02_second", "blocked") in events
    assert "not run because of that: 02_second" in describe_failure(result)


def test_run_report_error_of_the_input_is_a_user_error(line):
    code = "from segmentation.errors import DataContractError, Violation\nraise DataContractError([Violation('bad', file='x.csv')])"
    write_notebook(line / "notebooks/01_first.ipynb", "What came in?", code)
    result, _ = run(line)
    assert result.user_error
    assert "x.csv: bad" in describe_failure(result)


def test_run_report_killed_kernel_is_a_failure(line):
    write_notebook(line / "notebooks/01_first.ipynb", "What came in?", FIRST, "import os\nos.kill(os.getpid(), 9)")
    result, _ = run(line)
    assert result.failed == ["01_first"]
    assert "DeadKernelError" in describe_failure(result)


def test_run_report_stage_without_results_is_a_failure(line):
    write_notebook(line / "notebooks/01_first.ipynb", "What came in?", "1 + 1")
    result, _ = run(line)
    assert "wrote no result" in describe_failure(result)


def test_run_report_while_another_runs_is_refused(line):
    folder = line / "reports/tiny/.work/2026Q3"
    folder.mkdir(parents=True)
    owner = {"process": os.getpid(), "started": "2026-10-01 09:00:00"}
    (folder / "run.owner.json").write_text(json.dumps(owner))
    with (
        FileLock(folder / "run.lock"),
        pytest.raises(LockedError, match=rf"process {os.getpid()} started 2026-10-01 09:00:00"),
    ):
        run(line)


def test_run_report_waits_for_kernels_of_a_killed_run(line, monkeypatch):
    """The owner is dead, yet the lock is held: one of its kernels still lives and could write."""
    monkeypatch.setattr("segmentation.reporting.lock.PATIENCE", 0.2)
    folder = line / "reports/tiny/.work/2026Q3"
    folder.mkdir(parents=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    (folder / "run.owner.json").write_text(json.dumps({"process": gone.pid, "started": "2026-10-01 09:00:00"}))
    began = time.monotonic()
    with FileLock(folder / "run.lock"), pytest.raises(LockedError, match=rf"process {gone.pid}"):
        run(line)
    assert time.monotonic() - began >= 0.2
    result, _ = run(line)
    assert result.report is not None and not (folder / "run.owner.json").exists()


def test_run_report_unknown_stage_or_parameter_is_refused(line):
    with pytest.raises(ParameterError, match="no stage '03_third'; stages are 01_first, 02_second"):
        run(line, start="03_third")
    with pytest.raises(ParameterError, match=r"no parameter 'perod'. Did you mean 'period'\?"):
        run(line, settings={"01_first": {"perod": "2026Q1"}})
    with pytest.raises(ParameterError, match="no notebook '09_none'"):
        run(line, settings={"09_none": {}})


def test_run_report_from_stage_runs_it_and_later_ones(finished):
    _, events = run(finished, start="02_second")
    assert ("01_first", "reused") in events and ("02_second", "started") in events


def test_publish_page_escapes_what_data_say(finished):
    page = (finished / REPORT / "02_second.html").read_text()
    assert "&lt;script&gt;document.title" in page
    assert "javascript:" not in re.sub(r"\[x\]\(javascript:alert\(1\)\)", "", page)
    assert 'http-equiv="Content-Security-Policy"' in page


@pytest.mark.parametrize(
    ("code", "match"),
    [
        ("import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1]))", "without caption and words"),
        ("from IPython.display import HTML\nHTML('<b>x</b>')", "text/html.*does not know"),
        ("import sys\nprint('careful', file=sys.stderr)", "writes a warning"),
    ],
)
def test_publish_output_nobody_can_vouch_for_stops_the_report(finished, code, match):
    line, report = finished, finished / REPORT
    before = files_of(report)
    write_notebook(line / "notebooks/02_second.ipynb", "What is the total?", SECOND, code)
    with pytest.raises(RenderError, match=match):
        run(line)
    assert files_of(report) == before


def test_bundle_report_is_one_file_that_loads_nothing(finished):
    study = load_study("study.yaml")
    path = bundle_report(study, Period.parse("2026Q3"), finished / "reports/tiny")
    text = path.read_text()
    assert not re.search(r"""(?:src|href)=["'](?!#)""", text.split('id="plotly-gz"')[0])
    assert 1_000_000 < len(text) < 3_000_000
    with pytest.raises(ParameterError, match="no report of tiny for 2026Q2"):
        bundle_report(study, Period.parse("2026Q2"), finished / "reports/tiny")


def test_recover_after_a_kill_between_two_renames_restores_the_report(finished):
    report = finished / REPORT
    shutil.move(report, report.with_name(".old-2026Q3"))
    (report.parent / ".publish-2026Q3-abc").mkdir()
    runner.load_study("study.yaml")
    again, _ = run(finished)
    assert (again.report / "index.html").exists()
    assert not list(again.report.parent.glob(".old-*")) and not list(again.report.parent.glob(".publish-*"))
