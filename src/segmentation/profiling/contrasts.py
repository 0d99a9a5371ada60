"""How each segment differs from all others in variables that did not form it, in standard deviations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..features import adjust_fdr
from ..study import Study, Variable
from .everybody import Everybody, levels_of
from .moments import measure_moments, numbers_of

__all__ = ["contrast_segments", "spread_out"]

CONTRAST_COLUMNS = ("segment", "variable", "level", "difference", "lower", "upper", "reach", "p", "q", "n")


def spread_out(
    everybody: Everybody, variables: tuple[Variable, ...], study: Study
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Variables as numbers: names become a yes/no column a level.

    Returns
    -------
    (ndarray of shape (n_units, n_columns), list of (variable, level))
        NaN where a unit has no value. Levels held by fewer than ``choices.min_cell`` units are counted together.
    """
    columns, names = [], []
    for variable in variables:
        if variable.level == "nominal" and variable.measure == "value":
            codes, levels = levels_of(everybody.values[variable.name], variable, study.choices.min_cell)
            for place, level in enumerate(levels):
                columns.append(np.where(codes < 0, np.nan, (codes == place).astype(float)))
                names.append((variable.name, level))
            continue
        columns.append(numbers_of(everybody, [variable.name])[:, 0])
        names.append((variable.name, ""))
    return np.column_stack(columns) if columns else np.empty((len(everybody.values), 0)), names


def contrast_segments(everybody: Everybody, study: Study) -> pd.DataFrame:
    """Difference of each segment from everybody outside it, for every descriptor and outcome.

    Returns
    -------
    pandas.DataFrame
        segment, variable, level ("" unless nominal), difference (of means, in standard deviations between units), lower and upper
        (95 %), reach (the larger absolute end of the interval: no larger difference is compatible with the data), p (Welch), q (false
        discovery rate over all rows), n (units of the segment with a value). Cells with fewer than ``choices.min_cell`` units of the
        segment, or that do not vary, are left out.
    """
    from scipy.stats import t

    values, names = spread_out(everybody, study.descriptors, study)
    if not names:
        return pd.DataFrame(columns=list(CONTRAST_COLUMNS))
    own, rest = (measure_moments(values, everybody.weights, side) for side in (everybody.onehot, 1 - everybody.onehot))
    scale = measure_moments(values, everybody.weights, np.ones((len(values), 1))).sd[0]
    ours, theirs = own.error**2, rest.error**2
    error = np.sqrt(ours + theirs)
    usable = (own.n >= study.choices.min_cell) & (rest.n >= study.choices.min_cell) & (error > 0) & (scale > 0)
    parts = ours**2 / np.maximum(own.effective - 1, 1) + theirs**2 / np.maximum(rest.effective - 1, 1)
    freedom = np.divide((ours + theirs) ** 2, parts, out=np.ones_like(parts), where=parts > 0)
    gap = own.mean - rest.mean
    safe = np.where(usable, error, 1.0)
    p = 2 * t.sf(np.abs(gap) / safe, np.where(usable, freedom, 1.0))
    half = t.ppf(0.975, np.where(usable, freedom, 1.0)) * safe
    rows = []
    for place, segment in enumerate(everybody.segments):
        for column, (name, level) in enumerate(names):
            if usable[place, column]:
                cell = np.array([gap[place, column], -half[place, column], half[place, column]])
                limits = (cell[0] + np.array([0.0, cell[1], cell[2]])) / scale[column]
                rows.append(
                    (
                        segment,
                        name,
                        level,
                        *limits,
                        np.abs(limits[1:]).max(),
                        p[place, column],
                        np.nan,
                        int(own.n[place, column]),
                    )
                )
    table = pd.DataFrame(rows, columns=list(CONTRAST_COLUMNS))
    table["q"] = adjust_fdr(table["p"].to_numpy(float))
    return table
