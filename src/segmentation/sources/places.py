"""Where a coded segment without offsets stands: its document by name, its words by search, and nothing by guessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from .coding import document_id
from .offsets import solid_places
from .text import normal

__all__ = ["Library", "Place", "find_quote", "learn_numbering", "paragraph"]

NUMBERINGS = ("all lines", "lines that are not blank")


@dataclass(frozen=True)
class Place:
    """A text, or the part of one that another program calls a document."""

    source_id: str
    start: int
    end: int


class Library:
    """The study's transcripts, and the passages of them that have ids of their own (tickets of one customer).

    Parameters
    ----------
    transcripts : pandas.DataFrame
        Index source_id; text.
    passages : pandas.DataFrame, optional
        Index id of the passage; source_id, start, end.
    """

    def __init__(self, transcripts: pd.DataFrame, passages: pd.DataFrame | None = None):
        self.texts: dict[str, str] = {str(name): str(text) for name, text in transcripts["text"].items()}
        self._places: dict[str, Place] = {}
        if passages is not None:
            for row in passages.itertuples():
                self._places[str(row.Index).casefold()] = Place(row.source_id, int(row.start), int(row.end))
        for name, text in self.texts.items():
            self._places[name.casefold()] = Place(name, 0, len(text))

    def find(self, document: str) -> Place | None:
        """Place of a document: its whole name, or its name without the ending of a file; case does not matter."""
        for name in (normal(document), document_id(normal(document))):
            if name.casefold() in self._places:
                return self._places[name.casefold()]
        return None


def find_quote(text: str, quote: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Every span of a text that holds the words of a quote, whatever blanks are between them.

    Places that cut a word count only where no place is whole. A quote whose line ends were lost (``a.b`` for ``a.`` and ``b``) is
    found without blanks.

    Parameters
    ----------
    text, quote : str
    start, end : int, optional
        Part of the text to search.

    Returns
    -------
    list of tuple of int
        Start and end (excluded) in code points of ``text``; empty if the words are not there.

    Examples
    --------
    >>> find_quote("It was late.\\n\\nLater still late.", "late")
    [(7, 11), (26, 30)]
    >>> find_quote("no", "")
    []
    """
    end = len(text) if end is None else end
    words = quote.split()
    found: list[tuple[int, int]] = []
    for mark in (" ", "") if words else ():
        spans = _joined(text, mark).search(mark.join(words))
        found = [span for span in spans if start <= span[0] and span[1] <= end]
        if found:
            break
    whole = [span for span in found if not (_cuts(text, span[0]) or _cuts(text, span[1]))]
    return whole or found


class Joined:
    """Words of a text with one mark between them, and where each of them stands in the text."""

    def __init__(self, text: str, mark: str):
        self.words = mark.join(text.split())
        solid = solid_places(text)
        opens = np.diff(solid, prepend=-2) > 1  # the first character of each word
        # Where each character of the words stands; the mark after a word on the first blank behind it.
        self.places = np.insert(solid, np.flatnonzero(opens)[1:], solid[:-1][opens[1:]] + 1) if mark else solid

    def search(self, wanted: str) -> list[tuple[int, int]]:
        """Every span of the text that holds the wanted words."""
        spans, place = [], self.words.find(wanted)
        while place >= 0:
            spans.append((int(self.places[place]), int(self.places[place + len(wanted) - 1]) + 1))
            place = self.words.find(wanted, place + 1)
        return spans


@lru_cache(maxsize=16)
def _joined(text: str, mark: str) -> Joined:
    """Texts are searched for many quotes, and measured once."""
    return Joined(text, mark)


def _cuts(text: str, edge: int) -> bool:
    return 0 < edge < len(text) and text[edge - 1].isalnum() and text[edge].isalnum()


def paragraph(text: str, position: int, numbering: str) -> int:
    """Number of the paragraph (line) a position stands in, from 1, counting all lines or those that are not blank."""
    before = text[: position + 1].split("\n")
    return len(before) if numbering == NUMBERINGS[0] else sum(bool(line.strip()) for line in before)


def learn_numbering(known: Sequence[tuple[str, int, int]]) -> str:
    """How a program numbers paragraphs, from segments that stand only once: (text, start, number it gave).

    Returns
    -------
    str
        The one numbering that fits all of three segments or more; '' if none or both do.

    Examples
    --------
    >>> text = "a\\n\\nb\\n\\nc"
    >>> learn_numbering([(text, 0, 1), (text, 3, 2), (text, 6, 3)])
    'lines that are not blank'
    """
    if len(known) < 3:
        return ""
    fits = [name for name in NUMBERINGS if all(paragraph(text, start, name) == number for text, start, number in known)]
    return fits[0] if len(fits) == 1 else ""
