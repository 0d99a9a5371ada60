"""The page that is read first: every line from a result, every tone, and a first quarter."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from segmentation.display import Callout, Pointers, Reading
from segmentation.period import Period
from segmentation.reporting.facts import since_facts
from segmentation.tracking import describe_since, gather_changes, list_changes, say_first
from segmentation.tracking.kpis import KPI_COLUMNS
from segmentation.workspace import Workspace

PROOF = {
    "proof_id": "pr-1",
    "proof_source": "x",
    "proof_date": pd.Timestamp("2024-01-01"),
    "status": "live",
    "text": "Hello",
}


def _control(**changes):
    row = {
        "kpi": "k",
        "label": "Left",
        "segment": "all",
        "n": 90,
        "rate": 0.3,
        "low": 0.1,
        "high": 0.2,
        "signal": "above",
    }
    return pd.DataFrame([{**row, **changes}])


def _goal(**changes):
    row = dict.fromkeys(KPI_COLUMNS, None) | {
        "kpi": "k", "label": "Left", "segment": "S1", "rate": 0.3, "target": 0.2, "denominator": 90, "met": "not met",
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def _trial(verdict, **changes):
    row = {
        "experiment": "mail",
        "segment": "S1",
        "arm": "B",
        "n": 80,
        "lift": -0.2,
        "lift_lower": -0.3,
        "lift_upper": -0.1,
        "randomised": True,
        "metric": "binary",
        "finished": True,
        "joint_lower": -0.32,
        "joint_upper": -0.08,
        "coverage": 0.975,
        "tests": 2.0,
        "alarm": False,
    }
    return pd.DataFrame([{**row, "verdict": verdict, **changes}])


def _moves(verdict="no clear change"):
    row = {
        "segment": "S1",
        "n": 90,
        "share": 1.0,
        "matched": 80,
        "change": 0.1,
        "change_lower": 0.05,
        "change_upper": 0.15,
    }
    return pd.DataFrame([{**row, "verdict": verdict}])


def _identity(state="survives", **changes):
    return pd.DataFrame([{"old": "S1", "new": "S1", "related": None, "state": state, **changes}])


def _flows(beyond=True, **changes):
    row = {
        "from": "all", "to": "all", "n": 30, "base": 80, "share": 0.375, "noise": 0.05, "noise_upper": 0.1, "draws": 20,
        "beyond": beyond, "clear": 12, "real": 14.0, "shown": True,
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}, {**row, "from": "S1", "to": "S2", "n": 20, "base": 40}])


def _real(**changes):
    row = {
        "n": 76, "seen": 28, "rate": 0.2, "lower": 0.1, "upper": 0.3, "noise": 0.12, "expected": 0.3, "real": 14.0, "clear": 12, "apart": 2,
        "precision": 0.9, "reason": "",
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def _trigger(fired):
    return pd.DataFrame(
        {
            "sign": ["far"],
            "found": [0.2],
            "limit": [0.1],
            "words": ["share far away"],
            "fired": pd.array([fired], "boolean"),
        }
    )


def _heard(table):
    return pd.DataFrame([{"table": table, "persona": "", "item": "price_worry", "n": 4, "base": 9}])


CALM = {
    "identity": _identity(), "moves": _moves(), "refit": _trigger(False), "moves_noise": _flows(False), "moves_real": _real(clear=0),
    "kpis": _goal(met="met"),
    "drift": pd.DataFrame({"variable": ["a"], "kind": "numeric", "effect": 0.1, "n": 9, "n_previous": 9, "q": 0.9}),
    "kpi_control": _control(signal="within"), "experiment": _trial("no clear difference"),
    "claims": pd.DataFrame({"persona_id": ["P1"], "text": "I wait.", "status": "ok"}),
    "messages": pd.DataFrame([{**PROOF, "proof_date": pd.Timestamp("2026-08-01")}]), "feedback": _heard("won"),
}  # fmt: skip


@pytest.fixture
def build(tmp_path, study):
    def make(**changes) -> Workspace:
        run = Workspace(study, Period.parse("2026Q3"), "08_since_last_quarter", tmp_path)
        run.write("membership_previous", pd.DataFrame({"segment": ["S1"]}, index=["c1"]))
        run.write_json("personas", [{"persona_id": "P1", "name": "<b>Pia</b>"}])
        for name, table in {**CALM, **changes}.items():
            run.write(name, table)
        return run

    return make


def test_gather_changes_calm_quarter_has_nothing_to_decide(build):
    run = build()
    changes = gather_changes(run)
    assert since_facts(changes)["act"] == since_facts(changes)["changed"] == []
    assert "nothing asks for a decision" in str(describe_since(changes, run))
    assert list_changes(changes, "act").paragraphs == ["Nothing asks for a decision."]
    assert say_first(changes, run)["acts"] == []


@pytest.mark.parametrize(
    ("name", "table", "tone", "topic", "words"),
    [
        (
            "identity",
            _identity("new", old=None, new="S6"),
            "act",
            "Segments",
            "S6 is new (n = 0). Decide on its name, persona and goals.",
        ),
        ("identity", _identity("split", old=None, new="S6", related="S1"), "act", "Segments", "came mostly out of S1"),
        ("identity", _identity("merged", new=None, related="S2"), "act", "Segments", "Most of S1 is in S2 now."),
        ("identity", _identity("gone", new=None), "act", "Segments", "S1 has no counterpart any more."),
        (
            "moves",
            _moves("grew"),
            "changed",
            "Sizes",
            "S1 grew among those in a segment in both quarters by 10.0 points",
        ),
        ("refit", _trigger(True), "act", "Refit", "share far away (0.20, limit 0.10)"),
        ("refit", _trigger(pd.NA), "unknown", "Refit", "No report of last quarter is kept"),
        (
            "moves_real",
            _real(),
            "changed",
            "Moves",
            "really changed (95 % interval 10.0% to 30.0%); had nobody changed, 12.0% would",
        ),
        ("moves_real", _real(), "changed", "Moves", "Where most are real: S1 to S2 (about 14 of 20)."),
        ("moves_real", _real(reason="too few"), "unknown", "Moves", "How many of these moves are real is not known."),
        ("moves_noise", _flows(base=0), "unknown", "Moves", "Nobody was in a segment in both quarters"),
        (
            "drift",
            CALM["drift"].assign(q=0.01),
            "changed",
            "Variables",
            "1 of 1 variable changed beyond chance: “a” (+0.10 standard",
        ),
        ("drift", CALM["drift"].iloc[:0], "unknown", "Variables", "No variable could be compared"),
        ("kpis", _goal(), "act", "Goals", "Missed. Left: S1 30% (target 20%, n = 90)."),
        ("kpis", _goal(met="cannot tell"), "unknown", "Goals", "Cannot be told yet. Left: S1."),
        (
            "kpi_control",
            _control(),
            "changed",
            "KPIs",
            "Left: everybody at 30% (n = 90) is above the limits 10% to 20%.",
        ),
        (
            "experiment",
            _trial("harmed"),
            "act",
            "Tests",
            "Stop “mail” for S1 (-20.0 points, 97.5 % interval -32.0 to -8.0, widened for choosing among 2 tests; n = 80 in the arm)",
        ),
        ("experiment", _trial("helped"), "act", "Tests", "Decide whether “mail” goes to all of S1"),
        (
            "claims",
            CALM["claims"].assign(status="stale"),
            "act",
            "Personas",
            "1 claim has lost its evidence: <b>Pia</b>, “I wait”",
        ),
        ("messages", pd.DataFrame([PROOF]), "act", "Messages", "the oldest pr-1 of 2024-01-01 (1 message)"),
        (
            "feedback",
            _heard("unanswered"),
            "act",
            "Sales",
            "No message to anybody answers “price worry” (4 of 9 conversations).",
        ),
        (
            "feedback",
            _heard("gap").assign(persona="P1"),
            "act",
            "Sales",
            "“price worry” with <b>Pia</b> (4 of 9 conversations)",
        ),
    ],
)
def test_gather_changes_each_result_is_told(build, name, table, tone, topic, words):
    changes = [
        change for change in gather_changes(build(**{name: table})) if change.topic == topic and change.tone == tone
    ]
    assert len(changes) == 1 and words in changes[0].text, changes
    assert changes[0].text.count("nan") == 0


def test_gather_changes_worse_than_its_limits_asks_for_a_decision(build):
    """What is bad news depends on what is wanted of the share, not on which limit it passes."""
    for signal, direction, tone in (
        ("above", "at_most", "act"),
        ("above", "at_least", "changed"),
        ("below", "at_least", "act"),
    ):
        run = build(kpi_control=_control(signal=signal), kpis=_goal(met="met", direction=direction))
        (change,) = [change for change in gather_changes(run) if change.topic == "KPIs"]
        assert change.tone == tone and f"is {signal} the limits" in change.text


def test_gather_changes_a_kpi_new_as_a_whole_has_nothing_to_compare_with_one_new_in_a_segment_has(build):
    new = _control(signal="first time")
    (change,) = [c for c in gather_changes(build(kpi_control=new)) if c.topic == "KPIs"]
    assert change.tone == "unknown" and change.text.startswith("Nothing to compare with")
    (change,) = [c for c in gather_changes(build(kpi_control=new.assign(segment="S1"))) if c.topic == "KPIs"]
    assert change.tone == "changed" and "counted for the first time" in change.text


def test_gather_changes_objections_by_share_and_none_dropped_in_silence(build):
    """Of equal counts the larger share comes first, whatever the order of the file, and the rest is counted."""
    gap = {"table": "gap", "item": "price_worry"}
    rows = [("a", 4, 23), ("b", 4, 22), ("c", 8, 21), ("d", 4, 13), ("e", 2, 3)]
    heard = pd.DataFrame([{**gap, "persona": who, "n": n, "base": base} for who, n, base in rows])
    (change,) = [change for change in gather_changes(build(feedback=heard)) if change.topic == "Sales"]
    said = "with c (8 of 21 conversations), “price worry” with d (4 of 13 conversations), “price worry” with b (4 of 22"
    assert said in change.text and "and 1 more" in change.text and "with e" not in change.text


def test_gather_changes_what_was_predicted_is_told_with_its_verdict(build):
    row = {
        "quarter": "2026Q3", "persona": "P1", "segment": "S1", "prediction": "Books more.", "verdict": "supported", "lift": 0.16,
        "lower": 0.05, "upper": 0.28, "metric": "binary", "reason": "",
    }  # fmt: skip
    for verdict, tone in (("supported", "changed"), ("refuted", "act"), ("undecided", "unknown")):
        changes = gather_changes(build(hypotheses=pd.DataFrame([{**row, "verdict": verdict}])))
        (change,) = [change for change in changes if change.topic == "Predictions"]
        assert change.tone == tone and f"“Books more”, predicted of <b>Pia</b> (S1): {verdict}" in change.text
    old = gather_changes(build(hypotheses=pd.DataFrame([{**row, "quarter": "2026Q2"}])))
    assert "Predictions" not in {change.topic for change in old}


def test_gather_changes_campaign_that_was_not_randomised_asks_for_nothing(build):
    assert "Tests" not in {c.topic for c in gather_changes(build(experiment=_trial("nan", randomised=False)))}


def test_describe_since_says_where_last_quarter_left_no_report(build):
    run = build()
    assert "No report of 2026Q2 is kept." in str(describe_since(gather_changes(run), run))
    Workspace(run.study, run.period.previous, "ledger", run.ledger / "period=2026Q2").write("membership", _moves())
    assert "No report" not in str(describe_since(gather_changes(run), run))


def test_gather_changes_first_quarter_says_there_is_no_last(build):
    run = build()
    run.write("membership_previous", pd.DataFrame({"segment": pd.Series([None], dtype="str")}, index=["c1"]))
    changes = gather_changes(run)
    told = describe_since(changes, run)
    assert changes == () and isinstance(told, Callout) and told.title == "There is no last quarter to compare with."
    assert "2026Q3 is the first quarter" in say_first(changes, run)["text"]
    assert not list_changes(changes, "act").paragraphs


def test_gather_changes_study_with_little_leaves_out_what_is_not_there(build):
    empty = {
        name: table.iloc[:0]
        for name, table in CALM.items()
        if name in ("kpis", "experiment", "claims", "messages", "feedback")
    }
    topics = {change.topic for change in gather_changes(build(**empty, kpi_control=pd.DataFrame()))}
    assert topics == {"Segments", "Sizes", "Refit", "Moves", "Variables"}


def test_list_changes_links_and_escapes(build):
    changes = gather_changes(build(claims=CALM["claims"].assign(status="broken")))
    shown = list_changes(changes, "act")
    assert isinstance(shown, Pointers) and not isinstance(shown, Reading)
    bundle = shown._repr_mimebundle_()
    entry = bundle["application/vnd.segmentation.pointers+json"]["entries"][0]
    assert entry["page"] == "04_personas" and "<b>" in entry["text"] and "<b>" not in bundle["text/html"]
    json.dumps(say_first(changes, build()))
