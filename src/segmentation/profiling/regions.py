"""Regions: are segments equally common there, and do they and the scales of the survey mean the same?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..clustering.inputs import spawn_seeds
from ..clustering.kmeans import adjusted_rand, fit_weighted, map_threads, nearest_centres, pad
from ..display import Callout
from ..features import FeatureTable, adjust_fdr
from ..study import Study, Variable
from ..words import count_words
from .cells import withhold_cells
from .everybody import Everybody, gather, levels_of
from .intervals import wilson_interval
from .moments import measure_moments, numbers_of
from .weighted import share_bases

__all__ = ["RegionComparison", "compare_regions", "rating_scales"]

LEAST, A_SEGMENT = 50, 10
SHUFFLES, STARTS = 199, 10
FEWEST_SCALES = 3
NOT_COMPARED = "Regions were not compared."
STYLES = ("level", "extremity", "spread")


@dataclass(frozen=True)
class RegionComparison:
    """Segments and scales by region.

    Attributes
    ----------
    prevalence : pandas.DataFrame
        region, segment, n, base (units of the region), share with lower and upper (Wilson), rest (share in all other regions), difference,
        q (false discovery rate over all cells), withheld (bool: too few to publish, numbers missing).
    meaning : pandas.DataFrame
        Index region; n (units with every base variable), needed, agreement (adjusted Rand index of the region's own partition with the
        frozen one), expected and expected_lower (mean and 5 % point of the same for as many units of each segment drawn from
        everywhere), q_agreement, shift (root mean square distance of the region's segment means from everybody's, in standard deviations),
        shift_expected and shift_upper (mean and 95 % point by chance), q_shift, moved_segment and moved_variable (the most telling single
        difference of means) with moved (how large it is). Numbers are missing in regions with too few units.
    styles : pandas.DataFrame
        region, measure ("level", "extremity", "spread"), difference from the other regions within segments (in standard deviations
        between units), lower, upper, p, q, n.
    items : pandas.DataFrame
        The same for each rated scale, column variable in place of measure, less the person's own level where there are several scales.
    variable : str
        The study's variable of regions.
    n : int
        Units with a segment and a region.
    small : tuple of str
        Regions with fewer than ``needed`` units: too small to judge what segments mean there.
    shuffles : int
    """

    prevalence: pd.DataFrame
    meaning: pd.DataFrame
    styles: pd.DataFrame
    items: pd.DataFrame
    variable: str
    n: int
    small: tuple[str, ...]
    shuffles: int


def compare_regions(
    features: FeatureTable | pd.DataFrame,
    encoded: pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    study: Study,
    *,
    styles: pd.DataFrame | None = None,
    shuffles: int = SHUFFLES,
) -> RegionComparison | Callout:
    """Compare regions in how common segments are and in what segments and scales mean.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    encoded : pandas.DataFrame
        z-scores of base variables by unit; nominal base variables (codes) are left out of the comparison.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``: the frozen solution's.
    study : Study
        ``regions`` names the variable; ``choices.random_state``, ``alpha`` and ``min_cell`` are used.
    styles : pandas.DataFrame, optional
        From ``measure_styles``: how each person uses the rating items. Default: level and spread over the study's rated scales, which
        are means of items and so vary less.
    shuffles : int
        How often regions are shuffled among the units of each segment.

    Returns
    -------
    RegionComparison or Callout
        A callout, kind "absent", if the study names no regions or there are not two with people.

    Notes
    -----
    Meaning. A region is judged from 50 units with every base variable and 10 a segment. Its own k-means partition is compared with the
    frozen one, and its segment means with everybody's. What small numbers alone would do to both is found by shuffling regions
    among the units of each segment: the same numbers, the same mix of segments, no regional meaning. p = (1 + shuffles at least as
    far off) / (shuffles + 1), then the false discovery rate over regions. Styles. Level is a person's mean over the rated scales, spread
    their standard deviation; the region's difference is that from other regions within segments, at the region's mix of segments.
    Unweighted except for prevalence: weights speak of the market, and here people answer for how they answer.
    """
    if study.regions is None:
        text = "The study file names no variable under regions, so segments are taken to mean the same everywhere."
        return Callout("absent", NOT_COMPARED, text)
    everybody = gather(features, membership, study)
    variable = study.variable(study.regions)
    codes, regions = levels_of(everybody.values[variable.name], variable, study.choices.min_cell)
    known = codes >= 0
    if len(regions) < 2:
        found = count_words(len(regions), "region")
        text = f"There {'is' if len(regions) == 1 else 'are'} {found} with {study.units} in a segment; it takes two to compare."
        return Callout("absent", NOT_COMPARED, text)
    part = Everybody(everybody.values[known], everybody.codes[known], everybody.segments, everybody.weights[known])
    codes = codes[known]
    meaning = _meaning(_base_values(encoded, part, study), part, (codes, regions), study, shuffles)
    use, items = _scales(part, (codes, regions), study, styles)
    return RegionComparison(
        prevalence=_prevalence(part, codes, regions, study),
        meaning=meaning,
        styles=use,
        items=items,
        variable=variable.name,
        n=len(codes),
        small=tuple(meaning.index[meaning["n"] < meaning["needed"]]),
        shuffles=shuffles,
    )


def rating_scales(study: Study) -> tuple[Variable, ...]:
    """Scales on which people mark their own answer: means of survey items, not centred on the person."""
    return tuple(v for v in study.variables if v.measure == "mean" and v.scale is not None and v.centre == "none")


def _prevalence(everybody: Everybody, codes: np.ndarray, regions: tuple[str, ...], study: Study) -> pd.DataFrame:
    from scipy.stats import norm

    w, k, m = everybody.weights, len(everybody.segments), len(regions)
    cell = codes * k + everybody.codes
    counts = np.bincount(cell, minlength=m * k).reshape(m, k)
    hits, squares = (np.bincount(cell, weights=w**power, minlength=m * k).reshape(m, k) for power in (1, 2))
    total, total_squares = (np.repeat(x.sum(axis=1)[:, None], k, axis=1) for x in (hits, squares))
    rest_hits, rest_total = hits.sum(axis=0) - hits, hits.sum() - total
    base = share_bases(hits.ravel(), squares.ravel(), total.ravel(), total_squares.ravel()).reshape(m, k)
    rest_base = share_bases(
        rest_hits.ravel(),
        (squares.sum(axis=0) - squares).ravel(),
        rest_total.ravel(),
        (squares.sum() - total_squares).ravel(),
    ).reshape(m, k)
    share, rest = hits / total, rest_hits / rest_total
    low, high = wilson_interval(share * base, base)
    pooled = hits.sum(axis=0) / hits.sum()
    error = np.sqrt(pooled * (1 - pooled) * (1 / base + 1 / rest_base))
    hidden = withhold_cells(counts, study.choices.min_cell)
    p = np.where(hidden | (error <= 0), np.nan, 2 * norm.sf(np.abs(share - rest) / np.where(error > 0, error, 1.0)))
    q = adjust_fdr(p.ravel()).reshape(m, k)
    content = {
        "n": counts,
        "share": share,
        "lower": low,
        "upper": high,
        "rest": rest,
        "difference": share - rest,
        "q": q,
    }
    shown = {name: np.where(hidden, np.nan, values).ravel() for name, values in content.items()}
    frame = pd.DataFrame({"region": np.repeat(regions, k), "segment": np.tile(everybody.segments, m), **shown})
    frame["base"] = np.repeat(counts.sum(axis=1), k)
    return frame.assign(withheld=hidden.ravel(), n=frame["n"].astype("Int64"))


def _base_values(encoded: pd.DataFrame, everybody: Everybody, study: Study) -> pd.DataFrame:
    """Encoded base variables that are numbers, of the units compared."""
    names = {v.name for v in study.variables if v.level == "nominal"}
    kept = [column for column in encoded.columns if column not in names]
    return encoded[kept].reindex(everybody.values.index)


def _meaning(
    encoded: pd.DataFrame, everybody: Everybody, placed: tuple[np.ndarray, tuple[str, ...]], study: Study, shuffles: int
) -> pd.DataFrame:
    codes, regions = placed
    complete = encoded.notna().all(axis=1).to_numpy() & bool(encoded.shape[1])
    values, segment, region = encoded.to_numpy(float)[complete], everybody.codes[complete], codes[complete]
    k = len(everybody.segments)
    n = np.bincount(region, minlength=len(regions))
    table = pd.DataFrame({"n": n, "needed": max(LEAST, A_SEGMENT * k)}, index=pd.Index(regions, name="region"))
    judged = [place for place in range(len(regions)) if n[place] >= table["needed"].iloc[0]]
    numbers = (
        "agreement",
        "expected",
        "expected_lower",
        "q_agreement",
        "shift",
        "shift_expected",
        "shift_upper",
        "q_shift",
        "moved",
    )
    table = table.assign(**dict.fromkeys(numbers, np.nan), moved_segment="", moved_variable="")
    if not judged:
        return table
    kmeans = study.segmentation.method == "kmeans"
    seeds = spawn_seeds(study.choices.random_state, "regions", size=shuffles)
    frame = _Frame(values, segment, k, kmeans, study.choices.random_state)
    own = {place: frame.measure(region == place) for place in judged}

    def shuffled(seed: int) -> list[tuple[float, float]]:
        mixed = _shuffle_within(region, segment, np.random.default_rng(seed))
        return [frame.measure(mixed == place) for place in judged]

    drawn = np.array(map_threads(shuffled, seeds))  # shuffles x regions x 2
    for position, place in enumerate(judged):
        name = regions[place]
        agreement, shift = own[place]
        table.loc[name, ["agreement", "shift"]] = agreement, shift
        table.loc[name, ["expected", "shift_expected"]] = drawn[:, position].mean(axis=0)
        table.loc[name, "expected_lower"] = np.quantile(drawn[:, position, 0], 0.05)
        table.loc[name, "shift_upper"] = np.quantile(drawn[:, position, 1], 0.95)
        table.loc[name, "q_agreement"] = _chance(-drawn[:, position, 0], -agreement) if kmeans else np.nan
        table.loc[name, "q_shift"] = _chance(drawn[:, position, 1], shift)
        gap = frame.gaps(region == place)
        here = np.bincount(segment[region == place], minlength=k)
        telling = np.where(here >= study.choices.min_cell, np.sqrt(here), 0.0)[:, None] * np.abs(gap)
        row, column = np.unravel_index(telling.argmax(), gap.shape)
        table.loc[name, "moved"] = gap[row, column]
        table.loc[name, ["moved_segment", "moved_variable"]] = everybody.segments[row], str(encoded.columns[column])
    for column in ("q_agreement", "q_shift"):
        table[column] = adjust_fdr(table[column].to_numpy(float))
    return table


@dataclass(frozen=True)
class _Frame:
    """The frozen partition of complete units, against which any part of them can be measured."""

    values: np.ndarray
    segment: np.ndarray
    k: int
    kmeans: bool
    random_state: int

    def measure(self, chosen: np.ndarray) -> tuple[float, float]:
        """Agreement of the part's own partition with the frozen one, and shift of its segment means."""
        values, segment = self.values[chosen], self.segment[chosen]
        agreement = float("nan")
        if self.kmeans:
            seeds = spawn_seeds(self.random_state, "region", size=STARTS)
            centres = fit_weighted(pad(values), np.ones(len(values)), self.k, seeds)[1][:, : values.shape[1]]
            table = np.zeros((self.k, self.k))
            np.add.at(table, (segment, nearest_centres(values, centres)), 1)
            agreement = adjusted_rand(table)
        gap = self.gaps(chosen)
        n = np.bincount(segment, minlength=self.k)
        return agreement, float(np.sqrt((n @ gap**2).sum() / (n.sum() * gap.shape[1])))

    def gaps(self, chosen: np.ndarray) -> np.ndarray:
        """Segment means of the part less everybody's, (segments, variables); 0 where the part has nobody."""

        def means(values: np.ndarray, segment: np.ndarray) -> np.ndarray:
            sums = np.zeros((self.k, values.shape[1]))
            np.add.at(sums, segment, values)
            n = np.bincount(segment, minlength=self.k)[:, None]
            return np.divide(sums, n, out=np.full(sums.shape, np.nan), where=n > 0)

        return np.nan_to_num(means(self.values[chosen], self.segment[chosen]) - means(self.values, self.segment))


def _shuffle_within(region: np.ndarray, segment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Regions shuffled among the units of each segment."""
    mixed = region.copy()
    for code in np.unique(segment):
        place = np.flatnonzero(segment == code)
        mixed[place] = rng.permutation(region[place])
    return mixed


def _chance(drawn: np.ndarray, own: float) -> float:
    return float((1 + (drawn >= own - 1e-12).sum()) / (len(drawn) + 1))


def _scales(
    everybody: Everybody, placed: tuple[np.ndarray, tuple[str, ...]], study: Study, styles: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Differences in use of the scales, and in each scale less the person's own level."""
    scales = rating_scales(study)
    values = numbers_of(everybody, [v.name for v in scales])
    low, high = (np.array([v.scale[end] for v in scales]) for end in (0, 1))
    values = (values - low) / (high - low) if scales else values
    several = (~np.isnan(values)).sum(axis=1) >= max(FEWEST_SCALES, len(scales) / 2)
    level, spread = np.full(len(values), np.nan), np.full(len(values), np.nan)
    level[several] = np.nanmean(values[several], axis=1)
    spread[several] = np.nanstd(values[several], axis=1)
    enough = len(scales) >= FEWEST_SCALES
    own = values - level[:, None] if enough else values
    items = _contrast(own, [v.name for v in scales], everybody, placed, "variable")
    if styles is not None:
        given = [name for name in STYLES if name in styles.columns]
        measured = styles[given].reindex(everybody.values.index).to_numpy(float)
        return _contrast(measured, given, everybody, placed, "measure"), items
    names = ["level", "spread"] if enough else []
    both = np.column_stack([level, spread])[:, : len(names)]
    return _contrast(both, names, everybody, placed, "measure"), items


def _contrast(
    values: np.ndarray, names: list[str], everybody: Everybody, placed: tuple[np.ndarray, tuple[str, ...]], key: str
) -> pd.DataFrame:
    """Difference of each region from the others within segments, at the region's own mix of segments."""
    from scipy.stats import norm

    codes, regions = placed
    ones, rows = np.ones(len(values)), []
    scale = measure_moments(values, ones, np.ones((len(values), 1))).sd[0] if names else np.empty(0)
    for place, region in enumerate(regions):
        here = everybody.onehot * (codes == place)[:, None]
        there = everybody.onehot * (codes != place)[:, None]
        own, rest = (measure_moments(values, ones, member) for member in (here, there))
        usable = (own.n >= 2) & (rest.n >= 2)
        part = np.where(usable, own.n, 0.0)
        part = np.divide(part, part.sum(axis=0), out=np.zeros_like(part), where=part.sum(axis=0) > 0)
        gap = (part * np.where(usable, own.mean - rest.mean, 0.0)).sum(axis=0)
        variance = np.where(usable, own.error**2 + rest.error**2, 0.0)
        error = np.sqrt((part**2 * variance).sum(axis=0))
        n = np.where(usable, own.n, 0).sum(axis=0)
        for column, name in enumerate(names):
            if n[column] < LEAST or not error[column] > 0 or not scale[column] > 0:
                continue
            z = gap[column] / error[column]
            limits = (np.array([0.0, -1.959964, 1.959964]) * error[column] + gap[column]) / scale[column]
            rows.append((region, name, *limits, 2 * norm.sf(abs(z)), np.nan, int(n[column])))
    table = pd.DataFrame(rows, columns=["region", key, "difference", "lower", "upper", "p", "q", "n"])
    table["q"] = adjust_fdr(table["p"].to_numpy(float))
    return table
