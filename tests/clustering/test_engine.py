"""The compiled engine: exactness, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from segmentation.clustering import kmeans, measure_structure, packed, search_kmeans
from segmentation.clustering.inputs import distinct_rows, lexical_order
from segmentation.clustering.kmeans import fit_weighted, nearest_centres, pad
from segmentation.clustering.packed import Rows, Sample, distinct_optima
from segmentation.clustering.resample import Draws, resample
from segmentation.errors import ParameterError
from segmentation.study import Choices


def cloud(n: int, p: int, seed: int, segments: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.standard_normal((segments, p)) * 2
    return centres[random.integers(segments, size=n)] + random.standard_normal((n, p))


def spread(values: np.ndarray, centres: np.ndarray, weight: np.ndarray) -> float:
    return float(weight @ ((values[:, None] - centres) ** 2).sum(axis=2).min(axis=1))


@pytest.mark.parametrize(
    ("n", "p", "k"), [(100, 1, 2), (128, 3, 5), (129, 4, 4), (700, 11, 7), (3000, 20, 3), (500, 21, 11)]
)
def test_every_start_ends_where_scikit_learn_stays(n, p, k):
    values = cloud(n, p, n)
    rows = Rows.of(values)
    found = rows.pack(np.ones(n)).search(k, np.arange(5, dtype=np.uint32))
    for within, centres in zip(found.within, found.centres, strict=True):
        other = KMeans(k, init=centres, n_init=1, tol=0).fit(values)
        assert within == pytest.approx(other.inertia_, rel=1e-5)
        np.testing.assert_allclose(other.cluster_centers_, centres, atol=1e-3)
        assert within == pytest.approx(spread(values, centres, np.ones(n)), rel=1e-5)


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 8, 9])
def test_label_is_the_nearest_centre(k):
    values = cloud(1000, 7, k)
    rows, centres = Rows.of(values), cloud(k, 7, 99)
    labels = rows.pack(np.ones(1000)).label(centres)
    assert (labels == nearest_centres(values, centres)).mean() > 0.999
    index = np.arange(5, 1000, 3)
    assert (rows.pack(np.ones(len(index)), index).label(centres) == labels[index]).all()


def test_far_from_zero_or_tiny_values_are_searched_as_well():
    values = cloud(300, 3, 1)
    plain = search_kmeans(values, 4, random_state=1)
    for offset, scale in ((1e6, 1.0), (-1e4, 1e-3), (0.0, 1e-30), (0.0, 1e25)):
        moved = search_kmeans(values * scale + offset, 4, random_state=1)
        assert adjusted_rand_score(plain.labels, moved.labels) == 1.0
        assert moved.within_ss == pytest.approx(plain.within_ss * scale**2, rel=1e-4)


def test_greedy_seeding_is_better_than_random_rows():
    values = cloud(2000, 8, 3, segments=9)
    packed_rows = Rows.of(values).pack(np.ones(2000))
    seeded = packed_rows.search(9, np.arange(40, dtype=np.uint32), passes=0).centres
    random = np.random.default_rng(1)
    drawn = np.array([values[random.choice(2000, 9, replace=False)] for _ in range(40)])
    weight = np.ones(2000)
    assert np.mean([spread(values, c, weight) for c in seeded]) < 0.9 * np.mean(
        [spread(values, c, weight) for c in drawn]
    )


def test_polish_never_leaves_a_row_that_would_move():
    values = cloud(150, 3, 4)
    weight = np.random.default_rng(1).integers(1, 4, 150).astype(float)
    found = Rows.of(values, weight).pack(weight).search(5, np.arange(10, dtype=np.uint32), polish=True)
    for within, centres in zip(found.within, found.centres, strict=True):
        labels = nearest_centres(values, centres)
        mass = np.bincount(labels, weights=weight, minlength=5)
        assert within == pytest.approx(spread(values, centres, weight), rel=1e-5)
        for row in range(150):
            squares, own = ((values[row] - centres) ** 2).sum(axis=1), labels[row]
            if mass[own] > weight[row]:
                gain = squares[own] * mass[own] / (mass[own] - weight[row])
                cost = squares * mass / (mass + weight[row])
                cost[own] = np.inf
                assert cost.min() >= gain * (1 - 1e-4)


def test_weights_are_copies_of_rows():
    values = cloud(200, 4, 5)
    weight = np.random.default_rng(2).integers(1, 5, 200)
    copies = np.repeat(np.arange(200), weight)
    one = search_kmeans(values, 4, random_state=3, weights=weight.astype(float))
    many = search_kmeans(values[copies], 4, random_state=3)
    assert one.within_ss == pytest.approx(many.within_ss, rel=1e-12)
    assert (one.labels[copies] == many.labels).all()
    np.testing.assert_allclose(one.centres, many.centres, atol=1e-12)


def test_unit_weights_change_no_bit():
    values = np.round(cloud(300, 3, 6), 1)
    plain, unit = (search_kmeans(values, 3, random_state=3, weights=w) for w in (None, np.ones(300)))
    assert plain.centres.tobytes() == unit.centres.tobytes()
    assert (plain.within_ss, plain.hits, plain.starts) == (unit.within_ss, unit.hits, unit.starts)
    rows, choices = distinct_rows(values), Choices(pairs=10, random_state=1)
    one, other = (resample(rows, {3: plain}, {3: 5}, choices, weights=w)[3] for w in (None, np.full(300, 2.5)))
    assert (one[0] == other[0]).all() and (one[1] == other[1]).all()
    encoded = pd.DataFrame(values)
    tests = [
        measure_structure(encoded, [2, 3], references=9, random_state=1, weights=w)
        for w in (None, pd.Series(1.0, encoded.index))
    ]
    assert tests[0].statistic == tests[1].statistic
    assert not tests[1].weighted


def test_order_of_units_changes_nothing_with_weights():
    values, random = np.round(cloud(400, 3, 7), 1), np.random.default_rng(3)
    weights, order = random.gamma(2.0, size=400), random.permutation(400)
    one, other = (search_kmeans(values[o], 4, random_state=1, weights=weights[o]) for o in (np.arange(400), order))
    assert one.centres.tobytes() == other.centres.tobytes()
    assert (one.labels[order] == other.labels).all()
    choices = Choices(pairs=10, random_state=1)
    pair = [
        resample(distinct_rows(values[o]), {4: s}, {4: 5}, choices, weights=weights[o])[4]
        for o, s in ((np.arange(400), one), (order, other))
    ]
    np.testing.assert_allclose(pair[0][0], pair[1][0], rtol=1e-12)
    encoded, w = pd.DataFrame(values), pd.Series(weights)
    tests = [
        measure_structure(encoded.iloc[o], [2, 3], references=9, random_state=1, weights=w)
        for o in (np.arange(400), order)
    ]
    assert tests[0].statistic == pytest.approx(tests[1].statistic, rel=1e-9)


@pytest.mark.parametrize("n", [300, 3000])
def test_number_of_threads_changes_no_bit(n, monkeypatch):
    values, found = cloud(n, 5, 8), []
    for count in (1, 2, 3):
        monkeypatch.setattr(packed, "threads", lambda count=count: count)
        monkeypatch.setattr(kmeans, "threads", lambda count=count: count)
        search = search_kmeans(values, 4, random_state=2)
        drawn = resample(distinct_rows(values), {4: search}, {4: 5}, Choices(pairs=10, random_state=1))[4]
        found.append((search.centres.tobytes(), search.hits, search.starts, drawn[0].tobytes(), drawn[1].tobytes()))
    assert found[0] == found[1] == found[2]


def test_search_of_many_rows_runs_on_a_sample_and_says_so(monkeypatch):
    values = cloud(3000, 4, 9)
    whole = search_kmeans(values, 5, random_state=1)
    monkeypatch.setattr(kmeans, "SEARCH_ROWS", 1000)
    some = search_kmeans(values, 5, random_state=1)
    assert (whole.sample, some.sample) == (None, 1000)
    assert some.within_ss <= whole.within_ss * 1.001
    assert len(some.labels) == 3000
    assert (nearest_centres(values, some.centres) == some.labels).all()
    order = np.random.default_rng(0).permutation(3000)
    assert search_kmeans(values[order], 5, random_state=1).centres.tobytes() == some.centres.tobytes()


def test_large_samples_are_raced_to_nearly_the_same_optimum(monkeypatch):
    values = cloud(6000, 6, 10)
    rows, seeds = Rows.of(values), np.arange(Sample.seeds(10), dtype=np.uint32)
    exact, _ = Sample.of(rows, np.ones(6000), np.random.default_rng(1)).search(5, seeds)
    monkeypatch.setattr(packed, "RACE_ROWS", 3000)
    monkeypatch.setattr(packed, "PART_ROWS", 1500)
    raced, centres = Sample.of(rows, np.ones(6000), np.random.default_rng(1)).search(5, seeds)
    assert raced <= exact * 1.001
    assert raced == pytest.approx(spread(values, centres, np.ones(6000)), rel=1e-3)
    monkeypatch.setattr(packed, "MIDDLE_ROWS", 2500)
    twice, _ = Sample.of(rows, np.ones(6000), np.random.default_rng(1)).search(5, seeds)
    assert twice <= exact * 1.001


def test_distinct_optima_keeps_the_best_of_each():
    found = packed.Found(np.array([5.0, 3.0, 3.0 + 1e-9, 4.0]), np.arange(4.0).reshape(4, 1, 1))
    assert distinct_optima(found, 3).ravel().tolist() == [1.0, 3.0, 0.0]


def test_resample_agrees_with_copied_rows_of_scikit_learn():
    """The scheme as a user writes it, on the same worlds: mean agreement and its spread are the same."""
    values = cloud(400, 3, 11, segments=3) * 0.8
    rows, k = distinct_rows(values), 4
    search = search_kmeans(values, k, random_state=1)
    ours = resample(rows, {k: search}, {k: 10}, Choices(pairs=60, random_state=1))[k][0]
    random, theirs = np.random.default_rng(5), []
    for _ in range(60):
        fits = [KMeans(k, n_init=10, random_state=0).fit(values[random.integers(400, size=400)]) for _ in range(2)]
        theirs.append(adjusted_rand_score(*(fit.predict(values) for fit in fits)))
    error = np.hypot(ours.std(), np.std(theirs)) / np.sqrt(60)
    assert abs(ours.mean() - np.mean(theirs)) < 4 * error + 0.02


def test_draws_equal_rows_with_different_weights_are_groups():
    rows = distinct_rows(np.array([[1.0], [1.0], [2.0], [1.0]]))
    draws = Draws.of(rows, np.array([1.0, 3.0, 2.0, 1.0]))
    assert draws.place.tolist() == [0, 0, 1]
    np.testing.assert_allclose(draws.weight * 7 / 4, [1.0, 3.0, 2.0])
    assert draws.sizes.tolist() == [2, 1, 1]
    np.testing.assert_allclose(draws.mass * 7 / 4, [5.0, 2.0])
    random = np.random.default_rng(1)
    mean = np.mean([draws.sample(random) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, draws.mass, atol=0.06)


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.array([1.0, 2.0]), "one number a unit"), (np.array([1.0, 0.0, 1.0]), "positive and finite")],
)
def test_draws_bad_weights_say_what(weights, message):
    with pytest.raises(ParameterError, match=message):
        Draws.of(distinct_rows(np.array([[1.0], [1.0], [2.0]])), weights)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_distinct_rows_equal_numpy_unique(seed, p, levels, many):
    random = np.random.default_rng(seed)
    values = random.integers(-levels, levels + 1, size=(2000 if many else 60, p)) * 0.5
    values[random.random(values.shape) < 0.1] = -0.0
    if many:
        values[::3, -1] += random.standard_normal(len(values[::3]))
    rows = distinct_rows(values)
    expected, place, counts = np.unique(values + 0.0, axis=0, return_inverse=True, return_counts=True)
    assert rows.values.tobytes() == expected.tobytes()
    assert (rows.counts == counts).all()
    assert (rows.place == place.reshape(-1)).all()
    assert (lexical_order(expected) == np.arange(len(expected))).all()


def test_distinct_rows_of_a_continuous_column_equal_numpy_unique():
    values = np.random.default_rng(1).standard_normal((1000, 3))
    values[5, 0] = -0.0
    expected, place = np.unique(values + 0.0, axis=0, return_inverse=True)
    rows = distinct_rows(values)
    assert rows.values.tobytes() == expected.tobytes()
    assert (rows.place == place.reshape(-1)).all()
    assert (rows.counts == 1).all()


def test_distinct_rows_survive_a_hash_that_tells_nothing(monkeypatch):
    monkeypatch.setattr("segmentation.clustering.inputs._hash_rows", lambda values: np.zeros(len(values), np.uint64))
    values = np.random.default_rng(1).integers(3, size=(1000, 2)).astype(float)
    assert len(distinct_rows(values).values) == 9


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_search_kmeans_invariants(seed, k, p):
    random = np.random.default_rng(seed)
    values = np.round(random.standard_normal((80, p)) * random.integers(1, 4, size=p), 2)
    weights = random.gamma(1.0, size=80) + 0.01
    found = search_kmeans(values, k, starts=5, random_state=1, weights=weights)
    assert found.within_ss == pytest.approx(spread(values, found.centres, weights), rel=1e-9, abs=1e-9)
    mass = np.bincount(found.labels, weights=weights, minlength=k)
    assert (np.diff(mass) <= 1e-9).all()
    for j in np.flatnonzero(mass > 0):
        members = found.labels == j
        np.testing.assert_allclose(
            found.centres[j], np.average(values[members], axis=0, weights=weights[members]), atol=1e-9
        )
    other = KMeans(k, init=found.centres, n_init=1, tol=0).fit(values, sample_weight=weights)
    assert other.inertia_ >= found.within_ss * (1 - 1e-6)
    assert 1 <= found.hits <= found.near <= found.starts


def test_fit_weighted_pad_is_what_it_was():
    values = cloud(50, 3, 12)
    within, centres = fit_weighted(pad(values), np.ones(50), 2, np.arange(7, dtype=np.uint32))
    assert within.shape == (7,) and centres.shape == (2, 4)
    assert within.min() == pytest.approx(spread(values, centres[:, :3], np.ones(50)), rel=1e-5)
