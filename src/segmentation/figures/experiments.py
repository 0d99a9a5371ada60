"""Pictures of experiments before and while they run: whom a test can see, and what each planned look allowed to say."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from ..display import Callout, Reading
from ..tracking import ExperimentResult, tabulate_experiment_plan, tabulate_looks
from ..tracking.wording import difference_words
from ..words import source_words
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_experiment_plan", "plot_looks"]

NARROW = 200  # pixels that these pictures can do with
SHORT = 14  # characters of a row's name beside which that is enough
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon", "cross", "x")


def plot_experiment_plan(plan: pd.DataFrame, *, source: str = "") -> Exhibit | Reading:
    """Units each segment has against those its test needs.

    Parameters
    ----------
    plan : pandas.DataFrame
        As ``plan_experiments`` returns it.
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading when nothing was planned.
    """
    table = tabulate_experiment_plan(plan, source=source)
    if isinstance(table, Reading):
        return NOTHING
    rows = plan.assign(row=[_row(r, plan["experiment"].nunique() > 1) for r in plan.itertuples()])
    figure = draft_figure(height=130 + 30 * len(rows), x="units over control and<br>one treated arm's share")
    order = list(rows["row"])
    for place, r in enumerate(rows.itertuples()):
        ends = [r.available, r.needed]
        colour = PALETTE[2] if r.enough else PALETTE[1]
        line = {"color": colour, "width": 2, "dash": "solid" if r.enough else "dot"}
        figure.add_trace(
            go.Scatter(x=ends, y=[place, place], mode="lines", line=line, showlegend=False, hoverinfo="skip")
        )
    marks = (("has", "available", "circle", PALETTE[0]), ("needs", "needed", "line-ns", PALETTE[7]))
    for name, column, symbol, colour in marks:
        marker = {"symbol": symbol, "size": 14, "color": colour, "line": {"width": 3, "color": colour}}
        text = [f"{r.row}: {name} {getattr(r, column):,.0f}" for r in rows.itertuples()]
        figure.add_trace(
            go.Scatter(
                x=rows[column], y=list(range(len(rows))), mode="markers", name=name, marker=marker, text=text,
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=order, range=[len(order) - 0.4, -0.6], zeroline=False
    )
    figure.update_xaxes(rangemode="tozero", tickformat=",d", nticks=6)
    if rows["row"].str.len().max() <= SHORT:
        figure.update_layout(minreducedwidth=NARROW)
    effects = ", ".join(
        dict.fromkeys(difference_words(r.smallest_effect, r.metric, sign="") for r in rows.itertuples())
    )
    cuts = "segment and persona" if (plan["by"] == "persona").any() else "segment"
    caption = (
        f"Size of the test by {cuts}: units there are (round) and units needed (upright bar) to find a difference of {effects} with the "
        f"planned power. Dotted: not enough.{source_words(source)}"
    )
    alt = "; ".join(
        f"{html.unescape(r.row)} has {r.available:,.0f}, needs {r.needed:,.0f} ({'enough' if r.enough else 'not enough'})"
        for r in rows.itertuples()
    )
    return Exhibit(figure, caption, f"Units: {alt}.", table)


def _row(row: object, many: bool) -> str:
    word = "everybody" if row.segment == "all" else row.segment  # type: ignore[attr-defined]
    return html.escape(f"{row.title} · {word}" if many else str(word), quote=False)  # type: ignore[attr-defined]


def plot_looks(results: Sequence[ExperimentResult], *, source: str = "") -> Exhibit | Callout | Reading:
    """Difference in standard errors at every planned look, between the limits it must pass.

    Parameters
    ----------
    results : sequence of ExperimentResult
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Reading
        An empty reading where no looks were planned, or none has come.
    """
    shown = [result for result in results if len(result.looks)]
    table = tabulate_looks(results, source=source)
    if isinstance(table, Reading):
        return NOTHING
    figure = draft_figure(
        height=420, x="planned share of the<br>final evidence at the look", y="standard errors from no difference"
    )
    said: list[str] = []
    place = 0
    for result in shown:
        for (segment, arm), rows in result.looks.groupby(["segment", "arm"], sort=False):
            who = "everybody" if segment == "all" else result.called(segment)
            who = f"{result.experiment.title} · {who}" if len(shown) > 1 else who
            who = f"{who} · {arm}" if len(result.experiment.treated) > 1 else who
            _draw_path(figure, rows, html.escape(who, quote=False), place)
            crossed = rows.loc[rows["crossed"].astype(bool), "look"]
            said.append(f"{who} {f'passes its limit at look {crossed.iloc[0]}' if len(crossed) else 'passes no limit'}")
            place += 1
    figure.update_xaxes(tickformat=".0%", range=[0, 1.06])
    figure.update_layout(minreducedwidth=NARROW)
    looks = max(len(result.experiment.looks) for result in shown)
    caption = (
        f"Planned looks (at most {looks}): the difference in standard errors (marks) between the limits of each look (dashes, both ways). "
        f"Outside its dashes a difference is more than chance explains, all looks allowed for. n stands in the table.{source_words(source)}"
    )
    return Exhibit(figure, caption, f"{'; '.join(said)}.", table)


def _draw_path(figure: go.Figure, rows: pd.DataFrame, who: str, place: int) -> None:
    """One path of differences, with a dash for each limit above and below."""
    colour, symbol = PALETTE[place % len(PALETTE)], SYMBOLS[place % len(SYMBOLS)]
    shift = 0.008 * place
    share = rows["share"] - shift
    text = [f"{who}, look {r.look}: {r.z:+.2f} against {r.limit:.2f}" for r in rows.itertuples()]
    marker = {"symbol": symbol, "size": 11, "color": colour}
    line = {"color": colour, "width": 1.5}
    figure.add_trace(
        go.Scatter(
            x=share, y=rows["z"], mode="lines+markers", name=who, marker=marker, line=line, text=text,
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    dash = {"symbol": "line-ew", "size": 18, "line": {"width": 3, "color": colour}}
    both = pd.concat([rows["limit"], -rows["limit"]])
    figure.add_trace(
        go.Scatter(
            x=pd.concat([share, share]), y=both, mode="markers", name=f"limit, {who}", marker=dash, hoverinfo="skip", showlegend=False
        )
    )  # fmt: skip
