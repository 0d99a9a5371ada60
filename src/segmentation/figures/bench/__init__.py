"""The analyst's bench: a map to lasso, live profiles, other partitions, and the names and merges the team decides on."""

from __future__ import annotations

from .app import Bench, open_bench

__all__ = ["Bench", "open_bench"]
