"""The proof that rules are a partition: every combination of values meets exactly one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...errors import Violation
from ...study import Variable
from .conditions import Condition

__all__ = ["prove_partition"]

MOST_CELLS = 500_000
Box = tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Piece:
    """Values of one variable that no condition tells apart.

    Attributes
    ----------
    low, high : float
        Ends; equal for a single value. NaN for missing.
    value : float
        One of the values, as an example.
    words : str
    """

    low: float
    high: float
    value: float
    words: str


def prove_partition(
    rules: Sequence[tuple[str, Mapping[str, Sequence[Condition]]]],
    base: Mapping[str, Variable],
    known: Mapping[str, Sequence[str]],
    file: str,
) -> list[Violation]:
    """Every combination of values for which no rule holds, or more than one.

    Parameters
    ----------
    rules : sequence of (str, mapping of variable to conditions)
    base : mapping of str to Variable
    known : mapping of str to sequence of str
        Level names.
    file : str

    Returns
    -------
    list of Violation
        Empty if the rules are a partition.

    Notes
    -----
    The thresholds and levels named in any rule cut each variable into pieces within which no condition changes its mind: single values
    and the open intervals between them, or names. The combinations of pieces are finitely many, and each is looked at. Missing
    is a piece of its own for a variable that some rule mentions as missing; otherwise a unit that lacks it is not placed.
    """
    used = [name for name in base if any(name in when for _, when in rules)]
    pieces = {name: _pieces(base[name], known.get(name), [w.get(name, ()) for _, w in rules]) for name in used}
    shape = tuple(len(pieces[name]) for name in used)
    cells = int(np.prod(shape)) if shape else 1
    if cells > MOST_CELLS:
        message = f"the rules cut the variables into {cells:,} combinations, too many to prove that each meets one rule"
        return [Violation(message, file, allowed=f"at most {MOST_CELLS:,}", fix="Use fewer thresholds")]
    holds = np.stack([_holds(when, used, pieces) for _, when in rules])
    count = holds.sum(axis=0)
    found = []
    for box in _boxes(count == 0):
        fix = "Add a rule, or let the neighbouring one take it in"
        found.append(Violation(f"no rule holds where {_say(box, used, pieces)}", file, fix=fix))
    for first in range(len(rules)):
        for second in range(first + 1, len(rules)):
            for box in _boxes(holds[first] & holds[second]):
                message = (
                    f"rules {rules[first][0]!r} and {rules[second][0]!r} both hold where {_say(box, used, pieces)}"
                )
                found.append(Violation(message, file, fix="Change one of them so that only one holds"))
    return found


def _pieces(variable: Variable, levels: Sequence[str] | None, conditions: Sequence[Sequence[Condition]]) -> list[Piece]:
    flat = [condition for group in conditions for condition in group]
    absent = [Piece(np.nan, np.nan, np.nan, "missing")] if any(c.absent for c in flat) else []
    if variable.level == "nominal":
        return [Piece(code, code, code, str(name)) for code, name in enumerate(levels or ())] + absent
    if variable.level == "ordinal" and levels:
        return [Piece(code, code, code, str(name)) for code, name in enumerate(levels, start=1)] + absent
    if variable.level == "binary":
        return [Piece(0.0, 0.0, 0.0, "no"), Piece(1.0, 1.0, 1.0, "yes"), *absent]
    cuts = sorted({limit for c in flat for limit in (c.low, c.high) if limit is not None})
    if not cuts:
        return [Piece(-np.inf, np.inf, 0.0, "any number"), *absent]
    found = [Piece(-np.inf, cuts[0], cuts[0] - 1, f"below {cuts[0]:g}")]
    for low, high in zip(cuts, [*cuts[1:], None], strict=True):
        found.append(Piece(low, low, low, f"{low:g}"))
        if high is None:
            found.append(Piece(low, np.inf, low + 1, f"above {low:g}"))
        else:
            found.append(Piece(low, high, (low + high) / 2, f"between {low:g} and {high:g}"))
    return found + absent


def _holds(
    when: Mapping[str, Sequence[Condition]], used: Sequence[str], pieces: Mapping[str, Sequence[Piece]]
) -> np.ndarray:
    """Whether a rule holds in each combination."""
    met = np.ones((1,) * len(used), dtype=bool)
    for axis, name in enumerate(used):
        values = np.array([piece.value for piece in pieces[name]])
        own = np.ones(len(values), dtype=bool)
        if name in when:
            own = np.any([condition.holds(values) for condition in when[name]], axis=0)
        shape = [1] * len(used)
        shape[axis] = len(values)
        met = met & own.reshape(shape)
    return np.broadcast_to(met, tuple(len(pieces[name]) for name in used))


def _boxes(wrong: np.ndarray) -> list[Box]:
    """The wrong combinations, neighbours that differ in one variable put together."""
    boxes: list[Box] = [tuple(frozenset([int(i)]) for i in place) for place in np.argwhere(wrong)]
    for axis in range(wrong.ndim):
        joined: dict[tuple[frozenset[int], ...], frozenset[int]] = {}
        for box in boxes:
            rest = box[:axis] + box[axis + 1 :]
            joined[rest] = joined.get(rest, frozenset()) | box[axis]
        boxes = [(*rest[:axis], own, *rest[axis:]) for rest, own in joined.items()]
    return boxes


def _say(box: Box, used: Sequence[str], pieces: Mapping[str, Sequence[Piece]]) -> str:
    """The combination in words, with one example if it is more than one value."""
    parts, example, many = [], [], False
    for name, own in zip(used, box, strict=True):
        whole = pieces[name]
        chosen = [whole[i] for i in sorted(own)]
        example.append(f"{name} {_example(chosen[0])}")
        if len(chosen) == len(whole):
            many = True
            continue
        many |= len(chosen) > 1 or chosen[0].low != chosen[0].high
        parts.append(f"{name} is {_join(chosen)}")
    text = " and ".join(parts) or "nothing is asked for"
    return f"{text} (for instance {', '.join(example)})" if many else text


def _example(piece: Piece) -> str:
    if np.isnan(piece.value) or piece.low == piece.high:
        return piece.words
    return f"{piece.value:g}"


def _join(chosen: Sequence[Piece]) -> str:
    """Pieces in words; a run of numbers from end to end as one interval."""
    spans = all(a.high == b.low for a, b in pairwise(chosen)) and len(chosen) > 1
    if spans and any(piece.low != piece.high for piece in chosen):
        first, last = chosen[0], chosen[-1]
        start = f"{first.low:g} or more" if first.low == first.high else f"above {first.low:g}"
        end = f"at most {last.high:g}" if last.low == last.high else f"below {last.high:g}"
        ends = [*([start] if first.low > -np.inf else []), *([end] if last.high < np.inf else [])]
        return " and ".join(ends)
    return " or ".join(piece.words for piece in chosen)
