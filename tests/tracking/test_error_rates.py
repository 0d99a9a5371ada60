"""Error rates of experiments: a small simulation now, and what the long one recorded."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from scipy.stats import binom

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("experiment_error_rates", BENCHMARKS / "experiment_error_rates.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def most(n: int, rate: float = 0.05) -> int:
    """Most errors that a true rate gives but once in a thousand times."""
    return int(binom.ppf(0.999, n, rate))


def test_a_a_tests_err_no_more_than_stated(benchmark):
    found = {row["what"]: row for row in [*benchmark.personas(200, 7), *benchmark.peeking(200, 7)]}
    for what, row in found.items():
        errors, n = round(row["rate"] * row["simulations"]), row["simulations"]
        if what in ("any persona at p <= .05, nothing allowed for", "20 looks, each at p <= .05"):
            assert errors > most(n)  # the naive way is caught
        else:
            assert errors <= most(n), what


def test_recorded_rates_are_those_the_page_states():
    stored = json.loads((BENCHMARKS / "results" / "experiment_error_rates.json").read_text("utf-8"))
    page = (BENCHMARKS.parent / "docs" / "experiments.md").read_text("utf-8")
    rows = {row["what"]: row for part in stored.values() for row in part["rows"]}
    for row in rows.values():
        assert f"| {row['what']} | {row['rate']:.4f} | {row['lower']:.4f} to {row['upper']:.4f} |" in page
    assert rows["any persona named, Benjamini and Hochberg"]["simulations"] >= 10_000
    limited = [row for what, row in rows.items() if "named" in what or "spending" in what or "always-valid" in what]
    assert len(limited) == 5 and all(row["rate"] <= 0.05 for row in limited)
    assert 0.23 < rows["20 looks, each at p <= .05"]["rate"] < 0.27
