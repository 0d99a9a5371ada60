"""What came of a persona's prediction in the tests that were registered for it, and whether it must be revised."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..words import count_words, join_words
from .findings import Findings
from .model import Persona, Prediction
from .rules import PersonaRules, Row

__all__ = ["check_prediction", "tell_verdicts", "with_verdicts"]

RULE = "P13 prediction"


def tell_verdicts(log: pd.DataFrame | None, persona_id: str, version: int) -> list[dict[str, Any]]:
    """The last word of the log on each test of a persona, the latest version first, then the latest quarter.

    Parameters
    ----------
    log : pandas.DataFrame or None
        quarter, experiment, persona, version, arm, prediction, verdict, reason: as ``log_hypotheses`` returns it.
    persona_id : str
    version : int
        The persona's present version.

    Returns
    -------
    list of dict
        quarter, experiment, version, present (whether it is this version's), prediction, verdict, reason.

    Examples
    --------
    >>> row = {"quarter": "2026Q2", "experiment": "mail", "persona": "s1-a", "version": 1, "arm": "B", "prediction": "Wins",
    ...     "verdict": "refuted", "reason": "the whole interval is on the other side of 0"}
    >>> [(told["quarter"], told["verdict"], told["present"]) for told in tell_verdicts(pd.DataFrame([row]), "s1-a", 2)]
    [('2026Q2', 'refuted', False)]
    """
    if log is None or log.empty:
        return []
    own = log[log["persona"] == persona_id].drop_duplicates(["experiment", "version", "arm"], keep="last")
    own = own.sort_values(["version", "quarter"], ascending=False, kind="stable")
    columns = ["quarter", "experiment", "version", "prediction", "verdict", "reason"]
    return [
        row | {"version": int(row["version"]), "present": row["version"] == version}
        for row in own[columns].to_dict("records")
    ]


def with_verdicts(sheets: Iterable[dict[str, Any]], log: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Sheets of personas with what a later log says of their predictions: this quarter's tests end after the personas are checked.

    Parameters
    ----------
    sheets : iterable of dict
        As ``persona_sheets`` returns them.
    log : pandas.DataFrame or None
        None leaves the sheets as they are.

    Returns
    -------
    list of dict
    """
    return [
        sheet
        | {
            "verdicts": sheet.get("verdicts", [])
            if log is None
            else tell_verdicts(log, sheet["persona_id"], sheet["version"])
        }
        for sheet in sheets
    ]


def check_prediction(persona: Persona, findings: Findings, rules: PersonaRules) -> Row:
    """P13: it predicts something that a test can refute, and tests have not refuted it too often.

    A new version starts afresh. The log knows of every test in the study's file of experiments; ``failed`` of the persona's
    file counts only where the log has none of this persona.
    """
    who, given = persona.persona_id, persona.prediction
    if given is None:
        return who, RULE, "warn", "It predicts nothing that a test could refute."
    told = tell_verdicts(findings.hypotheses, who, persona.version)
    refuted, source = _refuted(told, given)
    if len(refuted) >= rules.failed_predictions:
        text = f"Its prediction was refuted {source} ({join_words(refuted)}); after {count_words(rules.failed_predictions, 'test')} "
        return who, RULE, "fail", f"{text}it must be revised."
    missing = [name for name in ("message", "against", "kpi") if getattr(given, name) is None]
    if missing:
        text = f"Its prediction cannot be tested yet: it does not name {join_words(missing, last='or')}."
        return who, RULE, "warn", text
    if given.message == given.against:
        return who, RULE, "warn", f"Its prediction cannot fail: message {given.message} is set against itself."
    text = f"It states what a test must show: {given.message} against {given.against} on {given.kpi}."
    return who, RULE, "ok", f"{text} {_so_far(told, persona.version)}{_once(refuted, source)}".strip()


def _refuted(told: list[dict[str, Any]], given: Prediction) -> tuple[list[str], str]:
    """Tests that refuted the present version, each with its quarter, and who says so."""
    if told:
        tests = {row["experiment"]: row["quarter"] for row in told if row["present"] and row["verdict"] == "refuted"}
        return [f"{name} in {quarter}" for name, quarter in sorted(tests.items(), key=lambda item: item[1])], "in tests"
    return sorted(set(given.failed)), "as its file says"


def _so_far(told: list[dict[str, Any]], version: int) -> str:
    present = [row for row in told if row["present"]]
    if not present:
        return f"No report before this quarter tells of a test of version {version}."
    said = [f"{row['verdict']} by {row['experiment']} in {row['quarter']}" for row in present]
    return f"By the reports before this quarter: {join_words(said)}."


def _once(refuted: list[str], source: str) -> str:
    return f" Refuted {source} ({join_words(refuted)})." if refuted and source != "in tests" else ""
