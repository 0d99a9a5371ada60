"""Who was there through both quarters: comers, goers and the silent are told from those whose counts can be compared."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from segmentation.features import there_throughout
from segmentation.period import Period
from segmentation.sources import read_sources
from segmentation.study import load_study

from ..line.tiny import write_tiny_study

UNITS = ["A000", "A001", "A002", "A003"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    study = load_study(write_tiny_study(tmp_path_factory.mktemp("presence") / "tiny"))
    return study, read_sources(study, Period.parse("2026Q2"))


def _with(data, *rows):
    events = pd.DataFrame(rows, columns=["company_id", "timestamp"]).assign(event="planned")
    events["timestamp"] = pd.to_datetime(events["timestamp"])
    return replace(data, tables={**data.tables, "events": events})


def test_there_throughout_comers_and_the_silent_are_not(tiny):
    study, data = tiny
    old = [(unit, "2025-11-03") for unit in ("A000", "A001", "A002")]
    seen = [(unit, day) for unit in ("A000", "A001", "A003") for day in ("2026-02-01", "2026-05-01")]
    whole = there_throughout(_with(data, *old, *seen, ("A002", "2026-02-01")), study, pd.Index(UNITS))
    assert whole.tolist() == [True, True, False, False]  # A002 fell silent, A003 came in the first of the two quarters


def test_there_throughout_records_that_begin_with_the_quarter_make_nobody_a_comer(tiny):
    study, data = tiny
    seen = [(unit, day) for unit in UNITS for day in ("2026-01-05", "2026-05-01")]
    assert there_throughout(_with(data, *seen), study, pd.Index(UNITS)).all()


def test_there_throughout_date_of_a_table_of_units_counts_too(tiny):
    study, data = tiny
    seen = [(unit, day) for unit in UNITS for day in ("2025-11-03", "2026-02-05", "2026-05-01")]
    table = pd.DataFrame(
        {"created_at": pd.to_datetime(["2024-01-01", "2026-03-01", None, "2025-01-01"])},
        index=pd.Index(UNITS, name="company_id"),
    )
    changed = _with(data, *seen)
    changed = replace(changed, tables={**changed.tables, "companies": table})
    assert there_throughout(changed, study, pd.Index(UNITS)).tolist() == [True, False, True, True]


def test_there_throughout_without_counted_variables_everybody_is(tiny):
    study, data = tiny
    bare = replace(data, tables={})
    assert there_throughout(bare, study, pd.Index(UNITS)).all()


def test_there_throughout_who_fell_silent_in_the_quarter_was_not(tiny):
    study, data = tiny
    old = [(unit, day) for unit in UNITS for day in ("2025-11-03", "2026-02-05")]
    often = [("A000", f"2026-04-{day:02d}") for day in range(1, 21)]  # daily until the 20th of April, then nothing
    on = [("A001", f"2026-{month:02d}-{day:02d}") for month in (4, 5, 6) for day in (3, 10, 17, 24)]
    seldom = [("A002", "2026-04-20"), ("A003", "2026-04-12")]  # who is seldom seen may well be back
    assert there_throughout(_with(data, *old, *often, *on, *seldom), study, pd.Index(UNITS)).tolist() == [
        False,
        True,
        True,
        True,
    ]
