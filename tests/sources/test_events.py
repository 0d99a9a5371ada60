"""Events: warehouse tables, raw calls, plain tables and databases, as one Ibis table."""

from __future__ import annotations

import json

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentation.errors import DataContractError
from segmentation.period import Period
from segmentation.sources import check_sources, list_periods, open_events, read_sources

COLUMNS = ["company_id", "user_id", "event", "timestamp", "channel", "value"]
TRACKS = """id,user_id,context_group_id,event,event_text,timestamp,context_campaign_medium,revenue,context_ip
m1,u1,c1,job_created,Job Created,2026-05-01T10:00:00Z,email,,8.8.8.8
m2,u1,c1,invoice_paid,Invoice Paid,2026-08-01T10:00:00Z,,120.50,8.8.8.8
m2,u1,c1,invoice_paid,Invoice Paid,2026-08-01T10:00:00Z,,120.50,8.8.8.8
m3,u2,,page_viewed,Page Viewed,2026-08-02T10:00:00Z,,,8.8.8.8
m4,u3,c2,job_created,Job Created,2026-10-01T00:00:00Z,,,8.8.8.8
"""


def test_open_events_csv_gives_canonical_columns_before_the_end(tmp_path, make_study):
    (tmp_path / "tracks.csv").write_text(TRACKS)
    events = open_events(make_study({"events": {"format": "segment.tracks", "path": "tracks.csv"}}), "2026Q3")
    assert list(events.columns) == COLUMNS
    frame = events.order_by("timestamp").to_pandas()
    assert frame["event"].tolist() == ["job_created", "invoice_paid"]
    assert frame["value"].tolist()[1] == 120.5
    assert frame["channel"].tolist()[0] == "email"
    assert frame["timestamp"].tolist()[0] == pd.Timestamp("2026-05-01 10:00")


def test_read_sources_events_counts_every_row_left_out(tmp_path, make_study):
    (tmp_path / "tracks.csv").write_text(TRACKS)
    study = make_study({"events": {"format": "segment.tracks", "path": "tracks.csv"}})
    data = read_sources(study, "2026Q3")
    account = data.accounts[0]
    assert account.dropped == {"duplicate message id": 1, "no company_id": 1, "after the period": 1}
    assert (account.rows_in, account.rows_out, len(data["events"])) == (5, 2, 2)
    assert list(data["events"].columns) == COLUMNS
    assert str(data["events"]["timestamp"].dtype) == "datetime64[us]"
    assert list_periods(study) == (Period(2026, 2), Period(2026, 3), Period(2026, 4))
    assert read_sources(study, "2026Q4").accounts[0].dropped == {"duplicate message id": 1, "no company_id": 1}
    assert check_sources(study).period == Period(2026, 4)


def test_read_sources_period_without_events_names_those_that_have(tmp_path, make_study):
    (tmp_path / "tracks.csv").write_text(TRACKS)
    study = make_study({"events": {"format": "segment.tracks", "path": "tracks.csv"}})
    with pytest.raises(DataContractError, match=r"no events.*'2024Q1'.*periods with events: 2026Q2, 2026Q3, 2026Q4"):
        read_sources(study, "2024Q1")


def test_open_events_raw_json_reads_nested_calls_and_action(tmp_path, make_study):
    calls = [
        {"type": "track", "messageId": "a", "userId": "u1", "event": "Signed Up", "timestamp": "2026-07-01T00:00:00.123Z",
         "context": {"groupId": "c1", "campaign": {"medium": "cpc"}}, "properties": {"type": "organic", "revenue": 10}},
        {"action": "track", "messageId": "b", "userId": "u1", "event": "Signed In", "timestamp": "2026-07-02T00:00:00Z",
         "channel": "server", "context": {"groupId": "c1"}, "properties": {"channel": "web", "value": 3, "email": "p@x.example"}},
        {"type": "identify", "userId": "u1", "timestamp": "2026-07-02T00:00:00Z", "context": {"groupId": "c1"}},
    ]  # fmt: skip
    (tmp_path / "calls.jsonl").write_text("\n".join(json.dumps(call) for call in calls))
    study = make_study({"events": {"format": "segment.tracks", "path": "calls.jsonl"}})
    frame = open_events(study, "2026Q3").order_by("timestamp").to_pandas()
    assert frame["event"].tolist() == ["Signed Up", "Signed In"]
    assert frame["channel"].tolist() == ["cpc", "web"]
    assert frame["value"].tolist() == [10.0, 3.0]
    data = read_sources(study, "2026Q3")
    assert data.accounts[0].dropped == {"not a track call": 1}
    assert "p@x.example" in data.identifiers


def test_open_events_parquet_glob_keeps_each_message_once(tmp_path, make_study):
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "context_group_id": ["c1", "c2"],
            "event": ["x", "y"],
            "timestamp": pd.to_datetime(["2026-07-01T02:00:00+02:00", "2026-07-02T02:00:00+02:00"]),
        }
    )
    (tmp_path / "tracks").mkdir()
    frame.to_parquet(tmp_path / "tracks/1.parquet")
    frame.to_parquet(tmp_path / "tracks/2.parquet")
    events = open_events(
        make_study({"e": {"format": "segment.tracks", "path": "tracks/*.parquet"}}), "2026Q3"
    ).to_pandas()
    assert len(events) == 2
    assert events["timestamp"].min() == pd.Timestamp("2026-07-01")


def test_open_events_same_columns_over_a_duckdb_table(tmp_path, make_study):
    with duckdb.connect(str(tmp_path / "log.duckdb")) as connection:
        connection.execute(
            "create table tracks as select * from (values "
            "('a', 'u1', 'c1', 'x', timestamptz '2026-07-01 02:00:00+02', 1.5),"
            "('a', 'u1', 'c1', 'x', timestamptz '2026-07-01 02:00:00+02', 1.5),"
            "('b', 'u1', null, 'y', timestamptz '2026-07-02 02:00:00+02', null),"
            "('c', 'u1', 'c2', 'y', timestamptz '2026-11-02 02:00:00+02', null)"
            ") as t(id, user_id, context_group_id, event, timestamp, revenue)"
        )
    study = make_study({"events": {"format": "segment.tracks", "connection": "duckdb://log.duckdb", "table": "tracks"}})
    data = read_sources(study, "2026Q3")
    assert list(data["events"].columns) == COLUMNS
    assert data["events"].iloc[0].tolist()[2:4] == ["x", pd.Timestamp("2026-07-01")]
    assert data.accounts[0].dropped == {"duplicate message id": 1, "no company_id": 1, "after the period": 1}
    assert list_periods(study) == (Period(2026, 3), Period(2026, 4))
    with pytest.raises(DataContractError, match=r"no such table in the database.*'trakcs'.*Did you mean 'tracks'"):
        open_events(
            make_study(
                {"events": {"format": "segment.tracks", "connection": "duckdb://log.duckdb", "table": "trakcs"}}
            ),
            "2026Q3",
        )
    with pytest.raises(DataContractError, match=r"no such database"):
        open_events(
            make_study({"e": {"format": "segment.tracks", "connection": "duckdb://no.duckdb", "table": "t"}}), "2026Q3"
        )
    assert not (tmp_path / "no.duckdb").exists()


def test_open_events_plain_table_of_600000_rows_is_quick(tmp_path, make_study):
    rows = 600_000
    table = pa.table(
        {
            "household_id": pa.array([n % 2469 for n in range(rows)], pa.int32()),
            "basket_id": pa.array(range(rows), pa.int64()),
            "sales_value": pa.array([1.25] * rows),
            "transaction_timestamp": pa.array([1483228800 + 50 * n for n in range(rows)], pa.timestamp("s")),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    source = {
        "format": "table", "as": "events", "path": "t.parquet", "unit": "household_id",
        "columns": {"timestamp": "transaction_timestamp", "value": "sales_value"},
    }  # fmt: skip
    study = make_study({"transactions": source}, unit="household_id")
    events = open_events(study, "2017Q4")
    total = events.agg(n=events.count(), money=events.value.sum(), units=events.household_id.nunique()).to_pandas()
    expected = int((table["transaction_timestamp"].to_pandas() < pd.Timestamp("2018-01-01")).sum())
    assert total.loc[0].tolist() == [expected, 1.25 * expected, 2469]
    assert events.limit(1).to_pandas()["event"].tolist() == ["transactions"]
    data = read_sources(study, "2017Q4")
    assert len(data["events"]) == expected
    assert any("every row counts as the event 'transactions'" in note for note in data.accounts[0].notes)
    assert any("no message ids" in note for note in data.accounts[0].notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,event,timestamp\na,x,2026-07-01\n", "events with no unit id: no column holds it"),
        ("id,event,timestamp,context_group_id\na,x,2026-07-01,\n", "events with no company_id"),
        ("id,event,context_group_id\na,x,c1\n", "events with no time stamp"),
        ("id,event,timestamp,context_group_id\na,x,,c1\n", "events have no time stamp"),
        ("id,event,timestamp,context_group_id\na,,2026-07-01,c1\n", "events have no name"),
        ("id,event,timestamp,context_group_id,revenue\na,x,2026-07-01,c1,ten\n", "values are not numbers.*got 'ten'"),
        ("id,timestamp,context_group_id\na,2026-07-01,c1\n", "no column holds the event"),
    ],
)
def test_open_events_broken_log_is_refused(tmp_path, make_study, text, message):
    (tmp_path / "tracks.csv").write_text(text)
    with pytest.raises(DataContractError, match=message):
        open_events(make_study({"events": {"format": "segment.tracks", "path": "tracks.csv"}}), "2026Q3")


def test_open_events_unit_header_not_in_file_offers_nearest(tmp_path, make_study):
    (tmp_path / "tracks.csv").write_text(TRACKS)
    source = {"format": "segment.tracks", "path": "tracks.csv", "unit": "context_grup_id"}
    with pytest.raises(DataContractError, match=r"sources.events.unit.*Did you mean 'context_group_id'"):
        open_events(make_study({"events": source}), "2026Q3")


def test_open_events_file_changed_between_calls_is_read_again(tmp_path, make_study):
    (tmp_path / "tracks.csv").write_text(TRACKS)
    study = make_study({"events": {"format": "segment.tracks", "path": "tracks.csv"}})
    assert open_events(study, "2026Q3").count().execute() == 2
    (tmp_path / "tracks.csv").write_text(TRACKS + "m9,u1,c1,extra,Extra,2026-09-01T00:00:00Z,,,\n")
    assert open_events(study, "2026Q3").count().execute() == 3


def test_open_events_without_events_says_so(tmp_path, make_study):
    (tmp_path / "c.csv").write_text("Record ID\n1\n")
    study = make_study({"companies": {"format": "hubspot.companies", "path": "c.csv"}})
    assert list_periods(study) == ()
    with pytest.raises(DataContractError, match="the study has no events"):
        open_events(study, "2026Q3")
    assert len(check_sources(study)["companies"]) == 1


def test_read_sources_identities_one_row_a_combination(tmp_path, make_study):
    calls = [
        {"type": "identify", "userId": "u1", "anonymousId": "x", "traits": {"email": "a@b.example", "name": "Ana Ruiz"},
         "context": {"groupId": "c1"}},
        {"type": "identify", "userId": "u1", "anonymousId": "x", "context": {"groupId": "c1"}},
        {"type": "identify", "userId": "u2", "anonymousId": "y"},
    ]  # fmt: skip
    (tmp_path / "identifies.jsonl").write_text("\n".join(map(json.dumps, calls)))
    data = read_sources(make_study({"who": {"format": "segment.identifies", "path": "identifies.jsonl"}}), "2026Q3")
    assert data["identities"].values.tolist() == [["u1", "c1", "x"]]
    assert data.accounts[0].dropped == {"no company_id or no user": 1, "repeated identify call": 1}
    assert data.identifiers == {"a@b.example", "Ana Ruiz"}


@pytest.mark.shared
def test_open_events_real_spec_examples_lack_a_time_stamp(shared, make_study):
    path = str(shared / "formats/segment/spec_b2b_saas_examples.jsonl")
    with pytest.raises(DataContractError, match="events with no time stamp"):
        open_events(make_study({"events": {"format": "segment.tracks", "path": path}}), "2018Q4")


@pytest.mark.shared
def test_open_events_real_pages_table_by_declared_columns(shared, make_study):
    source = {
        "format": "segment.tracks", "path": str(shared / "formats/segment/dbt_segment_example_pages.csv"),
        "unit": "user_id", "columns": {"event": "path"},
    }  # fmt: skip
    frame = open_events(make_study({"events": source}), "2015Q1").to_pandas()
    assert frame[["company_id", "event", "channel"]].values.tolist() == [["97980cfea0067", "/product", "social"]]
