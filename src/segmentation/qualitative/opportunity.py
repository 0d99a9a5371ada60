"""Jobs to be done that matter and are badly served: opportunity scores within each segment (Ulwick)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..errors import DataContractError, ParameterError, Violation, nearest_word
from ..features.survey import expand_items, latest_answers, plain_value, rows_words
from ..features.table import source_files
from ..sources import canonical_table
from ..study import Job, Study
from ..words import count_words

__all__ = ["COLUMNS", "EVERYBODY", "RANGES", "JobScores", "job_answers", "opportunity_score", "score_jobs"]

COLUMNS = [
    "job", "statement", "kind", "code", "segment", "n", "importance", "satisfaction", "opportunity", "lower", "upper",
    "gap", "gap_lower", "gap_upper", "reading", "withheld",
]  # fmt: skip
EVERYBODY = "all"
RANGES = (("extreme", 15.0), ("high", 12.0), ("worth a look", 10.0))
NONE, OVERSERVED = "no opportunity", "over-served"
CELLS = 4_000_000  # resampled answers held at once


@dataclass(frozen=True)
class JobScores:
    """Opportunity of every job in every segment.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a job and segment, everybody first (segment "all"): job (its importance item), statement, kind, code, segment, n (units
        that rated both importance and satisfaction), importance, satisfaction (0 to 10: ten times the share with one of the two
        highest answers), opportunity (0 to 20) with lower and upper (bootstrap interval over respondents; NaN where all answered
        alike), gap (importance less satisfaction) with its interval, reading (extreme, high, worth a look, no opportunity, or
        over-served where the whole interval of the gap lies below 0), withheld (bool: fewer than ``min_cell`` units; no figures).
    jobs : tuple of Job
        As declared in the study.
    n : int
        Units that rated any job.
    unsegmented : int
        Those of them of unknown segment, who count for everybody only.
    formed : tuple of str
        Jobs (importance items) rated by items that had a part in forming the segments.
    draws, random_state, min_cell : int
    weighted : bool
    coverage : float
    units, source : str
    """

    table: pd.DataFrame
    jobs: tuple[Job, ...] = ()
    n: int = 0
    unsegmented: int = 0
    formed: tuple[str, ...] = ()
    draws: int = 0
    random_state: int = 0
    min_cell: int = 10
    weighted: bool = False
    coverage: float = 0.95
    units: str = "units"
    source: str = ""

    @property
    def segments(self) -> list[str]:
        """Segments in order, everybody left out."""
        return [name for name in self.table["segment"].unique() if name != EVERYBODY]


def opportunity_score(importance: float, satisfaction: float) -> float:
    """Importance, plus what satisfaction lacks of it.

    Parameters
    ----------
    importance, satisfaction : float
        0 to 10: ten times the share of people with one of the two highest answers.

    Returns
    -------
    float
        0 to 20.

    Raises
    ------
    ParameterError
        If a score is not between 0 and 10.

    Notes
    -----
    Ulwick, What Customers Want (2005). Satisfaction beyond importance takes nothing away.

    Examples
    --------
    >>> opportunity_score(8.0, 3.0), opportunity_score(4.0, 9.0)
    (13.0, 4.0)
    """
    if not 0 <= importance <= 10 or not 0 <= satisfaction <= 10:
        raise ParameterError(f"importance and satisfaction must be between 0 and 10; got {importance}, {satisfaction}")
    return importance + max(importance - satisfaction, 0.0)


def job_answers(data: Dataset, study: Study) -> pd.DataFrame:
    """The latest answer of each unit to the items of the study's jobs; careless answers are left out.

    Parameters
    ----------
    data : Dataset
    study : Study
        With ``jobs``.

    Returns
    -------
    pandas.DataFrame
        Index unit, a float column for each item, NaN where not answered. No rows without jobs or without a survey.

    Raises
    ------
    DataContractError
        With every item the survey does not have and every answer that is no number or outside the scale of its job.

    Examples
    --------
    >>> from segmentation.period import Period
    >>> from segmentation.sources.example import tiny_study
    >>> job_answers(Dataset("tiny", "company_id", Period.parse("2026Q3"), {}, ()), tiny_study()).shape
    (0, 0)
    """
    items = {item: job for job in study.jobs for item in (job.importance, job.satisfaction)}
    if not items or "survey" not in data:
        return pd.DataFrame(columns=list(items), dtype=float).rename_axis(study.unit)
    name = min(key for key in study.sources if canonical_table(study, key) == "survey")
    file = source_files(data, name)
    answers = latest_answers(data["survey"], study, file=file)
    violations = [*answers.violations]
    for item, job in items.items():
        if item not in answers.responses.columns:
            fix = (
                nearest_word(item, answers.responses.columns)
                or "Name it as the export does, or in columns of the survey"
            )
            violations.append(Violation(f"no such item (job {job.statement!r})", file, column=item, fix=fix))
            continue
        given = answers.responses[item]
        wrong = given.notna() & ~pd.to_numeric(given, errors="coerce").astype(float).between(*job.scale)
        if wrong.any() and item not in {violation.column for violation in answers.violations}:
            message = f"{count_words(int(wrong.sum()), 'answer')} outside the scale of the job"
            low, high = job.scale
            fix = "Correct the scale of the job, or declare the code for missing answers"
            value, allowed = plain_value(given[wrong].iloc[0]), f"{low:g} to {high:g}"
            violations.append(Violation(message, file, rows_words(given.index[wrong]), item, value, allowed, fix))
    if violations:
        raise DataContractError(violations)
    believed = answers.believed
    return pd.DataFrame({item: pd.to_numeric(believed[item]).astype(float) for item in items}, index=believed.index)


def score_jobs(
    answers: pd.DataFrame,
    membership: pd.DataFrame | pd.Series,
    study: Study,
    *,
    draws: int | None = None,
    weights: pd.Series | None = None,
    source: str = "",
) -> JobScores:
    """Opportunity of every job within every segment, with its uncertainty.

    Parameters
    ----------
    answers : pandas.DataFrame
        Index unit; the items of the study's jobs, as ``job_answers`` gives them.
    membership : pandas.DataFrame or pandas.Series
        Index unit; column (or values) segment.
    study : Study
        Its ``jobs``; its choices give draws, random_state and min_cell.
    draws : int, optional
        Bootstrap draws, at least 100; default: the study's.
    weights : pandas.Series, optional
        Index unit; units without a positive weight are left out.
    source : str
        Files for captions.

    Returns
    -------
    JobScores
        With an empty table where nobody rated a job.

    Raises
    ------
    ParameterError
        If draws are too few, unit ids repeat, or an item is not among the answers.

    Notes
    -----
    A job is scored on those who rated both its importance and its satisfaction, so that both shares have one base. Respondents are
    resampled whole within the segment; limits are percentiles. Because what satisfaction exceeds does not count, resampling pushes
    scores near importance = satisfaction up a little. 10, 12 and 15 are conventions of Ulwick's, no tests.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> job = Job(statement="Get paid on time", importance="imp", satisfaction="sat")
    >>> study = tiny_study().model_copy(update={"jobs": (job,)})
    >>> ids = [f"u{number}" for number in range(20)]
    >>> answers = pd.DataFrame({"imp": [5, 4, 4, 4, 1] * 4, "sat": [1, 2, 3, 4, 1] * 4}, index=ids)
    >>> table = score_jobs(answers, pd.Series("S1", index=ids), study).table.set_index("segment")
    >>> table.loc["S1", ["importance", "satisfaction", "opportunity"]].tolist()
    [8.0, 2.0, 14.0]
    """
    draws = study.choices.draws if draws is None else draws
    if draws < 100:
        raise ParameterError(f"draws must be at least 100; got {draws}")
    rated, weight = _rated(answers, study, weights)
    given = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    segment = given.set_axis(given.index.astype(str)).astype("string").reindex(rated.index)
    known = given.dropna().astype(str)
    names = [EVERYBODY, *sorted(known.unique(), key=lambda name: (len(name), name))] if len(rated) else []
    rows = []
    for name in names:
        inside = np.ones(len(rated), bool) if name == EVERYBODY else (segment == name).fillna(False).to_numpy(bool)
        random = np.random.default_rng([study.choices.random_state, zlib.crc32(name.encode())])
        rows += _score(rated[inside], weight[inside], study, name, (draws, random))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"n": int, "withheld": bool})
    return JobScores(
        table, study.jobs, len(rated), int(segment.isna().sum()), _formed(study, answers), draws,
        study.choices.random_state, study.choices.min_cell, weights is not None, 0.95, study.units, source,
    )  # fmt: skip


def _rated(answers: pd.DataFrame, study: Study, weights: pd.Series | None) -> tuple[pd.DataFrame, np.ndarray]:
    """Answers of those who rated any job, in order of their ids, and their weights."""
    items = [item for job in study.jobs for item in (job.importance, job.satisfaction)]
    lacking = [item for item in items if item not in answers.columns]
    if lacking:
        hint = nearest_word(lacking[0], answers.columns)
        raise ParameterError(f"the answers lack {', '.join(map(repr, lacking))}. {hint}".strip())
    if not answers.index.is_unique:
        twice = answers.index[answers.index.duplicated()][0]
        raise ParameterError(f"unit ids must be unique; {twice!r} stands more than once")
    table = answers[items].astype(float)
    table = table.set_axis(table.index.astype(str), axis=0).sort_index()
    weight = pd.Series(1.0, index=table.index)
    if weights is not None:
        weight = weights.set_axis(weights.index.astype(str)).astype(float).reindex(table.index).fillna(0.0)
    both = [(table[job.importance].notna() & table[job.satisfaction].notna()) for job in study.jobs]
    kept = (pd.concat(both, axis=1).any(axis=1) if both else pd.Series(False, index=table.index)) & (weight > 0)
    return table[kept], weight[kept].to_numpy()


def _formed(study: Study, answers: pd.DataFrame) -> tuple[str, ...]:
    items = {item for variable in study.base for item in expand_items(variable, list(answers.columns))}
    return tuple(job.importance for job in study.jobs if {job.importance, job.satisfaction} & items)


def _score(
    rated: pd.DataFrame, weight: np.ndarray, study: Study, segment: str, sampling: tuple[int, np.random.Generator]
) -> list[tuple[object, ...]]:
    """Rows of one segment."""
    both, important, satisfied = _top_boxes(rated, study)
    n = both.sum(axis=0).astype(int)
    shown = n >= study.choices.min_cell
    figures = _figures(*(weight @ part for part in (both, important, satisfied)))
    limits = np.full((2, 2, len(n)), np.nan)  # opportunity and gap; lower and upper; jobs
    if shown.any():
        drawn = _resample(weight, (both, important, satisfied), *sampling)
        limits[..., shown] = np.nanquantile(drawn[..., shown], [0.025, 0.975], axis=1).transpose(1, 0, 2)
    rows: list[tuple[object, ...]] = []
    for place, job in enumerate(study.jobs):
        told = (job.importance, job.statement, job.kind, job.code, segment, int(n[place]))
        if not shown[place]:
            rows.append((*told, *[np.nan] * 8, "", True))
            continue
        one, other, score, gap = (float(part[place]) for part in figures)
        interval = [tuple(map(float, pair)) if pair[1] > pair[0] else (np.nan, np.nan) for pair in limits[:, :, place]]
        reading = OVERSERVED if interval[1][1] < 0 else read_score(round(score, 1))  # as it is shown
        rows.append((*told, one, other, score, *interval[0], gap, *interval[1], reading, False))
    return rows


def read_score(opportunity: float) -> str:
    """The range a score falls in, by convention.

    Examples
    --------
    >>> [read_score(score) for score in (15.1, 15.0, 12.0, 11.9, 9.99)]
    ['extreme', 'high', 'high', 'worth a look', 'no opportunity']
    """
    if opportunity > RANGES[0][1]:
        return RANGES[0][0]
    return next((word for word, least in RANGES[1:] if opportunity >= least), NONE)


def _top_boxes(rated: pd.DataFrame, study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who rated both items, who found it important, who is satisfied: three arrays of shape (units, jobs) of 0 and 1."""
    importance = rated[[job.importance for job in study.jobs]].to_numpy(float)
    satisfaction = rated[[job.satisfaction for job in study.jobs]].to_numpy(float)
    top = np.array([job.scale[1] - 1 for job in study.jobs])
    both = ~np.isnan(importance) & ~np.isnan(satisfaction)
    return both.astype(float), (both & (importance >= top)).astype(float), (both & (satisfaction >= top)).astype(float)


def _figures(
    base: np.ndarray, important: np.ndarray, satisfied: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Importance, satisfaction, opportunity and gap from sums of weights; NaN where nobody rated."""
    base = np.where(base > 0, base, np.nan)
    one, other = 10 * important / base, 10 * satisfied / base
    return one, other, one + np.maximum(one - other, 0), one - other


def _resample(weight: np.ndarray, parts: tuple[np.ndarray, ...], draws: int, random: np.random.Generator) -> np.ndarray:
    """Opportunity and gap of resampled respondents, shape (2, draws, jobs)."""
    n, found = len(weight), []
    step = max(1, CELLS // n)
    for start in range(0, draws, step):
        times = random.multinomial(n, np.full(n, 1 / n), size=min(step, draws - start)) * weight
        _, _, score, gap = _figures(*(times @ part for part in parts))
        found.append(np.stack([score, gap]))
    return np.concatenate(found, axis=1)
