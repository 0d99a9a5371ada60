"""The team's coding folder read and written: one coder's files are written by nobody else, and never half."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import DataContractError, ParameterError, Violation
from ..sources.coding_folder import CODEBOOK, CODER, COLOURED, COLUMNS, file_name, pack_cell, parse_file, source_of
from ..workspace import write_bytes

__all__ = [
    "Code",
    "Coder",
    "Coding",
    "CodingFolder",
    "Offer",
    "Resolution",
    "load_codings",
    "save_coder",
    "write_codebook",
]

Key = tuple[str, str]


@dataclass(frozen=True, order=True)
class Coding:
    """A passage with a code; places are code points of the text, end excluded."""

    start: int
    end: int
    code: str
    quote: str
    memo: str = ""

    @property
    def key(self) -> str:
        """What names it on the screen."""
        return f"{self.start}-{self.end}-{self.code}"


@dataclass(frozen=True, order=True)
class Code:
    """A code of the codebook."""

    code: str
    name: str
    parent: str = ""
    description: str = ""
    colour: str = ""


@dataclass(frozen=True, order=True)
class Resolution:
    """What was decided about a disagreement; who decided is the coder in whose folder it lies."""

    source: str
    start: int
    end: int
    code: str
    other: str
    keep: str
    when: str
    why: str = ""


@dataclass(frozen=True, order=True)
class Offer:
    """A suggestion that was shown: score and share right in cross-validation (``right`` of ``of``), and what the coder did."""

    source: str
    start: int
    end: int
    code: str
    score: str
    right: int
    of: int
    offered: str
    answer: str = ""
    answered: str = ""

    @property
    def key(self) -> str:
        return f"{self.start}-{self.end}-{self.code}"


@dataclass(frozen=True)
class Coder:
    """Everything one coder wrote.

    Attributes
    ----------
    name : str
        Id of the coder and name of their folder.
    codings : Mapping of str to tuple of Coding
        By text, sorted.
    codes : tuple of Code
        Those they added to the codebook.
    memos : Mapping of (str, str) to str
        By (text, "") or ("", code).
    resolutions : tuple of Resolution
    offers : tuple of Offer
    """

    name: str
    codings: Mapping[str, tuple[Coding, ...]] = field(default_factory=lambda: MappingProxyType({}))
    codes: tuple[Code, ...] = ()
    memos: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))
    resolutions: tuple[Resolution, ...] = ()
    offers: tuple[Offer, ...] = ()

    def of(self, source: str) -> tuple[Coding, ...]:
        """Codings of one text."""
        return self.codings.get(source, ())

    def with_codings(self, source: str, codings: Iterable[Coding]) -> Coder:
        """The same coder with other codings of one text."""
        kept = {**self.codings, source: tuple(sorted(codings))}
        return replace(self, codings=MappingProxyType({name: rows for name, rows in sorted(kept.items()) if rows}))

    def with_memo(self, key: Key, memo: str) -> Coder:
        """The same coder with another memo on a text or a code; an empty one is taken away."""
        kept = {**self.memos, key: memo}
        return replace(self, memos=MappingProxyType({name: words for name, words in sorted(kept.items()) if words}))


@dataclass(frozen=True)
class CodingFolder:
    """A coding folder as it was read.

    Attributes
    ----------
    path : Path
    codebook : tuple of Code
        In the order of the file: what everybody starts with.
    coders : Mapping of str to Coder
    digests : Mapping of str to str
        SHA-256 of every file by its path in the folder: a file that somebody changed since is not written over.
    """

    path: Path
    codebook: tuple[Code, ...] = ()
    coders: Mapping[str, Coder] = field(default_factory=lambda: MappingProxyType({}))
    digests: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def coder(self, name: str) -> Coder:
        """What a coder wrote; nothing yet for one who is new."""
        return self.coders.get(name, Coder(name))

    def codes(self, *also: Coder) -> dict[str, Code]:
        """Codes by id: the codebook's, then those that coders added, the first definition of each."""
        known = {code.code: code for code in self.codebook}
        for coder in {**self.coders, **{coder.name: coder for coder in also}}.values():
            for code in coder.codes:
                known.setdefault(code.code, code)
        return known


def load_codings(path: str | Path) -> CodingFolder:
    """Read a coding folder; one that is not there yet is empty.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    CodingFolder

    Raises
    ------
    DataContractError
        With every violation of every file and its line.

    Examples
    --------
    >>> load_codings("no/such/folder").coders
    mappingproxy({})
    """
    root = Path(path)
    violations: list[Violation] = []
    digests: dict[str, str] = {}
    read: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for file in [root / CODEBOOK, *sorted(root.glob("*/*.csv"))]:
        if not file.is_file():
            continue
        name = file.relative_to(root).as_posix()
        raw = file.read_bytes()
        digests[name] = hashlib.sha256(raw).hexdigest()
        rows = _rows(raw, name, violations)
        read.setdefault(file.parent.name if file.parent != root else "", {})[file.name] = rows
    violations += [
        Violation("the folder is no id of a coder", folder, fix="Name it by a short id such as coder_1")
        for folder in read
        if folder and not CODER.fullmatch(folder)
    ]
    if violations:
        raise DataContractError(violations)
    codebook = tuple(_make(Code, row) for row in read.pop("", {}).get(CODEBOOK, []))
    coders = {name: _coder(name, files) for name, files in sorted(read.items())}
    return CodingFolder(root, codebook, MappingProxyType(coders), MappingProxyType(digests))


def _rows(raw: bytes, name: str, violations: list[Violation]) -> list[dict[str, Any]]:
    def bad(message: str, **place: Any) -> None:
        violations.append(Violation(message, name, **place))

    kind = Path(name).name if Path(name).name in COLUMNS else "codings"
    try:
        return parse_file(raw.decode("utf-8-sig"), kind, bad)
    except UnicodeDecodeError as error:
        bad(f"not UTF-8 text: {error.reason}", row=raw[: error.start].count(b"\n") + 1, fix="Save it as UTF-8")
        return []


def _make(kind: type, row: Mapping[str, Any]) -> Any:
    return kind(**{item.name: row[item.name] for item in fields(kind) if item.name in row})


def _coder(name: str, files: Mapping[str, list[dict[str, Any]]]) -> Coder:
    codings = {
        source_of(file): tuple(sorted(_make(Coding, row) for row in rows))
        for file, rows in files.items()
        if not file.startswith("_")
    }
    memos = {(row["source"], row["code"]): row["memo"] for row in files.get("_memos.csv", [])}
    return Coder(
        name,
        MappingProxyType({source: rows for source, rows in sorted(codings.items()) if rows}),
        tuple(_make(Code, row) for row in files.get("_codes.csv", [])),
        MappingProxyType(dict(sorted(memos.items()))),
        tuple(sorted(_make(Resolution, row) for row in files.get("_resolutions.csv", []))),
        tuple(sorted(_make(Offer, row) for row in files.get("_suggestions.csv", []))),
    )


def save_coder(folder: CodingFolder, coder: Coder) -> CodingFolder:
    """Write what a coder changed, and no other file; a file without records is taken away.

    Parameters
    ----------
    folder : CodingFolder
        As read or saved before.
    coder : Coder

    Returns
    -------
    CodingFolder
        As written, to be given to the next save.

    Raises
    ------
    ParameterError
        If the coder's name is no id, a file was changed by somebody else since, or cannot be written. Nothing is written then.
    """
    if not CODER.fullmatch(coder.name):
        raise ParameterError(
            f"a coder is named by a short id of small letters, digits, - and _, such as coder_1 (reports show it); got {coder.name!r}"
        )
    if coder == folder.coder(coder.name):
        return folder
    wanted = {f"{coder.name}/{name}": content for name, content in _contents(coder).items()}
    held = {name for name in folder.digests if name.startswith(f"{coder.name}/")}
    stale = [name for name in sorted({*wanted, *held}) if _digest(folder.path / name) != folder.digests.get(name, "")]
    if stale:
        raise ParameterError(
            f"{', '.join(stale)} was changed since it was read here, by hand or in another window: run the cell again before going on, "
            "so that nothing is lost"
        )
    digests = dict(folder.digests)
    try:
        for name in sorted({*wanted, *held}):
            if name not in wanted:
                (folder.path / name).unlink()
                del digests[name]
            elif (now := hashlib.sha256(wanted[name]).hexdigest()) != digests.get(name):
                write_bytes(folder.path / name, wanted[name])
                digests[name] = now
    except OSError as error:
        raise ParameterError(f"{folder.path} cannot be written: {error.strerror or error}") from error
    coders = dict(sorted({**folder.coders, coder.name: coder}.items()))
    return replace(folder, coders=MappingProxyType(coders), digests=MappingProxyType(digests))


def write_codebook(path: Path, codes: Iterable[Code]) -> None:
    """Write the codebook everybody starts with; only for a folder that has none."""
    if (path / CODEBOOK).exists():
        raise ParameterError(f"{path / CODEBOOK} is there already: edit it by hand, or add codes while coding")
    rows = [vars(code) for code in codes]
    columns = COLOURED if any(row["colour"] for row in rows) else COLUMNS[CODEBOOK]
    write_bytes(path / CODEBOOK, _table(columns, rows))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _contents(coder: Coder) -> dict[str, bytes]:
    tables: dict[str, list[Mapping[str, Any]]] = {
        "_codes.csv": [vars(code) for code in sorted(coder.codes)],
        "_memos.csv": [
            {"source": source, "code": code, "memo": memo} for (source, code), memo in sorted(coder.memos.items())
        ],
        "_resolutions.csv": [vars(row) for row in sorted(coder.resolutions)],
        "_suggestions.csv": [vars(row) for row in sorted(coder.offers)],
    }
    found = {name: _table(COLUMNS[name], rows) for name, rows in tables.items() if rows}
    return found | {
        file_name(source): _table(COLUMNS["codings"], [vars(coding) for coding in sorted(rows)])
        for source, rows in coder.codings.items()
        if rows
    }


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([pack_cell(str(row[name])) for name in columns])
    return stream.getvalue().encode("utf-8")
