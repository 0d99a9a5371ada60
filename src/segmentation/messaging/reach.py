"""Whom a channel can really reach: people with the address it needs, who agreed, are not suppressed and not held out."""

from __future__ import annotations

import pandas as pd

from ..dataset import Dataset
from ..sources.people import Addresses, read_stage_addresses
from ..study import Study
from ..words import join_words
from .holdout import hold_out_of
from .journey import group_units
from .limits import channel_words, load_limits
from .members import Members

__all__ = ["REACH_COLUMNS", "count_reachable", "describe_reach"]

REACH_COLUMNS = ("channel", "segment", "persona_id", "units", "people", "reachable", "by")
_WORDS = {"email": "an e-mail", "phone": "a phone number"}


def count_reachable(
    study: Study, data: Dataset, membership: pd.DataFrame, members: Members | None = None
) -> pd.DataFrame:
    """People whom each channel of the study reaches, by segment and persona; addresses are read for it and forgotten.

    Parameters
    ----------
    study : Study
        ``messaging.channels`` names the channels, ``activation`` where addresses and consent stand, the suppression list and the
        share held out.
    data : Dataset
        With ``companies`` where people have no country of their own; with ``contacts`` (company id, opted_out) for a study that does
        not name addresses.
    membership : pandas.DataFrame
        Index unit id, column ``segment``.
    members : mapping, optional
        As ``match_personas`` returns it.

    Returns
    -------
    pandas.DataFrame
        Columns ``REACH_COLUMNS``: persona_id ("" for a whole segment), units, people (on file, of those units), reachable, and by:
        email or phone (people with that address who agreed, are not suppressed, not held out and stand there once), anybody (no
        address is needed: people on file), contacts (no addresses are named: contacts who have not opted out) or units (no people
        are known: each unit counts as one).

    Raises
    ------
    DataContractError
        If the file with the addresses or the suppression list breaks its contract.
    """
    addresses = read_stage_addresses(study, data)
    held = hold_out_of(study, membership)
    groups = {key: units.astype(str) for key, units in group_units(membership, members).items()}
    rows = []
    for channel in study.messaging.channels:
        people, open_to, by = _of_channel(str(channel), data, addresses, held)
        for (segment, persona), units in groups.items():
            count, reached = _inside(people, units), _inside(open_to, units)
            rows.append((str(channel), segment, persona, len(units), count, reached, by))
    return pd.DataFrame(rows, columns=list(REACH_COLUMNS))


def _inside(people: pd.Series | None, units: pd.Index) -> int:
    return len(units) if people is None else int(people.isin(units).sum())


def _of_channel(
    channel: str, data: Dataset, addresses: Addresses | None, held: pd.Series
) -> tuple[pd.Series | None, pd.Series | None, str]:
    """The unit of every person on file, the unit of every person whom the channel reaches, and by what; None where each unit is one."""
    if addresses is not None:
        address = load_limits()["reached_by"].get(channel)
        people = addresses.table["unit"]
        if address is None:
            return people, people, "anybody"
        open_to = addresses.reached_by(address)["unit"]
        return people, open_to[~open_to.isin(held.index[held])], address
    contacts = data.tables.get("contacts")
    if contacts is None or data.unit not in contacts.columns:
        return None, None, "units"
    people = contacts.dropna(subset=[data.unit])
    out = people["opted_out"].fillna(False).astype(bool) if "opted_out" in people else pd.Series(False, people.index)
    return people[data.unit].astype(str), people.loc[~out, data.unit].astype(str), "contacts"


def describe_reach(reachable: pd.DataFrame, units: str) -> str:
    """Who counts as reachable and how many of everybody that is, in sentences.

    Parameters
    ----------
    reachable : pandas.DataFrame
        As ``count_reachable`` returns it.
    units : str
        What units are called, plural.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame([("sms", "all", "", 9, 30, 12, "phone"), ("web", "all", "", 9, 30, 30, "anybody")], columns=REACH_COLUMNS)
    >>> describe_reach(table, "accounts").split(". ")[1]
    'SMS reaches 12 of 30 by a phone number'
    """
    whole = reachable[reachable["segment"] == "all"]
    by = set(whole["by"])
    if by == {"units"}:
        return f"No people are known, so each of the {units} counts as one who can be reached."
    if by == {"contacts"}:
        left = "Counted are contacts who have not opted out; the study does not say where their addresses stand (activation.people)."
        return f"{left} Some of them cannot be reached by a channel."
    parts = []
    for address, rows in whole[whole["by"] != "anybody"].groupby("by", sort=False):
        names = join_words(channel_words(name) for name in rows["channel"])
        verb = "reaches" if len(rows) == 1 else "reach"
        row = rows.iloc[0]
        parts.append(f"{names} {verb} {row['reachable']:,d} of {row['people']:,d} by {_WORDS[str(address)]}")
    free = [channel_words(name) for name in whole.loc[whole["by"] == "anybody", "channel"]]
    first, *rest = parts or ["no channel asks for an address"]
    told = "; ".join([first[0].upper() + first[1:], *rest])
    text = (
        "Reachable is who has the address that the channel needs, agreed, is not on the suppression list and whose account is not held "
        f"out. {told}."
    )
    return text + (f" For {join_words(free)} no address is needed, so everybody on file counts." if free else "")
