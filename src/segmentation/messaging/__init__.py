"""Journeys measured from events, the message matrix, its coverage and its copy check."""

from __future__ import annotations

from .cites import PROOF_COLUMNS, VALUE_COLUMNS, Cites, load_cites
from .coverage import (
    coverage_grid,
    describe_coverage,
    find_orphan_pains,
    find_same_words,
    find_stale_proofs,
    tabulate_coverage,
    tabulate_stale_proofs,
)
from .journey import JOURNEY_COLUMNS, describe_journey, format_mermaid, map_journey, tabulate_journey
from .limits import load_limits
from .lint import LINT_COLUMNS, describe_lint, lint_messages, tabulate_lint
from .matrix import MESSAGE_COLUMNS, load_messages
from .rates import say_share, withhold_small
from .readability import count_syllables, measure_grade, measure_lix

__all__ = [
    "JOURNEY_COLUMNS",
    "LINT_COLUMNS",
    "MESSAGE_COLUMNS",
    "PROOF_COLUMNS",
    "VALUE_COLUMNS",
    "Cites",
    "count_syllables",
    "coverage_grid",
    "describe_coverage",
    "describe_journey",
    "describe_lint",
    "find_orphan_pains",
    "find_same_words",
    "find_stale_proofs",
    "format_mermaid",
    "lint_messages",
    "load_cites",
    "load_limits",
    "load_messages",
    "map_journey",
    "measure_grade",
    "measure_lix",
    "say_share",
    "tabulate_coverage",
    "tabulate_journey",
    "tabulate_lint",
    "tabulate_stale_proofs",
    "withhold_small",
]
