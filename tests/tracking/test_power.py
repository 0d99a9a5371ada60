"""Sizes and power against statsmodels and published tables; the plan of an experiment by segment."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import power_proportions_2indep

from segmentation.display import Callout, Reading
from segmentation.errors import ParameterError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.experiments import plot_experiment_plan
from segmentation.tracking import (
    PLAN_COLUMNS,
    Experiment,
    describe_experiment_plan,
    design_effect,
    detectable_share,
    kept_by_cutting,
    plan_experiment,
    plan_experiments,
    power_of_means,
    power_of_shares,
    power_table,
    tabulate_experiment_plan,
    units_for_means,
    units_for_shares,
)

SEGMENTS = pd.Series(["S1"] * 600 + ["S2"] * 300 + ["S3"] * 100)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.6])
@pytest.mark.parametrize("rise", [0.01, 0.2])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
def test_power_of_shares_is_statsmodels(rate, rise, ratio, alpha):
    for n in (50, 400, 4000):  # statsmodels' first sample is our treated arm, its ratio counts the second
        theirs = power_proportions_2indep(rise, rate, n, ratio=ratio, alpha=alpha, return_results=False)
        assert power_of_shares(rate, rate + rise, n * ratio, n, alpha=alpha) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("effect", [0.1, 0.2, 0.5, 1.2])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_power_of_means_is_statsmodels(effect, ratio):
    theirs = TTestIndPower()
    for n in (10, 60, 500):
        known = np.nan_to_num(theirs.power(effect, n, 0.05, ratio=ratio), nan=1.0)  # it gives up where the power is 1
        assert power_of_means(effect, n, n * ratio) == pytest.approx(float(known), abs=1e-9)
    assert units_for_means(effect, ratio=ratio) == pytest.approx(
        theirs.solve_power(effect, power=0.8, alpha=0.05, ratio=ratio), rel=1e-4
    )


def test_power_table_published():
    rates, rises = [0.02, 0.05, 0.10, 0.20], [0.1, 0.2, 0.3, 0.5]
    one = [[80682, 21109, 9798, 3826], [31234, 8158, 3780, 1471], [14751, 3841, 1774, 686], [6510, 1683, 772, 294]]
    four = [[114627, 29990, 13920, 5435], [44375, 11591, 5371, 2090], [20958, 5458, 2521, 975], [9249, 2391, 1096, 417]]
    assert power_table(rates, rises).to_numpy().tolist() == one
    assert power_table(rates, rises, tests=4).to_numpy().tolist() == four
    assert math.ceil(units_for_means(0.2)) == 394  # Cohen (1988)


def test_detectable_share_gives_back_the_size():
    for rate, rise, ratio in ((0.1, 0.02, 1.0), (0.3, 0.1, 0.5)):
        n = units_for_shares(rate, rate + rise, ratio=ratio, alpha=0.01, power=0.9)
        assert detectable_share(rate, n, n * ratio, alpha=0.01, power=0.9) == pytest.approx(rise, abs=1e-8)
    assert np.isnan(detectable_share(0.5, 2, 2))


def test_design_effect_and_cutting_by_hand():
    assert design_effect(11, 0.1) == pytest.approx(2.0)
    assert design_effect(1, 0.5) == 1
    assert kept_by_cutting(0.5) == pytest.approx(2 / math.pi)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: units_for_shares(0.2, 0.2), "must differ; both are 0.2"),
        (lambda: power_of_shares(0.2, 1.2, 5, 5), "shares must lie between 0 and 1; got 0.2, 1.2"),
        (lambda: power_of_shares(0.2, 0.3, 0, 5), "both arms need units; got 0, 5"),
        (lambda: units_for_means(0), "must not be 0"),
        (lambda: power_of_means(0.2, 1, 1), "both arms need units"),
        (lambda: design_effect(0.5, 0.1), "needs size >= 1"),
        (lambda: kept_by_cutting(1), "shares must lie between 0 and 1; got 1"),
    ],
)
def test_power_wrong_values_are_named(call, match):
    with pytest.raises(ParameterError, match=match):
        call()


def planned(make, **changes):
    return Experiment.model_validate(make(**({"smallest_effect": 0.1, "plan": {"baseline": 0.2}} | changes)))


def test_plan_experiment_counts_by_hand(plan):
    found = plan_experiment(planned(plan), SEGMENTS).set_index("segment")
    assert list(found.reset_index().columns) == ["segment", *(c for c in PLAN_COLUMNS if c != "segment")]
    assert found["available"].to_dict() == {"S1": 600, "S2": 300, "S3": 100, "all": 1000}
    assert found.loc["all", "needed_control"] == 294 and found.loc["S1", "needed_control"] == math.ceil(
        units_for_shares(0.2, 0.3, alpha=0.05 / 3)
    )
    assert found["enough"].to_dict() == {"S1": False, "S2": False, "S3": False, "all": True}
    assert found.loc["S3", "detectable"] == pytest.approx(detectable_share(0.2, 50, 50, alpha=0.05 / 3))
    assert found.loc["S3", "detectable_alone"] < found.loc["S3", "detectable"]
    assert found["weeks"].isna().all()


def test_plan_experiment_weeks_looks_clusters_and_covariate(plan):
    looks = [{"day": "2026-07-08", "share": 0.5}, {"day": "2026-07-20", "share": 1}]
    sizes = {"baseline": 0.2, "units_a_week": 100, "most_weeks": 8, "r2": 0.36, "cluster_size": 5, "icc": 0.1}
    simple = plan_experiment(planned(plan), SEGMENTS).set_index("segment")
    found = plan_experiment(planned(plan, plan=sizes, looks=looks, spending="pocock"), SEGMENTS).set_index("segment")
    assert found.loc["S1", "available"] == pytest.approx(60 * 8)
    assert found.loc["S1", "weeks"] == pytest.approx(found.loc["S1", "needed"] / 60)
    assert found.loc["S1", "needed"] == pytest.approx(simple.loc["S1", "needed"] * found.loc["S1", "times"])
    assert 1.4 * 1.05 < found.loc["S1", "times"] < 1.4 * 1.2  # design effect 1.4, and what two looks after Pocock cost
    assert found.loc["S1", "detectable_adjusted"] < found.loc["S1", "detectable"]
    assert found.loc["S1", "r2_needed"] == pytest.approx(1 - 480 / found.loc["S1", "needed"])


def test_plan_experiment_of_a_mean(plan):
    trial = planned(plan, metric="mean", value="hours", smallest_effect=2.0, plan={"baseline": 10, "sd": 10})
    found = plan_experiment(trial, SEGMENTS).set_index("segment")
    assert found.loc["all", "needed_control"] == 394
    assert found.loc["all", "detectable"] == pytest.approx(10 * 2.8043 * (1 / 500 + 1 / 500) ** 0.5, rel=1e-3)
    assert found["detectable_uncut"].isna().all()


def test_plan_experiment_of_everybody_shares_alpha_among_treated_arms(plan):
    trial = planned(plan, arms={"control": 0.4, "new": 0.4, "other": 0.2})
    total = plan_experiment(trial, SEGMENTS).set_index("segment").loc["all"]
    assert (total["tests"], total["alpha"]) == (2, 0.025)
    assert total["needed_control"] == math.ceil(units_for_shares(0.2, 0.3, alpha=0.025, ratio=0.5))


def test_plan_experiment_share_that_can_only_fall(plan):
    found = plan_experiment(planned(plan, smallest_effect=0.2, plan={"baseline": 0.9}), SEGMENTS).set_index("segment")
    assert found.loc["all", "needed_control"] == math.ceil(units_for_shares(0.9, 0.7, alpha=0.05))


def test_plan_experiment_of_a_mean_with_few_units_and_many_tests_sees_nothing(plan):
    trial = planned(plan, metric="mean", value="hours", plan={"baseline": 10, "sd": 10})
    segments = pd.concat([SEGMENTS, pd.Series("S4", index=[f"v{i}" for i in range(4)])])
    found = plan_experiment(trial, segments, tests=15).set_index("segment")
    assert math.isnan(found.loc["S4", "detectable"]) and found.loc["S1", "detectable"] > 0
    assert "S4 less than any difference at all" in str(describe_experiment_plan(found.reset_index()))


def test_describe_plan_says_what_cannot_be_seen_and_what_else(plan):
    found = plan_experiment(planned(plan, plan={"baseline": 0.2, "units_a_week": 100, "r2": 0.3}), SEGMENTS)
    told = str(describe_experiment_plan(found, units="accounts"))
    for part in ("cannot be relied on to show: S1 less than", "register fewer tests",
                 "run longer", "larger smallest difference", "it explains, 30%",
                 "count how much instead of whether",
                 "error rate of 1.67%", "everybody together only"):  # fmt: skip
        assert part in told
    picture = plot_experiment_plan(found, source="plan")
    assert isinstance(picture, Exhibit) and "S3 has" in picture.alt and "not enough" in picture.alt
    frame = tabulate_experiment_plan(found).frame
    assert frame["Enough"].tolist() == ["no" if not ok else "yes" for ok in found["enough"]] and "Weeks" in frame


def test_plan_experiment_without_segments_plans_everybody(plan):
    found = plan_experiment(planned(plan), pd.Series(dtype="str"))
    assert found["segment"].tolist() == ["all"] and not found["enough"].any()
    assert isinstance(describe_experiment_plan(found), Reading)


def test_plan_experiment_of_a_first_quarter_counts_who_comes_in(plan):
    trial = planned(plan, plan={"baseline": 0.2, "units_a_week": 500, "most_weeks": 12})
    total = plan_experiment(trial, pd.Series(dtype="str")).iloc[0]
    assert total["available"] == 6000 and total["enough"] and total["weeks"] == pytest.approx(total["needed"] / 500)


def test_plan_experiments_absent_is_said(study):
    found = plan_experiments(study, None)
    assert found.empty and list(found.columns) == list(PLAN_COLUMNS)
    assert isinstance(describe_experiment_plan(found), Callout)
    assert not tabulate_experiment_plan(found).paragraphs and not plot_experiment_plan(found).paragraphs
