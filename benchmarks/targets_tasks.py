"""What the rows of ``targets.py`` on files and growth do, each in a process of its own: (prepare, work) by name of the task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.activation.score import score_file
from segmentation.clustering import Solution, assign_segments, search_kmeans
from segmentation.features import Encoder

__all__ = ["TASKS"]

VARIABLES, SEGMENTS, PART = 20, 6, 1 << 18
NAMES = [f"v{j}" for j in range(VARIABLES)]
Task = tuple[Callable[[], None], Callable[[], str]]


def solution() -> Solution:
    ids = pd.Index([f"S{i + 1}" for i in range(SEGMENTS)], name="segment")
    centres = pd.DataFrame(np.random.default_rng(3).normal(size=(SEGMENTS, VARIABLES)), index=ids, columns=NAMES)
    sizes = pd.Series(100, index=ids, dtype="int64")
    return Solution("speed", centres, sizes, {"within_ss": 12_000.0}, 1, 0.5, tuple(ids))


def encoder() -> Encoder:
    learned = {"transform": "none", "centre": 2.0, "scale": 3.0, "n": 100, "low": None, "high": None}
    return Encoder.from_dict(
        {"scaling": "standard", "winsorise": 0.0, "variables": [{"name": name, **learned} for name in NAMES]}
    )


def write_source(folder: str, rows: str) -> Task:
    def work() -> str:
        random, writer = np.random.default_rng(1), None
        for low in range(0, int(rows), PART):
            n = min(PART, int(rows) - low)
            columns = {name: random.standard_normal(n) * 3 + 2 for name in NAMES}
            table = pa.table({"unit": pa.array(np.arange(low, low + n)).cast(pa.string()), **columns})
            writer = writer or pq.ParquetWriter(Path(folder) / "source.parquet", table.schema)
            writer.write_table(table)
        writer.close()
        return ""

    return lambda: None, work


def score(folder: str) -> Task:
    learned = solution(), encoder()

    def work() -> str:
        done = score_file(*learned, Path(folder) / "source.parquet", Path(folder) / "scored.parquet")
        return f"{done.rows:,} written, {done.fitted:,} with every variable"

    return lambda: __import__("segmentation.clustering._kernel"), work


def copy(folder: str) -> Task:
    """Read the source, and write what ``score`` wrote: the least that any such job can do."""

    def work() -> str:
        for _ in pq.ParquetFile(Path(folder) / "source.parquet", pre_buffer=False).iter_batches(1 << 17):
            pass
        scored, writer = pq.ParquetFile(Path(folder) / "scored.parquet", pre_buffer=False), None
        for batch in scored.iter_batches(1 << 17):
            writer = writer or pq.ParquetWriter(Path(folder) / "copy.parquet", batch.schema)
            writer.write_batch(batch)
        writer.close()
        return ""

    return lambda: None, work


def whole(folder: str) -> Task:
    learned = solution(), encoder()

    def work() -> str:
        features = pd.read_parquet(Path(folder) / "source.parquet").set_index("unit")
        assign_segments(learned[0], learned[1].encode(features)).to_parquet(Path(folder) / "whole.parquet")
        return ""

    return lambda: None, work


def search(rows: str) -> Task:
    held: list[np.ndarray] = []

    def prepare() -> None:
        random = np.random.default_rng(1)
        centres = random.standard_normal((8, VARIABLES)) * 0.55
        values = random.standard_normal((int(rows), VARIABLES))
        for low in range(0, len(values), PART):
            values[low : low + PART] += centres[random.integers(8, size=len(values[low : low + PART]))]
        held.append(values)
        search_kmeans(values[:1000], 2, random_state=1)

    def work() -> str:
        found = search_kmeans(held[0], SEGMENTS, random_state=1)
        return f"within-SS {found.within_ss:.0f}, {found.hits} of {found.starts} starts"

    return prepare, work


TASKS: dict[str, Callable[..., Task]] = {
    "write": write_source,
    "score": score,
    "copy": copy,
    "whole": whole,
    "search": search,
}
