"""Where segments go: exports, holdout, consent, lookalikes and the report of fairness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ..errors import Violation, nearest_word
from .parts import Name, Part

if TYPE_CHECKING:
    from .model import Study

__all__ = ["Activation", "Country", "Fairness", "Lookalike", "People", "Platform", "check_activation"]

Platform = Literal["hubspot", "salesforce", "segment", "posthog", "marketo", "google", "meta", "linkedin"]
Header = Annotated[str, Field(min_length=1, max_length=120)]


class Country(Part):
    """How a country that the CRM writes in words is written for others."""

    iso: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166 code of two letters.")
    calling_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")] = Field(description="Without plus sign.")
    trunk: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = Field(
        "0", description="Digits dialled before a number within the country, left out in the international form."
    )


class People(Part):
    """Where the addresses of people stand; read when files are exported and never kept.

    Every value but source, consent_means and countries is a header of the source's file.
    """

    source: Name = Field(description="Source of the study that holds the people, for instance contacts.")
    id: Header = Field(description="Id of the person.")
    unit: Header = Field(description="Id of the unit the person belongs to; of several the first counts.")
    email: Header
    phone: Header | None = None
    first_name: Header | None = None
    last_name: Header | None = None
    country: Header | None = Field(
        None, description="Default: the country of the unit in the canonical table companies."
    )
    zip: Header | None = None
    consent: Header = Field(description="Column that tells who may be written to.")
    consent_means: Literal["opted_out", "opted_in"] = Field(
        "opted_in",
        description="opted_in: only those with yes may be written to. opted_out: everybody but those with yes.",
    )
    countries: dict[str, Country] = Field({}, description="Country as the CRM writes it: its code and calling code.")


class Activation(Part):
    """Choices about what leaves the study for other tools; each is printed in the report."""

    keep_margin: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="A unit keeps last period's segment unless the new one leads by this margin (0 on the border, 1 at "
        "the centre); 0 switches it off.",
    )
    near_nobody: float = Field(
        0.99,
        gt=0.5,
        lt=1,
        description="A unit is near nobody if it is further from its segment's centre than this share of its members.",
    )
    holdout: float = Field(
        0.1, ge=0, le=0.5, description="Share of units that no audience reaches, so that effects can be seen."
    )
    salt: str = Field(
        "", max_length=80, description="Word that decides who is held out; default: the name of the study."
    )
    people: People | None = None
    suppression: str | None = Field(None, description="CSV of people and units that nothing is ever sent to.")


class Lookalike(Part):
    """Who else might do what some units did."""

    seed: tuple[str, ...] = Field(min_length=1, description="Events that make a unit a seed.")
    label: str = Field("", description="Words for what seeds did: attended a webinar.")
    bands: tuple[float, ...] = Field(
        (0.01, 0.03, 0.05, 0.1),
        min_length=1,
        max_length=8,
        description="Sizes of audiences, as shares of those ranked.",
    )

    @property
    def words(self) -> str:
        return self.label or " or ".join(self.seed).replace("_", " ")

    @model_validator(mode="after")
    def _bands_grow(self) -> Self:
        if list(self.bands) != sorted(set(self.bands)) or not 0 < self.bands[0] <= self.bands[-1] <= 0.5:
            raise ValueError("bands must grow and lie above 0 and up to 0.5, for instance [0.01, 0.05, 0.1]")
        return self


class Fairness(Part):
    """Attributes in which no audience should be lopsided without a reason."""

    protected: tuple[Name, ...] = Field(
        min_length=1, max_length=20, description="Variables that law or the team protect."
    )
    proxies: tuple[Name, ...] = Field(
        (), max_length=20, description="Variables that may stand for a protected one without anybody meaning it."
    )
    min_ratio: float = Field(
        0.8, gt=0, lt=1, description="Lowest ratio of two shares selected that passes (four fifths rule)."
    )


def check_activation(study: Study, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
    """Names under activation, lookalike and fairness that must mean something.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> check_activation(tiny_study(), {})
    []
    """
    file, found = str(study.file), []
    people, suppression = study.activation.people, study.activation.suppression
    if people is not None and people.source not in study.sources:
        hint, line = nearest_word(people.source, study.sources), lines.get(("activation", "people", "source"))
        where = "activation.people.source"
        found.append(
            Violation("no such source", file, None, where, people.source, ", ".join(study.sources), hint, line)
        )
    elif people is not None and study.sources[people.source].connection:
        fix, line = "Name a source of files", lines.get(("activation", "people", "source"))
        message = "addresses are read from files, not from a database"
        found.append(Violation(message, file, None, "activation.people.source", people.source, "", fix, line))
    if suppression is not None and not study.resolve(suppression).is_file():
        fix, line = "Check the path; it is relative to the study file", lines.get(("activation", "suppression"))
        found.append(Violation("no such file", file, None, "activation.suppression", suppression, "", fix, line))
    names = [variable.name for variable in study.variables]
    for key in ("protected", "proxies"):
        for position, name in enumerate(getattr(study.fairness, key) if study.fairness else ()):
            if name not in names:
                line = lines.get(("fairness", key, position), lines.get(("fairness", key)))
                hint = nearest_word(name, names)
                found.append(Violation("no such variable", file, None, f"fairness.{key}", name, "", hint, line))
    both = set(study.fairness.protected) & set(study.fairness.proxies) if study.fairness else set()
    for name in sorted(both):
        line = lines.get(("fairness", "proxies"))
        message = "is protected itself, so it is no proxy"
        found.append(Violation(message, file, None, "fairness.proxies", name, "", "Name it once", line))
    return found
