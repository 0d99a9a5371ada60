"""Which header of a file is which canonical column: declared in the study, or in the format's alias table; never guessed."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..errors import nearest_word
from ..study import Variable
from .frames import Raw
from .job import Job

__all__ = [
    "Columns",
    "collect_identifiers",
    "declared",
    "digest12",
    "find_columns",
    "header_key",
    "is_personal",
    "missing_column",
]

PERSONAL = re.compile(
    r"^(property |properties |traits |context traits |recipient )*("
    r"(first|last|middle|full|sur|given|family|contact|customer|display|user|nick|participant|interviewee)? ?names?"
    r"|(first|last|sur|user)name|salutation|e ?mails?( address(es)?)?( \d+)?"
    r"|(work|personal|additional|primary|recipient) e ?mails?( address(es)?)?"
    r"|(\w+ ){0,2}e ?mail|(mobile |work |home |office )?(phone|telephone|fax)( number)?s?|mobile|context ip|ip|ip ?address"
    r"|(location )?(latitude|longitude)|lat|long|lng|(street )?address( 2| line \d)?|zip|zip code|postal code|postcode"
    r"|date of birth|birth ?date|birthday|(contact|company|deal)( owner)|owner"
    r")$"
)
NAMED = re.compile(
    r"(first|last|full|sur|given|family|contact|customer|display|participant|interviewee|company|^| )names?$"
)
KEYS_ONLY = ("name", "domain", "email")  # canonical columns that only make keys and identifiers
FIRST, LAST = (
    ("first name", "firstname", "recipientfirstname"),
    ("last name", "lastname", "surname", "recipientlastname"),
)


def header_key(header: str) -> str:
    """A header as compared: letters and digits only, lower case, API prefixes removed.

    Examples
    --------
    >>> header_key("Associated Company IDs"), header_key("property_createdate"), header_key("Land/Région")
    ('associated company ids', 'createdate', 'land region')
    """
    plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", " ", plain.casefold()).strip()
    return re.sub(r"^properties |^property ", "", key)


def is_personal(header: str) -> bool:
    """Whether a column holds names, e-mails, phones, addresses or places of persons.

    Examples
    --------
    >>> [is_personal(h) for h in ("Email", "First Name", "IPAddress", "Phone Number", "Industry", "context_ip")]
    [True, True, True, True, False, True]
    """
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", header)
    return bool(PERSONAL.match(header_key(header)) or PERSONAL.match(header_key(split)))


def digest12(text: str) -> str:
    """First twelve hexadecimal digits of SHA-256: compares without showing."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Columns:
    """Canonical (or declared) column to header of one file."""

    header: Mapping[str, str]
    raw: Raw

    def __contains__(self, name: str) -> bool:
        return name in self.header

    def get(self, name: str) -> pd.Series | None:
        return self.raw.frame[self.header[name]] if name in self.header else None


def declared(job: Job) -> dict[str, Variable]:
    """Columns that the study's variables read from this source, by name."""
    found: dict[str, Variable] = {}
    for variable in job.study.variables:
        if variable.source != job.name or variable.items:
            continue
        if variable.column or variable.measure in ("value", "money"):
            found.setdefault(variable.column or variable.name, variable)
    return found


def find_columns(
    job: Job, raw: Raw, aliases: Mapping[str, tuple[str, ...]], *, also: Mapping[str, Variable] | None = None
) -> Columns:
    """Headers of the file by canonical name.

    The study's ``columns`` and ``unit`` win over the alias table. A header they or a variable name and the file does not have
    is a violation with the nearest one. Of several aliases present the first in the table is taken.
    """
    headers = raw.headers
    by_key = {header_key(header): header for header in reversed(headers)}
    found: dict[str, str] = {}
    asked = dict(job.source.columns)
    if job.source.unit:
        asked[job.study.unit] = job.source.unit
    for canonical, header in asked.items():
        match = header if header in headers else by_key.get(header_key(header))
        if match is None:
            key = "unit" if header == job.source.unit and canonical == job.study.unit else f"columns.{canonical}"
            missing_column(job, raw, header, f"named as sources.{job.name}.{key}")
        else:
            found[canonical] = match
    for canonical, names in aliases.items():
        present = [by_key[name] for name in names if name in by_key and by_key[name] not in asked.values()]
        if canonical not in asked and present:
            found[canonical] = present[0]
    for name, variable in (also or {}).items():
        if name in found or name in asked:
            continue
        match = name if name in headers else by_key.get(header_key(name))
        if match is None:
            missing_column(job, raw, name, f"of variable {variable.name!r}")
        else:
            found[name] = match
    for canonical in (*asked, *(also or {})):
        header = found.get(canonical, "")
        if canonical not in KEYS_ONLY and is_personal(header) and not header_key(header).startswith(("zip", "post")):
            fix = "Use an id instead: names, e-mails and phones reach no table"
            job.bad("holds personal data and cannot become a column", raw.label, row=1, column=header, fix=fix)
    for header in sorted(set(found.values()) & set(raw.doubled)):
        job.bad("stands twice in the header", raw.label, row=1, column=header, fix="Rename or delete one of the two")
    for header in headers:
        if header not in found.values() and not is_personal(header):
            job.unmapped.setdefault(header)
    return Columns(found, raw)


def missing_column(job: Job, raw: Raw, header: str, why: str) -> None:
    """Add the violation of a header that the study names and the file does not have, with the nearest one it has."""
    allowed = ", ".join(raw.headers[:30]) + (" ..." if len(raw.headers) > 30 else "")
    keys = {header_key(name): name for name in raw.headers}
    close = difflib.get_close_matches(header_key(header), list(keys), n=1)
    hint = nearest_word(header, raw.headers) or (f"Did you mean {keys[close[0]]!r}?" if close else "")
    job.bad(f"no such column ({why})", raw.label, row=1, column=header, allowed=allowed, fix=hint)


def collect_identifiers(job: Job, raw: Raw, extra: tuple[str, ...] = ()) -> None:
    """Remember names, e-mails and phones of a raw table; their columns reach no canonical table.

    First and last name are remembered together, as a full name: alone they are often ordinary words.
    """
    first = last = None
    kept = []
    for header in raw.headers:
        key = header_key(header)
        if not is_personal(header) and header not in extra:
            continue
        kept.append(header)
        values = raw.frame[header].dropna()
        if key in FIRST:
            first = raw.frame[header]
        elif key in LAST:
            last = raw.frame[header]
        elif "mail" in key or "phone" in key or key in ("mobile", "fax") or header in extra:
            job.identify(values)
        elif NAMED.search(key):
            job.identify(part for value in values for part in re.split(r"[|;]", str(value)))
    if first is not None and last is not None:
        both = first.notna() & last.notna()
        job.identify(first[both].astype("str") + " " + last[both].astype("str"))
    if kept:
        job.note(f"personal columns not kept: {', '.join(kept)}")
