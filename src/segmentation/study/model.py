"""The study: what was asked, validated whole."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from .activation import Activation, Fairness, Lookalike
from .choices import Choices
from .evidence import Evidence, Stakeholders
from .jobs import Job
from .messaging import Messaging
from .parts import Name, Part, Source, Variable
from .segmenting import Segmenting
from .use import Scorecard, Targeting

__all__ = ["Study", "study_schema"]


class Study(Part):
    """A validated study file.

    Attributes are the keys of the file; ``folder`` is where it lies, ``file`` its path. ``study_schema()`` has them all
    with their descriptions.
    """

    study: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    title: str = ""
    about: str = Field("", description="Who asked what, in a paragraph; printed at the top of the report.")
    unit: Name
    unit_words: str = Field("", description="What a unit is called in sentences, plural: accounts, households.")
    periods: Literal["quarter"] = "quarter"
    synthetic: bool = Field(False, description="True for made-up data: every caption says so.")
    sources: dict[Name, Source] = Field(min_length=1)
    variables: tuple[Variable, ...] = Field(min_length=2)
    weight: Name | None = Field(
        None, description="Variable with role: weight; segments and profiles then speak of the market."
    )
    segmentations: dict[Name, Segmenting] = Field(
        min_length=1, max_length=6, description="The first carries the line; the others are shown beside it."
    )
    decisions: str = Field(
        "decisions.yaml",
        description="File of names, merges and notes for segments, as explore.ipynb writes it; need not be there.",
    )
    regions: Name | None = Field(None, description="Nominal variable whose levels are the regions compared.")
    targeting: Targeting | None = Field(None, description="Criteria of the map of targets.")
    positioning: tuple[Name, ...] = Field((), description="Variables (perceptions) drawn in the positioning map.")
    questions: tuple[Name, ...] = Field(
        (),
        description="Variables the typing tool may ask; default: the base variables that come from a survey, else all.",
    )
    scorecard: Scorecard = Scorecard()
    jobs: tuple[Job, ...] = Field(
        (), description="Jobs to be done with the survey items that rate them.", max_length=60
    )
    evidence: Evidence = Evidence()
    stakeholders: Stakeholders | None = Field(None, description="Roles and incentives behind the map of stakeholders.")
    interview_plan: str | None = Field(
        None, description="The plan of interviews as it was frozen before fieldwork, with what became of each person."
    )
    personas: str | None = Field(None, description="Folder of persona files, one Markdown file each.")
    messages: str | None = None
    experiments: str | None = None
    kpis: str | None = None
    feedback: str | None = Field(None, description="CSV of sales feedback.")
    crm_personas: dict[str, str] = Field(
        {}, description="Persona id: its value in the CRM's persona field, to compare the field with whom sales met."
    )
    journeys: dict[Name, tuple[str, ...]] = Field(
        {}, description="Journey stage: events that mark it, in order of stages."
    )
    activation: Activation = Activation()
    lookalike: Lookalike | None = Field(None, description="Who else might do what some units did.")
    fairness: Fairness | None = Field(None, description="Attributes in which no audience should be lopsided.")
    messaging: Messaging = Messaging()
    choices: Choices = Choices()
    folder: Path = Field(Path(), exclude=True)
    file: Path = Field(Path(), exclude=True)

    @property
    def segmentation(self) -> Segmenting:
        return next(iter(self.segmentations.values()))

    @property
    def units(self) -> str:
        """What units are called in a sentence."""
        return self.unit_words or f"{self.unit} units"

    @property
    def base(self) -> tuple[Variable, ...]:
        by_name = {variable.name: variable for variable in self.variables}
        return tuple(by_name[name] for name in self.segmentation.base)

    @property
    def descriptors(self) -> tuple[Variable, ...]:
        """Variables that had no part in forming the segments; outcomes among them, but for the one a tree was led by."""
        formed = {*self.segmentation.base, self.segmentation.outcome}
        return tuple(v for v in self.variables if v.name not in formed and v.role != "weight")

    @property
    def led_by(self) -> tuple[Variable, ...]:
        """The outcome that a tree's segments were led by; segments differ in it by construction."""
        return tuple(v for v in self.variables if v.name == self.segmentation.outcome)

    def select(self, name: str) -> Study:
        """The same study with another of its segmentations first, so that everything speaks of that one."""
        others = {key: value for key, value in self.segmentations.items() if key != name}
        return self.model_copy(update={"segmentations": {name: self.segmentations[name], **others}})

    @property
    def labels(self) -> dict[str, str]:
        """Variable to the words a reader sees."""
        return {variable.name: variable.words for variable in self.variables}

    def variable(self, name: str) -> Variable:
        return next(v for v in self.variables if v.name == name)

    def resolve(self, path: str) -> Path:
        """Path of a file named in the study."""
        return self.folder / path

    def expand(self, pattern: str) -> tuple[Path, ...]:
        """Files that a path or glob of the study means, sorted by name."""
        return tuple(Path(found) for found in sorted(glob(str(self.folder / pattern))))


def study_schema() -> dict[str, Any]:
    """JSON Schema of the study file, for editors."""
    schema = Study.model_json_schema(by_alias=True)
    for hidden in ("folder", "file"):
        schema["properties"].pop(hidden, None)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "study.yaml"
    return schema
