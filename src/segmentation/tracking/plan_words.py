"""The plan of an experiment in words and a table for readers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..words import count_words, join_words, source_words
from .wording import difference_words

__all__ = ["describe_experiment_plan", "tabulate_experiment_plan"]

LONG = 104  # weeks; nobody runs one test for more than two years


def describe_experiment_plan(plan: pd.DataFrame, *, units: str = "units") -> Reading | Callout:
    """Whom a test can say something about, and what else could be done where it cannot.

    Parameters
    ----------
    plan : pandas.DataFrame
        As ``plan_experiments`` returns it.
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
        A callout when nothing was planned.
    """
    if plan.empty:
        return Callout(
            "absent", "No experiment says what its size was planned with.",
            "Write `smallest_effect` and `plan: {baseline: ...}` into the file of experiments before the next one begins.",
        )  # fmt: skip
    paragraphs: list[str] = []
    for _, rows in plan.groupby("experiment", sort=False):
        paragraphs += _plan_words(str(rows["title"].iloc[0]), rows, units)
    return Reading(paragraphs)


def _plan_words(name: str, rows: pd.DataFrame, units: str) -> list[str]:
    first = rows.iloc[0]
    metric, effect = str(first["metric"]), float(first["smallest_effect"])
    inner, total = rows[rows["by"] != "all"], rows[rows["by"] == "all"].iloc[0]
    share = f"{first['power']:.0%}"
    lead = (
        f"“{name}” was planned to find a difference of {difference_words(effect, metric, sign='')} with a chance of {share} (its power). "
        f"Everybody together needs {total['needed']:,.0f} {units} and has {total['available']:,.0f}: "
        f"{'enough' if total['enough'] else 'not enough'}; the smallest difference it can be relied on to see is "
        f"{_seen(total['detectable'], metric)}."
    )
    second = [_say_alone(rows, metric) for _, rows in inner.groupby("by", sort=False)]
    if (inner["by"] == "persona").any():
        second.append(f"Of the {units}, those that fit several personas count for each of them.")
    if not inner["enough"].all():
        second.append("No difference there may be one that was missed; a smaller one may show all the same, by luck.")
    if len(inner) and first["tests"] > 1:
        second.append(
            f"Each {_cuts(rows, last='or')} is planned at an error rate of {first['alpha']:.2%}, its share of the whole among "
            f"{count_words(int(first['tests']), 'test')}."
        )
    if first["times"] > 1.005:
        second.append(
            f"Looks before the end, and {units} that come in clusters, make it {first['times']:.2f} times as dear; that is in the numbers."
        )
    said = (lead, " ".join(second), _alternatives(inner[~inner["enough"]], metric, units))
    return [text for text in said if text]


def _say_alone(rows: pd.DataFrame, metric: str) -> str:
    """Which segments (or personas) are large enough by themselves, and what the others cannot show."""
    enough, short = rows[rows["enough"]], rows[~rows["enough"]]
    said = [f"By {rows['by'].iloc[0]}, large enough alone: {join_words(enough['segment']) if len(enough) else 'none'}."]
    if len(short):
        least = [
            f"{row.segment} less than {_seen(row.detectable, metric)} ({row.available:,.0f} of {row.needed:,.0f})"
            for row in short.itertuples()
        ]
        said.append(f"Too small alone, cannot be relied on to show: {'; '.join(least)}.")
    return " ".join(said)


def _alternatives(short: pd.DataFrame, metric: str, units: str) -> str:
    """What else could be done for segments that are too small."""
    if short.empty:
        return ""
    said = []
    if short["detectable_alone"].notna().any() and short["tests"].iloc[0] > 1:
        said.append(
            f"register fewer tests: one alone, without allowing for the others, would see {_range(short, 'detectable_alone', metric)}"
        )
    if short["weeks"].notna().any():
        said.append(_say_longer(short.sort_values("weeks", kind="stable"), units))
    else:
        said.append(f"wait for more {units}, or repeat it next quarter and read both together")
    said.append(
        f"register a larger smallest difference: those that can be seen are {_range(short, 'detectable', metric)}"
    )
    if short["r2"].notna().any():
        seen = _range(short, "detectable_adjusted", metric)
        said.append(
            "take out what the figure from before explains (expected R2, the part of the spread it explains, "
            f"{short['r2'].iloc[0]:.0%}), which sees {seen}"
        )
    low, high = short["r2_needed"].min(), short["r2_needed"].max()
    need = f"{low:.0%}" if round(low, 2) == round(high, 2) else f"{low:.0%} to {high:.0%}"
    said.append(
        f"find a figure from before that explains enough of the spread to make do (R2, the part it explains, needed: {need})"
    )
    if short["detectable_uncut"].notna().any():
        said.append(
            "count how much instead of whether, if the yes or no is an amount cut in two (worth as much as seeing "
            f"{_range(short, 'detectable_uncut', metric)})"
        )
    return f"What else could be done: {'; '.join(said)}; or read everybody together only."


def _say_longer(short: pd.DataFrame, units: str) -> str:
    """Weeks until enough are in, from the soonest to the last."""
    ends = [f"{math.ceil(row.weeks):,d} weeks for {row.segment}" for row in short.iloc[[0, -1]].itertuples()]
    if short["weeks"].iloc[0] > LONG:
        return (
            f"not by running longer: at the planned number of new {units} a week it would take {ends[0]}, the soonest"
        )
    return f"run longer: {' to '.join(dict.fromkeys(ends))}, at the planned number of new {units} a week"


def _range(short: pd.DataFrame, column: str, metric: str) -> str:
    """Smallest and largest of a column, with their segments."""
    known = short.dropna(subset=[column]).sort_values(column, kind="stable")
    if known.empty:
        return "nothing for certain"
    first, last = known.iloc[0], known.iloc[-1]
    if len(known) == 1:
        return f"{_seen(first[column], metric)} ({first['segment']})"
    return (
        f"from {_seen(first[column], metric)} ({first['segment']}) to {_seen(last[column], metric)} ({last['segment']})"
    )


def _seen(effect: float, metric: str) -> str:
    return "any difference at all" if math.isnan(effect) else difference_words(effect, metric, sign="")


def tabulate_experiment_plan(plan: pd.DataFrame, *, source: str = "") -> Table | Reading:
    """Units needed and available by segment, and the smallest difference that can be seen.

    Parameters
    ----------
    plan : pandas.DataFrame
    source : str

    Returns
    -------
    Table or Reading
        An empty reading when nothing was planned.
    """
    if plan.empty:
        return Reading(())
    metric = plan["metric"]
    seen = [difference_words(value, kind, sign="") for value, kind in zip(plan["detectable"], metric, strict=True)]
    frame = pd.DataFrame(
        {
            "By": plan["by"].replace({"all": ""}),
            "Who": plan["segment"].replace({"all": "everybody"}),
            "Has": plan["available"],
            "Needs": plan["needed"],
            "in control": plan["needed_control"].astype(float),
            "in an arm": plan["needed_arm"].astype(float),
            "Weeks": np.ceil(plan["weeks"].astype(float)),
            "Error rate": plan["alpha"],
            "Power it has": plan["reached"],
            "Can see from": seen,
            "Enough": plan["enough"].map({True: "yes", False: "no"}),
        }
    )
    if plan["experiment"].nunique() > 1:
        frame.insert(0, "Experiment", plan["title"])
    if not (plan["by"] == "persona").any():
        frame = frame.drop(columns="By").rename(columns={"Who": "Segment"})
    weeks = " Weeks: until enough are in, at the planned number of new ones a week."
    if frame["Weeks"].isna().all():
        frame, weeks = frame.drop(columns="Weeks"), ""
    formats = {name: ",.0f" for name in ("Has", "Needs", "in control", "in an arm")} | {
        "Weeks": ",.0f",
        "Error rate": ".2%",
        "Power it has": ".0%",
    }
    effects = [difference_words(e, m, sign="") for e, m in zip(plan["smallest_effect"], metric, strict=True)]
    note = (
        f"Needs: to find a difference of {join_words(dict.fromkeys(effects), last='or')} with the planned power, allowing for the other "
        "tests of the family (alpha divided by their number) and for looks and clusters. Power it has: chance of finding that "
        "difference with what there is. Can see from: the smallest difference found with the planned power; anything smaller cannot be "
        f"relied on to show.{weeks}"
    )
    return Table(
        frame,
        f"Size of the test by {_cuts(plan)}, as the file of experiments plans it.{source_words(source)}",
        formats,
        note,
    )


def _cuts(plan: pd.DataFrame, *, last: str = "and") -> str:
    return f"segment {last} persona" if (plan["by"] == "persona").any() else "segment"
