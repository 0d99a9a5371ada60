"""Figure of opportunity scores: which jobs matter and are badly served, a panel for each segment."""

from __future__ import annotations

import textwrap
from html import escape

import pandas as pd
import plotly.graph_objects as go

from ..display import Callout, Reading
from ..qualitative.opportunity import EVERYBODY, RANGES, JobScores
from ..qualitative.opportunity_words import tabulate_jobs
from ..words import count_words, few_words, join_words, range_words
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure, segment_colours

__all__ = ["plot_jobs"]

PANELS = 3  # side by side
LINE = 36  # characters of a statement on one line
TEXT, ROOM, HEAD = 17, 10, 80  # pixels: a line of a label, between labels, above a panel
QUIET = "#5B6B7A"
LEAST = RANGES[-1][1]
# Emphasis by symbol and fill, so that colour is not the only sign.
SIGNS = {
    "sure": ("diamond", "whole interval at 10 or more"),
    "point": ("circle", "score at 10 or more"),
    "": ("circle-open", "below 10"),
}


def plot_jobs(scores: JobScores, *, note: str = "") -> Exhibit | Callout | Reading:
    """Opportunity score of every job in every segment with its interval, beside everybody's.

    Parameters
    ----------
    scores : JobScores
    note : str
        Added to the caption, for instance "Synthetic data."

    Returns
    -------
    Exhibit, Callout or Reading
        A callout of kind absent where jobs were rated by too few to be drawn; an empty reading where there are no jobs.

    Examples
    --------
    >>> from segmentation.qualitative.opportunity import COLUMNS
    >>> plot_jobs(JobScores(pd.DataFrame(columns=COLUMNS)))
    Reading(paragraphs=())
    """
    table = scores.table[~scores.table["withheld"].astype(bool)]
    if table.empty:
        return Callout("absent", _alt(table)) if scores.jobs else NOTHING
    everybody = table[table["segment"] == EVERYBODY].set_index("job")
    order = list(everybody["opportunity"].sort_values(ascending=False, kind="stable").index)
    panels = [name for name in scores.segments if (table["segment"] == name).any()] or [EVERYBODY]
    words = {job: _wrap(everybody.at[job, "statement"]) for job in order}
    figure = _draft(panels, scores, list(words.values()))
    colours = segment_colours([name for name in panels if name != EVERYBODY]) | {EVERYBODY: PALETTE[-1]}
    legend: set[str] = set()
    for place, segment in enumerate(panels):
        where = {"row": place // PANELS + 1, "col": place % PANELS + 1}
        own = table[table["segment"] == segment]
        own = own.assign(label=own["job"].map(words))
        if segment != EVERYBODY:
            _add_everybody(figure, everybody.loc[order], words, where, place == 0)
        for sign, part in own.groupby(_sign(own), sort=True):
            _add_scores(figure, part, colours[segment], str(sign), str(sign) not in legend, where)
            legend.add(str(sign))
    for limit in (least for _, least in RANGES):
        figure.add_vline(x=limit, line={"dash": "dot", "width": 1, "color": QUIET}, exclude_empty_subplots=False)
    labels = [words[job] for job in reversed(order)]
    figure.update_yaxes(categoryorder="array", categoryarray=labels, range=[-0.7, len(labels) - 0.3])
    return Exhibit(figure, _caption(scores, note), _alt(table), tabulate_jobs(scores))


def _draft(panels: list[str], scores: JobScores, labels: list[str]) -> go.Figure:
    columns = min(PANELS, len(panels))
    lines = -(-len(panels) // columns)
    row = ROOM + TEXT * max(label.count("<br>") + 1 for label in labels)
    height = lines * (HEAD + row * max(len(labels), 3)) + 60
    figure = draft_figure(height=height)
    figure.set_subplots(
        rows=lines, cols=columns, shared_xaxes="all", shared_yaxes="all", subplot_titles=[_title(name, scores) for name in panels],
        horizontal_spacing=0.03, vertical_spacing=min(0.2, HEAD / height),
    )  # fmt: skip
    style = draft_figure().layout
    for update, kept in ((figure.update_xaxes, style.xaxis), (figure.update_yaxes, style.yaxis)):
        update(gridcolor=kept.gridcolor, zerolinecolor=kept.zerolinecolor, automargin=True)
    for place in range(len(panels)):
        if place + columns >= len(panels):  # lowest panel of its column
            figure.update_xaxes(showticklabels=True, row=place // columns + 1, col=place % columns + 1)
    figure.update_xaxes(range=[-0.3, 20.3], tickvals=[0, 5, 10, 12, 15, 20])
    figure.update_xaxes(title_text="opportunity score (0 to 20)", row=lines, col=1)
    figure.update_layout(margin={"t": 70}, legend={"y": 1 + 45 / height})
    return figure


def _title(segment: str, scores: JobScores) -> str:
    n = int(scores.table.loc[scores.table["segment"] == segment, "n"].max())
    return f"{escape('Everybody' if segment == EVERYBODY else segment, quote=False)} (n = {n:,d})"


def _wrap(statement: str) -> str:
    """A statement as a label of short lines; text from outside, so nothing in it may become markup."""
    return "<br>".join(escape(line, quote=False) for line in textwrap.wrap(statement, LINE)) or " "


def _sign(own: pd.DataFrame) -> pd.Series:
    signs = pd.Series("", index=own.index)
    signs[own["opportunity"] >= LEAST] = "point"
    signs[own["lower"] >= LEAST] = "sure"
    return signs


def _add_everybody(
    figure: go.Figure, everybody: pd.DataFrame, words: dict[str, str], where: dict[str, int], legend: bool
) -> None:
    figure.add_scatter(
        x=everybody["opportunity"], y=[words[job] for job in everybody.index], mode="markers", name="everybody",
        legendgroup="everybody", showlegend=legend, hovertemplate="everybody %{x:.1f}<extra></extra>",
        marker={"symbol": "line-ns-open", "size": 13, "color": QUIET, "line": {"width": 2}}, **where,
    )  # fmt: skip


def _add_scores(
    figure: go.Figure, part: pd.DataFrame, colour: str, sign: str, legend: bool, where: dict[str, int]
) -> None:
    symbol, said = SIGNS[sign]
    figure.add_scatter(
        x=part["opportunity"], y=part["label"], mode="markers", name=said,
        legendgroup=said, showlegend=legend, marker={"symbol": symbol, "size": 10, "color": colour},
        error_x={"type": "data", "symmetric": False, "color": colour, "thickness": 1.5,
                 "array": (part["upper"] - part["opportunity"]).clip(lower=0).fillna(0),
                 "arrayminus": (part["opportunity"] - part["lower"]).clip(lower=0).fillna(0)},
        customdata=[
            f"{row.opportunity:.1f} ({range_words((row.lower, row.upper), '.1f')}), importance {row.importance:.1f}, "
            f"satisfaction {row.satisfaction:.1f}, n = {row.n:,d}"
            for row in part.itertuples(index=False)
        ],
        hovertemplate="%{y}: %{customdata}<extra></extra>", **where,
    )  # fmt: skip


def _caption(scores: JobScores, note: str) -> str:
    weighted = " Weighted." if scores.weighted else ""
    text = (
        f"Opportunity scores of {count_words(len(scores.jobs), 'job')} by segment, jobs with the largest score of everybody on top. Marks: "
        "importance plus what satisfaction lacks of it, each ten times the share with one of the two highest answers; bars: 95 % "
        f"intervals from {scores.draws:,d} bootstrap draws of respondents. Dotted: 10, 12 and 15, by convention worth a look, high and "
        f"extreme (Ulwick). n = {few_words(scores.n, scores.min_cell)} {scores.units}; n of a panel: its best answered job.{weighted} "
        f"{scores.source} {note}"
    )
    return " ".join(text.split())


def _alt(table: pd.DataFrame) -> str:
    if table.empty:
        return "Opportunity scores are not shown: too few rated any job."
    own = table[table["segment"] != EVERYBODY]
    own = own if len(own) else table
    top = own.sort_values(["opportunity", "segment", "job"], ascending=[False, True, True])
    reached = int((own["opportunity"] >= LEAST).sum())
    named = [
        f"{row.statement} in {'everybody' if row.segment == EVERYBODY else row.segment} ({row.opportunity:.1f}, "
        f"{range_words((row.lower, row.upper), '.1f')})"
        for row in top.head(3).itertuples(index=False)
    ]
    return (
        f"{reached} of {count_words(len(own), 'score')} of a job in a segment {'reaches' if reached == 1 else 'reach'} {LEAST:g}. "
        f"Highest: {join_words(named)}."
    )
