"""What messages cite: value propositions and proofs, each in the team's words, in small files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..errors import DataContractError, Violation
from ..qualitative.quotes import check_quote
from ..study import Study
from .rows import parse_dates, read_rows

__all__ = ["PROOF_COLUMNS", "VALUE_COLUMNS", "Cites", "load_cites"]

VALUE_COLUMNS = ("value_prop_id", "text")
PROOF_COLUMNS = ("proof_id", "text", "source", "date", "participant", "quote")


@dataclass(frozen=True)
class Cites:
    """Value propositions and proofs; None where the study has no file of them.

    Attributes
    ----------
    value_props : pandas.DataFrame or None
        Index value_prop_id; text.
    proofs : pandas.DataFrame or None
        Index proof_id; text, source, date (time stamp), participant, quote.
    """

    value_props: pd.DataFrame | None = None
    proofs: pd.DataFrame | None = None

    def value(self, identifier: str) -> str:
        """Words of a value proposition, "" if there are none."""
        table = self.value_props
        return str(table.at[identifier, "text"]) if table is not None and identifier in table.index else ""

    def proof(self, identifier: str) -> str:
        """Words of a proof, "" if there are none."""
        table = self.proofs
        return str(table.at[identifier, "text"]) if table is not None and identifier in table.index else ""


def load_cites(study: Study, *, transcripts: Mapping[str, str] | None = None) -> Cites:
    """Read and check the files of value propositions and proofs that the study names.

    Parameters
    ----------
    study : Study
    transcripts : mapping of str to str, optional
        Participant to plain text: quotes of proofs are then looked up in it, word for word.

    Returns
    -------
    Cites

    Raises
    ------
    DataContractError
        With every violation: a missing or doubled id, an empty text, a proof without source and date, a quote that does
        not stand in its transcript.
    """
    violations: list[Violation] = []
    part = study.messaging
    tables: dict[str, pd.DataFrame | None] = {"value_props": None, "proofs": None}
    for key, columns in (("value_props", VALUE_COLUMNS), ("proofs", PROOF_COLUMNS)):
        named = getattr(part, key)
        if named is None:
            continue
        file = study.resolve(named)
        rows, broken = read_rows(file, columns)
        violations += broken + _check_ids(rows, columns[0], file.name)
        if key == "proofs":
            rows, broken = _check_proofs(rows, file.name, transcripts)
            violations += broken
        tables[key] = rows.drop_duplicates(columns[0]).set_index(columns[0])
    if violations:
        raise DataContractError(violations)
    return Cites(**tables)


def _check_ids(rows: pd.DataFrame, key: str, file: str) -> list[Violation]:
    found, first = [], {}
    for row, identifier, text in zip(rows.index, rows[key], rows["text"], strict=True):
        if not identifier:
            found.append(Violation("id is missing", file, row, key, fix="Messages cite it by its id"))
        elif identifier in first:
            found.append(Violation(f"id stands in row {first[identifier]} too", file, row, key, identifier))
        if not text:
            found.append(
                Violation("text is missing", file, row, "text", fix="Say in a sentence what it offers or shows")
            )
        first.setdefault(identifier, row)
    return found


def _check_proofs(
    rows: pd.DataFrame, file: str, transcripts: Mapping[str, str] | None
) -> tuple[pd.DataFrame, list[Violation]]:
    dates, found = parse_dates(rows["date"], file)
    for row, record in rows.iterrows():
        if not record["source"]:
            found.append(Violation("proof without source", file, row, "source", fix="Name the file or the page"))
        who, quote = record["participant"], record["quote"]
        if bool(who) != bool(quote):
            missing = "participant" if quote else "quote"
            fix = "A quote and who said it go together, or neither"
            found.append(Violation(f"{missing} is missing", file, row, missing, fix=fix))
        elif who and transcripts is not None:
            found += check_said(quote, who, transcripts, (file, row), "quote")
    return rows.assign(date=dates), found


def check_said(
    text: str, who: str, transcripts: Mapping[str, str], place: tuple[str, int], column: str
) -> list[Violation]:
    """Words that must stand in an interviewee's transcript, word for word."""
    if who not in transcripts:
        allowed = ", ".join(sorted(transcripts)) or "none in this study"
        return [Violation("no such interviewee who agreed to be quoted", *place, "participant", who, allowed)]
    checked = check_quote(text, transcripts[who])
    fix = f"Copy the words from the transcript of {who}"
    return [] if checked.found else [Violation(checked.reason, *place, column, text, fix=fix)]
