"""Fitting any method, and keeping what it learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import ParameterError
from ...study import Choices
from .base import (
    Fitted,
    Method,
    Rows,
    everybody,
    levels_of,
    method_of,
    order_segments,
    prepare_rows,
    profile_rows,
    refuse_levels,
    rows_index,
    spread,
)

if TYPE_CHECKING:
    from ..solution import Solution

__all__ = ["finish", "fit_method", "learn_rows", "solve"]


def learn_rows(
    encoded: pd.DataFrame,
    *,
    segments: int,
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Complete units with a weight, and their weights (None if all are 1), for k-means.

    Raises
    ------
    ParameterError
        If a variable is nominal, weights are not positive numbers by unit, or there are too few different units.
    DataContractError
        If a variable is constant.

    Examples
    --------
    >>> encoded = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=list("xyz"))
    >>> rows, weight = learn_rows(encoded, segments=2, weights=pd.Series([2.0, 1.0], index=["x", "y"]))
    >>> rows.index.tolist(), weight.tolist()
    (['x', 'y'], [2.0, 1.0])
    """
    from ..selection import comparable_rows

    if levels is not None:
        named = encoded.set_axis([str(column) for column in encoded.columns], axis=1)
        refuse_levels("kmeans", levels_of(named, levels))
    return comparable_rows(encoded, weights, segments=segments)


def fit_method(
    method: str,
    encoded: pd.DataFrame,
    segments: int,
    *,
    choices: Choices,
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
    outcome: pd.Series | None = None,
    rules: Mapping[str, Any] | None = None,
) -> Fitted:
    """Fit one method for one number of segments.

    Parameters
    ----------
    method : str
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    segments : int
    choices : Choices
        ``starts``, ``random_state`` and ``min_observed`` are used.
    weights, levels, outcome, rules
        As ``fit_segments`` takes them.

    Returns
    -------
    Fitted
        Labels of the units learned from, in the order of the table.

    Raises
    ------
    ParameterError
        If the method cannot take the levels or weights, or there are too few different units.
    DataContractError
        If a variable is constant.
    """
    rows, chosen = prepare_rows(
        encoded,
        method,
        segments,
        weights=weights,
        levels=levels,
        outcome=outcome,
        rules=rules,
        min_observed=choices.min_observed,
    )
    maker = method_of(method)
    fits = maker.fit_all(rows, [segments], starts=choices.starts, random_state=choices.random_state)
    model, facts = fits[segments]
    return finish(maker, rows, model, facts, rows_index(chosen)[1])


def finish(
    maker: Method, rows: Rows, model: Mapping[str, Any], facts: Mapping[str, Any], back: np.ndarray | None = None
) -> Fitted:
    """Place the rows learned from by the model, order the segments, add the spread within them.

    ``back`` brings sorted rows into the table's order.
    """
    if model.get("everybody"):
        return everybody(rows, maker.name, facts)
    labels = label_rows(maker, model, rows)
    components = int(model["components"])
    labels, order = order_segments(labels, rows, components)
    within, total = spread(rows, labels, len(order))
    facts = {"within_ss": within, "total_ss": total, "hits": 1, "near": 1, "starts": 1, "runner_up_gap": None, **facts}
    return Fitted(maker.name, len(order), model, facts, labels if back is None else labels[back], order)


def label_rows(maker: Method, model: Mapping[str, Any], rows: Rows) -> np.ndarray:
    """Component of each row by the highest probability; -1 for none."""
    found = np.nan_to_num(maker.place(model, rows.values), nan=0.0)
    return np.where(found.max(axis=1) > 0, found.argmax(axis=1), -1)


def solve(
    fitted: Fitted,
    encoded: pd.DataFrame,
    *,
    choices: Choices,
    name: str,
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
    outcome: pd.Series | None = None,
    rules: Mapping[str, Any] | None = None,
) -> Solution:
    """The Solution of a fit.

    Raises
    ------
    ParameterError
        If the fit is of another table.
    """
    from ..solution import Solution

    rows, chosen = prepare_rows(
        encoded,
        fitted.method,
        fitted.segments,
        weights=weights,
        levels=levels,
        outcome=outcome,
        rules=rules,
        min_observed=choices.min_observed,
    )
    if list(fitted.model["variables"]) != list(rows.names) or len(fitted.labels) != len(chosen):
        raise ParameterError(
            f"search is of {len(fitted.labels)} units and the variables {', '.join(fitted.model['variables'])}; "
            f"{len(chosen)} units and {', '.join(rows.names)} expected"
        )
    labels = fitted.labels[np.argsort(rows_index(chosen)[1], kind="stable")]
    ids = pd.Index([f"S{i + 1}" for i in range(fitted.segments)], name="segment")
    centres = pd.DataFrame(profile_rows(rows, labels, fitted.segments), index=ids, columns=list(rows.names))
    by_centre = fitted.method in ("ward",)
    if by_centre:
        centres.loc[:, :] = np.array(fitted.model["centres"], float)[list(fitted.components)]
    return Solution(
        name=name,
        centres=centres[[str(column) for column in encoded.columns]],
        sizes=pd.Series(fitted.sizes, index=ids, name="n", dtype="int64"),
        search={**fitted.facts, "weight": float(rows.weights.sum())},
        random_state=choices.random_state,
        min_observed=choices.min_observed,
        used_ids=tuple(ids),
        method=fitted.method,
        model={} if by_centre else fitted.model,
        components=() if by_centre else fitted.components,
    )
