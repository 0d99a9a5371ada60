"""Numbers of one variable in all segments: shares and means by weight, with intervals and indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..study import Study, Variable
from .cells import withhold_cells
from .everybody import Everybody, levels_of
from .intervals import bootstrap_weights, index_interval, mean_interval, wilson_interval
from .weighted import share_bases, weighted_moments

__all__ = ["Rows", "bootstrap_index", "estimate_rows"]

MIDDLE = (0.025, 0.975)  # quantiles whose span is the range of an unbounded variable


@dataclass(frozen=True)
class Rows:
    """One variable or level over all segments; arrays of shape (n_segments,).

    Attributes
    ----------
    n, base : ndarray
        Units counted, and with an answer.
    effective : ndarray
        Equally weighted units that the interval stands on.
    estimate, lower, upper : ndarray
    total, spread, width : float
        Everybody's value, standard deviation between units, and the range that the marker rule takes a quarter of.
    p : ndarray
        Of segment against rest; only for the control of false discoveries among descriptors, never shown.
    """

    variable: Variable
    level: str
    kind: str
    n: np.ndarray
    base: np.ndarray
    effective: np.ndarray
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


def estimate_rows(everybody: Everybody, variable: Variable, study: Study) -> list[Rows]:
    """One row for a mean or a yes/no variable, one a level for names."""
    column = everybody.values[variable.name]
    is_base = variable.name in study.segmentation.base
    if variable.level == "binary":
        codes = column.fillna(-1).to_numpy(int)
        return _shares(everybody, variable, codes, ("no", "yes"), study)[1:]
    if variable.level == "nominal" or (not is_base and variable.measure == "value" and variable.level == "ordinal"):
        codes, names = levels_of(column, variable, study.choices.min_cell)
        return _shares(everybody, variable, codes, names, study)
    return [_means(everybody, variable, column.to_numpy(float), study)]


def _shares(
    everybody: Everybody, variable: Variable, codes: np.ndarray, names: tuple[str, ...], study: Study
) -> list[Rows]:
    k = len(everybody.segments)
    known = codes >= 0
    flat, weights = codes[known] * k + everybody.codes[known], everybody.weights[known]
    counts, sums, squares = (
        np.bincount(flat, weights=heavy, minlength=len(names) * k).reshape(len(names), k).astype(float)
        for heavy in (None, weights, weights**2)
    )
    base = counts.sum(axis=0)
    if variable.level == "binary" and variable.name in study.segmentation.base:
        withheld = np.repeat(withhold_cells(base[None, :], study.choices.min_cell), len(names), axis=0)
    else:
        withheld = withhold_cells(counts, study.choices.min_cell)
    total, square = sums.sum(axis=0), squares.sum(axis=0)
    part = total / total.sum() if total.sum() > 0 else np.full(k, np.nan)
    rows = []
    for place, name in enumerate(names):
        hits, hit = sums[place], squares[place]
        effective = share_bases(hits, hit, total, square)
        rest_hits, rest_total = hits.sum() - hits, total.sum() - total
        rest = share_bases(rest_hits, hit.sum() - hit, rest_total, square.sum() - square)
        share, rest_share = _ratio(hits, total), _ratio(rest_hits, rest_total)
        everybodys = float(hits.sum() / total.sum()) if total.sum() > 0 else float("nan")
        low, high = wilson_interval(share * effective, effective)
        index_low, index_high, p = index_interval(
            np.nan_to_num(share * effective), effective, np.nan_to_num(rest_share * rest), rest, part=part
        )
        spread = float(np.sqrt(max(everybodys * (1 - everybodys), 0.0)))
        rows.append(
            Rows(
                variable, name, "share", counts[place], base, effective, share, low, high, everybodys, spread, 1.0,
                p, index_low, index_high, withheld[place],
            )
        )  # fmt: skip
    return rows


def _means(everybody: Everybody, variable: Variable, values: np.ndarray, study: Study) -> Rows:
    known = ~np.isnan(values)
    seen, onehot, weights = values[known], everybody.onehot[known], everybody.weights[known]
    n = onehot.sum(axis=0)
    mean, error, effective = weighted_moments(seen, weights, onehot)
    low, high = mean_interval(mean, error * np.sqrt(effective), effective)
    if variable.measure in ("share", "top2"):  # cannot lie outside 0 to 1
        low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    total = float(weights @ seen / weights.sum()) if len(seen) else float("nan")
    spread = float(np.sqrt(weights @ (seen - total) ** 2 / weights.sum())) if len(seen) else float("nan")
    withheld = withhold_cells(n[None, :], study.choices.min_cell)[0]
    nothing = np.full(len(n), np.nan)
    width, negative = _width(variable, seen, weights), bool((seen < 0).any())
    p = _against_rest(seen, weights, onehot)
    return Rows(
        variable, "", "mean", n, n, effective, mean, low, high, total, spread, width, p, nothing, nothing, withheld,
        negative,
    )  # fmt: skip


def _against_rest(seen: np.ndarray, weights: np.ndarray, onehot: np.ndarray) -> np.ndarray:
    """p of Welch's test with linearised errors; degrees of freedom by the effective bases."""
    from scipy.stats import t

    (mean, error, n), (rest, rest_error, rest_n) = (
        weighted_moments(seen, weights, member) for member in (onehot, 1 - onehot)
    )
    own, others = error**2, rest_error**2
    both = own + others
    usable = np.isfinite(both) & (both > 0)
    safe = np.where(usable, both, 1.0)
    freedom = safe**2 / np.maximum(own**2 / np.maximum(n - 1, 1) + others**2 / np.maximum(rest_n - 1, 1), 1e-300)
    p = 2 * t.sf(np.abs(mean - rest) / np.sqrt(safe), np.where(usable, freedom, 1.0))
    return np.where(usable, p, np.nan)


def _width(variable: Variable, seen: np.ndarray, weights: np.ndarray) -> float:
    """Range that the absolute part of the marker rule is a quarter of."""
    if variable.measure in ("share", "top2") or variable.level == "binary":
        return 1.0
    if variable.scale is not None and variable.centre == "none":
        return float(variable.scale[1] - variable.scale[0])
    if not len(seen):
        return float("nan")
    equal = (weights == 1.0).all()
    low, high = (
        np.quantile(seen, MIDDLE) if equal else np.quantile(seen, MIDDLE, weights=weights, method="inverted_cdf")
    )
    return float(high - low) or float("inf")


def bootstrap_index(
    everybody: Everybody, rows: list[Rows], study: Study
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Index and its percentile interval for means of variables that are never negative; by variable name.

    Units are drawn with equal chance, and each keeps its weight.
    """
    rows = [row for row in rows if not row.can_be_negative and row.total > 0]
    if not rows:
        return {}
    values = everybody.values[[row.variable.name for row in rows]].to_numpy(float)
    known = ~np.isnan(values)
    heavy = everybody.weights[:, None] * known
    filled = np.where(known, values, 0.0) * everybody.weights[:, None]
    members = [np.flatnonzero(everybody.codes == code) for code in range(len(everybody.segments))]
    blocks = []
    for drawn in bootstrap_weights(len(values), study.choices.draws, study.choices.random_state):
        parts = [(drawn[:, place] @ filled[place], drawn[:, place] @ heavy[place]) for place in members]
        sums, counts = (np.stack([part[which] for part in parts]) for which in (0, 1))
        total = _ratio(sums.sum(axis=0), counts.sum(axis=0))
        blocks.append(100 * _ratio(_ratio(sums, counts), total[None]))
    indices = np.concatenate(blocks, axis=1)  # segments x draws x variables
    found = {}
    for place, row in enumerate(rows):
        limits = [_percentile(indices[:, :, place], share) for share in MIDDLE]
        found[row.variable.name] = (100 * row.estimate / row.total, *limits)
    return found


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=np.broadcast_to(bottom > 0, top.shape))


def _percentile(drawn: np.ndarray, share: float) -> np.ndarray:
    """Percentile of each row, draws without the segment left out; NaN where none is left."""
    return np.array([np.quantile(row[~np.isnan(row)], share) if not np.isnan(row).all() else np.nan for row in drawn])
