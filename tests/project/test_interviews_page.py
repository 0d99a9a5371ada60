"""docs/interviews.md says what the benchmarks recorded, and what they recorded is what is promised."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("interview_tables", ROOT / "benchmarks/interview_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_what_the_results_say(tables):
    assert (ROOT / "docs/interviews.md").read_text("utf-8") == tables.page()


def test_two_hundred_interviews_take_less_work_than_promised():
    result = json.loads((ROOT / "benchmarks/results/interviews_scale.json").read_text())
    assert result["size"]["people"] == 200 and result["size"]["words"] > 200 * 9000
    assert result["cpu_seconds"] < result["target_seconds"] == 60


def test_nothing_is_found_beyond_the_stated_rate():
    result = json.loads((ROOT / "benchmarks/results/interviews_permuted.json").read_text())
    ours = [row for row in result["rates"] if not row["measure"].startswith("not done")]
    assert {row["world"] for row in ours} == {"sample", "planted", "null"} and min(
        row["studies"] for row in ours
    ) >= 100
    assert all(row["lower"] <= result["limit"] for row in ours)
    back = [row for row in ours if row["measure"] == "how often people come back to a theme"]
    assert len(back) == 3 and {row["world"] for row in result["as_they_are"] if row["words_found"]} == {"planted"}
