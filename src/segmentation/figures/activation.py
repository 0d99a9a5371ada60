"""Picture of how many later ones a ranking finds."""

from __future__ import annotations

import plotly.graph_objects as go

from ..activation.lookalike import Ranked
from ..activation.lookalike_words import tabulate_bands
from ..display import Reading
from ..words import source_words
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_recovery"]


def plot_recovery(ranked: Ranked | None, *, units: str = "units", source: str = "") -> Exhibit | Reading:
    """Share of later seeds found among those ranked first, beside one rule and drawing by lot.

    Parameters
    ----------
    ranked : Ranked or None
        As ``rank_lookalikes`` returns it.
    units : str
        What units are called, plural.
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading where nothing was ranked: the words say why.
    """
    if ranked is None or ranked.recovery.empty:
        return NOTHING
    told = ranked.recovery
    figure = draft_figure(height=400, x=f"share of {units} ranked first", y="share of later ones found")
    looks = (
        ("model", "ranking", "circle", PALETTE[0], "solid"),
        ("rule", "one rule", "square", PALETTE[1], "dash"),
        ("chance", "by lot", "x", PALETTE[7], "dot"),
    )
    for column, name, symbol, colour, dash in looks:
        bars = None
        if column == "model":
            high, low = told["model_upper"] - told["model"], told["model"] - told["model_lower"]
            bars = {"type": "data", "symmetric": False, "array": high, "arrayminus": low, "thickness": 1.2, "width": 3}
        figure.add_trace(
            go.Scatter(
                x=told["band"], y=told[column], mode="markers+lines", name=name, error_y=bars,
                marker={"symbol": symbol, "size": 9, "color": colour}, line={"color": colour, "width": 1.5, "dash": dash},
                hovertemplate=f"{name}: %{{y:.0%}} of them in the first %{{x:.0%}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    last = told.iloc[-1]
    alt = (
        f"Among the first {last['band']:.0%} the ranking finds {last['model']:.0%} of the later ones, one rule {last['rule']:.0%}, drawing "
        f"by lot {last['chance']:.0%}; the ranking {ranked.verdict}."
    )
    caption = (
        f"Later {units} found among those ranked first. Circles: the ranking, with 95 % interval; squares: one rule; crosses: drawing by "
        f"lot. n = {ranked.hidden:,d} {units} that {ranked.label} first in this quarter, among {ranked.pool_then:,d}.{source_words(source)}"
    )
    return Exhibit(figure, caption, alt, tabulate_bands(ranked, units=units, source=source))
