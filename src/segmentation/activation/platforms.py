"""The dated file of what each platform asks, and the rules by which identifiers are written for it."""

from __future__ import annotations

import hashlib
import re
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

__all__ = [
    "EMAIL", "PEOPLE_PLATFORMS", "as_e164", "clean_email", "hash_identifier", "load_platforms", "platform_email", "platform_name",
    "platform_phone", "platform_zip",
]  # fmt: skip

PEOPLE_PLATFORMS = ("google", "meta", "linkedin", "marketo")  # these need addresses
EMAIL = re.compile(r"[a-z0-9_][a-z0-9._%+'/!#$&*=?^`{|}~-]*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
GMAIL = ("gmail.com", "googlemail.com")


@cache
def _shipped() -> dict[str, Any]:
    return yaml.safe_load(files(__package__).joinpath("platforms.yaml").read_text("utf-8"))


def load_platforms() -> dict[str, Any]:
    """Headers, limits, sources and the day they were checked, by platform.

    Returns
    -------
    dict
        Keys ``checked`` and ``platforms``. A fresh copy on every call.

    Examples
    --------
    >>> load_platforms()["platforms"]["linkedin"]["minimum"]
    300
    """
    return deepcopy(_shipped())


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


def platform_email(email: str, platform: str) -> str:
    """A clean e-mail as the platform hashes it: Google folds gmail addresses (no dots, nothing from a plus sign on), others keep them.

    Examples
    --------
    >>> platform_email("jane.doe@gmail.com", "google"), platform_email("jane.doe@gmail.com", "meta")
    ('janedoe@gmail.com', 'jane.doe@gmail.com')
    >>> platform_email("jane.doe+news@gmail.com", "google"), platform_email("jane.doe+news@example.com", "google")
    ('janedoe@gmail.com', 'jane.doe+news@example.com')
    """
    local, _, domain = email.partition("@")
    if _shipped()["platforms"][platform].get("gmail") == "folded" and domain in GMAIL:
        return f"{local.partition('+')[0].replace('.', '')}@{domain}"
    return email


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


def platform_phone(e164: str, platform: str) -> str:
    """A phone as the platform hashes it: Google with the plus sign, Meta digits only.

    Examples
    --------
    >>> platform_phone("+18008888888", "google"), platform_phone("+18008888888", "meta")
    ('+18008888888', '18008888888')
    """
    return e164 if platform == "google" else e164.removeprefix("+")


def platform_name(name: str | None, platform: str) -> str:
    """A name as the platform hashes it: lower case; Google keeps punctuation, Meta drops it.

    Examples
    --------
    >>> platform_name(" Zoë ", "google"), platform_name("O'Brien-Smith", "meta"), platform_name(None, "meta")
    ('zoë', 'obriensmith', '')
    """
    plain = " ".join(str(name or "").lower().split())
    return re.sub(r"[^\w ]|_", "", plain) if platform == "meta" else plain


def platform_zip(zip_code: str | None, platform: str, country: str) -> str:
    """A postal code as the platform takes it: Google as written, Meta without spaces and dashes, five digits in the US.

    Examples
    --------
    >>> platform_zip("37750-3997", "meta", "US"), platform_zip("WC2H 8LG", "google", "GB"), platform_zip("WC2H 8LG", "meta", "GB")
    ('37750', 'WC2H 8LG', 'wc2h8lg')
    """
    plain = " ".join(str(zip_code or "").split())
    if platform != "meta":
        return plain
    plain = re.sub(r"[\s-].*$", "", plain) if country == "US" else re.sub(r"[\s-]", "", plain)
    return plain.lower()
