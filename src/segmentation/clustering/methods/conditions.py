"""One condition of a rule: what may be written, what it means, and whether a value meets it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ...errors import ParameterError, nearest_word
from ...features.encoder import Encoder
from ...study import Variable

__all__ = ["Condition", "parse_condition"]

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
COMPARED = re.compile(r"\s*(>=|<=|>|<|=)\s*(.+?)\s*")
RANGE = re.compile(rf"\s*({NUMBER})\s*\.\.\s*({NUMBER})\s*")
PLAIN = re.compile(rf"\s*{NUMBER}\s*")


@dataclass(frozen=True)
class Condition:
    """An interval, a set of one value, or that the value is missing.

    Attributes
    ----------
    low, high : float or None
        Limits; None is none.
    low_open, high_open : bool
        True if the limit itself does not meet the condition.
    absent : bool
        The value must be missing.
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    absent: bool = False

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Which values meet it.

        Examples
        --------
        >>> Condition(low=2.0, high=5.0, high_open=True).holds(np.array([1.0, 2.0, 5.0, np.nan])).tolist()
        [False, True, False, False]
        """
        if self.absent:
            return np.isnan(values)
        met = ~np.isnan(values)
        if self.low is not None:
            met &= (values > self.low) if self.low_open else (values >= self.low)
        if self.high is not None:
            met &= (values < self.high) if self.high_open else (values <= self.high)
        return met

    def encoded(self, variable: str, encoder: Encoder) -> Condition:
        """The same on the encoded scale, which rises with the natural one."""
        limits = {name: getattr(self, name) for name in ("low", "high") if getattr(self, name) is not None}
        return replace(self, **{name: encoder.encode_value(variable, value) for name, value in limits.items()})

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


def parse_condition(text: Any, variable: Variable, levels: Sequence[str] | None = None) -> Condition:
    """What is written in a rule, understood without being run.

    Parameters
    ----------
    text : str, number or bool
    variable : Variable
    levels : sequence of str, optional
        Names of the levels of a nominal (code 0, 1, ...) or ordinal (1, 2, ...) variable.

    Returns
    -------
    Condition
        In natural units; names as their codes.

    Raises
    ------
    ParameterError
        If it is none of the forms, or not a level.

    Examples
    --------
    >>> size = Variable(name="size", source="crm", kind="firmographic")
    >>> parse_condition(">= 3", size)
    Condition(low=3.0, high=None, low_open=False, high_open=False, absent=False)
    >>> parse_condition("2..5", size).high_open
    True
    """
    if isinstance(text, str) and text.strip() == "missing":
        return Condition(absent=True)
    if variable.level == "nominal":
        code = _code(str(text), variable, levels or ())
        return Condition(low=code, high=code)
    if isinstance(text, bool) or (variable.level == "binary" and str(text).strip().lower() in ("yes", "no")):
        value = float(text) if isinstance(text, bool) else float(str(text).strip().lower() == "yes")
        return Condition(low=value, high=value)
    if isinstance(text, (int, float)) and np.isfinite(text):
        return Condition(low=float(text), high=float(text))
    said = str(text)
    if found := RANGE.fullmatch(said):
        low, high = float(found[1]), float(found[2])
        if low >= high:
            raise ParameterError(f"{said!r} holds for nothing: a range a..b goes from a up to, not including, b")
        return Condition(low=low, high=high, high_open=True)
    sign, value = found.groups() if (found := COMPARED.fullmatch(said)) else ("=", said.strip())
    limit = _limit(value, said, variable, levels)
    return {
        ">=": Condition(low=limit),
        ">": Condition(low=limit, low_open=True),
        "<=": Condition(high=limit),
        "<": Condition(high=limit, high_open=True),
        "=": Condition(low=limit, high=limit),
    }[sign]


def _limit(value: str, said: str, variable: Variable, levels: Sequence[str] | None) -> float:
    if variable.level == "ordinal" and levels and value in levels:
        return float(levels.index(value) + 1)
    if PLAIN.fullmatch(value):
        return float(value)
    if variable.level == "ordinal" and levels:
        return float(_code(value, variable, levels) + 1)
    raise ParameterError(
        f"condition of {variable.name} must be like '>= 3', '> 3', '<= 3', '< 3', '= 3', '2..5' or missing; got {said!r}"
    )


def _code(name: str, variable: Variable, levels: Sequence[str]) -> float:
    if name not in levels:
        raise ParameterError(
            f"{variable.name} has no level {name!r}; it has {', '.join(levels)}. {nearest_word(name, levels)}".strip()
        )
    return float(list(levels).index(name))
