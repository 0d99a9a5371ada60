"""A study, a dataset of two tables and an experiment, all small enough to count by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.dataset import Dataset
from segmentation.period import Period
from segmentation.study import Study
from segmentation.tracking import Experiment

STUDY = {
    "study": "toy",
    "unit": "company_id",
    "unit_words": "accounts",
    "sources": {"events": {"path": "e.csv", "format": "segment.tracks"}},
    "variables": [
        {"name": "a", "from": "events", "kind": "behavioural", "role": "base"},
        {"name": "b", "from": "events", "kind": "behavioural", "role": "base"},
    ],
    "segmentations": {"main": {"base": ["a", "b"]}},
}
PLAN = {
    "id": "mail-1", "title": "New subject", "randomised": True, "assignment": "assignment.csv", "outcomes": "outcomes.csv",
    "arms": {"control": 0.5, "new": 0.5}, "control": "control", "outcome": "booked", "window_days": 28,
}  # fmt: skip


@pytest.fixture
def study() -> Study:
    return Study.model_validate(STUDY)


@pytest.fixture
def make_study(tmp_path):
    return lambda **keys: Study.model_validate({**STUDY, **keys, "folder": tmp_path})


@pytest.fixture
def plan():
    """Plan of an experiment as a dict, with changes."""
    return lambda **changes: {**PLAN, **changes}


@pytest.fixture
def experiment(plan) -> Experiment:
    return Experiment.model_validate(plan())


@pytest.fixture
def make_data():
    def build(events: pd.DataFrame | None = None, deals: pd.DataFrame | None = None) -> Dataset:
        tables = {name: table for name, table in (("events", events), ("deals", deals)) if table is not None}
        return Dataset("toy", "company_id", Period.parse("2026Q3"), tables, ())

    return build


@pytest.fixture
def draw_trial():
    """Assignment, outcomes and membership from counts: {segment: (n_control, k_control, n_new, k_new)}."""

    def draw(counts: dict[str, tuple[int, int, int, int]]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        units, done = [], []
        for segment, (n0, k0, n1, k1) in counts.items():
            for arm, n, k in (("control", n0, k0), ("new", n1, k1)):
                ids = [f"{segment}-{arm}-{i}" for i in range(n)]
                units += [(unit, arm, segment) for unit in ids]
                done += ids[:k]
        table = pd.DataFrame(units, columns=["unit", "arm", "segment"])
        assignment = table[["unit", "arm"]].assign(assigned_at=pd.Timestamp("2026-07-06"))
        outcomes = pd.DataFrame({"unit": done, "outcome": "booked", "occurred_at": pd.Timestamp("2026-07-10")})
        return assignment, outcomes, table.set_index("unit")[["segment"]]

    return draw
