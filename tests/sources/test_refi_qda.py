"""REFI-QDA projects in the dialects of several programs, and their join with transcripts."""

from __future__ import annotations

import zipfile

import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.sources import read_sources
from segmentation.sources.offsets import Marked, choose_convention, locate, move_span

TEXT = "I: And then?\r\nP01: \U0001f69a late twice.\r\nP01: I cancel in January.\r\n"
PLAIN = TEXT.replace("\r\n", "\n")


def offsets(quote, utf16, crlf):
    """Where a program that counts so puts a quote of TEXT; counted here independently of the reader."""
    text = TEXT if crlf == 2 else PLAIN
    start = text.index(quote)
    units = (lambda part: len(part.encode("utf-16-le")) // 2) if utf16 else len
    return units(text[:start]), units(text[: start + len(quote)])


def write_project(
    path,
    *,
    utf16=False,
    crlf=2,
    inclusive=False,
    named=True,
    qde="project.qde",
    folder="sources",
    text=TEXT,
    braces=False,
):
    selections = ""
    for number, (quote, code, user) in enumerate(
        [("late twice.", "c1", "u1"), ("late twice", "c1", "u2"), ("I cancel in January.", "c2", "u1")]
    ):
        first, last = offsets(quote, utf16, crlf)
        name = f' name="{quote}"' if named else ""
        guid = f"{{{code.upper()}}}" if braces else code
        selections += (
            f'<PlainTextSelection guid="s{number}"{name} startPosition="{first}" endPosition="{last - inclusive}" creatingUser="{user}">'
            f'<Coding guid="k{number}" creatingUser="{user}"><CodeRef targetGUID="{guid}"/></Coding></PlainTextSelection>'
        )
    xml = (
        '<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="p">'
        '<Users><User guid="u1" name="Ana Ruiz"/><User guid="u2" name="coder B"/></Users>'
        '<CodeBook><Codes><Code guid="c0" name="Time" isCodable="false"><Description>about time</Description>'
        '<Code guid="c1" name="Late delivery" isCodable="true"/></Code>'
        '<Code guid="c2" name="Churn risk" isCodable="true"/></Codes></CodeBook>'
        f'<Sources><TextSource guid="t1" name="P01.docx" plainTextPath="internal://T1.txt">{selections}</TextSource></Sources></Project>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(qde, "\ufeff" + xml)
        if text is not None:
            archive.writestr(f"{folder}/t1.TXT", "\ufeff" + text)


def read(make_study, **sources):
    named = {"codings": {"format": "refi-qda", "path": "coding.qdpx"}, **sources}
    return read_sources(make_study(named), "2026Q3")


@pytest.mark.parametrize("utf16", [False, True])
@pytest.mark.parametrize("crlf", [1, 2])
@pytest.mark.parametrize("inclusive", [False, True])
def test_read_sources_refi_every_way_of_counting_is_found(tmp_path, make_study, utf16, crlf, inclusive):
    write_project(
        tmp_path / "coding.qdpx",
        utf16=utf16,
        crlf=crlf,
        inclusive=inclusive,
        qde="My Project.QDE",
        folder="Sources",
        braces=True,
    )
    data = read(make_study)
    codings = data["codings"]
    assert codings["quote"].tolist() == ["late twice.", "late twice", "I cancel in January."]
    assert codings["coder"].tolist() == ["coder 1", "coder B", "coder 1"]
    assert codings["code_id"].tolist() == ["late_delivery", "late_delivery", "churn_risk"]
    text = data["transcripts"].at["P01", "text"]
    assert text == PLAIN
    assert [text[c.start : c.end] for c in codings.itertuples()] == codings["quote"].tolist()
    note = next(note for note in data.accounts[0].notes if "offsets count" in note)
    assert ("UTF-16" in note) == utf16 and f"as {crlf}" in note and ("included" in note) == inclusive
    assert "3 of 3 kept quotes match" in note
    assert data.identifiers == {"Ana Ruiz"}
    assert data["codes"].loc["late_delivery", "parent"] == "time"
    assert data["codes"].loc["time", "description"] == "about time"


def test_choose_convention_without_names_uses_edges_of_words():
    first, last = offsets("late twice", True, 2)
    convention, sentence = choose_convention({"P01": TEXT}, [Marked("P01", first, last)] * 3)
    assert convention.utf16 and not convention.inclusive
    assert "kept no quotes" in sentence and "0 of 6 edges" in sentence
    assert locate(TEXT, Marked("P01", 0, 999), convention) is None


def test_read_sources_codings_move_onto_the_transcript_of_that_name(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx")
    (tmp_path / "P01.txt").write_text(
        "I: And then?\n\n\nP01: \U0001f69a late twice.\n\nP01: I cancel in January.\n", encoding="utf-8"
    )
    data = read(make_study, texts={"format": "transcripts", "path": "P01.txt"})
    text = data["transcripts"].at["P01", "text"]
    for coding in data["codings"].itertuples():
        assert text[coding.start : coding.end] == coding.quote
    assert len(data["transcripts"]) == 1
    assert any("moved onto transcripts" in note for note in data.accounts[0].notes)


def test_read_sources_coding_that_is_not_in_the_transcript_is_refused(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx")
    (tmp_path / "P01.txt").write_text("I: And then?\nP01: late twice. Something else was said.\n")
    with pytest.raises(
        DataContractError, match=r"a coding of P01 is not in its transcript; got 'I cancel in January\.'"
    ):
        read(make_study, texts={"format": "transcripts", "path": "P01.txt"})


def test_read_sources_unmatched_texts_are_notes(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx")
    (tmp_path / "P09.txt").write_text("I: And then?\nP09: Nothing.\n")
    (tmp_path / "people.csv").write_text("participant,source_id,company_id,consent\nP01,P01,c1,yes\nP03,P03,,no\n")
    people = {"format": "table", "path": "people.csv", "as": "interviewees"}
    data = read(make_study, texts={"format": "transcripts", "path": "P09.txt"}, people=people)
    notes = {account.source: " | ".join(account.notes) for account in data.accounts}
    assert "1 transcripts without codings: P09" in notes["codings"]
    assert "1 coded texts without a transcript of that name: P01" in notes["codings"]
    assert "1 interviewees have no transcript: P03" in notes["people"]
    assert "1 transcripts have no interviewee: P09" in notes["people"]
    assert "1 interviewees name no company_id: P03" in notes["people"]
    assert data["interviewees"]["consent"].tolist() == [True, False]
    assert set(data["transcripts"].index) == {"P01", "P09"}


def test_read_sources_two_coders_in_two_files_are_one_codebook(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx")
    write_project(tmp_path / "again.qdpx")
    data = read(make_study, codings={"format": "refi-qda", "path": ["coding.qdpx", "again.qdpx"]})
    assert sorted(data["codes"].index) == ["churn_risk", "late_delivery", "time"]
    assert data.accounts[0].dropped == {"the same coding twice": 3}
    assert (data.accounts[0].rows_in, data.accounts[0].rows_out, len(data["codings"])) == (6, 3, 3)


def test_read_sources_refi_missing_text_is_refused(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx", text=None)
    with pytest.raises(DataContractError, match=r"the text of source 'P01.docx' is missing from the archive"):
        read(make_study)


def test_read_sources_refi_coding_outside_its_text_is_refused(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx", text="I: short\r\n")
    with pytest.raises(DataContractError, match=r"lies outside its text"):
        read(make_study)


def test_read_sources_refi_truncated_archive_is_refused(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx")
    whole = (tmp_path / "coding.qdpx").read_bytes()
    for size in range(1, len(whole), 97):
        (tmp_path / "coding.qdpx").write_bytes(whole[:size])
        with pytest.raises(DataContractError, match=r"coding\.qdpx"):
            read(make_study)


def test_read_sources_refi_two_project_files_is_refused(tmp_path, make_study):
    with zipfile.ZipFile(tmp_path / "coding.qdpx", "w") as archive:
        archive.writestr("a.qde", "<Project/>")
        archive.writestr("b.qde", "<Project/>")
    with pytest.raises(DataContractError, match="2 project files in the archive"):
        read(make_study)


def test_move_span_picks_the_occurrence_nearest_in_place():
    coded, transcript = "A: no\nB: yes no\nA: no", "no / yes no / no"
    assert move_span(coded, transcript, (19, 21)) == (14, 16)
    assert move_span(coded, transcript, (3, 5)) == (0, 2)
    assert move_span(coded, "something else", (19, 21)) is None


@pytest.mark.shared
@pytest.mark.parametrize(("file", "crlf"), [("mealkit_lf.qdpx", None), ("mealkit_maxqda.qdpx", 1)])
def test_read_sources_real_qualcoder_project_agrees_with_taguette_text(shared, make_study, file, crlf):
    sources = {
        "codings": {"format": "refi-qda", "path": str(shared / "qda/qualcoder" / file)},
        "texts": {"format": "transcripts", "path": str(shared / "qda/taguette/*.txt")},
    }
    data = read_sources(make_study(sources), "2026Q3")
    assert len(data["codings"]) == 11
    assert set(data["codings"]["coder"]) == {"coder 1", "coder 2"}
    assert set(data["codings"]["source_id"]) == {"interview_P01", "interview_P02"}
    highlights = pd.read_csv(shared / "qda/taguette/highlights.csv")
    assert set(data["codings"]["quote"]) >= set(highlights["content"]) - {"done in five minutes"}
    note = data.accounts[0].notes[0]
    assert "11 of 11 kept quotes match, 0 of 22 edges" in note
    assert crlf is None or f"as {crlf}" in note


@pytest.mark.shared
def test_read_sources_real_atlas_project_without_texts_lists_all(shared, make_study):
    with pytest.raises(DataContractError) as caught:
        read_sources(
            make_study({"c": {"format": "refi-qda", "path": str(shared / "qda/skyloom_TestProject.qdpx")}}), "2026Q3"
        )
    assert len(caught.value.violations) == 6


@pytest.mark.shared
def test_read_sources_real_codebooks_of_two_programs(shared, make_study):
    path = str(shared / "qda/qualcoder/Codebook-mealkit.qdc")
    codes = read_sources(make_study({"c": {"format": "refi-qda", "path": path}}), "2026Q3")["codes"]
    assert codes.loc["late_delivery", ["name", "parent", "description"]].tolist() == [
        "Late delivery",
        "logistics",
        "slot missed",
    ]
    path = str(shared / "qda/taguette/codebook.qdc")
    assert len(read_sources(make_study({"c": {"format": "refi-qda", "path": path}}), "2026Q3")["codes"]) == 6
