from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import ParameterError
from segmentation.features import adjust_fdr
from segmentation.features.leaks import area_under_curve
from segmentation.figures.outcomes import plot_drivers
from segmentation.profiling.folds import choose_folds, corrected_interval, corrected_p
from segmentation.profiling.outcome_words import describe_outcomes, tabulate_drivers, tabulate_outcomes
from segmentation.profiling.outcomes import predict_outcome, predict_outcomes
from segmentation.profiling.ridge import area_by_column, fit_ridge

VARIABLES = [
    {"name": "x", "role": "base"},
    {"name": "y", "role": "base"},
    {"name": "driver"},
    {"name": "noise"},
    {"name": "trade", "level": "nominal"},
    {"name": "left", "level": "binary", "role": "outcome"},
    {"name": "value", "role": "outcome"},
]


def customers(rng, n=400):
    values = pd.DataFrame(
        rng.normal(size=(n, 4)), columns=["x", "y", "driver", "noise"], index=[f"U{i}" for i in range(n)]
    )
    values["trade"] = np.array(["roofs", "pipes", "lifts"])[rng.integers(0, 3, n)]
    values["left"] = (rng.random(n) < 1 / (1 + np.exp(1 - values["x"] - values["driver"]))).astype(float)
    values["value"] = 2 * values["driver"] + values["x"] + 3 * (values["trade"] == "roofs") + rng.normal(size=n)
    return values, pd.Series(np.where(values["x"] + values["y"] > 0, "S1", "S2"), index=values.index)


@pytest.fixture
def world(make):
    return *customers(np.random.default_rng(1)), make(VARIABLES, ["x", "y"])


def test_outcomes_planted_drivers_are_found_and_noise_is_not(world):
    values, segment, study = world
    left, value = predict_outcomes(values, segment, study, repeats=3)
    assert (left.measure, value.measure) == ("AUC", "R squared")
    assert set(left.importance.index[:2]) == {"x", "driver"}
    assert set(value.importance.index[:3]) == {"trade", "driver", "x"}
    for found in (left, value):
        sure = found.importance[found.shown(0.05)].index
        assert {"x", "driver"} <= set(sure)
        assert found.importance["q"].to_numpy() == pytest.approx(adjust_fdr(found.importance["p"].to_numpy()))
        assert not {"noise", "y"} & set(sure)
    assert left.importance.loc["driver", "direction"] == "higher"
    assert value.importance.loc["trade", "direction"] == ""
    assert value.scores.loc["variables", "estimate"] == pytest.approx(1 - 1 / values["value"].var(), abs=0.04)


def test_outcomes_segments_made_of_the_variables_add_nothing(world):
    values, segment, study = world
    found = predict_outcome(values, segment, study, "left", repeats=3)
    gain = found.gains.loc["segments beyond variables"]
    assert gain["lower"] <= 0
    assert found.scores.loc["segments", "lower"] > 0.5
    assert found.gains.loc["variables beyond segments", "lower"] > 0
    text = str(describe_outcomes([found], study))
    assert "Segments add nothing beyond the variables" in text
    assert f"Left ({int(values['left'].sum())} of 400 people): the variables tell it with an AUC of 0." in text
    assert "associations" in text


def test_outcomes_segments_that_know_more_are_said_to(world):
    values, _, study = world
    crossed = pd.Series(np.where(values["x"] * values["y"] > 0, "S1", "S2"), index=values.index)
    bent = values.assign(value=3.0 * (values["x"] * values["y"] > 0) + np.random.default_rng(2).normal(size=400))
    found = predict_outcome(bent, crossed, study, "value", repeats=3)
    assert found.gains.loc["segments beyond variables", "lower"] > 0.2
    assert "Segments add something beyond their variables" in str(describe_outcomes([found], study))


def test_outcomes_of_pure_noise_are_said_to_be_guessing(world):
    values, segment, study = world
    noise = values.assign(left=(np.random.default_rng(3).random(400) < 0.3).astype(float))
    found = predict_outcome(noise, segment, study, "left", repeats=3)
    assert found.scores["lower"].max() <= 0.5
    assert "do not tell it better than guessing" in str(describe_outcomes([found], study))


def test_outcomes_leaking_variables_and_other_outcomes_are_left_out(world):
    values, segment, study = world
    found = predict_outcome(
        values.assign(noise=values["left"] + 0.001 * values["noise"]), segment, study, "left", repeats=1
    )
    assert "noise" not in found.importance.index
    assert "almost perfectly" in found.left_out["noise"]
    assert found.left_out["value"] == "an outcome itself"
    assert "Left out because it tells the outcome almost perfectly" in str(describe_outcomes([found], study))
    same = predict_outcome(values.assign(noise=np.exp(values["value"])), segment, study, "value", repeats=1)
    assert "almost perfectly" in same.left_out["noise"]


@pytest.mark.parametrize("events", [0, 4, 9, 391])
def test_outcomes_few_events_are_a_callout(world, events):
    values, segment, study = world
    found = predict_outcome(values.assign(left=(np.arange(400) < events).astype(float)), segment, study, "left")
    fewer = min(events, 400 - events)
    assert (
        found.reason
        == f"{fewer} of 400 people are {'with' if events < 200 else 'without'} it, and at least 10 are needed"
    )
    words = describe_outcomes([found], study)
    assert isinstance(words, Callout)
    assert found.reason in words.text
    assert tabulate_outcomes([found], study).frame.empty
    assert str(plot_drivers([found], study)) == ""


def test_outcomes_rough_numbers_are_called_rough(world):
    values, segment, study = world
    rare = values.assign(left=(values["x"].rank() > 385).astype(float))
    text = str(describe_outcomes([predict_outcome(rare, segment, study, "left", repeats=1)], study))
    assert "With only 15 people with it, every number here is rough." in text


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("x", "x formed the segments, so they tell it by construction"),
        ("trade", "trade is a name"),
        ("lef", r"no variable 'lef' in the study. Did you mean 'left'\?"),
    ],
)
def test_outcomes_wrong_outcome_is_refused(world, outcome, message):
    values, segment, study = world
    with pytest.raises(ParameterError, match=message):
        predict_outcome(values, segment, study, outcome)


def test_outcomes_the_weight_is_refused_and_equal_weights_change_nothing(world, make):
    values, segment, plain = world
    study = make([*VARIABLES, {"name": "w", "role": "weight"}], ["x", "y"]).model_copy(update={"weight": "w"})
    with pytest.raises(ParameterError, match="w is the weight of this study, not an outcome"):
        predict_outcome(values.assign(w=1.0), segment, study, "w")
    equal = predict_outcome(values.assign(w=0.3), segment, study, "left", repeats=1)
    pd.testing.assert_frame_equal(
        equal.importance, predict_outcome(values, segment, plain, "left", repeats=1).importance
    )
    some = predict_outcome(values.assign(w=1.0 + (np.arange(400) % 5)), segment, study, "left", repeats=1)
    assert some.effective < 400
    assert "weighted, effective base" in str(describe_outcomes([some], study))


def test_outcomes_segments_formed_by_the_outcome_are_not_praised(world):
    values, segment, study = world
    tree = study.segmentation.model_copy(update={"method": "tree", "outcome": "left"})
    grown = study.model_copy(update={"segmentations": {"one": tree}})
    found = predict_outcome(values, segment, grown, "left", repeats=1)
    assert found.formed_by_outcome
    assert "formed by this very outcome" in str(describe_outcomes([found], grown))


def test_outcomes_same_quarter_is_a_caution(make):
    rng = np.random.default_rng(4)
    variables = [
        *VARIABLES[:2],
        {"name": "days", "measure": "active_days"},
        {"name": "left", "measure": "events", "level": "binary", "role": "outcome"},
    ]
    study = make(variables, ["x", "y"])
    values, segment = customers(rng)
    values = values.assign(days=-1.5 * values["left"] + rng.normal(size=400))[["x", "y", "days", "left"]]
    text = str(describe_outcomes([predict_outcome(values, segment, study, "left", repeats=1)], study))
    assert "Days is counted in the same quarter as the outcome" in text


def test_outcomes_study_without_any_is_absent(make):
    study = make(VARIABLES[:5], ["x", "y"])
    values, segment = customers(np.random.default_rng(1), n=60)
    assert predict_outcomes(values, segment, study) == ()
    assert describe_outcomes((), study).kind == "absent"


def test_outcomes_tables_and_figure(world):
    values, segment, study = world
    found = predict_outcomes(values, segment, study, repeats=1)
    table = tabulate_outcomes(found, study)
    assert len(table.frame) == 10
    assert table.as_json()["rows"][0][0] == "left"
    drivers = tabulate_drivers(found, study, rows=2)
    assert len(drivers.frame) == 4
    full = tabulate_drivers(found, study).frame
    assert (full["shown"] == np.where((full["q"] <= 0.05) & (full["loss"] > 0), "yes", "no")).all()
    text = str(describe_outcomes(found, study))
    assert f"controlled over all {len(found[0].importance)} variables" in text and "more of it; q " in text
    exhibit = plot_drivers(found, study, source="a.csv")
    assert "controlled over all variables of the outcome" in exhibit.caption
    drawn = sum(len(trace.x) for trace in exhibit.figure.data)
    assert drawn == len(found[0].importance) + len(found[1].importance)
    assert exhibit.caption.endswith("Source: a.csv.")
    assert exhibit.alt.startswith("A panel for each of 2 outcomes. left: ")
    assert {trace.marker.symbol for trace in exhibit.figure.data} == {"diamond", "circle-open"}


def test_outcomes_missing_values_do_not_stop_it_and_input_stays(world):
    values, segment, study = world
    some = values.assign(driver=values["driver"].where(np.arange(400) % 3 != 0), noise=np.nan)
    before = some.copy(deep=True)
    found = predict_outcome(some, segment, study, "left", repeats=1)
    pd.testing.assert_frame_equal(some, before)
    assert found.left_out["noise"] == "too few different values"
    assert np.isfinite(found.scores.to_numpy()).all()


def test_outcomes_740_units_30_variables_under_three_seconds(make):
    rng = np.random.default_rng(5)
    names = [f"v{i}" for i in range(30)]
    study = make(
        [{"name": n, "role": "base" if i < 10 else "descriptor"} for i, n in enumerate(names)]
        + [{"name": "left", "level": "binary", "role": "outcome"}],
        names[:10],
    )
    values = pd.DataFrame(rng.normal(size=(740, 30)), columns=names)
    values["left"] = (rng.random(740) < 1 / (1 + np.exp(2 - values["v0"]))).astype(float)
    segment = pd.Series(rng.choice(["S1", "S2", "S3"], 740), index=values.index)
    begun = time.process_time()
    predict_outcome(values, segment, study, "left")
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("penalty", [2.0, 30.0])
def test_fit_ridge_is_that_of_scikit_learn(monkeypatch, penalty):
    from sklearn.linear_model import LogisticRegression, Ridge

    rng = np.random.default_rng(6)
    x, w = rng.normal(size=(200, 4)), rng.uniform(0.5, 1.5, 200)
    w /= w.mean()
    y = (rng.random(200) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    monkeypatch.setattr("segmentation.profiling.ridge.PENALTIES", (penalty,))
    ours = fit_ridge(x, y, w, binary=True)
    theirs = LogisticRegression(C=1 / ours.penalty, tol=1e-10, max_iter=1000).fit(x, y, sample_weight=w)
    assert ours.coefficients == pytest.approx(theirs.coef_[0], abs=1e-4)
    assert ours.constant == pytest.approx(theirs.intercept_[0], abs=1e-4)
    value = x @ [1.0, 2.0, 0.0, 0.0] + rng.normal(size=200)
    ours = fit_ridge(x, value, w, binary=False)
    assert ours.coefficients == pytest.approx(Ridge(alpha=ours.penalty).fit(x, value, sample_weight=w).coef_)


def test_fit_ridge_separated_outcome_stays_finite():
    x = np.linspace(-1, 1, 40)[:, None]
    fit = fit_ridge(x, (x[:, 0] > 0).astype(float), np.ones(40), binary=True)
    assert np.isfinite(fit.coefficients).all()


def test_area_by_column_is_the_rank_formula_and_weights_are_repeats():
    rng = np.random.default_rng(7)
    scores, y = rng.integers(0, 5, (50, 3)).astype(float), (rng.random(50) < 0.4).astype(float)
    found = area_by_column(scores, y, np.ones(50))
    assert found == pytest.approx([area_under_curve(column, y == 1) for column in scores.T])
    counts = rng.integers(1, 4, 50)
    repeated = area_by_column(np.repeat(scores, counts, axis=0), np.repeat(y, counts), np.ones(counts.sum()))
    assert area_by_column(scores, y, counts.astype(float)) == pytest.approx(repeated)


def test_choose_folds_hold_everybody_out_once_and_share_events():
    target = (np.arange(53) < 11).astype(float)
    folds = choose_folds(target, True, repeats=2, seed=1)
    for row in folds.places:
        assert set(row) == set(range(5))
        assert np.bincount(row[:11], minlength=5).min() >= 2


def test_corrected_interval_is_wider_than_that_of_independent_folds():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(50, 1))
    row = corrected_interval(values, 0.25, index=["a"], name="x").loc["a"]
    plain = 2.01 * values.std(ddof=1) / np.sqrt(50)
    assert row["upper"] - row["estimate"] == pytest.approx(plain * np.sqrt(1 + 50 * 0.25), rel=1e-3)


def test_outcomes_interval_above_zero_is_not_enough_among_many_variables(world):
    values, segment, study = world
    found = predict_outcome(values, segment, study, "left", repeats=1)
    names = found.importance.index
    p = np.array([0.04, 0.5, 0.6, 0.7, 0.8])[: len(names)]
    table = found.importance.assign(estimate=0.02, lower=0.001, upper=0.039, p=p, q=adjust_fdr(p))
    many = replace(found, importance=table)
    assert not many.shown(0.05).any() and many.shown(0.5).sum() == 1
    assert "No single variable is shown to matter" in str(describe_outcomes([many], study))
    assert "no variable is shown to matter" in plot_drivers([many], study).alt
    assert set(tabulate_drivers([many], study).frame["shown"]) == {"no"}
    harmful = replace(found, importance=table.assign(estimate=-0.02, q=0.001))
    assert not harmful.shown(0.05).any()


def test_corrected_p_agrees_with_the_interval_and_knows_its_limits():
    from scipy.stats import t

    values = np.random.default_rng(9).normal(0.3, 1, size=(20, 6))
    table = corrected_interval(values, 0.25, index=list("abcdef"), name="x")
    p = corrected_p(values, 0.25)
    assert ((p < 0.05) == ((table["lower"] > 0) | (table["upper"] < 0))).all()
    error = np.sqrt((1 / 20 + 0.25) * values[:, 0].var(ddof=1))
    assert p[0] == pytest.approx(2 * t.sf(abs(values[:, 0].mean()) / error, 19))
    assert np.isnan(corrected_p(values[:1], 0.25)).all()
    assert corrected_p(np.zeros((5, 1)), 0.25).tolist() == [1.0]
