"""Coverage of a segment by its interviewees, on points on a line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.qualitative import describe_reach, measure_reach, tabulate_reach


def line(n=11):
    encoded = pd.DataFrame({"a": np.arange(n, dtype=float)}, index=[f"u{i}" for i in range(n)])
    return encoded, pd.DataFrame({"segment": ["S1"] * n}, index=encoded.index)


def test_measure_reach_by_hand():
    encoded, membership = line()
    reach = measure_reach(encoded, membership, ["u5"], random_state=1)
    row = reach.table.iloc[0]
    # Every nearest neighbour is 1 away, so u5 reaches u4, u5 and u6 of eleven.
    assert row["radius"] == 1 and row["reached"] == pytest.approx(3 / 11) and row["interviewees"] == 1
    assert row["lot"] == pytest.approx((9 * 3 + 2 * 2) / 121, abs=0.01)
    assert "S1 27 % (n = 1)" in str(describe_reach(reach)) and "reach about the same" in str(describe_reach(reach))
    assert tabulate_reach(reach).frame["Within reach"].tolist() == ["27 %"]


def test_measure_reach_people_beside_each_other_reach_less_than_a_lot():
    encoded, membership = line(60)
    together = measure_reach(encoded, membership, ["u0", "u1", "u2", "u3"], random_state=1)
    assert together.table["reached"].iloc[0] == pytest.approx(5 / 60)
    assert "Less than as many drawn by lot in S1" in str(describe_reach(together))
    apart = measure_reach(encoded, membership, ["u4", "u20", "u36", "u52"], random_state=1)
    assert apart.table["reached"].iloc[0] == pytest.approx(12 / 60)


def test_measure_reach_units_with_gaps_and_nobody():
    encoded, membership = line()
    encoded.loc["u5", "a"] = np.nan
    reach = measure_reach(encoded, membership, ["u5"], random_state=1)
    assert reach.table["units"].iloc[0] == 10 and describe_reach(reach).kind == "absent"
    assert describe_reach(measure_reach(encoded.iloc[:0], membership, [], random_state=1)).kind == "absent"
