"""The study file: what to read, what each column means, which choices were made.

The whole file is validated before anything runs; every problem is reported at once, with its line and the nearest right word.
"""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import StudyError, Violation, nearest_word

__all__ = ["Choices", "Segmenting", "Source", "Study", "Variable", "load_study", "read_yaml", "study_schema"]

Format = Literal[
    "hubspot.contacts",
    "hubspot.companies",
    "hubspot.deals",
    "segment.tracks",
    "segment.identifies",
    "qualtrics",
    "transcripts",
    "refi-qda",
    "table",
]
Kind = Literal[
    "demographic",
    "geographic",
    "firmographic",
    "technographic",
    "psychographic",
    "behavioural",
    "intent",
    "need",
]
Measure = Literal["recency", "active_days", "events", "share", "money", "trend", "tenure", "mean", "top2", "value"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
SIZE_LIMIT = 1_000_000  # bytes; a study file is a page or two, anything near this is a mistake or an attack


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(_Part):
    """One export to read: files (or a table of a database) and the format its tool writes."""

    path: str | tuple[str, ...] = Field((), description="File, glob, or list of either, relative to the study file.")
    connection: str | None = Field(
        None, description="Ibis URL of a database instead of files, e.g. duckdb://events.duckdb."
    )
    table: str | None = Field(None, description="Table of that database, or sheet of a workbook.")
    format: Format = Field(description="The layout the tool writes.")
    canonical: str | None = Field(
        None, alias="as", description="Canonical table this becomes (format: table only); default: the source's name."
    )
    columns: dict[str, str] = Field(
        {}, description="Canonical column: header in the file. Added to the format's aliases."
    )
    unit: str | None = Field(None, description="Header of the column that holds the unit id.")
    encoding: str = Field("utf-8", description="Text encoding of CSV and text files; a byte-order mark is honoured.")
    delimiter: str = Field(",", min_length=1, max_length=1)
    date_format: str | None = Field(
        None, description="strptime format of dates where the export does not write ISO 8601."
    )
    time_zone: str = Field("UTC", description="Zone of time stamps that name none.")

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if bool(self.paths) == bool(self.connection):
            raise ValueError("give either path or connection (with table), not both and not neither")
        if self.connection and not self.table:
            raise ValueError("connection needs table: the table to read")
        return self


class Variable(_Part):
    """One column of the feature table and how it is measured."""

    name: Name
    source: str = Field(alias="from", description="Name of the source it is computed from.")
    kind: Kind
    role: Literal["base", "descriptor", "outcome"] = Field(
        "descriptor",
        description="base forms the segments; descriptor describes them; outcome is what they should predict.",
    )
    label: str = Field("", description="Words for a reader; default: the name with spaces.")
    measure: Measure = Field("value", description="How rows of the source become one number a unit.")
    level: Literal["numeric", "ordinal", "nominal", "binary"] = "numeric"
    column: str | None = Field(None, description="Column measured (value, money); default: the variable's name.")
    events: tuple[str, ...] = Field((), description="Events counted; empty means all.")
    min_events: int = Field(
        1,
        ge=1,
        description="Fewest events a unit must have in the quarter for a share to be known; shares of a few events are "
        "large or nil by chance, which the test for segments takes for structure.",
    )
    items: tuple[str, ...] = Field(
        (), description="Survey items averaged (mean) or counted in the top two boxes (top2)."
    )
    scale: tuple[float, float] | None = Field(None, description="Lowest and highest possible answer.")
    centre: Literal["none", "respondent"] = Field(
        "none", description="respondent subtracts the person's mean over all rating items (removes answering style)."
    )
    transform: Literal["none", "log1p", "sqrt"] = "none"
    levels: tuple[str, ...] = Field((), description="Ordered levels of an ordinal variable, lowest first.")

    @property
    def words(self) -> str:
        return self.label or self.name.replace("_", " ")

    @model_validator(mode="after")
    def _measure_has_its_parts(self) -> Self:
        if self.measure in ("mean", "top2"):
            if not self.items:
                raise ValueError(f"measure: {self.measure} needs items: the survey items it is computed from")
            if self.scale is None:
                raise ValueError(f"measure: {self.measure} needs scale: [lowest, highest] possible answer")
        if self.level == "ordinal" and not self.levels:
            raise ValueError("level: ordinal needs levels: the answers from lowest to highest")
        if self.role == "base" and self.level == "nominal":
            raise ValueError(
                "a nominal variable cannot be a base variable of k-means: distances between names mean nothing"
            )
        return self


class Segmenting(_Part):
    """One segmentation: its base variables and how many segments are considered."""

    base: tuple[str, ...] = Field(min_length=2, description="Names of base variables.")
    method: Literal["kmeans"] = "kmeans"
    segments: int | tuple[int, int] = Field((2, 8), description="A number, or the lowest and highest to compare.")

    @property
    def candidates(self) -> range:
        low, high = (self.segments, self.segments) if isinstance(self.segments, int) else self.segments
        return range(low, high + 1)

    @model_validator(mode="after")
    def _range_is_sensible(self) -> Self:
        low, high = (
            self.candidates[0] if len(self.candidates) else 0,
            self.candidates[-1] if len(self.candidates) else 0,
        )
        if not 2 <= low <= high <= 20:
            raise ValueError("segments must be a number, or [lowest, highest], between 2 and 20")
        return self


class Choices(_Part):
    """Choices that change numbers; each is printed in the report."""

    random_state: int = Field(1, ge=0, description="The only source of randomness.")
    starts: int = Field(
        50, ge=1, le=10_000, description="Random starts of the search for the best partition, at least."
    )
    pairs: int = Field(100, ge=10, le=10_000, description="Pairs of bootstrap samples for stability.")
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


class Study(_Part):
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
    segmentations: dict[Name, Segmenting] = Field(min_length=1, max_length=1)
    personas: str | None = Field(None, description="Folder of persona files, one Markdown file each.")
    messages: str | None = None
    experiments: str | None = None
    kpis: str | None = None
    feedback: str | None = Field(None, description="CSV of sales feedback.")
    journeys: dict[Name, tuple[str, ...]] = Field(
        {}, description="Journey stage: events that mark it, in order of stages."
    )
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
        return tuple(v for v in self.variables if v.name not in self.segmentation.base)

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


def load_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path : str or Path
        The YAML file, or the folder that holds ``study.yaml``.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every problem of the file: unreadable, not YAML, unknown keys, wrong values, names that refer to nothing.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "study.yaml"
    if not file.is_file():
        raise StudyError([Violation("no such study file", file=str(path), fix="`segmentation init DIR` writes one")])
    content, lines = _parse(file)
    content = content if isinstance(content, dict) else {}
    violations: list[Violation] = []
    for hidden in ("folder", "file"):
        if hidden in content:
            violations.append(Violation("unknown key", str(file), column=hidden, line=lines.get((hidden,))))
            content = {key: value for key, value in content.items() if key != hidden}
    try:
        study = Study.model_validate({**content, "folder": file.parent, "file": file})
    except ValidationError as error:
        violations += [_violation(item, file, lines) for item in error.errors()]
        raise StudyError(violations) from None
    violations += _check_references(study, lines)
    if violations:
        raise StudyError(violations)
    return study


def read_yaml(file: Path) -> tuple[Any, dict[tuple[Any, ...], int]]:
    """Content of a YAML file and the line of every key, strictly: nothing that YAML would accept in silence.

    Parameters
    ----------
    file : Path

    Returns
    -------
    content, dict
        What the file holds, and the line (from 1) of every key by its path of keys and positions.

    Raises
    ------
    StudyError
        If it has aliases, doubled keys, more than 1 MB, is not UTF-8 or not YAML.
    """
    return _parse(file)


def _parse(file: Path) -> tuple[Any, dict[tuple[Any, ...], int]]:
    """Content and the line of every key; refuses aliases and duplicate keys, which YAML would accept in silence."""
    raw = file.read_bytes()
    if len(raw) > SIZE_LIMIT:
        raise StudyError([Violation(f"a study file may have {SIZE_LIMIT:,} bytes", str(file), value=len(raw))])
    violations: list[Violation] = []
    lines: dict[tuple[Any, ...], int] = {}
    try:
        text = raw.decode("utf-8-sig")
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1
                raise StudyError([Violation("YAML aliases (*name) are not allowed here", str(file), line=line)])
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise StudyError([Violation(f"not UTF-8 text: {error}", str(file), fix="Save it as UTF-8")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = None if mark is None else mark.line + 1
        raise StudyError([Violation(f"not valid YAML: {problem}", str(file), line=line)]) from None

    def walk(node: yaml.Node | None, path: tuple[Any, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = (*path, key.value)
                if place in lines:
                    violations.append(
                        Violation("key stands twice", str(file), column=str(key.value), line=key.start_mark.line + 1)
                    )
                lines[place] = key.start_mark.line + 1
                walk(value, place)
        elif isinstance(node, yaml.SequenceNode):
            for position, value in enumerate(node.value):
                lines[(*path, position)] = value.start_mark.line + 1
                walk(value, (*path, position))

    walk(root, ())
    if violations:
        raise StudyError(violations)
    return content, lines


def _violation(item: Any, file: Path, lines: dict[tuple[Any, ...], int]) -> Violation:
    place = tuple(item["loc"])
    known = place
    while known and known not in lines:
        known = known[:-1]
    where = ".".join(str(part) for part in place)
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = _keys_at(place[:-1])
        hint = nearest_word(place[-1], allowed) or f"Keys here: {', '.join(allowed)}"
        return Violation("unknown key", str(file), column=where, line=lines.get(known), fix=hint)
    if kind == "literal_error":
        allowed = str(context.get("expected", ""))
        words = [word.strip(" '") for word in allowed.replace(" or ", ", ").split(",")]
        hint = nearest_word(item["input"], words)
        return Violation(
            "not one of the words known here", str(file), None, where, item["input"], allowed, hint, lines.get(known)
        )
    if kind == "missing":
        return Violation("this key is required", str(file), column=where, line=lines.get(known))
    message = item["msg"].removeprefix("Value error, ")
    value = item["input"] if isinstance(item["input"], (str, int, float, bool)) else None
    return Violation(message, str(file), None, where, value, line=lines.get(known))


def _keys_at(place: tuple[Any, ...]) -> list[str]:
    models: dict[str, type[_Part]] = {
        "sources": Source,
        "variables": Variable,
        "segmentations": Segmenting,
        "choices": Choices,
    }
    model = models.get(str(place[0]), Study) if place else Study
    names = (field.alias or name for name, field in model.model_fields.items())
    return sorted(name for name in names if name not in ("folder", "file"))


def _check_references(study: Study, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
    """Names that must mean something: sources of variables, base variables, files and folders."""
    file = str(study.file)
    found: list[Violation] = []
    names = [variable.name for variable in study.variables]
    for position, variable in enumerate(study.variables):
        line = lines.get(("variables", position))
        if variable.source not in study.sources:
            hint = nearest_word(variable.source, study.sources)
            found.append(
                Violation(
                    "no such source", file, None, f"variables.{variable.name}.from", variable.source,
                    ", ".join(study.sources), hint, line,
                )
            )  # fmt: skip
        if names.index(variable.name) != position:
            found.append(Violation("variable name stands twice", file, column=variable.name, line=line))
    for label, segmenting in study.segmentations.items():
        for position, name in enumerate(segmenting.base):
            line = lines.get(("segmentations", label, "base", position))
            where = f"segmentations.{label}.base"
            if name not in names:
                allowed = ", ".join(v.name for v in study.variables if v.role == "base")
                found.append(
                    Violation("no such variable", file, None, where, name, allowed, nearest_word(name, names), line)
                )
            elif study.variable(name).role != "base":
                fix = "Give the variable role: base, or take it out of the base"
                found.append(
                    Violation(f"its role is {study.variable(name).role}", file, None, where, name, "", fix, line)
                )
    for key, source in study.sources.items():
        for pattern in source.paths:
            if not study.expand(pattern):
                line = lines.get(("sources", key, "path"), lines.get(("sources", key)))
                fix = "Check the path; it is relative to the study file"
                found.append(Violation("no such file", file, None, f"sources.{key}.path", pattern, "", fix, line))
    for key in ("personas", "messages", "experiments", "kpis", "feedback"):
        named = getattr(study, key)
        if named is not None and not study.resolve(named).exists():
            fix = "Check the path; it is relative to the study file"
            found.append(Violation("no such file", file, None, key, named, "", fix, lines.get((key,))))
    return found
