"""Pictures for choosing whom to serve and where: targets, how segments see the offer, how common they are by region."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..display import Callout, Reading
from ..profiling.positioning import PositionMap, tabulate_positions
from ..profiling.regions import RegionComparison
from ..profiling.regions_words import tabulate_regions
from ..profiling.targeting import TargetMap, often_words, tabulate_targets
from ..study import Study
from ..words import join_words, percent_words
from .data import closing
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure, segment_colours
from .segments import segment_symbols

__all__ = ["plot_positions", "plot_regions", "plot_targets"]

QUIET = PALETTE[-1]
LARGEST = 60  # pixels across the largest bubble
ROOM = 0.6
COLUMNS = 3


def plot_targets(targets: TargetMap | Callout, study: Study, *, source: str = "") -> Exhibit | Reading:
    """Which segment to serve first: attractiveness by fit, a bubble a segment.

    Parameters
    ----------
    targets : TargetMap or Callout
        From ``map_targets``.
    study : Study
    source : str
        Where the data come from, for the caption.

    Returns
    -------
    Exhibit or Reading
        Nothing if there is no map: the words say what is absent.
    """
    if isinstance(targets, Callout):
        return NOTHING
    table, ids = targets.table, list(targets.table.index)
    colours = segment_colours(ids)
    figure = draft_figure(height=520, x="attractiveness (0 to 10)", y="fit (0 to 10)")
    for name, row in table.iterrows():
        figure.add_scatter(
            x=[row["attractiveness"]],
            y=[row["fit"]],
            error_x=_whisker(row, "attractiveness", colours[name]),
            error_y=_whisker(row, "fit", colours[name]),
            mode="markers+text",
            text=[f"{name} ({percent_words(row['share'])})"],
            textposition=f"top {_free_side(table, str(name))}",
            marker={
                "symbol": "circle-open" if row["knocked_out"] else "circle",
                "size": max(10.0, LARGEST * float(np.sqrt(row["share"] / table["share"].max()))),
                "color": colours[name],
                "opacity": 0.75,
                "line": {"width": 2, "color": colours[name]},
            },
            name=f"{name}, knocked out" if row["knocked_out"] else str(name),
            hovertemplate=f"{name}: attractiveness %{{x:.1f}}, fit %{{y:.1f}}<extra></extra>",
            showlegend=False,
        )
    for add in (figure.add_vline, figure.add_hline):
        add(**{"x" if add == figure.add_vline else "y": 5}, line={"dash": "dot", "color": QUIET})
    figure.update_layout(
        xaxis={"range": _range(table, "attractiveness")}, yaxis={"range": _range(table, "fit")}, margin={"t": 40}
    )
    out = " Open circles are knocked out by the scorecard." if table["knocked_out"].any() else ""
    caption = (
        f"Targeting map: further right is more attractive, further up is a better fit, by the study's criteria and weights; the "
        f"dotted lines are everybody (5). Bubbles: share of the market. Whiskers: 95 % of {targets.draws:,} resamples.{out} "
        f"n = {targets.n:,} {study.units}.{closing(study, source)}"
    )
    return Exhibit(figure, caption, _targets_alt(targets), tabulate_targets(targets, study, source=source))


def plot_positions(positions: PositionMap | Callout, study: Study, *, source: str = "") -> Exhibit | Reading:
    """How segments see the offer: segments as points with their uncertainty, perceptions as arrows.

    Parameters
    ----------
    positions : PositionMap or Callout
        From ``map_positions``.
    study : Study
    source : str

    Returns
    -------
    Exhibit or Reading
    """
    if isinstance(positions, Callout):
        return NOTHING
    ids = list(positions.segments.index)
    colours, symbols = segment_colours(ids), segment_symbols(ids)
    shares = [percent_words(share) for share in positions.shares]
    figure = draft_figure(height=560, x=f"first axis ({shares[0]} of the differences)", y=f"second axis ({shares[1]})")
    for name, arrow in positions.attributes.iterrows():
        words = study.variable(str(name)).words
        figure.add_annotation(
            x=arrow["x"], y=arrow["y"], ax=0, ay=0, xref="x", yref="y", axref="x", ayref="y", showarrow=True, arrowhead=2,
            arrowwidth=1.5, arrowcolor=QUIET, text="",
        )  # fmt: skip
        figure.add_scatter(
            x=[arrow["x"]], y=[arrow["y"]], mode="text", text=[words], textfont={"size": 11}, hoverinfo="skip", showlegend=False,
            textposition=f"{'top' if arrow['y'] >= 0 else 'bottom'} center",
        )  # fmt: skip
    for name, place in positions.segments.iterrows():
        outline = positions.ellipses[positions.ellipses["segment"] == name]
        figure.add_scatter(
            x=outline["x"], y=outline["y"], mode="lines", line={"color": colours[name], "width": 1, "dash": "dot"}, hoverinfo="skip",
            showlegend=False,
        )  # fmt: skip
        figure.add_scatter(
            x=[place["x"]], y=[place["y"]], mode="markers+text", text=[str(name)], textposition="middle right", showlegend=False,
            marker={"symbol": symbols[name], "size": 12, "color": colours[name]}, hoverinfo="text", name=str(name),
        )  # fmt: skip
    figure.update_layout(yaxis={"scaleanchor": "x"}, margin={"t": 40})
    trust = (
        ""
        if positions.steady
        else " The axes are unstable in resamples, so only single perceptions should be read, from the table."
    )
    caption = (
        f"Positioning map: {percent_words(sum(positions.shares))} of the differences between segments in {len(positions.attributes)} "
        "perceptions. Symbols: segments; dotted outlines: 95 % of their places in resamples; arrows: the direction in which a perception "
        "gets better marks; the middle is everybody. Read directions only: the distance between a segment and an arrow's tip means nothing."
        f"{trust} n = {positions.n:,} {study.units} with an answer.{closing(study, source)}"
    )
    table = tabulate_positions(positions, study, source=source)
    return Exhibit(figure, caption, _positions_alt(positions, study), table)


def plot_regions(regions: RegionComparison | Callout, study: Study, *, source: str = "") -> Exhibit | Reading:
    """How common each segment is in each region: a panel a segment, a row a region.

    Parameters
    ----------
    regions : RegionComparison or Callout
        From ``compare_regions``.
    study : Study
    source : str

    Returns
    -------
    Exhibit or Reading
    """
    if isinstance(regions, Callout):
        return NOTHING
    cells = regions.prevalence
    ids, places = list(dict.fromkeys(cells["segment"])), list(dict.fromkeys(cells["region"]))
    columns = min(COLUMNS, len(ids))
    lines = -(-len(ids) // columns)
    height = 90 + lines * (70 + 26 * max(len(places), 3))
    figure = draft_figure(height=height)
    figure.set_subplots(
        rows=lines, cols=columns, shared_xaxes="all", shared_yaxes="all", subplot_titles=ids, horizontal_spacing=0.04,
        vertical_spacing=min(0.2, 70 / height),
    )  # fmt: skip
    colours = segment_colours(ids)
    for position, segment in enumerate(ids):
        where = {"row": position // columns + 1, "col": position % columns + 1}
        own = cells[(cells["segment"] == segment) & ~cells["withheld"]]
        apart = (own["q"] <= study.choices.alpha).to_numpy()
        figure.add_scatter(
            x=own["share"], y=own["region"], mode="markers", showlegend=False, name=segment,
            error_x={"type": "data", "symmetric": False, "array": own["upper"] - own["share"], "arrayminus": own["share"] - own["lower"],
                     "color": colours[segment], "thickness": 1.5},
            marker={"symbol": ["diamond" if far else "circle-open" for far in apart], "size": 10, "color": colours[segment]},
            hovertemplate="%{y}: %{x:.0%}<extra></extra>", **where,
        )  # fmt: skip
        if position + columns >= len(ids):  # lowest panel of its column
            figure.update_xaxes(showticklabels=True, **where)
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", gridcolor="rgba(127,127,127,0.25)")
    figure.update_yaxes(categoryorder="array", categoryarray=places[::-1], automargin=True)
    figure.update_layout(margin={"t": 60})
    hidden = " Cells too small to publish are left out." if cells["withheld"].any() else ""
    caption = (
        f"Share of each segment by {study.variable(regions.variable).words}. Whiskers: 95 % interval (Wilson). Filled diamonds differ "
        f"from all other regions after control of false discoveries, open circles do not.{hidden} n = {regions.n:,} {study.units}."
        f"{closing(study, source)}"
    )
    return Exhibit(figure, caption, _regions_alt(regions, study), tabulate_regions(regions, study, source=source))


def _regions_alt(regions: RegionComparison, study: Study) -> str:
    cells = regions.prevalence
    lead = f"A panel for each of {cells['segment'].nunique()} segments with its share in {cells['region'].nunique()} regions."
    apart = cells[cells["q"] <= study.choices.alpha]
    if apart.empty:
        shown = cells[~cells["withheld"]]
        gap = shown.groupby("segment")["share"].agg(lambda part: part.max() - part.min())
        widest = f" The widest spread is {gap.max() * 100:.0f} points, in {gap.idxmax()}." if len(gap) else ""
        return f"{lead} None differs between regions beyond chance.{widest}"
    said = [
        f"{r.segment} in {r.region}: {percent_words(r.share)} against {percent_words(r.rest)} elsewhere"
        for r in apart.itertuples()
    ]
    return f"{lead} Beyond chance: {'; '.join(said)}."


def _whisker(row: pd.Series, axis: str, colour: str) -> dict[str, Any]:
    array, minus = row[f"{axis}_upper"] - row[axis], row[axis] - row[f"{axis}_lower"]
    return {
        "type": "data",
        "symmetric": False,
        "array": [array],
        "arrayminus": [minus],
        "color": colour,
        "thickness": 1.5,
    }


def _free_side(table: pd.DataFrame, name: str) -> str:
    """The side of a bubble on which its nearest neighbour is not, for its words."""
    off = table[["attractiveness", "fit"]] - table.loc[name, ["attractiveness", "fit"]].astype(float)
    away = (off**2).sum(axis=1).drop(name)
    return "left" if len(away) and off.at[away.idxmin(), "attractiveness"] > 0 else "right"


def _range(table: pd.DataFrame, axis: str) -> list[float]:
    """Limits that hold every whisker and the middle, no wider than the scale."""
    low, high = min(table[f"{axis}_lower"].min(), 5.0), max(table[f"{axis}_upper"].max(), 5.0)
    return [max(low - ROOM, -ROOM), min(high + ROOM, 10 + ROOM)]


def _targets_alt(targets: TargetMap) -> str:
    said = [
        f"{name}{' (knocked out)' if row['knocked_out'] else ''} at attractiveness {row['attractiveness']:.1f} and fit {row['fit']:.1f}"
        for name, row in targets.table.iterrows()
    ]
    if targets.first is None:
        return f"Bubble chart of segments; all are knocked out. {'; '.join(said)}."
    first = targets.table.loc[targets.first]
    return (
        f"Bubble chart of segments by attractiveness and fit, 5 is everybody. {targets.first} comes first, under "
        f"{often_words(first['first_weights'])} of the other weightings and in {often_words(first['first_resamples'])} of the resamples. "
        f"{'; '.join(said)}."
    )


def _positions_alt(positions: PositionMap, study: Study) -> str:
    said = []
    for segment, row in positions.deviations.iterrows():
        name = str(row.abs().idxmax())
        said.append(f"{segment} {row[name]:+.2f} in {study.variable(name).words}")
    apart = positions.segments.index[positions.segments["apart"]]
    where = (
        f"{join_words(apart)} {'lies' if len(apart) == 1 else 'lie'} clearly away from the middle"
        if len(apart)
        else ("no segment lies clearly away from the middle")
    )
    return (
        f"Map of {len(positions.segments)} segments and {len(positions.attributes)} perceptions; {where}. Largest difference of each from "
        f"everybody, in standard deviations: {'; '.join(said)}."
    )
