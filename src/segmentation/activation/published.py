"""The frozen solution of a published report, and who belonged to it: refused where it is of another study or another time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..clustering import Solution, recall_solution
from ..errors import DataContractError, ParameterError, Violation
from ..features import Encoder
from ..period import Period
from ..study import Study
from ..workspace import Workspace
from .reach import Reach, learn_reach, segment_distances

__all__ = ["Published", "open_published", "read_countries", "recall_ledger"]


@dataclass(frozen=True)
class Published:
    """What was published for one period of a study.

    Attributes
    ----------
    run : Workspace
        Its results, read-only by habit.
    solution : Solution
    encoder : Encoder
    membership : pandas.DataFrame
    reach : Reach
        How far members lie from the centre of their segment.
    """

    run: Workspace
    solution: Solution
    encoder: Encoder
    membership: pd.DataFrame
    reach: Reach

    @property
    def period(self) -> Period:
        return self.run.period


def open_published(study: Study, period: str | None, root: Path) -> Published:
    """The published solution of a study.

    Parameters
    ----------
    study : Study
    period : str or None
        Quarter; None means the latest with a report.
    root : Path
        ``reports/<study>``.

    Returns
    -------
    Published

    Raises
    ------
    ParameterError
        If there is no such report.
    DataContractError
        If the report is of another study, of other base variables than the study now has, or its bytes were changed.
    """
    found = sorted(file.parent.name for file in root.glob("*Q[1-4]/manifest.json"))
    if not found:
        raise ParameterError(f"{study.study} has no published report in {root}; make it with `segmentation run` first")
    quarter = Period.parse(period or found[-1])
    if str(quarter) not in found:
        raise ParameterError(f"{study.study} has no report for {quarter}; there are {', '.join(found)}")
    folder = root / str(quarter)
    _check_study(folder, study)
    run = Workspace(study, quarter, "published", folder)
    solution, encoder = recall_solution(run)
    check_variables(solution, study, folder / "results" / "solution.json")
    membership, features = run.read("membership"), run.read("features")
    nominal = [variable.name for variable in encoder.variables if variable.level == "nominal"]
    distances = segment_distances(solution, encoder.encode(features.reindex(membership.index)), nominal=nominal)
    reach = learn_reach(distances, membership, percentile=study.activation.near_nobody)
    return Published(run, solution, encoder, membership, reach)


def _check_study(folder: Path, study: Study) -> None:
    file = folder / "manifest.json"
    told = json.loads(file.read_text("utf-8")).get("study")
    if told != study.study:
        fix = f"Name the study {told!r}, or run this one"
        raise DataContractError([
            Violation("the report is of another study", str(file), column="study", value=told, allowed=study.study, fix=fix)
        ])  # fmt: skip


def check_variables(solution: Solution, study: Study, file: Path) -> None:
    """Refuse a solution that was not formed on the study's base variables.

    Parameters
    ----------
    solution : Solution
    study : Study
    file : Path
        For the message.

    Raises
    ------
    DataContractError
        With every variable that only one of them has.
    """
    now, then = {variable.name for variable in study.base}, set(solution.variables)
    found = [Violation("the solution was formed on a variable the study does not have as base", str(file), column=name)
             for name in sorted(then - now)]  # fmt: skip
    found += [Violation("the solution does not know this base variable of the study", str(file), column=name)
              for name in sorted(now - then)]  # fmt: skip
    if found:
        raise DataContractError(found)


def recall_ledger(study: Study, root: Path, period: str, before: Period, solution: Solution) -> pd.Series:
    """Segments by unit as the ledger has them of an earlier period.

    Parameters
    ----------
    study : Study
    root : Path
        ``reports/<study>``.
    period : str
        Quarter of the entry.
    before : Period
        Quarter the entry must come before.
    solution : Solution
        Whose ids must be those of the ledger.

    Returns
    -------
    pandas.Series
        Units without a segment are not in it.

    Raises
    ------
    ParameterError
        If the ledger has no such entry.
    DataContractError
        If the entry is not of an earlier period, or of another study.
    """
    quarter = Period.parse(period)
    entries = sorted(
        folder.name.removeprefix("period=") for folder in (root / "ledger").glob("period=*") if folder.is_dir()
    )
    folder = root / "ledger" / f"period={quarter}"
    if not quarter < before:
        earlier = [name for name in entries if Period.parse(name) < before]
        fix = "Name an earlier one" if earlier else "The ledger has no earlier period yet"
        allowed = f"before {before}; the ledger has {', '.join(earlier) or 'none'}"
        raise DataContractError(
            [Violation("period out of order", str(folder), None, "--previous", str(quarter), allowed, fix)]
        )
    if str(quarter) not in entries:
        raise ParameterError(
            f"the ledger of {study.study} has no entry for {quarter}; it has {', '.join(entries) or 'none'}"
        )
    entry = Workspace(study, quarter, "ledger", folder)
    then = Solution.from_dict(entry.read_json("solution")["solution"])
    file = folder / "results" / "solution.json"
    check_variables(then, study, file)
    segments = entry.read("membership")["segment"].dropna().astype(str)
    strange = sorted(set(segments) - set(solution.used_ids) - set(solution.segments))
    if strange or then.name != solution.name:
        told = f"its segments {', '.join(strange)} were never given here" if strange else "it is of another study"
        fix = "Take the ledger of this study; ids are never reused, so they tell"
        raise DataContractError([Violation(told, str(file), None, "used_ids", then.name, solution.name, fix)])
    return segments


def read_countries(study: Study, period: Period) -> pd.Series | None:
    """Country of each unit as the CRM writes it, for people whose own record has none.

    Parameters
    ----------
    study : Study
    period : Period

    Returns
    -------
    pandas.Series or None
        None if the study has no companies by unit with a country.

    Raises
    ------
    DataContractError
        If the companies cannot be read.
    """
    from ..sources import canonical_table, read_sources

    named = tuple(name for name in study.sources if canonical_table(study, name) == "companies")
    if not named:
        return None
    companies = read_sources(study, period, only=named)["companies"]
    return companies["country"] if companies.index.name == study.unit and "country" in companies else None
