"""Segments: found, shown to be real or said not to be, kept under one name from quarter to quarter."""

from __future__ import annotations

from .across import align_segments, measure_across, segment_entropy
from .agreement import Agreement, compare_partitions
from .centring import CentredComparison, compare_centred, describe_centred, tabulate_centred
from .comparison import (
    compare_with_published,
    describe_comparison,
    describe_search,
    tabulate_comparison,
    tabulate_search,
    tabulate_stability,
)
from .criteria import (
    FolkRules,
    calinski_harabasz,
    measure_folk,
    shadow_values,
    silhouette,
)
from .density import DensityView, density_view, describe_density
from .embedding import MapJob, start_map
from .frozen import Taken, describe_taken, refit_trigger, tabulate_trigger, take_segments
from .history import History, describe_history, recall_previous, recall_solution
from .identity import Match, describe_match, match_segments, same_segments
from .kmeans import Search, adjusted_rand, search_kmeans, warm
from .migration import describe_migration, migration_table, tabulate_migration
from .neighbours import describe_runner_up, tabulate_neighbours
from .noise import compare_with_noise, describe_noise, measure_noise, tabulate_noise
from .real_moves import RealMoves, describe_real_moves, estimate_moves, weigh_moves
from .selection import (
    Comparison,
    Recommendation,
    compare_solutions,
    recommend_segments,
)
from .sensitivity import Sensitivity, assess_sensitivity, describe_sensitivity, tabulate_sensitivity
from .several import (
    OtherSegmentation,
    Overlap,
    closest_overlap,
    compare_segmentations,
    fit_other_segmentations,
    gather_memberships,
)
from .shortfall import (
    describe_folk,
    describe_stability,
    tabulate_every_criterion,
    tabulate_folk,
    tabulate_parts,
    tabulate_segment_parts,
    tabulate_shortfall,
)
from .solution import Solution, assign_segments, describe_membership, fit_segments, found_segments, tabulate_sizes
from .stability import Stability, measure_stability, prediction_strength
from .structure import StructureTest, measure_structure
from .verdict import Verdict, assess_structure, describe_verdict

__all__ = [
    "Agreement",
    "CentredComparison",
    "Comparison",
    "DensityView",
    "FolkRules",
    "History",
    "MapJob",
    "Match",
    "OtherSegmentation",
    "Overlap",
    "RealMoves",
    "Recommendation",
    "Search",
    "Sensitivity",
    "Solution",
    "Stability",
    "StructureTest",
    "Taken",
    "Verdict",
    "adjusted_rand",
    "align_segments",
    "assess_sensitivity",
    "assess_structure",
    "assign_segments",
    "calinski_harabasz",
    "closest_overlap",
    "compare_centred",
    "compare_partitions",
    "compare_segmentations",
    "compare_solutions",
    "compare_with_noise",
    "compare_with_published",
    "density_view",
    "describe_centred",
    "describe_comparison",
    "describe_density",
    "describe_folk",
    "describe_history",
    "describe_match",
    "describe_membership",
    "describe_migration",
    "describe_noise",
    "describe_real_moves",
    "describe_runner_up",
    "describe_search",
    "describe_sensitivity",
    "describe_stability",
    "describe_taken",
    "describe_verdict",
    "estimate_moves",
    "fit_other_segmentations",
    "fit_segments",
    "found_segments",
    "gather_memberships",
    "match_segments",
    "measure_across",
    "measure_folk",
    "measure_noise",
    "measure_stability",
    "measure_structure",
    "migration_table",
    "prediction_strength",
    "recall_previous",
    "recall_solution",
    "recommend_segments",
    "refit_trigger",
    "same_segments",
    "search_kmeans",
    "segment_entropy",
    "shadow_values",
    "silhouette",
    "start_map",
    "tabulate_centred",
    "tabulate_comparison",
    "tabulate_every_criterion",
    "tabulate_folk",
    "tabulate_migration",
    "tabulate_neighbours",
    "tabulate_noise",
    "tabulate_parts",
    "tabulate_search",
    "tabulate_segment_parts",
    "tabulate_sensitivity",
    "tabulate_shortfall",
    "tabulate_sizes",
    "tabulate_stability",
    "tabulate_trigger",
    "take_segments",
    "warm",
    "weigh_moves",
]
