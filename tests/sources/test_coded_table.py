"""Coded segments as tables of other programs, coding sheets of surveys, and codebooks."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.qualitative import build_coded_interviews
from segmentation.sources import read_sources
from segmentation.sources.coded_table import ABOVE, separator
from segmentation.sources.places import find_quote

TRANSCRIPT = "I: And then?\n\nP01: It was late. I cancel.\n\nI: Why?\n\nP01: It was late. And dear, \U0001f69a at 7.\n"
MAXQDA = (
    "Document group,Document name,Code,Begin,End,Weight,Segment,Created by,Created,Area,Coverage\n"
    "Wave 1,P01,Service\\Late,2,2,0,It was late.,Ana Ruiz,1.2.26,12,0.1\n"
    "Wave 1,P01,Money > Price,4,4,0,And dear,coder B,1.2.26,8,0.1\n"
    "Wave 1,P01,Churn,2,2,0,I cancel.,Ana Ruiz,1.2.26,8,0.1\n"
    "Wave 1,P01,Service\\Late,3,3,0,Why?,Ana Ruiz,1.2.26,8,0.1\n"
)
ATLAS = (
    "ID,Document,Quotation Name,Quotation Content,Codes,Comment,Reference,Density,Created by\n"
    '1:1,P01.docx,,I cancel.,"Churn\nPrice, value",,1,2,Ana Ruiz\n'
    "1:2,p01.docx,,And dear,Price,,1,1,Ben Low\n"
)
DOVETAIL = (
    'Highlight,Tags,Note title,Participant name,Created by\nI cancel.,"churn risk, price",P01,Marion Smith,Ana Ruiz\n'
)
SHEET = "ResponseId,Why did you leave?,Code 1,Code 2\nR1,Late and dear,late,permissions->correct\nR2,Dear,price,\nR3,No idea,,\n"
EXCERPTS = (
    "participant_id,track_id,full_response_text,code_level1,code_level2,code_level3,coded_text_excerpt\n"
    "p1,t1,It was late. And dear.,Money,Price,Too dear,And dear\n"
    "p1,t2,It was late again.,Service,Late,,late\n"
    "p1,t2,It was late again.,Service,,,\n"
)


def read(make_study, path="coded.csv", **more):
    codings = {"format": "coded-table", "path": path, **more.pop("codings", {})}
    return read_sources(make_study({"codings": codings, **more}), "2026Q3")


def with_texts(tmp_path, text=TRANSCRIPT):
    (tmp_path / "P01.txt").write_text(text, encoding="utf-8")
    return {"texts": {"format": "transcripts", "path": "P01.txt"}}


def check_spans(data):
    for coding in data["codings"].itertuples():
        assert data["transcripts"].at[coding.source_id, "text"][coding.start : coding.end] == coding.quote


def test_read_sources_maxqda_segments_with_paragraphs_that_tell_which(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text(MAXQDA)
    data = read(make_study, **with_texts(tmp_path))
    check_spans(data)
    codings = data["codings"]
    assert codings["code_id"].tolist() == ["late", "price", "churn", "late"]
    assert codings["coder"].tolist() == ["coder 1", "coder B", "coder 1", "coder 1"]
    assert codings["start"].tolist()[0] == TRANSCRIPT.index("It was late.")
    assert data["codes"]["parent"].fillna("").to_dict() == {
        "service": "", "late": "service", "money": "", "price": "money", "churn": "",
    }  # fmt: skip
    account = data.accounts[0]
    assert (
        "coded.csv: document = Document name; segment = Segment; codes = Code; coder = Created by; begin = Begin"
        in account.notes
    )
    assert any("placed by the paragraph (counting lines that are not blank)" in note for note in account.notes)
    assert account.unmapped == ("Document group", "End", "Weight", "Created", "Area", "Coverage")
    assert data.identifiers == {"Ana Ruiz"}


def test_read_sources_coded_table_without_position_leaves_out_what_stands_twice(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("document,code,segment,coder\nP01,late,It was late.,A\nP01,churn,I cancel.,A\n")
    data = read(make_study, **with_texts(tmp_path))
    assert data["codings"]["code_id"].tolist() == ["churn"]
    assert data.accounts[0].dropped == {"its words stand several times in the text": 1}


def test_read_sources_atlas_codes_of_a_cell_are_lines(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text(ATLAS)
    data = read(make_study, **with_texts(tmp_path))
    check_spans(data)
    assert data["codes"]["name"].tolist() == ["Churn", "Price, value", "Price"]
    assert data["codings"]["coder"].tolist() == ["coder 1", "coder 1", "coder 2"]
    assert (data.accounts[0].rows_in, data.accounts[0].rows_out) == (3, 3)


def test_read_sources_dovetail_tags_are_split_at_commas_and_names_hidden(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text(DOVETAIL)
    data = read(make_study, **with_texts(tmp_path))
    assert data["codings"]["code_id"].tolist() == ["churn_risk", "price"]
    assert {"Marion Smith", "Ana Ruiz"} <= data.identifiers
    assert any("split at ','" in note for note in data.accounts[0].notes)


def test_read_sources_survey_coding_sheet_brings_its_own_texts(tmp_path, make_study):
    pd.read_csv(pd.io.common.StringIO(SHEET)).to_excel(tmp_path / "coded.xlsx", index=False)
    data = read(make_study, "coded.xlsx")
    check_spans(data)
    assert data["codings"][["source_id", "code_id", "quote"]].values.tolist() == [
        ["R1", "late", "Late and dear"], ["R1", "correct", "Late and dear"], ["R2", "price", "Dear"],
    ]  # fmt: skip
    assert data["codes"].loc["correct", "parent"] == "permissions"
    assert data["turns"][["source_id", "role", "text"]].values.tolist()[-1] == ["R3", "participant", "No idea"]
    account = data.accounts[0]
    assert account.dropped == {"segment or answer without a code": 1}
    assert "coded.xlsx: document = ResponseId; texts = Why did you leave?; codes = Code 1, Code 2" in account.notes


def test_read_sources_excerpts_are_searched_in_their_own_answer(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text(EXCERPTS)
    data = read(make_study)
    check_spans(data)
    text = "It was late. And dear.\n\nIt was late again."
    assert data["transcripts"].at["p1", "text"] == text
    found = data["codings"][["code_id", "start", "quote"]].values.tolist()
    assert found == [
        ["too_dear", 13, "And dear"],
        ["late", text.rindex("late"), "late"],
        ["service", 24, "It was late again."],
    ]
    assert data["codes"].loc["too_dear", "parent"] == "price"


def test_read_sources_marks_declared_as_flags(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("id,answer,Late,Price > Value\nR1,Late and dear,1,x\nR2,Dear,0,yes\n")
    data = read(make_study, codings={"columns": {"document": "id", "flags": "Late|Price > Value"}})
    assert data["codings"][["source_id", "code_id"]].values.tolist() == [
        ["R1", "late"],
        ["R1", "value"],
        ["R2", "value"],
    ]
    (tmp_path / "coded.csv").write_text("id,answer,Late\nR1,Late and dear,maybe\n")
    with pytest.raises(DataContractError, match=r"marks are neither yes nor no \(row 2\); got 'maybe'"):
        read(make_study, codings={"columns": {"document": "id", "flags": "Late"}})


def test_read_sources_codebook_beside_segments_gives_parents_and_meanings(tmp_path, make_study):
    (tmp_path / "book.csv").write_text("Code,Memo,Parent\nPrice,too dear,Money\nMoney,,\n")
    (tmp_path / "coded.csv").write_text("document,code,segment\nP01,Price,And dear\n")
    data = read(make_study, ["coded.csv", "book.csv"], **with_texts(tmp_path))
    assert data["codes"].loc["price", ["parent", "description"]].tolist() == ["money", "too dear"]
    assert (data.accounts[0].rows_in, data.accounts[0].rows_out) == (1, 1)
    alone = read(make_study, "book.csv")
    assert sorted(alone["codes"].index) == ["money", "price"] and "codings" not in alone


def test_read_sources_header_that_fits_nothing_lists_what_is_known(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("who,what\na,b\n")
    with pytest.raises(DataContractError) as caught:
        read(make_study)
    text = str(caught.value)
    assert "row 1: no column holds the document or the code or the segment; got 'who, what'" in text
    assert "MAXQDA coded segments: Document group, Document name, Code, Begin" in text
    assert "Declare what they are called, e.g. `columns: {document: <header>}`" in text


def test_read_sources_two_columns_left_are_not_guessed(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("ResponseId,Q1,Q2,Code 1\nR1,a,b,late\n")
    with pytest.raises(DataContractError, match="no column holds the segment"):
        read(make_study)
    data = read(make_study, codings={"columns": {"text": "Q1|Q2"}})
    assert data["transcripts"].at["R1", "text"] == "a\n\nb"


def test_read_sources_declared_headers_that_are_not_there_are_all_listed(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("document,code,segment\nP01,late,x\n")
    with pytest.raises(DataContractError) as caught:
        read(make_study, codings={"columns": {"segment": "segmnt", "colour": "x"}, "unit": "company"})
    text = str(caught.value)
    assert (
        "column 'segmnt': no such column (named as sources.codings.columns.segment)" in text
        and "Did you mean 'segment'" in text
    )
    assert "no such column of coded segments; got 'colour'" in text
    assert "column 'company': no such column (named as sources.codings.unit)" in text


def test_read_sources_rows_without_document_or_words_are_listed(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("ResponseId,answer,Code 1\n,Dear,price\nR2,,late\nR3,Late,late\n")
    with pytest.raises(DataContractError) as caught:
        read(make_study)
    text = str(caught.value)
    assert "row 2, column 'ResponseId': 1 rows name no document (row 2)" in text
    assert "row 3, column 'answer': 1 answers are empty but have codes (row 3); got 'R2'" in text


def test_read_sources_each_file_one_coder(tmp_path, make_study):
    for name in ("ana", "ben"):
        (tmp_path / f"{name}.csv").write_text("document,code,segment\nP01,late,I cancel.\n")
    data = read(make_study, ["ana.csv", "ben.csv"], codings={"columns": {"coder": "(file)"}}, **with_texts(tmp_path))
    assert data["codings"]["coder"].tolist() == ["coder 1", "coder 2"]
    one = read(make_study, ["ana.csv", "ben.csv"], **with_texts(tmp_path))
    assert one["codings"]["coder"].tolist() == ["coder 1"]


def test_read_sources_one_person_is_one_coder_in_every_source(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("document,code,segment,coder\nP01,Late,I cancel.,Ana Ruiz\n")
    (tmp_path / "more.csv").write_text(
        "document,code,segment,coder\nP01,late,And dear,Ben Low\nP01,price,And dear,Ana Ruiz\n"
    )
    data = read(make_study, more={"format": "coded-table", "path": "more.csv"}, **with_texts(tmp_path))
    assert data["codings"]["coder"].tolist() == ["coder 1", "coder 2", "coder 1"]
    assert data["codes"]["name"].to_dict() == {"late": "Late", "price": "price"}


def test_read_sources_units_of_a_sheet_make_people(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text("ResponseId,company_id,answer,Code 1\nR1,c1,Dear,price\nR2,c2,Late,late\n")
    data = read(make_study)
    assert data["interviewees"]["company_id"].to_dict() == {"R1": "c1", "R2": "c2"}


def test_read_sources_answers_without_a_code_stay_beside_interviews(tmp_path, make_study):
    (tmp_path / "coded.csv").write_text(SHEET)
    (tmp_path / "people.csv").write_text("participant,source_id,company_id\nP01,P01,c7\n")
    people = {"format": "table", "path": "people.csv", "as": "interviewees"}
    data = read(make_study, people=people, **with_texts(tmp_path))
    assert set(data["transcripts"].index) == {"P01", "R1", "R2", "R3"} == set(data["interviewees"].index)
    assert build_coded_interviews(data).codings["participant"].tolist() == ["R1", "R1", "R2"]


def test_find_quote_blanks_line_ends_and_whole_words():
    assert find_quote("a  b\n\nc", "a b c") == [(0, 7)]
    assert find_quote("end.\nStart", "end.Start") == [(0, 10)]
    assert find_quote("latest late", "late") == [(7, 11)]
    assert find_quote("latest", "late") == [(0, 4)]
    assert find_quote("aaa", "b") == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Money > Price", ["Money", "Price"]),
        ("Money\\Price", ["Money", "Price"]),
        ("cat3>>cat2>>code4", ["cat3", "cat2", "code4"]),
        ("permissions->correct", ["permissions", "correct"]),
        ("spend > 40", ["spend > 40"]),
        ("Coke::diet Coke", ["Coke::diet Coke"]),
    ],
)
def test_above_splits_paths_of_codes(name, path):
    assert ABOVE.split(name) == path


def test_separator_commas_only_where_programs_write_them():
    assert separator(["a, b"], "Tags") == "," and separator(["a, b"], "Codes") == ""
    assert separator(["a; b"], "Codes") == ";" and separator(["a; b"], "Code") == ""
