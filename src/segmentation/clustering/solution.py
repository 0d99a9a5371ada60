"""A segmentation that is kept: what it learned decides who belongs where, now and next quarter, without fitting again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..study import Choices
from ..words import source_words
from .inputs import check_count, check_encoded
from .kmeans import Search, search_kmeans
from .merging import collapse_merged
from .methods.base import Fitted, method_of, spherical_probabilities

__all__ = [
    "Solution",
    "assign_segments",
    "describe_membership",
    "fit_segments",
    "found_segments",
    "natural_order",
    "tabulate_sizes",
]


@dataclass(frozen=True)
class Solution:
    """What was learned: enough to place any unit, and nothing about any single unit.

    Attributes
    ----------
    name : str
    centres : pandas.DataFrame
        Index segment id ("S1"...), one column a base variable: mean z-score of the segment; of a nominal variable its most
        frequent code. NaN where no member has the variable.
    sizes : pandas.Series
        Units the segments were formed on, by segment id.
    search : Mapping
        Facts of the search: within_ss, total_ss, hits, near, starts, runner_up_gap (None if there was no other optimum), weight
        (total weight of the units), and what a method has besides (loglik, bic ...).
    random_state : int
    min_observed : float
        Smallest share of base variables a unit must have to be placed.
    used_ids : tuple of str
        Ids given so far, in this and earlier periods; never given again to another segment.
    method : str
        As the study names it; never "auto".
    model : Mapping
        What methods other than k-means and Ward place units by, as JSON types; empty for those two, whose centres say all.
    components : tuple of int
        Component of the model behind each segment; empty where there is no model.
    merged : Mapping of str to str
        Segment to the one the team counts it as part of (``apply_decisions``); centres and sizes stay as fitted.
    """

    name: str
    centres: pd.DataFrame
    sizes: pd.Series
    search: Mapping[str, float | int | None]
    random_state: int
    min_observed: float
    used_ids: tuple[str, ...] = field(default=())
    method: str = "kmeans"
    model: Mapping[str, Any] = field(default_factory=dict)
    components: tuple[int, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)

    @property
    def segments(self) -> tuple[str, ...]:
        """Segment ids in order."""
        return tuple(self.centres.index)

    @property
    def variables(self) -> tuple[str, ...]:
        """Base variables, in the order of the centres."""
        return tuple(self.centres.columns)

    @property
    def variance(self) -> float:
        """Pooled variance within segments, a variable; NaN if the search left no sum of squares."""
        within, weight = self.search.get("within_ss"), self.search.get("weight", float(self.sizes.sum()))
        return float("nan") if within is None or not weight else float(within) / (weight * len(self.variables))

    def rename(self, names: Sequence[str], used: Sequence[str] = ()) -> Solution:
        """The same solution with other ids, given in the order of ``segments``, sorted by their numbers."""
        order = natural_order(names)
        place = [list(names).index(name) for name in order]
        index = pd.Index(order, name="segment")
        return replace(
            self,
            centres=self.centres.iloc[place].set_axis(index, axis=0),
            sizes=self.sizes.iloc[place].set_axis(index),
            components=tuple(self.components[i] for i in place) if self.components else (),
            used_ids=tuple(natural_order({*used, *names})),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON types; ``from_dict`` of it, also after a trip through JSON text, is equal bit for bit."""
        return {
            "name": self.name,
            "method": self.method,
            "variables": list(self.variables),
            "segments": list(self.segments),
            "centres": [[None if np.isnan(x) else x for x in row] for row in self.centres.to_numpy().tolist()],
            "sizes": [int(size) for size in self.sizes],
            "search": dict(self.search),
            "random_state": self.random_state,
            "min_observed": self.min_observed,
            "used_ids": list(self.used_ids),
            "model": dict(self.model),
            "components": list(self.components),
            "merged": dict(self.merged),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Solution:
        """The solution that ``to_dict`` described.

        Raises
        ------
        ParameterError
            If keys are missing, the method is unknown or the centres do not have the shape their names give.
        """
        keys = [
            "name",
            "variables",
            "segments",
            "centres",
            "sizes",
            "search",
            "random_state",
            "min_observed",
            "used_ids",
        ]
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
            method=method_of(str(content.get("method", "kmeans"))).name,
            model=dict(content.get("model", {})),
            components=tuple(int(component) for component in content.get("components", ())),
            merged={str(part): str(into) for part, into in content.get("merged", {}).items()},
        )


def fit_segments(
    encoded: pd.DataFrame,
    segments: int,
    *,
    choices: Choices,
    search: Search | Fitted | None = None,
    name: str = "segments",
    method: str = "kmeans",
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
    outcome: pd.Series | None = None,
    rules: Mapping[str, Any] | None = None,
) -> Solution:
    """Fit a solution on the units that have every base variable, or enough of them where the method allows it.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit, codes of nominal ones, NaN where a unit lacks one.
    segments : int
        Number of segments, 2 or more. Methods that find the number themselves, or are given it by rules, may return another.
    choices : Choices
        ``starts``, ``random_state`` and ``min_observed`` are used.
    search : Search or Fitted, optional
        Of the same table, number and method, for instance ``comparison.searches[5]``; searched here otherwise, with the same
        result.
    name : str
    method : str
        As the study names it. "auto" with a ``search`` means the search's method; without one the methods are compared first.
    weights : pandas.Series, optional
        Positive weight of each unit; units without one are left out of the fit and placed all the same.
    levels : mapping of str to str, optional
        Variable to level of measurement (``encoder.levels``). Default: two values are binary, everything else numeric.
    outcome : pandas.Series, optional
        What segments should differ in, in natural units by unit (method: tree).
    rules : mapping, optional
        Compiled rules (method: rules), see ``load_rules``.

    Returns
    -------
    Solution
        Ids S1, S2, ... from the largest segment to the smallest.

    Raises
    ------
    ParameterError
        If there are fewer different units than segments, ``search`` is of another table or number, or the method cannot take
        the levels or weights.
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
    if isinstance(search, Fitted):
        method = search.method
    elif isinstance(search, Search) and method == "auto":
        method = "kmeans"
    inputs = {"weights": weights, "levels": levels, "outcome": outcome, "rules": rules}
    if method == "kmeans":
        return _fit_kmeans(encoded, segments, search, choices, name, weights, levels)
    from .methods import choose_method, fit_method, solve

    if method == "auto":
        chosen = choose_method(encoded, [check_count(segments)], choices=choices, weights=weights, levels=levels)
        return fit_segments(encoded, segments, choices=choices, search=chosen.search(segments), name=name, **inputs)
    if search is None:
        search = fit_method(method, encoded, segments, choices=choices, **inputs)
    return solve(search, encoded, choices=choices, name=name, **inputs)


def _fit_kmeans(
    encoded: pd.DataFrame,
    segments: int,
    search: Search | Fitted | None,
    choices: Choices,
    name: str,
    weights: pd.Series | None,
    levels: Mapping[str, str] | None,
) -> Solution:
    from .methods import learn_rows

    k = check_count(segments)
    rows, weight = learn_rows(encoded, segments=k, weights=weights, levels=levels)
    if search is None:
        search = search_kmeans(
            rows.to_numpy(), k, starts=choices.starts, random_state=choices.random_state, weights=weight
        )
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
            "weight": float(len(rows) if weight is None else weight.sum()),
        },
        random_state=choices.random_state,
        min_observed=choices.min_observed,
        used_ids=tuple(ids),
    )


def found_segments(membership: pd.DataFrame) -> pd.DataFrame:
    """Membership for those who work with segments: where everybody stands in one, there are none, and nobody is in any.

    Parameters
    ----------
    membership : pandas.DataFrame
        As ``assign_segments`` gives it.

    Returns
    -------
    pandas.DataFrame
        The same table if it has two segments or more; else segment and second are <NA>, margin and probability NaN, and the
        basis is "unplaced".

    Examples
    --------
    >>> one = pd.DataFrame({"segment": ["S1", "S1"], "second": pd.NA, "margin": 1.0, "basis": "fitted", "probability": 1.0})
    >>> found_segments(one)["segment"].isna().all()
    np.True_
    """
    if membership["segment"].nunique() > 1:
        return membership
    nobody = {"segment": pd.NA, "second": pd.NA, "margin": np.nan, "basis": "unplaced", "probability": np.nan}
    return membership.assign(**nobody).astype(
        {"segment": membership["segment"].dtype, "second": membership["second"].dtype}
    )


def assign_segments(solution: Solution, encoded: pd.DataFrame) -> pd.DataFrame:
    """Place units by a solution that is not changed by it.

    Parameters
    ----------
    solution : Solution
    encoded : pandas.DataFrame
        z-scores by unit (codes of nominal variables), made with what the encoder learned when the solution was fitted. Must have
        the solution's variables; others are ignored.

    Returns
    -------
    pandas.DataFrame
        Index of ``encoded``. segment: id of the nearest centre, or of the segment with the highest probability; <NA> if unplaced
        or in none. second: id of the next; <NA> where the method knows no next. margin: 1 - d1/d2 by distance to centres, or
        1 - p2/p1 by probability: 0 (on the border, as near to the second) to 1. basis: "fitted" if the unit has every base
        variable, "placed" by those it has, "unplaced" because it has too few, or "noise" because the method puts it in no
        segment. probability: of the segment named, 0 to 1, NaN without one. Where the team merged segments there is a column
        unmerged too: the segment as it was found.

    Raises
    ------
    ParameterError
        If a variable of the solution is not in the table.
    DataContractError
        If the table is not z-scores by unit.

    Notes
    -----
    Centres (k-means, Ward): partial distance (Dixon 1979), the root mean square difference over the variables a unit has; the
    probability is that of round clouds of one size and spread around the centres (equal spherical normals with the pooled variance
    within segments), which is a reading of the distances and no fitted model. Other methods: see ``describe_method``. Units with a smaller
    share of variables than ``solution.min_observed`` are not placed.

    Examples
    --------
    >>> encoded = pd.DataFrame({"need": [-1.0, -1.2, 0.9, 1.0, 1.1], "use": [-1.0, -0.8, 0.7, 0.8, 0.9]}, index=list("abcde"))
    >>> solution = fit_segments(encoded, 2, choices=Choices())
    >>> assign_segments(solution, pd.DataFrame({"need": [1.0, None], "use": [0.8, -0.9]}, index=["e", "f"]))
      segment second  margin   basis  probability
    e      S1     S2     1.0  fitted          1.0
    f      S2     S1     1.0  placed          1.0
    """
    check_encoded(encoded)
    missing = [name for name in solution.variables if name not in encoded.columns]
    if missing:
        raise ParameterError(f"encoded lacks base variables of the solution: {', '.join(missing)}")
    values = encoded[list(solution.variables)].to_numpy(float, na_value=np.nan)
    counts = (~np.isnan(values)).sum(axis=1)
    if solution.model:
        return _by_probability(solution, encoded, counts)
    squares = np.where(np.isnan(values)[:, None, :], 0.0, (values[:, None, :] - solution.centres.to_numpy()) ** 2)
    squares = squares.sum(axis=2)
    distance = np.sqrt(squares / np.maximum(counts, 1)[:, None])
    found = spherical_probabilities(squares, solution.variance)
    known = counts >= max(1.0, solution.min_observed * len(solution.variables) - 1e-9)
    return _membership(solution, encoded.index, distance, found, known, counts)


def _by_probability(solution: Solution, encoded: pd.DataFrame, counts: np.ndarray) -> pd.DataFrame:
    """Membership by the method's own model."""
    maker = method_of(solution.method)
    if solution.model.get("everybody"):
        found, own = np.ones((len(encoded), 1)), True
    else:
        found = maker.place(solution.model, encoded[list(solution.model["variables"])].to_numpy(float, na_value=np.nan))
        found, own = found[:, list(solution.components)], maker.own_needs
    known = ~np.isnan(found).any(axis=1)
    if not own:
        known &= counts >= max(1.0, solution.min_observed * len(solution.variables) - 1e-9)
    found = np.where(known[:, None], found, 0.0)
    return _membership(solution, encoded.index, None, found, known, counts)


def _membership(
    solution: Solution,
    index: pd.Index,
    distance: np.ndarray | None,
    found: np.ndarray,
    known: np.ndarray,
    counts: np.ndarray,
) -> pd.DataFrame:
    """Membership by distance to centres, or by probability where there is none; a row of zeros is in no segment."""
    merged, segments = solution.merged, solution.segments
    apart = distance if distance is not None else -found
    alone = apart.argmin(axis=1)
    found, ids = collapse_merged(found, segments, merged, total=True)
    apart = -found if distance is None else collapse_merged(distance, segments, merged)[0]
    order = np.argsort(apart, axis=1, kind="stable")
    first, second = (np.take_along_axis(found, order[:, [i]], axis=1).ravel() for i in (0, min(1, len(ids) - 1)))
    inside = known if distance is not None else known & (first > 0)
    if distance is None:
        has_second = inside & (second > 0) & (len(ids) > 1)
        margin = np.where(has_second, 1 - second / np.where(inside, first, 1.0), 1.0)
    else:
        has_second = inside & (len(ids) > 1)
        near, next_one = (np.take_along_axis(apart, order[:, [i]], axis=1).ravel() for i in (0, min(1, len(ids) - 1)))
        margin = np.where(next_one > 0, 1 - near / np.where(next_one > 0, next_one, 1.0), 0.0)
    basis = np.where(counts == len(solution.variables), "fitted", "placed")
    basis = np.where(known, np.where(inside, basis, "noise"), "unplaced")
    names = np.array(ids, dtype=object)
    columns = {
        "segment": pd.array(np.where(inside, names[order[:, 0]], None), dtype="str"),
        "second": pd.array(np.where(has_second, names[order[:, min(1, len(ids) - 1)]], None), dtype="str"),
        "margin": np.where(inside, margin, np.nan),
        "basis": pd.array(basis.astype(object), dtype="str"),
        "probability": np.where(inside, first, np.nan),
    }
    if merged:
        columns["unmerged"] = pd.array(np.where(inside, np.array(segments, dtype=object)[alone], None), dtype="str")
    return pd.DataFrame(columns, index=index)


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
    outside = [
        f", {count:,} {words}"
        for basis, words in (("unplaced", "not placed (too few base variables)"), ("noise", "in no segment"))
        if (count := int((membership["basis"] == basis).sum()))
    ]
    end = source_words(source)
    caption = f"Size of the segments. n = {len(placed):,} {units} placed{''.join(outside)}.{end}"
    note = "Share: of placed units. Near a border: almost as close to a second segment (margin under 0.1)."
    return Table(pd.DataFrame(rows, columns=columns), caption, {"share": ".1%", "near a border": ".0%"}, note)


def describe_membership(membership: pd.DataFrame, *, units: str = "units", method: str = "kmeans") -> Reading:
    """Who was placed, on what basis, and how firmly.

    Parameters
    ----------
    membership : pandas.DataFrame
        As ``assign_segments`` gives it.
    units : str
        What units are called, plural.
    method : str
        ``solution.method``.

    Returns
    -------
    Reading
    """
    total, basis = len(membership), membership["basis"].value_counts()
    fitted, placed, unplaced, noise = (int(basis.get(word, 0)) for word in ("fitted", "placed", "unplaced", "noise"))
    if fitted + placed == 0:
        why = "the method puts nobody in one" if noise else "too few base variables are known"
        return Reading([f"None of the {total:,} {units} could be placed in a segment: {why}."])
    sizes = membership["segment"].value_counts()
    largest = sizes.index[0]
    formed = "" if method_of(method).missing else f" (the segments are formed on such {units})"
    text = (
        f"{fitted + placed:,} of {total:,} {units} are in a segment: {fitted:,} have every base variable{formed}, "
        f"{f'{placed:,}' if placed else 'none'} {'is' if placed == 1 else 'are'} placed by the variables they have. "
        f"{_left_out(unplaced, noise, total)}"
        f"The largest segment is {largest} with {sizes.iloc[0]:,} ({sizes.iloc[0] / (fitted + placed):.0%} of those placed)."
    )
    if membership["second"].isna().all():
        return Reading([text])
    border = int((membership["margin"] < 0.1).sum())
    near = (
        f"{border or 'None'} of the {fitted + placed:,} {'stands' if border == 1 else 'stand'} near a border, with a second segment "
        "almost as near (margin under 0.1 on a scale from 0, on the border, to 1, at the segment's centre)."
    )
    return Reading([text, f"{near} Do not build on single memberships of these." if border else near])


def _left_out(unplaced: int, noise: int, total: int) -> str:
    if not unplaced and not noise:
        return "Nobody is left out. "
    said = ""
    for count, why in ((unplaced, "too few base variables are known"), (noise, "the method sees them in none")):
        if count:
            said += f"{count:,} ({count / total:.0%}) {'is' if count == 1 else 'are'} in none, because {why}. "
    return said


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
