"""Read persona files; every problem of every file at once, with its line and the nearest right word."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import StudyError, Violation, nearest_word
from .model import HIDDEN, Persona

__all__ = ["load_personas"]

RESERVED = ("index", "compare", "evidence", "glossary", "history", "perception")  # pages of the wiki
SIZE_LIMIT = 200_000  # bytes; a persona is a page
Lines = dict[tuple[Any, ...], int]


def load_personas(folder: str | Path) -> tuple[Persona, ...]:
    """Read and validate the persona files of a folder.

    Parameters
    ----------
    folder : str or Path
        Holds one Markdown file a persona, with YAML front matter between two lines of three dashes. ``README.md`` is
        passed over.

    Returns
    -------
    tuple of Persona
        By segment, then persona id. Empty for a folder without persona files.

    Raises
    ------
    StudyError
        With every problem of every file: no front matter, not YAML, unknown keys, wrong values, an id used twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = "---\\npersona_id: s1-dana\\nname: Dispatcher Dana\\nsegment: S1\\npains: [Drives for nothing]\\n---\\n"
    ...     _ = (Path(folder) / "dana.md").write_text(text)
    ...     [persona.name for persona in load_personas(folder)]
    ['Dispatcher Dana']
    """
    place = Path(folder)
    if not place.is_dir():
        raise StudyError(
            [Violation("no such folder of personas", file=str(folder), fix="Check the path in the study file")]
        )
    violations: list[Violation] = []
    personas: list[Persona] = []
    first: dict[str, Path] = {}
    for file in sorted(place.glob("*.md")):
        if file.stem.casefold() == "readme":
            continue
        content, body, lines, found = _read(file)
        violations += found
        if content is None:
            continue
        for hidden in HIDDEN:
            if hidden in content:
                violations.append(Violation("unknown key", str(file), column=hidden, line=lines.get((hidden,))))
                del content[hidden]
        violations += _check_id(content.get("persona_id"), file, lines, first)
        places = {".".join(map(str, place)): line for place, line in lines.items()}
        try:
            personas.append(Persona.model_validate({**content, "body": body, "file": str(file), "lines": places}))
        except ValidationError as error:
            violations += [_violation(item, file, lines) for item in error.errors()]
    if violations:
        raise StudyError(violations)
    return tuple(sorted(personas, key=lambda persona: (persona.segment, persona.persona_id)))


def _check_id(name: Any, file: Path, lines: Lines, first: dict[str, Path]) -> list[Violation]:
    """An id that another file has too, or that is the name of a page of the wiki; checked even where the rest is wrong."""
    line = lines.get(("persona_id",))
    if name in RESERVED:
        fix = f"Begin it with the segment, for instance s1-{name}"
        return [Violation("a page of the wiki is called so", str(file), None, "persona_id", name, "", fix, line)]
    if not isinstance(name, str) or first.setdefault(name, file) == file:
        return []
    fix = f"{first[name].name} has it too; give each persona its own id"
    return [Violation("id stands twice", str(file), None, "persona_id", name, "", fix, line)]


def _read(file: Path) -> tuple[dict[str, Any] | None, str, Lines, list[Violation]]:
    """Front matter, body, line of every key, and what is wrong with the file."""
    name, raw = str(file), file.read_bytes()
    if len(raw) > SIZE_LIMIT:
        return None, "", {}, [Violation(f"a persona file may have {SIZE_LIMIT:,} bytes", name, value=len(raw))]
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return None, "", {}, [Violation(f"not UTF-8 text: {error.reason}", name, fix="Save it as UTF-8")]
    if not text.startswith("---\n") or "\n---" not in text[3:]:
        fix = "Start the file with a line of three dashes, the keys, and another line of three dashes"
        return None, "", {}, [Violation("no front matter", name, line=1, fix=fix)]
    front, _, body = text[4:].partition("\n---")
    lines: Lines = {}
    try:
        source = f"\n{front}\n"  # the line of dashes, so that line numbers are those of the file
        for event in yaml.parse(source, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1
                return None, "", {}, [Violation("YAML aliases (*name) are not allowed here", name, line=line)]
        found = _walk(yaml.compose(source, Loader=yaml.SafeLoader), (), lines, name)
        content = yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
        fix = "A text with a colon or a # in it needs quotes around it"
        line = None if mark is None else mark.line + 1
        return None, "", {}, [Violation(f"not valid YAML: {problem}", name, line=line, fix=fix)]
    if not isinstance(content, dict):
        return None, "", {}, [*found, Violation("front matter must be keys and values", name, line=2)]
    return content, body.strip("\n"), lines, found


def _walk(node: yaml.Node | None, path: tuple[Any, ...], lines: Lines, file: str) -> list[Violation]:
    found: list[Violation] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*path, key.value)
            if place in lines:
                found.append(Violation("key stands twice", file, column=str(key.value), line=key.start_mark.line + 1))
            lines[place] = key.start_mark.line + 1
            found += _walk(value, place, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            lines[(*path, position)] = value.start_mark.line + 1
            found += _walk(value, (*path, position), lines, file)
    return found


def _violation(item: Any, file: Path, lines: Lines) -> Violation:
    place = tuple(item["loc"])
    known = place
    while known and known not in lines:
        known = known[:-1]
    line, where = lines.get(known), ".".join(str(part) for part in place)
    value = item["input"] if isinstance(item["input"], (str, int, float, bool)) else None
    if item["type"] == "extra_forbidden":
        allowed = _keys_at(place[:-1])
        hint = nearest_word(place[-1], allowed) or f"Keys here: {', '.join(allowed)}"
        return Violation("unknown key", str(file), column=where, line=line, fix=hint)
    if item["type"] == "literal_error":
        allowed = str(item.get("ctx", {}).get("expected", ""))
        words = [word.strip(" '") for word in allowed.replace(" or ", ", ").split(",")]
        hint = nearest_word(item["input"], words)
        return Violation("not one of the words known here", str(file), None, where, value, allowed, hint, line)
    if item["type"] == "missing":
        return Violation("this key is required", str(file), column=where, line=line)
    if item["type"] in ("model_type", "model_attributes_type"):
        shape = "a text, or text: with evidence:" if "Claim" in str(item.get("ctx", {})) else "keys and values"
        return Violation("must be " + shape, str(file), None, where, value, line=line)
    return Violation(item["msg"].removeprefix("Value error, "), str(file), None, where, value, line=line)


def _keys_at(place: tuple[Any, ...]) -> list[str]:
    """Keys that may stand at a place of the front matter."""
    model: type[BaseModel] = Persona
    for part in place:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        model = _model_in(model.model_fields[part].annotation) or model
    return [name for name in model.model_fields if name not in HIDDEN]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)
