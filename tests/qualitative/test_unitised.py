"""Alpha of spans: reference values, limits, invariances."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.qualitative import measure_spans, unitised_alpha

A = [(10, 30, "x"), (50, 60, "y")]
B = [(12, 30, "x"), (50, 65, "y")]
D = [(10, 30, "x"), (50, 60, "x")]


@pytest.mark.parametrize(
    ("one", "other", "u", "binary", "cu"),
    [(A, B, 0.8582, 0.8426, 1.0), (A, D, 0.7817, 1.0, None), (A, [], -0.113, None, None), (A, A, 1.0, 1.0, 1.0)],
)
def test_unitised_alpha_reference_values(one, other, u, binary, cu):
    found = unitised_alpha(100, [one, other])
    assert found.u == pytest.approx(u, abs=5e-4)
    assert binary is None or found.binary == pytest.approx(binary, abs=5e-4)
    assert cu is None or found.cu == pytest.approx(cu, abs=5e-4)


def test_unitised_alpha_nobody_marked_anything_is_undefined():
    assert all(math.isnan(value) for value in vars(unitised_alpha(50, [[], []])).values())


@given(st.lists(st.integers(0, 200), min_size=4, max_size=8, unique=True))
def test_unitised_alpha_order_of_coders_and_names_do_not_matter(cuts):
    points = sorted(cuts)
    one = [(points[0], points[1], "x"), (points[2], points[3], "y")]
    other = [(a, b + (1 if b < 200 else 0), c) for a, b, c in one[:1]]
    found, turned = unitised_alpha(201, [one, other]), unitised_alpha(201, [other, one])
    renamed = unitised_alpha(201, [[(a, b, {"x": "q", "y": "p"}[c]) for a, b, c in coder] for coder in (one, other)])
    assert found.u == pytest.approx(turned.u) and found.u == pytest.approx(renamed.u)
    assert found.u <= 1 + 1e-12


def test_measure_spans_same_passages_agree_more_than_half_passages(coded):
    spans = measure_spans(coded).set_index("code")
    assert spans.loc["price", "u"] == pytest.approx(1.0)  # the same words twice; the interviewer's are no text
    assert spans.loc["trips", "u"] < spans.loc["price", "u"]
    assert spans["length"].nunique() == 1
