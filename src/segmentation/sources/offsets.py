"""How a coding program counts characters, found from its own quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

__all__ = [
    "Convention",
    "Marked",
    "SpanMover",
    "choose_convention",
    "locate",
    "locate_all",
    "misplaced",
    "move_span",
    "solid_places",
]

CUT = 90  # a name this long or longer may be a quote cut short by the program


@dataclass(frozen=True)
class Convention:
    """What one offset counts: code points or UTF-16 units, CRLF as one or two, end excluded or included."""

    utf16: bool = False
    crlf: int = 2
    inclusive: bool = False

    def __str__(self) -> str:
        unit = "UTF-16 units" if self.utf16 else "code points"
        return f"offsets count {unit}, line ends of two characters as {self.crlf}, end {'included' if self.inclusive else 'excluded'}"


@dataclass(frozen=True)
class Marked:
    """A selection as stored: source, first and last position, and the words the program kept with it."""

    source_id: str
    first: int
    last: int
    name: str = ""
    description: str = ""

    @cached_property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What the program kept, blanks evened out, whole and without the dots of a cut; nothing too short to tell."""
        wholes = (_squeeze(self.name), _squeeze(self.description))
        cut = ((whole, whole.removesuffix("...").removesuffix("…").strip()) for whole in wholes)
        return tuple((whole, words) for whole, words in cut if len(words) >= 2)


def _points(text: str, convention: Convention) -> tuple[str, np.ndarray]:
    """Text with plain newlines, and the stored offset at which each of its code points starts (one more for the end)."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    points = _code_points(plain)
    widths = np.where(points > 0xFFFF, 2, 1) if convention.utf16 else np.ones(len(points), dtype=int)
    if convention.crlf == 2 and "\r\n" in text:
        ends = re.findall(r"\r\n|\r|\n", text)
        widths[points == ord("\n")] = [len(end) for end in ends]
    return plain, np.concatenate([[0], np.cumsum(widths)])


def locate(text: str, mark: Marked, convention: Convention) -> tuple[int, int] | None:
    """Span of a selection in code points of the text with plain newlines, end excluded; None outside the text."""
    return locate_all({mark.source_id: text}, [mark], convention)[0]


def locate_all(
    texts: Mapping[str, str], marked: Sequence[Marked], convention: Convention
) -> list[tuple[int, int] | None]:
    """``locate`` for many selections, each text measured once."""
    spans: list[tuple[int, int] | None] = [None] * len(marked)
    for source_id, numbers in _by_source(marked).items():
        plain, starts = _points(texts[source_id], convention)
        found = _spans(plain, starts, [marked[number] for number in numbers], convention)
        for number, span in zip(numbers, found, strict=True):
            spans[number] = span
    return spans


def _by_source(marked: Sequence[Marked]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, mark in enumerate(marked):
        found.setdefault(mark.source_id, []).append(number)
    return found


def _spans(
    plain: str, starts: np.ndarray, marked: Sequence[Marked], convention: Convention
) -> list[tuple[int, int] | None]:
    size = int(starts[-1])  # a file may say any whole number, also one that no array holds
    stored = [(mark.first, mark.last + (1 if convention.inclusive else 0)) for mark in marked]
    inside = [0 <= first < last <= size for first, last in stored]
    kept = np.array([pair for pair, fits in zip(stored, inside, strict=True) if fits], dtype=int).reshape(-1, 2)
    firsts = np.searchsorted(starts, kept[:, 0], side="right") - 1
    ends = np.minimum(np.searchsorted(starts, kept[:, 1], side="left"), len(plain))
    found = zip(firsts.tolist(), ends.tolist(), strict=True)
    return [next(found) if fits else None for fits in inside]


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _matches(quote: str, mark: Marked) -> bool | None:
    """Whether the words the program kept are the quote; None if it kept none that can tell."""
    if not mark.kept:
        return None
    found = _squeeze(quote)
    return any(found in kept or (len(kept[1]) >= CUT and found.startswith(kept[1])) for kept in mark.kept)


def choose_convention(texts: Mapping[str, str], marked: Sequence[Marked]) -> tuple[Convention, str]:
    """The convention under which most kept quotes match, then fewest edges cut a word; with a sentence that says so.

    Ties go to what most programs write: code points, end excluded. Without any selection that is returned too.

    Examples
    --------
    >>> convention, _ = choose_convention({"a": "\\U0001f381 late"}, [Marked("a", 3, 7, "late")])
    >>> convention.utf16
    True
    """
    usual = Convention()
    if not marked:
        return usual, ""
    has_pairs = any("\r\n" in text for text in texts.values())
    candidates = [
        Convention(u, c, i) for i, u, c in product((False, True), (False, True), (2, 1) if has_pairs else (2,))
    ]
    totals = np.zeros((len(candidates), 3), int)
    for source_id, numbers in _by_source(marked).items():
        own = [marked[number] for number in numbers]
        scores: dict[tuple[bytes, bool], tuple[int, int, int]] = {}  # ways that count this text alike are scored once
        for order, convention in enumerate(candidates):
            plain, starts = _points(texts[source_id], convention)
            key = starts.tobytes(), convention.inclusive
            scores[key] = scores.get(key) or _score(plain, starts, own, convention)
            totals[order] += scores[key]
    scored = [(-right, cut, order, told, candidates[order]) for order, (right, told, cut) in enumerate(totals.tolist())]
    right, cut, _, told, best = min(scored, key=lambda item: item[:3])
    quotes = f"{-right} of {told} kept quotes match" if told else "the program kept no quotes to compare"
    words = str(best) if has_pairs else str(best).replace(f", line ends of two characters as {best.crlf}", "")
    return best, f"{words}; {quotes}, {cut} of {2 * len(marked)} edges fall inside a word"


def _score(plain: str, starts: np.ndarray, marked: Sequence[Marked], convention: Convention) -> tuple[int, int, int]:
    """Kept words that match, kept words that could, and edges inside a word, of the selections of one text."""
    right = told = cut = 0
    for mark, span in zip(marked, _spans(plain, starts, marked, convention), strict=True):
        verdict = None if span is None else _matches(plain[span[0] : span[1]], mark)
        told += verdict is not None or (span is None and bool(mark.name))
        right += bool(verdict)
        cut += 2 if span is None else _inside(plain, span[0]) + _inside(plain, span[1])
    return right, told, cut


def misplaced(texts: Mapping[str, str], marked: Sequence[Marked], spans: Sequence[tuple[int, int] | None]) -> list[str]:
    """Selections whose kept words are not those at their place, in words; none of a file that keeps something else there.

    Programs let people rename a quotation: only where most kept words are the quotes does another word mean a wrong place.

    Examples
    --------
    >>> marks = [Marked("a", 0, 4, "late"), Marked("a", 5, 8, "and"), Marked("a", 0, 3, "won")]
    >>> misplaced({"a": "late and won"}, marks, [(0, 4), (5, 8), (0, 3)])
    ["'won' kept, 'lat' at 0 to 3 of 'a'"]
    """
    plain = {source_id: text.replace("\r\n", "\n").replace("\r", "\n") for source_id, text in texts.items()}
    right, wrong = 0, []
    for mark, span in zip(marked, spans, strict=True):
        found = "" if span is None else plain[mark.source_id][slice(*span)]
        verdict = None if span is None else _matches(found, mark)
        right += verdict is True
        if verdict is False:
            kept = _squeeze(mark.name or mark.description)[:40]
            wrong.append(
                f"{kept!r} kept, {_squeeze(found)[:40]!r} at {mark.first} to {mark.last} of {mark.source_id!r}"
            )
    return wrong if right > len(wrong) else []


def _inside(text: str, edge: int) -> bool:
    return 0 < edge < len(text) and text[edge - 1].isalnum() and text[edge].isalnum()


def move_span(coded: str, transcript: str, span: tuple[int, int]) -> tuple[int, int] | None:
    """The same words in another writing of the text: equal but for blanks, or the quote's occurrence nearest in place.

    Examples
    --------
    >>> move_span("I: Hi\\n\\nP: It was late", "I: Hi\\nP: It was late", (10, 21))
    (9, 20)
    """
    return SpanMover(coded, transcript).move(span)


class SpanMover:
    """``move_span`` for many spans of one pair of texts, which are compared once."""

    def __init__(self, coded: str, transcript: str):
        self.same = coded == transcript
        self.coded, self.transcript = coded, transcript
        if not self.same:
            self.here, words = _solid(coded)
            self.there, self.words = _solid(transcript)
            self.equal = words == self.words

    def move(self, span: tuple[int, int]) -> tuple[int, int] | None:
        """Span in the transcript, None if the words are not in it."""
        if self.same:
            return span
        first, last = np.searchsorted(self.here, span).tolist()
        if first >= last:
            return None
        if self.equal:
            return int(self.there[first]), int(self.there[last - 1]) + 1
        wanted = "".join(self.coded[n] for n in self.here[first:last].tolist())
        share = span[0] / max(len(self.coded), 1) * len(self.words)
        places, place = [], self.words.find(wanted)
        while place >= 0:
            places.append(place)
            place = self.words.find(wanted, place + 1)
        if not places:
            return None
        nearest = min(places, key=lambda place: abs(place - share))
        return int(self.there[nearest]), int(self.there[nearest + len(wanted) - 1]) + 1


def _solid(text: str) -> tuple[np.ndarray, str]:
    """Where the characters of a text stand that are no blanks, and those characters in a row."""
    places = solid_places(text, also_blank="\ufeff")
    return places, _code_points(text)[places].tobytes().decode("utf-32-le", "surrogatepass")


def solid_places(text: str, also_blank: str = "") -> np.ndarray:
    """Where the characters of a text stand that are no blanks.

    Examples
    --------
    >>> solid_places(" it\\nwas").tolist()
    [1, 2, 4, 5, 6]
    """
    blank = [ord(character) for character in set(text) if character.isspace() or character in also_blank]
    return np.flatnonzero(~np.isin(_code_points(text), blank))


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
