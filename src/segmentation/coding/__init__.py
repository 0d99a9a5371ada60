"""Coding transcripts: codes on passages, two coders side by side, memos, suggestions; kept as plain files (docs/coding.md)."""

from __future__ import annotations

from .disagree import Disagreement, find_disagreements, settled_codings
from .folder import Code, Coder, Coding, CodingFolder, Offer, Resolution, load_folder, save_coder, write_codebook
from .session import CodingSession
from .suggest import Suggestion, Suggestions, suggest_codes

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
    "find_disagreements",
    "load_folder",
    "save_coder",
    "settled_codings",
    "suggest_codes",
    "write_codebook",
]
