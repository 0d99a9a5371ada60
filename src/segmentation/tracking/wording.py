"""Differences in the words of their metric: shares in points, everything else in its own unit."""

from __future__ import annotations

import math

__all__ = ["coverage_words", "difference_words", "interval_words", "joint_words", "level_words"]


def coverage_words(coverage: float) -> str:
    """A coverage in per cent, with a digit where it is not a whole one.

    Examples
    --------
    >>> coverage_words(0.95), coverage_words(1 - 0.05 / 3)
    ('95 %', '98.3 %')
    """
    return f"{100 * coverage:.1f}".removesuffix(".0") + " %"


def joint_words(lower: float, upper: float, coverage: float, tests: int, metric: str) -> str:
    """The interval that a verdict rests on, with its name.

    Examples
    --------
    >>> joint_words(-0.37, -0.05, 1 - 0.05 / 3, 6, "binary")
    '98.3 % interval -37.0 to -5.0, widened for choosing among 6 tests'
    >>> joint_words(-0.37, -0.05, 0.95, 1, "binary")
    '95 % interval -37.0 to -5.0'
    """
    tail = f", widened for choosing among {tests} tests" if tests > 1 else ""
    return f"{coverage_words(coverage)} interval {interval_words(lower, upper, metric)}{tail}"


def difference_words(lift: float, metric: str, *, sign: str = "+") -> str:
    """A difference with its unit.

    Examples
    --------
    >>> difference_words(0.035, "binary"), difference_words(-1.25, "mean"), difference_words(0.08, "binary", sign="")
    ('+3.5 points', '-1.25', '8.0 points')
    >>> difference_words(-0.0001, "binary")
    '+0.0 points'
    """
    if math.isnan(lift):
        return "–"
    return f"{round(100 * lift, 1) + 0.0:{sign}.1f} points" if metric == "binary" else f"{lift + 0.0:{sign}.3g}"


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
