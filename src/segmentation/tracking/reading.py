"""Experiments in words and tables for readers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..messaging.rates import say_share
from ..words import source_words
from .experiment import ExperimentResult

__all__ = ["describe_experiment", "describe_experiments", "tabulate_arms", "tabulate_effects"]


def describe_experiments(results: Sequence[ExperimentResult], *, units: str = "units") -> Reading | Callout:
    """All experiments of a study, one after the other; a callout when there is none or one of them is broken.

    Parameters
    ----------
    results : sequence of ExperimentResult
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
    """
    if not results:
        return Callout(
            "absent", "This study has no experiment.", "Nothing here says whether a message changed what anybody did."
        )
    parts = [describe_experiment(result, units=units) for result in results]
    if len(parts) == 1:
        return parts[0]
    paragraphs: list[str] = []
    for part in parts:
        paragraphs += part.paragraphs if isinstance(part, Reading) else [part.title, part.text]
    return Reading(paragraphs)


def describe_experiment(result: ExperimentResult, *, units: str = "units") -> Reading | Callout:
    """What an experiment shows, for whom, and how far to trust it.

    Parameters
    ----------
    result : ExperimentResult
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
        A callout of kind "caution" when the sizes of the arms are not what chance would give.
    """
    experiment = result.experiment
    if not experiment.randomised:
        return Reading(_describe_campaign(result, units))
    if result.alarm:
        p = result.srm.loc[result.srm["segment"] == "all", "p"].iloc[0]
        sizes = _say_sizes(result, units)
        return Callout(
            "caution",
            f"{experiment.title}: the arms are not the sizes chance would give, so no result is read from it.",
            f"{sizes} Chance alone would hardly give so uneven a split ({_say_p(p)}). Something decided who was "
            f"counted: look for it before reading any difference. {_say_left_out(result, units)}".strip(),
        )
    paragraphs = [
        f"{experiment.title}. Chance alone decided who was in which arm (a way of being treated), so a difference between "
        f"arms that chance cannot explain comes from the treatment. {_say_sizes(result, units)} {_say_ratio(result)}",
        _say_overall(result),
        _say_segments(result),
        _say_spread(result),
        " ".join(text for text in (_say_left_out(result, units), *result.notes) if text),
    ]
    return Reading([text for text in paragraphs if text])


def _describe_campaign(result: ExperimentResult, units: str) -> list[str]:
    total = result.arms[result.arms["segment"] == "all"]
    shares = "; ".join(
        f"{row.arm}: withheld, too few" if row.withheld else f"{row.arm}: {say_share(row.successes, row.n)}"
        for row in total.itertuples()
    )
    hoped = result.experiment.outcome.replace("_", " ")
    paragraphs = [
        f"{result.experiment.title}. This campaign chose whom it reached; chance did not. Those it reached may have been keener to "
        "begin with, so the shares describe what they did afterwards and say nothing about what they would have done without it.",
        f"Counted is “{hoped}” within {result.experiment.window_days} days. Of everybody in the campaign – {shares}. Where shares of "
        "segments differ, the segments may differ in this anyway; the campaign need not have anything to do with it.",
    ]
    extra = " ".join(text for text in (_say_left_out(result, units), *result.notes) if text)
    return [*paragraphs, extra] if extra else paragraphs


def _say_sizes(result: ExperimentResult, units: str) -> str:
    total = result.arms[result.arms["segment"] == "all"]
    return f"{units.capitalize()} by arm: {', '.join(f'{row.arm} {int(row.n):,d}' for row in total.itertuples())}."


def _say_ratio(result: ExperimentResult) -> str:
    p = result.srm.loc[result.srm["segment"] == "all", "p"].iloc[0]
    text = f"Their sizes fit the plan (check of the sample ratio: {_say_p(p)}; below 0.001 would be an alarm)."
    odd = result.srm.loc[(result.srm["segment"] != "all") & (result.srm["p"] < 0.001), "segment"]
    return f"{text} Not so within {', '.join(odd)}: read nothing from there." if len(odd) else text


def _say_overall(result: ExperimentResult) -> str:
    sentences = []
    for row in result.effects[result.effects["segment"] == "all"].itertuples():
        if row.verdict in ("too few units", "withheld"):
            sentences.append(f"{row.arm}: too few units to say anything.")
            continue
        sentences.append(
            f"Over everybody, {row.rate_arm:.1%} did it in {row.arm} (n = {int(row.n_arm):,d}) and {row.rate_control:.1%} in "
            f"{result.experiment.control} (n = {int(row.n_control):,d}): a difference of {_points(row.lift)} "
            f"({_interval(row.lower, row.upper)}), "
            f"{'more than chance explains' if row.p <= result.alpha else 'which chance alone may explain'} ({_say_p(row.p)})."
        )
    hoped = result.experiment.outcome.replace("_", " ")
    lead = (
        f"What was hoped for is “{hoped}” within {result.experiment.window_days} days; {result.experiment.control} is the control, "
        "which everything is compared with."
    )
    return " ".join([lead, *sentences])


def _say_segments(result: ExperimentResult) -> str:
    inner = result.effects[result.effects["segment"] != "all"]
    several = inner["arm"].nunique() > 1
    sentences = []
    phrases = {
        "helped": "It helped",
        "harmed": "It harmed",
        "points to harm": "There are signs of harm, not beyond doubt once all segments are looked at together, in",
    }
    for verdict, phrase in phrases.items():
        hits = [_say_lift(row, several) for row in inner[inner["verdict"] == verdict].itertuples()]
        if hits:
            sentences.append(f"{phrase} {'; '.join(hits)}.")
    open_rows = inner[inner["verdict"] == "no clear difference"]
    if len(open_rows):
        listed = ", ".join(_name(row, several) for row in open_rows.itertuples())
        known = open_rows["detectable"].dropna()
        low, high = (f"{100 * edge:.0f}" for edge in (known.min(), known.max())) if len(known) else ("", "")
        span = f"{low} points" if low == high else f"{low} to {high} points, depending on the segment,"
        least = f" With these numbers of units a difference of less than {span} would often go unseen."
        sentences.append(f"No clear difference in {listed}.{least if len(known) else ''}")
    small = inner[inner["verdict"].isin(["too few units", "withheld"])]
    if len(small):
        sentences.append(
            f"Too few units to say anything in {', '.join(_name(row, several) for row in small.itertuples())}."
        )
    if len(inner):
        sentences.append(
            f"Looking at several segments finds something by chance sooner or later; the words “helped” and “harmed” allow for that (of "
            f"all so named, at most about {result.alpha:.0%} are expected to be false finds). The intervals do not."
        )
    return " ".join(sentences)


def _say_spread(result: ExperimentResult) -> str:
    sentences = []
    for row in result.heterogeneity.itertuples():
        if row.segments < 2:
            continue
        verdict = (
            "differs between segments by more than chance explains"
            if row.p <= result.alpha
            else "may well be the same in all segments"
        )
        sentences.append(
            f"The difference of {row.arm} {verdict} (Cochran's Q, a test of that: {_say_p(row.p)}; about "
            f"{row.i2:.0%} of the spread between segments is more than chance, by a rough estimate)."
        )
    if sentences:
        sentences.append(
            "The shrunk column pulls each segment's difference towards their mean, the more the fewer units it rests on: a better "
            "guess of what a repeat would show, because the largest raw difference is usually partly luck."
        )
    return " ".join(sentences)


def _say_left_out(result: ExperimentResult, units: str) -> str:
    if not result.left_out:
        return ""
    reasons = {reason.replace("units", units): count for reason, count in result.left_out.items()}
    return f"Left out or counted apart: {'; '.join(f'{reason}: {count:,d}' for reason, count in reasons.items())}."


def _say_lift(row: object, several: bool) -> str:
    return (
        f"{_name(row, several)} ({_points(row.lift)}, {_interval(row.lower, row.upper)}, "  # type: ignore[attr-defined]
        f"n = {int(row.n_control)} and {int(row.n_arm)})"  # type: ignore[attr-defined]
    )


def _name(row: object, several: bool) -> str:
    return f"{row.segment} ({row.arm})" if several else str(row.segment)  # type: ignore[attr-defined]


def _points(lift: float) -> str:
    return f"{100 * lift:+.1f} points"


def _interval(lower: float, upper: float) -> str:
    return f"95 % interval {100 * lower:+.1f} to {100 * upper:+.1f}"


def _say_p(p: float) -> str:
    shown = format_p(p)
    return f"p {shown}" if shown[0] in "<>" else f"p = {shown}"


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
        The shares by segment and arm, without differences, when nothing was randomised; an empty reading when there is no
        experiment, which ``describe_experiments`` says.
    """
    chosen = _listed(results)
    shown = [result for result in chosen if result.experiment.randomised]
    if not chosen:
        return Reading(())
    if not shown:
        return tabulate_arms(results, source=source)
    names = {
        "segment": "Segment", "arm": "Arm", "n_control": "n control", "n_arm": "n arm", "rate_control": "Control",
        "rate_arm": "Treated", "lift": "Difference", "lower": "from", "upper": "to", "q": "q", "shrunk": "Shrunk",
        "detectable": "Could see", "verdict": "Verdict",
    }  # fmt: skip
    frame = _stack([result.effects for result in shown], shown, names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    points = ["Difference", "from", "to", "Shrunk", "Could see"]
    frame[points] = 100 * frame[points].astype(float)
    signed = dict.fromkeys(points[:4], "+.1f")
    formats = {
        "n control": ",.0f",
        "n arm": ",.0f",
        "Control": ".1%",
        "Treated": ".1%",
        "Could see": ".1f",
        "q": "p",
    } | signed
    note = (
        "Difference: share in the arm minus share in control, in percentage points, with 95 % interval (from, to). q: share of "
        "false finds to expect among segments with a q this small or smaller; everybody together is one test and needs none. Shrunk: "
        "pulled towards the mean of segments. Could see: the smallest difference that these numbers of units would show four times in five."
    )
    titles = "; ".join(result.experiment.title for result in shown)
    return Table(frame, f"{titles}: difference by segment, as assigned.{source_words(source)}", formats, note)


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
    chosen = _listed(results)
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
    formats = {"n": ",.0f", "Did it": ",.0f", "Share": ".1%", "from": ".1%", "to": ".1%"}
    told = "; ".join(f"{r.experiment.title} (within {r.experiment.window_days} days)" for r in chosen)
    note = "from, to: 95 % interval of the share. A dash is withheld: too few units to publish, or nobody."
    if not all(result.experiment.randomised for result in chosen):
        note += (
            " Whom a campaign reached was chosen, not left to chance: shares describe, and no difference is computed."
        )
    return Table(frame, f"What those in each arm did, by segment: {told}.{source_words(source)}", formats, note)


def _listed(results: ExperimentResult | Sequence[ExperimentResult]) -> list[ExperimentResult]:
    return [results] if isinstance(results, ExperimentResult) else list(results)


def _stack(tables: list[pd.DataFrame], results: list[ExperimentResult], names: dict[str, str]) -> pd.DataFrame:
    """Tables under each other, with a column for the experiment when there are several."""
    parts = [table[list(names)].rename(columns=names) for table in tables]
    if len(parts) > 1:
        for part, result in zip(parts, results, strict=True):
            part.insert(0, "Experiment", result.experiment.title)
    return pd.concat(parts, ignore_index=True)
