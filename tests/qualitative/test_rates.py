"""Rates of themes: four people by hand, every split of them, and no find where there is nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentation.errors import ParameterError
from segmentation.qualitative import compare_theme_rates, describe_theme_rates, tabulate_theme_rates
from segmentation.qualitative.rates import _permute, person_rates


def test_person_rates_by_hand(coded):
    rates = person_rates(coded)
    # P1 spoke three turns: both coders gave trips in one. P2 two turns: money agreed in one, trips by ann only. P3, P4: one of two.
    assert rates.loc["P1", "trips"] == pytest.approx(1 / 3) and rates.loc["P1", "money"] == 0
    assert rates.loc["P2", "money"] == 0.5 and rates.loc["P2", "trips"] == 0
    assert rates.loc["P3", "money"] == 0.5 and rates.loc["P4", "price"] == 0.5


def test_compare_theme_rates_looks_at_every_split_of_few_people(coded):
    found = compare_theme_rates(coded, random_state=1)
    row = found.table.set_index(["code", "segment"]).loc[("trips", "S1")]
    # S1 is P1 and P2, S2 is P3 and P4: rates 1/3, 0 | 0, 0. All six splits of four give the same distance.
    assert row["rate"] == pytest.approx(1 / 6) and row["rest_rate"] == 0 and row["p"] == 1
    assert pd.isna(found.table.set_index(["code", "segment"]).loc[("trips", "S3"), "p"])  # nobody of S3 was interviewed
    assert (
        "None holds up" in str(describe_theme_rates(found)) and tabulate_theme_rates(found).frame["S1"].iloc[0] == "1.7"
    )


def test_permute_published_kind_of_value_three_against_three():
    rates = np.array([[0.5], [0.6], [0.7], [0.1], [0.2], [0.0]])
    inside = np.array([True, True, True, False, False, False])
    assert _permute(rates, 3, inside, 1000, 1)[0] == pytest.approx(2 / 20)  # the split itself and its mirror, of 20
    drawn = _permute(np.vstack([rates, rates, rates]), 9, np.tile(inside, 3), 2000, 1)[0]
    assert drawn < 0.005


def test_permute_of_nothing_planted_keeps_its_rate():
    random = np.random.default_rng(4)
    inside = np.arange(24) < 8
    p = _permute(random.gamma(0.3, 1.0, (24, 400)), 8, inside, 1000, 2)
    assert (p <= 0.05).mean() < 0.085


def test_compare_theme_rates_bad_choices_and_nobody(coded, nobody):
    with pytest.raises(ParameterError, match="at least 100 draws"):
        compare_theme_rates(coded, draws=5, random_state=1)
    assert describe_theme_rates(compare_theme_rates(nobody, random_state=1)).kind == "absent"


@pytest.mark.parametrize("likeness", [0.0, 0.1, 0.3])
def test_permute_rates_false_finds_stay_at_the_level(likeness):
    """24 people, 3 + Poisson(12) quotes each, a theme in 12 %, no effect: .038, .052, .035 in the study this repeats."""
    random = np.random.default_rng(11)
    inside, finds = np.arange(24) < 8, 0
    for number in range(150):
        said = 3 + random.poisson(12, 24)
        share = random.beta(0.12 * (1 / likeness - 1), 0.88 * (1 / likeness - 1), 24) if likeness else np.full(24, 0.12)
        rates = (random.binomial(said, share) / said)[:, None]
        finds += int(_permute(rates, 8, inside, 199, number)[0] <= 0.05)
    assert finds >= 1
    assert stats.binomtest(finds, 150, 0.05, alternative="greater").pvalue > 0.01
