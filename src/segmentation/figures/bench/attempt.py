"""The panel that tries another number of segments or other variables, beside the published segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...clustering.quick import MOST_SEGMENTS, Trial, describe_trial, tabulate_trial, trial_variables, try_partition
from ...display import Reading
from .parts import PANEL, Given, in_words, load_widgets, show

__all__ = ["TryPanel"]

HINT = "Choose a number and variables, then press Try. Nothing tried here changes the published segments."


class TryPanel:
    """Another partition in a second or two.

    Parameters
    ----------
    given : Given
    on_trial : callable
        Receives each ``Trial``.
    on_colour : callable
        Receives True when the map should show the segments tried, False for the published ones.
    """

    def __init__(self, given: Given, on_trial: Callable[[Trial], None], on_colour: Callable[[bool], None]) -> None:
        widgets = load_widgets()
        self.given, self.on_trial, self.trial = given, on_trial, None
        able, base = trial_variables(given.study), given.study.segmentation.base
        self.number = widgets.BoundedIntText(
            value=min(max(2, given.membership["segment"].nunique()), MOST_SEGMENTS),
            min=2,
            max=MOST_SEGMENTS,
            description="Segments",
            layout={"width": "150px", "flex": "0 0 auto"},
        )
        self.variables = {
            v.name: widgets.Checkbox(value=v.name in base, description=v.words, indent=False, layout={"width": "auto"})
            for v in able
        }
        self.button = widgets.Button(
            description="Try", button_style="primary", layout={"width": "80px", "flex": "0 0 auto"}
        )
        self.colour = widgets.Checkbox(
            value=False, description="on the map", indent=False, disabled=True, layout={"width": "auto"}
        )
        self.result = widgets.HTML().add_class("segmentation-bench")
        choice = widgets.VBox(
            list(self.variables.values()), layout={"max_height": "190px", "overflow": "auto", "flex": "0 0 auto"}
        )
        top = widgets.HBox([self.number, self.button, self.colour], layout={"flex": "0 0 auto"})
        self.widget = widgets.VBox([top, choice, self.result], layout=dict(PANEL))
        show(self.result, Reading([HINT]))
        self.run = in_words(self.result)(self._run)
        self.button.on_click(self.run)
        self.colour.observe(in_words(self.result)(lambda change: on_colour(bool(change["new"]))), "value")

    def _run(self, button: Any = None) -> None:
        self.button.disabled = True
        try:
            chosen = [name for name, box in self.variables.items() if box.value]
            published = self.given.membership
            self.trial = try_partition(
                self.given.features if self.given.weights is None else self._weighted(),
                self.given.study,
                int(self.number.value),
                variables=chosen,
                published=published,
            )
            units, least = self.given.study.units, self.given.study.choices.min_cell
            table = tabulate_trial(self.trial, published, units=units, min_cell=least)
            show(self.result, describe_trial(self.trial, units=units), table)
            self.on_trial(self.trial)
            self.colour.disabled = False
        finally:
            self.button.disabled = False

    def _weighted(self) -> Any:
        return self.given.features.assign(**{str(self.given.study.weight): self.given.weights})
