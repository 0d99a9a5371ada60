"""From the run folder and the study to personas that can be checked."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..dataset import Dataset
from ..errors import StudyError
from ..qualitative import build_coded_interviews
from ..qualitative.prepare import build_redactor_for
from ..study import Study, read_yaml
from ..workspace import Workspace
from .check import CheckedPersonas
from .contract import check_persona_references
from .draft import draft_personas
from .findings import Findings
from .load import load_personas
from .model import Persona
from .perception import ITEM_COLUMNS, Perception, load_perception

__all__ = ["gather_findings", "load_or_draft_personas", "persona_names", "write_perception_form"]


def gather_findings(
    run: Workspace,
    data: Dataset,
    *,
    told: pd.DataFrame | None = None,
    touchpoints: pd.DataFrame | None = None,
    hypotheses: pd.DataFrame | None = None,
) -> Findings:
    """Everything a claim may rest on, from this run's results and the transcripts.

    Parameters
    ----------
    run : Workspace
        Its stages 01 to 03 are done.
    data : Dataset
        With the interviews, where the study has them.
    told : pandas.DataFrame, optional
        As ``summarise_told`` returns it: how interviewees felt at each stage.
    touchpoints : pandas.DataFrame, optional
        As ``count_touchpoints`` returns it: through which channels units came to each stage.
    hypotheses : pandas.DataFrame, optional
        As ``recall_hypotheses`` returns it: what came of predictions in the tests of earlier quarters.

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
        perception=load_perception(run.study, persona_names(run.study)).scores,
        stability=_stability(run, membership),
        stages=tuple(run.study.journeys),
        min_cell=run.study.choices.min_cell,
        shares=frozenset(v.name for v in run.study.variables if v.measure in ("share", "top2") or v.level == "binary"),
        told=told,
        touchpoints=touchpoints,
        hypotheses=hypotheses,
        kpi_labels=_kpi_labels(run.study),
    )


def _kpi_labels(study: Study) -> dict[str, str]:
    """KPI to its label; the file itself is judged where KPIs are counted."""
    if study.kpis is None or not study.resolve(study.kpis).is_file():
        return {}
    given = read_yaml(study.resolve(study.kpis))[0]
    listed = given.get("kpis") if isinstance(given, dict) else None
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return {str(row["id"]): str(row["label"]) for row in rows if row.get("id") and row.get("label")}


def _stability(run: Workspace, membership: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Jaccard overlap of each segment with itself in resamples, found by its fitted members, since ids were carried on later.

    A segment that the team merged, or one whose number of members is not its own, is left out.
    """
    if not run.has("segment_stability") or "basis" not in membership:
        return {}
    fitted = membership.loc[membership["basis"] == "fitted", "segment"].dropna().astype(str).value_counts()
    table = run.read("segment_stability")
    table = table[table["k"] == len(fitted)]
    sizes = table["n"].value_counts()
    found: dict[str, tuple[float, float, float]] = {}
    for segment, n in fitted.items():
        row: Any = table[table["n"] == n]
        if sizes.get(n, 0) == 1 and (fitted == n).sum() == 1 and pd.notna(row["jaccard"].iloc[0]):
            found[str(segment)] = tuple(float(row[key].iloc[0]) for key in ("jaccard", "lower", "upper"))  # type: ignore[assignment]
    return found


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
    StudyError
        If a persona file is not what it should be, or cites a variable, a level, a code, words or a touchpoint that do not exist;
        with every problem of every file.
    """
    if study.personas is not None:
        personas = load_personas(study.resolve(study.personas))
        codes = None if findings.coded is None else list(findings.coded.codes.index)
        channels = None if findings.touchpoints is None else findings.channels
        wrong = check_persona_references(
            personas, study, coded=findings.coded, codes=codes, features=findings.features, channels=channels
        )  # fmt: skip
        if wrong:
            raise StudyError(wrong)
        return personas
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


def write_perception_form(run: Workspace, checked: CheckedPersonas, perception: Perception) -> list[str]:
    """Write ``exports/perception/``: ``answers.csv``, a blank row a persona, and ``items.csv``, the statements it answers.

    Parameters
    ----------
    run : Workspace
    checked : CheckedPersonas
    perception : Perception

    Returns
    -------
    list of str
        Files written, below ``exports``.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    head = ["rater", "persona_id", *(item.item for item in perception.items)]
    blank = [["", persona.persona_id, *[""] * len(perception.items)] for persona in checked.personas]
    asked = [(i.item, i.construct, i.statement, "yes" if i.reversed else "no") for i in perception.items]
    files = {
        "perception/answers.csv": pd.DataFrame(blank, columns=head),
        "perception/items.csv": pd.DataFrame(asked, columns=list(ITEM_COLUMNS)),
    }
    for name, table in files.items():
        run.write_text(f"exports/{name}", table.to_csv(index=False, lineterminator="\n"))
    return list(files)
