"""The log of predictions in words and a table for readers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ..display import Callout, Reading, Table
from ..words import count_words, join_words, source_words
from .hypotheses import to_revise
from .wording import difference_words, interval_words

__all__ = ["describe_hypotheses", "say_predictions", "tabulate_hypotheses"]


def _changed(log: pd.DataFrame, now: pd.DataFrame | None) -> str:
    """Experiments that are registered otherwise now than when a prediction of theirs was first entered."""
    if now is None or now.empty:
        return ""
    stamped = log[log["registration"] != ""]
    first = stamped.groupby("experiment", sort=False)[["registration", "quarter"]].first()
    present = now.groupby("experiment", sort=False)["registration"].first()
    said = [
        f"“{name}” is registered otherwise now than in the report of {first.loc[name, 'quarter']}"
        for name, stamp in present.items()
        if name in first.index and first.loc[name, "registration"] != stamp
    ]
    return f"Careful: {join_words(said)}. Read its verdict only with what was changed, and when." if said else ""


def describe_hypotheses(
    log: pd.DataFrame, names: dict[str, str] | None = None, *, now: pd.DataFrame | None = None
) -> Reading | Callout:
    """What the log says, in words, with the rule; who needs revising comes first.

    Parameters
    ----------
    log : pandas.DataFrame
        As ``log_hypotheses`` returns it.
    names : dict of str to str, optional
        Persona id to name.
    now : pandas.DataFrame, optional
        This quarter's, as ``weigh_predictions`` returns it: it is said where an experiment is registered otherwise than when it was
        first entered in the log.

    Returns
    -------
    Reading or Callout
        A callout where there is no prediction, or a persona was refuted twice.
    """
    names = names or {}
    if log.empty:
        return Callout(
            "absent", "No persona's prediction has been put to a test yet.",
            "A persona that predicts nothing cannot be wrong. Name its prediction under `expects` of the next experiment.",
        )  # fmt: skip
    latest = log.drop_duplicates(["experiment", "persona", "version", "arm"], keep="last")
    counts = latest["verdict"].value_counts()
    told = join_words([f"{counts.get(word, 0)} {word}" for word in ("supported", "refuted", "undecided")])
    lead = f"{count_words(len(latest), 'prediction')} put to a test so far: {told}."
    rule = (
        "The rule, one for all predictions: supported if the whole interval lies on the predicted side of 0 and does not rule out the "
        "predicted size (that the difference is as large as predicted is shown only where the whole interval is beyond that size); "
        "refuted if the whole interval lies short of the predicted size, or on the other side of 0; undecided otherwise. The intervals "
        "allow for all predictions of a family and for the planned looks, so they are wider than those of one test by itself. "
        "Above, all segments and personas of the family are judged, which is another number of tests and so another width. A prediction "
        "is judged on the persona's own units (those that had, before the exposure, every attribute that defines it); where there "
        "are too few of them, or nobody can tell which they are, on its whole segment, and then that is said."
    )
    changed = _changed(log, now)
    sentences = [_say_verdict(row, names) for row in latest.itertuples()]
    tired = to_revise(log)
    if tired:
        who = join_words([names.get(persona, persona) for persona in tired])
        text = "Two experiments or more went against what the persona says. Revise it (a new version starts afresh)."
        text = f"{text} {lead} {rule} {changed}".strip()
        return Callout("caution", f"Revise {who}: refuted twice.", text)
    return Reading([text for text in (lead, " ".join(sentences), changed, rule) if text])


def _say_verdict(row: object, names: dict[str, str]) -> str:
    name = names.get(row.persona, row.persona)  # type: ignore[attr-defined]
    lead = f"{name} ({row.segment}, {row.quarter}, judged on {row.basis}): {row.verdict}"  # type: ignore[attr-defined]
    if math.isnan(row.lift):  # type: ignore[attr-defined]
        return f"{lead}; {row.reason}."  # type: ignore[attr-defined]
    lift = difference_words(row.lift, row.metric)  # type: ignore[attr-defined]
    span = interval_words(row.lower, row.upper, row.metric)  # type: ignore[attr-defined]
    sizes = f"n = {int(row.n_control):,d} and {int(row.n_arm):,d}"  # type: ignore[attr-defined]
    return f"{lead}; {row.reason} ({lift}, interval for all predictions and planned looks {span}, {sizes})."  # type: ignore[attr-defined]


def say_predictions(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    """What became of predictions, each in a sentence: who predicted what, the verdict and the difference; its interval is on the page.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of the log.
    names : mapping of str to str
        Persona id to name.
    """
    said = []
    for row in rows.itertuples():
        who = f"{names.get(row.persona, row.persona)} ({row.segment})"
        numbers = "" if math.isnan(row.lift) else f" ({difference_words(row.lift, row.metric)})"
        why = f" ({row.reason})" if row.verdict == "undecided" else ""
        said.append(f"“{str(row.prediction).rstrip('.')}”, predicted of {who}: {row.verdict}{numbers}{why}.")
    return " ".join(said)


def tabulate_hypotheses(log: pd.DataFrame, names: dict[str, str] | None = None, *, source: str = "") -> Table | Reading:
    """The log as a table, newest last.

    Parameters
    ----------
    log : pandas.DataFrame
    names : dict of str to str, optional
        Persona id to name.
    source : str

    Returns
    -------
    Table or Reading
        An empty reading where nothing was predicted.
    """
    if log.empty:
        return Reading(())
    names = names or {}
    said = [_say_registered(row) for row in log.itertuples()]
    frame = pd.DataFrame(
        {
            "Quarter": log["quarter"],
            "Persona": [f"{names.get(row.persona, row.persona)} ({row.segment})" for row in log.itertuples()],
            "Predicts": log["prediction"],
            "Registered as": said,
            "Judged on": log["basis"],
            "Difference": [difference_words(row.lift, row.metric) for row in log.itertuples()],
            "Interval": [interval_words(row.lower, row.upper, row.metric) for row in log.itertuples()],
            "Verdict": log["verdict"],
            "Why": log["reason"],
        }
    )
    note = (
        "Registered as: what the experiment's file says the difference between the arm and control will be, for this persona. Judged on: "
        "its own units are those that had every attribute that defines it before the exposure. "
        "Interval: holds for all predictions of a family together with a chance of 95 % (or 1 minus the family's error rate), however "
        "many of the planned looks were taken. Supported: above 0 (below, for fewer) and the predicted size is not ruled out; that "
        "size itself is shown only where the whole interval is beyond it."
    )
    return Table(frame, f"What personas predicted and what came of it.{source_words(source)}", {}, note)


def _say_registered(row: object) -> str:
    """Direction and size as they were registered."""
    if math.isnan(row.size):  # type: ignore[attr-defined]
        return str(row.direction)  # type: ignore[attr-defined]
    size = difference_words(row.size, row.metric, sign="")  # type: ignore[attr-defined]
    return f"same, within {size}" if row.direction == "same" else f"{row.direction}, by {size} or more"  # type: ignore[attr-defined]
