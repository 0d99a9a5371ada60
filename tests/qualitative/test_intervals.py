"""Published intervals and exact tests."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import fisher_exact

from segmentation.errors import ParameterError
from segmentation.qualitative import (
    adjust_p_values,
    freeman_halton_test,
    intervals,
    multinomial_test,
    newcombe_interval,
    seen_chance,
    wilson_interval,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "qualitative.json").read_text())


@pytest.mark.parametrize(("k", "n", "lower", "upper"), REFERENCE["wilson"]["rows"])
def test_wilson_interval_published_case_equals_published_limits(k, n, lower, upper):
    assert wilson_interval(k, n) == pytest.approx((lower, upper), abs=0.005)


def test_wilson_interval_of_nobody_is_missing():
    assert all(math.isnan(limit) for limit in wilson_interval(0, 0))


def test_wilson_interval_more_than_all_is_refused():
    with pytest.raises(ParameterError, match="between 0 and n; got k=3, n=2"):
        wilson_interval(3, 2)


@pytest.mark.parametrize(("k1", "n1", "k2", "n2", "lower", "upper"), REFERENCE["newcombe"]["rows"])
def test_newcombe_interval_published_case_equals_published_limits(k1, n1, k2, n2, lower, upper):
    assert newcombe_interval(k1, n1, k2, n2) == pytest.approx((lower, upper), abs=0.0005)


def test_newcombe_interval_swapped_sets_mirrors():
    lower, upper = newcombe_interval(2, 16, 6, 8)
    assert newcombe_interval(6, 8, 2, 16) == pytest.approx((-upper, -lower))


def test_newcombe_interval_empty_set_is_missing():
    assert all(math.isnan(limit) for limit in newcombe_interval(0, 0, 1, 4))


@pytest.mark.parametrize(("counts", "totals", "p"), REFERENCE["exact"]["rows"])
def test_freeman_halton_test_published_case_equals_published_p(counts, totals, p):
    assert freeman_halton_test(counts, totals) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize("counts", [(0, 0), (1, 5), (4, 9), (6, 0), (3, 3)])
def test_freeman_halton_test_two_sets_equals_fisher(counts):
    k, rest = counts
    table = [[k, 6 - k], [rest, 18 - rest]]
    assert freeman_halton_test([k, rest], [6, 18]) == pytest.approx(fisher_exact(table).pvalue)


def test_freeman_halton_test_one_set_of_people_is_missing():
    assert math.isnan(freeman_halton_test([2, 0], [5, 0]))


def test_freeman_halton_test_many_sets_simulated_is_near_exact(monkeypatch):
    exact = freeman_halton_test([6, 2, 1, 3], [8, 8, 8, 8])
    monkeypatch.setattr(intervals, "ENUMERATION_LIMIT", 10)
    assert freeman_halton_test([6, 2, 1, 3], [8, 8, 8, 8], random_state=1) == pytest.approx(exact, abs=0.01)


def test_freeman_halton_test_impossible_counts_are_refused():
    with pytest.raises(ParameterError, match="counts must be between 0 and totals"):
        freeman_halton_test([5, 1], [4, 4])


@pytest.mark.parametrize(("counts", "shares", "p"), REFERENCE["multinomial"]["rows"])
def test_multinomial_test_reference_case_equals_reference_p(counts, shares, p):
    assert multinomial_test(counts, shares) == pytest.approx(p, abs=0.0005)


def test_multinomial_test_simulated_is_near_exact(monkeypatch):
    monkeypatch.setattr(intervals, "ENUMERATION_LIMIT", 10)
    assert multinomial_test([9, 3, 2], [0.5, 0.3, 0.2], random_state=1) == pytest.approx(0.683, abs=0.015)


def test_multinomial_test_nobody_is_missing():
    assert math.isnan(multinomial_test([0, 0], [0.5, 0.5]))


def test_multinomial_test_shares_off_one_are_refused():
    with pytest.raises(ParameterError, match="add to 1"):
        multinomial_test([1, 2], [0.5, 0.4])


def test_adjust_p_values_equals_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p = pd.Series([0.01, 0.2, 0.03, 0.04, 0.5, 0.001])
    assert adjust_p_values(p).tolist() == pytest.approx(multipletests(p, method="fdr_bh")[1].tolist())


def test_adjust_p_values_nothing_to_adjust_is_empty():
    assert adjust_p_values(pd.Series([], dtype=float)).empty


def test_adjust_p_values_above_one_is_refused():
    with pytest.raises(ParameterError, match="between 0 and 1"):
        adjust_p_values(pd.Series([1.2]))


@pytest.mark.parametrize(("p", "n", "chance"), REFERENCE["seen"]["rows"])
def test_seen_chance_reference_case_equals_reference(p, n, chance):
    assert seen_chance(p, n) == pytest.approx(chance, abs=0.01)


def test_seen_chance_bad_share_is_refused():
    with pytest.raises(ParameterError, match="share between 0 and 1"):
        seen_chance(1.5, 3)
