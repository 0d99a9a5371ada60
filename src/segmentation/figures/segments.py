"""Pictures of how many segments there are, whether they are real, how large they are and who moved."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from ..clustering.comparison import tabulate_comparison
from ..clustering.density import DensityView
from ..clustering.migration import tabulate_migration
from ..clustering.selection import PATTERN_JACCARD, STABLE_ARI, STABLE_JACCARD, Comparison
from ..clustering.solution import natural_order, tabulate_sizes
from ..clustering.structure import StructureTest, say_p
from ..display import Callout, Table
from ..words import count_words, source_words, span_words
from .exhibit import PALETTE, Exhibit, draft_figure, segment_colours

__all__ = [
    "plot_comparison",
    "plot_density",
    "plot_map",
    "plot_migration",
    "plot_sizes",
    "plot_structure",
    "segment_symbols",
]

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon", "triangle-down", "hourglass")
QUIET = PALETTE[-1]


def segment_symbols(segments: list[str]) -> dict[str, str]:
    """One marker symbol a segment id, the same in every figure, so that colour is never the only sign.

    Examples
    --------
    >>> segment_symbols(["S2", "S1"])
    {'S1': 'circle', 'S2': 'square'}
    """
    numbers = {name: int("".join(c for c in name if c.isdigit()) or 1) for name in natural_order(segments)}
    return {name: SYMBOLS[(number - 1) % len(SYMBOLS)] for name, number in numbers.items()}


def plot_comparison(comparison: Comparison, *, units: str = "units", source: str = "") -> Exhibit:
    """How well solutions with different numbers of segments come back when the study is repeated on resamples.

    Parameters
    ----------
    comparison : Comparison
    units, source : str
        What units are called; where the data come from (for the caption).

    Returns
    -------
    Exhibit
    """
    table, chosen = comparison.table, comparison.recommended
    figure = draft_figure(x="number of segments", y="stability (0 to 1)")
    whiskers = {"array": table["ari_upper"] - table["ari_mean"], "arrayminus": table["ari_mean"] - table["ari_lower"]}
    lines = (
        ("agreement of two repeats", table["ari_mean"], "circle", PALETTE[0], whiskers),
        ("overlap of the least stable segment", table["jaccard_min"], "diamond", PALETTE[1], None),
    )
    for name, values, symbol, colour, bars in lines:
        figure.add_scatter(
            x=table.index,
            y=values,
            name=name,
            mode="lines+markers",
            marker={"symbol": symbol, "size": 10, "color": colour},
            line={"color": colour, "dash": "solid" if bars else "dot"},
            error_y=None if bars is None else {"type": "data", "symmetric": False, **bars},
        )
    figure.add_vline(
        x=chosen, line={"dash": "dash", "color": QUIET}, annotation={"text": comparison.standing, "yanchor": "bottom"}
    )
    lowest = min(0.0, float(table["ari_lower"].min()))
    figure.update_layout(xaxis={"dtick": 1}, yaxis={"range": [lowest - 0.02, 1.05]})
    caption = (
        f"Stability of solutions with {span_words(table.index.min(), table.index.max(), 'segment')}. Circles: mean agreement "
        f"of two partitions from "
        "resampled data (adjusted Rand index; 1 full, 0 chance), whiskers: 95 % of the pairs. Diamonds: mean overlap (Jaccard) of the "
        f"segment that comes back least well. Stable means at least {STABLE_ARI:.2f} and {STABLE_JACCARD:.2f}; an overlap under "
        f"{PATTERN_JACCARD:.2f} is not to be trusted. n = {comparison.n:,} {units}, {comparison.pairs} pairs.{source_words(source)}"
    )
    row = table.loc[chosen]
    alt = (
        f"Line chart over the number of segments. At {count_words(chosen, 'segment')} ({comparison.standing}) repeats agree to "
        f"{row['ari_mean']:.2f} and the least stable segment overlaps to {row['jaccard_min']:.2f}; the highest agreement is "
        f"{table['ari_mean'].max():.2f} at {count_words(int(table['ari_mean'].idxmax()), 'segment')}, the lowest "
        f"{table['ari_mean'].min():.2f} at "
        f"{table['ari_mean'].idxmin()}."
    )
    return Exhibit(figure, caption, alt, tabulate_comparison(comparison, units=units, source=source))


def plot_structure(test: StructureTest, *, units: str = "units", source: str = "") -> Exhibit | Callout:
    """How much tighter the partitions of the data are than those of data without segments.

    Parameters
    ----------
    test : StructureTest
        ``comparison.structure`` or ``verdict.structure``.
    units, source : str

    Returns
    -------
    Exhibit or Callout
        A callout if there were not enough data to test.
    """
    if test.reason:
        return Callout(
            "absent", "There is no picture of the test for segments: nothing could be tested.", f"{test.reason}."
        )
    drops = test.drops
    figure = draft_figure(x="number of segments", y="tighter than data without segments (share)")
    figure.add_scatter(
        x=drops.index,
        y=[0.0] * len(drops),
        name="data without segments (95 %)",
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 12, "color": QUIET},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": drops["excess_upper"],
            "arrayminus": -drops["excess_lower"],
        },
    )
    figure.add_scatter(
        x=drops.index,
        y=drops["excess"],
        name="these data",
        mode="lines+markers",
        marker={"symbol": "circle", "size": 10, "color": PALETTE[0]},
    )
    figure.update_layout(xaxis={"dtick": 1}, yaxis={"tickformat": ".0%"})
    caption = (
        "By how much the spread within segments is smaller than in data with the same values and correlations but without segments. "
        f"Circles: these data. Whiskers: 95 % of {test.references} such reference data sets. "
        f"n = {test.n:,} {units}, {test.variables} variables. Over all numbers of segments together {say_p(test)}.{source_words(source)}"
    )
    top, above = drops["excess"].idxmax(), int((drops["excess"] > drops["excess_upper"]).sum())
    alt = (
        f"The data lie above the range of the references at {above} of {len(drops)} numbers of segments; the largest difference is "
        f"{drops['excess'].max():.1%} at {top} segments, where 95 % of the references lie between "
        f"{drops.loc[top, 'excess_lower']:.1%} and {drops.loc[top, 'excess_upper']:.1%}. Over all numbers together {say_p(test)}."
    )
    shown = drops[["excess", "excess_lower", "excess_upper", "z"]].reset_index()
    shown.columns = ["segments", "these data", "references from", "references to", "z"]
    formats = {"these data": ".1%", "references from": ".1%", "references to": ".1%", "z": ".1f"}
    return Exhibit(figure, caption, alt, Table(shown, caption, formats))


def plot_map(
    positions: pd.DataFrame,
    membership: pd.DataFrame,
    *,
    method: str = "umap",
    names: dict[str, str] | None = None,
    units: str = "units",
    source: str = "",
    min_cell: int = 10,
) -> Exhibit:
    """Units on a map, segments by colour and symbol.

    Parameters
    ----------
    positions : pandas.DataFrame
        Index unit; columns x, y (``start_map(...).result()``).
    membership : pandas.DataFrame
        Index unit; column segment.
    method : {"umap", "pca"}
        ``MapJob.method``.
    names : dict of str to str, optional
        Segment id to the name the team gave it.
    units, source : str
    min_cell : int
        Smaller counts are withheld from the words and the table.

    Returns
    -------
    Exhibit
    """
    segment = membership["segment"].reindex(positions.index)
    ids = natural_order(segment.dropna().unique())
    colours, symbols, names = segment_colours(ids), segment_symbols(ids), names or {}
    figure = draft_figure(height=520)
    for name in [*ids, None]:
        members = positions[segment.isna() if name is None else segment == name]
        if members.empty:
            continue
        colour, symbol = (QUIET, "circle-open") if name is None else (colours[name], symbols[name])
        words = "in no segment" if name is None else f"{name} {names.get(name, '')}".strip()
        marker = {"symbol": symbol, "size": 7, "color": colour, "opacity": 0.75}
        figure.add_scatter(x=members["x"], y=members["y"], mode="markers", name=words, marker=marker, hoverinfo="name")
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(xaxis=hidden, yaxis={**hidden, "scaleanchor": "x"})
    how = {"umap": "a UMAP map, which keeps near neighbours near", "pca": "the two main components of the variables"}[
        method
    ]
    caption = (
        f"Each mark is one of {len(positions):,} {units} with every base variable, by {how}; colour and symbol are the segment. "
        "A map is an illustration and no evidence: it shows islands even where there are none, "
        "and distances between islands and their sizes "
        f"mean nothing.{source_words(source)}"
    )
    counts = [
        *((f"{name} {names.get(name, '')}".strip(), int((segment == name).sum())) for name in ids),
        ("in no segment", int(segment.isna().sum())),
    ]
    shown = [(name, f"{count:,}" if not 0 < count < min_cell else f"fewer than {min_cell}") for name, count in counts]
    alt = (
        f"Scatter of {len(positions):,} {units} coloured by segment: {', '.join(f'{name} {count}' for name, count in shown)}. "
        "The map is no evidence for segments."
    )
    table = Table(pd.DataFrame(shown, columns=["segment", "on the map (n)"]), caption)
    return Exhibit(figure, caption, alt, table)


def plot_sizes(
    membership: pd.DataFrame,
    *,
    names: dict[str, str] | None = None,
    units: str = "units",
    source: str = "",
    min_cell: int = 10,
) -> Exhibit:
    """Bars of the segments' sizes; segments of fewer than ``min_cell`` units are not drawn.

    Parameters
    ----------
    membership : pandas.DataFrame
        Index unit; columns segment, margin, basis (``assign_segments``).
    names : dict of str to str, optional
        Segment id to the name the team gave it.
    units, source : str
    min_cell : int

    Returns
    -------
    Exhibit
    """
    sizes = membership["segment"].value_counts()
    ids = [name for name in natural_order(sizes.index) if sizes[name] >= min_cell]
    total, names, colours = int(sizes.sum()), names or {}, segment_colours(ids)
    table = tabulate_sizes(membership, units=units, source=source, min_cell=min_cell)
    figure = draft_figure(height=110 + 45 * max(len(ids), 1), x=units)
    words = [f"{name} {names.get(name, '')}".strip() for name in ids]
    if ids:
        figure.add_bar(
            y=words,
            x=[int(sizes[name]) for name in ids],
            orientation="h",
            text=[f"{sizes[name]:,} ({sizes[name] / total:.0%})" for name in ids],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [colours[name] for name in ids]},
            showlegend=False,
        )
    figure.update_layout(yaxis={"autorange": "reversed"})
    hidden = len(sizes) - len(ids)
    withheld = f" {hidden} with fewer than {min_cell} not shown." if hidden else ""
    listed = (
        ", ".join(f"{word} {sizes[name]:,}" for word, name in zip(words, ids, strict=True))
        or "none large enough to be shown"
    )
    alt = f"Bar chart of segment sizes, {total:,} {units} in all: {listed}.{withheld}"
    return Exhibit(figure, f"{table.caption}{withheld}", alt, table)


def plot_migration(migration: pd.DataFrame, *, units: str = "units", source: str = "", min_cell: int = 10) -> Exhibit:
    """Where the members of each segment are now: a row a segment before, its share in every segment now.

    Parameters
    ----------
    migration : pandas.DataFrame
        ``migration_table``.
    units, source : str
    min_cell : int
        Cells of fewer units are withheld.

    Returns
    -------
    Exhibit
    """
    both = migration[migration["kind"].isin(["stayed", "moved"])]
    table = tabulate_migration(migration, min_cell=min_cell, units=units, source=source)
    ids = natural_order({*both["from"], *both["to"]})
    shares = both.pivot(index="from", columns="to", values="share").reindex(index=ids, columns=ids)
    shown = table.frame.set_index("before").reindex(index=ids, columns=[f"now {name}" for name in ids])
    visible = shown.ne("–").to_numpy() & shares.notna().to_numpy()
    drawn = shares.where(visible)
    text = [
        [f"{shown.iat[i, j]} ({shares.iat[i, j]:.0%})" if visible[i, j] else "–" for j in range(len(ids))]
        for i in range(len(ids))
    ]
    figure = draft_figure(height=140 + 48 * max(len(ids), 1), x="segment now", y="segment before")
    if ids:
        figure.add_trace(_heat(drawn, text, [f"now {name}" for name in ids], [f"was {name}" for name in ids]))
    figure.update_layout(yaxis={"autorange": "reversed"})
    total, moved = int(both["n"].sum()), int(both.loc[both["kind"] == "moved", "n"].sum())
    caption = (
        f"{table.caption} Each cell: {units} and their share of the row. –: withheld (fewer than {min_cell}, or needed to protect such "
        "a cell) or nobody to count. Part of every flow off the diagonal is measurement noise."
    )
    alt = (
        f"Heat map of moves between {count_words(len(ids), 'segment')}: {total - moved:,} of {total:,} {units} stayed in "
        f"their segment, {moved:,} changed."
        if total
        else f"Empty heat map: no {units} are in a segment in both periods."
    )
    return Exhibit(figure, caption, alt, table)


def plot_density(view: DensityView, *, units: str = "units", source: str = "", min_cell: int = 10) -> Exhibit:
    """Crowds that density clustering sees, and how many units are in none.

    Parameters
    ----------
    view : DensityView
    units, source : str
    min_cell : int

    Returns
    -------
    Exhibit
    """
    rows = [
        *((f"crowd {name}", int(size)) for name, size in view.sizes.items()),
        ("in no crowd", int(view.labels.isna().sum())),
    ]
    rows = [(name, size) for name, size in rows if size >= min_cell]
    figure = draft_figure(height=110 + 45 * max(len(rows), 1), x=units)
    if rows:
        figure.add_bar(
            y=[name for name, _ in rows],
            x=[size for _, size in rows],
            orientation="h",
            text=[f"{size:,} ({size / view.n:.0%})" for _, size in rows],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [QUIET if name == "in no crowd" else PALETTE[0] for name, _ in rows]},
            showlegend=False,
        )
    figure.update_layout(yaxis={"autorange": "reversed"})
    caption = (
        f"Crowds of at least {view.smallest} {units} with emptier space around them (HDBSCAN on all base variables). "
        f"n = {view.n:,} {units} with every base variable.{source_words(source)}"
    )
    crowds = f"{view.crowds or 'no'} crowd{'' if view.crowds == 1 else 's'}"
    alt = f"Bar chart: {crowds}; {view.noise:.0%} of {view.n:,} {units} are in none."
    frame = pd.DataFrame(rows, columns=["crowd", "n"])
    return Exhibit(figure, caption, alt, Table(frame.assign(share=frame["n"] / view.n), caption, {"share": ".0%"}))


def _heat(shares: pd.DataFrame, text: list[list[str]], columns: list[str], rows: list[str]) -> Any:
    return go.Heatmap(
        z=shares.to_numpy(),
        x=columns,
        y=rows,
        text=text,
        texttemplate="%{text}",
        hoverinfo="skip",
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        colorscale=[[0, "#E8F1F8"], [1, PALETTE[0]]],
        colorbar={"title": {"text": "share of row"}, "tickformat": ".0%"},
    )
