"""Small findings: a profile, themes, quotes and transcripts that claims can be checked against by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.dataset import Dataset
from segmentation.period import Period
from segmentation.personas import Findings
from segmentation.qualitative import (
    build_coded_interviews,
    build_quote_bank,
    build_redactor,
    compare_themes,
)

NA = float("nan")
PROFILE = pd.DataFrame(
    [
        ["S1", "share_dispatch", None, "behavioural", 300, 0.42, 0.40, 0.44, 0.25, 168.0, 160.0, 176.0, True],
        ["S1", "tickets", None, "behavioural", 300, 2.1, 1.9, 2.3, 2.0, 105.0, 95.0, 115.0, False],
        ["S1", "visits", None, "behavioural", 300, 11.0, 10.5, 11.5, 10.0, 110.0, 105.0, 115.0, True],
        ["S1", "need_dispatch", None, "need", 200, 0.9, 0.8, 1.0, 0.0, NA, NA, NA, True],
        ["S1", "country", "UK", "geographic", 300, 0.60, 0.55, 0.65, 0.50, 120.0, 110.0, 130.0, True],
        ["S1", "country", "DE", "geographic", 300, 0.10, 0.07, 0.13, 0.20, 50.0, 35.0, 65.0, True],
        ["S1", "country", "NL", "geographic", 4, NA, NA, NA, NA, NA, NA, NA, False],
        ["S2", "share_dispatch", None, "behavioural", 200, 0.10, 0.09, 0.11, 0.25, 40.0, 36.0, 44.0, True],
    ],
    columns=["segment", "variable", "level", "kind", "n", "estimate", "lower", "upper", "total", "index", "index_lower",
             "index_upper", "marker"],
)  # fmt: skip
TEXTS = {
    "P1": ["I: How was it?", "P: We drove for nothing, twice, and Dave only laughed.", "P: The plan breaks by ten."],
    "P2": ["I: Tell me.", "P: I drive for nothing every single week of the year."],
    "P3": ["I: Well?", "P: I wait ninety days for my money, ninety of them."],
    "P4": ["I: So?", "P: Nobody asked me whether I want to be quoted."],
}
CODED = [
    ("P1", "We drove for nothing, twice, and Dave only laughed", "wasted_trips"),
    ("P1", "The plan breaks by ten", "last_minute"),
    ("P2", "I drive for nothing every single week of the year", "wasted_trips"),
    ("P3", "I wait ninety days for my money, ninety of them", "late_payment"),
]


def make_interviews():
    texts, turns = {}, []
    for source, said in TEXTS.items():
        place = 0
        for number, line in enumerate(said):
            role = "interviewer" if line.startswith("I:") else "participant"
            turns.append((source, number, source, role, line[3:], place + 3, place + len(line)))
            place += len(line) + 1
        texts[source] = "\n".join(said)
    rows = []
    for source, words, code in CODED:
        start = texts[source].index(words)
        rows.append((source, start, start + len(words), code, "ann", words))
    tables = {
        "transcripts": pd.DataFrame({"text": texts, "file": ""}),
        "turns": pd.DataFrame(turns, columns=["source_id", "turn", "speaker", "role", "text", "start", "end"]),
        "codings": pd.DataFrame(rows, columns=["source_id", "start", "end", "code_id", "coder", "quote"]),
        "codes": pd.DataFrame(
            {"name": ["Wasted trips", "Last-minute changes", "Late payment"], "parent": None,
             "description": ["pain: driving for nothing", "pain: the plan breaks", "pain: waiting for money"]},
            index=["wasted_trips", "last_minute", "late_payment"],
        ),
        "interviewees": pd.DataFrame(
            {"source_id": ["P1", "P2", "P3", "P4"], "company_id": ["u0", "u1", "u60", "u2"], "consent": [True, True, True, False]},
            index=["P1", "P2", "P3", "P4"],
        ),
    }  # fmt: skip
    data = Dataset("tiny", "company_id", Period.parse("2026Q3"), tables, ())
    return build_coded_interviews(data, MEMBERSHIP)


UNITS = [f"u{number}" for number in range(100)]
MEMBERSHIP = pd.DataFrame({"segment": ["S1"] * 60 + ["S2"] * 40}, index=UNITS)
FEATURES = pd.DataFrame(
    {"share_dispatch": np.arange(100.0)[::-1], "staff": np.tile([1.0, 9.0], 50), "country": ["UK", "DE"] * 50},
    index=UNITS,
)
KPIS = pd.DataFrame(
    [["S1", "reply", 30, 60, 0.5, 0.38, 0.62], ["S2", "reply", NA, NA, NA, NA, NA]],
    columns=["segment", "kpi", "numerator", "denominator", "rate", "lower", "upper"],
)


@pytest.fixture
def findings():
    coded = make_interviews()
    redactor = build_redactor(people=["Dave"])
    return Findings(
        profile=PROFILE,
        themes=compare_themes(coded).table,
        quotes=build_quote_bank(coded, redactor, min_words=4).table,
        coded=coded,
        redactor=redactor,
        kpis=KPIS,
        features=FEATURES,
        membership=MEMBERSHIP,
        labels={"share_dispatch": "Share of scheduling events"},
    )


DANA = """---
persona_id: s1-dana
name: Dispatcher Dana
segment: S1
one_line: Keeps twelve vans busy
quarter: 2026Q3
status: validated
role: user
jtbd:
  functional: {text: Get the day done without a wasted trip, evidence: {theme: wasted_trips}}
pains:
  - text: Drives for nothing
    evidence:
      - theme: wasted_trips
      - quote: {participant: P2, text: every single week of the year}
behaviour:
  - text: Schedules more than others
    evidence: {profile: {variable: share_dispatch, direction: above}}
  - text: Works in the UK
    evidence: {profile: {segment: S1, variable: country, level: uk}}
goals:
  - {text: Wants calm, evidence: {profile: {variable: need_dispatch}}}
quotes:
  - {participant: P1, text: "We drove for nothing, twice, and [person] only laughed"}
defining:
  - {variable: share_dispatch, direction: above}
unlike: [One-van firms]
prediction: {text: Message m1 gets more replies than m2, message: m1, against: m2, kpi: reply}
method: Written by the team from two interviews.
limits: Two people.
---

Body text.
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "s1-dana.md").write_text(DANA)
    (tmp_path / "README.md").write_text("What lies here.")
    return tmp_path
