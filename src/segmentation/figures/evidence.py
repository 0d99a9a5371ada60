"""Pictures of the joint display and of who wants what."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go

from ..display import Callout, Reading
from ..qualitative.evidence import STRANDS, VERDICTS, EvidenceMatrix
from ..qualitative.evidence_words import GRADES, tabulate_evidence
from ..words import count_words, join_words
from .exhibit import INK, NOTHING, Exhibit, draft_figure

__all__ = ["plot_evidence"]

SIGNS = {"for": "✓ for it", "against": "✗ against", "unclear": "? unclear", "silent": "no say"}
SHADES = {"for": 1.0, "unclear": 0.5, "silent": 0.5, "against": 0.0}
TITLES = {"numbers": "Numbers", "interviews": "Interviews", "sales": "Sales"}


def plot_evidence(matrix: EvidenceMatrix, *, note: str = "") -> Exhibit | Callout | Reading:
    """Each hypothesis with what numbers, interviews and sales say, and the verdict.

    Parameters
    ----------
    matrix : EvidenceMatrix
    note : str
        Added to the caption, for instance "Synthetic data."

    Returns
    -------
    Exhibit, Callout or Reading
        An empty reading without hypotheses.

    Raises
    ------
    ParameterError
        Never.

    Examples
    --------
    >>> import pandas as pd
    >>> plot_evidence(EvidenceMatrix(pd.DataFrame(), pd.DataFrame(), pd.DataFrame()))
    Reading(paragraphs=())
    """
    table = matrix.table.iloc[::-1]
    if table.empty:
        return NOTHING
    rows = [f"{row.hypothesis} {escape(str(row.segment))}: <b>{row.verdict}</b>" for row in table.itertuples()]
    figure = draft_figure(height=110 + 34 * len(rows))
    figure.add_trace(
        go.Heatmap(
            z=[[SHADES[row[strand]] for strand in STRANDS] for row in table.to_dict("records")],
            x=[TITLES[strand] for strand in STRANDS], y=rows,
            text=[[SIGNS[row[strand]] for strand in STRANDS] for row in table.to_dict("records")],
            texttemplate="%{text}", textfont={"color": INK}, zmin=0, zmax=1, xgap=3, ygap=3, showscale=False,
            colorscale=[[0, "#F4C7B8"], [0.5, "#F3F4F6"], [1, "#A9CBEA"]],
            customdata=[[row["statement"]] * len(STRANDS) for row in table.to_dict("records")],
            hovertemplate="%{customdata}<br>%{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(side="top")
    caption = (
        f"What speaks for and against {count_words(len(rows), 'hypothesis', 'hypotheses')}, with the verdict before each row. The sign in "
        f"the cell says it, the shade repeats it; the rule stands in the text. {matrix.source} {note}"
    )
    return Exhibit(figure, " ".join(caption.split()), _alt(matrix), tabulate_evidence(matrix))


def _alt(matrix: EvidenceMatrix) -> str:
    table = matrix.table
    counts = join_words(f"{int((table['verdict'] == v).sum())} {v}" for v in VERDICTS if (table["verdict"] == v).any())
    spoken = [
        f"{strand} {join_words(f'{int((table[strand] == grade).sum())} {words}' for grade, words in GRADES.items())}"
        for strand in STRANDS
    ]
    return (
        f"Of {count_words(len(table), 'hypothesis', 'hypotheses')}: {counts}. By kind of evidence: {'; '.join(spoken)}."
    )
