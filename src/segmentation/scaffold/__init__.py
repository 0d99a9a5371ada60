"""A new study: commented, valid, with a small made-up export in plain tables to be replaced by your own."""

from __future__ import annotations

import csv
import io
import random
from importlib.resources import files
from pathlib import Path

from ..errors import ParameterError
from ..workspace import write_bytes

__all__ = ["write_scaffold"]

ACCOUNTS = 160


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
        If there is something in the folder: nothing is overwritten.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ParameterError(f"{target} is not empty; name a new folder, nothing was written")
    study = (files(__package__) / "study.yaml").read_text("utf-8")
    accounts, events = _example_rows(random.Random(1))
    contents = {"study.yaml": study, "accounts.csv": _as_csv(accounts), "events.csv": _as_csv(events)}
    for name, text in contents.items():
        write_bytes(target / name, text.encode())
    return tuple(target / name for name in contents)


def _example_rows(chance: random.Random) -> tuple[list[list[object]], list[list[object]]]:
    """Accounts and two quarters of events, without segments: an honest example of what "none found" looks like."""
    accounts: list[list[object]] = [["id", "staff", "country"]]
    events: list[list[object]] = [["account", "event", "time"]]
    for number in range(1, ACCOUNTS + 1):
        name = f"A{number:03d}"
        accounts.append([name, chance.randint(2, 200), chance.choice(["DE", "NL", "UK"])])
        lean, rate = chance.gauss(0.5, 0.15), chance.randint(6, 30)
        for month in range(1, 7):
            for _ in range(rate // 3):
                kind = chance.random()
                event = "job_planned" if kind < lean else "invoice_sent" if kind < lean + 0.3 else "app_opened"
                events.append(
                    [name, event, f"2026-{month:02d}-{chance.randint(1, 28):02d}T{chance.randint(7, 18):02d}:00:00"]
                )
    return accounts, events


def _as_csv(rows: list[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
