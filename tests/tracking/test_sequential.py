"""Limits for planned looks and the interval for unplanned ones, against published values."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.errors import ParameterError
from segmentation.tracking import always_valid_half, crossing_chances, look_boundaries, size_inflation, spend_error

FIVE = np.arange(1, 6) / 5


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        # R package ldbounds and gsDesign, two-sided .05, five equal looks
        ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_look_boundaries_published(spending, published):
    assert look_boundaries(FIVE, spending=spending) == pytest.approx(published, abs=2e-4)


def test_look_boundaries_one_sided_published():
    # SeqBounds.jl, one-sided .05 at four equal looks: the two-sided limits at .10
    found = look_boundaries([0.25, 0.5, 0.75, 1.0], alpha=0.10)
    assert found == pytest.approx([3.74955, 2.53993, 2.01604, 1.72014], abs=2e-4)


@pytest.mark.parametrize(
    ("limits", "inflation"),
    [
        # classical limits and the largest size they cost: Jennison and Turnbull (2000), tables 2.1 to 2.4, power .8
        (2.0401 * np.sqrt(5 / np.arange(1, 6)), 1.028),  # O'Brien and Fleming: 4.5617, 3.2256, 2.6336, 2.2809, 2.0401
        (np.full(5, 2.413), 1.229),  # Pocock
    ],
)
def test_crossing_chances_classical_limits_err_at_five_per_cent(limits, inflation):
    assert crossing_chances(FIVE, limits).sum() == pytest.approx(0.05, abs=1e-4)
    assert size_inflation(FIVE, limits) == pytest.approx(inflation, abs=1e-3)


@pytest.mark.parametrize(("looks", "published"), [(1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248)])
def test_crossing_chances_of_peeking_at_196_published(looks, published):
    # Armitage, McPherson and Rowe (1969)
    shares = np.arange(1, looks + 1) / looks
    assert crossing_chances(shares, np.full(looks, 1.959964)).sum() == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_look_boundaries_unequal_looks_spend_what_they_may(spending):
    shares = [0.13, 0.4, 0.45, 1.0]
    limits = look_boundaries(shares, alpha=0.02, spending=spending)
    assert crossing_chances(shares, limits).cumsum() == pytest.approx(
        spend_error(shares, alpha=0.02, spending=spending), abs=1e-8
    )


def test_look_boundaries_one_look_is_the_usual_test():
    assert look_boundaries([1.0]) == pytest.approx([1.959964], abs=1e-6)


def test_always_valid_half_published():
    # gbstats 0.8.0: 200 of 2000 against 240 of 2000, tuning 5000
    error = (0.1 * 0.9 / 2000 + 0.12 * 0.88 / 2000) ** 0.5
    half = always_valid_half(error, 4000, tuned_to=5000)
    assert [0.02 - half, 0.02 + half] == pytest.approx([-0.0100674361, 0.0500674361], abs=1e-9)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: look_boundaries([0.5, 0.4]), "looks must increase from above 0 to at most 1"),
        (lambda: spend_error([0.5], spending="obf"), "spending must be one of 'obrien_fleming', 'pocock'; got 'obf'"),
        (lambda: spend_error([0.5], alpha=2), "alpha must be between 0 and 1; got 2"),
        (lambda: always_valid_half(1, 0, tuned_to=5), "n and tuned_to must be above 0; got 0, 5"),
    ],
)
def test_sequential_wrong_values_are_named(call, match):
    with pytest.raises(ParameterError, match=match):
        call()
