"""The typing tool's arithmetic against published data: linear discriminants as R's MASS computes them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from segmentation.profiling.typing.forward import forward_path, leave_one_out
from segmentation.profiling.typing.lda import classification_functions, fit_moments, score

from ..conftest import PROJECT

pytestmark = pytest.mark.shared
PUBLISHED = json.loads((PROJECT / "tests/reference/mcdonalds_typing.json").read_text("utf-8"))
TOLERANCE = PUBLISHED["tolerance"]


@pytest.fixture
def case(mcdonalds):
    values, segment, study = mcdonalds
    items = [variable.name for variable in study.base]
    return values[items].to_numpy(float), segment.str[1:].astype(int).to_numpy() - 1, items


def test_score_of_the_people_learned_from_is_lda_resub_acc(case):
    values, labels, _ = case
    shown = score(fit_moments(values, labels), values, np.ones_like(values, bool))
    assert (shown.argmax(axis=1) == labels).mean() == pytest.approx(PUBLISHED["lda_resub_acc"], abs=TOLERANCE)


def test_leave_one_out_is_lda_loo_acc_with_the_same_confusion(case):
    values, labels, _ = case
    named = leave_one_out(values, labels).argmax(axis=1)
    assert (named == labels).mean() == pytest.approx(PUBLISHED["lda_loo_acc"], abs=TOLERANCE)
    assert pd.crosstab(labels, named).to_numpy().tolist() == PUBLISHED["loo_confusion"]["counts"]


def test_classification_functions_are_those_of_mass(case, reference):
    values, labels, items = case
    wanted = reference("lda_classification_functions.csv").set_index("segment")[["const", *items]].to_numpy()
    assert np.abs(classification_functions(fit_moments(values, labels)) - wanted).max() < 1e-9


def test_forward_path_takes_the_published_questions_in_order(case):
    values, labels, items = case
    path = forward_path(values, labels, [[column] for column in range(len(items))], len(items))
    assert [items[position] for position in path.order] == PUBLISHED["forward"]["order"]
    assert path.accuracy == pytest.approx(PUBLISHED["forward"]["accuracy"], abs=TOLERANCE)


def test_reference_file_is_the_published_one(reference):
    table = reference("typing_tool_forward_lda_loo.csv")
    assert table["added"].tolist() == PUBLISHED["forward"]["order"]
    assert table["loo_acc"].tolist() == pytest.approx(PUBLISHED["forward"]["accuracy"], abs=1e-12)


def test_leave_one_out_equals_learning_again_without_the_person(case):
    values, labels, _ = case
    everybody = fit_moments(values, labels)
    shown = leave_one_out(values, labels)
    for person in range(0, len(values), 121):
        rest = fit_moments(np.delete(values, person, 0), np.delete(labels, person))
        again = score(
            type(rest)(everybody.priors, rest.means, rest.within, rest.sizes), values[[person]], np.ones((1, 11), bool)
        )
        assert shown[person] == pytest.approx(again[0], abs=1e-9)
