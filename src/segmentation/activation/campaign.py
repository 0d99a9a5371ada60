"""Files for those who write and plan: the campaign pack, the journey for whiteboards, cells made harmless for spreadsheets."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..messaging.pack_words import pack_page, trace_words
from ..workspace import Workspace
from .reread import MIRO_TEXT, check_file, check_table
from .safe import make_safe

__all__ = ["STICKY_COLUMNS", "export_journey", "export_pack", "format_pack_markdown", "list_stickies"]

STICKY_COLUMNS = ("text", "stage", "lane", "persona_id", "emotion", "color", "source", "n", "x", "y")
# names that both whiteboards know, and Miro's word for each
_COLOURS = {
    "measured": ("BLUE", "light_blue"),
    "told": ("ORANGE", "orange"),
    "gap": ("GRAY", "gray"),
    "message": ("GREEN", "light_green"),
}
_BATCH = 20  # items Miro takes in one call
_ROOM = 280  # between two stickies: one of FigJam's is 240 wide, one of Miro's 199


def export_pack(
    run: Workspace, pack: pd.DataFrame, personas: Sequence[Mapping[str, Any]], *, plan: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Write ``exports/campaign_pack/``: one CSV of all lines, one Markdown page a persona.

    Parameters
    ----------
    run : Workspace
    pack : pandas.DataFrame
        As ``compose_pack`` returns it.
    personas : sequence of mapping
    plan : pandas.DataFrame, optional
        As ``plan_channels`` returns it: how many people each piece reaches.

    Returns
    -------
    pandas.DataFrame
        The pack, unchanged. Its pages are kept as the result ``pack``.
    """
    if len(pack):
        safe = pack.assign(trace=[trace_words(row) for row in pack.to_dict("records")]).map(make_safe)
        text = safe.to_csv(index=False, lineterminator="\n")
        run.write_text("exports/campaign_pack/campaign_pack.csv", check_table(text, safe.columns, "campaign_pack.csv"))
    pages = pack_page(pack, personas, plan=plan, min_cell=run.study.choices.min_cell) if len(pack) else []
    run.write_json("pack", pages)
    for page in pages:
        text = format_pack_markdown(page, note=run.note)
        run.write_text(f"exports/campaign_pack/{page['persona_id']}.md", text)
    return pack


def format_pack_markdown(page: Mapping[str, Any], *, note: str = "") -> str:
    """A persona's pieces as Markdown; what was written by people cannot become markup.

    Parameters
    ----------
    page : mapping
        One item of ``pack_page``.
    note : str
        A line at the top.

    Returns
    -------
    str
    """
    lines = [f"# Campaign pack: {_plain(page['name'])} ({_plain(page['segment'])})", ""]
    lines += [note, ""] if note else []
    for piece in page["pieces"]:
        lines += [f"## {piece['title']}", ""]
        lines += [_plain(piece["plan"]), ""] if piece.get("plan") else []
        for line in piece["lines"]:
            mark = "**GAP** " if line["kind"] == "gap" else ""
            lines.append(f"- **{_plain(line['part'])}:** {mark}{_plain(line['text'])}")
            lines += [f"  Rests on: {_plain(line['trace'])}."] if line["trace"] else []
            lines += [f"  Note: {_plain(line['notes'])}."] if line["notes"] else []
        lines.append("")
    return "\n".join(lines)


def _plain(text: object) -> str:
    escaped = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]#|~!])", r"\\\1", escaped)


def export_journey(
    run: Workspace, journeys: pd.DataFrame, told: pd.DataFrame, maps: Mapping[str, str], mermaid: str
) -> dict[str, str]:
    """Write ``exports/journey/``: the drawing of each persona, the Mermaid diagram, and stickies for whiteboards.

    Parameters
    ----------
    run : Workspace
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    told : pandas.DataFrame
        As ``summarise_told`` returns it.
    maps : mapping of str to str
        As ``draw_journey_maps`` returns them; also kept for the page of messages.
    mermaid : str
        As ``format_mermaid`` returns it.

    Returns
    -------
    dict of str to str
        The maps.
    """
    run.write_json("journey_maps", dict(maps))
    if journeys.empty:
        return dict(maps)
    run.write_text("exports/journey/journey.mmd", mermaid)
    for persona, drawing in maps.items():
        run.write_text(f"exports/journey/{persona}.svg", drawing)
    stickies = list_stickies(journeys, told)
    safe = stickies.map(lambda cell: "" if pd.isna(cell) else make_safe(cell))
    text = safe.to_csv(index=False, lineterminator="\n")
    run.write_text("exports/journey/stickies.csv", check_table(text, STICKY_COLUMNS, "stickies.csv"))
    items = json.dumps(_items(stickies), ensure_ascii=False, indent=1) + "\n"
    check_file("miro", items.encode(), "miro_items.json")
    run.write_text("exports/journey/miro_items.json", items)
    return dict(maps)


def list_stickies(journeys: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """One sticky note for each thing measured or told, placed by stage and lane.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it; withheld rows make no sticky.
    told : pandas.DataFrame
        As ``summarise_told`` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns ``STICKY_COLUMNS``; the first reads well alone, since some whiteboards paste only that. lane is the segment or the
        persona, source is measured or told, n the units or people it rests on.
    """
    stages = journeys.sort_values("position").drop_duplicates("stage")["stage"].tolist()
    rows = []
    lanes: dict[tuple[str, str], int] = {}
    for row in journeys[~journeys["withheld"].astype(bool)].to_dict("records"):
        share = f"{100 * row['share']:.0f} % reached {_stage(row['stage'])} ({row['reached']:.0f} of {row['n']})"
        place = _place(row, stages, lanes)
        rows.append(_sticky(f"{row['segment']}: {share}", row, place, source="measured", n=int(row["n"])))
    for row in told.to_dict("records") if len(told) else ():
        x, y = _place(row, stages, lanes)
        words = f"“{row['text']}” ({row['participant']})"
        rows.append(_sticky(words, row, (x, y + _ROOM), source="told", n=row["people"]) | {"emotion": row["emotion"]})
    return pd.DataFrame(rows, columns=list(STICKY_COLUMNS))


def _place(row: Mapping[str, Any], stages: Sequence[str], lanes: dict[tuple[str, str], int]) -> tuple[int, int]:
    """Stages go from left to right, who they are of from top to bottom."""
    lane = lanes.setdefault((row["segment"], row["persona_id"]), len(lanes))
    return stages.index(row["stage"]) * _ROOM, lane * 3 * _ROOM


def _sticky(words: str, row: Mapping[str, Any], place: tuple[int, int], *, source: str, n: int) -> dict[str, Any]:
    return {
        "text": words, "stage": _stage(row["stage"]), "lane": row["persona_id"] or row["segment"], "persona_id": row["persona_id"],
        "emotion": None, "color": _COLOURS[source][0], "source": source, "n": n, "x": place[0], "y": place[1],
    }  # fmt: skip


def _items(stickies: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """Sticky notes as Miro's REST interface takes them, in calls of at most twenty; the text is HTML there, escaped and shortened."""
    miro = dict(_COLOURS.values())
    items = [
        {
            "type": "sticky_note", "data": {"content": _short(row["text"]), "shape": "square"},
            "style": {"fillColor": miro[row["color"]]}, "position": {"x": row["x"], "y": row["y"]},
        }
        for row in stickies.to_dict("records")
    ]  # fmt: skip
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]


def _short(text: str) -> str:
    """Text of a sticky note, escaped, within what Miro takes."""
    shown = text if len(html.escape(text)) < MIRO_TEXT else text[: MIRO_TEXT // 10] + " …"
    return html.escape(shown)


def _stage(stage: object) -> str:
    return str(stage).replace("_", " ")
