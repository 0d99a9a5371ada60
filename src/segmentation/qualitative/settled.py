"""What counts after two coders resolved their differences; what each did alone stays beside it, for agreement."""

from __future__ import annotations

import pandas as pd

from ..dataset import Dataset

__all__ = ["settle_marks", "settle_passages"]

KEYS = ["participant", "source_id", "turn", "code_id", "coder"]
PASSAGE = ["source_id", "start", "end", "code_id", "coder"]


def settle_marks(data: Dataset, turns: pd.DataFrame, marks: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Marks with every resolution of the study applied.

    In the turns that a resolution touches, both coders then have the code as they decided: as one of them had it, as either had it,
    or not at all. Marks of other codes, turns and coders stay.

    Parameters
    ----------
    data : Dataset
        With the table ``resolutions`` where the study has one (source_id, start, end, code_id, coder, other, keep).
    turns : pandas.DataFrame
        source_id, turn, participant (<NA> for the interviewer), start, end.
    marks : pandas.DataFrame
        participant, source_id, turn, code_id, coder.

    Returns
    -------
    pandas.DataFrame, int
        Marks, and how many resolutions found something to decide about: the others are of codings that have changed since.
    """
    if "resolutions" not in data or data["resolutions"].empty:
        return marks, 0
    speaker = {
        (str(row.source_id), int(row.turn)): str(row.participant)
        for row in turns[turns["participant"].notna()].itertuples(index=False)
    }
    spans = {source: part for source, part in turns[turns["participant"].notna()].groupby("source_id")}
    held = {
        (str(row.source_id), int(row.turn), str(row.code_id), str(row.coder))
        for row in marks[KEYS].itertuples(index=False)
    }
    applied = 0
    for row in data["resolutions"].itertuples(index=False):
        source, code, sides = str(row.source_id), str(row.code_id), (str(row.coder), str(row.other))
        part = spans.get(source)
        touched = [] if part is None else part.loc[(part["start"] < row.end) & (part["end"] > row.start), "turn"]
        mine, theirs = ({int(turn) for turn in touched if (source, int(turn), code, side) in held} for side in sides)
        if not mine | theirs:
            continue
        applied += 1
        kept = {"mine": mine, "theirs": theirs, "both": mine | theirs, "drop": set()}[row.keep]
        held -= {(source, int(turn), code, side) for turn in touched for side in sides}
        held |= {(source, turn, code, side) for turn in kept for side in sides}
    rows = [(speaker[source, turn], source, turn, code, coder) for source, turn, code, coder in sorted(held)]
    return pd.DataFrame(rows, columns=KEYS).astype(dict(marks[KEYS].dtypes)), applied


def settle_passages(data: Dataset, codings: pd.DataFrame) -> pd.DataFrame:
    """Passages with every resolution of the study applied: where it was decided, both coders have what was kept.

    Parameters
    ----------
    data : Dataset
        With the table ``resolutions`` where the study has one.
    codings : pandas.DataFrame
        source_id, start, end, code_id, coder.

    Returns
    -------
    pandas.DataFrame
        Those columns. A resolution is about the passages of its code, by either of its two coders, that share a place with it.
    """
    held: dict[tuple[str, str, str], set[tuple[int, int]]] = {}
    for source, start, end, code, coder in zip(*(codings[key].tolist() for key in PASSAGE), strict=True):
        held.setdefault((str(source), str(code), str(coder)), set()).add((int(start), int(end)))
    decided = data["resolutions"].itertuples(index=False) if "resolutions" in data else ()
    for row in decided:
        sides = [(str(row.source_id), str(row.code_id), str(coder)) for coder in (row.coder, row.other)]
        mine, theirs = (
            {span for span in held.get(side, ()) if span[0] < row.end and span[1] > row.start} for side in sides
        )
        kept = {"mine": mine, "theirs": theirs, "both": mine | theirs, "drop": set()}[row.keep]
        for side in sides:
            held[side] = (held.get(side, set()) - mine - theirs) | kept
    rows = [(source, *span, code, coder) for (source, code, coder), spans in held.items() for span in spans]
    return pd.DataFrame(sorted(rows), columns=PASSAGE)
