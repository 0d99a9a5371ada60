from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentation.errors import ParameterError
from segmentation.profiling import DESCRIPTOR_COLUMNS, kruskal_h
from segmentation.profiling import test_descriptors as compare_descriptors


@pytest.mark.shared
def test_descriptors_mcdonalds_published_statistics(mcdonalds):
    values, segment, study = mcdonalds
    table = compare_descriptors(values, segment, study).set_index("variable")
    assert table.loc["like", ["statistic", "df"]].tolist() == pytest.approx([615.236367367, 30], abs=1e-6)
    assert table.loc["gender", ["statistic", "df"]].tolist() == pytest.approx([29.8448415786, 3], abs=1e-6)
    assert table.loc["visit", ["statistic", "df"]].tolist() == pytest.approx([317.1000026368, 15], abs=1e-6)
    assert table.loc["age", "statistic"] == pytest.approx(63.5657462345, abs=1e-6)
    assert table["p"].to_numpy(float) == pytest.approx(
        [2.0655657541e-110, 1.5474495891e-58, 1.4877566504e-06, 1.0164898753e-13], rel=1e-6
    )
    assert (table["q"] >= table["p"]).all()


def test_descriptors_base_variable_is_refused(market):
    values, membership, study = market
    with pytest.raises(ParameterError, match="x formed the segments, so segments differ in it by construction"):
        compare_descriptors(values, membership, study, variables=["size", "x"])


def test_descriptors_unknown_variable_offers_the_nearest(market):
    values, membership, study = market
    with pytest.raises(ParameterError, match=r"no variable 'siez' in the study. Did you mean 'size'\?"):
        compare_descriptors(values, membership, study, variables=["siez"])


def test_descriptors_planted_effects_are_found_and_noise_is_not(market):
    values, membership, study = market
    table = compare_descriptors(values, membership, study)
    assert list(table.columns) == list(DESCRIPTOR_COLUMNS)
    assert table["variable"].tolist() == ["trade", "size", "keen", "noise"]
    found = table.set_index("variable")["q"].astype(float) <= 0.05
    assert found.to_dict() == {"trade": False, "size": True, "keen": False, "noise": False}
    assert (table["effect_lower"] <= table["effect_upper"]).all()
    size = table.set_index("variable").loc["size"]
    assert size["effect_lower"] <= size["effect"] <= size["effect_upper"]


def test_kruskal_h_is_that_of_scipy_with_ties():
    rng = np.random.default_rng(1)
    values, codes = rng.integers(0, 6, 90).astype(float), rng.integers(0, 3, 90)
    h, freedom = kruskal_h(values, np.eye(3)[codes], np.ones((1, 90)))
    expected = stats.kruskal(*(values[codes == code] for code in range(3)))
    assert (h[0], freedom[0]) == (pytest.approx(expected.statistic), 2)


def test_kruskal_h_weights_are_repeated_units():
    rng = np.random.default_rng(2)
    values, codes, weights = rng.normal(size=30), rng.integers(0, 2, 30), rng.integers(0, 4, 30)
    weighted, _ = kruskal_h(values, np.eye(2)[codes], weights[None, :].astype(float))
    long_values, long_codes = np.repeat(values, weights), np.repeat(codes, weights)
    repeated, _ = kruskal_h(long_values, np.eye(2)[long_codes], np.ones((1, len(long_values))))
    assert weighted == pytest.approx(repeated)


def test_descriptors_small_expected_counts_use_permutation(make):
    values = pd.DataFrame(
        {"x": np.arange(24.0), "y": np.arange(24.0), "z": ([1.0] * 2 + [0.0] * 10) * 2}, index=range(24)
    )
    variables = [{"name": "x", "role": "base"}, {"name": "y", "role": "base"}, {"name": "z", "level": "binary"}]
    segment = pd.Series(["S1", "S2"] * 12, index=values.index)
    row = compare_descriptors(values, segment, make(variables, ["x", "y"], draws=200)).iloc[0]
    assert row["test"] == "chi-squared by permutation"
    assert 0.5 < row["p"] <= 1


@pytest.mark.parametrize("column", [[np.nan] * 100, [3.0] * 100, [1.0, 2.0, 5.0] + [np.nan] * 97])
def test_descriptors_without_enough_data_say_so(market, column):
    values, membership, study = market
    row = compare_descriptors(values.assign(size=column), membership, study, variables=["size"]).iloc[0]
    assert row["test"] == "not enough data"
    assert pd.isna(row["p"])


def test_descriptors_one_segment_is_not_enough(market):
    values, _, study = market
    table = compare_descriptors(values, pd.Series("S1", index=values.index), study)
    assert (table["test"] == "not enough data").all()


def test_descriptors_under_no_effect_p_is_uniform_and_intervals_hold_zero(make):
    rng = np.random.default_rng(3)
    names = [f"d{i}" for i in range(100)]
    variables = [{"name": "x", "role": "base"}, {"name": "y", "role": "base"}]
    variables += [{"name": n, "level": "binary" if i % 2 else "numeric"} for i, n in enumerate(names)]
    values = pd.DataFrame(
        {n: rng.random(300) if i % 2 == 0 else (rng.random(300) < 0.4) * 1.0 for i, n in enumerate(names)}
    )
    values = values.assign(x=rng.random(300), y=rng.random(300))
    segment = pd.Series(rng.choice(["S1", "S2", "S3"], 300), index=values.index)
    table = compare_descriptors(values, segment, make(variables, ["x", "y"], draws=200))
    assert stats.kstest(table["p"], "uniform").pvalue > 1e-3
    assert (table["effect_lower"] == 0).mean() >= 0.93
    assert (table["q"] <= 0.05).sum() <= 1


def test_descriptors_interval_of_v_covers_the_truth(make):
    """Two segments of 150, a trait at 30 % and 55 %: the population's V is .2524."""
    rng = np.random.default_rng(4)
    variables = [{"name": "x", "role": "base"}, {"name": "y", "role": "base"}, {"name": "z", "level": "binary"}]
    study = make(variables, ["x", "y"], draws=200)
    segment = pd.Series(["S1"] * 150 + ["S2"] * 150, index=range(300))
    truth, inside = 0.125 / np.sqrt(0.425 * 0.575), 0
    for _ in range(100):
        z = (rng.random(300) < np.r_[np.full(150, 0.3), np.full(150, 0.55)]).astype(float)
        values = pd.DataFrame({"x": z, "y": z, "z": z})
        row = compare_descriptors(values, segment, study).iloc[0]
        inside += row["effect_lower"] <= truth <= row["effect_upper"]
    assert inside >= 87
