"""What the panels of the bench share: the data they are given, widgets, and errors shown in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType, ModuleType
from typing import Any

import pandas as pd

from ...clustering.solution import Solution
from ...display import Callout, Reading, Table
from ...errors import ParameterError, SegmentationError
from ...features.weights import unit_weights
from ...profiling import name_segment
from ...study import Study
from ...workspace import Workspace

__all__ = ["PANEL", "STYLE", "Given", "in_words", "load_widgets", "read_given", "show"]

PANEL: Mapping[str, str] = MappingProxyType({"max_height": "620px", "overflow": "auto"})
STYLE = """<style>
.segmentation-bench, .segmentation-bench p {color: var(--jp-ui-font-color1); font-size: 13px; line-height: 1.45}
.segmentation-bench {flex: 0 0 auto}
.segmentation-bench p {margin: 0 0 6px}
.segmentation-bench table {border-collapse: collapse; font-size: 12px; line-height: 1.35}
.segmentation-bench caption {caption-side: top; text-align: left; padding: 2px 0 6px}
.segmentation-bench th, .segmentation-bench td {padding: 3px 6px 3px 0; text-align: right; border-bottom: 1px solid var(--jp-border-color2)}
.segmentation-bench th:first-child, .segmentation-bench td:first-child {text-align: left}
.segmentation-bench blockquote {line-height: 1.45; overflow-wrap: anywhere; white-space: pre-line}
.segmentation-bench blockquote {margin: 0 0 8px; padding: 4px 10px; border-left: 4px solid var(--jp-brand-color1)}
</style>"""


@dataclass(frozen=True)
class Given:
    """What a finished run of the line left for the bench.

    Attributes
    ----------
    study : Study
    period : str
    features : pandas.DataFrame
        Index unit; the variables, without weights.
    positions : pandas.DataFrame
        Index unit; columns x, y.
    membership : pandas.DataFrame
        As published: merged segments are one.
    solution : Solution
        As stored: every segment that was found.
    words : Mapping of str to str
        What marks each published segment.
    weights : pandas.Series or None
    """

    study: Study
    period: str
    features: pd.DataFrame
    positions: pd.DataFrame
    membership: pd.DataFrame
    solution: Solution
    words: Mapping[str, str]
    weights: pd.Series | None = None


def read_given(run: Workspace) -> Given:
    """Results of stages 01 and 02; says which to run if they are not there."""
    study, features, profile = run.study, run.read("features"), run.read("profile")
    plain = features[[variable.name for variable in study.variables if variable.role != "weight"]]
    return Given(
        study=study,
        period=str(run.period),
        features=plain,
        positions=run.read("map"),
        membership=run.read("membership"),
        solution=Solution.from_dict(run.read_json("solution")["solution"]),
        words={str(segment): name_segment(profile, segment, study) for segment in profile["segment"].unique()},
        weights=unit_weights(features, study),
    )


def load_widgets() -> ModuleType:
    """ipywidgets, or a sentence how to get them.

    Raises
    ------
    ParameterError
        If ipywidgets or anywidget is not installed; they come with the extra ``lab``.
    """
    try:
        import anywidget  # noqa: F401  the live map needs it
        import ipywidgets
    except ImportError:
        raise ParameterError(
            "the bench needs ipywidgets and anywidget: install the extra `lab`, or use `make lab`"
        ) from None
    return ipywidgets


def show(target: Any, *items: Table | Reading | Callout) -> None:
    """Put what a cell would show into an HTML widget; all text is escaped by the items themselves."""
    target.value = "".join(item._repr_mimebundle_().get("text/html", "") for item in items)


def in_words(target: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A callback whose errors are shown as a sentence in ``target``: in a widget a traceback would go nowhere."""

    def wrap(callback: Callable[..., None]) -> Callable[..., None]:
        @wraps(callback)
        def run(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except SegmentationError as error:
                show(target, Callout("caution", "That did not work.", str(error)))
            except Exception as error:  # the border to the reader: whatever it was, it is told
                text = f"{type(error).__name__}: {error}. This is a fault of the bench; the cells below still work."
                show(target, Callout("caution", "That did not work.", text))

        return run

    return wrap
