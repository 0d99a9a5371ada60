"""Who said what: speaker labels at the head of lines, and turns as spans of a plain text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["INTERVIEWER_LABELS", "Head", "Turn", "accept_heads", "find_heads", "is_generic", "make_turns"]

INTERVIEWER_LABELS = ("i", "int", "interviewer", "moderator", "mod", "facilitator", "researcher", "host", "q")
PARTICIPANT_LABELS = ("p", "r", "b", "a", "y", "participant", "respondent", "interviewee", "customer", "user", "answer")
GENERIC = re.compile(
    r"(p|r|b|s|i|id|int|participant|respondent|interviewee|interviewer|speaker|sprecher|user|person)[ _.#-]?\d{1,4}"
)
CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?"
TIME = rf"[\[(]?{CLOCK}(?: *(?:-->|-|–) *{CLOCK})?[\])]?"
ZOOM = re.compile(rf"(?:{TIME})\t(?P<label>[^\t\n]{{1,40}}?):?\t(?P<text>.*)")
ZOOM_SAVED = re.compile(rf"\[(?P<label>[^\[\]:\n]{{1,40}})\][ \t]+{CLOCK}[ \t]*(?P<text>)")
PREFIX = re.compile(
    rf"(?:>> *)?(?:{TIME}[ \t]+(?:[-–][ \t]+)?)?(?:\*\*)?(?P<label>[^\W_][^:：\t\n\[\]]{{0,39}}?)[ ]*(?:{TIME})?(?:\*\*)?"
    r"(?:：|:(?:\*\*)?(?=[ \t]|$))[ \t]*(?P<text>.*)"
)
BRACKET = re.compile(r"\[(?P<label>[^\[\]:\n]{1,40})\][ \t]+(?P<text>\S.*)")
NAME_TIME = re.compile(r"(?P<label>[^\W\d][^:\t\n]{0,39}?)[ \t]+\d{1,2}:\d{2}(?::\d{2})?[ \t]*(?P<text>)")


@dataclass(frozen=True)
class Head:
    """A line that may open a turn: where it starts, the label, where its words start."""

    line: int
    label: str
    text: int
    sure: bool = False


@dataclass(frozen=True)
class Turn:
    """One turn: ``text`` is the plain text from ``start`` to ``end`` (code points, end excluded)."""

    label: str
    start: int
    end: int


def is_generic(label: str) -> bool:
    """Whether a label names a role or a number and nobody in person.

    Examples
    --------
    >>> [is_generic(label) for label in ("P01", "Interviewer", "Speaker 2", "Marion Smith")]
    [True, True, True, False]
    """
    word = label.casefold().strip()
    return word in INTERVIEWER_LABELS or word in PARTICIPANT_LABELS or bool(GENERIC.fullmatch(word))


def find_heads(text: str) -> list[Head]:
    """Lines of a plain text that look like the start of a turn, in any of the layouts transcribers use."""
    heads = []
    position = 0
    for line in text.split("\n"):
        for pattern in (ZOOM, ZOOM_SAVED, BRACKET, PREFIX, NAME_TIME):
            match = pattern.fullmatch(line.rstrip("\r"))
            if match is None:
                continue
            label = match["label"].strip()
            if (
                pattern is BRACKET
                and not (any(c.isdigit() for c in label) and not label[0].isdigit())
                and not is_generic(label)
            ):
                continue  # [laughs], [00:12]
            start = match.start("text") if match["text"] is not None else match.end()
            heads.append(Head(position, label, position + start, pattern in (ZOOM, ZOOM_SAVED)))
            break
        position += len(line) + 1
    return heads


def accept_heads(heads: Sequence[Head], known: Iterable[str] = ()) -> list[Head]:
    """Heads whose label is a speaker: known, generic, or a short capitalised label that opens two lines or more.

    A colon early in a line is often no label ("One thing: ..."), so a single unknown one is left in the text.
    """
    counts = Counter(head.label for head in heads)
    names = {label.casefold() for label in known}

    def speaks(head: Head) -> bool:
        if head.sure or is_generic(head.label) or head.label.casefold() in names:
            return True
        return counts[head.label] >= 2 and head.label[0].isupper() and len(head.label.split()) <= 4

    return [head for head in heads if speaks(head)]


def make_turns(text: str, heads: Sequence[Head]) -> list[Turn]:
    """Turns from each head to the next, without surrounding blanks; empty ones are left out."""
    turns = []
    for position, head in enumerate(heads):
        stop = heads[position + 1].line if position + 1 < len(heads) else len(text)
        words = text[head.text : stop]
        start = head.text + len(words) - len(words.lstrip())
        end = head.text + len(words.rstrip())
        if start < end:
            turns.append(Turn(head.label, start, end))
    return turns
