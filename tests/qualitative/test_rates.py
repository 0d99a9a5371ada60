"""How often themes come up by segment, people the unit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from segmentation.errors import ParameterError
from segmentation.qualitative import compare_theme_rates, permute_rates, tabulate_theme_rates


def test_compare_theme_rates_by_hand(coded):
    """Turns both coders gave the code, over all turns of the person: trips 1 of P1's 3."""
    table = compare_theme_rates(coded, draws=200).table.set_index(["code", "segment"])
    assert table.at[("trips", "S1"), "rate"] == pytest.approx((1 / 3 + 0) / 2)
    assert table.at[("money", "S2"), "rate"] == pytest.approx((1 / 2 + 0) / 2)
    assert table.at[("money", "S1"), "rest_rate"] == pytest.approx(1 / 4)
    assert table.at[("trips", "S3"), "n"] == 0 and math.isnan(table.at[("trips", "S3"), "rate"])


def test_compare_theme_rates_code_nobody_has_is_not_tested(coded):
    overall = compare_theme_rates(coded, draws=200).overall.set_index("code")
    assert math.isnan(overall.at["unused", "p"]) and 0 < overall.at["trips", "p"] <= 1
    assert tabulate_theme_rates(compare_theme_rates(coded, draws=200)).frame["Theme"].tolist()[-1] == "Unused"


def test_permute_rates_equals_the_exact_share_of_assignments():
    """Two of the 20 ways to part six people put the three high ones together."""
    rates = np.array([[0.1], [0.2], [0.0], [0.9], [0.8], [1.0]])
    p = permute_rates(rates, np.array(list("aaabbb")), 20_000, np.random.default_rng(2))
    assert p[0] == pytest.approx(0.1, abs=0.01)


def test_permute_rates_of_one_segment_is_undefined():
    assert np.isnan(permute_rates(np.array([[0.1], [0.2]]), np.array(["a", "a"]), 100, np.random.default_rng(1))).all()


@pytest.mark.parametrize(("likeness", "low", "high"), [(0.0, 0.01, 0.08), (0.1, 0.01, 0.09), (0.3, 0.01, 0.08)])
def test_permute_rates_false_finds_stay_at_the_level(likeness, low, high):
    """24 people in three segments, 3 + Poisson(12) quotes each, a theme in 12 %, no effect: .038, .052, .035 in the study this repeats."""
    rng = np.random.default_rng(11)
    finds = 0
    for _ in range(150):
        said = 3 + rng.poisson(12, 24)
        share = rng.beta(0.12 * (1 / likeness - 1), 0.88 * (1 / likeness - 1), 24) if likeness else np.full(24, 0.12)
        rates = (rng.binomial(said, share) / said)[:, None]
        finds += permute_rates(rates, np.repeat([0, 1, 2], 8), 199, rng)[0] <= 0.05
    assert low <= finds / 150 <= high
    assert stats.binomtest(finds, 150, 0.05, alternative="greater").pvalue > 0.01


def test_compare_theme_rates_bad_numbers_are_refused(coded):
    with pytest.raises(ParameterError, match=r"need at least 100 draws and alpha between 0 and 1; got 10, 0\.05"):
        compare_theme_rates(coded, draws=10)
