"""What was registered beforehand is refused, whole and with every reason, where it does not fit together."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import yaml

from segmentation.errors import DataContractError, StudyError
from segmentation.tracking import Experiment, analyse_experiment, analyse_experiments, load_experiments, read_exposures

PERSONA = "---\npersona_id: s1-dana\nname: Dana\nsegment: S1\nversion: 2\nprediction: {text: Books more demos.}\n---\n"
LOOKS = [{"day": "2026-07-20", "share": 0.5}, {"day": "2026-08-03", "share": 1}]


@pytest.fixture
def write(tmp_path, plan, make_study):
    """A study whose file of experiments holds the plan with changes, and further keys of the file."""

    def build(more=None, **changes):
        for name in ("assignment.csv", "outcomes.csv"):
            (tmp_path / name).touch()
        (tmp_path / "personas").mkdir(exist_ok=True)
        (tmp_path / "personas" / "dana.md").write_text(PERSONA)
        content = (more or {}) | {"experiments": [plan(**changes)]}
        (tmp_path / "experiments.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        return make_study(experiments="experiments.yaml", personas="personas")

    return build


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"arms": {"control": 0.5, "new": 0.6}}, "arms must be above 0 and sum to 1; they sum to 1.1"),
        ({"looks": LOOKS[::-1]}, "looks out of order: comes after 2026-08-03; got '2026-07-20'"),
        ({"looks": [LOOKS[0], {"day": "2026-08-03", "share": 0.4}]}, "looks out of order: comes after 0.5; got '0.4'"),
        ({"looks": LOOKS[:1]}, "its share must be 1; got 0.5"),
        ({"looks": LOOKS, "started": "2026-07-21"}, "the first look lies before started 2026-07-21"),
        ({"family": "mesages"}, "no such family; got 'mesages'; allowed: messages. Did you mean 'messages'?"),
        (
            {"expects": [{"persona": "s1-dan", "direction": "more"}]},
            "no such persona; got 's1-dan'; allowed: s1-dana. Did you mean",
        ),
        (
            {"expects": [{"persona": "s1-dana", "direction": "up"}]},
            "not one of the words known here; got 'up'; allowed: more, fewer, same",
        ),
        (
            {"expects": [{"persona": "s1-dana", "direction": "more", "arm": "nev"}]},
            "no such arm besides control; got 'nev'",
        ),
        (
            {"expects": [{"persona": "s1-dana", "direction": "more"}], "segments": ["S2"]},
            "its segment S1 is not among the segments",
        ),
        ({"metric": "ratio", "numerator": "won"}, "metric: ratio needs denominator"),
        ({"metric": "mean"}, "metric: mean needs value"),
        ({"value": "hours"}, "metric: binary takes no value; got 'hours'; allowed: with metric: mean"),
        ({"smallest_effect": 8}, "a difference of shares is at most 1; got 8"),
        ({"plan": {"baseline": 20}}, "a share must lie between 0 and 1; got 20"),
        (
            {"smallest_effect": 0.6, "plan": {"baseline": 0.4}},
            "no share is left at this distance from plan.baseline 0.4, neither above nor below; got 0.6; "
            "allowed: below 0.6",
        ),
        ({"metric": "mean", "value": "hours", "plan": {"baseline": 20}}, "sd is missing"),
        ({"spending": "obf"}, "got 'obf'; allowed: obrien_fleming, pocock"),
        (
            {"alpha": 0.1, "family": "messages"},
            "alpha beside family messages: a family has one error rate, its own; got 0.1; allowed: without family. "
            "Drop alpha here; families.messages.alpha says it",
        ),
        ({"alpha": 1.5}, "too large; got 1.5; allowed: a number, above 0 and below 1"),
        ({"randomised": False, "control": None, "looks": LOOKS}, "randomised: false takes no looks"),
    ],
)
def test_load_experiments_bad_registration_is_named(write, changes, match):
    with pytest.raises(StudyError, match=re.escape(match)) as caught:
        load_experiments(write({"families": {"messages": {"label": "mails"}}}, **changes))
    assert re.search(r"experiments\.yaml, line \d+", str(caught.value))


def test_load_experiments_all_problems_at_once_with_their_lines(write):
    study = write(
        {"families": {"m": {"control": "fdrr"}}}, arms={"control": 0.5, "new": 0.4}, looks=LOOKS[::-1], family="n",
        expects=[{"persona": "nobody", "direction": "more"}],
    )  # fmt: skip
    with pytest.raises(StudyError) as caught:
        load_experiments(study)
    text = str(caught.value)
    for part in (
        "sum to 0.9",
        "looks out of order",
        "no such family; got 'n'",
        "no such persona; got 'nobody'",
        "got 'fdrr'; allowed: fdr, familywise",
    ):
        assert part in text
    lines = {violation.line for violation in caught.value.violations}
    assert None not in lines and len(lines) >= 5


def test_load_experiments_links_personas_and_families(write):
    study = write(
        {"families": {"m": {"control": "familywise", "alpha": 0.1}}},
        family="m",
        expects=[{"persona": "s1-dana", "direction": "more"}],
    )
    (found,) = load_experiments(study)
    assert found.told == {"s1-dana": ("S1", "Books more demos.", 2)}
    assert (found.rule.control, found.rule.alpha) == ("familywise", 0.1)
    assert found.treated == ["new"]


def test_experiment_made_in_code_is_checked_too(plan):
    with pytest.raises(ValueError, match="looks out of order"):
        Experiment.model_validate(plan(looks=LOOKS[::-1]))


# what the two files may not say

ASSIGNMENT = (
    "experiment_id,company_id,arm,assigned_at,exposed_at\n"
    "mail-1,c1,control,2026-07-06,2026-07-07\nmail-1,c2,new,2026-07-06,2026-07-07\nmail-1,c3,new,2026-07-06,\n"
)
OUTCOMES = "experiment_id,company_id,outcome,occurred_at,won,asked\nmail-1,c2,booked,2026-07-09,1,4\nmail-1,c1,booked,2026-07-08,0,2\n"


@pytest.fixture
def files(tmp_path, plan):
    def build(assignment=ASSIGNMENT, outcomes=OUTCOMES, **changes):
        (tmp_path / "assignment.csv").write_text(assignment)
        (tmp_path / "outcomes.csv").write_text(outcomes)
        paths = {"assignment": tmp_path / "assignment.csv", "outcomes": tmp_path / "outcomes.csv"}
        return Experiment.model_validate(plan(**(paths | changes)))

    return build


@pytest.mark.parametrize(
    ("assignment", "outcomes", "changes", "match"),
    [
        (ASSIGNMENT + "mail-1,c2,control,2026-07-08,\n", OUTCOMES, {},
         "row 5, column 'unit': unit in two arms: new (row 3), control (row 5); got 'c2'"),
        (ASSIGNMENT, OUTCOMES.replace("2026-07-09", "2026-07-06T12:00:00"), {},
         "outcomes.csv, row 2, column 'occurred_at': exposure after outcome; got '2026-07-06 12:00:00'; allowed: on or after exposed_at"),
        (ASSIGNMENT, OUTCOMES.replace("2026-07-09", "2026-07-01"), {}, "row 2, column 'occurred_at': outcome lies before the assignment"),
        (ASSIGNMENT, OUTCOMES, {"metric": "mean", "value": "hours"}, "outcomes.csv, row 1, column 'hours': column is missing"),
        (ASSIGNMENT, OUTCOMES, {"metric": "ratio", "numerator": "won", "denominator": "askd"},
         "'askd': column is missing. Did you mean 'asked'?"),
        (ASSIGNMENT, OUTCOMES.replace("1,4", "1,-4"), {"metric": "ratio", "numerator": "won", "denominator": "asked"},
         "outcomes.csv, row 2, column 'asked': a denominator must not be negative; got -4.0; allowed: 0 or more"),
        (ASSIGNMENT, OUTCOMES.replace("1,4", "1,four"), {"metric": "ratio", "numerator": "won", "denominator": "asked"},
         "row 2, column 'asked': not a number; got 'four'"),
        (ASSIGNMENT, OUTCOMES, {"cluster": "account"}, "column 'account': column is missing"),
        (ASSIGNMENT, OUTCOMES, {"channel": "channel"}, "column 'channel': column is missing"),
    ],
)  # fmt: skip
def test_read_exposures_what_cannot_be_true_raises(files, assignment, outcomes, changes, match):
    with pytest.raises(DataContractError, match=re.escape(match)):
        read_exposures(files(assignment, outcomes, **changes), unit="company_id")


def test_read_exposures_says_everything_of_both_files_at_once(files):
    trial = files(ASSIGNMENT.replace("company_id", "firm"), OUTCOMES.replace("outcome,", "result,"))
    with pytest.raises(DataContractError) as caught:
        read_exposures(trial, unit="company_id")
    assert {v.file for v in caught.value.violations} == {"assignment.csv", "outcomes.csv"}


def test_read_exposures_long_lists_are_counted(files):
    more = "".join(f"mail-1,d{i},{arm},2026-07-06,\n" for i in range(30) for arm in ("control", "new"))
    with pytest.raises(DataContractError, match="and 10 more rows like this"):
        read_exposures(files(ASSIGNMENT + more), unit="company_id")


def test_read_exposures_cluster_in_two_arms_raises(files):
    text = (
        ASSIGNMENT.replace("company_id", "user,account")
        .replace("c1", "c1,a1")
        .replace("c2", "c2,a1")
        .replace("c3", "c3,a2")
    )
    with pytest.raises(DataContractError, match="cluster in two arms: control"):
        read_exposures(
            files(text, OUTCOMES.replace("company_id", "user"), cluster="account", unit="user"), unit="company_id"
        )


def test_read_exposures_brings_what_is_there(files):
    text = (
        ASSIGNMENT.replace("exposed_at", "exposed_at,before,via")
        .replace("-07\n", "-07,3,mail\n")
        .replace("06,\n", "06,,,web\n")
    )
    assignment, outcomes = read_exposures(files(text, covariate="before", channel="via"), unit="company_id")
    assert assignment.columns.tolist() == ["unit", "arm", "assigned_at", "exposed_at", "channel", "covariate"]
    assert assignment["covariate"].tolist()[:2] == [3.0, 3.0] and pd.isna(assignment["covariate"].iloc[2])
    assert outcomes.columns.tolist() == ["unit", "outcome", "occurred_at"]


def test_analyse_experiment_unknown_segment_raises(plan, draw_trial):
    trial = Experiment.model_validate(plan(segments=["S1", "S9"]))
    with pytest.raises(
        DataContractError, match=r"mail-1.segments': no such segment before the exposure; got 'S9'; allowed: S1, S2"
    ):
        analyse_experiment(trial, *draw_trial({"S1": (50, 5, 50, 9), "S2": (50, 5, 50, 9)}))


def test_analyse_experiments_unknown_covariate_raises(tmp_path, plan, make_study, draw_trial):
    assignment, outcomes, members = draw_trial({"S1": (50, 5, 50, 9)})
    for table, name in ((assignment, "assignment.csv"), (outcomes, "outcomes.csv")):
        table.rename(columns={"unit": "company_id"}).assign(experiment_id="mail-1").to_csv(tmp_path / name, index=False)
    (tmp_path / "experiments.yaml").write_text(yaml.safe_dump({"experiments": [plan(covariate="demos_before")]}))
    with pytest.raises(
        DataContractError, match=r"mail-1.covariate': no such column of the assignment, and no variable"
    ):
        analyse_experiments(make_study(experiments="experiments.yaml"), members)
