"""What the next-best number of segments would change, and who stays with whom from one number to the next."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..words import source_words
from .across import cross_labels, measure_across
from .selection import Comparison, check_compared, next_best

__all__ = ["describe_runner_up", "tabulate_neighbours"]

TOGETHER, APART = 0.90, 0.60  # shares of a segment's members from which it counts as kept, or as put together anew


def describe_runner_up(
    comparison: Comparison,
    *,
    chosen: int | None = None,
    ids: Mapping[str, str] | None = None,
    units: str = "units",
    min_cell: int = 10,
) -> Reading:
    """What the next-best number of segments would have changed.

    Parameters
    ----------
    comparison : Comparison
    chosen : int, optional
        Number of segments in use; default: the recommended one.
    ids : mapping of str to str, optional
        As for ``tabulate_stability``.
    units : str
        What units are called, plural.
    min_cell : int
        Smaller counts are withheld.

    Returns
    -------
    Reading
        Which segments split or merge, how many units would be in another segment, and how well that solution comes back.

    Raises
    ------
    ParameterError
        If the chosen number was not compared.
    """
    k = comparison.recommended if chosen is None else chosen
    check_compared(comparison, k)
    other = next_best(comparison, k, min_cell=min_cell)
    if other is None:
        return Reading(
            [f"Only one number of segments was considered ({k}), so there is no next-best one to tell about."]
        )
    from scipy.optimize import linear_sum_assignment

    table = cross_labels(comparison.labels[k], comparison.labels[other], shape=(k, other))
    rows, columns = linear_sum_assignment(-table)
    stay, total = int(table[rows, columns].sum()), int(table.sum())
    names = [(ids or {}).get(f"S{i + 1}", f"S{i + 1}") for i in range(k)]
    changes = (
        _splits(table, columns, names, units, min_cell)
        if other > k
        else _merges(table, rows, columns, names, units, min_cell)
    )
    row = comparison.table.loc[other]
    text = (
        f"If not {k}, the rule would have taken {other} segments. {' '.join(changes)} In all {_count(total - stay, min_cell)} of the "
        f"{total:,} {units} ({(total - stay) / max(total, 1):.0%}) would be in another segment than now; everybody else would stay with "
        "the same people."
    )
    back = (
        f"With {other} segments two repeats of the study agree to {row['ari_mean']:.2f} and the least stable segment overlaps to "
        f"{row['jaccard_min']:.0%} (with {k}: {comparison.table.loc[k, 'ari_mean']:.2f} and "
        f"{comparison.table.loc[k, 'jaccard_min']:.0%})."
    )
    return Reading([text, back])


def tabulate_neighbours(
    comparison: Comparison,
    *,
    segments: int | None = None,
    weights: np.ndarray | None = None,
    ids: Mapping[str, str] | None = None,
    units: str = "units",
    source: str = "",
) -> Table:
    """Which segments are the same people at the next lower and the next higher number of segments.

    ``weights`` are those of the units compared, in their order (``comparable_rows``); ``ids`` as for ``tabulate_stability``.
    """
    k = comparison.recommended if segments is None else segments
    check_compared(comparison, k)
    across = measure_across(comparison.labels, weights=weights)
    before, after = across[across["fine"] == k], across[across["coarse"] == k]
    rows = []
    for i in range(k):
        name = f"S{i + 1}"
        come = before[before["child"] == name].sort_values("child_share", ascending=False)
        go = after[after["parent"] == name].sort_values("parent_share", ascending=False)
        entropy = float(come["entropy"].iloc[0]) if len(come) else float("nan")
        kept = float(go["parent_share"].iloc[0]) if len(go) else float("nan")
        own = float(go["child_share"].iloc[0]) if len(go) else float("nan")
        rows.append(
            {
                "segment": (ids or {}).get(name, name),
                "n": int((comparison.labels[k] == i).sum()),
                "from one segment": float(come["child_share"].iloc[0]) if len(come) else float("nan"),
                "of which it is": float(come["parent_share"].iloc[0]) if len(come) else float("nan"),
                "purity of origin": entropy,
                "stay together": kept,
                "and make up": own,
                "reading": _read_neighbours(come, entropy, kept, own),
            }
        )
    fewer = int(before["coarse"].iloc[0]) if len(before) else None
    more = int(after["fine"].iloc[0]) if len(after) else None
    neighbours = " and ".join(str(number) for number in (fewer, more) if number) or "no other number"
    caption = (
        f"Same people together: each of {k} segments beside the partitions into {neighbours}. "
        f"n = {comparison.n:,} {units}.{source_words(source)}"
    )
    note = (
        f"From one segment: largest share of its members that are together in one segment of {fewer or '–'}; of which it is: what share of "
        "that segment they are. Purity of origin (SLSA): 1 if all members come from one segment, 0 if they come from all alike. Stay "
        f"together: largest share that is together in one segment of {more or '–'}; and make up: what share of that segment they are."
    )
    formats = {
        "from one segment": ".0%",
        "of which it is": ".0%",
        "purity of origin": ".2f",
        "stay together": ".0%",
        "and make up": ".0%",
    }
    return Table(pd.DataFrame(rows), caption, formats, note)


def _splits(table: np.ndarray, columns: np.ndarray, names: list[str], units: str, min_cell: int) -> list[str]:
    """A sentence for every additional segment: whom it is taken from."""
    found = []
    for j in sorted(set(range(table.shape[1])) - set(columns.tolist())):
        size, largest = table[:, j].sum(), int(table[:, j].argmax())
        share = table[largest, j] / size if size else 0.0
        if share >= TOGETHER:
            found.append(
                f"A part of {names[largest]} ({_count(int(table[largest, j]), min_cell)} {units}) would be a segment of its own."
            )
        else:
            parents = [names[i] for i in np.argsort(-table[:, j]) if table[i, j] >= 0.1 * size] or [names[largest]]
            found.append(
                f"A segment of {_count(int(size), min_cell)} {units} would be drawn from {_list(parents)} ({share:.0%} from "
                f"{names[largest]})."
            )
    return found


def _merges(
    table: np.ndarray, rows: np.ndarray, columns: np.ndarray, names: list[str], units: str, min_cell: int
) -> list[str]:
    """A sentence for every segment that would be given up: where its members would go."""
    partner = {int(j): int(i) for i, j in zip(rows, columns, strict=True)}
    found = []
    for i in sorted(set(range(len(table))) - set(rows.tolist())):
        size, largest = table[i].sum(), int(table[i].argmax())
        share = table[i, largest] / size if size else 0.0
        if share >= TOGETHER:
            found.append(f"{names[i]} would be merged with {names[partner[largest]]}.")
        else:
            into = [names[partner[int(j)]] for j in np.argsort(-table[i]) if table[i, j] >= 0.1 * size]
            if len(into) == 1:
                found.append(f"{names[i]} would mostly be merged with {into[0]} ({share:.0%} of its members).")
                continue
            found.append(
                f"{names[i]} ({_count(int(size), min_cell)} {units}) would be divided among {_list(into)} ({share:.0%} to "
                f"{names[partner[largest]]})."
            )
    return found


def _count(number: int, min_cell: int) -> str:
    return "none" if number == 0 else f"fewer than {min_cell}" if number < min_cell else f"{number:,}"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _read_neighbours(come: pd.DataFrame, entropy: float, kept: float, own: float) -> str:
    words = []
    if len(come):
        share, whole = float(come["child_share"].iloc[0]), float(come["parent_share"].iloc[0])
        if share >= TOGETHER and whole >= TOGETHER:
            words.append("the same people with one fewer")
        elif share >= TOGETHER:
            words.append("a part of one segment with one fewer")
        elif share < APART or entropy < 0.5:
            words.append("put together anew from several")
        else:
            words.append("mostly from one segment")
    if not np.isnan(kept):
        if kept >= TOGETHER and own >= TOGETHER:
            words.append("the same people with one more")
        elif kept >= TOGETHER:
            words.append("joined by others with one more")
        else:
            words.append("loses members with one more" if kept >= APART else "splits with one more")
    return "; ".join(words)
