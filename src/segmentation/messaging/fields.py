"""Fields of the sending tool in a text: ``{{first_name|there}}`` is the reader's first name, "there" where it is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["FIELD", "UNFILLED", "field_names", "fill_fields", "find_broken"]

FIELD = re.compile(r"\{\{\s*([a-z_]+)\s*(?:\|([^{}|]*))?\}\}")
UNFILLED = re.compile(r"\{[^}]*\}+|\[[^\]]*\]|<[^>]*>|\b(?:XXX+|TBD|TODO|FIXME)\b|\blorem\b", re.IGNORECASE)


def field_names(text: str) -> set[str]:
    """Names of the fields of a text.

    Examples
    --------
    >>> sorted(field_names("Hello {{first_name|there}}, {{city}}"))
    ['city', 'first_name']
    """
    return {found[1] for found in FIELD.finditer(text)}


def fill_fields(text: str, sizes: Mapping[str, int]) -> str:
    """Text as long as it will be shown: each field as the longer of its assumed size and its fallback.

    Examples
    --------
    >>> fill_fields("Hi {{name|customer}}", {"name": 3})
    'Hi xxxxxxxx'
    """
    return FIELD.sub(lambda found: "x" * max(sizes.get(found[1], 12), len((found[2] or "").strip())), text)


def find_broken(text: str, limits: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """What the sending tool could not fill: (what is wrong, the words, what is allowed, what to do)."""
    allowed = ", ".join(limits["placeholders"])
    for found in FIELD.finditer(text):
        if found[1] not in limits["placeholders"]:
            yield "no such field", found[0], allowed, "Use a field of the sending tool, or add it to the limits"
        elif found[1] in limits["may_be_empty"] and not (found[2] or "").strip():
            fix = f"Say what stands there when it is empty: {{{{{found[1]}|words}}}}"
            yield "placeholder without a fallback", found[0], "", fix
    rest = FIELD.sub(" ", text)
    for brace in re.findall(r"\{+[^{}]*\}*|[^{}\s]*\}+", rest):
        yield "broken placeholder", brace.strip(), "{{name}} or {{name|fallback}}", "Mend or remove it"
