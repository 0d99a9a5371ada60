"""Pictures of targets and positions: what is drawn is what the table says."""

from __future__ import annotations

import pytest

from segmentation.figures.exhibit import NOTHING
from segmentation.figures.targets import plot_positions, plot_regions, plot_targets
from segmentation.profiling.positioning import map_positions
from segmentation.profiling.regions import compare_regions
from segmentation.profiling.targeting import map_targets

from .test_targeting import TARGETING, failing
from .useful import make_useful


def test_plot_targets_draws_a_bubble_a_segment_with_words_and_whiskers():
    values, membership, study = make_useful(targeting=TARGETING)
    targets = map_targets(values, membership, study, scorecard=failing("S3"))
    shown = plot_targets(targets, study, source="a.csv")
    traces = {trace.text[0][:2]: trace for trace in shown.figure.data}
    assert set(traces) == {"S1", "S2", "S3"}
    for name, trace in traces.items():
        assert (trace.x[0], trace.y[0]) == pytest.approx(tuple(targets.table.loc[name, ["attractiveness", "fit"]]))
        assert trace.x[0] + trace.error_x.array[0] == pytest.approx(targets.table.loc[name, "attractiveness_upper"])
    assert traces["S3"].marker.symbol == "circle-open" and traces["S1"].marker.symbol == "circle"
    area = {name: trace.marker.size**2 for name, trace in traces.items()}
    assert area["S2"] / area["S1"] == pytest.approx(0.6)  # 3 in 10 against half
    assert "n = 600 people" in shown.caption and "Source: a.csv" in shown.caption
    assert "S2 comes first" in shown.alt and "S3 (knocked out)" in shown.alt


def test_plot_positions_draws_segments_outlines_and_arrows():
    values, membership, study = make_useful(positioning=["sat_a", "sat_b", "sat_c"])
    positions = map_positions(values, membership, study)
    shown = plot_positions(positions, study)
    named = {trace.name: trace for trace in shown.figure.data if trace.mode == "markers+text"}
    assert {name: (t.x[0], t.y[0]) for name, t in named.items()} == {
        name: (row["x"], row["y"]) for name, row in positions.segments.iterrows()
    }
    assert len({trace.marker.symbol for trace in named.values()}) == 3
    assert len(shown.figure.layout.annotations) == 3
    assert "the distance between a segment and an arrow's tip means nothing" in shown.caption
    assert "standard deviations" in shown.alt


def test_plots_of_nothing_show_nothing():
    values, membership, study = make_useful()
    targets, positions = map_targets(values, membership, study), map_positions(values, membership, study)
    assert plot_targets(targets, study) is NOTHING and plot_positions(positions, study) is NOTHING


def test_plot_regions_draws_every_share_that_may_be_published():
    values, membership, study = make_useful(regions="land")
    moved = (membership["segment"] == "S2") & (values["land"] == "west")
    values = values.assign(land=values["land"].mask(moved, "north"))
    regions = compare_regions(values, values[["x", "y"]], membership, study, shuffles=19)
    shown = plot_regions(regions, study)
    assert [trace.name for trace in shown.figure.data] == ["S1", "S2", "S3"]
    drawn = sum(len(trace.x) for trace in shown.figure.data)
    assert drawn == int((~regions.prevalence["withheld"]).sum()) < 9
    assert "diamond" in shown.figure.data[1].marker.symbol
    assert "S2 in north" in shown.alt and "too small to publish" in shown.caption


def test_plot_regions_nothing_apart_says_so():
    values, membership, study = make_useful(regions="land")
    shown = plot_regions(compare_regions(values, values[["x", "y"]], membership, study, shuffles=19), study)
    assert "None differs between regions beyond chance. The widest spread is" in shown.alt
    nothing = compare_regions(values, values[["x", "y"]], membership, make_useful()[2])
    assert plot_regions(nothing, study) is NOTHING
