"""Segments: found, shown to be real or said not to be, kept under one name from quarter to quarter."""

from __future__ import annotations

from .density import DensityView, density_view, describe_density
from .embedding import MapJob, start_map
from .history import History, describe_history, recall_previous
from .identity import Match, describe_match, describe_migration, match_segments, migration_table, tabulate_migration
from .kmeans import Search, adjusted_rand, search_kmeans, warm
from .selection import (
    Comparison,
    Recommendation,
    compare_solutions,
    describe_comparison,
    recommend_segments,
    tabulate_comparison,
    tabulate_stability,
)
from .solution import Solution, assign_segments, describe_membership, fit_segments, tabulate_sizes
from .structure import StructureTest, measure_structure
from .verdict import Verdict, assess_structure, describe_verdict

__all__ = [
    "Comparison",
    "DensityView",
    "History",
    "MapJob",
    "Match",
    "Recommendation",
    "Search",
    "Solution",
    "StructureTest",
    "Verdict",
    "adjusted_rand",
    "assess_structure",
    "assign_segments",
    "compare_solutions",
    "density_view",
    "describe_comparison",
    "describe_density",
    "describe_history",
    "describe_match",
    "describe_membership",
    "describe_migration",
    "describe_verdict",
    "fit_segments",
    "match_segments",
    "measure_structure",
    "migration_table",
    "recall_previous",
    "recommend_segments",
    "search_kmeans",
    "start_map",
    "tabulate_comparison",
    "tabulate_migration",
    "tabulate_sizes",
    "tabulate_stability",
    "warm",
]
