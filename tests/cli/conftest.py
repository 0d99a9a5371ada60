"""A scaffolded study, the command line called in this process, and one real run that many tests look at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from segmentation import cli
from segmentation.scaffold import write_scaffold

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "segmentation.cli"]
QUICK = "  starts: 5\n  pairs: 10\n  references: 19\n  draws: 100\n"  # choices of a run that is only looked at for its outside


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Call the command line in this process, as its entry point is called."""

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["segmentation", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def scaffold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "field-test"
    write_scaffold(folder)
    return folder


@pytest.fixture
def study(scaffold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scaffolded study to spoil; the working directory is the folder above it."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(scaffold, tmp_path / "field-test"))


def run_command(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


@dataclass(frozen=True)
class Published:
    """A folder with a study that was run once: ``home/field-test`` and ``home/reports``."""

    home: Path
    answer: subprocess.CompletedProcess[str]

    @property
    def root(self) -> Path:
        return self.home / "reports" / "field-test"


@pytest.fixture(scope="session")
def published(scaffold: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The one whole run of these tests, by the command as a user types it."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(scaffold, home / "field-test")
    with (home / "field-test" / "study.yaml").open("a") as stream:
        stream.write(QUICK)
    return Published(home, run_command("run", "field-test", "--jobs", 2, cwd=home))


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
