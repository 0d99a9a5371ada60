"""What stands behind each claim of a persona: rows of the profile, themes, and quotes where they were said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from ..display import format_p
from ..words import percent_words, range_words
from .check import CheckedPersonas, anchor_of
from .findings import Findings
from .judge import judge_quote
from .judge_numbers import channel_words, find_touchpoint
from .model import Evidence, Persona, QuoteRef, TouchRef

__all__ = ["evidence_record"]

MARGIN = 320  # characters of the interview shown before and after a quote
KINDS = {"profile": "numbers", "touchpoint": "numbers", "theme": "themes", "quote": "quotes", "kpi": "kpis"}


def evidence_record(checked: CheckedPersonas, persona: Persona) -> dict[str, list[dict[str, Any]]]:
    """Everything a persona cites, each piece once, with the id its claims link to.

    Parameters
    ----------
    checked : CheckedPersonas
    persona : Persona

    Returns
    -------
    dict
        numbers (rows of the segment profile and of the touchpoints: anchor, what, segment, value, interval, n, everybody, index,
        status, sentence),
        themes (anchor, name, people, share, elsewhere, q, alpha, status, sentence), quotes (anchor, participant, locator,
        before, text, after, question, status, sentence), kpis (anchor, name, status, sentence). Text is masked and of people
        who agreed to be quoted.

    Examples
    --------
    >>> from segmentation.personas import check_personas
    >>> dana = Persona(persona_id="s1-a", name="Dana", segment="S1", pains=[{"text": "Waits", "evidence": {"theme": "late"}}])
    >>> evidence_record(check_personas((dana,), Findings()), dana)["themes"][0]["anchor"]
    'ev-s1-a-theme-late'
    """
    pieces = checked.pieces[checked.pieces["persona_id"] == persona.persona_id]
    judged = {row.anchor: (row.status, row.sentence) for row in pieces.itertuples(index=False)}
    cited = [e for _, _, claim in persona.claims() for e in claim.evidence]
    cited += [Evidence(quote=ref) for ref in persona.quotes]
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS.values()}
    seen: set[str] = set()
    for evidence in cited:
        anchor = anchor_of(evidence, persona)
        if anchor in seen:
            continue
        seen.add(anchor)
        status, sentence = judged[anchor]
        entry = {"anchor": anchor, "status": status, "sentence": sentence}
        found[KINDS[evidence.sort]].append(entry | _details(evidence, persona, checked.findings))
    return found


def _details(evidence: Evidence, persona: Persona, findings: Findings) -> dict[str, Any]:
    if evidence.profile is not None:
        return _number(evidence, persona, findings)
    if evidence.touchpoint is not None:
        return _touchpoint(evidence.touchpoint, evidence.touchpoint.segment or persona.segment, findings)
    if evidence.theme is not None:
        return _theme(str(evidence.theme), persona.segment, findings)
    if evidence.quote is not None:
        return _quote(evidence.quote, persona.segment, findings)
    return {"name": str(evidence.kpi)}


def _number(evidence: Evidence, persona: Persona, findings: Findings) -> dict[str, Any]:
    ref = evidence.profile
    assert ref is not None
    segment = ref.segment or persona.segment
    what = findings.words(ref.variable) + (f": {ref.level}" if ref.level else "")
    entry = {"what": what, "segment": segment, "value": "–", "interval": "–", "n": "–", "everybody": "–", "index": "–"}
    table = findings.profile
    if table is None or table.empty:
        return entry
    here = table[(table["segment"].astype(str) == segment) & (table["variable"].astype(str) == ref.variable)]
    if ref.level is not None:
        here = here[here["level"].astype("string").fillna("").str.casefold() == ref.level.casefold()]
    if len(here) != 1 or pd.isna(here["estimate"].iloc[0]):
        return entry
    row = here.iloc[0]
    as_share = row.get("kind") == "share" or ref.variable in findings.shares
    show = percent_words if as_share else _plain
    return entry | _figures(row, row["estimate"], int(row["n"]), show)


def _touchpoint(ref: TouchRef, segment: str, findings: Findings) -> dict[str, Any]:
    what = channel_words(ref)
    entry = dict.fromkeys(("value", "interval", "n", "everybody", "index"), "–")
    entry |= {"what": f"{what[:1].upper()}{what[1:]}", "segment": segment}
    row = find_touchpoint(ref, segment, findings)
    return entry if row is None else entry | _figures(row, row["share"], int(row["reached"]), percent_words)


def _figures(row: pd.Series, value: float, n: int, show: Callable[[float], str]) -> dict[str, str]:
    """A segment's value beside everybody's, as the table of numbers has it."""
    limits = (row["index_lower"], row["index_upper"])
    return {
        "value": show(value),
        "interval": f"{show(row['lower'])} to {show(row['upper'])}",
        "n": f"{n:,d}",
        "everybody": show(row["total"]),
        "index": "–" if pd.isna(limits[0]) else f"{row['index']:.0f} ({range_words(limits, '.0f')})",
    }


def _plain(value: float) -> str:
    return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"


def _theme(code: str, segment: str, findings: Findings) -> dict[str, Any]:
    entry = {"name": code.replace("_", " "), "people": "–", "share": "–", "elsewhere": "–", "q": "–", "alpha": "–"}
    table = findings.themes
    if table is None or table.empty:
        return entry
    known = table[table["code"].astype(str) == code]
    if len(known) and "name" in known:
        entry["name"] = str(known["name"].iloc[0])
    here = known[known["segment"].astype(str) == segment]
    if here.empty:
        return entry
    row = here.iloc[0]
    if {"share", "lower", "upper"} <= set(here):
        entry["share"] = (
            f"{percent_words(row['share'])} ({percent_words(row['lower'])} to {percent_words(row['upper'])})"
        )
    agreed = findings.agreement
    if agreed is not None and not agreed.empty:
        alpha = agreed.loc[agreed["code"].astype(str) == code, "alpha"]
        entry["alpha"] = f"{alpha.iloc[0]:.2f}" if len(alpha) and pd.notna(alpha.iloc[0]) else "–"
    elsewhere = f"{int(row['rest_k'])} of {int(row['rest_n'])}" if row.get("rest_n", 0) else "–"
    q = "–" if pd.isna(row.get("q")) else format_p(row["q"])
    return entry | {"people": f"{int(row['k'])} of {int(row['n'])}", "elsewhere": elsewhere, "q": q}


def _quote(ref: QuoteRef, segment: str, findings: Findings) -> dict[str, Any]:
    """The words with what was said around them and the question before; only of people who agreed to be quoted."""
    entry = {"participant": ref.participant, "locator": "", "before": "", "text": "", "after": "", "question": ""}
    judged = judge_quote(ref, segment, findings)
    if not judged.details:
        return entry
    place = {key: judged.details[key] for key in ("source_id", "turn", "start", "end")}
    start, end = int(str(place["start"])), int(str(place["end"]))
    entry |= {
        "locator": f"{ref.participant}, interview {place['source_id']}, turn {place['turn']}, characters {start} to {end}",
        "text": str(judged.details["text"]),
    }
    coded = findings.coded
    if coded is None:
        return entry
    text, turns = coded.transcripts[place["source_id"]], coded.turns[coded.turns["source_id"] == place["source_id"]]
    near, far = _turn_limits(turns, int(str(place["turn"])))
    question = turns[turns["turn"] == int(str(place["turn"])) - 1]
    return entry | {
        "before": _cut(findings.redactor.redact(text, near, start), at_start=True),
        "after": _cut(findings.redactor.redact(text, end, far), at_start=False),
        "question": _question(question, text, findings),
    }


def _turn_limits(turns: pd.DataFrame, turn: int) -> tuple[int, int]:
    row = turns[turns["turn"] == turn].iloc[0]
    return int(row["start"]), int(row["end"])


def _question(rows: pd.DataFrame, text: str, findings: Findings) -> str:
    """What the interviewer asked just before, if it was the interviewer who spoke."""
    if rows.empty or pd.notna(rows["participant"].iloc[0]):
        return ""
    words = findings.redactor.redact(text, int(rows["start"].iloc[0]), int(rows["end"].iloc[0]))
    return _cut(words, at_start=True)


def _cut(words: str, *, at_start: bool) -> str:
    """The nearest ``MARGIN`` characters, cut between words."""
    plain = " ".join(words.split())
    if len(plain) <= MARGIN:
        return plain
    return f"… {plain[-MARGIN:].partition(' ')[2]}" if at_start else f"{plain[:MARGIN].rpartition(' ')[0]} …"
