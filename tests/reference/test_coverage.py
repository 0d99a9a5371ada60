"""No published figure without a test: every key of the expected results names the file that checks it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import MCDONALDS

TESTS = Path(__file__).parents[1]
HERE, LATENT = "reference/test_mcdonalds.py", "clustering/test_methods_latent.py"
DESCRIPTORS, TYPING = "profiling/test_mcdonalds_descriptors.py", "profiling/test_typing_reference.py"

# key of the expected results: (file, words that stand in it)
COVERED = {
    "colmeans": (HERE, "test_colmeans"),
    "total_sum_euclid": (HERE, "test_total_sum_euclid"),
    "k4_book_partition": (HERE, "test_k4_sizes_of_the_book_partition"),
    "k4_sizes": (HERE, "test_k4_sizes_of_the_book_partition"),
    "scree_sum_euclid": (HERE, "test_scree_sum_euclid"),
    "scree_withinss": (HERE, "scree_withinss"),
    "slsa": (HERE, "test_slsa"),
    "silhouette_k4": (HERE, "silhouette_k4"),
    "calinski_harabasz_k4": (HERE, "calinski_harabasz_k4"),
    "shadow_mean": (HERE, "shadow_mean"),
    "comPart_k3_k4": (HERE, "comPart_k3_k4"),
    "hclust_items_complete_euclid_order": (HERE, "hclust_items_complete_euclid_order"),
    "hclust_height": (HERE, "hclust_height"),
    "segment_evaluation": (HERE, "segment_evaluation"),
    "marker_count_by_segment": (HERE, "marker_count_by_segment"),
    "kmeans_best_withinss_abs_0.5": (HERE, "kmeans_best_withinss_abs_0.5"),
    "kmeans_best_sizes": (HERE, "kmeans_best_sizes"),
    "boot_ari_mean_abs_0.06": (HERE, "boot_ari_mean_abs_0.06"),
    "boot_ari_median": (HERE, "boot_ari_median"),
    "slsw_book_k4_nrep10_mean_abs_0.06": (HERE, "slsw_book_k4_nrep10_mean_abs_0.06"),
    "clusterboot_opt_k4_runs50_mean_abs_0.05": (HERE, "clusterboot_opt_k4_runs50_mean_abs_0.05"),
    "clusterboot_opt_k4_sizes": (HERE, "clusterboot_opt_k4_sizes"),
    "prediction_strength_mean_abs_0.08": (HERE, "prediction_strength_mean_abs_0.08"),
    "prediction_strength_optimal_k_at_0.8": (HERE, "prediction_strength_optimal_k_at_0.8"),
    "nselectboot_instability_abs_0.02": (HERE, "nselectboot_instability_abs_0.02"),
    "nselectboot_kopt": (HERE, "nselectboot_kopt"),
    "chi2": (DESCRIPTORS, 'EXPECTED["chi2"]'),
    "age": (DESCRIPTORS, 'EXPECTED["age"]'),
    "regmix2_loglik_abs_0.5": (DESCRIPTORS, "regmix2_loglik_abs_0.5"),
    "lda_resub_acc": (TYPING, "lda_resub_acc"),
    "lda_loo_acc": (TYPING, "lda_loo_acc"),
    "ARI_book_vs_mixture": (LATENT, "ARI_book_vs_mixture"),
    "lca_loglik_abs_0.1": (LATENT, "lca_loglik_abs_0.1"),
    "lca_bic_abs_0.3": (LATENT, "lca_bic_abs_0.3"),
    "lca_rel_entropy_abs_0.005": (LATENT, "lca_rel_entropy_abs_0.005"),
    "lca4_shares_abs_0.01": (LATENT, "lca4_shares_abs_0.01"),
    "flexmix_loglik_abs_0.5": (LATENT, "flexmix_loglik_abs_0.5"),
    "flexmix_icl_abs_2": (LATENT, "flexmix_icl_abs_2"),
}


@pytest.mark.parametrize("key", sorted(COVERED))
def test_published_figure_is_checked_where_it_is_said_to_be(key):
    file, words = COVERED[key]
    assert words in (TESTS / file).read_text("utf-8"), f"{key}: {file} does not hold {words!r}"


@pytest.mark.shared
def test_every_published_figure_is_covered():
    path = MCDONALDS / "reference" / "EXPECTED_mcdonalds.json"
    if not path.is_file():
        pytest.skip("the published fast-food data are not here")
    content = json.loads(path.read_text("utf-8"))
    keys = {key for part in content.values() if isinstance(part, dict) for key in part}
    assert keys == set(COVERED)


@pytest.mark.shared
def test_copied_figures_are_the_published_ones(expected):
    """The numbers in mcdonalds.json are those of the expected results, to the last digit."""
    path = MCDONALDS / "reference" / "EXPECTED_mcdonalds.json"
    if not path.is_file():
        pytest.skip("the published fast-food data are not here")
    content = json.loads(path.read_text("utf-8"))
    for part, source in (("definitions", "deterministic_tol_1e-6"), ("stochastic", "stochastic")):
        copied = {key: value for key, value in expected[part].items() if key != "note"}
        assert copied == {key: content[source][key] for key in copied}
    copied = expected["optimum"]["kmeans_best_withinss_abs_0.5"]
    assert copied == content["optimum_tol"]["kmeans_best_withinss_abs_0.5"]
