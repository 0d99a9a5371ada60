"""Segments across quarters: which segment is which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..display import Reading
from ..errors import ParameterError
from ..words import join_words
from .solution import Solution, natural_order

__all__ = ["Match", "cross_counts", "describe_match", "match_segments", "same_segments"]

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
    _check_match(solution, membership, previous_membership, threshold)
    old_ids = natural_order(previous_membership["segment"].dropna().unique())
    counts = cross_counts(previous_membership["segment"], membership["segment"], old_ids, solution.segments)
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


def _check_match(solution: Solution, membership: pd.DataFrame, previous: pd.DataFrame, threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ParameterError(f"threshold must be over 0 and at most 1; got {threshold!r}")
    for frame, name in ((membership, "membership"), (previous, "previous_membership")):
        if "segment" not in frame.columns:
            raise ParameterError(
                f"{name} needs a column segment; it has {', '.join(map(str, frame.columns)) or 'none'}"
            )
    unknown = sorted(set(membership["segment"].dropna()) - set(solution.segments))
    if unknown:
        raise ParameterError(f"membership holds ids that the solution does not have: {', '.join(unknown)}")


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
    counts = cross_counts(previous_membership["segment"], membership["segment"], ids, ids)
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


def cross_counts(before: pd.Series, now: pd.Series, old_ids: Iterable[str], new_ids: Iterable[str]) -> np.ndarray:
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
        if i in pairs:
            j = pairs[i]
            rows.append((old, names[j], overlap[i, j], counts[i, j], None, "survives"))
        else:
            near, shared, most = _nearest(counts[i], overlap[i])
            rows.append((old, None, near, shared, *(("gone", None) if most is None else ("merged", names[most]))[::-1]))
    for j in sorted(set(range(len(names))) - set(pairs.values()), key=lambda j: int(names[j][1:])):
        near, shared, most = _nearest(counts[:, j], overlap[:, j])
        rows.append(
            (None, names[j], near, shared, *(("new", None) if most is None else ("split", old_ids[most]))[::-1])
        )
    table = pd.DataFrame(rows, columns=["old", "new", "overlap", "shared", "related", "state"])
    return table.astype(
        {"old": "str", "new": "str", "overlap": float, "shared": "int64", "related": "str", "state": "str"}
    )


def _nearest(counts: np.ndarray, overlap: np.ndarray) -> tuple[float, int, int | None]:
    """Overlap with the nearest counterpart, members shared with the commonest one, and its place if it has most of the members."""
    if not counts.sum():
        return 0.0, 0, None
    most = int(counts.argmax())
    return float(overlap.max()), int(counts[most]), most if counts[most] > MOST * counts.sum() else None
