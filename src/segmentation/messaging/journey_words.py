"""The measured journey in words and as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import join_words, range_words, source_words
from .journey import select_segments
from .rates import say_share

__all__ = ["describe_journey", "describe_waits", "say_wait", "tabulate_journey", "tabulate_touchpoints"]


def describe_journey(journeys: pd.DataFrame, study: Study) -> Reading | Callout:
    """Where each segment falls off, in plain sentences.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    study : Study
        For what units are called.

    Returns
    -------
    Reading or Callout
        A callout of kind "absent" when there is no journey to read.
    """
    if journeys.empty:
        return Callout(
            "absent", "This study has no journey to measure.", "It declares no stages, or has no events to see them in."
        )
    journeys = select_segments(journeys)
    everybody = journeys[journeys["segment"] == "all"].sort_values("position")
    shown = everybody[~everybody["withheld"].astype(bool)]
    if shown.empty or not shown["n"].max():
        return Callout("absent", "No journey can be shown.", f"Too few {study.units} are in a segment.")
    words = ", ".join(f"{_words(r.stage)} {say_share(r.reached, r.n)}" for r in shown.itertuples())
    paragraphs = [
        "A stage counts as reached when at least one of its events is on record. "
        f"Of all {study.units} in a segment: {words}."
    ]
    paragraphs += _say_survivors(shown, study)
    paragraphs += _describe_drops(journeys)
    missing = everybody[everybody["events_missing"] != ""]
    if len(missing):
        listed = "; ".join(f"{_words(r.stage)}: {r.events_missing}" for r in missing.itertuples())
        paragraphs.append(
            f"Declared events that occur nowhere in the data, so that their stage may look too empty – {listed}."
        )
    paragraphs.append(
        "This shows what was done, not why. A short time in the product also leaves less time to reach late stages."
    )
    return Reading(paragraphs)


def _all_reached(everybody: pd.DataFrame) -> int:
    """Position of the last stage that everybody reached; -1 if there is none."""
    full = everybody[(everybody["n"] > 0) & (everybody["reached"] == everybody["n"])]
    return int(full["position"].max()) if len(full) else -1


def _say_survivors(everybody: pd.DataFrame, study: Study) -> list[str]:
    """Who never came further than an early stage is not in the data, when all who are in it passed a later one."""
    last = _all_reached(everybody)
    if last < 1:
        return []
    stage = _words(everybody.set_index("position").at[last, "stage"])
    before = join_words(_words(s) for s in everybody.loc[everybody["position"] < last, "stage"])
    return [
        f"All {study.units} counted here reached {stage}, because only those that did are in the data. What is on record for "
        f"{before} shows how they came, and says nothing about how many were lost on the way: who never got to {stage} is not here."
    ]


def _describe_drops(journeys: pd.DataFrame) -> list[str]:
    """The weakest step of each segment with enough units before it; segments with the same step share a sentence."""
    others, ways = [], {}
    known = _all_reached(journeys[journeys["segment"] == "all"])
    journeys = journeys[journeys["position"] >= max(known, 0)]
    # a stage nobody at all reached says that its events are not recorded, not that everybody stopped there
    seen = journeys.loc[(journeys["segment"] == "all") & (journeys["reached"].fillna(0) > 0), "stage"]
    for segment, rows in journeys[journeys["segment"] != "all"].groupby("segment", sort=False):
        if rows["withheld"].astype(bool).any():
            others.append(f"{segment} is withheld: too few units to publish.")
            continue
        steps = rows[(rows["previous"].fillna(0) >= 10) & rows["stage"].isin(seen) & (rows["position"] > known)]
        if steps.empty:
            others.append(f"{segment}: not enough units reached any stage to say where it falls off.")
            continue
        worst = steps.loc[steps["conversion"].astype(float).idxmin()]
        stages = rows.set_index("position")["stage"]
        way = f"from {_words(stages[worst['position'] - 1])} to {_words(worst['stage'])}"
        ways.setdefault(way, []).append((str(segment), _say_gone_on(worst)))
    sentences = []
    for way, told in ways.items():
        if len(told) == 1:
            sentences.append(f"{told[0][0]} loses most on the way {way}: {told[0][1]}.")
        else:
            listed = "; ".join(f"{name}: {words}" for name, words in told)
            sentences.append(f"{join_words(name for name, _ in told)} lose most on the way {way}. {listed}.")
    sentences += others
    return [" ".join(sentences)] if sentences else []


def _say_gone_on(step: pd.Series) -> str:
    past = f", {step['skipped']:,.0f} of them past it to a later stage" if step["skipped"] else ""
    interval = f"95 % interval {step['conversion_lower']:.0%} to {step['conversion_upper']:.0%}"
    return f"{say_share(step['converted'], step['previous'])} go on{past}, so far ({interval})"


def say_wait(median: float, lower: float, upper: float) -> str:
    """Days to the next stage in words; a dash where none can be said.

    Examples
    --------
    >>> nan = float("nan")
    >>> say_wait(13.2, 11, 15.4), say_wait(720, 700, nan), say_wait(nan, nan, nan)
    ('13 (11 to 15)', '720 (700 or more)', '–')
    """
    if pd.isna(median):
        return "–"
    if pd.isna(lower):
        return f"{median:,.0f}"
    return f"{median:,.0f} ({lower:,.0f} {'or more' if pd.isna(upper) else f'to {upper:,.0f}'})"


def describe_waits(journeys: pd.DataFrame, study: Study, *, names: dict[str, str] | None = None) -> Reading:
    """How long it takes to go on, and who has not yet, in plain sentences.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    study : Study
    names : dict of str to str, optional
        Persona id to name.

    Returns
    -------
    Reading
        Nothing where there is no journey.
    """
    if journeys.empty:
        return Reading(())
    everybody = select_segments(journeys)
    everybody = everybody[(everybody["segment"] == "all") & ~everybody["withheld"].astype(bool)].sort_values("position")
    stages = everybody.set_index("position")["stage"]
    known = _all_reached(everybody)
    parts = []
    for row in everybody[(everybody["previous"].fillna(0) > 0) & (everybody["position"] > known)].itertuples():
        way = f"{_words(stages[row.position - 1])} to {_words(row.stage)}"
        if pd.isna(row.median_days):
            parts.append(
                f"{way}: {_say_no_median(row)}, {row.waiting:,.0f} of {row.previous:,.0f} have not gone on{_say_skipped(row)}"
            )
        else:
            days = say_wait(row.median_days, row.median_lower, row.median_upper)
            parts.append(
                f"{way}: {days} days; {row.waiting:,.0f} of {row.previous:,.0f} have not gone on{_say_skipped(row)}"
            )
    paragraphs = (
        [
            f"Days until half of the {study.units} at a stage had gone on (95 % interval in brackets) – {'. '.join(parts)}. "
            f"Gone on is who reached the next stage, or skipped it and reached a later one. "
            f"{study.units.capitalize()} that have not gone on are counted for as long as they were watched; leaving them out would "
            "make every wait look shorter."
        ]
        if parts
        else []
    )
    personas = journeys[journeys["persona_id"] != ""]
    hidden = personas[personas["withheld"].astype(bool)]["persona_id"].drop_duplicates()
    if len(personas):
        paragraphs.append(
            f"A persona is measured by the {study.units} of its segment that have every attribute which defines it; a unit may "
            "count for two personas of its segment."
        )
    if len(hidden):
        listed = join_words((names or {}).get(persona, persona) for persona in hidden)
        paragraphs.append(f"Withheld, because too few {study.units} have or lack the attributes: {listed}.")
    return Reading(paragraphs)


def _say_no_median(row: Any) -> str:
    if 2 * row.converted < row.previous:
        return "fewer than half have gone on so far"
    return "no time can be told, too many came to the later stage first"


def _say_skipped(row: Any) -> str:
    return f" ({row.skipped:,.0f} skipped it and are at a later stage)" if row.skipped else ""


def tabulate_journey(journeys: pd.DataFrame, *, names: dict[str, str] | None = None, source: str = "") -> Table:
    """Table of reach, conversion, waiting time and drop-off by segment, persona and stage.

    Parameters
    ----------
    journeys : pandas.DataFrame
        As ``map_journey`` returns it.
    names : dict of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    labels = {
        "who": "Who", "stage": "Stage", "n": "n", "reached": "Reached", "share": "Share", "lower": "from",
        "upper": "to", "previous": "At the stage before", "conversion": "Gone on", "interval": "Gone on, interval",
        "days": "Days to go on", "stopped": "Got no further",
    }  # fmt: skip
    rows = journeys.assign(
        who=[_who(s, p, names or {}) for s, p in zip(journeys["segment"], journeys["persona_id"], strict=True)],
        interval=[_interval(low, high) for low, high in zip(journeys["conversion_lower"], journeys["conversion_upper"], strict=True)],
        days=[say_wait(*row) for row in journeys[["median_days", "median_lower", "median_upper"]].itertuples(index=False)],
        stopped=[_stopped(last, reached) for last, reached in zip(journeys["last"], journeys["reached"], strict=True)],
    )  # fmt: skip
    frame = rows[list(labels)].rename(columns=labels)
    frame["Stage"] = frame["Stage"].map(_words) if len(frame) else frame["Stage"]
    counts = {"n": ",.0f", "Reached": ",.0f", "At the stage before": ",.0f"}
    formats = counts | {"Share": ".0%", "from": ".0%", "to": ".0%", "Gone on": ".0%"}
    caption = "Stages of the journey by segment and persona, with 95 % intervals." + source_words(source)
    note = (
        "Gone on: share of those at the stage before that reached this one or, skipping it, a later one, so far. Days to go on: until half "
        "had, with interval; "
        "those still on the way are counted for as long as they were watched. Got no further: reached this stage and none after it, "
        "so far. A dash: withheld or undefined."
    )
    return Table(frame, caption, formats, note)


def tabulate_touchpoints(touchpoints: pd.DataFrame, *, names: dict[str, str] | None = None, source: str = "") -> Table:
    """Table of the channels through which units came to each stage, as ``count_touchpoints`` returns them."""
    shown = touchpoints[~touchpoints["withheld"].astype(bool)]
    frame = pd.DataFrame({
        "Who": [_who(s, p, names or {}) for s, p in zip(shown["segment"], shown["persona_id"], strict=True)],
        "Stage": shown["stage"].map(_words).astype("str"), "Channel": shown["channel"].map(_words).astype("str"),
        "Through it": shown["units"].astype(float), "of": shown["reached"].astype(float), "Share": shown["share"].astype(float),
        "from": shown["lower"].astype(float), "to": shown["upper"].astype(float), "Index": shown["index"].astype(float),
        "Index, interval": [_index_limits(*pair) for pair in zip(shown["index_lower"], shown["index_upper"], strict=True)],
    })  # fmt: skip
    formats = {"Through it": ",.0f", "of": ",.0f", "Share": ".0%", "from": ".0%", "to": ".0%", "Index": ".0f"}
    left = len(touchpoints) - len(shown)
    note = "Index: the share with everybody's set to 100."
    note += f" {left} cells of few units, and cells that would give them away, are withheld." if left else ""
    caption = "Channels through which each stage was reached; one unit may have come through several. 95 % intervals."
    return Table(frame, caption + source_words(source), formats, note, empty="No touchpoint names its channel.")


def _index_limits(lower: float, upper: float) -> str:
    return "–" if pd.isna(lower) else range_words((lower, upper), ".0f")


def _who(segment: str, persona: str, names: dict[str, str]) -> str:
    if persona:
        return f"{segment}: {names.get(persona, persona)}"
    return "everybody" if segment == "all" else str(segment)


def _interval(lower: float, upper: float) -> str:
    return "–" if pd.isna(lower) else f"{lower:.0%} to {upper:.0%}"


def _stopped(last: float, reached: float) -> str:
    return "–" if pd.isna(last) or not reached else say_share(last, reached)


def _words(stage: object) -> str:
    return str(stage).replace("_", " ")
