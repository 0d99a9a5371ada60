"""A figure with everything a reader needs to trust it: caption with n and source, words for it, the table behind it."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from ..display import Reading, Table
from ..errors import ParameterError

__all__ = ["INK", "NOTHING", "PALETTE", "Exhibit", "draft_figure", "segment_colours"]

# Okabe and Ito's colours, darkened until each has a contrast of 3:1 on white and on the dark page.
PALETTE = ("#0072B2", "#C4540A", "#00805F", "#A8458A", "#8A6A00", "#3B7FC4", "#B0413E", "#5B6B7A")
INK = "#1F2933"
EXHIBIT_MIME = "application/vnd.segmentation.exhibit+json"
CAPTION_MIME = "application/vnd.segmentation.caption+json"
PLOTLY_MIME = "application/vnd.plotly.v1+json"


NOTHING = Reading(())
"""Shown for a picture of nothing: the words beside it say what is absent, and once is enough."""


@dataclass(frozen=True)
class Exhibit:
    """A plotly figure that may be published.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    caption : str
        What is shown, n, source, and what the marks and whiskers mean. Plain text.
    alt : str
        What a reader sees who cannot see the figure: the finding in words and numbers, not "a bar chart".
    table : Table
        The numbers drawn.

    Raises
    ------
    ParameterError
        If caption, alternative text or table is missing.
    """

    figure: go.Figure
    caption: str
    alt: str
    table: Table

    def __post_init__(self) -> None:
        for name in ("caption", "alt"):
            if not getattr(self, name).strip():
                raise ParameterError(f"an exhibit needs {name}: the report refuses figures without it")
        if self.table.frame.empty and self.figure.data:
            raise ParameterError("an exhibit needs the table of the numbers it draws")

    def as_json(self) -> dict[str, Any]:
        """Figure, caption, alt and table as the report's renderer reads them."""
        return {
            "figure": json.loads(self.figure.to_json()),
            "caption": self.caption,
            "alt": self.alt,
            "table": self.table.as_json(),
        }

    def _ipython_display_(self) -> None:
        """In JupyterLab the caption stands under the picture; the report takes both from the picture's own data."""
        from IPython.display import display

        page = f"<p>{html.escape(self.caption)}</p>"
        display(self._repr_mimebundle_(), raw=True)
        display({CAPTION_MIME: {"caption": self.caption}, "text/html": page, "text/plain": self.caption}, raw=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        content = self.as_json()
        figure = content["figure"]
        figure["layout"]["meta"] = {"caption": self.caption, "alt": self.alt}
        figure["config"] = {
            "showSendToCloud": False,
            "plotlyServerURL": "",
            "displaylogo": False,
        }  # nothing leaves the machine
        return {
            EXHIBIT_MIME: {k: content[k] for k in ("caption", "alt", "table")},
            PLOTLY_MIME: figure,
            "text/plain": self.caption,
        }


def draft_figure(*, height: int = 420, x: str = "", y: str = "") -> go.Figure:
    """Empty figure in the house style: transparent ground, no title (the caption is the title), quiet grid.

    Parameters
    ----------
    height : int
        Pixels.
    x, y : str
        Axis titles with their unit.
    """
    figure = go.Figure()
    axis = {"gridcolor": "rgba(127,127,127,0.25)", "zerolinecolor": "rgba(127,127,127,0.55)", "automargin": True}
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        colorway=list(PALETTE),
        font={"family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif", "size": 13, "color": INK},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": {"text": x}, **axis},
        yaxis={"title": {"text": y}, **axis},
    )
    return figure


def segment_colours(segments: list[str]) -> dict[str, str]:
    """One colour a segment id, the same in every figure of a report.

    Examples
    --------
    >>> segment_colours(["S2", "S1"])
    {'S1': '#0072B2', 'S2': '#C4540A'}
    """
    colours: dict[str, str] = {}
    for segment in sorted(segments):
        digits = "".join(character for character in segment if character.isdigit())
        colours[segment] = PALETTE[(int(digits) - 1) % len(PALETTE)] if digits else PALETTE[len(colours) % len(PALETTE)]
    return colours
