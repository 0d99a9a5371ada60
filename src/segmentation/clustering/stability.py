"""How much of a partition comes back, and whether what does not is the fault of the search or of the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..study import Choices
from .across import cross_labels, measure_across, pair_agreement, segment_entropy
from .inputs import check_count, distinct_rows, spawn_seeds
from .kmeans import map_threads
from .packed import Packed, Rows, Sample
from .resample import Draws, best_overlap, cross_table
from .selection import Comparison, comparable_rows

__all__ = ["MEASURES", "Stability", "measure_stability", "prediction_strength"]

MEASURES = ("agreement", "overlap", "strength", "pairs", "entropy")
STRONG = 0.8  # prediction strength above which a number of segments counts as supported (Tibshirani and Walther 2005)
SAME, NEAR, HITS = 1e-6, 1e-3, 5
LONGER = 4  # times the starts, where rows are many
ROUND, ROUNDS = 10, 6  # polished starts a round, and rounds, until the best optimum of a resample counts as proven
SPLITS, POOL = 50, 60
AFFORDABLE = 400_000  # units times repeats; larger data are repeated less often, and the result says how often


@dataclass(frozen=True)
class Stability:
    """Every measure of stability, and what of its shortfall comes from the search and what from the sample.

    Attributes
    ----------
    parts : pandas.DataFrame
        Index (measure, k). measure: agreement (adjusted Rand index of two resamples), overlap (mean Jaccard of the least stable
        segment, SLSW), strength (prediction strength), pairs (share of pairs of units that two resamples treat alike; one less
        Fang and Wang's instability), entropy (size-weighted mean SLSA). Columns: value (with ``starts`` starts a resample), proven
        (resamples searched to the proven optimum), search (proven - value), sample (ideal - proven), ideal (the full data searched to
        the optimum: 1, but for entropy). NaN where it could not be measured.
    segments : pandas.DataFrame
        Index (k, segment). Columns n, overlap, overlap_search, overlap_sample, entropy (SLSA in the full data; NaN for the fewest).
    searching : pandas.DataFrame
        Index k. Columns starts (a resample), near_rate (share of single starts within 0.1 % of the best), miss (chance that so many
        starts all miss it), again (1 - expected adjusted Rand index of two searches of the same data with so many starts).
    strength : pandas.DataFrame
        Index split, one column a k: prediction strength of that split.
    pairs, splits, deep : int
        Pairs of resamples searched twice, splits, and splits of them searched to the proven optimum.
    n : int
    """

    parts: pd.DataFrame
    segments: pd.DataFrame
    searching: pd.DataFrame
    strength: pd.DataFrame
    pairs: int
    splits: int
    deep: int
    n: int

    @property
    def strongest(self) -> int | None:
        """Largest number of segments with a mean prediction strength above 0.8; None if there is none."""
        mean = self.parts.loc["strength", "value"]
        return int(mean.index[mean > STRONG].max()) if (mean > STRONG).any() else None

    @property
    def steadiest(self) -> int | None:
        """Number of segments at which resamples treat fewest pairs differently (Fang and Wang 2012); favours few segments."""
        pairs = self.parts.loc["pairs", "value"]
        return int(pairs.idxmax()) if pairs.notna().any() else None


@dataclass(frozen=True)
class _Setting:
    """Everything that the repeats share: units by distinct row, the best partitions, starts a repeat."""

    draws: Draws
    rows: Rows
    whole: Packed
    reference: Mapping[int, np.ndarray]
    starts: Mapping[int, int]
    random_state: int

    @property
    def n(self) -> int:
        return int(self.draws.sizes.sum())

    def seeds(self, purpose: str, *keys: int) -> tuple[np.random.Generator, np.ndarray]:
        random = np.random.default_rng(spawn_seeds(self.random_state, purpose, *keys, size=4))
        most = LONGER * Sample.seeds(max(self.starts.values())) + ROUND * ROUNDS
        return random, random.integers(2**32, size=(2, most), dtype=np.uint32)

    def table(self, first: np.ndarray, second: np.ndarray, k: tuple[int, int]) -> np.ndarray:
        return cross_labels(first, second, weights=self.draws.mass, shape=k)


def measure_stability(
    encoded: pd.DataFrame,
    comparison: Comparison,
    *,
    choices: Choices,
    weights: pd.Series | None = None,
    starts: int | None = None,
    splits: int = SPLITS,
) -> Stability:
    """Measure stability over, within and across numbers of segments, with its search part and its sampling part.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        The table that was compared.
    comparison : Comparison
        ``compare_solutions`` of it.
    choices : Choices
        ``random_state``, and ``pairs``, of which a fifth is searched twice.
    weights : pandas.Series, optional
        As given to ``compare_solutions``.
    starts : int, optional
        Random starts a resample; default: those of the comparison (``pair_starts``). 10 is what most software does.
    splits : int
        Halvings for the prediction strength.

    Returns
    -------
    Stability
        For methods other than k-means only what needs no new search: agreement and overlap as compared, entropy across numbers.

    Raises
    ------
    ParameterError
        If the comparison is of another table.

    Notes
    -----
    Agreement and overlap are those of the comparison (if ``starts`` is not given). The same resamples are then searched on, with
    single-unit moves, until the best optimum has come within 0.1 % five times (at most 60 more starts): what that gains is the search
    part. What is still lost against the full data is the sampling part. Prediction strength: Tibshirani and Walther (2005), both
    directions, nearest centre. Instability: Fang and Wang (2012). Weighted units keep their weight in every resample.
    """
    if comparison.method != "kmeans":
        return _known(comparison)
    rows, weight = comparable_rows(encoded, weights)
    if len(rows) != comparison.n:
        raise ParameterError(
            f"the comparison is of {comparison.n} units with every base variable; this table has {len(rows)}"
        )
    counts = sorted(comparison.searches)
    labels = comparison.labels
    few = {k: check_count(starts or int(comparison.table.loc[k, "pair_starts"]), name="starts", low=1) for k in counts}
    setting = _set_up(rows.to_numpy(), weight, labels, few, choices.random_state)
    pairs = _afford(max(10, choices.pairs // 5), setting.n, 4)
    splits = _afford(check_count(splits, name="splits", low=1), setting.n, min(splits, 10))
    deep = min(splits, max(pairs // 2, 4))
    repeats = map_threads(lambda pair: _repeat(setting, pair), range(pairs))
    halves = map_threads(lambda split: _halve(setting, split, split < deep), range(splits))
    pool = _afford(POOL, setting.n, 10)
    searching = pd.DataFrame(
        map_threads(lambda k: _search_again(setting, k, comparison.searches[k].within_ss, pool), counts),
        index=pd.Index(counts, name="k"),
    )
    strength = pd.DataFrame([half["value"] for half in halves]).rename_axis(index="split", columns="k")
    entropies, given = _entropies(labels, weight), starts is not None
    segments = _segments(comparison, repeats, entropies, given=given)
    return Stability(
        parts=_parts(comparison, repeats, halves, entropies, segments, given=given),
        segments=segments,
        searching=searching,
        strength=strength,
        pairs=pairs,
        splits=splits,
        deep=deep,
        n=setting.n,
    )


def prediction_strength(table: np.ndarray, squares: np.ndarray | None = None) -> float:
    """Smallest share, over segments, of pairs of members that another solution keeps together.

    Parameters
    ----------
    table : ndarray of shape (k_own, k_other)
        Weight of units in each segment of the half's own solution and of the other half's.
    squares : ndarray of shape (k_own, k_other), optional
        Sum of squared weights; default: ``table``, for units that count once each.

    Returns
    -------
    float
        A segment of one unit counts as kept.

    Examples
    --------
    >>> prediction_strength(np.array([[4.0, 0.0], [2.0, 2.0]])).__round__(3)
    0.333
    """
    squares = table if squares is None else squares
    together = (table**2 - squares).sum(axis=1)
    possible = table.sum(axis=1) ** 2 - squares.sum(axis=1)
    return float(np.divide(together, possible, out=np.ones(len(table)), where=possible > 1e-9).min())


def _afford(wanted: int, n: int, least: int) -> int:
    return int(max(min(wanted, AFFORDABLE // n), least))


def _set_up(
    values: np.ndarray,
    weight: np.ndarray | None,
    labels: Mapping[int, np.ndarray],
    starts: Mapping[int, int],
    random_state: int,
) -> _Setting:
    rows = distinct_rows(values)
    draws = Draws.of(rows, weight)
    packed, first = Rows.of(rows.values, draws.mass), np.unique(rows.place, return_index=True)[1]
    reference = {k: label[first] for k, label in labels.items()}
    return _Setting(draws, packed, packed.pack(draws.mass), reference, starts, random_state)


def _search_twice(setting: _Setting, sample: Sample, k: int, seeds: np.ndarray, deep: bool) -> list[np.ndarray]:
    """Labels of all rows by the best of a few starts, and by the best that a long search finds."""
    few = setting.starts[k]
    if sample.part is not None:  # many rows: the same race with more starts
        within, centres = sample.search(k, seeds[: Sample.seeds(few)])
        longer = sample.search(k, seeds[: LONGER * Sample.seeds(few)]) if deep else (within, centres)
        best = longer[1] if longer[0] < within else centres
        return [setting.whole.label(centres), setting.whole.label(best)]
    found = sample.whole.search(k, seeds[:few])
    usual = setting.whole.label(found.centres[found.best])
    if not deep:
        return [usual, usual]
    within, best, centres = found.within, float(found.within.min()), found.centres[found.best]
    for more in np.split(seeds[few : few + ROUND * ROUNDS], ROUNDS):
        if (within <= best * (1 + SAME)).sum() >= HITS:
            break
        found = sample.whole.search(k, more, polish=True)
        if found.within.min() < best:
            best, centres = float(found.within.min()), found.centres[found.best]
        within = np.concatenate([within, found.within])
        if (within <= best * (1 + NEAR)).sum() >= HITS:
            break
    return [usual, setting.whole.label(centres)]


def _repeat(setting: _Setting, pair: int) -> dict[str, dict]:
    """Agreement, pairs, overlap and entropy of two resamples: (few starts, proven) by number of segments."""
    random, seeds = setting.seeds("parts", pair)
    drawn = [Sample.of(setting.rows, setting.draws.sample(random), random) for _ in range(2)]
    labels = {k: [_search_twice(setting, drawn[i], k, seeds[i], True) for i in range(2)] for k in setting.reference}
    found: dict[str, dict] = {name: {} for name in ("agreement", "pairs", "overlap", "entropy")}
    for k, (one, other) in labels.items():
        both = [pair_agreement(setting.table(one[depth], other[depth], (k, k))) for depth in range(2)]
        found["agreement"][k] = [value[0] for value in both]
        found["pairs"][k] = [1 - value[1] for value in both]
        found["overlap"][k] = [
            np.mean(
                [best_overlap(setting.table(setting.reference[k], side[depth], (k, k))) for side in (one, other)],
                axis=0,
            )
            for depth in range(2)
        ]
    for coarse, fine in pairwise(sorted(labels)):
        found["entropy"][fine] = [
            np.mean(
                [
                    _mean_entropy(setting.table(labels[fine][i][d], labels[coarse][i][d], (fine, coarse)))
                    for i in range(2)
                ]
            )
            for d in range(2)
        ]
    return found


def _mean_entropy(table: np.ndarray) -> float:
    mass = table.sum(axis=1)
    return float(np.nansum(segment_entropy(table) * mass) / mass.sum())


def _halve(setting: _Setting, split: int, deep: bool) -> dict[str, dict[int, float]]:
    """Prediction strength of one halving, mean of both directions, by number of segments."""
    draws = setting.draws
    random, seeds = setting.seeds("halves", split)
    one = random.multivariate_hypergeometric(draws.sizes, setting.n // 2)
    masses, squares = (
        [np.bincount(draws.place, weights=weight * half, minlength=draws.rows) for half in (one, draws.sizes - one)]
        for weight in (draws.weight, draws.weight**2)
    )
    halves = [Sample.of(setting.rows, mass, random) for mass in masses]
    found: dict[str, dict[int, float]] = {"value": {}, "proven": {}}
    for k in setting.reference:
        labels = [_search_twice(setting, halves[i], k, seeds[i], deep) for i in range(2)]
        for depth, name in enumerate(("value", "proven")):
            strengths = [
                prediction_strength(
                    *(cross_table(labels[i][depth], labels[1 - i][depth], part[i], k) for part in (masses, squares))
                )
                for i in range(2)
            ]
            found[name][k] = float(np.mean(strengths)) if deep or not depth else float("nan")
    return found


def _search_again(setting: _Setting, k: int, best: float, pool: int) -> dict[str, float]:
    """What single starts on the full data find, and from that how much two searches of so many starts would differ."""
    few = setting.starts[k]
    sample = Sample.of(
        setting.rows, setting.draws.mass, np.random.default_rng(spawn_seeds(setting.random_state, "again", size=4))
    )
    seeds = spawn_seeds(setting.random_state, "again", k, size=pool)
    packed = sample.part or sample.whole
    found = packed.search(k, seeds)
    within, order = found.within, np.argsort(found.within, kind="stable")
    # The best of so many starts drawn from the pool is the r-th best with this chance.
    rank = np.arange(float(pool))
    chance = ((pool - rank) ** few - (pool - rank - 1) ** few) / float(pool) ** few
    group = np.cumsum(np.diff(within[order], prepend=-np.inf) > SAME * within[order]) - 1
    weight = np.bincount(group, weights=chance)
    kept = np.flatnonzero(weight > 1e-3)
    labels = [setting.whole.label(found.centres[order[np.argmax(group == g)]]) for g in kept]
    agree = np.array([[pair_agreement(setting.table(a, b, (k, k)))[0] for b in labels] for a in labels])
    share = weight[kept] / weight[kept].sum()
    near = float((within <= (within.min() if sample.part else min(best, within.min())) * (1 + NEAR)).mean())
    return {
        "starts": few,
        "near_rate": near,
        "miss": float((1 - near) ** few),
        "again": max(0.0, float(1 - share @ agree @ share)),
    }


def _entropies(labels: Mapping[int, np.ndarray], weight: np.ndarray | None) -> dict[int, tuple[np.ndarray, float]]:
    """SLSA of every segment and its size-weighted mean, by number of segments but the fewest."""
    counts = sorted(labels)
    found = {}
    for coarse, fine in pairwise(counts):
        table = cross_labels(labels[fine], labels[coarse], weights=weight, shape=(fine, coarse))
        found[fine] = (segment_entropy(table), _mean_entropy(table))
    return found


def _steady(few: np.ndarray, proven: np.ndarray, value: float) -> float:
    """Mean of the proven repeats, corrected by how far the same repeats with few starts lie from their better known mean."""
    spread = float(few.var())
    slope = float(np.clip(np.mean((few - few.mean()) * (proven - proven.mean())) / spread, 0, 1)) if spread > 0 else 0.0
    return float(proven.mean() + slope * (value - few.mean()))


def _parts(
    comparison: Comparison,
    repeats: list[dict],
    halves: list[dict],
    entropies: Mapping[int, tuple[np.ndarray, float]],
    segments: pd.DataFrame,
    *,
    given: bool,
) -> pd.DataFrame:
    rows = {}
    for k in sorted(comparison.searches):
        for measure in ("agreement", "pairs"):
            few, proven = (np.array([found[measure][k][depth] for found in repeats]) for depth in range(2))
            known = measure == "agreement" and not given  # the comparison has more resamples
            value = float(comparison.table.loc[k, "ari_mean"]) if known else float(few.mean())
            rows[measure, k] = (value, _steady(few, proven, value) - value, 1.0)
        least = segments.loc[k]["overlap"].idxmin()
        rows["overlap", k] = (*segments.loc[(k, least), ["overlap", "overlap_search"]], 1.0)
        every = np.array([half["value"][k] for half in halves])
        both = [half for half in halves if not np.isnan(half["proven"][k])]
        few, proven = (np.array([half[name][k] for half in both]) for name in ("value", "proven"))
        rows["strength", k] = (every.mean(), _steady(few, proven, every.mean()) - every.mean(), 1.0)
        if k in entropies:
            few, proven = (np.mean([found["entropy"][k][depth] for found in repeats]) for depth in range(2))
            rows["entropy", k] = (few, proven - few, entropies[k][1])
        else:
            rows["entropy", k] = (np.nan, np.nan, np.nan)
    return _frame(rows)


def _frame(rows: Mapping[tuple[str, int], tuple[float, float, float]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(rows, names=["measure", "k"])
    found = pd.DataFrame(list(rows.values()), index=index, columns=["value", "search", "ideal"], dtype=float)
    found["proven"] = found["value"] + found["search"]
    found["sample"] = found["ideal"] - found["proven"]
    order = [(measure, k) for measure in MEASURES for k in sorted({k for _, k in rows})]
    return found.reindex(order)[["value", "proven", "search", "sample", "ideal"]]


def _segments(
    comparison: Comparison, repeats: list[dict], entropies: Mapping[int, tuple[np.ndarray, float]], *, given: bool
) -> pd.DataFrame:
    parts = {}
    for k in sorted(comparison.searches):
        few, proven = (np.array([found["overlap"][k][depth] for found in repeats]) for depth in range(2))
        known = comparison.stability.loc[k]
        overlap = few.mean(axis=0) if given else known["jaccard"].to_numpy()
        best = np.array([_steady(few[:, i], proven[:, i], overlap[i]) for i in range(k)])
        parts[k] = pd.DataFrame(
            {
                "n": known["n"],
                "overlap": overlap,
                "overlap_search": best - overlap,
                "overlap_sample": 1 - best,
                "entropy": entropies[k][0] if k in entropies else np.nan,
            }
        )
    return pd.concat(parts, names=["k", "segment"])


def _known(comparison: Comparison) -> Stability:
    """What a comparison by another method tells without searching again."""
    labels = comparison.labels
    entropies, rows = _entropies(labels, comparison.mass), {}
    for k in sorted(labels):
        row = comparison.table.loc[k]
        for measure, value in (
            ("agreement", row["ari_mean"]),
            ("overlap", row["jaccard_min"]),
            ("strength", np.nan),
            ("pairs", np.nan),
        ):
            rows[measure, k] = (value, np.nan, 1.0)
        rows["entropy", k] = (np.nan, np.nan, entropies[k][1] if k in entropies else np.nan)
    segments = comparison.stability[["n", "jaccard"]].rename(columns={"jaccard": "overlap"})
    found = measure_across(labels, weights=comparison.mass)
    entropy = (
        found.drop_duplicates(["fine", "child"]).set_index(["fine", "child"])["entropy"].rename_axis(["k", "segment"])
    )
    nothing = pd.DataFrame(
        index=pd.Index(sorted(labels), name="k"), columns=["starts", "near_rate", "miss", "again"], dtype=float
    )
    return Stability(
        parts=_frame(rows),
        segments=segments.assign(overlap_search=np.nan, overlap_sample=np.nan, entropy=entropy.reindex(segments.index)),
        searching=nothing,
        strength=pd.DataFrame(columns=pd.Index(sorted(labels), name="k"), dtype=float),
        pairs=0,
        splits=0,
        deep=0,
        n=comparison.n,
    )
