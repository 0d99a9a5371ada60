"""Segments that are shown to be real, people in them, personas with evidence, messages with proof."""

from __future__ import annotations

__version__ = "0.1.0"
