from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import assign_segments, fit_segments
from segmentation.clustering.agreement import compare_partitions, match_labels, measure_overlaps, rand_indices
from segmentation.clustering.imputation import draw_missing, learn_normal
from segmentation.clustering.sensitivity import (
    COLUMNS,
    Sensitivity,
    assess_sensitivity,
    describe_sensitivity,
    tabulate_sensitivity,
)
from segmentation.errors import ParameterError
from segmentation.features import fit_encoder, unit_weights
from segmentation.study import Choices, Study


def make_study(names, weight=False, **keys):
    variables = [{"name": name, "from": "a", "kind": "need", "role": "base"} for name in names]
    variables += [{"name": "weight", "from": "a", "kind": "need", "role": "weight"}] if weight else []
    content = {
        "study": "tiny",
        "unit": "unit",
        "unit_words": "people",
        "sources": {"a": {"path": "a.csv", "format": "table"}},
        "variables": variables,
        "segmentations": {"one": {"base": names}},
        "choices": {"draws": 200, "starts": 20},
        **({"weight": "weight"} if weight else {}),
    }
    return Study.model_validate({**content, **keys})


def publish(values, study, segments):
    encoder = fit_encoder(values, study.base)
    encoded, weights = encoder.encode(values), unit_weights(values, study)
    solution = fit_segments(encoded, segments, choices=study.choices, weights=weights)
    return solution, assign_segments(solution, encoded)


def values_of(planted, **more):
    values = planted.rename(columns=lambda name: f"need_{name}").rename_axis("unit")
    return values.assign(**more)


@pytest.fixture(scope="module")
def clear(planted):
    values = values_of(planted)
    study = make_study(list(values.columns))
    solution, membership = publish(values, study, 6)
    comparison = pd.DataFrame({"ari_mean": [0.9, 0.95], "jaccard_min": [0.6, 0.7]}, index=pd.Index([5, 6], name="k"))
    began = time.process_time()
    found = assess_sensitivity(values, study, solution, membership, comparison=comparison)
    return found, time.process_time() - began


def test_assess_sensitivity_clear_segments_only_medoids_matter(clear):
    found, _ = clear
    rows = found.tried[found.tried["kind"] != "number"]
    assert {"gaps", "scaling", "search"} <= set(found.table["kind"])
    assert "weights" not in set(found.table["kind"])
    assert {"latent profiles", "Gaussian mixture", "Ward's tree of merges"} <= set(rows["choice"])
    assert (rows["ari"] > 0.7).all() and (rows["ari"] > 0.95).sum() >= 6
    assert (found.tried["lower"] <= found.tried["ari"]).all() and (found.tried["ari"] <= found.tried["upper"]).all()
    gaps = found.table.set_index("kind").loc["gaps"]
    assert gaps["n"] == 700 and found.table.set_index("kind").loc["search", "n"] == 600
    assert set(rows["weakest"]) <= set(found.overlaps["segment"])
    lost = rows[rows["overlap"] < 0.6]
    assert lost["choice"].tolist() == [
        "medoids (typical units as centres)"
    ]  # agreement .75, and yet S1 and S6 are not there
    callout = describe_sensitivity(found, units="people")
    assert callout.title == "The segments depend on 1 choice that could have been made otherwise."
    assert "7 other choices were tried, one at a time, and 6 of them give the same segments" in callout.text
    assert "S6 has no counterpart (overlap below 0.60) under “medoids" in callout.text


def test_assess_sensitivity_runner_up_is_the_next_most_stable_number(clear):
    row = clear[0].table.set_index("kind").loc["number"]
    assert row["segments"] == 5
    assert row["choice"].startswith("5 segments")
    assert row["overlap"] < 0.6  # one of six published segments cannot be found among five
    assert row["reading"].endswith(f"but {row['weakest']} has no counterpart")


def test_assess_sensitivity_is_quick(clear):
    assert clear[1] < 8  # about 1 s alone on a machine; report asks for 4


def test_tabulate_sensitivity_has_n_and_reading(clear):
    table = tabulate_sensitivity(clear[0], units="people", source="survey.csv")
    assert list(table.frame.columns) == [
        "choice",
        "segments",
        "agreement",
        "95 % interval",
        "least overlap",
        "n",
        "reading",
    ]
    assert "The 6 published segments" in table.caption and "survey.csv" in table.caption


def test_assess_sensitivity_one_cloud_says_which_choices_decide():
    random = np.random.default_rng(2)
    names = [f"v{j}" for j in range(5)]
    values = pd.DataFrame(random.standard_t(2, (250, 5)), columns=names, index=[f"U{i}" for i in range(250)])
    study = make_study(names)
    solution, membership = publish(values, study, 5)
    found = assess_sensitivity(values, study, solution, membership)
    callout = describe_sensitivity(found, units="people")
    assert callout.kind == "caution"
    assert callout.title.startswith("The segments depend on")
    assert "“scaled by median and quartiles”" in callout.text
    assert "gaps" not in set(found.table["kind"])


def test_assess_sensitivity_weights_that_change_the_segments_are_seen(planted):
    random = np.random.default_rng(3)
    values = values_of(planted.iloc[:600], weight=random.uniform(0.2, 5.0, 600))
    study = make_study([name for name in values.columns if name != "weight"], weight=True)
    solution, membership = publish(values, study, 6)
    found = assess_sensitivity(values, study, solution, membership)
    row = found.table.set_index("kind").loc["weights"]
    assert row["choice"] == "every unit counted once (no weights)"
    assert row["ari"] > 0.8


def test_assess_sensitivity_answers_the_other_way(planted):
    random = np.random.default_rng(3)
    values = values_of(planted.iloc[:300, :4])
    style = random.standard_normal((300, 1))
    scores = pd.DataFrame(
        {
            f"{name}.{way}": values[name] + (2 * style.ravel() if way == "raw" else 0)
            for name in values
            for way in ("raw", "centred")
        }
    )
    study = make_study(list(values.columns))
    solution, membership = publish(values, study, 4)
    row = assess_sensitivity(values, study, solution, membership, scores=scores).table.set_index("kind").loc["style"]
    assert row["choice"] == "answers less the person's own mean"


def test_assess_sensitivity_a_choice_that_cannot_be_tried_says_why():
    names = ["v0", "v1"]
    random = np.random.default_rng(2)
    values = pd.DataFrame({"v0": random.standard_normal(200), "v1": (np.arange(200) % 10 == 0) * 1.0})
    study = make_study(names)
    solution, membership = publish(values, study, 2)
    found = assess_sensitivity(values, study, solution, membership)
    row = found.table.set_index("choice").loc["scaled by median and quartiles"]
    assert "'v1' does not vary" in row["reason"] and row["n"] == 0 and np.isnan(row["ari"])
    assert "not tried: " in " ".join(tabulate_sensitivity(found).frame["reading"])


def test_assess_sensitivity_rows_shuffled_same_numbers(planted):
    values = values_of(planted)
    study = make_study(list(values.columns))
    solution, membership = publish(values, study, 3)
    order = values.sample(frac=1, random_state=1).index
    first = assess_sensitivity(values, study, solution, membership)
    second = assess_sensitivity(values.loc[order], study, solution, membership.loc[order])
    same = (
        first.table["kind"] != "gaps"
    )  # who gets which draw depends on the order; how far the draws agree hardly does
    pd.testing.assert_frame_equal(first.table[same], second.table[same])
    np.testing.assert_allclose(first.table["ari"], second.table["ari"], atol=0.05)


def test_assess_sensitivity_without_basis_or_number_to_choose(planted):
    values = values_of(planted)
    study = make_study(list(values.columns))
    solution, membership = publish(values, study, 3)
    with pytest.raises(ParameterError, match="lacks basis"):
        assess_sensitivity(values, study, solution, membership.drop(columns="basis"))
    from dataclasses import replace

    rules = assess_sensitivity(values, study, replace(solution, method="rules"), membership)
    assert rules.table.empty and describe_sensitivity(rules).kind == "absent"
    assert tabulate_sensitivity(rules).frame.empty


def test_compare_partitions_equals_scikit_learn_and_covers_it():
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(1)
    first = pd.Series(random.integers(3, size=200), dtype="object").astype(str)
    second = first.where(random.random(200) < 0.7, "9")
    found = compare_partitions(first, second, choices=Choices(draws=500))
    assert found.value == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)
    assert found.lower < found.value < found.upper
    assert found.upper - found.lower < 0.3
    assert found.n == 200 and found.table.to_numpy().sum() == 200
    alone = compare_partitions(first.iloc[:1], second, choices=Choices())
    assert np.isnan(alone.value) and alone.n == 1
    assert rand_indices(np.array([[[3.0, 0.0], [0.0, 0.0]]])).tolist() == [1.0]


def test_learn_normal_recovers_the_population_from_values_missing_by_what_is_known():
    random = np.random.default_rng(5)
    values = random.multivariate_normal([0, 1], [[1, 0.7], [0.7, 1]], 4000)
    values[values[:, 0] > 0.3, 1] = np.nan
    mean, covariance = learn_normal(values)
    assert np.nanmean(values[:, 1]) < 0.75
    np.testing.assert_allclose(mean, [0, 1], atol=0.06)
    np.testing.assert_allclose(covariance, [[1, 0.7], [0.7, 1]], atol=0.08)


def test_draw_missing_fills_gaps_only_and_keeps_spread():
    random = np.random.default_rng(5)
    values = pd.DataFrame(random.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 3000), columns=["a", "b"])
    gaps = values.where(np.c_[np.ones(3000, bool), np.arange(3000) % 2 == 0])
    copy = gaps.copy()
    filled = draw_missing(gaps, np.random.default_rng(1))
    pd.testing.assert_frame_equal(gaps, copy)
    pd.testing.assert_frame_equal(filled.where(gaps.notna()), gaps)
    assert filled["b"].std() == pytest.approx(1.0, abs=0.05)
    assert filled.corr().iloc[0, 1] == pytest.approx(0.6, abs=0.05)
    with pytest.raises(ParameterError, match="missing for every unit"):
        draw_missing(gaps.assign(b=np.nan), np.random.default_rng(1))


def tried(*rows, lost=()):
    """Choices given as (choice, kind, ari, weakest, overlap), and further segments lost."""
    table = pd.DataFrame(
        [
            {"choice": choice, "kind": kind, "segments": 6, "ari": ari, "lower": ari, "upper": ari, "n": 400, "reason": "",
             "weakest": weakest, "overlap": overlap, "reading": ""}
            for choice, kind, ari, weakest, overlap in rows
        ],
        columns=COLUMNS,
    )  # fmt: skip
    overlaps = [(choice, kind, weakest, overlap) for choice, kind, _, weakest, overlap in rows] + list(lost)
    return Sensitivity(table, 6, "kmeans", pd.DataFrame(overlaps, columns=["choice", "kind", "segment", "overlap"]))


def test_describe_sensitivity_segment_lost_under_a_high_pooled_index_is_named():
    found = tried(
        ("answers as given", "style", 0.83, "S5", 0.32),
        ("medoids", "method", 0.66, "S5", 0.21),
        ("k-means", "method", 0.9, "S2", 0.8),
        lost=[("medoids", "method", "S6", 0.5)],
    )
    callout = describe_sensitivity(found, units="accounts")
    assert callout.kind == "caution"
    assert callout.title == "The segments depend on 2 choices that could have been made otherwise."
    assert "3 other choices were tried, one at a time, and 1 of them gives the same segments" in callout.text
    assert (
        "S5 has no counterpart (overlap below 0.60) under “answers as given” (0.32) and “medoids” (0.21)."
        in callout.text
    )
    assert "S6 has no counterpart (overlap below 0.60) under “medoids” (0.50)." in callout.text
    assert "no choice that was tried" not in callout.text and "Borders move" not in callout.text


def test_describe_sensitivity_number_and_search_are_no_other_choices():
    rows = [("medoids", "method", 0.9, "S1", 0.8), ("another random state (2)", "search", 1.0, "S1", 1.0)]
    reading = str(describe_sensitivity(tried(*rows, ("5 segments", "number", 0.85, "S5", 0.21))))
    assert "1 other choice was tried, one at a time, and it gives the same segments" in reading
    assert "S5 has no counterpart (overlap below 0.60) under “5 segments” (0.21)." in reading
    assert "At this number of segments no choice that was tried gives another segmentation." in reading
    alone = describe_sensitivity(tried(("another random state (2)", "search", 0.9, "S3", 0.4)))
    assert alone.kind == "caution" and "other choice" not in alone.text
    assert "S3 has no counterpart" in alone.text


def test_measure_overlaps_by_hand_and_without_anybody():
    table = pd.DataFrame({"a": [30, 0, 5], "b": [10, 20, 5]}, index=["S1", "S2", "S3"])
    assert measure_overlaps(table).tolist() == pytest.approx([30 / 45, 20 / 35, 5 / 40])
    assert measure_overlaps(pd.DataFrame()).empty


def test_match_labels_refit_takes_published_ids_and_what_is_left_is_other():
    published = pd.Series(["S1"] * 5 + ["S2"] * 4 + [None])
    labels = pd.Series(["S2"] * 4 + ["S1"] * 4 + ["S3", "S3"])
    found = match_labels(published, labels)
    assert found.tolist() == ["S1"] * 4 + ["S2"] * 4 + ["other 1"] * 2
    assert labels.tolist() == ["S2"] * 4 + ["S1"] * 4 + ["S3", "S3"]
    assert match_labels(published.iloc[:0], labels).unique().tolist() == ["other 2", "other 1", "other 3"]
