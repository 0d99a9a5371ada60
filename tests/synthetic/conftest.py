"""The sample as the generator writes it now, once for all tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segmentation.synthetic import write_study

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "fieldnote"


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fieldnote")
    write_study(folder)
    return folder


@pytest.fixture(scope="session")
def committed() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def truth(committed) -> dict:
    return json.loads((committed / "truth" / "truth.json").read_text(encoding="utf-8"))
