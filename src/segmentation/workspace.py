"""The run folder: where stages hand results to each other, and the ledger of who was in which segment when.

Every file is written beside its place and renamed into it, and its digest is recorded; every read verifies the digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import DataContractError, ParameterError, Violation, nearest_word
from .period import Period
from .study import Study, load_study

__all__ = ["Workspace", "digest", "find_upward", "open_workspace", "write_bytes"]


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never half.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    content : bytes

    Returns
    -------
    None
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def find_upward(path: str, start: Path | None = None) -> Path:
    """A relative path looked for here and in the folders above, so that notebooks run from anywhere in the project.

    Raises
    ------
    ParameterError
        If it is nowhere.
    """
    given = Path(path)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / given).exists():
            return folder / given
    raise ParameterError(f"no file {path!r} in {here} or a folder above it")


@dataclass(frozen=True)
class Workspace:
    """What one stage of one period reads and writes.

    Attributes
    ----------
    study : Study
    period : Period
    stage : str
        Name of the notebook without its ending, for instance ``02_segments``.
    folder : Path
        The run folder; results lie in ``folder/results``.
    """

    study: Study
    period: Period
    stage: str
    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def ledger(self) -> Path:
        """``reports/<study>/ledger``; beside the run folders of all periods."""
        return (
            self.folder.parent.parent / "ledger"
            if self.folder.parent.name == ".work"
            else self.folder.parent / "ledger"
        )

    @property
    def previous(self) -> Workspace | None:
        """Last quarter's entry of the ledger, or None."""
        folder = self.ledger / f"period={self.period.previous}"
        return Workspace(self.study, self.period.previous, "ledger", folder) if (folder / "results").is_dir() else None

    @property
    def source(self) -> str:
        """Where numbers come from, for captions."""
        made_up = "; synthetic data" if self.study.synthetic else ""
        return f"study {self.study.study}, {self.period}; inputs and their digests under Provenance{made_up}"

    @property
    def note(self) -> str:
        """What every caption must say beside its source."""
        return "Synthetic data." if self.study.synthetic else ""

    def has(self, name: str) -> bool:
        """Whether an earlier stage left this result."""
        return name in self._recorded()

    def write(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Store a table as Parquet with page checksums; returns it for the next line of the notebook."""
        sink = pa.BufferOutputStream()
        arrow = pa.Table.from_pandas(table)
        pq.write_table(arrow, sink, compression="zstd", write_page_checksum=True)
        self._store(f"{name}.parquet", sink.getvalue().to_pybytes())
        return table

    def write_json(self, name: str, content: Any) -> Any:
        """Store a JSON document with sorted keys."""
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
        self._store(f"{name}.json", text.encode())
        return content

    def write_text(self, name: str, text: str) -> str:
        """Store a text file; the name carries its ending."""
        self._store(name, text.encode())
        return text

    def adopt(self, file: str) -> Path:
        """Record a file that a writer of another format put into the results folder."""
        path = self.results / file
        self._store(file, path.read_bytes())
        return path

    def read(self, name: str) -> pd.DataFrame:
        """Table of an earlier stage.

        Raises
        ------
        ParameterError
            If no stage left it; the message says which to run.
        DataContractError
            If its bytes are not those that were written.
        """
        return pq.read_table(self._verified(f"{name}.parquet"), page_checksum_verification=True).to_pandas()

    def read_json(self, name: str) -> Any:
        """JSON document of an earlier stage; raises as ``read`` does."""
        return json.loads(self._verified(f"{name}.json").read_text("utf-8"))

    def _record_file(self) -> Path:
        return self.results / f".{self.stage}.sha256.json"

    def _store(self, file: str, content: bytes) -> None:
        write_bytes(self.results / file, content)
        record = self._record_file()
        known = json.loads(record.read_text()) if record.exists() else {}
        known[file] = hashlib.sha256(content).hexdigest()
        write_bytes(record, json.dumps(known, sort_keys=True, indent=1).encode())

    def _recorded(self) -> dict[str, str]:
        """Result name without ending to digest-checked file name, over all stages."""
        return {Path(file).stem: file for file in self._digests()}

    def _digests(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for record in sorted(self.results.glob(".*.sha256.json")):
            found.update(json.loads(record.read_text()))
        return found

    def _verified(self, file: str) -> Path:
        digests = self._digests()
        path = self.results / file
        if file not in digests or not path.exists():
            hint = nearest_word(file, digests)
            raise ParameterError(
                f"{self.stage} needs the result {file!r}, which is not in {self.results}. "
                f"Run the earlier notebooks first, or `segmentation run`. {hint}".strip()
            )
        if digest(path) != digests[file]:
            fix = "Something else changed it; run the stage that makes it again"
            raise DataContractError([Violation("its bytes are not those that were written", file=str(path), fix=fix)])
        return path


def open_workspace(stage: str, study: str, period: str, run_folder: str = "") -> Workspace:
    """Open the run folder for a stage, as the first call of every notebook.

    Parameters
    ----------
    stage : str
        Notebook name without ending.
    study : str
        Path of the study file, absolute or relative to the working directory or any folder above it.
    period : str
        Quarter, for instance ``2026Q3``.
    run_folder : str, optional
        Where results are; empty means ``reports/<study>/.work/<period>`` beside the ``reports`` folder nearest above.

    Returns
    -------
    Workspace

    Raises
    ------
    StudyError, ParameterError
        If the study or the period is not valid.
    """
    given = Path(study)
    loaded = load_study(given if given.is_absolute() else find_upward(study))
    quarter = Period.parse(period)
    folder = Path(run_folder) if run_folder else find_upward("reports") / loaded.study / ".work" / str(quarter)
    (folder / "results").mkdir(parents=True, exist_ok=True)
    return Workspace(loaded, quarter, stage, folder)
