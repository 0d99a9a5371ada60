"""What is planted is there, as much of it as the README says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.synthetic.behaviour import draw_events
from segmentation.synthetic.campaign import draw_campaign
from segmentation.synthetic.plan import FAMILIES, SEGMENTS, TEMPLATES, find_tier, stream
from segmentation.synthetic.population import build_population
from segmentation.synthetic.survey import ITEMS, draw_survey

NO_DEMOS = pd.Series(dtype="datetime64[ns]")
NEEDS = ("dispatch", "cash", "proof", "connect")


def _features(tier: str, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Ten base variables of 2026Q3, worked out from the draws, and the planted segments."""
    width = find_tier(tier)
    population = build_population(width, seed, TEMPLATES)
    events, survey = draw_events(population, width, seed, NO_DEMOS), draw_survey(population, width, seed)
    start = pd.Timestamp("2026-07-01").timestamp()
    here = events[events["second"] >= start]
    counts = pd.crosstab(here["account"], here["event"])
    columns = {
        f"share_{family}": counts[list(names)].sum(axis=1) / counts.sum(axis=1)
        for family, names in list(FAMILIES.items())[:5]
    }
    columns["active_days"] = here.assign(day=here["second"] // 86400).groupby("account")["day"].nunique()
    table = pd.DataFrame(columns)
    table.index = population.accounts.index[table.index]
    answers = (
        survey[survey["careless"] == ""]
        .sort_values("start")
        .drop_duplicates("company_id", keep="last")
        .set_index("company_id")
    )
    ratings = answers[ITEMS].apply(pd.to_numeric, errors="coerce").mask(lambda values: values < 0)
    for position, need in enumerate(NEEDS):
        items = [f"imp_{item}" for item in range(3 * position + 1, 3 * position + 4)]
        table[f"need_{need}"] = ratings[items].mean(axis=1) - ratings.mean(axis=1)
    complete = table.dropna()
    return (complete - complete.mean()) / complete.std(), population.segments["2026Q3"].reindex(complete.index)


@pytest.mark.parametrize(("tier", "low", "high"), [("easy", 0.93, 1.0), ("medium", 0.75, 0.92), ("hard", 0.40, 0.60)])
def test_kmeans_finds_the_planted_segments_as_well_as_the_tier_says(tier, low, high):
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    values, segment = _features(tier)
    found = KMeans(6, n_init=20, random_state=1).fit_predict(values)
    assert low <= adjusted_rand_score(segment, found) <= high


def test_null_tier_has_no_segment_and_no_structure():
    from segmentation.clustering import measure_structure

    values, segment = _features("null")
    assert segment.isna().all()
    assert measure_structure(values, range(2, 9), references=99, random_state=1).p > 0.05


def test_medium_tier_has_structure_beyond_one_population():
    from segmentation.clustering import measure_structure

    values, _ = _features("medium")
    assert measure_structure(values, range(2, 9), references=39, random_state=1).p <= 0.05


def test_centring_matters():
    width = find_tier("medium")
    population = build_population(width, 1, TEMPLATES)
    survey = draw_survey(population, width, 1)
    answers = survey[(survey["careless"] == "") & (survey["wave"] == 2)]
    ratings = answers[ITEMS].apply(pd.to_numeric, errors="coerce").mask(lambda values: values < 0)
    raw = ratings[[f"imp_{item}" for item in range(1, 13)]].corr().to_numpy()
    centred = ratings.sub(ratings.mean(axis=1), axis=0)[[f"imp_{item}" for item in range(1, 13)]].corr().to_numpy()
    between = np.kron(np.ones((4, 4)) - np.eye(4), np.ones((3, 3))).astype(bool)  # items of different jobs
    assert raw[between].mean() > 0.05 > centred[between].mean()


def test_segments_keep_their_shares_and_the_sixth_appears_in_quarter_five():
    shares = build_population(find_tier("medium"), 1, TEMPLATES).segments.apply(
        lambda quarter: quarter.value_counts(normalize=True)
    )
    for segment in SEGMENTS[:5]:
        assert shares.at[segment.name, "2025Q2"] == pytest.approx(segment.start)
    for segment in SEGMENTS:
        assert shares.at[segment.name, "2026Q2"] == pytest.approx(segment.share, abs=0.002)
    assert shares.loc["contracts"].notna().tolist() == [False, False, False, False, True, True]
    assert shares.at["contracts", "2026Q3"] == pytest.approx(0.08)
    sizes = shares["2026Q2"].sort_values(ascending=False)
    assert list(sizes.index) == [segment.name for segment in SEGMENTS]


def test_moves_lie_between_three_and_eight_percent(truth):
    assert all(0.03 <= step["share"] <= 0.08 for step in truth["moves"]) and len(truth["moves"]) == 5


def test_response_is_sixty_two_percent_and_depends_on_the_segment(truth):
    share = truth["response"]["share_answered_any_wave"]
    assert share["all"] == pytest.approx(0.62, abs=0.03)
    assert share["simple"] < 0.55 < 0.68 < share["proof"]


def test_six_percent_of_answers_are_careless(truth):
    total = sum(truth["response"]["answers_by_wave"].values())
    assert len(truth["careless"]) / total == pytest.approx(0.06, abs=0.002)


def test_useless_attitudes_do_not_differ_and_useful_ones_do():
    from scipy.stats import f_oneway

    width = find_tier("medium")
    population = build_population(width, 1, TEMPLATES)
    survey = draw_survey(population, width, 1)
    answers = survey[(survey["careless"] == "") & (survey["wave"] == 2)]
    segment = population.segments["2026Q2"].reindex(answers["company_id"]).to_numpy()

    def p_value(item: str) -> float:
        values = pd.to_numeric(answers[item], errors="coerce").mask(lambda answer: answer < 0)
        return f_oneway(*[values[segment == name].dropna() for name in set(segment)]).pvalue

    assert all(p_value(f"att_{item}") < 0.01 for item in range(1, 5))
    assert all(p_value(f"att_{item}") > 0.01 for item in range(5, 9))


def test_campaign_helps_dispatch_and_harms_connect():
    width = find_tier("medium")
    effects = draw_campaign(build_population(width, 1, TEMPLATES), width, 1).effects.set_index("segment")
    assert effects.at["dispatch", "realised_lift"] == pytest.approx(0.15, abs=0.01)
    assert effects.at["connect", "realised_lift"] == pytest.approx(-0.32, abs=0.01)
    assert (effects["realised_lift"] - effects["planted_lift"]).abs().max() < 0.02


def test_stream_of_one_part_does_not_move_another():
    assert stream(1, "survey").random() == stream(1, "survey").random() != stream(1, "behaviour").random()


def test_campaign_columns_from_before_do_not_know_the_arm():
    width = find_tier("medium")
    campaign = draw_campaign(build_population(width, 1, TEMPLATES), width, 1)
    table = campaign.assignment.set_index("company_id")
    booked = pd.Series(table.index.isin(campaign.demos.index).astype(float), index=table.index)
    before = table.groupby("arm")["demos_before"].agg(["mean", "var", "size"])
    error = (before["var"] / before["size"]).sum() ** 0.5
    assert abs(before["mean"].diff().iloc[-1]) < 3 * error
    inside = [booked[rows.index].corr(rows["demos_before"]) ** 2 for _, rows in table.groupby("arm")]
    assert min(inside) > 0.05  # it explains part of who books, which is what a covariate is for
    rates = booked.groupby([table["channel"], table["arm"]]).mean().unstack()
    assert ((rates["B"] - rates["A"]).diff().abs().iloc[-1]) < 0.05  # the channel makes no difference
