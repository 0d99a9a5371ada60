"""Executed notebooks to accessible pages: only known output types, nothing loaded from outside, no markup from data.

The stock exporter drops plotly figures, loads scripts from the network and runs hostile markup; this one refuses to write a page
it cannot vouch for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from ..errors import SegmentationError

__all__ = ["Page", "RenderError", "environment", "read_notebook", "table_id"]

TEMPLATES = Path(__file__).parent / "templates"
EXHIBIT = "application/vnd.segmentation.exhibit+json"
CAPTION = "application/vnd.segmentation.caption+json"
PLOTLY = "application/vnd.plotly.v1+json"
KNOWN = {
    "application/vnd.segmentation.table+json": "table",
    "application/vnd.segmentation.reading+json": "reading",
    "application/vnd.segmentation.callout+json": "callout",
    "application/vnd.segmentation.pointers+json": "findings",
}
ROWS_SHOWN = 200


class RenderError(SegmentationError):
    """A page would have had something a reader cannot see, hear or trust."""


@dataclass
class Page:
    """One page of the report: blocks in reading order, ready for the template.

    Attributes
    ----------
    name : str
        File name without ending.
    title : str
        Text of the only h1.
    blocks : list of dict
        Each with ``kind`` and what that kind needs.
    contents : list of (level, id, text)
        Headings for the table of contents.
    figures : int
        Number of figures declared.
    """

    name: str
    title: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    contents: list[tuple[int, str, str]] = field(default_factory=list)
    figures: int = 0


@cache
def environment() -> Environment:
    """The only Jinja environment: everything is escaped, an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["embed"] = _embed
    made.filters["drawing"] = _drawing
    return made


def _embed(content: Any) -> Markup:
    """JSON that cannot leave its script element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _drawing(svg: str) -> Markup:
    """A picture this package drew; anything that could act or refer elsewhere is refused."""
    if not svg.startswith("<svg") or re.search(r"<script|<foreignObject|<image|\bon\w+\s*=|href\s*=|url\(", svg, re.I):
        raise RenderError("a drawing that is more than shapes and words")
    return Markup(svg)


def table_id(page: str, number: int) -> str:
    """Anchor of a table."""
    return f"{page}-table-{number}"


def read_notebook(notebook: dict[str, Any], name: str) -> Page:
    """Blocks of an executed notebook.

    Parameters
    ----------
    notebook : dict
        Notebook of format 4 as parsed from JSON.
    name : str
        Name of the page.

    Returns
    -------
    Page

    Raises
    ------
    RenderError
        If the notebook failed, has no single title, skips a heading level, or shows an output of a type that is not known.
    """
    page = Page(name, "")
    tables = 0
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            _add_markdown(page, source)
        elif cell["cell_type"] == "code":
            tags = cell.get("metadata", {}).get("tags", [])
            shown = [block for output in cell.get("outputs", []) for block in _read_output(output, page, number)]
            for block in shown:
                if block["kind"] == "figure":
                    page.figures += 1
                    block |= {"number": page.figures, "id": f"{name}-figure-{page.figures}"}
                elif block["kind"] == "table":
                    tables += 1
                    block |= {"number": tables, "id": table_id(name, tables)}
            page.blocks += [block for block in shown if block["kind"] != "facts"]
            facts = [block["text"] for block in shown if block["kind"] == "facts"]
            _add_code(page, [source, *facts], bool({"parameters", "injected-parameters"} & set(tags)))
    if not page.title:
        raise RenderError(f"{name}: no title; the first markdown cell must start with '# '")
    return page


def _add_markdown(page: Page, source: str) -> None:
    """Markdown of the notebook's author: raw HTML is shown as text, links may only lead to other pages of the report."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    parser.validateLink = lambda url: (
        not re.match(r"[a-z][a-z0-9+.-]*:", url.strip(), re.I) and not url.startswith("//")
    )
    tokens = parser.parse(source)
    rest = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "heading_open":
            if rest:
                page.blocks.append(
                    {"kind": "markdown", "html": Markup(parser.renderer.render(rest, parser.options, {}))}
                )
                rest = []
            _add_heading(page, int(token.tag[1]), tokens[position + 1].content)
            position += 3
            continue
        rest.append(token)
        position += 1
    if rest:
        page.blocks.append({"kind": "markdown", "html": Markup(parser.renderer.render(rest, parser.options, {}))})


def _add_code(page: Page, sources: list[str], parameters: bool) -> None:
    """Code, folded away; steps that show nothing are folded together with the next."""
    sources = [source for source in sources if source.strip()]
    if page.blocks and page.blocks[-1]["kind"] == "code":
        page.blocks[-1]["sources"] += sources
    elif sources:
        title = "Parameters and set-up" if parameters else "Code of this step"
        page.blocks.append({"kind": "code", "title": title, "sources": sources})


def _add_heading(page: Page, level: int, text: str) -> None:
    if level == 1:
        if page.title:
            raise RenderError(f"{page.name}: a second title {text!r}; a page has one")
        page.title = text
        return
    if not page.title:
        raise RenderError(f"{page.name}: heading {text!r} stands before the title")
    last = page.contents[-1][0] if page.contents else 1
    if level > last + 1:
        raise RenderError(f"{page.name}: heading {text!r} skips a level")
    anchor = f"{page.name}-{re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')}"
    while any(anchor == known for _, known, _ in page.contents):
        anchor += "-more"
    page.contents.append((level, anchor, text))
    page.blocks.append({"kind": "heading", "level": level, "id": anchor, "text": text})


def _read_output(output: dict[str, Any], page: Page, number: int) -> list[dict[str, Any]]:
    where = f"{page.name}, cell {number}"
    if output["output_type"] == "error":
        raise RenderError(f"{where}: ends in an error, {output['ename']}: {output['evalue']}")
    if output["output_type"] == "stream":
        if output["name"] == "stderr":
            raise RenderError(f"{where}: writes a warning a reader must not meet: {''.join(output['text'])[:300]}")
        return [{"kind": "facts", "text": "".join(output["text"])}]
    data = output.get("data", {})
    if CAPTION in data:  # what JupyterLab shows under a picture; the page has it in the figure
        return []
    if EXHIBIT in data:
        exhibit = data[EXHIBIT]
        if PLOTLY not in data or not exhibit["alt"].strip() or not exhibit["caption"].strip():
            raise RenderError(f"{where}: a figure without its picture, its caption or its words")
        return [{"kind": "figure", "figure": _figure(data[PLOTLY]), **exhibit, "table": _table(exhibit["table"])}]
    if PLOTLY in data:
        raise RenderError(f"{where}: a figure without caption and words; show an Exhibit, not a bare figure")
    for mime, kind in KNOWN.items():
        if mime in data:
            content = data[mime]
            if kind == "callout":
                return [{"kind": kind, "tone": content["kind"], "title": content["title"], "text": content["text"]}]
            if kind == "findings" and not all(
                re.fullmatch(r"[a-z0-9_]+", entry["page"]) for entry in content["entries"]
            ):
                raise RenderError(f"{where}: a finding that leads to no page of the report")
            return [{"kind": kind, **(_table(content) if kind == "table" else content)}]
    if set(data) <= {"text/plain"}:
        return []
    raise RenderError(f"{where}: shows {', '.join(sorted(data))}, which the report does not know")


def _table(content: dict[str, Any]) -> dict[str, Any]:
    rows = content["rows"][:ROWS_SHOWN]
    columns = [
        {**column, "room": "number" if column["numeric"] else _room([row[number] for row in rows])}
        for number, column in enumerate(content["columns"])
    ]
    return {**content, "columns": columns, "rows": rows, "more": max(0, len(content["rows"]) - ROWS_SHOWN)}


def _room(cells: list[str]) -> str:
    """How much room a column of words asks for: short ones stay on one line, long ones get the width of a readable line."""
    longest = max(map(len, cells), default=0)
    return "short" if longest <= 26 else "text" if longest <= 70 else "long"


def _figure(figure: dict[str, Any]) -> dict[str, Any]:
    """Data and layout only; images and links from data have no place in a picture."""
    layout = {key: value for key, value in figure.get("layout", {}).items() if key not in ("images", "meta")}
    return {"data": figure.get("data", []), "layout": layout}
