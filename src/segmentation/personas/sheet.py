"""A checked persona as plain data: what its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..errors import ParameterError, nearest_word
from ..qualitative.intervals import wilson_interval
from ..words import percent_words, range_words
from .avatar import colour_of, draw_avatar, initials_of
from .check import CheckedPersonas
from .emotion import emotion_line
from .history import PersonaHistory, changed_lines
from .members import match_defining
from .model import SECTIONS, Persona
from .predictions import tell_verdicts
from .record import evidence_record

__all__ = ["persona_sheets", "to_dict"]

SHOWN = {
    "pains": 3,
    "decision_criteria": 3,
}  # claims of a section on the sheet; two of the others, all on the evidence page
COLUMNS = (  # what stands where on the sheet
    ("pains", "goals", "triggers", "barriers"),
    ("decision_criteria", "information_sources", "channels", "reception", "incentives", "language"),
    ("behaviour", "firmographics", "regions", "success_factors", "themes"),
)
ALWAYS = ("pains", "goals", "triggers", "barriers", "decision_criteria", "information_sources", "channels", "reception")
GRADES = {
    "A": "nearly every claim has evidence that stands, none has evidence that fell, and enough people were interviewed",
    "B": "most claims have evidence that stands, and a few people were interviewed",
    "C": "too few claims have evidence that stands, or too few people were interviewed",
}


def to_dict(checked: CheckedPersonas, persona_id: str, history: PersonaHistory | None = None) -> dict[str, Any]:
    """One persona as a JSON document.

    Parameters
    ----------
    checked : CheckedPersonas
    persona_id : str
    history : PersonaHistory, optional
        For what changed since last quarter.

    Returns
    -------
    dict
        Of the file: persona_id, name, segment (also segment_id), one_line, quarter, version, stated_status, role, waiver, unlike,
        messages, kpis, prediction, method, limits, body. Its look: avatar (SVG), initials, colour. Its standing: status, grade,
        grade_words, grade_reason; counts (claims by status, quotes not counted, as the grade counts them); rules (list of
        {rule, level, text}); verdicts (see ``tell_verdicts``); changed {since, reckoned, lines}. Its people: segment_size
        {n, base, share, lower, upper, text}; interviewees {n, participants}; defining {attributes, n, base, share, text}. What it
        says: jtbd and sections (lists of {key, title, claims: [{claim_id, text, kind, status, evidence, fix, anchor, marks}]});
        columns (three lists of what the sheet shows: {key, title, claims, more, empty}); missing (titles of the other headings that
        nothing is known about); quotes (list of {participant, text, source_id, turn, start, end, locator}); emotion (see
        ``emotion_line``); record (see ``evidence_record``). Only numbers, words, lists and None.

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
    return {
        **_written(persona, checked), **_look(persona), **_standing(persona, checked), **_people(persona, checked),
        **_said(persona, checked), "changed": _changed(persona, checked, history),
    }  # fmt: skip


def _written(persona: Persona, checked: CheckedPersonas) -> dict[str, Any]:
    """What the team wrote, as it is shown."""
    keys = {"persona_id", "name", "segment", "quarter", "version", "role", "waiver", "method", "limits"}
    return persona.model_dump(include=keys) | {
        "segment_id": persona.segment,
        "body": checked.findings.redactor.redact(persona.body),
        "one_line": persona.one_line or (persona.jtbd.functional.text if persona.jtbd.functional else ""),
        "stated_status": persona.status,
        "unlike": list(persona.unlike),
        "messages": list(persona.messages),
        "kpis": list(persona.kpis),
        "prediction": _prediction(persona, checked.findings.kpi_labels),
    }


def _look(persona: Persona) -> dict[str, Any]:
    initials = initials_of(persona.name)
    sign = draw_avatar(persona.persona_id, initials, title=f"Sign of {persona.name}: {initials}")
    return {"initials": initials, "colour": colour_of(persona.persona_id), "avatar": sign}


def _standing(persona: Persona, checked: CheckedPersonas) -> dict[str, Any]:
    """How far it can be trusted."""
    who = persona.persona_id
    claims = checked.claims[(checked.claims["persona_id"] == who) & (checked.claims["section"] != "quotes")]
    grade, reason = checked.grades[who]
    rules = checked.rules[checked.rules["persona_id"] == who]
    return {
        "status": checked.statuses[who],
        "grade": grade,
        "grade_words": GRADES[grade],
        "grade_reason": reason,
        "counts": {
            status: int((claims["status"] == status).sum()) for status in ("ok", "stale", "broken", "assumption")
        },
        "rules": rules[["rule", "level", "text"]].to_dict("records"),
        "verdicts": tell_verdicts(checked.findings.hypotheses, who, persona.version),
    }


def _people(persona: Persona, checked: CheckedPersonas) -> dict[str, Any]:
    """Whom it stands for, and who of them was heard."""
    findings = checked.findings
    heard = {"n": findings.n_interviewees(persona.segment), "participants": findings.interviewees(persona.segment)}
    return {"segment_size": _size(persona, checked), "interviewees": heard, "defining": _defining(persona, checked)}


def _said(persona: Persona, checked: CheckedPersonas) -> dict[str, Any]:
    """Its claims by heading, its quotes, and what stands behind them."""
    who = persona.persona_id
    claims = checked.claims[checked.claims["persona_id"] == who]
    pieces = checked.pieces[checked.pieces["persona_id"] == who]
    keys = [key for column in COLUMNS for key in column]
    return {
        "jtbd": _section("jtbd", "The job", claims, pieces)["claims"],
        "sections": [
            _section(key, title, claims, pieces) for key, title in SECTIONS.items() if (claims["section"] == key).any()
        ],
        "columns": [[_slot(key, claims, pieces) for key in column if _has_room(key, claims)] for column in COLUMNS],
        "missing": [SECTIONS[key] for key in keys if not _has_room(key, claims) and key != "themes"],
        "emotion": emotion_line(persona, claims, checked.findings.stages, checked.findings.told),
        "record": evidence_record(checked, persona),
        "quotes": [{key: _plain(value) for key, value in quote.items()} for quote in checked.quotes[who]],
    }


def _prediction(persona: Persona, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if persona.prediction is None:
        return None
    kpi = persona.prediction.kpi
    words = labels.get(kpi, kpi.replace("_", " ")) if kpi else ""
    return persona.prediction.model_dump() | {"judged_by": words[:1].lower() + words[1:]}


def _changed(persona: Persona, checked: CheckedPersonas, history: PersonaHistory | None) -> dict[str, Any]:
    size = _size(persona, checked)
    if history is None or not history.before:
        return {"since": "", "reckoned": False, "lines": []}
    lines = changed_lines(history, persona.persona_id, persona.segment, size["share"] if size else None)
    return {"since": history.before, "reckoned": history.reckoned, "lines": lines}


def persona_sheets(checked: CheckedPersonas, history: PersonaHistory | None = None) -> list[dict[str, Any]]:
    """All personas that are not retired, as ``to_dict`` gives them.

    Parameters
    ----------
    checked : CheckedPersonas
    history : PersonaHistory, optional

    Returns
    -------
    list of dict

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> persona_sheets(check_personas((), Findings()))
    []
    """
    active = [persona for persona in checked.personas if persona.status != "retired"]
    return [to_dict(checked, persona.persona_id, history) for persona in active]


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's, missing ones as None."""
    if isinstance(value, str) or value is None:
        return value
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value


def _section(key: str, title: str, claims: pd.DataFrame, pieces: pd.DataFrame) -> dict[str, Any]:
    rows = claims.loc[claims["section"] == key, ["persona_id", "claim_id", "text", "kind", "status", "evidence", "fix"]]
    return {"key": key, "title": title, "claims": [_claim(row, pieces) for row in rows.to_dict("records")]}


def _claim(row: dict[str, Any], pieces: pd.DataFrame) -> dict[str, Any]:
    """A claim with its marks, and the place its words lead to: its first evidence, or its row among the claims."""
    marks = [_mark(piece) for piece in pieces[pieces["claim_id"] == row["claim_id"]].itertuples(index=False)]
    own = f"claim-{row.pop('persona_id')}-{row['claim_id']}"
    return row | {"own": own, "anchor": marks[0]["anchor"] if marks else own, "marks": marks}


def _mark(piece: Any) -> dict[str, Any]:
    """A piece of evidence in as few words as a sheet has room for."""
    share = None
    if piece.sort == "theme":
        label = "no people" if pd.isna(piece.n) else f"{int(piece.k)} of {int(piece.n)} people"
        share = None if pd.isna(piece.n) or not piece.n else float(piece.k / piece.n)
    elif piece.sort in ("profile", "touchpoint"):
        label = "measured" if pd.isna(piece.index) else f"index {piece.index:.0f}"
        if piece.sort == "touchpoint" and not pd.isna(piece.index_lower):
            label += f" ({range_words((piece.index_lower, piece.index_upper), '.0f')})"
    else:
        label = piece.sort if piece.sort == "quote" else "KPI"
    return {"sort": piece.sort, "status": piece.status, "anchor": piece.anchor, "label": label, "share": share}


def _has_room(key: str, claims: pd.DataFrame) -> bool:
    return key in ALWAYS or bool((claims["section"] == key).any())


def _slot(key: str, claims: pd.DataFrame, pieces: pd.DataFrame) -> dict[str, Any]:
    """A heading of the sheet with its first claims; those with evidence that stands before the others."""
    section = _section(key, SECTIONS[key], claims, pieces)
    order = {"ok": 0, "stale": 1, "broken": 2, "assumption": 3}
    ranked = section["claims"] if key in SHOWN else sorted(section["claims"], key=lambda c: order[c["status"]])
    shown = ranked[: SHOWN.get(key, 2)]
    return section | {"claims": shown, "more": len(ranked) - len(shown), "empty": not ranked}


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
