from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    Solution,
    assign_segments,
    describe_match,
    describe_migration,
    fit_segments,
    match_segments,
    migration_table,
    tabulate_migration,
)
from segmentation.errors import ParameterError


def _solution(ids, sizes):
    index = pd.Index(ids, name="segment")
    centres = pd.DataFrame({"a": np.arange(float(len(ids))), "b": 1.0}, index=index)
    return Solution("s", centres, pd.Series(sizes, index=index), {}, 1, 0.4, tuple(ids))


def _members(text):
    """'aab' -> units 0, 1 in S1 and 2 in S2; '.' is a unit that is not there."""
    pairs = {f"u{i:02d}": f"S{ord(letter) - 96}" for i, letter in enumerate(text) if letter != "."}
    return pd.DataFrame({"segment": pd.Series(pairs, dtype="str")})


def _match(before, now, sizes=None, **options):
    members = _members(now)
    ids = sorted(members["segment"].unique())
    counts = members["segment"].value_counts()
    return match_segments(_solution(ids, sizes or [int(counts[i]) for i in ids]), members, _members(before), **options)


def test_match_segments_permuted_labels_change_no_id(planted, quick):
    solution = fit_segments(planted, 6, choices=quick)
    membership = assign_segments(solution, planted)
    before = assign_segments(fit_segments(planted.iloc[:500], 5, choices=quick), planted.iloc[:550])
    expected = match_segments(solution, membership, before)
    for order in list(itertools.permutations(range(6)))[::97]:
        names = [f"S{place + 1}" for place in order]
        mapping = dict(zip(solution.segments, names, strict=True))
        index = pd.Index(names, name="segment")
        changed = Solution(
            **{
                **solution.__dict__,
                "centres": solution.centres.set_axis(index),
                "sizes": solution.sizes.set_axis(index),
            }
        )
        moved = membership.assign(segment=membership["segment"].map(mapping), second=membership["second"].map(mapping))
        found = match_segments(changed, moved, before)
        pd.testing.assert_frame_equal(found.membership, expected.membership)
        pd.testing.assert_frame_equal(found.solution.centres, expected.solution.centres)
        assert found.solution.used_ids == expected.solution.used_ids


def test_match_segments_membership_follows_the_relabelled_centres(planted, quick):
    solution = fit_segments(planted, 6, choices=quick)
    before = assign_segments(fit_segments(planted.iloc[:500], 5, choices=quick), planted)
    match = match_segments(solution, assign_segments(solution, planted), before)
    pd.testing.assert_frame_equal(assign_segments(match.solution, planted), match.membership)


def test_match_segments_same_people_survive_under_old_ids():
    match = _match("bbbbaaa", "aaaabbb")
    assert match.table["state"].tolist() == ["survives", "survives"]
    assert match.membership["segment"].tolist() == ["S2"] * 4 + ["S1"] * 3
    assert match.solution.segments == ("S1", "S2")


def test_match_segments_new_id_is_never_a_used_one():
    match = _match("aaaaaa....", "aaaaaabbbb", used_ids=("S1", "S2", "S7"))
    assert match.solution.segments == ("S1", "S8")
    assert match.table["state"].tolist() == ["survives", "new"]
    assert match.solution.used_ids == ("S1", "S2", "S7", "S8")
    assert "S8 is new" in str(describe_match(match))


def test_match_segments_half_split_off_is_a_split():
    match = _match("aaaaaaaaaa", "aaaaaabbbb")
    assert match.table[["old", "new", "state"]].fillna("").values.tolist() == [
        ["S1", "S1", "survives"],
        ["", "S2", "split"],
    ]
    assert match.table.loc[1, "related"] == "S1"


def test_match_segments_swallowed_segment_is_merged():
    match = _match("aaaaaabbbb", "aaaaaaaaaa")
    assert match.table["state"].tolist() == ["survives", "merged"]
    assert match.table.loc[1, ["old", "related"]].tolist() == ["S2", "S1"]
    assert "most of its remaining members are now in S1" in str(describe_match(match))


def test_match_segments_scattered_segment_is_gone():
    match = _match("aaaaaabbbbbbcc", "aaaaaabbbbbbab")
    assert match.table.loc[match.table["old"] == "S3", "state"].tolist() == ["gone"]


def test_match_segments_below_threshold_is_not_forced():
    match = _match("aaaabbbb", "aabbaabb")
    assert set(match.table["state"]) == {"gone", "new"}
    assert match.solution.segments == ("S3", "S4")
    assert _match("aaaabbbb", "aabbaabb", threshold=0.3).table["state"].tolist() == ["survives", "survives"]


def test_match_segments_no_common_units_everything_is_new():
    match = _match("aabb....", "....aabb")
    assert sorted(match.table["state"]) == ["gone", "gone", "new", "new"]
    assert match.solution.segments == ("S3", "S4")


def test_match_segments_new_ids_go_by_size():
    match = _match("......", "aabbbb", used_ids=())
    assert match.membership["segment"].tolist() == ["S2"] * 2 + ["S1"] * 4


def test_match_segments_bad_input_says_what():
    members = _members("aabb")
    solution = _solution(["S1", "S2"], [2, 2])
    with pytest.raises(ParameterError, match="threshold must be over 0"):
        match_segments(solution, members, members, threshold=0)
    with pytest.raises(ParameterError, match="previous_membership needs a column segment"):
        match_segments(solution, members, members.rename(columns={"segment": "x"}))
    with pytest.raises(ParameterError, match="does not have: S2"):
        match_segments(_solution(["S1"], [2]), members, members)
    with pytest.raises(ParameterError, match="segment ids are S and a number; got noise"):
        match_segments(solution, members, members, used_ids=["noise"])


def test_migration_table_counts_shares_and_wilson_intervals(reference):
    before, now = _members("aaaaaaaabb.."), _members("aaaaaabb..ab")
    table = migration_table(before, now).set_index(["from", "to"])
    row = table.loc[("S1", "S2")]
    assert (row["n"], row["base"], row["share"], row["kind"]) == (2, 8, 0.25, "moved")
    assert (row["lower"], row["upper"]) == (
        pytest.approx(reference["wilson_2_of_8"]["lower"], abs=1e-5),
        pytest.approx(reference["wilson_2_of_8"]["upper"], abs=1e-5),
    )
    entered, left = (table[table["kind"] == kind] for kind in ("entered", "left"))
    assert entered["n"].tolist() == [1, 1]
    assert left["n"].tolist() == [0, 2]
    assert left["base"].tolist() == [8, 2]


def test_migration_table_every_unit_is_counted_once():
    random = np.random.default_rng(1)
    before, now = ("".join(random.choice(list("abc."), 60)) for _ in range(2))
    table = migration_table(_members(before), _members(now))
    here = sum(a != "." or b != "." for a, b in zip(before, now, strict=True))
    assert table["n"].sum() == here
    both = table[table["kind"].isin(["stayed", "moved"])]
    np.testing.assert_allclose(both.groupby("from")["share"].sum(), 1.0)


def test_migration_table_unplaced_units_enter_and_leave():
    before = pd.DataFrame({"segment": pd.Series(["S1", None], index=["a", "b"], dtype="str")})
    now = pd.DataFrame({"segment": pd.Series([None, "S1"], index=["a", "b"], dtype="str")})
    table = migration_table(before, now)
    assert table.set_index("kind")["n"].to_dict() == {"stayed": 0, "entered": 1, "left": 1}
    assert "nothing can be said about moves" in str(describe_migration(table))


def test_migration_table_repeated_unit_is_refused():
    members = _members("ab")
    with pytest.raises(ParameterError, match="membership has units twice: u00"):
        migration_table(members, pd.concat([members, members.iloc[:1]]))


def test_describe_migration_names_the_largest_move_and_the_noise():
    table = migration_table(_members("a" * 30 + "b" * 20), _members("a" * 15 + "b" * 15 + "b" * 20))
    text = str(describe_migration(table, units="accounts"))
    assert "15 of the 50 accounts in a segment in both periods changed segment (30%" in text
    assert "from S1 to S2: 15 of 30" in text
    assert "measurement noise" in text
    assert "from S1 to S2" not in str(describe_migration(table, min_cell=16))


def test_tabulate_migration_small_cells_cannot_be_worked_out():
    table = migration_table(_members("a" * 40 + "b" * 40), _members("a" * 35 + "b" * 5 + "b" * 40))
    frame = tabulate_migration(table, min_cell=10).frame.set_index("before")
    assert frame.loc["S1", ["now S1", "now S2"]].tolist() == ["–", "–"]
    assert frame.loc["S2"].tolist() == ["0", "–", "0"]  # 45 are in S2 now: the 5 would be 45 less 40


def test_match_segments_no_permutation_of_any_partition_changes_an_id():
    rng = np.random.default_rng(5)
    for _ in range(60):
        k, n = int(rng.integers(2, 7)), int(rng.integers(12, 60))
        labels = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
        before = np.where(rng.random(n) < 0.7, labels, rng.integers(0, 7, n))
        found = []
        for order in (np.arange(k), rng.permutation(k)):
            members = pd.DataFrame(
                {"segment": [f"S{order[label] + 1}" for label in labels]}, index=[f"u{i}" for i in range(n)]
            )
            ids = pd.Index([f"S{place + 1}" for place in range(k)], name="segment")
            origin = np.argsort(order)  # which label stands at each place
            centres = pd.DataFrame({"a": origin.astype(float), "b": 1.0}, index=ids)
            sizes = pd.Series([int((labels == label).sum()) for label in origin], index=ids)
            solution = Solution("s", centres, sizes, {}, 1, 0.4, tuple(ids))
            known = pd.DataFrame({"segment": [f"S{label + 1}" for label in before]}, index=members.index)
            found.append(match_segments(solution, members, known, used_ids=["S9"]))
        pd.testing.assert_frame_equal(found[0].membership, found[1].membership)
        pd.testing.assert_frame_equal(found[0].table, found[1].table)
        assert not {"S9"} & set(found[0].membership["segment"])
