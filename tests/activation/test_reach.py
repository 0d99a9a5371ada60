"""Near nobody, and moves that are only flicker."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.activation.reach import (
    flag_strangers,
    keep_segments,
    learn_reach,
    measure_keeping,
    segment_distances,
)  # fmt: skip
from segmentation.clustering import Solution, assign_segments
from segmentation.errors import ParameterError

CENTRES = pd.DataFrame({"a": [0.0, 2.0, 0.0], "b": [0.0, 0.0, 3.0]}, index=pd.Index(["S1", "S2", "S3"], name="segment"))
SOLUTION = Solution("s", CENTRES, pd.Series([9, 8, 7], index=CENTRES.index), {"within_ss": 5.0, "weight": 24.0}, 1, 0.4)


def points(rows: list[tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["a", "b"], index=[f"u{n}" for n in range(len(rows))])


def test_segment_distances_by_hand():
    found = segment_distances(SOLUTION, points([(0.0, 0.0), (2.0, np.nan)]))
    np.testing.assert_allclose(found.loc["u0"], [0.0, np.sqrt(2.0), np.sqrt(4.5)])
    np.testing.assert_allclose(found.loc["u1"], [2.0, 0.0, 2.0])  # over the one variable it has


def test_segment_distances_merged_takes_the_nearest_part():
    merged = Solution(**{**SOLUTION.__dict__, "merged": {"S3": "S1"}})
    found = segment_distances(merged, points([(0.0, 3.0)]))
    assert list(found.columns) == ["S1", "S2"] and found.at["u0", "S1"] == 0.0


def test_learn_reach_share_of_members_within_is_the_percentile(clouds):
    distances = segment_distances(clouds.solution, clouds.encoded)
    reach = learn_reach(distances, clouds.membership, percentile=0.9)
    flagged = flag_strangers(reach, distances, clouds.membership)
    share = flagged.groupby("segment")["near_nobody"].mean().astype(float)
    assert reach.pooled == () and share.between(0.09, 0.11).all()


def test_flag_strangers_somebody_far_from_everybody_is_near_nobody(clouds):
    distances = segment_distances(clouds.solution, clouds.encoded)
    reach = learn_reach(distances, clouds.membership)
    odd = clouds.encoder.encode(
        pd.DataFrame({"need": [2.0, 30.0], "days": [70.0, 10.0], "part": [0.2, 0.2]}, index=["x", "y"])
    )
    placed = flag_strangers(reach, segment_distances(clouds.solution, odd), assign_segments(clouds.solution, odd))
    assert placed["near_nobody"].tolist() == [True, True] and placed["segment"].notna().all()


def test_learn_reach_few_members_borrow_the_limit_of_all(clouds):
    distances = segment_distances(clouds.solution, clouds.encoded)
    reach = learn_reach(distances, clouds.membership, fewest=100)
    assert reach.pooled == ("S2", "S3") and reach.limits["S2"] == reach.limits["S3"] != reach.limits["S1"]


def test_flag_strangers_unplaced_is_not_judged():
    unplaced = assign_segments(SOLUTION, points([(np.nan, np.nan)]))
    reach = learn_reach(
        segment_distances(SOLUTION, points([(0.0, 0.1)])), assign_segments(SOLUTION, points([(0.0, 0.1)]))
    )
    found = flag_strangers(reach, segment_distances(SOLUTION, points([(np.nan, np.nan)])), unplaced)
    assert found["near_nobody"].isna().all()


def test_learn_reach_nobody_placed_has_no_limits():
    nobody = assign_segments(SOLUTION, points([(np.nan, np.nan)]))
    reach = learn_reach(segment_distances(SOLUTION, points([(np.nan, np.nan)])), nobody)
    assert reach.limits.isna().all() and (reach.members == 0).all()
    with pytest.raises(ParameterError, match=r"percentile must be above 0\.5"):
        learn_reach(pd.DataFrame(), nobody, percentile=0.2)


def test_keep_segments_border_is_kept_and_a_lead_moves():
    now = points([(1.05, 0.0), (1.5, 0.0)])  # leads of 1 - .95/1.05 = .095 and 1 - .5/1.5 = .667
    before = pd.Series({"u0": "S1", "u1": "S1"})
    membership = assign_segments(SOLUTION, now)
    copy = membership.copy()
    found = keep_segments(SOLUTION, now, membership, before, margin=0.1)
    assert found["segment"].tolist() == ["S1", "S2"] and found["kept"].tolist() == [True, False]
    assert found.loc["u0", ["second", "margin"]].tolist() == ["S2", 0.0] and found.at["u0", "probability"] < 0.5
    pd.testing.assert_frame_equal(membership, copy)


def test_keep_segments_measures_the_lead_over_the_old_segment_even_if_it_is_third():
    now = points([(0.95, 1.2)])  # order S1, S2, S3; old is S3, which is clearly further
    found = keep_segments(SOLUTION, now, assign_segments(SOLUTION, now), pd.Series({"u0": "S3"}), margin=0.15)
    third = segment_distances(SOLUTION, now).loc["u0"]
    assert 1 - third["S1"] / third["S2"] < 0.15 < 1 - third["S1"] / third["S3"]
    assert found["segment"].tolist() == ["S1"] and not found["kept"].any()


@pytest.mark.parametrize("before", [{}, {"u0": "S9"}, {"other": "S1"}])
def test_keep_segments_without_an_old_segment_places_as_new(before):
    now = points([(1.05, 0.0)])
    found = keep_segments(SOLUTION, now, assign_segments(SOLUTION, now), pd.Series(before, dtype=object), margin=0.3)
    assert found["segment"].tolist() == ["S2"] and not found["kept"].any()


def test_keep_segments_noise_flicker_drops_and_real_moves_stay(clouds):
    """Two noisy readings of the same people, 30 of whom really moved to another cloud's centre."""
    rng = np.random.default_rng(3)
    centres = clouds.solution.centres.to_numpy()
    where, partner = rng.integers(0, 3, 3000), np.array([1, 0, 1])
    share = rng.uniform(0.0, 0.5, 3000)[:, None]  # 0 at the own centre, .5 on the border to the partner
    true = centres[where] * (1 - share) + centres[partner[where]] * share
    movers = np.flatnonzero(share.ravel() < 0.2)[:30]
    after = true.copy()
    after[movers] = centres[partner[where[movers]]]
    names = [f"u{n}" for n in range(3000)]
    first, second = (
        pd.DataFrame(t + rng.normal(0, 0.06, t.shape), index=names, columns=clouds.solution.variables)
        for t in (true, after)
    )
    before = assign_segments(clouds.solution, first)["segment"]
    plain = assign_segments(clouds.solution, second)
    kept = keep_segments(clouds.solution, second, plain, before, margin=0.1)
    still = np.setdiff1d(np.arange(3000), movers)
    flicker = [(m["segment"] != before).to_numpy()[still].sum() for m in (plain, kept)]
    real = [(m["segment"] != before).to_numpy()[movers].sum() for m in (plain, kept)]
    assert flicker[0] > 60 and flicker[1] < 0.4 * flicker[0], flicker
    assert real == [30, 30]
    table = measure_keeping(clouds.solution, second, plain, before, margin=0.1).set_index("margin")
    assert table.at[0.0, "moved"] == sum((flicker[0], 30)) and table.at[0.1, "moved"] == flicker[1] + 30
    assert table["moved"].is_monotonic_decreasing and table.at[0.1, "chosen"]


def test_keep_segments_a_doubled_unit_before_is_refused():
    now = points([(1.0, 0.0)])
    with pytest.raises(ParameterError, match="stand twice, for instance 'u0'"):
        keep_segments(
            SOLUTION, now, assign_segments(SOLUTION, now), pd.Series(["S1", "S2"], index=["u0", "u0"]), margin=0.1
        )
    with pytest.raises(ParameterError, match="margin must be 0 or more and below 1"):
        keep_segments(SOLUTION, now, assign_segments(SOLUTION, now), pd.Series(dtype=object), margin=1.0)
