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
    """Limits of the scorecard: measurable, accessible, substantial, actionable."""
