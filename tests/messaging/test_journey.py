"""Journeys counted by hand from eleven events."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.display import Callout, Reading
from segmentation.errors import ParameterError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.messages import plot_journey
from segmentation.messaging import (
    JOURNEY_COLUMNS,
    describe_journey,
    describe_waits,
    map_journey,
    select_segments,
    tabulate_journey,
)


def make_events(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    events = pd.DataFrame(rows, columns=["company_id", "event", "timestamp", "channel"])
    return events.assign(timestamp=pd.to_datetime(events["timestamp"]))


EVENTS = make_events(
    ("c1", "signed_up", "2026-07-01", "web"),
    ("c1", "invoice_sent", "2026-07-11", "app"),
    ("c2", "signed_up", "2026-07-01", "web"),
    ("c2", "invoice_sent", "2026-07-05", "app"),
    ("c2", "invoice_sent", "2026-07-30", "app"),
    ("c3", "signed_up", "2026-07-10", "email"),
    ("c3", "invoice_sent", "2026-07-09", None),
    ("c4", "other", "2026-07-09", "web"),
    ("c9", "signed_up", "2026-07-09", "web"),
)
MEMBERS = pd.DataFrame({"segment": ["S1", "S1", "S1", "S1", "S2", None]}, index=["c1", "c2", "c3", "c4", "c5", "c9"])


def test_map_journey_hand_example_counts_reach_conversion_and_days(journey):
    table = map_journey(EVENTS, journey, MEMBERS, min_cell=1)
    assert list(table.columns) == list(JOURNEY_COLUMNS)
    table = table.set_index(["segment", "stage"])
    start, adopt = table.loc[("S1", "start")], table.loc[("S1", "adopt")]
    assert (start["n"], start["reached"], start["share"]) == (4, 3, 0.75)
    assert (adopt["previous"], adopt["converted"], adopt["conversion"]) == (3, 3, 1.0)
    assert adopt["median_days"] == 7.0  # 10 and 4 days; c3 came the other way round
    assert adopt["out_of_order"] == 1
    assert start["channels"] == "web (2), email (1)"
    assert table.loc[("S2", "start"), "reached"] == 0
    assert table.loc[("all", "start"), "n"] == 5  # c9 has no segment
    assert [round(end, 4) for end in (start["lower"], start["upper"])] == [0.3006, 0.9544]


def test_map_journey_drop_off_and_waiting_count_those_still_on_the_way(journey):
    rows = [(f"c{i}", "signed_up", "2026-07-01", "web") for i in range(10)]
    rows += [(f"c{i}", "invoice_sent", f"2026-07-{day}", "app") for i, day in enumerate(("03", "05", "07"))]
    members = pd.DataFrame({"segment": "S1"}, index=[f"c{i}" for i in range(10)])
    early = pd.Timestamp("2026-07-06")
    table = map_journey(make_events(*rows[:12]), journey, members, end=early, min_cell=1).set_index(
        ["segment", "stage"]
    )
    adopt, start = table.loc[("S1", "adopt")], table.loc[("S1", "start")]
    assert (adopt["converted"], adopt["waiting"]) == (2, 8)
    assert pd.isna(adopt["median_days"])  # of ten, two have gone on: no median, and not 3 days
    assert (start["last"], start["last_share"]) == (8, 0.8) and pd.isna(adopt["last"])
    assert [round(end, 4) for end in (start["last_lower"], start["last_upper"])] == [0.4902, 0.9433]


def test_map_journey_who_skips_a_stage_has_gone_on(make_study):
    study = make_study(decide=["signed_up"], onboard=["set_up"], renew=["renewed"])
    units = [f"c{i}" for i in range(20)]
    rows = [(unit, "signed_up", "2026-07-01", "web") for unit in units]
    rows += [(unit, "set_up", "2026-07-05", "app") for unit in units[:12]]
    rows += [(unit, "renewed", "2026-07-21", "app") for unit in units[6:18]]  # six of them never set up
    rows += [(units[18], "renewed", "2026-06-01", "app")]  # renewed before signing up, never set up
    members = pd.DataFrame({"segment": "S1"}, index=units)
    table = map_journey(make_events(*rows), study, members, end=pd.Timestamp("2026-09-01"))
    onboard = table.set_index(["segment", "stage"]).loc[("S1", "onboard")]
    assert (onboard["previous"], onboard["converted"], onboard["skipped"], onboard["waiting"]) == (20, 19, 7, 1)
    assert onboard["conversion"] == 0.95 and onboard["out_of_order"] == 1
    assert onboard["median_days"] == 4.0  # 12 of 19 after 4 days, 6 after 20, one still watched
    waits = str(describe_waits(table, study))
    assert (
        "decide to onboard: 4 (" in waits
        and "1 of 20 have not gone on (7 skipped it and are at a later stage)" in waits
    )
    told = str(describe_journey(table, study))
    assert "S1 loses most on the way from onboard to renew: 6 of 12 go on, so far" in told
    assert "from decide to onboard" not in told


def test_map_journey_persona_rows_are_its_units_and_hidden_when_the_rest_is_few(journey):
    units = [f"c{i}" for i in range(40)]
    events = make_events(*[(unit, "signed_up", "2026-07-01", "web") for unit in units[:30]])
    membership = pd.DataFrame({"segment": ["S1"] * 20 + ["S2"] * 20}, index=units)
    members = {
        "p1": ("S1", pd.Index(units[:10])),
        "p2": ("S1", pd.Index(units[:15])),
        "p3": ("S2", pd.Index(units[20:40])),
    }
    table = map_journey(events, journey, membership, members=members)
    start = table[(table["stage"] == "start") & (table["persona_id"] != "")].set_index("persona_id")
    assert start["n"].tolist() == [10, 15, 20] and start["withheld"].tolist() == [False, True, False]
    assert start.loc["p1", "share"] == 1.0 and pd.isna(start.loc["p2", "share"]) and start.loc["p3", "share"] == 0.5
    told = str(describe_waits(table, journey, names={"p2": "Bea"}))
    assert "Withheld, because too few accounts have or lack the attributes: Bea." in told
    assert select_segments(table)["segment"].tolist() == ["S1", "S1", "S2", "S2", "all", "all"]
    assert "S1: Bea" in tabulate_journey(table, names={"p2": "Bea"}).frame["Who"].tolist()


def test_describe_journey_who_never_came_in_is_not_lost_on_the_way(make_study):
    study = make_study(aware=["seen"], decide=["signed_up"], adopt=["invoice_sent"])
    rows = [(f"c{i}", "signed_up", "2026-07-01", "web") for i in range(20)]
    rows += [(f"c{i}", "seen", "2026-06-01", "web") for i in range(12)] + [("c1", "invoice_sent", "2026-07-02", "web")]
    members = pd.DataFrame({"segment": ["S1"] * 20}, index=[f"c{i}" for i in range(20)])
    told = str(describe_journey(map_journey(make_events(*rows), study, members), study))
    assert "All accounts counted here reached decide, because only those that did are in the data" in told
    assert "says nothing about how many were lost on the way" in told
    assert "from decide to adopt: 1 of 20 go on" in told and "from aware" not in told


def test_map_journey_ibis_table_equals_frame(journey):
    import ibis

    table = ibis.memtable(EVENTS)
    expected = map_journey(EVENTS, journey, MEMBERS, min_cell=1)
    pd.testing.assert_frame_equal(map_journey(table, journey, MEMBERS, min_cell=1), expected)


def test_map_journey_small_segment_is_withheld_with_the_next_smallest(journey):
    members = pd.DataFrame({"segment": ["S1"] * 12 + ["S2"] * 11 + ["S3"] * 3}, index=[f"c{i}" for i in range(26)])
    table = map_journey(EVENTS, journey, members, min_cell=10)
    hidden = table[table["withheld"]]["segment"].unique().tolist()
    assert hidden == ["S2", "S3"]
    assert table.loc[table["withheld"], "reached"].isna().all()
    assert "S3 is withheld" in str(describe_journey(table, journey))


def test_map_journey_row_order_does_not_matter_and_input_is_kept(journey):
    before = EVENTS.copy()
    shuffled = EVENTS.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(map_journey(shuffled, journey, MEMBERS), map_journey(EVENTS, journey, MEMBERS))
    pd.testing.assert_frame_equal(EVENTS, before)


def test_map_journey_nothing_declared_is_absent_everywhere(journey, make_study):
    table = map_journey(EVENTS, make_study(), MEMBERS)
    assert table.empty and list(table.columns) == list(JOURNEY_COLUMNS)
    told = describe_journey(table, make_study())
    assert isinstance(told, Callout) and told.kind == "absent"
    assert not plot_journey(table).paragraphs
    assert tabulate_journey(table).as_json()["rows"] == []


def test_map_journey_nobody_placed_is_absent(journey):
    members = pd.DataFrame({"segment": pd.array([None], dtype="str")}, index=["c1"])
    told = describe_journey(map_journey(EVENTS, journey, members), journey)
    assert isinstance(told, Callout) and told.kind == "absent"


def test_map_journey_unknown_event_is_said(make_study):
    study = make_study(start=["signed_up"], adopt=["invoice_send"])
    table = map_journey(EVENTS, study, MEMBERS, min_cell=1)
    assert table.loc[table["stage"] == "adopt", "events_missing"].unique().tolist() == ["invoice_send"]
    assert "invoice_send" in str(describe_journey(table, study))


def test_map_journey_missing_columns_raise(journey):
    with pytest.raises(ParameterError, match="'segment'"):
        map_journey(EVENTS, journey, MEMBERS.rename(columns={"segment": "label"}))
    with pytest.raises(ParameterError, match="need the columns channel"):
        map_journey(EVENTS.drop(columns="channel"), journey, MEMBERS)


def test_describe_journey_segments_with_the_same_weakest_step_share_a_sentence(journey):
    members = pd.DataFrame({"segment": ["S1"] * 20 + ["S2"] * 10}, index=[f"c{i}" for i in range(30)])
    rows = [(f"c{i}", "signed_up", "2026-07-01", "web") for i in range(30)]
    rows += [(f"c{i}", "invoice_sent", "2026-07-02", "web") for i in (*range(5), *range(20, 28))]
    told = str(describe_journey(map_journey(make_events(*rows), journey, members), journey))
    assert "S1 and S2 lose most on the way from start to adopt. S1: 5 of 20 go on, so far (95 % interval" in told
    assert "; S2: 8 of 10 go on, so far (" in told and told.count("lose most") == 1


def test_describe_journey_names_the_weakest_step(journey):
    members = pd.DataFrame({"segment": ["S1"] * 20}, index=[f"c{i}" for i in range(20)])
    rows = [(f"c{i}", "signed_up", "2026-07-01", "web") for i in range(20)]
    rows += [(f"c{i}", "invoice_sent", "2026-07-02", "web") for i in range(5)]
    table = map_journey(make_events(*rows), journey, members)
    told = describe_journey(table, journey)
    assert isinstance(told, Reading)
    assert "S1 loses most on the way from start to adopt: 5 of 20 go on" in str(told)
    exhibit = plot_journey(table, source="toy.csv")
    assert isinstance(exhibit, Exhibit)
    assert list(exhibit.figure.data[0].y) == [1.0, 0.25]
    assert "n: S1 20" in exhibit.caption and "toy.csv" in exhibit.caption
    assert "adopt 25% in all" in exhibit.alt
