from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import calinski_harabasz_score, silhouette_score

from segmentation.clustering import (
    calinski_harabasz,
    compare_solutions,
    describe_folk,
    measure_folk,
    measure_stability,
    shadow_values,
    silhouette,
    tabulate_every_criterion,
    tabulate_folk,
)
from segmentation.clustering.criteria import folk_rates, gap_statistic, name_by_elbow
from segmentation.clustering.power import describe_power, power_rows, reachable_separation
from segmentation.errors import ParameterError


@pytest.fixture(scope="module")
def compared(planted, quick):
    comparison = compare_solutions(planted, range(2, 8), choices=quick)
    stability = measure_stability(planted, comparison, choices=quick, splits=4)
    return comparison, stability, measure_folk(planted, comparison, choices=quick, stability=stability)


@pytest.mark.parametrize("seed", range(3))
def test_silhouette_and_calinski_harabasz_equal_scikit_learn(seed):
    random = np.random.default_rng(seed)
    values, labels = random.integers(0, 3, size=(80, 3)).astype(float), random.integers(0, 4, size=80)
    labels[0] = 4  # alone in its segment
    assert silhouette(values, labels) == pytest.approx(silhouette_score(values, labels), abs=1e-9)
    assert calinski_harabasz(values, labels) == pytest.approx(calinski_harabasz_score(values, labels), rel=1e-9)


def test_silhouette_doubled_rows_equal_doubled_weights():
    random = np.random.default_rng(5)
    values, labels = random.standard_normal((30, 2)), random.integers(0, 3, size=30)
    weights = np.where(np.arange(30) < 10, 2.0, 1.0)
    doubled, both = np.vstack([values, values[:10]]), np.concatenate([labels, labels[:10]])
    assert silhouette(values, labels, weights=weights) == pytest.approx(silhouette_score(doubled, both))
    assert calinski_harabasz(values, labels, weights=weights) == pytest.approx(calinski_harabasz_score(doubled, both))


def test_indices_units_in_no_segment_are_left_out_and_one_segment_has_none():
    values, labels = np.array([[0.0], [1.0], [4.0], [5.0], [99.0]]), np.array([0, 0, 1, 1, -1])
    assert silhouette(values, labels) == pytest.approx(0.746, abs=1e-3)
    assert calinski_harabasz(values, labels) == 32.0
    assert np.isnan(silhouette(values, np.zeros(5, int)))
    assert np.isnan(calinski_harabasz(values, np.zeros(5, int)))
    with pytest.raises(ParameterError, match="one a unit; got shape"):
        silhouette(values, labels[:3])
    with pytest.raises(ParameterError, match="at least two centres; got 1"):
        shadow_values(values, np.array([[0.0]]))


def test_gap_statistic_one_box_and_four_corners():
    random = np.random.default_rng(1)
    centres = np.array([[0, 0], [0, 9], [9, 0], [9, 9]])
    corners = np.repeat(centres, 40, axis=0) + random.standard_normal((160, 2)) * 0.3
    from segmentation.clustering import search_kmeans

    for values, expected in ((corners, 4), (random.uniform(size=(200, 2)), 1)):
        within = {k: search_kmeans(values, k, starts=5, random_state=1).within_ss for k in range(1, 7)}
        table, named = gap_statistic(values, within, random_state=1)
        assert named == expected
        assert table.index.tolist() == list(range(1, 7))


def test_name_by_elbow_too_few_points_is_none():
    assert name_by_elbow({1: 10.0, 2: 5.0}) is None
    assert name_by_elbow({1: 100.0, 2: 90.0, 3: 20.0, 4: 15.0, 5: 12.0}) == 3


def test_measure_folk_planted_segments_indices_and_rules(compared):
    comparison, stability, folk = compared
    assert folk.table.index.tolist() == list(range(2, 8))
    assert folk.table.notna().all().all()
    assert folk.chosen["strength"] == stability.strongest
    assert folk.chosen["stability"] == comparison.table["ari_mean"].idxmax()
    assert (folk.sampled, folk.n) == (600, 600)


def test_measure_folk_other_table_is_refused(compared, planted, quick):
    with pytest.raises(ParameterError, match="this table has 100"):
        measure_folk(planted.iloc[:100], compared[0], choices=quick)


def test_measure_folk_numbers_with_a_hole_have_no_gap(planted, quick):
    comparison = compare_solutions(planted, [3, 6], choices=quick)
    folk = measure_folk(planted, comparison, choices=quick)
    assert folk.chosen["gap"] is None
    assert folk.chosen["strength"] is None
    assert "not applied" in tabulate_folk(folk).frame["says here"].tolist()


def test_tabulate_folk_shows_error_rates_from_the_benchmark(compared):
    comparison, stability, folk = compared
    rates = folk_rates()
    table = tabulate_folk(folk, "natural", units="accounts")
    row = table.frame.set_index("rule").loc["silhouette width above 0.25"]
    assert row["false alarms, worst kind"] == max(rates["silhouette"]["false_alarms"].values())
    assert table.frame["says here"].iloc[0] == "natural"
    assert rates["silhouette"]["source"] in table.note
    assert "rests on none of them" in str(describe_folk(folk, verdict="natural"))
    whole = tabulate_every_criterion(comparison, stability, folk)
    assert whole.frame["segments"].str.contains("recommended").sum() == 1
    assert whole.frame["folk: gap"].notna().all()


def test_folk_rates_are_wrong_where_they_are_said_to_be():
    rates = folk_rates()
    for rule in ("silhouette", "gap", "elbow"):
        assert max(rates[rule]["false_alarms"].values()) > 0.5
    assert max(rates["natural"]["false_alarms"].values()) <= 0.05 + 2 * np.sqrt(
        0.05 * 0.95 / rates["natural"]["simulations"]
    )


def _curve(n, *powers, variables=6):
    return [
        {"n": n, "variables": variables, "separation": float(s), "power": p}
        for s, p in zip((2, 3, 4), powers, strict=True)
    ]


def test_reachable_separation_is_interpolated_between_distances_and_sizes():
    rows = [*_curve(250, 0.1, 0.6, 1.0), *_curve(1000, 0.5, 1.0, 1.0)]
    assert reachable_separation(250, 6, rows=rows).separation == pytest.approx(3.5)
    assert reachable_separation(1000, 6, rows=rows).separation == pytest.approx(2.6)
    # half way on the scale of logarithms: powers .3, .8, 1
    assert reachable_separation(500, 6, rows=rows).separation == pytest.approx(3.0)
    assert reachable_separation(50_000, 6, rows=rows).n == 1000
    assert reachable_separation(100, 6, rows=rows).fewer


def test_reachable_separation_nothing_found_or_nothing_simulated():
    assert np.isnan(reachable_separation(250, 6, rows=_curve(250, 0.1, 0.2, 0.3)).separation)
    assert reachable_separation(250, 6, rows=[]) is None
    near = [*_curve(250, 0.9, 1.0, 1.0), *_curve(250, 0.1, 0.2, 0.9, variables=12)]
    assert reachable_separation(250, 7, rows=near).variables == 6
    assert reachable_separation(250, 30, rows=near).variables == 12


@pytest.mark.parametrize(("n", "words"), [(100, "more than here"), (10_000, "fewer than here")])
def test_describe_power_says_where_the_simulations_differ(n, words):
    assert power_rows()
    text = describe_power(n, 6, units="accounts")
    assert words in text
    assert "standard deviations" in text


def test_silhouette_large_data_are_sampled(planted, quick, monkeypatch):
    from segmentation.clustering import criteria

    comparison = compare_solutions(planted, [2, 3], choices=quick)
    monkeypatch.setattr(criteria, "MOST", 200)
    folk = measure_folk(planted, comparison, choices=quick)
    again = measure_folk(planted.sample(frac=1, random_state=2), comparison_of(planted, quick), choices=quick)
    assert folk.sampled == 200
    assert "200 of them measured" in tabulate_folk(folk).caption
    pd.testing.assert_frame_equal(folk.table, again.table, rtol=1e-9)


def comparison_of(planted, quick):
    return compare_solutions(planted.sample(frac=1, random_state=2), [2, 3], choices=quick)
