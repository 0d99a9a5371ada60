"""Membership in the engine as SQL, and back into the CRM as a file."""

from __future__ import annotations

from .safe import make_safe, restore_text
from .sql import format_assignment_sql
from .upsert import PLATFORMS, describe_upsert, write_upsert

__all__ = ["PLATFORMS", "describe_upsert", "format_assignment_sql", "make_safe", "restore_text", "write_upsert"]
