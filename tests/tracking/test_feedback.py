"""Sales feedback counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import DataContractError, ParameterError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.tracking import plot_feedback
from segmentation.tracking import (
    FEEDBACK_COLUMNS,
    describe_feedback,
    label_kappa,
    read_feedback,
    summarise_feedback,
    tabulate_feedback,
    tabulate_objections,
    tabulate_stoppers,
)

ROWS = [  # said, true, blocker, objection, outcome
    *[("P1", "P2", "finance director", "price_worry", "lost")] * 6,
    *[("P1", "P1", "", "price_worry", "won")] * 2,
    *[("P2", "P2", "", "", "won")] * 3,
    *[("P2", "", "IT manager", "poor_signal", "lost")],
    *[("P2", "P2", "", "crew_adoption", "open")],
]
MESSAGES = pd.DataFrame({"persona_id": ["P1", "P2"], "pain_id": ["price_worry", "crew_adoption"], "status": "live"})


@pytest.fixture
def feedback() -> pd.DataFrame:
    table = pd.DataFrame(ROWS, columns=["persona_said", "persona_true", "blocker_role", "objection", "outcome"])
    return table.assign(date=pd.Timestamp("2026-08-01"), rep="R01", deal_id="", message_id="")


def write(path: Path, *rows: dict[str, str]) -> Path:
    good = {"date": "2026-08-01", "rep": "R01", "persona_said": "P1", "outcome": "won", "note": "Call Mr Smith"}
    frame = pd.DataFrame([{column: {**good, **row}.get(column, "") for column in FEEDBACK_COLUMNS} for row in rows])
    frame.to_csv(path / "feedback.csv", index=False)
    return path / "feedback.csv"


PUBLISHED = json.loads((Path(__file__).parents[1] / "reference" / "qualitative.json").read_text())["cohen"]["rows"]


@pytest.mark.parametrize(("counts", "value", "error"), [row for row in PUBLISHED if row[2] is not None])
def test_label_kappa_has_the_published_value_and_standard_error(counts, value, error):
    cells = [(one, other) for one, row in enumerate(counts) for other, n in enumerate(row) for _ in range(n)]
    first, second = (pd.Series([str(pair[side]) for pair in cells]) for side in (0, 1))
    kappa, lower, upper = label_kappa(first, second)
    assert kappa == pytest.approx(value, abs=5e-5)
    assert (upper - lower) / 2 == pytest.approx(1.959964 * error, abs=1e-4)


def test_label_kappa_counts_labels_that_only_one_side_uses():
    found = label_kappa(pd.Series(["a", "a", "b"]), pd.Series(["a", "c", "b"]))
    assert found[0] == pytest.approx((2 / 3 - 1 / 3) / (2 / 3))


def test_label_kappa_limits():
    assert label_kappa(pd.Series(["A", "B"]), pd.Series(["A", "B"]))[0] == 1
    assert pd.isna(label_kappa(pd.Series(["A"]), pd.Series(["A"]))[0])
    assert pd.isna(label_kappa(pd.Series(dtype="str"), pd.Series(dtype="str"))[0])
    with pytest.raises(ParameterError, match="as long as each other"):
        label_kappa(pd.Series(["A"]), pd.Series(["A", "B"]))


def test_summarise_feedback_hand_example(feedback):
    summary = summarise_feedback(feedback, messages=MESSAGES)
    assert (summary.n, summary.kappa_n) == (13, 12)
    agreement = summary.agreement.set_index("persona")
    assert agreement.loc["P1", ["n", "agree", "most_often", "most_often_n"]].tolist() == [8, 2, "P2", 6]
    assert agreement.loc["all", "agree"] == 6
    # po = .5; said P1 8/12, true P1 2/12: pe = 8/12*2/12 + 4/12*10/12 = .3889; kappa = .1111/.6111
    assert summary.kappa == pytest.approx((0.5 - 7 / 18) / (1 - 7 / 18))
    objections = summary.objections.set_index(["persona", "objection"])
    assert objections.loc[("P2", "price_worry"), ["n", "base", "messages"]].tolist() == [6, 11, 0]
    assert objections.loc[("P1", "price_worry"), ["n", "base", "messages"]].tolist() == [2, 2, 1]
    assert summary.unanswered.to_numpy().tolist() == [["poor_signal", 1]]
    assert summary.blockers.to_numpy().tolist()[0] == ["finance director", 6, 6, pytest.approx(6 / 7)]
    outcomes = summary.outcomes.set_index("persona")
    assert outcomes.loc["P2", ["won", "lost", "open"]].tolist() == [3, 7, 1]


def test_describe_feedback_says_what_nobody_messages(feedback):
    told = str(
        describe_feedback(summarise_feedback(feedback, messages=MESSAGES), names={"P1": "Techie Tom", "P2": "Frank"})
    )
    assert "Sales had named the right persona in 6 of 12" in told
    assert "Techie Tom was the wrong persona" not in told  # 2 of 8 right: the interval reaches above one half
    assert "No message answers: poor signal (1)." in told
    assert "finance director in 6 of 7" in told


def test_describe_feedback_names_the_wrong_persona(feedback):
    more = pd.concat([feedback, feedback.iloc[:6]], ignore_index=True)
    told = str(describe_feedback(summarise_feedback(more), names={"P1": "Techie Tom"}))
    assert "Techie Tom was the wrong persona in 12 of 14; most often it was P2 (12)." in told


def test_summarise_feedback_of_a_period_and_input_kept(feedback):
    before = feedback.copy()
    assert summarise_feedback(feedback, period="2026Q2").n == 0
    assert summarise_feedback(feedback, period="2026Q3").n == 13
    pd.testing.assert_frame_equal(feedback, before)
    with pytest.raises(ParameterError, match="needs the columns outcome"):
        summarise_feedback(feedback.drop(columns="outcome"))


def test_feedback_absent_is_said(study):
    empty = read_feedback(study)
    assert empty.empty
    summary = summarise_feedback(empty, period="2026Q3")
    told = describe_feedback(summary)
    assert isinstance(told, Callout) and told.kind == "absent"
    assert isinstance(describe_feedback(None), Callout)
    assert not plot_feedback(summary).paragraphs and not plot_feedback(None).paragraphs
    assert "share" in summary.as_table().columns
    assert tabulate_feedback(summary).frame["n"].tolist() == [0]


def test_plot_feedback_marks_what_no_message_answers(feedback):
    exhibit = plot_feedback(summarise_feedback(feedback, messages=MESSAGES), names={"P1": "A & B"})
    assert isinstance(exhibit, Exhibit)
    traces = {trace.name: trace for trace in exhibit.figure.data}
    assert sorted(traces["no message answers it"].x) == pytest.approx([1 / 11, 6 / 11])
    assert "A &amp; B · price worry" in exhibit.figure.layout.yaxis.ticktext
    assert "P2 · price worry: 6 of 11; A & B" in exhibit.alt
    assert plot_feedback(summarise_feedback(feedback)).figure.data[0].name == "no matrix to look in"


def test_tabulate_and_as_table(feedback):
    summary = summarise_feedback(feedback, messages=MESSAGES)
    assert tabulate_feedback(summary).as_json()["rows"][0][:3] == ["P1", "8", "2"]
    assert tabulate_objections(summary).as_json()["rows"][0] == ["P1", "price worry", "2 of 2", "1"]
    table = summary.as_table()
    assert set(table["table"]) == {"objection", "won", "agreement", "blocker", "unanswered", "gap"}
    gaps = table[table["table"] == "gap"]
    assert gaps[["persona", "item", "n", "base"]].to_numpy().tolist() == [
        ["P2", "price_worry", 6, 11],
        ["P2", "poor_signal", 1, 11],
    ]


def test_stoppers_are_counted_by_the_persona_that_was_met(feedback):
    summary = summarise_feedback(feedback, messages=MESSAGES)
    # six lost talks with P2 (taken for P1) stopped by the finance director, one with P2 by the IT manager
    assert summary.stoppers.to_numpy().tolist() == [["P2", "finance director", 6, 7], ["P2", "IT manager", 1, 7]]
    shown = tabulate_stoppers(summary, names={"P2": "Pia"})
    assert shown.as_json()["rows"] == [["Pia", "finance director", "6 of 7"], ["Pia", "IT manager", "1 of 7"]]
    assert "the 7 lost conversations" in shown.caption


def test_read_feedback_drops_the_note_and_finds_every_breach(tmp_path):
    table = read_feedback(write(tmp_path, {}), personas={"P1"})
    assert "note" not in table.columns and table["date"].tolist() == [pd.Timestamp("2026-08-01")]
    bad = {"date": "1/8/26", "persona_said": "P11", "persona_true": "P9", "outcome": "win", "message_id": "M9"}
    with pytest.raises(DataContractError) as caught:
        read_feedback(write(tmp_path, {}, bad, {"outcome": "", "persona_said": ""}), personas={"P1"}, messages={"M1"})
    text = str(caught.value)
    assert "7 problems" in text
    for part in ("row 3, column 'date': not a date", "row 3, column 'outcome': not known here; got 'win'; allowed: lost, open, won",
                 "got 'P9'", "got 'M9'", "row 4, column 'outcome': cell is empty",
                 "row 4, column 'persona_said': cell is empty"):  # fmt: skip
        assert part in text
