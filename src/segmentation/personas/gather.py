"""From the run folder and the study to personas that can be checked."""

from __future__ import annotations

from ..dataset import Dataset
from ..qualitative import build_coded_interviews
from ..qualitative.prepare import build_redactor_for
from ..study import Study
from ..workspace import Workspace
from .draft import draft_personas
from .findings import Findings
from .load import load_personas
from .model import Persona

__all__ = ["gather_findings", "load_or_draft_personas", "persona_names"]


def gather_findings(run: Workspace, data: Dataset) -> Findings:
    """Everything a claim may rest on, from this run's results and the transcripts.

    Parameters
    ----------
    run : Workspace
        Its stages 01 to 03 are done.
    data : Dataset
        With the interviews, where the study has them.

    Returns
    -------
    Findings
    """
    membership = run.read("membership")
    coded = build_coded_interviews(data, membership)
    return Findings(
        profile=run.read("profile"),
        themes=None if coded.empty else run.read("themes"),
        quotes=None if coded.empty else run.read("quotes"),
        agreement=None if coded.empty else run.read("agreement"),
        coded=None if coded.empty else coded,
        redactor=build_redactor_for(data),
        features=run.read("features"),
        membership=membership,
        labels=run.study.labels,
        kinds={variable.name: variable.kind for variable in run.study.variables},
        verdict=str(run.read_json("verdict")["label"]) if run.has("verdict") else "",
        shares=frozenset(v.name for v in run.study.variables if v.measure in ("share", "top2") or v.level == "binary"),
    )


def load_or_draft_personas(study: Study, findings: Findings, *, quarter: str) -> tuple[Persona, ...]:
    """The team's persona files; where the study names none, one sober draft a segment from evidence alone.

    Parameters
    ----------
    study : Study
    findings : Findings
    quarter : str
        For drafts.

    Returns
    -------
    tuple of Persona

    Raises
    ------
    DataContractError
        If a persona file is not what it should be.
    """
    if study.personas is not None:
        return load_personas(study.resolve(study.personas))
    return draft_personas(findings, quarter=quarter, units=study.units)


def persona_names(study: Study) -> dict[str, str]:
    """Persona id to name, from the team's files; empty without them.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict[str, str]
    """
    if study.personas is None:
        return {}
    return {persona.persona_id: persona.name for persona in load_personas(study.resolve(study.personas))}
