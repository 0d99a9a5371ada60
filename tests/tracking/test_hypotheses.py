"""Predictions of personas, judged by one rule and kept as history."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout, Reading, Table
from segmentation.errors import DataContractError
from segmentation.period import Period
from segmentation.tracking import (
    HYPOTHESIS_COLUMNS,
    Experiment,
    analyse_experiment,
    describe_hypotheses,
    judge_prediction,
    log_hypotheses,
    recall_hypotheses,
    tabulate_hypotheses,
    weigh_predictions,
)
from segmentation.workspace import Workspace

Q3 = Period.parse("2026Q3")
COUNTS = {"S1": (200, 40, 200, 90), "S2": (200, 60, 200, 61), "S3": (200, 80, 200, 40)}


@pytest.mark.parametrize(
    ("direction", "lower", "upper", "size", "verdict"),
    [
        ("more", 0.01, 0.12, 0.08, "supported"),
        ("more", 0.01, 0.07, 0.08, "refuted"),  # right direction, but less than promised
        ("more", -0.05, 0.07, 0.08, "refuted"),  # the promised size is excluded
        ("more", -0.05, 0.09, 0.08, "undecided"),
        ("more", -0.09, -0.01, None, "refuted"),
        ("more", -0.01, 0.09, None, "undecided"),
        ("fewer", -0.12, -0.01, 0.08, "supported"),
        ("fewer", -0.05, 0.2, 0.08, "refuted"),
        ("fewer", 0.01, 0.2, None, "refuted"),
        ("same", -0.02, 0.03, 0.05, "supported"),
        ("same", -0.02, 0.06, 0.05, "undecided"),
        ("same", 0.06, 0.16, 0.05, "refuted"),
        ("same", -0.02, 0.03, None, "undecided"),
        ("more", math.nan, math.nan, 0.05, "undecided"),
    ],
)
def test_judge_prediction_by_the_stated_rule(direction, lower, upper, size, verdict):
    assert judge_prediction(direction, lower, upper, size)[0] == verdict


@pytest.fixture
def weigh(plan, draw_trial):
    """Verdicts on predictions {persona: (segment, direction, size)} of a trial."""

    def build(predictions, counts=COUNTS, period=Q3, **changes):
        expects = [{"persona": name, "direction": d, "at_least": size} for name, (_, d, size) in predictions.items()]
        trial = Experiment.model_validate(plan(expects=expects, **changes))
        trial._told = {name: (segment, f"{name} says so.", 1) for name, (segment, _, _) in predictions.items()}
        result = analyse_experiment(trial, *draw_trial(counts), period=Period.parse("2026Q3"))
        return weigh_predictions([result], period, study="toy"), result

    return build


def test_weigh_predictions_supported_refuted_undecided(weigh):
    found, result = weigh(
        {
            "dana": ("S1", "more", 0.1),
            "sean": ("S3", "more", None),
            "bea": ("S2", "more", 0.05),
            "x": ("S9", "more", None),
        }
    )
    assert found.set_index("persona")["verdict"].to_dict() == {
        "dana": "supported", "sean": "refuted", "bea": "undecided", "x": "undecided",
    }  # fmt: skip
    assert found["reason"].iloc[3] == "no S9 is known from before the exposure"
    dana, effect = found.iloc[0], result.effects.set_index("segment").loc["S1"]
    assert dana["lift"] == effect["lift"]
    # four predictions share the error rate: wider than the 95 % interval, by the ratio of the limits of .0125 and .05
    assert (dana["upper"] - dana["lower"]) / (2 * effect["error"]) == pytest.approx(2.51, abs=0.01)
    assert list(found.columns) == list(HYPOTHESIS_COLUMNS)


def test_weigh_predictions_reads_nothing_from_arms_of_odd_sizes(weigh):
    found, _ = weigh({"dana": ("S1", "more", None)}, {"S1": (300, 30, 600, 200)})
    assert found["verdict"].tolist() == ["undecided"] and "not the sizes chance would give" in found["reason"].iloc[0]


def test_weigh_predictions_waits_for_the_end(weigh):
    looks = [{"day": "2026-07-20", "share": 0.5}, {"day": "2026-10-05", "share": 1}]
    found, result = weigh({"dana": ("S1", "more", None)}, looks=looks)
    assert not result.finished and found["reason"].tolist() == ["the experiment goes on"]
    assert result.looks["look"].max() == 1


def test_weigh_predictions_too_few_units(weigh):
    found, _ = weigh({"dana": ("S4", "more", None)}, {**COUNTS, "S4": (5, 1, 5, 3)})
    assert found["reason"].tolist() == ["too few units to publish"]


def entry(quarter, verdict, **changes):
    row = dict.fromkeys(HYPOTHESIS_COLUMNS, "") | dict.fromkeys(
        ("size", "n_control", "n_arm", "lift", "lower", "upper"), np.nan
    )
    row |= {"study": "toy", "quarter": quarter, "experiment": "e1", "persona": "dana", "version": 1, "segment": "S1", "arm": "new",
            "direction": "more", "metric": "binary", "verdict": verdict, "reason": "because of the rule"}  # fmt: skip
    return row | changes


def log(*rows):
    return log_hypotheses(
        pd.DataFrame(columns=list(HYPOTHESIS_COLUMNS)), pd.DataFrame(rows, columns=list(HYPOTHESIS_COLUMNS))
    )


def test_log_hypotheses_keeps_what_was_written_and_doubles_nothing():
    history = log(entry("2026Q2", "undecided"), entry("2026Q2", "refuted", persona="bea"))
    now = log(
        entry("2026Q3", "supported"),
        entry("2026Q3", "supported", persona="bea"),
        entry("2026Q3", "undecided", experiment="e2"),
    )
    kept = history.copy()
    found = log_hypotheses(history, now)
    pd.testing.assert_frame_equal(found.iloc[:2], kept)
    pd.testing.assert_frame_equal(history, kept)
    # the undecided one is decided now; bea's was refuted and stays so; the new experiment is entered
    assert found[["quarter", "persona", "experiment", "verdict"]].values.tolist()[2:] == [
        ["2026Q3", "dana", "e1", "supported"], ["2026Q3", "dana", "e2", "undecided"],
    ]  # fmt: skip
    pd.testing.assert_frame_equal(log_hypotheses(found, now), found)  # a rerun adds nothing
    pd.testing.assert_frame_equal(log_hypotheses(history, now), found)


def test_describe_hypotheses_refuted_twice_asks_for_revision():
    once = log(entry("2026Q2", "refuted"), entry("2026Q3", "refuted"))  # the same experiment twice is one
    assert isinstance(describe_hypotheses(once), Reading)
    twice = log(entry("2026Q2", "refuted"), entry("2026Q3", "refuted", experiment="e2"))
    told = describe_hypotheses(twice, {"dana": "Dispatcher Dana"})
    assert isinstance(told, Callout) and told.title == "Revise Dispatcher Dana: refuted twice."
    fresh = log(*twice.to_dict("records"), entry("2026Q4", "undecided", experiment="e3", version=2))
    assert isinstance(describe_hypotheses(fresh), Reading)  # a revised persona starts afresh


def test_describe_and_tabulate_hypotheses_say_the_rule_and_the_numbers(weigh):
    found, _ = weigh({"dana": ("S1", "more", 0.1), "sean": ("S3", "more", None)})
    told = str(describe_hypotheses(log_hypotheses(log(), found), {"dana": "Dana"}))
    assert "2 predictions put to a test so far: 1 supported, 1 refuted and 0 undecided" in told
    assert (
        "Dana (S1, 2026Q3, judged on its whole segment): supported" in told
        and "n = 200 and 200" in told
        and "The rule, one for all predictions: supported" in told
    )
    table = tabulate_hypotheses(found)
    assert isinstance(table, Table) and table.frame["Registered as"].tolist() == [
        "more, by 10.0 points or more",
        "more",
    ]


def test_no_prediction_is_absent():
    assert isinstance(describe_hypotheses(log()), Callout) and not tabulate_hypotheses(log()).paragraphs


def test_registration_that_was_changed_later_is_said(plan):
    was = Experiment.model_validate(plan(smallest_effect=0.08))
    assert len(was.stamp) == 64
    assert (
        Experiment.model_validate(plan(smallest_effect=0.08, title="Other words", assignment="moved.csv")).stamp
        == was.stamp
    )
    other = Experiment.model_validate(plan(smallest_effect=0.05))
    assert other.stamp != was.stamp
    history = log(entry("2026Q2", "refuted", registration=was.stamp))
    now = log(entry("2026Q3", "refuted", registration=other.stamp))
    told = str(describe_hypotheses(log_hypotheses(history, now), now=now))
    assert "“e1” is registered otherwise now than in the report of 2026Q2" in told
    same = log(entry("2026Q3", "refuted", registration=was.stamp))
    assert "registered otherwise" not in str(describe_hypotheses(log_hypotheses(history, same), now=same))
    before = log(entry("2026Q2", "refuted"))  # of a report that kept no registration
    assert "registered otherwise" not in str(describe_hypotheses(log_hypotheses(before, now), now=now))


def test_recall_hypotheses_reads_a_log_without_registrations(study, tmp_path):
    run = workspace(study, tmp_path, "2026Q4")
    keep(run, "2026Q2", log(entry("2026Q2", "refuted")).drop(columns="registration"))
    assert recall_hypotheses(run)["registration"].tolist() == [""]


def workspace(study, tmp_path: Path, quarter: str) -> Workspace:
    return Workspace(study, Period.parse(quarter), "06_tracking", tmp_path / "reports" / ".work" / quarter)


def keep(run: Workspace, quarter: str, rows: pd.DataFrame) -> None:
    folder = run.ledger / f"period={quarter}"
    Workspace(run.study, Period.parse(quarter), "ledger", folder).write("hypotheses", rows)


def test_recall_hypotheses_takes_the_latest_earlier_entry(study, tmp_path):
    run = workspace(study, tmp_path, "2026Q4")
    assert recall_hypotheses(run).empty
    keep(run, "2026Q1", log(entry("2026Q1", "refuted")))
    keep(run, "2026Q2", log(entry("2026Q1", "refuted"), entry("2026Q2", "refuted", experiment="e2")))
    keep(run, "2026Q4", log(entry("2026Q4", "supported")))
    assert recall_hypotheses(run)["quarter"].tolist() == ["2026Q1", "2026Q2"]


@pytest.mark.parametrize(
    ("row", "match"),
    [
        (entry("2026Q1", "refuted", study="another"), "hypotheses of another study; got 'another'; allowed: toy"),
        (entry("2026Q4", "refuted"), "a quarter out of order; got '2026Q4'; allowed: before 2026Q4"),
    ],
)
def test_recall_hypotheses_refuses_what_is_not_ours(study, tmp_path, row, match):
    run = workspace(study, tmp_path, "2026Q4")
    keep(run, "2026Q2", log(row))
    with pytest.raises(DataContractError, match=match):
        recall_hypotheses(run)
