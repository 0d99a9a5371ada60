from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.study import Choices

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def worlds() -> ModuleType:
    """The simulated worlds of the benchmark, so that suite and published rates mean the same."""
    spec = importlib.util.spec_from_file_location("worlds", ROOT / "benchmarks" / "worlds.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    return json.loads((ROOT / "tests" / "reference" / "mcdonalds.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def reference() -> dict[str, Any]:
    return json.loads((ROOT / "tests" / "reference" / "clustering.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def mcdonalds() -> pd.DataFrame:
    path = ROOT.parent / "shared" / "data" / "mcdonalds" / "mcdonalds.csv"
    if not path.is_file():
        pytest.skip("the published fast-food data are not here")
    return (pd.read_csv(path).iloc[:, :11] == "Yes").astype(float)


@pytest.fixture(scope="session")
def quick() -> Choices:
    return Choices(random_state=1, starts=20, pairs=20, references=39)


@pytest.fixture(scope="session")
def planted() -> pd.DataFrame:
    """Six segments of unequal size in ten variables, 600 complete units and 100 that lack four variables."""
    random = np.random.default_rng(7)
    centres = np.eye(6, 10) * 4.5
    truth = random.choice(6, p=[0.27, 0.23, 0.18, 0.14, 0.10, 0.08], size=700)
    values = centres[truth] + random.standard_normal((700, 10))
    frame = pd.DataFrame(values, columns=[f"v{j}" for j in range(10)], index=[f"u{i:03d}" for i in range(700)])
    frame = (frame - frame.mean()) / frame.std()
    frame.iloc[600:, 6:] = np.nan
    frame.attrs["truth"] = truth
    return frame
