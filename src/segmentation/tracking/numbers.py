"""The statistics of rates and differences of rates; each formula with its source and a published check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError

__all__ = [
    "ShrunkLifts", "chance_of_target", "compare_rates", "detectable_difference", "measure_heterogeneity", "sample_ratio_p", "shrink_lifts",
    "shrink_rates",
]  # fmt: skip

Z95 = 1.959963984540054
SAME = 1e-8  # of the largest variance: below it lifts differ by rounding only


def sample_ratio_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """How surprising the sizes of the arms are, given the planned shares (chi-square test).

    Parameters
    ----------
    counts : sequence of int
        Units in each arm.
    shares : sequence of float
        Planned shares, above 0, sum 1.

    Returns
    -------
    float
        p value; below .001 something other than chance decided who was counted in which arm. NaN without units.

    Raises
    ------
    ParameterError
        If the sequences differ in length, or shares are not positive and sum to 1.

    Examples
    --------
    >>> round(sample_ratio_p([1000, 1100], [0.5, 0.5]), 6)
    0.029096
    """
    observed, planned = np.asarray(counts, float), np.asarray(shares, float)
    if observed.shape != planned.shape or len(planned) < 2:
        raise ParameterError(
            f"counts and shares must be as long as each other and at least two; got {len(observed)}, {len(planned)}"
        )
    if (planned <= 0).any() or abs(planned.sum() - 1) > 1e-6:
        raise ParameterError(f"shares must be above 0 and sum to 1; got {planned.tolist()}")
    if observed.sum() == 0:
        return math.nan
    from scipy.stats import chi2

    expected = observed.sum() * planned
    return float(chi2.sf(((observed - expected) ** 2 / expected).sum(), len(planned) - 1))


def compare_rates(k_control: int, n_control: int, k_arm: int, n_arm: int) -> float:
    """p value of a difference between two independent rates.

    Welch's test with unpooled variances where every count of successes and failures is at least 5, Fisher's exact test
    where one is smaller.

    Parameters
    ----------
    k_control, n_control, k_arm, n_arm : int
        Successes and units in each arm.

    Returns
    -------
    float
        Two-sided p; NaN when an arm has no unit.

    Raises
    ------
    ParameterError
        If successes exceed units.

    Examples
    --------
    >>> round(compare_rates(200, 2000, 240, 2000), 9)
    0.043205044
    """
    for k, n in ((k_control, n_control), (k_arm, n_arm)):
        if not 0 <= k <= n:
            raise ParameterError(f"successes must be between 0 and n; got {k} of {n}")
    if min(n_control, n_arm) == 0:
        return math.nan
    cells = (k_control, n_control - k_control, k_arm, n_arm - k_arm)
    if min(cells) < 5:
        from scipy.stats import fisher_exact

        return float(fisher_exact([[cells[0], cells[1]], [cells[2], cells[3]]])[1])
    from scipy.stats import t

    p0, p1 = k_control / n_control, k_arm / n_arm
    v0, v1 = p0 * (1 - p0) / n_control, p1 * (1 - p1) / n_arm
    freedom = (v0 + v1) ** 2 / (v0**2 / (n_control - 1) + v1**2 / (n_arm - 1))
    return float(2 * t.sf(abs(p1 - p0) / math.sqrt(v0 + v1), freedom))


def detectable_difference(rate: float, n_control: int, n_arm: int, *, power: float = 0.8) -> float:
    """Smallest difference of two rates that would be found with the given chance at the 5 % level.

    Parameters
    ----------
    rate : float
        Rate without the treatment, 0 to 1.
    n_control, n_arm : int
        Units in each arm.
    power : float
        Chance of finding it, 0.5 to 1.

    Returns
    -------
    float
        Difference in shares, at most 1; NaN when an arm is empty or the rate is 0 or 1 (nothing to plan with).

    Raises
    ------
    ParameterError
        If power is not from 0.5 to below 1.

    Examples
    --------
    >>> round(detectable_difference(0.10, 1000, 1000), 4)
    0.0376
    """
    if not 0.5 <= power < 1:
        raise ParameterError(f"power must be from 0.5 to below 1; got {power!r}")
    if min(n_control, n_arm) == 0 or not 0 < rate < 1:
        return math.nan
    from scipy.special import ndtri

    return min(1.0, (Z95 + float(ndtri(power))) * math.sqrt(rate * (1 - rate) * (1 / n_control + 1 / n_arm)))


def measure_heterogeneity(lifts: Sequence[float], errors: Sequence[float]) -> tuple[float, float, float]:
    """Whether lifts differ between segments by more than chance (Cochran's Q, I2).

    Parameters
    ----------
    lifts : sequence of float
        One a segment.
    errors : sequence of float, or ndarray of shape (n_segments, n_segments)
        Standard errors; or, where segments share units, the covariance of the lifts.

    Returns
    -------
    tuple of float
        Q, its p value, and I2 (share of the spread between segments that is not chance, 0 to 1); NaN with fewer than
        two.

    Notes
    -----
    Cochran (1954). With a covariance V, Q is the least of (d - m)' V^-1 (d - m) over all common lifts m, which is Cochran's where V
    is diagonal; its degrees of freedom are the rank of V less 1.

    Examples
    --------
    >>> [round(number, 3) for number in measure_heterogeneity([0.0, 0.1], [0.02, 0.02])]
    [12.5, 0.0, 0.92]
    >>> [round(number, 3) for number in measure_heterogeneity([0.0, 0.1], np.array([[4.0, 2.0], [2.0, 4.0]]) / 1e4)]
    [25.0, 0.0, 0.96]
    """
    d, variance = np.asarray(lifts, float), _covariance(errors)
    if len(d) < 2:
        return math.nan, math.nan, math.nan
    from scipy.stats import chi2

    weight = np.linalg.pinv(variance, rcond=SAME, hermitian=True)
    freedom = int(np.linalg.matrix_rank(variance, tol=SAME * variance.diagonal().max(), hermitian=True)) - 1
    if freedom < 1:  # all of them are the same units
        return math.nan, math.nan, math.nan
    away = d - (weight @ d).sum() / weight.sum()
    q = float(away @ weight @ away)
    return q, float(chi2.sf(q, freedom)), max(0.0, (q - freedom) / q) if q > 0 else 0.0


def _covariance(errors: Sequence[float] | np.ndarray) -> np.ndarray:
    """Covariance of lifts: as given, or of lifts that share no unit."""
    given = np.asarray(errors, float)
    return given if given.ndim == 2 else np.diag(given**2)


@dataclass(frozen=True)
class ShrunkLifts:
    """Lifts pulled towards their common mean as far as their noise asks.

    Attributes
    ----------
    lift, lower, upper : ndarray of shape (n_segments,)
        Posterior mean and 95 % interval.
    tau : float
        Posterior mean of the standard deviation of true lifts between segments.
    """

    lift: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    tau: float


def shrink_lifts(
    lifts: Sequence[float], errors: Sequence[float], *, scale: float = 0.1, points: int = 400
) -> ShrunkLifts:
    """Shrink lifts of several segments, with the uncertainty about how much they differ kept in.

    True lifts are taken as normal around a common mean (flat prior) with standard deviation tau, which has a
    half-normal prior; tau is integrated out on a grid. A plug-in tau would give intervals that are too narrow.

    Parameters
    ----------
    lifts : sequence of float of shape (n_segments,)
    errors : sequence of float of shape (n_segments,), or ndarray of shape (n_segments, n_segments)
        Standard errors (above 0); or, where segments share units, the covariance of the lifts.
    scale : float
        Scale of the half-normal prior of tau, in the unit of the lifts: 0.1 says that true lifts of segments rarely
        differ by more than 20 points from their mean.
    points : int
        Grid points for tau from 0 to 4 scales.

    Returns
    -------
    ShrunkLifts

    Raises
    ------
    ParameterError
        If there is no lift, or an error is not above 0.

    Notes
    -----
    Gelman (2006) on half-normal and half-t priors for tau; the conditional means are those of DerSimonian and Laird's
    model.

    Examples
    --------
    >>> shrunk = shrink_lifts([0.10, 0.10], [0.02, 0.05])
    >>> shrunk.lift.round(4).tolist()
    [0.1, 0.1]
    """
    d, variance = np.asarray(lifts, float), _covariance(errors)
    se = np.sqrt(np.maximum(variance.diagonal(), 0))
    if not len(d) or d.shape != se.shape or not (se > 0).all() or not np.isfinite(d).all() or scale <= 0:
        raise ParameterError("shrink_lifts needs lifts, as many errors above 0, and a scale above 0")
    if len(d) == 1:
        return ShrunkLifts(d.copy(), d - Z95 * se, d + Z95 * se, 0.0)
    tau = np.linspace(0, 4 * scale, points)
    values, vectors = np.linalg.eigh(variance)  # in its own directions V + tau^2 I is diagonal for every tau
    values = np.maximum(values, SAME * values.max()) + tau[:, None] ** 2
    ones, own = vectors.sum(axis=0), vectors.T @ d
    total = (ones**2 / values).sum(axis=1)
    mean = (ones * own / values).sum(axis=1) / total
    away = own - mean[:, None] * ones
    log = -0.5 * np.log(values).sum(axis=1) - 0.5 * np.log(total)
    log += -0.5 * (away**2 / values).sum(axis=1) - 0.5 * (tau / scale) ** 2
    weight = np.exp(log - log.max())
    weight[[0, -1]] /= 2  # trapezoid
    weight /= weight.sum()
    kept = tau[:, None] ** 2 / values  # of what lies away from the mean, by direction
    centre = mean[:, None] + (kept * away) @ vectors.T
    known = ((1 - kept) * tau[:, None] ** 2) @ (vectors.T**2)
    spread = np.sqrt(known + (((1 - kept) * ones) @ vectors.T) ** 2 / total[:, None])
    lower, upper = (_mixture_quantile(centre, spread, weight, q) for q in (0.025, 0.975))
    return ShrunkLifts(weight @ centre, lower, upper, float(weight @ tau))


def _mixture_quantile(centre: np.ndarray, spread: np.ndarray, weight: np.ndarray, q: float) -> np.ndarray:
    """Quantile of a mixture of normals in each column, by bisection."""
    from scipy.special import ndtr

    low, high = (centre - 8 * spread).min(axis=0), (centre + 8 * spread).max(axis=0)
    for _ in range(60):
        middle = (low + high) / 2
        below = weight @ ndtr((middle - centre) / spread) < q
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def shrink_rates(successes: Sequence[int], totals: Sequence[int]) -> np.ndarray:
    """Rates of several segments pulled towards the pooled rate as far as their size asks (empirical Bayes).

    Each rate is a beta-binomial posterior mean (k + m r) / (n + m), r the pooled rate and m, the number of units the
    prior is worth, the maximum of the marginal likelihood on a grid from 1 to 100,000.

    Parameters
    ----------
    successes, totals : sequence of int of shape (n_segments,)
        Units that did, and units in all.

    Returns
    -------
    ndarray of shape (n_segments,)
        NaN where a segment has no unit. With fewer than two segments the raw rate.

    Examples
    --------
    >>> shrink_rates([5, 50, 500], [10, 100, 1000]).round(3).tolist()
    [0.5, 0.5, 0.5]
    """
    k, n = np.asarray(successes, float), np.asarray(totals, float)
    rate = np.divide(k, n, out=np.full(len(n), math.nan), where=n > 0)
    pooled, m = _prior(k, n)
    return rate if math.isnan(m) else np.where(n > 0, (k + m * pooled) / (n + m), math.nan)


def chance_of_target(
    successes: Sequence[float], totals: Sequence[float], targets: Sequence[float], *, at_most: bool = False
) -> np.ndarray:
    """Probability that each true rate is at least (or at most) its target.

    With two or more segments the prior is that of ``shrink_rates``, worth at most as many units as there are; with one it is
    Jeffreys' (half a success and half a failure).

    Parameters
    ----------
    successes, totals, targets : sequence of float of shape (n_segments,)
        NaN where there is no target.
    at_most : bool
        The rate should lie below the target.

    Returns
    -------
    ndarray
        NaN without units or target.

    Examples
    --------
    >>> chance_of_target([50, 90], [100, 100], [0.5, 0.5]).round(2).tolist()
    [0.58, 1.0]
    >>> chance_of_target([5], [10], [0.5]).round(3).tolist()
    [0.5]
    """
    from scipy.stats import beta

    k, n, goal = (np.asarray(given, float) for given in (successes, totals, targets))
    pooled, m = _prior(k, n)
    a, b = (0.5, 0.5) if math.isnan(m) else (min(m, n.sum()) * pooled, min(m, n.sum()) * (1 - pooled))
    known = (n > 0) & ~np.isnan(goal)
    above = beta.sf(np.where(known, goal, 0.5), k + a, n - k + b)
    return np.where(known, 1 - above if at_most else above, math.nan)


def _prior(k: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """Pooled rate, and what it is worth in units (maximum of the marginal likelihood); NaN with fewer than two segments."""
    used = n > 0
    pooled = k.sum() / n.sum() if n.sum() else math.nan
    if used.sum() < 2 or not 0 < pooled < 1:
        return pooled, math.nan
    from scipy.special import betaln

    worth = np.logspace(0, 5, 201)[:, None]
    a, b = worth * pooled, worth * (1 - pooled)
    likelihood = (betaln(k[used] + a, n[used] - k[used] + b) - betaln(a, b)).sum(axis=1)
    return pooled, float(worth[likelihood.argmax(), 0])
