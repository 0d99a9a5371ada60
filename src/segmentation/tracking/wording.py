"""Differences in the words of their metric: shares in points, everything else in its own unit."""

from __future__ import annotations

import math

__all__ = ["difference_words", "interval_words", "level_words"]


def difference_words(lift: float, metric: str, *, sign: str = "+") -> str:
    """A difference with its unit.

    Examples
    --------
    >>> difference_words(0.035, "binary"), difference_words(-1.25, "mean"), difference_words(0.08, "binary", sign="")
    ('+3.5 points', '-1.25', '8.0 points')
    """
    if math.isnan(lift):
        return "–"
    return f"{100 * lift:{sign}.1f} points" if metric == "binary" else f"{lift:{sign}.3g}"


def interval_words(lower: float, upper: float, metric: str) -> str:
    """The limits of a difference, without the unit.

    Examples
    --------
    >>> interval_words(-0.01, 0.08, "binary"), interval_words(-1.0, 2.5, "ratio")
    ('-1.0 to +8.0', '-1 to +2.5')
    """
    if math.isnan(lower) or math.isnan(upper):
        return "–"
    return f"{100 * lower:+.1f} to {100 * upper:+.1f}" if metric == "binary" else f"{lower:+.3g} to {upper:+.3g}"


def level_words(rate: float, metric: str) -> str:
    """A share, mean or ratio.

    Examples
    --------
    >>> level_words(0.214, "binary"), level_words(12.3456, "mean")
    ('21.4%', '12.3')
    """
    if math.isnan(rate):
        return "–"
    return f"{rate:.1%}" if metric == "binary" else f"{rate:.3g}"
