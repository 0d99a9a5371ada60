"""Coded segments that come without offsets, placed in the study's transcripts by their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from .coding import CODINGS
from .job import Job
from .places import Library, find_quote, learn_numbering, paragraph

__all__ = ["QUOTES", "place_quotes"]

QUOTES = ["document", "quote", "code_id", "coder", "begin", "within", "file", "row"]
"""Columns of ``_quotes``: one row for each segment and code.

``begin`` is where the program says it starts (an offset or the number of a paragraph; missing if it does not say), ``within`` the span
of the answer it was coded in inside the source's own text (missing if the source brings no texts).
"""


@dataclass
class Segment:
    """One segment and code with the text it is searched in; ``spans`` are all places that hold its words."""

    row: Any
    source_id: str
    text: str
    spans: list[tuple[int, int]]


def place_quotes(
    quotes: pd.DataFrame, own: pd.DataFrame, library: Library, job: Job
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Codings with offsets, and the texts of the source's own that they may stand in.

    A segment is looked for in the transcript of its document's name, else in the source's own text of that name. A document that
    has neither becomes a text made of its segments, which is noted. Words that are not in their document are a violation;
    words that stand in it several times are placed only where the program's own position tells which, else counted as dropped.

    Parameters
    ----------
    quotes : pandas.DataFrame
        Columns ``QUOTES``.
    own : pandas.DataFrame
        Index source_id; text, file, spans. May be empty.
    library : Library
    job : Job

    Returns
    -------
    tuple of pandas.DataFrame
        ``codings`` (coders with their names) and ``own`` with the texts made of segments.
    """
    own = _with_excerpts(quotes, own, library, job)
    segments = [_search(row, own, library) for row in quotes.itertuples(index=False)]
    _refuse_absent([segment for segment in segments if not segment.spans], job)
    numbering = _numbering(segments)
    rows, lost, told = [], [], 0
    for segment in segments:
        span = segment.spans[0] if len(segment.spans) == 1 else _tell(segment, numbering)
        told += span is not None and len(segment.spans) > 1
        if span is None:
            lost += [segment] if segment.spans else []
            continue
        values = (segment.source_id, *span, segment.row.code_id, segment.row.coder, segment.text[slice(*span)])
        rows.append(dict(zip(CODINGS, values, strict=True)))
    _count_ambiguous(lost, job)
    if told:
        how = f"paragraph (counting {numbering})" if numbering else "position"
        job.note(f"{told} codings whose words stand several times were placed by the {how} the file gives")
    codings = pd.DataFrame(rows, columns=CODINGS).astype({"start": "int64", "end": "int64"})
    repeated = codings.duplicated()
    job.dropped["the same coding twice"] += int(repeated.sum())
    return codings[~repeated].reset_index(drop=True), own


def _with_excerpts(quotes: pd.DataFrame, own: pd.DataFrame, library: Library, job: Job) -> pd.DataFrame:
    """Texts made of the segments of documents that neither the study nor the source has."""
    texts = []
    for document, part in quotes.groupby("document", sort=False):
        if document in own.index or library.find(document) is not None:
            continue
        pieces = list(dict.fromkeys(part["quote"]))
        text, spans = join_pieces(pieces)
        texts.append({"source_id": document, "text": text, "file": part["file"].iloc[0], "spans": spans})
    if not texts:
        return own
    names = ", ".join(text["source_id"] for text in texts[:10])
    job.note(
        f"{len(texts)} documents have no transcript and consist of their coded segments only: {names}. Shares of text and "
        "agreement mean nothing there, and what an interviewer says in a segment counts as the participant's"
    )
    made = pd.DataFrame(texts).set_index("source_id")
    return pd.concat([own, made]) if len(own) else made


def join_pieces(pieces: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """Pieces as one text, a blank line between them, and their spans.

    Examples
    --------
    >>> join_pieces(["Late.", "Twice."])
    ('Late.\\n\\nTwice.', [(0, 5), (7, 13)])
    """
    spans, position = [], 0
    for piece in pieces:
        spans.append((position, position + len(piece)))
        position += len(piece) + 2
    return "\n\n".join(pieces), spans


def _search(row: Any, own: pd.DataFrame, library: Library) -> Segment:
    place = library.find(row.document)
    within = row.within if isinstance(row.within, tuple) else None
    if place is None:
        text = own.at[row.document, "text"]
        spans = own.at[row.document, "spans"]
        start, end = within or (0, len(text))
        found = find_quote(text, row.quote, start, end)
        exact = [span for span in found if span in spans]
        return Segment(row, row.document, text, exact[:1] or found)
    text, start, end = library.texts[place.source_id], place.start, place.end
    if within is not None:
        answers = find_quote(text, own.at[row.document, "text"][slice(*within)], start, end)
        start, end = answers[0] if len(answers) == 1 else (start, end)
    return Segment(row, place.source_id, text, find_quote(text, row.quote, start, end))


def _refuse_absent(absent: list[Segment], job: Job) -> None:
    if not absent:
        return
    table = pd.DataFrame(
        {"file": s.row.file, "row": s.row.row, "text": s.source_id, "quote": s.row.quote[:80]} for s in absent
    ).drop_duplicates(["file", "row", "text"])
    for (file, source_id), part in table.groupby(["file", "text"], sort=False):
        fix = "Use the transcript that was coded, or correct the document's name"
        values = part.set_index("row")["quote"]
        job.bad_rows(values, f"segments are not in the text {source_id!r}", file, column="segment", fix=fix)


def _numbering(segments: list[Segment]) -> str:
    known = [
        (segment.text, segment.spans[0][0], int(segment.row.begin))
        for segment in segments
        if len(segment.spans) == 1 and pd.notna(segment.row.begin)
    ]
    return learn_numbering(known)


def _tell(segment: Segment, numbering: str) -> tuple[int, int] | None:
    """The one place that the program's own position means, None if it tells none."""
    if pd.isna(segment.row.begin):
        return None
    begin = int(segment.row.begin)
    if numbering:
        fits = [span for span in segment.spans if paragraph(segment.text, span[0], numbering) == begin]
    else:
        fits = [span for span in segment.spans if span[0] == begin]
    return fits[0] if len(fits) == 1 else None


def _count_ambiguous(lost: list[Segment], job: Job) -> None:
    if not lost:
        return
    job.dropped["its words stand several times in the text"] += len(lost)
    shown = ", ".join(f"{segment.row.quote[:40]!r} in {segment.source_id}" for segment in lost[:5])
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    job.note(
        f"{len(lost)} codings have words that stand several times in their text and no position to tell which, and are left out: "
        f"{shown}{more}. A project file (.qdpx, data.qda, project.sqlite3) has positions"
    )
