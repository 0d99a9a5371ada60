"""Choosing questions, measuring them on people they were not chosen on, and placing people by the answers there are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.dataset import Dataset
from segmentation.errors import DataContractError, ParameterError
from segmentation.figures.typing import plot_typing
from segmentation.period import Period
from segmentation.profiling import profile_segments
from segmentation.profiling.typing import (
    TypingTool,
    build_typing_tool,
    describe_typing,
    gather_questions,
    next_question,
    place_answers,
    segment_words,
    tabulate_questions,
    tabulate_recall,
)
from segmentation.profiling.typing.forward import forward_path, leave_one_out
from segmentation.profiling.typing.lda import classification_functions, fit_moments, score
from segmentation.profiling.typing.validate import choose_number, choose_threshold, run_rounds
from segmentation.sources import read_sources
from segmentation.study import Study, load_study

from ..conftest import PROJECT, STUDY
from .typing_example import hostile_market, hostile_study, hostile_tool, some_answers

TOOL = hostile_tool()


def noise(
    seed: int, n: int = 200, items: int = 60, segments: int = 4
) -> tuple[np.ndarray, np.ndarray, list[list[int]]]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, items)), np.arange(n) % segments, [[column] for column in range(items)]


@pytest.fixture(scope="module")
def noise_rounds() -> list[tuple[float, float]]:
    """Sixty studies of nothing: accuracy with the choice inside the repetitions, and with the choice made before them."""
    found = []
    for seed in range(60):
        values, labels, blocks = noise(seed)
        inside = run_rounds(values, labels, blocks, rounds=1, random_state=seed)
        chosen = [blocks[question] for question in forward_path(values, labels, blocks, 8).order]
        columns = [column for block in chosen for column in block]
        again = run_rounds(values[:, columns], labels, [[c] for c in range(len(columns))], rounds=1, random_state=seed)
        found.append((float(inside.right[:, -1].mean()), float(again.right[:, -1].mean())))
    return found


def test_run_rounds_on_noise_is_no_better_than_chance(noise_rounds):
    inside = np.array([pair[0] for pair in noise_rounds])
    assert abs(inside.mean() - 0.25) < 3 * inside.std(ddof=1) / np.sqrt(len(inside))


def test_choosing_questions_outside_the_rounds_is_seen_as_a_leak(noise_rounds):
    """The same noise looks learnable as soon as the choice has seen everybody."""
    gap = np.array([outside - inside for inside, outside in noise_rounds])
    assert gap.mean() > 5 * gap.std(ddof=1) / np.sqrt(len(gap)) and gap.mean() > 0.05


def test_classification_functions_worked_by_hand():
    """Means 1 and 11, variance 2, equal shares: W^-1 mean = 0.5 and 5.5; constants log .5 - .25 and log .5 - 30.25."""
    learned = fit_moments(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    wanted = [[np.log(0.5) - 0.25, 0.5], [np.log(0.5) - 30.25, 5.5]]
    assert classification_functions(learned) == pytest.approx(np.array(wanted))


def test_fit_moments_doubled_weights_are_duplicated_rows():
    values, labels, _ = noise(1, n=40, items=3)
    double, twice = (
        fit_moments(values, labels, np.full(40, 2.0)),
        fit_moments(np.tile(values, (2, 1)), np.tile(labels, 2)),
    )
    assert double.within == pytest.approx(twice.within) and double.means == pytest.approx(twice.means)


def test_unit_weights_are_no_weights():
    values, segment = hostile_market()
    weights = pd.Series(1.0, index=values.index)
    plain = build_typing_tool(values, segment, hostile_study())
    assert build_typing_tool(values, segment, hostile_study(), weights=weights).to_dict() == plain.to_dict()


def test_people_without_weight_are_left_out():
    values, segment = hostile_market()
    weights = pd.Series(1.0, index=values.index[20:])
    assert build_typing_tool(values, segment, hostile_study(), weights=weights).n == len(values) - 20


def test_build_typing_tool_is_the_same_whatever_the_order_of_units():
    values, segment = hostile_market()
    before = values.copy()
    shuffled = values.sample(frac=1, random_state=2), segment.sample(frac=1, random_state=1)
    tool = build_typing_tool(*shuffled, hostile_study(), names=TOOL.names)
    assert tool.to_dict() == TOOL.to_dict()
    pd.testing.assert_frame_equal(values, before)


def test_build_typing_tool_finds_the_planted_questions():
    assert {question.name for question in TOOL.questions} >= {"trade", "size"}
    assert "twice" not in [question.name for question in TOOL.questions]  # says nothing the rating does not
    test = TOOL.test
    assert test.lower > test.baseline > 0.3 and test.n == 300
    assert test.curve["accuracy"].iloc[0] < test.accuracy <= test.curve["accuracy"].max() + 0.02
    assert test.recall["recall"].mean() == pytest.approx(test.balanced)
    assert 0.5 <= TOOL.threshold <= 0.95 and test.told_right >= test.accuracy


def test_columns_that_repeat_each_other_are_worked_with():
    rng = np.random.default_rng(1)
    first = rng.standard_normal((100, 1))
    values, labels = np.hstack([first, first, np.ones((100, 1))]), (first[:, 0] > 0).astype(int)
    learned = fit_moments(values, labels)
    assert learned.ridge > 0
    assert (score(learned, values, np.ones_like(values, bool)).argmax(axis=1) == labels).mean() > 0.9
    assert np.isfinite(leave_one_out(values, labels)).all()


def test_score_of_part_of_the_answers_is_the_discriminant_of_those_questions():
    rng = np.random.default_rng(2)
    labels = np.arange(90) % 3
    values = rng.standard_normal((90, 4)) + labels[:, None] * np.array([1.0, 0.5, 0.2, 0.0])
    known = np.zeros((90, 4), bool)
    known[:, [0, 2]] = True
    part, alone = fit_moments(values, labels), fit_moments(values[:, [0, 2]], labels)
    assert score(part, values, known) == pytest.approx(score(alone, values[:, [0, 2]], np.ones((90, 2), bool)))


def test_place_answers_without_an_answer_tells_nobody_anything():
    nothing = pd.DataFrame(index=["P1"])
    row = place_answers(TOOL, nothing).iloc[0]
    assert pd.isna(row["segment"]) and row["answered"] == 0
    assert (
        row["probability"] == pytest.approx(max(TOOL.priors))
        and row["likeliest"] == TOOL.segments[int(np.argmax(TOOL.priors))]
    )


def test_place_answers_refuses_every_answer_that_is_not_allowed():
    wrong = pd.DataFrame({"rate": [7, 3], "keen": [0.5, 1.0]}, index=["P1", "P2"])
    with pytest.raises(DataContractError, match="2 problems") as found:
        place_answers(TOOL, wrong)
    assert "row P1, column 'rate'" in str(found.value) and "allowed: 1, 2, 3, 4, 5" in str(found.value)
    with pytest.raises(ParameterError, match=r"no question 'rates'.*Did you mean 'rate'\?"):
        place_answers(TOOL, pd.DataFrame({"rates": [1]}))


def test_place_answers_takes_rare_names_as_something_else_and_extreme_numbers_as_the_limits():
    size = next(question for question in TOOL.questions if question.name == "size")
    given = pd.DataFrame({"trade": ["bells", "never heard of"], "size": [size.high, 1e9]}, index=["P1", "P2"])
    placed = place_answers(TOOL, given)
    assert placed.loc["P1"].tolist() == placed.loc["P2"].tolist()


ANSWERS = some_answers(TOOL, 60)


@given(st.permutations(range(len(TOOL.questions))), st.lists(st.integers(0, 59), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_equal_answers_give_equal_results_in_any_order(columns, rows):
    table = ANSWERS.iloc[rows, list(columns)].set_axis([f"A{n}" for n in range(len(rows))])
    placed = place_answers(TOOL, table).to_numpy(object).tolist()
    wanted = place_answers(TOOL, ANSWERS).iloc[rows].to_numpy(object).tolist()
    for row, other in zip(placed, wanted, strict=True):
        assert [str(value) for value in (row[0], row[1], row[3])] == [
            str(value) for value in (other[0], other[1], other[3])
        ]
        assert row[2] == pytest.approx(other[2], abs=1e-12)


def test_next_question_of_nobody_is_one_that_tells_most_and_of_everything_none():
    assert next_question(TOOL, {}) in {question.name for question in TOOL.questions}
    full = some_answers(TOOL, 1, missing=0.0).iloc[0].to_dict()
    assert next_question(TOOL, full) is None
    asked: dict[str, object] = {}
    while (name := next_question(TOOL, asked)) is not None:
        assert name not in asked
        asked[name] = full[name]
    assert len(asked) == len(TOOL.questions)


def test_choose_number_and_threshold_at_their_limits():
    assert choose_number(np.array([0.3]), np.ones(10)) == 1
    values, labels, blocks = noise(3, n=80, items=4)
    path = forward_path(values, labels, blocks, 4)
    assert choose_threshold(path, 4, np.ones(80), 0.99) == (0.95, False)
    assert choose_threshold(path, 4, np.ones(80), 0.0)[0] >= 0.5


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda values, segment: (values, segment.iloc[:0]), "fewer than two segments|no question"),
        (lambda values, segment: (values, segment.where(segment == "S1")), "fewer than two segments"),
        (lambda values, segment: (values.iloc[:3], segment.iloc[:3]), "fewer than two segments|no question"),
        (lambda values, segment: (values.assign(**{c: np.nan for c in values}), segment), "no question"),
    ],
)
def test_build_typing_tool_without_enough_says_why(spoil, reason):
    values, segment = spoil(*hostile_market())
    tool = build_typing_tool(values, segment, hostile_study())
    assert pd.Series([tool.reason]).str.contains(reason).all()
    said = describe_typing(tool, units="people")
    assert said.kind == "absent" and tool.reason in said.title
    assert tabulate_questions(tool).frame.empty and tabulate_recall(tool).frame.empty
    assert not hasattr(plot_typing(tool), "figure")
    with pytest.raises(ParameterError, match="there is no typing tool"):
        place_answers(tool, values.iloc[:1])


def test_small_segment_and_unanswered_question_are_left_out_in_words():
    values, segment = hostile_market()
    segment.iloc[:4] = "S9"
    values["plan"] = values["plan"].where(np.arange(len(values)) % 10 == 0)
    tool = build_typing_tool(values, segment, hostile_study())
    assert tool.segments == ("S1", "S2", "S3")
    said = str(describe_typing(tool, units="people"))
    assert "S9: fewer than 10 members" in said and "fewer than half of those asked anything have answered it" in said


def test_survey_scores_are_asked_as_their_items_in_the_words_of_the_questionnaire():
    study = Study.model_validate(
        {
            "study": "tiny", "unit": "unit", "sources": {"survey": {"path": "s.csv", "format": "qualtrics"}},
            "variables": [
                {"name": "need_a", "from": "survey", "kind": "need", "role": "base", "measure": "mean", "items": ["i1", "i2"],
                 "scale": [1, 5], "centre": "respondent", "label": "need for a"},
                {"name": "need_b", "from": "survey", "kind": "need", "role": "base", "measure": "mean", "items": ["i3"], "scale": [1, 5]},
            ],
            "segmentations": {"one": {"base": ["need_a", "need_b"]}},
        }
    )  # fmt: skip
    survey = pd.DataFrame(
        {"unit": ["a", "b"], "i1": [1.0, 5.0], "i2": [2.0, 4.0], "i3": [3.0, 1.0]}, index=["r1", "r2"]
    )
    survey.attrs["questions"] = {"i1": "How important? - Get paid - soon"}
    data = Dataset("tiny", "unit", Period.parse("2026Q3"), {"survey": survey}, ())
    values = pd.DataFrame({"need_a": [0.0, 1.0], "need_b": [0.0, 1.0]}, index=["a", "b"])
    questions, answers, notes = gather_questions(values, study, data)
    assert [question.name for question in questions] == ["i1", "i2", "i3"] and notes == ()
    assert (questions[0].stem, questions[0].words) == ("How important? - Get paid", "soon")
    assert questions[1].words == "need for a (i2)" and questions[2].words == "need b"
    assert answers.loc["b"].tolist() == [5.0, 4.0, 1.0]
    questions, _, notes = gather_questions(values, study)
    assert [question.name for question in questions] == ["need_b"]
    assert notes == ("need for a: was computed from several answers, and the answers themselves are not here",)


def test_items_of_the_sample_carry_the_words_of_its_questionnaire():
    study = load_study(PROJECT / STUDY).model_copy(update={"questions": ()})
    data = read_sources(study, "2026Q3", only=("survey",))
    units = pd.Index(sorted(data["survey"][study.unit].dropna().unique()), name=study.unit)
    questions, answers, _ = gather_questions(pd.DataFrame(index=units), study, data)
    assert [question.name for question in questions] == [f"imp_{number}" for number in range(1, 13)]
    assert questions[0].words == "Send the nearest free technician without phoning round"
    assert questions[0].stem.startswith("How important is each of these") and questions[0].allowed == "1, 2, 3, 4, 5"
    assert answers.notna().all(axis=1).sum() > 500


def test_segment_words_are_the_teams_name_and_what_marks_the_segment(market):
    values, membership, study = market
    words = segment_words(profile_segments(values, membership, study), study, names={"S1": "Movers"})
    assert words["S1"].startswith("Movers (high x") and words["S2"] and "Movers" not in words["S2"]


def test_words_table_and_picture_tell_the_same_numbers():
    said = str(describe_typing(TOOL, units="people"))
    test = TOOL.test
    for number in (test.accuracy, test.baseline, test.balanced, test.recall["recall"].min()):
        assert f"{number * 100:.0f} %" in said
    assert said.count("Lists chosen this way (") == 1 and "about as well as up to 8 would" in said
    assert "None of this says that the segments are real" in said and "without segments" in said
    shown = plot_typing(TOOL, units="people", source="tiny")
    assert list(shown.figure.data[0].y) == test.curve["accuracy"].tolist()
    assert f"{test.curve['accuracy'].iloc[0]:.0%}" in shown.alt and "n = 300 people" in shown.caption
    assert len(tabulate_questions(TOOL).frame) == len(TOOL.questions)
    hidden = tabulate_recall(TOOL, min_cell=200).as_json()["rows"]
    assert {cell for row in hidden for cell in row[1:]} == {"–"}


def test_segments_of_noise_are_told_apart_too():
    """k-means on people without segments gives segments that questions place well: accuracy is no evidence."""
    curve = TOOL.test.curve
    assert TOOL.test.references > 0
    assert curve["noise"].iloc[-1] > TOOL.test.baseline + 0.15
    assert isinstance(TypingTool.from_dict(TOOL.to_dict()).test.curve["noise"].iloc[0], float)
