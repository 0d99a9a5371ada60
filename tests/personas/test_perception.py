"""The Persona Perception Scale: means, intervals and alpha by hand; every wrong answer with its row and column."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy.stats import t

from segmentation.errors import DataContractError
from segmentation.personas import Item, cronbach_alpha, load_perception, score_perception, tabulate_perception
from segmentation.personas.perception import CONSTRUCTS
from segmentation.study import load_study

from ..line.tiny import write_tiny_study

ITEMS = (Item("c1", "clarity", "One"), Item("c2", "clarity", "Two"), Item("e1", "empathy", "Three", reversed=True))


def write(folder, text: str):
    file = folder / "answers.csv"
    file.write_text(text)
    return file


def test_score_perception_means_and_intervals_by_hand(tmp_path):
    file = write(tmp_path, "rater,persona_id,c1,c2,e1\nA,s1-a,6,6,1\nB,s1-a,4,4,3\nC,s1-a,5,5,2\n")
    table = score_perception(file, ITEMS).set_index("construct")
    half = t.ppf(0.975, 2) * 1 / math.sqrt(3)
    assert table.loc["clarity", ["raters", "mean"]].tolist() == [3, 5.0]
    assert table.loc["clarity", "lower"] == pytest.approx(5 - half) and table.loc["clarity", "upper"] == 7.0
    assert table.loc["clarity", "alpha"] == pytest.approx(1.0)
    assert table.loc["empathy", "mean"] == 6.0 and math.isnan(table.loc["empathy", "alpha"])


def test_cronbach_alpha_by_hand():
    """Item variances 1 + 1 + 1, sums 3, 8, 7 with variance 7: 3/2 (1 - 3/7) = 6/7."""
    answers = pd.DataFrame({"a": [1, 3, 2], "b": [1, 3, 2], "c": [1, 2, 3]})
    assert cronbach_alpha(answers) == pytest.approx(6 / 7)


@pytest.mark.parametrize("answers", [{"a": [1, 2, 3]}, {"a": [1, 2], "b": [2, 1]}, {"a": [4, 4, 4], "b": [4, 4, 4]}])
def test_cronbach_alpha_is_nan_where_it_means_nothing(answers):
    assert math.isnan(cronbach_alpha(pd.DataFrame(answers)))


def test_score_perception_missing_answers_count_only_from_half(tmp_path):
    file = write(tmp_path, "rater,persona_id,c1,c2,e1\nA,s1-a,6,,\nB,s1-a,,,4\n")
    table = score_perception(file, ITEMS).set_index("construct")
    assert table["raters"].to_dict() == {"clarity": 1, "empathy": 1}
    assert table.loc["clarity", "mean"] == 6 and math.isnan(table.loc["clarity", "lower"])


def test_score_perception_says_every_wrong_answer_with_row_and_column(tmp_path):
    rows = ["rater,persona_id,c1,c2,e1", "A,s1-a,8,6,1", "", "A,s1-a,5,often,3", "B,s1-b,4,4,", ",s1-a,1,1,1"]
    with pytest.raises(DataContractError) as caught:
        score_perception(write(tmp_path, "\n".join(rows)), ITEMS, personas=["s1-a"])
    found = [(v.row, v.column, v.value, v.message) for v in caught.value.violations]
    assert found == [
        (2, "c1", "8", "not an answer"),
        (4, "rater", "A", "rated this persona in row 2 too"),
        (4, "c2", "often", "not an answer"),
        (5, "persona_id", "s1-b", "no such persona"),
        (6, "rater", None, "is empty"),
    ]
    assert "allowed: 1 to 7, or blank" in str(caught.value)


def test_score_perception_wrong_columns_are_named(tmp_path):
    with pytest.raises(DataContractError) as caught:
        score_perception(write(tmp_path, "rater,persona_id,c1,c3,c1\nA,s1-a,1,1,1\n"), ITEMS)
    said = str(caught.value)
    for words in (
        "'c2': column is missing",
        "'e1': column is missing",
        "'c3': no such item",
        "'c1': column stands twice",
    ):
        assert words in said


def test_load_perception_reads_the_team_s_statements_and_answers(tmp_path):
    study = folder_with(tmp_path, "item,construct,statement,reversed\nc1,clarity,Easy to take in,\ne1,empathy,Far from me,yes\n",
                        "rater,persona_id,c1,e1\nA,s1-a,5,2\n")  # fmt: skip
    perception = load_perception(study, ["s1-a"])
    assert [item.reversed for item in perception.items] == [False, True]
    assert perception.scores["mean"].tolist() == [5.0, 6.0]
    frame = tabulate_perception(perception, {"s1-a": "Dana"}).frame
    assert frame["Construct"].tolist()[0] == "clarity: whether it is easy to take in" and set(frame["Persona"]) == {
        "Dana"
    }


def test_load_perception_wrong_statements_are_said_at_once(tmp_path):
    study = folder_with(tmp_path, "item,construct,statement,reversed\nc1,claritty,,\nc1,clarity,Two,maybe\n")
    with pytest.raises(DataContractError) as caught:
        load_perception(study)
    assert [(v.row, v.column) for v in caught.value.violations] == [
        (2, "construct"), (2, "statement"), (3, "item"), (3, "reversed"),
    ]  # fmt: skip
    assert "Did you mean 'clarity'?" in str(caught.value)


def test_perception_own_statements_are_28_on_eight_constructs_and_say_whose_they_are(tmp_path):
    head = "rater,persona_id," + ",".join(
        item.item for item in load_perception(folder_with(tmp_path / "a", None)).items
    )
    study = folder_with(tmp_path / "b", None, f"{head}\nA,s1-a{',4' * 28}\n")
    perception = load_perception(study, ["s1-a"])
    assert len(perception.items) == 28 and len({item.statement for item in perception.items}) == 28
    assert {item.construct for item in perception.items} == set(CONSTRUCTS) and perception.own
    assert perception.scores["items"].sum() == 28 and set(perception.scores["mean"]) == {4.0}
    assert "not with published means" in tabulate_perception(perception).note
    team = folder_with(tmp_path / "c", "item,construct,statement\nc1,clarity,Easy\n")
    assert load_perception(team).wording == "Statements from the team's items.csv."


def folder_with(tmp_path, items: str | None, answers: str | None = None):
    folder = write_tiny_study(tmp_path / "tiny")
    place = folder / "personas/perception"
    place.mkdir(parents=True)
    for name, text in (("items.csv", items), ("answers.csv", answers)):
        if text is not None:
            (place / name).write_text(text)
    (folder / "study.yaml").write_text((folder / "study.yaml").read_text() + "personas: personas\n")
    return load_study(folder)
