from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.profiling import (
    describe_descriptors,
    describe_profile,
    describe_segments,
    name_segment,
    profile_segments,
    tabulate_descriptors,
    tabulate_profile,
)
from segmentation.profiling import test_descriptors as compare_descriptors


def test_name_segment_uses_the_markers(market):
    values, membership, study = market
    profile = profile_segments(values, membership, study)
    assert name_segment(profile, "S1", study) == "high x, low y"
    assert name_segment(profile, "S2", study) == "low x"


def test_name_segment_without_markers_says_average(market):
    values, _, study = market
    segment = pd.Series(["S1", "S2"] * 50, index=values.index)
    profile = profile_segments(values, segment, study)
    assert name_segment(profile, "S1", study) == "close to the average in every base variable"
    assert "no base variable marks it" in str(describe_profile(profile, "S1", study))


def test_describe_segments_has_n_interval_and_everybody(market):
    values, membership, study = market
    profile = profile_segments(values, membership, study)
    text = str(describe_segments(profile, membership, study))
    assert "S1 (40 of 100 people, 40%): high x, " in text
    assert "n = 40) against " in text
    assert "Beyond what formed it: high size, " in text
    assert "have no segment" not in text


def test_describe_segments_counts_who_has_none(market):
    values, membership, study = market
    some = membership.assign(segment=membership["segment"].where(np.arange(100) % 10 != 0))
    text = str(describe_segments(profile_segments(values, some, study), some, study))
    assert text.endswith("10 people have no segment and are not described here.")


def test_describe_profile_unknown_segment_says_so(market):
    values, membership, study = market
    assert str(describe_profile(profile_segments(values, membership, study), "S9", study)) == "There is no segment S9."


def test_describe_descriptors_found_not_found_and_unjudged(market):
    values, membership, study = market
    text = str(describe_descriptors(compare_descriptors(values.assign(noise=np.nan), membership, study), study))
    assert "3 descriptors that did not form the segments were tested." in text
    assert "1 of the 3 descriptors differs. Size (epsilon squared " in text
    assert "Not enough data for noise." in text
    only = compare_descriptors(values, membership, study, variables=["noise"])
    assert "None differs between segments by more than chance explains" in str(describe_descriptors(only, study))
    nothing = compare_descriptors(values, membership, study, variables=[])
    assert "The study has no descriptors" in str(describe_descriptors(nothing, study))


def test_tabulate_profile_shows_markers_and_sizes(market):
    values, membership, study = market
    table = tabulate_profile(profile_segments(values, membership, study), study)
    assert list(table.frame.columns) == ["variable", "everybody", "S1 (n = 40)", "S2 (n = 60)"]
    row = table.frame.set_index("variable").loc["x"]
    assert row["S1 (n = 40)"].endswith("▲")
    assert row["S2 (n = 60)"].endswith("▼") or "(" in row["S2 (n = 60)"]
    assert "n = 100 people" in table.caption
    assert table.note == ""


def test_tabulate_profile_withheld_cells_are_said_to_be(market):
    values, membership, study = market
    rare = values.assign(keen=(np.arange(100) < 5).astype(float))
    table = tabulate_profile(profile_segments(rare, membership, study), study, role="descriptor")
    assert table.frame.set_index("variable").loc["keen", "S1 (n = 40)"] == "withheld"
    assert "fewer than 10 people" in table.note


def test_tabulate_descriptors_strongest_first(market):
    values, membership, study = market
    table = tabulate_descriptors(compare_descriptors(values, membership, study), study)
    numbers = table.frame[table.frame["measure"] == "epsilon squared"]
    assert numbers["descriptor"].iloc[0] == "size"
    assert "over all 4 descriptors. n = 100 people" in table.caption
