"""What an address is: an e-mail, a phone number, and the hash by which lists name one without showing it."""

from __future__ import annotations

import hashlib
import re

__all__ = ["EMAIL", "as_e164", "clean_email", "hash_identifier"]

EMAIL = re.compile(r"[a-z0-9_][a-z0-9._%+'/!#$&*=?^`{|}~-]*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


def hash_identifier(text: str) -> str:
    """SHA-256 in lower-case hexadecimal digits, without salt, as all platforms take it.

    Examples
    --------
    >>> hash_identifier("john_smith@gmail.com")
    '62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def clean_email(text: str | None) -> str | None:
    """An e-mail in lower case without spaces, or None if it is none.

    One that begins like a spreadsheet formula is none: an apostrophe before it would make it another address.

    Examples
    --------
    >>> clean_email(" John_Smith@Gmail.com "), clean_email("n/a"), clean_email("+x@example.com")
    ('john_smith@gmail.com', None, None)
    """
    plain = re.sub(r"\s+", "", str(text or "")).lower()
    return plain if len(plain) <= 254 and ".." not in plain and EMAIL.fullmatch(plain) else None


def as_e164(text: str | None, calling_code: str = "", trunk: str = "0") -> str | None:
    """A phone number in the international form of E.164, or None if it cannot be told.

    Parameters
    ----------
    text : str or None
        As somebody wrote it; an extension is cut off.
    calling_code : str
        Of the country, for numbers that name none; empty means such numbers cannot be told.
    trunk : str
        Digits dialled before a number within the country.

    Returns
    -------
    str or None
        A plus sign and 8 to 15 digits.

    Examples
    --------
    >>> as_e164("1-800-888-8888", "1", "1"), as_e164("(650)555-1212", "1", "1")
    ('+18008888888', '+16505551212')
    >>> as_e164("020 7946 0842", "44"), as_e164("0044 20 7946 0842"), as_e164("020 7946 0842")
    ('+442079460842', '+442079460842', None)
    """
    plain = re.split(r"(?i)ext|x|#|;", str(text or "").strip())[0].strip()
    digits = re.sub(r"\D", "", plain.replace("(0)", ""))
    if re.search(r"[^\d\s().+/\-\u2010-\u2014\u00a0]", plain) or not digits:
        return None
    if plain.startswith("+"):
        number = digits
    elif digits.startswith("00"):
        number = digits[2:]
    elif not calling_code:
        return None
    elif trunk and digits.startswith(trunk):
        number = calling_code + digits[len(trunk) :]
    elif digits.startswith(calling_code) and len(digits) > 10:
        number = digits
    else:
        number = calling_code + digits
    return f"+{number}" if 8 <= len(number) <= 15 and not number.startswith("0") else None
