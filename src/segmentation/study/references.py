"""Names in the study file that must mean something."""

from __future__ import annotations

from typing import Any

from ..errors import Violation, nearest_word
from .activation import check_activation
from .jobs import check_jobs
from .messaging import check_messaging
from .model import Study
from .parts import Variable
from .segmenting import METHODS

__all__ = ["check_references"]

AVERAGED = ("targeting.attractiveness", "targeting.fit", "positioning", "scorecard.value")
FILES = ("personas", "messages", "experiments", "kpis", "feedback", "interview_plan")


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
    found += check_activation(study, lines)
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
    files = [(key, getattr(study, key), (key,)) for key in FILES]
    for key, named, place in [*files, ("evidence.hypotheses", study.evidence.hypotheses, ("evidence", "hypotheses"))]:
        if named is not None and not study.resolve(named).exists():
            fix = "Check the path; it is relative to the study file"
            found.append(Violation("no such file", file, None, key, named, "", fix, lines.get(place)))
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
    """Variables named outside segmentations: weight, regions, targeting, positioning, questions, scorecard."""
    file, names = str(study.file), [variable.name for variable in study.variables]
    found: list[Violation] = []
    seen: set[tuple[str, str]] = set()
    for key, name, place in _named_variables(study):
        while place not in lines and place:
            place = place[:-1]
        line = lines.get(place)
        if name not in names:
            able = ", ".join(v.name for v in study.variables if not _misfit(study, v, key)[0])
            found.append(Violation("no such variable", file, None, key, name, able, nearest_word(name, names), line))
            continue
        message, allowed, fix = _misfit(study, study.variable(name), key)
        if message:
            found.append(Violation(message, file, None, key, name, allowed, fix, line))
        if (key, name) in seen:
            found.append(Violation("stands twice", file, None, key, name, "", "Take one of the two out", line))
        seen.add((key, name))
    return found


def _named_variables(study: Study) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Key, variable and place in the file of every variable named outside segmentations."""
    named = [(key, name, (key,)) for key, name in (("weight", study.weight), ("regions", study.regions)) if name]
    for key in ("positioning", "questions"):
        named += [(key, name, (key, i)) for i, name in enumerate(getattr(study, key))]
    for axis in ("attractiveness", "fit"):
        criteria = getattr(study.targeting, axis) if study.targeting else ()
        named += [
            (f"targeting.{axis}", c.variable, ("targeting", axis, i, "variable"))
            for i, c in enumerate(criteria)
            if c.variable != "size"
        ]
    known = study.scorecard.known_before
    named += [("scorecard.known_before", name, ("scorecard", "known_before", i)) for i, name in enumerate(known)]
    named += [("evidence.themes", name, ("evidence", "themes", name)) for name in study.evidence.themes]
    if study.scorecard.value:
        named.append(("scorecard.value", study.scorecard.value, ("scorecard", "value")))
    return named


def _misfit(study: Study, variable: Variable, key: str) -> tuple[str, str, str]:
    """What makes a variable unfit for a key, what is allowed and what to do; empty if it fits."""
    if (variable.role == "weight") != (key == "weight"):
        fix = "weight: names the variable with role: weight, and nothing else does"
        return f"its role is {variable.role}", "", fix
    if key == "regions" and variable.level != "nominal":
        return "regions must be a nominal variable", "level: nominal", ""
    if key in AVERAGED and variable.level == "nominal":
        return "names have no mean to compare", "not level: nominal", "Name a number, a rating or a yes/no variable"
    if variable.role == "outcome" and key in ("scorecard.known_before", "questions", "positioning"):
        return "its role is outcome", "", "An outcome is known only afterwards"
    if key == "scorecard.known_before" and variable.name in study.segmentation.base:
        fix = "Segments are made of it, so that it would recognise them by itself: name descriptors"
        return "a base variable of the segments", "", fix
    return "", "", ""
