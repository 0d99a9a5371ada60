"""Intervals of means, shares and indices, computed for whole arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..clustering.shares import wilson_interval

__all__ = ["bootstrap_weights", "index_interval", "mean_interval", "wilson_interval"]

LEAST_DRAWS, MOST_DRAWN = 100, 20_000_000
CELLS = 4_000_000  # cells of one block of bootstrap weights, so that memory stays small whatever the number of units


def mean_interval(
    mean: np.ndarray, sd: np.ndarray, n: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Student's t interval of means; NaN below two observations (of equal weight: ``n`` may be an effective base).

    Examples
    --------
    >>> low, high = mean_interval(np.array([2.0]), np.array([1.0]), np.array([4]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.409], [3.591])
    """
    from scipy.stats import t

    enough = n >= 2
    half = t.ppf((1 + level) / 2, np.where(enough, n - 1, 1)) * sd / np.sqrt(np.maximum(n, 1))
    half = np.where(enough, half, np.nan)
    return mean - half, mean + half


def index_interval(
    hits: np.ndarray,
    n: np.ndarray,
    rest_hits: np.ndarray,
    rest_n: np.ndarray,
    level: float = 0.95,
    *,
    part: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Interval of the index of a share (100 = everybody) that respects that the segment is part of everybody.

    Walter's interval of the ratio r of the segment's share to that of the rest (half a unit added everywhere, so that
    zeros are no trouble) is mapped by r / (w r + 1 - w), w the segment's part of everybody.

    Parameters
    ----------
    hits, n : ndarray
        Units of the segment with the trait, and observed; with weights the effective base and the share times it.
    rest_hits, rest_n : ndarray
        The same for everybody else.
    part : ndarray, optional
        The segment's part of everybody, 0 to 1; by default n / (n + rest_n), which weights would change.

    Returns
    -------
    (ndarray, ndarray, ndarray)
        Lower and upper limit of the index, and the two-sided p of r = 1 (only for the control of false discoveries
        among descriptors). NaN where the segment or the rest is empty or nobody has the trait.

    Notes
    -----
    Walter (1975), The distribution of Levin's measure of attributable risk, Biometrika 62.

    Examples
    --------
    >>> low, high, p = index_interval(np.array([30]), np.array([50]), np.array([20]), np.array([50]))
    >>> low.round(1).tolist(), high.round(1).tolist(), p.round(3).tolist()
    ([99.8], [137.9], [0.052])
    """
    from scipy.stats import norm

    known = (n > 0) & (rest_n > 0) & (hits + rest_hits > 0)
    a, m, b, k = (np.where(known, part, 1.0) + 0.5 for part in (hits, n, rest_hits, rest_n))
    log_ratio = np.log(a / m) - np.log(b / k)
    error = np.sqrt(np.maximum(1 / a - 1 / m + 1 / b - 1 / k, 0.0))
    z = norm.ppf((1 + level) / 2)
    weight = np.where(known, n / np.where(known, n + rest_n, 1.0) if part is None else part, np.nan)
    limits = []
    for sign in (-1, 1):
        ratio = np.exp(log_ratio + sign * z * error)
        limits.append(100 * ratio / (weight * ratio + 1 - weight))
    p = 2 * norm.sf(np.abs(log_ratio) / np.where(error > 0, error, np.inf))
    return limits[0], limits[1], np.where(known, p, np.nan)


def bootstrap_weights(n: int, draws: int, random_state: int) -> Iterator[np.ndarray]:
    """How often each of n units is drawn, in blocks of shape (n_draws_of_block, n); the blocks together have
    ``draws`` rows. With more than 20,000 units there are fewer (20 million units drawn in all, at least 100 draws): the limits
    of an interval that narrow do not need more.

    Examples
    --------
    >>> blocks = list(bootstrap_weights(5, 3, 1))
    >>> blocks[0].shape, blocks[0].sum(axis=1).tolist()
    ((3, 5), [5.0, 5.0, 5.0])
    """
    rng = np.random.default_rng(random_state)
    draws = min(draws, max(LEAST_DRAWS, MOST_DRAWN // n))
    done = 0
    while done < draws:
        block = min(draws - done, max(1, CELLS // n))
        drawn = rng.integers(0, n, size=(block, n)) + n * np.arange(block)[:, None]
        yield np.bincount(drawn.ravel(), minlength=block * n).reshape(block, n).astype(float)
        done += block
