"""Membership in the engine as SQL, into the CRM as a file, and to platforms as audiences."""

from __future__ import annotations

from .audiences import (
    Audiences,
    describe_audiences,
    describe_coverage_of,
    measure_overlap,
    plan_audiences,
    tabulate_audiences,
    tabulate_identifiers,
    tabulate_overlap_of,
)
from .deliver import Delivery, deliver_audiences
from .fairness import FairnessReport, describe_fairness, measure_fairness, tabulate_association, tabulate_fairness
from .history import describe_membership_history, membership_history
from .lookalike import Ranked, find_lookalikes
from .lookalike_words import describe_lookalikes, tabulate_bands, tabulate_likeness
from .platforms import load_platforms
from .reach import flag_strangers, keep_segments, learn_reach, measure_keeping, segment_distances
from .safe import make_safe, restore_text
from .sql import format_assignment_sql
from .stage import (
    Closeness,
    describe_closeness,
    describe_keeping,
    export_lookalikes,
    gather_audiences,
    list_audiences,
    measure_closeness,
    measure_flicker,
    rank_lookalikes,
    tabulate_closeness,
    tabulate_keeping,
)
from .upsert import describe_upsert, format_hubspot, list_upsert

__all__ = [
    "Audiences",
    "Closeness",
    "Delivery",
    "FairnessReport",
    "Ranked",
    "deliver_audiences",
    "describe_audiences",
    "describe_closeness",
    "describe_coverage_of",
    "describe_fairness",
    "describe_keeping",
    "describe_lookalikes",
    "describe_membership_history",
    "describe_upsert",
    "export_lookalikes",
    "find_lookalikes",
    "flag_strangers",
    "format_assignment_sql",
    "format_hubspot",
    "gather_audiences",
    "keep_segments",
    "learn_reach",
    "list_audiences",
    "list_upsert",
    "load_platforms",
    "make_safe",
    "measure_closeness",
    "measure_fairness",
    "measure_flicker",
    "measure_keeping",
    "measure_overlap",
    "membership_history",
    "plan_audiences",
    "rank_lookalikes",
    "restore_text",
    "segment_distances",
    "tabulate_association",
    "tabulate_audiences",
    "tabulate_bands",
    "tabulate_closeness",
    "tabulate_fairness",
    "tabulate_identifiers",
    "tabulate_keeping",
    "tabulate_likeness",
    "tabulate_overlap_of",
]
