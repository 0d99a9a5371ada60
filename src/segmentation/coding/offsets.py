"""Places in a text as browsers count them (UTF-16 code units) and as this package does (code points)."""

from __future__ import annotations

import unicodedata

__all__ = ["from_utf16", "snap_span", "to_utf16"]

JOINER = "\u200d"


def to_utf16(text: str, place: int) -> int:
    """Place in code points as a place in UTF-16 code units.

    Parameters
    ----------
    text : str
    place : int
        0 to the length of the text; beyond it counts as its end.

    Returns
    -------
    int

    Examples
    --------
    >>> to_utf16("a😀b", 2), to_utf16("abc", 2)
    (3, 2)
    """
    before = text[: max(place, 0)]
    return len(before) + sum(sign > "\uffff" for sign in before)


def from_utf16(text: str, place: int, *, up: bool = False) -> int:
    """Place in UTF-16 code units as a place in code points.

    Parameters
    ----------
    text : str
    place : int
        Beyond the text counts as its end.
    up : bool
        Inside a pair of surrogates: the place after the pair instead of the one before it.

    Returns
    -------
    int

    Examples
    --------
    >>> [from_utf16("a😀b", place) for place in range(5)], from_utf16("a😀b", 2, up=True)
    ([0, 1, 1, 2, 3], 2)
    """
    units = 0
    for number, sign in enumerate(text):
        width = 2 if sign > "\uffff" else 1
        if units >= place:
            return number
        if units + width > place:
            return number + up
        units += width
    return len(text)


def snap_span(text: str, start: int, end: int) -> tuple[int, int]:
    """A span that splits no sign from its accents and no emoji from its parts, without blanks at its ends.

    Parameters
    ----------
    text : str
    start, end : int
        Code points, end excluded; what lies outside the text is cut off.

    Returns
    -------
    (int, int)
        Empty (start equals end) if there is nothing but blanks.

    Examples
    --------
    >>> snap_span("cafe\\u0301 noir", 0, 4), snap_span(" so what ", 0, 9)
    ((0, 5), (1, 8))
    """
    start, end = max(min(start, len(text)), 0), max(min(end, len(text)), 0)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start >= end:
        return start, start
    while start > 0 and _belongs(text, start):
        start -= 1
    while end < len(text) and _belongs(text, end):
        end += 1
    return start, end


def _belongs(text: str, place: int) -> bool:
    """Whether the sign at a place is part of the one before it."""
    sign, before = text[place], text[place - 1]
    if before == "\r" and sign == "\n":
        return True
    if sign.isspace() or before.isspace():
        return False
    attached = (
        unicodedata.category(sign) in ("Mn", "Me", "Mc") or sign == JOINER or "\U0001f3fb" <= sign <= "\U0001f3ff"
    )
    return attached or (before == JOINER and unicodedata.category(sign) == "So")
