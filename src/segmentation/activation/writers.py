"""One writer a platform: its header, its normalisation, its hashing; bytes in memory, so that nothing is half written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from ..errors import DataContractError, Violation
from ..period import Period
from ..sources.identifiers import hash_identifier
from .platforms import (
    load_platforms,
    platform_email,
    platform_name,
    platform_phone,
    platform_zip,
)
from .safe import make_safe

__all__ = ["check_size", "format_people", "format_posthog", "format_salesforce", "format_segment_calls"]

SALESFORCE_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?")


def check_size(platform: str, audience: str, rows: int) -> Violation | None:
    """Why a platform would not take an audience of this size, or None.

    Examples
    --------
    >>> print(check_size("linkedin", "S5", 299))
    linkedin, S5: 299 people are too few; allowed: 300 or more. LinkedIn refuses lists of fewer than 300 rows and serves none with ...
    >>> check_size("linkedin", "S5", 300) is None
    True
    """
    rules = load_platforms()["platforms"][platform]
    place = f"{platform}, {audience}"
    if rows < rules["minimum"]:
        fix = f"{rules['why']} ({rules['source']}). Take a larger audience, or leave this one out"
        return Violation(f"{rows:,d} people are too few", place, allowed=f"{rules['minimum']:,d} or more", fix=fix)
    if rows > rules.get("maximum", rows):
        return Violation(
            f"{rows:,d} people are too many", place, allowed=f"{rules['maximum']:,d} or fewer", fix="Split it"
        )
    return None


def format_people(platform: str, people: pd.DataFrame, *, segment: str, period: Period) -> list[bytes]:
    """An audience of people as a platform takes it.

    Parameters
    ----------
    platform : {"google", "meta", "linkedin", "marketo"}
    people : pandas.DataFrame
        Those who may be written to: email, phone, first_name, last_name, country, zip, as ``Addresses.free`` has them.
    segment : str
        Written where the platform has a column for it (Marketo).
    period : Period

    Returns
    -------
    list of bytes
        One file, or several where the platform limits its size. UTF-8 without byte-order mark.

    Raises
    ------
    DataContractError
        If a file that cannot be split is larger than the platform takes.
    """
    rules = load_platforms()["platforms"][platform]
    make: Mapping[str, Callable[[pd.Series], list[str]]] = {
        "google": _google_row,
        "meta": _meta_row,
        "linkedin": _linkedin_row,
        "marketo": lambda row: _marketo_row(row, segment, period),
    }
    rows = [make[platform](row) for _, row in people.sort_values("email").iterrows()]
    first: dict[str, list[str]] = {}
    for row in rows:  # two e-mails that a platform folds into one are one person there
        first.setdefault(row[0], row)
    lines = [_line(row) for row in first.values()]
    head, limit = _line(rules["header"]), rules.get("max_bytes")
    if limit is None or len(head) + sum(map(len, lines)) <= limit:
        return [head + b"".join(lines)]
    if platform != "marketo":
        size = len(head) + sum(map(len, lines))
        message = f"the file would have {size:,d} bytes"
        raise DataContractError(
            [Violation(message, f"{platform}, {segment}", allowed=f"{limit:,d} or fewer", fix="Split it")]
        )
    return list(_split(head, lines, limit))


def _split(head: bytes, lines: list[bytes], limit: int) -> Iterator[bytes]:
    part, size = [], len(head)
    for line in lines:
        if part and size + len(line) > limit:
            yield head + b"".join(part)
            part, size = [], len(head)
        part.append(line)
        size += len(line)
    yield head + b"".join(part)


def _line(cells: list[str], quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="\r\n", quoting=quoting).writerow(cells)
    return sink.getvalue().encode()


def _hash(text: str) -> str:
    return hash_identifier(text) if text else ""


def _google_row(row: pd.Series) -> list[str]:
    """Hashed e-mail, phone and names; country and postal code plain. Google needs all four parts of an address or none."""
    names = [platform_name(row["first_name"], "google"), platform_name(row["last_name"], "google")]
    place = [str(row["country"]).lower(), platform_zip(row["zip"], "google", row["country"])]
    if not all(names) or not all(place):
        names, place = ["", ""], ["", ""]
    phone = platform_phone(row["phone"], "google") if row["phone"] else ""
    return [
        _hash(platform_email(row["email"], "google")),
        _hash(phone),
        *map(_hash, names),
        place[0],
        make_safe(place[1]),
    ]


def _meta_row(row: pd.Series) -> list[str]:
    """Everything hashed, the country too."""
    phone = platform_phone(row["phone"], "meta") if row["phone"] else ""
    plain = [
        platform_email(row["email"], "meta"),
        phone,
        platform_name(row["first_name"], "meta"),
        platform_name(row["last_name"], "meta"),
        str(row["country"]).lower(),
        platform_zip(row["zip"], "meta", row["country"]),
    ]
    return [_hash(text) for text in plain]


def _linkedin_row(row: pd.Series) -> list[str]:
    """Only the e-mail, hashed: everything else would be plain, and a field may be blank."""
    return [_hash(platform_email(row["email"], "linkedin")), "", "", "", "", "", ""]


def _marketo_row(row: pd.Series, segment: str, period: Period) -> list[str]:
    return [row["email"], make_safe(row["first_name"]), make_safe(row["last_name"]), make_safe(segment), str(period)]


def format_salesforce(membership: pd.DataFrame, *, period: Period, holdout: pd.Series) -> bytes:
    """An upsert for Salesforce's Data Loader: every cell quoted, API names, booleans in lower case.

    Parameters
    ----------
    membership : pandas.DataFrame
        Index unit; segment and margin. Units without a segment are left out: an empty cell would not overwrite.
    period : Period
    holdout : pandas.Series
        True for units held out.

    Returns
    -------
    bytes
        The key is ``Id`` if all units have Salesforce ids (15 or 18 characters), else ``Segmentation_Unit_Id__c``, an external id to
        be made on the object.
    """
    placed = membership.dropna(subset=["segment"]).sort_index()
    ids = placed.index.astype(str)
    key = "Id" if len(ids) and all(SALESFORCE_ID.fullmatch(i) for i in ids) else "Segmentation_Unit_Id__c"
    names = [key, "Segment__c", "Segment_Margin__c", "Segment_Period__c", "Segment_Holdout__c"]
    held = holdout.reindex(ids, fill_value=False)
    lines = [_line(names, csv.QUOTE_ALL)]
    for unit, segment, margin, out in zip(ids, placed["segment"], placed["margin"], held, strict=True):
        number = "" if margin != margin else f"{round(margin, 3):g}"
        cells = [make_safe(unit), make_safe(segment), number, str(period), str(bool(out)).lower()]
        lines.append(_line(cells, csv.QUOTE_ALL))
    return b"".join(lines)


def format_segment_calls(
    membership: pd.DataFrame, users: pd.DataFrame | None, *, unit: str, study: str, period: Period, holdout: pd.Series
) -> bytes:
    """Traits as identify calls of Segment and RudderStack, a JSON object a line.

    Parameters
    ----------
    membership : pandas.DataFrame
        Index unit; segment and margin.
    users : pandas.DataFrame, optional
        Columns user_id and ``unit``: one call a user, with the unit as ``context.groupId``. Without it the unit is the user.
    unit : str
        Name of the unit id.
    study : str
        Part of the message id, by which a call sent twice is dropped.
    period : Period
    holdout : pandas.Series

    Returns
    -------
    bytes
        Calls of users whose unit has a segment, in the order of user ids.
    """
    placed = membership.dropna(subset=["segment"])
    calls = []
    for user, of_unit in _users(placed, users, unit):
        row = placed.loc[of_unit]
        traits = {
            "segment": str(row["segment"]),
            "segment_margin": None if row["margin"] != row["margin"] else round(float(row["margin"]), 3),
            "segment_period": str(period),
            "segment_holdout": bool(holdout.get(of_unit, False)),
        }
        call = {
            "type": "identify",
            "userId": user,
            "traits": traits,
            "context": {"groupId": of_unit, "traits": traits},  # where RudderStack looks for them
            "timestamp": period.end.isoformat() + ".000Z",
            "messageId": "segmentation-" + hashlib.sha256(f"{study}:{period}:{user}".encode()).hexdigest()[:32],
        }
        calls.append(json.dumps(call, ensure_ascii=False, sort_keys=True) + "\n")
    return "".join(calls).encode()


def _users(placed: pd.DataFrame, users: pd.DataFrame | None, unit: str) -> list[tuple[str, str]]:
    if users is None:
        return sorted((str(name), str(name)) for name in placed.index)
    known = users.dropna(subset=["user_id", unit]).drop_duplicates("user_id")
    known = known[known[unit].isin(placed.index)]
    return sorted(zip(known["user_id"].astype(str), known[unit].astype(str), strict=True))


def format_posthog(
    membership: pd.DataFrame, users: pd.DataFrame | None, *, unit: str, holdout: pd.Series
) -> dict[str, bytes]:
    """A static cohort a segment for PostHog: a CSV whose only column is distinct_id.

    Parameters
    ----------
    membership, users, unit, holdout
        As for ``format_segment_calls``; users of held-out units are left out.

    Returns
    -------
    dict of str to bytes
        Segment to file; segments without users are not in it.
    """
    placed = membership.dropna(subset=["segment"])
    files: dict[str, list[str]] = {}
    for user, of_unit in _users(placed, users, unit):
        if not holdout.get(of_unit, False):
            files.setdefault(str(placed.at[of_unit, "segment"]), []).append(user)
    head = _line(load_platforms()["platforms"]["posthog"]["header"])
    return {name: head + b"".join(_line([make_safe(user)]) for user in ids) for name, ids in sorted(files.items())}
