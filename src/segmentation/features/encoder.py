"""The encoder: from natural units to z-scores, and from names to codes, with what it learned kept for ever."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import ParameterError
from ..study import Variable
from .table import FeatureTable, feature_values

__all__ = ["EncodedVariable", "Encoder", "fit_encoder"]

TRANSFORMS = ("none", "log1p", "sqrt")
LEVELS = ("numeric", "ordinal", "binary", "nominal")
FEW = 20  # units; below, names that hardly repeat say nothing of a column
IQR_OF_NORMAL = (
    1.3489795003921634  # interquartile range of a standard normal; makes the robust scale a standard deviation
)


@dataclass(frozen=True)
class EncodedVariable:
    """What was learned about one base variable, after its transform.

    Attributes
    ----------
    name, transform : str
    centre, scale : float
        Subtracted, divided by.
    low, high : float or None
        Limits of winsorising (more extreme values are set to them) in transformed units; None if there is none.
    n : int
        Units it was learned from.
    level : str
        Level of measurement: numeric, ordinal, binary or nominal.
    categories : tuple of str
        Names of a nominal variable; the first is code 0. Empty for the others.
    """

    name: str
    transform: str
    centre: float
    scale: float
    n: int
    low: float | None = None
    high: float | None = None
    level: str = "numeric"
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoder:
    """A frozen recipe: ``encode`` applies what was learned and can never learn again."""

    variables: tuple[EncodedVariable, ...]
    scaling: str = "standard"
    winsorise: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)

    @property
    def levels(self) -> dict[str, str]:
        """Variable to its level of measurement: numeric, ordinal, binary or nominal."""
        return {variable.name: variable.level for variable in self.variables}

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """Nominal variable to its names, in the order of their codes."""
        return {variable.name: variable.categories for variable in self.variables if variable.level == "nominal"}

    @property
    def words(self) -> str:
        """The choices in a sentence, to be printed with the solution."""
        centre = "mean and standard deviation" if self.scaling == "standard" else "median and interquartile range"
        names = [variable.name for variable in self.variables if variable.level == "nominal"]
        numbers = len(self.variables) - len(names)
        if not numbers:
            return "The base variables are names and are not scaled."
        which = f"{numbers} base variables" if not names else f"{numbers} base variables that are numbers"
        text = f"Each of the {which} is scaled by its {centre}"
        changed = [f"{v.name} ({v.transform})" for v in self.variables if v.transform != "none"]
        text += f", after a transform of {', '.join(changed)}" if changed else ""
        cut = f"; the most extreme {self.winsorise:.1%} at either end are set to the limit" if self.winsorise else ""
        text += (cut or "; extreme values are left as they are") + "."
        return text + (f" Names are not scaled: {', '.join(names)}." if names else "")

    def encode(self, features: FeatureTable | pd.DataFrame) -> pd.DataFrame:
        """z-scores of the base variables, codes of the nominal ones; NaN stays NaN.

        Parameters
        ----------
        features : FeatureTable or pandas.DataFrame
            Index: unit. Needs every base variable, nominal ones as names and the others as numbers; other columns are not looked
            at.

        Returns
        -------
        pandas.DataFrame of shape (n_units, n_base_variables)
            Columns in the encoder's order, float64. A nominal variable is 0, 1, ... by its place in ``categories``, and NaN where
            it is missing or a name that was not there to learn.

        Raises
        ------
        ParameterError
            If base variables are missing (the message shows the difference), are not numbers or are infinite.
        """
        values = feature_values(features)
        _refuse_other_columns(self.names, values, named=set(self.categories))
        encoded = {v.name: _encode_one(values[v.name], v) for v in self.variables}
        return pd.DataFrame(encoded, index=values.index)

    def encode_value(self, name: str, value: float) -> float:
        """One number of a variable on the encoded scale; the code of a nominal variable stays what it is.

        Raises
        ------
        ParameterError
            If there is no such variable, its transform cannot take the value, or the value lies beyond the limit extreme values are
            set to.
        """
        variable = next((v for v in self.variables if v.name == name), None)
        if variable is None:
            raise ParameterError(f"the encoder has no variable {name!r}; it has {', '.join(self.names)}")
        if variable.level == "nominal":
            return float(value)
        moved = float(_transformed(np.array([float(value)]), name, variable.transform)[0])
        if variable.low is not None and variable.high is not None and not variable.low <= moved <= variable.high:
            raise ParameterError(f"{value:g} lies beyond the limits that extreme values of {name!r} are set to")
        return (moved - variable.centre) / variable.scale

    def decode_centres(self, centres: np.ndarray) -> np.ndarray:
        """Centres of shape (n_segments, n_base_variables) in natural units, where winsorising is not undone; codes stay codes."""
        columns = [
            centres[:, position]
            if v.level == "nominal"
            else _inverse(centres[:, position] * v.scale + v.centre, v.transform)
            for position, v in enumerate(self.variables)
        ]
        return np.column_stack(columns)

    def to_dict(self) -> dict[str, Any]:
        """JSON content from which ``from_dict`` makes the same encoder, to the last bit."""
        variables = [asdict(v) | {"categories": list(v.categories)} for v in self.variables]
        return {"scaling": self.scaling, "winsorise": self.winsorise, "variables": variables}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Encoder:
        """Encoder from ``to_dict``.

        Raises
        ------
        ParameterError
            If the content is not what ``to_dict`` writes.
        """
        try:
            variables = tuple(
                EncodedVariable(**{**item, "categories": tuple(item.get("categories", ()))})
                for item in content["variables"]
            )
            encoder = cls(variables, content["scaling"], content["winsorise"])
        except (KeyError, TypeError) as error:
            raise ParameterError(f"not the content of an encoder: {error}") from error
        for variable in variables:
            scaled = math.isfinite(variable.centre) and variable.scale > 0 and variable.level in LEVELS
            if variable.transform not in TRANSFORMS or not scaled:
                raise ParameterError(
                    f"not the content of an encoder: variable {variable.name!r} has {asdict(variable)}"
                )
        return encoder


def fit_encoder(
    features: FeatureTable | pd.DataFrame,
    base_variables: Sequence[Variable | str],
    *,
    scaling: Literal["standard", "robust"] = "standard",
    winsorise: float = 0.0,
) -> Encoder:
    """Learn how to put base variables on one scale.

    Parameters
    ----------
    features : FeatureTable or pandas.DataFrame
        Index: unit.
    base_variables : sequence of Variable or str
        The study's base variables (``study.base``), whose transforms and levels of measurement are kept; a bare name means
        a number without a transform.
    scaling : {"standard", "robust"}
        Mean and standard deviation (of the population: ddof 0), or median and interquartile range / 1.349.
    winsorise : float
        Share at either end, 0 to below .5, set to the quantile before scaling; 0 leaves all values.

    Returns
    -------
    Encoder

    Raises
    ------
    ParameterError
        If a variable is missing, not a number, constant, all missing or infinite, or an option is not allowed.

    Examples
    --------
    >>> days = pd.DataFrame({"days": [1.0, 3.0, None]}, index=["A", "B", "C"])
    >>> encoder = fit_encoder(days, ["days"])
    >>> encoder.variables[0].centre, encoder.variables[0].scale
    (2.0, 1.0)
    >>> encoder.encode(days)["days"].tolist()
    [-1.0, 1.0, nan]
    """
    if scaling not in ("standard", "robust"):
        raise ParameterError(f"scaling must be 'standard' or 'robust'; got {scaling!r}")
    if not 0 <= winsorise < 0.5:
        raise ParameterError(f"winsorise must be a share from 0 to below 0.5; got {winsorise!r}")
    names = [v.name if isinstance(v, Variable) else v for v in base_variables]
    values = feature_values(features)
    named = {v.name: v for v in base_variables if isinstance(v, Variable) and v.level == "nominal"}
    _refuse_other_columns(names, values, named=set(named))
    learned = []
    for name, variable in zip(names, base_variables, strict=True):
        if name in named:
            learned.append(_learn_names(values[name], named[name]))
            continue
        transform, level = (
            (variable.transform, variable.level) if isinstance(variable, Variable) else ("none", "numeric")
        )
        found = _learn(values[name].to_numpy(float), name, transform, scaling, winsorise if level == "numeric" else 0.0)
        learned.append(replace(found, level=level))
    return Encoder(tuple(learned), scaling, float(winsorise))


def _learn_names(column: pd.Series, variable: Variable) -> EncodedVariable:
    """Names of a nominal variable: those the study declares, in its order, then others that units have, by name."""
    known = column.dropna().astype(str)
    if known.empty:
        raise ParameterError(f"base variable {variable.name!r} is missing for every unit")
    if known.nunique() == 1:
        raise ParameterError(
            f"base variable {variable.name!r} is {known.iloc[0]!r} for every unit, so it cannot tell segments apart"
        )
    if len(known) >= FEW and known.nunique() > len(known) / 2:
        raise ParameterError(
            f"base variable {variable.name!r} has {known.nunique():,} different names among {len(known):,} units: an id tells units "
            "apart, not segments"
        )
    declared = tuple(dict.fromkeys(variable.levels))
    categories = (*declared, *sorted(set(known) - set(declared)))
    return EncodedVariable(
        variable.name, "none", 0.0, 1.0, len(known), level="nominal", categories=tuple(str(name) for name in categories)
    )


def _learn(raw: np.ndarray, name: str, transform: str, scaling: str, winsorise: float) -> EncodedVariable:
    values = _transformed(raw, name, transform)
    values = values[~np.isnan(values)]
    if not len(values):
        raise ParameterError(f"base variable {name!r} is missing for every unit")
    low = high = None
    if winsorise:
        low, high = (float(q) for q in np.quantile(values, [winsorise, 1 - winsorise]))
        values = np.clip(values, low, high)
    if scaling == "standard":
        centre, scale = float(values.mean()), float(values.std())
    else:
        quarters = np.quantile(values, [0.25, 0.5, 0.75])
        centre, scale = float(quarters[1]), float((quarters[2] - quarters[0]) / IQR_OF_NORMAL)
    if scale <= 1e-12 * max(1.0, abs(centre)):
        raise ParameterError(f"base variable {name!r} does not vary on this scale, so it cannot tell segments apart")
    return EncodedVariable(name, transform, centre, scale, len(values), low, high)


def _encode_one(column: pd.Series, variable: EncodedVariable) -> np.ndarray:
    if variable.level == "nominal":
        codes = {name: float(code) for code, name in enumerate(variable.categories)}
        return np.array([codes.get(str(name), np.nan) if pd.notna(name) else np.nan for name in column], dtype=float)
    values = _transformed(column.to_numpy(float), variable.name, variable.transform)
    if variable.low is not None and variable.high is not None:
        values = np.clip(values, variable.low, variable.high)
    return (values - variable.centre) / variable.scale


def _transformed(raw: np.ndarray, name: str, transform: str) -> np.ndarray:
    if transform not in TRANSFORMS:
        raise ParameterError(f"transform must be one of {', '.join(TRANSFORMS)}; got {transform!r}")
    if np.isinf(raw).any():
        raise ParameterError(f"base variable {name!r} has {int(np.isinf(raw).sum())} infinite values")
    if transform != "none" and (raw < 0).any():
        raise ParameterError(f"transform {transform!r} of {name!r} needs values of 0 or more; got {np.nanmin(raw):g}")
    return {"none": np.asarray, "log1p": np.log1p, "sqrt": np.sqrt}[transform](raw)


def _inverse(values: np.ndarray, transform: str) -> np.ndarray:
    return {"none": np.asarray, "log1p": np.expm1, "sqrt": np.square}[transform](values)


def _refuse_other_columns(names: Sequence[str], values: pd.DataFrame, *, named: set[str]) -> None:
    have = [str(column) for column in values.columns]
    missing = [name for name in names if name not in have]
    if missing:
        lines = []
        for name in missing:
            near = difflib.get_close_matches(name, [column for column in have if column not in names], n=1)
            lines += [f"  - {name}"] + [f"  + {column}" for column in near]
        shown = "\n".join(lines)
        raise ParameterError(f"the columns are not those the encoder needs (- needed, + given instead):\n{shown}")
    words = [name for name in names if name not in named and not pd.api.types.is_numeric_dtype(values[name].dtype)]
    if words:
        raise ParameterError(f"base variables must be numbers; these are not: {', '.join(words)}")
