"""Another number of segments, tried on the bench: quick, and never published."""

from __future__ import annotations

import pandas as pd

from ..display import Table
from ..features.encoder import Encoder
from ..workspace import Workspace
from .solution import assign_segments, fit_segments

__all__ = ["tabulate_crossing", "try_segments"]


def try_segments(run: Workspace, segments: int) -> pd.DataFrame:
    """Membership under another number of segments, with the encoder of the published solution.

    Parameters
    ----------
    run : Workspace
        Whose stages 01 and 02 are done.
    segments : int
        2 or more.

    Returns
    -------
    pandas.DataFrame
        As ``assign_segments``; ids are S1, S2 ... by size and have nothing to do with the published ones.

    Raises
    ------
    ParameterError
        If there are fewer different units than segments.
    """
    encoded = Encoder.from_dict(run.read_json("solution")["encoder"]).encode(run.read("features"))
    solution = fit_segments(encoded, segments, choices=run.study.choices, name=f"trial of {segments}")
    return assign_segments(solution, encoded)


def tabulate_crossing(one: pd.DataFrame, other: pd.DataFrame, *, min_cell: int = 10) -> Table:
    """How many units of each segment of one partition are in each segment of another; small cells withheld."""
    both = one["segment"].to_frame("one").join(other["segment"].rename("other"), how="inner").dropna().astype(str)
    counts = pd.crosstab(both["one"], both["other"])
    shown = counts.astype(object).where((counts >= min_cell) | (counts == 0), f"under {min_cell}")
    shown.columns = [f"other {name}" for name in shown.columns]
    frame = shown.rename_axis(index="published").reset_index()
    return Table(frame, f"Units in both partitions. n = {len(both):,d}. Cells of 1 to {min_cell - 1} are withheld.")
