"""Reading the study file: every problem at once, with its line and the nearest right word."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import StudyError, Violation
from .explain import explain
from .model import Study
from .references import check_references
from .strict_yaml import read_yaml

__all__ = ["load_study"]

ENTRIES = ("sources", "variables", "segmentations", "jobs", "journeys")  # each entry can be wrong by itself

Lines = dict[tuple[Any, ...], int]


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
    content, lines = read_yaml(file)
    content = content if isinstance(content, dict) else {}
    violations: list[Violation] = []
    for hidden in ("folder", "file"):
        if hidden in content:
            violations.append(Violation("unknown key", str(file), column=hidden, line=lines.get((hidden,))))
            content = {key: value for key, value in content.items() if key != hidden}
    given = {**content, "folder": file.parent, "file": file}
    try:
        study = Study.model_validate(given)
        violations += check_references(study, lines)
    except ValidationError as error:
        violations += explain(error, Study, str(file), lines) + _check_rest(error, given, lines)
    if violations:
        raise StudyError(sorted(violations, key=lambda found: found.line or 0))
    return study


def _check_rest(error: ValidationError, content: dict[str, Any], lines: Lines) -> list[Violation]:
    """Names that mean nothing in the parts of a file that are not wrong by themselves, so that they are told in the same list.

    What refers to a part that is wrong is not wrong for that. Empty if what is left is no study.
    """
    left, names = deepcopy(content), set[Any]()
    for place in {item["loc"][: 2 if item["loc"][0] in ENTRIES else 1] for item in error.errors()}:
        *above, key = place
        parent = left[above[0]] if above else left
        if isinstance(parent, list):
            part, parent[key] = parent[key], None
            names.add(part.get("name") if isinstance(part, dict) else None)
        else:
            parent.pop(key, None)
            names.add(key)
    moved = dict(lines)
    for key in ENTRIES:
        if isinstance(left.get(key), list):
            kept = [position for position, part in enumerate(left[key]) if part is not None]
            moved = {place: line for place, line in moved.items() if place[0] != key} | {
                (key, new, *place[2:]): line
                for new, old in enumerate(kept)
                for place, line in lines.items()
                if place[:2] == (key, old)
            }
            left[key] = [left[key][position] for position in kept]
    try:
        return [found for found in check_references(Study.model_validate(left), moved) if found.value not in names]
    except ValidationError:
        return []
