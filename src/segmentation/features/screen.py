"""Base variables that say the same thing twice, and base variables that are answers to the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study, Variable
from ..words import count_words, join_words, source_words
from .effects import bergsma_v
from .table import FeatureTable, feature_values

__all__ = ["BaseScreen", "describe_base", "find_identical", "screen_base", "tabulate_base"]

TWICE = 0.90  # correlation, or Cramer's V of two names, from which two variables are called nearly the same
IDENTICAL = 1 - 1e-9
LEAST = 10  # units with both, before anything is said


@dataclass(frozen=True)
class BaseScreen:
    """Pairs of base variables that are nearly the same.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row a pair, strongest first: first, second, kind (correlation, or names for Cramer's V), strength (-1 to 1), n.
    variables : int
        Base variables compared.
    compared : int
        Pairs that could be compared.
    """

    pairs: pd.DataFrame
    variables: int
    compared: int


def screen_base(features: FeatureTable | pd.DataFrame, study: Study) -> BaseScreen:
    """Look for base variables that count one thing twice in every distance.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index unit.
    study : Study

    Returns
    -------
    BaseScreen
        Pairs with a correlation of .90 or more either way (after the study's transforms), or Cramer's V of .90 for two nominal
        variables, over at least 10 units with both. A nominal variable is not compared with a number.

    Notes
    -----
    Exact copies do not come so far: ``build_features`` refuses them.
    """
    values = feature_values(features, [v.name for v in study.base])
    rows, compared = [], 0
    for place, first in enumerate(study.base):
        for second in study.base[place + 1 :]:
            found = _strength(values, first, second)
            compared += found is not None
            if found is not None and abs(found[1]) >= TWICE:
                rows.append((first.name, second.name, *found))
    pairs = pd.DataFrame(rows, columns=["first", "second", "kind", "strength", "n"])
    order = pairs["strength"].abs().sort_values(ascending=False, kind="stable").index
    return BaseScreen(pairs.loc[order].reset_index(drop=True), len(study.base), compared)


def find_identical(values: pd.DataFrame, variables: tuple[Variable, ...]) -> list[tuple[str, str]]:
    """Pairs of variables that are copies: the same values, or the same in another unit of measurement, missing for the same units.

    Parameters
    ----------
    values : pandas.DataFrame
    variables : tuple of Variable

    Returns
    -------
    list of (str, str)
        In the order given; pairs with fewer than 10 units known are not judged.
    """
    found = []
    for place, first in enumerate(variables):
        for second in variables[place + 1 :]:
            same_gaps = bool((values[first.name].isna() == values[second.name].isna()).all())
            strength = _strength(values, first, second) if same_gaps else None
            if strength is not None and abs(strength[1]) >= IDENTICAL:
                found.append((first.name, second.name))
    return found


def tabulate_base(screen: BaseScreen, study: Study, *, source: str = "") -> Table:
    """Pairs of base variables that are nearly the same."""
    frame = pd.DataFrame(
        {
            "base variable": [study.variable(name).words for name in screen.pairs["first"]],
            "nearly the same as": [study.variable(name).words for name in screen.pairs["second"]],
            "strength": screen.pairs["strength"].astype(float),
            "n": screen.pairs["n"].astype(int),
        }
    )
    caption = f"Base variables that say nearly the same.{source_words(source)} n: {study.units} with both."
    note = "Strength: correlation, or Cramer's V of two variables that are names; 1 or -1 is the same variable."
    return Table(frame, caption, {"strength": ".2f"}, note)


def describe_base(screen: BaseScreen, study: Study) -> Reading | Callout:
    """Which base variables count twice, what that does to the segments, and the way out.

    Parameters
    ----------
    screen : BaseScreen
    study : Study

    Returns
    -------
    Reading or Callout
        A caution if a pair is nearly the same, absent if no pair could be compared.
    """
    if not screen.compared:
        return Callout("absent", f"No two base variables could be compared: too few {study.units} have both.")
    if screen.pairs.empty:
        pairs = count_words(screen.compared, "pair")
        return Reading(
            [
                f"The {pairs} of base variables were compared, and none says nearly the same (correlation of .90 or more)."
            ]
        )
    named = [
        f"“{study.variable(row.first).words}” and “{study.variable(row.second).words}” ({row.strength:.2f}; n = {row.n:,})"
        for row in screen.pairs.itertuples()
    ]
    many = len(named)
    part = f"2 of the {screen.variables} parts" if screen.variables > 2 else "both parts"
    text = (
        f"{join_words(named)}: what such a pair shares makes up {part} of every distance between two {study.units}, so the segments lean "
        "towards it without anybody having decided so. Keep one of the two in the base and use the other as a descriptor, or say why the "
        "subject should count twice."
    )
    say = "pair of base variables says" if many == 1 else "pairs of base variables say"
    title = f"{many} {say} nearly the same."
    return Callout("caution", title, text)


def _strength(values: pd.DataFrame, first: Variable, second: Variable) -> tuple[str, float, int] | None:
    """Kind, strength and units of a pair; None where nothing can be said."""
    names = [variable.level == "nominal" for variable in (first, second)]
    both = values[[first.name, second.name]].dropna()
    if names[0] != names[1] or len(both) < LEAST:
        return None
    if names[0]:
        table = pd.crosstab(both[first.name], both[second.name]).to_numpy(float)
        strength = float(bergsma_v(table))
        return None if np.isnan(strength) else ("names", strength, len(both))
    columns = [_transformed(both[v.name].to_numpy(float), v.transform) for v in (first, second)]
    if not all(np.isfinite(column).all() and np.ptp(column) > 0 for column in columns):
        return None
    return "correlation", float(np.corrcoef(*columns)[0, 1]), len(both)


def _transformed(values: np.ndarray, transform: str) -> np.ndarray:
    known = values if transform == "none" else np.where(values >= 0, values, np.nan)
    return {"none": np.asarray, "log1p": np.log1p, "sqrt": np.sqrt}[transform](known)
