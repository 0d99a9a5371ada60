from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from segmentation.clustering.kmeans import adjusted_rand, nearest_centres, search_kmeans
from segmentation.errors import ParameterError


@pytest.mark.shared
@pytest.mark.parametrize("k", range(2, 9))
def test_search_kmeans_published_case_reaches_best_known_optimum(k, mcdonalds, published):
    found = search_kmeans(mcdonalds.to_numpy(), k, starts=50, random_state=1)
    assert found.within_ss <= published["best_within_ss"][str(k)] + 0.5
    means = np.array(published["item_means"]["values"])
    assert found.total_ss == pytest.approx(published["n"] * (means * (1 - means)).sum(), abs=1e-4)
    assert found.hits >= 5
    if str(k) in published["best_sizes"]:
        assert np.abs(found.sizes - published["best_sizes"][str(k)]).max() <= 10


@pytest.mark.shared
def test_search_kmeans_published_case_beats_the_books_local_optimum(mcdonalds, published):
    found = search_kmeans(mcdonalds.to_numpy(), 4, random_state=1)
    assert found.within_ss < published["book_within_ss"]["4"] - 50
    assert 0.05 < found.near / found.starts < 0.95


def test_search_kmeans_planted_segments_equals_scikit_learn(planted):
    values = planted.dropna().to_numpy()
    found = search_kmeans(values, 6, random_state=3)
    other = KMeans(6, n_init=50, random_state=0).fit(values)
    assert found.within_ss <= other.inertia_ * (1 + 1e-9)
    assert adjusted_rand_score(found.labels, other.labels_) == pytest.approx(1.0, abs=0.03)
    assert found.hits >= 5


def test_search_kmeans_result_is_a_fixed_point_with_exact_means(planted):
    values = planted.dropna().to_numpy()
    found = search_kmeans(values, 5, random_state=3)
    assert (nearest_centres(values, found.centres) == found.labels).all()
    for j in range(5):
        np.testing.assert_allclose(found.centres[j], values[found.labels == j].mean(axis=0), atol=1e-12)
    assert (np.diff(found.sizes) <= 0).all()


def test_search_kmeans_rows_shuffled_same_bytes(planted):
    values = planted.dropna().to_numpy()
    order = np.random.default_rng(0).permutation(len(values))
    first, second = (search_kmeans(rows, 4, random_state=5) for rows in (values, values[order]))
    assert first.centres.tobytes() == second.centres.tobytes()
    assert (first.labels[order] == second.labels).all()
    assert (first.hits, first.starts) == (second.hits, second.starts)


def test_search_kmeans_same_seed_same_bytes_and_input_unchanged(planted):
    values = planted.dropna().to_numpy()
    copy = values.copy()
    first, second = (search_kmeans(values, 6, random_state=5) for _ in range(2))
    assert first.centres.tobytes() == second.centres.tobytes()
    assert first.labels.tobytes() == second.labels.tobytes()
    assert (values == copy).all()


def test_search_kmeans_columns_reordered_same_partition(planted):
    values = planted.dropna().to_numpy()
    first, second = search_kmeans(values, 6, random_state=5), search_kmeans(values[:, ::-1], 6, random_state=5)
    assert first.within_ss == pytest.approx(second.within_ss, rel=1e-9)
    assert (first.labels == second.labels).all()


def test_search_kmeans_duplicated_rows_equal_doubled_weights(planted):
    values = planted.dropna().to_numpy()[:200]
    double = search_kmeans(np.vstack([values, values]), 3, random_state=5)
    weighted = search_kmeans(values, 3, random_state=5, weights=np.full(200, 2.0))
    assert double.within_ss == pytest.approx(weighted.within_ss, rel=1e-12)
    assert (double.labels[:200] == weighted.labels).all()
    np.testing.assert_allclose(double.centres, weighted.centres, atol=1e-12)


def test_search_kmeans_more_starts_never_worse(planted):
    values = planted.dropna().to_numpy()
    few, many = (search_kmeans(values, 8, starts=starts, random_state=5) for starts in (1, 40))
    assert many.within_ss <= few.within_ss * (1 + 1e-9)


def test_search_kmeans_as_many_segments_as_rows_leaves_no_spread():
    found = search_kmeans(np.arange(4.0).reshape(4, 1), 4, random_state=1)
    assert found.within_ss == 0
    assert sorted(found.labels) == [0, 1, 2, 3]
    assert np.isnan(found.runner_up_gap)


def test_search_kmeans_one_segment_is_the_mean():
    found = search_kmeans(np.array([[1.0, 0.0], [3.0, 2.0]]), 1, random_state=1)
    assert found.centres.tolist() == [[2.0, 1.0]]
    assert found.within_ss == found.total_ss == 4.0


@pytest.mark.parametrize(
    ("values", "k", "weights", "message"),
    [
        (np.array([[1.0], [1.0], [2.0]]), 3, None, "3 segments need at least 3 different rows; there are 2 in 3"),
        (np.array([[1.0], [np.nan]]), 1, None, "1 of 2 rows are not"),
        (np.empty((0, 2)), 1, None, "got shape"),
        (np.array([[1.0], [2.0]]), 0, None, "at least 1; got 0"),
        (np.array([[1.0], [2.0]]), 2.5, None, "whole number"),
        (np.array([[1.0], [2.0]]), 2, np.array([1.0, 0.0]), "weights must be positive"),
        (np.array([[1.0], [2.0]]), 2, np.array([1.0]), "one number a unit"),
    ],
)
def test_search_kmeans_bad_input_says_what(values, k, weights, message):
    with pytest.raises(ParameterError, match=message):
        search_kmeans(values, k, random_state=1, weights=weights)


def test_adjusted_rand_equals_hand_and_scikit_learn(reference):
    assert adjusted_rand(np.array(reference["adjusted_rand"]["table"])) == pytest.approx(
        reference["adjusted_rand"]["value"]
    )
    random = np.random.default_rng(1)
    for _ in range(20):
        first, second = random.integers(4, size=50), random.integers(6, size=50)
        table = np.bincount(first * 6 + second, minlength=24).reshape(4, 6)
        assert adjusted_rand(table) == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)


def test_adjusted_rand_of_one_block_or_one_unit_is_one():
    assert adjusted_rand(np.array([[7]])) == 1.0
    assert adjusted_rand(np.array([[1]])) == 1.0
