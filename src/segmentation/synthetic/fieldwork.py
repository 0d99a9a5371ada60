"""The plan of interviews as the team froze it before fieldwork, and what became of each person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..qualitative.fieldwork import stamp_of
from ..qualitative.sampling import MEANINGS
from .interviews import Interview
from .plan import QUARTERS, SEGMENTS, stream
from .population import Population

__all__ = ["draw_interview_plan"]

FROZEN = "2026Q1"
SLOTS = ("core", "core", "core", "boundary", "spread", "deviant")  # six interviews wanted a segment
RESERVES = 2  # behind each
INVITED = 12  # of the eighteen named a segment
TURNED_DOWN = {"refused": 0.45, "no answer": 0.4, "no show": 0.15}


def draw_interview_plan(population: Population, interviews: dict[str, Interview], seed: int) -> pd.DataFrame:
    """Eighteen accounts a segment, twelve of them invited; those with an interview came.

    Returns
    -------
    pandas.DataFrame
        Columns of ``exports/interview_plan.csv``, with answers.
    """
    rng = stream(seed, "interview plan")
    accounts, planted = population.accounts, population.segments[QUARTERS[4]]
    stayed = (accounts["born"] < 1) & (accounts["left"] >= len(QUARTERS))
    rows = []
    for segment in SEGMENTS:
        inside = planted == segment.name
        if planted.isna().all():  # a world without segments: any sixth of the accounts
            inside = accounts.index.to_series().astype(int) % len(SEGMENTS) == SEGMENTS.index(segment)
        came = accounts.index[accounts["participant"].notna() & inside]
        others = rng.permutation(accounts.index[stayed & inside & accounts["participant"].isna()])
        named = [*rng.permutation([*came, *others[: INVITED - len(came)]]), *others[INVITED - len(came) :]]
        rows += _rows(segment.line_id, named, population, interviews, rng)
    columns = ["segment", "slot", "place", "company_id", "stands", "rival", "reason", "frozen", "answer", "answered_on"]
    sheet = pd.DataFrame(rows, columns=columns)
    return sheet.assign(frozen=f"{FROZEN} {stamp_of(sheet, 'company_id')}")


def _rows(
    line_id: str, named: list[str], population: Population, interviews: dict[str, Interview], rng: np.random.Generator
) -> list[tuple[str, ...]]:
    rows = []
    places: dict[str, int] = {}
    for at, account in enumerate(named[: len(SLOTS) * (1 + RESERVES)]):
        slot = SLOTS[at % len(SLOTS)]
        places[slot] = places.get(slot, 0) + 1
        rival = f"S{1 + int(line_id[1:]) % len(SEGMENTS)}" if slot == "boundary" else ""
        reason = f"{MEANINGS[slot]} ({rival})" if rival else MEANINGS[slot]
        participant = population.accounts.at[account, "participant"]
        answer, on = "", ""
        if participant in interviews:
            answer, on = "came", interviews[participant].date
        elif at < INVITED:
            answer = str(rng.choice(list(TURNED_DOWN), p=list(TURNED_DOWN.values())))
            on = str(np.datetime64("2026-04-10") + int(rng.integers(0, 90)))
        stands = "asked" if at < len(SLOTS) else "reserve"
        rows.append((line_id, slot, str(places[slot]), str(account), stands, rival, reason, "", answer, on))
    return rows
