"""A new study: commented, valid, with a small made-up export in plain tables to be replaced by your own."""

from __future__ import annotations

import csv
import io
import math
import random
import re
from importlib.resources import files
from pathlib import Path

from ..errors import ParameterError
from ..workspace import write_bytes

__all__ = ["write_scaffold"]

ACCOUNTS, EVENTS_A_MONTH = 160, 30


def write_scaffold(folder: str | Path) -> tuple[Path, ...]:
    """Write a study that validates and runs.

    Parameters
    ----------
    folder : str or Path
        Must not exist or be empty.

    Returns
    -------
    tuple of Path
        Files written: ``study.yaml``, ``accounts.csv``, ``events.csv``.

    Raises
    ------
    ParameterError
        If there is something in the folder (nothing is overwritten), or nothing can be written there.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ParameterError(f"{target} is not empty; name a new folder, nothing was written")
    name = re.sub(r"[^a-z0-9]+", "-", target.resolve().name.lower()).strip("-")[:60] or "my-study"
    study = (files(__package__) / "study.yaml").read_text("utf-8").replace("study: my-study", f"study: {name}", 1)
    accounts, events = _example_rows(random.Random(1))
    contents = {"study.yaml": study, "accounts.csv": _as_csv(accounts), "events.csv": _as_csv(events)}
    try:
        for file, text in contents.items():
            write_bytes(target / file, text.encode())
    except OSError as error:
        raise ParameterError(f"cannot write into {target}: {error.strerror}; name another folder") from None
    return tuple(target / file for file in contents)


def _example_rows(chance: random.Random) -> tuple[list[list[object]], list[list[object]]]:
    """Accounts and two quarters of events, without segments: an honest example of what "none found" looks like.

    How often an account works with the product, how much of that is planning and how much is billing are drawn independently
    of each other from one bell curve each, and stay with the account.
    """
    accounts: list[list[object]] = [["id", "staff", "country"]]
    events: list[list[object]] = [["account", "event", "time"]]
    for number in range(1, ACCOUNTS + 1):
        name = f"A{number:03d}"
        accounts.append([name, round(math.exp(chance.gauss(3.0, 0.8))) + 1, chance.choice(["DE", "NL", "UK"])])
        days = min(max(round(chance.gauss(11, 2.5)), 3), 25)
        planning, billing = (min(max(chance.gauss(mean, 0.08), 0.02), 0.6) for mean in (0.4, 0.3))
        for month in range(1, 7):
            worked = chance.sample(range(1, 29), days)
            for turn in range(EVENTS_A_MONTH):
                lot = chance.random()
                kind = "job_planned" if lot < planning else "invoice_sent" if lot < planning + billing else "app_opened"
                day, hour = worked[turn % days], chance.randint(7, 18)
                events.append([name, kind, f"2026-{month:02d}-{day:02d}T{hour:02d}:00:00"])
    return accounts, events


def _as_csv(rows: list[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
