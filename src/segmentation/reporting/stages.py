"""The stages of the line: what each needs, reads and is asked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTEBOOKS", "STAGES", "Stage"]


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
    files : tuple of str
        Keys of ``input_digests`` for what it reads besides sources: what the team wrote.
    first : bool
        Whether a reader is led to its page before all others, whenever it runs.
    """

    name: str
    title: str
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    first: bool = False


STAGES: tuple[Stage, ...] = (
    Stage("01_data", "Data: what came in"),
    Stage(
        "02_segments",
        "Segments: are they real, and who is in them",
        needs=("01_data",),
        files=("decisions", "rules"),
    ),
    Stage(
        "02_use",
        "Use: whom to serve, how to recognise them",
        needs=("01_data", "02_segments"),
        files=("rules",),
    ),
    Stage(
        "03_interviews",
        "Interviews: what people say",
        needs=("01_data", "02_segments"),
        files=("feedback", "hypotheses", "interview_plan"),
    ),
    Stage(
        "04_personas",
        "Personas: who they are",
        needs=("02_segments", "03_interviews"),
        files=("personas",),
    ),
    Stage(
        "05_messaging",
        "Messages: what to say, to whom, where",
        needs=("01_data", "02_segments", "03_interviews", "04_personas"),
        files=("personas", "messages", "messaging", "suppression"),
    ),
    Stage(
        "06_tracking",
        "Tracking: did it work, what moved",
        needs=("01_data", "02_segments"),
        files=("personas", "messages", "experiments", "kpis", "feedback"),
    ),
    Stage(
        "07_activation",
        "Into the tools: who goes where, and who does not",
        needs=("01_data", "02_segments"),
        files=("suppression",),
    ),
    Stage(
        "08_since_last_quarter",
        "Since last quarter: what is different, what to do",
        needs=("01_data", "02_segments", "04_personas", "05_messaging", "06_tracking"),
        first=True,
    ),
)
NOTEBOOKS = tuple(stage.name for stage in STAGES)
