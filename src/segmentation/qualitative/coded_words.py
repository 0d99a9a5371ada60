"""Coded interviews in words: how much was said and coded, and the codebook as a table."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..words import count_words, join_words
from .coded import CodedInterviews, code_presence

__all__ = ["NO_INTERVIEWS", "describe_interviews", "tabulate_codebook"]

NO_INTERVIEWS = Callout(
    "absent",
    "No interviews in this study.",
    "So this report says nothing about what people say, or why they do what they do. What the sections below would show is missing.",
)


def describe_interviews(coded: CodedInterviews) -> Reading | Callout:
    """How much was said and coded, in plain words.

    Parameters
    ----------
    coded : CodedInterviews

    Returns
    -------
    Reading or Callout
        A callout of kind absent where there are no interviews.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> describe_interviews(build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))).title
    'No interviews in this study.'
    """
    if coded.empty:
        return NO_INTERVIEWS
    people, turns = coded.people, coded.turns[coded.turns["role"] == "participant"]
    words = int(turns["text"].astype(str).str.split().str.len().sum())
    unknown = int(people["segment"].isna().sum())
    first = (
        f"{count_words(len(people), 'person was', 'people were')} interviewed. They took "
        f"{count_words(len(turns), 'turn')} to "
        f"speak, {count_words(words, 'word')} in all. What the interviewer said is kept for context and counted "
        "nowhere."
    )
    if unknown:
        first += f" Of {count_words(unknown, 'person', 'people')} the segment is not known."
    silent = [segment for segment in coded.segments if segment not in set(people["segment"].dropna())]
    if silent:
        first += f" Nobody was interviewed from {join_words(silent)}."
    if coded.codings.empty:
        return Reading(
            [first, "No codings came with the transcripts: themes, agreement and quotes by code cannot be reported."]
        )
    second = (
        f"{count_words(len(coded.coders), 'coder')} read the transcripts and marked passages with codes (short labels "
        "for what "
        f"a passage is about) from a codebook of {count_words(len(coded.leaves), 'code')}; "
        f"{count_words(len(coded.codings), 'passage was', 'passages were')} marked."
    )
    if coded.interviewer_codings:
        n = coded.interviewer_codings
        second += f" {count_words(n, 'marking', 'markings').capitalize()} lay wholly in the interviewer's words and was left out."
        second = second.replace("words and was left", "words and were left") if n != 1 else second
    return Reading([first, second])


def tabulate_codebook(coded: CodedInterviews) -> Table:
    """The codebook with how many passages and people carry each code.

    Parameters
    ----------
    coded : CodedInterviews

    Returns
    -------
    Table
        Code, Category, Meaning; passages and people that any coder gave the code; people to whom every coder did, who count below.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> table = tabulate_codebook(build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ())))
    >>> list(table.frame.columns)
    ['Code', 'Category', 'Meaning', 'Passages, any coder', 'People, any coder', 'People, every coder']
    """
    codes = coded.codes.loc[coded.leaves]
    names = coded.codes["name"]
    by_code = coded.codings.groupby("code_id")
    frame = pd.DataFrame(
        {
            "Code": codes["name"].to_numpy(),
            "Category": [names.get(parent, "") if pd.notna(parent) else "" for parent in codes["parent"]],
            "Meaning": codes["description"].fillna("").to_numpy(),
            "Passages, any coder": by_code.size().reindex(codes.index, fill_value=0).to_numpy(dtype=int),
            "People, any coder": by_code["participant"]
            .nunique()
            .reindex(codes.index, fill_value=0)
            .to_numpy(dtype=int),
            "People, every coder": code_presence(coded)[list(codes.index)].sum().to_numpy(dtype=int),
        }
    )
    n = count_words(len(coded.people), "person", "people")
    caption = (
        f"Codebook. Passages marked by any coder, people with at least one, and people to whom every coder of their interview gave the "
        f"code: they count as having the theme in what follows. n = {n}. {coded.source}"
    )
    return Table(frame, caption.strip())
