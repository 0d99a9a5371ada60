"""Personas in experiments: who speaks for whom before the exposure, judged in one family with segments; counted by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Reading
from segmentation.errors import DataContractError
from segmentation.figures.tracking import plot_lift
from segmentation.period import Period
from segmentation.qualitative.intervals import adjust_p_values
from segmentation.tracking import (
    Experiment,
    Strata,
    analyse_experiment,
    compare_rates,
    describe_experiment,
    describe_looks,
    find_strata,
    measure_heterogeneity,
    plan_experiment,
    read_exposures,
    shrink_lifts,
    stack_personas,
    tabulate_effects,
    tabulate_persona_effects,
    weigh_predictions,
)
from segmentation.tracking.effects import correlate_lifts
from segmentation.tracking.strata import NO_PERSONA, NOT_KNOWN

Q3 = Period.parse("2026Q3")
HEAD = "---\npersona_id: {id}\nname: {name}\nsegment: {segment}\n{more}---\n"
DEFINED = "defining: [{{variable: {}, direction: above}}]\n"
COUNTS = {"S1": (200, 40, 200, 90), "S2": (200, 60, 200, 61)}  # n and k of control, n and k of the new message


@pytest.fixture
def people(tmp_path, make_study):
    """A study with four personas: two that may share units, one defined by nothing, one by a variable that is not there."""
    folder = tmp_path / "personas"
    folder.mkdir()
    for name, segment, more in (
        ("dana", "S1", DEFINED.format("calls")),
        ("sam", "S1", DEFINED.format("trips")),
        ("bea", "S2", ""),
        ("carys", "S2", DEFINED.format("audits")),
        ("old", "S1", DEFINED.format("calls") + "status: retired\n"),
    ):
        text = HEAD.format(id=name, name=name.title(), segment=segment, more=more)
        (folder / f"{name}.md").write_text(text)
    return make_study(personas="personas")


def test_find_strata_matches_by_every_known_attribute(people):
    features = pd.DataFrame(
        {"calls": [9.0, 9, 1, 1, np.nan, 9, 1], "trips": [9.0, 1, 9, 1, 1, np.nan, 1]}, index=list("abcdefg")
    )
    membership = pd.DataFrame({"segment": ["S1"] * 6 + ["S2"]}, index=list("abcdefg"))
    found = find_strata(people, membership, features)  # medians: calls 5, trips 1
    assert {name: list(units) for name, units in found.members.items()} == {"dana": ["a", "b", "f"], "sam": ["a", "c"]}
    assert list(found.unknown) == [
        "e"
    ]  # f has a blank too, and fits a persona all the same; d fits none and all is known
    assert found.silent == {"bea": "its file defines it by no attribute", "carys": "no variable audits"}
    assert found.names["dana"] == "Dana" and found.homes["carys"] == "S2" and "old" not in found.names


def test_find_strata_without_what_was_known_before_has_no_units(people, study):
    assert not find_strata(people, None, None).members and "dana" in find_strata(people, None, None).silent
    assert not find_strata(study, None, None).names


@pytest.fixture
def strata():
    """Dana: the first 100 of S1 in each arm (40 booked in control, all in the new one); Sam: units 50 to 149; of S2 nobody can tell."""

    def ids(segment, start, end):
        return [f"{segment}-{arm}-{i}" for arm in ("control", "new") for i in range(start, end)]

    members = {"dana": pd.Index(ids("S1", 0, 100)), "sam": pd.Index(ids("S1", 50, 150))}
    return Strata(
        members,
        pd.Index(ids("S2", 0, 200)),
        {"dana": "Dana", "sam": "Sam", "bea": "Bea"},
        {"dana": "S1", "sam": "S1", "bea": "S2"},
        {"bea": "its file defines it by no attribute"},
    )


@pytest.fixture
def trial(plan, draw_trial, strata):
    def build(counts=COUNTS, predictions=None, period=Q3, strata=strata, **changes):
        expects = [{"persona": n, "direction": "more"} for n in predictions or {}]
        made = Experiment.model_validate(plan(expects=expects, **changes))
        made._told = {name: (segment, "", 1) for name, segment in (predictions or {}).items()}
        return analyse_experiment(made, *draw_trial(counts), period=period, strata=strata)

    return build


def test_analyse_experiment_counts_persona_units_and_loses_nobody(trial):
    result = trial()
    found = result.personas.set_index("segment")
    assert found.index.tolist() == ["dana", "sam", NO_PERSONA, NOT_KNOWN]
    # Dana: 40 of 100 against 90 of 100; Sam's are units 50 to 149: none of 100 against 40 of 100 (those of 90 that are 50 or above)
    assert found.loc["dana", ["n_control", "n_arm", "lift"]].tolist() == [100, 100, pytest.approx(0.5)]
    assert found.loc["sam", ["n_control", "n_arm", "lift"]].tolist() == [100, 100, pytest.approx(0.4)]
    assert result.several == 100  # units 50 to 99 of both arms
    one = (found.loc[["dana", "sam"], "n_control"].sum() + found.loc[["dana", "sam"], "n_arm"].sum()) - result.several
    rest = found.loc[[NO_PERSONA, NOT_KNOWN], ["n_control", "n_arm"]].to_numpy().sum()
    assert one + rest == 800
    assert found.loc[NO_PERSONA, "n_arm"] == 50 and found.loc[NOT_KNOWN, "n_control"] == 200


def test_analyse_experiment_rests_are_told_and_not_tested(trial):
    found = trial().personas.set_index("segment")
    for name in (NO_PERSONA, NOT_KNOWN):
        assert found.loc[name, "verdict"] == "not tested" and math.isnan(found.loc[name, "lift"])
    assert found.loc[NOT_KNOWN, ["rate_control", "rate_arm"]].tolist() == [60 / 200, 61 / 200]
    assert found.loc[[NO_PERSONA, NOT_KNOWN], ["p", "q", "shrunk"]].isna().all(axis=None)


def test_judge_together_segments_and_personas_are_one_family(trial):
    result = trial()
    p = pd.Series([compare_rates(40, 200, 90, 200), compare_rates(60, 200, 61, 200), compare_rates(40, 100, 90, 100),
                   compare_rates(0, 100, 40, 100)])  # fmt: skip
    by_hand = adjust_p_values(p)
    assert result.tests == 4
    assert result.effects["q"].dropna().tolist() == pytest.approx(by_hand[:2].tolist())
    assert result.personas["q"].dropna().tolist() == pytest.approx(by_hand[2:].tolist())
    assert result.personas["verdict"].tolist()[:2] == ["helped", "helped"]
    # three of four are named: each interval at 3 x .05 / 4
    assert set(result.personas["coverage"].iloc[:2]) == {1 - 0.05 * 3 / 4} and result.effects["tests"].iloc[0] == 4
    alone = trial(by_persona=False)
    assert alone.personas.empty and alone.tests == 2


def test_describe_experiment_says_personas_and_whom_they_leave_out(trial):
    result = trial()
    told = str(describe_experiment(result, units="accounts"))
    for part in (
        "By persona (accounts that had, before the test, every attribute that defines the persona; 100 accounts fit several and count",
        "It helped Dana (+50.0 points",
        "Among the other accounts, 100 fit no persona, and of 400 nobody can tell",
        "these 4 tests, of segments and of personas together",
        "differs between segments by more than chance explains",
        "that they share units is allowed for",
        "in segments and personas, widened for choosing among 4 tests; 95 % over everybody, one test by itself",
    ):
        assert part in told, told
    frame = tabulate_persona_effects(result).frame
    assert frame["Persona"].tolist() == ["Dana", "Sam", NO_PERSONA, NOT_KNOWN]
    picture = plot_lift(result, by="persona")
    assert "by persona" in picture.caption and "each of one test by itself" in picture.caption and "Dana" in picture.alt
    assert stack_personas([result])["persona"].tolist() == ["dana", "sam", NO_PERSONA, NOT_KNOWN]


def test_personas_absent_is_by_segment_as_before(plan, draw_trial):
    result = analyse_experiment(Experiment.model_validate(plan()), *draw_trial(COUNTS))
    assert result.personas.empty and result.tests == 2 and "By persona" not in str(describe_experiment(result))
    assert isinstance(tabulate_persona_effects(result), Reading) and isinstance(
        plot_lift(result, by="persona"), Reading
    )
    assert list(stack_personas([result]).columns) == list(stack_personas([]).columns)


def test_correlate_lifts_is_the_share_of_units_in_common(experiment):
    # every run of an even number of units has share .5, so that only the units in common count: 4 of 8
    units = pd.concat(
        [pd.DataFrame({"arm": arm, "value": [0.0, 1.0] * 8, "base": 1.0}, index=[f"{arm}{i}" for i in range(16)])
         for arm in ("control", "new")]
    )  # fmt: skip

    def part(start, end):
        return units[[start <= int(re.sub(r"\D", "", name)) < end for name in units.index]]

    found = correlate_lifts(experiment, [part(0, 8), part(4, 12), part(8, 16), part(0, 8)], "new")
    assert found == pytest.approx(
        np.array([[1, 0.5, 0, 1], [0.5, 1, 0.5, 0.5], [0, 0.5, 1, 0], [1, 0.5, 0, 1]]), abs=1e-12
    )


def test_measure_heterogeneity_of_lifts_that_share_units():
    # two of them: (d1 - d2)^2 / (v1 + v2 - 2 c)
    covariance = np.array([[4.0, 2.0], [2.0, 4.0]]) / 1e4
    q, p, _ = measure_heterogeneity([0.0, 0.1], covariance)
    assert q == pytest.approx(0.01 / 4e-4) and p < 1e-6
    plain = measure_heterogeneity([0.1, 0.0, -0.1], [0.05, 0.04, 0.06])
    assert measure_heterogeneity([0.1, 0.0, -0.1], np.diag([0.05, 0.04, 0.06]) ** 2) == pytest.approx(plain)
    # the same units twice say nothing new
    twice = np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 4.0]]) / 1e4
    assert measure_heterogeneity([0.0, 0.0, 0.1], twice)[0] == pytest.approx(
        measure_heterogeneity([0.0, 0.1], [0.02, 0.02])[0]
    )
    assert all(math.isnan(number) for number in measure_heterogeneity([0.1, 0.1], np.full((2, 2), 4e-4)))


def test_shrink_lifts_with_a_covariance_is_the_normal_model_by_matrices():
    d = np.array([0.10, 0.00, -0.10])
    covariance = np.array([[4.0, 2.0, 0.0], [2.0, 4.0, 1.0], [0.0, 1.0, 4.0]]) / 1e3
    ones, weights, means = np.ones(3), [], []
    for tau in np.linspace(0, 0.4, 400):
        inverse = np.linalg.inv(covariance + tau**2 * np.eye(3))
        mean = ones @ inverse @ d / (ones @ inverse @ ones)
        away = d - mean
        weights.append(
            math.sqrt(np.linalg.det(inverse) / (ones @ inverse @ ones))
            * math.exp(-0.5 * (away @ inverse @ away) - 0.5 * (tau / 0.1) ** 2)
        )
        means.append(mean + tau**2 * inverse @ away)
    weights[0], weights[-1] = weights[0] / 2, weights[-1] / 2
    assert shrink_lifts(d, covariance).lift == pytest.approx(np.average(means, axis=0, weights=weights), abs=1e-9)
    errors = np.array([0.05, 0.02, 0.08])
    assert shrink_lifts(d, errors).lower == pytest.approx(shrink_lifts(d, np.diag(errors**2)).lower)


def test_weigh_predictions_on_own_units_else_on_the_segment_and_says_why(trial, strata):
    found = weigh_predictions([trial(predictions={"dana": "S1", "bea": "S2"})], Q3).set_index("persona")
    assert found.loc["dana", ["basis", "n_control", "lift"]].tolist() == ["its own units", 100, pytest.approx(0.5)]
    assert found.loc["bea", "basis"] == "its whole segment: its file defines it by no attribute"
    assert found.loc["bea", "n_control"] == 200
    strata.members["dana"] = strata.members["dana"][[0, 1, 2, 100, 101]]
    small = weigh_predictions([trial(predictions={"dana": "S1"})], Q3).iloc[0]
    assert small["basis"] == "its whole segment: it has only 3 and 2 units of its own" and small["n_arm"] == 200
    off = weigh_predictions([trial(predictions={"dana": "S1"}, by_persona=False)], Q3).iloc[0]
    assert off["basis"] == "its whole segment: registered without personas"


def persona_units(start, end):
    return pd.Index([f"S1-{arm}-{i}" for arm in ("control", "new") for i in range(start, end)])


def test_analyse_experiment_persona_that_leaves_few_of_its_segment_is_withheld(trial, strata):
    strata.members["dana"], strata.members["sam"] = persona_units(0, 195), persona_units(50, 150)
    result = trial(predictions={"dana": "S1"})
    found = result.personas.set_index("segment")
    assert found["verdict"].to_dict() | {"sam": ""} == {
        "dana": "withheld", "sam": "", NO_PERSONA: "too few units", NOT_KNOWN: "not tested",
    }  # fmt: skip
    assert found.loc["dana", ["rate_control", "rate_arm", "lift"]].isna().all() and not math.isnan(
        found.loc["sam", "lift"]
    )
    judged = weigh_predictions([result], Q3).iloc[0]
    assert judged["basis"].startswith("its whole segment: beside its own units too few") and judged["n_arm"] == 200
    blank = Strata(strata.members | {"sam": strata.members["dana"]}, names=strata.names, homes=strata.homes)
    rest = trial(strata=blank).personas.set_index("segment").loc[NO_PERSONA]  # all of S2, and the five
    assert rest["n_arm"] == 205 and math.isnan(rest["rate_arm"])
    strata.members["dana"] = persona_units(0, 190)  # ten are left of each arm
    assert trial().personas.set_index("segment").loc["dana", "lift"] == pytest.approx(90 / 190 - 40 / 190)
    strata.members["dana"] = persona_units(0, 200)  # the segment itself: nobody is left
    assert trial().personas.set_index("segment").loc["dana", "lift"] == pytest.approx(0.25)


def test_analyse_experiment_persona_is_not_withheld_for_another_s_size(trial, strata):
    strata.members["dana"], strata.members["sam"] = persona_units(0, 20), persona_units(100, 105)
    result = trial(predictions={"dana": "S1"})
    found = result.personas.set_index("segment")
    assert found.loc["sam", "verdict"] == "too few units" and found.loc["dana", "lift"] == 0
    assert weigh_predictions([result], Q3).iloc[0][["basis", "n_arm"]].tolist() == ["its own units", 20]


def test_weigh_predictions_of_a_persona_in_several_arms_each_on_its_own_basis(plan, draw_trial, strata):
    assignment, outcomes, membership = draw_trial({"S1": COUNTS["S1"]})
    later = assignment["unit"].isin({f"S1-new-{i}" for i in (*range(92, 100), *range(150, 197))})
    assignment.loc[later, "arm"] = "newer"  # 100 of Dana's in control, 92 in new, 8 in newer
    expects = [{"persona": "dana", "direction": "more", "arm": arm} for arm in ("new", "newer")]
    made = Experiment.model_validate(plan(arms={"control": 0.5, "new": 0.4, "newer": 0.1}, expects=expects))
    made._told = {"dana": ("S1", "", 1)}
    result = analyse_experiment(made, assignment, outcomes, membership, period=Q3, strata=strata)
    found = weigh_predictions([result], Q3).set_index("arm")
    assert found.loc["new", ["basis", "n_arm"]].tolist() == ["its own units", 92]
    assert found.loc["newer", "basis"] == "its whole segment: it has only 100 and 8 units of its own"
    assert found.loc["newer", "n_arm"] == 55


def test_looks_are_taken_at_the_persona_that_something_is_predicted_of(trial):
    looks = [{"day": "2026-07-20", "share": 0.5}, {"day": "2026-10-05", "share": 1}]
    result = trial(predictions={"dana": "S1"}, looks=looks)
    assert result.looks.set_index("segment")["n"].to_dict() == {"all": 800, "dana": 200}
    assert not result.finished and result.personas["verdict"].tolist()[:2] == ["helped", "goes on"]
    assert set(result.effects["verdict"]) >= {"goes on"}
    assert "For Dana, new passed the limit at look 1" in str(describe_looks([result]))
    for table in (tabulate_effects(result), tabulate_persona_effects(result)):  # q speaks of the end
        assert "q" not in table.frame and "q is told at the end of a test." in table.note
    assert "q" in tabulate_effects(trial()).frame
    assert "no interval allows for looking early" in plot_lift(result).caption


def test_analyse_experiment_persona_of_an_odd_segment_is_not_read(trial):
    counts = {"S1": (100, 10, 170, 90), "S2": (500, 100, 500, 160)}
    result = trial(counts)
    assert result.personas.set_index("segment").loc[["dana", "sam"], "verdict"].tolist() == ["not read", "not read"]
    assert set(result.unread) >= {"S1", "dana", "sam"}


def test_analyse_experiment_arm_missing_in_a_persona_raises(trial, strata):
    strata.members["dana"] = strata.members["dana"][:100]  # of control only
    with pytest.raises(
        DataContractError, match=r"no unit of persona dana in this arm \(100 in the others\); got 'new'"
    ):
        trial()


ASSIGNMENT = "experiment_id,company_id,arm,assigned_at,who\n" + "".join(
    f"mail-1,c{i},{arm},2026-07-06,{who}\n"
    for i, (arm, who) in enumerate([("control", "dana"), ("new", "dana"), ("control", ""), ("new", "sam")] * 30)
)
OUTCOMES = "experiment_id,company_id,outcome,occurred_at\nmail-1,c1,booked,2026-07-09\n"


@pytest.fixture
def assigned(tmp_path, plan, strata):
    def build(text=ASSIGNMENT, retired=None):
        (tmp_path / "assignment.csv").write_text(text)
        (tmp_path / "outcomes.csv").write_text(OUTCOMES)
        files = {"assignment": tmp_path / "assignment.csv", "outcomes": tmp_path / "outcomes.csv"}
        made = Experiment.model_validate(plan(persona="who", **files))
        made._people = tuple(strata.names)
        strata.names.pop(retired, None)
        return analyse_experiment(made, *read_exposures(made, unit="company_id"), None, strata=strata)

    return build


def test_analyse_experiment_persona_as_the_assignment_names_it(assigned):
    text = ASSIGNMENT.replace(",sam\n", ",dana\n")
    found = assigned(text).personas.set_index("segment")
    assert found["n_arm"].to_dict() == {"dana": 60, NO_PERSONA: 0} and found.loc["dana", "n_control"] == 30
    assert "By persona (as the assignment names it)" in str(describe_experiment(assigned(text)))


def test_analyse_experiment_retired_persona_of_the_assignment_keeps_its_row(assigned, strata):
    strata.names["old"] = "Old"  # known when the file was read, retired by now
    text = ASSIGNMENT.replace(",sam\n", ",old\n").replace(",\n", ",old\n")
    found = assigned(text, retired="old").personas.set_index("segment")
    assert found[["n_control", "n_arm"]].T.to_dict("list") == {"dana": [30, 30], "old": [30, 30]}


def test_analyse_experiment_strange_persona_in_the_assignment_raises(assigned):
    with pytest.raises(
        DataContractError, match=r"row 5, column 'who': no such persona \(30 rows\); got 'dna'.*Did you mean 'dana'"
    ):
        assigned(ASSIGNMENT.replace(",sam\n", ",dna\n"))
    with pytest.raises(DataContractError, match=r"unit in two personas: dana \(row 2\), sam \(row 122\)"):
        assigned(ASSIGNMENT + "mail-1,c0,control,2026-07-06,sam\n")


def test_plan_experiment_by_persona_and_weeks_on_top_of_the_known(plan, strata):
    sizes = {"baseline": 0.2, "units_a_week": 20, "known_first": True}
    made = Experiment.model_validate(plan(smallest_effect=0.1, plan=sizes))
    units = [f"{s}-{arm}-{i}" for s in ("S1", "S2") for arm in ("control", "new") for i in range(200)]
    segments = pd.Series([unit[:2] for unit in units], index=units)
    found = plan_experiment(made, segments, strata=strata).set_index("segment")
    assert found["by"].to_dict() == {
        "S1": "segment",
        "S2": "segment",
        "Dana": "persona",
        "Sam": "persona",
        "all": "all",
    }
    assert found["available"].to_dict() == {"S1": 400, "S2": 400, "Dana": 200, "Sam": 200, "all": 800}
    assert found.loc["Dana", "alpha"] == 0.05 / 4 and found.loc["all", "alpha"] == 0.05
    # a quarter of everybody is Dana: 5 of the 20 that come each week
    assert found.loc["Dana", "weeks"] == pytest.approx((found.loc["Dana", "needed"] - 200) / 5)
    assert found.loc["all", "weeks"] == 0 and found.loc["all", "enough"]
