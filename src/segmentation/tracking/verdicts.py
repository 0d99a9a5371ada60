"""Verdicts of segments and personas, with all the tests of a family allowed for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from ..qualitative.intervals import adjust_p_values
from .effects import joint_interval

if TYPE_CHECKING:
    from .experiment import ExperimentResult

__all__ = ["holm_p_values", "judge_together"]


def judge_together(results: Sequence[ExperimentResult]) -> tuple[ExperimentResult, ...]:
    """Judge segments and personas, allowing for all the tests of a family: q values and verdicts.

    Parameters
    ----------
    results : sequence of ExperimentResult
        Those that share a family are read together; one without a family is its own. Everybody together stands alone: one test
        of each treated arm, among which alpha is shared out (Bonferroni). Channels are a family of their own. Before its end an
        experiment says something only of whom a planned look has passed its limit; at the end a persona or segment with planned
        looks has passed one and has a q in reach.

    Returns
    -------
    tuple of ExperimentResult
        In the same order, with ``q``, ``verdict``, ``alpha`` and ``tests`` filled in.
    """
    families: dict[str, list[int]] = {}
    for place, result in enumerate(results):
        families.setdefault(result.experiment.family or f"\n{place}", []).append(place)
    judged = list(results)
    for name, places in families.items():
        rule = results[places[0]].experiment.rule
        alpha = results[places[0]].alpha if name.startswith("\n") else rule.alpha
        adjust = holm_p_values if rule.control == "familywise" else adjust_p_values
        tables = [_together(results[place]) for place in places]
        parts = [_judged(table) for table in tables]
        # a campaign that was not randomised has no tests to bring
        kept = {place: part for place, part in zip(places, parts, strict=True) if len(part)}
        q = adjust(pd.concat(kept)) if kept else None
        joint = _joint_level(q, alpha, rule.control)
        for place, table, part in zip(places, tables, parts, strict=True):
            own = q.loc[place] if q is not None and len(part) else part
            judged[place] = _fill(results[place], table, own, alpha, joint, 0 if q is None else int(q.notna().sum()))
    return tuple(judged)


def _together(result: ExperimentResult) -> pd.DataFrame:
    """Rows of segments and of personas, one below the other."""
    parts = {name: table for name in ("effects", "personas") if len(table := getattr(result, name))}
    return pd.concat(parts) if parts else result.effects


def _fill(
    result: ExperimentResult,
    table: pd.DataFrame,
    q: pd.Series,
    alpha: float,
    joint: tuple[float, int],
    tests: int,
) -> ExperimentResult:
    """The result with its verdicts; channels are a family of their own."""
    arms = len(result.experiment.treated)
    known = _with_verdicts(table, q, alpha, joint, arms=arms, passed=_passed(result), finished=result.finished)
    own = {name: known.loc[name] if len(getattr(result, name)) else getattr(result, name)
           for name in ("effects", "personas")}  # fmt: skip
    between = adjust_p_values(_judged(result.channels))
    level = _joint_level(between, alpha, "fdr")
    channels = _with_verdicts(result.channels, between, alpha, level, arms=arms, passed={}, finished=result.finished)
    return replace(result, **own, channels=channels, alpha=alpha, tests=tests)


def _judged(effects: pd.DataFrame) -> pd.Series:
    kept = effects[(effects["segment"] != "all") & effects["lift"].notna()]
    return kept["p"].astype(float)


def _passed(result: ExperimentResult) -> dict[tuple[str, str], int]:
    """Segment and arm with planned looks to the side on which a limit was passed first: 1, -1, or 0 for none."""
    sides: dict[tuple[str, str], int] = {}
    if result.experiment.looks:
        sides = {("all", arm): 0 for arm in result.experiment.treated}
    for (segment, arm), rows in result.looks.groupby(["segment", "arm"], sort=False):
        crossed = rows[rows["crossed"].astype(bool)]
        sides[segment, arm] = 0 if crossed.empty else 1 if crossed["lift"].iloc[0] > 0 else -1
    return sides


def _with_verdicts(
    effects: pd.DataFrame,
    q: pd.Series,
    alpha: float,
    joint: tuple[float, int],
    *,
    arms: int,
    finished: bool,
    passed: dict[tuple[str, str], int],
) -> pd.DataFrame:
    table, share = effects.copy(), alpha / max(arms, 1)  # everybody: as many tests as treated arms
    table["q"] = q.reindex(table.index).astype(float)
    sides = [passed.get((row.segment, row.arm)) for row in table.itertuples()]
    rates = [share if segment == "all" else alpha for segment in table["segment"]]
    table["verdict"] = [_judge(*one, finished) for one in zip(table.itertuples(), sides, rates, strict=True)]
    level, tests = joint
    levels = [share if segment == "all" else level for segment in table["segment"]]
    limits = [joint_interval(row, one) for row, one in zip(table.itertuples(), levels, strict=True)]
    table["joint_lower"], table["joint_upper"] = ([pair[side] for pair in limits] for side in (0, 1))
    table["coverage"] = [1 - one for one in levels]
    table["tests"] = [float(max(arms, 1) if segment == "all" else tests) for segment in table["segment"]]
    return table


def _joint_level(q: pd.Series | None, alpha: float, control: str) -> tuple[float, int]:
    """Error rate of each interval of a family, and for how many tests it is wide enough.

    Where false finds are counted, the interval that leaves out 0 exactly where the verdict does: with R of m tests called, each at R
    alpha / m (Benjamini and Yekutieli, 2005: of the intervals of what was called, at most alpha are expected to miss). Where no error
    at all is wanted, alpha / m (Bonferroni).

    Examples
    --------
    >>> _joint_level(pd.Series([0.003, 0.003, 0.7, 0.7, 0.7, 0.7]), 0.06, "fdr")
    (0.02, 6)
    >>> _joint_level(pd.Series([0.003, 0.7]), 0.05, "familywise"), _joint_level(None, 0.05, "fdr")
    ((0.025, 2), (0.05, 1))
    """
    tests = 0 if q is None else int(q.notna().sum())
    if q is None or not tests:
        return alpha, 1
    called = int((q <= alpha).sum()) if control != "familywise" else 1
    return alpha * max(called, 1) / tests, tests


def _judge(row: object, side: int | None, alpha: float, finished: bool) -> str:
    """Verdict of a row; ``side`` is that of the limit it passed, None where no looks were planned."""
    if pd.isna(row.lift):  # type: ignore[attr-defined]
        return row.verdict  # type: ignore[attr-defined]
    if not row.error > 0:  # type: ignore[attr-defined]
        return "nothing varied"
    named = "helped" if row.lift > 0 else "harmed"  # type: ignore[attr-defined]
    if not finished:
        return {1: "helped", -1: "harmed"}.get(side or 0, "goes on")
    chance = row.q if row.segment != "all" else row.p if side is None else 0.0  # type: ignore[attr-defined]
    if chance <= alpha and (side is None or side * row.lift > 0):  # type: ignore[attr-defined]
        return named
    return "points to harm" if row.upper < 0 else "no clear difference"  # type: ignore[attr-defined]


def holm_p_values(p: pd.Series) -> pd.Series:
    """Holm's (1979) adjusted p values: keeping those at or under 5 % errs anywhere with a chance of at most 5 %.

    Parameters
    ----------
    p : pandas.Series
        NaN where no test was possible.

    Returns
    -------
    pandas.Series
        On the same index.

    Examples
    --------
    >>> holm_p_values(pd.Series([0.01, 0.04, None, 0.03])).round(3).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    known = p.astype(float).dropna().sort_values(kind="stable")
    scaled = known.to_numpy() * range(len(known), 0, -1)
    known[:] = pd.Series(scaled).cummax().clip(upper=1.0).to_numpy()
    return known.reindex(p.index)
