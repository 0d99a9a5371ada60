"""What is wrong with personas is listed once, though experiments that name them read them too."""

from __future__ import annotations

import pytest

from segmentation.errors import DataContractError
from segmentation.preflight import check_study
from segmentation.study import load_study

from ..line.tiny import write_tiny_study


def test_check_study_lists_a_broken_persona_once(tmp_path):
    folder = write_tiny_study(tmp_path / "tiny")
    (folder / "personas").mkdir()
    (folder / "personas/wanda.md").write_text("---\npersona_id: s1-wrong\nnmae: Wanda\n---\n")
    (folder / "experiments.yaml").write_text("experiments: []\n")
    file = folder / "study.yaml"
    file.write_text(file.read_text() + "personas: personas\nexperiments: experiments.yaml\n")
    with pytest.raises(DataContractError) as caught:
        check_study(load_study(folder), "2026Q2")
    found = caught.value.violations
    assert any("wanda.md" in str(one) for one in found) and len(found) == len(set(map(str, found)))
