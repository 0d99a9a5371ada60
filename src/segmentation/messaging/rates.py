"""Shares with their interval, and the one rule for cells too small to publish."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

__all__ = ["order_segments", "say_per_cent", "say_share", "withhold_small"]


def withhold_small(table: pd.DataFrame, *, base: str, by: list[str], hide: list[str], min_cell: int) -> pd.DataFrame:
    """Blank the numbers of segments with too few units, so that nobody can be singled out.

    When exactly one segment of a group is hidden, its numbers could be found by subtracting the others from the row
    "all"; then the next smallest segment of the group is hidden too.

    Parameters
    ----------
    table : pandas.DataFrame
        Has ``segment`` (with rows "all"), the column ``base`` with the number of units, and the columns of ``by``.
    base : str
        Column with the number of units a row rests on.
    by : list of str
        Columns that make a group, for instance the KPI; empty for one group.
    hide : list of str
        Columns set to missing in hidden rows.
    min_cell : int
        Fewest units a row may have to be shown; rows with a base of 0 show nothing anyway and are not hidden.

    Returns
    -------
    pandas.DataFrame
        A copy with the bool column ``withheld``.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["S1", "S2", "S3", "all"], "n": [40, 30, 4, 74], "rate": [0.5, 0.4, 0.3, 0.4]})
    >>> withhold_small(table, base="n", by=[], hide=["rate"], min_cell=10)["withheld"].tolist()
    [False, True, True, False]
    """
    result = table.copy()
    small = (result[base] < min_cell) & (result[base] > 0)
    inner = result["segment"] != "all"
    groups = result.groupby(by if len(by) > 1 else by[0], sort=False).groups.values() if by else [result.index]
    for rows in groups:
        hidden = result.loc[rows][small.loc[rows] & inner.loc[rows]]
        others = result.loc[rows][~small.loc[rows] & inner.loc[rows] & (result.loc[rows, base] > 0)]
        if len(hidden) == 1 and len(others):
            small.loc[others[base].idxmin()] = True
    result["withheld"] = small.to_numpy(dtype=bool)
    for column in hide:
        result[column] = result[column].where(~result["withheld"])
    return result


def say_share(successes: float, n: float) -> str:
    """Share in words that fit the size of its base: counts alone under 30, per cent with counts from there.

    Parameters
    ----------
    successes, n : float
        Units that did, of units in all.

    Returns
    -------
    str

    Examples
    --------
    >>> say_share(3, 5), say_share(120, 400), say_share(0, 0)
    ('3 of 5', '30% (120 of 400)', 'nobody to count')
    """
    if not n:
        return "nobody to count"
    if n < 30:
        return f"{int(successes)} of {int(n)}"
    return f"{say_per_cent(successes / n)} ({int(successes):,d} of {int(n):,d})"


def say_per_cent(share: float) -> str:
    """Whole per cents; a decimal where a share is small, or would be rounded to all.

    Examples
    --------
    >>> [say_per_cent(share) for share in (0.014, 0.31, 0.997, 1.0)]
    ['1.4%', '31%', '99.7%', '100%']
    """
    return f"{share:.1%}" if 0 < share < 0.0495 or 0.995 <= share < 1 else f"{share:.0%}"


def order_segments(segments: Iterable[object]) -> list[str]:
    """Distinct segment ids in their natural order, S2 before S10.

    Parameters
    ----------
    segments : iterable
        Ids, repeated or not.

    Returns
    -------
    list of str

    Examples
    --------
    >>> order_segments(["S10", "S2", "S2"])
    ['S2', 'S10']
    """
    return sorted({str(segment) for segment in segments}, key=lambda segment: (len(segment), segment))
