"""Descriptors of segments that allow for units being in the wrong one: the three-step correction by Bolck, Croon and Hagenaars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..features import FeatureTable, effective_base, feature_values
from ..study import Study, Variable
from .cells import withhold_cells
from .descriptors import refuse_base
from .everybody import even_weights, levels_of
from .intervals import mean_interval, wilson_interval
from .weighted import share_bases, weighted_moments
from .words import related_to_base

__all__ = ["POSTERIOR_COLUMNS", "SAME_RECORDS", "PosteriorProfile", "profile_posterior"]

POSTERIOR_COLUMNS = (
    "segment", "variable", "level", "kind", "n", "base", "modal", "modal_lower", "modal_upper", "estimate", "lower", "upper",
    "se", "effective", "total", "negative", "clipped", "withheld", "reason",
)  # fmt: skip
SAME_RECORDS = "counted from the same records as a base variable"
WORST_CONDITION = 30.0  # beyond, a hundredth more or less in a probability can move an estimate by a third of itself


@dataclass(frozen=True)
class PosteriorProfile:
    """Descriptors by segment, as assigned and corrected for wrong assignment.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns ``POSTERIOR_COLUMNS``, see ``profile_posterior``.
    classification : pandas.DataFrame of shape (n_segments, n_segments)
        Row: segment a unit is in; column: segment it is assigned to; the chance of it.
    condition : float
        Condition number of ``classification``: 1 where nobody is assigned wrongly, infinite where a segment cannot be told apart.
    n : int
        Units with probabilities.
    effective : float
        Their effective base (n without weights).
    expected_right : float
        Share of units expected to be in the segment they are assigned to.
    """

    table: pd.DataFrame
    classification: pd.DataFrame
    condition: float
    n: int
    effective: float
    expected_right: float

    @property
    def corrected(self) -> bool:
        """Whether the segments can be told apart well enough to correct."""
        return bool(np.isfinite(self.condition) and self.condition <= WORST_CONDITION)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Descriptors that are not corrected, because they are counted from the same records as base variables."""
        return tuple(dict.fromkeys(self.table.loc[self.table["reason"] == SAME_RECORDS, "variable"]))


def profile_posterior(
    features: FeatureTable | pd.DataFrame,
    probabilities: pd.DataFrame,
    study: Study,
    *,
    variables: Iterable[str] | None = None,
) -> PosteriorProfile:
    """Describe segments by descriptors without taking every assignment for certain.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    probabilities : pandas.DataFrame of shape (n_units, n_segments)
        Index: unit; a column a segment: the chance that the unit is in it, adding up to 1. Units with missing chances are left out.
    study : Study
    variables : iterable of str, optional
        Descriptors; default: all of the study, outcomes too.

    Returns
    -------
    PosteriorProfile
        Its table has a row a segment and variable (or level): kind ``mean`` or ``share``; n, units assigned to the segment and counted
        (with the trait, or observed); base, units assigned to it and observed; modal with its interval: the usual estimate, of units
        in their most probable segment; estimate with 95 % interval and linearised (sandwich) standard error se: corrected; effective,
        equally weighted units that the corrected estimate stands on; total; negative, share of its weight that is negative;
        clipped, a share that came out below 0 or above 1 and is set to the limit; withheld, cells too small to publish; reason,
        why a descriptor is left out of the correction (its corrected numbers are missing), or empty.

    Raises
    ------
    ParameterError
        If a variable formed the segments (the correction needs variables that depend on the segment alone), is the weight or unknown;
        if the probabilities are not chances that add up to 1, or are of units not in the features.
    DataContractError
        If the study's weights are negative, infinite or all zero.

    Notes
    -----
    Bolck, Croon and Hagenaars (2004), Estimating latent structure models with categorical variables, Political Analysis 12; standard
    errors as in Vermunt (2010), Latent class modeling with covariates, Political Analysis 18, with the error matrix taken as known.
    Units are assigned to their most probable segment; D holds the chance of each assignment in each true segment; unit i counts
    for segment s with the entry (assigned segment, s) of D's inverse, so that wrong assignments cancel on average. Right if
    the probabilities are, and if a descriptor depends on the base variables only through the segment. That fails by construction
    where descriptor and base variable count the same events or average the same survey items: within a segment, too, the one then
    moves with the other. Such descriptors (``related_to_base``) keep the usual estimate and are left out of the correction. Of the
    others independence is assumed, not tested; a base variable centred by respondent holds a little of every item on the same
    scale. With D beyond a condition number of 30 nothing is corrected.
    """
    names = [v.name for v in study.descriptors] if variables is None else list(variables)
    refuse_base(names, study, "it cannot be corrected for them")
    chances = _check(probabilities)
    values = feature_values(features, names)
    strangers = chances.index.difference(values.index)
    if len(strangers):
        raise ParameterError(
            f"{len(strangers)} units of the probabilities are not in the features, for instance {strangers[0]!r}"
        )
    weights = even_weights(features, chances.index, study)
    chances = chances.loc[weights.index]
    if chances.empty:
        raise ParameterError("no unit has both probabilities and a weight, so there is nothing to profile")
    heavy, posterior = weights.to_numpy(), chances.to_numpy(float)
    assigned = posterior.argmax(axis=1)
    modal = np.eye(posterior.shape[1])[assigned]
    error = _classification(posterior, modal, heavy)
    condition = float(np.linalg.cond(error)) if np.isfinite(error).all() else float("inf")
    usable = condition <= WORST_CONDITION
    counted = np.linalg.inv(error)[assigned] if usable else np.full(posterior.shape, np.nan)
    parts = _Parts(tuple(chances.columns), modal, heavy, counted, study)
    table = _tables(parts, values.loc[chances.index], names)
    segments = list(chances.columns)
    return PosteriorProfile(
        table=table,
        classification=pd.DataFrame(error, index=pd.Index(segments, name="is in"), columns=segments),
        condition=condition,
        n=len(chances),
        effective=effective_base(heavy),
        expected_right=float(heavy @ posterior.max(axis=1) / heavy.sum()),
    )


@dataclass(frozen=True)
class _Parts:
    segments: tuple[str, ...]
    modal: np.ndarray  # units x segments, 1.0 where assigned
    weights: np.ndarray
    counted: np.ndarray  # units x segments, rows of the inverse of D
    study: Study


def _check(probabilities: pd.DataFrame) -> pd.DataFrame:
    if not probabilities.shape[1]:
        raise ParameterError("probabilities need a column for each segment; got none")
    if not probabilities.index.is_unique:
        raise ParameterError(
            f"probabilities have {int(probabilities.index.duplicated().sum())} unit ids more than once"
        )
    chances = probabilities.dropna()
    values = chances.to_numpy(float)
    if chances.empty:
        raise ParameterError("no unit has probabilities, so there is nothing to profile")
    wrong = ~((values >= -1e-9).all(axis=1) & (np.abs(values.sum(axis=1) - 1) < 1e-6))
    if wrong.any():
        raise ParameterError(
            f"probabilities must be chances that add up to 1; they do not for {int(wrong.sum())} units, for instance "
            f"{chances.index[wrong][0]!r}"
        )
    return chances.rename(columns=str)


def _classification(posterior: np.ndarray, modal: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Chance of each assignment by true segment; NaN for a segment that nobody can be in."""
    joint = (posterior * weights[:, None]).T @ modal
    size = joint.sum(axis=1, keepdims=True)
    return np.divide(joint, size, out=np.full_like(joint, np.nan), where=size > 0)


def _tables(parts: _Parts, values: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Rows of all descriptors; those that share records with a base variable without corrected numbers, and with the reason."""
    kin = related_to_base(names, parts.study)
    unknown = replace(parts, counted=np.full(parts.counted.shape, np.nan))
    tables = [
        _describe(unknown if name in kin else parts, values[name], parts.study.variable(name)).assign(
            reason=SAME_RECORDS if name in kin else ""
        )
        for name in names
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(POSTERIOR_COLUMNS))


def _describe(parts: _Parts, column: pd.Series, variable: Variable) -> pd.DataFrame:
    smallest = parts.study.choices.min_cell
    if variable.level == "binary":
        codes, names = column.fillna(-1).to_numpy(int), ("no", "yes")
    elif variable.measure == "value" and variable.level in ("nominal", "ordinal"):
        codes, names = levels_of(column, variable, smallest)
    else:
        values = column.to_numpy(float)
        known = ~np.isnan(values)
        n = parts.modal[known].sum(axis=0)
        withheld = withhold_cells(n[None, :], smallest)[0]
        return _rows(parts, values, known, n, withheld, variable, "", "mean")
    known = codes >= 0
    counts = (
        np.stack([parts.modal[codes == place].sum(axis=0) for place in range(len(names))])
        if names
        else np.empty((0, 0))
    )
    hidden = withhold_cells(counts, smallest)
    tables = [
        _rows(parts, (codes == place).astype(float), known, counts[place], hidden[place], variable, name, "share")
        for place, name in enumerate(names)
        if variable.level != "binary" or name == "yes"
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(POSTERIOR_COLUMNS))


def _rows(
    parts: _Parts,
    values: np.ndarray,
    known: np.ndarray,
    n: np.ndarray,
    withheld: np.ndarray,
    variable: Variable,
    level: str,
    kind: str,
) -> pd.DataFrame:
    seen, heavy, modal = values[known], parts.weights[known], parts.modal[known]
    share = kind == "share"
    usual, low, high = _assigned(seen, heavy, modal, share)
    numbers = _corrected(seen, heavy[:, None] * parts.counted[known], share)
    total = float(heavy @ seen / heavy.sum()) if len(seen) else float("nan")
    shown = {"modal": usual, "modal_lower": low, "modal_upper": high, **numbers}
    shown = {name: np.where(withheld, np.nan, value) for name, value in shown.items()}
    table = pd.DataFrame({"segment": parts.segments, **shown}).assign(
        variable=variable.name,
        level=level,
        kind=kind,
        n=pd.array(np.where(withheld, None, n), dtype="Int64"),
        base=modal.sum(axis=0).astype(int),
        total=total,
        clipped=numbers["clipped"].astype(bool) & ~withheld,
        withheld=withheld,
        reason="",
    )
    return table[list(POSTERIOR_COLUMNS)]


def _assigned(seen: np.ndarray, heavy: np.ndarray, modal: np.ndarray, share: bool) -> tuple[np.ndarray, ...]:
    mean, error, alike = weighted_moments(seen, heavy, modal)
    if not share:
        return mean, *mean_interval(mean, error * np.sqrt(alike), alike)
    base = share_bases((heavy * seen) @ modal, (heavy**2 * seen) @ modal, heavy @ modal, heavy**2 @ modal)
    return mean, *wilson_interval(mean * base, base)


def _corrected(seen: np.ndarray, counted: np.ndarray, share: bool) -> dict[str, np.ndarray]:
    """Means under weights of either sign, with linearised errors."""
    n, size, squares = len(seen), counted.sum(axis=0), (counted**2).sum(axis=0)
    able = np.isfinite(size) & (size > 0) & (n >= 2)
    safe = np.where(able, size, 1.0)
    mean = np.where(able, seen @ counted / safe, np.nan)
    off = counted * (seen[:, None] - np.where(able, mean, 0.0))
    error = np.where(able, np.sqrt(n / max(n - 1, 1) * (off**2).sum(axis=0)) / safe, np.nan)
    alike = np.where(able, size**2 / np.where(squares > 0, squares, 1.0), np.nan)
    clipped = np.zeros(len(size), bool)
    if share:
        clipped = (mean < 0) | (mean > 1)
        mean = np.clip(mean, 0.0, 1.0)
        spread = mean * (1 - mean)
        base = np.where((spread > 0) & (error > 0), spread / np.where(error > 0, error, 1.0) ** 2, alike)
        low, high = wilson_interval(mean * np.minimum(base, alike), np.minimum(base, alike))
    else:
        low, high = mean_interval(mean, error * np.sqrt(np.nan_to_num(alike)), np.nan_to_num(alike))
    negative = np.where(
        able, -np.minimum(counted, 0).sum(axis=0) / np.where(able, np.abs(counted).sum(axis=0), 1.0), np.nan
    )
    return {
        "estimate": mean, "lower": low, "upper": high, "se": error, "effective": alike, "negative": negative, "clipped": clipped,
    }  # fmt: skip
