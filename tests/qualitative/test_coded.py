"""Joining transcripts, codings, people and segments, and refusing what does not fit."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import DataContractError, ParameterError
from segmentation.qualitative import build_coded_interviews, code_presence, describe_interviews, tabulate_codebook


def test_build_coded_interviews_people_have_segments_in_interview_order(coded):
    assert coded.people["segment"].to_dict() == {"P2": "S1", "P1": "S1", "P3": "S2", "P4": "S2"}
    assert list(coded.people.index) == ["P2", "P1", "P3", "P4"]
    assert coded.segments == ("S1", "S2", "S3")


def test_build_coded_interviews_interviewer_words_count_nowhere(coded):
    assert coded.interviewer_codings == 1
    assert "So?" not in set(coded.codings["quote"])
    assert coded.turns.loc[coded.turns["role"] == "interviewer", "participant"].isna().all()


def test_build_coded_interviews_passage_gets_the_turn_it_lies_in(coded):
    row = coded.codings.query("participant == 'P1' and code_id == 'money'").iloc[0]
    assert (row["turn"], row["quote"], row["segment"]) == (2, "nobody pays on time here either", "S1")


def test_build_coded_interviews_passage_over_two_turns_marks_both(make, membership):
    data = make()
    text = data["transcripts"].at["P1", "text"]
    start, end = text.index("twice"), text.index("either") + 6
    row = pd.DataFrame([["P1", start, end, "price", "ann", ""]], columns=data["codings"].columns)
    coded = build_coded_interviews(make(codings=pd.concat([data["codings"], row])), membership)
    marks = coded.marks.query("participant == 'P1' and code_id == 'price'")
    assert sorted(marks["turn"]) == [1, 2]
    assert coded.codings.query("participant == 'P1' and code_id == 'price'")["turn"].tolist() == [2]


def test_build_coded_interviews_slip_into_next_turn_marks_one(make, membership):
    data = make()
    text = data["transcripts"].at["P1", "text"]
    start, end = text.index("twice"), text.index("And nobody") + 3
    row = pd.DataFrame([["P1", start, end, "price", "ann", ""]], columns=data["codings"].columns)
    coded = build_coded_interviews(make(codings=pd.concat([data["codings"], row])), membership)
    assert coded.marks.query("participant == 'P1' and code_id == 'price'")["turn"].tolist() == [1]


def test_build_coded_interviews_everything_wrong_is_said_at_once(make, membership):
    data = make()
    codings = data["codings"].copy()
    codings.loc[0, ["end", "quote"]] = [9999, ""]
    codings.loc[1, "code_id"] = "trip"
    codings.loc[2, "source_id"] = "P9"
    codings.loc[3, "end"] = codings.loc[3, "start"]
    codings.loc[4, "quote"] = "other words altogether"
    people = data["interviewees"].rename(index={"P2": "P1"})
    people["source_id"] = ["P1", "P2", "P7", "P4"]
    people["consent"] = ["yes", "maybe", "no", ""]
    turns = data["turns"].assign(role=data["turns"]["role"].replace({"interviewer": "interviewr"}))
    with pytest.raises(DataContractError) as caught:
        build_coded_interviews(make(codings=codings, interviewees=people, turns=turns), membership)
    said = str(caught.value)
    for words in (
        "span lies outside the text", "code without codebook entry, used 1 time", "Did you mean 'trips'?",
        "coding of a text that is not there",
        "span is empty", "the words at 1 coded place(s) are not the words that were coded", "two people with one id (rows 1, 2)",
        "participant P3 has no transcript", "transcript of nobody in the table of interviewees", "consent is neither yes nor no",
        "role of a turn is not known", "Did you mean 'interviewer'?",
    ):  # fmt: skip
        assert words in said, words
    assert len(caught.value.violations) == 10


def test_build_coded_interviews_quote_cut_short_by_the_tool_is_accepted(make, membership):
    codings = make()["codings"]
    codings.loc[0, "quote"] = "drove for nothing..."
    assert len(build_coded_interviews(make(codings=codings), membership).codings) == 10


def test_build_coded_interviews_codings_without_codebook_are_refused(make):
    with pytest.raises(DataContractError, match="code without codebook entry, used 5 times"):
        build_coded_interviews(make(codes=None))


def test_build_coded_interviews_two_people_in_one_transcript_need_their_ids(make, membership):
    people = make()["interviewees"].assign(source_id=["P1", "P2", "P3", "P3"])
    turns, texts = make()["turns"], make()["transcripts"].drop(index="P4")
    codings = make()["codings"].query("source_id != 'P4'")
    turns = turns[turns["source_id"] != "P4"]
    bad = turns.assign(speaker=turns["speaker"].replace({"P3": "Somebody"}))
    with pytest.raises(DataContractError, match="several people in one transcript"):
        build_coded_interviews(make(interviewees=people, turns=bad, transcripts=texts, codings=codings), membership)
    good = turns.copy()
    good.loc[(good["source_id"] == "P3") & (good["turn"] == 2), "speaker"] = "P4"
    coded = build_coded_interviews(
        make(interviewees=people, turns=good, transcripts=texts, codings=codings), membership
    )
    assert coded.turns.query("source_id == 'P3' and turn == 2")["participant"].tolist() == ["P4"]


def test_build_coded_interviews_without_interviewees_nobody_consents(make):
    coded = build_coded_interviews(make(interviewees=None))
    assert list(coded.people.index) == ["P1", "P2", "P3", "P4"]
    assert not coded.people["consent"].any()
    assert coded.people["segment"].isna().all()


def test_build_coded_interviews_without_transcripts_is_empty(nobody):
    assert nobody.empty
    assert nobody.segments == ("S1", "S2", "S3")


def test_build_coded_interviews_input_is_not_changed(make, membership):
    data = make()
    before = {name: table.copy() for name, table in data.tables.items()}
    build_coded_interviews(data, membership)
    for name, table in data.tables.items():
        pd.testing.assert_frame_equal(table, before[name])


@pytest.mark.parametrize(
    ("rule", "trips", "money"),
    [
        ("consensus", {"P1"}, {"P2", "P3"}),
        ("any", {"P1", "P2"}, {"P1", "P2", "P3"}),
        ("first", {"P1", "P2"}, {"P1", "P2", "P3"}),
    ],
)
def test_code_presence_rule_gives_counted_people(coded, rule, trips, money):
    table = code_presence(coded, rule)
    assert set(table.index[table["trips"]]) == trips
    assert set(table.index[table["money"]]) == money
    assert "pains" not in table and not table["unused"].any()


def test_code_presence_unknown_rule_offers_nearest_word(coded):
    with pytest.raises(ParameterError, match="Did you mean 'consensus'"):
        code_presence(coded, "concensus")


def test_describe_interviews_says_who_is_missing(coded):
    text = str(describe_interviews(coded))
    assert text.startswith("4 people were interviewed. They took 9 turns to speak")
    assert "Nobody was interviewed from S3." in text
    assert (
        "2 coders read the transcripts" in text
        and "1 marking lay wholly in the interviewer's words and was left out." in text
    )


def test_describe_interviews_absent_is_said(nobody):
    assert describe_interviews(nobody).kind == "absent"


def test_tabulate_codebook_counts_people_and_passages(coded):
    frame = tabulate_codebook(coded).frame.set_index("Code")
    assert frame.loc[
        "Wasted trips", ["Category", "Passages, any coder", "People, any coder", "People, every coder"]
    ].tolist() == [
        "Pains",
        3,
        2,
        1,
    ]  # both coders gave it to P1, one to P2
    assert frame.loc["Unused", ["Passages, any coder", "People, any coder", "People, every coder"]].tolist() == [
        0,
        0,
        0,
    ]
