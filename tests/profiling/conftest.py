from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.study import Study

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
MCDONALDS = SHARED / "data" / "mcdonalds"


def make_study(variables, base, **choices):
    return Study.model_validate(
        {
            "study": "tiny",
            "unit": "unit",
            "unit_words": "people",
            "sources": {"a": {"path": "a.csv", "format": "table"}},
            "variables": [{"from": "a", "kind": "need", **variable} for variable in variables],
            "segmentations": {"one": {"base": base}},
            "choices": choices,
        }
    )


@pytest.fixture
def make():
    return make_study


@pytest.fixture
def market():
    """Two segments of 40 and 60: x and y formed them; trade, size and keen describe; noise does not."""
    rng = np.random.default_rng(1)
    first = np.arange(100) < 40
    values = pd.DataFrame(
        {
            "x": np.where(first, 4.0, 1.0) + rng.normal(0, 0.5, 100),
            "y": np.where(first, -1.0, 1.0) + rng.normal(0, 0.5, 100),
            "trade": np.where(np.arange(100) % 40 < 20, "roofs", "pipes"),
            "size": np.where(first, 30.0, 10.0) + rng.normal(0, 3, 100),
            "keen": (np.arange(100) % 2 == 0).astype(float),
            "noise": rng.normal(5, 1, 100),
        },
        index=pd.Index([f"U{i}" for i in range(100)], name="unit"),
    )
    membership = pd.DataFrame({"segment": np.where(first, "S1", "S2")}, index=values.index)
    variables = [
        {"name": "x", "role": "base"},
        {"name": "y", "role": "base"},
        {"name": "trade", "level": "nominal"},
        {"name": "size"},
        {"name": "keen", "level": "binary"},
        {"name": "noise"},
    ]
    return values, membership, make_study(variables, ["x", "y"], draws=200)


@pytest.fixture
def mcdonalds():
    """The case study of Dolnicar, Gruen and Leisch (2018): 1,453 people, 11 yes/no items, the book's four segments."""
    if not MCDONALDS.exists():
        pytest.skip("the McDonald's data of the shared folder are not here")
    raw = pd.read_csv(MCDONALDS / "mcdonalds.csv")
    labels = pd.read_csv(MCDONALDS / "reference" / "kmeans_memberships_k2_8.csv")["X4"]
    items = list(raw.columns[:11])
    others = {"like": raw["Like"].astype("str"), "visit": raw["VisitFrequency"], "gender": raw["Gender"]}
    values = (raw[items] == "Yes").astype(float).assign(**others, age=raw["Age"].astype(float))
    values = values.set_axis(pd.Index([f"R{i}" for i in range(len(raw))], name="unit"), axis=0)
    segment = pd.Series([f"S{label}" for label in labels], index=values.index, name="segment")
    variables = [{"name": name, "role": "base", "level": "binary"} for name in items]
    variables += [{"name": name, "level": "nominal"} for name in others] + [{"name": "age"}]
    return values, segment, make_study(variables, items, draws=200)


@pytest.fixture
def reference():
    return lambda name: pd.read_csv(MCDONALDS / "reference" / name)
