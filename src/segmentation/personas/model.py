"""A persona as the team writes it: claims, each with its evidence or openly an assumption."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "SECTIONS", "Claim", "Evidence", "Jobs", "JourneyStep", "Persona", "Prediction", "ProfileRef", "QuoteRef",
    "TouchRef", "persona_schema",
]  # fmt: skip

HIDDEN = ("body", "file", "lines")  # set by the reader, not keys of the file
SECTIONS = {
    "pains": "Pains",
    "goals": "Goals",
    "triggers": "What makes them look",
    "barriers": "What holds them back",
    "success_factors": "How they know it worked",
    "decision_criteria": "How they decide",
    "information_sources": "Whom they ask",
    "channels": "Where to reach them",
    "incentives": "What they gain or lose personally",
    "language": "Words they use",
    "reception": "How they would take a message",
    "behaviour": "What they do",
    "firmographics": "Who they are",
    "regions": "Where they are",
    "journey": "Along the way",
    "themes": "What they talk about",
}


def _as_words(value: Any) -> Any:
    """YAML reads ``level: yes`` as true and ``level: 1`` as a number; both are words here."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, (int, float)) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) or value is None else [value]


def _as_claim(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_as_words), Field(min_length=1)]
Direction = Literal["above", "below"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ProfileRef(_Part):
    """A row of the segment profile, and the way it must point."""

    variable: str = Field(description="Name of a variable of the study.")
    segment: str | None = Field(None, description="Segment id; default: the persona's.")
    level: Words | None = Field(None, description="Level of a variable of words, for instance a country.")
    direction: Direction = Field("above", description="The segment lies above or below everybody.")


class QuoteRef(_Part):
    """Words of an interviewee, exactly as they stand in the transcript; [person] and the like stand for what was masked."""

    participant: Words = Field(description="Id of the interviewee.")
    text: str = Field(min_length=3, description="Word for word; only white space may differ.")


class TouchRef(_Part):
    """A row of the measured touchpoints: who came to a stage through a channel, and the way it must point."""

    channel: Words = Field(description="Channel as the events name it.")
    stage: Words = Field(description="Stage of the study's journeys.")
    segment: str | None = Field(None, description="Segment id; default: the persona's.")
    direction: Direction = Field("above", description="The segment came this way more or less often than everybody.")


class Evidence(_Part):
    """One piece of evidence: exactly one of the keys."""

    profile: ProfileRef | None = Field(None, description="A row of the segment profile.")
    theme: Words | None = Field(None, description="Code of the codebook; counted among the segment's interviewees.")
    quote: QuoteRef | None = Field(None, description="Words of one interviewee.")
    touchpoint: TouchRef | None = Field(None, description="A row of the measured touchpoints.")
    kpi: Words | None = Field(None, description="Name of a KPI of the study.")

    @property
    def sort(self) -> str:
        """profile, theme, quote, touchpoint or kpi."""
        return next(name for name in Evidence.model_fields if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if sum(getattr(self, name) is not None for name in Evidence.model_fields) != 1:
            one = ", ".join(Evidence.model_fields)
            raise ValueError(f"give exactly one of {one}; several pieces of evidence are several list items")
        return self


class Claim(_Part):
    """A sentence about the persona; without evidence it is an assumption."""

    text: str = Field(min_length=3)
    evidence: Annotated[tuple[Evidence, ...], BeforeValidator(_as_list)] = Field(
        (), description="What shows it; absent: the claim is shown as an assumption."
    )


class JourneyStep(Claim):
    """A sentence about one stage of the way; with an emotion it is a point of the persona's emotion line."""

    stage: Words | None = Field(None, description="Stage of the study's journeys.")
    emotion: int | None = Field(
        None, ge=-2, le=2, description="How it feels there, -2 (very bad) to 2 (very good), read from what people said."
    )

    @model_validator(mode="after")
    def _emotion_has_its_stage(self) -> Self:
        if self.emotion is not None and self.stage is None:
            raise ValueError("an emotion needs stage: the stage of the journey at which it is felt")
        return self


Written = Annotated[Claim, BeforeValidator(_as_claim)]
Claims = Annotated[tuple[Written, ...], BeforeValidator(_as_list)]
Steps = Annotated[tuple[Annotated[JourneyStep, BeforeValidator(_as_claim)], ...], BeforeValidator(_as_list)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Jobs(_Part):
    """The job they hire the product for (jobs to be done)."""

    functional: Written | None = Field(None, description="What gets done.")
    emotional: Written | None = Field(None, description="How it should feel.")
    social: Written | None = Field(None, description="How others should see them.")


class Prediction(_Part):
    """What must come out of a test if the persona is right."""

    text: str = Field(min_length=3)
    message: Words | None = Field(None, description="Id of the message expected to win.")
    against: Words | None = Field(None, description="Id of the message it is tested against.")
    kpi: Words | None = Field(None, description="The figure that decides.")
    failed: Texts = Field(
        (),
        description="Quarters in which a test refuted it, such as 2026Q2; read only where no report tells of a test.",
    )


class Persona(_Part):
    """A persona file: YAML front matter of a Markdown file.

    ``persona_schema()`` has every key with its description.
    """

    persona_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$", description="Stable id, also the page's file name.")
    name: str = Field(min_length=2, max_length=60)
    segment: Words = Field(description="Segment id, for instance S1.")
    one_line: str = Field("", max_length=160, description="Who they are in one line.")
    quarter: str | None = Field(None, pattern=r"^\d{4}Q[1-4]$", description="Quarter it was last worked on.")
    version: int = Field(1, ge=1)
    status: Literal["draft", "validated", "retired"] = "draft"
    role: (
        Literal["user", "influencer", "buyer", "decider", "gatekeeper", "initiator", "approver", "champion"] | None
    ) = Field(None, description="Role in the buying unit (Webster and Wind 1972, and later additions).")
    jtbd: Jobs = Jobs()
    pains: Claims = Field((), description="Ranked, the worst first.")
    goals: Claims = ()
    triggers: Claims = ()
    barriers: Claims = ()
    success_factors: Claims = ()
    decision_criteria: Claims = Field((), description="Ranked, the weightiest first.")
    information_sources: Claims = ()
    channels: Claims = ()
    incentives: Claims = ()
    behaviour: Claims = ()
    firmographics: Claims = ()
    regions: Claims = ()
    language: Claims = Field((), description="Words and phrases they use, which a message may take up.")
    reception: Claims = Field((), description="How they would take a message: what wins them, what puts them off.")
    journey: Steps = Field(
        (), description="Along the way; a step with stage and emotion is a point of the emotion line."
    )
    themes: Claims = ()
    quotes: Annotated[tuple[QuoteRef, ...], BeforeValidator(_as_list)] = ()
    defining: Annotated[tuple[ProfileRef, ...], BeforeValidator(_as_list)] = Field(
        (), description="Attributes that mark a member: above or below the median customer, or a level."
    )
    unlike: Texts = Field((), description="Who in the segment this persona does not fit.")
    messages: Texts = Field((), description="Ids of messages meant for this persona.")
    kpis: Texts = Field((), description="KPIs this persona is judged by.")
    prediction: Prediction | None = None
    method: str = Field("", description="Who made it, how, from what.")
    limits: str = Field("", description="What it does not show.")
    waiver: str = Field("", description="Why this segment has fewer personas than the rule asks for.")
    body: str = Field("", exclude=True, description="Text under the front matter.")
    file: str = Field("", exclude=True)
    lines: dict[str, int] = Field({}, exclude=True)

    def line_of(self, place: str) -> int | None:
        """Line of the file where a key or list item stands; of what it lies in where it has none.

        Examples
        --------
        >>> Persona(persona_id="s1-a", name="Dana", segment="S1", lines={"pains.0": 7}).line_of("pains.0.evidence.2")
        7
        """
        while place and place not in self.lines:
            place = place.rpartition(".")[0]
        return self.lines.get(place)

    def claims(self) -> list[tuple[str, str, Claim]]:
        """Claim id, section and claim, in the order of the page.

        Examples
        --------
        >>> persona = Persona(persona_id="s1-a", name="Dispatcher Dana", segment="S1", pains=["Drives for nothing"])
        >>> [(name, section, claim.text) for name, section, claim in persona.claims()]
        [('pains-1', 'pains', 'Drives for nothing')]
        """
        found = [
            (f"jtbd-{part}", "jtbd", claim)
            for part in ("functional", "emotional", "social")
            if (claim := getattr(self.jtbd, part)) is not None
        ]
        for section in SECTIONS:
            found += [
                (f"{section}-{rank}", section, claim) for rank, claim in enumerate(getattr(self, section), start=1)
            ]
        return found


def persona_schema() -> dict[str, Any]:
    """JSON Schema of a persona file's front matter, for editors.

    Returns
    -------
    dict

    Examples
    --------
    >>> persona_schema()["required"]
    ['persona_id', 'name', 'segment']
    """
    schema = Persona.model_json_schema()
    for hidden in HIDDEN:
        schema["properties"].pop(hidden)
    shapes = schema["$defs"]
    for name in ("Claim", "JourneyStep"):
        whole = dict(shapes[name])
        evidence = whole["properties"]["evidence"]
        evidence["anyOf"] = [{"$ref": "#/$defs/Evidence"}, {"type": "array", "items": evidence.pop("items")}]
        evidence.pop("type", None)
        shapes[name] = {"anyOf": [{"type": "string", "minLength": 3}, whole]}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "persona"
    return schema
