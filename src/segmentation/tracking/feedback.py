"""What sales heard: whether the persona was the right one, who objected to what, who blocked, and what nobody answers."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import DataContractError, ParameterError, Violation, nearest_word
from ..messaging.rows import find_path, parse_dates, read_rows
from ..period import Period
from ..qualitative.intervals import wilson_interval
from ..qualitative.kappa import cohen_kappa
from ..study import Study

__all__ = ["FEEDBACK_COLUMNS", "FeedbackSummary", "label_kappa", "read_feedback", "summarise_feedback"]

FEEDBACK_COLUMNS = (
    "date", "rep", "deal_id", "persona_said", "persona_true", "blocker_role", "objection", "message_id", "outcome",
    "note",
)  # fmt: skip
OUTCOMES = ("won", "lost", "open")


@dataclass(frozen=True)
class FeedbackSummary:
    """Sales feedback of a period, counted.

    Attributes
    ----------
    n : int
        Conversations.
    agreement : pandas.DataFrame
        One row a persona as sales named it (and "all"): persona, n (conversations where the true persona was found
        out), agree, rate with 95 % interval, most_often (the other persona it most often was) and most_often_n.
    kappa, kappa_lower, kappa_upper, kappa_n :
        Agreement beyond chance (Cohen), its approximate 95 % interval, and the conversations it rests on; NaN when
        undefined.
    objections : pandas.DataFrame
        persona, objection, n, base (conversations with the persona), share, lower, upper, messages (in use that answer
        it for that persona; missing without a matrix). Persona is the true one where known.
    outcomes : pandas.DataFrame
        persona, won, lost, open, rate (won of won and lost) with interval.
    blockers : pandas.DataFrame
        role, n, lost, share_of_lost (of all lost conversations).
    stoppers : pandas.DataFrame
        persona, role, n, base: who stopped the lost conversations with each persona (base).
    unanswered : pandas.DataFrame
        objection, n: objections that no message of any persona answers; empty without a matrix.
    """

    n: int
    agreement: pd.DataFrame
    kappa: float
    kappa_lower: float
    kappa_upper: float
    kappa_n: int
    objections: pd.DataFrame
    outcomes: pd.DataFrame
    blockers: pd.DataFrame
    unanswered: pd.DataFrame
    stoppers: pd.DataFrame

    def as_table(self) -> pd.DataFrame:
        """One tidy table to store: table, persona, item, n, base, share, lower, upper.

        table is "objection", "won", "agreement", "blocker" (over all personas), "unanswered" (no message of any persona answers it) or
        "gap" (none of this persona does).
        """
        objections = self.objections.rename(columns={"objection": "item"}).assign(table="objection")
        won = self.outcomes.assign(
            table="won", item="won", n=self.outcomes["won"], base=self.outcomes["won"] + self.outcomes["lost"]
        )
        agree = self.agreement.assign(
            table="agreement", item="persona confirmed", base=self.agreement["n"], n=self.agreement["agree"]
        )
        blocked = self.blockers.rename(columns={"role": "item", "share_of_lost": "share"}).assign(
            table="blocker",
            persona="",
            n=self.blockers["lost"],
            base=int(self.outcomes["lost"].sum()),
            lower=math.nan,
            upper=math.nan,
        )
        open_ones = self.unanswered.rename(columns={"objection": "item"}).assign(
            table="unanswered", persona="", base=self.n, share=math.nan, lower=math.nan, upper=math.nan
        )
        gaps = (
            self.objections[self.objections["messages"] == 0].rename(columns={"objection": "item"}).assign(table="gap")
        )
        parts = [
            objections,
            won.rename(columns={"rate": "share"}),
            agree.rename(columns={"rate": "share"}),
            blocked,
            open_ones,
            gaps,
        ]
        columns = ["table", "persona", "item", "n", "base", "share", "lower", "upper"]
        kept = [part[columns] for part in parts if len(part)]
        return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)


def read_feedback(
    source: Study | str | Path, *, personas: Collection[str] | None = None, messages: Collection[str] | None = None
) -> pd.DataFrame:
    """Read and check the file of sales feedback.

    Parameters
    ----------
    source : Study, str or Path
        CSV with exactly the columns ``FEEDBACK_COLUMNS``, or the study that names it.
    personas, messages : collection of str, optional
        Ids that may be referred to; not checked when not given.

    Returns
    -------
    pandas.DataFrame
        Index: row of the file. Text columns ("" where nothing is said), ``date`` as a time stamp. ``note`` is left
        out: free text about customers has no place in results. Empty with the same columns without feedback.

    Raises
    ------
    DataContractError
        With every violation: layout, dates, outcomes, unknown personas or messages.
    """
    file = find_path(source, "feedback")
    if file is None:
        empty = pd.DataFrame({column: pd.Series(dtype="str") for column in FEEDBACK_COLUMNS if column != "note"})
        return empty.astype({"date": "datetime64[us]"})
    rows, violations = read_rows(file, FEEDBACK_COLUMNS)
    dates, broken = parse_dates(rows["date"], file.name)
    violations += broken
    rules: dict[str, tuple[Collection[str] | None, bool]] = {
        "outcome": (OUTCOMES, False), "persona_said": (personas, False), "persona_true": (personas, True),
        "message_id": (messages, True),
    }  # fmt: skip
    for column, (allowed, optional) in rules.items():
        for row, word in rows[column].items():
            if not word and not optional:
                violations.append(Violation("cell is empty", file.name, int(row), column))
            elif word and allowed is not None and word not in allowed:
                fix = nearest_word(word, allowed)
                violations.append(
                    Violation("not known here", file.name, int(row), column, word, ", ".join(sorted(allowed)), fix)
                )
    if violations:
        raise DataContractError(violations)
    return rows.assign(date=dates).drop(columns="note")


def summarise_feedback(
    feedback: pd.DataFrame, *, messages: pd.DataFrame | None = None, period: Period | str | None = None
) -> FeedbackSummary:
    """Count what sales heard.

    Parameters
    ----------
    feedback : pandas.DataFrame
        As ``read_feedback`` returns it.
    messages : pandas.DataFrame, optional
        The message matrix, to find objections that no message answers (by its pain).
    period : Period or str, optional
        Keep conversations of this quarter only.

    Returns
    -------
    FeedbackSummary

    Raises
    ------
    ParameterError
        If a column is missing.
    """
    missing = [c for c in FEEDBACK_COLUMNS if c not in feedback.columns and c != "note"]
    if missing:
        raise ParameterError(f"feedback needs the columns {', '.join(missing)}")
    if period is not None:
        quarter = Period.parse(period)
        feedback = feedback[feedback["date"].between(quarter.start, quarter.end, inclusive="left")]
    known = feedback[feedback["persona_true"] != ""]
    kappa, lower, upper = label_kappa(known["persona_said"], known["persona_true"])
    person = feedback["persona_true"].where(feedback["persona_true"] != "", feedback["persona_said"])
    by_person = feedback.assign(persona=person)
    return FeedbackSummary(
        len(feedback), _agreement(known), kappa, lower, upper, len(known), _objections(by_person, messages),
        _outcomes(by_person), _blockers(feedback), _unanswered(feedback, messages), _stoppers(by_person),
    )  # fmt: skip


def label_kappa(first: pd.Series, second: pd.Series) -> tuple[float, float, float]:
    """Cohen's kappa of two labellings with an approximate 95 % interval.

    Parameters
    ----------
    first, second : pandas.Series
        Labels of the same items in the same order.

    Returns
    -------
    tuple of float
        kappa (1 perfect, 0 as chance), lower, upper; NaN without items or when both use one and the same label
        throughout.

    Raises
    ------
    ParameterError
        If the lengths differ.

    Notes
    -----
    By ``qualitative.cohen_kappa``: 1.96 standard errors of Fleiss, Cohen and Everitt (1969) on either side.

    Examples
    --------
    >>> said = pd.Series(["A"] * 25 + ["B"] * 25)
    >>> true = pd.Series(["A"] * 20 + ["B"] * 5 + ["A"] * 10 + ["B"] * 15)
    >>> [round(number, 2) for number in label_kappa(said, true)]
    [0.4, 0.15, 0.65]
    """
    if len(first) != len(second):
        raise ParameterError(f"the labellings must be as long as each other; got {len(first)} and {len(second)}")
    labels = sorted({*first, *second})
    table = pd.crosstab(first.to_numpy(), second.to_numpy()).reindex(index=labels, columns=labels, fill_value=0)
    found = cohen_kappa(table)
    return found.value, max(-1.0, found.value - 1.959964 * found.error), min(1.0, found.value + 1.959964 * found.error)


def _agreement(known: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for persona in [*sorted(known["persona_said"].unique()), "all"]:
        said = known if persona == "all" else known[known["persona_said"] == persona]
        agree = int((said["persona_said"] == said["persona_true"]).sum())
        others = said.loc[said["persona_said"] != said["persona_true"], "persona_true"].value_counts().sort_index()
        top = ("", 0) if persona == "all" or others.empty else (others.idxmax(), int(others.max()))
        share = agree / len(said) if len(said) else math.nan
        rows.append((persona, len(said), agree, share, *wilson_interval(agree, len(said)), *top))
    return pd.DataFrame(rows, columns=["persona", "n", "agree", "rate", "lower", "upper", "most_often", "most_often_n"])


def _objections(feedback: pd.DataFrame, messages: pd.DataFrame | None) -> pd.DataFrame:
    rows = []
    for persona, talks in feedback.groupby("persona", sort=True):
        counts = talks.loc[talks["objection"] != "", "objection"].value_counts()
        for objection, k in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            answers = math.nan
            if messages is not None:
                used = messages[(messages["status"] != "retired") & (messages["persona_id"] == persona)]
                answers = int((used["pain_id"] == objection).sum())
            rows.append(
                (persona, objection, int(k), len(talks), k / len(talks), *wilson_interval(int(k), len(talks)), answers)
            )
    return pd.DataFrame(rows, columns=["persona", "objection", "n", "base", "share", "lower", "upper", "messages"])


def _outcomes(feedback: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for persona, talks in feedback.groupby("persona", sort=True):
        won, lost, still = (int((talks["outcome"] == outcome).sum()) for outcome in OUTCOMES)
        rate = won / (won + lost) if won + lost else math.nan
        rows.append((persona, won, lost, still, rate, *wilson_interval(won, won + lost)))
    return pd.DataFrame(rows, columns=["persona", "won", "lost", "open", "rate", "lower", "upper"])


def _blockers(feedback: pd.DataFrame) -> pd.DataFrame:
    blocked = feedback[feedback["blocker_role"] != ""]
    lost = int((feedback["outcome"] == "lost").sum())
    rows = [
        (
            role,
            len(talks),
            int((talks["outcome"] == "lost").sum()),
            (talks["outcome"] == "lost").sum() / lost if lost else math.nan,
        )
        for role, talks in blocked.groupby("blocker_role", sort=True)
    ]
    table = pd.DataFrame(rows, columns=["role", "n", "lost", "share_of_lost"])
    return table.sort_values(["lost", "n"], ascending=False, kind="stable").reset_index(drop=True)


def _unanswered(feedback: pd.DataFrame, messages: pd.DataFrame | None) -> pd.DataFrame:
    counts = feedback.loc[feedback["objection"] != "", "objection"].value_counts()
    answered = (
        set(messages.loc[messages["status"] != "retired", "pain_id"]) if messages is not None else set(counts.index)
    )
    rows = sorted(((o, int(k)) for o, k in counts.items() if o not in answered), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(rows, columns=["objection", "n"])


def _stoppers(feedback: pd.DataFrame) -> pd.DataFrame:
    lost = feedback[feedback["outcome"] == "lost"]
    rows = [
        (persona, role, int(n), len(talks))
        for persona, talks in lost.groupby("persona", sort=True)
        for role, n in sorted(
            talks.loc[talks["blocker_role"] != "", "blocker_role"].value_counts().items(), key=lambda i: (-i[1], i[0])
        )
    ]
    return pd.DataFrame(rows, columns=["persona", "role", "n", "base"])
