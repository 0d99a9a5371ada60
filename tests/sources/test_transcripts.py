"""Transcripts in every layout, and turns as spans of their text."""

from __future__ import annotations

import itertools

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.errors import DataContractError
from segmentation.sources import read_sources
from segmentation.sources.turns import accept_heads, find_heads, make_turns

TEAMS = """WEBVTT

00:00:01.000 --> 00:00:03.000
<v Dana Fox>How did your week &amp; month go?</v>

00:00:03.000 --> 00:00:05.000
<v Marion Smith>Well. We drove to</v>

00:00:05.000 --> 00:00:07.000
<v Marion Smith>Leeds for nothing.</v>
"""
ZOOM = """WEBVTT

1
00:00:01.000 --> 00:00:03.000
Interviewer: And then?

2
00:00:03.000 --> 00:00:05.000
Marion Smith: The phone rang

3
00:00:05.000 --> 00:00:07.000
all morning.
"""
SRT = "1\n00:00:01,000 --> 00:00:03,000\nI: And then?\n\n2\n00:00:03,000 --> 00:00:05,000\nP07: Nothing.\n"
LAYOUTS = {
    "colon": "I: And then?\n\nP01: The phone rang.\nTwice: at eight.\n",
    "bracket": "[I] And then?\n\n[id1] The phone rang. [laughs]\nTwice: at eight.\n",
    "time": "[00:00:03] Speaker 0: And then?\n[00:00:09] Speaker 1: The phone rang.\nTwice: at eight.\n",
    "zoom": "00:00:03\tDana Fox:\tAnd then?\n00:00:09\tMarion Smith:\tThe phone rang.\nTwice: at eight.\n",
    "otter": "Dana Fox  0:03\nAnd then?\n\nMarion Smith  0:09\nThe phone rang.\nTwice: at eight.\n\n"
    "Dana Fox  0:12\nYes\n\nMarion Smith  0:13\nNo\n",
    "whisper": "[00:00.000 --> 00:04.000] Speaker 0: And then?\n[00:04.000 --> 00:09.000] SPEAKER_01: The phone rang.\nTwice: at eight.\n",
    "dash": "00:00:03 - Speaker 0: And then?\n00:00:09 - Speaker 1: The phone rang.\nTwice: at eight.\n",
    "zoom saved": "[Dana Fox] 09:00:03\nAnd then?\n\n[Marion Smith] 09:00:09\nThe phone rang.\nTwice: at eight.\n",
    "time after": "Speaker 0 (00:03): And then?\nSpeaker 1 (00:09):\nThe phone rang.\nTwice: at eight.\n",
    "markdown": "**Interviewer:** And then?\n\n**P01:** The phone rang.\nTwice: at eight.\n",
    "full width": "I：And then?\nP01： The phone rang.\nTwice: at eight.\n",
    "names": "Dana Fox: And then?\nMarion Smith: The phone rang.\nTwice: at eight.\nDana Fox: Yes\nMarion Smith: No\n",
}


def read(make_study, path, **more):
    return read_sources(make_study({"interviews": {"format": "transcripts", "path": path, **more}}), "2026Q3")


def check_spans(data):
    for turn in data["turns"].itertuples():
        assert data["transcripts"].at[turn.source_id, "text"][turn.start : turn.end] == turn.text


def test_read_sources_teams_vtt_merges_cues_and_hides_names(tmp_path, make_study):
    (tmp_path / "P02.vtt").write_text(TEAMS)
    data = read(make_study, "P02.vtt", columns={"interviewer": "Dana Fox"})
    check_spans(data)
    rows = data["turns"][["source_id", "turn", "speaker", "role", "text"]].values.tolist()
    assert rows == [
        ["P02", 0, "Interviewer", "interviewer", "How did your week & month go?"],
        ["P02", 1, "P02", "participant", "Well. We drove to Leeds for nothing."],
    ]
    assert {"Dana Fox", "Marion Smith", "Marion"} <= data.identifiers


def test_read_sources_vtt_without_interviewer_is_said(tmp_path, make_study):
    (tmp_path / "P02.vtt").write_text(TEAMS)
    data = read(make_study, "P02.vtt")
    assert set(data["turns"]["role"]) == {"participant"}
    assert data["turns"]["speaker"].tolist() == ["P02", "P02-2"]
    assert "no interviewer among the speakers" in data.accounts[0].notes[0]


def test_read_sources_role_as_label_is_no_identifier(tmp_path, make_study):
    (tmp_path / "P04.txt").write_text("I: So?\nOffice manager: No.\nI: Why?\nOffice manager: Because.\n")
    data = read(make_study, "P04.txt")
    assert data["turns"]["speaker"].tolist() == ["I", "P04", "I", "P04"]
    assert data.identifiers == frozenset()


def test_read_sources_zoom_vtt_and_srt_labels_in_the_words(tmp_path, make_study):
    (tmp_path / "P03.vtt").write_text(ZOOM)
    (tmp_path / "P07.srt").write_text(SRT)
    data = read(make_study, ["P03.vtt", "P07.srt"])
    check_spans(data)
    rows = data["turns"][["speaker", "role", "text"]].values.tolist()
    assert rows == [
        ["Interviewer", "interviewer", "And then?"],
        ["P03", "participant", "The phone rang all morning."],
        ["I", "interviewer", "And then?"],
        ["P07", "participant", "Nothing."],
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_read_sources_txt_layouts_give_the_same_words(tmp_path, make_study, layout):
    (tmp_path / "P01.txt").write_text(LAYOUTS[layout], encoding="utf-8", newline="\r\n")
    data = read(make_study, "P01.txt", columns={"interviewer": "Dana Fox|Speaker 0"})
    check_spans(data)
    turns = data["turns"]
    assert turns["text"].tolist()[0] == "And then?"
    assert turns["text"].tolist()[1].split("\n") == [
        "The phone rang." + " [laughs]" * (layout == "bracket"),
        "Twice: at eight.",
    ]
    assert turns["role"].tolist()[:2] == ["interviewer", "participant"]
    assert "Smith" not in " ".join(turns["speaker"])


def test_read_sources_docx_prefix_and_bold_labels(tmp_path, make_study):
    document = docx.Document()
    document.add_paragraph("I = interviewer, P01 = owner")
    document.add_paragraph("I: And then?")
    document.add_paragraph("P01: The phone rang.")
    bold = document.add_paragraph()
    bold.add_run("Marion ").bold = True
    bold.add_run("She knows: nothing.")
    again = document.add_paragraph()
    again.add_run("Marion").bold = True
    again.add_run(": More.")
    document.save(tmp_path / "P01.docx")
    data = read(make_study, "*.docx")
    check_spans(data)
    assert data["turns"][["speaker", "text"]].values.tolist() == [
        ["I", "And then?"],
        ["P01", "The phone rang."],
        ["P01", "She knows: nothing."],
        ["P01", "More."],
    ]


def paragraph(document, *runs):
    new = document.add_paragraph()
    for words, bold in runs:
        new.add_run(words).bold = bold


def test_read_sources_docx_of_teams_name_and_time_in_one_paragraph(tmp_path, make_study):
    document = docx.Document()
    for name, clock, words in (
        ("Dana Fox", "0:03", "And then?"),
        ("Marion Smith", "0:09", "At 7:30 it rang."),
        ("Dana Fox", "0:12", "Ok"),
    ):
        paragraph(document, (name, True), (f"   {clock}", None), (f"\n{words}", None))
    document.save(tmp_path / "P01.docx")
    data = read(make_study, "P01.docx", columns={"interviewer": "Dana Fox"})
    check_spans(data)
    rows = data["turns"][["speaker", "text"]].values.tolist()
    assert rows == [["Interviewer", "And then?"], ["P01", "At 7:30 it rang."], ["Interviewer", "Ok"]]


def test_read_sources_docx_bold_stress_is_no_speaker(tmp_path, make_study):
    document = docx.Document()
    document.add_paragraph("I: So?")
    document.add_paragraph("P01: Ok.")
    for words in (" again, I say.", " ever."):
        paragraph(document, ("Never", True), (words, None))
    document.save(tmp_path / "P01.docx")
    data = read(make_study, "P01.docx")
    assert data["turns"]["text"].tolist() == ["So?", "Ok.\nNever again, I say.\nNever ever."]


def test_read_sources_docx_bold_names_alone(tmp_path, make_study):
    document = docx.Document()
    for name, words in (
        ("Dana Fox", "And then?"),
        ("Marion Smith", "It rang."),
        ("Dana Fox", "Ok"),
        ("Marion Smith", "Bye."),
    ):
        paragraph(document, (name, True))
        document.add_paragraph(words)
    document.save(tmp_path / "P01.docx")
    data = read(make_study, "P01.docx", columns={"interviewer": "Dana Fox"})
    check_spans(data)
    assert data["turns"]["text"].tolist() == ["And then?", "It rang.", "Ok", "Bye."]


def test_read_sources_docx_with_nothing_but_tables_says_so(tmp_path, make_study):
    document = docx.Document()
    document.add_table(1, 2).cell(0, 0).text = "I"
    document.save(tmp_path / "P01.docx")
    with pytest.raises(DataContractError, match=r"holds no text but in tables\. Convert its tables to text"):
        read(make_study, "P01.docx")


def test_read_sources_cues_of_teams_with_ids_two_voices_and_lines(tmp_path, make_study):
    cues = (
        "\ufeffWEBVTT\r\n\r\nNOTE confidential\r\n\r\n"
        "8f3a-1/12-0\r\n00:00:01.000 --> 00:00:03.000\r\n<v Fox, Dana>How did\r\nit go?</v>\r\n\r\n"
        "8f3a-1/13-0\r\n00:00:03.000 --> 00:00:05.000\r\n<v Smith, Marion (Guest)>Well.</v><v Fox, Dana>Ok</v>\r\n"
    )
    (tmp_path / "P02.vtt").write_bytes(cues.encode())
    data = read(make_study, "P02.vtt", columns={"interviewer": "Fox, Dana"})
    rows = data["turns"][["role", "text"]].values.tolist()
    assert rows == [["interviewer", "How did it go?"], ["participant", "Well."], ["interviewer", "Ok"]]


def test_read_sources_cues_with_brackets_and_arrows_lose_no_words(tmp_path, make_study):
    cue = "{0}\n00:00:0{0},000 --> 00:00:0{0},900\n{1}\n\n".format
    words = ("(music)", "[Dana Fox] And then?", ">> MARION: It rang.", "[laughs] Twice.")
    (tmp_path / "P02.srt").write_text("".join(cue(n, line) for n, line in enumerate(words, 1)))
    data = read(make_study, "P02.srt", columns={"interviewer": "Dana Fox"})
    rows = data["turns"][["role", "text"]].values.tolist()
    assert rows == [["interviewer", "And then?"], ["participant", "It rang. [laughs] Twice."]]
    assert "P02.srt: 1 cues before the first speaker are not read: '(music)'" in data.accounts[0].notes


def test_read_sources_words_before_the_first_speaker_are_counted(tmp_path, make_study):
    (tmp_path / "P01.txt").write_text("Interview of May\n\nI: So?\nP01: No.\n")
    assert (
        "P01.txt: 3 words before the first speaker are nobody's turn" in read(make_study, "P01.txt").accounts[0].notes
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "Just words, by nobody.\n", "no recognisable speakers"),
        ("a.txt", "   \n", "the file is empty"),
        ("a.txt", "", "the file is empty"),
        ("a.vtt", "00:01 --> 00:02\nI: hi\n", "not a .vtt file"),
        ("a.vtt", "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nwords only\n", "no recognisable speakers"),
        ("a.rtf", "I: hi", "ending '.rtf' are not read"),
        ("a.docx", "I: hi", "not a whole zip archive"),
    ],
)
def test_read_sources_transcript_broken_is_refused(tmp_path, make_study, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataContractError, match=message):
        read(make_study, name)


def test_read_sources_transcripts_same_stem_twice_is_refused(tmp_path, make_study):
    (tmp_path / "P01.txt").write_text("I: a\nP01: b\n")
    (tmp_path / "P01.vtt").write_text(ZOOM)
    with pytest.raises(DataContractError, match=r"P01.vtt: has the same name as P01.txt"):
        read(make_study, ["P01.txt", "P01.vtt"])


@given(st.text(alphabet="IP01:[]\t\n ab", max_size=200))
def test_make_turns_any_text_turns_are_spans_in_order(text):
    turns = make_turns(text, accept_heads(find_heads(text)))
    for before, after in itertools.pairwise(turns):
        assert before.end <= after.start
    assert all(text[turn.start : turn.end].strip() == text[turn.start : turn.end] != "" for turn in turns)
