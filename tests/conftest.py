"""The sample study run once for all tests, in the background while the quick tests pass: by the command line, and notebook by notebook.

The command line's run is killed in its middle and taken up again; the plain one is not. What both leave must be the same bytes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
STUDY, PERIOD = "data/sample/fieldnote", "2026Q3"
NOTEBOOKS = (
    "01_data",
    "02_segments",
    "02_use",
    "03_interviews",
    "04_personas",
    "05_messaging",
    "06_tracking",
    "07_activation",
    "08_since_last_quarter",
    "code_interviews",
    "explore",
)
SHARED = {"sample_run", "plain_run"}


def make_project(folder: Path) -> Path:
    """A folder such as a clone: the sample study, the notebooks, an empty reports folder."""
    shutil.copytree(PROJECT / STUDY, folder / STUDY)
    shutil.copytree(PROJECT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "reports").mkdir()
    return folder


def files_of(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Relative path to bytes of every file below a folder."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return {name: content for name, content in found.items() if Path(name).name not in without}


def run_cli(
    project: Path, *arguments: str, kill_at: str = "", after: float = 0.0, timeout: float = 900
) -> tuple[int, str]:
    """Run the command line in a process group of its own; returns exit code and output.

    With ``kill_at`` the whole group gets SIGKILL ``after`` seconds after a line with these words is printed.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "segmentation.cli", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    guard = threading.Timer(timeout, lambda: os.killpg(process.pid, signal.SIGKILL))
    guard.start()
    lines = []
    with process.stdout:
        for line in process.stdout:
            lines.append(line)
            if kill_at and kill_at in line:
                time.sleep(after)
                os.killpg(process.pid, signal.SIGKILL)
                kill_at = ""
    guard.cancel()
    return process.wait(), "".join(lines)


@dataclass
class SampleRun:
    """A run of the sample study.

    Attributes
    ----------
    project : Path
        Folder with data, notebooks and reports.
    answers : list of (int, str)
        Exit code and output of each command, in order.
    """

    project: Path
    answers: list[tuple[int, str]] = field(default_factory=list)

    @property
    def work(self) -> Path:
        return self.project / "reports/fieldnote/.work" / PERIOD

    @property
    def report(self) -> Path:
        return self.project / "reports/fieldnote" / PERIOD


class _Background:
    """Both runs, one after the other, in a thread."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="segmentation-tests-"))
        self.sample, self.plain = SampleRun(self.folder / "line"), SampleRun(self.folder / "plain")
        self.ready = {"sample_run": threading.Event(), "plain_run": threading.Event()}
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            self._run_line()
        finally:
            self.ready["sample_run"].set()
        try:
            self._run_plain()
        finally:
            self.ready["plain_run"].set()

    def _run_line(self) -> None:
        project = make_project(self.sample.project)
        command = ("run", STUDY, "--period", PERIOD)
        for options in ({"kill_at": "03_interviews: running", "after": 3.0}, {}, {}):
            self.sample.answers.append(run_cli(project, *command, **options))
        self.sample.answers.append(run_cli(project, "bundle", STUDY, "--period", PERIOD))

    def _run_plain(self) -> None:
        project = make_project(self.plain.project)
        self.plain.answers.append(run_nbval(project, *NOTEBOOKS))

    def close(self) -> None:
        self.thread.join(1)
        shutil.rmtree(self.folder, ignore_errors=True)


def run_nbval(project: Path, *names: str) -> tuple[int, str]:
    """Test notebooks of a project folder as `make test` users would: only cells tagged for checking are compared."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider", *(f"notebooks/{n}.ipynb" for n in names)],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=900,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that look at the shared runs come last: by then the runs are done."""
    items.sort(key=lambda item: 2 * ("plain_run" in _uses(item)) + bool(SHARED & _uses(item)))


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = any(SHARED & _uses(item) for item in session.items)
    if wanted and not session.config.option.collectonly:
        session.config.background = _Background()


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "background"):
        config.background.close()


def _uses(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def sample_run(request: pytest.FixtureRequest) -> SampleRun:
    """The sample by the command line: killed, run to its end, run again with nothing changed, bundled."""
    background = request.config.background
    assert background.ready["sample_run"].wait(900), "the run of the sample did not end"
    codes = [code for code, _ in background.sample.answers]
    assert codes == [-9, 0, 0, 0], "\n".join(out for _, out in background.sample.answers)
    return background.sample


@pytest.fixture(scope="session")
def plain_run(request: pytest.FixtureRequest) -> SampleRun:
    """The sample by nbval, which starts every notebook as it stands, without the runner."""
    background = request.config.background
    assert background.ready["plain_run"].wait(900), "the notebooks did not end"
    return background.plain
