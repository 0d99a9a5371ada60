"""What personas cite must exist: every problem at once, with file and line."""

from __future__ import annotations

import pytest

from segmentation.errors import DataContractError
from segmentation.personas import check_persona_references, load_personas
from segmentation.preflight import check_study
from segmentation.study import load_study

from ..conftest import PROJECT, STUDY
from ..line.tiny import write_tiny_study

WRONG = """---
persona_id: s1-wrong
name: Wrong Wanda
segment: S1
pains:
  - text: Waits
    evidence: [{theme: late_paymnt}, {profile: {variable: share_biling}}]
  - text: Counts staff
    evidence: {profile: {variable: employees, level: many}}
behaviour:
  - text: Nothing
    evidence: {kpi: repli}
defining:
  - {variable: active_day}
journey:
  - {text: Looks around, stage: awar}
messages: [m-9]
prediction: {text: Wins, message: m-1, against: m-2, kpi: reply}
---
"""
FAIRS = """---
persona_id: s1-fay
name: Fair Fay
segment: S1
channels:
  - text: Comes by fairs
    evidence: {touchpoint: {channel: fair, stage: aware}}
---
"""


def test_check_persona_references_says_every_problem_with_its_line(tmp_path):
    study = load_study(write_tiny_study(tmp_path / "tiny"))
    study = study.model_copy(update={"journeys": {"aware": ("opened",)}})
    (tmp_path / "p").mkdir()
    (tmp_path / "p/wanda.md").write_text(WRONG)
    found = check_persona_references(
        load_personas(tmp_path / "p"), study, codes=["late_payment"], kpis=["reply"], messages=["m-1", "m-2"]
    )
    said = [(problem.line, problem.message, problem.value, problem.fix) for problem in found]
    assert said == [
        (7, "no such code", "late_paymnt", "Did you mean 'late_payment'?"),
        (7, "no such variable", "share_biling", "Did you mean 'share_billing'?"),
        (9, "this variable is a number and has no levels", "many", "Take level out: it is for variables of words"),
        (12, "no such KPI", "repli", "Did you mean 'reply'?"),
        (14, "no such variable", "active_day", "Did you mean 'active_days'?"),
        (16, "no such stage of the study's journeys", "awar", "Did you mean 'aware'?"),
        (17, "no such message", "m-9", "Did you mean 'm-2'?"),
    ]
    assert {problem.file for problem in found} == {str(tmp_path / "p/wanda.md")}


def test_check_persona_references_what_is_not_given_is_not_checked(tmp_path):
    study = load_study(write_tiny_study(tmp_path / "tiny"))
    (tmp_path / "p").mkdir()
    (tmp_path / "p/wanda.md").write_text(WRONG)
    messages = {problem.message for problem in check_persona_references(load_personas(tmp_path / "p"), study)}
    assert messages == {"no such variable", "this variable is a number and has no levels"}


def test_check_persona_references_quote_with_one_character_changed(findings, folder):
    study = load_study(PROJECT / STUDY)
    (persona,) = load_personas(folder)
    assert not [
        p for p in check_persona_references((persona,), study, coded=findings.coded) if "quote" in str(p.column)
    ]
    file = folder / "s1-dana.md"
    file.write_text(
        file.read_text().replace("only laughed", "only laughe").replace("participant: P2", "participant: P9")
    )
    found = check_persona_references(load_personas(folder), study, coded=findings.coded)
    quotes = [(problem.line, problem.message) for problem in found if "quote" in str(problem.column)]
    assert quotes == [(15, "no such participant"), (24, "P1 did not say these words")]


def test_check_persona_references_words_of_the_interviewer_are_told(findings, folder):
    file = folder / "s1-dana.md"
    file.write_text(file.read_text().replace("We drove for nothing, twice, and [person] only laughed", "How was it?"))
    found = check_persona_references(load_personas(folder), load_study(PROJECT / STUDY), coded=findings.coded)
    assert any("They are the words of the interviewer in interview P1, turn 0" in problem.fix for problem in found)


def test_check_study_puts_wrong_personas_in_the_list_with_everything_else(tmp_path):
    folder = write_tiny_study(tmp_path / "tiny")
    (folder / "personas").mkdir()
    (folder / "personas/wanda.md").write_text(WRONG)
    (folder / "personas/fay.md").write_text(FAIRS)
    (folder / "study.yaml").write_text(
        (folder / "study.yaml").read_text() + "personas: personas\njourneys: {aware: [opened]}\n"
    )
    accounts = (folder / "accounts.csv").read_text().replace("A003,", "A002,", 1)
    (folder / "accounts.csv").write_text(accounts)
    with pytest.raises(DataContractError) as caught:
        check_study(load_study(folder), "2026Q2")
    said = str(caught.value)
    assert "wanda.md, line 7" in said and "'share_biling'" in said and "accounts.csv" in said


def test_check_study_says_where_a_channel_is_cited_that_nobody_came_through(tmp_path):
    folder = write_tiny_study(tmp_path / "tiny")
    (folder / "personas").mkdir()
    (folder / "personas/fay.md").write_text(FAIRS)
    study = (folder / "study.yaml").read_text().replace("timestamp: time}", "timestamp: time, channel: way}")
    (folder / "study.yaml").write_text(study + "personas: personas\njourneys: {aware: [opened]}\n")
    head, *rows = (folder / "events.csv").read_text().splitlines()
    (folder / "events.csv").write_text("\n".join([f"{head},way", *(f"{row},post" for row in rows)]) + "\n")
    with pytest.raises(DataContractError) as caught:
        check_study(load_study(folder), "2026Q2")
    said = str(caught.value)
    assert "fay.md, line 7" in said and "no such channel at the stage aware; got 'fair'; allowed: post" in said
