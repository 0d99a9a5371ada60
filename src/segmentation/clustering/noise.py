"""How many a refit would place elsewhere: one quarter is segmented again and again on resamples of its units.

Moves between quarters are scored with the same borders, so with the same answers and counts nobody would move at all. What a refit moves
is therefore no noise of those moves (``real_moves`` tells that); it is the doubt about where the borders lie, told beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import DataContractError, ParameterError
from ..study import Choices
from ..words import count_words, join_words, source_words
from .identity import match_segments
from .migration import migration_table, shown_flows
from .shares import wilson_interval
from .solution import Solution, assign_segments, fit_segments, natural_order

__all__ = [
    "NOISE_COLUMNS",
    "compare_with_noise",
    "describe_noise",
    "measure_noise",
    "name_real_flows",
    "tabulate_noise",
]

NOISE_COLUMNS = ("from", "to", "draw", "n", "base")
FEW_STARTS = 10


def measure_noise(
    encoded: pd.DataFrame, solution: Solution, *, choices: Choices, draws: int = 20, **asked: Any
) -> pd.DataFrame:
    """Segment resamples of one quarter's units and count who is in another segment than by the solution.

    Parameters
    ----------
    encoded : pandas.DataFrame
        One quarter's units, on the scales of the solution.
    solution : Solution
    choices : Choices
        ``random_state``; starts are limited to ten a draw.
    draws : int
        Resamples.
    **asked
        ``method_inputs`` of the study: method, weights, levels, outcome, rules.

    Returns
    -------
    pandas.DataFrame
        Columns ``NOISE_COLUMNS``: units by segment of the solution (from), of the refit matched to it (to), and draw; base, placed
        units of ``from``. Empty where no resample could be segmented.

    Raises
    ------
    ParameterError
        If draws is below 5.

    Notes
    -----
    It knows how unsure borders are with so many units. It does not know how far the same unit's answers and counts would differ if
    they were taken again in the same quarter, which is what moves people across borders that stand still.
    """
    if draws < 5:
        raise ParameterError(f"draws must be at least 5; got {draws!r}")
    own = assign_segments(solution, encoded)
    k, rows = len(solution.segments), []
    quick = choices.model_copy(update={"starts": min(choices.starts, FEW_STARTS)})
    rng = np.random.default_rng(choices.random_state)
    for draw in range(draws):
        places = rng.integers(0, len(encoded), len(encoded))
        fresh = pd.RangeIndex(len(encoded)).astype("str")
        again = {
            name: value.reindex(encoded.index).iloc[places].set_axis(fresh) if isinstance(value, pd.Series) else value
            for name, value in asked.items()
        }
        try:
            refit = fit_segments(encoded.iloc[places].set_axis(fresh), k, choices=quick, **again)
        except (ParameterError, DataContractError):
            continue  # a resample may lack what the method needs; the draws that count are reported
        there = match_segments(refit, assign_segments(refit, encoded), own, threshold=1e-9).membership
        flows = migration_table(own, there)
        flows = flows[flows["kind"].isin(["stayed", "moved"])]
        rows.append(flows.assign(draw=draw)[list(NOISE_COLUMNS)])
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(NOISE_COLUMNS))


def compare_with_noise(
    migration: pd.DataFrame, noise: pd.DataFrame, moved: pd.DataFrame | None = None, *, min_cell: int = 10
) -> pd.DataFrame:
    """Each flow beside what a refit on resamples of one quarter would place elsewhere.

    Parameters
    ----------
    migration : pandas.DataFrame
        As ``migration_table`` returns it.
    noise : pandas.DataFrame
        As ``measure_noise`` returns it.
    moved : pandas.DataFrame, optional
        ``RealMoves.units``.
    min_cell : int
        Smallest flow that may be published; others that would tell it by subtraction are withheld too, as in the square of moves.

    Returns
    -------
    pandas.DataFrame
        One row a flow between two segments, and from "all" to "all" for everybody: from, to, n, base, share, lower, upper (Wilson
        95 %), noise (mean share over draws), noise_upper (97.5th percentile), draws, clear (units), real (units expected
        to have changed; NaN where not known), beyond (bool: even the lower end of the interval is above noise_upper; False where there is
        no noise to compare with), shown (bool: may be published).
    """
    flows = migration[migration["kind"].isin(["stayed", "moved"])].copy()
    everybody = pd.DataFrame(
        [{"from": "all", "to": "all", "kind": "moved", "n": int(flows.loc[flows["kind"] == "moved", "n"].sum()),
          "base": int(flows["n"].sum())}]
    )  # fmt: skip
    table = pd.concat([flows[flows["kind"] == "moved"], everybody], ignore_index=True)
    table["share"] = table["n"] / table["base"].where(table["base"] > 0)
    table["lower"], table["upper"] = wilson_interval(table["n"].to_numpy(float), table["base"].to_numpy(float))
    known = noise.assign(share=noise["n"] / noise["base"].where(noise["base"] > 0)) if len(noise) else noise
    means, highs = [], []
    for row in table.itertuples(index=False):
        shares = _noise_of(known, row[0], row[1])
        means.append(float(np.mean(shares)) if len(shares) else np.nan)
        highs.append(float(np.quantile(shares, 0.975)) if len(shares) else np.nan)
    table["noise"], table["noise_upper"] = means, highs
    table["draws"] = int(noise["draw"].nunique()) if len(noise) else 0
    table["beyond"] = (table["lower"] > table["noise_upper"]).fillna(False).astype(bool)
    may = shown_flows(migration, min_cell)
    table["shown"] = [a == "all" or may[a, b] != "–" for a, b in zip(table["from"], table["to"], strict=True)]
    return table.assign(
        clear=_sum_flows(table, moved, "clear").fillna(0).astype(int), real=_sum_flows(table, moved, "probability")
    ).drop(columns="kind")


def _sum_flows(table: pd.DataFrame, moved: pd.DataFrame | None, column: str) -> pd.Series:
    """Sum of a column over the units of each flow; NaN where it is known of none."""
    if moved is None or not moved[column].notna().any():
        return pd.Series(np.nan, index=table.index)
    sums: Mapping[Any, float] = moved.groupby(["from", "to"])[column].sum().to_dict()
    found = [
        float(moved[column].sum()) if a == "all" else float(sums.get((a, b), 0))
        for a, b in zip(table["from"], table["to"], strict=True)
    ]
    return pd.Series(found, index=table.index)


def _noise_of(noise: pd.DataFrame, start: str, end: str) -> np.ndarray:
    if not len(noise):
        return np.array([])
    if start == "all":
        moved = noise[noise["from"] != noise["to"]].groupby("draw")["n"].sum()
        return (moved / noise.groupby("draw")["n"].sum()).to_numpy(float)
    return noise.loc[(noise["from"] == start) & (noise["to"] == end), "share"].dropna().to_numpy(float)


def describe_noise(compared: pd.DataFrame, *, units: str = "units", min_cell: int = 10) -> Reading | Callout:
    """How many moved, beside how many a refit of one quarter would place elsewhere, and which flows are larger than that.

    Parameters
    ----------
    compared : pandas.DataFrame
        As ``compare_with_noise`` returns it.
    units : str
    min_cell : int
        Smaller flows are not named.

    Returns
    -------
    Reading or Callout
    """
    total = compared[compared["from"] == "all"].iloc[0]
    if not total["base"]:
        return Callout("absent", "Nobody is in a segment in both quarters.", "So there is no move to tell.")
    if not total["draws"]:
        return Callout(
            "absent",
            "How many a refit would place elsewhere is not known.",
            "No resample of the quarter could be segmented.",
        )
    text = (
        f"Where the borders lie is unsure too: segments formed anew from this quarter would put {total['noise']:.1%} of the {units} into "
        f"another one, up to {total['noise_upper']:.1%} ({count_words(int(total['draws']), 'resample')}). That is no part of the "
        f"{int(total['n']):,d} moves above, because both quarters are placed by the same borders; new borders every quarter would add it."
    )
    return Reading([text, _say_flows(compared, min_cell)])


def name_real_flows(compared: pd.DataFrame, min_cell: int) -> list[str]:
    """Flows that may be shown and hold at least ``min_cell`` real moves, those with most first; empty where these are not known."""
    inner = compared[(compared["from"] != "all") & compared["shown"] & (compared["real"].round() >= min_cell)]
    inner = inner.sort_values(["real", "from", "to"], ascending=[False, True, True])
    flows = inner[["from", "to", "real", "n"]].itertuples(index=False)
    return [f"{start} to {end} (about {real:.0f} of {int(n)})" for start, end, real, n in flows]


def _say_flows(compared: pd.DataFrame, min_cell: int) -> str:
    """The flows that hold most real moves; where those are not known, the flows larger than what a refit moves."""
    inner = compared[compared["from"] != "all"]
    if inner["real"].notna().any():
        named = name_real_flows(compared, min_cell)
        return (
            f"Where most moves are real: {join_words(named)}."
            if named
            else f"No flow holds {min_cell} real moves or more."
        )
    inner = inner[inner["beyond"] & inner["shown"] & (inner["n"] >= min_cell)].sort_values(
        ["n", "from", "to"], ascending=[False, True, True]
    )
    named = [
        f"{r[0]} to {r[1]} ({int(r[2])} of {int(r[3])})"
        for r in inner[["from", "to", "n", "base"]].itertuples(index=False)
    ]
    return (
        f"Flows larger than a refit moves: {join_words(named)}."
        if named
        else "No single flow of a size that may be shown is larger than a refit moves."
    )


def tabulate_noise(compared: pd.DataFrame, *, units: str = "units", min_cell: int = 10, source: str = "") -> Table:
    """Flows between segments beside what a refit moves, largest first; flows under ``min_cell`` are withheld."""
    inner = compared[compared["from"] != "all"]
    order = {name: place for place, name in enumerate(natural_order({*inner["from"], *inner["to"]}))}
    shown = inner[inner["shown"] & (inner["n"] >= min_cell)].sort_values(
        ["n", "from", "to"],
        ascending=[False, True, True],
        key=lambda c: c.map(order) if c.name in ("from", "to") else c,
    )
    shown = pd.concat([compared[compared["from"] == "all"], shown])
    real, clear = (shown[column].where(shown[column].round() >= min_cell) for column in ("real", "clear"))
    frame = pd.DataFrame(
        {
            "Before": shown["from"].replace({"all": "any"}), "Now": shown["to"].replace({"all": "another"}),
            "Moved": shown["n"], "Likely real": real, "Clear": clear, "of": shown["base"], "Share": shown["share"],
            "from": shown["lower"], "to": shown["upper"], "A refit moves": shown["noise"], "up to": shown["noise_upper"],
        }
    )  # fmt: skip
    per_cent = dict.fromkeys(("Share", "from", "to", "A refit moves", "up to"), ".1%")
    hidden = int(((inner["n"] > 0) & ~(inner["shown"] & (inner["n"] >= min_cell))).sum())
    note = (
        "from, to: 95 % interval (Wilson) of the share. Likely real: how many of those that moved are expected to have "
        "changed, of those that could be weighed (not of those set apart above; by the model, and rather too many); "
        "clear: how "
        f"many surely enough to be called so (a dash: under {min_cell}, or not known). A refit moves: share that lands in this other "
        "segment when this quarter alone is segmented again on resamples (mean, and 97.5th percentile). "
        f"{count_words(hidden, 'flow')} {'is' if hidden == 1 else 'are'} withheld (fewer than {min_cell} {units}, or needed "
        f"to protect such a one)."
    )
    caption = "Moves, how many of them are real, and what a refit of one quarter would place elsewhere. "
    caption += f"n = {int(compared['base'].iloc[-1]):,d} {units} in both quarters."
    return Table(
        frame,
        caption + source_words(source),
        per_cent | dict.fromkeys(("Moved", "of", "Likely real", "Clear"), ",.0f"),
        note,
    )
