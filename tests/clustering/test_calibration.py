"""The benchmark behind docs/calibration.md: it can be stopped and resumed, and what is written is what was counted."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "segmentation" / "clustering"


@pytest.fixture(scope="module")
def bench():
    """benchmarks/structure_error_rates.py, structure_tables.py and folk_rules.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield [importlib.import_module(name) for name in ("structure_error_rates", "structure_tables", "folk_rules")]


def test_every_world_of_the_table_has_words_and_draws(worlds):
    everything = {**worlds.NO_SEGMENTS, **worlds.KNOWN_LIMITS, **worlds.SEGMENTS}
    assert set(worlds.WORDS) == set(everything)
    assert len(worlds.NO_SEGMENTS) == 12
    for world in everything.values():
        values = world(np.random.default_rng([1, 0]), 120)
        assert len(values) == 120 and np.isfinite(values).all()
        assert (values == world(np.random.default_rng([1, 0]), 120)).all()


def test_run_block_counts_and_missing_blocks_resume(bench):
    rates, tables, _ = bench
    settings = rates.Settings(references=39, pairs=10, starts=3)
    first = rates.run_block("separation_4-n250", 0, 2, settings)
    assert first["simulations"] == 2 and first["counts"]["both"] == first["counts"]["natural"] == 2
    assert first["counts"]["silhouette"] == 0 and first["counts"]["elbow_right"] == 2
    again = rates.run_block("separation_4-n250", 0, 2, settings)
    assert again["counts"] == first["counts"]
    results = {"cells": {"separation_4-n250": [first]}}
    assert list(rates.missing_blocks(results, ["separation_4-n250"], 2)) == []
    assert list(rates.missing_blocks(results, ["separation_4-n250"], 60)) == [
        ("separation_4-n250", 2, 50),
        ("separation_4-n250", 52, 8),
    ]
    assert tables.add_up([first, again])[0]["both"] == 1.0


def test_results_of_other_settings_are_not_mixed(bench, tmp_path):
    rates = bench[0]
    file = tmp_path / "results.json"
    rates.keep(file, {"settings": {"seed": 9}, "cells": {}})
    with pytest.raises(SystemExit, match="results of other settings"):
        rates.read_results(file, rates.Settings())
    assert json.loads(file.read_text())["settings"] == {"seed": 9}


def test_rules_of_thumb_by_hand(bench):
    folk = bench[2]
    assert folk.name_by_elbow({1: 100.0, 2: 50.0, 3: 10.0, 4: 8.0, 5: 6.0}) == 3
    values = np.vstack([np.zeros((20, 2)), np.full((20, 2), 9.0)]) + np.random.default_rng(1).standard_normal((40, 2))
    labels = {2: np.repeat([0, 1], 20), 3: np.repeat([0, 1, 2, 1], 10)}
    assert folk.name_by_silhouette(values, labels) == 2
    assert folk.apply_rules(values, [2, 3], 1) == {"silhouette": 2, "elbow": 2, "gap": 2, "strength": 2}


def test_files_of_the_package_hold_the_rates_of_every_world(worlds):
    folk = yaml.safe_load((PACKAGE / "folk.yaml").read_text("utf-8"))
    for rule in folk.values():
        assert set(rule["false_alarms"]) == set(worlds.NO_SEGMENTS)
        assert {"latent_classes", "separation_3"} <= set(rule["hits"])
        assert all(0 <= rate <= 1 for rate in [*rule["false_alarms"].values(), *rule["hits"].values()])
        assert rule["simulations"] > 0 and rule["source"] and rule["rule"]
    power = yaml.safe_load((PACKAGE / "power.yaml").read_text("utf-8"))
    assert {row["n"] for row in power} >= {250, 500, 1000}
    for row in power:
        assert row["natural"] <= row["power"] <= 1


def test_published_rates_hold_what_the_report_promises():
    """The word natural in at most 5 % of data sets without segments, by the gate for the number simulated; folk rules are far off."""
    from scipy.stats import binom

    folk = yaml.safe_load((PACKAGE / "folk.yaml").read_text("utf-8"))
    for rule in ("structure", "natural"):
        n = folk[rule]["simulations"]
        for world, rate in folk[rule]["false_alarms"].items():
            assert binom.sf(round(rate * n) - 1, n, 0.05) > 0.001, (rule, world, rate)
    for rule in ("silhouette", "gap", "stability"):
        assert max(folk[rule]["false_alarms"].values()) > 0.5
    assert folk["silhouette"]["hits"]["separation_3"] < 0.2
