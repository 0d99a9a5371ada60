"""What messages rest on besides the matrix: value propositions, proofs, the brand's words, what people told by stage, channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..errors import Violation, nearest_word
from .parts import Name, Part

if TYPE_CHECKING:
    from .model import Study

__all__ = ["ChannelPlan", "Messaging", "check_messaging"]

Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
FILES = ("value_props", "proofs", "voice", "told")


class ChannelPlan(Part):
    """What is known of a channel before it is used: enough to say how many people a message of its own needs."""

    used: bool = Field(False, description="Whether messages went out on it before; a new channel starts broad.")
    baseline: float = Field(
        gt=0, lt=1, description="Share that answers today, or that you expect: a click, a reply, a booking."
    )
    lift: float = Field(0.3, gt=0, le=10, description="Smallest relative difference worth finding: 0.3 is 30 % more.")


class Messaging(Part):
    """What the message matrix and the journey rest on."""

    value_props: str | None = Field(
        None, description="CSV of value propositions: value_prop_id, text; the matrix may then cite no other."
    )
    proofs: str | None = Field(
        None,
        description="CSV of proofs: proof_id, text, source, date, participant, quote; the matrix may then cite no other.",
    )
    voice: str | None = Field(None, description="YAML of the brand's words by language: say, avoid.")
    told: str | None = Field(
        None,
        description="CSV of what interviewees told by stage: participant, persona_id, stage, channel, emotion, text, coder.",
    )
    stage_codes: dict[Name, tuple[str, ...]] = Field(
        {}, description="Stage of the journey: codes of the codebook that place a passage in it."
    )
    emotion_codes: dict[str, Annotated[int, Field(ge=-2, le=2)]] = Field(
        {}, description="Code of the codebook: the emotion it stands for, -2 (worst) to 2 (best)."
    )
    locales: dict[Locale, str] = Field(
        {}, description="Locale: region it is written for, * for everybody; every message needs a text in each."
    )
    channels: dict[Name, ChannelPlan] = Field({}, description="Channels in use or planned.")


def check_messaging(study: Study, lines: dict[tuple[Any, ...], int]) -> list[Violation]:
    """Files that are not there, and stages the journey does not have.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> check_messaging(tiny_study(), {})
    []
    """
    file, part = str(study.file), study.messaging
    found = []
    for key in FILES:
        named = getattr(part, key)
        if named is not None and not study.resolve(named).is_file():
            line = lines.get(("messaging", key))
            fix = "Check the path; it is relative to the study file"
            found.append(Violation("no such file", file, None, f"messaging.{key}", named, "", fix, line))
    for stage in part.stage_codes:
        if stage not in study.journeys:
            allowed = ", ".join(study.journeys) or "none: the study declares no journeys"
            line, hint = lines.get(("messaging", "stage_codes", stage)), nearest_word(stage, study.journeys)
            where = "messaging.stage_codes"
            found.append(Violation("no such stage of the journey", file, None, where, stage, allowed, hint, line))
    return found
