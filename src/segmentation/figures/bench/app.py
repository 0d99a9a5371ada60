"""The bench put together: a map at the left; profile, trial and decisions at the right."""

from __future__ import annotations

from typing import Any

from ...clustering.quick import Trial
from ...clustering.solution import Solution
from ...errors import ParameterError
from ...workspace import Workspace
from .attempt import TryPanel
from .decide import DecidePanel
from .look import LookPanel
from .map import MapPanel
from .parts import STYLE, Given, load_widgets, read_given

__all__ = ["Bench", "open_bench"]


class Bench:
    """What ``open_bench`` returns; JupyterLab shows it, and the cells below can ask it.

    Attributes
    ----------
    widget : ipywidgets.VBox
    selected : list of str
        Units inside the last lasso.
    trial : Trial or None
        The partition tried last.
    solution : Solution
        The published one.
    """

    def __init__(self, given: Given) -> None:
        widgets = load_widgets()
        self.solution: Solution = given.solution
        self.decide = DecidePanel(given, self._rename)
        self.look = LookPanel(given, self.decide.names)
        self.map = MapPanel(given, self.decide.names, self.look.select)
        self.attempt = TryPanel(given, self._tried, self._colour)
        self.tabs = widgets.Tab(
            [self.look.widget, self.attempt.widget, self.decide.widget],
            titles=("Selection", "Try", "Decide"),
            layout={"flex": "1 1 360px", "min_width": "340px"},
        )
        body = widgets.HBox([self.map.widget, self.tabs], layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        self.widget = widgets.VBox([widgets.HTML(STYLE), body])

    @property
    def selected(self) -> list[str]:
        return list(self.look.selected)

    @property
    def trial(self) -> Trial | None:
        return self.attempt.trial

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def _tried(self, trial: Trial) -> None:
        self.look.offer(trial.membership)
        if self.attempt.colour.value:
            self._colour(True)

    def _colour(self, tried: bool) -> None:
        self.look.select([])
        show_trial = tried and self.trial is not None
        self.map.colour(self.trial.membership if show_trial else self.map.given.membership)

    def _rename(self, names: dict[str, str]) -> None:
        """Names just saved, in the legend and in the list of segments to compare with."""
        self.look.names = names
        self.look.offer(self.look.tried)
        self.map.rename(names)


def open_bench(run: Workspace, *, segments: int = 0) -> Bench:
    """Open the analyst's bench on a finished run.

    Parameters
    ----------
    run : Workspace
        Whose stages 01 and 02 are done.
    segments : int
        Number of segments to try at once; 0 tries none yet.

    Returns
    -------
    Bench
        Shown as the last line of a cell in JupyterLab. Decisions saved on it go to the study's decisions file.

    Raises
    ------
    ParameterError
        If the run is not done, nobody is on the map, or the widgets are not installed (extra ``lab``).
    """
    given = read_given(run)
    if given.positions.empty:
        raise ParameterError("no unit is on the map: run 02_segments first")
    bench = Bench(given)
    if segments:
        bench.attempt.number.value = segments
        bench.attempt.run()
    return bench
