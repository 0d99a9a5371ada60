"""What accounts do in the product: six quarters of events, journeys, and the demo bookings the campaign causes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..period import Period
from .plan import FAMILIES, QUARTERS, Tier, stream
from .population import Population

__all__ = ["draw_events", "draw_users"]

SHARE_SPREAD = 0.055  # standard deviation of a share of events between accounts of one segment
EVENTS_PER_DAY = 1.28
WITHIN = {  # how the events of a family divide
    "dispatch": (0.68, 0.32),
    "cash": (0.36, 0.38, 0.26),
    "proof": (0.42, 0.38, 0.20),
    "connect": (0.74, 0.26),
    "contracts": (0.62, 0.38),
}
MEDIUMS = ("search", "referral", "email", "social", "trade_show")
MEDIUM_WEIGHTS = {
    "dispatch": (0.34, 0.30, 0.14, 0.14, 0.08),
    "cash": (0.42, 0.18, 0.20, 0.14, 0.06),
    "proof": (0.20, 0.24, 0.22, 0.06, 0.28),
    "connect": (0.36, 0.10, 0.30, 0.16, 0.08),
    "simple": (0.16, 0.58, 0.04, 0.18, 0.04),
    "contracts": (0.22, 0.22, 0.20, 0.06, 0.30),
    None: (0.30, 0.27, 0.18, 0.12, 0.13),
}
RECOGNISED = 0.8  # share of visits to the price page before sign-up that can be told to be the account's
HEARD = {"dispatch": 0.62, "cash": 0.66, "proof": 0.58, "connect": 0.74, "simple": 0.22, "contracts": 0.60, None: 0.60}
ONBOARDED = {
    "dispatch": 0.90,
    "cash": 0.88,
    "proof": 0.92,
    "connect": 0.74,
    "simple": 0.66,
    "contracts": 0.93,
    None: 0.86,
}
WEBINARS = {
    "dispatch": 0.10,
    "cash": 0.12,
    "proof": 0.22,
    "connect": 0.30,
    "simple": 0.02,
    "contracts": 0.26,
    None: 0.16,
}


@dataclass(frozen=True)
class _Quarters:
    """Every pair of an account and a quarter in which it was a customer, and how much it does then."""

    account: np.ndarray
    quarter: np.ndarray
    days: np.ndarray
    counts: np.ndarray  # one column a family
    first: np.ndarray  # seconds since 1970 from which the account is there
    last: np.ndarray


def draw_users(population: Population, seed: int) -> pd.DataFrame:
    """People with a login: user_id, anonymous_id, company position, rank within the account."""
    rng = stream(seed, "users")
    employees = population.accounts["employees"].to_numpy()
    number = np.minimum(1 + rng.poisson(0.42 * np.log1p(employees)), 6)
    account = np.repeat(np.arange(len(number)), number)
    rank = np.concatenate([np.arange(count) for count in number])
    ids = population.accounts.index.to_numpy()[account]
    users = pd.DataFrame({"account": account, "rank": rank, "company_id": ids})
    users["user_id"] = [f"u{company[-7:]}-{position + 1}" for company, position in zip(ids, rank, strict=True)]
    users["anonymous_id"] = [f"{high:08x}-{low:08x}" for high, low in rng.integers(0, 2**32, (len(users), 2))]
    return users


def _seconds(moment: pd.Timestamp) -> int:
    return int((moment - pd.Timestamp("1970-01-01")).total_seconds())


def _shares(population: Population, quarter: int, tier: Tier, rng: np.random.Generator) -> np.ndarray:
    """Planned share of each family for each account in one quarter."""
    mean = population.traits(quarter, "habit", tier)
    noise = rng.standard_normal(mean.shape)
    if tier.separation:
        habit = mean + SHARE_SPREAD * (0.8 * population.factors[:, :5] + 0.6 * noise)
        habit = np.clip(habit, 0.012, None)
        rest = np.clip(1 - habit.sum(axis=1, keepdims=True), 0.05, None)
        planned = np.column_stack([habit, rest])
        return planned / planned.sum(axis=1, keepdims=True)
    # one population: log ratios to the last family follow two common factors, nothing else
    loadings = np.array([[0.5, 0.0], [0.3, 0.4], [0.2, -0.4], [-0.3, 0.4], [-0.2, -0.3]])
    common = population.factors[:, :2] @ loadings.T
    rest = 1 - mean.sum(axis=1, keepdims=True)
    ratio = np.log(mean / rest) + 0.55 * common + 0.30 * population.factors[:, 2:7] + 0.20 * noise
    odds = np.column_stack([np.exp(ratio), np.ones(len(ratio))])
    return odds / odds.sum(axis=1, keepdims=True)


def _plan_quarters(population: Population, tier: Tier, rng: np.random.Generator) -> _Quarters:
    parts: list[tuple[np.ndarray, ...]] = []
    accounts = population.accounts
    born, left = accounts["born"].to_numpy(), accounts["left"].to_numpy()
    created = np.array([_seconds(moment) for moment in accounts["created_at"]])
    leaving = rng.uniform(0.25, 0.8, len(accounts))
    for quarter, name in enumerate(QUARTERS):
        start, end = _seconds(Period.parse(name).start), _seconds(Period.parse(name).end)
        there = np.flatnonzero((born <= quarter) & (left >= quarter))
        first = np.where(born == quarter, created, start)
        last = np.where(left == quarter, start + leaving * (end - start), end).astype(np.int64)
        weight = 0.0 if tier.separation else 0.5
        mean = population.traits(quarter, "days", tier)
        lasting = weight * population.factors[:, 0] + np.sqrt(0.7 - weight**2) * population.factors[:, 7]
        days = mean + (1.2 + 0.16 * mean) * (lasting + np.sqrt(0.3) * rng.standard_normal(len(mean)))
        days = np.clip(np.round(days * (last - first) / (end - start)), 2, 58).astype(int)
        total = np.maximum(
            days, np.round(days * EVENTS_PER_DAY * np.exp(0.06 * rng.standard_normal(len(days))))
        ).astype(int)
        planned = np.cumsum(_shares(population, quarter, tier, rng), axis=1) * total[:, None]
        planned[:, -1] = total
        edges = np.floor(planned + rng.random((len(total), 1))).astype(
            int
        )  # systematic: a count is off its plan by less than one
        edges[:, -1] = total
        counts = np.diff(np.minimum(edges, total[:, None]), axis=1, prepend=0)
        parts.append((there, np.full(len(there), quarter), days[there], counts[there], first[there], last[there]))
    return _Quarters(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _weekdays(first: int, last: int) -> np.ndarray:
    days = np.arange(first // 86400 + 1, last // 86400)
    usual = days[(days + 3) % 7 < 5]  # 1970-01-01 was a Thursday
    return usual if len(usual) >= 2 else days


def _spread_over_days(plan: _Quarters, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Second of each event: every planned active day gets one event, the others fall on the same days."""
    key = rng.random(len(row))
    order = np.lexsort((key, row))
    starts = np.r_[0, np.cumsum(np.bincount(row, minlength=len(plan.days)))[:-1]]
    rank = np.empty(len(row), dtype=int)
    rank[order] = np.arange(len(row)) - starts[row[order]]
    slot = np.where(rank < plan.days[row], rank, (rng.random(len(row)) * plan.days[row]).astype(int))
    chosen = np.zeros((len(plan.days), 60), dtype=np.int64)
    for position, (first, last, days) in enumerate(zip(plan.first, plan.last, plan.days, strict=True)):
        available = _weekdays(int(first), int(last))
        picked = rng.permutation(available)[: min(days, len(available))]
        chosen[position, :days] = np.resize(picked, days)
    hours = np.clip(rng.normal(11.5, 2.7, len(row)), 5.2, 20.5)
    return chosen[row, slot] * 86400 + (hours * 3600).astype(np.int64)


def _product_events(population: Population, plan: _Quarters, tier: Tier, rng: np.random.Generator) -> pd.DataFrame:
    names: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    support = np.empty(len(plan.account))
    for quarter in range(len(QUARTERS)):
        here = plan.quarter == quarter
        support[here] = population.traits(quarter, "support", tier)[plan.account[here]]
    for position, (family, events) in enumerate(FAMILIES.items()):
        row = np.repeat(np.arange(len(plan.account)), plan.counts[:, position])
        rows.append(row)
        if family == "other":
            names.append(np.where(rng.random(len(row)) < support[row], "support_called", "app_opened").astype(object))
        else:
            names.append(rng.choice(np.array(events, dtype=object), len(row), p=WITHIN[family]))
    row = np.concatenate(rows)
    events = pd.DataFrame({"account": plan.account[row], "event": np.concatenate(names)})
    events["second"] = _spread_over_days(plan, row, rng)
    paid = (events["event"] == "payment_received").to_numpy()
    size = np.log(60 + 25 * np.sqrt(population.accounts["employees"].to_numpy()))[events["account"]]
    events["revenue"] = np.where(paid, np.round(np.exp(size + 0.5 * rng.standard_normal(len(events))), 0), np.nan)
    return events.assign(medium=None, logged_in=True)


def _journey_events(population: Population, rng: np.random.Generator) -> pd.DataFrame:
    """Sign-up, trial, onboarding, renewals, churn, webinars and mails of each account."""
    rows: list[tuple[int, str, int, str | None, bool]] = []
    day = 86400
    ends = _seconds(Period.parse(QUARTERS[-1]).end)
    begins = _seconds(Period.parse(QUARTERS[0]).start)
    for account, (_, row) in enumerate(population.accounts.iterrows()):
        start = max(int(row["born"]), 0)
        name = population.segments.iat[account, start]
        created = _seconds(row["created_at"])
        stop = ends
        if row["left"] < len(QUARTERS):
            period = Period.parse(QUARTERS[int(row["left"])])
            stop = int(
                _seconds(period.start) + rng.uniform(0.82, 0.98) * (_seconds(period.end) - _seconds(period.start))
            )
            rows.append((account, "churned", stop, None, True))
        medium = str(rng.choice(np.array(MEDIUMS, dtype=object), p=MEDIUM_WEIGHTS[name]))
        looked = created - int(rng.uniform(1, 30) * day)
        rows.append((account, "pricing_viewed", looked, medium, bool(rng.random() < RECOGNISED)))
        if rng.random() < HEARD[name]:
            rows.append((account, "site_visited", looked - int(rng.uniform(2, 60) * day), medium, True))
        rows.append((account, "signed_up", created, medium, True))
        rows.append((account, "trial_started", created + int(rng.uniform(300, 5000)), None, True))
        if rng.random() < ONBOARDED[name]:
            wait = rng.gamma(4, 22 if name == "connect" else 11) * 0.25 + 2
            rows.append((account, "onboarding_done", min(created + int(wait * day), stop - day), None, True))
        rows += [(account, "renewed", created + year * 365 * day, None, True) for year in range(1, 6)
                 if max(begins, created) < created + year * 365 * day < stop]  # fmt: skip
        for quarter in range(start, min(int(row["left"]) + 1, len(QUARTERS))):
            period = Period.parse(QUARTERS[quarter])
            low, high = max(_seconds(period.start), created) + day, min(_seconds(period.end), stop) - day
            current = population.segments.iat[account, quarter]
            mails = rng.poisson(0.35 if current == "simple" else 0.8)
            rows += [(account, "email_opened", int(rng.integers(low, high)), "email", True) for _ in range(mails)]
            if rng.random() < WEBINARS[current]:
                rows.append((account, "webinar_attended", int(rng.integers(low, high)), "email", True))
    table = pd.DataFrame(rows, columns=["account", "event", "second", "medium", "logged_in"])
    return table.assign(revenue=np.nan)


def draw_events(population: Population, tier: Tier, seed: int, demos: pd.Series) -> pd.DataFrame:
    """All events of the six quarters, plus the sign-up events of older accounts.

    Parameters
    ----------
    demos : pandas.Series
        Moment of the demo booking that followed the campaign, by company_id; only accounts that booked.

    Returns
    -------
    pandas.DataFrame
        ``account`` (position), ``event``, ``second`` (since 1970, UTC), ``revenue``, ``medium``, ``logged_in``; sorted by time.
    """
    rng = stream(seed, "behaviour")
    plan = _plan_quarters(population, tier, rng)
    booked = pd.DataFrame({"account": population.accounts.index.get_indexer(demos.index), "event": "demo_booked"})
    booked["second"] = [_seconds(moment) for moment in demos]
    booked = booked.assign(revenue=np.nan, medium="email", logged_in=True)
    parts = [
        _product_events(population, plan, tier, rng),
        _journey_events(population, stream(seed, "journeys")),
        booked,
    ]
    events = pd.concat([part.astype({"medium": object}) for part in parts], ignore_index=True)
    return events.sort_values(["second", "account", "event"], kind="stable", ignore_index=True)
