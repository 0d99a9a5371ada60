"""The sample study run once for all tests and all their processes: by the command line, and notebook by notebook.

The command line's run is killed in its middle and taken up again; the plain one is not. What both leave must be the same bytes.

Several processes may share the tests (pytest-xdist, ``make test``). A module's tests stay together in one of them, and what is
costly to make is made by whoever needs it first and then lies in a folder for all.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

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
settings.register_profile("sure", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(
    "sure"
)  # the same examples on every machine, however busy; --hypothesis-profile=default draws new ones

collect_ignore = ["line/killer"]
KILLER = PROJECT / "tests/line/killer"
GROUPS = (  # what shares costly fixtures; begun in this order, before whatever is not named, so that nothing long comes last
    "tests/line/test_published.py",  # makes the sample's run
    "tests/line/test_kill.py",
    "tests/browser",
    "tests/notebooks/test_notebooks.py",
    "tests/cli",
    "tests/synthetic",
)


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


def run_cli(project: Path, *arguments: str, kill_at: str = "", timeout: float = 900) -> tuple[int, str]:
    """Run the command line in a process group of its own; returns exit code and output.

    With ``kill_at`` the whole group gets SIGKILL at a moment of its work, which tests/line/killer/sitecustomize.py explains.
    """
    environment = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
    if kill_at:
        path = [str(KILLER), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment |= {"KILL_AT": kill_at, "PYTHONPATH": os.pathsep.join(path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "segmentation.cli", *arguments],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    guard = threading.Timer(timeout, lambda: os.killpg(process.pid, signal.SIGKILL))
    guard.start()
    words = process.communicate()[0]
    guard.cancel()
    return process.returncode, words


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


def run_line(project: Path) -> list[tuple[int, str]]:
    """The sample by the command line: killed, run to its end, run again with nothing changed, bundled."""
    command = ("run", STUDY, "--period", PERIOD)
    options = ({"kill_at": "os.rename .03_interviews.sha256.json"}, {}, {})
    return [*(run_cli(project, *command, **given) for given in options), run_cli(project, "bundle", *command[1:])]


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


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that all processes of this session share; the first of them makes it and takes it away."""
    given = getattr(config, "workerinput", {})
    config.shared = Path(given.get("shared") or tempfile.mkdtemp(prefix="segmentation-tests-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    node.workerinput["shared"] = str(node.config.shared)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.shared, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: next((n for n, name in enumerate(GROUPS) if name == _group(item.nodeid)), len(GROUPS)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keep the tests of a group in one process, and the groups in their order."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)


def _group(nodeid: str) -> str:
    """The test's module, or what ``GROUPS`` says."""
    module = nodeid.split("::")[0]
    return next((name for name in GROUPS if name in (module, module.rsplit("/", 1)[0])), module)


def make_once(config: pytest.Config, name: str, make: Callable[[Path], list[tuple[int, str]]]) -> SampleRun:
    """A run made by the first process that asks for it; the others wait for it."""
    run = SampleRun(config.shared / name)
    done = config.shared / f"{name}.json"
    with FileLock(config.shared / f"{name}.lock"):
        if not done.exists():
            run.project.mkdir()
            done.write_text(json.dumps(make(make_project(run.project))))
    run.answers = [(code, words) for code, words in json.loads(done.read_text())]
    return run


@pytest.fixture(scope="session")
def sample_run(pytestconfig: pytest.Config) -> SampleRun:
    """The sample by the command line: killed, run to its end, run again with nothing changed, bundled."""
    run = make_once(pytestconfig, "line", run_line)
    assert [code for code, _ in run.answers] == [-9, 0, 0, 0], "\n".join(words for _, words in run.answers)
    return run


@pytest.fixture(scope="session")
def plain_run(pytestconfig: pytest.Config) -> SampleRun:
    """The sample by nbval, which starts every notebook as it stands, without the runner."""
    return make_once(pytestconfig, "plain", lambda project: [run_nbval(project, *NOTEBOOKS)])
