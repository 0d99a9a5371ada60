"""Which moves between two quarters are real: told apart from answers and counts that are never twice the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..dataset import Dataset
from ..display import Callout, Reading
from ..errors import ParameterError
from ..features import there_throughout
from ..sources import canonical_table
from ..words import count_words, few_words
from ..workspace import Workspace
from .history import recall_solution
from .moving import MoveModel, fit_moves
from .solution import Solution, assign_segments

__all__ = ["RealMoves", "describe_real_moves", "estimate_moves", "weigh_moves"]

PRECISION = 0.9  # a move is clear that is real with at least this probability
FEWEST = 10  # units a value measured in both quarters
CLOUDS = (
    "kmeans",
    "ward",
    "medoids",
    "gaussian",
    "latent-profile",
)  # methods whose segments are clouds around a centre
DRAWS = 10
HALF_CHI = 1.920729  # half the 95 % point of chi-square with one degree of freedom
ODD = 0.5  # the model is not believed where it expects under half or over twice the moves seen


@dataclass(frozen=True)
class RealMoves:
    """How many moves are real, and how sure that is of each.

    Attributes
    ----------
    units : pandas.DataFrame
        One row a unit that moved as scored: from, to, whole (it was there in both quarters from end to end), probability (that its
        segment really changed; NaN where not whole or not known), clear (bool). Index: unit.
    n, seen : int
        Units in a segment in both quarters and there in both from end to end; those of them that moved as scored.
    rate, lower, upper : float
        Share of n whose segment really changed, with its 95 % interval; moves that scoring hides are in it.
    noise : float
        Share of n that would seem to move if nobody had changed.
    expected : float
        Share of n that the model expects to move as scored; near seen / n if it holds.
    precision : float
        Least probability of a clear move, so that at least this share of them should be real.
    reason : str
        Why nothing is known, empty otherwise.
    chance : pandas.Series
        Of each of the n, moved as scored or not, that its segment really changed.
    """

    units: pd.DataFrame
    n: int = 0
    seen: int = 0
    rate: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    noise: float = np.nan
    expected: float = np.nan
    precision: float = PRECISION
    reason: str = ""
    chance: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False)

    def as_table(self) -> pd.DataFrame:
        """One row of numbers, for the results folder."""
        moved = self.units
        row = {
            "n": self.n, "seen": self.seen, "rate": self.rate, "lower": self.lower, "upper": self.upper, "noise": self.noise,
            "expected": self.expected, "real": float(moved["probability"].sum()), "clear": int(moved["clear"].sum()),
            "apart": int((~moved["whole"]).sum()), "precision": self.precision, "reason": self.reason,
        }  # fmt: skip
        return pd.DataFrame([row])


def weigh_moves(run: Workspace, data: Dataset, before: pd.DataFrame, now: pd.DataFrame) -> RealMoves:
    """How many of this quarter's moves are real, from both quarters' features under the solution that scored them.

    Parameters
    ----------
    run : Workspace
        Whose stages 01_data and 02_segments are done.
    data : Dataset
        Of this quarter, with events.
    before, now : pandas.DataFrame
        Membership of both quarters by this quarter's solution.

    Returns
    -------
    RealMoves
        Units that came, went or did nothing in one of the quarters are set apart (``there_throughout``). A variable that is not
        counted from events and has last quarter's value again is taken for the same answer and not for a second one.
    """
    solution, encoder = recall_solution(run)
    if not len(before) or not run.has("features_previous"):
        return RealMoves(_moved(before, now, pd.Series(True, index=now.index)), reason="there is no earlier quarter")
    names = list(encoder.names)
    tables = [encoder.encode(run.read(name).reindex(columns=names)) for name in ("features_previous", "features")]
    counted = {variable.name for variable in run.study.base if canonical_table(run.study, variable.source) == "events"}
    whole = there_throughout(data, run.study, now.index)
    return estimate_moves(solution, *tables, before, now, again=set(names) - counted, whole=whole)


def estimate_moves(
    solution: Solution,
    values_before: pd.DataFrame,
    values_now: pd.DataFrame,
    before: pd.DataFrame,
    now: pd.DataFrame,
    *,
    again: Collection[str] = (),
    whole: pd.Series | None = None,
    precision: float = PRECISION,
) -> RealMoves:
    """How many moves are real, from two quarters' values on the scales of the solution.

    Parameters
    ----------
    solution : Solution
    values_before, values_now : pandas.DataFrame
        Encoded values by unit.
    before, now : pandas.DataFrame
        Membership of both quarters by ``solution``.
    again : collection of str
        Variables of which an equal value is last quarter's answer again.
    whole : pandas.Series, optional
        By unit, whether its quarters can be compared (``there_throughout``). Default: all can.
    precision : float
        Least probability of a clear move, over 0.5 and under 1; at least this share of them should be real.

    Returns
    -------
    RealMoves

    Raises
    ------
    ParameterError
        If precision is out of range.

    Notes
    -----
    The model is ``fit_moves``. The interval is that of the likelihood of the share of movers, the rest of the model held as estimated.
    Noise and expected are simulated from the model and scored by the solution.
    """
    if not 0.5 < precision < 1:
        raise ParameterError(f"precision must be over 0.5 and under 1; got {precision!r}")
    whole = pd.Series(True, index=now.index) if whole is None else whole
    moved = _moved(before, now, whole)
    both = before.index[before["segment"].notna()].intersection(now.index[now["segment"].notna()])
    both = both[whole.reindex(both).fillna(False).to_numpy(bool)]
    names = list(solution.variables)
    old, new = (table[names].reindex(both) for table in (values_before, values_now))
    same = (old == new) & [name in again for name in names]
    values = np.hstack([old.to_numpy(float), new.mask(same).to_numpy(float)])
    reason = _why_not(solution, values)
    seen = int(moved["whole"].sum())
    if reason:
        return RealMoves(moved, len(both), seen, precision=precision, reason=reason)
    kinds = np.array([solution.merged.get(name, name) for name in solution.segments])
    model = fit_moves(values, solution.centres.to_numpy(float))
    chance = pd.Series((model.posterior * (kinds[:, None] != kinds)).sum(axis=(1, 2)), index=both)
    draws = [_simulate(solution, model, values, same.to_numpy(), still) for still in (True, False)]
    lower, upper = _interval(chance.to_numpy())
    moved["probability"] = chance.reindex(moved.index)
    expected = draws[1]
    if not ODD * expected <= seen / len(both) <= expected / ODD:
        moved["probability"] = np.nan
        reason = (
            f"the model expects {expected:.0%} to move and {seen / len(both):.0%} did, so that it does not hold here"
        )
        return RealMoves(moved, len(both), seen, expected=expected, precision=precision, reason=reason)
    moved["clear"] = moved["probability"] >= precision
    return RealMoves(moved, len(both), seen, float(chance.mean()), lower, upper, *draws, precision, "", chance)


def _moved(before: pd.DataFrame, now: pd.DataFrame, whole: pd.Series) -> pd.DataFrame:
    pairs = pd.DataFrame({"from": before["segment"].reindex(now.index), "to": now["segment"]}).dropna()
    pairs = pairs[pairs["from"].astype(str) != pairs["to"].astype(str)]
    there = whole.reindex(pairs.index).fillna(False).astype(bool)
    return pairs.assign(whole=there, probability=np.nan, clear=False)


def _why_not(solution: Solution, values: np.ndarray) -> str:
    """Why the model cannot be fitted, if it cannot."""
    p = len(solution.variables)
    if solution.method not in CLOUDS or solution.model.get("everybody"):
        return f"segments by method: {solution.method} are no clouds around a centre, which the model of noise needs"
    if solution.centres.isna().any(axis=None):
        return "a segment has no centre in one of the base variables"
    measured = ~np.isnan(values)
    twice = int((measured[:, :p] & measured[:, p:]).any(axis=1).sum())
    if twice < FEWEST * p:
        return f"{count_words(twice, 'unit')} measured anew in both quarters are too few for {count_words(p, 'base variable')}"
    return ""


def _interval(chance: np.ndarray) -> tuple[float, float]:
    """Shares of movers whose log-likelihood is within 1.92 of the highest, by each unit's odds of having moved."""
    rate = float(np.clip(chance.mean(), 1e-6, 1 - 1e-6))
    odds = np.clip(chance, 0, 1 - 1e-12) / (1 - np.clip(chance, 0, 1 - 1e-12)) * (1 - rate) / rate
    grid = np.unique(np.r_[np.linspace(0.0, 1.0, 1001), np.linspace(0.0, min(1.0, 4 * rate), 1001), rate])
    fits = np.array(
        [np.log1p(share * (odds - 1)).sum() if share < 1 else np.log(np.maximum(odds, 1e-300)).sum() for share in grid]
    )
    inside = grid[fits >= fits.max() - HALF_CHI]
    return min(float(inside.min()), rate), max(float(inside.max()), rate)


def _simulate(solution: Solution, model: MoveModel, values: np.ndarray, same: np.ndarray, still: bool) -> float:
    """Share that moves as scored in worlds of the model, with the gaps of the data; in still ones nobody changes segment."""
    k, p = model.centres.shape
    rng, root = np.random.default_rng(solution.random_state), np.linalg.cholesky(model.spread)
    values, same = np.tile(values, (DRAWS, 1)), np.tile(same, (DRAWS, 1))
    start = model.chances.sum(axis=1)
    first = rng.choice(k, len(values), p=start / start.sum())
    onward = (model.chances / start[:, None])[first].cumsum(axis=1)
    second = first if still else (onward < rng.random((len(values), 1))).sum(axis=1).clip(max=k - 1)
    drawn = (
        np.hstack([model.centres[first], model.centres[second]]) + rng.standard_normal((len(values), 2 * p)) @ root.T
    )
    now = np.where(same, drawn[:, :p], np.where(np.isnan(values[:, p:]), np.nan, drawn[:, p:]))
    tables = (np.where(np.isnan(values[:, :p]), np.nan, drawn[:, :p]), now)
    names, rows = list(solution.variables), pd.RangeIndex(len(values)).astype("str")
    before, after = (
        assign_segments(solution, pd.DataFrame(table, index=rows, columns=names))["segment"] for table in tables
    )
    return float((before != after)[before.notna() & after.notna()].sum() / len(values))


def describe_real_moves(real: RealMoves, *, units: str = "units", min_cell: int = 10) -> Reading | Callout:
    """How many moved as scored, how many would have if nobody had changed, how many really did, and which are clear.

    Parameters
    ----------
    real : RealMoves
    units : str
    min_cell : int
        Smaller counts are not told.

    Returns
    -------
    Reading or Callout
    """
    apart = int((~real.units["whole"]).sum())
    first = (
        f"{few_words(apart, min_cell).capitalize()} of the {units} that moved came or went in these two quarters, or did nothing in one: "
        "their counts are of part of a quarter, which looks like another segment, so they are set apart. "
        if apart
        else ""
    )
    if real.reason:
        text = f"{real.reason[0].upper()}{real.reason[1:]}. So no single move is shown to be a change."
        return Callout("absent", "How many of the moves are real is not known.", first + text)
    seen = "" if 0 < real.seen < min_cell else f" ({real.seen / real.n:.1%})"
    second = (
        f"{'Of the others, ' if apart else ''}{few_words(real.seen, min_cell)} of {real.n:,d}{seen} seem to have "
        f"changed segment. Had nobody changed, about {real.noise:.1%} would seem to: answers and counts are never twice the same, and "
        f"whoever is near a border crosses it. About {real.rate:.1%} really changed (95 % interval {real.lower:.1%} to "
        f"{real.upper:.1%}), some of them unseen."
    )
    clear = int(real.units["clear"].sum())
    third = (
        f"{few_words(clear, min_cell).capitalize()} of the moves {'is' if clear == 1 else 'are'} clear: "
        f"the model gives each a probability of at least {real.precision:.0%} of being real (held against made-up studies it is a little "
        f"too sure of those just above that). Any other single move may be noise."
        if clear
        else f"No single move is real with a probability of at least {real.precision:.0%}, so none is called clear."
    )
    how = (
        "How it is told: what is different from the rest of a segment in both quarters counts as lasting; ups and downs of the size that "
        "most show from one quarter to the next count as noise; a jump from what one segment does to what another does counts as a change "
        f"(latent transition model). This holds as long as most of the {units} stayed what they were."
    )
    return Reading([paragraph for paragraph in (first.strip(), second, third, how) if paragraph])
