"""One coder at work on the transcripts of a study: everything the widget can do, without the widget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from ..errors import ParameterError, nearest_word
from ..qualitative import CodedInterviews
from ..sources.text import slug
from .disagree import Disagreement, decisions, find_disagreements, place_of
from .folder import Code, Coder, Coding, CodingFolder, Resolution, load_codings, save_coder

__all__ = ["CodingSession", "Turn"]

MEMO_LIMIT = 10_000  # signs; a memo is a note, not a transcript
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Turn:
    """One turn of a transcript; places are code points of the transcript."""

    number: int
    speaker: str
    codable: bool
    start: int
    end: int
    text: str


class CodingSession:
    """What ``open_coding`` works with. Every change is saved at once and can be undone; a change that cannot be saved is not made.

    Parameters
    ----------
    interviews : CodedInterviews
        Transcripts with their turns; codings in them are not used.
    folder : str or Path
        Coding folder.
    coder : str
        Id of who codes.
    today : callable, optional
        The date that resolutions and answers carry.

    Attributes
    ----------
    me : Coder
    source : str
        The open transcript.
    """

    def __init__(
        self, interviews: CodedInterviews, folder: str | Path, coder: str, *, today: Callable[[], date] = date.today
    ) -> None:
        if interviews.empty:
            raise ParameterError("there are no transcripts to code")
        self.interviews, self.today = interviews, today
        self.folder: CodingFolder = load_codings(folder)
        self.me: Coder = self.folder.coder(coder)
        save_coder(self.folder, self.me)  # refuses a name that is no id before anything is coded
        self.sources = tuple(str(source) for source in interviews.transcripts.index)
        self._turns = {source: _turns(part) for source, part in interviews.turns.groupby("source_id", sort=False)}
        self._past: list[tuple[str, Coder]] = []
        self.source = self.sources[0]

    @property
    def text(self) -> str:
        return str(self.interviews.transcripts[self.source])

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self._turns.get(self.source, ())

    @property
    def codes(self) -> dict[str, Code]:
        return self.folder.codes(self.me)

    @property
    def codings(self) -> tuple[Coding, ...]:
        """My codings of the open transcript."""
        return self.me.of(self.source)

    @property
    def others(self) -> tuple[str, ...]:
        """Coders whose work is in the folder, but for me."""
        return tuple(name for name, coder in self.folder.coders.items() if name != self.me.name and coder.codings)

    def open(self, source: str) -> None:
        """Go to another transcript."""
        if source not in self.sources:
            raise ParameterError(f"no transcript {source!r}. {nearest_word(source, self.sources)}".strip())
        self.source = source

    def look_again(self) -> None:
        """Read the codebook and the other coders' files anew; what I did since is on disk already and stays as it is here."""
        fresh, name = load_codings(self.folder.path), f"{self.me.name}/"
        mine = {file: digest for file, digest in self.folder.digests.items() if file.startswith(name)}
        theirs = {file: digest for file, digest in fresh.digests.items() if not file.startswith(name)}
        coders = {**fresh.coders, self.me.name: self.me} if mine else dict(fresh.coders)
        self.folder = replace(fresh, coders=dict(sorted(coders.items())), digests={**theirs, **mine})

    def add(self, start: int, end: int, code: str) -> Coding:
        """Give a passage of the open transcript a code; blanks at its ends are left out, signs are not split."""
        if code not in self.codes:
            raise ParameterError(f"no code {code!r} in the codebook. {nearest_word(code, self.codes)}".strip())
        start, end = self._span(start, end)
        coding = Coding(start, end, code, self.text[start:end])
        if any(known.key == coding.key for known in self.codings):
            raise ParameterError("this passage has this code already")
        self._change(f"code {code}", self.me.with_codings(self.source, (*self.codings, coding)))
        return coding

    def _span(self, start: int, end: int) -> tuple[int, int]:
        from .offsets import snap_span

        turn = next((turn for turn in self.turns if turn.start <= start < turn.end), None)
        if turn is None or end > turn.end:
            raise ParameterError("select words within one turn")
        if not turn.codable:
            raise ParameterError("the interviewer's words are not coded: they count nowhere")
        first, last = snap_span(turn.text, start - turn.start, end - turn.start)
        if first == last:
            raise ParameterError("select at least one word")
        return turn.start + first, turn.start + last

    def remove(self, key: str) -> None:
        """Take one of my codings away."""
        gone = self._mine(key)
        self._change(f"remove {gone.code}", self.me.with_codings(self.source, [c for c in self.codings if c != gone]))

    def write_memo(self, memo: str, *, key: str = "", code: str = "") -> None:
        """Write a memo on one of my codings, on a code, or on the open transcript; an empty one is taken away."""
        words = clean_words(memo)
        if len(words) > MEMO_LIMIT:
            raise ParameterError(f"a memo may have {MEMO_LIMIT:,} signs; this one has {len(words):,}")
        if key:
            coding = self._mine(key)
            others = [known for known in self.codings if known != coding]
            me = self.me.with_codings(self.source, (*others, replace(coding, memo=words)))
        elif code:
            if code not in self.codes:
                raise ParameterError(f"no code {code!r} in the codebook. {nearest_word(code, self.codes)}".strip())
            me = self.me.with_memo(("", code), words)
        else:
            me = self.me.with_memo((self.source, ""), words)
        self._change("memo", me)

    def add_code(self, name: str, description: str, parent: str = "") -> str:
        """Add a code of mine to the codebook; returns its id."""
        words, meaning = " ".join(clean_words(name).split()), clean_words(description)
        code = slug(words)
        if not code:
            raise ParameterError("a code needs a name with letters or digits")
        if len(words) > 60:
            raise ParameterError(f"the name of a code may have 60 signs; this one has {len(words)}")
        if not meaning:
            raise ParameterError("a code needs a definition: what a passage must say to carry it")
        if code in self.codes:
            raise ParameterError(f"there is a code {self.codes[code].name!r} already")
        if parent and parent not in self.codes:
            raise ParameterError(f"no code {parent!r} in the codebook. {nearest_word(parent, self.codes)}".strip())
        self._change(f"new code {code}", replace(self.me, codes=(*self.me.codes, Code(code, words, parent, meaning))))
        return code

    def disagreements(self, other: str) -> list[tuple[Disagreement, Resolution | None, str]]:
        """Where another coder and I differ in the open transcript, with the resolution, if any, and who made it."""
        them = self.folder.coder(self._other(other))
        made = {
            place_of(row): (row, who.name)
            for who, side in ((them, self.me.name), (self.me, them.name))
            for row in who.resolutions
            if row.source == self.source and row.other == side
        }
        found = find_disagreements(self.codings, them.of(self.source))
        return [(place, *made.get(place.key, (None, ""))) for place in found]

    def resolve(self, key: str, other: str, keep: str, why: str = "") -> Resolution:
        """Decide about a disagreement: keep mine, theirs, both, or drop. Codings stay as they were, so that agreement stays true."""
        from ..sources.coding_folder import KEEP

        place, _, who = self._place(key, other)
        if keep not in KEEP:
            raise ParameterError(f"keep must be one of {', '.join(KEEP)}; got {keep!r}")
        if who and who != self.me.name:
            raise ParameterError(f"{who} resolved this already: only they can take it back")
        made = Resolution(
            self.source, place.start, place.end, place.code, other, keep, self.today().isoformat(), clean_words(why)
        )
        self._change("resolve", replace(self.me, resolutions=(*self._without(place, other), made)))
        return made

    def reopen(self, key: str, other: str) -> None:
        """Take a resolution of mine back."""
        place, made, who = self._place(key, other)
        if made is None or who != self.me.name:
            raise ParameterError("there is no resolution of yours to take back")
        self._change("reopen", replace(self.me, resolutions=self._without(place, other)))

    def undo(self) -> str:
        """Take the last change back; returns the transcript it was made in, which is open then."""
        if not self._past:
            raise ParameterError("nothing to undo")
        source, before = self._past[-1]
        self.folder = save_coder(self.folder, before)
        self._past.pop()
        self.me, self.source = before, source
        return source

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    def change_offers(self, what: str, me: Coder) -> None:
        """Keep a log of suggestions with whatever else changed (see ``Suggester``)."""
        self._change(what, me)

    def note_offers(self, me: Coder) -> None:
        """Keep that suggestions were shown: nothing a coder would undo."""
        self.folder, self.me = save_coder(self.folder, me), me
        self._past = [(source, replace(past, offers=_older(past, me))) for source, past in self._past]

    def _change(self, what: str, me: Coder) -> None:
        self.folder = save_coder(self.folder, me)
        self._past.append((self.source, self.me))
        self.me = me

    def _mine(self, key: str) -> Coding:
        found = next((coding for coding in self.codings if coding.key == key), None)
        if found is None:
            raise ParameterError("this coding is not there any more")
        return found

    def _other(self, other: str) -> str:
        if other not in self.others:
            raise ParameterError(f"no other coder {other!r}. {nearest_word(other, self.others)}".strip())
        return other

    def _place(self, key: str, other: str) -> tuple[Disagreement, Resolution | None, str]:
        found = next((row for row in self.disagreements(other) if row[0].key == key), None)
        if found is None:
            raise ParameterError("this disagreement is not there any more")
        return found

    def _without(self, place: Disagreement, other: str) -> tuple[Resolution, ...]:
        here = (self.source, place.key, other)
        return tuple(row for row in self.me.resolutions if (row.source, place_of(row), row.other) != here)

    def decided(self, other: str) -> list[tuple[str, str, str]]:
        """Resolutions between another coder and me in the open transcript."""
        return decisions(self.me, self.folder.coder(self._other(other)), self.source)


def _older(past: Coder, now: Coder) -> tuple:
    """Offers of a past state and those first shown since, unanswered: undoing a coding does not make an offer unseen."""
    known = {(offer.source, offer.key) for offer in past.offers}
    fresh = [replace(offer, answer="", answered="") for offer in now.offers if (offer.source, offer.key) not in known]
    return tuple(sorted((*past.offers, *fresh)))


def clean_words(text: str) -> str:
    """What somebody typed, as files can keep it: lone surrogates replaced, control signs and blanks at the ends left out.

    Examples
    --------
    >>> clean_words(" so\\x00 what\\ud83d ")
    'so what�'
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _turns(part: pd.DataFrame) -> tuple[Turn, ...]:
    rows: Iterable = part.sort_values("turn").itertuples(index=False)
    return tuple(
        Turn(int(row.turn), str(row.speaker), row.role == "participant", int(row.start), int(row.end), str(row.text))
        for row in rows
    )
