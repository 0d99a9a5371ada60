"""Segments by stated rules: read from a file, proved to be a partition, and applied without learning anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ...errors import ParameterError, StudyError, Violation, nearest_word
from ...features.encoder import Encoder
from ...features.table import FeatureTable, feature_values
from ...study import Study, Variable, read_yaml
from .base import Method, Rows
from .conditions import Condition, parse_condition
from .partition import prove_partition

__all__ = ["Rules", "compile_rules", "load_rules"]

MOST_SEGMENTS = 30
KEYS = {"segment": ("name", "when"), "cell": ("variable", "cuts", "quantiles", "levels")}


class Rules(Method):
    """A priori segments. Rules are stated, not learned; a unit is in the one segment whose rule it meets."""

    name: ClassVar[str] = "rules"
    missing: ClassVar[bool] = True
    numbers: ClassVar = "given"
    own_needs: ClassVar[bool] = True

    def check(self, rows: Rows) -> None:
        """There must be rules."""
        if rows.rules is None:
            raise ParameterError("method 'rules' needs rules: what load_rules makes of the file that the study names")

    def fit(
        self, rows: Rows, segments: int, *, starts: int, random_state: int, like: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model: variables, components, rules (name; when: variable to conditions on the encoded scale)."""
        assert rows.rules is not None
        lacking = sorted({name for rule in rows.rules["rules"] for name in rule["when"]} - set(rows.names))
        if lacking:
            raise ParameterError(f"the rules use {', '.join(lacking)}, which the encoded table lacks")
        model = {"variables": list(rows.names), "components": len(rows.rules["rules"]), "rules": rows.rules["rules"]}
        return model, {"stated": len(rows.rules["rules"])}

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """1 for the rule that holds. NaN for a unit that lacks what the rules ask for."""
        columns = {name: values[:, j] for j, name in enumerate(model["variables"])}
        found = np.ones((len(values), len(model["rules"])))
        lacks = np.zeros(len(values), dtype=bool)
        for position, rule in enumerate(model["rules"]):
            for name, conditions in rule["when"].items():
                met = np.zeros(len(values), dtype=bool)
                for condition in conditions:
                    met |= Condition(**condition).holds(columns[name])
                found[:, position] *= met
                lacks |= np.isnan(columns[name])
        nowhere = lacks & (found.max(axis=1) == 0)
        return np.where(nowhere[:, None], np.nan, found)


def load_rules(study: Study, features: FeatureTable | pd.DataFrame, encoder: Encoder) -> dict[str, Any]:
    """Rules of the study's segmentation, proved to be a partition.

    Parameters
    ----------
    study : Study
        Its first segmentation has ``rules``: the file.
    features : FeatureTable or pandas.DataFrame
        In natural units; quantiles of cells are taken of these, and kept.
    encoder : Encoder
        Of the base variables.

    Returns
    -------
    dict
        For ``fit_segments(..., method="rules", rules=...)``; JSON types.

    Raises
    ------
    StudyError
        With every mistake of the file; if it has none, with every combination of values for which no rule or more than one holds.
    ParameterError
        If the segmentation has no rules.
    """
    if study.segmentation.rules is None:
        raise ParameterError("the segmentation has no rules; name their file: rules: my_rules.yaml")
    file = study.resolve(study.segmentation.rules)
    content, lines = read_yaml(Path(file))
    return compile_rules(content, study.base, feature_values(features), encoder, file=str(file), lines=lines)


def compile_rules(
    content: Any,
    base: Sequence[Variable],
    features: pd.DataFrame,
    encoder: Encoder,
    *,
    file: str = "rules",
    lines: Mapping[tuple[Any, ...], int] | None = None,
) -> dict[str, Any]:
    """Rules from what their file holds.

    Parameters
    ----------
    content : mapping
        ``segments``: a list of name and ``when`` (variable: condition or list of conditions, any of which is enough); or ``cells``: a
        list of variable with ``cuts``, ``quantiles`` or ``levels``, whose combinations are the segments. Conditions: ">= 3", "> 3",
        "<= 3", "< 3", "= 3" (or 3), "2..5" (from 2 up to, not including, 5), the name of a level, or missing.
    base : sequence of Variable
    features : pandas.DataFrame
        In natural units.
    encoder : Encoder
    file : str
        For messages.
    lines : mapping, optional
        Line of every key, for messages.

    Returns
    -------
    dict
        rules: name and when (conditions on the encoded scale); JSON types.

    Raises
    ------
    StudyError
        As ``load_rules``.

    Examples
    --------
    >>> from segmentation.features import fit_encoder
    >>> size = Variable(name="size", source="crm", kind="firmographic", role="base")
    >>> features = pd.DataFrame({"size": [1.0, 3.0, 80.0]}, index=list("abc"))
    >>> rules = {"segments": [{"name": "Small", "when": {"size": "< 10"}}, {"name": "Large", "when": {"size": "> 10"}}]}
    >>> compile_rules(rules, [size], features, fit_encoder(features, [size]))
    Traceback (most recent call last):
    ...
    segmentation.errors.StudyError: 1 problem in the study:
      - rules: no rule holds where size is 10. Add a rule, or let the neighbouring one take it in
    """
    lines = lines or {}
    by_name = {variable.name: variable for variable in base}
    violations: list[Violation] = []
    if not isinstance(content, dict) or len({"segments", "cells"} & set(content)) != 1 or len(content) != 1:
        keys = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise StudyError([Violation("rules need one key: segments or cells", file, value=keys)])
    known = {name: encoder.categories[name] for name in encoder.categories}
    known |= {v.name: v.levels for v in base if v.level == "ordinal"}
    if "segments" in content:
        rules = _read_segments(content["segments"], by_name, known, file, lines, violations)
    else:
        rules = _read_cells(content["cells"], by_name, known, features, file, lines, violations)
    if not violations:
        violations += prove_partition(rules, by_name, known, file)
    if violations:
        raise StudyError(violations)
    return {
        "rules": [
            {
                "name": name,
                "when": {
                    variable: [condition.encoded(variable, encoder).to_dict() for condition in conditions]
                    for variable, conditions in when.items()
                },
            }
            for name, when in rules
        ]
    }


RuleList = list[tuple[str, dict[str, list[Condition]]]]


def _read_segments(
    content: Any,
    base: Mapping[str, Variable],
    known: Mapping[str, Sequence[str]],
    file: str,
    lines: Mapping[tuple[Any, ...], int],
    violations: list[Violation],
) -> RuleList:
    rules: RuleList = []
    if not isinstance(content, list) or not 2 <= len(content) <= MOST_SEGMENTS:
        size = len(content) if isinstance(content, list) else type(content).__name__
        violations.append(Violation(f"segments must be a list of 2 to {MOST_SEGMENTS} rules", file, value=size))
        return rules
    for position, rule in enumerate(content):
        line = lines.get(("segments", position))
        if not isinstance(rule, dict) or set(rule) != set(KEYS["segment"]) or not isinstance(rule.get("when"), dict):
            violations.append(Violation("each segment has a name and when: variable to condition", file, line=line))
            continue
        name = str(rule["name"])
        if name in (other for other, _ in rules):
            violations.append(Violation("segment name stands twice", file, value=name, line=line))
        when: dict[str, list[Condition]] = {}
        for variable, wanted in rule["when"].items():
            where = lines.get(("segments", position, "when", variable), line)
            if variable not in base:
                hint = nearest_word(variable, base)
                violations.append(
                    Violation(
                        "no such base variable", file, None, f"when.{variable}", None, ", ".join(base), hint, where
                    )
                )
                continue
            for item in wanted if isinstance(wanted, list) else [wanted]:
                try:
                    when.setdefault(variable, []).append(parse_condition(item, base[variable], known.get(variable)))
                except ParameterError as error:
                    violations.append(Violation(str(error), file, column=f"when.{variable}", line=where))
        rules.append((name, when))
    return rules


def _read_cells(
    content: Any,
    base: Mapping[str, Variable],
    known: Mapping[str, Sequence[str]],
    features: pd.DataFrame,
    file: str,
    lines: Mapping[tuple[Any, ...], int],
    violations: list[Violation],
) -> RuleList:
    axes: list[list[tuple[str, str, list[Condition]]]] = []
    for position, cell in enumerate(content if isinstance(content, list) else []):
        line = lines.get(("cells", position))
        name = cell.get("variable") if isinstance(cell, dict) else None
        given = [key for key in KEYS["cell"][1:] if isinstance(cell, dict) and key in cell]
        if name not in base or len(given) != 1 or len(cell) != 2:
            message = "each cell has a base variable and one of cuts, quantiles, levels"
            violations.append(Violation(message, file, value=name, allowed=", ".join(base), line=line))
            continue
        try:
            axes.append(_axis(base[name], given[0], cell[given[0]], known.get(name), features))
        except ParameterError as error:
            violations.append(Violation(str(error), file, column=f"cells.{name}.{given[0]}", line=line))
    if not axes and not violations:
        violations.append(
            Violation(
                "cells must be a list of variables with cuts, quantiles or levels", file, line=lines.get(("cells",))
            )
        )
    count = int(np.prod([len(axis) for axis in axes])) if axes else 0
    if count > MOST_SEGMENTS:
        fix = "Use fewer cuts, or write the segments out with segments: and join cells there"
        violations.append(
            Violation(
                f"cells make {count} segments, at most {MOST_SEGMENTS} can be told apart",
                file,
                fix=fix,
                line=lines.get(("cells",)),
            )
        )
    if violations:
        return []
    return [
        (", ".join(words for _, words, _ in parts), {name: conditions for name, _, conditions in parts})
        for parts in product(*axes)
    ]


def _axis(
    variable: Variable, kind: str, given: Any, known: Sequence[str] | None, features: pd.DataFrame
) -> list[tuple[str, str, list[Condition]]]:
    """Cells of one variable: name, words, conditions."""
    if kind == "levels":
        if known is None:
            raise ParameterError(f"{variable.name} is a number and has no levels; give cuts or quantiles")
        groups = given if isinstance(given, dict) else {str(level): level for level in given}
        return [
            (
                variable.name,
                str(words),
                [parse_condition(x, variable, known) for x in (levels if isinstance(levels, list) else [levels])],
            )
            for words, levels in groups.items()
        ]
    if variable.level == "nominal":
        raise ParameterError(f"{variable.name} has names, not numbers; give levels")
    if kind == "quantiles":
        if isinstance(given, bool) or not isinstance(given, int) or not 2 <= given <= 10:
            raise ParameterError(f"quantiles must be a whole number from 2 to 10; got {given!r}")
        column = features[variable.name].dropna().to_numpy(float)
        cuts = sorted({float(q) for q in np.quantile(column, np.arange(1, given) / given)})
        if len(cuts) < given - 1 or cuts[0] <= column.min():
            raise ParameterError(
                f"too many units share one value for {given} quantiles of {variable.name}; give cuts instead"
            )
    else:
        cuts = given if isinstance(given, list) else [given]
        if not cuts or not all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in cuts):
            raise ParameterError(f"cuts must be a list of numbers; got {given!r}")
        if sorted(set(cuts)) != cuts:
            raise ParameterError(f"cuts must rise from each to the next; got {given!r}")
    edges = [None, *(float(cut) for cut in cuts), None]
    return [
        (variable.name, _interval_words(variable, low, high), [Condition(low=low, high=high, high_open=True)])
        for low, high in pairwise(edges)
    ]


def _interval_words(variable: Variable, low: float | None, high: float | None) -> str:
    if low is None:
        return f"{variable.words} below {high:g}"
    return f"{variable.words} {low:g} or more" if high is None else f"{variable.words} {low:g} to below {high:g}"
