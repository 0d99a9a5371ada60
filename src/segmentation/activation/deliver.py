"""Files with addresses: made in memory, checked, written into a temporary folder, read back, and put in place all together."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..clustering.solution import natural_order
from ..errors import DataContractError, ParameterError, nearest_word
from ..messaging.holdout import hold_out_of
from ..period import Period
from ..sources.people import Addresses
from ..study import Study
from .audiences import audience_of
from .platforms import PEOPLE_PLATFORMS
from .reread import check_file
from .writers import check_size, format_people

__all__ = ["Delivery", "deliver_audiences"]


@dataclass(frozen=True)
class Delivery:
    """Files written for platforms.

    Attributes
    ----------
    folder : Path
    files : pandas.DataFrame
        A row a file: platform, audience, file (relative to the folder), rows, sha256.
    held_out : int
        Units of these segments that no file reaches.
    """

    folder: Path
    files: pd.DataFrame
    held_out: int


def deliver_audiences(
    study: Study,
    membership: pd.DataFrame,
    addresses: Addresses,
    folder: Path,
    *,
    period: Period,
    platforms: Iterable[str],
    segments: Iterable[str] = (),
    why: str = "",
    at: str = "",
) -> Delivery:
    """Write the audiences of segments for platforms, all of them or none.

    Parameters
    ----------
    study : Study
    membership : pandas.DataFrame
        As published; index unit, column segment.
    addresses : Addresses
    folder : Path
        ``reports/<study>/exports``; files go to ``<period>/<platform>/`` below it and replace those of an earlier delivery.
        ``log.jsonl`` there remembers every delivery: when, what, how many, why.
    period : Period
    platforms : iterable of str
    segments : iterable of str
        Default: all.
    why : str
        Kept in the log.
    at : str
        Time of the delivery, for the log.

    Returns
    -------
    Delivery

    Raises
    ------
    ParameterError
        If a platform or segment is not known.
    DataContractError
        With every audience a platform would not take. Nothing is written and nothing overwritten then.
    """
    placed = membership["segment"].dropna().astype(str)
    wanted = _check_names(list(dict.fromkeys(platforms)), list(dict.fromkeys(segments)), placed)
    salt = study.activation.salt or study.study
    holdout = hold_out_of(study, membership)
    made, refused, rows = {}, [], []
    for platform, segment in wanted:
        units = placed.index[placed == segment].astype(str)
        people = audience_of(addresses.table[addresses.table["unit"].isin(units)], holdout)
        problem = check_size(platform, segment, len(people))
        if problem is not None:
            refused.append(problem)
            continue
        parts = format_people(platform, people, segment=segment, period=period)
        for number, content in enumerate(parts, start=1):
            name = f"{platform}/{segment}{f'-{number}' if len(parts) > 1 else ''}.csv"
            made[name] = content
            count = check_file(platform, content, name)
            rows.append((platform, segment, name, count, hashlib.sha256(content).hexdigest()))
    if refused:
        raise DataContractError(refused)
    held = holdout[placed.isin({segment for _, segment in wanted}).to_numpy()]
    made["holdout.csv"] = _holdout_file(study.unit, held)
    target = folder / str(period)
    _put(made, target, keep={platform for platform, _ in wanted} | {"holdout.csv"})
    files = pd.DataFrame(rows, columns=["platform", "audience", "file", "rows", "sha256"])
    _remember(folder / "log.jsonl", files, {"at": at, "period": str(period), "study": study.study, "salt": salt,
                                            "held_out": int(held.sum()), "why": why})  # fmt: skip
    return Delivery(target, files, int(held.sum()))


def _check_names(platforms: list[str], segments: list[str], placed: pd.Series) -> list[tuple[str, str]]:
    known = natural_order(placed.unique())
    for name in platforms:
        if name not in PEOPLE_PLATFORMS:
            elsewhere = name in ("hubspot", "salesforce", "segment", "posthog")
            hint = (
                "its file needs no address and is in the report's exports"
                if elsewhere
                else nearest_word(name, PEOPLE_PLATFORMS)
            )
            raise ParameterError(f"platform must be one of {', '.join(PEOPLE_PLATFORMS)}; got {name!r}. {hint}".strip())
    for name in segments:
        if name not in known:
            raise ParameterError(f"no segment {name!r}; there are {', '.join(known)}")
    return [(platform, segment) for platform in platforms for segment in (segments or known)]


def _holdout_file(unit: str, held: pd.Series) -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow([unit, "holdout"])
    writer.writerows([name, str(bool(out)).lower()] for name, out in held.sort_index().items())
    return sink.getvalue().encode()


def _put(made: dict[str, bytes], target: Path, keep: set[str]) -> None:
    """Write beside and rename: readers see the old delivery or the new one. Other platforms' files of the period stay."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".deliver-{target.name}-", dir=target.parent))
    old = target.with_name(f".old-{target.name}")
    try:
        if target.exists():
            for entry in target.iterdir():
                if entry.name not in keep:
                    (shutil.copytree if entry.is_dir() else shutil.copy2)(entry, draft / entry.name)
        for name, content in made.items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_bytes(content)
            os.chmod(draft / name, 0o600)
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(draft, target)
        except OSError:
            if old.exists():
                os.rename(old, target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _remember(log: Path, files: pd.DataFrame, facts: dict[str, object]) -> None:
    lines = [json.dumps({**facts, **row}, sort_keys=True) + "\n" for row in files.to_dict("records")]
    with log.open("a", encoding="utf-8") as stream:
        stream.writelines(lines)
