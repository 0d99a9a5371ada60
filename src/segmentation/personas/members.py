"""Who in a segment has all defining attributes of a persona, and what such members need."""

from __future__ import annotations

import math

import pandas as pd

from .findings import Findings
from .model import Persona, ProfileRef

__all__ = ["match_defining", "needs_of"]


def match_defining(persona: Persona, findings: Findings) -> tuple[set[str], int, list[str]]:
    """Units of the persona's segment that match all defining attributes.

    Above and below mean above and below the median of all units. A unit with a missing value is left out of the base.

    Parameters
    ----------
    persona : Persona
    findings : Findings
        With features and membership.

    Returns
    -------
    tuple of set, int, list
        Ids that match, units of the segment where every attribute is known, and variables that do not exist.

    Examples
    --------
    >>> features = pd.DataFrame({"staff": [1.0, 5.0, 9.0]}, index=["a", "b", "c"])
    >>> membership = pd.DataFrame({"segment": ["S1", "S1", "S1"]}, index=["a", "b", "c"])
    >>> persona = Persona(persona_id="p1", name="Big Bob", segment="S1", defining=[{"variable": "staff"}])
    >>> match_defining(persona, Findings(features=features, membership=membership))
    ({'c'}, 3, [])
    """
    if findings.features is None or findings.membership is None:
        return set(), 0, []
    segment = findings.membership["segment"].astype("string")
    here = findings.features.loc[
        findings.features.index.intersection(segment.index[(segment == persona.segment).fillna(False)])
    ]
    missing = [ref.variable for ref in persona.defining if ref.variable not in here]
    known, matches = pd.Series(True, index=here.index), pd.Series(True, index=here.index)
    for ref in persona.defining:
        if ref.variable in here:
            known &= here[ref.variable].notna()
            matches &= _matches(ref, here[ref.variable], findings.features[ref.variable])
    return set(here.index[known & matches].astype(str)), int(known.sum()), missing


def _matches(ref: ProfileRef, here: pd.Series, everybody: pd.Series) -> pd.Series:
    if ref.level is not None:
        return here.astype("string").str.casefold().eq(ref.level.casefold()).fillna(False).astype(bool)
    if not pd.api.types.is_numeric_dtype(everybody.dtype):
        return pd.Series(False, index=here.index)
    middle = everybody.median()
    return (here > middle) if ref.direction == "above" else (here < middle)


def needs_of(members: set[str], findings: Findings) -> pd.Series:
    """Mean need of some units, in standard deviations from everybody's; empty without two needs or without members.

    Examples
    --------
    >>> features = pd.DataFrame({"calm": [1.0, 3.0], "cash": [4.0, 2.0]}, index=["a", "b"])
    >>> findings = Findings(features=features, kinds={"calm": "need", "cash": "need"})
    >>> needs_of({"a"}, findings).round(2).to_dict()
    {'calm': -0.71, 'cash': 0.71}
    """
    features = findings.features
    if features is None or not members:
        return pd.Series(dtype=float)
    names = [
        name
        for name, kind in findings.kinds.items()
        if kind == "need" and name in features and pd.api.types.is_numeric_dtype(features[name].dtype)
    ]
    spread = features[names].std()
    names = [name for name in names if spread[name] > 0]
    if len(names) < 2:
        return pd.Series(dtype=float)
    here = features.loc[features.index.astype(str).isin(members), names]
    return ((here.mean() - features[names].mean()) / spread[names]).dropna()


def cosine(one: pd.Series, other: pd.Series) -> float:
    """Cosine of the angle between two vectors over what both have; NaN for fewer than two, or a vector of zeros.

    Examples
    --------
    >>> cosine(pd.Series({"a": 3.0, "b": 4.0}), pd.Series({"a": 4.0, "b": 3.0}))
    0.96
    """
    shared = one.index.intersection(other.index)
    left, right = one[shared], other[shared]
    size = math.sqrt(float((left**2).sum()) * float((right**2).sum()))
    return float((left * right).sum()) / size if len(shared) > 1 and size > 0 else math.nan
