"""Every source of a study into one Dataset; all that is wrong anywhere is said at once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ..dataset import Dataset, SourceAccount
from ..errors import DataContractError, ParameterError, Violation, nearest_word
from ..period import Period
from ..study import Study
from .coded_table import read_coded_table
from .coding_folder import link_placed, read_coding_folder
from .events import EventLog, event_sources, list_periods, load_events, quarters_of
from .hubspot import OBJECTS, read_hubspot
from .job import Job
from .linking import PRIVATE, link_codings, link_interviewees, link_people, stack_codes
from .memos import link_memos
from .plain import read_table
from .qualcoder import read_qualcoder
from .qualtrics import read_qualtrics
from .refi_qda import read_refi
from .segment import read_identities
from .taguette import read_taguette
from .text_rows import read_texts
from .transcripts import read_transcripts

__all__ = ["canonical_table", "check_sources", "read_sources"]

Reader = Callable[[Job, list[Path]], dict[str, pd.DataFrame]]
READERS: dict[str, Reader] = {
    **dict.fromkeys(OBJECTS, read_hubspot),
    "segment.identifies": read_identities,
    "qualtrics": read_qualtrics,
    "transcripts": read_transcripts,
    "texts": read_texts,
    "refi-qda": read_refi,
    "qualcoder": read_qualcoder,
    "taguette": read_taguette,
    "coded-table": read_coded_table,
    "segmentation.codings": read_coding_folder,
    "table": read_table,
}
TABLES = {
    **{name: kind.table for name, kind in OBJECTS.items()},
    "segment.tracks": "events",
    "segment.identifies": "identities",
    "qualtrics": "survey",
    "transcripts": "turns",
    "texts": "turns",
    **dict.fromkeys(("refi-qda", "qualcoder", "taguette", "coded-table", "segmentation.codings"), "codings"),
}
STACKED = ("turns", "transcripts")  # what several sources may bring, each with its own ids
FAR = Period(2199, 4)  # for a study that dates nothing: leaves nothing out


def canonical_table(study: Study, source: str) -> str:
    """Name of the Dataset table a source becomes (transcripts and codings become two; this is the one with rows of text).

    Parameters
    ----------
    study : Study
    source : str
        Name of a source of the study file.

    Returns
    -------
    str
        For instance ``companies`` for a source of format hubspot.companies, whatever it is called.

    Raises
    ------
    ParameterError
        If the study has no such source.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> canonical_table(tiny_study(), "events")
    'events'
    """
    if source not in study.sources:
        hint = nearest_word(source, study.sources)
        raise ParameterError(f"no source {source!r}; the study has: {', '.join(study.sources)}. {hint}".strip())
    chosen = study.sources[source]
    return TABLES.get(chosen.format) or chosen.canonical or source


def read_sources(study: Study, period: str | Period, only: tuple[str, ...] | None = None) -> Dataset:
    """Read every source of a study into canonical tables.

    Parameters
    ----------
    study : Study
    period : str or Period
        Quarter; events, answers and records dated at or after its end are left out and counted.
    only : tuple of str, optional
        Names of the sources to read; default all.

    Returns
    -------
    Dataset
        With one account a source. A source the study does not name is simply no table.

    Raises
    ------
    DataContractError
        With every violation of every source.
    ParameterError
        If the period is not a quarter, or ``only`` names a source that the study has not.

    Examples
    --------
    The company names are not in the table, but are known for redaction; an event that was sent twice counts once.

    >>> from segmentation.sources.example import tiny_study
    >>> data = read_sources(tiny_study(), "2026Q3")
    >>> data["companies"]["industry"].to_dict()
    {'8001': 'Heating', '8002': 'Electrical'}
    >>> sorted(data.identifiers)
    ['Acme Ltd', 'Bolt Ltd']
    >>> [(account.source, account.rows_in, account.rows_out, dict(account.dropped)) for account in data.accounts]
    [('companies', 2, 2, {}), ('events', 3, 2, {'duplicate message id': 1})]
    """
    quarter = Period.parse(period)
    for name in only or ():
        canonical_table(study, name)
    names = [name for name in study.sources if only is None or name in only]
    jobs = {name: Job(study, name, quarter) for name in names}
    tables: dict[str, pd.DataFrame] = {}
    owners: dict[str, str] = {}
    files: dict[str, tuple[list[Path], str]] = {}
    kept: dict[str, dict[str, pd.DataFrame]] = {}
    logs = event_sources(study, only)
    for name in names:
        if name not in logs:
            files[name] = (found := jobs[name].files(), "")
            read = READERS[study.sources[name].format](jobs[name], found)
            kept[name] = _keep_private(read)
            _add(tables, owners, read, jobs[name])
    if logs:
        found_logs = {name: _adopt_log(load_events(study, name), jobs[name], files) for name in logs}
        _add_events(tables, owners, found_logs, jobs, quarter)
    _link(tables, owners, kept, jobs)
    violations = [violation for job in jobs.values() for violation in job.violations]
    if violations:
        raise DataContractError(_distinct(violations))
    accounts = tuple(_account(jobs[name], *files[name]) for name in names)
    identifiers = frozenset(word for job in jobs.values() for word in job.identifiers)
    return Dataset(study.study, study.unit, quarter, tables, accounts, identifiers)


def _distinct(violations: list[Violation]) -> list[Violation]:
    seen: dict[str, Violation] = {}
    for violation in violations:
        seen.setdefault(str(violation), violation)
    return list(seen.values())


def _keep_private(read: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Take out what waits for the other sources: codings with their codebook, and tables nobody else sees."""
    if "codes" in read:
        return {key: read.pop(key) for key in ("codes", "codings", "_placed", "_resolved", *PRIVATE) if key in read}
    return {key: read.pop(key) for key in PRIVATE if key in read}


def _add(tables: dict[str, pd.DataFrame], owners: dict[str, str], read: dict[str, pd.DataFrame], job: Job) -> None:
    for name, table in read.items():
        if name in tables and name in STACKED:
            _refuse_doubled(tables[name], table, job, owners[name])
            tables[name] = pd.concat([tables[name], table], ignore_index=name == "turns")
            continue
        if name in tables:
            fix = "Give both files to one source, or another `as`"
            job.bad(f"sources {owners[name]!r} and {job.name!r} both make the table {name!r}", job.name, fix=fix)
            continue
        tables[name], owners[name] = table, job.name


def _refuse_doubled(known: pd.DataFrame, table: pd.DataFrame, job: Job, owner: str) -> None:
    if known.index.name == "source_id":
        for source_id in table.index.intersection(known.index)[:5]:
            fix = "Rename one of the two texts"
            job.bad(
                f"a text of source {owner!r} has the same id", job.name, column="source_id", value=source_id, fix=fix
            )


def _adopt_log(log: EventLog, job: Job, files: dict[str, tuple[list[Path], str]]) -> EventLog:
    """Copy what was found while loading; the log is shared between periods, the job is not."""
    job.violations += log.job.violations
    job.dropped = Counter(log.job.dropped)
    job.unmapped = dict(log.job.unmapped)
    job.notes = list(log.job.notes)
    job.identifiers = set(log.job.identifiers)
    job.rows_in = log.job.rows_in
    files[job.name] = (log.files, log.digest)
    return log


def _add_events(
    tables: dict[str, pd.DataFrame],
    owners: dict[str, str],
    logs: dict[str, EventLog],
    jobs: dict[str, Job],
    quarter: Period,
) -> None:
    if any(log.job.violations for log in logs.values()):
        return
    quarters = sorted({found for log in logs.values() for found in quarters_of(log)})
    first = next(iter(logs))
    if quarter not in quarters:
        near = ", ".join(map(str, quarters[-12:])) or "none"
        fix = "Ask for one of these periods"
        jobs[first].bad(
            "the period has no events", first, value=str(quarter), allowed=f"periods with events: {near}", fix=fix
        )
        return
    parts = []
    for name, log in logs.items():
        part = _events_frame(log.table.filter(log.table.timestamp < quarter.end).to_pandas())
        jobs[name].dropped["after the period"] += jobs[name].rows_in - sum(jobs[name].dropped.values()) - len(part)
        parts.append(part)
    tables["events"] = pd.concat(parts, ignore_index=True)
    owners["events"] = first


def _events_frame(frame: pd.DataFrame) -> pd.DataFrame:
    text = [name for name in frame.columns if name not in ("timestamp", "value")]
    return frame.astype({**dict.fromkeys(text, "str"), "timestamp": "datetime64[us]", "value": "float64"})


def _link(
    tables: dict[str, pd.DataFrame],
    owners: dict[str, str],
    kept: dict[str, dict[str, pd.DataFrame]],
    jobs: dict[str, Job],
) -> None:
    passages = [read["_passages"] for read in kept.values() if "_passages" in read]
    passed = pd.concat(passages) if passages else None
    shown: dict[tuple[str, str], str] = {}
    for name, read in kept.items():
        if "codes" in read:
            stack_codes(tables, read["codes"], jobs[name])
        if "_coded_texts" in read:
            link_codings(tables, read, passed, shown, jobs[name])
        if "_memos" in read:
            link_memos(tables, read, passed, shown, jobs[name])
        if "_placed" in read:
            link_placed(tables, read, shown, jobs[name])
    for name, read in sorted(
        kept.items(), key=lambda item: "_passages" not in item[1]
    ):  # who wrote goes before who was coded
        if "_people" in read:
            link_people(tables, read["_people"], passed, jobs[name])
            owners.setdefault("interviewees", name)
    if "interviewees" in tables and "source_id" in tables["interviewees"]:
        link_interviewees(tables, jobs[owners["interviewees"]])


def _account(job: Job, files: list[Path], digest: str) -> SourceAccount:
    rows = job.rows_in - sum(job.dropped.values())
    if job.source.connection and not digest:
        shape = f"{job.source.table}|{job.rows_in}|{rows}|{dict(job.dropped)}"
        digest = hashlib.sha256(shape.encode()).hexdigest()
    return job.account(rows, files, digest)


def check_sources(study: Study) -> Dataset:
    """Read and validate everything, for the last period that has data.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Dataset
        Of the last quarter with events; of all time if the study has no events.

    Raises
    ------
    DataContractError
        With every violation of every source.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> str(check_sources(tiny_study()).period)
    '2026Q3'
    """
    try:
        periods = list_periods(study)
    except DataContractError:
        periods = ()  # the same violations come again below, with those of the other sources
    return read_sources(study, periods[-1] if periods else FAR)
