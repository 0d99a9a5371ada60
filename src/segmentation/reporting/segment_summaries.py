"""What the pages on segments contribute to the front door: what they are, whether they are real, what they are good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..clustering import Match, Overlap, Sensitivity, Verdict, describe_verdict
from ..clustering.agreement import MUCH, SAME
from ..clustering.solution import natural_order
from ..clustering.structure import SMALLEST
from ..display import Callout
from ..figures.exhibit import segment_colours
from ..profiling import TargetMap, name_segment, summarise_scorecard
from ..profiling.targeting import often_words
from ..profiling.typing import TypingTool
from ..profiling.words import rank_effects
from ..study import Study
from ..words import count_words, join_words, percent_words, range_words

__all__ = ["summarise_segments", "summarise_use"]

Summary = dict[str, Any]


def summarise_segments(
    verdict: Verdict,
    membership: pd.DataFrame,
    profile: pd.DataFrame,
    tests: pd.DataFrame,
    match: Match,
    study: Study,
    *,
    names: Mapping[str, str] | None = None,
) -> Summary:
    """Verdict first; then the segments' cards, what describes them, what became of last quarter's.

    Parameters
    ----------
    verdict : Verdict
    membership : pandas.DataFrame
    profile : pandas.DataFrame
    tests : pandas.DataFrame
    match : Match
    study : Study
    names : mapping of str to str, optional
        Names the team gave, by segment id.

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    names = names or {}
    callout, _ = describe_verdict(verdict, units=study.units, labels=study.labels)
    made = verdict.label == "constructive"
    parts, forming = ("parts", "making this division, ") if made else ("segments", "forming the segments, ")
    found, decide, trust = [], [], [_how_tested(verdict)] if verdict.tested else []
    differ = tests[(tests["q"].astype(float) <= study.choices.alpha)] if len(tests) else tests
    if len(tests) and membership["segment"].nunique() > 1:
        strongest = differ.loc[rank_effects(differ).index, "variable"].head(3)
        strong = [study.variable(name).words for name in strongest]
        found.append(
            f"{len(differ) or 'None'} of {count_words(len(tests), 'descriptor')}, which had no share in {forming}"
            f"{'differs' if len(differ) in (0, 1) else 'differ'} between {'its parts' if made else 'them'} beyond chance"
            + (
                f"{'; most of all' if len(differ) > 1 else ':'} {join_words(f'“{name}”' for name in strong)}."
                if len(differ)
                else "."
            )
        )
    placed, unplaced = int(membership["segment"].notna().sum()), int(membership["segment"].isna().sum())
    if unplaced:
        share = unplaced / len(membership)
        trust.append(
            f"{unplaced:,d} of {len(membership):,d} {study.units} ({share:.0%}) are in none of the {parts}: too few of their base "
            f"variables are known.{' What is said here is about the others only.' if share >= 0.2 else ''}"
        )
    changed, broken = _changes(match, parts)
    if broken and not made:
        trust.append(broken)
    alone = membership["segment"].nunique() < 2
    if alone:
        decide.append("Work without segments this quarter; what is said of everybody stands on the pages.")
    elif made:
        decide.append(
            f"Decide whether to work with a partition the team makes itself, or without segments this quarter. Until then do not name "
            f"the {parts}, and rest no persona, message or target on them."
        )
    else:
        nameless = [
            segment for segment in natural_order(membership["segment"].dropna().unique()) if segment not in names
        ]
        first = f"Name {'the segments' if not names else join_words(nameless)}, and agree" if nameless else "Agree"
        decide.append(f"{first} which of the segments get messages of their own.")
    marks = "The words say what marks each most; they are no names."
    if names:
        marks = "Names are the team's; the other words say what marks each most."
    if made:
        marks += " These are cuts that the team makes, not kinds of customers: others would do as well."
    elif verdict.label == "reproducible":
        marks += " They are useful cuts through one population, not proven kinds of customers."
    return {
        "verdict": {"tone": callout.kind, "title": callout.title, "text": callout.text},
        "segments_title": ""
        if alone
        else "One possible division, made by the team"
        if made
        else "The segments at a glance",
        "personas_title": "Personas that rest on this division" if made else "Personas",
        "segments": [] if alone else _cards(membership, profile, study, names),
        "segments_note": "" if alone else f"Shares of the {placed:,d} {study.units} that could be placed. {marks}",
        "found": found,
        "changed": changed,
        "decide": decide,
        "trust": trust,
    }


def _how_tested(verdict: Verdict) -> str:
    """In a plain sentence how the verdict was reached; the numbers stand on the page."""
    error = f"{verdict.alpha:.0%}"
    text = (
        "The verdict was reached by comparing the data with made-up data that have no segments, with a chance of at most "
        f"{error} to see segments where there are none"
    )
    if not np.isnan(verdict.jaccard_min):
        text += ", and by forming the segments again on resamples"
    return f"{text}. Small or near segments may be missed by it; how it was done, and what it cannot show, stands on the page Segments."


def _cards(
    membership: pd.DataFrame, profile: pd.DataFrame, study: Study, names: Mapping[str, str]
) -> list[dict[str, str]]:
    counts = membership["segment"].dropna().astype(str).value_counts()
    colours = segment_colours(list(counts.index))
    cards = []
    for segment in natural_order(counts.index):
        n, small = int(counts[segment]), int(counts[segment]) < study.choices.min_cell
        cards.append(
            {
                "id": segment,
                "colour": colours[segment],
                "share": "withheld" if small else f"{n / counts.sum():.0%}",
                "size": f"fewer than {study.choices.min_cell} {study.units}" if small else f"{n:,d} {study.units}",
                "words": ": ".join(
                    filter(None, (names.get(segment), "" if small else name_segment(profile, segment, study)))
                ),
            }
        )
    return cards


def _changes(match: Match, parts: str) -> tuple[list[str], str]:
    """What became of last quarter's segments; and the limit on trust where most have no counterpart."""
    table = match.table
    if table["old"].isna().all():
        return [], ""
    states = table["state"]
    kept = natural_order(table.loc[states == "survives", "new"].astype(str))
    fresh, lost = table[states.isin(["new", "split"])], table[states.isin(["gone", "merged"])]
    every = not len(fresh) and not len(lost) and len(kept) > 1
    number = "Both" if len(kept) == 2 else f"All {len(kept)}"
    carried = f"{number} {parts} of last quarter" if every else join_words(kept)
    sentences = [f"{carried} carried on: most of their members stayed."] if kept else []
    if len(kept) == 1:
        sentences = [f"{kept[0]} carried on from last quarter: most of its members stayed."]
    if len(fresh):
        origins = [
            f"{row.new}{f' (mostly out of {row.related})' if not pd.isna(row.related) else ''}"
            for row in fresh.itertuples()
        ]
        sentences.append(f"Without a counterpart last quarter: {join_words(origins)}.")
    if len(lost):
        targets = [
            f"{row.old}{f' (most members are now in {row.related})' if not pd.isna(row.related) else ''}"
            for row in lost.itertuples()
        ]
        sentences.append(f"Of last quarter, without a counterpart now: {join_words(targets)}.")
    total = len(kept) + len(fresh)
    if 2 * len(fresh) <= total:
        return sentences, ""
    return sentences, (
        f"{len(fresh)} of {total} segments have no counterpart last quarter: the division comes back in resamples of this quarter's data, "
        "but its members do not stay from one quarter to the next. Do not plan for longer than a quarter on it."
    )


def summarise_use(
    scorecard: pd.DataFrame,
    targets: TargetMap | Callout,
    tool: TypingTool,
    overlaps: Sequence[Overlap],
    sensitivity: Sensitivity,
    study: Study,
) -> Summary:
    """Which segments can be worked with, whom to serve first, which questions place people, whether other choices agree.

    Parameters
    ----------
    scorecard : pandas.DataFrame
    targets : TargetMap or Callout
    tool : TypingTool
    overlaps : sequence of Overlap
    sensitivity : Sensitivity
    study : Study

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    found, decide, trust = [], [], []
    standing = summarise_scorecard(scorecard) if len(scorecard) else pd.DataFrame()
    if len(standing) > 1:  # alone, a segment is everybody
        good = [str(name) for name in standing.index[(standing == "pass").all(axis=1)]]
        bad = [str(name) for name in standing.index[(standing == "fail").any(axis=1)]]
        passing = f"{join_words(good)} {'is' if len(good) == 1 else 'are'}" if good else "none is"
        failing = f"; {join_words(bad)} {'fails' if len(bad) == 1 else 'fail'} in at least one" if bad else ""
        unsure = [str(name) for name in standing.index if str(name) not in (*good, *bad)]
        failing += f"; of {join_words(unsure)} at least one cannot be told" if unsure else ""
        four = "measurable, accessible, substantial and actionable"
        found.append(f"Of {count_words(len(standing), 'segment')}, {passing} {four} beyond doubt{failing}.")
    if not isinstance(targets, Callout) and targets.first is not None:
        row = targets.table.loc[targets.first]
        weights, samples = (
            f"{often_words(row[share])}{'' if row[share] == 1 else ' of'} {noun}"
            for share, noun in (("first_weights", "other weightings of them"), ("first_resamples", "resamples"))
        )
        decide.append(
            f"Decide whether {targets.first} is served first, that is whether the next offer, message and test are made for it: by the "
            f"study's criteria it comes first, and so it does in {weights} and in {samples}. Nothing here says that a message already "
            f"made suits it.{_say_standing(standing, targets.first)}"
        )
    if tool.test is not None:
        test = tool.test
        found.append(
            f"{count_words(len(tool.questions), 'question').capitalize()} "
            f"{'places' if len(tool.questions) == 1 else 'place'} {percent_words(test.accuracy)} of people right who had no part in "
            f"choosing them (95 % {range_words((test.lower, test.upper))}, n = {test.n:,}; always naming the largest segment: "
            f"{percent_words(test.baseline)}). The form is in the exports."
        )
    known = [pair for pair in overlaps if not np.isnan(pair.v)]
    if known:
        closest = max(known, key=lambda pair: pair.v)
        found.append(
            f"Of the study's segmentations, {closest.one} and {closest.other} tell most about each other, with a Cramer's V of "
            f"{closest.v:.2f} (0 nothing, 1 everything; n = {closest.n:,})."
        )
    tried = sensitivity.tried
    tried = tried[~tried["kind"].isin(["number", "search"])]
    if len(tried) and tried["n"].max() >= SMALLEST:
        same = int(((tried["ari"] >= SAME) & (tried["overlap"] >= MUCH)).sum())
        own = sensitivity.overlaps[sensitivity.overlaps["choice"].isin(tried["choice"])]
        lost = own.loc[own["overlap"] < MUCH, "segment"].astype(str).unique()
        gone = f" Without a counterpart under at least one: {join_words(natural_order(lost))}." if lost else ""
        trust.append(
            f"{count_words(len(tried), 'other choice')} of method, scale or sample {'was' if len(tried) == 1 else 'were'} tried: "
            f"{same or 'none'} {'puts' if same < 2 else 'put'} much the same people together, every segment kept.{gone}"
        )
    return {"found": found, "changed": [], "decide": decide, "trust": trust}


def _say_standing(standing: pd.DataFrame, segment: str) -> str:
    """What the scorecard holds against a segment; nothing where it holds nothing."""
    if segment not in standing.index:
        return ""
    row = standing.loc[segment]
    words = (("fail", "it is not"), ("cannot tell", "nobody can tell whether it is"))
    said = [f"{lead} {join_words(row.index[row == result])}" for result, lead in words if (row == result).any()]
    return f" On the scorecard {', and '.join(said)}." if said else ""
