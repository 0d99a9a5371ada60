"""KPIs counted by hand from ten events and five deals."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.display import Callout, Reading
from segmentation.errors import ParameterError, StudyError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.tracking import plot_kpis
from segmentation.tracking import KPI_COLUMNS, Kpi, describe_kpis, load_kpis, measure_kpis, tabulate_kpis

ACTIVE = {
    "id": "moved",
    "label": "Accounts that moved a job",
    "from": "events",
    "numerator": ["moved"],
    "denominator": ["planned"],
}
WON = {
    "id": "win_rate",
    "label": "Deals won",
    "from": "deals",
    "numerator": "won",
    "denominator": "closed",
    "target": 0.5,
}
MEMBERS = pd.DataFrame({"segment": ["S1", "S1", "S1", "S2", None]}, index=["c1", "c2", "c3", "c4", "c5"])
EVENTS = pd.DataFrame(
    [
        ("c1", "planned", "2026-07-01"), ("c1", "moved", "2026-09-30 23:59"), ("c1", "moved", "2026-08-01"),
        ("c2", "planned", "2026-07-02"), ("c2", "moved", "2026-06-30 23:59"), ("c2", "moved", "2026-10-01"),
        ("c3", "moved", "2026-07-05"), ("c4", "planned", "2026-07-05"), ("c5", "planned", "2026-07-05"),
        ("c4", "other", "2026-07-05"),
    ],
    columns=["company_id", "event", "timestamp"],
).assign(timestamp=lambda rows: pd.to_datetime(rows["timestamp"], format="mixed"))  # fmt: skip
DEALS = pd.DataFrame(
    {
        "company_id": ["c1", "c1", "c2", "c4", "c9", "c1"],
        "closed_at": pd.to_datetime(
            ["2026-07-01", "2026-08-01", "2026-08-01", "2026-08-01", "2026-08-01", "2026-10-01"]
        ),
        "won": pd.array([True, False, None, True, True, True], dtype="boolean"),
    },
    index=["d1", "d2", "d3", "d4", "d5", "d6"],
)


def kpi(**changes: object) -> Kpi:
    return Kpi.model_validate({**ACTIVE, **changes})


def test_measure_kpis_events_hand_example(make_data, study):
    table = measure_kpis(make_data(EVENTS), study, MEMBERS, [kpi()], min_cell=1).set_index("segment")
    # planned in the quarter: c1, c2 | c4; of them moved in the quarter: c1 (c2 moved outside, c3 did not plan)
    assert table[["numerator", "denominator"]].to_dict("index") == {
        "S1": {"numerator": 1, "denominator": 2}, "S2": {"numerator": 0, "denominator": 1}, "all": {"numerator": 1, "denominator": 3},
    }  # fmt: skip
    assert table.loc["S1", "counted"] == "accounts"
    assert [round(end, 4) for end in table.loc["S1", ["lower", "upper"]]] == [0.0945, 0.9055]
    assert (table["met"] == "no target").all()


def test_measure_kpis_all_units_as_denominator(make_data, study):
    table = measure_kpis(make_data(EVENTS), study, MEMBERS, [kpi(denominator="units")], min_cell=1).set_index("segment")
    assert table["denominator"].to_dict() == {"S1": 3, "S2": 1, "all": 4}
    assert table["numerator"].to_dict() == {"S1": 2, "S2": 0, "all": 2}


def test_measure_kpis_ibis_events_equal_frame(make_data, study):
    import ibis

    expected = measure_kpis(make_data(EVENTS), study, MEMBERS, [kpi()], min_cell=1)
    found = measure_kpis(make_data(), study, MEMBERS, [kpi()], events=ibis.memtable(EVENTS), min_cell=1)
    pd.testing.assert_frame_equal(found, expected)


def test_measure_kpis_deals_closed_in_the_period(make_data, study):
    table = measure_kpis(make_data(deals=DEALS), study, MEMBERS, [Kpi.model_validate(WON)], min_cell=1).set_index(
        "segment"
    )
    assert table[["numerator", "denominator"]].to_dict("index") == {
        "S1": {"numerator": 1, "denominator": 2}, "S2": {"numerator": 1, "denominator": 1}, "all": {"numerator": 2, "denominator": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("k", "n", "target", "direction", "verdict"),
    [
        (90, 100, 0.8, "at_least", "met"),
        (10, 100, 0.8, "at_least", "not met"),
        (80, 100, 0.8, "at_least", "cannot tell"),
        (10, 100, 0.2, "at_most", "met"),
        (90, 100, 0.2, "at_most", "not met"),
        (0, 0, 0.2, "at_most", "nothing to count"),
        (0, 100, 0.0, "at_most", "cannot tell"),
    ],
)
def test_measure_kpis_verdict_needs_the_whole_interval(make_data, study, k, n, target, direction, verdict):
    members = pd.DataFrame({"segment": ["S1"] * 100}, index=[f"c{i}" for i in range(100)])
    rows = [(f"c{i}", "planned") for i in range(n)] + [(f"c{i}", "moved") for i in range(k)]
    events = pd.DataFrame(rows, columns=["company_id", "event"]).assign(timestamp=pd.Timestamp("2026-07-05"))
    table = measure_kpis(make_data(events), study, members, [kpi(target=target, direction=direction)])
    assert table["met"].tolist() == [verdict, verdict]


def test_measure_kpis_small_segment_is_withheld_and_cannot_be_subtracted(make_data, study):
    sizes = {"S1": 40, "S2": 12, "S3": 4}
    members = pd.DataFrame(
        {"segment": [s for s, n in sizes.items() for _ in range(n)]}, index=[f"c{i}" for i in range(56)]
    )
    events = pd.DataFrame({"company_id": members.index, "event": "moved", "timestamp": pd.Timestamp("2026-07-05")})
    table = measure_kpis(make_data(events), study, members, [kpi(denominator="units", target=0.5)])
    assert table.set_index("segment")["met"].to_dict() == {
        "S1": "met",
        "S2": "withheld",
        "S3": "withheld",
        "all": "met",
    }
    assert table.loc[table["withheld"], ["numerator", "rate", "shrunk"]].isna().all(axis=None)
    assert "Withheld for too few accounts: S2 and S3" in str(describe_kpis(table, "2026Q3"))
    exhibit = plot_kpis(table)
    assert isinstance(exhibit, Exhibit)
    assert len(exhibit.table.frame) == 2


def test_measure_kpis_absent_sources_and_events_are_said(make_data, study):
    table = measure_kpis(make_data(), study, MEMBERS, [kpi(), Kpi.model_validate(WON)])
    assert (table["met"] == "nothing to count").all()
    told = describe_kpis(table, "2026Q3")
    assert isinstance(told, Reading) and "Deals won: nothing to count in 2026Q3." in str(told)
    assert isinstance(plot_kpis(table), Callout)
    table = measure_kpis(make_data(EVENTS), study, MEMBERS, [kpi(numerator=["movd"])], min_cell=1)
    assert table["events_missing"].unique().tolist() == ["movd"]
    assert (
        table["met"] == "nothing to count"
    ).all()  # nobody records it, which is no share of 0 that misses its target
    assert "none of its events is in the data: movd" in str(describe_kpis(table, "2026Q3"))
    table = measure_kpis(make_data(EVENTS), study, MEMBERS, [kpi(numerator=[*kpi().numerator, "movd"])], min_cell=1)
    assert "nothing to count" not in set(table["met"])
    assert "occur nowhere in the data: movd" in str(describe_kpis(table, "2026Q3"))


def test_measure_kpis_study_without_kpis_is_absent(make_data, study):
    table = measure_kpis(make_data(EVENTS), study, MEMBERS)
    assert table.empty and list(table.columns) == list(KPI_COLUMNS)
    told = describe_kpis(table, "2026Q3")
    assert isinstance(told, Callout) and told.kind == "absent"
    assert not plot_kpis(table).paragraphs
    assert tabulate_kpis(table).as_json()["rows"] == []


def test_measure_kpis_needs_segments_and_keeps_its_input(make_data, study):
    before = EVENTS.copy()
    measure_kpis(make_data(EVENTS), study, MEMBERS, [kpi()])
    pd.testing.assert_frame_equal(EVENTS, before)
    with pytest.raises(ParameterError, match="'segment'"):
        measure_kpis(make_data(EVENTS), study, MEMBERS.rename(columns={"segment": "x"}), [kpi()])


def test_describe_kpis_and_figure_say_numbers(make_data, study):
    members = pd.DataFrame({"segment": ["S1"] * 100 + ["S2"] * 100}, index=[f"c{i}" for i in range(200)])
    rows = [(f"c{i}", "planned") for i in range(200)] + [(f"c{i}", "moved") for i in range(100)]
    events = pd.DataFrame(rows, columns=["company_id", "event"]).assign(timestamp=pd.Timestamp("2026-07-05"))
    table = measure_kpis(make_data(events), study, members, [kpi(target={"S1": 0.9, "S2": 0.5})])
    told = str(describe_kpis(table, "2026Q3"))
    assert "50% (100 of 200) of the accounts (95 % interval 43% to 57%). Target met in S1. Target missed in S2." in told
    exhibit = plot_kpis(table, source="cdp")
    assert isinstance(exhibit, Exhibit)
    assert "Clearly off target: Accounts that moved a job in S2 (0%, target 50%)" in exhibit.alt
    assert sorted(x for trace in exhibit.figure.data if trace.name != "target" for x in trace.x) == [0, 0.5, 1]
    assert tabulate_kpis(table).frame["Target"].tolist()[:2] == ["at least 90%", "at least 50%"]


def test_load_kpis_all_problems_at_once(tmp_path):
    path = tmp_path / "kpis.yaml"
    path.write_text(
        "kpis:\n"
        "  - {id: a, label: A, from: events, numerator: [x], targt: 0.2}\n"
        "  - {id: b, label: B, from: deal, numerator: won, denominator: closed}\n"
        "  - {id: c, label: C, from: deals, numerator: [x]}\n"
        "  - {id: d, label: D, from: events, numerator: [x], target: 40}\n"
        "  - {label: E, from: events, numerator: [x]}\n"
        "kpi: []\n"
    )
    with pytest.raises(StudyError) as caught:
        load_kpis(path)
    text = str(caught.value)
    for part in ("line 2, column 'a.targt': unknown key. Did you mean 'target'?", "Did you mean 'deals'?",
                 "from: deals takes numerator: won", "column 'd.target': too large; got 40; allowed: a number, 0 to 1",
                     "line 6, column '4.id': this key is required",
                 "column 'kpi': unknown key. Did you mean 'kpis'?"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "must hold the key 'kpis'"),
        ("kpis: {a: 1}", "must hold the key 'kpis'"),
        ("kpis: [", "not valid YAML"),
        ("kpis: &x []\nmore: *x", "aliases"),
        (
            "kpis:\n- &a {id: a, label: A, from: events, numerator: [x]}\n- {id: a, label: A, from: events, numerator: [x]}",
            "stands twice",
        ),
    ],
)
def test_load_kpis_broken_file_is_named(tmp_path, text, match):
    path = tmp_path / "kpis.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match=match):
        load_kpis(path)
    with pytest.raises(StudyError, match="no such file"):
        load_kpis(tmp_path / "none.yaml")


def test_load_kpis_from_study_and_direction(tmp_path, make_study):
    (tmp_path / "kpis.yaml").write_text(
        "kpis:\n  - {id: a, label: A, from: events, numerator: [x], target: {S1: 0.2}, direction: at_most}\n"
    )
    (found,) = load_kpis(make_study(kpis="kpis.yaml"))
    assert (found.denominator, found.target_of("S1"), found.target_of("S2")) == ("units", 0.2, None)
    assert load_kpis(make_study()) == ()
