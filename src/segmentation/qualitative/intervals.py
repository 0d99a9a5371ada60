"""Intervals and exact tests for a handful of people, where large-sample formulas mislead."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..clustering.shares import wilson_interval as wilson_limits
from ..errors import ParameterError

__all__ = [
    "adjust_p_values",
    "exact_interval",
    "freeman_halton_test",
    "multinomial_test",
    "newcombe_interval",
    "wilson_interval",
]

ENUMERATION_LIMIT = 400_000  # tables looked at one by one; beyond it the test is simulated
SIMULATED = 20_000


def wilson_interval(k: int, n: int, *, coverage: float = 0.95) -> tuple[float, float]:
    """Interval of a share, good for small n and for 0 of n.

    Parameters
    ----------
    k, n : int
        People who did, people in all; 0 <= k <= n.
    coverage : float
        Coverage of the interval, 0 to 1.

    Returns
    -------
    tuple of float
        Lower and upper limit, shares from 0 to 1; NaN twice if n is 0.

    Raises
    ------
    ParameterError
        If k is not between 0 and n.

    Notes
    -----
    Wilson (1927), without continuity correction.

    Examples
    --------
    >>> [round(limit, 2) for limit in wilson_interval(7, 12)]
    [0.32, 0.81]
    """
    if not 0 <= k <= n:
        raise ParameterError(f"k must be between 0 and n; got k={k}, n={n}")
    low, high = wilson_limits(np.array([k]), np.array([n]), coverage)
    return float(low[0]), float(high[0])


def exact_interval(k: int, n: int, *, coverage: float = 0.95) -> tuple[float, float]:
    """Interval of a share that never covers less than it says: Clopper and Pearson's, from the binomial itself.

    Parameters
    ----------
    k, n : int
        People who did, people in all; 0 <= k <= n.
    coverage : float
        Coverage of the interval, 0 to 1.

    Returns
    -------
    tuple of float
        Lower and upper limit, shares from 0 to 1; NaN twice if n is 0.

    Raises
    ------
    ParameterError
        If k is not between 0 and n.

    Notes
    -----
    Clopper and Pearson (1934). Wider than Wilson's; for verdicts on a handful of people that is the safe side.

    Examples
    --------
    >>> [round(limit, 3) for limit in exact_interval(0, 8)], [round(limit, 3) for limit in exact_interval(6, 6)]
    ([0.0, 0.369], [0.541, 1.0])
    """
    if not 0 <= k <= n:
        raise ParameterError(f"k must be between 0 and n; got k={k}, n={n}")
    if n == 0:
        return math.nan, math.nan
    from scipy.special import betaincinv

    tail = (1 - coverage) / 2
    lower = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    upper = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return lower, upper


def newcombe_interval(k1: int, n1: int, k2: int, n2: int, *, coverage: float = 0.95) -> tuple[float, float]:
    """Interval of the difference of two independent shares, k1/n1 - k2/n2.

    Parameters
    ----------
    k1, n1, k2, n2 : int
        Counts and totals of the two sets of people.
    coverage : float
        Coverage of the interval, 0 to 1.

    Returns
    -------
    tuple of float
        Lower and upper limit, -1 to 1; NaN twice if a set is empty.

    Raises
    ------
    ParameterError
        If a count is not between 0 and its total.

    Notes
    -----
    Newcombe (1998), method 10: square-and-add of two Wilson intervals.

    Examples
    --------
    >>> [round(limit, 3) for limit in newcombe_interval(6, 8, 2, 16)]
    [0.211, 0.825]
    """
    low1, high1 = wilson_interval(k1, n1, coverage=coverage)
    low2, high2 = wilson_interval(k2, n2, coverage=coverage)
    if not n1 or not n2:
        return math.nan, math.nan
    p1, p2 = k1 / n1, k2 / n2
    below = math.hypot(p1 - low1, high2 - p2)
    above = math.hypot(high1 - p1, p2 - low2)
    return p1 - p2 - below, p1 - p2 + above


def freeman_halton_test(counts: Sequence[int], totals: Sequence[int], *, random_state: int = 0) -> float:
    """Exact test of whether a share is the same in k sets of people (Fisher's test for more than two).

    Parameters
    ----------
    counts, totals : sequence of int of shape (k,)
        People with the trait and people in all, by set.
    random_state : int
        Used only where there are too many tables to look at one by one and 20,000 are drawn instead.

    Returns
    -------
    float
        Two-sided p: the probability of a table no likelier than this one, the margins given. NaN with fewer than two
        sets that have people.

    Raises
    ------
    ParameterError
        If the sequences differ in length or a count is not between 0 and its total.

    Notes
    -----
    Freeman and Halton (1951).

    Examples
    --------
    >>> round(freeman_halton_test([6, 2, 1], [8, 8, 8]), 4)
    0.0562
    """
    k, n = np.asarray(counts, dtype=int), np.asarray(totals, dtype=int)
    if k.shape != n.shape or (k < 0).any() or (k > n).any():
        raise ParameterError(f"counts must be between 0 and totals, pair by pair; got {list(counts)} of {list(totals)}")
    k, n = k[n > 0], n[n > 0]
    if len(n) < 2:
        return math.nan
    logs = [_log_choose(int(total)) for total in n]
    observed = sum(log[count] for log, count in zip(logs, k, strict=True))
    if np.prod(n + 1.0) > ENUMERATION_LIMIT:
        draws = np.random.default_rng(random_state).multivariate_hypergeometric(n, int(k.sum()), size=SIMULATED)
        weights = sum(log[draws[:, place]] for place, log in enumerate(logs))
        return float((1 + (weights <= observed + 1e-9).sum()) / (1 + SIMULATED))
    sums, weights = np.zeros(1, dtype=int), np.zeros(1)
    for total, log in zip(n, logs, strict=True):
        sums = (sums[:, None] + np.arange(total + 1)).ravel()
        weights = (weights[:, None] + log).ravel()
    weights = weights[sums == k.sum()]
    chances = np.exp(weights - weights.max())
    return float(min(1.0, chances[weights <= observed + 1e-9].sum() / chances.sum()))


def multinomial_test(counts: Sequence[int], shares: Sequence[float], *, random_state: int = 0) -> float:
    """Exact test of whether a mix of people was drawn from given shares.

    Parameters
    ----------
    counts : sequence of int of shape (k,)
        People by set.
    shares : sequence of float of shape (k,)
        Expected shares, adding to 1.
    random_state : int
        Used only where there are too many outcomes to look at one by one and 20,000 are drawn instead.

    Returns
    -------
    float
        The probability of an outcome no likelier than this one; NaN without people.

    Raises
    ------
    ParameterError
        If the sequences differ in length, or the shares do not add to 1.

    Examples
    --------
    >>> round(multinomial_test([9, 3, 2], [0.5, 0.3, 0.2]), 3)
    0.683
    """
    k, p = np.asarray(counts, dtype=int), np.asarray(shares, dtype=float)
    if k.shape != p.shape or abs(p.sum() - 1) > 1e-6 or (p < 0).any():
        raise ParameterError(f"shares must be as many as counts and add to 1; got {list(shares)} for {list(counts)}")
    n = int(k.sum())
    if n == 0:
        return math.nan
    if math.comb(n + len(k) - 1, len(k) - 1) > ENUMERATION_LIMIT:
        outcomes = np.random.default_rng(random_state).multinomial(n, p, size=SIMULATED)
        chances = _multinomial_log(outcomes, p)
        return float((1 + (chances <= _multinomial_log(k[None], p)[0] + 1e-9).sum()) / (1 + SIMULATED))
    chances = _multinomial_log(_compositions(n, len(k)), p)
    return float(min(1.0, np.exp(chances[chances <= _multinomial_log(k[None], p)[0] + 1e-9]).sum()))


def adjust_p_values(p: pd.Series) -> pd.Series:
    """False discovery rate of Benjamini and Hochberg (1995): the q value of every test, missing ones left out.

    Parameters
    ----------
    p : pandas.Series
        p values; NaN where no test was possible.

    Returns
    -------
    pandas.Series
        q values on the same index. Keeping rows with q <= 0.05 means about one false find in twenty kept.

    Raises
    ------
    ParameterError
        If a value lies outside 0 to 1.

    Examples
    --------
    >>> adjust_p_values(pd.Series([0.01, 0.04, None, 0.03])).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    values = p.astype(float)
    known = values.dropna().sort_values(kind="stable")
    if ((known < 0) | (known > 1 + 1e-9)).any():
        raise ParameterError("p values must lie between 0 and 1")
    ranks = np.arange(1, len(known) + 1)
    scaled = known.to_numpy() * len(known) / ranks
    known[:] = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1.0)
    return known.reindex(values.index)


def _log_choose(n: int) -> np.ndarray:
    return np.array([math.log(math.comb(n, k)) for k in range(n + 1)])


def _compositions(n: int, parts: int) -> np.ndarray:
    """All ways to spread n people over the parts, one a row."""
    rows = np.zeros((1, 0), dtype=int)
    left = np.array([n])
    for _ in range(parts - 1):
        repeats = left + 1
        steps = np.concatenate([np.arange(count) for count in repeats])
        rows = np.column_stack([np.repeat(rows, repeats, axis=0), steps])
        left = np.repeat(left, repeats) - steps
    return np.column_stack([rows, left])


def _multinomial_log(outcomes: np.ndarray, p: np.ndarray) -> np.ndarray:
    from scipy.special import gammaln, xlogy

    logs: np.ndarray = (
        gammaln(outcomes.sum(axis=1) + 1) - gammaln(outcomes + 1).sum(axis=1) + xlogy(outcomes, p).sum(axis=1)
    )
    return logs
