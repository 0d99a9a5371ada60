"""What the wiki of personas shows beside the sheets: comparison, rules with their limits, history, glossary."""

from __future__ import annotations

import re
from math import isnan
from typing import Any

import pandas as pd

from ..study import PersonaRules
from ..words import percent_words, range_words
from .check import CheckedPersonas
from .history import PersonaHistory, standing_rows
from .model import Claim, Persona
from .perception import CITATION, CONSTRUCTS, Perception
from .rules import RULES
from .sheet import GRADES

__all__ = ["persona_wiki"]

SHARES = ("max_assumptions", "max_one_voice", "warn_match", "fail_match", "max_jaccard")
TERMS = {
    "Assumption": "A claim without evidence: what the team believes. It is marked wherever it stands.",
    "Base": "The people or accounts that a share is a share of. A share without its base cannot be judged.",
    "Buying unit": "Everybody who has a say when an account buys: user, influencer, buyer, decider, gatekeeper and others.",
    "Claim": "A sentence about a persona. It cites a figure, a theme of the interviews or a quote, or it is an assumption.",
    "Codebook": "The list of codes: the names that coders give to passages of interviews.",
    "Cosine": "How alike two lists of numbers are in direction: 1 is the same, 0 nothing in common, -1 the opposite.",
    "Defining attributes": "The few features that mark somebody as the customer a persona stands for.",
    "Emotion line": "How each stage of the way to buying and staying feels, as people told it, from -2 (very bad) to 2 (very good). Stages "
    "nobody spoke of stay empty. Where no interview was read by stage it is as the team wrote it, and says so.",
    "Evidence grade": "A, B or C: how much of what a persona says has evidence that stands, and how many people were interviewed.",
    "Index": "A figure of a segment with everybody set to 100: 150 is half as much again, 50 is half.",
    "Interval (95 %)": "A range made so that it holds the figure of all customers in 95 of 100 samples like this one.",
    "Jaccard": "What two sets share, over what either has: 0 nothing, 1 everything.",
    "Job": "What customers hire a product for: what gets done, how it should feel, how others should see them.",
    "k of n people": "k of the n people interviewed from the segment spoke of it. It shows that a thing exists, not how common it is.",
    "Krippendorff's alpha": "How well coders agree beyond chance: 1 fully, 0 not at all.",
    "No longer shown": "The figure or theme still exists, but this quarter it does not show what the claim says.",
    "Persona": "A short portrait that stands for customers of a segment. Nobody in the segment has all of it.",
    "Points to nothing": "The claim cites something that does not exist any more.",
    "Prediction": "What a test must show if the persona is right. A persona that predicts nothing cannot be refuted.",
    "q": "If every difference with this q or a smaller one is called real, about this share of them are false alarms. Under 0.05 counts.",
    "Segment": "A part of the customers that is alike in needs or behaviour, found in the data and named by a letter and a number.",
    "Touchpoint": "A channel through which customers came to a stage of their way, as the events name it. Its share is of those whose "
    "channel at that stage is on record.",
    "Waiver": "The written reason why a segment has fewer personas than the rule asks for.",
}


def persona_wiki(
    checked: CheckedPersonas, history: PersonaHistory | None = None, perception: Perception | None = None
) -> dict[str, Any]:
    """The wiki's pages as plain data.

    Parameters
    ----------
    checked : CheckedPersonas
    history : PersonaHistory, optional
    perception : Perception, optional

    Returns
    -------
    dict
        compare (rows {label, cells}, a cell a persona that is not retired; names, ids), rules (list of {rule, words, limits,
        checks}), history {periods, rows, before, reckoned}, glossary (list of {term, text}), perception {constructs,
        statements, scores, citation, place}, grades (grade to words), retired (names).

    Examples
    --------
    >>> from segmentation.personas import Findings, check_personas
    >>> sorted(persona_wiki(check_personas((), Findings())))
    ['compare', 'glossary', 'grades', 'history', 'perception', 'retired', 'rules']
    """
    active = [persona for persona in checked.personas if persona.status != "retired"]
    return {
        "compare": {
            "ids": [persona.persona_id for persona in active],
            "names": [persona.name for persona in active],
            "rows": [
                {"label": label, "cells": [cell(persona) for persona in active]} for label, cell in _cells(checked)
            ],
        },
        "rules": [_rule(name, checked) for name in RULES],
        "history": _history(checked, history),
        "glossary": _glossary(checked),
        "perception": _perception(checked, perception or Perception()),
        "grades": dict(GRADES),
        "retired": [persona.name for persona in checked.personas if persona.status == "retired"],
    }


def _cells(checked: CheckedPersonas) -> list[tuple[str, Any]]:
    """Rows of the comparison: a label and how to fill a persona's cell; an empty list says that nothing is known."""
    claims = checked.claims.set_index(["persona_id", "claim_id"])["status"].to_dict()
    behind: dict[tuple[str, str], str] = {}
    for row in checked.pieces.to_dict("records"):
        if pd.notna(row["n"]):
            behind[row["persona_id"], row["claim_id"]] = f"{row['k']:.0f} of {row['n']:.0f} people"
        elif pd.notna(row["index"]):
            behind.setdefault((row["persona_id"], row["claim_id"]), f"index {row['index']:.0f}")

    def words(persona: Persona, key: str, claim: Claim, rank: int) -> str:
        place = (persona.persona_id, f"{key}-{rank}")
        figures = f" ({behind[place]})" if place in behind else ""
        flag = {"assumption": "Assumption: ", "stale": "No longer shown: ", "broken": "No longer supported: "}
        return f"{flag.get(claims.get(place, ''), '')}{claim.text}{figures}"

    def section(key: str, most: int) -> Any:
        return lambda p: [words(p, key, claim, rank) for rank, claim in enumerate(getattr(p, key)[:most], start=1)]

    def listed(text: str | None) -> list[str]:
        return [text] if text else []

    return [
        ("Segment", lambda p: [p.segment]),
        ("Role in the buying unit", lambda p: listed(p.role)),
        ("Standing", lambda p: [f"{checked.statuses[p.persona_id]}, evidence {checked.grades[p.persona_id][0]}"]),
        ("Job", lambda p: [words(p, "jtbd", p.jtbd.functional, "functional")] if p.jtbd.functional else []),  # type: ignore[arg-type]
        ("Pains", section("pains", 3)),
        ("Goals", section("goals", 2)),
        ("How they decide", section("decision_criteria", 2)),
        ("What holds them back", section("barriers", 2)),
        ("Where to reach them", section("channels", 2)),
        ("How they would take a message", section("reception", 2)),
        ("Who does not fit", lambda p: list(p.unlike)),
        ("Prediction", lambda p: listed(p.prediction.text if p.prediction else None)),
    ]


def _rule(name: str, checked: CheckedPersonas) -> dict[str, Any]:
    """A rule with its limits and how many checks of it are met."""
    number, rules = name.split()[0], checked.thresholds
    limits = [
        {"name": key, "value": _value(key, getattr(rules, key)), "words": (field.description or "").split(": ", 1)[1]}
        for key, field in PersonaRules.model_fields.items()
        if (field.description or "").startswith(f"{number}: ")
    ]
    counts = checked.rules.loc[checked.rules["rule"] == name, "level"].value_counts()
    checks = {level: int(counts.get(level, 0)) for level in ("ok", "warn", "fail", "not checked")}
    return {"rule": name, "words": RULES[name], "limits": limits, "checks": checks}


def _value(key: str, value: Any) -> str:
    if key in SHARES:
        return percent_words(value)
    return " to ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"


def _history(checked: CheckedPersonas, history: PersonaHistory | None) -> dict[str, Any]:
    if history is None:
        return {"periods": [], "rows": [], "before": "", "reckoned": False}
    names = {persona.persona_id: persona.name for persona in checked.personas}
    rows = [
        row | {"name": names.get(row["persona_id"], row["persona_id"])}
        for row in standing_rows(history)
        if row["section"] != "quotes"
    ]
    return {"periods": history.periods, "rows": rows, "before": history.before, "reckoned": history.reckoned}


def _perception(checked: CheckedPersonas, perception: Perception) -> dict[str, Any]:
    names = {persona.persona_id: persona.name for persona in checked.personas}
    scores = [] if perception.scores is None else perception.scores.to_dict("records")
    return {
        "constructs": [{"name": name.replace("_", " "), "words": words} for name, words in CONSTRUCTS.items()],
        "statements": [{"item": item.item, "statement": item.statement} for item in perception.items],
        "scores": [
            {
                "name": names.get(row["persona_id"], row["persona_id"]),
                "construct": row["construct"].replace("_", " "),
                "raters": row["raters"],
                "mean": "–" if isnan(row["mean"]) else f"{row['mean']:.1f}",
                "interval": range_words((row["lower"], row["upper"]), ".1f"),
                "alpha": "–" if isnan(row["alpha"]) else f"{row['alpha']:.2f}",
            }
            for row in scores
        ],
        "citation": CITATION,
        "wording": perception.wording,
    }


def _with_article(kind: str) -> str:
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}"


def _glossary(checked: CheckedPersonas) -> list[dict[str, str]]:
    """The suite's own words, the variables that claims cite, and the codes they cite."""
    found = dict(TERMS)
    findings = checked.findings
    cited = [e for persona in checked.personas for _, _, claim in persona.claims() for e in claim.evidence]
    for name in sorted({e.profile.variable for e in cited if e.profile is not None}):
        label = findings.words(name)
        kind = findings.kinds.get(name, "")
        text = f"{_with_article(kind)} variable of this study." if kind else "A variable of this study."
        found[f"{label[0].upper()}{label[1:]}"] = text
    if findings.coded is not None:
        for code in sorted({e.theme for e in cited if e.theme is not None}):
            if code in findings.coded.codes.index:
                row = findings.coded.codes.loc[code]
                meaning = row.get("description")
                told = str(meaning) if isinstance(meaning, str) and meaning else "No description in the codebook."
                found[f"{str(row['name'])[0].upper()}{str(row['name'])[1:]}"] = f"A code of the interviews. {told}"
    order = sorted(found, key=lambda term: re.sub(r"\W", "", term).casefold())
    return [{"term": term, "text": found[term]} for term in order]
