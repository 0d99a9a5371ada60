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
from .history import describe_membership_history, membership_history
from .holdout import hold_out
from .people import Addresses, read_addresses, read_suppression
from .platforms import load_platforms
from .reach import flag_strangers, keep_segments, learn_reach, measure_keeping, segment_distances
from .safe import make_safe, restore_text
from .sql import format_assignment_sql
from .upsert import PLATFORMS, describe_upsert, write_upsert

__all__ = [
    "PLATFORMS",
    "Addresses",
    "Audiences",
    "Delivery",
    "deliver_audiences",
    "describe_audiences",
    "describe_coverage_of",
    "describe_membership_history",
    "describe_upsert",
    "flag_strangers",
    "format_assignment_sql",
    "hold_out",
    "keep_segments",
    "learn_reach",
    "load_platforms",
    "make_safe",
    "measure_keeping",
    "measure_overlap",
    "membership_history",
    "plan_audiences",
    "read_addresses",
    "read_suppression",
    "restore_text",
    "segment_distances",
    "tabulate_audiences",
    "tabulate_identifiers",
    "tabulate_overlap_of",
    "write_upsert",
]
