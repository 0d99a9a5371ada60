"""The scorecard: measurable, accessible, substantial, actionable, each against its limit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.profiling import profile_segments
from segmentation.profiling.contrasts import contrast_segments
from segmentation.profiling.everybody import gather
from segmentation.profiling.moments import measure_moments
from segmentation.profiling.recognise import known_before, recognise_segments, weighted_auc
from segmentation.profiling.scorecard import SCORECARD_COLUMNS, score_segments
from segmentation.profiling.scorecard_words import (
    LIMIT_SOURCES,
    describe_scorecard,
    summarise_scorecard,
    tabulate_limits,
    tabulate_scorecard,
    tabulate_standing,
)
from segmentation.study import Scorecard

from .useful import make_useful


def made_by(study, method):
    own = study.segmentation.model_copy(update={"method": method})
    return study.model_copy(update={"segmentations": {"one": own}})


def score(values, membership, study):
    return score_segments(values, membership, study, profile=profile_segments(values, membership, study))


def pick(table, segment, limit):
    return table[(table["segment"] == segment) & (table["limit_name"] == limit)].iloc[0]


def test_weighted_auc_equals_scikit_learn_with_ties_and_weights():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    scores, member, weights = rng.integers(0, 6, 80) / 5, rng.random(80) < 0.4, rng.random(80) + 0.2
    own = weighted_auc(scores, member, weights[None])[0]
    assert own == pytest.approx(roc_auc_score(member, scores, sample_weight=weights), abs=1e-12)


def test_measure_moments_with_gaps_equals_pandas():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["a", "b"]).mask(rng.random((40, 2)) < 0.2)
    side = np.arange(40) < 25
    found = measure_moments(frame.to_numpy(), np.ones(40), np.column_stack([side, ~side]).astype(float))
    assert found.mean[0] == pytest.approx(frame[side].mean().to_numpy())
    assert found.sd[1] == pytest.approx(frame[~side].std().to_numpy())
    assert found.error[0] == pytest.approx(frame[side].sem().to_numpy())


def test_score_segments_planted_market_gets_the_planted_answers():
    table = score(*make_useful())
    assert tuple(table.columns) == SCORECARD_COLUMNS
    assert pick(table, "S1", "min_auc")["result"] == "pass"  # staff tells it
    assert pick(table, "S1", "min_share")[["estimate", "result"]].tolist() == [0.5, "pass"]
    assert pick(table, "S2", "min_value")["estimate"] > 0.45  # spends three times as much
    assert pick(table, "S3", "min_descriptors")["estimate"] >= 1
    assert pick(table, "everybody", "min_placed")["estimate"] == 1.0


def test_score_segments_wilson_interval_of_the_share_is_published_value():
    values, membership, study = make_useful(n=200)
    row = pick(score(values, membership, study), "S1", "min_share")  # Wilson, 100 of 200: 0.4313 to 0.5687
    assert (row["lower"], row["upper"]) == pytest.approx((0.43136, 0.56864), abs=1e-4)


def test_score_segments_interval_over_the_limit_cannot_tell():
    values, membership, study = make_useful(scorecard={"min_share": 0.49})
    row = pick(score(values, membership, study), "S1", "min_share")
    assert row["lower"] < 0.49 < row["upper"] and row["result"] == "cannot tell"


def test_score_segments_small_share_fails_and_is_said():
    values, membership, study = make_useful(scorecard={"min_share": 0.4})
    table = score(values, membership, study)
    assert pick(table, "S3", "min_share")["result"] == "fail"
    assert summarise_scorecard(table).loc["S3", "substantial"] == "fail"
    text = str(describe_scorecard(table, study))
    assert "S3 is not substantial (share of the market 20 %" in text and "limit 40 %" in text


def test_score_segments_no_descriptor_differs_tells_what_is_ruled_out():
    values, membership, study = make_useful()
    shuffled = membership.assign(segment=np.random.default_rng(5).permutation(membership["segment"].to_numpy()))
    table = score(values, shuffled, study)
    row = pick(table, "S3", "min_descriptors")
    assert row["result"] in ("cannot tell", "fail") and row["estimate"] == 0
    if row["result"] == "cannot tell":
        assert "not ruled out" in row["reason"]


def test_score_segments_without_descriptors_known_before_cannot_tell():
    values, membership, study = make_useful()
    kept = tuple(v for v in study.variables if v.kind not in ("firmographic", "geographic"))
    study = study.model_copy(update={"variables": kept})
    row = pick(score(values, membership, study), "S1", "min_auc")
    assert row["result"] == "cannot tell" and row["reason"] == "no descriptor is known before contact"


def test_score_segments_unit_weights_change_nothing():
    values, membership, study = make_useful()
    weighted = study.model_copy(update={"weight": "w"})
    pd.testing.assert_frame_equal(score(values, membership, study), score(values, membership, weighted))


def test_score_segments_heavy_segment_has_a_heavier_share():
    values, membership, study = make_useful()
    values = values.assign(w=np.where(membership["segment"] == "S3", 2.0, 1.0))
    row = pick(score(values, membership, study.model_copy(update={"weight": "w"})), "S3", "min_share")
    assert row["estimate"] == pytest.approx(0.4 / 1.2)


def test_known_before_named_descriptors_win_over_kinds():
    _, _, study = make_useful(scorecard={"known_before": ["trade"]})
    assert [v.name for v in known_before(study)] == ["trade"]
    _, _, study = make_useful()
    assert [v.name for v in known_before(study)] == ["staff", "trade", "land"]


def test_recognise_segments_useless_descriptor_is_guessing():
    values, membership, study = make_useful(scorecard={"known_before": ["land"]})
    found = recognise_segments(gather(values, membership, study), study)
    assert (found["lower"] < 0.56).all() and (found["auc"] < 0.6).all()


def test_recognise_segments_tiny_segment_is_not_tried():
    values, membership, study = make_useful(n=60)
    assert recognise_segments(gather(values, membership, study), study) is None


def test_contrast_segments_planted_difference_is_found_and_noise_is_not():
    values, membership, study = make_useful()
    table = contrast_segments(gather(values, membership, study), study).set_index(["segment", "variable", "level"])
    assert table.loc[("S1", "staff", ""), "difference"] > 1 and table.loc[("S1", "staff", ""), "q"] < 0.001
    assert table.loc[("S1", "sat_c", ""), "q"] > 0.05
    roofs = table.loc[("S2", "trade", "roofs")]
    assert roofs["lower"] <= roofs["difference"] <= roofs["upper"]


def test_tabulate_scorecard_shows_intervals_limits_and_words():
    values, membership, study = make_useful()
    table = score(values, membership, study)
    shown = tabulate_scorecard(table, study).frame
    assert "at least 5 %" in set(shown["limit"]) and len(shown) == len(table)
    standing = tabulate_standing(table, study).frame
    assert standing["segment"].tolist() == ["S1", "S2", "S3"] and standing["n"].tolist() == ["300", "180", "120"]


def test_tabulate_limits_names_a_source_for_every_limit():
    _, _, study = make_useful(scorecard={"min_share": 0.1})
    frame = tabulate_limits(study).frame
    limits = {name for name in Scorecard.model_fields if name.startswith("min_")}
    assert limits == set(LIMIT_SOURCES) and len(frame) == len(limits)
    assert "set in the study file" in frame["source"].tolist()


def test_score_segments_input_is_not_changed():
    values, membership, study = make_useful()
    before = values.copy(), membership.copy()
    score(values, membership, study)
    pd.testing.assert_frame_equal(values, before[0])
    pd.testing.assert_frame_equal(membership, before[1])


@pytest.mark.parametrize("method", ["kmeans", "ward", "medoids", "hdbscan", "auto"])
def test_score_segments_chances_made_of_distances_never_pass(method):
    values, membership, study = make_useful()
    study = made_by(study, method)
    table = score(values, membership, study)
    row = pick(table, "S1", "min_probability")
    assert row["lower"] >= row["limit"] and row["result"] == "not judged"
    assert "of distances" in row["test"] or "by distances" in row["test"]
    words = "made of distances here, not estimated by a model"
    assert words in str(describe_scorecard(table, study))
    assert words in tabulate_scorecard(table, study).note and words in tabulate_standing(table, study).note
    low = score(values, membership.assign(probability=0.5), study)
    assert pick(low, "S1", "min_probability")["result"] == "fail"  # an upper bound below the limit does fail


@pytest.mark.parametrize("method", ["latent-class", "latent-profile", "gaussian"])
def test_score_segments_chances_of_a_model_pass(method):
    values, membership, study = make_useful()
    study = made_by(study, method)
    table = score(values, membership, study)
    row = pick(table, "S1", "min_probability")
    assert row["result"] == "pass" and row["test"] == "mean probability of being in it"
    assert "distances" not in f"{describe_scorecard(table, study)}{tabulate_scorecard(table, study).note}"
