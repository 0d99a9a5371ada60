"""The map of the bench: one mark a unit, a lasso round some of them."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from ...clustering.solution import natural_order
from ...display import Reading
from ..exhibit import draft_figure, segment_colours
from ..segments import segment_symbols
from .parts import Given, load_widgets, show

__all__ = ["MapPanel", "draw_map"]

WIDTH = 450  # pixels, so that the panel stands beside it also in a window of 1280
MOST = 5_000  # marks; more are slow to lasso in a browser
NONE = "in no segment"
QUIET: Mapping[str, Any] = MappingProxyType(  # plotly.js would offer to send the chart to its makers' server
    {"displaylogo": False, "showSendToCloud": False, "plotlyServerURL": "", "modeBarButtonsToRemove": ["toImage"]}
)


class MapPanel:
    """A live map; ``on_select`` receives the ids of the units inside the last lasso.

    Parameters
    ----------
    given : Given
    names : Mapping of str to str
        Segment id to the team's name.
    on_select : callable
        Takes a list of unit ids, empty when the lasso is taken away.
    """

    def __init__(self, given: Given, names: Mapping[str, str], on_select: Callable[[list[str]], None]) -> None:
        self.given, self.names, self.on_select = given, names, on_select
        state = given.study.choices.random_state
        known = given.positions
        self.positions = known if len(known) <= MOST else known.sample(MOST, random_state=state)
        self.caption = load_widgets().HTML().add_class("segmentation-bench")
        self.widget = load_widgets().VBox(layout={"width": f"{WIDTH}px", "flex": "0 0 auto"})
        self.colour(given.membership)

    def colour(self, membership: pd.DataFrame) -> None:
        """Draw the map anew with the segments of another membership; the lasso is gone then."""
        self.picked: dict[int, list[str]] = {}
        self.figure = go.FigureWidget(draw_map(self.positions, membership, self.names))
        self.figure._config = dict(QUIET)
        for trace in self.figure.data:
            trace.on_selection(self._pick)
            trace.on_deselect(self._drop)
        show(self.caption, self._describe())
        self.widget.children = (self.figure, self.caption)

    def rename(self, names: Mapping[str, str]) -> None:
        """Show other names in the legend; the lasso stays."""
        self.names = names
        for trace in self.figure.data:
            if trace.legendgroup:
                trace.name = _label(trace.legendgroup, names)

    def _pick(self, trace: Any, points: Any, selector: Any) -> None:
        """One call a trace, in their order; the last tells the rest of the bench."""
        self.picked[points.trace_index] = [str(trace.customdata[i]) for i in points.point_inds]
        if points.trace_index == len(self.figure.data) - 1:
            self.on_select([unit for number in sorted(self.picked) for unit in self.picked[number]])

    def _drop(self, trace: Any, points: Any) -> None:
        self.picked = {}
        if points.trace_index == len(self.figure.data) - 1:
            self.on_select([])

    def _describe(self) -> Reading:
        total, shown, units = len(self.given.positions), len(self.positions), self.given.study.units
        away = len(self.given.features) - total
        part = f"a random {shown:,d} of {total:,d}" if shown < total else f"{shown:,d}"
        left = f"; {away:,d} others lack some and are not on the map" if away > 0 else ""
        return Reading(
            [
                f"Each mark is one of {part} {units} with every base variable{left}. Distances between islands mean nothing."
            ]
        )


def draw_map(positions: pd.DataFrame, membership: pd.DataFrame, names: Mapping[str, str]) -> go.Figure:
    """One trace a segment, told apart by colour and symbol, with the ids of its units.

    Parameters
    ----------
    positions : pandas.DataFrame
        Index unit; columns x, y.
    membership : pandas.DataFrame
        Index unit; column segment.
    names : Mapping of str to str
        Segment id to the team's name.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    segment = membership["segment"].reindex(positions.index)
    ids = natural_order(segment.dropna().unique())
    colours, symbols = segment_colours(ids), segment_symbols(ids)
    figure = draft_figure(height=480)
    figure.update_layout(dragmode="lasso", width=WIDTH, paper_bgcolor="white", plot_bgcolor="white")
    # No hover: its messages share one field with the lasso's, and one sent while the kernel works takes the lasso's place.
    figure.update_layout(margin={"l": 10, "r": 10, "t": 30, "b": 10}, hovermode=False)
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": -0.01, "yanchor": "top"})
    for name in [*ids, None]:
        units = positions.index[(segment.isna() if name is None else segment == name).to_numpy(bool)]
        if not len(units):
            continue
        look = ("#7A7A7A", "circle-open") if name is None else (colours[name], symbols[name])
        figure.add_scatter(
            x=positions.loc[units, "x"],
            y=positions.loc[units, "y"],
            mode="markers",
            marker={"color": look[0], "symbol": look[1], "size": 7, "opacity": 0.75},
            name=NONE if name is None else _label(name, names),
            legendgroup=name,
            customdata=list(units),
        )
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(xaxis=hidden, yaxis=hidden)
    return figure


def _label(segment: str, names: Mapping[str, str]) -> str:
    """Id and name; plotly would take markup in it, so it is escaped."""
    return html.escape(f"{segment} {names.get(segment, '')}".strip(), quote=False)
