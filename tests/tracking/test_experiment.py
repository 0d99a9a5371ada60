"""Experiments: reference numbers, planted effects, what is left out, what is never said."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest

from segmentation.display import Callout, Reading, Table
from segmentation.errors import DataContractError, ParameterError, StudyError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.tracking import plot_arms, plot_lift
from segmentation.qualitative.intervals import adjust_p_values, newcombe_interval
from segmentation.tracking import (
    EFFECT_COLUMNS,
    Experiment,
    analyse_experiment,
    analyse_experiments,
    describe_experiment,
    describe_experiments,
    holm_p_values,
    load_experiments,
    read_exposures,
    stack_experiments,
    tabulate_arms,
    tabulate_effects,
)
from segmentation.tracking.cut_words import say_coverage
from segmentation.tracking.effects import joint_interval
from segmentation.tracking.look_words import describe_looks
from segmentation.tracking.numbers import compare_rates
from segmentation.tracking.sequential import look_boundaries
from segmentation.tracking.verdicts import _joint_level, judge_together

PLANTED = {"S1": (200, 40, 200, 90), "S2": (200, 60, 200, 61), "S3": (200, 80, 200, 40)}


def row(result, segment):
    return result.effects.set_index("segment").loc[segment]


def test_analyse_experiment_reference_difference(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial({"S1": (2000, 200, 2000, 240)}))
    total = row(result, "all")
    assert total["lift"] == pytest.approx(0.02)
    assert total["p"] == pytest.approx(0.0432050441, abs=1e-9)
    assert [total["lower"], total["upper"]] == pytest.approx([0.000611, 0.039389], abs=1e-4)  # gbstats' Wald interval
    assert list(result.effects.columns) == list(EFFECT_COLUMNS)


def test_analyse_experiment_names_helped_and_harmed_segments(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial(PLANTED))
    verdicts = result.effects.set_index("segment")["verdict"].to_dict()
    assert verdicts == {"S1": "helped", "S2": "no clear difference", "S3": "harmed", "all": "no clear difference"}
    assert result.heterogeneity.loc[0, "p"] < 0.001 and result.heterogeneity.loc[0, "i2"] > 0.9
    # shrunk towards the mean, never past it
    assert 0 < row(result, "S1")["shrunk"] < row(result, "S1")["lift"]
    assert row(result, "S3")["lift"] < row(result, "S3")["shrunk"] < 0
    told = str(describe_experiment(result))
    assert "It helped S1 (+25.0 points" in told and "It harmed S3 (-20.0 points" in told
    assert "n = 200 and 200" in told


def test_analyse_experiment_row_order_does_not_matter_and_input_is_kept(experiment, draw_trial):
    assignment, outcomes, members = draw_trial(PLANTED)
    before = assignment.copy(), outcomes.copy(), members.copy()
    expected = analyse_experiment(experiment, assignment, outcomes, members)
    shuffled = [table.sample(frac=1, random_state=2) for table in (assignment, outcomes, members)]
    found = analyse_experiment(experiment, *shuffled)
    pd.testing.assert_frame_equal(found.effects, expected.effects)
    for table, kept in zip((assignment, outcomes, members), before, strict=True):
        pd.testing.assert_frame_equal(table, kept)


def test_analyse_experiment_alarm_on_sample_ratio(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial({"S1": (1000, 100, 1200, 200)}))
    assert result.alarm
    told = describe_experiment(result)
    assert isinstance(told, Callout) and told.kind == "caution"
    assert "control 1,000, new 1,200" in told.text
    assert isinstance(plot_lift(result), Callout) and "Difference" not in tabulate_effects(result).frame
    assert not analyse_experiment(experiment, *draw_trial({"S1": (1000, 100, 1100, 200)})).alarm  # p = .029096


def test_analyse_experiment_too_few_units_are_not_judged(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial({**PLANTED, "S4": (4, 0, 5, 5)}))
    verdicts = result.effects.set_index("segment")["verdict"]
    assert verdicts["S4"] == "too few units"
    assert (verdicts == "withheld").sum() == 1  # the next smallest, so that S4 cannot be found by subtraction
    small = result.arms[result.arms["segment"] == "S4"]
    assert small["withheld"].all() and small["rate"].isna().all()
    assert pd.isna(row(result, "S4")["lift"])
    assert "Too few units to say anything in" in str(describe_experiment(result))


def test_analyse_experiment_leaves_out_and_counts(experiment, draw_trial):
    assignment, outcomes, members = draw_trial({"S1": (50, 5, 50, 10)})
    extra = pd.DataFrame({"unit": ["S1-control-0", "x1"], "arm": ["control", "new"],
                          "assigned_at": pd.Timestamp("2026-07-06")})  # fmt: skip
    late = pd.DataFrame(
        [("S1-new-41", "booked", "2026-08-03"), ("nobody", "booked", "2026-07-08"),
         ("S1-new-42", "other", "2026-07-08"), ("S1-new-1", "booked", "2026-07-09"), ("S1-new-43", "booked", "2026-07-06")],
        columns=["unit", "outcome", "occurred_at"],
    ).assign(occurred_at=lambda rows: pd.to_datetime(rows["occurred_at"]))  # fmt: skip
    result = analyse_experiment(experiment, pd.concat([assignment, extra]), pd.concat([outcomes, late]), members)
    assert result.left_out == {
        "repeated assignments of a unit to the same arm, the first counted": 1,
        "outcomes of units that were not assigned": 1,
        "outcomes after the window of 28 days": 1,
        "units without a segment before the exposure, counted only over everybody": 1,
    }
    total = result.arms[result.arms["segment"] == "all"].set_index("arm")
    assert total["n"].to_dict() == {"control": 50, "new": 51}  # x1 came
    assert total["successes"].to_dict() == {"control": 5, "new": 11}  # S1-new-43 on the first day counted
    assert "repeated assignments of a unit to the same arm, the first counted: 1" in str(describe_experiment(result))


def test_analyse_experiment_arm_missing_in_a_segment_raises(experiment, draw_trial):
    with pytest.raises(DataContractError, match=r"no unit of segment S4 in this arm \(30 in the others\); got 'new'"):
        analyse_experiment(experiment, *draw_trial({**PLANTED, "S4": (30, 3, 0, 0)}))
    tiny = analyse_experiment(
        experiment, *draw_trial({**PLANTED, "S4": (6, 3, 0, 0)})
    )  # by chance, and withheld anyway
    assert tiny.notes == ("S4 has no unit in arm new.",)
    assert row(tiny, "S4")["verdict"] == "too few units"


def test_analyse_experiment_arm_empty_by_chance_is_too_few_units(plan, draw_trial):
    trial = Experiment.model_validate(plan(arms={"control": 0.05, "new": 0.95}, segments=["S1", "S4"]))
    counts = {"S1": (20, 4, 380, 80), "S4": (0, 0, 60, 12)}  # .95 ** 60 = .046
    found = analyse_experiment(trial, *draw_trial(counts))
    assert row(found, "S4")["verdict"] == "too few units" and found.notes == ("S4 has no unit in arm control.",)
    with pytest.raises(
        DataContractError, match=r"no unit of segment S4 in this arm \(150 in the others\); got 'control'"
    ):
        analyse_experiment(trial, *draw_trial(counts | {"S4": (0, 0, 150, 12)}))  # .95 ** 150 = .0005


@pytest.mark.parametrize("metric", [{}, {"metric": "mean", "value": "hours"}])
def test_analyse_experiment_arm_empty_by_chance_counts_clusters(plan, draw_trial, metric):
    trial = Experiment.model_validate(plan(cluster="account", **metric))
    assignment, outcomes, members = draw_trial({"S1": (200, 40, 200, 60), "S4": (60, 12, 0, 0)})

    def read(size):
        account = assignment["unit"].str.rsplit("-", n=1).str
        named = account[0] + "-" + (account[1].astype(int) // size).astype(str)
        return analyse_experiment(trial, assignment.assign(cluster=named), outcomes.assign(hours=2.0), members)

    assert row(read(10), "S4")["verdict"] == "too few units"  # six accounts: .5 ** 6 = .016
    with pytest.raises(DataContractError, match="no unit of segment S4 in this arm"):
        read(5)  # twelve


def test_analyse_experiment_empty_arm_raises(experiment, draw_trial):
    with pytest.raises(DataContractError, match="no unit in this arm; got 'new'"):
        analyse_experiment(experiment, *draw_trial({"S1": (30, 3, 0, 0)}))


def test_analyse_experiment_nobody_or_everybody_succeeds(experiment, draw_trial):
    none = analyse_experiment(experiment, *draw_trial({"S1": (30, 0, 30, 0), "S2": (30, 30, 30, 30)}))
    assert none.effects["lift"].tolist() == [0, 0, 0]
    assert (none.effects["verdict"] == "no clear difference").all()
    assert isinstance(describe_experiment(none), Reading)


def test_analyse_experiment_without_earlier_segments_looks_at_everybody(experiment, draw_trial):
    assignment, outcomes, _ = draw_trial(PLANTED)
    result = analyse_experiment(experiment, assignment, outcomes, None)
    assert result.effects["segment"].tolist() == ["all"]
    assert "No segments from before the exposure are known" in str(describe_experiment(result))
    assert result.left_out == {}
    assert isinstance(plot_lift(result), Exhibit)


def test_analyse_experiment_three_arms_are_each_compared_with_control(plan, draw_trial):
    trial = Experiment.model_validate(plan(arms={"control": 0.5, "new": 0.25, "other": 0.25}))
    assignment, outcomes, members = draw_trial(PLANTED)
    treated = assignment["arm"] == "new"
    odd = treated & (assignment["unit"].str[-1].isin(list("13579")))
    result = analyse_experiment(trial, assignment.assign(arm=assignment["arm"].mask(odd, "other")), outcomes, members)
    assert result.effects.groupby("arm").size().to_dict() == {"new": 4, "other": 4}
    assert result.heterogeneity["arm"].tolist() == ["new", "other"]
    assert "S1 (new)" in str(describe_experiment(result))


@pytest.fixture
def two_arms(plan, draw_trial):
    """400 in control, 800 in each of two arms: 80, 210 and 164 of them did it."""

    def build(**changes):
        trial = Experiment.model_validate(plan(arms={"control": 0.2, "new": 0.4, "other": 0.4}, **changes))
        units = [(f"{arm}-{i}", arm, i < done) for arm, done, n in (("control", 80, 400), ("new", 210, 800), ("other", 164, 800))
                 for i in range(n)]  # fmt: skip
        table = pd.DataFrame(units, columns=["unit", "arm", "did"]).assign(assigned_at=pd.Timestamp("2026-07-06"))
        outcomes = table.loc[table["did"], ["unit"]].assign(outcome="booked", occurred_at=pd.Timestamp("2026-07-10"))
        return analyse_experiment(trial, table.drop(columns="did"), outcomes, None)

    return build


def test_everybody_is_a_test_of_each_treated_arm(two_arms):
    total = two_arms().effects.set_index("arm")
    p = compare_rates(80, 400, 210, 800)
    assert 0.0125 < p == total.loc["new", "p"] <= 0.025 and total.loc["new", "verdict"] == "helped"
    assert two_arms(alpha=0.025).effects["verdict"].tolist() == ["no clear difference"] * 2  # p is above half of it
    assert set(total["tests"]) == {2} and set(total["coverage"]) == {0.975}
    by_hand = newcombe_interval(210, 800, 80, 400, coverage=0.975)
    assert total.loc["new", ["joint_lower", "joint_upper"]].tolist() == pytest.approx([float(edge) for edge in by_hand])
    assert say_coverage([two_arms()]) == "97.5 % over everybody, widened for choosing among 2 arms"


def test_everybody_of_one_treated_arm_is_one_test(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial(PLANTED))
    assert row(result, "all")[["tests", "coverage"]].tolist() == [1, 0.95]
    assert say_coverage([result]).endswith("95 % over everybody, one test by itself")


def test_looks_share_alpha_among_treated_arms(two_arms):
    looks = [{"day": "2026-07-20", "share": 0.5}, {"day": "2026-08-10", "share": 1}]
    result = two_arms(looks=looks, spending="pocock")
    alone = look_boundaries([0.5, 1], alpha=0.025, spending="pocock")
    found = result.looks.drop_duplicates("look")["limit"].tolist()
    assert found == pytest.approx(list(alone), rel=2e-3)  # a little farther out: Student's t
    assert "and all arms together as often as one" in str(describe_looks([result]))


def test_not_randomised_campaign_gets_rates_and_no_causal_word(plan, draw_trial):
    campaign = Experiment.model_validate(plan(randomised=False, control=None, arms={"control": 0.5, "new": 0.5}))
    result = analyse_experiment(campaign, *draw_trial(PLANTED))
    assert result.effects.empty and result.srm.empty and result.heterogeneity.empty and not result.alarm
    assert len(result.arms) == 8
    texts = [str(describe_experiment(result)), str(tabulate_arms(result).as_json())]
    exhibit = plot_arms(result)
    assert isinstance(exhibit, Exhibit)
    texts += [exhibit.caption, exhibit.alt]
    for text in texts:
        assert not re.search(
            r"\b(lift|effect|caus\w+|because|impact|worked|helped|harmed|due to|led to)\b", text, re.I
        ), text
    assert isinstance(plot_lift(result), Callout)
    assert "Difference" not in tabulate_effects(result).frame.columns
    assert "chose whom it reached" in str(describe_experiment(result))


def test_no_experiment_is_absent_everywhere(study):
    assert analyse_experiments(study, None) == ()
    told = describe_experiments(())
    assert isinstance(told, Callout) and told.kind == "absent"
    for made in (tabulate_arms(()), plot_arms(())):
        assert isinstance(made, Callout)
    assert not tabulate_effects(()).paragraphs and not plot_lift(()).paragraphs  # said once is enough
    assert stack_experiments(()).empty


def test_stack_experiments_has_the_same_columns_with_and_without(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial(PLANTED))
    table = stack_experiments([result])
    assert list(table.columns) == list(stack_experiments(()).columns)
    assert len(table) == 8 and table["lift"].notna().sum() == 4


def test_plot_lift_draws_raw_and_shrunk_with_their_intervals(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial(PLANTED))
    exhibit = plot_lift(result, source="assignment.csv")
    assert isinstance(exhibit, Exhibit)
    raw, shrunk = exhibit.figure.data
    assert list(raw.x) == result.effects["lift"].tolist()
    assert list(shrunk.x) == result.effects["shrunk"].dropna().tolist()
    assert list(raw.x + raw.error_x.array) == pytest.approx(result.effects["joint_upper"].tolist())
    assert exhibit.figure.layout.shapes[0].x0 == 0
    assert "S3 -20.0 points" in exhibit.alt and "S1 200 and 200" in exhibit.caption
    table = tabulate_effects([result, result])
    assert isinstance(table, Table) and table.frame.columns[0] == "Experiment"


def test_describe_experiments_several_in_one_reading(experiment, draw_trial):
    result = analyse_experiment(experiment, *draw_trial(PLANTED))
    broken = analyse_experiment(experiment, *draw_trial({"S1": (1000, 100, 1200, 200)}))
    told = describe_experiments([result, broken], units="accounts")
    assert isinstance(told, Reading)
    assert "Accounts by arm: control 600, new 600." in str(told) and "no result is read from it" in str(told)


def test_analyse_experiment_missing_columns_raise(experiment, draw_trial):
    assignment, outcomes, members = draw_trial(PLANTED)
    with pytest.raises(ParameterError, match="assignment needs the columns arm"):
        analyse_experiment(experiment, assignment.drop(columns="arm"), outcomes, members)


ASSIGNMENT = "experiment_id,company_id,arm,assigned_at\nmail-1,c1,control,2026-07-06\nmail-1,c2,new,2026-07-06T10:00:00\nother,c3,x,\n"
OUTCOMES = "experiment_id,company_id,outcome,occurred_at\nmail-1,c2,booked,2026-07-09\n"


def test_read_exposures_csv_and_parquet(tmp_path, plan):
    (tmp_path / "assignment.csv").write_text(ASSIGNMENT)
    (tmp_path / "outcomes.csv").write_text(OUTCOMES)
    paths = {"assignment": tmp_path / "assignment.csv", "outcomes": tmp_path / "outcomes.csv"}
    assignment, outcomes = read_exposures(Experiment.model_validate(plan(**paths)), unit="company_id")
    assert assignment["unit"].tolist() == ["c1", "c2"] and len(outcomes) == 1
    pd.read_csv(paths["assignment"]).dropna().assign(assigned_at=pd.Timestamp("2026-07-06")).to_parquet(
        tmp_path / "a.parquet"
    )
    paths["assignment"] = tmp_path / "a.parquet"
    assert read_exposures(Experiment.model_validate(plan(**paths)), unit="company_id")[0]["arm"].tolist() == [
        "control",
        "new",
    ]
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataContractError, match="not a readable Parquet file"):
        read_exposures(Experiment.model_validate(plan(**paths)), unit="company_id")


def test_read_exposures_all_breaches_at_once(tmp_path, plan):
    (tmp_path / "assignment.csv").write_text(ASSIGNMENT.replace("new", "newe").replace("2026-07-06\n", "6.7.2026\n"))
    (tmp_path / "outcomes.csv").write_text(OUTCOMES.replace("booked", "bookd"))
    trial = Experiment.model_validate(plan(assignment=tmp_path / "assignment.csv", outcomes=tmp_path / "outcomes.csv"))
    with pytest.raises(DataContractError) as caught:
        read_exposures(trial, unit="company_id")
    text = str(caught.value)
    for part in ("no such arm (1 rows); got 'newe'", "Did you mean 'new'?", "row 2, column 'assigned_at': not a date",
                 "outcome 'booked' does not occur", "Did you mean 'bookd'?"):  # fmt: skip
        assert part in text
    with pytest.raises(DataContractError, match="column 'firm_id': column is missing"):
        read_exposures(trial, unit="firm_id")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"control": "contrl"}, "Did you mean 'control'?"),
        ({"arms": {"control": 0.5, "new": 0.4}}, "sum to 1"),
        ({"arms": {"control": 1.0}}, "at least two arms"),
        ({"randomised": False}, "has no control"),
        ({"window_days": 0}, "too small; got 0; allowed: a whole number, above 0"),
        ({"started": "2026-07-06", "ended": "2026-07-01"}, "before started"),
        ({"outcom": "x"}, "Did you mean 'outcome'?"),
        ({"assignment": "nowhere.csv"}, "no such file"),
    ],
)
def test_load_experiments_problem_is_named(tmp_path, plan, changes, match):
    import yaml

    for name in ("assignment.csv", "outcomes.csv"):
        (tmp_path / name).touch()
    (tmp_path / "experiments.yaml").write_text(yaml.safe_dump({"experiments": [plan(**changes)]}))
    with pytest.raises(StudyError, match=re.escape(match)):
        load_experiments(tmp_path / "experiments.yaml")


def test_analyse_experiments_reads_all_a_study_names(tmp_path, plan, make_study, draw_trial):
    import yaml

    assignment, outcomes, members = draw_trial(PLANTED)
    for table, name in ((assignment, "assignment.csv"), (outcomes, "outcomes.csv")):
        table.rename(columns={"unit": "company_id"}).assign(experiment_id="mail-1").to_csv(tmp_path / name, index=False)
    (tmp_path / "experiments.yaml").write_text(yaml.safe_dump({"experiments": [plan()]}))
    (result,) = analyse_experiments(make_study(experiments="experiments.yaml"), members)
    assert row(result, "S3")["verdict"] == "harmed"


@pytest.mark.parametrize("control", ["fdr", "familywise"])
@pytest.mark.parametrize("sizes", [(30, 10), (30, 12), (60, 12)])
def test_joint_interval_says_what_the_verdict_says(control, sizes):
    """The interval that a verdict rests on leaves out 0 where false finds are counted exactly if it is called; else never less wide."""
    p = pd.Series([0.001, 0.012, 0.03, 0.2, 0.6, 0.9])
    q = adjust_p_values(p) if control == "fdr" else holm_p_values(p)
    level, tests = _joint_level(q, 0.05, control)
    assert tests == 6 and level <= 0.05
    called = (q <= 0.05).to_numpy()
    assert ((p <= level).to_numpy() == called).all() if control == "fdr" else level == pytest.approx(0.05 / 6)
    n, k = 100, sizes
    row = SimpleNamespace(
        lift=(k[0] - k[1]) / n, plain=True, n_arm=n, n_control=n, rate_arm=k[0] / n, rate_control=k[1] / n
    )
    assert joint_interval(row, level) == pytest.approx(newcombe_interval(k[0], n, k[1], n, coverage=1 - level))
    assert joint_interval(row, level)[0] <= joint_interval(row, 0.05)[0]


@pytest.mark.parametrize("turned", [False, True])
def test_judge_together_takes_a_campaign_and_a_test_of_one_family(plan, draw_trial, turned):
    campaign = plan(id="mail-2", randomised=False, control=None, family="mails")
    results = [
        analyse_experiment(Experiment.model_validate(made), *draw_trial(PLANTED))
        for made in (plan(family="mails"), campaign)
    ]
    judged = judge_together(results[::-1] if turned else results)
    trial, other = judged[::-1] if turned else judged
    pd.testing.assert_frame_equal(trial.effects, results[0].effects)
    assert trial.tests == 3 and other.effects.empty
