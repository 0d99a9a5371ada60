"""Rows that take from other rows what they leave empty: resolved with the row each word comes from."""

from __future__ import annotations

import pandas as pd

from ..errors import Violation, nearest_word

__all__ = ["LOCKABLE", "MESSAGE_COLUMNS", "check_ancestry", "inherit", "split_parts"]

MESSAGE_COLUMNS = (
    "message_id", "parent_id", "persona_id", "segment_id", "role", "stage", "channel", "region", "locale", "element",
    "text",
    "pain_id", "value_prop_id", "proof_id", "proof_source", "proof_date", "locked", "status", "owner", "test_id",
    "variant",
)  # fmt: skip
OWN = ("message_id", "parent_id", "region", "locale", "status", "owner", "test_id", "variant")
LOCKABLE = ("persona_id", "role", "stage", "channel", "element", "text", "pain_id", "value_prop_id", "proof_id")


def split_parts(parts: str) -> list[str]:
    """Items of a cell that holds several, separated by semicolons.

    Examples
    --------
    >>> split_parts("pain_id; proof_id;")
    ['pain_id', 'proof_id']
    """
    return [part.strip() for part in parts.split(";") if part.strip()]


def check_ancestry(rows: pd.DataFrame, file: str) -> tuple[list[Violation], set[int]]:
    """Ids and parents that cannot be followed.

    Parameters
    ----------
    rows : pandas.DataFrame
        Text, indexed by row number.
    file : str

    Returns
    -------
    list of Violation, set of int
        What is wrong, each circle named once, and the rows whose parents cannot be followed to an end.
    """
    found: list[Violation] = []
    first: dict[str, int] = {}
    for row, identifier in rows["message_id"].items():
        if not identifier:
            found.append(Violation("message without an id", file, row, "message_id", fix="Give it one of its own"))
        elif identifier in first:
            what = f"id stands in row {first[identifier]} too"
            found.append(Violation(what, file, row, "message_id", identifier, fix="Give one of them another id"))
        first.setdefault(identifier, row)
    known = set(first) - {""}
    parents = {identifier: rows.at[row, "parent_id"] for identifier, row in first.items()}
    broken, named = set(), set()
    for row, identifier, parent in zip(rows.index, rows["message_id"], rows["parent_id"], strict=True):
        if parent and parent not in known:
            allowed = "the message_id of a row of this file, or nothing"
            hint = nearest_word(parent, known)
            found.append(Violation("no such message", file, row, "parent_id", parent, allowed, hint))
        chain, here = [identifier], parent
        while here in known and here not in chain:
            chain.append(here)
            here = parents[here]
        if here:
            broken.add(row)
        if here and here == identifier and identifier not in named:
            named |= set(chain)
            path = " -> ".join([*chain, here])
            fix = "Leave parent_id of one of these rows empty"
            found.append(Violation(f"inherits from itself: {path}", file, row, "parent_id", parent, fix=fix))
    return found, broken


def inherit(rows: pd.DataFrame, file: str, broken: set[int]) -> tuple[pd.DataFrame, list[Violation]]:
    """Fill empty cells from parents, parents first, and hold locked cells against changes.

    Parameters
    ----------
    rows : pandas.DataFrame
        As ``read_rows`` returns it.
    file : str
    broken : set of int
        Rows whose parents cannot be followed; they stay as they are.

    Returns
    -------
    DataFrame, list of Violation
        The rows with ``inherited`` (columns taken from a parent, comma-separated) and ``origins`` (for each of those,
        "column: message", separated by semicolons: the row that wrote it); locked cells that were changed.
    """
    first: dict[str, int] = {}
    for row, identifier in rows["message_id"].items():
        first.setdefault(identifier, row)
    given = rows.to_dict("index")
    done: dict[int, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {}
    violations: list[Violation] = []

    def resolve(row: int) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Cells, locks (column to the row that locks it) and origins of one row."""
        if row in done:
            return done[row]
        record, locks, origins = dict(given[row]), {}, {}
        if record["parent_id"] and row not in broken:
            parent, held, above = resolve(first[record["parent_id"]])
            locks = dict(held)
            violations.extend(_check_locks(record, parent, locks, (file, row)))
            # a proof is one thing: a row with a proof of its own takes neither source nor date from its parent
            own_proof = bool(record["proof_id"]) and record["proof_id"] != parent["proof_id"]
            for column in MESSAGE_COLUMNS:
                skip = column in OWN or (own_proof and column in ("proof_source", "proof_date"))
                if not skip and not record[column] and parent[column]:
                    record[column] = parent[column]
                    origins[column] = above.get(column, parent["message_id"])
        locks |= {part: record["message_id"] for part in split_parts(given[row]["locked"]) if part not in locks}
        done[row] = (record, locks, origins)
        return done[row]

    records = []
    for row in rows.index:
        record, _, origins = resolve(row)
        told = "; ".join(f"{column}: {source}" for column, source in origins.items())
        records.append({**record, "inherited": ",".join(origins), "origins": told})
    columns = [*MESSAGE_COLUMNS, "inherited", "origins"]
    return pd.DataFrame(records, columns=columns, index=rows.index, dtype="str"), violations


def _check_locks(
    record: dict[str, str], parent: dict[str, str], locks: dict[str, str], place: tuple[str, int]
) -> list[Violation]:
    found = []
    for column, locker in locks.items():
        if column in LOCKABLE and record[column] and record[column] != parent[column]:
            fix = f"{locker} locks it: leave the cell empty"
            allowed = parent[column] or "nothing"
            found.append(Violation("locked part changed", *place, column, record[column], allowed, fix))
    return found
