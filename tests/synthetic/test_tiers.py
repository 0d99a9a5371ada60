"""The line finds what was planted where it can be found, and sells nothing where nothing was planted."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from segmentation.study import Choices
from segmentation.synthetic import write_study

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "tier_recovery.py"
QUICK = Choices(starts=20, pairs=10, references=39)
"""Enough to choose a number of segments; reports use more."""


@pytest.fixture(scope="module")
def recover():
    spec = importlib.util.spec_from_file_location("tier_recovery", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.recover


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
