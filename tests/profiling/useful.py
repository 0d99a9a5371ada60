"""A market with planted answers for the tests of scorecard, targets, positions and regions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.study import Study

VARIABLES = [
    {"name": "x", "role": "base"},
    {"name": "y", "role": "base"},
    {"name": "staff", "kind": "firmographic"},
    {"name": "trade", "kind": "firmographic", "level": "nominal"},
    {"name": "spend", "kind": "behavioural", "measure": "money"},
    {"name": "land", "kind": "geographic", "level": "nominal"},
    {"name": "sat_a", "kind": "psychographic", "measure": "mean", "items": ["a"], "scale": [1, 5]},
    {"name": "sat_b", "kind": "psychographic", "measure": "mean", "items": ["b"], "scale": [1, 5]},
    {"name": "sat_c", "kind": "psychographic", "measure": "mean", "items": ["c"], "scale": [1, 5]},
    {"name": "w", "role": "weight"},
]


def make_useful(*, n: int = 600, seed: int = 3, **keys: object) -> tuple[pd.DataFrame, pd.DataFrame, Study]:
    """Three segments (half, 3 in 10, 2 in 10): S1 has many staff, S2 spends, S3 is dissatisfied with b; land knows nothing."""
    rng = np.random.default_rng(seed)
    code = np.repeat([0, 1, 2], [int(n * 0.5), int(n * 0.3), n - int(n * 0.5) - int(n * 0.3)])
    centres = np.array([[0.0, 3.0], [3.0, 0.0], [-3.0, -3.0]])
    values = pd.DataFrame(
        {
            "x": centres[code, 0] + rng.normal(size=n),
            "y": centres[code, 1] + rng.normal(size=n),
            "staff": rng.normal(size=n) + 3.0 * (code == 0),
            "trade": np.where(rng.random(n) < 0.3 + 0.5 * (code == 1), "roofs", "pipes"),
            "spend": rng.gamma(2.0, 10.0, size=n) * np.where(code == 1, 3.0, 1.0),
            "land": rng.choice(["north", "south", "west"], size=n),
            "sat_a": np.clip(rng.normal(3.0 + 0.8 * (code == 0), 0.8), 1, 5),
            "sat_b": np.clip(rng.normal(3.0 - 0.8 * (code == 2), 0.8), 1, 5),
            "sat_c": np.clip(rng.normal(3.0, 0.8, n), 1, 5),
            "w": np.ones(n),
        },
        index=pd.Index([f"U{i:03d}" for i in range(n)], name="unit"),
    )
    segment = pd.array(np.array(["S1", "S2", "S3"])[code], dtype="str")
    basis = np.where(rng.random(n) < 0.8, "fitted", "placed")
    membership = pd.DataFrame({"segment": segment, "basis": basis, "probability": 0.9}, index=values.index)
    content = {
        "study": "tiny", "unit": "unit", "unit_words": "people",
        "sources": {"a": {"path": "a.csv", "format": "table"}},
        "variables": [{"from": "a", "kind": "need", **variable} for variable in VARIABLES],
        "segmentations": {"one": {"base": ["x", "y"]}},
        "choices": {"draws": 200},
        **keys,
    }  # fmt: skip
    return values, membership, Study.model_validate(content)
