"""Who a typing tool is learned from: people with a segment who answered every question that is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...clustering.solution import natural_order
from .questions import Question
from .validate import deal_folds

__all__ = ["LEAST", "choose_people", "draw_sample", "say_lacking"]

LEAST = 10  # members with all answers that a segment needs to be learned
ANSWERED = 0.5  # a question fewer people have answered is not considered
LARGEST = 4_000  # people learned from; more would change no figure a reader sees


def choose_people(
    answers: pd.DataFrame, questions: Sequence[Question], segment: pd.Series, weights: pd.Series | None
) -> tuple[pd.Index, tuple[Question, ...], tuple[str, ...], list[str]]:
    """People with a segment who answered every question that is kept; what was left out, in words."""
    notes = []
    member = segment.notna() & answers.notna().any(axis=1)
    if weights is not None:
        member &= weights.reindex(answers.index) > 0
    asked = answers[member.to_numpy(bool)]
    kept = []
    for question in questions:
        given = asked[question.name]
        if len(asked) and given.notna().mean() < ANSWERED:
            notes.append(f"{question.words}: fewer than half of those asked anything have answered it")
        elif given.nunique() < 2 or question.width < 1:
            notes.append(f"{question.words}: everybody gave the same answer")
        else:
            kept.append(question)
    complete = asked[[question.name for question in kept]].dropna() if kept else asked.iloc[:0]
    counts = segment.loc[complete.index].value_counts()
    segments = tuple(natural_order([str(name) for name in counts.index[counts >= LEAST]]))
    small = [str(name) for name in segment.dropna().unique() if str(name) not in segments]
    if small and kept:
        shown = ", ".join(natural_order(small))
        notes.append(
            f"{shown}: fewer than {LEAST} members have answered everything, so that nobody is ever placed there"
        )
    people = complete.index[segment.loc[complete.index].isin(segments).to_numpy(bool)]
    people = people.sort_values()  # the order of units must not matter
    return people, tuple(kept), segments, notes


def say_lacking(questions: Sequence[Question], segments: Sequence[str], notes: Sequence[str], units: str) -> str:
    """Why nothing can be learned from them; empty if something can."""
    if not questions:
        left = f" {notes[0]}." if notes else ""
        return f"there is no question that {units} could be asked.{left}".rstrip(".")
    if len(segments) < 2:
        return f"fewer than two segments have at least {LEAST} {units} that answered every question"
    return ""


def draw_sample(labels: np.ndarray, random_state: int) -> np.ndarray:
    """Rows to choose questions on: all, or a draw with the same mix of segments where there are very many."""
    if len(labels) <= LARGEST:
        return np.arange(len(labels))
    parts = int(np.ceil(len(labels) / LARGEST))
    return np.flatnonzero(deal_folds(labels, parts, np.random.default_rng(random_state)) == 0)
