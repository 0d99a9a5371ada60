"""What may stand in a decisions file, and everything that can be wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, FiniteFloat, StringConstraints, ValidationError

from ..errors import Violation, nearest_word
from ..study.explain import explain
from ..study.parts import Part

__all__ = ["Merge", "NamedSegment", "SegmentDecisions", "read_content"]

LONGEST_NAME, LONGEST_TEXT = 60, 2000


def _check_id(text: str) -> str:
    if not re.fullmatch(r"S[1-9][0-9]{0,3}", text):
        raise ValueError("a segment id is S and a number, such as S2")
    return text


def _check_quarter(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}Q[1-4]", text):
        raise ValueError("a quarter is written such as 2026Q3")
    return text


def _check_text(text: str) -> str:
    """Nothing that does not print, or that turns the direction of what follows; lines are allowed."""
    for character in text:
        bad = unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") and character not in "\n\t"
        if bad or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            raise ValueError(f"holds the character U+{ord(character):04X}, which does not print")
    return text


def _check_name(text: str) -> str:
    if re.search(r"[\n\t]", text):
        raise ValueError("must be one line")
    if re.fullmatch(r"S[0-9]+", text):
        raise ValueError("looks like the id of a segment")
    return text


SegmentId = Annotated[str, AfterValidator(_check_id)]
Quarter = Annotated[str, AfterValidator(_check_quarter)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT), AfterValidator(_check_text)]
Why = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_check_text),
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_NAME),
    AfterValidator(_check_text),
    AfterValidator(_check_name),
]


class NamedSegment(Part):
    """What the team calls a segment, a remark about it, and who said so when."""

    name: Line = ""
    note: Text = ""
    by: Line = ""
    since: Quarter | None = None


class Merge(Part):
    """Segments that count as part of another one from now on, and why."""

    into: SegmentId
    parts: tuple[SegmentId, ...] = Field(alias="from", min_length=1)
    why: Why


class SegmentDecisions(Part):
    """Everything decided about one segmentation.

    ``decided_on`` is the quarter whose segments were looked at; ``centres`` their mean z-scores then.
    """

    decided_on: Quarter | None = None
    segments: dict[SegmentId, NamedSegment] = Field({})
    merge: tuple[Merge, ...] = ()
    centres: dict[SegmentId, dict[str, FiniteFloat]] = Field({})

    @property
    def merged(self) -> dict[str, str]:
        """Segment to the one it is part of."""
        return {part: merge.into for merge in self.merge for part in merge.parts}


def read_content(
    content: Any, known: tuple[str, ...], file: str, lines: Mapping[tuple[Any, ...], int]
) -> tuple[dict[str, SegmentDecisions], list[Violation]]:
    """Decisions by segmentation, and everything wrong with them."""
    if content is None:
        return {}, []
    if not isinstance(content, dict):
        fix = "Write the name of a segmentation, then under it segments: and merge:"
        return {}, [Violation("not a list of segmentations", file, value=type(content).__name__, fix=fix)]
    found, violations = {}, []
    for name, part in content.items():
        if name not in known:
            hint = nearest_word(name, known)
            violations.append(
                Violation("no such segmentation", file, None, "", name, ", ".join(known), hint, lines.get((name,)))
            )
            continue
        try:
            found[name] = SegmentDecisions.model_validate({} if part is None else part)
        except ValidationError as error:
            violations += explain(error, SegmentDecisions, file, lines, prefix=(name,))
        else:
            violations += _check_merges(found[name], name, file, lines) + _check_names(found[name], name, file, lines)
    return found, violations


def _check_merges(
    decided: SegmentDecisions, name: str, file: str, lines: Mapping[tuple[Any, ...], int]
) -> list[Violation]:
    targets = {merge.into for merge in decided.merge}
    violations, seen = [], set()
    for i, merge in enumerate(decided.merge):
        for j, part in enumerate(merge.parts):
            place = f"{name}.merge.{i}.from"
            line = lines.get((name, "merge", i, "from", j), lines.get((name, "merge", i)))
            if part == merge.into:
                violations.append(
                    Violation("a segment cannot be merged into itself", file, None, place, part, line=line)
                )
            elif part in seen:
                violations.append(Violation("merged twice", file, None, place, part, line=line))
            elif part in targets:
                fix = f"Name the segment that {part} itself becomes part of, so that there is no chain or circle"
                violations.append(Violation(f"others are merged into {part}", file, None, place, part, "", fix, line))
            seen.add(part)
    return violations


def _check_names(
    decided: SegmentDecisions, name: str, file: str, lines: Mapping[tuple[Any, ...], int]
) -> list[Violation]:
    violations: list[Violation] = []
    first: dict[str, str] = {}
    for segment, named in decided.segments.items():
        key = named.name.casefold()
        if key and key in first:
            line = lines.get((name, "segments", segment, "name"))
            place = f"{name}.segments.{segment}.name"
            violations.append(
                Violation(f"{first[key]} has this name already", file, None, place, named.name, line=line)
            )
        first.setdefault(key, segment)
    return violations
