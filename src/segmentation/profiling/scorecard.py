"""MASA by numbers: is a segment measurable, accessible, substantial, actionable? Each with its test, interval and limit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..features import FeatureTable
from ..study import Study
from ..words import join_words
from .chances import chance_words
from .contrasts import contrast_segments
from .everybody import Everybody, gather
from .intervals import bootstrap_weights, mean_interval, wilson_interval
from .moments import measure_moments, numbers_of
from .recognise import known_before, recognise_segments
from .weighted import share_bases

__all__ = ["BY_DISTANCES", "CRITERIA", "EVERYBODY", "SCORECARD_COLUMNS", "score_segments"]

SCORECARD_COLUMNS = (
    "segment",
    "criterion",
    "test",
    "estimate",
    "lower",
    "upper",
    "limit",
    "limit_name",
    "result",
    "n",
    "reason",
)
CRITERIA = ("measurable", "accessible", "substantial", "actionable")
EVERYBODY = "everybody"
BY_DISTANCES = "chances made of distances may be too high"


def score_segments(
    features: FeatureTable | pd.DataFrame,
    membership: pd.DataFrame,
    study: Study,
    *,
    profile: pd.DataFrame,
) -> pd.DataFrame:
    """Hold every segment against the limits of the study's scorecard.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    membership : pandas.DataFrame
        From ``assign_segments``: columns segment and basis, probability if there is one.
    study : Study
        ``scorecard`` has the limits; ``choices.draws``, ``random_state``, ``alpha`` and ``min_cell`` are used.
    profile : pandas.DataFrame
        From ``profile_segments``, for the base variables that mark a segment.

    Returns
    -------
    pandas.DataFrame
        One row a segment and test, columns ``SCORECARD_COLUMNS``: criterion; test, in words; estimate with its 95 % interval
        (missing for counts); limit and the field of ``Scorecard`` it is; result, "pass" (the interval lies at or above the
        limit), "fail" (below it), "cannot tell" (it straddles the limit, or there is not enough data) or "not judged" (see Notes); n;
        reason, where a word is due. The share of units that can be placed is no segment's own and stands under "everybody".

    Notes
    -----
    Kotler's four conditions of a useful segment. Measurable: Wilson's interval of the share with every base variable, Student's
    of the mean probability. Chances that a method without a likelihood makes of distances (k-means, Ward, medoids, HDBSCAN; auto
    counts as one) can be too certain where segments overlap: taken as an upper bound, they can fail a segment, and count for
    nothing otherwise.
    Accessible: ``recognise_segments``. Substantial: Wilson's interval of the share (of the effective base under weights),
    bootstrap of the value share. Actionable: ``contrast_segments``.
    """
    everybody = gather(features, membership, study)
    given = membership.reindex(everybody.values.index)
    rows = [
        *_measurable(everybody, given, study),
        *_accessible(everybody, study),
        *_substantial(everybody, study),
        *_actionable(everybody, profile, study),
    ]
    table = pd.DataFrame([*_placed(membership, study), *rows], columns=list(SCORECARD_COLUMNS))
    order = {name: place for place, name in enumerate((EVERYBODY, *everybody.segments))}
    return table.sort_values("segment", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _placed(membership: pd.DataFrame, study: Study) -> list[dict[str, object]]:
    n, hits = len(membership), int(membership["segment"].notna().sum())
    low, high = (float(part) for part in wilson_interval(np.array(hits), np.array(n)))
    limits = (hits / n if n else float("nan"), low, high)
    return [_row(EVERYBODY, "measurable", "share that can be placed", limits, "min_placed", n, study)]


def _measurable(everybody: Everybody, given: pd.DataFrame, study: Study) -> list[dict[str, object]]:
    complete = (given["basis"] == "fitted").to_numpy(float)
    share, low, high, n = _share_of(complete, everybody)
    rows = [
        _row(
            segment,
            "measurable",
            "share with every base variable",
            (share[i], low[i], high[i]),
            "min_complete",
            n[i],
            study,
        )
        for i, segment in enumerate(everybody.segments)
    ]
    if "probability" not in given.columns:
        return rows
    found = measure_moments(given[["probability"]].to_numpy(float), everybody.weights, everybody.onehot)
    base = found.effective[:, 0]
    low, high = mean_interval(found.mean[:, 0], found.error[:, 0] * np.sqrt(base), base)
    words = chance_words(study.segmentation.method)
    test = f"mean probability of being in it{f', {words}' if words else ''}"
    for place, segment in enumerate(everybody.segments):
        limits = (found.mean[place, 0], low[place], min(high[place], 1.0))
        row = _row(segment, "measurable", test, limits, "min_probability", int(found.n[place, 0]), study)
        if words and row["result"] == "pass":
            row |= {"result": "not judged", "reason": BY_DISTANCES}
        rows.append(row)
    return rows


def _share_of(trait: np.ndarray, everybody: Everybody) -> tuple[np.ndarray, ...]:
    """Weighted share of each segment's units with a trait (0 or 1), Wilson's limits on the effective base, units."""
    w, member = everybody.weights, everybody.onehot
    hits, total = (w * trait) @ member, w @ member
    base = share_bases(hits, (w**2 * trait) @ member, total, w**2 @ member)
    share = hits / total
    return (share, *wilson_interval(share * base, base), everybody.sizes)


def _accessible(everybody: Everybody, study: Study) -> list[dict[str, object]]:
    used = known_before(study)
    test = f"telling members beforehand by {join_words(v.words for v in used)} (AUC)"
    found = recognise_segments(everybody, study)
    rows = []
    for segment, size in zip(everybody.segments, everybody.sizes, strict=True):
        if found is None or segment not in found.index:
            alone = "there are no others to tell it from" if len(everybody.segments) == 1 else "too few units to try it"
            reason = alone if used else "no descriptor is known before contact"
            nothing = (np.nan,) * 3
            rows.append(
                _row(
                    segment,
                    "accessible",
                    test if used else "telling members beforehand",
                    nothing,
                    "min_auc",
                    int(size),
                    study,
                    reason,
                )
            )
            continue
        row = found.loc[segment]
        rows.append(
            _row(segment, "accessible", test, tuple(row[["auc", "lower", "upper"]]), "min_auc", int(size), study)
        )
    return rows


def _substantial(everybody: Everybody, study: Study) -> list[dict[str, object]]:
    share, w = everybody.shares, everybody.weights
    total, squares = np.full(len(share), w.sum()), np.full(len(share), (w**2).sum())
    base = share_bases(w @ everybody.onehot, w**2 @ everybody.onehot, total, squares)
    low, high = wilson_interval(share * base, base)
    rows = []
    for place, segment in enumerate(everybody.segments):
        n = int(everybody.sizes[place])
        rows.append(
            _row(
                segment,
                "substantial",
                "share of the market",
                (share[place], low[place], high[place]),
                "min_share",
                n,
                study,
            )
        )
        rows.append(_row(segment, "substantial", f"{study.units} counted", (n, n, n), "min_units", n, study))
    name = study.scorecard.value or next((v.name for v in study.variables if v.measure == "money"), None)
    if name is not None:
        rows += _value(everybody, name, study)
    return rows


def _value(everybody: Everybody, name: str, study: Study) -> list[dict[str, object]]:
    values = numbers_of(everybody, [name])[:, 0]
    known = ~np.isnan(values)
    member = everybody.onehot * (np.where(known, values, 0.0) * everybody.weights)[:, None]
    total = member.sum()
    if not total > 0:
        return []
    drawn = np.concatenate([
        drawn @ member for drawn in bootstrap_weights(len(values), study.choices.draws, study.choices.random_state)
    ])  # fmt: skip
    drawn = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-12)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    share, n = member.sum(axis=0) / total, known @ everybody.onehot
    test = f"share of {study.variable(name).words}"
    return [
        _row(segment, "substantial", test, (share[i], low[i], high[i]), "min_value", int(n[i]), study)
        for i, segment in enumerate(everybody.segments)
    ]


def _actionable(everybody: Everybody, profile: pd.DataFrame, study: Study) -> list[dict[str, object]]:
    marks = profile[(profile["role"] == "base") & profile["marker"]].groupby("segment")["variable"].nunique()
    contrasts = contrast_segments(everybody, study)
    least, smallest = study.scorecard.min_descriptors, study.scorecard.min_difference
    rows = []
    for place, segment in enumerate(everybody.segments):
        n, count = int(everybody.sizes[place]), int(marks.get(segment, 0))
        rows.append(_row(segment, "actionable", "base variables that mark it", (count,) * 3, "min_markers", n, study))
        own = contrasts[contrasts["segment"] == segment]
        found = own[own["q"] <= study.choices.alpha]
        hits = int(found["variable"].nunique())
        row = _row(
            segment,
            "actionable",
            "descriptors and outcomes that differ beyond chance",
            (hits,) * 3,
            "min_descriptors",
            n,
            study,
        )
        possible = own.loc[own["reach"] >= smallest, "variable"].nunique()
        if hits < least and (possible >= least or own.empty):
            why = (
                f"differences of {smallest:g} standard deviations are not ruled out"
                if len(own)
                else "there are no others to compare it with"
                if len(everybody.segments) == 1
                else "no descriptor to compare"
            )
            row |= {"result": "cannot tell", "reason": why}
        rows.append(row)
    return rows


def _row(
    segment: str,
    criterion: str,
    test: str,
    limits: tuple[float, float, float],
    name: str,
    n: int,
    study: Study,
    reason: str = "",
) -> dict[str, object]:
    estimate, lower, upper = (float(part) for part in limits)
    limit = float(getattr(study.scorecard, name))
    result = "cannot tell"
    if lower >= limit:
        result = "pass"
    elif upper < limit:
        result = "fail"
    if np.isnan(lower) and not reason:
        reason = "not enough data"
    return {
        "segment": segment, "criterion": criterion, "test": test, "estimate": estimate, "lower": lower, "upper": upper,
        "limit": limit, "limit_name": name, "result": result, "n": n, "reason": reason,
    }  # fmt: skip
