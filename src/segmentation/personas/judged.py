"""What the check of a piece of evidence found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["STATUSES", "Judged"]

STATUSES = ("ok", "stale", "broken")  # from best to worst


@dataclass(frozen=True)
class Judged:
    """One piece of evidence after the check.

    Attributes
    ----------
    status : {"ok", "stale", "broken"}
        Stands; exists but no longer shows it; points to nothing.
    sort : {"profile", "theme", "quote", "touchpoint", "kpi"}
    sentence : str
        What it shows, with its figures.
    fix : str
        What to do, where it is not ok.
    details : mapping
        For quotes: participant, text (masked), source_id, turn, start, end, quote_id. For profile and
        touchpoints: index, index_lower, index_upper (None where a ratio means nothing), unclear (the interval includes everybody's
        value); for profile also variable, segment, level. For themes: k, n.
    """

    status: str
    sort: str
    sentence: str
    fix: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
