"""The scorecard for readers: which segments pass, what is wrong with the others, and where the limits come from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..study import Scorecard, Study
from ..words import count_words, few_words, join_words, percent_words, source_words
from .scorecard import BY_DISTANCES, CRITERIA, EVERYBODY

__all__ = [
    "LIMIT_SOURCES",
    "describe_scorecard",
    "summarise_scorecard",
    "tabulate_limits",
    "tabulate_scorecard",
    "tabulate_standing",
]

OURS = "our choice"
LIMIT_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "min_placed": OURS,
        "min_complete": OURS,
        "min_probability": "Nagin (2005), Group-based modeling of development",
        "min_auc": "Hosmer, Lemeshow and Sturdivant (2013), Applied logistic regression: acceptable from 0.7",
        "min_share": OURS,
        "min_units": OURS,
        "min_value": OURS,
        "min_markers": OURS,
        "min_descriptors": OURS,
        "min_difference": "Cohen (1988), Statistical power analysis: 0.2 is a small difference",
    }
)
"""Where each limit of ``Scorecard`` comes from, as long as the study does not set it."""
WORST_FIRST = ("fail", "cannot tell", "pass", "not judged")
SHARES = ("min_placed", "min_complete", "min_share", "min_value")
COUNTS = ("min_units", "min_markers", "min_descriptors")


def summarise_scorecard(scorecard: pd.DataFrame) -> pd.DataFrame:
    """One word a segment and criterion: the worst result of its tests. Index segment, one column a criterion."""
    own = scorecard[scorecard["segment"] != EVERYBODY]
    worst = own.groupby(["segment", "criterion"], sort=False)["result"].agg(
        lambda part: min(part, key=WORST_FIRST.index)
    )
    return worst.unstack("criterion").reindex(index=own["segment"].unique(), columns=list(CRITERIA))


def tabulate_standing(scorecard: pd.DataFrame, study: Study, *, source: str = "") -> Table:
    """One row a segment: pass, fail or cannot tell in each of the four."""
    sizes = scorecard[scorecard["limit_name"] == "min_units"].set_index("segment")["n"]
    worst = summarise_scorecard(scorecard)
    frame = worst.reset_index()
    frame.insert(1, "n", [few_words(int(n), study.choices.min_cell) for n in sizes.reindex(worst.index)])
    caption = (
        f"Scorecard in short: the worst of each criterion's tests. n = {int(sizes.sum()):,} {study.units} in segments."
        f"{source_words(source)}"
    )
    note = "Cannot tell: the limit lies inside the interval of the value, or there is not enough data."
    return Table(frame, caption, note=f"{note}{_distance_words(scorecard)}")


def tabulate_scorecard(scorecard: pd.DataFrame, study: Study, *, source: str = "") -> Table:
    """Every test of every segment, with its numbers, limit and result."""
    shown = pd.DataFrame(
        {
            "segment": scorecard["segment"],
            "criterion": scorecard["criterion"],
            "test": scorecard["test"],
            "found": [_found(row, study.choices.min_cell) for row in scorecard.itertuples()],
            "limit": [f"at least {_number(row.limit, row.limit_name)}" for row in scorecard.itertuples()],
            "result": [f"{row.result}{f': {row.reason}' if row.reason else ''}" for row in scorecard.itertuples()],
            "n": [few_words(int(n), study.choices.min_cell) for n in scorecard["n"]],
        }
    )
    caption = (
        "Scorecard of the segments: measurable, accessible, substantial, actionable; value with its 95 % interval, limit and result. "
        f"n in the last column, {study.units}.{source_words(source)}"
    )
    note = "Pass: the whole interval reaches the limit. Fail: the whole interval stays below. Cannot tell: the limit lies inside it."
    return Table(shown, caption, note=f"{note}{_distance_words(scorecard)}")


def tabulate_limits(study: Study) -> Table:
    """The limits of the scorecard and where each comes from."""
    default = Scorecard()
    rows = [
        {
            "limit": Scorecard.model_fields[name].description,
            "at least": _number(getattr(study.scorecard, name), name),
            "source": source if getattr(study.scorecard, name) == getattr(default, name) else "set in the study file",
        }
        for name, source in LIMIT_SOURCES.items()
    ]
    return Table(pd.DataFrame(rows), "Limits of the scorecard and where they come from.")


def describe_scorecard(scorecard: pd.DataFrame, study: Study) -> Reading:
    """Which segments pass, and what is wrong with the others."""
    worst = summarise_scorecard(scorecard)
    gloss = (
        "A segment is of use if its members can be told (measurable), found before anybody talks to them (accessible), are enough "
        "(substantial) and differ in what one could act on (actionable). Each test has a limit, set before looking: the table below names "
        "its source. A segment passes where the whole interval of a value reaches the limit. AUC is the chance that a member is "
        "thought likelier to be one than somebody else is: 0.5 is guessing, 1 never wrong."
    )
    gloss += _distance_words(scorecard)
    clear = [segment for segment, row in worst.iterrows() if (row == "pass").all()]
    failed = [segment for segment, row in worst.iterrows() if (row == "fail").any()]
    lead = f"Of {count_words(len(worst), 'segment')}, {join_words(clear)} {'passes' if len(clear) == 1 else 'pass'} all four."
    said = [
        _sentence(segment, scorecard, worst.loc[segment], study.choices.min_cell)
        for segment in worst.index
        if segment not in clear
    ]
    nobody = "" if failed else " None fails outright." if said else ""
    placed = scorecard[scorecard["segment"] == EVERYBODY].iloc[0]
    share = f"{_found(placed, 0)} of all {int(placed['n']):,} {study.units} can be placed in a segment at all ({placed['result']})."
    return Reading([gloss, " ".join([f"{lead}{nobody}", *said]), share])


def _sentence(segment: str, scorecard: pd.DataFrame, worst: pd.Series, least: int) -> str:
    own = scorecard[scorecard["segment"] == segment]
    parts = []
    for result, lead in (("fail", "is not"), ("cannot tell", "is perhaps")):
        for criterion in worst.index[worst == result]:
            rows = own[(own["criterion"] == criterion) & (own["result"] == result)]
            why = [
                f"{row.test} {_found(row, least)}, limit {_number(row.limit, row.limit_name)}"
                for row in rows.itertuples()
            ]
            parts.append(f"{lead} {criterion} ({'; '.join(why)})")
    return f"{segment} {join_words(parts)}."


def _distance_words(scorecard: pd.DataFrame) -> str:
    """Why chances that reach the limit do not pass; nothing where none is held back."""
    held = sorted(scorecard.loc[scorecard["reason"] == BY_DISTANCES, "segment"].unique())
    if not held:
        return ""
    return (
        f" The probability of being in a segment is made of distances here, not estimated by a model, and can come out too high "
        f"where segments overlap: in {join_words(held)} it reaches its limit, which is no proof, so it is not judged."
    )


def _number(value: float, name: str) -> str:
    if np.isnan(value):
        return "–"
    return percent_words(value) if name in SHARES else f"{value:,.0f}" if name in COUNTS else f"{value:.2f}"


def _found(row: object, least: int) -> str:
    """The value with its interval; numbers of segments too small to publish are withheld, in tables and sentences alike."""
    if row.limit_name == "min_units":
        return few_words(int(row.estimate), least)
    if row.n < least:
        return "withheld"
    own = _number(row.estimate, row.limit_name)
    if np.isnan(row.estimate) or row.limit_name in COUNTS:
        return own
    return f"{own} ({_number(row.lower, row.limit_name)} to {_number(row.upper, row.limit_name)})"
