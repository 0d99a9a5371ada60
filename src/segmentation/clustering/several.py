"""Several segmentations of the same people: each with its own base and method, and how much one tells about another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataContractError, ParameterError
from ..features import Encoder, FeatureTable, bergsma_v, feature_values, fit_encoder, unit_weights
from ..study import Choices, Study
from .kmeans import adjusted_rand
from .methods import load_rules
from .methods.tree import leaf_words
from .selection import compare_solutions
from .solution import Solution, assign_segments, fit_segments, natural_order
from .verdict import Verdict, assess_structure

__all__ = [
    "OtherSegmentation",
    "Overlap",
    "closest_overlap",
    "compare_segmentations",
    "fit_other_segmentations",
    "gather_memberships",
]

CELLS = 2_000_000  # cells of one block of bootstrap draws
BY_RULES, BY_OUTCOME, NOTHING, FAILED = "set by rules", "led by an outcome", "nothing found", "not formed"


@dataclass(frozen=True)
class OtherSegmentation:
    """One segmentation of the study beside the first.

    Attributes
    ----------
    name, serves, method : str
        Its name, the decision it serves, and its method as the study names it.
    label : str
        "natural", "reproducible" or "constructive" by the verdict; "set by rules"; "led by an outcome"; "nothing found" (a tree
        that predicts the outcome of unseen units no better than chance); "not formed".
    membership : pandas.DataFrame
        As ``assign_segments``; index of the features. Nobody has a segment if it could not be formed.
    names : mapping of str to str
        Segment id to the name its rule has, or the questions that lead to it; empty for segments that were searched for.
    solution : Solution or None
    verdict : Verdict or None
        None for rules and trees, whose borders are stated and not found.
    problem : str
        Why it could not be formed; empty otherwise.
    """

    name: str
    serves: str
    method: str
    label: str
    membership: pd.DataFrame
    names: Mapping[str, str] = field(default_factory=dict)
    solution: Solution | None = None
    verdict: Verdict | None = None
    problem: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        """Ids of the segments that somebody is in."""
        return tuple(natural_order(self.membership["segment"].dropna().unique()))


class _NothingFound(ParameterError):
    """A tree was grown, and the base tells nothing about the outcome of unseen units."""


@dataclass(frozen=True)
class Overlap:
    """Two segmentations of the same people.

    Attributes
    ----------
    one, other : str
    counts : pandas.DataFrame
        Units by segment of the one (rows) and of the other (columns), unweighted.
    shares : pandas.DataFrame
        Of each row's units, the (weighted) share in each column.
    n : int
        Units with a segment in both.
    v, v_lower, v_upper : float
        Bias-corrected Cramer's V, 0 (the one tells nothing about the other) to 1, with a 95 % bootstrap interval; NaN if one of them
        has a single segment.
    ari : float
        Adjusted Rand index of the two partitions, unweighted.
    """

    one: str
    other: str
    counts: pd.DataFrame
    shares: pd.DataFrame
    n: int
    v: float
    v_lower: float
    v_upper: float
    ari: float


def fit_other_segmentations(features: FeatureTable | pd.DataFrame, study: Study) -> dict[str, OtherSegmentation]:
    """Form every segmentation of the study after the first, each on its own base and by its own method.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    study : Study
        All its ``choices`` are used.

    Returns
    -------
    dict of str to OtherSegmentation
        By name, in the study's order; empty if the study has one segmentation. What cannot be formed on these data is in it
        with the reason and without members.

    Raises
    ------
    DataContractError
        If a file of rules is not what it must be.
    """
    names = list(study.segmentations)[1:]
    return {name: _form(features, study.select(name), name) for name in names}


def compare_segmentations(
    memberships: Mapping[str, pd.DataFrame | pd.Series], *, choices: Choices, weights: pd.Series | None = None
) -> tuple[Overlap, ...]:
    """How much each segmentation tells about each other.

    Parameters
    ----------
    memberships : mapping of str to pandas.DataFrame or pandas.Series
        Name to membership (column ``segment``); index: unit.
    choices : Choices
        ``draws`` and ``random_state`` are used.
    weights : pandas.Series, optional
        By unit, as ``unit_weights`` gives them; units without a weight are left out.

    Returns
    -------
    tuple of Overlap
        One a pair in which somebody has a segment in both.

    Notes
    -----
    Bergsma (2013) for V, with Kish's effective base as n under weights. Bootstrap over units; twice the chance part of phi
    squared is taken off draws, which carry the chance of the data and that of drawing.
    """
    columns = {name: _segment_of(given) for name, given in memberships.items()}
    found = [_compare(one, other, columns, choices, weights) for one, other in combinations(columns, 2)]
    return tuple(pair for pair in found if pair is not None)


def gather_memberships(
    membership: pd.DataFrame, others: Mapping[str, OtherSegmentation], study: Study
) -> dict[str, pd.DataFrame]:
    """Membership of every segmentation of the study, by name, the first one first.

    Parameters
    ----------
    membership : pandas.DataFrame
        Of the first segmentation.
    others : mapping of str to OtherSegmentation
    study : Study

    Returns
    -------
    dict of str to pandas.DataFrame
    """
    found = {next(iter(study.segmentations)): membership}
    return found | {name: other.membership for name, other in others.items()}


def closest_overlap(overlaps: Sequence[Overlap]) -> Overlap | None:
    """The pair that tells most about each other.

    Parameters
    ----------
    overlaps : sequence of Overlap

    Returns
    -------
    Overlap or None
        None if there is no pair that can be compared.
    """
    known = [pair for pair in overlaps if not np.isnan(pair.v)]
    return max(known, key=lambda pair: pair.v) if known else None


def _form(features: FeatureTable | pd.DataFrame, study: Study, name: str) -> OtherSegmentation:
    asked = study.segmentation
    try:
        encoder = fit_encoder(features, study.base)
        encoded = encoder.encode(features)
        solution, verdict = _fit(features, encoder, encoded, study, name)
    except (ParameterError, DataContractError) as error:
        if asked.method == "rules":
            raise
        label = NOTHING if isinstance(error, _NothingFound) else FAILED
        return OtherSegmentation(name, asked.serves, asked.method, label, _nobody(features), problem=str(error))
    label = verdict.label if verdict else BY_RULES if asked.method == "rules" else BY_OUTCOME
    return OtherSegmentation(
        name=name,
        serves=asked.serves,
        method=solution.method,
        label=label,
        membership=assign_segments(solution, encoded),
        names=_name_segments(solution, encoder),
        solution=solution,
        verdict=verdict,
    )


def _fit(
    features: FeatureTable | pd.DataFrame, encoder: Encoder, encoded: pd.DataFrame, study: Study, name: str
) -> tuple[Solution, Verdict | None]:
    """The solution of one segmentation, and the verdict on it where its segments are searched for."""
    asked, choices = study.segmentation, study.choices
    given = {"choices": choices, "name": name, "weights": unit_weights(features, study), "levels": encoder.levels}
    if asked.method == "rules":
        rules = load_rules(study, features, encoder)
        return fit_segments(encoded, len(rules["rules"]), method="rules", rules=rules, **given), None
    if asked.method == "tree":
        outcome = feature_values(features, [asked.outcome])[asked.outcome].astype(float)
        grown = [fit_segments(encoded, k, method="tree", outcome=outcome, **given) for k in asked.candidates]
        return _smallest_good_tree(grown), None
    more = {} if asked.method == "kmeans" else {"method": asked.method, "levels": encoder.levels}
    comparison = compare_solutions(encoded, asked.candidates, choices=choices, weights=given["weights"], **more)
    verdict = assess_structure(encoded, segments=asked.candidates, choices=choices, comparison=comparison)
    k = comparison.recommended
    solution = fit_segments(encoded, k, method=comparison.method, search=comparison.searches[k], **given)
    return solution, verdict


def _smallest_good_tree(grown: list[Solution]) -> Solution:
    """The smallest tree whose gain on unseen units is within one standard deviation of the best one's.

    Raises
    ------
    _NothingFound
        If no tree predicts the outcome of unseen units beyond chance.
    """
    gains = [tree.search.get("gain", float("nan")) for tree in grown]
    if np.isnan(gains).all():
        raise _NothingFound("no question splits these units into parts that are large enough")
    best = grown[int(np.nanargmax(gains))].search
    if not best["gain_lower"] > 0:
        raise _NothingFound(
            f"the base tells nothing about the outcome of units it has not seen (it explains {best['gain'] * 100:.1f} % of "
            f"the differences, 95 % {best['gain_lower'] * 100:.1f} to {best['gain_upper'] * 100:.1f}), so no split is offered"
        )
    enough = [tree for tree, gain in zip(grown, gains, strict=True) if gain >= best["gain"] - best["gain_sd"]]
    return min(enough, key=lambda tree: len(tree.segments))


def _name_segments(solution: Solution, encoder: Encoder) -> dict[str, str]:
    """Words for segments that were stated: the rule's name, or the questions that lead to the leaf."""
    model = solution.model
    if solution.method == "rules":
        words = [rule["name"] for rule in model["rules"]]
    elif solution.method == "tree" and "nodes" in model:
        words = leaf_words({**model, "nodes": [_decoded(node, model, encoder) for node in model["nodes"]]})
    else:
        return {}
    return {
        segment: words[component] for segment, component in zip(solution.segments, solution.components, strict=True)
    }


def _decoded(node: Mapping[str, Any], model: Mapping[str, Any], encoder: Encoder) -> dict[str, Any]:
    """A node with its threshold in natural units."""
    if "leaf" in node or model["columns"][node["column"]]["code"] is not None:
        return dict(node)
    place = encoder.names.index(model["columns"][node["column"]]["variable"])
    row = np.zeros((1, len(encoder.names)))
    row[0, place] = node["at"]
    return {**node, "at": float(encoder.decode_centres(row)[0, place])}


def _segment_of(membership: pd.DataFrame | pd.Series) -> pd.Series:
    if isinstance(membership, pd.DataFrame):
        if "segment" not in membership.columns:
            raise ParameterError(
                f"membership needs a column 'segment'; it has: {', '.join(map(str, membership.columns))}"
            )
        membership = membership["segment"]
    if not membership.index.is_unique:
        raise ParameterError(f"membership has {int(membership.index.duplicated().sum())} unit ids more than once")
    return membership.dropna().astype(str)


def _compare(
    one: str, other: str, columns: Mapping[str, pd.Series], choices: Choices, weights: pd.Series | None
) -> Overlap | None:
    both = columns[one].to_frame("one").join(columns[other].rename("other"), how="inner")
    weight = np.ones(len(both)) if weights is None else weights.reindex(both.index).fillna(0.0).to_numpy(float)
    both, weight = both[weight > 0], weight[weight > 0]
    if both.empty:
        return None
    rows, cols = (natural_order(both[side].unique()) for side in ("one", "other"))
    codes = [pd.Categorical(both[side], categories=ids).codes for side, ids in (("one", rows), ("other", cols))]
    cell = codes[0].astype(np.intp) * len(cols) + codes[1]
    shape = (len(rows), len(cols))
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    heavy = np.bincount(cell, weights=weight, minlength=counts.size).reshape(shape)
    base = weight.sum() ** 2 / (weight**2).sum()
    lower, upper = _resampled_v(cell, weight, shape, choices)
    index, columns_of = pd.Index(rows, name=one), pd.Index(cols, name=other)
    return Overlap(
        one=one,
        other=other,
        counts=pd.DataFrame(counts, index=index, columns=columns_of),
        shares=pd.DataFrame(heavy / heavy.sum(axis=1, keepdims=True), index=index, columns=columns_of),
        n=len(both),
        v=float(bergsma_v(heavy * (base / heavy.sum()))),
        v_lower=lower,
        v_upper=upper,
        ari=adjusted_rand(counts),
    )


def _resampled_v(cell: np.ndarray, weight: np.ndarray, shape: tuple[int, int], choices: Choices) -> tuple[float, float]:
    """95 % interval of V over bootstrap samples of units, drawn by kinds of unit: the same cell and weight."""
    if min(shape) < 2:
        return float("nan"), float("nan")
    kinds, times = np.unique(np.column_stack([cell, weight]), axis=0, return_counts=True)
    place, heavy, n = kinds[:, 0].astype(np.intp), kinds[:, 1], int(times.sum())
    rng, values, done = np.random.default_rng(choices.random_state), [], 0
    while done < choices.draws:
        block = min(choices.draws - done, max(1, CELLS // len(kinds)))
        drawn = rng.multinomial(n, times / n, size=block)
        tables = np.zeros((block, shape[0] * shape[1]))
        for column, (where, w) in enumerate(zip(place, heavy, strict=True)):
            tables[:, where] += drawn[:, column] * w
        squares = drawn @ heavy**2
        scale = tables.sum(axis=1) / squares  # Kish's effective base over the total weight
        values.append(bergsma_v((tables * scale[:, None]).reshape(-1, *shape), noise=2.0))
        done += block
    found = np.concatenate(values)
    found = found[~np.isnan(found)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _nobody(features: FeatureTable | pd.DataFrame) -> pd.DataFrame:
    index = (features.values if isinstance(features, FeatureTable) else features).index
    empty = pd.array([None] * len(index), dtype="str")
    basis = pd.array(["unplaced"] * len(index), dtype="str")
    return pd.DataFrame({"segment": empty, "second": empty, "margin": np.nan, "basis": basis}, index=index)
