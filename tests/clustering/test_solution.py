from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentation.clustering import (
    Solution,
    assign_segments,
    describe_membership,
    fit_segments,
    found_segments,
    tabulate_sizes,
)
from segmentation.clustering.kmeans import search_kmeans
from segmentation.errors import ParameterError
from segmentation.study import Choices


@pytest.fixture(scope="module")
def solution(planted, quick):
    return fit_segments(planted, 6, choices=quick)


def _two(min_observed=0.4):
    index = pd.Index(["S1", "S2"], name="segment")
    return Solution(
        name="two",
        centres=pd.DataFrame([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]], index=index, columns=["a", "b", "c"]),
        sizes=pd.Series([6, 4], index=index),
        search={},
        random_state=1,
        min_observed=min_observed,
        used_ids=("S1", "S2"),
    )


def test_assign_segments_partial_distance_as_by_hand():
    encoded = pd.DataFrame(
        {"c": [0.0, np.nan, np.nan, np.nan], "b": [0.0, 4.0, np.nan, np.nan], "a": [3.0, 3.0, 1.0, np.nan]},
        index=list("wxyz"),
    )
    found = assign_segments(_two(0.3), encoded)
    # w: d1 = sqrt(9/3), d2 = sqrt(16/3); x: on S2 over a and b; y: only a: d1 = 1, d2 = 2; z: nothing known.
    assert found["segment"].tolist()[:3] == ["S1", "S2", "S1"]
    assert found["second"].tolist()[:3] == ["S2", "S1", "S2"]
    np.testing.assert_allclose(found["margin"], [0.25, 1.0, 0.5, np.nan])
    assert found["basis"].tolist() == ["fitted", "placed", "placed", "unplaced"]
    assert found.loc["z", ["segment", "second"]].isna().all()


@pytest.mark.parametrize(("share", "basis"), [(1 / 3, "placed"), (0.34, "unplaced"), (1.0, "unplaced")])
def test_assign_segments_places_from_the_share_stated(share, basis):
    encoded = pd.DataFrame({"a": [1.0], "b": [np.nan], "c": [np.nan]}, index=["u"])
    assert assign_segments(_two(share), encoded).loc["u", "basis"] == basis


def test_assign_segments_on_the_border_margin_zero_first_id():
    found = assign_segments(_two(), pd.DataFrame({"a": [1.5], "b": [2.0], "c": [7.0]}))
    assert (found["segment"][0], found["margin"][0]) == ("S1", pytest.approx(0.0))


def test_assign_segments_equal_centres_margin_zero():
    solution = _two()
    same = Solution(**{**solution.__dict__, "centres": solution.centres * 0})
    assert assign_segments(same, pd.DataFrame({"a": [0.0], "b": [0.0], "c": [0.0]}))["margin"][0] == 0.0


def test_assign_segments_lacking_variable_says_which(planted, solution):
    with pytest.raises(ParameterError, match="lacks base variables of the solution: v0, v9"):
        assign_segments(solution, planted.drop(columns=["v0", "v9"]))


def test_assign_segments_columns_and_rows_reordered_same_result(planted, solution):
    first = assign_segments(solution, planted)
    second = assign_segments(solution, planted.iloc[::-1, ::-1].assign(extra=1.0))
    pd.testing.assert_frame_equal(first, second.reindex(first.index), check_exact=True)


def test_assign_segments_never_refits(planted, solution):
    one = assign_segments(solution, planted.iloc[[3]])
    pd.testing.assert_frame_equal(one, assign_segments(solution, planted).iloc[[3]], check_exact=True)


def test_fit_segments_recovers_planted_segments(planted, solution):
    truth = planted.attrs["truth"]
    found = assign_segments(solution, planted)
    assert adjusted_rand_score(truth[:600], found["segment"].iloc[:600]) > 0.85
    assert (found["basis"].iloc[600:] == "placed").all()
    assert solution.segments == ("S1", "S2", "S3", "S4", "S5", "S6")
    assert solution.sizes.is_monotonic_decreasing
    assert solution.sizes.sum() == 600


def test_fit_segments_assigns_fitted_units_to_their_own_segment(planted, solution):
    found = assign_segments(solution, planted.dropna())
    assert found["segment"].value_counts().reindex(solution.segments).tolist() == solution.sizes.tolist()


def test_fit_segments_given_search_same_solution(planted, quick, solution):
    search = search_kmeans(planted.dropna().to_numpy(), 6, starts=quick.starts, random_state=1)
    assert fit_segments(planted, 6, choices=quick, search=search).to_dict() == solution.to_dict()
    with pytest.raises(ParameterError, match="search is of 6 segments, 600 units"):
        fit_segments(planted, 5, choices=quick, search=search)


def test_solution_json_round_trip_is_bit_exact(planted, solution):
    back = Solution.from_dict(json.loads(json.dumps(solution.to_dict(), allow_nan=False)))
    assert back.centres.to_numpy().tobytes() == solution.centres.to_numpy().tobytes()
    assert back.to_dict() == solution.to_dict()
    pd.testing.assert_frame_equal(assign_segments(back, planted), assign_segments(solution, planted), check_exact=True)


def test_solution_from_dict_damaged_says_what(solution):
    with pytest.raises(ParameterError, match="lacks centres"):
        Solution.from_dict({key: value for key, value in solution.to_dict().items() if key != "centres"})
    with pytest.raises(ParameterError, match="centres have shape"):
        Solution.from_dict({**solution.to_dict(), "segments": ["S1"]})


@pytest.mark.parametrize("segments", [1, 0, 2.0, True, None])
def test_fit_segments_bad_number_says_allowed(segments, planted, quick):
    with pytest.raises(ParameterError, match="segments must be a whole number of at least 2"):
        fit_segments(planted, segments, choices=quick)


def test_tabulate_sizes_small_segments_are_withheld(planted, solution):
    membership = assign_segments(solution, planted)
    table = tabulate_sizes(membership, units="accounts", min_cell=80).frame
    assert (table["n"] == "fewer than 80").any()
    assert table.loc[table["n"] == "fewer than 80", "share"].isna().all()
    assert "n = 700 accounts placed" in tabulate_sizes(membership, units="accounts").caption


def test_describe_membership_nobody_placed_says_so():
    membership = assign_segments(_two(1.0), pd.DataFrame({"a": [1.0], "b": [np.nan], "c": [np.nan]}))
    assert str(describe_membership(membership)).startswith("None of the 1 units could be placed")
    assert tabulate_sizes(membership).frame.empty


def test_describe_membership_counts_each_basis(planted, solution):
    text = str(describe_membership(assign_segments(solution, planted), units="accounts"))
    assert "700 of 700 accounts are in a segment: 600 have every base variable" in text


def test_choices_min_observed_is_kept_in_the_solution(planted):
    assert fit_segments(planted, 2, choices=Choices(min_observed=0.9, starts=5)).min_observed == 0.9


def test_assign_segments_probability_as_by_hand():
    solution = Solution(**{**_two().__dict__, "search": {"within_ss": 60.0, "weight": 10.0}})  # variance 2 a variable
    encoded = pd.DataFrame({"a": [0.0, 1.5], "b": [0.0, 2.0], "c": [0.0, np.nan]}, index=["x", "y"])
    found = assign_segments(solution, encoded)["probability"]
    # x: squares 0 and 25, so 1 / (1 + exp(-25 / 4)); y stands half-way.
    assert found["x"] == pytest.approx(1 / (1 + np.exp(-6.25)))
    assert found["y"] == pytest.approx(0.5)


def test_assign_segments_probability_without_spread_known_is_missing():
    assert assign_segments(_two(), pd.DataFrame({"a": [0.0], "b": [0.0], "c": [0.0]}))["probability"].isna().all()


def test_assign_segments_merged_segments_are_one_and_keep_what_they_were(planted, solution):
    merged = Solution(**{**solution.__dict__, "merged": {"S6": "S5"}})
    alone, found = assign_segments(solution, planted), assign_segments(merged, planted)
    assert found["unmerged"].equals(alone["segment"])
    assert found["segment"].tolist() == alone["segment"].replace("S6", "S5").tolist()
    assert (found["segment"] != found["second"]).all()
    assert (found["probability"] >= alone["probability"] - 1e-12).all()
    assert Solution.from_dict(json.loads(json.dumps(merged.to_dict()))).merged == {"S6": "S5"}


def test_solution_of_before_methods_is_still_read(solution):
    old = {
        key: value
        for key, value in solution.to_dict().items()
        if key not in ("method", "model", "components", "merged")
    }
    assert Solution.from_dict(old).to_dict() == solution.to_dict()


def test_solution_from_dict_unknown_method_is_refused(solution):
    with pytest.raises(ParameterError, match=r"method must be one of 'kmeans', .*; got 'kmedian'"):
        Solution.from_dict({**solution.to_dict(), "method": "kmedian"})


def test_fit_segments_unit_weights_are_no_weights(planted, quick, solution):
    ones = pd.Series(1.0, index=planted.index)
    assert fit_segments(planted, 6, choices=quick, weights=ones).to_dict() == solution.to_dict()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], "weights must be a Series by unit; got list"),
        (-1.0, "weights must be finite and"),
        (0.0, "has a weight"),
    ],
)
def test_fit_segments_bad_weights_are_refused(weights, message, planted, quick):
    given = weights if isinstance(weights, list) else pd.Series(weights, index=planted.index)
    with pytest.raises(ParameterError, match=message):
        fit_segments(planted, 2, choices=quick, weights=given)


def test_describe_membership_noise_is_told_from_too_little_known():
    membership = pd.DataFrame(
        {"segment": ["S1", "S1", None, None], "second": None, "margin": [1.0, 1.0, np.nan, np.nan],
         "basis": ["fitted", "placed", "noise", "unplaced"], "probability": [1.0, 1.0, np.nan, np.nan]},
    )  # fmt: skip
    text = str(describe_membership(membership, units="accounts", method="hdbscan"))
    assert (
        "1 (25%) is in none, because too few base variables are known. 1 (25%) is in none, because the method" in text
    )
    assert "1 not placed (too few base variables), 1 in no segment" in tabulate_sizes(membership).caption


def test_found_segments_leaves_two_segments_alone_and_puts_nobody_in_one():
    two = pd.DataFrame(
        {"segment": ["S1", "S2"], "second": ["S2", "S1"], "margin": 1.0, "basis": "fitted", "probability": 1.0}
    )
    assert found_segments(two) is two
    one = two.assign(segment="S1")
    none = found_segments(one)
    assert none["segment"].isna().all() and none["second"].isna().all() and none["probability"].isna().all()
    assert none["basis"].unique().tolist() == ["unplaced"]
    assert none.dtypes.equals(one.dtypes)
    assert one["segment"].tolist() == ["S1", "S1"]
