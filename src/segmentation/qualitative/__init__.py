"""What people in each segment say: coded interviews, agreement, saturation, themes, quotes that may be shown."""

from __future__ import annotations

from .agreement import Agreement, describe_agreement, measure_agreement, tabulate_agreement
from .alpha import Alpha, krippendorff_alpha
from .coded import CodedInterviews, build_coded_interviews, code_presence
from .coded_words import describe_interviews, tabulate_codebook
from .cooccurrence import Cooccurrence, c_coefficient, measure_cooccurrence
from .cooccurrence_words import describe_cooccurrence, tabulate_cooccurrence
from .disagreements import Disagreements, describe_disagreements, list_disagreements, tabulate_disagreements
from .evidence import EvidenceMatrix, evidence_matrix, gather_hypotheses
from .evidence_rule import grade_strand, judge_hypothesis
from .evidence_tables import tabulate_evidence, tabulate_evidence_quotes, tabulate_support, tabulate_verdicts
from .evidence_words import describe_evidence, tabulate_rule
from .fieldwork import Fieldwork, describe_fieldwork, measure_fieldwork, tabulate_fieldwork, tabulate_refusals
from .intervals import (
    adjust_p_values,
    exact_interval,
    freeman_halton_test,
    multinomial_test,
    newcombe_interval,
    wilson_interval,
)
from .kappa import Kappa, Kappas, cohen_kappa, fleiss_kappa, measure_kappa, tabulate_kappa
from .language import Language, compare_language, describe_language, log_odds, tabulate_language
from .links import Links, describe_links, find_links, tabulate_links
from .opportunity import JobScores, job_answers, opportunity_score, score_jobs
from .opportunity_words import describe_jobs, tabulate_job_quotes, tabulate_job_statements, tabulate_jobs
from .quotes import QuoteBank, QuoteCheck, build_quote_bank, check_quote, describe_quotes, tabulate_quotes
from .rates import ThemeRates, compare_theme_rates, describe_theme_rates, tabulate_theme_rates
from .reach import Reach, describe_reach, measure_reach, tabulate_reach
from .redaction import Redactor, build_redactor
from .refi_write import RefiFile, describe_refi_file, write_qdc, write_qdpx
from .representativeness import (
    Representativeness,
    compare_interviewees,
    describe_interviewees,
    tabulate_interviewees,
)
from .sampling import SamplingPlan, describe_plan, plan_interviews, tabulate_plan
from .saturation import (
    Saturation,
    describe_saturation,
    measure_saturation,
    seen_chance,
    stopping_point,
    tabulate_saturation,
)
from .stakeholders import StakeholderCube, map_stakeholders
from .stakeholders_words import describe_stakeholders, tabulate_conflicts, tabulate_stakeholders, tabulate_wants
from .themes import Themes, compare_themes, describe_themes, tabulate_themes
from .unitised import Unitised, measure_spans, unitised_alpha

__all__ = [
    "Agreement",
    "Alpha",
    "CodedInterviews",
    "Cooccurrence",
    "Disagreements",
    "EvidenceMatrix",
    "Fieldwork",
    "JobScores",
    "Kappa",
    "Kappas",
    "Language",
    "Links",
    "QuoteBank",
    "QuoteCheck",
    "Reach",
    "Redactor",
    "RefiFile",
    "Representativeness",
    "SamplingPlan",
    "Saturation",
    "StakeholderCube",
    "ThemeRates",
    "Themes",
    "Unitised",
    "adjust_p_values",
    "build_coded_interviews",
    "build_quote_bank",
    "build_redactor",
    "c_coefficient",
    "check_quote",
    "code_presence",
    "cohen_kappa",
    "compare_interviewees",
    "compare_language",
    "compare_theme_rates",
    "compare_themes",
    "describe_agreement",
    "describe_cooccurrence",
    "describe_disagreements",
    "describe_evidence",
    "describe_fieldwork",
    "describe_interviewees",
    "describe_interviews",
    "describe_jobs",
    "describe_language",
    "describe_links",
    "describe_plan",
    "describe_quotes",
    "describe_reach",
    "describe_refi_file",
    "describe_saturation",
    "describe_stakeholders",
    "describe_theme_rates",
    "describe_themes",
    "evidence_matrix",
    "exact_interval",
    "find_links",
    "fleiss_kappa",
    "freeman_halton_test",
    "gather_hypotheses",
    "grade_strand",
    "job_answers",
    "judge_hypothesis",
    "krippendorff_alpha",
    "list_disagreements",
    "log_odds",
    "map_stakeholders",
    "measure_agreement",
    "measure_cooccurrence",
    "measure_fieldwork",
    "measure_kappa",
    "measure_reach",
    "measure_saturation",
    "measure_spans",
    "multinomial_test",
    "newcombe_interval",
    "opportunity_score",
    "plan_interviews",
    "score_jobs",
    "seen_chance",
    "stopping_point",
    "tabulate_agreement",
    "tabulate_codebook",
    "tabulate_conflicts",
    "tabulate_cooccurrence",
    "tabulate_disagreements",
    "tabulate_evidence",
    "tabulate_evidence_quotes",
    "tabulate_fieldwork",
    "tabulate_interviewees",
    "tabulate_job_quotes",
    "tabulate_job_statements",
    "tabulate_jobs",
    "tabulate_kappa",
    "tabulate_language",
    "tabulate_links",
    "tabulate_plan",
    "tabulate_quotes",
    "tabulate_reach",
    "tabulate_refusals",
    "tabulate_rule",
    "tabulate_saturation",
    "tabulate_stakeholders",
    "tabulate_support",
    "tabulate_theme_rates",
    "tabulate_themes",
    "tabulate_verdicts",
    "tabulate_wants",
    "unitised_alpha",
    "wilson_interval",
    "write_qdc",
    "write_qdpx",
]
