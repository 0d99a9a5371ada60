"""QualCoder's own database: every table it needs, and every way it can be wrong."""

from __future__ import annotations

import sqlite3

import pytest

from segmentation.errors import DataContractError
from segmentation.sources import read_sources

TEXT = "I: And then?\nP01: \U0001f69a late twice.\nP01: I cancel in January.\n"
SCHEMA = """
create table source (id integer primary key, name text, fulltext text, mediapath text, memo text);
create table code_name (cid integer primary key, name text, memo text, catid integer, supercid integer);
create table code_cat (catid integer primary key, name text, memo text, supercatid integer);
create table code_text (ctid integer primary key, cid integer, fid integer, seltext text, pos0, pos1, owner text, memo text);
create table cases (caseid integer primary key, name text, memo text);
create table case_text (id integer primary key, caseid integer, fid integer, pos0 integer, pos1 integer);
create table attribute (attrid integer primary key, name text, attr_type text, value text, id integer);
create table code_image (imid integer primary key, cid integer);
"""


def write(path, extra=(), schema=SCHEMA, text=TEXT):
    with sqlite3.connect(path) as database:
        database.executescript(schema)
        if schema == SCHEMA:
            run = database.execute
            run(
                "insert into source values (1, 'P01.docx', ?, null, ''), (2, 'map.png', null, 'images:map.png', '')",
                (text,),
            )
            run("insert into code_cat values (1, 'Service', 'all of it', null), (2, 'Logistics', '', 1)")
            run("insert into code_name values (1, 'Late', 'slot missed', 2, null), (2, 'Twice', null, null, 1)")
            for code, quote, owner in (
                (1, "late twice.", "Ana Ruiz"),
                (2, "late twice.", "coder B"),
                (1, "January", "Ana Ruiz"),
            ):
                start = text.index(quote)
                run("insert into code_text (cid, fid, seltext, pos0, pos1, owner) values (?, 1, ?, ?, ?, ?)",
                    (code, quote, start, start + len(quote), owner))  # fmt: skip
            run("insert into cases values (1, 'P01', '')")
            run("insert into case_text values (1, 1, 1, 0, 10)")
            run("insert into attribute values (1, 'company_id', 'case', 'c1', 1), (2, 'E-mail', 'case', 'a@b.org', 1)")
            run("insert into attribute values (3, 'Age', 'case', '41', 1), (4, 'length', 'file', '9', 1)")
        for statement in extra:
            database.execute(statement)
    database.close()


def read(make_study, **sources):
    return read_sources(make_study({"codings": {"format": "qualcoder", "path": "data.qda"}, **sources}), "2026Q3")


def test_read_sources_qualcoder_makes_the_canonical_tables(tmp_path, make_study):
    write(tmp_path / "data.qda")
    data = read(make_study)
    codings = data["codings"]
    assert codings["quote"].tolist() == ["late twice.", "late twice.", "January"]
    assert codings["coder"].tolist() == ["coder 1", "coder B", "coder 1"]
    assert codings["code_id"].tolist() == ["late", "twice", "late"]
    assert [TEXT[c.start : c.end] for c in codings.itertuples()] == codings["quote"].tolist()
    codes = data["codes"]
    assert codes.loc[["late", "twice", "logistics"], "parent"].tolist() == ["logistics", "late", "service"]
    assert codes.loc[["late", "service"], "description"].tolist() == ["slot missed", "all of it"]
    assert data["turns"]["role"].tolist() == ["interviewer", "participant", "participant"]
    people = data["interviewees"]
    assert people.loc["P01", ["source_id", "company_id", "Age"]].tolist() == ["P01", "c1", "41"]
    assert "E-mail" not in people and data.identifiers == {"Ana Ruiz", "a@b.org"}
    assert any("1 sources of data.qda are not text" in note for note in data.accounts[0].notes)


def test_read_sources_qualcoder_positions_in_utf16_are_found(tmp_path, make_study):
    write(tmp_path / "data.qda", ["update code_text set pos0 = pos0 + 1, pos1 = pos1 + 1"])
    data = read(make_study)
    assert data["codings"]["quote"].tolist() == ["late twice.", "late twice.", "January"]
    assert any("UTF-16" in note for note in data.accounts[0].notes)


def test_read_sources_qualcoder_crlf_text_keeps_every_quote(tmp_path, make_study):
    write(tmp_path / "data.qda", text=TEXT.replace("\n", "\r\n"))
    data = read(make_study)
    assert "\r" not in data["transcripts"].at["P01", "text"]
    assert data["codings"]["quote"].tolist() == ["late twice.", "late twice.", "January"]


def test_read_sources_qualcoder_all_bad_codings_are_listed(tmp_path, make_study):
    write(
        tmp_path / "data.qda",
        [
            "insert into code_text values (11, 1, 1, 'x', 5, 5000, 'ana', '')",
            "insert into code_text values (12, 1, 1, 'other words', 0, 11, 'ana', '')",
            "insert into code_text values (13, 1, 9, 'x', 0, 1, 'ana', '')",
            "insert into code_text values (14, 1, 1, 'x', 'zero', 1, 'ana', '')",
            "insert into code_text values (15, 99, 1, 'I:', 0, 2, 'ana', '')",
            "insert into code_text values (16, 1, 1, '', 4, 4, 'ana', '')",
        ],
    )
    with pytest.raises(DataContractError) as caught:
        read(make_study)
    text = str(caught.value)
    assert len(caught.value.violations) == 6
    for words in (
        "row 4, column 'code_text.pos0': a coding lies outside its text 'P01', or is empty; got '5 to 5000'",
        "the words at 0 to 11 of 'P01' are 'I: And then', not those that were coded; got 'other words'",
        "row 6, column 'code_text.fid': a coding of a text that is not there; got 9",
        "positions are not whole numbers; got 'zero to 1'",
        "a coding refers to a code that is not in the codebook; got 'code 99'",
        "row 9, column 'code_text.pos0': a coding lies outside its text 'P01', or is empty; got '4 to 4'",
    ):
        assert words in text


def test_read_sources_qualcoder_missing_tables_and_columns_are_all_listed(tmp_path, make_study):
    write(tmp_path / "data.qda", schema="create table source (id integer, name text); create view cases as select 1")
    with pytest.raises(DataContractError) as caught:
        read(make_study)
    text = str(caught.value)
    assert "column 'fulltext': the table source has no such column" in text
    assert "is no plain table, and is refused; got 'cases'" in text
    for table in ("code_name", "code_cat", "code_text", "case_text", "attribute"):
        assert f"the table is missing; got '{table}'" in text
    assert len(caught.value.violations) == 7


def test_read_sources_qualcoder_is_opened_without_leaving_a_trace(tmp_path, make_study):
    write(tmp_path / "data.qda")
    before = (tmp_path / "data.qda").read_bytes()
    (tmp_path / "data.qda").chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        study = None
        tmp_path.chmod(0o755)
        study = make_study({"codings": {"format": "qualcoder", "path": "data.qda"}})
        tmp_path.chmod(0o555)
        read_sources(study, "2026Q3")
    finally:
        tmp_path.chmod(0o755)
    assert (tmp_path / "data.qda").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.qda", "study.yaml"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"<?xml version='1.0'?>", "not an SQLite database. Point `path` to data.qda"),
        (b"SQLite format 3\x00" + b"\xff" * 500, "the database is cut off"),
    ],
)
def test_read_sources_qualcoder_file_of_another_kind_is_refused(tmp_path, make_study, content, message):
    (tmp_path / "data.qda").write_bytes(content)
    with pytest.raises(DataContractError, match=message):
        read(make_study)


def test_read_sources_qualcoder_too_large_is_refused(tmp_path, make_study, monkeypatch):
    monkeypatch.setattr("segmentation.sources.sqlite.DOCUMENT_LIMIT", 1000)
    write(tmp_path / "data.qda")
    with pytest.raises(DataContractError, match="larger than 1,000 bytes"):
        read(make_study)


def test_read_sources_qualcoder_endless_query_is_stopped(tmp_path, make_study, monkeypatch):
    monkeypatch.setattr("segmentation.sources.sqlite.STEP_LIMIT", 0)
    write(tmp_path / "data.qda", [f"insert into code_image values ({n}, 1)" for n in range(20_000)])
    with pytest.raises(DataContractError, match="the database cannot be read: interrupted"):
        read(make_study)


def test_read_sources_qualcoder_open_in_the_program_is_refused(tmp_path, make_study):
    write(tmp_path / "data.qda")
    (tmp_path / "data.qda-wal").write_bytes(b"changes")
    with pytest.raises(DataContractError, match=r"lie in data\.qda-wal\. Close the program"):
        read(make_study)


def test_read_sources_qualcoder_cut_or_damaged_is_never_silent(tmp_path, make_study):
    write(tmp_path / "data.qda")
    whole = (tmp_path / "data.qda").read_bytes()
    for size in range(100, len(whole), 4000):
        (tmp_path / "data.qda").write_bytes(whole[:size])
        with pytest.raises(DataContractError, match=r"data\.qda"):
            read(make_study)


def test_read_sources_qualcoder_circle_of_codes_ends(tmp_path, make_study):
    write(tmp_path / "data.qda", ["update code_cat set supercatid = 2 where catid = 1"])
    assert set(read(make_study)["codes"].index) == {"service", "logistics", "late", "twice"}


def test_read_sources_qualcoder_cases_yield_to_the_table_of_interviewees(tmp_path, make_study):
    write(
        tmp_path / "data.qda",
        ["insert into cases values (2, 'Marion Smith', '')", "insert into cases values (3, 'P09', '')"],
    )
    (tmp_path / "people.csv").write_text("participant,source_id,company_id\nP01,P01,c7\nP05,P05,c8\n")
    data = read(make_study, people={"format": "table", "path": "people.csv", "as": "interviewees"})
    assert data["interviewees"]["company_id"].to_dict() == {"P01": "c7", "P05": "c8"}
    notes = {account.source: " | ".join(account.notes) for account in data.accounts}
    assert "1 texts are attached to people by another source instead" in notes["codings"]
    assert "2 cases have no text: case 2, P09" in notes["codings"]
    assert "1 interviewees have no transcript: P05" in notes["people"]
    assert "Marion Smith" in data.identifiers


def test_read_sources_qualcoder_case_with_two_texts_is_said(tmp_path, make_study):
    write(
        tmp_path / "data.qda",
        [
            "insert into source values (3, 'P01 diary.txt', 'P01: Nothing new.', null, '')",
            "insert into source values (4, 'P02.txt', 'P02: Nothing.', null, '')",
            "insert into case_text values (2, 1, 3, 0, 5)",
            "insert into code_image values (1, 1)",
        ],
    )
    data = read(make_study)
    assert data["interviewees"]["company_id"].fillna("").to_dict() == {"P01": "c1", "P01 diary": "c1", "P02": ""}
    notes = " | ".join(data.accounts[0].notes)
    assert "1 cases have several texts, and each text counts as a person of its own: P01" in notes
    assert "1 texts belong to no case: P02" in notes
    assert data.accounts[0].dropped == {"coding of a picture, PDF or recording": 1}


@pytest.mark.shared
def test_read_sources_real_qualcoder_database_agrees_with_its_export(shared, make_study):
    sources = {
        "codings": {"format": "qualcoder", "path": str(shared / "qda/qualcoder/mealkit.qda/data.qda")},
        "texts": {"format": "transcripts", "path": str(shared / "qda/taguette/*.txt")},
    }
    data = read_sources(make_study(sources), "2026Q3")
    export = {"codings": {"format": "refi-qda", "path": str(shared / "qda/qualcoder/mealkit_lf.qdpx")}}
    other = read_sources(make_study({**export, "texts": sources["texts"]}), "2026Q3")
    key = ["source_id", "start", "end", "code_id", "quote"]
    assert sorted(data["codings"][key].values.tolist()) == sorted(other["codings"][key].values.tolist())
    assert set(data["codes"].index) == set(other["codes"].index)
    assert data["codes"].loc["late_delivery", ["parent", "description"]].tolist() == ["logistics", "slot missed"]
    assert data["interviewees"].loc["P01", ["source_id", "Age"]].tolist() == ["interview_P01", "41"]
    assert "11 of 11 kept quotes match" in data.accounts[0].notes[0]


def test_read_sources_qualcoder_colours_of_codes_are_kept(tmp_path, make_study):
    write(
        tmp_path / "data.qda",
        ["alter table code_name add color text", "update code_name set color = '#F44336' where cid = 1"],
    )
    assert read(make_study)["codes"]["colour"].to_dict() == {
        "service": "",
        "logistics": "",
        "late": "#F44336",
        "twice": "",
    }
