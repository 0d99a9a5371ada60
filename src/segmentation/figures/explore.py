"""The analyst's bench: lasso points on the map and see, live, what the selection has in common."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from ..display import Table
from ..errors import ParameterError
from ..profiling.selection import compare_selection, tabulate_selection
from .exhibit import draft_figure, segment_colours

__all__ = ["explore_map"]


def explore_map(
    positions: pd.DataFrame, features: pd.DataFrame, membership: pd.DataFrame, labels: dict[str, str] | None = None
) -> Any:
    """A map whose lassoed points are profiled beside it.

    Parameters
    ----------
    positions : pandas.DataFrame
        Index unit; columns x, y.
    features : pandas.DataFrame
        Index unit; numeric columns are compared.
    membership : pandas.DataFrame
        Index unit; column segment.
    labels : dict of str to str, optional
        Variable to words.

    Returns
    -------
    ipywidgets.HBox
        Its first child is the map (one trace a segment), its second the profile of the selection; ``selected`` holds the unit
        ids of the last lasso, for the cells below.

    Raises
    ------
    ParameterError
        If the widgets are not installed (they come with the extra ``lab``), or no unit is on the map.
    """
    try:
        import ipywidgets as widgets

        figure = go.FigureWidget(_draw(positions, membership))
    except ImportError:
        raise ParameterError(
            "the live map needs ipywidgets and anywidget: install the extra `lab`, or use `make lab`"
        ) from None
    if positions.empty:
        raise ParameterError("no unit is on the map: run 02_segments first")
    profile = widgets.HTML(
        value="<p>Lasso points on the map (the loop in its toolbar): their profile appears here.</p>"
    )
    profile.layout.min_width = "28rem"
    box = widgets.HBox([figure, profile])
    box.selected = []
    picked: dict[int, list[str]] = {}

    def show(trace: Any, points: Any, selector: Any) -> None:
        picked[points.trace_index] = [str(trace.customdata[i]) for i in points.point_inds]
        box.selected = [unit for units in picked.values() for unit in units if unit in features.index]
        if box.selected:
            table: Table = tabulate_selection(compare_selection(features, box.selected), labels)
            profile.value = table._repr_mimebundle_()["text/html"]

    for trace in figure.data:
        trace.on_selection(show)
    return box


def _draw(positions: pd.DataFrame, membership: pd.DataFrame) -> go.Figure:
    segments = membership["segment"].reindex(positions.index).astype("object")
    segments = segments.where(segments.notna(), "none")
    colours = segment_colours([s for s in segments.unique() if s != "none"]) | {"none": "#7A7A7A"}
    symbols = ("circle", "square", "diamond", "cross", "triangle-up", "star", "hexagon", "x")
    figure = draft_figure(height=560)
    figure.update_layout(dragmode="lasso", width=720)
    for number, segment in enumerate(sorted(segments.unique())):
        units = positions.index[segments == segment]
        marker = {"color": colours[segment], "symbol": symbols[number % len(symbols)], "size": 7, "opacity": 0.75}
        figure.add_trace(
            go.Scatter(
                x=positions.loc[units, "x"],
                y=positions.loc[units, "y"],
                mode="markers",
                marker=marker,
                name=str(segment),
                customdata=list(units),
                hovertemplate=f"%{{customdata}}<extra>{segment}</extra>",
            )
        )
    figure.update_xaxes(showticklabels=False)
    figure.update_yaxes(showticklabels=False)
    return figure
