"""Through which channels the units of each segment and persona came to each stage, measured from events and set against everybody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..features import adjust_fdr
from ..profiling import index_interval, wilson_interval, withhold_cells
from ..study import Study
from .journey import first_times, group_units
from .members import Members

__all__ = ["TOUCH_COLUMNS", "count_touchpoints", "list_touchpoints"]

TOUCH_COLUMNS = (
    "segment", "persona_id", "stage", "channel", "reached", "units", "share", "lower", "upper", "total", "index", "index_lower",
    "index_upper", "marker", "withheld",
)  # fmt: skip
_HIDE = TOUCH_COLUMNS[4:13]  # what is counted: from reached to index_upper


def list_touchpoints(data: Any, study: Study) -> dict[str, list[str]]:
    """Channels on record at each stage of the journey that the study declares.

    Parameters
    ----------
    data : Dataset, pandas.DataFrame or ibis Table
        As for ``map_journey``.
    study : Study

    Returns
    -------
    dict of str to list of str
        Every stage, in order; no channels where none is on record.
    """
    seen = _channel_times(data, study)
    return {
        stage: sorted(seen.loc[seen["event"].isin(names), "channel"].astype(str).unique())
        for stage, names in study.journeys.items()
    }


def count_touchpoints(
    data: Any, study: Study, membership: pd.DataFrame, *, members: Members | None = None, min_cell: int = 10
) -> pd.DataFrame:
    """Count through which channels units came to each stage, by segment and by persona, and how that compares with everybody.

    Parameters
    ----------
    data, study, membership, members, min_cell
        As for ``map_journey``.

    Returns
    -------
    pandas.DataFrame
        One row a segment (and persona, and "all"), stage and channel, columns ``TOUCH_COLUMNS``: reached (units that reached the
        stage with any channel on record), units (those of them through this channel; a unit may have come through several), share
        with its 95 % Wilson interval; total (everybody's share), index (100 times share / total) with a 95 % interval that respects
        that the segment is part of everybody (Walter's; missing for everybody); marker (a segment's interval excludes 100, and the
        difference survives the control of the false discovery rate over all cells of segments, withheld or not, at
        ``choices.alpha``). Cells of fewer
        than ``min_cell`` units are withheld, with those that would give them away by subtraction. Most used channels first.

    Notes
    -----
    The p behind ``marker`` is exact (hypergeometric, twice the smaller tail). With segments shuffled among the sample's accounts,
    any cell was marked in 10 of 400 shuffles (benchmarks/touchpoints_shuffled.py).
    """
    groups = group_units(membership, members)
    seen = _channel_times(data, study)
    seen = seen[seen["unit"].isin(groups[("all", "")])]
    tables = []
    for place, (stage, names) in enumerate(study.journeys.items()):
        here = seen[seen["event"].isin(names)]
        if len(here):
            tables.append(_count_stage(here, groups, min_cell).assign(stage=stage, _stage=place))
    if not tables:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in TOUCH_COLUMNS})
    table = pd.concat(tables, ignore_index=True)
    table["marker"] = _stands_out(table, study.choices.alpha)
    table = table.sort_values(
        ["_group", "_stage", "_count", "channel"], ascending=[True, True, False, True], kind="stable"
    )
    return table[list(TOUCH_COLUMNS)].reset_index(drop=True)


def _channel_times(data: Any, study: Study) -> pd.DataFrame:
    """First times of declared events by unit and channel, where a channel is on record."""
    events = data.tables.get("events") if isinstance(data, Dataset) else data
    if events is None or not study.journeys:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in ("unit", "event", "channel", "first")})
    return first_times(events, study).dropna(subset=["channel"])


def _count_stage(here: pd.DataFrame, groups: dict[tuple[str, str], pd.Index], min_cell: int) -> pd.DataFrame:
    """Counts of one stage, groups by channels, as a long table."""
    came = pd.crosstab(here["unit"], here["channel"].astype(str)) > 0
    inside = [came.index.isin(units) for units in groups.values()]
    counts = np.array([came[mask].sum().to_numpy() for mask in inside], dtype=float)
    reached = np.array([[mask.sum()] for mask in inside], dtype=float)
    everybody, base = counts[-1], reached[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share, total = counts / reached, everybody / base
        index = 100 * share / total
    bases = np.broadcast_to(reached, counts.shape)
    lower, upper = wilson_interval(counts, bases)
    index_lower, index_upper, _ = index_interval(counts, bases, everybody - counts, base - bases)
    names = list(groups)
    columns: dict[str, Any] = {
        "reached": bases, "units": counts, "share": share, "lower": lower, "upper": upper, "total": np.broadcast_to(total, counts.shape),
        "index": index, "index_lower": index_lower, "index_upper": index_upper,
        "withheld": _withhold(counts, reached[:, 0], groups, min_cell), "_p": _exact_p(counts, bases, everybody, base), "_count": counts,
    }  # fmt: skip
    width = len(came.columns)
    table = pd.DataFrame({name: np.ravel(values) for name, values in columns.items()})
    table["segment"] = np.repeat([segment for segment, _ in names], width)
    table["persona_id"] = np.repeat([persona for _, persona in names], width)
    table["channel"] = np.tile(came.columns, len(names))
    table["_group"] = np.repeat(np.arange(len(names)), width)
    table = table[table["reached"] > 0].copy()
    for column in _HIDE:
        table[column] = table[column].where(~table["withheld"])
    return table


def _exact_p(counts: np.ndarray, bases: np.ndarray, everybody: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Two-sided p of so many or so few of a segment, had the channel nothing to do with it; every unit counted once."""
    from scipy.stats import hypergeom

    drawn = (base[0], np.broadcast_to(everybody, counts.shape), bases)
    tails = np.minimum(hypergeom.cdf(counts, *drawn), hypergeom.sf(counts - 1, *drawn))
    return np.asarray(np.minimum(2 * tails, 1.0))


def _withhold(
    counts: np.ndarray, reached: np.ndarray, groups: dict[tuple[str, str], pd.Index], min_cell: int
) -> np.ndarray:
    """Cells of few units, and those that would give them away; a persona's also by what it leaves of its segment.

    A persona's channels are completed as a segment's are: one that is withheld alone would follow from the others.
    """
    names = list(groups)
    hidden = counts < min_cell
    whole = [
        place for place, (segment, persona) in enumerate(names) if segment != "all" and not persona and reached[place]
    ]
    if whole:
        hidden[whole] = withhold_cells(counts[whole].T, min_cell).T
    for place, (segment, persona) in enumerate(names):
        if len(groups[(segment, persona)]) < min_cell:
            hidden[place] = True
        if persona and (segment, "") in groups:
            own = names.index((segment, ""))
            rest = counts[own] - counts[place]
            hidden[place] |= hidden[own] | ((rest > 0) & (rest < min_cell))
        if persona:
            shown = np.where(hidden[place], -1, counts[place])
            hidden[place] = withhold_cells(shown[:, None], min_cell)[:, 0]
    return hidden


def _stands_out(table: pd.DataFrame, alpha: float) -> pd.Series:
    """Cells of whole segments that differ from everybody else beyond what looking at so many would give."""
    tested = (table["persona_id"] == "") & (table["segment"] != "all")
    q = adjust_fdr(table["_p"].where(tested).to_numpy(dtype=float))
    clear = (table["index_lower"] > 100) | (table["index_upper"] < 100)  # false where withheld
    return tested & clear & (q <= alpha)
