"""A second opinion that draws no borders of its own: where units crowd together, and where they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Reading
from ..errors import ParameterError
from .inputs import complete_rows
from .kmeans import adjusted_rand

__all__ = ["DensityView", "density_view", "describe_density"]


@dataclass(frozen=True)
class DensityView:
    """What density clustering (HDBSCAN) sees.

    Attributes
    ----------
    labels : pandas.Series
        Index of complete units: crowd "D1" (the largest), "D2", ...; <NA> for units in no crowd.
    crowds : int
        Number of crowds found, 0 or at least 2.
    noise : float
        Share of units in no crowd, 0 to 1.
    sizes : pandas.Series
        Units a crowd.
    agreement : float
        Adjusted Rand index with the segments over units in a crowd and in a segment; NaN if none were given or no crowd found.
    compared : int
        Units that agreement is about.
    smallest : int
        Smallest number of units that was accepted as a crowd.
    n : int
    """

    labels: pd.Series
    crowds: int
    noise: float
    sizes: pd.Series
    agreement: float
    compared: int
    smallest: int
    n: int


def density_view(
    encoded: pd.DataFrame, *, membership: pd.DataFrame | None = None, smallest: int | None = None
) -> DensityView:
    """Density clustering of the complete units, beside the segments.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    membership : pandas.DataFrame, optional
        With column segment, to compare with.
    smallest : int, optional
        Smallest crowd; default: 4 % of the units, at least 10.

    Returns
    -------
    DensityView

    Raises
    ------
    ParameterError
        If ``smallest`` is under 2.
    DataContractError
        If a variable is constant.

    Notes
    -----
    HDBSCAN (Campello, Moulavi and Sander 2013) on the z-scores themselves, never on a map of them: on two-dimensional maps
    it finds crowds in every population.
    """
    import hdbscan

    rows = complete_rows(encoded).sort_values([str(c) for c in encoded.columns], kind="stable")
    n = len(rows)
    smallest = max(10, round(0.04 * n)) if smallest is None else smallest
    if smallest < 2:
        raise ParameterError(f"smallest must be at least 2; got {smallest!r}")
    found = np.full(n, -1)
    if n >= 2 * smallest:
        found = hdbscan.HDBSCAN(
            min_cluster_size=smallest, min_samples=min(10, smallest), core_dist_n_jobs=1
        ).fit_predict(rows.to_numpy())
    order = np.argsort(-np.bincount(found[found >= 0]), kind="stable") if (found >= 0).any() else np.empty(0, int)
    names = {int(label): f"D{place + 1}" for place, label in enumerate(order)}
    labels = pd.Series([names.get(int(label)) for label in found], index=rows.index, dtype="str", name="crowd").reindex(
        encoded.index.intersection(rows.index, sort=False)
    )
    agreement, compared = _agreement(labels, membership)
    sizes = labels.value_counts().reindex(list(names.values())).fillna(0).astype("int64")
    return DensityView(labels, len(names), float(labels.isna().mean()), sizes, agreement, compared, smallest, n)


def describe_density(view: DensityView, *, units: str = "units") -> Reading:
    """What density clustering sees, in words."""
    start = "Density clustering looks for places where "
    if view.crowds == 0:
        text = (
            f"{start}{units} crowd together with emptier space around them. "
            f"Among {view.n:,} {units} it sees no separate crowds of at least {view.smallest}: "
            "there are no gaps to point at. That alone does not say that there are no segments: groups that differ on average "
            f"and touch at their edges leave no gap, the less so the more variables there are. The test above looks for such groups too."
        )
        return Reading([text])
    text = (
        f"{start}{units} crowd together with emptier space around them. "
        f"Among {view.n:,} {units} it sees {view.crowds} separate crowd{'' if view.crowds == 1 else 's'} of at least "
        f"{view.smallest}, and leaves {view.noise:.0%} in none."
    )
    if not np.isnan(view.agreement):
        text += (
            f" Over the {view.compared:,} {units} in a crowd, crowds and segments agree to {view.agreement:.2f} "
            "(adjusted Rand index: 1 is the same division, 0 is chance)."
        )
    return Reading([text])


def _agreement(labels: pd.Series, membership: pd.DataFrame | None) -> tuple[float, int]:
    if membership is None:
        return float("nan"), 0
    both = pd.concat([labels, membership["segment"]], axis=1, join="inner").dropna()
    if both.empty:
        return float("nan"), 0
    return adjusted_rand(pd.crosstab(both["crowd"], both["segment"]).to_numpy()), len(both)
