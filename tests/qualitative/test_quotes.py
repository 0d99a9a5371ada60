"""Quotes: consent, redaction, verbatim check, locators."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.qualitative import (
    Redactor,
    build_coded_interviews,
    build_quote_bank,
    build_redactor,
    check_quote,
    describe_quotes,
    tabulate_quotes,
)


@pytest.fixture
def redactor():
    return build_redactor(people=["Dave Pritchard"], companies=["Hollins Heating Ltd"])


def test_build_quote_bank_locator_finds_the_words(coded):
    bank = build_quote_bank(coded, Redactor(), min_words=4).table
    for quote in bank.itertuples(index=False):
        assert " ".join(coded.transcripts[quote.source_id][quote.start : quote.end].split()) == quote.text


def test_build_quote_bank_overlapping_coders_are_one_quote_with_names_masked(coded, redactor):
    quotes = build_quote_bank(coded, redactor, min_words=4).table.query("participant == 'P1' and code_id == 'trips'")
    assert quotes[["text", "coders", "masked", "segment"]].values.tolist() == [
        ["drove for nothing, twice, [person] says", 2, 1, "S1"]
    ]


def test_build_quote_bank_without_consent_nothing_is_shown(coded):
    bank = build_quote_bank(coded, Redactor(), min_words=4)
    assert "P4" not in set(bank.table["participant"])
    assert bank.withheld["the person did not agree to be quoted"] == 1


def test_build_quote_bank_short_passages_are_counted(coded):
    bank = build_quote_bank(coded, Redactor(), min_words=6)
    assert bank.withheld["too short"] == 1
    assert (bank.table["words"] >= 6).all()


def test_build_quote_bank_ids_stay_when_other_codings_go(make, membership):
    codings = make()["codings"]
    some = build_coded_interviews(make(codings=codings.query("code_id == 'money'")), membership)
    every = build_coded_interviews(make(), membership)
    ids = [
        set(build_quote_bank(c, Redactor(), min_words=4).table.query("code_id == 'money'")["quote_id"])
        for c in (some, every)
    ]
    assert ids[0] == ids[1] and len(ids[0]) == 3


def test_build_quote_bank_senseless_lengths_are_refused(coded):
    with pytest.raises(ParameterError, match="min_words <= max_words"):
        build_quote_bank(coded, Redactor(), min_words=9, max_words=3)


def test_describe_quotes_says_what_was_left_out(coded, redactor):
    text = str(describe_quotes(build_quote_bank(coded, redactor, min_words=4)))
    assert "5 passages of 3 people may be shown." in text
    assert "1 because the person did not agree to be quoted" in text


def test_describe_quotes_absent_and_withheld_are_told_apart(nobody, coded):
    assert describe_quotes(build_quote_bank(nobody, Redactor())).kind == "absent"
    assert describe_quotes(build_quote_bank(coded, Redactor(), min_words=50)).kind == "caution"


def test_tabulate_quotes_takes_people_in_turn(coded):
    frame = tabulate_quotes(build_quote_bank(coded, Redactor(), min_words=4), most=3).frame
    assert sorted(frame["Who"]) == ["P1", "P2", "P3"]


TRANSCRIPT = "P: I'd moved four jobs\nby half past eight, and nobody had had a cup of tea."


def test_check_quote_white_space_does_not_matter():
    check = check_quote("moved  four jobs by half\tpast eight", TRANSCRIPT)
    assert TRANSCRIPT[check.start : check.end] == "moved four jobs\nby half past eight"


QUOTE = "moved four jobs by half past eight"


@pytest.mark.parametrize("place", range(len(QUOTE)))
def test_check_quote_one_altered_character_fails(place):
    altered = QUOTE[:place] + "#" + QUOTE[place + 1 :]
    assert not check_quote(altered, TRANSCRIPT).found


@pytest.mark.parametrize("text", ["Moved four jobs", "moved four job", "moved four  jobs,", "oved four jobs", ""])
def test_check_quote_other_words_are_not_found(text):
    assert not check_quote(text, TRANSCRIPT).found


def test_check_quote_mask_stands_for_a_few_words_only():
    said = "Then Dave Pritchard rang Hollins Heating and they came."
    assert check_quote("Then [person] rang [company] and they came.", said).found
    assert not check_quote("Then [person] they left.", said).found
    assert not check_quote("Then [person] came.", "Then one two three four five six seven came.").found


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("write to jo.smith+x@mail.example.co.uk now", "write to [e-mail] now"),
        ("it's dave at example dot com, all small", "it's [e-mail], all small"),
        ("see https://example.com/a?b=1.", "see [web address]."),
        ("see www.example.org/x or example.com", "see [web address] or [web address]"),
        ("ring 555-0142 or +44 20 7946 0123", "ring [phone] or [phone]"),
        ("ring (020) 7946 0123", "ring [phone]"),
        ("card 4111 1111 1111 1111 expired", "card [card number] expired"),
        ("IBAN GB82 WEST 1234 5698 7654 32 it was", "IBAN [account number] it was"),
        ("come to LS1 4AP at nine", "come to [postcode] at nine"),
        ("ask @sparky_dan there", "ask [handle] there"),
        ("it cost £1,250,000 in 2019 and 2020 for 1 200 000 tiles on 2026-05-12", None),
        ("forty-one jobs, 18 vans, 3.5 hours, 12.05.2026", None),
    ],
)
def test_redact_pattern_is_masked_and_amounts_are_not(said, shown):
    assert Redactor().redact(said) == (said if shown is None else shown)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Dave Pritchard and dave pritchard", "[person] and [person]"),
        ("PRITCHARD's van, Dave's tea", "[person]'s van, [person]'s tea"),
        ("Hollins Heating paid. HOLLINS HEATING LTD too", "[company] paid. [company] too"),
        ("he is a dave of all trades", "he is a dave of all trades"),
        ("Davenport stays", "Davenport stays"),
    ],
)
def test_redact_known_name_is_masked_in_every_form(redactor, said, shown):
    assert redactor.redact(said) == shown


def test_build_redactor_ordinary_words_of_a_full_name_are_left_alone():
    redactor = build_redactor(["Mark Price", "Sander Hoekstra"])
    assert redactor.redact("Mark my words, Price matters. Hoekstra agreed with Mark Price.") == (
        "Mark my words, Price matters. [person] agreed with [person]."
    )


def test_build_redactor_identifiers_are_sorted_by_shape():
    redactor = build_redactor(["Calder Vale Heating", "jo@example.com", "0161 555 0100", "Niamh Brennan"])
    assert redactor.redact("Niamh of Calder Vale Heating") == "[person] of [company]"


def test_build_redactor_names_not_in_the_texts_are_left_out():
    assert not build_redactor(["Niamh Brennan"], texts=["Nobody of that name."]).known


def test_redact_part_of_a_text_masks_names_cut_at_its_edge(redactor):
    said = "Then Dave Pritchard rang."
    assert redactor.redact(said, 10, len(said)) == "[person] rang."


def test_build_quote_bank_of_two_cuts_the_cleaner_is_shown(make, membership):
    data = make()
    text = data["transcripts"].at["P2", "text"]
    ragged = (text.index("every single"), text.index("The van went") + 7)
    row = [["P2", *ragged, "money", "bob", ""]]
    codings = data["codings"].query("not (source_id == 'P2' and coder == 'bob')")
    turns = data["turns"].copy()
    turns.loc[(turns["source_id"] == "P2") & (turns["turn"] == 1), "end"] = len(text)  # both sentences in one turn
    turns = turns[~((turns["source_id"] == "P2") & (turns["turn"] == 2))]
    more = make(turns=turns, codings=pd.concat([codings, pd.DataFrame(row, columns=codings.columns)]))
    bank = build_quote_bank(build_coded_interviews(more, membership), Redactor(), min_words=4).table
    quotes = bank.query("participant == 'P2' and code_id == 'money'")
    assert quotes[["text", "coders"]].values.tolist() == [["pay late, every single month", 2]]


def test_build_redactor_first_word_of_a_company_is_that_company():
    redactor = build_redactor(["Marlowe Lettings", "Marlowe", "Tina"])
    assert redactor.redact("Marlowe won't pay, says Tina.") == "[company] won't pay, says [person]."
