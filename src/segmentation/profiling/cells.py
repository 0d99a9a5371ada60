"""Small cells: which must not be published, and which with them, lest they be found by subtraction."""

from __future__ import annotations

import numpy as np

__all__ = ["withhold_cells"]


def withhold_cells(counts: np.ndarray, min_cell: int) -> np.ndarray:
    """Cells to leave out of a table whose totals are shown.

    A cell with fewer than ``min_cell`` units is withheld. Where it would be the only one of its row or column, the
    smallest other cell goes with it, because the total less the rest would give it away.

    Parameters
    ----------
    counts : ndarray of shape (n_levels, n_segments)
        Units. With one level (a mean), only the segments are looked at.
    min_cell : int

    Returns
    -------
    ndarray of bool, same shape

    Examples
    --------
    >>> withhold_cells(np.array([[3, 40, 60], [50, 20, 70]]), 10).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0]]
    """
    hidden = counts < min_cell
    changed = True
    while changed:
        changed = _complete(counts, hidden)
        if counts.shape[0] > 1:
            changed = _complete(counts.T, hidden.T) or changed
    return hidden


def _complete(counts: np.ndarray, hidden: np.ndarray) -> bool:
    """Hide the smallest other cell of each row that has exactly one hidden; True if any was."""
    changed = False
    for row, mask in zip(counts, hidden, strict=True):
        if mask.sum() == 1 and len(mask) > 1:
            mask[np.where(mask, np.inf, row).argmin()] = True
            changed = True
    return changed
