"""Coded interviews as files other programs open: REFI-QDA projects (.qdpx) and codebooks (.qdc).

What the format cannot hold is either moved in the open (line ends, byte-order marks: places of codings move with them, and the
answer says so) or refused with everything that is wrong at once. Nothing is written before all of it is right.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..display import Reading
from ..errors import DataContractError, ParameterError, Violation, nearest_word
from ..words import count_words, join_words
from ..workspace import write_bytes
from .coded import CodedInterviews
from .refi_check import check_codes, check_material
from .refi_xml import CODING_KEYS, MEMO_KEYS, Material, codebook_bytes, project_bytes

__all__ = ["RefiFile", "describe_refi_file", "write_qdc", "write_qdpx"]


@dataclass(frozen=True)
class RefiFile:
    """What was written.

    Attributes
    ----------
    path : Path
    sha256 : str
        Digest of the file; the same input gives the same.
    texts, codes, codings, memos : int
    coders : tuple of str
    notes : tuple of str
        What is not in the file as it was given, a sentence each.
    """

    path: Path
    sha256: str
    texts: int = 0
    codes: int = 0
    codings: int = 0
    memos: int = 0
    coders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def write_qdpx(
    coded: CodedInterviews,
    path: str | Path,
    *,
    study: str,
    memos: pd.DataFrame | None = None,
    colours: Mapping[str, str] | None = None,
    attributes: Sequence[str] = ("segment",),
) -> RefiFile:
    """Write transcripts, codebook and codings as a REFI-QDA project.

    Coders stay apart, also where they marked the same words. A code is written as one that can be given if it was given or holds no
    other codes. The transcripts are written as they are: names in them are not taken out.

    Parameters
    ----------
    coded : CodedInterviews
    path : str or Path
        Ends in .qdpx. Written beside and renamed into place.
    study : str
        Name of the project; part of every GUID, so that the same code of the same study is the same in every file.
    memos : pandas.DataFrame, optional
        Column text, and what the memo is about: source_id with start and end (code points of the transcript, end excluded) for a
        passage, with code_id and coder for one coding; source_id alone for a transcript; code_id alone for a code; nothing for
        the project. Missing cells and columns are empty.
    colours : mapping of str to str, optional
        code_id to #RRGGBB; default: those that the codebook has.
    attributes : sequence of str
        Columns of ``coded.people`` that go with the cases, as text.

    Returns
    -------
    RefiFile

    Raises
    ------
    ParameterError
        If the path does not end in .qdpx, the study has no name, there are no interviews, or an attribute is not a column.
    DataContractError
        With everything the format cannot hold: characters that XML forbids, codes without a name or under a parent that is not
        there or is below them, two codes of one name in one place, passages outside their text.

    Notes
    -----
    REFI-QDA 1.5. Positions are code points of the text as written (UTF-8, LF), from 0, the end excluded. Times are not recorded
    in the codings; where programs want one, 1980-01-01 stands.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> write_qdpx(nobody, "out.qdpx", study="s")
    Traceback (most recent call last):
    segmentation.errors.ParameterError: there are no interviews to write
    """
    target = _target(path, ".qdpx", study)
    if coded.empty:
        raise ParameterError("there are no interviews to write")
    lacking = [name for name in attributes if name not in coded.people.columns]
    if lacking:
        hint = nearest_word(lacking[0], coded.people.columns)
        raise ParameterError(f"interviewees have no {join_words(lacking)}. {hint}".strip())
    texts, moved = _plain_texts(coded.transcripts)
    codings, notes = _codings(coded, moved)
    codes = _codes(coded.codes, colours, codable=set(coded.leaves))
    written = _memos(memos, moved)
    people = {
        str(person): (str(row["source_id"]), _attributes(row, attributes)) for person, row in coded.people.iterrows()
    }
    material = Material(study, texts, codes, codings, people, written)
    _refuse(check_material(material, colours))
    material = Material(study, texts, _in_order(codes), codings, people, written)
    content = project_bytes(material)
    write_bytes(target, content)
    return _account(target, content, material, [*_said(coded, moved), *notes, *_same_names(codes)])


def write_qdc(
    codes: pd.DataFrame, path: str | Path, *, study: str, colours: Mapping[str, str] | None = None
) -> RefiFile:
    """Write a codebook as REFI-QDA, for a program in which somebody else codes with it.

    Parameters
    ----------
    codes : pandas.DataFrame
        Index code_id; name, and where there are any parent (a code_id) and description. A code that holds others is written as one
        that cannot be given.
    path : str or Path
        Ends in .qdc.
    study : str
        Part of every GUID: a code has the same one here and in a project of that study.
    colours : mapping of str to str, optional
        code_id to #RRGGBB; default: those that the codebook has.

    Returns
    -------
    RefiFile

    Raises
    ------
    ParameterError
        If the path does not end in .qdc or the study has no name.
    DataContractError
        As ``write_qdpx``; also if there is no code, which the format does not allow.

    Examples
    --------
    >>> import tempfile
    >>> codes = pd.DataFrame({"name": ["Late <b>"], "parent": [None], "description": [""]}, index=["late"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_qdc(codes, f"{folder}/book.qdc", study="s").codes
    1
    """
    target = _target(path, ".qdc", study)
    parents = {str(parent) for parent in codes.get("parent", pd.Series(dtype=str)).dropna()}
    table = _codes(codes, colours, codable={str(code) for code in codes.index} - parents)
    material = Material(study, {}, table, pd.DataFrame(columns=list(CODING_KEYS)))
    none = [] if len(table) else [Violation("a codebook needs at least one code", fix="Add one")]
    _refuse([*none, *check_codes(material, colours)])
    material = Material(study, {}, _in_order(table), material.codings)
    content = codebook_bytes(material)
    write_bytes(target, content)
    return _account(target, content, material, _same_names(table))


def describe_refi_file(written: RefiFile) -> Reading:
    """What the file holds, and what is not in it as it was given.

    Examples
    --------
    >>> str(describe_refi_file(RefiFile(Path("a.qdc"), "ab" * 32, codes=1)))
    'a.qdc holds 1 code.'
    """
    parts = [
        (written.texts, "transcript"),
        (written.codes, "code"),
        (written.codings, "coding"),
        (written.memos, "memo"),
    ]
    held = join_words(count_words(n, word) for n, word in parts if n) if any(n for n, _ in parts) else "nothing"
    by = f" by {join_words(written.coders)}" if written.coders else ""
    return Reading([f"{written.path.name} holds {held}{by}.", *written.notes])


def _target(path: str | Path, ending: str, study: str) -> Path:
    if Path(path).suffix.lower() != ending:
        raise ParameterError(f"the file must end in {ending}; got {str(path)!r}")
    if not study.strip():
        raise ParameterError("study must be the name of the project; got an empty one")
    return Path(path)


def _refuse(violations: Sequence[Violation]) -> None:
    if violations:
        raise DataContractError(violations)


def _account(path: Path, content: bytes, material: Material, notes: Sequence[str]) -> RefiFile:
    digest = hashlib.sha256(content).hexdigest()
    sizes = (len(material.texts), len(material.codes), len(material.codings), len(material.memos))
    return RefiFile(path, digest, *sizes, tuple(material.coders), tuple(notes))


@dataclass(frozen=True)
class _Move:
    """Where every place of a text went when line ends became one character: as a beginning and as an end of a passage."""

    starts: np.ndarray
    ends: np.ndarray

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A passage that ends inside CRLF keeps the line end; one outside the text stays outside."""
        inside = 0 <= start <= end < len(self.starts)
        return (int(self.starts[start]), int(self.ends[end])) if inside else (start, end)


def _plain_texts(transcripts: pd.Series) -> tuple[dict[str, str], dict[str, _Move]]:
    """Texts with plain line ends and no byte-order mark; for those that changed, where their places went."""
    texts: dict[str, str] = {}
    moved: dict[str, _Move] = {}
    for source_id, given in transcripts.items():
        text = str(given)
        plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        texts[str(source_id)] = plain
        if plain != text:
            kept = np.ones(len(text) + 1, dtype=int)
            kept[: len(text) - len(text.lstrip("\ufeff"))] = 0
            pairs = np.array([match.start() for match in re.finditer("\r\n", text)], dtype=int)
            kept[pairs] = 0
            starts = np.cumsum(kept) - kept
            ends = starts.copy()
            ends[pairs + 1] += 1
            moved[str(source_id)] = _Move(starts, ends)
    return texts, moved


def _words(column: pd.Series) -> pd.Series:
    """Cells as text, missing ones empty; kept as Python's own strings, which can hold what is refused later."""
    return pd.Series(["" if pd.isna(cell) else str(cell) for cell in column], index=column.index, dtype=object)


def _codings(coded: CodedInterviews, moved: Mapping[str, _Move]) -> tuple[pd.DataFrame, list[str]]:
    table = coded.codings[list(CODING_KEYS)].copy()
    table = table.assign(**{key: _words(table[key]) for key in ("source_id", "code_id", "coder")})
    spans = [
        moved[source].span(int(start), int(end)) if source in moved else (int(start), int(end))
        for source, start, end in zip(table["source_id"], table["start"], table["end"], strict=True)
    ]
    table = table.assign(start=[start for start, _ in spans], end=[end for _, end in spans])
    twice = int(table.duplicated().sum())
    stood = f"{count_words(twice, 'coding')} stood twice and {'is' if twice == 1 else 'are'} written once."
    return table.drop_duplicates(ignore_index=True), [stood] if twice else []


def _said(coded: CodedInterviews, moved: Mapping[str, _Move]) -> list[str]:
    notes = []
    if moved:
        n = count_words(len(moved), "transcript")
        notes.append(
            f"Line ends of {n} were written as one character each and byte-order marks left out; codings moved with the text."
        )
    if coded.interviewer_codings:
        n = count_words(coded.interviewer_codings, "marking")
        notes.append(
            f"{n} of the interviewer's words only {'is' if coded.interviewer_codings == 1 else 'are'} not written."
        )
    return notes


def _codes(codes: pd.DataFrame, colours: Mapping[str, str] | None, codable: set[str]) -> pd.DataFrame:
    table = codes.reindex(columns=["name", "parent", "description"]).apply(_words)
    table.index = codes.index.astype(str)
    own = _words(codes["colour"]) if "colour" in codes else pd.Series(dtype=object)
    given = {str(code): str(colour) for code, colour in (own if colours is None else colours).items()}
    return table.assign(
        name=pd.Series([name.strip() for name in table["name"]], index=table.index, dtype=object),
        colour=[given.get(code, "") for code in table.index],
        codable=[code in codable for code in table.index],
    )


def _in_order(codes: pd.DataFrame) -> pd.DataFrame:
    """Parents before children, otherwise as given."""
    order: list[str] = []
    left = list(codes.index)
    while left:
        ready = [code for code in left if codes.at[code, "parent"] in ("", *order)]
        order += ready
        left = [code for code in left if code not in ready]
    return codes.loc[order]


def _memos(memos: pd.DataFrame | None, moved: Mapping[str, _Move]) -> pd.DataFrame:
    if memos is None or memos.empty:
        return pd.DataFrame(columns=list(MEMO_KEYS))
    if "text" not in memos.columns:
        raise ParameterError(f"memos need a column 'text'; got {join_words(memos.columns)}")
    table = memos.reindex(columns=list(MEMO_KEYS)).reset_index(drop=True)
    places = table[["start", "end"]].astype(float).fillna(-1).astype(int)
    words = table.drop(columns=["start", "end"]).apply(_words)
    spans = [
        moved[source].span(start, end) if source in moved else (start, end)
        for source, start, end in zip(words["source_id"], places["start"], places["end"], strict=True)
    ]
    return words.assign(start=[start for start, _ in spans], end=[end for _, end in spans])[list(MEMO_KEYS)]


def _attributes(row: pd.Series, names: Sequence[str]) -> dict[str, str]:
    return {name: str(row[name]) for name in names if pd.notna(row[name]) and str(row[name]).strip()}


def _same_names(codes: pd.DataFrame) -> list[str]:
    names = codes["name"].str.casefold()
    twice = sorted(set(codes.loc[names.duplicated(), "name"]))
    if not twice:
        return []
    listed = join_words(f"“{name}”" for name in twice)
    return [
        f"Several codes are called {listed}. Programs that allow a name only once (QualCoder) keep one of them: rename them."
    ]
