"""The plan of interviews: typical, border, spread and deviant people, each with a reason, the same every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.qualitative import describe_plan, plan_interviews, tabulate_plan


@pytest.fixture
def people() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two segments of 40 on a line: S1 round 0, S2 round 10."""
    random = np.random.default_rng(1)
    place = np.concatenate([random.normal(0, 1, 40), random.normal(10, 1, 40)])
    encoded = pd.DataFrame({"a": place, "b": random.normal(0, 0.1, 80)}, index=[f"u{i:02d}" for i in range(80)])
    first = np.abs(place - 0)
    second = np.abs(place - 10)
    membership = pd.DataFrame(
        {
            "segment": pd.array(np.where(first < second, "S1", "S2"), dtype="str"),
            "second": pd.array(np.where(first < second, "S2", "S1"), dtype="str"),
            "margin": 1 - np.minimum(first, second) / np.maximum(first, second),
        },
        index=encoded.index,
    )
    return encoded, membership


def test_plan_interviews_slots_hold_who_they_say(people):
    encoded, membership = people
    plan = plan_interviews(encoded, membership, per_segment=8, reserves=1)
    asked = plan.table[(plan.table["segment"] == "S1") & (plan.table["stands"] == "asked")].set_index("slot")
    members = membership.index[membership["segment"] == "S1"]
    distance = (encoded.loc[members] - encoded.loc[members].mean()).pow(2).mean(axis=1).sort_values()
    assert asked["place"].groupby(level=0).size().to_dict() == {"core": 4, "boundary": 2, "spread": 1, "deviant": 1}
    assert list(asked.loc["core", "unit"]) == list(distance.index[:4])
    border = membership.loc[members, "margin"].drop(distance.index[:8]).idxmin()
    assert asked.loc["boundary", "unit"].iloc[0] == border and set(asked.loc["boundary", "rival"]) == {"S2"}
    assert plan.table["unit"].is_unique and plan.quotas.loc["S1", "invitations"] == 32
    assert (plan.table["stands"] == "reserve").sum() == 16


def test_plan_interviews_order_of_units_does_not_matter_and_nobody_barred_is_named(people):
    encoded, membership = people
    plan = plan_interviews(encoded, membership, excluded=["u00", "u41"], interviewed=["u05"])
    turned = plan_interviews(encoded.iloc[::-1], membership.iloc[::-1], excluded=["u41", "u00"], interviewed=["u05"])
    pd.testing.assert_frame_equal(plan.table, turned.table)
    assert not {"u00", "u41", "u05"} & set(plan.table["unit"])
    assert "Left out: 1 interviewed before and 2 who may not be asked." in str(describe_plan(plan, units="accounts"))


def test_plan_interviews_too_few_people_is_said(people):
    encoded, membership = people
    plan = plan_interviews(encoded.iloc[[0, 1, 40]], membership.iloc[[0, 1, 40]], per_segment=4)
    assert plan.quotas["short"].tolist() == [2, 3]
    assert "not enough people to ask in S1 (2 short) and S2 (3 short)" in str(describe_plan(plan))


def test_plan_interviews_units_with_missing_base_variables_are_not_asked(people):
    encoded, membership = people
    encoded = encoded.copy()
    encoded.iloc[:39, 0] = np.nan
    plan = plan_interviews(encoded, membership, per_segment=4)
    assert set(plan.table.loc[plan.table["segment"] == "S1", "unit"]) == {"u39"}
    assert tabulate_plan(plan).frame.loc[0, "May be asked"] == 1


@pytest.mark.parametrize("options", [{"per_segment": 0}, {"reserves": -1}, {"response_rate": 0.0}])
def test_plan_interviews_bad_numbers(people, options):
    with pytest.raises(ParameterError, match="per_segment must be at least 1"):
        plan_interviews(*people, **options)
