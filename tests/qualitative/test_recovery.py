"""What was planted in the sample's interviews is found in them: agreement, themes, and where segments differ."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import segmentation as sg
from segmentation.qualitative import code_presence
from segmentation.qualitative.prepare import read_interviews as read_study
from segmentation.synthetic.interviews import read_interviews

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "fieldnote"


@pytest.fixture(scope="module")
def planted():
    """The sample's interviews with the segments its companies were in when they were interviewed."""
    truth = pd.read_parquet(SAMPLE / "truth" / "segments.parquet")
    membership = truth[truth["quarter"] == "2026Q2"].set_index("company_id")[["segment"]]
    return sg.build_coded_interviews(read_study(sg.load_study(SAMPLE), "2026Q3"), membership)


def test_agreement_of_every_code_is_the_planted_one(planted):
    truth = pd.DataFrame(json.loads((SAMPLE / "truth/truth.json").read_text())["agreement"]).set_index("code")
    table = sg.measure_agreement(planted, draws=200, random_state=1).table.set_index("code")
    assert set(table.index) == set(truth.index) and (table["n_units"] == truth["units"].reindex(table.index)).all()
    assert (table["alpha"] - truth["alpha_realised"].reindex(table.index)).abs().max() < 1e-4
    assert (table["lower"] <= table["alpha"]).all() and (table["alpha"] <= table["upper"]).all()


def test_agreement_target_lies_in_most_intervals(planted):
    """Coder 2 was drawn at random to reach the target: a 95 % interval should hold it for nearly every code."""
    truth = pd.DataFrame(json.loads((SAMPLE / "truth/truth.json").read_text())["agreement"]).set_index("code")[
        "alpha_target"
    ]
    table = sg.measure_agreement(planted, draws=500, random_state=1).table.set_index("code")
    held = (table["lower"] <= truth.reindex(table.index)) & (truth.reindex(table.index) <= table["upper"])
    assert held.sum() >= 13


def test_themes_of_every_person_are_those_their_author_marked(planted):
    presence = code_presence(planted, "first")
    for person, interview in read_interviews().items():
        marked = {span.code for turn in interview.turns for span in turn.spans}
        assert set(presence.columns[presence.loc[person]]) == marked


def test_segment_differences_are_found_where_they_were_planted(planted):
    """Cash waits for quotes, proof fears audits and needs proof of work: those themes stand out, and there."""
    themes = sg.compare_themes(planted)
    uneven = themes.overall.set_index("code")["q"]
    assert {"quote_speed", "audit_fear", "proof_of_work"} <= set(uneven.index[uneven <= 0.05])
    share = themes.table.pivot(index="code", columns="segment", values="k")
    assert share.idxmax(axis=1)[["quote_speed", "audit_fear", "proof_of_work", "last_minute_changes"]].tolist() == [
        "cash", "proof", "proof", "dispatch",
    ]  # fmt: skip
    assert uneven["human_support"] > 0.5 and uneven["late_payment"] > 0.5  # everybody's


def test_disagreements_add_up_to_the_planted_counts(planted):
    truth = pd.DataFrame(json.loads((SAMPLE / "truth/truth.json").read_text())["agreement"]).set_index("code")
    counts = sg.list_disagreements(planted, sg.build_redactor([])).by_code.set_index("code")
    for code, row in truth.iterrows():
        given = counts.loc[code]
        assert given["given"] + given["both"] == row["coder_1"] + row["coder_2"]
        assert given["given"] - given["both"] == given["split"]
