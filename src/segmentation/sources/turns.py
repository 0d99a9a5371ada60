"""Who said what: speaker labels at the head of lines, and turns as spans of a plain text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = [
    "INTERVIEWER_LABELS",
    "Head",
    "Turn",
    "accept_heads",
    "find_heads",
    "is_generic",
    "looks_like_name",
    "make_turns",
    "speaker_key",
]

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
CUE = r"\d{1,2}:\d{1,2}(?::\d{1,2})?(?:[.,]\d+)?"
CUE_TIMES = re.compile(rf"{CUE} *--> *{CUE}")
TITLES = ("dr.", "mr.", "ms.", "mrs.")
GUEST = re.compile(r"\s*\((?:guest|gast|ext|extern|external|unverified)\)$")
NAME_TIME = re.compile(r"(?P<label>[^\W\d][^:\t\n]{0,39}?)[ \t]+\d{1,2}:\d{2}(?::\d{2})?[ \t]*(?P<text>)")


@dataclass(frozen=True)
class Head:
    """A line that may open a turn: where it starts, the label, where its words start."""

    line: int
    label: str
    text: int
    sure: bool = False
    timed: bool = False  # a time stands beside the label


@dataclass(frozen=True)
class Turn:
    """One turn: ``text`` is the plain text from ``start`` to ``end`` (code points, end excluded)."""

    label: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def is_generic(label: str) -> bool:
    """Whether a label names a role or a number and nobody in person.

    Examples
    --------
    >>> [is_generic(label) for label in ("P01", "Interviewer", "Speaker 2", "Marion Smith")]
    [True, True, True, False]
    """
    word = label.casefold().strip()
    return word in INTERVIEWER_LABELS or word in PARTICIPANT_LABELS or bool(GENERIC.fullmatch(word))


@lru_cache(maxsize=4096)
def speaker_key(label: str) -> str:
    """What all spellings of one speaker share: case, blanks, marks, leading zeros and "(Guest)" do not tell people apart.

    Examples
    --------
    >>> {speaker_key(label) for label in ("P02", "P 2", "p-02", "P.02")}, speaker_key("Marion Smith (Guest)")
    ({'p2'}, 'marionsmith')
    """
    word = GUEST.sub("", label.casefold().strip())
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]+", "", word)) or word


def looks_like_name(label: str) -> bool:
    """Whether a label is one to four words that all begin with a capital, as names of people do.

    Examples
    --------
    >>> [looks_like_name(label) for label in ("Marion Smith", "Smith, M. (Guest)", "One thing", "Hi. So")]
    [True, True, False, False]
    """
    words = label.replace("(", "").split()
    ends = [word for word in words if word[-1] in ".?!;" and len(word) > 2 and word.casefold() not in TITLES]
    return 0 < len(words) <= 4 and not ends and all(word[0].isupper() for word in words)


def find_heads(text: str) -> list[Head]:
    """Lines of a plain text that look like the start of a turn, in any of the layouts transcribers use."""
    heads = _cue_heads(text)
    if heads:
        return heads
    position = 0
    for line in text.split("\n"):
        for pattern in (ZOOM, ZOOM_SAVED, BRACKET, PREFIX, NAME_TIME) if line else ():
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
            timed = re.search(CLOCK, line[:start]) is not None
            heads.append(Head(position, label, position + start, pattern in (ZOOM, ZOOM_SAVED), timed))
            break
        position += len(line) + 1
    return heads


def _cue_heads(text: str) -> list[Head]:
    """Heads of a transcript in blocks of three lines, as older versions of Teams save it: times, speaker, words.

    None if there is a block whose second line is no name: then nobody is named, and the lines are what was said.
    """
    if "-->" not in text:
        return []
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    blocks = [n for n, line in enumerate(lines) if CUE_TIMES.fullmatch(line.strip())]
    for n in blocks:
        name = lines[n + 1].strip() if n + 2 < len(lines) else ""
        if len(name) > 40 or not (looks_like_name(name) or is_generic(name)):
            return []
    return [Head(starts[n], lines[n + 1].strip(), starts[n + 2], len(blocks) > 1, True) for n in blocks]


def accept_heads(heads: Sequence[Head], known: Iterable[str] = ()) -> list[Head]:
    """Heads whose label is a speaker: known, generic, or a short capitalised label that opens two lines or more.

    A colon early in a line is often no label ("One thing: ..."), so a single unknown one is left in the text; but not where
    it looks like a name and a time stands beside it, as beside other labels of the text.
    """
    counts = Counter(speaker_key(head.label) for head in heads)
    names = {speaker_key(label) for label in known}
    timed = sum(head.timed for head in heads)
    capital = {speaker_key(head.label) for head in heads if head.label[0].isupper()}

    def speaks(head: Head) -> bool:
        if head.sure or is_generic(head.label) or speaker_key(head.label) in names:
            return True
        if head.timed and timed >= 2 and looks_like_name(head.label):
            return True
        key = speaker_key(head.label)
        return counts[key] >= 2 and key in capital and len(head.label.split()) <= 4

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
