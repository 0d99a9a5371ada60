"""Cohen's and Fleiss' kappa, which readers of other programs know: beside alpha, never instead of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from ..display import Table
from ..errors import ParameterError, nearest_word
from ..words import count_words, percent_words, range_words
from .agreement import judgements, resample_people
from .coded import CodedInterviews

__all__ = ["Kappa", "Kappas", "cohen_kappa", "fleiss_kappa", "measure_kappa", "tabulate_kappa"]

Chance = Literal["margins", "uniform"]
COLUMNS = [
    "code",
    "name",
    "measure",
    "coders",
    "kappa",
    "lower",
    "upper",
    "n_units",
    "agreement",
    "prevalence",
    "reason",
]


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance.

    Attributes
    ----------
    value : float
        1 is full agreement, 0 what chance gives; NaN where undefined.
    error : float
        Standard error; NaN for Fleiss.
    units : int
    reason : str
        Why it is undefined, or empty.
    """

    value: float
    error: float
    units: int
    reason: str = ""


def cohen_kappa(table: Any) -> Kappa:
    """Cohen's kappa of a table of two coders.

    Parameters
    ----------
    table : array-like of shape (n_values, n_values)
        Units by value of the first coder (rows) and of the second (columns).

    Returns
    -------
    Kappa
        With the standard error of Fleiss, Cohen and Everitt (1969), which does not take kappa for 0.

    Raises
    ------
    ParameterError
        If the table is not square or has negative counts.

    Notes
    -----
    Cohen, Educational and Psychological Measurement 20 (1960).

    Examples
    --------
    >>> found = cohen_kappa([[20, 5], [10, 15]])
    >>> round(found.value, 4), round(found.error, 4), found.units
    (0.4, 0.127, 50)
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise ParameterError(f"need a square table of counts; got shape {counts.shape}")
    n = counts.sum()
    if not n:
        return Kappa(math.nan, math.nan, 0, "no unit was judged by both")
    share = counts / n
    first, second = share.sum(axis=1), share.sum(axis=0)
    observed, expected = np.trace(share), first @ second
    if expected >= 1 - 1e-12:
        return Kappa(math.nan, math.nan, int(n), "only one value occurs")
    kappa = (observed - expected) / (1 - expected)
    on = np.diag(share) * (1 - (first + second) * (1 - kappa)) ** 2
    off = share * (first[None, :] + second[:, None]) ** 2
    spread = on.sum() + (1 - kappa) ** 2 * (off.sum() - np.trace(off)) - (kappa - expected * (1 - kappa)) ** 2
    return Kappa(float(kappa), float(math.sqrt(max(spread, 0.0) / n) / (1 - expected)), int(n))


def fleiss_kappa(counts: Any, chance: Chance = "margins") -> Kappa:
    """Fleiss' kappa of units that all have the same number of judgements.

    Parameters
    ----------
    counts : array-like of shape (n_units, n_values)
        How many coders gave each value to each unit.
    chance : {"margins", "uniform"}
        What chance gives: values as often as they were given (Fleiss), or every value as often (Randolph's free-marginal).

    Returns
    -------
    Kappa

    Raises
    ------
    ParameterError
        If units have different numbers of judgements or fewer than two, or ``chance`` is unknown.

    Notes
    -----
    Fleiss, Psychological Bulletin 76 (1971); Randolph (2005).

    Examples
    --------
    >>> round(fleiss_kappa([[0, 3], [3, 0], [2, 1]]).value, 4)
    0.55
    """
    if chance not in get_args(Chance):
        hint = nearest_word(chance, get_args(Chance))
        raise ParameterError(f"chance must be one of {', '.join(get_args(Chance))}; got {chance!r}. {hint}".strip())
    table = np.asarray(counts, dtype=float)
    if not table.size:
        return Kappa(math.nan, math.nan, 0, "no unit was judged")
    judged = table.sum(axis=1)
    if judged.min() < 2 or judged.min() != judged.max():
        raise ParameterError(
            f"every unit needs the same number of judgements, at least 2; got {judged.min():g} to {judged.max():g}"
        )
    n = judged[0]
    observed = float(((table * (table - 1)).sum(axis=1) / (n * (n - 1))).mean())
    shares = table.sum(axis=0) / table.sum() if chance == "margins" else np.full(table.shape[1], 1 / table.shape[1])
    expected = float((shares**2).sum())
    if expected >= 1 - 1e-12:
        return Kappa(math.nan, math.nan, len(table), "only one value occurs")
    return Kappa((observed - expected) / (1 - expected), math.nan, len(table))


@dataclass(frozen=True)
class Kappas:
    """Kappa of every code.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a code and measure: code, name, measure (Cohen for each pair of coders, Fleiss for all where three or more read the
        same interviews), coders, kappa, lower, upper (bootstrap interval), n_units (participants' turns that all of them judged),
        agreement (share of equal judgements of two coders), prevalence (share of judgements that gave the code), reason.
    draws, random_state : int
    coverage : float
    source : str
    """

    table: pd.DataFrame
    draws: int
    random_state: int
    coverage: float = 0.95
    source: str = ""


def measure_kappa(coded: CodedInterviews, *, draws: int = 1000, random_state: int, coverage: float = 0.95) -> Kappas:
    """Cohen's kappa of each code and pair of coders, and Fleiss' kappa of all, with the participant's turn as the unit.

    Parameters
    ----------
    coded : CodedInterviews
    draws : int
        Bootstrap draws of whole interviewees, at least 100.
    random_state : int
    coverage : float
        Coverage of the interval, 0 to 1.

    Returns
    -------
    Kappas
        Empty if there are fewer than two coders.

    Raises
    ------
    ParameterError
        If draws or coverage are out of range.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(measure_kappa(nobody, random_state=1).table)
    0
    """
    if draws < 100 or not 0 < coverage < 1:
        raise ParameterError(f"need at least 100 draws and 0 < coverage < 1; got {draws}, {coverage}")
    rated, marked, people = judgements(coded)
    groups = [(pair, "Cohen") for pair in combinations(range(len(coded.coders)), 2)]
    if len(coded.coders) > 2:
        groups.append((tuple(range(len(coded.coders))), "Fleiss"))
    rows = []
    for members, measure in groups:
        both = rated[:, list(members)].all(axis=1)
        _, owner = np.unique(people[both], return_inverse=True)
        weights = resample_people(int(owner.max()) + 1 if len(owner) else 0, draws, random_state)
        named = " and ".join(coded.coders[place] for place in members) if measure == "Cohen" else "all coders"
        for place, code in enumerate(coded.leaves):
            given = marked[place][both][:, list(members)]
            figures = _figures(given, owner, weights, coverage, measure)
            rows.append((code, coded.codes.at[code, "name"], measure, named, *figures))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Kappas(table, draws, random_state, coverage, coded.source)


def _figures(
    given: np.ndarray, owner: np.ndarray, weights: np.ndarray, coverage: float, measure: str
) -> tuple[float, float, float, int, float, float, str]:
    """kappa, its limits, units, agreement, prevalence, reason; ``given`` has a row a turn and a column a coder."""
    n, coders = given.shape
    if not n:
        return math.nan, math.nan, math.nan, 0, math.nan, math.nan, "no turn was judged by all of them"
    ones = given.sum(axis=1).astype(float)
    equal = (ones * (ones - 1) + (coders - ones) * (coders - ones - 1)) / (coders * (coders - 1))
    by_turn = np.column_stack([np.ones(n), equal, given.astype(float)])
    sums = np.zeros((int(owner.max()) + 1, by_turn.shape[1]))
    np.add.at(sums, owner, by_turn)
    kappa = float(_kappa_of_sums(sums.sum(axis=0)[None], measure)[0])
    reason = (
        ""
        if not math.isnan(kappa)
        else "nobody gave this code"
        if not given.any()
        else "every coder gave it to every turn"
    )
    lower = upper = math.nan
    drawn = _kappa_of_sums(weights @ sums, measure) if len(weights) else np.array([])
    known = drawn[~np.isnan(drawn)]
    if not reason and len(known) >= max(len(drawn) / 2, 1):
        lower, upper = map(float, np.quantile(known, [0.5 - coverage / 2, 0.5 + coverage / 2]))
    return kappa, lower, upper, n, float(equal.mean()), float(given.mean()), reason


def _kappa_of_sums(sums: np.ndarray, measure: str) -> np.ndarray:
    """Kappa from sums over turns: how many, how equal, and how often each coder gave the code."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed, shares = sums[:, 1] / sums[:, 0], sums[:, 2:] / sums[:, :1]
        if measure == "Fleiss":
            shares = shares.mean(axis=1, keepdims=True).repeat(2, axis=1)
        expected = shares[:, 0] * shares[:, 1] + (1 - shares[:, 0]) * (1 - shares[:, 1])
        kappa: np.ndarray = np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)
    return kappa


def tabulate_kappa(kappas: Kappas) -> Table:
    """Kappa by code for a reader, with how often each code was given.

    Parameters
    ----------
    kappas : Kappas

    Returns
    -------
    Table
        Code, Measure, Coders, Kappa, Interval, Same judgement, Code given, Turns.

    Examples
    --------
    >>> list(tabulate_kappa(Kappas(pd.DataFrame(columns=COLUMNS), 100, 1)).frame.columns)
    ['Code', 'Measure', 'Coders', 'Kappa', 'Interval', 'Same judgement', 'Code given', 'Turns']
    """
    table = kappas.table.sort_values(["measure", "coders", "kappa", "code"], ascending=[True, True, False, True])
    frame = pd.DataFrame(
        {
            "Code": table["name"].astype(str),
            "Measure": table["measure"].astype(str),
            "Coders": table["coders"].astype(str),
            "Kappa": table["kappa"].astype(float),
            "Interval": list(_intervals(table)),
            "Same judgement": table["agreement"].astype(float),
            "Code given": table["prevalence"].astype(float),
            "Turns": table["n_units"].astype(int),
        }
    )
    caption = (
        f"Kappa by code: agreement beyond chance, as other programs report it. The unit is a participant's turn that all named coders "
        f"read; intervals: {percent_words(kappas.coverage)}, {count_words(kappas.draws, 'bootstrap draw')} of whole interviewees, seed "
        f"{kappas.random_state}. {kappas.source}"
    )
    note = (
        "Cohen's kappa compares two coders, Fleiss' kappa three or more. Krippendorff's alpha, above, is the figure to go by: it takes "
        "any number of coders and interviews that only some of them read."
    )
    return Table(frame, caption.strip(), {"Kappa": ".2f", "Same judgement": ".0%", "Code given": ".1%"}, note)


def _intervals(table: pd.DataFrame) -> Iterator[str]:
    for lower, upper, reason in zip(table["lower"], table["upper"], table["reason"], strict=True):
        yield f"not measurable ({reason})" if reason else range_words((lower, upper))
