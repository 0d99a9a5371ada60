"""KPIs, experiments, sales feedback and moves between segments."""

from __future__ import annotations

from .crm import CrmAgreement, compare_crm, describe_crm, tabulate_crm
from .declared import Experiment, Kpi, load_experiments, load_kpis
from .experiment import EFFECT_COLUMNS, ExperimentResult, analyse_experiment, analyse_experiments, stack_experiments
from .exposures import read_exposures
from .feedback import FEEDBACK_COLUMNS, FeedbackSummary, cohen_kappa, read_feedback, summarise_feedback
from .fieldwork import read_interview_plan
from .hearing import describe_feedback, tabulate_feedback, tabulate_objections, tabulate_stoppers
from .kpi_history import (
    HISTORY_COLUMNS,
    control_kpis,
    describe_control,
    describe_mix,
    measure_kpi_history,
    split_kpis,
    tabulate_control,
    tabulate_mix,
)
from .kpi_words import describe_kpis, tabulate_kpis
from .kpis import KPI_COLUMNS, measure_kpis
from .moves import MOVE_COLUMNS, describe_moves, measure_moves, split_mix_and_rate, tabulate_moves
from .numbers import (
    ShrunkLifts,
    chance_of_target,
    compare_rates,
    detectable_difference,
    measure_heterogeneity,
    sample_ratio_p,
    shrink_lifts,
    shrink_rates,
)
from .reading import describe_experiment, describe_experiments, tabulate_arms, tabulate_effects
from .since import Change, describe_since, gather_changes, list_changes, say_first

__all__ = [
    "EFFECT_COLUMNS",
    "FEEDBACK_COLUMNS",
    "HISTORY_COLUMNS",
    "KPI_COLUMNS",
    "MOVE_COLUMNS",
    "Change",
    "CrmAgreement",
    "Experiment",
    "ExperimentResult",
    "FeedbackSummary",
    "Kpi",
    "ShrunkLifts",
    "analyse_experiment",
    "analyse_experiments",
    "chance_of_target",
    "cohen_kappa",
    "compare_crm",
    "compare_rates",
    "control_kpis",
    "describe_control",
    "describe_crm",
    "describe_experiment",
    "describe_experiments",
    "describe_feedback",
    "describe_kpis",
    "describe_mix",
    "describe_moves",
    "describe_since",
    "detectable_difference",
    "gather_changes",
    "list_changes",
    "load_experiments",
    "load_kpis",
    "measure_heterogeneity",
    "measure_kpi_history",
    "measure_kpis",
    "measure_moves",
    "read_exposures",
    "read_feedback",
    "read_interview_plan",
    "sample_ratio_p",
    "say_first",
    "shrink_lifts",
    "shrink_rates",
    "split_kpis",
    "split_mix_and_rate",
    "stack_experiments",
    "summarise_feedback",
    "tabulate_arms",
    "tabulate_control",
    "tabulate_crm",
    "tabulate_effects",
    "tabulate_feedback",
    "tabulate_kpis",
    "tabulate_mix",
    "tabulate_moves",
    "tabulate_objections",
    "tabulate_stoppers",
]
