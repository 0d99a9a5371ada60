"""Every method behind the one interface: planted segments found again, and what must not change them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.tree import DecisionTreeRegressor

from segmentation.clustering import (
    Solution,
    assess_structure,
    assign_segments,
    compare_solutions,
    fit_segments,
    match_segments,
)
from segmentation.clustering.kmeans import adjusted_rand
from segmentation.clustering.methods import (
    METHODS_BY_NAME,
    admitted_methods,
    choose_method,
    describe_auto,
    describe_method,
    describe_model_comparison,
    fit_method,
    method_of,
    tabulate_auto,
    tabulate_criteria,
)
from segmentation.clustering.methods.medoids import gower, swap_medoids
from segmentation.clustering.methods.tree import leaf_words
from segmentation.clustering.methods.ward import _cut, ward_merges
from segmentation.errors import DataContractError, ParameterError
from segmentation.study import METHODS, Choices

LEARNING = ["kmeans", "latent-class", "latent-profile", "gaussian", "ward", "medoids", "hdbscan", "tree"]
WEIGHTED = ["kmeans", "latent-class", "latent-profile", "ward", "medoids", "tree"]
TINY = Choices(random_state=1, starts=10, pairs=10, references=19, model_pairs=5)


@pytest.fixture(scope="module")
def crowds() -> pd.DataFrame:
    """Four far crowds of unequal size in four variables, an outcome that follows two of them."""
    random = np.random.default_rng(3)
    truth = random.choice(4, p=[0.4, 0.3, 0.2, 0.1], size=300)
    values = np.eye(4)[truth] * 7 + random.standard_normal((300, 4))
    frame = pd.DataFrame(values, columns=list("abcd"), index=[f"u{i:03d}" for i in range(300)])
    frame = (frame - frame.mean()) / frame.std(ddof=0)
    frame.attrs["truth"] = truth
    frame.attrs["outcome"] = pd.Series(truth * 10.0 + random.normal(size=300), index=frame.index)
    return frame


def fit(method: str, frame: pd.DataFrame, k: int = 4, **options: object) -> Solution:
    outcome = frame.attrs.get("outcome") if method == "tree" else None
    return fit_segments(frame, k, choices=TINY, method=method, **({"outcome": outcome} | options))


def bare(frame: pd.DataFrame) -> pd.DataFrame:
    """Without notes, which pandas compares when it puts tables together."""
    copy = frame.copy()
    copy.attrs = {}
    return copy


def agreement(one: pd.Series, other: object) -> float:
    known = one.notna().to_numpy()
    return adjusted_rand(pd.crosstab(one[known].to_numpy(), np.asarray(other)[known]).to_numpy())


def test_every_method_of_the_study_is_registered():
    assert set(METHODS_BY_NAME) | {"auto"} == set(METHODS)
    assert all(maker.name == name for name, maker in METHODS_BY_NAME.items())


@pytest.mark.parametrize("method", LEARNING)
def test_fit_segments_finds_planted_segments(method, crowds):
    found = assign_segments(fit(method, crowds), crowds)
    assert agreement(found["segment"], crowds.attrs["truth"]) > 0.95
    assert found["segment"].isna().mean() <= 0.1
    sizes = found["segment"].value_counts()
    assert sizes.index.tolist() == ["S1", "S2", "S3", "S4"]


@pytest.mark.parametrize("method", LEARNING)
def test_assign_segments_probability_and_margin_mean_what_they_say(method, crowds):
    found = assign_segments(fit(method, crowds), crowds)
    inside = found["segment"].notna()
    assert found.columns.tolist() == ["segment", "second", "margin", "basis", "probability"]
    assert found.loc[inside, "probability"].between(0.25 - 1e-9, 1 + 1e-9).all()
    assert found.loc[inside, "margin"].between(-1e-9, 1 + 1e-9).all()
    assert found.loc[~inside, ["probability", "margin", "second"]].isna().all(axis=None)
    assert (found.loc[inside, "second"] != found.loc[inside, "segment"]).all()


@pytest.mark.parametrize("method", LEARNING)
def test_solution_through_json_places_bit_for_bit(method, crowds):
    solution = fit(method, crowds)
    text = json.dumps(solution.to_dict(), allow_nan=False)
    back = Solution.from_dict(json.loads(text))
    assert json.dumps(back.to_dict(), allow_nan=False) == text
    pd.testing.assert_frame_equal(assign_segments(back, crowds), assign_segments(solution, crowds), check_exact=True)


@pytest.mark.parametrize("method", LEARNING)
def test_order_of_rows_and_columns_changes_nothing(method, crowds):
    mixed = crowds.iloc[::-1, [2, 0, 3, 1]]
    mixed.attrs.update(crowds.attrs)
    first = assign_segments(fit(method, crowds), crowds)
    second = assign_segments(fit(method, mixed), mixed).reindex(first.index)
    assert first["segment"].fillna("-").tolist() == second["segment"].fillna("-").tolist()
    np.testing.assert_allclose(first["probability"], second["probability"], atol=1e-9)


@pytest.mark.parametrize("method", LEARNING)
def test_same_seed_same_bytes(method, crowds):
    assert json.dumps(fit(method, crowds).to_dict()) == json.dumps(fit(method, crowds).to_dict())


@pytest.mark.parametrize("method", LEARNING)
def test_fit_segments_leaves_its_input(method, crowds):
    before = crowds.copy(deep=True)
    fit(method, crowds)
    pd.testing.assert_frame_equal(crowds, before)


@pytest.mark.parametrize("method", LEARNING)
def test_unit_weights_are_no_weights(method, crowds):
    ones = pd.Series(1.0, index=crowds.index)
    assert json.dumps(fit(method, crowds, weights=ones).to_dict()) == json.dumps(fit(method, crowds).to_dict())


@pytest.mark.parametrize("method", WEIGHTED)
def test_weights_are_repeated_rows(method, crowds):
    weights = pd.Series(np.where(np.arange(300) % 2, 2.0, 1.0), index=crowds.index)
    again = crowds[weights == 2].rename(index=lambda name: f"{name}b")
    twice = pd.concat([bare(crowds), bare(again)])
    outcome = crowds.attrs["outcome"]
    twice.attrs["outcome"] = pd.concat([outcome, outcome[weights == 2].rename(index=lambda name: f"{name}b")])
    one, other = fit(method, crowds, weights=weights), fit(method, twice)
    first, second = assign_segments(one, crowds), assign_segments(other, crowds)
    assert first["segment"].fillna("-").tolist() == second["segment"].fillna("-").tolist()
    np.testing.assert_allclose(first["probability"], second["probability"], atol=1e-5)
    assert one.search["within_ss"] == pytest.approx(other.search["within_ss"], rel=1e-6)


@pytest.mark.parametrize("method", WEIGHTED)
def test_units_without_weight_are_placed_and_not_learned_from(method, crowds):
    weights = pd.Series(1.0, index=crowds.index)
    weights.iloc[:50] = np.nan
    rest = crowds.iloc[50:]
    rest.attrs["outcome"] = crowds.attrs["outcome"]
    one, other = fit(method, crowds, weights=weights), fit(method, rest)
    assert one.sizes.sum() == 250
    pd.testing.assert_frame_equal(assign_segments(one, crowds), assign_segments(other, crowds), check_exact=True)


@pytest.mark.parametrize("method", ["gaussian", "hdbscan"])
def test_method_without_weights_says_which_take_them(method, crowds):
    weights = pd.Series(np.linspace(0.5, 1.5, 300), index=crowds.index)
    with pytest.raises(ParameterError, match=f"'{method}' cannot take weights; methods that do: kmeans, latent-class"):
        fit(method, crowds, weights=weights)


@pytest.mark.parametrize("method", ["kmeans", "ward", "gaussian", "latent-profile", "hdbscan"])
def test_names_are_refused_where_distances_mean_nothing(method, crowds):
    levels = dict.fromkeys("abc", "numeric") | {"d": "nominal"}
    with pytest.raises(
        ParameterError, match=r"d \(nominal\); methods that take them: latent-class, medoids, rules, tree"
    ):
        fit(method, crowds.assign(d=0.0), levels=levels)
    with pytest.raises(ParameterError, match=r"d \(nominal\)"):
        compare_solutions(crowds.assign(d=0.0), [2], choices=TINY, method=method, levels=levels)


@pytest.mark.parametrize("method", [m for m in LEARNING if m != "hdbscan"])
def test_missing_values_are_placed_by_what_is_known(method, crowds):
    lacking = crowds.copy()
    lacking.iloc[:30, 3] = np.nan
    lacking.iloc[0] = np.nan
    lacking.attrs.update(crowds.attrs)
    found = assign_segments(fit(method, lacking), lacking)
    assert found["basis"].iloc[0] == "unplaced" and pd.isna(found["segment"].iloc[0])
    assert (found["basis"].iloc[1:30] == "placed").all()
    learned = fit(method, lacking).sizes.sum()
    assert learned == (299 if method_of(method).missing else 270)


@pytest.mark.parametrize("method", [m for m in LEARNING if m != "hdbscan"])
def test_constant_variable_is_refused(method, crowds):
    constant = crowds.assign(a=1.0)
    constant.attrs.update(crowds.attrs)
    with pytest.raises(DataContractError, match="constant over the 300"):
        fit(method, constant)


@pytest.mark.parametrize("method", ["ward", "medoids", "latent-class"])
def test_more_segments_than_different_units_are_refused(method):
    few = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0], "b": [0.0, 0.0, 2.0, 2.0]}, index=list("wxyz"))
    with pytest.raises(ParameterError, match="3 segments need at least 3 different units; there are 2"):
        fit(method, few, 3)


def test_method_unknown_offers_the_nearest():
    with pytest.raises(ParameterError, match=r"got 'kmean'\. Did you mean 'kmeans'"):
        method_of("kmean")


@pytest.mark.parametrize("method", LEARNING)
def test_renamed_segments_keep_their_members(method, crowds):
    solution = fit(method, crowds)
    membership = assign_segments(solution, crowds)
    before = membership["segment"].map({"S1": "S7", "S2": "S3"}).to_frame()
    match = match_segments(solution, membership, before)
    again = assign_segments(match.solution, crowds)
    pd.testing.assert_frame_equal(again, match.membership, check_exact=True)
    assert match.solution.segments == tuple(sorted(match.solution.segments, key=lambda name: int(name[1:])))


def test_ward_merges_equal_scipy_on_unit_weights(crowds):
    values = crowds.to_numpy()
    merges = ward_merges(values, np.ones(len(values)))
    other = linkage(values, "ward")
    np.testing.assert_allclose([2 * cost for *_, cost in merges], other[:, 2] ** 2, rtol=1e-9)
    for k in (2, 4, 9):
        labels = _cut(merges, len(values), k)
        assert adjusted_rand(pd.crosstab(labels, fcluster(other, k, "maxclust")).to_numpy()) == 1.0


def test_gower_partial_as_by_hand():
    one = np.array([[0.0, 1.0, np.nan]])
    other = np.array([[5.0, 2.0, 1.0], [np.nan, np.nan, 1.0]])
    # 5/10 and another name: (0.5 + 1) / 2; nothing in common: 1.
    found = gower(one, other, np.array([10.0, 1.0, 1.0]), np.array([False, True, False]))
    assert found.tolist() == [[0.75, 1.0]]


def test_swap_medoids_reaches_the_best_of_all_pairs():
    random = np.random.default_rng(4)
    points = random.normal(size=(25, 2))
    table = np.abs(points[:, None] - points[None]).sum(axis=2)
    weights = random.random(25) + 0.5
    best = min(weights @ table[[i, j]].min(axis=0) for i in range(25) for j in range(i))
    reached = min(swap_medoids(table, weights, random.choice(25, 2, replace=False))[1] for _ in range(5))
    assert reached == pytest.approx(best)


def test_hdbscan_without_crowds_is_one_segment_of_everybody_and_says_so():
    random = np.random.default_rng(6)
    cloud = pd.DataFrame(random.normal(size=(200, 3)), columns=list("abc"), index=[f"u{i}" for i in range(200)])
    comparison = compare_solutions(cloud, range(2, 4), choices=TINY, method="hdbscan")
    assert (comparison.recommended, comparison.recommendation.rule) == (1, "none found")
    assert "No segments were found" in str(describe_model_comparison(comparison))
    solution = fit_segments(cloud, 1, choices=TINY, method="hdbscan", search=comparison.searches[1])
    membership = assign_segments(solution, cloud)
    assert membership["segment"].eq("S1").all() and membership["second"].isna().all()


def test_hdbscan_far_unit_is_noise(crowds):
    solution = fit("hdbscan", crowds)
    found = assign_segments(solution, pd.DataFrame([[20.0, -20.0, 20.0, -20.0]], columns=list("abcd"), index=["far"]))
    assert found.loc["far", "basis"] == "noise" and pd.isna(found.loc["far", "segment"])
    assert solution.search["kept"] > 0.9


def test_tree_places_as_scikit_learn_does(crowds):
    lacking = crowds.copy()
    lacking.iloc[:40, 0] = np.nan
    lacking.attrs.update(crowds.attrs)
    model = fit("tree", lacking).model
    other = DecisionTreeRegressor(max_leaf_nodes=4, min_samples_leaf=10, random_state=0)
    rows = lacking[model["variables"]].sort_values(list(model["variables"]), na_position="last")
    other.fit(rows.to_numpy(), lacking.attrs["outcome"].reindex(rows.index))
    leaves = other.apply(rows.to_numpy())
    placed = method_of("tree").place(model, rows.to_numpy()).argmax(axis=1)
    assert adjusted_rand(pd.crosstab(leaves, placed).to_numpy()) == 1.0
    assert len(leaf_words(model)) == 4


def test_tree_outcome_that_nothing_predicts_is_said(crowds):
    noise = pd.Series(np.random.default_rng(1).normal(size=300), index=crowds.index)
    comparison = compare_solutions(crowds, range(2, 5), choices=TINY, method="tree", outcome=noise)
    assert comparison.recommendation.rule in ("least unstable", "none found")
    assert comparison.table["gain_lower"].max() <= 0


def test_tree_recommends_by_unseen_units(crowds):
    outcome = crowds.attrs["outcome"]
    comparison = compare_solutions(crowds, range(2, 7), choices=TINY, method="tree", outcome=outcome)
    assert (comparison.recommended, comparison.recommendation.rule) == (4, "outcome")
    assert comparison.table.loc[4, "gain"] > 0.95


@pytest.mark.parametrize(
    ("outcome", "message"), [(None, "'tree' needs outcome"), (1.0, "outcome is 1 for each of the 300 units")]
)
def test_tree_outcome_missing_or_constant_is_refused(outcome, message, crowds):
    series = None if outcome is None else pd.Series(outcome, index=crowds.index)
    with pytest.raises(ParameterError, match=message):
        fit_method("tree", crowds, 2, choices=TINY, outcome=series)


@pytest.mark.parametrize("method", ["latent-profile", "ward", "medoids"])
def test_compare_solutions_of_a_method_finds_the_planted_number(method, crowds):
    comparison = compare_solutions(crowds, range(2, 5), choices=TINY, method=method)
    assert comparison.method == method and comparison.pairs == 5
    assert comparison.recommended == 4
    assert comparison.table.loc[4, "ari_mean"] > 0.9
    solution = fit_segments(crowds, 4, choices=TINY, method=method, search=comparison.searches[4])
    assert json.dumps(solution.to_dict()) == json.dumps(fit(method, crowds).to_dict())
    assert f"{comparison.n:,}" in str(describe_method(method, comparison=comparison))


def test_fit_segments_search_of_another_table_is_refused(crowds):
    search = fit_method("ward", crowds, 3, choices=TINY)
    with pytest.raises(ParameterError, match="search is of 300 units and the variables a, b, c, d; 200 units"):
        fit_segments(crowds.iloc[:200], 3, choices=TINY, search=search)


def test_tabulate_criteria_only_for_mixtures(crowds):
    comparison = compare_solutions(crowds, range(2, 4), choices=TINY, method="latent-profile")
    frame = tabulate_criteria(comparison, units="accounts").frame
    assert frame["BIC"].tolist() == comparison.table["bic"].tolist()
    assert "BIC" in str(describe_model_comparison(comparison))
    ward = compare_solutions(crowds, range(2, 4), choices=TINY, method="ward")
    assert tabulate_criteria(ward).frame.empty  # no likelihood, no criteria


def test_auto_explains_and_carries_the_runner_up(crowds):
    choice = choose_method(crowds, range(2, 5), choices=TINY)
    assert choice.method == "kmeans" and choice.comparison.recommended == 4
    assert choice.runner_up is not None and choice.runner_up.method == choice.table.index[1]
    assert choice.table.loc[choice.runner_up.method, "agreement"] > 0.9
    assert choice.table["chosen"].tolist()[0] and choice.table["chosen"].sum() == 1
    text = str(describe_auto(choice))
    assert "runner-up" in text and "hdbscan" in text
    assert len(tabulate_auto(choice).frame) == len(choice.table)
    assert "named in the study file" in str(describe_auto(None)) and tabulate_auto(None).frame.empty


def test_auto_through_compare_and_fit(crowds):
    comparison = compare_solutions(crowds, range(2, 5), choices=TINY, method="auto")
    assert comparison.method == comparison.choice.method
    solution = fit_segments(crowds, 4, choices=TINY, method="auto", search=comparison.searches[4])
    assert solution.method == "kmeans"


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"a": "numeric", "b": "numeric"}, ("kmeans", "ward", "medoids", "latent-profile")),
        ({"a": "binary", "b": "binary"}, ("kmeans", "ward", "medoids", "latent-class")),
        ({"a": "numeric", "b": "nominal"}, ("medoids", "latent-class")),
    ],
)
def test_admitted_methods_by_level(levels, expected):
    frame = pd.DataFrame({"a": [0.0, 1.0] * 20, "b": [0.0, 1.0, 1.0, 0.0] * 10})
    names, left = admitted_methods(frame, levels=levels)
    assert names == expected
    assert set(names) | set(left) == set(METHODS) - {"auto"}


def test_method_faster_starts_never_fit_what_is_missing_in_levels(crowds):
    with pytest.raises(ParameterError, match="levels lacks the level of measurement of d"):
        fit("medoids", crowds, levels=dict.fromkeys("abc", "numeric"))


def test_weights_go_into_the_structure_test_of_every_way_in():
    random = np.random.default_rng(5)
    cloud = pd.DataFrame(random.normal(size=(120, 3)), columns=list("abc"), index=[f"u{i}" for i in range(120)])
    weights = pd.Series(random.choice([0.2, 1.0, 3.0, np.nan], size=120), index=cloud.index)
    given = {"choices": TINY, "weights": weights}
    direct = compare_solutions(cloud, [2, 3], method="kmeans", **given).structure
    assert direct.weighted and direct.n == weights.notna().sum()
    for method in ("auto", "ward", "latent-profile"):
        found = compare_solutions(cloud, [2, 3], method=method, **given).structure
        assert (found.p, found.n, found.weighted) == (direct.p, direct.n, True)
        pd.testing.assert_frame_equal(found.drops, direct.drops, check_exact=True)
    assert assess_structure(cloud, segments=[2, 3], **given).p == direct.p
    plain = compare_solutions(cloud, [2, 3], method="auto", choices=TINY).structure
    assert not plain.weighted and plain.statistic != direct.statistic
