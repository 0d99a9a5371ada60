"""The folder in which the coding widget keeps a team's codings: plain CSV files, one folder a coder (docs/coding.md).

    codings/codebook.csv            what everybody starts with
    codings/<coder>/<text>.csv      that coder's codings of one text
    codings/<coder>/_codes.csv      codes they added
    codings/<coder>/_memos.csv      their memos on texts and codes
    codings/<coder>/_resolutions.csv, _suggestions.csv

Every record is one line, also where its words hold line ends, so that a line number is a place and a merge keeps whole codings.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import nearest_word
from .coding import CODINGS, code_colour, name_coders
from .job import Job, Unreadable
from .safety import read_bytes
from .text import decode_text

__all__ = [
    "CODEBOOK",
    "CODER",
    "COLOURED",
    "COLUMNS",
    "KEEP",
    "file_name",
    "link_placed",
    "pack_cell",
    "parse_file",
    "read_coding_folder",
    "source_of",
    "unpack_cell",
]

Bad = Callable[..., None]
CODEBOOK = "codebook.csv"
CODER = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
CODE = re.compile(r"\w[\w-]{0,80}")
KEEP = ("mine", "theirs", "both", "drop")
ANSWERS = ("", "accepted", "refused")
COLUMNS: dict[str, tuple[str, ...]] = {
    "codings": ("start", "end", "code", "quote", "memo"),
    CODEBOOK: ("code", "name", "parent", "description"),
    "_codes.csv": ("code", "name", "parent", "description"),
    "_memos.csv": ("source", "code", "memo"),
    "_resolutions.csv": ("source", "start", "end", "code", "other", "keep", "when", "why"),
    "_suggestions.csv": ("source", "start", "end", "code", "score", "right", "of", "offered", "answer", "answered"),
}
COLOURED = (*COLUMNS[CODEBOOK], "colour")  # the codebook may say colours too: #RRGGBB, or empty
SIZE_LIMIT = 20_000_000  # bytes of one file; a long interview coded line by line has a hundredth
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_FORMULA = "=+-@＝＋－＠"


def pack_cell(text: str) -> str:
    r"""Words as a cell keeps them: on one line, with every blank, and nothing a spreadsheet would run.

    Examples
    --------
    >>> pack_cell("two\nlines"), pack_cell("=SUM(A1)"), pack_cell(" said ")
    ('two\\nlines', '\\=SUM(A1)', '\\ said\\ ')
    """
    packed = "".join(_ESCAPES.get(sign, sign) for sign in text)
    if packed[:1] in (" ", *_FORMULA) and packed:
        packed = "\\" + packed
    return packed[:-1] + "\\ " if packed.endswith(" ") and packed != "\\ " else packed


def unpack_cell(cell: str) -> str:
    r"""What ``pack_cell`` was given.

    Examples
    --------
    >>> unpack_cell('two\\nlines'), unpack_cell('\\=SUM(A1)')
    ('two\nlines', '=SUM(A1)')
    """
    return re.sub(r"\\(.)", lambda found: _PLAIN.get(found[1], found[1]), cell)


def file_name(source_id: str) -> str:
    """File of a text's codings: its id, with signs that are not letters, digits, blanks, dots, hyphens and underscores as %XX.

    Examples
    --------
    >>> file_name("P01"), file_name("tickets/7"), file_name("codebook"), source_of(file_name("_x/é"))
    ('P01.csv', 'tickets%2F7.csv', '%63odebook.csv', '_x/é')
    """
    kept = "".join(sign if sign.isalnum() or sign in " .-_" else _percent(sign) for sign in source_id)
    first = kept[:1] in (" ", ".", "_") or f"{kept.casefold()}.csv" == CODEBOOK
    return f"{_percent(kept[0]) + kept[1:] if first else kept}.csv"


def source_of(name: str) -> str:
    """Text whose codings a file holds; the other way round from ``file_name``."""
    from urllib.parse import unquote

    return unquote(name.removesuffix(".csv"))


def _percent(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8"))


def parse_file(text: str, kind: str, bad: Bad) -> list[dict[str, Any]]:
    """Records of one file with their line, all that is wrong with them said to ``bad``.

    Parameters
    ----------
    text : str
    kind : str
        Key of ``COLUMNS``.
    bad : callable
        Takes message, and row, column, value, allowed, fix by name.

    Returns
    -------
    list of dict
        One a good record: its columns, unpacked, whole numbers as int, and ``line``.
    """
    columns, rows = COLUMNS[kind], []
    records = list(_records(text, bad))
    if kind == CODEBOOK and records and tuple(cell.strip() for cell in records[0][1]) == COLOURED:
        columns = COLOURED
    if not records or tuple(cell.strip() for cell in records[0][1]) != columns:
        found = ",".join(records[0][1]) if records else ""
        bad("this is not the header of such a file", row=1, value=found[:80], allowed=",".join(columns))
        return []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in records[1:]:
        if len(cells) != len(columns):
            fix = "Write \\n for a line end inside a cell, and put a cell with commas in quotation marks"
            bad(f"{len(cells)} fields where the header has {len(columns)}", row=line, fix=fix)
            continue
        row: dict[str, Any] = {name: unpack_cell(cell) for name, cell in zip(columns, cells, strict=True)}
        row["line"] = line
        if not _check_row(row, kind, bad):
            continue
        key = _key(row, kind)
        if key in seen:
            bad(f"stands in line {seen[key]} already", row=line, value=" ".join(key), fix="Take one of the two out")
            continue
        seen[key] = line
        rows.append(row)
    return rows


def _records(text: str, bad: Bad) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if cells and re.match(r"(<{7}|={7}|>{7}|\|{7})( |$)", cells[0]):
                fix = "Keep the codings of both sides and take the marks out"
                bad("a merge that was not finished", row=reader.line_num, value=cells[0][:40], fix=fix)
            elif any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        bad(f"cannot be read as CSV: {error}", row=reader.line_num, fix="Look for a lone quotation mark")


def _key(row: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    names = {"codings": ("start", "end", "code"), "_memos.csv": ("source", "code")}
    default = ("code",) if kind in (CODEBOOK, "_codes.csv") else ("source", "start", "end", "code", "other")
    return tuple(str(row[name]) for name in names.get(kind, default) if name in row)


def _check_row(row: dict[str, Any], kind: str, bad: Bad) -> bool:
    """Whether a record is what its file may hold; numbers are turned into int."""
    problems = len(wrong := list(_problems(row, kind)))
    for message, column, allowed in wrong:
        bad(message, row=row["line"], column=column, value=row[column], allowed=allowed)
    return not problems


def _problems(row: dict[str, Any], kind: str) -> Iterator[tuple[str, str, str]]:
    for name in ("start", "end", "right", "of"):
        if name in row:
            if re.fullmatch(r"\d{1,9}", row[name]):
                row[name] = int(row[name])
            else:
                yield "no whole number", name, "0, 1, 2, ..."
    if isinstance(row.get("start"), int) and isinstance(row.get("end"), int) and row["end"] <= row["start"]:
        yield f"the passage ends before it begins (start {row['start']})", "end", "more than start"
    if "code" in row and not CODE.fullmatch(row["code"]) and not (kind == "_memos.csv" and not row["code"]):
        yield "no id of a code", "code", "letters, digits, - and _"
    for name in {"codings": ("quote",), "_memos.csv": ("memo",), CODEBOOK: ("name",), "_codes.csv": ("name",)}.get(
        kind, ()
    ):
        if not row[name].strip():
            yield "this must not be empty", name, "words"
    if row.get("colour") and not code_colour(row["colour"]):
        yield "no colour", "colour", "#RRGGBB or nothing"
    if "keep" in row and row["keep"] not in KEEP:
        yield "no way to resolve a disagreement", "keep", ", ".join(KEEP)
    if "answer" in row and row["answer"] not in ANSWERS:
        yield "no answer to a suggestion", "answer", "accepted, refused or nothing"


def read_coding_folder(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Table ``codes``, and for linking ``_placed`` (codings with file and line) and ``_resolved``.

    Parameters
    ----------
    job : Job
    files : list of Path
        ``codebook.csv`` and the files of the coders' folders, as ``path: [codings/codebook.csv, codings/*/*.csv]`` gives them.

    Returns
    -------
    dict of str to pandas.DataFrame
        Memos and suggestions are checked and stay where they are: the line has no use for them.

    Raises
    ------
    DataContractError
        By ``read_sources``, with every violation and its line: spans that are no numbers or empty, codes without codebook entry,
        quotes that are not at their place, coders' folders that are no ids, unfinished merges.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> read_coding_folder(Job(tiny_study(), "events", None), [])
    {}
    """
    codes: list[dict[str, Any]] = []
    placed: list[dict[str, Any]] = []
    resolved: list[dict[str, Any]] = []
    for path in sorted(files, key=lambda file: (file.name != CODEBOOK, file)):
        label, coder = job.label(path), path.parent.name
        with job.guard(path):
            kind = path.name if path.name in COLUMNS else "codings"
            if path.suffix != ".csv" or (path.name.startswith("_") and kind == "codings"):
                known = ", ".join(name for name in COLUMNS if name.endswith(".csv"))
                raise Unreadable("no file of a coding folder", "Take it out of the folder", value=f"it has {known}")
            if kind != CODEBOOK and not CODER.fullmatch(coder):
                fix = "Name the folder by a short id such as coder_1: reports show it"
                raise Unreadable("the folder is no id of a coder", fix, value=coder)
            text = decode_text(read_bytes(path, SIZE_LIMIT))
            rows = parse_file(text, kind, lambda message, file=label, **place: job.bad(message, file, **place))
            about = {"file": label, "coder": coder}
            if kind in (CODEBOOK, "_codes.csv"):
                codes += [row | about for row in rows]
            elif kind == "codings":
                placed += [row | about | {"source_id": source_of(path.name)} for row in rows]
            elif kind == "_resolutions.csv":
                resolved += [row | about | {"source_id": row["source"]} for row in rows]
    if not files:
        return {}
    job.rows_in += len(placed)
    return {"codes": _codes(codes, job), "_placed": pd.DataFrame(placed), "_resolved": pd.DataFrame(resolved)}


def _codes(rows: list[dict[str, Any]], job: Job) -> pd.DataFrame:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        first = found.setdefault(row["code"], row)
        if first is not row and any(first[name] != row[name] for name in ("name", "description")):
            place = f"{row['file']}, line {row['line']}"
            job.note(f"code {row['code']} is defined again in {place}; the definition in {first['file']} counts")
    for row in found.values():
        if row["parent"] and row["parent"] not in found:
            fix = nearest_word(row["parent"], found) or "Add it to the codebook"
            job.bad("parent without codebook entry", row["file"], row=row["line"], value=row["parent"], fix=fix)
    table = pd.DataFrame(
        [
            (row["name"], row["parent"] or None, row["description"], code_colour(row.get("colour")))
            for row in found.values()
        ],
        columns=["name", "parent", "description", "colour"],
        index=pd.Index(list(found), name="code_id", dtype="str"),
    )
    return table.astype("str") if (table["colour"] != "").any() else table.drop(columns="colour").astype("str")


def link_placed(
    tables: dict[str, pd.DataFrame], read: Mapping[str, pd.DataFrame], shown: dict[tuple[str, str], str], job: Job
) -> None:
    """Check every coding against its transcript and its codebook, and add it to the canonical codings.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Canonical tables, changed in place: ``codings``, and ``resolutions`` (source_id, start, end, code_id, coder, other, keep,
        decided_on, why) if there are any.
    read : mapping of str to pandas.DataFrame
        What ``read_coding_folder`` made.
    shown : dict
        Coders of the sources before, see ``name_coders``.
    job : Job
    """
    texts = tables["transcripts"]["text"] if "transcripts" in tables else pd.Series(dtype="str")
    codes = tables["codes"].index
    placed, resolved = read["_placed"], read["_resolved"]
    if "transcripts" not in tables and len(placed):
        job.bad(
            "there are no transcripts that these are codings of",
            job.name,
            fix="Add the transcripts to the study's sources",
        )
        return
    for row in placed.to_dict("records"):
        _check_place(row, texts, codes, job)
    for row in resolved.to_dict("records"):
        _check_known(row, texts, codes, job)
    names = sorted({*placed.get("coder", ()), *resolved.get("coder", ()), *resolved.get("other", ())})
    coders = name_coders(names, shown, job)
    codings = placed.rename(columns={"code": "code_id"}).reindex(columns=CODINGS)
    codings = codings.assign(coder=codings["coder"].map(coders)).sort_values(
        ["source_id", "start", "end", "code_id", "coder"], ignore_index=True
    )
    codings = codings.astype(dict.fromkeys(["source_id", "code_id", "coder", "quote"], "str"))
    codings = codings.astype({"start": "int64", "end": "int64"})
    done = tables.get("codings")
    tables["codings"] = codings if done is None else pd.concat([done, codings], ignore_index=True)
    uncoded = sorted(set(map(str, texts.index)) - set(codings["source_id"]))
    if uncoded:
        job.note(f"{len(uncoded)} transcripts without codings: {', '.join(uncoded[:10])}")
    if len(resolved):
        tables["resolutions"] = _resolutions(resolved, coders, job)


def _check_known(row: Mapping[str, Any], texts: pd.Series, codes: pd.Index, job: Job) -> bool:
    if row["code"] not in codes:
        fix = nearest_word(row["code"], codes) or f"Add it to {CODEBOOK}, or code the passage otherwise"
        job.bad("code without codebook entry", row["file"], row=row["line"], column="code", value=row["code"], fix=fix)
    if row["source_id"] not in texts.index:
        fix = nearest_word(row["source_id"], texts.index) or "Add the transcript, or take the file out"
        job.bad("codings of a text that is not there", row["file"], value=row["source_id"], fix=fix)
        return False
    return True


def _check_place(row: Mapping[str, Any], texts: pd.Series, codes: pd.Index, job: Job) -> None:
    if not _check_known(row, texts, codes, job):
        return
    text, start, end = texts[row["source_id"]], row["start"], row["end"]
    if end > len(text):
        fix = "The transcript was edited after coding: code the passage again"
        job.bad(
            f"span {start} to {end} lies outside the text", row["file"], row=row["line"],
            allowed=f"0 to {len(text)}", fix=_now_at(text, row["quote"]) or fix,
        )  # fmt: skip
    elif text[start:end] != row["quote"]:
        fix = _now_at(text, row["quote"]) or "The transcript was edited after coding: code the passage again"
        job.bad(
            f"the quote is not what stands at {start} to {end} ({text[start:end][:60]!r})", row["file"],
            row=row["line"], column="quote", value=row["quote"][:60], fix=fix,
        )  # fmt: skip


def _now_at(text: str, quote: str) -> str:
    """Where the words stand now, if at one place only."""
    if text.count(quote) != 1:
        return ""
    place = text.index(quote)
    return f"These words stand at {place} to {place + len(quote)} now"


def _resolutions(resolved: pd.DataFrame, coders: Mapping[str, str], job: Job) -> pd.DataFrame:
    """One row a resolution; the same disagreement resolved in two ways is a violation."""
    table = pd.DataFrame(
        {
            "source_id": resolved["source_id"].astype("str"),
            "start": resolved["start"].astype("int64"),
            "end": resolved["end"].astype("int64"),
            "code_id": resolved["code"].astype("str"),
            "coder": resolved["coder"].map(coders).astype("str"),
            "other": resolved["other"].map(coders).astype("str"),
            "keep": resolved["keep"].astype("str"),
            "decided_on": resolved["when"].astype("str"),
            "why": resolved["why"].astype("str"),
        }
    )
    sides = [
        (source, start, end, code, *sorted((me, other)))
        for source, start, end, code, me, other in table.iloc[:, :6].itertuples(index=False)
    ]
    kept = [
        {"mine": me, "theirs": other}.get(keep, keep)
        for me, other, keep in table[["coder", "other", "keep"]].itertuples(index=False)
    ]
    known: dict[tuple[Any, ...], tuple[str, int]] = {}
    for place, (side, keep) in enumerate(zip(sides, kept, strict=True)):
        before, first = known.setdefault(side, (keep, place))
        if before != keep:
            row, other = resolved.iloc[place], resolved.iloc[first]
            where = f"{other['file']}, line {other['line']}"
            fix = "Agree on one and take the other out"
            job.bad(f"resolved otherwise in {where}", row["file"], row=int(row["line"]), value=row["keep"], fix=fix)
    return table.sort_values(["source_id", "start", "end", "code_id", "coder"], ignore_index=True)
