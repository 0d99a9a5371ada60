from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    assign_segments,
    describe_taken,
    fit_segments,
    match_segments,
    refit_trigger,
    same_segments,
    tabulate_trigger,
    take_segments,
)
from segmentation.display import Callout
from segmentation.errors import DataContractError
from segmentation.features import fit_encoder
from segmentation.period import Period
from segmentation.study import Choices, Study
from segmentation.workspace import Workspace

NAMES = ("need", "use")
STUDY = {
    "study": "toy", "unit": "id", "sources": {"e": {"path": "e.csv", "format": "table"}},
    "variables": [{"name": name, "from": "e", "kind": "behavioural", "role": "base"} for name in NAMES],
    "segmentations": {"main": {"base": list(NAMES)}}, "choices": {"starts": 5},
}  # fmt: skip
NO_DRIFT = pd.DataFrame({"variable": ["need"], "psi": [0.1], "psi_expected": [0.05]})


def _features(centres, n=30, seed=1):
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.normal(centre, 0.3, (n, 2)) for centre in centres])
    return pd.DataFrame(rows, columns=list(NAMES), index=[f"u{i:03d}" for i in range(len(rows))])


def _fit(study, features, before, k):
    encoder = fit_encoder(features, study.base)
    encoded = encoder.encode(features)
    fresh = fit_segments(encoded, k, choices=study.choices, name="toy")
    known = pd.DataFrame({"segment": pd.Series(dtype="str")}) if before is None else before
    return match_segments(fresh, assign_segments(fresh, encoded), known), encoder


@pytest.fixture
def second(tmp_path):
    """A study whose ledger has 2026Q1 in two segments, and 2026Q2 in which the second falls apart in two."""

    def build(refit=()):
        content = {**STUDY, "segmentations": {"main": {"base": list(NAMES), "refit": list(refit)}}}
        study = Study.model_validate(content)
        then, now = _features([(0, 0), (5, 5), (5, 5)]), _features([(0, 0), (5, 4), (5, 9)], seed=2)
        first, encoder = _fit(study, then, None, 2)
        entry = Workspace(study, Period.parse("2026Q1"), "ledger", tmp_path / "ledger" / "period=2026Q1")
        entry.write("membership", first.membership)
        entry.write_json("solution", {"solution": first.solution.to_dict(), "encoder": encoder.to_dict()})
        run = Workspace(study, Period.parse("2026Q2"), "02_segments", tmp_path / ".work" / "2026Q2")
        match, fresh = _fit(study, now, first.membership, 3)
        return run, first, take_segments(run, match, fresh, now, then)

    return build


def test_take_segments_scores_with_the_frozen_solution_and_reports_the_refit(second):
    _, first, taken = second()
    assert taken.origin == "frozen" and taken.solution.segments == first.solution.segments
    pd.testing.assert_frame_equal(taken.solution.centres, first.solution.centres)
    assert set(taken.match.table["state"]) == {"survives"}
    assert sorted(taken.refit.table["state"]) != ["survives"] * 3
    shadow = taken.to_dict()
    trigger = refit_trigger(shadow, NO_DRIFT, NAMES, choices=Choices()).set_index("sign")
    assert trigger.loc[["agreement", "segments"], "fired"].all() and not trigger.loc["drift", "fired"]
    told = describe_taken(shadow, trigger.reset_index())
    assert isinstance(told, Callout) and "is not used" in told.text and told.kind == "caution"


def test_take_segments_takes_an_accepted_refit_and_never_reuses_an_id(second):
    _, first, taken = second(refit=["2026Q2"])
    assert taken.origin == "accepted" and len(taken.solution.segments) == 3
    assert set(first.solution.used_ids) <= set(taken.solution.used_ids)
    assert "The team accepted the refit" in str(describe_taken(taken.to_dict(), refit_trigger(
        taken.to_dict(), NO_DRIFT, NAMES, choices=Choices())))  # fmt: skip


def test_take_segments_ids_of_a_shadow_stay_used(second):
    _, _, taken = second()
    assert set(taken.refit.solution.segments) <= set(taken.solution.used_ids)


def test_take_segments_without_ledger_is_the_first(tmp_path):
    study, features = Study.model_validate(STUDY), _features([(0, 0), (5, 5)])
    match, encoder = _fit(study, features, None, 2)
    run = Workspace(study, Period.parse("2026Q2"), "02_segments", tmp_path / ".work" / "2026Q2")
    taken = take_segments(run, match, encoder, features)
    trigger = refit_trigger(taken.to_dict(), NO_DRIFT, NAMES, choices=study.choices)
    assert taken.origin == "first" and trigger["fired"].isna().sum() == 3
    assert describe_taken(taken.to_dict(), trigger).kind == "absent"
    assert tabulate_trigger(trigger).frame["Result"].tolist() == ["not known", "not known", "no", "not known"]


def test_take_segments_variable_that_is_gone_says_how_to_go_on(second):
    run, _, taken = second()
    with pytest.raises(DataContractError, match=r"column 'use'.*needs a variable.*refit: \[2026Q2\]"):
        take_segments(run, taken.refit, taken.encoder, _features([(0, 0)])[["need"]])


def test_same_segments_keeps_every_id_however_many_moved(second):
    _, first, _ = second()
    turned = first.membership.assign(segment=first.membership["segment"].map({"S1": "S2", "S2": "S1"}))
    table = same_segments(first.solution, turned, first.membership).table
    assert table["old"].tolist() == table["new"].tolist() == ["S1", "S2"] and set(table["overlap"]) == {0.0}
