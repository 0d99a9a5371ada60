"""Identifiers before they are hashed: what is an e-mail, what is a phone. Published examples are in test_published.py."""

from __future__ import annotations

import pytest

from segmentation.activation.platforms import (
    load_platforms,
    platform_name,
    platform_zip,
)
from segmentation.sources.identifiers import as_e164, clean_email, hash_identifier


def test_hash_identifier_known_value():
    """The digest of test@example.com that LinkedIn's and Google's partners print in their guides."""
    assert hash_identifier("test@example.com") == "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" A@B.co ", "a@b.co"), ("a b@c.de", "ab@c.de"), ("", None), (None, None), ("a@b", None), ("a@@b.co", None), ("=a@b.co", None),
        ("+a@b.co", None), ("-a@b.co", None), ("a..b@c.de", None), ("a@-b.co", None), ("a" * 250 + "@b.co", None), ("a,b@c.de", None),
    ],
)  # fmt: skip
def test_clean_email(text, clean):
    assert clean_email(text) == clean


@pytest.mark.parametrize(
    ("text", "code", "trunk", "e164"),
    [
        ("+44 20 7946 0842", "", "0", "+442079460842"),
        ("+44 (0)20 7946 0842", "", "0", "+442079460842"),
        ("020 7946 0842", "44", "0", "+442079460842"),
        ("442079460842", "44", "0", "+442079460842"),
        ("(216) 555-0154 ext. 7", "1", "1", "+12165550154"),
        ("(216) 555-0154", "", "0", None),  # no country: it cannot be told
        ("call me", "44", "0", None),
        ("123", "44", "0", None),
        ("+1234567890123456", "", "0", None),  # E.164 ends at 15 digits
        ("", "44", "0", None),
    ],
)
def test_as_e164(text, code, trunk, e164):
    assert as_e164(text, code, trunk) == e164


def test_platform_name_and_zip():
    assert (
        platform_name("  Zoë  Ann ", "google") == "zoë ann" and platform_name("O'Brien-Smith", "meta") == "obriensmith"
    )
    assert (
        platform_zip("37750-3997", "meta", "US") == "37750" and platform_zip(" WC2H  8LG", "google", "GB") == "WC2H 8LG"
    )
    assert platform_zip(None, "google", "US") == ""


def test_load_platforms_every_limit_has_a_source_and_the_file_a_day():
    told = load_platforms()
    assert str(told["checked"]).startswith("2026-")
    assert all(
        rules["source"].startswith("https://") and rules["why"] and rules["minimum"] >= 0
        for rules in told["platforms"].values()
    )
    assert told["platforms"]["google"]["header"] == ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
    assert told["platforms"]["linkedin"]["header"] == [
        "email",
        "firstname",
        "lastname",
        "jobtitle",
        "employeecompany",
        "country",
        "googleaid",
    ]
