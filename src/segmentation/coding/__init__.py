"""Coding transcripts: codes on passages, two coders side by side, memos, suggestions; kept as plain files (docs/coding.md)."""

from __future__ import annotations

from .disagree import Disagreement, find_disagreements, settled_codings
from .export import coded_by_folder, export_codings, find_codings_folder, start_codings
from .folder import Code, Coder, Coding, CodingFolder, Offer, Resolution, load_codings, save_coder, write_codebook
from .offers import describe_suggestions, offer_codes, tabulate_suggestions
from .session import CodingSession
from .suggest import Suggestion, Suggestions, suggest_codes
from .words import describe_codings, tabulate_coders, tabulate_differences

__all__ = [
    "Code",
    "Coder",
    "Coding",
    "CodingFolder",
    "CodingSession",
    "Disagreement",
    "Offer",
    "Resolution",
    "Suggestion",
    "Suggestions",
    "coded_by_folder",
    "describe_codings",
    "describe_suggestions",
    "export_codings",
    "find_codings_folder",
    "find_disagreements",
    "load_codings",
    "offer_codes",
    "save_coder",
    "settled_codings",
    "start_codings",
    "suggest_codes",
    "tabulate_coders",
    "tabulate_differences",
    "tabulate_suggestions",
    "write_codebook",
]
