"""The joint display of a run: hypotheses, profile, jobs, interviews and what sales heard until the end of the quarter."""

from __future__ import annotations

from ..dataset import Dataset
from ..qualitative import CodedInterviews, EvidenceMatrix, JobScores, QuoteBank, evidence_matrix, gather_hypotheses
from ..study import load_hypotheses
from ..workspace import Workspace
from .feedback import read_feedback

__all__ = ["join_evidence"]


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
    return evidence_matrix(
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
