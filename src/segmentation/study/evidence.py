"""What the joint display and the map of stakeholders rest on: what belongs together, and from where on evidence counts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .parts import Name, Part

__all__ = ["Evidence", "Hypothesis", "Stakeholders"]

Words = Annotated[str, Field(min_length=1, max_length=200)]


class Hypothesis(Part):
    """Something believed of a segment before the evidence is laid side by side."""

    segment: Words = Field(description="Id of the segment it is about.")
    statement: Annotated[str, Field(min_length=10, max_length=200)] = Field(description="What is believed, a sentence.")
    codes: tuple[Words, ...] = Field((), description="Codes of the interviews, any of which speaks for it.")
    variable: Name | None = Field(None, description="Variable of the study whose profile speaks for it.")
    level: str | None = Field(None, description="Level of that variable, where it has names for values.")
    direction: Literal["above", "below"] = Field("above", description="Whether the segment should lie above everybody.")

    @model_validator(mode="after")
    def _can_be_held_against_something(self) -> Self:
        if not self.codes and self.variable is None:
            raise ValueError("give codes, a variable or both: nothing else can speak for it or against it")
        return self


class Evidence(Part):
    """The joint display: use, numbers, interviews and sales side by side, and the limits of its verdicts."""

    hypotheses: str | None = Field(None, description="YAML file with a list of hypotheses of the team's own.")
    themes: dict[Name, tuple[Words, ...]] = Field(
        {}, description="Variable of use: codes that would be heard if it is used much because of a need."
    )
    reasons: dict[Words, tuple[Words, ...]] = Field(
        {}, description="Code: reasons for lost deals in the CRM that mean the same."
    )
    opportunity: float = Field(
        10.0, ge=0, le=20, description="Opportunity score that the whole interval must reach to speak for it."
    )
    heard: float = Field(
        0.5, gt=0, le=1, description="Share of a segment's interviewees from which on interviews speak for it."
    )
    least_people: int = Field(2, ge=1, description="Different people who must have said it; one person is an anecdote.")
    least_interviews: int = Field(
        3, ge=1, description="Interviewees of the segment below which interviews say nothing about it."
    )
    raised: float = Field(
        0.2, gt=0, le=1, description="Share of a segment's sales talks or lost deals from which on sales speaks for it."
    )
    least_talks: int = Field(
        10, ge=1, description="Sales talks, or lost deals with a reason, below which sales says nothing."
    )
    strands: int = Field(
        2, ge=1, le=3, description="Kinds of evidence that must agree, none against, to confirm or to drop."
    )


class Stakeholders(Part):
    """Palay's cube: what hurts, whom, and what each of them stands to gain."""

    roles: dict[Words, tuple[Words, ...]] = Field(
        min_length=1, description="Part in the decision (user, decider, ...): job titles as interviewees.csv has them."
    )
    problems: tuple[Words, ...] = Field((), description="Codes or categories that are problems; default: pains.")
    incentives: dict[Words, tuple[Words, ...]] = Field(
        min_length=1, description="What somebody stands to gain, in words: codes that show it."
    )
    opposed: tuple[tuple[Words, Words], ...] = Field(
        (), description="Pairs of incentives of which one is served at the cost of the other."
    )

    @model_validator(mode="after")
    def _pairs_name_incentives(self) -> Self:
        unknown = sorted({name for pair in self.opposed for name in pair} - set(self.incentives))
        if unknown:
            raise ValueError(
                f"opposed names {', '.join(map(repr, unknown))}; incentives are {', '.join(self.incentives)}"
            )
        if any(one == other for one, other in self.opposed):
            raise ValueError("an incentive cannot be opposed to itself")
        titles = [title.casefold() for group in self.roles.values() for title in group]
        twice = sorted({title for title in titles if titles.count(title) > 1})
        if twice:
            raise ValueError(f"a title can have one role only; {', '.join(map(repr, twice))} has several")
        return self
