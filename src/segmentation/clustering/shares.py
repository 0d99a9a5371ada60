"""Wilson's interval of shares: the one implementation, for whole arrays, that every room uses."""

from __future__ import annotations

import numpy as np

__all__ = ["wilson_interval"]


def wilson_interval(hits: np.ndarray, n: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of shares; NaN where n is 0. With weights: the effective base and the share times it.

    Parameters
    ----------
    hits, n : ndarray
        Units that did, and units in all, of any shape.
    level : float
        Coverage, 0 to 1.

    Returns
    -------
    ndarray, ndarray
        Lower limits, exactly 0 where nobody did, and upper limits, exactly 1 where everybody did.

    Notes
    -----
    Wilson (1927). Covers as declared for small n and rare traits, where the usual p +- 1.96 se does not.

    Examples
    --------
    >>> low, high = wilson_interval(np.array([2]), np.array([20]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0279], [0.301])
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    hits, n = np.asarray(hits, float), np.where(np.asarray(n) > 0, n, np.nan)
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
    return np.where(hits == 0, low * 0.0, low)[()], np.where(hits == n, 1.0, high)[()]
