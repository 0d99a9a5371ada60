from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import assign_segments, fit_segments
from segmentation.display import Callout
from segmentation.errors import ParameterError
from segmentation.profiling import profile_segments
from segmentation.profiling.chances import membership_probabilities
from segmentation.profiling.posterior import POSTERIOR_COLUMNS, SAME_RECORDS, profile_posterior
from segmentation.profiling.posterior_words import describe_posterior, tabulate_posterior
from segmentation.profiling.words import related_to_base
from segmentation.study import Choices

VARIABLES = [
    {"name": "x", "role": "base"},
    {"name": "y", "role": "base"},
    {"name": "spend"},
    {"name": "keen", "level": "binary"},
    {"name": "trade", "level": "nominal"},
]


def overlapping(rng, n=400, apart=2.0):
    """Two segments (60 and 40 %) whose base variable x overlaps; spend and keen depend on the segment alone."""
    second = rng.random(n) < 0.4
    x = rng.normal(size=n) + apart * second
    chance = 1 / (1 + np.exp(-(np.log(0.4 / 0.6) + apart * x - apart**2 / 2)))
    values = pd.DataFrame(
        {
            "x": x,
            "y": rng.normal(size=n),
            "spend": rng.normal(size=n) + second,
            "keen": (rng.random(n) < np.where(second, 0.6, 0.2)).astype(float),
            "trade": np.where(rng.random(n) < np.where(second, 0.7, 0.3), "roofs", "pipes"),
        },
        index=[f"U{i}" for i in range(n)],
    )
    return values, pd.DataFrame({"S1": 1 - chance, "S2": chance}, index=values.index)


def test_posterior_certain_probabilities_are_the_usual_profile(market):
    values, membership, study = market
    certain = pd.get_dummies(membership["segment"]).astype(float)
    found = profile_posterior(values, certain, study)
    assert found.condition == pytest.approx(1)
    assert found.expected_right == 1
    usual = profile_segments(values, membership, study)
    both = found.table.merge(usual, on=["segment", "variable", "level"], suffixes=("", "_usual"))
    assert len(both) == len(found.table)
    assert list(found.table.columns) == list(POSTERIOR_COLUMNS)
    for name in ("estimate", "modal"):
        assert both[name].to_numpy() == pytest.approx(both["estimate_usual"].to_numpy())
    assert both["modal_lower"].to_numpy() == pytest.approx(both["lower_usual"].to_numpy())
    assert (both["negative"] == 0).all()


def test_posterior_table_of_assignments_by_hand(make):
    chance = pd.DataFrame({"S1": [0.9, 0.6, 0.2], "S2": [0.1, 0.4, 0.8]}, index=list("abc"))
    values = pd.DataFrame({"x": 1.0, "y": 1.0, "spend": [1.0, 2.0, 6.0]}, index=list("abc"))
    study = make(VARIABLES[:3], ["x", "y"], min_cell=3)
    found = profile_posterior(values, chance, study)
    expected = np.array([[1.5 / 1.7, 0.2 / 1.7], [0.5 / 1.3, 0.8 / 1.3]])  # assigned: S1, S1, S2
    assert found.classification.to_numpy() == pytest.approx(expected)
    assert found.table["withheld"].all()  # fewer than 3 in each
    assert found.expected_right == pytest.approx((0.9 + 0.6 + 0.8) / 3)


def test_posterior_recovers_what_assignment_blurs(make):
    """Planted means 0 and 1, shares 20 and 60 %: corrected intervals cover about 95 %, those of assigned units do not."""
    rng = np.random.default_rng(1)
    study = make(VARIABLES[:4], ["x", "y"], draws=100)
    truth = {("spend", "S1"): 0.0, ("spend", "S2"): 1.0, ("keen", "S1"): 0.2, ("keen", "S2"): 0.6}
    inside, usual, values_found = 0, 0, []
    for _ in range(100):
        values, chance = overlapping(rng)
        table = profile_posterior(values.drop(columns="trade"), chance, study).table.set_index(["variable", "segment"])
        for key, value in truth.items():
            inside += table.loc[key, "lower"] <= value <= table.loc[key, "upper"]
            usual += table.loc[key, "modal_lower"] <= value <= table.loc[key, "modal_upper"]
        values_found.append(table.loc[list(truth), ["estimate", "modal"]].to_numpy())
    assert 0.92 <= inside / 400 <= 0.985
    assert usual / 400 < 0.6
    corrected, modal = np.mean(values_found, axis=0).T
    assert corrected == pytest.approx(list(truth.values()), abs=0.02)
    assert modal[1] - modal[0] < 0.75  # a third of the difference of 1 is lost


def test_posterior_equal_weights_change_nothing(make):
    values, chance = overlapping(np.random.default_rng(2), n=150)
    plain = profile_posterior(values, chance, make(VARIABLES, ["x", "y"]))
    study = make([*VARIABLES, {"name": "w", "role": "weight"}], ["x", "y"]).model_copy(update={"weight": "w"})
    weighted = profile_posterior(values.assign(w=2.5), chance, study)
    pd.testing.assert_frame_equal(plain.table, weighted.table, check_exact=True)
    heavy = profile_posterior(values.assign(w=np.where(np.arange(150) < 4, 90.0, 1.0)), chance, study)
    assert heavy.effective < 10
    assert "weighted; effective base" in str(describe_posterior(heavy, study))


def test_posterior_overlap_beyond_repair_is_said(make):
    values, chance = overlapping(np.random.default_rng(3), apart=0.05)
    study = make(VARIABLES, ["x", "y"])
    flat = chance.assign(S1=np.where(chance["S1"] > 0.6, 0.51, 0.49)).assign(S2=lambda t: 1 - t["S1"])
    found = profile_posterior(values, flat, study)
    assert not found.corrected
    assert found.table["estimate"].isna().all()
    assert found.table["modal"].notna().any()
    words = describe_posterior(found, study)
    assert isinstance(words, Callout)
    assert "overlap so much" in words.text


def test_posterior_segment_nobody_is_most_probably_in(make):
    values, chance = overlapping(np.random.default_rng(3))
    three = chance.mul(0.8).assign(S3=0.2)
    three.loc[three["S3"] > three[["S1", "S2"]].max(axis=1), ["S1", "S2", "S3"]] = [0.5, 0.3, 0.2]
    found = profile_posterior(values, three, make(VARIABLES, ["x", "y"]))
    assert not found.corrected
    assert "Nobody is most probably in S3" in describe_posterior(found, make(VARIABLES, ["x", "y"])).text


def test_posterior_words_and_table(make):
    values, chance = overlapping(np.random.default_rng(4))
    study = make(VARIABLES, ["x", "y"])
    found = profile_posterior(values, chance, study)
    text = str(describe_posterior(found, study))
    assert (
        "of 400 people, 85% are expected to be in the segment they are assigned to" in text
        or "expected to be in" in text
    )
    assert "The correction changes most: " in text
    table = tabulate_posterior(found, study, rows=3)
    assert len(table.frame) == 3
    assert "further rows not shown" in table.caption
    assert tabulate_posterior(profile_posterior(values, chance, study, variables=[]), study).frame.empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c * 2, "must be chances that add up to 1; they do not for 400 units, for instance 'U0'"),
        (lambda c: c[[]], "a column for each segment; got none"),
        (
            lambda c: c.rename(index={"U3": "Z"}),
            "1 units of the probabilities are not in the features, for instance 'Z'",
        ),
        (lambda c: c * np.nan, "no unit has probabilities"),
        (lambda c: pd.concat([c, c.iloc[:1]]), "1 unit ids more than once"),
    ],
)
def test_posterior_wrong_probabilities_are_refused(make, change, message):
    values, chance = overlapping(np.random.default_rng(5))
    with pytest.raises(ParameterError, match=message):
        profile_posterior(values, change(chance), make(VARIABLES, ["x", "y"]))


def test_posterior_base_and_weight_variables_are_refused(make):
    values, chance = overlapping(np.random.default_rng(5))
    study = make([*VARIABLES, {"name": "w", "role": "weight"}], ["x", "y"]).model_copy(update={"weight": "w"})
    with pytest.raises(ParameterError, match="x formed the segments"):
        profile_posterior(values, chance, study, variables=["x"])
    with pytest.raises(ParameterError, match="w is the weight of this study"):
        profile_posterior(values.assign(w=1.0), chance, study, variables=["w"])


def test_posterior_one_certain_segment_needs_no_correction(make):
    values, chance = overlapping(np.random.default_rng(5))
    study = make(VARIABLES, ["x", "y"])
    found = profile_posterior(values, chance[[]].assign(S1=1.0), study)
    assert found.table.query("variable == 'spend'")["estimate"].iloc[0] == pytest.approx(values["spend"].mean())
    assert "as good as certain" in str(describe_posterior(found, study))


@pytest.mark.parametrize("method", ["kmeans", "gaussian", "latent-class"])
def test_membership_probabilities_agree_with_assignment(method):
    rng = np.random.default_rng(7)
    far = np.repeat([0.0, 3.0], 60)[:, None]
    encoded = pd.DataFrame(rng.normal(size=(120, 3)) + far, columns=list("abc"), index=[f"U{i}" for i in range(120)])
    if method == "latent-class":
        encoded = (encoded > 1.5).astype(float)
    encoded = (encoded - encoded.mean()) / encoded.std(ddof=0)
    solution = fit_segments(encoded, 2, choices=Choices(starts=5), method=method)
    some = encoded.copy()
    some.iloc[0] = np.nan
    chances, placed = membership_probabilities(solution, some), assign_segments(solution, some)
    assert chances.iloc[0].isna().all()
    assert chances.iloc[1:].sum(axis=1).to_numpy() == pytest.approx(1)
    assert chances.iloc[1:].idxmax(axis=1).tolist() == placed["segment"].iloc[1:].tolist()
    assert chances.iloc[1:].max(axis=1).to_numpy() == pytest.approx(placed["probability"].iloc[1:].to_numpy())


def test_posterior_units_without_chances_are_left_out_and_input_stays(make):
    values, chance = overlapping(np.random.default_rng(6))
    chance.iloc[:10] = np.nan
    before = values.copy(deep=True), chance.copy(deep=True)
    assert profile_posterior(values, chance, make(VARIABLES, ["x", "y"])).n == 390
    pd.testing.assert_frame_equal(values, before[0])
    pd.testing.assert_frame_equal(chance, before[1])


def kin_study(make, **last):
    variables = [
        {"name": "x", "role": "base", "measure": "share", "events": ["paid", "sent"]},
        {"name": "y", "role": "base"},
        {"name": "spend"},
        {"name": "money", "measure": "money", "label": "money received"},
        *([last] if last else []),
    ]
    return make(variables, ["x", "y"])


def test_posterior_descriptor_of_the_base_variables_events_is_left_out(make):
    """Money moves with x within a segment: the correction overshoots the planted difference of 1, so there is none."""
    values, chance = overlapping(np.random.default_rng(8), n=2000)
    second = np.random.default_rng(8).random(2000) < 0.4  # the first draw of overlapping
    values["money"] = values["x"] - second  # segments have means 0 and 2 of x, so 0 and 1 of money
    kin, free = kin_study(make), make([*VARIABLES[:3], {"name": "money"}], ["x", "y"])
    blind = profile_posterior(values, chance, free).table.set_index(["variable", "segment"])
    assert blind.loc[("money", "S2"), "lower"] > 1.1  # wrong by construction
    found = profile_posterior(values, chance, kin)
    rows = found.table.set_index("variable")
    assert found.left_out == ("money",)
    assert rows.loc["money", ["estimate", "lower", "upper", "se", "effective"]].isna().all(axis=None)
    assert rows.loc["money", "modal"].notna().all() and (rows.loc["money", "reason"] == SAME_RECORDS).all()
    assert rows.loc["spend", "estimate"].notna().all() and (rows.loc["spend", "reason"] == "").all()
    text = str(describe_posterior(found, kin))
    assert f"1 descriptor is left out of the correction: money received. It is {SAME_RECORDS}" in text
    assert "money received in S" not in text
    table = tabulate_posterior(found, kin)
    assert table.frame.set_index("descriptor").loc["money received", "corrected"].tolist() == ["left out", "left out"]
    assert "Left out: counted from the same records" in table.note


def test_posterior_several_left_out_are_counted(make):
    values, chance = overlapping(np.random.default_rng(8))
    study = kin_study(make, name="calls", measure="events", events=["called"])
    found = profile_posterior(values.assign(money=1.0, calls=values["spend"]), chance, study)
    assert "2 descriptors are left out of the correction: money received and calls. They are" in str(
        describe_posterior(found, study)
    )


@pytest.mark.parametrize(("items", "kin"), [(["i1"], True), (["i*"], True), (["j1"], False)])
def test_related_to_base_shared_survey_items_are_kin(make, items, kin):
    mean = {"measure": "mean", "scale": [1, 5]}
    variables = [{"name": "x", "role": "base", "items": ["i1", "i2"], **mean}, {"name": "y", "role": "base"}]
    study = make([*variables, {"name": "z", "items": items, **mean}], ["x", "y"])
    assert related_to_base(["z"], study) == (("z",) if kin else ())


@pytest.mark.parametrize(("method", "said"), [("kmeans", True), ("auto", True), ("gaussian", False)])
def test_posterior_words_say_where_chances_are_made_of_distances(make, method, said):
    values, chance = overlapping(np.random.default_rng(4))
    study = make(VARIABLES, ["x", "y"])
    own = study.segmentation.model_copy(update={"method": method})
    study = study.model_copy(update={"segmentations": {"one": own}})
    for chances in (chance, chance[[]].assign(S1=1.0)):
        text = str(describe_posterior(profile_posterior(values, chances, study), study))
        assert ("of distances: an upper bound" in text or "by distances: an upper bound" in text) is said
