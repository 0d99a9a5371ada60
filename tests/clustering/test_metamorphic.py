"""Changes to the input that must not change what is claimed: order, names, units of measurement, and how weights are written down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.clustering import (
    Comparison,
    assess_structure,
    assign_segments,
    compare_solutions,
    describe_comparison,
    describe_verdict,
    fit_segments,
    measure_structure,
    search_kmeans,
)
from segmentation.clustering.agreement import compare_partitions
from segmentation.features import fit_encoder, unit_weights
from segmentation.profiling import profile_segments
from segmentation.profiling import test_descriptors as compare_descriptors
from segmentation.study import Study

BASE = ["spend", "visits", "need", "age"]
COUNTS = range(2, 5)
CHOICES = {"starts": 10, "pairs": 10, "references": 39, "draws": 200}


@dataclass(frozen=True)
class Claims:
    """Everything a report says about who is in which segment and what marks it."""

    comparison: Comparison
    label: str
    p: float
    membership: pd.DataFrame
    profile: pd.DataFrame
    tests: pd.DataFrame
    words: str


def make_study(base=BASE, weight=False):
    variables = [{"name": name, "role": "base"} for name in BASE]
    variables += [{"name": "trade", "level": "nominal"}, {"name": "score"}, {"name": "noise"}]
    variables += [{"name": "weight", "role": "weight"}] if weight else []
    content = {
        "study": "metamorphic",
        "unit": "unit",
        "sources": {"a": {"path": "a.csv", "format": "table"}},
        "variables": [{"from": "a", "kind": "need", **variable} for variable in variables],
        "segmentations": {"one": {"base": list(base)}},
        "choices": CHOICES,
    }
    return Study.model_validate({**content, **({"weight": "weight"} if weight else {})})


def make_values(segments=3, n=150, seed=7):
    """Segments 4 standard deviations apart in four base variables (one segment: a single population), with descriptors."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(n) % segments)
    apart = np.eye(max(segments, 1), 4) * 4.5 if segments > 1 else np.zeros((1, 4))
    base = apart[truth] + random.standard_normal((n, 4)) + (0 if segments > 1 else random.standard_normal((n, 1)))
    values = pd.DataFrame(base * [30, 2, 1, 9] + [500, 12, 3, 40], columns=BASE)
    values["trade"] = np.where(random.random(n) < 0.35 + 0.5 * (truth == 0), "roofs", "pipes")
    values["score"] = truth + random.standard_normal(n)
    values["noise"] = random.standard_normal(n)
    return values.set_axis(pd.Index([f"U{i:03d}" for i in range(n)], name="unit"), axis=0)


def claim(values, study):
    """The line from features to descriptors."""
    choices, weights = study.choices, unit_weights(values, study)
    encoder = fit_encoder(values, study.base)
    encoded = encoder.encode(values)
    comparison = compare_solutions(encoded, COUNTS, choices=choices, weights=weights)
    verdict = assess_structure(encoded, segments=COUNTS, choices=choices, comparison=comparison)
    k = comparison.recommended
    solution = fit_segments(encoded, k, choices=choices, weights=weights, search=comparison.searches[k])
    membership = assign_segments(solution, encoded)
    profile = profile_segments(values, membership, study)
    tests = compare_descriptors(values, membership, study)
    words = f"{describe_verdict(verdict)[0].title} {describe_comparison(comparison).paragraphs[0]}"
    return Claims(comparison, verdict.label, verdict.p, membership, profile, tests, words)


def assert_same(first, second, *, names=None, exact=False):
    """Same verdict, number, people, markers and findings; ``names`` maps units of the first to those of the second."""
    assert (first.label, first.comparison.recommended) == (second.label, second.comparison.recommended)
    was = first.membership["segment"].rename(index=names) if names else first.membership["segment"]
    assert (was == second.membership["segment"].reindex(was.index)).all()
    rows = [c.profile.set_index(["variable", "level", "segment"]).sort_index() for c in (first, second)]
    assert (rows[0]["marker"] == rows[1]["marker"]).all()
    tests = [c.tests.set_index("variable").sort_index() for c in (first, second)]
    assert ((tests[0]["q"] <= 0.05) == (tests[1]["q"] <= 0.05)).all()
    if exact:
        for name in ("estimate", "total"):
            np.testing.assert_allclose(rows[0][name].astype(float), rows[1][name].astype(float), rtol=1e-9)
        np.testing.assert_allclose(tests[0]["effect"], tests[1]["effect"], rtol=1e-7, atol=1e-9)


@pytest.fixture(scope="module")
def planted_values():
    return make_values()


@pytest.fixture(scope="module")
def planted_claims(planted_values):
    found = claim(planted_values, make_study())
    assert (found.label, found.comparison.recommended) == ("natural", 3)
    return found


@pytest.fixture(scope="module")
def null_values():
    return make_values(segments=1, seed=9)


@pytest.fixture(scope="module")
def null_claims(null_values):
    found = claim(null_values, make_study())
    assert found.label != "natural"
    return found


@pytest.mark.parametrize("world", ["planted", "null"])
def test_order_of_units_does_not_matter(world, request):
    values, claims = request.getfixturevalue(f"{world}_values"), request.getfixturevalue(f"{world}_claims")
    other = claim(values.sample(frac=1, random_state=3), make_study())
    assert_same(claims, other, exact=True)
    assert claims.p == other.p
    assert claims.words == other.words


@pytest.mark.parametrize("world", ["planted", "null"])
def test_order_of_columns_does_not_matter(world, request):
    values, claims = request.getfixturevalue(f"{world}_values"), request.getfixturevalue(f"{world}_claims")
    other = claim(values[values.columns[::-1]], make_study(base=BASE[::-1]))
    assert_same(claims, other, exact=True)


def test_names_of_units_do_not_matter(planted_values, planted_claims):
    names = {unit: f"X{999 - place}" for place, unit in enumerate(planted_values.index)}
    other = claim(planted_values.rename(index=names), make_study())
    assert_same(planted_claims, other, names=names, exact=True)
    assert planted_claims.words == other.words


@pytest.mark.parametrize("world", ["planted", "null"])
def test_units_of_measurement_do_not_matter(world, request):
    """Euros or cents, years or decades, degrees from another zero."""
    values, claims = request.getfixturevalue(f"{world}_values"), request.getfixturevalue(f"{world}_claims")
    other = claim(
        values.assign(spend=values["spend"] * 100, age=values["age"] / 10, need=values["need"] - 273), make_study()
    )
    assert_same(claims, other)
    assert claims.p == other.p
    old, new = (c.tests.set_index("variable")["effect"] for c in (claims, other))
    np.testing.assert_allclose(old, new, atol=1e-9)


def test_a_base_variable_turned_round_keeps_the_partition(planted_values, planted_claims):
    other = claim(planted_values.assign(need=-planted_values["need"]), make_study())
    assert (other.label, other.comparison.recommended) == (planted_claims.label, planted_claims.comparison.recommended)
    assert (other.membership["segment"] == planted_claims.membership["segment"]).all()


@pytest.mark.parametrize("weight", [1.0, 10.0, 0.3])
def test_equal_weights_are_no_weights(planted_values, planted_claims, weight):
    other = claim(planted_values.assign(weight=weight), make_study(weight=True))
    assert_same(planted_claims, other, exact=True)
    assert planted_claims.p == other.p
    pd.testing.assert_frame_equal(planted_claims.membership, other.membership, check_exact=True)
    pd.testing.assert_frame_equal(planted_claims.comparison.table, other.comparison.table, check_exact=True)


def test_weights_ten_times_as_large_claim_the_same(planted_values):
    weights = np.random.default_rng(4).uniform(0.5, 2.0, len(planted_values))
    first, second = (claim(planted_values.assign(weight=w), make_study(weight=True)) for w in (weights, 10 * weights))
    assert_same(first, second, exact=True)


def test_units_given_twice_are_units_of_weight_two(planted_values):
    """The partition, its centres and all estimates; intervals are of the number of people, and may differ."""
    study, heavy = make_study(weight=True), np.arange(len(planted_values)) % 3 == 0
    weighted = planted_values.assign(weight=np.where(heavy, 2.0, 1.0))
    again = planted_values[heavy].rename(index=lambda unit: f"{unit} again")
    doubled = pd.concat([planted_values, again]).rename_axis("unit").assign(weight=1.0)
    encoder = fit_encoder(planted_values, study.base)
    found = []
    for values in (weighted, doubled):
        encoded, weights = encoder.encode(values), unit_weights(values, study)
        solution = fit_segments(encoded, 3, choices=study.choices, weights=weights)
        membership = assign_segments(solution, encoded)
        found.append((solution, membership, profile_segments(values, membership, study)))
    (one, placed, profile), (two, placed_twice, profile_twice) = found
    np.testing.assert_allclose(one.centres, two.centres, atol=1e-9)
    assert (placed["segment"] == placed_twice["segment"].reindex(placed.index)).all()
    old, new = (table["estimate"].to_numpy(float) for table in (profile, profile_twice))
    shown = ~np.isnan(old)  # a cell withheld for few people may be shown once they count twice, never the other way
    np.testing.assert_allclose(new[shown], old[shown], rtol=1e-9)
    assert shown.mean() > 0.8


def test_structure_test_of_ties_only_looks_at_order(null_values):
    """Any growing transform leaves the joint test as it is: it sees ranks."""
    encoded = fit_encoder(null_values, make_study().base).encode(null_values)
    first, second = (
        measure_structure(table, COUNTS, references=39, random_state=1) for table in (encoded, np.exp(encoded / 4))
    )
    assert first.p_joint == second.p_joint


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    k=st.integers(2, 4),
    scale=st.floats(0.01, 100),
    shift=st.floats(-50, 50),
    heavier=st.floats(0.1, 20),
)
def test_search_moves_with_the_data(seed, k, scale, shift, heavier):
    """Scaled by one factor, moved, shuffled or weighed alike, the best partition is the same and its spread scales."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((40, 3)) + 3 * np.eye(4, 3)[np.arange(40) % 4]
    plain = search_kmeans(values, k, starts=10, random_state=1)
    order = random.permutation(40)
    other = search_kmeans(values[order] * scale + shift, k, starts=10, random_state=1)
    weighed = search_kmeans(values, k, starts=10, random_state=1, weights=np.full(40, heavier))
    assert other.within_ss == pytest.approx(plain.within_ss * scale**2, rel=1e-6)
    assert weighed.within_ss == pytest.approx(plain.within_ss * heavier, rel=1e-9)
    same = compare_partitions(pd.Series(plain.labels[order]), pd.Series(other.labels), choices=make_study().choices)
    assert same.value == pytest.approx(1.0)
    assert (plain.labels == weighed.labels).all()
