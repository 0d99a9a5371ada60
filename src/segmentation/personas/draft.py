"""First personas from evidence alone, for a study whose team has written none."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..qualitative.quotes import choose_quotes
from ..words import join_words
from .findings import Findings
from .judge_numbers import channel_words
from .model import Claim, Evidence, Persona, ProfileRef, QuoteRef, TouchRef

__all__ = ["draft_personas"]

MOST_TRAITS, MOST_THEMES, MOST_QUOTES, MOST_CHANNELS = 8, 6, 3, 3
SECTION_OF_KIND = {
    "behavioural": "behaviour", "technographic": "behaviour", "intent": "behaviour", "firmographic": "firmographics",
    "demographic": "firmographics", "geographic": "regions", "need": "goals", "psychographic": "goals",
}  # fmt: skip
SECTION_OF_CODE = {
    "pain": "pains", "need": "goals", "goal": "goals", "barrier": "barriers", "trigger": "triggers",
    "criteri": "decision_criteria", "source": "information_sources", "channel": "channels", "incentive": "incentives",
}  # fmt: skip


def draft_personas(findings: Findings, *, quarter: str | None = None, units: str = "customers") -> tuple[Persona, ...]:
    """Draft one sober persona a segment: only claims with evidence, no name of a person, no story.

    Parameters
    ----------
    findings : Findings
        With a profile (rows marked ``marker`` are used), and themes and quotes where the study has them.
    quarter : str, optional
        For instance 2026Q3.
    units : str
        What units are called, plural.

    Returns
    -------
    tuple of Persona
        Status draft, ids such as ``s1-draft``; empty without segments.

    Examples
    --------
    >>> columns = "segment variable level n estimate lower upper total index index_lower index_upper marker".split()
    >>> row = ["S1", "visits", None, 40, 9.0, 8.0, 10.0, 6.0, 150.0, 140.0, 160.0, True]
    >>> profile = pd.DataFrame([row], columns=columns)
    >>> [(p.persona_id, p.behaviour[0].text) for p in draft_personas(Findings(profile=profile))]
    [('s1-draft', 'Visits: higher than for customers in general.')]
    """
    return tuple(_draft(segment, findings, quarter, units) for segment in findings.segments)


def _draft(segment: str, findings: Findings, quarter: str | None, units: str) -> Persona:
    sections: dict[str, list[Claim]] = {}
    traits = _traits(segment, findings)
    for row in traits.itertuples(index=False):
        claim = _trait_claim(row, segment, findings, units)
        kind = findings.kinds.get(str(row.variable), str(getattr(row, "kind", "")))
        sections.setdefault(SECTION_OF_KIND.get(kind, "behaviour"), []).append(claim)
    for row in _themes(segment, findings).itertuples(index=False):
        claim = Claim(text=f"Some speak of {row.name}.", evidence=(Evidence(theme=str(row.code)),))
        sections.setdefault(_section_of_code(str(row.code), findings), []).append(claim)
    ways = _channels(segment, findings)
    sections.setdefault("channels", []).extend(_channel_claim(row, units) for row in ways.itertuples(index=False))
    quotes = _quotes(segment, findings)
    stands_out = [_short(row, findings) for row in traits.head(2).itertuples(index=False)]
    themes = _themes(segment, findings)
    sources = [
        "the segment profile",
        *(["the coded interviews"] if len(themes) else []),
        *(["the touchpoints"] if len(ways) else []),
    ]
    made = f"Drafted by rule from {join_words(sources)}"
    rule = ", themes of at least two people" if len(themes) else ""
    rule += ", channels that more of it came through than of everybody" if len(ways) else ""
    return Persona(
        persona_id=f"{''.join(c if c.isalnum() else '-' for c in segment.lower()).strip('-') or 'segment'}-draft",
        name=f"Segment {segment}",
        segment=segment,
        one_line=_one_line(stands_out),
        quarter=quarter,
        status="draft",
        quotes=quotes,
        method=f"{made}: traits that mark the segment and whose interval excludes everybody's value{rule}. No person wrote it.",
        limits="It lists what differs from everybody, in the words of the data. Who these customers are it cannot say.",
        waiver="A draft from evidence alone gives one persona a segment.",
        **{name: tuple(claims) for name, claims in sections.items()},
    )


def _one_line(stands_out: list[str]) -> str:
    """The first traits, as many as fit."""
    if not stands_out:
        return "Nothing sets this segment apart from everybody."
    for kept in (stands_out, stands_out[:1]):
        line = f"{join_words(kept)}"
        if len(line) < 160:
            return f"{line[:1].upper()}{line[1:]}."
    return f"{line[:156]} ..."


def _traits(segment: str, findings: Findings) -> pd.DataFrame:
    """Marked rows of the profile whose interval excludes everybody's value, the furthest first."""
    if findings.profile is None or findings.profile.empty:
        return pd.DataFrame()
    rows = findings.profile[findings.profile["segment"].astype(str) == segment].dropna(subset=["estimate"])
    if "marker" in rows:
        rows = rows[rows["marker"].fillna(False).astype(bool)]
    has_index = rows["index_lower"].notna() & rows["index_upper"].notna()
    low = rows["index_lower"].where(has_index, rows["lower"])
    high = rows["index_upper"].where(has_index, rows["upper"])
    middle = rows["total"].mask(has_index, 100.0)
    width = (rows["upper"] - rows["lower"]).where(lambda w: w > 0)
    rows = rows.assign(above=low > middle, far=((rows["estimate"] - rows["total"]) / width).abs())
    clear = rows[(low > middle) | (high < middle)]
    return clear.sort_values("far", ascending=False, kind="stable").head(MOST_TRAITS)


def _trait_claim(row: Any, segment: str, findings: Findings, units: str) -> Claim:
    level = None if pd.isna(row.level) or row.level == "" else str(row.level)
    name = findings.words(str(row.variable))
    often, more = ("more often", "higher") if row.above else ("less often", "lower")
    if level is None:
        text = f"{name}: {more} than for {units} in general."
    else:
        text = f"{name}{'' if level == 'yes' else f': {level}'}, {often} than {units} in general."
    ref = ProfileRef(
        segment=segment, variable=str(row.variable), level=level, direction="above" if row.above else "below"
    )
    return Claim(text=text[0].upper() + text[1:], evidence=(Evidence(profile=ref),))


def _short(row: Any, findings: Findings) -> str:
    name = findings.words(str(row.variable))
    if pd.isna(row.level) or row.level in ("", "yes"):
        return f"{'high' if row.above else 'low'} {name}"
    return f"{'more' if row.above else 'fewer'} with {name}: {row.level}"


def _channels(segment: str, findings: Findings) -> pd.DataFrame:
    """Channels through which the segment clearly came more often than everybody, each at the stage that most reached."""
    table = findings.touchpoints
    if table is None or table.empty:
        return pd.DataFrame()
    rows = table[(table["segment"].astype(str) == segment) & (table["persona_id"] == "") & table["marker"].astype(bool)]
    rows = (
        rows[rows["index_lower"] > 100]
        .sort_values("reached", ascending=False, kind="stable")
        .drop_duplicates("channel")
    )
    return rows.sort_values("index", ascending=False, kind="stable").head(MOST_CHANNELS)


def _channel_claim(row: Any, units: str) -> Claim:
    ref = TouchRef(channel=str(row.channel), stage=str(row.stage))
    words = channel_words(ref)
    text = f"{words[:1].upper()}{words[1:]}: more often than {units} in general."
    return Claim(text=text, evidence=(Evidence(touchpoint=ref),))


def _themes(segment: str, findings: Findings) -> pd.DataFrame:
    """Themes of at least two people that are at least as common here as elsewhere, the most distinct first."""
    if findings.themes is None or findings.themes.empty:
        return pd.DataFrame()
    rows = findings.themes[(findings.themes["segment"].astype(str) == segment) & (findings.themes["k"] >= 2)]
    rows = rows[~(rows["difference"] < 0)]
    return rows.sort_values(["difference", "k", "code"], ascending=[False, False, True]).head(MOST_THEMES)


def _section_of_code(code: str, findings: Findings) -> str:
    """Section by the category of the code; "themes" where the codebook does not say what sort of thing it is."""
    if findings.coded is None or code not in findings.coded.codes.index:
        return "themes"
    row = findings.coded.codes.loc[code]
    names = findings.coded.codes["name"]
    category = str(names.get(row["parent"], row["parent"])) if pd.notna(row["parent"]) else ""
    start = "" if pd.isna(row["description"]) else str(row["description"]).split(":")[0]
    for words in (category, start if len(start.split()) <= 3 else ""):
        for stem, section in SECTION_OF_CODE.items():
            if stem in words.casefold():
                return section
    return "themes"


def _quotes(segment: str, findings: Findings) -> tuple[QuoteRef, ...]:
    if findings.quotes is None or findings.quotes.empty:
        return ()
    codes = set(_themes(segment, findings).get("code", []))
    table = findings.quotes
    here = table[(table["segment"].astype("string") == segment).fillna(False) & table["code_id"].isin(codes)]
    chosen = choose_quotes(here, MOST_QUOTES)
    return tuple(
        QuoteRef(participant=str(row.participant), text=str(row.text)) for row in chosen.itertuples(index=False)
    )
