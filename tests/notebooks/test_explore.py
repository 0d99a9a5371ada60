"""The analyst's bench without a browser: a lasso is a callback, and what it does can be called."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.figures.explore import explore_map

UNITS = [f"u{number}" for number in range(8)]
SEGMENTS = ["S1"] * 4 + ["S2"] * 3 + [pd.NA]


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    index = pd.Index(UNITS, name="company_id")
    return {
        "positions": pd.DataFrame({"x": range(8), "y": range(8)}, index=index, dtype=float),
        "features": pd.DataFrame({"days": [1.0, 1, 1, 1, 9, 9, 9, 5], "share": [0.5] * 8}, index=index),
        "membership": pd.DataFrame({"segment": pd.array(SEGMENTS, dtype="string")}, index=index),
    }


def lasso(box, *picked: tuple[int, int], selector: str = "lasso") -> None:
    """The message that the widget in the browser sends when somebody draws a loop round points: (trace, point) pairs."""
    corners = {"xs": [0, 9], "ys": [0, 9]} if selector == "lasso" else {"xrange": [0, 9], "yrange": [0, 9]}
    numbers = [trace for trace, _ in picked], [point for _, point in picked]
    box.children[0]._js2py_pointsCallback = {
        "event_type": "plotly_selected",
        "selector": {"type": selector, "selector_state": corners},
        "device_state": None,
        "points": {
            "xs": [0.0] * len(picked),
            "ys": [0.0] * len(picked),
            "trace_indexes": numbers[0],
            "point_indexes": numbers[1],
        },
    }


def test_explore_map_draws_each_segment_and_those_without(frames):
    box = explore_map(**frames)
    assert [trace.name for trace in box.children[0].data] == ["S1", "S2", "none"]
    assert [list(trace.customdata) for trace in box.children[0].data] == [UNITS[:4], UNITS[4:7], UNITS[7:]]
    assert list(box.selected) == [] and "Lasso points" in box.children[1].value
    assert box.children[0].layout.dragmode == "lasso"


def test_explore_map_lasso_profiles_the_selection(frames):
    box = explore_map(**frames, labels={"days": "days of use"})
    lasso(box, (1, 0), (1, 2))
    assert list(box.selected) == ["u4", "u6"]
    assert "<table>" in box.children[1].value and "days of use" in box.children[1].value


def test_explore_map_lasso_over_two_segments_joins_them(frames):
    box = explore_map(**frames)
    lasso(box, (0, 1), (1, 0), (2, 0), selector="box")
    assert sorted(box.selected) == ["u1", "u4", "u7"]


def test_explore_map_new_lasso_replaces_the_last(frames):
    box = explore_map(**frames)
    lasso(box, (0, 0), (0, 1), (1, 2))
    lasso(box, (0, 3))
    assert list(box.selected) == ["u3"]


def test_explore_map_without_units_says_what_to_run(frames):
    with pytest.raises(ParameterError, match="no unit is on the map: run 02_segments first"):
        explore_map(frames["positions"].iloc[:0], frames["features"], frames["membership"])


def test_explore_map_changes_no_input(frames):
    before = {name: frame.copy() for name, frame in frames.items()}
    box = explore_map(**frames)
    lasso(box, (0, 0))
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])
