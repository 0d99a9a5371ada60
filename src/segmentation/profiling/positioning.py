"""How segments see the offer: segments and perceptions in one map, and whether that map comes back in resamples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..features import FeatureTable
from ..study import Study
from ..words import count_words, join_words, percent_words, source_words
from .everybody import Everybody, gather
from .moments import measure_moments, numbers_of, resample_means

__all__ = ["PositionMap", "describe_positions", "map_positions", "tabulate_positions"]

STEADY = 0.8
NO_MAP = "There is no positioning map."
CORNERS = 60
CHI2_2DF_95 = 5.991464547107979
PERMUTATIONS = 499


@dataclass(frozen=True)
class PositionMap:
    """Segments and perceptions on two axes.

    Attributes
    ----------
    segments : pandas.DataFrame
        Index segment; x, y (standard deviations between units), n (units with any answer), apart (bool: the ellipse does not hold the
        origin, which is everybody).
    attributes : pandas.DataFrame
        Index variable; x, y: direction in which a segment's mean of it grows, longest arrow as far as the farthest segment; shown: share
        of its differences between segments that the two axes keep, 0 to 1.
    ellipses : pandas.DataFrame
        segment, x, y: outline of 95 % of the segment's positions in resamples, 60 points a segment.
    deviations : pandas.DataFrame
        Index segment, one column an attribute: mean less everybody's, in standard deviations between units.
    shares : tuple of float
        Share of the differences between segments that each axis shows.
    congruence : float
        Mean agreement of the axes of a resample with these, 0 to 1 (share of the resample's map that lies in the same plane).
    p : float
        Chance of differences at least as large if perceptions had nothing to do with segments; NaN if an attribute formed the segments.
    draws, n : int
        Resamples; units counted.
    left_out : tuple of str
        Segments with too few answers.
    """

    segments: pd.DataFrame
    attributes: pd.DataFrame
    ellipses: pd.DataFrame
    deviations: pd.DataFrame
    shares: tuple[float, float]
    congruence: float
    p: float
    draws: int
    n: int
    left_out: tuple[str, ...] = ()

    @property
    def steady(self) -> bool:
        """True if the axes come back in resamples (mean agreement of at least 0.8)."""
        return self.congruence >= STEADY


def map_positions(
    features: FeatureTable | pd.DataFrame, membership: pd.DataFrame | pd.Series, study: Study
) -> PositionMap | Callout:
    """Draw segments and perceptions into one plane.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    membership : pandas.DataFrame or pandas.Series
        Index: unit; column ``segment``.
    study : Study
        ``positioning`` names the perceptions, numbers all; ``choices.draws``, ``random_state`` and ``min_cell`` are used.

    Returns
    -------
    PositionMap or Callout
        A callout, kind "absent", if the study names no perceptions, or there are not two perceptions and two segments with answers.

    Notes
    -----
    Principal components of the segments' mean deviations from everybody, in standard deviations between units, segments counted by their
    size (Gabriel's biplot, segments in principal coordinates). Resamples of units are projected into the plane of the data; the
    agreement of planes is tr(P Q) / 2 of their projections. The test shuffles segments among units.
    """
    if not study.positioning:
        text = "The study file names no perceptions under positioning, so there is nothing to place segments by."
        return Callout("absent", NO_MAP, text)
    names = list(dict.fromkeys(study.positioning))
    everybody = gather(features, membership, study)
    values = numbers_of(everybody, names)
    everybody, values, left_out = _with_answers(everybody, values, study.choices.min_cell)
    if len(names) < 2 or len(everybody.segments) < 2:
        text = (
            f"It needs two perceptions and two segments with {study.choices.min_cell} answers to each; there "
            f"{'is' if len(names) == 1 else 'are'} {count_words(len(names), 'perception')} and "
            f"{count_words(len(everybody.segments), 'such segment')}."
        )
        return Callout("absent", NO_MAP, text)
    whole = measure_moments(values, everybody.weights, np.ones((len(values), 1)))
    scale = np.where(whole.sd[0] > 0, whole.sd[0], np.inf)
    values = (values - whole.mean[0]) / scale
    own = measure_moments(values, everybody.weights, everybody.onehot)
    shares = everybody.shares
    axes, spread = _plane(own.mean, shares)
    places = own.mean @ axes
    means, _, sizes = resample_means(everybody, values, study)
    drawn = np.where(np.isnan(means), own.mean, means)
    ellipses = [_ellipse(drawn[:, i] @ axes, places[i], name) for i, name in enumerate(everybody.segments)]
    agreement = [
        np.trace(axes @ axes.T @ (b @ b.T)) / max((spread > 0).sum(), 1)
        for b in (_plane(m, s / s.sum())[0] for m, s in zip(drawn[:200], sizes[:200], strict=True))
    ]
    segments = pd.DataFrame(places, index=pd.Index(everybody.segments, name="segment"), columns=["x", "y"])
    segments["n"] = np.bincount(everybody.codes, minlength=len(segments))
    segments["apart"] = [_excludes_origin(drawn[:, i] @ axes, places[i]) for i in range(len(segments))]
    return PositionMap(
        segments=segments,
        attributes=_attributes(axes, own.mean, shares, places, names),
        ellipses=pd.concat(ellipses, ignore_index=True),
        deviations=pd.DataFrame(own.mean, index=segments.index, columns=names),
        shares=(float(spread[0]), float(spread[1])),
        congruence=float(np.mean(agreement)),
        p=_shuffled_p(everybody, values, study) if not set(names) & set(study.segmentation.base) else float("nan"),
        draws=len(drawn),
        n=len(values),
        left_out=left_out,
    )


def tabulate_positions(positions: PositionMap | Callout, study: Study, *, source: str = "") -> Table | Reading:
    """Deviation of every segment from everybody in every perception, and what the map keeps of it."""
    if isinstance(positions, Callout):
        return Reading(())
    records = []
    for name in positions.deviations.columns:
        record: dict[str, object] = {"perception": study.variable(name).words}
        record |= {
            f"{segment} (n = {positions.segments.at[segment, 'n']:,})": positions.deviations.at[segment, name]
            for segment in positions.deviations.index
        }
        records.append(record | {"kept by the map": positions.attributes.at[name, "shown"]})
    frame = pd.DataFrame(records)
    formats = {column: "+.2f" for column in frame.columns[1:-1]} | {"kept by the map": ".0%"}
    caption = (
        f"Perceptions by segment: mean less everybody's, in standard deviations between {study.units}. n = {positions.n:,} "
        f"{study.units} with an answer.{source_words(source)}"
    )
    note = "Kept by the map: share of the differences between segments in this perception that the two axes show."
    return Table(frame, caption, formats, note)


def describe_positions(positions: PositionMap | Callout, study: Study) -> Reading | Callout:
    """What the map shows, whether it may be trusted, and how to read it."""
    if isinstance(positions, Callout):
        return positions
    how = (
        f"The map shows {percent_words(sum(positions.shares))} of the differences between segments in "
        f"{len(positions.deviations.columns)} perceptions ({positions.n:,} {study.units} with an answer); the middle is everybody. "
        "A segment that lies in the direction of an arrow gives that perception higher marks than the average does. Read directions, "
        "not the distance between a segment and an arrow's tip."
    )
    shown = "" if positions.p > study.choices.alpha else _differences(positions, study)
    return Reading([text for text in (how, shown, _trust(positions, study)) if text])


def _differences(positions: PositionMap, study: Study) -> str:
    apart = positions.segments.index[positions.segments["apart"]]
    if not len(apart):
        return (
            "No segment lies clearly away from the middle: from these perceptions, no segment differs from everybody."
        )
    said = []
    for segment in apart:
        row = positions.deviations.loc[segment]
        name = row.abs().idxmax()
        said.append(f"{segment} ({study.variable(name).words} {row[name]:+.2f} standard deviations from everybody)")
    rest = [segment for segment in positions.segments.index if segment not in apart]
    near = f" {join_words(rest)} cannot be told from the middle." if rest else ""
    return f"Clearly away from the middle, each with its largest difference: {join_words(said)}.{near}"


def _trust(positions: PositionMap, study: Study) -> str:
    if np.isnan(positions.p):
        chance = "Some of these variables formed the segments, which therefore differ in them by construction; no test is valid."
    elif positions.p <= study.choices.alpha:
        chance = f"Differences this large would hardly come about by chance (p {_p(positions.p)}, segments shuffled among {study.units})."
    else:
        chance = (
            f"Chance alone gives differences this large often enough (p {_p(positions.p)}): take the map for noise."
        )
    if positions.steady:
        again = f"Its axes come back in resamples (agreement {positions.congruence:.2f} of 1)."
    else:
        again = (
            f"Its axes are unstable: resamples draw others (agreement {positions.congruence:.2f} of 1, {STEADY:.2f} wanted), so name no "
            "axis and read single perceptions from the table."
        )
    few = f" Too few answers to place {join_words(positions.left_out)}." if positions.left_out else ""
    return f"{chance} {again}{few}"


def _p(value: float) -> str:
    shown = format_p(value)
    return shown if shown[0] in "<>" else f"= {shown}"


def _with_answers(
    everybody: Everybody, values: np.ndarray, least: int
) -> tuple[Everybody, np.ndarray, tuple[str, ...]]:
    """Units with any answer, and segments with enough of them in every perception."""
    known = ~np.isnan(values)
    counts = everybody.onehot.T @ known
    enough = counts.min(axis=1) >= least
    kept = tuple(name for name, ok in zip(everybody.segments, enough, strict=True) if ok)
    rows = known.any(axis=1) & enough[everybody.codes]
    place = np.cumsum(enough) - 1
    part = Everybody(everybody.values[rows], place[everybody.codes[rows]], kept, everybody.weights[rows])
    left = tuple(name for name in everybody.segments if name not in kept)
    return part, values[rows], left


def _plane(means: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First two principal axes of segment means (attributes x 2) and their shares of the differences; a missing second is zero."""
    centred = means - shares @ means
    _, singular, axes = np.linalg.svd(centred * np.sqrt(shares)[:, None], full_matrices=False)
    total = (singular**2).sum()
    spread = np.zeros(2)
    kept = np.zeros((means.shape[1], 2))
    for place in range(min(2, len(singular))):
        if total > 0 and singular[place] > 1e-12 * singular[0]:
            spread[place] = singular[place] ** 2 / total
            sign = 1.0 if axes[place, np.abs(axes[place]).argmax()] > 0 else -1.0
            kept[:, place] = sign * axes[place]
    return kept, spread


def _attributes(
    axes: np.ndarray, means: np.ndarray, shares: np.ndarray, places: np.ndarray, names: list[str]
) -> pd.DataFrame:
    far, long = np.linalg.norm(places, axis=1).max(), np.linalg.norm(axes, axis=1).max()
    centred = means - shares @ means
    total = shares @ centred**2
    kept = shares @ (centred @ axes @ axes.T) ** 2
    shown = np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)
    arrows = axes * (far / long if long > 0 else 0.0)
    frame = pd.DataFrame(arrows, index=pd.Index(names, name="variable"), columns=["x", "y"])
    return frame.assign(shown=np.clip(shown, 0.0, 1.0))


def _ellipse(drawn: np.ndarray, centre: np.ndarray, segment: str) -> pd.DataFrame:
    covariance = np.cov(drawn, rowvar=False)
    values, vectors = np.linalg.eigh(covariance)
    turn = np.linspace(0, 2 * np.pi, CORNERS)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    outline = centre + circle * np.sqrt(CHI2_2DF_95 * np.clip(values, 0, None)) @ vectors.T
    return pd.DataFrame({"segment": segment, "x": outline[:, 0], "y": outline[:, 1]})


def _excludes_origin(drawn: np.ndarray, centre: np.ndarray) -> bool:
    """Whether everybody lies outside the 95 % ellipse of a segment."""
    covariance = np.cov(drawn, rowvar=False)
    flat = np.linalg.pinv(covariance, hermitian=True, rcond=1e-9)
    return bool(centre @ flat @ centre > CHI2_2DF_95)


def _shuffled_p(everybody: Everybody, values: np.ndarray, study: Study) -> float:
    """Chance of a between-segment variance at least as large when segments are shuffled among units."""
    rng = np.random.default_rng(study.choices.random_state)

    def between(order: np.ndarray) -> float:
        member = everybody.onehot[order]
        found = measure_moments(values, everybody.weights, member)
        return float((everybody.weights @ member) @ (np.nan_to_num(found.mean) ** 2).sum(axis=1))

    own = between(np.arange(len(values)))
    reached = sum(between(rng.permutation(len(values))) >= own - 1e-9 for _ in range(PERMUTATIONS))
    return (1 + reached) / (PERMUTATIONS + 1)
