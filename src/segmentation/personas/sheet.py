"""A checked persona as plain data: what its page shows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..errors import ParameterError, nearest_word
from ..qualitative.intervals import wilson_interval
from ..words import percent_words
from .avatar import draw_avatar, initials_of
from .check import CheckedPersonas
from .members import match_defining
from .model import SECTIONS, Persona

__all__ = ["persona_sheets", "to_dict"]

GRADES = {
    "A": "nearly every claim has evidence that stands, none has evidence that fell, and enough people were interviewed",
    "B": "most claims have evidence that stands, and a few people were interviewed",
    "C": "too few claims have evidence that stands, or too few people were interviewed",
}


def to_dict(checked: CheckedPersonas, persona_id: str) -> dict[str, Any]:
    """One persona as a JSON document.

    Parameters
    ----------
    checked : CheckedPersonas
    persona_id : str

    Returns
    -------
    dict
        persona_id, name, segment (also segment_id), one_line, quarter, version, status, stated_status, role, waiver,
        unlike,
        messages, kpis, prediction, method, limits, body; avatar (SVG), initials; grade, grade_words, grade_reason;
        segment_size {n, base, share, lower, upper, text}; interviewees {n, participants}; counts (claims by status);
        jtbd and sections (lists of {key, title, claims: [{claim_id, text, kind, status, evidence, fix}]}); quotes
        (list of
        {participant, text, source_id, turn, start, end, locator}); defining {attributes, n, base, share, text}; rules
        (list of
        {rule, level, text}). Only numbers, words, lists and None.

    Raises
    ------
    ParameterError
        If there is no such persona.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> persona = Persona(persona_id="s1-dana", name="Dispatcher Dana", segment="S1", pains=["Drives for nothing"])
    >>> to_dict(check_personas((persona,), Findings()), "s1-dana")["sections"][0]["claims"][0]["status"]
    'assumption'
    """
    ids = [persona.persona_id for persona in checked.personas]
    if persona_id not in ids:
        raise ParameterError(f"no persona {persona_id!r}. {nearest_word(persona_id, ids)}".strip())
    persona = checked.personas[ids.index(persona_id)]
    claims = checked.claims[checked.claims["persona_id"] == persona_id]
    grade, reason = checked.grades[persona_id]
    rules = checked.rules[checked.rules["persona_id"] == persona_id]
    people = checked.findings.interviewees(persona.segment)
    initials = initials_of(persona.name)
    written = persona.model_dump(
        include={"persona_id", "name", "segment", "quarter", "version", "role", "waiver", "method", "limits", "body"}
    )
    return written | {
        "segment_id": persona.segment,
        "one_line": persona.one_line or (persona.jtbd.functional.text if persona.jtbd.functional else ""),
        "status": checked.statuses[persona_id],
        "stated_status": persona.status,
        "unlike": list(persona.unlike),
        "messages": list(persona.messages),
        "kpis": list(persona.kpis),
        "prediction": persona.prediction.model_dump() if persona.prediction else None,
        "initials": initials,
        "avatar": draw_avatar(persona_id, initials, title=f"Sign of {persona.name}: {initials}"),
        "grade": grade,
        "grade_words": GRADES[grade],
        "grade_reason": reason,
        "segment_size": _size(persona, checked),
        "interviewees": {"n": checked.findings.n_interviewees(persona.segment), "participants": people},
        "counts": {
            status: int((claims["status"] == status).sum()) for status in ("ok", "stale", "broken", "assumption")
        },
        "jtbd": _section("jtbd", "The job", claims)["claims"],
        "sections": [
            _section(key, title, claims) for key, title in SECTIONS.items() if (claims["section"] == key).any()
        ],
        "quotes": [{key: _plain(value) for key, value in quote.items()} for quote in checked.quotes[persona_id]],
        "defining": _defining(persona, checked),
        "rules": rules[["rule", "level", "text"]].to_dict("records"),
    }


def persona_sheets(checked: CheckedPersonas) -> list[dict[str, Any]]:
    """All personas that are not retired, as ``to_dict`` gives them.

    Parameters
    ----------
    checked : CheckedPersonas

    Returns
    -------
    list of dict

    Raises
    ------
    ParameterError
        Never.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> persona_sheets(check_personas((), Findings()))
    []
    """
    active = [persona for persona in checked.personas if persona.status != "retired"]
    return [to_dict(checked, persona.persona_id) for persona in active]


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's, missing ones as None."""
    if isinstance(value, str) or value is None:
        return value
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value


def _section(key: str, title: str, claims: pd.DataFrame) -> dict[str, Any]:
    rows = claims.loc[claims["section"] == key, ["claim_id", "text", "kind", "status", "evidence", "fix"]]
    return {"key": key, "title": title, "claims": rows.to_dict("records")}


def _size(persona: Persona, checked: CheckedPersonas) -> dict[str, Any] | None:
    """Size of the persona's segment with Wilson's interval; None where unknown or too small to publish."""
    if checked.findings.membership is None:
        return None
    placed = checked.findings.membership["segment"].dropna().astype(str)
    n, base = int((placed == persona.segment).sum()), len(placed)
    if n < checked.findings.min_cell:
        return None
    lower, upper = wilson_interval(n, base)
    text = (
        f"{percent_words(n / base)} of {base:,d} (95 % interval {100 * lower:.0f} to {100 * upper:.0f} %), n = {n:,d}"
    )
    return {"n": n, "base": base, "share": n / base, "lower": lower, "upper": upper, "text": text}


def _defining(persona: Persona, checked: CheckedPersonas) -> dict[str, Any]:
    findings = checked.findings
    names = [
        f"{findings.words(ref.variable)} = {ref.level}"
        if ref.level
        else f"{findings.words(ref.variable)} {ref.direction} the median"
        for ref in persona.defining
    ]
    members, base, missing = match_defining(persona, findings)
    if not names or missing or base < checked.findings.min_cell:
        return {"attributes": names, "n": None, "base": None, "share": None, "text": ""}
    if len(members) < checked.findings.min_cell:
        text = f"Fewer than {checked.findings.min_cell} of the segment have all of these."
        return {"attributes": names, "n": None, "base": base, "share": None, "text": text}
    share = len(members) / base
    text = f"{percent_words(share)} of the segment have all of these (n = {base:,d} where all are known)."
    return {"attributes": names, "n": len(members), "base": base, "share": share, "text": text}
