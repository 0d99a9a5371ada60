"""Files of the campaign pack and of the journey, read again by the rules of their format."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from segmentation.activation.campaign import (
    STICKY_COLUMNS,
    export_journey,
    export_pack,
    format_pack_markdown,
    list_stickies,
)
from segmentation.messaging import PACK_COLUMNS
from segmentation.period import Period
from segmentation.workspace import Workspace

PERSONA = {"persona_id": "p1", "name": "Ada", "segment_id": "S1"}


@pytest.fixture
def run(tmp_path):
    from segmentation.sources.example import tiny_study

    return Workspace(tiny_study(), Period.parse("2026Q3"), "05_messaging", tmp_path)


def journeys(n: int = 50) -> pd.DataFrame:
    rows = [
        ("S1", "", "start", 0, n, 25, 0.5, False),
        ("S1", "", "adopt", 1, n, 10, 0.2, False),
        ("S2", "", "start", 0, 3, None, None, True),
    ]
    return pd.DataFrame(
        rows, columns=["segment", "persona_id", "stage", "position", "n", "reached", "share", "withheld"]
    )


TOLD = pd.DataFrame({"segment": ["S1"], "persona_id": ["p1"], "stage": ["adopt"], "people": [2], "emotion": [-1.5],
                     "text": ["=HYPERLINK(1) <b>"], "participant": ["P1"]})  # fmt: skip


def pack(text: str) -> pd.DataFrame:
    row = dict.fromkeys(PACK_COLUMNS, "") | {"persona_id": "p1", "piece": "email", "part": "subject", "kind": "message", "text": text,
                                            "message_id": "M1", "origin": "M1", "pain_id": "late", "proof_id": "PR1"}  # fmt: skip
    return pd.DataFrame([row])


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "\tx", "-2+3"])
def test_export_pack_csv_cannot_run_in_a_spreadsheet(run, text):
    export_pack(run, pack(text), [PERSONA])
    raw = (run.results / "exports/campaign_pack/campaign_pack.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(raw)))
    assert rows[0]["text"] == "'" + text and rows[0]["trace"] == "row M1; pain late; proof PR1"


def test_format_pack_markdown_words_cannot_become_markup():
    line = {
        "part": "Subject",
        "kind": "gap",
        "text": "<img> [x](http://a) *b* `c`\n# d",
        "trace": "row M_1",
        "notes": "",
    }
    text = format_pack_markdown(
        {"name": "A*da", "segment": "S1", "pieces": [{"title": "E-mail", "lines": [line]}]}, note="Synthetic data."
    )
    assert text.startswith("# Campaign pack: A\\*da (S1)\n\nSynthetic data.\n")
    assert (
        "- **Subject:** **GAP** &lt;img&gt; \\[x\\](http://a) \\*b\\* \\`c\\` \\# d" in text
        and "Rests on: row M\\_1." in text
    )


def test_list_stickies_one_a_finding_and_none_for_what_is_withheld():
    stickies = list_stickies(journeys(), TOLD)
    assert list(stickies.columns) == list(STICKY_COLUMNS) and len(stickies) == 3
    assert stickies["text"].iloc[0] == "S1: 50 % reached start (25 of 50)" and stickies["n"].tolist() == [50, 50, 2]
    assert stickies["source"].tolist() == ["measured", "measured", "told"] and not stickies.duplicated(["x", "y"]).any()


def test_export_journey_files_read_by_the_rules_of_their_format(run):
    many = pd.concat([journeys().assign(segment=f"S{i}") for i in range(12)], ignore_index=True)
    export_journey(run, many, TOLD, {"p1": "<svg></svg>"}, "journey\n")
    folder = run.results / "exports/journey"
    rows = list(csv.DictReader(io.StringIO((folder / "stickies.csv").read_text("utf-8"))))
    assert set(rows[0]) == set(STICKY_COLUMNS) and len(rows) == 25 and rows[-1]["text"].startswith("“=HYPERLINK")
    batches = json.loads((folder / "miro_items.json").read_text("utf-8"))
    assert [len(batch) for batch in batches] == [20, 5]
    item = batches[-1][-1]
    assert (
        item["type"] == "sticky_note" and item["style"]["fillColor"] == "orange" and set(item["position"]) == {"x", "y"}
    )
    assert "<b>" not in item["data"]["content"] and "&lt;b&gt;" in item["data"]["content"]
    assert (folder / "p1.svg").read_text() == "<svg></svg>" and run.has("journey_maps")


def test_export_journey_without_a_journey_writes_no_file(run):
    assert export_journey(run, journeys().iloc[:0], TOLD.iloc[:0], {}, "journey\n") == {}
    assert not (run.results / "exports").exists()
