"""A study that is one table of people: they are the units, and nothing else is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.features import build_features
from segmentation.preflight import check_study
from segmentation.sources import read_sources
from segmentation.study import load_study

STUDY = """\
study: plain
unit: person
sources:
  people: {path: people.csv, format: table}
variables:
  - {name: spend, from: people, kind: behavioural, role: base}
  - {name: visits, from: people, kind: behavioural, role: base}
  - {name: code, from: people, kind: firmographic, level: nominal}
  - {name: weighs, from: people, kind: demographic, role: weight}
weight: weighs
segmentations:
  main: {base: [spend, visits], segments: [2, 3]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    people = pd.DataFrame(
        {"person": [f"P{i}" for i in range(40)], "spend": random.normal(size=40), "visits": random.normal(size=40)}
    )
    people["code"], people["weighs"] = people["person"] + "x", 1.0
    people.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def rewrite(folder: Path, **columns: object) -> None:
    people = pd.read_csv(folder / "people.csv").assign(**columns)
    people.to_csv(folder / "people.csv", index=False)


def test_build_features_people_of_the_only_table_are_the_units(folder):
    study = load_study(folder)
    features = build_features(read_sources(study, "2026Q3"), study)
    assert len(features.values) == 40
    assert features.values.notna().all().all()
    assert check_study(study, "2026Q3").complete == 40


def test_check_study_names_every_base_variable_that_cannot_be_used(folder):
    text = STUDY.replace("base: [spend, visits]", "method: medoids, base: [spend, visits, code]")
    (folder / "study.yaml").write_text(text)
    with pytest.raises(
        DataContractError, match="'code' has 40 different names among 40 units: an id tells units apart"
    ) as caught:
        check_study(load_study(folder), "2026Q3")
    assert "column 'segmentations.main.base'" in str(caught.value)
    assert "Take it out of the base" in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (-1.0, r"people.csv, .*column 'weighs': 40 weights are negative or infinite; got -1.0; allowed: 0 or more"),
        (0.0, r"people.csv, column 'weighs': the weights sum to zero; got 0.0"),
        (np.nan, r"people.csv, column 'weighs': no unit has a weight"),
    ],
)
def test_check_study_wrong_weights_are_told_by_their_source(folder, weights, match):
    rewrite(folder, weighs=weights)
    with pytest.raises(DataContractError, match=match):
        check_study(load_study(folder), "2026Q3")


def test_check_study_too_few_units_says_how_many_and_what_to_do(folder):
    rewrite(folder, spend=1.0, visits=[1.0, 2.0] * 20)
    with pytest.raises(DataContractError) as caught:
        check_study(load_study(folder), "2026Q3")
    assert "'spend'" in str(caught.value)
