"""One segmentation of a study: its base variables, its method, and the decision it serves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .parts import Name, Part

__all__ = ["METHODS", "Segmenting"]

Method = Literal[
    "kmeans",
    "latent-class",
    "latent-profile",
    "gaussian",
    "ward",
    "medoids",
    "hdbscan",
    "rules",
    "tree",
    "auto",
]
_NUMBERS = frozenset({"numeric", "ordinal", "binary"})
_NAMES = frozenset({"nominal", "ordinal", "binary"})
_ALL = _NUMBERS | _NAMES
METHODS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "kmeans": _NUMBERS,
        "latent-class": _ALL,
        "latent-profile": _NUMBERS,
        "gaussian": _NUMBERS,
        "ward": _NUMBERS,
        "medoids": _ALL,
        "hdbscan": _NUMBERS,
        "rules": _ALL,
        "tree": _ALL,
        "auto": _ALL,
    }
)
"""Levels of measurement that each method takes as base variables."""


class Segmenting(Part):
    """One segmentation: its base variables, its method and how many segments are considered."""

    serves: str = Field("", description="The decision it serves, in words; several segmentations serve several.")
    base: tuple[str, ...] = Field((), description="Names of base variables.")
    method: Method = Field(
        "kmeans",
        description="kmeans, ward, gaussian, latent-profile, hdbscan: numbers. latent-class, medoids: names too. rules: "
        "segments by stated rules. tree: segments that differ in an outcome. auto: chosen by level and stability.",
    )
    segments: int | tuple[int, int] = Field((2, 8), description="A number, or the lowest and highest to compare.")
    rules: str | None = Field(
        None,
        description="YAML file of the rules (method: rules only): segments (name; when: variable to condition) or cells "
        "(variable with cuts, quantiles or levels).",
    )
    outcome: Name | None = Field(None, description="Variable that segments should differ in (method: tree only).")

    refit: tuple[Annotated[str, Field(pattern=r"^\d{4}Q[1-4]$")], ...] = Field(
        (),
        description="Quarters whose refit the team accepts. In any other quarter with a predecessor in the ledger the frozen solution "
        "scores everybody and the refit is only reported.",
    )

    @property
    def candidates(self) -> range:
        low, high = (self.segments, self.segments) if isinstance(self.segments, int) else self.segments
        return range(low, high + 1)

    @model_validator(mode="after")
    def _parts_fit_the_method(self) -> Self:
        low, high = (self.segments, self.segments) if isinstance(self.segments, int) else self.segments
        if not 2 <= low <= high <= 20:
            raise ValueError("segments must be a number, or [lowest, highest], between 2 and 20")
        if (self.rules is not None) != (self.method == "rules"):
            raise ValueError("rules: names the file of rules, and goes with method: rules and with nothing else")
        if (self.outcome is not None) != (self.method == "tree"):
            raise ValueError("outcome: names the variable to predict, and goes with method: tree and with nothing else")
        least = 1 if self.method in ("rules", "tree") else 2
        if len(self.base) < least:
            raise ValueError(
                f"base needs at least {least} variable{'s' if least > 1 else ''} with method: {self.method}"
            )
        return self
