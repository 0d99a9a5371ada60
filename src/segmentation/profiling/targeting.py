"""Whom to serve: the map of attractiveness by fit, and how firm its first place is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..features import FeatureTable
from ..study import Criterion, Study
from ..words import few_words, join_words, percent_words, range_words, source_words
from .everybody import Everybody, gather
from .moments import draw_limits, measure_moments, numbers_of, resample_means

__all__ = [
    "TargetMap",
    "describe_targets",
    "map_targets",
    "often_words",
    "tabulate_target_criteria",
    "tabulate_targets",
]

WEIGHTINGS = 10_000
MIDDLE, STEP, TOP = 5.0, 2.5, 10.0
FIRM, TOSS = 0.8, 0.5
AXES = ("attractiveness", "fit")


@dataclass(frozen=True)
class TargetMap:
    """Segments by attractiveness and fit, each 0 to 10 (5: like everybody).

    Attributes
    ----------
    table : pandas.DataFrame
        Index segment, best first, those knocked out last. Columns n, share (weighted), attractiveness, fit, overall (mean of the two)
        and each with _lower, _upper (95 % of resamples), rank (<NA> if knocked out), knocked_out (bool), why (the tests of the
        scorecard it fails, in words), first_weights (share of random weightings that put it first), first_resamples (share of
        resamples that do, under the study's weights).
    criteria : pandas.DataFrame
        axis, variable, weight (share of its axis), low_is_good, segment, n, mean (size: share), lower, upper, score.
    weightings, draws : int
        Random weightings and resamples.
    n : int
        Units counted.
    """

    table: pd.DataFrame
    criteria: pd.DataFrame
    weightings: int
    draws: int
    n: int

    @property
    def first(self) -> str | None:
        """Segment in first place; None if all are knocked out."""
        ranked = self.table[self.table["rank"] == 1]
        return None if ranked.empty else str(ranked.index[0])


def map_targets(
    features: FeatureTable | pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    study: Study,
    *,
    scorecard: pd.DataFrame | None = None,
    weightings: int = WEIGHTINGS,
) -> TargetMap | Callout:
    """Place segments on the targeting map of the study.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``.
    study : Study
        ``targeting`` names the criteria of both axes; ``choices.draws`` and ``random_state`` are used.
    scorecard : pandas.DataFrame, optional
        From ``score_segments``: a segment that fails one of its criteria is knocked out before anything is ranked.
    weightings : int
        Random weightings tried.

    Returns
    -------
    TargetMap or Callout
        A callout, kind "absent", if the study has no ``targeting``.

    Notes
    -----
    Scores. A criterion is 5 where the segment's mean is everybody's, and moves by 2.5 for each standard deviation between units, up
    to 0 and 10: segments that hardly differ all stay near 5, whereas stretching the segments' own means from 0 to 10 would blow chance
    up to full differences. Size is 5 for an equal part of the market and moves by 2.5 with each doubling or halving. An axis is the mean
    of its criteria under the study's weights. Other weights: all weightings of the criteria of an axis equally likely
    (Dirichlet), and so the balance of the two axes. Resamples: units drawn again with replacement; everybody's mean follows the
    draw, the standard deviations of units are held. After Dolnicar, Gruen and Leisch (2018), ch. 8.
    """
    if study.targeting is None:
        text = "The study file names no targeting, so nobody said what makes a segment attractive or whom the organisation serves well."
        return Callout("absent", "There is no targeting map.", text)
    everybody = gather(features, membership, study)
    criteria = [(axis, c) for axis in AXES for c in getattr(study.targeting, axis)]
    names = [c.variable for _, c in criteria]
    own, drawn, moments = _scores(everybody, criteria, study)
    weights = {axis: _weights(criteria, axis) for axis in AXES}
    out, why = _knocked_out(everybody.segments, scorecard)
    axes = {axis: own @ weights[axis] for axis in AXES}
    axes["overall"] = (axes["attractiveness"] + axes["fit"]) / 2
    many = {axis: drawn @ weights[axis] for axis in AXES}
    many["overall"] = (many["attractiveness"] + many["fit"]) / 2
    table = pd.DataFrame(index=pd.Index(everybody.segments, name="segment"))
    table["n"], table["share"] = everybody.sizes, everybody.shares
    for axis, values in axes.items():
        table[axis] = values
        table[f"{axis}_lower"], table[f"{axis}_upper"] = np.nanquantile(many[axis], [0.025, 0.975], axis=0)
    table["knocked_out"], table["why"] = out, why
    standing = np.where(out, -np.inf, axes["overall"])
    order = np.argsort(-standing, kind="stable")
    rank = np.empty(len(order), dtype=int)
    rank[order] = np.arange(1, len(order) + 1)
    table["rank"] = pd.array(rank, dtype="Int64")
    table.loc[out, "rank"] = pd.NA
    table["first_weights"] = _first(_reweigh(own, criteria, study, weightings), out)
    table["first_resamples"] = _first(many["overall"], out)
    tidy = _tidy_criteria(criteria, everybody, moments, (own, weights), names)
    return TargetMap(table.iloc[order], tidy, weightings, len(drawn), int(everybody.sizes.sum()))


def tabulate_targets(targets: TargetMap | Callout, study: Study, *, source: str = "") -> Table | Reading:
    """Segments in order of the map, with intervals and how often each comes first."""
    if isinstance(targets, Callout):
        return Reading(())
    table = targets.table
    shown = pd.DataFrame(
        {
            "segment": table.index,
            "n": [few_words(int(n), study.choices.min_cell) for n in table["n"]],
            "share": table["share"].to_numpy(),
            **{axis: [_with_range(row, axis) for _, row in table.iterrows()] for axis in (*AXES, "overall")},
            "first under other weights": table["first_weights"].to_numpy(),
            "first in resamples": table["first_resamples"].to_numpy(),
            "knocked out": [why or "no" for why in table["why"]],
        }
    )
    caption = (
        f"Targeting: attractiveness and fit of each segment, 0 to 10 (5: like everybody), with 95 % intervals. n = {targets.n:,} "
        f"{study.units}.{source_words(source)}"
    )
    note = (
        f"First: share of {targets.weightings:,} random weightings of the criteria, and of {targets.draws:,} resamples of "
        f"{study.units}, that put the segment first. Knocked out: fails the scorecard, so it is not ranked."
    )
    formats = {"share": ".1%", "first under other weights": ".0%", "first in resamples": ".0%"}
    return Table(shown, caption, formats, note)


def tabulate_target_criteria(targets: TargetMap | Callout, study: Study) -> Table | Reading:
    """What went into the two axes: each criterion's mean and score in each segment."""
    if isinstance(targets, Callout):
        return Reading(())
    rows = targets.criteria
    records = []
    for (axis, name), part in rows.groupby(["axis", "variable"], sort=False):
        first = part.iloc[0]
        words = "size (share of the market)" if name == "size" else study.variable(name).words
        record = {"axis": axis, "criterion": f"{words}{' (low is good)' if first['low_is_good'] else ''}"}
        record["weight"] = first["weight"]
        record |= {
            row.segment: "withheld" if row.n < study.choices.min_cell else f"{row.mean:,.2f} → {row.score:.1f}"
            for row in part.itertuples()
        }
        records.append(record)
    caption = (
        f"Criteria of the targeting map: mean in each segment → score from 0 to 10. n = {targets.n:,} {study.units}."
    )
    note = (
        "Score: 5 is everybody's mean; 2.5 points more or less for each standard deviation between "
        f"{study.units}. Size: 5 is an equal part of the market; 2.5 points for each doubling. Weight: share of its axis."
    )
    return Table(pd.DataFrame(records), caption, {"weight": ".0%"}, note)


def describe_targets(targets: TargetMap | Callout, study: Study) -> Reading | Callout:
    """Who comes first, how firmly, and what that depends on."""
    if isinstance(targets, Callout):
        return targets
    out = targets.table[targets.table["knocked_out"]]
    lost = [f"{segment} ({row['why']})" for segment, row in out.iterrows()]
    gone = f"Knocked out by the scorecard before ranking: {join_words(lost)}. " if lost else ""
    if targets.first is None:
        return Callout("caution", "No segment is left to rank.", gone.strip())
    first = targets.table.loc[targets.first]
    text = (
        f"{gone}By the study's criteria and weights {targets.first} comes first: attractiveness {_with_range(first, 'attractiveness')}, "
        f"fit {_with_range(first, 'fit')} on scales from 0 to 10 on which 5 is like everybody (it has {first['n']:,} of the "
        f"{targets.n:,} {study.units})."
    )
    if len(targets.table) - len(out) < 2:
        return Reading([f"{text} It is the only segment left, so there is no choice to be firm about."])
    return Reading([text, _firmness(targets, study)])


def _firmness(targets: TargetMap, study: Study) -> str:
    first = targets.table.loc[targets.first]
    others = targets.table.drop(index=targets.first)
    rival = {how: others[f"first_{how}"].idxmax() for how in ("weights", "resamples")}
    text = (
        f"If the criteria are weighted at random ({targets.weightings:,} times, every weighting as likely as any other), it stays first in "
        f"{often_words(first['first_weights'])} of them{_instead(others, rival['weights'], 'weights')}. If the {study.units} are drawn "
        f"again ({targets.draws:,} times, the weights kept, segments held as they are), it stays first in "
        f"{often_words(first['first_resamples'])}"
        f"{_instead(others, rival['resamples'], 'resamples')}. "
    )
    weak = [name for name, how in (("opinion", "weights"), ("chance", "resamples")) if first[f"first_{how}"] < FIRM]
    if not weak:
        return text + "First place rests neither on the choice of weights nor on who happened to be in the data."
    reason = {
        "opinion": "on how the criteria are weighted, which is a decision",
        "chance": "on who happened to be in the data",
    }
    strong = min(first["first_weights"], first["first_resamples"]) >= TOSS
    verb = "rests partly" if strong else "rests"
    return (
        text + f"First place {verb} {join_words(reason[name] for name in weak)}; settle that before money follows it."
    )


def _instead(others: pd.DataFrame, rival: str, how: str) -> str:
    share = others.loc[rival, f"first_{how}"]
    return f" (next: {rival} in {often_words(share)})" if share >= 0.005 else ""


def often_words(share: float) -> str:
    """A share of draws in words that do not turn nearly always into always."""
    if share in (0.0, 1.0) or 0.005 <= share < 0.995:
        return "all" if share == 1.0 else "none" if share == 0.0 else percent_words(share)
    return "more than 99 %" if share > 0.5 else "less than 1 %"


def _scores(everybody: Everybody, criteria: list[tuple[str, Criterion]], study: Study):
    """Scores (segments x criteria), the same in resamples (draws first), and mean with interval of each cell."""
    measured = [c.variable for _, c in criteria if c.variable != "size"]
    values = numbers_of(everybody, measured) if measured else np.zeros((len(everybody.values), 1))
    ours = measure_moments(values, everybody.weights, everybody.onehot)
    whole = measure_moments(values, everybody.weights, np.ones((len(values), 1)))
    means, bases, sizes = resample_means(everybody, values, study)
    shares = sizes / sizes.sum(axis=1, keepdims=True)
    own_share = everybody.shares
    k, place = len(everybody.segments), 0
    own, drawn, cells = [], [], []
    for _, criterion in criteria:
        sign = -1.0 if criterion.low_is_good else 1.0
        if criterion.variable == "size":
            own.append(_scale(sign * np.log2(own_share * k)))
            drawn.append(_scale(sign * np.log2(np.maximum(shares * k, 1e-9))))
            cells.append((everybody.sizes, own_share, *np.quantile(shares, [0.025, 0.975], axis=0)))
            continue
        sd = whole.sd[0, place]
        sd = sd if sd > 0 else np.inf
        grand = _pool(means[:, :, place], bases[:, :, place])
        own.append(_scale(sign * (ours.mean[:, place] - whole.mean[0, place]) / sd))
        drawn.append(_scale(sign * (means[:, :, place] - grand[:, None]) / sd))
        limits = draw_limits(means[:, :, place])
        cells.append((ours.n[:, place].astype(int), ours.mean[:, place], *limits))
        place += 1
    return np.column_stack(own), np.stack(drawn, axis=2), cells


def _pool(means: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Everybody's mean in each draw from the segments' means; segments without a value left out."""
    known = ~np.isnan(means)
    return np.where(known, means * base, 0.0).sum(axis=1) / np.maximum((base * known).sum(axis=1), 1e-12)


def _scale(off: np.ndarray) -> np.ndarray:
    """0 to 10 from deviations; a segment without a single answer counts as everybody."""
    return np.clip(MIDDLE + STEP * np.nan_to_num(off, nan=0.0), 0.0, TOP)


def _weights(criteria: list[tuple[str, Criterion]], axis: str) -> np.ndarray:
    given = np.array([c.weight if of == axis else 0.0 for of, c in criteria])
    return given / given.sum()


def _reweigh(own: np.ndarray, criteria: list[tuple[str, Criterion]], study: Study, weightings: int) -> np.ndarray:
    """Overall score of each segment under random weightings, (weightings, segments)."""
    rng = np.random.default_rng([study.choices.random_state, weightings])
    balance = rng.random((weightings, 1))
    total = np.zeros((weightings, len(own)))
    for axis, part in zip(AXES, (balance, 1 - balance), strict=True):
        places = [place for place, (of, _) in enumerate(criteria) if of == axis]
        total += part * (rng.dirichlet(np.ones(len(places)), weightings) @ own[:, places].T)
    return total


def _first(scores: np.ndarray, out: np.ndarray) -> np.ndarray:
    """How often each segment has the highest score of those not knocked out."""
    if out.all():
        return np.zeros(len(out))
    best = np.where(out, -np.inf, scores).argmax(axis=1)
    return np.bincount(best, minlength=len(out)) / len(scores)


def _knocked_out(segments: tuple[str, ...], scorecard: pd.DataFrame | None) -> tuple[np.ndarray, list[str]]:
    if scorecard is None:
        return np.zeros(len(segments), bool), [""] * len(segments)
    failed = scorecard[scorecard["result"] == "fail"]
    why = [
        ", ".join(dict.fromkeys(f"not {row.criterion}" for row in failed[failed["segment"] == segment].itertuples()))
        for segment in segments
    ]
    return np.array([bool(text) for text in why]), why


def _tidy_criteria(criteria, everybody: Everybody, cells, scored, names: list[str]) -> pd.DataFrame:
    own, weights = scored
    parts = []
    for place, (axis, criterion) in enumerate(criteria):
        n, mean, lower, upper = cells[place]
        content = {"axis": axis, "variable": names[place], "weight": weights[axis][place]}
        content |= {"low_is_good": criterion.low_is_good, "segment": list(everybody.segments), "n": n, "mean": mean}
        parts.append(pd.DataFrame({**content, "lower": lower, "upper": upper, "score": own[:, place]}))
    return pd.concat(parts, ignore_index=True)


def _with_range(row: pd.Series, axis: str) -> str:
    return f"{row[axis]:.1f} ({range_words((row[f'{axis}_lower'], row[f'{axis}_upper']), '.1f')})"
