"""The panel that profiles what was lassoed, beside everybody or beside a segment, while the lasso is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...clustering.solution import natural_order
from ...display import Reading
from ...profiling.selection import compare_selection, describe_origin, describe_selection, tabulate_selection
from .parts import PANEL, Given, in_words, load_widgets, show

__all__ = ["LookPanel"]

EVERYBODY = "everybody"
HINT = "Draw a loop round points on the map: what they have in common appears here. Double-click on the map takes the loop away."


class LookPanel:
    """Profile of the selection.

    Parameters
    ----------
    given : Given
    names : Mapping of str to str
        Segment id to the team's name.
    """

    def __init__(self, given: Given, names: Mapping[str, str]) -> None:
        widgets = load_widgets()
        self.given, self.names = given, names
        self.selected: list[str] = []
        self.tried: pd.DataFrame | None = None
        self.against = widgets.Dropdown(description="Compare with", style={"description_width": "initial"})
        self.profile = widgets.HTML().add_class("segmentation-bench")
        self.widget = widgets.VBox([self.against, self.profile], layout=dict(PANEL))
        self.offer(None)
        self.refresh = in_words(self.profile)(self._refresh)
        self.against.observe(self.refresh, "value")
        self.refresh()

    def select(self, units: list[str]) -> None:
        """Profile these units from now on."""
        self.selected = [unit for unit in units if unit in self.given.features.index]
        self.refresh()

    def offer(self, tried: pd.DataFrame | None) -> None:
        """Segments to compare with: the published ones, and those of the partition that was tried last."""
        self.tried, kept = tried, self.against.value
        options = [(EVERYBODY, EVERYBODY)]
        for membership in (self.given.membership, tried):
            if membership is not None:
                counts = membership["segment"].value_counts()
                options += [(self._label(name, int(counts[name])), name) for name in natural_order(counts.index)]
        self.against.options = options
        self.against.value = kept if kept in [value for _, value in options] else EVERYBODY

    def _label(self, segment: str, n: int) -> str:
        return f"{f'{segment} {self.names.get(segment, str())}'.strip()} ({n:,d})"

    def _refresh(self, change: Any = None) -> None:
        if not self.selected:
            show(self.profile, Reading([HINT]))
            return
        reference, others = self.against.value or EVERYBODY, None
        if reference != EVERYBODY:
            tried = self.tried is not None and reference in set(self.tried["segment"].dropna())
            segment = (self.tried if tried else self.given.membership)["segment"]
            others = segment.index[(segment == reference).fillna(False).to_numpy(bool)]
        labels = self.given.study.labels
        comparison = compare_selection(self.given.features, self.selected, against=others, weights=self.given.weights)
        show(
            self.profile,
            describe_origin(self.selected, self.given.membership, units=self.given.study.units),
            describe_selection(comparison, labels, reference=reference),
            tabulate_selection(comparison, labels, reference=reference),
        )
