"""Copy checks: one message a rule, published reading grades."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.messaging import (
    count_syllables,
    describe_lint,
    lint_messages,
    load_limits,
    measure_grade,
    measure_lix,
    tabulate_lint,
)

BASE = {
    "persona_id": "P1", "stage": "try", "channel": "web", "element": "headline", "region": "*", "locale": "en", "variant": "",
    "status": "live", "proof_id": "", "role": "", "text": "",
}  # fmt: skip


def lint(**cells: str) -> dict[str, str]:
    table = lint_messages(pd.DataFrame([{**BASE, **cells}], index=["M1"]))
    return dict(zip(table["rule"], table["severity"], strict=True))


@pytest.mark.parametrize(
    ("cells", "rule", "severity"),
    [
        ({"channel": "email", "element": "subject", "text": "a" * 51}, "cut_off", "warning"),
        ({"channel": "email", "element": "subject", "text": "a" * 79}, "too_long", "error"),
        ({"channel": "email", "element": "preheader", "text": "a" * 39}, "characters_outside", "warning"),
        ({"channel": "email", "element": "first_sentence", "text": "so " * 26}, "too_many_words", "warning"),
        ({"channel": "email", "element": "body", "text": "so " * 20}, "words_outside", "warning"),
        ({"channel": "google", "element": "headline", "text": "a" * 31}, "too_long", "error"),
        ({"channel": "google", "element": "headline", "text": "工" * 16}, "too_long", "error"),
        ({"channel": "google", "element": "description", "text": "a" * 91}, "too_long", "error"),
        ({"channel": "meta", "element": "headline", "text": "a" * 41}, "cut_off", "warning"),
        ({"channel": "linkedin", "element": "intro", "text": "a" * 601}, "too_long", "error"),
        ({"channel": "linkedin_message", "element": "cta", "text": "a" * 21}, "too_long", "error"),
        ({"channel": "sms", "element": "text", "text": "a" * 157 + " STOP"}, "sms_parts", "warning"),
        ({"channel": "sms", "element": "text", "text": "ч" * 70 + " stop"}, "sms_parts", "warning"),
        ({"channel": "sms", "element": "text", "text": "Hello"}, "no_opt_out", "error"),
        ({"text": "Hello {name}"}, "unresolved_placeholder", "error"),
        ({"text": "Hello [insert trade]"}, "unresolved_placeholder", "error"),
        ({"text": "Hello TBD"}, "unresolved_placeholder", "error"),
        ({"text": "Hello {{surname}}"}, "unknown_field", "error"),
        ({"text": "GET PAID now"}, "capitals", "warning"),
        ({"text": "Now! Now!"}, "exclamation_marks", "warning"),
        ({"text": "Save 12% of drives"}, "number_without_proof", "warning"),
    ],
)  # fmt: skip
def test_lint_messages_breach_is_found(cells, rule, severity):
    assert lint(**cells)[rule] == severity


@pytest.mark.parametrize(
    "cells",
    [
        {"channel": "email", "element": "subject", "text": "a" * 50},
        {"channel": "google", "element": "path", "text": "a" * 15},
        {"channel": "sms", "element": "text", "text": "a" * 155 + " STOP"},
        {"text": "Hello {{first_name}}, call us 24/7"},
        {"text": "Save 12% of drives", "proof_id": "PR1"},
        {"text": "One API for your ERP"},
        {"text": "Now!"},
        {"text": "GET {x}!!", "status": "retired"},
    ],
)
def test_lint_messages_what_keeps_the_rules_passes(cells):
    assert {rule for rule in lint(**cells) if rule != "too_few"} == set()


def test_lint_messages_fields_count_as_their_assumed_length():
    text = "a" * 38 + "{{company}}"
    assert "cut_off" in lint(channel="email", element="subject", text=text)  # 38 + 20
    assert "cut_off" not in lint(channel="email", element="subject", text=text[8:])


def test_lint_messages_hard_text_by_language_and_role():
    hard = "Operational inefficiencies systematically undermine organisational profitability across geographically "
    hard += "distributed maintenance organisations everywhere."
    assert lint(element="body", text=hard)["hard_to_read"] == "warning"
    assert lint(element="body", text=hard, locale="de-DE")["hard_to_read"] == "warning"
    middle = "Your office types each customer into two systems, and nobody sees the mistakes until the bill comes back."
    assert 8 < measure_grade(middle) <= 11
    assert "hard_to_read" in lint(element="body", text=middle)
    assert "hard_to_read" not in lint(element="body", text=middle, role="decider")


def test_lint_messages_sets_of_messages():
    google = {**BASE, "channel": "google"}
    rows = [
        {**google, "text": "Get paid"},
        {**google, "text": "Paid soon"},
        {**google, "element": "description", "text": "Why wait"},
    ]
    rules = lint_messages(pd.DataFrame(rows, index=["A", "B", "C"]))
    assert rules[["rule", "element"]].to_numpy().tolist() == [["too_few", "headline"], ["too_few", "description"]]
    assert "P1 has 2 google headlines at try; the channel wants 3 to 15." in rules["sentence"].tolist()
    mail = {**BASE, "channel": "email", "text": "The day holds even when a job breaks down"}
    rows = [{**mail, "element": "subject"}, {**mail, "element": "preheader", "text": mail["text"].upper().capitalize()}]
    assert "preheader_repeats_subject" in set(lint_messages(pd.DataFrame(rows, index=["A", "B"]))["rule"])


def test_describe_and_tabulate_lint_any_number_of_findings():
    matrix = pd.DataFrame([BASE | {"text": "Hello {x}"}, BASE | {"text": "Fine"}], index=["M1", "M2"])
    found = lint_messages(matrix)
    told = str(describe_lint(found, matrix))
    assert "1 of 2 messages" in told and "M1" in told
    assert tabulate_lint(found).frame["Message"].tolist() == ["M1"]
    assert "All 2 messages" in str(describe_lint(found.iloc[:0], matrix))
    absent = describe_lint(lint_messages(matrix.iloc[:0]), matrix.iloc[:0])
    assert isinstance(absent, Callout) and absent.kind == "absent"


def test_load_limits_every_rule_has_a_source_and_a_day():
    limits = load_limits()
    assert str(limits["checked"]) == "2026-11-01"
    for elements in limits["channels"].values():
        for rules in elements.values():
            assert rules["source"] in limits["sources"]
    limits["channels"].clear()
    assert load_limits()["channels"]


def test_measure_grade_by_hand():
    # 13 words in one sentence: The 1, Australian 4, platypus 3, is 1, seemingly 3, a 1, hybrid 2, of 1, a 1, mammal 2, and 1,
    # reptilian 4, creature 2 = 26 syllables
    text = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert sum(count_syllables(word) for word in text.rstrip(".").split()) == 26
    assert measure_grade(text) == pytest.approx(0.39 * 13 + 11.8 * 26 / 13 - 15.59)
    assert math.isnan(measure_grade("12 + 34")) and math.isnan(measure_lix(""))
