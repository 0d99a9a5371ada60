"""Interviews with planted truths: who says what, who is in which segment, how far two coders agree. For the interview benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmentation.dataset import Dataset
from segmentation.period import Period
from segmentation.sources.transcripts import TURN_COLUMNS

OWN = 10  # words of each segment; they begin at place FIRST_OWN of the vocabulary: neither everyday nor rare
FIRST_OWN = 100
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "il")]


@dataclass(frozen=True)
class Plan:
    """What an interview study is like.

    Attributes
    ----------
    people, segments, codes : int
    turns, words : int
        Turns of the interviewee in one interview, and words of all of them together (the interviewer says a quarter as much).
    prevalence : float
        Share of people with a code.
    effect : float
        Added to the share in the segment a code belongs to, for the first ``planted`` codes (the same number as segments at most).
    planted : int
    likeness : float
        Within-person likeness of how often a code comes up, 0 to 1: a person either has a theme often or seldom.
    passages : float
        Passages of a code in an interview that has it, on average.
    own_words : float
        Share of what a person says that comes from ``OWN`` words which their segment says more than the others.
    slip : float
        Chance that a coder overlooks a passage, and half the chance that they see one that is not there.
    """

    people: int = 24
    segments: int = 3
    codes: int = 15
    turns: int = 25
    words: int = 1200
    prevalence: float = 0.4
    effect: float = 0.0
    planted: int = 0
    likeness: float = 0.3
    passages: float = 3.0
    own_words: float = 0.0
    slip: float = 0.12


def draw_vocabulary(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Words and how likely each is: a few very often, most seldom."""
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(rng.choice(SYLLABLES, rng.integers(1, 4)))] = None
    weight = 1 / (np.arange(size) + 2.7)
    return np.array(list(words)), weight / weight.sum()


def draw_study(
    plan: Plan, seed: int, vocabulary: tuple[np.ndarray, np.ndarray] | None = None, unit: str = "company_id"
) -> tuple[Dataset, pd.DataFrame]:
    """Canonical tables of a study by that plan, and its membership; with a vocabulary of its own if none is given."""
    rng, apart = (
        np.random.default_rng(seed),
        np.random.default_rng([seed, 1]),
    )  # own words leave everything else as it is
    words, chance = vocabulary or draw_vocabulary(6000, rng)
    people = [f"P{number:03d}" for number in range(1, plan.people + 1)]
    segment = rng.permutation(np.arange(plan.people) % plan.segments)
    texts, turns, codings = {}, [], []
    for place, person in enumerate(people):
        text, spoken = _draw_text(person, int(segment[place]), plan, words, chance, (rng, apart))
        texts[person] = text
        turns += [(person, n, *row) for n, row in enumerate(spoken)]
        codings += _draw_codings(person, text, spoken, int(segment[place]), plan, rng)
    units = [f"c{number}" for number in range(plan.people)]
    columns = ["source_id", "start", "end", "code_id", "coder", "quote"]
    code_ids = [f"code_{number:02d}" for number in range(plan.codes)]
    tables = {
        "transcripts": pd.DataFrame({"text": texts, "file": {p: f"{p}.txt" for p in people}}).rename_axis("source_id"),
        "turns": pd.DataFrame(turns, columns=TURN_COLUMNS),
        "codings": pd.DataFrame(codings, columns=columns),
        "codes": pd.DataFrame(
            {"name": code_ids, "parent": None, "description": ""}, index=pd.Index(code_ids, name="code_id")
        ),
        "interviewees": pd.DataFrame(
            {"source_id": people, unit: units, "consent": True}, index=pd.Index(people, name="participant")
        ),
    }
    membership = pd.DataFrame({"segment": [f"S{number + 1}" for number in segment]}, index=pd.Index(units, name=unit))
    return Dataset("interviews", unit, Period.parse("2026Q3"), tables, ()), membership


def _draw_text(
    person: str,
    segment: int,
    plan: Plan,
    words: np.ndarray,
    chance: np.ndarray,
    streams: tuple[np.random.Generator, np.random.Generator],
) -> tuple[str, list[tuple[str, str, str, int, int]]]:
    rng, apart = streams
    first = FIRST_OWN + OWN * segment
    own = words[first : first + OWN]
    lengths = np.maximum(rng.poisson(plan.words / plan.turns, plan.turns), 8)
    lines, spoken, position = [], [], 0
    for length in lengths:
        for speaker, role, size in (
            ("I", "interviewer", max(int(length) // 4, 3)),
            (person, "participant", int(length)),
        ):
            spelt = rng.choice(words, size, p=chance)
            if plan.own_words and role == "participant":
                spelt = np.where(apart.random(size) < plan.own_words, apart.choice(own, size), spelt)
            said = " ".join(spelt).capitalize() + "."
            start = position + len(speaker) + 2
            spoken.append((speaker, role, said, start, start + len(said)))
            lines.append(f"{speaker}: {said}")
            position = start + len(said) + 1
    return "\n".join(lines), spoken


def _draw_codings(
    person: str, text: str, spoken: list, segment: int, plan: Plan, rng: np.random.Generator
) -> list[tuple[str, int, int, str, str, str]]:
    """Passages of the interviewee's turns with a code, as two coders mark them."""
    own = [row for row in spoken if row[1] == "participant"]
    rows = []
    for code in range(plan.codes):
        share = plan.prevalence + (plan.effect if code < plan.planted and code % plan.segments == segment else 0.0)
        if rng.random() >= share:
            continue
        often = plan.passages * (rng.gamma(1 / plan.likeness, plan.likeness) if plan.likeness else 1.0)
        for _ in range(1 + rng.poisson(max(often - 1, 0))):
            start, end = _passage(own[rng.integers(len(own))], text, rng)
            for coder in ("coder 1", "coder 2"):
                if rng.random() >= plan.slip:
                    rows.append((person, start, end, f"code_{code:02d}", coder, text[start:end]))
                if rng.random() < plan.slip / 2:
                    a, b = _passage(own[rng.integers(len(own))], text, rng)
                    rows.append((person, a, b, f"code_{code:02d}", coder, text[a:b]))
    return list(dict.fromkeys(rows))


def _passage(turn: tuple, text: str, rng: np.random.Generator) -> tuple[int, int]:
    """Five words or more of a turn, from one blank to another."""
    edges = [turn[3], *(place + 1 for place in range(turn[3], turn[4]) if text[place] == " ")]
    first = int(rng.integers(max(len(edges) - 5, 1)))
    last = min(first + int(rng.integers(5, 30)), len(edges))
    return edges[first], (edges[last] - 1 if last < len(edges) else turn[4])
