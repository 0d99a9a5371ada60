"""The campaign pack: what to send to a persona on each channel, in the team's own words, each line with what it rests on.

Nothing is written here. A piece is a row of the matrix, or parts of the team's own (value propositions, proofs, pains of the persona)
and words of customers put side by side; what is missing is shown as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .cites import Cites
from .limits import channel_words

__all__ = ["PACK_COLUMNS", "PIECES", "compose_pack", "piece_title"]

PACK_COLUMNS = (
    "persona_id", "piece", "stage", "variant", "part", "kind", "text", "message_id", "origin", "status", "region", "locale", "pain_id",
    "quote_id", "participant", "value_prop_id", "proof_id", "proof_source", "proof_date", "notes", "pain",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One thing to send: its channel, the elements it must have and those it may have."""

    title: str
    channel: str
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    composed: bool = False


PIECES: dict[str, Piece] = {
    "email": Piece("E-mail", "email", ("subject", "first_sentence"), ("preheader", "body")),
    "linkedin": Piece("LinkedIn post", "linkedin", ("intro",), ("headline", "description")),
    "landing": Piece("Landing page", "web", ("headline",), ("body",)),
    "webinar": Piece("Webinar", "webinar", ("title", "abstract"), composed=True),
    "talk": Piece("Sales talk track", "phone", ("opener",), ("body",), composed=True),
}
_READY = {"live": 0, "approved": 1, "draft": 2}
_MOST_PAINS = 3
_QUOTED = ["quote_id", "participant", "segment", "code_id", "text", "coders", "words"]


@dataclass(frozen=True)
class _Sources:
    messages: pd.DataFrame
    cites: Cites
    quotes: pd.DataFrame
    codes: pd.DataFrame
    stale: frozenset[str]
    errors: Mapping[str, str]


def compose_pack(
    messages: pd.DataFrame,
    personas: Sequence[Mapping[str, Any]],
    cites: Cites,
    *,
    quotes: pd.DataFrame | None = None,
    codes: pd.DataFrame | None = None,
    stale: pd.DataFrame | None = None,
    lint: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put together what there is to send to each persona, and say what there is not.

    For each persona and piece (e-mail, LinkedIn post, landing page, webinar, sales talk track) the rows of the matrix are taken, by
    stage, all variants; where a persona has none, the broad row for everybody, and it is said. What a persona has on any other channel
    (Google, SMS, in the product) is a piece too. A webinar abstract and a talk track
    without a row are laid out from a customer's words on the pain, the value proposition and the proof that the persona's own
    messages cite. A part for which there is nothing is a row of kind "gap".

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages are left out.
    personas : sequence of mapping
        As the stage on personas writes them: persona_id, segment_id, sections with claims.
    cites : Cites
    quotes : pandas.DataFrame, optional
        The quote bank (quote_id, participant, segment, code_id, text, coders, words).
    codes : pandas.DataFrame, optional
        Index code_id, column name.
    stale : pandas.DataFrame, optional
        As ``find_stale_proofs`` returns it.
    lint : pandas.DataFrame, optional
        As ``lint_messages`` returns it; its errors are noted.

    Returns
    -------
    pandas.DataFrame
        Columns ``PACK_COLUMNS``, one row a part; kind is message, translation, pain, quote, value proposition, proof or gap; origin
        is the message that wrote the text.
    """
    errors = lint[lint["severity"] == "error"] if lint is not None and len(lint) else None
    sources = _Sources(
        messages[messages["status"] != "retired"], cites,
        quotes if quotes is not None else pd.DataFrame(columns=_QUOTED),
        codes if codes is not None else pd.DataFrame(columns=["name"]),
        frozenset() if stale is None else frozenset(stale["proof_id"]),
        {} if errors is None else errors.groupby("message_id")["sentence"].first().to_dict(),
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    if sources.messages.empty:
        return pd.DataFrame(columns=list(PACK_COLUMNS), dtype="str")
    for persona in personas:
        for key, piece in (PIECES | _other_pieces(persona, sources)).items():
            rows += [
                {"persona_id": persona["persona_id"], "piece": key, **row} for row in _piece(persona, piece, sources)
            ]
    pains = sources.codes["name"].to_dict()
    named = [row | {"pain": str(pains.get(row.get("pain_id"), ""))} for row in rows]
    cells = [{column: row.get(column, "") for column in PACK_COLUMNS} for row in named]
    return pd.DataFrame(cells, columns=list(PACK_COLUMNS), dtype="str")


def piece_title(key: str) -> str:
    """A piece as a reader knows it.

    Examples
    --------
    >>> piece_title("landing"), piece_title("in_app"), piece_title("sms")
    ('Landing page', 'In app', 'SMS')
    """
    words = channel_words(key)
    return PIECES[key].title if key in PIECES else words[0].upper() + words[1:]


def _other_pieces(persona: Mapping[str, Any], sources: _Sources) -> dict[str, Piece]:
    """What the persona has on channels without a piece of their own; nothing is missing there, because nothing is asked."""
    known, used = {piece.channel for piece in PIECES.values()}, sources.messages
    own = used[(used["persona_id"] == persona["persona_id"]) & (used["region"] == "*") & ~used["channel"].isin(known)]
    return {
        str(channel): Piece(piece_title(str(channel)), str(channel), (), tuple(dict.fromkeys(rows["element"])))
        for channel, rows in own.groupby("channel", sort=False)
    }


def _piece(persona: Mapping[str, Any], piece: Piece, sources: _Sources) -> list[dict[str, Any]]:
    own, broad = _chosen(persona, piece, sources)
    rows: list[dict[str, Any]] = []
    for stage in list(dict.fromkeys(own["stage"])) or [""]:
        rows += _parts(persona, piece, own[own["stage"] == stage], sources, (stage, broad))
    if piece.composed:
        rows += _compose(persona, piece, sources)
    return rows


def _chosen(persona: Mapping[str, Any], piece: Piece, sources: _Sources) -> tuple[pd.DataFrame, bool]:
    """Global rows of the persona on the channel, else broad ones; in order of the matrix, those that are ready first."""
    used = sources.messages
    here = used[
        (used["channel"] == piece.channel) & (used["region"] == "*") & used["element"].isin([*piece.needs, *piece.may])
    ]
    own = here[here["persona_id"] == persona["persona_id"]]
    broad = own.empty
    if broad:
        own = here[(here["persona_id"] == "*") & here["segment_id"].isin(["", "*", persona["segment_id"]])]
    stages = {stage: place for place, stage in enumerate(dict.fromkeys(used["stage"]))}
    order = pd.DataFrame(
        {"ready": own["status"].map(_READY), "stage": own["stage"].map(stages), "variant": own["variant"]}
    )
    return own.loc[order.sort_values(["stage", "variant", "ready"], kind="stable").index], broad


def _parts(
    persona: Mapping[str, Any], piece: Piece, rows: pd.DataFrame, sources: _Sources, place: tuple[str, bool]
) -> list[dict[str, Any]]:
    stage, broad = place
    found = []
    for element in (*piece.needs, *piece.may):
        here = rows[rows["element"] == element] if len(rows) else rows
        for identifier, message in here.iterrows():
            notes = ["the broad message, not this persona's own"] if broad else []
            found.append(_message_row(str(identifier), message, element, sources, notes))
            children = sources.messages[sources.messages["parent_id"] == identifier]
            for child, local in children[children["region"] != "*"].iterrows():
                row = _message_row(
                    str(child), local, f"{element} for {local['region']} ({local['locale']})", sources, []
                )
                found.append(row | {"kind": "translation"})
        if here.empty and element in piece.needs and not (piece.composed and element == "abstract"):
            at = f", at the stage {stage.replace('_', ' ')}" if stage else ""
            text = (
                f"No {element.replace('_', ' ')} is written for {persona['name']} ({channel_words(piece.channel)}{at})."
            )
            found.append(_row(element, "gap", text, stage=stage))
    return found


def _message_row(identifier: str, message: pd.Series, part: str, sources: _Sources, notes: list[str]) -> dict[str, Any]:
    origins = dict(pair.split(": ", 1) for pair in message["origins"].split("; ") if pair)
    if message["status"] == "draft":
        notes = [*notes, "draft, not approved"]
    if message["proof_id"] in sources.stale:
        notes = [*notes, f"proof {message['proof_id']} is too old"]
    if identifier in sources.errors:
        notes = [*notes, sources.errors[identifier]]
    date = message["proof_date"]
    return _row(
        part.replace("_", " "), "message", message["text"], stage=message["stage"], variant=message["variant"],
        message_id=identifier, origin=origins.get("text", identifier), status=message["status"], region=message["region"],
        locale=message["locale"], pain_id=message["pain_id"], value_prop_id=message["value_prop_id"], proof_id=message["proof_id"],
        proof_source=message["proof_source"], proof_date="" if pd.isna(date) else f"{date:%Y-%m-%d}", notes="; ".join(notes),
        **_quote_cells(message, sources),
    )  # fmt: skip


def _quote_cells(message: pd.Series, sources: _Sources) -> dict[str, str]:
    quote = _find_quote(message["pain_id"], message["segment_id"], sources.quotes)
    return {} if quote is None else {"quote_id": quote["quote_id"], "participant": quote["participant"]}


def _find_quote(pain: str, segment: str, quotes: pd.DataFrame) -> pd.Series | None:
    """Words of the segment on a pain: marked by most coders, of 8 to 40 words if there are, then by their id."""
    here = quotes[(quotes["code_id"] == pain) & (quotes["segment"].astype("str") == segment)]
    if here.empty:
        return None
    order = pd.DataFrame(
        {"coders": -here["coders"], "length": ~here["words"].between(8, 40), "quote": here["quote_id"]}
    )
    return here.loc[order.sort_values(["coders", "length", "quote"]).index[0]]


def _compose(persona: Mapping[str, Any], piece: Piece, sources: _Sources) -> list[dict[str, Any]]:
    """Parts laid side by side: a customer's words on the pain, what we offer, what backs it; the first pain only for a webinar."""
    own = sources.messages[sources.messages["persona_id"] == persona["persona_id"]]
    written = own[(own["channel"] == piece.channel) & (own["element"] == "abstract")]
    if piece.channel == "webinar" and len(written):
        return []
    if own.empty:
        text = f"No message for {persona['name']} says which pain to speak to."
        return [_row("pain", "gap", text)]
    rows: list[dict[str, Any]] = []
    if piece.channel == "phone":
        rows += [_claim_row(claim) for claim in _claims(persona, "pains")[:_MOST_PAINS]]
    pains = (
        own["pain_id"][own["pain_id"] != ""]
        .value_counts(sort=True)
        .index[: _MOST_PAINS if piece.channel == "phone" else 1]
    )
    for pain in pains:
        rows += _answer(pain, own[own["pain_id"] == pain], persona, sources)
    if piece.channel == "phone":
        rows += [_claim_row(claim, "what holds them back") for claim in _claims(persona, "barriers")[:2]]
        rows += [_claim_row(claim, "how they decide") for claim in _claims(persona, "decision_criteria")[:2]]
    return rows


def _answer(pain: str, own: pd.DataFrame, persona: Mapping[str, Any], sources: _Sources) -> list[dict[str, Any]]:
    name = str(sources.codes.at[pain, "name"]) if pain in sources.codes.index else pain.replace("_", " ")
    quote = _find_quote(pain, str(persona["segment_id"]), sources.quotes)
    rows = []
    if quote is None:
        rows.append(_row(f"on {name}", "gap", f"Nobody of {persona['segment_id']} is quoted on {name}.", pain_id=pain))
    else:
        cells = {"pain_id": pain, "quote_id": quote["quote_id"], "participant": quote["participant"]}
        rows.append(_row(f"in a customer's words, on {name}", "quote", f"“{quote['text']}”", **cells))
    # what most of the persona's messages on this pain offer and cite, the earlier row where two are as frequent
    offered = own[own["value_prop_id"] == own["value_prop_id"].value_counts(sort=True).index[0]]
    backed = own[own["proof_id"] == own["proof_id"].value_counts(sort=True).index[0]]
    first, cited = offered.iloc[0], backed.iloc[0]
    ids = {"pain_id": pain, "message_id": str(offered.index[0]), "value_prop_id": first["value_prop_id"]}
    offer = sources.cites.value(first["value_prop_id"])
    rows.append(
        _row("what we offer", "value proposition", offer, **ids) if offer
        else _row("what we offer", "gap", f"No value proposition is written for {name}.", pain_id=pain)
    )  # fmt: skip
    proof, date = sources.cites.proof(cited["proof_id"]), cited["proof_date"]
    cells = {
        "pain_id": pain, "message_id": str(backed.index[0]), "proof_id": cited["proof_id"], "proof_source": cited["proof_source"],
        "proof_date": "" if pd.isna(date) else f"{date:%Y-%m-%d}",
        "notes": f"proof {cited['proof_id']} is too old" if cited["proof_id"] in sources.stale else "",
    }  # fmt: skip
    rows.append(
        _row("what backs it", "proof", proof, **cells) if proof
        else _row("what backs it", "gap", f"No proof is written for {name}.", pain_id=pain)
    )  # fmt: skip
    return rows


def _claims(persona: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [claim for section in persona.get("sections", []) if section["key"] == key for claim in section["claims"]]


def _claim_row(claim: Mapping[str, Any], part: str = "pain") -> dict[str, Any]:
    notes = {
        "assumption": "an assumption: no evidence",
        "stale": "no longer shown by the data",
        "broken": "its evidence does not exist",
    }
    return _row(
        part,
        "pain" if part == "pain" else "claim",
        claim["text"],
        origin=claim["claim_id"],
        notes=notes.get(claim["status"], ""),
    )


def _row(part: str, kind: str, text: str, **cells: Any) -> dict[str, Any]:
    return {"part": part.replace("_", " "), "kind": kind, "text": text, **cells}
