"""A file of new people, placed by the published solution: read strictly, placed, flagged, written whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..clustering import Solution, assign_segments
from ..errors import DataContractError, ParameterError, Violation, nearest_word
from ..features import Encoder
from ..study import Study, Variable
from ..words import count_words
from ..workspace import write_bytes
from .reach import FEWEST, Reach, flag_strangers, keep_segments, segment_distances
from .safe import make_safe

__all__ = ["Assigned", "assign_people", "describe_assigned", "read_people", "write_assigned"]

SHOWN = 5
SHARES, COUNTS = ("share",), ("active_days", "events", "money", "recency", "tenure")


@dataclass(frozen=True)
class Assigned:
    """New people in the segments of a published solution.

    Attributes
    ----------
    membership : pandas.DataFrame
        Index unit; segment, second, margin, probability, basis, distance, near_nobody; kept where there is a period before.
    reach : Reach
        Beyond what distance somebody is near nobody.
    keep_margin : float or None
        By how much a new segment had to lead; None where nobody was held against a period before.
    """

    membership: pd.DataFrame
    reach: Reach
    keep_margin: float | None = None


def read_people(path: str | Path, study: Study, encoder: Encoder, *, ignore_others: bool = False) -> pd.DataFrame:
    """Base variables of new people from a CSV or Parquet file.

    Parameters
    ----------
    path : str or Path
        One row a unit: the study's unit id and its base variables under their names, in natural units. An empty cell is missing.
    study : Study
    encoder : Encoder
        Of the published solution.
    ignore_others : bool
        Leave other columns alone instead of refusing them.

    Returns
    -------
    pandas.DataFrame
        Index unit id (str), a column a base variable.

    Raises
    ------
    DataContractError
        With everything wrong: columns missing, unknown or doubled; ids missing or doubled; values that are no number, infinite,
        outside what the variable can be, or names the solution does not know.
    """
    file = Path(path)
    frame = _read_frame(file)
    names = [name for name in encoder.names]
    found = _check_headers(frame, file.name, [study.unit, *names], ignore_others)
    if found:
        raise DataContractError(found)
    ids = frame[study.unit].map(_as_id)
    found = list(_check_ids(ids, file.name, study.unit))
    columns = {}
    for name in names:
        variable = study.variable(name)
        known = _known_names(encoder, name)
        columns[name], problems = _typed(frame[name], variable, known, file.name)
        found += problems
    if found:
        raise DataContractError(found)
    return pd.DataFrame(columns, index=frame.index).set_axis(pd.Index(ids.astype("str"), name=study.unit), axis=0)


def _read_frame(file: Path) -> pd.DataFrame:
    """Cells as text (CSV) or as stored (Parquet); the index is the row of the file."""
    if not file.is_file():
        raise DataContractError([Violation("no such file", file.name, fix="Check the path")])
    if file.suffix.lower() in (".parquet", ".pq"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            frame = pq.read_table(file).to_pandas(ignore_metadata=True)
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0][:120]
            raise DataContractError([Violation(f"not a whole Parquet file: {reason}", file.name)]) from None
        return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis=0)
    if file.suffix.lower() != ".csv":
        fix = "Save it as CSV (UTF-8, comma) or Parquet"
        raise DataContractError([Violation(f"files that end in {file.suffix!r} are not read", file.name, fix=fix)])
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        fix = "Save it as CSV UTF-8"
        raise DataContractError([Violation(f"is not UTF-8 from byte {error.start}", file.name, fix=fix)]) from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows:
        raise DataContractError([Violation("is empty", file.name)])
    ragged = [n for n, row in enumerate(rows[1:], start=2) if row and len(row) != len(rows[0])]
    if ragged:
        message = f"{len(ragged)} rows do not have {len(rows[0])} cells"
        raise DataContractError([Violation(message, file.name, row=_some(ragged), fix="Quote cells with commas")])
    kept = [(n, row) for n, row in enumerate(rows[1:], start=2) if row]
    table = pd.DataFrame([row for _, row in kept], index=[n for n, _ in kept], columns=rows[0], dtype=object)
    return table.map(lambda cell: cell.strip() or None) if len(table) else table


def _check_headers(frame: pd.DataFrame, file: str, needed: list[str], ignore_others: bool) -> list[Violation]:
    have = [str(name) for name in frame.columns]
    found = [
        Violation("column stands twice", file, column=name, fix="Keep one of them")
        for name in sorted({name for name in have if have.count(name) > 1})
    ]
    spare = [name for name in have if name not in needed]
    for name in needed:
        if name not in have:
            fix = (
                nearest_word(name, spare).replace("Did you mean", "Is it") or "Add it; cells may be empty where unknown"
            )
            found.append(Violation("this column is missing", file, row=1, column=name, fix=fix))
    for name in spare if not ignore_others else ():
        fix = nearest_word(name, [n for n in needed if n not in have]) or "Take it out, or pass --ignore-others"
        found.append(Violation("the solution does not use this column", file, row=1, column=name, fix=fix))
    if not found and frame.empty:
        found.append(Violation("has a header but no rows", file))
    return found


def _as_id(value: object) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


def _check_ids(ids: pd.Series, file: str, unit: str) -> Iterator[Violation]:
    empty = ids.index[ids.isna()]
    if len(empty):
        yield Violation(
            f"{count_words(len(empty), 'row')} without an id", file, _some(empty), unit, fix="Give each its id"
        )
    doubled = ids[ids.notna() & ids.duplicated(keep=False)]
    for value, rows in doubled.groupby(doubled, sort=True):
        yield Violation("id stands more than once", file, _some(rows.index), unit, value, fix="Keep one row a unit")


def _known_names(encoder: Encoder, name: str) -> tuple[str, ...]:
    return next(v.categories for v in encoder.variables if v.name == name)


def _typed(
    column: pd.Series, variable: Variable, known: tuple[str, ...], file: str
) -> tuple[pd.Series, list[Violation]]:
    """A column as the encoder takes it, and what is wrong with it."""
    if known:
        words = column.astype("object").where(column.notna(), None)
        odd = words[words.notna() & ~words.astype(str).isin(known)]
        fix = "Correct the name, or leave the cell empty to place by the other variables"
        return words, list(
            _grouped(odd, "the solution does not know this name", file, variable.name, ", ".join(known), fix)
        )
    if variable.level == "ordinal" and variable.levels:
        places = {word: float(n) for n, word in enumerate(variable.levels, start=1)}
        column = column.map(lambda cell: places.get(cell, cell) if isinstance(cell, str) else cell)
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    odd = column[numbers.isna() & column.notna()]
    found = list(
        _grouped(odd, "not a number", file, variable.name, "numbers with a decimal point, or an empty cell", "")
    )
    endless = column[np.isinf(numbers)]
    found += _grouped(endless, "not a finite number", file, variable.name, "", "")
    low, high = _limits(variable)
    outside = column[numbers.notna() & ~np.isinf(numbers) & ((numbers < low) | (numbers > high))]
    allowed = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
    found += _grouped(outside, "cannot be", file, variable.name, allowed, "")
    return numbers, found


def _limits(variable: Variable) -> tuple[float, float]:
    """Lowest and highest value a variable can have, by how it is measured."""
    if variable.level == "binary":
        return 0.0, 1.0
    if variable.level == "ordinal" and variable.levels:
        return 1.0, float(len(variable.levels))
    if variable.measure in (*SHARES, "top2"):
        return 0.0, 1.0
    if variable.measure in COUNTS or variable.transform != "none":
        return 0.0, np.inf
    if variable.scale is not None:
        low, high = variable.scale
        return (low - high, high - low) if variable.centre == "respondent" else (low, high)
    return -np.inf, np.inf


def _grouped(odd: pd.Series, message: str, file: str, column: str, allowed: str, fix: str) -> Iterator[Violation]:
    if len(odd):
        shown = odd.iloc[0] if isinstance(odd.iloc[0], str) else float(odd.iloc[0])
        many = f"{len(odd)} values: {message}" if len(odd) > 1 else message
        yield Violation(many, file, _some(odd.index), column, shown, allowed, fix)


def _some(rows: Mapping | list | pd.Index) -> str:
    listed = [str(row) for row in list(rows)[:SHOWN]]
    return ", ".join(listed) + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")


def assign_people(
    solution: Solution,
    encoder: Encoder,
    people: pd.DataFrame,
    reach: Reach,
    *,
    previous: pd.Series | None = None,
    keep_margin: float = 0.1,
) -> Assigned:
    """Place new people by a solution that is not changed by it, and mark those who are near nobody.

    Parameters
    ----------
    solution, encoder
        As published.
    people : pandas.DataFrame
        As ``read_people`` gives them.
    reach : Reach
        As ``learn_reach`` gives it of the published members.
    previous : pandas.Series, optional
        Last period's segment by unit; those in it keep it unless another leads by ``keep_margin``.
    keep_margin : float

    Returns
    -------
    Assigned

    Raises
    ------
    ParameterError
        If solution and encoder do not go together.
    """
    if set(solution.variables) != set(encoder.names):
        odd = ", ".join(sorted(set(solution.variables) ^ set(encoder.names)))
        raise ParameterError(f"solution and encoder do not have the same variables; only one of them has {odd}")
    encoded = encoder.encode(people)
    membership = assign_segments(solution, encoded)
    if previous is not None:
        membership = keep_segments(solution, encoded, membership, previous, margin=keep_margin)
    nominal = [v.name for v in encoder.variables if v.level == "nominal"]
    distances = segment_distances(solution, encoded, nominal=nominal)
    return Assigned(flag_strangers(reach, distances, membership), reach, None if previous is None else keep_margin)


def write_assigned(assigned: Assigned, target: str | Path) -> None:
    """Write the membership as CSV (harmless in a spreadsheet) or Parquet, whole or not at all.

    Parameters
    ----------
    assigned : Assigned
    target : str or Path
        Ends in .csv or .parquet.

    Returns
    -------
    None

    Raises
    ------
    ParameterError
        If the ending is another, or the folder is not there.
    """
    path = Path(target)
    if not path.parent.is_dir():
        raise ParameterError(f"the folder of --out is not there: {path.parent}")
    table = assigned.membership.reset_index()
    if path.suffix.lower() in (".parquet", ".pq"):
        sink = io.BytesIO()
        table.to_parquet(sink, index=False)
        write_bytes(path, sink.getvalue())
        return
    if path.suffix.lower() != ".csv":
        raise ParameterError(f"--out must end in .csv or .parquet; got {path.name}")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([make_safe(name) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    write_bytes(path, text.getvalue().encode())


def _cell(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else make_safe(value)


def describe_assigned(assigned: Assigned, *, units: str = "units") -> list[str]:
    """What was done, by what rule, in sentences for a terminal.

    Parameters
    ----------
    assigned : Assigned
    units : str
        What units are called, plural.

    Returns
    -------
    list of str
    """
    told, reach = assigned.membership, assigned.reach
    basis = told["basis"].value_counts()
    said = [f"{len(told):,d} {units} read: " + ", ".join(f"{int(n):,d} {word}" for word, n in basis.items())]
    sizes = told["segment"].value_counts()
    said.append("segments: " + (", ".join(f"{name} {int(n):,d}" for name, n in sizes.sort_index().items()) or "none"))
    far = int(told["near_nobody"].fillna(False).sum())
    said.append(
        f"near nobody: {far:,d}; further from the centre of their segment than {reach.percentile:.0%} of its members "
        "(activation.near_nobody)"
    )
    if reach.pooled:
        said.append(
            f"  the limit of {', '.join(reach.pooled)} is that of all members: fewer than {FEWEST} of their own"
        )
    if assigned.keep_margin is not None:
        kept = int(told["kept"].sum())
        said.append(
            f"kept in last period's segment: {kept:,d}; another is nearer, but leads by less than {assigned.keep_margin:g} "
            "(activation.keep_margin)"
        )
    return said
