"""Coded interviews: people, what they said, what coders marked in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..errors import DataContractError, ParameterError, nearest_word
from ..words import count_words, join_words
from .contract import check_interviews, read_consent
from .settled import settle_marks, settle_passages

__all__ = [
    "CodedInterviews",
    "Presence",
    "build_coded_interviews",
    "code_presence",
    "presence_words",
]

Presence = Literal["consensus", "any", "first"]
SPILL = 8  # code points of a further turn that a span must cover to count there: a slip of the mouse does not


@dataclass(frozen=True)
class CodedInterviews:
    """What was said, by whom, and which codes two or more coders gave it.

    Attributes
    ----------
    unit : str
        Name of the unit id column of ``people``.
    people : pandas.DataFrame
        Index participant; source_id, <unit>, segment (<NA> if unknown), consent (bool), and the attributes of the table of
        interviewees. In the order of the interviews where dates are known. Who has no transcript (source_id blank) is not here.
    turns : pandas.DataFrame
        source_id, turn, participant (<NA> for the interviewer), speaker, role, text, start, end.
    codes : pandas.DataFrame
        Index code_id; name, parent, description, and colour (#RRGGBB or empty) where the study has colours.
    codings : pandas.DataFrame
        source_id, participant, segment, turn, start, end, code_id, coder, quote (the transcript's own words). Passages
        of the
        interviewer are not in here. ``turn`` is the turn that holds most of the passage.
    marks : pandas.DataFrame
        participant, source_id, turn, code_id, coder: one row for each turn a coder gave a code to, however often.
    transcripts : pandas.Series
        Plain text by source_id.
    coders : tuple of str
    segments : tuple of str
        All segments of the membership, also those with no interviewee.
    interviewer_codings : int
        Codings that lay wholly in the interviewer's words and count nowhere.
    source : str
        Files and digests for captions.
    settled : pandas.DataFrame or None
        Marks as they count once differences between coders are resolved; None where nothing was. ``marks`` stay what each coder
        did alone, and agreement is measured on them.
    settled_passages : pandas.DataFrame or None
        Likewise the passages as they count: source_id, start, end, code_id, coder.
    resolved : int
        Resolutions that found something to decide about.
    """

    unit: str
    people: pd.DataFrame
    turns: pd.DataFrame
    codes: pd.DataFrame
    codings: pd.DataFrame
    marks: pd.DataFrame
    transcripts: pd.Series
    coders: tuple[str, ...]
    segments: tuple[str, ...]
    interviewer_codings: int = 0
    source: str = ""
    settled: pd.DataFrame | None = None
    settled_passages: pd.DataFrame | None = None
    resolved: int = 0

    @property
    def empty(self) -> bool:
        """Whether the study has no interviews."""
        return self.people.empty

    @property
    def counted(self) -> pd.DataFrame:
        """Marks that count for themes: with differences between coders resolved, where they were."""
        return self.marks if self.settled is None else self.settled

    @property
    def passages(self) -> pd.DataFrame:
        """Passages that count where codes meet: with differences between coders resolved, where they were."""
        return self.codings if self.settled_passages is None else self.settled_passages

    @property
    def leaves(self) -> list[str]:
        """Codes to report: all but categories that only hold other codes and were never used themselves."""
        used, parents = set(self.codings["code_id"].unique()), set(self.codes["parent"].dropna())
        return [code for code in self.codes.index if code in used or code not in parents]


def build_coded_interviews(data: Dataset, membership: pd.DataFrame | pd.Series | None = None) -> CodedInterviews:
    """Join transcripts, codings, interviewees and segments; interviewer speech counts nowhere.

    Parameters
    ----------
    data : Dataset
        Canonical tables transcripts, turns, interviewees, codes, codings; absent ones are taken as empty. Without a
        table
        of interviewees each transcript is a participant of its own name with no segment and no consent to be quoted.
    membership : pandas.DataFrame or pandas.Series, optional
        Index unit; column (or values) segment.

    Returns
    -------
    CodedInterviews
        Empty if there are no transcripts.

    Raises
    ------
    DataContractError
        With every violation: code without codebook entry, span outside the text, words that moved since they were
        coded,
        participant with no transcript, transcript of nobody, two people with one id, unknown roles or consent.

    Examples
    --------
    >>> from segmentation.period import Period
    >>> build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ())).empty
    True
    """
    segment = _segments(membership)
    if "transcripts" not in data or "turns" not in data or data["transcripts"].empty:
        return _nothing(data.unit, segment)
    violations = check_interviews(data)
    if violations:
        raise DataContractError(violations)
    people = _people(data, segment)
    turns = _turns(data["turns"], people)
    texts = data["transcripts"]["text"]
    texts = texts.set_axis(texts.index.astype(str))
    codings, marks, ignored = _codings(data, turns, texts)
    codings.insert(2, "segment", people["segment"].reindex(codings["participant"]).to_numpy())
    codes = _codes(data)
    settled, resolved = settle_marks(data, turns, marks)
    return CodedInterviews(
        unit=data.unit,
        people=people,
        turns=turns,
        codes=codes,
        codings=codings,
        marks=marks,
        transcripts=texts,
        coders=tuple(sorted(set(codings["coder"]))),
        segments=tuple(sorted(segment.dropna().unique())),
        interviewer_codings=ignored,
        source=_source_words(data),
        settled=settled if resolved else None,
        settled_passages=settle_passages(data, codings) if resolved else None,
        resolved=resolved,
    )


def code_presence(coded: CodedInterviews, rule: Presence = "consensus") -> pd.DataFrame:
    """Who has which code: the interviewee is the unit, however often a code stands in the interview.

    Parameters
    ----------
    coded : CodedInterviews
    rule : {"consensus", "any", "first"}
        A code counts for a person if every coder of that interview gave it there at least once; if any did; or if the
        coder who coded most interviews (ties: first by name) did.

    Returns
    -------
    pandas.DataFrame
        Index participant in interview order, a bool column for each code.

    Raises
    ------
    ParameterError
        If the rule is unknown.

    Examples
    --------
    >>> from segmentation.period import Period
    >>> code_presence(build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))).shape
    (0, 0)
    """
    if rule not in get_args(Presence):
        hint = nearest_word(rule, get_args(Presence))
        raise ParameterError(f"presence must be one of {', '.join(get_args(Presence))}; got {rule!r}. {hint}".strip())
    marks = coded.counted
    if rule == "first" and len(marks):
        marks = marks[marks["coder"] == first_coder(coded)]
    given = marks.groupby(["participant", "code_id"], observed=True)["coder"].nunique()
    needed = coded.marks.groupby("source_id")["coder"].nunique() if rule == "consensus" else pd.Series(dtype=float)
    asked = coded.people["source_id"].map(needed).fillna(1) if len(needed) else pd.Series(1, coded.people.index)
    counts = given.unstack(fill_value=0).reindex(index=coded.people.index, columns=coded.leaves, fill_value=0)
    held = counts.to_numpy(int) >= np.maximum(asked.to_numpy(int), 1)[:, None]
    return pd.DataFrame(held, coded.people.index, coded.leaves).rename_axis(index="participant", columns="code")


def first_coder(coded: CodedInterviews) -> str:
    """The coder of most interviews, ties by name; empty without codings."""
    if coded.marks.empty:
        return ""
    interviews = coded.marks.groupby("coder")["source_id"].nunique()
    return str(interviews.sort_index().idxmax())


def presence_words(coded: CodedInterviews, rule: Presence) -> str:
    """The rule of presence as a sentence for captions.

    Parameters
    ----------
    coded : CodedInterviews
    rule : {"consensus", "any", "first"}

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        Never for the rules above.

    Examples
    --------
    >>> from segmentation.period import Period
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> presence_words(nobody, "any")
    'A code counts for a person if at least one coder gave it in that interview.'
    """
    decided = ""
    if coded.resolved:
        places = count_words(coded.resolved, "place")
        decided = f" At {places} where two coders differed, what was decided afterwards counts."
    if rule == "first":
        return f"A code counts for a person if coder {first_coder(coded)} gave it in that interview.{decided}"
    who = "every coder of that interview" if rule == "consensus" else "at least one coder"
    verb = "gave it there at least once" if rule == "consensus" else "gave it in that interview"
    return f"A code counts for a person if {who} {verb}.{decided}"


def _source_words(data: Dataset) -> str:
    """Files and digests for captions; many files of a source as their number and folder."""
    words = []
    for account in data.accounts:
        if account.source in ("transcripts", "codings", "interviewees"):
            folders = sorted({str(PurePosixPath(file).parent) for file in account.files})
            many = f"{len(account.files)} files in {join_words(folders)}"
            words.append(
                f"{', '.join(account.files) if len(account.files) < 4 else many} (sha256 {account.sha256[:8]})"
            )
    return f"Source: {'; '.join(words)}." if words else ""


def _segments(membership: pd.DataFrame | pd.Series | None) -> pd.Series:
    if membership is None:
        return pd.Series(dtype="string")
    column = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    return column.set_axis(column.index.astype(str)).astype("string")


def _nothing(unit: str, segment: pd.Series) -> CodedInterviews:
    people = pd.DataFrame({"source_id": [], unit: [], "segment": [], "consent": []}).rename_axis("participant")
    turns = pd.DataFrame(columns=["source_id", "turn", "participant", "speaker", "role", "text", "start", "end"])
    codings = pd.DataFrame(
        columns=["source_id", "participant", "segment", "turn", "start", "end", "code_id", "coder", "quote"]
    )
    marks = pd.DataFrame(columns=["participant", "source_id", "turn", "code_id", "coder"])
    codes = pd.DataFrame(columns=["name", "parent", "description"]).rename_axis("code_id")
    segments = tuple(sorted(segment.dropna().unique()))
    return CodedInterviews(unit, people, turns, codes, codings, marks, pd.Series(dtype=str), (), segments)


def _codes(data: Dataset) -> pd.DataFrame:
    if "codes" not in data:
        return pd.DataFrame(columns=["name", "parent", "description"]).rename_axis("code_id")
    told = ["name", "parent", "description"]
    codes = data["codes"].reindex(columns=[*told, *(("colour",) if "colour" in data["codes"] else ())])
    codes = codes.set_axis(codes.index.astype(str)).rename_axis("code_id")
    names = codes["name"].fillna(pd.Series(codes.index, index=codes.index)).astype(str)
    return codes.assign(name=[name if " " in name else name.replace("_", " ") for name in names])


def _people(data: Dataset, segment: pd.Series) -> pd.DataFrame:
    if "interviewees" in data:
        table = data["interviewees"].copy()
        table.index = table.index.astype(str)
    else:
        table = pd.DataFrame(index=data["transcripts"].index.astype(str))
    if "source_id" not in table:
        table["source_id"] = table.index
    table = table[table["source_id"].notna()]  # who has no transcript said nothing that could count: see links.py
    units = table[data.unit] if data.unit in table else pd.Series(pd.NA, index=table.index, dtype="string")
    units = units.astype("string")
    found = pd.Series(segment.reindex(units).to_numpy(), index=table.index, dtype="string")
    consent = table["consent"].map(read_consent).astype(bool) if "consent" in table else False
    others = [c for c in table.columns if c not in ("source_id", data.unit, "segment", "consent")]
    people = pd.DataFrame(
        {"source_id": table["source_id"].astype(str), data.unit: units, "segment": found, "consent": consent}
    )
    people = people.join(table[others]).rename_axis("participant").sort_index()
    if "interviewed_at" in people:
        people = people.sort_values("interviewed_at", kind="stable", na_position="last")
    return people


def _turns(turns: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    table = turns.copy()
    table["source_id"] = table["source_id"].astype(str)
    owner = people.reset_index().drop_duplicates("source_id", keep=False).set_index("source_id")["participant"]
    said = table["source_id"].map(owner).astype("string")
    shared = said.isna() & table["speaker"].astype(str).isin(people.index)
    said[shared] = table.loc[shared, "speaker"].astype("string")
    said[table["role"] != "participant"] = pd.NA
    table["participant"] = said
    columns = ["source_id", "turn", "participant", "speaker", "role", "text", "start", "end"]
    return table[columns].sort_values(["source_id", "turn"], kind="stable").reset_index(drop=True)


def _codings(data: Dataset, turns: pd.DataFrame, texts: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Codings with the turn that holds most of them, turns each coder marked, and how many were the interviewer's."""
    columns = ["source_id", "participant", "turn", "start", "end", "code_id", "coder", "quote"]
    given = data["codings"] if "codings" in data else pd.DataFrame(columns=columns)
    by_source = {
        str(source): tuple(
            part[key].to_numpy(kind)
            for key, kind in (("start", int), ("end", int), ("turn", int), ("participant", object))
        )
        for source, part in turns[turns["role"] == "participant"].groupby("source_id")
    }
    words = dict(texts)
    rows, marks, ignored = [], [], 0
    keys = ("source_id", "start", "end", "code_id", "coder")
    for coded_source, start, end, coded_code, coded_by in zip(*(given[key].tolist() for key in keys), strict=True):
        source, start, end, code, coder = str(coded_source), int(start), int(end), str(coded_code), str(coded_by)
        starts, ends, numbers, people = by_source[source]
        shared = np.minimum(ends, end) - np.maximum(starts, start)
        if shared.max(initial=0) <= 0:
            ignored += 1
            continue
        best = int(shared.argmax())
        rows.append((source, people[best], numbers[best], start, end, code, coder, words[source][start:end]))
        counts = shared >= SPILL
        counts[best] = True
        marks += [(people[place], source, numbers[place], code, coder) for place in np.flatnonzero(counts)]
    codings = pd.DataFrame(rows, columns=columns).sort_values(["source_id", "start", "end", "code_id", "coder"])
    marked = pd.DataFrame(marks, columns=["participant", "source_id", "turn", "code_id", "coder"]).drop_duplicates()
    return codings.reset_index(drop=True), marked.reset_index(drop=True), ignored
