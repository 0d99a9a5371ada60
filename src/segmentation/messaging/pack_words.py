"""The campaign pack in sentences, and as a page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..display import Callout, Reading
from ..words import count_words, few_words
from .pack import PIECES, piece_title

__all__ = ["describe_pack", "pack_page", "trace_words"]


def describe_pack(pack: pd.DataFrame, *, names: Mapping[str, str] | None = None) -> Reading | Callout:
    """What the pack holds and what it lacks, in plain sentences.

    Parameters
    ----------
    pack : pandas.DataFrame
        As ``compose_pack`` returns it.
    names : mapping of str to str, optional
        Persona id to name.

    Returns
    -------
    Reading or Callout
    """
    if pack.empty:
        return Callout(
            "absent", "There is no campaign pack.", "This study has no messages, or no personas to send them to."
        )
    gaps = pack[pack["kind"] == "gap"]
    pieces = pack.groupby(["persona_id", "piece"], sort=False)["kind"].agg(lambda kinds: (kinds == "gap").sum())
    whole, total = int((pieces == 0).sum()), len(pieces)
    paragraphs = [
        f"The pack has {count_words(total, 'piece')} for {count_words(pack['persona_id'].nunique(), 'persona')}, {whole} of them without a "
        "gap. Every line is the team's own or a customer's; none was made up to fill a gap."
    ]
    if len(gaps):
        worst = gaps.groupby("piece", sort=False)["persona_id"].nunique().sort_values(ascending=False, kind="stable")
        listed = ", ".join(f"{_in_sentence(piece_title(str(piece)))} for {count}" for piece, count in worst.items())
        paragraphs.append(
            f"Personas with a gap, by piece: {listed}. A gap is a line nobody has written or nobody has said."
        )
    broad = pack[pack["notes"].str.contains("broad message")]["persona_id"].nunique()
    draft = int(pack["notes"].str.contains("draft").sum())
    old = int(pack["notes"].str.contains("too old").sum())
    said = [
        f"{count_words(broad, 'persona')} {'has' if broad == 1 else 'have'} no line of {'its' if broad == 1 else 'their'} own on some "
        "channel, and the broad one stands there"
        if broad
        else ""
    ]
    said += [f"{count_words(draft, 'line')} {'is' if draft == 1 else 'are'} drafts" if draft else ""]
    said += [f"{count_words(old, 'line')} {'rests' if old == 1 else 'rest'} on a proof that is too old" if old else ""]
    kept = [part for part in said if part]
    if kept:
        sentence = "; ".join(kept) + "."
        paragraphs.append(sentence[0].upper() + sentence[1:])
    return Reading(paragraphs)


def _in_sentence(title: str) -> str:
    return title if title[1:2].isupper() or title.startswith(("LinkedIn", "Google", "Meta")) else title.lower()


def pack_page(
    pack: pd.DataFrame, personas: Sequence[Mapping[str, Any]], *, plan: pd.DataFrame | None = None, min_cell: int = 10
) -> list[dict[str, Any]]:
    """The pack as a page shows it: personas, their pieces, the lines of each.

    Parameters
    ----------
    pack : pandas.DataFrame
        As ``compose_pack`` returns it.
    personas : sequence of mapping
        For names and order.
    plan : pandas.DataFrame, optional
        As ``plan_channels`` returns it: each piece then says how many people it can reach and whether they are enough.
    min_cell : int
        Smaller numbers of people are not told.

    Returns
    -------
    list of dict
        persona_id, name, segment, one_line, pieces (key, title, plan, gaps, lines with part, kind, text, trace, notes).
    """
    found = []
    for persona in personas:
        mine = pack[pack["persona_id"] == persona["persona_id"]]
        pieces = []
        for key, rows in mine.groupby("piece", sort=False):
            lines = [
                _line(row, several=rows["stage"].replace("", pd.NA).nunique() > 1) for row in rows.to_dict("records")
            ]
            gaps = sum(line["kind"] == "gap" for line in lines)
            told = _say_plan(plan, persona["persona_id"], str(key), min_cell)
            pieces.append({"key": key, "title": piece_title(str(key)), "plan": told, "gaps": gaps, "lines": lines})
        found.append({
            "persona_id": persona["persona_id"], "name": persona["name"], "segment": persona["segment_id"],
            "one_line": persona.get("one_line", ""), "pieces": pieces,
        })  # fmt: skip
    return found


def _say_plan(plan: pd.DataFrame | None, persona: str, key: str, min_cell: int) -> str:
    """How many people a piece reaches, and what the plan says of words of the persona's own."""
    channel = PIECES[key].channel if key in PIECES else key
    rows = (
        ()
        if plan is None
        else plan[(plan["persona_id"] == persona) & (plan["channel"] == channel) & ~plan["withheld"].astype(bool)]
    )
    if not len(rows):
        return ""
    row = rows.iloc[0]
    reached, filed = (few_words(int(row[name]), min_cell) for name in ("reachable", "people"))
    people = f"{reached.capitalize()} of {filed} people on file for this persona can be reached"
    if row["proposal"] == "persona":
        return f"{people}: enough to tell whether words of its own do better than the broad ones."
    if not row["used"]:
        return (
            f"{people}. The channel was not used before, so the plan begins with the same words for the whole segment."
        )
    return (
        f"{people}; the plan says stay broad, because it takes {row['needed']:,d} to find {row['lift']:.0%} more than the "
        f"{row['baseline']:.0%} who answer today. What tests have shown stands on the page Tracking."
    )


def _line(row: Mapping[str, str], *, several: bool) -> dict[str, str]:
    part = row["part"]
    if row["kind"] in ("message", "gap") and row["stage"] and several:
        part = f"{row['stage'].replace('_', ' ')}: {part}"
    if row["variant"]:
        part += f", variant {row['variant']}"
    return {
        "part": part[0].upper() + part[1:], "kind": row["kind"], "text": row["text"], "trace": trace_words(row), "notes": row["notes"],
        "locale": row["locale"],
    }  # fmt: skip


def trace_words(row: Mapping[str, str]) -> str:
    """Where a line comes from, in words.

    Examples
    --------
    >>> trace_words({"message_id": "M2", "origin": "M1", "pain_id": "late", "proof_id": "PR1", "proof_date": "2026-05-01"})
    'row M2 (words of M1); pain late; proof PR1 of 2026-05-01'
    """
    cells = {
        key: row.get(key, "")
        for key in ("message_id", "origin", "pain_id", "quote_id", "value_prop_id", "proof_id", "proof_date")
    }
    parts = []
    if cells["message_id"]:
        other = cells["origin"] and cells["origin"] != cells["message_id"]
        parts.append(f"row {cells['message_id']}" + (f" (words of {cells['origin']})" if other else ""))
    elif cells["origin"]:
        parts.append(f"claim {cells['origin']} of the persona")
    parts += [f"pain {row.get('pain') or cells['pain_id'].replace('_', ' ')}"] if cells["pain_id"] else []
    parts += [f"quote {cells['quote_id']}"] if cells["quote_id"] else []
    parts += [f"value proposition {cells['value_prop_id']}"] if cells["value_prop_id"] else []
    if cells["proof_id"]:
        parts.append(f"proof {cells['proof_id']}" + (f" of {cells['proof_date']}" if cells["proof_date"] else ""))
    return "; ".join(parts)
