"""Sources and variables: what is read, and how a column is measured."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Name", "Part", "Source", "Variable"]

Format = Literal[
    "hubspot.contacts",
    "hubspot.companies",
    "hubspot.deals",
    "segment.tracks",
    "segment.identifies",
    "qualtrics",
    "transcripts",
    "texts",
    "refi-qda",
    "qualcoder",
    "taguette",
    "coded-table",
    "segmentation.codings",
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


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(Part):
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


class Variable(Part):
    """One column of the feature table and how it is measured."""

    name: Name
    source: str = Field(alias="from", description="Name of the source it is computed from.")
    kind: Kind
    role: Literal["base", "descriptor", "outcome", "weight"] = Field(
        "descriptor",
        description="base forms the segments; descriptor describes them; outcome is what they should predict; weight says how "
        "many units of the market a unit stands for.",
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
        if self.role == "weight" and self.level != "numeric":
            raise ValueError("role: weight needs level: numeric: how many units of the market a unit stands for")
        return self
