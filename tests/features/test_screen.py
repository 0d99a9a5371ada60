from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.features import build_features, describe_base, screen_base, tabulate_base
from segmentation.features.screen import find_identical

SOURCES = {"companies": {"path": "companies.csv", "format": "hubspot.companies"}}


def numbers(make, names, levels=None):
    levels = levels or {}
    variables = [
        {
            "name": name,
            "from": "companies",
            "kind": "firmographic",
            "role": "base",
            "level": levels.get(name, "numeric"),
        }
        for name in names
    ]
    method = "medoids" if "nominal" in levels.values() else "kmeans"
    return make.study(variables, sources=SOURCES, segmentations={"size": {"base": list(names), "method": method}})


def table(n=60, **columns):
    random = np.random.default_rng(5)
    base = {"price": random.lognormal(3, 1, n), "staff": random.lognormal(2, 1, n)}
    return pd.DataFrame({**base, **columns}, index=pd.Index([f"U{i:02d}" for i in range(n)], name="company_id"))


def companies(make, values):
    made = values.assign(created_at=pd.Timestamp("2025-01-01"))
    return make.data(companies=made, events=None, survey=None)


@pytest.mark.parametrize("factor", [1.0, 100.0, -2.0])
def test_build_features_base_variable_twice_is_refused_with_both_names(make, factor):
    values = table()
    values["cents"] = values["price"] * factor
    with pytest.raises(
        DataContractError, match=r"column 'cents': base variable is a copy of 'price'.*count twice in every distance"
    ):
        build_features(companies(make, values), numbers(make, ["price", "staff", "cents"]))


def test_build_features_other_gaps_are_no_copy(make):
    values = table()
    values["cents"] = values["price"].where(np.arange(60) > 3) * 100
    study = numbers(make, ["price", "staff", "cents"])
    features = build_features(companies(make, values), study)
    callout = describe_base(screen_base(features, study), study)
    assert callout.title == "1 pair of base variables says nearly the same."
    assert "“price” and “cents” (1.00; n = 56)" in callout.text
    assert "2 of the 3 parts" in callout.text


def test_find_identical_few_units_are_not_judged():
    class One:
        def __init__(self, name):
            self.name, self.level, self.transform = name, "numeric", "none"

    values = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0]})
    assert find_identical(values, (One("a"), One("b"))) == []


def test_screen_base_strongest_first_and_below_the_limit_left_out(make):
    random = np.random.default_rng(3)
    values = table(200)
    values["near"] = values["price"] + 0.3 * values["price"].std() * random.standard_normal(200)
    values["nearer"] = -values["price"] + 0.1 * values["price"].std() * random.standard_normal(200)
    study = numbers(make, ["price", "staff", "near", "nearer"])
    screen = screen_base(values, study)
    assert screen.pairs[["first", "second"]].iloc[0].tolist() == ["price", "nearer"]
    assert screen.pairs["strength"].iloc[0] < -0.98
    assert not screen.pairs["first"].eq("staff").any()
    assert screen.compared == 6
    assert tabulate_base(screen, study).frame.shape == (len(screen.pairs), 4)


def test_screen_base_names_by_cramers_v_and_mixed_pairs_not_compared(make):
    random = np.random.default_rng(3)
    trade = random.choice(["a", "b", "c"], 120)
    values = table(120, trade=trade, code=pd.Series(trade).map({"a": "x", "b": "y", "c": "z"}).to_numpy())
    study = numbers(make, ["price", "trade", "code"], {"trade": "nominal", "code": "nominal"})
    screen = screen_base(values, study)
    assert screen.compared == 1
    assert screen.pairs[["first", "second", "kind"]].values.tolist() == [["trade", "code", "names"]]
    assert find_identical(values, study.base) == [("trade", "code")]


def test_describe_base_nothing_alike_and_nothing_to_compare(make):
    study = numbers(make, ["price", "staff"])
    assert "none says nearly the same" in str(describe_base(screen_base(table(), study), study))
    assert describe_base(screen_base(table(5), study), study).kind == "absent"


def test_screen_base_input_is_not_changed(make):
    values = table()
    copy = values.copy()
    screen_base(values, numbers(make, ["price", "staff"]))
    pd.testing.assert_frame_equal(values, copy)
