"""The stages of the line: what each needs, reads and is asked."""

from __future__ import annotations

from dataclasses import dataclass

from ..study import Study

__all__ = ["NOTEBOOKS", "STAGES", "Stage", "stage_inputs"]


@dataclass(frozen=True)
class Stage:
    """One notebook of the line.

    Attributes
    ----------
    name : str
        File name of the notebook without its ending.
    title : str
        What the page is called in the report's contents.
    needs : tuple of str
        Stages whose results it reads.
    formats : tuple of str
        Formats of the sources it reads; ``*`` means all.
    files : tuple of str
        Keys of the study that name a file or folder it reads.
    """

    name: str
    title: str
    needs: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


STAGES: tuple[Stage, ...] = (
    Stage("01_data", "Data: what came in", formats=("*",)),
    Stage("02_segments", "Segments: are they real, and who is in them", needs=("01_data",)),
    Stage(
        "03_interviews",
        "Interviews: what people say",
        needs=("01_data", "02_segments"),
        formats=("transcripts", "refi-qda", "table"),
    ),
    Stage(
        "04_personas",
        "Personas: who they are",
        needs=("02_segments", "03_interviews"),
        formats=("transcripts", "refi-qda", "table"),
        files=("personas",),
    ),
    Stage(
        "05_messaging",
        "Messages: what to say, to whom, where",
        needs=("02_segments", "04_personas"),
        formats=("segment.tracks", "segment.identifies", "table", "refi-qda"),
        files=("personas", "messages"),
    ),
    Stage(
        "06_tracking",
        "Tracking: did it work, what moved",
        needs=("01_data", "02_segments"),
        formats=("segment.tracks", "segment.identifies", "hubspot.deals", "table", "refi-qda"),
        files=("personas", "messages", "experiments", "kpis", "feedback"),
    ),
)
NOTEBOOKS = tuple(stage.name for stage in STAGES)


def stage_inputs(stage: Stage, study: Study) -> tuple[str, ...]:
    """Names of the study's sources that a stage reads.

    Parameters
    ----------
    stage : Stage
    study : Study

    Returns
    -------
    tuple of str
        In the order of the study file.
    """
    return tuple(
        name for name, source in study.sources.items() if "*" in stage.formats or source.format in stage.formats
    )
