"""Segments that count as part of another: several centres, one segment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["collapse_merged"]


def collapse_merged(
    values: np.ndarray, ids: tuple[str, ...], merged: Mapping[str, str], *, total: bool = False
) -> tuple[np.ndarray, tuple[str, ...]]:
    """One column a segment that stands for itself: the smallest value of its centres, or their sum.

    Parameters
    ----------
    values : ndarray of shape (n_units, n_centres)
        Distances, or (with ``total``) probabilities.
    ids : tuple of str
        Segment of each column.
    merged : Mapping of str to str
        Segment to the one it is part of.
    total : bool

    Returns
    -------
    ndarray of shape (n_units, n_segments), tuple of str

    Examples
    --------
    >>> collapse_merged(np.array([[3.0, 1.0, 2.0]]), ("S1", "S2", "S3"), {"S3": "S1"})
    (array([[2., 1.]]), ('S1', 'S2'))
    """
    if not merged:
        return values, ids
    kept = tuple(name for name in ids if name not in merged)
    groups = [[j for j, name in enumerate(ids) if merged.get(name, name) == one] for one in kept]
    reduce = np.sum if total else np.min
    return np.column_stack([reduce(values[:, group], axis=1) for group in groups]), kept
