"""What was known last quarter: from the ledger where the line ran then, else reckoned now from last quarter's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..display import Callout, Reading
from ..errors import DataContractError, ParameterError
from ..features.encoder import fit_encoder
from ..workspace import Workspace
from .identity import match_segments
from .selection import compare_solutions
from .solution import Solution, assign_segments, fit_segments

__all__ = ["History", "describe_history", "recall_previous"]

Origin = Literal["ledger", "refit", "none"]
COMPLETE = 30  # fewer complete units last quarter are no basis for a partition


@dataclass(frozen=True)
class History:
    """Last quarter's segments.

    Attributes
    ----------
    origin : {"ledger", "refit", "none"}
        ledger: as published then. refit: reckoned now from last quarter's data by the same rule, with a quarter of the
        resamples, because the line was not run then. none: last quarter has no data for it.
    membership : pandas.DataFrame
        Index unit; columns as ``assign_segments`` gives them; empty if origin is none.
    used_ids : tuple of str
        Segment ids given up to then.
    reason : str
        Why there is nothing, if origin is none.
    """

    origin: Origin
    membership: pd.DataFrame
    used_ids: tuple[str, ...] = ()
    reason: str = ""


def recall_previous(run: Workspace, features_before: pd.DataFrame, *, segments: Sequence[int]) -> History:
    """Last quarter's membership: the ledger's, or reckoned now with last quarter's own scales.

    Parameters
    ----------
    run : Workspace
        Of this quarter.
    features_before : pandas.DataFrame of shape (n_units, n_variables)
        Last quarter's features by unit; used only if the ledger has no entry.
    segments : sequence of int
        Numbers of segments to compare.

    Returns
    -------
    History
    """
    ledger, choices = run.previous, run.study.choices
    if ledger is not None and ledger.has("membership"):
        solution = Solution.from_dict(ledger.read_json("solution")["solution"])
        return History("ledger", ledger.read("membership"), solution.used_ids)
    nothing = pd.DataFrame({"segment": pd.array([], dtype="string")})
    base = [variable.name for variable in run.study.base]
    complete = int(features_before[base].notna().all(axis=1).sum())
    if complete < COMPLETE:
        return History(
            "none", nothing, reason=f"last quarter only {complete} {run.study.units} had every base variable"
        )
    quick = choices.model_copy(
        update={"pairs": max(10, choices.pairs // 4), "references": max(19, choices.references // 4)}
    )
    try:
        encoded = fit_encoder(features_before, run.study.base).encode(features_before)
        comparison = compare_solutions(encoded, segments, choices=quick)
    except (
        ParameterError,
        DataContractError,
    ) as error:  # a constant variable then is a fact about last quarter, not a mistake now
        return History("none", nothing, reason=f"last quarter's data allow no partition: {error}")
    k = comparison.recommended
    solution = fit_segments(encoded, k, choices=choices, search=comparison.searches[k])
    match = match_segments(solution, assign_segments(solution, encoded), nothing)
    return History("refit", match.membership, match.solution.used_ids)


def describe_history(history: History, *, units: str = "units") -> Reading | Callout:
    """Where last quarter's segments come from, in words.

    Examples
    --------
    >>> describe_history(History("none", pd.DataFrame(), reason="last quarter had no events")).title
    'There is no earlier quarter to compare with.'
    """
    if history.origin == "none":
        return Callout("absent", "There is no earlier quarter to compare with.", f"The reason: {history.reason}.")
    placed = int(history.membership["segment"].notna().sum())
    if history.origin == "ledger":
        text = f"Last quarter's segments are those published then ({placed:,d} {units} in segments)."
    else:
        text = (
            f"No report was made for last quarter. Its segments were reckoned now from last quarter's data by the same rule, with a "
            f"quarter of the resamples ({placed:,d} {units} in segments), so that ids can be carried on."
        )
    return Reading([text])
