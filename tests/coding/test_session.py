"""One coder at work: spans, memos, codes, disagreements, undo, and files that diff well."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.coding import CodingSession, load_codings, write_codebook
from segmentation.coding.folder import Code, Coder, Coding, Offer, Resolution, save_coder
from segmentation.coding.offsets import from_utf16, snap_span, to_utf16
from segmentation.coding.session import clean_words
from segmentation.errors import DataContractError, ParameterError

from .conftest import SAID, make_interviews, place

TEXTS = st.text(st.sampled_from("ab 🚐👩‍🔧e\u0301\u05d0\u05d1\r\n.\u200f<&'\",;=\\"), max_size=40)


@given(TEXTS, st.integers(0, 60))
def test_offsets_are_those_of_a_browser(text, number):
    place = number % (len(text) + 1)
    units = to_utf16(text, place)
    assert units == len(text[:place].encode("utf-16-le")) // 2
    assert from_utf16(text, units) == from_utf16(text, units, up=True) == place


@given(TEXTS, st.integers(-3, 60), st.integers(-3, 60))
def test_snap_span_stays_in_the_text_and_splits_no_sign(text, start, end):
    first, last = snap_span(text, start, end)
    assert 0 <= first <= last <= len(text)
    assert snap_span(text, first, last) == (first, last)
    if first < last:
        assert not text[first].isspace() and not text[last - 1].isspace()
        assert text[last : last + 1] not in ("\u0301", "\u200d") or text[last - 1].isspace()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(TEXTS.filter(str.strip), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(-5, 300), st.integers(-5, 300)), max_size=6),
)
def test_session_codings_lie_in_participants_turns_and_come_back_from_disk(words, spans):
    lines = [f"{'I' if number % 3 == 1 else 'P'}: {text}" for number, text in enumerate(words)]
    interviews = make_interviews({"P": lines})
    with tempfile.TemporaryDirectory() as folder:
        write_codebook(Path(folder), [Code("x", "X")])
        session = CodingSession(interviews, folder, "ana")
        for start, end in spans:
            try:
                session.add(start, end, "x")
            except ParameterError:
                continue
        for coding in session.codings:
            turn = next(turn for turn in session.turns if turn.start <= coding.start and coding.end <= turn.end)
            assert turn.codable and coding.quote == session.text[coding.start : coding.end] and coding.quote.strip()
        assert load_codings(folder).coder("ana") == session.me


def test_session_saves_every_change_in_files_that_diff_well(session, folder):
    session.add(*place(session, "for nothing"), "trips")
    session.add(*place(session, "twice.\r\nDave"), "money")
    session.write_memo("Look,\nagain", key=session.codings[1].key)
    session.write_memo("a good one")
    session.write_memo("too broad?", code="trips")
    start = session.text.index("for nothing")
    assert (folder / "ana/P1.csv").read_bytes().decode() == (
        f"start,end,code,quote,memo\n{start},{start + 11},trips,for nothing,\n"
        f'{start + 13},{start + 25},money,twice.\\r\\nDave,"Look,\\nagain"\n'
    )
    assert (folder / "ana/_memos.csv").read_text() == "source,code,memo\n,trips,too broad?\nP1,,a good one\n"
    assert load_codings(folder).coder("ana") == session.me
    session.open("a/b")
    session.add(*place(session, "Too dear."), "price")
    assert (folder / "ana/a%2Fb.csv").is_file()


def test_session_touches_no_file_of_another_coder(session, folder):
    before = {file: file.read_bytes() for file in folder.rglob("*.csv")}
    session.add(*place(session, "for nothing"), "trips")
    session.resolve(session.disagreements("ben")[0][0].key, "ben", "theirs", "clear")
    session.add_code("Late van", "the van came late", "trips")
    assert {file: file.read_bytes() for file in before} == before
    assert {file.parent.name for file in set(folder.rglob("*.csv")) - set(before)} == {"ana"}


def test_session_undo_takes_back_everything_down_to_no_file(session, folder):
    session.add_code("Late van", "the van came late")
    session.add(*place(session, "for nothing"), "late_van")
    session.open("P2")
    session.add(*place(session, "pay late"), "money")
    session.write_memo("hm")
    assert session.undo() == "P2" and session.undo() == "P2" and session.source == "P2"
    assert not (folder / "ana/P2.csv").exists()
    session.undo()
    session.undo()
    assert session.source == "P1" and session.me == Coder("ana") and not list((folder / "ana").iterdir())
    with pytest.raises(ParameterError, match="nothing to undo"):
        session.undo()


def test_session_resolves_and_takes_back(session, folder):
    session.add(*place(session, "drove 🚐"), "trips")
    found = session.disagreements("ben")
    assert [(where.kind, where.code) for where, _, _ in found] == [("borders", "trips"), ("theirs", "money")]
    made = session.resolve(found[1][0].key, "ben", "drop", "a name, no theme")
    assert (made.when, made.why, made.keep) == ("2026-11-22", "a name, no theme", "drop")
    assert session.disagreements("ben")[1][1:] == (made, "ana")
    session.resolve(found[1][0].key, "ben", "theirs", "we talked")
    assert [row.keep for row in session.me.resolutions] == ["theirs"]
    text = (folder / "ana/_resolutions.csv").read_text()
    assert text.splitlines()[1].endswith(",money,ben,theirs,2026-11-22,we talked")
    session.reopen(found[1][0].key, "ben")
    assert not (folder / "ana/_resolutions.csv").exists()


def test_session_sees_what_the_other_coder_resolved(session, interviews, folder):
    key = session.disagreements("ben")[0][0].key
    session.add(*place(session, "closed"), "price")
    session.resolve(key, "ben", "theirs", "")
    ben = CodingSession(interviews, folder, "ben")
    made = ben.disagreements("ana")[0]
    assert made[1].keep == "theirs" and made[2] == "ana"
    with pytest.raises(ParameterError, match="ana resolved this already"):
        ben.resolve(key, "ana", "mine")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("How was", "the interviewer's words are not coded: they count nowhere"),
        ("so.\r\nP1: \u05d0", "select words within one turn"),
        ("P1: We", "select words within one turn"),
        (" ", "select words within one turn"),
    ],
)
def test_session_refuses_what_is_not_to_be_coded(session, words, problem):
    with pytest.raises(ParameterError, match=problem):
        session.add(*place(session, words), "trips")
    assert session.codings == ()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s.add(*place(s, "drove"), "trip"), "no code 'trip' in the codebook. Did you mean 'trips'?"),
        (lambda s: [s.add(*place(s, "drove"), "trips") for _ in "ab"], "this passage has this code already"),
        (lambda s: s.add_code("!!", "x"), "a code needs a name with letters or digits"),
        (lambda s: s.add_code("Trips", "x"), "there is a code 'Trips' already"),
        (lambda s: s.add_code("New", " "), "a code needs a definition"),
        (lambda s: s.add_code("n" * 61, "x"), "may have 60 signs; this one has 61"),
        (lambda s: s.add_code("New", "x", "tripz"), "no code 'tripz' in the codebook"),
        (lambda s: s.remove("0-1-x"), "this coding is not there any more"),
        (lambda s: s.write_memo("m" * 10_001), "a memo may have 10,000 signs; this one has 10,001"),
        (lambda s: s.open("P3"), "no transcript 'P3'"),
        (lambda s: s.disagreements("carl"), "no other coder 'carl'"),
        (lambda s: s.resolve("0-1-x", "ben", "mine"), "this disagreement is not there any more"),
        (lambda s: s.resolve(s.disagreements("ben")[0][0].key, "ben", "ours"), "keep must be one of mine, theirs, both, drop"),
    ],
)  # fmt: skip
def test_session_says_in_words_what_it_does_not_do(session, change, problem):
    with pytest.raises(ParameterError) as found:
        change(session)
    assert problem in str(found.value)


@pytest.mark.parametrize("name", ["Ana Ruiz", "", "../x", "a" * 40, "ana@example.org"])
def test_session_refuses_a_coder_whose_name_reports_would_show(interviews, folder, name):
    with pytest.raises(ParameterError, match="a coder is named by a short id"):
        CodingSession(interviews, folder, name)


def test_session_does_not_write_over_what_another_window_saved(session, interviews, folder):
    other = CodingSession(interviews, folder, "ana")
    other.add(*place(other, "for nothing"), "trips")
    with pytest.raises(ParameterError, match=r"ana/P1.csv was changed since it was read here"):
        session.add(*place(session, "twice"), "trips")
    assert session.codings == () and not session.can_undo
    assert len(load_codings(folder).coder("ana").of("P1")) == 1


def test_session_looks_again_at_what_the_other_coder_did_meanwhile(session, interviews, folder):
    session.add(*place(session, "twice"), "trips")
    ben = CodingSession(interviews, folder, "ben")
    ben.add(*place(ben, "closed"), "price")
    assert [where.code for where, _, _ in session.disagreements("ben")] == ["trips", "trips", "money"]
    session.look_again()
    assert [where.code for where, _, _ in session.disagreements("ben")] == ["trips", "trips", "money", "price"]
    session.add(*place(session, "closed"), "price")
    other = CodingSession(interviews, folder, "ana")
    other.add(*place(other, "nothing"), "money")
    session.look_again()
    with pytest.raises(ParameterError, match="was changed since it was read here"):
        session.add(*place(session, "Dave"), "money")


def test_load_codings_says_all_that_is_wrong(folder):
    (folder / "ana").mkdir()
    (folder / "ana/P1.csv").write_text("start,end,code,quote,memo\nx,2,a,b,\n")
    (folder / "ana/_memos.csv").write_bytes(b"source,code,memo\nP1,,\xff\n")
    (folder / "Ben B").mkdir()
    (folder / "Ben B/P1.csv").write_text("start,end,code,quote,memo\n")
    with pytest.raises(DataContractError) as found:
        load_codings(folder)
    words = str(found.value)
    assert "ana/P1.csv, row 2, column 'start': no whole number" in words and "not UTF-8 text" in words
    assert "Ben B: the folder is no id of a coder" in words


SIGNS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1).filter(str.strip)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_save_coder_gives_back_what_it_was_given(data):
    spans = data.draw(st.lists(st.tuples(st.integers(0, 99), st.integers(100, 199)), unique=True, max_size=4))
    words = [data.draw(SIGNS) for _ in range(len(spans) + 2)]
    memo = data.draw(SIGNS)
    coder = Coder("ana", codes=(Code("x", words[0].strip(), "", words[1]),)).with_memo(("P1", ""), memo)
    coder = coder.with_codings(
        words[0], [Coding(a, b, "x", q, memo) for (a, b), q in zip(spans, words[2:], strict=True)]
    )
    rows = {"resolutions": (Resolution("P", 1, 2, "x", "ben", "mine", "2026-01-01", memo),)}
    coder = Coder(**{**vars(coder), **rows, "offers": (Offer("P", 1, 2, "x", "0.50", 1, 2, "2026-01-01"),)})
    with tempfile.TemporaryDirectory() as folder:
        first = save_coder(load_codings(folder), coder)
        assert load_codings(folder).coder("ana") == coder
        before = {file: file.stat().st_mtime_ns for file in Path(folder).rglob("*.csv")}
        save_coder(first, coder)
        assert {file: file.stat().st_mtime_ns for file in Path(folder).rglob("*.csv")} == before


def test_clean_words_keeps_line_ends_and_tabs_out_of_trouble():
    assert clean_words(" a\r\nb\x00\ud83d ") == "a\nb\ufffd"


def test_session_without_transcripts_says_so(folder):
    with pytest.raises(ParameterError, match="there are no transcripts to code"):
        CodingSession(make_interviews({}), folder, "ana", today=lambda: date(2026, 1, 1))


def test_session_shows_hostile_text_as_it_is(session):
    session.open("P2")
    start, end = place(session, "<img src=x onerror=alert(1)>")
    assert session.add(start, end, "money").quote == "<img src=x onerror=alert(1)>"
    assert session.text == "\r\n".join(SAID["P2"])
