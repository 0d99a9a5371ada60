"""What a hand-picked set of units has in common, beside everybody or beside a segment: for exploring, never for a claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words

__all__ = ["compare_selection", "describe_origin", "describe_selection", "tabulate_selection"]

FEW = 10  # below this a difference is an anecdote
LEVELS = 30  # a nominal variable with more names than this is a label, not a descriptor
NOTE = "A selection made by eye is a question, not a finding: no test is valid on it."


def compare_selection(
    features: pd.DataFrame,
    units: Iterable[str],
    *,
    against: Iterable[str] | None = None,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Mean of every variable in a selection and in what it is held against, the most different first.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_units, n_variables)
        Index: unit ids. Numbers are compared by their mean; of names (with at most 30 different ones) each has its share.
    units : iterable of str
        The selected units; at least one.
    against : iterable of str, optional
        Units to compare with, for instance those of a segment; default: everybody, the selection included.
    weights : pandas.Series, optional
        Weight of each unit; units without one count for nothing.

    Returns
    -------
    pandas.DataFrame
        Index variable; columns level (name of a nominal variable, else empty), selected, reference (means, or shares 0 to 1),
        difference (in standard deviations of everybody), n and n_reference (units with a value). Sorted by the size of the
        difference.

    Raises
    ------
    ParameterError
        If nothing is selected, there is nobody to compare with, or a unit is not in the features.

    Examples
    --------
    >>> features = pd.DataFrame({"days": [1.0, 2.0, 3.0], "plan": ["A", "B", "B"]}, index=["a", "b", "c"])
    >>> compare_selection(features, ["c"])[["level", "selected", "reference", "difference"]].round(2)
             level  selected  reference  difference
    variable
    days                 3.0       2.00        1.22
    plan         A       0.0       0.33       -0.71
    plan         B       1.0       0.67        0.71
    """
    chosen = _known(units, features.index, "nothing is selected: name at least one unit")
    others = list(features.index) if against is None else _known(against, features.index, "nobody to compare with")
    weight = pd.Series(1.0, features.index) if weights is None else weights.reindex(features.index).fillna(0.0)
    indicators = _indicators(features)
    values, part = indicators.to_numpy(float), weight.to_numpy(float)
    place = pd.Series(np.arange(len(features)), features.index)
    picked, rest = place[chosen].to_numpy(), place[others].to_numpy()
    overall, spread = _mean(values, part)
    selected, reference = _mean(values[picked], part[picked])[0], _mean(values[rest], part[rest])[0]
    known = ~np.isnan(values)
    table = pd.DataFrame(
        {
            "level": [level for _, level in indicators.columns],
            "selected": selected,
            "reference": overall if against is None else reference,
            "difference": (selected - (overall if against is None else reference))
            / np.where(spread > 0, spread, np.nan),
            "n": known[picked].sum(axis=0),
            "n_reference": known[rest].sum(axis=0),
        },
        index=pd.Index([name for name, _ in indicators.columns], name="variable"),
    )
    return table.sort_values("difference", key=lambda sizes: sizes.abs().round(9), ascending=False, kind="stable")


def tabulate_selection(
    comparison: pd.DataFrame, labels: Mapping[str, str] | None = None, *, reference: str = "everybody", rows: int = 12
) -> Table:
    """The comparison for a reader; the ``rows`` most different variables."""
    shown = comparison.dropna(subset=["difference"]).head(rows)
    frame = pd.DataFrame(
        {
            "variable": [_words(row, labels) for row in shown.itertuples()],
            "selection": [_value(row.selected, row.level) for row in shown.itertuples()],
            reference: [_value(row.reference, row.level) for row in shown.itertuples()],
            "difference": shown["difference"].to_numpy(),
            "n": shown["n"].to_numpy(),
        }
    )
    n, other = (int(comparison[name].max()) if len(comparison) else 0 for name in ("n", "n_reference"))
    caption = f"The selection (n = {n:,d}) beside {reference} (n = {other:,d}); the difference is in standard deviations of everybody."
    few = f" {count_words(n, 'unit')} {'is' if n == 1 else 'are'} an anecdote: look for more." if n < FEW else ""
    return Table(frame, caption, {"difference": "+.2f", "n": ",d"}, note=NOTE + few, empty="Nothing can be compared.")


def describe_selection(
    comparison: pd.DataFrame, labels: Mapping[str, str] | None = None, *, reference: str = "everybody"
) -> Reading:
    """The two variables that differ most, in words."""
    top = comparison.dropna(subset=["difference"]).head(2)
    if top.empty or not top["difference"].abs().max():
        return Reading([f"The selection cannot be told from {reference} by any variable."])
    words = [
        f"“{_words(row, labels)}” is {row.difference:+.1f} standard deviations from {reference} "
        f"({_value(row.selected, row.level)} against {_value(row.reference, row.level)}, n = {row.n:,d})"
        for row in top.itertuples()
    ]
    return Reading([f"In this selection {'; '.join(words)}."])


def describe_origin(selected: Iterable[str], membership: pd.DataFrame, *, units: str = "units") -> Reading:
    """Which segments the selected units are in."""
    segment = membership["segment"].reindex(list(selected)).astype("object")
    counts = segment.where(segment.notna(), "no segment").value_counts()
    parts = [f"{n:,d} in {name}" for name, n in counts.items()]
    return Reading([f"Selected: {len(segment):,d} of the {len(membership):,d} {units}, {join_words(parts)}."])


def _known(units: Iterable[str], index: pd.Index, empty: str) -> list[str]:
    chosen = list(dict.fromkeys(units))
    if not chosen:
        raise ParameterError(empty)
    unknown = [unit for unit in chosen if unit not in index]
    if unknown:
        raise ParameterError(f"{len(unknown)} selected units are not in the features, for instance {unknown[0]!r}")
    return chosen


def _indicators(features: pd.DataFrame) -> pd.DataFrame:
    """Numbers as they are, names as one column of 0 and 1 a name; columns (variable, level)."""
    columns: dict[tuple[str, str], pd.Series] = {}
    for name, column in features.items():
        if pd.api.types.is_numeric_dtype(column.dtype):
            columns[str(name), ""] = column.astype(float)
        elif column.nunique() <= LEVELS:
            known = column.notna()
            for level in sorted(column.dropna().astype(str).unique()):
                columns[str(name), level] = (column.astype("object") == level).astype(float).where(known)
    return pd.DataFrame(columns, index=features.index)


def _mean(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each column over the units that have it; NaN where nobody has."""
    part = np.where(np.isnan(values), 0.0, weight[:, None])
    total = part.sum(axis=0)
    total = np.where(total > 0, total, np.nan)
    mean = (part * np.nan_to_num(values)).sum(axis=0) / total
    return mean, np.sqrt((part * np.nan_to_num(values - mean) ** 2).sum(axis=0) / total)


def _words(row: object, labels: Mapping[str, str] | None) -> str:
    name = (labels or {}).get(str(row.Index), str(row.Index))
    return f"{name}: {row.level}" if row.level else name


def _value(value: float, level: str) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}" if level else f"{value:,.2f}"
