"""What persona files cite must exist: variables and levels, codes, quotes, touchpoints, KPIs, messages, stages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from ..errors import Violation, nearest_word
from ..qualitative import CodedInterviews
from ..study import Study
from ..words import join_words
from .findings import Findings
from .judge import judge_quote
from .model import Evidence, Persona, ProfileRef, QuoteRef, TouchRef

__all__ = ["check_persona_references"]

MOST_SHOWN = 12  # words of a list of what is allowed


def check_persona_references(
    personas: tuple[Persona, ...],
    study: Study,
    *,
    coded: CodedInterviews | None = None,
    codes: Collection[str] | None = None,
    features: pd.DataFrame | None = None,
    kpis: Collection[str] | None = None,
    messages: Collection[str] | None = None,
    channels: Mapping[str, Collection[str]] | None = None,
) -> list[Violation]:
    """Every reference of every persona to something that does not exist, with its file and line.

    What exists and no longer shows a claim is no error: ``check_personas`` marks it. What is not given is not checked, and
    segments are not either, since they are found only in the run.

    Parameters
    ----------
    personas : tuple of Persona
    study : Study
    coded : CodedInterviews, optional
        To find quotes word for word.
    codes, kpis, messages : collection of str, optional
        Ids that exist.
    features : pandas.DataFrame, optional
        To know the levels of variables of words.
    channels : mapping of str to collection of str, optional
        Channels on record at each stage of the journeys.

    Returns
    -------
    list of Violation

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> dana = Persona(persona_id="s1-a", name="Dana", segment="S1", file="dana.md", lines={"defining.0": 9},
    ...     defining=[{"variable": "visits"}])
    >>> for problem in check_persona_references((dana,), tiny_study()):
    ...     print(problem.file, problem.line, problem.message)
    dana.md 9 no such variable
    """
    found: list[Violation] = []
    words = Findings(coded=coded)
    for persona in personas:
        for place, evidence in _cited(persona):
            if evidence.profile is not None:
                found += _check_variable(persona, f"{place}.profile", evidence.profile, study, features)
            elif evidence.theme is not None:
                found += _check_name(persona, f"{place}.theme", evidence.theme, codes, "code")
            elif evidence.quote is not None and coded is not None:
                found += _check_words(persona, f"{place}.quote", evidence.quote, words)
            elif evidence.touchpoint is not None:
                found += _check_touchpoint(persona, f"{place}.touchpoint", evidence.touchpoint, study, channels)
            elif evidence.kpi is not None:
                found += _check_name(persona, f"{place}.kpi", evidence.kpi, kpis, "KPI")
        for rank, ref in enumerate(persona.defining):
            found += _check_variable(persona, f"defining.{rank}", ref, study, features)
        for rank, quote in enumerate(persona.quotes if coded is not None else ()):
            found += _check_words(persona, f"quotes.{rank}", quote, words)
        for place, name, known, noun in _named(persona, study, kpis, messages):
            found += _check_name(persona, place, name, known, noun)
    return found


def _cited(persona: Persona) -> Iterator[tuple[str, Evidence]]:
    """Each piece of evidence with its place in the file."""
    for claim_id, section, claim in persona.claims():
        last = claim_id.rpartition("-")[2]
        place = f"jtbd.{last}" if section == "jtbd" else f"{section}.{int(last) - 1}"
        for rank, evidence in enumerate(claim.evidence):
            yield f"{place}.evidence.{rank}", evidence


def _named(
    persona: Persona, study: Study, kpis: Collection[str] | None, messages: Collection[str] | None
) -> Iterator[tuple[str, str, Collection[str] | None, str]]:
    """Names outside evidence: stages, messages, KPIs."""
    stages = list(study.journeys) or None
    for rank, step in enumerate(persona.journey):
        if step.stage is not None:
            yield f"journey.{rank}.stage", step.stage, stages, "stage of the study's journeys"
    for rank, name in enumerate(persona.messages):
        yield f"messages.{rank}", name, messages, "message"
    for rank, name in enumerate(persona.kpis):
        yield f"kpis.{rank}", name, kpis, "KPI"
    for key, known, noun in (("message", messages, "message"), ("against", messages, "message"), ("kpi", kpis, "KPI")):
        named = getattr(persona.prediction, key, None)
        if named is not None:
            yield f"prediction.{key}", named, known, noun


def _check_name(persona: Persona, place: str, name: str, known: Collection[str] | None, noun: str) -> list[Violation]:
    if known is None or name in known:
        return []
    shown = ", ".join(list(known)[:MOST_SHOWN]) + (", ..." if len(known) > MOST_SHOWN else "")
    fix = nearest_word(name, known)
    return [Violation(f"no such {noun}", persona.file, None, place, name, shown, fix, persona.line_of(place))]


def _check_variable(
    persona: Persona, place: str, ref: ProfileRef, study: Study, features: pd.DataFrame | None
) -> list[Violation]:
    names = [variable.name for variable in study.variables]
    if ref.variable not in names:
        return _check_name(persona, place, ref.variable, names, "variable")
    variable, line = study.variable(ref.variable), persona.line_of(place)
    if variable.level in ("numeric", "binary"):
        if ref.level is None or (variable.level == "binary" and ref.level in ("yes", "no")):
            return []
        fix = "Take level out: it is for variables of words"
        return [
            Violation(
                "this variable is a number and has no levels", persona.file, None, place, ref.level, "", fix, line
            )
        ]
    if variable.level == "ordinal":
        known = list(variable.levels)
    else:
        known = sorted(features[ref.variable].dropna().astype(str).unique()) if features is not None else []
    if ref.level is None:
        allowed = ", ".join(known[:MOST_SHOWN])
        return [Violation("this variable has levels, and none is named", persona.file, None, place, ref.variable, allowed,
                          "Add level: the one that is meant", line)]  # fmt: skip
    folded = {level.casefold() for level in known}
    if not known or ref.level.casefold() in folded:
        return []
    return _check_name(persona, f"{place}.level", ref.level, known, f"level of {ref.variable}")


def _check_touchpoint(
    persona: Persona, place: str, ref: TouchRef, study: Study, channels: Mapping[str, Collection[str]] | None
) -> list[Violation]:
    """A stage that the study does not declare, or a channel that no unit came through at that stage."""
    if not study.journeys:
        fix = "Declare journeys in the study file, or rest the claim on something else"
        return [Violation("this study declares no journeys, so it has no touchpoints", persona.file, None, place, ref.stage, "", fix,
                          persona.line_of(place))]  # fmt: skip
    wrong = _check_name(persona, f"{place}.stage", ref.stage, list(study.journeys), "stage of the study's journeys")
    if wrong or channels is None or ref.channel in channels.get(ref.stage, ()):
        return wrong
    if channels.get(ref.stage):
        return _check_name(
            persona, f"{place}.channel", ref.channel, channels[ref.stage], f"channel at the stage {ref.stage}"
        )
    known = "; ".join(f"{stage}: {', '.join(names)}" for stage, names in channels.items() if names)
    fix = (
        "Name a stage that has channels on record"
        if known
        else "No event of the journeys names its channel: take it out"
    )
    where = f"{place}.stage"
    return [
        Violation(
            "no channel is on record at this stage",
            persona.file,
            None,
            where,
            ref.stage,
            known,
            fix,
            persona.line_of(where),
        )
    ]


def _check_words(persona: Persona, place: str, ref: QuoteRef, words: Findings) -> list[Violation]:
    """A participant who does not exist, or words that nobody said; consent and segment are results, not mistakes."""
    assert words.coded is not None
    people = words.coded.people.index
    line = persona.line_of(place)
    if ref.participant not in people:
        fix = nearest_word(ref.participant, people) or f"Participants are: {join_words(list(people)[:MOST_SHOWN])}"
        return [Violation("no such participant", persona.file, None, place, ref.participant, "", fix, line)]
    judged = judge_quote(ref, persona.segment, words)
    if judged.status != "broken" or "did not agree" in judged.sentence:
        return []
    shown = ref.text if len(ref.text) <= 60 else f"{ref.text[:57]}..."
    return [Violation(judged.sentence.rstrip("."), persona.file, None, place, shown, "", judged.fix, line)]
