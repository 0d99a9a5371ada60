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
from segmentation.qualitative.rates import person_rates
from segmentation.qualitative.settled import settle_passages

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


def passages(coded, level="passage"):
    table = measure_cooccurrence(coded).table
    row = table[(table["level"] == level) & (table["code"] == "trips") & (table["other"] == "money")].iloc[0]
    return int(row["n1"]), int(row["n2"]), int(row["n12"])


@pytest.mark.parametrize(
    ("keep", "after"),
    [("mine", (1, 3, 0)), ("both", (1, 3, 0)), ("theirs", (1, 2, 0)), ("drop", (1, 2, 0))],
)  # fmt: skip
def test_resolution_counts_in_cooccurrence_by_passage(before, keep, after):
    """In P1 only ann gave money: by consensus there is no such passage until it is decided."""
    assert passages(before) == (1, 2, 0)
    assert passages(decide(keep)) == after


def test_passages_that_were_decided_meet_passages_of_other_codes():
    """Ann's trips in P2 is made both coders', and money put on the same words: now the two codes meet there."""
    words = "van went out for nothing again today"
    tables = write_tables()
    start = tables["transcripts"].at["P2", "text"].index(words)
    added = ["P2", start + 4, start + len(words), "money", "ann", words[4:]]
    tables["codings"].loc[len(tables["codings"])] = added
    rows = [
        ["P2", start, start + len(words), code, "ann", "bob", "mine", "2026-11-02", ""] for code in ("trips", "money")
    ]
    before = build_coded_interviews(Dataset("s", "company_id", Period.parse("2026Q3"), tables, ()))
    assert passages(before) == (1, 2, 0)
    tables["resolutions"] = pd.DataFrame(rows, columns=KEYS)
    assert passages(build_coded_interviews(Dataset("s", "company_id", Period.parse("2026Q3"), tables, ()))) == (2, 3, 1)


@pytest.mark.parametrize(
    ("keep", "ann", "bob"),
    [
        ("mine", {(0, 9)}, {(0, 9)}),
        ("theirs", {(4, 12)}, {(4, 12)}),
        ("both", {(0, 9), (4, 12)}, {(0, 9), (4, 12)}),
        ("drop", set(), set()),
    ],
)  # fmt: skip
def test_settle_passages_gives_both_coders_what_was_kept_and_no_other(keep, ann, bob):
    rest = [
        ("P1", 20, 30, "late", "ann"),
        ("P1", 0, 9, "late", "cid"),
        ("P1", 0, 9, "price", "ann"),
        ("P2", 0, 9, "late", "ann"),
    ]
    rows = [("P1", 0, 9, "late", "ann"), ("P1", 4, 12, "late", "bob"), *rest]
    codings = pd.DataFrame(rows, columns=["source_id", "start", "end", "code_id", "coder"])
    resolved = pd.DataFrame([["P1", 0, 12, "late", "ann", "bob", keep, "2026-11-02", ""]], columns=KEYS)
    found = settle_passages(Dataset("s", "id", Period.parse("2026Q3"), {"resolutions": resolved}, ()), codings)
    rows = set(found.itertuples(index=False, name=None))
    assert {row for row in rows if row in rest} == set(rest)
    for coder, spans in (("ann", ann), ("bob", bob)):
        assert {row[1:3] for row in rows - set(rest) if row[4] == coder} == spans


def test_resolution_counts_in_how_often_people_come_back_to_a_theme(before):
    rates = person_rates(before).at["P1", "money"], person_rates(decide("mine")).at["P1", "money"]
    assert rates == (0, pytest.approx(1 / 3))
