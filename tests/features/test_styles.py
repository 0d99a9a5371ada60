from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import assign_segments, fit_segments
from segmentation.clustering.agreement import Agreement
from segmentation.clustering.centring import compare_centred, describe_centred, tabulate_centred
from segmentation.errors import ParameterError
from segmentation.features import (
    assess_styles,
    describe_styles,
    fit_encoder,
    measure_styles,
    score_both_ways,
    tabulate_styles,
)
from segmentation.study import Choices

CHOICES = {"draws": 200, "starts": 10}
SURVEY = {"survey": {"path": "survey.csv", "format": "qualtrics"}}
ITEMS = 8


def item_study(make, centre="none"):
    """Four base variables, each the mean of two five-point items."""
    variables = [
        {"name": f"need_{j}", "from": "survey", "kind": "need", "role": "base", "measure": "mean", "centre": centre,
         "items": [f"q_{2 * j + 1}", f"q_{2 * j + 2}"], "scale": [1, 5]}
        for j in range(4)
    ]  # fmt: skip
    base = [v["name"] for v in variables]
    return make.study(variables, sources=SURVEY, segmentations={"needs": {"base": base}}, choices=CHOICES)


def answers(style: float, needs: float, n=600, seed=3):
    """Five-point answers: four kinds of people who rate two items higher by ``needs``, and a personal level of spread ``style``."""
    random = np.random.default_rng(seed)
    kind = np.arange(n) % 4
    liking = np.zeros((n, ITEMS))
    for j in range(4):
        liking[kind == j, 2 * j : 2 * j + 2] = needs
    level = style * random.standard_normal((n, 1))
    raw = np.clip(np.round(2.8 + liking + level + 0.5 * random.standard_normal((n, ITEMS))), 1, 5)
    table = pd.DataFrame(raw, columns=[f"q_{j + 1}" for j in range(ITEMS)])
    table.insert(0, "company_id", [f"U{i:03d}" for i in range(n)])
    table["seconds"], table["recorded_at"] = 500.0, pd.Timestamp("2026-08-01")
    return table.set_index(pd.Index([f"R{i:03d}" for i in range(n)], name="response_id"))


def segmented(make, table, segments=4):
    study = item_study(make)
    data = make.data(survey=table, companies=None, events=None)
    scores = score_both_ways(data, study)
    features = scores[[f"need_{j}.raw" for j in range(4)]].set_axis([f"need_{j}" for j in range(4)], axis=1)
    encoded = fit_encoder(features, study.base).encode(features)
    membership = assign_segments(fit_segments(encoded, segments, choices=study.choices), encoded)
    return study, data, features, scores, membership


def test_measure_styles_by_hand(make):
    study = item_study(make)
    items = pd.DataFrame(np.nan, index=["A", "B", "C", "D"], columns=[f"q_{j + 1}" for j in range(ITEMS)])
    items.loc["A"] = 5.0
    items.loc["B"] = [1, 5, 1, 5, 1, 5, 1, 5]
    items.loc["C", ["q_1", "q_2", "q_3", "q_4"]] = [2, 3, 3, 4]
    items.loc["D", ["q_1", "q_2"]] = [1, 2]
    found = measure_styles(items, study)
    assert found["items"].tolist() == [8, 8, 4, 2]
    assert found.loc["A", ["level", "extremity", "spread", "same"]].tolist() == [1.0, 1.0, 0.0, 1.0]
    assert found.loc["B", ["level", "extremity", "spread", "same"]].tolist() == [0.5, 1.0, 0.5, 0.5]
    assert found.loc["C", ["level", "extremity", "same"]].tolist() == [0.5, 0.0, 0.5]
    assert found.loc["C", "spread"] == pytest.approx(np.std([0.25, 0.5, 0.5, 0.75]))
    assert found.loc["D", ["level", "extremity", "spread", "same"]].isna().all()


def test_measure_styles_without_survey_has_no_rows_and_says_so(make):
    study = item_study(make)
    data = make.data(survey=None, events=None)
    styles = measure_styles(data, study)
    assert list(styles.columns) == ["items", "level", "extremity", "spread", "same"] and styles.empty
    membership = pd.DataFrame({"segment": ["S1", "S2"]}, index=["A", "B"])
    found = assess_styles(styles, membership, choices=study.choices)
    assert describe_styles(found).kind == "absent"
    assert tabulate_styles(found).frame.empty
    scores = score_both_ways(data, study)
    assert scores.empty
    assert describe_centred(compare_centred(pd.DataFrame(), scores, study, segments=4), study).kind == "absent"


def test_score_both_ways_by_hand(make):
    table = answers(0.0, 2.0, n=4)
    study = item_study(make)
    scores = score_both_ways(make.data(survey=table, companies=None, events=None), study)
    items = table.set_index("company_id")[[f"q_{j + 1}" for j in range(ITEMS)]]
    raw = items[["q_1", "q_2"]].mean(axis=1)
    np.testing.assert_allclose(scores["need_0.raw"], raw)
    np.testing.assert_allclose(scores["need_0.centred"], raw - items.mean(axis=1))


def test_planted_level_effect_raw_segments_are_levels(make):
    """As on the published risk survey (ARI .198): raw segments are all low, all middling, all high."""
    study, data, features, scores, membership = segmented(make, answers(style=0.9, needs=0.8))
    found = compare_centred(features, scores, study, segments=4)
    assert found.agreement.value < 0.35
    assert found.agreement.lower <= found.agreement.value <= found.agreement.upper
    callout = describe_centred(found, study)
    assert callout.kind == "caution" and callout.title == "How high people tick decides much of who is with whom."
    styles = assess_styles(measure_styles(data, study), membership, choices=study.choices)
    assert styles.table.loc["level", "epsilon_squared"] > 0.6
    assert describe_styles(styles).title == "The segments differ mostly in how people use the scale."


def test_no_style_raw_and_centred_agree(make):
    study, data, features, scores, membership = segmented(make, answers(style=0.0, needs=1.8))
    found = compare_centred(features, scores, study, segments=4)
    assert found.agreement.value > 0.9
    assert "does not decide who is with whom" in str(describe_centred(found, study))
    styles = assess_styles(measure_styles(data, study), membership, choices=study.choices)
    assert styles.table["epsilon_squared"].max() < 0.05
    assert "not made of answering styles" in str(describe_styles(styles))
    table = tabulate_centred(found)
    assert f"n = {found.agreement.n} units" in table.caption
    assert "under 10" in table.frame.to_numpy() or (found.agreement.table.to_numpy() == 0).any()


def test_assess_styles_random_segments_share_covers_nothing():
    """Chance is taken off: over random memberships the share is near 0, not (k - 1) / (n - 1)."""
    random = np.random.default_rng(4)
    choices, shares = Choices(draws=100), []
    for seed in range(40):
        styles = pd.DataFrame({name: random.random(90) for name in ("level", "extremity", "spread", "same")})
        membership = pd.DataFrame({"segment": np.random.default_rng(seed).choice(["S1", "S2", "S3"], 90)})
        found = assess_styles(styles.assign(items=5), membership, choices=choices)
        shares.append(found.table["lower"].min())
        assert 0 <= found.table["lower"].min() <= found.table["upper"].max() <= 1
    assert np.mean(np.array(shares) < 0.02) > 0.9


def test_assess_styles_small_segment_is_withheld_and_row_order_does_not_matter():
    random = np.random.default_rng(4)
    styles = pd.DataFrame({name: random.random(60) for name in ("level", "extremity", "spread", "same")})
    membership = pd.DataFrame({"segment": ["S1"] * 30 + ["S2"] * 26 + ["S3"] * 4})
    found = assess_styles(styles.assign(items=5), membership, choices=Choices(draws=100))
    assert found.means["level"].isna().tolist() == [False, False, True]
    assert tabulate_styles(found).frame["n"].tolist() == ["30", "26", "withheld", "60"]
    other = assess_styles(styles.assign(items=5), membership[::-1], choices=Choices(draws=100))
    pd.testing.assert_frame_equal(found.table, other.table)
    with pytest.raises(ParameterError, match="needs a column segment"):
        assess_styles(styles, membership.rename(columns={"segment": "s"}), choices=Choices())


def test_assess_styles_one_segment_is_not_compared():
    styles = pd.DataFrame({name: [0.1, 0.2, 0.3] for name in ("level", "extremity", "spread", "same")})
    found = assess_styles(styles, pd.DataFrame({"segment": ["S1"] * 3}), choices=Choices())
    assert found.n == 0 and describe_styles(found).kind == "absent"


def test_compare_centred_takes_the_published_ids(make):
    study, _, features, scores, membership = segmented(make, answers(style=0.0, needs=1.8))
    turned = {"S1": "S2", "S2": "S3", "S3": "S4", "S4": "S1"}
    published = membership.assign(segment=membership["segment"].map(turned))
    found = compare_centred(features, scores, study, segments=4, membership=published)
    table = found.agreement.table
    assert list(table.index) == list(table.columns) == ["S1", "S2", "S3", "S4"]
    assert np.diag(table).sum() > 0.9 * found.agreement.n
    way = table.sum(axis=0 if found.published == "centred" else 1)
    known = published.loc[published["basis"] == "fitted", "segment"].value_counts().sort_index()
    assert found.published in ("raw", "centred") and way.tolist() == known.tolist()
    before = compare_centred(features, scores, study, segments=4).agreement.table
    assert np.diag(before).sum() > 0.9 * found.agreement.n


def test_describe_centred_names_a_segment_without_counterpart(make):
    study, _, features, scores, _ = segmented(make, answers(style=0.0, needs=1.8))
    found = compare_centred(features, scores, study, segments=4)
    counts = np.array([[300, 0, 0], [0, 300, 0], [10, 10, 10]])
    table = pd.DataFrame(counts, index=["S1", "S2", "S3"], columns=["S1", "S2", "S3"])
    lost = replace(found, agreement=Agreement(0.93, 0.9, 0.95, 630, table), published="raw")
    callout = describe_centred(lost, study)
    assert callout.kind == "caution" and "S3 (0.33) has no counterpart in the other solution" in callout.text
    assert "does not decide" not in callout.text and "core of the segments stays" not in callout.text
