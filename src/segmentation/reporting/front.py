"""The front door: what was asked, found, changed, to be decided, and how far to trust it, collected from the stages' summaries."""

from __future__ import annotations

from typing import Any

from ..personas import with_verdicts
from ..workspace import Workspace
from .stages import STAGES, Stage

__all__ = ["PACK_TITLE", "build_front", "pack_contents"]

PACK_TITLE = "What can we send to each persona, and what is still missing?"

SECTIONS = (
    ("found", "What was found", "Nothing was found that meets the rules of this report."),
    ("changed", "What changed since last quarter", "There is no earlier quarter to compare with."),
    ("decide", "What to decide", "Nothing needs a decision now."),
    ("trust", "How far to trust it", "No limits were noted."),
)


def build_front(workspace: Workspace) -> dict[str, Any]:
    """What the index page shows.

    Every stage leaves ``summary_<stage>``: lists of sentences under the keys found, changed, decide and trust; 02_segments adds the
    verdict and the segments' cards, the stage that is read first adds what stands before everything else and what it puts to
    decision. A decision that two stages put stands once, in the words of the stage that is read first.

    Parameters
    ----------
    workspace : Workspace
        Of a finished run.

    Returns
    -------
    dict
        Keys first, verdict, segments_title, segments, segments_note, sections, personas_title, personas, pack.
    """
    summaries = {
        stage: workspace.read_json(f"summary_{stage.name}")
        for stage in STAGES
        if workspace.has(f"summary_{stage.name}")
    }
    first_stage, first = _read_first(summaries)
    acts = [] if first is None else first.pop("acts", [])
    taken = {(act["page"], act["topic"]) for act in acts}
    sections = [
        {
            "id": key,
            "title": title,
            "empty": empty,
            "entries": [
                *(_entry(_stage(act["page"]) or first_stage, act["text"]) for act in (acts if key == "decide" else ())),
                *(
                    _entry(stage, item["text"] if isinstance(item, dict) else item)
                    for stage, summary in summaries.items()
                    for item in summary.get(key, [])
                    if not isinstance(item, dict) or (stage.name, item["about"]) not in taken
                ),
            ],
        }
        for key, title, empty in SECTIONS
    ]
    segments = next((summary for stage, summary in summaries.items() if stage.name == "02_segments"), {})
    return {
        "first": first,
        "verdict": segments.get("verdict"),
        "segments_title": segments.get("segments_title", "The segments at a glance"),
        "segments": segments.get("segments", []),
        "segments_note": segments.get("segments_note", ""),
        "sections": sections,
        "personas_title": segments.get("personas_title", "Personas"),
        "personas": _personas(workspace),
        "pack": _read_pack(workspace),
    }


def _read_first(summaries: dict[Stage, Any]) -> tuple[Stage, dict[str, Any] | None]:
    """The stage that is read first (the last if none is marked so), and what it leaves for the front door; None where it left nothing."""
    stage = next((stage for stage in STAGES if stage.first), STAGES[-1])
    found = summaries.get(stage, {}).get("first")
    return stage, None if found is None else {**found, "title": stage.title.split(":")[0], "href": f"{stage.name}.html"}


def _personas(workspace: Workspace) -> list[dict[str, Any]]:
    """Sheets of the personas, with what this quarter's tests say of their predictions."""
    sheets = workspace.read_json("personas") if workspace.has("personas") else []
    return with_verdicts(sheets, workspace.read("hypotheses") if workspace.has("hypotheses") else None)


def _stage(name: str) -> Stage | None:
    return next((stage for stage in STAGES if stage.name == name), None)


def _entry(stage: Stage, text: str) -> dict[str, str]:
    return {"text": text, "href": f"{stage.name}.html", "from": stage.title.split(":")[0]}


def _read_pack(workspace: Workspace) -> list[dict[str, Any]]:
    """Personas with the pieces of the campaign pack and the drawing of their journey."""
    pages = workspace.read_json("pack") if workspace.has("pack") else []
    maps = workspace.read_json("journey_maps") if workspace.has("journey_maps") else {}
    return [{**page, "map": maps.get(page["persona_id"], "")} for page in pages]


def pack_contents(pack: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Contents of the page of messages: level, anchor and words of each persona."""
    return [(2, f"pack-{page['persona_id']}", page["name"]) for page in pack]
