"""Real moves are told apart from noise: recovery in worlds made by hand, a world in which nobody moves, and what cannot be judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import assign_segments, describe_real_moves, estimate_moves, fit_segments
from segmentation.clustering.moving import fit_moves
from segmentation.display import Callout
from segmentation.errors import ParameterError
from segmentation.study import Choices

CENTRES = np.array([[-2.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 3.0, 1.0]])


def _world(movers, n=600, lasting=0.8, wobble=0.6, seed=1):
    """Two quarters of units around three centres; whoever moves keeps what sets it apart."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, n)
    changed = rng.random(n) < movers
    second = np.where(changed, (first + rng.integers(1, 3, n)) % 3, first)
    own = lasting * rng.standard_normal((n, 3))
    tables = [
        pd.DataFrame(
            CENTRES[z] + own + wobble * rng.standard_normal((n, 3)),
            columns=list("abc"),
            index=[f"u{i:04d}" for i in range(n)],
        )
        for z in (first, second)
    ]
    return *tables, pd.Series(changed, index=tables[0].index)


def _estimate(old, new, **given):
    solution = fit_segments(old, 3, choices=Choices(starts=5))
    return estimate_moves(solution, old, new, assign_segments(solution, old), assign_segments(solution, new), **given)


@pytest.mark.parametrize(("movers", "seed"), [(0.06, 1), (0.06, 2), (0.15, 3)])
def test_estimate_moves_recovers_the_planted_rate_and_calls_clear_what_is_real(movers, seed):
    old, new, changed = _world(movers, seed=seed)
    real = _estimate(old, new)
    assert real.lower <= changed.mean() <= real.upper and real.upper - real.lower < 0.08
    assert real.seen / real.n > 1.2 * changed.mean()  # many more move as scored
    clear = real.units.index[real.units["clear"]]
    assert changed[clear].mean() > 0.9 and changed[clear].sum() > 0.6 * changed.sum()
    assert abs(real.seen / real.n - real.expected) < 0.03


def test_estimate_moves_finds_next_to_nothing_where_nobody_moved():
    old, new, _ = _world(0.0)
    real = _estimate(old, new)
    assert real.seen / real.n > 0.04 and abs(real.noise - real.seen / real.n) < 0.02
    assert real.rate < 0.015 and real.lower == 0 and real.units["clear"].sum() <= 3


def test_probabilities_of_moves_mean_what_they_say():
    parts = [
        (_estimate(old, new).units, changed) for old, new, changed in (_world(0.08, seed=seed) for seed in (4, 5, 6))
    ]
    table = pd.concat([units.assign(real=changed.reindex(units.index)) for units, changed in parts])
    for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        part = table[table["probability"].between(low, high, inclusive="left")]
        expected, doubt = part["probability"].sum(), (part["probability"] * (1 - part["probability"])).sum() ** 0.5
        assert abs(part["real"].sum() - expected) < 3 * doubt + 0.02 * len(part), (low, high, len(part))


def test_fit_moves_posterior_by_hand_where_everything_is_plain():
    values = np.array([[-5.0, -5.1], [-5.2, -4.9], [5.0, 5.1], [5.1, 4.8], [-4.9, 5.0]] * 8)
    model = fit_moves(values + np.linspace(-0.1, 0.1, len(values))[:, None], np.array([[-5.0], [5.0]]))
    assert np.allclose(model.posterior[4], [[0, 1], [0, 0]], atol=1e-6)
    assert np.allclose(model.chances, [[0.4, 0.2], [0, 0.4]], atol=0.01)


def test_fit_moves_fills_gaps_and_the_same_answer_is_no_second_one():
    old, new, changed = _world(0.06)
    full = _estimate(old, new)
    gaps = new.copy()
    gaps.loc[gaps.index[::3], "c"] = np.nan
    assert abs(_estimate(old, gaps).rate - full.rate) < 0.03
    carried = new.assign(c=old["c"])  # last quarter's answer laid beside new counts
    told, naive = _estimate(old, carried, again={"c"}), _estimate(old, carried)
    assert (
        abs(told.rate - changed.mean()) < abs(naive.rate - changed.mean()) + 0.01
        and told.lower <= changed.mean() <= told.upper
    )


def test_units_there_in_part_only_are_set_apart():
    old, new, _ = _world(0.06)
    whole = pd.Series(True, index=new.index)
    whole.iloc[:100] = False
    real = _estimate(old, new, whole=whole)
    assert real.n == 500 and not real.units.loc[~real.units["whole"], "clear"].any()
    assert real.units.loc[~real.units["whole"], "probability"].isna().all()
    assert "their counts are of part of a quarter" in str(describe_real_moves(real, units="accounts"))


def test_moves_between_parts_that_the_team_counts_as_one_are_none():
    old, new, _ = _world(0.2)
    solution = fit_segments(old, 3, choices=Choices(starts=5))
    one = replace(solution, merged={"S3": "S1"})
    rates = [
        estimate_moves(s, old, new, assign_segments(s, old), assign_segments(s, new)).rate for s in (solution, one)
    ]
    assert rates[1] < 0.85 * rates[0]


def test_describe_real_moves_says_every_number_and_withholds_few():
    old, new, _ = _world(0.06)
    told = str(describe_real_moves(_estimate(old, new), units="accounts"))
    assert (
        "seem to have changed segment" in told
        and "really changed (95 % interval" in told
        and "a probability of at least 90% of being real" in told
    )
    few = _estimate(*_world(0.0)[:2])
    assert "fewer than 10 of the moves" in str(
        describe_real_moves(few)
    ).lower() or "No single move is real with" in str(describe_real_moves(few))


def test_what_cannot_be_judged_is_said():
    old, new, _ = _world(0.06, n=25)
    few = _estimate(old, new)
    told = describe_real_moves(few)
    assert isinstance(told, Callout) and "are too few for 3 base variables" in told.text
    assert few.units["probability"].isna().all() and not few.units["clear"].any()
    assert few.as_table().loc[0, "reason"] == few.reason
    with pytest.raises(ParameterError, match=r"precision must be over 0\.5 and under 1; got 1"):
        _estimate(old, new, precision=1)
