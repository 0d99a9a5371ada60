"""The segment's own words: published values, planted words found, talkative people not taken for segments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.qualitative import (
    CodedInterviews,
    build_redactor,
    compare_language,
    describe_language,
    log_odds,
    tabulate_language,
)
from segmentation.qualitative.language import _times_interval

COMMON = "we plan the work for the day and then it all goes another way"


def interviews(extra: dict[str, str], *, people: int = 12, segments: int = 2) -> CodedInterviews:
    """Everybody says the same; ``extra`` adds words to single people."""
    names = [f"P{i:02d}" for i in range(people)]
    where = pd.array([f"S{i % segments + 1}" for i in range(people)], dtype="str")
    spoken = [(name, f"P{i}", "participant", f"{COMMON} {extra.get(name, '')}") for i, name in enumerate(names)]
    asked = [(pd.NA, "I", "interviewer", "tell me about invoices invoices invoices") for _ in names]
    turns = pd.DataFrame([*spoken, *asked], columns=["participant", "speaker", "role", "text"])
    nothing = pd.DataFrame()
    return CodedInterviews(
        "company_id", pd.DataFrame({"segment": where}, index=names), turns, nothing, nothing, nothing,
        pd.Series(dtype="str"), (), tuple(sorted(set(where))), source="Source: made up.",
    )  # fmt: skip


def test_log_odds_published_example():
    z = log_odds(np.array([10, 2, 3]), np.array([4, 9, 3]), np.full(3, 0.01))[1]
    assert z.round(4).tolist() == [3.0253, -2.7151, 0.0980]


def test_compare_language_planted_word_is_found_and_nothing_else():
    random, vocabulary = np.random.default_rng(5), [f"w{chr(97 + i)}" for i in range(20)]
    extra = {f"P{i:02d}": " ".join(random.choice(vocabulary, random.integers(40, 90))) for i in range(16)}
    extra |= {name: f"{extra[name]} margins margins margins" for name in list(extra)[::2]}
    coded = interviews(extra, people=16)
    language = compare_language(coded, build_redactor([]), random_state=1)
    found = language.table[(language.table["p"] <= 0.05) & (language.table["times"] > 1)]
    assert found[["word", "segment", "people", "n", "rest_people"]].values.tolist() == [["margins", "S1", 8, 8, 0]]
    assert "S1: “margins” (8 of 8 people)" in str(describe_language(language))
    assert tabulate_language(language).frame.set_index("Word").loc["margins", "Reading"] == "its own"


def test_compare_language_one_talkative_person_is_no_segment():
    extra = {"P00": "margins " * 200, "P01": "margins", "P02": "margins"}
    language = compare_language(interviews(extra), build_redactor([]), random_state=1)
    assert language.table["p"].min() > 0.05
    assert "No word belongs to a segment beyond what such chance gives" in str(describe_language(language))


def test_compare_language_interval_recovers_a_planted_word_and_no_other():
    random, vocabulary = np.random.default_rng(5), [f"w{chr(97 + i)}" for i in range(20)]
    extra = {f"P{i:02d}": " ".join(random.choice(vocabulary, random.integers(40, 90))) for i in range(16)}
    extra |= {name: f"{extra[name]} margins margins margins" for name in list(extra)[::2]}
    language = compare_language(interviews(extra, people=16), build_redactor([]), random_state=1)
    found = language.table.set_index(["word", "segment"])
    planted = found.loc[("margins", "S1")]
    assert 1 < planted["lower"] <= planted["times"] <= planted["upper"]
    assert found.loc[("margins", "S2"), "upper"] < 1  # the same words, seen from the other side
    others = found.drop(index="margins", level="word")
    assert (
        len(others) >= 60 and ((others["lower"] > 1) | (others["upper"] < 1)).mean() < 0.15
    )  # 5 % each, some hang together
    row = tabulate_language(language).frame.set_index("Word").loc["margins"]
    assert row["Interval"] == f"{planted['lower']:.1f} to {planted['upper']:.1f}"


def test_compare_language_interval_draws_people_whole():
    # One person says it two hundred times: drawn without her, the segment is like the others.
    extra = {"P00": "margins " * 200, "P01": "margins", "P02": "margins"}
    found = compare_language(interviews(extra), build_redactor([]), random_state=1).table
    row = found.set_index(["word", "segment"]).loc[("margins", "S1")]
    assert row["times"] > 1.5 and row["lower"] < 1 < row["upper"]


def test_times_interval_draws_by_hand():
    # Three members use the word 1, 1 and 4 times of 10, three others once each; two draws: everybody once, and the third thrice.
    values, spoken = np.array([[1.0], [1], [4], [1], [1], [1]]), np.full(6, 10.0)
    weights = np.array([[1.0, 1, 1, 1, 1, 1], [0, 0, 3, 1, 1, 1]])
    low, high = _times_interval(weights, np.arange(6) < 3, values, spoken, np.array([1e-9]))
    each = np.log([(6 / 24) / (3 / 27), (12 / 18) / (3 / 27)])  # log odds ratios of the two draws: 2.25 and 6
    assert np.log([low[0], high[0]]) == pytest.approx(
        [each[0] + 0.025 * (each[1] - each[0]), each[0] + 0.975 * (each[1] - each[0])]
    )
    few = _times_interval(weights, np.arange(6) < 2, values, spoken, np.array([1e-9]))
    assert np.isnan(few[0]).all() and np.isnan(few[1]).all()


def test_compare_language_interviewer_and_rare_words_do_not_count():
    language = compare_language(interviews({"P00": "zebra", "P02": "zebra"}), build_redactor([]), random_state=1)
    assert not {"invoices", "zebra"} & set(language.table["word"])


def test_compare_language_names_are_masked():
    extra = {f"P{i:02d}": "Ludmilla" for i in range(0, 12, 2)}
    language = compare_language(interviews(extra), build_redactor(["Ludmilla Kern"]), random_state=1)
    assert "ludmilla" not in set(language.table["word"])


def test_compare_language_labels_permuted_between_people_are_rarely_called_a_find():
    random, wrong = np.random.default_rng(3), 0
    vocabulary = np.array([f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)])
    for seed in range(60):
        extra = {f"P{i:02d}": " ".join(random.choice(vocabulary, random.integers(20, 120))) for i in range(12)}
        language = compare_language(interviews(extra), build_redactor([]), draws=199, random_state=seed)
        wrong += bool((language.table["p"] <= 0.05).any())
    assert wrong <= 8  # of 60 at 5 %: more than 8 has a chance of 1 in 300


def test_compare_language_one_segment_says_so():
    language = compare_language(interviews({}, segments=1), build_redactor([]))
    assert describe_language(language).kind == "absent" and tabulate_language(language).frame.empty


@pytest.mark.parametrize(("options", "match"), [({"min_people": 1}, "got 1 and"), ({"draws": 10}, "and 10")])
def test_compare_language_bad_options(options, match):
    with pytest.raises(ParameterError, match=match):
        compare_language(interviews({}), build_redactor([]), **options)
