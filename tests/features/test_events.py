from __future__ import annotations

import math
import time

import ibis
import numpy as np
import pandas as pd
import pytest

from segmentation.features.events import check_event_names, measure_events
from segmentation.period import Period
from segmentation.study import Variable

QUARTER = Period.parse("2026Q3")


def behaviour(measure, *events, name="x", **keys):
    return Variable(name=name, source="events", kind="behavioural", measure=measure, events=events, **keys)


def measured(events, *variables):
    table = measure_events(events, variables, unit="company_id", period=QUARTER).to_pyarrow().to_pandas()
    return table.set_index("company_id").sort_index()


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (behaviour("recency"), [29.5, 0.5, 273.0, 61.0]),
        (behaviour("recency", "Quote Sent"), [91 + 1 / 24, math.nan, 273.0, math.nan]),
        (behaviour("tenure"), [92 + 1 / 1440, 0.5, 273.0, 61.0]),
        (behaviour("active_days"), [2, 1, 0, 1]),
        (behaviour("active_days", "Quote Sent"), [1, 0, 0, 0]),
        (behaviour("events"), [3, 1, 0, 1]),
        (behaviour("events", "Quote Sent"), [2, 0, 0, 0]),
        (behaviour("share", "Quote Sent"), [2 / 3, 0, math.nan, 0]),
        (behaviour("money"), [100, 50, 0, 0]),
        (behaviour("money", "Quote Sent"), [100, 0, 0, 0]),
        (behaviour("trend"), [math.log(2 / 3), math.log(2), 0, math.log(1 / 2)]),
    ],
    ids=lambda item: f"{item.measure}-{'-'.join(item.events)}" if isinstance(item, Variable) else "",
)
def test_measure_events_by_hand(make, variable, expected):
    assert measured(make.events(), variable)["x"].tolist() == pytest.approx(expected, nan_ok=True)


def test_measure_events_never_sees_the_period_after_its_end(make):
    late = make.events().assign(timestamp=pd.Timestamp("2026-10-01"))
    assert measured(late, behaviour("events")).empty


def test_measure_events_no_events_gives_no_units(make):
    assert measured(make.events().iloc[:0].astype({"value": float}), behaviour("events")).empty


def test_measure_events_leaves_out_rows_without_unit(make):
    events = make.events()
    events.loc[events["company_id"] == "B", "company_id"] = None
    assert measured(events, behaviour("events")).index.tolist() == ["A", "C", "D"]


def test_measure_events_input_is_not_changed(make):
    events = make.events()
    before = events.copy(deep=True)
    measured(events, behaviour("money"), behaviour("share", "Quote Sent", name="y"))
    pd.testing.assert_frame_equal(events, before)


# Ibis 12 still calls the name that DuckDB 2 retires.
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_measure_events_other_ibis_table_gives_the_same(make, tmp_path):
    connection = ibis.duckdb.connect()
    make.events().to_parquet(tmp_path / "tracks.parquet")
    table = connection.read_parquet(tmp_path / "tracks.parquet")
    variables = [
        behaviour("share", "Quote Sent", name="a"),
        behaviour("trend", name="b"),
        behaviour("tenure", name="c"),
    ]
    pd.testing.assert_frame_equal(measured(table, *variables), measured(make.events(), *variables))
    connection.disconnect()


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "bigquery", "snowflake", "databricks", "trino"])
def test_measure_events_is_one_query_in_every_dialect(dialect):
    columns = {"company_id": "string", "event": "string", "timestamp": "timestamp", "value": "float64"}
    table = ibis.table(columns, name="tracks")
    measures = ("recency", "active_days", "events", "share", "money", "trend", "tenure")
    variables = [behaviour(measure, "Quote Sent", name=measure) for measure in measures]
    query = str(ibis.to_sql(measure_events(table, variables, unit="company_id", period=QUARTER), dialect=dialect))
    assert query.count("GROUP BY") == 1


def test_measure_events_quarter_of_a_million_rows_under_two_seconds():
    rng = np.random.default_rng(1)
    n = 250_000
    events = pd.DataFrame(
        {
            "company_id": rng.integers(0, 1200, n).astype(str),
            "event": rng.choice(["a", "b", "c", "d", "e"], n),
            "timestamp": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 270 * 86400, n), unit="s"),
            "value": rng.random(n),
        }
    )
    measures = ("recency", "active_days", "events", "share", "money", "trend", "tenure")
    variables = [behaviour(measure, "a", "b", name=measure) for measure in measures]
    measured(events.head(10), *variables)
    begun = time.process_time()
    assert len(measured(events, *variables)) == 1200
    assert time.process_time() - begun < 2


def test_check_event_names_misspelt_offers_the_nearest_word():
    violations, notes = check_event_names([behaviour("events", "Qoute Sent")], ["Quote Sent"], file="tracks.csv")
    assert not notes
    assert "Did you mean 'Quote Sent'?" in str(violations[0])


def test_check_event_names_not_yet_launched_is_a_note():
    variable = behaviour("share", "Quote Sent", "Plan Created")
    violations, notes = check_event_names([variable], ["Quote Sent", "Job Booked"], file="tracks.csv")
    assert not violations
    assert notes == ["Event 'Plan Created' of variable 'x' has not occurred by the end of the period."]


def test_check_event_names_misspelt_beside_a_right_one_is_a_violation():
    variable = behaviour("share", "Quote Sent", "Job Boked")
    violations, _ = check_event_names([variable], ["Quote Sent", "Job Booked"], file="tracks.csv")
    assert [violation.value for violation in violations] == ["Job Boked"]


def test_measure_events_share_of_too_few_events_is_not_known():
    events = pd.DataFrame({
        "company_id": ["A"] * 4 + ["B"] * 3,
        "event": ["Quote Sent", "Job Booked", "Job Booked", "Job Booked", "Quote Sent", "Job Booked", "Job Booked"],
        "timestamp": pd.Timestamp("2026-08-01"),
    })  # fmt: skip
    shares = measured(events, behaviour("share", "Quote Sent", min_events=4))["x"]
    assert shares["A"] == pytest.approx(0.25) and math.isnan(shares["B"])
