"""An A/B campaign by e-mail, randomised by account, whose effect differs by segment; and what sales wrote down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import yaml

from ..period import Period
from .plan import QUARTERS, SEGMENTS, TEMPLATES, Tier, stream
from .population import Population

__all__ = ["BEFORE", "CHANNELS", "EXPERIMENT", "Campaign", "draw_campaign", "draw_feedback"]

EXPERIMENT = "route-planner"

LAUNCH = pd.Timestamp("2026-07-14 08:00")
CHANNELS = {"newsletter": 0.6, "account_manager": 0.4}  # who sends the mail; makes no difference to what it does
BEFORE = (
    0.2,
    0.9,
)  # demos in the year before, on average: of who would not have booked after version A, and of who would
NO_SEGMENTS = (0.20, 0.03)  # chance of booking a demo after version A and what B adds, in a world without segments


@dataclass(frozen=True)
class Campaign:
    """Assignment and result.

    Attributes
    ----------
    assignment : pandas.DataFrame
        company_id, arm (``A`` the message all had so far, ``B`` the new one), assigned_at, exposed_at, channel, demos_before (in
        the year before the campaign).
    demos : pandas.Series
        Moment of the booking, by company_id.
    effects : pandas.DataFrame
        segment, planted lift, realised lift and numbers by arm.
    """

    assignment: pd.DataFrame
    demos: pd.Series
    effects: pd.DataFrame


def draw_campaign(population: Population, tier: Tier, seed: int) -> Campaign:
    """Draw arms by chance, outcomes by the planted rate of each segment and arm."""
    rng = stream(seed, "campaign")
    accounts = population.accounts
    reached = accounts.index[(accounts["left"] >= len(QUARTERS)).to_numpy()]
    segment = population.segments.loc[reached, QUARTERS[-1]]
    arm = pd.Series("A", index=reached, dtype=object)
    booked = pd.Series(0, index=reached)
    planted = pd.DataFrame(0.0, index=reached, columns=["A", "B"])
    chances = {kind.name: (kind.booking, kind.lift) for kind in SEGMENTS} | {None: NO_SEGMENTS}
    groups = [None] if tier.separation == 0 else [kind.name for kind in SEGMENTS]
    effects = []
    for name in groups:
        members = reached if name is None else reached[(segment == name).to_numpy()]
        treated = rng.permutation(members)[: len(members) // 2 + int(rng.integers(0, 2)) * (len(members) % 2)]
        arm[treated] = "B"
        base, lift = chances[name]
        planted.loc[members] = base, base + lift
        rates = {}
        for which, chance in (("A", base), ("B", base + lift)):
            people = members[(arm[members] == which).to_numpy()]
            booked[rng.permutation(people)[: round(chance * len(people))]] = 1
            rates[which] = (len(people), float(booked[people].mean()))
        effects.append({"segment": name, "planted_lift": lift, "realised_lift": round(rates["B"][1] - rates["A"][1], 4),
                        "n_A": rates["A"][0], "n_B": rates["B"][0]})  # fmt: skip
    exposed = LAUNCH + pd.to_timedelta(rng.integers(0, 3 * 3600, len(reached)), unit="s")
    assignment = pd.DataFrame({"experiment_id": EXPERIMENT, "company_id": reached, "arm": arm.to_numpy(),
                               "assigned_at": "2026-07-13 10:00:00", "exposed_at": exposed.astype(str)})  # fmt: skip
    later = pd.to_timedelta(rng.integers(1800, 28 * 86400, len(reached)), unit="s")
    moments = pd.Series(exposed + later, index=reached)
    assignment = assignment.assign(**_draw_before(planted, arm, booked == 1, seed))
    return Campaign(assignment, moments[(booked == 1).to_numpy()], pd.DataFrame(effects))


def _draw_before(planted: pd.DataFrame, arm: pd.Series, booked: pd.Series, seed: int) -> dict[str, np.ndarray]:
    """Channel by chance, and demos of the year before, which hang on what an account would have done after version A.

    Of accounts that got B this is not known and drawn from their planted chances, so that the arms do not differ in it.
    """
    rng = stream(seed, "campaign before")
    base, other = planted["A"], planted["B"]  # whoever books after the weaker version books after the stronger one too
    chance = np.where(booked, (base / other).clip(upper=1.0), ((base - other) / (1 - other)).clip(lower=0.0))
    would = np.where(arm == "A", booked, rng.random(len(arm)) < chance)
    return {
        "channel": rng.choice(list(CHANNELS), len(arm), p=list(CHANNELS.values())),
        "demos_before": rng.poisson(np.where(would, BEFORE[1], BEFORE[0])),
    }


def draw_feedback(population: Population, deals: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What sales wrote down after conversations about expansion deals of the last two quarters."""
    rng = stream(seed, "feedback")
    habits = yaml.safe_load((TEMPLATES / "feedback.yaml").read_text(encoding="utf-8"))
    start, end = Period.parse(QUARTERS[-2]).start, Period.parse(QUARTERS[-1]).end
    closed = deals["shut"].fillna(deals["opened"])
    recent = deals[(deals["kind"] == "existingbusiness") & (deals["opened"] >= start) & (closed < end)].sort_values(
        "opened"
    )
    rows = []
    for deal in recent.itertuples():
        segment = population.segments.at[deal.company_id, QUARTERS[-1]] or str(rng.choice(list(habits)))
        habit = habits[segment]
        true = _pick(habit["personas"], rng)
        wrong = rng.random() < habit["mistakes"]
        outcome = {"Closed Won": "won", "Closed Lost": "lost"}.get(deal.stage, "open")
        when = closed[deal.Index] - pd.Timedelta(days=int(rng.integers(0, 3)))
        rows.append({
            "date": max(when, deal.opened).strftime("%Y-%m-%d"), "rep": f"rep-{int(rng.integers(1, 7))}", "deal_id": deal.deal_id,
            "persona_said": habit["mistaken"][true] if wrong else true, "persona_true": true if rng.random() < 0.8 else "",
            "blocker_role": _pick(habit["blockers"], rng) if outcome == "lost" else "",
            "objection": _pick(habit["objections"], rng) if outcome != "won" or rng.random() < 0.3 else "",
            "message_id": str(rng.choice(habit["messages"])), "outcome": outcome, "note": "",
        })  # fmt: skip
    return pd.DataFrame(rows).sort_values(["date", "deal_id"], ignore_index=True)


def _pick(weights: dict[str, float], rng: np.random.Generator) -> str:
    return str(rng.choice(list(weights), p=list(weights.values())))
