"""Coding with a finger, on a phone's and a tablet's screen: the widget alone on a page, Python's part played by what it would show."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest

from segmentation import figures
from segmentation.coding import Code, CodingSession, write_codebook
from segmentation.figures.coder.view import draw_session

from ..coding.conftest import SAID, make_interviews
from .chromium import Browser, find_chromium
from .conftest import list_violations, uri

pytestmark = pytest.mark.browser
CODER = Path(figures.__file__).parent / "coder"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Coding</title><style>CSS</style><main id="desk"></main><script type="module">
JS
const view = VIEW;
window.sent = [];
const told = { n: 0, words: "" };
const model = { get: (name) => (name === "view" ? view : told), send: (asked) => window.sent.push(asked), on() {}, off() {} };
render({ model, el: document.getElementById("desk") });
</script></html>"""
PICKED = "document.querySelector('[data-part=picked]')?.textContent"


@pytest.fixture
def touch():
    """A browser of its own: touch stays on for as long as it lives."""
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium): coding by touch was not tried")
    with Browser() as page:
        page.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
        yield page


@pytest.fixture
def desk(tmp_path) -> str:
    """The widget as it stands after the cell was run, on a long interview in the middle of which somebody speaks in two scripts."""
    said = {"P1": [*(f"P1: And so it went on for {n} days." for n in range(2, 30)), *SAID["P1"]]}
    write_codebook(tmp_path / "codings", [Code("trips", "Trips", "", "driving"), Code("money", "Money")])
    session = CodingSession(make_interviews(said), tmp_path / "codings", "ana", today=lambda: date(2026, 11, 22))
    shown = json.dumps(draw_session(session)).replace("<", "\\u003c")
    page = PAGE.replace("CSS", (CODER / "coder.css").read_text("utf-8")).replace(
        "JS", (CODER / "coder.js").read_text("utf-8")
    )
    (tmp_path / "desk.html").write_text(page.replace("VIEW", shown), "utf-8")
    return uri(tmp_path / "desk.html")


def place_of(page, script: str) -> tuple[float, float]:
    """The middle of an element or a range on the screen, after scrolling to it."""
    box = page.evaluate(
        "(what => { (what.startContainer?.parentElement ?? what).scrollIntoView({block: 'nearest'});"
        f"return what.getBoundingClientRect().toJSON(); }})({script})"
    )
    return box["left"] + box["width"] / 2, box["top"] + box["height"] / 2


def words(first: str, last: str = "") -> str:
    """A range from one piece of text to another, each found by words that stand in one place."""
    return (
        "(() => { const pieces = [...document.querySelectorAll('.coder-piece')];"
        "const at = (word, end) => { const piece = pieces.find(e => e.textContent.includes(word));"
        "return [piece.firstChild, piece.textContent.indexOf(word) + (end ? word.length : 0)]; };"
        "const range = document.createRange();"
        f"range.setStart(...at({json.dumps(first)}, false)); range.setEnd(...at({json.dumps(last or first)}, true)); return range; }})()"
    )


def touch_at(page, place: tuple[float, float], *, last: str = "touchEnd") -> None:
    page.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": place[0], "y": place[1]}])
    page.call("Input.dispatchTouchEvent", type=last, touchPoints=[])


def hold(page, first: str, last: str = "") -> None:
    """Hold a finger on words. Headless Chromium selects nothing by itself then, so the selection is made as phones make it: while the
    finger rests, the browser takes the touch over (no mouse event follows), and what is selected changes without any further event."""
    touch_at(page, place_of(page, words(first)), last="touchCancel")
    pull_handles(page, first, last)


def pull_handles(page, first: str, last: str = "") -> None:
    page.evaluate(
        f"(range => {{ getSelection().removeAllRanges(); getSelection().addRange(range); }})({words(first, last)})"
    )


def until(page, script: str, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := page.evaluate(script):
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds: {script}; {page.evaluate('document.body.textContent')[:300]}")


def in_window(page, script: str) -> bool:
    box = page.evaluate(f"({script}).getBoundingClientRect().toJSON()")
    return box["top"] >= 0 and box["bottom"] <= page.evaluate("innerHeight") and box["width"] > 0


@pytest.mark.parametrize(("width", "height"), [(390, 844), (820, 1180)], ids=["phone", "tablet"])
def test_words_held_with_a_finger_are_given_a_code(touch, desk, axe, tmp_path, width, height):
    touch.open(desk, width=width, height=height, ready="document.querySelector('.coder-words')")
    hold(touch, "nothing")
    until(touch, f"{PICKED} === 'nothing'")
    pull_handles(touch, "for nothing, twice")
    until(touch, f"{PICKED} === 'for nothing, twice'")
    menu = "document.querySelector('[data-field=code]')"
    button = "[...document.querySelectorAll('.coder-side button')].find(e => e.textContent === 'Give this code')"
    assert in_window(touch, menu) and in_window(touch, button), touch.picture(tmp_path / "held.png", full=False)
    assert in_window(touch, words("for nothing, twice")), "the words stay in sight beside the list"
    touch.evaluate(f"{menu}.value = 'money', {menu}.dispatchEvent(new Event('change', {{bubbles: true}}))")
    touch_at(touch, place_of(touch, button))
    (asked,) = until(touch, "sent.length && sent")
    said = SAID["P1"][1].removeprefix("P1: ").encode("utf-16-le")
    assert said[2 * asked["start"] : 2 * asked["end"]].decode("utf-16-le") == "for nothing, twice"
    assert (asked["do"], asked["turn"], asked["code"]) == ("give", 29, "money")
    assert touch.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = "[...document.querySelectorAll('.coder button, .coder select')].filter(e => e.getBoundingClientRect().height < 44).length"
    assert touch.evaluate(small) == 0
    assert list_violations(touch, axe, ".coder") == [] and touch.complaints() == []


def test_words_that_cannot_be_coded_are_told_and_other_selections_are_no_choice(touch, desk):
    touch.open(desk, width=820, height=1180, ready="document.querySelector('.coder-words')")
    told = "document.querySelector('.coder-told').textContent"
    hold(touch, "nothing", "closed")
    until(touch, f"{told} === 'Select words within one turn.'")
    hold(touch, "How was it")
    until(touch, f"{told}.startsWith('The interviewer')")
    assert touch.evaluate(PICKED) is None
    touch_at(touch, place_of(touch, "document.querySelector('.coder h3')"))
    pull_handles(touch, "for nothing")
    time.sleep(0.6)
    assert touch.evaluate(PICKED) is None, (
        "a selection by other means than a finger on the transcript is no choice of words"
    )
