"""What segments are used for: targets and the limits of the scorecard."""

from __future__ import annotations

from pydantic import Field

from .parts import Name, Part

__all__ = ["Criterion", "Scorecard", "Targeting"]


class Criterion(Part):
    """One criterion of the targeting map: a variable whose mean in a segment is scored, or the segment's size."""

    variable: Name = Field(description="Variable of the study, or size: the segment's share of the market.")
    weight: float = Field(1.0, gt=0, description="Weight beside the other criteria of the same axis.")
    low_is_good: bool = Field(False, description="true where a low value is the better one.")


class Targeting(Part):
    """Criteria of the two axes of the targeting map."""

    attractiveness: tuple[Criterion, ...] = Field(
        min_length=1, max_length=6, description="What makes a segment worth serving."
    )
    fit: tuple[Criterion, ...] = Field(min_length=1, max_length=6, description="How well the organisation serves it.")


class Scorecard(Part):
    """Limits of the scorecard: measurable, accessible, substantial, actionable.

    A segment passes a test if the whole 95 % interval is on the good side of the limit, fails if the whole interval is on the other,
    and cannot be told otherwise.
    """

    known_before: tuple[Name, ...] = Field(
        (),
        description="Descriptors known before anybody is contacted, from which a segment must be recognisable; default: demographic, "
        "geographic, firmographic and technographic descriptors that are not asked in the survey.",
    )
    value: Name | None = Field(
        None, description="Variable whose sum is a segment's value; default: the first with measure: money."
    )
    min_placed: float = Field(
        0.8, gt=0, lt=1, description="Measurable: share of all units that can be placed in a segment."
    )
    min_complete: float = Field(
        0.5, gt=0, lt=1, description="Measurable: share of a segment's units with every base variable."
    )
    min_probability: float = Field(
        0.7, gt=0, lt=1, description="Measurable: mean probability of the segment its units are placed in."
    )
    min_auc: float = Field(
        0.7, gt=0.5, lt=1, description="Accessible: area under the curve of telling members from others beforehand."
    )
    min_share: float = Field(0.05, gt=0, lt=1, description="Substantial: share of the market.")
    min_units: int = Field(50, ge=1, description="Substantial: units counted; no judgement of its size below.")
    min_value: float = Field(0.05, gt=0, lt=1, description="Substantial: share of the market's value.")
    min_markers: int = Field(1, ge=1, description="Actionable: base variables that mark the segment.")
    min_descriptors: int = Field(
        1, ge=1, description="Actionable: descriptors or outcomes in which it differs from the others beyond chance."
    )
    min_difference: float = Field(
        0.2,
        gt=0,
        description="Actionable: smallest difference from the others worth acting on, in standard deviations.",
    )
