"""Differences between two arms with their errors: means, ratios, with a covariate, with units drawn in clusters.

Every metric becomes one number a unit whose mean over the arm is zero (its influence on the arm's estimate), so that one
formula of the error serves shares, means and ratios, with a covariate or without, by unit or by cluster.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ParameterError

__all__ = ["ArmData", "LiftEstimate", "estimate_arm", "estimate_lift", "linearise"]


@dataclass(frozen=True)
class ArmData:
    """What the units of one arm did.

    Attributes
    ----------
    value : ndarray of shape (n_units,)
        The metric, or the numerator of a ratio.
    base : ndarray of shape (n_units,), optional
        Denominator of a ratio; None for means and shares.
    covariate : ndarray of shape (n_units,), optional
        The same thing measured before the exposure; NaN where it was not known.
    cluster : ndarray of shape (n_units,), optional
        What was randomised, where that is not the unit: the account of each person.
    """

    value: np.ndarray
    base: np.ndarray | None = None
    covariate: np.ndarray | None = None
    cluster: np.ndarray | None = None


@dataclass(frozen=True)
class LiftEstimate:
    """Difference of two arms.

    Attributes
    ----------
    lift, error, freedom : float
        Treated minus control, its standard error, degrees of freedom of Student's t.
    p, lower, upper : float
        Two-sided p and interval; NaN where no outcome varied, which gives no error to judge by.
    r2 : float
        Share of the spread within arms that the covariate explains; NaN without one.
    """

    lift: float
    error: float
    freedom: float
    p: float
    lower: float
    upper: float
    r2: float = math.nan


def linearise(value: np.ndarray, base: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """Estimate of an arm, and the influence of every unit on it (mean zero).

    Parameters
    ----------
    value : ndarray of shape (n_units,)
        The metric, or the numerator of a ratio.
    base : ndarray of shape (n_units,), optional
        The denominator.

    Returns
    -------
    float, ndarray of shape (n_units,)
        Mean, or sum of ``value`` over sum of ``base``; and (value - estimate x base) / mean of base, whose variance
        over n is the delta method's variance of the ratio. NaN where the denominators sum to 0.

    Notes
    -----
    Deng, Knoblich and Lu (2018), Applying the delta method in metric analytics, KDD.

    Examples
    --------
    >>> estimate, influence = linearise(np.array([2.0, 4.0]), np.array([1.0, 3.0]))
    >>> estimate, influence.tolist()
    (1.5, [0.25, -0.25])
    """
    if base is None:
        mean = float(value.mean())
        return mean, value - mean
    total = float(base.sum())
    if total == 0:
        return math.nan, np.full(len(value), math.nan)
    ratio = float(value.sum()) / total
    return ratio, (value - ratio * base) / (total / len(base))


def estimate_arm(arm: ArmData, *, alpha: float = 0.05) -> tuple[float, float, float]:
    """Estimate of one arm with its interval (Student's t, by cluster where there are any).

    Parameters
    ----------
    arm : ArmData
        At least two units.
    alpha : float

    Returns
    -------
    tuple of float
        Estimate, lower and upper limit; the limits are NaN below two units or clusters.

    Examples
    --------
    >>> [round(number, 3) for number in estimate_arm(ArmData(np.array([1.0, 2.0, 3.0])))]
    [2.0, -0.484, 4.484]
    """
    estimate, influence = linearise(arm.value, arm.base) if len(arm.value) else (math.nan, arm.value)
    part = _numbered(arm)
    if _randomised(part) < 2:
        return estimate, math.nan, math.nan
    (variance,), freedom = _spread([influence], [part], "CR2")
    found = _finish(estimate, math.sqrt(variance), freedom, alpha, math.nan)
    return estimate, found.lower, found.upper


def _randomised(arm: ArmData) -> int:
    return len(arm.value) if arm.cluster is None else int(arm.cluster.max(initial=-1)) + 1


def estimate_lift(
    control: ArmData, arm: ArmData, *, alpha: float = 0.05, adjust: bool = False, kind: str = "CR2"
) -> LiftEstimate:
    """Difference of two arms, as assigned.

    Parameters
    ----------
    control, arm : ArmData
    alpha : float
        1 minus the coverage of the interval.
    adjust : bool
        Whether to take out what the covariate explains (CUPED). A unit whose covariate is not known counts with the mean
        of its arm, so everybody assigned stays in.
    kind : {"CR2", "CR1"}
        Errors by cluster: CR2 with Bell and McCaffrey's degrees of freedom, or CR1 (as most programs print it) with
        clusters less 2. Without clusters the error is Welch's.

    Returns
    -------
    LiftEstimate

    Raises
    ------
    ParameterError
        If an arm has fewer than two units (or clusters), or ``adjust`` is asked without a covariate.

    Notes
    -----
    CUPED: Deng, Xu, Kohavi and Walker (2013); one slope for both arms, as in a regression on arm and covariate. Clusters: Bell
    and McCaffrey (2002); Imbens and Kolesar (2016). With one unit a cluster CR2 is Welch's error exactly. A unit's influence is
    divided by the root of 1 minus its share of the arm's denominators (MacKinnon and White 1985, HC2), which is Welch's n - 1 for means and
    keeps ratios honest where few units hold much of the denominator.

    Examples
    --------
    >>> found = estimate_lift(ArmData(np.array([1.0, 2.0, 3.0])), ArmData(np.array([3.0, 4.0, 5.0])))
    >>> round(found.lift, 3), round(found.error, 4), round(found.freedom, 3)
    (2.0, 0.8165, 4.0)
    """
    if kind not in ("CR1", "CR2"):
        raise ParameterError(f"kind must be one of 'CR1', 'CR2'; got {kind!r}")
    arms = [_numbered(part) for part in (control, arm)]
    for part in arms:
        if _randomised(part) < 2:
            raise ParameterError(f"an arm needs at least two units that were randomised; got {_randomised(part)}")
    parts = [linearise(part.value, part.base) for part in arms]
    lift, influences = parts[1][0] - parts[0][0], [part[1] for part in parts]
    r2, scale = math.nan, 1.0
    if adjust:
        lift, influences, r2 = _take_out(lift, influences, arms)
        total = sum(len(part.value) for part in arms)
        scale = (total - 2) / max(total - 3, 1)
    variances, freedom = _spread(influences, arms, kind)
    error = math.sqrt(scale * sum(variances))
    return _finish(lift, error, freedom, alpha, r2)


def _numbered(arm: ArmData) -> ArmData:
    """The arm with its clusters as whole numbers from 0."""
    if arm.cluster is None:
        return arm
    return replace(arm, cluster=np.unique(arm.cluster, return_inverse=True)[1].ravel())


def _take_out(lift: float, influences: list[np.ndarray], arms: list[ArmData]) -> tuple[float, list[np.ndarray], float]:
    """Lift and influences less what the covariate explains, and its R2."""
    if any(part.covariate is None for part in arms):
        raise ParameterError("adjust=True needs a covariate in both arms")
    centred, means = [], []
    for part in arms:
        known = ~np.isnan(part.covariate)
        mean = float(part.covariate[known].mean()) if known.any() else 0.0
        means.append(mean)
        centred.append(np.where(known, part.covariate - mean, 0.0))
    square = sum(float(x @ x) for x in centred)
    if square == 0:
        return lift, influences, 0.0
    slope = sum(float(x @ z) for x, z in zip(centred, influences, strict=True)) / square
    left = [z - slope * x for x, z in zip(centred, influences, strict=True)]
    whole = sum(float(z @ z) for z in influences)
    r2 = 1 - sum(float(z @ z) for z in left) / whole if whole else 0.0
    return lift - slope * (means[1] - means[0]), left, max(0.0, r2)


def _spread(influences: list[np.ndarray], arms: list[ArmData], kind: str) -> tuple[list[float], float]:
    """Variance of each arm's estimate and the degrees of freedom of their difference."""
    variances, first, second, clusters = [], 0.0, 0.0, 0
    total = sum(len(z) for z in influences)
    for z, part in zip(influences, arms, strict=True):
        n = len(z)
        even = part.base is None or not part.base.sum()
        leverage = np.full(n, 1 / n) if even else part.base / part.base.sum()
        if part.cluster is None:
            variance = float((z**2 / (1 - np.minimum(leverage, 0.99))).sum()) / n**2
            variances.append(variance)
            first, second = first + variance, second + variance**2 / (n - 1)
            continue
        sums, sizes = np.bincount(part.cluster, z), np.bincount(part.cluster).astype(float)
        clusters += len(sizes)
        if kind == "CR1":
            variances.append(float(sums @ sums) / n**2)
            continue
        held = np.minimum(np.bincount(part.cluster, leverage), 0.99)
        weight = 1 / (n**2 * (1 - held))  # c squared, c the factor of a cluster's sum
        variances.append(float(weight @ sums**2))
        product = sizes**2 * weight
        first += float((sizes / n**2).sum())
        second += float(((sizes / n**2) ** 2).sum() + (product.sum() ** 2 - product @ product) / n**2)
    if kind == "CR1" and clusters:
        factor = clusters / (clusters - 2 + 1) * (total - 1) / (total - 2)
        return [variance * factor for variance in variances], clusters - 2
    return variances, first**2 / second if second else float(total - 2)


def _finish(lift: float, error: float, freedom: float, alpha: float, r2: float) -> LiftEstimate:
    from scipy.special import stdtr, stdtrit

    if not error > 0 or math.isnan(lift):
        return LiftEstimate(lift, error, freedom, math.nan, math.nan, math.nan, r2)
    half = float(stdtrit(freedom, 1 - alpha / 2)) * error
    p = float(2 * stdtr(freedom, -abs(lift) / error))
    return LiftEstimate(lift, error, freedom, p, lift - half, lift + half, r2)
