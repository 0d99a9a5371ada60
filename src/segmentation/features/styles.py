"""Response styles: how people use a rating scale, whatever it asks, and whether segments are made of nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..study import Choices, Study
from ..words import join_words, source_words
from .survey import JUDGED_FROM, SURVEY_MEASURES, Answers, latest_answers, rating_items, score_items
from .table import source_files

__all__ = [
    "StyleAssessment",
    "assess_styles",
    "describe_styles",
    "measure_styles",
    "score_both_ways",
    "tabulate_styles",
]

MEASURES = {
    "level": "height of the answers (0 the lowest box, 1 the highest)",
    "extremity": "share of answers in an end box",
    "spread": "how much a person's answers vary (standard deviation, scale 0 to 1)",
    "same": "share of answers in the person's favourite box",
}
SHORT = {"level": "how high they tick", "extremity": "how often they tick an end box", "spread": "how much they vary",
         "same": "how often they tick the same box"}  # fmt: skip
MOSTLY, PARTLY = 0.50, 0.14  # shares of a style's variance between segments; .14 is Cohen's (1988) large effect


@dataclass(frozen=True)
class StyleAssessment:
    """How much of the differences in answering style lie between segments.

    Attributes
    ----------
    table : pandas.DataFrame
        Index style measure (level, extremity, spread, same). Columns epsilon_squared (share of the variance of its ranks between
        segments, corrected for chance; 0 none, 1 all), lower, upper (95 % bootstrap interval), n.
    means : pandas.DataFrame
        Index segment; columns n and the mean of every measure. Segments with fewer than ``min_cell`` people are NaN.
    n : int
        People with a style and a segment.
    """

    table: pd.DataFrame
    means: pd.DataFrame
    n: int

    @property
    def strongest(self) -> str:
        """Measure with the largest share between segments."""
        return str(self.table["epsilon_squared"].idxmax())


def measure_styles(answers: Dataset | pd.DataFrame, study: Study) -> pd.DataFrame:
    """How each person uses the rating scales, over all rating items of the study.

    Parameters
    ----------
    answers : Dataset or pandas.DataFrame
        Canonical tables (the latest believed answer of each unit counts), or the items themselves, one row a unit.
    study : Study
        Its mean and top2 variables name the items and their scales.

    Returns
    -------
    pandas.DataFrame
        Index unit. items (answered), level (mean position on the scale, 0 to 1: acquiescence), extremity (share of answers in the
        lowest or highest box), spread (standard deviation of the positions), same (share of answers in the most used box; 1 is a
        straight line). NaN below three answers. No row without a survey.

    Examples
    --------
    >>> from types import SimpleNamespace as One
    >>> item = One(measure="mean", source="survey", items=("q_*",), scale=(1, 5))
    >>> study = One(variables=(item,), sources={"survey": One(format="qualtrics", canonical=None)}, unit="person")
    >>> measure_styles(pd.DataFrame({"q_1": [5, 3], "q_2": [5, 1], "q_3": [5, 5]}, index=["A", "B"]), study).round(2)
       items  level  extremity  spread  same
    A      3    1.0       1.00    0.00  1.00
    B      3    0.5       0.67    0.41  0.33
    """
    ratings = _ratings(answers, study)
    declared = rating_items(study, list(ratings.columns))
    items = [item for item in declared if item in ratings.columns]
    low = np.array([declared[item].scale[0] for item in items], float)
    high = np.array([declared[item].scale[1] for item in items], float)
    place = (ratings[items].to_numpy(float) - low) / (high - low)
    answered = (~np.isnan(place)).sum(axis=1)
    judged = answered >= JUDGED_FROM
    base = np.where(judged, answered, 1)
    known = np.nan_to_num(place)
    level = known.sum(axis=1) / base
    spread = np.sqrt((np.where(np.isnan(place), 0.0, place - level[:, None]) ** 2).sum(axis=1) / base)
    ends = ((place <= 1e-9) | (place >= 1 - 1e-9)).sum(axis=1) / base
    found = {"level": level, "extremity": ends, "spread": spread, "same": _favourite(ratings[items]) / base}
    table = pd.DataFrame({name: np.where(judged, values, np.nan) for name, values in found.items()}, ratings.index)
    table.insert(0, "items", answered.astype("int64"))
    return table


def score_both_ways(data: Dataset, study: Study) -> pd.DataFrame:
    """Scores of the study's survey means twice: as answered, and less the person's own mean.

    Parameters
    ----------
    data : Dataset
    study : Study

    Returns
    -------
    pandas.DataFrame
        Index unit; for each variable with ``measure: mean`` that forms segments, columns ``NAME.raw`` and ``NAME.centred``. Empty if
        there is none, or no survey.
    """
    used = {name for part in study.segmentations.values() for name in part.base}
    means = [v for v in study.variables if v.measure == "mean" and v.name in used]
    answers = _answers(data, study)
    if answers is None or not means:
        return pd.DataFrame(index=pd.Index([], name=study.unit, dtype="str"))
    columns = {}
    for variable in means:
        for name, centre in (("raw", "none"), ("centred", "respondent")):
            other = variable.model_copy(update={"centre": centre})
            columns[f"{variable.name}.{name}"] = score_items(answers, other, study)
    return pd.DataFrame(columns)


def assess_styles(styles: pd.DataFrame, membership: pd.DataFrame, *, choices: Choices) -> StyleAssessment:
    """Do segments differ in how people use the scale?

    Parameters
    ----------
    styles : pandas.DataFrame
        As ``measure_styles`` gives it.
    membership : pandas.DataFrame
        Index unit; column segment.
    choices : Choices
        ``draws``, ``random_state`` and ``min_cell`` are used.

    Returns
    -------
    StyleAssessment
        With n 0 and NaN throughout if nobody has both a style and a segment, or there is one segment only.

    Raises
    ------
    ParameterError
        If ``membership`` has no column segment.

    Notes
    -----
    Epsilon squared of ranks (Kruskal and Wallis's H / (n - 1), less what chance gives, Kelley 1935): for each measure the share of
    the differences between people that are differences between segments. Interval: 2.5 and 97.5 % points over bootstrap draws of people.
    """
    if "segment" not in membership.columns:
        raise ParameterError(f"membership needs a column segment; it has {', '.join(map(str, membership.columns))}")
    both = styles.join(membership["segment"], how="inner").dropna(subset=["segment", "level"])
    codes, ids = pd.factorize(both["segment"].astype(str), sort=True)
    means = both.groupby(both["segment"].astype(str))[list(MEASURES)].mean()
    sizes = pd.Series(np.bincount(codes, minlength=len(ids)), index=means.index)
    means = means.where(sizes >= choices.min_cell)
    means.insert(0, "n", sizes)
    nothing = pd.DataFrame(
        float("nan"), index=pd.Index(MEASURES, name="measure"), columns=["epsilon_squared", "lower", "upper"]
    )
    if len(ids) < 2 or len(both) <= len(ids) + 1:
        return StyleAssessment(nothing.assign(n=len(both)), means, 0)
    rows = {name: _share_between(both[name].to_numpy(float), codes, choices) for name in MEASURES}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(nothing.columns)).rename_axis("measure")
    return StyleAssessment(table.assign(n=len(both)), means.rename_axis("segment"), len(both))


def tabulate_styles(assessment: StyleAssessment, *, units: str = "units", source: str = "") -> Table:
    """Answering style by segment, and how much of it lies between segments."""
    frame = assessment.means.reset_index()
    shown = frame.assign(
        n=[f"{n:,}" if known else "withheld" for n, known in zip(frame["n"], frame["level"].notna(), strict=True)]
    )
    shares = assessment.table
    last = {"segment": "share between segments (95 % interval)", "n": f"{assessment.n:,}"}
    spans = {name: _span(shares.loc[name]) for name in MEASURES}
    cells = {name: [*(_two(value) for value in shown[name]), spans[name]] for name in MEASURES}
    rows = pd.DataFrame({"segment": [*shown["segment"], last["segment"]], "n": [*shown["n"], last["n"]], **cells})
    rows = rows.rename(
        columns={"level": "height", "extremity": "end boxes", "spread": "variation", "same": "favourite box"}
    )
    caption = (
        f"How people use the rating scales, by segment: means. n = {assessment.n:,} {units} with answers and a segment."
    )
    note = (
        "Height: 0 the lowest box, 1 the highest. End boxes: share of answers in the lowest or highest. Variation: standard deviation of a "
        "person's answers. Favourite box: share of answers in the box the person uses most (1 is a straight line). Share between segments: "
        "epsilon squared, 0 segments do not differ in it, 1 they differ in nothing else."
    )
    nothing = "Nobody has both rating answers and a segment, so answering styles cannot be compared."
    return Table(
        rows if assessment.n else rows.iloc[:0],
        caption + source_words(source),
        note=note,
        empty=nothing,
    )


def describe_styles(assessment: StyleAssessment, *, units: str = "units") -> Reading | Callout:
    """Whether segments are made of people, or of habits of ticking boxes.

    Parameters
    ----------
    assessment : StyleAssessment
    units : str

    Returns
    -------
    Callout
        A caution if most of a style's variance lies between segments, absent if nothing could be compared.
    Reading
        Otherwise.
    """
    if not assessment.n:
        return Callout(
            "absent", "There are no rating answers of people in segments, so answering styles cannot be compared."
        )
    row = assessment.table.loc[assessment.strongest]
    share, span = row["epsilon_squared"], f"95 % interval {row['lower']:.0%} to {row['upper']:.0%}"
    most = "less than 1%" if share < 0.01 else f"{share:.0%}"
    gloss = (
        "Some people tick high everywhere, some low, some only the ends: that is a style of answering and no opinion."
    )
    found = (
        f"Of the differences between {units} in {SHORT[assessment.strongest]}, {most} are differences between segments "
        f"({span}; n = {assessment.n:,})."
    )
    if row["lower"] >= MOSTLY:
        other = "the solution from answers less each person's own mean"
        advice = f"Before anybody reads needs into these segments, look at {other}, beside this one."
        return Callout(
            "caution", "The segments differ mostly in how people use the scale.", f"{gloss} {found} {advice}"
        )
    if row["lower"] >= PARTLY:
        partly = f"{gloss} {found} Part of what tells the segments apart is style; look at the centred solution beside this one."
        return Callout("caution", "The segments differ partly in how people use the scale.", partly)
    strong = assessment.table.index[assessment.table["epsilon_squared"] >= PARTLY]
    rest = (
        f" In {join_words(SHORT[name] for name in strong)} they may differ; the interval is too wide to say."
        if len(strong)
        else " So segments are not made of answering styles."
    )
    return Reading([f"{gloss} {found}{rest}"])


def _ratings(answers: Dataset | pd.DataFrame, study: Study) -> pd.DataFrame:
    if isinstance(answers, pd.DataFrame):
        return answers
    found = _answers(answers, study)
    return pd.DataFrame(index=pd.Index([], name=study.unit, dtype="str")) if found is None else found.believed


def _answers(data: Dataset, study: Study) -> Answers | None:
    sources = [v.source for v in study.variables if v.measure in SURVEY_MEASURES]
    if "survey" not in data or not rating_items(study, list(data["survey"].columns)):
        return None
    return latest_answers(data["survey"], study, file=source_files(data, min(sources)))


def _favourite(ratings: pd.DataFrame) -> np.ndarray:
    """How often each person used the box used most."""
    values = ratings.to_numpy(float)
    boxes = np.unique(values[~np.isnan(values)])
    counts = (
        np.column_stack([(values == box).sum(axis=1) for box in boxes]) if len(boxes) else np.zeros((len(values), 1))
    )
    return counts.max(axis=1)


def _share_between(values: np.ndarray, codes: np.ndarray, choices: Choices) -> tuple[float, float, float]:
    """Epsilon squared of the ranks and its bootstrap interval."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    n, k = len(ranks), codes.max() + 1
    if np.ptp(ranks) == 0:
        return 0.0, 0.0, 0.0
    members = np.eye(k)[codes]
    chance = (k - 1) / (n - 1)

    def shares(weights: np.ndarray, noise: float) -> np.ndarray:
        mass, sums = weights @ members, (weights * ranks) @ members
        mean, square = weights @ ranks / n, weights @ ranks**2 / n
        between = (np.divide(sums**2, mass, out=np.zeros_like(sums), where=mass > 0)).sum(axis=1) / n - mean**2
        eta = between / np.maximum(square - mean**2, 1e-12)
        return np.clip((eta - noise * chance) / (1 - noise * chance), 0.0, 1.0)

    random = np.random.default_rng(choices.random_state)
    draws = shares(random.multinomial(n, np.full(n, 1 / n), size=choices.draws).astype(float), 2.0)
    low, high = np.quantile(draws, [0.025, 0.975])
    value = float(shares(np.ones((1, n)), 1.0)[0])
    return value, min(float(low), value), max(float(high), value)


def _span(row: pd.Series) -> str:
    return "–" if np.isnan(row["lower"]) else f"{row['epsilon_squared']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})"


def _two(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
