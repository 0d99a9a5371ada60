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
from .gaps import describe_gaps, find_missing_locales, find_uncited, tabulate_missing_locales, tabulate_uncited
from .holdout import hold_out, hold_out_of
from .journey import JOURNEY_COLUMNS, map_journey, select_segments
from .journey_words import describe_journey, describe_waits, tabulate_journey, tabulate_touchpoints
from .limits import load_limits
from .lint import LINT_COLUMNS, describe_lint, lint_messages, tabulate_lint
from .matrix import MESSAGE_COLUMNS, load_messages
from .members import match_personas
from .mermaid import format_mermaid
from .pack import PACK_COLUMNS, compose_pack
from .pack_words import describe_pack, pack_page
from .plan import (
    describe_channel_plan,
    detectable_lift,
    needed_people,
    plan_channels,
    tabulate_channel_plan,
)
from .rates import say_share, withhold_small
from .reach import REACH_COLUMNS, count_reachable
from .readability import count_syllables, measure_grade, measure_lix
from .told import (
    TOLD_COLUMNS,
    check_told,
    consented_transcripts,
    describe_told,
    load_told,
    summarise_told,
    tabulate_told,
)
from .touchpoints import TOUCH_COLUMNS, count_touchpoints, list_touchpoints
from .voice import Voice, load_voice
from .waits import Wait, measure_wait

__all__ = [
    "JOURNEY_COLUMNS",
    "LINT_COLUMNS",
    "MESSAGE_COLUMNS",
    "PACK_COLUMNS",
    "PROOF_COLUMNS",
    "REACH_COLUMNS",
    "TOLD_COLUMNS",
    "TOUCH_COLUMNS",
    "VALUE_COLUMNS",
    "Cites",
    "Voice",
    "Wait",
    "check_told",
    "compose_pack",
    "consented_transcripts",
    "count_reachable",
    "count_syllables",
    "count_touchpoints",
    "coverage_grid",
    "describe_channel_plan",
    "describe_coverage",
    "describe_gaps",
    "describe_journey",
    "describe_lint",
    "describe_pack",
    "describe_told",
    "describe_waits",
    "detectable_lift",
    "find_missing_locales",
    "find_orphan_pains",
    "find_same_words",
    "find_stale_proofs",
    "find_uncited",
    "format_mermaid",
    "hold_out",
    "hold_out_of",
    "lint_messages",
    "list_touchpoints",
    "load_cites",
    "load_limits",
    "load_messages",
    "load_told",
    "load_voice",
    "map_journey",
    "match_personas",
    "measure_grade",
    "measure_lix",
    "measure_wait",
    "needed_people",
    "pack_page",
    "plan_channels",
    "say_share",
    "select_segments",
    "summarise_told",
    "tabulate_channel_plan",
    "tabulate_coverage",
    "tabulate_journey",
    "tabulate_lint",
    "tabulate_missing_locales",
    "tabulate_stale_proofs",
    "tabulate_told",
    "tabulate_touchpoints",
    "tabulate_uncited",
    "withhold_small",
]
