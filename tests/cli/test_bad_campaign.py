"""Messages, audiences, experiments and a ledger with every mistake at once: `check` tells all of them and changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from segmentation.messaging import MESSAGE_COLUMNS

from .conftest import files_of, run_command
from .test_bad_input import SAMPLE, bring_interviews, swap

ARMS = {"arms": {"a": 0.5, "b": 0.5}, "control": "a", "outcome": "booked", "window_days": 28, "randomised": True}
ASSIGNED = ["A001,a,2026-06-02,2026-06-03", "A002,b,2026-06-02,2026-06-03"]
# experiment: what is special about it, assignment, outcomes
EXPERIMENTS = {
    "late": ({}, ASSIGNED, ["A001,booked,2026-06-02T12:00:00,0,1"]),
    "double": ({}, [*ASSIGNED, "A002,a,2026-06-02,2026-06-03"], ["A002,booked,2026-06-10,1,3"]),
    "columns": ({"metric": "mean", "value": "hours"}, ASSIGNED, ["A002,booked,2026-06-10,1,3"]),
    "negative": ({"metric": "ratio", "numerator": "won", "denominator": "asked"}, ASSIGNED, ["A001,booked,2026-06-12,0,-1"]),
}  # fmt: skip
MESSAGES = [
    {"message_id": "M1", "persona_id": "nobody"},
    {"message_id": "M2", "pain_id": "no_such_pain"},
    {"message_id": "M3", "proof_id": "no-such-proof", "value_prop_id": "no-such-offer"},
    {"message_id": "M4", "parent_id": "M5"},
    {"message_id": "M5", "parent_id": "M4"},
    {"message_id": "M6", "test_id": "no-such-test"},
]
PEOPLE = {"source": "people", "id": "Id", "unit": "Account", "email": "Email", "consent": "Newsletter"}

SAID = {
    "exposure after outcome": "late-outcomes.csv, row 2, column 'occurred_at': exposure after outcome",
    "unit in two arms": "unit in two arms: b (row 3), a (row 4); got 'A002'",
    "outcome column that does not exist": "columns-outcomes.csv, row 1, column 'hours': column is missing",
    "negative denominator": "negative-outcomes.csv, row 2, column 'asked': a denominator must not be negative",
    "persona that does not exist": "messages.csv, row 2, column 'persona_id': no such persona; got 'nobody'; allowed: *, s5-solo-sol",
    "pain that does not exist": "messages.csv, row 3, column 'pain_id': no such code of the codebook; got 'no_such_pain'",
    "proof that does not exist": "messages.csv, row 4, column 'proof_id': no such proof; got 'no-such-proof'; allowed: pr-1",
    "offer that does not exist": "messages.csv, row 4, column 'value_prop_id': no such value proposition; got 'no-such-offer'",
    "circular inheritance": "messages.csv, row 5, column 'parent_id': inherits from itself: M4 -> M5 -> M4; got 'M5'",
    "experiment that does not exist": "messages.csv, row 7, column 'test_id': no such experiment; got 'no-such-test'",
    "quote of a proof that nobody said": "proofs.csv, row 2, column 'quote': these words do not stand in the transcript",
    "brand words with an unknown key": "voice.yaml, line 2, column 'en.avoidd': unknown key; allowed: say, avoid, prove",
    "told stage that does not exist": "told.csv, row 2, column 'stage': no such stage; got 'onbording'",
    "told by somebody who did not agree": "told.csv, row 3, column 'participant': no such interviewee who agreed to be quoted; got 'P02'",
    "e-mails without consent": "people.csv, row 1, column 'Newsletter': no such column (activation.people.consent)",
    "suppression that protects nobody": "suppression.csv, row 2, column 'email': not an e-mail",
    "lookalikes of an event that never was": "study.yaml: lookalike.seed: no event 'attended' before the end of the period",
    "ledger of another study": "ledger/about.json, column 'study': the ledger is of another study; got 'other'",
    "quarter out of order": "the quarter comes before one that is already in the ledger; got '2026Q1'; allowed: 2026Q2 or later",
}  # fmt: skip


def plant(study: Path) -> None:
    """Bring files with one mistake of each kind."""
    bring_interviews(study)
    swap("study.yaml", "# interviewees:", "interviewees:")(study)
    swap("study.yaml", "\n# ---- Variables", "  people: {path: people.csv, format: table}\n\n# ---- Variables")(study)
    people = [f"P{n:02d},P{n:02d},A{n:03d},Owner,2026-04-16,{'no' if n == 2 else 'yes'}" for n in range(1, 27)]
    head = "participant,source_id,company_id,role,interviewed_at,consent"
    (study / "interviews/interviewees.csv").write_text("\n".join([head, *people]) + "\n")
    (study / "personas").mkdir()
    shutil.copy(SAMPLE / "personas/s5-solo-sol.md", study / "personas")
    blank = dict.fromkeys(MESSAGE_COLUMNS, "") | {
        "persona_id": "s5-solo-sol", "stage": "onboarding", "channel": "email", "region": "*", "locale": "en",
        "element": "subject", "status": "live", "value_prop_id": "vp-1",
    }  # fmt: skip
    rows = [
        list(MESSAGE_COLUMNS),
        *(
            list((blank | {"text": f"Words {n}", "variant": "ABCDEF"[n]} | row).values())
            for n, row in enumerate(MESSAGES)
        ),
    ]
    (study / "messages.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")
    (study / "value_props.csv").write_text("value_prop_id,text\nvp-1,Save time\n")
    quote = "Nobody ever said these words"
    (study / "proofs.csv").write_text(
        f"proof_id,text,source,date,participant,quote\npr-1,It works.,P01.docx,2026-04-16,P01,{quote}\n"
    )
    (study / "voice.yaml").write_text("en:\n  avoidd: {seamless: say what happens}\n")
    head = "participant,persona_id,stage,channel,emotion,text,coder\n"
    (study / "told.csv").write_text(
        head + "P01,,onbording,,0,We lost four nursing homes in one week,x\nP02,,onboarding,,0,Words,x\n"
    )
    (study / "people.csv").write_text("Id,Account,Email,News\nP1,A001,a@b.co,yes\n")
    (study / "suppression.csv").write_text("email\nnot-one\n")
    plans = []
    for name, (special, assignment, outcomes) in EXPERIMENTS.items():
        files = {"assignment": f"{name}-assignment.csv", "outcomes": f"{name}-outcomes.csv"}
        for key, rows, columns in (
            ("assignment", assignment, "arm,assigned_at,exposed_at"),
            ("outcomes", outcomes, "outcome,occurred_at,won,asked"),
        ):
            (study / files[key]).write_text(
                f"experiment_id,company_id,{columns}\n" + "".join(f"{name},{row}\n" for row in rows)
            )
        plans.append({"id": name, "title": name, **ARMS, **files, **special})
    (study / "experiments.yaml").write_text(json.dumps({"experiments": plans}))
    named = {
        "personas": "personas", "messages": "messages.csv", "experiments": "experiments.yaml", "journeys": {"onboarding": ["job_planned"]},
        "messaging": {"value_props": "value_props.csv", "proofs": "proofs.csv", "voice": "voice.yaml", "told": "told.csv"},
        "activation": {"people": PEOPLE, "suppression": "suppression.csv"}, "lookalike": {"seed": ["attended"]},
    }  # fmt: skip
    with (study / "study.yaml").open("a") as stream:
        stream.writelines(f"{key}: {json.dumps(value)}\n" for key, value in named.items())
    ledger = study.parent / "reports/field-test/ledger"
    (ledger / "period=2026Q2/results").mkdir(parents=True)
    (ledger / "about.json").write_text(json.dumps({"study": "other", "unit": "company_id"}))


@pytest.fixture(scope="module")
def answer(scaffold: Path, tmp_path_factory: pytest.TempPathFactory):
    """What `check` says of it, exit code and all, and the files before and after."""
    home = tmp_path_factory.mktemp("bad")
    study = Path(shutil.copytree(scaffold, home / "field-test"))
    plant(study)
    before = files_of(home)
    done = run_command("check", "field-test", "--period", "2026Q1", cwd=home)
    return done, before == files_of(home)


@pytest.mark.parametrize("mistake", SAID)
def test_check_tells_each_mistake_among_all(answer, mistake):
    assert SAID[mistake] in answer[0].stderr


def test_check_all_mistakes_are_one_list_and_nothing_is_written(answer):
    done, untouched = answer
    assert done.returncode == 2 and not done.stdout and "Traceback" not in done.stderr and untouched
    lines = [line for line in done.stderr.splitlines() if line.startswith("  - ")]
    assert done.stderr.count("error: ") == 1 and len(lines) == len(set(lines)) >= len(SAID)
