"""The planned looks in words and a table for readers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ..display import Reading, Table
from ..words import count_words, source_words
from .experiment import ExperimentResult
from .wording import difference_words, interval_words

__all__ = ["describe_looks", "tabulate_looks"]


def describe_looks(results: Sequence[ExperimentResult]) -> Reading:
    """What each planned look allowed to say, and what whoever looked in between may say.

    Parameters
    ----------
    results : sequence of ExperimentResult

    Returns
    -------
    Reading
        Empty where nothing was randomised.
    """
    return Reading([text for result in results if result.experiment.randomised for text in _say_looks(result)])


def _say_looks(result: ExperimentResult) -> list[str]:
    experiment, looks, metric = result.experiment, result.looks, result.experiment.metric
    total = result.effects[result.effects["segment"] == "all"].dropna(subset=["lift"])
    anytime = [
        f"{row.arm} {interval_words(row.valid_lower, row.valid_upper, metric)}{_unit(metric)}"
        for row in total[total["valid_lower"].notna()].itertuples()
    ]
    tail = (
        f"Whoever looked at any other moment reads the wider interval that holds however often anybody looks: {'; '.join(anytime)}."
        if anytime
        else ""
    )
    if result.alarm:
        return [f"The arms of “{experiment.title}” are not the sizes chance would give: no look at it is read."]
    if looks.empty and experiment.looks:
        none = f"“{experiment.title}” was registered with {count_words(len(experiment.looks), 'look')}, none of which has come. {tail}"
        return [none.strip()]
    if looks.empty:
        held = "its verdicts hold for that one" if result.finished else "which has not come"
        return [f"“{experiment.title}” was registered with one look, at the end; {held}. {tail}".strip()]
    planned, come = len(experiment.looks), int(looks["look"].max())
    odd = [result.called(name) for name in result.unread]
    shape = (
        "hardly anything may be concluded early"
        if experiment.spending == "obrien_fleming"
        else "about as much at every look"
    )
    name = "O'Brien and Fleming's" if experiment.spending == "obrien_fleming" else "Pocock's"
    several = ", and all arms together as often as one" if len(experiment.treated) > 1 else ""
    lead = (
        f"“{experiment.title}” was registered with {planned} looks, {come} of which have come. Looking several times finds something by "
        f"chance more often, so at each look the difference must be farther from 0 than once would do (limits after {name} rule: {shape}; "
        f"all looks together err as often as one{several})."
    )
    said = [
        _say_crossing(rows, result.called(segment), arm, metric)
        for (segment, arm), rows in looks.groupby(["segment", "arm"], sort=False)
    ]
    if odd:
        said.append(
            f"No look is read in {', '.join(dict.fromkeys(odd))}, where the arms are not the sizes chance would give."
        )
    return [f"{lead} {' '.join(said)}", tail] if tail else [f"{lead} {' '.join(said)}"]


def _say_crossing(rows: pd.DataFrame, segment: str, arm: str, metric: str) -> str:
    who = "Over everybody" if segment == "all" else f"For {segment}"
    crossed = rows[rows["crossed"].astype(bool)]
    if len(crossed):
        first = crossed.iloc[0]
        return (
            f"{who}, {arm} passed the limit at look {first['look']} of {first['day']} ({difference_words(first['lift'], metric)}, "
            f"{abs(first['z']):.2f} standard errors against {first['limit']:.2f}, n = {first['n']:,d})."
        )
    last = rows.iloc[-1]
    if math.isnan(last["z"]):
        return f"{who}, {arm} could not be judged at any look."
    return (
        f"{who}, {arm} passed the limit at no look (at the last {abs(last['z']):.2f} standard errors against {last['limit']:.2f}, "
        f"n = {last['n']:,d})."
    )


def _unit(metric: str) -> str:
    return " points" if metric == "binary" else ""


def tabulate_looks(results: Sequence[ExperimentResult], *, source: str = "") -> Table | Reading:
    """Every look that has come: difference, limit and both intervals.

    Parameters
    ----------
    results : sequence of ExperimentResult
    source : str

    Returns
    -------
    Table or Reading
        An empty reading without planned looks.
    """
    parts = [
        result.looks.assign(
            experiment=result.experiment.title,
            metric=result.experiment.metric,
            segment=[result.called(name) for name in result.looks["segment"]],
        )
        for result in results
        if len(result.looks)
    ]
    if not parts:
        return Reading(())
    rows = pd.concat(parts, ignore_index=True)
    frame = pd.DataFrame(
        {
            "Look": [f"{row.look}: {row.day}" for row in rows.itertuples()],
            "Planned share": rows["share"],
            "Who": rows["segment"].replace({"all": "everybody"}),
            "Arm": rows["arm"],
            "n": rows["n"].astype(float),
            "Difference": [difference_words(row.lift, row.metric) for row in rows.itertuples()],
            "Standard errors": rows["z"].abs(),
            "Limit": rows["limit"],
            "Passed": rows["crossed"].map({True: "yes", False: "no"}),
            "Interval for the looks": [interval_words(row.lower, row.upper, row.metric) for row in rows.itertuples()],
            "Holds at any moment": [
                interval_words(row.valid_lower, row.valid_upper, row.metric) for row in rows.itertuples()
            ],
        }
    )
    if rows["experiment"].nunique() > 1:
        frame.insert(0, "Experiment", rows["experiment"])
    formats = {"Planned share": ".0%", "n": ",.0f", "Standard errors": ".2f", "Limit": ".2f"}
    note = (
        "Planned share: how much of the final evidence the plan reckoned with at this look; its limit follows from that. n: everybody "
        "assigned by then, also those whose time to respond had not run out. Passed: the difference is more standard errors away "
        "from 0 than the limit of this look. Interval for the looks: difference plus "
        "and minus limit times standard error; as wide as the planned looks, several arms and, but for everybody, "
        "all predictions need; the differences above allow for all tests of the family. "
        "Holds at any moment: true however often anybody looked, and therefore wider."
    )
    return Table(frame, f"Planned looks, as registered.{source_words(source)}", formats, note)
