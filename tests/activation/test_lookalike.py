"""Ranking of lookalikes: it must find what is planted, and say so where nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.activation.lookalike import find_lookalikes, first_seed_times
from segmentation.activation.lookalike_model import recovery_at
from segmentation.activation.lookalike_words import describe_lookalikes, tabulate_bands, tabulate_likeness
from segmentation.errors import ParameterError
from segmentation.period import Period
from segmentation.study import Study

from .conftest import STUDY

QUARTER = Period.parse("2026Q3")
NUMBERS = ("a", "b", "c", "d")


def make_study(**spec) -> Study:
    variables = [{"name": name, "from": "table", "kind": "behavioural"} for name in NUMBERS]
    variables += [
        {"name": "webinars", "from": "table", "kind": "intent", "measure": "events", "events": ["webinar"]},
        {"name": "trade", "from": "table", "kind": "firmographic", "level": "nominal"},
        {"name": "churned", "from": "table", "kind": "behavioural", "role": "outcome", "level": "binary"},
    ]
    content = {
        **STUDY,
        "variables": variables,
        "segmentations": {"main": {"base": ["a", "b"]}},
        "choices": {"draws": 400},
    }
    return Study.model_validate({**content, "lookalike": {"seed": ["webinar"], "label": "attended a webinar", **spec}})


def plant(
    weights: dict[str, float], n: int = 2000, seed: int = 1, rate: float = -1.6
) -> tuple[pd.DataFrame, pd.Series]:
    """Units whose chance to become a seed follows the weights, in the quarter before and again in the period."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"u{i}" for i in range(n)], name="unit_id")
    values = pd.DataFrame(rng.normal(size=(n, 4)), index=index, columns=NUMBERS)
    values["webinars"], values["churned"] = 0.0, rng.integers(0, 2, n).astype(float)
    values["trade"] = rng.choice(["x", "y"], n)
    chance = 1 / (1 + np.exp(-(rate + sum(w * values[name] for name, w in weights.items()))))
    early, late = rng.random(n) < chance, rng.random(n) < chance
    times = pd.Series(pd.NaT, index=index, dtype="datetime64[ns]")
    times[late], times[early] = pd.Timestamp("2026-08-01"), pd.Timestamp("2026-05-01")
    values["webinars"] = early.astype(float)
    return values, times.dropna()


def test_find_lookalikes_signal_in_several_variables_beats_the_rule():
    values, times = plant({"a": 1.2, "b": -1.2, "c": 1.2})
    copy = values.copy()
    found = find_lookalikes(values, values, times, make_study(bands=(0.05, 0.2)), QUARTER)
    pd.testing.assert_frame_equal(values, copy)
    assert found.verdict == "beats the rule" and found.rule in ("a", "b", "c") and found.auc > 0.75
    assert found.recovery["model"].is_monotonic_increasing and found.recovery["chance"].tolist() == pytest.approx(
        [0.05, 0.2], abs=0.001
    )
    assert found.hidden == (times > QUARTER.start).sum() and found.seeds_then + found.pool_then == 2000
    assert "It may be used" in str(describe_lookalikes(found, make_study()))
    assert found.without_rule < found.recovery["model"].iloc[-1]


def test_find_lookalikes_one_variable_alone_is_told_to_be_enough():
    values, times = plant({"a": -1.5})
    found = find_lookalikes(values, values, times, make_study(bands=(0.2,)), QUARTER)
    assert (found.verdict, found.rule, found.rule_high) == ("beats chance only", "a", False)
    assert "take the rule" in str(describe_lookalikes(found, make_study()))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_find_lookalikes_noise_beats_nothing(seed):
    values, times = plant({}, seed=seed)
    found = find_lookalikes(values, values, times, make_study(bands=(0.1,)), QUARTER)
    assert found.verdict == "beats nothing" and 0.4 < found.auc < 0.6
    assert "Do not choose whom to contact by it" in str(describe_lookalikes(found, make_study()))


def test_find_lookalikes_leaves_out_what_gives_seeds_away():
    values, times = plant({"a": 1.0})
    leaky = values.assign(d=values.index.isin(times.index[times < QUARTER.start]) * 1.0)
    found = find_lookalikes(leaky, leaky, times, make_study(bands=(0.1,)), QUARTER)
    assert found.left_out.set_index("variable")["why"].to_dict() == {
        "webinars": "it counts what makes a seed", "churned": "its role is outcome", "d": "it gives seeds away",
    }  # fmt: skip
    assert "“d” (it gives seeds away)" in str(describe_lookalikes(found, make_study()))


def test_find_lookalikes_ranks_no_seed_and_nobody_suppressed():
    values, times = plant({"a": 1.0})
    spared = values.index.difference(times.index)[:50]
    found = find_lookalikes(values, values, times, make_study(bands=(0.01, 0.1)), QUARTER, leave_out=spared)
    assert not found.ranking.index.isin(times.index).any() and not found.ranking.index.isin(spared).any()
    assert found.ranking["place"].tolist() == list(range(1, len(found.ranking) + 1))
    assert found.ranking["band"].value_counts().to_dict() == {
        0.01: int(np.ceil(0.01 * len(found.ranking))),
        0.1: int(np.ceil(0.1 * len(found.ranking))) - int(np.ceil(0.01 * len(found.ranking))),
    }
    again = find_lookalikes(values, values, times, make_study(bands=(0.01, 0.1)), QUARTER, leave_out=spared)
    pd.testing.assert_frame_equal(found.ranking, again.ranking)
    shown = tabulate_bands(found, units="accounts")
    assert shown.frame["ranked first"].tolist() == ["1%", "10%"] and "accounts now" in shown.frame
    assert len(tabulate_likeness(found, make_study()).frame) == 4


def test_find_lookalikes_too_few_is_said():
    values, times = plant({"a": 1.0})
    found = find_lookalikes(values, values, times.head(12), make_study(), QUARTER)
    callout = describe_lookalikes(found, make_study())
    assert found.verdict == "too few" and callout.kind == "absent" and "at least 20 of each" in callout.text
    assert tabulate_bands(found).frame.empty and found.ranking.empty


def test_find_lookalikes_missing_values_and_constants_do_not_stop_it():
    values, times = plant({"a": 1.0})
    values = values.assign(b=1.0, c=np.nan, d=values["d"].where(values["d"] > 0))
    found = find_lookalikes(values, values, times, make_study(bands=(0.1,)), QUARTER)
    assert set(found.left_out["variable"]) >= {"b", "c"} and found.ranking["score"].notna().all()


def test_describe_lookalikes_not_asked_for():
    callout = describe_lookalikes(None, make_study())
    assert callout.kind == "absent" and "lookalike.seed" in callout.text


def test_find_lookalikes_of_a_study_without_is_refused():
    values, times = plant({})
    study = make_study().model_copy(update={"lookalike": None})
    with pytest.raises(ParameterError, match="the study has no lookalike"):
        find_lookalikes(values, values, times, study, QUARTER)


def test_first_seed_times_unknown_event_is_refused():
    events = pd.DataFrame({"unit_id": ["a"], "event": ["open"], "timestamp": pd.to_datetime(["2026-01-01"])})
    with pytest.raises(ParameterError, match=r"lookalike\.seed: no event 'webinar' before the end"):
        first_seed_times(events, "unit_id", ("webinar",))


def test_recovery_at_by_hand():
    hidden = np.array([True, False, True, True])
    assert [recovery_at(np.array([4.0, 3.0, 2.0, 1.0]), hidden, k) for k in (0, 1, 2, 3, 4)] == pytest.approx(
        [0, 1 / 3, 1 / 3, 2 / 3, 1]
    )


@pytest.mark.parametrize("bands", [(0.1, 0.05), (0.0,), (0.6,), (0.1, 0.1)])
def test_lookalike_bands_must_grow(bands):
    with pytest.raises(ValueError, match="bands must grow"):
        make_study(bands=bands)
