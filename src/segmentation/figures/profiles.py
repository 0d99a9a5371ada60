"""Pictures of segments: what marks each, and how its people compare with everybody."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from ..display import Table
from ..profiling import tabulate_profile
from ..profiling.words import effective_size, is_weighted, number, row_words
from ..study import Study
from ..words import count_words
from .data import closing
from .exhibit import PALETTE, Exhibit, draft_figure, segment_colours

__all__ = ["plot_index", "plot_profile"]

ROW = 24  # pixels of one variable in one panel
HEAD = 90
COLUMNS = 3
SHOWN = 12
TICKS = (10, 30, 100, 300, 1000)
FLOOR = 5  # a logarithmic axis has no 0
QUIET = PALETTE[-1]


def plot_profile(profile: pd.DataFrame, study: Study, *, source: str = "") -> Exhibit:
    """The segment profile plot: a panel a segment, a row a base variable, segment beside everybody.

    Parameters
    ----------
    profile : pandas.DataFrame
        From ``profile_segments``; similar variables already stand beside each other.
    study : Study
    source : str
        Where the data come from, for the caption.

    Returns
    -------
    Exhibit
        Values are drawn in standard deviations from everybody's; markers are filled diamonds with their value in natural
        units, other values open circles, whiskers 95 % intervals, the small dot at 0 everybody.
    """
    rows = profile[profile["role"] == "base"].reset_index(drop=True)
    rows = rows.assign(words=[row_words(row.variable, row.level, study) for row in rows.itertuples()])
    words = list(dict.fromkeys(rows["words"]))
    figure, segments = _panels(rows, profile, len(words), "standard deviations from everybody")
    colours = segment_colours(segments)
    for place, segment in enumerate(segments):
        part = rows[(rows["segment"] == segment) & rows["z"].notna()]
        where = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        everybody = {"symbol": "circle", "size": 5, "color": QUIET}
        figure.add_scatter(
            x=[0.0] * len(words), y=words, mode="markers", marker=everybody, name="everybody", hoverinfo="skip",
            legendgroup="everybody", showlegend=place == 0, **where,
        )  # fmt: skip
        for marked in (False, True):
            _add_values(figure, part[part["marker"] == marked], study, colours[segment], marked, where)
    _order_rows(figure, words)
    sizes = int(profile.drop_duplicates("segment")["size"].sum())
    caption = (
        f"Segment profiles, base variables. n = {sizes:,} {study.units}, by segment above each panel. 0 is everybody's "
        "average (small dot), 1 is one standard deviation: a typical distance from the average. Whiskers: 95 % interval. "
        "Filled diamonds mark what stands out, with the value in its own units: a quarter of the range or half of "
        f"everybody's value away, and beyond its interval. The base variables formed the segments.{_weight_words(profile)}"
        f"{closing(study, source)}"
    )
    return Exhibit(figure, caption, _profile_alt(rows, segments, study), tabulate_profile(profile, study))


def plot_index(
    profile: pd.DataFrame, study: Study, *, base: bool = False, shown: int = SHOWN, source: str = ""
) -> Exhibit:
    """Index of descriptors against everybody (100), with intervals: the rows in which a segment stands out most.

    Parameters
    ----------
    profile : pandas.DataFrame
        From ``profile_segments``.
    study : Study
    base : bool
        Draw the base variables instead, of which there is no test: markers follow rule and interval alone.
    shown : int
        Rows (variables or levels) drawn, those with markers first, then by the largest deviation from 100.
    source : str
        Where the data come from, for the caption.

    Returns
    -------
    Exhibit
    """
    rows = profile[((profile["role"] == "base") == base) & profile["index"].notna()].reset_index(drop=True)
    rows = rows.assign(words=[row_words(row.variable, row.level, study) for row in rows.itertuples()])
    rows, left_out = _strongest(rows, shown)
    words = list(dict.fromkeys(rows["words"]))
    figure, segments = _panels(rows, profile, len(words), "index (100: everybody)")
    colours = segment_colours(segments)
    for place, segment in enumerate(segments):
        where = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        part = rows[rows["segment"] == segment]
        for marked in (False, True) if words else ():
            _add_indices(figure, part[part["marker"] == marked], colours[segment], marked, where)
        if words:
            figure.add_vline(x=100, line={"dash": "dot", "color": QUIET}, exclude_empty_subplots=False, **where)
    _order_rows(figure, words)
    figure.update_xaxes(type="log", tickvals=TICKS, ticktext=[str(tick) for tick in TICKS])
    sizes = int(profile.drop_duplicates("segment")["size"].sum())
    low = f" Values under {FLOOR} are drawn at {FLOOR}." if (rows["index_lower"] < FLOOR).any() else ""
    more = f" {left_out:,} further rows are in the tables only." if left_out else ""
    sign = (
        f"Filled diamonds stand out and survive a false discovery rate of {study.choices.alpha:.0%} over all descriptors"
        if not base
        else "Filled diamonds stand out; the base variables formed the segments, so there is no test of them"
    )
    caption = (
        f"{'Base variables' if base else 'Descriptors'} of each segment as an index: 100 is everybody, 200 twice as much or as often. "
        f"n = {sizes:,} {study.units}, by segment above each panel. Whiskers: 95 % interval, which allows for the segment being part of "
        f"everybody. {sign}; "
        f"cells under {study.choices.min_cell} {study.units} are withheld.{_weight_words(profile)}{low}{more}{closing(study, source)}"
    )
    return Exhibit(figure, caption, _index_alt(rows, base), _index_table(rows, caption, base))


def _alike(profile: pd.DataFrame, segment: str) -> str:
    """Effective base of a panel's title; nothing where the study has no weights."""
    if not is_weighted(profile):
        return ""
    return f", effective base {effective_size(profile[profile['segment'] == segment]):,.0f}"


def _weight_words(profile: pd.DataFrame) -> str:
    return " Weighted; the effective base is what unequal weights leave of n." if is_weighted(profile) else ""


def _panels(rows: pd.DataFrame, profile: pd.DataFrame, n_words: int, axis: str) -> tuple[go.Figure, list[str]]:
    sizes = profile.drop_duplicates("segment").set_index("segment")["size"]
    segments = list(sizes.index)
    columns = min(COLUMNS, len(segments))
    lines = math.ceil(len(segments) / columns)
    height = lines * (HEAD + ROW * max(n_words, 3)) + 60
    figure = draft_figure(height=height)
    titles = [f"{segment} (n = {size:,}{_alike(profile, segment)})" for segment, size in sizes.items()]
    figure.set_subplots(
        rows=lines, cols=columns, shared_xaxes="all", shared_yaxes="all", subplot_titles=titles,
        horizontal_spacing=0.03, vertical_spacing=min(0.08 * 3 / max(lines, 3), HEAD / height),
    )  # fmt: skip
    style = draft_figure().layout
    for update, kept in ((figure.update_xaxes, style.xaxis), (figure.update_yaxes, style.yaxis)):
        update(gridcolor=kept.gridcolor, zerolinecolor=kept.zerolinecolor, automargin=True)
    for place in range(len(segments)):
        if place + columns >= len(segments):  # lowest panel of its column
            figure.update_xaxes(showticklabels=True, row=place // columns + 1, col=place % columns + 1)
    figure.update_xaxes(title_text=axis, row=lines, col=1)
    figure.update_layout(margin={"t": 70}, legend={"y": 1 + 45 / height})
    return figure, segments


def _add_values(
    figure: go.Figure, part: pd.DataFrame, study: Study, colour: str, marked: bool, where: Mapping[str, int]
) -> None:
    values = [number(r.estimate, r.variable, r.level, study) for r in part.itertuples()]
    figure.add_scatter(
        x=part["z"],
        y=part["words"],
        mode="markers+text" if marked else "markers",
        text=values,
        textposition="top center",
        textfont={"size": 11},
        marker=_mark(colour, marked),
        error_x={"type": "data", "symmetric": False, "array": part["z_upper"] - part["z"],
                 "arrayminus": part["z"] - part["z_lower"], "color": colour, "thickness": 1.5},
        name="stands out" if marked else "segment",
        legendgroup=str(marked),
        showlegend=where == {"row": 1, "col": 1},
        customdata=[
            f"{own}, everybody {number(r.total, r.variable, r.level, study)}{_index_words(r)}, n = {r.base:,}"
            for own, r in zip(values, part.itertuples(), strict=True)
        ],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
        **where,
    )  # fmt: skip


def _index_words(row: object) -> str:
    return "" if pd.isna(row.index) else f", index {row.index:.0f}"


def _add_indices(figure: go.Figure, part: pd.DataFrame, colour: str, marked: bool, where: Mapping[str, int]) -> None:
    x, low, high = (part[name].astype(float).clip(lower=FLOOR) for name in ("index", "index_lower", "index_upper"))
    figure.add_scatter(
        x=x,
        y=part["words"],
        mode="markers",
        marker=_mark(colour, marked),
        error_x={"type": "data", "symmetric": False, "array": high - x, "arrayminus": x - low,
                 "color": colour, "thickness": 1.5},
        name="stands out" if marked else "segment",
        legendgroup=str(marked),
        showlegend=where == {"row": 1, "col": 1},
        customdata=part["index"],
        hovertemplate="%{y}: index %{customdata:.0f}<extra></extra>",
        **where,
    )  # fmt: skip


def _mark(colour: str, marked: bool) -> dict[str, object]:
    """Emphasis by fill and by symbol, so that colour is not the only sign."""
    return {"symbol": "diamond" if marked else "circle-open", "size": 11 if marked else 8, "color": colour}


def _order_rows(figure: go.Figure, words: list[str]) -> None:
    figure.update_yaxes(categoryorder="array", categoryarray=words[::-1], range=[-0.7, max(len(words), 1) - 0.3])


def _strongest(rows: pd.DataFrame, shown: int) -> tuple[pd.DataFrame, int]:
    """The rows to draw, in the profile's order, and how many are left out."""
    strength = rows.assign(off=(rows["index"] - 100).abs()).groupby("words", sort=False)[["marker", "off"]].max()
    kept = strength.sort_values(["marker", "off"], ascending=False, kind="stable").index[:shown]
    return rows[rows["words"].isin(kept)], max(len(strength) - shown, 0)


def _profile_alt(rows: pd.DataFrame, segments: list[str], study: Study) -> str:
    said = []
    for segment in segments:
        part = rows[(rows["segment"] == segment) & rows["marker"]]
        if part.empty:
            said.append(f"{segment}: nothing stands out")
            continue
        top = part.loc[part["z"].abs().idxmax()]
        own, total = (number(top[key], top["variable"], top["level"], study) for key in ("estimate", "total"))
        many = f"{len(part)} stand out, most" if len(part) > 1 else "1 stands out,"
        said.append(f"{segment}: {many} {top['words']} with {own} against {total}")
    return f"A panel for each of {count_words(len(segments), 'segment')}. {'; '.join(said)}."


def _index_alt(rows: pd.DataFrame, base: bool) -> str:
    marked = rows[rows["marker"]]
    if marked.empty:
        what = (
            "base variable stands out in any segment" if base else "descriptor stands out in any segment beyond chance"
        )
        return f"A panel a segment: no {what}."
    high, low = marked.loc[marked["index"].idxmax()], marked.loc[marked["index"].idxmin()]
    return (
        f"A panel a segment: {len(marked)} cells stand out. Highest: {high['words']} in {high['segment']}, index "
        f"{high['index']:.0f} ({high['index_lower']:.0f} to {high['index_upper']:.0f}); lowest: {low['words']} in "
        f"{low['segment']}, index {low['index']:.0f} ({low['index_lower']:.0f} to {low['index_upper']:.0f})."
    )


def _index_table(rows: pd.DataFrame, caption: str, base: bool) -> Table:
    frame = rows[["segment", "words", "n", "base", "index", "index_lower", "index_upper", "marker"]]
    frame = frame.assign(marker=["yes" if marked else "no" for marked in frame["marker"]], n=frame["n"].astype(object))
    names = {
        "words": "base variable" if base else "descriptor",
        "index_lower": "from",
        "index_upper": "to",
        "marker": "stands out",
    }
    short = caption.split(". ")[0] + "."
    formats = {"index": ".0f", "from": ".0f", "to": ".0f"}
    return Table(frame.rename(columns=names), f"{short} n and base stand in the columns.", formats)
