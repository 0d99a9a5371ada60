"""What can be asked: each question with its words and the answers it allows, and how answers become numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ...dataset import Dataset
from ...errors import DataContractError, ParameterError, Violation, nearest_word
from ...features.survey import SURVEY_MEASURES, Answers, expand_items, latest_answers, rows_words
from ...features.table import FeatureTable, feature_values
from ...sources import canonical_table
from ...study import Study, Variable

__all__ = ["OTHER", "Option", "Question", "design", "gather_questions"]

OTHER = "something else"
MOST_BOXES = 11  # a scale of whole numbers with more answers than this is asked as a number
HINTS: Mapping[str, str] = {
    "share": "A share, from 0 to 1",
    "recency": "In days",
    "tenure": "In days",
    "active_days": "Days in the quarter",
    "events": "How often in the quarter",
    "money": "In the quarter",
}


@dataclass(frozen=True)
class Option:
    """One answer a question allows: its value (a number, or a name) and the words a person reads."""

    value: float | str
    words: str


@dataclass(frozen=True)
class Question:
    """One question of a typing tool.

    Attributes
    ----------
    name : str
        Column of its answers: the survey item, or the variable.
    words, stem : str
        What is asked, and what stands before several questions of one block.
    level : str
        numeric, ordinal, binary or nominal.
    options : tuple of Option
        Answers allowed; empty where any number is.
    low, high : float
        Of a number: limits that a few people's answers lie at or beyond; more extreme answers count as these.
    transform : str
        none, log1p or sqrt, taken of a number before it counts.
    """

    name: str
    words: str
    level: str
    options: tuple[Option, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")
    transform: str = "none"
    stem: str = ""

    @property
    def width(self) -> int:
        """Columns its answer becomes: one, or one less than the names it chooses among."""
        return len(self.options) - 1 if self.level == "nominal" else 1

    @property
    def allowed(self) -> str:
        """The answers it takes, in words."""
        if self.options:
            return ", ".join(option.words for option in self.options)
        return f"a number; below {self.low:g} counts as {self.low:g}, above {self.high:g} as {self.high:g}"

    def check(self, answers: pd.Series) -> tuple[pd.Series, list[Violation]]:
        """Answers as this question's values (missing where there is none), and what is not allowed among them."""
        given = answers.notna()
        if self.level == "nominal":
            text = answers.astype("str").where(given)
            if any(option.value == OTHER for option in self.options):
                known = [option.value for option in self.options]
                return text.where(~given | text.isin(known), OTHER), []
            wrong = given & ~text.isin([option.value for option in self.options])
        else:
            text = pd.to_numeric(answers, errors="coerce").astype(float)
            wrong = given & ~np.isfinite(text)
            if self.options:
                wrong |= given & ~text.isin([option.value for option in self.options])
        if not wrong.any():
            return text, []
        value = answers[wrong].iloc[0]
        place, fix = rows_words(answers.index[wrong]), nearest_word(value, [option.words for option in self.options])
        message = f"{int(wrong.sum())} answers that are not allowed"
        return text, [Violation(message, "", place, self.name, str(value), self.allowed, fix)]

    def encode(self, answers: pd.Series) -> np.ndarray:
        """Columns of numbers (n_people, width) from checked answers; NaN where there is none."""
        if self.level == "nominal":
            names = answers.to_numpy(object)[:, None]
            shown = (names == np.array([option.value for option in self.options[1:]], object)[None]).astype(float)
            shown[answers.isna().to_numpy()] = np.nan
            return shown
        return self.transformed(answers.to_numpy(float))[:, None]

    def transformed(self, values: np.ndarray) -> np.ndarray:
        """Numbers as they count."""
        values = np.asarray(values, float) if self.options else np.clip(values, self.low, self.high)
        return {"none": np.asarray, "log1p": np.log1p, "sqrt": np.sqrt}[self.transform](values)

    def to_dict(self) -> dict[str, Any]:
        """JSON content; limits that are infinite are left out."""
        limits = {key: value for key, value in (("low", self.low), ("high", self.high)) if np.isfinite(value)}
        content = {key: value for key, value in asdict(self).items() if key not in ("low", "high")}
        return {**content, "options": [asdict(option) for option in self.options], **limits}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Question:
        """Question from ``to_dict``."""
        return cls(**{**content, "options": tuple(Option(**option) for option in content["options"])})


def gather_questions(
    features: FeatureTable | pd.DataFrame, study: Study, data: Dataset | None = None
) -> tuple[tuple[Question, ...], pd.DataFrame, tuple[str, ...]]:
    """Questions the study allows, and the answers people have given to them.

    The study's ``questions``; without any, the base variables that come from a survey, else all base variables. A variable
    that was computed from survey items is asked as its items, since nobody can answer for a mean of three answers less the
    mean of twelve; that needs the dataset with the survey in it.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit; a column a variable.
    study : Study
    data : Dataset, optional
        With the survey's answers; careless ones are not believed.

    Returns
    -------
    (tuple of Question, pandas.DataFrame, tuple of str)
        Questions; answers (index: units, column: question); what cannot be asked and why.
    """
    values = feature_values(features)
    answers = _believed(study, data)
    believed = (
        pd.DataFrame() if answers is None else answers.believed.reindex(values.index.astype(str)).set_axis(values.index)
    )
    questions: list[Question] = []
    columns: dict[str, pd.Series] = {}
    notes: list[str] = []
    for variable in _candidates(study):
        if variable.measure in SURVEY_MEASURES and (answers is not None or _has_parts(variable)):
            if answers is None:
                notes.append(
                    f"{variable.words}: was computed from several answers, and the answers themselves are not here"
                )
                continue
            for item in expand_items(variable, list(answers.responses.columns)):
                if item not in columns and item in answers.items:
                    columns[item] = believed[item]
                    questions.append(_item(item, variable, data))
        elif variable.name in values.columns:
            columns[variable.name] = values[variable.name]
            questions.append(_plain(variable, values[variable.name], study.choices.min_cell))
    return tuple(questions), pd.DataFrame(columns, index=values.index), tuple(notes)


def design(questions: Sequence[Question], answers: pd.DataFrame) -> tuple[np.ndarray, list[list[int]]]:
    """Answers as a matrix of numbers, NaN where one is missing, and the columns of each question.

    Raises
    ------
    ParameterError
        If an answer column is not one of the questions; a question without a column was not asked of anybody.
    DataContractError
        With every answer that is not allowed.
    """
    names = [question.name for question in questions]
    odd = [str(name) for name in answers.columns if name not in names]
    if odd:
        raise ParameterError(
            f"no question {odd[0]!r}; questions: {', '.join(names)}. {nearest_word(odd[0], names)}".strip()
        )
    nothing = pd.Series(np.nan, index=answers.index, dtype=object)
    violations, parts, blocks, start = [], [np.empty((len(answers), 0))], [], 0
    for question in questions:
        checked, found = question.check(answers.get(question.name, nothing))
        violations += found
        if not found:
            parts.append(question.encode(checked))
        blocks.append(list(range(start, start + question.width)))
        start += question.width
    if violations:
        raise DataContractError(violations)
    return np.hstack(parts), blocks


def _candidates(study: Study) -> tuple[Variable, ...]:
    if study.questions:
        return tuple(study.variable(name) for name in study.questions)
    asked = tuple(v for v in study.base if canonical_table(study, v.source) == "survey")
    return asked or study.base


def _believed(study: Study, data: Dataset | None) -> Answers | None:
    if data is None or "survey" not in data:
        return None
    return latest_answers(data["survey"], study, file="survey")


def _has_parts(variable: Variable) -> bool:
    return (
        len(variable.items) > 1 or "*" in variable.items[0] or variable.centre != "none" or variable.measure == "top2"
    )


def _item(item: str, variable: Variable, data: Dataset | None) -> Question:
    """One survey item, in the words of the questionnaire where the export holds them."""
    words = str(data["survey"].attrs.get("questions", {}).get(item, "")) if data is not None else ""
    stem, _, asked = words.rpartition(" - ")
    if not asked.strip():
        asked = variable.words if not _has_parts(variable) else f"{variable.words} ({item})"
    low, high = variable.scale or (-np.inf, np.inf)
    return Question(item, asked.strip(), "numeric", _boxes(low, high), low, high, stem=stem.strip())


def _boxes(low: float, high: float) -> tuple[Option, ...]:
    """Every whole number of a short scale."""
    if not np.isfinite(high - low) or low != int(low) or high != int(high) or high - low + 1 > MOST_BOXES:
        return ()
    return tuple(Option(float(box), f"{box}") for box in range(int(low), int(high) + 1))


def _plain(variable: Variable, values: pd.Series, min_cell: int) -> Question:
    """A variable asked as it is."""
    asked = Question(variable.name, variable.words, variable.level, stem=HINTS.get(variable.measure, ""))
    if variable.level == "binary":
        return replace(asked, options=(Option(0.0, "no"), Option(1.0, "yes")), low=0.0, high=1.0)
    if variable.level == "ordinal":
        options = tuple(Option(float(rank), words) for rank, words in enumerate(variable.levels, start=1))
        return replace(asked, options=options, low=1.0, high=float(len(options)))
    if variable.level == "nominal":
        counts = values.dropna().astype("str").value_counts()
        names = sorted(counts.index[counts >= min_cell].difference([OTHER]))
        rare = len(names) < len(counts)
        return replace(asked, options=tuple(Option(name, name) for name in [*names, *([OTHER] if rare else [])]))
    if variable.measure in SURVEY_MEASURES and variable.scale is not None:
        return replace(asked, options=_boxes(*variable.scale), low=variable.scale[0], high=variable.scale[1])
    known = np.sort(values.dropna().to_numpy(float))
    reach = min(min_cell, len(known)) - 1  # limits that so many people lie at or beyond: no single answer is published
    low, high = sorted((float(known[reach]), float(known[-1 - reach]))) if len(known) else (0.0, 0.0)
    return replace(asked, low=low, high=high, transform=variable.transform)
