"""KPIs, experiments, sales feedback and moves between segments."""

from __future__ import annotations

from .declared import Experiment, Kpi, load_experiments, load_kpis
from .experiment import EFFECT_COLUMNS, ExperimentResult, analyse_experiment, analyse_experiments, stack_experiments
from .exposures import read_exposures
from .feedback import FEEDBACK_COLUMNS, FeedbackSummary, cohen_kappa, read_feedback, summarise_feedback
from .fieldwork import read_interview_plan
from .hearing import describe_feedback, tabulate_feedback, tabulate_objections
from .kpis import KPI_COLUMNS, describe_kpis, measure_kpis, tabulate_kpis
from .moves import MOVE_COLUMNS, describe_moves, measure_moves, split_mix_and_rate, tabulate_moves
from .numbers import (
    ShrunkLifts,
    compare_rates,
    detectable_difference,
    measure_heterogeneity,
    sample_ratio_p,
    shrink_lifts,
    shrink_rates,
)
from .reading import describe_experiment, describe_experiments, tabulate_arms, tabulate_effects

__all__ = [
    "EFFECT_COLUMNS",
    "FEEDBACK_COLUMNS",
    "KPI_COLUMNS",
    "MOVE_COLUMNS",
    "Experiment",
    "ExperimentResult",
    "FeedbackSummary",
    "Kpi",
    "ShrunkLifts",
    "analyse_experiment",
    "analyse_experiments",
    "cohen_kappa",
    "compare_rates",
    "describe_experiment",
    "describe_experiments",
    "describe_feedback",
    "describe_kpis",
    "describe_moves",
    "detectable_difference",
    "load_experiments",
    "load_kpis",
    "measure_heterogeneity",
    "measure_kpis",
    "measure_moves",
    "read_exposures",
    "read_feedback",
    "read_interview_plan",
    "sample_ratio_p",
    "shrink_lifts",
    "shrink_rates",
    "split_mix_and_rate",
    "stack_experiments",
    "summarise_feedback",
    "tabulate_arms",
    "tabulate_effects",
    "tabulate_feedback",
    "tabulate_kpis",
    "tabulate_moves",
    "tabulate_objections",
]
