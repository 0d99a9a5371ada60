"""What a REFI-QDA file cannot hold, everything at once and before anything is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

import pandas as pd

from ..errors import Violation, nearest_word
from ..sources.coding import COLOUR
from ..words import count_words, join_words
from .refi_xml import CODING_KEYS, Material

__all__ = ["check_codes", "check_material"]

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SHOWN = 5


def check_material(material: Material, colours: Mapping[str, str] | None = None) -> list[Violation]:
    """Everything wrong with a project: its codebook, the ids of its texts, places of codings and memos, characters.

    Examples
    --------
    >>> codes = pd.DataFrame(columns=["name", "parent", "description", "colour"])
    >>> codings = pd.DataFrame([["P1", 0, 9, "late", "ann"]], columns=["source_id", "start", "end", "code_id", "coder"])
    >>> for wrong in check_material(Material("s", {"P1": "Hello."}, codes, codings)):
    ...     print(wrong)
    codings, row 1, column 'code_id': a code that is not in the codebook; got 'late'. Add it to the codebook
    codings, row 1, column 'start, end': a passage outside its text; got '0 to 9'; allowed: 0 to 6, not empty
    """
    return [
        *_check_tree(material, colours),
        *_check_texts(material),
        *_check_places(material),
        *_check_characters(material),
    ]


def check_codes(material: Material, colours: Mapping[str, str] | None = None) -> list[Violation]:
    """Everything wrong with a codebook.

    Examples
    --------
    >>> codes = pd.DataFrame([["", "", "", ""]], ["late"], ["name", "parent", "description", "colour"])
    >>> [str(wrong) for wrong in check_codes(Material("s", {}, codes, pd.DataFrame({"coder": []})))]
    ["codes, row late, column 'name': a code without a name. Name it"]
    """
    return [*_check_tree(material, colours), *_check_characters(material)]


def _same(name: str) -> str:
    """A name as readers compare it."""
    return unicodedata.normalize("NFC", name).strip()


def _check_texts(material: Material) -> Iterator[Violation]:
    seen: dict[str, str] = {}
    for source_id in material.texts:
        if not source_id.strip():
            yield Violation("a transcript without an id", "transcripts", None, "source_id", fix="Name it")
        elif _same(source_id) in seen:
            other = seen[_same(source_id)]
            message = f"two transcripts of one id: readers take it for {other!r}"
            yield Violation(message, "transcripts", None, "source_id", source_id, fix="Rename one")
        seen.setdefault(_same(source_id), source_id)


def _check_tree(material: Material, colours: Mapping[str, str] | None) -> Iterator[Violation]:
    codes = material.codes
    seen: set[tuple[str, str]] = set()
    for code in sorted(set(codes.index[codes.index.duplicated()])):
        yield Violation("two codes with one id", "codes", None, "code_id", code, fix="Give each their own id")
    for code, row in codes[~codes.index.duplicated()].iterrows():
        name, parent = row["name"], row["parent"]
        if not name:
            yield Violation("a code without a name", "codes", str(code), "name", fix="Name it")
        elif (_same(name), parent) in seen:
            yield Violation("two codes of one name in one place", "codes", str(code), "name", name, fix="Rename one")
        seen.add((_same(name), parent))
        if parent and parent not in codes.index:
            hint = nearest_word(parent, codes.index) or "Add the parent as a code of its own"
            yield Violation("its parent is not a code", "codes", str(code), "parent", parent, fix=hint)
        elif not codes.index.has_duplicates and _circular(str(code), codes["parent"]):
            yield Violation("it lies below itself", "codes", str(code), "parent", parent, fix="Break the circle")
        if row["colour"] and not COLOUR.fullmatch(row["colour"]):
            yield Violation("not a colour", "colours", str(code), None, row["colour"], "#RRGGBB")
    for code in sorted({str(code) for code in colours or {}} - set(codes.index)):
        yield Violation(
            "colour of a code that is not there", "colours", None, None, code, fix=nearest_word(code, codes.index)
        )


def _circular(code: str, parents: pd.Series) -> bool:
    above = parents.get(code, "")
    for _ in range(len(parents)):
        if above == code:
            return True
        above = parents.get(above, "") if above else ""
    return False


def _check_places(material: Material) -> Iterator[Violation]:
    """Codings must lie in a text, with a code of the codebook; memos where they say what they are about."""
    known = {tuple(row) for row in material.codings[list(CODING_KEYS)].itertuples(index=False, name=None)}
    for row, coding in enumerate(material.codings.itertuples(index=False), start=1):
        yield from _check_code(material, "codings", row, coding.code_id)
        yield from _check_span(material, "codings", row, (coding.source_id, coding.start, coding.end))
        if not coding.coder.strip():
            yield Violation("a coding by nobody", "codings", row, "coder", fix="Say who coded, for instance coder 1")
    for row, memo in enumerate(material.memos.itertuples(index=False), start=1):
        spans = memo.start >= 0 or memo.end >= 0
        if memo.code_id:
            yield from _check_code(material, "memos", row, memo.code_id)
        if memo.source_id or spans:
            place = (memo.source_id, memo.start, memo.end) if spans else (memo.source_id, None, None)
            yield from _check_span(material, "memos", row, place)
        if memo.code_id and spans and tuple(getattr(memo, key) for key in CODING_KEYS) not in known:
            fix = "Give source_id, start, end, code_id and coder of a coding, or leave code_id out"
            yield Violation("a memo on a coding that is not there", "memos", row, "code_id", memo.code_id, fix=fix)


def _check_code(material: Material, file: str, row: int, code_id: str) -> Iterator[Violation]:
    if code_id not in material.codes.index:
        fix = nearest_word(code_id, material.codes.index) or "Add it to the codebook"
        yield Violation("a code that is not in the codebook", file, row, "code_id", code_id, fix=fix)


def _check_span(
    material: Material, file: str, row: int, place: tuple[str, int | None, int | None]
) -> Iterator[Violation]:
    """A passage, or with None as its ends a text as a whole."""
    source_id, start, end = place
    if source_id not in material.texts:
        fix = nearest_word(source_id, material.texts) or "Add the transcript"
        yield Violation("a text that is not there", file, row, "source_id", source_id, fix=fix)
    elif start is not None and end is not None and not 0 <= start < end <= len(material.texts[source_id]):
        allowed = f"0 to {len(material.texts[source_id])}, not empty"
        yield Violation("a passage outside its text", file, row, "start, end", f"{start} to {end}", allowed)


def _check_characters(material: Material) -> Iterator[Violation]:
    """Characters that XML forbids, everywhere; texts too, since programs turn them into XML."""
    places = [("study", "name", material.study)]
    places += [(f"transcript {source}", None, text) for source, text in material.texts.items()]
    places += [("transcripts", "source_id", source) for source in material.texts]
    for column in ("name", "description"):
        places += [(f"code {code}", column, value) for code, value in material.codes[column].items()]
    places += [("coders", "name", coder) for coder in material.coders]
    places += [(f"memo {row + 1}", "text", text) for row, text in enumerate(material.memos["text"])]
    for person, (_, known) in material.people.items():
        places += [("interviewees", "participant", person)]
        places += [(f"interviewee {person}", name, value) for name, value in known.items()]
    for file, column, text in places:
        found = list(NOT_XML.finditer(text))
        if found:
            at = [f"{match.start()} (U+{ord(match.group()):04X})" for match in found[:SHOWN]]
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            message = f"{count_words(len(found), 'character')} that XML cannot hold, at {join_words(at)}{more}"
            fix = "Replace each by a blank at its source: one for one, so that codings stay in place"
            yield Violation(message, _safe(file), None, column, fix=fix)


def _safe(text: str) -> str:
    return NOT_XML.sub("?", text)
