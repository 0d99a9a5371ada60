"""The journey map as a drawing of its own: what was measured and what was told at each stage, and where a message is missing."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from ..messaging.journey_words import say_wait
from ..messaging.rates import say_share
from .exhibit import INK, PALETTE

__all__ = ["draw_journey_map", "draw_journey_maps"]

WIDTH, LABEL, GAP = 1060, 138, 10
QUIET, LINE, PAPER, NONE = "#52606d", "#d3dae1", "#ffffff", "#eef1f4"
LANES = {"stage": 0, "reach": 44, "go": 122, "touch": 172, "feel": 238, "quote": 364, "message": 476}
HEIGHT = 560


def draw_journey_maps(
    journeys: pd.DataFrame, told: pd.DataFrame, messages: pd.DataFrame, personas: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """A journey map for each persona.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it, with rows of personas.
    told : pandas.DataFrame
        As ``summarise_told`` returns it.
    messages : pandas.DataFrame
        As ``load_messages`` returns it.
    personas : sequence of mapping
        persona_id, name, segment_id.

    Returns
    -------
    dict of str to str
        Persona id to SVG; empty without a journey.
    """
    found = {}
    for persona in personas if len(journeys) else ():
        identifier, segment = persona["persona_id"], str(persona["segment_id"])
        rows = journeys[(journeys["persona_id"] == identifier) & ~journeys["withheld"].astype(bool)]
        whose = f"{persona['name']}, accounts with its defining attributes"
        if rows.empty:
            rows = journeys[(journeys["segment"] == segment) & (journeys["persona_id"] == "")]
            rows, whose = (
                rows[~rows["withheld"].astype(bool)],
                f"all of segment {segment} (too few have the persona's attributes)",
            )
        heard = told[told["persona_id"] == identifier]
        sent = messages[(messages["persona_id"] == identifier) & (messages["status"] != "retired")]
        if len(rows):
            found[identifier] = draw_journey_map(rows, heard, sent, title=f"Journey of {persona['name']}", whose=whose)
    return found


def draw_journey_map(rows: pd.DataFrame, told: pd.DataFrame, messages: pd.DataFrame, *, title: str, whose: str) -> str:
    """One journey map as SVG: stages from left to right; reach, going on and channels above, emotion and words below.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of one segment or persona of ``map_journey``.
    told : pandas.DataFrame
        Its rows of ``summarise_told``.
    messages : pandas.DataFrame
        Its messages.
    title, whose : str
        Title of the drawing; whose journey was measured.

    Returns
    -------
    str
        Shapes and words only; every word from outside is escaped.
    """
    rows = rows.sort_values("position").reset_index(drop=True)
    width = (WIDTH - LABEL) / len(rows)
    heard = told.set_index("stage") if len(told) else pd.DataFrame()
    parts = [_lane_labels()]
    for place, row in enumerate(rows.to_dict("records")):
        left = LABEL + place * width
        here = heard.loc[row["stage"]] if row["stage"] in heard.index else None
        parts.append(_column(row, here, messages[messages["stage"] == row["stage"]], left, width))
    parts.append(_emotion_line(rows, heard, width))
    finding = _finding(rows, heard)
    name, words = html.escape(title), html.escape(f"{title}. Measured: {whose}. {finding}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{words}" font-family="system-ui, sans-serif" font-size="12.5" fill="{INK}"><title>{name}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _lane_labels() -> str:
    lanes = {
        "reach": ("Reached", "measured"), "go": ("Days to go on", "measured"), "touch": ("Channels", "measured"),
        "feel": ("Feeling", "told"), "quote": ("In their words", "told"), "message": ("Our messages", "written"),
    }  # fmt: skip
    drawn = []
    for key, (name, how) in lanes.items():
        top = LANES[key]
        drawn.append(f'<line x1="0" x2="{WIDTH}" y1="{top - 6}" y2="{top - 6}" stroke="{LINE}"/>')
        drawn.append(_text(4, top + 14, name, weight=600) + _text(4, top + 31, how, colour=QUIET))
    return "".join(drawn)


def _column(row: dict[str, Any], told: pd.Series | None, messages: pd.DataFrame, left: float, width: float) -> str:
    inner, chars = width - GAP, int((width - GAP) / 6.6)
    middle = left + inner / 2
    drawn = [
        f'<path d="M{left:.1f} 4 h{inner - 10:.1f} l10 14 l-10 14 h-{inner - 10:.1f} z" fill="{PALETTE[0]}"/>',
        _text(middle, 23, str(row["stage"]).replace("_", " ").capitalize(), anchor="middle", colour=PAPER, weight=600),
        _bar(row, left, inner), _wrapped(left, LANES["reach"] + 46, say_share(row["reached"], row["n"]), chars, 1),
        _wrapped(left, LANES["go"] + 14, _days(row), chars, 2, colour=INK),
        _wrapped(left, LANES["touch"] + 14, str(row["channels"]).replace("_", " ") or "not on record", chars, 3,
                 colour=INK if row["channels"] else QUIET),
    ]  # fmt: skip
    words = "Nobody told anything" if told is None else f"“{told['text']}” ({told['participant']})"
    drawn.append(_wrapped(left, LANES["quote"] + 14, words, chars, 6, colour=QUIET if told is None else INK))
    if messages.empty:
        drawn.append(
            f'<rect x="{left:.1f}" y="{LANES["message"]}" width="{inner:.1f}" height="40" rx="6" fill="{NONE}"/>'
        )
        drawn.append(_text(left + 8, LANES["message"] + 24, "none", colour=QUIET))
    else:
        count = f"{len(messages)}: {', '.join(dict.fromkeys(messages['channel']))}".replace("_", " ")
        first = f"“{messages['text'].iloc[0]}”"
        drawn.append(_wrapped(left, LANES["message"] + 14, count, chars, 1, weight=600))
        drawn.append(_wrapped(left, LANES["message"] + 31, first, chars, 3))
    return "".join(drawn)


def _bar(row: dict[str, Any], left: float, inner: float) -> str:
    """Share as a bar, its interval as a whisker."""
    top = LANES["reach"] + 4
    low, high = (left + inner * float(row[end]) for end in ("lower", "upper"))
    return (
        f'<rect x="{left:.1f}" y="{top}" width="{inner:.1f}" height="18" fill="{NONE}"/>'
        f'<rect x="{left:.1f}" y="{top}" width="{inner * float(row["share"]):.1f}" height="18" fill="{PALETTE[0]}" fill-opacity="0.55"/>'
        f'<path d="M{low:.1f} {top + 4} v10 M{low:.1f} {top + 9} H{high:.1f} M{high:.1f} {top + 4} v10" stroke="{INK}" fill="none"/>'
    )


def _days(row: dict[str, Any]) -> str:
    if row["position"] == 0:
        return "the first stage"
    if pd.isna(row["median_days"]):
        return "fewer than half went on so far" if 2 * row["converted"] < row["previous"] else "no time can be told"
    return f"{say_wait(row['median_days'], row['median_lower'], row['median_upper'])} days until half had"


def _emotion_line(rows: pd.DataFrame, heard: pd.DataFrame, width: float) -> str:
    """Points at the mean of people's emotions, from very bad at the bottom to very good at the top."""
    top, tall = LANES["feel"] + 8, 88
    level = {2: "very good", 0: "neither", -2: "very bad"}
    drawn = [
        _text(LABEL - 8, top + tall / 4 * (2 - value) + 4, name, anchor="end", colour=QUIET, size=11)
        for value, name in level.items()
    ]
    drawn.append(f'<path d="M{LABEL} {top + tall / 2} H{WIDTH - GAP}" stroke="{LINE}" stroke-dasharray="3 4"/>')
    points = []
    for place, stage in enumerate(rows["stage"]):
        middle = LABEL + place * width + (width - GAP) / 2
        if stage not in heard.index or pd.isna(heard.at[stage, "emotion"]):
            drawn.append(_text(middle, top + tall / 2 + 16, "not told", anchor="middle", colour=QUIET))
            continue
        said = heard.loc[stage]
        points.append((middle, top + tall / 4 * (2 - float(said["emotion"])), said))
    for (x, y, _), (next_x, next_y, _) in pairwise(points):
        if next_x - x < 1.5 * width:  # no line across a stage that nobody spoke of
            way = f"M{x:.1f} {y:.1f} L{next_x:.1f} {next_y:.1f}"
            drawn.append(f'<path d="{way}" stroke="{PALETTE[1]}" stroke-width="2" fill="none"/>')
    for x, y, said in points:
        ends = [top + tall / 4 * (2 - float(said[end])) for end in ("lowest", "highest")]
        drawn.append(
            f'<path d="M{x:.1f} {ends[0]:.1f} V{ends[1]:.1f}" stroke="{PALETTE[1]}" stroke-opacity="0.5" stroke-width="5"/>'
        )
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{PALETTE[1]}"/>')
        people = f"{said['people']} {'person' if said['people'] == 1 else 'people'}"
        beside = min(*ends, y) - 11 if said["highest"] <= 1 else max(*ends, y) + 19  # clear of the bar and the point
        drawn.append(_text(x, beside, f"{said['emotion']:+.1f}, {people}", size=11.5, anchor="middle", halo=True))
    return "".join(drawn)


def _finding(rows: pd.DataFrame, heard: pd.DataFrame) -> str:
    """What the drawing shows, for who cannot see it."""
    reach = "; ".join(f"{str(r.stage).replace('_', ' ')} {say_share(r.reached, r.n)}" for r in rows.itertuples())
    felt = heard.dropna(subset=["emotion"]) if len(heard) else heard
    feeling = "; ".join(f"{str(stage).replace('_', ' ')} {row['emotion']:+.1f}" for stage, row in felt.iterrows())
    return f"Reached: {reach}. Feeling told, -2 to 2: {feeling or 'nobody told anything'}."


def _wrapped(x: float, y: float, words: str, chars: int, lines: int, *, colour: str = INK, weight: int = 400) -> str:
    """Words in at most so many lines, the last one cut with an ellipsis."""
    wrapped = textwrap.wrap(words, chars, max_lines=lines, placeholder=" …")
    return "".join(
        _text(x, y + 16.5 * number, line, colour=colour, weight=weight) for number, line in enumerate(wrapped)
    )


def _text(
    x: float,
    y: float,
    words: str,
    *,
    colour: str = INK,
    weight: int = 400,
    anchor: str = "start",
    size: float = 12.5,
    halo: bool = False,
) -> str:
    style = f' font-weight="{weight}"' if weight != 400 else ""
    style += f' text-anchor="{anchor}"' if anchor != "start" else ""
    style += f' font-size="{size}"' if size != 12.5 else ""
    style += f' fill="{colour}"' if colour != INK else ""
    style += f' paint-order="stroke" stroke="{PAPER}" stroke-width="4" stroke-linejoin="round"' if halo else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{style}>{html.escape(words, quote=False)}</text>'
