"""Published values of Krippendorff's alpha, its limits and its invariances."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.errors import ParameterError
from segmentation.qualitative import krippendorff_alpha

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "qualitative.json").read_text())
CASES = [(example, level) for example in REFERENCE["alpha"] for level in example["expected"]]


def ratings_of(example):
    table = (
        pd.DataFrame(example["units"], dtype=object)
        if "units" in example
        else pd.DataFrame(example["coders"], dtype=object).T
    )
    return table


@pytest.mark.parametrize(("example", "level"), CASES, ids=[f"{e['source'][:28]}-{level}" for e, level in CASES])
def test_krippendorff_alpha_published_example_equals_published_value(example, level):
    assert krippendorff_alpha(ratings_of(example), level).value == pytest.approx(example["expected"][level], abs=5e-5)


def test_krippendorff_alpha_complete_data_equals_fleiss_with_correction():
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    ratings = np.random.default_rng(3).integers(0, 4, size=(30, 3))
    kappa = fleiss_kappa(aggregate_raters(ratings)[0])
    assert krippendorff_alpha(ratings).value == pytest.approx(kappa + (1 - kappa) / ratings.size)


def test_krippendorff_alpha_one_value_only_is_undefined_with_reason():
    result = krippendorff_alpha([[0, 0], [0, 0]])
    assert math.isnan(result.value)
    assert result.reason == "only one value occurs: 0"


def test_krippendorff_alpha_no_pairs_is_undefined_with_reason():
    result = krippendorff_alpha([[1, None], [None, 2]])
    assert math.isnan(result.value)
    assert result.reason == "no unit was judged by two coders"


def test_krippendorff_alpha_value_only_in_unpaired_unit_counts_as_one_value():
    assert krippendorff_alpha([[1, 1], [1, 1], [2, None]]).reason == "only one value occurs: 1"


def test_krippendorff_alpha_full_agreement_is_one():
    assert krippendorff_alpha([[1, 1], [2, 2]], "ordinal").value == pytest.approx(1)


def test_krippendorff_alpha_unknown_level_offers_nearest_word():
    with pytest.raises(ParameterError, match="Did you mean 'ordinal'"):
        krippendorff_alpha([[1, 1]], "ordnal")


def test_krippendorff_alpha_words_at_interval_level_are_refused():
    with pytest.raises(ParameterError, match="level 'interval' needs numbers"):
        krippendorff_alpha([["a", "b"], ["a", "a"]], "interval")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=3, max_size=3), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_krippendorff_alpha_order_of_units_and_coders_does_not_matter(rows, random):
    shuffled = [random.sample(row, 3) for row in rows]
    random.shuffle(shuffled)
    first, second = krippendorff_alpha(rows), krippendorff_alpha(shuffled)
    assert (math.isnan(first.value) and math.isnan(second.value)) or first.value == pytest.approx(second.value)
    assert math.isnan(first.value) == bool(first.reason)
    assert not first.value > 1 + 1e-9
