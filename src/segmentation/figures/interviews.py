"""Figures about interviews: agreement between coders, saturation, themes by segment, who was interviewed."""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

from ..display import Callout, Reading
from ..qualitative import tabulate_agreement, tabulate_interviewees, tabulate_saturation, tabulate_themes
from ..qualitative.agreement import Agreement
from ..qualitative.representativeness import Representativeness
from ..qualitative.saturation import EVERYBODY, Saturation
from ..qualitative.themes import Themes
from ..words import count_words, join_words, percent_words, range_words
from .exhibit import INK, NOTHING, PALETTE, Exhibit, draft_figure

__all__ = ["plot_agreement", "plot_interviewees", "plot_saturation", "plot_themes"]

MARKS = {"rely": "circle", "tentative": "diamond", "low": "x", "undefined": "line-ns-open"}
COLOUR = {"rely": PALETTE[2], "tentative": PALETTE[4], "low": PALETTE[6], "undefined": PALETTE[7]}
WORDS = {"rely": "reliable", "tentative": "tentative", "low": "not reliable"}
QUIET = "#5B6B7A"


def _label(text: object) -> str:
    """Text from outside as a plot label: plotly would read tags in it as markup."""
    return escape(str(text), quote=False)


def plot_agreement(agreement: Agreement, *, note: str = "") -> Exhibit | Callout | Reading:
    """Krippendorff's alpha of every code with its interval, against the lines .667 and .80.

    Parameters
    ----------
    agreement : Agreement
    note : str
        Added to the caption, for instance "Synthetic data."

    Returns
    -------
    Exhibit, Callout or Reading
        A callout of kind absent where nothing can be drawn of what there is; an empty reading where there is nothing.
        Codes without a figure are in the table and named in the alternative text.

    Examples
    --------
    >>> from segmentation.qualitative.agreement import COLUMNS
    >>> plot_agreement(Agreement(pd.DataFrame(columns=COLUMNS), (), 0, 0, 100, 1))
    Reading(paragraphs=())
    """
    table = agreement.table
    shown = table[table["alpha"].notna()].iloc[::-1]
    shown = shown.assign(name=[_label(name) for name in shown["name"]])
    if shown.empty:
        return Callout("absent", _agreement_alt(table)) if len(table) else NOTHING
    figure = draft_figure(
        height=max(240, 110 + 26 * len(shown)), x="Krippendorff's alpha (1 = full agreement, 0 = chance)"
    )
    for reading in ("rely", "tentative", "low"):
        part = shown[shown["reading"] == reading]
        if part.empty:
            continue
        figure.add_trace(
            go.Scatter(
                x=part["alpha"], y=part["name"], mode="markers", name=WORDS[reading],
                marker={"symbol": MARKS[reading], "size": 10, "color": COLOUR[reading]},
                error_x={
                    "type": "data", "symmetric": False, "color": COLOUR[reading], "thickness": 1.6,
                    "array": (part["upper"] - part["alpha"]).clip(lower=0).fillna(0),
                    "arrayminus": (part["alpha"] - part["lower"]).clip(lower=0).fillna(0),
                },
                hovertemplate="%{y}: alpha %{x:.2f}<extra></extra>",
            )
        )  # fmt: skip
    for line, words in ((agreement.tentative, "tentative"), (agreement.rely, "reliable")):
        figure.add_vline(x=line, line={"dash": "dash", "width": 1.2, "color": QUIET})
        figure.add_annotation(x=line, y=0, yref="paper", yanchor="bottom", xanchor="left", text=f"{words} from {line:g}",
                              showarrow=False, textangle=-90, font={"size": 11, "color": INK})  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=list(shown["name"]))
    caption = (
        f"Agreement between {count_words(len(agreement.coders), 'coder')} by code. Marks: Krippendorff's alpha, "
        "nominal; bars: "
        f"{percent_words(agreement.coverage)} bootstrap interval over whole interviewees ({agreement.draws:,d} draws). n = "
        f"{agreement.n_units:,d} turns of "
        f"{agreement.n_people:,d} people. Dashed: {agreement.tentative:g} and {agreement.rely:g}. {agreement.source} "
        f"{note}"
    )
    return Exhibit(figure, " ".join(caption.split()), _agreement_alt(table), tabulate_agreement(agreement))


def _agreement_alt(table: pd.DataFrame) -> str:
    known = table[table["alpha"].notna()]
    if known.empty:
        return "Agreement between coders could not be measured for any code."
    best, worst = known.iloc[0], known.iloc[-1]
    counts = [f"{(known['reading'] == reading).sum()} {words}" for reading, words in WORDS.items()]
    text = (
        f"Of {count_words(len(known), 'code')}, {join_words(counts)}. Highest: {best['name']}, alpha "
        f"{best['alpha']:.2f} "
        f"({range_words((best['lower'], best['upper']))}); lowest: {worst['name']}, alpha {worst['alpha']:.2f} "
        f"({range_words((worst['lower'], worst['upper']))})."
    )
    unknown = table[table["alpha"].isna()]
    return text + (f" Not measurable: {join_words(unknown['name'])}." if len(unknown) else "")


def plot_saturation(saturation: Saturation, *, note: str = "") -> Exhibit | Callout | Reading:
    """Codes heard after each interview: in the order held, and over random orders.

    Parameters
    ----------
    saturation : Saturation
    note : str
        Added to the caption.

    Returns
    -------
    Exhibit, Callout or Reading
        A callout of kind absent where nothing can be drawn of what there is; an empty reading where there is nothing.
        Everybody together; segments are in the table.

    Examples
    --------
    >>> from segmentation.qualitative.saturation import CURVE, SUMMARY
    >>> empty = Saturation(pd.DataFrame(columns=CURVE), pd.DataFrame(columns=SUMMARY), pd.DataFrame(), 4, 2, 0.05, 10, 1)
    >>> plot_saturation(empty)
    Reading(paragraphs=())
    """
    curve = saturation.curve[saturation.curve["segment"] == EVERYBODY]
    if curve.empty:
        return Callout("absent", _saturation_alt(saturation, curve)) if len(saturation.summary) else NOTHING
    figure = draft_figure(height=380, x="Interviews", y="Different codes heard")
    if len(curve):
        n = list(curve["n"])
        figure.add_trace(
            go.Scatter(
                x=n + n[::-1], y=[*curve["upper"], *curve["lower"][::-1]], fill="toself", mode="lines", line={"width": 0},
                fillcolor="rgba(0,114,178,0.18)", name="middle 95 % of random orders", hoverinfo="skip",
            )
        )  # fmt: skip
        line = {"dash": "dash", "color": PALETTE[0]}
        figure.add_trace(go.Scatter(x=n, y=curve["mean"], mode="lines", line=line, name="mean of random orders"))
        marker = {"symbol": "circle", "size": 6}
        figure.add_trace(
            go.Scatter(
                x=n, y=curve["seen"], mode="lines+markers", marker=marker, line={"color": PALETTE[1]}, name="order held"
            )
        )
        reached = saturation.summary.iloc[0]["reached"]
        if not pd.isna(reached):
            figure.add_vline(x=int(reached), line={"dash": "dot", "color": QUIET})
            figure.add_annotation(x=int(reached), y=0, yref="paper", yanchor="bottom", xanchor="left", showarrow=False,
                                  text=f"reached {saturation.summary.iloc[0]['label']}", font={"size": 11, "color": INK})  # fmt: skip
        figure.update_yaxes(rangemode="tozero")
    people = int(curve["n"].max()) if len(curve) else 0
    caption = (
        f"Different codes heard after each interview, n = {people} people. Line with dots: the order the interviews "
        "were held; dashed "
        f"line and band: {saturation.orders:,d} random orders (seed {saturation.random_state}). Rule: base "
        f"{saturation.base}, run "
        f"{saturation.run}, threshold {percent_words(saturation.threshold)} (Guest, Namey and Chen 2020). {saturation.presence} "
        f"{saturation.source} {note}"
    )
    return Exhibit(
        figure, " ".join(caption.split()), _saturation_alt(saturation, curve), tabulate_saturation(saturation)
    )


def _saturation_alt(saturation: Saturation, curve: pd.DataFrame) -> str:
    if curve.empty:
        return "Nothing was coded, so no curve can be drawn."
    row, last = saturation.summary.iloc[0], curve.iloc[-1]
    half = curve.loc[curve["mean"] >= 0.9 * last["seen"], "n"]
    text = f"{last['seen']:.0f} codes were heard in {count_words(int(last['n']), 'interview')}"
    text += f"; on average nine in ten of them after {half.iloc[0]}." if len(half) else "."
    if pd.isna(row["reached"]):
        return f"{text} Saturation was not reached: {row['reason']}."
    return f"{text} Saturation was reached at interview {row['reached']}, and in {percent_words(row['stopped'])} of random orders."


def plot_themes(themes: Themes, *, note: str = "") -> Exhibit | Callout | Reading:
    """Themes by segment: how many of the interviewees have each, written in every cell.

    Parameters
    ----------
    themes : Themes
    note : str
        Added to the caption.

    Returns
    -------
    Exhibit, Callout or Reading
        A callout of kind absent where nothing can be drawn of what there is; an empty reading where there is nothing.
        A star marks cells that differ from the other segments after false discovery control; shade repeats the share.

    Examples
    --------
    >>> from segmentation.qualitative.themes import COLUMNS, OVERALL
    >>> plot_themes(Themes(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=OVERALL), 0, 0))
    Reading(paragraphs=())
    """
    table = themes.table
    segments = list(table["segment"].unique())
    order = themes.overall.sort_values(["k", "name"], ascending=[True, False])
    share = table.pivot(index="code", columns="segment", values="share").reindex(index=order["code"], columns=segments)
    found = table["q"].astype(float) <= themes.alpha
    words = [
        f"{k}/{n}{' ★' if star else ''}" if n else "–" for k, n, star in zip(table["k"], table["n"], found, strict=True)
    ]
    text = table.assign(words=words).pivot(index="code", columns="segment", values="words").reindex_like(share)
    sizes = table.drop_duplicates("segment").set_index("segment")["n"]
    if table.empty:
        return Callout("absent", _themes_alt(themes, found)) if themes.unsegmented else NOTHING
    figure = draft_figure(height=max(260, 90 + 28 * len(order)))
    if len(table):
        figure.add_trace(
            go.Heatmap(
                z=share.astype(float).to_numpy(), x=[f"{_label(s)}<br>n = {sizes[s]}" for s in segments],
                y=[_label(name) for name in order["name"]],
                text=text.to_numpy(), texttemplate="%{text}", textfont={"color": INK}, zmin=0, zmax=1, xgap=2, ygap=2,
                colorscale=[[0, "#FFFFFF"], [1, PALETTE[5]]], colorbar={"title": {"text": "share of<br>people"}, "tickformat": ".0%"},
                hovertemplate="%{y}, %{x}: %{text}<extra></extra>", hoverongaps=False,
            )
        )  # fmt: skip
        figure.update_xaxes(side="top")
    caption = (
        f"Interviewees with each theme, by segment: k of n in each cell, n = {themes.n_people} people. ★: differs from "
        "all other segments, "
        f"exact test, q at most {themes.alpha:g} after false discovery control. {themes.presence} {themes.source} "
        f"{note}"
    )
    return Exhibit(figure, " ".join(caption.split()), _themes_alt(themes, found), tabulate_themes(themes))


def _themes_alt(themes: Themes, found: pd.Series) -> str:
    table = themes.table
    if table.empty:
        return "Nothing was coded, so no themes can be shown."
    top = themes.overall.sort_values(["k", "name"], ascending=[False, True]).iloc[0]
    text = f"The most common theme is {top['name']}, from {top['k']} of {top['n']} people."
    marked = table[found].sort_values("q").head(6)
    if marked.empty:
        return f"{text} No theme differs between segments beyond what chance gives."
    cells = [
        f"{r.name} in {r.segment} ({r.k} of {r.n}, elsewhere {r.rest_k} of {r.rest_n})"
        for r in marked.itertuples(index=False)
    ]
    return f"{text} {found.sum()} of {len(table)} cells stand out: {'; '.join(cells)}."


def plot_interviewees(result: Representativeness, *, most: int = 15, note: str = "") -> Exhibit | Callout | Reading:
    """Where interviewees differ from all customers: the largest standardised differences.

    Parameters
    ----------
    result : Representativeness
    most : int
        Rows drawn.
    note : str
        Added to the caption.

    Returns
    -------
    Exhibit, Callout or Reading
        A callout of kind absent where nothing can be drawn of what there is; an empty reading where there is nothing.

    Examples
    --------
    >>> from segmentation.qualitative.representativeness import COLUMNS, MIX
    >>> nothing = Representativeness(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=MIX), float("nan"), 0, (), ())
    >>> plot_interviewees(nothing)
    Reading(paragraphs=())
    """
    order = result.table["difference"].astype(float).abs().sort_values(ascending=False, kind="stable").index[:most]
    table = result.table.loc[order].iloc[::-1]
    pairs = zip(table["label"], table["level"], strict=True)
    words = [_label(f"{label} = {level}" if level else label) for label, level in pairs]
    if table.empty:
        return Callout("absent", _coverage_alt(result)) if result.n or len(result.unmatched) else NOTHING
    figure = draft_figure(
        height=max(240, 110 + 24 * len(table)), x="Standardised difference (interviewees less everybody)"
    )
    for flagged, name, symbol, colour in (
        (False, "alike", "circle", PALETTE[0]),
        (True, "differs", "diamond", PALETTE[1]),
    ):
        rows = [place for place, flag in enumerate(table["flagged"]) if bool(flag) is flagged]
        if rows:
            figure.add_trace(
                go.Scatter(
                    x=table["difference"].iloc[rows], y=[words[row] for row in rows], mode="markers", name=name,
                    marker={"symbol": symbol, "size": 10, "color": colour}, hovertemplate="%{y}: %{x:+.2f}<extra></extra>",
                )
            )  # fmt: skip
    for line in (-result.threshold, result.threshold):
        figure.add_vline(x=line, line={"dash": "dash", "width": 1.2, "color": QUIET})
    figure.update_yaxes(categoryorder="array", categoryarray=words)
    caption = (
        f"Interviewees (n = {result.n}) against all customers: the {len(table)} largest of {len(result.table)} "
        "standardised differences. "
        f"Dashed: {result.threshold:g} either way; with so few people some cross it by chance. {result.source} {note}"
    )
    return Exhibit(figure, " ".join(caption.split()), _coverage_alt(result), tabulate_interviewees(result, most=most))


def _coverage_alt(result: Representativeness) -> str:
    table = result.table
    if table.empty:
        return "No interviewee could be compared with the customers."
    flagged = table[table["flagged"].astype(bool)].sort_values("difference", key=abs, ascending=False)
    text = f"{len(flagged)} of {len(table)} comparisons of {count_words(result.n, 'interviewee')} with all customers "
    text += f"exceed {result.threshold:g}"
    named = [
        f"{r.label}{f' = {r.level}' if r.level else ''} ({r.difference:+.2f})"
        for r in flagged.head(3).itertuples(index=False)
    ]
    return f"{text}; the largest: {join_words(named)}." if named else f"{text}."
