"""The planned looks at an experiment, in order, and an interval for whoever looked in between."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from .effects import measure_lift
from .registration import Experiment
from .sequential import always_valid_half, look_boundaries
from .units import arm_data, count_outcomes

__all__ = ["LOOK_COLUMNS", "limit_now", "look_error", "measure_looks", "null_error", "student_limit"]

LOOK_COLUMNS = (
    "look", "day", "share", "segment", "arm", "n", "lift", "error", "z", "limit", "crossed", "lower", "upper", "valid_lower",
    "valid_upper",
)  # fmt: skip


def measure_looks(
    experiment: Experiment,
    assignment: pd.DataFrame,
    outcomes: pd.DataFrame,
    parts: Mapping[str, pd.DataFrame],
    *,
    alpha: float = 0.05,
    until: pd.Timestamp | None = None,
    unread: Collection[str] = (),
) -> pd.DataFrame:
    """What was known at every planned look that has come.

    Parameters
    ----------
    experiment : Experiment
    assignment, outcomes : pandas.DataFrame
    parts : mapping of str to pandas.DataFrame
        Everybody ("all"), and the units of each persona or segment that a prediction speaks of, as there are in the end.
    alpha : float
        Error rate over all looks.
    until : pandas.Timestamp, optional
        Looks after it have not come yet.
    unread : collection of str
        Parts whose arms are not of the planned sizes: they keep their share of alpha, and no look at them is read.

    Returns
    -------
    pandas.DataFrame
        Columns ``LOOK_COLUMNS``: over everybody ("all"), where alpha is shared out evenly among treated arms, and in the personas
        or segments that a prediction speaks of, where it is shared out among them and their treated arms. z is the difference in
        standard errors, limit what it must pass (both ways) so that all looks and arms together err at alpha; lower and upper are
        the interval at that limit; valid_lower and valid_upper hold however often anybody looked.
    """
    looks = [look for look in experiment.looks if until is None or pd.Timestamp(look.day) < until]
    if not looks:
        return pd.DataFrame(columns=list(LOOK_COLUMNS))
    asked = [name for name in parts if name != "all"]
    shares = [look.share for look in looks]
    spending = experiment.spending
    each = alpha / len(experiment.treated)
    rates = {"all": each} | dict.fromkeys(asked, each / max(len(asked), 1))
    drawn = {rate: look_boundaries(shares, alpha=rate, spending=spending) for rate in set(rates.values())}
    rows = []
    for place, look in enumerate(looks):
        now, _ = count_outcomes(experiment, assignment, outcomes, until=pd.Timestamp(look.day))
        for name in ("all", *(name for name in asked if name not in unread)):
            limit = float(drawn[rates[name]][place])
            final, inside = parts[name], now[now.index.isin(parts[name].index)]
            for arm in experiment.treated:
                row = {"look": place + 1, "day": str(look.day), "share": look.share, "segment": name, "arm": arm}
                planned = int(final["arm"].isin([experiment.control, arm]).sum())
                rows.append(row | _at_look(experiment, inside, arm, limit, planned, rates[name]))
    return pd.DataFrame(rows, columns=list(LOOK_COLUMNS))


def _at_look(
    experiment: Experiment, units: pd.DataFrame, arm: str, limit: float, planned: int, alpha: float
) -> dict[str, object]:
    parts = [arm_data(units, name, ratio=experiment.metric == "ratio") for name in (experiment.control, arm)]
    sizes = [len(part.value) if part.cluster is None else len(set(part.cluster)) for part in parts]
    n = sum(len(part.value) for part in parts)
    blank = dict.fromkeys(("lift", "error", "z", "lower", "upper", "valid_lower", "valid_upper"), math.nan)
    empty = {"n": n, "limit": limit, "crossed": False} | blank
    if min(sizes) < 2 or any(part.base is not None and part.base.sum() == 0 for part in parts):
        return empty
    found = measure_lift(*parts, binary=experiment.metric == "binary")
    if not found.error > 0:
        return empty | {"lift": found.lift, "error": found.error}
    error, limit = found.error, float(student_limit(limit, found.freedom))
    if experiment.metric == "binary" and parts[0].cluster is None:
        (k0, n0), (k1, n1) = ((float(part.value.sum()), len(part.value)) for part in parts)
        error = look_error(error, k0, n0, k1, n1)
    z = found.lift / error
    near, far = limit * error, always_valid_half(found.error, n, tuned_to=max(planned, n), alpha=alpha)
    return {
        "n": n, "lift": found.lift, "error": error, "z": z, "limit": limit, "crossed": abs(z) >= limit,
        "lower": found.lift - near, "upper": found.lift + near, "valid_lower": found.lift - far, "valid_upper": found.lift + far,
    }  # fmt: skip


def null_error(
    k0: np.ndarray | float, n0: np.ndarray | float, k1: np.ndarray | float, n1: np.ndarray | float
) -> np.ndarray:
    """Standard error of a difference of shares if there is none: of the pooled share, with a success and a failure added.

    With few units at the first looks the unpooled error leaves no margin (benchmarks/experiment_error_rates.py), so a look takes
    the larger of the two.

    Examples
    --------
    >>> float(null_error(9, 50, 10, 51).round(4))
    0.0795
    """
    pooled = (np.asarray(k0) + k1 + 1) / (np.asarray(n0) + n1 + 2)
    return np.sqrt(pooled * (1 - pooled) * (1 / (np.asarray(n0) - 1.0) + 1 / (np.asarray(n1) - 1.0)))


def look_error(error: float, k0: float, n0: float, k1: float, n1: float) -> float:
    """Error of a difference of shares wherever planned looks are allowed for: the larger of the unpooled and the pooled one.

    Examples
    --------
    >>> round(look_error(0.07, 9, 50, 10, 51), 4), look_error(0.09, 9, 50, 10, 51)
    (0.0795, 0.09)
    """
    return max(error, float(null_error(k0, n0, k1, n1)))


def student_limit(limit: np.ndarray | float, freedom: np.ndarray | float) -> np.ndarray:
    """A limit for normal z as one for Student's t with the same tail (Jennison and Turnbull 2000, section 3.8).

    Examples
    --------
    >>> float(student_limit(1.959964, 10).round(3))
    2.228
    """
    from scipy.special import ndtr, stdtrit

    return -stdtrit(freedom, ndtr(-np.asarray(limit)))


def limit_now(experiment: Experiment, taken: int, alpha: float) -> float:
    """Standard errors that the interval of the last look taken reaches out, at error rate alpha over all looks."""
    shares = [look.share for look in experiment.looks[:taken]]
    return float(look_boundaries(shares, alpha=alpha, spending=experiment.spending)[-1])
