"""One row a unit as it was assigned: its arm, what it did within the window, and what is known from before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import DataContractError, ParameterError, Violation, nearest_word
from .estimates import ArmData
from .exposures import check_exposures
from .registration import Experiment

__all__ = ["arm_data", "count_outcomes", "place_units"]

_NEEDS = (("assignment", ("unit", "arm", "assigned_at")), ("outcomes", ("unit", "outcome", "occurred_at")))


def count_outcomes(
    experiment: Experiment, assignment: pd.DataFrame, outcomes: pd.DataFrame, *, until: pd.Timestamp | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """What every unit did within the window after it was assigned, whether or not it took notice (intention to treat).

    Parameters
    ----------
    experiment : Experiment
    assignment, outcomes : pandas.DataFrame
        As ``read_exposures`` returns them.
    until : pandas.Timestamp, optional
        The state of affairs at this moment: later assignments and outcomes are not counted.

    Returns
    -------
    DataFrame, dict
        Index unit: arm, assigned_at, value, base (1 unless the metric is a ratio), and cluster, channel, persona, covariate where known;
        and what was not counted, by reason.

    Raises
    ------
    ParameterError
        If a table lacks a column.
    DataContractError
        If a unit is in two arms, an outcome lies before its exposure, a denominator is negative.
    """
    for (name, columns), table in zip(_NEEDS, (assignment, outcomes), strict=True):
        columns = (*columns, *experiment.summed) if name == "outcomes" else columns
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise ParameterError(
                f"{name} needs the columns {', '.join(missing)}; got {', '.join(map(str, table.columns))}"
            )
    broken = check_exposures(experiment, assignment, outcomes)
    if broken:
        raise DataContractError(broken)
    left_out: dict[str, int] = {}
    if until is not None:
        assignment, outcomes = assignment[assignment["assigned_at"] < until], outcomes[outcomes["occurred_at"] < until]
    first = assignment.sort_values("assigned_at", kind="stable").drop_duplicates("unit")
    if len(assignment) > len(first):
        left_out["repeated assignments of a unit to the same arm, the first counted"] = len(assignment) - len(first)
    keep = ["arm", "assigned_at", "cluster", "channel", "persona", "covariate"]
    units = first.set_index("unit")[[column for column in keep if column in first.columns]].sort_index()
    wanted = outcomes[outcomes["outcome"] == experiment.outcome]
    start = units["assigned_at"].reindex(wanted["unit"]).to_numpy()
    days = (wanted["occurred_at"].to_numpy() - start) / np.timedelta64(1, "D")
    reasons = {
        "outcomes of units that were not assigned": np.isnan(days),
        f"outcomes after the window of {experiment.window_days} days": days >= experiment.window_days,
    }
    left_out |= {reason: int(rows.sum()) for reason, rows in reasons.items() if rows.any()}
    counted = wanted[(days >= 0) & (days < experiment.window_days)]
    if experiment.metric == "binary":
        return units.assign(value=units.index.isin(set(counted["unit"])).astype(float), base=1.0), left_out
    sums = (
        counted.groupby("unit")[list(dict.fromkeys(experiment.summed))]
        .sum()
        .astype(float)
        .reindex(units.index)
        .fillna(0.0)
    )
    names = experiment.summed
    return units.assign(value=sums[names[0]], base=sums[names[1]] if len(names) > 1 else 1.0), left_out


def place_units(
    experiment: Experiment,
    units: pd.DataFrame,
    left_out: dict[str, int],
    membership: pd.DataFrame | None,
    *,
    measured_until: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Add the segment that each unit had *before* it was exposed; a later one may itself come from the experiment.

    Parameters
    ----------
    experiment : Experiment
    units : pandas.DataFrame
        As ``count_outcomes`` returns it.
    left_out : dict
        Gets a count of those without such a segment.
    membership : pandas.DataFrame or None
        Index unit (or cluster, where the experiment names one), column ``segment``.
    measured_until : pandas.Timestamp, optional
        Moment up to which the segments were measured; units assigned earlier have none from before.

    Returns
    -------
    pandas.DataFrame
        Units with ``segment`` (missing where none is known) and ``key``, the id by which segments know the unit: its own, or
        its cluster's.

    Raises
    ------
    DataContractError
        If the experiment names a segment that does not exist.
    """
    known = pd.Series(dtype="str") if membership is None else membership["segment"]
    by_cluster = experiment.cluster is not None and not units.index.isin(known.index).any()
    keys = units["cluster"] if by_cluster and "cluster" in units.columns else units.index.to_series()
    segment = pd.Series(known.reindex(keys.to_numpy()).to_numpy(), index=units.index, dtype=object)
    if measured_until is not None:
        segment = segment.where(units["assigned_at"] >= measured_until)
    existing = sorted(set(known.dropna().astype(str)))
    strange = [name for name in experiment.segments if existing and name not in existing]
    if strange:
        what, where, allowed = "no such segment before the exposure", f"{experiment.id}.segments", ", ".join(existing)
        raise DataContractError(
            [
                Violation(what, "experiments.yaml", None, where, name, allowed, nearest_word(name, existing))
                for name in strange
            ]
        )
    missing = int(segment.isna().sum())
    if missing and missing < len(units):
        left_out["units without a segment before the exposure, counted only over everybody"] = missing
    return units.assign(segment=segment, key=keys.to_numpy())


def arm_data(units: pd.DataFrame, arm: str, *, ratio: bool) -> ArmData:
    """Values of one arm for ``estimate_lift``."""
    rows = units[units["arm"] == arm]
    return ArmData(
        rows["value"].to_numpy(float),
        rows["base"].to_numpy(float) if ratio else None,
        rows["covariate"].to_numpy(float) if "covariate" in rows else None,
        rows["cluster"].to_numpy() if "cluster" in rows else None,
    )
