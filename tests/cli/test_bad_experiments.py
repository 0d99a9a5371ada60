"""Bad experiments stop a run before anything is read from them, written or replaced."""

from __future__ import annotations

import pytest
import yaml

from .conftest import files_of

ASSIGNMENT = ["A001,control,2026-06-02,2026-06-03", "A002,new,2026-06-02,2026-06-03"]
OUTCOMES = ["A002,booked,2026-06-10,1,3"]
PLAN = {
    "id": "mail-1", "title": "New subject", "randomised": True, "assignment": "assignment.csv", "outcomes": "outcomes.csv",
    "arms": {"control": 0.5, "new": 0.5}, "control": "control", "outcome": "booked", "window_days": 28,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "assignment", "outcomes", "says"),
    [
        ({"arms": {"control": 0.5, "new": 0.6}}, [], [], "sum to 1.1"),
        ({"family": "mails"}, [], [], "no such family; got 'mails'"),
        (
            {"expects": [{"persona": "dana", "direction": "more"}]},
            [],
            [],
            "no such persona; got 'dana'; allowed: the study has no personas",
        ),
        (
            {"looks": [{"day": "2026-06-09", "share": 1}, {"day": "2026-06-08", "share": 1}]},
            [],
            [],
            "looks out of order",
        ),
        ({}, ["A002,control,2026-06-02,2026-06-03"], [], "unit in two arms: new (row 3), control (row 4); got 'A002'"),
        ({}, [], ["A001,booked,2026-06-02T12:00:00,0,1"], "exposure after outcome"),
        ({"metric": "mean", "value": "hours"}, [], [], "column 'hours': column is missing"),
        (
            {"metric": "ratio", "numerator": "won", "denominator": "asked"},
            [],
            ["A001,booked,2026-06-12,0,-1"],
            "must not be negative",
        ),
    ],
)
def test_run_bad_experiment_is_named_and_nothing_is_written(command, study, changes, assignment, outcomes, says):
    head = "experiment_id,company_id,arm,assigned_at,exposed_at\n"
    (study / "assignment.csv").write_text(head + "".join(f"mail-1,{row}\n" for row in ASSIGNMENT + assignment))
    head = "experiment_id,company_id,outcome,occurred_at,won,asked\n"
    (study / "outcomes.csv").write_text(head + "".join(f"mail-1,{row}\n" for row in OUTCOMES + outcomes))
    (study / "experiments.yaml").write_text(yaml.safe_dump({"experiments": [PLAN | changes]}))
    unit = yaml.safe_load((study / "study.yaml").read_text())["unit"]
    for name in ("assignment.csv", "outcomes.csv"):
        (study / name).write_text((study / name).read_text().replace("company_id", unit))
    with (study / "study.yaml").open("a") as stream:
        stream.write("experiments: experiments.yaml\n")
    before = files_of(study.parent)
    answer = command("run", study)
    assert answer.code == 2 and says in " ".join(answer.err.split())
    assert files_of(study.parent) == before
