"""What the team declared before it looked: KPIs with targets, experiments with arms and a window."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import StudyError, Violation, nearest_word
from ..messaging.rows import find_path
from ..study import Study, read_yaml

__all__ = ["Experiment", "Kpi", "load_experiments", "load_kpis"]

Share = Annotated[float, Field(ge=0, le=1)]
UNITS = "units"


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kpi(_Declared):
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


class Experiment(_Declared):
    """One test or campaign as it was planned.

    Attributes
    ----------
    id, title, hypothesis : str
    randomised : bool
        Whether chance alone decided who was in which arm. If not, nothing about effects is computed.
    unit : str or None
        Header of the unit id in both files; None means the study's.
    assignment, outcomes : Path
        Files (CSV or Parquet), resolved against the folder of the declaration.
    arms : dict of str to float
        Arm to its planned share.
    control : str or None
    outcome : str
        Value of the column ``outcome`` that counts as success.
    window_days : int
        Days after assignment in which it counts.
    """

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,60}$")
    title: str = Field(min_length=1)
    hypothesis: str = ""
    randomised: bool
    unit: str | None = None
    assignment: Path
    outcomes: Path
    arms: dict[str, Share] = Field(min_length=1)
    control: str | None = None
    outcome: str = Field(min_length=1)
    window_days: int = Field(gt=0, le=3660)
    started: datetime.date | None = None
    ended: datetime.date | None = None
    smallest_effect: Share | None = None
    notes: str = ""

    @model_validator(mode="after")
    def _plan_is_whole(self) -> Self:
        if self.randomised:
            if len(self.arms) < 2:
                raise ValueError("a randomised experiment needs at least two arms")
            if self.control not in self.arms:
                hint = nearest_word(self.control, self.arms)
                raise ValueError(f"control must be one of the arms: {', '.join(self.arms)}. {hint}".rstrip())
            if abs(sum(self.arms.values()) - 1) > 1e-6 or min(self.arms.values()) <= 0:
                raise ValueError(
                    f"planned shares of the arms must be above 0 and sum to 1; they sum to {sum(self.arms.values()):g}"
                )
        elif self.control is not None:
            raise ValueError("randomised: false has no control: units that were not chosen differ from those that were")
        if self.started and self.ended and self.ended < self.started:
            raise ValueError(f"ended {self.ended} lies before started {self.started}")
        return self


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
    return () if file is None else tuple(_load(file, "kpis", Kpi))


def load_experiments(source: Study | str | Path) -> tuple[Experiment, ...]:
    """Read and validate the file of experiments.

    Parameters
    ----------
    source : Study, str or Path
        YAML with the key ``experiments``: a list; or the study that names it. Files it names are relative to it and must exist.

    Returns
    -------
    tuple of Experiment
        With ``assignment`` and ``outcomes`` resolved; empty when the study names no experiments.

    Raises
    ------
    StudyError
        With every problem: not YAML, unknown keys, arms that do not add up, no such file, doubled ids.
    """
    file = find_path(source, "experiments")
    if file is None:
        return ()
    found, missing = [], []
    for item in _load(file, "experiments", Experiment):
        paths = {key: file.parent / getattr(item, key) for key in ("assignment", "outcomes")}
        for key, target in paths.items():
            if not target.is_file():
                fix = f"Check the path; it is relative to {file.name}"
                missing.append(
                    Violation("no such file", file.name, None, f"{item.id}.{key}", str(getattr(item, key)), fix=fix)
                )
        found.append(item.model_copy(update=paths))
    if missing:
        raise StudyError(missing)
    return tuple(found)


def _load(file: Path, key: str, model: type[Any]) -> list[Any]:
    if not file.is_file():
        raise StudyError([Violation("no such file", file.name, fix="Check the path in the study file")])
    content, lines = read_yaml(file)
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise StudyError(
            [Violation(f"must hold the key {key!r} with a list", file.name, fix=f"Begin it with `{key}:`")]
        )
    violations = [
        Violation("unknown key", file.name, None, str(word), line=lines.get((word,)), fix=nearest_word(word, [key]))
        for word in content
        if word != key
    ]
    items: list[Any] = []
    for position, entry in enumerate(content[key]):
        try:
            items.append(model.model_validate(entry))
        except ValidationError as error:
            name = entry.get("id", position) if isinstance(entry, dict) else position
            violations += [_explain(item, file.name, name, (key, position), lines, model) for item in error.errors()]
    identifiers = [item.id for item in items]
    doubled = sorted({i for i in identifiers if identifiers.count(i) > 1})
    violations += [Violation("id stands twice", file.name, None, "id", identifier) for identifier in doubled]
    if violations:
        raise StudyError(violations)
    return items


def _explain(
    item: Any, file: str, name: Any, place: tuple[Any, ...], lines: dict[Any, int], model: type[Any]
) -> Violation:
    loc = tuple(item["loc"])
    known = (*place, *loc)
    while known and known not in lines:
        known = known[:-1]
    where = ".".join(str(part) for part in (name, *loc))
    if item["type"] == "extra_forbidden":
        keys = _keys(model)
        fix = nearest_word(loc[-1], keys) or f"Keys here: {', '.join(keys)}"
        return Violation("unknown key", file, None, where, fix=fix, line=lines.get(known))
    if item["type"] == "missing":
        return Violation("this key is required", file, None, where, line=lines.get(known))
    value = item["input"] if isinstance(item["input"], (str, int, float, bool)) else None
    fix = nearest_word(value, _options(item)) if item["type"] == "literal_error" else ""
    return Violation(
        item["msg"].removeprefix("Value error, "), file, None, where, value, fix=fix, line=lines.get(known)
    )


def _keys(model: type[Any]) -> list[str]:
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _options(item: Any) -> Iterable[str]:
    return [word.strip(" '") for word in str(item.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(",")]
