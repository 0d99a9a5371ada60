"""Looking before the end: limits for planned looks, and an interval that holds however often anybody looks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import ParameterError

__all__ = ["SPENDING", "always_valid_half", "crossing_chances", "look_boundaries", "size_inflation", "spend_error"]

SPENDING = ("obrien_fleming", "pocock")
NODES = 301  # of Gauss and Legendre between the limits of a look
FAR = 9.0  # a limit farther out is never crossed by chance


def spend_error(share: Sequence[float], *, alpha: float = 0.05, spending: str = "obrien_fleming") -> np.ndarray:
    """How much of the error rate may have been used up by each look.

    Parameters
    ----------
    share : sequence of float
        Share of the planned information that is in, above 0, up to 1.
    alpha : float
        Two-sided error rate of the whole experiment.
    spending : {"obrien_fleming", "pocock"}
        Lan and DeMets's functions: hardly anything early, or about as much at every look.

    Returns
    -------
    ndarray
        From 0 to alpha.

    Raises
    ------
    ParameterError
        If shares are not increasing from above 0 to at most 1, or the word is not known.

    Notes
    -----
    Lan and DeMets (1983), Biometrika 70, each side of a two-sided test at alpha / 2.

    Examples
    --------
    >>> spend_error([0.5, 1.0]).round(5).tolist(), spend_error([0.5, 1.0], spending="pocock").round(4).tolist()
    ([0.00305, 0.05], [0.031, 0.05])
    """
    t = np.asarray(share, float)
    if not len(t) or (np.diff(t) <= 0).any() or t[0] <= 0 or t[-1] > 1 + 1e-9:
        raise ParameterError(f"looks must increase from above 0 to at most 1; got {t.tolist()}")
    if spending not in SPENDING:
        raise ParameterError(f"spending must be one of {', '.join(map(repr, SPENDING))}; got {spending!r}")
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha must be between 0 and 1; got {alpha!r}")
    if spending == "pocock":
        return alpha * np.log(1 + (math.e - 1) * t)
    from scipy.special import ndtr, ndtri

    return 4 * ndtr(-ndtri(1 - alpha / 4) / np.sqrt(t))


def look_boundaries(
    share: Sequence[float], *, alpha: float = 0.05, spending: str = "obrien_fleming", final: float = 1.0
) -> np.ndarray:
    """How many standard errors a difference must be away from 0 at each look, so that all looks together err at alpha.

    Parameters
    ----------
    share : sequence of float
        Share of the planned information at each look, increasing, the last 1 (or less while the experiment runs).
    alpha : float
        Two-sided error rate over all looks.
    spending : {"obrien_fleming", "pocock"}
    final : float
        Share that is the end: what is left of alpha is spent there.

    Returns
    -------
    ndarray
        Limit for the absolute z of each look; at most 9, which chance never crosses.

    Raises
    ------
    ParameterError
        As ``spend_error``.

    Notes
    -----
    The recursive integration of Armitage, McPherson and Rowe (1969) with the spending functions of Lan and DeMets (1983).

    Examples
    --------
    >>> look_boundaries([0.2, 0.4, 0.6, 0.8, 1.0]).round(3).tolist()
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    from scipy.optimize import brentq

    t = np.asarray(share, float)
    spent = np.diff(spend_error(t / final, alpha=alpha, spending=spending), prepend=0.0)
    limits: list[float] = []
    walk = _Walk()
    for place, step in enumerate(spent):
        allowed = max(float(step), 0.0)
        if walk.leave(float(t[place]), FAR) >= allowed:
            limits.append(FAR)
        else:
            limits.append(
                brentq(lambda limit, at=float(t[place]), aim=allowed: walk.leave(at, limit) - aim, 0.0, FAR, xtol=1e-10)
            )
        walk.step(float(t[place]), limits[-1])
    return np.array(limits)


def crossing_chances(share: Sequence[float], limits: Sequence[float], *, drift: float = 0.0) -> np.ndarray:
    """Chance of crossing either limit for the first time at each look.

    Parameters
    ----------
    share : sequence of float
        Share of the information at each look.
    limits : sequence of float
        Limits for the absolute z.
    drift : float
        Expected z at share 1; 0 where there is no difference.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> crossing_chances([1.0], [1.959964]).round(4).tolist()
    [0.05]
    """
    walk, found = _Walk(drift), []
    for at, limit in zip(share, limits, strict=True):
        found.append(walk.leave(float(at), float(limit)))
        walk.step(float(at), float(limit))
    return np.array(found)


def size_inflation(
    share: Sequence[float], limits: Sequence[float], *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """How many times the units of a test with one look are needed at most, for the same power with these looks.

    Parameters
    ----------
    share, limits : sequence of float
        As ``crossing_chances``; the last share is the end.
    alpha, power : float
        Of the test with one look.

    Returns
    -------
    float
        At least 1.

    Examples
    --------
    >>> round(size_inflation([1.0], [1.959964]), 3)
    1.0
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    single = float(ndtri(1 - alpha / 2) + ndtri(power))
    drift = brentq(
        lambda drift: crossing_chances(share, limits, drift=drift).sum() - power, 0.3 * single, 3 * single, xtol=1e-7
    )
    return float((drift / single) ** 2)


def always_valid_half(error: float, n: float, *, tuned_to: float, alpha: float = 0.05) -> float:
    """Half the width of an interval that holds at every moment at once, however often anybody looks.

    Parameters
    ----------
    error : float
        Standard error of the difference now.
    n : float
        Units in both arms now.
    tuned_to : float
        Number of units at which the interval is to be narrowest: the planned number.
    alpha : float
        Chance that it ever misses.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If n or tuned_to is not above 0.

    Notes
    -----
    Asymptotic confidence sequence of a normal mixture: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central
    limit theory, Annals of Statistics, theorem 2.2; the mixture of the mSPRT of Johari, Pekelis and Walsh (2015). The error is
    estimated, so it is a statement for large n; do not begin with fewer than about 100 units an arm.

    Examples
    --------
    >>> round(always_valid_half(0.0098894, 4000, tuned_to=5000), 4)  # 200 of 2000 against 240 of 2000
    0.0301
    """
    if not n > 0 or not tuned_to > 0:
        raise ParameterError(f"n and tuned_to must be above 0; got {n!r}, {tuned_to!r}")
    aim = -2 * math.log(alpha)
    weight = n * (aim + math.log(aim + 1)) / tuned_to
    return error * math.sqrt(2 * (weight + 1) / weight * math.log(math.sqrt(weight + 1) / alpha))


class _Walk:
    """Density of the sum of what is in so far, of paths that have crossed no limit yet."""

    def __init__(self, drift: float = 0.0) -> None:
        self.drift, self.at = drift, 0.0
        self.points, self.weights = np.zeros(1), np.ones(1)

    def leave(self, at: float, limit: float) -> float:
        """Chance of being outside of limit at the next look."""
        from scipy.special import ndtr

        spread, edge = math.sqrt(at - self.at), limit * math.sqrt(at)
        middle = self.points + self.drift * (at - self.at)
        return float(self.weights @ (ndtr((-edge - middle) / spread) + ndtr((middle - edge) / spread)))

    def step(self, at: float, limit: float) -> None:
        """Go on to the next look, keeping the paths inside."""
        spread, edge = math.sqrt(at - self.at), limit * math.sqrt(at)
        nodes, share = np.polynomial.legendre.leggauss(NODES)
        points = nodes * edge
        middle = self.points + self.drift * (at - self.at)
        density = np.exp(-0.5 * ((points[:, None] - middle) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
        self.points, self.weights, self.at = points, (density @ self.weights) * share * edge, at
