"""The form of the typing tool on a phone: it names the segment the library names, loads nothing, and can be used by everybody."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from segmentation.profiling.typing import TypingTool, next_question, place_answers, write_typing_form

from ..profiling.typing_example import HOSTILE, hostile_study, hostile_tool, some_answers
from .conftest import list_violations, outside, uri

pytestmark = pytest.mark.browser
PHONE, DESKTOP = (390, 844), (1280, 900)
READY = "document.body.dataset.probability"


@pytest.fixture(scope="module")
def tool() -> TypingTool:
    return hostile_tool()


@pytest.fixture(scope="module")
def form(tool, tmp_path_factory) -> str:
    page = tmp_path_factory.mktemp("form") / "typing.html"
    page.write_text(write_typing_form(tool, hostile_study()), "utf-8")
    return uri(page)


@pytest.fixture
def phone(browser, form):
    browser.open(form, width=PHONE[0], height=PHONE[1], ready=READY)
    return browser


def give(browser, tool: TypingTool, answers: dict) -> dict:
    """Answer by pressing what a person presses; what the form says then."""
    steps = []
    for number, question in enumerate(tool.questions):
        value = answers.get(question.name)
        if question.options:
            place = "" if pd.isna(value) else [option.value for option in question.options].index(value)
            steps.append(f"document.querySelector('input[name=q{number}][value=\"{place}\"]').click()")
        else:
            text = "" if pd.isna(value) else repr(float(value))
            steps.append(
                f"(box => {{ box.value = '{text}'; box.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
                f"(document.getElementById('q{number}-number'))"
            )
    browser.evaluate(";".join(steps))
    words = "Object.assign({verdict: verdict.textContent, short: document.getElementById('short').textContent}, document.body.dataset)"
    return json.loads(browser.evaluate(f"JSON.stringify({words})"))


def test_form_names_what_the_library_names(phone, tool):
    table = some_answers(tool, 60, seed=11)
    wanted = place_answers(tool, table)
    for person, row in wanted.iterrows():
        answers = {name: None if pd.isna(value) else value for name, value in table.loc[person].items()}
        said = give(phone, tool, answers)
        assert said["segment"] == ("" if pd.isna(row["segment"]) else row["segment"])
        assert said["likeliest"] == row["likeliest"]
        assert float(said["probability"]) == pytest.approx(row["probability"], abs=1e-9)
        assert said["next"] == (next_question(tool, answers) or "")
    assert wanted["segment"].isna().any() and wanted["segment"].nunique() == 3
    assert phone.complaints() == [] and outside(phone.requests()) == [] and len(phone.requests()) == 1


def test_form_says_when_it_cannot_tell_and_what_to_ask_next(phone, tool):
    assert give(phone, tool, {})["verdict"] == "Ask a first question"
    single = [{question.name: option.value} for question in tool.questions for option in question.options]
    unsure = give(phone, tool, single[place_answers(tool, pd.DataFrame(single))["probability"].argmin()])
    assert unsure["segment"] == "" and unsure["verdict"] == "Cannot tell yet: ask one more question"
    link = phone.evaluate("[next.textContent, next.getAttribute('href')]")
    number = [question.name for question in tool.questions].index(unsure["next"])
    assert link == [f"Next: question {number + 1}", f"#q{number}"]
    phone.evaluate("document.querySelector('button[type=reset]').click(); new Promise(done => setTimeout(done, 50))")
    assert phone.evaluate("document.getElementById('verdict').textContent") == "Ask a first question"


def test_form_says_that_a_word_is_no_number(phone, tool):
    number = next(n for n, question in enumerate(tool.questions) if not question.options)
    phone.evaluate(f"document.getElementById('q{number}-number').focus()")
    phone.call("Input.insertText", text="12e")
    state = phone.evaluate(f"[document.querySelector('#q{number} .wrong').hidden, document.body.dataset.segment]")
    assert state == [False, ""]


def test_form_runs_no_word_of_the_study(phone, tool):
    give(phone, tool, some_answers(tool, 1, seed=2, missing=0.0).iloc[0].to_dict())
    text = phone.text()
    assert phone.evaluate(
        "window.owned === undefined && document.querySelectorAll('main img, main iframe').length === 0"
    )
    for words in (HOSTILE[1], HOSTILE[2], HOSTILE[0]):
        assert words in text
    assert phone.complaints() == []


@pytest.mark.parametrize(("size", "dark"), [(PHONE, False), (PHONE, True), (DESKTOP, False), (DESKTOP, True)])
def test_form_is_accessible_before_and_after_an_answer(browser, form, axe, tool, size, dark):
    browser.open(form, width=size[0], height=size[1], dark=dark, ready=READY)
    found = list_violations(browser, axe)
    give(browser, tool, some_answers(tool, 1, seed=4, missing=0.3).iloc[0].to_dict())
    found += list_violations(browser, axe)
    assert found == []
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_form_has_targets_for_thumbs_and_large_words(phone):
    small = phone.evaluate(
        "Array.from(document.querySelectorAll('.options label, button, .bar a, input[type=number]')).map(e => e.getBoundingClientRect())"
        ".filter(box => box.height < 44 || box.width < 44).length"
    )
    assert small == 0
    assert phone.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


def test_form_can_be_answered_by_keyboard_alone(phone, tool):
    """Tab reaches the first question; arrows choose; the result is announced."""
    number = next(n for n, question in enumerate(tool.questions) if question.options)
    phone.evaluate(f"document.querySelector('input[name=q{number}]:checked').focus()")
    for kind in ("rawKeyDown", "keyUp"):
        phone.call("Input.dispatchKeyEvent", type=kind, key="ArrowUp", code="ArrowUp", windowsVirtualKeyCode=38)
    assert phone.evaluate(f"document.querySelector('input[name=q{number}]:checked').value !== ''")
    assert phone.evaluate("document.getElementById('short').getAttribute('role')") == "status"
    assert phone.evaluate("document.getElementById('short').textContent !== 'Ask a first question'")


def test_form_prints_and_says_what_it_needs_without_javascript(browser, form, tmp_path):
    browser.open(form, ready=READY)
    content = browser.pdf(tmp_path / "form.pdf").read_bytes()
    assert 1 <= len(re.findall(rb"/MediaBox", content)) <= 3
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(form, settle=False)
        assert "This form needs JavaScript" in browser.text()
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
