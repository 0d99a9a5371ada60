"""The analysis of experiments: everybody as assigned, by segment, persona and channel, at the planned looks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from ..errors import DataContractError, Violation
from ..messaging.rates import order_segments
from ..period import Period
from ..study import Study
from .effects import EFFECT_COLUMNS, HETEROGENEITY, measure_arms, measure_effects, split_units
from .experiment import ExperimentResult, odd_sizes
from .exposures import read_exposures
from .looks import measure_looks
from .numbers import sample_ratio_p
from .registration import Experiment, load_experiments
from .strata import NO_PERSONA, NOT_KNOWN, Strata, choose_basis, find_strata, split_personas
from .units import count_outcomes, place_units
from .verdicts import judge_together

__all__ = ["analyse_experiment", "analyse_experiments"]

NO_CHANCE = 0.001  # an arm that is empty with a smaller chance than this was not left so by chance


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
        Variables of the quarter before, by unit: for covariates, and to tell which units speak for which persona.
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
    results, strata = [], None
    for experiment in load_experiments(study):
        if period is not None and experiment.started and pd.Timestamp(experiment.started) >= period.end:
            continue
        assignment, outcomes = read_exposures(experiment, unit=study.unit)
        strata = strata or find_strata(study, membership, features)
        results.append(
            analyse_experiment(
                experiment, add_covariate(experiment, assignment, features, study), outcomes, membership, alpha=alpha,
                min_cell=study.choices.min_cell, period=period, strata=strata,
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
    strata: Strata | None = None,
) -> ExperimentResult:
    """Compare the arms as units were assigned, whether or not they took notice (intention to treat), by segment and persona.

    Parameters
    ----------
    experiment : Experiment
    assignment : pandas.DataFrame
        Columns unit, arm, assigned_at; cluster, channel, persona, covariate where known.
    outcomes : pandas.DataFrame
        Columns unit, outcome, occurred_at and those the metric adds up; units that did nothing have no row.
    membership : pandas.DataFrame or None
        Segments from *before* the exposure: index unit, column ``segment``. A segment measured afterwards may itself
        be an effect of the experiment. None when no earlier ones are known: then everybody is looked at together.
    alpha : float
        Error rate over segments and personas, unless the experiment or its family names one.
    min_cell : int
        Segments and personas with fewer units in an arm are withheld and not judged.
    period : Period, optional
        As ``analyse_experiments``.
    strata : Strata, optional
        Units by persona, from before the exposure, where the assignment does not name them.

    Returns
    -------
    ExperimentResult
        For a campaign that was not randomised only ``arms`` is filled.

    Raises
    ------
    ParameterError
        If a table lacks a column.
    DataContractError
        If a randomised experiment has an arm without any unit, or without any in a segment or persona where chance would hardly leave
        it empty; a unit is in two arms, an outcome lies before its exposure, a segment it names does not exist.
    """
    until = None if period is None else pd.Timestamp(period.end)
    units, left_out = count_outcomes(experiment, assignment, outcomes, until=until)
    start = None if period is None else pd.Timestamp(period.start)
    units = place_units(experiment, units, left_out, membership, measured_until=start)
    segments = order_segments(units["segment"].dropna())
    if experiment.segments:
        segments = [name for name in segments if name in experiment.segments]
    parts = split_units(units, "segment", segments)
    arms = measure_arms(experiment, parts, min_cell=min_cell)
    shown = arms.drop(columns=["small", "least"])
    shown.loc[shown["withheld"], ["successes", "rate", "lower", "upper"]] = math.nan
    notes = _note_gaps(experiment, arms, units, segments)
    result = ExperimentResult(experiment, shown, left_out=left_out, notes=notes, alpha=alpha)
    if not experiment.randomised:
        return result
    people, strata = split_personas(experiment, units, strata)
    _check_arms(experiment, parts, people)
    result = _compare_cuts(result, parts, people, strata, min_cell)
    result = _take_looks(result, assignment, outcomes, parts | people, until)
    return judge_together([result])[0]


def _compare_cuts(
    result: ExperimentResult,
    parts: Mapping[str, pd.DataFrame],
    people: Mapping[str, pd.DataFrame],
    strata: Strata,
    min_cell: int,
) -> ExperimentResult:
    """The result with differences by segment, persona and channel; nothing where the arms are not of the planned sizes."""
    experiment, units, tested = result.experiment, parts["all"], [n for n in people if n not in (NO_PERSONA, NOT_KNOWN)]
    cuts = parts | {name: people[name] for name in tested}
    srm = pd.DataFrame([{"segment": name, "p": _ratio_p(experiment, inside)} for name, inside in cuts.items()])
    odd = odd_sizes(srm)
    unread = {*parts, *people} if "all" in odd else {*odd, *(n for n in tested if strata.homes.get(n) in odd)}
    arms = measure_arms(experiment, parts, min_cell=min_cell)
    effects, spread = measure_effects(experiment, parts, arms, unread=unread)
    found = replace(result, effects=effects, heterogeneity=spread, srm=srm, names=strata.names)
    if tested:
        arms = measure_arms(experiment, people, min_cell=min_cell, shared=True)
        options = {"unread": unread, "untested": (NO_PERSONA, NOT_KNOWN), "shared": True}
        effects, spread = measure_effects(experiment, people, arms, **options)
        several = int(pd.concat([people[name]["arm"] for name in tested]).index.value_counts().gt(1).sum())
        found = replace(found, personas=effects, persona_spread=spread, several=several)
    basis = choose_basis(experiment, people, strata, min_cell=min_cell)
    channels, between = _by_channel(experiment, units, min_cell, alarm="all" in odd)
    return replace(found, channels=channels, channel_spread=between, basis=basis)


def _take_looks(
    result: ExperimentResult,
    assignment: pd.DataFrame,
    outcomes: pd.DataFrame,
    cuts: Mapping[str, pd.DataFrame],
    until: pd.Timestamp | None,
) -> ExperimentResult:
    """The result with the looks that have come, its error rate, and whether the end has."""
    experiment = result.experiment
    level = experiment.alpha or (result.alpha if experiment.family is None else experiment.rule.alpha)
    ended = [day for day in (experiment.ended, *(look.day for look in experiment.looks)) if day is not None]
    finished = until is None or not ended or pd.Timestamp(max(ended)) < until
    if not result.alarm:
        asked = ("all", *dict.fromkeys(cut for cut, _ in result.basis.values()))
        inside = {name: cuts[name] for name in asked if name in cuts}
        unread = result.unread
        looks = measure_looks(experiment, assignment, outcomes, inside, alpha=level, until=until, unread=unread)
        result = replace(result, looks=looks)
    return replace(result, alpha=level, finished=finished)


def _check_arms(experiment: Experiment, parts: Mapping[str, pd.DataFrame], people: Mapping[str, pd.DataFrame]) -> None:
    """Every arm has units, and has some in every segment and persona that is too large for chance to leave it empty there."""
    file, broken = experiment.assignment.name, []
    kinds = [("segment", name, inside) for name, inside in parts.items()]
    kinds += [("persona", name, inside) for name, inside in people.items() if name not in (NO_PERSONA, NOT_KNOWN)]
    for arm, share in experiment.arms.items():
        if not (parts["all"]["arm"] == arm).any():
            broken.append(Violation("no unit in this arm", file, column="arm", value=arm))
            continue
        for kind, name, inside in kinds:
            drawn = inside["cluster"].nunique() if "cluster" in inside else len(inside)
            if not (inside["arm"] == arm).any() and (1 - share) ** drawn < NO_CHANCE:
                fix = f"Take the {kind} out of what is judged, or find out why none was assigned"
                what = f"no unit of {kind} {name} in this arm ({len(inside)} in the others)"
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


def _ratio_p(experiment: Experiment, inside: pd.DataFrame) -> float:
    what = inside.drop_duplicates("cluster") if "cluster" in inside else inside
    counts = what["arm"].value_counts()
    return sample_ratio_p([int(counts.get(arm, 0)) for arm in experiment.arms], list(experiment.arms.values()))


def _by_channel(
    experiment: Experiment, units: pd.DataFrame, min_cell: int, *, alarm: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if "channel" not in units.columns or units["channel"].nunique() < 2:
        return pd.DataFrame(columns=list(EFFECT_COLUMNS)), pd.DataFrame(columns=list(HETEROGENEITY))
    names = sorted(set(units["channel"]))
    parts = split_units(units, "channel", names)
    arms = measure_arms(experiment, parts, min_cell=min_cell)
    return measure_effects(experiment, parts, arms, unread=parts if alarm else ())
