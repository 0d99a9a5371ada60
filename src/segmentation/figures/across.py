"""Pictures across numbers of segments: the same people from one partition to the next, and why repeats disagree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..clustering.across import align_segments, measure_across
from ..clustering.selection import Comparison
from ..clustering.shortfall import tabulate_shortfall
from ..clustering.stability import Stability
from ..display import Callout, Table
from ..words import source_words
from .exhibit import PALETTE, Exhibit, draft_figure

__all__ = ["plot_across", "plot_shortfall"]

QUIET = PALETTE[-1]
BAND = 0.01  # share of all units below which a band is not drawn (as flexclust's slsaplot)
HALF = 0.06  # half the width of a block, in segments
PURITY = (
    ("nearly all from one segment to the left", 0.9, 1.5, PALETTE[0], "●"),
    ("mostly from one", 0.6, 0.9, PALETTE[4], "◐"),
    ("put together from several", -1.0, 0.6, PALETTE[1], "○"),
    ("smallest number compared", 1.5, 3.0, QUIET, ""),
)


def plot_across(comparison: Comparison, *, units: str = "units", source: str = "") -> Exhibit | Callout:
    """Who stays with whom when one more segment is asked for: a column a number of segments, bands of the same people between them.

    Parameters
    ----------
    comparison : Comparison
        Of at least two numbers of segments.
    units, source : str

    Returns
    -------
    Exhibit or Callout
        A callout if only one number of segments was compared.
    """
    counts = sorted(comparison.searches)
    if len(counts) < 2:
        return Callout("absent", "There is no picture of neighbouring numbers of segments: only one was considered.")
    across = measure_across(comparison.labels)
    blocks = _blocks(comparison, counts)
    figure = draft_figure(height=520, x="number of segments")
    _draw_bands(figure, across, blocks, comparison.n)
    purity = across.drop_duplicates(["fine", "child"]).set_index(["fine", "child"])["entropy"]
    for name, low, high, colour, symbol in PURITY:
        _draw_blocks(
            figure,
            {key: block for key, block in blocks.items() if low <= purity.get(key, 2.0) < high},
            name,
            colour,
            symbol,
        )
    figure.update_layout(
        xaxis={"tickvals": counts, "showgrid": False, "zeroline": False, "range": [counts[0] - 0.4, counts[-1] + 0.6]},
        yaxis={"visible": False, "range": [1.28, -0.02]},
    )
    shown = across[across["n"] >= BAND * comparison.n]
    caption = (
        f"The same {units} in partitions into {counts[0]} to {counts[-1]} segments. Each block is a segment, as high as it has members; "
        f"bands are {units} in both (at least {BAND:.0%} of all). The sign after the name tells how purely a segment comes from one "
        f"segment to its left (SLSA, 1: all its members). n = {comparison.n:,} {units}.{source_words(source)}"
    )
    k = comparison.recommended
    own = purity.xs(k, level="fine") if k != counts[0] else purity.iloc[:0]
    least = (
        f"of its segments {own.idxmin()} comes least purely from one segment of {counts[counts.index(k) - 1]} ({own.min():.2f})"
        if len(own)
        else "it is the smallest number compared"
    )
    pure = int((purity >= PURITY[0][1]).sum())
    alt = (
        f"Bands of the same people between partitions into {counts[0]} to {counts[-1]} segments. {pure} of {len(purity)} segments have "
        f"nearly all their members from one segment of the partition before. At {k} segments ({comparison.standing}) {least}."
    )
    frame = shown[["coarse", "parent", "fine", "child", "n", "parent_share", "child_share", "entropy"]]
    frame = frame.set_axis(
        ["of", "segment", "to", "segment there", "n", "share of it", "share there", "purity of origin"], axis=1
    )
    formats = {"share of it": ".0%", "share there": ".0%", "purity of origin": ".2f"}
    return Exhibit(figure, caption, alt, Table(frame.reset_index(drop=True), caption, formats))


def plot_shortfall(stability: Stability, *, units: str = "units", source: str = "") -> Exhibit | Callout:
    """How much two repeats of the study disagree: the search's part and the sample's, stacked.

    Parameters
    ----------
    stability : Stability
    units, source : str

    Returns
    -------
    Exhibit or Callout
        A callout where the method's search was not told apart from the sample.
    """
    rows = stability.parts.loc["agreement"]
    if rows["search"].isna().all():
        return Callout("absent", "There is no picture of search and sample: for this method they were not told apart.")
    table = tabulate_shortfall(stability, units=units, source=source)
    figure = draft_figure(x="number of segments", y="disagreement of two repeats (0 to 1)")
    for name, column, colour in (("from the sample", "sample", PALETTE[0]), ("from the search", "search", PALETTE[1])):
        part = rows[column].clip(lower=0)
        figure.add_bar(
            x=rows.index,
            y=part,
            name=name,
            marker={"color": colour},
            text=[f"{column} {value:.2f}" if value >= 0.02 else "" for value in part],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
        )
    figure.update_layout(barmode="stack", xaxis={"dtick": 1}, yaxis={"rangemode": "tozero"})
    worst = int(rows["search"].idxmax())
    alt = (
        f"Stacked bars over the number of segments. The search's part is largest with {worst} segments ({rows.loc[worst, 'search']:.2f} of "
        f"{1 - rows.loc[worst, 'value']:.2f}); the sample's part is smallest with {int(rows['sample'].idxmin())} "
        f"({max(rows['sample'].min(), 0.0):.2f}) and largest with {int(rows['sample'].idxmax())} ({rows['sample'].max():.2f})."
    )
    return Exhibit(figure, f"{table.caption} Only the sample's part is uncertainty of the market.", alt, table)


def _blocks(comparison: Comparison, counts: list[int]) -> dict[tuple[int, str], tuple[float, float]]:
    """Top and bottom of every segment's block, in shares of all units, in an order that keeps the same people side by side."""
    first = getattr(
        comparison.searches[counts[0]], "centres", None
    )  # other methods than k-means: in the order of their sizes
    start = list(range(counts[0])) if first is None else np.argsort(-first.sum(axis=1), kind="stable").tolist()
    order = align_segments(comparison.labels, start)
    blocks = {}
    for k in counts:
        sizes = np.bincount(comparison.labels[k][comparison.labels[k] >= 0], minlength=k) / comparison.n
        gap, top = 0.25 / (k - 1), 0.0
        for segment in order[k]:
            blocks[k, f"S{segment + 1}"] = (top, top + float(sizes[segment]))
            top += float(sizes[segment]) + gap
    return blocks


def _draw_blocks(
    figure: go.Figure, blocks: dict[tuple[int, str], tuple[float, float]], name: str, colour: str, sign: str
) -> None:
    x, y = [], []
    for (k, _), (top, bottom) in blocks.items():
        x += [k - HALF, k + HALF, k + HALF, k - HALF, k - HALF, None]
        y += [top, top, bottom, bottom, top, None]
    line = {"color": colour, "width": 1}
    if not blocks:
        return
    figure.add_scatter(
        x=x, y=y, mode="lines", fill="toself", fillcolor=colour, line=line, name=f"{sign} {name}", hoverinfo="skip"
    )
    figure.add_scatter(
        x=[k + HALF + 0.02 for k, _ in blocks],
        y=[(top + bottom) / 2 for top, bottom in blocks.values()],
        mode="text",
        text=[f"{segment} {sign}" for _, segment in blocks],
        textposition="middle right",
        showlegend=False,
        hoverinfo="skip",
    )


def _draw_bands(
    figure: go.Figure, across: pd.DataFrame, blocks: dict[tuple[int, str], tuple[float, float]], n: int
) -> None:
    """One trace of grey bands; within a block they leave and arrive in the order of the blocks they join."""
    x, y = [], []
    used_out, used_in = {key: top for key, (top, _) in blocks.items()}, {key: top for key, (top, _) in blocks.items()}
    order = across.assign(
        there=[blocks[row.fine, row.child][0] for row in across.itertuples()],
        here=[blocks[row.coarse, row.parent][0] for row in across.itertuples()],
    ).sort_values(["coarse", "here", "there"])
    for row in order.itertuples():
        height, out, into = row.n / n, (row.coarse, row.parent), (row.fine, row.child)
        low, high = used_out[out], used_in[into]
        used_out[out], used_in[into] = low + height, high + height
        if row.n < BAND * n:
            continue
        left, right = row.coarse + HALF, row.fine - HALF
        x += [left, right, right, left, left, None]
        y += [low, high, high + height, low + height, low, None]
    figure.add_scatter(
        x=x, y=y, mode="lines", fill="toself", fillcolor="rgba(127,127,127,0.22)", line={"color": "rgba(127,127,127,0.4)", "width": 0.5},
        name="the same people", hoverinfo="skip",
    )  # fmt: skip
