"""Questions one by one: each person left out in turn, every candidate tried at once, nothing fitted twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .lda import Moments, fit_moments, softmax

__all__ = ["Path", "Sweep", "forward_path", "leave_one_out"]


@dataclass(frozen=True)
class Path:
    """Questions in the order that forward selection took them.

    Attributes
    ----------
    order : tuple of int
        Positions of the questions.
    accuracy : ndarray of shape (n_steps,)
        Share placed right, each person left out of what places them.
    right, probability : ndarray of shape (n_steps, n_people)
        Whether each person was placed right, and the probability of the segment they were placed in.
    """

    order: tuple[int, ...]
    accuracy: np.ndarray
    right: np.ndarray
    probability: np.ndarray


def leave_one_out(values: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Probability of each segment for everybody, by a discriminant that was learned without them.

    The means and covariance without one person are those of all less a change of rank one, so that nothing is fitted again.
    Shares of segments stay those of everybody, as in R's MASS::lda(CV = TRUE).

    Returns
    -------
    ndarray of shape (n_people, n_segments)

    Examples
    --------
    >>> shown = leave_one_out(np.array([[0.0], [1.0], [2.0], [8.0], [9.0], [10.0]]), np.array([0, 0, 0, 1, 1, 1]))
    >>> shown.argmax(axis=1).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    held = Sweep(fit_moments(values, labels, weights), values, labels, weights)
    for column in range(values.shape[1]):
        held.take([column])
    return softmax(held.held_out()[:, :, 0])


def forward_path(
    values: np.ndarray,
    labels: np.ndarray,
    blocks: Sequence[Sequence[int]],
    most: int,
    *,
    weights: np.ndarray | None = None,
) -> Path:
    """Questions one by one, each the one that places most people right together with those before it.

    Parameters
    ----------
    values : ndarray of shape (n_people, n_columns)
    labels : ndarray of int of shape (n_people,)
    blocks : sequence of sequences of int
        Columns of each question (several for a choice among names).
    most : int
        Questions at most.
    weights : ndarray, optional

    Returns
    -------
    Path
        Ties go to the first question.

    Examples
    --------
    >>> values = np.array([[0, 5.0], [1, 4], [2, 6], [8, 5], [9, 6], [10, 4]])
    >>> path = forward_path(values, np.array([0, 0, 0, 1, 1, 1]), [[0], [1]], 2)
    >>> path.order, path.accuracy.tolist()
    ((0, 1), [1.0, 1.0])
    """
    sweep = Sweep(fit_moments(values, labels, weights), values, labels, weights)
    left, order = list(range(len(blocks))), []
    accuracy, right, probability = [], [], []
    for _ in range(min(most, len(blocks))):
        logs = sweep.trials([blocks[question] for question in left])
        hits = logs.argmax(axis=1) == labels[:, None]
        counted = sweep.weights @ hits
        best = int(counted.round(9).argmax())
        chances = softmax(logs[:, :, best])
        accuracy.append(min(float(counted[best] / sweep.weights.sum()), 1.0))  # sums of weights round
        right.append(hits[:, best])
        probability.append(chances.max(axis=1))
        order.append(left.pop(best))
        sweep.take(blocks[order[-1]])
    return Path(tuple(order), np.array(accuracy), np.array(right), np.array(probability))


class Sweep:
    """Distances to every segment, built up column by column: a column's part is what the columns before it do not tell.

    ``distance`` (n_people, n_segments) holds the squared distances by the columns taken so far; ``held_out`` turns them into
    log scores of a discriminant learned without the person.
    """

    def __init__(
        self, learned: Moments, values: np.ndarray, labels: np.ndarray | None = None, weights: np.ndarray | None = None
    ) -> None:
        self.learned, self.labels = learned, labels
        self.weights = np.ones(len(values)) if weights is None else weights
        self.within = learned.within.copy()
        # columns first: taking one is then work on whole contiguous blocks
        self.away = values.T[:, :, None] - learned.means.T[:, None, :]
        self.distance = np.zeros((len(values), len(learned.priors)))
        self.crossed = np.zeros_like(self.distance)

    def part(self, column: int) -> np.ndarray:
        """Distance in one column to every segment, in standard deviations within segments."""
        return self.away[column] / np.sqrt(self.within[column, column])

    def take(self, block: Sequence[int]) -> None:
        """Count the columns of one question from now on."""
        for column in block:
            part = self.part(column)
            self.distance += part**2
            if self.labels is not None:
                self.crossed += part * part[np.arange(len(part)), self.labels][:, None]
            slope = self.within[column] / self.within[column, column]
            slope[column] = 0.0
            others = np.flatnonzero(slope)
            self.away[others] -= slope[others, None, None] * self.away[column]
            self.within = self.within - np.outer(slope, self.within[column])

    def trials(self, blocks: Sequence[Sequence[int]]) -> np.ndarray:
        """Log scores (n_people, n_segments, n_questions) with each of some questions taken in turn."""
        distance = np.repeat(self.distance[:, :, None], len(blocks), axis=2)
        crossed = np.repeat(self.crossed[:, :, None], len(blocks), axis=2)
        everybody = np.arange(len(self.distance))
        single = [number for number, block in enumerate(blocks) if len(block) == 1]
        columns = [blocks[number][0] for number in single]
        parts = self.away[columns] / np.sqrt(np.diag(self.within)[columns])[:, None, None]
        own = parts[:, everybody, self.labels]
        distance[:, :, single] += np.moveaxis(parts**2, 0, 2)
        crossed[:, :, single] += np.moveaxis(parts * own[:, :, None], 0, 2)
        for number, block in enumerate(blocks):
            if len(block) > 1:
                alone = object.__new__(Sweep)
                alone.labels, alone.within = self.labels, self.within[np.ix_(block, block)].copy()
                alone.away, alone.distance = self.away[list(block)].copy(), self.distance.copy()
                alone.crossed = self.crossed.copy()
                alone.take(range(len(block)))
                distance[:, :, number], crossed[:, :, number] = alone.distance, alone.crossed
        return self.held_out(distance, crossed)

    def held_out(self, distance: np.ndarray | None = None, crossed: np.ndarray | None = None) -> np.ndarray:
        """Log scores (n_people, n_segments, n_trials) of discriminants learned without each person."""
        distance = self.distance[:, :, None] if distance is None else distance
        crossed = self.crossed[:, :, None] if crossed is None else crossed
        everybody, sizes = np.arange(len(distance)), self.learned.sizes
        size, weight = sizes[self.labels][:, None], self.weights[:, None]
        left = np.maximum(size - weight, 1e-9)
        degrees = max(sizes.sum() - len(sizes), 1.0)
        fewer = np.maximum(degrees - weight, 1e-9)
        pull = weight * size / (left * degrees)
        own = distance[everybody, self.labels]
        room = np.maximum(1 - pull * own, 1e-9)
        quad = distance + (pull / room)[:, None, :] * crossed**2
        quad[everybody, self.labels] = (size / left) ** 2 * own / room
        return np.log(self.learned.priors)[None, :, None] - 0.5 * (fewer / degrees)[:, None, :] * quad
