"""Sentences and tables for readers about a typing tool."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...display import Callout, Reading, Table
from ...study import Study
from ...words import count_words, join_words, percent_words, source_words
from ..words import name_segment
from .measured import TypingTest
from .tool import MOST, TypingTool

__all__ = ["describe_typing", "segment_words", "tabulate_questions", "tabulate_recall"]

SELDOM = 0.25  # a segment of which fewer members are found is named as lost to the form


def segment_words(profile: pd.DataFrame, study: Study, *, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """A few words about each segment, to be shown with the result of the typing tool.

    Parameters
    ----------
    profile : pandas.DataFrame
        From ``profile_segments``.
    study : Study
    names : mapping of str to str, optional
        Names the team gave; they come first.

    Returns
    -------
    dict of str to str
    """
    given = names or {}
    marked = {str(segment): name_segment(profile, segment, study) for segment in dict.fromkeys(profile["segment"])}
    return {
        segment: f"{given[segment]} ({words})" if given.get(segment) else words for segment, words in marked.items()
    }


def describe_typing(tool: TypingTool, *, units: str = "units") -> Reading | Callout:
    """How many questions, how well they place people they were not learned from, and what that does not show.

    Examples
    --------
    >>> describe_typing(TypingTool("tiny", "people", reason="there is no question that people could be asked")).title
    'There is no typing tool: there is no question that people could be asked.'
    """
    if tool.reason or tool.test is None:
        return Callout("absent", f"There is no typing tool: {tool.reason or 'it has not been tested'}.")
    test = tool.test
    asked = count_words(len(tool.questions), "question")
    guessed = (
        f"Always naming the largest segment would place {percent_words(test.baseline)} right, naming segments as often as they occur "
        f"{percent_words(test.chance)}."
    )
    useless = f" As far as {test.n:,} {units} can tell, the form does no better than that: do not use it."
    first = (
        f"Lists chosen this way ({asked} here) place {percent_words(test.accuracy)} of {units} right (95 % interval "
        f"{_range(test.lower, test.upper)}; n = {test.n:,}{_base(test)}). These are {units} that had no part in choosing the questions: "
        f"{test.rounds} times over, each of {test.folds} parts of them was placed by "
        f"a form made from the rest, of a length chosen there. The length is the fewest "
        f"questions that place {units} about as well as up to {MOST} would; more are never tried. "
        f"{guessed}{'' if test.lower > test.baseline else useless}"
    )
    paragraphs = [first, _unsure(test, tool, units), _segments(test, units), _evidence(tool, test, units)]
    if tool.notes:
        paragraphs.append(f"Not asked, or left out: {'; '.join(tool.notes)}.")
    return Reading([text for text in paragraphs if text])


def tabulate_questions(tool: TypingTool, *, units: str = "units", source: str = "") -> Table:
    """Questions in the order to ask them, the answers each allows, and how sure the choice of each is."""
    curve = tool.test.curve["accuracy"] if tool.test is not None else pd.Series(dtype=float)
    picks = tool.test.picks if tool.test is not None else {}
    rows = [
        {
            "question": number,
            "asked": f"{question.stem}: {question.words}" if question.stem else question.words,
            "answers": question.allowed,
            "placed right so far": curve.get(number, float("nan")),
            "in other lists": picks.get(question.name, float("nan")),
        }
        for number, question in enumerate(tool.questions, start=1)
    ]
    columns = ["question", "asked", "answers", "placed right so far", "in other lists"]
    n = f" n = {tool.n:,} {units}." if tool.n else ""
    return Table(
        pd.DataFrame(rows, columns=columns),
        f"Questions of the typing tool in the order to ask them.{n}{source_words(source)}",
        {"placed right so far": ".0%", "in other lists": ".0%"},
        "Placed right so far: share of people left out who are placed right by lists of so many questions. In other lists: share of the "
        "lists learned from other draws of the same people that hold the question; where it is low, another question would do as well.",
    )


def tabulate_recall(tool: TypingTool, *, units: str = "units", source: str = "", min_cell: int = 10) -> Table:
    """For each segment: share of its members placed there, with interval, and share of those placed there who belong."""
    columns = ["segment", "n", "members found", "lower", "upper", "right when named"]
    if tool.test is None:
        return Table(pd.DataFrame(columns=columns), "There is no typing tool.")
    recall = tool.test.recall
    hidden = recall["n"] < min_cell
    shown = recall[["recall", "lower", "upper", "precision"]].mask(hidden)
    table = pd.DataFrame(
        {
            "segment": recall.index, "n": recall["n"].astype(float).mask(hidden).to_numpy(), "members found": shown["recall"].to_numpy(),
            "lower": shown["lower"].to_numpy(), "upper": shown["upper"].to_numpy(), "right when named": shown["precision"].to_numpy(),
        }
    )  # fmt: skip
    formats = {"n": ",.0f", **dict.fromkeys(columns[2:], ".0%")}
    caption = (
        f"How well each segment is found among {units} the questions were not chosen on: share of its members placed there with its 95 % "
        f"interval (Wilson), and share of those placed there who belong. n = {tool.test.n:,} {units}.{source_words(source)}"
    )
    note = f"A segment with fewer than {min_cell} {units} is not shown." if hidden.any() else ""
    return Table(table, caption, formats, note)


def _unsure(test: TypingTest, tool: TypingTool, units: str) -> str:
    if test.coverage <= 0:
        return (
            f"No limit of probability makes {percent_words(test.target)} of those told a segment right: the form answers "
            f"“cannot tell” to all {units} in this test."
        )
    met = test.told_upper >= test.target
    text = (
        f"A segment is told only where its probability is at least {percent_words(tool.threshold)}, and “cannot tell” otherwise. "
        f"So {percent_words(test.coverage)} are told one and {percent_words(1 - test.coverage)} are not; of those told, "
        f"{percent_words(test.told_right)} are right (95 % interval {_range(test.told_lower, test.told_upper)})"
    )
    aim = percent_words(test.target)
    return f"{text}; the limit aims at {aim}." if met else f"{text}, short of the {aim} the limit aims at."


def _segments(test: TypingTest, units: str) -> str:
    known = test.recall.dropna(subset=["recall"])
    weakest = known["recall"].idxmin()
    row = known.loc[weakest]
    found = percent_words(row["recall"])
    lost = [str(name) for name in known.index[known["recall"] < SELDOM]]
    warning = (
        f" The form is no way to find {join_words(lost)}: it names {'it' if len(lost) == 1 else 'them'} too seldom."
        if lost
        else ""
    )
    return (
        f"The mean over segments is {percent_words(test.balanced)}. Least well found is {weakest}: {found} of its "
        f"{int(row['n']):,} {units} ({_range(row['lower'], row['upper'])}).{warning}"
    )


def _evidence(tool: TypingTool, test: TypingTest, units: str) -> str:
    text = "None of this says that the segments are real: segments cut through data that have none can be told apart by questions too."
    asked = min(len(tool.questions), len(test.curve))
    noise = float(test.curve["noise"].iloc[asked - 1]) if asked else float("nan")
    if pd.notna(noise):
        real = float(test.curve["accuracy"].iloc[asked - 1])
        many = count_words(asked, "question")
        text += (
            f" In {count_words(test.references, 'made-up data set')} with the same answers and correlations but without segments, "
            f"k-means made as many, and {many} placed {percent_words(noise)} right; here {many} "
            f"{'places' if asked == 1 else 'place'} {percent_words(real)}."
        )
    if pd.notna(test.agreement):
        text += (
            f" Two forms learned from two halves of the {units} place {percent_words(test.agreement)} of them alike."
        )
    return text


def _base(test: TypingTest) -> str:
    return f", effective base {test.base:,.0f}" if test.base < test.n - 0.5 else ""


def _range(lower: float, upper: float) -> str:
    return join_words([f"{lower * 100:.0f}", f"{upper * 100:.0f} %"], last="to") if pd.notna(lower) else "no interval"
