"""The panel where segments are named, noted and merged, and the decisions saved for the next run."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from ...clustering.decided import Honoured, apply_decisions, describe_decisions, revise_decisions
from ...clustering.decisions import Decisions, load_decisions, save_decisions
from ...display import Callout, Reading
from ...errors import SegmentationError
from .parts import PANEL, Given, in_words, load_widgets, show

__all__ = ["DecidePanel"]

ITSELF = "stands for itself"
HINT = "A name is shown beside the id in every report from the next run on. Merging is undone by choosing “stands for itself” again."


class DecidePanel:
    """Name, note, merge, save.

    Parameters
    ----------
    given : Given
    on_saved : callable
        Receives the names by segment id after each save.
    """

    def __init__(self, given: Given, on_saved: Callable[[dict[str, str]], None]) -> None:
        widgets = load_widgets()
        self.given, self.on_saved = given, on_saved
        self.message = widgets.HTML().add_class("segmentation-bench")
        self.by = widgets.Text(placeholder="who decides", description="Decided by", layout={"width": "260px"})
        self.button = widgets.Button(
            description="Save", button_style="primary", layout={"width": "80px", "flex": "0 0 auto"}
        )
        self.decisions, honoured = self._open()
        self.rows = {segment: _Row(given, segment, honoured) for segment in given.solution.segments}
        rows = widgets.VBox(
            [row.widget for row in self.rows.values()],
            layout={"max_height": "360px", "overflow": "auto", "flex": "0 0 auto"},
        )
        foot = widgets.HBox([self.by, self.button], layout={"flex": "0 0 auto"})
        self.widget = widgets.VBox([rows, foot, self.message], layout=dict(PANEL))
        self.names = honoured.names
        self.save = in_words(self.message)(self._save)
        self.button.on_click(self.save)

    def _open(self) -> tuple[Decisions | None, Honoured]:
        """The file as it is; if it is not valid, its problems are shown and nothing can be saved over it."""
        try:
            decisions = load_decisions(self.given.study)
        except SegmentationError as error:
            self.button.disabled = True
            text = f"{error}\nMend the file, then run this cell again."
            show(
                self.message,
                Callout("caution", "The decisions file cannot be read, so nothing can be saved here.", text),
            )
            return None, Honoured(self.given.solution)
        honoured = apply_decisions(self.given.solution, decisions.about())
        if honoured.table.empty:
            show(self.message, Reading([HINT]))
        else:
            show(self.message, describe_decisions(honoured, file=decisions.file.name))
        return decisions, honoured

    def _save(self, button: Any = None) -> None:
        if self.decisions is None:
            return
        given = self.given
        content = revise_decisions(
            self.decisions.about(),
            given.solution,
            period=given.period,
            named={segment: (row.name.value, row.note.value) for segment, row in self.rows.items()},
            merged={s: (row.into.value, row.why.value) for s, row in self.rows.items() if row.into.value != ITSELF},
            by=self.by.value,
        )
        self.decisions = save_decisions(self.decisions, content)
        honoured = apply_decisions(given.solution, self.decisions.about())
        file = self.decisions.file
        text = f"The next `segmentation run` for {given.period} honours it, and every later quarter while its segments go on."
        show(
            self.message,
            Callout("finding", f"Saved to {file.as_posix()}.", text),
            describe_decisions(honoured, file=file.name),
        )
        self.on_saved(honoured.names)


class _Row:
    """The widgets of one segment."""

    def __init__(self, given: Given, segment: str, honoured: Honoured) -> None:
        widgets = load_widgets()
        others = [name for name in given.solution.segments if name != segment]
        wide = {"width": "98%"}
        self.name = widgets.Text(
            value=honoured.names.get(segment, ""), placeholder=f"name of {segment}", layout={"width": "45%"}
        )
        self.note = widgets.Textarea(
            value=honoured.notes.get(segment, ""), placeholder=f"note on {segment}", rows=1, layout=wide
        )
        self.into = widgets.Dropdown(
            options=[(ITSELF, ITSELF), *((f"part of {name}", name) for name in others)],
            value=honoured.solution.merged.get(segment, ITSELF),
            tooltip=f"what {segment} counts as",
            layout={"width": "45%"},
        )
        self.why = widgets.Text(value=_reason(honoured, segment), placeholder=f"why merge {segment}?", layout=wide)
        self.into.observe(self._ask_why, "value")
        self._ask_why()
        head = widgets.HTML(_head(given, segment)).add_class("segmentation-bench")
        both = widgets.HBox([self.name, self.into])
        self.widget = widgets.VBox(
            [head, both, self.note, self.why], layout={"margin": "0 0 6px 0", "flex": "0 0 auto"}
        )

    def _ask_why(self, change: Any = None) -> None:
        self.why.layout.display = "none" if self.into.value == ITSELF else ""


def _head(given: Given, segment: str) -> str:
    column = "unmerged" if "unmerged" in given.membership else "segment"
    n, least = int((given.membership[column] == segment).sum()), given.study.choices.min_cell
    size = f"{n:,d} {given.study.units}" if n >= least else f"fewer than {least} {given.study.units}"
    words = given.words.get(segment, "")
    return f"<p><strong>{html.escape(segment)}</strong> {html.escape(f'{size}: {words}' if words else size)}</p>"


def _reason(honoured: Honoured, segment: str) -> str:
    table = honoured.table
    rows = table[(table["segment"] == segment) & (table["kind"] == "merge") & (table["state"] == "honoured")]
    return str(rows["note"].iloc[0]) if len(rows) else ""
