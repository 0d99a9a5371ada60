"""Indices that other software chooses by: computed, shown beside their error rates, and never decisive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..study import Choices
from .inputs import spawn_seeds
from .kmeans import fit_weighted, map_threads, pad
from .selection import STABLE_ARI, Comparison, comparable_rows
from .stability import Stability

__all__ = [
    "FolkRules",
    "calinski_harabasz",
    "folk_rates",
    "gap_statistic",
    "measure_folk",
    "name_by_elbow",
    "shadow_values",
    "silhouette",
]

MOST = 4_000  # distinct rows (silhouette) or units (gap) beyond which a random sample of that many is measured
GAP_REFERENCES, GAP_STARTS = 20, 5
BY_DISTANCE = ("kmeans", "ward", "gaussian", "latent-profile")
WIDE, STRONG = 0.25, 0.80  # the usual limits: Kaufman and Rousseeuw 1990; Tibshirani and Walther 2005


@dataclass(frozen=True)
class FolkRules:
    """What the usual rules of thumb would have said.

    Attributes
    ----------
    table : pandas.DataFrame
        Index k. Columns silhouette (mean width), calinski_harabasz, shadow (mean shadow value), gap, gap_se, within_ss.
    chosen : Mapping of str to int or None
        Rule to the number of segments it names; 1 means that it sees none. None if it could not be applied.
    sampled : int
        Units measured for silhouette and gap; all if there are few.
    n : int
    """

    table: pd.DataFrame
    chosen: Mapping[str, int | None]
    sampled: int
    n: int


def silhouette(values: np.ndarray, labels: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Mean silhouette width (Rousseeuw 1987), Euclidean, of partitioned units; units in no segment (-1) are left out.

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
    labels : ndarray of shape (n_units,)
        Segments from 0.
    weights : ndarray of shape (n_units,), optional
        A unit of weight 2 counts as two units. Default: 1 each.

    Returns
    -------
    float
        -1 to 1; NaN with fewer than two segments. A unit alone in its segment has width 0.

    Raises
    ------
    ParameterError
        If there are not as many labels as rows.

    Notes
    -----
    Equal rows are measured once. Time grows with the square of the number of different rows.

    Examples
    --------
    >>> silhouette(np.array([[0.0], [1.0], [4.0], [5.0]]), np.array([0, 0, 1, 1])).__round__(4)
    0.746
    """
    values, labels, mass = _collapse(values, labels, weights)
    k = int(labels.max(initial=-1)) + 1
    if len(np.unique(labels)) < 2:
        return float("nan")
    share = (labels[:, None] == np.arange(k)) * mass[:, None]
    total = share.sum(axis=0)
    square = (values**2).sum(axis=1)
    widths = np.empty(len(values))
    for low in range(0, len(values), 512):
        part = slice(low, low + 512)
        distance = np.sqrt(np.maximum(square[part, None] + square - 2 * values[part] @ values.T, 0.0))
        # cancellation leaves a little distance between a row and itself
        distance[np.arange(len(distance)), np.arange(low, low + len(distance))] = 0.0
        sums, own = distance @ share, labels[part]
        row = np.arange(len(own))
        within = sums[row, own] / np.maximum(total[own] - 1.0, 1e-12)
        other = np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.inf)
        other[row, own] = np.inf
        nearest = other.min(axis=1)
        alone = total[own] <= 1.0 + 1e-12
        widest = np.maximum(np.maximum(within, nearest), 1e-300)
        widths[part] = np.where(alone, 0.0, (nearest - within) / widest)
    return float(mass @ widths / mass.sum())


def calinski_harabasz(values: np.ndarray, labels: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Variance between segments by that within, each by its degrees of freedom (Calinski and Harabasz 1974).

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
    labels : ndarray of shape (n_units,)
    weights : ndarray of shape (n_units,), optional

    Returns
    -------
    float
        NaN with fewer than two segments or no spread within.

    Examples
    --------
    >>> calinski_harabasz(np.array([[0.0], [1.0], [4.0], [5.0]]), np.array([0, 0, 1, 1]))
    32.0
    """
    values, labels, mass = _collapse(values, labels, weights)
    k = len(np.unique(labels))
    if k < 2:
        return float("nan")
    centres = _centres(values, labels, mass)
    within = float(mass @ ((values - centres[labels]) ** 2).sum(axis=1))
    total = float(mass @ ((values - np.average(values, axis=0, weights=mass)) ** 2).sum(axis=1))
    return float((total - within) / (k - 1) * (mass.sum() - k) / within) if within > 0 else float("nan")


def shadow_values(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """How near each unit stands to the border with the next segment: twice the nearest distance by the sum of the two nearest.

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
    centres : ndarray of shape (k, n_variables)
        At least two.

    Returns
    -------
    ndarray of shape (n_units,)
        0 on the own centre, 1 half way to the next (Leisch 2010).

    Raises
    ------
    ParameterError
        With fewer than two centres.

    Examples
    --------
    >>> shadow_values(np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [4.0]])).tolist()
    [0.0, 0.5, 1.0]
    """
    if len(centres) < 2:
        raise ParameterError(f"shadow values need at least two centres; got {len(centres)}")
    distance = np.sqrt(((np.asarray(values)[:, None, :] - np.asarray(centres)) ** 2).sum(axis=2))
    nearest = np.sort(distance, axis=1)[:, :2]
    both = nearest.sum(axis=1)
    return 2 * nearest[:, 0] / np.where(both > 0, both, 1.0)


def name_by_elbow(within: Mapping[int, float]) -> int | None:
    """Number of segments at which the curve of within-segment sums of squares lies farthest below its straight line.

    ``within`` by number of segments, from 1 on; None with fewer than three points.

    Examples
    --------
    >>> name_by_elbow({1: 100.0, 2: 40.0, 3: 30.0, 4: 25.0})
    2
    """
    counts = np.array(sorted(within), float)
    curve = np.array([within[int(k)] for k in counts])
    if len(counts) < 3 or curve[0] <= curve[-1]:
        return None
    across, down = (counts - counts[0]) / np.ptp(counts), (curve - curve[-1]) / (curve[0] - curve[-1])
    return int(counts[np.argmax(1 - across - down)])


def gap_statistic(
    values: np.ndarray, within: Mapping[int, float], *, random_state: int, weights: np.ndarray | None = None
) -> tuple[pd.DataFrame, int]:
    """Gap statistic against data uniform in the box of the data (Tibshirani, Walther and Hastie 2001).

    Parameters
    ----------
    values : ndarray of shape (n_units, n_variables)
    within : mapping of int to float
        Within-segment sum of squares by number of segments, from 1 on.
    random_state : int
    weights : ndarray of shape (n_units,), optional

    Returns
    -------
    tuple of pandas.DataFrame and int
        Index k, columns gap, gap_se; and the smallest k with gap(k) >= gap(k + 1) - se(k + 1), else the largest.
    """
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    low, high, counts = values.min(axis=0), values.max(axis=0), sorted(within)

    def measure(seed: int) -> list[float]:
        drawn = np.random.default_rng(seed).uniform(low, high, size=values.shape)
        padded = pad(drawn)
        found = []
        for k in counts:
            if k == 1:
                found.append(float(mass @ ((drawn - np.average(drawn, axis=0, weights=mass)) ** 2).sum(axis=1)))
            else:
                seeds = spawn_seeds(random_state, "gap", k, size=GAP_STARTS)
                found.append(float(fit_weighted(padded, mass, k, seeds)[0].min()))
        return found

    logs = np.log(np.array(map_threads(measure, spawn_seeds(random_state, "box", size=GAP_REFERENCES))))
    observed = np.log([max(within[k], 1e-12) for k in counts])
    table = pd.DataFrame(
        {"gap": logs.mean(axis=0) - observed, "gap_se": logs.std(axis=0) * np.sqrt(1 + 1 / GAP_REFERENCES)},
        index=pd.Index(counts, name="k"),
    )
    gap, slack = table["gap"].to_numpy(), table["gap_se"].to_numpy()
    passing = np.flatnonzero(gap[:-1] >= gap[1:] - slack[1:])
    return table, int(counts[passing[0]]) if len(passing) else int(counts[-1])


def measure_folk(
    encoded: pd.DataFrame,
    comparison: Comparison,
    *,
    choices: Choices,
    stability: Stability | None = None,
    weights: pd.Series | None = None,
) -> FolkRules:
    """Apply the usual rules of thumb to the partitions that were compared.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        The table that was compared.
    comparison : Comparison
    choices : Choices
    stability : Stability, optional
        For the rule by prediction strength.
    weights : pandas.Series, optional
        As given to ``compare_solutions``.

    Returns
    -------
    FolkRules
        With nothing measured for methods that do not form segments by distances between numbers.

    Raises
    ------
    ParameterError
        If the comparison is of another table.
    """
    if comparison.method not in BY_DISTANCE:
        return _nothing(comparison)
    rows, weight = comparable_rows(encoded, weights)
    if len(rows) != comparison.n and comparison.method != "kmeans":  # fitted on units with missing values too
        return _nothing(comparison)
    if len(rows) != comparison.n:
        raise ParameterError(
            f"the comparison is of {comparison.n} units with every base variable; this table has {len(rows)}"
        )
    values = rows.to_numpy()
    chosen = _sample(values, choices.random_state)
    part = None if weight is None else weight[chosen]
    mass = np.ones(len(values)) if weight is None else weight
    total = float(mass @ ((values - np.average(values, axis=0, weights=mass)) ** 2).sum(axis=1))
    table = pd.DataFrame(
        [_indices(values, comparison.labels[k], chosen, weight) for k in comparison.labels],
        index=pd.Index(list(comparison.labels), name="k"),
    ).assign(within_ss=comparison.table["within_ss"])
    within = {1: total, **{int(k): float(value) for k, value in table["within_ss"].items()}}
    scale = float((mass[chosen] if weight is not None else np.ones(len(chosen))).sum() / mass.sum())
    unbroken = list(within) == list(range(1, len(within) + 1))
    named: dict[str, int | None] = {
        "silhouette": _wide(table["silhouette"]),
        "elbow": name_by_elbow(within),
        "gap": None,
    }
    if unbroken:
        gap, named["gap"] = gap_statistic(
            values[chosen], {k: w * scale for k, w in within.items()}, random_state=choices.random_state, weights=part
        )
        table = table.join(gap)
    table = table.reindex(columns=["silhouette", "calinski_harabasz", "shadow", "gap", "gap_se", "within_ss"])
    named["strength"] = _strong(stability)
    agreement = comparison.table["ari_mean"]
    named["stability"] = int(agreement.idxmax()) if agreement.max() >= STABLE_ARI else 1
    return FolkRules(table, named, len(chosen), len(values))


def folk_rates() -> dict[str, dict[str, Any]]:
    """Measured error rates of the rules, by name: rule, false_alarms and hits (world to rate), simulations, source.

    They are written by benchmarks/structure_error_rates.py; see docs/calibration.md.
    """
    from importlib.resources import files

    import yaml

    return yaml.safe_load((files(__package__) / "folk.yaml").read_text("utf-8"))


def _collapse(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different (row, segment) pairs of units in a segment, and the weight of each."""
    values, labels = np.asarray(values, float), np.asarray(labels)
    if labels.shape != (len(values),):
        raise ParameterError(f"labels must be one a unit; got shape {labels.shape} for {len(values)} units")
    member = labels >= 0
    stacked = np.column_stack([values[member] + 0.0, labels[member]])
    found, place = np.unique(stacked, axis=0, return_inverse=True)
    mass = np.bincount(place.reshape(-1), weights=None if weights is None else np.asarray(weights, float)[member])
    return np.ascontiguousarray(found[:, :-1]), found[:, -1].astype(int), mass.astype(float)


def _centres(values: np.ndarray, labels: np.ndarray, mass: np.ndarray) -> np.ndarray:
    share = (labels[:, None] == np.arange(int(labels.max()) + 1)) * mass[:, None]
    total = share.sum(axis=0)
    return share.T @ values / np.where(total > 0, total, 1.0)[:, None]


def _sample(values: np.ndarray, random_state: int) -> np.ndarray:
    """Positions of the units measured: all, or as many as are affordable, drawn from the sorted rows."""
    if len(np.unique(values, axis=0)) <= MOST:
        return np.arange(len(values))
    order = np.lexsort(values.T[::-1])
    random = np.random.default_rng(spawn_seeds(random_state, "folk", size=4))
    return np.sort(order[random.choice(len(values), MOST, replace=False)])


def _indices(values: np.ndarray, labels: np.ndarray, chosen: np.ndarray, weight: np.ndarray | None) -> dict[str, float]:
    part = None if weight is None else weight[chosen]
    member = labels >= 0
    mass = np.ones(len(values)) if weight is None else weight
    nothing = float("nan")
    if len(np.unique(labels[member])) < 2:
        return {"silhouette": nothing, "calinski_harabasz": nothing, "shadow": nothing}
    shadow = shadow_values(values[member], _centres(values[member], labels[member], mass[member]))
    return {
        "silhouette": silhouette(values[chosen], labels[chosen], weights=part),
        "calinski_harabasz": calinski_harabasz(values, labels, weights=weight),
        "shadow": float(np.average(shadow, weights=mass[member])),
    }


def _nothing(comparison: Comparison) -> FolkRules:
    """For methods whose segments are not regions of the space of numbers."""
    columns = ["silhouette", "calinski_harabasz", "shadow", "gap", "gap_se", "within_ss"]
    table = pd.DataFrame(index=pd.Index(list(comparison.labels), name="k"), columns=columns, dtype=float)
    rules = ("silhouette", "elbow", "gap", "strength", "stability")
    return FolkRules(table, dict.fromkeys(rules), 0, comparison.n)


def _wide(widths: pd.Series) -> int | None:
    if widths.isna().all():
        return None
    return int(widths.idxmax()) if widths.max() > WIDE else 1


def _strong(stability: Stability | None) -> int | None:
    if stability is None or stability.strength.empty:
        return None
    mean = stability.strength.mean()
    passing = mean.index[mean >= STRONG]
    return int(passing.max()) if len(passing) else 1
