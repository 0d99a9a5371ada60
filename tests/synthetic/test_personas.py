"""Personas, messages, KPIs and sales feedback refer to what exists, and quote what was said."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from segmentation.messaging import lint_messages, load_messages
from segmentation.personas import load_personas
from segmentation.study import load_study
from segmentation.synthetic.coding import read_codebook
from segmentation.synthetic.interviews import read_interviews
from segmentation.synthetic.plan import SEGMENTS
from segmentation.tracking import load_experiments, load_kpis
from segmentation.tracking.exposures import read_exposures
from segmentation.tracking.feedback import read_feedback


@pytest.fixture(scope="module")
def personas(committed):
    return load_personas(committed / "personas")


@pytest.fixture(scope="module")
def messages(committed, personas):
    return load_messages(
        committed / "messages.csv",
        personas={persona.persona_id for persona in personas},
        pains=set(read_codebook().index),
        stages=set(load_study(committed).journeys),
        experiments={experiment.id for experiment in load_experiments(committed / "experiments.yaml")},
    )


def test_every_segment_has_two_personas_or_a_waiver(personas):
    for segment in SEGMENTS:
        own = [persona for persona in personas if persona.segment == segment.line_id]
        assert len(own) >= 2 or (len(own) == 1 and len(own[0].waiver) > 40)
    assert 8 <= len(personas) <= 10


def test_quotes_are_verbatim_consented_and_name_nobody(committed, personas):
    interviews = read_interviews()
    consent = pd.read_csv(committed / "interviews/interviewees.csv", index_col="participant")["consent"]
    for persona in personas:
        evidence = [piece.quote for _, _, claim in persona.claims() for piece in claim.evidence if piece.quote]
        for quote in [*evidence, *persona.quotes]:
            interview = interviews[quote.participant]
            assert any(quote.text in turn.text for turn in interview.turns if turn.speaker == "P"), quote.text
            assert not [name for name in interview.names if re.search(rf"\b{re.escape(name)}\b", quote.text)], (
                quote.text
            )
            assert consent[quote.participant] == "yes"


def test_quotes_come_from_the_segment_of_the_persona(personas, committed):
    plan = pd.read_csv(committed / "interviews/interviewees.csv", index_col="participant")["company_id"].astype(str)
    table = pd.read_parquet(committed / "truth/segments.parquet")
    segment = table[table["quarter"] == "2026Q3"].set_index("company_id")["line_id"]
    for persona in personas:
        assert {segment[plan[quote.participant]] for quote in persona.quotes} <= {persona.segment}


def test_profile_claims_hold_for_the_planted_segments(committed, personas):
    from segmentation.features import build_features
    from segmentation.profiling import profile_segments
    from segmentation.sources import read_sources

    study = load_study(committed)
    data = read_sources(study, "2026Q3")
    features = build_features(data, study)
    table = pd.read_parquet(committed / "truth/segments.parquet")
    here = table[(table["quarter"] == "2026Q3") & table["customer"]].set_index("company_id")
    membership = pd.DataFrame({"segment": here["line_id"].reindex(features.values.index)})
    profile = profile_segments(features, membership, study)
    for persona in personas:
        for _, _, claim in persona.claims():
            for reference in [piece.profile for piece in claim.evidence if piece.profile]:
                rows = profile[(profile["segment"] == persona.segment) & (profile["variable"] == reference.variable)]
                if reference.level:
                    rows = rows[rows["level"] == reference.level]
                row = rows.iloc[0]
                holds = row["lower"] > row["total"] if reference.direction == "above" else row["upper"] < row["total"]
                assert holds, f"{persona.persona_id}: {claim.text}"


def test_messages_cite_pain_and_proof_and_respect_the_channels(messages):
    live = messages[messages["status"] != "retired"]
    assert (live["pain_id"] != "").all() and (live["proof_id"] != "").all() and live["proof_date"].notna().all()
    assert "error" not in set(lint_messages(messages)["severity"])


def test_personas_name_messages_and_kpis_that_exist(committed, personas, messages):
    kpis = {kpi.id for kpi in load_kpis(committed / "kpis.yaml")}
    for persona in personas:
        named = {*persona.messages, persona.prediction.message, persona.prediction.against}
        assert named <= set(messages.index)
        assert {*persona.kpis, persona.prediction.kpi} <= kpis


def test_experiment_and_feedback_can_be_read(committed, personas, messages):
    (experiment,) = load_experiments(committed / "experiments.yaml")
    assignment, outcomes = read_exposures(experiment, unit="company_id")
    assert set(assignment["arm"]) == {"A", "B"} and set(outcomes["unit"]) <= set(assignment["unit"])
    feedback = read_feedback(
        committed / "sales_feedback.csv",
        personas={persona.persona_id for persona in personas},
        messages=set(messages.index),
    )
    assert len(feedback) > 100 and {"won", "lost", "open"} == set(feedback["outcome"])
