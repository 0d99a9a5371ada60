"""What a notebook shows a reader: tables, readings, findings and callouts.

Each is shown by JupyterLab as escaped HTML and by the report from its own JSON type, so that text from outside (a survey
answer, a quote) can never become markup in either.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

__all__ = ["Callout", "Pointers", "Reading", "Table", "format_p", "print_facts"]

TABLE_MIME = "application/vnd.segmentation.table+json"
READING_MIME = "application/vnd.segmentation.reading+json"
POINTERS_MIME = "application/vnd.segmentation.pointers+json"
CALLOUT_MIME = "application/vnd.segmentation.callout+json"


@dataclass(frozen=True)
class Table:
    """A small table for readers: already formatted cells, a caption with n and source.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows to show, index not shown (reset it first if it carries meaning). Numbers are formatted by ``formats``.
    caption : str
        What the table shows, n and source, in a sentence.
    formats : mapping of str to str, optional
        Column name to format specification, for instance ``{"share": ".1%", "n": ",d"}``; "p" for p and q values, as
        ``format_p`` writes them. Missing values show as "–".
    note : str, optional
        A line under the table.
    empty : str, optional
        What a reader is told instead where there is no row; nothing at all if empty, since a heading over nothing says less.
    """

    frame: pd.DataFrame
    caption: str
    formats: Mapping[str, str] | None = None
    note: str = ""
    empty: str = ""

    def as_json(self) -> dict[str, Any]:
        """Columns (name, numeric or not), rows of strings, caption and note."""
        formats = dict(self.formats or {})
        columns = [
            {
                "name": str(name),
                "numeric": bool(pd.api.types.is_numeric_dtype(self.frame[name].dtype) or name in formats),
            }
            for name in self.frame.columns
        ]
        rows = [
            [_cell(value, formats.get(name)) for name, value in zip(self.frame.columns, row, strict=True)]
            for row in self.frame.itertuples(index=False, name=None)
        ]
        return {"columns": columns, "rows": rows, "caption": self.caption, "note": self.note}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self.frame.empty:
            return Reading([self.empty] if self.empty else [])._repr_mimebundle_(include, exclude)
        content = self.as_json()
        head = "".join(f"<th scope='col'>{html.escape(c['name'])}</th>" for c in content["columns"])
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in content["rows"])
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        page = (
            f"<table><caption>{html.escape(self.caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{note}"
        )
        return {TABLE_MIME: content, "text/html": page, "text/plain": self.caption}


@dataclass(frozen=True)
class Reading:
    """One to three plain sentences generated from a result; never markup.

    Parameters
    ----------
    paragraphs : sequence of str
        Each a paragraph of plain text.
    """

    paragraphs: Sequence[str]

    def __str__(self) -> str:
        return "\n\n".join(self.paragraphs)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        page = "".join(f"<p>{html.escape(text)}</p>" for text in self.paragraphs)
        return {READING_MIME: {"paragraphs": list(self.paragraphs)}, "text/html": page, "text/plain": str(self)}


@dataclass(frozen=True)
class Pointers:
    """A list of findings, each with the page of the report that has its numbers.

    Parameters
    ----------
    items : sequence of (page, topic, text)
        Page is the name of a notebook without its ending; topic, a word or two, is the link to it.
    """

    items: Sequence[tuple[str, str, str]]

    def __str__(self) -> str:
        return "\n".join(f"{topic}: {text}" for _, topic, text in self.items)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        content = {"entries": [{"page": page, "topic": topic, "text": text} for page, topic, text in self.items]}
        rows = "".join(
            f"<li><strong>{html.escape(topic)}</strong> {html.escape(text)}</li>" for _, topic, text in self.items
        )
        return {POINTERS_MIME: content, "text/html": f"<ul>{rows}</ul>", "text/plain": str(self)}


@dataclass(frozen=True)
class Callout:
    """A boxed statement that a reader must not miss.

    Parameters
    ----------
    kind : {"finding", "caution", "absent"}
        A result to act on; a limit on trust; something the study does not have.
    title : str
        The statement, a sentence.
    text : str
        What follows from it.
    """

    kind: Literal["finding", "caution", "absent"]
    title: str
    text: str = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        content = {"kind": self.kind, "title": self.title, "text": self.text}
        page = f"<blockquote><strong>{html.escape(self.title)}</strong> {html.escape(self.text)}</blockquote>"
        return {CALLOUT_MIME: content, "text/html": page, "text/plain": f"{self.title} {self.text}".strip()}


def format_p(value: float) -> str:
    """A p or q value without false precision.

    Examples
    --------
    >>> [format_p(value) for value in (0.0421, 0.0004, 0.9996, float("nan"))]
    ['0.042', '< 0.001', '> 0.999', '–']
    """
    if value is None or value is pd.NA or np.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else "> 0.999" if value > 0.9995 else f"{value:.3f}"


def print_facts(**facts: Any) -> None:
    """Print a stage's facts as one JSON object with sorted keys; floats to two decimals.

    The cell that calls this is tagged ``nbval-check-output``: a changed figure fails the notebook's test.

    Examples
    --------
    >>> print_facts(rows=3, share=0.12345, sizes={"S1": 2, "S2": 1})
    {"rows": 3, "share": 0.12, "sizes": {"S1": 2, "S2": 1}}
    """
    print(json.dumps(_plain(facts), sort_keys=True, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return None if not np.isfinite(value) else round(float(value), 2) + 0.0
    return None if value is None or value is pd.NA else str(value)


def _format(value: Any, spec: str) -> str:
    """A value by its format; a number that rounds to nothing has no minus before its 0."""
    if not isinstance(value, (float, np.floating)) or not spec.endswith(("f", "%")):
        return format(value, spec)
    sign = spec[: spec[:1] in ("+", "-", " ")]
    return format(float(value), f"{sign}z{spec[len(sign) :]}")


def _cell(value: Any, spec: str | None) -> str:
    if (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, (float, np.floating)) and np.isnan(value))
    ):
        return "–"
    if spec:
        return format_p(float(value)) if spec == "p" else _format(value, spec)
    if isinstance(value, (float, np.floating)):
        return f"{value:z,.2f}"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{value:,d}"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return str(value)
