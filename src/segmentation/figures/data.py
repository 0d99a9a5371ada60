"""Pictures of the input: which sources are linked, what is missing, what changed since last quarter."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..display import format_p
from ..features import Quality, tabulate_drift, tabulate_linkage, tabulate_missing
from ..features.words import table_names
from ..study import Study
from ..words import source_words
from .exhibit import INK, PALETTE, Exhibit, draft_figure

__all__ = ["plot_drift", "plot_linkage", "plot_missing"]

ROW = 26  # pixels of one row of a figure
MARGIN = 120
LIGHT, DARK = "#EAF2F8", PALETTE[0]
WHITE_TEXT_FROM = 0.55  # share from which the ground is dark enough for white text


def plot_linkage(quality: Quality, study: Study, *, source: str = "") -> Exhibit:
    """Share of the units of each table that are also in each other table.

    Parameters
    ----------
    quality : Quality
        From ``assess_quality``.
    study : Study
    source : str
        Where the data come from, for the caption.

    Returns
    -------
    Exhibit
    """
    linkage = quality.linkage.replace({"source": table_names(study), "other": table_names(study)})
    names = list(dict.fromkeys(linkage["source"]))
    n = linkage.drop_duplicates("source").set_index("source")["n"]
    shares = linkage.pivot(index="source", columns="other", values="share").reindex(index=names, columns=names)
    labels = [f"{name} (n = {n[name]:,})" for name in names]
    figure = draft_figure(height=MARGIN + ROW * max(len(names), 4) + 40)
    if names:
        figure.add_trace(
            go.Heatmap(
                z=shares.to_numpy(float),
                x=names,
                y=labels,
                zmin=0,
                zmax=1,
                colorscale=[[0, LIGHT], [1, DARK]],
                showscale=False,
                hoverongaps=False,
                hovertemplate="%{z:.1%} of %{y} also in %{x}<extra></extra>",
            )
        )
    for row in linkage[linkage["n"] > 0].itertuples():
        figure.add_annotation(
            x=row.other,
            y=labels[names.index(row.source)],
            text=_per_cent(row.share),
            showarrow=False,
            font={"color": "#FFFFFF" if row.share >= WHITE_TEXT_FROM else INK},
        )
    figure.update_layout(yaxis={"autorange": "reversed", "showgrid": False}, xaxis={"side": "top", "showgrid": False})
    figure.update_layout(margin={"t": 40})
    caption = (
        f"Links between sources: of the {study.units} in the table at the left, the share that is also in the table above; "
        f"n stands at the left.{closing(study, source)}"
    )
    return Exhibit(figure, caption, _linkage_alt(linkage, study), tabulate_linkage(quality, study))


def plot_missing(quality: Quality, study: Study, *, source: str = "") -> Exhibit:
    """Share of units for which each variable is missing, most first; base variables are marked by a filled square.

    Parameters
    ----------
    quality : Quality
    study : Study
    source : str

    Returns
    -------
    Exhibit
    """
    ordered = quality.missing.sort_values("share", ascending=False, kind="stable")
    words = [study.variable(name).words for name in ordered["variable"]]
    figure = draft_figure(height=MARGIN + ROW * max(len(words), 4), x=f"share of {study.units} without a value")
    styles = (
        ("base", "base variables", "square", PALETTE[0]),
        ("descriptor", "descriptors", "circle-open", PALETTE[1]),
        ("outcome", "outcomes", "diamond-open", PALETTE[2]),
    )
    for role, label, symbol, colour in styles:
        part = ordered[ordered["role"] == role]
        if part.empty:
            continue
        figure.add_scatter(
            x=part["share"],
            y=[study.variable(name).words for name in part["variable"]],
            name=label,
            mode="markers",
            marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2}},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"range": [-0.02, 1.02], "tickformat": ".0%"},
        yaxis={"categoryorder": "array", "categoryarray": words[::-1]},
    )
    caption = (
        f"Missing values by variable. n = {quality.units:,} {study.units}; squares are base variables, which form the "
        f"segments.{closing(study, source)}"
    )
    return Exhibit(figure, caption, _missing_alt(ordered, study), tabulate_missing(quality, study))


def plot_drift(drift: pd.DataFrame, study: Study, *, source: str = "") -> Exhibit:
    """Change of each variable since last quarter; filled diamonds are more than chance, open circles are not.

    Parameters
    ----------
    drift : pandas.DataFrame
    study : Study
    source : str

    Returns
    -------
    Exhibit
    """
    tested = drift[drift["p"].notna()]
    order = tested["effect"].astype(float).abs().sort_values(ascending=False, kind="stable").index
    tested = tested.loc[order]
    words = [study.variable(name).words for name in tested["variable"]]
    figure = draft_figure(height=MARGIN + ROW * max(len(words), 4), x="effect (0: no change)")
    sure = tested["q"].astype(float) <= study.choices.alpha
    styles = ((sure, "more than chance", "diamond", PALETTE[1]), (~sure, "within chance", "circle-open", PALETTE[0]))
    for chosen, label, symbol, colour in styles:
        part = tested[chosen]
        if part.empty:
            continue
        figure.add_scatter(
            x=part["effect"].astype(float),
            y=[study.variable(name).words for name in part["variable"]],
            name=label,
            mode="markers",
            marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2}},
            customdata=[
                (kind, format_p(q)) for kind, q in zip(part["effect_kind"], part["q"].astype(float), strict=True)
            ],
            hovertemplate="%{y}: %{x:+.2f} (%{customdata[0]}, q %{customdata[1]})<extra></extra>",
        )
    if len(tested):
        figure.add_vline(x=0, line={"dash": "dot", "color": PALETTE[-1]})
    figure.update_layout(yaxis={"categoryorder": "array", "categoryarray": words[::-1]})
    caption = (
        f"Change since last quarter: difference of the means in standard deviations between {study.units}, for names Cramer's "
        f"V (0 to 1). {_drift_n(tested, study)} Filled: more than chance at a false discovery rate of "
        f"{study.choices.alpha:.0%}.{closing(study, source)}"
    )
    return Exhibit(figure, caption, _drift_alt(tested, sure, study), tabulate_drift(drift, study))


def closing(study: Study, source: str) -> str:
    """End of a caption: the source, and that data are made up where they are and the source does not say it."""
    said = source_words(source)
    return f"{said} Synthetic data." if study.synthetic and "synthetic" not in said else said


def _linkage_alt(linkage: pd.DataFrame, study: Study) -> str:
    shown = linkage[linkage["n"] > 0]
    if shown.empty:
        return f"Grid of links between sources: no two tables hold {study.units}, so there is no link to show."
    worst, best = shown.loc[shown["share"].idxmin()], shown.loc[shown["share"].idxmax()]
    return (
        f"Grid of links between {linkage['source'].nunique()} tables. Lowest: {_per_cent(worst['share'])} of the "
        f"{worst['n']:,} {study.units} in {worst['source']} are also in {worst['other']}; highest: {_per_cent(best['share'])} "
        f"of the {best['n']:,} in {best['source']} are in {best['other']}."
    )


def _missing_alt(ordered: pd.DataFrame, study: Study) -> str:
    gaps = ordered[ordered["missing"] > 0]
    if gaps.empty:
        return f"Dots by variable: none of the {len(ordered)} variables has missing values."
    worst = gaps.iloc[0]
    return (
        f"Dots by variable: {len(gaps)} of {len(ordered)} variables have missing values, most of all "
        f"{study.variable(worst['variable']).words} with {_per_cent(worst['share'])} of {worst['n']:,} {study.units}."
    )


def _drift_n(tested: pd.DataFrame, study: Study) -> str:
    if tested.empty:
        return "n = 0: there is no earlier quarter to compare with."
    return f"n = up to {int(tested['n'].max()):,} {study.units} this quarter, {int(tested['n_previous'].max()):,} last."


def _drift_alt(tested: pd.DataFrame, sure: pd.Series, study: Study) -> str:
    if tested.empty:
        return "Empty figure: there is no earlier quarter to compare with."
    largest = tested.iloc[0]
    return (
        f"Dots by variable: {int(sure.sum())} of {len(tested)} variables changed by more than chance; the largest change is "
        f"{float(largest['effect']):+.2f} in {study.variable(largest['variable']).words}."
    )


def _per_cent(share: float) -> str:
    """Whole per cents, except where that would claim none or all."""
    near = 0 < share < 0.005 or 0.995 <= share < 1
    return f"{share:.1%}" if near else f"{share:.0%}"
