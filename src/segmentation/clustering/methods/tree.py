"""Segments that differ in an outcome: a tree of yes-or-no questions, as large as unseen units say it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...errors import ParameterError
from ..inputs import spawn_seeds
from .base import EVERYBODY, Method, Rows

__all__ = ["Tree", "leaf_words"]

FOLDS = 10
SMALLEST_SHARE, SMALLEST = 0.02, 10
DRAWS = 500


class Tree(Method):
    """Leaves of a regression tree of the outcome (CART, by scikit-learn), with at most k leaves."""

    name: ClassVar[str] = "tree"
    missing: ClassVar[bool] = True

    def check(self, rows: Rows) -> None:
        """There must be an outcome that varies."""
        if rows.outcome is None:
            raise ParameterError("method 'tree' needs outcome: a number by unit that segments should differ in")
        if rows.outcome.min() == rows.outcome.max():
            raise ParameterError(
                f"the outcome is {rows.outcome[0]:g} for each of the {len(rows.outcome)} units that have it, so nothing can predict it"
            )

    def fit_all(
        self,
        rows: Rows,
        numbers: Sequence[int],
        *,
        starts: int,
        random_state: int,
        like: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
        """A tree for every number of leaves; with ``like`` only its columns are used and the gain is not measured again.

        Model: variables, components, columns (variable and code), nodes (column, at, left, right, missing; or leaf).
        """
        first = None if not like else next(iter(like.values()))
        columns = _columns(rows) if first is None else [(c["variable"], c["code"]) for c in first["columns"]]
        wide = _widen(rows.values, rows.names, columns)
        gains = {} if like else _gains(wide, rows, numbers, random_state)
        found = {}
        for k in numbers:
            grown = _grow(wide, rows.outcome, rows.weights, k)
            nodes, leaves = _nodes(grown.tree_)
            if leaves == 1:
                found[k] = ({**EVERYBODY, "variables": list(rows.names), "components": 1}, gains.get(k, {}))
                continue
            model = {
                "variables": list(rows.names),
                "components": leaves,
                "columns": [{"variable": name, "code": code} for name, code in columns],
                "nodes": nodes,
            }
            found[k] = (model, gains.get(k, {}))
        return found

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """1 for the leaf a unit comes to. A missing value takes the side it took when the tree was grown."""
        columns = [(column["variable"], column["code"]) for column in model["columns"]]
        wide = _widen(values, model["variables"], columns).astype(np.float32)  # the precision the tree was grown with
        found = np.zeros((len(values), model["components"]))
        here = np.zeros(len(values), dtype=int)
        for position, node in enumerate(model["nodes"]):  # a child stands after its parent
            member = here == position
            if "leaf" in node:
                found[member, node["leaf"]] = 1.0
                continue
            column = wide[member, node["column"]]
            left = np.where(np.isnan(column), node["missing"] == "left", column <= node["at"])
            here[member] = np.where(left, node["left"], node["right"])
        return np.where(np.isnan(values).all(axis=1)[:, None], np.nan, found)


def leaf_words(model: Mapping[str, Any]) -> list[str]:
    """The questions that lead to each leaf, by component, on the encoded scale.

    Examples
    --------
    >>> nodes = [{"column": 0, "at": 0.5, "left": 1, "right": 2, "missing": "left"}, {"leaf": 0}, {"leaf": 1}]
    >>> leaf_words({"components": 2, "columns": [{"variable": "need", "code": None}], "nodes": nodes})
    ['need <= 0.5', 'need > 0.5']
    """
    found = [""] * model["components"]

    def walk(position: int, path: tuple[str, ...]) -> None:
        node = model["nodes"][position]
        if "leaf" in node:
            found[node["leaf"]] = ", ".join(path)
            return
        column = model["columns"][node["column"]]
        if column["code"] is None:
            yes, no = (f"{column['variable']} {sign} {node['at']:.3g}" for sign in ("<=", ">"))
        else:
            yes, no = (f"{column['variable']} {sign} {column['code']}" for sign in ("is not", "is"))
        walk(node["left"], (*path, yes))
        walk(node["right"], (*path, no))

    walk(0, ())
    return found


def _columns(rows: Rows) -> list[tuple[str, int | None]]:
    """Columns the tree asks about: numbers as they are, a column a name of a nominal variable."""
    found: list[tuple[str, int | None]] = []
    for column, (name, level) in enumerate(zip(rows.names, rows.levels, strict=True)):
        if level != "nominal":
            found.append((name, None))
            continue
        known = np.unique(rows.values[:, column][~np.isnan(rows.values[:, column])])
        found += [(name, int(code)) for code in known]
    return found


def _widen(values: np.ndarray, names: Sequence[str], columns: Sequence[tuple[str, int | None]]) -> np.ndarray:
    place = {name: position for position, name in enumerate(names)}
    wide = []
    for name, code in columns:
        column = values[:, place[name]]
        wide.append(column if code is None else np.where(np.isnan(column), np.nan, (column == code).astype(float)))
    return np.column_stack(wide)


def _grow(wide: np.ndarray, outcome: np.ndarray | None, weights: np.ndarray, leaves: int) -> Any:
    from sklearn.tree import DecisionTreeRegressor

    smallest = max(SMALLEST, round(SMALLEST_SHARE * len(wide)))
    tree = DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=smallest, random_state=0)
    return tree.fit(wide, outcome, sample_weight=weights)


def _nodes(tree: Any) -> tuple[list[dict[str, Any]], int]:
    """The tree as JSON types, parents before children, and the number of leaves."""
    nodes: list[dict[str, Any]] = []
    leaves = 0
    waiting = [(0, None, "")]
    while waiting:
        own, parent, side = waiting.pop(0)
        if parent is not None:
            nodes[parent][side] = len(nodes)
        left, right = int(tree.children_left[own]), int(tree.children_right[own])
        if left < 0:
            nodes.append({"leaf": leaves})
            leaves += 1
            continue
        position = len(nodes)
        nodes.append(
            {
                "column": int(tree.feature[own]),
                "at": float(tree.threshold[own]),
                "left": -1,
                "right": -1,
                "missing": "left" if tree.missing_go_to_left[own] else "right",
            }
        )
        waiting += [(left, position, "left"), (right, position, "right")]
    return nodes, leaves


def _gains(wide: np.ndarray, rows: Rows, numbers: Sequence[int], random_state: int) -> dict[int, dict[str, float]]:
    """Share of the outcome's variance explained in units the tree had not seen, with 95 % interval over units."""
    assert rows.outcome is not None
    outcome, weights, n = rows.outcome, rows.weights, len(rows.outcome)
    seeds = spawn_seeds(random_state, "tree", size=2)
    folds = np.random.default_rng(seeds[0]).permutation(n) % min(FOLDS, n)
    error = {k: np.zeros(n) for k in numbers}
    plain = np.zeros(n)
    for fold in range(min(FOLDS, n)):
        out = folds == fold
        plain[out] = (outcome[out] - np.average(outcome[~out], weights=weights[~out])) ** 2
        for k in numbers:
            grown = _grow(wide[~out], outcome[~out], weights[~out], k)
            error[k][out] = (outcome[out] - grown.predict(wide[out])) ** 2
    drawn = np.random.default_rng(seeds[1]).multinomial(n, np.full(n, 1 / n), size=DRAWS) * weights
    found = {}
    for k in numbers:
        draws = 1 - (drawn @ error[k]) / np.maximum(drawn @ plain, 1e-300)
        low, high = np.quantile(draws, [0.025, 0.975])
        gain = float(1 - (weights @ error[k]) / (weights @ plain))
        found[k] = {"gain": gain, "gain_lower": float(low), "gain_upper": float(high), "gain_sd": float(draws.std())}
    return found
