"""KPIs over the quarters, with the limits of the quarters before."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from ..display import Reading
from ..tracking import tabulate_control
from ..words import source_words
from .exhibit import INK, NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_control"]

ROW = 108
TITLE, GAP = 0.30, 0.06  # shares of a strip
OUTSIDE = ("above", "below", "first time", "first gap")


def plot_control(
    history: pd.DataFrame, control: pd.DataFrame, *, segment: str = "all", source: str = ""
) -> Exhibit | Reading:
    """One strip a KPI: its share in each quarter, and the band this quarter was expected in.

    Parameters
    ----------
    history, control : pandas.DataFrame
        As ``measure_kpi_history`` and ``control_kpis`` return them.
    segment : str
        Segment drawn; all are in the table.
    source : str

    Returns
    -------
    Exhibit or Reading
        An empty reading where there are fewer than two quarters.
    """
    drawn = history[(history["segment"] == segment) & history["rate"].notna()] if len(history) else history
    if not len(drawn) or drawn["period"].nunique() < 2:
        return NOTHING
    labels, quarters = list(dict.fromkeys(drawn["label"])), sorted(drawn["period"].unique())
    limits = control[control["segment"] == segment].set_index("label")
    figure = draft_figure(height=70 + ROW * len(labels))
    figure.update_layout(showlegend=False)
    for place, label in enumerate(labels):
        _draw_strip(
            figure,
            place,
            len(labels),
            drawn[drawn["label"] == label],
            limits.loc[label] if label in limits.index else None,
            quarters,
        )
        axis = "" if place == 0 else str(place + 1)
        figure.add_annotation(
            text=html.escape(label), x=0, xref="paper", y=1.0, yref=f"y{axis} domain", yshift=14, showarrow=False, xanchor="left"
        )  # fmt: skip
    out = limits[limits["signal"].isin(OUTSIDE)] if len(limits) else limits
    whom = "everybody in a segment" if segment == "all" else segment
    n = limits["n"] if len(limits) else drawn["denominator"]
    caption = (
        f"Share of each KPI by quarter, over {whom}. Grey bar: where this quarter was expected from the quarters before (mean plus and "
        f"minus three standard deviations, or exact limits where few are expected); a cross lies outside. "
        f"n this quarter from {int(n.min()):,d} to {int(n.max()):,d}, in the table."
        f"{source_words(source)}"
    )
    words = {
        "above": "is above its limits",
        "below": "is below its limits",
        "first time": "is counted for the first time",
        "first gap": "is not all for the first time",
    }
    said = "; ".join(f"{label} {words[row['signal']]} at {row['rate']:.0%}" for label, row in out.iterrows())
    alt = f"{len(labels)} KPIs over {len(quarters)} quarters. {said or 'None lies outside its limits'}."
    return Exhibit(figure, caption, alt, tabulate_control(control, source=source))


def _draw_strip(
    figure: go.Figure, place: int, total: int, rows: pd.DataFrame, limit: pd.Series | None, quarters: list[str]
) -> None:
    axes = {"xaxis": f"x{place + 1}" if place else "x", "yaxis": f"y{place + 1}" if place else "y"}
    last = quarters[-1]
    outside = limit is not None and limit["signal"] in OUTSIDE
    if limit is not None and pd.notna(limit["low"]):
        band = go.Scatter(
            x=[last, last], y=[limit["low"], limit["high"]], mode="lines", line={"width": 14, "color": "rgba(127,127,127,0.35)"},
            hoverinfo="skip", **axes,
        )  # fmt: skip
        figure.add_trace(band)
    marks = ["x" if outside and period == last else "circle" for period in rows["period"]]
    colours = [PALETTE[1] if mark == "x" else PALETTE[0] for mark in marks]
    text = [f"{r.period}: {r.rate:.1%} of {int(r.denominator):,d}" for r in rows.itertuples()]
    figure.add_trace(
        go.Scatter(
            x=rows["period"].tolist(), y=rows["rate"].astype(float), mode="lines+markers", line={"color": PALETTE[0], "width": 1.5},
            marker={"symbol": marks, "size": 9, "color": colours}, text=text, hovertemplate="%{text}<extra></extra>", **axes,
        )
    )  # fmt: skip
    number = "" if place == 0 else str(place + 1)
    strips = 1 / total
    span = [1 - (place + 1 - GAP) * strips, 1 - (place + TITLE) * strips]
    style = {
        "tickformat": ".0%",
        "nticks": 4,
        "gridcolor": "rgba(127,127,127,0.25)",
        "automargin": True,
        "zeroline": False,
    }
    labels = {"showticklabels": place == total - 1, "tickfont": {"size": 11, "color": INK}}
    look = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": quarters,
        "showgrid": False,
        "anchor": f"y{number}",
        **labels,
    }
    figure.update_layout({f"yaxis{number}": style | {"domain": span, "anchor": f"x{number}"}, f"xaxis{number}": look})
