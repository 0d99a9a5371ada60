"""Plain tables: CSV, Parquet, Excel or a database table, with the study's own column names."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from .columns import collect_identifiers, declared, find_columns, is_personal
from .dates import parse_dates
from .frames import Raw, raw_tables
from .hubspot import as_declared, domain_keys
from .job import Job
from .values import as_booleans, as_ids, as_numbers, as_words, check_unique, looks_numeric

__all__ = ["read_table"]

KEYS = {"companies": "company_id", "contacts": "contact_id", "deals": "deal_id", "interviewees": "participant"}
KEY_ALIASES = {
    "companies": ("company id", "account id", "id"),
    "contacts": ("contact id", "id"),
    "deals": ("deal id", "id"),
    "interviewees": ("participant", "participant id", "interviewee", "interviewee id", "id"),
}
DATE_ENDS, DATES = ("_at", "_date"), ("timestamp", "date")
FLAGS = ("consent", "opted_out", "won")
ID_NAME = re.compile(r"(^|[ _])id$|[a-z]Id$|ID$")  # household_id, CustomerID: never numbers


def read_table(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """The table under its canonical name; declared columns renamed and typed, the others kept as they are.

    Numbers are what the study declares as numeric, and columns whose every cell is a number that writes back the same.
    Columns called ``..._at``, ``..._date``, ``date`` or ``timestamp`` are dates. Personal columns are not kept.
    """
    name = job.source.canonical or job.name
    key = KEYS.get(name, "")
    parts, shapes = [], {}
    for raw in raw_tables(job, files):
        part = _part(job, raw, name, key)
        shapes.setdefault(tuple(sorted(part.columns)), raw.label)
        parts.append(part.assign(_file=raw.label, _row=part.index))
    if not parts:
        return {}
    if len(shapes) > 1:
        fix = "Make them several sources, or give them the same columns"
        job.bad(f"{' and '.join(list(shapes.values())[:3])} have different columns", job.name, fix=fix)
    table = pd.concat(parts, ignore_index=True)
    one_a_unit = any(v.source == job.name and v.measure == "value" for v in job.study.variables)
    if key and key in table:
        check_unique(table, key, job, "id")
    elif one_a_unit and job.study.unit in table:
        check_unique(table, job.study.unit, job, "unit id")
    if "created_at" in table and name in ("companies", "contacts", "deals"):
        late = table["created_at"] >= job.period.end
        job.dropped["created after the period"] += int(late.sum())
        table = table[~late]
    table = table.drop(columns=["_file", "_row"])
    return {name: table.set_index(key) if key and key in table else table.reset_index(drop=True)}


def _part(job: Job, raw: Raw, name: str, key: str) -> pd.DataFrame:
    unit = job.study.unit
    wanted = declared(job)
    aliases = {unit: (unit.replace("_", " "),)}
    if key:
        aliases[key] = KEY_ALIASES[name]
    before = dict(job.unmapped)
    columns = find_columns(job, raw, aliases, also=wanted)
    job.unmapped.clear()
    job.unmapped.update(before)  # a plain table keeps every column, so none is unmapped
    named = {header: canonical for canonical, header in columns.header.items()}
    if wanted and unit not in columns and not job.source.unit and unit not in job.source.columns:
        fix = f"Declare `unit: <header>` for source {job.name}"
        job.bad("no column holds the unit id", raw.label, row=1, allowed=", ".join(raw.headers[:30]), fix=fix)
    if key and key not in columns:
        fix = f"Declare `columns: {{{key}: <header>}}`"
        job.bad(f"no column holds the {key}", raw.label, row=1, allowed=", ".join(raw.headers[:30]), fix=fix)
    hidden = tuple(columns.header[n] for n in ("name", "domain") if n in columns and name == "companies")
    personal = [header for header in raw.headers if (is_personal(header) and header not in named) or header in hidden]
    collect_identifiers(job, Raw(raw.label, raw.frame[personal]), hidden)
    part = pd.DataFrame(index=raw.frame.index)
    for header in raw.headers:
        if header not in personal:
            canonical = named.get(header, header)
            part[canonical] = _typed(job, raw, header, canonical, wanted.get(canonical), (unit, key))
    if name == "companies" and "domain_key" not in part:
        part["domain_key"] = domain_keys(columns.get("domain"), columns.get("name"), part.index)
    if key and key in part and part[key].isna().any():
        job.bad_rows(part[key][part[key].isna()], "rows have no id", raw.label, column=columns.header[key])
    if name == "interviewees" and "source_id" not in part and key in part:
        part["source_id"] = part[key]
    return part


def _typed(job: Job, raw: Raw, header: str, canonical: str, variable: object, ids: tuple[str, str]) -> pd.Series:
    values, label = raw.frame[header], raw.label
    if canonical in ids or ID_NAME.search(canonical):
        return as_ids(values, job, label, header)
    if canonical.endswith(DATE_ENDS) or canonical in DATES or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return parse_dates(values, job, label, header)
    if variable is not None:
        return as_declared(values, variable, job, label, header)  # type: ignore[arg-type]
    if canonical in FLAGS:
        return as_booleans(values, job, label, header)
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64")
    words = as_words(values)
    if looks_numeric(words):
        return as_numbers(words, job, label, header)
    return words
