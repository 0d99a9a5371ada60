"""Choices that change numbers."""

from __future__ import annotations

from pydantic import Field

from .parts import Part
from .persona_rules import PersonaRules

__all__ = ["Choices"]


class Choices(Part):
    """Choices that change numbers; each is printed in the report."""

    random_state: int = Field(1, ge=0, description="The only source of randomness.")
    starts: int = Field(
        50, ge=1, le=10_000, description="Random starts of the search for the best partition, at least."
    )
    pairs: int = Field(100, ge=10, le=10_000, description="Pairs of bootstrap samples for stability.")
    model_pairs: int = Field(
        15,
        ge=5,
        le=10_000,
        description="Pairs of resamples for methods other than kmeans, which are slower to fit.",
    )
    references: int = Field(
        199, ge=19, le=9_999, description="Reference data sets without segments for the structure test."
    )
    draws: int = Field(1000, ge=100, le=100_000, description="Bootstrap draws for intervals.")
    alpha: float = Field(
        0.05, gt=0, lt=0.5, description="Error rate of the structure test and of the false discovery control."
    )
    min_cell: int = Field(10, ge=3, description="A published cell with fewer units is withheld.")
    straight_line: float = Field(
        0.0,
        ge=0,
        description="A respondent whose rating answers vary no more than this (standard deviation) is careless.",
    )
    min_seconds_per_item: float = Field(
        1.0, ge=0, description="A respondent faster than this per rating item is careless."
    )
    min_observed: float = Field(
        0.4, gt=0, le=1, description="Share of base variables a unit must have to be placed in a segment."
    )
    map_neighbours: int = Field(30, ge=2, le=200, description="UMAP's n_neighbors for the map.")
    interviews: int = Field(8, ge=1, le=100, description="Interviews planned a segment.")
    response_rate: float = Field(0.25, gt=0, le=1, description="Share of those invited to an interview who come.")
    refit_agreement: float = Field(
        0.8,
        gt=0,
        le=1,
        description="A refit is worth a decision if it agrees less with the frozen solution (adjusted Rand index).",
    )
    refit_drift: float = Field(
        0.25, gt=0, description="... or a base variable drifted more, beyond chance (population stability index)."
    )
    refit_far: float = Field(
        0.1,
        gt=0.05,
        lt=1,
        description="... or a larger share of units is farther from its centre than 95 % were last quarter.",
    )
    personas: PersonaRules = Field(PersonaRules(), description="Limits of the rules P01 to P13 for personas.")
    proof_months: int = Field(12, ge=1, description="Months after which a proof cited by a message is too old.")
    same_words: float = Field(
        0.8, gt=0, lt=1, description="Share of words in common above which two personas are told the same."
    )
