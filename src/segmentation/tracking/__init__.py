"""KPIs, experiments, sales feedback and moves between segments."""

from __future__ import annotations

from .analysis import analyse_experiment, analyse_experiments
from .crm import CrmAgreement, compare_crm, describe_crm, tabulate_crm
from .declared import Kpi, load_kpis
from .effect_tables import tabulate_arms, tabulate_channels, tabulate_effects, tabulate_persona_effects
from .estimates import ArmData, LiftEstimate, estimate_arm, estimate_lift, linearise
from .experiment import (
    EFFECT_COLUMNS,
    ExperimentResult,
    stack_experiments,
    stack_personas,
)
from .exposures import check_exposures, read_exposures
from .feedback import FEEDBACK_COLUMNS, FeedbackSummary, label_kappa, read_feedback, summarise_feedback
from .fieldwork import read_interview_plan
from .hearing import describe_feedback, tabulate_feedback, tabulate_objections, tabulate_stoppers
from .hypotheses import (
    HYPOTHESIS_COLUMNS,
    judge_prediction,
    log_hypotheses,
    recall_hypotheses,
    weigh_predictions,
)
from .hypothesis_words import describe_hypotheses, say_predictions, tabulate_hypotheses
from .kpi_control import control_kpis, describe_control, tabulate_control
from .kpi_history import HISTORY_COLUMNS, measure_kpi_history
from .kpi_mix import describe_mix, split_kpis, tabulate_mix
from .kpi_words import describe_kpis, tabulate_kpis
from .kpis import KPI_COLUMNS, measure_kpis
from .look_words import describe_looks, tabulate_looks
from .looks import null_error, student_limit
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
from .plan_words import describe_experiment_plan, tabulate_experiment_plan
from .planner import PLAN_COLUMNS, plan_experiment, plan_experiments
from .power import (
    design_effect,
    detectable_share,
    kept_by_cutting,
    power_of_means,
    power_of_shares,
    power_table,
    units_for_means,
    units_for_shares,
)
from .reading import describe_experiment, describe_experiments
from .registration import Expectation, Experiment, Family, Look, SizePlan, load_experiments
from .sequential import always_valid_half, crossing_chances, look_boundaries, size_inflation, spend_error
from .since import Change, describe_since, gather_changes, list_changes, say_first
from .strata import Strata, find_strata
from .verdicts import holm_p_values, judge_together

__all__ = [
    "EFFECT_COLUMNS",
    "FEEDBACK_COLUMNS",
    "HISTORY_COLUMNS",
    "HYPOTHESIS_COLUMNS",
    "KPI_COLUMNS",
    "MOVE_COLUMNS",
    "PLAN_COLUMNS",
    "ArmData",
    "Change",
    "CrmAgreement",
    "Expectation",
    "Experiment",
    "ExperimentResult",
    "Family",
    "FeedbackSummary",
    "Kpi",
    "LiftEstimate",
    "Look",
    "ShrunkLifts",
    "SizePlan",
    "Strata",
    "always_valid_half",
    "analyse_experiment",
    "analyse_experiments",
    "chance_of_target",
    "check_exposures",
    "compare_crm",
    "compare_rates",
    "control_kpis",
    "crossing_chances",
    "describe_control",
    "describe_crm",
    "describe_experiment",
    "describe_experiment_plan",
    "describe_experiments",
    "describe_feedback",
    "describe_hypotheses",
    "describe_kpis",
    "describe_looks",
    "describe_mix",
    "describe_moves",
    "describe_since",
    "design_effect",
    "detectable_difference",
    "detectable_share",
    "estimate_arm",
    "estimate_lift",
    "find_strata",
    "gather_changes",
    "holm_p_values",
    "judge_prediction",
    "judge_together",
    "kept_by_cutting",
    "label_kappa",
    "linearise",
    "list_changes",
    "load_experiments",
    "load_kpis",
    "log_hypotheses",
    "look_boundaries",
    "measure_heterogeneity",
    "measure_kpi_history",
    "measure_kpis",
    "measure_moves",
    "null_error",
    "plan_experiment",
    "plan_experiments",
    "power_of_means",
    "power_of_shares",
    "power_table",
    "read_exposures",
    "read_feedback",
    "read_interview_plan",
    "recall_hypotheses",
    "sample_ratio_p",
    "say_first",
    "say_predictions",
    "shrink_lifts",
    "shrink_rates",
    "size_inflation",
    "spend_error",
    "split_kpis",
    "split_mix_and_rate",
    "stack_experiments",
    "stack_personas",
    "student_limit",
    "summarise_feedback",
    "tabulate_arms",
    "tabulate_channels",
    "tabulate_control",
    "tabulate_crm",
    "tabulate_effects",
    "tabulate_experiment_plan",
    "tabulate_feedback",
    "tabulate_hypotheses",
    "tabulate_kpis",
    "tabulate_looks",
    "tabulate_mix",
    "tabulate_moves",
    "tabulate_objections",
    "tabulate_persona_effects",
    "tabulate_stoppers",
    "units_for_means",
    "units_for_shares",
    "weigh_predictions",
]
