"""A suppression list as a team keeps it: some by e-mail, hashed, some people by id, some whole accounts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from .crm import write_csv
from .plan import stream

__all__ = ["write_suppression"]


def write_suppression(contacts: pd.DataFrame, path: Path, seed: int) -> None:
    """Twelve people by the SHA-256 of their e-mail, six by id, four accounts.

    Parameters
    ----------
    contacts : pandas.DataFrame
        As ``draw_contacts`` gives them.
    path : Path
    seed : int

    Returns
    -------
    None
    """
    rng = stream(seed, "suppression")
    written = contacts[contacts["email"] != ""]
    chosen = written.iloc[rng.choice(len(written), 22, replace=False)]
    rows = []
    for number, (_, person) in enumerate(chosen.iterrows()):
        hashed = hashlib.sha256(person["email"].lower().encode()).hexdigest() if number < 12 else ""
        contact = person["contact_id"] if 12 <= number < 18 else ""
        unit, reason = (
            (person["company_id"], "asked not to be contacted") if number >= 18 else ("", "objected to direct mail")
        )
        rows.append((hashed, contact, unit, reason))
    table = pd.DataFrame(rows, columns=["email_sha256", "id", "unit", "reason"])
    write_csv(table, {name: name for name in table.columns}, path)
