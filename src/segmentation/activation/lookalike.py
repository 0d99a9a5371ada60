"""Who else might do what some did: positive-unlabelled ranking, judged by those who did it later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..features.effects import standardised_difference
from ..features.leaks import area_under_curve, screen_columns
from ..period import Period
from ..study import Lookalike, Study
from .lookalike_model import bag_scores, find_rule, measure_recovery, measure_separation, recovery_at

__all__ = ["FEWEST", "Ranked", "find_lookalikes", "first_seed_times"]

FEWEST = 20  # seeds before, and new ones in the period, below which nothing is claimed


@dataclass(frozen=True)
class Ranked:
    """Units ranked by how much they resemble those who did something, and what that is worth.

    Attributes
    ----------
    label : str
        What seeds did.
    seeds_then, pool_then, hidden : int
        Seeds before the period; units that were none; those of them that became one in the period.
    recovery : pandas.DataFrame
        A row a band: band, k, model, model_lower, model_upper, rule, chance, over_rule, over_rule_lower, over_rule_upper, over_chance,
        over_chance_lower, over_chance_upper. Shares of ``hidden`` found among the k ranked first.
    rule : str
        Variable of the one-rule baseline; "" if there is none.
    rule_high : bool
        Whether high values come first.
    without_rule : float
        What the model finds in the last band without that variable.
    auc, auc_seed : float
        Area under the curve on hidden units; of telling seeds from the pool.
    prior : float
        Share of the pool that would be like seeds by Elkan and Noto (2008).
    left_out : pandas.DataFrame
        Variables not used: variable, why.
    ranking : pandas.DataFrame
        Index unit: score, place (1 is first), band (smallest band it is in; NaN outside all), of units that are no seeds now.
    drift : pandas.DataFrame
        variable, expansion (last band against seeds), pool (everybody ranked against seeds): standardised differences.
    verdict : {"beats the rule", "beats chance only", "beats nothing", "too few", "no variable"}
    """

    label: str
    seeds_then: int
    pool_then: int
    hidden: int
    recovery: pd.DataFrame
    rule: str
    rule_high: bool
    without_rule: float
    auc: float
    auc_seed: float
    prior: float
    left_out: pd.DataFrame
    ranking: pd.DataFrame
    drift: pd.DataFrame
    verdict: str


def first_seed_times(events: pd.DataFrame, unit: str, seed: tuple[str, ...]) -> pd.Series:
    """When each unit first did what makes it a seed.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns ``unit``, event, timestamp.
    unit : str
    seed : tuple of str

    Returns
    -------
    pandas.Series
        Timestamp by unit; units that never did are not in it.

    Raises
    ------
    ParameterError
        If an event never occurred.

    Examples
    --------
    >>> events = pd.DataFrame({"u": ["a", "a"], "event": ["won", "won"], "timestamp": pd.to_datetime(["2026-02-01", "2026-01-01"])})
    >>> str(first_seed_times(events, "u", ("won",))["a"].date())
    '2026-01-01'
    """
    missing = [name for name in seed if name not in set(events["event"])]
    if missing:
        raise ParameterError(f"lookalike.seed: no event {', '.join(map(repr, missing))} before the end of the period")
    rows = events[events["event"].isin(seed)]
    return rows.groupby(rows[unit].astype(str))["timestamp"].min()


def find_lookalikes(
    before: pd.DataFrame,
    now: pd.DataFrame,
    times: pd.Series,
    study: Study,
    period: Period,
    *,
    leave_out: pd.Index | None = None,
) -> Ranked:
    """Rank units that are no seeds by their likeness to seeds, and test the ranking on those who became seeds later.

    The test: a model learns from features and seeds of the quarter before and ranks those who were none; found are those of them that
    became seeds in the period. The ranking given out is learned from features and seeds of the period.

    Parameters
    ----------
    before, now : pandas.DataFrame
        Features of the quarter before and of the period, by unit, in natural units.
    times : pandas.Series
        As ``first_seed_times`` gives them.
    study : Study
        With ``lookalike``.
    period : Period
    leave_out : pandas.Index, optional
        Units never ranked (suppressed).

    Returns
    -------
    Ranked

    Raises
    ------
    ParameterError
        If the study has no ``lookalike``.

    Notes
    -----
    Bagging for positive and unlabelled data (Mordelet and Vert 2014): 20 logistic regressions of all seeds against as many drawn from
    the rest; a unit's score is the mean over the models that did not see it. Intervals: bootstrap over the units that became seeds, the
    ranking held fixed, so they do not hold what another training quarter would give.
    """
    spec = study.lookalike
    if spec is None:
        raise ParameterError("the study has no lookalike: name the events that make a seed under lookalike.seed")
    spared = pd.Index([]) if leave_out is None else leave_out
    then = before.loc[before.index.difference(spared)]
    seed_then = then.index.isin(times.index[times < period.start])
    hidden = then.index.isin(times.index[(times >= period.start) & (times < period.end)]) & ~seed_then
    names, left_out = _usable(then, seed_then, spec, study)
    facts = {
        "label": spec.words, "seeds_then": int(seed_then.sum()), "pool_then": int((~seed_then).sum()), "hidden": int(hidden.sum()),
        "left_out": left_out,
    }  # fmt: skip
    if not names or min(facts["seeds_then"], facts["hidden"]) < FEWEST:
        return _nothing(facts, "no variable" if not names else "too few")
    tested = _test_ranking(then[names], seed_then, hidden[~seed_then], spec, study)
    ranking, drift = _rank_now(now.loc[now.index.difference(spared)], times, names, spec, study)
    return Ranked(**facts, **tested, ranking=ranking, drift=drift)


def _test_ranking(
    values: pd.DataFrame, seed: np.ndarray, late: np.ndarray, spec: Lookalike, study: Study
) -> dict[str, Any]:
    """Learn from the quarter before and see whom of those who came later (``late``, of the units that are no seeds) it finds."""
    state = study.choices.random_state
    score = bag_scores(values, seed, state)
    rule, high, one = find_rule(values, seed, state)
    recovery = measure_recovery(score, one, late, spec.bands, (study.choices.draws, state))
    others = [name for name in values if name != rule]
    less = bag_scores(values[others], seed, state) if others else np.zeros(len(late))
    last = recovery.iloc[-1]
    verdict = "beats nothing"
    if last["over_chance_lower"] > 0:
        verdict = "beats the rule" if last["over_rule_lower"] > 0 else "beats chance only"
    auc_seed, prior = measure_separation(values, seed)
    return {
        "recovery": recovery, "rule": rule, "rule_high": high, "without_rule": recovery_at(less, late, int(last["k"])),
        "auc": area_under_curve(score, late), "auc_seed": auc_seed, "prior": prior, "verdict": verdict,
    }  # fmt: skip


def _nothing(facts: dict, verdict: str) -> Ranked:
    nan = float("nan")
    ranking = pd.DataFrame({"score": [], "place": [], "band": []}, dtype=float)
    empty = pd.DataFrame()
    return Ranked(
        **facts, recovery=empty, rule="", rule_high=True, without_rule=nan, auc=nan, auc_seed=nan, prior=nan, ranking=ranking,
        drift=empty, verdict=verdict,
    )  # fmt: skip


def _usable(values: pd.DataFrame, seed: np.ndarray, spec: Lookalike, study: Study) -> tuple[list[str], pd.DataFrame]:
    """Variables that may predict, and why the others may not."""
    why = {}
    for variable in study.variables:
        if variable.name not in values or variable.role in ("outcome", "weight"):
            why[variable.name] = f"its role is {variable.role}"
        elif set(variable.events) & set(spec.seed):
            why[variable.name] = "it counts what makes a seed"
        elif values[variable.name].nunique() < 2:
            why[variable.name] = "it is the same for everybody, or missing"
    free = [v.name for v in study.variables if v.name not in why]
    outcome = pd.Series(seed.astype(float), index=values.index, name="seed")
    leaks = screen_columns({name: values[name] for name in free}, outcome)
    why |= {
        row.column: "it gives seeds away" if row.reason == "predicts" else "it is filled in only for one side"
        for row in leaks.itertuples()
    }
    names = [name for name in free if name not in why]
    return names, pd.DataFrame(list(why.items()), columns=["variable", "why"])


def _rank_now(
    values: pd.DataFrame, times: pd.Series, names: list[str], spec: Lookalike, study: Study
) -> tuple[pd.DataFrame, pd.DataFrame]:
    seed = values.index.isin(times.index)
    pool = values.index[~seed]
    if not seed.any() or not len(pool):
        return pd.DataFrame({"score": [], "place": [], "band": []}, dtype=float), pd.DataFrame()
    score = pd.Series(bag_scores(values[names], seed, study.choices.random_state), index=pool, name="score")
    ranking = score.sort_values(ascending=False, kind="stable").to_frame()
    ranking["place"] = np.arange(1, len(ranking) + 1)
    limits = [int(np.ceil(band * len(ranking))) for band in spec.bands]
    inside = np.searchsorted(limits, ranking["place"], side="left")
    ranking["band"] = [spec.bands[i] if i < len(limits) else np.nan for i in inside]
    first = ranking.index[ranking["band"].notna()]
    rows = []
    for name in names:
        if pd.api.types.is_numeric_dtype(values[name].dtype):
            of_seeds = values.loc[seed, name].dropna().to_numpy()
            parts = [values.loc[ids, name].dropna().to_numpy() for ids in (first, pool)]
            rows.append((name, *(standardised_difference(part, of_seeds) for part in parts)))
    return ranking, pd.DataFrame(rows, columns=["variable", "expansion", "pool"])
