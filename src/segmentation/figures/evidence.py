"""Pictures of the joint display and of who wants what."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go

from ..display import Callout, Reading
from ..qualitative.evidence import EvidenceMatrix
from ..qualitative.evidence_rule import STRANDS, VERDICTS
from ..qualitative.evidence_tables import GRADES, tabulate_support
from ..qualitative.stakeholders import StakeholderCube
from ..qualitative.stakeholders_words import tabulate_stakeholders
from ..words import count_words, join_words
from .exhibit import INK, NOTHING, Exhibit, draft_figure

__all__ = ["plot_evidence", "plot_stakeholders"]

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
    return Exhibit(figure, " ".join(caption.split()), _alt(matrix), tabulate_support(matrix))


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


def plot_stakeholders(cube: StakeholderCube, *, note: str = "") -> Exhibit | Callout | Reading:
    """Problems by role: how many interviewees of the role have each, and what most of those stand to gain.

    Parameters
    ----------
    cube : StakeholderCube
    note : str
        Added to the caption.

    Returns
    -------
    Exhibit, Callout or Reading
        An empty reading where there are no roles.
    """
    counted = cube.problems
    if counted.empty:
        return NOTHING
    roles = list(dict.fromkeys(counted["role"]))
    order = counted.groupby("problem", sort=False)["k"].sum().sort_values(kind="stable").index
    names = dict(zip(counted["problem"], counted["name"], strict=True))
    found = counted.set_index(["problem", "role"])
    at = [[found.loc[(problem, role)] for role in roles] for problem in order]
    sizes = counted.drop_duplicates("role").set_index("role")["n"]
    figure = draft_figure(height=max(280, 110 + 34 * len(order)))
    figure.add_trace(
        go.Heatmap(
            z=[[cell["k"] / cell["n"] for cell in row] for row in at],
            x=[f"{escape(str(role))}<br>n = {sizes[role]}" for role in roles], y=[escape(str(names[problem])) for problem in order],
            text=[[f"{cell['k']}/{cell['n']}" for cell in row] for row in at], texttemplate="%{text}", textfont={"color": INK},
            customdata=[[_gains(cube, problem, role) for role in roles] for problem in order],
            zmin=0, zmax=1, xgap=2, ygap=2, showscale=False, colorscale=[[0, "#FFFFFF"], [1, "#A9CBEA"]],
            hovertemplate="%{y}, %{x}: %{text}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(side="top")
    caption = (
        f"Interviewees of each role with each problem, k of n, n = {cube.people} people with a role; the shade repeats the share. What "
        f"those of them stand to gain is shown on pointing at a cell and in the table. {cube.presence} {cube.source} {note}"
    )
    top = counted.sort_values("k", ascending=False, kind="stable").head(3)
    named = join_words(
        f"{row.name_} for {row.role} ({row.k} of {row.n})" for row in top.rename(columns={"name": "name_"}).itertuples()
    )
    alt = f"Problems of {count_words(len(roles), 'role')}. Most often: {named}. {_conflict_words(cube)}"
    return Exhibit(figure, " ".join(caption.split()), alt, tabulate_stakeholders(cube))


def _gains(cube: StakeholderCube, problem: object, role: object) -> str:
    own = cube.cells[(cube.cells["problem"] == problem) & (cube.cells["role"] == role)].sort_values(
        "k", ascending=False, kind="stable"
    )
    listed = [f"{escape(str(row.incentive))} ({row.k})" for row in own.head(3).itertuples()]
    return f"stand to gain: {join_words(listed)}" if listed else "nothing to gain was coded"


def _conflict_words(cube: StakeholderCube) -> str:
    n = len(cube.conflicts)
    return (
        f"{count_words(n, 'conflict').capitalize()} between roles of one account {'was' if n == 1 else 'were'} found."
    )
