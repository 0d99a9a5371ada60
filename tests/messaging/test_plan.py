"""Sizes against a published table; broad first on a new channel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import ParameterError
from segmentation.messaging import (
    REACH_COLUMNS,
    describe_channel_plan,
    detectable_lift,
    needed_people,
    plan_channels,
    tabulate_channel_plan,
)
from segmentation.study import ChannelPlan, Messaging


@pytest.mark.parametrize(
    ("baseline", "sizes"),
    [(0.02, (80682, 21109, 9798, 3826)), (0.05, (31234, 8158, 3780, 1471)), (0.1, (14751, 3841, 1774, 686)), (0.2, (6510, 1683, 772, 294))],
)  # fmt: skip
def test_needed_people_reproduces_the_table_of_sizes(baseline, sizes):
    assert tuple(needed_people(baseline, lift) for lift in (0.1, 0.2, 0.3, 0.5)) == sizes


def test_needed_people_agrees_with_statsmodels():
    from statsmodels.stats.proportion import power_proportions_2indep

    n = needed_people(0.05, 0.5)
    assert power_proportions_2indep(0.025, 0.05, n, return_results=False) == pytest.approx(0.8, abs=0.002)


def test_needed_people_impossible_shares_raise():
    with pytest.raises(ParameterError, match=r"got 0\.5 and 1\.000"):
        needed_people(0.5, 1.0)


def test_detectable_lift_is_the_inverse_and_none_for_a_handful():
    assert detectable_lift(0.2, 2 * 294) == pytest.approx(0.5, abs=0.001)
    assert np.isnan(detectable_lift(0.5, 3)) and np.isnan(detectable_lift(0.9, 0))


@pytest.fixture
def reachable() -> pd.DataFrame:
    rows = [
        ("S1", "", 900, 900),
        ("S2", "", 300, 300),
        ("S1", "p1", 700, 700),
        ("S2", "p2", 200, 200),
        ("all", "", 1200, 1200),
    ]
    table = pd.DataFrame(rows, columns=["segment", "persona_id", "people", "reachable"]).assign(by="email")
    table["units"] = table["people"]
    return pd.concat([table.assign(channel=channel) for channel in ("email", "sms", "web")])[list(REACH_COLUMNS)]


def channels(make_study, **plans: dict[str, object]):
    part = Messaging(channels={name: ChannelPlan(**plan) for name, plan in plans.items()})
    return make_study(start=["a"]).model_copy(update={"messaging": part})


def test_plan_channels_new_channel_is_broad_however_many_there_are(make_study, reachable):
    study = channels(make_study, sms={"baseline": 0.2, "lift": 0.5}, email={"used": True, "baseline": 0.2, "lift": 0.5})
    plan = plan_channels(study, reachable).set_index(["channel", "persona_id"])
    assert plan.loc[("sms", "p1"), ["needed", "proposal"]].tolist() == [588, "segment"]
    assert plan.loc[("email", "p1"), "proposal"] == "persona"  # 700 of 588
    assert plan.loc[("email", "p2"), "proposal"] == "everybody"  # 200, and its segment has 300
    told = str(describe_channel_plan(plan.reset_index(), reachable, names={"p1": "Ada"}))
    assert (
        "SMS: not used before, so begin with the broad message to each segment. Finding 50% more than 20% takes 588 people"
        in told
    )
    assert "E-mail: enough people for a message of its own: Ada." in told and "Go to personas when that many" in told
    assert tabulate_channel_plan(plan.reset_index(), names={"p1": "Ada"}).frame["Persona"].tolist() == ["Ada", "p2"] * 2


def test_describe_plan_says_when_even_everybody_is_too_few(make_study, reachable):
    plan = plan_channels(channels(make_study, web={"used": True, "baseline": 0.02}), reachable)
    told = str(describe_channel_plan(plan, reachable))
    assert "Even everybody together, 1,200 people, cannot show differences under 1" in told and "Stay broad." in told


def test_plan_of_a_study_without_channels_is_absent(make_study, reachable):
    nothing = plan_channels(make_study(start=["a"]), reachable)
    assert isinstance(describe_channel_plan(nothing, reachable), Callout) and tabulate_channel_plan(nothing).frame.empty
