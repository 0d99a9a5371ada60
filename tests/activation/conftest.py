"""Three plain clouds: an encoder, a frozen solution and its members, without a study file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import Solution, assign_segments, fit_segments
from segmentation.features import Encoder, fit_encoder
from segmentation.study import Choices, Study

STUDY = {
    "study": "clouds",
    "unit": "unit_id",
    "unit_words": "accounts",
    "sources": {"table": {"path": "table.csv", "format": "table"}},
    "variables": [
        {"name": "need", "from": "table", "kind": "need", "role": "base"},
        {"name": "days", "from": "table", "kind": "behavioural", "role": "base", "measure": "active_days"},
        {"name": "part", "from": "table", "kind": "behavioural", "role": "base", "measure": "share"},
        {"name": "country", "from": "table", "kind": "geographic", "level": "nominal"},
    ],
    "segmentations": {"main": {"base": ["need", "days", "part"]}},
}
CENTRES = np.array([[2.0, 10.0, 0.2], [5.0, 40.0, 0.5], [8.0, 70.0, 0.8]])


@dataclass(frozen=True)
class Clouds:
    """A study of three clouds with everything that was learned from it."""

    study: Study
    encoder: Encoder
    solution: Solution
    people: pd.DataFrame
    encoded: pd.DataFrame
    membership: pd.DataFrame


def draw_people(labels: np.ndarray, seed: int, prefix: str = "A") -> pd.DataFrame:
    noise = np.random.default_rng(seed).normal(size=(len(labels), 3)) * [0.5, 5.0, 0.05]
    values = CENTRES[labels] + noise
    index = pd.Index([f"{prefix}{n:04d}" for n in range(len(labels))], name="unit_id")
    people = pd.DataFrame(values, index=index, columns=["need", "days", "part"])
    return people.assign(days=people["days"].clip(0), part=people["part"].clip(0, 1))


@pytest.fixture(scope="session")
def clouds() -> Clouds:
    study = Study.model_validate(STUDY)
    people = draw_people(np.repeat([0, 1, 2], [120, 90, 60]), 1)
    encoder = fit_encoder(people, study.base)
    encoded = encoder.encode(people)
    solution = fit_segments(encoded, 3, choices=Choices(starts=5), name="clouds")
    return Clouds(study, encoder, solution, people, encoded, assign_segments(solution, encoded))
