"""The chance of every segment for every unit, from a solution that is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..clustering import Solution, assign_segments
from ..clustering.merging import collapse_merged
from ..clustering.methods.base import method_of, spherical_probabilities

__all__ = ["chance_words", "membership_probabilities"]

_BOUND = "by distances: an upper bound"
_LOOSE = "by distances, not under a model"
_AUTO = "taken as made of distances: an upper bound"
_WORDS = {"kmeans": _BOUND, "ward": _BOUND, "medoids": _LOOSE, "hdbscan": _LOOSE, "auto": _AUTO}


def chance_words(method: str) -> str:
    """What to say beside a chance of membership by this method; empty where it needs no caution.

    Parameters
    ----------
    method : str
        As in the study file. Auto counts as one of distances: which method it chose is not known from the study.

    Notes
    -----
    Methods with a likelihood (latent classes and profiles, normals) estimate chances. Rules and trees state who is in: chances are 0
    or 1 by definition. All others turn distances into chances: see ``membership_probabilities``.

    Examples
    --------
    >>> chance_words("kmeans"), chance_words("gaussian")
    ('by distances: an upper bound', '')
    """
    return _WORDS.get(method, "")


def membership_probabilities(solution: Solution, encoded: pd.DataFrame) -> pd.DataFrame:
    """Chance of each segment for each unit: all of what ``assign_segments`` tells of the likeliest.

    Parameters
    ----------
    solution : Solution
    encoded : pandas.DataFrame
        As for ``assign_segments``.

    Returns
    -------
    pandas.DataFrame of shape (n_units, n_segments)
        Index of ``encoded``, a column a segment (merged ones together); rows add up to 1, or are NaN where a unit is in no segment.

    Raises
    ------
    ParameterError
        If a variable of the solution is not in the table.
    DataContractError
        If the table is not what the encoder makes.

    Notes
    -----
    Methods with a model give their own chances. Of k-means and Ward they are those of round clouds of one size and spread around the
    centres: where segments overlap, the centres found lie further apart than those of the clouds, so that these chances are rather
    too certain and corrections made with them rather too small.

    Examples
    --------
    >>> from segmentation.clustering import fit_segments
    >>> from segmentation.study import Choices
    >>> encoded = pd.DataFrame({"need": [-1.0, -1.2, 0.9, 1.0, 1.1], "use": [-1.0, -0.8, 0.7, 0.8, 0.9]}, index=list("abcde"))
    >>> solution = fit_segments(encoded, 2, choices=Choices())
    >>> membership_probabilities(solution, encoded).round(3).iloc[0].to_dict()
    {'S1': 0.0, 'S2': 1.0}
    """
    placed = assign_segments(solution, encoded)["segment"].notna().to_numpy()
    if not solution.model:
        values = encoded[list(solution.variables)].to_numpy(float, na_value=np.nan)
        off = np.where(np.isnan(values)[:, None, :], 0.0, (values[:, None, :] - solution.centres.to_numpy()) ** 2)
        found = spherical_probabilities(off.sum(axis=2), solution.variance)
    elif solution.model.get("everybody"):
        found = np.ones((len(encoded), 1))
    else:
        columns = encoded[list(solution.model["variables"])].to_numpy(float, na_value=np.nan)
        found = method_of(solution.method).place(solution.model, columns)[:, list(solution.components)]
    found, names = collapse_merged(found, solution.segments, solution.merged, total=True)
    total = found.sum(axis=1, keepdims=True)
    known = placed[:, None] & (total > 0)
    chances = np.divide(found, total, out=np.full(found.shape, np.nan), where=known)
    return pd.DataFrame(chances, index=encoded.index, columns=list(names))
