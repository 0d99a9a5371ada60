"""Interviews with everything that makes places in texts go wrong, and a session on them."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from segmentation.coding import Code, Coder, Coding, CodingSession, load_codings, save_coder, write_codebook
from segmentation.dataset import Dataset
from segmentation.period import Period
from segmentation.qualitative import CodedInterviews, build_coded_interviews

HEBREW = "\u05d0\u05d9\u05df \u05db\u05e1\u05e3"
SAID = {
    "P1": [
        "I: How was it?",
        "P1: We drove \U0001f690 for nothing, twice.\r\nDave says so.",
        f"P1: {HEBREW}, cafe\u0301 \U0001f469\u200d\U0001f527 closed.",
    ],
    "P2": [
        "I: <b onclick=x>Tell me</b>.",
        "P2: <img src=x onerror=alert(1)> They all pay late.",
        "I: Why?",
        "P2: No idea.",
    ],
    "a/b": ["I: Well?", "P3: Too dear."],
}


def make_interviews(said: dict[str, list[str]]) -> CodedInterviews:
    rows, texts = [], {}
    for source, lines in said.items():
        place = 0
        for number, line in enumerate(lines):
            speaker, words = line.split(": ", 1)
            start = place + len(speaker) + 2
            role = "interviewer" if speaker == "I" else "participant"
            rows.append(
                (source, number, source if role == "participant" else "I", role, words, start, place + len(line))
            )
            place += len(line) + 2
        texts[source] = "\r\n".join(lines)
    turns = pd.DataFrame(rows, columns=["source_id", "turn", "speaker", "role", "text", "start", "end"])
    tables = {
        "transcripts": pd.DataFrame({"text": texts, "file": texts}).rename_axis("source_id"),
        "turns": turns,
        "codes": pd.DataFrame(
            {"name": ["trips", "money", "price"], "parent": None, "description": ["driving", "pay", "cost"]},
            index=pd.Index(["trips", "money", "price"], name="code_id"),
        ),
    }
    return build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), tables, ()))


@pytest.fixture(scope="session")
def interviews() -> CodedInterviews:
    return make_interviews(SAID)


@pytest.fixture
def folder(tmp_path):
    """A codebook, and what the other coder did."""
    path = tmp_path / "codings"
    write_codebook(path, [Code("trips", "Trips", "", "driving"), Code("money", "Money"), Code("price", "Price")])
    text = "\r\n".join(SAID["P1"])
    drove, dave = text.index("drove"), text.index("Dave")
    ben = Coder("ben").with_codings(
        "P1", [Coding(drove, drove + 5, "trips", "drove"), Coding(dave, dave + 4, "money", "Dave")]
    )
    save_coder(load_codings(path), ben)
    return path


@pytest.fixture
def session(interviews, folder):
    return CodingSession(interviews, folder, "ana", today=lambda: date(2026, 11, 22))


def place(session: CodingSession, words: str) -> tuple[int, int]:
    start = session.text.index(words)
    return start, start + len(words)
