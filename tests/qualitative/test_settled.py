"""What coders decided about their differences counts for themes and quotes; agreement stays what it was."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.dataset import Dataset
from segmentation.period import Period
from segmentation.qualitative import (
    Redactor,
    build_coded_interviews,
    build_quote_bank,
    code_presence,
    measure_agreement,
    measure_cooccurrence,
)
from segmentation.qualitative.coded import presence_words

from .conftest import write_tables

KEYS = ["source_id", "start", "end", "code_id", "coder", "other", "keep", "decided_on", "why"]


def decide(keep: str, code: str = "money", source: str = "P1", words: str = "nobody pays on time here either"):
    """In P1 only ann gave money."""
    tables = write_tables()
    start = tables["transcripts"].at[source, "text"].index(words)
    row = [source, start, start + len(words), code, "ann", "bob", keep, "2026-11-02", "we talked"]
    tables["resolutions"] = pd.DataFrame([row], columns=KEYS)
    return build_coded_interviews(Dataset("s", "company_id", Period.parse("2026Q3"), tables, ()))


@pytest.fixture
def before():
    return build_coded_interviews(Dataset("s", "company_id", Period.parse("2026Q3"), write_tables(), ()))


@pytest.mark.parametrize(
    ("keep", "consensus", "any_coder"), [("mine", True, True), ("both", True, True), ("theirs", False, False), ("drop", False, False)]
)  # fmt: skip
def test_resolution_decides_who_has_the_code(before, keep, consensus, any_coder):
    after = decide(keep)
    assert code_presence(before, "consensus").at["P1", "money"] == False  # noqa: E712  numpy's own
    assert code_presence(after, "consensus").at["P1", "money"] == consensus
    assert code_presence(after, "any").at["P1", "money"] == any_coder
    rest = [column for column in code_presence(before).columns if column != "money"]
    pd.testing.assert_frame_equal(code_presence(before)[rest], code_presence(after)[rest])


def test_resolution_leaves_agreement_and_codings_as_they_were(before):
    after = decide("mine")
    pd.testing.assert_frame_equal(before.marks, after.marks)
    pd.testing.assert_frame_equal(before.codings, after.codings)
    first, second = (measure_agreement(coded, draws=100, random_state=1) for coded in (before, after))
    pd.testing.assert_frame_equal(first.table, second.table)


def test_resolution_takes_a_quote_out_of_the_bank(before):
    said = build_quote_bank(before, Redactor(), min_words=2).table
    assert "money" in set(said.loc[said["participant"] == "P1", "code_id"])
    bank = build_quote_bank(decide("drop"), Redactor(), min_words=2)
    assert "money" not in set(bank.table.loc[bank.table["participant"] == "P1", "code_id"])
    assert bank.withheld["the code was taken away when coders resolved a difference"] == 1


def test_resolution_counts_in_cooccurrence(before):
    def turns(coded):
        table = measure_cooccurrence(coded).table
        return int(table.loc[(table["level"] == "turn") & (table["code"] == "money"), "n1"].iloc[0])

    assert turns(decide("mine")) == turns(before) + 1


def test_resolution_is_told_in_captions(before):
    assert "decided afterwards" not in presence_words(before, "any")
    assert presence_words(decide("drop"), "any").endswith(
        " At 1 place where two coders differed, what was decided afterwards counts."
    )


def test_resolution_of_what_is_not_there_any_more_changes_nothing(before):
    after = decide("both", code="price")
    assert after.resolved == 0 and after.counted is after.marks
    pd.testing.assert_frame_equal(code_presence(before), code_presence(after))
