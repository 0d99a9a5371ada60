"""What was known last quarter: from the ledger where the line ran then, else reckoned now from last quarter's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..display import Callout, Reading
from ..errors import DataContractError, ParameterError
from ..features.encoder import Encoder, fit_encoder
from ..workspace import Workspace
from .identity import match_segments
from .methods import method_inputs, usable_rows
from .selection import compare_solutions
from .solution import Solution, assign_segments, fit_segments

__all__ = ["History", "describe_history", "recall_previous", "recall_solution"]

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


def recall_solution(run: Workspace) -> tuple[Solution, Encoder]:
    """This quarter's frozen solution, and the encoder whose scales it speaks.

    Parameters
    ----------
    run : Workspace
        Whose stage 02_segments is done.

    Returns
    -------
    (Solution, Encoder)
    """
    kept = run.read_json("solution")
    return Solution.from_dict(kept["solution"]), Encoder.from_dict(kept["encoder"])


def recall_previous(
    run: Workspace, features_before: pd.DataFrame, *, segments: Sequence[int], method: str | None = None
) -> History:
    """Last quarter's membership: the ledger's, or reckoned now with last quarter's own scales.

    Parameters
    ----------
    run : Workspace
        Of this quarter.
    features_before : pandas.DataFrame of shape (n_units, n_variables)
        Last quarter's features by unit; used only if the ledger has no entry.
    segments : sequence of int
        Numbers of segments to compare.
    method : str, optional
        Default: the study's. With ``method: auto`` give the one chosen now (``comparison.method``), so that both quarters are
        segmented alike.

    Returns
    -------
    History
    """
    ledger, choices = run.previous, run.study.choices
    if ledger is not None and ledger.has("membership"):
        solution = Solution.from_dict(ledger.read_json("solution")["solution"])
        membership = ledger.read("membership")
        if "unmerged" in membership:  # segments are matched as they were found; merging is laid over them again
            membership = membership.assign(segment=membership["unmerged"])
        return History("ledger", membership, solution.used_ids)
    nothing = pd.DataFrame({"segment": pd.array([], dtype="string")})
    base = [variable.name for variable in run.study.base]
    usual = method or run.study.segmentation.method
    complete = int(usable_rows(features_before[base], "kmeans" if usual == "auto" else usual).sum())
    if complete < COMPLETE:
        which = "every base variable" if usual in ("auto", "kmeans") else f"what method: {usual} needs"
        return History("none", nothing, reason=f"last quarter only {complete} {run.study.units} had {which}")
    quick = choices.model_copy(
        update={
            "pairs": max(10, choices.pairs // 4),
            "references": max(19, choices.references // 4),
            "model_pairs": max(5, choices.model_pairs // 4),
        }
    )
    try:
        encoder = fit_encoder(features_before, run.study.base)
        encoded = encoder.encode(features_before)
        given = method_inputs(run.study, features_before, encoder) | {"method": usual}
        comparison = compare_solutions(encoded, segments, choices=quick, **given)
    except (
        ParameterError,
        DataContractError,
    ) as error:  # a constant variable then is a fact about last quarter, not a mistake now
        return History("none", nothing, reason=f"last quarter's data allow no partition: {error}")
    k = comparison.recommended
    given["method"] = comparison.method
    solution = fit_segments(encoded, k, choices=choices, search=comparison.searches[k], **given)
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
