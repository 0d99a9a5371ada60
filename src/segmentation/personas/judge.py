"""Whether a piece of evidence still stands in what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ..display import format_p
from ..errors import nearest_word
from ..qualitative import CodedInterviews, check_quote
from ..words import range_words
from .findings import Findings
from .judge_numbers import judge_kpi, judge_profile, judge_touchpoint
from .judged import Judged
from .model import Evidence, QuoteRef

__all__ = ["judge_evidence", "judge_quote"]


def judge_evidence(evidence: Evidence, segment: str, findings: Findings, *, min_people: int = 2) -> Judged:
    """Check one piece of evidence of a persona against what was found.

    Parameters
    ----------
    evidence : Evidence
    segment : str
        The persona's segment.
    findings : Findings
    min_people : int
        Interviewees of the segment who must have a theme.

    Returns
    -------
    Judged

    Examples
    --------
    >>> judge_evidence(Evidence(theme="late_payment"), "S1", Findings()).status
    'broken'
    """
    if evidence.profile is not None:
        return judge_profile(evidence.profile, evidence.profile.segment or segment, findings)
    if evidence.theme is not None:
        return _judge_theme(evidence.theme, segment, findings, min_people)
    if evidence.quote is not None:
        return judge_quote(evidence.quote, segment, findings)
    if evidence.touchpoint is not None:
        return judge_touchpoint(evidence.touchpoint, evidence.touchpoint.segment or segment, findings)
    return judge_kpi(str(evidence.kpi), segment, findings)


def _judge_theme(code: str, segment: str, findings: Findings, min_people: int) -> Judged:
    if findings.themes is None or findings.themes.empty:
        return Judged(
            "broken", "theme", "There are no coded interviews.", "Rest the claim on something else, or on nothing"
        )
    table = findings.themes
    here = table[table["code"].astype(str) == code]
    if here.empty:
        hint = nearest_word(code, table["code"].unique()) or "Name a code of the codebook"
        return Judged("broken", "theme", f"The codebook has no code {code!r}.", hint)
    name = str(here["name"].iloc[0])
    here = here[here["segment"].astype(str) == segment]
    if here.empty or not int(here["n"].iloc[0]):
        return Judged(
            "stale", "theme", f"Nobody was interviewed from {segment}.", "Interview people, or drop the evidence"
        )
    row = here.iloc[0]
    text = f"{row['k']} of the {row['n']} people interviewed from {segment} spoke of it ({name})"
    if row.get("rest_n", 0):
        text += f", {row['rest_k']} of the {row['rest_n']} from elsewhere"
        if not pd.isna(row.get("q", math.nan)):
            more = row["k"] / row["n"] > row["rest_k"] / row["rest_n"]
            text += " (more than chance would give" if row["q"] <= 0.05 and more else " (no difference beyond chance"
            shown = format_p(row["q"])
            text += f", q {shown if shown[0] in '<>' else f'= {shown}'})"
    text += "." + _agreement_words(code, findings)
    details = {"k": int(row["k"]), "n": int(row["n"])}
    if row["k"] >= min_people:
        return Judged("ok", "theme", text, details=details)
    fix = (
        "Interview more people, or drop the evidence"
        if row["k"]
        else "Drop the evidence: nobody of this segment said it"
    )
    return Judged("stale", "theme", f"{text} That is fewer than the {min_people} the rule asks for.", fix, details)


def _agreement_words(code: str, findings: Findings) -> str:
    if findings.agreement is None or findings.agreement.empty:
        return ""
    row = findings.agreement[findings.agreement["code"].astype(str) == code]
    if row.empty or row["reading"].iloc[0] != "low":
        return ""
    alpha, limits = row["alpha"].iloc[0], (row["lower"].iloc[0], row["upper"].iloc[0])
    return f" Coders did not agree well on this code (alpha {alpha:.2f}, {range_words(limits)})."


def judge_quote(ref: QuoteRef, segment: str, findings: Findings) -> Judged:
    """Check that a person said these words, may be quoted and belongs to the segment.

    Parameters
    ----------
    ref : QuoteRef
    segment : str
    findings : Findings

    Returns
    -------
    Judged

    Examples
    --------
    >>> judge_quote(QuoteRef(participant="P01", text="never said"), "S1", Findings()).status
    'broken'
    """
    if findings.coded is None or findings.coded.empty:
        return _judge_banked(ref, segment, findings)
    coded = findings.coded
    if ref.participant not in coded.people.index:
        hint = nearest_word(ref.participant, coded.people.index) or "Name a participant of the interviews"
        return Judged("broken", "quote", f"There is no participant {ref.participant!r}.", hint)
    person = coded.people.loc[ref.participant]
    turns = coded.turns[coded.turns["source_id"] == person["source_id"]]
    for turn in turns[(turns["participant"] == ref.participant).fillna(False)].itertuples(index=False):
        text = coded.transcripts[turn.source_id][turn.start : turn.end]
        check = check_quote(ref.text, text)
        if check.found and check.start is not None and check.end is not None:
            start, end = turn.start + check.start, turn.start + check.end
            shown = " ".join(findings.redactor.redact(coded.transcripts[turn.source_id], start, end).split())
            where = {"source_id": turn.source_id, "turn": int(turn.turn), "start": int(start), "end": int(end)}
            return _place_quote(ref.participant, shown, where, (bool(person["consent"]), person["segment"]), segment)
    return Judged("broken", "quote", *_not_said(ref, coded))


def _not_said(ref: QuoteRef, coded: CodedInterviews) -> tuple[str, str]:
    text = f"{ref.participant} did not say these words."
    for turn in coded.turns.itertuples(index=False):
        if check_quote(ref.text, coded.transcripts[turn.source_id][turn.start : turn.end]).found:
            who = "the interviewer" if pd.isna(turn.participant) else turn.participant
            return text, f"They are the words of {who} in interview {turn.source_id}, turn {turn.turn}"
    return text, "Copy the words from the transcript; nothing but white space may differ"


def _judge_banked(ref: QuoteRef, segment: str, findings: Findings) -> Judged:
    """Without transcripts at hand: the words must stand in a quote that may be shown."""
    if findings.quotes is None or findings.quotes.empty:
        return Judged("broken", "quote", "There are no interviews to quote from.", "Drop the quote")
    theirs = findings.quotes[findings.quotes["participant"].astype(str) == ref.participant]
    if theirs.empty:
        hint = (
            nearest_word(ref.participant, findings.quotes["participant"].unique())
            or "Name a participant who may be quoted"
        )
        return Judged("broken", "quote", f"There is no participant {ref.participant!r} who may be quoted.", hint)
    for quote in theirs.itertuples(index=False):
        if check_quote(ref.text, quote.text).found:
            where = {key: getattr(quote, key) for key in ("source_id", "turn", "start", "end", "quote_id")}
            shown = findings.redactor.redact(" ".join(ref.text.split()))
            return _place_quote(ref.participant, shown, where, (True, quote.segment), segment)
    text = f"{ref.participant} did not say these words in any passage that may be shown."
    return Judged("broken", "quote", text, "Copy the words from the quote bank")


def _place_quote(
    participant: str, shown: str, where: Mapping[str, object], standing: tuple[bool, object], segment: str
) -> Judged:
    """Judge words that were said, by the speaker's standing: consent and segment."""
    consent, spoken_from = standing
    if not consent:
        return Judged("broken", "quote", f"{participant} did not agree to be quoted.", "Drop the quote, or ask them")
    details = {"participant": participant, "text": shown, **where}
    text = f"{participant} said: “{shown}” ({where['source_id']}, turn {where['turn']}, characters {where['start']} to {where['end']})."
    if not pd.isna(spoken_from) and str(spoken_from) != segment:  # type: ignore[call-overload]
        fix = f"Quote somebody of {segment}, or move the quote to a persona of {spoken_from}"
        return Judged(
            "stale", "quote", f"{text} {participant} now belongs to {spoken_from}, not to {segment}.", fix, details
        )
    return Judged("ok", "quote", text, details=details)
