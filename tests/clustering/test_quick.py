"""A partition tried in a second: on which units, how much of the published one it keeps, whether it comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering.quick import describe_trial, tabulate_trial, trial_variables, try_partition
from segmentation.errors import DataContractError, ParameterError
from segmentation.study import Study, Variable, load_study

BASE = ("need_cash", "active_days")


@pytest.fixture
def study() -> Study:
    sample = load_study(Path(__file__).resolve().parents[2] / "data/sample/fieldnote")
    needs = sample.segmentations["needs"].model_copy(update={"base": BASE})
    return sample.model_copy(update={"segmentations": {"needs": needs}})


@pytest.fixture
def features() -> pd.DataFrame:
    random = np.random.default_rng(2)
    clouds = np.repeat([[3.0, 60.0], [-3.0, 60.0], [0.0, 3.0]], [40, 30, 20], axis=0)
    values = clouds + random.normal(size=clouds.shape) * [0.2, 3.0]
    table = pd.DataFrame(values, [f"u{i}" for i in range(90)], columns=list(BASE))
    return table.assign(tenure=random.normal(size=90))


@pytest.fixture
def published() -> pd.DataFrame:
    ids = np.repeat(["S1", "S2", "S3"], [40, 30, 20])
    return pd.DataFrame({"segment": ids}, [f"u{i}" for i in range(90)])


def test_try_partition_finds_the_published_segments_again(features, published, study):
    trial = try_partition(features, study, 3, published=published)
    assert trial.agreement == 1.0 and trial.shared == 90 and trial.known == trial.formed_on == 90
    assert min(trial.pairs) > 0.95 and trial.explained > 0.9
    assert tabulate_trial(trial, published).frame.to_numpy().tolist() == [
        ["S1", "40", "0", "0"], ["S2", "0", "30", "0"], ["S3", "0", "0", "20"],
    ]  # fmt: skip
    assert "the partition comes back (" in str(describe_trial(trial))


def test_try_partition_on_noise_does_not_come_back(features, study):
    random = np.random.default_rng(4)
    noise = features.assign(need_cash=random.normal(size=90), active_days=random.normal(size=90))
    trial = try_partition(noise, study, 5)
    said = str(describe_trial(trial))
    assert np.mean(trial.pairs) < 0.7 and ("does not come back" in said or "comes back only in part" in said)
    assert np.isnan(trial.agreement) and "Beside the published" not in said


def test_try_partition_is_the_same_twice_and_in_any_order(features, published, study):
    one = try_partition(features, study, 3, published=published)
    other = try_partition(features.sample(frac=1, random_state=1), study, 3, published=published)
    pd.testing.assert_series_equal(one.membership["segment"], other.membership["segment"].reindex(features.index))


def test_try_partition_places_units_that_lack_a_variable(features, published, study):
    gaps = features.assign(need_cash=features["need_cash"].where(features.index != "u0"))
    trial = try_partition(gaps, study, 3, published=published)
    assert trial.known == 89 and trial.membership.loc["u0", "basis"] == "placed"


def test_try_partition_of_many_is_formed_on_a_sample_and_says_so(features, study, monkeypatch):
    monkeypatch.setattr("segmentation.clustering.quick.MOST", 60)
    trial = try_partition(features, study, 3)
    assert trial.formed_on == 60 and trial.known == 90 and len(trial.membership) == 90
    assert "(a random 60 of them)" in str(describe_trial(trial, units="accounts"))


def test_try_partition_follows_the_weights(features, study):
    weight = Variable(**{"name": "weight", "from": "survey", "kind": "demographic", "role": "weight"})
    weighted = study.model_copy(update={"weight": "weight", "variables": (*study.variables, weight)})
    rare = features.assign(weight=np.repeat([1.0, 1.0, 50.0], [40, 30, 20]))
    light = try_partition(features.assign(weight=1.0), weighted, 2)
    heavy = try_partition(rare, weighted, 2)
    assert light.membership["segment"].tolist() == try_partition(features, study, 2).membership["segment"].tolist()
    assert heavy.explained != light.explained and len(heavy.pairs) == 8


def test_trial_variables_are_those_distances_can_be_taken_of(study):
    names = [variable.name for variable in trial_variables(study)]
    assert names[:2] == ["need_cash", "active_days"] and "employees" in names
    assert not {"industry", "country", "churned"} & set(names)


@pytest.mark.parametrize(
    ("segments", "variables", "problem"),
    [
        (1, None, "segments must be a whole number of at least 2; got 1"),
        (13, None, "segments to try must be 2 to 12; got 13"),
        (3, [], "choose at least one variable"),
        (3, ["industry"], "no distances can be taken of industry"),
        (3, ["churned"], "no distances can be taken of churned"),
        (3, ["need_cahs"], r"no distances can be taken of need_cahs in this study. Did you mean 'need_cash'\?"),
    ],
)
def test_try_partition_refuses(features, study, segments, variables, problem):
    with pytest.raises(ParameterError, match=problem):
        try_partition(features, study, segments, variables=variables)


def test_try_partition_with_nobody_complete_says_what_is_missing(features, study):
    gaps = features.assign(
        need_cash=features["need_cash"].where(features.index < "u5"),
        active_days=features["active_days"].where(features.index >= "u5"),
    )
    with pytest.raises(ParameterError, match="none of the 90 units has every base variable"):
        try_partition(gaps, study, 2)


def test_try_partition_on_a_constant_says_so(features, study):
    with pytest.raises((ParameterError, DataContractError), match="does not vary"):
        try_partition(features.assign(need_cash=1.0), study, 2)


def test_try_partition_changes_no_input(features, published, study):
    kept = features.copy(), published.copy()
    try_partition(features, study, 3, published=published)
    pd.testing.assert_frame_equal(features, kept[0])
    pd.testing.assert_frame_equal(published, kept[1])


def test_tabulate_trial_withholds_small_cells(features, published, study):
    trial = try_partition(features, study, 3)
    moved = published.assign(segment=published["segment"].where(published.index != "u0", "S3"))
    frame = tabulate_trial(trial, moved, min_cell=10).frame
    assert frame.set_index("published").loc["S3"].tolist() == ["under 10", "0", "20"]
