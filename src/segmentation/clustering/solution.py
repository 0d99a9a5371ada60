"""A segmentation that is kept: its centres decide who belongs where, now and next quarter, without fitting again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..study import Choices
from .inputs import check_count, check_encoded, complete_rows
from .kmeans import Search, search_kmeans

__all__ = ["Solution", "assign_segments", "describe_membership", "fit_segments", "natural_order", "tabulate_sizes"]


@dataclass(frozen=True)
class Solution:
    """What was learned: enough to place any unit, and nothing about any single unit.

    Attributes
    ----------
    name : str
    centres : pandas.DataFrame
        Index segment id ("S1"...), one column a base variable: mean z-score of the segment.
    sizes : pandas.Series
        Complete units the centres were fitted on, by segment id.
    search : Mapping
        Facts of the search: within_ss, total_ss, hits, near, starts, runner_up_gap (None if there was no other optimum).
    random_state : int
    min_observed : float
        Smallest share of base variables a unit must have to be placed.
    used_ids : tuple of str
        Ids given so far, in this and earlier periods; never given again to another segment.
    """

    name: str
    centres: pd.DataFrame
    sizes: pd.Series
    search: Mapping[str, float | int | None]
    random_state: int
    min_observed: float
    used_ids: tuple[str, ...] = field(default=())

    @property
    def segments(self) -> tuple[str, ...]:
        """Segment ids in order."""
        return tuple(self.centres.index)

    @property
    def variables(self) -> tuple[str, ...]:
        """Base variables, in the order of the centres."""
        return tuple(self.centres.columns)

    def to_dict(self) -> dict[str, Any]:
        """JSON types; ``from_dict`` of it, also after a trip through JSON text, is equal bit for bit."""
        return {
            "name": self.name,
            "variables": list(self.variables),
            "segments": list(self.segments),
            "centres": self.centres.to_numpy().tolist(),
            "sizes": [int(size) for size in self.sizes],
            "search": dict(self.search),
            "random_state": self.random_state,
            "min_observed": self.min_observed,
            "used_ids": list(self.used_ids),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Solution:
        """The solution that ``to_dict`` described.

        Raises
        ------
        ParameterError
            If keys are missing or the centres do not have the shape their names give.
        """
        keys = (
            "name",
            "variables",
            "segments",
            "centres",
            "sizes",
            "search",
            "random_state",
            "min_observed",
            "used_ids",
        )
        missing = [key for key in keys if key not in content]
        if missing:
            raise ParameterError(f"this is not a stored solution: it lacks {', '.join(missing)}")
        ids, variables = [str(s) for s in content["segments"]], [str(v) for v in content["variables"]]
        centres = np.array(content["centres"], dtype=float)
        if centres.shape != (len(ids), len(variables)):
            raise ParameterError(
                f"centres have shape {centres.shape}; {len(ids)} segments x {len(variables)} variables expected"
            )
        index = pd.Index(ids, name="segment")
        return cls(
            name=str(content["name"]),
            centres=pd.DataFrame(centres, index=index, columns=variables),
            sizes=pd.Series(content["sizes"], index=index, name="n", dtype="int64"),
            search=dict(content["search"]),
            random_state=int(content["random_state"]),
            min_observed=float(content["min_observed"]),
            used_ids=tuple(content["used_ids"]),
        )


def fit_segments(
    encoded: pd.DataFrame, segments: int, *, choices: Choices, search: Search | None = None, name: str = "segments"
) -> Solution:
    """Fit a solution on the units that have every base variable.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit, NaN where a unit lacks one.
    segments : int
        Number of segments, 2 or more.
    choices : Choices
        ``starts``, ``random_state`` and ``min_observed`` are used.
    search : Search, optional
        Of the same table and number, for instance ``comparison.searches[5]``; searched here otherwise, with the same result.
    name : str

    Returns
    -------
    Solution
        Ids S1, S2, ... from the largest segment to the smallest.

    Raises
    ------
    ParameterError
        If there are fewer different complete units than segments, or ``search`` is of another table or number.
    DataContractError
        If a variable is constant, or the table is not z-scores by unit.

    Examples
    --------
    >>> encoded = pd.DataFrame({"need": [-1.0, -1.2, 0.9, 1.0, 1.1], "use": [-1.0, -0.8, 0.7, 0.8, 0.9]}, index=list("abcde"))
    >>> fit_segments(encoded, 2, choices=Choices()).centres.round(2)
             need  use
    segment
    S1        1.0  0.8
    S2       -1.1 -0.9
    """
    k = check_count(segments)
    rows = complete_rows(encoded, segments=k)
    if search is None:
        search = search_kmeans(rows.to_numpy(), k, starts=choices.starts, random_state=choices.random_state)
    elif search.segments != k or search.labels.shape != (len(rows),) or search.centres.shape[1] != rows.shape[1]:
        raise ParameterError(
            f"search is of {search.segments} segments, {len(search.labels)} units and {search.centres.shape[1]} variables; "
            f"{k}, {len(rows)} and {rows.shape[1]} expected"
        )
    ids = pd.Index([f"S{i + 1}" for i in range(k)], name="segment")
    gap = search.runner_up_gap
    return Solution(
        name=name,
        centres=pd.DataFrame(search.centres.copy(), index=ids, columns=[str(column) for column in rows.columns]),
        sizes=pd.Series(search.sizes, index=ids, name="n", dtype="int64"),
        search={
            "within_ss": search.within_ss,
            "total_ss": search.total_ss,
            "hits": search.hits,
            "near": search.near,
            "starts": search.starts,
            "runner_up_gap": None if np.isnan(gap) else gap,
        },
        random_state=choices.random_state,
        min_observed=choices.min_observed,
        used_ids=tuple(ids),
    )


def assign_segments(solution: Solution, encoded: pd.DataFrame) -> pd.DataFrame:
    """Place units by a solution that is not changed by it.

    Parameters
    ----------
    solution : Solution
    encoded : pandas.DataFrame
        z-scores by unit, made with what the encoder learned when the solution was fitted. Must have the solution's variables;
        others are ignored.

    Returns
    -------
    pandas.DataFrame
        Index of ``encoded``. segment: id of the nearest centre, <NA> if unplaced. second: id of the next. margin: 1 - d1/d2, 0
        (on the border, as near to the second) to 1 (on the centre). basis: "fitted" if the unit has every base variable (the
        kind of unit centres are fitted on), "placed" by those it has, or "unplaced" because it has too few.

    Raises
    ------
    ParameterError
        If a variable of the solution is not in the table.
    DataContractError
        If the table is not z-scores by unit.

    Notes
    -----
    Partial distance (Dixon 1979): root mean square difference over the variables a unit has. Units with a smaller share of
    variables than ``solution.min_observed`` are not placed.

    Examples
    --------
    >>> encoded = pd.DataFrame({"need": [-1.0, -1.2, 0.9, 1.0, 1.1], "use": [-1.0, -0.8, 0.7, 0.8, 0.9]}, index=list("abcde"))
    >>> solution = fit_segments(encoded, 2, choices=Choices())
    >>> assign_segments(solution, pd.DataFrame({"need": [1.0, None], "use": [0.8, -0.9]}, index=["e", "f"]))
      segment second  margin   basis
    e      S1     S2     1.0  fitted
    f      S2     S1     1.0  placed
    """
    check_encoded(encoded)
    missing = [name for name in solution.variables if name not in encoded.columns]
    if missing:
        raise ParameterError(f"encoded lacks base variables of the solution: {', '.join(missing)}")
    values = encoded[list(solution.variables)].to_numpy(float, na_value=np.nan)
    observed = ~np.isnan(values)
    squares = np.where(observed[:, None, :], (values[:, None, :] - solution.centres.to_numpy()) ** 2, 0.0)
    counts = observed.sum(axis=1)
    distance = np.sqrt(squares.sum(axis=2) / np.maximum(counts, 1)[:, None])
    order = np.argsort(distance, axis=1, kind="stable")
    nearest, second = (np.take_along_axis(distance, order[:, [i]], axis=1).ravel() for i in (0, 1))
    placed = counts >= max(1.0, solution.min_observed * len(solution.variables) - 1e-9)
    ids = np.array(solution.segments, dtype=object)
    margin = 1 - nearest / np.where(second > 0, second, 1.0)
    basis = np.where(counts == len(solution.variables), "fitted", np.where(placed, "placed", "unplaced"))
    return pd.DataFrame(
        {
            "segment": pd.array(np.where(placed, ids[order[:, 0]], None), dtype="str"),
            "second": pd.array(np.where(placed, ids[order[:, 1]], None), dtype="str"),
            "margin": np.where(placed, np.where(second > 0, margin, 0.0), np.nan),
            "basis": pd.array(basis.astype(object), dtype="str"),
        },
        index=encoded.index,
    )


def tabulate_sizes(membership: pd.DataFrame, *, units: str = "units", source: str = "", min_cell: int = 10) -> Table:
    """How large every segment is: n, share of placed units, how many had every variable, how many stand near a border."""
    placed = membership.dropna(subset=["segment"])
    rows = []
    for segment in natural_order(placed["segment"].unique()):
        members = placed[placed["segment"] == segment]
        small = len(members) < min_cell
        fitted, border = int((members["basis"] == "fitted").sum()), float((members["margin"] < 0.1).mean())
        rows.append(
            {
                "segment": segment,
                "n": f"fewer than {min_cell}" if small else f"{len(members):,}",
                "share": None if small else len(members) / len(placed),
                "with every base variable": "withheld" if small or 0 < fitted < min_cell else f"{fitted:,}",
                "near a border": None if small else border,
            }
        )
    columns = ["segment", "n", "share", "with every base variable", "near a border"]
    unplaced = len(membership) - len(placed)
    caption = (
        f"Size of the segments. n = {len(placed):,} {units} placed"
        f"{f', {unplaced:,} not placed (too few base variables)' if unplaced else ''}.{f' Source: {source}.' if source else ''}"
    )
    note = "Share: of placed units. Near a border: almost as close to a second segment (margin under 0.1)."
    return Table(pd.DataFrame(rows, columns=columns), caption, {"share": ".1%", "near a border": ".0%"}, note)


def describe_membership(membership: pd.DataFrame, *, units: str = "units") -> Reading:
    """Who was placed, on what basis, and how firmly."""
    total, basis = len(membership), membership["basis"].value_counts()
    fitted, placed, unplaced = (int(basis.get(word, 0)) for word in ("fitted", "placed", "unplaced"))
    if fitted + placed == 0:
        return Reading(
            [f"None of the {total:,} {units} could be placed in a segment: too few base variables are known."]
        )
    sizes = membership["segment"].value_counts()
    largest = sizes.index[0]
    text = (
        f"{fitted + placed:,} of {total:,} {units} are in a segment: {fitted:,} have every base variable (the segments are formed on such "
        f"{units}), {f'{placed:,}' if placed else 'none'} {'is' if placed == 1 else 'are'} placed by the variables they have. "
        f"{_left_out(unplaced, total)}"
        f"The largest segment is {largest} with {sizes.iloc[0]:,} ({sizes.iloc[0] / (fitted + placed):.0%} of those placed)."
    )
    border = int((membership["margin"] < 0.1).sum())
    near = (
        f"{border or 'None'} of the {fitted + placed:,} {'stands' if border == 1 else 'stand'} near a border, with a second segment "
        "almost as near (margin under 0.1 on a scale from 0, on the border, to 1, at the segment's centre)."
    )
    return Reading([text, f"{near} Do not build on single memberships of these." if border else near])


def _left_out(unplaced: int, total: int) -> str:
    if not unplaced:
        return "Nobody is left out. "
    verb = "is" if unplaced == 1 else "are"
    return f"{unplaced:,} ({unplaced / total:.0%}) {verb} in none, because too few base variables are known. "


def natural_order(ids: Any) -> list[str]:
    """Ids by their number: S2 before S10.

    Examples
    --------
    >>> natural_order(["S10", "S2", "S1"])
    ['S1', 'S2', 'S10']
    """
    return sorted(
        (str(name) for name in ids), key=lambda name: (int("".join(c for c in name if c.isdigit()) or 0), name)
    )
