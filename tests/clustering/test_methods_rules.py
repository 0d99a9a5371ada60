"""Rules are a partition or an error, and place as they read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import Solution, assign_segments, compare_solutions, fit_segments
from segmentation.clustering.methods import describe_model_comparison, rule_names
from segmentation.clustering.methods.conditions import parse_condition
from segmentation.clustering.methods.rules import compile_rules
from segmentation.errors import ParameterError, StudyError
from segmentation.features import fit_encoder
from segmentation.study import Choices, Variable

SIZE = Variable(name="size", source="crm", kind="firmographic", role="base", transform="log1p")
TRADE = Variable(name="trade", source="crm", kind="firmographic", role="base", level="nominal")
GRADE = Variable(
    name="grade", source="crm", kind="firmographic", role="base", level="ordinal", levels=("low", "mid", "top")
)
PAID = Variable(name="paid", source="crm", kind="firmographic", role="base", level="binary")
BASE = (SIZE, TRADE, GRADE, PAID)


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    random = np.random.default_rng(8)
    table = pd.DataFrame(
        {
            "size": random.integers(0, 200, 300).astype(float),
            "trade": random.choice(["health", "retail", "care"], 300),
            "grade": random.integers(1, 4, 300).astype(float),
            "paid": random.integers(0, 2, 300).astype(float),
        },
        index=[f"u{i}" for i in range(300)],
    )
    table.loc["u0", "size"] = np.nan
    table.loc["u1", "trade"] = None
    table.loc["u2", "size"] = 50.0
    return table


def build(content, features, base=BASE):
    return compile_rules(content, base, features, fit_encoder(features, base), file="rules.yaml")


def segments(*rules):
    return {"segments": [{"name": name, "when": when} for name, when in rules]}


def place(content, features):
    encoder = fit_encoder(features, BASE)
    encoded = encoder.encode(features)
    rules = compile_rules(content, BASE, features, encoder)
    solution = fit_segments(encoded, 2, choices=Choices(), method="rules", rules=rules, levels=encoder.levels)
    back = Solution.from_dict(json.loads(json.dumps(solution.to_dict(), allow_nan=False)))
    found = assign_segments(back, encoded)
    return found["segment"].map(rule_names(back)), found


def test_rules_place_as_they_read(features):
    content = segments(
        ("big care", {"size": ">= 50", "trade": ["health", "care"]}),
        ("big shop", {"size": ">= 50", "trade": "retail"}),
        ("small", {"size": ["< 50", "missing"]}),
    )
    named, found = place(content, features)
    big, shop = features["size"] >= 50, features["trade"] == "retail"
    expected = np.where(~big, "small", np.where(shop, "big shop", "big care"))
    known = features["trade"].notna() | ~big
    assert named[known].tolist() == expected[known].tolist()
    assert named["u2"] in ("big care", "big shop") and named["u0"] == "small"
    assert (found.loc[found["segment"].notna(), "probability"] == 1).all() and found["second"].isna().all()


def test_rules_missing_value_without_a_rule_for_it_is_unplaced(features):
    content = segments(("small", {"size": "< 50"}), ("big", {"size": ">= 50"}))
    named, found = place(content, features)
    assert pd.isna(named["u0"]) and found.loc["u0", "basis"] == "unplaced"


def test_rules_gaps_and_overlaps_are_all_listed_with_an_example(features):
    content = segments(
        ("A", {"size": ">= 50", "trade": ["health", "care"]}),
        ("B", {"size": "10..40", "trade": "retail"}),
        ("C", {"size": "> 30"}),
    )
    with pytest.raises(StudyError, match="4 problems") as caught:
        build(content, features)
    said = [str(violation) for violation in caught.value.violations]
    assert any(
        "no rule holds where size is at most 30 and trade is care or health (for instance size 9" in s for s in said
    )
    assert any("no rule holds where size is below 10 and trade is retail" in s for s in said)
    assert any("rules 'A' and 'C' both hold where size is 50 or more and trade is care or health" in s for s in said)
    assert any("rules 'B' and 'C' both hold where size is between 30 and 40 and trade is retail" in s for s in said)


def test_rules_border_left_out_is_a_gap(features):
    with pytest.raises(StudyError, match="no rule holds where size is 50"):
        build(segments(("small", {"size": "< 50"}), ("big", {"size": "> 50"})), features)


def test_rules_level_that_no_rule_names_is_a_gap(features):
    with pytest.raises(StudyError, match="no rule holds where trade is care"):
        build(segments(("A", {"trade": "health"}), ("B", {"trade": "retail"})), features)


@pytest.mark.parametrize("seed", range(5))
def test_rules_proof_agrees_with_looking_at_many_points(seed, features):
    random = np.random.default_rng(seed)
    cuts = np.sort(random.choice(np.arange(5, 150, 5), 3, replace=False)).tolist()
    edges = [(None, cuts[0]), (cuts[0], cuts[1]), (cuts[1], cuts[2]), (cuts[2], None)]
    words = [f"< {b}" if a is None else f">= {a}" if b is None else f"{a}..{b}" for a, b in edges]
    rules = [(f"R{i}", {"size": word, "paid": "yes"}) for i, word in enumerate(words)] + [("free", {"paid": "no"})]
    whole = compile_rules(segments(*rules), BASE, features, fit_encoder(features, BASE))
    assert len(whole["rules"]) == 5
    drop = int(random.integers(5))
    with pytest.raises(StudyError, match="no rule holds"):
        build(segments(*(rule for i, rule in enumerate(rules) if i != drop)), features)


def test_rules_cells_cross_and_name_themselves(features):
    content = {
        "cells": [
            {"variable": "size", "cuts": [50, 100]},
            {"variable": "grade", "levels": {"poor": ["low"], "good": ["mid", "top"]}},
        ]
    }
    named, _ = place(content, features)
    sizes = pd.cut(
        features["size"],
        [-np.inf, 50, 100, np.inf],
        right=False,
        labels=["size below 50", "size 50 to below 100", "size 100 or more"],
    )
    grades = np.where(features["grade"] > 1, "good", "poor")
    expected = sizes.astype(str) + ", " + grades
    assert (named.drop("u0") == expected.drop("u0")).all()


def test_rules_cells_quantiles_are_even_and_kept(features):
    named, _ = place({"cells": [{"variable": "size", "quantiles": 4}]}, features)
    assert named.value_counts().between(65, 85).all() and named.nunique() == 4


def test_rules_ordinal_compares_by_level_name(features):
    named, _ = place(segments(("lower", {"grade": "< top"}), ("upper", {"grade": ">= top"})), features)
    assert (named == "upper").sum() == (features["grade"] == 3).sum()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (segments(("A", {"sze": "> 1"}), ("B", {})), "no such base variable.*Did you mean 'size'"),
        (segments(("A", {"trade": "helth"}), ("B", {})), "trade has no level 'helth'.*Did you mean 'health'"),
        (segments(("A", {"size": "about 3"}), ("B", {})), "condition of size must be like '>= 3'.*got 'about 3'"),
        (segments(("A", {"size": "5..2"}), ("B", {})), "'5..2' holds for nothing"),
        (segments(("A", {"size": "__import__('os')"}), ("B", {})), "condition of size must be like"),
        (segments(("A", {"size": "< 5"}), ("A", {"size": ">= 5"})), "segment name stands twice"),
        ({"segments": [{"name": "A"}, {"name": "B"}]}, "each segment has a name and when"),
        ({"segments": [{"name": "A", "when": {}}]}, "segments must be a list of 2 to 30 rules"),
        ({"rules": []}, "rules need one key: segments or cells"),
        ({"cells": []}, "cells must be a list"),
        ({"cells": [{"variable": "size", "cuts": [3, 2]}]}, "cuts must rise"),
        ({"cells": [{"variable": "size", "quantiles": 1}]}, "quantiles must be a whole number from 2 to 10"),
        ({"cells": [{"variable": "trade", "cuts": [3]}]}, "trade has names, not numbers; give levels"),
        ({"cells": [{"variable": "size", "levels": ["a"]}]}, "size is a number and has no levels"),
        ({"cells": [{"variable": "size", "cuts": [1], "quantiles": 2}]}, "each cell has a base variable and one of"),
        ({"cells": [{"variable": "size", "quantiles": 10}, {"variable": "grade", "levels": ["low", "mid", "top"]},
                    {"variable": "paid", "levels": ["yes"]}]}, "paid is a number and has no levels|cells make"),
    ],
)  # fmt: skip
def test_rules_mistakes_are_said(content, message, features):
    with pytest.raises(StudyError, match=message):
        build(content, features)


def test_rules_too_many_cells_say_how_many(features):
    content = {"cells": [{"variable": "size", "quantiles": 10}, {"variable": "grade", "levels": ["low", "mid", "top"]},
                         {"variable": "paid", "cuts": [1]}]}  # fmt: skip
    with pytest.raises(StudyError, match="cells make 60 segments, at most 30"):
        build(content, features)


def test_fit_segments_rules_without_rules_is_refused(features):
    encoded = fit_encoder(features, BASE).encode(features)
    with pytest.raises(ParameterError, match="method 'rules' needs rules"):
        fit_segments(encoded, 2, choices=Choices(), method="rules", levels=fit_encoder(features, BASE).levels)


def test_compare_solutions_rules_are_given_and_no_evidence(features):
    encoder = fit_encoder(features, BASE)
    rules = build(segments(("no", {"paid": "no"}), ("yes", {"paid": "yes"})), features)
    comparison = compare_solutions(
        encoder.encode(features),
        range(2, 5),
        choices=Choices(references=19),
        method="rules",
        rules=rules,
        levels=encoder.levels,
    )
    assert (comparison.recommended, comparison.recommendation.rule) == (2, "given")
    assert comparison.standing == "given by the rules"
    assert "says nothing about the data" in str(describe_model_comparison(comparison))


@pytest.mark.parametrize(
    ("text", "low", "high"), [("= 3", 3.0, 3.0), (3, 3.0, 3.0), (">=-1.5", -1.5, None), ("1e2..2e2", 100.0, 200.0)]
)
def test_parse_condition_forms(text, low, high):
    found = parse_condition(text, SIZE)
    assert (found.low, found.high) == (low, high)
