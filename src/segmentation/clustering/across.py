"""Who stays with whom when one more segment is asked for: entropy, alignment, containment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import ParameterError
from .kmeans import adjusted_rand

__all__ = ["align_segments", "cross_labels", "measure_across", "pair_agreement", "segment_entropy"]


def cross_labels(
    first: np.ndarray, second: np.ndarray, *, weights: np.ndarray | None = None, shape: tuple[int, int] | None = None
) -> np.ndarray:
    """Weight of the units in segment i of one partition and j of another.

    Parameters
    ----------
    first, second : ndarray of shape (n_units,)
        Segment of each unit, from 0; -1 for units in no segment, who are left out.
    weights : ndarray of shape (n_units,), optional
        Default: 1 each.
    shape : tuple of int, optional
        Segments of either; default: one more than the largest label.

    Returns
    -------
    ndarray of shape (k_first, k_second)

    Raises
    ------
    ParameterError
        If the partitions are of different numbers of units.

    Examples
    --------
    >>> cross_labels(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1])).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape:
        raise ParameterError(f"two partitions must be of the same units; got {len(first)} and {len(second)}")
    both = (first >= 0) & (second >= 0)
    rows, columns = shape or (int(first.max(initial=-1)) + 1, int(second.max(initial=-1)) + 1)
    mass = None if weights is None else np.asarray(weights, float)[both]
    flat = np.bincount(first[both] * columns + second[both], weights=mass, minlength=rows * columns)
    return flat.astype(float).reshape(rows, columns)


def segment_entropy(table: np.ndarray) -> np.ndarray:
    """How much each segment of a finer partition comes from a single segment of a coarser one (SLSA).

    Parameters
    ----------
    table : ndarray of shape (k_fine, k_coarse)
        Units in both (``cross_labels`` of the finer with the coarser).

    Returns
    -------
    ndarray of shape (k_fine,)
        1 - H / log(k_coarse), H the entropy of the shares in which a segment's members come from the coarser segments: 1 if all come
        from one, 0 if they come from all alike. NaN where there is only one coarser segment, or nobody.

    Notes
    -----
    Segment level stability across solutions (Dolnicar and Leisch 2017; ``slsaplot`` of flexclust).

    Examples
    --------
    >>> segment_entropy(np.array([[10.0, 0.0], [5.0, 5.0], [9.0, 1.0]])).round(3).tolist()
    [1.0, 0.0, 0.531]
    """
    table = np.asarray(table, float)
    total = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    if table.shape[1] < 2:
        return np.full(len(table), np.nan)
    found = 1 + (shares * logs).sum(axis=1) / np.log(table.shape[1])
    return np.where(total[:, 0] > 0, found + 0.0, np.nan)


def pair_agreement(table: np.ndarray) -> tuple[float, float]:
    """Agreement of two partitions from their table: adjusted Rand index, and the share of pairs of units they treat differently.

    Examples
    --------
    >>> pair_agreement(np.array([[2.0, 0.0], [1.0, 1.0]]))
    (0.0, 0.375)

    Of the 16 ordered pairs of four units (a unit with itself included), 6 are together in one partition and apart in the other.
    """
    mass = float(table.sum())
    both = float((table**2).sum())
    single = float((table.sum(axis=1) ** 2).sum() + (table.sum(axis=0) ** 2).sum())
    return adjusted_rand(table), (single - 2 * both) / mass**2 if mass > 0 else 0.0


def align_segments(labels: Mapping[int, np.ndarray], first: Sequence[int]) -> dict[int, list[int]]:
    """An order of the segments of every partition in which segments with the same people stand beside each other.

    Parameters
    ----------
    labels : mapping of int to ndarray of shape (n_units,)
        Number of segments to partition.
    first : sequence of int
        Order of the segments of the partition with the fewest.

    Returns
    -------
    dict of int to list of int
        Segments of each partition, in order.

    Notes
    -----
    From one partition to the next, segments are matched one to one so that most units are in matched segments (Hungarian
    algorithm); a segment without a partner stands after the one most of its members come from.

    Examples
    --------
    >>> align_segments({2: np.array([0, 0, 1, 1]), 3: np.array([2, 0, 1, 1])}, [1, 0])
    {2: [1, 0], 3: [1, 0, 2]}
    """
    from scipy.optimize import linear_sum_assignment

    counts = sorted(labels)
    order = {counts[0]: [int(segment) for segment in first]}
    for coarse, fine in pairwise(counts):
        table = cross_labels(labels[coarse], labels[fine], shape=(coarse, fine))
        place = {segment: position for position, segment in enumerate(order[coarse])}
        rows, columns = linear_sum_assignment(-table)
        key = {int(j): (place[int(i)], 0) for i, j in zip(rows, columns, strict=True)}
        for j in range(fine):
            if j not in key:
                key[j] = (place[int(table[:, j].argmax())], 1)
        order[fine] = sorted(key, key=lambda j: (*key[j], j))
    return order


def measure_across(labels: Mapping[int, np.ndarray], *, weights: np.ndarray | None = None) -> pd.DataFrame:
    """Every pair of segments of neighbouring partitions, and how many units they share.

    Parameters
    ----------
    labels : mapping of int to ndarray of shape (n_units,)
        Number of segments to partition; segment 0 is called S1.
    weights : ndarray of shape (n_units,), optional

    Returns
    -------
    pandas.DataFrame
        Columns coarse, fine (numbers of segments), parent, child (segment ids), n (units in both), parent_share (of the parent's units),
        child_share (of the child's units), entropy (SLSA of the child). Shares and entropy are weighted, n is not.

    Examples
    --------
    >>> measure_across({2: np.array([0, 0, 0, 1]), 3: np.array([0, 0, 2, 1])}).query("n > 0")
       coarse  fine parent child  n  parent_share  child_share  entropy
    0       2     3     S1    S1  2      0.666667          1.0      1.0
    2       2     3     S1    S3  1      0.333333          1.0      1.0
    4       2     3     S2    S2  1      1.000000          1.0      1.0
    """
    counts = sorted(labels)
    parts = []
    for coarse, fine in pairwise(counts):
        plain = cross_labels(labels[coarse], labels[fine], shape=(coarse, fine))
        table = (
            plain
            if weights is None
            else cross_labels(labels[coarse], labels[fine], weights=weights, shape=(coarse, fine))
        )
        entropy = segment_entropy(table.T)
        parent, child = np.divmod(np.arange(table.size), fine)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = table / table.sum(axis=1, keepdims=True), table / table.sum(axis=0, keepdims=True)
        parts.append(
            pd.DataFrame(
                {
                    "coarse": coarse,
                    "fine": fine,
                    "parent": [f"S{i + 1}" for i in parent],
                    "child": [f"S{j + 1}" for j in child],
                    "n": plain.ravel().astype(int),
                    "parent_share": shares[0].ravel(),
                    "child_share": shares[1].ravel(),
                    "entropy": entropy[child],
                }
            )
        )
    columns = ["coarse", "fine", "parent", "child", "n", "parent_share", "child_share", "entropy"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
