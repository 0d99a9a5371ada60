"""What personas predicted and what came of it, quarter after quarter: supported, refuted or undecided by one stated rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import DataContractError, Violation
from ..period import Period
from ..words import count_words, join_words, source_words
from ..workspace import Workspace
from .experiment import ExperimentResult
from .looks import limit_now, look_error
from .registration import Expectation, Experiment
from .wording import difference_words, interval_words

__all__ = [
    "HYPOTHESIS_COLUMNS", "describe_hypotheses", "judge_prediction", "log_hypotheses", "recall_hypotheses", "say_predictions",
    "tabulate_hypotheses", "weigh_predictions",
]  # fmt: skip

HYPOTHESIS_COLUMNS = (
    "study", "quarter", "experiment", "persona", "version", "segment", "arm", "prediction", "direction", "size", "n_control",
    "n_arm", "lift", "lower", "upper", "metric", "verdict", "reason", "registration", "basis",
)  # fmt: skip
OWN, WHOLE = "its own units", "its whole segment"  # on whom a prediction is judged
ASKS_REVISION = 2  # experiments that refute the same version of a persona
NUMBERS = ("size", "n_control", "n_arm", "lift", "lower", "upper")


def judge_prediction(direction: str, lower: float, upper: float, size: float | None = None) -> tuple[str, str]:
    """Hold an interval against a prediction.

    Parameters
    ----------
    direction : {"more", "fewer", "same"}
    lower, upper : float
        Interval of the difference, treated minus control.
    size : float or None
        Size of the difference that was promised (for "same": what would still count as the same).

    Returns
    -------
    str, str
        "supported", "refuted" or "undecided", and why. Of "more": supported if the whole interval is above 0 and does not rule
        out the promised size (which need not be shown itself; why says whether it is); refuted if the whole interval is below the
        promised size (below 0 where none was promised). "fewer" is its mirror. "same": supported if the whole interval is within
        the size on either side of 0, refuted if it is wholly outside.

    Examples
    --------
    >>> judge_prediction("more", 0.02, 0.12, 0.08)
    ('supported', 'the whole interval is on the predicted side of 0 and does not rule out the predicted size, which itself is not shown')
    >>> judge_prediction("more", 0.09, 0.12, 0.08)
    ('supported', 'the whole interval is beyond the predicted size')
    >>> judge_prediction("more", 0.01, 0.05, 0.08)[0], judge_prediction("more", -0.02, 0.12, 0.08)[0]
    ('refuted', 'undecided')
    >>> judge_prediction("fewer", -0.2, -0.05)[0], judge_prediction("same", -0.02, 0.03, 0.05)[0]
    ('supported', 'supported')
    """
    if math.isnan(lower) or math.isnan(upper):
        return "undecided", "there is no interval"
    if direction == "same":
        if size is None:
            return "undecided", "nobody said how large a difference would still count as the same"
        if -size < lower and upper < size:
            return "supported", "the whole interval is nearer to 0 than the size that would matter"
        if lower > size or upper < -size:
            return "refuted", "the whole interval is farther from 0 than the size that would still count as the same"
        return "undecided", "the interval allows both no difference that matters and one that does"
    low, high = (lower, upper) if direction == "more" else (-upper, -lower)
    if high < 0:
        return "refuted", "the whole interval is on the other side of 0"
    if size is not None and high < size:
        where = "right direction, but the" if low > 0 else "the"
        return "refuted", f"{where} whole interval is below the predicted size"
    if low > 0:
        if size is not None and low >= size:
            return "supported", "the whole interval is beyond the predicted size"
        tail = "" if size is None else " and does not rule out the predicted size, which itself is not shown"
        return "supported", f"the whole interval is on the predicted side of 0{tail}"
    held = "the predicted size" if size is not None else "a difference on the predicted side"
    return "undecided", f"the interval holds both 0 and {held}"


def weigh_predictions(results: Sequence[ExperimentResult], period: Period, *, study: str = "") -> pd.DataFrame:
    """What this quarter's experiments say about the predictions they were registered with.

    Parameters
    ----------
    results : sequence of ExperimentResult
    period : Period
        Quarter of the report.
    study : str
        Name of the study.

    Returns
    -------
    pandas.DataFrame
        Columns ``HYPOTHESIS_COLUMNS``, a row a prediction. The interval is at the family's error rate shared out evenly among all
        its predictions, and wide enough for the looks that were planned. Undecided, with the reason, where the arms are not the
        planned sizes, units are too few, or the experiment goes on.
    """
    counts: dict[str, int] = {}
    for result in results:
        key = result.experiment.family or result.experiment.id
        counts[key] = counts.get(key, 0) + len(result.experiment.expects)
    rows = []
    for result in results:
        total = counts[result.experiment.family or result.experiment.id]
        for expected in result.experiment.expects:
            if expected.persona in result.experiment.told:
                row = _weigh(result, expected, result.alpha / max(total, 1))
                rows.append({"study": study, "quarter": str(period)} | row)
    return _typed(pd.DataFrame(rows, columns=list(HYPOTHESIS_COLUMNS)))


def _weigh(result: ExperimentResult, expected: Expectation, alpha: float) -> dict[str, object]:
    experiment = result.experiment
    segment, text, version = experiment.told[expected.persona]
    arm = expected.arm or experiment.treated[0]
    size = expected.at_least
    if size is None and expected.direction == "same":
        size = experiment.smallest_effect
    cut, why = result.basis.get(expected.persona, (segment, ""))
    basis = OWN if cut == expected.persona else f"{WHOLE}: {why}" if why else WHOLE
    row: dict[str, object] = {
        "experiment": experiment.id, "persona": expected.persona, "version": version, "segment": segment, "arm": arm,
        "prediction": text or experiment.hypothesis, "direction": expected.direction, "size": size, "metric": experiment.metric,
        "registration": experiment.stamp, "basis": basis,
    } | dict.fromkeys(("n_control", "n_arm", "lift", "lower", "upper"), math.nan)  # fmt: skip
    table = result.personas if basis == OWN else result.effects
    found = table[(table["segment"] == cut) & (table["arm"] == arm)]
    if found.empty:
        return row | {"verdict": "undecided", "reason": f"no {segment} is known from before the exposure"}
    effect = found.iloc[0]
    if effect["verdict"] == "not read":
        sizes = {"n_control": effect["n_control"], "n_arm": effect["n_arm"]}
        return row | sizes | {"verdict": "undecided", "reason": "the arms are not the sizes chance would give"}
    if math.isnan(effect["lift"]):
        return row | {"verdict": "undecided", "reason": "too few units to publish"}
    reach = _reach(experiment, result.looks, float(effect["freedom"]), alpha) * _error(experiment, effect)
    lower, upper = float(effect["lift"]) - reach, float(effect["lift"]) + reach
    row |= {
        "n_control": effect["n_control"],
        "n_arm": effect["n_arm"],
        "lift": effect["lift"],
        "lower": lower,
        "upper": upper,
    }
    if math.isnan(reach):
        return row | {
            "verdict": "undecided",
            "reason": "nothing varied: everybody did the same, which gives no interval",
        }
    if not result.finished:
        return row | {"verdict": "undecided", "reason": "the experiment goes on"}
    verdict, reason = judge_prediction(expected.direction, lower, upper, size)
    return row | {"verdict": verdict, "reason": reason}


def _error(experiment: Experiment, effect: pd.Series) -> float:
    """The error that the limits of the looks go with, so that page says one interval of one thing; NaN where nothing varied."""
    error = float(effect["error"])
    if not error > 0:
        return math.nan
    if not experiment.looks or experiment.metric != "binary" or experiment.cluster is not None:
        return error
    (k0, n0), (k1, n1) = (
        (float(effect[f"rate_{arm}"] * effect[f"n_{arm}"]), float(effect[f"n_{arm}"])) for arm in ("control", "arm")
    )
    return look_error(error, k0, n0, k1, n1)


def _reach(experiment: Experiment, looks: pd.DataFrame, freedom: float, alpha: float) -> float:
    """Standard errors the interval reaches out: Student's t, with the tail of the last look's limit where looks were planned."""
    from scipy.special import ndtr, stdtrit

    taken = int(looks["look"].max()) if len(looks) else 0
    tail = float(ndtr(-limit_now(experiment, taken, alpha))) if taken else alpha / 2
    return float(stdtrit(freedom, 1 - tail))


def recall_hypotheses(run: Workspace) -> pd.DataFrame:
    """The log as the latest report before this quarter left it; empty where there is none.

    Parameters
    ----------
    run : Workspace

    Returns
    -------
    pandas.DataFrame
        Columns ``HYPOTHESIS_COLUMNS``.

    Raises
    ------
    DataContractError
        If the log is of another study, or has entries of this quarter or a later one.
    """
    entries = []
    for folder in run.ledger.glob("period=*") if run.ledger.is_dir() else ():
        quarter = Period.parse(folder.name.removeprefix("period="))
        entry = Workspace(run.study, quarter, "ledger", folder)
        if quarter < run.period and entry.has("hypotheses"):
            entries.append((quarter, entry))
    if not entries:
        return _typed(pd.DataFrame(columns=list(HYPOTHESIS_COLUMNS)))
    quarter, entry = max(entries, key=lambda item: item[0])
    log = entry.read("hypotheses")
    kept = {"registration": "", "basis": WHOLE}  # of a report from before these were kept
    log = log.assign(**{name: word for name, word in kept.items() if name not in log})
    where = f"ledger/{entry.folder.name}/hypotheses.parquet"
    broken = [
        Violation("hypotheses of another study", where, None, "study", name, run.study.study)
        for name in sorted(set(log["study"]) - {run.study.study})
    ]
    late = sorted({name for name in log["quarter"] if Period.parse(name) >= run.period})
    broken += [
        Violation("a quarter out of order", where, None, "quarter", name, f"before {run.period}") for name in late
    ]
    if broken:
        raise DataContractError(broken)
    return log


def log_hypotheses(history: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Add this quarter's verdicts under the log; what was written stays, and nothing is written twice.

    Parameters
    ----------
    history, now : pandas.DataFrame
        Columns ``HYPOTHESIS_COLUMNS``. A prediction that an earlier quarter supported or refuted in the same experiment is not
        entered again; one that was undecided is entered when that changes.

    Returns
    -------
    pandas.DataFrame
        History first, in its order.
    """
    keys = ["experiment", "persona", "version", "arm"]
    last = {key: rows["verdict"].iloc[-1] for key, rows in history.groupby(keys, sort=False)} if len(history) else {}
    new = [
        last.get(tuple(row[key] for key in keys)) not in ("supported", "refuted", row["verdict"])
        for _, row in now.iterrows()
    ]
    added = now[np.array(new, dtype=bool)] if len(now) else now
    return _typed(pd.concat([history, added], ignore_index=True) if len(history) else added.reset_index(drop=True))


def _typed(log: pd.DataFrame) -> pd.DataFrame:
    words = {name: "str" for name in HYPOTHESIS_COLUMNS if name not in (*NUMBERS, "version")}
    return log.astype(words | dict.fromkeys(NUMBERS, "float64") | {"version": "int64"})


def to_revise(log: pd.DataFrame) -> list[str]:
    """Personas whose present version was refuted by two experiments or more."""
    if log.empty:
        return []
    present = log["version"] == log.groupby("persona")["version"].transform("max")
    refuted = log[present & (log["verdict"] == "refuted")]
    counts = refuted.groupby("persona")["experiment"].nunique()
    return list(counts.index[counts >= ASKS_REVISION])


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
