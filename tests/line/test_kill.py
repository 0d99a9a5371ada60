"""kill -9 at every stage, then run again: the same bytes as a run that nobody disturbed; and two quarters in a row."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from segmentation.reporting.stages import NOTEBOOKS

from ..conftest import files_of, run_cli
from .tiny import group_of, write_tiny_study

FIRST = {
    name: f"os.rename .{name}.sha256.json" for name in NOTEBOOKS
}  # the stage's first result lies there, not on record
LEDGER = "os.rename ledger/period=2026Q1/results/"
LAST = {  # while the report is put in place
    "the front door is written": "open /index.html",
    "the ledger gets its solution": f"{LEDGER}solution.json",
    "the ledger gets its members": f"{LEDGER}membership.parquet",
}
CLOCKS = ("manifest.json",)  # the only file of a report that says how long things took


def run(project: Path, period: str, *options: str, **kill) -> tuple[int, str]:
    return run_cli(project, "run", "tiny", "--period", period, *options, **kill)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study, run for two quarters without disturbance."""
    home = tmp_path_factory.mktemp("undisturbed")
    write_tiny_study(home / "tiny")
    (home / "reports").mkdir()
    for period in ("2026Q1", "2026Q2"):
        code, words = run(home, period)
        assert code == 0, words
    return home


@dataclass(frozen=True)
class Killed:
    """A folder whose runs were killed, one after the other, and run to its end: exit code and output of each."""

    project: Path
    starting: tuple[int, str]
    stages: dict[str, tuple[int, str]]
    publishing: dict[str, tuple[int, str]]
    end: tuple[int, str]


@pytest.fixture(scope="module")
def killed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """The same study, its first quarter killed in every stage and while the report is put in place, then run to its end.

    One stage at a time, so that each is still to be run when its turn comes; the sample's run is killed while two run.
    """
    project = tmp_path_factory.mktemp("killed")
    shutil.copytree(home / "tiny", project / "tiny")
    (project / "reports").mkdir()
    return Killed(
        project,
        run(project, "2026Q1", kill_at="cpython.run_module ipykernel_launcher"),
        {name: run(project, "2026Q1", "--jobs", "1", kill_at=moment) for name, moment in FIRST.items()},
        {name: run(project, "2026Q1", kill_at=moment) for name, moment in LAST.items()},
        run(project, "2026Q1"),
    )


def test_killed_runs_were_killed_where_they_should(killed):
    """Every stage was caught between its first result and its end, and so was publishing."""
    for name, (code, words) in [("01_data", killed.starting), *killed.stages.items()]:
        assert code == -9 and f"{name}: running" in words and f"{name}: done" not in words, words
    for moment, (code, words) in killed.publishing.items():
        assert code == -9 and "report: running" in words and "report: reports" not in words, moment


def test_killed_runs_take_up_where_they_were(killed):
    """What was done before a kill is not done again."""
    for place, (_, words) in enumerate(killed.stages.values()):
        assert all(f"{name}: unchanged, reused" in words for name in NOTEBOOKS[: max(0, place - 1)]), words
    for code, words in [*list(killed.publishing.values())[1:], killed.end]:
        assert words.count("unchanged, reused") == len(NOTEBOOKS), code


def test_killed_runs_end_in_the_bytes_of_an_undisturbed_one(home, killed):
    project = killed.project
    assert killed.end[0] == 0, killed.end[1]
    for folder in ("reports/tiny/2026Q1", "reports/tiny/.work/2026Q1/results", "reports/tiny/ledger/period=2026Q1"):
        assert files_of(project / folder, without=CLOCKS) == files_of(home / folder, without=CLOCKS)


def test_killed_runs_leave_nothing_behind(killed):
    project = killed.project
    names = [path.name for path in (project / "reports").rglob("*")]
    assert not [name for name in names if name.endswith(".part") or name.startswith((".publish-", ".old-"))]
    assert "run.owner.json" not in names
    assert not list((project / "reports/tiny/.work/2026Q1/notebooks").glob(".*"))


def test_second_run_reuses_every_stage_and_changes_nothing(home):
    before = files_of(home / "reports/tiny/2026Q2", without=CLOCKS)
    code, words = run(home, "2026Q2")
    assert code == 0 and words.count("unchanged, reused") == len(NOTEBOOKS)
    assert files_of(home / "reports/tiny/2026Q2", without=CLOCKS) == before


def test_failing_run_leaves_the_report_and_says_what_to_mend(home):
    before = files_of(home / "reports/tiny/2026Q2")
    events = home / "tiny/events.csv"
    whole = events.read_text()
    try:
        events.write_text(whole + "A001,planned,soon\n")
        code, words = run(home, "2026Q2")
    finally:
        events.write_text(whole)
    assert code == 2
    assert "events.csv" in words and "'soon'" in words and "Traceback" not in words
    assert files_of(home / "reports/tiny/2026Q2") == before


def membership(home: Path, period: str) -> pd.DataFrame:
    return pd.read_parquet(home / f"reports/tiny/{period}/results/membership.parquet")


def test_two_quarters_keep_segment_ids_by_the_ledger(home):
    """The first group is the largest, then the smallest: numbering by size would rename it, the ledger does not."""
    first, second = membership(home, "2026Q1")["segment"], membership(home, "2026Q2")["segment"]
    names = {}
    for quarter, found in ((1, first), (2, second)):
        groups = pd.Series([group_of(int(str(unit)[1:]), quarter) for unit in found.index], index=found.index)
        names[quarter] = found.groupby(groups).agg(lambda values: values.mode()[0]).to_dict()
        assert (found == groups.map(names[quarter])).mean() > 0.95
    assert names[1] == names[2] and len(set(names[1].values())) == 3
    assert first.value_counts().idxmax() == second.value_counts().idxmin()


def test_two_quarters_are_in_the_ledger_and_told_apart(home):
    ledger = home / "reports/tiny/ledger"
    assert sorted(path.name for path in ledger.iterdir()) == ["about.json", "period=2026Q1", "period=2026Q2"]
    for period in ("2026Q1", "2026Q2"):
        entry = pd.read_parquet(ledger / f"period={period}/results/membership.parquet")
        pd.testing.assert_frame_equal(entry, membership(home, period))
    moved = pd.read_parquet(home / "reports/tiny/2026Q2/results/migration.parquet")
    assert len(moved)
    identity = pd.read_parquet(home / "reports/tiny/2026Q2/results/identity.parquet")
    assert set(identity["state"]) == {"survives"} and (identity["old"] == identity["new"]).all()


def test_run_folder_holds_what_the_design_says(home):
    report = home / "reports/tiny/2026Q1"
    pages = {f"{name}.html" for name in ("index", *NOTEBOOKS)}
    assert pages | {"manifest.json", "assets", "results", "notebooks"} <= {path.name for path in report.iterdir()}
    assert {path.stem for path in (report / "notebooks").iterdir()} == set(NOTEBOOKS)
    assert {path.name for path in (report / "assets").iterdir()} == {"plotly.min.js", "report.css", "report.js"}


def test_manifest_says_what_went_in_and_what_came_out(home):
    import hashlib

    report = home / "reports/tiny/2026Q1"
    manifest = json.loads((report / "manifest.json").read_text())
    sha = hashlib.sha256((home / "tiny/events.csv").read_bytes()).hexdigest()
    assert manifest["inputs"]["events"] == {"events.csv": sha}
    assert {"study", "companies", "events"} <= set(manifest["inputs"])
    assert (manifest["study"], manifest["period"], manifest["choices"]["pairs"]) == ("tiny", "2026Q1", 10)
    assert {"python", "pandas", "numpy", "scikit-learn", "umap-learn", "hdbscan", "plotly"} <= set(manifest["versions"])
    assert list(manifest["stages"]) and set(manifest["stages"]) == set(NOTEBOOKS)
    for stage in manifest["stages"].values():
        assert stage["status"] == "done" and stage["seconds"] > 0 and stage["outputs"]
        for name, digest in stage["outputs"].items():
            place = report / ("exports" if name.startswith("exports/") else "results") / name.removeprefix("exports/")
            assert hashlib.sha256(place.read_bytes()).hexdigest() == digest
