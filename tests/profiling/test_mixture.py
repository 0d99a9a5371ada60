from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import ParameterError
from segmentation.profiling.em import fit_classes
from segmentation.profiling.mixture import fit_mixture, fit_mixtures
from segmentation.profiling.mixture_words import describe_mixtures, tabulate_mixtures

BASE = ["a", "b", "c"]
VARIABLES = [{"name": name, "role": "base"} for name in BASE]
VARIABLES += [
    {"name": "value", "role": "outcome"},
    {"name": "trade", "level": "nominal"},
    {"name": "left", "level": "binary"},
]


@pytest.fixture
def two_kinds(make):
    """240 of one kind want more a, 160 of the other less of it; value is that plus noise."""
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.normal(size=(400, 3)), columns=BASE, index=[f"U{i}" for i in range(400)])
    first = np.arange(400) < 240
    values["value"] = np.where(first, 1 + 3 * values["a"], 5 - 3 * values["a"]) + rng.normal(size=400)
    values["trade"] = np.where(np.arange(400) % 3 == 0, "roofs", "pipes")
    values["left"] = (np.arange(400) % 2).astype(float)
    return values, first, make(VARIABLES, BASE)


def test_mixture_recovers_planted_lines(two_kinds):
    values, first, study = two_kinds
    found = fit_mixture(values, study, "value")
    assert found.classes == 2
    table = found.coefficients.set_index(["class", "variable"])
    for key, truth in {
        ("C1", ""): 1,
        ("C1", "a"): 3,
        ("C1", "b"): 0,
        ("C2", ""): 5,
        ("C2", "a"): -3,
        ("C2", "c"): 0,
    }.items():
        assert abs(table.loc[key, "estimate"] - truth) < 4 * table.loc[key, "se"]
    assert found.shares.tolist() == pytest.approx([0.6, 0.4], abs=0.05)
    assert found.sigma.tolist() == pytest.approx([1, 1], abs=0.15)
    assert ((found.probabilities["C1"] > 0.5) == first).mean() > 0.85
    assert found.comparison["bic"].idxmin() == 2


def test_mixture_one_class_is_ordinary_least_squares(two_kinds):
    import statsmodels.api as sm

    values, _, study = two_kinds
    found = fit_mixture(values, study, "value", classes=1)
    ols = sm.OLS(values["value"], sm.add_constant(values[BASE])).fit()
    assert found.coefficients["estimate"].to_numpy() == pytest.approx(ols.params.to_numpy())
    assert found.comparison.loc[1, "loglik"] == pytest.approx(ols.llf)
    unbiased = found.coefficients["se"].to_numpy() * np.sqrt(400 / 396)  # maximum likelihood divides by n
    assert unbiased == pytest.approx(ols.bse.to_numpy(), rel=1e-5)


def test_mixture_one_kind_is_said_to_be_one(two_kinds):
    values, _, study = two_kinds
    same = values.assign(value=values["a"] + np.random.default_rng(2).normal(size=400))
    found = fit_mixture(same, study, "value")
    assert found.classes == 1
    assert "no sign that drivers differ" in str(describe_mixtures([found], study))


def test_mixture_standard_errors_cover(make):
    rng = np.random.default_rng(3)
    study, inside = make(VARIABLES[:4], BASE), 0
    for _ in range(60):
        values = pd.DataFrame(rng.normal(size=(250, 3)), columns=BASE)
        values["value"] = np.where(rng.random(250) < 0.6, 3 * values["a"], 6 - 3 * values["a"]) + rng.normal(size=250)
        row = fit_mixture(values, study, "value", classes=2, starts=5).coefficients.query(
            "variable == 'a' and estimate > 0"
        )
        inside += bool(len(row)) and row["lower"].iloc[0] <= 3 <= row["upper"].iloc[0]
    assert inside >= 51  # P(fewer of 60 at 95 %) is below .001


def test_mixture_weights(two_kinds):
    values, _, study = two_kinds
    weighted = study.model_copy(update={"weight": "w", "variables": (*study.variables, study.variable("value").model_copy(
        update={"name": "w", "role": "weight"}))})  # fmt: skip
    equal = fit_mixture(values.assign(w=3.0), weighted, "value", classes=2)
    plain = fit_mixture(values, study, "value", classes=2)
    pd.testing.assert_frame_equal(equal.coefficients, plain.coefficients, check_exact=True)
    some = np.where(np.arange(400) < 240, 1.0, 2.0)
    heavy = fit_mixture(values.assign(w=some), weighted, "value", classes=2)
    assert heavy.shares.tolist() == pytest.approx([320 / 560, 240 / 560], abs=0.05)
    twice = pd.concat([values, values.iloc[240:].rename(index=lambda name: f"{name}b")])
    repeated = fit_mixture(twice, study, "value", classes=2)
    by_slope = [
        m.coefficients.pivot(index="class", columns="variable", values="estimate").sort_values("a")
        for m in (heavy, repeated)
    ]
    assert by_slope[0].to_numpy() == pytest.approx(by_slope[1].to_numpy(), abs=1e-3)


def test_mixture_names_become_columns_and_missing_units_are_counted(two_kinds):
    values, _, study = two_kinds
    some = values.assign(b=values["b"].where(np.arange(400) % 10 != 0))
    found = fit_mixture(some, study, "value", variables=["a", "b", "trade"], classes=2)
    assert (found.n, found.left_out) == (360, 40)
    assert ("trade", "roofs") in set(zip(found.coefficients["variable"], found.coefficients["level"], strict=True))
    text = str(describe_mixtures([found], study))
    assert "360 people with all 3 variables, 40 left out for missing one" in text
    table = tabulate_mixtures([found], study)
    assert list(table.frame.columns) == ["outcome", "variable", "class C1", "class C2", "n"]
    assert "trade: roofs" in set(table.frame["variable"])
    assert "p" not in table.frame.columns


@pytest.mark.parametrize(
    ("outcome", "options", "message"),
    [
        ("a", {}, "a formed the segments and cannot also be the outcome"),
        ("left", {}, "left is binary: .* a yes or no given once fits any mixture"),
        ("trade", {}, "trade is nominal"),
        ("valu", {}, r"no variable 'valu' in the study. Did you mean 'value'\?"),
        ("value", {"variables": ["a", "value"]}, "value is the outcome, so it cannot be among its own drivers"),
        ("value", {"variables": ["a", "a"]}, "one or more different names; got a, a"),
        ("value", {"variables": []}, "one or more different names; got none"),
        ("value", {"classes": 9}, "classes must be 1 to 8; got 9"),
        ("value", {"starts": 0}, "starts must be 1 or more; got 0"),
    ],
)
def test_mixture_wrong_requests_are_refused(two_kinds, outcome, options, message):
    values, _, study = two_kinds
    with pytest.raises(ParameterError, match=message):
        fit_mixture(values, study, outcome, **options)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v.iloc[:20], "20 people have the outcome and all variables, and at least 25 are needed"),
        (lambda v: v.assign(value=1.0), "all 400 people have the same value"),
        (lambda v: v.assign(b=2.0), "some variables are constant, or follow from others"),
        (lambda v: v.assign(value=np.nan), "0 people have the outcome"),
    ],
)
def test_mixture_not_enough_data_is_a_result(two_kinds, change, reason):
    values, _, study = two_kinds
    found = fit_mixture(change(values), study, "value")
    assert reason in found.reason
    words = describe_mixtures([found], study)
    assert isinstance(words, Callout)
    assert reason in words.text
    assert tabulate_mixtures([found], study).frame.empty


def test_mixtures_of_a_study_without_outcomes_are_absent(make):
    study = make(VARIABLES[:3], BASE)
    assert fit_mixtures(pd.DataFrame(columns=BASE), study) == ()
    assert describe_mixtures((), study).kind == "absent"


def test_mixture_that_closes_in_on_equal_values_is_not_called_one_kind(two_kinds):
    values, _, study = two_kinds
    zeros = values.assign(value=np.where(np.arange(400) % 2 == 0, 0.0, np.exp(3 + values["a"])))
    found = fit_mixture(zeros, study, "value")
    assert (found.classes, found.collapsed) == (1, (2,))
    text = str(describe_mixtures([found], study))
    assert "one class; with 2 classes every search closed in on a few nearly equal values" in text
    assert "no sign" not in text


def test_fit_classes_that_collapse_are_none():
    """Half of the outcomes lie exactly on a line: a class around it would have no spread."""
    x = np.linspace(-1, 1, 40)
    target = np.where(np.arange(40) % 2 == 0, 2 * x, np.random.default_rng(4).normal(0, 30, 40))
    design = np.column_stack([np.ones(40), x])
    assert fit_classes(design, target, np.ones(40), 2, starts=5, rng=np.random.default_rng(1)) is None
