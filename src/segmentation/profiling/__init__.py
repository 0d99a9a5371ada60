"""What marks each segment, and which descriptors tell segments apart."""

from __future__ import annotations

from .cells import withhold_cells
from .descriptors import DESCRIPTOR_COLUMNS, kruskal_h, test_descriptors
from .intervals import bootstrap_weights, index_interval, mean_interval, wilson_interval
from .order import order_variables
from .profiles import PROFILE_COLUMNS, passes_marker_rule, profile_segments
from .words import (
    describe_descriptors,
    describe_profile,
    describe_segments,
    name_segment,
    tabulate_descriptors,
    tabulate_profile,
)

__all__ = [
    "DESCRIPTOR_COLUMNS",
    "PROFILE_COLUMNS",
    "bootstrap_weights",
    "describe_descriptors",
    "describe_profile",
    "describe_segments",
    "index_interval",
    "kruskal_h",
    "mean_interval",
    "name_segment",
    "order_variables",
    "passes_marker_rule",
    "profile_segments",
    "tabulate_descriptors",
    "tabulate_profile",
    "test_descriptors",
    "wilson_interval",
    "withhold_cells",
]
