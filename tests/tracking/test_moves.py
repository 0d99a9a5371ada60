"""Sizes, moves and Kitagawa's split, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.clustering import migration_table
from segmentation.display import Callout, Reading
from segmentation.errors import ParameterError
from segmentation.tracking import MOVE_COLUMNS, describe_moves, measure_moves, split_mix_and_rate, tabulate_moves


def members(text: str, start: int = 0) -> pd.DataFrame:
    """'1122-' to a membership of five units, the last without a segment."""
    segments = [None if character == "-" else f"S{character}" for character in text]
    return pd.DataFrame({"segment": pd.array(segments, dtype="str")}, index=[f"c{start + i}" for i in range(len(text))])


def test_measure_moves_hand_example():
    moves = measure_moves(members("11122-"), members("1223-21")).set_index("segment")
    # c0 1>1, c1 1>2, c2 1>2, c3 2>3, c4 2>none, c5 none>2, c6 is new in 1
    assert moves.loc["S1", ["n_before", "n", "came", "left", "new", "gone"]].tolist() == [3, 2, 0, 2, 1, 0]
    assert moves.loc["S2", ["n_before", "n", "came", "left", "new", "gone"]].tolist() == [2, 3, 2, 1, 1, 1]
    assert moves["matched"].tolist() == [4, 4, 4]
    assert moves.loc["S2", "change"] == pytest.approx(0.25)
    assert moves.loc["S3", "verdict"] == "new"
    assert moves["share"].sum() == pytest.approx(1)


def test_measure_moves_takes_the_migration_table():
    before, now = members("1112213"), members("1223321")
    found = measure_moves(before, now, migration=migration_table(before, now))
    pd.testing.assert_frame_equal(found, measure_moves(before, now))
    with pytest.raises(ParameterError, match="from, to, kind, n"):
        measure_moves(before, now, migration=pd.DataFrame({"from": []}))


def test_measure_moves_clear_growth_and_none():
    grew = measure_moves(members("1" * 100 + "2" * 100), members("1" * 60 + "2" * 140)).set_index("segment")
    assert grew["verdict"].to_dict() == {"S1": "shrank", "S2": "grew"}
    assert grew.loc["S2", "change_lower"] > 0.1
    told = str(describe_moves(grew.reset_index(), units="accounts", noise=0.11))
    assert "Of the 200 accounts in a segment in both quarters, 40 (20%) are in another one now." in told
    assert "about 11% would seem to have moved" in told and "Grew: S2 (+20.0 points" in told
    same = measure_moves(members("1122"), members("1122"))
    assert (same["verdict"] == "no clear change").all()
    assert "each change may be chance" in str(describe_moves(same))


def test_measure_moves_limits_are_said():
    first = measure_moves(None, members("1122"))
    assert (first["verdict"] == "first quarter").all() and first["share_before"].isna().all()
    apart = measure_moves(members("11"), members("12", start=10))
    nobody = measure_moves(members("--"), members("--"))
    assert list(nobody.columns) == list(MOVE_COLUMNS)
    for moves in (first, apart, nobody):
        told = describe_moves(moves)
        assert isinstance(told, Callout) and told.kind == "absent"
    gone = measure_moves(members("1122"), members("1111"))
    assert gone.set_index("segment").loc["S2", "verdict"] == "not there any more"
    assert isinstance(describe_moves(gone), Reading)
    with pytest.raises(ParameterError, match="current membership"):
        measure_moves(None, pd.DataFrame({"x": []}))


def test_tabulate_moves_withholds_small_flows():
    moves = measure_moves(members("1" * 100 + "2" * 100), members("1" * 88 + "2" * 112))
    assert tabulate_moves(moves).as_json()["rows"][0][7:9] == ["0", "12"]
    moves = measure_moves(members("1" * 100 + "2" * 100), members("1" * 97 + "2" * 103))
    assert tabulate_moves(moves).as_json()["rows"][0][7:9] == ["–", "–"]
    assert tabulate_moves(measure_moves(None, members("12"))).as_json()["rows"][0][1] == "0"


def test_split_mix_and_rate_hand_example():
    before = pd.DataFrame({"n": [50, 50], "rate": [0.2, 0.4]}, index=["S1", "S2"])
    now = pd.DataFrame({"n": [25, 75], "rate": [0.2, 0.6]}, index=["S1", "S2"])
    split = split_mix_and_rate(before, now)
    # totals .30 and .50; mix -.25*.2 + .25*.5 = .075; rate .2*.625 = .125
    assert split.loc["all"].round(10).to_dict() == {"mix": 0.075, "rate": 0.125, "total": 0.2}
    assert split.loc["S1"].round(10).to_dict() == {"mix": -0.05, "rate": 0.0, "total": -0.05}


def test_split_mix_and_rate_new_segment_is_mix_and_parts_add_up():
    before = pd.DataFrame({"n": [60, 40], "rate": [0.1, 0.5]}, index=["S1", "S2"])
    now = pd.DataFrame({"n": [60, 60], "rate": [0.1, 0.9]}, index=["S1", "S3"])
    split = split_mix_and_rate(before, now)
    assert split.loc[["S2", "S3"], "rate"].tolist() == [0, 0]
    assert split.loc["all", "total"] == pytest.approx((0.5 * 0.1 + 0.5 * 0.9) - (0.6 * 0.1 + 0.4 * 0.5))
    with pytest.raises(ParameterError, match="not all 0"):
        split_mix_and_rate(before.assign(n=0), now)
    with pytest.raises(ParameterError, match="columns n and rate"):
        split_mix_and_rate(before[["n"]], now)


def test_measure_moves_allows_for_the_number_of_segments():
    # 14 came into S1 and 4 left it: beyond chance if S1 were the only segment looked at, not with five
    before = "1" * 100 + "2" * 100 + "3" * 100 + "4" * 100 + "5" * 100
    now = "2" * 4 + "1" * 96 + "1" * 14 + "2" * 86 + before[200:]
    moves = measure_moves(members(before), members(now)).set_index("segment")
    assert moves.loc["S1", "change_lower"] > 0
    assert moves.loc["S1", "verdict"] == "no clear change"
