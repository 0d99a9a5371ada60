"""What personas predicted and what came of it, quarter after quarter: supported, refuted or undecided by one stated rule."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import DataContractError, Violation
from ..period import Period
from ..workspace import Workspace
from .experiment import ExperimentResult
from .looks import limit_now, look_error
from .registration import Expectation, Experiment

__all__ = [
    "HYPOTHESIS_COLUMNS", "judge_prediction", "log_hypotheses", "recall_hypotheses", "to_revise", "weigh_predictions",
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
    cut, why = result.basis.get((expected.persona, arm), (segment, ""))
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
