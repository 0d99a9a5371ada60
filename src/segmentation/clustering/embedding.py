"""A map of the units in two dimensions, computed in a process of its own beside everything else.

UMAP compiles itself for about 20 seconds of CPU, once a machine: what it compiled is kept. Started early, the map is ready when it
is drawn even then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import ParameterError, StageError
from ..study import Choices
from .inputs import complete_rows

__all__ = ["MapJob", "start_map", "warm_map"]

SMALLEST = 20
COMMAND = "from segmentation.clustering.embedding import main; main()"


class MapJob:
    """A map being computed; ``result()`` waits for it.

    Attributes
    ----------
    method : {"umap", "pca"}
        What is computed; UMAP needs 20 units and falls back to PCA below.
    n, units : int
        Complete units mapped; units given.
    """

    def __init__(self, method: str, index: pd.Index, units: int, coordinates: np.ndarray | None = None):
        self.method, self.n, self.units = method, len(index), units
        self._index, self._coordinates = index, coordinates
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def result(self, timeout: float = 600.0) -> pd.DataFrame:
        """Coordinates of the complete units.

        Parameters
        ----------
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        pandas.DataFrame
            Index of complete units; columns x, y (no unit; only the order of near neighbours means anything).

        Raises
        ------
        StageError
            If the process failed or took longer than ``timeout``.
        """
        if self._coordinates is None:
            self._coordinates = self._collect(timeout)
        return pd.DataFrame(self._coordinates, index=self._index, columns=["x", "y"])

    def _run(self, values: np.ndarray, neighbours: int, random_state: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix="segmentation-map-"))
        np.save(folder / "in.npy", values)
        source = str(Path(__file__).resolve().parents[2])
        paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
        quiet = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-W",
                    "ignore",
                    "-c",
                    COMMAND,
                    "in.npy",
                    "out.npy",
                    str(neighbours),
                    str(random_state),
                ],
                cwd=folder,
                env={**os.environ, **quiet, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._process, self._folder = process, folder
        self._finalizer = weakref.finalize(self, _dispose, process, folder)

    def _collect(self, timeout: float) -> np.ndarray:
        process, folder = self._process, self._folder
        assert process is not None and folder is not None
        try:
            code = process.wait(timeout)
            if code:
                last = (folder / "log.txt").read_text("utf-8", errors="replace").strip().splitlines()[-1:]
                raise StageError(f"the map could not be computed (exit code {code}): {' '.join(last) or 'no message'}")
            return np.load(folder / "out.npy", allow_pickle=False)
        except subprocess.TimeoutExpired:
            raise StageError(
                f"the map was not ready after {timeout:g} seconds; wait longer with result(timeout=...)"
            ) from None
        finally:
            if process.poll() is not None:
                self._finalizer()


def start_map(encoded: pd.DataFrame, *, choices: Choices, method: Literal["umap", "pca"] = "umap") -> MapJob:
    """Begin to compute a map of the units that have every base variable.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    choices : Choices
        ``random_state`` and ``map_neighbours`` are used.
    method : {"umap", "pca"}
        PCA is computed at once (tests, small data).

    Returns
    -------
    MapJob

    Raises
    ------
    ParameterError
        If the method is unknown or no unit is complete.
    DataContractError
        If a variable is constant.

    Examples
    --------
    >>> encoded = pd.DataFrame({"a": [-3.0, 0.0, 3.0], "b": [-4.0, 0.0, 4.0]}, index=["u", "v", "w"])
    >>> start_map(encoded, choices=Choices(), method="pca").result()["x"].round(2).tolist()
    [-5.0, 0.0, 5.0]
    """
    if method not in ("umap", "pca"):
        raise ParameterError(f"method must be 'umap' or 'pca'; got {method!r}")
    rows = complete_rows(encoded)
    if method == "pca" or len(rows) < SMALLEST:
        return MapJob("pca", rows.index, len(encoded), _principal(rows.to_numpy()))
    job = MapJob("umap", rows.index, len(encoded))
    job._run(rows.to_numpy(), min(choices.map_neighbours, len(rows) - 1), choices.random_state)
    return job


def warm_map() -> None:
    """Draw a map of made-up points, so that what UMAP compiles is kept for the first report."""
    points = pd.DataFrame(np.random.default_rng(1).normal(size=(64, 4)))
    start_map(points, choices=Choices()).result()


def main(arguments: list[str] | None = None) -> None:
    """Coordinates of a matrix by UMAP: IN.npy OUT.npy NEIGHBOURS RANDOM_STATE."""
    source, target, neighbours, random_state = sys.argv[1:] if arguments is None else arguments
    _keep_compiled(Path(sys.prefix) / "share" / "segmentation")
    import umap

    values = np.load(source, allow_pickle=False)
    model = umap.UMAP(n_neighbors=int(neighbours), min_dist=0.1, random_state=int(random_state), n_jobs=1)
    np.save(target, model.fit_transform(values).astype(float))


def _keep_compiled(root: Path) -> None:
    """Let numba keep what it compiles of UMAP, which left to itself compiles anew in every process: 3 s of CPU instead of 18.

    The folder is named after the versions, because numba notices a changed file but not a change in what the file calls.
    """
    names = ("numba", "numpy", "umap-learn", "pynndescent", "scikit-learn")
    folder = root / "-".join(["compiled", *(version(name) for name in names)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    import numba

    numba.config.CACHE_DIR = str(folder)
    numba.njit, numba.jit = _cached(numba.njit), _cached(numba.jit)


def _cached(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """A numba decorator that caches where it can; what cannot be cached is compiled as before."""

    def decorate(*given: Any, **options: Any) -> Any:
        if given and callable(given[0]):
            return decorate(**options)(given[0])

        def apply(function: Callable[..., Any]) -> Any:
            try:
                return compile_(*given, **{"cache": True, **options})(function)
            except RuntimeError:
                return compile_(*given, **options)(function)

        return apply

    return decorate


def _principal(values: np.ndarray) -> np.ndarray:
    """First two principal components; the largest loading of each is positive."""
    centred = values - values.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    scores = centred @ axes.T
    return scores if scores.shape[1] == 2 else np.column_stack([scores[:, 0], np.zeros(len(scores))])


def _dispose(process: subprocess.Popen[bytes], folder: Path) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
