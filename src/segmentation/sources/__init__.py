"""Readers: exports as the tools write them, into canonical tables that met their contracts."""

from __future__ import annotations

from .events import has_quarter_before, latest_period, list_periods, open_events
from .registry import canonical_table, check_sources, read_sources
from .stage import read_stage, read_stage_before, stage_reads

__all__ = [
    "canonical_table",
    "check_sources",
    "has_quarter_before",
    "latest_period",
    "list_periods",
    "open_events",
    "read_sources",
    "read_stage",
    "read_stage_before",
    "stage_reads",
]
