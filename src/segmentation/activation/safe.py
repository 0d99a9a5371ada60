"""Text made harmless for spreadsheets, which would run a cell that begins like a formula."""

from __future__ import annotations

import re

__all__ = ["make_safe", "restore_text"]

# OWASP ASVS 1.2.10, and the full-width forms some spreadsheets fold to them
_STARTS = "=+-@\t\r\n\0＝＋－＠"
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def make_safe(text: object) -> str:
    """Text that a spreadsheet shows and does not run: an apostrophe is put before what begins like a formula.

    Numbers with a sign stay as they are.

    Parameters
    ----------
    text : object
        Its ``str`` is taken; None becomes "".

    Returns
    -------
    str

    Examples
    --------
    >>> make_safe("=HYPERLINK(1)"), make_safe("-5"), make_safe("+49 151"), make_safe("A=B")
    ("'=HYPERLINK(1)", '-5', "'+49 151", 'A=B')
    """
    plain = "" if text is None else str(text)
    first = plain.lstrip(" '\u00a0\ufeff\u200b")[:1]
    risky = bool(first) and first in _STARTS and not _NUMBER.fullmatch(plain)
    return f"'{plain}" if risky else plain


def restore_text(text: str) -> str:
    """What ``make_safe`` was given.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> restore_text("'=HYPERLINK(1)"), restore_text("'tis")
    ('=HYPERLINK(1)', "'tis")
    """
    return text[1:] if text.startswith("'") and make_safe(text[1:]) == text else text
