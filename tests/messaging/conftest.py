"""A study with two stages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segmentation.study import Study

STUDY = {
    "study": "toy",
    "unit": "company_id",
    "unit_words": "accounts",
    "sources": {"events": {"path": "e.csv", "format": "segment.tracks"}},
    "variables": [
        {"name": "a", "from": "events", "kind": "behavioural", "role": "base"},
        {"name": "b", "from": "events", "kind": "behavioural", "role": "base"},
    ],
    "segmentations": {"main": {"base": ["a", "b"]}},
}


@pytest.fixture
def make_study() -> Callable[..., Study]:
    return lambda **journeys: Study.model_validate({**STUDY, "journeys": journeys})


@pytest.fixture
def journey(make_study) -> Study:
    return make_study(start=["signed_up"], adopt=["invoice_sent"])
