"""The joint display as tables: one row a hypothesis, what each kind of evidence says with its figures, and the words behind it."""

from __future__ import annotations

import pandas as pd

from ..display import Table
from ..words import count_words, percent_words
from .evidence import EvidenceMatrix
from .evidence_rule import AGAINST, FOR, SILENT, STRANDS, UNCLEAR
from .evidence_words import next_step

__all__ = ["tabulate_evidence", "tabulate_evidence_quotes", "tabulate_support", "tabulate_verdicts"]

GRADES = {FOR: "for it", AGAINST: "against it", UNCLEAR: "unclear", SILENT: "no say"}
SHOWN = 3  # jobs named in a cell


def tabulate_evidence(matrix: EvidenceMatrix) -> Table:
    """The joint display: one row a hypothesis.

    Parameters
    ----------
    matrix : EvidenceMatrix

    Returns
    -------
    Table
        Hypothesis, Numbers, Interviews, Sales, Verdict, What to do next.

    Examples
    --------
    >>> empty = EvidenceMatrix(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    >>> list(tabulate_evidence(empty).frame.columns)[-2:]
    ['Verdict', 'What to do next']
    """
    rows = []
    for row in matrix.table.to_dict("records"):
        own = matrix.parts[matrix.parts["hypothesis"] == row["hypothesis"]]
        origin = "from use" if row["origin"] == "use" else "by the team"
        cells = [_strand(own[own["strand"] == strand], row, strand) for strand in STRANDS]
        claim = f"{row['hypothesis']}, {row['segment']}, {origin}: {row['statement']}"
        rows.append((claim, *cells, row["verdict"], next_step(row, matrix.rule)))
    frame = pd.DataFrame(rows, columns=["Hypothesis", "Numbers", "Interviews", "Sales", "Verdict", "What to do next"])
    people = int(matrix.table["n"].iloc[0] + matrix.table["rest_n"].iloc[0]) if len(matrix.table) else 0
    caption = (
        f"What use, numbers, interviews and sales say of {count_words(len(frame), 'hypothesis', 'hypotheses')}; "
        f"n = {count_words(people, 'interviewee')} of known segment and {count_words(matrix.talks, 'sales talk')}. Intervals: 95 %, exact "
        f"for shares of people and talks, Newcombe's for differences. {matrix.source}"
    )
    note = "Interviewees were chosen and sales reports what it likes: k of n is a count of them, never a share of customers."
    return Table(frame, caption.strip(), None, note)


def tabulate_verdicts(matrix: EvidenceMatrix) -> Table:
    """Each hypothesis with its verdict and what follows.

    Parameters
    ----------
    matrix : EvidenceMatrix

    Returns
    -------
    Table
        Id, Segment, Hypothesis, From, Verdict, What to do next.

    Examples
    --------
    >>> list(tabulate_verdicts(EvidenceMatrix(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())).frame.columns)[-2:]
    ['Verdict', 'What to do next']
    """
    rows = [
        (
            row["hypothesis"],
            row["segment"],
            row["statement"],
            row["origin"],
            row["verdict"],
            next_step(row, matrix.rule),
        )
        for row in matrix.table.to_dict("records")
    ]
    frame = pd.DataFrame(rows, columns=["Id", "Segment", "Hypothesis", "From", "Verdict", "What to do next"])
    return Table(
        frame, "Verdicts, and what follows. From: what a segment uses much (use), or the team's own list (team)."
    )


def tabulate_support(matrix: EvidenceMatrix) -> Table:
    """What each kind of evidence says of each hypothesis, with the figures.

    Parameters
    ----------
    matrix : EvidenceMatrix

    Returns
    -------
    Table
        Id, Numbers, Interviews, Sales, Verdict: the rows of ``tabulate_evidence`` without the words around them.

    Examples
    --------
    >>> list(tabulate_support(EvidenceMatrix(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())).frame.columns)
    ['Id', 'Numbers', 'Interviews', 'Sales', 'Verdict']
    """
    whole = tabulate_evidence(matrix)
    frame = whole.frame[["Numbers", "Interviews", "Sales", "Verdict"]]
    names = matrix.table["hypothesis"].astype(str).to_list() if len(matrix.table) else []
    frame = pd.concat([pd.DataFrame({"Id": names}), frame], axis=1)
    return Table(frame, whole.caption, None, whole.note)


def tabulate_evidence_quotes(matrix: EvidenceMatrix) -> Table:
    """What people of the segment said to each hypothesis, with the place it stands.

    Parameters
    ----------
    matrix : EvidenceMatrix

    Returns
    -------
    Table
        Hypothesis, Quote, Theme, Where, Counted.

    Examples
    --------
    >>> from segmentation.qualitative.evidence import QUOTE_COLUMNS
    >>> empty = EvidenceMatrix(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(columns=QUOTE_COLUMNS))
    >>> list(tabulate_evidence_quotes(empty).frame.columns)
    ['Hypothesis', 'Quote', 'Theme', 'Where', 'Counted']
    """
    quotes = matrix.quotes
    frame = pd.DataFrame(
        {
            "Hypothesis": quotes["hypothesis"].astype(str),
            "Quote": quotes["text"].astype(str),
            "Theme": quotes["name"].astype(str),
            "Where": [f"{s}, turn {t}" for s, t in zip(quotes["source_id"], quotes["turn"], strict=True)],
            "Counted": ["yes" if counted else "no, by some coders only" for counted in quotes["counted"]],
        }
    )
    caption = (
        f"Behind the hypotheses: at most two passages each of people who count for it (every coder gave them the code), of different "
        f"people where there are, and one of somebody to whom some coders only gave it, where there is one. Names taken out. "
        f"{matrix.source}"
    )
    return Table(frame, caption.strip(), empty="No quote may be shown for any hypothesis.")


def _strand(parts: pd.DataFrame, row: dict[str, object], strand: str) -> str:
    """A cell: the grade with the figures that make it, then those that say something else, under their own grade."""
    grade = str(row[strand])
    pieces = _pieces(parts[parts["grade"] == grade])
    if strand == "interviews" and len(parts) and row["rest_n"] and row["n"]:
        points = [100 * float(row[name]) for name in ("difference", "difference_lower", "difference_upper")]  # type: ignore[arg-type]
        away = "{:+.0f} points, {:+.0f} to {:+.0f}".format(*points)
        pieces.append(f"elsewhere {row['rest_k']} of {row['rest_n']} ({away})")
    if parts.empty:
        nothing = {"numbers": "no number was asked for", "interviews": "no code named", "sales": "nothing noted"}
        pieces = [nothing[strand]]
    first = f"{_title(grade)}: {'; '.join(pieces)}." if pieces else f"{_title(grade)}."
    others = [(name, parts[parts["grade"] == name]) for name in GRADES if name != grade]
    return " ".join([first, *(f"{_title(name)}: {'; '.join(_pieces(own))}." for name, own in others if len(own))])


def _title(grade: str) -> str:
    words = GRADES[grade]
    return words[0].upper() + words[1:]


def _pieces(parts: pd.DataFrame) -> list[str]:
    pieces = [_piece(part) for part in parts.head(SHOWN).itertuples()]
    return [*pieces, f"and {len(parts) - SHOWN} more"] if len(parts) > SHOWN else pieces


def _piece(part: object) -> str:
    measure, item, n = part.measure, part.item, int(part.n)  # type: ignore[attr-defined]
    estimate, lower, upper, why = part.estimate, part.lower, part.upper, part.why  # type: ignore[attr-defined]
    if measure == "share":
        if not n:
            return why or f"no {item.split(' ')[0]}"
        text = f"{int(part.k)} of {n} {item} ({100 * lower:.0f} to {100 * upper:.0f} %)"  # type: ignore[attr-defined]
        if part.grade == FOR and lower < part.limit:  # type: ignore[attr-defined]
            text += f", weak: the interval reaches below {percent_words(part.limit)}"  # type: ignore[attr-defined]
        return f"{text}; {why}" if why else text
    if pd.isna(estimate):
        return f"{item}: {why}"
    spec = {"opportunity": ".1f", "index": ".0f", "z": "+.2f"}[str(measure)]
    name = {"opportunity": "opportunity", "index": "index", "z": "standard deviations from everybody"}[str(measure)]
    interval = "no interval" if pd.isna(lower) else f"{lower:{spec}} to {upper:{spec}}"
    text = f"“{item}” {name} {estimate:{spec}} ({interval}, n = {n:,d})"
    return f"{text}, {why}" if why else text
