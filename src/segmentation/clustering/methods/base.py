"""What every method of segmentation is given, gives back, and promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from ...errors import DataContractError, ParameterError, Violation
from ...study import METHODS
from ..inputs import check_encoded

__all__ = [
    "CENTRES",
    "Fitted",
    "Method",
    "Rows",
    "everybody",
    "levels_of",
    "method_of",
    "order_segments",
    "positive_weights",
    "prepare_rows",
    "profile_rows",
    "refuse_levels",
    "rows_index",
    "spherical_probabilities",
    "spread",
    "usable_rows",
]

CENTRES = ("kmeans", "ward")  # methods whose centres are the whole model: a unit belongs to the nearest one
EVERYBODY: Mapping[str, Any] = MappingProxyType({"everybody": True})


@dataclass(frozen=True)
class Rows:
    """Units that a method learns from, in an order that does not depend on how they were given.

    Attributes
    ----------
    values : ndarray of shape (n_units, n_variables)
        Encoded values, columns by name; NaN where a unit lacks one (only for methods that take missing values).
    weights : ndarray of shape (n_units,)
        Positive; 1 each if ``weighted`` is false.
    names, levels : tuple of str
        Variables and their levels of measurement.
    weighted : bool
        False if every unit counts alike.
    outcome : ndarray of shape (n_units,), optional
        What segments should differ in (tree).
    rules : mapping, optional
        Compiled rules (rules).
    """

    values: np.ndarray
    weights: np.ndarray
    names: tuple[str, ...]
    levels: tuple[str, ...]
    weighted: bool = False
    outcome: np.ndarray | None = None
    rules: Mapping[str, Any] | None = None

    def take(self, chosen: np.ndarray, weights: np.ndarray | None = None) -> Rows:
        """Some of the rows, with other weights if given."""
        return replace(
            self,
            values=self.values[chosen],
            weights=self.weights[chosen] if weights is None else weights,
            outcome=None if self.outcome is None else self.outcome[chosen],
        )


@dataclass(frozen=True)
class Fitted:
    """A method's answer for one number of segments; what ``fit_segments`` makes a Solution of.

    Attributes
    ----------
    method : str
    segments : int
    model : Mapping
        JSON types, enough to place anybody; components in the method's own order.
    facts : Mapping
        Numbers about the fit: hits, near, starts, within_ss, total_ss and what the method has besides (loglik, bic ...).
    labels : ndarray of shape (n_units,)
        Segment of each unit learned from, 0 the heaviest; -1 for those in none. In the order of the table given to
        ``fit_method``.
    components : tuple of int
        Component of the model behind each segment.
    """

    method: str
    segments: int
    model: Mapping[str, Any]
    facts: Mapping[str, Any]
    labels: np.ndarray
    components: tuple[int, ...]

    @property
    def sizes(self) -> np.ndarray:
        """Units a segment, unweighted."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.segments)

    @property
    def within_ss(self) -> float:
        """Sum of squares within segments, of those in one."""
        return float(self.facts["within_ss"])

    @property
    def total_ss(self) -> float:
        """Sum of squares around the mean, of those in a segment."""
        return float(self.facts["total_ss"])

    @property
    def hits(self) -> int:
        """Starts that reached the best."""
        return int(self.facts["hits"])

    @property
    def near(self) -> int:
        """Starts that came near it."""
        return int(self.facts["near"])

    @property
    def starts(self) -> int:
        """Starts made; 1 for methods without chance."""
        return int(self.facts["starts"])

    @property
    def runner_up_gap(self) -> float:
        """How much worse the second-best was, as a share; NaN if there was none."""
        gap = self.facts["runner_up_gap"]
        return float("nan") if gap is None else float(gap)


class Method:
    """One way to form segments. Subclasses are registered in ``METHODS_BY_NAME`` and hold no state.

    Attributes
    ----------
    name : str
        As ``method:`` of a study names it.
    weights, missing : bool
        Whether it takes weights, and rows with missing values.
    numbers : {"asked", "found", "given"}
        Whether the number of segments is asked for, found by the method, or given by the rules.
    own_needs : bool
        True if the method itself knows which variables a unit must have; otherwise the study's ``min_observed`` decides.
    """

    name: ClassVar[str]
    weights: ClassVar[bool] = True
    missing: ClassVar[bool] = False
    numbers: ClassVar[Literal["asked", "found", "given"]] = "asked"
    own_needs: ClassVar[bool] = False

    def fit(
        self,
        rows: Rows,
        segments: int,
        *,
        starts: int,
        random_state: int,
        like: Mapping[str, Any] | None = None,
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Model (JSON types) and facts of the fit.

        Methods that share work between numbers give ``fit_all`` instead. ``like`` is a model of the same method
        whose answers and ranges are kept: a sample may lack one. Its parameters are not used.
        """
        raise NotImplementedError

    def fit_all(
        self,
        rows: Rows,
        numbers: Sequence[int],
        *,
        starts: int,
        random_state: int,
        like: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> dict[int, tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """A fit for every number of segments; methods that can share work between numbers do."""
        return {
            k: self.fit(rows, k, starts=starts, random_state=random_state, like=None if like is None else like.get(k))
            for k in numbers
        }

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """Probabilities of shape (n_units, n_components).

        ``values`` has the columns ``model["variables"]``. A row of NaN: cannot tell. A row of zeros: in no segment.
        """
        raise NotImplementedError

    def check(self, rows: Rows) -> None:
        """Refuse what the method cannot take; nothing by default."""


def method_of(name: str) -> Method:
    """The method by its name in a study file.

    Raises
    ------
    ParameterError
        If there is none of that name.

    Examples
    --------
    >>> method_of("medoids").missing
    True
    """
    from ...errors import nearest_word
    from . import METHODS_BY_NAME

    if name not in METHODS_BY_NAME:
        known = ", ".join(map(repr, METHODS_BY_NAME))
        raise ParameterError(
            f"method must be one of {known}; got {name!r}. {nearest_word(name, METHODS_BY_NAME)}".strip()
        )
    return METHODS_BY_NAME[name]


def usable_rows(encoded: pd.DataFrame, method: str, *, min_observed: float = 0.4) -> pd.Series:
    """Which units a method can learn from: True with every base variable, or with enough of them where the method allows it.

    Examples
    --------
    >>> encoded = pd.DataFrame({"a": [1.0, None, None], "b": [0.5, 1.0, None]}, index=["x", "y", "z"])
    >>> usable_rows(encoded, "kmeans").tolist(), usable_rows(encoded, "medoids").tolist()
    ([True, False, False], [True, True, False])
    """
    observed = encoded.notna().sum(axis=1)
    if method_of(method).own_needs:
        return observed >= 0
    least = max(1.0, min_observed * encoded.shape[1] - 1e-9) if method_of(method).missing else encoded.shape[1]
    return observed >= least


def positive_weights(weights: pd.Series | None, index: pd.Index) -> tuple[np.ndarray, bool]:
    """Weight of each unit (NaN: none, so the unit is left out), and whether they differ.

    Raises
    ------
    ParameterError
        If weights are not a Series on the units, or are negative or infinite.
    """
    if weights is None:
        return np.ones(len(index)), False
    if not isinstance(weights, pd.Series):
        raise ParameterError(f"weights must be a Series by unit; got {type(weights).__name__}")
    found = weights.reindex(index).to_numpy(float, na_value=np.nan)
    if np.isinf(found).any() or (found < 0).any():
        raise ParameterError(f"weights must be finite and at least 0; the smallest is {np.nanmin(found)!r}")
    found = np.where(found > 0, found, np.nan)
    if np.isnan(found).all():
        raise ParameterError(f"none of the {len(index)} units has a weight")
    return found, bool((found[~np.isnan(found)] != 1).any())


def prepare_rows(
    encoded: pd.DataFrame,
    method: str,
    segments: int,
    *,
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
    outcome: pd.Series | None = None,
    rules: Mapping[str, Any] | None = None,
    min_observed: float = 0.4,
) -> tuple[Rows, np.ndarray]:
    """Rows that a method learns from, sorted, and their positions in the table.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    method : str
    segments : int
        Most segments wanted, for the check that there are enough different units.
    weights, outcome : pandas.Series, optional
        By unit.
    levels : mapping of str to str, optional
        Variable to level of measurement. Default: binary if it has two values, else numeric.
    rules : mapping, optional
    min_observed : float
        Share of base variables a unit must have, where a method takes missing values.

    Returns
    -------
    tuple of Rows and ndarray of int

    Raises
    ------
    ParameterError
        If the method cannot take a level of measurement or weights, or there are too few different units.
    DataContractError
        With every variable that is constant over the units.
    """
    check_encoded(encoded)
    maker = method_of(method)
    names = sorted(str(column) for column in encoded.columns)
    table = encoded.set_axis([str(column) for column in encoded.columns], axis=1)[names].astype(float)
    measured = levels_of(table, levels)
    refuse_levels(method, measured)
    weight, weighted = positive_weights(weights, table.index)
    if weighted and not maker.weights:
        able = ", ".join(name for name in _registry() if method_of(name).weights)
        raise ParameterError(f"method {method!r} cannot take weights; methods that do: {able}")
    if outcome is not None:
        outcome = outcome.reindex(table.index).astype(float)
    usable = usable_rows(table, method, min_observed=min_observed).to_numpy() & ~np.isnan(weight)
    if outcome is not None:
        usable &= outcome.notna().to_numpy()
    chosen = np.flatnonzero(usable)
    values = table.to_numpy()[chosen]
    _check_rows(table, values, segments, maker)
    order = np.lexsort((weight[chosen], *(() if outcome is None else (outcome.to_numpy()[chosen],)), *values.T[::-1]))
    chosen = chosen[order]
    rows = Rows(
        values=values[order] + 0.0,
        weights=weight[chosen],
        names=tuple(names),
        levels=tuple(measured[name] for name in names),
        weighted=weighted,
        outcome=None if outcome is None else outcome.to_numpy()[chosen],
        rules=rules,
    )
    maker.check(rows)
    return rows, chosen


def rows_index(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions in the table's order, and the order that brings sorted rows there."""
    back = np.argsort(chosen, kind="stable")
    return chosen[back], back


def order_segments(labels: np.ndarray, rows: Rows, components: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """Labels with the heaviest segment 0, and the component behind each; components without a member are dropped."""
    member = labels >= 0
    mass = np.bincount(labels[member], weights=rows.weights[member], minlength=components)
    first = np.full(components, len(labels))
    for component in range(components):
        found = np.flatnonzero(labels == component)
        first[component] = found[0] if found.size else len(labels)
    order = [int(c) for c in np.lexsort((first, -np.round(mass, 9))) if mass[c] > 0]
    place = np.full(components + 1, -1)
    for position, component in enumerate(order):
        place[component] = position
    return place[labels], tuple(order)


def profile_rows(rows: Rows, labels: np.ndarray, segments: int) -> np.ndarray:
    """Weighted mean of each variable in each segment, over those who have it; the most frequent code of a nominal one.

    NaN where no member has the variable.
    """
    centres = np.full((segments, len(rows.names)), np.nan)
    for segment in range(segments):
        member = labels == segment
        for column, level in enumerate(rows.levels):
            known = member & ~np.isnan(rows.values[:, column])
            if not known.any():
                continue
            values, weights = rows.values[known, column], rows.weights[known]
            if level == "nominal":
                centres[segment, column] = float(np.bincount(values.astype(int), weights=weights).argmax())
            else:
                centres[segment, column] = float(np.average(values, weights=weights))
    return centres


def spread(rows: Rows, labels: np.ndarray, segments: int) -> tuple[float, float]:
    """Sum of squares within segments and in total; a nominal variable counts by its indicator columns.

    Units in no segment are not counted in either.
    """
    member = labels >= 0
    values, weights, own = rows.values[member], rows.weights[member], labels[member]
    within = total = 0.0
    for column, level in enumerate(rows.levels):
        known = ~np.isnan(values[:, column])
        x, w, s = values[known, column], weights[known], own[known]
        for part in [x] if level != "nominal" else [(x == code).astype(float) for code in np.unique(x)]:
            mass = np.bincount(s, weights=w, minlength=segments)
            mean = np.bincount(s, weights=w * part, minlength=segments) / np.where(mass > 0, mass, 1.0)
            within += float(w @ (part - mean[s]) ** 2)
            total += float(w @ (part - np.average(part, weights=w)) ** 2) if len(w) else 0.0
    return within, total


def spherical_probabilities(distance_ss: np.ndarray, variance: float) -> np.ndarray:
    """Probability of each centre if every segment is a round cloud of the same size and spread around it.

    Parameters
    ----------
    distance_ss : ndarray of shape (n_units, n_segments)
        Sum of squared differences over the variables a unit has.
    variance : float
        Pooled variance within segments, a variable; 0 gives all to the nearest, NaN gives NaN.

    Examples
    --------
    >>> spherical_probabilities(np.array([[0.0, 2.0]]), 1.0).round(3).tolist()
    [[0.731, 0.269]]
    """
    nearest = distance_ss.min(axis=1, keepdims=True)
    if not variance > 0:
        found = (distance_ss <= nearest).astype(float) + (np.nan if np.isnan(variance) else 0.0)
    else:
        found = np.exp(-(distance_ss - nearest) / (2 * variance))
    return found / found.sum(axis=1, keepdims=True)


def everybody(rows: Rows, method: str, facts: Mapping[str, Any]) -> Fitted:
    """One segment that holds everybody: the answer of a method that found none."""
    labels = np.zeros(len(rows.values), dtype=int)
    within, total = spread(rows, labels, 1)
    model = {**EVERYBODY, "variables": list(rows.names)}
    return Fitted(method, 1, model, {**_searched(), "within_ss": within, "total_ss": total, **facts}, labels, (0,))


def _searched(hits: int = 1, near: int = 1, starts: int = 1, gap: float | None = None) -> dict[str, Any]:
    return {"hits": hits, "near": near, "starts": starts, "runner_up_gap": gap}


def _registry() -> Sequence[str]:
    from . import METHODS_BY_NAME

    return tuple(METHODS_BY_NAME)


def levels_of(table: pd.DataFrame, levels: Mapping[str, str] | None) -> dict[str, str]:
    """Level of measurement of every column; by default two values are binary and everything else numeric."""
    if levels is None:
        return {name: "binary" if table[name].nunique() <= 2 else "numeric" for name in table.columns}
    lacking = [name for name in table.columns if name not in levels]
    if lacking:
        raise ParameterError(f"levels lacks the level of measurement of {', '.join(lacking)}")
    return {name: levels[name] for name in table.columns}


def refuse_levels(method: str, levels: Mapping[str, str]) -> None:
    """Say which variables a method cannot take, and which methods can."""
    wrong = [f"{name} ({level})" for name, level in levels.items() if level not in METHODS[method]]
    if wrong:
        kinds = {level for level in levels.values()}
        able = ", ".join(name for name, takes in METHODS.items() if kinds <= takes)
        raise ParameterError(
            f"method {method!r} takes numbers, and these variables are names or of an unknown level: {', '.join(wrong)}; "
            f"methods that take them: {able or 'none'}"
        )


def _check_rows(table: pd.DataFrame, values: np.ndarray, segments: int, maker: Method) -> None:
    if not len(values):
        missing = ", ".join(f"{column} ({count})" for column, count in table.isna().sum().items() if count)
        raise ParameterError(
            f"none of the {len(table)} units has enough base variables for method {maker.name!r}; missing values by variable: "
            f"{missing or '-'}"
        )
    if maker.numbers != "asked":
        return
    if len(values) > 1:
        found = []
        for position, column in enumerate(table.columns):
            known = values[:, position][~np.isnan(values[:, position])]
            if not len(known) or known.min() == known.max():
                fix = "Take it out of the base: a variable that does not vary cannot form segments"
                first = known[0] if len(known) else None
                found.append(
                    Violation(f"constant over the {len(values)} units", "encoded", None, column, first, "", fix)
                )
        if found:
            raise DataContractError(found)
    distinct = len(np.unique(values, axis=0))
    if segments > distinct:
        raise ParameterError(
            f"{segments} segments need at least {segments} different units; "
            f"there are {distinct} different rows among {len(values)} units. Ask for fewer segments, or bring more units"
        )
