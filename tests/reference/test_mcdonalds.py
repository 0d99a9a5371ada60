"""The published fast-food case: every figure that rests on k-means and on fixed labels, within its stated tolerance.

Latent classes, descriptors, regression mixture and typing tool have files of their own: see test_coverage.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from segmentation.clustering import (
    calinski_harabasz,
    compare_solutions,
    compare_with_published,
    measure_across,
    prediction_strength,
    search_kmeans,
    shadow_values,
    silhouette,
)
from segmentation.clustering.across import cross_labels, pair_agreement
from segmentation.clustering.inputs import distinct_rows, spawn_seeds
from segmentation.clustering.kmeans import adjusted_rand, fit_weighted, nearest_centres, pad
from segmentation.clustering.resample import resample
from segmentation.profiling import order_variables, passes_marker_rule
from segmentation.study import Choices

from .published_search import search_samples

pytestmark = pytest.mark.shared
ALIKE = (
    5  # of our starts miss the best optimum as often as ten starts at random rows, which the published figures rest on
)


@pytest.fixture(scope="module")
def definitions(expected):
    return expected["definitions"]


@pytest.fixture(scope="module")
def values(items):
    return items.to_numpy()


@pytest.fixture(scope="module")
def rows(values):
    return distinct_rows(values)


@pytest.fixture(scope="module")
def comparison(items):
    """Our own search and resamples; no structure test is needed here."""
    return compare_solutions(items, range(2, 9), choices=Choices(pairs=200, references=19), pair_starts=ALIKE)


def means(values, labels):
    return np.array([values[labels == segment].mean(axis=0) for segment in range(labels.max() + 1)])


def test_colmeans(items, definitions):
    assert items.mean().to_dict() == pytest.approx(definitions["colmeans"], abs=1e-6)


def test_total_sum_euclid(values, definitions):
    total = np.sqrt(((values - values.mean(axis=0)) ** 2).sum(axis=1)).sum()
    assert total == pytest.approx(definitions["total_sum_euclid"], abs=1e-6)


@pytest.mark.parametrize("k", range(2, 9))
def test_scree_sum_euclid_and_scree_withinss(k, values, book, definitions):
    labels = book[k].to_numpy()
    centres = means(values, labels)
    square = ((values - centres[labels]) ** 2).sum(axis=1)
    assert square.sum() == pytest.approx(definitions["scree_withinss"][str(k)], abs=1e-6)
    assert np.sqrt(square).sum() == pytest.approx(definitions["scree_sum_euclid"][str(k)], abs=1e-6)
    assert (nearest_centres(values, centres) == labels).all(), (
        "the published partition is a fixed point of Lloyd's algorithm"
    )


def test_k4_sizes_of_the_book_partition(book, definitions):
    assert np.bincount(book[4]).tolist() == definitions["k4_sizes"]


@pytest.mark.parametrize("k", range(3, 9))
def test_slsa(k, book, definitions):
    across = measure_across({j: book[j].to_numpy() for j in (k - 1, k)})
    found = across.drop_duplicates("child").set_index("child")["entropy"]
    expected = definitions["slsa"][str(k)]
    assert [found[f"S{i + 1}"] for i in range(k)] == pytest.approx(expected, abs=1e-6)


def test_silhouette_calinski_harabasz_and_shadow_mean(values, book, definitions):
    labels = book[4].to_numpy()
    assert silhouette(values, labels) == pytest.approx(definitions["silhouette_k4"], abs=1e-6)
    assert calinski_harabasz(values, labels) == pytest.approx(definitions["calinski_harabasz_k4"], abs=1e-6)
    shadow = shadow_values(values, means(values, labels))
    found = [shadow[labels == segment].mean() for segment in range(4)]
    assert found == pytest.approx(definitions["shadow_mean"], abs=1e-6)


def test_compart_k3_k4(book, definitions):
    """Key ``comPart_k3_k4``: adjusted Rand, Rand, Jaccard and Fowlkes-Mallows of the published partitions."""
    table = cross_labels(book[3].to_numpy(), book[4].to_numpy())
    n, both = table.sum(), (table**2).sum()
    pairs = n * (n - 1) / 2
    together, first, second = (
        (part - n) / 2 for part in (both, (table.sum(axis=1) ** 2).sum(), (table.sum(axis=0) ** 2).sum())
    )
    expected = definitions["comPart_k3_k4"]
    agreement, apart = pair_agreement(table)
    assert agreement == pytest.approx(expected["ARI"], abs=1e-6)
    assert 1 - apart * n**2 / (2 * pairs) == pytest.approx(expected["RI"], abs=1e-6)
    assert together / (first + second - together) == pytest.approx(expected["J"], abs=1e-6)
    assert together / np.sqrt(first * second) == pytest.approx(expected["FM"], abs=1e-6)


def test_hclust_order_and_height(items, definitions):
    """Keys ``hclust_items_complete_euclid_order`` and ``hclust_height``."""
    assert order_variables(items, standardise=False) == definitions["hclust_items_complete_euclid_order"]
    tree = linkage(pdist(items.T.to_numpy()), method="complete")
    assert tree[:, 2] == pytest.approx(definitions["hclust_height"], abs=1e-6)


def test_segment_evaluation(raw, book, definitions):
    """Key ``segment_evaluation``: means of visit frequency, liking and share of women (also by profiles, in tests/profiling)."""
    visits = ["Never", "Once a year", "Every three months", "Once a month", "Once a week", "More than once a week"]
    table = pd.DataFrame(
        {
            "visit": raw["VisitFrequency"].map(visits.index) + 1,
            "like": raw["Like"].astype("str").str.extract(r"([+-]?\d+)$")[0].astype(float),
            "female": raw["Gender"] == "Female",
        }
    )
    found = table.groupby(book[4]).mean()
    for row in definitions["segment_evaluation"]:
        assert found.loc[row["segment"] - 1].tolist() == pytest.approx(
            [row["visit"], row["like"], row["female"]], abs=1e-6
        )


def test_marker_count_by_segment(values, book, definitions):
    centres = means(values, book[4].to_numpy())
    marked = passes_marker_rule(centres, values.mean(axis=0))
    assert marked.sum(axis=1).tolist() == definitions["marker_count_by_segment"]


@pytest.mark.parametrize("k", range(2, 9))
def test_kmeans_best_withinss_abs_05(k, comparison, expected):
    """Key ``kmeans_best_withinss_abs_0.5``, and ``kmeans_best_sizes`` where our best is the listed one."""
    found, optimum = comparison.searches[k], expected["optimum"]
    best = optimum["kmeans_best_withinss_abs_0.5"][str(k)]
    assert found.within_ss <= best + 0.5
    if abs(found.within_ss - best) < 1e-3:
        assert np.abs(np.sort(found.sizes) - optimum["kmeans_best_sizes"][str(k)]).max() <= 10
    else:
        assert found.within_ss < best and k >= 5


@pytest.mark.parametrize("k", [5, 6])
def test_kmeans_best_sizes_of_the_listed_optimum_where_ours_is_better(k, rows, expected):
    """From five segments on the listed best of 300 starts is not the best; the same partition is among our starts, too."""
    best, sizes = (expected["optimum"][name][str(k)] for name in ("kmeans_best_withinss_abs_0.5", "kmeans_best_sizes"))
    padded, weight = pad(rows.values), rows.counts.astype(float)
    nearest = []
    for seed in spawn_seeds(1, "listed", size=800):
        within, centres = fit_weighted(padded, weight, k, np.array([seed], np.uint32), polish=True)
        if abs(within[0] - best) <= 0.5:
            found = np.bincount(nearest_centres(rows.values, centres[:, :11]), weights=weight, minlength=k)
            nearest.append(np.abs(np.sort(found) - sizes).max())
    assert min(nearest) <= 10


def test_report_says_that_the_published_answer_is_a_poor_optimum(comparison, book, definitions, expected):
    within = definitions["scree_withinss"]["4"]
    text = str(compare_with_published(comparison.searches[4], within_ss=within, labels=book[4].to_numpy()))
    assert "is not the best partition of these data" in text
    assert "1,656.43" in text and "1,602.90" in text
    assert "poor optimum, 3.3% worse" in text
    assert "to 0.63 (adjusted Rand index" in text
    best = comparison.searches[4].within_ss
    assert best == pytest.approx(expected["optimum"]["kmeans_best_withinss_abs_0.5"]["4"], abs=0.5)
    assert "is the best partition found" in str(compare_with_published(comparison.searches[4], within_ss=best))
    assert "better than the best" in str(compare_with_published(comparison.searches[4], within_ss=best - 1))


def test_boot_ari_mean_abs_006(comparison, expected):
    """Key ``boot_ari_mean_abs_0.06`` for every k, and ``boot_ari_median`` where it is not two-humped."""
    stochastic = expected["stochastic"]
    for k in range(2, 9):
        draws = comparison.draws[k]
        assert draws.mean() == pytest.approx(stochastic["boot_ari_mean_abs_0.06"][str(k)], abs=0.06), k
        if k != 4:
            assert draws.median() == pytest.approx(stochastic["boot_ari_median"][str(k)], abs=0.1), k


def test_slsw_book_k4_nrep10_mean_abs_006(rows, comparison, book, expected):
    """Key ``slsw_book_k4_nrep10_mean_abs_0.06``: the published partition against resamples searched as it was."""
    published = replace(comparison.searches[4], labels=book[4].to_numpy())
    found = resample(rows, {4: published}, {4: ALIKE}, Choices(pairs=200))[4][1].mean(axis=0)
    assert found == pytest.approx(expected["stochastic"]["slsw_book_k4_nrep10_mean_abs_0.06"], abs=0.06)


def test_clusterboot_opt_k4_runs50_mean_abs_005(rows, comparison, expected):
    """Keys ``clusterboot_opt_k4_runs50_mean_abs_0.05`` and ``clusterboot_opt_k4_sizes``."""
    stochastic, search = expected["stochastic"], comparison.searches[4]
    found = resample(rows, {4: search}, {4: 50}, Choices(pairs=50))[4][1].mean(axis=0)
    order = [int(np.abs(search.sizes - size).argmin()) for size in stochastic["clusterboot_opt_k4_sizes"]]
    assert sorted(order) == [0, 1, 2, 3]
    assert found[order] == pytest.approx(stochastic["clusterboot_opt_k4_runs50_mean_abs_0.05"], abs=0.05)


def test_prediction_strength_mean_abs_008(rows, expected):
    """Keys ``prediction_strength_mean_abs_0.08`` and ``prediction_strength_optimal_k_at_0.8``.

    200 halvings where the choice hangs on them (one halving scatters by .11 around a mean near .81), 30 as published elsewhere.
    """
    stochastic, strength = expected["stochastic"], {}
    for k in range(2, 9):
        strength[k] = measure_strength(rows, k, splits=200 if k == 3 else 30)
        assert strength[k] == pytest.approx(stochastic["prediction_strength_mean_abs_0.08"][str(k)], abs=0.08), k
    assert max(k for k in strength if strength[k] > 0.8) == stochastic["prediction_strength_optimal_k_at_0.8"]


def measure_strength(rows, k, splits):
    random, n = np.random.default_rng([1, k]), int(rows.counts.sum())
    one = np.array([random.multivariate_hypergeometric(rows.counts, n // 2) for _ in range(splits)])
    halves = np.concatenate([one, rows.counts - one]).astype(float)
    labels = [nearest_centres(rows.values, c) for c in search_samples(rows.values, halves, k, seed=k, moves=True)]
    other = np.roll(np.arange(2 * splits), splits)
    tables = [cross_labels(labels[i], labels[other[i]], weights=halves[i], shape=(k, k)) for i in range(2 * splits)]
    return float(np.mean([prediction_strength(table) for table in tables]))


def test_nselectboot_instability_abs_002(rows, expected):
    """Keys ``nselectboot_instability_abs_0.02`` and ``nselectboot_kopt``; fpc counts a pair together in the first sample and apart in
    the second, but not the other way round: half of what we call pairs treated differently."""
    random, n, stochastic = np.random.default_rng(2), int(rows.counts.sum()), expected["stochastic"]
    samples = random.multinomial(n, rows.counts / n, size=100).astype(float)
    instability = {}
    for k in range(2, 9):
        centres = search_samples(rows.values, samples, k, seed=k)
        labels = [nearest_centres(rows.values, centre) for centre in centres]
        tables = [cross_labels(labels[i], labels[i + 50], weights=rows.counts, shape=(k, k)) for i in range(50)]
        instability[k] = float(np.mean([pair_agreement(table)[1] for table in tables])) / 2
        assert instability[k] == pytest.approx(stochastic["nselectboot_instability_abs_0.02"][str(k)], abs=0.02), k
    assert min(instability, key=instability.get) == stochastic["nselectboot_kopt"]


def test_published_partitions_agree_as_the_book_says(book, expected):
    table = cross_labels(book[3].to_numpy(), book[4].to_numpy())
    assert adjusted_rand(table) == pytest.approx(expected["ari_k3_k4_book"], abs=1e-9)


def test_ten_random_starts_stop_where_the_book_does_and_ours_do_not(values, rows, expected):
    """Published search: ten starts at random rows end above the best optimum one time in six or more."""
    everybody = np.repeat(rows.counts[None].astype(float), 60, axis=0)
    centres = search_samples(rows.values, everybody, 4, seed=3)
    labels = [nearest_centres(rows.values, centre) for centre in centres]
    within = np.array([
        rows.counts @ ((rows.values - centre[label]) ** 2).sum(axis=1) for centre, label in zip(centres, labels, strict=True)
    ])  # fmt: skip
    best = expected["optimum"]["kmeans_best_withinss_abs_0.5"]["4"]
    assert 0.03 < (within > best * 1.001).mean() < 0.4
    assert all(search_kmeans(values, 4, random_state=seed).within_ss <= best + 0.5 for seed in range(5))
