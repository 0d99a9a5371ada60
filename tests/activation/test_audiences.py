"""From the CRM's file to audiences: consent, suppression, holdout, sizes, all files or none."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from segmentation.activation.audiences import (
    describe_audiences,
    measure_overlap,
    plan_audiences,
    tabulate_audiences,
    tabulate_identifiers,
    tabulate_overlap_of,
)
from segmentation.activation.deliver import deliver_audiences
from segmentation.activation.platforms import load_platforms
from segmentation.activation.reread import check_file
from segmentation.activation.safe import restore_text
from segmentation.activation.writers import (
    check_size,
    format_people,
    format_posthog,
    format_salesforce,
    format_segment_calls,
)
from segmentation.errors import DataContractError, ParameterError
from segmentation.messaging import hold_out
from segmentation.period import Period
from segmentation.sources.identifiers import hash_identifier
from segmentation.sources.people import read_addresses, read_suppression
from segmentation.study import Study

from .conftest import STUDY

QUARTER = Period.parse("2026Q3")
PEOPLE = {
    "source": "crm", "id": "Id", "unit": "Account", "email": "Email", "phone": "Phone", "first_name": "First", "last_name": "Last",
    "country": "Country", "zip": "Zip", "consent": "Newsletter", "consent_means": "opted_in",
    "countries": {"United States": {"iso": "US", "calling_code": "1", "trunk": "1"}},
}  # fmt: skip
HEADER = "Id,Account,Email,Phone,First,Last,Country,Zip,Newsletter\n"


def make_study(folder: Path, text: str, suppression: str | None = None, **activation) -> Study:
    (folder / "crm.csv").write_text(text, "utf-8")
    content = {**STUDY, "folder": folder, "file": folder / "study.yaml"}
    content["sources"] = {**STUDY["sources"], "crm": {"path": "crm.csv", "format": "table"}}
    content["activation"] = {"people": PEOPLE, "holdout": 0.0, **activation}
    if suppression is not None:
        (folder / "suppress.csv").write_text(suppression, "utf-8")
        content["activation"]["suppression"] = "suppress.csv"
    return Study.model_validate(content)


def line(number: int, account: str, *, email: str | None = None, consent: str = "yes", **other: str) -> str:
    cells = {
        "phone": "1-800-888-8888",
        "first": "John",
        "last": "Smith",
        "country": "United States",
        "zip": "94016",
        **other,
    }
    mail = f"p{number}@example.com" if email is None else email
    return (
        ",".join(
            [f"P{number}", account, mail, *(cells[k] for k in ("phone", "first", "last", "country", "zip")), consent]
        )
        + "\n"
    )


def members(sizes: dict[str, int]) -> pd.DataFrame:
    rows = [(f"{name}-{n}", name) for name, size in sizes.items() for n in range(size)]
    index = pd.Index([unit for unit, _ in rows], name="unit_id")
    return pd.DataFrame(
        {"segment": pd.array([s for _, s in rows], dtype="str"), "margin": 0.5, "basis": "fitted"}, index=index
    )


def crowd(sizes: dict[str, int], **other: str) -> str:
    lines = [(f"{name}-{n}") for name, size in sizes.items() for n in range(size)]
    return HEADER + "".join(line(number, account, **other) for number, account in enumerate(lines))


def test_read_addresses_consent_suppression_and_bad_e_mails(tmp_path):
    people = HEADER + "".join([
        line(1, "A"), line(2, "A", consent=""), line(3, "A", consent="no"), line(4, "A", email=""), line(5, "A", email="n/a"),
        line(6, "A", email="P1@Example.com"), line(7, "B"), line(8, "C"), line(9, "D"),
    ])  # fmt: skip
    listed = f"email_sha256,id,unit\n{hash_identifier('p7@example.com').upper()},,\n,P8,\n,,D\n"
    found = read_addresses(make_study(tmp_path, people, listed))
    assert found.table.set_index("id")["reason"].to_dict() == {
        "P1": "", "P2": "no consent", "P3": "no consent", "P4": "no e-mail", "P5": "not an e-mail",
        "P6": "second person with this e-mail", "P7": "suppressed", "P8": "suppressed", "P9": "suppressed",
    }  # fmt: skip
    assert found.free["phone"].tolist() == ["+18008888888"] and found.free["country"].tolist() == ["US"]
    assert "example.com" not in repr(found)


def test_read_addresses_opting_out_once_counts_for_everybody_with_that_e_mail(tmp_path):
    people = HEADER + line(1, "A", email="a@b.co", consent="") + line(2, "B", email="A@b.co", consent="true")
    study = make_study(tmp_path, people, people={**PEOPLE, "consent_means": "opted_out"})
    assert read_addresses(study).table["reason"].tolist() == ["no consent", "no consent"]


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (HEADER.replace("Newsletter", "News letter") + line(1, "A"), r"people.consent.*Nothing is exported without it"),
        (HEADER.replace(",Email,", ",Mail,") + line(1, "A"), r"column 'Email': no such column.*Did you mean 'Mail'\?"),
        (HEADER + line(1, "A", consent="maybe"), "row 2, column 'Newsletter': consent must be yes or no; got 'maybe'"),
        (HEADER + line(1, "A") + line(1, "B"), "row 2, 3, column 'Id': id stands more than once; got 'P1'"),
        (HEADER + line(1, "A").replace("P1,", ",", 1), "column 'Id'|without an id"),
        (HEADER, "has a header but no rows"),
    ],
)  # fmt: skip
def test_read_addresses_bad_file_is_refused_and_names_no_address(tmp_path, people, message):
    with pytest.raises(DataContractError, match=message) as caught:
        read_addresses(make_study(tmp_path, people))
    assert "example.com" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("email\nx@y\n", "row 2, column 'email': not an e-mail"),
        ("email_sha256\nabc\n", "row 2, column 'email_sha256': not a SHA-256"),
        ("emial\na@b.co\n", r"column 'emial': unknown column.*Did you mean 'email'\?"),
        ("reason\nleft\n", "no column says who"),
        ("email,unit,reason\n,,left\n", "row 2: the row names nobody"),
    ],
)
def test_read_suppression_bad_row_is_refused(tmp_path, text, message):
    with pytest.raises(DataContractError, match=message):
        read_suppression(make_study(tmp_path, HEADER + line(1, "A"), text))


def test_read_suppression_without_a_list_is_empty(tmp_path):
    assert len(read_suppression(make_study(tmp_path, HEADER + line(1, "A")))) == 0


def test_hold_out_is_the_same_everywhere_and_grows_with_the_share():
    ids = [f"u{n}" for n in range(20_000)]
    small, large = hold_out(ids, share=0.05, salt="x"), hold_out(reversed(ids), share=0.1, salt="x")
    assert abs(small.mean() - 0.05) < 0.006 and abs(large.mean() - 0.1) < 0.008
    assert large[small.index[small]].all()
    assert 0.4 < (hold_out(ids, share=0.5, salt="x") == hold_out(ids, share=0.5, salt="y")).mean() < 0.6
    assert not hold_out(ids, share=0.0, salt="x").any()
    with pytest.raises(ParameterError, match="share must be 0 or more and below 1"):
        hold_out(ids, share=1.0, salt="x")


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_format_people_google_template_row(tmp_path):
    """Row one of Google's own template, hashed as its lines above the header say: country and zip stay plain."""
    people = HEADER + line(1, "A", email="test@gmail.com", phone="1-800-888-8888", first="john", last="smith")
    free = read_addresses(make_study(tmp_path, people)).free
    header, row = rows_of(format_people("google", free, segment="S1", period=QUARTER)[0])
    assert header == ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
    assert row == [*(hash_identifier(x) for x in ("test@gmail.com", "+18008888888", "john", "smith")), "us", "94016"]


def test_format_people_google_needs_all_four_parts_of_an_address(tmp_path):
    people = HEADER + line(1, "A", zip="", phone="")
    row = rows_of(
        format_people("google", read_addresses(make_study(tmp_path, people)).free, segment="S1", period=QUARTER)[0]
    )[1]
    assert row == [hash_identifier("p1@example.com"), "", "", "", "", ""]


def test_format_people_meta_and_linkedin_rows(tmp_path):
    people = HEADER + line(1, "A", email="John_Smith@gmail.com", phone="(650)555-1212", first="Mary", last="Smith")
    free = read_addresses(make_study(tmp_path, people)).free
    header, row = rows_of(format_people("meta", free, segment="S1", period=QUARTER)[0])
    assert header == ["email", "phone", "fn", "ln", "country", "zip"]
    assert row == [hash_identifier(x) for x in ("john_smith@gmail.com", "16505551212", "mary", "smith", "us", "94016")]
    header, row = rows_of(format_people("linkedin", free, segment="S1", period=QUARTER)[0])
    assert header == ["email", "firstname", "lastname", "jobtitle", "employeecompany", "country", "googleaid"]
    assert row == ["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f", "", "", "", "", "", ""]


def test_format_people_marketo_example_row_and_formulas(tmp_path):
    """The published sample of Marketo's bulk import, and a name that a spreadsheet would run."""
    people = (
        HEADER
        + line(1, "A", email="test@example.com", first="John", last="Doe")
        + line(2, "A", email="x@example.com", first="=1+1")
    )
    free = read_addresses(make_study(tmp_path, people)).free
    rows = rows_of(format_people("marketo", free, segment="S1", period=QUARTER)[0])
    assert rows[0][:3] == ["email", "firstName", "lastName"] and rows[1] == [
        "test@example.com",
        "John",
        "Doe",
        "S1",
        "2026Q3",
    ]
    assert rows[2][1] == "'=1+1" and restore_text(rows[2][1]) == "=1+1"


def test_format_people_marketo_splits_at_its_limit(tmp_path, monkeypatch):
    free = read_addresses(make_study(tmp_path, crowd({"S1": 40}))).free
    whole = format_people("marketo", free, segment="S1", period=QUARTER)
    rules = load_platforms()
    rules["platforms"]["marketo"]["max_bytes"] = 600
    rules["platforms"]["linkedin"]["max_bytes"] = 600
    monkeypatch.setattr("segmentation.activation.writers.load_platforms", lambda: rules)
    parts = format_people("marketo", free, segment="S1", period=QUARTER)
    assert len(parts) > 2 and all(len(part) <= 600 for part in parts)
    assert [row for part in parts for row in rows_of(part)[1:]] == rows_of(whole[0])[1:]
    with pytest.raises(DataContractError, match=r"the file would have .* bytes; allowed: 600 or fewer"):
        format_people("linkedin", free, segment="S1", period=QUARTER)


@pytest.mark.parametrize(("rows", "ok"), [(299, False), (300, True), (300_000, True), (300_001, False)])
def test_check_size_linkedin(rows, ok):
    assert (check_size("linkedin", "S1", rows) is None) == ok


def test_format_salesforce_as_the_data_loader_writes():
    table = members({"S1": 2}).set_axis(pd.Index(["0015g00000AbCdE", "0015g00000AbCdF"], name="unit_id"))
    holdout = pd.Series({"0015g00000AbCdF": True})
    assert format_salesforce(table, period=QUARTER, holdout=holdout) == (
        b'"Id","Segment__c","Segment_Margin__c","Segment_Period__c","Segment_Holdout__c"\r\n'
        b'"0015g00000AbCdE","S1","0.5","2026Q3","false"\r\n"0015g00000AbCdF","S1","0.5","2026Q3","true"\r\n'
    )
    other = format_salesforce(members({"S1": 1}), period=QUARTER, holdout=pd.Series(dtype=bool))
    assert rows_of(other)[0][0] == "Segmentation_Unit_Id__c"


def test_format_segment_calls_read_back_as_the_spec_says():
    table, users = (
        members({"S1": 1, "S2": 1}),
        pd.DataFrame({"user_id": ["97980cfea0067", "u2", "u3"], "unit_id": ["S1-0", "S2-0", "gone"]}),
    )
    content = format_segment_calls(
        table, users, unit="unit_id", study="s", period=QUARTER, holdout=pd.Series({"S2-0": True})
    )
    calls = [json.loads(text) for text in content.decode().splitlines()]
    assert [call["userId"] for call in calls] == ["97980cfea0067", "u2"]
    assert (
        set(calls[0]) == {"type", "userId", "traits", "context", "timestamp", "messageId"}
        and calls[0]["type"] == "identify"
    )
    assert calls[0]["traits"] == {
        "segment": "S1",
        "segment_margin": 0.5,
        "segment_period": "2026Q3",
        "segment_holdout": False,
    }
    assert calls[1]["traits"]["segment_holdout"] is True and calls[0]["context"]["groupId"] == "S1-0"
    assert len(calls[0]["messageId"]) <= 100 and calls[0]["messageId"] != calls[1]["messageId"]
    assert content == format_segment_calls(
        table, users, unit="unit_id", study="s", period=QUARTER, holdout=pd.Series({"S2-0": True})
    )


def test_format_posthog_header_and_holdout():
    files = format_posthog(members({"S1": 3, "S2": 1}), None, unit="unit_id", holdout=pd.Series({"S1-1": True}))
    assert files == {"S1": b"distinct_id\r\nS1-0\r\nS1-2\r\n", "S2": b"distinct_id\r\nS2-0\r\n"}


def delivered(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_deliver_audiences_writes_checks_and_remembers(tmp_path):
    sizes = {"S1": 330, "S2": 20}
    study = make_study(tmp_path, crowd(sizes), "unit\nS1-0\n", holdout=0.05)
    table, addresses = members(sizes), read_addresses(study)
    given = {
        "period": QUARTER,
        "platforms": ["google", "linkedin"],
        "segments": ["S1"],
        "why": "spring",
        "at": "2026-10-01T00:00:00",
    }
    done = deliver_audiences(study, table, addresses, tmp_path / "exports", **given)
    files = delivered(done.folder)
    assert sorted(files) == ["google/S1.csv", "holdout.csv", "linkedin/S1.csv"]
    held = {row[0] for row in rows_of(files["holdout.csv"])[1:] if row[1] == "true"}
    sent = {row[0] for row in rows_of(files["linkedin/S1.csv"])[1:]}
    expected = {hash_identifier(f"p{n}@example.com") for n in range(1, 330) if f"S1-{n}" not in held}
    assert sent == expected and len(held) == done.held_out > 5
    log = [json.loads(text) for text in (tmp_path / "exports" / "log.jsonl").read_text().splitlines()]
    assert {(entry["file"], entry["why"], entry["rows"]) for entry in log} == {
        ("google/S1.csv", "spring", len(sent)), ("linkedin/S1.csv", "spring", len(sent)),
    }  # fmt: skip
    assert all("example.com" not in content.decode() for content in files.values())


def test_deliver_audiences_too_small_writes_nothing_and_overwrites_nothing(tmp_path):
    sizes = {"S1": 310, "S2": 40, "S3": 30}
    study = make_study(tmp_path, crowd(sizes))
    table, addresses, folder = members(sizes), read_addresses(study), tmp_path / "exports"
    deliver_audiences(study, table, addresses, folder, period=QUARTER, platforms=["linkedin"], segments=["S1"])
    before = delivered(folder)
    with pytest.raises(DataContractError) as caught:
        deliver_audiences(study, table, addresses, folder, period=QUARTER, platforms=["linkedin", "google"])
    assert len(caught.value.violations) == 4  # S2 and S3, on both
    assert "linkedin, S2: 40 people are too few; allowed: 300 or more. LinkedIn refuses" in str(caught.value)
    assert delivered(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == ["2026Q3", "log.jsonl"]  # no draft is left


def test_deliver_audiences_a_broken_writer_leaves_the_old_files(tmp_path, monkeypatch):
    study = make_study(tmp_path, crowd({"S1": 120}))
    given = {"period": QUARTER, "platforms": ["google"]}
    table, addresses, folder = members({"S1": 120}), read_addresses(study), tmp_path / "exports"
    deliver_audiences(study, table, addresses, folder, **given)
    before = delivered(folder)
    monkeypatch.setattr(
        "segmentation.activation.deliver.format_people", lambda *a, **k: [b"Email,Phone\r\nplain@example.com,\r\n"]
    )
    with pytest.raises(DataContractError, match="header is not the platform's"):
        deliver_audiences(study, table, addresses, folder, **given)
    assert delivered(folder) == before


def test_deliver_audiences_without_anybody_who_agreed_exports_nothing(tmp_path):
    study = make_study(tmp_path, crowd({"S1": 400}, consent=""))
    with pytest.raises(DataContractError, match="marketo, S1: 0 people are too few"):
        deliver_audiences(
            study,
            members({"S1": 400}),
            read_addresses(study),
            tmp_path / "exports",
            period=QUARTER,
            platforms=["marketo"],
        )
    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"platforms": ["gogle"]}, r"got 'gogle'. Did you mean 'google'\?"),
        ({"platforms": ["hubspot"]}, "its file needs no address and is in the report's exports"),
        ({"platforms": ["google"], "segments": ["S9"]}, "no segment 'S9'; there are S1"),
    ],
)
def test_deliver_audiences_unknown_names(tmp_path, given, message):
    study = make_study(tmp_path, crowd({"S1": 3}))
    with pytest.raises(ParameterError, match=message):
        deliver_audiences(
            study, members({"S1": 3}), read_addresses(study), tmp_path / "exports", period=QUARTER, **given
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Email\r\n", "header is not the platform's"),
        (
            b"Email,Phone,First Name,Last Name,Country,Zip\r\na@b.co,,,,,\r\n",
            "row 2, column 'Email': a cell that must be hashed is not",
        ),
        (b"Email,Phone,First Name,Last Name,Country,Zip\r\n,,,,,\r\n", "row 2: no e-mail"),
        (
            b"Email,Phone,First Name,Last Name,Country,Zip\r\n" + 2 * (b"0" * 64 + b",,,,,\r\n"),
            "row 3, column 'Email': stands twice, first in row 2; got '00000",
        ),
        (b"Email,Phone,First Name,Last Name,Country,Zip\r\n" + b"0" * 64 + b",,\r\n", "another number of cells"),
    ],
)
def test_check_file_refuses_what_google_would(content, message):
    with pytest.raises(DataContractError, match=message):
        check_file("google", content, "S1.csv")


def test_plan_audiences_counts_and_words_hold_no_address(tmp_path):
    sizes = {"S1": 320, "S2": 105, "S3": 4}
    study = make_study(tmp_path, crowd(sizes), "id\nP0\n")
    found = plan_audiences(study, members(sizes), read_addresses(study))
    ok = found.plan.pivot(index="audience", columns="platform", values="ok")
    assert ok["linkedin"].to_dict() == {"S1": True, "S2": False, "S3": False} and ok["google"].to_dict()["S2"]
    assert found.plan.set_index(["audience", "platform"]).at[("S1", "google"), "rows"] == 319
    told = str(describe_audiences(found, study))
    assert (
        "428 of 429 people in 3 segments may be written to" in told and "fewer than 10 on the suppression list" in told
    )
    assert (
        "LinkedIn matched audience would not take S2 and S3 (fewer than 300 people)" in told
        and "Nobody is held out" in told
    )
    shown = tabulate_audiences(found, units="accounts").frame
    assert shown["LinkedIn matched audience"].tolist() == [
        "319",
        "too few (105 of 300)",
        "too few (fewer than 10 of 300)",
    ]
    table = tabulate_identifiers(found).frame
    assert table["with e-mail"].isna().tolist() == [False, False, True]
    assert "example.com" not in told + str(shown) + str(table)


def test_describe_audiences_says_what_is_left_after_those_held_out(tmp_path):
    sizes = {"S1": 320}
    study = make_study(tmp_path, crowd(sizes), "id\nP0\n")
    study = study.model_copy(update={"activation": study.activation.model_copy(update={"holdout": 0.1})})
    found = plan_audiences(study, members(sizes), read_addresses(study))
    rows, held = int(found.plan["rows"].iloc[0]), int(found.holdout.sum())
    assert 0 < rows < 319 and held > 9
    told = str(describe_audiences(found, study))
    assert "319 of 320 people" in told and f"{rows:,d} remain for a file once the {study.units} held out" in told
    assert "one entry may name" not in told  # one entry, one person
    caption = tabulate_audiences(found, units="accounts").caption
    assert f"after the {held} accounts held out are taken away" in caption
    several = str(describe_audiences(replace(found, suppressed=0), study))
    assert "has 0 entries; one entry may name an account or an e-mail of several people." in several


def test_describe_audiences_nobody_in_a_segment_is_absent(tmp_path):
    study = make_study(tmp_path, crowd({"S1": 4}))
    found = plan_audiences(study, members({"S1": 4}).assign(segment=None), read_addresses(study))
    assert describe_audiences(found, study).kind == "absent" and tabulate_audiences(found).frame.empty


def test_plan_audiences_without_people_says_how_to_name_them(tmp_path):
    study = make_study(tmp_path, HEADER + line(1, "A"))
    study = study.model_copy(
        update={"activation": study.activation.model_copy(update={"people": None, "holdout": 0.1})}
    )
    assert read_addresses(study) is None
    found = plan_audiences(study, members({"S1": 50}), None)
    callout = describe_audiences(found, study)
    assert callout.kind == "absent" and "activation.people" in callout.text and len(found.holdout) == 50
    assert tabulate_audiences(found).frame.empty and tabulate_identifiers(found).frame.empty


def test_measure_overlap_and_its_table():
    overlap = measure_overlap({"a": pd.Index(range(30)), "b": pd.Index(range(20, 80)), "c": pd.Index([])})
    assert overlap["shared"].tolist() == [10, 0, 0] and overlap["part"].iloc[0] == pytest.approx(1 / 3)
    table = tabulate_overlap_of(overlap)
    assert len(table.frame) == 1 and tabulate_overlap_of(overlap.iloc[1:]).empty == "No two audiences share 10 or more."
