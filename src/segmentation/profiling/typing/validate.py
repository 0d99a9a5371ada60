"""How well a short list of questions places people it has not learned from: selection, number and limits chosen inside each repetition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...clustering.inputs import spawn_seeds
from ...clustering.kmeans import fit_weighted, nearest_centres, pad
from ...clustering.structure import draw_references
from .forward import Path, Sweep, forward_path
from .lda import Moments, fit_moments, softmax

__all__ = ["Rounds", "choose_number", "choose_threshold", "measure_agreement", "measure_noise", "run_rounds"]

LIMITS = np.round(np.arange(0.50, 0.951, 0.05), 2)  # nobody is told a segment that is less likely than not
STARTS = 5  # of k-means on made-up people: any partition of nothing will do
TOLD_LEAST = 20  # people told a segment before their share of right ones says anything


@dataclass(frozen=True)
class Rounds:
    """Every person placed once in each round, by questions that were chosen without them.

    Attributes
    ----------
    right : ndarray of bool of shape (n_rounds, n_steps, n_people)
        Placed right by the first 1, 2, ... questions.
    placed : ndarray of int of shape (n_rounds, n_people)
        Segment named by as many questions as the round chose.
    told : ndarray of bool of shape (n_rounds, n_people)
        Whether its probability reached the limit that the round chose.
    picks : ndarray of shape (n_questions,)
        Share of the lists learned that hold each question.
    """

    right: np.ndarray
    placed: np.ndarray
    told: np.ndarray
    picks: np.ndarray


def run_rounds(
    values: np.ndarray,
    labels: np.ndarray,
    blocks: Sequence[Sequence[int]],
    *,
    most: int = 8,
    target: float = 0.8,
    weights: np.ndarray | None = None,
    rounds: int = 5,
    folds: int = 5,
    random_state: int = 1,
) -> Rounds:
    """Nested cross-validation of the whole procedure: which questions, how many, and below which probability nothing is said.

    Parameters
    ----------
    values : ndarray of shape (n_people, n_columns)
        Complete answers.
    labels : ndarray of int of shape (n_people,)
    blocks : sequence of sequences of int
        Columns of each question.
    most : int
        Questions at most.
    target : float
        Share to be placed right among those who are told a segment.
    weights : ndarray of shape (n_people,), optional
    rounds, folds : int
        Repetitions, and parts (of equal mix of segments) each is cut into.
    random_state : int

    Returns
    -------
    Rounds
    """
    weights = np.ones(len(values)) if weights is None else weights
    steps = min(most, len(blocks))
    right = np.zeros((rounds, steps, len(values)), bool)
    placed, told = np.zeros((rounds, len(values)), int), np.zeros((rounds, len(values)), bool)
    picks = np.zeros(len(blocks))
    for number in range(rounds):
        part = deal_folds(labels, folds, np.random.default_rng([random_state, number]))
        for fold in range(folds):
            out = part == fold
            path = forward_path(values[~out], labels[~out], blocks, most, weights=weights[~out])
            questions = choose_number(path.accuracy, weights[~out])
            limit, _ = choose_threshold(path, questions, weights[~out], target)
            shown = _place(
                fit_moments(values[~out], labels[~out], weights[~out]), values[out], [blocks[q] for q in path.order]
            )
            right[number][:, out] = shown.argmax(axis=2) == labels[out]
            placed[number, out] = shown[questions - 1].argmax(axis=1)
            told[number, out] = shown[questions - 1].max(axis=1) >= limit
            picks[list(path.order[:questions])] += 1
    return Rounds(right, placed, told, picks / (rounds * folds))


def choose_number(accuracy: np.ndarray, weights: np.ndarray) -> int:
    """Fewest questions whose accuracy is within one standard error of the best.

    Examples
    --------
    >>> choose_number(np.array([0.50, 0.79, 0.80, 0.81]), np.ones(100))
    2
    """
    best = min(float(accuracy.max()), 1.0)
    error = np.sqrt(best * (1 - best) * (weights**2).sum()) / weights.sum()
    return int(np.flatnonzero(accuracy >= best - error - 1e-12)[0]) + 1


def choose_threshold(path: Path, questions: int, weights: np.ndarray, target: float) -> tuple[float, bool]:
    """Lowest probability from which on a segment is told, so that the share of right ones among them reaches a target.

    Returns
    -------
    (float, bool)
        0.5 to 0.95; the highest and False if no limit reaches the target.
    """
    right, probability = path.right[questions - 1], path.probability[questions - 1]
    for limit in LIMITS:
        kept = probability >= limit
        if kept.sum() >= TOLD_LEAST and (weights * right)[kept].sum() >= target * weights[kept].sum():
            return float(limit), True
    return float(LIMITS[-1]), False


def measure_agreement(
    values: np.ndarray,
    labels: np.ndarray,
    blocks: Sequence[Sequence[int]],
    *,
    most: int,
    pairs: int = 10,
    random_state: int = 1,
) -> float:
    """Share of people whom two tools, learned from the two halves of the people, place alike.

    Returns
    -------
    float
        Mean over pairs of halves.
    """
    alike = []
    for number in range(pairs):
        half = deal_folds(labels, 2, np.random.default_rng([random_state, 1_000 + number]))
        shown = []
        for side in (0, 1):
            rows = half == side
            path = forward_path(values[rows], labels[rows], blocks, most)
            chosen = path.order[: choose_number(path.accuracy, np.ones(int(rows.sum())))]
            learned = fit_moments(values[rows], labels[rows])
            shown.append(_place(learned, values, [blocks[q] for q in chosen])[-1].argmax(axis=1))
        alike.append(float((shown[0] == shown[1]).mean()))
    return float(np.mean(alike))


def measure_noise(
    values: np.ndarray,
    base: np.ndarray,
    blocks: Sequence[Sequence[int]],
    segments: int,
    *,
    most: int,
    least: int,
    references: int = 8,
    random_state: int = 1,
) -> np.ndarray:
    """The same accuracy where there are no segments: people made up with the same answers and correlations, cut by k-means.

    Parameters
    ----------
    values : ndarray of shape (n_people, n_columns)
        Answers.
    base : ndarray of shape (n_people, n_base)
        What segments are formed on; complete.
    blocks, segments, most
        As for the real segments.
    least : int
        A reference with a segment smaller than this is left out.
    references : int
        Made-up data sets.
    random_state : int

    Returns
    -------
    ndarray of shape (n_references, n_steps)
        Accuracy by number of questions; no rows if no reference could be made.
    """
    joint = np.hstack([base, values])
    spread = joint.std(axis=0)
    varies = spread > 0
    if len(joint) <= varies.sum() + 1 or varies[: base.shape[1]].sum() < 1:
        return np.empty((0, min(most, len(blocks))))
    centred = (joint[:, varies] - joint[:, varies].mean(axis=0)) / spread[varies]
    formed = int(varies[: base.shape[1]].sum())
    found = []
    for number, world in enumerate(draw_references(centred, references, random_state=random_state)):
        full = np.zeros_like(joint)
        full[:, varies] = world
        seeds = spawn_seeds(random_state, "typing", number, size=STARTS)
        cut = np.ascontiguousarray(world[:, :formed])
        centres = fit_weighted(pad(cut), np.ones(len(cut)), segments, seeds)[1]
        labels = nearest_centres(cut, centres[:, :formed])
        if np.bincount(labels, minlength=segments).min() < least:
            continue
        rounds = run_rounds(
            full[:, base.shape[1] :], labels, blocks, most=most, rounds=1, random_state=random_state + number
        )
        found.append(rounds.right.mean(axis=(0, 2)))
    return np.array(found).reshape(-1, min(most, len(blocks)))


def deal_folds(labels: np.ndarray, folds: int, random: np.random.Generator) -> np.ndarray:
    """Part of each person, every segment spread evenly over the parts."""
    order = np.lexsort((random.random(len(labels)), labels))
    part = np.empty(len(labels), int)
    part[order] = np.arange(len(labels)) % folds
    return part


def _place(learned: Moments, values: np.ndarray, blocks: Sequence[Sequence[int]]) -> np.ndarray:
    """Probabilities (n_steps, n_people, n_segments) by the first 1, 2, ... questions."""
    sweep, shown = Sweep(learned, values), []
    for block in blocks:
        sweep.take(block)
        shown.append(softmax(np.log(learned.priors) - 0.5 * sweep.distance))
    return np.array(shown)
