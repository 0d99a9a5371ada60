"""Several segmentations of the same people: formed each by its own method, compared without flattery."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering.several import compare_segmentations, fit_other_segmentations
from segmentation.display import Callout
from segmentation.errors import StudyError
from segmentation.profiling.overlap import (
    describe_overlaps,
    describe_segmentations,
    tabulate_overlap,
    tabulate_overlaps,
    tabulate_segmentations,
)
from segmentation.study import Choices, Study

CHOICES = Choices(draws=300, references=39, pairs=20, starts=10)
RULES = """\
segments:
  - {name: small, when: {size: "< 0"}}
  - {name: large, when: {size: ">= 0"}}
"""


def make(tmp_path, segmentations, rules=RULES):
    rng = np.random.default_rng(4)
    n, code = 400, np.repeat([0, 1], 200)
    values = pd.DataFrame(
        {
            "a": 6.0 * code + rng.normal(size=n),
            "b": 6.0 * code + rng.normal(size=n),
            "size": rng.normal(size=n),
            "noise": rng.normal(size=n),
            "left": (rng.random(n) < 0.1).astype(float),
        },
        index=pd.Index([f"U{i}" for i in range(n)], name="unit"),
    )
    values["stays"] = (values["size"] > 0.3).astype(float)
    (tmp_path / "rules.yaml").write_text(rules)
    variables = [{"name": name, "from": "a", "kind": "need"} for name in ("a", "b", "size", "noise")]
    variables += [
        {"name": n, "from": "a", "kind": "behavioural", "role": "outcome", "level": "binary"} for n in ("left", "stays")
    ]
    content = {
        "study": "tiny", "unit": "unit", "unit_words": "people", "sources": {"a": {"path": "a.csv", "format": "table"}},
        "variables": variables, "choices": CHOICES.model_dump(), "folder": tmp_path,
        "segmentations": {"needs": {"base": ["a", "b"], "serves": "what to say"}, **segmentations},
    }  # fmt: skip
    membership = pd.DataFrame({"segment": np.where(code == 0, "S1", "S2"), "basis": "fitted"}, index=values.index)
    return values, membership, Study.model_validate(content)


def halves(n=400):
    return pd.Series(np.repeat(["S1", "S2"], n // 2), index=[f"U{i}" for i in range(n)])


def test_fit_other_segmentations_one_segmentation_has_no_others(tmp_path):
    values, _, study = make(tmp_path, {})
    assert fit_other_segmentations(values, study) == {}
    said = describe_segmentations({}, study)
    assert isinstance(said, Callout) and said.kind == "absent"


def test_fit_other_segmentations_rules_place_everybody_by_the_rule(tmp_path):
    value = {"value": {"base": ["size"], "method": "rules", "rules": "rules.yaml", "serves": "whom to call"}}
    values, membership, study = make(tmp_path, value)
    other = fit_other_segmentations(values, study)["value"]
    named = other.membership["segment"].map(other.names)
    assert (named == np.where(values["size"] < 0, "small", "large")).all()
    assert other.label == "set by rules" and other.verdict is None and not other.problem
    shown = tabulate_segmentations(membership, "natural", {"value": other}, study).frame
    assert shown["serves"].tolist() == ["what to say", "whom to call"]
    assert shown["standing"].tolist() == ["natural", "set by rules"]


def test_fit_other_segmentations_wrong_rules_are_refused(tmp_path):
    value = {"value": {"base": ["size"], "method": "rules", "rules": "rules.yaml"}}
    values, _, study = make(tmp_path, value, RULES.replace(">= 0", "> 0"))
    with pytest.raises(StudyError, match="no rule holds where size is 0"):
        fit_other_segmentations(values, study)


def test_fit_other_segmentations_searched_one_gets_a_verdict(tmp_path):
    values, _, study = make(tmp_path, {"again": {"base": ["a", "b"], "segments": [2, 3]}})
    other = fit_other_segmentations(values, study)["again"]
    assert other.verdict is not None and other.label == other.verdict.label == "natural"
    assert len(other.segments) == 2
    assert "by k-means, natural" in str(describe_segmentations({"again": other}, study))


def test_fit_other_segmentations_tree_that_predicts_is_offered(tmp_path):
    stays = {"stays": {"base": ["size", "noise"], "method": "tree", "outcome": "stays", "segments": [2, 4]}}
    values, _, study = make(tmp_path, stays)
    other = fit_other_segmentations(values, study)["stays"]
    assert other.label == "led by an outcome" and len(other.segments) == 2
    assert all("size" in words for words in other.names.values())


def test_fit_other_segmentations_tree_without_gain_finds_nothing(tmp_path):
    left = {"leaving": {"base": ["size", "noise"], "method": "tree", "outcome": "left", "segments": [2, 4]}}
    values, _, study = make(tmp_path, left)
    other = fit_other_segmentations(values, study)["leaving"]
    assert other.label == "nothing found" and other.membership["segment"].isna().all()
    assert "has nothing to offer" in str(describe_segmentations({"leaving": other}, study))


def test_fit_other_segmentations_constant_base_is_said_not_raised(tmp_path):
    values, _, study = make(tmp_path, {"flat": {"base": ["size", "noise"]}})
    other = fit_other_segmentations(values.assign(size=1.0), study)["flat"]
    assert other.label == "not formed" and "does not vary" in other.problem
    assert "could not be formed" in str(describe_segmentations({"flat": other}, study))


def test_compare_segmentations_same_partition_under_other_names_is_one():
    one = halves()
    pair = compare_segmentations({"one": one, "other": one.map({"S1": "S2", "S2": "S1"})}, choices=CHOICES)[0]
    assert (pair.v, pair.ari, pair.n) == (1.0, 1.0, 400)
    assert pair.v_lower > 0.98


def test_compare_segmentations_published_table_has_its_bias_corrected_v():
    cells = {("S1", "S1"): 30, ("S1", "S2"): 20, ("S2", "S1"): 20, ("S2", "S2"): 30}
    rows = [names for names, n in cells.items() for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["one", "other"], index=[f"U{i}" for i in range(100)])
    pair = compare_segmentations({name: frame[name] for name in frame}, choices=CHOICES)[0]
    # chi-squared 4; phi squared .04 - 1/99; rows and columns 2 - 1/99
    assert pair.v == pytest.approx(np.sqrt((0.04 - 1 / 99) / (1 - 1 / 99)))
    assert pair.counts.to_numpy().tolist() == [[30, 20], [20, 30]]
    assert pair.shares.to_numpy().tolist() == [[0.6, 0.4], [0.4, 0.6]]


def test_compare_segmentations_unrelated_ones_tell_nothing():
    other = pd.Series(np.random.default_rng(1).choice(["S1", "S2", "S3"], 400), index=halves().index)
    pairs = compare_segmentations({"one": halves(), "other": other}, choices=CHOICES)
    study = make_words()
    assert pairs[0].v < 0.15 and abs(pairs[0].ari) < 0.02
    assert "tells little or nothing about the other segment" in str(describe_overlaps(pairs, study))


def test_compare_segmentations_unit_weights_change_nothing_and_missing_weight_leaves_out():
    other = pd.Series(np.random.default_rng(1).choice(["S1", "S2"], 400, p=[0.7, 0.3]), index=halves().index)
    both = {"one": halves(), "other": other}
    plain = compare_segmentations(both, choices=CHOICES)[0]
    ones = compare_segmentations(both, choices=CHOICES, weights=pd.Series(1.0, index=other.index))[0]
    assert (plain.v, plain.v_lower, plain.v_upper) == (ones.v, ones.v_lower, ones.v_upper)
    some = pd.Series(1.0, index=other.index)
    some.iloc[:10] = np.nan
    assert compare_segmentations(both, choices=CHOICES, weights=some)[0].n == 390


def test_compare_segmentations_order_of_people_does_not_matter():
    other = pd.Series(np.random.default_rng(1).choice(["S1", "S2"], 400), index=halves().index)
    one, turned = halves(), halves().sample(frac=1, random_state=2)
    first, second = (compare_segmentations({"one": s, "other": other}, choices=CHOICES)[0] for s in (one, turned))
    assert (first.v, first.v_lower, first.ari) == (second.v, second.v_lower, second.ari)


def test_compare_segmentations_single_segment_cannot_be_compared():
    one = pd.Series("S1", index=halves().index)
    pair = compare_segmentations({"one": one, "other": halves()}, choices=CHOICES)[0]
    assert np.isnan(pair.v) and "cannot be compared" in str(describe_overlaps([pair], make_words()))


def test_tabulate_overlap_small_cells_are_withheld_with_their_neighbours():
    other = halves().copy()
    other.iloc[:3] = "S2"
    pair = compare_segmentations({"one": halves(), "other": other}, choices=CHOICES)[0]
    frame = tabulate_overlap(pair, make_words()).frame
    assert frame["other: S2"].tolist() == ["withheld", "withheld"]
    assert frame["other: S1"].tolist()[0] == "withheld"
    assert tabulate_overlaps([pair], make_words()).frame["n in both"].tolist() == [400]


def make_words():
    variables = [{"name": name, "from": "a", "kind": "need"} for name in "ab"]
    content = {
        "study": "tiny",
        "unit": "unit",
        "unit_words": "people",
        "sources": {"a": {"path": "a.csv", "format": "table"}},
    }
    return Study.model_validate({**content, "variables": variables, "segmentations": {"one": {"base": ["a", "b"]}}})


def test_fit_other_segmentations_other_methods_are_used(tmp_path):
    values, _, study = make(tmp_path, {"merged": {"base": ["a", "b"], "method": "ward", "segments": 2}})
    other = fit_other_segmentations(values, study)["merged"]
    assert (other.method, len(other.segments), other.problem) == ("ward", 2, "")
    pair = compare_segmentations(
        {"merged": other.membership, "true": pd.Series(halves().to_numpy(), values.index)}, choices=CHOICES
    )[0]
    assert pair.ari > 0.95
