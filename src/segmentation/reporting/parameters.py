"""Typed notebook parameters: papermill checks neither names nor types, so the notebooks do.

papermill only logs a warning for a parameter that a notebook does not have, and passes values of any type. The first call
of every notebook is therefore ``check_parameters``, which turns both into an error, whoever started the notebook.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError, nearest_word
from ..period import Period

__all__ = ["Parameter", "check_parameters", "check_values", "notebook_parameters"]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a notebook: name, type, default, meaning, and its range where it has one."""

    name: str
    kind: type
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None


_COMMON = (
    Parameter("study", str, "data/sample/fieldnote/study.yaml", "path of the study file"),
    Parameter("period", str, "2026Q3", "quarter to report"),
    Parameter("run_folder", str, "", "where results lie; empty is reports/STUDY/.work/PERIOD"),
)
_OWN: dict[str, tuple[Parameter, ...]] = {
    "02_segments": (Parameter("segments", int, 0, "number of segments; 0 lets the comparison choose", 0, 20),),
    "explore": (Parameter("segments", int, 0, "number of segments to try; 0 keeps the published ones", 0, 20),),
    "code_interviews": (
        Parameter("coder", str, "coder_1", "who codes: a short id, which reports show"),
        Parameter("codings", str, "", "folder of the codings, from the study's; empty is codings in the run folder"),
    ),
}
_KINDS = {int: "a whole number", str: "text"}
_CHECKED = "_checked_parameters"
_JUPYTER = {"In", "Out", "exit", "quit", "get_ipython", "open"}


def notebook_parameters(notebook: str) -> tuple[Parameter, ...]:
    """Parameters that a notebook takes, in order.

    Examples
    --------
    >>> [parameter.name for parameter in notebook_parameters("02_segments")]
    ['study', 'period', 'run_folder', 'segments']
    """
    return _COMMON + _OWN.get(notebook, ())


def check_values(notebook: str, values: Mapping[str, Any]) -> None:
    """Refuse values that a notebook does not take.

    Parameters
    ----------
    notebook : str
        Name without ending.
    values : mapping of str to object
        What somebody wants to pass.

    Raises
    ------
    ParameterError
        For every name, type and range that is wrong, all in one message.

    Examples
    --------
    >>> check_values("02_segments", {"segments": 5})
    >>> check_values("02_segments", {"segmants": 5})
    Traceback (most recent call last):
    ...
    segmentation.errors.ParameterError: notebook 02_segments: no parameter 'segmants'. Did you mean 'segments'?
    """
    known = {parameter.name: parameter for parameter in notebook_parameters(notebook)}
    problems = []
    for name, value in values.items():
        if name not in known:
            hint = nearest_word(name, known) or f"It takes: {', '.join(known)}."
            problems.append(f"no parameter {name!r}. {hint}")
            continue
        parameter = known[name]
        if type(value) is not parameter.kind:
            problems.append(f"{name} must be {_KINDS[parameter.kind]} ({parameter.meaning}); got {value!r}")
        elif parameter.low is not None and not parameter.low <= value <= parameter.high:
            problems.append(f"{name} must be {parameter.low} to {parameter.high} ({parameter.meaning}); got {value!r}")
        elif name == "period" and not re.fullmatch(r"\d{4}Q[1-4]", value):
            problems.append(f"period must be a quarter such as '2026Q3'; got {value!r}")
    if problems:
        raise ParameterError(f"notebook {notebook}: " + "; ".join(problems))


def check_parameters(notebook: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Check the parameters a notebook was started with; call it as ``check_parameters("02_segments", globals())``.

    Parameters
    ----------
    notebook : str
        Name without ending.
    namespace : mapping
        The notebook's globals before anything but imports and parameters ran. Every plain value in it counts as a parameter,
        so that a misspelt one is caught; where the cell runs again in the same kernel only the names that it checked first do.

    Returns
    -------
    dict
        Name to value.

    Raises
    ------
    ParameterError
        As ``check_values``; also if a parameter is missing.
    """
    plain = (str, int, float, bool, list, tuple, dict, type(None))
    checked = namespace.get(_CHECKED)
    values = {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_") and name not in _JUPYTER and isinstance(value, plain)
        if checked is None or name in checked
    }
    missing = [parameter.name for parameter in notebook_parameters(notebook) if parameter.name not in values]
    if missing:
        raise ParameterError(f"notebook {notebook}: its parameters cell lacks {', '.join(missing)}")
    check_values(notebook, values)
    Period.parse(values["period"])
    if isinstance(namespace, dict):  # a notebook's globals: results of its cells are no parameters when they run again
        namespace[_CHECKED] = frozenset(values)
    return values
