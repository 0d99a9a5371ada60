"""Weights through profiles and tests of descriptors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentation.errors import DataContractError, ParameterError
from segmentation.profiling import (
    bootstrap_weights,
    describe_descriptors,
    describe_segments,
    profile_segments,
    tabulate_descriptors,
    tabulate_profile,
)
from segmentation.profiling import test_descriptors as compare_descriptors
from segmentation.profiling.weighted import effective_bases, share_bases, table_design_effect, weighted_moments

ESTIMATES = ["estimate", "total", "index", "z", "share"]


@pytest.fixture
def weighted_market(market, make):
    values, membership, study = market
    variables = [v.model_dump(by_alias=True) for v in study.variables] + [{"name": "heavy", "role": "weight"}]
    for variable in variables:
        variable["from"] = "a"
    study = make(variables, ["x", "y"], draws=200).model_copy(update={"weight": "heavy"})
    rng = np.random.default_rng(7)
    return values.assign(heavy=rng.integers(1, 4, len(values)).astype(float)), membership, study


def unweighted(study):
    return study.model_copy(update={"weight": None, "variables": study.variables[:-1]})


def test_equal_weights_are_no_weights_to_the_last_bit(weighted_market):
    values, membership, study = weighted_market
    for weight in (1.0, 0.1, 3.7):
        given = values.assign(heavy=weight)
        plain = values.drop(columns="heavy")
        pd.testing.assert_frame_equal(
            profile_segments(given, membership, study),
            profile_segments(plain, membership, unweighted(study)),
            check_exact=True,
        )
        pd.testing.assert_frame_equal(
            compare_descriptors(given, membership, study),
            compare_descriptors(plain, membership, unweighted(study)),
            check_exact=True,
        )


def test_rows_given_twice_and_double_weights_have_the_same_estimates(weighted_market):
    values, membership, study = weighted_market
    places = np.repeat(np.arange(len(values)), values["heavy"].astype(int))
    index = pd.Index([f"U{i}" for i in range(len(places))], name="unit")
    copies = values.iloc[places].set_axis(index, axis=0).assign(heavy=1.0)
    weighted = profile_segments(values, membership, study)
    repeated = profile_segments(copies, membership.iloc[places].set_axis(index, axis=0), study)
    keys = ["segment", "variable", "level"]
    assert weighted[keys].to_numpy().tolist() == repeated[keys].to_numpy().tolist()
    assert weighted[ESTIMATES].to_numpy(float) == pytest.approx(repeated[ESTIMATES].to_numpy(float), nan_ok=True)
    wide = (weighted["upper"] - weighted["lower"]) > (repeated["upper"] - repeated["lower"])
    assert wide.all()  # one person who stands for two is less evidence than two people


def test_weighted_estimates_by_hand(weighted_market):
    values, membership, study = weighted_market
    profile = profile_segments(values, membership, study).set_index(["variable", "level", "segment"])
    first = values[membership["segment"] == "S1"]
    w = first["heavy"]
    row = profile.loc[("size", "", "S1")]
    mean = np.average(first["size"], weights=w)
    assert (row["n"], row["base"]) == (40, 40)
    assert row["estimate"] == pytest.approx(mean)
    assert row["effective"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    error = np.sqrt(40 / 39 * (w**2 * (first["size"] - mean) ** 2).sum()) / w.sum()
    assert row["upper"] - row["estimate"] == pytest.approx(stats.t.ppf(0.975, row["effective"] - 1) * error)
    assert row["share"] == pytest.approx(w.sum() / values["heavy"].sum())
    roofs = profile.loc[("trade", "roofs", "S1"), "estimate"]
    assert roofs == pytest.approx(np.average(first["trade"] == "roofs", weights=w))


def test_one_respondent_with_40_per_cent_of_the_weight(weighted_market):
    values, membership, study = weighted_market
    heavy = values.assign(heavy=np.r_[66.0, np.ones(99)])  # 66 of 165
    profile = profile_segments(heavy, membership, study)
    x = profile.query("variable == 'x'").set_index("segment")
    assert x["effective"].to_dict() == pytest.approx({"S1": 105**2 / (66**2 + 39), "S2": 60})
    words = str(describe_segments(profile, membership, study))
    assert "less than half is left of S1 (3 of 40)" in words
    assert "stand for 64% of the market; effective base 3, too few to build on" in words
    assert "S1 (n = 40, effective base 3)" in tabulate_profile(profile, study).frame.columns


def test_units_without_weight_are_left_out_and_counted(weighted_market):
    values, membership, study = weighted_market
    some = values.assign(heavy=values["heavy"].where(np.arange(100) % 10 != 0))
    some.iloc[1, some.columns.get_loc("heavy")] = 0.0
    profile = profile_segments(some, membership, study)
    assert profile.drop_duplicates("segment")["size"].sum() == 89
    assert "11 have no weight and are not described either." in str(describe_segments(profile, membership, study))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda w: w.where(np.arange(100) != 3, -1.0), DataContractError, "1 weights are negative or infinite"),
        (lambda w: w * 0, DataContractError, "the weights sum to zero"),
        (lambda w: w.where(np.arange(100) != 3, np.inf), DataContractError, "negative or infinite"),
    ],
)
def test_wrong_weights_are_refused(weighted_market, change, error, message):
    values, membership, study = weighted_market
    for run in (profile_segments, compare_descriptors):
        with pytest.raises(error, match=message):
            run(values.assign(heavy=change(values["heavy"])), membership, study)


def test_nobody_with_a_segment_has_a_weight(weighted_market):
    values, membership, study = weighted_market
    some = membership.assign(segment=membership["segment"].where(np.arange(100) < 50))
    with pytest.raises(ParameterError, match="nobody with a segment has a weight"):
        profile_segments(values.assign(heavy=np.where(np.arange(100) < 50, np.nan, 1.0)), some, study)


def test_the_weight_is_no_descriptor(weighted_market):
    values, membership, study = weighted_market
    assert "heavy" not in set(profile_segments(values, membership, study)["variable"])
    with pytest.raises(ParameterError, match="heavy is the weight of this study"):
        compare_descriptors(values, membership, study, variables=["heavy"])


def test_weighted_tests_are_named_and_told(weighted_market):
    values, membership, study = weighted_market
    tests = compare_descriptors(values, membership, study)
    assert set(tests["test"]) == {"chi-squared (Rao-Scott)", "Kruskal-Wallis (weighted)"}
    assert (tests["effective"] < tests["n"]).all()
    assert tests.set_index("variable").loc["size", "q"] < 0.05
    assert "effective base 8" in str(describe_descriptors(tests, study))
    assert "effective base" in tabulate_descriptors(tests, study).frame.columns


def test_weighted_tests_reject_as_often_as_they_say_without_an_effect(make):
    """600 null tests with weights that differ by segment: the rate of p <= .05 stays within the binomial's .001 limits."""
    rng = np.random.default_rng(1)
    names = [f"d{i}" for i in range(60)]
    variables = [{"name": n, "level": "nominal" if i % 2 else "numeric"} for i, n in enumerate(names)]
    variables = [
        {"name": "x", "role": "base"},
        {"name": "y", "role": "base"},
        {"name": "w", "role": "weight"},
        *variables,
    ]
    study = make(variables, ["x", "y"], draws=100).model_copy(update={"weight": "w"})
    p = []
    for _ in range(10):
        codes = rng.choice(3, 300, p=[0.2, 0.3, 0.5])
        values = pd.DataFrame({n: rng.normal(size=300) for n in ("x", "y", *names)})
        for name in names[1::2]:
            values[name] = np.array(["a", "b", "c"])[np.digitize(values[name], [-0.3, 0.8])]
        values["w"] = np.exp(0.6 * rng.normal(size=300) + 0.5 * codes)
        segment = pd.Series([f"S{c + 1}" for c in codes], index=values.index)
        p += compare_descriptors(values, segment, study)["p"].tolist()
    assert 0.025 <= (np.array(p) <= 0.05).mean() <= 0.08


def test_rao_scott_is_needed_unadjusted_weights_reject_too_often():
    """The same weighted table with the weights taken for counts would reject far too often."""
    rng = np.random.default_rng(2)
    naive = adjusted = 0
    for _ in range(300):
        w = np.exp(0.9 * rng.normal(size=200))
        w /= w.mean()
        cells = rng.integers(0, 2, 200) * 2 + rng.integers(0, 2, 200)
        table = np.bincount(cells, weights=w, minlength=4).reshape(2, 2)
        statistic = stats.chi2_contingency(table, correction=False).statistic
        naive += statistic > 3.841
        adjusted += statistic / table_design_effect(cells, w, (2, 2))[0] > 3.841
    assert naive > 40
    assert 4 <= adjusted <= 27


def test_share_bases_are_kish_where_nobody_has_the_trait():
    w = np.array([1.0, 2.0, 3.0])
    base = share_bases(np.zeros(1), np.zeros(1), np.array([w.sum()]), np.array([(w**2).sum()]))
    assert base == pytest.approx(effective_bases(w, np.ones((3, 1))))


def test_weighted_moments_of_one_unit_have_no_error():
    mean, error, base = weighted_moments(np.array([4.0]), np.array([2.0]), np.ones((1, 1)))
    assert (mean[0], base[0]) == (4.0, 1.0)
    assert np.isnan(error[0])


def test_bootstrap_weights_of_many_units_are_fewer_draws(monkeypatch):
    monkeypatch.setattr("segmentation.profiling.intervals.MOST_DRAWN", 2000)
    assert sum(len(block) for block in bootstrap_weights(15, 1000, 1)) == 133
    assert sum(len(block) for block in bootstrap_weights(500, 1000, 1)) == 100
    assert sum(len(block) for block in bootstrap_weights(500, 50, 1)) == 50
