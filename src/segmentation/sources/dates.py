"""Dates of one column: one format, declared where it is ambiguous; anything else is named with its rows."""

from __future__ import annotations

import zoneinfo

import pandas as pd

from .job import Job

__all__ = ["parse_dates"]

CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
FAMILIES = {
    "ISO 8601 with a time zone (2026-03-12T09:14:00Z)": rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]{CLOCK} ?(?:Z|UTC|[+-]\d{{2}}:?\d{{2}})",
    "ISO 8601 (2026-03-12 09:14)": rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]{CLOCK}",
    "ISO 8601 date (2026-03-12)": r"\d{4}-\d{2}-\d{2}",
    "year/month/day (2026/3/12)": rf"\d{{4}}/\d{{1,2}}/\d{{1,2}}(?: {CLOCK})?",
    "slash date (3/12/2026)": rf"\d{{1,2}}/\d{{1,2}}/\d{{2,4}}(?:,? {CLOCK}(?: ?[AaPp][Mm])?)?",
    "dotted date (12.3.2026)": rf"\d{{1,2}}\.\d{{1,2}}\.\d{{2,4}}(?:,? {CLOCK})?",
    "a number (1773306840000)": r"\d{5,13}",
}
ZONED, ISO, ISO_DATE, YEAR_SLASH, SLASH, DOTTED, NUMBER = FAMILIES
EPOCHS = {"epoch_s": "s", "epoch_ms": "ms"}
ALLOWED = "ISO 8601, or the one format declared as date_format"


def parse_dates(values: pd.Series, job: Job, file: str, column: str, *, time_zone: str = "") -> pd.Series:
    """Naive UTC time stamps of a column, ``datetime64[us]``; what cannot be read is a violation and comes back missing.

    ``values`` is text (or already dates) indexed by row of the file. A date without a clock stays at midnight of that date.
    Time stamps without a zone are in ``time_zone`` (default: the source's).
    """
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    try:
        zone = zoneinfo.ZoneInfo(time_zone or job.source.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        job.bad(
            "no such time zone",
            file,
            column=column,
            value=time_zone or job.source.time_zone,
            fix="Use a name like Europe/Berlin",
        )
        zone = zoneinfo.ZoneInfo("UTC")
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _to_utc(values, zone, job, file, column)
    text = values.astype("str").where(values.notna()).str.strip()
    if job.source.date_format:
        return _parse_declared(text, zone, job, file, column)
    families = _families(text)
    found = [name for name in FAMILIES if (families == name).any()]
    unknown = text[families.isna() & text.notna()]
    if len(unknown):
        fix = "Declare `date_format` for this source if all are written in one other way"
        job.bad_rows(
            unknown, "values are not dates", file, column=column, allowed=ALLOWED, fix=fix, of=int(text.notna().sum())
        )
    kinds = [name for name in found if name != ISO_DATE or not {ZONED, ISO} & set(found)]
    if len(kinds) > 1:
        _report_mix(text, families, kinds, job, file, column)
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    if kinds and kinds[0] in (SLASH, DOTTED, NUMBER):
        _report_ambiguous(text, families, kinds[0], job, file, column)
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    return _parse_iso(text, families, zone, job, file, column)


def _families(text: pd.Series) -> pd.Series:
    families = pd.Series(None, index=text.index, dtype="object")
    for name, pattern in FAMILIES.items():
        open_ = families.isna() & text.notna()
        if not open_.any():
            break
        families[open_ & text.str.fullmatch(pattern).fillna(False).astype(bool)] = name
    return families


def _report_mix(text: pd.Series, families: pd.Series, kinds: list[str], job: Job, file: str, column: str) -> None:
    parts = []
    for name in kinds:
        rows = text[families == name]
        shown = ", ".join(str(row) for row in rows.index[:3])
        many = "" if len(rows) == 1 else "s"
        parts.append(f"{name} in {len(rows)} row{many}, first {rows.iloc[0]!r} (row{many} {shown})")
    later = text[families == kinds[1]]
    fix = "Export the column again in one format, or clean it before"
    message = f"mixed date formats in one column: {'; '.join(parts)}"
    job.bad(message, file, row=int(later.index[0]), column=column, allowed="one format a column", fix=fix)


def _report_ambiguous(text: pd.Series, families: pd.Series, kind: str, job: Job, file: str, column: str) -> None:
    rows = text[families == kind]
    if kind == NUMBER:
        fix = "Declare `date_format: epoch_ms`, `epoch_s` or a format such as '%Y%m%d'"
    else:
        mark = "/" if kind == SLASH else "."
        parts = rows.str.split(mark, regex=False)
        first, second = parts.str[0].astype(int).max(), parts.str[1].astype(int).max()
        orders = []
        if second <= 12:
            orders.append(f"'%d{mark}%m{mark}%Y' (day first)")
        if first <= 12:
            orders.append(f"'%m{mark}%d{mark}%Y' (month first)")
        clock = ", with the clock, e.g. ' %I:%M %p'," if rows.str.contains(":").any() else ""
        fix = f"Declare `date_format`{clock} for this source: {' or '.join(orders) or 'no order fits all values'}"
    job.bad_rows(
        rows, f"values are ambiguous: {kind}", file, column=column, allowed=ALLOWED, fix=fix, of=int(text.notna().sum())
    )


def _parse_declared(text: pd.Series, zone: zoneinfo.ZoneInfo, job: Job, file: str, column: str) -> pd.Series:
    form = str(job.source.date_format)
    if form in EPOCHS:
        numbers = pd.to_numeric(text, errors="coerce")
        parsed = pd.to_datetime(numbers, unit=EPOCHS[form], errors="coerce", utc=True)
    else:
        parsed = pd.to_datetime(text, format=form, errors="coerce", utc="%z" in form)
    failed = text[parsed.isna() & text.notna()]
    if len(failed):
        families = _families(failed).dropna()
        if len(families) and len(failed) < text.notna().sum():
            rows = ", ".join(str(row) for row in failed.index[:3])
            job.bad(
                f"mixed date formats in one column: the declared {form!r} and {families.iloc[0]}, "
                f"first {failed.loc[families.index[0]]!r} ({len(failed)} rows: {rows})",
                file, row=int(failed.index[0]), column=column, allowed="one format a column",
                fix="Export the column again in one format",
            )  # fmt: skip
        else:
            job.bad_rows(failed, "values are not dates", file, column=column, allowed=form, of=int(text.notna().sum()))
    clockless = form not in EPOCHS and not any(mark in form for mark in ("%H", "%I", "%X", "%c", "%T"))
    return parsed.astype("datetime64[us]") if clockless else _to_utc(parsed, zone, job, file, column)


def _parse_iso(
    text: pd.Series, families: pd.Series, zone: zoneinfo.ZoneInfo, job: Job, file: str, column: str
) -> pd.Series:
    known = text.where(families.notna())
    tidy = known.str.replace("/", "-", regex=False).str.replace(r" ?UTC$", "Z", regex=True)
    tidy = tidy.str.replace(r"[ T](\d):", r" 0\1:", regex=True).str.replace(r"-(\d)\b", r"-0\1", regex=True)
    tidy = tidy.str.replace(r" ([+-]\d{2}:?\d{2}|Z)$", r"\1", regex=True)
    parsed = pd.to_datetime(tidy, format="ISO8601", errors="coerce", utc=bool((families == ZONED).any()))
    failed = known[parsed.isna() & known.notna()]
    if len(failed):
        job.bad_rows(failed, "values are not dates of the calendar", file, column=column, of=int(text.notna().sum()))
    local = _to_utc(parsed, zone, job, file, column)
    day = known.str.fullmatch(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}").fillna(False).astype(bool)
    naive = parsed.dt.tz_localize(None) if parsed.dt.tz is not None else parsed
    return local.where(~day, naive.astype("datetime64[us]"))


def _to_utc(parsed: pd.Series, zone: zoneinfo.ZoneInfo, job: Job, file: str, column: str) -> pd.Series:
    if parsed.dt.tz is not None:
        return parsed.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
    if zone.key == "UTC":
        return parsed.astype("datetime64[us]")
    located = parsed.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    lost = parsed[located.isna() & parsed.notna()]
    if len(lost):
        fix = "Export in UTC and take time_zone out of the source"
        job.bad_rows(lost, f"time stamps do not exist or exist twice in {zone.key}", file, column=column, fix=fix)
    return located.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
