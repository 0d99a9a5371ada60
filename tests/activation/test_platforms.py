"""Identifiers as each platform hashes them: published examples first."""

from __future__ import annotations

import hashlib

import pytest

from segmentation.activation.platforms import (
    as_e164,
    clean_email,
    hash_identifier,
    load_platforms,
    platform_email,
    platform_name,
    platform_phone,
    platform_zip,
)

META = "Meta for Developers, Customer Information Parameters: the example of each parameter with its expected SHA-256"
GOOGLE = "Google's Customer Match template (g.co/wudy8r): three ways to write a phone that are all E.164 before hashing"


@pytest.mark.parametrize(
    ("made", "published"),
    [
        (lambda: platform_email("john_smith@gmail.com", "meta"), "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        (lambda: platform_phone("+16505551212", "meta"), "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
        (lambda: platform_name("Mary", "meta"), "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        (lambda: platform_name("Smith", "meta"), "6627835f988e2c5e50533d491163072d3f4f41f5c8b04630150debb3722ca2dd"),
    ],
)  # fmt: skip
def test_meta_published_examples(made, published):
    assert hash_identifier(made()) == published, META
    assert (
        clean_email("John_Smith@gmail.com") == "john_smith@gmail.com"
        and as_e164("(650)555-1212", "1", "1") == "+16505551212"
    )


@pytest.mark.parametrize(
    ("written", "e164"),
    [("1-800-888-8888", "+18008888888"), ("18008888899", "+18008888899"), ("1(800)888-8888", "+18008888888")],
)
def test_google_template_phones(written, e164):
    assert as_e164(written, "1", "1") == e164, GOOGLE
    assert hash_identifier(platform_phone(e164, "google")) == hashlib.sha256(e164.encode()).hexdigest()


def test_one_hash_for_all_platforms_would_be_wrong():
    e164 = as_e164("1-800-888-8888", "1", "1")
    assert platform_phone(e164, "google") == "+18008888888" and platform_phone(e164, "meta") == "18008888888"
    mail = clean_email(" Jane.Doe+news@GoogleMail.com ")
    assert platform_email(mail, "google") == "janedoe+news@googlemail.com"
    assert platform_email(mail, "meta") == platform_email(mail, "linkedin") == "jane.doe+news@googlemail.com"


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
        rules["source"].startswith("https://") and rules["why"] and rules["minimum"] >= 1
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
