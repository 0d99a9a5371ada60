"""What is planted: segments, their needs and habits, and how far apart a tier sets them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ParameterError, nearest_word

__all__ = [
    "COUNTRIES",
    "FAMILIES",
    "QUARTERS",
    "SEGMENTS",
    "TEMPLATES",
    "TIERS",
    "WAVES",
    "Segment",
    "Tier",
    "find_tier",
    "stream",
]

TEMPLATES = Path(__file__).parent / "fieldnote"  # files the study carries as they are, and word lists
QUARTERS = ("2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3")
WAVES = {1: 1, 2: 4}  # wave: position of its quarter
COUNTRIES = ("United Kingdom", "Ireland", "Germany", "Netherlands", "United States")
FAMILIES = {
    "dispatch": ("job_scheduled", "job_rescheduled"),
    "cash": ("quote_sent", "invoice_sent", "payment_received"),
    "proof": ("form_completed", "photo_added", "certificate_issued"),
    "connect": ("api_sync", "report_exported"),
    "contracts": ("asset_added", "plan_renewed"),
    "other": ("app_opened", "support_called"),
}


@dataclass(frozen=True)
class Segment:
    """One planted segment: what it wants, what it does, who is in it.

    Attributes
    ----------
    name : str
        Word for it; ``line_id`` is the id the line gives to the segment of this rank by size in 2026Q2.
    start, share : float
        Share of accounts in 2025Q2 and in 2026Q2.
    need : tuple of float
        Shift of importance (points of the 1-5 scale) for dispatch, cash, proof, connect jobs.
    habit : tuple of float
        Share of events in each family of ``FAMILIES`` except the last, which takes the rest.
    days : float
        Mean number of active days a quarter.
    response : float
        Probability of ever answering the survey.
    employees : float
        Median headcount.
    price : float
        Mean price a seat, in the account's currency units a month.
    lift : float
        What version B of the campaign adds to the probability of booking a demo.
    support : float
        Share of the last family's events that are calls to support.
    attitudes : tuple of float
        Shift of the answers to att_1 .. att_4; att_5 .. att_8 know no segment.
    churn : float
        Probability of leaving in a quarter.
    booking : float
        Probability of booking a demo after version A of the campaign.
    """

    name: str
    line_id: str
    start: float
    share: float
    need: tuple[float, float, float, float]
    habit: tuple[float, float, float, float, float]
    days: float
    response: float
    employees: float
    price: float
    lift: float
    support: float
    attitudes: tuple[float, float, float, float]
    churn: float
    booking: float = 0.20


SEGMENTS = (
    Segment("dispatch", "S1", 0.30, 0.280, (1.05, -0.25, -0.25, -0.20), (0.30, 0.11, 0.11, 0.08, 0.06), 25, 0.64, 28, 31, 0.15,
            0.08, (0.1, 0.5, 0.2, -0.1), 0.015),
    Segment("cash", "S2", 0.25, 0.230, (-0.25, 1.05, -0.25, -0.20), (0.11, 0.30, 0.10, 0.09, 0.06), 21, 0.69, 17, 29, 0.03,
            0.10, (0.4, 0.0, 0.6, 0.0), 0.020),
    Segment("proof", "S3", 0.20, 0.185, (-0.25, -0.25, 1.05, -0.20), (0.11, 0.09, 0.31, 0.08, 0.07), 24, 0.76, 38, 33, 0.00,
            0.08, (-0.2, 0.1, 0.0, 0.8), 0.012),
    Segment("connect", "S4", 0.15, 0.140, (-0.20, -0.20, -0.20, 1.10), (0.11, 0.11, 0.09, 0.30, 0.07), 31, 0.68, 95, 38, -0.32,
            0.05, (-0.4, -0.3, 0.3, 0.2), 0.014, 0.40),
    Segment("simple", "S5", 0.10, 0.095, (-0.60, -0.50, -0.60, -0.70), (0.14, 0.14, 0.07, 0.04, 0.04), 6.5, 0.46, 2.6, 22, 0.00,
            0.34, (1.2, 0.2, -0.6, -0.3), 0.035),
    Segment("contracts", "S6", 0.00, 0.070, (0.10, -0.35, 0.30, -0.20), (0.10, 0.09, 0.13, 0.07, 0.33), 23, 0.70, 36, 34, 0.10,
            0.07, (-0.1, 0.0, 0.5, 0.7), 0.006),
)  # fmt: skip


@dataclass(frozen=True)
class Tier:
    """How hard a study is.

    ``separation`` multiplies the differences between segments in needs and habits; 0 is a world without segments, where both come
    from one correlated population.
    """

    name: str
    separation: float
    words: str


TIERS = {
    "easy": Tier("easy", 1.08, "segments far apart"),
    "medium": Tier("medium", 0.78, "segments that overlap a little, the committed sample"),
    "hard": Tier("hard", 0.55, "segments that overlap a lot"),
    "null": Tier("null", 0.0, "no segments: one correlated population"),
}


def find_tier(name: str) -> Tier:
    """Tier by name.

    Raises
    ------
    ParameterError
        If there is no such tier.
    """
    if name not in TIERS:
        words = f"tier must be one of {', '.join(map(repr, TIERS))}; got {name!r}. {nearest_word(name, TIERS)}"
        raise ParameterError(words.strip())
    return TIERS[name]


def stream(seed: int, part: str) -> np.random.Generator:
    """Random numbers of one part of the study: changing how another part draws does not move this one."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])
