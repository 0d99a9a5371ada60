from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    assess_structure,
    compare_solutions,
    compare_with_published,
    describe_comparison,
    describe_search,
    describe_verdict,
    recommend_segments,
    search_kmeans,
    tabulate_comparison,
    tabulate_search,
    tabulate_stability,
)
from segmentation.clustering.resample import best_overlap
from segmentation.clustering.verdict import _judge
from segmentation.errors import DataContractError, ParameterError
from segmentation.study import Choices


@pytest.fixture(scope="module")
def comparison(planted, quick):
    return compare_solutions(planted, range(2, 9), choices=quick)


@pytest.mark.shared
def test_compare_solutions_published_case_agreement_as_published(mcdonalds, published):
    choices = Choices(pairs=60, references=19)
    found = compare_solutions(mcdonalds, range(2, 5), choices=choices, pair_starts=10)
    for k, tolerance in ((2, 0.06), (3, 0.06)):
        assert found.table.loc[k, "ari_mean"] == pytest.approx(published["bootstrap_ari_mean"][str(k)], abs=tolerance)
    # Ten of our starts find the optimum more often than ten of flexclust's, so at k = 4 repeats agree more, never less.
    assert published["bootstrap_ari_mean"]["4"] - 0.06 <= found.table.loc[4, "ari_mean"] <= 0.92
    expected = published["clusterboot_jaccard_k4"]["jaccard"]
    np.testing.assert_allclose(found.stability.loc[4, "jaccard"], expected, atol=0.06)


def test_compare_solutions_planted_segments_recommends_their_number(comparison):
    assert comparison.recommended == 6
    assert comparison.recommendation.rule == "stable"
    assert comparison.table["recommended"].sum() == 1
    assert comparison.n == 600
    assert comparison.units == 700


def test_compare_solutions_columns_are_the_documented_ones(comparison):
    assert list(comparison.table.columns) == [
        "within_ss", "explained", "hits", "near", "starts", "runner_up_gap", "pair_starts", "ari_mean", "ari_lower", "ari_upper",
        "jaccard_min", "smallest_n", "smallest_share", "lost", "excess", "z", "recommended", "reason",
    ]  # fmt: skip
    assert comparison.table.index.name == "k"
    assert (comparison.table["ari_lower"] <= comparison.table["ari_upper"]).all()
    assert comparison.stability.loc[6].index.tolist() == ["S1", "S2", "S3", "S4", "S5", "S6"]
    assert comparison.stability.loc[6, "n"].sum() == 600
    assert comparison.draws.shape == (20, 7)


def test_compare_solutions_rows_shuffled_same_bytes(planted, quick):
    first = compare_solutions(planted, [2, 6], choices=quick)
    second = compare_solutions(planted.sample(frac=1, random_state=1), [2, 6], choices=quick)
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    pd.testing.assert_frame_equal(first.stability, second.stability, check_exact=True)


def test_compare_solutions_too_small_to_test_still_compares(quick):
    encoded = pd.DataFrame(np.random.default_rng(2).standard_normal((20, 3)), columns=list("abc"))
    found = compare_solutions(encoded, [2, 3], choices=quick)
    assert found.table["excess"].isna().all()
    assert found.recommended in (2, 3)
    assert describe_comparison(found).paragraphs


def test_compare_solutions_more_segments_than_units_names_both(quick):
    encoded = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    with pytest.raises(ParameterError, match="8 segments need at least 8 different units; there are 3"):
        compare_solutions(encoded, range(2, 9), choices=quick)
    with pytest.raises(ParameterError, match="at least one number"):
        compare_solutions(encoded, [], choices=quick)
    with pytest.raises(DataContractError, match="constant"):
        compare_solutions(encoded.assign(b=0.0), [2], choices=quick)


def _candidates(**changes):
    base = {
        "jaccard_min": [0.97, 0.90, 0.80, 0.50],
        "ari_mean": [0.98, 0.90, 0.85, 0.60],
        "excess": [0.01, 0.10, 0.15, 0.20],
        "z": [2.0, 10.0, 15.0, 20.0],
        "smallest_n": [80, 50, 30, 20],
    }
    return pd.DataFrame({**base, **changes}, index=[2, 3, 4, 5])


@pytest.mark.parametrize(
    ("changes", "segments", "rule"),
    [
        ({}, 4, "stable"),
        ({"excess": [np.nan] * 4}, 4, "stable"),
        ({"excess": [0.01, 0.149, 0.15, 0.2]}, 3, "stable"),
        ({"excess": [0.01, -0.1, -0.007, 0.2]}, 2, "stable"),
        ({"excess": [-0.02, 0.0, -0.007, 0.2], "z": [-2.0, 0.0, -1.0, 9.0]}, 2, "stable"),
        ({"smallest_n": [80, 50, 9, 20]}, 3, "stable"),
        ({"jaccard_min": [0.70, 0.65, 0.5, 0.5]}, 3, "pattern"),
        ({"jaccard_min": [0.4, 0.3, 0.2, 0.1]}, 2, "least unstable"),
        ({"smallest_n": [3, 2, 1, 1]}, 2, "least unstable"),
    ],
)
def test_recommend_segments_follows_the_stated_rule(changes, segments, rule):
    found = recommend_segments(_candidates(**changes), min_cell=10)
    assert (found.segments, found.rule) == (segments, rule)
    assert str(segments) in found.reason
    assert set(found.reasons) == {2, 3, 4, 5}


def test_overlap_is_jaccard_of_best_counterpart():
    assert best_overlap(np.array([[2.0, 1.0], [0.0, 3.0]])).tolist() == [2 / 3, 0.75]


def test_tabulate_comparison_marks_the_recommended_row(comparison):
    table = tabulate_comparison(comparison, units="accounts", source="survey.csv")
    assert table.frame["reading"].str.startswith("recommended").sum() == 1
    assert "n = 600 accounts" in table.caption
    assert "survey.csv" in table.caption
    assert tabulate_stability(comparison).frame.shape == (6, 5)
    with pytest.raises(ParameterError, match="segments must be one of 2, 3"):
        tabulate_stability(comparison, segments=99)


def test_assess_structure_planted_segments_are_natural(planted, quick, comparison):
    verdict = assess_structure(planted, segments=range(2, 9), choices=quick, comparison=comparison)
    callout, reading = describe_verdict(verdict, units="accounts")
    assert verdict.label == "natural"
    assert callout.title.startswith("The data show segments of their own")
    assert "not proof" in callout.text
    assert verdict.needed == 700
    assert verdict.exploratory
    assert "Exploratory: 600 accounts" in str(reading)
    assert verdict.to_dict()["sentences"][0] == callout.title


def test_assess_structure_one_population_first_words_say_so(worlds, quick):
    encoded = worlds.encode(worlds.uniform(np.random.default_rng(2), 200))
    verdict = assess_structure(encoded, segments=range(4, 6), choices=quick)
    callout, _ = describe_verdict(verdict)
    assert verdict.label == "constructive"
    assert callout.title.startswith("The data show no segments of their own")
    assert "team's construction" in callout.title


def test_assess_structure_stable_halves_of_one_cloud_are_reproducible_at_most(worlds, quick):
    encoded = worlds.encode(worlds.correlated(np.random.default_rng(1), 400, r=0.8))
    verdict = assess_structure(encoded, segments=range(2, 4), choices=quick)
    assert verdict.label == "reproducible"
    assert describe_verdict(verdict)[0].kind == "caution"


def test_assess_structure_too_few_units_is_a_result(quick):
    encoded = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    verdict = assess_structure(encoded, segments=range(2, 9), choices=quick)
    callout, reading = describe_verdict(verdict)
    assert (verdict.label, verdict.tested, verdict.segments) == ("constructive", False, None)
    assert callout.title.startswith("Not enough data")
    assert verdict.to_dict()["p"] is None
    assert reading.paragraphs


def test_assess_structure_chosen_must_have_been_compared(planted, quick, comparison):
    verdict = assess_structure(planted, segments=range(2, 9), choices=quick, comparison=comparison, chosen=8)
    assert verdict.label != "natural"
    with pytest.raises(ParameterError, match="chosen must be one of 2, 3"):
        assess_structure(planted, segments=range(2, 9), choices=quick, comparison=comparison, chosen=11)


def test_tabulate_search_tells_how_surely_the_best_was_found(comparison):
    table = tabulate_search(comparison, units="accounts", source="survey.csv")
    assert table.frame["reached the best"].tolist() == comparison.table["hits"].tolist()
    assert table.frame.set_index("segments").loc[6, "reading"] == "found again and again"
    assert table.frame["10 such starts would miss it"].between(0, 1).all()
    assert "n = 600 accounts" in table.caption
    assert "With 6 segments" in str(describe_search(comparison))


def test_compare_with_published_poor_optimum_best_and_better():
    values = np.array([[0.0], [1.0], [9.0], [10.0], [14.0]])
    found = search_kmeans(values, 2, random_state=1)
    poor = str(compare_with_published(found, within_ss=50.0, labels=np.array([0, 0, 0, 0, 1]), what="The old report"))
    assert poor.startswith("The old report is not the best partition of these data")
    assert "adjusted Rand index" in poor
    assert "is the best partition found" in str(compare_with_published(found, within_ss=found.within_ss))
    assert "use more starts" in str(compare_with_published(found, within_ss=found.within_ss - 1))
    with pytest.raises(ParameterError, match="between 0 and the total sum of squares"):
        compare_with_published(found, within_ss=1e6)


@pytest.mark.parametrize("kind", ["natural", "reproducible", "constructive"])
def test_describe_verdict_says_what_may_be_decided(planted, quick, comparison, kind):
    verdict = assess_structure(planted, segments=range(2, 9), choices=quick, comparison=comparison)
    callout, reading = describe_verdict(replace(verdict, label=kind))
    assert "What may be decided: " in callout.text
    assert "What may not: " in callout.text
    assert "What would have been found: " in str(reading)


def test_recommend_segments_none_tighter_says_so():
    found = recommend_segments(_candidates(excess=[-0.02, -0.03, -0.007, 0.2]))
    assert "the fewest of them, since none is tighter" in found.reason
    assert "2.0% looser" in found.reason


@pytest.fixture(scope="module")
def heaps():
    """Two heaps in one variable, noise in the other."""
    random = np.random.default_rng(1)
    values = np.column_stack([random.choice([-4.0, 4.0], 400) + random.normal(size=400), random.normal(size=400)])
    return pd.DataFrame((values - values.mean(axis=0)) / values.std(axis=0), columns=["x1", "x2"])


def test_assess_structure_heaps_in_one_variable_speak_for_two_segments_only(heaps):
    choices = Choices(random_state=1, starts=20, pairs=20, references=99)
    comparison = compare_solutions(heaps, range(2, 5), choices=choices)
    test = comparison.structure
    assert test.p_joint > 0.025 and test.p_dip <= 0.025
    two, four = (
        assess_structure(heaps, segments=range(2, 5), choices=choices, comparison=comparison, chosen=k) for k in (2, 4)
    )
    assert (two.label, two.tighter, two.heaps) == ("natural", False, ["x1"])
    callout, reading = describe_verdict(two, labels={"x1": "spend"})
    assert (
        "two heaps of values (or more) in “spend”; the joint test of all variables together finds nothing"
        in callout.text
    )
    assert "more tightly" not in callout.text
    assert "where only the dip test rejects, only two segments can be called natural" in str(reading)
    assert four.structured and four.label != "natural"
    assert "speaks for no more than two" in describe_verdict(replace(four, label="reproducible"))[0].text


@pytest.mark.parametrize(
    ("p_joint", "p_dip", "excess", "observed", "k", "label"),
    [
        (0.01, 0.5, 0.1, 0.9, 4, "natural"),
        (0.01, 0.5, 0.1, 0.7, 4, "reproducible"),  # tighter on average, but within what chance does
        (0.01, 0.5, -0.007, 0.4, 4, "reproducible"),
        (0.01, 0.01, -0.007, 0.4, 2, "reproducible"),
        (0.03, 0.5, 0.1, 0.9, 4, "reproducible"),  # half the limit is the dip test's
        (0.03, np.nan, 0.1, 0.9, 4, "natural"),
        (0.87, 0.0, 0.1, 0.9, 4, "reproducible"),
        (0.87, 0.0, -0.007, 0.4, 2, "natural"),
        (0.01, 0.5, 0.1, 0.9, 9, "reproducible"),  # a number that was not tested
    ],
)
def test_judge_natural_needs_the_number_judged_to_be_shown(comparison, p_joint, p_dip, excess, observed, k, label):
    drops = comparison.structure.drops.assign(excess=excess, observed=observed, upper=0.8)
    p = p_joint if np.isnan(p_dip) else min(1.0, 2 * min(p_joint, p_dip))
    test = replace(comparison.structure, p=p, p_joint=p_joint, p_dip=p_dip, drops=drops)
    verdict = _judge(test, k, 0.9, 0.95, 0.05)
    assert verdict.label == label
    assert verdict.structured or label != "natural"
    said = "hold together more tightly" in describe_verdict(replace(verdict, label="natural"))[0].text
    assert said == verdict.tighter == (label == "natural" and p_joint <= 0.05)


def test_judge_other_methods_are_reproducible_at_most(comparison):
    for method in ("ward", "gaussian", "latent-profile", "medoids", "tree", "hdbscan"):
        verdict = _judge(comparison.structure, 6, 0.99, 0.99, 0.05, method=method)
        assert verdict.structured and verdict.label == "reproducible"
        assert "calibrated for k-means only" in describe_verdict(verdict)[0].text
    rules = describe_verdict(_judge(comparison.structure, 6, 1.0, 1.0, 0.05, method="rules"))[0]
    assert "does not come back" not in rules.text and "The data do not show these segments" in rules.title


def test_describe_verdict_reproducible_says_how_much_comes_back(comparison):
    verdict = replace(_judge(comparison.structure, 6, 0.64, 0.83, 0.05), label="reproducible")
    text = describe_verdict(verdict)[0].text
    assert "much the same ones; the least stable shares 64% with its counterpart" in text
    assert "most of a plan would carry over" in text
    assert "shares only 64%" in text and "without clear gaps" not in text
    plain = describe_verdict(replace(verdict, p=0.5))[0].text
    assert "without clear gaps" in plain
