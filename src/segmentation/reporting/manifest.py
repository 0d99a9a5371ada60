"""What went into a report: inputs, parameters, versions, code; and the key that says whether a stage must run again."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..study import Study
from ..tracking import load_experiments
from ..workspace import digest
from .stages import Stage

__all__ = ["ALWAYS_NEW", "code_digest", "input_digests", "package_versions", "revision", "stage_key"]

OUTSIDE = {"synthetic", "scaffold", "cli.py", "preflight.py", "progress.py"}  # change no result
CALLED = {
    "parameters.py",
    "facts.py",
    "summaries.py",
    "segment_summaries.py",
    "provenance.py",
}  # of reporting, what notebooks call
ALWAYS_NEW = "a database server: read again on every run"
PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "numba",
    "umap-learn",
    "hdbscan",
    "stepmix",
    "statsmodels",
    "duckdb",
    "plotly",
    "pyarrow",
)


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def code_digest() -> str:
    """SHA-256 over the sources of this package, but for reporting and the command line: restyling never refits."""
    root = Path(__file__).resolve().parents[1]
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.suffix not in {".py", ".yaml", ".json"} or relative.parts[0] in OUTSIDE:
            continue
        if relative.parts[0] == "reporting" and path.name not in CALLED:
            continue
        total.update(relative.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def revision(folder: Path) -> str:
    """Commit of the project, with a plus sign if the tree differs from it, or "unknown"."""
    try:
        head = _git(folder, "rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()


def input_digests(study: Study) -> dict[str, dict[str, str]]:
    """Source or study key to file (relative to the study) to SHA-256."""
    found: dict[str, dict[str, str]] = {"study": {study.file.name: digest(study.file)}}
    for name, source in study.sources.items():
        files = [file for pattern in source.paths for file in study.expand(pattern)]
        found[name] = {_relative(file, study.folder): digest(file) for file in files if file.is_file()}
        if source.connection:
            local = study.resolve(source.connection.split("://", 1)[-1])
            found[name] = {f"{source.connection}/{source.table}": digest(local) if local.is_file() else ALWAYS_NEW}
    written = ("decisions", "personas", "messages", "experiments", "kpis", "feedback", "interview_plan")
    for key, named in (
        {key: getattr(study, key) for key in written} | {"hypotheses": study.evidence.hypotheses}
    ).items():
        if named is not None:
            path = study.resolve(named)
            files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
            found[key] = {_relative(file, study.folder): digest(file) for file in files if file.is_file()}
    if study.activation.suppression is not None:
        listed = study.resolve(study.activation.suppression)
        found["suppression"] = {_relative(listed, study.folder): digest(listed)}
    written = [study.messaging.value_props, study.messaging.proofs, study.messaging.voice, study.messaging.told]
    if any(written):
        files = [study.resolve(name) for name in written if name is not None]
        found["messaging"] = {_relative(file, study.folder): digest(file) for file in files}
    rules = [study.resolve(part.rules) for part in study.segmentations.values() if part.rules is not None]
    if rules:
        found["rules"] = {_relative(file, study.folder): digest(file) for file in rules}
    for experiment in load_experiments(study):
        for file in (Path(experiment.assignment), Path(experiment.outcomes)):
            found["experiments"][_relative(file, study.folder)] = digest(file)
    return found


def _relative(file: Path, folder: Path) -> str:
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return file.name


def stage_key(
    stage: Stage,
    *,
    reads: tuple[str, ...],
    notebook: Path,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
    before: Mapping[str, str],
) -> str:
    """Digest of everything that can change what a stage writes.

    Parameters
    ----------
    stage : Stage
    reads : tuple of str
        Sources it reads: ``stage_reads``.
    notebook : Path
        Its cells' sources count, outputs do not.
    parameters : mapping
        Values passed, but for folders.
    inputs : mapping
        ``input_digests(study)``; only what the stage reads counts.
    before : mapping of str to str
        Digests of results of earlier stages and of the ledger.

    Returns
    -------
    str
        Hexadecimal SHA-256.
    """
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    used = {name: inputs[name] for name in ("study", *reads, *stage.files) if name in inputs}
    content = {
        "stage": stage.name,
        "cells": ["".join(cell["source"]) for cell in cells],
        "parameters": {
            name: value for name, value in sorted(parameters.items()) if name not in ("run_folder", "study")
        },
        "inputs": used,
        "before": dict(sorted(before.items())),
        "code": code_digest(),
        "versions": package_versions(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
