"""The published case: descriptors, mosaic residuals, target plot and regression mixture of the McDonald's data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentation.profiling import profile_segments
from segmentation.profiling import test_descriptors as compare_descriptors
from segmentation.profiling.mixture import fit_mixture
from segmentation.profiling.mixture_words import describe_mixtures

from .conftest import MCDONALDS, make_study

pytestmark = pytest.mark.shared
EXPECTED = json.loads((Path(__file__).parents[1] / "reference" / "mcdonalds_descriptors.json").read_text("utf-8"))
VISITS = ["Never", "Once a year", "Every three months", "Once a month", "Once a week", "More than once a week"]
NAMES = {"Like": "like", "Gender": "gender", "VisitFrequency": "visit"}


@pytest.fixture(scope="module")
def case():
    """The 1,453 people with all variables as numbers too, the book's four segments, and the study."""
    if not MCDONALDS.exists():
        pytest.skip("the McDonald's data of the shared folder are not here")
    raw = pd.read_csv(MCDONALDS / "mcdonalds.csv")
    items = list(raw.columns[:11])
    values = (raw[items] == "Yes").astype(float)
    values = values.assign(
        like=raw["Like"].astype("str"),
        visit=raw["VisitFrequency"],
        gender=raw["Gender"],
        age=raw["Age"].astype(float),
        liking=raw["Like"].astype("str").str.extract(r"([+-]?\d+)$")[0].astype(float),
        visits=raw["VisitFrequency"].map({name: place for place, name in enumerate(VISITS, start=1)}).astype(float),
        female=(raw["Gender"] == "Female").astype(float),
    )
    values = values.set_axis(pd.Index([f"R{i}" for i in range(len(raw))], name="unit"), axis=0)
    labels = pd.read_csv(MCDONALDS / "reference" / "kmeans_memberships_k2_8.csv")["X4"]
    segment = pd.Series([f"S{label}" for label in labels], index=values.index, name="segment")
    variables = [{"name": name, "role": "base", "level": "binary"} for name in items]
    variables += [{"name": name, "level": "nominal"} for name in ("like", "visit", "gender")]
    variables += [{"name": name} for name in ("age", "liking", "visits")] + [{"name": "female", "level": "binary"}]
    return values, segment, make_study(variables, items, draws=100, min_cell=3)


@pytest.fixture(scope="module")
def tests(case):
    return compare_descriptors(*case, variables=["like", "gender", "visit", "age"]).set_index("variable")


@pytest.mark.parametrize("name", ["Like", "Gender", "VisitFrequency"])
def test_chi2_of_descriptors(tests, name):
    found, expected = tests.loc[NAMES[name]], EXPECTED["chi2"][name]
    assert found["statistic"] == pytest.approx(expected["stat"], abs=1e-6)
    assert found["df"] == expected["df"]
    assert found["p"] == pytest.approx(expected["p"], rel=1e-6)
    assert found["q"] < 0.05


def test_age_kruskal_H_means_and_medians(case, tests):
    values, segment, study = case
    expected = EXPECTED["age"]
    assert tests.loc["age", "statistic"] == pytest.approx(expected["kruskal_H"], abs=1e-6)
    assert tests.loc["age", "p"] == pytest.approx(expected["kruskal_p"], rel=1e-6)
    profile = profile_segments(values, segment, study).query("variable == 'age'")
    assert profile["estimate"].to_numpy(float) == pytest.approx(expected["mean"], abs=1e-6)
    assert values["age"].groupby(segment).median().tolist() == expected["median"]


def test_age_analysis_of_variance_aov_F_and_aov_p(case):
    """The suite reports Kruskal and Wallis's test, which needs no normal ages; the published F shows that the data are the same."""
    values, segment, _ = case
    found = stats.f_oneway(*(part for _, part in values["age"].groupby(segment)))
    assert found.statistic == pytest.approx(EXPECTED["age"]["aov_F"], abs=1e-6)
    assert found.pvalue == pytest.approx(EXPECTED["age"]["aov_p"], rel=1e-6)


@pytest.mark.parametrize("name", ["Like", "Gender", "VisitFrequency"])
def test_mosaic_counts_and_residuals_follow_from_the_profile(case, name):
    values, segment, study = case
    variable = NAMES[name]
    profile = profile_segments(values, segment, study).query("variable == @variable").set_index(["segment", "level"])
    for key, (n, residual) in EXPECTED["mosaic"][name].items():
        place, level = key.split("|")
        level = level.lstrip("+")  # the file has 4 where R's labels have +4
        counted = (values.loc[segment == f"S{place}", variable] == level).sum()
        assert counted == n
        row = profile.loc[(f"S{place}", level)]
        if row["withheld"]:  # fewer than three people: not published, here as anywhere
            continue
        assert row["n"] == n
        expected = row["base"] * row["total"]
        assert (n - expected) / np.sqrt(expected) == pytest.approx(residual, abs=1e-6)


def test_segment_evaluation_of_the_target_plot(case):
    values, segment, study = case
    profile = profile_segments(values, segment, study).set_index(["segment", "variable"])["estimate"]
    for row in EXPECTED["segment_evaluation"]:
        found = [profile[(f"S{row['segment']}", name)] for name in ("visits", "liking", "female")]
        assert found == pytest.approx([row["visit"], row["like"], row["female"]], abs=1e-6)


def test_marker_count_by_segment(case):
    values, segment, study = case
    profile = profile_segments(values, segment, study).query("role == 'base'")
    assert profile.groupby("segment")["marker"].sum().tolist() == EXPECTED["marker_count_by_segment"]


@pytest.fixture(scope="module")
def mixture(case):
    values, _, study = case
    return fit_mixture(values, study, "liking", classes=2)


def test_regression_mixture_regmix2_loglik_abs_0_5(mixture):
    """The key ``regmix2_loglik_abs_0.5``: log-likelihood, df and priors. Ours is the maximum itself, a little above flexmix's."""
    expected = EXPECTED["regmix2_loglik_abs_0.5"]
    row = mixture.comparison.loc[2]
    assert row["loglik"] == pytest.approx(expected["logLik"], abs=0.5)
    assert row["loglik"] >= expected["logLik"] - 1e-6
    assert row["df"] == expected["df"]
    assert sorted(mixture.shares) == pytest.approx(sorted(expected["prior"]), abs=0.01)
    assert sorted(mixture.sizes) == pytest.approx(sorted(expected["sizes"]), abs=40)  # flexmix divides sigma by n - p
    assert row["hits"] >= 2


def test_regression_mixture_published_parameters_give_the_published_sizes(case):
    """With flexmix's own parameters the same likelihood has its log-likelihood and sizes to the last person."""
    values, _, study = case
    expected = EXPECTED["regmix2_loglik_abs_0.5"]
    design = np.column_stack([np.ones(len(values)), values[list(study.segmentation.base)]])
    given = np.array([EXPECTED["regmix2_params"][name] for name in ("Comp.1", "Comp.2")])
    off = (values["liking"].to_numpy()[:, None] - design @ given[:, :-1].T) / given[:, -1]
    log = np.log(expected["prior"]) - np.log(given[:, -1]) - 0.5 * np.log(2 * np.pi) - 0.5 * off**2
    assert np.log(np.exp(log).sum(axis=1)).sum() == pytest.approx(expected["logLik"], abs=1e-3)
    assert np.bincount(log.argmax(axis=1)).tolist() == expected["sizes"]


@pytest.mark.parametrize("component", ["1", "2"])
def test_regression_mixture_coefficients_and_errors_are_those_of_refit(mixture, component):
    """flexmix's component 1 is the smaller class."""
    own = mixture.coefficients[mixture.coefficients["class"] == ("C2" if component == "1" else "C1")].set_index(
        "variable"
    )
    for name, value in EXPECTED["regmix2_refit"][component].items():
        if name == "note":
            continue
        row = own.loc["" if name == "(Intercept)" else name]
        assert row["estimate"] == pytest.approx(value[0], abs=0.05)
        assert row["estimate"] * value[0] > 0
        assert row["se"] == pytest.approx(value[1], rel=0.05)


def test_regression_mixture_in_words(mixture, case):
    text = str(describe_mixtures([mixture], case[2]))
    assert "n = 1,453 people with all 11 variables" in text
    assert "class C2 (36% of everybody): tasty +5.51" in text


def test_regression_mixture_bic_chooses_two_classes(case):
    values, _, study = case
    assert fit_mixture(values, study, "liking").classes == 2
