"""Suggestions learn from other people only, say when they cannot, are never applied, and every answer is logged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from segmentation.coding import (
    CodingSession,
    describe_suggestions,
    load_codings,
    suggest_codes,
    tabulate_suggestions,
    write_codebook,
)
from segmentation.coding.folder import Code, Coder, Coding, save_coder
from segmentation.coding.offers import answer_offer, offer_codes
from segmentation.coding.suggest import turn_codes
from segmentation.errors import ParameterError

from .conftest import make_interviews

PAY = (
    "They never pay on time, the invoice waits.",
    "Ninety days I wait for the invoice to be paid.",
    "We chase the invoice, nobody pays us on time.",
)
VAN = (
    "The van went out for nothing again.",
    "Wrong part in the van, so we drove for nothing.",
    "Nobody home, and the van drove back.",
)
REST = (
    "My sister runs the office here.",
    "It rained all of that week.",
    "We started with two people then.",
    "Yes, more or less.",
)


def make_team(people: int = 14, seed: int = 3):
    """Everybody speaks of late pay and wasted trips in words of their own mix; ann marks both."""
    chance = np.random.default_rng(seed)
    said = {}
    for number in range(people):
        lines = [*chance.choice(PAY, 2, replace=False), *chance.choice(VAN, 1), *chance.choice(REST, 2, replace=False)]
        said[f"P{number:02d}"] = [
            line for words in chance.permutation(lines) for line in ("I: Tell me about pay and vans?", f"P: {words}")
        ]
    interviews = make_interviews(said)
    ann = Coder("ann")
    for row in interviews.turns[interviews.turns["role"] == "participant"].itertuples():
        code = "money" if row.text in PAY else "trips" if row.text in VAN else ""
        if code:
            ann = ann.with_codings(row.source_id, (*ann.of(row.source_id), Coding(row.start, row.end, code, row.text)))
    return interviews, ann


@pytest.fixture(scope="module")
def team():
    return make_team()


def without(coder: Coder, source: str) -> Coder:
    return replace(coder, codings={name: rows for name, rows in coder.codings.items() if name != source})


def test_suggest_codes_finds_what_the_team_marks(team):
    interviews, ann = team
    found = suggest_codes(interviews, [without(ann, "P00")], "P00")
    text = interviews.transcripts["P00"]
    assert {(text[row.start : row.end], row.code) for row in found.offered} == {
        (c.quote, c.code) for c in ann.of("P00")
    }
    assert found.people == 13 and found.why_none == "" and all(row.right <= row.of for row in found.offered)
    assert found.codes["used"].all()


def test_suggest_codes_never_learns_from_the_person_themselves(team):
    """Whatever is coded in a person's own words, what is suggested to them and its record stay the same."""
    interviews, ann = team
    own = interviews.turns[(interviews.turns["source_id"] == "P00") & (interviews.turns["role"] == "participant")]
    wild = [Coding(row.start, row.end, "price", row.text) for row in own.itertuples()]
    first = suggest_codes(interviews, [without(ann, "P00")], "P00")
    second = suggest_codes(interviews, [ann.with_codings("P00", wild)], "P00")
    assert first.offered == second.offered and first.codes.equals(second.codes)


def test_suggest_codes_leaves_out_every_text_of_a_person_who_speaks_in_two(team):
    interviews, ann = team
    turns = interviews.turns.copy()
    turns["participant"] = turns["participant"].replace({"P01": "P00"})
    found = suggest_codes(replace(interviews, turns=turns), [ann], "P00")
    assert found.people == 12 and found.turns == suggest_codes(interviews, [ann], "P00").turns - 5


def test_suggest_codes_reads_no_interviewer(team):
    interviews, ann = team
    turns, given = turn_codes(interviews, [ann])
    assert set(turns["role"]) == {"participant"} and len(given) == sum(map(len, ann.codings.values()))
    question = interviews.turns[interviews.turns["role"] == "interviewer"].iloc[0]
    asked = Coder("bob").with_codings("P00", [Coding(question["start"], question["end"], "money", question["text"])])
    assert turn_codes(interviews, [asked])[1] == set()


def test_suggest_codes_is_the_same_every_time(team):
    interviews, ann = team
    first, second = (suggest_codes(interviews, [ann], "P05") for _ in "ab")
    assert first.offered == second.offered and first.codes.equals(second.codes)


def test_suggest_codes_where_codes_mean_nothing_offers_nothing(team):
    """Codes dealt out at random to turns: nothing can be learned, so nothing may be offered."""
    interviews, _ = team
    turns = interviews.turns[interviews.turns["role"] == "participant"]
    offered = 0
    for seed in range(5):
        chance, coder = np.random.default_rng(seed), Coder("ann")
        for row in turns[chance.random(len(turns)) < 0.12].itertuples():
            coder = coder.with_codings(
                row.source_id, (*coder.of(row.source_id), Coding(row.start, row.end, "money", row.text))
            )
        offered += len(suggest_codes(interviews, [coder], "P00").offered)
    assert offered == 0


@pytest.mark.parametrize(
    ("people", "words"),
    [(1, "there are no others so far"), (2, "there is 1 other so far"), (8, "there are 7 others so far")],
)
def test_suggest_codes_with_too_few_people_says_so(people, words):
    interviews, ann = make_team(people)
    found = suggest_codes(interviews, [ann], "P00")
    assert found.offered == () and words in found.why_none


def test_suggest_codes_with_a_rare_code_only_says_so(team):
    interviews, ann = team
    few = Coder("ann")
    for number, source in enumerate(list(ann.codings)[:10]):
        first = ann.of(source)[0]
        few = few.with_codings(source, [replace(first, code=f"c{number}")])
    why = suggest_codes(interviews, [few], "P13").why_none
    assert why == "No code was given to at least 4 of the 10 other people. So none are offered."


@pytest.fixture
def session(team, tmp_path):
    interviews, ann = team
    write_codebook(tmp_path, [Code("money", "Late pay"), Code("trips", "Wasted trips")])
    save_coder(load_codings(tmp_path), without(ann, "P00"))
    return CodingSession(interviews, tmp_path, "bob", today=lambda: date(2026, 11, 22))


def test_offers_are_shown_logged_and_never_applied(session, tmp_path):
    offered = offer_codes(session)
    assert len(offered.waiting) == 3 and "Learned from 65 turns of 13 other people" in offered.words
    assert session.codings == () and not session.can_undo
    log = (tmp_path / "bob/_suggestions.csv").read_text().splitlines()
    assert log[0] == "source,start,end,code,score,right,of,offered,answer,answered" and len(log) == 4
    assert all(line.endswith(",2026-11-22,,") for line in log[1:])
    assert offer_codes(session).waiting == offered.waiting
    assert (tmp_path / "bob/_suggestions.csv").read_text().splitlines() == log


def test_offers_accepted_and_refused_are_logged_and_counted(session, tmp_path):
    first, second, third = offer_codes(session).waiting
    answer_offer(session, first.key, "accepted")
    answer_offer(session, second.key, "refused")
    assert [coding.key for coding in session.codings] == [first.key]
    assert [offer.key for offer in offer_codes(session).waiting] == [third.key]
    words = str(describe_suggestions(session.folder))
    assert "3 suggestions were offered; 1 was accepted, 1 refused, 1 not answered." in words
    assert "50 % of the 2 answers accepted what was offered (95 % interval 9 % to 91 %)" in words
    assert "1 of the 40 codings in the folder comes from a suggestion" in words
    frame = tabulate_suggestions(session.folder).frame
    assert frame["Offered"].sum() == 3 and frame["Accepted"].sum() == 1 and frame["Refused"].sum() == 1
    assert session.undo() == "P00" and len(offer_codes(session).waiting) == 2
    session.undo()
    assert session.codings == () and len(offer_codes(session).waiting) == 3
    assert not describe_suggestions(load_codings(tmp_path)).paragraphs[0].startswith("0 %")


def test_offer_for_what_was_coded_meanwhile_is_withdrawn(session):
    first, *_ = offer_codes(session).waiting
    session.add(first.start, first.end, first.code)
    assert first.key not in [offer.key for offer in offer_codes(session).waiting]
    with pytest.raises(ParameterError, match="this suggestion is not there any more"):
        answer_offer(session, first.key, "accepted")


def test_offer_answered_otherwise_is_refused_in_words(session):
    first, *_ = offer_codes(session).waiting
    with pytest.raises(ParameterError, match="a suggestion is accepted or refused; got 'maybe'"):
        answer_offer(session, first.key, "maybe")


def test_describe_suggestions_before_any(tmp_path):
    assert describe_suggestions(load_codings(tmp_path)).title == "No codes were suggested yet."
    assert tabulate_suggestions(load_codings(tmp_path)).frame.empty


def test_the_page_tells_what_was_counted_on_the_sample():
    root = Path(__file__).parents[2]
    found = json.loads((root / "benchmarks/results/coding_suggestions.json").read_text())
    page = " ".join((root / "docs/coding.md").read_text("utf-8").split())
    assert (
        f"{found['suggestions']} suggestions are made in {found['with_suggestions']} of the {found['transcripts']} transcripts, and "
        f"{found['right']} of them ({100 * found['right'] / found['suggestions']:.0f} %)"
    ) in page
    assert found["transcripts"] == len([*(root / "data/sample/fieldnote/interviews").glob("P*.*")])
