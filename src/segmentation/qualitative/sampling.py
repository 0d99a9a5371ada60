"""Whom to interview next: typical people, people on the border, the whole spread, and those who do not fit.

Interviewing whoever answers gives the talkative and the pleased. The plan names who is to be asked, why, and who stands in for
whom, before anybody is called.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words

__all__ = ["SamplingPlan", "describe_plan", "plan_interviews", "tabulate_plan"]

SLOTS = {"core": 0.5, "boundary": 0.2, "spread": 0.2, "deviant": 0.1}
COLUMNS = ["segment", "slot", "place", "unit", "stands", "rival", "reason"]
MEANINGS = {
    "core": "typical: nearest to the segment's centre",
    "boundary": "on the border: almost as near to another segment",
    "spread": "far from those already chosen, so that the whole segment is heard",
    "deviant": "fits its segment least: what does the segment not explain?",
}


@dataclass(frozen=True)
class SamplingPlan:
    """Who is to be asked.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a person to ask: segment, slot (core, boundary, spread, deviant), place (1 is asked first), unit, stands ("asked" or
        "reserve"), rival (the other segment, on the border), reason.
    quotas : pandas.DataFrame
        Index segment; members, eligible, wanted (interviews), invitations (to be sent, going by the response rate), short (wanted but
        nobody left to ask).
    response_rate : float
    already : int
        Units left out because they were interviewed before.
    excluded : int
        Units left out because they may not be asked.
    """

    table: pd.DataFrame
    quotas: pd.DataFrame
    response_rate: float
    already: int
    excluded: int


def plan_interviews(
    encoded: pd.DataFrame,
    membership: pd.DataFrame,
    *,
    per_segment: int = 8,
    reserves: int = 2,
    response_rate: float = 0.25,
    excluded: Iterable[str] = (),
    interviewed: Iterable[str] = (),
) -> SamplingPlan:
    """Name people to interview in each segment.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit.
    membership : pandas.DataFrame
        Index unit; columns segment, second, margin. Units with every base variable are considered.
    per_segment : int
        Interviews wanted a segment; 6 to 9 hear most of what a like-minded group has to say.
    reserves : int
        People named behind each one asked, for refusals.
    response_rate : float
        Share of those invited who come, 0 to 1.
    excluded, interviewed : iterable of str
        Units that may not be asked (opted out, employees), and those interviewed before.

    Returns
    -------
    SamplingPlan
        Empty if nobody has a segment. The same input gives the same plan: nothing is drawn by chance.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    Half of a segment's interviews are core (smallest distance to the segment's mean), a fifth boundary (smallest margin), a fifth
    spread (farthest first from those chosen), a tenth deviant (largest distance); at least one of each from four interviews on.
    """
    if per_segment < 1 or reserves < 0 or not 0 < response_rate <= 1:
        raise ParameterError(
            "per_segment must be at least 1, reserves at least 0 and response_rate above 0 and at most 1; "
            f"got {per_segment}, {reserves}, {response_rate}"
        )
    complete = encoded.dropna().index.intersection(membership.index[membership["segment"].notna()])
    barred, done = {str(unit) for unit in excluded}, {str(unit) for unit in interviewed}
    open_units = [unit for unit in complete if str(unit) not in barred and str(unit) not in done]
    rows, quotas = [], []
    segments = membership["segment"].astype(object)
    for segment in sorted(segments.dropna().unique(), key=_number):
        members = [unit for unit in open_units if segments[unit] == segment]
        everyone = encoded.loc[[unit for unit in complete if segments[unit] == segment]]
        chosen = _choose(encoded.loc[members], everyone, membership.loc[members], per_segment, reserves)
        rows += [(segment, *row) for row in chosen]
        asked = sum(stands == "asked" for *_, stands, _, _ in chosen)
        quotas.append(
            (segment, int((segments == segment).sum()), len(members), per_segment,
             math.ceil(per_segment / response_rate), per_segment - asked)
        )  # fmt: skip
    columns = ["segment", "members", "eligible", "wanted", "invitations", "short"]
    placed = {str(unit) for unit in segments.index[segments.notna()]}
    return SamplingPlan(
        table=pd.DataFrame(rows, columns=COLUMNS),
        quotas=pd.DataFrame(quotas, columns=columns).set_index("segment"),
        response_rate=response_rate,
        already=len(done & placed),
        excluded=len(barred & placed),
    )


def describe_plan(plan: SamplingPlan, *, units: str = "units") -> Reading | Callout:
    """The plan in words.

    Examples
    --------
    >>> nobody = plan_interviews(pd.DataFrame({"a": []}), pd.DataFrame({"segment": [], "second": [], "margin": []}))
    >>> describe_plan(nobody).kind
    'absent'
    """
    if plan.table.empty:
        return Callout("absent", "No interviews can be planned: nobody who may be asked is in a segment.")
    asked = plan.table[plan.table["stands"] == "asked"]
    slots = join_words(f"{(asked['slot'] == slot).sum()} {slot} ({meaning})" for slot, meaning in MEANINGS.items())
    invitations = int(plan.quotas["invitations"].sum())
    text = (
        f"The plan names {len(asked)} {units} to ask in {count_words(len(plan.quotas), 'segment')}, and "
        f"{len(plan.table) - len(asked)} reserves to ask in their stead when they decline: {slots}. If "
        f"{plan.response_rate:.0%} of those invited come, {invitations} invitations are needed."
    )
    left = [
        f"{plan.already} interviewed before" if plan.already else "",
        f"{plan.excluded} who may not be asked" if plan.excluded else "",
    ]
    left = [part for part in left if part]
    if left:
        text += f" Left out: {join_words(left)}."
    short = plan.quotas[plan.quotas["short"] > 0]
    more = [
        f"There are not enough people to ask in {join_words(f'{segment} ({int(row.short)} short)' for segment, row in short.iterrows())}."
    ] if len(short) else []  # fmt: skip
    return Reading([text, *more])


def tabulate_plan(plan: SamplingPlan) -> Table:
    """Quotas by segment. The people stand in the exported file, not in the report."""
    quotas = plan.quotas
    asked = plan.table[plan.table["stands"] == "asked"]
    frame = pd.DataFrame(
        {
            "Segment": quotas.index.astype(str),
            "Members": quotas["members"].to_numpy(),
            "May be asked": quotas["eligible"].to_numpy(),
            "Interviews": quotas["wanted"].to_numpy(),
            "Invitations": quotas["invitations"].to_numpy(),
            **{
                slot.capitalize(): [
                    int(((asked["segment"] == segment) & (asked["slot"] == slot)).sum()) for segment in quotas.index
                ]
                for slot in SLOTS
            },
        }
    )
    note = (
        "May be asked: every base variable is known, not interviewed before, not opted out, did not refuse. "
        + " ".join(f"{slot.capitalize()}: {meaning.rstrip('?')}." for slot, meaning in MEANINGS.items())
    )
    return Table(frame, "Interviews planned by segment.", note=note)


def _choose(
    candidates: pd.DataFrame, members: pd.DataFrame, membership: pd.DataFrame, wanted: int, reserves: int
) -> list[tuple[str, int, str, str, str | None, str]]:
    """Rows of one segment: slot, place, unit, asked or reserve, rival, reason."""
    if candidates.empty:
        return []
    values = candidates.to_numpy(float)
    distance = np.sqrt(((values - members.to_numpy(float).mean(axis=0)) ** 2).mean(axis=1))
    margin, rival = membership["margin"].to_numpy(float), membership["second"].astype(object).to_numpy()
    names = candidates.index.astype(str).to_numpy()
    free = list(np.lexsort((names, distance)))  # by distance, equals by name: the same plan every time
    shares = _share_out(min(wanted, len(free)))
    orders = [(slot, place + 1, "asked") for slot, n in shares.items() for place in range(n)]
    orders += [(slot, n + place + 1, "reserve") for slot, n in shares.items() for place in range(n * reserves)]
    taken: list[int] = []
    rows = []
    for slot, place, stands in orders:
        if not free:
            break
        if slot == "boundary":
            pick = min(free, key=lambda at: (margin[at], names[at]))
        elif slot == "spread":
            pick = _farthest(values, free, taken)
        else:
            pick = free[0] if slot == "core" else free[-1]
        free.remove(pick)
        taken.append(pick)
        other = rival[pick] if slot == "boundary" else None
        why = MEANINGS[slot] if other is None else f"{MEANINGS[slot]} ({other})"
        rows.append((slot, place, names[pick], stands, other, why))
    return rows


def _farthest(values: np.ndarray, free: list[int], taken: list[int]) -> int:
    """The free one whose nearest chosen one is farthest away; of equals the one nearest to the centre."""
    chosen = values[taken] if taken else values.mean(axis=0, keepdims=True)
    apart = ((values[free][:, None, :] - chosen[None, :, :]) ** 2).sum(axis=2).min(axis=1)
    return free[int(np.argmax(apart))]


def _share_out(wanted: int) -> dict[str, int]:
    """Interviews a slot; one of each from four on.

    Examples
    --------
    >>> _share_out(8), _share_out(3)
    ({'core': 4, 'boundary': 2, 'spread': 1, 'deviant': 1}, {'core': 1, 'boundary': 1, 'spread': 1, 'deviant': 0})
    """
    if wanted < len(SLOTS):
        return {slot: int(place < wanted) for place, slot in enumerate(SLOTS)}
    counts = {slot: max(1, math.floor(share * wanted)) for slot, share in SLOTS.items()}
    for slot in ("boundary", "spread", "core", "deviant"):
        if sum(counts.values()) < wanted:
            counts[slot] += 1
    return counts


def _number(name: str) -> tuple[int, str]:
    digits = "".join(character for character in str(name) if character.isdigit())
    return int(digits or 0), str(name)
