"""Membership of millions of units, from Parquet to Parquet, in memory that does not grow with them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..clustering import Solution, assign_segments
from ..errors import ParameterError
from ..features import Encoder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ScoreAccount", "score_file"]

BATCH = 1 << 17
BASES = ("fitted", "placed", "unplaced", "noise")
WORDS = ("segment", "second", "basis", "unmerged")


@dataclass(frozen=True)
class ScoreAccount:
    """What was done to a file.

    Attributes
    ----------
    target : Path
        The file written: the unit's column, then segment, second, margin, basis, probability (and unmerged where segments are
        merged), as ``assign_segments`` names them.
    rows : int
        Units read and written.
    fitted, placed, unplaced, noise : int
        Units by basis; they add up to ``rows``.
    sizes : Mapping of str to int
        Units a segment.
    """

    target: Path
    rows: int
    fitted: int
    placed: int
    unplaced: int
    noise: int
    sizes: Mapping[str, int]


def score_file(
    solution: Solution | Mapping[str, Any],
    encoder: Encoder | Mapping[str, Any],
    source: Path,
    target: Path,
    *,
    unit: str = "unit",
) -> ScoreAccount:
    """Place every unit of a Parquet file and write the membership as another, batch by batch.

    The same result as ``assign_segments`` of the encoded table. The target is written beside its final name and renamed when it is
    whole, so that no reader ever sees half of it; an older file of that name stays until then.

    Parameters
    ----------
    solution : Solution or mapping
        The solution or what its ``to_dict`` gives.
    encoder : Encoder or mapping
        The encoder it was fitted with or what its ``to_dict`` gives.
    source : Path
        Parquet with a column ``unit`` and every base variable in natural units; NULL and NaN count as missing. Other columns
        are not read.
    target : Path
        Parquet to be written, in the order of the source.
    unit : str
        Column of the unit's id, copied as it is. Whether ids repeat is not looked at.

    Returns
    -------
    ScoreAccount

    Raises
    ------
    ParameterError
        If the source is not there or not Parquet, lacks a column, a unit has no id, a base variable is not a number, is infinite or
        (where the encoder takes a logarithm or root) negative; or if source and target are one file. Nothing is written then.

    Notes
    -----
    Centres (k-means, Ward) are compiled: rows are read in batches of 131,072 and two batches are in memory at a time. Methods
    with a model of their own, nominal variables and merged segments take ``assign_segments`` itself, batch by batch.
    """
    import pyarrow.parquet as pq

    solution = solution if isinstance(solution, Solution) else Solution.from_dict(solution)
    encoder = encoder if isinstance(encoder, Encoder) else Encoder.from_dict(encoder)
    source, target = Path(source), Path(target)
    _check_fit(solution, encoder)
    with _open(source, target) as file:
        columns = _check_columns(file.schema_arrow.names, [unit, *encoder.names], source)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        account = dict.fromkeys(BASES, 0) | {"rows": 0}
        sizes = dict.fromkeys(solution.segments, 0)
        writer = None
        try:
            for table in _results(file, columns, solution, encoder, unit, source):
                if writer is None:
                    words = [name for name in WORDS if name in table.column_names]
                    writer = pq.ParquetWriter(part, _plain(table.schema), use_dictionary=words, store_schema=False)
                writer.write_table(table, row_group_size=BATCH)
                _count(table, account, sizes)
            if writer is None:
                raise ParameterError(f"{source.name} has no rows")
            writer.close()
            os.replace(part, target)
        finally:
            if writer is not None:
                writer.close()
            part.unlink(missing_ok=True)
    sizes = {name: count for name, count in sizes.items() if name not in solution.merged}
    return ScoreAccount(target, sizes=sizes, **account)


def _check_fit(solution: Solution, encoder: Encoder) -> None:
    if set(solution.variables) != set(encoder.names):
        odd = ", ".join(sorted(set(solution.variables) ^ set(encoder.names)))
        raise ParameterError(f"solution and encoder do not have the same variables; only one of them has {odd}")


def _open(source: Path, target: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not source.is_file():
        raise ParameterError(f"source must be a Parquet file; {source.name} is not there")
    if target.exists() and target.samefile(source):
        raise ParameterError(f"source and target must be two files; both are {source.name}")
    if not target.parent.is_dir():
        raise ParameterError(f"the folder of the target is not there: {target.parent.name}")
    try:
        return pq.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20)
    except pa.ArrowInvalid as error:
        raise ParameterError(f"{source.name} is not Parquet: {error}") from error


def _check_columns(have: list[str], need: list[str], source: Path) -> list[str]:
    missing = [name for name in need if name not in have]
    if missing:
        near = {name: difflib.get_close_matches(name, have, n=1) for name in missing}
        listed = "; ".join(f"{name}{f' (did you mean {near[name][0]}?)' if near[name] else ''}" for name in missing)
        raise ParameterError(f"{source.name} lacks {len(missing)} columns: {listed}")
    return need


def _results(
    file: Any, columns: list[str], solution: Solution, encoder: Encoder, unit: str, source: Path
) -> Iterator[pa.Table]:
    """One table of results a batch, in order; the next batch is computed while this one is written."""
    simple = not solution.model and not solution.merged and not encoder.categories and len(solution.segments) > 1
    simple = simple and bool(np.isfinite(solution.centres.to_numpy()).all())
    place = _place_fast if simple else _place_slowly

    def work(batch: pa.RecordBatch, first_row: int) -> pa.Table:
        ids = batch.column(unit)
        if ids.null_count:
            raise ParameterError(
                f"{source.name}: {ids.null_count} units have no {unit} (among rows {first_row + 1:,} to {first_row + len(ids):,})"
            )
        return place(batch, solution, encoder, unit)

    with ThreadPoolExecutor(1) as pool:
        waiting, row = None, 0
        for batch in file.iter_batches(BATCH, columns=columns, use_threads=True):
            job, row = pool.submit(work, batch, row), row + len(batch)
            if waiting is not None:
                yield waiting.result()
            waiting = job
        if waiting is not None:
            yield waiting.result()


def _encode(batch: pa.RecordBatch, encoder: Encoder) -> pd.DataFrame:
    """Encoded base variables of a batch, rows numbered."""
    levels = encoder.levels
    values = {}
    for name in encoder.names:
        column = batch.column(name)
        if levels[name] == "nominal":
            values[name] = column.to_pandas()
        else:
            values[name] = column.to_numpy(zero_copy_only=False)
    return encoder.encode(pd.DataFrame(values, copy=False))


def _place_fast(batch: pa.RecordBatch, solution: Solution, encoder: Encoder, unit: str) -> pa.Table:
    """Nearest centre by the compiled loop."""
    import pyarrow as pa

    from ..clustering._kernel import place_rows

    encoded = _encode(batch, encoder)
    columns = np.empty((len(solution.variables), len(encoded)))
    for j, name in enumerate(solution.variables):
        columns[j] = encoded[name].to_numpy()
    first, second, observed, squares = place_rows(columns, np.array(solution.centres, dtype=float, order="C"))
    rows = np.arange(len(first))
    near, next_one = squares[first, rows], squares[second, rows]
    known = observed >= max(1.0, solution.min_observed * len(solution.variables) - 1e-9)
    lost = ~known
    margin = np.where(next_one > 0, 1 - np.sqrt(near) / np.sqrt(np.where(next_one > 0, next_one, 1.0)), 0.0)
    basis = np.where(observed == len(solution.variables), 0, np.where(known, 1, 2)).astype(np.int8)
    names = pa.array(solution.segments, pa.string())
    return pa.table(
        {
            unit: batch.column(unit),
            "segment": pa.DictionaryArray.from_arrays(pa.array(first, mask=lost), names),
            "second": pa.DictionaryArray.from_arrays(pa.array(second, mask=lost), names),
            "margin": pa.array(margin, mask=lost),
            "basis": pa.DictionaryArray.from_arrays(pa.array(basis), pa.array(BASES[:3])),
            "probability": pa.array(_probability(squares, near, solution.variance), mask=lost),
        }
    )


def _probability(squares: np.ndarray, near: np.ndarray, variance: float) -> np.ndarray:
    """Of the nearest, by equal spherical normals around the centres; as ``spherical_probabilities``."""
    if np.isnan(variance):
        return np.full(len(near), np.nan)
    squares -= near
    if not variance > 0:
        return 1.0 / (squares <= 0).sum(axis=0)
    squares /= -2 * variance
    return 1.0 / np.exp(squares, out=squares).sum(axis=0)


def _place_slowly(batch: pa.RecordBatch, solution: Solution, encoder: Encoder, unit: str) -> pa.Table:
    import pyarrow as pa

    found = assign_segments(solution, _encode(batch, encoder))
    columns = {unit: batch.column(unit)}
    for name in found.columns:
        plain = pa.array(found[name].to_numpy(object, na_value=None)) if name in WORDS else None
        if plain is None:
            values = found[name].to_numpy(float)
            columns[name] = pa.array(values, mask=np.isnan(values))
        else:
            columns[name] = plain.cast(pa.string()).dictionary_encode()
    return pa.table(columns)


def _plain(schema: pa.Schema) -> pa.Schema:
    """The same, so that every batch fits: words are dictionaries with 32-bit places."""
    import pyarrow as pa

    return pa.schema(
        [pa.field(f.name, pa.dictionary(f.type.index_type, pa.string()) if f.name in WORDS else f.type) for f in schema]
    )


def _count(table: pa.Table, account: dict[str, int], sizes: dict[str, int]) -> None:
    account["rows"] += len(table)
    for name, counts in (("basis", account), ("segment", sizes)):
        for pair in table.column(name).combine_chunks().value_counts().to_pylist():
            if pair["values"] is not None:
                counts[pair["values"]] += pair["counts"]
