"""Small helpers that keep generated sentences true for none, one and many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

__all__ = ["count_words", "few_words", "join_words", "percent_words", "range_words", "source_words", "span_words"]


def count_words(n: int, one: str, many: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> count_words(1, "person", "people"), count_words(0, "turn"), count_words(1200, "turn")
    ('1 person', 'no turns', '1,200 turns')
    """
    noun = one if n == 1 else (many or f"{one}s")
    return f"{n:,d} {noun}" if n else f"no {noun}"


def join_words(words: Iterable[object], *, last: str = "and") -> str:
    """A list as a sentence reads it.

    Examples
    --------
    >>> join_words(["a", "b", "c"]), join_words([])
    ('a, b and c', 'none')
    """
    given = [str(word) for word in words]
    if not given:
        return "none"
    return given[0] if len(given) == 1 else f"{', '.join(given[:-1])} {last} {given[-1]}"


def percent_words(share: float) -> str:
    """A share as a per cent, or a dash where there is none.

    Examples
    --------
    >>> percent_words(0.417), percent_words(-1e-17), percent_words(float("nan"))
    ('42 %', '0 %', '–')
    """
    return "–" if pd.isna(share) else f"{round(share * 100) + 0:d} %"


def range_words(limits: Sequence[float], spec: str = ".2f") -> str:
    """An interval as two numbers, or the statement that there is none.

    Examples
    --------
    >>> range_words((0.3219, 0.8069)), range_words((float("nan"), 1.0))
    ('0.32 to 0.81', 'no interval')
    """
    lower, upper = limits
    return "no interval" if pd.isna(lower) or pd.isna(upper) else f"{lower:{spec}} to {upper:{spec}}"


def span_words(low: int, high: int, one: str, many: str = "") -> str:
    """
    >>> span_words(2, 8, "segment"), span_words(1, 1, "segment")
    ('2 to 8 segments', '1 segment')
    """
    return count_words(low, one, many) if low == high else f"{low:,} to {count_words(high, one, many)}"


def few_words(n: int, least: int) -> str:
    """A number of units as it may be published: small ones are not told exactly.

    Examples
    --------
    >>> few_words(1200, 10), few_words(7, 10), few_words(0, 10)
    ('1,200', 'fewer than 10', '0')
    """
    return f"fewer than {least}" if 0 < n < least else f"{n:,d}"


def source_words(source: str) -> str:
    """The end of a caption that names its source; nothing where there is none.

    Examples
    --------
    >>> source_words("survey.csv"), source_words("")
    (' Source: survey.csv.', '')
    """
    return f" Source: {source}." if source else ""
