"""Palay's cube and its conflicts, counted by hand on four interviews of two accounts."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from segmentation.errors import DataContractError
from segmentation.figures.evidence import plot_stakeholders
from segmentation.qualitative import (
    build_coded_interviews,
    build_quote_bank,
    build_redactor,
    describe_stakeholders,
    map_stakeholders,
    tabulate_conflicts,
    tabulate_stakeholders,
    tabulate_wants,
)
from segmentation.study import Stakeholders

from .conftest import MEMBERSHIP, make_dataset, write_tables

# By consensus: P1 trips, P2 money, P3 money, P4 price. P2 and P4 are made one account; P1 and P3 stay alone.
RULES = {
    "roles": {"planner": ["Dispatcher"], "payer": ["Owner"]},
    "problems": ["pains"],
    "incentives": {"sooner money": ["money"], "lower price": ["price"], "fewer miles": ["trips"]},
    "opposed": [["sooner money", "lower price"]],
}


def rules(**changes):
    return Stakeholders.model_validate({**RULES, **changes})


@pytest.fixture
def pair():
    people = write_tables()["interviewees"].assign(
        company_id=["11", "22", "33", "22"], role=["Dispatcher", "dispatcher ", "Owner", "Owner"], consent=[True] * 4
    )
    return build_coded_interviews(make_dataset(interviewees=people), MEMBERSHIP)


def bank_of(coded):
    return build_quote_bank(coded, build_redactor(["Dave"]), min_words=3)


def test_map_stakeholders_counts_by_hand(pair):
    cube = map_stakeholders(pair, bank_of(pair), rules())
    counted = cube.problems.set_index(["problem", "role"])[["k", "n"]]
    assert counted.loc[("trips", "planner")].tolist() == [1, 2] and counted.loc[("money", "planner")].tolist() == [1, 2]
    assert counted.loc[("trips", "payer")].tolist() == [0, 2] and counted.loc[("money", "payer")].tolist() == [1, 2]
    assert set(cube.problems["problem"]) == {"trips", "money"}  # the category pains; price is no pain
    cells = cube.cells.set_index(["problem", "role", "incentive"])[["k", "n"]]
    assert cells.loc[("money", "payer", "sooner money")].tolist() == [1, 2] and len(cells) == 3
    assert tabulate_wants(cube).frame["lower price"].tolist() == ["0 of 2", "1 of 2"]
    assert "wait ninety days" in " ".join(tabulate_stakeholders(cube).frame["Quote"])


def test_plot_stakeholders_says_the_counts_its_table_has(pair):
    cube = map_stakeholders(pair, bank_of(pair), rules())
    figure = plot_stakeholders(cube)
    table = figure.table.frame.set_index(["Problem", "Role"])["People"]
    counted = cube.problems[cube.problems["k"] > 0]
    assert len(table) == len(counted) == 3
    for row in counted.rename(columns={"name": "problem_"}).itertuples():
        assert table.loc[(row.problem_, row.role)] == f"{row.k} of {row.n}"
        assert f"{row.problem_} for {row.role} ({table.loc[(row.problem_, row.role)]})" in figure.alt


def test_map_stakeholders_conflict_of_two_roles_of_one_account(pair):
    cube = map_stakeholders(pair, bank_of(pair), rules())
    assert cube.accounts == 1 and len(cube.conflicts) == 1
    row = cube.conflicts.iloc[0]
    sides = {(row["one"], row["one_role"], row["one_wants"]), (row["other"], row["other_role"], row["other_wants"])}
    assert sides == {("P2", "planner", "sooner money"), ("P4", "payer", "lower price")}
    assert row["segment"] == "S1" and "22" not in row["account"]
    text = str(describe_stakeholders(cube))
    assert (
        "1 account was seen through people in different roles; their wants are opposed in 1 of them" in text
        and "Fewer than 3 people speak as planner and payer" in text
    )
    words = tabulate_conflicts(cube).frame.iloc[0].tolist()
    assert "pay late" in words[2] + words[4] and "too dear" in words[2] + words[4]
    assert "1 conflict between roles" in plot_stakeholders(cube).alt


def test_map_stakeholders_no_conflict_where_both_want_both_or_roles_are_the_same(pair):
    both = rules(incentives={"one": ["money", "price"], "two": ["price", "money"]}, opposed=[["one", "two"]])
    assert map_stakeholders(pair, bank_of(pair), both).conflicts.empty
    same = map_stakeholders(pair, bank_of(pair), rules(roles={"anybody": ["Dispatcher", "Owner"]}))
    assert same.accounts == 0 and "is no sign of peace" in str(describe_stakeholders(same))


def test_map_stakeholders_title_without_role_is_left_out_and_named(pair):
    cube = map_stakeholders(pair, bank_of(pair), rules(roles={"payer": ["Owner"]}))
    assert cube.people == 2 and cube.unknown == ("Dispatcher", "dispatcher ")
    assert "No role is named for “Dispatcher”" in str(describe_stakeholders(cube))


def test_map_stakeholders_unknown_codes_are_all_named(pair):
    wrong = rules(problems=["pain"], incentives={"a": ["monney"], "b": ["price"]}, opposed=[])
    with pytest.raises(DataContractError, match="2 problems") as caught:
        map_stakeholders(pair, bank_of(pair), wrong)
    assert "Did you mean 'pains'?" in str(caught.value) and "stakeholders.incentives.a" in str(caught.value)


def test_map_stakeholders_absent_without_rules_or_people(pair, nobody):
    for coded, given in ((pair, None), (nobody, rules())):
        cube = map_stakeholders(coded, bank_of(coded), given)
        assert describe_stakeholders(cube).kind == "absent" and str(plot_stakeholders(cube)) == ""
        assert (
            tabulate_wants(cube).frame.empty
            and tabulate_conflicts(cube).frame.empty
            and tabulate_stakeholders(cube).frame.empty
        )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"opposed": [["sooner money", "peace"]]}, "opposed names 'peace'"),
        ({"opposed": [["lower price", "lower price"]]}, "opposed to itself"),
        ({"roles": {"a": ["Owner"], "b": ["OWNER"]}}, "'owner' has several"),
    ],
)
def test_stakeholders_contradictions_are_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        rules(**changes)


def test_cube_of_the_sample_finds_both_planted_conflicts(committed_interviews):
    cube = committed_interviews
    found = {frozenset((row.one, row.other)) for row in cube.conflicts.itertuples()}
    assert found == {frozenset(("P12", "P25")), frozenset(("P19", "P26"))} and cube.accounts == 2


@pytest.fixture
def committed_interviews():
    from pathlib import Path

    from segmentation.sources import read_sources
    from segmentation.study import load_study

    study = load_study(Path(__file__).parents[2] / "data" / "sample" / "fieldnote" / "study.yaml")
    wanted = ("transcripts", "codings", "interviewees")
    data = read_sources(study, "2026Q3", only=wanted)
    coded = build_coded_interviews(data, pd.DataFrame({"segment": pd.Series(dtype="str")}))
    return map_stakeholders(coded, bank_of(coded), study.stakeholders)
