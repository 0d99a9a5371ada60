from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import measure_structure
from segmentation.clustering.structure import draw_references, normal_scores
from segmentation.errors import DataContractError, ParameterError


@pytest.mark.parametrize("name", ["correlated", "likert", "many_zeros"])
def test_measure_structure_without_segments_rarely_rejects(name, worlds, reference):
    gate = reference["structure_gate"]
    rejections = 0
    for simulation in range(gate["simulations"]):
        encoded = worlds.encode(worlds.NO_SEGMENTS[name](np.random.default_rng([11, simulation]), 150))
        rejections += measure_structure(encoded, range(2, 7), references=39, random_state=simulation).p <= 0.05
    assert rejections <= gate["most"]


@pytest.mark.parametrize("name", ["separation_4", "latent_classes"])
def test_measure_structure_clear_segments_are_found(name, worlds):
    found = 0
    for simulation in range(10):
        encoded = worlds.encode(worlds.SEGMENTS[name](np.random.default_rng([12, simulation]), 250))
        found += measure_structure(encoded, range(2, 7), references=79, random_state=simulation).p <= 0.05
    assert found >= 8


def test_measure_structure_two_heaps_in_one_variable_found_by_dip(worlds):
    random = np.random.default_rng(3)
    values = random.standard_normal((200, 5))
    values[:, 2] = np.where(np.arange(200) < 100, -4, 4) + random.standard_normal(200)
    test = measure_structure(worlds.encode(values), range(2, 5), references=39, random_state=1)
    assert test.p_dip < 0.001
    assert test.dip["p_holm"].idxmin() == "v2"
    assert test.p == pytest.approx(2 * min(test.p_dip, test.p_joint))


def test_measure_structure_coarse_or_spiked_columns_are_not_dip_tested(worlds):
    random = np.random.default_rng(3)
    values = np.column_stack(
        [random.standard_normal(200), random.integers(1, 6, 200), np.maximum(random.standard_normal(200), 0)]
    )
    test = measure_structure(worlds.encode(values), range(2, 4), references=19, random_state=1)
    assert list(test.dip.index) == ["v0"]


def test_draw_references_keep_values_and_correlations(worlds):
    scores = normal_scores(worlds.likert(np.random.default_rng(4), 300))
    drawn = draw_references(scores, 50, random_state=1)
    for data in drawn[:5]:
        np.testing.assert_array_equal(np.sort(data, axis=0), np.sort(scores, axis=0))
    mean = np.mean([np.corrcoef(data, rowvar=False) for data in drawn], axis=0)
    assert np.abs(mean - np.corrcoef(scores, rowvar=False)).max() < 0.01


def test_draw_references_singular_correlation_is_kept(worlds):
    values = worlds.correlated(np.random.default_rng(4), 200)
    values = values - values.mean(axis=1, keepdims=True)  # scores centred by respondent sum to zero
    scores = normal_scores(values)
    drawn = draw_references(scores, 20, random_state=1)
    assert all(np.isfinite(data).all() for data in drawn)
    mean = np.mean([np.corrcoef(data, rowvar=False) for data in drawn], axis=0)
    assert np.abs(mean - np.corrcoef(scores, rowvar=False)).max() < 0.03


def test_measure_structure_rows_and_units_do_not_matter(worlds):
    encoded = worlds.encode(worlds.correlated(np.random.default_rng(5), 120))
    first = measure_structure(encoded, range(2, 5), references=19, random_state=1)
    second = measure_structure(encoded.sample(frac=1, random_state=2), range(2, 5), references=19, random_state=1)
    assert first.statistic == second.statistic
    assert (first.p, first.p_dip) == (second.p, second.p_dip)
    pd.testing.assert_frame_equal(first.drops, second.drops)


def test_measure_structure_monotone_transforms_leave_the_joint_test(worlds):
    encoded = worlds.encode(worlds.correlated(np.random.default_rng(5), 120))
    first, second = (
        measure_structure(data, range(2, 5), references=19, random_state=1) for data in (encoded, np.exp(encoded))
    )
    assert first.p_joint == second.p_joint


def test_measure_structure_ignores_incomplete_rows_and_keeps_input(planted):
    copy = planted.copy()
    first = measure_structure(planted, range(2, 4), references=19, random_state=1)
    second = measure_structure(planted.dropna(), range(2, 4), references=19, random_state=1)
    assert first.n == 600
    assert first.statistic == second.statistic
    pd.testing.assert_frame_equal(planted, copy)


@pytest.mark.parametrize(("n", "p"), [(5, 2), (29, 3), (31, 40)])
def test_measure_structure_too_few_units_says_so(n, p):
    encoded = pd.DataFrame(np.random.default_rng(1).standard_normal((n, p)))
    test = measure_structure(encoded, range(2, 4), references=19, random_state=1)
    assert np.isnan(test.p)
    assert f"{n} units have every base variable" in test.reason


def test_measure_structure_bad_input_says_what():
    encoded = pd.DataFrame(np.random.default_rng(1).standard_normal((40, 2)), columns=["a", "b"])
    with pytest.raises(ParameterError, match="at least 2; got 1"):
        measure_structure(encoded, range(1, 4), random_state=1)
    with pytest.raises(ParameterError, match="at least one number of segments"):
        measure_structure(encoded, [], random_state=1)
    with pytest.raises(ParameterError, match="50 segments need at least 50 different units; there are 40"):
        measure_structure(encoded, [50], random_state=1)
    with pytest.raises(DataContractError, match=r"column 'b': constant over the 40 complete rows") as caught:
        measure_structure(encoded.assign(b=1.0, c=2.0), [2], random_state=1)
    assert len(caught.value.violations) == 2
    with pytest.raises(ParameterError, match="none of the 40 units"):
        measure_structure(encoded.assign(b=np.nan), [2], random_state=1)


def test_check_encoded_reports_every_problem():
    encoded = pd.DataFrame({"a": [1.0, np.inf], "b": ["x", "y"]}, index=["u", "u"])
    with pytest.raises(DataContractError, match="3 problems") as caught:
        measure_structure(encoded, [2], random_state=1)
    assert {violation.message.split(";")[0] for violation in caught.value.violations} == {
        "1 units stand twice",
        "1 infinite values",
        "not numeric",
    }


def test_measure_structure_many_units_tests_a_sample_and_says_so(worlds, monkeypatch):
    encoded = worlds.encode(worlds.correlated(np.random.default_rng(6), 400))
    whole = measure_structure(encoded, [2, 3], references=9, random_state=1)
    monkeypatch.setattr("segmentation.clustering.structure.MOST_ROWS", 150)
    part = measure_structure(encoded, [2, 3], references=9, random_state=1)
    assert (whole.n, whole.rows_used, part.n, part.rows_used) == (400, 400, 400, 150)
    other = measure_structure(encoded.sample(frac=1, random_state=2), [2, 3], references=9, random_state=1)
    assert part.statistic == other.statistic
    assert part.to_dict()["rows_used"] == 150


def test_measure_structure_weights_that_go_with_a_variable_are_no_segments():
    rejections = 0
    for simulation in range(20):
        random = np.random.default_rng([13, simulation])
        values = random.standard_normal((150, 4)) + random.standard_normal((150, 1))
        weights = pd.Series(np.exp(0.8 * values[:, 0] + 0.3 * random.standard_normal(150)))
        test = measure_structure(
            pd.DataFrame(values), [2, 3, 4], references=39, random_state=simulation, weights=weights
        )
        assert test.weighted
        rejections += test.p <= 0.05
    assert rejections <= 4  # chance of more, at a rate of .05: 0.3 %


def test_measure_structure_weights_find_segments_and_scale_does_not_matter(planted):
    complete = planted.dropna()
    weights = pd.Series(np.random.default_rng(1).gamma(4.0, size=len(complete)), index=complete.index)
    tests = [
        measure_structure(complete, [5, 6], references=39, random_state=1, weights=scale * weights)
        for scale in (1.0, 8.0)
    ]
    assert tests[0].p_joint == pytest.approx(1 / 40)
    assert tests[0].statistic == tests[1].statistic
    few = measure_structure(complete, [5, 6], references=9, random_state=1, weights=weights.iloc[:300])
    assert few.n == 300


def test_measure_structure_weight_below_zero_says_so(planted):
    weights = pd.Series(1.0, index=planted.index).where(planted.index != "u003", -1.0)
    with pytest.raises(ParameterError, match=r"weights must be positive and finite; the smallest is .*-1\.0"):
        measure_structure(planted, [2], references=9, random_state=1, weights=weights)


def test_draw_references_meet_the_correlations_closely(worlds):
    scores = normal_scores(worlds.correlated(np.random.default_rng(4), 300))
    target = np.corrcoef(scores, rowvar=False)
    for data in draw_references(scores, 10, random_state=1):
        assert np.abs(np.corrcoef(data, rowvar=False) - target).max() < 0.005
