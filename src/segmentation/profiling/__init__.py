"""What marks each segment, and which descriptors tell segments apart."""

from __future__ import annotations

from .cells import withhold_cells
from .chances import membership_probabilities
from .descriptors import DESCRIPTOR_COLUMNS, test_descriptors
from .intervals import bootstrap_weights, index_interval, mean_interval, wilson_interval
from .micro import MicroSegments, describe_micro_segments, find_micro_segments, tabulate_micro_segments
from .mixture import RegressionMixture, fit_mixture, fit_mixtures
from .mixture_words import describe_mixtures, tabulate_mixtures
from .order import order_variables
from .outcome_words import describe_outcomes, tabulate_drivers, tabulate_outcomes
from .outcomes import OutcomePrediction, predict_outcome, predict_outcomes
from .overlap import (
    describe_overlaps,
    describe_segmentations,
    tabulate_overlap,
    tabulate_overlaps,
    tabulate_segmentations,
)
from .positioning import PositionMap, describe_positions, map_positions, tabulate_positions
from .posterior import POSTERIOR_COLUMNS, PosteriorProfile, profile_posterior
from .posterior_words import describe_posterior, tabulate_posterior
from .profiles import PROFILE_COLUMNS, passes_marker_rule, profile_segments
from .ranks import kruskal_h
from .regions import RegionComparison, compare_regions
from .regions_words import describe_regions, tabulate_region_meaning, tabulate_region_styles, tabulate_regions
from .scorecard import score_segments
from .scorecard_words import (
    describe_scorecard,
    summarise_scorecard,
    tabulate_limits,
    tabulate_scorecard,
    tabulate_standing,
)
from .tables import tabulate_descriptors, tabulate_profile
from .targeting import TargetMap, describe_targets, map_targets, tabulate_target_criteria, tabulate_targets
from .words import (
    describe_descriptors,
    describe_profile,
    describe_segments,
    name_segment,
)

__all__ = [
    "DESCRIPTOR_COLUMNS",
    "POSTERIOR_COLUMNS",
    "PROFILE_COLUMNS",
    "MicroSegments",
    "OutcomePrediction",
    "PositionMap",
    "PosteriorProfile",
    "RegionComparison",
    "RegressionMixture",
    "TargetMap",
    "bootstrap_weights",
    "compare_regions",
    "describe_descriptors",
    "describe_micro_segments",
    "describe_mixtures",
    "describe_outcomes",
    "describe_overlaps",
    "describe_positions",
    "describe_posterior",
    "describe_profile",
    "describe_regions",
    "describe_scorecard",
    "describe_segmentations",
    "describe_segments",
    "describe_targets",
    "find_micro_segments",
    "fit_mixture",
    "fit_mixtures",
    "index_interval",
    "kruskal_h",
    "map_positions",
    "map_targets",
    "mean_interval",
    "membership_probabilities",
    "name_segment",
    "order_variables",
    "passes_marker_rule",
    "predict_outcome",
    "predict_outcomes",
    "profile_posterior",
    "profile_segments",
    "score_segments",
    "summarise_scorecard",
    "tabulate_descriptors",
    "tabulate_drivers",
    "tabulate_limits",
    "tabulate_micro_segments",
    "tabulate_mixtures",
    "tabulate_outcomes",
    "tabulate_overlap",
    "tabulate_overlaps",
    "tabulate_positions",
    "tabulate_posterior",
    "tabulate_profile",
    "tabulate_region_meaning",
    "tabulate_region_styles",
    "tabulate_regions",
    "tabulate_scorecard",
    "tabulate_segmentations",
    "tabulate_standing",
    "tabulate_target_criteria",
    "tabulate_targets",
    "test_descriptors",
    "wilson_interval",
    "withhold_cells",
]
