from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentation.errors import ParameterError
from segmentation.profiling import (
    PROFILE_COLUMNS,
    index_interval,
    mean_interval,
    order_variables,
    passes_marker_rule,
    profile_segments,
    wilson_interval,
    withhold_cells,
)


@pytest.mark.shared
def test_profile_segments_mcdonalds_centres_and_markers_are_the_published(mcdonalds, reference):
    values, segment, study = mcdonalds
    profile = profile_segments(values, segment, study)
    base = profile[profile["role"] == "base"].assign(number=lambda t: t["segment"].str[1:].astype(int))
    expected = reference("profile_k4_markers.csv").rename(columns={"segment": "number", "item": "variable"})
    both = base.merge(expected, on=["number", "variable"], suffixes=("", "_book"))
    assert len(both) == 44
    assert both["estimate"].to_numpy() == pytest.approx(both["centroid"].to_numpy(), abs=1e-9)
    assert both["total"].to_numpy() == pytest.approx(both["total_book"].to_numpy(), abs=1e-9)
    assert passes_marker_rule(both["estimate"], both["total"]).tolist() == both["marker_book"].tolist()
    assert both.groupby("number")["marker"].sum().tolist() == [4, 6, 5, 7]


@pytest.mark.shared
def test_order_variables_mcdonalds_is_that_of_hclust(mcdonalds):
    values, _, study = mcdonalds
    items = [variable.name for variable in study.base]
    expected = [
        "yummy",
        "tasty",
        "cheap",
        "fattening",
        "convenient",
        "fast",
        "spicy",
        "healthy",
        "greasy",
        "expensive",
        "disgusting",
    ]
    assert order_variables(values[items], standardise=False) == expected


def test_profile_segments_mean_interval_is_that_of_scipy(market):
    values, membership, study = market
    profile = profile_segments(values, membership, study).set_index(["variable", "segment"])
    sample = values.loc[membership["segment"] == "S1", "x"]
    low, high = stats.t.interval(0.95, 39, sample.mean(), stats.sem(sample))
    row = profile.loc[("x", "S1")]
    assert (row["estimate"], row["lower"], row["upper"]) == pytest.approx((sample.mean(), low, high))
    assert (row["n"], row["base"], row["size"], row["kind"], row["role"]) == (40, 40, 40, "mean", "base")
    assert row["total"] == pytest.approx(values["x"].mean())
    assert row["z"] == pytest.approx((sample.mean() - values["x"].mean()) / values["x"].std(ddof=0))


def test_profile_segments_share_by_hand(market):
    values, membership, study = market
    profile = profile_segments(values, membership, study).set_index(["variable", "level", "segment"])
    row = profile.loc[("trade", "roofs", "S1")]  # 20 of 40; everybody 60 of 100
    assert (row["n"], row["base"], row["estimate"], row["total"]) == (20, 40, 0.5, 0.6)
    assert row["index"] == pytest.approx(100 * 0.5 / 0.6)
    assert row["index_lower"] < row["index"] < row["index_upper"]
    assert profile.loc[("keen", "yes", "S2"), "n"] == 30
    assert set(PROFILE_COLUMNS) == set(profile.reset_index().columns)


def test_profile_segments_markers_are_the_planted_ones(market):
    values, membership, study = market
    profile = profile_segments(values, membership, study)
    assert set(profile.loc[profile["marker"], "variable"]) == {"x", "y", "size"}


def test_profile_segments_index_needs_values_that_cannot_be_negative(market):
    values, membership, study = market
    profile = profile_segments(values, membership, study).set_index(["variable", "segment"])
    assert profile.loc["y", "index"].isna().all()
    assert profile.loc[("size", "S1"), "index"] == pytest.approx(
        100 * values["size"].iloc[:40].mean() / values["size"].mean()
    )


def test_profile_segments_has_no_p_anywhere(market):
    values, membership, study = market
    columns = profile_segments(values, membership, study).columns
    assert not {"p", "q", "p_value"} & set(columns)


def test_profile_segments_units_without_segment_are_left_out(market):
    values, membership, study = market
    some = membership.assign(segment=membership["segment"].where(np.arange(100) % 10 != 0))
    profile = profile_segments(values, some, study)
    assert profile.drop_duplicates("segment")["size"].sum() == 90
    kept = values[np.arange(100) % 10 != 0]
    assert profile.loc[profile["variable"] == "x", "total"].iloc[0] == pytest.approx(kept["x"].mean())


def test_profile_segments_small_cells_are_withheld(make):
    values = pd.DataFrame(
        {"x": np.arange(60.0), "y": np.arange(60.0), "trade": ["a"] * 27 + ["b"] * 3 + ["a"] * 15 + ["b"] * 15},
        index=[f"U{i}" for i in range(60)],
    )
    segment = pd.Series(["S1"] * 30 + ["S2"] * 30, index=values.index)
    variables = [{"name": "x", "role": "base"}, {"name": "y", "role": "base"}, {"name": "trade", "level": "nominal"}]
    profile = profile_segments(values, segment, make(variables, ["x", "y"], draws=100))
    trade = profile[profile["variable"] == "trade"]
    assert trade["withheld"].all()  # 3 in S1 could be reckoned from either its row or its column
    assert trade[["n", "estimate", "lower", "index", "z"]].isna().all(axis=None)
    assert not trade["marker"].any()


def test_profile_segments_tiny_segment_shows_no_means(market):
    values, _, study = market
    segment = pd.Series(
        np.where(np.arange(100) < 5, "S1", np.where(np.arange(100) < 50, "S2", "S3")), index=values.index
    )
    x = profile_segments(values, segment, study).query("variable == 'x'").set_index("segment")
    assert x["withheld"].to_dict() == {"S1": True, "S2": True, "S3": False}  # S2 with it, or S1 could be reckoned
    assert x["base"].tolist() == [5, 45, 50]


def test_profile_segments_one_segment_is_everybody(market):
    values, _, study = market
    profile = profile_segments(values, pd.Series("S1", index=values.index), study)
    assert profile["estimate"].to_numpy() == pytest.approx(profile["total"].to_numpy())
    assert not profile["marker"].any()


def test_profile_segments_constant_and_all_missing_are_harmless(market):
    values, membership, study = market
    profile = profile_segments(values.assign(noise=np.nan, size=3.0), membership, study)
    assert profile.loc[profile["variable"] == "noise", "withheld"].all()
    size = profile[profile["variable"] == "size"]
    assert size["estimate"].tolist() == [3.0, 3.0]
    assert size["z"].isna().all()


def test_profile_segments_rare_names_are_counted_together(market):
    values, membership, study = market
    values = values.assign(trade=["roofs"] * 50 + [f"t{i}" for i in range(50)])
    levels = profile_segments(values, membership, study).query("variable == 'trade'")["level"].unique()
    assert levels.tolist() == ["roofs", "other"]


def test_profile_segments_ordinal_keeps_its_order(make):
    values = pd.DataFrame({"x": np.arange(60.0), "y": np.arange(60.0), "plan": [1.0, 2, 3] * 20}, index=range(60))
    variables = [
        {"name": "x", "role": "base"},
        {"name": "y", "role": "base"},
        {"name": "plan", "level": "ordinal", "levels": ["small", "mid", "large"]},
    ]
    segment = pd.Series(["S1", "S2"] * 30, index=values.index)
    profile = profile_segments(values, segment, make(variables, ["x", "y"], draws=100))
    assert profile.query("variable == 'plan'")["level"].unique().tolist() == ["small", "mid", "large"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, m: (v.drop(index="U0"), m), "1 units of the membership are not in the features, for instance 'U0'"),
        (lambda v, m: (v.drop(columns="size"), m), "the features lack 'size'"),
        (lambda v, m: (v, m.assign(segment=None)), "nobody has a segment"),
        (lambda v, m: (v, m.rename(columns={"segment": "group"})), "needs a column 'segment'; it has: group"),
        (lambda v, m: (v, pd.concat([m, m.iloc[:1]])), "1 unit ids more than once"),
    ],
)
def test_profile_segments_mismatch_is_refused(market, change, message):
    values, membership, study = market
    with pytest.raises(ParameterError, match=message):
        profile_segments(*change(values, membership), study)


def test_profile_segments_inputs_are_not_changed_and_seed_fixes_the_result(market):
    values, membership, study = market
    before = values.copy(deep=True), membership.copy(deep=True)
    first, second = (profile_segments(values, membership, study) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(values, before[0])
    pd.testing.assert_frame_equal(membership, before[1])


def test_profile_segments_whole_report_without_effect_claims_next_to_nothing(make):
    """60 descriptors that have nothing to do with the segments: markers must be as rare as the false discovery rate."""
    rng = np.random.default_rng(9)
    variables = [{"name": "x", "role": "base"}, {"name": "y", "role": "base"}]
    variables += [{"name": f"d{i}", "level": "binary"} for i in range(60)]
    study = make(variables, ["x", "y"], draws=100)
    claims = 0
    for _ in range(3):
        values = pd.DataFrame((rng.random((600, 62)) < 0.15).astype(float), columns=[v["name"] for v in variables])
        segment = pd.Series(rng.choice(["S1", "S2", "S3"], 600), index=values.index)
        profile = profile_segments(values.assign(x=rng.random(600), y=rng.random(600)), segment, study)
        claims += int(profile.loc[profile["role"] != "base", "marker"].sum())
    assert claims <= 1


def test_profile_segments_1200_units_40_variables_1000_draws_under_three_seconds(make):
    rng = np.random.default_rng(2)
    names = [f"v{i}" for i in range(40)]
    study = make(
        [{"name": name, "role": "base" if place < 10 else "descriptor"} for place, name in enumerate(names)], names[:10]
    )
    values = pd.DataFrame(rng.random((1200, 40)), columns=names)
    segment = pd.Series(rng.choice([f"S{i}" for i in range(1, 7)], 1200), index=values.index)
    begun = time.process_time()
    profile_segments(values, segment, study)
    assert time.process_time() - begun < 3


def test_wilson_interval_published_values():
    """Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    low, high = wilson_interval(np.array([81, 15, 0, 1]), np.array([263, 148, 20, 29]))
    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


def test_mean_interval_one_unit_has_none():
    low, high = mean_interval(np.array([1.0]), np.array([np.nan]), np.array([1]))
    assert np.isnan([low[0], high[0]]).all()


def test_index_interval_covers_as_declared():
    """Segment of 60 in 300, trait at 20 % against 10 %: nominal 95 %, 4,000 draws have a standard error of .34 points."""
    rng = np.random.default_rng(3)
    hits, rest = rng.binomial(60, 0.2, 4000), rng.binomial(240, 0.1, 4000)
    low, high, _ = index_interval(hits, np.full(4000, 60), rest, np.full(4000, 240))
    truth = 100 * 0.2 / (0.2 * 0.2 + 0.8 * 0.1)
    assert 0.935 <= ((low <= truth) & (truth <= high)).mean() <= 0.975


def test_index_interval_zero_hits_and_empty_rest():
    low, high, p = index_interval(np.array([0, 5]), np.array([50, 50]), np.array([20, 0]), np.array([50, 0]))
    assert 0 < low[0] < high[0] < 100
    assert np.isnan([low[1], high[1], p[1]]).all()


def test_bootstrap_index_of_a_mean_covers_as_declared(make):
    rng = np.random.default_rng(4)
    study = make([{"name": "x", "role": "base"}, {"name": "y", "role": "base"}], ["x", "y"], draws=200)
    segment = pd.Series(["S1"] * 50 + ["S2"] * 150, index=range(200))
    truth, inside = 100 * 3 / 2.25, 0
    for _ in range(100):
        values = pd.DataFrame({"x": rng.gamma(4, np.r_[np.full(50, 0.75), np.full(150, 0.5)]), "y": rng.random(200)})
        row = profile_segments(values, segment, study).query("variable == 'x' and segment == 'S1'").iloc[0]
        inside += row["index_lower"] <= truth <= row["index_upper"]
    assert inside >= 87  # P(fewer of 100 at 95 %) is below .001


def test_withhold_cells_no_small_cell_withholds_nothing():
    assert not withhold_cells(np.array([[10, 20], [30, 40]]), 10).any()


def test_withhold_cells_never_leaves_one_alone():
    rng = np.random.default_rng(5)
    for _ in range(200):
        counts = rng.integers(0, 60, (4, 5))
        before = counts.copy()
        hidden = withhold_cells(counts, 10)
        assert (counts == before).all()
        assert hidden[counts < 10].all()
        assert (hidden.sum(axis=0) != 1).all()
        assert (hidden.sum(axis=1) != 1).all()


@pytest.mark.parametrize(("n", "expected"), [(1, ["a"]), (2, ["a", "b"])])
def test_order_variables_few_stay(n, expected):
    assert order_variables(pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.0]}).iloc[:, :n]) == expected
