"""Who stands behind which transcript: joined by id alone, and what found no partner is listed both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ..dataset import Dataset
from ..display import Callout, Reading, Table
from ..words import count_words, join_words
from .coded_words import NO_INTERVIEWS

__all__ = ["Links", "describe_links", "find_links", "tabulate_links"]

COLUMNS = ["kind", "id", "unit"]
KINDS = {
    "transcript": ("Transcript without an interviewee", "Add a row to the table of interviewees"),
    "interviewee": ("Interviewee without a transcript", "Add the transcript, or leave source_id blank"),
    "no unit": ("Interviewee of no {unit}", "Enter the {unit} in the table of interviewees"),
    "unknown unit": ("Interviewee whose {unit} no other table has", "Correct the {unit}"),
    "no segment": ("Interviewee whose {unit} is in no segment", "None: what they said counts for nobody's segment"),
}


@dataclass(frozen=True)
class Links:
    """What is joined and what is not.

    Attributes
    ----------
    table : pandas.DataFrame
        One row for each thing without a partner: kind (transcript, interviewee, no unit, unknown unit, no segment), id, unit.
    unit : str
        Name of the unit id.
    transcripts, interviewees, joined : int
        Transcripts and interviewees there are, and interviewees with a transcript.
    """

    table: pd.DataFrame
    unit: str
    transcripts: int
    interviewees: int
    joined: int


def find_links(data: Dataset, membership: pd.DataFrame | None = None) -> Links:
    """Join interviewees to transcripts and to units by their ids, and list what has no partner on either side.

    Parameters
    ----------
    data : Dataset
        Tables transcripts, interviewees; the tables of units where the study has them.
    membership : pandas.DataFrame, optional
        Index unit; segment. Units are looked for here too.

    Returns
    -------
    Links
        Nothing is ever joined because two names look alike: ``P1`` is not ``P01``.

    Examples
    --------
    >>> from segmentation.period import Period
    >>> texts = pd.DataFrame({"text": ["Hi"]}, index=pd.Index(["P01"], name="source_id"))
    >>> people = pd.DataFrame({"source_id": ["P1"], "id": ["7"]}, index=["Ann"])
    >>> data = Dataset("s", "id", Period.parse("2026Q3"), {"transcripts": texts, "interviewees": people}, ())
    >>> find_links(data).table["kind"].tolist()
    ['transcript', 'interviewee']
    """
    texts = [str(name) for name in data["transcripts"].index] if "transcripts" in data else []
    people = _people(data, texts)
    named = set(people["source_id"])
    rows = [("transcript", name, "") for name in sorted(set(texts) - named)]
    has_text = people["source_id"].isin(texts)
    rows += [("interviewee", name, unit) for name, unit in people.loc[~has_text, "unit"].items()]
    rows += _unit_rows(data, people["unit"], membership)
    return Links(pd.DataFrame(rows, columns=COLUMNS), data.unit, len(texts), len(people), int(has_text.sum()))


def _people(data: Dataset, texts: list[str]) -> pd.DataFrame:
    """source_id and unit by participant, blanks empty; without a table of interviewees everybody is their transcript."""
    if "interviewees" not in data:
        return pd.DataFrame({"source_id": texts, "unit": ""}, index=texts)
    table = data["interviewees"]
    ids = pd.Series(table.index, index=table.index)
    columns = {
        "source_id": table.get("source_id", ids),
        "unit": table.get(data.unit, pd.Series(pd.NA, index=table.index)),
    }
    people = pd.DataFrame(
        {name: ["" if pd.isna(cell) else str(cell) for cell in cells] for name, cells in columns.items()}
    )
    return people.set_axis(table.index.astype(str))


def _unit_rows(data: Dataset, units: pd.Series, membership: pd.DataFrame | None) -> Iterator[tuple[str, str, str]]:
    known = _known_units(data)
    placed = set() if membership is None else set(membership.index[membership["segment"].notna()].astype(str))
    for person, unit in units.items():
        if not unit:
            yield "no unit", person, ""
        elif known and unit not in known and unit not in placed:
            yield "unknown unit", person, unit
        elif membership is not None and unit not in placed:
            yield "no segment", person, unit


def _known_units(data: Dataset) -> set[str]:
    known: set[str] = set()
    for name in ("companies", "contacts", "survey", "events"):
        if name in data:
            table = data[name]
            known |= set(map(str, table.index if table.index.name == data.unit else table.get(data.unit, ())))
    return known


def describe_links(links: Links) -> Reading | Callout:
    """How many interviewees and transcripts belong together, and whose segment cannot be known.

    Examples
    --------
    >>> describe_links(Links(pd.DataFrame(columns=COLUMNS), "id", 0, 0, 0)).kind
    'absent'
    """
    if not links.transcripts and not links.interviewees:
        return NO_INTERVIEWS
    people = count_words(links.interviewees, "interviewee")
    lead = (
        f"{count_words(links.transcripts, 'transcript')} and {people}: {links.joined} of the interviewees have theirs. "
        "They are joined by id alone, never because two names look alike."
    )
    if links.table.empty:
        return Reading([f"{lead} Nothing is left over on either side."])
    parts = []
    for kind, part in links.table.groupby("kind", sort=False):
        shown = list(part["id"][:6]) + ([f"{len(part) - 6} more"] if len(part) > 6 else [])
        parts.append(f"{KINDS[str(kind)][0].format(unit=links.unit)}: {join_words(shown)}.")
    return Reading([lead, " ".join(parts)])


def tabulate_links(links: Links) -> Table:
    """Everything without a partner, both ways.

    Returns
    -------
    Table
        What, Id, the unit, What to do.

    Examples
    --------
    >>> list(tabulate_links(Links(pd.DataFrame(columns=COLUMNS), "id", 0, 0, 0)).frame.columns)
    ['What', 'Id', 'id', 'What to do']
    """
    words = {kind: [text.format(unit=links.unit) for text in pair] for kind, pair in KINDS.items()}
    frame = pd.DataFrame(
        {
            "What": [words[kind][0] for kind in links.table["kind"]],
            "Id": links.table["id"].to_numpy(),
            links.unit: links.table["unit"].to_numpy(),
            "What to do": [words[kind][1] for kind in links.table["kind"]],
        },
        dtype=object,
    )
    caption = (
        f"Transcripts, interviewees and units without a partner. {links.transcripts} transcripts, {links.interviewees} "
        f"interviewees, {links.joined} of them with a transcript."
    )
    return Table(frame, caption)
