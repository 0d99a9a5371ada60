from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.figures.profiles import plot_index, plot_profile
from segmentation.profiling import profile_segments


@pytest.fixture
def profile(market):
    values, membership, study = market
    return profile_segments(values, membership, study)


def traces(exhibit, name):
    return [trace for trace in exhibit.figure.data if trace.name == name]


def test_plot_profile_draws_the_numbers_of_the_profile(profile, market):
    exhibit = plot_profile(profile, market[2], source="a.csv")
    rows = profile[(profile["role"] == "base") & (profile["segment"] == "S1") & profile["marker"]]
    marked = traces(exhibit, "stands out")[0]
    assert list(marked.x) == pytest.approx(rows["z"].tolist())
    assert list(marked.y) == rows["variable"].tolist()
    assert list(marked.error_x.array) == pytest.approx((rows["z_upper"] - rows["z"]).tolist())
    assert marked.marker.symbol == "diamond"
    assert traces(exhibit, "segment")[0].marker.symbol == "circle-open"
    drawn = sum(len(trace.x) for trace in exhibit.figure.data if trace.name in ("stands out", "segment"))
    assert drawn == (profile["role"] == "base").sum()
    assert list(traces(exhibit, "everybody")[0].x) == [0.0, 0.0]


def test_plot_profile_panel_names_segment_and_n(profile, market):
    exhibit = plot_profile(profile, market[2])
    assert [note.text for note in exhibit.figure.layout.annotations] == ["S1 (n = 40)", "S2 (n = 60)"]
    assert "n = 100 people" in exhibit.caption
    assert "1 is one standard deviation: a typical distance from the average" in exhibit.caption
    assert "S1: 2 stand out, most " in exhibit.alt


def test_plot_profile_caption_names_source_and_made_up_data(profile, market):
    study = market[2].model_copy(update={"synthetic": True})
    assert plot_profile(profile, study, source="a.csv").caption.endswith("Source: a.csv. Synthetic data.")


def test_plot_profile_nothing_stands_out_is_said(market):
    values, _, study = market
    profile = profile_segments(values, pd.Series(["S1", "S2"] * 50, index=values.index), study)
    assert "S1: nothing stands out; S2: nothing stands out" in plot_profile(profile, study).alt


def test_plot_index_draws_index_and_interval(profile, market):
    exhibit = plot_index(profile, market[2])
    row = profile[(profile["variable"] == "size") & (profile["segment"] == "S1")].iloc[0]
    marked = traces(exhibit, "stands out")[0]
    assert list(marked.x) == pytest.approx([row["index"]])
    assert list(marked.error_x.arrayminus) == pytest.approx([row["index"] - row["index_lower"]])
    assert exhibit.figure.layout.xaxis.type == "log"
    assert f"Highest: size in S1, index {row['index']:.0f}" in exhibit.alt


def test_plot_index_shows_the_strongest_and_counts_the_rest(profile, market):
    exhibit = plot_index(profile, market[2], shown=1)
    assert set(exhibit.table.frame["descriptor"]) == {"size"}
    assert "4 further rows are in the tables only." in exhibit.caption


def test_plot_index_without_descriptors_is_empty_but_said(profile, market):
    exhibit = plot_index(profile.assign(index=np.nan), market[2])
    assert "no descriptor stands out" in exhibit.alt


def test_plots_leave_their_input(profile, market):
    before = profile.copy(deep=True)
    plot_profile(profile, market[2])
    plot_index(profile, market[2])
    pd.testing.assert_frame_equal(profile, before)


def test_plot_profile_hover_has_everybody_index_and_n(profile, market):
    row = profile.query("variable == 'x' and segment == 'S1'").iloc[0]
    told = [text for trace in traces(plot_profile(profile, market[2]), "stands out") for text in trace.customdata]
    assert f"{row['estimate']:.2f}, everybody {row['total']:.2f}, n = 40" in told


def test_plot_index_of_base_variables_speaks_of_no_test(market):
    values, membership, study = market
    profile = profile_segments(values.assign(x=values["x"].abs()), membership, study)
    exhibit = plot_index(profile, study, base=True)
    assert set(exhibit.table.frame["base variable"]) == {"x"}
    assert "there is no test of them" in exhibit.caption
    assert "false discovery" not in exhibit.caption
    told = [text for trace in traces(plot_profile(profile, study), "stands out") for text in trace.customdata]
    assert any("everybody" in text and ", index " in text for text in told)
