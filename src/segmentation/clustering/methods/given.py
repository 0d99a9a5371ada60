"""What a study gives its method: levels of measurement, weights, an outcome, rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...errors import ParameterError
from ...features.encoder import Encoder
from ...features.table import FeatureTable, feature_values
from ...features.weights import unit_weights
from ...study import Study
from .base import prepare_rows
from .rules import load_rules

__all__ = ["count_usable", "method_inputs", "spread_names"]


def method_inputs(study: Study, features: FeatureTable | pd.DataFrame, encoder: Encoder) -> dict[str, Any]:
    """Arguments of ``compare_solutions`` and ``fit_segments`` that the study decides.

    Parameters
    ----------
    study : Study
        Its first segmentation is meant.
    features : FeatureTable or pandas.DataFrame
        In natural units.
    encoder : Encoder
        Of the base variables.

    Returns
    -------
    dict
        method, weights, levels, outcome, rules; to be passed on as ``**given``.

    Raises
    ------
    StudyError
        If the rules are not a partition.
    ParameterError
        If the outcome is a name.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> from segmentation.features import fit_encoder
    >>> study = tiny_study()
    >>> names = [variable.name for variable in study.base]
    >>> features = pd.DataFrame({name: [0.0, 1.0, 3.0] for name in names}, index=list("abc"))
    >>> method_inputs(study, features, fit_encoder(features, study.base))["method"]
    'kmeans'
    """
    segmenting = study.segmentation
    outcome = None
    if segmenting.outcome is not None:
        variable = study.variable(segmenting.outcome)
        if variable.level == "nominal":
            raise ParameterError(
                f"outcome {variable.name!r} is a name; a tree needs a number, an ordinal or a yes-or-no variable"
            )
        outcome = feature_values(features, [variable.name])[variable.name].astype(float)
    return {
        "method": segmenting.method,
        "weights": unit_weights(features, study),
        "levels": encoder.levels,
        "outcome": outcome,
        "rules": load_rules(study, features, encoder) if segmenting.rules is not None else None,
    }


def count_usable(study: Study, features: FeatureTable | pd.DataFrame, encoder: Encoder) -> int:
    """Units that the study's method can learn from, after checking that there are enough for the numbers of segments asked for.

    Raises
    ------
    ParameterError
        If there are too few different units, or the method cannot take the levels or weights.
    DataContractError
        If a variable is constant, or the rules are not a partition.
    """
    given = method_inputs(study, features, encoder)
    method = given.pop("method")
    if method == "auto":
        method = "medoids" if encoder.categories else "kmeans"
    encoded = encoder.encode(features)
    rows, _ = prepare_rows(
        encoded, method, study.segmentation.candidates[-1], **given, min_observed=study.choices.min_observed
    )
    return len(rows.values)


def spread_names(encoded: pd.DataFrame, levels: Mapping[str, str]) -> pd.DataFrame:
    """The table with a column of 0 and 1 for each name of a nominal variable, for maps and views that need distances.

    Two units of different name are then as far apart (squared distance 2) as two random units are on a scaled number.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    levels : mapping of str to str
        ``encoder.levels``.

    Returns
    -------
    pandas.DataFrame
        The same table if no variable is nominal.

    Examples
    --------
    >>> encoded = pd.DataFrame({"need": [0.5, -0.5], "trade": [0.0, 1.0]})
    >>> spread_names(encoded, {"need": "numeric", "trade": "nominal"}).columns.tolist()
    ['need', 'trade 0', 'trade 1']
    """
    columns: dict[str, pd.Series] = {}
    for name in encoded.columns:
        column = encoded[name]
        if levels.get(str(name)) != "nominal":
            columns[name] = column
            continue
        for code in np.unique(column.dropna()):
            columns[f"{name} {int(code)}"] = (column == code).astype(float).where(column.notna())
    return pd.DataFrame(columns, index=encoded.index)
