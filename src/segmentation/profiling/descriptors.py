"""Which descriptors tell segments apart: tests, effect sizes and the control of false discoveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from ..errors import ParameterError, nearest_word
from ..features import FeatureTable, adjust_fdr, bergsma_v, chi_squared, effective_base
from ..study import Study, Variable
from .everybody import Everybody, gather, levels_of
from .intervals import bootstrap_weights
from .ranks import kruskal_h, weighted_ranks
from .weighted import rank_design_effect, table_design_effect

__all__ = ["DESCRIPTOR_COLUMNS", "refuse_base", "test_descriptors"]

DESCRIPTOR_COLUMNS = (
    "variable", "kind", "test", "effect", "effect_lower", "effect_upper", "p", "q", "n", "measure", "statistic", "df",
    "effective",
)  # fmt: skip
V, EPSILON = "Cramer's V", "epsilon squared"
TOO_LITTLE = "not enough data"
CHI = "chi-squared"


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
        units; p; q (Benjamini-Hochberg over all rows); n; measure, which effect it is; statistic; df; effective, Kish's effective
        base (n, where the study has no weights).

    Raises
    ------
    ParameterError
        If a variable formed the segments (a test of it always "finds" a difference), is the study's weight, or is not in the
        study.
    DataContractError
        If the study's weights are negative, infinite or all zero.

    Notes
    -----
    Bootstrap draws carry the chance of the data and that of drawing, so twice the chance part is taken off them.
    Bergsma (2013) for V; Kruskal and Wallis (1952); epsilon squared is (H - df) / (n - 1).

    Weights: both statistics are computed of weighted units and divided by their mean design effect, and effects count as many units as
    an equally informative simple random sample has. Names: Rao and Scott's second-order correction, so that p allows for fewer degrees
    of freedom than df. Ranks: by weight, with the first-order counterpart. Without an effect they reject at .05 in 4 to 6 % of samples of
    300 (docs/calibration.md). The permutation test leaves weights with the answers and shuffles segments, so it holds where segments
    go with neither. A weight of 2 is one person, not two: doubling a weight and giving a row twice lead to the same weighted table, but
    not to the same p.
    """
    names = [v.name for v in study.descriptors] if variables is None else list(variables)
    refuse_base(names, study, "a test means nothing")
    everybody = gather(features, membership, study)
    rows = [_test(everybody, study.variable(name), study) for name in names]
    table = pd.DataFrame(rows, columns=list(DESCRIPTOR_COLUMNS))
    table["q"] = adjust_fdr(table["p"].to_numpy(float))
    return table


test_descriptors.__test__ = False  # a statistical test, not one for pytest to collect


def refuse_base(names: list[str], study: Study, why: str) -> None:
    """Refuse variables that formed the segments, the weight, and what the study does not have.

    Raises
    ------
    ParameterError
    """
    base = [name for name in names if name in study.segmentation.base or name == study.segmentation.outcome]
    if base:
        raise ParameterError(
            f"{', '.join(base)} formed the segments, so segments differ in it by construction and {why}; see its profile instead"
        )
    if study.weight is not None and study.weight in names:
        raise ParameterError(
            f"{study.weight} is the weight of this study, so it is no description of anybody and {why}"
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
    segment, codes, weights = everybody.codes[known], codes[known], everybody.weights[known]
    k = len(everybody.segments)
    row: dict[str, object] = {"n": len(codes), "measure": V, "effective": effective_base(weights)}
    if len(codes) < study.choices.min_cell:
        return {**row, "test": TOO_LITTLE}
    flat = segment * width + codes
    effect, room = table_design_effect(flat, weights, (k, width)) if everybody.weighted else (1.0, None)
    weights = weights / (weights.mean() * effect)
    cells = np.eye(k * width)[flat] * weights[:, None]
    counts = cells.sum(axis=0).reshape(k, width)
    statistic, freedom = (float(part) for part in chi_squared(counts))
    if freedom < 1:
        return {**row, "test": TOO_LITTLE}
    name, p = _chi_squared_p(counts, segment, codes, weights, room, study)
    name += " (Rao-Scott)" if everybody.weighted and name == CHI else ""
    drawn = _draw(len(codes), study, lambda w: bergsma_v((w @ cells).reshape(-1, k, width), noise=2.0))
    row |= {"test": name, "effect": float(bergsma_v(counts)), "p": p, "statistic": statistic, "df": int(freedom)}
    return row | _limits(drawn)


def _chi_squared_p(
    counts: np.ndarray, segment: np.ndarray, codes: np.ndarray, weights: np.ndarray, room: float | None, study: Study
) -> tuple[str, float]:
    from scipy.stats import chi2

    statistic, freedom = chi_squared(counts)
    used = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    expected = np.outer(used.sum(axis=1), used.sum(axis=0)) / used.sum()
    if (expected < 5).mean() <= 0.2 and expected.min() >= 1:
        room = float(freedom) if room is None else room  # Satterthwaite's degrees of freedom under weights
        return CHI, float(chi2.sf(statistic * (room / freedom), room))
    rng = np.random.default_rng(study.choices.random_state)
    k, width = counts.shape
    reached = 0
    for _ in range(study.choices.draws):
        flat = rng.permutation(segment) * width + codes
        shuffled = np.bincount(flat, weights=weights, minlength=k * width).reshape(k, width)
        reached += int(chi_squared(shuffled)[0] >= statistic - 1e-9)
    return f"{CHI} by permutation", (1 + reached) / (study.choices.draws + 1)


def _test_numbers(everybody: Everybody, values: np.ndarray, study: Study) -> dict[str, object]:
    from scipy.stats import chi2

    known = ~np.isnan(values)
    seen, onehot, weights = values[known], everybody.onehot[known], everybody.weights[known]
    n = len(seen)
    row: dict[str, object] = {"n": n, "measure": EPSILON, "effective": effective_base(weights)}
    if n < study.choices.min_cell or (onehot.sum(axis=0) > 0).sum() < 2 or seen.min() == seen.max():
        return {**row, "test": TOO_LITTLE}
    if everybody.weighted:
        ranks = weighted_ranks(seen, weights[None, :])[0]
        weights = weights / (weights.mean() * rank_design_effect(ranks, weights, onehot))
    alike = weights.sum()  # units of a simple random sample that tells as much: n with equal weights
    h, freedom = (part[0] for part in kruskal_h(seen, onehot, weights[None, :]))

    def effect(drawn: np.ndarray, noise: float = 2.0) -> np.ndarray:
        statistic, df = kruskal_h(seen, onehot, drawn * weights)
        return np.clip((statistic - noise * df) / max(alike - 1, 1e-9), 0.0, 1.0)

    own = float(effect(np.ones((1, n)), noise=1.0)[0])
    p = float(chi2.sf(h, freedom))
    row |= {"test": "Kruskal-Wallis (weighted)" if everybody.weighted else "Kruskal-Wallis", "effect": own}
    row |= {"p": p, "statistic": float(h), "df": int(freedom)}
    return row | _limits(_draw(n, study, effect))


def _draw(n: int, study: Study, effect: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    blocks = bootstrap_weights(n, study.choices.draws, study.choices.random_state)
    return np.concatenate([effect(weights) for weights in blocks])


def _limits(drawn: np.ndarray) -> dict[str, float]:
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
    return {"effect_lower": float(low), "effect_upper": float(high)}
