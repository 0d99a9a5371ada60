"""Who was in which segment when, and why that changed: the ledger read as one table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..display import Callout, Reading
from ..errors import DataContractError, Violation
from ..period import Period
from ..words import count_words, join_words
from ..workspace import Workspace

__all__ = ["HISTORY", "describe_membership_history", "explain_moves", "membership_history"]

HISTORY = ("unit", "period", "segment", "before", "event", "why")
BORDER = 0.1


def membership_history(run: Workspace, membership: pd.DataFrame) -> pd.DataFrame:
    """Membership of every unit in every period the ledger knows, and this one.

    Parameters
    ----------
    run : Workspace
        Of this period; its ledger is read.
    membership : pandas.DataFrame
        Of this period, with a column kept if last period's segments were kept on borders.

    Returns
    -------
    pandas.DataFrame
        Columns ``HISTORY``, ordered by unit and period: event is entered, returned, stayed, moved or left; why says by what.

    Raises
    ------
    DataContractError
        If an entry of the ledger is of another study.
    """
    tables: dict[Period, pd.DataFrame] = {}
    for folder in sorted(run.ledger.glob("period=*")) if run.ledger.is_dir() else ():
        period = Period.parse(folder.name.removeprefix("period="))
        if period >= run.period or not (folder / "results").is_dir():
            continue
        entry = Workspace(run.study, period, "ledger", folder)
        _check_entry(entry, folder)
        tables[period] = entry.read("membership")
    tables[run.period] = membership
    parts, known, last = [], pd.Index([], dtype="str"), None
    for period in sorted(tables):
        parts.append(explain_moves(last, tables[period], known).assign(period=str(period)))
        known = known.union(tables[period].dropna(subset=["segment"]).index.astype(str))
        last = tables[period]
    found = pd.concat(parts, ignore_index=True)[list(HISTORY)]
    return found.sort_values(["unit", "period"], kind="stable", ignore_index=True)


def _check_entry(entry: Workspace, folder: Path) -> None:
    name = entry.read_json("solution")["solution"].get("name")
    if name != entry.study.study:
        fix = "Take the ledger of this study, or move this entry out of it"
        file = str(folder / "results" / "solution.json")
        raise DataContractError(
            [Violation("the ledger is of another study", file, None, "name", name, entry.study.study, fix)]
        )


def explain_moves(before: pd.DataFrame | None, now: pd.DataFrame, known: pd.Index) -> pd.DataFrame:
    """What happened to each unit between two periods.

    Parameters
    ----------
    before : pandas.DataFrame or None
        Membership of the period before; None if there is none.
    now : pandas.DataFrame
    known : pandas.Index
        Units that were in a segment in any period before.

    Returns
    -------
    pandas.DataFrame
        Columns unit, segment, before, event, why; units without a segment in both periods are not in it.

    Examples
    --------
    >>> columns = ["segment", "second", "margin", "basis"]
    >>> then = pd.DataFrame([["S1", "S2", 0.4, "fitted"], ["S1", "S2", 0.3, "fitted"]], index=["a", "b"], columns=columns)
    >>> now = pd.DataFrame([["S2", "S1", 0.05, "fitted"]], index=["a"], columns=columns)
    >>> explain_moves(then, now, pd.Index(["a", "b"]))[["unit", "event", "why"]].to_numpy().tolist()
    [['a', 'moved', 'stands on the border of S1 (margin 0.05)'], ['b', 'left', 'no longer in the data']]
    """
    now = now.set_axis(now.index.astype(str), axis=0)
    old = now.iloc[:0] if before is None else before.set_axis(before.index.astype(str), axis=0)
    units = now.index.union(old.index)
    new, past = now.reindex(units), old.reindex(units)
    here, there = new["segment"].notna(), past["segment"].notna()
    moved = here & there & (new["segment"].astype(object) != past["segment"].astype(object))
    event = np.select(
        [moved, here & there, here & units.isin(known), here, there],
        ["moved", "stayed", "returned", "entered", "left"],
        default="",
    )
    found = pd.DataFrame({
        "unit": units, "segment": new["segment"].astype(object).where(here, None),
        "before": past["segment"].astype(object).where(there, None), "event": event,
    })  # fmt: skip
    found["why"] = [
        _why(e, new.loc[unit], past.loc[unit], unit in now.index) if e not in ("", "stayed") or _kept(new, unit) else ""
        for unit, e in zip(units, event, strict=True)
    ]
    return found[found["event"] != ""].reset_index(drop=True)


def _kept(new: pd.DataFrame, unit: str) -> bool:
    return "kept" in new.columns and isinstance(new.at[unit, "kept"], (bool, np.bool_)) and bool(new.at[unit, "kept"])


def _why(event: str, new: pd.Series, past: pd.Series, present: bool) -> str:
    if event == "stayed":
        return f"{new['second']} is nearer, but not by the margin asked"
    if event == "left":
        return "too few base variables are known" if present else "no longer in the data"
    if event in ("entered", "returned"):
        return "placed by the variables known" if new["basis"] == "placed" else "every base variable is known"
    if new["basis"] != past["basis"]:
        return f"other variables are known: {past['basis']} before, {new['basis']} now"
    if pd.notna(new["margin"]) and new["margin"] < BORDER:
        return f"stands on the border of {new['second']} (margin {new['margin']:.2f})"
    return f"nearer to {new['segment']} now (margin {new['margin']:.2f})"


def describe_membership_history(history: pd.DataFrame, *, units: str = "units") -> Reading | Callout:
    """How far back the history goes and what happened last.

    Parameters
    ----------
    history : pandas.DataFrame
        As ``membership_history`` gives it.
    units : str

    Returns
    -------
    Reading or Callout
    """
    periods = sorted(history["period"].unique())
    if len(periods) < 2:
        text = "From the next quarter on, the history says who moved where and why."
        return Callout("absent", "The ledger has no earlier period.", text)
    last = history[history["period"] == periods[-1]]
    told = last["event"].value_counts()
    parts = [
        f"{int(told[event]):,d} {event}"
        for event in ("stayed", "moved", "entered", "returned", "left")
        if told.get(event, 0)
    ]
    moved = last[last["event"] == "moved"]
    border = int(moved["why"].str.startswith("stands on the border").sum())
    other = int(moved["why"].str.startswith("other variables").sum())
    text = (
        f"The history knows {history['unit'].nunique():,d} {units} over {count_words(len(periods), 'quarter')}, from {periods[0]} to "
        f"{periods[-1]}. In {periods[-1]}: {join_words(parts)}."
    )
    if len(moved):
        text += (
            f" Of those who moved, {border:,d} stand on a border, where the next answer may move them back, and {other:,d} are placed "
            "by other variables than before, which need not mean that they changed."
        )
    return Reading([text])
