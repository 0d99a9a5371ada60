"""Whether a piece of evidence still stands in what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..display import format_p
from ..errors import nearest_word
from ..qualitative import CodedInterviews, check_quote
from ..words import join_words, range_words
from .findings import Findings
from .model import Evidence, ProfileRef, QuoteRef

__all__ = ["STATUSES", "Judged", "judge_evidence", "judge_quote"]

STATUSES = ("ok", "stale", "broken")  # from best to worst


@dataclass(frozen=True)
class Judged:
    """One piece of evidence after the check.

    Attributes
    ----------
    status : {"ok", "stale", "broken"}
        Stands; exists but no longer shows it; points to nothing.
    sort : {"profile", "theme", "quote", "kpi"}
    sentence : str
        What it shows, with its figures.
    fix : str
        What to do, where it is not ok.
    details : mapping
        For quotes: participant, text (masked), source_id, turn, start, end, quote_id. For profile: index, index_lower,
        index_upper (None where a ratio means nothing), unclear (the interval includes everybody's value), variable, segment,
        level. For themes: k, n.
    """

    status: str
    sort: str
    sentence: str
    fix: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


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
        return _judge_profile(evidence.profile, evidence.profile.segment or segment, findings)
    if evidence.theme is not None:
        return _judge_theme(evidence.theme, segment, findings, min_people)
    if evidence.quote is not None:
        return judge_quote(evidence.quote, segment, findings)
    return _judge_kpi(str(evidence.kpi), segment, findings)


def _judge_profile(ref: ProfileRef, segment: str, findings: Findings) -> Judged:
    if findings.profile is None or findings.profile.empty:
        return Judged("broken", "profile", "There is no segment profile.", "Run the stage that profiles segments")
    table = findings.profile
    here = table[(table["segment"].astype(str) == segment) & (table["variable"].astype(str) == ref.variable)]
    if here.empty:
        return Judged("broken", "profile", *_no_row(ref, segment, table))
    levels = here["level"].astype("string").fillna("")
    if ref.level is not None:
        here = here[(levels.str.casefold() == ref.level.casefold()).to_numpy()]
        if here.empty:
            text = f"The profile of {segment} has no level {ref.level!r} of {ref.variable}."
            known = [level for level in levels if level]
            fix = nearest_word(ref.level, known) or f"Levels are: {join_words(known)}"
            return Judged("broken", "profile", text, fix)
    elif len(here) > 1:
        text = f"{ref.variable} has several levels in the profile, and the evidence names none."
        return Judged("broken", "profile", text, f"Add level: one of {join_words(levels, last='or')}")
    return _judge_row(here.iloc[0], ref, segment, findings)


def _no_row(ref: ProfileRef, segment: str, table: pd.DataFrame) -> tuple[str, str]:
    segments = sorted(table["segment"].dropna().astype(str).unique())
    if segment not in segments:
        fix = nearest_word(segment, segments) or f"Segments are: {join_words(segments)}"
        return f"The profile has no segment {segment!r}.", fix
    hint = nearest_word(ref.variable, table["variable"].unique()) or "Name a variable of the study"
    return f"The profile has no variable {ref.variable!r}.", hint


def _judge_row(row: pd.Series, ref: ProfileRef, segment: str, findings: Findings) -> Judged:
    name = f"“{findings.words(ref.variable)}”" + (f" = {ref.level}" if ref.level and ref.level != "yes" else "")
    if pd.isna(row["estimate"]):
        text = f"{name}: withheld in {segment}, too few are behind it."
        return Judged("stale", "profile", text, "Drop the claim, or rest it on something that can be shown")
    as_share = (bool(ref.level) or row.get("kind") == "share" or ref.variable in findings.shares) and 0 <= row[
        "estimate"
    ] <= 1
    shown = _per_cent if as_share else _number
    base = row.get("base", math.nan)  # for a share n counts those with the trait, base those who could have it
    n = int(row["n"] if pd.isna(base) else base)
    limits = f"95 % interval {shown(row['lower'])} to {shown(row['upper'])}, n = {n:,d}"
    text = f"{name}: {shown(row['estimate'])} in {segment} ({limits}) against {shown(row['total'])} for everybody"
    has_index = not (pd.isna(row["index_lower"]) or pd.isna(row["index_upper"]))
    low, high, middle = (row["index_lower"], row["index_upper"], 100.0) if has_index else (
        row["lower"], row["upper"], row["total"]
    )  # fmt: skip
    limits_of = ("index", "index_lower", "index_upper")
    details: dict[str, object] = {key: float(row[key]) if has_index else None for key in limits_of}
    details |= {"variable": ref.variable, "segment": segment, "level": ref.level or "", "unclear": False}
    if has_index:
        text += f"; index {row['index']:.0f} ({low:.0f} to {high:.0f}), everybody = 100"
    if (low > middle) if ref.direction == "above" else (high < middle):
        return Judged("ok", "profile", f"{text}.", details=details)
    other = (high < middle) if ref.direction == "above" else (low > middle)
    details["unclear"] = not other
    why = "It points the other way" if other else "The interval includes everybody's value: no difference is shown"
    return Judged("stale", "profile", f"{text}. {why}.", "Say what the table shows now, or drop the claim", details)


def _per_cent(share: float) -> str:
    if pd.isna(share):
        return "–"
    share = 0.0 if abs(share) < 0.0005 else share
    return f"{100 * share:.1f} %" if 0 < abs(share) < 0.0495 else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    if pd.isna(value):
        return "–"
    value = 0.0 if abs(value) < 0.005 else value  # no minus zero
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"


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


def _judge_kpi(name: str, segment: str, findings: Findings) -> Judged:
    if findings.kpis is None or findings.kpis.empty:
        return Judged("stale", "kpi", f"KPI {name} is not measured yet.", "It is checked once KPIs have been measured")
    table = findings.kpis
    here = table[table["kpi"].astype(str) == name]
    if here.empty:
        hint = nearest_word(name, table["kpi"].unique()) or "Name a KPI of the study"
        return Judged("broken", "kpi", f"There is no KPI {name!r}.", hint)
    here = here[here["segment"].astype(str) == segment]
    if here.empty:
        return Judged("broken", "kpi", f"KPI {name} is not measured for {segment}.", "Rest the claim on something else")
    row = here.iloc[0]
    if pd.isna(row["rate"]):
        return Judged("stale", "kpi", f"KPI {name}: withheld in {segment}, too few are behind it.", "Drop the evidence")
    limits = (
        f"{100 * row['lower']:.0f} to {100 * row['upper']:.0f} %, {row['numerator']:.0f} of {row['denominator']:,.0f}"
    )
    return Judged("ok", "kpi", f"{name}: {100 * row['rate']:.0f} % in {segment} (95 % interval {limits}).")
