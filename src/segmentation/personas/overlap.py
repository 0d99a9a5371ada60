"""Are two personas one? Members, evidence and pains they share."""

from __future__ import annotations

import math
from itertools import combinations

import pandas as pd

from ..display import Table
from ..study import PersonaRules
from ..words import join_words, percent_words
from .findings import Findings
from .members import cosine, match_defining, needs_of
from .model import Claim, Evidence, Persona

__all__ = ["persona_overlap", "tabulate_overlap"]

COLUMNS = [
    "persona", "other", "same_segment", "members", "evidence", "needs", "shared_pains", "pains", "flagged", "reason",
]  # fmt: skip


def persona_overlap(
    personas: tuple[Persona, ...], findings: Findings, *, rules: PersonaRules | None = None
) -> pd.DataFrame:
    """Compare every pair of personas that are not retired.

    Parameters
    ----------
    personas : tuple of Persona
    findings : Findings
        Members need features and membership; without them that column is NaN.
    rules : PersonaRules, optional

    Returns
    -------
    pandas.DataFrame
        persona, other (ids), same_segment, members (Jaccard overlap of the units that match each, 0 to 1), evidence
        (Jaccard
        overlap of what their claims rest on), needs (cosine of the mean needs of those who match each, -1 to 1; NaN
        without two variables of kind need), shared_pains (of the first three pains of each), pains (their words),
        flagged,
        reason.

    Examples
    --------
    >>> dana = Persona(persona_id="s1-a", name="Dana", segment="S1", pains=["Drives for nothing", "Late changes"])
    >>> dora = Persona(persona_id="s1-b", name="Dora", segment="S1", pains=["Late changes", "drives for nothing"])
    >>> persona_overlap((dana, dora), Findings())[["shared_pains", "flagged"]].values.tolist()
    [[2, True]]
    """
    rules = rules or PersonaRules()
    active = [persona for persona in personas if persona.status != "retired"]
    members = {persona.persona_id: match_defining(persona, findings)[0] for persona in active}
    needs = {key: needs_of(found, findings) for key, found in members.items()}
    known = findings.features is not None and findings.membership is not None
    rows = []
    for one, other in combinations(active, 2):
        people = jaccard(members[one.persona_id], members[other.persona_id]) if known else math.nan
        proof = jaccard(_evidence_keys(one), _evidence_keys(other))
        pains = sorted(set(_pains(one)) & set(_pains(other)))
        alike = cosine(needs[one.persona_id], needs[other.persona_id])
        reasons = _reasons(people, proof, alike, len(pains), rules)
        rows.append(
            (one.persona_id, other.persona_id, one.segment == other.segment, people, proof, alike, len(pains), "; ".join(pains),
             bool(reasons), join_words(reasons) if reasons else "")
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def jaccard(one: set[str], other: set[str]) -> float:
    """Shared over all; NaN if there is nothing in either.

    Examples
    --------
    >>> jaccard({"a", "b"}, {"b", "c"})
    0.3333333333333333
    """
    return len(one & other) / len(one | other) if one or other else math.nan


def _reasons(people: float, proof: float, alike: float, pains: int, rules: PersonaRules) -> list[str]:
    reasons = []
    if people > rules.max_jaccard:
        reasons.append(f"{percent_words(people)} of their members are the same")
    if proof > rules.max_jaccard:
        reasons.append(f"{percent_words(proof)} of their evidence is the same")
    if alike > rules.max_cosine:
        reasons.append(f"their members need the same (cosine {alike:.2f})")
    if pains >= rules.shared_pains:
        reasons.append(f"{pains} of their first three pains are the same")
    return reasons


def _key(evidence: Evidence, segment: str) -> str:
    if evidence.profile is not None:
        ref = evidence.profile
        return f"profile|{ref.segment or segment}|{ref.variable}|{ref.level or ''}|{ref.direction}"
    if evidence.quote is not None:
        return f"quote|{evidence.quote.participant}|{' '.join(evidence.quote.text.split())}"
    if evidence.touchpoint is not None:
        way = evidence.touchpoint
        return f"touchpoint|{way.segment or segment}|{way.stage}|{way.channel}|{way.direction}"
    return f"theme|{segment}|{evidence.theme}" if evidence.theme is not None else f"kpi|{segment}|{evidence.kpi}"


def _evidence_keys(persona: Persona) -> set[str]:
    return {_key(evidence, persona.segment) for _, _, claim in persona.claims() for evidence in claim.evidence}


def _pains(persona: Persona) -> list[str]:
    return [_pain(claim) for claim in persona.pains[:3]]


def _pain(claim: Claim) -> str:
    """A pain by its code where it has one, else by its words."""
    code = next((evidence.theme for evidence in claim.evidence if evidence.theme is not None), None)
    return code if code is not None else " ".join(claim.text.casefold().rstrip(".").split())


def closest_first(overlap: pd.DataFrame) -> pd.DataFrame:
    """Pairs in the order in which they are told: flagged ones first, then by what they share most of, members or evidence.

    Examples
    --------
    >>> pairs = pd.DataFrame({"persona": ["a", "b"], "flagged": True, "members": [0.3, 0.8], "evidence": 0.1, "shared_pains": 0})
    >>> closest_first(pairs)["persona"].tolist()
    ['b', 'a']
    """
    order = overlap.assign(most=overlap[["members", "evidence"]].astype(float).max(axis=1))
    return order.sort_values(["flagged", "most", "shared_pains"], ascending=False, kind="stable").drop(columns="most")


def tabulate_overlap(overlap: pd.DataFrame, *, names: dict[str, str] | None = None) -> Table:
    """Pairs of personas, the most alike first.

    Parameters
    ----------
    overlap : pandas.DataFrame
        From ``persona_overlap``.
    names : dict of str to str, optional
        Persona id to name.

    Returns
    -------
    Table
        Persona, Other, Segment, Members shared, Evidence shared, Needs alike, Pains shared, Reading.

    Examples
    --------
    >>> list(tabulate_overlap(pd.DataFrame(columns=COLUMNS)).frame.columns)[:2]
    ['Persona', 'Other']
    """
    names = names or {}
    order = closest_first(overlap)
    frame = pd.DataFrame(
        {
            "Persona": [names.get(key, key) for key in order["persona"]],
            "Other": [names.get(key, key) for key in order["other"]],
            "Segment": ["same" if same else "different" for same in order["same_segment"]],
            "Members shared": order["members"].astype(float).to_numpy(),
            "Evidence shared": order["evidence"].astype(float).to_numpy(),
            "Needs alike": order["needs"].astype(float).to_numpy(),
            "Pains shared": [f"{n} of 3" for n in order["shared_pains"]],
            "Reading": [reason or "told apart" for reason in order["reason"]],
        }
    )
    caption = (
        f"Overlap of personas, {len(frame)} pairs. Shared members and evidence: what both have over what either has "
        "(Jaccard). Needs alike: cosine of their members' mean needs, 1 is the same."
    )
    return Table(frame, caption, {"Members shared": ".0%", "Evidence shared": ".0%", "Needs alike": ".2f"})
