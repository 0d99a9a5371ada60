"""What bad input gets: a message that names it and the way out, or a result that says what it did. Never a silent number."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    assess_structure,
    assign_segments,
    compare_solutions,
    describe_membership,
    describe_verdict,
    fit_segments,
    measure_structure,
    search_kmeans,
)
from segmentation.errors import DataContractError, ParameterError, StudyError
from segmentation.features import describe_weights, fit_encoder, unit_weights
from segmentation.study import Choices, Study, load_study

QUICK = Choices(starts=5, pairs=10, references=39)
FILE = """\
study: tiny
unit: account_id
sources:
  accounts: {path: accounts.csv, format: table}
variables:
  - {name: spend, from: accounts, kind: behavioural, role: base}
  - {name: visits, from: accounts, kind: behavioural, role: base}
  - {name: trade, from: accounts, kind: firmographic, level: nominal}
  - {name: left, from: accounts, kind: behavioural, role: outcome, level: binary}
  - {name: stands_for, from: accounts, kind: demographic, role: weight}
weight: stands_for
segmentations:
  use: {base: [spend, visits], segments: [2, 4]}
"""


def write(folder, old="", new=""):
    assert old in FILE
    (folder / "accounts.csv").write_text("account_id,spend\n1,2\n")
    (folder / "study.yaml").write_text(FILE.replace(old, new) if old else FILE)
    return folder / "study.yaml"


@pytest.fixture
def study(tmp_path) -> Study:
    return load_study(write(tmp_path))


def table(n=40, columns=("a", "b"), seed=1):
    random = np.random.default_rng(seed)
    names = [f"U{i:02d}" for i in range(n)]
    return pd.DataFrame(random.standard_normal((n, len(columns))), index=names, columns=list(columns))


ENTRIES = {
    "search": lambda encoded: search_kmeans(encoded.to_numpy(float), 2, random_state=1),
    "structure": lambda encoded: measure_structure(encoded, [2], references=19, random_state=1),
    "compare": lambda encoded: compare_solutions(encoded, [2], choices=QUICK),
    "fit": lambda encoded: fit_segments(encoded, 2, choices=QUICK),
    "verdict": lambda encoded: assess_structure(encoded, segments=[2], choices=QUICK),
}
TABLES = [name for name in ENTRIES if name != "search"]


@pytest.mark.parametrize("entry", TABLES)
def test_constant_column_is_named_and_told_to_be_taken_out(entry):
    with pytest.raises(
        DataContractError, match=r"column 'b': constant over the 40 complete rows; got 3\.0.*Take it out of the base"
    ):
        ENTRIES[entry](table().assign(b=3.0))


@pytest.mark.parametrize("entry", TABLES)
def test_column_given_twice_is_named(entry):
    twice = pd.concat([table(), table(columns=("b",))], axis=1)
    with pytest.raises(DataContractError, match=r"column 'b': column stands twice\. Name each base variable once"):
        ENTRIES[entry](twice)


@pytest.mark.parametrize("entry", TABLES)
def test_unit_given_twice_is_named(entry):
    encoded = table()
    with pytest.raises(DataContractError, match=r"1 units stand twice; got 'U00'\. One row a unit"):
        ENTRIES[entry](encoded.set_axis([*encoded.index[:39], "U00"], axis=0))


@pytest.mark.parametrize("entry", ENTRIES)
def test_infinities_are_counted_and_placed(entry):
    encoded = table()
    encoded.iloc[4, 1] = np.inf
    with pytest.raises(
        (DataContractError, ParameterError), match=r"1 infinite values|1 of 40 rows are not \(first: row 4\)"
    ):
        ENTRIES[entry](encoded)


def test_infinities_in_natural_units_name_the_variable():
    with pytest.raises(ParameterError, match="base variable 'a' has 2 infinite values"):
        fit_encoder(pd.DataFrame({"a": [1.0, np.inf, -np.inf, 2.0]}), ["a"])


@pytest.mark.parametrize("entry", [name for name in TABLES if name != "structure"])
def test_everybody_lacks_something_says_what(entry):
    encoded = table()
    encoded.iloc[:30, 0], encoded.iloc[30:, 1] = np.nan, np.nan
    with pytest.raises(
        ParameterError,
        match=r"none of the 40 units has every base variable; missing values by variable: a \(30\), b \(10\)",
    ):
        ENTRIES[entry](encoded)


def test_units_without_any_value_are_left_out_and_counted():
    encoded = pd.concat([table(), pd.DataFrame(np.nan, index=["X", "Y"], columns=["a", "b"])])
    comparison = compare_solutions(encoded, [2], choices=QUICK)
    assert (comparison.n, comparison.units) == (40, 42)
    membership = assign_segments(fit_segments(encoded, 2, choices=QUICK), encoded)
    assert membership.loc[["X", "Y"], "segment"].isna().all()
    assert membership.loc["X", "basis"] == "unplaced"
    assert "2 (5%) are in none, because too few base variables are known." in str(describe_membership(membership))


@pytest.mark.parametrize("entry", ["compare", "fit", "structure"])
def test_fewer_different_rows_than_segments_names_both_numbers(entry):
    rows = pd.DataFrame(np.tile([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], (20, 1)), columns=["a", "b"])
    calls = {
        "compare": lambda: compare_solutions(rows, [4], choices=QUICK),
        "fit": lambda: fit_segments(rows, 4, choices=QUICK),
        "structure": lambda: measure_structure(rows, [4], references=19, random_state=1),
    }
    with pytest.raises(
        ParameterError, match="4 segments need at least 4 different units; there are 3 different rows among 60"
    ):
        calls[entry]()


def test_as_many_segments_as_different_rows_is_a_result():
    rows = pd.DataFrame(np.tile([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], (20, 1)), columns=["a", "b"])
    found = fit_segments(rows, 3, choices=QUICK)
    assert found.search["within_ss"] == 0.0
    assert found.sizes.tolist() == [20, 20, 20]


def test_three_rows_are_divided_and_the_verdict_says_not_enough():
    encoded = pd.DataFrame({"a": [0.0, 0.1, 5.0], "b": [1.0, 1.1, -4.0]}, index=list("xyz"))
    membership = assign_segments(fit_segments(encoded, 2, choices=QUICK), encoded)
    assert membership["segment"].tolist() == ["S1", "S1", "S2"]
    verdict = assess_structure(encoded, segments=[2], choices=QUICK)
    callout, _ = describe_verdict(verdict)
    assert callout.title == "Not enough data to tell whether there are segments."
    assert "3 units have every base variable; the test for segments needs at least 30 with 2 variables" in callout.text


def test_two_units_need_no_more_segments_than_they_are():
    encoded = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]})
    with pytest.raises(ParameterError, match="3 segments need at least 3 different units; there are 2"):
        fit_segments(encoded, 3, choices=QUICK)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("base: [spend, visits]", "base: [spend, trade]",
         r"line 13.*kmeans cannot take a nominal variable: distances between names mean nothing; got 'trade'.*latent-class.*medoids"),
        ("base: [spend, visits]", "base: [spend, left]",
         r"line 13.*its role is outcome; got 'left'\. Segments formed on the outcome cannot be held against it"),
        ("base: [spend, visits]", "method: tree, outcome: visits, base: [spend, visits]",
         r"line 13.*base variable is also the outcome; got 'visits'\. Take it out of the base"),
        ("base: [spend, visits]", "base: [spend, stands_for]", r"its role is weight; got 'stands_for'"),
        ("base: [spend, visits]", "base: [spend, spend]", r"base variable stands twice; got 'spend'"),
        ("weight: stands_for", "weight: stand_for", r"no such variable; got 'stand_for'; allowed: stands_for. Did"),
        ("weight: stands_for", "weight: spend", r"its role is base; got 'spend'"),
    ],
)  # fmt: skip
def test_study_that_cannot_be_segmented_is_refused_at_its_line(tmp_path, old, new, match):
    with pytest.raises(StudyError, match=match):
        load_study(write(tmp_path, old, new))


def test_names_given_to_k_means_are_refused_with_the_methods_that_take_them():
    with pytest.raises(ParameterError, match=r"b \(nominal\).*methods that take them: "):
        fit_segments(table(), 2, choices=QUICK, levels={"a": "numeric", "b": "nominal"})


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (
            [1.0, -2.0, 1.0],
            r"row U1, column 'stands_for': 1 weights are negative or infinite; got -2\.0; allowed: 0 or more\. Correct",
        ),
        ([1.0, np.inf, -1.0], r"2 weights are negative or infinite"),
        ([0.0, 0.0, 0.0], r"the weights sum to zero.*Take weight: out of the study file, or correct"),
        ([0.0, np.nan, 0.0], r"the weights sum to zero"),
    ],
)
def test_weights_that_cannot_be_are_refused(study, weights, match):
    features = pd.DataFrame({"stands_for": weights}, index=["U0", "U1", "U2"])
    with pytest.raises(DataContractError, match=match):
        unit_weights(features, study)


@pytest.mark.parametrize("weights", [[-1.0] + [1.0] * 39, [np.inf] + [1.0] * 39])
def test_weights_given_past_the_study_are_refused_too(weights):
    encoded = table()
    series = pd.Series(weights, index=encoded.index)
    with pytest.raises(ParameterError, match="weights must be finite"):
        fit_segments(encoded, 2, choices=QUICK, weights=series)
    with pytest.raises(ParameterError, match="weights must be finite"):
        compare_solutions(encoded, [2], choices=QUICK, weights=series)


def test_one_respondent_with_two_fifths_of_the_weight_is_said_first(study):
    features = pd.DataFrame({"stands_for": [40.0] + [1.0] * 60}, index=[f"U{i:02d}" for i in range(61)])
    weights = unit_weights(features, study)
    callout = describe_weights(weights, units="accounts")
    assert callout.kind == "caution"
    assert callout.title == "One of the accounts carries 40% of the total weight."
    assert "as much as 6 equally weighted accounts would" in callout.text
    encoded = table(61).set_axis(features.index, axis=0)
    found = fit_segments(encoded, 2, choices=QUICK, weights=weights)
    assert found.sizes.sum() == 61


def test_units_without_weight_form_no_segment_and_are_placed_all_the_same():
    encoded = table()
    weights = pd.Series(1.0, index=encoded.index)
    weights.iloc[:5] = np.nan
    found = fit_segments(encoded, 2, choices=QUICK, weights=weights)
    assert found.sizes.sum() == 35
    assert assign_segments(found, encoded)["segment"].notna().all()


@pytest.mark.parametrize("bad", ["3", 2.0, True, 1, 0, -1, None])
def test_number_of_segments_that_is_none_is_refused_with_its_value(bad):
    with pytest.raises(ParameterError, match="segments must be a whole number of at least 2; got"):
        fit_segments(table(), bad, choices=QUICK)


def test_text_among_numbers_is_named():
    with pytest.raises(DataContractError, match=r"column 'b': not numeric; got 'str'; allowed: z-scores"):
        fit_segments(table().assign(b="high"), 2, choices=QUICK)


def test_nothing_given_is_changed():
    encoded = table()
    encoded.iloc[3, 0] = np.nan
    copy = encoded.copy()
    comparison = compare_solutions(encoded, [2, 3], choices=QUICK)
    assess_structure(encoded, segments=[2, 3], choices=QUICK, comparison=comparison)
    assign_segments(fit_segments(encoded, 2, choices=QUICK), encoded)
    pd.testing.assert_frame_equal(encoded, copy)


def test_three_million_rows_are_all_placed_and_the_test_says_how_many_it_used():
    random = np.random.default_rng(1)
    n, began = 3_000_000, time.process_time()
    truth = np.arange(n) % 3
    encoded = pd.DataFrame(
        {"a": random.standard_normal(n) + 6 * (truth == 1), "b": random.standard_normal(n) + 6 * (truth == 2)}
    )
    solution = fit_segments(encoded, 3, choices=Choices(starts=2))
    membership = assign_segments(solution, encoded)
    test = measure_structure(encoded, [2, 3], references=19, random_state=1)
    assert membership["segment"].notna().all()
    assert pd.crosstab(truth, membership["segment"]).max(axis=1).sum() > 0.98 * n
    assert (test.n, test.rows_used) == (n, 20_000)
    assert time.process_time() - began < 90  # some 10 s
