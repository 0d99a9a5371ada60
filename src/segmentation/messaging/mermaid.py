"""The journey as a Mermaid ``journey`` diagram, kept to that grammar whatever a name holds."""

from __future__ import annotations

import pandas as pd

from .journey import select_segments

__all__ = ["format_mermaid"]


def format_mermaid(
    journeys: pd.DataFrame, *, told: pd.DataFrame | None = None, title: str = "Journey by segment"
) -> str:
    """Write the measured journey as a Mermaid ``journey`` diagram.

    The score of 1 to 5 that Mermaid draws as a face is here only the share that reached the stage (1: nobody, 5: all).

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it; rows of personas are left out.
    told : pandas.DataFrame, optional
        As ``summarise_told`` returns it: adds what people told, with the emotion from -2 to 2 as score 1 to 5.
    title : str
        Any text; characters with a meaning in the grammar are replaced.

    Returns
    -------
    str
        Text of an ``.mmd`` file, ending in a newline.

    Examples
    --------
    >>> rows = {"segment": ["S1"], "stage": ["try"], "position": [0], "n": [50], "reached": [25], "share": [0.5]}
    >>> print(format_mermaid(pd.DataFrame(rows).assign(withheld=False), title="Pay: now; #1"))
    journey
        title Pay now 1
        accTitle: Pay now 1
        accDescr: Reached is the share of units, from 1 nobody to 5 everybody. Told is the emotion, from 1 worst to 5 best.
        section Try
          Reached 50 percent of 50: 3: S1
    <BLANKLINE>
    """
    name = _safe_name(title)
    lines = [
        "journey", f"    title {name}", f"    accTitle: {name}",
        "    accDescr: Reached is the share of units, from 1 nobody to 5 everybody. Told is the emotion, from 1 worst to 5 best.",
    ]  # fmt: skip
    journeys = select_segments(journeys)
    heard = told[(told["persona_id"] == "") & (told["segment"] != "all")] if told is not None and len(told) else None
    rows = journeys[(journeys["segment"] != "all") & ~journeys["withheld"].astype(bool)].sort_values(
        ["position", "segment"]
    )
    for _, stage in rows.groupby("position", sort=True):
        lines.append(f"    section {_safe_name(str(stage['stage'].iloc[0]).replace('_', ' ').capitalize())}")
        for row in stage.dropna(subset=["share"]).itertuples():
            who = _safe_name(row.segment)
            lines.append(
                f"      Reached {100 * row.share:.0f} percent of {int(row.n)}: {1 + round(4 * row.share)}: {who}"
            )
        here = heard[(heard["stage"] == stage["stage"].iloc[0])] if heard is not None else ()
        for row in here.dropna(subset=["emotion"]).itertuples() if len(here) else ():
            people = f"{row.people} {'person' if row.people == 1 else 'people'}"
            lines.append(f"      Told by {people}: {3 + round(row.emotion)}: {_safe_name(row.segment)}")
    return "\n".join(lines) + "\n"


def _safe_name(text: object) -> str:
    """Text without what Mermaid's journey grammar or HTML reads as more than text."""
    kept = "".join(
        " " if character in '#:;,%{}<>`"\\' or not character.isprintable() else character for character in str(text)
    )
    kept = " ".join(kept.split())
    return f"- {kept}" if kept.lower().startswith(("title", "section", "acctitle", "accdescr")) else kept or "unnamed"
