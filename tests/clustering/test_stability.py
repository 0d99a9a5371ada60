from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentation.clustering import (
    align_segments,
    assess_structure,
    compare_solutions,
    describe_runner_up,
    describe_search,
    describe_stability,
    measure_across,
    measure_folk,
    measure_stability,
    prediction_strength,
    segment_entropy,
    tabulate_neighbours,
    tabulate_parts,
    tabulate_search,
    tabulate_segment_parts,
    tabulate_shortfall,
)
from segmentation.clustering.across import cross_labels, pair_agreement
from segmentation.clustering.selection import comparable_rows, next_best
from segmentation.clustering.stability import MEASURES
from segmentation.errors import ParameterError
from segmentation.figures.across import plot_across, plot_shortfall


@pytest.fixture(scope="module")
def comparison(planted, quick):
    return compare_solutions(planted, range(2, 9), choices=quick)


@pytest.fixture(scope="module")
def stability(planted, quick, comparison):
    return measure_stability(planted, comparison, choices=quick, splits=10)


def test_measure_stability_parts_add_up(stability):
    parts = stability.parts
    assert parts.index.get_level_values("measure").unique().tolist() == list(MEASURES)
    np.testing.assert_allclose(parts["value"] + parts["search"] + parts["sample"], parts["ideal"])
    assert (parts.loc[["agreement", "overlap", "strength", "pairs"], "ideal"] == 1).all()
    assert parts.loc[("entropy", 2)].isna().all()
    assert (stability.pairs, stability.splits, stability.n) == (10, 10, 600)


def test_measure_stability_planted_segments_come_back_and_the_search_loses_nothing(stability):
    six = stability.parts.xs(6, level="k")
    assert (six["value"] > 0.9).all()
    assert (six["search"].abs() < 0.03).all()
    assert stability.strongest == 6
    assert stability.steadiest == 6
    assert stability.segments.loc[6, "overlap"].min() > 0.9
    assert (stability.segments["overlap"] <= 1).all()


def test_measure_stability_values_are_those_of_the_comparison(stability, comparison):
    np.testing.assert_array_equal(stability.parts.loc["agreement", "value"], comparison.table["ari_mean"])
    np.testing.assert_allclose(stability.parts.loc["overlap", "value"], comparison.table["jaccard_min"])
    np.testing.assert_array_equal(stability.searching["starts"], comparison.table["pair_starts"])


def test_measure_stability_one_start_loses_by_the_search(planted, quick, comparison, stability):
    hasty = measure_stability(planted, comparison, choices=quick, starts=1, splits=10)
    assert (hasty.searching["starts"] == 1).all()
    assert hasty.parts.loc[("agreement", 6), "search"] > 0.05
    assert hasty.parts.loc[("agreement", 6), "proven"] == pytest.approx(
        stability.parts.loc[("agreement", 6), "proven"], abs=0.05
    )
    assert hasty.searching.loc[6, "again"] > stability.searching.loc[6, "again"]
    assert "comes from the search" in str(describe_stability(hasty, comparison))


def test_measure_stability_rows_shuffled_same_numbers(planted, quick, comparison, stability):
    shuffled = planted.sample(frac=1, random_state=3)
    found = measure_stability(
        shuffled, compare_solutions(shuffled, range(2, 9), choices=quick), choices=quick, splits=10
    )
    pd.testing.assert_frame_equal(found.parts, stability.parts, rtol=1e-9)
    pd.testing.assert_frame_equal(found.searching, stability.searching, rtol=1e-9)


def test_measure_stability_input_unchanged_and_other_table_is_refused(planted, quick, comparison):
    copy = planted.copy()
    with pytest.raises(ParameterError, match=r"the comparison is of 600 units .* this table has 300"):
        measure_stability(planted.iloc[:300], comparison, choices=quick)
    pd.testing.assert_frame_equal(planted, copy)


def test_compare_solutions_unit_weights_are_no_weights(planted, quick):
    plain = compare_solutions(planted, [2, 3], choices=quick)
    unit = compare_solutions(planted, [2, 3], choices=quick, weights=pd.Series(1.0, planted.index))
    pd.testing.assert_frame_equal(plain.table, unit.table, check_exact=True)
    assert not unit.weighted
    first = measure_stability(planted, plain, choices=quick, splits=4)
    second = measure_stability(planted, unit, choices=quick, splits=4, weights=pd.Series(1.0, planted.index))
    pd.testing.assert_frame_equal(first.parts, second.parts, check_exact=True)


def test_compare_solutions_doubled_weights_find_the_partition_of_doubled_rows(planted, quick):
    rows = pd.DataFrame(planted.dropna().iloc[:200].to_numpy(), index=[f"u{i}" for i in range(200)]).add_prefix("v")
    weights = pd.Series(np.where(np.arange(200) % 2, 1.0, 2.0), rows.index)
    weighted = compare_solutions(rows, [3], choices=quick, weights=weights)
    doubled = pd.concat([rows, rows.iloc[::2].set_axis([f"{unit}b" for unit in rows.index[::2]])])
    plain = compare_solutions(doubled, [3], choices=quick)
    assert weighted.weighted
    assert weighted.n == 200
    assert weighted.table.loc[3, "within_ss"] == pytest.approx(plain.table.loc[3, "within_ss"], rel=1e-9)
    assert adjusted_rand_score(weighted.labels[3], plain.labels[3][:200]) == 1.0
    found = measure_stability(rows, weighted, choices=quick, weights=weights, splits=4)
    assert found.parts["value"].between(0, 1).sum() == 4


def test_comparable_rows_weights_that_are_none_say_what(planted):
    rows, weight = comparable_rows(planted, pd.Series(2.0, planted.index[:10]))
    assert len(rows) == 10
    assert (weight == 2).all()
    with pytest.raises(ParameterError, match="finite and not negative; the smallest is -1"):
        comparable_rows(planted, pd.Series(-1.0, planted.index))
    with pytest.raises(ParameterError, match="none of the 700 units has a weight above 0"):
        comparable_rows(planted, pd.Series(0.0, planted.index))
    with pytest.raises(ParameterError, match="Series by unit; got list"):
        comparable_rows(planted, [1.0] * 700)


def test_segment_entropy_pure_and_evenly_mixed():
    assert segment_entropy(np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 1.0]])).tolist() == pytest.approx([1.0, 0.0])
    assert np.isnan(segment_entropy(np.array([[3.0], [1.0]]))).all()
    assert np.isnan(segment_entropy(np.array([[0.0, 0.0]]))).all()


def test_prediction_strength_by_hand():
    # pairs of the second segment kept: 2 * 1 + 1 * 0 of 3 * 2 ordered pairs
    assert prediction_strength(np.array([[3.0, 0.0], [2.0, 1.0]])) == pytest.approx(1 / 3)
    assert prediction_strength(np.array([[5.0, 0.0], [0.0, 1.0]])) == 1.0
    # one unit of weight 2 beside one of weight 1: the pair counts 2 * 1, both ways
    assert prediction_strength(np.array([[2.0, 1.0]]), np.array([[4.0, 1.0]])) == 0.0


def test_pair_agreement_counts_pairs_treated_differently():
    first, second = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    agreement, apart = pair_agreement(cross_labels(first, second))
    together = [np.equal.outer(labels, labels) for labels in (first, second)]
    assert apart == (together[0] != together[1]).mean()
    assert agreement == pytest.approx(adjusted_rand_score(first, second))


def test_cross_labels_units_in_no_segment_are_left_out():
    table = cross_labels(np.array([0, 1, -1]), np.array([0, -1, 0]), weights=np.array([2.0, 1.0, 1.0]))
    assert table.tolist() == [[2.0], [0.0]]
    with pytest.raises(ParameterError, match="same units; got 2 and 3"):
        cross_labels(np.array([0, 1]), np.array([0, 1, 1]))


def test_align_segments_same_people_stand_side_by_side(comparison):
    order = align_segments(comparison.labels, [0, 1])
    for k, segments in order.items():
        assert sorted(segments) == list(range(k))
    # relabelling a partition changes the names and not the order of the people
    flipped = {**comparison.labels, 3: 2 - comparison.labels[3]}
    assert align_segments(flipped, [0, 1])[3] == [2 - segment for segment in order[3]]


def test_measure_across_shares_of_each_segment_sum_to_one(comparison):
    across = measure_across(comparison.labels)
    assert across.groupby(["coarse", "parent"])["parent_share"].sum().to_numpy() == pytest.approx(1)
    assert across.groupby(["fine", "child"])["child_share"].sum().to_numpy() == pytest.approx(1)
    assert across.groupby("fine")["n"].sum().eq(600).all()
    assert measure_across({3: np.array([0, 1, 2])}).empty


def test_describe_runner_up_tells_the_split_and_the_merge(comparison):
    fewer = str(describe_runner_up(comparison, units="accounts"))
    assert f"would have taken {next_best(comparison)} segments" in fewer
    more = str(describe_runner_up(comparison, chosen=5, units="accounts"))
    assert "would have taken 6 segments" in more
    assert "of its own" in more or "drawn from" in more
    assert "merged with" in str(describe_runner_up(comparison, chosen=8)) + fewer
    assert "Smith" in str(describe_runner_up(comparison, chosen=7, ids={f"S{i}": "Smith" for i in range(1, 8)}))
    with pytest.raises(ParameterError, match="segments must be one of 2, 3"):
        describe_runner_up(comparison, chosen=12)


def test_describe_runner_up_one_number_considered_says_so(planted, quick):
    only = compare_solutions(planted, [3], choices=quick)
    assert "Only one number of segments was considered (3)" in str(describe_runner_up(only))
    assert tabulate_neighbours(only).frame["purity of origin"].isna().all()
    assert plot_across(only).kind == "absent"


def test_tabulate_neighbours_planted_segments_are_the_same_people(comparison):
    table = tabulate_neighbours(comparison, segments=6, ids={"S1": "S9"}, units="accounts", source="survey.csv")
    assert table.frame["segment"].tolist() == ["S9", "S2", "S3", "S4", "S5", "S6"]
    assert table.frame["n"].sum() == 600
    assert table.frame["reading"].str.contains("the same people").sum() >= 3
    assert "beside the partitions into 5 and 7" in table.caption


def test_tables_of_stability_show_n_and_both_parts(stability, comparison):
    shortfall = tabulate_shortfall(stability, units="accounts", source="survey.csv")
    assert len(shortfall.frame) == 7
    assert "n = 600 accounts" in shortfall.caption
    assert tabulate_parts(stability, comparison).frame.shape == (5, 6)
    segments = tabulate_segment_parts(stability, comparison, ids={"S1": "S9"})
    assert segments.frame["segment"].iloc[0] == "S9"
    words = str(describe_stability(stability, comparison))
    assert "The largest number of segments with a prediction strength above 0.80 is 6" in words
    assert "up to" not in words


def test_plot_across_blocks_and_bands_are_the_members(comparison):
    exhibit = plot_across(comparison, units="accounts", source="survey.csv")
    labels = [text for trace in exhibit.figure.data if trace.mode == "text" for text in trace.text]
    assert len(labels) == sum(range(2, 9))
    assert exhibit.table.frame["n"].min() >= 6
    assert "n = 600 accounts" in exhibit.caption
    assert "At 6 segments (recommended)" in exhibit.alt
    exhibit.as_json()


def test_plot_shortfall_stacks_the_two_parts(stability):
    exhibit = plot_shortfall(stability)
    np.testing.assert_allclose(exhibit.figure.data[0].y, stability.parts.loc["agreement", "sample"].clip(lower=0))
    assert [trace.name for trace in exhibit.figure.data] == ["from the sample", "from the search"]


def test_measure_stability_other_method_tells_what_it_knows(planted, quick):
    ward = compare_solutions(planted.dropna(), [5, 6], choices=quick, method="ward")
    found = measure_stability(planted, ward, choices=quick)
    assert found.parts.loc["agreement", "search"].isna().all()
    assert found.segments.loc[6, "entropy"].notna().all()
    assert "not told apart" in str(describe_stability(found, ward))
    assert plot_shortfall(found).kind == "absent"
    assert (found.strongest, found.steadiest) == (None, None)
    assert "no random starts" in str(describe_search(ward))
    assert tabulate_search(ward).frame["reading"].tolist() == ["no random starts"] * 2
    assert len(plot_across(ward).table.frame)
    assert measure_folk(planted.dropna(), ward, choices=quick).table["silhouette"].notna().all()


def test_assess_structure_rules_say_who_set_the_segments(planted, quick, comparison):
    from segmentation.clustering import describe_verdict

    set_by_rules = replace(comparison, method="rules")
    verdict = assess_structure(planted, segments=range(2, 9), choices=quick, comparison=set_by_rules)
    callout, _ = describe_verdict(verdict)
    assert callout.title.startswith("The segments were set by rules beforehand.")
    assert verdict.to_dict()["method"] == "rules"
    tree = assess_structure(planted, segments=[6], choices=quick, comparison=replace(comparison, method="tree"))
    assert "differ in an outcome" in describe_verdict(tree)[0].text


def test_measure_stability_other_method_weights_count_in_the_entropy(planted, quick):
    rows = planted.dropna()
    weights = pd.Series(np.where(np.arange(len(rows)) % 3, 0.2, 2.6), index=rows.index)
    weights.iloc[0] = np.nan
    ward = compare_solutions(rows, [5, 6], choices=quick, method="ward", weights=weights)
    assert ward.mass.tolist() == weights.iloc[1:].tolist()
    table = cross_labels(ward.labels[6], ward.labels[5], weights=ward.mass, shape=(6, 5))
    found = measure_stability(rows, ward, choices=quick, weights=weights)
    np.testing.assert_allclose(found.segments.loc[6, "entropy"], segment_entropy(table))
    assert measure_stability(rows, replace(ward, mass=None), choices=quick).segments.loc[6, "entropy"].notna().all()
