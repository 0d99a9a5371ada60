"""Weights: how many units of the market each unit stands for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..display import Callout, Reading
from ..errors import DataContractError, Violation
from ..study import Study
from .survey import rows_words
from .table import FeatureTable, feature_values

__all__ = ["describe_weights", "effective_base", "unit_weights"]

HEAVY = 0.05  # a unit with more of the total than this is named as a limit on trust


def unit_weights(features: FeatureTable | pd.DataFrame, study: Study) -> pd.Series | None:
    """Weight of each unit, scaled to a mean of 1 over the units that have one; None if the study has no weights.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit; holds the study's weight variable.
    study : Study

    Returns
    -------
    pandas.Series or None
        Index of ``features``. A unit without a weight (not in the survey that weights stand for) keeps NaN and is left out of every
        weighted number.

    Raises
    ------
    DataContractError
        With every negative or infinite weight, or if no weight is positive.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> unit_weights(pd.DataFrame(index=["a"]), tiny_study()) is None
    True
    """
    if study.weight is None:
        return None
    weights = feature_values(features, [study.weight])[study.weight].astype(float)
    file = ", ".join(study.sources[study.variable(study.weight).source].paths) or str(study.file)
    wrong = weights.index[(weights < 0) | np.isinf(weights)]
    found, fix = [], "Correct the weights at their source"
    if len(wrong):
        message, value = f"{len(wrong)} weights are negative or infinite", float(weights[wrong[0]])
        found.append(Violation(message, file, rows_words(wrong), study.weight, value, "0 or more", fix))
    elif weights.isna().all():
        fix = "Check the column that the weight is read from, or take weight: out of the study file"
        found.append(Violation("no unit has a weight", file, None, study.weight, None, "", fix))
    elif not weights.sum() > 0:
        fix = "Take weight: out of the study file, or correct the weights at their source"
        found.append(Violation("the weights sum to zero", file, None, study.weight, 0.0, "", fix))
    if found:
        raise DataContractError(found)
    return weights / weights[weights > 0].mean()


def effective_base(weights: pd.Series | np.ndarray) -> float:
    """Kish's effective sample size: as many equally weighted units would tell as much.

    Parameters
    ----------
    weights : pandas.Series or ndarray
        NaN: the unit has none and does not count.

    Returns
    -------
    float
        Sum of the weights squared over the sum of their squares.

    Examples
    --------
    >>> effective_base(np.array([1.0, 1.0, 2.0])).__round__(3)
    2.667
    """
    known = np.asarray(weights, float)
    known = known[np.isfinite(known)]
    return float(known.sum() ** 2 / (known**2).sum()) if len(known) and known.any() else 0.0


def describe_weights(weights: pd.Series | None, *, units: str = "units") -> Reading | Callout:
    """What the weights do to the base, and whether single units carry too much.

    Parameters
    ----------
    weights : pandas.Series or None
        As ``unit_weights`` gives them.
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
        A caution if one unit carries more than a twentieth of the total.

    Examples
    --------
    >>> str(describe_weights(None, units="accounts"))
    'This study has no weights: each of the accounts counts once.'
    >>> describe_weights(pd.Series([2.0, 0.5, 0.5])).title
    'One of the units carries 67% of the total weight.'
    """
    if weights is None:
        return Reading([f"This study has no weights: each of the {units} counts once."])
    known = weights[weights > 0]
    shares = known / known.sum()
    heaviest = float(shares.max())
    text = (
        f"Numbers are weighted: {len(known):,} {units} stand for the market with weights from {known.min():.2f} to {known.max():.2f} "
        f"(mean 1). They tell as much as {effective_base(known):,.0f} equally weighted {units} would (effective base)."
    )
    left = len(weights) - len(known)
    if left:
        text += f" {left:,} {units} have no weight and are left out of weighted numbers."
    if heaviest <= HEAVY:
        return Reading([text])
    return Callout(
        "caution",
        f"One of the {units} carries {heaviest:.0%} of the total weight.",
        f"{text} Trim or correct the heaviest weights before anything is decided on these numbers.",
    )
