"""Figures about personas."""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

from ..display import Callout
from ..personas import tabulate_overlap
from ..personas.check import CheckedPersonas
from ..personas.overlap import closest_first
from .exhibit import INK, PALETTE, Exhibit, draft_figure

__all__ = ["plot_overlap"]


def plot_overlap(checked: CheckedPersonas, *, note: str = "") -> Exhibit | Callout:
    """How much every two personas share: the larger of shared members and shared evidence, with the shared pains.

    Parameters
    ----------
    checked : CheckedPersonas
    note : str
        Added to the caption, for instance "Synthetic data."

    Returns
    -------
    Exhibit or Callout
        A grid with the figures written in every cell, where a flagged pair carries a mark and not colour alone; a callout of
        kind absent with fewer than two personas.

    Examples
    --------
    >>> from segmentation.personas import Findings, Persona, check_personas
    >>> dana = Persona(persona_id="s1-a", name="Dana", segment="S1", pains=["Drives for nothing", "Late changes"])
    >>> dora = Persona(persona_id="s1-b", name="Dora", segment="S1", pains=["Late changes", "Drives for nothing"])
    >>> plot_overlap(check_personas((dana, dora), Findings())).alt
    '1 of 1 pairs of personas are hard to tell apart: Dana and Dora (2 of their first three pains are the same).'
    """
    overlap = checked.overlap
    names = {p.persona_id: p.name for p in checked.personas}
    if overlap.empty:
        return Callout("absent", _alt(overlap, names))
    order = list(dict.fromkeys([*overlap["persona"], *overlap["other"]]))
    labels = [escape(names[key], quote=False) for key in order]
    shares = overlap[["members", "evidence"]].astype(float).max(axis=1)
    grid = pd.DataFrame(float("nan"), index=order, columns=order)
    text = pd.DataFrame("", index=order, columns=order)
    for row, share in zip(overlap.itertuples(index=False), shares, strict=True):
        grid.at[row.other, row.persona] = 0.0 if pd.isna(share) else share
        figure = "–" if pd.isna(share) else f"{100 * share:.0f} %"
        text.at[row.other, row.persona] = f"{'▲ ' if row.flagged else ''}{figure}<br>{row.shared_pains}/3 pains"
    figure = draft_figure(height=max(260, 90 + 48 * len(order)))
    figure.add_trace(
        go.Heatmap(
            z=grid.to_numpy(), x=labels, y=labels, text=text.to_numpy(), texttemplate="%{text}", zmin=0, zmax=1,
            colorscale=[[0, "#FFFFFF"], [1, PALETTE[5]]], xgap=2, ygap=2, showscale=False, hoverongaps=False,
            textfont={"color": INK}, hovertemplate="%{y} and %{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    rules = checked.thresholds
    caption = (
        f"Overlap of personas, {len(overlap)} pairs. Each cell: the larger of shared members and shared evidence "
        "(Jaccard), and how many of "
        f"the first three pains are shared. ▲ marks pairs above {100 * rules.max_jaccard:.0f} %, with "
        f"{rules.shared_pains} or more shared pains, or with needs alike above {rules.max_cosine:g}. "
        f"{note}"
    )
    return Exhibit(figure, caption.strip(), _alt(overlap, names), tabulate_overlap(overlap, names=names))


def _alt(overlap: pd.DataFrame, names: dict[str, str]) -> str:
    flagged = closest_first(overlap[overlap["flagged"].astype(bool)])
    if overlap.empty:
        return "There are no two personas to compare."
    if flagged.empty:
        return f"None of the {len(overlap)} pairs of personas is hard to tell apart."
    found = [f"{names[r.persona]} and {names[r.other]} ({r.reason})" for r in flagged.head(5).itertuples(index=False)]
    more = f"; and {len(flagged) - 5} more" if len(flagged) > 5 else ""
    return f"{len(flagged)} of {len(overlap)} pairs of personas are hard to tell apart: {'; '.join(found)}{more}."
