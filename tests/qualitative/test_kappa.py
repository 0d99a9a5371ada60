"""Cohen's and Fleiss' kappa: published values, another implementation, and the interval."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels

from segmentation.errors import ParameterError
from segmentation.qualitative import build_coded_interviews, cohen_kappa, fleiss_kappa, measure_kappa, tabulate_kappa

from .conftest import MEMBERSHIP, write_tables

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "qualitative.json").read_text())


@pytest.mark.parametrize(("table", "value", "error"), REFERENCE["cohen"]["rows"])
def test_cohen_kappa_published_table_equals_published_value(table, value, error):
    found = cohen_kappa(table)
    assert found.value == pytest.approx(value, abs=5e-5)
    assert error is None or found.error == pytest.approx(error, abs=5e-5)


def test_fleiss_kappa_published_table_equals_published_value():
    case = REFERENCE["fleiss"]
    assert fleiss_kappa(case["counts"]).value == pytest.approx(case["expected"], abs=5e-6)
    assert fleiss_kappa(case["counts"], "uniform").value == pytest.approx(case["randolph"], abs=5e-6)


@pytest.mark.parametrize("seed", range(5))
def test_kappas_equal_another_implementation(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 30, (4, 4)) + np.diag(rng.integers(5, 40, 4))
    other = cohens_kappa(table)
    assert cohen_kappa(table).value == pytest.approx(other.kappa) and cohen_kappa(table).error == pytest.approx(
        other.std_kappa
    )
    counts = rng.multinomial(6, [0.5, 0.3, 0.2], size=40)
    assert fleiss_kappa(counts).value == pytest.approx(fleiss_of_statsmodels(counts))
    assert fleiss_kappa(counts, "uniform").value == pytest.approx(fleiss_of_statsmodels(counts, method="randolph"))


def test_kappa_limits_are_said():
    assert cohen_kappa([[5, 0], [0, 5]]).value == 1
    assert (cohen_kappa([[9, 0], [0, 0]]).reason, cohen_kappa([[0, 0], [0, 0]]).reason) == (
        "only one value occurs",
        "no unit was judged by both",
    )
    assert math.isnan(fleiss_kappa([[3, 0], [3, 0]]).value) and fleiss_kappa([]).units == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cohen_kappa([[1, 2, 3], [1, 2, 3]]), r"need a square table of counts; got shape \(2, 3\)"),
        (lambda: cohen_kappa([[1, -2], [1, 2]]), "need a square table of counts"),
        (lambda: fleiss_kappa([[1, 2], [1, 1]]), "the same number of judgements, at least 2; got 2 to 3"),
        (
            lambda: fleiss_kappa([[1, 2]], "margin"),
            "chance must be one of margins, uniform; got 'margin'. Did you mean 'margins'",
        ),
    ],
)
def test_kappa_wrong_input_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def test_measure_kappa_by_hand(coded):
    """Ann and Bob read P1 to P4 but for P2's second turn: seven participants' turns, all of people both read."""
    table = measure_kappa(coded, draws=200, random_state=1).table.set_index("code")
    turns = coded.turns[coded.turns["role"] == "participant"]
    assert table["n_units"].unique().tolist() == [len(turns)] == [9]
    # trips: both at P1/1, only ann at P2/2, nobody at the seven other turns
    assert table.at["trips", "kappa"] == pytest.approx(cohen_kappa([[7, 0], [1, 1]]).value)
    assert table.at["trips", "agreement"] == pytest.approx(8 / 9) and table.at["trips", "prevalence"] == pytest.approx(
        3 / 18
    )
    assert table.at["price", "kappa"] == 1
    assert table.at["unused", "reason"] == "nobody gave this code"


def test_measure_kappa_interval_resamples_people_whole(coded):
    """Draw by draw from the tables of the four people, reckoned here apart."""
    found = measure_kappa(coded, draws=200, random_state=3).table.set_index("code")
    by_person = np.array(
        [[[2, 0], [1, 0]], [[1, 0], [0, 1]], [[1, 0], [0, 1]], [[2, 0], [0, 0]]]
    )  # money: ann in rows, bob in columns
    draws = np.random.default_rng(3).multinomial(4, [0.25] * 4, size=200)
    values = [cohen_kappa(np.tensordot(draw, by_person, axes=1)).value for draw in draws]
    limits = np.nanquantile(values, [0.025, 0.975])
    assert found.loc["money", ["lower", "upper"]].tolist() == pytest.approx(limits)
    assert found.at["money", "kappa"] == pytest.approx(cohen_kappa(by_person.sum(axis=0)).value)


def test_measure_kappa_three_coders_have_three_pairs_and_fleiss(make):
    tables = write_tables()
    third = tables["codings"][tables["codings"]["coder"] == "ann"].assign(coder="cas")
    coded = build_coded_interviews(make(codings=pd.concat([tables["codings"], third], ignore_index=True)), MEMBERSHIP)
    table = measure_kappa(coded, draws=100, random_state=1).table
    assert table["coders"].unique().tolist() == ["ann and bob", "ann and cas", "bob and cas", "all coders"]
    same = table[(table["coders"] == "ann and cas") & table["kappa"].notna()]
    assert (same["kappa"] == 1).all()
    fleiss = table[(table["measure"] == "Fleiss") & (table["code"] == "trips")].iloc[0]
    assert fleiss["kappa"] == pytest.approx(fleiss_kappa([[0, 3], [1, 2]] + [[3, 0]] * 7).value)


def test_measure_kappa_coders_of_different_interviews_are_not_compared(make):
    tables = write_tables()
    codings = tables["codings"]
    apart = codings[(codings["coder"] == "ann") == codings["source_id"].isin(["P1", "P2"])]
    coded = build_coded_interviews(make(codings=apart.reset_index(drop=True)), MEMBERSHIP)
    table = measure_kappa(coded, draws=100, random_state=1).table
    assert (table["n_units"] == 0).all() and set(table["reason"]) == {"no turn was judged by all of them"}
    assert "not measurable" in tabulate_kappa(measure_kappa(coded, draws=100, random_state=1)).frame["Interval"].iloc[0]


def test_measure_kappa_bad_numbers_are_refused(coded):
    with pytest.raises(ParameterError, match="need at least 100 draws"):
        measure_kappa(coded, draws=10, random_state=1)
