"""What tests said of a persona's prediction: the log decides, a new version starts afresh, and the page tells it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from lxml import html as lxml_html

from segmentation.personas import Persona, check_personas, persona_sheets, persona_wiki, with_verdicts
from segmentation.reporting.wiki import render_personas
from segmentation.tracking import HYPOTHESIS_COLUMNS

from ..conftest import PROJECT
from .test_pages import REPORT

TESTABLE = {"text": "The short mail wins", "message": "m1", "against": "m2", "kpi": "reply"}


def persona(version: int = 2, **prediction: object) -> Persona:
    return Persona(persona_id="s1-dana", name="Dana", segment="S1", version=version, prediction=TESTABLE | prediction)


def log(*tests: tuple[str, str, int, str]) -> pd.DataFrame:
    rows = [
        {"study": "tiny", "quarter": quarter, "experiment": name, "persona": "s1-dana", "version": version, "arm": "B",
         "prediction": "The short mail wins", "verdict": verdict, "reason": "the interval says so"}
        for quarter, name, version, verdict in tests
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(HYPOTHESIS_COLUMNS))


def rule(findings, given: Persona, table: pd.DataFrame | None) -> tuple[str, str]:
    rules = check_personas((given,), replace(findings, hypotheses=table)).rules
    row = rules[rules["rule"] == "P13 prediction"].iloc[0]
    return row["level"], row["text"]


TWICE = (("2025Q4", "mail", 2, "refuted"), ("2026Q1", "post", 2, "refuted"))


@pytest.mark.parametrize(
    ("tests", "version", "level", "words"),
    [
        (TWICE, 2, "fail", "refuted in tests (mail in 2025Q4 and post in 2026Q1); after 2 tests it must be revised"),
        (TWICE, 3, "ok", "No report before this quarter tells of a test of version 3."),
        (TWICE[:1], 2, "ok", "By the reports before this quarter: refuted by mail in 2025Q4."),
        ((("2025Q4", "mail", 2, "undecided"), ("2026Q1", "mail", 2, "refuted")), 2, "ok", "refuted by mail in 2026Q1."),
        (
            (("2025Q4", "mail", 2, "supported"), TWICE[1]),
            2,
            "ok",
            "refuted by post in 2026Q1 and supported by mail in 2025Q4",
        ),
    ],
)
def test_p13_counts_the_tests_that_refuted_the_present_version(findings, tests, version, level, words):
    said = rule(findings, persona(version), log(*tests))
    assert said[0] == level and words in said[1]


def test_p13_persona_refuted_twice_is_a_draft(findings):
    checked = check_personas((persona(),), replace(findings, hypotheses=log(*TWICE)))
    assert checked.statuses == {"s1-dana": "draft"}


def test_p13_file_counts_only_where_the_log_knows_of_no_test(findings):
    wrote = persona(failed=["2025Q1", "2025Q2"])
    assert rule(findings, wrote, log())[0] == "fail" and rule(findings, wrote, None)[0] == "fail"
    level, text = rule(findings, wrote, log(("2026Q1", "mail", 2, "supported")))
    assert level == "ok" and "supported by mail in 2026Q1" in text
    level, text = rule(findings, persona(failed=["2025Q1"]), None)
    assert level == "ok" and "Refuted as its file says (2025Q1)." in text


def test_p13_verdicts_on_others_say_nothing(findings):
    others = log(*TWICE).assign(persona="s2-bea")
    assert rule(findings, persona(), others)[0] == "ok"


def test_page_tells_the_verdict_with_its_quarter_and_leads_to_it(findings):
    checked = check_personas((persona(),), replace(findings, hypotheses=log(("2026Q1", "mail", 1, "refuted"))))
    sheets = persona_sheets(checked)
    assert "Not tested yet, in version 2" in _text(sheets, checked, "s1-dana.html")
    told = with_verdicts(sheets, log(("2026Q1", "mail", 1, "refuted"), ("2026Q3", "post", 2, "supported")))
    assert "2026Q3: supported" in _text(told, checked, "s1-dana.html")
    page = lxml_html.fromstring(_pages(told, checked)["s1-dana.html"])
    assert page.xpath("//strong[@class='tested']//a/@href") == [
        "../06_tracking.html#06_tracking-what-personas-predicted"
    ]
    assert "## What personas predicted\\n" in (PROJECT / "notebooks/06_tracking.ipynb").read_text("utf-8")
    record = _text(told, checked, "evidence/s1-dana.html")
    assert record.index("2026Q3") < record.index("2026Q1") and "1, replaced since" in record
    assert with_verdicts(sheets, None) == sheets


def _pages(sheets, checked) -> dict[str, str]:
    return dict(render_personas({"report": REPORT, "policy": ""}, sheets, persona_wiki(checked)))


def _text(sheets, checked, name: str) -> str:
    return " ".join(lxml_html.fromstring(_pages(sheets, checked)[name]).text_content().split())
