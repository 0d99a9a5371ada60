"""Jobs to be done: what customers want to get done, and the two survey items that rate each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ..errors import Violation
from .parts import Part

if TYPE_CHECKING:
    from .model import Study

__all__ = ["Job", "check_jobs"]

Item = Annotated[str, Field(min_length=1, max_length=80)]


class Job(Part):
    """One job, rated twice by the same people: how important it is, and how satisfied they are with how they do it today."""

    statement: Annotated[str, Field(min_length=3, max_length=160)] = Field(
        description="What they want to get done: a verb, its object, the circumstance; no product in it."
    )
    kind: Literal["functional", "emotional", "social"] = Field(
        "functional", description="What the items rate: getting something done, feeling a way, being seen a way."
    )
    emotional: str = Field("", max_length=160, description="How they want to feel when it is done.")
    social: str = Field("", max_length=160, description="How they want to be seen by others when it is done.")
    importance: Item = Field(description="Survey item: how important this is.")
    satisfaction: Item = Field(description="Survey item: how satisfied they are with how they do it today.")
    scale: tuple[float, float] = Field((1, 5), description="Lowest and highest possible answer of both items.")
    code: Item | None = Field(None, description="Code of the interviews that is about this job; links it to quotes.")

    @model_validator(mode="after")
    def _items_and_scale_make_sense(self) -> Self:
        if self.importance == self.satisfaction:
            raise ValueError(f"importance and satisfaction must be two items; got {self.importance!r} twice")
        if not self.scale[0] < self.scale[1] - 1:
            raise ValueError(
                "scale must be [lowest, highest] with at least three answers, since the two highest are counted"
            )
        return self


def check_jobs(study: Study, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
    """Jobs that rest on no survey, or on an item that another job rests on.

    Whether the survey has the items is seen when it is read.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> check_jobs(tiny_study(), {})
    []
    """
    found: list[Violation] = []
    file = str(study.file)
    surveys = [key for key, source in study.sources.items() if _is_survey(key, source.format, source.canonical)]
    if study.jobs and not surveys:
        fix = "Add the survey to sources (format: qualtrics, or format: table with as: survey), or take jobs out"
        found.append(Violation("jobs need a survey", file, None, "jobs", fix=fix, line=lines.get(("jobs",))))
    seen: dict[str, int] = {}
    for position, job in enumerate(study.jobs):
        for key, value in (
            ("statement", job.statement),
            ("importance", job.importance),
            ("satisfaction", job.satisfaction),
        ):
            kept = f"{key}:{value.casefold()}" if key == "statement" else value
            if kept in seen:
                line = lines.get(("jobs", position, key), lines.get(("jobs", position)))
                message = f"stands in job {seen[kept] + 1} already"
                found.append(Violation(message, file, None, f"jobs.{position}.{key}", value, line=line))
            seen.setdefault(kept, position)
    return found


def _is_survey(key: str, kind: str, canonical: str | None) -> bool:
    return kind == "qualtrics" or (canonical or key) == "survey"
