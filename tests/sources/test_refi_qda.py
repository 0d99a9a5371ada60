"""REFI-QDA projects in the dialects of several programs, and their join with transcripts."""

from __future__ import annotations

import time
import zipfile

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.errors import DataContractError
from segmentation.sources import read_sources
from segmentation.sources.offsets import Marked, choose_convention, locate, locate_all, move_span

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


SHORT = "I: So?\nP01: It was late.\n"
CODED = (
    '<{0} guid="s" {1} name="late" creatingUser="u1"><Coding guid="k"><CodeRef targetGUID="C1"/></Coding></{0}>'.format
)
PLAIN_SELECTION = CODED("PlainTextSelection", 'startPosition="19" endPosition="23"')
POINTS = CODED("TranscriptSelection", 'fromSyncPoint="{A}" toSyncPoint="b"')
PICTURE = CODED("PDFSelection", 'page="1" firstX="0" firstY="0" secondX="1" secondY="1"')


def write_members(path, sources, members, qde="project.qde", encoding="utf-8"):
    xml = (
        f'<?xml version="1.0" encoding="{encoding}"?><Project xmlns="urn:QDA-XML:project:1.0" name="p">'
        '<Users><User guid="u1" name="coder A"/></Users><CodeBook><Codes>'
        '<Code guid="{c1}" name="Late" isCodable="true"/></Codes></CodeBook>'
        f"<Sources>{sources}</Sources></Project>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(qde, xml.encode(encoding))
        for name, content in members.items():
            archive.writestr(name, content)


def text_source(path):
    return f'<TextSource guid="t1" name="P01.docx" plainTextPath="{path}">{PLAIN_SELECTION}</TextSource>'


@pytest.mark.parametrize(
    ("path", "members", "more"),
    [
        ("internal://t1.txt", {"sources/t1.txt": SHORT, "sources/.root": "", "__MACOSX/._project.qde": "x"}, {}),
        ("internal://{T1}.txt", {"Sources/t1.txt": SHORT}, {}),
        ("internal://sources/t1.txt", {"sources/t1.txt": SHORT}, {}),
        ("relative:///t1.txt", {"sources/t1.txt": SHORT}, {}),
        ("internal://t1.txt", {"sources/t1.txt": SHORT.encode("utf-16")}, {}),
        ("internal://t1.txt", {"sources/t1.txt": SHORT}, {"encoding": "utf-16"}),
        ("internal://t1.txt", {"My study/SOURCES/T1.TXT": SHORT}, {"qde": "My study/My study.qde"}),
    ],
)
def test_read_sources_refi_dialects_of_paths_and_encodings(tmp_path, make_study, path, members, more):
    write_members(tmp_path / "coding.qdpx", text_source(path), members, **more)
    data = read(make_study)
    assert data["codings"][["source_id", "quote", "code_id", "coder"]].values.tolist() == [
        ["P01", "late", "late", "coder A"]
    ]


def test_read_sources_refi_inline_text(tmp_path, make_study):
    inline = (
        f'<TextSource guid="t1" name="P01"><PlainTextContent>{SHORT}</PlainTextContent>{PLAIN_SELECTION}</TextSource>'
    )
    write_members(tmp_path / "coding.qdpx", inline, {})
    assert read(make_study)["codings"]["quote"].tolist() == ["late"]


def test_read_sources_refi_text_beside_a_pdf_and_transcript_of_a_recording(tmp_path, make_study):
    sources = (
        f'<PDFSource guid="p" name="P01.pdf">{PICTURE}<Representation guid="r" plainTextPath="internal://r.txt">{PLAIN_SELECTION}'
        '</Representation></PDFSource><AudioSource guid="a" name="P02.mp3"><Transcript guid="t" plainTextPath="internal://r.txt">'
        f'<SyncPoint guid="a" position="19"/><SyncPoint guid="B" position="23"/>{POINTS}</Transcript></AudioSource>'
        f'<PictureSource guid="q" name="map.png">{CODED("PictureSelection", "")}</PictureSource>'
    )
    write_members(tmp_path / "coding.qdpx", sources, {"sources/r.txt": SHORT})
    data = read(make_study)
    assert data["codings"][["source_id", "quote"]].values.tolist() == [["P01", "late"], ["P02", "late"]]
    account = data.accounts[0]
    assert account.dropped == {"coding of a picture, PDF or recording": 2}
    assert (account.rows_in, account.rows_out) == (4, 2)
    assert any("1 sources of coding.qdpx are not text" in note for note in account.notes)


def test_read_sources_refi_codings_of_nothing_are_counted(tmp_path, make_study):
    bare = PLAIN_SELECTION.replace('<CodeRef targetGUID="C1"/>', "")
    sources = text_source("internal://t1.txt").replace(
        "</TextSource>", bare + '<Coding guid="w"><CodeRef targetGUID="c1"/></Coding></TextSource>'
    )
    write_members(tmp_path / "coding.qdpx", sources, {"sources/t1.txt": SHORT})
    account = read(make_study).accounts[0]
    assert account.dropped == {"coding of a whole text or of no code": 2}
    assert (account.rows_in, account.rows_out) == (3, 1)


def test_read_sources_refi_codebook_without_guids_keeps_every_code(tmp_path, make_study):
    codes = '<Code name="A"><Code name="B"/></Code><Code guid="x" name="C"/><Code guid="x" name="D"/>'
    (tmp_path / "book.QDC").write_bytes(
        f'\ufeff<?xml version="1.0"?><CodeBook><Codes>{codes}</Codes><Sets/></CodeBook>'.encode()
    )
    data = read(make_study, codings={"format": "refi-qda", "path": "book.QDC"})
    assert data["codes"]["parent"].fillna("").to_dict() == {"a": "", "b": "a", "c": "", "d": ""}


def test_locate_all_many_selections_of_long_texts_take_no_time():
    text = ("\U0001f69a late again.\r\n" * 4000).rstrip()
    marked = [Marked("P01", start, start + 4, "late") for start in range(3, 16 * 3000, 16)]
    started = time.process_time()
    convention, _ = choose_convention({"P01": text}, marked)
    spans = locate_all({"P01": text}, marked, convention)
    assert time.process_time() - started < 5
    plain = text.replace("\r\n", "\n")
    assert {plain[slice(*span)] for span in spans} == {"late"} and convention.utf16 and convention.crlf == 2


@given(st.text(alphabet="ab \n\u0301\U0001f69a\u05e9", min_size=1), st.text(alphabet=" \n", max_size=3), st.data())
def test_move_span_blanks_never_change_the_words(text, blanks, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    other = blanks.join(text)
    span = move_span(text, other, (start, end))
    words = "".join(text[start:end].split())
    assert (span is None and not words) or "".join(other[slice(*span)].split()) == words


def test_move_span_picks_the_occurrence_nearest_in_place():
    coded, transcript = "A: no\nB: yes no\nA: no", "no / yes no / no"
    assert move_span(coded, transcript, (19, 21)) == (14, 16)
    assert move_span(coded, transcript, (3, 5)) == (0, 2)
    assert move_span(coded, "something else", (19, 21)) is None


def ours(path, name="late", first=19, last=23):
    """A project that says it is ours: one selection, and a note."""
    write_members(path, text_source("internal://t1.txt"), {"sources/t1.txt": SHORT})
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("project.qde").decode()
    xml = xml.replace('name="p"', 'name="p" origin="segmentation"').replace('name="late"', f'name="{name}"')
    xml = xml.replace('startPosition="19" endPosition="23"', f'startPosition="{first}" endPosition="{last}"')
    xml = xml.replace("</Sources>", '</Sources><Notes><Note guid="n" name="m"/></Notes>')
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.qde", xml)
        archive.writestr("sources/t1.txt", SHORT)


def test_read_sources_refi_of_our_own_is_not_scored(tmp_path, make_study):
    """One selection of three characters whose kept words fit another way of counting better: the origin decides."""
    ours(tmp_path / "coding.qdpx", name="late", first=19, last=22)
    data = read(make_study)
    assert data["codings"]["quote"].tolist() == ["lat"]
    notes = data.accounts[0].notes
    told = (
        "coding.qdpx: offsets count code points, line ends of two characters as 2, end excluded, as this program writes"
    )
    assert told in notes
    assert "memos of coding.qdpx without a text that can be read: 1" in notes and "memos" not in data


def test_read_sources_refi_words_that_are_not_at_their_place_are_shown(tmp_path, make_study):
    write_project(tmp_path / "coding.qdpx")
    with zipfile.ZipFile(tmp_path / "coding.qdpx") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["project.qde"] = members["project.qde"].replace(b'name="I cancel in January."', b'name="We stay for good."')
    with zipfile.ZipFile(tmp_path / "coding.qdpx", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    notes = read(make_study).accounts[0].notes
    assert "2 of 3 kept quotes match" in notes[0]
    assert "the words kept with 1 codings are not those at their place" in notes[1]
    assert "'We stay for good.' kept, 'I cancel in January.' at" in notes[1]


def test_choose_convention_quotes_that_end_in_dots_are_quotes():
    text = "P: I don't know... maybe."
    _, sentence = choose_convention(
        {"a": text}, [Marked("a", 3, 18, "I don't know..."), Marked("a", 3, 15, "I don't know...")]
    )
    assert "2 of 2 kept quotes match" in sentence


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
    assert len(caught.value.violations) == 7  # six texts and the text beside a PDF, which has codings of its own


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
