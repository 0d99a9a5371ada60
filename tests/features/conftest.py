"""A study of four accounts, small enough to reckon every number by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.dataset import Dataset, SourceAccount
from segmentation.period import Period
from segmentation.study import Study

COMPANIES = {"path": "companies.csv", "format": "hubspot.companies"}
EVENTS = {"path": "tracks.csv", "format": "segment.tracks"}
SURVEY = {"path": "survey.csv", "format": "qualtrics"}


def make_study(variables=None, **keys):
    content = {
        "study": "tiny",
        "unit": "company_id",
        "unit_words": "accounts",
        "sources": {"companies": COMPANIES, "events": EVENTS, "survey": SURVEY},
        "variables": variables
        or [
            {"name": "quotes", "from": "events", "kind": "behavioural", "role": "base", "measure": "share",
             "events": ["Quote Sent"]},
            {"name": "need", "from": "survey", "kind": "need", "role": "base", "measure": "mean",
             "items": ["imp_1", "imp_2"], "scale": [1, 5], "centre": "respondent"},
            {"name": "other", "from": "survey", "kind": "need", "measure": "mean", "items": ["imp_3"], "scale": [1, 5]},
            {"name": "industry", "from": "companies", "kind": "firmographic", "level": "nominal"},
            {"name": "employees", "from": "companies", "kind": "firmographic"},
        ],
        "segmentations": {"needs": {"base": ["quotes", "need"]}},
    }  # fmt: skip
    return Study.model_validate({**content, **keys})


def make_companies():
    return pd.DataFrame(
        {
            "industry": ["heating", "plumbing", None, "heating"],
            "employees": [10.0, 20.0, None, 40.0],
            "domain_key": ["a", "b", None, "a"],
            "created_at": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01", "2026-01-01"]),
        },
        index=pd.Index(["A", "B", "C", "D"], name="company_id"),
    )


def make_events():
    rows = [
        ("A", "Quote Sent", "2026-07-01T00:00", 100.0),
        ("A", "Quote Sent", "2026-07-01T23:00", None),
        ("A", "Job Booked", "2026-09-01T12:00", None),
        ("A", "Quote Sent", "2026-06-30T23:59", 7.0),
        ("B", "Job Booked", "2026-09-30T12:00", 50.0),
        ("C", "Quote Sent", "2026-01-01T00:00", None),
        ("D", "Job Booked", "2026-08-01T00:00", None),
        ("D", "Quote Sent", "2026-10-01T00:00", None),
    ]
    table = pd.DataFrame(rows, columns=["company_id", "event", "timestamp", "value"])
    return table.assign(timestamp=pd.to_datetime(table["timestamp"]), user_id="u", channel="web")


def make_survey():
    return pd.DataFrame(
        {
            "company_id": ["A", "A", "B", "C"],
            "recorded_at": pd.to_datetime(["2026-08-02", "2026-08-01", "2026-08-01", "2026-08-01"]),
            "seconds": [60.0, 60.0, 60.0, 2.0],
            "imp_1": [5.0, 1.0, 2.0, 1.0],
            "imp_2": [4.0, 1.0, None, 5.0],
            "imp_3": [3.0, 1.0, 4.0, 1.0],
        },
        index=pd.Index(["R1", "R2", "R3", "R4"], name="response_id"),
    )


def make_data(**tables):
    given = {"companies": make_companies(), "events": make_events(), "survey": make_survey(), **tables}
    accounts = tuple(
        SourceAccount(name, (f"{name}.csv",), "0123456789abcdef", len(table) + 1, len(table), {"broken": 1}, ("spare",))
        for name, table in given.items()
        if table is not None
    )
    kept = {name: table for name, table in given.items() if table is not None}
    return Dataset("tiny", "company_id", Period.parse("2026Q3"), kept, accounts)


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def data():
    return make_data()


@pytest.fixture
def make():
    """The makers, for tests that change one part."""

    class Makers:
        study = staticmethod(make_study)
        data = staticmethod(make_data)
        companies = staticmethod(make_companies)
        events = staticmethod(make_events)
        survey = staticmethod(make_survey)

    return Makers
