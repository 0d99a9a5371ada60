"""Regression mixture: classes of people for whom different things drive an outcome, by expectation and maximisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import ParameterError, nearest_word
from ..features import FeatureTable, feature_values
from ..study import Study, Variable
from .em import Mixed, fit_classes, standard_errors
from .everybody import even_weights, levels_of

__all__ = ["RegressionMixture", "fit_mixture", "fit_mixtures"]

CLASSES = (1, 2, 3, 4)
PER_COEFFICIENT = 5  # units for each coefficient of all classes, below which nothing is fitted


@dataclass(frozen=True)
class RegressionMixture:
    """Classes that differ in what goes with an outcome.

    Attributes
    ----------
    outcome : str
    variables : tuple of str
    n, left_out : int
        Units used, and units without the outcome or a variable.
    classes : int
        Number of classes chosen; 0 where nothing was fitted.
    comparison : pandas.DataFrame
        Index classes; loglik, df, bic, hits (starts that came to the best), starts, entropy (relative: 1, everybody is certain of a class).
    coefficients : pandas.DataFrame
        Columns class ("C1" the largest), variable, level, estimate, se, lower, upper; the constant is variable "".
    shares, sigma : pandas.Series
        Index class; part of everybody, and standard deviation around the line.
    sizes : pandas.Series
        Units most probably in each class.
    probabilities : pandas.DataFrame
        Index unit, a column a class.
    reason : str
        Why nothing was fitted; "" if it was.
    collapsed : tuple of int
        Numbers of classes that could not be fitted, because in every start a class closed in on a few nearly equal values.
    """

    outcome: str
    variables: tuple[str, ...]
    n: int
    left_out: int
    classes: int
    comparison: pd.DataFrame
    coefficients: pd.DataFrame
    shares: pd.Series
    sigma: pd.Series
    sizes: pd.Series
    probabilities: pd.DataFrame
    reason: str = ""
    collapsed: tuple[int, ...] = ()


def fit_mixtures(
    features: FeatureTable | pd.DataFrame, study: Study, *, starts: int = 20
) -> tuple[RegressionMixture, ...]:
    """``fit_mixture`` for every outcome of the study that is a number, driven by the base variables.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
    study : Study
    starts : int

    Returns
    -------
    tuple of RegressionMixture
        Empty for a study without such an outcome.
    """
    names = [v.name for v in study.variables if v.role == "outcome" and v.level in ("numeric", "ordinal")]
    return tuple(fit_mixture(features, study, name, starts=starts) for name in names)


def fit_mixture(
    features: FeatureTable | pd.DataFrame,
    study: Study,
    outcome: str,
    *,
    variables: Iterable[str] | None = None,
    classes: int | None = None,
    starts: int = 20,
) -> RegressionMixture:
    """Find classes of units within each of which an outcome is a linear function of variables, with its own coefficients.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    study : Study
    outcome : str
        A numeric or ordinal variable that did not form the segments.
    variables : iterable of str, optional
        What may drive it; default: the study's base variables. Names become a column a level, the most frequent one left out.
    classes : int, optional
        Number of classes, 1 to 8; by default 1, 2, 3 and 4 are compared until the BIC rises, and the lowest is chosen.
    starts : int
        Random starts for each number.

    Returns
    -------
    RegressionMixture
        Without classes, and with the reason, where fewer than 5 units a coefficient have all variables.

    Raises
    ------
    ParameterError
        If the outcome is a base variable, a weight, yes/no, a name or unknown; if variables are unknown or doubled, hold the outcome or
        the weight; if ``classes`` or ``starts`` is out of range.
    DataContractError
        If the study's weights are negative, infinite or all zero.

    Notes
    -----
    Normal errors with a standard deviation of its own in each class, as in R's flexmix (Leisch 2004, Journal of Statistical Software
    11). Standard errors are those of the observed information; with weights, which make the likelihood a pseudo-likelihood, of the
    sandwich. There are no p-values: classes are made to differ. A yes/no outcome observed once a unit does not identify classes.
    """
    names = _check(study, outcome, variables, classes, starts)
    values = feature_values(features, [outcome, *names])
    columns, terms = _columns(values, [study.variable(name) for name in names], study)
    known = values[outcome].notna().to_numpy() & ~np.isnan(columns).any(axis=1)
    weights = even_weights(features, values.index[known], study)
    index = weights.index
    places = values.index.get_indexer(index)
    design, target = columns[places], values[outcome].to_numpy(float)[places]
    given = len(values) - len(index)
    numbers = CLASSES if classes is None else (classes,)
    reason = _why_not(design, target, min(numbers), study)
    if reason:
        return _nothing(outcome, names, len(index), given, reason)
    room = [k for k in numbers if len(target) >= PER_COEFFICIENT * k * (design.shape[1] + 1)]
    rng = np.random.default_rng(study.choices.random_state)
    fits: dict[int, Mixed] = {}
    collapsed: tuple[int, ...] = ()
    for k in room:
        fit = fit_classes(design, target, weights.to_numpy(), k, starts=starts, rng=rng)
        fits |= {k: fit} if fit is not None else {}
        collapsed += () if fit is not None else (k,)
        if fit is None or fit.bic > min(other.bic for other in fits.values()):
            break
    if not fits:
        return _nothing(outcome, names, len(index), given, "no start found classes that are large enough to fit")
    chosen = min(fits, key=lambda k: fits[k].bic)
    found = _tell(fits, chosen, design, target, weights, terms, (outcome, names, given))
    return replace(found, collapsed=collapsed)


def _check(
    study: Study, outcome: str, variables: Iterable[str] | None, classes: int | None, starts: int
) -> tuple[str, ...]:
    names = tuple(study.segmentation.base if variables is None else variables)
    known = [variable.name for variable in study.variables]
    for name in (outcome, *names):
        if name not in known:
            raise ParameterError(f"no variable {name!r} in the study. {nearest_word(name, known)}".strip())
    if outcome in study.segmentation.base:
        raise ParameterError(f"{outcome} formed the segments and cannot also be the outcome; choose one that did not")
    if outcome == study.weight or study.weight in names:
        raise ParameterError(f"{study.weight} is the weight of this study, neither an outcome nor a driver of one")
    if outcome in names:
        raise ParameterError(f"{outcome} is the outcome, so it cannot be among its own drivers")
    if len(set(names)) < len(names) or not names:
        raise ParameterError(f"variables must be one or more different names; got {', '.join(names) or 'none'}")
    if study.variable(outcome).level not in ("numeric", "ordinal"):
        raise ParameterError(
            f"{outcome} is {study.variable(outcome).level}: classes that differ in what drives it can only be told for a number, because "
            "a yes or no given once fits any mixture"
        )
    if classes is not None and not 1 <= classes <= 8:
        raise ParameterError(f"classes must be 1 to 8; got {classes}")
    if starts < 1:
        raise ParameterError(f"starts must be 1 or more; got {starts}")
    return names


def _columns(
    values: pd.DataFrame, variables: Sequence[Variable], study: Study
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Columns with the constant first, and the variable and level of each."""
    columns, terms = [np.ones(len(values))], [("", "")]
    for variable in variables:
        if variable.level != "nominal":
            columns.append(values[variable.name].to_numpy(float))
            terms.append((variable.name, ""))
            continue
        codes, names = levels_of(values[variable.name], variable, study.choices.min_cell)
        for place, name in enumerate(names[1:], start=1):
            columns.append(np.where(codes < 0, np.nan, (codes == place).astype(float)))
            terms.append((variable.name, name))
    return np.column_stack(columns), terms


def _why_not(design: np.ndarray, target: np.ndarray, least: int, study: Study) -> str:
    needed = PER_COEFFICIENT * least * (design.shape[1] + 1)
    if len(target) < needed:
        return f"{len(target):,} {study.units} have the outcome and all variables, and at least {needed:,} are needed"
    if target.min() == target.max():
        return f"all {len(target):,} {study.units} have the same value"
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return "some variables are constant, or follow from others"
    return ""


def _nothing(outcome: str, names: tuple[str, ...], n: int, left_out: int, reason: str) -> RegressionMixture:
    empty, none = pd.DataFrame(), pd.Series(dtype=float)
    return RegressionMixture(outcome, names, n, left_out, 0, empty, empty, none, none, none, empty, reason)


def _tell(
    fits: dict[int, Mixed],
    chosen: int,
    design: np.ndarray,
    target: np.ndarray,
    weights: pd.Series,
    terms: list[tuple[str, str]],
    names: tuple[str, tuple[str, ...], int],
) -> RegressionMixture:
    fit = fits[chosen].ordered()
    ids = pd.Index([f"C{place + 1}" for place in range(chosen)], name="class")
    error = standard_errors(fit, design, target, weights.to_numpy())
    table = pd.DataFrame(
        [
            {"class": ids[k], "variable": name, "level": level, "estimate": fit.beta[k, j], "se": error[k, j]}
            for k in range(chosen)
            for j, (name, level) in enumerate(terms)
        ]
    )
    table = table.assign(lower=table["estimate"] - 1.96 * table["se"], upper=table["estimate"] + 1.96 * table["se"])
    comparison = pd.DataFrame(
        {
            k: {"loglik": f.loglik, "df": f.df, "bic": f.bic, "hits": f.hits, "starts": f.starts, "entropy": f.entropy}
            for k, f in fits.items()
        }
    ).T.rename_axis("classes")
    sizes = np.bincount(fit.posterior.argmax(axis=1), minlength=chosen)
    outcome, variables, left_out = names
    return RegressionMixture(
        outcome=outcome, variables=variables, n=len(target), left_out=left_out, classes=chosen,
        comparison=comparison.astype({"df": int, "hits": int, "starts": int}), coefficients=table,
        shares=pd.Series(fit.priors, index=ids), sigma=pd.Series(fit.sigma, index=ids), sizes=pd.Series(sizes, index=ids),
        probabilities=pd.DataFrame(fit.posterior, index=weights.index, columns=list(ids)),
    )  # fmt: skip
