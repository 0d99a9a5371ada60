"""From canonical tables to features, to a scale for distances, and to what a reader should know about the data."""

from __future__ import annotations

from .build import build_features, build_features_before, find_duplicates
from .drift import DRIFT_COLUMNS, assess_drift
from .effects import adjust_fdr, bergsma_v, chi_squared, standardised_difference
from .encoder import EncodedVariable, Encoder, fit_encoder
from .events import EVENT_MEASURES, measure_events
from .leaks import screen_leaks
from .presence import there_throughout
from .quality import Quality, assess_quality, link_sources
from .screen import BaseScreen, describe_base, screen_base, tabulate_base
from .styles import (
    StyleAssessment,
    assess_styles,
    describe_styles,
    measure_styles,
    score_both_ways,
    tabulate_styles,
)
from .survey import flag_careless
from .table import FeatureTable, feature_values
from .weights import describe_weights, effective_base, unit_weights
from .words import (
    describe_drift,
    describe_leaks,
    describe_quality,
    tabulate_accounts,
    tabulate_careless,
    tabulate_drift,
    tabulate_encoder,
    tabulate_linkage,
    tabulate_missing,
)

__all__ = [
    "DRIFT_COLUMNS",
    "EVENT_MEASURES",
    "BaseScreen",
    "EncodedVariable",
    "Encoder",
    "FeatureTable",
    "Quality",
    "StyleAssessment",
    "adjust_fdr",
    "assess_drift",
    "assess_quality",
    "assess_styles",
    "bergsma_v",
    "build_features",
    "build_features_before",
    "chi_squared",
    "describe_base",
    "describe_drift",
    "describe_leaks",
    "describe_quality",
    "describe_styles",
    "describe_weights",
    "effective_base",
    "feature_values",
    "find_duplicates",
    "fit_encoder",
    "flag_careless",
    "link_sources",
    "measure_events",
    "measure_styles",
    "score_both_ways",
    "screen_base",
    "screen_leaks",
    "standardised_difference",
    "tabulate_accounts",
    "tabulate_base",
    "tabulate_careless",
    "tabulate_drift",
    "tabulate_encoder",
    "tabulate_linkage",
    "tabulate_missing",
    "tabulate_styles",
    "there_throughout",
    "unit_weights",
]
