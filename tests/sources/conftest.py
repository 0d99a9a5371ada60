"""Studies written in a temporary folder, and the real files of other programs where this machine has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from segmentation.study import Study, load_study

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real files of other programs are not part of the project and not on this machine")
    return SHARED


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[..., Study]:
    """Write a study over files of ``tmp_path`` (or elsewhere) and load it."""

    def make(sources: dict[str, Any], variables: list[dict[str, Any]] | None = None, unit: str = "company_id") -> Study:
        first = next(iter(sources))
        filler = [
            {"name": f"filler_{n}", "from": first, "kind": "behavioural", "role": "base", "measure": "events"}
            for n in (1, 2)
        ]
        content = {
            "study": "tiny",
            "unit": unit,
            "sources": sources,
            "variables": [*(variables or []), *filler],
            "segmentations": {"all": {"base": ["filler_1", "filler_2"]}},
        }
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(content))), encoding="utf-8")
        return load_study(tmp_path)

    return make
