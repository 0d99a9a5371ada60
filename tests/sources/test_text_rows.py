"""Texts one a row: tickets, notes of calls, open answers."""

from __future__ import annotations

import pytest

from segmentation.errors import DataContractError
from segmentation.qualitative import build_coded_interviews
from segmentation.sources import read_sources

TICKETS = (
    "Ticket ID,Customer Name,Customer Email,Requester ID,Account,Ticket Description,Ticket Channel,Created at\n"
    't1,Marion Smith,m@x.org,u1,c1,"Late again.\nTwice.",email,2026-08-01\n'
    "t2,Marion Smith,m@x.org,u1,c1,Too dear.,chat,2026-07-01\n"
    "t3,Jo Lee,j@x.org,u2,c2,Works.,email,2026-08-03\n"
    "t4,Jo Lee,j@x.org,u2,c2,Next quarter.,email,2026-11-03\n"
    "t5,Jo Lee,j@x.org,u2,c2,,email,2026-08-03\n"
)
SURVEY = (
    "ResponseId,Status,ExternalReference,q1,q2\n"
    "Response ID,Response Type,External Data Reference,Why?,What else?\n"
    '"{""ImportId"":""_recordId""}","{""ImportId"":""status""}","{""ImportId"":""externalDataReference""}","{""ImportId"":""QID1_TEXT""}",'
    '"{""ImportId"":""QID2_TEXT""}"\n'
    "R1,IP Address,c1,Too dear,Late too\nR2,Survey Preview,c1,x,y\nR3,IP Address,c1,,Late\n"
)


def read(make_study, name="t.csv", **more):
    texts = {"format": "texts", "path": name, **more.pop("texts", {})}
    return read_sources(make_study({"tickets": texts, **more}), "2026Q3")


def test_read_sources_tickets_of_one_author_are_one_transcript(tmp_path, make_study):
    (tmp_path / "t.csv").write_text(TICKETS)
    data = read(make_study, texts={"unit": "Account"})
    assert data["transcripts"]["text"].to_dict() == {"u1": "Too dear.\n\nLate again.\nTwice.", "u2": "Works."}
    turns = data["turns"]
    assert turns[["source_id", "turn", "speaker", "role", "text"]].values.tolist() == [
        ["u1", 0, "u1", "participant", "Too dear."],
        ["u1", 1, "u1", "participant", "Late again.\nTwice."],
        ["u2", 0, "u2", "participant", "Works."],
    ]
    for turn in turns.itertuples():
        assert data["transcripts"].at[turn.source_id, "text"][turn.start : turn.end] == turn.text
    people = data["interviewees"]
    assert people["company_id"].to_dict() == {"u1": "c1", "u2": "c2"}
    assert people["channel"].tolist() == ["chat, email", "email"] and not people["consent"].any()
    account = data.accounts[0]
    assert account.dropped == {"written after the period": 1, "text is blank": 1}
    assert (account.rows_in, account.rows_out) == (5, 3)
    assert data.identifiers == {"Marion Smith", "m@x.org", "Jo Lee", "j@x.org"}
    assert any(
        "id = Ticket ID; text = Ticket Description; date = Created at; author = Requester ID" in n
        for n in account.notes
    )


def test_read_sources_codings_by_ticket_find_their_passage(tmp_path, make_study):
    (tmp_path / "t.csv").write_text(TICKETS)
    (tmp_path / "c.csv").write_text(
        "ticket id,answer,code 1,code 2,coder\nT1,Late again. Twice.,late,,A\nt2,Too dear.,price,late,A\n"
    )
    codings = {"format": "coded-table", "path": "c.csv"}
    data = read(make_study, texts={"unit": "Account"}, codings=codings)
    assert data["codings"][["source_id", "start", "code_id", "quote"]].values.tolist() == [
        ["u1", 11, "late", "Late again.\nTwice."],
        ["u1", 0, "price", "Too dear."],
        ["u1", 0, "late", "Too dear."],
    ]
    coded = build_coded_interviews(data)
    assert coded.codings["participant"].tolist() == ["u1", "u1", "u1"] and set(data["transcripts"].index) == {
        "u1",
        "u2",
    }
    assert "1 transcripts without codings: u2" in data.accounts[0].notes  # codings


def test_read_sources_coding_sheet_of_the_same_answers_changes_nobody(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("id,company_id,text\nR1,c1,Late.\nR2,c2,Dear.\n")
    (tmp_path / "c.csv").write_text("ResponseId,answer,code 1,coder\nr1,Late.,late,A\n")
    data = read(make_study, codings={"format": "coded-table", "path": "c.csv"})
    assert data["interviewees"]["company_id"].to_dict() == {"R1": "c1", "R2": "c2"}
    assert data["codings"]["source_id"].tolist() == ["R1"] and list(data["transcripts"].index) == ["R1", "R2"]


def test_read_sources_names_of_authors_become_digests(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("id,author,text\n1,Marion Smith,Late.\n2,marion smith,Dear.\n3,,Fine.\n")
    data = read(make_study)
    first, second = data["transcripts"].index
    assert first.startswith("author ") and len(first) == 19 and second == "3"
    assert {"Marion Smith", "marion smith"} <= data.identifiers
    assert "1 texts name no author, and each counts as a person of its own" in data.accounts[0].notes


def test_read_sources_texts_without_author_are_people_of_their_own_and_it_is_said(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("id,company_id,notes\n1,c1,Late.\n2,c1,Dear.\n")
    data = read(make_study)
    assert data["interviewees"]["company_id"].to_dict() == {"1": "c1", "2": "c1"}
    assert "1 company_id have several texts and no author is named" in data.accounts[0].notes[-1]


def test_read_sources_open_answers_of_a_qualtrics_export(tmp_path, make_study):
    (tmp_path / "t.csv").write_text(SURVEY)
    data = read(make_study, texts={"unit": "ExternalReference", "columns": {"text": "q1|q2"}})
    assert data["turns"][["source_id", "text"]].values.tolist() == [
        ["R1", "Too dear"],
        ["R1", "Late too"],
        ["R3", "Late"],
    ]
    assert data.accounts[0].dropped == {"preview or test": 1}
    assert (data.accounts[0].rows_in, data.accounts[0].rows_out) == (3, 2)


def test_read_sources_tickets_beside_interviews_and_their_people(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("id,company_id,text\nt1,c1,Late.\n")
    (tmp_path / "P01.txt").write_text("I: So?\nP01: No.\n")
    (tmp_path / "people.csv").write_text("participant,source_id,company_id,consent\nP01,P01,c2,yes\n")
    texts = {"format": "transcripts", "path": "P01.txt"}
    data = read(make_study, interviews=texts, people={"format": "table", "path": "people.csv", "as": "interviewees"})
    assert set(data["transcripts"].index) == {"t1", "P01"}
    assert data["interviewees"][["company_id", "consent"]].T.to_dict("list") == {
        "P01": ["c2", True],
        "t1": ["c1", False],
    }
    assert not build_coded_interviews(data).empty
    alone = read(make_study, interviews=texts)
    assert alone["interviewees"]["company_id"].fillna("").to_dict() == {"t1": "c1", "P01": ""}


def test_read_sources_two_texts_with_one_id_in_two_sources_are_refused(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("id,text\nP01,Late.\n")
    (tmp_path / "P01.txt").write_text("I: So?\nP01: No.\n")
    with pytest.raises(DataContractError, match=r"a text of source 'interviews' has the same id; got 'P01'\. Rename"):
        read(make_study, interviews={"format": "transcripts", "path": "P01.txt"})


def test_read_sources_texts_every_violation_is_listed(tmp_path, make_study):
    (tmp_path / "t.csv").write_text(
        "id,text,date,author id,company_id\n1,a,soon,u1,c1\n1,b,2026-07-01,u1,c2\n,c,2026-07-01,u2,c1\n"
    )
    (tmp_path / "u.csv").write_text("number,words\n1,a\n")
    with pytest.raises(DataContractError) as caught:
        read(make_study, ["t.csv", "u.csv"], texts={"columns": {"colour": "x"}})
    text = str(caught.value)
    for words in (
        "1 of 3 values are not dates (row 2); got 'soon'",
        "1 text id stands in several rows: '1' in rows 2, 3",
        "1 rows have no id (row 4)",
        "u.csv, row 1: no column holds the id; got 'number, words'; allowed: ticket id",
        "u.csv, row 1: no column holds the text",
        "no such column of texts; got 'colour'",
    ):
        assert words in text, words


def test_read_sources_author_of_two_units_is_refused(tmp_path, make_study):
    (tmp_path / "t.csv").write_text("id,text,author id,company_id\n1,a,u1,c1\n2,b,u1,c2\n")
    with pytest.raises(DataContractError, match=r"one author belongs to 2 units \(rows 2, 3\); got 'u1'"):
        read(make_study)


def test_read_sources_texts_with_emoji_and_right_to_left_keep_their_spans(tmp_path, make_study):
    words = ["\U0001f69a zu sp\u00e4t \u00e9e\u0301", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"]
    rows = "\n".join(f'{n},"{word}\r\nmore",u1' for n, word in enumerate(words))
    (tmp_path / "t.csv").write_bytes(f"id,text,user id\r\n{rows}\r\n".encode())
    data = read(make_study)
    assert data["turns"]["text"].tolist() == [f"{word}\nmore" for word in words]
