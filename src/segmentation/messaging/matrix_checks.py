"""What a row of the message matrix must be, and what it may refer to; every breach is collected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from ..errors import Violation, nearest_word
from .cites import Cites
from .fields import FIELD, UNFILLED, find_broken
from .inherit import LOCKABLE, split_parts
from .limits import load_limits

__all__ = [
    "ROLES", "STATUSES", "check_channels", "check_duplicates", "check_fallbacks", "check_fields", "check_proofs",
    "check_words", "fill_proofs",
]  # fmt: skip

STATUSES = ("draft", "approved", "live", "retired")
ROLES = ("user", "influencer", "buyer", "decider", "gatekeeper", "initiator", "approver", "champion")
_FILES = (".csv", ".parquet", ".yaml", ".md", ".docx", ".vtt", ".qdpx", ".pdf")
_PLACE = ["persona_id", "segment_id", "role", "stage", "channel", "region", "locale", "element", "variant"]
# column: what it is, and whether it may be empty
_NOUNS = {
    "persona_id": ("persona", False), "stage": ("stage of the journey", False), "pain_id": ("code of the codebook", True),
    "value_prop_id": ("value proposition", True), "proof_id": ("proof", True), "test_id": ("experiment", True),
    "status": ("status", False), "role": ("buying role", True), "region": ("region", False), "locale": ("locale", False),
    "text": ("text", False),
}  # fmt: skip


def check_words(
    rows: pd.DataFrame, file: str, allowed: Mapping[str, Collection[str] | None], broken: set[int]
) -> list[Violation]:
    """Cells that must be one of a list of words; a row whose parent cannot be found is not asked for what it would inherit."""
    lists: dict[str, Collection[str] | None] = {"status": STATUSES, "role": ROLES, "text": None, **allowed}
    found = []
    for column, (noun, optional) in _NOUNS.items():
        options = lists.get(column)
        listed = "" if options is None else ", ".join(sorted(options)) or "none in this study"
        for row, word in rows[column].items():
            if not word and not optional and row not in broken:
                found.append(Violation(f"{noun} is missing", file, row, column, allowed=listed))
            elif word and options is not None and word not in options:
                found.append(Violation(f"no such {noun}", file, row, column, word, listed, nearest_word(word, options)))
    for row, parts in rows["locked"].items():
        for part in split_parts(parts):
            if part not in LOCKABLE:
                hint = nearest_word(part, LOCKABLE)
                what = "not a part that can be locked"
                found.append(Violation(what, file, row, "locked", part, ", ".join(LOCKABLE), hint))
    return found


def check_channels(rows: pd.DataFrame, file: str, broken: set[int]) -> list[Violation]:
    """Channels of the limits file, and elements of each."""
    channels = load_limits()["channels"]
    found = []
    for row, channel, element in zip(rows.index, rows["channel"], rows["element"], strict=True):
        if not channel and row in broken:
            continue
        if channel not in channels:
            what = "no such channel" if channel else "channel is missing"
            hint = nearest_word(channel, channels)
            found.append(Violation(what, file, row, "channel", channel or None, ", ".join(sorted(channels)), hint))
        elif element not in channels[channel] and not (row in broken and not element):
            what = f"{channel} has no such element" if element else "element is missing"
            allowed = channels[channel]
            hint = nearest_word(element, allowed)
            found.append(Violation(what, file, row, "element", element or None, ", ".join(allowed), hint))
    return found


def fill_proofs(rows: pd.DataFrame, cites: Cites, file: str) -> tuple[pd.DataFrame, list[Violation]]:
    """Source and date of every proof from the file of proofs; a row that says otherwise is a violation."""
    if cites.proofs is None:
        return rows, []
    filled, found = rows.copy(), []
    known = cites.proofs.assign(date=cites.proofs["date"].dt.strftime("%Y-%m-%d"))
    for row, proof in rows["proof_id"].items():
        if proof not in known.index:
            continue
        for column, key in (("proof_source", "source"), ("proof_date", "date")):
            said, right = rows.at[row, column], str(known.at[proof, key])
            if said and said != right:
                fix = "Leave the cell empty: the file of proofs says it"
                what = f"proof {proof} has another {key} in the file of proofs"
                found.append(Violation(what, file, row, column, said, right, fix))
            filled.at[row, column] = right
    return filled, found


def check_proofs(rows: pd.DataFrame, file: Path) -> list[Violation]:
    """A proof is an id, a source and a date together, the same wherever it is cited; a source that is a file is there."""
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
                fix = "One proof has one source and one date"
                found.append(Violation(what, file.name, row, part, values[row], fix=fix))
    return found


def _is_inside(folder: Path, source: str) -> bool:
    target = (folder / source).resolve()
    return target.is_relative_to(folder.resolve()) and target.exists()


def check_fields(rows: pd.DataFrame, file: str) -> list[Violation]:
    """Placeholders the sending tool could not fill, in texts a row wrote itself; retired rows are left alone."""
    limits, found = load_limits(), []
    for row, record in rows.iterrows():
        if record["status"] == "retired" or "text" in record["inherited"].split(","):
            continue
        for what, words, allowed, fix in find_broken(record["text"], limits):
            found.append(Violation(what, file, row, "text", words, allowed, fix))
        if record["status"] in ("approved", "live"):
            for words in UNFILLED.findall(FIELD.sub(" ", record["text"])):
                if not words.startswith("{"):
                    fix = "Fill it in, or set the status to draft"
                    found.append(
                        Violation(f"never filled in, but {record['status']}", file, row, "text", words, fix=fix)
                    )
    return found


def check_duplicates(rows: pd.DataFrame, file: str) -> list[Violation]:
    """Two rows for one place: the same text twice, or two texts where the channel shows one."""
    channels = load_limits()["channels"]
    found = []
    used = rows[rows["status"] != "retired"]
    for place, same in used.groupby(_PLACE, sort=False):
        element = channels.get(place[4], {}).get(place[7], {})
        several = "at_most" in element or "at_least" in element
        first: dict[str, int] = {}
        for row, text in same["text"].items():
            if text in first:
                fix = "Take one of them out"
                found.append(Violation(f"same message as row {first[text]}", file, row, "text", text, fix=fix))
            elif first and not several:
                before = next(iter(first.values()))
                what = f"stands where row {before} stands: same persona, stage, channel, region, locale and element"
                fix = "Give them two variants (A, B), or retire one"
                found.append(Violation(what, file, row, "variant", place[8], fix=fix))
            first.setdefault(text, row)
    return found


def check_fallbacks(rows: pd.DataFrame, file: str) -> list[Violation]:
    """Regional texts need a global one that everybody else is told."""
    used = rows[rows["status"] != "retired"]
    keys = ["persona_id", "stage", "channel", "element"]
    everywhere = set(map(tuple, used.loc[used["region"] == "*", keys].to_numpy()))
    found = []
    for row, record in used[(used["region"] != "*") & (used["region"] != "")].iterrows():
        if tuple(record[keys]) not in everywhere:
            fix = "Add a row with region * for the same persona, stage, channel and element"
            what = "regional text without a global one to fall back on"
            found.append(Violation(what, file, row, "region", record["region"], fix=fix))
    return found
