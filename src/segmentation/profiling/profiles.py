"""Segment profiles: each variable in each segment beside everybody, with intervals, indices and markers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..features import FeatureTable, adjust_fdr
from ..study import Study, Variable
from .cells import withhold_cells
from .everybody import Everybody, gather, levels_of
from .intervals import bootstrap_weights, index_interval, mean_interval, wilson_interval
from .order import order_variables

__all__ = ["PROFILE_COLUMNS", "passes_marker_rule", "profile_segments"]

PROFILE_COLUMNS = (
    "segment", "variable", "level", "role", "kind", "n", "base", "estimate", "lower", "upper", "total",
    "index", "index_lower", "index_upper", "marker", "z", "z_lower", "z_upper", "size", "withheld",
)  # fmt: skip
ABSOLUTE = 0.25  # of the variable's range
RELATIVE = 0.5  # of everybody's value
MIDDLE = (0.025, 0.975)  # quantiles whose span is the range of an unbounded variable


@dataclass(frozen=True)
class _Rows:
    """One variable or level over all segments; arrays of shape (n_segments,)."""

    variable: Variable
    level: str
    kind: str
    n: np.ndarray
    base: np.ndarray
    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    total: float
    spread: float
    width: float
    p: np.ndarray
    index_lower: np.ndarray
    index_upper: np.ndarray
    withheld: np.ndarray
    can_be_negative: bool = False


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
        - size: units in the segment; withheld: a cell too small to publish, its numbers are missing.

    Raises
    ------
    ParameterError
        If units or variables do not match, or nobody has a segment.

    Notes
    -----
    Markers: the rule of Dolnicar and Leisch (segment and total differ by a quarter of the variable's range, or by
    half of the total) and the interval excludes the total. The range is the declared scale, 1 for shares, else the
    span of the middle 95 % of units; the relative part needs a variable that cannot be negative. For descriptors the
    difference from the rest must also survive the control of the false discovery rate over all descriptor cells.
    There is no p-value of a base variable: the segments were made to differ in it.
    """
    everybody = gather(features, membership, study)
    base = [variable.name for variable in study.base]
    one_scale = bool(everybody.values[base].stack().between(0, 1).all())  # shares and yes/no: comparable as they are
    order = order_variables(everybody.values[base], standardise=not one_scale)
    variables = [study.variable(name) for name in order] + list(study.descriptors)
    rows: list[_Rows] = []
    for variable in variables:
        rows += _rows(everybody, variable, study)
    ranges = _bootstrap_index(everybody, [row for row in rows if row.kind == "mean"], study)
    q = _cell_q(rows, set(base))
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


def _rows(everybody: Everybody, variable: Variable, study: Study) -> list[_Rows]:
    column = everybody.values[variable.name]
    is_base = variable.name in study.segmentation.base
    if variable.level == "binary":
        codes = column.fillna(-1).to_numpy(int)
        return _shares(everybody, variable, codes, ("no", "yes"), study)[1:]
    if not is_base and variable.measure == "value" and variable.level in ("nominal", "ordinal"):
        codes, names = levels_of(column, variable, study.choices.min_cell)
        return _shares(everybody, variable, codes, names, study)
    return [_means(everybody, variable, column.to_numpy(float), study)]


def _shares(
    everybody: Everybody, variable: Variable, codes: np.ndarray, names: tuple[str, ...], study: Study
) -> list[_Rows]:
    k = len(everybody.segments)
    known = codes >= 0
    flat = codes[known] * k + everybody.codes[known]
    counts = np.bincount(flat, minlength=len(names) * k).reshape(len(names), k).astype(float)
    base = counts.sum(axis=0)
    if variable.name in study.segmentation.base:
        withheld = np.repeat(withhold_cells(base[None, :], study.choices.min_cell), len(names), axis=0)
    else:
        withheld = withhold_cells(counts, study.choices.min_cell)
    n = base.sum()
    rows = []
    for place, name in enumerate(names):
        hits = counts[place]
        share = np.divide(hits, base, out=np.full(k, np.nan), where=base > 0)
        low, high = wilson_interval(hits, base)
        index_low, index_high, p = index_interval(hits, base, hits.sum() - hits, n - base)
        total = float(hits.sum() / n) if n else float("nan")
        spread = float(np.sqrt(total * (1 - total)))
        rows.append(
            _Rows(
                variable, name, "share", hits, base, share, low, high, total, spread, 1.0,
                p, index_low, index_high, withheld[place],
            )
        )  # fmt: skip
    return rows


def _means(everybody: Everybody, variable: Variable, values: np.ndarray, study: Study) -> _Rows:
    known = ~np.isnan(values)
    seen, onehot = values[known], everybody.onehot[known]
    n = onehot.sum(axis=0)
    mean, sd = _moments(seen @ onehot, (seen**2) @ onehot, n, seen, onehot)
    low, high = mean_interval(mean, sd, n)
    if variable.measure in ("share", "top2"):  # cannot lie outside 0 to 1
        low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    total = float(seen.mean()) if len(seen) else float("nan")
    spread = float(seen.std()) if len(seen) else float("nan")
    withheld = withhold_cells(n[None, :], study.choices.min_cell)[0]
    nothing = np.full(len(n), np.nan)
    width, negative = _width(variable, seen), bool((seen < 0).any())
    p = _welch_against_rest(seen, onehot)
    return _Rows(
        variable, "", "mean", n, n, mean, low, high, total, spread, width, p, nothing, nothing, withheld, negative
    )


def _moments(
    sums: np.ndarray, squares: np.ndarray, n: np.ndarray, seen: np.ndarray, onehot: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mean = np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
    off = (seen[:, None] - np.where(n > 0, mean, 0.0)[None, :]) * onehot  # two passes: exact for large values
    variance = np.divide((off**2).sum(axis=0), n - 1, out=np.full(len(n), np.nan), where=n > 1)
    return mean, np.sqrt(variance)


def _welch_against_rest(seen: np.ndarray, onehot: np.ndarray) -> np.ndarray:
    from scipy.stats import t

    parts = []
    for member in (onehot, 1 - onehot):
        n = member.sum(axis=0)
        mean, sd = _moments(seen @ member, (seen**2) @ member, n, seen, member)
        parts.append((mean, sd**2 / np.maximum(n, 1), n))
    (mean, error, n), (rest, rest_error, rest_n) = parts
    both = error + rest_error
    usable = np.isfinite(both) & (both > 0)
    safe = np.where(usable, both, 1.0)
    freedom = safe**2 / np.maximum(error**2 / np.maximum(n - 1, 1) + rest_error**2 / np.maximum(rest_n - 1, 1), 1e-300)
    p = 2 * t.sf(np.abs(mean - rest) / np.sqrt(safe), np.where(usable, freedom, 1.0))
    return np.where(usable, p, np.nan)


def _width(variable: Variable, seen: np.ndarray) -> float:
    """Range that the absolute part of the marker rule is a quarter of."""
    if variable.measure in ("share", "top2") or variable.level == "binary":
        return 1.0
    if variable.scale is not None and variable.centre == "none":
        return float(variable.scale[1] - variable.scale[0])
    if not len(seen):
        return float("nan")
    low, high = np.quantile(seen, MIDDLE)
    return float(high - low) or float("inf")


def _bootstrap_index(
    everybody: Everybody, rows: list[_Rows], study: Study
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Index and its percentile interval for means of variables that are never negative; by variable name."""
    rows = [row for row in rows if not row.can_be_negative and row.total > 0]
    if not rows:
        return {}
    values = everybody.values[[row.variable.name for row in rows]].to_numpy(float)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    members = [np.flatnonzero(everybody.codes == code) for code in range(len(everybody.segments))]
    blocks = []
    for weights in bootstrap_weights(len(values), study.choices.draws, study.choices.random_state):
        parts = [
            (weights[:, place] @ filled[place], weights[:, place] @ known[place].astype(float)) for place in members
        ]
        sums, counts = (np.stack([part[which] for part in parts]) for which in (0, 1))
        total = _ratio(sums.sum(axis=0), counts.sum(axis=0))
        blocks.append(100 * _ratio(_ratio(sums, counts), total[None]))
    drawn = np.concatenate(blocks, axis=1)  # segments x draws x variables
    found = {}
    for place, row in enumerate(rows):
        limits = [_percentile(drawn[:, :, place], share) for share in MIDDLE]
        found[row.variable.name] = (100 * row.estimate / row.total, *limits)
    return found


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=np.broadcast_to(bottom > 0, top.shape))


def _percentile(drawn: np.ndarray, share: float) -> np.ndarray:
    """Percentile of each row, draws without the segment left out; NaN where none is left."""
    return np.array([np.quantile(row[~np.isnan(row)], share) if not np.isnan(row).all() else np.nan for row in drawn])


def _cell_q(rows: list[_Rows], base: set[str]) -> list[np.ndarray]:
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
    row: _Rows,
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
    estimates = {"n": row.n, "estimate": row.estimate, "lower": row.lower, "upper": row.upper}
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
        withheld=row.withheld,
        n=table["n"].astype("Int64"),
    )
    return table[list(PROFILE_COLUMNS)]
