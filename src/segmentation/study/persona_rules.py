"""Limits of the rules that personas are held to (P01 to P13); each is printed beside the results."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from .parts import Part

__all__ = ["PersonaRules"]


class PersonaRules(Part):
    """Limits of the rules for personas. Where no source is named, the figure is a convention of this suite."""

    max_assumptions: float = Field(
        0.20, ge=0, le=1, description="P01: a persona with a larger share of assumptions is a draft."
    )
    min_people: int = Field(2, ge=1, description="P03: people of the segment who must stand behind a theme.")
    max_one_voice: float = Field(
        0.50, gt=0, le=1, description="P03: largest share of a theme's quotes that may come from one person."
    )
    min_quotes: int = Field(4, ge=1, description="P03: with fewer quotes on a theme one loud voice is not judged.")
    min_interviews: int = Field(
        5, ge=0, description="P03: people of the segment to interview before a persona rests on what they said."
    )
    per_segment: int = Field(2, ge=1, description="P04: personas a segment, or a written waiver.")
    aim: tuple[int, int] = Field((3, 5), description="P04: personas in all that a team should aim at.")
    most_personas: int = Field(7, ge=1, description="P04: personas in all that people can keep apart.")
    max_defining: int = Field(
        4, ge=1, description="P05: defining attributes; each shrinks the part that has them all (Chapman et al. 2008)."
    )
    warn_match: float = Field(0.05, ge=0, le=1, description="P05: share of the segment that should match them all.")
    fail_match: float = Field(0.01, ge=0, le=1, description="P05: a smaller share describes hardly anybody.")
    min_match: int = Field(30, ge=0, description="P05: so do fewer units than this.")
    high_index: float = Field(120, ge=100, description="P06: a trait counts from this index up (everybody is 100).")
    low_index: float = Field(80, ge=0, le=100, description="P06: or from this index down.")
    max_jaccard: float = Field(
        0.30, ge=0, le=1, description="P07: members, or evidence, that two personas may share (Jaccard)."
    )
    max_cosine: float = Field(
        0.80, ge=-1, le=1, description="P07: likeness of the needs of two personas' members (cosine)."
    )
    shared_pains: int = Field(
        2, ge=1, le=3, description="P07: shared ones among the first three pains of two personas."
    )
    stable_from: float = Field(
        0.75, ge=0, le=1, description="P08: Jaccard from which a segment is stable in resamples (Hennig 2007)."
    )
    dissolve_below: float = Field(0.60, ge=0, le=1, description="P08: below it the segment dissolves (Hennig 2007).")
    raters: int = Field(5, ge=1, description="P12: people who must rate a persona before their means are judged.")
    low_perception: float = Field(
        4.0, ge=1, le=7, description="P12: a construct with a mean below this (1 to 7) needs work."
    )
    failed_predictions: int = Field(2, ge=1, description="P13: after so many failed tests the persona must be revised.")
    grade_a_people: int = Field(6, ge=0, description="Interviewees of the segment that grade A needs.")
    grade_b_people: int = Field(3, ge=0, description="Interviewees of the segment that grade B needs.")
    grade_b_support: float = Field(0.60, ge=0, le=1, description="Share of claims that stand that grade B needs.")

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        for low, high in (("fail_match", "warn_match"), ("dissolve_below", "stable_from")):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} must not lie above {high}; got {getattr(self, low)} and {getattr(self, high)}")
        if not 1 <= self.aim[0] <= self.aim[1] <= self.most_personas:
            raise ValueError(f"aim must be two numbers in order, up to most_personas; got {list(self.aim)}")
        return self
