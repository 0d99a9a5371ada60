"""Check every claim of every persona against what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..words import count_words, join_words
from .findings import STATUSES, Findings, Judged, judge_evidence, judge_quote
from .model import Claim, Persona
from .overlap import persona_overlap
from .rules import (
    RULE_COLUMNS,
    PersonaRules,
    check_claims_rules,
    check_defining,
    check_numbers,
    check_statements,
    check_voices,
)

__all__ = ["CheckedPersonas", "check_personas"]

CLAIM_COLUMNS = ["persona_id", "claim_id", "section", "text", "kind", "status", "evidence", "fix"]


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
    tables, rule_rows, quotes = [], check_numbers(personas, findings, rules) if personas else [], {}
    for persona in personas:
        claims, quotes[persona.persona_id] = _judge_persona(persona, findings, rules)
        tables.append(claims)
        rule_rows += check_claims_rules(persona, claims, rules)
        rule_rows += [check_voices(persona, findings, rules), check_defining(persona, findings, rules)]
        rule_rows += [_overlap_row(persona, overlap, names), *check_statements(persona)]
    claims = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CLAIM_COLUMNS)
    table = pd.DataFrame(rule_rows, columns=RULE_COLUMNS)
    statuses = {persona.persona_id: _standing(persona, claims, table) for persona in personas}
    grades = {persona.persona_id: _grade(persona, claims, findings, rules) for persona in personas}
    return CheckedPersonas(personas, claims[CLAIM_COLUMNS], table, overlap, statuses, grades, quotes, findings, rules)


def _judge_persona(
    persona: Persona, findings: Findings, rules: PersonaRules
) -> tuple[pd.DataFrame, tuple[dict[str, Any], ...]]:
    rows, shown = [], []
    for claim_id, section, claim in persona.claims():
        judged = [judge_evidence(e, persona.segment, findings, min_people=rules.min_people) for e in claim.evidence]
        rows.append(
            (persona.persona_id, claim_id, section, claim.text, *_verdict(claim, judged), *_marks(judged, rules))
        )
    for rank, ref in enumerate(persona.quotes, start=1):
        judged_quote = judge_quote(ref, persona.segment, findings)
        if judged_quote.details and judged_quote.status == "ok":
            shown.append({**judged_quote.details, "locator": locate_words(judged_quote.details)})
        words = str(judged_quote.details.get("text", findings.redactor.redact(ref.text)))
        verdict = ("inferred", judged_quote.status, judged_quote.sentence, judged_quote.fix)
        rows.append((persona.persona_id, f"quotes-{rank}", "quotes", words, *verdict, *_marks([judged_quote], rules)))
    return pd.DataFrame(rows, columns=[*CLAIM_COLUMNS, "broken_quote", "weak_index"]).astype(
        {"broken_quote": bool, "weak_index": bool}
    ), tuple(shown)


def _verdict(claim: Claim, judged: list[Judged]) -> tuple[str, str, str, str]:
    """Kind, status, evidence sentence and fix of a claim."""
    if not judged:
        return "assumption", "assumption", "No evidence: this is what the team believes.", "Find evidence, or test it"
    measured = any(item.sort in ("profile", "kpi") for item in judged)
    status = max((item.status for item in judged), key=STATUSES.index)
    fixes = [item.fix for item in judged if item.fix and item.status != "ok"]
    return "observed" if measured else "inferred", status, " ".join(item.sentence for item in judged), "; ".join(fixes)


def _marks(judged: list[Judged], rules: PersonaRules) -> tuple[bool, bool]:
    """Whether a quote is broken, and whether an index is too near to 100 to say anything."""
    indexes = [item.details.get("index") for item in judged if item.sort == "profile" and item.status == "ok"]
    weak = any(isinstance(index, float) and rules.low_index < index < rules.high_index for index in indexes)
    return any(item.sort == "quote" and item.status == "broken" for item in judged), weak


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
    reason = f"{ok} of {count_words(n, 'claim')} {'has' if ok == 1 else 'have'} evidence that stands, "
    reason += f"{weak or 'none'} {'has' if weak == 1 else 'have'} evidence that does not; "
    reason += (
        f"{count_words(people, 'person', 'people')} of the segment {'was' if people == 1 else 'were'} interviewed."
    )
    support = ok / n if n else 0.0
    if support >= 1 - rules.max_assumptions and not weak and people >= rules.grade_a_people:
        return "A", reason
    return ("B" if support >= rules.grade_b_support and people >= rules.grade_b_people else "C"), reason
