from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.features import (
    assess_quality,
    bergsma_v,
    build_features,
    describe_leaks,
    describe_quality,
    screen_leaks,
    tabulate_accounts,
    tabulate_careless,
    tabulate_linkage,
    tabulate_missing,
)


def test_assess_quality_by_hand(study, data):
    quality = assess_quality(data, study)
    assert quality.units == 3
    link = quality.linkage.set_index(["source", "other"])
    assert link.loc[("companies", "survey")].tolist() == [4, 3, 0.75, 1]
    assert link.loc[("survey", "companies")].tolist() == [3, 3, 1.0, 0]
    assert link.loc[("events", "survey"), "linked"] == 3
    careless = quality.careless.set_index("reason")
    assert careless["n"].to_dict() == {"straight_line": 1, "too_fast": 1, "any": 2}
    assert careless["base"].unique().tolist() == [4]
    assert quality.duplicates.to_dict("records") == [{"unit": "D", "kept": "A"}]
    missing = quality.missing.set_index("variable")
    assert missing["missing"].to_dict() == {"quotes": 1, "need": 1, "other": 1, "industry": 1, "employees": 1}
    accounts = quality.accounts.set_index("source")
    assert accounts.loc["survey", ["rows_in", "rows_out", "dropped", "reasons"]].tolist() == [5, 4, 1, "1 broken"]


def test_assess_quality_is_json(study, data):
    content = assess_quality(data, study).to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_assess_quality_events_outside_the_dataset_are_linked(study, make):
    events = make.events()
    quality = assess_quality(make.data(events=None), study, events=events)
    link = quality.linkage.set_index(["source", "other"])
    assert link.loc[("events", "companies")].tolist() == [4, 4, 1.0, 0]


def test_assess_quality_weak_variables(study, make):
    companies = make.companies().assign(industry="heating")
    quality = assess_quality(make.data(companies=companies), study)
    weak = quality.weak.set_index("variable")
    assert weak.loc["industry", "reason"] == "constant"


def leaky(make, n=200, seed=3):
    rng = np.random.default_rng(seed)
    churned = np.arange(n) < 60
    companies = pd.DataFrame(
        {
            "churned": churned,
            "employees": rng.lognormal(3, 1, n),
            "industry": rng.choice(["a", "b", "c"], n),
            "exit_reason": np.where(churned & (rng.random(n) < 0.9), "price", None),
            "score": churned * 10 + rng.normal(size=n),
            "status": np.where(churned, "closed", "open"),
            "code": [f"K{i}" for i in range(n)],
            "created_at": pd.Timestamp("2025-01-01"),
        },
        index=pd.Index([f"U{i}" for i in range(n)], name="company_id"),
    )
    variables = [
        {"name": "employees", "from": "companies", "kind": "firmographic", "role": "base"},
        {
            "name": "created",
            "from": "companies",
            "kind": "firmographic",
            "role": "base",
            "column": "employees",
            "transform": "log1p",
        },
        {"name": "industry", "from": "companies", "kind": "firmographic", "level": "nominal"},
        {"name": "score", "from": "companies", "kind": "firmographic"},
        {"name": "churned", "from": "companies", "kind": "behavioural", "role": "outcome", "level": "binary"},
    ]
    sources = {"companies": {"path": "companies.csv", "format": "hubspot.companies"}}
    study = make.study(variables, sources=sources, segmentations={"size": {"base": ["employees", "created"]}})
    return study, make.data(companies=companies, events=None, survey=None)


def test_screen_leaks_names_exactly_the_columns_that_know_the_outcome(make):
    study, data = leaky(make)
    leaks = assess_quality(data, study).leaks.set_index("column")
    assert sorted(leaks.index) == ["companies.exit_reason", "companies.status", "score"]
    assert leaks["reason"].to_dict() == {
        "companies.exit_reason": "filled",
        "companies.status": "predicts",
        "score": "predicts",
    }
    assert leaks.loc["score", "auc"] > 0.99
    assert leaks.loc["companies.exit_reason", "filled_without"] == 0


def test_screen_leaks_pure_noise_finds_nothing(make):
    for seed in range(5):
        study, data = leaky(make, seed=seed)
        companies = data["companies"].drop(columns=["exit_reason", "status"])
        companies["score"] = np.random.default_rng(seed).normal(size=len(companies))
        companies["rare"] = np.where(np.random.default_rng(seed).random(len(companies)) < 0.05, 1.0, np.nan)
        noise = make.data(companies=companies, events=None, survey=None)
        assert screen_leaks(build_features(noise, study).values, noise, study).empty


def test_describe_leaks_says_the_numbers(make):
    study, data = leaky(make)
    callout = describe_leaks(assess_quality(data, study), study)
    assert callout.kind == "caution"
    assert callout.title == "3 columns give an outcome away."
    assert "with “churned” and for none without it." in callout.text
    assert "Columns that were not read" in callout.text


def test_describe_leaks_without_outcome_is_absent(study, data):
    assert describe_leaks(assess_quality(data, study), study).kind == "absent"


def test_describe_quality_counts_in_words(study, data):
    text = str(describe_quality(assess_quality(data, study), study))
    assert "3 accounts are described by 5 variables." in text
    assert "Of the 4 accounts in companies, 4 (100%) are also in events and 3 (75%) in survey." in text
    assert "2 of 4 survey answers (50.0%) are not believed" in text
    assert (
        "1 of the accounts was left out because it is a second account of an organisation that is already in." in text
    )


def test_describe_quality_without_survey_and_gaps_is_true(make):
    study, data = leaky(make)
    text = str(describe_quality(assess_quality(data, study), study))
    assert "No variable has missing values." in text
    assert "survey" not in text


def test_tabulate_tables_have_n_and_rows(study, data):
    quality = assess_quality(data, study)
    assert tabulate_accounts(quality).caption.endswith("n = 19 rows read from 3 sources.")
    assert tabulate_linkage(quality, study).as_json()["rows"][0] == ["companies", "events", "4", "4", "100.0%", "0"]
    assert "n = 3 accounts" in tabulate_missing(quality, study).caption
    assert len(tabulate_careless(quality, study).frame) == 3


def test_bergsma_v_independent_tables_average_near_zero():
    """Published behaviour: n = 100, 5 x 6, independence; the naive mean is .223, the corrected .050."""
    rng = np.random.default_rng(2)
    tables = rng.multinomial(100, np.full(30, 1 / 30), size=4000).reshape(-1, 5, 6).astype(float)
    assert bergsma_v(tables).mean() == pytest.approx(0.050, abs=0.01)


def test_bergsma_v_single_row_is_not_a_number():
    assert math.isnan(bergsma_v(np.array([[3.0, 4.0]])))


def test_describe_leaks_outcome_too_rare_is_not_called_clean(make):
    study, data = leaky(make)
    quality = assess_quality(data, study)
    rare = replace(quality, leaks=quality.leaks.iloc[:0], screened=(12, ("churned",)))
    assert describe_leaks(rare, study).kind == "absent"
    clean = replace(quality, leaks=quality.leaks.iloc[:0], screened=(12, ()))
    assert clean is not rare and describe_leaks(clean, study).title == "No column that was read gives an outcome away."
