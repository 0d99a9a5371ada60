"""Pictures of the message matrix and of the journey."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping

import pandas as pd
import plotly.graph_objects as go

from ..display import Reading
from ..messaging import select_segments, tabulate_coverage, tabulate_journey, tabulate_told
from ..messaging.rates import order_segments, say_share
from ..words import source_words
from .exhibit import INK, NOTHING, Exhibit, draft_figure, segment_colours
from .segments import segment_symbols

__all__ = ["plot_coverage", "plot_journey", "plot_told"]


def plot_coverage(
    grid: pd.DataFrame | None, *, names: Mapping[str, str] | None = None, source: str = ""
) -> Exhibit | Reading:
    """Grid of persona by stage; each cell says how many messages it has.

    Parameters
    ----------
    grid : pandas.DataFrame or None
        As ``coverage_grid`` returns it.
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading when there is no message: the words say so.
    """
    if grid is None or not grid["messages"].sum():
        return NOTHING
    table = tabulate_coverage(grid, names=names, source=source)
    counts = table.frame.set_index("Persona")
    text = [[str(value) if value else "none" for value in row] for row in counts.to_numpy()]
    figure = draft_figure(height=110 + 44 * len(counts), x="stage of the journey")
    figure.add_trace(
        go.Heatmap(
            z=counts.to_numpy(), x=[_plain(c) for c in counts.columns], y=[_plain(p) for p in counts.index], text=text,
            texttemplate="%{text}", textfont={"color": INK, "size": 14}, showscale=False, xgap=2, ygap=2, zmin=0,
            colorscale=[[0, "#FFFFFF"], [0.001, "#E3EEF6"], [1, "#7FB2D6"]],
            hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    empty = int((counts == 0).to_numpy().sum())
    alt = (
        f"Grid of {len(counts)} personas by {counts.shape[1]} stages with {int(counts.to_numpy().sum())} messages; "
        f"{empty} of {counts.size} cells are empty. {_most(counts)}"
    )
    return Exhibit(figure, f"{table.caption} Darker cells have more messages.", alt, table)


def _most(counts: pd.DataFrame) -> str:
    totals = counts.sum(axis=1)
    return f"{totals.idxmax()} has most ({int(totals.max())}), {totals.idxmin()} fewest ({int(totals.min())})."


def plot_journey(journeys: pd.DataFrame, *, source: str = "") -> Exhibit | Reading:
    """Share of each segment that reached each stage, with intervals.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it; withheld rows are not drawn.
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading when there is nothing to draw: the words say so.
    """
    journeys = select_segments(journeys)
    shown = journeys[~journeys["withheld"].astype(bool)].dropna(subset=["share"]) if len(journeys) else journeys
    inner = shown[shown["segment"] != "all"] if len(shown) else shown
    if inner.empty:
        return NOTHING
    stages = inner.sort_values("position").drop_duplicates("stage")
    segments = order_segments(inner["segment"])
    colours, symbols = segment_colours(segments), segment_symbols(segments)
    figure = draft_figure(height=440, x="stage of the journey", y="share that reached it")
    for place, segment in enumerate(segments):
        rows = inner[inner["segment"] == segment].sort_values("position")
        offset = 0.09 * (place - (len(segments) - 1) / 2)
        figure.add_trace(
            go.Scatter(
                x=rows["position"].astype(float) + offset, y=rows["share"].astype(float), mode="markers+lines", name=_plain(segment),
                marker={"symbol": symbols[segment], "size": 9, "color": colours[segment]},
                line={"color": colours[segment], "width": 1, "dash": "dot"},
                error_y={"type": "data", "symmetric": False, "array": (rows["upper"] - rows["share"]).astype(float),
                         "arrayminus": (rows["share"] - rows["lower"]).astype(float), "thickness": 1.2, "width": 3},
                text=[say_share(r.reached, r.n) for r in rows.itertuples()],
                hovertemplate=f"{_plain(segment)}: %{{text}}<extra></extra>",
            )
        )  # fmt: skip
    words = [_plain(str(stage).replace("_", " ")) for stage in stages["stage"]]
    figure.update_xaxes(tickvals=stages["position"].astype(float).tolist(), ticktext=words, zeroline=False)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    sizes = inner.drop_duplicates("segment").set_index("segment")["n"]
    counts = ", ".join(f"{segment} {int(sizes[segment]):,d}" for segment in segments)
    tail = source_words(source)
    caption = (
        f"Share of each segment that reached each stage of the journey. Whiskers: 95 % intervals. n: {counts}. "
        f"Lines only guide the eye.{tail}"
    )
    return Exhibit(figure, caption, _alt_journey(inner), tabulate_journey(shown, source=source))


def _alt_journey(rows: pd.DataFrame) -> str:
    parts = []
    for _, stage in rows.groupby("position", sort=True):
        share = stage.set_index("segment")["share"].astype(float)
        word = str(stage["stage"].iloc[0]).replace("_", " ")
        spread = f"from {share.min():.0%} ({share.idxmin()}) to {share.max():.0%} ({share.idxmax()})"
        parts.append(f"{word} {spread}" if share.min() < share.max() else f"{word} {share.max():.0%} in all")
    return f"Share that reached each stage, lowest and highest segment: {'; '.join(parts)}."


def plot_told(
    told: pd.DataFrame, stages: Collection[str], *, names: Mapping[str, str] | None = None, source: str = ""
) -> Exhibit | Reading:
    """Emotion that people told by stage, for each persona; a stage nobody spoke of is left empty.

    Parameters
    ----------
    told : pandas.DataFrame
        As ``summarise_told`` returns it.
    stages : collection of str
        In order.
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading when nobody told anything: the words say so.
    """
    rows = told[told["persona_id"] != ""] if len(told) else told
    rows = rows if len(rows) else told[told["segment"] != "all"]
    judged = rows.dropna(subset=["emotion"])
    if judged.empty:
        return NOTHING
    who = [persona or segment for persona, segment in zip(judged["persona_id"], judged["segment"], strict=True)]
    grid = judged.assign(who=who).pivot(index="who", columns="stage", values="emotion").reindex(columns=list(stages))
    people = judged.assign(who=who).pivot(index="who", columns="stage", values="people").reindex(columns=list(stages))
    order = [key for key in (names or {}) if key in grid.index] + [
        key for key in grid.index if key not in (names or {})
    ]
    grid, people = grid.loc[order], people.loc[order]
    text = [
        [f"{value:+.1f} ({n:.0f})" if pd.notna(value) else "" for value, n in zip(*pair, strict=True)]
        for pair in zip(grid.to_numpy(), people.to_numpy(), strict=True)
    ]
    labels = [_plain((names or {}).get(key, key)) for key in order]
    figure = draft_figure(height=110 + 44 * len(grid), x="stage of the journey")
    figure.add_trace(
        go.Heatmap(
            z=grid.to_numpy(dtype=float), x=[_plain(str(stage).replace("_", " ").capitalize()) for stage in stages], y=labels,
            text=text, texttemplate="%{text}", textfont={"color": INK, "size": 14}, showscale=False, xgap=2, ygap=2, zmin=-2, zmax=2,
            colorscale=[[0, "#F2B48C"], [0.5, "#FFFFFF"], [1, "#8FC1E0"]], hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    low, high = judged.loc[judged["emotion"].idxmin()], judged.loc[judged["emotion"].idxmax()]
    alt = (
        f"Grid of {len(grid)} by {grid.shape[1]} stages; in {int(grid.isna().to_numpy().sum())} cells nobody told anything. Lowest is "
        f"{_cell_words(low, names)}, highest {_cell_words(high, names)}."
    )
    caption = (
        "Emotion that people told at each stage, from -2 (very bad, orange) to 2 (very good, blue), mean over people, their number in "
        f"brackets; an empty cell is a stage nobody of this persona spoke of.{source_words(source)}"
    )
    return Exhibit(figure, caption, alt, tabulate_told(rows, names=names, source=source))


def _cell_words(row: pd.Series, names: Mapping[str, str] | None) -> str:
    who = (names or {}).get(row["persona_id"], row["persona_id"]) or row["segment"]
    return f"{who} at {str(row['stage']).replace('_', ' ')} ({row['emotion']:+.1f})"


def _plain(text: object) -> str:
    """Text that plotly does not read as markup."""
    return html.escape(str(text), quote=False)
