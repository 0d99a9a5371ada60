"""Pictures of KPIs against targets, of experiments by segment, and of what sales heard."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go

from ..display import Callout, Reading
from ..tracking import (
    ExperimentResult,
    FeedbackSummary,
    tabulate_arms,
    tabulate_effects,
    tabulate_kpis,
    tabulate_objections,
    tabulate_persona_effects,
)
from ..tracking.cut_words import say_coverage
from ..tracking.experiment import list_results
from ..tracking.wording import difference_words, interval_words
from ..words import source_words
from .exhibit import NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_arms", "plot_feedback", "plot_kpis", "plot_lift"]

MARKS = {
    "met": ("circle", PALETTE[2]), "not met": ("x", PALETTE[1]), "cannot tell": ("circle-open", PALETTE[0]),
    "no target": ("square", PALETTE[7]),
}  # fmt: skip
NARROW = 200  # pixels that a picture with short names can do with
SHORT = 14  # characters of a row's name beside which that is enough
LINE = 40  # characters of a KPI's name on one line
ARM_SYMBOLS = ("circle", "square", "triangle-up", "star", "hexagon", "cross")


def plot_kpis(table: pd.DataFrame, *, source: str = "") -> Exhibit | Callout | Reading:
    """Rate of every KPI with its interval against the target, by segment.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``measure_kpis`` returns it; withheld rows are not drawn.
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Callout
        A callout of kind "absent" when there is nothing to draw.
    """
    shown = table.dropna(subset=["rate"]) if len(table) else table
    if table.empty:
        return NOTHING
    if shown.empty:
        return Callout("absent", "There is no KPI to draw: nothing could be counted in this period.")
    drawn = shown[shown["target"].notna() | (shown["segment"] == "all")] if shown["target"].notna().any() else shown
    figure = draft_figure(height=110 + 30 * (len(drawn) + drawn["kpi"].nunique()), x="share")
    places = _place_rows(figure, _kpi_rows(drawn))
    for met, (symbol, colour) in MARKS.items():
        rows = drawn[drawn["met"] == met]
        if len(rows):
            name = met if met == "no target" else "cannot tell yet" if met == "cannot tell" else f"target {met}"
            text = [f"{_plain(r.segment)}: {r.rate:.1%} of {int(r.denominator):,d}" for r in rows.itertuples()]
            y = [places[_kpi_row(r)] for r in rows.itertuples()]
            figure.add_trace(_whiskers(rows, "rate", name=name, look=(symbol, colour), y=y, text=text))
    targets = drawn.dropna(subset=["target"])
    if len(targets):
        bar = {"symbol": "line-ns", "size": 18, "line": {"width": 3, "color": PALETTE[7]}}
        y = [places[_kpi_row(r)] for r in targets.itertuples()]
        figure.add_trace(
            go.Scatter(x=targets["target"], y=y, mode="markers", name="target", hoverinfo="skip", marker=bar)
        )
    _name_kpis(figure, drawn, places)
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", nticks=6)
    figure.update_layout(minreducedwidth=NARROW)
    counts = {word: int((drawn["met"] == word).sum()) for word in MARKS}
    judged = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    tail = source_words(source)
    low, high = int(drawn["denominator"].min()), int(drawn["denominator"].max())
    span = f"{low:,d}" if low == high else f"from {low:,d} to {high:,d}"
    caption = (
        f"KPIs by segment: share with 95 % interval (whiskers) against the target (upright bar). n is {span} a row and stands in the "
        "table"
        f"{', as do segments without a target' if len(drawn) < len(shown) else ''}.{tail}"
    )
    missed = shown[(shown["met"] == "not met") & (shown["segment"] != "all")]
    named = [f"{r.label} in {r.segment} ({r.rate:.0%}, target {r.target:.0%})" for r in missed.head(3).itertuples()]
    listed = "; ".join(named) + (f"; and {len(missed) - 3} more" if len(missed) > 3 else "")
    alt = f"{len(drawn)} rates of {drawn['kpi'].nunique()} KPIs: {judged}. {f'Clearly off target: {listed}.' if listed else ''}".strip()
    return Exhibit(figure, caption, alt, tabulate_kpis(shown, source=source))


def _kpi_rows(rows: pd.DataFrame) -> list[str]:
    """A row for the KPI's name, then one a segment."""
    labels: list[str] = []
    for kpi, part in rows.groupby("kpi", sort=False):
        labels += [f"{kpi}\n", *(_kpi_row(r) for r in part.itertuples())]
    return labels


def _kpi_row(row: object) -> str:
    return f"{row.kpi}\n{row.segment}"  # type: ignore[attr-defined]


def _name_kpis(figure: go.Figure, rows: pd.DataFrame, places: Mapping[str, int]) -> None:
    """Segment ids on the axis, each KPI's name over its rows."""
    figure.update_yaxes(ticktext=[_plain(label.split("\n")[1]) for label in places], showgrid=False)
    for row in rows.drop_duplicates("kpi").itertuples():
        figure.add_annotation(
            x=0, xref="paper", y=places[f"{row.kpi}\n"], text=_wrap(row.label), font={"size": 12}, showarrow=False, xanchor="left",
            align="left",
        )  # fmt: skip


def plot_lift(
    results: ExperimentResult | Sequence[ExperimentResult], *, by: str = "segment", source: str = ""
) -> Exhibit | Callout | Reading:
    """Forest of differences by segment or persona, raw and shrunk, around the line of no difference.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
        Those that were not randomised are not drawn.
    by : {"segment", "persona"}
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit, Callout or Reading
        A callout when none was randomised, an empty reading when there is no experiment, or no unit has a persona.
    """
    listed = list_results(results)
    chosen = [result for result in listed if result.experiment.randomised]
    table = (tabulate_persona_effects if by == "persona" else tabulate_effects)(results, source=source)
    if isinstance(table, Reading):
        return NOTHING
    if by == "persona":
        chosen = [replace(result, effects=result.personas) for result in chosen if len(result.personas)]
    if chosen and all(result.alarm for result in chosen):
        return Callout("caution", "The arms are not the sizes that were planned: no difference is drawn.")
    chosen = [result for result in chosen if not result.alarm]
    if not chosen:
        text = "Whom it reached was chosen, not left to chance, so there is nothing to compare those reached with."
        return Callout("caution", "Not randomised: no difference is computed.", text)
    rows = pd.concat([_lift_rows(result, many=len(chosen) > 1) for result in chosen], ignore_index=True).dropna(
        subset=["lift"]
    )
    if rows.empty:
        return Callout("absent", f"No {by} has enough units in each arm to draw a difference.")
    shares = {result.experiment.metric for result in chosen} == {"binary"}
    return Exhibit(
        _draw_lift(rows, by, shares=shares),
        _caption_lift(rows, chosen, by, source),
        _alt_lift(rows, shares=shares),
        table,
    )


def _draw_lift(rows: pd.DataFrame, by: str, *, shares: bool) -> go.Figure:
    """Raw, CUPED and shrunk differences below each other in each row."""
    what = "difference in shares" if shares else "difference"
    figure = draft_figure(height=130 + 46 * len(rows), x=f"{what},<br>treated minus control")
    figure.add_vline(x=0, line={"width": 2, "color": PALETTE[7]})
    places = _place_rows(figure, rows["row"])
    marks = (
        ("raw", ("lift", "joint_lower", "joint_upper"), ("circle", PALETTE[0])),
        ("less what was known before (CUPED)", ("cuped", "cuped_lower", "cuped_upper"), ("square-open", PALETTE[2])),
        (f"shrunk towards the mean of {by}s", ("shrunk", "shrunk_lower", "shrunk_upper"), ("diamond-open", PALETTE[1])),
    )
    for place, (name, columns, look) in enumerate(marks):
        shown = rows.dropna(subset=[columns[0]])
        if len(shown):
            value, lower, upper = columns
            spec = "+.1%" if shares else "+.3g"
            text = [f"{r.row}: {getattr(r, value):{spec}}" for r in shown.itertuples()]
            y = [places[row] + 0.2 * (place - 1) for row in shown["row"]]
            limits = shown.assign(lower=shown[lower], upper=shown[upper])
            figure.add_trace(_whiskers(limits, value, name=name, look=look, y=y, text=text))
    figure.update_xaxes(tickformat="+.0%" if shares else "+.3~g")
    if rows["row"].str.len().max() <= SHORT:
        figure.update_layout(minreducedwidth=NARROW)
    return figure


def _caption_lift(rows: pd.DataFrame, chosen: Sequence[ExperimentResult], by: str, source: str) -> str:
    """What is drawn, how wide every interval is and for how many tests, and n."""
    sizes = ", ".join(f"{r.row} {int(r.n_control):,d} and {int(r.n_arm):,d}" for r in rows.itertuples())
    others = [
        name for name, column in (("CUPED", "cuped"), ("the shrunk ones", "shrunk")) if rows[column].notna().any()
    ]
    tail = (
        f"; {' and '.join(others)} at 95 %, each of one test by itself, since no verdict rests on them"
        if others
        else ""
    )
    early = (
        "" if all(result.finished for result in chosen) else " The test goes on: no interval allows for looking early."
    )
    return (
        f"Difference between the arms by {by}, as assigned, with the interval its verdict rests on (whiskers; "
        f"{say_coverage(chosen, f'{by}s')}){tail}.{early} The line at 0 is no difference. "
        f"n control and treated: {html.unescape(sizes)}.{source_words(source)}"
    )


def _lift_rows(result: ExperimentResult, *, many: bool) -> pd.DataFrame:
    effects = result.effects
    several = effects["arm"].nunique() > 1
    words = pd.Series([result.called(cut) for cut in effects["segment"]], index=effects.index, dtype="str")
    words = words.replace({"all": "everybody"})
    words = words + " · " + effects["arm"] if several else words
    words = result.experiment.title + " · " + words if many else words
    return effects.assign(row=[_plain(word) for word in words])


def _alt_lift(rows: pd.DataFrame, *, shares: bool) -> str:
    kind = "binary" if shares else "mean"
    parts = [
        f"{html.unescape(r.row)} {difference_words(r.lift, kind)} ({interval_words(r.joint_lower, r.joint_upper, kind)}; {r.verdict})"
        for r in rows.itertuples()
    ]
    return f"Differences, each with the interval its verdict rests on: {'; '.join(parts)}."


def plot_arms(results: ExperimentResult | Sequence[ExperimentResult], *, source: str = "") -> Exhibit | Callout:
    """Share that did what was hoped for, by segment and arm; for campaigns that were not randomised all there is to see.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Exhibit or Callout
        A callout of kind "absent" when there is nothing to draw.
    """
    listed = list_results(results)
    table = tabulate_arms(results, source=source)
    if isinstance(table, Callout):
        return table
    parts = [
        result.arms.assign(
            title=result.experiment.title,
            row=[_plain(_row(result, s, len(listed) > 1)) for s in result.arms["segment"]],
        )
        for result in listed
    ]
    rows = pd.concat(parts, ignore_index=True).dropna(subset=["rate"])
    if rows.empty:
        return Callout("absent", "No share can be shown: too few units in every segment.")
    arms = list(dict.fromkeys(rows["arm"]))
    figure = draft_figure(height=130 + 30 * rows["row"].nunique() + 12 * len(arms), x="share that did it")
    places = _place_rows(figure, rows["row"])
    for place, arm in enumerate(arms):
        chosen = rows[rows["arm"] == arm]
        text = [f"{_plain(r.arm)}: {r.rate:.1%} of {int(r.n):,d}" for r in chosen.itertuples()]
        symbol, colour = ARM_SYMBOLS[place % len(ARM_SYMBOLS)], PALETTE[place % len(PALETTE)]
        y = [places[row] + 0.2 * (place - (len(arms) - 1) / 2) for row in chosen["row"]]
        figure.add_trace(_whiskers(chosen, "rate", name=_plain(arm), look=(symbol, colour), y=y, text=text))
    if all(result.experiment.metric == "binary" for result in listed):
        figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    caption = f"{table.caption} Whiskers: 95 % intervals. n is from {int(rows['n'].min()):,d} to {int(rows['n'].max()):,d} a mark."
    total = rows[rows["segment"] == "all"]
    alt = "Shares over everybody: " + "; ".join(
        f"{r.title}, {r.arm}: {r.rate:.1%} of {int(r.n):,d} ({r.lower:.1%} to {r.upper:.1%})"
        for r in total.itertuples()
    )
    return Exhibit(figure, caption, alt if len(total) else "Shares by segment and arm; they stand in the table.", table)


def _row(result: ExperimentResult, segment: str, many: bool) -> str:
    word = "everybody" if segment == "all" else str(segment)
    return f"{result.experiment.title} · {word}" if many else word


def plot_feedback(
    summary: FeedbackSummary | None, *, names: Mapping[str, str] | None = None, source: str = "", top: int = 15
) -> Exhibit | Callout | Reading:
    """Objections by persona; those that no message to this persona answers have their own symbol.

    Parameters
    ----------
    summary : FeedbackSummary or None
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.
    top : int
        Most rows drawn, by number of conversations.

    Returns
    -------
    Exhibit, Callout or Reading
        A callout of kind "absent" when sales noted no objection, an empty reading when it reported nothing at all.
    """
    if summary is None or not summary.n:
        return NOTHING
    if summary.objections.empty:
        return Callout("absent", "Sales noted no objection in this period.")
    rows = summary.objections.sort_values(["n", "persona", "objection"], ascending=[False, True, True]).head(top)
    people = [(names or {}).get(persona, persona) for persona in rows["persona"]]
    words = rows["objection"].str.replace("_", " ")
    rows = rows.assign(row=[_plain(f"{person} · {word}") for person, word in zip(people, words, strict=True)])
    figure = draft_figure(height=120 + 28 * len(rows), x="share of the conversations with this persona")
    kinds = (
        ("no message answers it", rows["messages"] == 0, "x", PALETTE[1]),
        ("a message answers it", rows["messages"] > 0, "circle", PALETTE[0]),
        ("no matrix to look in", rows["messages"].isna(), "square", PALETTE[7]),
    )
    places = _place_rows(figure, rows["row"])
    for name, which, symbol, colour in kinds:
        chosen = rows[which]
        if len(chosen):
            text = [f"{r.n} of {r.base}" for r in chosen.itertuples()]
            y = [places[row] for row in chosen["row"]]
            figure.add_trace(_whiskers(chosen, "share", name=name, look=(symbol, colour), y=y, text=text))
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    shown = (
        f"The {len(rows)} most frequent of {len(summary.objections)} are drawn. "
        if len(rows) < len(summary.objections)
        else ""
    )
    caption = (
        f"Objections sales heard, by persona, as a share of its conversations with 95 % interval (whiskers). {shown}"
        f"n = {summary.n} conversations reported.{source_words(source)}"
    )
    first = "; ".join(f"{html.unescape(r.row)}: {r.n} of {r.base}" for r in rows.head(3).itertuples())
    open_ones = int((rows["messages"] == 0).sum())
    alt = f"Most frequent objections – {first}. {open_ones} of the {len(rows)} drawn have no message for this persona."
    return Exhibit(figure, caption, alt, tabulate_objections(summary, names=names, source=source))


def _whiskers(
    rows: pd.DataFrame, value: str, *, name: str, look: tuple[str, str], y: Sequence[float], text: list[str]
) -> go.Scatter:
    """Marks with the interval of columns ``lower`` and ``upper``; look is symbol and colour."""
    symbol, colour = look
    reach = {
        "type": "data",
        "symmetric": False,
        "array": (rows["upper"] - rows[value]).clip(lower=0).astype(float),
        "arrayminus": (rows[value] - rows["lower"]).clip(lower=0).astype(float),
        "thickness": 1.3,
        "width": 4,
        "color": colour,
    }
    marker = {"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}}
    return go.Scatter(
        x=rows[value].astype(float), y=list(y), mode="markers", name=name, marker=marker, error_x=reach, text=text,
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _place_rows(figure: go.Figure, labels: Sequence[str]) -> dict[str, int]:
    """Give each label a row, the first on top; returns label to its place on the axis."""
    order = list(dict.fromkeys(labels))
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=order, range=[len(order) - 0.4, -0.6], zeroline=False
    )
    return {label: place for place, label in enumerate(order)}


def _wrap(text: object) -> str:
    """Text on lines that a narrow screen can hold."""
    return "<br>".join(_plain(line) for line in textwrap.wrap(str(text), LINE))


def _plain(text: object) -> str:
    """Text that plotly does not read as markup."""
    return html.escape(str(text), quote=False)
