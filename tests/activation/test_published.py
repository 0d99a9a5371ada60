"""Every writer held to examples its platform prints; each with where it stands. What nobody prints is in platforms.yaml, unverified."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from segmentation.activation.campaign import list_stickies
from segmentation.activation.platforms import (
    load_platforms,
    platform_email,
    platform_name,
    platform_phone,
    platform_zip,
)
from segmentation.activation.reread import check_file
from segmentation.activation.upsert import format_hubspot, list_upsert
from segmentation.activation.writers import format_people, format_posthog, format_salesforce, format_segment_calls
from segmentation.errors import DataContractError
from segmentation.period import Period
from segmentation.sources.identifiers import as_e164, clean_email, hash_identifier

QUARTER = Period.parse("2026Q3")
NOBODY_HELD = pd.Series(dtype=bool)


def people(**cells: str) -> pd.DataFrame:
    blank = dict.fromkeys(("email", "phone", "first_name", "last_name", "country", "zip"), "")
    return pd.DataFrame([blank | cells])


def row_of(platform: str, person: pd.DataFrame) -> dict[str, str]:
    content = format_people(platform, person, segment="S1", period=QUARTER)[0]
    assert check_file(platform, content, "x.csv") == 1
    return next(csv.DictReader(io.StringIO(content.decode(), newline="")))


# developers.facebook.com, Customer Information Parameters: input, normalised, expected SHA-256 (read in a copy of 2026)
@pytest.mark.parametrize(
    ("column", "cells", "published"),
    [
        ("email", {"email": clean_email("John_Smith@gmail.com")}, "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        ("phone", {"phone": as_e164("(650)555-1212", "1", "1")}, "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
        ("fn", {"first_name": "Mary"}, "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        ("fn", {"first_name": "정"}, "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        ("fn", {"first_name": "Valéry"}, "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
        ("ln", {"last_name": "Smith"}, "6627835f988e2c5e50533d491163072d3f4f41f5c8b04630150debb3722ca2dd"),
        ("country", {"country": "US"}, "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    ],
)  # fmt: skip
def test_meta_expected_sha256(column, cells, published):
    assert row_of("meta", people(**{"email": "a@b.co"} | cells))[column] == published


@pytest.mark.parametrize(
    ("written", "country", "published"),
    [("94035", "US", "94035"), ("1987", "AU", "1987"), ("75018", "FR", "75018"), ("M1 1AE", "GB", "m11ae")],
)
def test_meta_zip_examples(written, country, published):
    assert platform_zip(written, "meta", country) == published
    assert row_of("meta", people(email="a@b.co", zip=written, country=country))["zip"] == hash_identifier(published)


# developers.google.com/data-manager/api/devguides/concepts/formatting and tests/formatter_test.py of googleads/data-manager-python
@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("QuinnY@EXAMPLE.com", "quinny@example.com"),
        ("Jefferson.Loves.hiking@gmail.com", "jeffersonloveshiking@gmail.com"),
        ("Jefferson.LOVES.Hiking@googlemail.com", "jeffersonloveshiking@googlemail.com"),
        ("Cloudy.SanFrancisco+shopping@googlemail.com", "cloudysanfrancisco@googlemail.com"),
        ("cloudy.sanfrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
    ],
)
def test_google_email_examples(written, published):
    assert platform_email(clean_email(written), "google") == published


@pytest.mark.parametrize(
    ("column", "cells", "published"),
    [
        ("Email", {"email": clean_email("  ALEXZ@example.com   ")}, "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"),
        ("Phone", {"phone": as_e164("   +1-800-555-0100")}, "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"),
        ("First Name", {"first_name": "  GivenName  "}, "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814"),
        ("Last Name", {"last_name": "  FamilyName "}, "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574"),
    ],
)  # fmt: skip
def test_google_hash_examples(column, cells, published):
    whole = {"email": "a@b.co", "first_name": "x", "last_name": "y", "country": "PT", "zip": "1229-076"}
    row = row_of("google", people(**whole | cells))
    assert row[column] == published and row["Zip"] == "1229-076" and row["Country"] == "pt"


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("1 800 555 0100", "+18005550100"), ("18005550100", "+18005550100"), ("+1 800-555-0100", "+18005550100"),
        ("(800)555-0100", "+18005550100"), ("+44-113-496-0987", "+441134960987"),
        ("1-800-888-8888", "+18008888888"), ("18008888899", "+18008888899"), ("1(800)888-8888", "+18008888888"),  # g.co/wudy8r
    ],
)  # fmt: skip
def test_google_phone_examples(written, published):
    e164 = as_e164(written, "1", "1")
    assert e164 == published and platform_phone(e164, "google") == published


def test_google_two_addresses_of_one_inbox_are_one_row():
    both = pd.concat([people(email="jane.doe@gmail.com"), people(email="janedoe+news@gmail.com")], ignore_index=True)
    content = format_people("google", both, segment="S1", period=QUARTER)[0]
    assert check_file("google", content, "x.csv") == 1
    assert check_file("meta", format_people("meta", both, segment="S1", period=QUARTER)[0], "x.csv") == 2


def test_linkedin_header_of_its_template_and_hashes_the_e_mail_only():
    """The header as others read it in LinkedIn_Ads_Contact_Match_Template.csv; LinkedIn prints no example of a hash."""
    row = row_of("linkedin", people(email="test@example.com", first_name="Ada", last_name="Lovelace"))
    assert ",".join(row) == "email,firstname,lastname,jobtitle,employeecompany,country,googleaid"
    assert row.pop("email") == "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b" and not any(
        row.values()
    )
    assert "unverified" in load_platforms()["platforms"]["linkedin"]


def test_marketo_example_file():
    """experienceleague.adobe.com, Bulk Lead Import: the typical file."""
    published = "email,firstName,lastName\ntest@example.com,John,Doe\n"
    made = row_of("marketo", people(email="test@example.com", first_name="John", last_name="Doe"))
    assert dict(next(csv.DictReader(io.StringIO(published)))).items() <= made.items()


SEGMENT = {
    "type": "identify", "userId": "97980cfea0067",
    "traits": {"name": "Peter Gibbons", "email": "peter@example.com", "plan": "premium", "logins": 5},
}  # fmt: skip
RUDDERSTACK = {
    "type": "identify", "userId": "27340af5c8819",
    "context": {"traits": {"name": "Richard Hendricks", "email": "rhedricks@example.com", "logins": 2}},
}  # fmt: skip


@pytest.mark.parametrize("published", [SEGMENT, RUDDERSTACK], ids=["twilio.com spec", "rudderstack.com spec"])
def test_segment_calls_have_every_key_where_each_specification_prints_it(published):
    table = pd.DataFrame({"segment": ["S1"], "margin": [0.5]}, index=["A1"])
    users = pd.DataFrame({"user_id": [published["userId"]], "unit_id": ["A1"]})
    made = format_segment_calls(table, users, unit="unit_id", study="s", period=QUARTER, holdout=NOBODY_HELD)
    assert check_file("segment", made, "x.jsonl") == 1
    call = json.loads(made)
    assert set(published) <= set(call) and set(published.get("context", {})) <= set(call["context"])
    assert call["traits"] == call["context"]["traits"] and call["userId"] == published["userId"]


@pytest.mark.parametrize("user", ["user123", "user456", "0"])
def test_posthog_users_of_its_own_test_are_kept(user):
    """posthog/api/test/test_cohort.py: headers distinct_id and distinct-id; "0" is a user like any other."""
    table = pd.DataFrame({"segment": ["S1"], "margin": [0.5]}, index=[user])
    made = format_posthog(table, None, unit="unit_id", holdout=NOBODY_HELD)["S1"]
    assert made == f"distinct_id\r\n{user}\r\n".encode() and check_file("posthog", made, "x.csv") == 1


def test_salesforce_escapes_as_its_sample_does():
    """developer.salesforce.com, Sample CSV Files: a quotation mark is written twice, CRLF may end lines."""
    table = pd.DataFrame({"segment": ['Interested in "Fleet"'], "margin": [0.5]}, index=["0015g00000AbCdE"])
    made = format_salesforce(table, period=QUARTER, holdout=NOBODY_HELD)
    assert (
        b'"Interested in ""Fleet"""' in made and made.endswith(b"\r\n") and check_file("salesforce", made, "x.csv") == 1
    )


def test_hubspot_rules_of_its_import():
    """knowledge.hubspot.com, Set up import files: a header row of properties, UTF-8, a record a row. No file with Record ID is printed."""
    table = pd.DataFrame({"segment": ["Übersee", None], "margin": [0.5, float("nan")]}, index=["8001", "8002"])
    made = format_hubspot(list_upsert(table, period=QUARTER, holdout=NOBODY_HELD))
    assert made.decode("utf-8").splitlines() == [
        "Record ID,Segment,Segment margin,Segment period,Segment holdout", "8001,Übersee,0.5,2026Q3,false",
    ]  # fmt: skip
    assert check_file("hubspot", made, "x.csv") == 1 and "unverified" in load_platforms()["platforms"]["hubspot"]


def test_stickies_do_not_touch_on_either_whiteboard():
    """FigJam's createSticky makes 240 by 240 (developers.figma.com), Miro's square is 199 wide (developers.miro.com)."""
    rows = [("S1", "", stage, place, 50, 25, 0.5, False) for place, stage in enumerate(("a", "b"))]
    names = ["segment", "persona_id", "stage", "position", "n", "reached", "share", "withheld"]
    made = list_stickies(pd.DataFrame(rows, columns=names), pd.DataFrame())
    assert made["x"].diff().iloc[1] > 240


@pytest.mark.parametrize(
    ("platform", "content", "message"),
    [
        ("hubspot", "Record ID,Segment,Segment margin,Segment period\r\n8001,,0.5,2026Q3\r\n", "row 2, column 'Segment': no segment"),
        ("hubspot", "Record ID,Segment,Segment margin,Segment period\r\n8001,=1+1,0.5,2026Q3\r\n", "a cell that a spreadsheet would run"),
        ("hubspot", "Record ID,Segment,Segment margin,Segment period\r\n1,S1,0.5,2026Q3\r\n1,S2,0.5,2026Q3\r\n",
         "row 3, column 'Record ID': stands twice, first in row 2; got '1'"),
        ("hubspot", "Id,Segment\r\n", "header is not the platform's; allowed: Record ID,Segment,Segment margin"),
        ("salesforce", "Id,Segment__c,Segment_Margin__c,Segment_Period__c,Segment_Holdout__c\r\nA1,S1,half,2026Q3,no\r\n",
         "(?s)column 'Id': no id of Salesforce.*'Segment_Margin__c': not a number.*neither true nor false"),
        ("posthog", "distinct_id\r\n\r\n", "another number of cells|no id"),
        ("segment", '{"type": "identify", "userId": ""}\n', "line|row 1: not an identify call of a user"),
        ("segment", json.dumps(SEGMENT), "traits are not in both places"),
        ("segment", json.dumps(SEGMENT | {"context": {"traits": SEGMENT["traits"]}, "timestamp": "soon"}), "not a time.*; got 'soon'"),
        ("segment", '{"type": "identify"}\n{"type": \n', "(?s)row 1: not an identify call.*x, row 2: not JSON: Expecting value"),
        ("segment", "[]\n", "x, row 1: not an identify call of a user"),
        ("miro", "[[", "x, row 1: not JSON"),
        ("miro", json.dumps([[{}] * 21]).replace("{}", json.dumps(
            {"type": "sticky_note", "data": {"content": "x", "shape": "square"}, "style": {"fillColor": "teal"}})),
         "(?s)a call of 21 items; allowed: 1 to 20.*no such colour; got 'teal'; allowed: gray, light_yellow"),
    ],
)  # fmt: skip
def test_check_file_refuses_what_the_platform_would(platform, content, message):
    with pytest.raises(DataContractError, match=message):
        check_file(platform, content.encode(), "x")


def test_check_file_prints_no_address():
    content = b"email,firstName,lastName,segment,segmentPeriod\na@b.example,A,B,S1,2026Q3\na@b.example,A,B,S2,2026Q3\n"
    with pytest.raises(DataContractError, match="row 3, column 'email': stands twice, first in row 2") as caught:
        check_file("marketo", content, "x")
    assert "a@b.example" not in str(caught.value)


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085"])
def test_segment_calls_keep_what_ends_a_line_elsewhere(mark):
    table = pd.DataFrame({"segment": [f"Fleet{mark}owners"], "margin": [0.5]}, index=["A1"])
    users = pd.DataFrame({"user_id": ["u1"], "unit_id": ["A1"]})
    made = format_segment_calls(table, users, unit="unit_id", study="s", period=QUARTER, holdout=NOBODY_HELD)
    assert check_file("segment", made, "x.jsonl") == 1
    assert check_file("segment", b"", "x.jsonl") == 0
    call = json.loads(made)
    call["traits"] = call["context"]["traits"] = {"note": f"a{mark}b"}
    made = "".join(json.dumps(call | {"messageId": name}, ensure_ascii=False) + "\n" for name in "ab").encode()
    assert check_file("segment", made, "x.jsonl") == 2


def test_one_hash_for_all_platforms_would_be_wrong():
    e164, mail = as_e164("1-800-888-8888", "1", "1"), clean_email(" Jane.Doe+news@GoogleMail.com ")
    assert platform_phone(e164, "google") == "+18008888888" and platform_phone(e164, "meta") == "18008888888"
    assert platform_email(mail, "google") == "janedoe@googlemail.com"
    assert platform_email(mail, "meta") == platform_email(mail, "linkedin") == "jane.doe+news@googlemail.com"
    assert (
        platform_name("O'Brien-Smith", "meta") == "obriensmith"
        and platform_name("O'Brien-Smith", "google") == "o'brien-smith"
    )
