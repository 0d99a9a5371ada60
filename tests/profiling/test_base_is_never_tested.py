"""Segments are made to differ in their base variables, so no entry point tests them or prints a p-value of them."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

from segmentation import profiling
from segmentation.errors import ParameterError
from segmentation.profiling import (
    describe_mixtures,
    describe_outcomes,
    fit_mixture,
    predict_outcome,
    profile_posterior,
    profile_segments,
    tabulate_mixtures,
    tabulate_profile,
)
from segmentation.profiling import test_descriptors as compare_descriptors

WORDS = {"p", "q", "p_value", "q_value", "significance", "stars"}


@pytest.fixture
def chances(market):
    return pd.get_dummies(market[1]["segment"]).astype(float)


@pytest.mark.parametrize("name", ["x", "y", "w"])
def test_entry_points_refuse_base_and_weight_variables(market, chances, make, name):
    values, membership, study = market
    variables = [{**v.model_dump(by_alias=True), "from": "a"} for v in study.variables]
    study = make([*variables, {"name": "w", "role": "weight"}], ["x", "y"]).model_copy(update={"weight": "w"})
    values = values.assign(w=1.0)
    message = "w is the weight of this study" if name == "w" else f"{name} formed the segments"
    for run in (
        lambda: compare_descriptors(values, membership, study, variables=["size", name]),
        lambda: profile_posterior(values, chances, study, variables=["size", name]),
        lambda: predict_outcome(values, membership, study, name),
        lambda: fit_mixture(values, study, name),
    ):
        with pytest.raises(ParameterError, match=message):
            run()


def test_results_that_speak_of_base_variables_have_no_p(market, chances):
    values, membership, study = market
    profile = profile_segments(values, membership, study)
    mixture = fit_mixture(values, study, "size", classes=1)
    outcome = predict_outcome(values, membership, study, "size", repeats=1)
    # outcome.importance has a q: it tests whether a variable tells the outcome, not whether segments differ in it
    tables = [
        profile, tabulate_profile(profile, study).frame, mixture.coefficients, mixture.comparison, outcome.scores,
        tabulate_mixtures([mixture], study).frame, profile_posterior(values, chances, study).table,
    ]  # fmt: skip
    for table in tables:
        assert not WORDS & {str(name).lower() for name in table.columns}
    said = f"{describe_mixtures([mixture], study)} {describe_outcomes([outcome], study)}"
    assert "significant" not in said and "p <" not in said and "p =" not in said


def test_base_variables_of_another_segmentation_may_be_tested(market):
    """They had no part in forming this one."""
    values, membership, study = market
    other = study.segmentation.model_copy(update={"base": ("size", "noise")})
    second = study.model_copy(update={"segmentations": {"two": other, "one": study.segmentation}})
    assert compare_descriptors(values, membership, second, variables=["x"])["p"].notna().all()
    assert compare_descriptors(values, membership, second.select("one"), variables=["size"])["p"].notna().all()


def test_no_function_of_the_room_offers_a_test_of_base_variables():
    """A function that takes a p-value's name would be a way round: none has one."""
    for name in profiling.__all__:
        item = getattr(profiling, name)
        if inspect.isfunction(item):
            assert not WORDS & set(inspect.signature(item).parameters), name


def test_values_are_not_changed(market, chances):
    values, membership, study = market
    before = values.copy(deep=True)
    profile_posterior(values, chances, study)
    predict_outcome(values, membership, study, "size", repeats=1)
    fit_mixture(values, study, "size", classes=1)
    pd.testing.assert_frame_equal(values, before)
    assert np.isfinite(before.select_dtypes("number")).all(axis=None)
