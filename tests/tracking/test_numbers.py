"""Published and independently computed values of the statistics."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.errors import ParameterError
from segmentation.qualitative.intervals import newcombe_interval
from segmentation.tracking import (
    compare_rates,
    detectable_difference,
    measure_heterogeneity,
    sample_ratio_p,
    shrink_lifts,
    shrink_rates,
)


def test_sample_ratio_p_reference_values():
    assert sample_ratio_p([1000, 1100], [0.5, 0.5]) == pytest.approx(0.029096, abs=5e-7)
    assert sample_ratio_p([50_500, 49_500], [0.5, 0.5]) == pytest.approx(0.001565, abs=5e-7)
    assert sample_ratio_p([30, 60, 10], [0.3, 0.6, 0.1]) == 1
    assert np.isnan(sample_ratio_p([0, 0], [0.5, 0.5]))


def test_sample_ratio_p_refuses_shares_that_do_not_add_up():
    with pytest.raises(ParameterError, match="sum to 1"):
        sample_ratio_p([1, 2], [0.5, 0.4])
    with pytest.raises(ParameterError, match="as long as each other"):
        sample_ratio_p([1, 2, 3], [0.5, 0.5])


def test_compare_rates_reference_value_of_gbstats():
    assert compare_rates(200, 2000, 240, 2000) == pytest.approx(0.0432050441, abs=1e-9)


def test_compare_rates_small_counts_use_fishers_exact_test():
    # tea tasting: 3 of 4 against 1 of 4, p = 34/70 (Fisher, 1935)
    assert compare_rates(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert compare_rates(0, 10, 0, 10) == 1
    assert compare_rates(0, 20, 20, 20) < 1e-10
    assert np.isnan(compare_rates(0, 0, 1, 2))
    with pytest.raises(ParameterError, match="between 0 and n"):
        compare_rates(3, 2, 1, 2)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),  # Newcombe (1998), Table II, method 10: columns a, b, c, e
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((10, 10, 0, 20), (0.6791, 1.0000)),
    ],
)
def test_newcombe_interval_published_table(counts, expected):
    assert newcombe_interval(*counts) == pytest.approx(expected, abs=6e-5)


def test_detectable_difference_reference_values():
    assert detectable_difference(0.10, 1000, 1000) == pytest.approx(0.0376, abs=5e-5)
    assert np.isnan(detectable_difference(0.0, 10, 10)) and np.isnan(detectable_difference(0.1, 0, 10))
    assert detectable_difference(0.5, 1, 1) == 1
    with pytest.raises(ParameterError, match="power"):
        detectable_difference(0.1, 10, 10, power=0.2)


def test_measure_heterogeneity_by_hand():
    # weights 2500 each, mean .05: Q = 2 * 2500 * .05^2 = 12.5; I2 = 11.5/12.5
    q, p, i2 = measure_heterogeneity([0.0, 0.1], [0.02, 0.02])
    assert (q, i2) == (pytest.approx(12.5), pytest.approx(0.92))
    assert p == pytest.approx(0.000407, abs=1e-6)
    assert np.isnan(measure_heterogeneity([0.1], [0.1])).all()
    assert measure_heterogeneity([0.1, 0.1], [0.1, 0.2])[2] == 0


def test_shrink_lifts_pulls_small_segments_most_and_keeps_order():
    shrunk = shrink_lifts([0.20, 0.05, 0.00], [0.08, 0.02, 0.02])
    pull = np.abs(shrunk.lift - [0.20, 0.05, 0.00]) / np.abs(np.array([0.20, 0.05, 0.00]) - 0.03)
    assert pull[0] > pull[1]
    assert (np.diff(shrunk.lift) < 0).all()
    assert (shrunk.lower < shrunk.lift).all() and (shrunk.lift < shrunk.upper).all()


def test_shrink_lifts_known_tau_is_the_normal_posterior():
    # a prior so narrow that tau is about 0: everything is the inverse-variance mean, with its interval
    shrunk = shrink_lifts([0.0, 0.1], [0.1, 0.1], scale=1e-6)
    assert shrunk.lift == pytest.approx([0.05, 0.05], abs=1e-6)
    assert shrunk.upper - shrunk.lower == pytest.approx([2 * 1.959964 * 0.1 / np.sqrt(2)] * 2, rel=1e-4)
    alone = shrink_lifts([0.1], [0.02])
    assert (alone.lift[0], alone.tau) == (0.1, 0)


def test_shrink_lifts_interval_covers_the_truth():
    generator = np.random.default_rng(7)
    covered = []
    for _ in range(150):
        truth = generator.normal(0.02, 0.04, 6)
        error = np.full(6, 0.03)
        shrunk = shrink_lifts(generator.normal(truth, error), error, points=120)
        covered.append((shrunk.lower <= truth) & (truth <= shrunk.upper))
    assert 0.92 <= np.mean(covered) <= 0.98  # 900 intervals, standard error below .01


def test_shrink_lifts_refuses_what_has_no_error():
    with pytest.raises(ParameterError, match="errors above 0"):
        shrink_lifts([0.1, 0.2], [0.1, 0.0])


def test_shrink_rates_limits():
    assert shrink_rates([5], [10]).tolist() == [0.5]
    assert np.isnan(shrink_rates([0, 1, 5], [0, 4, 10])[0])
    spread = shrink_rates([10, 900], [1000, 1000])
    assert spread == pytest.approx([0.01, 0.9], abs=0.02)  # far apart and large: hardly moved
    small = shrink_rates([0, 100, 110], [3, 400, 400])
    assert 0.1 < small[0] < 0.28
    assert shrink_rates([0, 0], [5, 5]).tolist() == [0, 0]
