"""How large segments are now and were before, who moved, and whether a total moved because of mix or of behaviour."""

from __future__ import annotations

import math

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..messaging.rates import order_segments
from ..qualitative.intervals import wilson_interval
from ..words import source_words

__all__ = ["MOVE_COLUMNS", "describe_moves", "measure_moves", "split_mix_and_rate", "tabulate_moves"]

MOVE_COLUMNS = (
    "segment", "n_before", "share_before", "lower_before", "upper_before", "n", "share", "lower", "upper", "matched",
    "came",
    "left", "change", "change_lower", "change_upper", "new", "gone", "verdict",
)  # fmt: skip


def measure_moves(
    previous: pd.DataFrame | None, current: pd.DataFrame, *, migration: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Sizes of segments in two quarters and what moved between them.

    Sizes are of all units placed in each quarter. The change is judged on the units placed in both, because a segment
    that only gained new customers has not changed anybody's needs.

    Parameters
    ----------
    previous : pandas.DataFrame or None
        Last quarter's membership, ids matched to this quarter's: index unit, column ``segment``. None on the first
        quarter.
    current : pandas.DataFrame
        This quarter's membership.
    migration : pandas.DataFrame, optional
        As ``migration_table`` of the clustering room gives it: from, to, kind, n. Default: counted here.

    Returns
    -------
    pandas.DataFrame
        One row a segment, columns ``MOVE_COLUMNS``: n and share with Wilson interval in both quarters; matched (units
        placed in both), came and left (of those, into and out of the segment), change in their share with its
        interval; new and gone (units placed in one quarter only); verdict ("grew", "shrank", "no clear change", "new",
        "not there any more", "first quarter"). Grew and shrank allow for the number of segments looked at (Holm, 5 % over
        all of them), which the intervals do not.

    Raises
    ------
    ParameterError
        If a table lacks a column.
    """
    now = _segments(current, "current")
    before = _segments(previous, "previous") if previous is not None else now.iloc[:0]
    pairs = _pairs(before, now) if migration is None else _check_migration(migration)
    matched = int(pairs["n"].sum())
    rows = []
    for segment in order_segments([*now, *before]):
        came = int(pairs.loc[(pairs["now"] == segment) & (pairs["before"] != segment), "n"].sum())
        left = int(pairs.loc[(pairs["before"] == segment) & (pairs["now"] != segment), "n"].sum())
        n0, n1 = int((before == segment).sum()), int((now == segment).sum())
        row = {
            "segment": segment, "n_before": n0, "share_before": n0 / len(before) if len(before) else math.nan,
            "n": n1, "share": n1 / len(now) if len(now) else math.nan, "matched": matched, "came": came, "left": left,
            "new": int((now[~now.index.isin(before.index)] == segment).sum()),
            "gone": int((before[~before.index.isin(now.index)] == segment).sum()),
        }  # fmt: skip
        row["lower_before"], row["upper_before"] = wilson_interval(n0, len(before))
        row["lower"], row["upper"] = wilson_interval(n1, len(now))
        row["change"], row["change_lower"], row["change_upper"] = _paired_change(came, left, matched)
        rows.append(row)
    sure = _sure_changes([(row["came"], row["left"]) for row in rows], matched)
    rows = [
        row | {"verdict": _judge(row, sure=known, first=previous is None)}
        for row, known in zip(rows, sure, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(MOVE_COLUMNS))


def _sure_changes(flows: list[tuple[int, int]], n: int) -> list[bool]:
    """Which changes are beyond chance at 5 % over all segments together (Holm); the test is that of the interval."""
    p = []
    for came, left in flows:
        b, c, m = came + 0.5, left + 0.5, n + 2
        p.append(math.erfc(abs(b - c) / math.sqrt(b + c - (b - c) ** 2 / m) / math.sqrt(2)))
    sure, going = [False] * len(p), True
    for rank, place in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        going = going and p[place] * (len(p) - rank) <= 0.05
        sure[place] = going
    return sure


def _segments(membership: pd.DataFrame, name: str) -> pd.Series:
    if "segment" not in membership.columns:
        raise ParameterError(f"{name} membership needs the column 'segment'")
    return membership["segment"].dropna().astype(str)


def _pairs(before: pd.Series, now: pd.Series) -> pd.DataFrame:
    both = before.index.intersection(now.index)
    table = pd.DataFrame({"before": before.reindex(both).to_numpy(), "now": now.reindex(both).to_numpy()})
    return table.groupby(["before", "now"]).size().reset_index(name="n")


def _check_migration(migration: pd.DataFrame) -> pd.DataFrame:
    missing = [column for column in ("from", "to", "kind", "n") if column not in migration.columns]
    if missing:
        have = ", ".join(map(str, migration.columns))
        raise ParameterError(f"migration needs the columns from, to, kind, n; {', '.join(missing)} missing of {have}")
    both = migration[migration["kind"].isin(["stayed", "moved"])]
    return both.rename(columns={"from": "before", "to": "now"})[["before", "now", "n"]]


def _paired_change(came: int, left: int, n: int) -> tuple[float, float, float]:
    """Change of a share among the same units, with the interval of Agresti and Min (2005): half a unit added to each cell."""
    if not n:
        return math.nan, math.nan, math.nan
    b, c, m = came + 0.5, left + 0.5, n + 2
    middle = (b - c) / m
    half = 1.959964 * math.sqrt(b + c - (b - c) ** 2 / m) / m
    return (came - left) / n, max(-1.0, middle - half), min(1.0, middle + half)


def _judge(row: dict[str, object], *, sure: bool, first: bool) -> str:
    if first:
        return "first quarter"
    if not row["n_before"]:
        return "new"
    if not row["n"]:
        return "not there any more"
    if not sure:
        return "no clear change"
    return "grew" if row["change"] > 0 else "shrank"  # type: ignore[operator]


def split_mix_and_rate(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Split the change of a total rate into units having moved (mix) and segments behaving differently (rate).

    Parameters
    ----------
    before, now : pandas.DataFrame
        Index: segment. Columns ``n`` (units) and ``rate`` (0 to 1).

    Returns
    -------
    pandas.DataFrame
        Index: segment and "all"; columns mix, rate, total (all in shares). Mix and rate of "all" sum to the change of
        the total rate exactly. A segment that is there in one quarter only counts as mix.

    Raises
    ------
    ParameterError
        If a column is missing, n is negative or all n are 0.

    Notes
    -----
    Kitagawa (1955): mix = (w1 - w0)(r0 + r1)/2, rate = (r1 - r0)(w0 + w1)/2, w the segment's share of units.

    Examples
    --------
    >>> before = pd.DataFrame({"n": [50, 50], "rate": [0.2, 0.4]}, index=["S1", "S2"])
    >>> now = pd.DataFrame({"n": [25, 75], "rate": [0.2, 0.6]}, index=["S1", "S2"])
    >>> split_mix_and_rate(before, now).round(4).loc["all"].to_dict()
    {'mix': 0.075, 'rate': 0.125, 'total': 0.2}
    """
    for name, table in (("before", before), ("now", now)):
        if not {"n", "rate"} <= set(table.columns):
            raise ParameterError(f"{name} needs the columns n and rate; got {', '.join(map(str, table.columns))}")
        if (table["n"] < 0).any() or not table["n"].sum():
            raise ParameterError(f"{name} needs units: n must be 0 or more, and not all 0")
    segments = sorted(set(before.index) | set(now.index))
    old, new = before.reindex(segments), now.reindex(segments)
    w0, w1 = (table["n"].fillna(0) / table["n"].sum() for table in (old, new))
    # a segment without units in one quarter has no rate there; taking the other quarter's makes all of it mix
    r0 = old["rate"].where(w0 > 0).fillna(new["rate"]).fillna(0)
    r1 = new["rate"].where(w1 > 0).fillna(old["rate"]).fillna(0)
    parts = pd.DataFrame({"mix": (w1 - w0) * (r0 + r1) / 2, "rate": (r1 - r0) * (w0 + w1) / 2})
    parts.loc["all"] = parts.sum()
    return parts.assign(total=parts["mix"] + parts["rate"])


def describe_moves(moves: pd.DataFrame, *, noise: float = math.nan, units: str = "units") -> Reading | Callout:
    """What grew, what shrank, how many moved, in plain sentences.

    Parameters
    ----------
    moves : pandas.DataFrame
        As ``measure_moves`` returns it.
    noise : float
        Share of units that would seem to move if nothing had changed (from asking twice), 0 to 1; NaN when not known.
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
    """
    if moves.empty:
        return Callout("absent", "Nobody is in a segment.", "There is nothing to compare between quarters.")
    if (moves["verdict"] == "first quarter").all():
        return Callout(
            "absent", "This is the first quarter.", "Sizes now are known; moves will be from the next quarter on."
        )
    matched, moved = int(moves["matched"].iloc[0]), int(moves["came"].sum())
    if not matched:
        return Callout("absent", "Nobody was in a segment in both quarters.", "So no move can be counted.")
    text = (
        f"Of the {matched:,d} {units} in a segment in both quarters, {f'{moved:,d}' if moved else 'none'} ({moved / matched:.0%}) "
        f"{'is' if moved == 1 else 'are'} in another one now."
    )
    if not math.isnan(noise):
        text += f" If nothing had changed, about {noise:.0%} would seem to have moved, because answers and counts are never exact."
    else:
        text += f" Some of this is noise: answers and counts are never exact, and {units} near a border change sides without meaning to."
    sentences = []
    for verdict, words in (("grew", "Grew"), ("shrank", "Shrank")):
        rows = moves[moves["verdict"] == verdict]
        listed = ", ".join(
            f"{r.segment} ({100 * r.change:+.1f} points, 95 % interval {100 * r.change_lower:+.1f} to {100 * r.change_upper:+.1f})"
            for r in rows.itertuples()
        )
        sentences += [f"{words}: {listed}."] if len(rows) else []
    rows = moves[moves["verdict"] == "new"]
    sentences += (
        [f"New this quarter: {', '.join(f'{r.segment} (n = {r.n})' for r in rows.itertuples())}."] if len(rows) else []
    )
    rows = moves[moves["verdict"] == "not there any more"]
    sentences += [f"Not there any more: {', '.join(rows['segment'])}."] if len(rows) else []
    if not sentences:
        sentences = ["No segment clearly grew or shrank: each change may be chance."]
    if moves["verdict"].isin(["grew", "shrank", "no clear change"]).sum() > 1:
        sentences.append(
            "Growing and shrinking are judged with allowance for looking at several segments; the intervals are not."
        )
    return Reading([text, " ".join(sentences)])


def tabulate_moves(moves: pd.DataFrame, *, source: str = "", min_cell: int = 10) -> Table:
    """Table of segment sizes in both quarters and of what moved.

    Parameters
    ----------
    moves : pandas.DataFrame
        As ``measure_moves`` returns it.
    source : str
        Source line of the caption.
    min_cell : int
        Flows of segments with a smaller one are withheld.

    Returns
    -------
    Table
    """
    names = {
        "segment": "Segment", "n_before": "n before", "share_before": "Share before", "n": "n now",
        "share": "Share now",
        "lower": "from", "upper": "to", "came": "Came", "left": "Left", "change": "Change", "new": "New",
        "gone": "Gone",
        "verdict": "Verdict",
    }  # fmt: skip
    shown = moves.copy()
    flows = ["came", "left", "new", "gone"]
    # one small flow could be found from the others and the sizes, so all of a segment's flows are withheld together
    small = ((shown[flows] > 0) & (shown[flows] < min_cell)).any(axis=1)
    shown[flows] = shown[flows].astype(float).mask(small)
    shown[["n_before", "n"]] = shown[["n_before", "n"]].astype(float)
    frame = shown[list(names)].rename(columns=names)
    frame["Change"] = (100 * frame["Change"].astype(float)).round(1) + 0.0  # no -0.0
    shares = {"Share before": ".1%", "Share now": ".1%", "from": ".1%", "to": ".1%", "Change": "+.1f"}
    formats = shares | dict.fromkeys(("n before", "n now", "Came", "Left", "New", "Gone"), ",.0f")
    note = (
        "from, to: 95 % interval of the share now. Came, left, change: among units in a segment in both quarters; change in "
        "percentage points. "
        f"New, gone: in a segment in one of the quarters only. A dash: not known, or withheld because a count is under {min_cell}."
    )
    tail = source_words(source)
    return Table(
        frame,
        f"Sizes of segments in both quarters and what moved (n now = {int(moves['n'].sum()):,d}).{tail}",
        formats,
        note,
    )
