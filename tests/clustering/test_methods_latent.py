"""Latent classes against poLCA, flexmix and StepMix, and what the estimates must keep."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from segmentation.clustering.kmeans import adjusted_rand
from segmentation.clustering.methods import fit_method, method_of
from segmentation.clustering.methods.em import Mixture, build_design, emission, run_em
from segmentation.clustering.methods.latent import _coded, _stored_answers, describe_fit
from segmentation.study import Choices

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "data" / "mcdonalds" / "reference"


@pytest.fixture(scope="module")
def latent() -> dict:
    return json.loads((ROOT / "tests" / "reference" / "mcdonalds_latent.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def fits(mcdonalds):
    return {k: fit_method("latent-class", mcdonalds, k, choices=Choices(random_state=1)) for k in range(2, 8)}


@pytest.fixture
def mixed() -> pd.DataFrame:
    """Three classes that differ in a yes-or-no answer, a name, a grade and two numbers; one value in ten is missing."""
    random = np.random.default_rng(5)
    truth = random.integers(0, 3, 400)
    values = pd.DataFrame(
        {
            "yes": (random.random(400) < np.array([0.9, 0.2, 0.5])[truth]).astype(float),
            "trade": np.array([random.choice(4, p=np.roll([0.7, 0.1, 0.1, 0.1], t)) for t in truth]).astype(float),
            "grade": np.clip(np.round(truth + random.normal(0, 0.6, 400)), 0, 2),
            "need": truth * 2.0 + random.normal(size=400),
            "use": (truth == 1) * 3.0 + random.normal(size=400),
        },
        index=[f"u{i}" for i in range(400)],
    )
    values = values.mask(random.random(values.shape) < 0.1)
    values.attrs["truth"] = truth
    return values


LEVELS = {"yes": "binary", "trade": "nominal", "grade": "ordinal", "need": "numeric", "use": "numeric"}


@pytest.mark.shared
def test_latent_class_on_the_published_case_reaches_polca(fits, latent):
    for k, expected in latent["lca_loglik_abs_0.1"].items():
        assert fits[int(k)].facts["loglik"] == pytest.approx(expected, abs=0.1)
        assert fits[int(k)].facts["bic"] == pytest.approx(latent["lca_bic_abs_0.3"][k], abs=0.3)
        assert fits[int(k)].facts["entropy"] == pytest.approx(latent["lca_rel_entropy_abs_0.005"][k], abs=0.005)
    shares = sorted(fits[4].model["shares"], reverse=True)
    assert shares == pytest.approx(latent["lca4_shares_abs_0.01"], abs=0.01)


@pytest.mark.shared
def test_latent_class_on_the_published_case_is_never_worse_than_flexmix(fits, latent):
    for k, fit in fits.items():
        assert fit.facts["loglik"] == pytest.approx(latent["flexmix_loglik_abs_0.5"][str(k)], abs=0.5)
        assert fit.facts["loglik"] > latent["flexmix_loglik_abs_0.5"][str(k)]
        # ICL depends on the memberships, which flexmix leaves earlier: never worse, and equal where the optimum is the same.
        assert fit.facts["icl"] < latent["flexmix_icl_abs_2"][str(k)] + 2
    for k in (2, 5, 7):
        assert fits[k].facts["icl"] == pytest.approx(latent["flexmix_icl_abs_2"][str(k)], abs=2)


@pytest.mark.shared
def test_icl_of_flexmix_parameters_is_flexmix_icl(mcdonalds, latent):
    stored = latent["mixture_k4_params"]
    yes = np.array(stored["chances"])
    chances = np.stack([1 - yes, yes], axis=2).reshape(4, -1)
    weights = np.ones(len(mcdonalds))
    design = build_design(mcdonalds[stored["items"]].to_numpy(), [[0.0, 1.0]] * 11, weights)
    shares, none = np.full(4, 0.25), np.zeros((1, 4, 0))
    for _ in range(500):  # shares are not in the file: those that are most likely with the chances there
        joint = emission(design, Mixture(shares[None], chances[None], none, none))[:, 0]
        found = np.exp(joint - joint.max(axis=1, keepdims=True))
        shares = (found / found.sum(axis=1, keepdims=True)).mean(axis=0)
    facts = describe_fit(joint, weights, 47)
    assert facts["icl"] == pytest.approx(latent["flexmix_icl_abs_2"]["4"], abs=0.1)
    assert facts["loglik"] == pytest.approx(latent["flexmix_loglik_abs_0.5"]["4"], abs=0.001)


@pytest.mark.shared
def test_latent_class_against_the_book_partition(fits, latent):
    book = pd.read_csv(REFERENCE / "kmeans_memberships_k2_8.csv")["X4"].to_numpy()
    found = adjusted_rand(pd.crosstab(book, fits[4].labels).to_numpy())
    assert found == pytest.approx(latent["ARI_book_vs_mixture"], abs=0.005)


@pytest.mark.shared
def test_latent_class_counts_how_often_the_best_was_reproduced(fits):
    for fit in fits.values():
        assert 1 <= fit.facts["hits"] <= fit.facts["starts"]
    assert fits[3].facts["hits"] >= 5


@pytest.mark.parametrize("method", ["latent-class", "latent-profile"])
def test_place_equals_stepmix_predict_proba_with_mixed_and_missing(method, mixed):
    from stepmix.stepmix import StepMix

    columns = ["grade", "need", "use", "yes"] if method == "latent-profile" else list(mixed.columns)
    levels = {name: LEVELS[name] for name in columns}
    fit = fit_method(method, mixed[columns], 3, choices=Choices(random_state=1, starts=10), levels=levels)
    answers = _stored_answers(fit.model)
    values = mixed[fit.model["variables"]].dropna(how="all").to_numpy()
    coded, blocks = _coded(values, answers)
    blocks = {
        name: {**b, "model": b["model"].replace("gaussian_diag_floor", "gaussian_diag")} for name, b in blocks.items()
    }
    other = StepMix(3, measurement=blocks, n_init=1, max_iter=1, progress_bar=0, verbose=0, abs_tol=1e9)
    with warnings.catch_warnings():  # one step is enough: it is given our parameters next
        warnings.simplefilter("ignore", ConvergenceWarning)
        other.fit(coded)
    parameters = other.get_parameters()
    parameters["weights"] = np.array(fit.model["shares"])
    for column, found in enumerate(answers):
        _put(parameters["measurement"], fit.model["columns"][column], answers, column, found)
    other.set_parameters(parameters)
    placed = method_of(method).place(fit.model, values)
    np.testing.assert_allclose(placed, other.predict_proba(coded), atol=1e-8)


def _put(measured, column, answers, position, found):
    """One column of our model into StepMix's parameters."""
    same = [j for j, other in enumerate(answers) if _kind(other) == _kind(found)]
    place, block = same.index(position), measured[_kind(found)]
    if found is None:
        block["means"][:, place], block["covariances"][:, place] = column["means"], column["variances"]
    elif len(found) == 2:
        block["pis"][:, place] = np.array(column["chances"])[:, 1]
    else:
        width = block["max_n_outcomes"]
        block["pis"][:, place * width : place * width + len(found)] = column["chances"]


def _kind(found):
    return "numbers" if found is None else "two" if len(found) == 2 else "several"


def test_latent_class_mixed_levels_with_missing_values_recovers_the_classes(mixed):
    fit = fit_method("latent-class", mixed, 3, choices=Choices(random_state=1, starts=20), levels=LEVELS)
    usable = (mixed.notna().sum(axis=1) >= 2).to_numpy()  # two of five: the share of base variables a unit must have
    assert len(fit.labels) == usable.sum() > 395 > mixed.notna().all(axis=1).sum()
    assert adjusted_rand(pd.crosstab(mixed.attrs["truth"][usable], fit.labels).to_numpy()) > 0.6
    assert fit.facts["parameters"] == 2 + 3 * (1 + 3 + 2 + 2 + 2)


def test_latent_class_weights_are_repeated_rows(mixed):
    weights = pd.Series(np.where(np.arange(400) % 3 == 0, 2.0, 1.0), index=mixed.index)
    plain = mixed.copy()
    plain.attrs = {}  # pandas compares notes when it puts tables together
    twice = pd.concat([plain, plain[weights == 2].rename(index=lambda name: f"{name}b")])
    choices = Choices(random_state=1, starts=10)
    weighted = fit_method("latent-class", mixed, 3, choices=choices, levels=LEVELS, weights=weights)
    repeated = fit_method("latent-class", twice, 3, choices=choices, levels=LEVELS)
    assert weighted.facts["loglik"] == pytest.approx(repeated.facts["loglik"], abs=1e-6)
    assert weighted.facts["bic"] == pytest.approx(repeated.facts["bic"], abs=1e-6)
    assert sorted(weighted.model["shares"]) == pytest.approx(sorted(repeated.model["shares"]), abs=1e-6)


def test_run_em_never_falls_and_more_starts_are_never_worse(mixed):
    values = mixed[["need", "use"]].to_numpy()
    design = build_design(values, [None, None], np.ones(400))
    guess = np.random.default_rng(1).dirichlet(np.ones(3), size=(400, 1))
    reached = [run_em(design, None, guesses=guess, iterations=steps)[1][0] for steps in (1, 5, 20, 100)]
    assert reached == sorted(reached)
    few = fit_method("latent-profile", mixed[["need", "use"]], 3, choices=Choices(random_state=1, starts=2))
    more = fit_method("latent-profile", mixed[["need", "use"]], 3, choices=Choices(random_state=1, starts=30))
    assert more.facts["loglik"] >= few.facts["loglik"] - 1e-6


def test_latent_profile_heap_of_equal_values_keeps_a_spread():
    random = np.random.default_rng(2)
    heap = pd.DataFrame(
        {"a": np.where(np.arange(200) < 100, 0.0, random.normal(3, 1, 200)), "b": random.normal(size=200)}
    )
    fit = fit_method("latent-profile", heap, 2, choices=Choices(random_state=1, starts=10))
    spread = heap["a"].var(ddof=0)
    assert min(min(column["variances"]) for column in fit.model["columns"]) >= 0.0099 * min(spread, 1.0)


def test_latent_class_place_unit_without_any_answer_is_nan(mixed):
    fit = fit_method("latent-class", mixed, 2, choices=Choices(random_state=1, starts=5), levels=LEVELS)
    empty = np.full((1, 5), np.nan)
    assert np.isnan(method_of("latent-class").place(fit.model, empty)).all()


def test_latent_class_place_unseen_answer_counts_as_missing(mixed):
    fit = fit_method("latent-class", mixed, 2, choices=Choices(random_state=1, starts=5), levels=LEVELS)
    row = mixed[fit.model["variables"]].dropna().iloc[[0]].to_numpy()
    place = fit.model["variables"].index("trade")
    unseen, missing = row.copy(), row.copy()
    unseen[0, place], missing[0, place] = 99.0, np.nan
    maker = method_of("latent-class")
    np.testing.assert_array_equal(maker.place(fit.model, unseen), maker.place(fit.model, missing))
