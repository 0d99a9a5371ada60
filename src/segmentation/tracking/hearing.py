"""Sales feedback in words and tables for readers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ..display import Callout, Reading, Table
from ..messaging.rates import say_share
from ..words import source_words
from .feedback import FeedbackSummary

__all__ = ["describe_feedback", "tabulate_feedback", "tabulate_objections", "tabulate_stoppers"]


def describe_feedback(summary: FeedbackSummary | None, *, names: Mapping[str, str] | None = None) -> Reading | Callout:
    """What sales heard, in plain sentences.

    Parameters
    ----------
    summary : FeedbackSummary or None
        None when the study has no feedback.
    names : mapping of str to str, optional
        Persona id to name.

    Returns
    -------
    Reading or Callout
    """
    if summary is None or not summary.n:
        return Callout(
            "absent",
            "There is no feedback from sales in this period.",
            "Nothing here says whether personas held up in talks.",
        )
    names = names or {}
    parts = [
        f"{summary.n} conversations were reported. Sales chose which to report, so shares are of what was reported.",
        _say_agreement(summary, names), _say_objections(summary, names), _say_blockers(summary),
    ]  # fmt: skip
    return Reading([part for part in parts if part])


def _say_agreement(summary: FeedbackSummary, names: Mapping[str, str]) -> str:
    total = summary.agreement[summary.agreement["persona"] == "all"].iloc[0]
    if not total["n"]:
        return "In none of them was it found out later which persona the person really was."
    right = say_share(total["agree"], total["n"])
    text = f"Sales had named the right persona in {right} of the conversations where this was found out later"
    if not math.isnan(summary.kappa):
        text += f" (agreement beyond chance, Cohen's kappa: {summary.kappa:.2f}, where 1 is perfect and 0 is guessing; "
        text += f"95 % interval {summary.kappa_lower:.2f} to {summary.kappa_upper:.2f})"
    text += "."
    inner = summary.agreement[(summary.agreement["persona"] != "all") & (summary.agreement["n"] >= 5)]
    wrong = inner[inner["upper"] < 0.5] if len(inner) else inner
    for row in wrong.itertuples():
        told = f"{names.get(row.persona, row.persona)} was the wrong persona in {say_share(row.n - row.agree, row.n)}"
        text += f" {told}; most often it was {names.get(row.most_often, row.most_often)} ({row.most_often_n})."
    return text


def _say_objections(summary: FeedbackSummary, names: Mapping[str, str]) -> str:
    sentences = []
    for persona, rows in summary.objections.groupby("persona", sort=False):
        top = rows.iloc[0]
        sentences.append(
            f"{names.get(str(persona), persona)}: most often {_words(top['objection'])}, in {say_share(top['n'], top['base'])}"
        )
    text = f"Objections. {'; '.join(sentences)}." if sentences else "No objection was noted."
    if len(summary.unanswered):
        listed = ", ".join(f"{_words(row.objection)} ({row.n})" for row in summary.unanswered.itertuples())
        text += f" No message answers: {listed}."
    return text


def _say_blockers(summary: FeedbackSummary) -> str:
    top = summary.blockers[summary.blockers["lost"] > 0].head(3)
    if top.empty:
        return "Nobody is noted as having blocked a lost deal."
    lost = int(summary.outcomes["lost"].sum())
    listed = ", ".join(f"{row.role} in {say_share(row.lost, lost)}" for row in top.itertuples())
    return f"Who blocked the {lost} lost conversation{'' if lost == 1 else 's'}: {listed}."


def tabulate_feedback(summary: FeedbackSummary, *, names: Mapping[str, str] | None = None, source: str = "") -> Table:
    """Table of persona named against persona found, and of outcomes.

    Parameters
    ----------
    summary : FeedbackSummary
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    names = dict(names or {}) | {"all": "All"}
    frame = summary.agreement.assign(
        persona=[names.get(p, p) for p in summary.agreement["persona"]],
        most_often=[f"{names.get(p, p)} ({n})" if n else None
                    for p, n in zip(summary.agreement["most_often"], summary.agreement["most_often_n"], strict=True)],
    )  # fmt: skip
    heads = {"persona": "Persona sales named", "n": "n", "agree": "Right", "rate": "Share", "lower": "from", "upper": "to",
             "most_often": "Else most often"}  # fmt: skip
    formats = {"n": ",d", "Right": ",d", "Share": ".0%", "from": ".0%", "to": ".0%"}
    caption = (
        f"How often the persona sales named was the right one (n = {summary.kappa_n} of {summary.n} conversations)."
    )
    tail = source_words(source)
    return Table(
        frame[list(heads)].rename(columns=heads), caption + tail, formats, "from, to: 95 % interval of the share."
    )


def tabulate_objections(summary: FeedbackSummary, *, names: Mapping[str, str] | None = None, source: str = "") -> Table:
    """Table of objections by persona with the number of messages that answer them.

    Parameters
    ----------
    summary : FeedbackSummary
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    table = summary.objections
    frame = pd.DataFrame({
        "Persona": [(names or {}).get(p, p) for p in table["persona"]],
        "Objection": [_words(o) for o in table["objection"]],
        "Said": [f"{n} of {base}" for n, base in zip(table["n"], table["base"], strict=True)],
        "Messages that answer it": table["messages"].to_list(),
    })  # fmt: skip
    tail = source_words(source)
    caption = f"Objections by persona, in {summary.n} conversations.{tail}"
    return Table(
        frame, caption, {"Messages that answer it": ",.0f"}, "The persona is the true one where it was found out."
    )


def tabulate_stoppers(summary: FeedbackSummary, *, names: Mapping[str, str] | None = None, source: str = "") -> Table:
    """Who stopped the lost conversations, by the persona that was met.

    Parameters
    ----------
    summary : FeedbackSummary
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    table = summary.stoppers
    frame = pd.DataFrame({
        "Persona met": [(names or {}).get(p, p) for p in table["persona"]],
        "Stopped by": table["role"].to_list(),
        "In": [f"{n} of {base}" for n, base in zip(table["n"], table["base"], strict=True)],
    })  # fmt: skip
    lost = int(summary.outcomes["lost"].sum())
    caption = (
        f"Who stopped the {lost} lost conversation{'' if lost == 1 else 's'}, by the persona met.{source_words(source)}"
    )
    return Table(
        frame, caption, note="In: of the lost conversations with this persona. Where nobody is noted nobody is counted."
    )


def _words(code: object) -> str:
    return str(code).replace("_", " ")
