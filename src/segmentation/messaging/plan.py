"""Broad first, narrow later: on which channel a persona may have a message of its own, and how many people that takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..study import Study
from ..words import few_words, join_words, source_words
from .limits import channel_words
from .reach import describe_reach

__all__ = [
    "PLAN_COLUMNS", "describe_channel_plan", "detectable_lift", "needed_people", "plan_channels",
    "tabulate_channel_plan",
]  # fmt: skip

PLAN_COLUMNS = (
    "channel", "used", "segment", "persona_id", "baseline", "lift", "needed", "people", "reachable", "detectable", "proposal", "withheld",
)  # fmt: skip
ALPHA, POWER = 0.05, 0.8


def needed_people(baseline: float, lift: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """People in each of two arms, to find a relative difference between two shares.

    Two-sided normal test of two shares, pooled under "no difference" (Fleiss, Statistical Methods for Rates and
    Proportions, 1981, ch. 3; without continuity correction).

    Parameters
    ----------
    baseline : float
        Share that answers without the new message.
    lift : float
        Relative difference: 0.3 is 30 % more.
    alpha, power : float
        Error rates.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If baseline does not lie between 0 and 1, or the lifted share would reach 1.

    Examples
    --------
    >>> needed_people(0.05, 0.3)
    3780
    """
    target = baseline * (1 + lift)
    if not 0 < baseline < 1 or not baseline < target < 1:
        raise ParameterError(f"baseline and the lifted share must lie between 0 and 1; got {baseline} and {target:.3f}")
    from scipy.stats import norm

    middle = (baseline + target) / 2
    spread = norm.ppf(1 - alpha / 2) * np.sqrt(2 * middle * (1 - middle))
    spread += norm.ppf(power) * np.sqrt(baseline * (1 - baseline) + target * (1 - target))
    return int(np.ceil((spread / (target - baseline)) ** 2))


def detectable_lift(baseline: float, people: int, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """Smallest relative difference that two arms of this many people in all can find; NaN where none can.

    Examples
    --------
    >>> round(detectable_lift(0.05, 2 * 3780), 2)
    0.3
    >>> detectable_lift(0.9, 10)
    nan
    """
    highest = (1 - 1e-9) / baseline - 1
    if people < 2 or needed_people(baseline, highest, alpha=alpha, power=power) > people / 2:
        return float("nan")
    low, high = 1e-6, highest
    while high - low > 1e-4:
        middle = (low + high) / 2
        enough = needed_people(baseline, middle, alpha=alpha, power=power) <= people / 2
        low, high = (low, middle) if enough else (middle, high)
    return high


def plan_channels(study: Study, reachable: pd.DataFrame) -> pd.DataFrame:
    """Whom to address on each channel: the persona where enough people can be reached to tell whether it works, else broader.

    The rule: a channel that was not used before starts with the whole segment. On a channel in use a persona gets a message of
    its own when the people who can be reached are enough for two arms that find the smallest difference worth finding (two-sided
    5 %, power 80 %); else the segment, if that is enough for the segment, else everybody.

    Parameters
    ----------
    study : Study
        ``messaging.channels`` has baseline, lift and whether a channel was used.
    reachable : pandas.DataFrame
        As ``count_reachable`` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns ``PLAN_COLUMNS``: needed (people in both arms together), detectable (smallest relative difference the reachable
        people can find), proposal ("persona", "segment" or "everybody"); rows of personas, and of segments with persona_id "".
    """
    rows = []
    for channel, plan in study.messaging.channels.items():
        needed = 2 * needed_people(plan.baseline, plan.lift)
        counts = reachable[reachable["channel"] == channel].set_index(["segment", "persona_id"])
        for (segment, persona), row in counts.iterrows():
            if segment == "all":
                continue
            broad = int(counts.at[(segment, ""), "reachable"])
            enough = row["reachable"] >= needed
            if persona:
                proposal = (
                    "persona"
                    if plan.used and enough
                    else "segment"
                    if not plan.used or broad >= needed
                    else "everybody"
                )
            else:
                proposal = "segment" if enough or not plan.used else "everybody"
            rows.append({
                "channel": channel, "used": plan.used, "segment": segment, "persona_id": persona, "baseline": plan.baseline,
                "lift": plan.lift, "needed": needed, "people": int(row["people"]), "reachable": int(row["reachable"]),
                "detectable": detectable_lift(plan.baseline, int(row["reachable"])), "proposal": proposal,
                "withheld": int(row["units"]) < study.choices.min_cell,
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def describe_channel_plan(
    plan: pd.DataFrame, reachable: pd.DataFrame, *, names: Mapping[str, str] | None = None, units: str = "units"
) -> Reading | Callout:
    """What to start with on each channel, and when personas may follow, in plain sentences.

    Parameters
    ----------
    plan : pandas.DataFrame
        As ``plan_channels`` returns it.
    reachable : pandas.DataFrame
        As ``count_reachable`` returns it.
    names : mapping of str to str, optional
        Persona id to name.
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
    """
    if plan.empty:
        text = "Under messaging: channels:, say what share answers today, and it can be said how many people a persona needs."
        return Callout("absent", "This study says nothing of the channels it uses.", text)
    totals = reachable[reachable["segment"] == "all"].set_index("channel")["reachable"]
    paragraphs = [
        "A message of its own for a persona is worth it when it can be told apart from the broad one. How many people that takes: two "
        "arms that find the smallest difference worth finding 4 times of 5 (power 80 %), and a difference that is not there 1 time of "
        "20 (two-sided 5 %).",
        describe_reach(reachable, units),
    ]
    for channel, rows in plan.groupby("channel", sort=False):
        total = int(totals.get(channel, 0))
        first, personas = rows.iloc[0], rows[(rows["persona_id"] != "") & ~rows["withheld"]]
        size = f"{first['lift']:.0%} more than {first['baseline']:.0%} takes {first['needed']:,d} people"
        most = (
            f"the largest persona has {personas['reachable'].max():,d}"
            if len(personas)
            else "no persona can be counted"
        )
        able = personas[personas["proposal"] == "persona"]["persona_id"]
        name = channel_words(str(channel))
        if not first["used"]:
            sentence = (
                f"{name}: not used before, so begin with the broad message to each segment. Finding {size}; {most}."
            )
            sentence += " Go to personas when that many of one can be reached." if total >= first["needed"] else ""
        elif len(able):
            who = join_words((names or {}).get(p, p) for p in able)
            sentence = f"{name}: enough people for a message of its own: {who}. Finding {size}."
        else:
            sentence = f"{name}: no persona has enough people yet. Finding {size}; {most}. Stay broad."
        if total < first["needed"]:
            able_to = detectable_lift(float(first["baseline"]), total)
            least = f"differences under {able_to:.0%}" if not np.isnan(able_to) else "any difference"
            sentence += f" Even everybody together, {total:,d} people, cannot show {least}: count an earlier step, or wait longer."
        paragraphs.append(sentence[0].upper() + sentence[1:])
    return Reading(paragraphs)


def tabulate_channel_plan(
    plan: pd.DataFrame, *, names: Mapping[str, str] | None = None, min_cell: int = 10, source: str = ""
) -> Table:
    """Table of channels by persona with people reachable and needed."""
    rows = plan[(plan["persona_id"] != "")]
    shown = rows[~rows["withheld"].astype(bool)]
    frame = pd.DataFrame({
        "Channel": shown["channel"].map(channel_words).astype("str"),
        "Used before": shown["used"].map({True: "yes", False: "no"}).astype("str"),
        "Persona": [(names or {}).get(persona, persona) for persona in shown["persona_id"]],
        "On file": [few_words(int(n), min_cell) for n in shown["people"]],
        "Reachable": [few_words(int(n), min_cell) for n in shown["reachable"]],
        "Needed": shown["needed"].astype("int64"),
        "Can find a difference of": [_more(value) for value in shown["detectable"]],
        "Address": shown["proposal"].astype("str"),
    })  # fmt: skip
    note = (
        "On file: people of the persona's accounts. Reachable: those whom the channel can reach. Needed: people in two arms together. "
        "Can find a difference of: the smallest, relative to the share that answers today."
    )
    caption = f"Whom to address on each channel.{source_words(source)}"
    return Table(frame, caption, None, note, empty="No channel is planned.")


def _more(lift: float) -> str:
    return "none" if np.isnan(lift) else f"{lift:.0%}"
