from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import DataContractError, ParameterError
from segmentation.features import (
    assess_drift,
    build_features,
    build_features_before,
    describe_drift,
    feature_values,
    fit_encoder,
    flag_careless,
)
from segmentation.study import Choices

QUOTES = {
    "name": "quotes", "from": "events", "kind": "behavioural", "role": "base",
    "measure": "share", "events": ["Quote Sent"],
}  # fmt: skip


def test_build_features_by_hand(study, data):
    features = build_features(data, study)
    values = features.values
    assert values.index.tolist() == ["A", "B", "C"]
    assert values.columns.tolist() == ["quotes", "need", "other", "industry", "employees"]
    assert values["quotes"].tolist() == pytest.approx([2 / 3, 0, math.nan], nan_ok=True)
    # A: latest answer R1, (5 + 4) / 2 - (5 + 4 + 3) / 3; B: 2 - (2 + 4) / 2, half is enough; C was too fast
    assert values["need"].tolist() == pytest.approx([0.5, -1.0, math.nan], nan_ok=True)
    assert values["other"].tolist() == pytest.approx([3, 4, math.nan], nan_ok=True)
    assert values["industry"].tolist()[:2] == ["heating", "plumbing"]
    assert values["industry"].isna().tolist() == [False, False, True]


def test_build_features_flags_and_counts(study, data):
    features = build_features(data, study)
    assert features.flags["careless"].to_dict() == {"A": False, "B": False, "C": True, "D": False}
    assert features.flags["duplicate"].to_dict() == {"A": False, "B": False, "C": False, "D": True}
    assert features.counts == {
        "units": 3,
        "duplicates": 1,
        "careless_straight_line": 1,
        "careless_too_fast": 1,
        "careless_units": 1,
    }
    assert features.period == data.period


def test_build_features_inputs_are_not_changed(study, data):
    before = {name: table.copy(deep=True) for name, table in data.tables.items()}
    build_features(data, study)
    for name, table in data.tables.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_build_features_unit_without_events_counts_zero(make):
    variables = [
        {"name": "active", "from": "events", "kind": "behavioural", "role": "base", "measure": "active_days"},
        {"name": "spent", "from": "events", "kind": "behavioural", "role": "base", "measure": "money"},
        {"name": "last", "from": "events", "kind": "behavioural", "measure": "recency"},
        {"name": "trend", "from": "events", "kind": "behavioural", "measure": "trend"},
    ]
    study = make.study(variables, segmentations={"use": {"base": ["active", "spent"]}})
    events = make.events()
    values = build_features(make.data(events=events[events["company_id"] != "B"]), study).values
    assert values.loc["B", ["active", "spent", "trend"]].tolist() == [0, 0, 0]
    assert math.isnan(values.loc["B", "last"])


def test_build_features_company_created_later_is_counted_not_measured(study, make):
    companies = make.companies()
    companies.loc["E"] = ["heating", 1.0, "e", pd.Timestamp("2026-10-01")]
    features = build_features(make.data(companies=companies), study)
    assert "E" not in features.values.index
    assert features.counts["created_after_period"] == 1


def test_build_features_units_known_only_from_events(study, make):
    features = build_features(make.data(companies=make.companies().drop("B")), study)
    assert "B" in features.values.index
    assert math.isnan(features.values.loc["B", "employees"])


def test_build_features_everything_wrong_is_told_at_once(make):
    variables = [
        {**QUOTES, "events": ["Quote Snt"]},
        {
            "name": "need",
            "from": "survey",
            "kind": "need",
            "role": "base",
            "measure": "mean",
            "items": ["imp_1", "imp_22"],
            "scale": [1, 4],
        },
        {"name": "employes", "from": "companies", "kind": "firmographic"},
        {"name": "industry", "from": "companies", "kind": "firmographic", "level": "binary"},
    ]
    study = make.study(variables)
    with pytest.raises(DataContractError, match="5 problems in the input") as caught:
        build_features(make.data(), study)
    text = str(caught.value)
    assert "Did you mean 'Quote Sent'?" in text
    assert "Did you mean 'imp_2'?" in text
    assert "survey.csv, row R1, column 'imp_1': 1 answers outside the scale; got 5.0; allowed: 1 to 4" in text
    assert "companies.csv, column 'employes': no such column (variable 'employes'). Did you mean 'employees'?" in text
    assert "3 values of variable 'industry' are not binary; got 'heating'" in text


def test_build_features_outside_scale_lists_at_most_five_rows(make):
    survey = pd.concat([make.survey().assign(imp_1=9.0)] * 2).reset_index(drop=True)
    survey.index = pd.Index([f"R{i}" for i in range(8)], name="response_id")
    with pytest.raises(DataContractError, match="row R0, R1, R2, R3, R4 and 3 more"):
        build_features(make.data(survey=survey), make.study())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda make: {"survey": make.survey().assign(imp_1=3.0, imp_2=None, imp_3=3.0, seconds=60.0)},
            "'need': base variable",
        ),
        (lambda make: {"events": make.events().assign(event="Quote Sent")}, "'quotes': base variable is constant"),
        (lambda make: {"companies": make.companies().assign(employees=np.inf)}, "3 infinite values"),
        (lambda make: {"survey": make.survey().assign(imp_1="often")}, "4 answers that are not numbers; got 'often'"),
        (lambda make: {"survey": None}, "'need' needs a survey, and there is none"),
        (lambda make: {"companies": None}, "no table 'companies'"),
    ],
)
def test_build_features_violation_names_place_and_value(make, change, message):
    with pytest.raises(DataContractError, match=message):
        build_features(make.data(**change(make)), make.study())


def test_build_features_all_missing_base_is_refused_but_allowed_for_comparison(study, make):
    early = make.data(survey=make.survey().iloc[:0])
    with pytest.raises(DataContractError, match="column 'need': base variable is missing for every unit"):
        build_features(early, study)
    assert build_features(early, study, check_base=False).values["need"].isna().all()


def test_build_features_absent_table_is_noted_for_comparison(study, make):
    features = build_features(make.data(survey=None), study, check_base=False)
    assert features.values["need"].isna().all()
    assert "Variable 'need' is missing: this period has no table 'survey'." in features.notes


def test_build_features_negative_value_and_log_is_refused(make):
    variables = [
        {
            "name": "spent",
            "from": "events",
            "kind": "behavioural",
            "role": "base",
            "measure": "money",
            "transform": "log1p",
        },
        {"name": "active", "from": "events", "kind": "behavioural", "role": "base", "measure": "active_days"},
    ]
    study = make.study(variables, segmentations={"use": {"base": ["active", "spent"]}})
    with pytest.raises(DataContractError, match="log1p cannot take 1 negative values; got -100"):
        build_features(
            make.data(events=make.events().assign(value=lambda t: -t["value"].where(t["value"] > 99))), study
        )


def test_build_features_top2_and_star_items(make):
    variables = [
        {
            "name": "quotes",
            "from": "events",
            "kind": "behavioural",
            "role": "base",
            "measure": "share",
            "events": ["Quote Sent"],
        },
        {
            "name": "top",
            "from": "survey",
            "kind": "need",
            "role": "base",
            "measure": "top2",
            "items": ["imp_*"],
            "scale": [1, 5],
        },
    ]
    study = make.study(variables, segmentations={"needs": {"base": ["quotes", "top"]}})
    top = build_features(make.data(), study).values["top"]
    assert top.tolist() == pytest.approx([2 / 3, 1 / 2, math.nan], nan_ok=True)


def test_build_features_ordinal_binary_and_several_rows_a_unit(make):
    variables = [
        {
            "name": "quotes",
            "from": "events",
            "kind": "behavioural",
            "role": "base",
            "measure": "share",
            "events": ["Quote Sent"],
        },
        {"name": "active", "from": "events", "kind": "behavioural", "role": "base", "measure": "active_days"},
        {"name": "won", "from": "deals", "kind": "behavioural", "role": "outcome", "level": "binary"},
        {"name": "stage", "from": "deals", "kind": "behavioural", "level": "ordinal", "levels": ["new", "late"]},
    ]
    sources = {
        "events": {"path": "tracks.csv", "format": "segment.tracks"},
        "deals": {"path": "deals.csv", "format": "hubspot.deals"},
    }
    study = make.study(variables, sources=sources, segmentations={"use": {"base": ["quotes", "active"]}})
    deals = pd.DataFrame(
        {
            "company_id": ["A", "A", "B"],
            "won": pd.array([True, False, None], dtype="boolean"),
            "stage": ["new", "late", "new"],
            "closed_at": pd.to_datetime(["2026-02-01", "2026-01-01", "2026-01-01"]),
        }
    )
    features = build_features(make.data(deals=deals), study)
    assert features.values["won"].tolist() == pytest.approx([1.0, math.nan, math.nan], nan_ok=True)
    assert features.values["stage"].tolist() == pytest.approx([1.0, 1.0, math.nan], nan_ok=True)
    assert features.notes == ("1 units have several rows in deals; the latest by closed_at counts.",)


def test_flag_careless_two_equal_answers_say_nothing():
    ratings = pd.DataFrame({"a": [3.0, np.nan], "b": [3.0, np.nan], "c": [np.nan, np.nan]})
    assert not flag_careless(ratings, None, Choices()).any(axis=None)


def test_flag_careless_missing_time_is_not_judged():
    ratings = pd.DataFrame({"a": [3.0], "b": [4.0], "c": [5.0]})
    assert not flag_careless(ratings, pd.Series([np.nan]), Choices()).any(axis=None)


def test_feature_values_repeated_unit_is_refused():
    frame = pd.DataFrame({"x": [1, 2]}, index=["A", "A"])
    with pytest.raises(ParameterError, match="1 stand more than once, for instance 'A'"):
        feature_values(frame)


def test_feature_values_missing_column_offers_the_nearest():
    with pytest.raises(ParameterError, match=r"lack 'nede'. Did you mean 'need'\?"):
        feature_values(pd.DataFrame({"need": [1.0]}), ["nede"])


def test_build_features_before_without_quarter_is_an_empty_table_that_encodes(study, data):
    empty = build_features_before(None, study)
    assert list(empty.values.columns) == [variable.name for variable in study.variables]
    assert len(empty.values) == 0
    now = build_features(data, study)
    assert fit_encoder(now, study.base).encode(empty).shape == (0, 2)
    assert "no earlier quarter" in str(describe_drift(assess_drift(now, empty), study))


def test_build_features_before_allows_what_did_not_exist_yet(make):
    early = make.data(events=make.events().assign(event="Job Booked"), survey=None)
    values = build_features_before(early, make.study()).values
    assert values["quotes"].dropna().tolist() == [0.0, 0.0]
    assert values["need"].isna().all()


def test_build_features_counted_binary_is_happened_or_not(make):
    variables = [
        QUOTES,
        {"name": "active", "from": "events", "kind": "behavioural", "role": "base", "measure": "active_days"},
        {"name": "quoted", "from": "events", "kind": "intent", "role": "outcome", "measure": "events", "level": "binary",
         "events": ["Quote Sent"]},
    ]  # fmt: skip
    study = make.study(variables, segmentations={"use": {"base": ["quotes", "active"]}})
    assert build_features(make.data(), study).values["quoted"].to_dict() == {"A": 1.0, "B": 0.0, "C": 0.0}
