"""Pictures of what goes with an outcome."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..display import Reading
from ..profiling.outcome_words import tabulate_drivers
from ..profiling.outcomes import OutcomePrediction
from ..study import Study
from .data import closing
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_drivers"]

ROW = 26  # pixels of a variable
GAP = 115  # between panels: axis title below, panel title above
SHOWN = 8


def plot_drivers(
    predictions: Sequence[OutcomePrediction], study: Study, *, shown: int = SHOWN, source: str = ""
) -> Exhibit | Reading:
    """Which variables tell an outcome: the loss of the prediction when each is shuffled, a panel an outcome.

    Parameters
    ----------
    predictions : sequence of OutcomePrediction
        From ``predict_outcomes``.
    study : Study
    shown : int
        Variables drawn of each outcome, the strongest first.
    source : str
        Where the data come from, for the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading where no outcome could be predicted: the words beside it say why.
    """
    judged = [p for p in predictions if not p.reason and len(p.importance)]
    if not judged:
        return NOTHING
    parts = [p.importance.head(shown) for p in judged]
    height = sum(ROW * (len(part) + 1) + GAP for part in parts) + 40
    figure = draft_figure(height=height)
    titles = [f"{study.variable(p.outcome).words} ({_base(p)})" for p in judged]
    figure.set_subplots(
        rows=len(judged), cols=1, subplot_titles=titles, row_heights=[len(part) + 1 for part in parts],
        vertical_spacing=min(GAP / (height - 120), 0.9 / max(len(judged) - 1, 1)),
    )  # fmt: skip
    style = draft_figure().layout
    for place, (p, part) in enumerate(zip(judged, parts, strict=True), start=1):
        words = [study.variable(str(name)).words for name in part.index]
        for sure in (True, False):
            rows = p.shown(study.choices.alpha)[part.index] == sure
            _add(figure, part[rows], [word for word, kept in zip(words, rows, strict=True) if kept], sure, place)
        figure.update_yaxes(
            categoryorder="array", categoryarray=words[::-1], range=[-0.7, len(words) - 0.3], automargin=True,
            gridcolor=style.yaxis.gridcolor, row=place, col=1,
        )  # fmt: skip
        figure.update_xaxes(
            title_text=f"loss of {p.measure} when shuffled", gridcolor=style.xaxis.gridcolor,
            zerolinecolor=style.xaxis.zerolinecolor, row=place, col=1,
        )  # fmt: skip
    figure.update_layout(margin={"t": 70}, legend={"y": 1 + 40 / height})
    n = max(p.n for p in judged)
    caption = (
        f"What tells an outcome of {study.units} held out: loss of the measure when one variable is shuffled among them. n = {n:,} "
        f"{study.units}, by outcome above each panel. Filled diamonds: shown to matter beyond the other variables, with q of "
        f"{study.choices.alpha:g} or less (share of false alarms to expect, controlled over all variables of the outcome); open circles: "
        f"not shown to. Whiskers: 95 % interval of each variable by itself. Associations, not causes.{closing(study, source)}"
    )
    return Exhibit(figure, caption, _alt(judged, study), tabulate_drivers(judged, study, rows=shown))


def _add(figure: object, part: pd.DataFrame, words: list[str], sure: bool, place: int) -> None:
    colour = PALETTE[0] if sure else PALETTE[-1]
    figure.add_scatter(
        x=part["estimate"],
        y=words,
        mode="markers",
        marker={"symbol": "diamond" if sure else "circle-open", "size": 11 if sure else 8, "color": colour},
        error_x={"type": "data", "symmetric": False, "array": part["upper"] - part["estimate"],
                 "arrayminus": part["estimate"] - part["lower"], "color": colour, "thickness": 1.5},
        name="tells the outcome" if sure else "not shown to tell it",
        legendgroup=str(sure),
        showlegend=place == 1,
        customdata=[
            f"q {q:.3f}{f'; {word} values go with more of it' if word else ''}"
            for word, q in zip(part["direction"], part["q"], strict=True)
        ],
        hovertemplate="%{y}: loss %{x:.3f}<br>%{customdata}<extra></extra>",
        row=place,
        col=1,
    )  # fmt: skip


def _base(p: OutcomePrediction) -> str:
    return f"{p.events:,} of n = {p.n:,}" if p.events >= 0 else f"n = {p.n:,}"


def _alt(judged: list[OutcomePrediction], study: Study) -> str:
    said = []
    for p in judged:
        shown = p.shown(study.choices.alpha)
        many = int(shown.sum())
        if not many:
            said.append(
                f"{study.variable(p.outcome).words}: no variable is shown to matter beyond the others, q over all variables"
            )
            continue
        top = p.importance[shown].iloc[0]
        name = study.variable(str(p.importance.index[shown][0])).words
        said.append(
            f"{study.variable(p.outcome).words}: {many} of {len(p.importance)} variables are shown to matter (q of "
            f"{study.choices.alpha:g} or less over all of them), most {name} with a loss of "
            f"{top['estimate']:.2f} ({top['lower']:.2f} to {top['upper']:.2f}) of {p.measure}"
        )
    return f"A panel for each of {len(judged)} outcome{'s' if len(judged) > 1 else ''}. {'; '.join(said)}."
