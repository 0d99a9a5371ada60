"""Experiments with means, ratios, clusters, channels, covariates, families, looks: what the result says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Reading, Table
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.experiments import plot_looks
from segmentation.figures.tracking import plot_arms, plot_lift
from segmentation.period import Period
from segmentation.tracking import (
    ArmData,
    Experiment,
    Family,
    analyse_experiment,
    describe_experiment,
    describe_looks,
    estimate_lift,
    holm_p_values,
    judge_together,
    tabulate_arms,
    tabulate_channels,
    tabulate_effects,
    tabulate_looks,
)

DAY = pd.Timestamp("2026-07-06")


@pytest.fixture
def draw():
    """Assignment, outcomes and membership of people in accounts, with hours, asked and won, and hours from before."""

    def build(n: int = 400, lift: float = 2.0, seed: int = 1):
        rng = np.random.default_rng(seed)
        account = np.repeat(np.arange(n // 4), 4)
        arm = np.where(account % 2 == 0, "control", "new")
        before = 10 + 3 * rng.standard_normal(n)
        asked = rng.poisson(5, n)
        units = pd.DataFrame(
            {
                "unit": [f"u{i:03d}" for i in range(n)], "arm": arm, "assigned_at": DAY, "cluster": [f"a{a}" for a in account],
                "channel": np.where(np.arange(n) % 4 < 2, "mail", "app"), "covariate": before,
                "segment": np.where(account % 4 < 2, "S1", "S2"),
            }
        )  # fmt: skip
        outcomes = pd.DataFrame(
            {
                "unit": units["unit"], "outcome": "booked", "occurred_at": DAY + pd.Timedelta(days=2),
                "hours": before + lift * (arm == "new") + rng.standard_normal(n), "asked": asked.astype(float),
                "won": rng.binomial(asked, np.where(arm == "new", 0.4, 0.3)).astype(float),
            }
        )  # fmt: skip
        return units.drop(columns="segment"), outcomes, units.set_index("unit")[["segment"]]

    return build


def row(result, segment="all"):
    return result.effects.set_index("segment").loc[segment]


def test_analyse_experiment_mean_with_covariate_and_clusters(plan, draw):
    assignment, outcomes, members = draw()
    trial = Experiment.model_validate(plan(metric="mean", value="hours", cluster="account", covariate="hours_before"))
    result = analyse_experiment(trial, assignment, outcomes, members)
    merged = assignment.merge(outcomes, on="unit")
    arms = [
        ArmData(p["hours"].to_numpy(), None, p["covariate"].to_numpy(), p["cluster"].to_numpy())
        for _, p in merged.groupby("arm")
    ]
    raw, less = estimate_lift(*arms), estimate_lift(*arms, adjust=True)
    total = row(result)
    assert [total["lift"], total["lower"], total["p"]] == pytest.approx([raw.lift, raw.lower, raw.p])
    assert [total["cuped"], total["cuped_upper"], total["r2"]] == pytest.approx([less.lift, less.upper, less.r2])
    assert total["r2"] > 0.8 and total["cuped_upper"] - total["cuped_lower"] < 0.5 * (total["upper"] - total["lower"])
    told = str(describe_experiment(result))
    assert (
        "more of “hours” of “booked”, summed by unit," in told
        and "(R2 is that part)" in told
        and "narrower" in told
        and "points" not in told
    )
    table = tabulate_effects(result)
    assert {"CUPED", "R2"} <= set(table.frame.columns) and "CUPED: the same" in table.note
    names = [trace.name for trace in plot_lift(result).figure.data]
    assert names == ["raw", "less what was known before (CUPED)", "shrunk towards the mean of segments"]
    assert "Mean or ratio" in tabulate_arms(result).frame and isinstance(plot_arms(result), Exhibit)


def test_analyse_experiment_sample_ratio_counts_what_was_randomised(plan, draw):
    assignment, outcomes, members = draw()
    # all of 40 accounts with 8 people in control, 40 with 4 in the new arm: people are 2 to 1, accounts are as planned
    trial = Experiment.model_validate(plan(cluster="account"))
    assert analyse_experiment(trial, assignment, outcomes, members).srm["p"].min() > 0.5


def test_analyse_experiment_unknown_covariates_lose_nobody(plan, draw):
    assignment, outcomes, members = draw()
    assignment.loc[:20, "covariate"] = np.nan
    trial = Experiment.model_validate(plan(metric="mean", value="hours", covariate="b"))
    result = analyse_experiment(trial, assignment.drop(columns="cluster"), outcomes, members)
    assert row(result)["n_control"] + row(result)["n_arm"] == 400
    assert "For 21 of 400 the figure from before is not known" in str(describe_experiment(result))


def test_analyse_experiment_ratio(plan, draw):
    assignment, outcomes, members = draw()
    trial = Experiment.model_validate(plan(metric="ratio", numerator="won", denominator="asked"))
    result = analyse_experiment(trial, assignment.drop(columns=["cluster", "covariate"]), outcomes, members)
    merged = assignment.merge(outcomes, on="unit").groupby("arm")[["won", "asked"]].sum()
    rates = merged["won"] / merged["asked"]
    assert row(result)["lift"] == pytest.approx(rates["new"] - rates["control"])
    assert row(result)["rate_control"] == pytest.approx(rates["control"])
    assert "more “won” for every “asked”" in str(describe_experiment(result))


def test_analyse_experiment_ratio_without_any_denominator_is_not_judged(plan, draw):
    assignment, outcomes, members = draw()
    trial = Experiment.model_validate(plan(metric="ratio", numerator="won", denominator="asked"))
    result = analyse_experiment(
        trial, assignment.drop(columns=["cluster", "covariate"]), outcomes.assign(asked=0.0), members
    )
    assert row(result)["verdict"] == "too few units" and np.isnan(row(result)["lift"])


def test_analyse_experiment_by_channel(plan, draw):
    assignment, outcomes, members = draw()
    trial = Experiment.model_validate(plan(metric="mean", value="hours", channel="via"))
    result = analyse_experiment(trial, assignment.drop(columns=["cluster", "covariate"]), outcomes, members)
    assert result.channels["segment"].tolist() == ["app", "mail", "all"] and len(result.channel_spread) == 1
    table = tabulate_channels(result)
    assert isinstance(table, Table) and "Channel" in table.frame and "by channel" in table.caption
    assert "By channel, each interval of one test by itself: app" in str(describe_experiment(result))
    alone = analyse_experiment(trial, assignment.drop(columns=["cluster", "covariate", "channel"]), outcomes, members)
    assert alone.channels.empty and not tabulate_channels(alone).paragraphs


def test_analyse_experiment_simpson_is_said(experiment, draw_trial):
    # both segments lose, everybody together wins: the new arm has more of the segment that books more anyway
    counts = {"S1": (300, 30, 100, 5), "S2": (100, 60, 300, 165)}
    result = analyse_experiment(experiment, *draw_trial(counts))
    assert row(result)["lift"] > 0
    assert bool(result.heterogeneity["reversed"].iloc[0])
    assert result.heterogeneity["standardised"].iloc[0] == pytest.approx(
        (400 * (0.05 - 0.1) + 400 * (0.55 - 0.6)) / 800
    )
    told = str(describe_experiment(result))
    assert "Simpson's paradox" in told
    # 300 against 100 is no even split, so neither segment is read, and the reader is not sent to them
    assert result.effects.set_index("segment")["verdict"][["S1", "S2"]].tolist() == ["not read"] * 2
    assert "Read the segments" not in told and "Find out why the arms are mixed so differently" in told
    mild = analyse_experiment(experiment, *draw_trial({"S1": (120, 12, 80, 4), "S2": (80, 72, 120, 104)}))
    assert (
        row(mild)["lift"] > 0 > row(mild, "S1")["lift"] and row(mild, "S2")["lift"] < 0
    )  # 84 and 108 of 200; each loses
    assert "Read the segments, not the total" in str(describe_experiment(mild))


def test_analyse_experiment_segments_from_after_the_exposure_are_not_used(experiment, draw_trial):
    trial = draw_trial({"S1": (50, 5, 50, 9)})
    assert "S1" in set(analyse_experiment(experiment, *trial, period=Period.parse("2026Q3")).effects["segment"])
    later = analyse_experiment(
        experiment, *trial, period=Period.parse("2026Q4")
    )  # segments of 2026Q3: measured afterwards
    assert later.effects["segment"].tolist() == ["all"] and "looked at together" in later.notes[0]


def test_analyse_experiment_counts_nothing_after_the_quarter(experiment, draw_trial):
    assignment, outcomes, members = draw_trial({"S1": (50, 5, 50, 9)})
    late = outcomes.assign(occurred_at=pd.Timestamp("2026-10-01"))
    trial = experiment.model_copy(update={"window_days": 200})
    assert (
        analyse_experiment(trial, assignment, late, members, period=Period.parse("2026Q3")).arms["successes"].sum() == 0
    )


LOOKS = [{"day": "2026-07-09", "share": 0.5}, {"day": "2026-08-03", "share": 1}]


def test_measure_looks_by_hand(plan, draw_trial):
    assignment, outcomes, members = draw_trial({"S1": (400, 40, 400, 80)})
    early = outcomes.index % 2 == 0
    outcomes = outcomes.assign(occurred_at=outcomes["occurred_at"].where(~early, pd.Timestamp("2026-07-08")))
    trial = Experiment.model_validate(plan(looks=LOOKS))
    result = analyse_experiment(trial, assignment, outcomes, members)
    looks = result.looks
    assert looks["limit"].round(3).tolist() == [2.972, 1.972] and looks["segment"].tolist() == ["all", "all"]
    assert looks["lift"].tolist() == pytest.approx([0.05, 0.1])  # 20 against 40 by then, 40 against 80 in the end
    pooled = 61 / 802  # the larger of the two errors: of no difference, with a success and a failure added
    assert looks["error"].iloc[0] == pytest.approx((pooled * (1 - pooled) * 2 / 399) ** 0.5)
    assert looks["crossed"].tolist() == [False, True]
    assert (looks["valid_upper"] - looks["valid_lower"] > 2 * 1.96 * looks["error"]).all()
    told = str(describe_looks([result]))
    assert (
        "registered with 2 looks, 2 of which have come" in told and "passed the limit at look 2 of 2026-08-03" in told
    )
    assert "however often anybody looks" in told
    picture = plot_looks([result])
    assert isinstance(picture, Exhibit) and "everybody passes its limit at look 2" in picture.alt
    assert tabulate_looks([result]).frame["Passed"].tolist() == ["no", "yes"]


def test_looks_absent(experiment, plan, draw_trial):
    trial = draw_trial({"S1": (50, 5, 50, 9)})
    result = analyse_experiment(experiment, *trial)
    assert result.looks.empty and "registered with one look" in str(describe_looks([result]))
    assert not plot_looks([result]).paragraphs and not tabulate_looks([result]).paragraphs
    campaign = analyse_experiment(Experiment.model_validate(plan(randomised=False, control=None)), *trial)
    assert describe_looks([campaign]) == Reading([])


def test_judge_together_pools_the_tests_of_a_family(plan, draw_trial):
    made = []
    for name, counts in (
        ("e1", {"S1": (200, 40, 200, 60), "S2": (200, 40, 200, 41)}),
        ("e2", {"S1": (200, 40, 200, 39)}),
    ):
        trial = Experiment.model_validate(plan(id=name, family="m"))
        made.append(analyse_experiment(trial, *draw_trial(counts)))
    first, second = judge_together(made)
    p = pd.concat([r.effects[r.effects["segment"] != "all"]["p"] for r in made]).tolist()
    assert first.effects["q"].iloc[0] == pytest.approx(3 * min(p)) and (first.tests, second.tests) == (3, 3)
    assert made[0].effects["q"].iloc[0] == pytest.approx(2 * min(p))
    for result in made:
        result.experiment._rule = Family(control="familywise", label="mails")
    strict = judge_together(made)[0]
    assert strict.effects["q"].dropna().tolist() == pytest.approx(holm_p_values(pd.Series(p)).tolist()[:2])
    assert "the chance that any of the 3 tests of the family “mails” is so named falsely" in str(
        describe_experiment(strict)
    )
