"""YAML read strictly: no aliases, no doubled keys, and the line of every key for messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..errors import StudyError, Violation

__all__ = ["read_yaml"]

SIZE_LIMIT = 1_000_000  # bytes; a study file is a page or two, anything near this is a mistake or an attack


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
