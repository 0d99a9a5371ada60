"""Micro-segments: offered where planted, and not where a segment is one crowd."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.profiling.micro import describe_micro_segments, find_micro_segments, tabulate_micro_segments
from segmentation.study import Choices

QUICK = Choices(references=99, pairs=20, starts=10)


@pytest.fixture(scope="module")
def nested():
    """S1 is one crowd of 400; S2 is two crowds of 200, five standard deviations apart in b; 60 people of S3."""
    rng = np.random.default_rng(3)
    centre = np.repeat([[6.0, 0, 0], [-6, 0, 0], [-6, 5, 0], [0, -9, 0]], [400, 200, 200, 60], axis=0)
    values = centre + rng.normal(size=centre.shape)
    index = [f"u{i:03d}" for i in range(len(values))]
    encoded = pd.DataFrame((values - values.mean(0)) / values.std(0), columns=["a", "b", "c"], index=index)
    membership = pd.DataFrame({"segment": np.repeat(["S1", "S2", "S3"], [400, 400, 60])}, index=index)
    return encoded, membership


def test_find_micro_segments_planted_parts_are_found_and_nothing_else(nested):
    encoded, membership = nested
    found = find_micro_segments(encoded, membership, QUICK)
    assert found.table["result"].to_dict() == {"S1": "no structure", "S2": "stable parts", "S3": "too small"}
    assert found.membership.value_counts().to_dict().keys() == {"S1", "S2.a", "S2.b", "S3"}
    planted = np.repeat(["x", "y"], 200)
    agree = pd.crosstab(found.membership.iloc[400:800], planted).max(axis=1).sum() / 400
    assert agree > 0.97
    assert found.means["b"].abs().min() > 0.5 and found.means["n"].sum() == 400


def test_describe_micro_segments_names_parts_and_says_no_stable_parts(nested):
    found = find_micro_segments(*nested, QUICK)
    text = str(describe_micro_segments(found, units="people", labels={"b": "breadth"}))
    assert "S2 holds 2 stable parts: S2.a (" in text and "breadth" in text
    assert "No stable parts within S1." in text
    assert "Too few people with every base variable to look into S3 (fewer than 100)." in text
    shown = tabulate_micro_segments(found).frame
    assert shown["reading"].iloc[0].startswith("no stable parts within S1")


def test_find_micro_segments_everybody_without_a_segment_stays_without(nested):
    encoded, membership = nested
    some = membership.assign(segment=membership["segment"].mask(np.arange(860) < 10))
    assert find_micro_segments(encoded, some, QUICK).membership.iloc[:10].isna().all()


def test_find_micro_segments_variable_constant_inside_a_segment_is_left_out(nested):
    encoded, membership = nested
    flat = encoded.assign(a=np.where(membership["segment"] == "S2", 0.0, encoded["a"]))
    assert find_micro_segments(flat, membership, QUICK).table.loc["S2", "result"] == "stable parts"


def test_find_micro_segments_names_are_left_out(nested):
    encoded, membership = nested
    found = find_micro_segments(encoded.assign(trade=np.arange(860) % 3), membership, QUICK, names=["trade"])
    assert "trade" not in found.means.columns
    with pytest.raises(ParameterError, match="no base variable is a number"):
        find_micro_segments(encoded[["a"]], membership, QUICK, names=["a"])


def test_find_micro_segments_nobody_is_refused(nested):
    encoded, membership = nested
    with pytest.raises(ParameterError, match="nobody has a segment"):
        find_micro_segments(encoded, membership.assign(segment=None), QUICK)
