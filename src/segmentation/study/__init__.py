"""The study file: what to read, what each column means, which choices were made.

The whole file is validated before anything runs; every problem is reported at once, with its line and the nearest right word.
"""

from __future__ import annotations

from .activation import Activation, Country, Fairness, Lookalike, People
from .choices import Choices
from .evidence import Evidence, Hypothesis, Stakeholders
from .hypotheses import load_hypotheses
from .jobs import Job
from .load import load_study
from .messaging import ChannelPlan, Messaging
from .model import Study, study_schema
from .parts import Source, Variable
from .persona_rules import PersonaRules
from .segmenting import METHODS, Segmenting
from .strict_yaml import read_yaml
from .use import Criterion, Scorecard, Targeting

__all__ = [
    "METHODS",
    "Activation",
    "ChannelPlan",
    "Choices",
    "Country",
    "Criterion",
    "Evidence",
    "Fairness",
    "Hypothesis",
    "Job",
    "Lookalike",
    "Messaging",
    "People",
    "PersonaRules",
    "Scorecard",
    "Segmenting",
    "Source",
    "Stakeholders",
    "Study",
    "Targeting",
    "Variable",
    "load_hypotheses",
    "load_study",
    "read_yaml",
    "study_schema",
]
