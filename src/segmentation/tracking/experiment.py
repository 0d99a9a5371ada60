"""Experiments by segment: were the arms as planned, did the message work, for whom, and whom did it harm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import DataContractError, ParameterError, Violation
from ..messaging.rates import order_segments, withhold_small
from ..qualitative.intervals import adjust_p_values, newcombe_interval, wilson_interval
from ..study import Study
from .declared import Experiment, load_experiments
from .exposures import read_exposures
from .numbers import compare_rates, detectable_difference, measure_heterogeneity, sample_ratio_p, shrink_lifts

__all__ = [
    "EFFECT_COLUMNS", "ExperimentResult", "analyse_experiment", "analyse_experiments", "stack_experiments",
]  # fmt: skip

SRM_ALARM = 0.001
ARM_COLUMNS = ("segment", "arm", "n", "successes", "rate", "lower", "upper", "withheld")
EFFECT_COLUMNS = (
    "segment", "arm", "n_control", "n_arm", "rate_control", "rate_arm", "lift", "lower", "upper", "p", "q", "shrunk",
    "shrunk_lower", "shrunk_upper", "detectable", "verdict",
)  # fmt: skip


_LIFT = (
    "lift",
    "lift_lower",
    "lift_upper",
    "p",
    "q",
    "shrunk",
    "shrunk_lower",
    "shrunk_upper",
    "detectable",
    "verdict",
)
_HETEROGENEITY = ("arm", "q", "p", "i2", "tau", "segments")


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment or campaign shows.

    Attributes
    ----------
    experiment : Experiment
    arms : pandas.DataFrame
        segment (and "all"), arm, n, successes, rate with 95 % Wilson interval, withheld.
    effects : pandas.DataFrame
        Columns ``EFFECT_COLUMNS``: one row a segment (and "all") and arm other than control: rates, lift (difference in
        shares) with Newcombe's interval, p, q (false discovery rate over segments), shrunk lift with interval, the
        smallest difference these numbers of units would have found four times in five, verdict. Empty when not
        randomised.
    srm : pandas.DataFrame
        segment (and "all"), p: how surprising the sizes of the arms are given the plan; alarm below .001. Empty when
        not randomised.
    heterogeneity : pandas.DataFrame
        arm, q, p, i2, tau, segments: whether lifts differ between segments. Empty when not randomised.
    left_out : mapping of str to int
        Reason to number of rows or units that were not counted.
    notes : tuple of str
        What a reader should know, in sentences.
    alpha : float
        Level of the false discovery control.
    """

    experiment: Experiment
    arms: pd.DataFrame
    effects: pd.DataFrame
    srm: pd.DataFrame
    heterogeneity: pd.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    alpha: float = 0.05

    @property
    def alarm(self) -> bool:
        """Whether the sizes of the arms, over everybody, are not what chance would give."""
        return bool((self.srm.loc[self.srm["segment"] == "all", "p"] < SRM_ALARM).any())

    def as_table(self) -> pd.DataFrame:
        """One tidy table to store: a row an experiment, segment and arm, with the effect where there is one."""
        renamed = self.effects.rename(columns={"lower": "lift_lower", "upper": "lift_upper"})
        table = self.arms.merge(renamed[["segment", "arm", *_LIFT]], on=["segment", "arm"], how="left")
        numbers = [column for column in _LIFT if column != "verdict"]
        table[numbers] = table[numbers].astype(float)
        table["verdict"] = table["verdict"].astype("str")
        table.insert(0, "experiment", self.experiment.id)
        return table.assign(randomised=self.experiment.randomised)


def analyse_experiments(
    study: Study, membership: pd.DataFrame | None, *, alpha: float = 0.05
) -> tuple[ExperimentResult, ...]:
    """Every experiment that a study names, analysed by ``analyse_experiment``.

    Parameters
    ----------
    study : Study
    membership : pandas.DataFrame or None
        Segments from before the exposures.
    alpha : float
        False discovery rate over segments.

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
        assignment, outcomes = read_exposures(experiment, unit=study.unit)
        cell = study.choices.min_cell
        results.append(analyse_experiment(experiment, assignment, outcomes, membership, alpha=alpha, min_cell=cell))
    return tuple(results)


def stack_experiments(results: Sequence[ExperimentResult]) -> pd.DataFrame:
    """One tidy table of all experiments to store; empty with the same columns when there is none.

    Parameters
    ----------
    results : sequence of ExperimentResult

    Returns
    -------
    pandas.DataFrame
        experiment, segment, arm, n, successes, rate with interval, withheld, lift with interval, p, q, shrunk lift with
        interval, detectable, verdict, randomised.
    """
    if results:
        return pd.concat([result.as_table() for result in results], ignore_index=True)
    return pd.DataFrame(columns=["experiment", *ARM_COLUMNS, *_LIFT, "randomised"])


def analyse_experiment(
    experiment: Experiment,
    assignment: pd.DataFrame,
    outcomes: pd.DataFrame,
    membership: pd.DataFrame | None,
    *,
    alpha: float = 0.05,
    min_cell: int = 10,
) -> ExperimentResult:
    """Compare the arms as units were assigned, whether or not they took notice (intention to treat), by segment.

    Parameters
    ----------
    experiment : Experiment
    assignment : pandas.DataFrame
        Columns unit, arm, assigned_at.
    outcomes : pandas.DataFrame
        Columns unit, outcome, occurred_at; units that did nothing have no row.
    membership : pandas.DataFrame or None
        Segments from *before* the exposure: index unit, column ``segment``. A segment measured afterwards may itself
        be an effect of the experiment. None when no earlier ones are known: then everybody is looked at together.
    alpha : float
        False discovery rate over segments.
    min_cell : int
        Segments with fewer units in an arm are withheld and not judged.

    Returns
    -------
    ExperimentResult
        For a campaign that was not randomised only ``arms`` is filled.

    Raises
    ------
    ParameterError
        If a table lacks a column.
    DataContractError
        If a randomised experiment has an arm without any unit.
    """
    if membership is None:
        membership = pd.DataFrame({"segment": pd.Series(dtype="str")})
    _check_columns(assignment, outcomes, membership)
    units, left_out = _count_successes(experiment, assignment, outcomes)
    units["segment"] = membership["segment"].reindex(units.index).astype(object)
    unplaced = int(units["segment"].isna().sum())
    if unplaced and unplaced < len(units):
        left_out["units without a segment before the exposure, counted only over everybody"] = unplaced
    segments = order_segments(units["segment"].dropna())
    if experiment.randomised:
        empty = [arm for arm in experiment.arms if not (units["arm"] == arm).any()]
        if empty:
            file = experiment.assignment.name
            raise DataContractError([Violation("no unit in this arm", file, column="arm", value=arm) for arm in empty])
    arms = _tabulate_arms(experiment, units, segments, min_cell)
    notes = _note_gaps(experiment, arms)
    shown = arms.drop(columns="small")
    hidden = shown["withheld"]
    shown.loc[hidden, ["successes", "rate", "lower", "upper"]] = math.nan
    if not experiment.randomised:
        empty_frames = [
            pd.DataFrame(columns=list(names)) for names in (EFFECT_COLUMNS, ("segment", "p"), _HETEROGENEITY)
        ]
        return ExperimentResult(experiment, shown, *empty_frames, left_out, notes, alpha)
    effects, heterogeneity = _measure_effects(experiment, arms, alpha)
    srm = pd.DataFrame([{"segment": s, "p": _ratio_p(experiment, arms, s)} for s in [*segments, "all"]])
    return ExperimentResult(experiment, shown, effects, srm, heterogeneity, left_out, notes, alpha)


def _check_columns(assignment: pd.DataFrame, outcomes: pd.DataFrame, membership: pd.DataFrame) -> None:
    needs = (("assignment", assignment, ("unit", "arm", "assigned_at")),
             ("outcomes", outcomes, ("unit", "outcome", "occurred_at")), ("membership", membership, ("segment",)))  # fmt: skip
    for name, table, columns in needs:
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise ParameterError(
                f"{name} needs the columns {', '.join(missing)}; got {', '.join(map(str, table.columns))}"
            )


def _count_successes(
    experiment: Experiment, assignment: pd.DataFrame, outcomes: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Units with arm and success; and what was not counted."""
    left_out: dict[str, int] = {}
    arms = assignment.groupby("unit")["arm"].nunique()
    both = arms.index[arms > 1]
    if len(both):
        left_out["units in two arms, counted in none"] = len(both)
    kept = assignment[~assignment["unit"].isin(both)]
    first = kept.sort_values("assigned_at", kind="stable").drop_duplicates("unit")
    if len(kept) > len(first):
        left_out["repeated assignments of a unit to the same arm, the first counted"] = len(kept) - len(first)
    units = first.set_index("unit")[["arm", "assigned_at"]].sort_index()
    wanted = outcomes[outcomes["outcome"] == experiment.outcome]
    start = units["assigned_at"].reindex(wanted["unit"]).to_numpy()
    days = (wanted["occurred_at"].to_numpy() - start) / np.timedelta64(1, "D")
    reasons = {
        "outcomes of units that were not assigned": np.isnan(days) & ~wanted["unit"].isin(both).to_numpy(),
        "outcomes before the assignment": days < 0,
        f"outcomes after the window of {experiment.window_days} days": days >= experiment.window_days,
    }
    left_out |= {reason: int(rows.sum()) for reason, rows in reasons.items() if rows.any()}
    counted = set(wanted["unit"].to_numpy()[(days >= 0) & (days < experiment.window_days)])
    units["success"] = units.index.isin(counted)
    return units, left_out


def _tabulate_arms(experiment: Experiment, units: pd.DataFrame, segments: list[str], min_cell: int) -> pd.DataFrame:
    rows = []
    for segment in [*segments, "all"]:
        inside = units if segment == "all" else units[units["segment"] == segment]
        for arm in experiment.arms:
            n, k = int((inside["arm"] == arm).sum()), int(inside.loc[inside["arm"] == arm, "success"].sum())
            rows.append((segment, arm, n, k, k / n if n else math.nan, *wilson_interval(k, n)))
    arms = pd.DataFrame(rows, columns=[c for c in ARM_COLUMNS if c != "withheld"])
    arms = withhold_small(arms, base="n", by=["arm"], hide=[], min_cell=min_cell)
    arms["small"] = arms["n"] < min_cell
    arms["successes"] = arms["successes"].astype(float)
    return arms


def _note_gaps(experiment: Experiment, arms: pd.DataFrame) -> tuple[str, ...]:
    gaps = arms[(arms["n"] == 0) & (arms["segment"] != "all")]
    notes = tuple(f"{row.segment} has no unit in arm {row.arm}." for row in gaps.itertuples())
    if (arms["segment"] == "all").all():
        return (*notes, "No segments from before the exposure are known, so everybody is looked at together.")
    return notes


def _ratio_p(experiment: Experiment, arms: pd.DataFrame, segment: str) -> float:
    counts = arms[arms["segment"] == segment].set_index("arm")["n"]
    return sample_ratio_p([counts[arm] for arm in experiment.arms], list(experiment.arms.values()))


def _measure_effects(experiment: Experiment, arms: pd.DataFrame, alpha: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    counts = arms.set_index(["segment", "arm"])
    rows = []
    for segment in arms["segment"].unique():
        control = counts.loc[(segment, experiment.control)]
        for arm in experiment.arms:
            if arm != experiment.control:
                rows.append(_effect_row(str(segment), arm, control, counts.loc[(segment, arm)]))
    effects = pd.DataFrame(rows)
    judged = (effects["segment"] != "all") & effects["verdict"].isna()
    effects["q"] = adjust_p_values(effects["p"].where(judged))
    shrunk = ["shrunk", "shrunk_lower", "shrunk_upper"]
    effects[shrunk] = math.nan
    heterogeneity = []
    for arm in (name for name in experiment.arms if name != experiment.control):
        chosen = effects.index[judged & (effects["arm"] == arm)]
        lifts, errors = effects.loc[chosen, "lift"], effects.loc[chosen, "error"]
        q, p, i2 = measure_heterogeneity(lifts, errors)
        tau = math.nan
        if len(chosen):
            found = shrink_lifts(lifts, errors)
            effects.loc[chosen, shrunk] = np.column_stack([found.lift, found.lower, found.upper])
            tau = found.tau
        heterogeneity.append((arm, q, p, i2, tau, len(chosen)))
    effects["verdict"] = [_judge(row, alpha) for row in effects.itertuples()]
    return effects[list(EFFECT_COLUMNS)], pd.DataFrame(heterogeneity, columns=list(_HETEROGENEITY))


def _effect_row(segment: str, arm: str, control: pd.Series, treated: pd.Series) -> dict[str, object]:
    row: dict[str, object] = {"segment": segment, "arm": arm, "n_control": control["n"], "n_arm": treated["n"]}
    if control["withheld"] or treated["withheld"] or not control["n"] or not treated["n"]:
        blank = ("rate_control", "rate_arm", "lift", "lower", "upper", "p", "error", "detectable")
        verdict = "too few units" if control["small"] or treated["small"] else "withheld"
        return row | dict.fromkeys(blank, math.nan) | {"verdict": verdict}
    k0, n0, k1, n1 = int(control["successes"]), int(control["n"]), int(treated["successes"]), int(treated["n"])
    lower, upper = newcombe_interval(k1, n1, k0, n0)
    # one success and one failure added to each arm, so that 0 of n has an error too (Agresti and Caffo, 2000)
    smooth = [((k + 1) / (n + 2), n + 2) for k, n in ((k0, n0), (k1, n1))]
    error = math.sqrt(sum(rate * (1 - rate) / n for rate, n in smooth))
    return row | {
        "rate_control": k0 / n0, "rate_arm": k1 / n1, "lift": k1 / n1 - k0 / n0, "lower": lower, "upper": upper,
        "p": compare_rates(k0, n0, k1, n1), "error": error, "detectable": detectable_difference(k0 / n0, n0, n1),
        "verdict": None,
    }  # fmt: skip


def _judge(row: object, alpha: float) -> str:
    if row.verdict is not None:  # type: ignore[attr-defined]
        return row.verdict  # type: ignore[attr-defined]
    chance = row.p if row.segment == "all" else row.q  # type: ignore[attr-defined]
    if chance <= alpha:
        return "helped" if row.lift > 0 else "harmed"  # type: ignore[attr-defined]
    return "points to harm" if row.upper < 0 else "no clear difference"  # type: ignore[attr-defined]
