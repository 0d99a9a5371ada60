"""Picture of how many questions place a new person, and how well."""

from __future__ import annotations

import pandas as pd

from ..display import Reading, Table
from ..profiling.typing import TypingTool
from ..words import source_words
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_typing"]

QUIET = PALETTE[-1]


def plot_typing(tool: TypingTool, *, units: str = "units", source: str = "") -> Exhibit | Reading:
    """Share of people placed right by the number of questions, beside guessing and data without segments.

    Parameters
    ----------
    tool : TypingTool
    units, source : str
        What units are called; where the data come from (for the caption).

    Returns
    -------
    Exhibit or Reading
        An empty reading if there is no tool; the words beside it say so.
    """
    if tool.reason or tool.test is None:
        return NOTHING
    test = tool.test
    curve, chosen = test.curve, len(tool.questions)
    figure = draft_figure(x="number of questions", y="people placed right")
    figure.add_scatter(
        x=curve.index,
        y=curve["accuracy"],
        name="placed right, left out of the choice",
        mode="lines+markers",
        marker={"symbol": "circle", "size": 10, "color": PALETTE[0]},
        line={"color": PALETTE[0]},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": curve["upper"] - curve["accuracy"],
            "arrayminus": curve["accuracy"] - curve["lower"],
        },
    )
    noisy = curve["noise"].notna().any()
    if noisy:
        figure.add_scatter(
            x=curve.index,
            y=curve["noise"],
            name="the same in data without segments",
            mode="lines+markers",
            marker={"symbol": "diamond", "size": 9, "color": PALETTE[1]},
            line={"color": PALETTE[1], "dash": "dot"},
        )
    figure.add_scatter(
        x=[curve.index.min(), curve.index.max()],
        y=[test.baseline] * 2,
        name="always naming the largest segment",
        mode="lines",
        line={"color": QUIET, "dash": "dash"},
    )
    figure.add_vline(
        x=chosen, line={"dash": "dash", "color": QUIET}, annotation={"text": "chosen", "yanchor": "bottom"}
    )
    figure.update_layout(xaxis={"dtick": 1}, yaxis={"range": [0, 1.02], "tickformat": ".0%"})
    made_up = (
        f" Diamonds: mean of {test.references} made-up data sets with the same answers and correlations but without segments, cut by "
        "k-means."
        if noisy
        else ""
    )
    caption = (
        f"Share of {units} placed in their segment by the first 1 to {len(curve)} questions, the questions chosen anew "
        f"without those placed (nested cross-validation, {test.rounds} times {test.folds} parts). Whiskers: 95 % intervals (Wilson)."
        f"{made_up} Dashed: always naming the largest segment. n = {test.n:,} {units}.{source_words(source)}"
    )
    return Exhibit(figure, caption, _alt(tool), _table(tool, caption))


def _alt(tool: TypingTool) -> str:
    curve, chosen = tool.test.curve, min(len(tool.questions), len(tool.test.curve))
    right, noise = curve["accuracy"], curve["noise"].iloc[chosen - 1]
    beside = f"; in data without segments it is {noise:.0%}" if pd.notna(noise) else ""
    return (
        f"Line chart over the number of questions. One question places {right.iloc[0]:.0%} right, {chosen} (chosen) "
        f"{right.iloc[chosen - 1]:.0%}, {len(curve)} {right.iloc[-1]:.0%}. Always naming the largest segment is right in "
        f"{tool.test.baseline:.0%}{beside}."
    )


def _table(tool: TypingTool, caption: str) -> Table:
    curve = tool.test.curve.reset_index()
    names = {"accuracy": "placed right", "noise": "without segments"}
    frame = curve.rename(columns=names).dropna(axis=1, how="all")
    return Table(
        frame,
        caption.split(". ")[0] + ".",
        dict.fromkeys(["placed right", "lower", "upper", "without segments"], ".0%"),
    )
