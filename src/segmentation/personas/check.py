"""Check every claim of every persona against what was found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..words import count_words, join_words
from .findings import Findings
from .judge import judge_evidence, judge_quote
from .judged import STATUSES, Judged
from .model import Claim, Evidence, Persona
from .overlap import persona_overlap
from .predictions import check_prediction
from .rules import RULE_COLUMNS, PersonaRules, check_own
from .rules_data import check_defining, check_numbers, check_perception, check_stability, check_voices

__all__ = ["CheckedPersonas", "check_personas"]

CLAIM_COLUMNS = ["persona_id", "claim_id", "section", "text", "kind", "status", "evidence", "fix"]
MARKS = ["broken_quote", "weak_index", "unclear", "personal"]
PIECE_COLUMNS = [
    "persona_id", "claim_id", "sort", "status", "anchor", "sentence", "k", "n", "index", "index_lower", "index_upper",
]  # fmt: skip


WITH_DATA = (check_voices, check_defining, check_stability, check_perception, check_prediction)


@dataclass(frozen=True)
class CheckedPersonas:
    """Personas after the check.

    Attributes
    ----------
    personas : tuple of Persona
    claims : pandas.DataFrame
        persona_id, claim_id, section ("quotes" for quotes), text (masked, for quotes), kind (observed: measured on customers;
        inferred: read from interviews; assumption: no evidence), status (ok, stale, broken, assumption), evidence (a
        sentence with
        its figures), fix.
    pieces : pandas.DataFrame
        One row a piece of evidence: persona_id, claim_id, sort (profile, theme, quote, touchpoint, kpi), status, anchor (id of its place
        on the persona's evidence page), sentence, k and n (themes), index with its limits (profile, touchpoints).
    rules : pandas.DataFrame
        persona_id ("" for the study as a whole), rule, level (ok, warn, fail, not checked), text.
    overlap : pandas.DataFrame
        See ``persona_overlap``.
    statuses : mapping of str to str
        Persona id to its standing: draft, validated or retired. A persona that breaks a rule is a draft whatever its
        file says.
    grades : mapping of str to (grade, reason)
        A, B or C.
    quotes : mapping of str to tuple of dict
        Persona id to quotes that may be shown: participant, text, source_id, turn, start, end.
    findings : Findings
    thresholds : PersonaRules
    """

    personas: tuple[Persona, ...]
    claims: pd.DataFrame
    pieces: pd.DataFrame
    rules: pd.DataFrame
    overlap: pd.DataFrame
    statuses: Mapping[str, str] = field(default_factory=dict)
    grades: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    quotes: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    thresholds: PersonaRules = field(default_factory=PersonaRules)


def check_personas(
    personas: tuple[Persona, ...], findings: Findings, *, rules: PersonaRules | None = None
) -> CheckedPersonas:
    """Judge every claim and every rule; nothing is dropped, everything is said.

    A claim is ok if each piece of its evidence stands; stale if one exists but no longer shows it (the interval of the index
    includes 100, nobody of the segment said it); broken if one points to nothing (no such row, code, participant or words).

    Parameters
    ----------
    personas : tuple of Persona
    findings : Findings
        What earlier stages found; see there.
    rules : PersonaRules, optional
        Thresholds.

    Returns
    -------
    CheckedPersonas
        Empty tables for no personas.

    Raises
    ------
    ParameterError
        Never: what is wrong with a claim is a result.

    Examples
    --------
    >>> persona = Persona(persona_id="s1-dana", name="Dispatcher Dana", segment="S1", pains=["Drives for nothing"])
    >>> checked = check_personas((persona,), Findings())
    >>> checked.claims[["claim_id", "kind", "status"]].values.tolist()
    [['pains-1', 'assumption', 'assumption']]
    >>> checked.statuses
    {'s1-dana': 'draft'}
    """
    rules = rules or PersonaRules()
    overlap = persona_overlap(personas, findings, rules=rules)
    names = {persona.persona_id: persona.name for persona in personas}
    tables, pieces, quotes = [], [], {}
    rule_rows = check_numbers(personas, findings, rules) if personas else []
    for persona in personas:
        claims, of_claims, quotes[persona.persona_id] = _judge_persona(persona, findings, rules)
        tables.append(claims)
        pieces += of_claims
        own = [*check_own(persona, claims, rules), _overlap_row(persona, overlap, names)]
        own += [check(persona, findings, rules) for check in WITH_DATA]
        rule_rows += sorted(own, key=lambda row: row[1])
    claims = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CLAIM_COLUMNS)
    table = pd.DataFrame(rule_rows, columns=RULE_COLUMNS)
    statuses = {persona.persona_id: _standing(persona, claims, table) for persona in personas}
    grades = {persona.persona_id: _grade(persona, claims, findings, rules) for persona in personas}
    evidence = pd.DataFrame(pieces, columns=PIECE_COLUMNS)
    return CheckedPersonas(
        personas, claims[CLAIM_COLUMNS], evidence, table, overlap, statuses, grades, quotes, findings, rules
    )


def _judge_persona(
    persona: Persona, findings: Findings, rules: PersonaRules
) -> tuple[pd.DataFrame, list[tuple[Any, ...]], tuple[dict[str, Any], ...]]:
    rows, pieces, shown, who = [], [], [], persona.persona_id
    for claim_id, section, claim in persona.claims():
        judged = [judge_evidence(e, persona.segment, findings, min_people=rules.min_people) for e in claim.evidence]
        rows.append((who, claim_id, section, claim.text, *_verdict(claim, judged), *_marks(judged, findings, rules)))
        pieces += [_piece(persona, claim_id, e, item) for e, item in zip(claim.evidence, judged, strict=True)]
    for rank, ref in enumerate(persona.quotes, start=1):
        item = judge_quote(ref, persona.segment, findings)
        anchor = anchor_of(Evidence(quote=ref), persona)
        if item.details and item.status == "ok":
            shown.append({**item.details, "locator": locate_words(item.details), "anchor": anchor})
        words = str(item.details.get("text", findings.redactor.redact(ref.text)))
        verdict = ("inferred", item.status, item.sentence, item.fix)
        rows.append((who, f"quotes-{rank}", "quotes", words, *verdict, *_marks([item], findings, rules)))
        pieces.append(_piece(persona, f"quotes-{rank}", Evidence(quote=ref), item))
    claims = pd.DataFrame(rows, columns=[*CLAIM_COLUMNS, *MARKS]).astype(dict.fromkeys(MARKS, bool))
    return claims, pieces, tuple(shown)


def _piece(persona: Persona, claim_id: str, evidence: Evidence, item: Judged) -> tuple[Any, ...]:
    numbers = [item.details.get(key) for key in ("k", "n", "index", "index_lower", "index_upper")]
    return persona.persona_id, claim_id, item.sort, item.status, anchor_of(evidence, persona), item.sentence, *numbers


def anchor_of(evidence: Evidence, persona: Persona) -> str:
    """Id of a piece of evidence on the persona's evidence page; the same for the same piece.

    Examples
    --------
    >>> dana = Persona(persona_id="s1-dana", name="Dana", segment="S1")
    >>> anchor_of(Evidence(theme="late payment"), dana)
    'ev-s1-dana-theme-late-payment'
    """
    if evidence.profile is not None:
        ref = evidence.profile
        parts = [ref.segment or persona.segment, ref.variable, ref.level or ""]
    elif evidence.quote is not None:
        words = " ".join(evidence.quote.text.split())
        parts = [evidence.quote.participant, hashlib.sha256(words.encode()).hexdigest()[:8]]
    elif evidence.touchpoint is not None:
        parts = [evidence.touchpoint.segment or persona.segment, evidence.touchpoint.stage, evidence.touchpoint.channel]
    else:
        parts = [str(evidence.theme if evidence.theme is not None else evidence.kpi)]
    return "-".join(["ev", persona.persona_id, evidence.sort, *(slug for part in parts if (slug := _slug(part)))])


def _slug(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]+", "-", text).strip("-")


def _verdict(claim: Claim, judged: list[Judged]) -> tuple[str, str, str, str]:
    """Kind, status, evidence sentence and fix of a claim."""
    if not judged:
        return "assumption", "assumption", "No evidence: this is what the team believes.", "Find evidence, or test it"
    measured = any(item.sort in ("profile", "touchpoint", "kpi") for item in judged)
    status = max((item.status for item in judged), key=STATUSES.index)
    fixes = [item.fix for item in judged if item.fix and item.status != "ok"]
    return "observed" if measured else "inferred", status, " ".join(item.sentence for item in judged), "; ".join(fixes)


def _marks(judged: list[Judged], findings: Findings, rules: PersonaRules) -> tuple[bool, bool, bool, bool]:
    """A broken quote; an index too near to 100 to say anything; a figure that shows no difference; age, gender or origin."""
    figures = [item for item in judged if item.sort in ("profile", "touchpoint")]
    indexes = [item.details.get("index") for item in figures if item.status == "ok"]
    weak = any(isinstance(index, float) and rules.low_index < index < rules.high_index for index in indexes)
    personal = any(findings.kinds.get(str(item.details.get("variable"))) == "demographic" for item in figures)
    broken = any(item.sort == "quote" and item.status == "broken" for item in judged)
    return broken, weak, any(bool(item.details.get("unclear")) for item in figures), personal


def locate_words(details: Mapping[str, Any]) -> str:
    """Where a quote stands, for a reader."""
    return f"{details['participant']}, interview {details['source_id']}, turn {details['turn']}"


def _overlap_row(persona: Persona, overlap: pd.DataFrame, names: Mapping[str, str]) -> tuple[str, str, str, str]:
    who = persona.persona_id
    pairs = overlap[((overlap["persona"] == who) | (overlap["other"] == who)) & overlap["flagged"].astype(bool)]
    if pairs.empty:
        return who, "P07 overlap", "ok", "It can be told apart from every other persona."
    others = [
        f"{names[row.other if row.persona == who else row.persona]} ({row.reason})"
        for row in pairs.itertuples(index=False)
    ]
    return who, "P07 overlap", "warn", f"It is hard to tell apart from {join_words(others)}."


def _standing(persona: Persona, claims: pd.DataFrame, rules: pd.DataFrame) -> str:
    if persona.status == "retired":
        return "retired"
    theirs = rules[rules["persona_id"] == persona.persona_id]
    assumed = theirs[(theirs["rule"] == "P01 assumptions") & (theirs["level"] != "ok")]
    broken = (claims.loc[claims["persona_id"] == persona.persona_id, "status"] == "broken").any()
    return "draft" if len(assumed) or broken or (theirs["level"] == "fail").any() else persona.status


def _grade(persona: Persona, claims: pd.DataFrame, findings: Findings, rules: PersonaRules) -> tuple[str, str]:
    theirs = claims[(claims["persona_id"] == persona.persona_id) & (claims["section"] != "quotes")]
    n, ok = len(theirs), int((theirs["status"] == "ok").sum())
    weak = int(theirs["status"].isin(["stale", "broken"]).sum())
    people = findings.n_interviewees(persona.segment)
    reason = f"{ok} of {n:,d} {'claim' if n == 1 else 'claims'} {'has' if ok == 1 else 'have'} evidence that stands, "
    reason += f"{weak or 'none'} {'has' if weak in (0, 1) else 'have'} evidence that does not; "
    reason += (
        f"{count_words(people, 'person', 'people')} of the segment {'was' if people == 1 else 'were'} interviewed."
    )
    support = ok / n if n else 0.0
    if support >= 1 - rules.max_assumptions and not weak and people >= rules.grade_a_people:
        return "A", reason
    return ("B" if support >= rules.grade_b_support and people >= rules.grade_b_people else "C"), reason
