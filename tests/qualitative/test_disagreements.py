"""What coders should talk about."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.qualitative import (
    build_coded_interviews,
    build_redactor,
    describe_disagreements,
    list_disagreements,
    measure_agreement,
    tabulate_disagreements,
)
from segmentation.qualitative.redaction import Redactor

from .conftest import MEMBERSHIP, SAID, write_tables


def test_list_disagreements_are_the_turns_one_coder_left_out(coded):
    found = list_disagreements(coded, Redactor())
    rows = found.table[["code", "participant", "turn", "given_by", "not_by", "text"]].values.tolist()
    assert rows == [
        ["money", "P1", 2, "ann", "bob", "nobody pays on time here either"],
        ["trips", "P2", 2, "ann", "bob", "van went out for nothing again today"],
    ]
    counts = found.by_code.set_index("code")
    assert counts.loc["trips", ["judged", "given", "both", "split"]].tolist() == [9, 2, 1, 1]
    assert counts.loc["price", ["given", "both", "split"]].tolist() == [1, 1, 0]


def test_list_disagreements_places_hold_the_words(coded):
    for row in list_disagreements(coded, Redactor()).table.itertuples():
        assert coded.transcripts[row.source_id][row.start : row.end] == row.text


def test_list_disagreements_agree_with_measured_agreement(coded):
    counts = list_disagreements(coded, Redactor()).by_code.set_index("code")
    table = measure_agreement(coded, draws=100, random_state=1).table.set_index("code")
    for code in counts.index:
        assert 1 - counts.at[code, "split"] / counts.at[code, "judged"] == pytest.approx(table.at[code, "agreement"])


def test_list_disagreements_hide_names_and_people_who_did_not_consent(make):
    """Bob reads P1 and P4 too, but marks only their last turns, with another code."""
    tables = write_tables()
    codings = tables["codings"]
    codings = codings[~((codings["coder"] == "bob") & codings["source_id"].isin(["P1", "P4"]))]
    last = []
    for source in ("P1", "P4"):
        words, text = SAID[source][-1][3:], tables["transcripts"].at[source, "text"]
        last.append((source, text.rindex(words), len(text), "unused", "bob", words))
    both = pd.concat([codings, pd.DataFrame(last, columns=codings.columns)], ignore_index=True)
    coded = build_coded_interviews(make(codings=both), MEMBERSHIP)
    table = list_disagreements(coded, build_redactor(["Dave"], texts=coded.turns["text"].tolist())).table
    shown = table.set_index(["code", "participant"])["text"]
    assert shown["trips", "P1"] == "drove for nothing, twice, [person] says"
    assert shown["price", "P4"] == "(no consent to be quoted)"


def test_describe_disagreements_begins_with_the_worst(coded, nobody):
    words = str(describe_disagreements(list_disagreements(coded, Redactor())))
    assert "2 judgements of the coders differ" in words
    assert "Begin with “Late money” (1 of the 3 turns where anybody saw it); “Wasted trips” (1 of the 2 turns" in words
    assert describe_disagreements(list_disagreements(nobody, Redactor())).kind == "absent"


def test_tabulate_disagreements_takes_codes_in_turn(coded):
    found = list_disagreements(coded, Redactor())
    assert tabulate_disagreements(found, most=1).caption.startswith("Turns to discuss: 1 of 2 on which coders")
    assert tabulate_disagreements(found, code="trips").frame["Where"].tolist() == ["P2, turn 2"]
    with pytest.raises(ParameterError, match="no code 'trip' was judged; there are"):
        tabulate_disagreements(found, code="trip")
    with pytest.raises(ParameterError, match="most must be at least 1; got 0"):
        tabulate_disagreements(found, most=0)
