"""HubSpot contacts, companies and deals: UI exports, import templates and API or warehouse tables.

Headers are matched by the tables below after ``columns.header_key``; of several that are present the first one counts. Labels
of other UI languages are declared as ``columns`` in the study.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from ..study import Variable
from .columns import Columns, collect_identifiers, declared, digest12, find_columns, header_key
from .dates import parse_dates
from .frames import raw_tables
from .job import Job
from .values import as_booleans, as_id_lists, as_ids, as_numbers, as_words, check_unique, looks_numeric

__all__ = ["OBJECTS", "as_declared", "read_hubspot"]

CREATED = ("create date", "created date", "createdate", "created at", "hs createdate")
DOMAIN = ("company domain name", "domain", "company domain", "website url", "website", "hs email domain")
COMPANY_IDS = (
    "primary associated company id", "associated company ids", "associated company id", "associatedcompanyid",
    "associated company ids primary", "company id", "company ids",
)  # fmt: skip


@dataclass(frozen=True)
class HubspotObject:
    """How one kind of record is read."""

    table: str
    key: str
    aliases: dict[str, tuple[str, ...]]
    natural: tuple[str, ...] = ()  # what HubSpot itself tells records apart by, where a file has no record ids
    names: tuple[str, ...] = ()  # headers whose values are identifiers (companies' names and domains)


OBJECTS = {
    "hubspot.companies": HubspotObject(
        "companies",
        "company_id",
        {
            "company_id": ("record id", "company id", "record id company", "hs object id", "id"),
            "name": ("company name", "name"),
            "domain": DOMAIN,
            "industry": ("industry",),
            "employees": ("number of employees", "numberofemployees", "employees", "company size"),
            "country": ("country region", "country", "hs country code"),
            "region": ("state region", "state", "region"),
            "lifecycle_stage": ("lifecycle stage", "lifecyclestage"),
            "created_at": CREATED,
        },
        ("domain",),
        ("name", "domain"),
    ),
    "hubspot.contacts": HubspotObject(
        "contacts",
        "contact_id",
        {
            "contact_id": ("record id", "contact id", "record id contact", "hs object id", "vid", "id"),
            "company_id": COMPANY_IDS,
            "email": ("email", "e mail", "email address"),
            "job_title": ("job title", "jobtitle", "title"),
            "persona": ("persona", "hs persona", "buyer persona"),
            "lifecycle_stage": ("lifecycle stage", "lifecyclestage"),
            "created_at": CREATED,
            "opted_out": ("unsubscribed from all email", "hs email optout", "opted out", "opted out of email"),
        },
        ("email",),
    ),
    "hubspot.deals": HubspotObject(
        "deals",
        "deal_id",
        {
            "deal_id": ("record id", "deal id", "record id deal", "hs object id", "id"),
            "company_id": COMPANY_IDS,
            "contact_ids": ("associated contact ids", "associated contact id", "contact ids", "contact id"),
            "name": ("deal name", "dealname", "name"),
            "pipeline": ("pipeline", "deal pipeline", "deal pipeline id"),
            "stage": ("deal stage", "dealstage", "deal pipeline stage id", "stage"),
            "amount": ("amount",),
            "created_at": CREATED,
            "closed_at": ("close date", "closedate", "closed at"),
            "lost_reason": ("closed lost reason", "lost reason"),
            "won": ("is closed won", "hs is closed won", "won"),
        },
        ("name", "pipeline", "stage"),
    ),
}
DATES, NUMBERS, FLAGS = ("created_at", "closed_at"), ("employees", "amount"), ("opted_out", "won")
HIDDEN = ("name", "domain", "email")  # needed to make keys, never in a table


def read_hubspot(job: Job, files: list) -> dict[str, pd.DataFrame]:
    """Table of one kind of record, indexed by its id.

    ``companies`` also has ``domain_key``: a digest of the normalised domain (or of the name, where there is no domain), equal
    for records that are the same account twice. Records created after the period are dropped and counted.
    """
    kind = OBJECTS[job.source.format]
    wanted = declared(job)
    parts = []
    for raw in raw_tables(job, files):
        columns = find_columns(job, raw, kind.aliases, also=wanted)
        hidden = tuple(columns.header[name] for name in kind.names if name in columns)
        collect_identifiers(job, raw, hidden)
        part = pd.DataFrame(index=raw.frame.index)
        part[kind.key] = _keys(job, columns, kind, raw.label)
        named = [*(n for n in kind.aliases if n != kind.key), *wanted, *(n for n in job.source.columns if n in columns)]
        for name in (n for n in named if n not in HIDDEN):
            if name not in part:
                part[name] = _typed(job, columns, name, wanted.get(name))
        if job.study.unit in columns and job.study.unit not in part:
            unit = columns.get(job.study.unit)
            part[job.study.unit] = as_ids(unit, job, raw.label, columns.header[job.study.unit])
        if kind.table == "companies":
            part["domain_key"] = domain_keys(columns.get("domain"), columns.get("name"), part.index)
        if kind.table == "deals":
            part["won"] = (
                part["won"].fillna(_won_by_stage(part["stage"])) if "won" in columns else _won_by_stage(part["stage"])
            )
        parts.append(part.assign(_file=raw.label, _row=part.index))
    return {kind.table: _finish(job, parts, kind)} if parts else {}


def _keys(job: Job, columns: Columns, kind: HubspotObject, label: str) -> pd.Series:
    frame = columns.raw.frame
    if kind.key in columns:
        ids = as_ids(frame[columns.header[kind.key]], job, label, columns.header[kind.key])
        blank = ids[ids.isna()]
        if len(blank):
            job.bad_rows(blank, "records have no id", label, column=columns.header[kind.key], of=len(ids))
        return ids
    present = [name for name in kind.natural if name in columns]
    if kind.natural[0] not in present:
        fix = f"Export with 'Record ID', or declare `columns: {{{kind.key}: <header>}}`"
        job.bad("no column holds the record id", label, row=1, allowed=", ".join(columns.raw.headers[:30]), fix=fix)
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    shown = " and ".join(columns.header[name] for name in present)
    job.note(f"no 'Record ID' in {label}: ids are digests of {shown}, by which HubSpot itself tells records apart")
    joined = pd.Series("", index=frame.index, dtype="str")
    for name in present:
        joined = joined + "|" + frame[columns.header[name]].astype("str").str.strip().str.lower().fillna("")
    return joined.map(digest12).astype("str")


def _typed(job: Job, columns: Columns, name: str, variable: Variable | None) -> pd.Series:
    values = columns.get(name)
    index, label = columns.raw.frame.index, columns.raw.label
    if values is None:
        return _absent(name, index)
    header = columns.header[name]
    if name in DATES:
        return parse_dates(values, job, label, header)
    if name in NUMBERS:
        return as_numbers(values, job, label, header)
    if name in FLAGS:
        return as_booleans(values, job, label, header)
    if name == "contact_ids":
        return as_id_lists(values)
    if name == "company_id":
        lists = as_id_lists(values)
        several = int((lists.str.len() > 1).sum())
        if several:
            job.note(f"{several} records name several companies; the first counts")
        return lists.map(lambda ids: ids[0] if ids else None).astype("str")
    if variable:
        return as_declared(values, variable, job, label, header)
    words = as_words(values)
    own = name in job.source.columns and name not in OBJECTS[job.source.format].aliases
    return as_numbers(words, job, label, header) if own and looks_numeric(words) else words


def _absent(name: str, index: pd.Index) -> pd.Series:
    if name == "contact_ids":
        return pd.Series([[] for _ in index], index=index, dtype="object")
    kinds = {
        **dict.fromkeys(DATES, "datetime64[us]"),
        **dict.fromkeys(NUMBERS, "float64"),
        **dict.fromkeys(FLAGS, "boolean"),
    }
    return pd.Series(pd.NaT if name in DATES else pd.NA, index=index, dtype=kinds.get(name, "str")) if name not in NUMBERS else (
        pd.Series(float("nan"), index=index)
    )  # fmt: skip


def as_declared(values: pd.Series, variable: Variable, job: Job, label: str, header: str) -> pd.Series:
    """A declared variable's column: numbers if its level is numeric (or binary and all numbers), else words."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean").astype("Float64").astype("float64")
    if variable.level == "numeric" and variable.measure not in ("recency", "tenure", "trend"):
        return as_numbers(values, job, label, header)
    if variable.measure in ("recency", "tenure", "trend"):
        return parse_dates(values, job, label, header)
    words = as_words(values)
    if variable.level == "binary" and words.dropna().str.lower().isin(("true", "false", "yes", "no", "0", "1")).all():
        return as_booleans(values, job, label, header).astype("Float64").astype("float64")
    return words


def domain_keys(domains: pd.Series | None, names: pd.Series | None, index: pd.Index) -> pd.Series:
    """Digest that is equal for records of one account: of the domain, or of the name where there is no domain.

    Examples
    --------
    >>> keys = domain_keys(pd.Series(["https://www.Acme.com/uk", "acme.com"]), None, pd.RangeIndex(2))
    >>> keys[0] == keys[1], keys[0]
    (True, '8354c78598ec')
    """
    empty = pd.Series(pd.NA, index=index, dtype="str")
    domain = empty if domains is None else domains.astype("str").str.strip().str.lower()
    domain = domain.str.replace(r"^[a-z]+://", "", regex=True).str.replace(r"^www\.", "", regex=True)
    domain = domain.str.replace(r"[/?#:].*$", "", regex=True).str.rstrip(".")
    domain = domain.where(domain.notna() & (domain != ""))
    name = empty if names is None else names.astype("str").map(header_key, na_action="ignore")
    name = name.where(name.notna() & (name != ""))
    joined = ("domain:" + domain).fillna("name:" + name)
    return joined.map(digest12, na_action="ignore").astype("str")


def _won_by_stage(stages: pd.Series) -> pd.Series:
    plain = stages.astype("str").map(lambda stage: re.sub(r"[^a-z]", "", stage.lower()), na_action="ignore")
    won = pd.Series(pd.NA, index=stages.index, dtype="boolean")
    won[plain == "closedwon"] = True
    won[plain == "closedlost"] = False
    return won


def _finish(job: Job, parts: list[pd.DataFrame], kind: HubspotObject) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    check_unique(table, kind.key, job, "record id")
    late = table["created_at"] >= job.period.end
    job.dropped["created after the period"] += int(late.sum())
    table = table[~late].drop(columns=["_file", "_row"])
    if kind.table == "deals":
        open_then = (table["closed_at"] >= job.period.end) & table["won"].notna()
        if open_then.any():
            job.note(f"{int(open_then.sum())} deals closed after the period count as open")
            table = table.assign(won=table["won"].mask(open_then), closed_at=table["closed_at"].mask(open_then))
    return table.set_index(kind.key)
