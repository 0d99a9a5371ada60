"""Which units a persona speaks for."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..personas import Findings, load_personas
from ..personas.rules import match_defining
from ..study import Study

__all__ = ["Members", "match_personas"]

Members = Mapping[str, tuple[str, pd.Index]]
"""Persona id: its segment, and the ids of its units."""


def match_personas(study: Study, features: pd.DataFrame, membership: pd.DataFrame) -> Members:
    """Units of a persona's segment that have every attribute which defines the persona.

    A persona is a person and a unit may be an account, so that personas of one segment may share units. A persona that
    defines no attribute speaks for its whole segment.

    Parameters
    ----------
    study : Study
        ``study.personas`` names the folder of persona files.
    features : pandas.DataFrame
        Index unit id.
    membership : pandas.DataFrame
        Index unit id, column ``segment``.

    Returns
    -------
    mapping of str to (str, pandas.Index)
        Persona id to its segment and its units; empty when the study has no persona files.

    Raises
    ------
    DataContractError
        If a persona file is not what it should be.
    """
    if study.personas is None:
        return {}
    findings = Findings(features=features, membership=membership)
    found = {}
    for persona in load_personas(study.resolve(study.personas)):
        if persona.status != "retired":
            units, _, _ = match_defining(persona, findings)
            found[persona.persona_id] = (persona.segment, pd.Index(sorted(units), dtype="str"))
    return found
