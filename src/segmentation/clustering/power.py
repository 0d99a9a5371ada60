"""How far apart segments must be to be found with so many units: read from simulated power, and put in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Power", "describe_power", "power_rows", "reachable_separation"]

WANTED = 0.80


@dataclass(frozen=True)
class Power:
    """What the structure test finds four times in five.

    Attributes
    ----------
    separation : float
        Within-segment standard deviations between every two centres of four equal segments; NaN if no simulated distance is found so
        often.
    least, most : float
        Smallest and largest distance simulated.
    n, variables : int
        Of the simulated markets read: the nearest not larger than the data, or the smallest there are.
    fewer : bool
        True if the data have fewer units than any simulated market, so that less is found than said.
    """

    separation: float
    least: float
    most: float
    n: int
    variables: int
    fewer: bool


def power_rows() -> list[dict[str, Any]]:
    """Rows n, variables, separation, segments, power, natural, simulations, as benchmarks/structure_error_rates.py wrote them."""
    from importlib.resources import files

    import yaml

    return yaml.safe_load((files(__package__) / "power.yaml").read_text("utf-8")) or []


def reachable_separation(n: int, variables: int, *, rows: list[dict[str, Any]] | None = None) -> Power | None:
    """Smallest distance between segments that the test finds in 80 % of simulated markets like these.

    Parameters
    ----------
    n, variables : int
        Complete units and base variables of the data.
    rows : list of dict, optional
        As ``power_rows``, which is the default.

    Returns
    -------
    Power or None
        None if nothing was simulated. Power grows with n, so markets of fewer units than the data understate it.

    Notes
    -----
    The number of variables nearest to that of the data is read; between two simulated numbers of units power is interpolated over
    their logarithm, between two distances over the distance.

    Examples
    --------
    >>> rows = [{"n": 250, "variables": 6, "separation": s, "power": p} for s, p in ((2.0, 0.1), (3.0, 0.7), (4.0, 1.0))]
    >>> round(reachable_separation(250, 6, rows=rows).separation, 2)
    3.33
    """
    rows = power_rows() if rows is None else rows
    if not rows:
        return None
    near = min({row["variables"] for row in rows}, key=lambda v: (abs(np.log(v / variables)), v))
    found = {(row["n"], row["separation"]): row["power"] for row in rows if row["variables"] == near}
    sizes = sorted({size for size, _ in found})
    below = [size for size in sizes if size <= n]
    low = below[-1] if below else sizes[0]
    above = [size for size in sizes if size > n]
    curve = {apart: power for (size, apart), power in found.items() if size == low}
    if below and above:
        part = np.log(n / low) / np.log(above[0] / low)
        for apart in list(curve):
            if (above[0], apart) in found:
                curve[apart] += part * (found[above[0], apart] - curve[apart])
    apart = np.array(sorted(curve))
    power = np.maximum.accumulate(np.array([curve[value] for value in apart]))
    enough = np.flatnonzero(power >= WANTED)
    if not len(enough):
        reach = float("nan")
    elif enough[0] == 0:
        reach = float(apart[0])
    else:
        i = enough[0]
        reach = float(apart[i - 1] + (WANTED - power[i - 1]) / (power[i] - power[i - 1]) * (apart[i] - apart[i - 1]))
    return Power(reach, float(apart[0]), float(apart[-1]), int(low), int(near), not below)


def describe_power(n: int, variables: int, *, units: str = "units") -> str:
    """A sentence: how far apart segments would have to be to be found in data of this size; empty if nothing was simulated."""
    power = reachable_separation(n, variables)
    if power is None:
        return ""
    like = f"in simulated markets with {power.variables} variables"
    if power.fewer:
        like += f" and {power.n:,} {units}, more than here,"
    elif n >= 2 * power.n:
        like += f" and {power.n:,} {units}, fewer than here,"
    if np.isnan(power.separation):
        return (
            f"What would have been found: {like} not even four equal segments whose centres are {power.most:g} standard deviations (of the "
            "people within a segment) apart are found four times in five."
        )
    bound = "at most " if n >= 2 * power.n or power.separation <= power.least else ""
    more = " With so few, segments must be further apart than that." if power.fewer else ""
    return (
        f"What would have been found: {like} the test finds four equal segments four times in five if their centres are {bound}"
        f"{power.separation:.1f} standard deviations (of the people within a segment) apart; nearer ones are mostly missed.{more}"
    )
