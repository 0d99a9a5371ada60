"""What pydantic found wrong with a YAML file, in words of its own: where, what was found, what may stand there, what to do."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..errors import Violation, nearest_word

__all__ = ["explain"]

Place = tuple[Any, ...]

_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    datetime.date: "a date such as 2026-07-28",
}
_PATTERNS = {
    "^[a-z][a-z0-9_]{0,60}$": "lower-case letters, digits and _, beginning with a letter, at most 61",
    "^[a-zA-Z0-9][a-zA-Z0-9_-]{0,60}$": "letters, digits, - and _, beginning with a letter or digit, at most 61",
    "^[a-z][a-z0-9_]{0,40}$": "lower-case letters, digits and _, beginning with a letter, at most 41",
    "^[a-z0-9][a-z0-9-]{0,60}$": "lower-case letters, digits and -, at most 61",
}
_NOT = {
    "string": "not text",
    "int": "not a whole number",
    "float": "not a number",
    "bool": "neither true nor false",
    "finite": "not a finite number",
    "date": "not a date",
    "path": "not the path of a file",
    "dict": "not a list of keys with values",
    "model": "not a list of keys with values",
    "tuple": "not a list",
    "list": "not a list",
}


def explain(
    error: ValidationError,
    model: type[BaseModel],
    file: str,
    lines: Mapping[Place, int],
    *,
    prefix: Place = (),
    called: str = "",
) -> list[Violation]:
    """One violation for each place of the file, in its order, in words of this project.

    Parameters
    ----------
    error : ValidationError
        As ``model.model_validate`` raises it.
    model : type
        The model, which tells what may stand at each place.
    file : str
        Name of the file for the reader.
    lines : mapping of tuple to int
        Line of every key by its path, as ``read_yaml`` gives it.
    prefix : tuple
        Path of what was validated within the file.
    called : str
        What a reader knows what was validated by, such as the id of an entry; default its path.

    Returns
    -------
    list of Violation

    Examples
    --------
    >>> from segmentation.study.choices import Choices
    >>> try:
    ...     Choices.model_validate({"pairs": 3})
    ... except ValidationError as error:
    ...     print(explain(error, Choices, "study.yaml", {("pairs",): 7})[0])
    study.yaml, line 7, column 'pairs': too small; got 3; allowed: a whole number, 10 to 10,000
    """
    found: dict[Place, Violation] = {}  # what is wrong in a part is said there, and not of the whole again
    for item in error.errors():
        within, kind = _follow(
            model, tuple(part for part in item["loc"] if part != "[key]"), lambda kept: (*prefix, *kept) in lines
        )
        place = (*prefix, *within)
        if place not in found:  # a value of several possible kinds fails once for each of them
            message, value, allowed, fix = _problem(item, within, kind, model)
            where = ".".join(str(part) for part in (*((called,) if called else prefix), *within))
            found[place] = Violation(message, file, None, where, value, allowed, fix, _line_of(place, lines))
    whole = [place for place in found if not any(other[: len(place)] == place for other in found if other != place)]
    return [found[place] for place in sorted(whole, key=lambda place: _line_of(place, lines) or 0)]


def _problem(item: Any, within: Place, kind: Any, model: type[BaseModel]) -> tuple[str, Any, str, str]:
    """Message, value, what is allowed, what to do."""
    given, problem, context = item["input"], item["type"], item.get("ctx", {})
    value = given if isinstance(given, (str, int, float, bool)) else None
    if problem == "extra_forbidden":
        keys = _keys_of(_follow(model, within[:-1])[1])
        return "unknown key", None, "", nearest_word(within[-1], keys) or f"Keys here: {', '.join(keys)}"
    if problem == "missing":
        return "this key is required", None, _allowed(kind), ""
    if problem == "literal_error":
        words = [str(word) for word in _literals(kind)]
        return "not one of the words known here", given, ", ".join(words), nearest_word(given, words)
    if problem == "string_too_long":
        return f"longer than {context['max_length']:,} characters ({len(given):,})", given[:40] + "…", "", ""
    if isinstance(given, float) and not isfinite(given):
        return "not a finite number", str(given), _allowed(kind), ""
    if problem == "value_error":
        return item["msg"].removeprefix("Value error, "), value, "", ""
    fix = "Put it in quotes" if problem == "string_type" and value is not None else ""
    return _message(problem, given), value, _allowed(kind), fix


def _message(problem: str, given: Any) -> str:
    if problem in ("greater_than", "greater_than_equal"):
        return "too small"
    if problem in ("less_than", "less_than_equal"):
        return "too large"
    if problem == "string_too_short":
        return "this must not be empty" if not str(given).strip() else "too short"
    if problem in ("too_short", "too_long"):
        return f"{len(given)} given, too {'few' if problem == 'too_short' else 'many'}"
    if problem == "missing_argument":
        return "too few values"
    if problem == "string_pattern_mismatch":
        return "not written as it must be"
    return _NOT.get(problem.split("_")[0], "not what may stand here")


def _follow(kind: Any, place: Place, stands: Callable[[Place], bool] = lambda _: True) -> tuple[Place, Any]:
    """The part of a place that stands in the file (without the names pydantic gives to kinds), and what may stand there."""
    kept: list[Any] = []
    for part in place:
        options = _options(kind)
        further = [inner for option in options if (inner := _step(option, part)) is not None]
        models = any(_is_model(_bare(option)) for option in options)
        if further and (len(options) == 1 or models or isinstance(part, int) or stands((*kept, part))):
            kept.append(part)
            kind = further[0]
        elif models and not further:
            return (*kept, part), kind  # a key that the model does not know: it stands in the file
    return tuple(kept), kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _options(kind: Any) -> list[Any]:
    bare, limits = _split(kind)
    if get_origin(bare) in (Union, UnionType):
        kinds = [inner for inner in get_args(bare) if inner is not type(None)]
        return [option for inner in kinds for option in _options(Annotated[inner, *limits] if limits else inner)]
    return [Annotated[bare, *limits] if limits else bare]


def _split(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(kind) is Annotated:
        inner, *limits = get_args(kind)
        bare, more = _split(inner)
        return bare, (*limits, *more)
    return kind, ()


def _bare(kind: Any) -> Any:
    return _split(kind)[0]


def _step(kind: Any, part: Any) -> Any:
    """What may stand under a key or at a position; None if nothing may."""
    bare = _bare(kind)
    if _is_model(bare):
        for name, field in bare.model_fields.items():
            if part == (field.alias or name):
                return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        return None
    inner = get_args(bare)
    if get_origin(bare) is dict:
        return inner[1]
    if get_origin(bare) is tuple and isinstance(part, int):
        return inner[min(part, len(inner) - 1)] if inner[-1] is not ... else inner[0]
    return None


def _keys_of(kind: Any) -> list[str]:
    for option in _options(kind):
        bare = _bare(option)
        if _is_model(bare):
            return sorted(f.alias or name for name, f in bare.model_fields.items() if not f.exclude)
    return []


def _literals(kind: Any) -> list[Any]:
    return [
        word for option in _options(kind) if get_origin(_bare(option)) is Literal for word in get_args(_bare(option))
    ]


def _allowed(kind: Any) -> str:
    """What may stand at a place, such as ``a whole number, 10 to 10,000``."""
    return ", or ".join(words for option in _options(kind) if (words := _describe(option)))


def _describe(kind: Any) -> str:
    bare, limits = _split(kind)
    bounds = _bounds(limits)
    if get_origin(bare) is Literal:
        return ", ".join(str(word) for word in get_args(bare))
    if get_origin(bare) is tuple:
        inner = get_args(bare)
        if inner[-1] is ...:
            size = f"{bounds['min_length']} to {bounds['max_length']} of them" if "max_length" in bounds else ""
            size = size or (f"at least {bounds['min_length']}" if "min_length" in bounds else "")
            return ", ".join(part for part in (f"a list of {_plural(_describe(inner[0]))}", size) if part)
        return f"[{', '.join(_describe(one) for one in inner)}]"
    if "pattern" in bounds:
        return _PATTERNS.get(bounds["pattern"], f"text that matches {bounds['pattern']}")
    words = _KINDS.get(bare, "")
    if bare is str and "max_length" in bounds:
        return f"text of {bounds.get('min_length', 0)} to {bounds['max_length']} characters"
    span = _span(bounds)
    return ", ".join(part for part in (words, span) if part)


def _plural(words: str) -> str:
    return {"text": "texts", "a number": "numbers", "a whole number": "whole numbers", "": "entries"}.get(
        words, f"entries, each {words}"
    )


def _span(bounds: Mapping[str, Any]) -> str:
    def written(value: Any) -> str:
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"

    low = written(bounds["ge"]) if "ge" in bounds else f"above {written(bounds['gt'])}" if "gt" in bounds else ""
    high = written(bounds["le"]) if "le" in bounds else f"below {written(bounds['lt'])}" if "lt" in bounds else ""
    if "ge" in bounds and "le" in bounds:
        return f"{low} to {high}"
    low, high = f"{low} or more" if "ge" in bounds else low, f"at most {high}" if "le" in bounds else high
    return f"{low} and {high}" if low and high else low or high


def _bounds(limits: tuple[Any, ...]) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
    flat = [part for limit in limits for part in (getattr(limit, "metadata", None) or [limit])]
    return {name: value for part in flat for name in names if (value := getattr(part, name, None)) is not None}


def _line_of(place: Place, lines: Mapping[Place, int]) -> int | None:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)
