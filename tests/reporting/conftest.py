"""A line of two tiny real notebooks, run by the real runner in real kernels."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from segmentation.reporting import runner
from segmentation.reporting.stages import Stage
from segmentation.sources.stage import READS

STUDY = """\
study: tiny
title: Tiny study
unit: account_id
sources:
  events: {path: events.csv, format: table, as: events, columns: {account_id: account, event: event, timestamp: time}}
variables:
  - {name: active_days, from: events, kind: behavioural, role: base, measure: active_days}
  - {name: share_a, from: events, kind: behavioural, role: base, measure: share, events: [a]}
segmentations:
  usage: {base: [active_days, share_a]}
"""
PARAMETERS = 'study: str = "study.yaml"  # path\nperiod: str = "2026Q3"  # quarter\nrun_folder: str = ""  # results\n'
OPEN = (
    "from segmentation.workspace import open_workspace\n"
    "from segmentation.display import Callout, Reading, Table, print_facts\n"
    "import pandas as pd\n"
    'run = open_workspace("{stage}", study, period, run_folder)\n'
)
FIRST = OPEN.format(stage="01_first") + 'run.write("numbers", pd.DataFrame({"x": [1.0, 2.0]}));'
SECOND = (
    OPEN.format(stage="02_second")
    + 'total = run.read("numbers")["x"].sum()\nrun.write_json("total", {"total": total});'
)
SHOW = """\
from segmentation.figures.exhibit import Exhibit, draft_figure
import plotly.graph_objects as go
figure = draft_figure(x="unit", y="count")
figure.add_trace(go.Bar(x=["a"], y=[total]))
numbers = Table(pd.DataFrame({"unit": ["a"], "count": [total]}), "Counts. n = 2.")
Exhibit(figure, "Counts by unit. n = 2. Source: events.csv.", f"One bar, {total:.0f} high.", numbers)"""
HOSTILE = """\
Reading(["<script>document.title = 'owned'</script> & [x](javascript:alert(1))"])"""


def write_notebook(path: Path, title: str, *codes: str) -> None:
    cells = [nbformat.v4.new_markdown_cell(f"# {title}\n\nWhat it is for.", id="title")]
    cells.append(nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="parameters"))
    cells += [nbformat.v4.new_code_cell(code, id=f"code-{number}") for number, code in enumerate(codes)]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def write_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the project folder and point the runner and the working directory at it."""
    stages = (Stage("01_first", "First: numbers"), Stage("02_second", "Second: total", needs=("01_first",)))
    (folder / "study.yaml").write_text(STUDY)
    rows = "".join(f"A{n},{kind},2026-07-{day:02d}T10:00:00\n" for n in (1, 2) for day in (1, 2) for kind in "ab")
    (folder / "events.csv").write_text("account,event,time\n" + rows)
    (folder / "reports").mkdir()
    (folder / "notebooks").mkdir()
    write_notebook(folder / "notebooks/01_first.ipynb", "What came in?", FIRST)
    write_notebook(folder / "notebooks/02_second.ipynb", "What is the total?", SECOND, SHOW, HOSTILE)
    for name in ("runner", "publish", "front"):
        monkeypatch.setattr(f"segmentation.reporting.{name}.STAGES", stages)
    monkeypatch.setitem(READS, "01_first", ("*",))
    monkeypatch.setattr(runner, "NOTEBOOKS", tuple(stage.name for stage in stages))
    monkeypatch.setattr(runner, "notebooks_folder", lambda: folder / "notebooks")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a study, two notebooks and an empty reports folder; the runner is pointed at it."""
    return write_line(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports folder after a first run, for all tests that begin after one."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = write_line(tmp_path_factory.mktemp("first"), monkeypatch)
        assert runner.run_report("study.yaml", "2026Q3", reports=folder / "reports").report is not None
    return folder / "reports"


@pytest.fixture
def finished(line: Path, first_run: Path) -> Path:
    """The line after its first run."""
    shutil.copytree(first_run, line / "reports", dirs_exist_ok=True)
    return line
