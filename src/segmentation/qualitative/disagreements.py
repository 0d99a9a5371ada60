"""What coders should talk about: every turn to which one gave a code and another, who read it too, did not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words, percent_words
from .agreement import judgements
from .coded import CodedInterviews
from .redaction import Redactor

__all__ = ["Disagreements", "describe_disagreements", "list_disagreements", "tabulate_disagreements"]

COLUMNS = ["code", "name", "participant", "source_id", "turn", "given_by", "not_by", "start", "end", "text"]
COUNTS = ["code", "name", "judged", "given", "both", "split"]
NO_CONSENT = "(no consent to be quoted)"


@dataclass(frozen=True)
class Disagreements:
    """Judgements that differ.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a code and turn, codes with most of them first: code, name, participant, source_id, turn, given_by, not_by, start, end
        (of the words marked, in the transcript), text (those words redacted; a note where the person may not be quoted).
    by_code : pandas.DataFrame
        code, name, judged (turns two or more coders read), given (turns with the code by any), both (by all who read it), split.
    coders : tuple of str
    source : str
    """

    table: pd.DataFrame
    by_code: pd.DataFrame
    coders: tuple[str, ...]
    source: str = ""


def list_disagreements(coded: CodedInterviews, redactor: Redactor) -> Disagreements:
    """Every turn on which coders who read it differ, code by code.

    Parameters
    ----------
    coded : CodedInterviews
    redactor : Redactor
        Takes names out of the words shown; see ``build_redactor``.

    Returns
    -------
    Disagreements
        Empty where no two coders read the same interview. The interviewer's words are no part of it.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(list_disagreements(nobody, Redactor()).table)
    0
    """
    rated, marked, _ = judgements(coded)
    turns = coded.turns[coded.turns["role"] == "participant"]
    judged = rated.sum(axis=1) >= 2
    coders = np.array(coded.coders, dtype=object)
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for source, own, *span in zip(
        *(coded.codings[key].tolist() for key in ("source_id", "code_id", "start", "end")), strict=True
    ):
        spans.setdefault((source, own), []).append((int(span[0]), int(span[1])))
    places = list(turns[["participant", "source_id", "turn", "start", "end"]].itertuples(index=False, name=None))
    rows, counts = [], []
    for place, code in enumerate(coded.leaves):
        given = marked[place] & rated
        any_, all_ = given.any(axis=1) & judged, (given | ~rated).all(axis=1) & judged
        name = coded.codes.at[code, "name"]
        counts.append(
            (code, name, int(judged.sum()), int(any_.sum()), int((any_ & all_).sum()), int((any_ & ~all_).sum()))
        )
        for number in np.flatnonzero(any_ & ~all_):
            person, source, turn, first, last = places[number]
            start, end = _words(spans.get((source, code), []), int(first), int(last))
            by, not_by = coders[given[number]], coders[rated[number] & ~given[number]]
            rows.append((code, name, person, source, int(turn), join_words(by), join_words(not_by), start, end, ""))
    table = pd.DataFrame(rows, columns=COLUMNS)
    by_code = pd.DataFrame(counts, columns=COUNTS).sort_values(
        ["split", "code"], ascending=[False, True], ignore_index=True
    )
    order = {code: rank for rank, code in enumerate(by_code["code"])}
    table = table.sort_values(["source_id", "turn"]).sort_values(
        "code", key=lambda codes: codes.map(order), kind="stable"
    )
    consents, texts = dict(coded.people["consent"]), dict(coded.transcripts)
    columns = (table[key].tolist() for key in ("participant", "source_id", "start", "end"))
    table["text"] = [
        " ".join(redactor.redact(texts[source], start, end).split()) if consents[person] else NO_CONSENT
        for person, source, start, end in zip(*columns, strict=True)
    ]
    return Disagreements(table.reset_index(drop=True), by_code, coded.coders, coded.source)


def _words(spans: list[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    """From the first to the last character marked in a turn; the whole turn where the marks lie elsewhere."""
    inside = [(start, end) for start, end in spans if start < last and end > first]
    if not inside:
        return first, last
    return max(first, min(start for start, _ in inside)), min(last, max(end for _, end in inside))


def describe_disagreements(found: Disagreements) -> Reading | Callout:
    """How many judgements differ, and on which codes to begin.

    Examples
    --------
    >>> describe_disagreements(Disagreements(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=COUNTS), ())).kind
    'absent'
    """
    counts = found.by_code
    if counts.empty or not counts["judged"].max():
        return Callout("absent", "Nothing to discuss: no interview was read by two coders.")
    if found.table.empty:
        return Reading(["The coders gave every code to the same turns: there is nothing to discuss."])
    worst = counts[counts["split"] > 0].head(3)
    named = "; ".join(
        f"“{row.name}” ({row.split} of the {row.given} turns where anybody saw it)"
        for row in worst.itertuples(index=False)
    )
    share = counts["split"].sum() / (counts["judged"].sum() or 1)
    return Reading(
        [
            f"{count_words(len(found.table), 'judgement')} of the coders differ, {percent_words(share)} of all: one gave a code to a "
            f"turn, another who read it did not. Begin with {named}. Agree on what the code means, write that into the codebook, and "
            "only then change codings: agreement that was talked into being is no measure of it."
        ]
    )


def tabulate_disagreements(found: Disagreements, *, code: str | None = None, most: int = 20) -> Table:
    """Disagreements to discuss, a few of each code in turn.

    Parameters
    ----------
    found : Disagreements
    code : str, optional
        Only this code.
    most : int
        Rows at most.

    Returns
    -------
    Table
        Code, Who, Where, Marked by, Not by, The words.

    Raises
    ------
    ParameterError
        If ``most`` is below 1 or no such code was judged.

    Examples
    --------
    >>> empty = Disagreements(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=COUNTS), ())
    >>> list(tabulate_disagreements(empty).frame.columns)
    ['Code', 'Who', 'Where', 'Marked by', 'Not by', 'The words']
    """
    if most < 1:
        raise ParameterError(f"most must be at least 1; got {most}")
    if code is not None and code not in set(found.by_code["code"]):
        raise ParameterError(f"no code {code!r} was judged; there are {', '.join(found.by_code['code']) or 'none'}")
    table = found.table if code is None else found.table[found.table["code"] == code]
    turn_taking = table.assign(round=table.groupby("code").cumcount()).sort_values("round", kind="stable")
    chosen = turn_taking.head(most)
    frame = pd.DataFrame(
        {
            "Code": chosen["name"].astype(str),
            "Who": chosen["participant"].astype(str),
            "Where": [f"{s}, turn {t}" for s, t in zip(chosen["source_id"], chosen["turn"], strict=True)],
            "Marked by": chosen["given_by"].astype(str),
            "Not by": chosen["not_by"].astype(str),
            "The words": chosen["text"].astype(str),
        }
    )
    part = f"{len(chosen)} of {len(table)}" if len(chosen) < len(table) else f"{len(table)}"
    caption = f"Turns to discuss: {part} on which coders who read them differ, names taken out. {found.source}"
    return Table(frame, caption.strip(), empty="The coders differ on no turn.")
