"""Which codes come together: in the same words, in the same turn, in the same person.

Passages and turns describe how people speak; only people are independent, so only they are tested.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..errors import ParameterError
from .coded import CodedInterviews, Presence, code_presence, first_coder, presence_words
from .intervals import adjust_p_values, freeman_halton_test

__all__ = ["COLUMNS", "Cooccurrence", "c_coefficient", "measure_cooccurrence"]

COLUMNS = ["code", "other", "name", "other_name", "level", "n1", "n2", "n12", "c", "n", "people", "p", "q"]

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Cooccurrence:
    """How often every two codes come together.

    Attributes
    ----------
    table : pandas.DataFrame
        Three rows a pair of codes: code, other, name, other_name, level (passage, turn or person), n1, n2 (passages, turns or people
        with the one and the other), n12 (with both), c (n12 / (n1 + n2 - n12), 0 to 1; NaN if neither code was given), n (participant
        turns or people there are; <NA> for passages), people (different interviewees in whom they come together), p, q (people
        only: exact test, false discovery rate over all pairs that could be tested).
    n_people, n_turns : int
        Interviewees and participant turns of the interviews that were coded.
    alpha : float
    presence : str
        The rule of when a code counts, as a sentence.
    source : str
    """

    table: pd.DataFrame
    n_people: int
    n_turns: int
    alpha: float = 0.05
    presence: str = ""
    source: str = ""


def c_coefficient(n1: int, n2: int, n12: int) -> float:
    """Share of the places with either code that have both.

    Parameters
    ----------
    n1, n2, n12 : int
        Places with the one code, with the other, with both.

    Returns
    -------
    float
        0 to 1; NaN if there are none.

    Raises
    ------
    ParameterError
        If both stand in more places than one of them.

    Notes
    -----
    n12 / (n1 + n2 - n12), Jaccard's index; ATLAS.ti and others call it the c-coefficient of co-occurrence.

    Examples
    --------
    >>> c_coefficient(5, 4, 3)
    0.5
    """
    if not 0 <= n12 <= min(n1, n2):
        raise ParameterError(f"n12 must be between 0 and the smaller of n1 and n2; got {n12} of {n1} and {n2}")
    return n12 / (n1 + n2 - n12) if n1 + n2 else math.nan


def measure_cooccurrence(
    coded: CodedInterviews, *, presence: Presence = "consensus", alpha: float = 0.05
) -> Cooccurrence:
    """Count where every two codes come together, and test it over people.

    Parameters
    ----------
    coded : CodedInterviews
    presence : {"consensus", "any", "first"}
        A word, a turn or a person has a code if every coder of that interview says so, if any does, or if the coder of most
        interviews does.
    alpha : float
        Share of false finds to accept among pairs of codes called associated.

    Returns
    -------
    Cooccurrence
        With an empty table where fewer than two codes can be reported or nothing was coded.

    Raises
    ------
    ParameterError
        If ``alpha`` is not between 0 and 1 or ``presence`` is not known.

    Notes
    -----
    Passages of one coder and code that overlap are one. Passages of two codes come together where they share a word; a long passage
    over three short ones counts once, so that n12 never exceeds n1 or n2 (ATLAS.ti counts pairs, whose coefficient can exceed 1).
    The interviewer's words are cut out first. Interviews nobody coded count nowhere. The test is Fisher's, two-sided; it asks
    whether people with the one code have the other more (or less) often than people without.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(measure_cooccurrence(nobody).table)
    0
    """
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha must be between 0 and 1; got {alpha}")
    sources = set(coded.marks["source_id"])
    people = coded.people.index[coded.people["source_id"].isin(sources)]
    has = code_presence(coded, presence).loc[people]
    held = {code: has[code].to_numpy() for code in has.columns}
    turns = _turn_marks(coded, presence)
    passages = _passages(coded, presence)
    own = coded.turns[(coded.turns["role"] == "participant") & coded.turns["source_id"].isin(sources)]
    sizes = {"passage": pd.NA, "turn": len(own), "person": len(people)}
    named = dict(coded.codes["name"])
    rows = []
    for one, other in combinations(has.columns if sources else [], 2):
        counted = {
            "passage": _count_passages(passages, one, other),
            "turn": _count_turns(turns, one, other),
            "person": _count_people(held, one, other),
        }
        names = (named[one], named[other])
        for level, (n1, n2, n12, persons) in counted.items():
            p = _test(n1, n2, n12, len(people)) if level == "person" else math.nan
            c = c_coefficient(n1, n2, n12)
            rows.append((one, other, *names, level, n1, n2, n12, c, sizes[level], persons, p))
    table = pd.DataFrame(rows, columns=COLUMNS[:-1]).astype({"n": "Int64", "p": float})
    table["q"] = adjust_p_values(table["p"])
    return Cooccurrence(table, len(people), len(own), alpha, presence_words(coded, presence), coded.source)


def _test(n1: int, n2: int, n12: int, n: int) -> float:
    """Fisher's exact test of two codes over people; NaN if everybody or nobody has one of them."""
    if not 0 < n1 < n or not 0 < n2 < n:
        return math.nan
    return freeman_halton_test([n12, n1 - n12], [n2, n - n2])


def _needed(coded: CodedInterviews, presence: Presence) -> dict[str, int]:
    """How many coders must agree in each interview."""
    coders = coded.marks.groupby("source_id")["coder"].nunique()
    return {str(source): int(n) if presence == "consensus" else 1 for source, n in coders.items()}


def _turn_marks(coded: CodedInterviews, presence: Presence) -> dict[str, dict[tuple[str, int], str]]:
    """Turns with each code, and who speaks in them."""
    marks = coded.counted
    if presence == "first" and len(marks):
        marks = marks[marks["coder"] == first_coder(coded)]
    needed = _needed(coded, presence)
    coders: dict[tuple[str, str, int], set[str]] = {}
    speaker: dict[tuple[str, int], str] = {}
    columns = (marks[key].tolist() for key in ("code_id", "source_id", "turn", "coder", "participant"))
    for code, source, turn, coder, person in zip(*columns, strict=True):
        coders.setdefault((str(code), str(source), int(turn)), set()).add(str(coder))
        speaker[str(source), int(turn)] = str(person)
    found: dict[str, dict[tuple[str, int], str]] = {}
    for (code, source, turn), given in coders.items():
        if len(given) >= needed[source]:
            found.setdefault(code, {})[source, turn] = speaker[source, turn]
    return found


def _count_turns(turns: Mapping[str, Mapping[tuple[str, int], str]], one: str, other: str) -> tuple[int, int, int, int]:
    first, second = turns.get(one, {}), turns.get(other, {})
    both = first.keys() & second.keys()
    return len(first), len(second), len(both), len({first[place] for place in both})


def _count_people(held: Mapping[str, np.ndarray], one: str, other: str) -> tuple[int, int, int, int]:
    both = int((held[one] & held[other]).sum())
    return int(held[one].sum()), int(held[other].sum()), both, both


def _passages(coded: CodedInterviews, presence: Presence) -> dict[str, dict[str, Spans]]:
    """Passages with each code by participant, in places counted over that participant's words alone."""
    codings = coded.passages
    if presence == "first" and len(codings):
        codings = codings[codings["coder"] == first_coder(coded)]
    turns = coded.turns[coded.turns["participant"].notna()]
    words = {str(person): _Words.of(part) for person, part in turns.groupby("participant", observed=True)}
    speakers: dict[str, list[str]] = {}
    for person, source in coded.people["source_id"].astype(str).items():
        speakers.setdefault(source, []).append(str(person))
    placed: dict[tuple[str, str, str], dict[str, Spans]] = {}
    for source, own in codings.groupby("source_id"):
        marked = list(zip(own["code_id"].tolist(), own["coder"].tolist(), strict=True))
        for person in (name for name in speakers.get(str(source), []) if name in words):
            spans = words[person].place(own[["start", "end"]].to_numpy(int)).tolist()
            for (code, coder), (start, end) in zip(marked, spans, strict=True):
                by_coder = placed.setdefault((str(source), str(code), person), {})
                by_coder.setdefault(str(coder), []).append((start, end))
    needed = _needed(coded, presence)
    found: dict[str, dict[str, Spans]] = {}
    for (source, code, person), spans in placed.items():
        kept = _agreed([_merge(own) for own in spans.values()], needed.get(source, 1))
        if kept:
            found.setdefault(code, {})[person] = kept
    return found


@dataclass(frozen=True)
class _Words:
    """The turns of one participant, laid end to end."""

    starts: np.ndarray
    ends: np.ndarray
    before: np.ndarray

    @classmethod
    def of(cls, turns: pd.DataFrame) -> _Words:
        starts, ends = turns["start"].to_numpy(int), turns["end"].to_numpy(int)
        order = starts.argsort(kind="stable")
        starts, ends = starts[order], ends[order]
        return cls(starts, ends, np.concatenate([[0], np.cumsum(ends - starts)]))

    def place(self, points: np.ndarray) -> np.ndarray:
        """Places of the transcript in the participant's words alone; the ends of a passage of which they said nothing fall together."""
        turns = np.searchsorted(self.starts, points, side="right") - 1
        return np.where(turns < 0, 0, self.before[turns] + np.minimum(points, self.ends[turns]) - self.starts[turns])


def _merge(spans: Iterable[tuple[int, int]]) -> Spans:
    """Spans in order, overlapping ones as one; those that only touch stay two."""
    merged: Spans = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _agreed(by_coder: list[Spans], needed: int) -> Spans:
    """What all needed coders marked; with one needed, what any did."""
    if needed == 1:
        return _merge(span for spans in by_coder for span in spans)
    if len(by_coder) < needed:
        return []
    kept = by_coder[0]
    for spans in by_coder[1:]:
        kept = _shared(kept, spans)
    return kept


def _shared(spans: Spans, others: Spans) -> Spans:
    """What both hold; each in order and without overlaps."""
    found, one, other = [], 0, 0
    while one < len(spans) and other < len(others):
        start, end = max(spans[one][0], others[other][0]), min(spans[one][1], others[other][1])
        if start < end:
            found.append((start, end))
        ahead = spans[one][1] <= others[other][1]
        one, other = one + ahead, other + (not ahead)
    return found


def _count_passages(passages: Mapping[str, Mapping[str, Spans]], one: str, other: str) -> tuple[int, int, int, int]:
    first, second = passages.get(one, {}), passages.get(other, {})
    both = people = 0
    for person in first.keys() & second.keys():
        met = min(_meeting(first[person], second[person]), _meeting(second[person], first[person]))
        both, people = both + met, people + (met > 0)
    return sum(map(len, first.values())), sum(map(len, second.values())), both, people


def _meeting(spans: Spans, others: Spans) -> int:
    """Spans that share a place with any of the others (both in order and without overlaps)."""
    ends = [end for _, end in others]
    places = [bisect_right(ends, start) for start, _ in spans]
    return sum(place < len(others) and others[place][0] < end for place, (_, end) in zip(places, spans, strict=True))
