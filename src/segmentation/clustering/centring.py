"""Segments from answers as given, beside segments from answers less each person's own mean."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..display import Callout, Reading, Table
from ..features.encoder import fit_encoder
from ..features.table import FeatureTable, feature_values
from ..study import Study
from ..words import join_words, source_words
from .agreement import MUCH, SAME, Agreement, compare_partitions, match_labels, measure_overlaps
from .solution import assign_segments, fit_segments

__all__ = ["CentredComparison", "compare_centred", "describe_centred", "swap_centring", "tabulate_centred"]


@dataclass(frozen=True)
class CentredComparison:
    """Two solutions with the same number of segments, from the same people.

    Attributes
    ----------
    agreement : Agreement or None
        Rows: segments from answers as given; columns: from answers less the person's mean; both under the published ids they share
        most units with. None if it could not be compared.
    segments : int
    variables : tuple of str
        Base variables that were scored both ways.
    kept : tuple of str
        Base variables that are the same in both solutions.
    published : str
        Which of the two the study uses: "raw", "centred", or "both" where it centres some variables only.
    reason : str
        Why nothing was compared; empty otherwise.
    """

    agreement: Agreement | None
    segments: int
    variables: tuple[str, ...]
    kept: tuple[str, ...]
    published: str
    reason: str = ""

    @property
    def lost(self) -> pd.Series:
        """Segments of the published way with an overlap (Jaccard) below .60 with every segment of the other way."""
        if self.agreement is None:
            return pd.Series(dtype=float, name="overlap")
        table = self.agreement.table
        overlaps = measure_overlaps(table.T if self.published == "centred" else table)
        return overlaps[overlaps < MUCH].sort_values(kind="stable")


def swap_centring(features: FeatureTable | pd.DataFrame, scores: pd.DataFrame, study: Study, way: str) -> pd.DataFrame:
    """Feature values in which every survey mean of the base is taken one way.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
    scores : pandas.DataFrame
        As ``score_both_ways`` gives them: columns ``NAME.raw`` and ``NAME.centred``.
    study : Study
    way : {"raw", "centred"}

    Returns
    -------
    pandas.DataFrame
        A copy; other columns as they were.
    """
    values = feature_values(features)
    names = _both_ways(scores, study)
    changed = {name: scores[f"{name}.{way}"].reindex(values.index) for name in names}
    return values.assign(**{name: column.where(values[name].notna()) for name, column in changed.items()})


def compare_centred(
    features: FeatureTable | pd.DataFrame,
    scores: pd.DataFrame,
    study: Study,
    *,
    segments: int,
    membership: pd.DataFrame | None = None,
) -> CentredComparison:
    """Fit the base twice, once with survey means as answered and once less the person's own mean.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index unit.
    scores : pandas.DataFrame
        As ``score_both_ways`` gives them.
    study : Study
        Its base variables; those not from survey means are the same in both.
    segments : int
        Number of segments of both.
    membership : pandas.DataFrame, optional
        Published: index unit; column segment (and basis, of which "fitted" is used). Where the study takes all survey means one way,
        these labels stand for that way and it is not fitted again. Default: the way of the study, or raw where it has both, keeps the
        ids it is fitted with.

    Returns
    -------
    CentredComparison
        With a reason and no agreement if the study has no survey means in its base.

    Raises
    ------
    ParameterError
        If there are fewer different people than segments.

    Notes
    -----
    Centring (ipsatising) takes real differences in level away with the style, and makes the scores sum to nearly nothing, so it is a
    second look beside the first and no correction of it. A fit numbers its segments anew; here each takes the published id it shares
    most units with, one to one, so that the diagonal of the table holds those who stay.
    """
    names = _both_ways(scores, study)
    kept = tuple(v.name for v in study.base if v.name not in names)
    ways = {study.variable(name).centre for name in names}
    published = "both" if len(ways) > 1 else {"none": "raw", "respondent": "centred"}.get(next(iter(ways), ""), "")
    if len(names) < 2:
        reason = "fewer than two base variables are means of survey items, so there is nothing to centre"
        return CentredComparison(None, segments, names, kept, published, reason)
    found = {}
    for way in ("raw", "centred"):
        values = swap_centring(features, scores, study, way)
        encoded = fit_encoder(values, study.base).encode(values).dropna()
        if way == published and membership is not None:
            found[way] = _published(membership).reindex(encoded.index)
            continue
        solution = fit_segments(encoded, segments, choices=study.choices, name=way)
        found[way] = assign_segments(solution, encoded)["segment"]
    kept_ids = found["centred" if published == "centred" else "raw"] if membership is None else _published(membership)
    found = {way: match_labels(kept_ids, labels) for way, labels in found.items()}
    agreement = compare_partitions(found["raw"], found["centred"], choices=study.choices)
    return CentredComparison(agreement, segments, names, kept, published)


def tabulate_centred(
    comparison: CentredComparison, *, units: str = "units", source: str = "", min_cell: int = 10
) -> Table:
    """Who of each raw segment is in which centred one; cells of 1 to ``min_cell`` - 1 withheld."""
    nothing = f"Raw and centred answers cannot be compared: {comparison.reason}." if comparison.reason else ""
    if comparison.agreement is None:
        return Table(pd.DataFrame(), "Answers as given, and less the person's own mean.", empty=nothing)
    counts = comparison.agreement.table
    shown = counts.astype(object).where((counts >= min_cell) | (counts == 0), f"under {min_cell}")
    shown = shown.set_axis([f"centred {name}" for name in counts.columns], axis=1)
    shown = (
        shown.set_axis([f"raw {name}" for name in counts.index], axis=0)
        .rename_axis("from answers as given")
        .reset_index()
    )
    caption = (
        f"People by segment from answers as given (rows) and from answers less each person's own mean (columns), {comparison.segments} "
        f"segments each. n = {comparison.agreement.n:,} {units}.{source_words(source)}"
    )
    note = f"Cells of 1 to {min_cell - 1} are withheld. Every segment has the id of the published one it shares most {units} with."
    return Table(shown, caption, note=note)


def describe_centred(comparison: CentredComparison, study: Study) -> Reading | Callout:
    """Whether the habit of ticking high or low decides who is with whom.

    Parameters
    ----------
    comparison : CentredComparison
    study : Study

    Returns
    -------
    Reading or Callout
        A caution if the two solutions differ in substance, absent if they could not be compared.
    """
    if comparison.agreement is None:
        return Callout("absent", f"Raw and centred answers cannot be compared: {comparison.reason}.")
    found = comparison.agreement
    names = join_words(f"“{study.variable(name).words}”" for name in comparison.variables)
    same = f" The other {len(comparison.kept)} base variables are the same in both." if comparison.kept else ""
    which = {
        "raw": "The segments of this report are formed from answers as given.",
        "centred": "The segments of this report are formed from answers less each person's own mean.",
        "both": "This report centres some of these variables and not others.",
    }[comparison.published]
    text = (
        f"Two solutions with {comparison.segments} segments were formed from the same {found.n:,} {study.units}: one from the answers to "
        f"{names} as given, one from the same answers less each person's own mean.{same} They agree to {found.value:.2f} (adjusted Rand "
        f"index: 1 the same division, 0 what chance gives; 95 % interval {found.lower:.2f} to {found.upper:.2f}). {which}"
    )
    if found.value >= MUCH and len(comparison.lost):
        return _say_lost(text, comparison.lost)
    if found.value >= SAME:
        return Reading([f"{text} How high people tick does not decide who is with whom."])
    if found.value >= MUCH:
        return Reading([f"{text} How high people tick moves borders, and the core of the segments stays."])
    title = "How high people tick decides much of who is with whom."
    advice = "Decide, by what the segments are for, whether the level of the answers is an opinion or a habit, and say so beside them."
    return Callout("caution", title, f"{text} {advice}")


def _say_lost(text: str, lost: pd.Series) -> Callout:
    """Much the same people together, and yet a segment that the other way does not have."""
    one = len(lost) == 1
    said = join_words(f"{name} ({value:.2f})" for name, value in lost.items())
    gone = (
        f"{said} {'has' if one else 'have'} no counterpart in the other solution: the overlap, units in both as a share of those in "
        f"either, is below {MUCH:.2f} with each of its segments."
    )
    advice = f"Say so beside {'this segment' if one else 'these segments'}, and rest no decision on who is in {'it' if one else 'them'}."
    return Callout("caution", "How high people tick decides what some segments are.", f"{text} {gone} {advice}")


def _published(membership: pd.DataFrame) -> pd.Series:
    """Published segment of the units that formed the segments."""
    labels = membership["segment"]
    return labels.where(membership["basis"] == "fitted") if "basis" in membership.columns else labels


def _both_ways(scores: pd.DataFrame, study: Study) -> tuple[str, ...]:
    names = [variable.name for variable in study.base]
    return tuple(name for name in names if {f"{name}.raw", f"{name}.centred"} <= set(scores.columns))
