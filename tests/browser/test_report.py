"""Every page of the sample's report in a real browser: wide and narrow, light and dark, printed, and without JavaScript."""

from __future__ import annotations

import json
import re

import pytest

from segmentation.reporting.stages import NOTEBOOKS

from ..conftest import PROJECT, STUDY
from .conftest import DRAWN, list_violations, outside, uri

pytestmark = pytest.mark.browser
PERSONAS = [path.stem for path in sorted((PROJECT / STUDY / "personas").glob("*.md"))]
WIKI = [
    f"personas/{name}" for name in ("index", "compare", "history", "perception", "glossary", f"evidence/{PERSONAS[0]}")
]
PAGES = ["index", *NOTEBOOKS, "messages", *(f"personas/{name}" for name in PERSONAS), *WIKI, "bundle"]
DESKTOP, PHONE = (1280, 900), (390, 844)
LAYERS = {  # what plotly draws for a trace of this type
    "bar": ".barlayer .trace",
    "scatter": ".scatterlayer .trace",
    "heatmap": ".heatmaplayer image, .heatmaplayer .hm",
    "histogram": ".barlayer .trace",
    "box": ".boxlayer .trace",
    "violin": ".violinlayer .trace",
    "sankey": ".sankey-node",
    "funnel": ".funnellayer .trace",
}


def page_uri(sample_run, name: str) -> str:
    root = sample_run.report
    return uri(root.parent / "fieldnote-2026Q3.html" if name == "bundle" else root / f"{name}.html")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_drawn_loads_nothing_and_is_accessible(sample_run, browser, axe, name):
    """One visit a page: the window is made narrow and the colours dark while it is open, as a reader's would be."""
    browser.open(page_uri(sample_run, name), width=DESKTOP[0], height=DESKTOP[1], ready=DRAWN)
    assert browser.complaints() == []
    counts = browser.evaluate("['.canvas', '.canvas[data-drawn]'].map(s => document.querySelectorAll(s).length)")
    assert counts[0] == counts[1]
    problems = {}
    for size, dark in ((DESKTOP, False), (DESKTOP, True), (PHONE, True), (PHONE, False)):
        if name == "bundle" and dark is (size is DESKTOP):
            continue  # all pages in one: eight seconds a look, and each was looked at by itself
        browser.resize(*size)
        browser.colours(dark)
        found = list_violations(browser, axe)
        room = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if room[0] > room[1]:
            found.append(f"the page is {room[0]} pixels wide in a window of {room[1]}")
        problems |= {(size[0], "dark" if dark else "light"): found} if found else {}
    assert problems == {}
    assert outside(browser.requests()) == []
    assert browser.complaints() == []


@pytest.mark.parametrize("name", [*NOTEBOOKS, "bundle"])
def test_figures_drawn_are_the_figures_declared(sample_run, browser, name):
    """A figure the notebook showed must be a picture with every layer its traces need, not an empty box."""
    stages = NOTEBOOKS if name == "bundle" else (name,)
    declared = 0
    for stage in stages:
        cells = json.loads((sample_run.report / f"notebooks/{stage}.ipynb").read_text("utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        declared += sum("application/vnd.plotly.v1+json" in output.get("data", {}) for output in outputs)
    browser.open(page_uri(sample_run, name), ready=DRAWN)
    canvases = browser.evaluate(
        "Array.from(document.querySelectorAll('.canvas')).map(c => ({id: c.dataset.figure, drawn: c.dataset.drawn, "
        "types: Array.from(new Set(c.data.filter(t => t.visible !== false && (t.x || t.y || t.z || t.node || t.values) && "
        "(t.x || t.y || t.z || []).length).map(t => t.type || 'scatter')))}))"
    )
    assert len(canvases) == declared and declared >= len(stages) - 1
    for canvas in canvases:
        assert canvas["drawn"] == "true", canvas
        for kind in canvas["types"]:
            assert kind in LAYERS, f"{canvas['id']}: a trace of type {kind}, which no test knows"
            count = browser.evaluate(
                f"document.querySelector('[data-figure=\"{canvas['id']}\"]').querySelectorAll('{LAYERS[kind]}').length"
            )
            assert count > 0, f"{canvas['id']}: nothing drawn for {kind}"


@pytest.mark.parametrize("name", ["index", "02_segments", "04_personas", "bundle"])
def test_page_without_javascript_still_says_everything(sample_run, browser, name):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page_uri(sample_run, name), settle=False)
        text = browser.text()
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert len(text) > 1500
    if name != "index":
        assert "In words:" in text and "Figure 1." in text and "Numbers behind figure 1" in text
    if name in ("02_segments", "04_personas"):
        assert "Pictures need JavaScript" in text


@pytest.mark.parametrize(
    ("name", "low", "high"), [("index", 2, 6), ("02_segments", 4, 30), (f"personas/{PERSONAS[0]}", 1, 1)]
)
def test_page_prints_on_a4(sample_run, browser, tmp_path, name, low, high):
    browser.open(page_uri(sample_run, name), ready=DRAWN)
    content = browser.pdf(tmp_path / "page.pdf").read_bytes()
    pages = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", content)
    assert low <= len(pages) <= high
    for width, height in pages:
        assert abs(float(width) - 595) < 2 and abs(float(height) - 842) < 2
    assert b"/StructTreeRoot" in content  # tagged: a screen reader can follow it


def test_every_persona_fits_a_laptop_s_window(sample_run, browser):
    """The whole sheet in a window of 1280 by 800, without scrolling."""
    ends = {}
    for name in PERSONAS:
        browser.open(page_uri(sample_run, f"personas/{name}"), width=1280, height=800)
        ends[name] = browser.evaluate("document.querySelector('.sheet').getBoundingClientRect().bottom")
    assert {name: end for name, end in ends.items() if end > 800} == {}


def test_every_persona_is_one_sheet_of_paper(sample_run, browser, tmp_path):
    sheets = {}
    for name in PERSONAS:
        browser.open(page_uri(sample_run, f"personas/{name}"))
        content = browser.pdf(tmp_path / "page.pdf").read_bytes()
        sheets[name] = len(re.findall(rb"/MediaBox", content))
    assert set(sheets.values()) == {1}, sheets


def test_click_on_a_claim_leads_to_its_quote_or_its_row(sample_run, browser):
    """A reader clicks: the place it leads to is there, marked, and holds what the claim cites."""
    name = f"personas/{PERSONAS[0]}"
    browser.open(page_uri(sample_run, name), width=DESKTOP[0], height=DESKTOP[1])
    for kind in ("quote", "theme", "profile"):
        browser.open(page_uri(sample_run, name), width=DESKTOP[0], height=DESKTOP[1])
        link = f"document.querySelector('main a[href*=\"-{kind}-\"]')"
        goal = browser.evaluate(f"{link}.getAttribute('href').split('#')[1]")
        browser.evaluate(f"{link}.click()")
        browser._wait(lambda: browser.evaluate("document.querySelector(':target') !== null"), 120)
        assert browser.evaluate("document.querySelector(':target').id") == goal
        assert len(browser.evaluate("document.querySelector(':target').textContent").split()) > 3
