"""What the page of interviews needs from the files the team writes: sales feedback, hypotheses, the frozen plan."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ..dataset import Dataset
from ..qualitative import CodedInterviews, EvidenceMatrix, JobScores, QuoteBank, evidence_matrix, gather_hypotheses
from ..qualitative.fieldwork import Fieldwork, measure_fieldwork
from ..qualitative.prepare import plan_next_interviews
from ..study import load_hypotheses
from ..words import join_words
from ..workspace import Workspace
from .feedback import read_feedback
from .fieldwork import read_interview_plan

__all__ = ["follow_fieldwork", "join_evidence", "read_frozen_plan"]


def read_frozen_plan(run: Workspace) -> pd.DataFrame | None:
    """The plan that was frozen before fieldwork, checked against the units there are.

    Parameters
    ----------
    run : Workspace
        Whose stage 01_data is done.

    Returns
    -------
    pandas.DataFrame or None
        None if the study names none.

    Raises
    ------
    DataContractError
        With everything wrong with the file.
    """
    return read_interview_plan(run.study, units={str(name) for name in run.read("features").index})


def follow_fieldwork(run: Workspace, data: Dataset, coded: CodedInterviews, frozen: pd.DataFrame | None) -> Fieldwork:
    """Hold the frozen plan against who came, today's segments, and the plan that would be made today.

    Parameters
    ----------
    run : Workspace
        Whose stages 01_data and 02_segments are done.
    data : Dataset
    coded : CodedInterviews
    frozen : pandas.DataFrame or None
        As ``read_frozen_plan`` gives it.

    Returns
    -------
    Fieldwork
    """
    units = coded.people[run.study.unit] if run.study.unit in coded.people.columns else []
    return measure_fieldwork(
        frozen,
        run.study,
        run.read("features"),
        run.read("membership"),
        interviewed=[None if pd.isna(name) else str(name) for name in units],
        fresh=None if frozen is None else plan_next_interviews(run, data, None),
    )


def join_evidence(
    run: Workspace, data: Dataset, coded: CodedInterviews, bank: QuoteBank, jobs: JobScores
) -> EvidenceMatrix:
    """Lay use, numbers, interviews and sales beside each hypothesis of the study.

    Parameters
    ----------
    run : Workspace
        Whose stage 02_segments is done.
    data : Dataset
        With ``deals`` where the study has them.
    coded : CodedInterviews
    bank : QuoteBank
    jobs : JobScores

    Returns
    -------
    EvidenceMatrix

    Raises
    ------
    DataContractError
        With every segment and code that a hypothesis names and there is not, and everything wrong with the files of hypotheses
        and of feedback.
    """
    profile, membership = run.read("profile"), run.read("membership")
    feedback = read_feedback(run.study)
    written = [name for name in (run.study.evidence.hypotheses, run.study.feedback) if name]
    source = (
        f"{bank.source} {jobs.source} Beside them: {join_words(written)}."
        if written
        else f"{bank.source} {jobs.source}"
    )
    matrix = evidence_matrix(
        run.study,
        gather_hypotheses(run.study, profile, load_hypotheses(run.study)),
        profile=profile,
        jobs=jobs,
        coded=coded,
        bank=bank,
        membership=membership,
        feedback=feedback[feedback["date"] < run.period.end],
        deals=data.tables.get("deals"),
    )
    return replace(matrix, source=" ".join(source.split()))
