"""How long it takes to go on, when some have not gone on yet: those still on the way count for as long as they were watched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ParameterError

__all__ = ["Wait", "measure_wait"]


@dataclass(frozen=True)
class Wait:
    """Time to the next stage.

    Attributes
    ----------
    n : int
        Units watched.
    arrived : int
        Those that went on.
    median : float
        Days until half of all watched had gone on; NaN when fewer than half had by the end.
    lower, upper : float
        95 % interval of the median; an end that the data do not reach is NaN.
    """

    n: int
    arrived: int
    median: float
    lower: float
    upper: float


def measure_wait(days: ArrayLike, arrived: ArrayLike) -> Wait:
    """Median time to an event by Kaplan and Meier's estimate, with Brookmeyer and Crowley's interval.

    Units that have not arrived are watched until the end and count as "not yet" (right-censoring); dropping them would
    make the wait look shorter than it is. The interval uses the log-log transformation of the curve.

    Parameters
    ----------
    days : array-like
        Days until arrival, or until the end of what was watched. Not negative.
    arrived : array-like of bool
        Whether the unit arrived.

    Returns
    -------
    Wait

    Raises
    ------
    ParameterError
        If a time is negative or missing, or the lengths differ.

    Examples
    --------
    >>> measure_wait([2, 4, 6, 8, 9], [True, True, True, False, False]).median
    6.0
    >>> measure_wait([4, 10], [True, True]).median
    7.0
    >>> measure_wait([2, 4, 6, 8, 9], [True, True, False, False, False]).median
    nan
    """
    times, seen = np.asarray(days, dtype=float), np.asarray(arrived, dtype=bool)
    if times.shape != seen.shape:
        raise ParameterError(f"days and arrived must be equally long; got {times.size} and {seen.size}")
    if times.size and (np.isnan(times).any() or times.min() < 0):
        raise ParameterError(f"times must not be missing or negative; got {times[np.isnan(times) | (times < 0)][0]}")
    n, events = int(times.size), int(seen.sum())
    if not events:
        return Wait(n, events, np.nan, np.nan, np.nan)
    from statsmodels.duration.survfunc import SurvfuncRight

    with np.errstate(all="ignore"):
        curve = SurvfuncRight(times, seen.astype(int))
        lower, upper = curve.quantile_ci(0.5)
    ends = [float(end) if np.isfinite(end) else np.nan for end in (lower, upper)]
    return Wait(n, events, _median(curve.surv_times, curve.surv_prob), *ends)


def _median(times: np.ndarray, curve: np.ndarray) -> float:
    """First time with less than half left; the middle of the stretch on which exactly half are."""
    below = np.flatnonzero(curve < 0.5 - 1e-12)
    half = np.flatnonzero(np.isclose(curve, 0.5, atol=1e-12))
    if not below.size:
        return float(times[half[0]]) if half.size else np.nan
    first = float(times[below[0]])
    return (float(times[half[0]]) + first) / 2 if half.size else first
