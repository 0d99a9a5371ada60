"""Which solution carries the quarter: the frozen one, unless the team has accepted this quarter's refit, which otherwise is a shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import DataContractError, ParameterError, Violation
from ..features.encoder import Encoder
from ..features.table import FeatureTable, feature_values
from ..study import Choices
from ..words import join_words, source_words
from ..workspace import Workspace
from .agreement import compare_partitions
from .identity import Match, same_segments
from .solution import Solution, assign_segments

__all__ = ["Taken", "describe_taken", "refit_trigger", "tabulate_trigger", "take_segments"]

FAR = 0.95  # farther from its centre than this share of units was last quarter


@dataclass(frozen=True)
class Taken:
    """The solution that carries the quarter, and what a refit would have given.

    Attributes
    ----------
    origin : {"first", "frozen", "accepted"}
        first: the ledger has no solution of last quarter, so this quarter's fit carries it. frozen: last quarter's solution scores
        this quarter; the refit is only reported. accepted: the team took this quarter's refit (``refit`` in the study file).
    solution : Solution
    encoder : Encoder
        The scales it speaks.
    match : Match
        Segments that carry the quarter against last quarter's.
    refit : Match
        The refit, under the ids it has or would have.
    agreement, agreement_n :
        Adjusted Rand index between the frozen solution and the refit on the same units, and their number; NaN and 0 where origin
        is first.
    far : float
        Share of placed units farther from their centre, by the frozen solution, than 95 % were last quarter; NaN where unknown.
    """

    origin: Literal["first", "frozen", "accepted"]
    solution: Solution
    encoder: Encoder
    match: Match
    refit: Match
    agreement: float = float("nan")
    agreement_n: int = 0
    far: float = float("nan")

    def to_dict(self) -> dict[str, Any]:
        """JSON types, for the results folder: origin, agreement, far, states of the refit's segments."""
        table = self.refit.table
        numbers = {"agreement": self.agreement, "far": self.far}
        return {
            "origin": self.origin,
            "agreement_n": self.agreement_n,
            "segments": list(self.solution.segments),
            "refit_segments": list(self.refit.solution.segments),
            **{name: None if np.isnan(value) else float(value) for name, value in numbers.items()},
            "states": [
                {key: None if pd.isna(row[key]) else str(row[key]) for key in ("old", "new", "related", "state")}
                for row in table.to_dict("records")
            ],
        }


def take_segments(
    run: Workspace,
    match: Match,
    encoder: Encoder,
    features: FeatureTable | pd.DataFrame,
    features_before: FeatureTable | pd.DataFrame | None = None,
) -> Taken:
    """Score the quarter with the frozen solution first; take the refit only where the team accepted it.

    Parameters
    ----------
    run : Workspace
        Its ledger holds last quarter's solution, if there was a report.
    match : Match
        This quarter's refit, matched to last quarter's segments.
    encoder : Encoder
        As fitted on this quarter.
    features, features_before : FeatureTable or pandas.DataFrame
        In natural units; last quarter's show how far from their centres units usually are.

    Returns
    -------
    Taken

    Raises
    ------
    DataContractError
        If the ledger's solution needs variables that this quarter does not have and the refit is not accepted.
    """
    ledger = run.previous
    if ledger is None or not ledger.has("solution"):
        return Taken("first", match.solution, encoder, match, match)
    kept = ledger.read_json("solution")
    solution, scales = Solution.from_dict(kept["solution"]), Encoder.from_dict(kept["encoder"])
    solution = replace(
        solution, merged={}, used_ids=tuple(dict.fromkeys((*solution.used_ids, *match.solution.used_ids)))
    )
    accepted = str(run.period) in run.study.segmentation.refit
    values = feature_values(features)
    missing = [name for name in solution.variables if name not in values.columns]
    if missing:
        if accepted:
            return Taken("accepted", match.solution, encoder, match, match)
        fix = f"Accept this quarter's refit: segmentations: refit: [{run.period}] in the study file"
        raise DataContractError(
            [
                Violation(
                    "the frozen solution needs a variable that this quarter does not have",
                    str(ledger.folder),
                    column=name,
                    fix=fix,
                )
                for name in missing
            ]
        )
    scored = assign_segments(solution, scales.encode(values))
    agreement = compare_partitions(scored["segment"], match.membership["segment"], choices=run.study.choices)
    far = _share_far(solution, scales, values, features_before)
    found = (agreement.value, agreement.n, far)
    if accepted:
        return Taken("accepted", match.solution, encoder, match, match, *found)
    before = ledger.read("membership")
    before = before.assign(segment=before["unmerged"]) if "unmerged" in before else before
    return Taken("frozen", solution, scales, same_segments(solution, scored, before), match, *found)


def _share_far(
    solution: Solution, scales: Encoder, now: pd.DataFrame, before: FeatureTable | pd.DataFrame | None
) -> float:
    if before is None:
        return float("nan")
    then, here = (_distances(solution, scales.encode(table)) for table in (feature_values(before), now))
    return float((here > np.quantile(then, FAR)).mean()) if len(then) and len(here) else float("nan")


def _distances(solution: Solution, encoded: pd.DataFrame) -> np.ndarray:
    """Root mean square difference between each placed unit and its own centre, over the variables it has."""
    segment = assign_segments(replace(solution, merged={}), encoded)["segment"].dropna()
    own = solution.centres.loc[segment].to_numpy(float)
    values = encoded.loc[segment.index, list(solution.variables)].to_numpy(float, na_value=np.nan)
    with np.errstate(invalid="ignore"):
        squares = np.where(np.isnan(values) | np.isnan(own), np.nan, (values - own) ** 2)
    known = ~np.isnan(squares).all(axis=1)
    return np.sqrt(np.nanmean(squares[known], axis=1))


def refit_trigger(
    shadow: Mapping[str, Any],
    drift: pd.DataFrame,
    base: tuple[str, ...],
    *,
    choices: Choices,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Whether it is time to take a refit, sign by sign, by the stated rule.

    Parameters
    ----------
    shadow : mapping
        ``Taken.to_dict()``.
    drift : pandas.DataFrame
        As ``assess_drift`` returns it.
    base : tuple of str
        Names of base variables.
    choices : Choices
        ``refit_agreement``, ``refit_drift`` and ``refit_far`` are the limits.
    labels : mapping of str to str, optional
        Variable name to words.

    Returns
    -------
    pandas.DataFrame
        One row a sign: sign, found, limit (numbers, NaN where it is not one), words, fired (bool; <NA> where not known).

    Examples
    --------
    >>> shadow = {"origin": "frozen", "agreement": 0.7, "agreement_n": 90, "far": 0.04, "states": []}
    >>> refit_trigger(shadow, pd.DataFrame(columns=["variable", "psi", "psi_expected"]), (), choices=Choices())["fired"].tolist()
    [True, False, <NA>, False]
    """
    if not {"variable", "psi", "psi_expected"} <= set(drift.columns):
        raise ParameterError("drift needs the columns variable, psi and psi_expected")
    known = shadow["origin"] != "first"
    rows = [
        _sign("agreement", shadow["agreement"], choices.refit_agreement, "agreement of the frozen solution and a refit (adjusted Rand "
              "index; 1 is the same division)", low=True),
        _sign("far", shadow["far"], choices.refit_far, f"share farther from the centre of its segment than {FAR:.0%} were last quarter"),
    ]  # fmt: skip
    own = drift[drift["variable"].isin(base)]
    excess = (own["psi"].astype(float) - own["psi_expected"].astype(float)).dropna()
    top = str(own.loc[excess.idxmax(), "variable"]) if len(excess) else ""
    which = f" (“{(labels or {}).get(top, top)}”)" if top else ""
    words = f"largest drift of a base variable{which}, beyond what chance gives (population stability index)"
    rows.append(_sign("drift", excess.max() if len(excess) else None, choices.refit_drift, words))
    changed = [state for state in shadow["states"] if state["state"] != "survives"]
    rows.append(
        {
            "sign": "segments", "found": float(len(changed)) if known else np.nan, "limit": 0.0,
            "words": "segments that a refit would add or end", "fired": len(changed) > 0 if known else pd.NA,
        }
    )  # fmt: skip
    return pd.DataFrame(rows).astype({"fired": "boolean"})


def _sign(sign: str, found: float | None, limit: float, words: str, *, low: bool = False) -> dict[str, Any]:
    if found is None or np.isnan(found):
        return {"sign": sign, "found": np.nan, "limit": limit, "words": words, "fired": pd.NA}
    return {
        "sign": sign,
        "found": float(found),
        "limit": limit,
        "words": words,
        "fired": found < limit if low else found > limit,
    }


def describe_taken(shadow: Mapping[str, Any], trigger: pd.DataFrame, *, units: str = "units") -> Reading | Callout:
    """Which solution carries the quarter, what a refit would change, and whether it is time for one.

    Parameters
    ----------
    shadow : mapping
        ``Taken.to_dict()``.
    trigger : pandas.DataFrame
        As ``refit_trigger`` returns it.
    units : str

    Returns
    -------
    Reading or Callout
    """
    if shadow["origin"] == "first":
        return Callout(
            "absent",
            "There was no frozen solution to score this quarter with.",
            f"No report of last quarter is in the ledger. This quarter's segments will score the {units} of the next quarter.",
        )
    fired = trigger[trigger["fired"].fillna(False)]
    would = _say_states(shadow["states"])
    agree = "" if shadow["agreement"] is None else (
        f" It agrees with the solution of last quarter at {shadow['agreement']:.2f} (adjusted Rand index: 1 is the same division, 0 is "
        f"chance; n = {shadow['agreement_n']:,d} {units})."
    )  # fmt: skip
    if shadow["origin"] == "accepted":
        return Reading([f"The team accepted the refit of this quarter; it carries the report.{agree} {would}"])
    text = (
        f"Everybody was scored with last quarter's solution, so that borders stand still. A refit was made in the shadow and is not "
        f"used.{agree} {would}"
    )
    if fired.empty:
        return Reading([text, "No sign asks for a refit."])
    signs = join_words(f"{row.words}: {row.found:.2f}, limit {row.limit:.2f}" for row in fired.itertuples())
    then = "To take it, name the quarter under refit in the study file."
    return Callout("caution", "It is time to decide about a refit.", f"{text} What asks for it: {signs}. {then}")


def _say_states(states: list[dict[str, Any]]) -> str:
    said = {
        "new": "{new} would be new", "split": "{new} would split off {related}", "gone": "{old} would end",
        "merged": "{old} would become part of {related}",
    }  # fmt: skip
    changes = [said[state["state"]].format(**state) for state in states if state["state"] != "survives"]
    return f"By it {join_words(changes)}." if changes else "By it every segment goes on."


def tabulate_trigger(trigger: pd.DataFrame, *, source: str = "") -> Table:
    """The rule for a refit, sign by sign."""
    words = trigger["fired"].map({True: "asks for a refit", False: "no"}).fillna("not known")
    frame = pd.DataFrame(
        {"Sign": trigger["words"], "Found": trigger["found"], "Limit": trigger["limit"], "Result": words}
    )
    note = (
        "A refit is worth a decision when one sign is beyond its limit: agreement below it, the others above. The limits are conventions "
        "(refit_agreement, refit_far, refit_drift under choices in the study file). A dash: not known without a frozen solution."
    )
    return Table(frame, f"Is it time for a refit?{source_words(source)}", {"Found": ".2f", "Limit": ".2f"}, note)
