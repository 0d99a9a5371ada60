"""Addresses of people, read from the CRM's file when they are needed and never kept: consent, suppression, what can be matched."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ..dataset import Dataset
from ..errors import DataContractError, Violation, nearest_word
from ..period import Period
from ..study import People, Study
from .frames import raw_tables
from .identifiers import as_e164, clean_email, hash_identifier
from .job import Job

__all__ = ["REASONS", "Addresses", "Suppression", "read_addresses", "read_stage_addresses", "read_suppression"]

YES, NO = ("true", "yes", "y", "1", "x"), ("false", "no", "n", "0", "")
SUPPRESSED_BY = ("email", "email_sha256", "id", "unit")
ALSO = ("reason", "date")
REASONS = ("no e-mail", "not an e-mail", "no consent", "suppressed", "second person with this e-mail")


@dataclass(frozen=True)
class Suppression:
    """People and units that nothing is sent to: e-mails as SHA-256, ids of people, ids of units."""

    emails: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.emails) + len(self.people) + len(self.units)


@dataclass(frozen=True, repr=False)
class Addresses:
    """People with addresses, in memory only.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a person: id, unit, email, phone (E.164), first_name, last_name, country (ISO), zip, reason: why the person may not be
        written to, or "", and no_call: why not called, or "".
    suppressed : Suppression
    """

    table: pd.DataFrame
    suppressed: Suppression

    def __repr__(self) -> str:
        return f"Addresses({len(self.table)} people, not shown)"

    @property
    def free(self) -> pd.DataFrame:
        """People who may be written to."""
        return self.reached_by("email")

    def reached_by(self, address: str) -> pd.DataFrame:
        """People whom this kind of address reaches: they have one, agreed, are not suppressed, and nobody before them has the same
        inbox, or in their unit the same telephone.

        Parameters
        ----------
        address : {"email", "phone"}

        Returns
        -------
        pandas.DataFrame
        """
        return self.table[self.table[{"email": "reason", "phone": "no_call"}[address]] == ""]


def read_suppression(study: Study) -> Suppression:
    """The study's suppression list.

    Parameters
    ----------
    study : Study
        ``activation.suppression`` names a CSV with one or more of the columns email, email_sha256, id (of a person) and unit, and
        if wished reason and date; every row must fill one of the first four.

    Returns
    -------
    Suppression
        Empty if the study names none.

    Raises
    ------
    DataContractError
        With every row that names nobody or holds what is no e-mail or no SHA-256.
    """
    named = study.activation.suppression
    if named is None:
        return Suppression()
    path = study.resolve(named)
    if not path.is_file():
        raise DataContractError([Violation("no such file", named, column="activation.suppression")])
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    found = list(_check_header(header, named))
    if found:
        raise DataContractError(found)
    emails, people, units = set(), set(), set()
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        problem = _check_row(cells, named, number)
        if problem is not None:
            found.append(problem)
            continue
        if cells.get("email"):
            emails.add(hash_identifier(clean_email(cells["email"]) or ""))
        if cells.get("email_sha256"):
            emails.add(cells["email_sha256"].lower())
        people |= {cells["id"]} if cells.get("id") else set()
        units |= {cells["unit"]} if cells.get("unit") else set()
    if found:
        raise DataContractError(found)
    return Suppression(frozenset(emails), frozenset(people), frozenset(units))


def _check_header(header: list[str], file: str) -> Iterator[Violation]:
    known = (*SUPPRESSED_BY, *ALSO)
    for name in header:
        if name not in known:
            fix = nearest_word(name, known) or "Take the column out"
            yield Violation("unknown column", file, row=1, column=name, allowed=", ".join(known), fix=fix)
    if not set(header) & set(SUPPRESSED_BY):
        yield Violation("no column says who", file, row=1, allowed=", ".join(SUPPRESSED_BY))


def _check_row(cells: dict[str, str], file: str, number: int) -> Violation | None:
    if not any(cells.get(name) for name in SUPPRESSED_BY):
        return Violation("the row names nobody", file, number, allowed=" or ".join(SUPPRESSED_BY))
    if cells.get("email") and clean_email(cells["email"]) is None:
        return Violation(
            "not an e-mail", file, number, "email", fix="Correct it: a list that misses somebody protects nobody"
        )
    if cells.get("email_sha256") and not re.fullmatch(r"[0-9a-fA-F]{64}", cells["email_sha256"]):
        return Violation("not a SHA-256", file, number, "email_sha256", allowed="64 hexadecimal digits")
    return None


def read_addresses(study: Study, *, countries: pd.Series | None = None) -> Addresses | None:
    """People of the study's ``activation.people`` with their addresses, and why some may not be written to.

    Parameters
    ----------
    study : Study
    countries : pandas.Series, optional
        Country of each unit in the CRM's words, for studies whose people have no column for it.

    Returns
    -------
    Addresses or None
        None if the study names no people. Nothing of it may be stored or shown.

    Raises
    ------
    DataContractError
        If a column is missing, consent is neither yes nor no, an id is missing or stands twice. Values of addresses are never in
        the message.
    """
    people = study.activation.people
    if people is None:
        return None
    job, parts, found, suppressed = Job(study, people.source, Period(9999, 4)), [], [], Suppression()
    try:
        suppressed = read_suppression(study)
    except DataContractError as error:
        found += error.violations
    for raw in raw_tables(job, job.files()):
        problems = list(_check_columns(people, raw.headers, raw.label, raw.doubled))
        found += problems
        if not problems:
            part, odd = _read_part(people, raw.frame, raw.label)
            parts.append(part)
            found += odd
    found = [*job.violations, *found]
    if not found and parts:
        found += _check_ids(pd.concat(parts), people)
    if found:
        raise DataContractError(found)
    table = pd.concat(parts, ignore_index=True)
    table = _with_country(table, people, countries)
    table = table.assign(reason=_reasons(table, suppressed), no_call=_reasons(table, suppressed, by="phone"))
    return Addresses(table.drop(columns=["consent", "written"]), suppressed)


def read_stage_addresses(study: Study, data: Dataset) -> Addresses | None:
    """Addresses for a stage; people without a country of their own take that of their unit.

    Parameters
    ----------
    study : Study
    data : Dataset
        With companies where they have the country.

    Returns
    -------
    Addresses or None
        As ``read_addresses``.
    """
    companies = data.tables.get("companies")
    by_unit = companies is not None and companies.index.name == study.unit and "country" in companies
    return read_addresses(study, countries=companies["country"] if by_unit else None)


def _headers(people: People) -> dict[str, str]:
    """Our name of a column to the header in the file."""
    named = ("id", "unit", "email", "phone", "first_name", "last_name", "country", "zip", "consent")
    return {name: getattr(people, name) for name in named if getattr(people, name) is not None}


def _check_columns(people: People, have: list[str], file: str, doubled: tuple[str, ...]) -> Iterator[Violation]:
    for name, header in _headers(people).items():
        if header not in have:
            hint = nearest_word(header, have)
            consent = "Nothing is exported without it" if name == "consent" else ""
            fix = " ".join(filter(None, (hint, consent)))
            yield Violation(
                f"no such column (activation.people.{name})", file, 1, header, allowed=", ".join(have[:30]), fix=fix
            )
        elif header in doubled:
            yield Violation("column stands twice", file, 1, header, fix="Keep one, so that nobody is taken for another")


def _read_part(people: People, frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Violation]]:
    part = pd.DataFrame(index=frame.index)
    for name, header in _headers(people).items():
        part[name] = frame[header].astype("object").where(frame[header].notna(), "").map(lambda cell: str(cell).strip())
    for name in ("phone", "first_name", "last_name", "country", "zip"):
        if name not in part:
            part[name] = ""
    words = part["consent"].str.lower()
    odd = part.index[~words.isin((*YES, *NO))]
    found = []
    if len(odd):
        shown = ", ".join(map(str, odd[:5])) + (f" and {len(odd) - 5} more" if len(odd) > 5 else "")
        value, allowed = part.at[odd[0], "consent"], "true or false, yes or no, 1 or 0, empty"
        found.append(Violation("consent must be yes or no", file, shown, people.consent, value, allowed))
    part["consent"] = words.isin(YES) == (people.consent_means == "opted_in")
    part["unit"] = part["unit"].str.split(";").str[0].str.strip()
    part["written"] = part["email"]
    part["email"] = part["email"].map(lambda text: clean_email(text) or "")
    part["_file"], part["_row"] = file, part.index
    return part, found


def _check_ids(table: pd.DataFrame, people: People) -> Iterator[Violation]:
    empty = table[table["id"] == ""]
    for file, rows in empty.groupby("_file"):
        yield Violation(f"{len(rows)} people without an id", file, str(rows["_row"].iloc[0]), people.id)
    doubled = table[(table["id"] != "") & table["id"].duplicated(keep=False)]
    for value, rows in doubled.groupby("id"):
        where = ", ".join(str(row) for row in rows["_row"].head(5))
        yield Violation(
            "id stands more than once", str(rows["_file"].iloc[0]), where, people.id, value, fix="Keep one row a person"
        )


def _with_country(table: pd.DataFrame, people: People, countries: pd.Series | None) -> pd.DataFrame:
    words = table["country"]
    if people.country is None and countries is not None:
        words = table["unit"].map(countries).astype("object").where(table["unit"].isin(countries.dropna().index), "")
    known = {name: country for name, country in people.countries.items()}
    phones = [
        (as_e164(phone, known[word].calling_code, known[word].trunk) if word in known else as_e164(phone)) or ""
        for phone, word in zip(table["phone"], words, strict=True)
    ]
    iso = words.map({name: country.iso for name, country in known.items()})
    iso = iso.where(iso.notna(), words.where(words.astype(str).str.fullmatch("[A-Z]{2}"), ""))
    return table.drop(columns=["_file", "_row"]).assign(
        country=iso.to_numpy(object), phone=pd.array(phones, dtype=object)
    )


def _reasons(table: pd.DataFrame, suppressed: Suppression, *, by: str = "email") -> pd.Series:
    """Why a person may not be reached; the first that holds counts. An e-mail that anybody opted out for is out for all."""
    hashed = table["email"].map(lambda email: hash_identifier(email) if email else "")
    out = set(table.loc[~table["consent"], "email"]) - {""}
    listed = table["id"].isin(suppressed.people) | table["unit"].isin(suppressed.units) | hashed.isin(suppressed.emails)
    reason = pd.Series("", index=table.index, dtype=object)
    missing = {
        "email": {
            "no e-mail": table["written"] == "",
            "not an e-mail": (table["email"] == "") & (table["written"] != ""),
        },
        "phone": {"no phone": table["phone"] == ""},
    }
    told = {
        **missing[by],
        "no consent": ~table["consent"] | table["email"].isin(out),
        "suppressed": listed,
    }
    for why, holds in told.items():
        reason = reason.mask(holds & (reason == ""), why)
    # an inbox is one person's wherever it stands; a telephone is shared within a unit
    same = ["email"] if by == "email" else ["unit", "phone"]
    again = table.loc[reason == "", same].duplicated().reindex(table.index, fill_value=False)
    return reason.mask(again, f"second person with this {'e-mail' if by == 'email' else by}")
