"""The team's decisions laid over this quarter's solution: what is honoured, and what cannot be because its segment is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from ..display import Callout, Table
from ..words import count_words, join_words
from ..workspace import Workspace
from .decisions import SegmentDecisions, round_centres
from .solution import Solution, natural_order

__all__ = [
    "Honoured",
    "apply_decisions",
    "describe_decisions",
    "revise_decisions",
    "segment_names",
    "tabulate_decisions",
]

SHARED = 0.5  # fewer of the variables in common than this, and nobody can say whether it is the same segment
COLUMNS = ("segment", "kind", "words", "note", "by", "since", "state", "reason")


@dataclass(frozen=True)
class Honoured:
    """A solution under the decisions that could be honoured.

    Attributes
    ----------
    solution : Solution
        With ``merged``; its centres are those that were fitted, so that merging is undone by taking it out of the file.
    names, notes : dict of str to str
        By segment id, of segments that stand for themselves.
    table : pandas.DataFrame
        One row a decision. segment; kind ("name", "note", "merge"); words (the name, or the segment merged into); note (remark, or
        why); by; since; state ("honoured", "no such segment", "another segment", "merged", "one left"); reason (a sentence).
    """

    solution: Solution
    names: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    table: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))

    def to_dict(self) -> dict[str, Any]:
        """JSON types, for the results folder: names, notes and merges that later stages show."""
        return {"names": self.names, "notes": self.notes, "merged": dict(self.solution.merged)}


def apply_decisions(solution: Solution, decided: SegmentDecisions) -> Honoured:
    """Lay decisions over a solution; nothing is fitted again.

    Call ``assign_segments`` with the solution returned: units nearest to a centre of a merged segment are then in the segment it was
    merged into, this quarter and whenever the stored solution scores somebody.

    Parameters
    ----------
    solution : Solution
        With the ids of the line (``match_segments``), so that a segment that goes on from last quarter keeps its name.
    decided : SegmentDecisions
        ``load_decisions(study).about(segmentation)``.

    Returns
    -------
    Honoured
        A decision about a segment that is not there this quarter is reported in ``table`` and changes nothing.

    Notes
    -----
    A decision is honoured only while the segment with its id is, of all segments now, the nearest to what the segment was when the
    decision was made (root mean square difference of mean z-scores, ``centres`` in the file). Without ``centres`` the id decides.

    Examples
    --------
    >>> centres = pd.DataFrame({"need": [1.0, -1.0, -1.2]}, index=["S1", "S2", "S3"])
    >>> solution = Solution("s", centres, pd.Series([5, 4, 3], index=centres.index), {}, 1, 0.4)
    >>> merge = {"into": "S2", "from": ["S3", "S9"], "why": "sales cannot tell them apart"}
    >>> done = apply_decisions(solution, SegmentDecisions(segments={"S1": {"name": "Planners"}}, merge=[merge]))
    >>> done.names, done.solution.merged
    ({'S1': 'Planners'}, {'S3': 'S2'})
    >>> done.table[["segment", "kind", "state"]].to_numpy().tolist()
    [['S1', 'name', 'honoured'], ['S3', 'merge', 'honoured'], ['S9', 'merge', 'no such segment']]
    """
    problems = _find_problems(solution, decided)
    merged, rows = _merge(solution, decided, problems)
    names, notes = {}, {}
    for segment, named in decided.segments.items():
        state, reason = problems.get(segment, ("honoured", ""))
        if segment in merged:
            state, reason = "merged", f"{segment} is part of {merged[segment]}, which goes by its own name."
        if state == "honoured":
            names |= {segment: named.name} if named.name else {}
            notes |= {segment: named.note} if named.note else {}
        kind = "name" if named.name else "note"
        rows.append((segment, kind, named.name, named.note, named.by, named.since or "", state, reason))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {segment: place for place, segment in enumerate(natural_order(table["segment"]))}
    table = table.sort_values("segment", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)
    return Honoured(replace(solution, merged=merged), names, notes, table)


def revise_decisions(
    decided: SegmentDecisions,
    solution: Solution,
    *,
    period: str,
    named: Mapping[str, tuple[str, str]],
    merged: Mapping[str, tuple[str, str]],
    by: str = "",
) -> dict[str, Any]:
    """Decisions about this quarter's segments replaced, those about segments that are not there now kept.

    Parameters
    ----------
    decided : SegmentDecisions
        As read.
    solution : Solution
        Whose segments were looked at.
    period : str
        Quarter of the solution.
    named : Mapping of str to (name, note)
        By segment id; both may be empty.
    merged : Mapping of str to (into, why)
    by : str
        Who decides. An unchanged decision keeps whose it was and since when.

    Returns
    -------
    dict
        For ``save_decisions``.

    Examples
    --------
    >>> solution = Solution("s", pd.DataFrame({"need": [1.0]}, index=["S1"]), pd.Series([5], index=["S1"]), {}, 1, 0.4)
    >>> revise_decisions(SegmentDecisions(), solution, period="2026Q3", named={"S1": ("Planners", "")}, merged={})
    {'decided_on': '2026Q3', 'segments': {'S1': {'name': 'Planners', 'since': '2026Q3'}}, 'merge': [], 'centres': {'S1': {'need': 1.0}}}
    """
    here = set(solution.segments)
    segments = {key: old.model_dump(exclude_defaults=True) for key, old in decided.segments.items() if key not in here}
    for key, (name, note) in named.items():
        old = decided.segments.get(key)
        if old is not None and (old.name, old.note) == (name.strip(), note.strip()):
            segments[key] = old.model_dump(exclude_defaults=True)
        elif name.strip() or note.strip():
            content = {"name": name.strip(), "note": note.strip(), "by": by.strip(), "since": period}
            segments[key] = {word: value for word, value in content.items() if value}
    merges: dict[tuple[str, str], list[str]] = {}
    for merge in decided.merge:
        for part in merge.parts:
            if not {part, merge.into} <= here:
                merges.setdefault((merge.into, merge.why), []).append(part)
    for part, (into, why) in merged.items():
        merges.setdefault((into, why.strip()), []).append(part)
    gone = {key: dict(centre) for key, centre in decided.centres.items() if key not in here}
    return {
        "decided_on": period,
        "segments": {key: segments[key] for key in natural_order(segments)},
        "merge": [{"into": into, "from": natural_order(parts), "why": why} for (into, why), parts in merges.items()],
        "centres": round_centres(solution.centres) | gone,
    }


def segment_names(run: Workspace) -> dict[str, str]:
    """Names the team gave, as stage 02 honoured them: for cards, captions and tables of every stage.

    Parameters
    ----------
    run : Workspace

    Returns
    -------
    dict of str to str
        Segment id to name; empty without decisions.
    """
    return dict(run.read_json("decisions")["names"]) if run.has("decisions") else {}


def describe_decisions(honoured: Honoured, *, file: str = "decisions.yaml") -> Callout:
    """Which decisions of the team this quarter honours, and which it cannot."""
    table = honoured.table
    if table.empty:
        text = f"Names, notes and merges made in explore.ipynb are kept in {file}, and the next run honours them."
        return Callout("absent", "The team has not named or merged any segment yet.", text)
    done = table[table["state"] == "honoured"]
    named = [f"{segment} “{name}”" for segment, name in honoured.names.items()]
    merges: dict[str, list[str]] = {}
    for part, into in honoured.solution.merged.items():
        merges.setdefault(into, []).append(part)
    said = [f"Named: {join_words(named)}."] if named else []
    said += [
        f"{join_words(parts)} {'counts' if len(parts) == 1 else 'count'} as part of {into}."
        for into, parts in merges.items()
    ]
    lost = table[~table["state"].isin(["honoured", "merged"])]
    if lost.empty:
        title = f"The segments are shown as the team decided ({count_words(len(done), 'decision')} in {file})."
        return Callout("finding", title, " ".join(said))
    one = len(lost) == 1
    title = (
        f"{count_words(len(lost), 'decision')} of the team {'does' if one else 'do'} not fit this quarter's segments."
    )
    fix = f"Look at {'it' if one else 'them'} in explore.ipynb and save again, or take {'it' if one else 'them'} out of {file}."
    return Callout("caution", title, " ".join([*dict.fromkeys(lost["reason"]), *said, fix]))


def tabulate_decisions(honoured: Honoured) -> Table:
    """Every decision, who made it when, and what became of it this quarter."""
    rows = [
        {
            "segment": row.segment,
            "decision": f"merged into {row.words}"
            if row.kind == "merge"
            else f"named “{row.words}”"
            if row.words
            else "noted",
            "remark": row.note,
            "by": row.by,
            "since": row.since,
            "this quarter": row.reason or "honoured",
        }
        for row in honoured.table.itertuples()
    ]
    frame = pd.DataFrame(rows, columns=["segment", "decision", "remark", "by", "since", "this quarter"])
    frame = frame[[c for c in frame.columns if c in ("segment", "decision", "this quarter") or frame[c].any()]]
    return Table(frame, f"What the team decided about segments: {count_words(len(rows), 'decision')}.")


def _merge(
    solution: Solution, decided: SegmentDecisions, problems: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, str], list[tuple[str, ...]]]:
    """Segment to the one it is merged into, and a row for every merge that was asked for."""
    merged: dict[str, str] = {}
    rows: list[tuple[str, ...]] = []
    when = decided.decided_on or ""
    for merge in decided.merge:
        for part in merge.parts:
            state, reason = problems.get(part) or problems.get(merge.into) or ("honoured", "")
            if state == "honoured" and len(merged) == len(solution.segments) - 2:
                state, reason = "one left", f"Merging {part} into {merge.into} too would leave a single segment."
            if state == "honoured":
                merged[part] = merge.into
            rows.append((part, "merge", merge.into, merge.why, "", when, state, reason))
    return merged, rows


def _find_problems(solution: Solution, decided: SegmentDecisions) -> dict[str, tuple[str, str]]:
    """State and reason for every segment spoken of that is not what it was when it was decided on."""
    spoken = {*decided.segments, *decided.merged, *decided.merged.values()}
    problems = {}
    for segment in spoken:
        if segment not in solution.segments:
            reason = f"There is no segment {segment} this quarter."
            problems[segment] = ("no such segment", reason)
        elif segment in decided.centres:
            nearest = _nearest(solution.centres, pd.Series(decided.centres[segment], dtype=float))
            if nearest != segment:
                reason = (
                    f"The segments are formed on other variables now than when {segment} was decided on: it may be another one."
                    if nearest is None
                    else f"What was {segment} when this was decided is more like {nearest} now: the decision was laid on neither."
                )
                problems[segment] = ("another segment", reason)
    return problems


def _nearest(centres: pd.DataFrame, then: pd.Series) -> str | None:
    """Segment whose centre is nearest to what one was; None if the variables are mostly others."""
    shared = [name for name in centres.columns if name in then.index]
    if len(shared) < SHARED * max(len(centres.columns), len(then)):
        return None
    squares = ((centres[shared] - then[shared]) ** 2).mean(axis=1)
    return str(squares.idxmin())
