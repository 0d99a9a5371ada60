"""Words of interviewees that may be shown: consented, redacted, long enough, and traceable to the place they stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words
from .coded import CodedInterviews
from .redaction import Redactor

__all__ = ["QuoteBank", "QuoteCheck", "build_quote_bank", "check_quote", "describe_quotes", "tabulate_quotes"]

COLUMNS = [
    "quote_id", "participant", "segment", "code_id", "name", "text", "source_id", "turn", "start", "end", "coders", "words", "masked",
]  # fmt: skip
SENTENCE, CLAUSE = ".!?…", ",;:–—"
MASK = re.compile(r"\[(?:person|company|e-mail|phone|web address|account number|card number|number|handle|postcode)\]")


@dataclass(frozen=True)
class QuoteBank:
    """Quotes that may be shown.

    Attributes
    ----------
    table : pandas.DataFrame
        quote_id (stable as long as the words and their code stand where they stand), participant, segment, code_id,
        name (of the
        code), text (redacted), source_id, turn, start, end (code points in the transcript, end excluded), coders (how
        many marked
        it with this code), words, masked (identifiers taken out).
    withheld : mapping of str to int
        Reason to number of passages left out.
    min_words : int
    source : str
    """

    table: pd.DataFrame
    withheld: Mapping[str, int] = field(default_factory=dict)
    min_words: int = 6
    source: str = ""


@dataclass(frozen=True)
class QuoteCheck:
    """Whether words stand in a transcript.

    Attributes
    ----------
    found : bool
    start, end : int or None
        Where in the transcript, in code points, end excluded.
    reason : str
        Why not, or empty.
    """

    found: bool
    start: int | None = None
    end: int | None = None
    reason: str = ""


def check_quote(text: str, transcript: str) -> QuoteCheck:
    """Whether a quote stands in a transcript word for word; only white space may differ.

    Masks such as [person] stand for up to six words that were taken out.

    Parameters
    ----------
    text, transcript : str

    Returns
    -------
    QuoteCheck

    Examples
    --------
    >>> check_quote("moved four  jobs", "I'd moved four\\njobs by nine")
    QuoteCheck(found=True, start=4, end=19, reason='')
    >>> check_quote("moved five jobs", "I'd moved four jobs by nine").found
    False
    """
    words = " ".join(text.split())
    if not words:
        return QuoteCheck(False, reason="the quote is empty")
    pieces = [r"\s+".join(re.escape(word) for word in piece.split()) for piece in MASK.split(words)]
    spaces = [(piece[:1] == " ", piece[-1:] == " ") for piece in MASK.split(words)]
    pattern = pieces[0]
    for (_, before), piece, (after, _) in zip(spaces, pieces[1:], spaces[1:], strict=False):
        pattern += (r"\s+" if before else "") + r"\S+(?:\s+\S+){0,5}?" + (r"\s+" if after else "") + piece
    match = re.search(rf"(?<!\w){pattern}(?!\w)", transcript)
    if match:
        return QuoteCheck(True, match.start(), match.end())
    return QuoteCheck(False, reason="these words do not stand in the transcript")


def build_quote_bank(
    coded: CodedInterviews, redactor: Redactor, *, min_words: int = 6, max_words: int = 80
) -> QuoteBank:
    """Collect every coded passage that may be shown.

    Passages with one code that coders marked at overlapping places of a turn are one quote: the one whose ends fall best on
    the ends of a sentence or clause, else the longest. Only people who consented are quoted.

    Parameters
    ----------
    coded : CodedInterviews
    redactor : Redactor
        See ``build_redactor``.
    min_words, max_words : int
        Shorter and longer passages are left out and counted.

    Returns
    -------
    QuoteBank

    Raises
    ------
    ParameterError
        If the lengths make no sense.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(build_quote_bank(nobody, Redactor()).table)
    0
    """
    if not 1 <= min_words <= max_words:
        raise ParameterError(f"need 1 <= min_words <= max_words; got {min_words}, {max_words}")
    sources, *numbers = (coded.turns[key].tolist() for key in ("source_id", "turn", "start", "end"))
    places = {(source, turn): place for source, turn, *place in zip(sources, *numbers, strict=True)}
    consents, segments, names = (
        dict(column) for column in (coded.people["consent"], coded.people["segment"], coded.codes["name"])
    )
    texts = dict(coded.transcripts)
    counted = coded.counted
    kept = set(zip(*(counted[key].tolist() for key in ("source_id", "turn", "code_id")), strict=True))
    withheld: dict[str, int] = {}
    rows = []
    for (person, source, turn, code), spans in _by_place(coded.codings).items():
        text, place = texts[source], places[source, turn]
        for start, end, coders in _merge(spans, text, int(place[0]), int(place[1])):
            length = len(text[start:end].split())
            reason = _why_not(bool(consents[person]), length, min_words, max_words)
            if (source, turn, code) not in kept:
                reason = "the code was taken away when coders resolved a difference"
            if reason:
                withheld[reason] = withheld.get(reason, 0) + 1
                continue
            shown = redactor.redact(text, start, end)
            digest = hashlib.sha256(f"{source}|{start}|{end}|{code}|{text[start:end]}".encode()).hexdigest()[:6]
            segment, name = segments[person], names[code]
            masked = len(MASK.findall(shown))
            rows.append(
                (f"{person}-{turn}-{digest}", person, segment, code, name, " ".join(shown.split()), source, turn, start, end,
                 coders, length, masked)
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(
        ["participant", "turn", "start", "code_id"], ignore_index=True
    )
    return QuoteBank(table, dict(sorted(withheld.items())), min_words, coded.source)


def _why_not(consent: bool, length: int, min_words: int, max_words: int) -> str:
    if not consent:
        return "the person did not agree to be quoted"
    return "too short" if length < min_words else "too long" if length > max_words else ""


def _by_place(codings: pd.DataFrame) -> dict[tuple[str, str, int, str], list[tuple[int, int, str]]]:
    """Start, end and coder of passages by participant, transcript, turn and code."""
    found: dict[tuple[str, str, int, str], list[tuple[int, int, str]]] = {}
    keys = ("participant", "source_id", "turn", "code_id", "start", "end", "coder")
    for person, source, turn, code, *span in zip(*(codings[key].tolist() for key in keys), strict=True):
        if not pd.isna(person):
            found.setdefault((person, source, turn, code), []).append((int(span[0]), int(span[1]), span[2]))
    return found


def _merge(passages: list[tuple[int, int, str]], text: str, first: int, last: int) -> list[tuple[int, int, int]]:
    """Overlapping passages as one, clipped to the turn: the one cut most cleanly, with the number of coders who marked any."""
    groups: list[tuple[int, list[tuple[int, int]], set[str]]] = []
    for from_, to, coder in sorted(passages):
        start, end = _snap(text, max(from_, first), min(to, last), first, last)
        if groups and start < groups[-1][0]:
            groups[-1] = (max(end, groups[-1][0]), [*groups[-1][1], (start, end)], groups[-1][2] | {coder})
        else:
            groups.append((end, [(start, end)], {coder}))
    chosen = [
        (max(spans, key=lambda span: _cleanness(text, *span, first, last)), coders) for _, spans, coders in groups
    ]
    return [(start, end, len(coders)) for (start, end), coders in chosen]


def _cleanness(text: str, start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """How well the ends of a passage fall on the ends of a sentence or clause, then its length."""
    before, after = text[first:start].rstrip(), text[end:last].lstrip()
    opens = 2 if not before or before[-1] in SENTENCE else int(before[-1] in CLAUSE)
    closes = 2 if not after or text[end - 1] in SENTENCE or after[0] in SENTENCE else int(after[0] in CLAUSE)
    return opens + closes, end - start


def _snap(text: str, start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """Edges moved out to whole words within the turn, blanks off."""
    while start > first and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < last and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def describe_quotes(bank: QuoteBank) -> Reading | Callout:
    """How many quotes may be shown, what was taken out, and what was left out and why.

    Parameters
    ----------
    bank : QuoteBank

    Returns
    -------
    Reading or Callout
        Absent where there is no passage at all; a caution where there are passages and none may be shown.

    Examples
    --------
    >>> describe_quotes(QuoteBank(pd.DataFrame(columns=COLUMNS), {"too short": 2})).title
    'None of the coded passages may be shown.'
    """
    table = bank.table
    reasons = join_words(f"{n:,d} because {why}" for why, n in _because(bank.withheld).items())
    if table.empty:
        if not bank.withheld:
            return Callout("absent", "No quotes: nobody was interviewed, or nothing was coded.")
        return Callout("caution", "None of the coded passages may be shown.", f"Left out: {reasons}.")
    masked = int(table["masked"].sum())
    text = (
        f"{count_words(len(table), 'passage')} of {count_words(table['participant'].nunique(), 'person', 'people')} "
        "may be shown. Each keeps "
        "the place it was taken from (participant, transcript, turn, position), so that it can be checked word for "
        "word. "
        f"{count_words(masked, 'name, address or number was', 'names, addresses or numbers were').capitalize()} taken "
        "out and "
        f"replaced by words in brackets such as [person]."
    )
    if bank.withheld:
        text += f" Left out: {reasons}."
    caution = "A machine cannot find every name: read quotes once more before they leave the house."
    return Reading([text, caution])


def _because(withheld: Mapping[str, int]) -> dict[str, int]:
    words = {"too short": "they have too few words", "too long": "they have too many words"}
    return {words.get(reason, reason): n for reason, n in withheld.items()}


def tabulate_quotes(bank: QuoteBank, *, code: str | None = None, segment: str | None = None, most: int = 12) -> Table:
    """A readable choice of quotes: as many different people as possible, passages that more coders marked first.

    Parameters
    ----------
    bank : QuoteBank
    code, segment : str, optional
        Only quotes with this code, of this segment.
    most : int
        Rows at most.

    Returns
    -------
    Table
        Quote, Who, Segment, Theme, Where.

    Examples
    --------
    >>> list(tabulate_quotes(QuoteBank(pd.DataFrame(columns=COLUMNS))).frame.columns)
    ['Quote', 'Who', 'Segment', 'Theme', 'Where']
    """
    table = bank.table
    if code is not None:
        table = table[table["code_id"] == code]
    if segment is not None:
        table = table[table["segment"].astype("string") == segment]
    chosen = choose_quotes(table, most)
    frame = pd.DataFrame(
        {
            "Quote": chosen["text"].astype(str),
            "Who": chosen["participant"].astype(str),
            "Segment": chosen["segment"].astype("string").fillna("not known"),
            "Theme": chosen["name"].astype(str),
            "Where": [f"{s}, turn {t}" for s, t in zip(chosen["source_id"], chosen["turn"], strict=True)],
        }
    )
    of = (
        f"{len(chosen)} of {len(table)} passages that may be shown"
        if len(chosen) < len(table)
        else f"{len(table)} passages"
    )
    return Table(frame, f"What people said, names taken out: {of}. {bank.source}".strip())


def choose_quotes(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows of a quote table: one a passage, people in turn, passages with more coders and of middling length first."""
    ranked = table.assign(far=(table["words"].astype(float) - 22).abs())
    ranked = ranked.sort_values(["coders", "far", "quote_id"], ascending=[False, True, True], kind="stable")
    ranked = ranked.drop_duplicates(["source_id", "turn", "text"])
    ranked["round"] = ranked.groupby("participant").cumcount()
    return ranked.sort_values("round", kind="stable").head(most).drop(columns=["far", "round"])
