"""KPIs in words and tables for readers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..messaging.rates import say_per_cent, say_share
from ..words import join_words, source_words

__all__ = ["describe_kpis", "tabulate_kpis"]


def describe_kpis(table: pd.DataFrame, period: object) -> Reading | Callout:
    """Which targets are met, missed or open, in plain sentences.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``measure_kpis`` returns it.
    period : Period or str
        Named in the text.

    Returns
    -------
    Reading or Callout
    """
    if table.empty:
        return Callout(
            "absent",
            "This study follows no KPIs.",
            "A KPI is a share with a target, for instance deals won of deals closed.",
        )
    paragraphs = [
        "A KPI is a share that the team follows. Its 95 % interval is the range that the true share may plausibly have, given "
        "how few or many were counted. A target counts as met or missed only when the whole interval lies on one side of it."
        f"{_say_luck(table)}"
    ]
    for _, rows in table.groupby("kpi", sort=False):
        paragraphs.append(_describe_kpi(rows, period))
    formed = table[table["formed"].astype(bool) & (table["segment"] != "all")].drop_duplicates("kpi")["label"]
    if len(formed):
        every = len(formed) == table["kpi"].nunique() > 1
        named = f"All {len(formed)} KPIs" if every else join_words([f"“{label}”" for label in formed])
        paragraphs.append(
            f"{named} {'counts' if len(formed) == 1 else 'count'} events that formed the segments, so that segments differ in "
            f"{'it' if len(formed) == 1 else 'them'} by construction: compare a segment with its own past, not with the others."
        )
    return Reading(paragraphs)


def _say_luck(table: pd.DataFrame) -> str:
    """What to expect by chance when many targets are judged, each by its own interval."""
    judged = int(table["met"].isin(["met", "not met", "cannot tell"]).sum())
    if judged < 10:
        return ""
    lucky = max(1, round(0.05 * judged))
    return (
        f" {judged} targets are judged, each by itself; were every share exactly at its target, about {lucky} would still be "
        "called met or missed by chance."
    )


def _describe_kpi(rows: pd.DataFrame, period: object) -> str:
    total = rows[rows["segment"] == "all"].iloc[0]
    label = str(total["label"]).rstrip(".")
    if not total["denominator"]:
        return f"{label}: nothing to count in {period}."
    if total["met"] == "nothing to count":
        return f"{label}: nothing to count in {period}, because none of its events is in the data: {total['events_missing']}."
    if total["withheld"]:
        return f"{label}: withheld, fewer {total['counted']} than may be published."
    text = f"{label}, {period}: {say_share(total['numerator'], total['denominator'])} of the {total['counted']}"
    text += f" (95 % interval {say_per_cent(total['lower'])} to {say_per_cent(total['upper'])})."
    if str(total["goal"]).startswith("last"):
        text += f" The goal was set as {total['goal']}, segment by segment{_say_shrunk(total['goal'])}."
    inner = rows[rows["segment"] != "all"]
    for word, phrase in (("met", "Target met"), ("not met", "Target missed"), ("cannot tell", "Cannot tell yet")):
        hits = rows.loc[rows["met"] == word, "segment"]
        if len(hits):
            where = [f"in {join_words(hits[hits != 'all'])}"] if (hits != "all").any() else []
            where += ["over everybody"] if (hits == "all").any() else []
            text += f" {phrase} {(', and ' if (hits != 'all').sum() > 1 else ' and ').join(where)}"
            text += (
                f" ({'the interval holds' if len(hits) == 1 else 'the intervals hold'} the target)."
                if word == "cannot tell"
                else "."
            )
    small = inner[inner["withheld"].astype(bool)]
    text += f" Withheld for too few {total['counted']}: {join_words(small['segment'])}." if len(small) else ""
    missing = total["events_missing"]
    return f"{text} These declared events occur nowhere in the data: {missing}." if missing else text


def _say_shrunk(goal: object) -> str:
    if "shrunk" not in str(goal):
        return ""
    return (
        " (shrunk: pulled towards the share of all segments, the more the fewer it rests on, so that luck sets no goal; points are "
        "percentage points)"
    )


def tabulate_kpis(table: pd.DataFrame, *, source: str = "") -> Table:
    """Table of KPIs by segment with their targets.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``measure_kpis`` returns it.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    names = {
        "label": "KPI", "segment": "Segment", "numerator": "Count", "denominator": "n", "rate": "Share",
        "lower": "from",
        "upper": "to", "shrunk": "Shrunk", "target": "Target", "chance": "Chance", "met": "Verdict",
    }  # fmt: skip
    frame = table[list(names)].rename(columns=names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    most = table["direction"] == "at_most"
    frame["Target"] = [
        None if np.isnan(t) else f"{'at most' if m else 'at least'} {t:.0%}"
        for t, m in zip(table["target"], most, strict=True)
    ]
    formats = {
        "Count": ",.0f",
        "n": ",.0f",
        "Share": ".1%",
        "from": ".1%",
        "to": ".1%",
        "Shrunk": ".1%",
        "Chance": ".0%",
    }
    note = (
        "from, to: 95 % interval of the share. Shrunk: the share pulled towards that of all segments, the more the smaller n is; "
        "a better guess for the next quarter where n is small. Chance: that the true share is on the right side of the target, "
        "given these counts and how much segments differ. A dash is withheld or has nothing to count."
    )
    tail = source_words(source)
    return Table(frame, f"KPIs by segment against their targets.{tail}", formats, note)
