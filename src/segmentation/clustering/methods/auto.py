"""``method: auto``: which methods the variables admit, which comes back best, and what the runner-up would have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import ParameterError
from ...study import Choices
from ..kmeans import adjusted_rand
from ..structure import StructureTest
from .base import levels_of, positive_weights
from .compare import compare_method, number_structure

if TYPE_CHECKING:
    from ..selection import Comparison

__all__ = ["AutoChoice", "admitted_methods", "choose_method"]

SIMPLEST = ("kmeans", "ward", "medoids", "latent-class", "latent-profile", "gaussian")
RANKS = {"stable": 2, "pattern": 1}
SAME_SE, SAME = 2.0, 0.05  # differences in stability within so many standard errors, or so small, are ties


@dataclass(frozen=True)
class AutoChoice:
    """What ``method: auto`` weighed.

    Attributes
    ----------
    comparison : Comparison
        Of the method chosen.
    runner_up : Comparison or None
        Of the next; None if only one method was admitted.
    table : pandas.DataFrame
        Index method, best first. Columns segments (its own recommended number), rule, ari_mean, ari_se, jaccard_min, smallest_n,
        explained, agreement (adjusted Rand index with the chosen method's segments over units in both), chosen (bool).
    left_out : Mapping of str to str
        Methods that were not tried, and why.
    reason : str
        A sentence.
    """

    comparison: Comparison
    runner_up: Comparison | None
    table: pd.DataFrame
    left_out: Mapping[str, str]
    reason: str

    @property
    def method(self) -> str:
        """The method chosen."""
        return self.comparison.method

    def search(self, segments: int) -> Any:
        """The chosen method's search for a number of segments, for ``fit_segments(search=...)``."""
        return self.comparison.searches.get(segments, next(iter(self.comparison.searches.values())))


def admitted_methods(
    encoded: pd.DataFrame, *, levels: Mapping[str, str] | None = None, weighted: bool = False
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Methods that the levels of measurement, weights and number of units admit, simplest first, and why others are not tried.

    Examples
    --------
    >>> encoded = pd.DataFrame({"a": [0.0, 1.0, 2.0, 0.5], "trade": [0.0, 1.0, 1.0, 2.0]})
    >>> admitted_methods(encoded, levels={"a": "numeric", "trade": "nominal"})[0]
    ('medoids', 'latent-class')
    """
    kinds = set(levels_of(encoded.set_axis([str(c) for c in encoded.columns], axis=1), levels).values())
    left = {
        "hdbscan": "it may leave most units in no segment; it is shown as a second opinion",
        "rules": "rules are stated by the team, not chosen by the data",
        "tree": "it needs an outcome",
    }
    names = list(SIMPLEST)
    if "nominal" in kinds:
        for name in ("kmeans", "ward", "latent-profile", "gaussian"):
            left[name] = "some base variables are names, and distances between names mean nothing"
    elif kinds == {"binary"}:
        for name in ("latent-profile", "gaussian"):
            left[name] = "every base variable is yes or no, and bell curves do not fit two values"
    elif "numeric" in kinds:
        left["latent-class"] = "most is asked in numbers, which latent-profile treats as such"
    complete, p = int(encoded.notna().all(axis=1).sum()), encoded.shape[1]
    if "gaussian" not in left and weighted:
        left["gaussian"] = "it cannot take weights"
    if "gaussian" not in left and complete < 10 * (p * (p + 3) // 2 + 1) * 2:
        left["gaussian"] = f"it has {p * (p + 3) // 2} numbers to learn a segment, too many for {complete:,} units"
    return tuple(name for name in names if name not in left), left


def choose_method(
    encoded: pd.DataFrame,
    segments: Sequence[int],
    *,
    choices: Choices,
    weights: pd.Series | None = None,
    levels: Mapping[str, str] | None = None,
    structure: StructureTest | None = None,
) -> AutoChoice:
    """Compare the methods that are admitted, each at its own recommended number of segments.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
    segments : sequence of int
    choices : Choices
    weights : pandas.Series, optional
    levels : mapping of str to str, optional
    structure : StructureTest, optional
        The test's result if it was measured before.

    Returns
    -------
    AutoChoice

    Raises
    ------
    ParameterError
        If no method takes the variables.

    Notes
    -----
    A method whose segments are stable goes before one that has a pattern only, and that before one that has neither. Among equals the
    higher mean agreement of resamples wins; differences within two standard errors or under 0.05 are ties, and ties go to the simpler
    method (k-means, Ward, medoids, latent classes, latent profiles, normals with full covariances). Stability depends on the number
    of segments, which differs between methods: the choice is of a tool that gives the same answer twice, not of a true one.
    """
    from ..selection import compare_solutions

    weighted = positive_weights(weights, encoded.index)[1]
    names, left = admitted_methods(encoded, levels=levels, weighted=weighted)
    if not names:
        raise ParameterError("no method takes these base variables")
    if structure is None:
        structure = number_structure(encoded, segments, levels=levels, choices=choices, weights=weights)
    inputs = {"choices": choices, "weights": weights, "structure": structure}
    found: dict[str, Comparison] = {}
    for name in names:
        if name == "kmeans":
            found[name] = compare_solutions(encoded, segments, **inputs)
        else:
            found[name] = compare_method(name, encoded, segments, levels=levels, **inputs)
    best, second = _rank(found)
    table = _tabulate(found, best, encoded, choices, weights, levels)
    reason = _reason(table, best, second, names)
    choice = AutoChoice(found[best], found[second] if second else None, table, left, reason)
    return replace(choice, comparison=replace(found[best], choice=choice))


def _score(comparison: Comparison) -> tuple[int, float, float]:
    draws = comparison.draws[comparison.recommended]
    rank = RANKS.get(comparison.recommendation.rule, 0)
    return rank, float(draws.mean()), float(draws.std() / np.sqrt(len(draws)))


def _rank(found: Mapping[str, Comparison]) -> tuple[str, str | None]:
    """Best and second; names stand in the order of simplicity."""

    def first(names: Sequence[str]) -> str:
        scores = {name: _score(found[name]) for name in names}
        top = max(names, key=lambda name: scores[name][:2])
        for name in names:
            rank, mean, error = scores[name]
            spread = max(SAME, SAME_SE * float(np.hypot(error, scores[top][2])))
            if rank == scores[top][0] and mean >= scores[top][1] - spread:
                return name
        return top

    best = first(list(found))
    others = [name for name in found if name != best]
    return best, max(others, key=lambda name: _score(found[name])[:2]) if others else None


def _tabulate(
    found: Mapping[str, Comparison],
    best: str,
    encoded: pd.DataFrame,
    choices: Choices,
    weights: pd.Series | None,
    levels: Mapping[str, str] | None,
) -> pd.DataFrame:
    from ..solution import assign_segments, fit_segments

    membership = {}
    for name, comparison in found.items():
        k = comparison.recommended
        inputs = {"choices": choices, "weights": weights, "levels": levels, "method": name}
        solution = fit_segments(encoded, k, search=comparison.searches[k], **inputs)
        membership[name] = assign_segments(solution, encoded)["segment"]
    rows = {}
    for name, comparison in found.items():
        k = comparison.recommended
        row, (_, mean, error) = comparison.table.loc[k], _score(comparison)
        both = pd.crosstab(membership[best], membership[name]).to_numpy()
        rows[name] = {
            "segments": k,
            "rule": comparison.recommendation.rule,
            "ari_mean": mean,
            "ari_se": error,
            "jaccard_min": float(row["jaccard_min"]),
            "smallest_n": int(row["smallest_n"]),
            "explained": float(row["explained"]),
            "agreement": adjusted_rand(both),
            "chosen": name == best,
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    return table.sort_values(["chosen", "ari_mean"], ascending=False, kind="stable")


def _reason(table: pd.DataFrame, best: str, second: str | None, names: Sequence[str]) -> str:
    top = table.loc[best]
    if second is None:
        return f"{best} is the only method that the base variables admit."
    other = table.loc[second]
    said = f"two resamples of the units agree to {top['ari_mean']:.2f} with {best} ({int(top['segments'])} segments)"
    beside = f"to {other['ari_mean']:.2f} with {second} ({int(other['segments'])} segments)"
    if RANKS.get(top["rule"], 0) > RANKS.get(other["rule"], 0):
        return f"{best} is used: its segments come back reliably, those of the others less so ({said}, {beside})."
    if top["ari_mean"] >= table.drop(index=best)["ari_mean"].max():
        return f"{best} is used: of the {len(names)} methods tried its segments come back best ({said}, {beside})."
    return (
        f"{best} is used: no method comes back clearly better, and it is the simplest of the equals ({said}, {beside})."
    )
