"""What the team declared before it looked: KPIs with targets; and how such a file is read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import StudyError, Violation, nearest_word
from ..messaging.rows import find_path
from ..study import Study, read_yaml
from ..study.explain import explain

__all__ = ["Declared", "Kpi", "load_declared", "load_kpis"]

Share = Annotated[float, Field(ge=0, le=1)]
UNITS = "units"


class Declared(BaseModel):
    """An entry of such a file: no unknown keys, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kpi(Declared):
    """A share that the team follows, and where it should be.

    Attributes
    ----------
    id, label : str
    source : {"events", "deals", "companies"}
        Key ``from``. Of events: units with one of ``numerator`` among units with one of ``denominator`` (or all units)
        in the period. Of deals: deals won among deals closed in the period. ``companies``: the sum of the column ``numerator`` among
        the sum of the column ``denominator`` (or all units), one a list; for instance seats used of seats paid.
    target : float, dict or None
        A share, or a share by segment id (``all`` for the total).
    raise_by : float or None
        Instead of a target: what the team agreed to add to last quarter's shrunk share, -1 to 1; negative goes with at_most.
    direction : {"at_least", "at_most"}
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    label: str = Field(min_length=1)
    source: Literal["events", "deals", "companies"] = Field(alias="from")
    numerator: tuple[str, ...] | Literal["won"]
    denominator: tuple[str, ...] | Literal["units", "closed"] = UNITS
    target: Share | dict[str, Share] | None = None
    raise_by: Annotated[float, Field(ge=-1, le=1)] | None = None
    direction: Literal["at_least", "at_most"] = "at_least"
    family: str = ""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.source == "deals" and (self.numerator != "won" or self.denominator not in (UNITS, "closed")):
            raise ValueError("from: deals takes numerator: won and denominator: closed")
        if self.source == "companies" and (
            isinstance(self.numerator, str)
            or len(self.numerator) != 1
            or self.denominator == "closed"
            or (self.denominator != UNITS and len(self.denominator) != 1)
        ):
            raise ValueError("from: companies takes numerator: [column] and denominator: [column] or units")
        if self.target is not None and self.raise_by is not None:
            raise ValueError("give target: (where it should be) or raise_by: (a step from last quarter), not both")
        if self.raise_by is not None and (self.raise_by > 0) == (self.direction == "at_most"):
            raise ValueError("raise_by: above 0 goes with direction: at_least, below 0 with direction: at_most")
        if self.source == "events" and (isinstance(self.numerator, str) or self.denominator == "closed"):
            raise ValueError("from: events takes numerator: [event, ...] and denominator: [event, ...] or units")
        return self

    def target_of(self, segment: str) -> float | None:
        """Target of a segment, or None; a single number is everybody's."""
        return self.target.get(segment) if isinstance(self.target, dict) else self.target


def load_kpis(source: Study | str | Path) -> tuple[Kpi, ...]:
    """Read and validate the file of KPIs.

    Parameters
    ----------
    source : Study, str or Path
        YAML with the key ``kpis``: a list; or the study that names it.

    Returns
    -------
    tuple of Kpi
        Empty when the study names no KPIs.

    Raises
    ------
    StudyError
        With every problem: not YAML, unknown keys, wrong values, doubled ids.
    """
    file = find_path(source, "kpis")
    return () if file is None else tuple(load_declared(file, "kpis", Kpi)[0])


def load_declared(
    file: Path, key: str, model: type[Any], *, others: Collection[str] = ()
) -> tuple[list[Any], dict[str, Any], dict[Any, int], list[Violation]]:
    """Entries of a file such as kpis.yaml.

    Parameters
    ----------
    file : Path
    key : str
        Its list of entries.
    model : type
        Each entry's.
    others : collection of str
        Further keys the file may have. With any, problems are returned for the caller to add its own; else they are raised.

    Returns
    -------
    list, dict, dict, list of Violation
        Entries, None where one is not valid; the further keys; the line of every key; problems.

    Raises
    ------
    StudyError
        If it is no YAML with that list, or has problems and nobody else looks at them.
    """
    if not file.is_file():
        raise StudyError([Violation("no such file", file.name, fix="Check the path in the study file")])
    content, lines = read_yaml(file)
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise StudyError(
            [Violation(f"must hold the key {key!r} with a list", file.name, fix=f"Begin it with `{key}:`")]
        )
    known = [key, *others]
    violations = [
        Violation("unknown key", file.name, None, str(word), line=lines.get((word,)), fix=nearest_word(word, known))
        for word in content
        if word not in known
    ]
    items: list[Any] = []
    for position, entry in enumerate(content[key]):
        try:
            items.append(model.model_validate(entry, context={"collected": True}))
        except ValidationError as error:
            items.append(None)
            name = str(entry.get("id", position) if isinstance(entry, dict) else position)
            violations += explain(error, model, file.name, lines, prefix=(key, position), called=name)
    identifiers = [item.id for item in items if item is not None]
    doubled = sorted({i for i in identifiers if identifiers.count(i) > 1})
    violations += [Violation("id stands twice", file.name, None, "id", identifier) for identifier in doubled]
    if violations and not others:
        raise StudyError(violations)
    return items, {word: content[word] for word in others if word in content}, lines, violations
