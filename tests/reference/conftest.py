from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

HERE = Path(__file__).parent
MCDONALDS = HERE.parents[1].parent / "shared" / "data" / "mcdonalds"


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """Published and recomputed figures of the fast-food case, with their source."""
    return json.loads((HERE / "mcdonalds.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def raw() -> pd.DataFrame:
    if not MCDONALDS.is_dir():
        pytest.skip("the published fast-food data are not here")
    return pd.read_csv(MCDONALDS / "mcdonalds.csv")


@pytest.fixture(scope="session")
def items(raw) -> pd.DataFrame:
    """Yes/no answers as 1 and 0, one row a person."""
    return (raw.iloc[:, :11] == "Yes").astype(float)


@pytest.fixture(scope="session")
def book(raw) -> pd.DataFrame:
    """The published partitions, one column a number of segments, labels from 0."""
    labels = pd.read_csv(MCDONALDS / "reference" / "kmeans_memberships_k2_8.csv").drop(columns="row") - 1
    return labels.set_axis([int(name[1:]) for name in labels.columns], axis=1)
