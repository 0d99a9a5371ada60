"""Which descriptors tell segments apart: tests, effect sizes and the control of false discoveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from ..errors import ParameterError, nearest_word
from ..features import FeatureTable, adjust_fdr, bergsma_v, chi_squared
from ..study import Study, Variable
from .everybody import Everybody, gather, levels_of
from .intervals import bootstrap_weights

__all__ = ["DESCRIPTOR_COLUMNS", "kruskal_h", "test_descriptors"]

DESCRIPTOR_COLUMNS = (
    "variable", "kind", "test", "effect", "effect_lower", "effect_upper", "p", "q", "n", "measure", "statistic", "df",
)  # fmt: skip
V, EPSILON = "Cramer's V", "epsilon squared"
TOO_LITTLE = "not enough data"


def test_descriptors(
    features: FeatureTable | pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    study: Study,
    *,
    variables: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Test whether segments differ in variables that did not form them.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``. Units without a segment are left out.
    study : Study
        ``choices.draws``, ``random_state`` and ``min_cell`` are used.
    variables : iterable of str, optional
        Descriptors to test; default: all of the study, outcomes too.

    Returns
    -------
    pandas.DataFrame
        One row a descriptor in the study's order, columns ``DESCRIPTOR_COLUMNS``: kind, the level of measurement; test,
        chi-squared (nominal, binary), chi-squared by permutation (where more than a fifth of the expected counts are
        below 5, or one below 1), Kruskal-Wallis (ordinal, numeric) or "not enough data"; effect, bias-corrected
        Cramer's V or epsilon squared less its expectation by chance, both 0 to 1, with a 95 % bootstrap interval over
        units; p; q (Benjamini-Hochberg over all rows); n; measure, which effect it is; statistic; df.

    Raises
    ------
    ParameterError
        If a variable formed the segments (a test of it always "finds" a difference), or is not in the study.

    Notes
    -----
    Bootstrap draws carry the chance of the data and that of drawing, so twice the chance part is taken off them.
    Bergsma (2013) for V; Kruskal and Wallis (1952); epsilon squared is (H - df) / (n - 1).
    """
    names = [v.name for v in study.descriptors] if variables is None else list(variables)
    _refuse_base(names, study)
    everybody = gather(features, membership, study)
    rows = [_test(everybody, study.variable(name), study) for name in names]
    table = pd.DataFrame(rows, columns=list(DESCRIPTOR_COLUMNS))
    table["q"] = adjust_fdr(table["p"].to_numpy(float))
    return table


test_descriptors.__test__ = False  # a statistical test, not one for pytest to collect


def kruskal_h(values: np.ndarray, onehot: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kruskal and Wallis's H, corrected for ties, of weighted samples.

    Parameters
    ----------
    values : ndarray of shape (n_units,)
    onehot : ndarray of shape (n_units, n_segments)
    weights : ndarray of shape (n_draws, n_units)
        How often each unit counts; ones for the sample itself.

    Returns
    -------
    (ndarray, ndarray) of shape (n_draws,)
        H (0 where all values are equal) and its degrees of freedom.

    Examples
    --------
    >>> h, freedom = kruskal_h(np.array([1.0, 2, 3, 4]), np.eye(2)[[0, 0, 1, 1]], np.ones((1, 4)))
    >>> h.round(6).tolist(), freedom.tolist()
    ([2.4], [1])
    """
    order = np.argsort(values, kind="stable")
    ordered, member, weights = values[order], onehot[order], weights[:, order]
    fresh = np.append(True, ordered[1:] != ordered[:-1])
    tied = np.add.reduceat(weights, np.flatnonzero(fresh), axis=1)
    middle = np.cumsum(tied, axis=1) - tied + (tied + 1) / 2
    ranks = (middle[:, np.cumsum(fresh) - 1] * weights) @ member
    sizes = weights @ member
    n = sizes.sum(axis=1)
    used = sizes > 0
    parts = np.divide(ranks**2, sizes, out=np.zeros_like(ranks), where=used).sum(axis=1)
    h = 12 / (n * (n + 1)) * parts - 3 * (n + 1)
    correction = 1 - (tied**3 - tied).sum(axis=1) / np.maximum(n**3 - n, 1)
    h = np.divide(h, correction, out=np.zeros_like(h), where=correction > 1e-12)
    return np.maximum(h, 0.0), used.sum(axis=1) - 1


def _refuse_base(names: list[str], study: Study) -> None:
    base = [name for name in names if name in study.segmentation.base]
    if base:
        raise ParameterError(
            f"{', '.join(base)} formed the segments, so segments differ in it by construction and a test means nothing; "
            "see its profile instead"
        )
    known = [variable.name for variable in study.variables]
    for name in names:
        if name not in known:
            raise ParameterError(f"no variable {name!r} in the study. {nearest_word(name, known)}".strip())


def _test(everybody: Everybody, variable: Variable, study: Study) -> dict[str, object]:
    column = everybody.values[variable.name]
    if variable.level == "binary" or (variable.measure == "value" and variable.level == "nominal"):
        row = _test_names(everybody, variable, column, study)
    else:
        row = _test_numbers(everybody, column.to_numpy(float), study)
    kind = variable.level if variable.measure == "value" or variable.level == "binary" else "numeric"
    return {"variable": variable.name, "kind": kind, **row}


def _test_names(everybody: Everybody, variable: Variable, column: pd.Series, study: Study) -> dict[str, object]:
    if variable.level == "binary":
        codes, width = column.fillna(-1).to_numpy(int), 2
    else:
        codes, names = levels_of(column, variable, study.choices.min_cell)
        width = len(names)
    known = codes >= 0
    segment, codes = everybody.codes[known], codes[known]
    k = len(everybody.segments)
    cells = np.eye(k * max(width, 1))[segment * width + codes] if width else np.empty((0, 0))
    counts = cells.sum(axis=0).reshape(k, -1) if len(cells) else np.zeros((k, 1))
    row: dict[str, object] = {"n": len(codes), "measure": V}
    statistic, freedom = (float(part) for part in chi_squared(counts))
    if len(codes) < study.choices.min_cell or freedom < 1:
        return {**row, "test": TOO_LITTLE}
    name, p = _chi_squared_p(counts, segment, codes, study)
    drawn = _draw(len(codes), study, lambda w: bergsma_v((w @ cells).reshape(-1, k, width), noise=2.0))
    row |= {"test": name, "effect": float(bergsma_v(counts)), "p": p, "statistic": statistic, "df": int(freedom)}
    return row | _limits(drawn)


def _chi_squared_p(counts: np.ndarray, segment: np.ndarray, codes: np.ndarray, study: Study) -> tuple[str, float]:
    from scipy.stats import chi2

    statistic, freedom = chi_squared(counts)
    used = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    expected = np.outer(used.sum(axis=1), used.sum(axis=0)) / used.sum()
    if (expected < 5).mean() <= 0.2 and expected.min() >= 1:
        return "chi-squared", float(chi2.sf(statistic, freedom))
    rng = np.random.default_rng(study.choices.random_state)
    k, width = counts.shape
    reached = 0
    for _ in range(study.choices.draws):
        shuffled = np.bincount(rng.permutation(segment) * width + codes, minlength=k * width).reshape(k, width)
        reached += int(chi_squared(shuffled.astype(float))[0] >= statistic - 1e-9)
    return "chi-squared by permutation", (1 + reached) / (study.choices.draws + 1)


def _test_numbers(everybody: Everybody, values: np.ndarray, study: Study) -> dict[str, object]:
    from scipy.stats import chi2

    known = ~np.isnan(values)
    seen, onehot = values[known], everybody.onehot[known]
    n = len(seen)
    row: dict[str, object] = {"n": n, "measure": EPSILON}
    if n < study.choices.min_cell or (onehot.sum(axis=0) > 0).sum() < 2 or seen.min() == seen.max():
        return {**row, "test": TOO_LITTLE}
    h, freedom = (part[0] for part in kruskal_h(seen, onehot, np.ones((1, n))))

    def effect(weights: np.ndarray, noise: float = 2.0) -> np.ndarray:
        drawn, df = kruskal_h(seen, onehot, weights)
        return np.clip((drawn - noise * df) / (n - 1), 0.0, 1.0)

    own = float(effect(np.ones((1, n)), noise=1.0)[0])
    p = float(chi2.sf(h, freedom))
    row |= {"test": "Kruskal-Wallis", "effect": own, "p": p, "statistic": float(h), "df": int(freedom)}
    return row | _limits(_draw(n, study, effect))


def _draw(n: int, study: Study, effect: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    blocks = bootstrap_weights(n, study.choices.draws, study.choices.random_state)
    return np.concatenate([effect(weights) for weights in blocks])


def _limits(drawn: np.ndarray) -> dict[str, float]:
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
    return {"effect_lower": float(low), "effect_upper": float(high)}
