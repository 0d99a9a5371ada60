"""What interview tables must satisfy before anything is counted; every breach is reported at once."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ..dataset import Dataset
from ..errors import Violation, nearest_word

__all__ = ["check_interviews", "normalise_space"]

YES = frozenset({"true", "yes", "y", "1", "1.0"})
NO = frozenset({"false", "no", "n", "0", "0.0", ""})
ROLES = ("interviewer", "participant")


def normalise_space(text: str) -> str:
    """Text with every run of white space as one blank.

    Examples
    --------
    >>> normalise_space(" so  I\\nsaid ")
    'so I said'
    """
    return " ".join(str(text).split())


def check_interviews(data: Dataset) -> list[Violation]:
    """Every breach of the interview tables' contract.

    Parameters
    ----------
    data : Dataset
        With ``transcripts`` and ``turns``, and, where the study has them, ``interviewees``, ``codes``, ``codings``.

    Returns
    -------
    list of Violation
        Empty if all is well.

    Raises
    ------
    ParameterError
        If ``transcripts`` or ``turns`` is not in the data.

    Examples
    --------
    >>> from segmentation.period import Period
    >>> text = pd.DataFrame({"text": ["Hello."], "file": ["P1.txt"]}, index=["P1"])
    >>> turns = pd.DataFrame([["P1", 0, "I", "boss", "Hello.", 0, 6]],
    ...     columns=["source_id", "turn", "speaker", "role", "text", "start", "end"])
    >>> data = Dataset("s", "id", Period.parse("2026Q3"), {"transcripts": text, "turns": turns}, ())
    >>> [violation.message for violation in check_interviews(data)]
    ['role of a turn is not known', 'nobody but the interviewer speaks in this transcript']
    """
    found = [*_check_turns(data)]
    if "interviewees" in data:
        found += _check_people(data)
    if "codings" in data and len(data["codings"]):
        found += _check_codings(data)
    return found


def file_of(data: Dataset, table: str) -> str:
    """File words for messages: what the account of the source says, else the table's name."""
    named = [", ".join(account.files) for account in data.accounts if account.source == table]
    return named[0] if named else table


def read_consent(value: object) -> bool | None:
    """True, False, or None where the word is not known; a blank is no consent."""
    word = "" if pd.isna(value) else str(value).strip().casefold()  # type: ignore[call-overload]
    return True if word in YES else False if word in NO else None


def _check_turns(data: Dataset) -> Iterator[Violation]:
    turns, transcripts = data["turns"], data["transcripts"]
    file = file_of(data, "transcripts")
    for role in sorted(set(turns["role"].astype(str)) - set(ROLES)):
        yield Violation(
            "role of a turn is not known", file, None, "role", role, ", ".join(ROLES), nearest_word(role, ROLES)
        )
    heard = set(turns.loc[turns["role"] == "participant", "source_id"].astype(str))
    for source in transcripts.index.astype(str):
        if source not in heard:
            fix = "Label the interviewee's turns, for instance with the participant id"
            yield Violation("nobody but the interviewer speaks in this transcript", file, source, fix=fix)


def _check_people(data: Dataset) -> Iterator[Violation]:
    people, known = data["interviewees"], set(data["transcripts"].index.astype(str))
    file = file_of(data, "interviewees")
    ids = people.index.astype(str)
    for person in sorted(set(ids[ids.duplicated()])):
        rows = ", ".join(str(place + 1) for place, other in enumerate(ids) if other == person)
        yield Violation(
            f"two people with one id (rows {rows})", file, None, "participant", person, fix="Give each their own id"
        )
    given = people["source_id"] if "source_id" in people else pd.Series(ids, index=people.index)
    sources = (
        given.astype(object).where(given.notna(), "").astype(str)
    )  # blank: interviewed, and not written down (yet)
    for row, (person, source) in enumerate(zip(ids, sources, strict=True), start=1):
        if source and source not in known:
            hint = nearest_word(source, known) or "Add the transcript, or leave source_id blank until there is one"
            yield Violation(f"participant {person} has no transcript", file, row, "source_id", source, fix=hint)
    yield from _check_shared(data, pd.Series(sources.to_numpy(), index=ids)[lambda named: named != ""])
    for source in sorted(known - set(sources)):
        fix = "Add a row for who was interviewed"
        yield Violation("transcript of nobody in the table of interviewees", file, None, "source_id", source, fix=fix)
    if "consent" in people:
        for row, value in enumerate(people["consent"], start=1):
            if read_consent(value) is None:
                yield Violation("consent is neither yes nor no", file, row, "consent", value, "true, false, yes, no")


def _check_shared(data: Dataset, sources: pd.Series) -> Iterator[Violation]:
    """A transcript of several people needs their ids as speakers, or nobody can tell who said what."""
    turns = data["turns"]
    once = sources[~sources.index.duplicated()]
    for source, group in once[once.duplicated(keep=False)].groupby(once):
        spoken = set(
            turns.loc[(turns["source_id"] == source) & (turns["role"] == "participant"), "speaker"].astype(str)
        )
        if not spoken <= set(group.index):
            fix = f"Label the turns with their ids ({', '.join(sorted(group.index))})"
            found = ", ".join(sorted(spoken))
            yield Violation(
                "several people in one transcript, and its speakers are not their ids",
                file_of(data, "transcripts"), str(source), "speaker", found, fix=fix,
            )  # fmt: skip


def _check_codings(data: Dataset) -> Iterator[Violation]:
    codings, file = data["codings"], file_of(data, "codings")
    known = set(data["codes"].index.astype(str)) if "codes" in data else set()
    for code, rows in codings.groupby(codings["code_id"].astype(str)):
        if code not in known:
            fix = nearest_word(code, known) or "Add it to the codebook, or recode these passages"
            times = f"code without codebook entry, used {len(rows)} time{'' if len(rows) == 1 else 's'}"
            yield Violation(times, file, None, "code_id", code, fix=fix)
    texts = {str(name): str(text) for name, text in data["transcripts"]["text"].items()}
    shifted: dict[str, int] = {}
    for row, coding in enumerate(codings.itertuples(index=False), start=1):
        source = str(coding.source_id)
        if source not in texts:
            fix = nearest_word(source, texts) or "Add the transcript"
            yield Violation("coding of a text that is not there", file, row, "source_id", source, fix=fix)
            continue
        problem = _span_problem(coding.start, coding.end, len(texts[source]))
        if problem:
            fix = "Export the codings again from the same version of the transcript"
            place = f"{coding.start} to {coding.end}"
            yield Violation(problem, file, row, "start, end", place, f"0 to {len(texts[source])}", fix)
        elif _is_shifted(getattr(coding, "quote", None), texts[source][int(coding.start) : int(coding.end)]):
            shifted[source] = shifted.get(source, 0) + 1
    for source, times in shifted.items():
        fix = "The transcript was edited after coding, or offsets are counted otherwise; export both again"
        yield Violation(f"the words at {times} coded place(s) are not the words that were coded", file, source, fix=fix)


def _span_problem(start: object, end: object, length: int) -> str:
    try:
        first, last = int(start), int(end)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return "start and end must be whole numbers"
    if last <= first:
        return "span is empty"
    return "span lies outside the text" if first < 0 or last > length else ""


def _is_shifted(quote: object, words: str) -> bool:
    """Whether the quote kept beside the span says otherwise; a quote cut short with dots counts as its beginning."""
    if quote is None or pd.isna(quote) or not str(quote).strip():  # type: ignore[call-overload]
        return False
    kept, there = normalise_space(str(quote)), normalise_space(words)
    cut = kept.rstrip(".… ")
    return kept != there and not (cut != kept and there.startswith(cut))
