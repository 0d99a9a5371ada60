"""Survey answers: the latest of each unit, which of them are careless, and the scores made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Violation, nearest_word
from ..sources import canonical_table
from ..study import Choices, Study, Variable

__all__ = ["Answers", "flag_careless", "latest_answers", "rating_items", "score_items"]

SURVEY_MEASURES = ("mean", "top2")
JUDGED_FROM = 3  # rating items a person must have answered before "always the same answer" says anything
ANSWERED = 0.5  # share of a score's items that must be answered
SHOWN_ROWS = 5


@dataclass(frozen=True)
class Answers:
    """Answers of one survey, ready to be scored.

    Attributes
    ----------
    responses : pandas.DataFrame
        Index: response id. All responses with a unit; rating items as numbers.
    latest : pandas.Series
        Index: unit; response id of its latest answer.
    careless : pandas.DataFrame
        Index: response id; columns ``straight_line``, ``too_fast`` (bool).
    items : tuple of str
        All rating items of the study's variables from this survey.
    violations : tuple of Violation
    """

    responses: pd.DataFrame
    latest: pd.Series
    careless: pd.DataFrame
    items: tuple[str, ...]
    violations: tuple[Violation, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def careless_units(self) -> pd.Index:
        """Units whose latest answer is careless."""
        return self.latest.index[self.careless.any(axis=1).reindex(self.latest.to_numpy()).to_numpy(bool)]

    @property
    def believed(self) -> pd.DataFrame:
        """Latest answer of each unit, careless ones left out; index: unit."""
        kept = self.latest.drop(self.careless_units)
        rows = self.responses.loc[kept.to_numpy()]
        return rows.set_axis(kept.index, axis=0)


def rating_items(study: Study, columns: Sequence[str]) -> dict[str, Variable]:
    """Rating items of all mean and top2 variables of the survey, each with the first variable that uses it.

    A star in an item name stands for any characters, so ``imp_*`` means every column that begins with imp_.
    """
    items: dict[str, Variable] = {}
    for variable in study.variables:
        if variable.measure in SURVEY_MEASURES and canonical_table(study, variable.source) == "survey":
            for item in expand_items(variable, columns):
                items.setdefault(item, variable)
    return items


def expand_items(variable: Variable, columns: Sequence[str]) -> tuple[str, ...]:
    """Item names with stars replaced by the columns they mean; names that match nothing stay as they are."""
    found: dict[str, None] = {}
    for item in variable.items:
        matched = [name for name in columns if fnmatchcase(name, item)] if "*" in item else [item]
        found.update(dict.fromkeys(matched or [item]))
    return tuple(found)


def flag_careless(ratings: pd.DataFrame, seconds: pd.Series | None, choices: Choices) -> pd.DataFrame:
    """Which responses are not believed, and why.

    Parameters
    ----------
    ratings : pandas.DataFrame of shape (n_responses, n_items)
        Numeric rating answers, NaN missing.
    seconds : pandas.Series or None
        Time taken by each response; missing means not judged.
    choices : Choices
        ``straight_line``: standard deviation of the answers at or below which everything was answered alike (judged
        from three answers on). ``min_seconds_per_item``: least time per rating item answered.

    Returns
    -------
    pandas.DataFrame
        Index of ``ratings``; bool columns ``straight_line`` and ``too_fast``.

    Examples
    --------
    >>> ratings = pd.DataFrame({"a": [3, 5], "b": [3, 1], "c": [3, 4]}, index=["R1", "R2"])
    >>> flag_careless(ratings, pd.Series([60.0, 2.0], index=["R1", "R2"]), Choices())
        straight_line  too_fast
    R1           True     False
    R2          False      True
    """
    answered = ratings.notna().sum(axis=1)
    spread = ratings.std(axis=1, ddof=0)
    straight = (answered >= JUDGED_FROM) & (spread <= choices.straight_line + 1e-12)
    fast = pd.Series(False, index=ratings.index)
    if seconds is not None:
        fast = (answered > 0) & (seconds.astype(float) < choices.min_seconds_per_item * answered)
    return pd.DataFrame({"straight_line": straight.astype(bool), "too_fast": fast.astype(bool)})


def latest_answers(survey: pd.DataFrame, study: Study, *, file: str) -> Answers:
    """Check the rating items of a survey, find careless responses and the latest answer of each unit.

    Answers of one unit are ordered by ``recorded_at``, then by response id; older ones are not used.
    """
    rows = survey[survey[study.unit].notna()]
    items = rating_items(study, list(survey.columns))
    known = {item: variable for item, variable in items.items() if item in rows.columns}
    violations = [_unknown_item(item, variable, survey, file) for item, variable in items.items() if item not in known]
    ratings, broken = _numeric_items(rows, known, file)
    rows = rows.assign(**{item: ratings[item] for item in known})
    seconds = rows["seconds"] if "seconds" in rows.columns else None
    careless = flag_careless(ratings, seconds, study.choices)
    order = rows.assign(_id=rows.index.astype(str), _unit=rows[study.unit].astype(str))
    by = (["recorded_at"] if "recorded_at" in rows.columns else []) + ["_id"]
    last = order.sort_values(by, na_position="first", kind="stable").drop_duplicates("_unit", keep="last")
    latest = pd.Series(last.index, index=pd.Index(last["_unit"], name=study.unit)).sort_index()
    counts = {
        "careless_straight_line": int(careless["straight_line"].sum()),
        "careless_too_fast": int(careless["too_fast"].sum()),
    }
    return Answers(rows, latest, careless, tuple(known), tuple(violations + broken), counts)


def score_items(answers: Answers, variable: Variable, study: Study) -> pd.Series:
    """Score of one mean or top2 variable for each unit that is believed.

    mean: mean of the items answered; with ``centre: respondent`` minus the person's mean over all rating items of the
    same scale, so that 0 is the person's own middle. top2: share of the items answered in the two highest boxes.
    Missing if fewer than half of the items are answered.
    """
    ratings = answers.believed
    items = [item for item in expand_items(variable, list(ratings.columns)) if item in answers.items]
    values = ratings[items].astype(float)
    enough = values.notna().mean(axis=1) >= ANSWERED
    if variable.measure == "top2":
        top = (values >= variable.scale[1] - 1).where(values.notna())
        return top.astype(float).mean(axis=1).where(enough)
    score = values.mean(axis=1)
    if variable.centre == "respondent":
        declared = rating_items(study, list(ratings.columns))
        same = [item for item in answers.items if declared[item].scale == variable.scale]
        score = score - ratings[same].astype(float).mean(axis=1)
    return score.where(enough)


def _unknown_item(item: str, variable: Variable, survey: pd.DataFrame, file: str) -> Violation:
    fix = nearest_word(item, survey.columns) or "Name it as the export does"
    return Violation(f"no such item (variable {variable.name!r})", file, column=item, fix=fix)


def _numeric_items(
    rows: pd.DataFrame, items: Mapping[str, Variable], file: str
) -> tuple[pd.DataFrame, list[Violation]]:
    columns, violations = {}, []
    for item, variable in items.items():
        numbers = pd.to_numeric(rows[item], errors="coerce").astype(float)
        not_numbers = numbers.isna() & rows[item].notna()
        low, high = variable.scale or (-np.inf, np.inf)
        outside = numbers.notna() & ~numbers.between(low, high)
        for wrong, message in ((not_numbers, "answers that are not numbers"), (outside, "answers outside the scale")):
            if wrong.any():
                fix = "Correct the scale in the study, or declare the code for missing answers"
                violations.append(
                    Violation(
                        f"{int(wrong.sum())} {message}", file, rows_words(rows.index[wrong]), item,
                        plain_value(rows[item][wrong].iloc[0]), f"{low:g} to {high:g}", fix,
                    )
                )  # fmt: skip
        columns[item] = numbers
    return pd.DataFrame(columns, index=rows.index, dtype=float), violations


def plain_value(value: Any) -> Any:
    """A numpy scalar as Python's own, so that messages show 5.0."""
    return value.item() if isinstance(value, np.generic) else value


def rows_words(labels: pd.Index) -> str:
    """The first rows concerned, and how many more there are."""
    shown = ", ".join(str(label) for label in labels[:SHOWN_ROWS])
    more = len(labels) - SHOWN_ROWS
    return f"{shown} and {more} more" if more > 0 else shown
