"""Who is near nobody, and who only seems to have moved: both read off the distances to the segments' centres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..clustering import Solution
from ..clustering.inputs import check_encoded
from ..errors import ParameterError
from ..profiling import membership_probabilities

__all__ = ["Reach", "flag_strangers", "keep_segments", "learn_reach", "measure_keeping", "segment_distances"]

FEWEST = 50  # members on which a segment's own limit is set; below, that of all members together
LADDER = (0.0, 0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True)
class Reach:
    """How far from its centre a segment's own members lie.

    Attributes
    ----------
    limits : pandas.Series
        Index segment: distance beyond which a unit is near nobody (root mean square difference of z-scores, a variable).
    members : pandas.Series
        Members the limit was read from.
    percentile : float
        Share of members within the limit.
    pooled : tuple of str
        Segments with fewer than 50 such members, whose limit is that of all members.
    """

    limits: pd.Series
    members: pd.Series
    percentile: float
    pooled: tuple[str, ...]


def segment_distances(solution: Solution, encoded: pd.DataFrame, *, nominal: Sequence[str] = ()) -> pd.DataFrame:
    """Distance of every unit to every segment's centre.

    Parameters
    ----------
    solution : Solution
    encoded : pandas.DataFrame
        z-scores by unit.
    nominal : sequence of str
        Variables whose codes have no distance; left out.

    Returns
    -------
    pandas.DataFrame of shape (n_units, n_segments)
        Root mean square difference over the variables a unit has; NaN where it has none. Of merged segments the nearest
        part counts.

    Examples
    --------
    >>> centres = pd.DataFrame({"need": [0.0, 3.0], "use": [0.0, 3.0]}, index=["S1", "S2"])
    >>> solution = Solution("s", centres, pd.Series([5, 4], index=centres.index), {}, 1, 0.4)
    >>> segment_distances(solution, pd.DataFrame({"need": [3.0], "use": [None]}, index=["a"], dtype=float))
        S1   S2
    a  3.0  0.0
    """
    check_encoded(encoded)
    used = [name for name in solution.variables if name not in set(nominal)]
    values = encoded.reindex(columns=used).to_numpy(float, na_value=np.nan)
    squares = (values[:, None, :] - solution.centres[used].to_numpy(float)) ** 2
    known = (~np.isnan(squares)).sum(axis=2)
    distance = np.sqrt(np.where(known > 0, np.nansum(squares, axis=2) / np.maximum(known, 1), np.nan))
    found = pd.DataFrame(distance, index=encoded.index, columns=list(solution.segments))
    for part, into in solution.merged.items():
        found[into] = found[[into, part]].min(axis=1)
    return found.drop(columns=list(solution.merged))


def learn_reach(
    distances: pd.DataFrame, membership: pd.DataFrame, *, percentile: float = 0.99, fewest: int = FEWEST
) -> Reach:
    """How far members lie from the centre of their segment.

    Parameters
    ----------
    distances : pandas.DataFrame
        As ``segment_distances`` gives them, of the units the solution was published with.
    membership : pandas.DataFrame
        Of the same units. Those placed by every base variable count; if there are fewer than ``fewest``, all placed.
    percentile : float
        Share of members that shall lie within, above 0.5 and below 1.
    fewest : int
        Members below which a segment borrows the limit of all.

    Returns
    -------
    Reach
        Without limits if nobody is in a segment.

    Raises
    ------
    ParameterError
        If the percentile is not between 0.5 and 1.
    """
    if not 0.5 < percentile < 1:
        raise ParameterError(f"percentile must be above 0.5 and below 1; got {percentile!r}")
    placed = membership.dropna(subset=["segment"])
    complete = placed[placed["basis"] == "fitted"]
    rows = complete if len(complete) >= fewest else placed
    if rows.empty:  # nothing tells how far members lie from their centre
        nobody = pd.Series(0, index=distances.columns)
        return Reach(nobody * np.nan, nobody, percentile, ())
    own = own_distance(distances.loc[rows.index], rows["segment"])
    everybody = float(own.quantile(percentile))
    groups = own.groupby(rows["segment"].astype(str))
    members = groups.count().reindex(distances.columns, fill_value=0)
    limits = groups.quantile(percentile).reindex(distances.columns)
    few = members < fewest
    return Reach(limits.mask(few, everybody), members, percentile, tuple(few.index[few]))


def own_distance(distances: pd.DataFrame, segments: pd.Series) -> pd.Series:
    """Distance of each unit to the centre of the segment named; NaN without one."""
    place = distances.columns.get_indexer(segments.astype(object))
    values = distances.to_numpy()[np.arange(len(distances)), np.maximum(place, 0)]
    return pd.Series(np.where(place >= 0, values, np.nan), index=distances.index, name="distance")


def flag_strangers(reach: Reach, distances: pd.DataFrame, membership: pd.DataFrame) -> pd.DataFrame:
    """Mark units that are further from their segment's centre than its members lie.

    Parameters
    ----------
    reach : Reach
    distances : pandas.DataFrame
        As ``segment_distances`` gives them, of the units of ``membership``.
    membership : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        ``membership`` with the columns distance and near_nobody (True, False; <NA> without a segment).
    """
    distance = own_distance(distances, membership["segment"])
    limit = membership["segment"].map(reach.limits).astype(float)
    far = (distance > limit).astype("boolean").mask(distance.isna() | limit.isna())
    return membership.assign(distance=distance.to_numpy(), near_nobody=far.to_numpy())


def _lead(solution: Solution, encoded: pd.DataFrame, membership: pd.DataFrame, previous: pd.Series) -> pd.DataFrame:
    """How far the new segment leads the old one, and the chance of the old one; NaN where there is no old one now."""
    old = previous.reindex(membership.index).astype(object)
    chances = membership_probabilities(solution, encoded)
    chance = own_distance(chances, old)
    if solution.model:
        best, former = own_distance(chances, membership["segment"]), chance
        lead = 1 - former / best
    else:
        distances = segment_distances(solution, encoded)
        best, former = own_distance(distances, membership["segment"]), own_distance(distances, old)
        lead = 1 - best / former.where(former > 0, 1.0)
    return pd.DataFrame({"old": old, "lead": lead.clip(lower=0.0), "chance": chance})


def keep_segments(
    solution: Solution, encoded: pd.DataFrame, membership: pd.DataFrame, previous: pd.Series, *, margin: float
) -> pd.DataFrame:
    """Keep last period's segment unless the new one leads by a margin, so that people on a border do not flicker.

    Parameters
    ----------
    solution : Solution
        Both memberships must speak of its segments.
    encoded : pandas.DataFrame
        z-scores by unit now.
    membership : pandas.DataFrame
        As ``assign_segments`` gives it for ``encoded``.
    previous : pandas.Series
        Last period's segment by unit; units not in it, without a segment then, or whose segment is no more, are placed
        as if they were new.
    margin : float
        1 - d(new)/d(old) by distance to centres, or 1 - p(old)/p(new) by probability, that the new segment must reach;
        0 or more and below 1. 0 keeps nobody.

    Returns
    -------
    pandas.DataFrame
        ``membership`` with a column kept. Of those kept: segment is the old one, second the one that is a little nearer,
        margin 0, probability that of the old one.

    Raises
    ------
    ParameterError
        If the margin is out of range, or ids of ``previous`` stand twice.

    Examples
    --------
    >>> from segmentation.clustering import assign_segments
    >>> centres = pd.DataFrame({"need": [0.0, 2.0]}, index=["S1", "S2"])
    >>> facts = {"within_ss": 1.0, "weight": 9.0}
    >>> solution = Solution("s", centres, pd.Series([5, 4], index=centres.index), facts, 1, 0.4)
    >>> now = pd.DataFrame({"need": [1.02, 1.9]}, index=["a", "b"])
    >>> keep_segments(solution, now, assign_segments(solution, now), pd.Series("S1", index=["a", "b"]), margin=0.1)["segment"].tolist()
    ['S1', 'S2']
    """
    if not 0 <= margin < 1:
        raise ParameterError(f"margin must be 0 or more and below 1; got {margin!r}")
    if not previous.index.is_unique:
        twice = previous.index[previous.index.duplicated()][0]
        raise ParameterError(f"previous has units that stand twice, for instance {twice!r}")
    told = _lead(solution, encoded, membership, previous)
    moved = membership["segment"].notna() & told["lead"].notna() & (membership["segment"].astype(object) != told["old"])
    kept = moved & (told["lead"] < margin)
    found = membership.copy()
    found["second"] = membership["second"].mask(kept, membership["segment"])
    found["segment"] = pd.array(membership["segment"].astype(object).where(~kept, told["old"]), dtype="str")
    found["margin"] = membership["margin"].mask(kept, 0.0)
    found["probability"] = membership["probability"].mask(kept, told["chance"])
    return found.assign(kept=kept.to_numpy(bool))


def measure_keeping(
    solution: Solution,
    encoded: pd.DataFrame,
    membership: pd.DataFrame,
    previous: pd.Series,
    *,
    margin: float,
) -> pd.DataFrame:
    """How many moves each margin would leave.

    Parameters
    ----------
    solution, encoded, membership, previous
        As for ``keep_segments``.
    margin : float
        The study's own, shown among others.

    Returns
    -------
    pandas.DataFrame
        A row a margin: margin, units (in a segment of this solution in both periods), moved, kept, chosen.
    """
    told = _lead(solution, encoded, membership, previous)
    both = membership["segment"].notna() & told["lead"].notna()
    differ = both & (membership["segment"].astype(object) != told["old"])
    rows = []
    for step in sorted({*LADDER, margin}):
        kept = int((differ & (told["lead"] < step)).sum())
        rows.append((step, int(both.sum()), int(differ.sum()) - kept, kept, step == margin))
    return pd.DataFrame(rows, columns=["margin", "units", "moved", "kept", "chosen"])
