"""The ledger: who was in which segment when, and the solution that scored them; it only grows.

``reports/<study>/ledger/about.json`` says whose it is; ``period=<p>/`` holds a quarter. An entry may be written again only while no
later quarter builds on it, and the one before is then kept as ``superseded-<n>``.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from ..errors import DataContractError, Violation
from ..period import Period
from ..sources import has_quarter_before
from ..study import Study
from ..workspace import Workspace, write_bytes

__all__ = ["check_ledger", "enter_ledger", "list_ledger", "quarter_to_run_first"]

ABOUT = "about.json"
BESIDE = ("claims", "hypotheses")  # kept with the quarter; no later segment stands on them


def list_ledger(root: Path) -> list[Period]:
    """Quarters with an entry, oldest first.

    Parameters
    ----------
    root : Path
        ``reports/<study>``.

    Returns
    -------
    list of Period
    """
    names = [folder.name.removeprefix("period=") for folder in (root / "ledger").glob("period=*")]
    found = [Period.parse(name) for name in names if re.fullmatch(r"\d{4}Q[1-4]", name)]
    return sorted(period for period in found if (root / "ledger" / f"period={period}" / "results").is_dir())


def quarter_to_run_first(study: Study, period: Period, root: Path) -> Period | None:
    """The quarter before, where the study has data for it and the ledger has neither it nor a later one.

    Parameters
    ----------
    study : Study
    period : Period
        The quarter to be run.
    root : Path
        ``reports/<study>``.

    Returns
    -------
    Period or None
        None also where that quarter could no longer be run, because one in the ledger comes after it.
    """
    if any(quarter >= period.previous for quarter in list_ledger(root)) or not has_quarter_before(study, period):
        return None
    return period.previous


def check_ledger(study: Study, period: Period, root: Path) -> None:
    """Refuse to run or publish on a ledger that is not this study's, or that a later quarter already builds on.

    Parameters
    ----------
    study : Study
    period : Period
        The quarter to be run.
    root : Path
        ``reports/<study>``.

    Returns
    -------
    None

    Raises
    ------
    DataContractError
        With every violation; nothing has been written then.
    """
    folder = root / "ledger"
    quarters = list_ledger(root)
    violations = _foreign(study, folder, quarters)
    later = [quarter for quarter in quarters if quarter > period]
    if later and period not in quarters:
        violations.append(
            Violation(
                "the quarter comes before one that is already in the ledger", str(folder), None, "period", str(period),
                f"{later[-1]} or later",
                f"Segment ids of {later[0]} were given without {period} and would no longer follow from it. Run quarters in order; to "
                "report an older one for its own sake, use another reports folder (--reports)",
            )
        )  # fmt: skip
    if violations:
        raise DataContractError(violations)


def _foreign(study: Study, folder: Path, quarters: list[Period]) -> list[Violation]:
    """Whose ledger it says it is, and whose solutions it holds."""
    fix = f"Move that ledger to the reports of its study, or give this study another name than {study.study!r}"
    violations = []
    about = folder / ABOUT
    if about.exists():
        try:
            said = json.loads(about.read_text("utf-8"))
            said = said if isinstance(said, dict) else {}
        except ValueError:
            said = {}
        for key, own in _about(study).items():
            if said.get(key) != own:
                violations.append(
                    Violation("the ledger is of another study", str(about), None, key, said.get(key), repr(own), fix)
                )
    for quarter in quarters:
        entry = Workspace(study, quarter, "ledger", folder / f"period={quarter}")
        name = entry.read_json("solution")["solution"].get("name") if entry.has("solution") else study.study
        if name != study.study:
            place = str(entry.results / "solution.json")
            violations.append(
                Violation("the entry is of another study", place, None, "name", name, repr(study.study), fix)
            )
    return violations


def _about(study: Study) -> dict[str, str]:
    return {"study": study.study, "unit": study.unit}


def enter_ledger(study: Study, period: Period, work: Path, root: Path, *, dry: bool = False) -> None:
    """Write a finished run's membership and solution, and how claims and predictions stood, to the ledger.

    An entry that differs is kept beside the new one, never lost. Only membership and solution carry ids on to later quarters.

    Parameters
    ----------
    study : Study
    period : Period
    work : Path
        Run folder of the finished run.
    root : Path
        ``reports/<study>``.
    dry : bool
        Only check whether it may be written: before anything is published.

    Returns
    -------
    None

    Raises
    ------
    DataContractError
        If the ledger is of another study, or a later quarter builds on the entry and the new one differs.
    """
    source = Workspace(study, period, "ledger", work)
    if not source.has("membership"):
        return
    check_ledger(study, period, root)
    folder = root / "ledger" / f"period={period}"
    entry = Workspace(study, period, "ledger", folder)
    membership, solution = source.read("membership"), source.read_json("solution")
    beside = {name: source.read(name) for name in BESIDE if source.has(name)}
    held = entry.has("membership")
    same = held and entry.read("membership").equals(membership) and entry.read_json("solution") == solution
    if same and all(entry.has(name) and entry.read(name).equals(table) for name, table in beside.items()):
        return
    later = [quarter for quarter in list_ledger(root) if quarter > period]
    if later and not same:
        fix = f"Put back what this quarter was run with, or use another reports folder (--reports); {later[0]} stands on the entry"
        message = "the entry differs from what was run now, and later quarters build on it"
        raise DataContractError([Violation(message, str(folder), None, "period", str(period), "the same result", fix)])
    if dry:
        return
    (folder / "results").mkdir(parents=True, exist_ok=True)
    if held:
        number = len(list(folder.glob("superseded-*"))) + 1
        shutil.copytree(folder / "results", folder / f"superseded-{number}")
    about: dict[str, Any] = _about(study)
    write_bytes(root / "ledger" / ABOUT, (json.dumps(about, sort_keys=True, indent=1) + "\n").encode())
    for name, table in beside.items():
        entry.write(name, table)
    entry.write_json("solution", solution)
    entry.write("membership", membership)  # last: an entry that has members has the rest, also after a kill
