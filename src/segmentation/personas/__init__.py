"""Personas in which every claim cites its evidence or is openly an assumption."""

from __future__ import annotations

from .avatar import draw_avatar
from .check import CheckedPersonas, check_personas
from .contract import check_persona_references
from .describe import describe_overlap, describe_personas, tabulate_claims, tabulate_personas, tabulate_rules
from .draft import draft_personas
from .findings import Findings
from .history import PersonaHistory, describe_persona_history, recall_personas, tabulate_persona_history
from .load import load_personas
from .model import Claim, Evidence, Persona, ProfileRef, QuoteRef, persona_schema
from .overlap import persona_overlap, tabulate_overlap
from .perception import Item, Perception, cronbach_alpha, load_perception, score_perception, tabulate_perception
from .predictions import with_verdicts
from .rules import PersonaRules
from .sheet import persona_sheets, to_dict
from .wiki import persona_wiki

__all__ = [
    "CheckedPersonas",
    "Claim",
    "Evidence",
    "Findings",
    "Item",
    "Perception",
    "Persona",
    "PersonaHistory",
    "PersonaRules",
    "ProfileRef",
    "QuoteRef",
    "check_persona_references",
    "check_personas",
    "cronbach_alpha",
    "describe_overlap",
    "describe_persona_history",
    "describe_personas",
    "draft_personas",
    "draw_avatar",
    "load_perception",
    "load_personas",
    "persona_overlap",
    "persona_schema",
    "persona_sheets",
    "persona_wiki",
    "recall_personas",
    "score_perception",
    "tabulate_claims",
    "tabulate_overlap",
    "tabulate_perception",
    "tabulate_persona_history",
    "tabulate_personas",
    "tabulate_rules",
    "to_dict",
    "with_verdicts",
]
