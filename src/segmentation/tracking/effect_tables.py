"""Tables of experiments: differences by segment, persona and channel, and what those in each arm did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ..display import Callout, Reading, Table
from ..words import source_words
from .cut_words import say_coverage
from .experiment import ExperimentResult, list_results

__all__ = ["tabulate_arms", "tabulate_channels", "tabulate_effects", "tabulate_persona_effects"]

COLUMNS = {
    "segment": "Segment", "arm": "Arm", "verdict": "Verdict", "n_control": "n control", "n_arm": "n arm",
    "rate_control": "Control", "rate_arm": "Treated", "lift": "Difference", "joint_lower": "from", "joint_upper": "to", "cuped": "CUPED",
    "r2": "R2", "q": "q", "shrunk": "Shrunk",
}  # fmt: skip
POINTS = ("Difference", "from", "to", "CUPED", "Shrunk")


def tabulate_effects(
    results: ExperimentResult | Sequence[ExperimentResult], *, source: str = ""
) -> Table | Callout | Reading:
    """Table of differences by segment; of shares alone when nothing was randomised.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table, Callout or Reading
        The shares by segment and arm, without differences, when nothing was randomised or the arms are not of the planned sizes;
        an empty reading when there is no experiment, which ``describe_experiments`` says.
    """
    chosen = list_results(results)
    shown = [result for result in chosen if result.experiment.randomised and not result.alarm]
    if not chosen:
        return Reading(())
    if not shown:
        return tabulate_arms(results, source=source)
    return _tabulate(shown, "segment", source)


def _tabulate(shown: Sequence[ExperimentResult], what: str, source: str) -> Table:
    """Differences of results by what is told apart: segment, persona or channel."""
    frame = _stack([_read_now(result) for result in shown], shown, COLUMNS)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    frame = frame.rename(columns={"Segment": what.capitalize()})
    adjusted, tested = frame["CUPED"].notna().any(), frame["q"].notna().any()
    off = [] if adjusted else ["CUPED", "R2"]
    off += [] if tested else ["q"]
    off += ["Arm"] if all(len(result.experiment.treated) == 1 for result in shown) else []
    frame = frame.drop(columns=off)
    points = [name for name in POINTS if name in frame]
    shares = {result.experiment.metric for result in shown} == {"binary"}
    if shares:
        frame[points] = 100 * frame[points].astype(float)
    signed = dict.fromkeys(points, "+.1f" if shares else "+.3g")
    level = ".1%" if shares else ".3g"
    counts = {"n control": ",.0f", "n arm": ",.0f", "Control": level, "Treated": level}
    note = _say_columns(shown, what, shares=shares, adjusted=adjusted, tested=tested)
    caption = f"{'; '.join(result.experiment.title for result in shown)}: difference by {what}, as assigned."
    return Table(frame, f"{caption}{source_words(source)}", counts | {"R2": ".1%", "q": "p"} | signed, note)


def _read_now(result: ExperimentResult) -> pd.DataFrame:
    """Effects by their names; without q where the test still runs, since q speaks of one look at the end."""
    effects = result.effects.assign(segment=[result.called(cut) for cut in result.effects["segment"]])
    return effects if result.finished else effects.assign(q=float("nan"))


def _say_columns(shown: Sequence[ExperimentResult], what: str, *, shares: bool, adjusted: bool, tested: bool) -> str:
    difference = "share in the arm minus share in control, in percentage points" if shares else "treated minus control"
    told = [
        f"Difference: {difference}, with the interval its verdict rests on (from, to): {say_coverage(shown, f'{what}s')}.",
        "CUPED: the same with what was known before taken out, which explains R2 of the spread." if adjusted else "",
        f"q: share of false finds to expect among those of the family with a q this small or smaller"
        f"{'' if what == 'channel' else ', segments and personas together'}; everybody together stands outside the family and has none."
        if tested
        else "",
        "" if all(result.finished for result in shown) else "q is told at the end of a test.",
        f"Shrunk: pulled towards the mean of {what}s, the more the fewer units it rests on"
        f"{', and towards those it shares units with' if what == 'persona' else ''}.",
    ]
    return " ".join(text for text in told if text)


def tabulate_persona_effects(
    results: ExperimentResult | Sequence[ExperimentResult], *, source: str = ""
) -> Table | Reading:
    """Table of differences by persona; nothing where no unit has a persona.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table or Reading
    """
    listed = [result for result in list_results(results) if len(result.personas) and not result.alarm]
    if not listed:
        return Reading(())
    table = _tabulate([replace(result, effects=result.personas) for result in listed], "persona", source)
    several = sum(result.several for result in listed)
    note = f"{table.note} n: everybody who had, before the test, every attribute that defines the persona"
    note += f"; {several:,d} fit several and count for each." if several else "."
    return Table(table.frame, table.caption, table.formats, note)


def tabulate_arms(results: ExperimentResult | Sequence[ExperimentResult], *, source: str = "") -> Table | Callout:
    """Table of shares by segment and arm; a callout when there is no experiment.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table or Callout
    """
    chosen = list_results(results)
    if not chosen:
        return Callout("absent", "This study has no experiment.")
    names = {
        "segment": "Segment",
        "arm": "Arm",
        "n": "n",
        "successes": "Did it",
        "rate": "Share",
        "lower": "from",
        "upper": "to",
    }
    frame = _stack([result.arms for result in chosen], chosen, names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    shares = all(result.experiment.metric == "binary" for result in chosen)
    formats = {"n": ",.0f", "Did it": ",.0f"} | dict.fromkeys(("Share", "from", "to"), ".1%" if shares else ".4g")
    if not shares:
        frame = frame.rename(columns={"Did it": "Sum", "Share": "Mean or ratio"})
        formats |= {"Sum": ",.6g", "Mean or ratio": ".4g"}
    told = "; ".join(f"{r.experiment.title} (within {r.experiment.window_days} days)" for r in chosen)
    note = "from, to: 95 % interval of the share. A dash is withheld: too few units to publish, or nobody."
    if not all(result.experiment.randomised for result in chosen):
        note += (
            " Whom a campaign reached was chosen, not left to chance: shares describe, and no difference is computed."
        )
    return Table(frame, f"What those in each arm did, by segment: {told}.{source_words(source)}", formats, note)


def tabulate_channels(results: ExperimentResult | Sequence[ExperimentResult], *, source: str = "") -> Table | Reading:
    """Table of differences by channel; nothing where no experiment names a channel.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table or Reading
    """
    shown = [
        replace(result, effects=result.channels.assign(segment=result.channels["segment"].str.replace("_", " ")))
        for result in list_results(results)
        if len(result.channels) and not result.alarm
    ]
    if not shown:
        return Reading(())
    return _tabulate(shown, "channel", source)


def _stack(tables: list[pd.DataFrame], results: list[ExperimentResult], names: dict[str, str]) -> pd.DataFrame:
    """Tables under each other, with a column for the experiment when there are several."""
    parts = [table[list(names)].rename(columns=names) for table in tables]
    if len(parts) > 1:
        for part, result in zip(parts, results, strict=True):
            part.insert(0, "Experiment", result.experiment.title)
    return pd.concat(parts, ignore_index=True)
