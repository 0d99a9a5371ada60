"""A seeded generator of studies with planted, documented truth.

``python -m segmentation.synthetic --tier medium --out DIR`` writes every export of a fictional company as its tool would write
it. The truth lies beside the data, in ``truth/``, for tests; nothing in the line reads it.
"""

from __future__ import annotations

from .plan import TIERS
from .write import write_study

__all__ = ["TIERS", "write_study"]
