"""Codes that come together: counted by hand on four short interviews, and tested over people only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from segmentation.errors import ParameterError
from segmentation.qualitative import build_coded_interviews
from segmentation.qualitative.cooccurrence import COLUMNS, Cooccurrence, c_coefficient, measure_cooccurrence
from segmentation.qualitative.cooccurrence_words import describe_cooccurrence, tabulate_cooccurrence

from .conftest import make_dataset, write_texts


def pair(found, one, other, level):
    table = found.table
    rows = table[(table["code"] == one) & (table["other"] == other) & (table["level"] == level)]
    return rows.iloc[0]


def code_words(passages):
    """Interviews of conftest with these passages: (source, words, code, coder)."""
    texts, _ = write_texts()
    rows = []
    for source, words, code, coder in passages:
        start = texts.at[source, "text"].index(words)
        rows.append((source, start, start + len(words), code, coder, words))
    codings = pd.DataFrame(rows, columns=["source_id", "start", "end", "code_id", "coder", "quote"])
    return build_coded_interviews(make_dataset(codings=codings))


def test_c_coefficient_is_the_share_of_places_with_either_that_have_both():
    assert c_coefficient(5, 4, 3) == 0.5
    assert c_coefficient(3, 3, 3) == 1
    assert np.isnan(c_coefficient(0, 0, 0))
    with pytest.raises(ParameterError, match="got 4 of 5 and 3"):
        c_coefficient(5, 3, 4)


def test_measure_cooccurrence_counts_words_turns_and_people_by_hand():
    coded = code_words(
        [
            ("P1", "drove for nothing, twice, Dave says", "trips", "ann"),  # one long passage ...
            ("P1", "for nothing", "money", "ann"),  # ... over two short ones of another code
            ("P1", "Dave", "money", "ann"),
            ("P1", "nobody pays on time", "money", "ann"),
            ("P2", "pay late", "money", "ann"),  # same turn, other words
            ("P2", "every single month", "trips", "ann"),
            ("P3", "wait ninety days", "money", "ann"),  # same person, other turn
            ("P3", "Call", "trips", "ann"),
            ("P4", "too dear", "price", "ann"),
        ]
    )
    found = measure_cooccurrence(coded)
    words, turns, people = (pair(found, "trips", "money", level) for level in ("passage", "turn", "person"))
    assert words[["n1", "n2", "n12", "people"]].tolist() == [3, 5, 1, 1] and words["c"] == pytest.approx(1 / 7)
    assert turns[["n1", "n2", "n12", "n", "people"]].tolist() == [3, 4, 2, 9, 2] and turns["c"] == pytest.approx(2 / 5)
    assert people[["n1", "n2", "n12", "n", "people"]].tolist() == [3, 3, 3, 4, 3] and people["c"] == 1
    assert people["p"] == pytest.approx(fisher_exact([[3, 0], [0, 1]])[1]) == pytest.approx(0.25)
    assert words[["p", "q"]].isna().all() and turns[["p", "q"]].isna().all()
    assert (found.n_people, found.n_turns) == (4, 9)


def test_measure_cooccurrence_p_and_q_by_fisher_and_benjamini_hochberg():
    coded = code_words(
        [("P1", "drove", "trips", "ann"), ("P1", "nobody", "money", "ann"), ("P2", "The van", "trips", "ann"),
         ("P2", "They all", "money", "ann"), ("P3", "wait", "price", "ann"), ("P4", "dear", "price", "ann")]
    )  # fmt: skip
    people = measure_cooccurrence(coded).table.query("level == 'person'").set_index(["code", "other"])
    expected = fisher_exact([[2, 0], [0, 2]])[1]
    assert people.loc[("trips", "money"), "p"] == pytest.approx(expected) == pytest.approx(1 / 3)
    tested = people["p"].dropna()
    assert len(tested) == 3 and people.loc[("trips", "unused"), "p"] != people.loc[("trips", "unused"), "p"]
    assert people.loc[tested.index, "q"].tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(("presence", "counts"), [("consensus", [1, 1, 0]), ("any", [1, 1, 1]), ("first", [1, 1, 1])])
def test_measure_cooccurrence_rules_of_presence_apply_to_words(presence, counts):
    coded = code_words(
        [
            ("P1", "drove for nothing", "trips", "ann"),
            ("P1", "drove for", "trips", "bob"),  # both: "drove for"
            ("P1", "for nothing, twice", "money", "ann"),
            ("P1", "nothing, twice", "money", "bob"),  # both: "nothing, twice"
            ("P2", "every", "price", "ann"),
        ]
    )
    row = pair(measure_cooccurrence(coded, presence=presence), "trips", "money", "passage")
    assert row[["n1", "n2", "n12"]].tolist() == counts


def test_measure_cooccurrence_words_of_the_interviewer_join_nothing():
    """Two passages that share only the interviewer's words do not come together."""
    turns = pd.DataFrame(
        [
            ("P1", 0, "P1", "participant", "one two", 0, 7),
            ("P1", 1, "I", "interviewer", "and then", 8, 16),
            ("P1", 2, "P1", "participant", "three", 17, 22),
        ],
        columns=["source_id", "turn", "speaker", "role", "text", "start", "end"],
    )
    transcripts = pd.DataFrame(
        {"text": ["one two\nand then\nthree"], "file": ["P1.txt"]}, index=pd.Index(["P1"], name="source_id")
    )
    codings = pd.DataFrame(
        [("P1", 4, 14, "trips", "ann", None), ("P1", 10, 22, "money", "ann", None), ("P1", 0, 7, "price", "ann", None)],
        columns=["source_id", "start", "end", "code_id", "coder", "quote"],
    )
    data = make_dataset(turns=turns, transcripts=transcripts, codings=codings, interviewees=None)
    found = measure_cooccurrence(build_coded_interviews(data))
    assert pair(found, "trips", "money", "passage")["n12"] == 0
    assert pair(found, "trips", "price", "passage")["n12"] == 1


def test_measure_cooccurrence_interviews_nobody_coded_count_nowhere():
    coded = code_words([("P1", "drove", "trips", "ann"), ("P2", "pay late", "money", "ann")])
    found = measure_cooccurrence(coded)
    assert (found.n_people, found.n_turns) == (2, 5)


def test_measure_cooccurrence_does_not_depend_on_row_order(coded):
    turned = replace(
        coded, codings=coded.codings.iloc[::-1], marks=coded.marks.iloc[::-1], turns=coded.turns.iloc[::-1]
    )
    pd.testing.assert_frame_equal(measure_cooccurrence(coded).table, measure_cooccurrence(turned).table)


def test_measure_cooccurrence_changes_no_input(coded):
    kept = coded.codings.copy(), coded.marks.copy()
    measure_cooccurrence(coded)
    pd.testing.assert_frame_equal(kept[0], coded.codings)
    pd.testing.assert_frame_equal(kept[1], coded.marks)


def test_measure_cooccurrence_false_finds_stay_below_the_limit():
    """Codes given to people by lot: the share of draws in which any pair is called associated stays below alpha."""
    rng, finds = np.random.default_rng(5), 0
    base = code_words([("P1", "drove", "trips", "ann")])
    people = pd.DataFrame(
        {"source_id": [f"s{n}" for n in range(20)]}, index=pd.Index([f"p{n}" for n in range(20)], name="participant")
    )
    for _ in range(60):
        given = rng.random((20, 4)) < 0.5
        marks = pd.DataFrame(
            [
                (f"p{n}", f"s{n}", 0, code, "ann")
                for n in range(20)
                for k, code in enumerate(["trips", "money", "price", "unused"])
                if given[n, k]
            ],
            columns=["participant", "source_id", "turn", "code_id", "coder"],
        )
        coded = replace(base, people=people, marks=marks, codings=base.codings.iloc[:0], coders=("ann",))
        finds += bool((measure_cooccurrence(coded).table["q"] <= 0.05).any())
    assert finds <= 6


@pytest.mark.parametrize(
    ("options", "message"),
    [({"alpha": 0}, "alpha must be between 0 and 1; got 0"), ({"presence": "al"}, "presence must be one of")],
)
def test_measure_cooccurrence_wrong_options_are_refused(coded, options, message):
    with pytest.raises(ParameterError, match=message):
        measure_cooccurrence(coded, **options)


def test_describe_cooccurrence_tells_people_and_their_numbers(coded):
    text = str(describe_cooccurrence(measure_cooccurrence(coded, presence="any")))
    assert "4 interviewees took 9 turns" in text
    assert "No two codes share any words." in text
    assert "3 pairs of codes could be tested" in text and "None holds up." in text
    assert "“Price” in 0 of the 3 people with “Late money” and 1 of the 1 without (q = 0.750)" in text


def make_found(*rows):
    names = {"a": "Alpha", "b": "Beta"}
    table = pd.DataFrame(
        [
            ("a", "b", names["a"], names["b"], level, n1, n2, n12, 0.5, n, people, p, p)
            for level, n1, n2, n12, n, people, p in rows
        ],
        columns=COLUMNS,
    )
    return Cooccurrence(table, 12, 90)


def test_describe_cooccurrence_says_one_person_is_one_person():
    found = make_found(
        ("passage", 3, 3, 1, pd.NA, 1, np.nan), ("turn", 3, 3, 1, 90, 1, np.nan), ("person", 6, 6, 6, 12, 6, 0.002)
    )
    text = str(describe_cooccurrence(found))
    assert "“Alpha” with “Beta” (1 time, in the words of 1 person)" in text
    assert "1 pair of codes meets in the words of one person only" in text
    assert "One holds up: “Beta” in 6 of the 6 people with “Alpha” and 0 of the 6 without." in text
    assert "nothing about which is the cause" in text


def test_describe_cooccurrence_without_a_possible_test():
    found = make_found(
        ("passage", 3, 3, 0, pd.NA, 0, np.nan), ("turn", 3, 3, 0, 90, 0, np.nan), ("person", 12, 6, 6, 12, 6, np.nan)
    )
    assert "cannot be tested" in str(describe_cooccurrence(found))


def test_describe_cooccurrence_of_nothing_is_absent(nobody):
    found = measure_cooccurrence(nobody)
    assert describe_cooccurrence(found).kind == "absent"
    assert found.table.empty and list(found.table.columns) == COLUMNS
    assert tabulate_cooccurrence(found).frame.empty


def test_tabulate_cooccurrence_lists_only_pairs_that_meet(coded):
    found = measure_cooccurrence(coded, presence="any")
    table = tabulate_cooccurrence(found)
    assert table.frame[["Code", "With", "Same words", "Same turn", "Same person"]].values.tolist() == [
        ["Wasted trips", "Late money", "0 of 2 and 3", "0 of 2 and 3", "2 of 2 and 3"]
    ]
    assert (
        "1 of 1 pair" not in table.caption
        and "together: 1 pair;" in table.caption
        and "n = 4 people, 9 turns" in table.caption
    )
