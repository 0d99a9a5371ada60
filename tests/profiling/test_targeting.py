"""The targeting map: scores, knock-outs, and how firm first place is."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.profiling.targeting import (
    describe_targets,
    map_targets,
    often_words,
    tabulate_target_criteria,
    tabulate_targets,
)

from .useful import make_useful

TARGETING = {
    "attractiveness": [{"variable": "spend", "weight": 3}, {"variable": "size"}],
    "fit": [{"variable": "sat_b"}],
}


def failing(segment, criterion="substantial"):
    return pd.DataFrame({"segment": [segment], "criterion": [criterion], "result": ["fail"]})


def test_map_targets_score_is_five_and_two_and_a_half_a_standard_deviation():
    values, membership, study = make_useful(targeting=TARGETING)
    targets = map_targets(values, membership, study)
    rows = targets.criteria.set_index(["variable", "segment"])
    mean = values.loc[membership["segment"] == "S2", "spend"].mean()
    expected = 5 + 2.5 * (mean - values["spend"].mean()) / values["spend"].std()
    assert rows.loc[("spend", "S2"), "mean"] == pytest.approx(mean)
    assert rows.loc[("spend", "S2"), "score"] == pytest.approx(expected)
    assert rows.loc[("size", "S1"), "score"] == pytest.approx(5 + 2.5 * 0.5849625, abs=1e-6)  # log2(3 x 0.5)
    table = targets.table
    expected = 0.75 * rows.loc[("spend", "S1"), "score"] + 0.25 * rows.loc[("size", "S1"), "score"]
    assert table.loc["S1", "attractiveness"] == pytest.approx(expected)
    assert (table["attractiveness_lower"] <= table["attractiveness"]).all()
    assert (table["fit"] <= table["fit_upper"]).all()


def test_map_targets_planted_spender_comes_first_and_stays():
    values, membership, study = make_useful(targeting=TARGETING)
    targets = map_targets(values, membership, study)
    assert targets.first == "S2"
    assert targets.table["first_weights"].sum() == pytest.approx(1.0)
    assert targets.table["first_resamples"].sum() == pytest.approx(1.0)
    assert targets.table.loc["S2", "first_resamples"] > 0.9


def test_map_targets_low_is_good_turns_the_score_round():
    turned = {**TARGETING, "fit": [{"variable": "sat_b", "low_is_good": True}]}
    values, membership, study = make_useful(targeting=TARGETING)
    up = map_targets(values, membership, study).table["fit"]
    down = map_targets(values, membership, make_useful(targeting=turned)[2]).table["fit"]
    assert (up + down.reindex(up.index)).to_numpy() == pytest.approx(10.0)


def test_map_targets_failed_segment_is_knocked_out_and_never_first():
    values, membership, study = make_useful(targeting=TARGETING)
    targets = map_targets(values, membership, study, scorecard=failing("S2"))
    assert targets.table.index[-1] == "S2" and pd.isna(targets.table.loc["S2", "rank"])
    assert targets.table.loc["S2", ["first_weights", "first_resamples"]].tolist() == [0.0, 0.0]
    assert "Knocked out by the scorecard before ranking: S2 (not substantial)." in str(describe_targets(targets, study))
    assert "segments held as they are" in str(describe_targets(targets, study))


def test_map_targets_all_knocked_out_is_a_caution():
    values, membership, study = make_useful(targeting=TARGETING)
    out = pd.concat([failing(name) for name in ("S1", "S2", "S3")])
    targets = map_targets(values, membership, study, scorecard=out)
    assert targets.first is None
    said = describe_targets(targets, study)
    assert isinstance(said, Callout) and said.title == "No segment is left to rank."


def test_map_targets_segments_that_do_not_differ_stay_near_five():
    values, membership, study = make_useful(
        targeting={"attractiveness": [{"variable": "sat_c"}], "fit": [{"variable": "sat_c"}]}
    )
    table = map_targets(values, membership, study).table
    assert table["overall"].between(4.3, 5.7).all()
    assert table["first_resamples"].max() < 0.95


def test_map_targets_unit_weights_change_nothing_and_same_seed_same_result():
    values, membership, study = make_useful(targeting=TARGETING)
    one = map_targets(values, membership, study).table
    pd.testing.assert_frame_equal(one, map_targets(values, membership, study).table)
    weighted = study.model_copy(update={"weight": "w"})
    pd.testing.assert_frame_equal(one, map_targets(values, membership, weighted).table)


def test_map_targets_order_of_rows_does_not_move_scores():
    values, membership, study = make_useful(targeting=TARGETING)
    turned = values.sample(frac=1, random_state=1)
    columns = ["attractiveness", "fit", "overall", "first_weights"]
    one, other = (map_targets(v, membership.loc[v.index], study).table for v in (values, turned))
    pd.testing.assert_frame_equal(one[columns], other[columns])


def test_describe_targets_without_targeting_is_absent():
    values, membership, study = make_useful()
    nothing = map_targets(values, membership, study)
    said = describe_targets(nothing, study)
    assert isinstance(said, Callout) and said.kind == "absent"
    assert not tabulate_targets(nothing, study).paragraphs and not tabulate_target_criteria(nothing, study).paragraphs


def test_describe_targets_firm_and_shaky_first_place():
    values, membership, study = make_useful(targeting=TARGETING)
    text = str(describe_targets(map_targets(values, membership, study), study))
    assert "S2 comes first" in text and "10,000 times" in text and "200 times" in text
    assert tabulate_targets(map_targets(values, membership, study), study).frame["segment"].tolist()[0] == "S2"
    assert tabulate_target_criteria(map_targets(values, membership, study), study).frame["weight"].tolist() == [
        0.75,
        0.25,
        1.0,
    ]


def test_often_words_never_turns_nearly_into_always():
    assert [often_words(s) for s in (1.0, 0.999, 0.72, 0.001, 0.0)] == [
        "all",
        "more than 99 %",
        "72 %",
        "less than 1 %",
        "none",
    ]


@pytest.mark.shared
def test_map_targets_published_case_has_the_published_means(mcdonalds):
    from segmentation.study import Study

    values, segment, study = mcdonalds
    like = values["like"].map(lambda text: float(text.replace("I hate it!", "").replace("I love it!", "")))
    values = values.assign(likes=like, female=(values["gender"] == "Female").astype(float))
    content = study.model_dump(by_alias=True)
    content["variables"] += (
        {"name": "likes", "from": "a", "kind": "need"},
        {"name": "female", "from": "a", "kind": "need", "level": "binary"},
    )
    content["targeting"] = {"attractiveness": [{"variable": "likes"}], "fit": [{"variable": "female"}]}
    study = Study.model_validate(content)
    means = map_targets(values, segment, study).criteria.set_index(["variable", "segment"])["mean"]
    assert means["likes"].loc[["S1", "S2", "S3", "S4"]].tolist() == pytest.approx(
        [-0.1319, -2.4903, 2.2870, 2.7114], abs=1e-4
    )
    assert means["female"].loc[["S1", "S2", "S3", "S4"]].tolist() == pytest.approx(
        [0.5851, 0.4319, 0.4784, 0.6144], abs=1e-4
    )
