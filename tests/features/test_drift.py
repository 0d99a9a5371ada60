from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentation.errors import ParameterError
from segmentation.features import FeatureTable, assess_drift, describe_drift, tabulate_drift
from segmentation.features.drift import stability_index


def frame(values, prefix="U", **columns):
    table = pd.DataFrame({"x": values, **columns})
    return table.set_axis([f"{prefix}{i}" for i in range(len(table))], axis=0)


def test_assess_drift_statistic_is_that_of_scipy():
    rng = np.random.default_rng(1)
    now, then = frame(rng.integers(0, 5, 80).astype(float)), frame(rng.integers(0, 6, 60).astype(float), "V")
    row = assess_drift(now, then).iloc[0]
    assert row["statistic"] == pytest.approx(stats.ks_2samp(now["x"], then["x"]).statistic)
    assert (row["n"], row["n_previous"]) == (80, 60)


def test_assess_drift_unpaired_p_agrees_with_the_exact_one():
    rng = np.random.default_rng(2)
    now, then = frame(rng.normal(0.6, 1, 40)), frame(rng.normal(size=40), "V")
    exact = stats.ks_2samp(now["x"], then["x"], method="exact").pvalue
    assert assess_drift(now, then, draws=4999).iloc[0]["p"] == pytest.approx(exact, abs=0.02)


def test_assess_drift_nominal_statistic_is_chi_squared():
    now, then = frame(list("aaabbbbccc") * 5), frame(list("aaaaabbccc") * 5, "V")
    row = assess_drift(now, then).iloc[0]
    counts = [[15, 20, 15], [25, 10, 15]]
    assert row["statistic"] == pytest.approx(stats.chi2_contingency(counts, correction=False).statistic)
    assert row["kind"] == "nominal"
    assert row["p"] == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue, abs=0.03)


def test_assess_drift_same_values_is_certain_of_nothing():
    now = frame([1.0, 2.0, 3.0, 4.0])
    row = assess_drift(now, now).iloc[0]
    assert (row["effect"], row["p"], row["psi"]) == (0.0, 1.0, 0.0)


def test_assess_drift_same_units_make_a_small_shift_visible():
    """Each unit is its own comparison: .1 standard deviations, which two independent samples of 200 would hardly show."""
    rng = np.random.default_rng(3)
    then = frame(rng.normal(size=200))
    assert assess_drift(then + 0.1, then).iloc[0]["p"] <= 0.01


def test_assess_drift_false_alarm_rate_is_as_declared():
    rng = np.random.default_rng(4)
    then = pd.DataFrame(rng.normal(size=(120, 200)), index=[f"U{i}" for i in range(120)])
    now = 0.8 * then + 0.6 * rng.normal(size=(120, 200))
    now = pd.concat([now.iloc[:100], pd.DataFrame(rng.normal(size=(30, 200)), index=[f"N{i}" for i in range(30)])])
    alarms = int((assess_drift(now, then, draws=99)["p"] <= 0.05).sum())
    assert alarms < 22  # P(22 or more of 200 at 5 %) is below .001


def test_assess_drift_psi_beside_its_expectation():
    rng = np.random.default_rng(5)
    rows = [
        assess_drift(frame(rng.normal(size=200)), frame(rng.normal(size=200), "V"), draws=19).iloc[0]
        for _ in range(100)
    ]
    assert rows[0]["psi_expected"] == pytest.approx(9 * 2 / 200)
    assert np.mean([row["psi"] for row in rows]) == pytest.approx(0.090, abs=0.015)


def test_stability_index_by_hand():
    now, then = np.array([19.5, 79.5]), np.array([49.5, 49.5])
    assert stability_index(now, then) == pytest.approx(-0.3 * np.log(0.4) + 0.3 * np.log(1.6))


def test_assess_drift_all_missing_is_not_tested():
    table = assess_drift(frame([np.nan, np.nan], y=[1.0, 2.0]), frame([1.0, 2.0], y=[1.0, 2.0]))
    assert table["p"].isna().tolist() == [True, False]
    assert table["q"].isna().tolist() == [True, False]


def test_assess_drift_without_previous_is_empty(study):
    table = assess_drift(frame([1.0]), None)
    assert table.empty
    assert "no earlier quarter" in str(describe_drift(table, study))


@pytest.mark.parametrize(
    ("then", "options", "message"),
    [
        (frame(["a", "b"]), {}, "'x' is a number in one quarter and a name in the other"),
        (frame([1.0, 2.0]), {"draws": 5}, "draws must be at least 19; got 5"),
    ],
)
def test_assess_drift_bad_input_is_refused(then, options, message):
    with pytest.raises(ParameterError, match=message):
        assess_drift(frame([1.0, 2.0]), then, **options)


def test_assess_drift_same_seed_same_table():
    rng = np.random.default_rng(6)
    now, then = frame(rng.normal(size=30)), frame(rng.normal(size=30))
    before = now.copy(deep=True)
    pd.testing.assert_frame_equal(assess_drift(now, then, random_state=7), assess_drift(now, then, random_state=7))
    pd.testing.assert_frame_equal(now, before)


def test_assess_drift_1200_units_40_variables_is_quick():
    rng = np.random.default_rng(7)
    index = [f"U{i}" for i in range(1200)]
    then = pd.DataFrame(rng.normal(size=(1200, 40)), index=index)
    begun = time.process_time()
    assess_drift(then + rng.normal(size=(1200, 40)), then)
    assert time.process_time() - begun < 10


def test_describe_drift_names_what_changed(study):
    rng = np.random.default_rng(8)
    names = ["quotes", "need", "industry"]
    then = pd.DataFrame({"quotes": rng.random(300), "need": rng.normal(size=300), "industry": ["a", "b", "c"] * 100})
    now = then.assign(need=then["need"] + 2)
    drift = assess_drift(now, then)
    text = str(describe_drift(drift, study))
    assert "3 variables could be compared with last quarter." in text
    assert "1 variable changed by more than chance explains. Need rose from" in text
    assert "n = 300 and 300" in text
    table = tabulate_drift(drift, study)
    assert sorted(table.frame["variable"]) == sorted(names)
    assert "n = 300 accounts this quarter, 300 last" in table.caption


def test_describe_drift_no_change_is_no_proof(study):
    then = pd.DataFrame({"quotes": np.arange(50.0)})
    assert "That is no proof that nothing changed." in str(describe_drift(assess_drift(then, then), study))


def test_assess_drift_variables_that_age_by_themselves_are_not_tested():
    now, then = frame(np.arange(50.0) + 92, age=np.arange(50.0) + 92), frame(np.arange(50.0), age=np.arange(50.0))
    table = FeatureTable("s", "unit", None, now, pd.DataFrame(), ageing=("age",))
    rows = assess_drift(table, then).set_index("variable")
    assert np.isnan(rows.loc["age", "p"]) and np.isnan(rows.loc["age", "q"])
    assert rows.loc["x", "p"] == rows.loc["x", "q"] < 0.05
    assert rows.loc["age", "value"] - rows.loc["age", "previous"] == 92
