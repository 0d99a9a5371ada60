"""The emotion line: how each stage of the way feels, where somebody said so."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from .model import Persona

__all__ = ["emotion_line"]

FEELINGS = {-2: "awful", -1: "bad", 0: "neither good nor bad", 1: "good", 2: "great"}
HEIGHT = 40  # of the drawing, in its own units; the width is 100


def emotion_line(persona: Persona, claims: pd.DataFrame, stages: tuple[str, ...]) -> dict[str, Any]:
    """One point a stage where a step of the journey has an emotion and evidence that stands; nothing is filled in.

    Parameters
    ----------
    persona : Persona
    claims : pandas.DataFrame
        Its judged claims: claim_id, status, text.
    stages : tuple of str
        Stages of the study's journeys; without them those the persona names.

    Returns
    -------
    dict
        points: list of {stage, emotion (-2 to 2 or None), feeling, text, claim_id, status}; status "none" where nothing is
        known; drawing: an SVG of the line without words, "" without two neighbouring points; known: number of stages with
        evidence.

    Raises
    ------
    ParameterError
        Never.

    Examples
    --------
    >>> dana = Persona(persona_id="s1-a", name="Dana", segment="S1", journey=[
    ...     {"text": "Asks around", "stage": "aware", "emotion": -1, "evidence": {"theme": "late"}}])
    >>> claims = pd.DataFrame({"claim_id": ["journey-1"], "status": ["ok"], "text": ["Asks around"]})
    >>> [(p["stage"], p["feeling"], p["status"]) for p in emotion_line(dana, claims, ("aware", "renew"))["points"]]
    [('aware', 'bad', 'ok'), ('renew', '', 'none')]
    """
    status = dict(zip(claims["claim_id"], claims["status"], strict=True))
    steps = {}
    for rank, step in enumerate(persona.journey, start=1):
        if step.stage is not None:
            steps.setdefault(step.stage, (f"journey-{rank}", step))
    points = []
    for stage in stages or tuple(steps):
        if stage not in steps:
            points.append(
                {"stage": stage, "emotion": None, "feeling": "", "text": "", "claim_id": "", "status": "none"}
            )
            continue
        claim_id, step = steps[stage]
        points.append(
            {
                "stage": stage,
                "emotion": step.emotion,
                "feeling": "" if step.emotion is None else FEELINGS[step.emotion],
                "text": step.text,
                "claim_id": claim_id,
                "status": status.get(claim_id, "assumption"),
            }
        )
    known = sum(point["status"] == "ok" and point["emotion"] is not None for point in points)
    return {"points": points, "drawing": _draw(points), "known": known}


def _draw(points: list[dict[str, Any]]) -> str:
    """Lines between neighbouring stages that both have evidence; the marks themselves are part of the page."""
    width = 100 / max(1, len(points))
    places = [
        (width * (rank + 0.5), HEIGHT * (2 - point["emotion"]) / 4)
        if point["status"] == "ok" and point["emotion"] is not None
        else None
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
