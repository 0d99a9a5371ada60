"""Runs the notebooks of a study for a period: side by side where they do not depend on each other, resumable, one run at a time.

Status comes from exceptions and from what a stage declared it wrote, never from papermill's cell metadata, which says
"completed" for a killed kernel.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..period import Period
from ..sources import stage_reads
from ..study import Study, load_study
from ..workspace import Workspace, digest, find_upward, write_bytes
from .kernel import execute_notebook
from .ledger import check_ledger
from .lock import RunLock
from .manifest import ALWAYS_NEW, input_digests, package_versions, revision, stage_key
from .parameters import check_values
from .stages import NOTEBOOKS, STAGES, Stage

__all__ = ["Event", "RunResult", "describe_failure", "notebooks_folder", "run_report"]

OURS = ("DataContractError", "StudyError", "ParameterError")  # errors of the input, not of the program


@dataclass(frozen=True)
class Event:
    """Something a progress display shows: a stage started, was reused, done, failed or blocked."""

    stage: str
    status: str
    seconds: float = 0.0
    message: str = ""


@dataclass
class RunResult:
    """How a run ended.

    Attributes
    ----------
    report : Path or None
        Folder of the published report; None if a stage failed, and then the last report stands untouched.
    stages : dict
        Stage name to record: status, seconds, outputs, error.
    user_error : bool
        True if what failed was the input and not the program.
    """

    report: Path | None
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    user_error: bool = False

    @property
    def failed(self) -> list[str]:
        return [name for name, record in self.stages.items() if record["status"] == "failed"]


def notebooks_folder() -> Path:
    """The folder with the notebooks: in the project this package was installed from, or in a folder above this one.

    Raises
    ------
    ParameterError
        If there is none.
    """
    beside = Path(__file__).resolve().parents[3] / "notebooks"
    if (beside / "01_data.ipynb").exists():
        return beside
    return find_upward("notebooks/01_data.ipynb").parent


def run_report(
    study: str | Path,
    period: str,
    *,
    reports: Path | None = None,
    start: str | None = None,
    jobs: int = 2,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    notify: Callable[[Event], None] = lambda event: None,
) -> RunResult:
    """Run the line and publish the report.

    Parameters
    ----------
    study : str or Path
        Study file or its folder.
    period : str
        Quarter.
    reports : Path, optional
        Folder of all reports; default: the ``reports`` folder nearest above the working directory.
    start : str, optional
        Run this stage and those after it again even if nothing changed.
    jobs : int
        Notebooks that may run at the same time.
    settings : mapping of stage to parameters, optional
        Parameters passed to single notebooks, for instance ``{"02_segments": {"segments": 5}}``.
    notify : callable
        Receives an ``Event`` whenever a stage changes its status.

    Returns
    -------
    RunResult

    Raises
    ------
    StudyError, ParameterError
        If the study, the period, the stage or a parameter is wrong.
    DataContractError
        If the ledger is of another study, or the quarter comes before one that is in it.
    LockedError
        If another run writes this report.
    """
    loaded = load_study(study)
    quarter = Period.parse(period)
    if start is not None and start not in NOTEBOOKS:
        raise ParameterError(f"no stage {start!r}; stages are {', '.join(NOTEBOOKS)}")
    for name, values in (settings or {}).items():
        if name not in NOTEBOOKS:
            raise ParameterError(f"no notebook {name!r}; notebooks are {', '.join(NOTEBOOKS)}")
        check_values(name, values)
    root = (reports or find_upward("reports")).resolve() / loaded.study
    check_ledger(loaded, quarter, root)
    line = _Line(loaded, quarter, root, dict(settings or {}), notify)
    with RunLock(line.folder) as lock:
        line.held = lock.held
        line.sweep()
        result = line.run(start, max(1, jobs))
        if not result.failed:
            from .publish import publish_report  # rendering is not needed when a stage fails

            notify(Event("report", "started"))
            began = time.perf_counter()
            result.report = publish_report(loaded, quarter, line.folder, root, line.manifest(result))
            notify(Event("report", "done", time.perf_counter() - began))
    return result


class _Line:
    """One run: its folder, its stages, what each left behind."""

    def __init__(
        self, study: Study, period: Period, root: Path, settings: dict[str, Any], notify: Callable[[Event], None]
    ):
        self.study, self.period, self.root = study, period, root
        self.folder = root / ".work" / str(period)
        self.settings, self.notify = settings, notify
        self.notebooks = notebooks_folder()
        self.inputs = input_digests(study)
        self.records: dict[str, dict[str, Any]] = {}
        self.held: tuple[int, ...] = ()

    def sweep(self) -> None:
        """Remove what a killed run left half-written."""
        entry = self.root / "ledger" / f"period={self.period}"
        for leftover in (
            *self.folder.rglob(".*.part"),
            *entry.rglob(".*.part"),
            *(self.folder / "notebooks").glob(".*"),
        ):
            leftover.unlink(missing_ok=True)

    def parameters(self, stage: Stage) -> dict[str, Any]:
        base = Path.cwd()
        given = {
            "study": _from(self.study.file, base),
            "period": str(self.period),
            "run_folder": _from(self.folder, base),
        }
        return given | dict(self.settings.get(stage.name, {}))

    def record_file(self, stage: Stage) -> Path:
        return self.folder / "stages" / f"{stage.name}.json"

    def key(self, stage: Stage) -> str:
        before = {
            f"{need}/{file}": sha for need in stage.needs for file, sha in self.records[need].get("outputs", {}).items()
        }
        workspace = Workspace(self.study, self.period, stage.name, self.folder)
        ledger = workspace.previous
        if ledger is not None and stage.name != "01_data":
            before |= {f"ledger/{p.name}": digest(p) for p in sorted(ledger.results.iterdir()) if p.is_file()}
        for name in (
            ("claims", "hypotheses") if stage.name == "04_personas" else ()
        ):  # they go back further than one quarter
            older = sorted(workspace.ledger.glob(f"period=*/results/{name}.parquet"))
            now = f"period={self.period}"
            before |= {f"ledger/{p.parts[-3]}/{name}": digest(p) for p in older if p.parts[-3] < now}
        return stage_key(
            stage,
            reads=stage_reads(workspace),
            notebook=self.notebooks / f"{stage.name}.ipynb",
            parameters=self.parameters(stage),
            inputs=self.inputs,
            before=before,
        )

    def reusable(self, stage: Stage, key: str) -> dict[str, Any] | None:
        """The record of a finished run of this stage, if it still holds."""
        file = self.record_file(stage)
        reads = stage_reads(Workspace(self.study, self.period, stage.name, self.folder))
        used = [self.inputs.get(name, {}) for name in reads]
        if not file.exists() or any(ALWAYS_NEW in files.values() for files in used):
            return None
        record = json.loads(file.read_text())
        if record.get("key") != key or record.get("status") != "done":
            return None
        for name, sha in record["outputs"].items():
            path = self.folder / "results" / name
            if not path.exists() or digest(path) != sha:
                return None
        return record if (self.folder / "notebooks" / f"{stage.name}.ipynb").exists() else None

    def run(self, start: str | None, jobs: int) -> RunResult:
        forced = set(NOTEBOOKS[NOTEBOOKS.index(start) :]) if start else set()
        waiting = list(STAGES)
        running: dict[Future[dict[str, Any]], Stage] = {}
        with ThreadPoolExecutor(jobs) as pool:
            while waiting or running:
                for stage in list(waiting):
                    states = [self.records.get(need, {}).get("status") for need in stage.needs]
                    if any(state in ("failed", "blocked") for state in states):
                        waiting.remove(stage)
                        self._finish(stage, {"status": "blocked", "seconds": 0.0, "outputs": {}})
                    elif all(state in ("done", "reused") for state in states) and len(running) < jobs:
                        waiting.remove(stage)
                        key = self.key(stage)
                        record = None if stage.name in forced else self.reusable(stage, key)
                        if record is not None:
                            self._finish(stage, record | {"status": "reused"})
                        else:
                            self.notify(Event(stage.name, "started"))
                            running[pool.submit(self.execute, stage, key)] = stage
                if running:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        self._finish(running.pop(future), future.result())
        failed = [record for record in self.records.values() if record["status"] == "failed"]
        ours = all(record.get("error", {}).get("name") in OURS for record in failed)
        return RunResult(None, self.records, user_error=bool(failed) and ours)

    def _finish(self, stage: Stage, record: dict[str, Any]) -> None:
        self.records[stage.name] = record
        message = record.get("error", {}).get("message", "")
        self.notify(Event(stage.name, record["status"], record.get("seconds", 0.0), message))

    def execute(self, stage: Stage, key: str) -> dict[str, Any]:
        """Run one notebook in a fresh kernel; returns its record, also when it fails."""
        began = time.perf_counter()
        for stale in (self.record_file(stage), self.folder / "results" / f".{stage.name}.sha256.json"):
            stale.unlink(missing_ok=True)
        target = self.folder / "notebooks" / f"{stage.name}.ipynb"
        draft = self.folder / "notebooks" / f".{stage.name}.{os.getpid()}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.notebooks / f"{stage.name}.ipynb"
        error = execute_notebook(source, draft, self.parameters(stage), held=self.held)
        seconds = round(time.perf_counter() - began, 2)
        outputs_file = self.folder / "results" / f".{stage.name}.sha256.json"
        outputs = json.loads(outputs_file.read_text()) if outputs_file.exists() else {}
        if error is None and not outputs:
            error = {"name": "StageError", "message": f"{stage.name} ran to its end but wrote no result", "cell": None}
        if error is not None:
            kept = self.folder / "failed" / f"{stage.name}.ipynb"
            kept.parent.mkdir(exist_ok=True)
            if draft.exists():
                os.replace(draft, kept)
            return {
                "status": "failed",
                "seconds": seconds,
                "outputs": {},
                "error": error | {"notebook": kept.as_posix()},
            }
        _tidy_notebook(draft)
        os.replace(draft, target)
        (self.folder / "failed" / f"{stage.name}.ipynb").unlink(missing_ok=True)
        record = {"status": "done", "key": key, "seconds": seconds, "outputs": outputs}
        write_bytes(self.record_file(stage), json.dumps(record, sort_keys=True, indent=1).encode())
        return record

    def manifest(self, result: RunResult) -> dict[str, Any]:
        return {
            "schema": 1,
            "study": self.study.study,
            "period": str(self.period),
            "choices": self.study.choices.model_dump(mode="json"),
            "parameters": {stage.name: dict(self.settings.get(stage.name, {})) for stage in STAGES},
            "inputs": self.inputs,
            "versions": package_versions(),
            "revision": revision(self.notebooks),
            "stages": {
                name: {key: record[key] for key in ("status", "seconds", "outputs")}
                for name, record in result.stages.items()
            },
        }


def _from(path: Path, base: Path) -> str:
    """Path relative to the working directory where it lies below it: what a notebook prints must not name a machine's folders."""
    path = path.resolve()
    return path.relative_to(base.resolve()).as_posix() if path.is_relative_to(base.resolve()) else path.as_posix()


def _tidy_notebook(path: Path) -> None:
    """Take clocks and folders out of an executed notebook, so that the same run gives the same bytes."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8")


def describe_failure(result: RunResult) -> str:
    """What failed, in lines for a terminal."""
    lines = []
    for name in result.failed:
        error = result.stages[name]["error"]
        cell = "" if error.get("cell") is None else f", cell {error['cell']}"
        lines.append(f"{name} failed{cell}: {error['name']}: {error['message']}")
        lines.append(f"  the notebook with the failing cell marked: {error['notebook']}")
    blocked = [name for name, record in result.stages.items() if record["status"] == "blocked"]
    if blocked:
        lines.append(f"not run because of that: {', '.join(blocked)}")
    return "\n".join(lines)
