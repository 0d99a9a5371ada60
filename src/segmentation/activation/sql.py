"""The frozen solution as SQL, so that membership can be computed where the data live."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import ParameterError
from ..literals import sql_name, sql_number, sql_text

__all__ = ["format_assignment_sql"]

_FAR = "1e308"


def format_assignment_sql(
    solution: Mapping[str, Any], encoder: Mapping[str, Any], table: str, *, unit: str = "unit"
) -> str:
    """Write nearest-centre assignment (k-means, Ward) as one SELECT that DuckDB runs.

    The same as ``assign_segments``: partial distance over the base variables a unit has; units with too few are unplaced. NULL
    and NaN count as missing. Infinite values, and negative ones where the encoder takes a logarithm or root, stop the query.

    Parameters
    ----------
    solution : mapping
        As the solution's ``to_dict`` gives it: variables, segments, centres, min_observed, and merged if segments are.
    encoder : mapping
        As the encoder's ``to_dict`` gives it: variables with name, transform, centre, scale, low, high.
    table : str
        Table with the base variables in natural units; dots separate database, schema and table.
    unit : str
        Column of the unit id.

    Returns
    -------
    str
        A query with the columns of the membership: unit id, segment, second, margin, basis, probability.

    Raises
    ------
    ParameterError
        If the two do not have the same variables, a number is not finite, there are fewer than two segments, or the method does not
        place by centres.

    Examples
    --------
    >>> solution = {"variables": ["days"], "segments": ["S1", "S2"], "centres": [[1.0], [-1.0]], "min_observed": 0.4}
    >>> encoder = {"variables": [{"name": "days", "transform": "none", "centre": 2.0, "scale": 1.0, "low": None, "high": None}]}
    >>> query = format_assignment_sql(solution, encoder, "features", unit="company_id")
    >>> import duckdb
    >>> with duckdb.connect() as engine:
    ...     _ = engine.execute("create table features as select 'A' as company_id, 2.5 as days")
    ...     engine.execute(query).fetchone()[:2]
    ('A', 'S1')
    """
    if solution.get("method", "kmeans") not in ("kmeans", "ward"):
        raise ParameterError(
            f"only methods that place by centres (kmeans, ward) can be written as SQL; got {solution['method']!r}"
        )
    variables = _variables(solution, encoder)
    segments, centres = [str(name) for name in solution["segments"]], solution["centres"]
    if len(segments) < 2 or len(centres) != len(segments) or any(len(row) != len(variables) for row in centres):
        raise ParameterError(
            f"the solution has {len(segments)} segments, {len(centres)} centres and {len(variables)} variables"
        )
    merged = solution.get("merged", {})
    parts = list(zip(segments, centres, strict=True))
    groups = [(one, [c for name, c in parts if merged.get(name, name) == one]) for one in segments if one not in merged]
    least = max(1, math.ceil(solution["min_observed"] * len(variables) - 1e-9))
    source = ".".join(sql_name(part) for part in table.split("."))
    z = [f"z{i}" for i in range(len(variables))]
    encoded = ",\n    ".join(f"{_encode(variable)} AS {column}" for variable, column in zip(variables, z, strict=True))
    counted = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in z)
    return f"""-- Segment of every unit by the nearest centre (partial distance over the base variables a unit has).
WITH encoded AS (
  SELECT {sql_name(unit)} AS unit_id,
    {encoded}
  FROM {source}
), counted AS (
  SELECT *, {counted} AS observed FROM encoded
), {_rank(z, groups, _variance(solution, len(variables)))}
SELECT unit_id AS {sql_name(unit)},
  CASE WHEN observed >= {least} THEN segment END AS segment,
  CASE WHEN observed >= {least} THEN second END AS second,
  CASE WHEN observed >= {least} THEN CASE WHEN next > 0 THEN 1 - near / next ELSE 0 END END AS margin,
  CASE WHEN observed = {len(variables)} THEN 'fitted' WHEN observed >= {least} THEN 'placed' ELSE 'unplaced' END AS basis,
  CASE WHEN observed >= {least} THEN probability END AS probability
FROM ranked
"""


def _variance(solution: Mapping[str, Any], variables: int) -> float | None:
    """Pooled variance within segments, a variable; None if the search left no sum of squares."""
    search = solution.get("search", {})
    within, weight = search.get("within_ss"), search.get("weight", sum(solution.get("sizes", ())))
    return None if within is None or not weight else float(within) / (weight * variables)


def _probability(groups: list[tuple[str, list[list[float]]]], c: list[list[str]], variance: float | None) -> str:
    """Probability of the segment named, by round clouds of one size and spread around the centres."""
    if variance is None:
        return "CAST(NULL AS DOUBLE)"
    if variance > 0:
        terms = [[f"exp((near * near - {x} * {x}) * observed / {sql_number(2 * variance)})" for x in own] for own in c]
    else:
        terms = [[f"CASE WHEN {x} <= near THEN 1e0 ELSE 0e0 END" for x in own] for own in c]
    named = " ".join(
        f"WHEN segment = {sql_text(segment)} THEN {' + '.join(own)}"
        for (segment, _), own in zip(groups, terms, strict=True)
    )
    return f"CASE {named} END / ({' + '.join(term for own in terms for term in own)})"


def _rank(z: list[str], groups: list[tuple[str, list[list[float]]]], variance: float | None) -> str:
    """Steps from encoded values to the nearest and second-nearest segment and their distances; a merged one has several centres."""
    c = [[f"c{i}_{j}" for j in range(len(centres))] for i, (_, centres) in enumerate(groups)]
    d = [f"d{i}" for i in range(len(groups))]
    pairs = [(segment, column) for (segment, _), column in zip(groups, d, strict=True)]
    distances = ",\n    ".join(
        f"{_distance(z, centre)} AS {column}"
        for (_, centres), columns in zip(groups, c, strict=True)
        for centre, column in zip(centres, columns, strict=True)
    )
    nearest = ", ".join(f"LEAST({', '.join(own)}) AS {column}" for own, column in zip(c, d, strict=True))
    first = " ".join(f"WHEN {column} = near THEN {sql_text(segment)}" for segment, column in pairs)
    others = ", ".join(
        f"CASE WHEN segment = {sql_text(segment)} THEN {_FAR} ELSE {column} END" for segment, column in pairs
    )
    second = " ".join(
        f"WHEN segment <> {sql_text(segment)} AND {column} = next THEN {sql_text(segment)}" for segment, column in pairs
    )
    return f"""distances AS (
  SELECT unit_id, observed,
    {distances}
  FROM counted
), segments AS (
  SELECT *, {nearest} FROM distances
), nearest AS (
  SELECT *, LEAST({", ".join(d)}) AS near FROM segments
), named AS (
  SELECT *, CASE {first} END AS segment FROM nearest
), separated AS (
  SELECT *, LEAST({others}) AS next FROM named
), ranked AS (
  SELECT *, CASE {second} END AS second, {_probability(groups, c, variance)} AS probability FROM separated
)"""


def _variables(solution: Mapping[str, Any], encoder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Encoder's variables in the solution's order."""
    for name, content, keys in (
        ("solution", solution, ("variables", "segments", "centres", "min_observed")),
        ("encoder", encoder, ("variables",)),
    ):
        missing = [key for key in keys if key not in content]
        if missing:
            raise ParameterError(f"{name} lacks {', '.join(missing)}")
    by_name = {str(variable["name"]): variable for variable in encoder["variables"]}
    names = [str(name) for name in solution["variables"]]
    if set(names) != set(by_name):
        odd = ", ".join(sorted(set(names) ^ set(by_name)))
        raise ParameterError(f"solution and encoder do not have the same variables; only one of them has {odd}")
    return [by_name[name] for name in names]


def _encode(variable: Mapping[str, Any]) -> str:
    """z-score of one column; NULL where it is missing. LEAST and GREATEST skip NULL in DuckDB, hence the CASE around them."""
    column, name = f"CAST({sql_name(variable['name'])} AS DOUBLE)", variable["name"]
    transforms = {"none": "{}", "log1p": "ln(1 + {})", "sqrt": "sqrt({})"}
    if variable["transform"] not in transforms:
        raise ParameterError(f"transform must be one of {', '.join(transforms)}; got {variable['transform']!r}")
    value = transforms[variable["transform"]].format(column)
    if variable.get("low") is not None:
        value = f"GREATEST({value}, {sql_number(variable['low'])})"
    if variable.get("high") is not None:
        value = f"LEAST({value}, {sql_number(variable['high'])})"
    stops = [f"WHEN isinf({column}) THEN error({sql_text(f'{name}: infinite value')})"]
    if variable["transform"] != "none":
        stops.append(f"WHEN {column} < 0 THEN error({sql_text(f'{name}: value below 0')})")
    missing = f"WHEN {column} IS NULL OR isnan({column}) THEN NULL"
    scaled = f"({value} - {sql_number(variable['centre'])}) / {sql_number(variable['scale'])}"
    return f"CASE {missing} {' '.join(stops)} ELSE {scaled} END"


def _distance(columns: list[str], centre: list[float]) -> str:
    squares = " + ".join(
        f"COALESCE(({c} - {sql_number(x)}) * ({c} - {sql_number(x)}), 0)" for c, x in zip(columns, centre, strict=True)
    )
    return f"sqrt(({squares}) / GREATEST(observed, 1))"
