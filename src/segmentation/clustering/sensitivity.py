"""Would another choice say the same? The published segments beside those of every choice that could have been made otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import DataContractError, ParameterError
from ..features.encoder import Encoder, fit_encoder
from ..features.table import FeatureTable, feature_values
from ..features.weights import unit_weights
from ..study import METHODS, Choices, Study
from ..words import count_words, join_words, source_words
from .agreement import MUCH, SAME, Agreement, compare_partitions, measure_overlaps, rand_indices, read_agreement
from .centring import swap_centring
from .imputation import draw_missing
from .inputs import spawn_seeds
from .solution import Solution, assign_segments, fit_segments
from .structure import SMALLEST

__all__ = ["Sensitivity", "assess_sensitivity", "describe_sensitivity", "tabulate_sensitivity"]

OTHERS = ("kmeans", "latent-profile", "gaussian", "ward", "medoids")
METHOD_WORDS = {
    "kmeans": "k-means",
    "latent-profile": "latent profiles",
    "gaussian": "Gaussian mixture",
    "ward": "Ward's tree of merges",
    "medoids": "medoids (typical units as centres)",
}
IMPUTATIONS, WINSORISED, STARTS = 5, 0.01, 10
COLUMNS = ["choice", "kind", "segments", "ari", "lower", "upper", "n", "weakest", "overlap", "reading", "reason"]
_NOBODY: Mapping[str, object] = {"weakest": "", "overlap": np.nan}
NOT_THE_SAME_QUESTION = (
    "number",
    "search",
)  # kinds of rows that are no other choice of method, answers, scale or people


@dataclass(frozen=True)
class Sensitivity:
    """The published partition beside those of other choices.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a choice. choice (words), kind (method, gaps, style, weights, number, search, scaling), segments, ari (adjusted
        Rand index with the published segments), lower, upper (95 % bootstrap interval over units), n, weakest (published segment that
        is found again worst; empty if none was compared), overlap (its Jaccard index with its best counterpart: units in both as a
        share of those in either), reading (words), reason (why a choice could not be tried; empty otherwise).
    segments : int
        Number of segments published.
    method : str
        Published method.
    overlaps : pandas.DataFrame
        One row a choice that was tried and published segment: choice, kind, segment, overlap (as above; the mean over the draws where
        gaps are filled).
    """

    table: pd.DataFrame
    segments: int
    method: str
    overlaps: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["choice", "kind", "segment", "overlap"])
    )

    @property
    def tried(self) -> pd.DataFrame:
        """Choices that could be tried."""
        return self.table[self.table["reason"] == ""]


@dataclass(frozen=True)
class _Case:
    """What every choice starts from."""

    values: pd.DataFrame
    study: Study
    solution: Solution
    encoder: Encoder
    encoded: pd.DataFrame
    weights: pd.Series | None
    choices: Choices

    def partition(
        self,
        encoded: pd.DataFrame | None = None,
        *,
        method: str | None = None,
        segments: int | None = None,
        weighted: bool = True,
    ) -> pd.Series:
        """Segment by unit, fitted with one thing changed."""
        table = self.encoded if encoded is None else encoded
        fitted = fit_segments(
            table,
            len(self.solution.segments) if segments is None else segments,
            choices=self.choices,
            method=self.solution.method if method is None else method,
            weights=self.weights if weighted else None,
            levels=self.encoder.levels,
        )
        return assign_segments(fitted, table)["segment"]


def assess_sensitivity(
    features: FeatureTable | pd.DataFrame,
    study: Study,
    solution: Solution,
    membership: pd.DataFrame,
    *,
    scores: pd.DataFrame | None = None,
    comparison: pd.DataFrame | None = None,
) -> Sensitivity:
    """Compare the published segments with those of other choices, one changed at a time.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
    study : Study
    solution : Solution
        As published; must be of a method that forms a given number of segments from base variables (not rules or a tree).
    membership : pandas.DataFrame
        Published: index unit; columns segment, basis.
    scores : pandas.DataFrame, optional
        As ``score_both_ways`` gives them, for the choice to centre answers or not.
    comparison : pandas.DataFrame, optional
        Table of the comparison of numbers of segments (index k; ari_mean, jaccard_min), for the runner-up.

    Returns
    -------
    Sensitivity
        Without rows for rules, trees and density, where these choices do not arise.

    Raises
    ------
    ParameterError
        If ``membership`` lacks columns.

    Notes
    -----
    Other methods, numbers, seeds, scalings and weights are compared over the units that formed the segments. Gaps are filled five times
    by draws from one multivariate normal (``draw_missing``) and the segments formed anew from everybody placed; filled values are used
    for nothing else. Fits are searched with at least 10 starts.
    """
    lacking = [name for name in ("segment", "basis") if name not in membership.columns]
    if lacking:
        raise ParameterError(f"membership needs the columns segment and basis; it lacks {join_words(lacking)}")
    k = len(solution.segments)
    if solution.method not in OTHERS or k < 2:
        return Sensitivity(pd.DataFrame(columns=COLUMNS), k, solution.method)
    encoder = fit_encoder(features, study.base)
    values = feature_values(features)
    choices = study.choices.model_copy(update={"starts": min(study.choices.starts, STARTS)})
    weights = unit_weights(features, study)
    if weights is not None:
        weights = weights.where(weights > 0)
    case = _Case(values, study, solution, encoder, encoder.encode(values), weights, choices)
    published = membership["segment"].where(membership["basis"] == "fitted")
    rows = [
        *_other_methods(case, published),
        *_other_scalings(case, published),
        *_other_answers(case, published, scores),
        *_other_people(case, published, membership),
        *_other_search(case, published, comparison),
    ]
    overlaps = [
        (row["choice"], row["kind"], str(segment), float(overlap))
        for row in rows
        for segment, overlap in row.get("overlaps", {}).items()
    ]
    return Sensitivity(
        pd.DataFrame(rows, columns=COLUMNS).astype({"segments": "int64", "n": "int64"}),
        k,
        solution.method,
        pd.DataFrame(overlaps, columns=["choice", "kind", "segment", "overlap"]),
    )


def tabulate_sensitivity(sensitivity: Sensitivity, *, units: str = "units", source: str = "") -> Table:
    """Every choice, how far its segments agree with the published ones, and what that means."""
    table = sensitivity.table
    shown = pd.DataFrame(
        {
            "choice": table["choice"],
            "segments": table["segments"],
            "agreement": table["ari"].astype(float),
            "95 % interval": [
                "–" if pd.isna(low) else f"{low:.2f} to {high:.2f}"
                for low, high in zip(table["lower"], table["upper"], strict=True)
            ],
            "least overlap": [
                "–" if pd.isna(overlap) else f"{overlap:.2f} ({weakest})"
                for overlap, weakest in zip(table["overlap"], table["weakest"], strict=True)
            ],
            "n": table["n"],
            "reading": [
                reading if not reason else f"not tried: {reason}"
                for reading, reason in zip(table["reading"], table["reason"], strict=True)
            ],
        }
    )
    caption = (
        f"The {sensitivity.segments} published segments beside those of other choices, one changed at a time. n: {units} in both."
        f"{source_words(source)}"
    )
    note = (
        "Agreement: adjusted Rand index with the published segments (1 the same division, 0 what chance gives); from .80 the same "
        "segments, from .60 much the same, from .40 partly. Least overlap: the published segment that is found again worst, and its "
        "overlap with its best counterpart, units in both as a share of those in either (Jaccard index); below .60 it has none. "
        "Interval: of the agreement over these units, both divisions held as they are. Filled gaps are draws, used for this line only."
    )
    nothing = "The segments are stated by rule or found without a number being chosen, so these choices do not arise."
    return Table(shown, caption, {"agreement": ".2f"}, note, empty=nothing)


def describe_sensitivity(sensitivity: Sensitivity, *, units: str = "units") -> Reading | Callout:
    """Which choices matter.

    Parameters
    ----------
    sensitivity : Sensitivity
    units : str

    Returns
    -------
    Reading or Callout
        A caution if some choice gives another segmentation, or leaves a segment without a counterpart; absent if nothing could be tried.

    Notes
    -----
    Another number of segments and another start of the search are not counted among the other choices that give the same segments. With
    fewer segments some published one always loses its counterpart, so this is told and by itself is no caution.
    """
    tried = sensitivity.tried.dropna(subset=["ari"])
    if tried.empty:
        return Callout("absent", "No other choice could be tried beside the published segments.")
    if tried["n"].max() < SMALLEST:
        n = int(tried["n"].max())
        why = "So few fall together or apart by accident, so that agreement between choices is no sign of segments."
        return Callout("caution", f"With {n:,} {units} in segments, other choices tell nothing.", why)
    number, apart = tried["kind"] == "number", tried["kind"].isin(NOT_THE_SAME_QUESTION)
    whole = ~(tried["overlap"] < MUCH)
    same, moved = (tried["ari"] >= SAME) & whole, tried["ari"] < MUCH
    decides = moved | (~whole & ~number)
    between = tried[~same & ~decides & whole]
    parts = [_say_same(same[~apart])]
    if len(between):
        parts.append(f"Borders move with {_named(between)}.")
    if moved.any():
        parts.append(f"Other segments come of {_named(tried[moved])}.")
    parts += _say_lost(sensitivity.overlaps)
    if not decides.any():
        parts.append("At this number of segments no choice that was tried gives another segmentation.")
        return Reading([" ".join(part for part in parts if part)])
    title = f"The segments depend on {count_words(int(decides.sum()), 'choice')} that could have been made otherwise."
    parts.append(
        f"Say beside the segments why the choice fell as it did, and rest no decision on {units} that change sides."
    )
    return Callout("caution", title, " ".join(part for part in parts if part))


def _say_same(same: pd.Series) -> str:
    """How many of the other choices of method, answers, scale and people give the same segments."""
    if same.empty:
        return ""
    return (
        f"{count_words(len(same), 'other choice')} {'was' if len(same) == 1 else 'were'} tried, one at a time, and "
        f"{_all_or(int(same.sum()), len(same))} the same segments in substance (adjusted Rand index of {SAME:.2f} or more, and every "
        f"segment found again with an overlap of {MUCH:.2f} or more: units in both as a share of those in either)."
    )


def _say_lost(overlaps: pd.DataFrame) -> list[str]:
    """A sentence for each published segment without a counterpart under some choice, naming the choices."""
    lost = overlaps[overlaps["overlap"] < MUCH]
    return [
        f"{segment} has no counterpart (overlap below {MUCH:.2f}) under "
        f"{join_words(f'“{row.choice}” ({row.overlap:.2f})' for row in part.itertuples())}."
        for segment, part in lost.groupby("segment", sort=True)
    ]


def _other_methods(case: _Case, published: pd.Series) -> Iterator[dict[str, object]]:
    from .methods import METHODS_BY_NAME

    levels = set(case.encoder.levels.values())
    for method in OTHERS:
        if method == case.solution.method or method not in METHODS_BY_NAME or not levels <= METHODS[method]:
            continue
        yield _row(case, METHOD_WORDS[method], "method", published, method=method)


def _other_scalings(case: _Case, published: pd.Series) -> Iterator[dict[str, object]]:
    for words, options in (
        ("scaled by median and quartiles", {"scaling": "robust"}),
        (f"extremes cut at {WINSORISED:.0%} either end", {"winsorise": WINSORISED}),
    ):
        try:
            encoder = fit_encoder(case.values, case.study.base, **options)
        except ParameterError as error:
            yield _not_tried(case, words, "scaling", str(error))
            continue
        yield _row(case, words, "scaling", published, encoded=encoder.encode(case.values))


def _other_answers(case: _Case, published: pd.Series, scores: pd.DataFrame | None) -> Iterator[dict[str, object]]:
    """Survey means the other way: as answered instead of centred, or centred instead of as answered."""
    names = [] if scores is None else [v.name for v in case.study.base if f"{v.name}.raw" in scores.columns]
    if len(names) < 2:
        return
    centred = {case.study.variable(name).centre == "respondent" for name in names}
    for way, words in (("raw", "answers as given"), ("centred", "answers less the person's own mean")):
        if centred == {way == "centred"}:
            continue
        values = swap_centring(case.values, scores, case.study, way)
        yield _row(case, words, "style", published, encoded=fit_encoder(values, case.study.base).encode(values))


def _other_people(case: _Case, published: pd.Series, membership: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Weights left out; gaps filled, so that everybody placed forms the segments."""
    if case.weights is not None:
        yield _row(case, "every unit counted once (no weights)", "weights", published, weighted=False)
    placed = membership["segment"].dropna()
    gaps = case.encoded.reindex(placed.index)
    if not gaps.isna().any(axis=None):
        return
    words = f"gaps filled ({IMPUTATIONS} draws), everybody placed forms the segments"
    if "nominal" in case.encoder.levels.values():
        yield _not_tried(case, words, "gaps", "draws of a nominal variable are not defined here")
        return
    seeds = spawn_seeds(case.choices.random_state, "gaps", size=IMPUTATIONS)
    try:
        filled = [case.partition(draw_missing(gaps, np.random.default_rng(seed))) for seed in seeds]
    except (ParameterError, DataContractError) as error:
        yield _not_tried(case, words, "gaps", _first_line(error))
        return
    compared = [compare_partitions(placed, labels, choices=case.choices) for labels in filled]
    overlaps = pd.concat([measure_overlaps(one.table) for one in compared], axis=1).mean(axis=1)
    yield _told(case, words, "gaps", _pool(compared, case.choices), len(case.solution.segments), overlaps)


def _other_search(case: _Case, published: pd.Series, comparison: pd.DataFrame | None) -> Iterator[dict[str, object]]:
    seed = case.choices.random_state + 1
    again = _Case(**{**case.__dict__, "choices": case.choices.model_copy(update={"random_state": seed})})
    yield _row(again, f"another random state ({seed})", "search", published)
    k = len(case.solution.segments)
    others = None if comparison is None else comparison[comparison.index != k]
    if others is not None and len(others):
        runner_up = int((others["ari_mean"] + others["jaccard_min"]).idxmax())
        words = f"{runner_up} segments (the next most stable number)"
        yield _row(case, words, "number", published, segments=runner_up)


def _row(case: _Case, words: str, kind: str, published: pd.Series, **changes: object) -> dict[str, object]:
    try:
        labels = case.partition(**changes)
    except (ParameterError, DataContractError) as error:
        return _not_tried(case, words, kind, _first_line(error))
    agreement = compare_partitions(published, labels, choices=case.choices)
    return _told(case, words, kind, agreement, int(labels.nunique()), measure_overlaps(agreement.table))


def _told(
    case: _Case, words: str, kind: str, agreement: Agreement, segments: int, overlaps: pd.Series
) -> dict[str, object]:
    numbers = {"ari": agreement.value, "lower": agreement.lower, "upper": agreement.upper, "n": agreement.n}
    reading = read_agreement(agreement.value)
    if kind == "number" and agreement.value >= SAME:
        reading = (
            "the same core, cut once more"
            if segments > len(case.solution.segments)
            else "the same core, cut less often"
        )
    lost = overlaps.index[overlaps < MUCH]
    if len(lost) and agreement.value >= MUCH:
        start = "much the same people together" if agreement.value >= SAME else "borders move"
        reading = f"{start}, but {join_words(lost)} {'has' if len(lost) == 1 else 'have'} no counterpart"
    least = {"weakest": str(overlaps.idxmin()), "overlap": float(overlaps.min())} if len(overlaps) else {}
    told = {"choice": words, "kind": kind, "segments": segments, **numbers, **_NOBODY, **least}
    return {**told, "reading": reading, "reason": "", "overlaps": overlaps}


def _not_tried(case: _Case, words: str, kind: str, reason: str) -> dict[str, object]:
    nothing: Mapping[str, float] = dict.fromkeys(("ari", "lower", "upper"), float("nan"))
    segments = len(case.solution.segments)
    told = {"choice": words, "kind": kind, "segments": segments, **nothing, "n": 0, **_NOBODY}
    return {**told, "reading": "", "reason": reason}


def _pool(found: list[Agreement], choices: Choices) -> Agreement:
    """Mean over the draws of the gaps; the interval holds the draws of units within them."""
    random = np.random.default_rng(choices.random_state)
    drawn = []
    for one in found:
        counts = one.table.to_numpy(float)
        tables = random.multinomial(one.n, counts.ravel() / counts.sum(), size=choices.draws // len(found))
        drawn.append(rand_indices(tables.reshape(-1, *counts.shape)))
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    value = float(np.mean([one.value for one in found]))
    return Agreement(value, float(low), float(high), found[0].n, found[0].table)


def _first_line(error: Exception) -> str:
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip()]
    return lines[1] if isinstance(error, DataContractError) and len(lines) > 1 else lines[0]


def _named(rows: pd.DataFrame) -> str:
    return join_words(f"“{row.choice}” ({row.ari:.2f})" for row in rows.itertuples())


def _all_or(count: int, total: int) -> str:
    if count == total:
        return "each gives" if total > 1 else "it gives"
    return f"{count or 'none'} of them {'gives' if count <= 1 else 'give'}"
