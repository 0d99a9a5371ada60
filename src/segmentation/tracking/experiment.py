"""What an experiment shows by segment and persona: were the arms as planned, did the message work, for whom, whom did it harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from .effects import ARM_COLUMNS, EFFECT_COLUMNS, HETEROGENEITY
from .looks import LOOK_COLUMNS
from .registration import Experiment

__all__ = [
    "EFFECT_COLUMNS", "PERSONA_COLUMNS", "ExperimentResult", "list_results", "odd_sizes", "stack_experiments", "stack_personas",
]  # fmt: skip

SRM_ALARM = 0.001
_LIFT = (
    "lift", "lift_lower", "lift_upper", "p", "q", "cuped", "cuped_lower", "cuped_upper", "r2", "valid_lower", "valid_upper",
    "shrunk", "shrunk_lower", "shrunk_upper", "detectable", "verdict",
    "joint_lower", "joint_upper", "coverage", "tests",
)  # fmt: skip
PERSONA_COLUMNS = (
    "experiment",
    "persona",
    *(name for name in EFFECT_COLUMNS if name != "segment"),
    "metric",
    "finished",
)


def _blank(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


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
        varied, too few units, withheld, not tested. Where looks were planned, everybody and the segments looked at are named only if they
        passed a limit; and the interval the verdict rests on (joint), with its
        coverage and the number of tests it is wide enough for. Empty when not randomised.
    srm : pandas.DataFrame
        segment or persona (and "all"), p: how surprising the sizes of the arms are given the plan; alarm below .001. Empty
        when not randomised.
    heterogeneity : pandas.DataFrame
        arm, q, p, i2, tau, segments: whether lifts differ between segments; standardised: lift if arms had the same mix of
        segments; reversed: whether the raw one points the other way. Empty when not randomised.
    personas : pandas.DataFrame
        As ``effects``, with the persona's id in the column ``segment``: its own units, some of which may be those of another
        persona too; tests of the same family. Units of no persona, and those of whom nobody can tell, stand last: ``not tested``.
        Empty where no unit has a persona.
    persona_spread : pandas.DataFrame
        As ``heterogeneity``, between personas, with the units they share allowed for.
    channels : pandas.DataFrame
        As ``effects``, with the channel in the column ``segment``. Empty without channels.
    channel_spread : pandas.DataFrame
        As ``heterogeneity``, between channels.
    looks : pandas.DataFrame
        Columns ``LOOK_COLUMNS``: planned looks that have come, over everybody and for whom something was predicted (a persona's
        own units, or its segment).
        Empty where the arms are not of the planned sizes.
    basis : mapping of tuple of str to tuple of str
        Persona something was predicted of, and the arm, to the row its prediction is judged on (its own, or that of its segment)
        and, where that is the segment, why.
    names : mapping of str to str
        Persona id to name.
    several : int
        Units of more than one persona.
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
    effects: pd.DataFrame = field(default_factory=lambda: _blank(EFFECT_COLUMNS))
    srm: pd.DataFrame = field(default_factory=lambda: _blank(("segment", "p")))
    heterogeneity: pd.DataFrame = field(default_factory=lambda: _blank(HETEROGENEITY))
    personas: pd.DataFrame = field(default_factory=lambda: _blank(EFFECT_COLUMNS))
    persona_spread: pd.DataFrame = field(default_factory=lambda: _blank(HETEROGENEITY))
    channels: pd.DataFrame = field(default_factory=lambda: _blank(EFFECT_COLUMNS))
    channel_spread: pd.DataFrame = field(default_factory=lambda: _blank(HETEROGENEITY))
    looks: pd.DataFrame = field(default_factory=lambda: _blank(LOOK_COLUMNS))
    basis: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    several: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    alpha: float = 0.05
    tests: int = 0
    finished: bool = True

    @property
    def alarm(self) -> bool:
        """Whether the sizes of the arms, over everybody, are not what chance would give."""
        return "all" in odd_sizes(self.srm)

    @property
    def unread(self) -> list[str]:
        """Rows that are not read, because the arms are not of the planned sizes there."""
        both = pd.concat([self.effects[["segment", "verdict"]], self.personas[["segment", "verdict"]]])
        return list(dict.fromkeys(both.loc[both["verdict"] == "not read", "segment"]))

    def called(self, cut: str) -> str:
        """Name of a row for readers: a persona's name, everything else as it is."""
        return self.names.get(cut, cut)

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


def list_results(results: ExperimentResult | Sequence[ExperimentResult]) -> list[ExperimentResult]:
    """One result or several, as a list."""
    return [results] if isinstance(results, ExperimentResult) else list(results)


def odd_sizes(srm: pd.DataFrame) -> list[str]:
    """Segments, personas (and "all") whose arms are not the sizes chance would give."""
    return [str(row.segment) for row in srm.itertuples() if row.p < SRM_ALARM]


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


def stack_personas(results: Sequence[ExperimentResult]) -> pd.DataFrame:
    """What experiments show by persona, to store; empty with the same columns where no unit has a persona.

    Parameters
    ----------
    results : sequence of ExperimentResult

    Returns
    -------
    pandas.DataFrame
        Columns ``PERSONA_COLUMNS``: those of the effects by segment, with the persona's id, the metric, and whether the end has come.
    """
    parts = [
        result.personas.rename(columns={"segment": "persona"}).assign(
            experiment=result.experiment.id, metric=result.experiment.metric, finished=result.finished
        )
        for result in results
        if len(result.personas)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(PERSONA_COLUMNS))
    words = ("experiment", "persona", "arm", "verdict", "metric")
    kinds = {name: "str" if name in words else "bool" if name == "finished" else "float64" for name in PERSONA_COLUMNS}
    return table[list(PERSONA_COLUMNS)].astype(kinds)
