"""The dated file of what each platform asks, and the rules by which identifiers are written for it."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

__all__ = [
    "PEOPLE_PLATFORMS", "load_platforms", "platform_email", "platform_name", "platform_phone", "platform_zip",
]  # fmt: skip

PEOPLE_PLATFORMS = ("google", "meta", "linkedin", "marketo")  # these need addresses
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
