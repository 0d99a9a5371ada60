"""What the browser can ask of the widget, without a browser."""

from __future__ import annotations

import json
from datetime import date

import pytest

from segmentation.coding import CodingSession, load_codings
from segmentation.figures.coder import CodingDesk, open_coding
from segmentation.figures.coder.widget import widget_class

from .conftest import SAID


@pytest.fixture
def desk(session):
    return CodingDesk(session)


def turn(desk, number):
    return next(turn for turn in desk.widget.view["turns"] if turn["n"] == number)


def units(text, words):
    before = text[: text.index(words)]
    start = len(before.encode("utf-16-le")) // 2
    return {"start": start, "end": start + len(words.encode("utf-16-le")) // 2}


def give(desk, number, words, code="trips"):
    said = "".join(piece["t"] for piece in turn(desk, number)["pieces"])
    desk.act({"do": "give", "turn": number, "code": code, **units(said, words)})


def test_desk_gives_a_code_at_the_places_a_browser_counts(desk, session):
    give(desk, 1, "for nothing")
    give(desk, 2, "👩‍🔧 closed")
    assert [row.quote for row in session.codings] == ["for nothing", "👩‍🔧 closed"]
    assert not desk.widget.told["wrong"] and desk.widget.told["words"] == "Coded Trips: 👩‍🔧 closed"
    assert [row["quote"] for row in turn(desk, 1)["mine"]] == ["for nothing"]


def test_desk_shows_every_turn_whole_whatever_is_coded(desk, session):
    for words in ("drove 🚐 for", "for nothing", "twice.\r\nDave"):
        give(desk, 1, words)
    desk.act({"do": "beside", "other": "ben"})
    for entry, line in zip(desk.widget.view["turns"], SAID["P1"], strict=True):
        assert "".join(piece["t"] for piece in entry["pieces"]) == line.split(": ", 1)[1]
    assert [row["name"] for row in turn(desk, 1)["theirs"]] == ["Trips", "Money"]
    assert json.loads(json.dumps(desk.widget.view)) == desk.widget.view


def test_desk_marks_interviewers_as_not_to_be_coded(desk, session):
    assert [entry["codable"] for entry in desk.widget.view["turns"]] == [False, True, True]
    give(desk, 0, "How")
    assert desk.widget.told["wrong"] and "count nowhere" in desk.widget.told["words"] and session.codings == ()


def test_desk_filters_by_code(desk):
    give(desk, 1, "for nothing")
    give(desk, 2, "closed", "price")
    desk.act({"do": "show", "code": "price"})
    assert [entry["n"] for entry in desk.widget.view["turns"]] == [2] and desk.widget.view["hidden"] == 2
    desk.act({"do": "show", "code": ""})
    assert len(desk.widget.view["turns"]) == 3


def test_desk_resolves_writes_memos_adds_codes_and_undoes(desk, session):
    desk.act({"do": "beside", "other": "ben"})
    key = desk.widget.view["disagreements"][1]["key"]
    desk.act({"do": "resolve", "key": key, "keep": "theirs", "why": "clear"})
    shown = desk.widget.view["disagreements"][1]
    assert (shown["kept"], shown["who"], shown["why"], shown["when"]) == (
        "ben's was kept",
        "ana",
        "clear",
        "2026-11-22",
    )
    desk.act({"do": "code", "name": "Late van", "meaning": "came late", "parent": "trips"})
    give(desk, 1, "twice", "late_van")
    desk.act({"do": "memo", "key": session.codings[0].key, "code": "", "memo": "look"})
    desk.act({"do": "memo", "code": "money", "memo": "narrow it"})
    assert session.codings[0].memo == "look" and session.me.memos == {("", "money"): "narrow it"}
    for _ in range(5):
        desk.act({"do": "undo"})
    assert not desk.widget.view["undo"] and session.codings == () and not session.me.resolutions
    desk.act({"do": "undo"})
    assert desk.widget.told["words"] == "nothing to undo"


@pytest.mark.parametrize(
    "asked",
    [None, 7, [], {}, {"do": "fly"}, {"do": ["give"]}, {"do": "give"}, {"do": "give", "turn": 99, "start": 0, "end": 1, "code": "trips"},
     {"do": "give", "turn": True, "start": 0, "end": 1, "code": "trips"}, {"do": "open", "source": 3}, {"do": "open", "source": "../x"},
     {"do": "show", "code": "x"}, {"do": "memo", "memo": {}}, {"do": "answer", "key": "1-2-x", "answer": "accepted"},
     {"do": "resolve", "key": "x", "keep": "mine", "why": ""}],
)  # fmt: skip
def test_desk_says_in_words_what_it_cannot_do(desk, session, asked):
    desk.act(asked)
    assert desk.widget.told["wrong"] and desk.widget.told["words"] and "Traceback" not in desk.widget.told["words"]
    assert session.codings == () and not session.can_undo


def test_desk_says_in_words_what_nobody_foresaw(desk, monkeypatch):
    monkeypatch.setattr("segmentation.figures.coder.widget.offer_codes", lambda session: 1 / 0)
    desk.act({"do": "suggest"})
    assert "ZeroDivisionError: division by zero. This is a fault of the widget" in desk.widget.told["words"]


def test_desk_page_never_takes_markup():
    script = widget_class()._esm
    source = str(script)
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "import(",
        "http:",
        "https:",
    ):
        assert forbidden not in source, forbidden


def test_open_coding_opens_the_folder_again_as_it_was_left(interviews, folder):
    give(open_coding(interviews, folder, "ana"), 1, "for nothing")
    again = open_coding(interviews, folder, "ana")
    assert [row["quote"] for row in turn(again, 1)["mine"]] == ["for nothing"]
    assert "application/vnd.jupyter.widget-view+json" in again._repr_mimebundle_()[0]
    assert load_codings(folder).coder("ana") == again.session.me


def test_desk_suggests_nothing_from_too_few_codings(desk):
    desk.act({"do": "suggest"})
    assert desk.widget.view["offers"] == []
    assert (
        "Suggestions need coded interviews of at least 8 other people, and there are no others so far"
        in desk.widget.view["said"]
    )


def test_session_date_is_the_day_it_is_asked(interviews, folder):
    assert CodingSession(interviews, folder, "ana").today() == date.today()
