"""Experiments by segment: were the arms as planned, did the message work, for whom, and whom did it harm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from ..errors import DataContractError, Violation
from ..messaging.rates import order_segments
from ..period import Period
from ..qualitative.intervals import adjust_p_values
from ..study import Study
from .effects import ARM_COLUMNS, EFFECT_COLUMNS, HETEROGENEITY, joint_interval, measure_arms, measure_effects
from .exposures import read_exposures
from .looks import LOOK_COLUMNS, measure_looks
from .numbers import sample_ratio_p
from .registration import Experiment, load_experiments
from .units import count_outcomes, place_units

__all__ = [
    "EFFECT_COLUMNS", "ExperimentResult", "analyse_experiment", "analyse_experiments", "holm_p_values", "judge_together",
    "stack_experiments",
]  # fmt: skip

SRM_ALARM = 0.001
_LIFT = (
    "lift", "lift_lower", "lift_upper", "p", "q", "cuped", "cuped_lower", "cuped_upper", "r2", "valid_lower", "valid_upper",
    "shrunk", "shrunk_lower", "shrunk_upper", "detectable", "verdict",
    "joint_lower", "joint_upper", "coverage", "tests",
)  # fmt: skip


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment or campaign shows.

    Attributes
    ----------
    experiment : Experiment
    arms : pandas.DataFrame
        segment (and "all"), arm, n, successes (or sum), rate (or mean, or ratio) with 95 % interval, withheld.
    effects : pandas.DataFrame
        Columns ``EFFECT_COLUMNS``: one row a segment (and "all") and arm other than control: rates, lift (difference) with
        interval, p, q (false discovery rate over the family), the same with the covariate taken out (cuped, with its r2), the
        interval that holds however often anybody looked (valid), shrunk lift with interval, the smallest difference these
        numbers of units would have found four times in five, verdict: helped, harmed, points to harm, no clear difference; goes
        on (the end has not come and no limit was passed), not read (the arms are not of the planned sizes; no numbers), nothing
        varied, too few units, withheld. Where looks were planned, everybody and the segments looked at are named only if they
        passed a limit; and the interval the verdict rests on (joint), with its
        coverage and the number of tests it is wide enough for. Empty when not randomised.
    srm : pandas.DataFrame
        segment (and "all"), p: how surprising the sizes of the arms are given the plan; alarm below .001. Empty when
        not randomised.
    heterogeneity : pandas.DataFrame
        arm, q, p, i2, tau, segments: whether lifts differ between segments; standardised: lift if arms had the same mix of
        segments; reversed: whether the raw one points the other way. Empty when not randomised.
    channels : pandas.DataFrame
        As ``effects``, with the channel in the column ``segment``. Empty without channels.
    channel_spread : pandas.DataFrame
        As ``heterogeneity``, between channels.
    looks : pandas.DataFrame
        Columns ``LOOK_COLUMNS``: planned looks that have come, over everybody and in segments that something was predicted of.
        Empty where the arms are not of the planned sizes.
    left_out : mapping of str to int
        Reason to number of rows or units that were not counted.
    notes : tuple of str
        What a reader should know, in sentences.
    alpha : float
        Error rate of the family.
    tests : int
        Tests of the family.
    finished : bool
        Whether the planned end has come.
    """

    experiment: Experiment
    arms: pd.DataFrame
    effects: pd.DataFrame
    srm: pd.DataFrame
    heterogeneity: pd.DataFrame
    channels: pd.DataFrame
    channel_spread: pd.DataFrame
    looks: pd.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    alpha: float = 0.05
    tests: int = 0
    finished: bool = True

    @property
    def alarm(self) -> bool:
        """Whether the sizes of the arms, over everybody, are not what chance would give."""
        return "all" in _odd(self.srm)

    def as_table(self) -> pd.DataFrame:
        """One tidy table to store: a row an experiment, segment and arm, with the effect where there is one."""
        renamed = self.effects.rename(columns={"lower": "lift_lower", "upper": "lift_upper"})
        table = self.arms.merge(renamed[["segment", "arm", *_LIFT]], on=["segment", "arm"], how="left")
        numbers = [column for column in _LIFT if column != "verdict"]
        table[numbers] = table[numbers].astype(float)
        table["verdict"] = table["verdict"].astype("str")
        table.insert(0, "experiment", self.experiment.id)
        return table.assign(
            randomised=self.experiment.randomised,
            metric=self.experiment.metric,
            finished=self.finished,
            alarm=self.alarm,
        )


def analyse_experiments(
    study: Study,
    membership: pd.DataFrame | None,
    *,
    period: Period | None = None,
    features: pd.DataFrame | None = None,
    alpha: float = 0.05,
) -> tuple[ExperimentResult, ...]:
    """Every experiment that a study names and that has begun, analysed by ``analyse_experiment`` and judged by family.

    Parameters
    ----------
    study : Study
    membership : pandas.DataFrame or None
        Segments from before the exposures.
    period : Period, optional
        Quarter of the report: what came after its end is not counted, and segments (of the quarter before) are from before the
        exposure only for units assigned in it.
    features : pandas.DataFrame, optional
        Variables of the quarter before, by unit, for covariates.
    alpha : float
        Error rate of experiments that name neither their own nor a family.

    Returns
    -------
    tuple of ExperimentResult
        Empty when the study names none.

    Raises
    ------
    StudyError, DataContractError
        If a file is not what it should be.
    """
    results = []
    for experiment in load_experiments(study):
        if period is not None and experiment.started and pd.Timestamp(experiment.started) >= period.end:
            continue
        assignment, outcomes = read_exposures(experiment, unit=study.unit)
        results.append(
            analyse_experiment(
                experiment, add_covariate(experiment, assignment, features, study), outcomes, membership, alpha=alpha,
                min_cell=study.choices.min_cell, period=period,
            )
        )  # fmt: skip
    return judge_together(results)


def add_covariate(
    experiment: Experiment, assignment: pd.DataFrame, features: pd.DataFrame | None, study: Study
) -> pd.DataFrame:
    """Assignment with the column ``covariate`` from last quarter's variables, where it does not bring its own.

    Raises
    ------
    DataContractError
        If neither the assignment nor the study knows the covariate, or it is not a number.
    """
    name = experiment.covariate
    if name is None or "covariate" in assignment.columns:
        return assignment
    variables = {variable.name: variable for variable in study.variables}
    if name not in variables or variables[name].level == "nominal":
        what = "no such column of the assignment, and no variable of the study with numbers"
        able = ", ".join(v.name for v in study.variables if v.level != "nominal")
        raise DataContractError([Violation(what, "experiments.yaml", None, f"{experiment.id}.covariate", name, able)])
    if features is None or name not in features.columns:
        return assignment
    keys = assignment[
        "unit" if assignment["unit"].isin(features.index).any() or "cluster" not in assignment else "cluster"
    ]
    values = pd.to_numeric(features[name], errors="coerce").reindex(keys.to_numpy())
    return assignment.assign(covariate=values.to_numpy(float))


def analyse_experiment(
    experiment: Experiment,
    assignment: pd.DataFrame,
    outcomes: pd.DataFrame,
    membership: pd.DataFrame | None,
    *,
    alpha: float = 0.05,
    min_cell: int = 10,
    period: Period | None = None,
) -> ExperimentResult:
    """Compare the arms as units were assigned, whether or not they took notice (intention to treat), by segment.

    Parameters
    ----------
    experiment : Experiment
    assignment : pandas.DataFrame
        Columns unit, arm, assigned_at; cluster, channel, covariate where known.
    outcomes : pandas.DataFrame
        Columns unit, outcome, occurred_at and those the metric adds up; units that did nothing have no row.
    membership : pandas.DataFrame or None
        Segments from *before* the exposure: index unit, column ``segment``. A segment measured afterwards may itself
        be an effect of the experiment. None when no earlier ones are known: then everybody is looked at together.
    alpha : float
        Error rate over segments, unless the experiment or its family names one.
    min_cell : int
        Segments with fewer units in an arm are withheld and not judged.
    period : Period, optional
        As ``analyse_experiments``.

    Returns
    -------
    ExperimentResult
        For a campaign that was not randomised only ``arms`` is filled.

    Raises
    ------
    ParameterError
        If a table lacks a column.
    DataContractError
        If a randomised experiment has an arm without any unit, or without any in one of its segments; a unit is in two arms, an
        outcome lies before its exposure, a segment it names does not exist.
    """
    until = None if period is None else pd.Timestamp(period.end)
    units, left_out = count_outcomes(experiment, assignment, outcomes, until=until)
    start = None if period is None else pd.Timestamp(period.start)
    units = place_units(experiment, units, left_out, membership, measured_until=start)
    segments = order_segments(units["segment"].dropna())
    if experiment.segments:
        segments = [name for name in segments if name in experiment.segments]
    if experiment.randomised:
        _check_arms(experiment, units, segments, min_cell)
    arms = measure_arms(experiment, units, segments, by="segment", min_cell=min_cell)
    notes = _note_gaps(experiment, arms, units, segments)
    shown = arms.drop(columns=["small", "least"])
    shown.loc[shown["withheld"], ["successes", "rate", "lower", "upper"]] = math.nan
    if not experiment.randomised:
        columns = (EFFECT_COLUMNS, ("segment", "p"), HETEROGENEITY, EFFECT_COLUMNS, HETEROGENEITY, LOOK_COLUMNS)
        return ExperimentResult(
            experiment, shown, *(pd.DataFrame(columns=list(c)) for c in columns), left_out, notes, alpha
        )
    srm = pd.DataFrame([{"segment": s, "p": _ratio_p(experiment, units, s)} for s in [*segments, "all"]])
    odd = _odd(srm)
    unread = [*segments, "all"] if "all" in odd else odd
    effects, spread = measure_effects(experiment, units, arms, by="segment", unread=unread)
    channels, between = _by_channel(experiment, units, min_cell, alarm="all" in odd)
    level = experiment.alpha or (alpha if experiment.family is None else experiment.rule.alpha)
    if "all" in odd:
        looks = pd.DataFrame(columns=list(LOOK_COLUMNS))
    else:
        looks = measure_looks(experiment, assignment, outcomes, units, alpha=level, until=until, unread=odd)
    ended = [day for day in (experiment.ended, *(look.day for look in experiment.looks)) if day is not None]
    finished = until is None or not ended or pd.Timestamp(max(ended)) < until
    found = ExperimentResult(
        experiment, shown, effects, srm, spread, channels, between, looks, left_out, notes, level,
        finished=finished,
    )  # fmt: skip
    return judge_together([found])[0]


def _check_arms(experiment: Experiment, units: pd.DataFrame, segments: Sequence[str], min_cell: int) -> None:
    """Every arm has units, and has some in every segment that is to be judged."""
    file, broken = experiment.assignment.name, []
    judged = {*experiment.segments, *(told[0] for told in experiment.told.values())}
    for arm in experiment.arms:
        inside = units[units["arm"] == arm]
        if inside.empty:
            broken.append(Violation("no unit in this arm", file, column="arm", value=arm))
            continue
        sizes = units.groupby("segment").size()
        for segment in segments:
            if not (inside["segment"] == segment).any() and (segment in judged or sizes[segment] >= 2 * min_cell):
                fix = "Take the segment out of `segments`, or find out why none was assigned"
                what = f"no unit of segment {segment} in this arm ({sizes[segment]} in the others)"
                broken.append(Violation(what, file, None, "arm", arm, "", fix))
    if broken:
        raise DataContractError(broken)


def _note_gaps(
    experiment: Experiment, arms: pd.DataFrame, units: pd.DataFrame, segments: Sequence[str]
) -> tuple[str, ...]:
    gaps = arms[(arms["n"] == 0) & (arms["segment"] != "all")]
    notes = [f"{row.segment} has no unit in arm {row.arm}." for row in gaps.itertuples()]
    if not len(segments):
        notes.append("No segments from before the exposure are known, so everybody is looked at together.")
    if "covariate" in units and units["covariate"].isna().any():
        missing, n = int(units["covariate"].isna().sum()), len(units)
        notes.append(
            f"For {missing:,d} of {n:,d} the figure from before is not known; they count with the mean of their arm, so that nobody "
            "assigned is lost."
        )
    return tuple(notes)


def _ratio_p(experiment: Experiment, units: pd.DataFrame, segment: str) -> float:
    inside = units if segment == "all" else units[units["segment"] == segment]
    what = inside.drop_duplicates("cluster") if "cluster" in inside else inside
    counts = what["arm"].value_counts()
    return sample_ratio_p([int(counts.get(arm, 0)) for arm in experiment.arms], list(experiment.arms.values()))


def _odd(srm: pd.DataFrame) -> list[str]:
    """Segments (and "all") whose arms are not the sizes chance would give."""
    return [str(row.segment) for row in srm.itertuples() if row.p < SRM_ALARM]


def _by_channel(
    experiment: Experiment, units: pd.DataFrame, min_cell: int, *, alarm: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if "channel" not in units.columns or units["channel"].nunique() < 2:
        return pd.DataFrame(columns=list(EFFECT_COLUMNS)), pd.DataFrame(columns=list(HETEROGENEITY))
    names = sorted(set(units["channel"]))
    arms = measure_arms(experiment, units, names, by="channel", min_cell=min_cell)
    return measure_effects(experiment, units, arms, by="channel", unread=[*names, "all"] if alarm else ())


def judge_together(results: Sequence[ExperimentResult]) -> tuple[ExperimentResult, ...]:
    """Judge segments, allowing for all the tests of a family: q values and verdicts.

    Parameters
    ----------
    results : sequence of ExperimentResult
        Those that share a family are read together; one without a family is its own. Everybody together is one test of each
        experiment and stands alone. Channels are a family of their own. Before its end an experiment says something only of
        whom a planned look has passed its limit; at the end a segment with planned looks has passed one and has a q in reach.

    Returns
    -------
    tuple of ExperimentResult
        In the same order, with ``q``, ``verdict``, ``alpha`` and ``tests`` filled in.
    """
    families: dict[str, list[int]] = {}
    for place, result in enumerate(results):
        families.setdefault(result.experiment.family or f"\n{place}", []).append(place)
    judged = list(results)
    for name, places in families.items():
        rule = results[places[0]].experiment.rule
        alpha = results[places[0]].alpha if name.startswith("\n") else rule.alpha
        adjust = holm_p_values if rule.control == "familywise" else adjust_p_values
        parts = [_judged(results[place].effects) for place in places]
        q = adjust(pd.concat(parts, keys=places)) if any(len(part) for part in parts) else None
        for place, part in zip(places, parts, strict=True):
            result = results[place]
            own = q.loc[place] if q is not None and len(part) else part
            passed, state = _passed(result), {"finished": result.finished}
            effects = _with_verdicts(
                result.effects, own, alpha, _joint_level(q, alpha, rule.control), passed=passed, **state
            )
            between = adjust_p_values(_judged(result.channels))
            channels = _with_verdicts(
                result.channels, between, alpha, _joint_level(between, alpha, "fdr"), passed={}, **state
            )
            tests = 0 if q is None else int(q.notna().sum())
            judged[place] = replace(result, effects=effects, channels=channels, alpha=alpha, tests=tests)
    return tuple(judged)


def _judged(effects: pd.DataFrame) -> pd.Series:
    kept = effects[(effects["segment"] != "all") & effects["lift"].notna()]
    return kept["p"].astype(float)


def _passed(result: ExperimentResult) -> dict[tuple[str, str], int]:
    """Segment and arm with planned looks to the side on which a limit was passed first: 1, -1, or 0 for none."""
    sides: dict[tuple[str, str], int] = {}
    if result.experiment.looks:
        sides = {("all", arm): 0 for arm in result.experiment.treated}
    for (segment, arm), rows in result.looks.groupby(["segment", "arm"], sort=False):
        crossed = rows[rows["crossed"].astype(bool)]
        sides[segment, arm] = 0 if crossed.empty else 1 if crossed["lift"].iloc[0] > 0 else -1
    return sides


def _with_verdicts(
    effects: pd.DataFrame,
    q: pd.Series,
    alpha: float,
    joint: tuple[float, int],
    *,
    finished: bool,
    passed: dict[tuple[str, str], int],
) -> pd.DataFrame:
    table = effects.copy()
    table["q"] = q.reindex(table.index).astype(float)
    sides = [passed.get((row.segment, row.arm)) for row in table.itertuples()]
    table["verdict"] = [_judge(*pair, alpha, finished) for pair in zip(table.itertuples(), sides, strict=True)]
    level, tests = joint
    levels = [alpha if segment == "all" else level for segment in table["segment"]]
    limits = [joint_interval(row, one) for row, one in zip(table.itertuples(), levels, strict=True)]
    table["joint_lower"], table["joint_upper"] = ([pair[side] for pair in limits] for side in (0, 1))
    table["coverage"] = [1 - one for one in levels]
    table["tests"] = [1.0 if segment == "all" else float(tests) for segment in table["segment"]]
    return table


def _joint_level(q: pd.Series | None, alpha: float, control: str) -> tuple[float, int]:
    """Error rate of each interval of a family, and for how many tests it is wide enough.

    Where false finds are counted, the interval that leaves out 0 exactly where the verdict does: with R of m tests called, each at R
    alpha / m (Benjamini and Yekutieli, 2005: of the intervals of what was called, at most alpha are expected to miss). Where no error
    at all is wanted, alpha / m (Bonferroni).

    Examples
    --------
    >>> _joint_level(pd.Series([0.003, 0.003, 0.7, 0.7, 0.7, 0.7]), 0.06, "fdr")
    (0.02, 6)
    >>> _joint_level(pd.Series([0.003, 0.7]), 0.05, "familywise"), _joint_level(None, 0.05, "fdr")
    ((0.025, 2), (0.05, 1))
    """
    tests = 0 if q is None else int(q.notna().sum())
    if q is None or not tests:
        return alpha, 1
    called = int((q <= alpha).sum()) if control != "familywise" else 1
    return alpha * max(called, 1) / tests, tests


def _judge(row: object, side: int | None, alpha: float, finished: bool) -> str:
    """Verdict of a row; ``side`` is that of the limit it passed, None where no looks were planned."""
    if pd.isna(row.lift):  # type: ignore[attr-defined]
        return row.verdict  # type: ignore[attr-defined]
    if not row.error > 0:  # type: ignore[attr-defined]
        return "nothing varied"
    named = "helped" if row.lift > 0 else "harmed"  # type: ignore[attr-defined]
    if not finished:
        return {1: "helped", -1: "harmed"}.get(side or 0, "goes on")
    chance = row.q if row.segment != "all" else row.p if side is None else 0.0  # type: ignore[attr-defined]
    if chance <= alpha and (side is None or side * row.lift > 0):  # type: ignore[attr-defined]
        return named
    return "points to harm" if row.upper < 0 else "no clear difference"  # type: ignore[attr-defined]


def holm_p_values(p: pd.Series) -> pd.Series:
    """Holm's (1979) adjusted p values: keeping those at or under 5 % errs anywhere with a chance of at most 5 %.

    Parameters
    ----------
    p : pandas.Series
        NaN where no test was possible.

    Returns
    -------
    pandas.Series
        On the same index.

    Examples
    --------
    >>> holm_p_values(pd.Series([0.01, 0.04, None, 0.03])).round(3).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    known = p.astype(float).dropna().sort_values(kind="stable")
    scaled = known.to_numpy() * range(len(known), 0, -1)
    known[:] = pd.Series(scaled).cummax().clip(upper=1.0).to_numpy()
    return known.reindex(p.index)


def stack_experiments(results: Sequence[ExperimentResult]) -> pd.DataFrame:
    """One tidy table of all experiments to store; empty with the same columns when there is none.

    Parameters
    ----------
    results : sequence of ExperimentResult

    Returns
    -------
    pandas.DataFrame
        experiment, segment, arm, n, successes, rate with interval, withheld, lift with interval, p, q, lift with the covariate
        taken out and its r2, always-valid interval, shrunk lift with interval, detectable, verdict, the interval that rests on (joint)
        with coverage and tests, randomised, metric, whether the end has come (finished), alarm (the arms are not the sizes chance
        would give).
    """
    if results:
        return pd.concat([result.as_table() for result in results], ignore_index=True)
    return pd.DataFrame(columns=["experiment", *ARM_COLUMNS, *_LIFT, "randomised", "metric", "finished", "alarm"])
