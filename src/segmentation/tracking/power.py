"""How many units a test needs, and what it can see with those it has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import ParameterError

__all__ = [
    "design_effect", "detectable_share", "kept_by_cutting", "power_of_means", "power_of_shares", "power_table", "units_for_means",
    "units_for_shares",
]  # fmt: skip


def power_of_shares(rate: float, other: float, n_control: float, n_arm: float, *, alpha: float = 0.05) -> float:
    """Chance of finding a difference of two shares.

    Parameters
    ----------
    rate, other : float
        Share in control and in the treated arm, between 0 and 1.
    n_control, n_arm : float
        Units.
    alpha : float
        Two-sided error rate.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If a share is not between 0 and 1, or an arm is empty.

    Notes
    -----
    Normal approximation, variance pooled under no difference (Fleiss, Levin and Paik 2003, section 4.2); the same as statsmodels'
    ``power_proportions_2indep``.

    Examples
    --------
    >>> round(power_of_shares(0.10, 0.12, 3841, 3841), 3)
    0.8
    """
    from scipy.special import ndtr, ndtri

    _check_shares(rate, other)
    if not min(n_control, n_arm) > 0:
        raise ParameterError(f"both arms need units; got {n_control!r}, {n_arm!r}")
    none, some = _share_spreads(rate, other, n_arm / n_control)
    limit, root = float(ndtri(1 - alpha / 2)) * none, abs(other - rate) * math.sqrt(n_control)
    return float(ndtr((root - limit) / some) + ndtr((-root - limit) / some))


def units_for_shares(
    rate: float, other: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> float:
    """Units in control needed to find a difference of two shares; the treated arm gets ``ratio`` times as many.

    Parameters
    ----------
    rate, other : float
        Share in control and in the treated arm, between 0 and 1, not equal.
    alpha, power : float
    ratio : float
        Units of the treated arm for one of control.

    Returns
    -------
    float
        Not rounded.

    Raises
    ------
    ParameterError
        If the shares are equal or not between 0 and 1.

    Examples
    --------
    >>> math.ceil(units_for_shares(0.10, 0.12)), math.ceil(units_for_shares(0.05, 0.06))
    (3841, 8158)
    """
    from scipy.special import ndtri

    _check_shares(rate, other)
    if rate == other:
        raise ParameterError(f"the two shares must differ; both are {rate}")
    none, some = _share_spreads(rate, other, ratio)
    return float(((ndtri(1 - alpha / 2) * none + ndtri(power) * some) / (other - rate)) ** 2)


def _check_shares(*shares: float) -> None:
    if not all(0 < share < 1 for share in shares):
        raise ParameterError(f"shares must lie between 0 and 1; got {', '.join(map(repr, shares))}")


def _share_spreads(rate: float, other: float, ratio: float) -> tuple[float, float]:
    """Standard deviation of the difference for one unit in control: if there is none, and if there is."""
    pooled = (rate + ratio * other) / (1 + ratio)
    none = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    return none, math.sqrt(rate * (1 - rate) + other * (1 - other) / ratio)


def detectable_share(rate: float, n_control: float, n_arm: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest rise of a share that a test with these units would find.

    Parameters
    ----------
    rate : float
        Share in control, between 0 and 1.
    n_control, n_arm : float
    alpha, power : float

    Returns
    -------
    float
        Difference in shares; NaN when even a rise to everybody would be missed too often.

    Raises
    ------
    ParameterError
        As ``power_of_shares``.

    Examples
    --------
    >>> round(detectable_share(0.10, 3841, 3841), 4)
    0.02
    """
    from scipy.optimize import brentq

    top = 1 - rate - 1e-9
    if power_of_shares(rate, rate + top, n_control, n_arm, alpha=alpha) < power:
        return math.nan
    return float(
        brentq(lambda d: power_of_shares(rate, rate + d, n_control, n_arm, alpha=alpha) - power, 1e-9, top, xtol=1e-12)
    )


def power_of_means(effect: float, n_control: float, n_arm: float, *, alpha: float = 0.05) -> float:
    """Chance of finding a difference of two means by a two-sided t test.

    Parameters
    ----------
    effect : float
        Difference in standard deviations (Cohen's d).
    n_control, n_arm : float
        Units, together more than 2.
    alpha : float

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If there are not more than two units.

    Examples
    --------
    >>> round(power_of_means(0.2, 394, 394), 3)
    0.801
    """
    from scipy.special import nctdtr, stdtrit

    freedom = n_control + n_arm - 2
    if not freedom > 0 or not min(n_control, n_arm) > 0:
        raise ParameterError(f"both arms need units; got {n_control!r}, {n_arm!r}")
    shift = abs(effect) * math.sqrt(n_control * n_arm / (n_control + n_arm))
    limit = float(stdtrit(freedom, 1 - alpha / 2))
    if shift > limit + 8:  # certain to 15 digits, and beyond what the function can reckon
        return 1.0
    wrong_side = float(nctdtr(freedom, shift, -limit))  # not a number where it is too small for a float
    return float(nctdtr(freedom, -shift, -limit)) + (0.0 if math.isnan(wrong_side) else wrong_side)


def units_for_means(effect: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0) -> float:
    """Units in control needed to find a difference of two means; the treated arm gets ``ratio`` times as many.

    Parameters
    ----------
    effect : float
        Difference in standard deviations, not 0.
    alpha, power, ratio : float

    Returns
    -------
    float
        Not rounded.

    Raises
    ------
    ParameterError
        If the effect is 0.

    Examples
    --------
    >>> math.ceil(units_for_means(0.2))
    394
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if effect == 0:
        raise ParameterError("the difference must not be 0")
    guess = float((ndtri(1 - alpha / 2) + ndtri(power)) ** 2 * (1 + 1 / ratio) / effect**2)
    least = 3 / (1 + ratio)
    if power_of_means(effect, least, least * ratio, alpha=alpha) >= power:
        return least
    return float(
        brentq(lambda n: power_of_means(effect, n, n * ratio, alpha=alpha) - power, least, guess + 50, xtol=1e-6)
    )


def design_effect(cluster_size: float, icc: float, *, variation: float = 0.0) -> float:
    """How many times the units are needed when whole clusters are randomised.

    Parameters
    ----------
    cluster_size : float
        Mean number of units a cluster, at least 1.
    icc : float
        Intraclass correlation: how alike units of one cluster are, 0 to 1.
    variation : float
        Coefficient of variation of the cluster sizes.

    Returns
    -------
    float
        1 + ((1 + variation^2) cluster_size - 1) icc.

    Raises
    ------
    ParameterError
        If a number is out of its range.

    Notes
    -----
    Eldridge, Ashby and Kerry (2006), International Journal of Epidemiology 35.

    Examples
    --------
    >>> round(design_effect(5, 0.05), 4), round(design_effect(5, 0.05, variation=1), 4)
    (1.2, 1.45)
    """
    if not (cluster_size >= 1 and 0 <= icc <= 1 and variation >= 0):
        raise ParameterError(f"needs size >= 1, icc 0 to 1, variation >= 0; got {cluster_size}, {icc}, {variation}")
    return 1 + ((1 + variation**2) * cluster_size - 1) * icc


def kept_by_cutting(share: float) -> float:
    """Share of the information that is left when an amount is cut into yes and no.

    Parameters
    ----------
    share : float
        Share of units above the cut, between 0 and 1.

    Returns
    -------
    float
        Asymptotic efficiency phi(z)^2 / (share (1 - share)) for a normal amount: measured uncut, the test needs this many
        times the units.

    Raises
    ------
    ParameterError
        If the share is not between 0 and 1.

    Notes
    -----
    Cohen (1983), The cost of dichotomization; at the median 2 / pi.

    Examples
    --------
    >>> round(kept_by_cutting(0.5), 4), round(kept_by_cutting(0.2), 2)
    (0.6366, 0.49)
    """
    from scipy.special import ndtri

    _check_shares(share)
    z = float(ndtri(share))
    return math.exp(-(z**2)) / (2 * math.pi) / (share * (1 - share))


def power_table(
    rates: Sequence[float], rises: Sequence[float], *, alpha: float = 0.05, power: float = 0.8, tests: int = 1
) -> pd.DataFrame:
    """Units an arm by share in control and relative rise, two arms of the same size.

    Parameters
    ----------
    rates : sequence of float
    rises : sequence of float
        Relative: 0.2 is a fifth more.
    alpha, power : float
    tests : int
        Tests of the family; each gets alpha / tests.

    Returns
    -------
    pandas.DataFrame
        Index rate, one column a rise; whole units.

    Examples
    --------
    >>> power_table([0.1], [0.2], tests=4).loc[0.1, 0.2]
    np.int64(5458)
    """
    cells = [
        [math.ceil(units_for_shares(p, p * (1 + rise), alpha=alpha / tests, power=power)) for rise in rises]
        for p in rates
    ]
    return pd.DataFrame(np.array(cells), index=pd.Index(rates, name="rate"), columns=list(rises))
