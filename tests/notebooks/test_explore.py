"""The analyst's bench without a browser: what somebody does there is a message to a widget, and messages can be sent."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import assign_segments, fit_segments
from segmentation.clustering.decisions import load_decisions
from segmentation.errors import ParameterError
from segmentation.features import fit_encoder
from segmentation.figures.bench import Bench, open_bench
from segmentation.figures.bench.parts import Given, load_widgets, read_given
from segmentation.period import Period
from segmentation.profiling import profile_segments
from segmentation.study import load_study
from segmentation.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[2] / "data/sample/fieldnote"
PAYLOAD = "<b onclick=alert(1)>"


@pytest.fixture
def given(tmp_path) -> Given:
    """Sixty units in three clouds; the decisions file would lie in an empty folder."""
    sample = load_study(SAMPLE)
    needs = sample.segmentations["needs"].model_copy(update={"base": ("need_cash", "active_days")})
    changes = {"folder": tmp_path, "segmentations": {"needs": needs}, "decisions": "decisions.yaml"}
    study = sample.model_copy(update=changes)
    random = np.random.default_rng(5)
    index = pd.Index([f"u{number:02d}" for number in range(60)], name="company_id")
    clouds = np.repeat([[2.0, 60.0], [-1.0, 30.0], [0.0, 3.0]], [28, 20, 12], axis=0)
    values = clouds + random.normal(size=clouds.shape) * [0.2, 3.0]
    features = pd.DataFrame(values, index, columns=["need_cash", "active_days"])
    features["tenure"] = random.normal(200, 50, 60)
    features["industry"] = np.where(np.arange(60) < 28, PAYLOAD, "Lifts")
    encoded = fit_encoder(features, study.base).encode(features)
    solution = fit_segments(encoded, 3, choices=study.choices)
    positions = encoded.set_axis(["x", "y"], axis=1).iloc[:55]
    words = {"S1": f"high {PAYLOAD}"}
    return Given(study, "2026Q3", features, positions, assign_segments(solution, encoded), solution, words)


def lasso(bench: Bench, *picked: tuple[int, int], event: str = "plotly_selected") -> None:
    """The message that the widget in the browser sends when somebody draws a loop round points: (trace, point) pairs."""
    bench.map.figure._js2py_pointsCallback = {
        "event_type": event,
        "selector": {"type": "lasso", "selector_state": {"xs": [0, 9], "ys": [0, 9]}},
        "device_state": None,
        "points": {
            "xs": [0.0] * len(picked),
            "ys": [0.0] * len(picked),
            "trace_indexes": [trace for trace, _ in picked],
            "point_indexes": [point for _, point in picked],
        },
    }


def try_out(bench: Bench, segments: int, *variables: str) -> str:
    bench.attempt.number.value = segments
    for name, box in bench.attempt.variables.items():
        box.value = name in variables if variables else box.value
    bench.attempt.button.click()
    return bench.attempt.result.value


def test_bench_draws_each_segment_with_its_units(given):
    figure = Bench(given).map.figure
    assert [trace.name for trace in figure.data] == ["S1", "S2", "S3"]
    assert sum(len(trace.customdata) for trace in figure.data) == 55
    assert figure.layout.dragmode == "lasso"
    assert figure._config["showSendToCloud"] is False and figure._config["plotlyServerURL"] == ""


def test_bench_map_sends_no_hover_messages(given):
    """plotly keeps one field for all its messages: a hover that comes while the kernel works would replace the lasso."""
    assert Bench(given).map.figure.layout.hovermode is False


def test_bench_shows_units_in_no_segment_apart(given):
    membership = given.membership.assign(segment=given.membership["segment"].where(given.membership.index != "u00"))
    figure = Bench(Given(**{**given.__dict__, "membership": membership})).map.figure
    assert figure.data[-1].name == "in no segment" and list(figure.data[-1].customdata) == ["u00"]


def test_bench_lasso_profiles_the_selection(given):
    bench = Bench(given)
    assert bench.selected == [] and "Draw a loop" in bench.look.profile.value
    lasso(bench, (0, 0), (0, 2), (1, 1))
    assert len(bench.selected) == 3
    assert "Selected: 3 of the 60 accounts, 2 in S1 and 1 in S2." in bench.look.profile.value
    assert "days of use in the quarter" in bench.look.profile.value and "anecdote" in bench.look.profile.value


def test_bench_new_lasso_replaces_the_last_and_a_double_click_takes_it_away(given):
    bench = Bench(given)
    lasso(bench, (0, 0), (0, 1), (2, 2))
    lasso(bench, (1, 3))
    assert bench.selected == [bench.map.figure.data[1].customdata[3]]
    lasso(bench, event="plotly_deselect")
    assert bench.selected == [] and "Draw a loop" in bench.look.profile.value


def test_bench_shows_hostile_text_as_text(given):
    bench = Bench(given)
    lasso(bench, (0, 0), (1, 1))
    pages = [bench.look.profile.value, *(row.widget.children[0].value for row in bench.decide.rows.values())]
    assert any("&lt;b onclick" in page for page in pages) and not any("<b onclick" in page for page in pages)


def test_bench_compares_with_any_segment(given):
    bench = Bench(given)
    lasso(bench, (0, 0), (0, 1))
    assert [value for _, value in bench.look.against.options] == ["everybody", "S1", "S2", "S3"]
    bench.look.against.value = "S3"
    assert "<th scope='col'>S3</th>" in bench.look.profile.value
    assert "beside S3 (n = 12)" in bench.look.profile.value


def test_bench_tries_another_number_beside_the_published(given):
    bench = Bench(given)
    assert bench.attempt.number.value == 3 and bench.trial is None and bench.attempt.colour.disabled
    page = try_out(bench, 2)
    assert bench.trial.segments == 2 and bench.trial.variables == ("need_cash", "active_days")
    assert "2 segments by k-means on 2 variables" in page and "Beside the published segments: agreement" in page
    assert "resamples" in page and "<th scope='col'>T1</th>" in page
    assert [value for _, value in bench.look.against.options][-2:] == ["T1", "T2"]


def test_bench_tries_other_variables(given):
    bench = Bench(given)
    page = try_out(bench, 2, "tenure")
    assert bench.trial.variables == ("tenure",) and "on 1 variable" in page


def test_bench_shows_the_partition_tried_on_the_map(given):
    bench = Bench(given)
    try_out(bench, 2)
    lasso(bench, (0, 0))
    bench.attempt.colour.value = True
    assert [trace.name for trace in bench.map.figure.data] == ["T1", "T2"] and bench.selected == []
    lasso(bench, (0, 0))
    assert len(bench.selected) == 1
    try_out(bench, 4)
    assert [trace.name for trace in bench.map.figure.data] == ["T1", "T2", "T3", "T4"]
    bench.attempt.colour.value = False
    assert [trace.name for trace in bench.map.figure.data] == ["S1", "S2", "S3"]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [([], "choose at least one variable"), (["employees"], "the columns are not those the encoder needs")],
)
def test_bench_says_in_words_what_it_cannot_try(given, variables, problem):
    bench = Bench(given)
    for box in bench.attempt.variables.values():
        box.value = False
    for name in variables:
        bench.attempt.variables[name].value = True
    bench.attempt.button.click()
    assert "That did not work." in bench.attempt.result.value and problem in bench.attempt.result.value
    assert "Traceback" not in bench.attempt.result.value and not bench.attempt.button.disabled
    assert bench.trial is None


def test_bench_says_in_words_what_nobody_foresaw(given, monkeypatch):
    bench = Bench(given)
    monkeypatch.setattr("segmentation.figures.bench.attempt.try_partition", lambda *a, **k: 1 / 0)
    assert "ZeroDivisionError: division by zero. This is a fault of the bench" in try_out(bench, 2)


def test_bench_saves_names_notes_and_merges(given):
    bench = Bench(given)
    rows = bench.decide.rows
    rows["S1"].name.value, rows["S1"].note.value = "Cash first", "asked by sales"
    assert rows["S3"].why.layout.display == "none"
    rows["S3"].into.value = "S2"
    assert rows["S3"].why.layout.display == ""
    rows["S3"].why.value, bench.decide.by.value = "nobody can tell them apart", "Ana"
    bench.decide.button.click()
    decided = load_decisions(given.study).about()
    assert decided.segments["S1"].model_dump() == {
        "name": "Cash first", "note": "asked by sales", "by": "Ana", "since": "2026Q3",
    }  # fmt: skip
    assert decided.merged == {"S3": "S2"} and decided.decided_on == "2026Q3"
    assert set(decided.centres) == {"S1", "S2", "S3"}
    said = bench.decide.message.value
    assert "Saved to" in said and "decisions.yaml" in said and "S3 counts as part of S2." in said
    assert [trace.name for trace in bench.map.figure.data] == ["S1 Cash first", "S2", "S3"]
    assert ("S1 Cash first (28)", "S1") in bench.look.against.options


def test_bench_keeps_the_lasso_while_decisions_are_saved(given):
    bench = Bench(given)
    lasso(bench, (0, 0), (0, 1))
    bench.decide.rows["S2"].name.value = "Quiet"
    bench.decide.button.click()
    assert len(bench.selected) == 2


def test_bench_opens_with_what_was_decided_and_takes_it_back(given):
    first = Bench(given)
    first.decide.rows["S1"].name.value = "Cash first"
    first.decide.rows["S3"].into.value, first.decide.rows["S3"].why.value = "S1", "w"
    first.decide.button.click()
    again = Bench(given)
    assert again.decide.rows["S1"].name.value == "Cash first"
    assert again.decide.rows["S3"].into.value == "S1" and again.decide.rows["S3"].why.value == "w"
    again.decide.rows["S3"].into.value, again.decide.rows["S1"].name.value = "stands for itself", ""
    again.decide.button.click()
    decided = load_decisions(given.study).about()
    assert decided.merged == {} and decided.segments == {}


def test_bench_saves_twice_in_a_row(given):
    bench = Bench(given)
    for name in ("One", "Two"):
        bench.decide.rows["S1"].name.value = name
        bench.decide.button.click()
    assert load_decisions(given.study).about().segments["S1"].name == "Two"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"S3": ("into", "S1")}, "this must not be empty"),
        ({"S1": ("name", "S2")}, "looks like the id of a segment"),
        ({"S1": ("name", "x" * 61)}, "longer than 60 characters"),
    ],
)
def test_bench_does_not_save_what_the_line_would_refuse(given, change, problem):
    bench = Bench(given)
    for segment, (field, value) in change.items():
        getattr(bench.decide.rows[segment], field).value = value
    bench.decide.button.click()
    assert problem in bench.decide.message.value and not load_decisions(given.study).sha256


def test_bench_does_not_write_over_a_file_it_cannot_read(given):
    file = given.study.resolve("decisions.yaml")
    file.write_text("needs: {segmnets: {}}\n")
    bench = Bench(given)
    assert bench.decide.button.disabled
    assert "unknown key" in bench.decide.message.value and "line 1" in bench.decide.message.value
    bench.decide.save()
    assert file.read_text() == "needs: {segmnets: {}}\n"


def test_bench_does_not_write_over_what_somebody_else_saved(given):
    mine, other = Bench(given), Bench(given)
    other.decide.rows["S1"].name.value = "Theirs"
    other.decide.button.click()
    mine.decide.rows["S1"].name.value = "Mine"
    mine.decide.button.click()
    assert "was changed since it was read here" in mine.decide.message.value
    assert load_decisions(given.study).about().segments["S1"].name == "Theirs"


def test_bench_changes_no_input(given):
    kept = {name: getattr(given, name).copy() for name in ("features", "positions", "membership")}
    bench = Bench(given)
    lasso(bench, (0, 0))
    try_out(bench, 2)
    for name, frame in kept.items():
        pd.testing.assert_frame_equal(getattr(given, name), frame)


def test_bench_draws_a_sample_of_a_large_map_and_says_so(given, monkeypatch):
    monkeypatch.setattr("segmentation.figures.bench.map.MOST", 30)
    bench = Bench(given)
    assert sum(len(trace.customdata) for trace in bench.map.figure.data) == 30
    assert "a random 30 of 55 accounts" in bench.map.caption.value


def write_run(given: Given, folder: Path) -> Workspace:
    """Results of a finished run, as stages 01 and 02 leave them."""
    run = Workspace(given.study, Period.parse("2026Q3"), "02_segments", folder)
    for name in ("features", "membership"):
        run.write(name, getattr(given, name))
    run.write("map", given.positions)
    used = ("need_cash", "active_days", "tenure", "industry")
    small = given.study.model_copy(update={"variables": tuple(v for v in given.study.variables if v.name in used)})
    run.write("profile", profile_segments(given.features, given.membership, small))
    run.write_json("solution", {"solution": given.solution.to_dict(), "encoder": {}})
    return Workspace(small, run.period, "explore", folder)


def test_open_bench_reads_a_finished_run(given, tmp_path):
    run = write_run(given, tmp_path / "run")
    bench = open_bench(run, segments=4)
    assert bench.trial.segments == 4 and bench.solution.segments == ("S1", "S2", "S3")
    assert "application/vnd.jupyter.widget-view+json" in bench._repr_mimebundle_()
    assert "high" in read_given(run).words["S1"]


def test_open_bench_without_units_on_the_map_says_what_to_run(given, tmp_path):
    run = write_run(Given(**{**given.__dict__, "positions": given.positions.iloc[:0]}), tmp_path / "run")
    with pytest.raises(ParameterError, match="no unit is on the map: run 02_segments first"):
        open_bench(run)


def test_open_bench_before_a_run_says_what_to_run(given, tmp_path):
    with pytest.raises(ParameterError, match="Run the earlier notebooks first, or `segmentation run`"):
        open_bench(Workspace(given.study, Period.parse("2026Q3"), "explore", tmp_path / "none"))


def test_load_widgets_without_them_says_how_to_get_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ParameterError, match="the bench needs ipywidgets and anywidget: install the extra `lab`"):
        load_widgets()
