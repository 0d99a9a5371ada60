"""Four short interviews by two coders, small enough to count by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.dataset import Dataset, SourceAccount
from segmentation.period import Period
from segmentation.qualitative import build_coded_interviews

SAID = {
    "P1": [
        "I: How was it?",
        "P: We drove for nothing, twice, Dave says.",
        "P: And nobody pays on time here either.",
        "P: Fine.",
    ],
    "P2": ["I: Tell me.", "P: They all pay late, every single month.", "P: The van went out for nothing again today."],
    "P3": [
        "I: Well?",
        "P: I wait ninety days for my money, ninety.",
        "P: Call jo@example.com about that one, please do.",
    ],
    "P4": [
        "I: So?",
        "P: It is too dear for two people, simply too dear.",
        "P: My plan breaks by ten every morning now.",
    ],
}
PASSAGES = [
    ("P1", "drove for nothing, twice, Dave says", "trips", "ann"),
    ("P1", "drove for nothing, twice", "trips", "bob"),
    ("P1", "nobody pays on time here either", "money", "ann"),
    ("P2", "pay late, every single month", "money", "ann"),
    ("P2", "pay late, every single month", "money", "bob"),
    ("P2", "van went out for nothing again today", "trips", "ann"),
    ("P3", "wait ninety days for my money", "money", "ann"),
    ("P3", "wait ninety days for my money", "money", "bob"),
    ("P4", "too dear for two people, simply too dear", "price", "ann"),
    ("P4", "too dear for two people, simply too dear", "price", "bob"),
    ("P4", "So?", "price", "bob"),
]


def write_texts() -> tuple[pd.DataFrame, pd.DataFrame]:
    texts, turns = {}, []
    for source, said in SAID.items():
        place = 0
        for number, line in enumerate(said):
            speaker, words = line.split(": ", 1)
            role = "interviewer" if speaker == "I" else "participant"
            turns.append(
                (source, number, source if role == "participant" else "I", role, words, place + 3, place + len(line))
            )
            place += len(line) + 1
        texts[source] = "\n".join(said)
    transcripts = pd.DataFrame({"text": texts, "file": {s: f"{s}.txt" for s in texts}}).rename_axis("source_id")
    return transcripts, pd.DataFrame(turns, columns=["source_id", "turn", "speaker", "role", "text", "start", "end"])


def write_tables() -> dict[str, pd.DataFrame]:
    transcripts, turns = write_texts()
    rows = []
    for source, words, code, coder in PASSAGES:
        start = transcripts.at[source, "text"].index(words)
        rows.append((source, start, start + len(words), code, coder, words))
    codings = pd.DataFrame(rows, columns=["source_id", "start", "end", "code_id", "coder", "quote"])
    codes = pd.DataFrame(
        [["pains", "Pains", None, ""], ["trips", "Wasted trips", "pains", "driving for nothing"],
         ["money", "Late money", "pains", "waiting"],
         ["price", "Price", None, "cost"], ["unused", "Unused", None, ""]],
        columns=["code_id", "name", "parent", "description"],
    ).set_index("code_id")  # fmt: skip
    people = pd.DataFrame(
        {"source_id": ["P1", "P2", "P3", "P4"], "company_id": ["11", "22", "33", "44"], "role": "owner",
         "interviewed_at": pd.to_datetime(["2026-05-02", "2026-05-01", "2026-05-03", "2026-05-04"]),
         "consent": [True, True, True, False]},
        index=pd.Index(["P1", "P2", "P3", "P4"], name="participant"),
    )  # fmt: skip
    return {"transcripts": transcripts, "turns": turns, "codings": codings, "codes": codes, "interviewees": people}


def make_dataset(**changes) -> Dataset:
    tables = {**write_tables(), **changes}
    tables = {name: table for name, table in tables.items() if table is not None}
    accounts = tuple(
        SourceAccount(name, (f"{name}.csv",), "ab" * 32, 1, 1) for name in ("transcripts", "codings", "interviewees")
    )
    return Dataset("tiny", "company_id", Period.parse("2026Q3"), tables, accounts)


MEMBERSHIP = pd.DataFrame({"segment": ["S1", "S1", "S2", "S2", "S3"]}, index=["11", "22", "33", "44", "55"])


@pytest.fixture
def coded():
    return build_coded_interviews(make_dataset(), MEMBERSHIP)


@pytest.fixture
def nobody():
    return build_coded_interviews(Dataset("tiny", "company_id", Period.parse("2026Q3"), {}, ()), MEMBERSHIP)


@pytest.fixture
def make():
    return make_dataset


@pytest.fixture
def membership():
    return MEMBERSHIP
