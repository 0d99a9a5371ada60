"""The emotion line: how each stage of the way feels, from what people told, or as the team wrote it where nobody was heard."""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

import pandas as pd

from ..words import count_words
from .model import Persona

__all__ = ["FEELINGS", "emotion_line"]

FEELINGS = {-2: "very bad", -1: "bad", 0: "neither good nor bad", 1: "good", 2: "very good"}
HEIGHT = 40  # of the drawing, in its own units; the width is 100
QUOTED = 50  # characters of what somebody said that a sheet has room for
NOWHERE = {"emotion": None, "feeling": "", "text": "", "claim_id": "", "status": "none", "quote": "", "mark": "none"}


def emotion_line(
    persona: Persona, claims: pd.DataFrame, stages: tuple[str, ...], told: pd.DataFrame | None = None
) -> dict[str, Any]:
    """One point a stage where somebody said how it feels; nothing is filled in.

    Parameters
    ----------
    persona : Persona
    claims : pandas.DataFrame
        Its judged claims: claim_id, status, text.
    stages : tuple of str
        Stages of the study's journeys; without them those the persona names.
    told : pandas.DataFrame, optional
        What interviewees told by stage (persona_id, stage, people, emotion, text, participant), of all personas. Where there is
        any, the line is theirs alone, and what the team wrote of feelings is not shown.

    Returns
    -------
    dict
        points: list of {stage, emotion (-2 to 2 or None), feeling, text and claim_id (the team's sentence), status (of that
        sentence; "none" without one), quote (the told words nearest to the mean), mark (of the dot)}; drawing: an SVG
        of the line without words, "" without two neighbouring points; known: number of stages with evidence; source: "told" or
        "written".

    Examples
    --------
    >>> dana = Persona(persona_id="s1-a", name="Dana", segment="S1", journey=[
    ...     {"text": "Asks around", "stage": "aware", "emotion": -1, "evidence": {"theme": "late"}}])
    >>> claims = pd.DataFrame({"claim_id": ["journey-1"], "status": ["ok"], "text": ["Asks around"]})
    >>> [(p["stage"], p["feeling"], p["status"]) for p in emotion_line(dana, claims, ("aware", "renew"))["points"]]
    [('aware', 'bad', 'ok'), ('renew', '', 'none')]
    >>> told = pd.DataFrame({"persona_id": ["s1-a"], "stage": ["aware"], "people": [2], "emotion": [0.5], "text": ["Fine"],
    ...                      "participant": ["P1"]})
    >>> [p["feeling"] for p in emotion_line(dana, claims, ("aware",), told)["points"]]
    ['neither good nor bad (+0.5, 2 people)']
    """
    status = dict(zip(claims["claim_id"], claims["status"], strict=True))
    steps: dict[str, dict[str, Any]] = {}
    for rank, step in enumerate(persona.journey, start=1):
        if step.stage is not None:
            claim_id = f"journey-{rank}"
            found = {
                "text": step.text,
                "claim_id": claim_id,
                "status": status.get(claim_id, "assumption"),
                "felt": step.emotion,
            }
            steps.setdefault(step.stage, found)
    heard = told is not None and not told.empty
    mine = (
        told[told["persona_id"] == persona.persona_id].set_index("stage")
        if told is not None and heard
        else pd.DataFrame()
    )
    points = []
    for stage in stages or tuple(steps):
        written = {"felt": None, **steps.get(stage, {})}
        felt = written.pop("felt")
        point = NOWHERE | written | {"stage": stage}
        points.append(point | (_told(mine, stage) if heard else _written(felt, point)))
    known = sum(point["mark"] == "ok" for point in points)
    return {"points": points, "drawing": _draw(points), "known": known, "source": "told" if heard else "written"}


def _written(felt: int | None, point: dict[str, Any]) -> dict[str, Any]:
    if felt is None:
        return {"mark": "empty"}
    return {"emotion": felt, "feeling": FEELINGS[felt], "mark": point["status"]}


def _told(mine: pd.DataFrame, stage: str) -> dict[str, Any]:
    if stage not in mine.index or pd.isna(mine.at[stage, "emotion"]):
        return {"mark": "empty"}
    row: Any = mine.loc[stage]
    value = float(row["emotion"])
    feeling = f"{FEELINGS[round(value)]} ({value:+.1f}, {count_words(int(row['people']), 'person', 'people')})"
    words = textwrap.shorten(str(row["text"]), QUOTED, placeholder=" …")
    return {"emotion": value, "feeling": feeling, "quote": f"“{words}” ({row['participant']})", "mark": "ok"}


def _draw(points: list[dict[str, Any]]) -> str:
    """Lines between neighbouring stages that both have evidence; the marks themselves are part of the page."""
    width = 100 / max(1, len(points))
    places = [
        (width * (rank + 0.5), HEIGHT * (2 - point["emotion"]) / 4) if point["mark"] == "ok" else None
        for rank, point in enumerate(points)
    ]
    lines = [
        f'<line x1="{one[0]:.2f}" y1="{one[1]:.1f}" x2="{other[0]:.2f}" y2="{other[1]:.1f}"/>'
        for one, other in itertools.pairwise(places)
        if one is not None and other is not None
    ]
    if not lines:
        return ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{"".join(lines)}</svg>'
    )
