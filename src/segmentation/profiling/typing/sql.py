"""The typing tool as one SELECT, to place people where their answers lie."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from ...errors import ParameterError
from ...literals import sql_name, sql_number, sql_text
from .questions import OTHER, Question
from .tool import TypingTool

__all__ = ["format_typing_sql"]


def format_typing_sql(tool: TypingTool, table: str, *, unit: str = "unit") -> str:
    """Write the tool as one query that DuckDB runs; the same as ``place_answers``.

    NULL and NaN are questions that were not answered; they drop out of means and covariance. An answer that is not allowed
    stops the query.

    Parameters
    ----------
    tool : TypingTool
    table : str
        Table with a column a question; dots separate database, schema and table.
    unit : str
        Column of the person's id.

    Returns
    -------
    str
        A query with the columns unit, segment (NULL where the tool cannot tell), likeliest, probability, answered.

    Raises
    ------
    ParameterError
        If there is no tool.

    Notes
    -----
    W, with unanswered rows and columns replaced by those of the identity, is factored into L D L' row by row; the squared
    distance to a segment is then a sum of squares.
    """
    if tool.reason:
        raise ParameterError(f"there is no typing tool: {tool.reason}")
    width, segments = len(tool.within), range(len(tool.segments))
    source = ".".join(sql_name(part) for part in table.split("."))
    checked = [f"{_checked(question)} AS q{number}" for number, question in enumerate(tool.questions)]
    columns, known = _columns(tool.questions)
    away = [
        f"CASE WHEN {known[c]} IS NULL THEN 0 ELSE {columns[c]} - {sql_number(tool.means[k][c])} END AS d{k}_{c}"
        for k in segments
        for c in range(width)
    ]
    present = [f"CASE WHEN {known[c]} IS NULL THEN 0 ELSE 1 END AS a{c}" for c in range(width)]
    answered = " + ".join(f"CASE WHEN q{n} IS NULL THEN 0 ELSE 1 END" for n in range(len(tool.questions)))
    steps = [
        f"asked AS (\n  SELECT {sql_name(unit)} AS unit_id,\n    {_lines(checked)}\n  FROM {source}\n)",
        f"away AS (\n  SELECT unit_id, {answered} AS answered,\n    {_lines([*present, *away])}\n  FROM asked\n)",
    ]
    before = "away"
    for column in range(width):
        steps += _eliminate(tool, column, before)
        before = f"step{column}"
    scores = [
        f"{sql_number(log(tool.priors[k]))} - 0.5e0 * ({' + '.join(f'z{k}_{c} * z{k}_{c} / p{c}' for c in range(width))}) AS f{k}"
        for k in segments
    ]
    names = [f"f{k}" for k in segments]
    likeliest = " ".join(f"WHEN f{k} = best THEN {sql_text(tool.segments[k])}" for k in segments)
    steps += [
        f"scored AS (\n  SELECT unit_id, answered,\n    {_lines(scores)}\n  FROM {before}\n)",
        f"best AS (\n  SELECT *, GREATEST({', '.join(names)}) AS best FROM scored\n)",
        f"shown AS (\n  SELECT unit_id, answered, CASE {likeliest} END AS likeliest,\n"
        f"    1 / ({' + '.join(f'exp({name} - best)' for name in names)}) AS probability\n  FROM best\n)",
    ]
    told = f"answered > 0 AND probability >= {sql_number(tool.threshold)}"
    return (
        "-- Segment of everybody by the answers to the typing tool's questions (linear discriminant; unanswered ones drop out).\n"
        f"WITH {', '.join(steps)}\n"
        f"SELECT unit_id AS {sql_name(unit)}, CASE WHEN {told} THEN likeliest END AS segment, likeliest, probability, answered\n"
        "FROM shown\n"
    )


def _eliminate(tool: TypingTool, column: int, before: str) -> list[str]:
    """Pivot of one column, then its part in the columns after it and what it adds to every segment's distance."""
    earlier = range(column)
    own = " ".join(f"- l{column}_{c} * l{column}_{c} * p{c}" for c in earlier)
    pivot = f"CASE WHEN a{column} = 0 THEN 1 ELSE {sql_number(tool.within[column][column])} {own} END AS p{column}"
    parts = [
        f"(a{row} * a{column} * {sql_number(tool.within[row][column])} {' '.join(f'- l{row}_{c} * p{c} * l{column}_{c}' for c in earlier)})"
        f" / p{column} AS l{row}_{column}"
        for row in range(column + 1, len(tool.within))
    ]
    rest = [
        f"d{k}_{column} {' '.join(f'- l{column}_{c} * z{k}_{c}' for c in earlier)} AS z{k}_{column}"
        for k in range(len(tool.segments))
    ]
    return [
        f"pivot{column} AS (\n  SELECT *, {pivot} FROM {before}\n)",
        f"step{column} AS (\n  SELECT *,\n    {_lines([*parts, *rest])}\n  FROM pivot{column}\n)",
    ]


def _checked(question: Question) -> str:
    """The answer as a number (or name), NULL where there is none; what is not allowed stops the query."""
    stop = f"error({sql_text(f'{question.name}: an answer that is not allowed')})"
    if question.level == "nominal":
        text = f"CAST({sql_name(question.name)} AS VARCHAR)"
        allowed = ", ".join(sql_text(str(option.value)) for option in question.options)
        other = sql_text(OTHER) if any(option.value == OTHER for option in question.options) else stop
        return f"CASE WHEN {text} IS NULL THEN NULL WHEN {text} IN ({allowed}) THEN {text} ELSE {other} END"
    value = f"CAST({sql_name(question.name)} AS DOUBLE)"
    missing = f"WHEN {value} IS NULL OR isnan({value}) THEN NULL"
    if question.options:
        allowed = ", ".join(sql_number(float(option.value)) for option in question.options)
        return f"CASE {missing} WHEN {value} IN ({allowed}) THEN {value} ELSE {stop} END"
    limited = f"LEAST(GREATEST({value}, {sql_number(question.low)}), {sql_number(question.high)})"
    counted = {"none": "{}", "log1p": "ln(1 + {})", "sqrt": "sqrt({})"}[question.transform].format(limited)
    return f"CASE {missing} WHEN isinf({value}) THEN {stop} ELSE {counted} END"


def _columns(questions: Sequence[Question]) -> tuple[list[str], list[str]]:
    """Expression of each column of numbers, and the question it belongs to."""
    columns, known = [], []
    for number, question in enumerate(questions):
        if question.level == "nominal":
            columns += [
                f"CASE WHEN q{number} = {sql_text(str(o.value))} THEN 1 ELSE 0 END" for o in question.options[1:]
            ]
        else:
            columns.append(f"q{number}")
        known += [f"q{number}"] * question.width
    return columns, known


def _lines(parts: Sequence[str]) -> str:
    return ",\n    ".join(parts)
