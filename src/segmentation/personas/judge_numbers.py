"""Whether a figure still shows what a claim says: rows of the profile, of the touchpoints, KPIs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import pandas as pd

from ..errors import nearest_word
from ..words import join_words
from .findings import Findings
from .judged import Judged
from .model import ProfileRef, TouchRef

__all__ = ["channel_words", "find_touchpoint", "judge_kpi", "judge_profile", "judge_touchpoint"]

INDEX = ("index", "index_lower", "index_upper")


def judge_profile(ref: ProfileRef, segment: str, findings: Findings) -> Judged:
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
    limits = (
        (row["index_lower"], row["index_upper"], 100.0) if has_index else (row["lower"], row["upper"], row["total"])
    )
    details: dict[str, object] = {key: float(row[key]) if has_index else None for key in INDEX}
    details |= {"variable": ref.variable, "segment": segment, "level": ref.level or ""}
    if has_index:
        text += _index_words(row)
    return _hold("profile", text, ref.direction, limits, details)


def _hold(
    sort: str, text: str, direction: str, limits: tuple[float, float, float], details: dict[str, object]
) -> Judged:
    """Hold an interval and everybody's value against the way the evidence must point."""
    low, high, middle = limits
    if (low > middle) if direction == "above" else (high < middle):
        return Judged("ok", sort, f"{text}.", details=details | {"unclear": False})
    other = (high < middle) if direction == "above" else (low > middle)
    why = "It points the other way" if other else "The interval includes everybody's value: no difference is shown"
    fix = "Say what the table shows now, or drop the claim"
    return Judged("stale", sort, f"{text}. {why}.", fix, details | {"unclear": not other})


def _index_words(row: pd.Series) -> str:
    return f"; index {row['index']:.0f} ({row['index_lower']:.0f} to {row['index_upper']:.0f}), everybody = 100"


def find_touchpoint(ref: TouchRef, segment: str, findings: Findings) -> pd.Series | None:
    """The row of a whole segment that a reference means; None where there is none or it is withheld."""
    table = findings.touchpoints
    if table is None or table.empty:
        return None
    here = table[(table["stage"] == ref.stage) & (table["channel"] == ref.channel) & (table["persona_id"] == "")]
    here = here[(here["segment"].astype(str) == segment) & ~here["withheld"].astype(bool)]
    return here.iloc[0] if len(here) else None


def judge_touchpoint(ref: TouchRef, segment: str, findings: Findings) -> Judged:
    """Check that a segment came to a stage through a channel more, or less, often than everybody.

    Parameters
    ----------
    ref : TouchRef
    segment : str
    findings : Findings

    Returns
    -------
    Judged

    Examples
    --------
    >>> judge_touchpoint(TouchRef(channel="fair", stage="aware"), "S1", Findings()).status
    'broken'
    """
    found = findings.channels
    if not any(found.values()):
        return Judged(
            "broken", "touchpoint", "No touchpoints are measured in this study.", "Rest the claim on something else"
        )
    if ref.channel not in found.get(ref.stage, ()):
        known = found.get(ref.stage, [])
        fix = nearest_word(ref.channel, known) or f"Stages with their channels: {_listed(found)}"
        return Judged("broken", "touchpoint", f"Nobody came to the stage {ref.stage!r} through {ref.channel!r}.", fix)
    segments = findings.segments
    if segment not in segments:
        fix = nearest_word(segment, segments) or f"Segments are: {join_words(segments)}"
        return Judged("broken", "touchpoint", f"There is no segment {segment!r}.", fix)
    name, row = f"“{channel_words(ref)}”", find_touchpoint(ref, segment, findings)
    if row is None:
        fix = "Drop the claim, or rest it on something that can be shown"
        why = "too few came this way, or it would give away a cell with too few"
        return Judged("stale", "touchpoint", f"{name} is withheld in {segment}: {why}.", fix)
    share, low, high, total = (_per_cent(row[key]) for key in ("share", "lower", "upper", "total"))
    text = f"{name}: {share} of {segment} whose channel is on record came this way (95 % interval {low} to {high}, n = "
    text += f"{row['reached']:,.0f}) against {total} of everybody{_index_words(row)}"
    limits = (float(row["index_lower"]), float(row["index_upper"]), 100.0)
    return _hold("touchpoint", text, ref.direction, limits, {key: float(row[key]) for key in INDEX})


def channel_words(ref: TouchRef) -> str:
    """A touchpoint in words.

    Examples
    --------
    >>> channel_words(TouchRef(channel="trade_show", stage="aware"))
    'trade show, at the stage aware'
    """
    return f"{ref.channel.replace('_', ' ')}, at the stage {ref.stage.replace('_', ' ')}"


def _listed(channels: Mapping[str, Collection[str]]) -> str:
    return "; ".join(f"{stage}: {join_words(names)}" for stage, names in channels.items() if names)


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


def judge_kpi(name: str, segment: str, findings: Findings) -> Judged:
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
