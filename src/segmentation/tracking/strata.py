"""Which units speak for which persona, from before anybody was exposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..personas import Findings, Persona, load_personas
from ..personas.rules import match_defining
from ..study import Study
from .registration import Experiment

__all__ = ["NOT_KNOWN", "NO_PERSONA", "Strata", "choose_basis", "find_few_left", "find_strata", "split_personas"]

NO_PERSONA, NOT_KNOWN = "no persona", "not known"  # rows of units that belong to no persona, or of whom nobody can tell


@dataclass(frozen=True)
class Strata:
    """Units by persona, as they were before the exposure.

    Attributes
    ----------
    members : mapping of str to pandas.Index
        Persona id to its units: those of its segment that have every attribute which defines it. A unit that fits several personas
        of its segment is a unit of each of them.
    unknown : pandas.Index
        Units that fit no persona, and of whom an attribute is not known that defines one of their segment.
    names, homes : mapping of str to str
        Persona id to name and to segment, of every persona of the study.
    silent : mapping of str to str
        Personas without units of their own, and why.
    """

    members: Mapping[str, pd.Index] = field(default_factory=dict)
    unknown: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))
    names: Mapping[str, str] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


def find_strata(study: Study, membership: pd.DataFrame | None, features: pd.DataFrame | None) -> Strata:
    """Match units to personas by what was known before the exposure.

    Parameters
    ----------
    study : Study
        ``study.personas`` names the folder of persona files; retired personas are left out.
    membership : pandas.DataFrame or None
        Segments of the quarter before: index unit, column ``segment``.
    features : pandas.DataFrame or None
        Variables of the quarter before, by unit.

    Returns
    -------
    Strata
        Without units where personas, segments or variables are absent.

    Raises
    ------
    DataContractError
        If a persona file is not what it should be.
    """
    if study.personas is None:
        return Strata()
    people = [p for p in load_personas(study.resolve(study.personas)) if p.status != "retired"]
    names = {persona.persona_id: persona.name for persona in people}
    homes = {persona.persona_id: persona.segment for persona in people}
    if membership is None or features is None:
        why = "what was known of units before the exposure is not at hand"
        return Strata(names=names, homes=homes, silent=dict.fromkeys(names, why))
    findings = Findings(features=features, membership=membership)
    members, silent = {}, {}
    blank = pd.Series(False, index=membership.index)
    for persona in people:
        absent = [ref.variable for ref in persona.defining if ref.variable not in features]
        if absent or not persona.defining:
            silent[persona.persona_id] = f"no variable {absent[0]}" if absent else "its file defines it by no attribute"
            continue
        members[persona.persona_id] = pd.Index(sorted(match_defining(persona, findings)[0]), dtype="str")
        blank |= _blank(persona, membership["segment"], features)
    matched = {unit for units in members.values() for unit in units}
    unknown = [str(unit) for unit in membership.index[blank] if str(unit) not in matched]
    return Strata(members, pd.Index(unknown, dtype="str"), names, homes, silent)


def _blank(persona: Persona, segment: pd.Series, features: pd.DataFrame) -> pd.Series:
    """Units of the persona's segment of whom an attribute that defines it is not known."""
    values = features[[ref.variable for ref in persona.defining]].reindex(segment.index)
    return (segment == persona.segment).fillna(False).astype(bool) & values.isna().any(axis=1)


def split_personas(
    experiment: Experiment, units: pd.DataFrame, strata: Strata | None
) -> tuple[dict[str, pd.DataFrame], Strata]:
    """Units by persona; a unit of several personas stands under each, one of none under ``NO_PERSONA`` or ``NOT_KNOWN``.

    Parameters
    ----------
    experiment : Experiment
        Names the column of the assignment that says each unit's persona, or none: then ``strata`` says it.
    units : pandas.DataFrame
        As ``place_units`` returns them.
    strata : Strata or None
        As ``find_strata`` returns them.

    Returns
    -------
    dict, Strata
        Persona id (the two rests last) to its rows of ``units``; and the strata they come from. Empty where no unit has a persona,
        or the experiment is registered without them.
    """
    strata = strata or Strata()
    if not experiment.by_persona:
        return {}, strata
    inside = units if "persona" in units.columns else units[units["segment"].notna()]
    if experiment.segments:
        inside = inside[inside["segment"].isin(experiment.segments)]
    if "persona" in units.columns:
        parts, strata = _as_assigned(experiment, inside, strata)
        rest = {NO_PERSONA: inside[inside["persona"] == ""]}
    else:
        parts = {name: inside[inside["key"].isin(members)] for name, members in strata.members.items()}
        parts = {name: part for name, part in parts.items() if len(part)}
        matched = inside.index.isin({unit for part in parts.values() for unit in part.index})
        unknown = inside["key"].isin(strata.unknown).to_numpy()
        rest = {NO_PERSONA: inside[~matched & ~unknown], NOT_KNOWN: inside[~matched & unknown]}
    return (parts | {name: part for name, part in rest.items() if len(part)} if parts else {}), strata


def _as_assigned(experiment: Experiment, units: pd.DataFrame, strata: Strata) -> tuple[dict[str, pd.DataFrame], Strata]:
    """Units by the persona that the assignment names; what the persona files say of units is not asked."""
    named = units["persona"]
    given = set(named) - {""}
    order = [name for name in strata.names if name in given] + sorted(given - set(strata.names))  # retired ones last
    return {name: units[named == name] for name in order}, Strata(names=strata.names, homes=strata.homes)


def find_few_left(people: Mapping[str, pd.DataFrame], *, min_cell: int) -> set[tuple[str, str]]:
    """Cells that must not stand beside the segments and everybody: the difference is what fewer than ``min_cell`` units did.

    Segments that lie wholly in a row can be taken from it; what is left is then one side of the other segments it touches.

    Parameters
    ----------
    people : mapping of str to pandas.DataFrame
        As ``split_personas`` returns it: every unit of its segments stands in some row.
    min_cell : int

    Returns
    -------
    set of (str, str)
        Persona (or rest) and arm.
    """
    if not people:
        return set()
    everybody = pd.concat(list(people.values()))
    everybody = everybody[~everybody.index.duplicated()]
    found = set()
    for arm, inside in everybody.groupby("arm"):
        # units of no segment are what everybody is more than the segments
        segment = inside["segment"].astype("object").where(inside["segment"].notna(), "")
        for name, part in people.items():
            own = inside.index.isin(part.index)
            share = pd.Series(own, index=segment.to_numpy(), dtype=float).groupby(level=0).mean()
            partial = segment.isin(share.index[(share > 0) & (share < 1)]).to_numpy()
            rests = (inside[partial & own], inside[partial & ~own])
            if any(0 < _randomised(rest, str(arm)) < min_cell for rest in rests):
                found.add((name, str(arm)))
    return found


def choose_basis(
    experiment: Experiment, people: Mapping[str, pd.DataFrame], strata: Strata, *, min_cell: int
) -> dict[tuple[str, str], tuple[str, str]]:
    """On whom each prediction is judged: the persona's own units if those of control and arm may be published, else its segment.

    Parameters
    ----------
    experiment : Experiment
    people : mapping of str to pandas.DataFrame
        As ``split_personas`` returns it.
    strata : Strata
    min_cell : int

    Returns
    -------
    dict
        Persona something is predicted of, and the arm, to the row of the results, and why it is not the persona's own (else empty).
    """
    basis, few = {}, find_few_left(people, min_cell=min_cell)
    for expected in experiment.expects:
        name = expected.persona
        if name not in experiment.told:
            continue
        arms = (str(experiment.control), expected.arm or experiment.treated[0])
        inside = people.get(name)
        sizes = [0 if inside is None else _randomised(inside, arm) for arm in arms]
        left = any((name, arm) in few for arm in arms)
        if min(sizes) >= min_cell and not left:
            basis[name, arms[1]] = name, ""
            continue
        only = f"it has only {sizes[0]} and {sizes[1]} units of its own"
        beside = f"beside its own units too few are left in its segment to tell of both (under {min_cell})"
        why = strata.silent.get(name, "" if not people else only if min(sizes) < min_cell else beside)
        why = why if experiment.by_persona else "registered without personas"
        basis[name, arms[1]] = experiment.told[name][0], why
    return basis


def _randomised(units: pd.DataFrame, arm: str) -> int:
    inside = units[units["arm"] == arm]
    return inside["cluster"].nunique() if "cluster" in inside else len(inside)
