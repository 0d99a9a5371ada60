"""A study small enough to be killed many times: three plain groups of accounts over two quarters."""

from __future__ import annotations

import random
from pathlib import Path

STUDY = """\
study: tiny
title: Do three plain groups come back?
about: A made-up study whose groups are plain to see.
unit: company_id
unit_words: accounts
synthetic: true
sources:
  companies: {path: accounts.csv, format: table, columns: {company_id: id, employees: staff}}
  events: {path: events.csv, format: table, as: events, columns: {company_id: account, event: event, timestamp: time}}
variables:
  - {name: active_days, from: events, kind: behavioural, role: base, measure: active_days, label: days with activity}
  - {name: share_planning, from: events, kind: behavioural, role: base, measure: share, events: [planned], label: share of planning}
  - {name: share_billing, from: events, kind: behavioural, role: base, measure: share, events: [billed], label: share of billing}
  - {name: employees, from: companies, kind: firmographic, role: descriptor, transform: log1p, label: employees (log)}
segmentations:
  usage: {base: [active_days, share_planning, share_billing], method: kmeans, segments: [3, 3]}
choices: {random_state: 1, min_cell: 5, starts: 5, pairs: 10, references: 19, draws: 100, map_neighbours: 5}
"""
WEIGHTS = ((8, 1, 1), (1, 8, 1), (1, 1, 8))  # planned, billed, opened
SIZES = {1: (40, 30, 20), 2: (25, 30, 35)}  # the largest group of the first quarter is the smallest of the second


def write_tiny_study(folder: Path) -> Path:
    """Write the study; returns its folder."""
    chance = random.Random(7)
    folder.mkdir(parents=True)
    total = sum(SIZES[1])
    accounts = [f"{_name(n)},{chance.randint(2, 90)}" for n in range(total)]
    events = []
    for quarter in SIZES:
        for number in range(total):
            group = group_of(number, quarter)
            for _ in range(30):
                event = chance.choices(("planned", "billed", "opened"), WEIGHTS[group])[0]
                month, day = 3 * quarter - chance.randint(0, 2), chance.randint(1, 28)
                events.append(f"{_name(number)},{event},2026-{month:02d}-{day:02d}T{chance.randint(7, 18):02d}:00:00")
    (folder / "study.yaml").write_text(STUDY)
    (folder / "accounts.csv").write_text("id,staff\n" + "\n".join(accounts) + "\n")
    (folder / "events.csv").write_text("account,event,time\n" + "\n".join(events) + "\n")
    return folder


def group_of(number: int, quarter: int) -> int:
    """Which group an account belongs to: 15 of the first group move to the last between the quarters."""
    first, second, _ = SIZES[1]
    if quarter == 2 and number < SIZES[1][0] - SIZES[2][0]:
        return 2
    return 0 if number < first else 1 if number < first + second else 2


def _name(number: int) -> str:
    return f"A{number:03d}"
