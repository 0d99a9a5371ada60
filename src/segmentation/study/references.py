"""Names in the study file that must mean something."""

from __future__ import annotations

from typing import Any

from ..errors import Violation, nearest_word
from .jobs import check_jobs
from .messaging import check_messaging
from .model import Study
from .segmenting import METHODS

__all__ = ["check_references"]

AVERAGED = ("targeting.attractiveness", "targeting.fit", "positioning", "scorecard.value")
FILES = ("personas", "messages", "experiments", "kpis", "feedback")


def check_references(study: Study, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
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
    for label in study.segmentations:
        found += _check_segmenting(study, label, lines)
    found += _check_names(study, lines)
    found += check_jobs(study, lines)
    found += check_messaging(study, lines)
    for key, source in study.sources.items():
        for pattern in source.paths:
            if not study.expand(pattern):
                line = lines.get(("sources", key, "path"), lines.get(("sources", key)))
                fix = "Check the path; it is relative to the study file"
                found.append(Violation("no such file", file, None, f"sources.{key}.path", pattern, "", fix, line))
    named = study.decisions if "decisions" in study.model_fields_set else None
    if named is not None and not study.resolve(named).is_file():
        fix = "Check the path, or take the key out: explore.ipynb then writes decisions.yaml beside the study"
        found.append(Violation("no such file", file, None, "decisions", named, "", fix, lines.get(("decisions",))))
    for key in FILES:
        named = getattr(study, key)
        if named is not None and not study.resolve(named).exists():
            fix = "Check the path; it is relative to the study file"
            found.append(Violation("no such file", file, None, key, named, "", fix, lines.get((key,))))
    return found


def _check_segmenting(study: Study, label: str, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
    """Base variables, rules and outcome of one segmentation."""
    file, segmenting = str(study.file), study.segmentations[label]
    names = [variable.name for variable in study.variables]
    found: list[Violation] = []
    for position, name in enumerate(segmenting.base):
        line = lines.get(("segmentations", label, "base", position))
        where = f"segmentations.{label}.base"
        if name not in names:
            allowed = ", ".join(v.name for v in study.variables if v.role == "base")
            found.append(
                Violation("no such variable", file, None, where, name, allowed, nearest_word(name, names), line)
            )
            continue
        variable = study.variable(name)
        if segmenting.base.index(name) != position:
            found.append(Violation("base variable stands twice", file, None, where, name, line=line))
        if variable.role not in ("base", "descriptor"):
            fix = f"Segments formed on the {variable.role} cannot be held against it: take it out of the base"
            found.append(Violation(f"its role is {variable.role}", file, None, where, name, "", fix, line))
        if variable.level not in METHODS[segmenting.method]:
            able = ", ".join(method for method, levels in METHODS.items() if variable.level in levels)
            message = f"method: {segmenting.method} cannot take a {variable.level} variable: distances between names mean nothing"
            found.append(Violation(message, file, None, where, name, f"with method: {able}", "", line))
        if name == segmenting.outcome:
            fix = "Take it out of the base: segments would predict it by being made of it"
            found.append(Violation("base variable is also the outcome", file, None, where, name, "", fix, line))
    if segmenting.outcome is not None and segmenting.outcome not in names:
        where, line = f"segmentations.{label}.outcome", lines.get(("segmentations", label, "outcome"))
        hint = nearest_word(segmenting.outcome, names)
        found.append(Violation("no such variable", file, None, where, segmenting.outcome, "", hint, line))
    if segmenting.rules is not None and not study.resolve(segmenting.rules).is_file():
        where, line = f"segmentations.{label}.rules", lines.get(("segmentations", label, "rules"))
        fix = "Check the path; it is relative to the study file"
        found.append(Violation("no such file", file, None, where, segmenting.rules, "", fix, line))
    return found


def _check_names(study: Study, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
    """Variables named outside segmentations: weight, regions, targeting, positioning, questions."""
    file, names = str(study.file), [variable.name for variable in study.variables]
    found: list[Violation] = []
    named = [("weight", study.weight), ("regions", study.regions)]
    named += [("positioning", name) for name in study.positioning] + [("questions", name) for name in study.questions]
    if study.targeting is not None:
        for axis in ("attractiveness", "fit"):
            criteria = getattr(study.targeting, axis)
            named += [(f"targeting.{axis}", c.variable) for c in criteria if c.variable != "size"]
    named += [("scorecard.known_before", name) for name in study.scorecard.known_before]
    named += [("scorecard.value", study.scorecard.value)]
    for key, name in named:
        if name is None:
            continue
        line = lines.get(tuple(key.split(".")))
        if name not in names:
            found.append(Violation("no such variable", file, None, key, name, "", nearest_word(name, names), line))
        elif (study.variable(name).role == "weight") != (key == "weight"):
            fix = "weight: names the variable with role: weight, and nothing else does"
            found.append(Violation(f"its role is {study.variable(name).role}", file, None, key, name, "", fix, line))
        elif key == "regions" and study.variable(name).level != "nominal":
            found.append(
                Violation("regions must be a nominal variable", file, None, key, name, "level: nominal", "", line)
            )
        elif key in AVERAGED and study.variable(name).level == "nominal":
            fix = "Name a number, a rating or a yes/no variable"
            found.append(
                Violation("names have no mean to compare", file, None, key, name, "not level: nominal", fix, line)
            )
        elif key == "scorecard.known_before" and study.variable(name).role == "outcome":
            fix = "An outcome is known only afterwards"
            found.append(Violation("its role is outcome", file, None, key, name, "", fix, line))
    return found
