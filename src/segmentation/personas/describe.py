"""Sentences and tables about personas for a reviewer."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..words import count_words, join_words, percent_words
from .check import CheckedPersonas
from .overlap import closest_first

__all__ = ["describe_overlap", "describe_personas", "tabulate_claims", "tabulate_personas", "tabulate_rules"]

NO_PERSONAS = Callout(
    "absent",
    "No personas in this study.",
    "The study file names no folder of persona files, and there are no segments to draft any from.",
)
MADE = (
    "The data show no segments that would come back, so these personas rest on a division that the team makes. Read them as working "
    "notes about parts of the customers, not as kinds of customers, and rest no message on them yet."
)
DRAFT = "-draft"  # ending of the id of a persona made by rule
KINDS = {"observed": "measured", "inferred": "from interviews", "assumption": "assumption"}
STATUS = {
    "ok": "stands",
    "stale": "no longer shown by the data",
    "broken": "points to nothing",
    "assumption": "assumption",
}


def describe_personas(checked: CheckedPersonas) -> Reading | Callout:
    """How many personas, how much of them stands, what must be repaired.

    Parameters
    ----------
    checked : CheckedPersonas

    Returns
    -------
    Reading or Callout
        Absent without personas.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> describe_personas(check_personas((), Findings())).kind
    'absent'
    """
    if not checked.personas:
        return NO_PERSONAS
    claims, names = checked.claims, {p.persona_id: p.name for p in checked.personas}
    standing = pd.Series(checked.statuses).value_counts()
    parts = [f"{n} {status}" for status, n in standing.items()]
    drafted = all(p.persona_id.endswith(DRAFT) for p in checked.personas)
    text = (
        "A persona is a short portrait that stands for customers of a segment. There "
        f"{'is' if len(names) == 1 else 'are'} "
        f"{count_words(len(names), 'persona')} ({join_words(parts)}) with {count_words(len(claims), 'claim')}, quotes "
        "included. "
        f"{_drafted_words(checked) if drafted else _claim_words(claims)}"
    )
    paragraphs = [MADE, text] if checked.findings.verdict == "constructive" else [text]
    for status, words in (
        ("broken", "point to evidence that does not exist"),
        ("stale", "are no longer shown by the data"),
    ):
        wrong = claims[claims["status"] == status]
        if len(wrong):
            first = wrong.iloc[0]
            many = "claim" if len(wrong) == 1 else "claims"
            verb = words if len(wrong) > 1 else words.replace("point to", "points to").replace("are no", "is no")
            paragraphs.append(
                f"{len(wrong)} {many} {verb}. For instance {names[first['persona_id']]}, “{first['text']}”: "
                f"{first['evidence']}" + (f" To do: {first['fix']}." if first["fix"] else "")
            )
    failed = checked.rules[checked.rules["level"] == "fail"]
    if len(failed):
        listed = [
            f"{names.get(row.persona_id, 'the set')}: {row.text}" for row in failed.head(3).itertuples(index=False)
        ]
        paragraphs.append(f"{count_words(len(failed), 'rule is', 'rules are').capitalize()} broken. {' '.join(listed)}")
    return Reading(paragraphs)


def _drafted_words(checked: CheckedPersonas) -> str:
    """What to make of personas that nobody wrote."""
    from_people = checked.findings.themes is not None
    heard = "and what several people said in interviews" if from_people else "and nothing else: nobody was interviewed"
    return (
        "The team has written none, so these are drafts made by rule, one a segment: a list of what was measured to differ from "
        f"everybody, {heard}. Every claim rests on evidence because only what has evidence was written down; that is no merit. Who "
        "these customers are, what they want and why is not in the data. A claim is measured if it was counted on customers."
    )


def _claim_words(claims: pd.DataFrame) -> str:
    n = len(claims)
    if not n:
        return "They say nothing yet."
    ok, assumed = int((claims["status"] == "ok").sum()), int((claims["status"] == "assumption").sum())
    return (
        f"{ok} of {n} ({percent_words(ok / n)}) {'rests' if ok == 1 else 'rest'} on evidence that stands; {assumed or 'none'} "
        f"{'is' if assumed in (0, 1) else 'are'} "
        f"openly {'an assumption' if assumed in (0, 1) else 'assumptions'}. Measured means: counted on customers. From "
        "interviews means: read "
        f"from what a few people said, which shows that it exists and not how common it is."
    )


def describe_overlap(checked: CheckedPersonas) -> Reading | Callout:
    """Which personas are hard to tell apart.

    Parameters
    ----------
    checked : CheckedPersonas

    Returns
    -------
    Reading or Callout
        Absent with fewer than two personas.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> describe_overlap(check_personas((), Findings())).kind
    'absent'
    """
    overlap, rules = checked.overlap, checked.thresholds
    if overlap.empty:
        return Callout("absent", "There are no two personas to compare.")
    flagged = closest_first(overlap[overlap["flagged"].astype(bool)])
    names = {p.persona_id: p.name for p in checked.personas}
    text = (
        f"Two personas are flagged as hard to tell apart if they share more than {percent_words(rules.max_jaccard)} of "
        "their members or of "
        f"their evidence, or {rules.shared_pains} of their first three pains, or if their members need the same (cosine above "
        f"{rules.max_cosine:g}; 1 is the same): {len(flagged)} of "
        f"{count_words(len(overlap), 'pair')}."
    )
    found = [f"{names[r.persona]} and {names[r.other]}: {r.reason}." for r in flagged.head(5).itertuples(index=False)]
    more = [f"And {len(flagged) - 5} more, in the table under the figure."] if len(flagged) > 5 else []
    return Reading([text, *found, *more])


def tabulate_personas(checked: CheckedPersonas) -> Table:
    """One row a persona.

    Parameters
    ----------
    checked : CheckedPersonas

    Returns
    -------
    Table
        Persona, Segment, Status, Grade, Claims that stand, Assumptions, To repair, Interviewees.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> list(tabulate_personas(check_personas((), Findings())).frame.columns)[:3]
    ['Persona', 'Segment', 'Status']
    """
    rows = []
    for persona in checked.personas:
        own = (checked.claims["persona_id"] == persona.persona_id) & (checked.claims["section"] != "quotes")
        counts = checked.claims.loc[own, "status"].value_counts()
        n = int(counts.sum())
        rows.append(
            (
                persona.name, persona.segment, checked.statuses[persona.persona_id], checked.grades[persona.persona_id][0],
                f"{counts.get('ok', 0)} of {n}", int(counts.get("assumption", 0)),
                int(counts.get("stale", 0) + counts.get("broken", 0)), checked.findings.n_interviewees(persona.segment),
            )
        )  # fmt: skip
    columns = ["Persona", "Segment", "Status", "Grade", "Claims that stand", "Assumptions", "To repair", "Interviewees"]
    rules = checked.thresholds
    note = (
        f"Grade A: at least {percent_words(1 - rules.max_assumptions)} of claims stand, none has fallen, and "
        f"{rules.grade_a_people} or more "
        f"people of the segment were interviewed. B: {percent_words(rules.grade_b_support)} and "
        f"{rules.grade_b_people}. C: less."
    )
    note += " Quotes shown beside the claims are not counted here. Interviewees: people of the segment who were interviewed."
    return Table(
        pd.DataFrame(rows, columns=columns), f"Personas and their evidence, n = {len(rows)} personas.", None, note
    )


def tabulate_claims(checked: CheckedPersonas, persona_id: str | None = None, *, status: str | None = None) -> Table:
    """Claims with their evidence.

    Parameters
    ----------
    checked : CheckedPersonas
    persona_id, status : str, optional
        Only claims of this persona, of this status.

    Returns
    -------
    Table
        Persona, Claim, Kind, Status, Evidence, To do.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> list(tabulate_claims(check_personas((), Findings())).frame.columns)
    ['Persona', 'Claim', 'Kind', 'Status', 'Evidence', 'To do']
    """
    names = {p.persona_id: p.name for p in checked.personas}
    claims = checked.claims
    claims = claims if persona_id is None else claims[claims["persona_id"] == persona_id]
    claims = claims if status is None else claims[claims["status"] == status]
    frame = pd.DataFrame(
        {
            "Persona": [names[key] for key in claims["persona_id"]],
            "Claim": claims["text"].astype(str).to_numpy(),
            "Kind": claims["kind"].map(KINDS).to_numpy(),
            "Status": claims["status"].map(STATUS).to_numpy(),
            "Evidence": claims["evidence"].astype(str).to_numpy(),
            "To do": claims["fix"].astype(str).to_numpy(),
        }
    )
    which = {"stale": "Claims that the data no longer show", "broken": "Claims whose evidence does not exist",
             "assumption": "Claims that are assumptions", "ok": "Claims that stand"}.get(status or "", "Claims")  # fmt: skip
    nothing = {"stale": "Every claim that cites evidence is still shown by it.", "broken": "All evidence that is cited exists.",
               "assumption": "No claim is an assumption."}.get(status or "", "There are no claims.")  # fmt: skip
    nothing = nothing if checked.personas else ""
    return Table(frame, f"{which}, and what they rest on, n = {len(frame)}.", empty=nothing)


def tabulate_rules(checked: CheckedPersonas, *, all_rules: bool = False) -> Table:
    """Rules that are not met, or all of them.

    Parameters
    ----------
    checked : CheckedPersonas
    all_rules : bool
        Also those that are met.

    Returns
    -------
    Table
        Persona, Rule, Result, Why.

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> list(tabulate_rules(check_personas((), Findings())).frame.columns)
    ['Persona', 'Rule', 'Result', 'Why']
    """
    names = {p.persona_id: p.name for p in checked.personas}
    table = checked.rules if all_rules else checked.rules[checked.rules["level"].isin(["warn", "fail"])]
    frame = pd.DataFrame(
        {
            "Persona": [names.get(key, "all of them") for key in table["persona_id"]],
            "Rule": table["rule"].astype(str).to_numpy(),
            "Result": table["level"]
            .map({"ok": "met", "warn": "look at it", "fail": "not met"})
            .fillna("not checked")
            .to_numpy(),
            "Why": table["text"].astype(str).to_numpy(),
        }
    )
    met = int((checked.rules["level"] == "ok").sum())
    judged = int((checked.rules["level"] != "not checked").sum())
    skipped = len(checked.rules) - judged
    caption = f"Rules for personas: {met} of {judged} checks are met" + ("." if all_rules else "; the others:")
    note = f"{count_words(skipped, 'check')} could not be made, for want of data." if skipped else ""
    nothing = "Every rule for personas that could be checked is met." if checked.personas else ""
    return Table(frame, caption, note=note, empty=nothing)
