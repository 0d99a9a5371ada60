"""The dated file of channel limits that ships with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

__all__ = ["channel_words", "load_limits"]

_NAMES = {"email": "e-mail", "linkedin": "LinkedIn", "linkedin_message": "LinkedIn message", "google": "Google", "meta": "Meta",
          "sms": "SMS", "x": "X", "tiktok": "TikTok"}  # fmt: skip


@cache
def _shipped() -> str:
    return files(__package__).joinpath("limits.yaml").read_text("utf-8")


def load_limits() -> dict[str, Any]:
    """Limits by channel and element, house rules, their sources and the day they were checked.

    Returns
    -------
    dict
        Keys ``checked``, ``sources``, ``channels`` (channel -> element -> rules), ``placeholders``, ``grade``, ``lix``
        ... A fresh copy on every call.

    Examples
    --------
    >>> load_limits()["channels"]["google"]["headline"]["error"]
    30
    """
    return yaml.safe_load(_shipped())


def channel_words(channel: object) -> str:
    """A channel as a reader knows it.

    Examples
    --------
    >>> channel_words("email"), channel_words("in_app")
    ('e-mail', 'in app')
    """
    return _NAMES.get(str(channel), str(channel).replace("_", " "))
