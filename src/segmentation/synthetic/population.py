"""Accounts and their history: who is in which segment in which quarter, and what kind of company it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..period import Period
from .plan import COUNTRIES, QUARTERS, SEGMENTS, Tier, stream

__all__ = ["Population", "build_population", "read_interviewee_plan"]

ACCOUNTS = 1200
DUPLICATES = 12
TYPICAL_OF = 12  # an interviewee is the most typical of so many accounts that suit
FIRST_ID = 7120400311  # HubSpot record ids are long integers
MOVERS = (0.065, 0.058, 0.071, 0.010, 0.054)  # candidates a quarter; about a fifth of them draw the segment they had
COUNTRY_WEIGHTS = np.array([0.34, 0.12, 0.20, 0.14, 0.20])


@dataclass(frozen=True)
class Population:
    """Accounts of the study.

    Attributes
    ----------
    accounts : pandas.DataFrame
        Index company_id; one row an account (duplicates are not accounts of their own).
    segments : pandas.DataFrame
        Index company_id; one column a quarter: name of the planted segment, or None where there is none.
    factors : numpy.ndarray of shape (n_accounts, n_factors)
        Lasting differences between accounts of one segment, standard normal.
    duplicates : pandas.DataFrame
        ``company_id`` of the second record and ``duplicate_of``.
    """

    accounts: pd.DataFrame
    segments: pd.DataFrame
    factors: np.ndarray
    duplicates: pd.DataFrame

    def traits(self, quarter: int, field: str, tier: Tier) -> np.ndarray:
        """Planted value of a segment field for each account; what forms the segments differs as widely as the tier says."""
        width = tier.separation if field in ("need", "habit", "days") else 1.0
        values = {segment.name: np.asarray(getattr(segment, field), dtype=float) for segment in SEGMENTS}
        weights = np.array([segment.share for segment in SEGMENTS])
        centre = np.tensordot(weights, np.array(list(values.values())), axes=1)
        names = self.segments.iloc[:, quarter]
        return np.array([centre if name is None else centre + width * (values[name] - centre) for name in names])


def read_interviewee_plan(templates: Path) -> pd.DataFrame:
    """Who was interviewed: index participant; segment, role, trade, employees, country, format, interviewed_at."""
    return pd.read_csv(templates / "interviewees.csv", index_col="participant")


def _first_segments(rng: np.random.Generator) -> np.ndarray:
    counts = [round(segment.start * ACCOUNTS) for segment in SEGMENTS]
    return rng.permutation(np.repeat([segment.name for segment in SEGMENTS], counts)).astype(object)


def _exchange(current: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Let some accounts swap segments; sizes stay as they are."""
    moved = current.copy()
    chosen = rng.choice(len(current), round(share * len(current)), replace=False)
    moved[chosen] = current[rng.permutation(chosen)]
    return moved


def _found_contracts(current: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sixth segment is formed by accounts that leave the five others."""
    moved = current.copy()
    for segment in SEGMENTS[:-1]:
        members = np.flatnonzero(current == segment.name)
        leaving = len(members) - round(segment.share * ACCOUNTS)
        moved[rng.choice(members, max(leaving, 0), replace=False)] = "contracts"
    return moved


def _histories(tier: Tier, rng: np.random.Generator) -> np.ndarray:
    if tier.separation == 0:
        return np.full((ACCOUNTS, len(QUARTERS)), None, dtype=object)
    history = [_first_segments(rng)]
    for quarter, share in enumerate(MOVERS, start=1):
        current = _exchange(history[-1], share, rng)
        if QUARTERS[quarter] == "2026Q2":
            current = _found_contracts(current, rng)
        if QUARTERS[quarter] == "2026Q3":
            candidates = np.flatnonzero(np.isin(current, ["proof", "dispatch"]))
            current[rng.choice(candidates, 12, replace=False)] = "contracts"
        history.append(current)
    return np.column_stack(history)


def _trades(segments: np.ndarray, rng: np.random.Generator, templates: Path) -> pd.Series:
    table = pd.read_csv(templates / "trades.csv", index_col="trade")
    names = [segment.name for segment in SEGMENTS]
    even = table[names].mean(axis=1)
    chosen = []
    for segment in segments:
        weights = even if segment is None else table[segment]
        chosen.append(rng.choice(table.index.to_numpy(), p=(weights / weights.sum()).to_numpy()))
    return pd.Series(chosen, dtype=object)


def _calendar(segments: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Quarter in which an account was created (-1: before the export begins) and in which it left (6: it did not)."""
    born = rng.choice([-1, 0, 1, 2, 3, 4], ACCOUNTS, p=[0.80, 0.04, 0.04, 0.04, 0.04, 0.04])
    left = np.full(ACCOUNTS, len(QUARTERS))
    churn = {segment.name: segment.churn for segment in SEGMENTS} | {None: 0.017}
    for quarter in range(1, len(QUARTERS)):
        risk = np.array([churn[name] for name in segments[:, quarter]])
        goes = (rng.random(ACCOUNTS) < risk) & (born < quarter - 1) & (left > quarter)
        left[goes] = quarter
    return born, left


def _created(born: np.ndarray, rng: np.random.Generator) -> pd.DatetimeIndex:
    first, last = pd.Timestamp("2021-02-01"), pd.Timestamp("2025-03-20")
    times = []
    for quarter in born:
        low = first if quarter < 0 else Period.parse(QUARTERS[quarter]).start
        high = last if quarter < 0 else Period.parse(QUARTERS[quarter]).end - pd.Timedelta(days=25)
        minutes = rng.integers(0, int((high - low).total_seconds() // 60))
        times.append(low + pd.Timedelta(minutes=int(minutes)))
    return pd.DatetimeIndex(times)


def _place_interviewees(
    accounts: pd.DataFrame, segments: np.ndarray, factors: np.ndarray, rng: np.random.Generator, templates: Path
) -> pd.DataFrame:
    """Give 24 accounts the trade, country and headcount of the people who were interviewed; the team chose typical ones."""
    accounts = accounts.copy()
    accounts["participant"] = None
    for participant, row in read_interviewee_plan(templates).iterrows():
        suits = accounts["participant"].isna() & (accounts["born"] < 1) & (accounts["left"] >= len(QUARTERS))
        if segments[0, 0] is not None:
            suits &= (segments[:, 4] == row["segment"]) & (segments[:, 5] == row["segment"])
        some = rng.permutation(np.flatnonzero(suits.to_numpy()))[:TYPICAL_OF]
        chosen = accounts.index[some[np.argmin(np.abs(factors[some]).max(axis=1))]]
        accounts.loc[chosen, ["participant", "trade", "country", "employees"]] = [
            participant, row["trade"], row["country"], float(row["employees"]),
        ]  # fmt: skip
    return accounts


def build_population(tier: Tier, seed: int, templates: Path) -> Population:
    """Draw the accounts, their segments over six quarters and their firmographics."""
    rng = stream(seed, "population")
    history = _histories(tier, rng)
    born, left = _calendar(history, rng)
    ids = FIRST_ID + np.cumsum(rng.integers(11, 9000, ACCOUNTS + DUPLICATES))
    index = pd.Index([str(number) for number in ids[:ACCOUNTS]], name="company_id")
    segments = pd.DataFrame(history, index=index, columns=list(QUARTERS), dtype=object)
    factors = rng.standard_normal((ACCOUNTS, 12))
    accounts = pd.DataFrame({"born": born, "left": left, "created_at": _created(born, rng)}, index=index)
    accounts["trade"] = _trades(history[:, -1], rng, templates).to_numpy()
    accounts["country"] = rng.choice(np.array(COUNTRIES, dtype=object), ACCOUNTS, p=COUNTRY_WEIGHTS)
    population = Population(accounts, segments, factors, pd.DataFrame())
    median = np.log(population.traits(5, "employees", tier))
    accounts["employees"] = np.maximum(1, np.round(np.exp(median + 0.6 * rng.standard_normal(ACCOUNTS))))
    price = population.traits(5, "price", tier) + 3.5 * rng.standard_normal(ACCOUNTS)
    accounts["seat_price"] = np.round(np.clip(price, 12, 60) * 2) / 2
    accounts["seats"] = np.maximum(1, np.round(accounts["employees"] * rng.uniform(0.45, 0.85, ACCOUNTS)))
    accounts = _place_interviewees(accounts, history, factors, rng, templates)
    twins = rng.choice(index[(born < 0) & accounts["participant"].isna().to_numpy()], DUPLICATES, replace=False)
    duplicates = pd.DataFrame({"company_id": [str(number) for number in ids[ACCOUNTS:]], "duplicate_of": twins})
    return Population(accounts, segments, factors, duplicates)
