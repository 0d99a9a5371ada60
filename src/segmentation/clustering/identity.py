"""Segments across quarters: which segment is which, and who moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..words import join_words, source_words
from .shares import wilson_interval
from .solution import Solution, natural_order

__all__ = [
    "Match",
    "describe_match",
    "describe_migration",
    "match_segments",
    "migration_table",
    "same_segments",
    "tabulate_migration",
]

SAME_SEGMENT = 0.5
MOST = 0.5


@dataclass(frozen=True)
class Match:
    """A refitted solution under the names of the segments it continues.

    Attributes
    ----------
    solution : Solution
        The new solution with matched ids, ordered by id.
    membership : pandas.DataFrame
        The new membership with matched ids.
    table : pandas.DataFrame
        One row a segment of either period. old (id before, <NA> if none), new (id now, <NA> if none), overlap (Jaccard of members
        present in both periods; of a row with one side missing: with the nearest counterpart), shared (members in common),
        related (the segment most members came from or went to, <NA> if none), state: "survives"; "new"; "gone"; "split" (new,
        and more than half of its known members came from ``related``); "merged" (gone, and more than half of its remaining
        members went to ``related``).
    threshold : float
    ids : mapping of str to str
        Id of each segment in the refit to the id it has now.
    """

    solution: Solution
    membership: pd.DataFrame
    table: pd.DataFrame
    threshold: float
    ids: Mapping[str, str] = field(default_factory=dict)


def match_segments(
    solution: Solution,
    membership: pd.DataFrame,
    previous_membership: pd.DataFrame,
    *,
    used_ids: Iterable[str] = (),
    threshold: float = SAME_SEGMENT,
) -> Match:
    """Give the segments of a refit the ids of the segments they continue; a segment without counterpart gets a new id.

    Parameters
    ----------
    solution : Solution
        The refit.
    membership, previous_membership : pandas.DataFrame
        By unit, with column segment (``assign_segments``), of this period and the last.
    used_ids : iterable of str
        Every id given in any period; those of ``previous_membership`` and its solution count without being named.
    threshold : float
        Smallest overlap (Jaccard of members present in both periods) at which a segment is the same one. Above 0.5 more
        members are shared than not, and no segment has two counterparts.

    Returns
    -------
    Match

    Raises
    ------
    ParameterError
        If a membership lacks the column segment, holds an id the solution does not have, or an id is not S and a number.

    Notes
    -----
    Pairs are chosen together, largest total overlap first (Hungarian assignment); a pair under the threshold is dissolved,
    never forced. New ids go by size. Which label a refit happens to use does not matter.

    Examples
    --------
    >>> from segmentation.study import Choices
    >>> from segmentation.clustering import assign_segments, fit_segments
    >>> encoded = pd.DataFrame({"need": [-1.0, -1.2, 0.9, 1.0, 1.1], "use": [-1.0, -0.8, 0.7, 0.8, 0.9]}, index=list("abcde"))
    >>> solution = fit_segments(encoded, 2, choices=Choices())
    >>> before = pd.DataFrame({"segment": ["S1", "S1", "S3", "S3", "S3"]}, index=list("abcde"))
    >>> match_segments(solution, assign_segments(solution, encoded), before).table[["old", "new", "overlap", "state"]]
      old new  overlap     state
    0  S1  S1      1.0  survives
    1  S3  S3      1.0  survives
    """
    if not 0 < threshold <= 1:
        raise ParameterError(f"threshold must be over 0 and at most 1; got {threshold!r}")
    for frame, name in ((membership, "membership"), (previous_membership, "previous_membership")):
        if "segment" not in frame.columns:
            raise ParameterError(
                f"{name} needs a column segment; it has {', '.join(map(str, frame.columns)) or 'none'}"
            )
    unknown = sorted(set(membership["segment"].dropna()) - set(solution.segments))
    if unknown:
        raise ParameterError(f"membership holds ids that the solution does not have: {', '.join(unknown)}")
    old_ids = natural_order(previous_membership["segment"].dropna().unique())
    counts = _cross(previous_membership["segment"], membership["segment"], old_ids, solution.segments)
    overlap = _jaccard(counts)
    pairs = _pair(overlap, threshold)
    used = {*used_ids, *old_ids}
    sizes = membership["segment"].value_counts().reindex(solution.segments, fill_value=0).to_numpy()
    names = _name(solution, {new: old_ids[old] for old, new in pairs.items()}, used, sizes)
    table = _report(counts, overlap, pairs, old_ids, names)
    relabelled = solution.rename(names, used)
    mapping = dict(zip(solution.segments, names, strict=True))
    renamed = membership.assign(
        **{
            column: membership[column].map(mapping).astype("str")
            for column in ("segment", "second")
            if column in membership
        }
    )
    return Match(relabelled, renamed, table, threshold, mapping)


def same_segments(solution: Solution, membership: pd.DataFrame, previous_membership: pd.DataFrame) -> Match:
    """Last quarter's solution scores this quarter, so that every segment goes on under its id, however many of its members moved.

    Parameters
    ----------
    solution : Solution
        The frozen solution.
    membership, previous_membership : pandas.DataFrame
        By unit, with column segment, of this period and the last.

    Returns
    -------
    Match
        State "survives" for every segment of the solution.
    """
    ids = list(solution.segments)
    counts = _cross(previous_membership["segment"], membership["segment"], ids, ids)
    table = _report(counts, _jaccard(counts), {i: i for i in range(len(ids))}, ids, ids)
    return Match(solution, membership, table, 0.0, {name: name for name in ids})


def describe_match(match: Match) -> Reading:
    """Which segments go on, which are new and which are gone."""
    table = match.table
    if table["old"].isna().all():
        return Reading(["There are no segments of an earlier period to go on from; all ids are new."])
    survivors = table[table["state"] == "survives"]
    texts = []
    if len(survivors):
        low = survivors["overlap"].min()
        each = f"{low:.0%}" if len(survivors) == 1 else f"at least {low:.0%}"
        texts.append(
            f"{join_words(survivors['new'])} {'goes' if len(survivors) == 1 else 'go'} on from the last period: of the members before or "
            f"now that are known in both periods, {each} are in {'it' if len(survivors) == 1 else 'the same one'} both times (Jaccard "
            "overlap)."
        )
    else:
        texts.append("No segment goes on from the last period: none shares enough members with one of before.")
    if table["state"].isin(["new", "split"]).any():
        texts.append(
            f"An id is carried on only from an overlap of {match.threshold:.0%}; below that nobody can say whether a kind of customer "
            "went or its members did."
        )
    for row in table[table["state"] != "survives"].itertuples():
        related = "" if pd.isna(row.related) else str(row.related)
        texts.append(
            {
                "new": f"{row.new} is new: no segment of the last period shares enough members with it.",
                "split": f"{row.new} is new: most of its known members were in {related}.",
                "gone": f"{row.old} has no counterpart any more; its members went to several segments or left.",
                "merged": f"{row.old} has no counterpart any more; most of its remaining members are now in {related}.",
            }[row.state]
        )
    return Reading([" ".join(texts)])


def migration_table(previous_membership: pd.DataFrame, membership: pd.DataFrame) -> pd.DataFrame:
    """Who stayed, moved, came and left between two periods.

    Both memberships must come from ids that mean the same (``match_segments``, or one solution that placed both).

    Parameters
    ----------
    previous_membership, membership : pandas.DataFrame
        By unit, with column segment.

    Returns
    -------
    pandas.DataFrame
        Columns from, to (segment ids; <NA> outside), kind, n, base, share, lower, upper (Wilson 95 % interval). kind is "stayed"
        or "moved" (base: units in ``from`` before that are in a segment in both periods; every combination has a row),
        "entered" (from <NA>; base: units in a segment now but not known or not placed before), "left" (to <NA>; base: units in
        ``from`` before, placed or not now).

    Raises
    ------
    ParameterError
        If a membership lacks the column segment or has a unit twice.

    Examples
    --------
    >>> before = pd.DataFrame({"segment": ["S1", "S1", "S2"]}, index=["a", "b", "c"])
    >>> now = pd.DataFrame({"segment": ["S1", "S2", "S2"]}, index=["a", "b", "d"])
    >>> migration_table(before, now)[["from", "to", "kind", "n", "base", "share"]]
       from   to     kind  n  base  share
    0    S1   S1   stayed  1     2    0.5
    1    S1   S2    moved  1     2    0.5
    2    S2   S1    moved  0     0    NaN
    3    S2   S2   stayed  0     0    NaN
    4   NaN   S1  entered  0     1    0.0
    5   NaN   S2  entered  1     1    1.0
    6    S1  NaN     left  0     2    0.0
    7    S2  NaN     left  1     1    1.0
    """
    for frame, name in ((previous_membership, "previous_membership"), (membership, "membership")):
        if "segment" not in frame.columns:
            raise ParameterError(
                f"{name} needs a column segment; it has {', '.join(map(str, frame.columns)) or 'none'}"
            )
        if frame.index.has_duplicates:
            raise ParameterError(
                f"{name} has units twice: {', '.join(map(str, frame.index[frame.index.duplicated()][:5]))}"
            )
    before, now = previous_membership["segment"].dropna(), membership["segment"].dropna()
    ids = natural_order({*before, *now})
    counts = _cross(before, now, ids, ids)
    rows = []
    for i, origin in enumerate(ids):
        base = int(counts[i].sum())
        rows += [
            (origin, to, "stayed" if origin == to else "moved", int(counts[i, j]), base) for j, to in enumerate(ids)
        ]
    entered = now[~now.index.isin(before.index)].value_counts()
    left = before[~before.index.isin(now.index)].value_counts()
    sizes = before.value_counts()
    rows += [(None, to, "entered", int(entered.get(to, 0)), int(entered.sum())) for to in ids]
    rows += [(origin, None, "left", int(left.get(origin, 0)), int(sizes.get(origin, 0))) for origin in ids]
    table = pd.DataFrame(rows, columns=["from", "to", "kind", "n", "base"]).astype(
        {"from": "str", "to": "str", "kind": "str"}
    )
    low, high = wilson_interval(table["n"].to_numpy(float), table["base"].to_numpy(float))
    share = table["n"] / table["base"].where(table["base"] > 0)
    return table.assign(share=share, lower=low, upper=high)


def describe_migration(migration: pd.DataFrame, *, units: str = "units", min_cell: int = 10) -> Reading:
    """How many changed segment, the largest flow (of at least ``min_cell``), who came and left, and how much may be noise."""
    both = migration[migration["kind"].isin(["stayed", "moved"])]
    total, moved = int(both["n"].sum()), int(both.loc[both["kind"] == "moved", "n"].sum())
    entered, left = (int(migration.loc[migration["kind"] == kind, "n"].sum()) for kind in ("entered", "left"))
    if total == 0:
        return Reading([f"None of the {units} is in a segment in both periods, so nothing can be said about moves."])
    low, high = (float(bound[0]) for bound in wilson_interval(np.array([float(moved)]), np.array([float(total)])))
    text = (
        f"{moved:,} of the {total:,} {units} in a segment in both periods changed segment ({moved / total:.0%}; 95 % interval "
        f"{low:.0%} to {high:.0%}). {_few(entered, min_cell).capitalize()} came in and {_few(left, min_cell)} left or can no longer be "
        "placed."
    )
    shown = _shown_cells(migration, min_cell)
    flows = both[both["kind"] == "moved"].sort_values(["n", "from", "to"], ascending=[False, True, True])
    flows = flows[[shown[row["from"], row["to"]] != "–" for _, row in flows.iterrows()]]
    if len(flows) and flows["n"].iloc[0]:
        top = flows.iloc[0]
        text += f" The largest move that can be shown is from {top['from']} to {top['to']}: {top['n']:,} of {top['base']:,}."
    noise = (
        f"Not every move is a change of heart: measured again without any true change, 11 to 23 % of the {units} of a simulated study "
        "changed segment by measurement noise alone, depending on how reliable the questions were (reliability .9 to .7). What counts "
        "is what goes beyond that."
    )
    return Reading([text, noise])


def tabulate_migration(migration: pd.DataFrame, *, min_cell: int = 10, units: str = "units", source: str = "") -> Table:
    """Moves as a square: a row a segment before, a column a segment now, then those who left; entrants in the last row.

    Cells of 1 to ``min_cell`` - 1 units are withheld, and with a single one in a row or column the next smallest too, so that it
    cannot be worked out from the others and the sizes of the segments.
    """
    ids = natural_order({*migration["from"].dropna(), *migration["to"].dropna()})
    cells = _shown_cells(migration, min_cell)
    rows = [
        ["new here" if origin is None else origin, *(cells[origin, to] for to in ids), cells.get((origin, None), "–")]
        for origin in [*ids, None]
    ]
    frame = pd.DataFrame(rows, columns=["before", *(f"now {to}" for to in ids), "left"])
    stayed = int(migration.loc[migration["kind"].isin(["stayed", "moved"]), "n"].sum())
    caption = (
        f"Moves between segments. n = {stayed:,} {units} in a segment in both periods; rows are the segment before, columns the segment "
        f"now.{source_words(source)}"
    )
    return Table(
        frame,
        caption,
        note=f"–: withheld (fewer than {min_cell} {units}, or needed to protect such a cell) or does not apply.",
    )


def _cross(before: pd.Series, now: pd.Series, old_ids: Iterable[str], new_ids: Iterable[str]) -> np.ndarray:
    """Units by old and new segment, of those in a segment in both periods."""
    joined = pd.concat([before.rename("old"), now.rename("new")], axis=1, join="inner").dropna()
    table = pd.crosstab(joined["old"], joined["new"])
    return table.reindex(index=list(old_ids), columns=list(new_ids), fill_value=0).to_numpy()


def _jaccard(counts: np.ndarray) -> np.ndarray:
    union = counts.sum(axis=1, keepdims=True) + counts.sum(axis=0, keepdims=True) - counts
    return counts / np.where(union > 0, union, 1)


def _pair(overlap: np.ndarray, threshold: float) -> dict[int, int]:
    """Old position to new position, overlap at least the threshold."""
    from scipy.optimize import linear_sum_assignment

    if overlap.size == 0:
        return {}
    kept = np.where(
        overlap >= threshold, overlap, 0.0
    )  # a pair that would be dissolved must not displace one that holds
    return {int(i): int(j) for i, j in zip(*linear_sum_assignment(-kept), strict=True) if kept[i, j] > 0}


def _name(solution: Solution, kept: dict[int, str], used: set[str], sizes: np.ndarray) -> list[str]:
    """Id of each segment of the solution; new ones take the next free numbers, the one with the most members first."""
    wrong = sorted(name for name in used if not re.fullmatch(r"S[1-9][0-9]*", name))
    if wrong:
        raise ParameterError(f"segment ids are S and a number; got {', '.join(wrong)}")
    free = max((int(name[1:]) for name in used), default=0) + 1
    centres = [tuple(row) for row in solution.centres.fillna(0.0).to_numpy().round(9)]
    fresh = sorted(
        (j for j in range(len(centres)) if j not in kept),
        key=lambda j: (-sizes[j], -solution.sizes.iloc[j], centres[j]),
    )
    given = {j: f"S{free + order}" for order, j in enumerate(fresh)}
    return [kept.get(j) or given[j] for j in range(len(centres))]


def _report(
    counts: np.ndarray, overlap: np.ndarray, pairs: dict[int, int], old_ids: list[str], names: list[str]
) -> pd.DataFrame:
    rows = []
    for i, old in enumerate(old_ids):
        j = pairs.get(i)
        if j is not None:
            rows.append((old, names[j], overlap[i, j], counts[i, j], None, "survives"))
            continue
        most = int(counts[i].argmax()) if counts[i].sum() else None
        merged = most is not None and counts[i, most] > MOST * counts[i].sum()
        nearest = 0.0 if most is None else overlap[i].max()
        rows.append(
            (
                old,
                None,
                nearest,
                0 if most is None else counts[i, most],
                names[most] if merged else None,
                "merged" if merged else "gone",
            )
        )
    for j in sorted(set(range(len(names))) - set(pairs.values()), key=lambda j: int(names[j][1:])):
        column = counts[:, j]
        most = int(column.argmax()) if column.sum() else None
        split = most is not None and column[most] > MOST * column.sum()
        nearest = 0.0 if most is None else overlap[:, j].max()
        rows.append(
            (
                None,
                names[j],
                nearest,
                0 if most is None else column[most],
                old_ids[most] if split else None,
                "split" if split else "new",
            )
        )
    table = pd.DataFrame(rows, columns=["old", "new", "overlap", "shared", "related", "state"])
    return table.astype(
        {"old": "str", "new": "str", "overlap": float, "shared": "int64", "related": "str", "state": "str"}
    )


def _shown_cells(migration: pd.DataFrame, min_cell: int) -> dict[tuple[str | None, str | None], str]:
    """Each flow as it may be published, by origin and target (None: outside), a dash where it is withheld."""
    ids = natural_order({*migration["from"].dropna(), *migration["to"].dropna()})
    keys = [None if pd.isna(name) else str(name) for name in (*migration["from"], *migration["to"])]
    pairs = zip(keys[: len(migration)], keys[len(migration) :], strict=True)
    flows = dict(zip(pairs, migration["n"].astype(int), strict=True))
    counts = np.array([[flows.get((origin, to), 0) for to in [*ids, None]] for origin in [*ids, None]])
    hidden = _withhold(counts, min_cell)
    return {
        (origin, to): "–" if hidden[i, j] else f"{counts[i, j]:,}"
        for i, origin in enumerate([*ids, None])
        for j, to in enumerate([*ids, None])
        if origin is not None or to is not None
    }


def _withhold(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Small cells, and with a single one in a row or column the next smallest that holds anybody."""
    hidden = (counts > 0) & (counts < min_cell)
    before = -1
    while before != hidden.sum():
        before = hidden.sum()
        for row, mask in [*zip(counts, hidden, strict=True), *zip(counts.T, hidden.T, strict=True)]:
            others = (row > 0) & ~mask
            if mask.sum() == 1 and others.any():
                mask[np.where(others, row, row.max() + 1).argmin()] = True
    return hidden


def _few(n: int, min_cell: int) -> str:
    return "none" if n == 0 else f"fewer than {min_cell}" if n < min_cell else f"{n:,}"
