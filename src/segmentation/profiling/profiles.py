"""Segment profiles: each variable in each segment beside everybody, with intervals, indices and markers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..features import FeatureTable, adjust_fdr
from ..study import Study, Variable
from .estimates import Rows, bootstrap_index, estimate_rows
from .everybody import Everybody, gather
from .order import order_variables

__all__ = ["PROFILE_COLUMNS", "passes_marker_rule", "profile_segments"]

PROFILE_COLUMNS = (
    "segment", "variable", "level", "role", "kind", "n", "base", "estimate", "lower", "upper", "total",
    "index", "index_lower", "index_upper", "marker", "z", "z_lower", "z_upper", "size", "withheld", "effective", "share",
)  # fmt: skip
ABSOLUTE = 0.25  # of the variable's range
RELATIVE = 0.5  # of everybody's value


def profile_segments(
    features: FeatureTable | pd.DataFrame, membership: pd.DataFrame | pd.Series, study: Study
) -> pd.DataFrame:
    """Describe each segment by every variable of the study.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit; one column a study variable.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``, missing where a unit has none. Everybody means all units with a segment.
    study : Study
        ``choices.draws``, ``random_state``, ``min_cell`` and ``alpha`` are used.

    Returns
    -------
    pandas.DataFrame
        One row a variable (and level) and segment, base variables first, similar ones beside each other, columns
        ``PROFILE_COLUMNS``:

        - level: the level of a nominal or ordinal descriptor, "yes" for a binary variable, "" for a mean; role;
        - kind: ``mean`` (Student's t interval) or ``share`` (Wilson's), lower and upper at 95 %;
        - n: units counted (with the trait, or observed for a mean); base: units of the segment with an answer;
        - total: everybody's value;
        - index: 100 times estimate / total, with a 95 % interval that respects that the segment is part of everybody
          (shares: Walter's; means: bootstrap over units); missing where a ratio means nothing (values below 0);
        - marker: the segment stands out, see Notes;
        - z, z_lower, z_upper: estimate and its limits less total, in standard deviations between units;
        - size: units in the segment; withheld: a cell too small to publish, its numbers are missing;
        - effective: equally weighted units that the interval stands on (base, where the study has no weights); share:
          the segment's part of everybody, by weight.

    Raises
    ------
    ParameterError
        If units or variables do not match, or nobody has a segment.
    DataContractError
        If the study's weights are negative, infinite or all zero.

    Notes
    -----
    Markers: the rule of Dolnicar and Leisch (segment and total differ by a quarter of the variable's range, or by
    half of the total) and the interval excludes the total. The range is the declared scale, 1 for shares, else the
    span of the middle 95 % of units; the relative part needs a variable that cannot be negative. For descriptors the
    difference from the rest must also survive the control of the false discovery rate over all descriptor cells.
    There is no p-value of a base variable: the segments were made to differ in it.

    Weights: with a weight variable in the study, estimates, totals, indices and standard deviations are weighted, means have
    linearised (Taylor) standard errors, shares Wilson's interval with an effective base, and bootstrap draws take units with
    equal chance and keep their weights. n, base and size always count units. Equal weights give exactly what no weights give.
    A row given twice and a row of weight 2 have the same estimates, but not the same intervals: two people who answer alike
    are twice the evidence, one person who stands for two is not.
    """
    everybody = gather(features, membership, study)
    base = [variable.name for variable in study.base]
    numbers = [name for name in base if study.variable(name).level != "nominal"]
    one_scale = bool(everybody.values[numbers].stack().between(0, 1).all())  # shares and yes/no: comparable as they are
    order = order_variables(everybody.values[numbers], standardise=not one_scale, weights=everybody.weights)
    order += [name for name in base if name not in numbers]
    variables = [study.variable(name) for name in order] + [*study.led_by, *study.descriptors]
    rows: list[Rows] = []
    for variable in variables:
        rows += estimate_rows(everybody, variable, study)
    ranges = bootstrap_index(everybody, [row for row in rows if row.kind == "mean"], study)
    q = _cell_q(rows, {*base, *(variable.name for variable in study.led_by)})
    tables = [_tidy(row, everybody, ranges.get(row.variable.name), q[place], study) for place, row in enumerate(rows)]
    return pd.concat(tables, ignore_index=True)


def passes_marker_rule(
    estimate: np.ndarray, total: np.ndarray | float, *, width: float = 1.0, relative: bool = True
) -> np.ndarray:
    """Dolnicar and Leisch's rule alone: |c - m| >= width / 4, or |c - m| / m >= 1/2.

    Parameters
    ----------
    estimate, total : ndarray or float
        Segment's and everybody's value.
    width : float
        Range of the variable, in its units.
    relative : bool
        Whether the second part applies (only for variables that cannot be negative).

    Examples
    --------
    >>> passes_marker_rule(np.array([0.30, 0.50, 0.06]), np.array([0.55, 0.55, 0.10])).tolist()
    [True, False, False]
    """
    difference = np.abs(np.asarray(estimate, float) - total)
    rule = difference >= ABSOLUTE * width - 1e-12
    if relative:
        rule |= (np.asarray(total) > 0) & (difference >= RELATIVE * np.asarray(total) - 1e-12)
    return rule


def _cell_q(rows: list[Rows], base: set[str]) -> list[np.ndarray]:
    """False discovery rate over every descriptor cell that may be published; 1 for base variables, never tested."""
    tested = [np.where(row.withheld, np.nan, row.p) for row in rows if row.variable.name not in base]
    adjusted = iter(np.split(adjust_fdr(np.concatenate(tested)), len(tested)) if tested else [])
    return [np.ones(len(row.p)) if row.variable.name in base else next(adjusted) for row in rows]


def _role(variable: Variable, study: Study) -> str:
    """Role in this segmentation: a base variable of another one is a descriptor here."""
    if variable.name in study.segmentation.base:
        return "base"
    return "descriptor" if variable.role == "base" else variable.role


def _tidy(
    row: Rows,
    everybody: Everybody,
    index: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    q: np.ndarray,
    study: Study,
) -> pd.DataFrame:
    if row.kind == "share":
        value = 100 * row.estimate / row.total if row.total > 0 else np.full(len(q), np.nan)
        index = (value, row.index_lower, row.index_upper)
    index = index or (np.full(len(q), np.nan),) * 3
    excluded = (row.lower > row.total) | (row.upper < row.total)
    rule = passes_marker_rule(row.estimate, row.total, width=row.width, relative=not row.can_be_negative)
    sure = np.ones(len(q), bool) if row.variable.name in study.segmentation.base else q <= study.choices.alpha
    spread = row.spread if row.spread > 0 else np.nan
    estimates = {
        "n": row.n,
        "effective": row.effective,
        "estimate": row.estimate,
        "lower": row.lower,
        "upper": row.upper,
    }
    estimates |= dict(zip(("index", "index_lower", "index_upper"), index, strict=True))
    estimates |= {f"z{end}": (estimates[name] - row.total) / spread for end, name in
                  (("", "estimate"), ("_lower", "lower"), ("_upper", "upper"))}  # fmt: skip
    shown = {name: np.where(row.withheld, np.nan, values) for name, values in estimates.items()}
    table = pd.DataFrame({"segment": everybody.segments, **shown})
    table = table.assign(
        variable=row.variable.name,
        level="yes" if row.level == "yes" and row.variable.level == "binary" else row.level,
        role=_role(row.variable, study),
        kind=row.kind,
        base=row.base.astype(int),
        total=row.total,
        marker=rule & excluded & sure & ~row.withheld,
        size=everybody.sizes,
        share=everybody.shares,
        withheld=row.withheld,
        n=table["n"].astype("Int64"),
    )
    return table[list(PROFILE_COLUMNS)]
