"""Reading the study file: every problem at once, with its line and the nearest right word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import StudyError, Violation, nearest_word
from .choices import Choices
from .jobs import Job
from .messaging import ChannelPlan, Messaging
from .model import Study
from .parts import Part, Source, Variable
from .references import check_references
from .segmenting import Segmenting
from .strict_yaml import read_yaml
from .use import Criterion, Scorecard, Targeting

__all__ = ["load_study"]


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
    try:
        study = Study.model_validate({**content, "folder": file.parent, "file": file})
    except ValidationError as error:
        violations += [_violation(item, file, lines) for item in error.errors()]
        raise StudyError(violations) from None
    violations += check_references(study, lines)
    if violations:
        raise StudyError(violations)
    return study


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
    models: dict[str, type[Part]] = {
        "sources": Source,
        "variables": Variable,
        "segmentations": Segmenting,
        "jobs": Job,
        "choices": Choices,
        "messaging": Messaging if len(place) < 3 else ChannelPlan,
        "scorecard": Scorecard,
        "targeting": Targeting if len(place) < 3 else Criterion,
    }
    model = models.get(str(place[0]), Study) if place else Study
    names = (field.alias or name for name, field in model.model_fields.items())
    return sorted(name for name in names if name not in ("folder", "file"))
