"""Lopsided audiences: the published example of the four fifths rule first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.activation.audiences import plan_audiences
from segmentation.activation.fairness import (
    NEAR_NOBODY,
    describe_fairness,
    measure_fairness,
    ratio_interval,
    tabulate_association,
    tabulate_fairness,
)
from segmentation.errors import ParameterError
from segmentation.reporting.summaries import summarise_activation
from segmentation.study import Study

from .conftest import STUDY

SOURCE = "Uniform Guidelines on Employee Selection Procedures (1978), questions and answers: 48 of 80 and 12 of 40 hired, ratio .50"


def make_study(protected=("country",), proxies=(), **choices) -> Study:
    content = {
        **STUDY,
        "fairness": {"protected": list(protected), "proxies": list(proxies)},
        "choices": {"draws": 300, **choices},
    }
    return Study.model_validate(content)


def hired() -> tuple[pd.DataFrame, pd.Series, pd.Index]:
    country = ["white"] * 80 + ["black"] * 40
    taken = [True] * 48 + [False] * 32 + [True] * 12 + [False] * 28
    index = pd.Index([f"u{n}" for n in range(120)], name="unit_id")
    rng = np.random.default_rng(1)
    values = pd.DataFrame({"country": country, "need": rng.normal(size=120)}, index=index)
    return values, pd.Series(np.where(taken, "S1", "S2"), index=index), index[taken]


def test_measure_fairness_published_example_of_the_four_fifths_rule():
    values, segments, taken = hired()
    report = measure_fairness({"S1": taken}, segments, values, make_study())
    rows = report.shares.set_index("level")
    assert rows.loc["white", ["n", "selected", "rate", "verdict"]].tolist() == [80, 48, 0.6, "highest"], SOURCE
    assert rows.loc["black", ["n", "selected", "rate", "ratio", "best"]].tolist() == [40, 12, 0.3, 0.5, "white"], SOURCE
    assert rows.at["black", "verdict"] == "cannot tell"  # the interval, .30 to .83, holds .8


def test_measure_fairness_larger_numbers_tell():
    values, segments, _ = hired()
    many = [values.set_axis([f"{n}-{i}" for i in values.index], axis=0) for n in range(4)]
    units = pd.concat([segments.set_axis([f"{n}-{i}" for i in segments.index]) for n in range(4)])
    report = measure_fairness({"S1": units.index[units == "S1"]}, units, pd.concat(many), make_study())
    assert report.shares.set_index("level").at["black", "verdict"] == "below"
    told = str(describe_fairness(report, make_study()))
    assert (
        "1 of 1 comparison of audiences by protected attributes lies" in told
        and "S1 takes 0.50 times as large a part of “black”" in told
    )
    assert "legal advice" in told


def test_ratio_interval_agrees_with_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(12, 40, 48, 80, compare="ratio", method="log")
    assert ratio_interval(12, 40, 48, 80) == pytest.approx((0.5, low, high), rel=1e-6)


def test_ratio_interval_none_selected_is_finite():
    ratio, low, high = ratio_interval(0, 40, 48, 80)
    assert 0 < low < ratio < high < 0.5


def test_measure_fairness_everybody_alike_passes():
    index = pd.Index([f"u{n}" for n in range(4000)], name="unit_id")
    values = pd.DataFrame({"country": ["a", "b"] * 2000, "need": 1.0}, index=index)
    segments = pd.Series((["S1"] * 2 + ["S2"] * 2) * 1000, index=index)
    study = make_study()
    report = measure_fairness({"S1": index[segments == "S1"]}, segments, values, study)
    assert set(report.shares["verdict"]) == {"highest", "above"}
    told = str(describe_fairness(report, study))
    assert "None of 1 comparison" in told and "Neither segments nor proxies" in told and "not declared" in told
    assert (
        tabulate_fairness(report, study).empty.startswith("No level") and tabulate_fairness(report, study).frame.empty
    )


def test_measure_fairness_few_units_are_no_verdict_and_withheld():
    values, segments, taken = hired()
    values = values.assign(country=["rare"] * 5 + list(values["country"][5:]))
    report = measure_fairness({"S1": taken}, segments, values, make_study())
    assert report.shares.set_index("level").at["rare", "verdict"] == "too few"
    assert "1 more has too few accounts to be judged or shown" in str(describe_fairness(report, make_study()))


def test_measure_fairness_withheld_level_is_judged_by_the_most_it_may_hold():
    values, segments, taken = hired()
    study = make_study()
    few = measure_fairness({"S1": taken[:50]}, segments, values, study)  # 48 of 80 white, 2 of 40 black
    row = few.shares.set_index("level").loc["black"]
    most = ratio_interval(9, 40, 48, 80)  # as if nine of the forty were in it: no more can be, with fewer than ten
    assert row["selected"] == 2 and (row["ratio"], row["ratio_lower"], row["ratio_upper"]) == (most[0], 0.0, most[2])
    assert most[2] < 0.8 and row["verdict"] == "below"
    shown = tabulate_fairness(few, study).frame.iloc[0]
    assert shown[["in the audience", "ratio", "reading"]].tolist() == ["under 25.0%", "at most 0.38", "under the limit"]
    assert "S1 takes at most 0.38 times as large a part of “black”" in str(describe_fairness(few, study))


def test_measure_fairness_small_audience_gets_no_verdict_anywhere():
    values, segments, taken = hired()
    study = make_study()
    report = measure_fairness({NEAR_NOBODY: taken[40:55]}, segments, values, study)  # 8 white, 7 black
    assert set(report.shares["verdict"]) == {"too few"} and report.shares["ratio"].isna().all()
    told = str(describe_fairness(report, study))
    assert "No comparison of audiences" in told and "2 more have too few accounts" in told
    assert tabulate_fairness(report, study).frame.empty


def test_describe_fairness_nobody_in_a_segment_is_absent():
    values, segments, _ = hired()
    study = make_study()
    report = measure_fairness({}, segments.mask(segments.notna()), values, study)
    assert describe_fairness(report, study).kind == "absent" and tabulate_fairness(report, study).frame.empty


def test_summarise_activation_decides_nothing_about_those_near_nobody():
    values, segments, _ = hired()
    many = pd.concat([values.set_axis([f"{n}-{i}" for i in values.index], axis=0) for n in range(4)])
    units = pd.concat([segments.set_axis([f"{n}-{i}" for i in segments.index]) for n in range(4)])
    study, taken = make_study(), units.index[units == "S1"]
    nobody = plan_audiences(study, pd.DataFrame({"segment": units}), None)
    decided = {
        name: summarise_activation(nobody, None, measure_fairness({name: taken}, units, many, study), study)["decide"]
        for name in ("S1", NEAR_NOBODY)
    }
    assert len(decided["S1"]) == 1 and "follows S1" in decided["S1"][0] and decided[NEAR_NOBODY] == []


def test_measure_fairness_proxy_that_tells_the_attribute():
    rng = np.random.default_rng(2)
    index = pd.Index([f"u{n}" for n in range(900)], name="unit_id")
    country = rng.choice(["a", "b", "c"], 900)
    need = np.where(country == "a", 5.0, 0.0) + rng.normal(size=900)
    values = pd.DataFrame({"country": country, "need": need, "days": rng.normal(size=900)}, index=index)
    study = make_study(proxies=("need", "days"))
    segments = pd.Series(rng.choice(["S1", "S2"], 900), index=index)
    report = measure_fairness({}, segments, values, study)
    pairs = report.association.set_index(["first", "second"])
    assert pairs.at[("need", "country"), "lower"] > 0.4 and pairs.at[("days", "country"), "v"] < 0.1
    assert (
        pairs.at[("segment", "country"), "v"] < 0.1
        and (pairs["lower"] <= pairs["v"]).all()
        and (pairs["v"] <= pairs["upper"]).all()
    )
    assert "“need” for “country”" in str(describe_fairness(report, study))
    assert len(tabulate_association(report, study).frame) == 5


def test_measure_fairness_numbers_become_quarters_and_missing_is_counted():
    index = pd.Index([f"u{n}" for n in range(400)], name="unit_id")
    values = pd.DataFrame({"need": [*np.arange(396.0), *[np.nan] * 4], "country": "a"}, index=index)
    report = measure_fairness(
        {"S1": index[:200]}, pd.Series("S1", index=index), values, make_study(protected=("need",))
    )
    rows = report.shares.set_index("level")
    assert rows["n"].to_dict() == {
        "lowest quarter": 99,
        "second quarter": 99,
        "third quarter": 99,
        "highest quarter": 99,
    }
    assert (
        report.unknown == {"need": 4}
        and rows.at["highest quarter", "selected"] == 0
        and rows.at["highest quarter", "verdict"] == "below"
    )


def test_measure_fairness_not_declared_says_how():
    study = make_study().model_copy(update={"fairness": None})
    values, segments, taken = hired()
    assert measure_fairness({"S1": taken}, segments, values, study) is None
    callout = describe_fairness(None, study)
    assert callout.kind == "absent" and "fairness.protected" in callout.text
    assert tabulate_fairness(None, study).frame.empty and tabulate_association(None, study).frame.empty


def test_measure_fairness_variable_not_measured_is_refused():
    values, segments, taken = hired()
    with pytest.raises(ParameterError, match="the features lack country, which fairness names"):
        measure_fairness({"S1": taken}, segments, values.drop(columns="country"), make_study())
