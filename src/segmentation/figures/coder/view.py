"""What the widget shows, as plain data; the browser puts all of it on the page as text, never as markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ...coding import Coding, CodingSession, Offer
from ...coding.folder import Code
from ...coding.session import Turn
from ...words import count_words

__all__ = ["draw_session"]

COLOURS = 8
KINDS = {"mine": "only you", "theirs": "only {other}", "borders": "other words"}
KEPT = {
    "mine": "{who}'s was kept",
    "theirs": "{other}'s was kept",
    "both": "both were kept",
    "drop": "both were dropped",
}


def draw_session(
    session: CodingSession, *, beside: str = "", code: str = "", offers: Sequence[Offer] | None = None, said: str = ""
) -> dict[str, Any]:
    """Everything on the screen.

    Parameters
    ----------
    session : CodingSession
    beside : str
        Coder to show beside me; empty for nobody.
    code : str
        Code to show only; empty for all.
    offers : sequence of Offer, optional
        Suggestions that wait; None before anybody asked.
    said : str
        What the suggestions were learned from, or why there are none.

    Returns
    -------
    dict
        JSON-ready. Places in it are keys that the session understands; the browser counts nothing but its own selection.
    """
    codes = session.codes
    theirs = session.folder.coder(beside).of(session.source) if beside else ()
    turns = [_turn(turn, session.codings, theirs, codes, code) for turn in session.turns]
    shown = [turn for turn in turns if not code or turn["mine"] or turn["theirs"]]
    return {
        "me": session.me.name,
        "source": session.source,
        "sources": [{"id": source, "n": len(session.me.of(source))} for source in session.sources],
        "codes": [_code(entry, codes, session) for entry in codes.values()],
        "code": code,
        "others": list(session.others),
        "beside": beside,
        "turns": shown,
        "hidden": len(turns) - len(shown),
        "disagreements": _disagreements(session, beside, codes) if beside else [],
        "offers": None if offers is None else [_offer(offer, codes, session.text) for offer in offers],
        "said": said,
        "memo": session.me.memos.get((session.source, ""), ""),
        "undo": session.can_undo,
        "account": _account(session),
    }


def _code(entry: Code, codes: Mapping[str, Code], session: CodingSession) -> dict[str, Any]:
    parent = codes[entry.parent].name if entry.parent in codes else ""
    return {
        "id": entry.code,
        "name": entry.name,
        "parent": parent,
        "meaning": entry.description,
        "n": sum(coding.code == entry.code for coding in session.codings),
        "memo": session.me.memos.get(("", entry.code), ""),
        "colour": _colour(entry.code, codes),
        "holds": any(other.parent == entry.code for other in codes.values()),
    }


def _colour(code: str, codes: Mapping[str, Code]) -> int:
    return list(codes).index(code) % COLOURS if code in codes else 0


def _turn(
    turn: Turn, mine: Iterable[Coding], theirs: Iterable[Coding], codes: Mapping[str, Code], code: str
) -> dict[str, Any]:
    here, there = (
        [row for row in rows if row.start < turn.end and row.end > turn.start and code in ("", row.code)]
        for rows in (mine, theirs)
    )
    return {
        "n": turn.number,
        "speaker": turn.speaker,
        "codable": turn.codable,
        "pieces": _pieces(turn, here, there, codes),
        "mine": [_coding(row, codes) for row in here],
        "theirs": [_coding(row, codes) for row in there],
    }


def _pieces(
    turn: Turn, mine: Sequence[Coding], theirs: Sequence[Coding], codes: Mapping[str, Code]
) -> list[dict[str, Any]]:
    """The turn's words cut wherever a coding begins or ends."""
    edges = {0, len(turn.text)}
    for row in (*mine, *theirs):
        edges |= {min(max(place - turn.start, 0), len(turn.text)) for place in (row.start, row.end)}
    cuts = sorted(edges)
    pieces = []
    for first, last in pairwise(cuts):
        over = [
            [r for r in rows if r.start - turn.start < last and r.end - turn.start > first] for rows in (mine, theirs)
        ]
        pieces.append(
            {
                "t": turn.text[first:last],
                "m": [row.key for row in over[0]],
                "o": [row.key for row in over[1]],
                "c": _colour(over[0][0].code, codes) if over[0] else None,
            }
        )
    return pieces


def _coding(row: Coding, codes: Mapping[str, Code]) -> dict[str, Any]:
    name = codes[row.code].name if row.code in codes else row.code
    return {
        "key": row.key, "code": row.code, "name": name, "quote": row.quote, "memo": row.memo, "colour": _colour(row.code, codes),
    }  # fmt: skip


def _disagreements(session: CodingSession, other: str, codes: Mapping[str, Code]) -> list[dict[str, Any]]:
    found = []
    for place, made, who in session.disagreements(other):
        whose = {"who": who, "other": made.other if made else ""}
        found.append(
            {
                "key": place.key,
                "name": codes[place.code].name if place.code in codes else place.code,
                "colour": _colour(place.code, codes),
                "kind": KINDS[place.kind].format(other=other),
                "mine": [row.quote for row in place.mine],
                "theirs": [row.quote for row in place.theirs],
                "kept": KEPT[made.keep].format(**whose) if made else "",
                "why": made.why if made else "",
                "when": made.when if made else "",
                "who": who,
            }
        )
    return found


def _offer(offer: Offer, codes: Mapping[str, Code], text: str) -> dict[str, Any]:
    record = f"score {offer.score}; right in {offer.right:,d} of {offer.of:,d} such predictions for people left out"
    return {
        "key": offer.key,
        "name": codes[offer.code].name if offer.code in codes else offer.code,
        "colour": _colour(offer.code, codes),
        "quote": text[offer.start : offer.end],
        "record": record,
    }


def _account(session: CodingSession) -> str:
    n = len(session.codings)
    return f"{count_words(n, 'coding').capitalize()} of yours in {session.source}. Kept in {session.folder.path.name}/{session.me.name}."
