"""The positioning map: what it keeps, whether it comes back, and what it says of noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.profiling.positioning import describe_positions, map_positions, tabulate_positions

from .useful import make_useful

PERCEPTIONS = ["sat_a", "sat_b", "sat_c"]


def test_map_positions_planted_differences_are_where_they_were_planted():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    found = map_positions(values, membership, study)
    assert found.deviations.loc["S1", "sat_a"] > 0.3 and found.deviations.loc["S3", "sat_b"] < -0.5
    assert found.segments.loc[["S1", "S3"], "apart"].all()
    assert found.p <= 0.01 and found.steady and sum(found.shares) <= 1 + 1e-9
    arrow, place = found.attributes.loc["sat_a", ["x", "y"]], found.segments.loc["S1", ["x", "y"]]
    assert float(arrow.astype(float) @ place.astype(float)) > 0  # S1 lies in the direction of sat_a


def test_map_positions_deviations_equal_pandas():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    found = map_positions(values, membership, study)
    scaled = (values[PERCEPTIONS] - values[PERCEPTIONS].mean()) / values[PERCEPTIONS].std()
    expected = scaled.groupby(membership["segment"]).mean()
    assert found.deviations.to_numpy() == pytest.approx(expected.to_numpy())


def test_map_positions_shuffled_segments_are_called_noise():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    shuffled = membership.assign(segment=np.random.default_rng(9).permutation(membership["segment"].to_numpy()))
    found = map_positions(values, shuffled, study)
    assert found.p > 0.05
    text = str(describe_positions(found, study))
    assert "take the map for noise" in text and "Clearly away" not in text


def test_map_positions_two_segments_have_one_axis():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    part = membership[membership["segment"] != "S3"]
    found = map_positions(values, part, study)
    assert found.shares == pytest.approx((1.0, 0.0)) and found.segments["y"].abs().max() < 1e-12
    assert 0 <= found.congruence <= 1 + 1e-9


def test_map_positions_base_variable_gets_no_p():
    values, membership, study = make_useful(positioning=["x", "sat_a"])
    found = map_positions(values, membership, study)
    assert np.isnan(found.p) and "by construction" in str(describe_positions(found, study))


def test_map_positions_segment_without_answers_is_left_out_and_named():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    values = values.assign(sat_a=values["sat_a"].mask(membership["segment"] == "S2"))
    found = map_positions(values, membership, study)
    assert found.left_out == ("S2",) and list(found.segments.index) == ["S1", "S3"]
    assert "Too few answers to place S2" in str(describe_positions(found, study))


def test_map_positions_one_perception_is_too_few():
    values, membership, study = make_useful(positioning=["sat_a"])
    said = describe_positions(map_positions(values, membership, study), study)
    assert said.kind == "absent" and "there is 1 perception and 3 such segments" in said.text


def test_map_positions_unit_weights_change_nothing():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    one = map_positions(values, membership, study)
    other = map_positions(values, membership, study.model_copy(update={"weight": "w"}))
    pd.testing.assert_frame_equal(one.segments, other.segments)
    assert one.p == other.p


def test_describe_positions_absent():
    values, membership, study = make_useful()
    nothing = map_positions(values, membership, study)
    said = describe_positions(nothing, study)
    assert isinstance(said, Callout) and said.kind == "absent"
    assert not tabulate_positions(nothing, study).paragraphs


def test_tabulate_positions_shows_every_perception_with_n():
    values, membership, study = make_useful(positioning=PERCEPTIONS)
    frame = tabulate_positions(map_positions(values, membership, study), study).frame
    assert frame["perception"].tolist() == ["sat a", "sat b", "sat c"]
    assert "S1 (n = 300)" in frame.columns
