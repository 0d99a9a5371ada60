"""The line finds what was planted where it can be found, and sells nothing where nothing was planted."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import segmentation as sg
from segmentation.study import Choices
from segmentation.synthetic import write_study

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "tier_recovery.py"
QUICK = Choices(starts=20, pairs=10, references=39)
"""Enough to choose a number of segments; reports use more."""


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("tier_recovery", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recover(benchmark):
    return benchmark.recover


@pytest.mark.parametrize(("tier", "least"), [("easy", 0.85), ("medium", 0.75)])
def test_planted_segments_are_found(recover, tmp_path, tier, least):
    write_study(tmp_path / tier, tier=tier)
    found = recover(tmp_path / tier, choices=QUICK)
    assert found["verdict"] == "natural"
    assert found["chosen"] in (5, 6)  # five to begin with, the sixth grows from the fifth quarter on
    assert found["ari_fitted"] >= least
    assert found["ari_placed"] >= least - 0.15  # accounts without a survey are placed by half of the variables


def test_null_tier_is_not_sold_as_segments(recover, tmp_path):
    write_study(tmp_path / "null", tier="null")
    found = recover(tmp_path / "null", choices=QUICK)
    assert found["verdict"] != "natural"
    assert found["p"] > 0.05
    assert found["ari_fitted"] is None


def test_null_tier_drawn_in_memory_is_the_written_one_but_for_faults_of_delivery(benchmark, tmp_path):
    study = sg.load_study(write_study(tmp_path / "null", tier="null", seed=3))
    written = sg.build_features(sg.read_sources(study, period=benchmark.PERIOD), study).values
    drawn = benchmark.draw_base("null", 3, study)
    written = written[drawn.columns]
    assert drawn.index.equals(written.index)
    assert (drawn.isna() == written.isna()).all(axis=None)
    needs = [name for name in drawn if name.startswith("need_")]
    pd.testing.assert_frame_equal(drawn[needs], written[needs])
    assert (drawn - written).abs().drop(columns="active_days").max(axis=None) < 0.12
    np.testing.assert_allclose(drawn.dropna().corr(), written.dropna().corr(), atol=0.03)
