"""Taguette's database and its exports: bytes to characters, words to places."""

from __future__ import annotations

import sqlite3

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.errors import DataContractError
from segmentation.sources import read_sources
from segmentation.sources.taguette import HtmlText

SCHEMA = """
create table projects (id integer primary key, name text, description text);
create table documents (id integer primary key, name text, contents text, project_id integer);
create table tags (id integer primary key, project_id integer, path text, description text);
create table highlights (id integer primary key, document_id integer, start_offset, end_offset, snippet text);
create table highlight_tags (highlight_id integer, tag_id integer);
insert into projects values (1, 'Meals', '');
insert into tags values (1, 1, 'price', 'too dear'), (2, 1, 'price.offer.voucher', ''), (3, 1, 'late', '');
"""
PAGE = "\n<p>I: Caf\u00e9 &amp; \U0001f381?</p><p>P01: Z\u00fcrich is dear.</p>\r\n<p>P01: Z\u00fcrich is dear.</p>"
WORDS = "I: Caf\u00e9 & \U0001f381?P01: Z\u00fcrich is dear.\nP01: Z\u00fcrich is dear."  # tags removed, as Taguette counts it
TRANSCRIPT = "I: Caf\u00e9?\n\nP01: Z\u00fcrich is dear. Very dear.\n\nP01: late, then later.\n"
HEAD = "id,document,tag,content\n"


def write(path, *highlights, extra=()):
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        database.execute("insert into documents values (1, 'P01.docx', ?, 1)", (PAGE,))
        for number, (start, end, snippet, tags) in enumerate(highlights, start=1):
            database.execute("insert into highlights values (?, 1, ?, ?, ?)", (number, start, end, snippet))
            database.executemany("insert into highlight_tags values (?, ?)", [(number, tag) for tag in tags])
        for statement in extra:
            database.execute(statement)
    database.close()


def bytes_of(quote, after=0):
    start = WORDS.index(quote, after)
    return len(WORDS[:start].encode()), len(WORDS[: start + len(quote)].encode())


def read(make_study, path, **more):
    sources = {"codings": {"format": "taguette", "path": path, **more.pop("codings", {})}, **more}
    return read_sources(make_study(sources), "2026Q3")


def with_texts(tmp_path, text=TRANSCRIPT):
    (tmp_path / "P01.txt").write_text(text, encoding="utf-8")
    return {"texts": {"format": "transcripts", "path": "P01.txt"}}


def test_read_sources_taguette_database_bytes_become_characters(tmp_path, make_study):
    quote = "Z\u00fcrich is dear."
    second = WORDS.rindex(quote)
    write(
        tmp_path / "a.sqlite3",
        (*bytes_of("\U0001f381?"), "<p>\U0001f381?</p>", [1]),
        (*bytes_of(quote, second), f"<p>{quote}</p>", [1, 2]),
        (0, 1, "<p>I</p>", []),
    )
    data = read(make_study, "a.sqlite3")
    text = data["transcripts"].at["P01", "text"]
    assert text == "I: Caf\u00e9 & \U0001f381?\nP01: Z\u00fcrich is dear.\nP01: Z\u00fcrich is dear."
    codings = data["codings"]
    assert codings["quote"].tolist() == ["\U0001f381?", quote, quote]
    assert codings["start"].tolist()[1:] == [text.rindex(quote)] * 2
    assert data["turns"]["role"].tolist() == ["interviewer", "participant", "participant"]
    assert data["codes"]["parent"].fillna("").to_dict() == {"price": "", "price_offer_voucher": "price", "late": ""}
    assert data["codes"].at["price", "description"] == "too dear"
    assert data.accounts[0].dropped == {"highlight without a tag": 1}
    assert (data.accounts[0].rows_in, data.accounts[0].rows_out) == (4, 3)
    assert any("Taguette names no coder" in note for note in data.accounts[0].notes)


def test_read_sources_taguette_every_bad_highlight_is_listed(tmp_path, make_study):
    write(
        tmp_path / "a.sqlite3",
        (0, 9999, "<p>x</p>", [1]),
        (0, 1, "<p>other</p>", [1]),
        ("a", None, "", [1]),
        extra=["insert into highlights values (9, 7, 0, 1, '')"],
    )
    with pytest.raises(DataContractError) as caught:
        read(make_study, "a.sqlite3")
    text = str(caught.value)
    assert len(caught.value.violations) == 4
    assert "highlight 1 lies outside the text of 'P01'; got '0 to 9999'" in text
    assert "the words of highlight 2 are 'I' in 'P01', not those that were highlighted; got 'other'" in text
    assert "highlight 3 lies outside the text of 'P01'; got 'a to None'" in text
    assert "a highlight of a document that is not there; got 9" in text


def test_read_sources_taguette_several_projects_need_a_name(tmp_path, make_study):
    write(tmp_path / "a.sqlite3", (0, 1, "I", [1]), extra=["insert into projects values (2, 'Other', '')"])
    with pytest.raises(DataContractError, match=r"holds 2 projects\. Name one as `table`: Meals, Other"):
        read(make_study, "a.sqlite3")
    assert len(read(make_study, "a.sqlite3", codings={"table": "Meals"})["codings"]) == 1
    with pytest.raises(DataContractError, match="no such project in the database; got 'Meal'"):
        read(make_study, "a.sqlite3", codings={"table": "Meal"})


def test_read_sources_taguette_two_databases_of_two_coders(tmp_path, make_study):
    for name in ("ana.sqlite3", "ben.sqlite3"):
        write(tmp_path / name, (0, 1, "I", [1]))
    one = read(make_study, "*.sqlite3")
    assert one.accounts[0].dropped == {"the same coding twice": 1}
    two = read(make_study, "*.sqlite3", codings={"columns": {"coder": "(file)"}})
    assert two["codings"]["coder"].tolist() == ["coder 1", "coder 2"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_read_sources_taguette_highlights_are_found_by_their_words(tmp_path, make_study, ending):
    rows = [
        ("1", "P01", "price", "Z\u00fcrich is dear."),
        ("1", "P01", "price.offer", "Z\u00fcrich is dear."),
        ("2", "p01", "late", "Very dear.\nP01: late"),
        ("3", "P01", None, "Very dear."),
    ]
    table = pd.DataFrame(rows, columns=["id", "document", "tag", "content"])
    codebook = pd.DataFrame({"tag": ["price", "price.offer", "late"], "description": ["dear", None, None]})
    for name, frame in (("highlights", table), ("codebook", codebook)):
        (frame.to_csv if ending == "csv" else frame.to_excel)(tmp_path / f"{name}.{ending}", index=False)
    data = read(make_study, f"*.{ending}", **with_texts(tmp_path))
    text = data["transcripts"].at["P01", "text"]
    quotes = ["Z\u00fcrich is dear.", "Z\u00fcrich is dear.", "Very dear.\n\nP01: late"]
    assert data["codings"]["quote"].tolist() == quotes
    assert [text[c.start : c.end] for c in data["codings"].itertuples()] == quotes
    assert data["codes"]["parent"].fillna("").to_dict() == {"price": "", "price_offer": "price", "late": ""}
    account = next(a for a in data.accounts if a.source == "codings")
    assert account.dropped == {"segment or answer without a code": 1}
    assert (account.rows_in, account.rows_out) == (4, 3)


def test_read_sources_taguette_words_that_are_absent_or_stand_twice(tmp_path, make_study):
    rows = "1,P01,price,dear.\n2,P01,late,late\n3,P01,late,never said\n4,P01,late,nor this\n"
    (tmp_path / "highlights.csv").write_text(HEAD + rows)
    with pytest.raises(
        DataContractError,
        match=r"highlights\.csv, row 4, column 'segment': 2 segments are not in the text 'P01' \(rows 4, 5\); got 'never said'",
    ):
        read(make_study, "highlights.csv", **with_texts(tmp_path))
    (tmp_path / "highlights.csv").write_text(HEAD + "1,P01,price,dear.\n2,P01,late,late\n")
    data = read(make_study, "highlights.csv", **with_texts(tmp_path))
    assert data["codings"]["quote"].tolist() == ["late"]  # 'later' is another word
    account = data.accounts[0]
    assert account.dropped == {"its words stand several times in the text": 1}
    assert any("'dear.' in P01" in note and "project.sqlite3" in note for note in account.notes)


def test_read_sources_taguette_document_without_transcript_is_said(tmp_path, make_study):
    (tmp_path / "highlights.csv").write_text(HEAD + "1,P07,price,so dear\n2,P07,late,so late\n3,P07,price,so late\n")
    data = read(make_study, "highlights.csv", **with_texts(tmp_path))
    assert data["transcripts"].at["P07", "text"] == "so dear\n\nso late"
    assert data["turns"][data["turns"]["source_id"] == "P07"]["text"].tolist() == ["so dear", "so late"]
    notes = " | ".join(data.accounts[0].notes)
    assert "1 documents have no transcript and consist of their coded segments only: P07" in notes
    assert (
        "1 transcripts without codings: P01" in notes
        and "1 coded texts without a transcript of that name: P07" in notes
    )


def test_read_sources_taguette_code_that_the_codebook_lacks_is_refused(tmp_path, make_study):
    (tmp_path / "highlights.csv").write_text(HEAD + "1,P01,pricee,so dear\n")
    (tmp_path / "codebook.csv").write_text("tag,description\nprice,\n")
    with pytest.raises(
        DataContractError, match=r"row 2: a code that is not in the codebook; got 'pricee'\. Did you mean 'price'"
    ):
        read(make_study, "*.csv")


def test_read_sources_taguette_other_files_are_refused(tmp_path, make_study):
    write(tmp_path / "a.sqlite3", (0, 1, "I", [1]))
    (tmp_path / "b.csv").write_text(HEAD)
    (tmp_path / "c.html").write_text("<p>")
    with pytest.raises(DataContractError) as caught:
        read(make_study, ["a.sqlite3", "b.csv", "c.html"])
    assert "'.csv' is not read together with a database" in str(caught.value)
    assert "'.html' is not read as Taguette's" in str(caught.value)
    openpyxl.Workbook().save(tmp_path / "d.sqlite3")
    with pytest.raises(DataContractError, match="not an SQLite database"):
        read(make_study, "d.sqlite3")


def test_html_text_scripts_and_entities():
    page = HtmlText(
        "<title>x</title><style>p{}</style><ul><li>a &lt;b&gt;</li><li>c<br>d</li></ul><script>alert(1)</script>"
    )
    assert page.text == "a <b>\nc\nd"
    assert page.span(0, 5) == (0, 5) and page.span(5, 7) == (6, 9) and page.span(3, 99) is None


@given(
    st.lists(st.text(alphabet="ab \u00e9e\u0301\U0001f381\u0634\u05d0", min_size=1), min_size=1, max_size=4), st.data()
)
def test_html_text_any_span_holds_the_bytes_it_names(words, data):
    words = [word for word in words if word.strip()] or ["a"]
    words[0] = words[0].lstrip() or "a"
    page = HtmlText("".join(f"<p>{word}</p>" for word in words))
    flat = "".join(words)
    start = data.draw(st.integers(0, len(flat) - 1))
    end = data.draw(st.integers(start + 1, len(flat)))
    span = page.span(len(flat[:start].encode()), len(flat[:end].encode()))
    wanted = flat[start:end].strip()
    found = "" if span is None else page.text[slice(*span)].replace("\n", "")
    assert "".join(found.split()) == "".join(wanted.split())


@pytest.mark.shared
def test_read_sources_real_taguette_database_agrees_with_its_exports(shared, make_study):
    folder = shared / "qda/taguette"
    texts = {"texts": {"format": "transcripts", "path": str(folder / "*.txt")}}
    tables = [str(folder / "highlights.csv"), str(folder / "codebook.csv")]
    books = [str(folder / "highlights.xlsx"), str(folder / "codebook.xlsx")]
    key = ["source_id", "start", "end", "code_id", "quote"]
    found = []
    for path in (str(folder / "project.sqlite3"), tables, books):
        data = read(make_study, path, **texts)
        assert set(data["codes"].index) == {
            "interesting",
            "price",
            "price_discount",
            "delivery_late",
            "churn_risk",
            "convenience",
        }
        assert data["codes"].loc["price_discount", ["parent", "description"]].tolist() == [
            "price",
            "Vouchers and promotions",
        ]
        assert data["codings"]["quote"].isin(pd.read_csv(folder / "highlights.csv")["content"]).all()
        found.append(sorted(data["codings"][key].values.tolist()))
    assert len(found[0]) == 8 and found[0] == found[1] == found[2]
