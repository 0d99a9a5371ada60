"""Plain tables and what every text table has in common: encodings, records, dates, numbers, ids."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.errors import DataContractError, ParameterError
from segmentation.period import Period
from segmentation.sources import canonical_table, read_sources
from segmentation.sources.dates import parse_dates
from segmentation.sources.job import Job
from segmentation.sources.text import read_records
from segmentation.study import Study


def bare_job(**source):
    content = {
        "study": "tiny",
        "unit": "company_id",
        "sources": {"t": {"format": "table", "path": "t.csv", **source}},
        "variables": [
            {"name": n, "from": "t", "kind": "need", "role": "base", "measure": "events"} for n in ("a", "b")
        ],
        "segmentations": {"s": {"base": ["a", "b"]}},
    }
    return Job(Study.model_validate(content), "t", Period(2026, 3))


def read(make_study, path="t.csv", variables=None, **more):
    return read_sources(make_study({"t": {"format": "table", "path": path, **more}}, variables), "2026Q3")


def test_read_sources_table_types_are_lossless(tmp_path, make_study):
    (tmp_path / "t.csv").write_text(
        "company_id,household_id,code,amount,word,started_at,email\n00123,7,007,12.5,NA,2026-01-02,a@b.example\n9007199254740993,8,008,-3,null,,\n"
    )
    data = read(make_study)
    table = data["t"]
    assert table["company_id"].tolist() == ["00123", "9007199254740993"]
    assert table["household_id"].tolist() == ["7", "8"]
    assert table["code"].tolist() == ["007", "008"]
    assert table["amount"].tolist() == [12.5, -3.0]
    assert table["word"].tolist() == ["NA", "null"]
    assert table["started_at"].tolist() == [pd.Timestamp("2026-01-02"), pd.NaT]
    assert "email" not in table and data.identifiers == {"a@b.example"}


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8), min_size=2, max_size=2),
        max_size=6,
    )
)
def test_read_records_round_trip_of_any_text(rows):
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["one", "two"], *rows])
    job = bare_job()
    frame = read_records(written.getvalue(), job, "t.csv").frame
    trim = [[cell.strip(WHITE) for cell in row] for row in rows]
    assert not job.violations
    found = frame.astype("object").where(frame.notna(), "").values.tolist()
    assert found == [row for row in trim if any(row)]


WHITE = "".join(chr(n) for n in range(0x3100) if chr(n).isspace())


def test_read_sources_table_named_after_as_with_index(tmp_path, make_study):
    (tmp_path / "t.csv").write_text(
        "Participant ID,transcript,company_id,role,interviewed_at,consent\nP01,P01,c1,Owner,2026-04-01,yes\n"
    )
    data = read(make_study, **{"as": "interviewees", "columns": {"source_id": "transcript"}})
    assert data["interviewees"].index.tolist() == ["P01"]
    assert data["interviewees"].loc["P01", ["source_id", "company_id", "consent"]].tolist() == ["P01", "c1", True]
    assert canonical_table(make_study({"x": {"format": "hubspot.deals", "path": "t.csv"}}), "x") == "deals"
    with pytest.raises(ParameterError, match="no source 'y'"):
        canonical_table(make_study({"x": {"format": "hubspot.deals", "path": "t.csv"}}), "y")


def test_read_sources_excel_sheet_by_name(tmp_path, make_study):
    book = openpyxl.Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("data")
    for row in (
        ["company_id", "amount", "started_at"],
        [8001, 1.5, pd.Timestamp("2026-01-02")],
        [None, None, None],
        [8002, None, None],
    ):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read(make_study, "t.xlsx", table="data")["t"]
    assert table["company_id"].tolist() == ["8001", "8002"]
    assert table["started_at"].tolist()[0] == pd.Timestamp("2026-01-02")
    with pytest.raises(DataContractError, match=r"several sheets.*Name one as `table`: notes, data"):
        read(make_study, "t.xlsx")
    with pytest.raises(DataContractError, match="no such sheet; got 'dta'"):
        read(make_study, "t.xlsx", table="dta")


def test_read_sources_latin_1_names_byte_row_and_cure(tmp_path, make_study):
    (tmp_path / "t.csv").write_bytes("company_id,town\n1,York\n2,Zürich\n".encode("latin-1"))
    with pytest.raises(
        DataContractError, match=r"t.csv, row 3: byte 0xFC in row 3 is not UTF-8 text.*declare `encoding: latin-1`"
    ):
        read(make_study)
    assert read(make_study, encoding="latin-1")["t"]["town"].tolist() == ["York", "Zürich"]
    (tmp_path / "t.csv").write_text("company_id,town\n2,Zürich\n", encoding="utf-8")
    with pytest.raises(DataContractError, match="declared latin-1, but the bytes are UTF-8"):
        read(make_study, encoding="latin-1")


DATES = {
    "iso": (["2026-03-12 09:14", "2026-03-13"], {}, ["2026-03-12 09:14", "2026-03-13"]),
    "zone": (["2026-03-12T09:14:00+02:00", "2026-03-12 9:14:00 UTC"], {}, ["2026-03-12 07:14", "2026-03-12 09:14"]),
    "declared": (["3/15/2024 2:30 PM"], {"date_format": "%m/%d/%Y %I:%M %p"}, ["2024-03-15 14:30"]),
    "epoch": (["1773306840000"], {"date_format": "epoch_ms"}, ["2026-03-12 09:14"]),
    "berlin": (["2026-07-01 00:30", "2026-07-01"], {"time_zone": "Europe/Berlin"}, ["2026-06-30 22:30", "2026-07-01"]),
    "year first": (["2002/1/16"], {}, ["2002-01-16"]),
}


@pytest.mark.parametrize("case", DATES)
def test_parse_dates_known_formats(case):
    values, source, expected = DATES[case]
    job = bare_job(**source)
    found = parse_dates(pd.Series(values, index=range(2, 2 + len(values))), job, "t.csv", "day")
    assert not job.violations
    assert found.tolist() == [pd.Timestamp(text) for text in expected]


@pytest.mark.parametrize(
    ("values", "source", "words"),
    [
        (
            ["2024-03-12 09:14", "3/15/2024 2:30 PM"],
            {},
            ["mixed date formats", "ISO 8601", "slash date", "in 1 row, first", "(row 2)", "(row 3)", "3/15/2024"],
        ),
        (["3/4/2024", "5/6/2024"], {}, ["ambiguous", "rows 2, 3", "(day first)", "(month first)"]),
        (["3/14/2024"], {}, ["ambiguous", "'%m/%d/%Y' (month first)"]),
        (["2026-03-12", "soon"], {}, ["1 of 2 values are not dates (row 3)", "got 'soon'"]),
        (["2026-02-31"], {}, ["not dates of the calendar"]),
        (
            ["03/15/2024", "2024-03-15"],
            {"date_format": "%m/%d/%Y"},
            ["mixed date formats", "the declared '%m/%d/%Y'", "ISO 8601 date"],
        ),
        (["20240315"], {}, ["ambiguous: a number"]),
        (["2026-03-29 02:30"], {"time_zone": "Europe/Berlin"}, ["do not exist or exist twice in Europe/Berlin"]),
        (["2026-03-29 02:30"], {"time_zone": "Berlin"}, ["no such time zone"]),
    ],
)
def test_parse_dates_refused_with_rows(values, source, words):
    job = bare_job(**source)
    parse_dates(pd.Series(values, index=range(2, 2 + len(values))), job, "t.csv", "day")
    assert len(job.violations) == 1
    for word in words:
        assert word in str(job.violations[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"company_id,a\n", "has a header but no rows"),
        (b"company_id,a\n1,2,3\n4\n", "row 2: 3 fields where the header has 2"),
        (b'company_id,a\n1,"cut o', "a quotation mark never closes"),
        (b"company_id;a\n1;2\n", "Declare `delimiter: ';'`"),
        ("company_id,a\n1,2\n".encode("utf-16"), "this is UTF-16"),
        (b"company_id,a\n1,\x00\n", "holds NUL characters"),
        (b"company_id,value,value\n1,2,3\n", "stands twice in the header"),
        (b"company_id,value\n1,a\n2,3\n", r"values are not numbers \(row 2\); got 'a'"),
        (b"company_id,value\n1,2\n1,3\n", r"1 unit id stands in several rows: '1' in rows 2, 3"),
        (b"unit,value\n1,2\n", "no column holds the unit id"),
        (b"company_id,valeu\n1,2\n", "Did you mean 'valeu'"),
    ],
)
def test_read_sources_table_broken_is_refused(tmp_path, make_study, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataContractError, match=message):
        read(make_study, variables=[{"name": "value", "from": "t", "kind": "need", "measure": "value"}])


def test_read_sources_personal_column_may_not_be_declared(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("company_id,Email\n1,a@b.example\n")
    with pytest.raises(DataContractError, match="'Email': holds personal data and cannot become a column"):
        read(make_study, columns={"contact": "Email"})


def test_read_sources_every_source_is_checked_before_raising(tmp_path, make_study):
    (tmp_path / "a.csv").write_text("Record ID,Create Date\n1,soon\n")
    (tmp_path / "b.csv").write_text("id,event,timestamp\na,x,2026-07-01\n")
    (tmp_path / "c.txt").write_text("nobody speaks")
    study = make_study(
        {
            "companies": {"format": "hubspot.companies", "path": "a.csv"},
            "events": {"format": "segment.tracks", "path": "b.csv"},
            "texts": {"format": "transcripts", "path": "c.txt"},
        }
    )
    (tmp_path / "gone.csv").write_text("Record ID\n1\n")
    study = make_study({**json.loads(json.dumps({k: v.model_dump(by_alias=True, exclude_defaults=True) for k, v in study.sources.items()})),
                        "deals": {"format": "hubspot.deals", "path": "gone.csv"}})  # fmt: skip
    (tmp_path / "gone.csv").unlink()
    with pytest.raises(DataContractError) as caught:
        read_sources(study, "2026Q3")
    assert {violation.file for violation in caught.value.violations} == {"a.csv", "b.csv", "c.txt", "gone.csv"}
    assert str(caught.value).startswith("4 problems in the input")
    with pytest.raises(DataContractError, match="1 problem in the input"):
        read_sources(study, "2026Q3", only=("companies",))
    with pytest.raises(ParameterError, match=r"no source 'company'.*Did you mean 'companies'"):
        read_sources(study, "2026Q3", only=("company",))


def test_read_sources_two_sources_of_one_table_is_refused(tmp_path, make_study):
    (tmp_path / "a.csv").write_text("Record ID\n1\n")
    study = make_study({name: {"format": "hubspot.companies", "path": "a.csv"} for name in ("one", "two")})
    with pytest.raises(DataContractError, match="sources 'one' and 'two' both make the table 'companies'"):
        read_sources(study, "2026Q3")
