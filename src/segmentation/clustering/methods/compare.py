"""How well the segments of any method come back in resamples, and how many there should be by its own lights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...study import Choices
from ..inputs import check_count, spawn_seeds
from ..kmeans import adjusted_rand, map_threads
from ..resample import best_overlap
from ..structure import StructureTest, measure_structure
from .base import Fitted, Method, Rows, levels_of, method_of, positive_weights, prepare_rows, rows_index
from .fit import finish, label_rows

if TYPE_CHECKING:
    from ..selection import Comparison, Recommendation

__all__ = ["compare_method", "number_structure"]

CRITERIA = ("loglik", "parameters", "bic", "aic", "sabic", "icl", "entropy", "gain", "gain_lower", "gain_upper", "kept")
SAMPLE_STARTS = 5  # random starts a resample
SUBSAMPLE = 0.8  # of the units, for density: a unit drawn twice would be a crowd by itself


def compare_method(
    method: str,
    encoded: pd.DataFrame,
    segments: Sequence[int],
    *,
    choices: Choices,
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
    outcome: pd.Series | None = None,
    rules: Mapping[str, Any] | None = None,
    structure: StructureTest | None = None,
) -> Comparison:
    """Candidates of one method side by side; what ``compare_solutions`` does for methods other than k-means.

    Parameters
    ----------
    method : str
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    segments : sequence of int
        Numbers to compare; methods that find or are given the number compare that one.
    choices : Choices
        ``model_pairs`` pairs of resamples are used.
    weights, levels, outcome, rules
        As ``fit_segments`` takes them.
    structure : StructureTest, optional
        Default: measured on the variables that are numbers.

    Returns
    -------
    Comparison
        ``searches`` holds a Fitted for each number; the table has the columns loglik, bic, icl, entropy ... where the method has them.

    Raises
    ------
    ParameterError
        As ``fit_segments``.

    Notes
    -----
    Each pair: two bootstrap samples of units (each keeps its weight), the method fitted on each, all units placed by both, adjusted
    Rand index of the two. Mixtures and medoids are searched from five random starts in each sample, so that what comes back has to be
    found again, as with k-means. Density takes 80 % of the units without drawing any twice. Rules are the same in every sample.
    """
    from ..selection import Comparison, _stability, _table

    maker = method_of(method)
    numbers = sorted({check_count(k) for k in segments})
    inputs = {"weights": weights, "levels": levels, "outcome": outcome, "rules": rules}
    rows, chosen = prepare_rows(encoded, method, numbers[-1], **inputs, min_observed=choices.min_observed)
    if structure is None:
        structure = number_structure(encoded, numbers, levels=levels, choices=choices, weights=weights)
    back = rows_index(chosen)[1]
    fits = fit_numbers(maker, rows, numbers, choices)
    resampled = {k: _by_construction(fit, choices) for k, fit in fits.items()}
    if maker.numbers != "given":
        resampled |= resample_method(maker, rows, {k: fit for k, fit in fits.items() if k > 1}, choices)
    found = {
        k: Fitted(fit.method, fit.segments, fit.model, fit.facts, fit.labels[back], fit.components)
        for k, fit in fits.items()
    }
    table = _table(found, dict.fromkeys(found, 1), resampled, structure)
    for name in CRITERIA:
        if any(fit.facts.get(name) is not None for fit in found.values()):
            table[name] = pd.Series({k: fit.facts.get(name) for k, fit in found.items()}, dtype=float)
    recommendation = _recommend(maker, table, found, choices)
    table["recommended"] = table.index == recommendation.segments
    table["reason"] = pd.Series(recommendation.reasons).reindex(table.index)
    return Comparison(
        table=table,
        stability=_stability(found, resampled),
        draws=pd.DataFrame({k: resampled[k][0] for k in found}).rename_axis(index="pair", columns="k"),
        searches=found,
        structure=structure,
        recommendation=recommendation,
        n=len(rows.values),
        units=len(encoded),
        pairs=choices.model_pairs,
        method=method,
        weighted=rows.weighted,
        mass=rows.weights[back] if rows.weighted else None,
    )


def number_structure(
    encoded: pd.DataFrame,
    segments: Sequence[int],
    *,
    levels: Mapping[str, str] | None,
    choices: Choices,
    weights: pd.Series | None = None,
) -> StructureTest:
    """The structure test on the variables that are numbers; untested, with the reason, where there are not two of them."""
    from ..selection import comparable_rows, known_weights

    measured = levels_of(encoded.set_axis([str(c) for c in encoded.columns], axis=1), levels)
    plain = [str(column) for column in encoded.columns if measured[str(column)] != "nominal"]
    table = encoded[[column for column in encoded.columns if str(column) in plain]]
    complete = table[~np.isnan(positive_weights(weights, table.index)[0])].dropna()
    if (len(plain) == encoded.shape[1] or len(plain) > 1) and len(complete) and (complete.nunique() > 1).all():
        rows, weight = comparable_rows(table, weights)
        seeds = {"references": choices.references, "random_state": choices.random_state}
        return measure_structure(rows, segments, weights=known_weights(rows, weight), **seeds)
    nan = float("nan")
    dip = pd.DataFrame(columns=["dip", "p", "p_holm"], dtype=float).rename_axis("variable")
    columns = ["observed", "mean", "lower", "upper", "z", "excess", "excess_lower", "excess_upper"]
    drops = pd.DataFrame(np.nan, index=pd.Index(list(segments), name="k"), columns=columns)
    few = len(plain) < encoded.shape[1] and len(plain) < 2
    reason = (
        f"the test needs two variables that are numbers, and of these {encoded.shape[1]} there {'is one' if plain else 'is none'}"
        if few
        else f"the test needs units with every variable that is a number, differing in each; there are {len(complete)} with all of them"
    )
    return StructureTest(nan, nan, nan, dip, drops, nan, np.empty(0), 0, len(encoded), len(plain), reason)


def fit_numbers(maker: Method, rows: Rows, numbers: Sequence[int], choices: Choices) -> dict[int, Fitted]:
    """A fit for every number, by the number of segments it turned out to have; labels in the order of the rows."""
    asked = numbers if maker.numbers == "asked" else numbers[:1]
    fits = maker.fit_all(rows, asked, starts=choices.starts, random_state=choices.random_state)
    found: dict[int, Fitted] = {}
    for model, facts in fits.values():
        fit = finish(maker, rows, model, facts)
        found.setdefault(fit.segments, fit)
    many = {k: fit for k, fit in sorted(found.items()) if k > 1}
    return many or found


def resample_method(
    maker: Method, rows: Rows, fits: Mapping[int, Fitted], choices: Choices
) -> dict[int, tuple[np.ndarray, np.ndarray, int]]:
    """For each k: agreement of each pair, overlap of each segment in each sample, pairs that lost a segment."""
    numbers = list(fits)
    if not numbers:
        return {}

    def draw(pair: int) -> dict[int, tuple[float, np.ndarray, bool]]:
        seed = spawn_seeds(choices.random_state, "model pairs", pair, size=2)
        random = np.random.default_rng(seed[0])
        labels = [_sample(maker, rows, fits, random, int(seed[1]) + i) for i in range(2)]
        found = {}
        for k in numbers:
            pairs = [labels[i][k] for i in range(2)]
            overlaps = np.array([best_overlap(_cross(fits[k].labels, label)) for label in pairs])
            lost = any(len(np.unique(label[label >= 0])) < k for label in pairs)
            found[k] = (adjusted_rand(_cross(pairs[0] + 1, pairs[1] + 1)), overlaps, lost)
        return found

    draws = map_threads(draw, range(choices.model_pairs))
    return {
        k: (
            np.array([found[k][0] for found in draws]),
            np.concatenate([found[k][1] for found in draws]),
            sum(found[k][2] for found in draws),
        )
        for k in numbers
    }


def _sample(
    maker: Method, rows: Rows, fits: Mapping[int, Fitted], random: np.random.Generator, seed: int
) -> dict[int, np.ndarray]:
    """All rows placed by the method fitted on one sample of them, for every number."""
    n = len(rows.values)
    if maker.numbers == "found":
        counts = np.zeros(n, dtype=int)
        counts[random.choice(n, size=round(SUBSAMPLE * n), replace=False)] = 1
    else:
        counts = random.multinomial(n, np.full(n, 1 / n))
    kept = np.flatnonzero(counts)
    sample = rows.take(kept, rows.weights[kept] * counts[kept])
    like = {
        k: fit.model for k, fit in fits.items()
    }  # the answers and ranges there are; the search begins anew, as a repeat of the study's would
    models = maker.fit_all(sample, list(fits), starts=SAMPLE_STARTS, random_state=seed, like=like)
    return {
        k: np.zeros(n, dtype=int) if model.get("everybody") else label_rows(maker, model, rows)
        for k, (model, _) in models.items()
    }


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Counts of rows by two labels; -1 (in no segment) is left out."""
    both = (first >= 0) & (second >= 0)
    high = int(second.max()) + 1 if len(second) else 1
    wide = max(high, 1)
    tall = int(first.max()) + 1
    table = np.bincount(first[both] * wide + second[both], minlength=tall * wide).reshape(tall, wide).astype(float)
    outside = np.bincount(first[(first >= 0) & (second < 0)], minlength=tall).astype(float)
    return np.column_stack([table, outside]) if outside.any() else table


def _by_construction(fit: Fitted, choices: Choices) -> tuple[np.ndarray, np.ndarray, int]:
    """What is the same in every sample."""
    return np.ones(choices.model_pairs), np.ones((2 * choices.model_pairs, fit.segments)), 0


def _recommend(maker: Method, table: pd.DataFrame, fits: Mapping[int, Fitted], choices: Choices) -> Recommendation:
    """The rule that fits the method: given by rules, found by density, by the outcome for a tree, by stability for the others."""
    from ..selection import Recommendation, recommend_segments

    if maker.numbers == "given":
        k = next(iter(fits))
        reason = f"The rules state {k} segments; they are the same in every sample, so how they come back says nothing about the data."
        return Recommendation(k, "given", reason, {k: "stated by the rules, the same in every sample"})
    if list(fits) == [1]:
        fit = fits[1]
        if maker.name == "tree":
            reason = "No segments were found that differ in the outcome: no question about the base variables is worth asking."
        else:
            smallest = fit.facts.get("smallest")
            reason = f"No segments were found: there are no separate crowds of at least {smallest} units. Everybody stands in one segment."
        return Recommendation(1, "none found", reason, {1: "no segments found"})
    if maker.name == "tree":
        return _recommend_by_gain(table, choices)
    return recommend_segments(table, min_cell=choices.min_cell)


def _recommend_by_gain(table: pd.DataFrame, choices: Choices) -> Recommendation:
    """The fewest leaves that predict unseen units about as well as any number does."""
    from ..selection import Recommendation

    best = int(table["gain"].idxmax())
    slack = (table.loc[best, "gain_upper"] - table.loc[best, "gain_lower"]) / (2 * 1.959963984540054)
    near = table.index[table["gain"] >= table.loc[best, "gain"] - slack]
    k = int(near.min())
    row = table.loc[k]
    phrases = {
        int(i): f"explains {gain:.1%} of the outcome in units it had not seen" for i, gain in table["gain"].items()
    }
    shown = f"{row['gain']:.1%} (95 % interval {row['gain_lower']:.1%} to {row['gain_upper']:.1%})"
    if row["gain_lower"] <= 0:
        reason = (
            f"No number of segments predicts the outcome reliably: {k} segments explain {shown} of its variance in units they had not "
            "seen, which may be nothing."
        )
        return Recommendation(k, "least unstable", f"{reason} Do not use these segments.", phrases)
    reason = (
        f"{k} segments are recommended: the fewest that predict the outcome about as well as the best number compared. They explain "
        f"{shown} "
        "of its variance in units they had not seen."
    )
    return Recommendation(k, "outcome", reason, phrases)
