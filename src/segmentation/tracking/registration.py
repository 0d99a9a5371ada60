"""Experiments as their file registers them: whom, what, how much, how often, in which family."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, model_validator

from ..errors import DataContractError, StudyError, Violation, nearest_word
from ..messaging.rows import find_path
from ..personas import load_personas
from ..study import Study
from ..study.explain import explain
from .declared import Declared, load_declared

__all__ = ["Expectation", "Experiment", "Family", "Look", "SizePlan", "load_experiments"]

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Problem = tuple[tuple[Any, ...], str, Any, str, str]  # place below the experiment, message, value, allowed, fix
METRIC_COLUMNS = {"binary": (), "mean": ("value",), "ratio": ("numerator", "denominator")}


class Look(Declared):
    """One planned look at the result: the day, and the share of the planned units that are in by then."""

    day: datetime.date
    share: float = Field(gt=0, le=1)


class Expectation(Declared):
    """What a persona file predicts, as the experiment can show it.

    Attributes
    ----------
    persona : str
        Id of the persona; the segment is the one its file names.
    arm : str or None
        The arm it speaks of; None where there is only one besides control.
    direction : {"more", "fewer", "same"}
        Than in control.
    at_least : float or None
        Size of the difference it promises; None promises a direction only, and for "same" means ``smallest_effect``.
    """

    persona: str = Field(min_length=1)
    arm: str | None = None
    direction: Literal["more", "fewer", "same"]
    at_least: Positive | None = None


class SizePlan(Declared):
    """What the number of units was planned with.

    Attributes
    ----------
    baseline : float
        Share, mean or ratio without the treatment.
    sd : float or None
        Standard deviation of a mean or ratio (for a ratio: of numerator - baseline x denominator, over the mean denominator).
    units_a_week : float or None
        New units a week over everybody; None when all are known already and assigned at once.
    known_first : bool
        Whether all that are known are assigned at once, and what ``units_a_week`` says comes on top of them.
    most_weeks : int
        Weeks that the test may take; not used with ``known_first``.
    r2 : float
        Share of the spread that the covariate is expected to explain.
    cluster_size, cluster_variation, icc : float
        Units a cluster, their coefficient of variation, and how alike units of a cluster are.
    """

    baseline: float
    sd: Positive | None = None
    units_a_week: Positive | None = None
    known_first: bool = False
    most_weeks: int = Field(12, gt=0, le=520)
    r2: float = Field(0, ge=0, lt=1)
    cluster_size: float = Field(1, ge=1)
    cluster_variation: float = Field(0, ge=0)
    icc: Share = 0


class Family(Declared):
    """Tests that are read together, so that looking at many of them is allowed for.

    Attributes
    ----------
    label : str
    control : {"fdr", "familywise"}
        Benjamini and Hochberg's share of false finds, or Holm's chance of any false find.
    alpha : float
    """

    label: str = ""
    control: Literal["fdr", "familywise"] = "fdr"
    alpha: float = Field(0.05, gt=0, lt=1)


class Experiment(Declared):
    """One test or campaign as it was registered.

    Attributes
    ----------
    id, title, hypothesis : str
    randomised : bool
        Whether chance alone decided who was in which arm. If not, nothing about effects is computed.
    unit : str or None
        Header of the unit id in both files; None means the study's.
    cluster : str or None
        Header in the assignment of what was randomised, where that is not the unit: the account of each person.
    assignment, outcomes : Path
        Files (CSV or Parquet), resolved against the folder of the declaration.
    arms : dict of str to float
        Arm to its planned share.
    control : str or None
    metric : {"binary", "mean", "ratio"}
        Whether a unit had the outcome; the sum of ``value`` over its rows; sum of ``numerator`` by sum of ``denominator``.
    outcome : str
        Value of the column ``outcome`` that counts.
    value, numerator, denominator : str or None
        Headers in the outcomes.
    covariate : str or None
        The same thing measured before: a header of the assignment, or a variable of the study (its value of last quarter).
    channel : str or None
        Header in the assignment of the channel a unit was reached by.
    persona : str or None
        Header in the assignment of the persona (id of its file, or empty) each unit was taken for before the exposure. None: units
        that had, the quarter before, every attribute by which a persona's file defines it.
    by_persona : bool
        Whether personas are judged beside segments, as tests of the same family.
    window_days : int
        Days after assignment in which outcomes count.
    smallest_effect : float or None
        Minimum detectable effect (MDE): the least difference worth finding, in shares or in the metric's own unit.
    alpha, power : float or None, float
        Error rate (None: the family's, without one the study's; not together with ``family``) and chance of finding the smallest effect.
    family : str or None
        Name under ``families``; None is a family of its own.
    segments : tuple of str
        Segments judged; empty means all.
    expects : tuple of Expectation
    looks : tuple of Look
    spending : {"obrien_fleming", "pocock"}
    plan : SizePlan or None
    """

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,60}$")
    title: str = Field(min_length=1)
    hypothesis: str = ""
    randomised: bool
    unit: str | None = None
    cluster: str | None = None
    assignment: Path
    outcomes: Path
    arms: dict[str, Share] = Field(min_length=1)
    control: str | None = None
    metric: Literal["binary", "mean", "ratio"] = "binary"
    outcome: str = Field(min_length=1)
    value: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    covariate: str | None = None
    channel: str | None = None
    persona: str | None = None
    by_persona: bool = True
    window_days: int = Field(gt=0, le=3660)
    started: datetime.date | None = None
    ended: datetime.date | None = None
    smallest_effect: Positive | None = None
    alpha: float | None = Field(None, gt=0, lt=1)
    power: float = Field(0.8, ge=0.5, lt=1)
    family: str | None = None
    segments: tuple[str, ...] = ()
    expects: tuple[Expectation, ...] = ()
    looks: tuple[Look, ...] = ()
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    plan: SizePlan | None = None
    notes: str = ""
    _rule: Family = PrivateAttr(default_factory=Family)
    _told: dict[str, tuple[str, str, int]] = PrivateAttr(default_factory=dict)
    _people: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _is_whole(self, info: ValidationInfo) -> Self:
        problems = [] if info.context and info.context.get("collected") else list(self.problems())
        if problems:
            raise ValueError("; ".join(f"{message} {fix}".strip() for _, message, _, _, fix in problems))
        return self

    @property
    def rule(self) -> Family:
        """How its family is judged."""
        return self._rule

    @property
    def told(self) -> dict[str, tuple[str, str, int]]:
        """Persona id to segment, predicted sentence and version of the persona's file, for those it expects something of."""
        return self._told

    @property
    def people(self) -> tuple[str, ...]:
        """Ids of all personas of the study; empty where they are not known."""
        return self._people

    @property
    def stamp(self) -> str:
        """SHA-256 of what was registered, with the rule of its family: it changes when that does, not with words or places of files."""
        told = {"assignment", "outcomes", "title", "notes"}
        said = self.model_dump(mode="json", exclude=told, exclude_defaults=True)
        rule = self.rule.model_dump(mode="json", exclude={"label"}, exclude_defaults=True)
        return sha256(json.dumps([said, rule], sort_keys=True).encode()).hexdigest()

    @property
    def treated(self) -> list[str]:
        """Arms other than control."""
        return [arm for arm in self.arms if arm != self.control]

    @property
    def summed(self) -> tuple[str, ...]:
        """Headers of the outcomes that are added up."""
        return tuple(str(getattr(self, key)) for key in METRIC_COLUMNS[self.metric])

    def problems(self) -> Iterator[Problem]:
        """What does not fit together: place, message, value, allowed, what to do."""
        yield from self._arm_problems()
        yield from self._metric_problems()
        yield from self._look_problems()
        for place, expected in enumerate(self.expects):
            if expected.arm is not None and expected.arm not in self.treated:
                allowed, fix = ", ".join(self.treated), nearest_word(expected.arm, self.treated)
                yield ("expects", place, "arm"), "expects: no such arm besides control", expected.arm, allowed, fix
            if expected.arm is None and len(self.treated) > 1:
                yield ("expects", place), "expects: say which arm", None, ", ".join(self.treated), ""
        if self.alpha is not None and self.family is not None:
            message = f"alpha beside family {self.family}: a family has one error rate, its own"
            fix = f"Drop alpha here; families.{self.family}.alpha says it"
            yield ("alpha",), message, self.alpha, "without family", fix
        if self.started and self.ended and self.ended < self.started:
            yield ("ended",), f"ended {self.ended} lies before started {self.started}", str(self.ended), "", ""

    def _arm_problems(self) -> Iterator[Problem]:
        if self.randomised:
            if len(self.arms) < 2:
                yield ("arms",), "a randomised experiment needs at least two arms", ", ".join(self.arms), "", ""
            if self.control not in self.arms:
                fix = nearest_word(self.control, self.arms)
                yield ("control",), "control must be one of the arms", self.control, ", ".join(self.arms), fix
            total = sum(self.arms.values())
            if abs(total - 1) > 1e-6 or min(self.arms.values()) <= 0:
                message = f"planned shares of the arms must be above 0 and sum to 1; they sum to {total:g}"
                yield ("arms",), message, None, "", ""
            return
        if self.control is not None:
            message = "randomised: false has no control: units that were not chosen differ from those that were"
            yield ("control",), message, self.control, "", ""
        for key in ("expects", "looks", "covariate", "cluster"):
            if getattr(self, key):
                yield (key,), f"randomised: false takes no {key}: no effect is computed", None, "", "Take it out"

    def _metric_problems(self) -> Iterator[Problem]:
        needed = METRIC_COLUMNS[self.metric]
        for key in ("value", "numerator", "denominator"):
            given = getattr(self, key)
            if key in needed and given is None:
                yield (key,), f"metric: {self.metric} needs {key}: the header of a column of outcomes", None, "", ""
            if key not in needed and given is not None:
                able = ", ".join(name for name, keys in METRIC_COLUMNS.items() if key in keys)
                yield (key,), f"metric: {self.metric} takes no {key}", given, f"with metric: {able}", ""
        if self.metric == "binary":
            if self.smallest_effect is not None and self.smallest_effect > 1:
                yield ("smallest_effect",), "a difference of shares is at most 1", self.smallest_effect, "0 to 1", ""
            if self.plan is not None and not 0 < self.plan.baseline < 1:
                yield ("plan", "baseline"), "a share must lie between 0 and 1", self.plan.baseline, "0 to 1", ""
            elif self.plan is not None and self.smallest_effect is not None and self.smallest_effect <= 1:
                baseline, effect = self.plan.baseline, self.smallest_effect
                if not (baseline + effect < 1 or baseline - effect > 0):  # down where up is not possible, as planned
                    message = (
                        f"no share is left at this distance from plan.baseline {baseline:g}, neither above nor below"
                    )
                    yield ("smallest_effect",), message, effect, f"below {max(baseline, 1 - baseline):g}", ""
        elif self.plan is not None and self.plan.sd is None:
            yield (
                ("plan", "sd"),
                f"metric: {self.metric} is planned with a standard deviation: sd is missing",
                None,
                "",
                "",
            )

    def _look_problems(self) -> Iterator[Problem]:
        for place in range(1, len(self.looks)):
            for key in ("day", "share"):
                before, now = getattr(self.looks[place - 1], key), getattr(self.looks[place], key)
                if now <= before:
                    message = f"looks out of order: comes after {before}"
                    yield ("looks", place, key), message, str(now), f"above {before}", "Sort the looks"
        if self.looks and self.looks[-1].share != 1:
            message = "the last look is the end: its share must be 1"
            yield ("looks", len(self.looks) - 1, "share"), message, self.looks[-1].share, "1", ""
        if self.looks and self.started and self.looks[0].day < self.started:
            message = f"the first look lies before started {self.started}"
            yield ("looks", 0, "day"), message, str(self.looks[0].day), "", ""


def load_experiments(source: Study | str | Path) -> tuple[Experiment, ...]:
    """Read and validate the file of experiments.

    Parameters
    ----------
    source : Study, str or Path
        YAML with the key ``experiments``: a list, and ``families`` where tests are read together; or the study that names it.
        Files it names are relative to it and must exist. With a study, personas are looked up in its persona files.

    Returns
    -------
    tuple of Experiment
        With ``assignment`` and ``outcomes`` resolved; empty when the study names no experiments.

    Raises
    ------
    StudyError
        With every problem at once: not YAML, unknown keys, arms that do not add up, looks out of order, no such file, persona or
        family, doubled ids.
    """
    file = find_path(source, "experiments")
    if file is None:
        return ()
    items, others, lines, violations = load_declared(file, "experiments", Experiment, others=("families",))
    families, more = _load_families(others.get("families", {}), file, lines)
    violations += more
    people = _read_people(source)
    found = []
    for position, item in enumerate(items):
        if item is None:
            continue
        below = ("experiments", position)
        problems = [*item.problems(), *_reference_problems(item, families, people, file)]
        violations += [_violation(file.name, item.id, below, lines, problem) for problem in problems]
        paths = {key: file.parent / getattr(item, key) for key in ("assignment", "outcomes")}
        made = item.model_copy(update=paths)
        made._rule = families.get(item.family or "", made._rule)
        made._told = {e.persona: people[e.persona] for e in item.expects if people and e.persona in people}
        made._people = tuple(people or ())
        found.append(made)
    if violations:
        raise StudyError(violations)
    return tuple(found)


def _violation(file: str, name: str, below: tuple[Any, ...], lines: dict[Any, int], problem: Problem) -> Violation:
    place, message, value, allowed, fix = problem
    known = (*below, *place)
    while known and known not in lines:
        known = known[:-1]
    where = ".".join(str(part) for part in (name, *place))
    return Violation(message, file, None, where, value, allowed, fix, lines.get(known))


def _load_families(given: Any, file: Path, lines: dict[Any, int]) -> tuple[dict[str, Family], list[Violation]]:
    if not isinstance(given, dict):
        return {}, [
            Violation(
                "families must map a name to its rule", file.name, None, "families", line=lines.get(("families",))
            )
        ]
    families, violations = {}, []
    for name, entry in given.items():
        try:
            families[str(name)] = Family.model_validate(entry or {})
        except ValidationError as error:
            violations += explain(error, Family, file.name, lines, prefix=("families", name))
    return families, violations


def _reference_problems(
    item: Experiment, families: dict[str, Family], people: dict[str, tuple[str, str, int]] | None, file: Path
) -> Iterator[Problem]:
    """Files, family and personas that are named and must exist."""
    for key in ("assignment", "outcomes"):
        target = getattr(item, key)
        if not (file.parent / target).is_file():
            yield (key,), "no such file", str(target), "", f"Check the path; it is relative to {file.name}"
    if item.family is not None and item.family not in families:
        allowed = ", ".join(families) or "none is declared under families"
        yield ("family",), "no such family", item.family, allowed, nearest_word(item.family, families)
    if people is None:
        return
    for place, expected in enumerate(item.expects):
        if expected.persona not in people:
            fix = nearest_word(expected.persona, people)
            allowed = ", ".join(people) or "the study has no personas"
            yield ("expects", place, "persona"), "no such persona", expected.persona, allowed, fix
        elif item.segments and people[expected.persona][0] not in item.segments:
            segment = people[expected.persona][0]
            message = f"its segment {segment} is not among the segments of this experiment"
            yield ("expects", place, "persona"), message, expected.persona, ", ".join(item.segments), ""


def _read_people(source: Study | str | Path) -> dict[str, tuple[str, str, int]] | None:
    """Persona id to segment, prediction and version; None where only the file of experiments was given."""
    if not isinstance(source, Study):
        return None
    if source.personas is None:
        return {}
    try:
        personas = load_personas(source.resolve(source.personas))
    except DataContractError:  # told where personas are checked; it must not hide what is wrong with the experiments
        return None
    return {
        persona.persona_id: (persona.segment, persona.prediction.text if persona.prediction else "", persona.version)
        for persona in personas
    }
