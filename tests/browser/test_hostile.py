"""Text from outside that wants to be a program: shown by the real templates, it stays text."""

from __future__ import annotations

import json

import pandas as pd
import plotly.graph_objects as go
import pytest

from segmentation.display import Callout, Reading, Table
from segmentation.figures.exhibit import Exhibit
from segmentation.reporting.publish import POLICY
from segmentation.reporting.render import environment, read_notebook
from segmentation.reporting.stages import STAGES

from .conftest import DRAWN, outside, uri

pytestmark = pytest.mark.browser
MARK = "window.owned = true"
PAYLOADS = (
    f"<script>{MARK}</script>",
    f'<img src=x onerror="{MARK}">',
    f'"><svg onload="{MARK}">',
    f"</script><script>{MARK}</script>",
    f"<a href=\"javascript:{MARK}\">a</a> [b](javascript:{MARK})",
    '<iframe src="https://evil.example/"></iframe><link rel=stylesheet href="https://evil.example/x.css">',
    "{{ 7 * 7 }} {% raw %} ${7*7} --> ]]>",
)  # fmt: skip


def output_of(shown) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": json.loads(json.dumps(shown._repr_mimebundle_()))}


def hostile_notebook() -> dict:
    words = " ".join(PAYLOADS)
    table = Table(pd.DataFrame({PAYLOADS[0]: list(PAYLOADS), "n": range(len(PAYLOADS))}), words, note=words)
    figure = go.Figure(
        go.Bar(x=list(PAYLOADS), y=[1] * len(PAYLOADS), name=words, text=list(PAYLOADS), hovertext=list(PAYLOADS))
    )
    figure.update_layout(
        xaxis_title=PAYLOADS[1], legend_title=PAYLOADS[2], annotations=[{"text": words, "x": 0, "y": 1}]
    )
    shown = [table, Reading(list(PAYLOADS)), Callout("caution", words, words), Exhibit(figure, words, words, table)]
    cells = [{"cell_type": "markdown", "source": f"# Is it text?\n\n{words}\n\n## {PAYLOADS[1]}", "metadata": {}}]
    cells += [
        {"cell_type": "code", "source": f"x = {words!r}", "metadata": {}, "outputs": [output_of(item)]}
        for item in shown
    ]
    cells[-1]["outputs"].append({"output_type": "stream", "name": "stdout", "text": words})
    return {"cells": cells}


REPORT = {
    "title": PAYLOADS[1],
    "about": PAYLOADS[0],
    "period": "2026Q3",
    "synthetic": True,
    "pages": [
        {"name": stage.name, "href": f"{stage.name}.html", "short": stage.name, "question": PAYLOADS[0]}
        for stage in STAGES
    ],
    "version": "0",
    "revision": PAYLOADS[2],
    "versions": {"python": "3"},
    "random_state": 1,
    "caution": PAYLOADS[0],
}


def show(browser, tmp_path, html: str, sample_run) -> str:
    """Open a page beside the real assets, touch everything, and say what a reader reads."""
    folder = tmp_path / "report"
    (folder / "assets").mkdir(parents=True)
    for asset in (sample_run.report / "assets").iterdir():
        (folder / "assets" / asset.name).write_bytes(asset.read_bytes())
    (folder / "page.html").write_text(html, "utf-8")
    browser.open(uri(folder / "page.html"), ready=DRAWN)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.evaluate(
        "document.querySelectorAll('.canvas').forEach(c => Plotly.Fx.hover(c, [{curveNumber: 0, pointNumber: 0}]))"
    )
    browser.evaluate("new Promise(done => setTimeout(done, 300))")
    assert browser.evaluate("window.owned === undefined"), "text of the data was run as a program"
    assert outside(browser.requests()) == []
    assert not [words for words in browser.complaints() if "Content Security Policy" not in words]
    assert (
        browser.evaluate(
            "document.querySelectorAll('main iframe, main img, main link, main [onerror], main [onload]').length"
        )
        == 0
    )
    links = browser.evaluate("Array.from(document.querySelectorAll('a, svg a')).map(a => a.getAttribute('href') || '')")
    assert not [link for link in links if link.lower().startswith(("javascript:", "http"))]
    return browser.text()


def test_notebook_page_shows_hostile_text_as_text(browser, tmp_path, sample_run):
    page = read_notebook(hostile_notebook(), "02_segments")
    html = environment().get_template("page.html.j2").render(
        report=REPORT, policy=POLICY, page=page, name=page.name, title=page.title, contents=page.contents, up="", plots=True
    )  # fmt: skip
    text = show(browser, tmp_path, html, sample_run)
    assert text.count(f"<script>{MARK}</script>") >= 5
    assert "{{ 7 * 7 }}" in text and "49" not in text


def test_persona_sheet_and_front_door_show_hostile_text_as_text(browser, tmp_path, sample_run):
    def spoil(value):
        if isinstance(value, dict):
            return {
                key: item if key in ("avatar", "drawing", "persona_id", "status", "n") else spoil(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [spoil(item) for item in value]
        return f"{value} {' '.join(PAYLOADS)}" if isinstance(value, str) and value else value

    personas = json.loads((sample_run.report / "results/personas.json").read_text("utf-8"))
    persona = spoil(personas[0])
    common = {"report": REPORT, "policy": POLICY, "contents": [], "plots": False}
    for name in ("persona", "persona_evidence"):
        html = environment().get_template(f"{name}.html.j2").render(
            **common, persona=persona, personas=[persona], name="04_personas", title=persona["name"], up="", kind="persona"
        )  # fmt: skip
        assert f"<script>{MARK}</script>" in show(browser, tmp_path / name, html, sample_run)
    card = {"id": PAYLOADS[0], "colour": "#0072B2", "share": "26%", "size": PAYLOADS[1], "words": PAYLOADS[2]}
    section = {
        "id": "found",
        "title": "Found",
        "empty": "",
        "entries": [{"text": t, "href": "x.html", "from": t} for t in PAYLOADS],
    }
    front = {
        "first": {
            "name": "08_since_last_quarter",
            "href": "08_since_last_quarter.html",
            "title": PAYLOADS[1],
            "text": PAYLOADS[0],
        },
        "verdict": {"tone": "finding", "title": PAYLOADS[0], "text": PAYLOADS[1]},
        "segments_title": PAYLOADS[4],
        "personas_title": PAYLOADS[5],
        "segments": [card],
        "segments_note": PAYLOADS[3],
        "sections": [section, section | {"id": "changed"}, section | {"id": "decide"}, section | {"id": "trust"}],
        "personas": [persona],
        "pack": None,
    }
    html = (
        environment()
        .get_template("index.html.j2")
        .render(**common, front=front, name="index", title=PAYLOADS[0], up="")
    )
    assert f"<script>{MARK}</script>" in show(browser, tmp_path / "front", html, sample_run)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_display_objects_show_hostile_text_as_text_in_jupyter(browser, tmp_path, payload):
    """The HTML for JupyterLab, which has no template of ours around it."""
    shown = [
        Table(pd.DataFrame({payload: [payload]}), payload, note=payload),
        Reading([payload]),
        Callout("absent", payload, payload),
    ]
    page = tmp_path / "cell.html"
    page.write_text("<!doctype html><body>" + "".join(item._repr_mimebundle_()["text/html"] for item in shown), "utf-8")
    browser.open(uri(page))
    assert browser.evaluate("window.owned === undefined")
    assert payload in browser.text()
    assert outside(browser.requests()) == []


def test_payloads_do_run_where_nothing_stops_them(browser, tmp_path):
    """The canary of the canaries: without escaping, the page is owned."""
    page = tmp_path / "bad.html"
    page.write_text("<!doctype html><body>" + PAYLOADS[1], "utf-8")
    browser.open(uri(page), ready="window.owned")
    assert browser.evaluate("window.owned")
