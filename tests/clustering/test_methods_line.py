"""The line with each method: what the study gives, last quarter, the stored solution, and the check before a run."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    Solution,
    assess_structure,
    assign_segments,
    compare_solutions,
    fit_segments,
    recall_previous,
)
from segmentation.clustering.methods import count_usable, method_inputs, spread_names
from segmentation.errors import DataContractError, ParameterError, StudyError
from segmentation.features import fit_encoder
from segmentation.preflight import _count_complete
from segmentation.sources.example import tiny_study
from segmentation.study import Choices, Segmenting, Variable

RULES = """segments:
  - {name: Small, when: {need: "< 0"}}
  - {name: Large, when: {need: ">= 0"}}
"""
ALL = ["kmeans", "latent-class", "latent-profile", "gaussian", "ward", "medoids", "hdbscan", "rules", "tree", "auto"]
NAMED = ["latent-class", "medoids", "rules", "tree", "auto"]


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    random = np.random.default_rng(9)
    truth = random.integers(0, 3, 240)
    table = pd.DataFrame(
        {
            "need": np.array([-4.0, 0.5, 4.0])[truth] + random.normal(0, 0.6, 240),
            "use": np.array([0.0, 5.0, 0.0])[truth] + random.normal(0, 0.6, 240),
            "trade": np.array(["care", "retail", "mining"])[truth],
            "value": truth * 3.0 + random.normal(size=240),
            "weight": np.where(truth == 1, 2.0, 0.5),
        },
        index=[f"u{i:03d}" for i in range(240)],
    )
    table.loc["u000", "use"] = np.nan
    return table


def make_study(tmp_path, method, *, named=False, weight=False):
    kinds = {"source": next(iter(tiny_study().sources)), "kind": "need"}
    variables = (
        Variable(name="need", role="base", **kinds),
        Variable(name="use", role="base", **kinds),
        Variable(name="trade", role="base", level="nominal", **kinds),
        Variable(name="value", role="outcome", **kinds),
        Variable(name="weight", role="weight", **kinds),
    )
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    segmenting = Segmenting(
        base=("need", "use", "trade") if named else ("need", "use"),
        method=method,
        segments=(2, 4),
        rules="rules.yaml" if method == "rules" else None,
        outcome="value" if method == "tree" else None,
    )
    update = {
        "variables": variables,
        "segmentations": {"market": segmenting},
        "weight": "weight" if weight else None,
        "choices": Choices(random_state=1, starts=10, pairs=10, references=19, model_pairs=5),
        "folder": tmp_path,
        "file": tmp_path / "study.yaml",
    }
    return tiny_study().model_copy(update=update)


@pytest.mark.parametrize(("method", "named"), [(m, False) for m in ALL] + [(m, True) for m in NAMED])
def test_whole_line_works_with_each_method(method, named, features, tmp_path):
    study = make_study(tmp_path, method, named=named)
    encoder = fit_encoder(features, study.base)
    encoded, given = encoder.encode(features), method_inputs(study, features, encoder)
    assert _count_complete(features, study) >= 239
    comparison = compare_solutions(encoded, study.segmentation.candidates, choices=study.choices, **given)
    k = comparison.recommended
    verdict = assess_structure(
        encoded, segments=study.segmentation.candidates, choices=study.choices, comparison=comparison, chosen=k
    )
    assert method != "rules" or verdict.label == "constructive"
    given["method"] = comparison.method
    solution = fit_segments(encoded, k, choices=study.choices, search=comparison.searches[k], **given)
    membership = assign_segments(solution, encoded)
    assert membership["segment"].nunique() == k
    history = recall_previous(
        SimpleNamespace(previous=None, study=study), features, segments=[2, 3, 4], method=comparison.method
    )
    assert history.origin == "refit" and history.membership["segment"].notna().mean() > 0.9
    stored = Solution.from_dict(json.loads(json.dumps(solution.to_dict())))
    pd.testing.assert_frame_equal(assign_segments(stored, encoded), membership)


@pytest.mark.parametrize("method", ["kmeans", "ward", "latent-profile", "medoids", "rules", "tree"])
def test_weights_of_the_study_go_through_the_line(method, features, tmp_path):
    study = make_study(tmp_path, method, weight=True)
    encoder = fit_encoder(features, study.base)
    given = method_inputs(study, features, encoder)
    assert given["weights"].mean() == pytest.approx(1)
    comparison = compare_solutions(encoder.encode(features), [2, 3], choices=study.choices, **given)
    assert comparison.weighted


def test_method_inputs_of_a_tree_needs_a_number(features, tmp_path):
    study = make_study(tmp_path, "tree")
    segmenting = study.segmentation.model_copy(update={"outcome": "trade"})
    study = study.model_copy(update={"segmentations": {"market": segmenting}})
    with pytest.raises(ParameterError, match="outcome 'trade' is a name; a tree needs a number"):
        method_inputs(study, features, fit_encoder(features, study.base))


def test_check_before_a_run_finds_a_gap_in_the_rules(features, tmp_path):
    study = make_study(tmp_path, "rules")
    (tmp_path / "rules.yaml").write_text(RULES.replace(">= 0", "> 0"), "utf-8")
    with pytest.raises(StudyError, match="no rule holds where need is 0"):
        _count_complete(features, study)


def test_check_before_a_run_refuses_weights_the_method_cannot_take(features, tmp_path):
    study = make_study(tmp_path, "gaussian", weight=True)
    with pytest.raises(DataContractError, match="'gaussian' cannot take weights"):
        _count_complete(features, study)


def test_count_usable_with_missing_allowed_counts_more(features, tmp_path):
    counts = {}
    for method in ("kmeans", "latent-profile"):
        study = make_study(tmp_path, method)
        counts[method] = count_usable(study, features, fit_encoder(features, study.base))
    assert counts == {"kmeans": 239, "latent-profile": 240}


def test_recall_previous_with_too_few_units_says_so(features, tmp_path):
    run = SimpleNamespace(previous=None, study=make_study(tmp_path, "kmeans"))
    history = recall_previous(run, features.iloc[:20], segments=[2, 3])
    assert history.origin == "none" and "had every base variable" in history.reason


def test_spread_names_missing_stays_missing():
    encoded = pd.DataFrame({"trade": [0.0, 2.0, np.nan]})
    found = spread_names(encoded, {"trade": "nominal"})
    assert found.columns.tolist() == ["trade 0", "trade 2"]
    assert found.iloc[:2].to_numpy().tolist() == [[1.0, 0.0], [0.0, 1.0]] and found.iloc[2].isna().all()
