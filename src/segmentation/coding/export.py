"""From a study to its coding folder, and from the folder to a file other QDA programs open."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import ParameterError
from ..qualitative import CodedInterviews, RefiFile, write_qdpx
from ..sources.coding_folder import CODEBOOK, CODER
from ..words import join_words
from ..workspace import Workspace
from .folder import Code, Coder, Coding, CodingFolder, load_codings, save_coder, write_codebook

__all__ = ["coded_by_folder", "export_codings", "find_codings_folder", "start_codings"]


def find_codings_folder(run: Workspace, given: str = "") -> Path:
    """Where the codings of a study are kept.

    Parameters
    ----------
    run : Workspace
    given : str
        Relative to the study file, or absolute; empty means ``codings`` in the run folder, which is nobody's but this machine's.

    Returns
    -------
    Path
    """
    return run.study.resolve(given) if given else run.folder / "codings"


def start_codings(interviews: CodedInterviews, folder: str | Path, *, coders: bool = True) -> CodingFolder:
    """Make the coding folder of a study if it is not there yet: its codebook and, if wanted, the codings the study has.

    Parameters
    ----------
    interviews : CodedInterviews
    folder : str or Path
        A folder with a codebook is left as it is.
    coders : bool
        Whether the codings that the study has are copied into it, each coder in a folder of their own.

    Returns
    -------
    CodingFolder

    Raises
    ------
    DataContractError
        If the folder is there and cannot be read.
    ParameterError
        If it cannot be written.
    """
    root = Path(folder)
    if (root / CODEBOOK).exists():
        return load_codings(root)
    codes = interviews.codes.astype(object)
    codes = codes.where(codes.notna(), "").astype(str)
    try:
        write_codebook(root, [Code(str(code), *row) for code, row in zip(codes.index, _code_rows(codes), strict=True)])
    except OSError as error:
        raise ParameterError(f"{root} cannot be written: {error.strerror or error}") from error
    made = load_codings(root)
    for name, part in interviews.codings.groupby("coder", sort=True) if coders else ():
        coder = Coder(_folder_name(str(name)))
        for source, rows in part.groupby("source_id", sort=True):
            codings = {
                Coding(int(r.start), int(r.end), str(r.code_id), str(r.quote)) for r in rows.itertuples(index=False)
            }
            coder = coder.with_codings(str(source), codings)
        made = save_coder(made, coder)
    return made


def _code_rows(codes: pd.DataFrame) -> list[tuple[str, ...]]:
    told = codes.reindex(columns=["name", "parent", "description", "colour"], fill_value="")
    return list(told.itertuples(index=False, name=None))


def _folder_name(coder: str) -> str:
    """``coder 1`` as ``coder_1``: names that the line shows are ids already, but for their blanks."""
    name = "_".join(coder.casefold().split())
    if not CODER.fullmatch(name):
        raise ParameterError(f"{coder!r} is no name for a folder: small letters, digits, - and _")
    return name


def coded_by_folder(interviews: CodedInterviews, folder: CodingFolder) -> CodedInterviews:
    """The interviews with the folder's codes and codings instead of their own, for measures and exports without a run of the line.

    Parameters
    ----------
    interviews : CodedInterviews
    folder : CodingFolder

    Returns
    -------
    CodedInterviews

    Raises
    ------
    DataContractError
        With every coding that is not in the transcripts.
    """
    from ..dataset import Dataset
    from ..period import Period
    from ..qualitative import build_coded_interviews

    rows = [
        (source, coding.start, coding.end, coding.code, coder.name, coding.quote)
        for coder in folder.coders.values()
        for source, codings in coder.codings.items()
        for coding in codings
    ]
    codes = folder.codes()
    tables = {
        "transcripts": pd.DataFrame({"text": interviews.transcripts, "file": interviews.transcripts.index}),
        "turns": interviews.turns.drop(columns="participant"),
        "interviewees": interviews.people.drop(columns="segment"),
        "codes": pd.DataFrame(
            [(code.name, code.parent or None, code.description, code.colour) for code in codes.values()],
            index=pd.Index(list(codes), name="code_id"),
            columns=["name", "parent", "description", "colour"],
        ),
        "codings": pd.DataFrame(rows, columns=["source_id", "start", "end", "code_id", "coder", "quote"]),
    }
    segments = interviews.people.dropna(subset=[interviews.unit]).set_index(interviews.unit)["segment"]
    membership = segments[~segments.index.duplicated()].to_frame("segment")
    data = Dataset("codings", interviews.unit, Period(2199, 4), tables, ())
    return build_coded_interviews(data, membership)


def memo_table(folder: CodingFolder) -> pd.DataFrame:
    """Every memo as ``write_qdpx`` takes them: on codings, transcripts and codes."""
    rows = []
    for coder in folder.coders.values():
        for (source, code), memo in coder.memos.items():
            rows.append((memo, source, None, None, code, coder.name))
        for source, codings in coder.codings.items():
            rows += [(c.memo, source, c.start, c.end, c.code, coder.name) for c in codings if c.memo]
    return pd.DataFrame(rows, columns=["text", "source_id", "start", "end", "code_id", "coder"])


def export_codings(interviews: CodedInterviews, folder: CodingFolder, path: str | Path, *, study: str) -> RefiFile:
    """Write the folder's codings, codebook and memos as a REFI-QDA project that QualCoder, NVivo, ATLAS.ti and MAXQDA open.

    Parameters
    ----------
    interviews : CodedInterviews
    folder : CodingFolder
    path : str or Path
        Ends in .qdpx.
    study : str
        Name of the project.

    Returns
    -------
    RefiFile

    Raises
    ------
    ParameterError, DataContractError
        As ``write_qdpx``; also if a memo is on a transcript that is not there.
    """
    memos = memo_table(folder)
    gone = sorted(set(memos["source_id"]) - {"", *map(str, interviews.transcripts.index)})
    if gone:
        raise ParameterError(
            f"there are memos on {join_words(gone)}, which {'is' if len(gone) == 1 else 'are'} not among the transcripts"
        )
    return write_qdpx(coded_by_folder(interviews, folder), path, study=study, memos=memos)
