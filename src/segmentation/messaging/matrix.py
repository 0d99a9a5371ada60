"""The message matrix: persona x role x stage x channel x region and locale x element, global rows inherited by regions."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import DataContractError, Violation
from ..study import Study
from .cites import Cites, load_cites
from .inherit import MESSAGE_COLUMNS, check_ancestry, inherit
from .matrix_checks import (
    check_channels,
    check_duplicates,
    check_fallbacks,
    check_fields,
    check_proofs,
    check_words,
    fill_proofs,
)
from .rows import find_path, parse_dates, read_listed, read_rows

__all__ = ["MESSAGE_COLUMNS", "load_messages"]


def load_messages(
    source: Study | str | Path,
    *,
    personas: Collection[str] | None = None,
    pains: Collection[str] | None = None,
    stages: Collection[str] | None = None,
    experiments: Collection[str] | None = None,
    cites: Cites | None = None,
) -> pd.DataFrame:
    """Read and check the message matrix, and let rows inherit from their parents.

    An empty cell of a row with a parent takes the parent's value; a cell that a row above locks may not differ from it.
    What is not given (``personas=None``) is not checked, because the study does not have it. A row for persona "*" is
    the broad message of a segment, or of everybody.

    Parameters
    ----------
    source : Study, str or Path
        CSV with exactly the columns ``MESSAGE_COLUMNS``, or YAML with a list of rows that may leave columns out; or the
        study that names the file, which then also gives stages, locales and regions.
    personas, pains, stages, experiments : collection of str, optional
        Ids that may be referred to: personas, codes of the codebook, stages of the journey, experiments.
    cites : Cites, optional
        Value propositions and proofs, as ``load_cites`` returns them (which is the default for a study): rows may then
        cite no other, and take source and date of a proof from there.

    Returns
    -------
    pandas.DataFrame
        Index ``message_id``; the other columns as text after inheritance ("" where nothing is said), ``proof_date`` as
        a time stamp, ``inherited``: names of the columns a row took from a parent, comma-separated, and ``origins``: the
        row that wrote each of them. Empty with the same columns when the study has no messages.

    Raises
    ------
    DataContractError
        With every violation of the file: unknown persona, pain, value proposition, proof, stage, channel, element, role,
        status, region, locale or experiment; a proof without source and date, with two of either, or with a file that is
        not there; doubled ids and rows; an unknown or circular parent; a locked cell that was changed; a broken
        placeholder or one without a fallback; a regional text without a global one to fall back on.
    """
    file = find_path(source, "messages")
    if file is None:
        columns = [*MESSAGE_COLUMNS, "inherited", "origins"]
        empty = pd.DataFrame({column: pd.Series(dtype="str") for column in columns})
        return empty.astype({"proof_date": "datetime64[us]"}).set_index("message_id")
    locales: dict[str, str] = {}
    if isinstance(source, Study):
        stages = stages if stages is not None else tuple(source.journeys) or None
        locales = source.messaging.locales
        cites = cites or load_cites(source)
    listed = file.suffix.lower() in (".yaml", ".yml")
    rows, violations = read_listed(file, MESSAGE_COLUMNS) if listed else read_rows(file, MESSAGE_COLUMNS)
    found, broken = check_ancestry(rows, file.name)
    resolved, changed = inherit(rows, file.name, broken)
    resolved, unlike = fill_proofs(resolved, cites or Cites(), file.name)
    dates, undated = parse_dates(resolved["proof_date"], file.name, required=False)
    allowed = {
        "persona_id": None if personas is None else {*personas, "*"}, "stage": stages, "pain_id": pains, "test_id": experiments,
        "region": {*locales.values(), "*"} if locales else None, "locale": locales or None,
        "value_prop_id": None if cites is None or cites.value_props is None else set(cites.value_props.index),
        "proof_id": None if cites is None or cites.proofs is None else set(cites.proofs.index),
    }  # fmt: skip
    violations += [*found, *changed, *unlike, *undated, *check_words(resolved, file.name, allowed, broken)]
    violations += check_channels(resolved, file.name, broken) + check_proofs(resolved, file)
    whole = resolved.drop(index=list(broken))
    violations += (
        check_fields(resolved, file.name) + check_duplicates(whole, file.name) + check_fallbacks(whole, file.name)
    )
    if violations:
        raise DataContractError(_in_order(violations, listed))
    return resolved.assign(proof_date=dates).set_index("message_id")


def _in_order(violations: list[Violation], listed: bool) -> list[Violation]:
    """By row and column; a YAML file has lines instead of rows."""
    ordered = sorted(violations, key=lambda v: (int(v.row or 0), v.column or ""))
    if not listed:
        return ordered
    told = [replace(v, message=re.sub(r"\brow (?=\d)", "line ", v.message)) for v in ordered]
    return [replace(v, row=None, line=int(v.row)) if v.row is not None else v for v in told]
