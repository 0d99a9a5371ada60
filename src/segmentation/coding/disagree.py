"""Where two coders of one text differ, and what was decided about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import category

from .folder import Coder, Coding, Resolution

__all__ = ["Disagreement", "find_disagreements", "settled_codings"]


@dataclass(frozen=True)
class Disagreement:
    """One place where one code was given by one coder only, or to other words.

    Attributes
    ----------
    start, end : int
        From the first to the last code point that either marked.
    code : str
    mine, theirs : tuple of Coding
    """

    start: int
    end: int
    code: str
    mine: tuple[Coding, ...]
    theirs: tuple[Coding, ...]

    @property
    def key(self) -> str:
        return f"{self.start}-{self.end}-{self.code}"

    @property
    def kind(self) -> str:
        """``mine`` or ``theirs`` if only one gave the code there, else ``borders``."""
        return "borders" if self.mine and self.theirs else "mine" if self.mine else "theirs"


def find_disagreements(mine: Iterable[Coding], theirs: Iterable[Coding]) -> list[Disagreement]:
    """Every place where two coders differ, in the order of the text.

    Passages of one code that overlap, whosever they are, are one place; a place whose passages are the same for both is agreement.
    Signs round the words do not tell passages apart: a full stop more or less is no disagreement.

    Parameters
    ----------
    mine, theirs : iterable of Coding
        Of one text.

    Returns
    -------
    list of Disagreement

    Examples
    --------
    >>> a, b = Coding(0, 9, "price", "too dear."), Coding(4, 9, "price", "dear.")
    >>> [(d.start, d.end, d.kind) for d in find_disagreements([a], [b])], find_disagreements([a], [a])
    ([(0, 9, 'borders')], [])
    >>> find_disagreements([a], [Coding(0, 8, "price", "too dear")])
    []
    """
    marked = sorted([(c.code, c.start, c.end, 0, c) for c in mine] + [(c.code, c.start, c.end, 1, c) for c in theirs])
    places: list[tuple[str, int, int, tuple[list[Coding], list[Coding]]]] = []
    for code, start, end, side, coding in marked:
        if places and places[-1][0] == code and start < places[-1][2]:
            _, first, last, sides = places[-1]
            places[-1] = (code, first, max(last, end), sides)
        else:
            sides = ([], [])
            places.append((code, start, end, sides))
        sides[side].append(coding)
    found = [
        Disagreement(start, end, code, tuple(a), tuple(b))
        for code, start, end, (a, b) in places
        if _spans(a) != _spans(b)
    ]
    return sorted(found, key=lambda place: (place.start, place.end, place.code))


def _spans(codings: Sequence[Coding]) -> set[tuple[int, int]]:
    return {_bare(coding) for coding in codings}


def _bare(coding: Coding) -> tuple[int, int]:
    """Span of a passage without punctuation and blanks at its ends."""
    said = [place for place, sign in enumerate(coding.quote) if not sign.isspace() and category(sign)[0] != "P"]
    return (coding.start + said[0], coding.start + said[-1] + 1) if said else (coding.start, coding.end)


def settled_codings(first: Coder, second: Coder, source: str) -> list[Coding]:
    """What two coders hold together about a text: what they agree on, and what was decided where they did not.

    Parameters
    ----------
    first, second : Coder
    source : str

    Returns
    -------
    list of Coding
        Places not yet decided are left out. Resolutions of either coder count; one that fits no disagreement any more does not.

    Examples
    --------
    >>> a = Coder("a").with_codings("P1", [Coding(0, 9, "price", "too dear.")])
    >>> settled_codings(a, Coder("b"), "P1")
    []
    """
    decided = {key: keep for _, key, keep in decisions(first, second, source)}
    places = find_disagreements(first.of(source), second.of(source))
    open_spans = {
        (coding.start, coding.end, coding.code) for place in places for coding in (*place.mine, *place.theirs)
    }
    kept = {(c.start, c.end, c.code): c for c in first.of(source) if (c.start, c.end, c.code) not in open_spans}
    for place in places:
        chosen = {
            first.name: place.mine,
            second.name: place.theirs,
            "both": (*place.mine, *place.theirs),
        }.get(decided.get(place.key, ""), ())
        kept |= {(c.start, c.end, c.code): c for c in chosen}
    return sorted(kept.values())


def decisions(first: Coder, second: Coder, source: str) -> list[tuple[str, str, str]]:
    """Who decided, about which place, what was kept: a coder's name, ``both`` or ``drop``."""
    found = []
    for who, other in ((first, second), (second, first)):
        for row in who.resolutions:
            if row.source == source and row.other == other.name:
                keep: Mapping[str, str] = {"mine": who.name, "theirs": other.name}
                found.append((who.name, place_of(row), keep.get(row.keep, row.keep)))
    return found


def place_of(row: Resolution) -> str:
    """Key of the disagreement a resolution is about."""
    return f"{row.start}-{row.end}-{row.code}"
