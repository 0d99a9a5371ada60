"""What changed in the variables since last quarter, told apart from what chance does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..errors import ParameterError
from .effects import adjust_fdr, bergsma_v, chi_squared, standardised_difference
from .table import FeatureTable, feature_values

__all__ = ["DRIFT_COLUMNS", "assess_drift"]

DRIFT_COLUMNS = (
    "variable", "kind", "n", "n_previous", "value", "previous", "effect", "effect_kind", "statistic",
    "p", "q", "psi", "psi_expected", "bins",
)  # fmt: skip
BINS = 10
CHUNK = 5_000_000  # cells of one block of permutations, so that memory stays small whatever the number of units


def assess_drift(
    features: FeatureTable | pd.DataFrame,
    previous: FeatureTable | pd.DataFrame | None,
    *,
    draws: int = 999,
    random_state: int = 1,
) -> pd.DataFrame:
    """Compare each variable with last quarter's.

    Most units are in both quarters, so the two samples are not independent. The p-value is that of a permutation test
    that exchanges the quarters within each such unit, and among the others shuffles them.

    Parameters
    ----------
    features, previous : FeatureTable or pandas.DataFrame
        Index: unit. Variables that only one of them has are left out. ``previous`` None: there is no earlier quarter.
        Variables in ``features.ageing`` are shown and not tested: everybody being a quarter older is no news.
    draws : int
        Permutations; the smallest possible p is 1 / (draws + 1).
    random_state : int

    Returns
    -------
    pandas.DataFrame
        One row a variable, columns ``DRIFT_COLUMNS``: kind numeric, binary or nominal; n and n_previous observed units;
        value and previous, the means (NaN for nominal); effect, its kind a standardised difference (this quarter minus
        last, in pooled standard deviations) or bias-corrected Cramer's V; statistic, the Kolmogorov-Smirnov distance or
        chi-squared; p; q (Benjamini-Hochberg over all variables); psi, the population stability index, beside
        psi_expected, what chance alone gives two independent samples of this size: (bins - 1)(1/n + 1/m). p and q are NaN
        where nothing was tested.

    Raises
    ------
    ParameterError
        If a variable is a number in one quarter and a name in the other, or draws is below 19.

    Examples
    --------
    >>> now = pd.DataFrame({"days": [1.0, 2.0, 3.0]}, index=["A", "B", "C"])
    >>> assess_drift(now, now)[["variable", "effect", "p"]].to_dict("records")
    [{'variable': 'days', 'effect': 0.0, 'p': 1.0}]
    """
    if draws < 19:
        raise ParameterError(f"draws must be at least 19; got {draws!r}")
    now = feature_values(features)
    if previous is None:
        return pd.DataFrame(columns=list(DRIFT_COLUMNS))
    then = feature_values(previous)
    rng = np.random.default_rng(random_state)
    rows = [_compare(now[name], then[name], draws, rng) for name in now.columns if name in then.columns]
    table = pd.DataFrame(rows, columns=list(DRIFT_COLUMNS))
    ageing = features.ageing if isinstance(features, FeatureTable) else ()
    table.loc[table["variable"].isin(ageing), "p"] = np.nan
    table["q"] = adjust_fdr(table["p"].to_numpy(float))
    return table


def _compare(now: pd.Series, then: pd.Series, draws: int, rng: np.random.Generator) -> dict[str, object]:
    now, then = now.dropna(), then.dropna()
    numeric = [pd.api.types.is_numeric_dtype(column.dtype) for column in (now, then)]
    if len(now) and len(then) and numeric[0] != numeric[1]:
        raise ParameterError(f"variable {now.name!r} is a number in one quarter and a name in the other")
    is_number = all(number for number, column in zip(numeric, (now, then), strict=True) if len(column))
    binary = is_number and set(now.unique()) | set(then.unique()) <= {0.0, 1.0}
    kind = "nominal" if not is_number else "binary" if binary else "numeric"
    row: dict[str, object] = {"variable": now.name, "kind": kind, "n": len(now), "n_previous": len(then)}
    row["effect_kind"] = "standardised difference" if is_number else "Cramer's V"
    if not len(now) or not len(then):
        return row
    pooled, is_now, pairs = _pool(now, then)
    if is_number:
        first, second = now.to_numpy(float), then.to_numpy(float)
        row |= {"value": first.mean(), "previous": second.mean(), "effect": standardised_difference(first, second)}
        measure = _distance_of(pooled)
        bins = _bins(first, second)
    else:
        codes, levels = pd.factorize(pooled, sort=True)
        onehot = np.eye(len(levels))[codes]
        measure = _chi_squared_of(onehot)
        bins = (onehot[is_now].sum(axis=0), onehot[~is_now].sum(axis=0))
        row["effect"] = float(bergsma_v(np.array(bins))) if len(levels) > 1 else 0.0
    observed = float(measure(is_now[None, :])[0])
    row |= {"statistic": observed, "p": _permute(measure, observed, is_now, pairs, draws, rng), "bins": len(bins[0])}
    row |= {"psi": stability_index(*bins), "psi_expected": (len(bins[0]) - 1) * (1 / len(now) + 1 / len(then))}
    return row


def _pool(now: pd.Series, then: pd.Series) -> tuple[np.ndarray, np.ndarray, int]:
    """Values with units of both quarters first (this quarter's, then last quarter's), which of them are of this
    quarter, and the number of units in both."""
    both = now.index.intersection(then.index)
    parts = [now.loc[both], then.loc[both], now.drop(both), then.drop(both)]
    of_now = np.repeat([True, False, True, False], [len(part) for part in parts])
    return np.concatenate([part.to_numpy() for part in parts]), of_now, len(both)


def _permute(
    measure: Callable[[np.ndarray], np.ndarray],
    observed: float,
    is_now: np.ndarray,
    pairs: int,
    draws: int,
    rng: np.random.Generator,
) -> float:
    reached, done = 0, 0
    while done < draws:
        block = min(draws - done, max(1, CHUNK // len(is_now)))
        labels = np.empty((block, len(is_now)), dtype=bool)
        labels[:, :pairs] = rng.integers(0, 2, size=(block, pairs), dtype=np.uint8).astype(bool)
        labels[:, pairs : 2 * pairs] = ~labels[:, :pairs]
        labels[:, 2 * pairs :] = rng.permuted(np.tile(is_now[2 * pairs :], (block, 1)), axis=1)
        reached += int((measure(labels) >= observed - 1e-9).sum())
        done += block
    return (1 + reached) / (draws + 1)


def _distance_of(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Kolmogorov-Smirnov distance between the quarters, for labels of shape (n_draws, n_values)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # compare only after all equal values

    def measure(labels: np.ndarray) -> np.ndarray:
        of_now = np.cumsum(labels[:, order], axis=1, dtype=np.int32)[:, ends]
        n = of_now[:, -1:]
        of_then = (ends + 1)[None, :] - of_now
        return np.abs(of_now / n - of_then / (len(values) - n)).max(axis=1)

    return measure


def _chi_squared_of(onehot: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    total = onehot.sum(axis=0)

    def measure(labels: np.ndarray) -> np.ndarray:
        of_now = labels.astype(float) @ onehot
        return chi_squared(np.stack([of_now, total - of_now], axis=1))[0]

    return measure


def _bins(now: np.ndarray, then: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both quarters in at most ten bins that hold equal shares of last quarter."""
    edges = np.unique(np.quantile(then, np.arange(1, BINS) / BINS))
    places = [np.searchsorted(edges, values, side="left") for values in (now, then)]
    counts = [np.bincount(place, minlength=len(edges) + 1) for place in places]
    used = (counts[0] + counts[1]) > 0
    return counts[0][used], counts[1][used]


def stability_index(now: np.ndarray, then: np.ndarray) -> float:
    """Population stability index of counts in the same bins; half a unit is added to each so that none is empty.

    Examples
    --------
    >>> stability_index(np.array([50, 50]), np.array([50, 50]))
    0.0
    """
    share = (now + 0.5) / (now.sum() + 0.5 * len(now))
    before = (then + 0.5) / (then.sum() + 0.5 * len(then))
    return float(((share - before) * np.log(share / before)).sum())
