"""Touchpoints counted by hand, their index, and what must not be shown of few units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.messaging import TOUCH_COLUMNS, count_touchpoints, list_touchpoints, tabulate_touchpoints
from segmentation.messaging.touchpoints import _exact_p
from segmentation.profiling import index_interval
from segmentation.study import load_study

from ..conftest import PROJECT, STUDY
from .test_journey import EVENTS, MEMBERS, make_events


def signed_up(counts: dict[str, dict[str, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and membership in which so many of each segment signed up through each channel."""
    rows, segments = [], {}
    for segment, channels in counts.items():
        for channel, n in channels.items():
            for place in range(n):
                unit = f"{segment}-{channel}-{place}"
                segments[unit] = segment
                rows.append((unit, "signed_up", "2026-07-01", channel))
    return make_events(*rows), pd.DataFrame({"segment": segments})


def test_count_touchpoints_shares_of_those_who_reached_and_small_cells_withheld(journey):
    table = count_touchpoints(EVENTS, journey, MEMBERS, min_cell=1).set_index(["segment", "stage", "channel"])
    web = table.loc[("S1", "start", "web")]
    assert (web["reached"], web["units"], round(web["share"], 3)) == (3, 2, 0.667)
    assert [round(end, 4) for end in (web["lower"], web["upper"])] == [0.2077, 0.9385]
    hidden = count_touchpoints(EVENTS, journey, MEMBERS, min_cell=10)
    assert hidden["withheld"].all() and hidden["units"].isna().all() and hidden["index"].isna().all()
    shown = tabulate_touchpoints(table.reset_index(), source="toy.csv")
    assert shown.frame.iloc[0].tolist()[:4] == ["S1", "start", "web", 2.0] and "toy.csv" in shown.caption
    assert "No touchpoint" in tabulate_touchpoints(hidden).empty
    assert count_touchpoints(EVENTS, journey.model_copy(update={"journeys": {}}), MEMBERS).empty
    assert list(count_touchpoints(None, journey, MEMBERS).columns) == list(TOUCH_COLUMNS)


def test_count_touchpoints_index_is_against_everybody_who_came_to_the_stage(journey):
    events, membership = signed_up({"S1": {"fair": 30, "web": 20}, "S2": {"fair": 20, "web": 80}})
    table = count_touchpoints(events, journey, membership).set_index(["segment", "stage", "channel"])
    fair = table.loc[("S1", "start", "fair")]
    assert (fair["share"], fair["total"], fair["index"]) == (0.6, pytest.approx(1 / 3), pytest.approx(180))
    low, high, _ = index_interval(*(pd.Series([number]).to_numpy(float) for number in (30, 50, 20, 100)))
    assert (fair["index_lower"], fair["index_upper"]) == (pytest.approx(low[0]), pytest.approx(high[0]))
    assert table["marker"].groupby("segment").sum().to_dict() == {"S1": 2, "S2": 2, "all": 0}
    everybody = table.loc[("all", "start", "fair")]
    assert everybody["index"] == pytest.approx(100) and pd.isna(everybody["index_lower"])
    assert tabulate_touchpoints(table.reset_index()).frame["Index, interval"].tolist()[0].startswith("1")


def test_count_touchpoints_same_channels_everywhere_stand_out_nowhere(journey):
    events, membership = signed_up({name: {"fair": 25, "web": 25} for name in ("S1", "S2", "S3")})
    table = count_touchpoints(events, journey, membership)
    assert not table["marker"].any() and table["index"].sub(100).abs().max() < 1e-9


def test_count_touchpoints_no_withheld_cell_follows_from_the_others(journey):
    """4 of S1 came by mail: with everybody's count shown, S2's must go too, and a second channel of either."""
    first, second = {"fair": 40, "mail": 4, "web": 30}, {"fair": 20, "mail": 50, "web": 60}
    events, membership = signed_up({"S1": first, "S2": second, "S3": {"fair": 70, "mail": 90, "web": 80}})
    members = {"p1": ("S3", pd.Index([unit for unit in membership.index if unit.startswith("S3-mail")][:85]))}
    table = count_touchpoints(events, journey, membership, members=members)
    hidden = table[table["withheld"] & (table["persona_id"] == "")]
    by_segment, by_channel = hidden.groupby("segment").size(), hidden.groupby("channel").size()
    assert by_segment.min() > 1 and by_channel.min() > 1 and "mail" in by_channel and "S1" in by_segment
    persona = table[(table["persona_id"] == "p1") & (table["channel"] == "mail")]
    assert persona["withheld"].tolist() == [True]  # 85 of 90: the five others would follow


def test_count_touchpoints_no_withheld_cell_of_a_persona_follows_from_its_others(journey):
    """A persona of 45, 5 of whom came to a fair: with its 45 and 40 shown they would be known."""
    counts = {"fair": 40, "web": 60}
    events, membership = signed_up({"S1": counts, "S2": counts})
    units = [f"S1-fair-{i}" for i in range(5)] + [f"S1-web-{i}" for i in range(40)]
    table = count_touchpoints(events, journey, membership, members={"p1": ("S1", pd.Index(units))})
    persona = table[table["persona_id"] == "p1"]
    assert len(persona) == 2 and persona["withheld"].all()
    assert persona[["reached", "units", "share"]].isna().all(axis=None)
    assert not table.loc[table["persona_id"] == "", "withheld"].any()
    units += [f"S1-fair-{i}" for i in range(5, 12)]
    table = count_touchpoints(events, journey, membership, members={"p1": ("S1", pd.Index(units))})
    assert table.loc[table["persona_id"] == "p1", "reached"].tolist() == [52, 52]


def test_count_touchpoints_finds_the_channels_planted_in_the_sample():
    """Trade shows for proof, referrals for simple and not for connect, as the generator plants them; and by exact p, by hand."""
    sample = load_study(PROJECT / STUDY)
    columns = {
        "context_group_id": sample.unit,
        "event": "event",
        "timestamp": "timestamp",
        "context_campaign_medium": "channel",
    }
    events = pd.read_parquet(sample.folder / "cdp/tracks.parquet", columns=list(columns)).rename(columns=columns)
    planted = pd.read_parquet(sample.folder / "truth/segments.parquet").query("quarter == '2026Q3' and customer")
    membership = pd.DataFrame({"segment": planted["line_id"].to_numpy()}, index=planted["company_id"].astype(str))
    table = count_touchpoints(events, sample, membership)
    found = table[table["marker"]]
    high, low = found[found["index"] > 100], found[found["index"] < 100]
    assert {("S3", "trade_show"), ("S5", "referral")} <= set(zip(high["segment"], high["channel"], strict=True))
    assert ("S4", "referral") in set(zip(low["segment"], low["channel"], strict=True))
    assert not found["segment"].isin(["S1", "all"]).any()


def test_count_touchpoints_p_is_fisher_s(journey):
    counts = np.array([[3.0, 1.0], [1.0, 3.0], [4.0, 4.0]])
    p = _exact_p(counts, np.array([[4.0] * 2, [4.0] * 2, [8.0] * 2]), counts[-1], np.array([8.0]))
    assert (
        p[:2].round(4).tolist() == [[0.4857, 0.4857]] * 2
    )  # the lady tasting tea (Fisher 1935): 17 of 70 for three cups or more


def test_list_touchpoints_names_the_channels_of_every_stage(journey):
    assert list_touchpoints(EVENTS, journey) == {"start": ["email", "web"], "adopt": ["app"]}
    assert list_touchpoints(None, journey) == {"start": [], "adopt": []}
