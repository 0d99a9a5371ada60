"""Agreement on where a passage begins and ends: Krippendorff's alpha for spans of text.

The turn as the unit asks whether both coders saw the code there. Spans ask more: whether they marked the same words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .coded import CodedInterviews

__all__ = ["Unitised", "measure_spans", "unitised_alpha"]

Span = tuple[int, int, str]
GAP = ""


@dataclass(frozen=True)
class Unitised:
    """Three readings of one continuum; NaN where nothing could disagree.

    Attributes
    ----------
    u : float
        Codes and gaps alike: did the coders divide the text in the same way?
    binary : float
        Coded against not coded, whatever the code.
    cu : float
        Only where both coded: given that both marked the words, is it the same code?
    """

    u: float
    binary: float
    cu: float


def unitised_alpha(length: int, coders: Sequence[Sequence[Span]]) -> Unitised:
    """Krippendorff's alpha for spans of one continuum.

    Parameters
    ----------
    length : int
        Code points of the continuum.
    coders : sequence of sequences of (start, end, code)
        One sequence a coder; spans of one coder do not overlap.

    Returns
    -------
    Unitised

    Notes
    -----
    Krippendorff, Mathet, Bouvry and Widlöcher (2016). Observed coincidences are lengths that two coders gave to a pair of codes;
    expected ones come from all pairs of code points that do not belong to the same passage.

    Examples
    --------
    >>> one, other = [(10, 30, "x"), (50, 60, "y")], [(12, 30, "x"), (50, 65, "y")]
    >>> found = unitised_alpha(100, [one, other])
    >>> round(found.u, 4), round(found.binary, 4), found.cu
    (0.8582, 0.8426, 1.0)
    """
    codes = [GAP, *sorted({code for spans in coders for _, _, code in spans})]
    observed = _coincidences(length, coders, codes)
    squares = _squares(length, coders, codes)
    coded = [[(start, end, "coded") for start, end, _ in spans] for spans in coders]
    both = [GAP, "coded"]
    return Unitised(
        u=_alpha(observed, squares),
        binary=_alpha(_coincidences(length, coded, both), _squares(length, coded, both)),
        cu=_alpha(observed[1:, 1:], squares[1:]),
    )


def measure_spans(coded: CodedInterviews) -> pd.DataFrame:
    """Agreement on spans by code, over all interviews that every coder marked.

    Parameters
    ----------
    coded : CodedInterviews

    Returns
    -------
    pandas.DataFrame
        One row a code: code, name, u (alpha of its spans against everything else, NaN if nobody or only one coder), length (code
        points judged), passages (of all coders). Each code is judged alone, because passages of different codes may overlap.
        Overlapping passages of one coder and code count as one. Interviewers' words are no part of the text.
    """
    rows = []
    length, judged = _judged(coded)
    for code in coded.leaves:
        by_coder = [judged.get((coder, code), []) for coder in coded.coders]
        spans = [[(start, end, code) for own in merged for start, end in own] for merged in by_coder]
        passages = sum(map(len, spans))
        pairs = length and len(spans) >= 2
        alpha = unitised_alpha(length, spans).u if pairs and passages else math.nan
        rows.append((code, coded.codes.at[code, "name"], alpha, length, passages))
    return pd.DataFrame(rows, columns=["code", "name", "u", "length", "passages"])


def _judged(coded: CodedInterviews) -> tuple[int, dict[tuple[str, str], list[list[tuple[int, int]]]]]:
    """Length of the participants' words of all interviews that all coders marked, laid end to end, and spans in those words alone.

    Spans by coder and code, a list an interview; overlapping ones are one.
    """
    length, found = 0, {}
    by_source = dict(list(coded.codings.groupby("source_id")))
    for source, turns in coded.turns[coded.turns["role"] == "participant"].groupby("source_id", sort=True):
        own = by_source.get(source, coded.codings.iloc[:0])
        if own["coder"].nunique() < max(2, len(coded.coders)):
            continue
        starts, ends = turns["start"].to_numpy(int), turns["end"].to_numpy(int)
        before = np.concatenate([[0], np.cumsum(ends - starts)])
        lows, highs = (_places(own[key].to_numpy(int), starts, ends, before) for key in ("start", "end"))
        here: dict[tuple[str, str], list[tuple[int, int]]] = {}
        columns = (own["coder"].tolist(), own["code_id"].tolist(), lows.tolist(), highs.tolist())
        for coder, code, low, high in zip(*columns, strict=True):
            if high > low:
                here.setdefault((str(coder), str(code)), []).append((low + length, high + length))
        for key, spans in here.items():
            found.setdefault(key, []).append(_merge(spans))
        length += int(before[-1])
    return length, found


def _places(points: np.ndarray, starts: np.ndarray, ends: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Positions in the transcript as positions in the participants' words."""
    turns = np.searchsorted(starts, points, side="right") - 1
    return np.where(turns < 0, 0, before[turns] + np.minimum(points, ends[turns]) - starts[turns])


def _merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _coincidences(length: int, coders: Sequence[Sequence[Span]], codes: Sequence[str]) -> np.ndarray:
    """Length that pairs of coders gave to each pair of codes, over the number of other coders."""
    cuts = np.array(
        sorted({0, length, *(edge for spans in coders for start, end, _ in spans for edge in (start, end))})
    )
    place: Mapping[str, int] = {code: at for at, code in enumerate(codes)}
    total = np.zeros((len(codes), len(codes)))
    sizes = np.diff(cuts)
    labels = np.zeros((len(coders), len(sizes)), int)
    for coder, spans in enumerate(coders):
        edges = np.searchsorted(cuts, [span[:2] for span in spans]).tolist() if spans else []
        for (first, last), (_, _, code) in zip(edges, spans, strict=True):
            labels[coder, first:last] = place[code]
    for one in range(len(coders)):
        for other in range(len(coders)):
            if one != other:
                np.add.at(total, (labels[one], labels[other]), sizes)
    return total / max(len(coders) - 1, 1)


def _squares(length: int, coders: Sequence[Sequence[Span]], codes: Sequence[str]) -> np.ndarray:
    """Sum of squared lengths of passages by code; a gap has no passages, only points."""
    place = {code: at for at, code in enumerate(codes)}
    total = np.zeros(len(codes))
    for spans in coders:
        for start, end, code in spans:
            total[place[code]] += float(end - start) ** 2
        total[0] += length - sum(end - start for start, end, _ in spans)
    return total


def _alpha(observed: np.ndarray, squares: np.ndarray) -> float:
    mass, by_code = observed.sum(), observed.sum(axis=1)
    room = mass**2 - squares.sum()
    if (by_code > 0).sum() < 2 or room <= 0:
        return math.nan
    expected = mass * (np.outer(by_code, by_code) - np.diag(squares)) / room
    off = ~np.eye(len(by_code), dtype=bool)
    return float(1 - observed[off].sum() / expected[off].sum())
