"""Coding in a real JupyterLab in a real browser: by mouse, by keyboard alone, beside another coder; and what is on disk then."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator

import pandas as pd
import pytest

from segmentation.coding import load_codings
from segmentation.qualitative import build_coded_interviews, compare_themes
from segmentation.sources import read_sources
from segmentation.study import load_study

from ..conftest import PERIOD, STUDY, make_project
from .chromium import Browser
from .conftest import list_violations
from .lab import Hand, Lab, by_text, run_all_cells, running_lab

pytestmark = pytest.mark.browser
DONE = 90  # seconds of processor time the whole visit may take, browser and all; about 20
CODED = "codings: {path: [coded/codebook.csv, coded/*/*.csv], format: segmentation.codings}"
HOSTILE = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Interviewer>Shall we?</v>

00:00:05.000 --> 00:00:09.000
<v P99>Well &lt;img src=x onerror="window.taken=1"&gt;&lt;script&gt;window.taken=1&lt;/script&gt; yes.</v>
"""


@pytest.fixture
def lab(tmp_path) -> Iterator[Lab]:
    """JupyterLab on the sample before any run of the line, with one transcript more: a hostile one."""
    project = make_project(tmp_path / "project")
    interviews = project / STUDY / "interviews"
    (interviews / "P99.vtt").write_text(HOSTILE)
    with (interviews / "interviewees.csv").open("a") as stream:
        stream.write("P99,P99,7121199756,Owner,2026-06-30,true\n")
    with running_lab(project, tmp_path) as running:
        yield running


def folder_of(lab: Lab):
    return lab.project / "reports/fieldnote/.work" / PERIOD / "codings"


def rows_of(file):
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def focus(name: str) -> str:
    return f"document.querySelector('.coder [data-focus={json.dumps(name)}]')"


def named(name: str) -> str:
    return f"document.querySelector('.coder [data-name={json.dumps(name)}]')"


def words(text: str) -> str:
    """A range over words that stand in one piece of the transcript."""
    return (
        "(() => {const piece = [...document.querySelectorAll('.coder-piece')].find(e => e.textContent.includes(TEXT)); "
        "const range = document.createRange(), at = piece.textContent.indexOf(TEXT); "
        "range.setStart(piece.firstChild, at); range.setEnd(piece.firstChild, at + TEXT.length); return range})()"
    ).replace("TEXT", json.dumps(text))


def told(hand: Hand, text: str) -> str:
    return hand.until(
        f"(() => {{const said = document.querySelector('.coder-told')?.textContent; return said?.includes({json.dumps(text)}) && said}})()"
    )


def in_side(text: str) -> str:
    return by_text(".coder-side button", text)


def test_two_coders_code_resolve_and_take_a_suggestion(lab, tmp_path, axe):
    folder = folder_of(lab)
    with Browser() as page:
        hand = Hand(page, tmp_path)
        run_all_cells(hand, lab, "code_interviews.ipynb", "codings")
        hand.until("(document.querySelector('.coder').scrollIntoView({block: 'start'}), true)")
        assert len(load_codings(folder).coders) == 2
        code_with_the_mouse(hand, folder)
        code_with_the_keyboard_alone(hand, folder)
        add_a_code(hand, folder)
        resolve_beside_the_other(hand, folder)
        write_a_memo(hand, folder)
        take_a_suggestion(hand, folder)
        undo_it(hand, folder)
        show_one_code(hand)
        assert list_violations(page, axe, ".coder") == []
        open_the_hostile_one(hand)
        errors = 'document.querySelectorAll(\'[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type$="error"]\').length'
        assert page.evaluate(errors) == 0 and page.complaints() == []
        asked = {url.split("/")[2] for url in page.requests() if url.startswith(("http", "ws"))}
        assert asked == {f"127.0.0.1:{lab.port}"}
        assert lab.spent(page.process.pid) < DONE
    assert "Traceback" not in lab.log.read_text()
    reach_the_line(lab, folder)


def code_with_the_mouse(hand, folder):
    hand.drag_over(words("Started with the ones who shout"))
    told(hand, "Selected: Started with the ones who shout")
    hand.choose(focus("code"), "barriers: crew adoption")
    hand.look("selected")
    hand.click(in_side("Give this code"))
    told(hand, "Coded crew adoption: Started with the ones who shout")
    found = [row for row in rows_of(folder / "coder_1/P01.csv") if row["quote"] == "Started with the ones who shout"]
    assert [(row["code"], int(row["end"]) - int(row["start"])) for row in found] == [("crew_adoption", 31)]


def code_with_the_keyboard_alone(hand, folder):
    """From the bar: Tab to the turn, two words to the right and one more, Enter, a code by its place in the list, Enter."""
    hand.page.evaluate(f"{named('beside')}.focus()")
    for _ in range(8):  # Undo, the codings above, then the turn coded last
        hand.press("Tab")
        if hand.page.evaluate("document.activeElement.className") == "coder-words":
            break
    assert hand.page.evaluate("document.activeElement.textContent.includes('Started with the ones')")
    hand.press("ArrowUp")
    hand.press("Home")
    hand.press("ArrowRight")
    hand.press("ArrowRight", shift=True)
    told(hand, "Selected: don't. Gaz")
    hand.press("Enter")
    assert hand.page.evaluate("document.activeElement.dataset.field") == "code"
    hand.press("Home")
    hand.press("ArrowDown")
    hand.press("Enter")
    told(hand, "Coded last minute changes: don't. Gaz")
    hand.until("document.activeElement.className === 'coder-words'")
    assert "don't. Gaz" in (folder / "coder_1/P01.csv").read_text()


def add_a_code(hand, folder):
    hand.click(by_text(".coder-side summary", "New code"))
    hand.write(focus("new-name"), "Board and magnets")
    hand.write(focus("new-meaning"), "Plans on a board beside the software.")
    hand.choose(focus("new-parent"), "needs")
    hand.click(in_side("Add to the codebook"))
    told(hand, "Board and magnets is in the codebook.")
    assert hand.page.evaluate(f"{focus('code')}.selectedOptions[0].textContent") == "needs: Board and magnets"
    added = rows_of(folder / "coder_1/_codes.csv")
    assert [(row["code"], row["parent"]) for row in added] == [("board_and_magnets", "needs")]


def resolve_beside_the_other(hand, folder):
    hand.choose(named("beside"), "coder_2")
    told(hand, "coder_2 is shown beside you.")
    assert hand.page.evaluate("document.querySelectorAll('.coder-chip.theirs').length") > 3
    hand.look("beside")
    item = f"{by_text('.coder-quote', 'You: Started with the ones who shout')}.closest('.coder-item')"
    hand.write(f"{item}.querySelector('input')", "not about the crew")
    hand.click(f"[...{item}.querySelectorAll('button')].find(e => e.textContent === 'Drop')")
    told(hand, "Resolved.")
    made = rows_of(folder / "coder_1/_resolutions.csv")
    assert [(row["source"], row["code"], row["other"], row["keep"], row["why"]) for row in made] == [
        ("P01", "crew_adoption", "coder_2", "drop", "not about the crew")
    ]
    assert len(made[0]["when"]) == 10 and "Started with the ones" in (folder / "coder_1/P01.csv").read_text()


def write_a_memo(hand, folder):
    chip = "[...document.querySelectorAll('.coder-chip.mine')].find(e => e.title.startsWith('Started with'))"
    hand.click(chip)
    hand.write(focus("coding-memo"), "Ask again,\nwho shouts?")
    hand.click(in_side("Keep memo"))
    told(hand, "The memo is kept.")
    memos = [row["memo"] for row in rows_of(folder / "coder_1/P01.csv") if row["memo"]]
    assert memos == ["Ask again,\\nwho shouts?"]


def take_a_suggestion(hand, folder):
    hand.click(in_side("Suggest codes"))
    told(hand, "Suggestions: ")
    hand.look("suggested")
    quote = hand.page.evaluate(f"{in_side('Accept')}.closest('.coder-item').querySelector('.coder-quote').textContent")
    assert "right in " in hand.page.evaluate(f"{in_side('Accept')}.closest('.coder-item').textContent")
    hand.click(in_side("Accept"))
    told(hand, "The suggestion is accepted.")
    logged = rows_of(folder / "coder_1/_suggestions.csv")
    assert [row["answer"] for row in logged].count("accepted") == 1
    assert quote in [row["quote"] for row in rows_of(folder / "coder_1/P01.csv")]


def undo_it(hand, folder):
    hand.click(by_text(".coder-bar button", "Undo"))
    told(hand, "The last change, in P01, is taken back.")
    logged = rows_of(folder / "coder_1/_suggestions.csv")
    assert logged and not any(row["answer"] for row in logged)
    hand.click(in_side("Accept"))
    told(hand, "The suggestion is accepted.")


def show_one_code(hand):
    hand.choose(named("show"), "crew adoption")
    told(hand, "Only crew adoption is shown.")
    assert hand.page.evaluate("document.querySelector('.coder-text').textContent.includes('turns without this code')")
    hand.choose(named("show"), "all codes")
    told(hand, "All codes are shown.")


def open_the_hostile_one(hand):
    hand.choose(named("source"), "P99")
    told(hand, "P99 is open.")
    shown = hand.page.evaluate("document.querySelector('.coder-text').textContent")
    assert '<img src=x onerror="window.taken=1"><script>' in shown
    assert (
        hand.page.evaluate("document.querySelectorAll('.coder img, .coder script').length + (window.taken ?? 0)") == 0
    )


def reach_the_line(lab, folder):
    """The study with the widget's folder as its codings: the line reads, counts and tables what was done in the browser."""
    study = lab.project / STUDY
    shutil.copytree(folder, study / "coded")
    text = (study / "study.yaml").read_text()
    line = next(line.strip() for line in text.splitlines() if line.strip().startswith("codings:"))
    (study / "study.yaml").write_text(text.replace(line, CODED))
    data = read_sources(load_study(study), PERIOD, only=("transcripts", "codings", "interviewees"))
    planted = pd.read_parquet(study / "truth/segments.parquet")
    coded = build_coded_interviews(data, planted.iloc[:, 0].astype(str))
    said = coded.codings[(coded.codings["source_id"] == "P01") & (coded.codings["coder"] == "coder_1")]
    assert {"Started with the ones who shout", "don't. Gaz"} <= set(said["quote"])
    assert coded.resolved == 1 and len(coded.marks) == len(coded.counted) + 1
    themes = compare_themes(coded, random_state=1).table
    assert {"crew_adoption", "last_minute_changes"} <= set(themes["code"])
