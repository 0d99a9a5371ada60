"""The rule of the joint display: when a piece of evidence speaks, and what the three kinds say together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .intervals import exact_interval

__all__ = ["against_limit", "grade_share", "grade_strand", "judge_hypothesis"]

STRANDS = ("numbers", "interviews", "sales")
FOR, AGAINST, UNCLEAR, SILENT = "for", "against", "unclear", "silent"
VERDICTS = ("confirm", "refine", "drop", "open")


def grade_strand(grades: Sequence[str]) -> str:
    """What several pieces of one kind of evidence say together.

    Parameters
    ----------
    grades : sequence of {"for", "against", "unclear", "silent"}

    Returns
    -------
    str
        ``for`` if one speaks for it and none against, ``against`` the other way round, ``silent`` if none has a say, else ``unclear``.

    Examples
    --------
    >>> grade_strand(["for", "unclear"]), grade_strand(["for", "against"]), grade_strand(["silent"]), grade_strand([])
    ('for', 'unclear', 'silent', 'silent')
    """
    said = set(grades) - {SILENT}
    if not said:
        return SILENT
    if {FOR, AGAINST} <= said or said == {UNCLEAR}:
        return UNCLEAR
    return FOR if FOR in said else AGAINST


def judge_hypothesis(grades: Sequence[str], *, strands: int = 2, disputed: int = 0) -> str:
    """Verdict from the three kinds of evidence.

    Parameters
    ----------
    grades : sequence of {"for", "against", "unclear", "silent"}
        Numbers, interviews, sales.
    strands : int
        How many must agree to confirm or to drop.
    disputed : int
        People of the segment to whom some coder gave one of the codes and not every coder did.

    Returns
    -------
    {"confirm", "drop", "refine", "open"}
        ``confirm``: at least ``strands`` for it, none against; ``drop``: at least ``strands`` against, none for it, nobody disputed;
        ``open``: none speaks either way; ``refine``: everything between.

    Examples
    --------
    >>> [judge_hypothesis(g) for g in (["for", "for", "silent"], ["for", "for", "against"], ["against", "against", "unclear"])]
    ['confirm', 'refine', 'drop']
    >>> judge_hypothesis(["unclear", "silent", "silent"]), judge_hypothesis(["against"] * 2, disputed=1)
    ('open', 'refine')
    """
    pro, contra = grades.count(FOR), grades.count(AGAINST)
    if not pro and not contra:
        return "open"
    if pro >= strands and not contra:
        return "confirm"
    return "drop" if contra >= strands and not pro and not disputed else "refine"


def against_limit(lower: float, upper: float, limit: float) -> str:
    """For if the whole interval reaches the limit, against if it lies below, else unclear."""
    if math.isnan(lower) or math.isnan(upper):
        return SILENT
    return FOR if lower >= limit else AGAINST if upper < limit else UNCLEAR


def grade_share(
    k: int, n: int, limit: float, *, least: int, people: int, few: str
) -> tuple[float, float, float, str, str]:
    """Share with exact interval and grade: for if the share itself reaches the limit, against only if the whole interval lies below."""
    lower, upper = exact_interval(k, n)
    share = k / n if n else math.nan
    if n < least:
        return share, lower, upper, SILENT, few
    if k >= people and share >= limit:
        return share, lower, upper, FOR, ""
    return share, lower, upper, AGAINST if upper < limit else UNCLEAR, ""
