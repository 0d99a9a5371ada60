"""Reference values of qualitative measures that stand in no other test file; test_qualitative_coverage.py lists them all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from segmentation.qualitative import (
    compare_themes,
    fleiss_kappa,
    freeman_halton_test,
    krippendorff_alpha,
    newcombe_interval,
    seen_chance,
    unitised_alpha,
    wilson_interval,
)
from segmentation.qualitative.alpha import alpha_of_coincidences, coincidences

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "qualitative.json").read_text("utf-8"))


def counts_of(units):
    values = sorted({value for unit in units for value in unit if value is not None})
    return np.array([[sum(given == value for given in unit) for value in values] for unit in units], float), np.array(
        values, float
    )


@pytest.fixture(scope="module")
def lexicon():
    lines = [line.split() for line in (HERE / "vader_ratings.txt").read_text().splitlines() if not line.startswith("#")]
    return [
        [int(digit) - 4 for digit in ratings] for ratings, *times in lines for _ in range(int(times[0]) if times else 1)
    ]


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.2320), ("ordinal", 0.7336), ("interval", 0.7264)])
def test_krippendorff_alpha_of_the_vader_lexicon(lexicon, level, value):
    assert len(lexicon) == 7520
    assert krippendorff_alpha(lexicon, level).value == pytest.approx(value, abs=5e-5)


def test_alpha_is_fleiss_kappa_with_a_correction_in_the_published_table():
    """alpha = kappa + (1 - kappa) / (N n), checked on Fleiss' own table: .2156."""
    counts = np.array(REFERENCE["fleiss"]["counts"], float)
    kappa = fleiss_kappa(counts).value
    alpha = float(alpha_of_coincidences(coincidences(counts).sum(axis=0), np.arange(5.0)))
    assert alpha == pytest.approx(kappa + (1 - kappa) / counts.sum()) == pytest.approx(0.2156, abs=5e-5)


def test_bootstrap_of_units_gives_the_recorded_interval():
    """Krippendorff's example C, nominal, 5,000 draws of units with seed 0: .422 to 1.000."""
    counts, values = counts_of(REFERENCE["alpha"][0]["units"])
    together = np.zeros((len(counts), len(values), len(values)))
    judged = counts.sum(axis=1) >= 2
    together[judged] = coincidences(counts[judged])
    drawn = together[np.random.default_rng(0).integers(0, len(counts), (5000, len(counts)))].sum(axis=1)
    assert np.nanquantile(alpha_of_coincidences(drawn, values), [0.025, 0.975]).round(3).tolist() == [0.422, 1.0]


def test_rare_code_has_low_alpha_at_98_percent_agreement():
    """Two coders, 100 turns, each gave the code once, at different turns."""
    ratings = [[0, 0]] * 98 + [[1, 0], [0, 1]]
    assert np.mean([a == b for a, b in ratings]) == 0.98
    assert krippendorff_alpha(ratings).value < 0


def test_unitised_alpha_of_nothing_against_something_is_below_chance():
    found = unitised_alpha(100, [[(10, 30, "x"), (50, 60, "y")], []])
    assert found.u == pytest.approx(-0.113, abs=5e-4)


def test_saturation_ratios_of_the_worked_example():
    case = REFERENCE["saturation"]
    new = case["new_codes"]
    base = sum(new[: case["base"]])
    windows = [sum(new[start : start + 2]) for start in (4, 5, 6)]
    assert (base, windows) == (37, [7, 4, 1])
    assert [round(100 * count / base) for count in windows] == [19, 11, 3]


@pytest.mark.parametrize(("p", "n", "chance"), REFERENCE["seen"]["rows"])
def test_chance_of_having_seen_a_theme(p, n, chance):
    assert seen_chance(p, n) == pytest.approx(chance, abs=5e-3)


def test_none_of_eight_leaves_a_third_possible():
    assert wilson_interval(0, 8)[1] == pytest.approx(0.324, abs=5e-4)
    exact = stats.binomtest(0, 8).proportion_ci(method="exact")  # not reported by us: Wilson's is shorter
    assert exact.high == pytest.approx(0.369, abs=5e-4)


def test_six_of_eight_against_two_of_sixteen():
    table = [[6, 2], [2, 14]]
    assert table[0][0] * table[1][1] / (table[0][1] * table[1][0]) == 21
    assert freeman_halton_test([6, 2], [8, 16]) == pytest.approx(0.00474, abs=5e-6)
    assert stats.boschloo_exact(table).pvalue == pytest.approx(0.00335, abs=2e-4)
    assert 6 / 8 - 2 / 16 == 0.625 and newcombe_interval(6, 8, 2, 16) == pytest.approx((0.211, 0.825), abs=5e-4)


def test_exact_test_of_three_segments_is_not_the_asymptotic_one():
    assert freeman_halton_test([6, 2, 1], [8, 8, 8]) == pytest.approx(0.0562, abs=5e-5)
    assert stats.chi2_contingency([[6, 2, 1], [2, 6, 7]], correction=False).pvalue == pytest.approx(0.0239, abs=5e-5)


@pytest.mark.parametrize(("likeness", "effective"), [(0.1, 75.0), (0.3, 34.6)])
def test_quotes_of_one_person_are_worth_less(likeness, effective):
    """180 quotes of 12 people: 180 / (1 + (15 - 1) rho)."""
    assert 180 / (1 + (180 / 12 - 1) * likeness) == pytest.approx(effective, abs=0.05)


@pytest.mark.parametrize(("likeness", "low", "high"), [(0.0, 0.01, 0.09), (0.1, 0.21, 0.38), (0.3, 0.46, 0.66)])
def test_counting_quotes_finds_what_is_not_there_and_counting_people_does_not(likeness, low, high):
    """24 people in three segments, 3 + Poisson(12) quotes each, a theme in 12 %, no effect, 400 studies at 5 %."""
    rng = np.random.default_rng(7)
    quotes, people = 0, 0
    for _ in range(400):
        said = 3 + rng.poisson(12, 24)
        share = rng.beta(0.12 * (1 / likeness - 1), 0.88 * (1 / likeness - 1), 24) if likeness else np.full(24, 0.12)
        hits = rng.binomial(said, share).reshape(3, 8)
        table = np.array([hits.sum(axis=1), said.reshape(3, 8).sum(axis=1) - hits.sum(axis=1)])
        quotes += table.sum(axis=1).min() > 0 and stats.chi2_contingency(table, correction=False).pvalue <= 0.05
        people += freeman_halton_test((hits > 0).sum(axis=1).tolist(), [8, 8, 8]) <= 0.05
    assert low <= quotes / 400 <= high  # .042, .292, .562 in the study this repeats
    assert people / 400 <= 0.05  # .005, .030, .012 there
    assert "3 to 6 of 10 studies" in " ".join(compare_themes.__doc__.split())


def test_segment_mix_has_the_reference_distance():
    counts, shares = np.array([9, 3, 2]), np.array([0.5, 0.3, 0.2])
    assert ((counts - 14 * shares) ** 2 / (14 * shares)).sum() == pytest.approx(1.143, abs=5e-4)
