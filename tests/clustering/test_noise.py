from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    assign_segments,
    compare_with_noise,
    describe_migration,
    describe_noise,
    fit_segments,
    measure_noise,
    migration_table,
    tabulate_migration,
    tabulate_noise,
)
from segmentation.display import Callout
from segmentation.errors import ParameterError
from segmentation.study import Choices

QUICK = Choices(starts=3)


def _encoded(gap, n=60, seed=1):
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.normal(centre, 1, (n, 2)) for centre in ((-gap, 0), (gap, 0))])
    return pd.DataFrame(rows, columns=["a", "b"], index=[f"u{i:03d}" for i in range(2 * n)])


def test_measure_noise_far_apart_is_nil_and_close_is_not():
    found = []
    for gap in (6.0, 0.3):
        encoded = _encoded(gap)
        solution = fit_segments(encoded, 2, choices=QUICK)
        noise = measure_noise(encoded, solution, choices=QUICK, draws=8)
        assert noise.groupby("draw")["n"].sum().eq(120).all()
        found.append(noise.loc[noise["from"] != noise["to"], "n"].sum() / noise["n"].sum())
    assert found[0] == 0 and found[1] > 0.05


def test_measure_noise_is_of_the_partition_and_not_of_its_labels():
    encoded = _encoded(2.0)
    solution = fit_segments(encoded, 2, choices=QUICK)
    swapped = solution.rename(["S2", "S1"], {"S1", "S2"})
    first, second = (measure_noise(encoded, one, choices=QUICK, draws=5) for one in (solution, swapped))
    share = [one.loc[one["from"] != one["to"], "n"].sum() for one in (first, second)]
    assert share[0] == share[1]


def test_measure_noise_takes_what_the_method_takes():
    encoded = _encoded(2.0)
    weights = pd.Series(np.linspace(1, 2, len(encoded)), index=encoded.index)
    solution = fit_segments(encoded, 2, choices=QUICK, weights=weights)
    assert (
        measure_noise(encoded, solution, choices=QUICK, draws=5, method="kmeans", weights=weights)["draw"].nunique()
        == 5
    )
    with pytest.raises(ParameterError, match="draws must be at least 5; got 2"):
        measure_noise(encoded, solution, choices=QUICK, draws=2)


def test_compare_with_noise_counts_by_hand():
    before = pd.DataFrame({"segment": ["S1"] * 40 + ["S2"] * 60}, index=[f"u{i}" for i in range(100)])
    now = before.assign(segment=["S2"] * 20 + ["S1"] * 20 + ["S2"] * 60)
    noise = pd.DataFrame(
        [(a, b, draw, n, base) for draw in range(5) for a, b, n, base in (("S1", "S1", 38, 40), ("S1", "S2", 2, 40),
         ("S2", "S1", 0, 60), ("S2", "S2", 60, 60))], columns=["from", "to", "draw", "n", "base"],
    )  # fmt: skip
    moved = pd.DataFrame(
        {"from": "S1", "to": "S2", "probability": [0.5] * 8 + [1.0] * 12, "clear": [False] * 8 + [True] * 12}
    )
    table = compare_with_noise(migration_table(before, now), noise, moved).set_index(["from", "to"])
    row, total = table.loc[("S1", "S2")], table.loc[("all", "all")]
    assert (row["n"], row["base"], row["clear"], row["real"], row["noise"], row["beyond"]) == (
        20,
        40,
        12,
        16,
        0.05,
        True,
    )
    assert (total["n"], total["base"], total["clear"], total["real"], total["noise"]) == (20, 100, 12, 16, 0.02)
    assert not table.loc[("S2", "S1"), "beyond"] and table.loc[("S2", "S1"), "real"] == 0
    told = str(describe_noise(table.reset_index(), units="accounts"))
    assert "no part of the 20 moves above" in told and "S1 to S2 (about 16 of 20)" in told
    assert "would put 2.0% of the accounts into another one" in told
    shown = tabulate_noise(table.reset_index(), units="accounts").frame
    assert shown["Before"].tolist() == ["any", "S1"] and shown["Likely real"].tolist() == [16, 16]
    hidden = tabulate_noise(table.reset_index(), units="accounts", min_cell=15).frame
    assert hidden["Clear"].isna().all()


def test_same_answers_move_nobody_though_a_refit_moves_some():
    encoded = _encoded(1.0)
    solution = fit_segments(encoded, 2, choices=QUICK)
    before, now = assign_segments(solution, encoded), assign_segments(solution, encoded.copy())
    noise = measure_noise(encoded, solution, choices=QUICK, draws=8)
    total = compare_with_noise(migration_table(before, now), noise).set_index("from").loc["all"]
    assert total["n"] == 0 < total["noise"]  # so a refit is no null for moves, and is not told as one


def test_compare_with_noise_without_draws_says_so_and_claims_nothing():
    before = pd.DataFrame({"segment": ["S1", "S2"], "margin": 0.5}, index=["a", "b"])
    compared = compare_with_noise(
        migration_table(before, before), pd.DataFrame(columns=["from", "to", "draw", "n", "base"])
    )
    assert not compared["beyond"].any() and isinstance(describe_noise(compared), Callout)
    nobody = compare_with_noise(migration_table(before, before.set_axis(["c", "d"])), pd.DataFrame())
    assert describe_noise(nobody).title == "Nobody is in a segment in both quarters."


def test_describe_noise_without_known_real_moves_names_flows_larger_than_a_refit():
    before = pd.DataFrame({"segment": ["S1"] * 40 + ["S2"] * 60}, index=[f"u{i}" for i in range(100)])
    now = before.assign(segment=["S2"] * 20 + ["S1"] * 20 + ["S2"] * 60)
    noise = pd.DataFrame([("S1", "S2", draw, 1, 40) for draw in range(5)], columns=["from", "to", "draw", "n", "base"])
    compared = compare_with_noise(migration_table(before, now), noise)
    assert "Flows larger than a refit moves: S1 to S2 (20 of 40)." in str(describe_noise(compared))
    assert "No single flow of a size" in str(describe_noise(compared, min_cell=30))


def test_flows_beside_noise_cannot_be_worked_out_from_the_total():
    """133 moved in all; were only the flow of 3 withheld, the rest of the total would tell it."""
    flows = {"S1": {"S2": 40, "S3": 30}, "S2": {"S1": 25, "S3": 20}, "S3": {"S1": 15, "S2": 3}}
    rows = [(a, b) for a, to in flows.items() for b, n in {**to, a: 100}.items() for _ in range(n)]
    before, now = (pd.DataFrame({"segment": [row[i] for row in rows]}) for i in (0, 1))
    table = migration_table(before, now)
    compared = compare_with_noise(table, pd.DataFrame(), min_cell=10)
    shown = tabulate_noise(compared, units="accounts", min_cell=10)
    assert shown.frame["Moved"].iloc[0] == 133 and len(shown.frame) < 6
    square = tabulate_migration(table, min_cell=10).frame.set_index("before")
    dashed = {(a, b) for a, to in flows.items() for b in to if square.loc[a, f"now {b}"] == "–"}
    told = {(a, b) for a, b in shown.frame[["Before", "Now"]].itertuples(index=False) if a != "any"}
    assert (
        ("S3", "S2") in dashed
        and len(dashed) > 1
        and not dashed & told
        and told | dashed == {(a, b) for a, to in flows.items() for b in to}
    )
    still = pd.DataFrame({"segment": ["S1"] * 500 + ["S2"] * 3})
    few = str(describe_migration(migration_table(still.assign(segment="S1"), still), units="accounts"))
    assert "Fewer than 10 of the 503 accounts" in few and "%;" not in few
