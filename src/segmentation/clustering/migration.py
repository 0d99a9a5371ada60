"""Who moved between segments from one quarter to the next, counted and shown without giving small flows away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError
from ..words import few_words, source_words
from .identity import cross_counts
from .shares import wilson_interval
from .solution import natural_order

__all__ = ["describe_migration", "migration_table", "shown_flows", "tabulate_migration"]


def migration_table(previous_membership: pd.DataFrame, membership: pd.DataFrame) -> pd.DataFrame:
    """Who stayed, moved, came and left between two periods.

    Both memberships must come from ids that mean the same (``match_segments``, or one solution that placed both).

    Parameters
    ----------
    previous_membership, membership : pandas.DataFrame
        By unit, with column segment.

    Returns
    -------
    pandas.DataFrame
        Columns from, to (segment ids; <NA> outside), kind, n, base, share, lower, upper (Wilson 95 % interval). kind is "stayed"
        or "moved" (base: units in ``from`` before that are in a segment in both periods; every combination has a row),
        "entered" (from <NA>; base: units in a segment now but not known or not placed before), "left" (to <NA>; base: units in
        ``from`` before, placed or not now).

    Raises
    ------
    ParameterError
        If a membership lacks the column segment or has a unit twice.

    Examples
    --------
    >>> before = pd.DataFrame({"segment": ["S1", "S1", "S2"]}, index=["a", "b", "c"])
    >>> now = pd.DataFrame({"segment": ["S1", "S2", "S2"]}, index=["a", "b", "d"])
    >>> migration_table(before, now)[["from", "to", "kind", "n", "base", "share"]]
       from   to     kind  n  base  share
    0    S1   S1   stayed  1     2    0.5
    1    S1   S2    moved  1     2    0.5
    2    S2   S1    moved  0     0    NaN
    3    S2   S2   stayed  0     0    NaN
    4   NaN   S1  entered  0     1    0.0
    5   NaN   S2  entered  1     1    1.0
    6    S1  NaN     left  0     2    0.0
    7    S2  NaN     left  1     1    1.0
    """
    for frame, name in ((previous_membership, "previous_membership"), (membership, "membership")):
        if "segment" not in frame.columns:
            raise ParameterError(
                f"{name} needs a column segment; it has {', '.join(map(str, frame.columns)) or 'none'}"
            )
        if frame.index.has_duplicates:
            raise ParameterError(
                f"{name} has units twice: {', '.join(map(str, frame.index[frame.index.duplicated()][:5]))}"
            )
    before, now = previous_membership["segment"].dropna(), membership["segment"].dropna()
    ids = natural_order({*before, *now})
    counts = cross_counts(before, now, ids, ids)
    rows = []
    for i, origin in enumerate(ids):
        base = int(counts[i].sum())
        rows += [
            (origin, to, "stayed" if origin == to else "moved", int(counts[i, j]), base) for j, to in enumerate(ids)
        ]
    entered = now[~now.index.isin(before.index)].value_counts()
    left = before[~before.index.isin(now.index)].value_counts()
    sizes = before.value_counts()
    rows += [(None, to, "entered", int(entered.get(to, 0)), int(entered.sum())) for to in ids]
    rows += [(origin, None, "left", int(left.get(origin, 0)), int(sizes.get(origin, 0))) for origin in ids]
    table = pd.DataFrame(rows, columns=["from", "to", "kind", "n", "base"]).astype(
        {"from": "str", "to": "str", "kind": "str"}
    )
    low, high = wilson_interval(table["n"].to_numpy(float), table["base"].to_numpy(float))
    share = table["n"] / table["base"].where(table["base"] > 0)
    return table.assign(share=share, lower=low, upper=high)


def describe_migration(migration: pd.DataFrame, *, units: str = "units", min_cell: int = 10) -> Reading:
    """How many changed segment, the largest flow (of at least ``min_cell``), who came and left, and how much may be noise."""
    both = migration[migration["kind"].isin(["stayed", "moved"])]
    total, moved = int(both["n"].sum()), int(both.loc[both["kind"] == "moved", "n"].sum())
    entered, left = (int(migration.loc[migration["kind"] == kind, "n"].sum()) for kind in ("entered", "left"))
    if total == 0:
        return Reading([f"None of the {units} is in a segment in both periods, so nothing can be said about moves."])
    low, high = (float(bound[0]) for bound in wilson_interval(np.array([float(moved)]), np.array([float(total)])))
    share = f" ({moved / total:.0%}; 95 % interval {low:.0%} to {high:.0%})" if not 0 < moved < min_cell else ""
    text = (
        f"{_few(moved, min_cell).capitalize()} of the {total:,} {units} in a segment in both periods changed segment{share}. "
        f"{_few(entered, min_cell).capitalize()} came in and {_few(left, min_cell)} left or can no longer be "
        "placed."
    )
    shown = shown_flows(migration, min_cell)
    flows = both[both["kind"] == "moved"].sort_values(["n", "from", "to"], ascending=[False, True, True])
    flows = flows[[shown[row["from"], row["to"]] != "–" for _, row in flows.iterrows()]]
    if len(flows) and flows["n"].iloc[0]:
        top = flows.iloc[0]
        text += f" The largest move that can be shown is from {top['from']} to {top['to']}: {top['n']:,} of {top['base']:,}."
    noise = (
        f"Not every move is a change of heart: measured again without any true change, 11 to 23 % of the {units} of a simulated study "
        "changed segment by measurement noise alone, depending on how reliable the questions were (reliability .9 to .7). What counts "
        "is what goes beyond that."
    )
    return Reading([text, noise])


def tabulate_migration(migration: pd.DataFrame, *, min_cell: int = 10, units: str = "units", source: str = "") -> Table:
    """Moves as a square: a row a segment before, a column a segment now, then those who left; entrants in the last row.

    Cells of 1 to ``min_cell`` - 1 units are withheld, and with a single one in a row or column the next smallest too, so that it
    cannot be worked out from the others and the sizes of the segments.
    """
    ids = natural_order({*migration["from"].dropna(), *migration["to"].dropna()})
    cells = shown_flows(migration, min_cell)
    rows = [
        ["new here" if origin is None else origin, *(cells[origin, to] for to in ids), cells.get((origin, None), "–")]
        for origin in [*ids, None]
    ]
    frame = pd.DataFrame(rows, columns=["before", *(f"now {to}" for to in ids), "left"])
    stayed = int(migration.loc[migration["kind"].isin(["stayed", "moved"]), "n"].sum())
    caption = (
        f"Moves between segments. n = {stayed:,} {units} in a segment in both periods; rows are the segment before, columns the segment "
        f"now.{source_words(source)}"
    )
    return Table(
        frame,
        caption,
        note=f"–: withheld (fewer than {min_cell} {units}, or needed to protect such a cell) or does not apply.",
    )


def shown_flows(migration: pd.DataFrame, min_cell: int) -> dict[tuple[str | None, str | None], str]:
    """Each flow as it may be published, by origin and target (None: outside), a dash where it is withheld."""
    ids = natural_order({*migration["from"].dropna(), *migration["to"].dropna()})
    keys = [None if pd.isna(name) else str(name) for name in (*migration["from"], *migration["to"])]
    pairs = zip(keys[: len(migration)], keys[len(migration) :], strict=True)
    flows = dict(zip(pairs, migration["n"].astype(int), strict=True))
    counts = np.array([[flows.get((origin, to), 0) for to in [*ids, None]] for origin in [*ids, None]])
    hidden = _withhold(counts, min_cell)
    return {
        (origin, to): "–" if hidden[i, j] else f"{counts[i, j]:,}"
        for i, origin in enumerate([*ids, None])
        for j, to in enumerate([*ids, None])
        if origin is not None or to is not None
    }


def _withhold(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Small cells, and with a single one in a row or column the next smallest that holds anybody."""
    hidden = (counts > 0) & (counts < min_cell)
    before = -1
    while before != hidden.sum():
        before = hidden.sum()
        for row, mask in [*zip(counts, hidden, strict=True), *zip(counts.T, hidden.T, strict=True)]:
            others = (row > 0) & ~mask
            if mask.sum() == 1 and others.any():
                mask[np.where(others, row, row.max() + 1).argmin()] = True
    return hidden


def _few(n: int, min_cell: int) -> str:
    return few_words(n, min_cell) if n else "none"
