"""Claims over quarters: from the ledger as published, or today's against last quarter's numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.period import Period
from segmentation.personas import (
    Persona,
    check_personas,
    describe_persona_history,
    persona_sheets,
    recall_personas,
    tabulate_persona_history,
)
from segmentation.personas.findings import Findings
from segmentation.profiling import profile_segments
from segmentation.study import load_study
from segmentation.workspace import Workspace

from ..line.tiny import write_tiny_study

ABOVE = {"profile": {"variable": "active_days"}}
DANA = Persona(
    persona_id="s1-dana",
    name="Dana",
    segment="S1",
    behaviour=[{"text": "Uses it on more days", "evidence": ABOVE}, "Likes rain"],
)


def features(days: float) -> pd.DataFrame:
    """Forty accounts of S1 with about so many days of activity, forty of S2 with about ten."""
    rng = np.random.default_rng(3)
    index = [f"A{number:02d}" for number in range(80)]
    centre = np.repeat([days, 10.0], 40)
    return pd.DataFrame(
        {
            "active_days": centre + rng.normal(0, 1, 80), "share_planning": rng.uniform(0.2, 0.4, 80),
            "share_billing": rng.uniform(0.2, 0.4, 80), "employees": rng.uniform(2, 9, 80),
        },
        index=pd.Index(index, name="company_id"),
    )  # fmt: skip


MEMBERS = pd.DataFrame({"segment": ["S1"] * 40 + ["S2"] * 40}, index=features(10).index)


@pytest.fixture
def run(tmp_path) -> Workspace:
    study = load_study(write_tiny_study(tmp_path / "tiny"))
    folder = tmp_path / "reports/tiny/.work/2026Q2"
    (folder / "results").mkdir(parents=True)
    return Workspace(study, Period.parse("2026Q2"), "04_personas", folder)


def check_now(run: Workspace):
    now = features(20)
    findings = Findings(profile=profile_segments(now, MEMBERS, run.study), features=now, membership=MEMBERS)
    return check_personas((DANA,), findings)


def test_recall_personas_without_an_earlier_quarter_is_absent(run):
    checked = check_now(run)
    history = recall_personas(run, checked)
    assert history.before == "" and history.periods == ["2026Q2"]
    assert describe_persona_history(history, checked).kind == "absent"
    assert persona_sheets(checked, history)[0]["changed"] == {"since": "", "reckoned": False, "lines": []}


def test_recall_personas_holds_claims_against_last_quarter_s_numbers(run):
    run.write("features_previous", features(10))
    run.write("membership_previous", MEMBERS)
    checked = check_now(run)
    history = recall_personas(run, checked)
    assert (history.before, history.reckoned) == ("2026Q1", True)
    assert history.changes("s1-dana") == {"fell": [], "rose": ["Uses it on more days"], "new": [], "gone": []}
    said = str(describe_persona_history(history, checked))
    assert said.startswith(
        "Since 2026Q1 no claims have lost what carried them, 1 has gained it, none is new and none was taken out."
    )
    assert "The record of published quarters holds no personas for 2026Q1" in said
    frame = tabulate_persona_history(history, checked).frame
    assert frame.values.tolist() == [["Dana", "Uses it on more days", "no longer shown", "stands"]]


def test_recall_personas_reads_the_ledger_of_all_earlier_quarters(run):
    checked = check_now(run)
    for quarter, status in (("2025Q4", "ok"), ("2026Q1", "stale"), ("2026Q2", "ok"), ("2026Q3", "ok")):
        folder = run.ledger / f"period={quarter}"
        (folder / "results").mkdir(parents=True)
        claims = checked.claims.assign(status=[status, "assumption"])
        Workspace(run.study, Period.parse(quarter), "ledger", folder).write("claims", claims)
    history = recall_personas(run, checked)
    assert history.periods == ["2025Q4", "2026Q1", "2026Q2"] and not history.reckoned
    assert history.changes("s1-dana")["rose"] == ["Uses it on more days"]
    rows = tabulate_persona_history(history, checked).frame.values.tolist()
    assert rows == [["Dana", "Uses it on more days", "stands", "no longer shown", "stands"]]


def test_recall_personas_numbers_that_no_longer_show_a_claim_are_told(run):
    run.write("features_previous", features(20))
    run.write("membership_previous", MEMBERS)
    now = features(10)
    findings = Findings(profile=profile_segments(now, MEMBERS, run.study), features=now, membership=MEMBERS)
    checked = check_personas((DANA,), findings)
    history = recall_personas(run, checked)
    assert history.changes("s1-dana")["fell"] == ["Uses it on more days"]
    assert "Lost: Dana: “Uses it on more days”." in str(describe_persona_history(history, checked))
    assert persona_sheets(checked, history)[0]["changed"]["lines"][-1] == "No longer shown: Uses it on more days."
