"""What a hand-picked set of units has in common, beside everybody: for exploring, never for a claim."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError

__all__ = ["compare_selection", "describe_selection", "tabulate_selection"]


def compare_selection(features: pd.DataFrame, units: Iterable[str]) -> pd.DataFrame:
    """Mean of every numeric feature in a selection and overall, the most different first.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_units, n_variables)
        Index: unit ids. Columns that are not numeric are left out.
    units : iterable of str
        The selected units; at least one.

    Returns
    -------
    pandas.DataFrame
        Index variable; columns selected, everybody (means), difference (in standard deviations of everybody), n
        (units of the selection with a value). Sorted by the size of the difference.

    Raises
    ------
    ParameterError
        If nothing is selected or a unit is not in the features.

    Examples
    --------
    >>> features = pd.DataFrame({"days": [1.0, 2.0, 3.0], "seats": [5.0, 5.0, 8.0]}, index=["a", "b", "c"])
    >>> compare_selection(features, ["c"]).round(2)
              selected  everybody  difference  n
    variable
    seats          8.0        6.0        1.15  1
    days           3.0        2.0        1.00  1
    """
    chosen = list(dict.fromkeys(units))
    if not chosen:
        raise ParameterError("nothing is selected: name at least one unit")
    unknown = [unit for unit in chosen if unit not in features.index]
    if unknown:
        raise ParameterError(f"{len(unknown)} selected units are not in the features, for instance {unknown[0]!r}")
    numeric = features.select_dtypes("number")
    part = numeric.loc[chosen]
    table = pd.DataFrame({"selected": part.mean(), "everybody": numeric.mean()})
    spread = numeric.std()
    table["difference"] = (table["selected"] - table["everybody"]) / spread.where(spread > 0)
    table["n"] = part.notna().sum()
    table.index.name = "variable"
    return table.sort_values("difference", key=abs, ascending=False, kind="stable")


def tabulate_selection(comparison: pd.DataFrame, labels: dict[str, str] | None = None, rows: int = 12) -> Table:
    """The comparison for a reader; the ``rows`` most different variables."""
    shown = comparison.head(rows).reset_index()
    shown["variable"] = [(labels or {}).get(name, name) for name in shown["variable"]]
    n = int(comparison["n"].max()) if len(comparison) else 0
    caption = f"The selection (n = {n:,d}) beside everybody; difference in standard deviations of everybody."
    formats = {"selected": ",.2f", "everybody": ",.2f", "difference": "+.2f", "n": ",d"}
    return Table(
        shown, caption, formats, note="A selection made by eye is a question, not a finding: no test is valid on it."
    )


def describe_selection(comparison: pd.DataFrame, labels: dict[str, str] | None = None) -> Reading:
    """The two variables that differ most, in words."""
    top = comparison.dropna(subset=["difference"]).head(2)
    if top.empty:
        return Reading(["The selection cannot be told from everybody by any numeric variable."])
    words = [
        f"{(labels or {}).get(str(name), str(name))} is {row['difference']:+.1f} standard deviations from everybody"
        f" ({row['selected']:,.2f} against {row['everybody']:,.2f})"
        for name, row in top.iterrows()
    ]
    return Reading([f"In this selection {'; '.join(words)}."])
