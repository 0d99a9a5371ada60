"""How well a typing tool places people it has not learned from, beside what guessing and data without segments would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..intervals import wilson_interval
from .validate import Rounds

__all__ = ["TypingTest", "summarise_rounds"]

NUMBERS = (
    "accuracy", "lower", "upper", "balanced", "baseline", "chance", "coverage", "told_right", "told_lower", "told_upper",
    "target", "agreement",
)  # fmt: skip


@dataclass(frozen=True)
class TypingTest:
    """Nested cross-validation of a typing tool; every figure is about people left out of the choice of questions.

    Attributes
    ----------
    n : int
        People with a segment and all answers.
    base : float
        As many equally weighted people tell as much.
    accuracy, lower, upper : float
        Share placed right by as many questions as each repetition chose, with its 95 % interval (Wilson's, on ``base``).
    balanced : float
        Mean over segments of the share of their members placed right.
    baseline, chance : float
        Share placed right by always naming the largest segment; by naming each as often as it occurs.
    coverage, told_right, told_lower, told_upper : float
        Share of people told a segment, and the share of right ones among them with its interval; the others hear "cannot tell".
    target : float
        Share of right ones that the limit was chosen for.
    agreement : float
        Share of people whom two tools, learned from halves of the people, place alike.
    rounds, folds, references : int
        Repetitions; parts of each; made-up data sets without segments.
    curve : pandas.DataFrame
        Index questions 1, 2, ...; accuracy, lower, upper, noise (the same from data without segments; NaN if unknown).
    recall : pandas.DataFrame
        Index segment; n, recall (share of its members placed right), lower, upper, precision (share of those named it who are).
    picks : mapping of str to float
        Question to the share of all lists learned that hold it.
    """

    n: int
    base: float
    accuracy: float
    lower: float
    upper: float
    balanced: float
    baseline: float
    chance: float
    coverage: float
    told_right: float
    told_lower: float
    told_upper: float
    target: float
    agreement: float
    rounds: int
    folds: int
    references: int
    curve: pd.DataFrame
    recall: pd.DataFrame
    picks: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """JSON content from which ``from_dict`` makes the same, to the last bit."""
        content: dict[str, Any] = {name: _plain(getattr(self, name)) for name in NUMBERS}
        content |= {name: getattr(self, name) for name in ("n", "rounds", "folds", "references")}
        tables = {name: _records(getattr(self, name)) for name in ("curve", "recall")}
        return {**content, "base": self.base, "picks": dict(self.picks), **tables}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TypingTest:
        """Test from ``to_dict``."""
        numbers = {name: np.nan if content[name] is None else content[name] for name in NUMBERS}
        tables = {name: _frame(content[name], index) for name, index in (("curve", "questions"), ("recall", "segment"))}
        return cls(**{**content, **numbers, **tables})


def summarise_rounds(
    rounds: Rounds,
    labels: np.ndarray,
    segments: tuple[str, ...],
    questions: tuple[str, ...],
    *,
    weights: np.ndarray,
    target: float,
    folds: int,
    agreement: float,
    noise: np.ndarray,
) -> TypingTest:
    """Figures with intervals from the repetitions of nested cross-validation.

    Parameters
    ----------
    rounds : Rounds
    labels : ndarray of int of shape (n_people,)
    segments, questions : tuple of str
        Names of labels and of columns of ``rounds.picks``.
    weights : ndarray of shape (n_people,)
    target, folds, agreement
        Handed on.
    noise : ndarray of shape (n_references, n_steps)
        Accuracy on made-up data without segments.

    Returns
    -------
    TypingTest
    """
    share, base = weights / weights.sum(), weights.sum() ** 2 / (weights**2).sum()
    right = rounds.placed == labels
    accuracy = float((right @ share).mean())
    lower, upper = _interval(accuracy, base)
    sizes = np.bincount(labels, weights=share)
    told = float((rounds.told @ share).mean())
    told_right = float(((right & rounds.told) @ share).mean()) / told if told else float("nan")
    told_lower, told_upper = _interval(told_right, base * told)
    recall = _recall(rounds, labels, segments, weights)
    steps = (rounds.right @ share).mean(axis=0)
    low, high = wilson_interval(steps * base, np.full(len(steps), base))
    made_up = noise.mean(axis=0) if len(noise) else np.full(len(steps), np.nan)
    curve = pd.DataFrame(
        {"accuracy": steps, "lower": low, "upper": high, "noise": made_up},
        index=pd.RangeIndex(1, len(steps) + 1, name="questions"),
    )
    return TypingTest(
        len(labels), float(base), accuracy, lower, upper, float(recall["recall"].mean()), float(sizes.max()),
        float((sizes**2).sum()), told, told_right, told_lower, told_upper, target, agreement, len(rounds.placed), folds, len(noise),
        curve, recall, dict(zip(questions, map(float, rounds.picks), strict=True)),
    )  # fmt: skip


def _recall(rounds: Rounds, labels: np.ndarray, segments: tuple[str, ...], weights: np.ndarray) -> pd.DataFrame:
    rows = []
    for number, segment in enumerate(segments):
        member, named = labels == number, rounds.placed == number
        own = weights[member]
        share = float(((rounds.placed[:, member] == number) @ own).mean() / own.sum())
        lower, upper = _interval(share, own.sum() ** 2 / (own**2).sum())
        called = float((named @ weights).sum())
        precision = float(((named & member) @ weights).sum()) / called if called else float("nan")
        rows.append((segment, int(member.sum()), share, lower, upper, precision))
    return pd.DataFrame(rows, columns=["segment", "n", "recall", "lower", "upper", "precision"]).set_index("segment")


def _interval(share: float, n: float) -> tuple[float, float]:
    lower, upper = wilson_interval(np.array([share * n]), np.array([n]))
    return float(lower[0]), float(upper[0])


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.reset_index().to_dict("records")
    return [
        {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in rows
    ]


def _frame(records: list[dict[str, Any]], index: str) -> pd.DataFrame:
    table = pd.DataFrame(records).set_index(index)
    numbers = [column for column in table.columns if column != "n"]
    return table.astype(dict.fromkeys(numbers, float))
