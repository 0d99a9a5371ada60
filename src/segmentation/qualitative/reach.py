"""How much of each segment lies near somebody who was interviewed, beside what people drawn by lot would reach."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..words import join_words, percent_words

__all__ = ["Reach", "describe_reach", "measure_reach", "tabulate_reach"]

COLUMNS = ["segment", "units", "interviewees", "radius", "reached", "lot", "lot_lower", "lot_upper"]
NEAR = 0.9  # quantile of the distance to the nearest neighbour that counts as near
MOST = 1500  # units of a segment looked at; larger ones are sampled


@dataclass(frozen=True)
class Reach:
    """Coverage of each segment by its interviewees.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a segment: segment, units (with every base variable), interviewees among them, radius (90th percentile of the distance
        to the nearest neighbour), reached (share of units within the radius of an interviewee), lot (mean share that as many units drawn
        by lot reach) and the 95 % range of the draws.
    draws, random_state : int
    units : str
    """

    table: pd.DataFrame
    draws: int
    random_state: int
    units: str = "units"


def measure_reach(
    encoded: pd.DataFrame,
    membership: pd.DataFrame,
    interviewed: Iterable[str],
    *,
    draws: int = 200,
    random_state: int,
    units: str = "units",
) -> Reach:
    """Share of each segment within reach of an interviewee of that segment.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit; units with every one count.
    membership : pandas.DataFrame
        Index unit; column segment.
    interviewed : iterable of str
        Units of the interviewees.
    draws : int
        Draws by lot to compare with.
    random_state : int
    units : str
        What units are called in a sentence.

    Returns
    -------
    Reach
        Segments with at least two units.

    Notes
    -----
    Distances are root mean squares over the base variables. The radius is a segment's own: what counts as near in it.
    """
    told = {str(unit) for unit in interviewed}
    complete = encoded.dropna()
    segments = membership["segment"].astype(object).reindex(complete.index)
    random = np.random.default_rng(random_state)
    rows = []
    for segment in sorted(segments.dropna().unique(), key=lambda name: (len(str(name)), str(name))):
        members = complete.index[(segments == segment).to_numpy()]
        heard = np.array([str(unit) in told for unit in members])
        if len(members) > MOST:
            keep = np.union1d(np.flatnonzero(heard), random.choice(len(members), MOST, replace=False))
            members, heard = members[keep], heard[keep]
        if len(members) < 2:
            continue
        values = complete.loc[members].to_numpy(float)
        squares = (values**2).mean(axis=1)
        apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * values @ values.T / values.shape[1], 0))
        np.fill_diagonal(apart, np.inf)
        radius = float(np.quantile(apart.min(axis=1), NEAR))
        np.fill_diagonal(apart, 0)
        near = apart <= radius
        k = int(heard.sum())
        lots = (
            [near[random.choice(len(members), k, replace=False)].any(axis=0).mean() for _ in range(draws)]
            if k
            else [math.nan]
        )
        limits = np.quantile(lots, [0.025, 0.975]) if k else (math.nan, math.nan)
        reached = float(near[heard].any(axis=0).mean()) if k else 0.0
        rows.append(
            (segment, len(members), k, radius, reached, float(np.mean(lots)), float(limits[0]), float(limits[1]))
        )
    return Reach(pd.DataFrame(rows, columns=COLUMNS), draws, random_state, units)


def describe_reach(reach: Reach) -> Reading | Callout:
    """How much of each segment the interviewees stand near to, and where a lot would have done better.

    Examples
    --------
    >>> describe_reach(Reach(pd.DataFrame(columns=COLUMNS), 200, 1)).kind
    'absent'
    """
    table = reach.table
    if table.empty or not table["interviewees"].sum():
        return Callout(
            "absent",
            "How much of the segments the interviewees cover cannot be told: none of them has every base variable.",
        )
    heard = table[table["interviewees"] > 0]
    listed = join_words(
        f"{row.segment} {percent_words(row.reached)} (n = {row.interviewees})" for row in heard.itertuples()
    )
    text = (
        f"Share of a segment's {reach.units} that are like one where somebody was interviewed, as near to it in the base variables as nine "
        f"in ten are to their own nearest neighbour (n: {reach.units} interviewed): {listed}. "
    )
    less, more = heard[heard["reached"] < heard["lot_lower"]], heard[heard["reached"] > heard["lot_upper"]]
    if less.empty and more.empty:
        text += f"As many {reach.units} drawn by lot reach about the same."
    parts = [
        f"{word} than as many drawn by lot in {join_words(part['segment'])}"
        for word, part in (("Less", less), ("More", more))
        if len(part)
    ]
    text += "; ".join(parts) + ("." if parts else "")
    if len(more):
        text += " More means typical people were chosen, who stand where many stand; the rims are then heard less."
    silent = table[table["interviewees"] == 0]
    if len(silent):
        text += f" Nobody with every base variable was interviewed in {join_words(silent['segment'])}."
    return Reading([text])


def tabulate_reach(reach: Reach) -> Table:
    """Coverage by segment, beside what a lot would reach.

    Examples
    --------
    >>> list(tabulate_reach(Reach(pd.DataFrame(columns=COLUMNS), 200, 1)).frame.columns)
    ['Segment', 'Units', 'Interviewed', 'Within reach', 'Drawn by lot', '95 % of lots']
    """
    table = reach.table
    frame = pd.DataFrame(
        {
            "Segment": table["segment"].astype(str),
            "Units": table["units"].astype(int),
            "Interviewed": table["interviewees"].astype(int),
            "Within reach": [percent_words(share) for share in table["reached"]],
            "Drawn by lot": [percent_words(share) for share in table["lot"]],
            "95 % of lots": [
                "–" if pd.isna(row.lot_lower) else f"{percent_words(row.lot_lower)} to {percent_words(row.lot_upper)}"
                for row in table.itertuples()
            ],
        }
    )
    n = f"{int(table['interviewees'].sum())} {reach.units}"
    caption = (
        f"Share of each segment near the {n} that were interviewed, over the base variables, beside {reach.draws} draws by lot of as "
        f"many (seed {reach.random_state}). Units with every base variable."
    )
    return Table(frame, caption)
