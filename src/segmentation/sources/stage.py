"""What each stage of the line reads: the one list that notebooks read by and that decides whether a stage must run again."""

from __future__ import annotations

from ..dataset import Dataset
from ..workspace import Workspace
from .events import list_periods
from .registry import canonical_table, read_sources

__all__ = ["READS", "read_stage", "read_stage_before", "stage_reads"]

READS: dict[str, tuple[str, ...]] = {
    "01_data": ("*",),
    "02_use": ("survey",),
    "03_interviews": ("survey", "turns", "codings", "interviewees", "redactions", "contacts", "deals"),
    "04_personas": ("events", "turns", "codings", "interviewees", "redactions", "contacts"),
    "05_messaging": ("events", "turns", "codings", "interviewees", "redactions", "companies", "contacts"),
    "06_tracking": ("events", "deals", "companies", "contacts"),
    "07_activation": ("events", "companies", "identities", "contacts"),
    "code_interviews": ("turns", "codings", "interviewees"),
}
"""Canonical tables by stage; a star means all."""


def stage_reads(run: Workspace) -> tuple[str, ...]:
    """Names of the study's sources that a stage reads, in the order of the study file.

    Parameters
    ----------
    run : Workspace

    Returns
    -------
    tuple of str
        Empty for a stage that works on results of earlier stages only.
    """
    wanted, people = READS.get(run.stage, ()), run.study.activation.people
    also = {people.source} if run.stage in ("05_messaging", "07_activation") and people is not None else set()
    return tuple(
        name
        for name in run.study.sources
        if "*" in wanted or name in also or canonical_table(run.study, name) in wanted
    )


def read_stage(run: Workspace) -> Dataset:
    """Read a stage's sources for its period; what the study does not have is simply not in the dataset.

    Parameters
    ----------
    run : Workspace

    Returns
    -------
    Dataset

    Raises
    ------
    DataContractError
        With every violation of every source.
    """
    return read_sources(run.study, run.period, only=stage_reads(run))


def read_stage_before(run: Workspace) -> Dataset | None:
    """The same for last quarter.

    Parameters
    ----------
    run : Workspace

    Returns
    -------
    Dataset or None
        None if there were no events in it.

    Raises
    ------
    DataContractError
        With every violation of every source.
    """
    if run.period.previous not in list_periods(run.study):
        return None
    return read_sources(run.study, run.period.previous, only=stage_reads(run))
