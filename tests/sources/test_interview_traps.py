"""Transcripts and coding projects as they really come: spellings, lone labels, sizes, and everything wrong in one list."""

from __future__ import annotations

import io
import sqlite3
import zipfile

import docx
import pandas as pd
import pytest
from lxml import etree

from segmentation.errors import DataContractError
from segmentation.qualitative import build_coded_interviews, describe_agreement, measure_agreement
from segmentation.qualitative.contract import check_interviews
from segmentation.sources import read_sources

from .test_qualcoder import write as write_qualcoder
from .test_refi_qda import write_members

NAMED = {"interviewer": "Dana Fox"}


def read(make_study, path, **more):
    return read_sources(make_study({"interviews": {"format": "transcripts", "path": path, **more}}), "2026Q3")


def rows_of(data):
    return data["turns"][["speaker", "role", "text"]].values.tolist()


def violations_of(make_study, sources):
    with pytest.raises(DataContractError) as caught:
        read_sources(make_study(sources), "2026Q3")
    return [str(violation) for violation in caught.value.violations]


def test_read_sources_spellings_of_one_speaker_are_one(tmp_path, make_study):
    text = "INTERVIEWER: Hi\nP02: Well.\nP 2: Again.\nInterviewer : And?\np-02: low.\nP02 (00:01:02): Timed.\n"
    (tmp_path / "P02.txt").write_text(text)
    data = read(make_study, "P02.txt")
    assert data["turns"]["speaker"].tolist() == ["INTERVIEWER", "P02", "P02", "INTERVIEWER", "P02", "P02"]
    assert all(data["transcripts"].at["P02", "text"][t.start : t.end] == t.text for t in data["turns"].itertuples())


def test_read_sources_names_in_other_case_and_guests_are_one_person(tmp_path, make_study):
    lines = (
        "DANA FOX: So?",
        "Marion Smith (Guest): No.",
        "Dana Fox: Why?",
        "marion smith: Never.",
        "MARION SMITH: Nor then.",
    )
    (tmp_path / "P03.txt").write_text("\n".join(lines))
    data = read(make_study, "P03.txt", columns=NAMED)
    assert data["turns"]["speaker"].tolist() == ["Interviewer", "P03", "Interviewer", "P03", "P03"]
    assert {"Marion Smith (Guest)", "MARION SMITH", "Dana Fox"} <= data.identifiers


def test_read_sources_name_that_stands_once_beside_a_time_is_a_speaker(tmp_path, make_study):
    """Or the only answer of an interview would be the interviewer's."""
    (tmp_path / "P04.txt").write_text(
        "Dana Fox  0:03\nHello there.\n\nMarion Smith  0:10\nOne thing: late.\n\nDana Fox  1:03\nOk?\n"
    )
    assert rows_of(read(make_study, "P04.txt", columns=NAMED)) == [
        ["Interviewer", "interviewer", "Hello there."],
        ["P04", "participant", "One thing: late."],
        ["Interviewer", "interviewer", "Ok?"],
    ]


def test_read_sources_label_that_is_not_taken_is_told_by_line_and_not_by_name(tmp_path, make_study):
    (tmp_path / "P05.txt").write_text("I: So?\nP05: No.\nMarion Smith: Never.\nP05: One thing: late.\n")
    data = read(make_study, "P05.txt")
    assert data["turns"]["text"].tolist()[1] == "No.\nMarion Smith: Never."
    assert any(
        "P05.txt: line 3 begins like a turn of a speaker who is not recognised" in note
        for note in data.accounts[0].notes
    )
    assert "Marion" not in " ".join(data.accounts[0].notes)


def test_read_sources_docx_of_older_teams_has_times_name_and_words(tmp_path, make_study):
    document = docx.Document()
    said = (("0:0:0.0 --> 0:0:4.110", "Dana Fox", "So, what now?"), ("0:0:4.5 --> 0:0:9.0", "Marion Smith", "I drive."))
    for block in said:
        document.add_paragraph("\n".join(block))
    document.save(tmp_path / "P07.docx")
    rows = rows_of(read(make_study, "P07.docx", columns=NAMED))
    assert rows == [["Interviewer", "interviewer", "So, what now?"], ["P07", "participant", "I drive."]]


def test_read_sources_captions_saved_as_text_have_no_speakers(tmp_path, make_study):
    """Words after times are words, not names."""
    (tmp_path / "P08.txt").write_text("0:0:1.0 --> 0:0:2.0\nso what now\nwe asked\n\n0:0:3.0 --> 0:0:4.0\nOkay\nthen\n")
    with pytest.raises(DataContractError, match="no recognisable speakers"):
        read(make_study, "P08.txt")


def test_read_sources_notes_in_markdown_are_read_as_text(tmp_path, make_study):
    (tmp_path / "P09.md").write_text("# Interview\n\n**Interviewer:** Hi\n\n**P09:** yes\n")
    assert rows_of(read(make_study, "P09.md")) == [["Interviewer", "interviewer", "Hi"], ["P09", "participant", "yes"]]


def test_read_sources_transcripts_of_100_megabytes_are_refused_unread(tmp_path, make_study):
    for ending in ("txt", "vtt", "srt"):
        with (tmp_path / f"big_{ending}.{ending}").open("wb") as stream:
            stream.truncate(100_000_000)
    stream = io.BytesIO()
    docx.Document().save(stream)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("word/more.xml", b" " * 100_000_000)
    (tmp_path / "big_docx.docx").write_bytes(stream.getvalue())
    (tmp_path / "P01.txt").write_text("nobody speaks here\n")
    found = violations_of(make_study, {"t": {"format": "transcripts", "path": "*.*[txs]"}})
    assert [f"big_{ending}.{ending}" for ending in ("docx", "srt", "txt", "vtt")] == [
        line.split(":")[0] for line in found if "the most this reader takes; got 100000000. Split it" in line
    ]
    assert any("P01.txt: no recognisable speakers" in line for line in found)


def test_read_sources_project_with_a_text_of_100_megabytes_is_refused(tmp_path, make_study, monkeypatch):
    monkeypatch.setattr("segmentation.sources.safety.RATIO_LIMIT", 10_000)  # else it is refused as a bomb
    text = '<TextSource guid="t1" name="P01" plainTextPath="internal://t1.txt"/>'
    write_members(tmp_path / "a.qdpx", text, {"sources/t1.txt": b"late " * 20_000_000})
    with zipfile.ZipFile(tmp_path / "a.qdpx") as archive:
        qde = archive.read("project.qde")
    with zipfile.ZipFile(tmp_path / "a.qdpx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.qde", qde)
        archive.writestr("sources/t1.txt", b"late " * 20_000_000)
    (line,) = violations_of(make_study, {"c": {"format": "refi-qda", "path": "a.qdpx"}})
    assert (
        "a.qdpx: the text of source 'P01' is larger than 20,000,000 bytes, the most this reader takes; got 100000000"
        in line
    )


def test_read_sources_database_with_a_text_too_large_is_refused(tmp_path, make_study, monkeypatch):
    write_qualcoder(tmp_path / "data.qda")
    with sqlite3.connect(tmp_path / "data.qda") as database:
        database.execute("update source set fulltext = ? where id = 1", ("x" * 3000,))
    database.close()
    monkeypatch.setattr("segmentation.sources.sqlite.CELL_LIMIT", 2000)
    (line,) = violations_of(make_study, {"c": {"format": "qualcoder", "path": "data.qda"}})
    assert "data.qda: a text is larger than 20,000,000 bytes" in line and "Split it in the program" in line


def spoil(path, change):
    """Rewrite the XML of a project."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    root = etree.fromstring(members["project.qde"])
    change(root)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "project.qde": etree.tostring(root)}.items():
            archive.writestr(name, content)


def test_read_sources_everything_wrong_with_interviews_is_one_list(tmp_path, make_study):
    """An XXE, a bomb, an escape, a span outside, a code nobody knows, two people with one id, nobody speaking: seven lines, one error."""
    selection = (
        '<PlainTextSelection guid="s{0}" startPosition="{1}" endPosition="{2}" creatingUser="u1"><Coding guid="k{0}">'
        '<CodeRef targetGUID="{3}"/></Coding></PlainTextSelection>'
    )
    inside = selection.format(1, 19, 23, "c9") + selection.format(2, 19, 2300, "c1")
    source = f'<TextSource guid="t1" name="P01" plainTextPath="internal://t1.txt">{inside}</TextSource>'
    write_members(tmp_path / "good.qdpx", source, {"sources/t1.txt": "I: So?\nP01: It was late.\n"})
    (tmp_path / "xxe.qdc").write_text(
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><CodeBook>&e;</CodeBook>'
    )
    for name, member, content in (("bomb", "m", b" " * 3_000_000), ("escape", "../m", b"x")):
        with zipfile.ZipFile(tmp_path / f"{name}.qdpx", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("project.qde", "<Project/>")
            archive.writestr(member, content)
    (tmp_path / "P02.txt").write_text("Just words.\n")
    (tmp_path / "people.csv").write_text("participant,source_id,company_id\nP01,P01,c1\nP01,P02,c2\n")
    found = violations_of(
        make_study,
        {
            "codings": {"format": "refi-qda", "path": ["*.qdpx", "*.qdc"]},
            "texts": {"format": "transcripts", "path": "P02.txt"},
            "people": {"format": "table", "path": "people.csv", "as": "interviewees"},
        },
    )
    expected = [
        "xxe.qdc: the codebook declares a document type or entities, which are refused",
        "bomb.qdpx: a member unpacks to more than 200 times its size; got 'm'",
        "escape.qdpx: a member of the archive leaves it; got '../m'",
        "good.qdpx: a coding of 'P01' lies outside its text (19 to 2300); got 's2'. Export the project again",
        "good.qdpx: a coding refers to a code that is not in the codebook; got 'c9'. Export again",
        "P02.txt: no recognisable speakers. Start each turn with its speaker",
        "people.csv, row 3, column 'participant': 1 id stands in several rows",
    ]
    assert len(found) == len(expected)
    for words in expected:
        assert any(words in line for line in found), (words, found)
    assert not list(tmp_path.parent.glob("m"))


def test_read_sources_coders_who_coded_different_files_are_kept_apart(tmp_path, make_study):
    for number in (1, 2):
        (tmp_path / f"P0{number}.txt").write_text(f"I: So?\nP0{number}: It was late.\n")
        (tmp_path / f"by{number}.csv").write_text(
            f"Document,Segment,Code,Coder\nP0{number},It was late.,Late,coder {number}\n"
        )
    sources = {
        "texts": {"format": "transcripts", "path": "P0*.txt"},
        "codings": {"format": "coded-table", "path": ["by1.csv", "by2.csv"]},
    }
    data = read_sources(make_study(sources), "2026Q3")
    assert data["codings"][["source_id", "coder"]].values.tolist() == [["P01", "coder 1"], ["P02", "coder 2"]]
    assert check_interviews(data) == []
    told = describe_agreement(measure_agreement(build_coded_interviews(data), draws=100, random_state=1))
    assert told.kind == "caution"
    assert "No two coders read one interview: coder 1 coded P01; coder 2 coded P02." in str(told)


SAID = "I: And then?\nP01: It was late twice. I cancel in January. It was late twice.\n"
SHEETS = {
    "MAXQDA coded segments": (
        ["Comment", "Document group", "Document name", "Code", "Beginning", "End", "Weight score", "Segment", "Created by"],
        [["", "Solo", "P01", "Time\\Late", 2, 2, 0, "I cancel in January.", "Ana Ruiz"]],
        [("P01", "I cancel in January.", "Late", "Time")],
    ),
    "ATLAS.ti quotations": (
        ["ID", "Document", "Quotation Name", "Quotation Content", "Codes", "Comment", "Reference", "Density", "Created by"],
        [["1:1", "P01.docx", "I cancel", "I cancel in January.", "Churn\nTime: late", None, "1 - 2", 2, "Ana Ruiz"]],
        [("P01", "I cancel in January.", "Churn", None), ("P01", "I cancel in January.", "Time: late", None)],
    ),
    "Dovetail highlights": (
        ["Highlight", "Tags", "Note title", "Created by", "Created at"],
        [["I cancel in January.", "Churn, Price", "P01", "ana@example.org", "2026-01-01"]],
        [("P01", "I cancel in January.", "Churn", None), ("P01", "I cancel in January.", "Price", None)],
    ),
    "survey coding sheet, wide": (
        ["ResponseId", "Why did you leave?", "Code 1", "Code 2", "Code 3"],
        [["R_1", "Too dear \U0001f381 and late", "price->high", "late", None], ["R_2", "Dear, =SUM(1)", "price->high", None, None]],
        [("R_1", "Too dear \U0001f381 and late", "high", "price"), ("R_1", "Too dear \U0001f381 and late", "late", None),
         ("R_2", "Dear, =SUM(1)", "high", "price")],
    ),
    "cycles of coding, wide": (
        ["research_question", "document ID", "text_chunk", "code_1", "code_1_type", "code_2", "theme"],
        [["rq1", "P01", "I cancel in January.", "churn", "in vivo", "time", "leaving"]],
        [("P01", "I cancel in January.", "churn", None), ("P01", "I cancel in January.", "time", None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("layout", SHEETS)
def test_read_sources_exports_long_and_wide_as_csv_and_excel(tmp_path, make_study, layout, ending):
    header, rows, expected = SHEETS[layout]
    table = pd.DataFrame(rows, columns=header)
    table.to_csv(tmp_path / "s.csv", index=False) if ending == "csv" else table.to_excel(
        tmp_path / "s.xlsx", index=False
    )
    (tmp_path / "P01.txt").write_text(SAID)
    sources = {
        "codings": {"format": "coded-table", "path": f"s.{ending}"},
        "texts": {"format": "transcripts", "path": "P01.txt"},
    }
    data = read_sources(make_study(sources), "2026Q3")
    codes, texts = data["codes"], data["transcripts"]["text"]
    found = []
    for row in data["codings"].itertuples():
        parent = codes.at[row.code_id, "parent"]
        above = codes.at[parent, "name"] if isinstance(parent, str) else None
        found.append((row.source_id, texts[row.source_id][row.start : row.end], codes.at[row.code_id, "name"], above))
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_read_sources_flags_that_are_not_declared_say_how(tmp_path, make_study):
    (tmp_path / "s.csv").write_text("ResponseId,answer,Price,Late\nR_1,Too dear and late,1,1\n")
    (line,) = violations_of(make_study, {"codings": {"format": "coded-table", "path": "s.csv"}})
    assert "s.csv, row 1: no column holds the code" in line and "or `columns: {flags: Price|Late}`" in line


@pytest.mark.parametrize("format_", ["texts", "coded-table"])
def test_read_sources_a_cell_longer_than_any_interview_is_refused(tmp_path, make_study, monkeypatch, format_):
    monkeypatch.setattr("segmentation.sources.values.TEXT_LIMIT", 1_000)
    long = "so it was late, " * 100
    rows = f"id,text\n7,{long!r}\n8,fine\n" if format_ == "texts" else f"Document,Segment,Code\nP01,{long!r},Late\n"
    (tmp_path / "rows.csv").write_text(rows.replace("'", '"'))
    with pytest.raises(
        DataContractError,
        match=r"rows.csv, row 2, column '(text|Segment)': 1 texts are too large .*1,599 characters.*allowed: 1,000",
    ):
        read_sources(make_study({"rows": {"format": format_, "path": "rows.csv"}}), "2026Q3")
