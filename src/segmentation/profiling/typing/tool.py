"""The typing tool: a few questions, and what their answers say about a person's segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...dataset import Dataset
from ...errors import ParameterError
from ...features.table import FeatureTable, feature_values
from ...study import Study
from .forward import forward_path
from .lda import Moments, classification_functions, fit_moments, score
from .measured import TypingTest, summarise_rounds
from .people import LEAST, choose_people, draw_sample, say_lacking
from .questions import Question, design, gather_questions
from .validate import choose_number, choose_threshold, measure_agreement, measure_noise, run_rounds

__all__ = ["TypingTool", "build_typing_tool", "place_answers"]

MOST = 8  # questions at most
TARGET = 0.8  # share of right ones among those who are told a segment
FOLDS = 5


@dataclass(frozen=True)
class TypingTool:
    """Questions in the order to ask them, and the linear discriminant that their answers feed.

    Attributes
    ----------
    study, units : str
        Which study it was learned in, and what its units are called.
    questions : tuple of Question
    segments : tuple of str
    names : mapping of str to str
        Segment to a few words about it.
    priors : tuple of float
        Share of each segment.
    means, within : tuple of tuple of float
        Of each segment, and the covariance within segments, of the columns the answers become.
    threshold : float
        Lowest probability at which a segment is told; below it the answer is "cannot tell".
    n : int
        People the discriminant was learned from.
    test : TypingTest or None
    notes : tuple of str
        What was left out, and why.
    reason : str
        Why there is no tool; empty otherwise.
    """

    study: str
    units: str
    questions: tuple[Question, ...] = ()
    segments: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    priors: tuple[float, ...] = ()
    means: tuple[tuple[float, ...], ...] = ()
    within: tuple[tuple[float, ...], ...] = ()
    threshold: float = 0.0
    n: int = 0
    test: TypingTest | None = None
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def moments(self) -> Moments:
        """The discriminant as arrays."""
        priors = np.array(self.priors)
        return Moments(priors, np.array(self.means), np.array(self.within), priors * self.n)

    @property
    def functions(self) -> pd.DataFrame:
        """Classification functions for somebody who answers everything: index segment; constant, then a column a number.

        A choice among names has a column for each name but the first.
        """
        columns = ["constant"]
        for question in self.questions:
            chosen = [f"{question.name} = {option.value}" for option in question.options[1:]]
            columns += chosen if question.level == "nominal" else [question.name]
        index = pd.Index(self.segments, name="segment")
        return pd.DataFrame(classification_functions(self.moments), index=index, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """JSON content from which ``from_dict`` makes the same tool, to the last bit."""
        plain = {name: getattr(self, name) for name in ("study", "units", "threshold", "n", "reason")}
        lists = {name: list(getattr(self, name)) for name in ("segments", "priors", "notes")}
        tables = {name: [list(row) for row in getattr(self, name)] for name in ("means", "within")}
        questions = [question.to_dict() for question in self.questions]
        test = None if self.test is None else self.test.to_dict()
        return {**plain, **lists, **tables, "names": dict(self.names), "questions": questions, "test": test}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TypingTool:
        """Tool from ``to_dict``.

        Raises
        ------
        ParameterError
            If the content is not what ``to_dict`` writes.
        """
        try:
            given = dict(content)
            given["questions"] = tuple(Question.from_dict(item) for item in content["questions"])
            given["test"] = None if content["test"] is None else TypingTest.from_dict(content["test"])
            for name in ("segments", "priors", "notes"):
                given[name] = tuple(content[name])
            for name in ("means", "within"):
                given[name] = tuple(tuple(row) for row in content[name])
            tool = cls(**given)
        except (KeyError, TypeError) as error:
            raise ParameterError(f"not the content of a typing tool: {error}") from error
        width = sum(question.width for question in tool.questions)
        shapes = {len(row) for row in tool.means} | {len(tool.within)} | {len(row) for row in tool.within}
        if not tool.reason and (shapes != {width} or not len(tool.means) == len(tool.priors) == len(tool.segments)):
            raise ParameterError("not the content of a typing tool: its numbers do not fit its questions and segments")
        return tool


def build_typing_tool(
    features: FeatureTable | pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    study: Study,
    *,
    data: Dataset | None = None,
    weights: pd.Series | None = None,
    names: Mapping[str, str] | None = None,
) -> TypingTool:
    """Choose the fewest questions that place a new person, and measure how well they do.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit; a column a variable, in natural units.
    membership : pandas.DataFrame or pandas.Series
        Segment of each unit, missing where it has none.
    study : Study
        Its ``questions`` say what may be asked; default: base variables from a survey, else all base variables.
    data : Dataset, optional
        With the survey, so that its items can be asked one by one.
    weights : pandas.Series, optional
        Positive; units without one are left out.
    names : mapping of str to str, optional
        Segment to a few words about it, shown with the result.

    Returns
    -------
    TypingTool
        With ``reason`` and no questions where none could be learned: no question, too few answers, fewer than two segments.

    Notes
    -----
    Linear discriminant on the answers themselves, so that nothing but the answers is needed to place somebody. Questions
    are taken one by one by accuracy with each person left out; their number is the fewest within one standard error of the best, 8
    at most. Both choices, and the limit below which no segment is told, are made anew inside every repetition of a nested
    cross-validation, so that the accuracy reported is that of people the tool has not seen.
    """
    questions, answers, notes = gather_questions(features, study, data)
    segment = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    people, questions, segments, more = choose_people(answers, questions, segment.reindex(answers.index), weights)
    empty = TypingTool(study.study, study.units, names=dict(names or {}), notes=(*notes, *more))
    lacking = say_lacking(questions, segments, notes, study.units)
    if lacking:
        return TypingTool(**{**vars(empty), "reason": lacking})
    values, blocks = design(questions, answers.loc[people, [question.name for question in questions]])
    labels = segment.loc[people].map({name: number for number, name in enumerate(segments)}).to_numpy(int)
    weight = np.ones(len(people)) if weights is None else weights.loc[people].to_numpy(float)
    state = study.choices.random_state
    sample = draw_sample(labels, state)
    seen = values[sample], labels[sample], weight[sample]
    path = forward_path(seen[0], seen[1], blocks, MOST, weights=seen[2])
    number = choose_number(path.accuracy, seen[2])
    threshold, _ = choose_threshold(path, number, seen[2], TARGET)
    rounds = run_rounds(
        seen[0], seen[1], blocks, most=MOST, target=TARGET, weights=seen[2], folds=FOLDS, random_state=state
    )
    test = summarise_rounds(
        rounds, seen[1], segments, tuple(question.name for question in questions), weights=seen[2], target=TARGET, folds=FOLDS,
        agreement=measure_agreement(seen[0], seen[1], blocks, most=MOST, random_state=state),
        noise=_noise(features, study, people[sample], seen[0], blocks, len(segments)),
    )  # fmt: skip
    chosen = [questions[position] for position in path.order[:number]]
    columns = [column for position in path.order[:number] for column in blocks[position]]
    learned = fit_moments(values[:, columns], labels, weight)
    return TypingTool(
        study.study, study.units, tuple(chosen), segments, {name: str(empty.names.get(name, "")) for name in segments},
        _floats(learned.priors), tuple(map(_floats, learned.means)), tuple(map(_floats, learned.within)), threshold,
        len(people), test, empty.notes,
    )  # fmt: skip


def place_answers(tool: TypingTool, answers: pd.DataFrame) -> pd.DataFrame:
    """Segment of each person by the answers there are.

    Parameters
    ----------
    tool : TypingTool
    answers : pandas.DataFrame
        Index: person; a column a question by its name, missing where it was not asked or not known. Questions without a
        column were asked of nobody.

    Returns
    -------
    pandas.DataFrame
        Index of ``answers``; segment (missing where the tool cannot tell), likeliest, probability (of the likeliest) and answered
        (number of answers that counted).

    Raises
    ------
    ParameterError
        If there is no tool, or a column is not one of its questions.
    DataContractError
        With every answer that is not allowed.
    """
    if tool.reason:
        raise ParameterError(f"there is no typing tool: {tool.reason}")
    values, blocks = design(tool.questions, answers)
    known = ~np.isnan(values)
    chances = score(tool.moments, np.nan_to_num(values), known)
    answered = np.array([known[:, block[0]] for block in blocks]).sum(axis=0)
    likeliest = pd.Series(
        np.array(tool.segments, dtype=object)[chances.argmax(axis=1)], index=answers.index, dtype="str"
    )
    probability = chances.max(axis=1)
    told = (answered > 0) & (probability >= tool.threshold)
    columns = {
        "segment": likeliest.where(told),
        "likeliest": likeliest,
        "probability": probability,
        "answered": answered,
    }
    return pd.DataFrame(columns, index=answers.index)


def _noise(
    features: FeatureTable | pd.DataFrame,
    study: Study,
    people: pd.Index,
    values: np.ndarray,
    blocks: Sequence[Sequence[int]],
    segments: int,
) -> np.ndarray:
    """Accuracy on made-up people; their segments are cut where the real ones were, in the base variables."""
    table = feature_values(features)
    named = [v.name for v in study.base if v.name in table.columns and pd.api.types.is_numeric_dtype(table[v.name])]
    base = table.loc[people, named].to_numpy(float)
    whole = np.isfinite(base).all(axis=1)
    if not named or whole.sum() < max(len(people) / 2, segments * LEAST * 2):
        base, whole = values, np.ones(len(values), bool)
    return measure_noise(
        values[whole], base[whole], blocks, segments, most=MOST, least=LEAST, random_state=study.choices.random_state
    )


def _floats(row: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in row)
