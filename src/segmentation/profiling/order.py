"""An order in which similar variables stand beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["order_variables"]


def order_variables(values: pd.DataFrame, *, standardise: bool = True, weights: np.ndarray | None = None) -> list[str]:
    """Order variables by hierarchical clustering (complete linkage, Euclidean distance between columns).

    Parameters
    ----------
    values : pandas.DataFrame of shape (n_units, n_variables)
        Numbers; NaN allowed: a distance uses the units that have both variables.
    standardise : bool
        Scale columns to mean 0 and standard deviation 1 first; needed unless all are on one scale.
    weights : ndarray of shape (n_units,), optional
        A unit of weight 2 counts as two.

    Returns
    -------
    list of str
        Column names, leaves of the tree from left to right.

    Examples
    --------
    >>> order_variables(pd.DataFrame({"a": [1.0, 2, 3, 9], "b": [9.0, 1, 7, 2], "c": [1.0, 2, 4, 9]}))
    ['b', 'a', 'c']
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    names = [str(name) for name in values.columns]
    if len(names) < 3:
        return names
    columns = values.to_numpy(float)
    known = ~np.isnan(columns)
    seen = known.astype(float)
    heavy = seen if weights is None else seen * weights[:, None]
    if standardise:
        n = np.where(known.any(axis=0), heavy.sum(axis=0), 1.0)
        mean = (np.where(known, columns, 0) * heavy).sum(axis=0) / n
        spread = np.sqrt((np.where(known, columns - mean, 0) ** 2 * heavy).sum(axis=0) / n)
        columns = (columns - mean) / np.where(spread > 0, spread, 1.0)
    filled = np.where(known, columns, 0.0)
    square = filled**2
    apart = square.T @ heavy + heavy.T @ square - 2 * filled.T @ (filled * heavy)
    both = seen.T @ heavy
    distance = np.sqrt(np.maximum(apart, 0) / np.where(both > 0, both, 1.0) * len(columns))
    distance = np.where(both > 0, distance, distance.max())
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), method="complete")
    return [names[leaf] for leaf in leaves_list(tree)]
