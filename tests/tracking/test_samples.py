"""The sample studies' own declarations load, and what was planted in them is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmentation.display import Callout
from segmentation.messaging import find_orphan_pains, lint_messages, load_messages
from segmentation.study import load_study
from segmentation.tracking import (
    analyse_experiments,
    describe_feedback,
    load_experiments,
    load_kpis,
    read_feedback,
    summarise_feedback,
)

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "sample"


@pytest.mark.parametrize("name", ["fieldnote", "complete-journey"])
def test_sample_study_declarations_load(name):
    study = load_study(SAMPLES / name)
    assert {kpi.id for kpi in load_kpis(study)}
    messages, feedback = load_messages(study), read_feedback(study)
    lint_messages(messages)
    for experiment in load_experiments(study):
        assert experiment.assignment.is_file()
    told = describe_feedback(summarise_feedback(feedback, messages=messages))
    assert isinstance(told, Callout) == (study.feedback is None)


def test_complete_journey_campaign_is_described_only():
    (result,) = analyse_experiments(load_study(SAMPLES / "complete-journey"), None)
    total = result.arms[result.arms["segment"] == "all"]
    assert (total["n"].sum(), total["successes"].sum()) == (1133, 214)
    assert result.effects.empty and not result.experiment.randomised


def test_fieldnote_objections_that_no_message_answers():
    study = load_study(SAMPLES / "fieldnote")
    messages = load_messages(study)
    heard = summarise_feedback(read_feedback(study), messages=messages)
    assert heard.n >= 50
    assert set(heard.unanswered["objection"]) == set(
        find_orphan_pains(messages, set(heard.objections["objection"]))["pain_id"]
    )
