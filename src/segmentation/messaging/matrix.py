"""The message matrix: persona x stage x channel x region, with regional rows that inherit from global ones."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..study import Study
from .limits import load_limits
from .rows import find_path, parse_dates, read_rows

__all__ = ["MESSAGE_COLUMNS", "load_messages"]

MESSAGE_COLUMNS = (
    "message_id", "parent_id", "persona_id", "segment_id", "role", "stage", "channel", "region", "locale", "element",
    "text",
    "pain_id", "value_prop_id", "proof_id", "proof_source", "proof_date", "locked", "status", "owner", "test_id",
    "variant",
)  # fmt: skip
OWN = ("message_id", "parent_id", "region", "locale", "status", "owner", "test_id", "variant")
LOCKABLE = ("persona_id", "role", "stage", "channel", "element", "text", "pain_id", "value_prop_id", "proof_id")
STATUSES = ("draft", "approved", "live", "retired")
ROLES = ("user", "influencer", "buyer", "decider", "gatekeeper", "initiator", "approver", "champion")
_FILES = (".csv", ".parquet", ".yaml", ".md", ".docx", ".vtt", ".qdpx", ".pdf")


def load_messages(
    source: Study | str | Path,
    *,
    personas: Collection[str] | None = None,
    pains: Collection[str] | None = None,
    stages: Collection[str] | None = None,
    experiments: Collection[str] | None = None,
) -> pd.DataFrame:
    """Read and check the message matrix, and let regional rows inherit from global ones.

    An empty cell of a row with a parent takes the parent's value; a cell the parent locks may not differ from it. What
    is not given (``personas=None``) is not checked, because the study does not have it.

    Parameters
    ----------
    source : Study, str or Path
        CSV with exactly the columns ``MESSAGE_COLUMNS``, or the study that names it, which then also gives the stages.
    personas, pains, stages, experiments : collection of str, optional
        Ids that may be referred to: personas, codes of the codebook, stages of the journey, experiments.

    Returns
    -------
    pandas.DataFrame
        Index ``message_id``; the other columns as text after inheritance ("" where nothing is said), ``proof_date`` as
        a time stamp, and ``inherited``: names of the columns a row took from its parent, comma-separated. Empty with the
        same columns when the study has no messages.

    Raises
    ------
    DataContractError
        With every violation: unknown persona, pain, stage, channel, element, role, status or experiment; a proof
        without source and date, with two of either, or with a file that is not there; doubled ids; an unknown or
        circular parent; a locked cell that was changed.
    """
    file = find_path(source, "messages")
    if file is None:
        columns = [*MESSAGE_COLUMNS, "inherited"]
        empty = pd.DataFrame({column: pd.Series(dtype="str") for column in columns})
        return empty.astype({"proof_date": "datetime64[us]"}).set_index("message_id")
    if stages is None and isinstance(source, Study):
        stages = tuple(source.journeys) or None
    rows, violations = read_rows(file, MESSAGE_COLUMNS)
    violations += _check_ids(rows, file.name)
    violations += _check_circles(rows, file.name)
    if violations:
        raise DataContractError(violations)
    resolved, violations = _inherit(rows, file.name)
    dates, broken = parse_dates(resolved["proof_date"], file.name, required=False)
    violations += broken
    violations += _check_words(
        resolved, file.name, personas=personas, pains=pains, stages=stages, experiments=experiments
    )
    violations += _check_channels(resolved, file.name)
    violations += _check_proofs(resolved, file)
    if violations:
        raise DataContractError(sorted(violations, key=lambda v: (int(v.row or 0), v.column or "")))
    return resolved.assign(proof_date=dates).set_index("message_id")


def _check_ids(rows: pd.DataFrame, file: str) -> list[Violation]:
    found = []
    known = set(rows["message_id"]) - {""}
    first = {identifier: row for row, identifier in reversed(list(rows["message_id"].items()))}
    for row, identifier in rows["message_id"].items():
        if not identifier:
            found.append(Violation("message without an id", file, row, "message_id"))
        elif first[identifier] != row:
            found.append(Violation(f"id stands in row {first[identifier]} too", file, row, "message_id", identifier))
    for row, parent in rows["parent_id"].items():
        if parent and parent not in known:
            found.append(Violation("no such message", file, row, "parent_id", parent, fix=nearest_word(parent, known)))
    return found


def _check_circles(rows: pd.DataFrame, file: str) -> list[Violation]:
    parents = dict(zip(rows["message_id"], rows["parent_id"], strict=True))
    found = []
    for row, start in rows["message_id"].items():
        chain, here = [start], parents.get(start, "")
        while here and here not in chain:
            chain.append(here)
            here = parents.get(here, "")
        if here == start:
            path = " -> ".join([*chain, start])
            found.append(
                Violation(
                    f"inherits from itself: {path}", file, row, "parent_id", fix="Leave parent_id of one row empty"
                )
            )
    return found


def _inherit(rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Violation]]:
    """Resolved rows, parents before children."""
    by_id = {record["message_id"]: {**record, "row": row} for row, record in rows.to_dict("index").items()}
    done: dict[str, dict[str, str]] = {}
    violations: list[Violation] = []

    def resolve(identifier: str) -> dict[str, str]:
        if identifier in done:
            return done[identifier]
        record = dict(by_id[identifier])
        taken: list[str] = []
        if record["parent_id"]:
            parent = resolve(record["parent_id"])
            locked = [part for part in _split(parent["locked"]) if part in parent]
            for column in locked:
                if record[column] and record[column] != parent[column]:
                    fix = f"{record['parent_id']} locks it: leave the cell empty"
                    violations.append(
                        Violation(
                            "locked part changed", file, record["row"], column, record[column], parent[column], fix
                        )
                    )
            # a proof is one thing: a row with a proof of its own takes neither source nor date from its parent
            own_proof = bool(record["proof_id"]) and record["proof_id"] != parent["proof_id"]
            for column in MESSAGE_COLUMNS:
                skip = column in OWN or (own_proof and column in ("proof_source", "proof_date"))
                if not skip and not record[column] and parent[column]:
                    record[column] = parent[column]
                    taken.append(column)
        done[identifier] = {**record, "inherited": ",".join(taken)}
        return done[identifier]

    records = [resolve(identifier) for identifier in rows["message_id"]]
    frame = pd.DataFrame(records, columns=[*MESSAGE_COLUMNS, "inherited"], index=rows.index, dtype="str")
    return frame, violations


def _check_words(
    rows: pd.DataFrame,
    file: str,
    *,
    personas: Collection[str] | None,
    pains: Collection[str] | None,
    stages: Collection[str] | None,
    experiments: Collection[str] | None,
) -> list[Violation]:
    """Cells that must be one of a list of words; (allowed or None, may be empty, what it is)."""
    rules: dict[str, tuple[Collection[str] | None, bool, str]] = {
        "persona_id": (personas, False, "persona"),
        "stage": (stages, False, "stage of the journey"),
        "pain_id": (pains, True, "code of the codebook"),
        "test_id": (experiments, True, "experiment"),
        "status": (STATUSES, False, "status"),
        "role": (ROLES, True, "buying role"),
        "region": (None, False, "region"),
        "locale": (None, False, "locale"),
        "text": (None, False, "text"),
    }
    found = []
    for column, (allowed, optional, noun) in rules.items():
        for row, word in rows[column].items():
            if not word and not optional:
                found.append(Violation(f"{noun} is missing", file, row, column))
            elif word and allowed is not None and word not in allowed:
                listed = ", ".join(sorted(allowed)) or "none in this study"
                found.append(Violation(f"no such {noun}", file, row, column, word, listed, nearest_word(word, allowed)))
    for row, parts in rows["locked"].items():
        for part in _split(parts):
            if part not in LOCKABLE:
                fix = nearest_word(part, LOCKABLE)
                found.append(
                    Violation("not a part that can be locked", file, row, "locked", part, ", ".join(LOCKABLE), fix)
                )
    return found


def _check_channels(rows: pd.DataFrame, file: str) -> list[Violation]:
    channels = load_limits()["channels"]
    found = []
    for row, channel, element in zip(rows.index, rows["channel"], rows["element"], strict=True):
        if channel not in channels:
            what = "no such channel" if channel else "channel is missing"
            fix = nearest_word(channel, channels)
            found.append(Violation(what, file, row, "channel", channel or None, ", ".join(sorted(channels)), fix))
        elif element not in channels[channel]:
            what = f"{channel} has no such element" if element else "element is missing"
            allowed = channels[channel]
            found.append(
                Violation(
                    what, file, row, "element", element or None, ", ".join(allowed), nearest_word(element, allowed)
                )
            )
    return found


def _check_proofs(rows: pd.DataFrame, file: Path) -> list[Violation]:
    found = []
    parts = ["proof_id", "proof_source", "proof_date"]
    for row, record in rows[parts].iterrows():
        missing = [part for part in parts if not record[part]]
        if missing and len(missing) < len(parts):
            fix = "A proof is an id, a source and a date together, or nothing"
            found.append(Violation(f"proof without {' and '.join(missing)}", file.name, row, missing[0], fix=fix))
        source = record["proof_source"]
        looks_like_file = source.lower().endswith(_FILES) and " " not in source
        if looks_like_file and not _is_inside(file.parent, source):
            fix = "Paths are relative to the file of messages; write a source in words with spaces"
            found.append(Violation("no such proof file", file.name, row, "proof_source", source, fix=fix))
    for proof, uses in rows[rows["proof_id"] != ""].groupby("proof_id"):
        for part in ("proof_source", "proof_date"):
            values = uses[part][uses[part] != ""]
            if values.nunique() > 1:
                row = values.index[(values != values.iloc[0]).argmax()]
                what = f"proof {proof} has another {part} in row {values.index[0]}: {values.iloc[0]!r}"
                found.append(
                    Violation(what, file.name, row, part, values[row], fix="One proof has one source and one date")
                )
    return found


def _is_inside(folder: Path, source: str) -> bool:
    target = (folder / source).resolve()
    return target.is_relative_to(folder.resolve()) and target.exists()


def _split(parts: str) -> list[str]:
    return [part.strip() for part in parts.split(";") if part.strip()]
