"""Suggestions shown, accepted and refused: every one is logged, none is applied by itself, and the share accepted is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..profiling.intervals import wilson_interval
from ..words import count_words, percent_words
from .folder import Code, Coding, CodingFolder, Offer
from .session import CodingSession
from .suggest import Suggestions, suggest_codes

__all__ = ["Offered", "answer_offer", "describe_suggestions", "offer_codes", "tabulate_suggestions"]


@dataclass(frozen=True)
class Offered:
    """What is on the table for the open transcript: suggestions that were neither answered nor coded meanwhile.

    Attributes
    ----------
    waiting : tuple of Offer
    words : str
        Why there are none, or what they were learned from.
    """

    waiting: tuple[Offer, ...]
    words: str


def offer_codes(session: CodingSession) -> Offered:
    """Suggest codes for the open transcript and log that they were shown.

    Codes that I gave in the same turn, and suggestions that I answered before, are not offered again.

    Parameters
    ----------
    session : CodingSession

    Returns
    -------
    Offered
    """
    coders = {**session.folder.coders, session.me.name: session.me}
    found = suggest_codes(session.interviews, coders.values(), session.source)
    today = session.today().isoformat()
    known = {offer.key for offer in session.me.offers if offer.source == session.source}
    fresh = [
        Offer(session.source, row.start, row.end, row.code, f"{row.score:.2f}", row.right, row.of, today)
        for row in found.offered
        if row.key not in known and row.code in session.codes and not _given(session, row.start, row.code)
    ]
    if fresh:
        session.note_offers(replace(session.me, offers=tuple(sorted((*session.me.offers, *fresh)))))
    waiting = waiting_offers(session)
    return Offered(waiting, _learned(found, waiting))


def waiting_offers(session: CodingSession) -> tuple[Offer, ...]:
    """Offers for the open transcript that wait for an answer."""
    return tuple(
        offer
        for offer in session.me.offers
        if offer.source == session.source and not offer.answer and not _given(session, offer.start, offer.code)
    )


def _given(session: CodingSession, start: int, code: str) -> bool:
    turn = next((turn for turn in session.turns if turn.start <= start < turn.end), None)
    return turn is not None and any(
        c.code == code and c.start < turn.end and c.end > turn.start for c in session.codings
    )


def _learned(found: Suggestions, waiting: Iterable[Offer]) -> str:
    if found.why_none:
        return found.why_none
    if not list(waiting):
        return "Nothing is left to suggest: what scores high enough was coded or answered already."
    return (
        f"Learned from {count_words(found.turns, 'turn')} of {count_words(found.people, 'other person', 'other people')}, never "
        "from this one's words. “Right before” was counted on the same predictions that chose what is suggested, so expect "
        "fewer to be right. A suggestion is a reason to read the sentence again, not to take the code."
    )


def answer_offer(
    session: CodingSession, key: str, answer: Literal["accepted", "refused"], *, span: tuple[int, int] | None = None
) -> None:
    """Accept a suggestion, which gives its passage the code, or refuse it; either is logged, and undone as one change.

    Parameters
    ----------
    session : CodingSession
    key : str
        Of an offer that waits.
    answer : {"accepted", "refused"}
    span : (int, int), optional
        Other words of the transcript to give the code to.

    Raises
    ------
    ParameterError
        If no such offer waits, or the answer is another.
    """
    offer = next((offer for offer in waiting_offers(session) if offer.key == key), None)
    if offer is None:
        raise ParameterError("this suggestion is not there any more")
    if answer not in ("accepted", "refused"):
        raise ParameterError(f"a suggestion is accepted or refused; got {answer!r}")
    answered = replace(offer, answer=answer, answered=session.today().isoformat())
    offers = tuple(sorted(answered if row is offer else row for row in session.me.offers))
    me = replace(session.me, offers=offers)
    if answer == "accepted":
        start, end = span or (offer.start, offer.end)
        coding = Coding(start, end, offer.code, session.text[start:end])
        me = me.with_codings(session.source, (*session.codings, coding))
    session.change_offers(answer, me)


def _offers(folder: CodingFolder) -> pd.DataFrame:
    rows = [{"coder": coder.name, **vars(offer)} for coder in folder.coders.values() for offer in coder.offers]
    return pd.DataFrame(rows, columns=["coder", *Offer.__dataclass_fields__])


def describe_suggestions(folder: CodingFolder) -> Reading | Callout:
    """How many suggestions were offered, accepted and refused, and what that does to agreement."""
    offers = _offers(folder)
    if offers.empty:
        return Callout("absent", "No codes were suggested yet.", "So all codings are the coders' own.")
    accepted, refused = (int((offers["answer"] == answer).sum()) for answer in ("accepted", "refused"))
    n = accepted + refused
    first = (
        f"{count_words(len(offers), 'suggestion was', 'suggestions were').capitalize()} offered; {accepted:,d} "
        f"{'was' if accepted == 1 else 'were'} accepted, {refused:,d} refused, {len(offers) - n:,d} not answered."
    )
    if n:
        lower, upper = (float(limit) for limit in wilson_interval(accepted, n))
        first += (
            f" So {percent_words(accepted / n)} of the {count_words(n, 'answer')} accepted what was offered (95 % interval "
            f"{percent_words(lower)} to {percent_words(upper)})."
        )
    total = sum(len(rows) for coder in folder.coders.values() for rows in coder.codings.values())
    kept = _still_there(folder, offers)
    second = (
        f"{kept:,d} of the {count_words(total, 'coding')} in the folder {'comes' if kept == 1 else 'come'} from a suggestion. Where two "
        "coders took the same suggestions, they agree more than they would have alone."
    )
    return Reading([first, second] if accepted else [first])


def _still_there(folder: CodingFolder, offers: pd.DataFrame) -> int:
    taken = offers[offers["answer"] == "accepted"]
    return sum(
        any(coding.key == f"{row.start}-{row.end}-{row.code}" for coding in folder.coder(row.coder).of(row.source))
        for row in taken.itertuples(index=False)
    )


def tabulate_suggestions(folder: CodingFolder) -> Table:
    """Suggestions by code: offered, accepted, refused, share accepted, and their record in cross-validation."""
    offers, codes = _offers(folder), folder.codes()
    answers = offers.groupby("code")["answer"].value_counts().unstack(fill_value=0)
    frame = pd.DataFrame({"Offered": offers.groupby("code").size()})
    for answer, name in (("accepted", "Accepted"), ("refused", "Refused")):
        frame[name] = answers[answer].reindex(frame.index, fill_value=0) if answer in answers else 0
    answered = frame["Accepted"] + frame["Refused"]
    frame["Share accepted"] = (frame["Accepted"] / answered.where(answered > 0)).astype(float)
    last = offers.sort_values("offered", kind="stable").groupby("code").last()
    frame["Right before"] = [f"{last.at[code, 'right']} of {last.at[code, 'of']}" for code in frame.index]
    frame.insert(0, "Code", [codes.get(code, Code(code, code)).name for code in frame.index])
    caption = f"Suggestions by code, n = {count_words(len(offers), 'suggestion')} in {folder.path.name}."
    return Table(
        frame.reset_index(drop=True),
        caption,
        {"Offered": "d", "Accepted": "d", "Refused": "d", "Share accepted": ".0%"},
        note="Share accepted: of those answered. Right before: predictions that were right for people left out, when last offered; "
        "codes and lowest score were chosen by the same predictions, so that it is optimistic.",
        empty="No codes were suggested yet.",
    )
